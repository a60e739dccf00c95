//! What npm does with a workspace of which a package is missing, as in an image whose Dockerfile did not copy it.

use std::path::Path;
use std::process::{Command, Output};

const FILES: [(&str, &str); 6] = [
    ("package.json", r#"{ "name": "shop", "private": true, "workspaces": ["apps/*", "packages/*"] }"#),
    ("apps/web/package.json", r#"{ "name": "web", "version": "1.0.0", "dependencies": { "@shop/schema": "*" } }"#),
    ("apps/web/index.js", "require('@shop/schema'); console.log('up')"),
    ("packages/schema/package.json", r#"{ "name": "@shop/schema", "version": "1.0.0", "main": "index.js" }"#),
    ("packages/schema/index.js", ""),
    ("package-lock.json", ""),
];

fn copy(from: &Path, to: &Path, keep: impl Fn(&str) -> bool) {
    for (path, _) in FILES.iter().filter(|(path, _)| keep(path)) {
        std::fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
        std::fs::copy(from.join(path), to.join(path)).unwrap();
    }
}

fn npm(dir: &Path, command: &str) -> Output {
    // Nothing here is asked of the registry: whatever is, fails.
    Command::new("npm").args([command, "--offline", "--no-audit", "--no-fund"]).current_dir(dir).output().unwrap()
}

fn run(dir: &Path) -> (bool, String) {
    let output = Command::new("node").arg("apps/web/index.js").current_dir(dir).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn npm_ci_succeeds_without_a_package_of_the_workspace_and_the_program_fails() {
    let whole = tempfile::tempdir().unwrap();
    for (path, text) in FILES.iter().filter(|(path, _)| *path != "package-lock.json") {
        std::fs::create_dir_all(whole.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(whole.path().join(path), text).unwrap();
    }
    assert!(npm(whole.path(), "install").status.success());
    assert!(run(whole.path()).0);

    let lacking = tempfile::tempdir().unwrap();
    copy(whole.path(), lacking.path(), |path| !path.starts_with("packages/"));
    assert!(npm(lacking.path(), "ci").status.success(), "nothing is said");
    let (passes, said) = run(lacking.path());
    assert!(!passes && said.contains("Cannot find module '@shop/schema'"), "{said}");

    let repaired = tempfile::tempdir().unwrap();
    copy(whole.path(), repaired.path(), |_| true);
    assert!(npm(repaired.path(), "ci").status.success());
    assert!(run(repaired.path()).0, "the repair passes");
}

#[test]
fn without_a_lock_file_npm_asks_the_registry_for_a_package_of_the_workspace() {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in FILES.iter().filter(|(path, _)| !path.starts_with("packages/") && *path != "package-lock.json")
    {
        std::fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(path), text).unwrap();
    }
    let output = npm(dir.path(), "install");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("@shop%2fschema"), "{said}");
}
