//! A secret that was committed once.

use std::path::Path;
use std::process::Command;

fn git(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_value_that_a_later_commit_takes_out_is_in_every_clone() {
    let root = tempfile::tempdir().unwrap();
    let work = root.path().join("work");
    std::fs::create_dir(&work).unwrap();
    git(&work, &["init"]);
    for (text, why) in [("API_KEY: kZq7Rw2mXv9TbN4c\n", "in"), ("API_KEY: ${API_KEY:?}\n", "out")] {
        std::fs::write(work.join("compose.yml"), text).unwrap();
        git(&work, &["add", "."]);
        git(&work, &["commit", "-m", why]);
    }
    git(root.path(), &["clone", "work", "clone"]);
    let clone = root.path().join("clone");
    assert!(!std::fs::read_to_string(clone.join("compose.yml")).unwrap().contains("kZq7Rw2mXv9TbN4c"));
    assert!(git(&clone, &["log", "-p"]).contains("kZq7Rw2mXv9TbN4c"));
}
