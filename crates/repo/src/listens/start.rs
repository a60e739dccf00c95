//! What runs in a container: the command lines that it starts with, scripts of the repository followed.

use crate::compose::{Form, script_of};
use crate::dockerfile::Command;
use crate::script::{PartKind, Piece, Script};
use crate::{BuildContext, Place, Repo, Service, Stage};
use rustc_hash::FxHashSet;
use twiceshy_source::{Extract, FileId, Span, Tree};

/// A command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub words: Vec<Word>,
}

/// A word of a command line.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// What it says, where that is known.
    pub text: Option<String>,
    pub place: Place,
}

/// What runs in a container.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    /// Its command lines.
    pub lines: Vec<Line>,
    /// The files of the repository that they run.
    pub files: Vec<FileId>,
    /// Whether something runs that cannot be read: a program or script that is not in the repository and not known.
    pub runs_unseen: bool,
}

/// How deep scripts run scripts.
const DEPTH: usize = 4;

/// A command as Compose or a Dockerfile gives it.
enum Given {
    Words(Vec<Extract>),
    Shell(Extract),
}

pub(super) fn starts(
    service: Option<&Service>,
    built: Option<(&BuildContext<'_>, &Stage)>,
    env: &[(String, String, Place)],
    repo: &Repo,
) -> Starts {
    let own_entrypoint = service.and_then(|service| service.entrypoint.as_ref());
    let own_command = service.and_then(|service| service.command.as_ref());
    let (image_entrypoint, image_cmd) = built.map(|(build, stage)| build.dockerfile.starts(stage)).unwrap_or_default();
    let entrypoint = own_entrypoint.map(of_compose).or_else(|| image_entrypoint.map(of_dockerfile));
    // An entrypoint of one's own takes the image's command away.
    let cmd = own_command.map(of_compose).or_else(|| image_cmd.filter(|_| own_entrypoint.is_none()).map(of_dockerfile));
    let mut reader = Reader {
        repo,
        dir: built.map(|(build, _)| build.dir.as_str()),
        env,
        out: Starts::default(),
        seen: FxHashSet::default(),
    };
    match (entrypoint, cmd) {
        (Some(Given::Words(mut words)), Some(Given::Words(cmd))) => {
            if script_of(&words).is_none() && script_of(&cmd).is_none() {
                let joined: Vec<_> = words.iter().chain(&cmd).cloned().collect();
                reader.words(&joined, 0);
            } else {
                reader.words(&words, 0);
            }
            // `["docker-entrypoint.sh"]` and `["uvicorn", …]`: the second is run by the first.
            words.clear();
            reader.words(&cmd, 0);
        }
        (entrypoint, cmd) => {
            for given in [entrypoint, cmd].into_iter().flatten() {
                match given {
                    Given::Words(words) => reader.words(&words, 0),
                    Given::Shell(text) => reader.script(&text, 0),
                }
            }
        }
    }
    reader.out
}

fn of_compose(command: &crate::compose::Command) -> Given {
    match &command.form {
        Form::Line(_) | Form::Words(_) => Given::Words(command.argv()),
    }
}

fn of_dockerfile(command: &Command) -> Given {
    match command {
        Command::Exec(words) => Given::Words(words.clone()),
        Command::Shell(text) => Given::Shell(text.clone()),
    }
}

struct Reader<'a> {
    repo: &'a Repo,
    dir: Option<&'a str>,
    env: &'a [(String, String, Place)],
    out: Starts,
    seen: FxHashSet<FileId>,
}

impl Reader<'_> {
    fn words(&mut self, words: &[Extract], depth: usize) {
        if let Some(script) = script_of(words) {
            return self.script(script, depth);
        }
        let word = |word: &Extract| Word {
            text: Some(word.text().to_owned()).filter(|text| !text.contains('$')),
            place: word.place(Span::new(0, word.text().len())),
        };
        self.line(Line { words: words.iter().map(word).collect() }, depth);
    }

    fn script(&mut self, text: &Extract, depth: usize) {
        for script in &*self.repo.shell_words(text) {
            self.commands(script, depth);
        }
    }

    fn commands(&mut self, script: &Script, depth: usize) {
        for command in script.commands() {
            let invocation = command.innermost();
            let words = invocation
                .words
                .iter()
                .map(|word| Word { text: self.value(script, word), place: script.place(word.span) });
            let line = Line { words: words.collect() };
            self.line(line, depth);
        }
    }

    /// What a word of a script says: its own variables, then the container's.
    fn value(&self, script: &Script, word: &crate::script::Word) -> Option<String> {
        let mut text = String::new();
        for piece in script.value(word).pieces {
            match piece {
                Piece::Known(known) => text.push_str(&known),
                Piece::Default(default) => {
                    let name = word.parts.iter().find_map(|part| match &part.kind {
                        PartKind::Variable(variable) => Some(&*variable.name),
                        _ => None,
                    });
                    text.push_str(name.and_then(|name| self.variable(name)).unwrap_or(&default));
                }
                Piece::Unknown(name) => text.push_str(self.variable(&name?)?),
            }
        }
        Some(text)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let (_, value, _) = self.env.iter().find(|(known, ..)| known == name)?;
        (!value.contains('$')).then_some(value)
    }

    fn line(&mut self, line: Line, depth: usize) {
        if depth < DEPTH && self.out.lines.len() < 2_000 {
            self.follow(&line, depth);
        }
        self.out.lines.push(line);
    }

    /// Reads the scripts that a line runs.
    fn follow(&mut self, line: &Line, depth: usize) {
        let Some(dir) = self.dir else {
            self.out.runs_unseen = true;
            return;
        };
        if let Some(name) = package_script(line) {
            let path = Tree::join(dir, "package.json");
            let file = path.and_then(|path| self.repo.tree.file(&path));
            let package = file.and_then(|file| self.repo.node_packages.of(file));
            match package.and_then(|package| package.script(name)) {
                Some(script) => self.script(&script.command.clone(), depth + 1),
                None => self.out.runs_unseen = true,
            }
            return;
        }
        let names = line.words.iter().take(6).filter_map(|word| word.text.as_deref()).map(Tree::name);
        let scripts: Vec<&str> = names
            .filter(|name| name.ends_with(".sh") || name.contains("entrypoint") || name.starts_with("start"))
            .collect();
        for name in scripts {
            let mut files = self.repo.tree.below(dir).filter(|file| Tree::name(self.repo.tree.path(*file)) == name);
            match (files.next(), files.next()) {
                (Some(file), None) => self.file(file, depth),
                _ => self.out.runs_unseen = true,
            }
        }
    }

    fn file(&mut self, file: FileId, depth: usize) {
        if !self.seen.insert(file) {
            return;
        }
        self.out.files.push(file);
        let repo = self.repo;
        for script in repo.scripts.iter().filter(|script| script.file == file) {
            self.commands(script, depth + 1);
        }
    }
}

/// The script of a package that `npm start`, `pnpm run dev`, `yarn serve` run.
pub(super) fn package_script(line: &Line) -> Option<&str> {
    let mut words = line.words.iter().map(|word| word.text.as_deref().unwrap_or_default());
    let program = Tree::name(words.next()?);
    if !matches!(program, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let mut words = words.filter(|word| !word.starts_with('-'));
    match words.next()? {
        "run" | "run-script" => words.next(),
        verb @ ("start" | "dev" | "serve" | "preview" | "develop") => Some(verb),
        _ => None,
    }
}
