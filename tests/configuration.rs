//! The configuration and the comments that suppress, as a user meets them.

use crate::harness::{self, Files};
use crate::program::{place, twiceshy};
use twiceshy_lint::{Choice, Report, suppress};
use twiceshy_repo::Repo;

const LOST: &str = "pg_dump shop | gzip > shop.sql.gz\n";

#[test]
fn ten_mistakes_are_ten_messages_each_at_its_place() {
    let wrong = r#"pedantik = true
require-reason = "yes"
exclude = ["a[z-a]", 3]

[lints]
dump-status-lots = "off"
unknown-workflow = "warning"
context-too-large = { levl = "warn" }
heap-over-limit = { tight = 200 }

[groups]
dataloss = "error"

[[overrides]]
lints = { unknown-workflow = "off" }

[[image]]
names = ["example.org/db"]
role = "databse"
"#;
    let here = place(&[("twiceshy.toml", wrong.as_bytes()), ("deploy/run.sh", b"true\n")]);
    let run = twiceshy(here.path(), &["check"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    insta::assert_snapshot!(run.err);
    for path in ["twiceshy.toml", ".twiceshy.toml"] {
        let here = place(&[(path, b"x = [\n"), ("run.sh", b"true\n")]);
        let run = twiceshy(here.path(), &["check"]);
        assert!(run.code == 2 && run.err.starts_with(&format!("error: {path}:")), "{run:?}");
    }
}

/// How often each lint is reported.
fn counts(directory: &std::path::Path, args: &[&str]) -> Vec<(String, String)> {
    let mut all = vec!["check", "--format", "json"];
    all.extend(args);
    let run = twiceshy(directory, &all);
    assert!(run.code < 2, "{run:?}");
    let found = run.json();
    let told = |found: &serde_json::Value, key: &str| found[key].as_str().unwrap().to_owned();
    found["diagnostics"].as_array().unwrap().iter().map(|found| (told(found, "lint"), told(found, "level"))).collect()
}

#[test]
fn the_closest_configuration_counts_and_the_command_line_wins() {
    let error = ("dump-status-lost".to_owned(), "error".to_owned());
    let warn = ("dump-status-lost".to_owned(), "warn".to_owned());
    let files = |path: &'static str, text: &'static str| {
        place(&[
            (".git/HEAD", b"".as_slice()),
            (path, text.as_bytes()),
            ("deploy/a.sh", LOST.as_bytes()),
            ("deploy/old/b.sh", LOST.as_bytes()),
        ])
    };
    let none: [(String, String); 0] = [];
    let both = [error.clone(), error.clone()];
    for (path, text, args, expected) in [
        ("x", "", &[][..], &both[..]),
        ("twiceshy.toml", "[lints]\ndump-status-lost = 'off'\n", &[], &none),
        (".twiceshy.toml", "[lints]\ndump-status-lost = 'warn'\n", &[], &[warn.clone(), warn.clone()]),
        ("pyproject.toml", "[tool.twiceshy.groups]\ndata-loss = 'off'\n", &[], &none),
        ("pyproject.toml", "[tool.twiceshy.groups]\ndata-loss = 'off'\n", &["deploy"], &none),
        ("deploy/twiceshy.toml", "[groups]\ndata-loss = 'off'\n", &["deploy"], &none),
        ("deploy/twiceshy.toml", "[groups]\ndata-loss = 'off'\n", &[], &both),
        ("twiceshy.toml", "[groups]\ndata-loss = 'off'\n", &["--no-config"], &both),
        ("twiceshy.toml", "[groups]\ndata-loss = 'off'\n", &["--select", "data-loss"], &both),
        ("twiceshy.toml", "[lints]\ndump-status-lost = 'off'\n", &["--select", "dump-status-lost"], &both),
        ("twiceshy.toml", "[lints]\ndump-status-lost = 'warn'\n", &["--ignore", "data-loss"], &none),
        ("twiceshy.toml", "[groups]\ndata-loss = 'off'\n[lints]\ndump-status-lost = 'error'\n", &[], &both),
        ("twiceshy.toml", "[lints]\ndump-status-lost = 'pedantic'\n", &[], &none),
        (
            "twiceshy.toml",
            "pedantic = true\n[lints.dump-status-lost]\nlevel = 'pedantic'\n",
            &["--select", "outage"],
            &none,
        ),
        ("twiceshy.toml", "exclude = ['old/']\n", &[], &both[..1]),
        ("twiceshy.toml", "exclude = 'deploy/old'\n", &["deploy"], &both[..1]),
        ("conf/shared.toml", "exclude = 'old'\n", &["--config", "conf/shared.toml"], &both[..1]),
        (
            "twiceshy.toml",
            "[[overrides]]\npaths = 'deploy/'\ngroups = { data-loss = 'off' }\n[[overrides]]\npaths = ['old/']\nlints = { dump-status-lost = 'warn' }\n",
            &["deploy"],
            std::slice::from_ref(&warn),
        ),
        (
            "twiceshy.toml",
            "[lints]\ndump-status-lost = 'off'\n[[overrides]]\npaths = ['old']\nlints = { dump-status-lost = 'error' }\n",
            &[],
            &both[..1],
        ),
        (
            "twiceshy.toml",
            "[[overrides]]\npaths = ['old']\nlints = { dump-status-lost = 'off' }\n",
            &["--select", "dump-status-lost"],
            &both[..1],
        ),
    ] {
        assert_eq!(counts(files(path, text).path(), args), expected, "{path} {text} {args:?}");
    }
}

#[test]
fn two_configurations_in_one_directory_are_an_error() {
    let here = place(&[("twiceshy.toml", b"".as_slice()), ("pyproject.toml", b"[tool.twiceshy]\n")]);
    let run = twiceshy(here.path(), &["check"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("pyproject.toml:1:1: twiceshy.toml configures this directory too"), "{}", run.err);
    let run = twiceshy(here.path(), &["check", "--config", "missing.toml"]);
    assert!(run.code == 2 && run.err.contains("missing.toml"), "{run:?}");
    assert_eq!(twiceshy(here.path(), &["check", "--config", "a", "--no-config"]).code, 2);
}

#[test]
fn a_comment_suppresses_until_its_day_has_passed() {
    let script = format!("# twiceshy: ignore[dump-status-lost] until=2026-03-01 they move\n{LOST}");
    let here = place(&[("a.sh", script.as_bytes())]);
    let said =
        |today: &str| counts(here.path(), &["--today", today]).into_iter().map(|(lint, _)| lint).collect::<Vec<_>>();
    assert_eq!(said("2026-02-28"), [""; 0]);
    assert_eq!(said("2026-03-01"), [""; 0]);
    assert_eq!(said("2026-03-02"), ["expired-suppression", "dump-status-lost"]);
    assert_eq!(twiceshy(here.path(), &["check", "--today", "soon"]).code, 2);
}

#[test]
fn what_is_suppressed_is_in_no_report_and_is_not_fixed() {
    let script = format!("#!/bin/bash\n# twiceshy: ignore[dump-status-lost] why\n{LOST}");
    let here = place(&[("a.sh", script.as_bytes())]);
    for format in ["text", "json", "sarif"] {
        let run = twiceshy(here.path(), &["check", "--format", format]);
        let report = run.out.split("\"rules\"").next().unwrap();
        assert!(run.code == 0 && !report.contains("pg_dump"), "{run:?}");
    }
    assert_eq!(twiceshy(here.path(), &["check", "--fix"]).code, 0);
    assert_eq!(std::fs::read_to_string(here.path().join("a.sh")).unwrap(), script);
}

#[test]
fn fixing_and_suppressing_converge() {
    let files = [
        (
            "a.sh",
            format!(
                "#!/bin/bash\n# twiceshy: ignore[loop-ends-script] why\ntrue\n# twiceshy: ignore[dump-status-lost] kept\n{LOST}"
            ),
        ),
        ("b.sh", format!("#!/bin/bash\n# twiceshy: ignore[dump-status-lost] until=2020-01-01 gone\n{LOST}")),
    ];
    let here = place(&files.each_ref().map(|(path, text)| (*path, text.as_bytes())));
    let run = twiceshy(here.path(), &["check", "--fix"]);
    let read = |path: &str| std::fs::read_to_string(here.path().join(path)).unwrap();
    assert_eq!(
        read("a.sh"),
        format!("#!/bin/bash\ntrue\n# twiceshy: ignore[dump-status-lost] kept\n{LOST}"),
        "{run:?}"
    );
    let b = read("b.sh");
    assert!(!b.contains("twiceshy"), "{b}");
    let again = twiceshy(here.path(), &["check", "--diff"]);
    assert_eq!(again.out, "", "a second run changes something");
    assert_eq!((read("a.sh").as_str(), read("b.sh")), (read("a.sh").as_str(), b));
}

#[test]
fn the_lints_about_comments_have_levels_like_others() {
    let here = place(&[
        ("a.sh", b"# twiceshy: ignore[loop-ends-script] why\ntrue\n".as_slice()),
        ("twiceshy.toml", b"[lints]\nunused-suppression = 'off'\n"),
    ]);
    assert_eq!(counts(here.path(), &[]), []);
    assert_eq!(counts(here.path(), &["--no-config"]).len(), 1);
    assert_eq!(counts(here.path(), &["--no-config", "--ignore", "hygiene"]), []);
    assert_eq!(counts(here.path(), &["--select", "unused-suppression"]).len(), 1);
    // A comment that names a lint that is off is judged all the same.
    let used = format!("# twiceshy: ignore[dump-status-lost] why\n{LOST}");
    let here = place(&[("a.sh", used.as_bytes()), ("twiceshy.toml", b"[groups]\ndata-loss = 'off'\n")]);
    assert_eq!(counts(here.path(), &[]), []);
    assert_eq!(counts(here.path(), &["--ignore", "dump-status-lost"]), []);
}

/// Suppresses every finding of a repository, one after the other, as an editor would.
fn suppressed(files: &Files, unwritable: &mut Vec<String>) -> Files {
    let mut files = files.clone();
    let choice = Choice { pedantic: true, ..Choice::default() };
    let mut given_up = 0;
    loop {
        let repo = harness::repo(&files);
        let report = Report::of(&repo, &twiceshy_lints::all(), &choice);
        let Some(found) = report.diagnostics.get(given_up) else {
            let left: Vec<_> = report.diagnostics.iter().filter(|found| found.lint.contains("suppression")).collect();
            assert!(left.is_empty(), "{}{files:#?}", harness::plain(&repo, &report.diagnostics));
            return files;
        };
        match suppress(&repo, found, "it is a test") {
            Some(edit) => {
                let before = report.diagnostics.len();
                files = harness::apply(&repo, &files, &[edit]);
                let repo = Repo::of(harness::repo(&files).tree);
                let after = Report::of(&repo, &twiceshy_lints::all(), &choice);
                assert!(after.diagnostics.len() < before, "{}{files:#?}", harness::plain(&repo, &after.diagnostics));
                assert_eq!(repo.skipped().len(), harness::repo(&files).skipped().len());
            }
            None => {
                unwritable.push(repo.tree.path(found.place.file).to_owned());
                given_up += 1;
            }
        }
    }
}

#[test]
fn every_finding_of_every_example_can_be_suppressed_where_it_stands() {
    let mut unwritable = Vec::new();
    for lint in twiceshy_lints::all().iter().filter(|lint| !lint.is_about_comments()) {
        let cases = harness::top().join("lints").join(lint.name.replace('-', "_")).join("cases.md");
        for page in [lint.meta.readme, &std::fs::read_to_string(cases).unwrap()] {
            for case in harness::cases(&lint.name, page).iter().filter(|case| !case.marks.is_empty()) {
                suppressed(&case.files, &mut unwritable);
            }
        }
    }
    // JSON has no comments; an override in the configuration is the way.
    unwritable.retain(|path| !path.ends_with(".json"));
    unwritable.sort();
    unwritable.dedup();
    assert_eq!(unwritable, [""; 0], "no comment can be written there");
}

#[test]
fn the_schema_and_the_reader_agree() {
    let texts = [
        (true, ""),
        (true, "pedantic = true\nrequire-reason = false\nexclude = 'a/'\n"),
        (true, "exclude = ['a/', '!b']\n[groups]\noutage = 'off'\n[lints]\nunknown-workflow = 'warn'\n"),
        (true, "[lints.heap-over-limit]\nlevel = 'pedantic'\ntight = 90\n"),
        (true, "[lints]\ncontext-too-large = { allowed = ['x'] }\nmissing-service-env = { given = 'PORT' }\n"),
        (true, "[[overrides]]\npaths = ['a']\nlints = { unknown-workflow = 'off' }\ngroups = { drift = 'error' }\n"),
        (true, "[[image]]\nnames = ['a']\nrole = 'database'\ndata = [{ path = '/d', since = 3 }, '/e']\nports = 80\n"),
        (true, "[[image]]\nnames = 'a'\ncaps = ['CHOWN']\nretries = 'cache'\ncompanions = { what = 'x', env = 'X' }\n"),
        (false, "pedantik = true\n"),
        (false, "pedantic = 'yes'\n"),
        (false, "exclude = [3]\n"),
        (false, "exclude = ''\n"),
        (false, "[groups]\noutages = 'off'\n"),
        (false, "[lints]\nunknown-workflow = 'warning'\n"),
        (false, "[lints]\nunknown-workflw = 'warn'\n"),
        (false, "[lints]\nunknown-workflow = 3\n"),
        (false, "[lints.heap-over-limit]\ntight = 0\n"),
        (false, "[lints.heap-over-limit]\ntigt = 1\n"),
        (false, "[[overrides]]\nlints = { unknown-workflow = 'off' }\n"),
        (false, "[[overrides]]\npaths = 'a'\nlints = { heap-over-limit = { tight = 3 } }\n"),
        (false, "[overrides]\npaths = 'a'\n"),
        (false, "[image]\nnames = 'a'\n"),
        (false, "[[image]]\nrole = 'database'\n"),
        (false, "[[image]]\nnames = 'a'\ncaps = ['CAP_CHOWN']\n"),
        (false, "[[image]]\nnames = 'a'\ndata = 'data'\n"),
        (false, "[[image]]\nnames = 'a'\nports = [70000]\n"),
        (false, "[[image]]\nnames = 'a'\nhealth = [{ port = 80 }]\n"),
    ];
    let here = place(&[]);
    let schema = twiceshy(here.path(), &["schema"]);
    assert_eq!(schema.code, 0);
    std::fs::write(here.path().join("schema.json"), &schema.out).unwrap();
    let paths: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, (_, text))| {
            let path = here.path().join(format!("{at}.toml"));
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    let python = harness::top().join("target/evidence/venv/bin/python");
    let output = std::process::Command::new(&python)
        .arg(harness::top().join("tests/schema/toml.py"))
        .arg(here.path().join("schema.json"))
        .args(&paths)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/evidence/setup.sh", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let by_schema = String::from_utf8(output.stdout).unwrap();
    assert_eq!(by_schema.lines().count(), texts.len());
    let lints = twiceshy_lints::all();
    for ((is_right, text), by_schema) in texts.iter().zip(by_schema.lines()) {
        let files = Files::from([("twiceshy.toml".to_owned(), (*text).to_owned())]);
        let repo = harness::repo(&files);
        let mistakes = twiceshy_lint::Settings::of(&repo, &lints, &Choice::default()).mistakes;
        assert_eq!((mistakes.is_empty(), by_schema == "0"), (*is_right, *is_right), "{text}: {mistakes:?}");
    }
}

#[test]
fn the_configurations_on_our_own_pages_are_in_order() {
    let lints = twiceshy_lints::all();
    for page in ["README.md", "lints/README.md"] {
        let text = std::fs::read_to_string(harness::top().join(page)).unwrap();
        for case in harness::cases(page, &text).iter().filter(|case| case.files.contains_key("twiceshy.toml")) {
            let repo = harness::repo(&case.files);
            let mistakes = twiceshy_lint::Settings::of(&repo, &lints, &Choice::default()).mistakes;
            assert_eq!(mistakes, [], "{}", case.title);
        }
    }
}

/// Every file below a directory, but for git's own.
fn files(directory: &std::path::Path) -> Files {
    harness::read_dir(directory).into_iter().filter(|(path, _)| !path.starts_with(".git/")).collect()
}

#[test]
fn init_writes_what_is_not_there_and_says_so_of_what_is() {
    let here = place(&[(".git/HEAD", b"".as_slice()), ("deploy/a.sh", LOST.as_bytes())]);
    let run = twiceshy(&here.path().join("deploy"), &["init", "--dry-run"]);
    assert!(
        run.code == 0 && run.out.contains("would write twiceshy.toml") && run.out.ends_with("nothing was written\n"),
        "{run:?}"
    );
    assert_eq!(files(here.path()).len(), 1);
    let run = twiceshy(&here.path().join("deploy"), &["init"]);
    assert_eq!(run.code, 0, "{run:?}");
    let first = files(here.path());
    let paths: Vec<_> = first.keys().map(String::as_str).collect();
    assert_eq!(paths, [".github/workflows/twiceshy.yml", ".pre-commit-config.yaml", "deploy/a.sh", "twiceshy.toml"]);
    assert!(first["twiceshy.toml"].contains("# dump-status-lost = \"error\""), "{}", first["twiceshy.toml"]);
    // As it is, and with every line that could be one taken in, it is in order.
    let all: String = first["twiceshy.toml"]
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|line| line.contains(" = ") || line.starts_with("[[")).unwrap_or(line)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let ours = Files::from([("twiceshy.toml".to_owned(), all.clone())]);
    let repo = harness::repo(&ours);
    assert_eq!(twiceshy_lint::Settings::of(&repo, &twiceshy_lints::all(), &Choice::default()).mistakes, [], "{all}");
    assert_eq!(twiceshy(here.path(), &["check", "deploy"]).code, 1);
    let run = twiceshy(here.path(), &["init"]);
    assert!(
        run.out.contains("left twiceshy.toml as it is: it exists") && run.out.contains("it has the hook"),
        "{run:?}"
    );
    assert_eq!(files(here.path()), first);
    std::fs::write(here.path().join("twiceshy.toml"), "pedantic = true\n").unwrap();
    assert_eq!(twiceshy(here.path(), &["init", "--force"]).code, 0);
    let again = files(here.path())["twiceshy.toml"].clone();
    assert!(again.contains("# dump-status-lost ") && !again.contains("\npedantic = true"), "{again}");
}

#[test]
fn init_adds_its_hook_and_keeps_the_rest() {
    for (before, after) in [
        (
            "# ours\nrepos:\n- repo: x\n  rev: v1 # pinned\n  hooks:\n  - id: y\n\n# end\nci: {}\n",
            Some("  - id: y\n- repo: "),
        ),
        ("repos:\n    - repo: x\n      hooks: [{id: y}]\n", Some("hooks: [{id: y}]\n    - repo: ")),
        ("repos:\r\n  - repo: local\r\n    hooks: []\r\n", Some("hooks: []\r\n  - repo: ")),
        ("repos:\n  - repo: x\n    hooks:\n      - id: y", Some("- id: y\n  - repo: ")),
        ("repos: []\n", None),
        ("repos: [\n", None),
        ("ci: {}\n", None),
    ] {
        let here = place(&[(".git/HEAD", b"".as_slice()), (".pre-commit-config.yaml", before.as_bytes())]);
        let run = twiceshy(here.path(), &["init"]);
        assert_eq!(run.code, 0, "{run:?}");
        let now = files(here.path())[".pre-commit-config.yaml"].clone();
        match after {
            Some(after) => {
                assert!(now.contains(after) && now.contains("id: twiceshy"), "{now}");
                let first = now.lines().position(|line| line.contains("- repo: https://github.com/")).unwrap();
                let rest = now.lines().enumerate().filter(|(at, _)| !(first..first + 4).contains(at));
                assert_eq!(rest.map(|(_, line)| line).collect::<Vec<_>>(), before.lines().collect::<Vec<_>>());
            }
            None => assert!(now == before && run.out.contains("what to add:"), "{run:?}"),
        }
    }
}

#[test]
fn the_workflow_of_init_is_the_one_of_the_readme() {
    let readme = std::fs::read_to_string(harness::top().join("README.md")).unwrap();
    let here = place(&[]);
    twiceshy(here.path(), &["init"]);
    let written = files(here.path())[".github/workflows/twiceshy.yml"].clone();
    assert!(readme.contains(&written), "{written}");
}
