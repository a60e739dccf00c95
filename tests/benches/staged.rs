//! How long a commit hook takes for one staged file: the whole process, from its start to its end.
//!
//! `cargo bench -p twiceshy-tests --bench staged -- [DIR] [--runs N] [--max-ms MS]`: a clone of DIR (without one: of this repository)
//! in which one file of each kind after the other is changed and staged, and once a new one. With `--max-ms` it fails where the
//! middle run takes longer for one of them.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run should say where")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use twiceshy_repo::Kind;

fn main() -> ExitCode {
    let mut directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut runs, mut most) = (15, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = |next: Option<String>| next.and_then(|next| next.parse::<f64>().ok());
        match argument.as_str() {
            "--bench" => {}
            "--runs" => runs = number(arguments.next()).unwrap_or(15.0) as usize,
            "--max-ms" => most = number(arguments.next()),
            path => directory = PathBuf::from(path),
        }
    }
    let place = tempfile::tempdir().unwrap();
    let clone = place.path().join("clone");
    git(place.path(), &["clone", "--quiet", directory.canonicalize().unwrap().to_str().unwrap(), "clone"]);
    let mut is_late = false;
    for (kind, path) in one_of_each_kind(&clone) {
        let file = clone.join(&path);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, text + "\n").unwrap();
        git(&clone, &["add", "--force", &path]);
        let mut times: Vec<Duration> = (0..runs.max(1)).map(|_| once(&clone)).collect();
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!("{:6.1} ms least, {:6.1} middle, {:6.1} most: {kind}, {path}", at(0.0), at(0.5), at(1.0));
        is_late |= most.is_some_and(|most| at(0.5) > most);
        git(&clone, &["reset", "--quiet", "--hard"]);
    }
    if is_late { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The largest file of each kind, by the kind's name, and one that is not there yet.
fn one_of_each_kind(clone: &Path) -> BTreeMap<String, String> {
    let listed = git(clone, &["ls-files", "-z"]);
    let mut found: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let kind = Kind::of(path, || None).map_or("no kind".to_owned(), |kind| format!("{kind:?}"));
        let meta = std::fs::symlink_metadata(clone.join(path)).unwrap();
        let is_larger = found.get(&kind).is_none_or(|(size, _)| meta.len() > *size);
        if meta.is_file() && meta.len() < 1 << 20 && is_larger {
            let is_text = std::fs::read_to_string(clone.join(path)).is_ok();
            found.extend(is_text.then(|| (kind, (meta.len(), path.to_owned()))));
        }
    }
    let mut found: BTreeMap<String, String> = found.into_iter().map(|(kind, (_, path))| (kind, path)).collect();
    found.insert("a new file".to_owned(), "new.py".to_owned());
    found
}

fn git(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("git").args(args).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn once(clone: &Path) -> Duration {
    let started = Instant::now();
    let mut check = Command::new(env!("CARGO_BIN_EXE_twiceshy-under-test"));
    check.args(["check", "--staged", "--exit-zero", "--format", "json"]).current_dir(clone);
    assert!(check.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
    started.elapsed()
}
