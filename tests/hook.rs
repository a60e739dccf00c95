//! The README's commit hook, as the real pre-commit runs it: from a git remote, in a repository of somebody's.
//!
//! What is run is `twiceshy-system`. Of `twiceshy`, which pre-commit builds, it is asserted that it differs in nothing but
//! the language; that it can be built, and then blocks, is shown by `tests/wheel/pre-commit.sh`.

use crate::harness::top;
use crate::program::{copy_program, finish};
use std::path::Path;
use std::process::Command;

/// Runs a script with the evidence's pre-commit and the binary under test on its `PATH`.
fn script(directory: &Path, script: &str) -> String {
    let bin = directory.join("bin");
    let pre_commit = top().join("target/evidence/venv-pre-commit/bin");
    assert!(pre_commit.exists(), "tests/evidence/setup.sh installs pre-commit");
    let path = format!("{}:{}:{}", bin.display(), pre_commit.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        bash.env_remove(name);
    }
    bash.args(["-euc", script]).current_dir(directory).env("PATH", path).env("HOME", directory).env("BASH_ENV", "");
    bash.env("PRE_COMMIT_HOME", directory.join("cache")).env("GIT_CONFIG_GLOBAL", "/dev/null");
    for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        bash.env(format!("{name}_NAME"), "a").env(format!("{name}_EMAIL"), "a@example.com");
    }
    let run = finish(bash);
    assert_eq!(run.code, 0, "{script}\n{}{}", run.out, run.err);
    run.out
}

/// The README's `.pre-commit-config.yaml`.
fn documented() -> String {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let block = readme.split("```yaml .pre-commit-config.yaml\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_two_hooks_differ_in_their_language_only() {
    let hooks = std::fs::read_to_string(top().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Vec<Vec<&str>> = hooks
        .split("\n- id: ")
        .skip(1)
        .map(|hook| hook.lines().skip(1).filter(|line| !line.contains("description:")).collect())
        .collect();
    let [built, system] = hooks.as_slice() else { panic!("{hooks:?}") };
    let differ: Vec<_> = built.iter().zip(system).filter(|(a, b)| a != b).collect();
    assert_eq!(differ, [(&"  language: python", &"  language: system")]);
    assert_eq!(built.len(), system.len());
}

#[test]
fn pre_commit_blocks_a_bad_commit_and_lets_a_good_one_pass() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let (bin, remote) = (place.join("bin"), place.join("remote"));
    for directory in [&bin, &remote] {
        std::fs::create_dir(directory).unwrap();
    }
    copy_program(env!("CARGO_BIN_EXE_twiceshy-under-test").as_ref(), &bin.join("twiceshy"));
    std::fs::copy(top().join(".pre-commit-hooks.yaml"), remote.join(".pre-commit-hooks.yaml")).unwrap();
    let config = documented();
    let (url, rev) = ("https://github.com/twiceshy/twiceshy", format!("v{}", env!("CARGO_PKG_VERSION")));
    assert!(config.contains(&format!("repo: {url}\n")) && config.contains(&format!("rev: {rev}\n")), "{config}");
    assert!(config.contains("id: twiceshy\n"), "{config}");
    let config = config.replace(url, remote.to_str().unwrap()).replace("id: twiceshy\n", "id: twiceshy-system\n");
    let workflows = place.join("repo/.github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(place.join("repo/.pre-commit-config.yaml"), config).unwrap();
    let deploy =
        "name: Deploy\non: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make ship\n";
    let verify = "name: Verify\non:\n  workflow_run:\n    workflows: [Deploy]\n    types: [completed]\njobs:\n  look:\n    \
                  runs-on: ubuntu-latest\n    steps:\n      - run: curl --fail https://api.example.com/health\n";
    std::fs::write(workflows.join("deploy.yml"), deploy).unwrap();
    std::fs::write(workflows.join("verify.yml"), verify).unwrap();
    let said = script(
        place,
        &format!(
            r#"
(cd remote; git init -q -b main; git add -A; git commit -qm hooks; git tag {rev})
cd repo
git init -q -b main
pre-commit install > /dev/null
git add -A
git commit -qm "what is whole passes" > ../log 2>&1 || {{ cat ../log; exit 1; }}

sed -i 's/name: Deploy/name: Ship/' .github/workflows/deploy.yml
! git commit -qam "what shows in another file is blocked" > ../blocked 2>&1
cat ../blocked

sed -i 's/\[Deploy\]/[Ship]/' .github/workflows/verify.yml
! git commit -qm "half of it is blocked" .github/workflows/verify.yml > ../log 2>&1
grep -q 'unknown-workflow' ../log
git commit -qam "both halves pass"

git rm -q .github/workflows/deploy.yml
! git commit -qm "what a deletion causes is blocked" > ../log 2>&1
grep -q 'unknown-workflow' ../log
git commit -q --no-verify -m "by force"

echo notes > notes.md
git add notes.md
echo 'name: [' > .github/workflows/unstaged.yml
git commit -qm "what was there before does not stop anybody"
git log --format=%s
"#
        ),
    );
    assert!(said.contains("Failed") && said.contains("exit code: 1"), "{said}");
    assert!(said.contains("error[unknown-workflow]") && said.contains(".github/workflows/verify.yml:4:17"), "{said}");
    let commits: Vec<&str> = said.lines().rev().take(4).collect();
    assert_eq!(commits.last(), Some(&"what was there before does not stop anybody"), "{said}");
}
