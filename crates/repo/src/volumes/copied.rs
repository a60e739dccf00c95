//! Copies of a database's files, or onto them, while it runs.

use super::is_torn_by_copies;
use crate::docker::{Act, Arg, arguments};
use crate::live_data::{DataAt, LiveData};
use crate::removed_data::{HostPath, told};
use crate::script::{Command, Deed, Effect, Run, Step};
use crate::{Focus, Place, Repo, Script, Tree, is_at_or_below};

/// A copy of files that a database has open.
#[derive(Debug)]
pub struct Copied<'r> {
    /// The words of the command.
    pub place: Place,
    /// Where the data is mounted, in the command; the path that is named.
    pub source: Place,
    /// Whose data it is.
    pub data: LiveData<'r>,
    /// Which way it goes.
    pub direction: Direction,
    /// `cp`, `tar`, `rsync`
    pub program: String,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// Which way a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the data.
    Out,
    /// Over the data.
    Onto,
}

/// What copies read and write.
#[derive(Debug, Default, PartialEq, Eq)]
struct Copy {
    program: String,
    from: Vec<String>,
    into: Option<String>,
    /// Whether some of what is below a path is left out.
    is_choosy: bool,
}

/// A copy of data that a command makes, before it is known whether the owner runs.
struct Candidate<'r> {
    step: Step,
    place: Place,
    source: Place,
    data: LiveData<'r>,
    direction: Direction,
    program: String,
}

impl Repo {
    /// Copies that scripts and pages make of a database's files, or over them, while it may run.
    pub fn running_copies(&self, focus: Focus) -> Vec<Copied<'_>> {
        let may = |script: &Script| ["tar ", "cp ", "rsync "].iter().any(|word| script.text().contains(word));
        if !self.scripts_through(focus).into_iter().any(may) {
            return Vec::new();
        }
        let data: Vec<LiveData<'_>> = self
            .live_data()
            .into_iter()
            .filter(|data| data.database.as_ref().is_some_and(|image| is_torn_by_copies(self, image)))
            .filter(|data| !self.is_development(data.project))
            .collect();
        let mut found: Vec<Copied<'_>> = Vec::new();
        if data.is_empty() {
            return found;
        }
        for run in self.operated_runs(focus, may) {
            // The server is told that its files will be copied, or the file system copies them at once.
            const APART: &[&str] = &[
                "pg_backup_start",
                "pg_start_backup",
                "lvcreate",
                "zfs snapshot",
                "btrfs subvolume snapshot",
                "fsfreeze",
                "flush tables with read lock",
                "fsyncLock",
                "nodetool snapshot",
            ];
            if run.scripts().iter().any(|script| APART.iter().any(|word| script.text().contains(word))) {
                continue;
            }
            let mut candidates: Vec<Candidate<'_>> = Vec::new();
            for (step, command) in run.commands() {
                if self.is_meant_for_services(&run, step) {
                    candidates.extend(self.copies_by(&run, step, command, &data));
                }
            }
            let stops: Vec<bool> = candidates
                .iter()
                .map(|candidate| self.is_stopped_before(&run, candidate.step, &candidate.data))
                .collect();
            for (candidate, is_stopped) in candidates.iter().zip(&stops) {
                // A first pass while it runs, and a second one when it is stopped.
                let again = || {
                    candidates.iter().zip(&stops).any(|(other, is_stopped)| {
                        *is_stopped
                            && other.step != candidate.step
                            && std::ptr::eq(other.data.service, candidate.data.service)
                            && other.program == candidate.program
                            && run.may_precede(candidate.step, other.step)
                    })
                };
                if *is_stopped || again() || found.iter().any(|other| other.place == candidate.place) {
                    continue;
                }
                found.push(Copied {
                    place: candidate.place,
                    source: candidate.source,
                    data: candidate.data.clone(),
                    direction: candidate.direction,
                    program: candidate.program.clone(),
                    is_page: run.script().is_instruction(),
                });
            }
        }
        found
    }

    fn copies_by<'r>(
        &'r self,
        run: &Run<'r>,
        step: Step,
        command: Command<'r>,
        data: &[LiveData<'r>],
    ) -> Option<Candidate<'r>> {
        let script = command.script;
        let calls = script.docker_calls();
        let Some(call) = calls.iter().find(|call| call.command.id == command.id) else {
            let words = arguments(script, command.local().words);
            let copy = copy_of(&words)?;
            let is_there = |path: &str, hits: &dyn Fn(&HostPath, &LiveData<'r>) -> bool| {
                let places = self.places_of(script, command, path);
                data.iter().find(|data| places.iter().any(|place| hits(place, data))).cloned()
            };
            let source = copy.from.iter().find_map(|path| {
                is_there(path, &|place, data| {
                    holds(place, data)
                        || !copy.is_choosy
                            && place.is_above(data)
                            && !matches!(place, HostPath::Tree(path) if path.is_empty())
                })
            });
            let onto = || copy.into.as_deref().and_then(|path| is_there(path, &holds));
            let (data, direction) = match source {
                Some(data) => (data, Direction::Out),
                None => (onto()?, Direction::Onto),
            };
            let place = command.words_place();
            return Some(Candidate { step, place, source: place, data, direction, program: copy.program });
        };
        let place = call.words_place();
        match &call.act {
            Act::Run(container) => {
                let effect: &Effect = run.effects_of(step).find(|effect| effect.deed == Deed::Run)?;
                for mount in container.mounts() {
                    let owned = self.databases_mounted(run, effect, &mount);
                    let torn = |data: &LiveData<'_>| {
                        data.database.as_ref().is_some_and(|image| is_torn_by_copies(self, image))
                    };
                    let Some(data) = owned.into_iter().find(torn) else { continue };
                    let workdir = container.given.get("--workdir").map(Arg::pattern);
                    for words in told(&container.argv) {
                        let Some(copy) = copy_of(&words) else { continue };
                        let target = mount.target.trim_end_matches('/');
                        let at = |path: &str| {
                            is_at_or_below(path, target)
                                || !path.starts_with('/')
                                    && workdir.as_deref().is_some_and(|dir| is_at_or_below(dir, target))
                        };
                        let direction = if copy.from.iter().any(|path| at(path)) {
                            Direction::Out
                        } else if copy.into.as_deref().is_some_and(at) && !mount.read_only {
                            Direction::Onto
                        } else {
                            continue;
                        };
                        let source = call.place(mount.span);
                        return Some(Candidate { step, place, source, data, direction, program: copy.program });
                    }
                }
                None
            }
            Act::Exec(exec) => {
                let (_, service) = self.container_service(&exec.container.pattern())?;
                self.copied_inside(step, place, &exec.argv, data, |data| std::ptr::eq(data.service, service))
            }
            Act::Compose(compose) if compose.verb == "exec" => {
                let scope = self.compose_scope(call)?;
                let is_of = |data: &LiveData<'_>| {
                    scope.services.iter().any(|(_, service)| std::ptr::eq(*service, data.service))
                };
                self.copied_inside(step, place, &compose.argv, data, is_of)
            }
            Act::Other(words) if words.first().is_some_and(|word| word.is("cp")) => {
                let operands: Vec<&Arg> =
                    words.iter().skip(1).filter(|word| !word.pattern().starts_with('-')).collect();
                let of = |arg: &Arg| {
                    let text = arg.pattern();
                    let (container, path) = text.split_once(':')?;
                    let (_, service) = self.container_service(container)?;
                    let path = path.trim_end_matches(['.', '/']).to_owned();
                    let hit = data.iter().find(|data| std::ptr::eq(data.service, service) && inside(&path, data))?;
                    Some(hit.clone())
                };
                let (first, last) = (operands.first()?, operands.last()?);
                let (data, direction) = match of(first) {
                    Some(data) => (data, Direction::Out),
                    None => (of(last)?, Direction::Onto),
                };
                Some(Candidate { step, place, source: place, data, direction, program: "cp".to_owned() })
            }
            _ => None,
        }
    }

    fn copied_inside<'r>(
        &'r self,
        step: Step,
        place: Place,
        argv: &[Arg],
        data: &[LiveData<'r>],
        is_of: impl Fn(&LiveData<'r>) -> bool,
    ) -> Option<Candidate<'r>> {
        told(argv).into_iter().find_map(|words| {
            let copy = copy_of(&words)?;
            let hit = |path: &String| data.iter().find(|data| is_of(data) && inside(path, data));
            let (data, direction) = match copy.from.iter().find_map(hit) {
                Some(data) => (data, Direction::Out),
                None => (copy.into.as_ref().and_then(hit)?, Direction::Onto),
            };
            Some(Candidate { step, place, source: place, data: data.clone(), direction, program: copy.program })
        })
    }
}

/// Whether a path of the host is the data, or the greater part of it.
fn holds(place: &HostPath, data: &LiveData<'_>) -> bool {
    match (place, data.at) {
        (HostPath::Tree(path), DataAt::Tree(at)) => path == at || is_at_or_below(path, at) && is_files_of_server(path),
        (HostPath::Machine(path), DataAt::Host(at)) => {
            path == at || is_at_or_below(path, at) && is_files_of_server(path)
        }
        _ => false,
    }
}

/// Whether a path in a container is where its database keeps its files.
fn inside(path: &str, data: &LiveData<'_>) -> bool {
    let target = data.mount.target.as_deref().unwrap_or_default().trim_end_matches('/');
    path.starts_with('/') && path.len() > 1 && is_at_or_below(path, target) && is_files_of_server(path)
}

/// Whether a path below a data directory is not a log, a dump or a file of settings.
fn is_files_of_server(path: &str) -> bool {
    let name = Tree::name(path).to_ascii_lowercase();
    let is_other = ["log", "dump", "backup", "bak", "tmp", "export", "snapshot"].iter().any(|word| name.contains(word));
    !is_other && !name.contains('.')
}

/// What `cp`, `tar` and `rsync` read and write; of single files nothing.
fn copy_of(words: &[Arg]) -> Option<Copy> {
    let texts: Vec<String> = words.iter().map(Arg::pattern).collect();
    let mut at = 0;
    while texts.get(at).is_some_and(|word| matches!(Tree::name(word), "sudo" | "nice" | "ionice" | "time" | "exec")) {
        at += 1;
    }
    let program = Tree::name(texts.get(at)?).to_owned();
    let rest = texts.get(at + 1..)?;
    match program.as_str() {
        "cp" => {
            let options = || rest.iter().filter(|word| word.starts_with('-'));
            let recursive = options().any(|word| {
                matches!(word.as_str(), "--recursive" | "--archive")
                    || !word.starts_with("--") && word.contains(['r', 'R', 'a'])
            });
            let mut operands: Vec<String> =
                rest.iter().filter(|word| !word.starts_with('-')).map(|word| trimmed(word)).collect();
            let into = operands.pop().filter(|_| recursive)?;
            Some(Copy { program, from: operands, into: Some(into), is_choosy: false })
        }
        "rsync" => {
            if rest.iter().any(|word| {
                word == "--dry-run" || word.starts_with('-') && !word.starts_with("--") && word.contains('n')
            }) {
                return None;
            }
            let is_choosy = rest
                .iter()
                .any(|word| word.contains("--exclude") || word.contains("--include") || word.contains("--filter"));
            let mut operands: Vec<String> = Vec::new();
            let mut skips = false;
            for word in rest {
                if std::mem::take(&mut skips) {
                    continue;
                }
                if word.starts_with('-') {
                    skips = matches!(
                        word.as_str(),
                        "-e" | "--rsh"
                            | "--exclude"
                            | "--exclude-from"
                            | "--include"
                            | "-f"
                            | "--filter"
                            | "--files-from"
                    );
                    continue;
                }
                operands.push(trimmed(word));
            }
            let into = operands.pop()?;
            Some(Copy { program, from: operands, into: Some(into), is_choosy })
        }
        "tar" | "bsdtar" => tar(program, rest),
        _ => None,
    }
}

fn tar(program: String, rest: &[String]) -> Option<Copy> {
    let (mut letters, mut dir, mut is_choosy) = (String::new(), None::<String>, false);
    let mut operands: Vec<String> = Vec::new();
    let mut words = rest.iter().enumerate();
    while let Some((at, word)) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            match long.split_once('=').map_or(long, |(name, _)| name) {
                "create" => letters.push('c'),
                "extract" | "get" => letters.push('x'),
                "exclude" | "exclude-from" => is_choosy = true,
                "directory" => {
                    let own = long.split_once('=').map(|(_, value)| value.to_owned());
                    dir = own.or_else(|| words.next().map(|(_, word)| word.clone()));
                }
                "file" if !long.contains('=') => {
                    words.next();
                }
                _ => {}
            }
            continue;
        }
        let is_bundle = at == 0 && word.len() < 8 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        if word.starts_with('-') && word.len() > 1 || is_bundle {
            let own = word.trim_start_matches('-');
            letters.push_str(own);
            if own.ends_with('C') {
                dir = words.next().map(|(_, word)| word.clone());
            } else if own.contains(['f', 'X', 'T']) {
                // The archive stands behind it.
                words.next();
            }
            continue;
        }
        operands.push(word.clone());
    }
    let join = |path: &str| match &dir {
        Some(dir) if !path.starts_with('/') => {
            trimmed(&format!("{}/{}", dir.trim_end_matches('/'), path.trim_start_matches("./")))
        }
        _ => trimmed(path),
    };
    if letters.contains('c') {
        let from = operands.iter().map(|path| join(path)).collect();
        return Some(Copy { program, from, into: None, is_choosy });
    }
    letters.contains('x').then(|| Copy { program, from: Vec::new(), into: dir.as_deref().map(trimmed), is_choosy })
}

/// A path without what stands for all that it holds.
fn trimmed(path: &str) -> String {
    let mut path = path;
    while let Some(shorter) =
        path.strip_suffix("/.").or_else(|| path.strip_suffix("/*")).or_else(|| path.strip_suffix('/'))
    {
        if shorter.is_empty() {
            return "/".to_owned();
        }
        path = shorter;
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_source::Span;

    fn copy(text: &str) -> Copy {
        let words: Vec<Arg> = text.split(' ').map(|word| Arg::of_text(word, Span::default())).collect();
        copy_of(&words).unwrap_or_default()
    }

    #[test]
    fn what_is_read_and_what_is_written_is_known() {
        let cases: [(&str, &[&str], Option<&str>); 9] = [
            ("cp -a /from/. /to/", &["/from"], Some("/to")),
            ("cp /from/a /to", &[], None),
            ("tar czf /backup/x.tgz -C /data .", &["/data"], None),
            ("tar -czf /backup/x.tgz /data", &["/data"], None),
            ("tar -C /data -cf - pg", &["/data/pg"], None),
            ("tar xzf /backup/x.tgz -C /data", &[], Some("/data")),
            ("tar --create --file=x.tar --directory=/data .", &["/data"], None),
            ("rsync -a -e ssh /data/ host:/copy", &["/data"], Some("host:/copy")),
            ("sudo cp -r data/pg backup", &["data/pg"], Some("backup")),
        ];
        for (text, from, into) in cases {
            let copy = copy(text);
            assert_eq!(
                (copy.from, copy.into.as_deref()),
                (from.iter().map(|path| (*path).to_owned()).collect(), into),
                "{text}"
            );
        }
    }
}
