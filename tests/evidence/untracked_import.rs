//! Git, Node and Python: what git does not hold, a clone cannot import.

use crate::harness;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;
use twiceshy_lint::{Diagnostic, Level};
use twiceshy_repo::{Repo, Tree};

/// A work tree with its files committed as git sees fit.
struct WorkTree(TempDir);

impl WorkTree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.run("git", &["init", "-q", "."]);
        for (path, text) in files {
            tree.write(path, text);
        }
        tree.commit();
        tree
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        run(self.path(), program, arguments)
    }

    fn commit(&self) {
        assert!(self.run("git", &["add", "."]).status.success());
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let committed = self.run("git", &[&author[..], &["commit", "-q", "-m", "all"]].concat());
        assert!(committed.status.success(), "{}", String::from_utf8_lossy(&committed.stderr));
    }

    /// What a program says in a fresh clone.
    fn in_clone(&self, program: &str, arguments: &[&str]) -> Output {
        let elsewhere = tempfile::tempdir().unwrap();
        let from = self.path().to_str().unwrap();
        assert!(run(elsewhere.path(), "git", &["clone", "-q", from, "clone"]).status.success());
        run(&elsewhere.path().join("clone"), program, arguments)
    }

    fn findings(&self) -> (Repo, Vec<Diagnostic>) {
        let tree = Tree::disk(self.path(), twiceshy_source::Limits::default()).unwrap();
        let repo = Repo::of(tree);
        let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "untracked-import").unwrap();
        let found = harness::report_of(&repo, &lint).diagnostics;
        (repo, found)
    }
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn says(output: &Output, text: &str) -> bool {
    String::from_utf8_lossy(&output.stderr).contains(text) || String::from_utf8_lossy(&output.stdout).contains(text)
}

#[test]
fn a_floating_ignore_rule_breaks_every_clone_and_an_anchored_one_does_not() {
    let tree = WorkTree::new(&[
        (".gitignore", "lib/\n"),
        ("app/src/index.js", "import { db } from \"./lib/db.js\";\nconsole.log(db);\n"),
        ("app/src/lib/db.js", "export const db = \"it runs\";\n"),
        ("app/package.json", "{ \"type\": \"module\" }\n"),
    ]);
    assert!(says(&tree.run("node", &["app/src/index.js"]), "it runs"), "where it was written, it runs");
    assert!(says(&tree.in_clone("node", &["app/src/index.js"]), "ERR_MODULE_NOT_FOUND"));
    assert!(says(&tree.run("git", &["check-ignore", "-v", "app/src/lib/db.js"]), ".gitignore:1:lib/"));
    assert!(tree.run("git", &["status", "--porcelain"]).stdout.is_empty(), "git says nothing of the file");

    let (repo, found) = tree.findings();
    let [finding] = &found[..] else { panic!("{}", harness::plain(&repo, &found)) };
    assert!(finding.message.contains("`app/src/lib/db.js` is on this disk only"), "{}", finding.message);
    assert_eq!(finding.level, Level::Error);
    assert_eq!(harness::spot(&repo, finding.related[0].place), (".gitignore".into(), 1, 1, 4));

    // The fix, and what the note says.
    let rules = twiceshy_source::apply("lib/\n", &finding.fixes[0].edits).unwrap();
    tree.write(".gitignore", &rules);
    tree.commit();
    assert!(says(&tree.in_clone("node", &["app/src/index.js"]), "it runs"));
    assert_eq!(tree.findings().1.len(), 0);
}

#[test]
fn in_the_clone_itself_the_missing_file_is_reported_too() {
    let tree = WorkTree::new(&[
        ("app/index.js", "import { db } from \"./sources/db.js\";\nconsole.log(db);\n"),
        ("app/package.json", "{ \"type\": \"module\" }\n"),
    ]);
    assert!(says(&tree.run("node", &["app/index.js"]), "ERR_MODULE_NOT_FOUND"));
    let (repo, found) = tree.findings();
    assert_eq!(found.len(), 1, "{}", harness::plain(&repo, &found));
    assert!(found[0].message.contains("has no `app/sources/db.js`"));
}

#[test]
fn a_file_that_nobody_added_breaks_every_clone_and_is_a_warning() {
    let tree = WorkTree::new(&[("app/__init__.py", ""), ("app/main.py", "from .models import User\nprint(User)\n")]);
    tree.write("app/models.py", "User = \"it runs\"\n");
    assert!(says(&tree.run("python3", &["-m", "app.main"]), "it runs"));
    assert!(says(&tree.in_clone("python3", &["-m", "app.main"]), "ModuleNotFoundError"));
    let (repo, found) = tree.findings();
    let [finding] = &found[..] else { panic!("{}", harness::plain(&repo, &found)) };
    assert!(finding.notes[0].contains("git add app/models.py"));
    assert_eq!(finding.level, Level::Warn);

    // Staged is enough: the next commit has it.
    assert!(tree.run("git", &["add", "app/models.py"]).status.success());
    assert_eq!(tree.findings().1.len(), 0);
    tree.commit();
    assert!(says(&tree.in_clone("python3", &["-m", "app.main"]), "it runs"));
}

#[test]
fn a_name_in_the_imports_of_a_package_fails_where_its_file_is_missing() {
    let tree = WorkTree::new(&[
        ("package.json", "{ \"type\": \"module\", \"imports\": { \"#db\": \"./src/db.js\" } }\n"),
        ("src/index.js", "import { db } from \"#db\";\nconsole.log(db);\n"),
    ]);
    assert!(says(&tree.run("node", &["src/index.js"]), "ERR_MODULE_NOT_FOUND"));
    assert_eq!(tree.findings().1.len(), 1);
    tree.write("src/db.js", "export const db = \"it runs\";\n");
    tree.commit();
    assert!(says(&tree.run("node", &["src/index.js"]), "it runs"));
    assert!(tree.findings().1.is_empty());
}
