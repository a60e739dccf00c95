//! `--fix`, killed at any moment: every file is as it was or as it should be, and nothing else is left behind.

use crate::dice::Dice;
use crate::program::{Run, command, copy_program, finish, twiceshy};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many files are fixed in one run.
const FILES: usize = 16;
/// How many runs are killed.
const KILLS: usize = 200;

/// A Dockerfile with a finding that has a safe fix, and enough behind it that writing takes a moment.
fn sick() -> String {
    let check = "FROM python:3.12-alpine\nCOPY app.py .\nHEALTHCHECK CMD wget -q --spider http://localhost:8000/health || exit 1\n";
    format!(
        "{check}CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n{}",
        "# a line that says nothing\n".repeat(400)
    )
}

fn mended() -> String {
    sick().replace("localhost", "127.0.0.1")
}

fn dockerfiles(root: &Path) -> Vec<PathBuf> {
    (0..FILES).map(|n| root.join(format!("s{n}/Dockerfile"))).collect()
}

fn git(root: &Path, args: &[&str]) -> String {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        git.env_remove(name);
    }
    let run = finish({
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(args).current_dir(root);
        git
    });
    assert_eq!(run.code, 0, "{args:?}: {}", run.err);
    run.out
}

/// A repository with that many Dockerfiles to be fixed; one of them has unusual permissions.
fn repository() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for path in dockerfiles(directory.path()) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, sick()).unwrap();
        std::fs::write(path.with_file_name("app.py"), "app = None\n").unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let odd = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(directory.path().join("s3/Dockerfile"), odd).unwrap();
    }
    git(directory.path(), &["init", "-q"]);
    git(directory.path(), &["add", "-A"]);
    git(directory.path(), &["commit", "-qm", "sick"]);
    directory
}

/// How many files are fixed; fails if one is neither as it was nor as it should be.
fn fixed(root: &Path) -> usize {
    let (sick, mended) = (sick(), mended());
    let is_fixed = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text == sick || text == mended, "{}: neither as before nor fixed: {text:.200}", path.display());
        text == mended
    };
    dockerfiles(root).into_iter().filter(|path| is_fixed(path.clone())).count()
}

fn fix(root: &Path) -> Command {
    let mut fix = command(root, &["check", "--fix", "--exit-zero", "--jobs", "1", "--select", "localhost-healthcheck"]);
    fix.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    fix
}

#[test]
fn a_run_that_is_killed_leaves_every_file_as_it_was_or_fixed() {
    let whole = {
        let repository = repository();
        let started = Instant::now();
        assert!(fix(repository.path()).status().unwrap().success());
        assert_eq!(fixed(repository.path()), FILES);
        started.elapsed()
    };
    let workers = 4;
    let halfway: usize = (0..workers)
        .into_par_iter()
        .map(|worker| {
            let repository = repository();
            let root = repository.path();
            let mut halfway = 0;
            let mut dice = Dice::new(worker as u64 + 1);
            for run in (0..KILLS / workers).map(|run| run * workers + worker) {
                let moment = dice.number() % 1000;
                let mut child = fix(root).spawn().unwrap();
                if run % 2 == 0 {
                    std::thread::sleep(whole.mul_f64(moment as f64 / 900.0));
                } else {
                    // While files are being written: from the first one on.
                    let first = dockerfiles(root).remove(0);
                    let is_untouched = || std::fs::read_to_string(&first).is_ok_and(|text| text.contains("localhost"));
                    while is_untouched() && child.try_wait().unwrap().is_none() {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                    std::thread::sleep(Duration::from_micros(moment * 10));
                }
                child.kill().unwrap();
                child.wait().unwrap();
                let fixed = fixed(root);
                halfway += usize::from(fixed > 0 && fixed < FILES);
                let other = git(root, &["status", "--porcelain", "--untracked-files=all"]);
                assert!(other.lines().all(|line| line.starts_with(" M ")), "{other}");
                git(root, &["checkout", "-q", "."]);
            }
            // What was left in git's own directory is not a repository's loss, and the next run does its work.
            assert!(fix(root).status().unwrap().success());
            assert_eq!(fixed(root), FILES);
            halfway
        })
        .sum();
    assert!(halfway >= 5, "only {halfway} of {KILLS} runs were killed between their first file and their last");
}

#[test]
fn two_runs_at_once_fix_every_file_once() {
    let repository = repository();
    let mut runs = [fix(repository.path()).spawn().unwrap(), fix(repository.path()).spawn().unwrap()];
    for run in &mut runs {
        // The one that comes second may find that a file has changed under its hands.
        assert!([0, 2].contains(&run.wait().unwrap().code().unwrap()));
    }
    assert_eq!(fixed(repository.path()), FILES);
    assert_eq!(git(repository.path(), &["status", "--porcelain"]).lines().count(), FILES);
    let left = std::fs::read_dir(repository.path().join(".git")).unwrap();
    let left = left.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("twiceshy"));
    assert_eq!(left.count(), 0);
}

#[cfg(unix)]
#[test]
fn a_fixed_file_keeps_its_permissions_and_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let repository = repository();
    let path = repository.path().join("s3/Dockerfile");
    // Only root may give files away.
    let is_root = chown(&path, Some(1234), Some(1234)).is_ok();
    let before = std::fs::metadata(&path).unwrap();
    assert_eq!(twiceshy(repository.path(), &["check", "--fix", "--exit-zero"]).code, 0);
    assert_eq!(fixed(repository.path()), FILES);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((after.mode() & 0o7777, after.uid(), after.gid()), (0o640, before.uid(), before.gid()));
    assert!(!is_root || after.uid() == 1234);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_to_is_named_and_the_rest_is_fixed() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let repository = repository();
    let root = repository.path();
    let locked = root.join("s0");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut fix = command(root, &["check", "--fix"]);
    if std::fs::write(locked.join("x"), "").is_ok() {
        // Root may write anywhere: run as somebody who may not, if the binary can be reached by them.
        std::fs::remove_file(locked.join("x")).unwrap();
        let everything = Command::new("chown").args(["-R", "12345:12345"]).arg(root).status().unwrap();
        assert!(everything.success());
        let copy = root.join("twiceshy");
        copy_program(fix.get_program(), &copy);
        fix = Command::new(&copy);
        fix.args(["check", "--fix"]).current_dir(root).uid(12345).gid(12345);
    }
    let Run { code, err, .. } = finish(fix);
    assert_eq!((code, fixed(root)), (2, FILES - 1), "{err}");
    assert!(err.contains("error: s0/Dockerfile: not fixed: its directory cannot be written to"), "{err}");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).unwrap();
}
