//! What a command is for: dumping, copying, deleting, restarting, migrating.

use super::{Command, Invocation, NodeId, NodeKind, Part, PartKind, Script, Word};
use std::borrow::Cow;

/// What a command is for, as far as an operator cares. Of [`Command::deed`] a copy is one to another disk, machine or
/// bucket; an [`Effect`](super::Effect) tells the ways apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Writes the content of a database, or of a data directory, somewhere.
    Dump,
    /// Reads such a content back into a database.
    Restore,
    /// Takes away what cannot be made again: volumes, databases, machines.
    Destroy,
    /// Deletes files, objects, images.
    Delete,
    /// Stops what runs.
    Stop,
    /// Starts what was stopped, puts a new version in place.
    Start,
    /// Stops and starts.
    Restart,
    /// Runs a container.
    Run,
    /// Copies files.
    Copy,
    /// Moves files.
    Move,
    /// Takes files out of an archive or a backup.
    Unpack,
    /// Makes one directory like another.
    Sync,
    /// Brings a copy to another machine, a bucket, a repository of backups.
    Upload,
    /// Brings a copy from there.
    Download,
    /// Looks whether something is whole: an archive, a checksum, a size.
    Verify,
    /// Changes the schema of a database.
    Migrate,
    /// Changes the owner or the mode of files.
    Own,
    /// Throws away the log of a database.
    Reset,
    /// Writes to files or a disk.
    Write,
    /// Tells people or a monitor that all went well.
    Announce,
}

/// Programs that write a whole database to their output.
pub const DUMPERS: &[&str] =
    &["pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump", "mongodump", "mariabackup", "xtrabackup", "cockroach"];

impl<'a> Command<'a> {
    /// What the command is for; `None` for anything else.
    pub fn deed(self) -> Option<Deed> {
        self.chain().into_iter().rev().find_map(Invocation::deed).or_else(|| self.hidden_dumper().map(|_| Deed::Dump))
    }

    /// The word that names a program which writes a database to its output, however it is reached: `docker exec db
    /// pg_dump`, `$COMPOSE exec -T db pg_dump`, `ssh host "pg_dump app"`, `sh -c 'exec mysqldump …'`.
    pub fn dumper(self) -> Option<(Cow<'a, str>, &'a Word)> {
        let innermost = self.innermost();
        if let Some(name) = innermost.name().filter(|_| innermost.dumps_to_output()) {
            return Some((name, innermost.words.first()?));
        }
        self.hidden_dumper()
    }

    fn hidden_dumper(self) -> Option<(Cow<'a, str>, &'a Word)> {
        let words = self.words();
        // `compose exec -T db pg_dump`, where `compose` is a function or a variable.
        let verb = words.iter().position(|word| word.is("exec") || word.is("run"));
        if let Some(verb) = verb.filter(|verb| *verb > 0) {
            let inner = words.iter().enumerate().skip(verb + 1);
            for (at, word) in inner {
                let Some(name) = word.literal() else { continue };
                let invocation = Invocation { words: &words[at..], elsewhere: true };
                if !name.starts_with('-') && invocation.dumps_to_output() {
                    return Some((invocation.name()?, word));
                }
            }
        }
        // `sh -c '…'`, `ssh host "…"`: the text starts with it.
        let by_text =
            ["sh", "bash", "ash", "ssh", "su"].iter().any(|program| self.runs(program).is_some()) || verb.is_some();
        if by_text {
            for word in words.iter().skip(1) {
                let Some(text) = word.parts.iter().find_map(text_of) else { continue };
                if !text.contains(' ') || text.contains('|') {
                    continue;
                }
                let found = DUMPERS.iter().find(|dumper| {
                    let mut words = text.split_whitespace();
                    words.any(|word| word.trim_start_matches('"').rsplit('/').next() == Some(**dumper))
                });
                if let Some(dumper) = found.filter(|_| !text.contains("pipefail")) {
                    return Some((Cow::Borrowed(dumper), word));
                }
            }
        }
        None
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match &part.kind {
        PartKind::Text(text) => Some(text),
        _ => None,
    }
}

impl Invocation<'_> {
    /// Whether it writes a database to its standard output.
    pub fn dumps_to_output(self) -> bool {
        let Some(name) = self.name() else { return false };
        let to_file =
            |options: &[&str]| options.iter().any(|option| self.args().iter().any(|word| starts_with(word, option)));
        match &*name {
            "pg_dump" | "pg_dumpall" => !to_file(&["-f", "--file", "--version", "--help"]),
            "mysqldump" | "mariadb-dump" => !to_file(&["-r", "--result-file", "--tab", "-T", "--version", "--help"]),
            "mongodump" => self.has_arg("--archive"),
            "mariabackup" | "xtrabackup" => to_file(&["--stream"]),
            "cockroach" => self.has_arg("dump"),
            "pg_basebackup" => {
                self.args().windows(2).any(|pair| (pair[0].is("-D") || pair[0].is("--pgdata")) && pair[1].is("-"))
            }
            "sqlite3" => self
                .args()
                .iter()
                .any(|word| word.parts.iter().filter_map(text_of).any(|text| text.starts_with(".dump"))),
            "redis-cli" => {
                self.args().windows(2).any(|pair| pair[0].is("--rdb") && (pair[1].is("-") || pair[1].is("/dev/stdout")))
            }
            _ => false,
        }
    }

    /// What it is for.
    pub fn deed(self) -> Option<Deed> {
        let name = self.name()?;
        let first = |words: &[&str]| self.args().iter().take(4).any(|word| words.iter().any(|verb| word.is(verb)));
        Some(match &*name {
            "pg_dump" | "pg_dumpall" | "mysqldump" | "mariadb-dump" | "mongodump" | "mariabackup" | "xtrabackup"
            | "pg_basebackup" => Deed::Dump,
            _ if self.dumps_to_output() => Deed::Dump,
            "scp" | "rsync" | "restic" | "borg" | "duplicity" | "rclone" | "s3cmd" | "mc" | "gsutil" | "azcopy"
            | "kopia" => {
                if first(&["delete", "deletefile", "purge", "rm", "forget", "prune", "del"]) {
                    return Some(Deed::Delete);
                }
                let copies = matches!(&*name, "scp" | "rsync" | "duplicity")
                    || first(&[
                        "copy", "copyto", "sync", "move", "moveto", "rcat", "backup", "create", "put", "cp", "mirror",
                        "pipe", "snapshot",
                    ]);
                return copies.then_some(Deed::Copy);
            }
            "aws" if first(&["s3", "s3api"]) => {
                if first(&["rm", "delete-object", "delete-objects"]) {
                    return Some(Deed::Delete);
                }
                return first(&["cp", "sync", "mv", "put-object"]).then_some(Deed::Copy);
            }
            "docker" | "podman" | "docker-compose" | "podman-compose" => {
                let verbs: Vec<Cow<'_, str>> = self.args().iter().filter_map(Word::literal).take(10).collect();
                let has = |verb: &str| verbs.iter().any(|word| word == verb);
                let composes = name.ends_with("compose") || has("compose");
                if has("exec") || has("run") {
                    return None;
                }
                if (composes && (has("up") || has("start") || has("restart")))
                    || (!composes && (has("start") || has("restart")))
                    || has("stack") && has("deploy")
                {
                    return Some(Deed::Restart);
                }
                let deletes = has("rmi") || has("prune") || (has("rm") && !composes);
                return deletes.then_some(Deed::Delete);
            }
            "systemctl" | "supervisorctl" | "pm2" | "service" => {
                return self
                    .args()
                    .iter()
                    .any(|word| ["start", "restart", "reload"].iter().any(|verb| word.is(verb)))
                    .then_some(Deed::Restart);
            }
            "kubectl" => {
                let watches = first(&["status", "history"]);
                return (first(&["apply", "rollout", "scale"]) && !watches).then_some(Deed::Restart);
            }
            "alembic" => return first(&["upgrade"]).then_some(Deed::Migrate),
            "flyway" | "dbmate" | "goose" | "sqlx" | "diesel" | "knex" | "prisma" | "drizzle-kit" | "typeorm"
            | "rails" | "rake" => {
                let migrates = self
                    .args()
                    .iter()
                    .filter_map(Word::literal)
                    .any(|word| word.contains("migrate") || word == "up" || word.contains("migration:run"));
                return migrates.then_some(Deed::Migrate);
            }
            "npx" | "pnpm" | "yarn" | "npm" | "bun" | "uv" | "poetry" | "bundle" | "python" | "python3" | "php" => {
                let migrates = self
                    .args()
                    .iter()
                    .filter_map(Word::literal)
                    .any(|word| word == "migrate" || word.starts_with("db:migrate") || word == "alembic");
                return migrates.then_some(Deed::Migrate);
            }
            "rm" | "unlink" | "shred" => Deed::Delete,
            "find" if self.has_arg("-delete") || (self.has_arg("-exec") && self.has_arg("rm")) => Deed::Delete,
            "echo" | "printf" | "logger" | "log" | "info" | "notify" => {
                let text = self
                    .args()
                    .iter()
                    .flat_map(|word| word.parts.iter().filter_map(text_of))
                    .collect::<Vec<_>>()
                    .join(" ");
                let text = text.to_ascii_lowercase();
                let doubts =
                    ["error", "fail", " not ", "need", "should", "when "].iter().any(|word| text.contains(word));
                let announces = !doubts
                    && ["complete", "done", "success", "finished", "saved", "created", " ok"]
                        .iter()
                        .any(|word| text.contains(word));
                return announces.then_some(Deed::Announce);
            }
            _ => return None,
        })
    }
}

fn starts_with(word: &Word, option: &str) -> bool {
    let Some(text) = word.parts.first().and_then(text_of) else { return false };
    if option.starts_with("--") {
        text == option || text.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
    } else {
        text.starts_with(option) && !text.starts_with("--")
    }
}

impl Script {
    /// The simple commands in `id`, itself included, called functions looked into, in the order of the text.
    pub fn commands_in(&self, id: NodeId) -> Vec<Command<'_>> {
        let mut found = Vec::new();
        let mut functions = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for command in self.within(id).filter_map(|id| self.command(id)) {
                let function = command.words().first().and_then(Word::literal).and_then(|name| self.function(&name));
                if let Some(function) = function.filter(|function| !functions.contains(&function.definition)) {
                    functions.push(function.definition);
                    open.push(function.body);
                }
                found.push(command);
            }
        }
        found
    }

    /// The nodes that stand in `id`, itself included.
    pub fn within(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        // A node stands right before everything that stands in it.
        let is_inside =
            move |other: &NodeId| *other == id || self.shell().ancestors(*other).any(|ancestor| ancestor == id);
        (id.0..self.shell().len() as u32).map(NodeId).take_while(is_inside)
    }

    /// Whether `b` can run after `a` has: it comes later and does not stand in another branch of the same choice.
    pub fn can_follow(&self, a: NodeId, b: NodeId) -> bool {
        self.is_reached(a) && self.is_reached(b) && self.stands_before(a, b)
    }

    /// As [`can_follow`](Self::can_follow), and also inside a function that only whoever reads this file calls.
    pub fn can_follow_in_function(&self, a: NodeId, b: NodeId) -> bool {
        let is_apart = !self.is_reached(a) && self.enclosing_function(a) == self.enclosing_function(b);
        self.can_follow(a, b) || is_apart && self.stands_before(a, b)
    }

    fn stands_before(&self, a: NodeId, b: NodeId) -> bool {
        if !self.runs_before(a, b) {
            return false;
        }
        let frames_a = self.frames(a);
        let frames_b = self.frames(b);
        let differ = frames_a.iter().zip(&frames_b).position(|(a, b)| a != b);
        let Some(differ) = differ else { return false };
        let (a, b) = (frames_a[differ], frames_b[differ]);
        let above_a: Vec<NodeId> = std::iter::once(a).chain(self.shell().ancestors(a)).collect();
        // Walks up from b to the first node above both, remembering the child on b's side.
        let mut child_b = b;
        for above in std::iter::once(b).chain(self.shell().ancestors(b)) {
            if let Some(at) = above_a.iter().position(|id| *id == above) {
                let Some(child_a) = at.checked_sub(1).map(|at| above_a[at]) else { return false };
                return match &self.node(above).kind {
                    NodeKind::Case(..) => false,
                    NodeKind::If(branches, _) => branches.iter().any(|branch| branch.condition == child_a),
                    _ => child_a != child_b,
                };
            }
            child_b = above;
        }
        false
    }

    /// The calls through which `id` is first reached, outermost first, and `id`.
    fn frames(&self, id: NodeId) -> Vec<NodeId> {
        let mut frames = vec![id];
        let mut at = id;
        while let Some(function) = self.enclosing_function(at) {
            let call =
                self.calls(function).iter().copied().filter(|call| self.is_reached(*call) && !frames.contains(call));
            let Some(call) = call.min_by_key(|call| self.flow.order(*call)) else { break };
            if frames.len() > 16 {
                break;
            }
            frames.push(call);
            at = call;
        }
        frames.reverse();
        frames
    }
}
