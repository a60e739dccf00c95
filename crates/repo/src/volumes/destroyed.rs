//! Volumes and databases that a command takes away: as a side effect of a deployment, or before it is sure that they are
//! saved.

use super::asked_before;
use crate::live_data::LiveData;
use crate::script::{Confirmed, Deed, Effect, Host, NodeKind, ObjectKind, PartKind, Run, Script, Step};
use crate::{Edit, Focus, Place, Production, Repo, Tree};
use twiceshy_source::Span;

/// A command that takes data away.
#[derive(Debug)]
pub struct Destroyed<'r> {
    /// The words of the command.
    pub place: Place,
    /// How it does that.
    pub way: Removal,
    /// The data of databases that is gone; of a database that no volume here holds, none.
    pub data: Vec<LiveData<'r>>,
    /// What it names: a volume, a database; empty for all there is.
    pub name: String,
    /// Why that is a surprise.
    pub why: Why,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
    /// Whether a script or workflow that deploys does it.
    pub is_deployment: bool,
    /// What keeps the volumes.
    pub edit: Option<Edit>,
}

/// How data is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// `compose down --volumes`; where the option stands.
    Down(Option<Place>),
    /// `volume rm`
    Volume,
    /// `volume prune --all`
    Prune,
    /// `DROP DATABASE`, `dropdb`
    Database,
}

/// Why it is a surprise that data is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing around says so, and nothing is saved before.
    Unsaid,
    /// The dump before it may have failed, and it goes on.
    DumpMayFail(Place),
    /// A failed query counts as an empty database, of which there is nothing to save.
    TakenForEmpty(Place),
    /// What is dumped before is another project's.
    OtherProject(Place),
    /// What is restored afterwards is looked for then.
    SourceUnchecked(Place),
}

impl Repo {
    /// Data that scripts and pages take away without having said so or without having saved it.
    pub fn destroyed_data(&self, focus: Focus) -> Vec<Destroyed<'_>> {
        let mut found: Vec<Destroyed<'_>> = Vec::new();
        const WORDS: &[&str] = &["volume", "dropdb", "prune", "DROP ", "drop ", "Drop"];
        // Most texts that say `down` say `download` or `shutdown`.
        let is_letter = |end: Option<char>| end.is_some_and(char::is_alphabetic);
        let says_down = |text: &str| {
            let mut downs = text.match_indices("down").map(|(at, word)| (&text[..at], &text[at + word.len()..]));
            downs.any(|(before, after)| !is_letter(before.chars().next_back()) && !is_letter(after.chars().next()))
        };
        let may = |script: &Script| WORDS.iter().any(|word| script.text().contains(word)) || says_down(script.text());
        for run in self.operated_runs(focus, may) {
            let effects = run.effects().iter().filter(|effect| effect.deed == Deed::Destroy);
            for effect in effects {
                if !self.is_meant_for_services(&run, effect.step) || matches!(effect.site, crate::script::Site::Image) {
                    continue;
                }
                let destroyed = self.destroyed_by(&run, effect);
                found.extend(destroyed.filter(|new| found.iter().all(|other| other.place != new.place)));
            }
        }
        found
    }

    fn destroyed_by<'r>(&'r self, run: &Run<'r>, effect: &Effect) -> Option<Destroyed<'r>> {
        let is_volume = effect.touches(ObjectKind::Volume);
        if !is_volume && !is_database_dropped(run, effect) {
            return None;
        }
        let mut data: Vec<LiveData<'r>> =
            effect.objects.iter().flat_map(|object| self.databases_in(run, effect, object)).collect();
        let way = match (&*effect.program, is_volume) {
            ("compose", true) => Removal::Down(flag(run, effect)),
            (_, true) if effect.objects.iter().all(|object| object.is_unnamed()) => {
                // Since Docker 23 `prune` takes volumes without a name only; podman takes all that no container has.
                let takes_named = &*effect.program == "podman" || effect.has_option("-a") || effect.has_option("--all");
                let words = run.command_of(effect)?.span();
                let is_of_volumes = run.script_of(effect.step).written(words).contains("volume prune");
                let takes_named = takes_named && (is_of_volumes || &*effect.program == "podman");
                data = self.orphaned_before(run, effect).into_iter().filter(|_| takes_named).collect();
                Removal::Prune
            }
            (_, true) => Removal::Volume,
            (_, false) => {
                let at = self.service_entered(run, effect);
                data = at
                    .and_then(|(project, service)| {
                        if self.is_development(project) {
                            return None;
                        }
                        let mut mounts = service.mounts.iter();
                        mounts.find_map(|mount| self.kept(project, service, mount))
                    })
                    .into_iter()
                    .collect();
                Removal::Database
            }
        };
        if is_volume && data.is_empty() {
            return None;
        }
        let why = self.why(run, effect, &data).or_else(|| self.unsaid(run, effect, &data, way))?;
        let place = run.place_of(effect);
        let name = effect.objects.first().map(|object| object.pattern()).unwrap_or_default();
        let script = run.script();
        let edit = match way {
            Removal::Down(_) => flag_edit(run, effect),
            _ => None,
        };
        let is_deployment = self.deploys(script) || self.deploys(run.script_of(effect.step));
        Some(Destroyed { place, way, data, name, why, is_page: script.is_instruction(), is_deployment, edit })
    }

    /// Why it is not certain that what is destroyed has been saved, where the script tries to.
    fn why(&self, run: &Run<'_>, effect: &Effect, data: &[LiveData<'_>]) -> Option<Why> {
        let is_own = |other: &&Effect| {
            let Some((project, _)) = self.service_entered(run, other) else { return true };
            data.is_empty() || data.iter().any(|data| std::ptr::eq(data.project, project))
        };
        let dumps: Vec<&Effect> = run
            .effects()
            .iter()
            .filter(|other| {
                other.deed == Deed::Dump && other.step != effect.step && run.may_precede(other.step, effect.step)
            })
            .collect();
        let (own, others): (Vec<&Effect>, Vec<&Effect>) = dumps.into_iter().partition(is_own);
        if let Some(first) = own.first() {
            let is_saved = run.saved_before(effect, |other| own.iter().any(|dump| dump.step == other.step));
            if is_saved {
                return None;
            }
            // Somebody has looked at what the dump said.
            let asked_after = match run.confirmed(effect.step) {
                Some(Confirmed::Asked(condition)) => own.iter().any(|dump| run.may_precede(dump.step, condition.step)),
                _ => false,
            };
            if asked_after || self.is_checked(run, effect, &own) {
                return None;
            }
            if let Some(dump) = own.iter().find(|dump| run.may_follow_failure(dump.step, effect.step)) {
                return Some(Why::DumpMayFail(run.place_of(dump)));
            }
            return self.taken_for_empty(run, first.step, effect.step).map(Why::TakenForEmpty);
        }
        if let Some(other) = others.first().filter(|_| !data.is_empty()) {
            return Some(Why::OtherProject(run.place_of(other)));
        }
        // A restore: is there something to restore?
        let restore = run.effects().iter().find(|other| {
            matches!(other.deed, Deed::Restore | Deed::Unpack)
                && other.step != effect.step
                && run.may_precede(effect.step, other.step)
                && !run.may_precede(other.step, effect.step)
                && !other.from.is_empty()
        })?;
        let source = restore.from.first()?;
        let script = run.script_of(restore.step);
        let written = script.written(source.span).trim_matches(['"', '\'']);
        if written.is_empty() || run.script().is_instruction() || self.is_in_the_repository(run, restore) {
            return None;
        }
        let mut names = vec![written.to_owned()];
        names.extend(variables(script, source.span).into_iter().flat_map(|name| {
            let given = script.assignments(&name).into_iter().filter_map(|(_, assignment)| {
                Some(script.written(assignment.value.as_ref()?.span).trim_matches(['"', '\'']).to_owned())
            });
            let given: Vec<String> = given.collect();
            given.into_iter().chain([format!("${name}"), format!("${{{name}")])
        }));
        names.retain(|name| name.len() > 1);
        let looks = |text: &str| {
            const LOOKS: &[&str] = &[
                "-f ",
                "-s ",
                "-e ",
                "-r ",
                "-d ",
                "ls ",
                "stat ",
                "gzip ",
                "gunzip ",
                "tar ",
                "pg_restore",
                "cp ",
                "scp ",
                "curl ",
                "wget ",
                "aws ",
                "rclone ",
                "head ",
                "find ",
                "sha256sum",
                "file ",
                "wc ",
                "zcat",
                "rsync ",
                "gsutil ",
                "mv ",
                "select ",
                "du ",
            ];
            LOOKS.iter().any(|look| text.contains(look)) && names.iter().any(|name| text.contains(name.as_str()))
        };
        // What writes it in the same run has it.
        let makes = run.effects().iter().any(|other| {
            run.may_precede(other.step, effect.step) && other.into.iter().any(|into| into.is_same(source) == Some(true))
        });
        if makes || asked_before(run, effect.step, looks) || self.is_checked_around(run, effect.step, &names) {
            return None;
        }
        Some(Why::SourceUnchecked(run.place_of(restore)))
    }

    /// Whether a condition on every way names what is restored.
    fn is_checked_around(&self, run: &Run<'_>, step: Step, names: &[String]) -> bool {
        run.conditions(step).iter().any(|condition| {
            let script = run.script_of(condition.step);
            let text = script.written(script.node(condition.step.node).span);
            let is_question =
                ["-f ", "-s ", "-e ", "-r ", "-d ", "ls ", "find "].iter().any(|test| text.contains(test));
            is_question && names.iter().any(|name| text.contains(name.as_str()))
        })
    }

    /// Whether what a restore reads is a file of the repository.
    fn is_in_the_repository(&self, run: &Run<'_>, restore: &Effect) -> bool {
        let Some(command) = run.command_of(restore) else { return false };
        let directories = self.directories_at(command);
        restore.from.iter().any(|object| {
            object.patterns().iter().any(|path| {
                let tail = path.rsplit('*').next().unwrap_or_default().trim_start_matches(['/', '.']);
                let at = directories
                    .iter()
                    .filter_map(|dir| Tree::join(dir, path))
                    .any(|path| self.tree.resolve(&path).is_some());
                at || path.contains('*') && tail.contains('/') && self.tree.resolve(tail).is_some()
            })
        })
    }

    /// Whether a test asks for what the dumps have written, or for what they said, on every way.
    fn is_checked(&self, run: &Run<'_>, effect: &Effect, dumps: &[&Effect]) -> bool {
        let names: Vec<String> = dumps
            .iter()
            .flat_map(|dump| {
                let script = run.script_of(dump.step);
                dump.into.iter().map(|into| script.written(into.span).trim_matches(['"', '\'']).to_owned())
            })
            .filter(|name| name.len() > 1)
            .collect();
        let is_test = |text: &str| {
            let asks = [
                "-s ",
                "-gt",
                "-lt",
                "-ge",
                "-le",
                "stat ",
                "wc ",
                "gzip -t",
                "gunzip -t",
                "pg_restore -l",
                "pg_restore --list",
                "tar t",
                "tar -t",
                "PIPESTATUS",
            ];
            asks.iter().any(|word| text.contains(word))
                && (text.contains("PIPESTATUS") || names.iter().any(|name| text.contains(name.as_str())))
        };
        run.conditions(effect.step).iter().any(|condition| {
            let script = run.script_of(condition.step);
            is_test(script.written(script.node(condition.step.node).span))
        })
    }

    /// Where the answer of a failed query is replaced by one that says that there is nothing to save: the condition that
    /// leads around the dump asks for it.
    fn taken_for_empty(&self, run: &Run<'_>, dump: Step, destroy: Step) -> Option<Place> {
        let around: Vec<Step> = run.conditions(destroy).iter().map(|condition| condition.step).collect();
        let conditions = run.conditions(dump);
        let deciding = conditions.iter().filter(|condition| !around.contains(&condition.step));
        for condition in deciding {
            let script = run.script_of(condition.step);
            let words: Vec<_> = match &script.node(condition.step.node).kind {
                NodeKind::Test(test) => test.words.iter().collect(),
                NodeKind::Simple(simple) => simple.words.iter().collect(),
                _ => continue,
            };
            for variable in words.iter().flat_map(|word| word.variables()) {
                for (id, assignment) in script.assignments(&variable.name) {
                    let Some(value) = assignment.value.as_ref() else { continue };
                    let asks = value.parts.iter().any(|part| matches!(part.kind, PartKind::Command(_)));
                    let text = script.written(script.node(id).span);
                    let queries = ["psql", "mysql", "mongo", "docker", "podman", "sqlite3", "pg_", "curl", "wc "];
                    let swallows = text.contains("||") || text.contains("2>/dev/null") && text.contains('|');
                    if asks && swallows && queries.iter().any(|word| text.contains(word)) {
                        return Some(script.place(script.node(id).span));
                    }
                }
            }
        }
        None
    }

    /// Why nobody expects it, where the script does not try to save anything.
    fn unsaid(&self, run: &Run<'_>, effect: &Effect, data: &[LiveData<'_>], way: Removal) -> Option<Why> {
        if way == Removal::Database || data.is_empty() {
            return None;
        }
        let script = run.script();
        let at = run.script_of(effect.step);
        let saves = |other: &Effect| matches!(other.deed, Deed::Dump | Deed::Copy | Deed::Upload);
        if run.saved_before(effect, saves)
            || run.effects().iter().any(|other| other.deed == Deed::Dump && run.may_precede(other.step, effect.step))
        {
            return None;
        }
        let is_asked = run.confirmed(effect.step).is_some() || self.is_confirmed(at, effect.step.node);
        if is_asked || self.is_intended(script) || is_said(script) || comment_says(at, effect.step) {
            return None;
        }
        let first = data.first()?;
        let serves =
            |data: &LiveData<'_>| !matches!(self.production(data.project), None | Some(Production::Restarts(..)));
        let deploys = self.deploys(script) || self.deploys(at);
        // In a script of any name: it brings the project up again, and so is more than its end.
        let comes_back = || {
            run.effects().iter().any(|other| {
                other.deed == Deed::Start
                    && run.may_precede(effect.step, other.step)
                    && self.services_meant(run, other).iter().any(|(project, _)| std::ptr::eq(*project, first.project))
            })
        };
        let is_page = script.is_instruction();
        let counts = deploys
            || !matches!(script.host, Host::Step { .. })
                && self.production(first.project).is_some()
                && (comes_back() || data.iter().any(serves) && !is_page);
        counts.then_some(Why::Unsaid)
    }

    /// The volumes that no container has when a prune comes: those of the projects that are taken down before.
    fn orphaned_before<'r>(&'r self, run: &Run<'r>, effect: &Effect) -> Vec<LiveData<'r>> {
        let mut found = Vec::new();
        for other in run.effects() {
            let is_down = &*other.program == "compose"
                && other.deed == Deed::Stop
                && run.may_precede(other.step, effect.step)
                && run.docker_call(other).and_then(|call| Some(call.compose()?.verb == "down")).unwrap_or_default();
            if !is_down {
                continue;
            }
            // Brought up again before: its containers hold the volumes.
            let is_up =
                run.effects_between(other.step, effect.step).into_iter().any(|between| between.deed == Deed::Start);
            if is_up {
                continue;
            }
            for (project, service) in self.services_meant(run, other) {
                let volumes = service.mounts.iter().filter(|mount| mount.kind == crate::compose::MountKind::Volume);
                let kept = volumes.filter_map(|mount| self.kept(project, service, mount));
                found.extend(kept.filter(|data| data.database.is_some() && !self.is_development(project)));
            }
        }
        found
    }
}

/// Whether a whole database goes: its tables one by one are what migrations are for.
fn is_database_dropped(run: &Run<'_>, effect: &Effect) -> bool {
    if !effect.touches(ObjectKind::Database) {
        return false;
    }
    if matches!(&*effect.program, "dropdb" | "mysqladmin" | "mariadb-admin") {
        return true;
    }
    let script = run.script_of(effect.step);
    let node = script.node(effect.step.node);
    // A heredoc's text stands behind the line of its command.
    let texts = node.redirects.iter().map(|redirect| script.written(redirect.target.span));
    let before = script.shell().parent(effect.step.node).map(|parent| script.written(script.node(parent).span));
    let own = std::iter::once(script.written(node.span)).chain(texts).chain(before);
    let text: Vec<String> = own.map(str::to_ascii_lowercase).collect();
    let has =
        |phrase: &str| text.iter().any(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").contains(phrase));
    has("drop database") || has("drop schema public") || has("dropdatabase(")
}

/// Words of a page or a comment that say what a command is for.
const SAID: &[&str] = &[
    "remov",
    "delet",
    "wipe",
    "clean",
    "reset",
    "destroy",
    "purge",
    "fresh",
    "scratch",
    "erase",
    "volume",
    "lose ",
    "lost",
    "data loss",
    "start over",
    "uninstall",
    "all data",
    "irreversibl",
    "tear down",
    "teardown",
    "drop",
    "prune",
    "from zero",
    "anew",
];

fn says(text: &str) -> bool {
    let lower = text.to_lowercase();
    SAID.iter().any(|word| lower.contains(word))
}

/// Whether the page around a fence says that data is removed.
fn is_said(script: &Script) -> bool {
    match &script.host {
        Host::Fence { headings, before, after, .. } => {
            says(before) || says(after) || headings.iter().any(|heading| says(heading))
        }
        _ => false,
    }
}

/// Whether the comment on a command says that data is removed.
fn comment_says(script: &Script, step: Step) -> bool {
    script.comment_on(step.node).is_some_and(|comment| says(&comment))
}

fn variables(script: &Script, span: Span) -> Vec<String> {
    let text = script.written(span);
    text.split('$')
        .skip(1)
        .map(|rest| {
            let rest = rest.trim_start_matches('{');
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

/// Where the option stands that takes the volumes.
fn flag(run: &Run<'_>, effect: &Effect) -> Option<Place> {
    let call = run.docker_call(effect)?;
    let option =
        call.compose()?.given.options.iter().find(|option| matches!(option.name.as_str(), "--volumes" | "-v"))?;
    option.is_written.then(|| call.place(option.span))
}

/// The command without that option.
fn flag_edit(run: &Run<'_>, effect: &Effect) -> Option<Edit> {
    let call = run.docker_call(effect)?;
    let compose = call.compose()?;
    let option = compose.given.options.iter().find(|option| matches!(option.name.as_str(), "--volumes" | "-v"))?;
    let script = call.script();
    let written = script.written(option.span);
    if !option.is_written || !matches!(written, "-v" | "--volumes") {
        return None;
    }
    let before = &script.text()[..option.span.start as usize];
    let blanks = before.len() - before.trim_end_matches(' ').len();
    call.edit(Span { start: option.span.start - blanks as u32, end: option.span.end }, "")
}
