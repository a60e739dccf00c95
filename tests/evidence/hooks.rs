//! Git's hooks, and what git leaves out when it is told to.

use crate::program::write_program;
use std::path::Path;
use std::process::{Command, Output};

/// Hooks that can refuse; each appends its name to a file.
const HOOKS: &[&str] = &["pre-commit", "commit-msg", "pre-merge-commit", "pre-push"];

fn git(directory: &Path, args: &[&str]) -> Output {
    Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap()
}

/// The hooks that ran for `command` in a repository with a side branch and a remote.
fn ran(command: &[&str]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let (work, remote) = (root.path().join("work"), root.path().join("remote"));
    std::fs::create_dir(&work).unwrap();
    assert!(git(root.path(), &["init", "--bare", "remote"]).status.success());
    for args in [
        &["init"][..],
        &["commit", "--allow-empty", "-m", "one"],
        &["remote", "add", "origin", remote.to_str().unwrap()],
        &["checkout", "-b", "side"],
        &["commit", "--allow-empty", "-m", "two"],
        &["checkout", "main"],
        &["commit", "--allow-empty", "-m", "three"],
    ] {
        assert!(git(&work, args).status.success(), "{args:?}");
    }
    let log = root.path().join("ran");
    for hook in HOOKS {
        let file = work.join(".git/hooks").join(hook);
        write_program(&file, format!("#!/bin/sh\necho {hook} >> {}\n", log.display()).as_bytes());
    }
    let output = git(&work, command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn no_verify_leaves_out_the_hooks_that_could_refuse() {
    let commit = ["commit", "--allow-empty", "-m", "x"];
    assert_eq!(ran(&commit), ["pre-commit", "commit-msg"]);
    assert!(ran(&["commit", "--allow-empty", "--no-verify", "-m", "x"]).is_empty());
    assert!(ran(&["commit", "--allow-empty", "-nm", "x"]).is_empty());
    assert_eq!(ran(&["merge", "--no-ff", "-m", "x", "side"]), ["pre-merge-commit", "commit-msg"]);
    assert!(ran(&["merge", "--no-ff", "--no-verify", "-m", "x", "side"]).is_empty());
    assert_eq!(ran(&["push", "origin", "main"]), ["pre-push"]);
    assert!(ran(&["push", "--no-verify", "origin", "main"]).is_empty());
}

#[test]
fn the_short_form_means_something_else_to_others() {
    assert_eq!(ran(&["merge", "-n", "--no-ff", "-m", "x", "side"]), ["pre-merge-commit", "commit-msg"]);
    assert_eq!(ran(&["push", "-n", "origin", "main"]), ["pre-push"]);
    // The value of an option is no option.
    assert_eq!(ran(&["commit", "--allow-empty", "-m", "-n"]), ["pre-commit", "commit-msg"]);
}

#[test]
fn a_path_without_hooks_leaves_out_all_of_them() {
    assert!(ran(&["-c", "core.hooksPath=/dev/null", "commit", "--allow-empty", "-m", "x"]).is_empty());
    assert!(ran(&["-c", "core.hooksPath=/dev/null", "push", "origin", "main"]).is_empty());
}
