//! A command that is about to run, in the repository that it would run in.
//!
//! It becomes a script of the repository like any other, so that whatever is asked about scripts is asked about it. Since
//! somebody waits for the answer, only those files are read that say what runs here and what it keeps, and the scripts that
//! the command names.

use crate::documents::{Lowered, Shelf};
use crate::repo::Kept;
use crate::script::{Command, Dialect, Host, NodeKind, Redirect, RedirectKind, Start, Word};
use crate::{Configuration, FileId, Input, Kind, Place, Repo, Script, Tree};
use std::sync::Arc;
use twiceshy_source::Extract;

/// A command in its repository.
#[derive(Debug)]
pub struct CommandLine {
    /// The repository, as far as it was read.
    pub repo: Repo,
    /// The file that the command stands in; no disk has it.
    pub file: FileId,
    /// Scripts of the repository that the command names, and Makefiles of which it makes something.
    named: Vec<FileId>,
    /// Targets of these Makefiles.
    targets: Vec<String>,
}

/// What the command's file is called. Nobody calls a file so.
const NAME: &str = "<command line>";

impl CommandLine {
    /// The command `text`, about to run in `directory` of the `tree`.
    pub fn new(tree: &Tree, directory: &str, text: &str) -> Self {
        let (tree, file) = tree.with_text(NAME, text);
        let host = Host::CommandLine { directory: directory.to_owned() };
        let scripts = Script::new(Extract::verbatim(file, 0, text), host, Start::plain(Dialect::Bash));
        let configuration = Arc::new(Configuration::of(&tree));
        let (named, targets) = named(&tree, directory, &scripts);
        let mut lowered = Lowered { scripts, ..Lowered::default() };
        if let Ok(source) = tree.source(file) {
            // Not the comments that speak to us: who runs a command has no say in how it is judged.
            crate::secret::lower(Input { tree: &tree, file, source: &source, about: crate::Kinds::ALL }, &mut lowered);
        }
        let mut shelf = Shelf::default();
        shelf.add(lowered);
        let matters = |file: &FileId| {
            matches!(Kind::of(tree.path(*file), || None), Some(Kind::Compose | Kind::Env | Kind::Dockerfile))
                || named.contains(file)
        };
        let files = tree.files().filter(matters).collect();
        let repo = Repo::gathered(tree, configuration, files, Kept { shelf, ..Kept::default() });
        Self { repo, file, named, targets }
    }

    /// Where the command changes to before all else, if that is an absolute path: `cd /srv/app && …`.
    pub fn starts_in(text: &str) -> Option<String> {
        let host = Host::CommandLine { directory: String::new() };
        let script = Script::alone(Extract::verbatim(FileId(0), 0, text), host, Start::plain(Dialect::Bash));
        let first = script.commands().next()?;
        let to = first.args().last().filter(|_| first.words().first().is_some_and(|word| word.is("cd")))?;
        script.value(to).known().filter(|path| path.starts_with('/'))
    }

    /// Whether a command does nothing but look at things: whatever stands in a repository, it is judged alike.
    pub fn only_looks(text: &str) -> bool {
        // What is run for its output may be anything.
        if ["$(", "`", "<(", ">("].iter().any(|word| text.contains(word)) {
            return false;
        }
        let host = Host::CommandLine { directory: String::new() };
        let scripts = Script::new(Extract::verbatim(FileId(0), 0, text), host, Start::plain(Dialect::Bash));
        let [script] = scripts.as_slice() else { return false };
        let shell = script.shell();
        // A function may be called like a program; what has no words assigns, or empties a file.
        let does_more = |id| match &shell.node(id).kind {
            NodeKind::Function(..) => true,
            NodeKind::Simple(simple) => simple.words.is_empty(),
            _ => false,
        };
        let is_sound = shell.damaged.is_empty() && !shell.given_up && !shell.ids().any(does_more);
        is_sound && script.commands().all(looks)
    }

    /// The command, and the scripts inside it.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.repo.scripts.iter().filter(|script| script.file == self.file)
    }

    /// Whether what stands at a place runs when the command does: it is the command, or in what it names.
    pub fn runs(&self, place: Place) -> bool {
        if place.file == self.file {
            return true;
        }
        let mut scripts = self.repo.scripts.iter().filter(|script| script.file == place.file);
        self.named.contains(&place.file)
            && scripts.any(|script| match script.host.outermost() {
                Host::File => true,
                Host::Recipe { target } => {
                    self.targets.contains(target) && {
                        let whole = script.place(twiceshy_source::Span::new(0, script.text().len()));
                        whole.start <= place.start && place.end <= whole.end
                    }
                }
                _ => false,
            })
    }

    /// Whether all of it was understood.
    pub fn is_understood(&self) -> bool {
        let is_sound = |script: &Script| script.shell().damaged.is_empty() && !script.shell().given_up;
        self.scripts().all(|script| is_sound(script) && self.repo.run_of(script).is_some())
    }
}

/// Programs that change nothing and run no other one, whatever they are told.
const LOOKS: &[&str] = &[
    "basename", "cat", "cd", "cmp", "cut", "df", "diff", "dirname", "du", "echo", "egrep", "false", "free", "grep",
    "head", "id", "jq", "ls", "nl", "nproc", "ps", "pwd", "readlink", "realpath", "sleep", "stat", "tac", "tail",
    "test", "tr", "true", "type", "uname", "uptime", "wc", "whereis", "which", "whoami",
];
/// What git is told that changes nothing, but for options that write a file or run a program; none of it runs a hook.
const GIT_LOOKS: &[&str] = &["blame", "diff", "log", "ls-files", "rev-parse", "show", "status"];

/// Whether a command is one of those, and writes no file.
fn looks(command: Command<'_>) -> bool {
    let writes = |redirect: &Redirect| match redirect.kind {
        RedirectKind::Read | RedirectKind::Duplicate | RedirectKind::HereString => false,
        _ => !redirect.target.is("/dev/null"),
    };
    if command.redirects().iter().any(writes) {
        return false;
    }
    let mut words = command.words().iter();
    let Some(name) = words.next().and_then(Word::literal) else { return false };
    match &*name {
        "git" => {
            let is_look = words.next().is_some_and(|verb| GIT_LOOKS.iter().any(|looks| verb.is(looks)));
            // `--output`, `--ext-diff`, and what git takes for them.
            let does_more =
                |word: &Word| word.literal().is_none_or(|word| word.starts_with("--ou") || word.starts_with("--ext"));
            is_look && !words.any(does_more)
        }
        name => LOOKS.contains(&name),
    }
}

impl Repo {
    /// Whether a file is a command that is about to run.
    pub fn is_command_line(&self, file: FileId) -> bool {
        self.tree.path(file) == NAME
    }
}

/// The scripts of the repository that the words of a command name, its Makefiles, and the targets that it makes.
fn named(tree: &Tree, directory: &str, scripts: &[Script]) -> (Vec<FileId>, Vec<String>) {
    let mut files = Vec::new();
    let mut targets = Vec::new();
    let mut add = |path: Option<String>, wanted: Kind| {
        let Some(file) = path.and_then(|path| tree.resolve(&path)).filter(|file| !files.contains(file)) else { return };
        if Kind::in_tree(tree, file) == Some(wanted) {
            files.push(file);
        }
    };
    let mut directories = vec![directory.to_owned()];
    for command in scripts.iter().flat_map(Script::commands) {
        for invocation in command.chain() {
            let name = invocation.name();
            if let (Some("cd" | "pushd"), Some(to)) = (name.as_deref(), invocation.args().last()) {
                let to = command.script.value(to).known();
                let next = to.and_then(|to| tree.inside(&to).or_else(|| Tree::join(directories.last()?, &to)));
                directories.extend(next);
                continue;
            }
            if matches!(name.as_deref(), Some("make" | "gmake")) {
                let args = invocation.args();
                for dir in &directories {
                    for name in ["GNUmakefile", "makefile", "Makefile"] {
                        add(Tree::join(dir, name), Kind::Makefile);
                    }
                }
                for (at, word) in args.iter().enumerate() {
                    let Some(text) = word.literal() else { continue };
                    let before = at.checked_sub(1).and_then(|before| args[before].literal());
                    if before.as_deref() == Some("-C") {
                        add(Tree::join(directory, &format!("{text}/Makefile")), Kind::Makefile);
                    } else if before.as_deref() == Some("-f") {
                        add(Tree::join(directory, &text), Kind::Makefile);
                    } else if !text.starts_with('-') && !text.contains('=') {
                        targets.push(text.into_owned());
                    }
                }
            }
        }
        for text in run_files(command) {
            if text.starts_with('/') {
                add(tree.inside(&text), Kind::Shell);
            } else {
                for dir in &directories {
                    add(Tree::join(dir, &text), Kind::Shell);
                }
            }
        }
    }
    (files, targets)
}

/// The files that a command runs as scripts: `bash a.sh`, `./a.sh`, `. a.sh`, `bash < a.sh`, `cat a.sh | ssh host bash`.
fn run_files(command: Command<'_>) -> Vec<String> {
    let known = |word: &Word| command.script.value(word).known();
    let mut files = Vec::new();
    for invocation in command.chain() {
        let Some(name) = invocation.name() else { continue };
        let args = invocation.args();
        if let Some(program) = invocation.words.first().and_then(known).filter(|program| program.contains('/')) {
            files.push(program);
        }
        if matches!(&*name, "." | "source") {
            files.extend(args.first().and_then(known));
        }
        if Dialect::of_program(&name).is_none() {
            continue;
        }
        let is_option = |word: &&Word| word.literal().is_some_and(|text| text.starts_with('-'));
        let options: Vec<_> = args.iter().take_while(is_option).filter_map(Word::literal).collect();
        // `bash -n` reads and runs nothing.
        if options.iter().any(|option| !option.starts_with("--") && option.contains('n')) {
            continue;
        }
        files.extend(args.get(options.len()).and_then(known));
        let reads = command.redirects().iter().filter(|redirect| matches!(redirect.kind, RedirectKind::Read));
        files.extend(reads.filter_map(|redirect| known(&redirect.target)));
        let before = command.script.stage_before(command.id).and_then(|before| command.script.command(before));
        let cat = before.filter(|before| before.name().is_some_and(|name| name == "cat"));
        files.extend(cat.into_iter().flat_map(|cat| cat.args()).filter_map(known));
    }
    files.retain(|file| file.len() < 1024);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_is_told_from_what_may_do_more() {
        for text in [
            "ls -la",
            "cd api && git status --short",
            "cat compose.yml | grep -n image 2>/dev/null | head -5",
            "git log --oneline -5; git diff HEAD~1",
            "for f in *.md; do wc -l \"$f\"; done",
            "[ -f .env ] || echo missing >&2",
        ] {
            assert!(CommandLine::only_looks(text), "{text}");
        }
        for text in [
            "ls && rm -rf data",
            "echo $(rm -rf data)",
            "echo `docker compose down -v`",
            "cat <(rm -rf data)",
            "echo reset > data/state",
            "cat dump.sql | docker compose exec -T db psql",
            "ls() { rm -rf data; }; ls",
            "$RUN ls",
            "env ls",
            "git clean -fdx",
            "git diff --output=compose.yml",
            "git log $OPTIONS",
            "git -C /srv/app status",
            "git commit -m x",
            "ls 'unfinished",
            "bash -c 'ls'",
            "DATA=/srv",
            "> data/state",
        ] {
            assert!(!CommandLine::only_looks(text), "{text}");
        }
    }
}
