//! Logs that a process appends to for as long as it runs, and that nothing cuts.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Growth, LogFile, Repo, Tree};

/// Logs that a process appends to for as long as it runs, and that nothing cuts.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UnboundedLog {}

impl Lint for UnboundedLog {
    type Subject = Repo;
    const META: Meta = meta!(Warn, DiskFull, Node | Python | Rust | scripts);

    fn check(&self, _: &Repo, repo: &Repo, found: &mut Findings) {
        let looped = repo.looped_logs();
        let all = repo.log_files.iter().chain(&looped);
        for log in all.filter(|log| log.is_repeated && !ends_soon(repo.tree.path(log.file))) {
            match log.growth {
                growth if growth.keeps_everything() => never_rotated(log, found),
                _ => appended(log, repo, found),
            }
        }
    }
}

/// Whether the module at `path` belongs to something that ends by itself: a script, a test, a tool.
fn ends_soon(path: &str) -> bool {
    const PLACES: [&str; 32] = [
        "script",
        "scripts",
        "tool",
        "tools",
        "bin",
        "cli",
        "test",
        "tests",
        "__tests__",
        "testing",
        "spec",
        "specs",
        "e2e",
        "bench",
        "benchmark",
        "benchmarks",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "docs",
        "template",
        "templates",
        "fixtures",
        "migrations",
        "alembic",
        "seeds",
        "notebooks",
        "playground",
        "evals",
        "evaluation",
    ];
    let lower = path.to_ascii_lowercase();
    let name = Tree::name(&lower);
    let stem = name.split('.').next().unwrap_or_default();
    Tree::parent(&lower).split('/').any(|part| PLACES.contains(&part))
        || [".test.", ".spec.", ".config.", "_test.", "conftest"].iter().any(|mark| name.contains(mark))
        || stem.starts_with("test_")
        || matches!(stem, "cli" | "build" | "setup" | "install" | "seed" | "migrate")
}

fn called(log: &LogFile) -> String {
    if log.path.is_empty() { "this log".to_owned() } else { format!("`{}`", log.path) }
}

/// Python's own handlers: what their defaults mean needs no other evidence.
fn never_rotated(log: &LogFile, found: &mut Findings) {
    let name = called(log);
    let (message, label, title) = match log.growth {
        Growth::NoMaxBytes => (
            format!("{name} grows until the disk is full: a RotatingFileHandler without `maxBytes` never rotates"),
            "`maxBytes` is 0 here, which means: never",
            "Rotate at 10 MB and keep 5 files",
        ),
        Growth::NoBackupCount => (
            format!(
                "{name} grows past `maxBytes` until the disk is full: without `backupCount` there is no file to rotate to"
            ),
            "`backupCount` is 0 here, which means: never rotate",
            "Keep 5 files",
        ),
        _ => (
            format!("every file that {name} is rotated to stays until the disk is full"),
            "`backupCount` is 0 here, which means: keep all",
            "Keep a fixed number of files",
        ),
    };
    found.at(log.place, message).label(label).suggest(title, log.bound.clone());
}

/// Appending is a failure only where the process goes on and on, and nothing else shortens the file.
fn appended(log: &LogFile, repo: &Repo, found: &mut Findings) {
    let Some(running) = repo.runs_on(log) else { return };
    if repo.is_rotated(&log.path) {
        return;
    }
    let name = called(log);
    let (message, advice) = match log.growth {
        Growth::Handler | Growth::BasicConfig => {
            let cause = match log.growth {
                Growth::BasicConfig => "`basicConfig(filename=…)` makes a FileHandler, which never rotates",
                _ => "a FileHandler never rotates",
            };
            (
                format!("{name} grows until the disk is full: {cause}, and nothing in this repository cuts the file"),
                "use RotatingFileHandler with maxBytes and backupCount, or log to stdout and let the container's logging limit it",
            )
        }
        Growth::Stream => (
            format!(
                "{name} grows until the disk is full: this stream appends to it for as long as the process runs, and nothing in this repository cuts it"
            ),
            "use a stream that rotates (the package rotating-file-stream), add a logrotate entry with copytruncate, or write to stdout and let the container's logging limit it",
        ),
        _ => (
            format!(
                "{name} grows until the disk is full: it is appended to for as long as the process runs, and nothing in this repository cuts it"
            ),
            "rename it at a size and open a new one, add a logrotate entry, or write to stdout and let the container's logging limit it",
        ),
    };
    found
        .at(log.place, message)
        .label("appends, and never looks at the size")
        .related(running.place, running.what)
        .note(advice);
}
