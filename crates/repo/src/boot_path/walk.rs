//! From the start of a container through the scripts and modules that it runs.

use super::code::{self, Modules};
use super::{Boot, BootScan, Start, Work, shell};
use crate::script::{Dialect, Host, Script};
use crate::{FileId, Place, Repo, Tree};
use rustc_hash::FxHashSet;

/// How many scripts call one another.
const DEEP: usize = 12;

/// What a container does before it answers.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Its whole-file work on volumes.
    pub(super) scans: Vec<BootScan>,
    /// The shell scripts of the repository that it runs, and what leads to each.
    pub(super) scripts: Vec<(FileId, Vec<Place>)>,
}

/// What a container does before it answers; without `modules` only what scripts do.
pub(super) fn walk(repo: &Repo, boot: &Boot<'_>, modules: Option<&mut Modules>) -> Walked {
    let out = Walked::default();
    let mut walk = Walk { repo, boot, scripts: FxHashSet::default(), modules, out };
    walk.all();
    walk.out
}

impl Walk<'_, '_> {
    fn all(&mut self) {
        let walk = self;
        for start in &walk.boot.starts {
            match start {
                Start::Words(words) => {
                    let Some(first) = words.first() else { continue };
                    let via = vec![first.place(twiceshy_source::Span::new(0, first.text().len()))];
                    if let Some(script) = script_word(words) {
                        walk.text(script, via);
                        continue;
                    }
                    let words: Vec<String> = words.iter().map(|word| word.text().to_owned()).collect();
                    walk.run(&words, &via);
                }
                Start::Script(text) => {
                    let via = vec![text.place(twiceshy_source::Span::new(0, text.text().len()))];
                    walk.text(text, via);
                }
            }
        }
    }
}

/// `sh -c SCRIPT`
fn script_word(words: &[twiceshy_source::Extract]) -> Option<&twiceshy_source::Extract> {
    let shell = words.iter().take(3).position(|word| Dialect::of_program(word.text()).is_some())?;
    let option = words.get(shell + 1).filter(|word| word.text().starts_with('-') && word.text().contains('c'));
    option.and_then(|_| words.get(shell + 2))
}

struct Walk<'w, 'r> {
    repo: &'r Repo,
    boot: &'w Boot<'r>,
    scripts: FxHashSet<FileId>,
    /// What is known about modules; `None`: nothing is read in code.
    modules: Option<&'w mut Modules>,
    out: Walked,
}

impl Walk<'_, '_> {
    fn text(&mut self, text: &twiceshy_source::Extract, via: Vec<Place>) {
        if let Some(script) = self.repo.shell_words(text).first() {
            self.script(script, &via);
        }
    }

    fn script(&mut self, script: &Script, via: &[Place]) {
        for command in script.commands() {
            if !script.is_reached(command.id) {
                continue;
            }
            if let Some((work, path)) = shell::work(self.boot, command) {
                if !shell::is_kept_away(self.boot, command, &path) {
                    self.add(work, command.words_place(), path, via);
                }
                continue;
            }
            let words: Option<Vec<String>> =
                command.local().words.iter().map(|word| Some(script.value(word).pattern())).collect();
            let Some(words) = words.filter(|words| self.leads_somewhere(words)) else { continue };
            if shell::is_kept_away(self.boot, command, "") {
                continue;
            }
            let mut deeper = via.to_vec();
            deeper.push(command.words_place());
            self.run(&words, &deeper);
        }
    }

    fn leads_somewhere(&self, words: &[String]) -> bool {
        target(words).is_some()
    }

    fn run(&mut self, words: &[String], via: &[Place]) {
        if via.len() > DEEP {
            return;
        }
        match target(words) {
            Some(Target::Path(path)) => {
                let Some(file) = self.repo.file_in(self.boot, &path) else { return };
                self.file(file, via);
            }
            Some(Target::Module(name)) => {
                if let Some(file) = self.repo.python_in(self.boot, &name) {
                    self.file(file, via);
                }
            }
            Some(Target::PackageScript(name)) => {
                let dir = self.boot.build.as_ref().map(|build| build.dir.clone()).unwrap_or_default();
                let package = Tree::join(&dir, "package.json").and_then(|path| self.repo.tree.file(&path));
                let package =
                    package.and_then(|file| self.repo.node_packages.iter().find(|package| package.file == file));
                for name in [format!("pre{name}"), name] {
                    if let Some(script) = package.and_then(|package| package.script(&name)) {
                        let mut deeper = via.to_vec();
                        deeper.push(script.place);
                        self.text(&script.command, deeper);
                    }
                }
            }
            None => {}
        }
    }

    fn file(&mut self, file: FileId, via: &[Place]) {
        let repo = self.repo;
        let script = repo.scripts.iter().find(|script| script.file == file && script.host == Host::File);
        if let Some(script) = script {
            if self.scripts.insert(file) {
                self.out.scripts.push((file, via.to_vec()));
                self.script(script, via);
            }
            return;
        }
        let Some(modules) = &mut self.modules else { return };
        let scans = code::started(repo, file, modules);
        for (scan, mut calls) in scans {
            let mut all = via.to_vec();
            all.append(&mut calls);
            let path = if scan.path.is_empty() { "…".to_owned() } else { scan.path };
            self.add(scan.work, scan.place, path, &all);
        }
    }

    fn add(&mut self, work: Work, place: Place, path: String, via: &[Place]) {
        let whole = if path.starts_with(['/', '…']) {
            path
        } else {
            format!("{}/{}", super::files::workdir(self.boot).trim_end_matches('/'), path.trim_start_matches("./"))
        };
        if let Some(volume) = self.boot.volume_of(&whole) {
            let via = via.to_vec();
            self.out.scans.push(BootScan {
                work,
                place,
                path: whole,
                via,
                volume,
                deadline: self.boot.deadline.clone(),
            });
        }
    }
}

/// What a command line runs that the repository may hold.
enum Target {
    /// A file of the container.
    Path(String),
    /// A Python module.
    Module(String),
    /// A script of the `package.json`.
    PackageScript(String),
}

/// Programs that run the program after them, and the options that take a value.
const WRAPPERS: [&str; 16] = [
    "tini",
    "dumb-init",
    "gosu",
    "su-exec",
    "exec",
    "env",
    "poetry",
    "uv",
    "pipenv",
    "pdm",
    "run",
    "nice",
    "catatonit",
    "doppler",
    "infisical",
    "opentelemetry-instrument",
];

fn target(words: &[String]) -> Option<Target> {
    let mut words = words;
    while let Some(first) = words.first() {
        let name = Tree::name(first);
        let is_option = first.starts_with('-') || first.contains('=');
        if !WRAPPERS.contains(&name) && !is_option {
            break;
        }
        // `gosu USER program`
        let skip = if matches!(name, "gosu" | "su-exec") { 2 } else { 1 };
        words = words.get(skip..)?;
    }
    let (first, args) = words.split_first()?;
    let operand = || args.iter().find(|word| !word.starts_with('-')).cloned();
    let application = || {
        args.iter()
            .find(|word| !word.starts_with('-') && word.contains(':') && !word.contains('/'))
            .map(|word| Target::Module(word.split(':').next().unwrap_or_default().to_owned()))
    };
    match Tree::name(first) {
        "sh" | "bash" | "ash" | "dash" | "source" | "." => operand().map(Target::Path),
        name if name.starts_with("python") => {
            if let Some(at) = args.iter().position(|word| word == "-m") {
                let module = args.get(at + 1)?;
                if matches!(module.as_str(), "uvicorn" | "gunicorn" | "hypercorn") {
                    return application();
                }
                return Some(Target::Module(module.clone()));
            }
            operand().map(Target::Path)
        }
        "uvicorn" | "gunicorn" | "hypercorn" | "granian" | "daphne" => application(),
        "node" | "tsx" | "ts-node" | "bun" | "deno" | "nodejs" => match args.first().map(String::as_str) {
            Some("run") => args.get(1).cloned().map(Target::PackageScript).filter(|_| Tree::name(first) == "bun"),
            _ => operand().map(Target::Path),
        },
        "npm" | "pnpm" | "yarn" => {
            let verb = args.iter().find(|word| !word.starts_with('-'))?;
            match verb.as_str() {
                "run" => {
                    let at = args.iter().position(|word| word == "run")?;
                    args.get(at + 1).cloned().map(Target::PackageScript)
                }
                "start" => Some(Target::PackageScript("start".to_owned())),
                verb => (Tree::name(first) != "npm").then(|| Target::PackageScript(verb.to_owned())),
            }
        }
        "fastapi" | "flask" => None,
        name => {
            let is_path = first.contains('/') || [".sh", ".py", ".js", ".mjs"].iter().any(|end| name.ends_with(end));
            is_path.then(|| Target::Path(first.clone()))
        }
    }
}
