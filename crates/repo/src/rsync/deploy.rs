//! Scripts that sync the repository to where it runs, and the data there that they remove.

use super::command::{Command, FilterOption, When, Word};
use super::deletion::Disk;
use super::tree::{Kind, Tree};
use super::words::{Given, given};
use crate::live_data::{DataAt, LiveData};
use crate::script::{Command as ShellCommand, Host, Invocation, Script};
use crate::{LocalKind, LocalPath, Place, Repo};
use rustc_hash::FxHashSet;
use twiceshy_source::{Edit, Span};

/// A sync that removes data where it goes.
#[derive(Debug)]
pub struct DataLoss<'r> {
    /// The words of the command.
    pub place: Place,
    /// What it removes, paths relative to the destination, each once.
    pub lost: Vec<(String, Loser<'r>)>,
    /// The exclude that was meant to keep some of it, and why it does not.
    pub miss: Option<Miss>,
    /// What is to be excluded: paths from the root of the transfer.
    pub roots: Vec<String>,
    /// Where what is removed is moved instead (`--backup`).
    pub is_moved: bool,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
    /// Whether `--delete-excluded` makes excludes useless.
    pub deletes_excluded: bool,
    /// What keeps it.
    pub edit: Option<Edit>,
}

/// Whose data it is.
#[derive(Debug)]
pub enum Loser<'r> {
    /// A service's.
    Service(Box<LiveData<'r>>),
    /// That of whoever keeps it there: git ignores it.
    Ignored(Box<LocalPath>),
}

/// An exclude that matches nothing.
#[derive(Debug)]
pub struct Miss {
    /// The word.
    pub place: Place,
    /// The pattern.
    pub pattern: String,
    /// The path that it was meant for.
    pub path: String,
    /// Why it does not match.
    pub why: Why,
}

/// Why an exclude does not match what it was meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It lacks the dot, or has one too many.
    Dot,
    /// `./a`: names do not start so.
    DotSlash,
    /// It starts at the root of the transfer, the path does not.
    Anchor,
    /// It is a path of the disk, or of the destination.
    DiskPath,
    /// Its quotes belong to it.
    Quotes,
    /// This shell does not expand braces.
    Braces,
    /// `--delete-excluded` removes what is excluded.
    DeletesExcluded,
    /// An include before it matches.
    Include,
}

/// What no server has for a name: what is under it is not the data.
const WITNESS: &str = "0qz-witness";
/// Words of destinations at which nothing runs.
const ELSEWHERE: &[&str] = &[
    "backup", "bak", "mirror", "snapshot", "archive", "tmp", "temp", "build", "dist", "out", "output", "cache",
    "release", "rootfs", "stage", "worktree",
];

impl Repo {
    /// Runs of rsync that bring the repository to where it runs and remove data there.
    pub fn rsync_losses(&self) -> Vec<DataLoss<'_>> {
        let mut found = Vec::new();
        let says = |script: &&Script| script.text().contains("rsync") && script.text().contains("--del");
        let mut data = None;
        for script in self.scripts.iter().filter(says) {
            for command in script.commands() {
                let Some(invocation) = command.runs("rsync").filter(|_| !script.is_forbidden(command.id)) else {
                    continue;
                };
                let data = data.get_or_insert_with(|| self.live_data());
                found.extend(self.lost_by_sync(script, command, invocation, data));
            }
        }
        found
    }

    fn lost_by_sync<'r>(
        &'r self,
        script: &'r Script,
        shell: ShellCommand<'r>,
        invocation: Invocation<'r>,
        data: &[LiveData<'r>],
    ) -> Option<DataLoss<'r>> {
        let given = given(script, invocation.args());
        let words: Vec<Word> = given.iter().map(|given| given.word.clone()).collect();
        let command = Command::of(&words)?;
        let is_settled = !command.is_unclear && command.filters.iter().all(|filter| filter.is_known);
        if command.when == When::Never || command.is_dry || !is_settled || command.files_from.is_some() {
            return None;
        }
        let destination = command.destination.as_ref()?;
        let [source] = command.sources.as_slice() else { return None };
        let target = given.get(destination.word.checked_sub(1)?)?;
        if source.host.is_some() || !is_where_it_runs(&destination.path, destination.host.is_some(), script, target) {
            return None;
        }
        let written = script.written(given.get(source.word.checked_sub(1)?)?.span);
        let sent = self.sent(script, shell, &command, &source.path, written, data)?;
        let at_destination = |data: &LiveData<'r>| match data.at {
            DataAt::Tree(path) => below(path, &sent.directory).map(str::to_owned),
            DataAt::Host(path) if sent.name.is_none() && destination.is_known => {
                below(path.trim_start_matches('/'), destination.path.trim_matches('/')).map(str::to_owned)
            }
            _ => None,
        };
        let mut losers: Vec<(String, Loser<'r>)> = Vec::new();
        for data in data {
            let Some(path) = at_destination(data) else { continue };
            if !self.is_development(data.project) {
                losers.push((path, Loser::Service(Box::new(data.clone()))));
            }
        }
        for local in self.local_paths(&sent.directory) {
            let Some(path) = below(&local.path, &sent.directory).map(str::to_owned) else { continue };
            let of_development = |data: &LiveData<'_>| {
                matches!(data.at, DataAt::Tree(at) if at == local.path) && self.is_development(data.project)
            };
            let matters = local.is_certain
                && !data.iter().any(of_development)
                && match local.kind {
                    LocalKind::Data => true,
                    LocalKind::Database => !local.path.contains("any."),
                    LocalKind::Secrets => local.mounted.is_some(),
                    _ => false,
                };
            if matters {
                losers.push((path, Loser::Ignored(Box::new(local))));
            }
        }
        let paths: FxHashSet<&str> = losers.iter().map(|(path, _)| path.as_str()).collect();
        let removed = Sync::of(self, &command, &sent, &paths)?.removed(paths)?;
        let mut lost: Vec<(String, Loser<'r>)> = Vec::new();
        for (path, loser) in losers {
            let is_known = lost.iter().any(|(other, _)| {
                *other == path || matches!(loser, Loser::Ignored(_)) && below(other, &path).is_some()
            });
            if !is_known && removed.contains(&path) {
                lost.push((path, loser));
            }
        }
        // Secrets alone come back with the next rollout more often than not.
        lost.iter()
            .any(|(_, loser)| !matches!(loser, Loser::Ignored(local) if local.kind == LocalKind::Secrets))
            .then_some(())?;
        let roots = self.roots(&lost, &sent);
        let miss = miss(&command, &lost, destination.path.as_str(), &given, script);
        let edit = edit(script, &command, &given, &roots, source.word);
        Some(DataLoss {
            place: shell.words_place(),
            miss,
            edit,
            is_moved: command.backs_up,
            is_page: matches!(script.host.outermost(), Host::Fence { .. }),
            deletes_excluded: command.deletes_excluded,
            roots,
            lost,
        })
    }

    /// The directory of the repository that a source is.
    fn sent(
        &self,
        script: &Script,
        shell: ShellCommand<'_>,
        command: &Command,
        path: &str,
        written: &str,
        data: &[LiveData<'_>],
    ) -> Option<Sent> {
        let trimmed = path.strip_suffix("/.").unwrap_or(path).trim_end_matches('/');
        let with_content = trimmed.len() < path.len() || matches!(path, "." | "..");
        let directory = if path.contains('*') {
            let is_ours = self.is_of_the_repository(script, written);
            let dirs = self.directories_at(shell);
            let found = is_ours.then(|| self.directories_of(&self.unknown_dirs(script, written), &dirs, trimmed));
            found.and_then(|dirs| dirs.into_iter().next())
        } else if path.starts_with(['/', '~']) {
            None
        } else {
            let there = |dir: &String| crate::Tree::join(dir, trimmed).filter(|dir| self.tree.has_dir(dir));
            self.directories_at(shell).iter().find_map(there)
        };
        // A checkout of this repository under a name that only the machine knows: its excludes name what is in it.
        let directory = match directory {
            Some(directory) => directory,
            None if self.is_checkout(command, data) => String::new(),
            None => return None,
        };
        let name = if with_content {
            None
        } else {
            let name = trimmed.rsplit('/').next().filter(|name| !name.contains('*') && !name.is_empty())?;
            Some(name.to_owned())
        };
        Some(Sent { directory, name })
    }

    /// Whether what the filters name is in this repository, or its data.
    fn is_checkout(&self, command: &Command, data: &[LiveData<'_>]) -> bool {
        const OF_CHECKOUTS: &[&str] =
            &[".git", ".github", ".gitignore", ".env", "node_modules", ".venv", "__pycache__"];
        let patterns = command.filters.iter().filter(|filter| filter.kind == FilterOption::Exclude);
        let names = |name: &str| {
            OF_CHECKOUTS.contains(&name)
                || data.iter().any(|data| matches!(data.at, DataAt::Tree(path) if plain(path.split('/').next().unwrap_or_default()) == plain(name)))
        };
        patterns.map(|filter| filter.value.trim_matches('/')).any(names)
    }

    /// The highest directories of which nothing is tracked: what to exclude.
    fn roots(&self, lost: &[(String, Loser<'_>)], sent: &Sent) -> Vec<String> {
        let mut roots: Vec<String> = Vec::new();
        for (path, _) in lost {
            let parts = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.as_str()]);
            let tracked =
                |part: &str| crate::Tree::join(&sent.directory, part).is_some_and(|whole| self.tree.has_dir(&whole));
            let root = parts.into_iter().find(|part| !tracked(part)).unwrap_or(path);
            let root = match &sent.name {
                Some(name) => format!("/{name}/{root}"),
                None => format!("/{root}"),
            };
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }
}

/// What is sent: a directory of the repository, under a name or all that it holds.
struct Sent {
    directory: String,
    name: Option<String>,
}

/// A sync in which the sender has what is tracked, and the receiver that and data.
struct Sync {
    command: Command,
    sender: Tree,
    receiver: Tree,
    prefix: String,
}

impl Sync {
    /// The sync as far as data at `paths` is concerned.
    fn of(repo: &Repo, command: &Command, sent: &Sent, paths: &FxHashSet<&str>) -> Option<Self> {
        let prefix = sent.name.as_ref().map_or(String::new(), |name| format!("{name}/"));
        let (mut sender, mut receiver) = (Tree::default(), Tree::default());
        sender.add(&format!("s/{}", sent.name.as_deref().unwrap_or("c")), Kind::Directory);
        let named = |name: &str| command.filters.iter().any(|filter| filter.value.contains(name));
        let per_directory = command.filters.iter().any(|filter| filter.kind == FilterOption::PerDirectory);
        // What becomes of data is decided in the directories above it.
        let parents = |path: &&'_ str| path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
        let mut above: FxHashSet<&str> = FxHashSet::from_iter([""]);
        for path in paths {
            above.insert(path);
            above.extend(parents(path).into_iter().map(|at| &path[..at]));
        }
        let mut met: FxHashSet<&str> = FxHashSet::default();
        for file in repo.tree.below(&sent.directory) {
            let Some(path) = below(repo.tree.path(file), &sent.directory) else { continue };
            let name = crate::Tree::name(path);
            // What the receiver has of it came with the sync before.
            let (at, there) =
                (format!("s/{}{path}", if prefix.is_empty() { "c/" } else { &prefix }), format!("d/{prefix}{path}"));
            if name.starts_with('.') && (named(name) || per_directory && name == ".rsync-filter") {
                let source = repo.tree.source(file).ok()?;
                sender.add_text(&at, source.text());
                receiver.add_text(&there, source.text());
            } else if command.prunes_empty || above.contains(crate::Tree::parent(path)) {
                sender.add(&at, Kind::File);
                receiver.add(&there, Kind::File);
            } else {
                // Of any other directory, that it is there.
                let mut ends = parents(&path).into_iter().map(|end| &path[..end]);
                let Some(directory) = ends.find(|directory| !above.contains(directory)) else { continue };
                if met.insert(directory) {
                    let rest = path.len() - directory.len();
                    sender.add(&at[..at.len() - rest], Kind::Directory);
                    receiver.add(&there[..there.len() - rest], Kind::Directory);
                }
            }
        }
        let mut command = command.clone();
        for filter in &mut command.filters {
            if matches!(filter.kind, FilterOption::ExcludeFrom | FilterOption::IncludeFrom) {
                // A file that is not here may keep everything.
                let path = filter.value.trim_start_matches("./").to_owned();
                let file = std::iter::successors(Some(path.as_str()), |path| Some(path.split_once('/')?.1)).find_map(
                    |path| {
                        repo.tree
                            .resolve(path)
                            .or_else(|| repo.tree.resolve(&crate::Tree::join(&sent.directory, path)?))
                    },
                )?;
                let source = repo.tree.source(file).ok()?;
                filter.value = format!("/rules/{path}");
                sender.add_text(&format!("rules/{path}"), source.text());
            }
        }
        let source = command.sources.first_mut()?;
        source.path = sent.name.clone().unwrap_or_else(|| "c/".to_owned());
        if let Some(destination) = &mut command.destination {
            destination.path = "/d".to_owned();
        }
        Some(Self { command, sender, receiver, prefix })
    }

    /// Those of `paths` at which data is removed; `None` where rsync would not run, or we cannot tell.
    fn removed(&mut self, paths: FxHashSet<&str>) -> Option<FxHashSet<String>> {
        if paths.is_empty() {
            return Some(FxHashSet::default());
        }
        let witness = |path: &str| format!("{}{path}/{WITNESS}", self.prefix);
        for path in &paths {
            self.receiver.add(&format!("d/{}", witness(path)), Kind::File);
        }
        let sender = Disk { root: "/", path: "/s", tree: &self.sender };
        let receiver = Disk { root: "/", path: "/", tree: &self.receiver };
        let gone: FxHashSet<String> = self.command.removal(sender, receiver).ok()?.gone.into_iter().collect();
        let is_removed = |path: &&str| gone.contains(witness(path).trim_matches('/'));
        Some(paths.into_iter().filter(is_removed).map(str::to_owned).collect())
    }
}

/// Whether a destination is where the repository runs, as far as its path and the names of variables in it tell.
fn is_where_it_runs(path: &str, is_remote: bool, script: &Script, target: &Given) -> bool {
    let written = script.written(target.span).to_ascii_lowercase();
    let lower = path.to_ascii_lowercase();
    let is_word = |text: &str, word: &str| {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
        let mut parts = parts.map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()));
        parts.any(|part| part == word || part.strip_suffix('s') == Some(word))
    };
    let is_elsewhere = ELSEWHERE.iter().any(|word| is_word(&lower, word) || is_word(&written, word));
    // Of a path that only a variable knows, its name has to say it.
    const RUNS: &[&str] =
        &["DEPLOY", "TARGET", "REMOTE", "SERVER", "APP", "PROD", "INSTALL", "LIVE", "DEST", "WWW", "HOST"];
    let upper = written.to_ascii_uppercase();
    let is_named = !path.starts_with('*') || is_remote || RUNS.iter().any(|word| upper.contains(word));
    // A path in the working copy is something that the script makes.
    let is_relative = !is_remote && !path.starts_with(['/', '~', '*']);
    !is_elsewhere && !is_relative && is_named
}

/// `path` relative to `directory`, which it stands in.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory.is_empty() {
        return (!path.is_empty()).then_some(path);
    }
    path.strip_prefix(directory)?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

/// A name without what people get wrong about it.
fn plain(text: &str) -> &str {
    text.trim_matches(['\'', '"', '/', '*', '{', '}', '~']).trim_start_matches(['.', '/', '*'])
}

fn miss(
    command: &Command,
    lost: &[(String, Loser<'_>)],
    destination: &str,
    given: &[Given],
    script: &Script,
) -> Option<Miss> {
    let excludes = command.filters.iter().filter(|filter| filter.kind == FilterOption::Exclude);
    for filter in excludes {
        let pattern = filter.value.as_str();
        let braces: Vec<&str> = pattern
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .map(|rest| rest.split(',').collect())
            .unwrap_or_default();
        for (path, _) in lost {
            let mut parents: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
            parents.push(path);
            let same = |text: &str| {
                parents
                    .iter()
                    .any(|parent| plain(parent) == plain(text) || plain(crate::Tree::name(parent)) == plain(text))
            };
            let from_disk = pattern
                .trim_start_matches('/')
                .strip_prefix(destination.trim_matches('/'))
                .filter(|_| !destination.is_empty());
            let exact = |text: &str| {
                let text = text.trim_matches('/');
                parents.iter().any(|parent| *parent == text || crate::Tree::name(parent) == text)
            };
            let why = if from_disk.is_some_and(&same) {
                Why::DiskPath
            } else if braces.iter().any(|one| same(one)) {
                Why::Braces
            } else if !same(pattern) {
                continue;
            } else if pattern.contains(['\'', '"']) {
                Why::Quotes
            } else if pattern.starts_with("./") {
                Why::DotSlash
            } else if exact(pattern) && command.deletes_excluded {
                Why::DeletesExcluded
            } else if pattern.starts_with('/') && exact(pattern) {
                Why::Anchor
            } else if exact(pattern) {
                Why::Include
            } else {
                Why::Dot
            };
            let word = given.get(filter.word.checked_sub(1)?)?;
            return Some(Miss { place: script.place(word.span), pattern: pattern.to_owned(), path: path.clone(), why });
        }
    }
    None
}

/// Excludes for what is lost, before the source.
fn edit(script: &Script, command: &Command, given: &[Given], roots: &[String], source: usize) -> Option<Edit> {
    let source = given.get(source.checked_sub(1)?).filter(|source| source.is_written)?;
    let mut text = String::new();
    for root in roots {
        let is_plain = root.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        let root: String = if is_plain {
            root.clone()
        } else if root.contains(['\'', '*', '?', '[', '\\']) {
            return None;
        } else {
            format!("'{root}'")
        };
        text.push_str(&if command.deletes_excluded {
            format!("--filter='P {}' ", root.trim_matches('\''))
        } else {
            format!("--exclude={root} ")
        });
    }
    script.edit(Span { start: source.span.start, end: source.span.start }, &text)
}
