//! Reads test data: pages whose fenced blocks are files, and directories that are small repositories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use twiceshy_lint::{Check, Choice, Diagnostic, Entry, Kinds, Report};
use twiceshy_repo::{Place, Repo, Tree};
use twiceshy_source::{Edit, FileId};

/// The top of this repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files by path.
pub type Files = BTreeMap<String, String>;

/// One section of a page: the files in it form one repository.
#[derive(Debug, Default)]
pub struct Case {
    /// The page and the heading.
    pub title: String,
    pub files: Files,
    pub marks: Vec<Mark>,
    /// `diff` blocks by path: the added and removed lines.
    pub diffs: BTreeMap<String, Vec<String>>,
}

/// `^^^^ text` (a finding) or `~~~~ text` (a place related to one) under a line of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    pub path: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    pub width: u32,
    pub text: String,
    pub is_related: bool,
}

/// The sections of a page that hold files.
pub fn cases(page: &str, text: &str) -> Vec<Case> {
    let mut cases = vec![Case::default()];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        if hashes > 0 && line[hashes..].starts_with(' ') {
            cases.push(Case { title: format!("{page}: {}", line[hashes..].trim()), ..Case::default() });
            continue;
        }
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        if ticks < 3 {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|line| line.trim_end() != "`".repeat(ticks)).collect();
        let case = cases.last_mut().unwrap();
        let mut info = line[ticks..].split_whitespace();
        match (info.next(), info.next()) {
            (Some("diff"), Some(path)) => {
                let changed = body.iter().filter(|line| line.starts_with(['+', '-']));
                case.diffs.insert(path.to_owned(), changed.map(|line| (*line).to_owned()).collect());
            }
            (Some(_), Some(path)) => case.add_file(path, &body),
            _ => {}
        }
    }
    cases.retain(|case| !case.files.is_empty());
    cases
}

impl Case {
    fn add_file(&mut self, path: &str, body: &[&str]) {
        let mut text = String::new();
        let mut line_number = 0;
        for line in body {
            match mark(line) {
                Some((column, width, is_related, message)) => self.marks.push(Mark {
                    path: path.to_owned(),
                    line: line_number,
                    column,
                    width,
                    text: message.to_owned(),
                    is_related,
                }),
                None => {
                    line_number += 1;
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        assert!(self.files.insert(path.to_owned(), text).is_none(), "{}: {path} stands there twice", self.title);
    }
}

/// Column, width, whether it marks a related place, and text of a mark line.
fn mark(line: &str) -> Option<(u32, u32, bool, &str)> {
    let marks = line.trim_start();
    let first = marks.chars().next().filter(|first| "^~".contains(*first))?;
    let rest = marks.trim_start_matches(first);
    let width = marks.len() - rest.len();
    let text = rest.strip_prefix(' ')?.trim();
    if text.is_empty() || (first == '~' && width < 2) {
        return None;
    }
    let column = line.chars().take_while(|letter| letter.is_whitespace()).count();
    Some((column as u32 + 1, width as u32, first == '~', text))
}

/// The files below a directory, whatever its ignore files say.
pub fn read_dir(dir: &Path) -> Files {
    let mut files = Files::new();
    let mut directories = vec![dir.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().replace('\\', "/");
                let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                files.insert(name, text);
            }
        }
    }
    files
}

/// Links files in memory, on threads with the stack that lowering wants.
pub fn repo(files: &Files) -> Repo {
    repo_about(files, Kinds::ALL)
}

/// The same for those who read these kinds of files.
pub fn repo_about(files: &Files, kinds: Kinds) -> Repo {
    let tree = Tree::memory(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    pool().install(|| Repo::about(tree, kinds))
}

/// Runs something on threads with the stack that lowering wants.
pub fn on_threads<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    pool().install(run)
}

fn pool() -> &'static rayon::ThreadPool {
    static POOL: std::sync::OnceLock<rayon::ThreadPool> = std::sync::OnceLock::new();
    POOL.get_or_init(|| {
        rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(twiceshy_repo::STACK).build().unwrap()
    })
}

/// Runs one lint, pedantic findings included.
pub fn report_of(repo: &Repo, lint: &Entry) -> Report {
    static ALL: std::sync::LazyLock<Vec<Entry>> = std::sync::LazyLock::new(twiceshy_lints::all);
    let choice = Choice { select: Some(vec![lint.name.clone()]), ..Choice::default() };
    // A lint about comments asks the lints that they name.
    let report = pool().install(|| Report::of(repo, &ALL, &choice));
    assert_eq!(report.failures, [], "{} panicked", lint.name);
    report
}

/// Runs all lints as a user gets them without options.
pub fn report(repo: &Repo) -> Report {
    let report = pool().install(|| Report::of(repo, &twiceshy_lints::all(), &Choice::default()));
    assert_eq!(report.failures, []);
    report
}

/// Runs all lints, pedantic ones too.
pub fn pedantic_report(repo: &Repo) -> Report {
    let choice = Choice { pedantic: true, ..Choice::default() };
    let report = pool().install(|| Report::of(repo, &twiceshy_lints::all(), &choice));
    assert_eq!(report.failures, []);
    report
}

/// What a file's own lints find in it, and what is found in it once all have run; `None` where all are its own.
pub fn first_and_all(repo: &Repo, file: FileId) -> Option<(String, String)> {
    let choice = Choice { pedantic: true, ..Choice::default() };
    let lints = twiceshy_lints::all();
    let mut check = Check::new(repo, &lints, &choice);
    pool().install(|| {
        let first = check.run_for(file)?;
        check.run(|| true);
        let mut all = check.report();
        all.diagnostics.retain(|diagnostic| diagnostic.place.file == file);
        assert_eq!(all.failures, []);
        let prints = |report: &Report| -> Vec<String> {
            report.diagnostics.iter().map(|diagnostic| diagnostic.fingerprint.clone()).collect()
        };
        let said = |report: &Report| format!("{}{:?}", plain(repo, &report.diagnostics), prints(report));
        Some((said(&first), said(&all)))
    })
}

/// Where a place stands: path, line, column, and the width on its first line, in characters.
pub fn spot(repo: &Repo, place: Place) -> (String, u32, u32, u32) {
    let source = repo.tree.source(place.file).unwrap();
    let start = source.position(place.start);
    let line_end = source.line_span(start.line - 1).end;
    let end = source.position(place.end.min(line_end));
    let width = if end.line == start.line { end.column.saturating_sub(start.column) } else { 0 };
    (repo.tree.path(place.file).to_owned(), start.line, start.column, width)
}

/// A report as plain text, for snapshots and failed tests.
pub fn plain(repo: &Repo, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    let at = |place| {
        let (path, line, column, _) = spot(repo, place);
        format!("{path}:{line}:{column}")
    };
    for diagnostic in diagnostics {
        let (level, lint) = (diagnostic.level.name(), &diagnostic.lint);
        let _ = writeln!(text, "{}: {level}[{lint}] {}", at(diagnostic.place), diagnostic.message);
        if !diagnostic.label.is_empty() {
            let _ = writeln!(text, "    here: {}", diagnostic.label);
        }
        for related in &diagnostic.related {
            let _ = writeln!(text, "    {}: {}", at(related.place), related.message);
        }
        for note in &diagnostic.notes {
            let _ = writeln!(text, "    = {note}");
        }
        for fix in &diagnostic.fixes {
            let _ = writeln!(text, "    {:?}: {}", fix.safety, fix.title);
        }
    }
    text
}

/// The files with edits applied.
pub fn apply(repo: &Repo, files: &Files, edits: &[Edit]) -> Files {
    let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(edit.place.file).or_default().push(edit.clone());
    }
    let mut files = files.clone();
    for (file, edits) in by_file {
        let path = repo.tree.path(file);
        let text = twiceshy_source::apply(&files[path], &edits).unwrap_or_else(|_| panic!("{path}: edits overlap"));
        files.insert(path.to_owned(), text);
    }
    files
}
