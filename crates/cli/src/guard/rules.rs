//! What is destructive by itself, in this repository, though no lint says so of a committed script: a script that drops a
//! database does what its author wants, an agent that types it may not. One row for each.

use super::judge::{Answer, Objection, shown};
use std::path::Path;
use twiceshy_repo::script::{Command, Deed, Effect, Host, Object, ObjectKind, Owner, Run, Site, Via};
use twiceshy_repo::{CommandLine, DataAt, LocalKind, Place, Project, Repo, Tree};

/// A row: what is done to what.
struct Row {
    rule: &'static str,
    deed: Deed,
    object: ObjectKind,
    /// Only of these programs; empty: of all.
    programs: &'static [&'static str],
    /// One of these options is given; empty: whatever is given.
    given: &'static [&'static str],
    /// What must be so of the object.
    when: When,
    /// The answer.
    answer: Answer,
    /// What will happen; `{}` stands for what is named.
    message: &'static str,
    /// What to do instead.
    instead: &'static str,
}

/// What must be so of what a row is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Nothing.
    Always,
    /// A service that serves people keeps its data there, and no dump must have succeeded before.
    Live,
    /// It is a directory of the system, a home, or all there is.
    System,
    /// It is the work tree, or git's directory in it.
    WorkTree,
    /// It holds data that services keep in the tree and git ignores.
    HoldsData,
    /// It is, or holds, settings with secrets or data that git ignores.
    NotInGit,
    /// Its first part is a variable of which the command does not say what it holds, so that it may be `/`.
    MayBeRoot,
}

const ANY: &[&str] = &[];
const REMOVERS: &[&str] = &["rm", "find", "shred", "unlink"];

/// The first row that fits decides.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { rule: "destroys-live-volume", deed: Deed::Destroy, object: ObjectKind::Volume, programs: ANY, given: ANY, when: When::Live, answer: Answer::Deny,
        message: "removes {}, and nothing brings back what lies there", instead: "leave the volumes alone (`docker compose down` without `-v`), or dump the database first and join both with `&&`" },
    Row { rule: "destroys-volume", deed: Deed::Destroy, object: ObjectKind::Volume, programs: ANY, given: ANY, when: When::Always, answer: Answer::Ask,
        message: "removes {} with all that lies in it", instead: "name the one volume that is meant, after `docker volume ls` and a look into it" },
    Row { rule: "destroys-live-database", deed: Deed::Destroy, object: ObjectKind::Database, programs: ANY, given: ANY, when: When::Live, answer: Answer::Deny,
        message: "drops or empties {}, and nothing brings it back", instead: "dump it first (`pg_dump … > before.sql && …`), or rename what is in the way" },
    Row { rule: "destroys-database", deed: Deed::Destroy, object: ObjectKind::Database, programs: ANY, given: ANY, when: When::Always, answer: Answer::Ask,
        message: "drops or empties {}", instead: "dump it first, or work on a copy" },
    Row { rule: "resets-log", deed: Deed::Reset, object: ObjectKind::Path, programs: ANY, given: ANY, when: When::Always, answer: Answer::Deny,
        message: "throws away the log of a database: what was committed and not yet written is lost, and the rest may be inconsistent", instead: "copy the whole data directory first; then start from a backup" },
    Row { rule: "restores-over", deed: Deed::Restore, object: ObjectKind::Database, programs: &["pg_restore"], given: &["-c", "--clean"], when: When::Always, answer: Answer::Ask,
        message: "drops what stands in {} before it restores", instead: "restore into a new database, look, and rename" },
    Row { rule: "destroys-resource", deed: Deed::Destroy, object: ObjectKind::Resource, programs: ANY, given: ANY, when: When::Always, answer: Answer::Ask,
        message: "destroys {}, with the disks that belong to it", instead: "look first: `plan`, `--dry-run`, `get`" },
    Row { rule: "destroys-app", deed: Deed::Destroy, object: ObjectKind::App, programs: ANY, given: ANY, when: When::Always, answer: Answer::Ask,
        message: "destroys {} at the platform, with its data", instead: "take a snapshot, and let a person do it" },
    Row { rule: "destroys-remote", deed: Deed::Destroy, object: ObjectKind::Remote, programs: ANY, given: ANY, when: When::Always, answer: Answer::Ask,
        message: "destroys {} on another machine", instead: "let a person do it" },
    Row { rule: "deletes-remote", deed: Deed::Delete, object: ObjectKind::Remote, programs: &["aws", "gsutil", "gcloud", "s3cmd", "mc", "rclone", "az"], given: &["--recursive", "-r", "-R", "--force"], when: When::Always, answer: Answer::Ask,
        message: "deletes all below {}", instead: "list it first; `--dryrun` says what would go" },
    Row { rule: "deletes-system", deed: Deed::Delete, object: ObjectKind::Path, programs: REMOVERS, given: ANY, when: When::System, answer: Answer::Deny,
        message: "deletes {}, which is no part of this repository", instead: "name what is meant, below the work tree" },
    Row { rule: "deletes-work-tree", deed: Deed::Delete, object: ObjectKind::Path, programs: REMOVERS, given: ANY, when: When::WorkTree, answer: Answer::Deny,
        message: "deletes the work tree or its history: what is not pushed is gone", instead: "`git status` first; `git stash -u` keeps what is not committed" },
    Row { rule: "deletes-unknown", deed: Deed::Delete, object: ObjectKind::Path, programs: &["rm"], given: &["-r", "-R", "--recursive"], when: When::MayBeRoot, answer: Answer::Ask,
        message: "deletes {}: if the variable is empty, that is `/`", instead: "`${NAME:?}` ends the command where the variable is empty" },
    Row { rule: "deletes-what-git-lacks", deed: Deed::Delete, object: ObjectKind::Path, programs: REMOVERS, given: ANY, when: When::NotInGit, answer: Answer::Ask,
        message: "deletes {}, of which git has no copy", instead: "move it away, and delete it when all is well" },
    Row { rule: "owns-system", deed: Deed::Own, object: ObjectKind::Path, programs: ANY, given: &["-R", "--recursive"], when: When::System, answer: Answer::Deny,
        message: "changes owner or mode of all below {}", instead: "name the files that are meant" },
    Row { rule: "cleans-live-data", deed: Deed::Delete, object: ObjectKind::Path, programs: &["git"], given: &["-x", "-X"], when: When::HoldsData, answer: Answer::Deny,
        message: "deletes what git ignores, and so what services keep in the work tree", instead: "`git clean -nfdx` lists it; exclude data with `-e`" },
    Row { rule: "cleans", deed: Deed::Delete, object: ObjectKind::Path, programs: &["git"], given: ANY, when: When::Always, answer: Answer::Ask,
        message: "throws away work that is not committed", instead: "`git stash -u` keeps it; `git clean -n` lists it" },
];

/// Programs that no effect tells of: the words that they begin with, a word that must be among them (`*` at its end: begins
/// so), and the answer.
#[rustfmt::skip]
const WORDS: &[(&[&str], &str, Answer, &str)] = &[
    (&["dd"], "of=/dev/*", Answer::Deny, "writes over a disk"),
    (&["mkfs*"], "/dev/*", Answer::Deny, "makes a new file system over what stands on a disk"),
    (&["wipefs"], "-a*", Answer::Deny, "wipes a disk"),
    (&["blkdiscard"], "/dev/*", Answer::Deny, "wipes a disk"),
    (&["zpool", "destroy"], "", Answer::Deny, "destroys a pool and all file systems in it"),
    (&["zfs", "destroy"], "", Answer::Deny, "destroys a file system"),
    (&["lvremove"], "", Answer::Deny, "removes a volume of disks"),
    (&["crontab", "-r"], "", Answer::Ask, "removes every job of this user's crontab"),
    (&["git", "push"], "--force", Answer::Ask, "replaces what others have pushed; `--force-with-lease` fails where somebody has"),
    (&["git", "push"], "-f", Answer::Ask, "replaces what others have pushed; `--force-with-lease` fails where somebody has"),
    (&["git", "push"], "--mirror", Answer::Ask, "makes the other side as this one is: what is not here is gone there"),
    (&["git", "stash", "clear"], "", Answer::Ask, "throws away all that was stashed"),
    (&["git", "stash", "drop"], "", Answer::Ask, "throws away what was stashed"),
    (&["git", "checkout"], ".", Answer::Ask, "throws away work that is not committed"),
    (&["git", "restore"], ".", Answer::Ask, "throws away work that is not committed"),
    (&["git", "filter-branch"], "", Answer::Ask, "rewrites the history"),
    (&["git", "filter-repo"], "", Answer::Ask, "rewrites the history"),
    (&["git", "reflog", "expire"], "", Answer::Ask, "throws away the way back to commits that no branch has"),
];

/// Directories that are no repository's.
const SYSTEM: &[&str] = &[
    "",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/root",
    "/sbin",
    "/srv",
    "/sys",
    "/usr",
    "/usr/local",
    "/var",
    "/var/lib",
    "/var/log",
    "/mnt",
    "/media",
    "/Users",
    "/Library",
    "/System",
    "/Applications",
    "~",
    "$HOME",
    "${HOME}",
    "/var/lib/docker",
    "/var/lib/docker/volumes",
    "/var/lib/containers",
    "/var/lib/postgresql",
    "/var/lib/mysql",
    "/var/lib/mongodb",
    "/var/lib/redis",
];
/// Those of them in which nothing may go, either.
const DATA: &[&str] =
    &["/var/lib/docker/", "/var/lib/containers/", "/var/lib/postgresql/", "/var/lib/mysql/", "/var/lib/mongodb/"];

/// What the rows say about a command.
pub(super) fn objections(line: &CommandLine) -> Vec<Objection> {
    let mut found = Vec::new();
    let mut seen: Vec<Place> = Vec::new();
    for script in line.scripts() {
        // The run of the command itself holds the scripts inside it, and knows where those run.
        let run = matches!(script.host, Host::CommandLine { .. }).then(|| line.repo.run_of(script)).flatten();
        for (run, effect) in run.iter().flat_map(|run| run.effects().iter().map(move |effect| (run, effect))) {
            let place = run.place_of(effect);
            if place.file != line.file || seen.contains(&place) {
                continue;
            }
            if let Some(objection) = ROWS.iter().find_map(|row| row.about(&line.repo, run, effect)) {
                seen.push(place);
                found.push(objection);
            }
        }
        let is_only_written = matches!(script.host, Host::Inside { via: Via::File, .. });
        let commands = script.commands().filter(|_| !is_only_written);
        found.extend(
            commands
                .filter_map(|command| of_words(command).or_else(|| of_pipe(command)))
                .filter(|own| !seen.contains(&own.place)),
        );
    }
    found
}

fn of_words(command: Command<'_>) -> Option<Objection> {
    let words: Vec<String> =
        command.innermost().words.iter().map(|word| command.script.value(word).pattern()).collect();
    let is = |word: &str, own: &str| match own.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => word == own,
    };
    let name = Tree::name(words.first()?).to_owned();
    let mut rest: &[String] = &words[1..];
    // `git -C app push`
    while let Some([option, _, after @ ..]) = (name == "git").then_some(rest).filter(|rest| rest.len() > 1)
        && matches!(option.as_str(), "-C" | "-c")
    {
        rest = after;
    }
    let operands: Vec<&str> = std::iter::once(name.as_str()).chain(rest.iter().map(String::as_str)).collect();
    let (_, _, answer, message) = WORDS.iter().find(|(begins, among, ..)| {
        operands.len() >= begins.len()
            && begins.iter().zip(&operands).all(|(own, word)| is(word, own))
            && (among.is_empty() || operands[begins.len()..].iter().any(|word| is(word, among)))
            && !operands.iter().any(|word| matches!(*word, "--help" | "-h" | "--version"))
    })?;
    Some(Objection {
        answer: *answer,
        rule: "destroys".into(),
        message: (*message).to_owned(),
        notes: Vec::new(),
        safer: None,
        place: command.words_place(),
    })
}

/// `curl … | sh`: a shell that reads what nobody has seen.
fn of_pipe(command: Command<'_>) -> Option<Objection> {
    const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh"];
    // What `echo` writes is a script that was judged; what `cat` writes is a file.
    const SEEN: &[&str] = &["echo", "printf", "cat"];
    let shell = command.innermost();
    let is_shell = shell.name().is_some_and(|name| SHELLS.contains(&&*name));
    let reads = shell.args().iter().all(|word| word.is("-") || word.is("-s") || word.is("-x") || word.is("-e"));
    let before = command.script.stage_before(command.id)?;
    let is_seen =
        command.script.command(before).is_some_and(|before| before.name().is_some_and(|name| SEEN.contains(&&*name)));
    (is_shell && reads && !is_seen && command.redirects().is_empty()).then(|| Objection {
        answer: Answer::Ask,
        rule: "runs-unseen".into(),
        message: "runs a text that nobody has seen".into(),
        notes: vec!["instead: write it to a file, read that, and run it".into()],
        safer: None,
        place: command.words_place(),
    })
}

impl Row {
    fn about(&self, repo: &Repo, run: &Run<'_>, effect: &Effect) -> Option<Objection> {
        let is_meant = self.deed == effect.deed
            && (self.programs.is_empty() || self.programs.contains(&&*effect.program))
            && (self.given.is_empty() || self.given.iter().any(|option| effect.has_option(option)));
        if !is_meant || !run.reaches(effect.step) {
            return None;
        }
        let objects = effect.objects.iter().filter(|object| object.kind == self.object && !object.is_placeholder());
        let (object, notes) =
            objects.filter_map(|object| Some((object, self.when.holds(repo, run, effect, object)?))).next()?;
        let named = match object.pattern() {
            text if text.is_empty() => all_of(self.object).to_owned(),
            _ => format!("`{}`", run.script_of(effect.step).written(object.span)),
        };
        let mut notes = notes;
        notes.push(format!("instead: {}", self.instead));
        Some(Objection {
            answer: self.answer,
            rule: self.rule.to_owned(),
            message: self.message.replace("{}", &named),
            notes,
            safer: None,
            place: run.place_of(effect),
        })
    }
}

fn all_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Volume => "volumes",
        ObjectKind::Database => "a database",
        ObjectKind::Path => "files",
        ObjectKind::App => "an application",
        _ => "what there is",
    }
}

impl When {
    /// Whether it is so, and what is to be said about it.
    fn holds(self, repo: &Repo, run: &Run<'_>, effect: &Effect, object: &Object) -> Option<Vec<String>> {
        let nothing = Vec::new();
        match self {
            Self::Always => Some(nothing),
            Self::Live => live(repo, run, effect, object),
            Self::System => paths(run, effect, object).iter().any(|path| is_system(path)).then_some(nothing),
            Self::MayBeRoot => {
                let pattern = object.pattern();
                let written = run.script_of(effect.step).written(object.span);
                let is_open =
                    matches!(pattern.as_str(), "*/*" | "*/") && !written.contains(":?") && written.contains('$');
                (is_open && matches!(effect.site, Site::Here | Site::Machine(_))).then_some(nothing)
            }
            Self::WorkTree => {
                let is_recursive = effect.program.as_ref() == "find"
                    || ["-r", "-R", "--recursive"].iter().any(|option| effect.has_option(option));
                let places = in_tree(repo, run, effect, object);
                let is_it = |path: &String| path.is_empty() || path == ".git";
                (is_recursive && is_all_of(run, effect) && places.iter().any(is_it)).then_some(nothing)
            }
            Self::HoldsData => {
                let top = in_tree(repo, run, effect, object);
                let live = repo.live_data();
                let held = live.iter().find(|data| {
                    matches!(data.at, DataAt::Tree(path) if top.iter().any(|top| is_in(path, top)) && repo.git_ignores(path, true).is_some())
                })?;
                Some(vec![format!(
                    "{}: `{}` keeps its data in `{}`",
                    shown(repo, held.place()),
                    held.service.name,
                    held.path()
                )])
            }
            Self::NotInGit => {
                if !is_all_of(run, effect) {
                    return None;
                }
                let places = in_tree(repo, run, effect, object);
                // What is in `.env`, no repository tells.
                let is_settings = |place: &&String| {
                    let name = Tree::name(place);
                    name.starts_with(".env") && !name.contains("example") && repo.git_ignores(place, false).is_some()
                };
                if let Some(place) = places.iter().find(is_settings) {
                    return Some(vec![format!("`{place}` is settings that git ignores")]);
                }
                let is_kept = |kind| matches!(kind, LocalKind::Secrets | LocalKind::Data | LocalKind::Database);
                let local = repo.local_paths("").into_iter().find(|local| {
                    is_kept(local.kind)
                        && local.is_certain
                        && places.iter().any(|place| is_in(&local.path, place) || is_in(place, &local.path))
                })?;
                let what = if local.kind == LocalKind::Secrets { "settings with secrets" } else { "data" };
                Some(vec![format!("`{}` is {what} that git ignores", local.path)])
            }
        }
    }
}

/// Whether a `find` takes all that it finds.
fn is_all_of(run: &Run<'_>, effect: &Effect) -> bool {
    const CHOICES: &[&str] =
        &["-name", "-iname", "-path", "-regex", "-mtime", "-mmin", "-newer", "-size", "-empty", "-user"];
    let words = run.command(effect.step).map(|command| command.words());
    !words.into_iter().flatten().any(|word| CHOICES.iter().any(|choice| word.is(choice)))
}

/// Whether `path` is `directory`, or lies in it.
fn is_in(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What an object is on the machine, as it is written and as far as it is known.
fn paths(run: &Run<'_>, effect: &Effect, object: &Object) -> Vec<String> {
    if effect.site.container().is_some() {
        return Vec::new();
    }
    let written = run.script_of(effect.step).written(object.span).trim_matches(['"', '\'']).to_owned();
    object.patterns().into_iter().chain([written]).collect()
}

fn is_system(path: &str) -> bool {
    let is_top = |path: &str| {
        path.starts_with('/') || path.starts_with('~') || path.starts_with("$HOME") || path.starts_with("${HOME}")
    };
    let whole = path.trim_end_matches(['*', '/', '.']);
    is_top(path) && (SYSTEM.contains(&whole) || DATA.iter().any(|data| whole.starts_with(data)))
}

/// Where an object lies in the tree.
fn in_tree(repo: &Repo, run: &Run<'_>, effect: &Effect, object: &Object) -> Vec<String> {
    let Some(command) = run.command(effect.step).filter(|_| effect.site.is_here()) else { return Vec::new() };
    let from = repo.directories_at(command);
    let mut found = Vec::new();
    for path in object.patterns() {
        let path = if object.is_unnamed() { ".".to_owned() } else { path };
        let whole = path.strip_suffix("/*").or(path.strip_suffix('*').filter(|rest| rest.is_empty())).unwrap_or(&path);
        if whole.contains(['*', '~']) {
            continue;
        }
        match whole.starts_with('/') {
            true => found.extend(repo.tree.inside(whole)),
            false => found.extend(from.iter().take(1).filter_map(|dir| Tree::join(dir, whole))),
        }
    }
    found
}

/// Whether a service that serves people keeps its data in an object, with nothing saved before; who that is.
fn live(repo: &Repo, run: &Run<'_>, effect: &Effect, object: &Object) -> Option<Vec<String>> {
    if run.saved_before(effect, |earlier| earlier.deed == Deed::Dump) {
        return None;
    }
    let serves = |project: &Project| !repo.is_development(project);
    if object.kind == ObjectKind::Database {
        let (project, service) = repo.service_entered(run, effect)?;
        let is_trial = object.name().is_some_and(|name| name.contains("test") || name.contains("tmp"));
        let live = repo.live_data();
        let data = live.iter().find(|data| std::ptr::eq(data.service, service) && data.database.is_some())?;
        return (serves(project) && !is_trial)
            .then(|| vec![format!("{}: the data of `{}`", shown(repo, data.place()), service.name)]);
    }
    let owners = repo.owners(run, effect, object);
    // A project without a name is called as its directory is, and here that is known.
    let is_called_so = |owner: &Owner<'_>| {
        let root = repo.tree.root().map(|root| root.join(&owner.project.dir));
        let dir = root.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().to_ascii_lowercase());
        let project: String =
            dir.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        owner.mount.source.as_deref().is_some_and(|key| object.name() == Some(format!("{project}_{key}")))
    };
    let is_live = |owner: &&Owner<'_>| (owner.is_sure || is_called_so(owner)) && serves(owner.project);
    let owner = owners.iter().filter(is_live).find(|owner| owner.keeps_data(repo))?;
    Some(vec![format!("{}: the data of `{}`", shown(repo, owner.mount.place), owner.service.name)])
}
