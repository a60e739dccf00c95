//! The binary at a prompt: arguments, exit codes, pipes, files.

use crate::harness::{self, Files, top};
use crate::program::{command, finish, place, twiceshy};
use std::path::Path;
use std::process::Stdio;

/// Every file below `directory`, but for git's own.
fn files(directory: &Path) -> Files {
    harness::read_dir(directory).into_iter().filter(|(path, _)| !path.starts_with(".git/")).collect()
}

fn write(files: &Files) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

/// The sections of every lint's pages that hold files.
fn cases() -> Vec<(String, Files)> {
    let lints = twiceshy_lints::all().into_iter();
    let cases = lints.flat_map(|lint| {
        let cases = harness::cases(&lint.name, lint.meta.readme);
        cases.into_iter().filter(|case| !case.marks.is_empty()).map(move |case| (lint.name.clone(), case.files))
    });
    cases.collect()
}

/// A directory in which something is found.
fn sick() -> tempfile::TempDir {
    write(&cases().into_iter().next().unwrap().1)
}

#[test]
fn help_and_version_are_answers_not_errors() {
    let here = place(&[]);
    for (args, says) in [
        (&["--help"][..], "Exit codes: 0 nothing found, 1 something found, 2 could not do what was asked."),
        (&["-h"], "twiceshy explain"),
        (&["check", "--help"], "twiceshy check --diff | git apply"),
        (&["--version"], concat!("twiceshy ", env!("CARGO_PKG_VERSION"), "\n")),
    ] {
        let run = twiceshy(here.path(), args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        assert!(run.out.contains(says), "{args:?}: {}", run.out);
    }
}

#[test]
fn help_names_lints_that_exist() {
    let here = place(&[]);
    let help = ["--help", "check --help"].map(|args| twiceshy(here.path(), &args.split(' ').collect::<Vec<_>>()).out);
    let words: Vec<&str> = help.iter().flat_map(|help| help.split_whitespace()).collect();
    let named = words.windows(2).filter(|pair| ["explain", "--select", "--ignore"].contains(&pair[0]));
    let names: Vec<&str> =
        named.flat_map(|pair| pair[1].split(',')).filter(|name| !name.contains(['<', '|'])).collect();
    assert!(names.len() >= 5, "{names:?}");
    let known = |name: &&str| {
        let is_group = twiceshy_lint::Group::ALL.iter().any(|group| group.name() == *name);
        is_group || twiceshy_lints::all().iter().any(|lint| lint.name == *name) || ["a", "Explain"].contains(name)
    };
    assert_eq!(names.into_iter().filter(|name| !known(name)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn exit_codes_tell_clean_from_sick_from_impossible() {
    let (clean, sick) = (place(&[("run.sh", b"true\n")]), sick());
    let nothing: [&str; 0] = [];
    for (directory, args, code) in [
        (clean.path(), &nothing[..], 0),
        (sick.path(), &nothing, 1),
        (sick.path(), &["check"], 1),
        (sick.path(), &["--exit-zero"], 0),
        (sick.path(), &["check", "--format", "json"], 1),
        (sick.path(), &["check", "--format", "sarif"], 1),
        (sick.path(), &["check", "missing"], 2),
        (sick.path(), &["check", "--exit-zero", "missing"], 2),
        (sick.path(), &["check", "--select", "no-such-lint"], 2),
        (sick.path(), &["check", "--format", "xml"], 2),
        (sick.path(), &["--fix", "--diff"], 2),
        (sick.path(), &["--jobs", "0"], 2),
        (sick.path(), &["frobnicate"], 2),
    ] {
        let run = twiceshy(directory, args);
        assert_eq!(run.code, code, "{args:?}: {run:?}");
        assert_eq!(run.out.is_empty(), code == 2, "{args:?}: a report or an error, not both: {run:?}");
        assert_eq!(run.err.is_empty(), code != 2, "{args:?}: {run:?}");
    }
}

#[test]
fn an_error_says_what_to_do_next() {
    let here = place(&[("deploy/run.sh", b"true\n")]);
    for (args, says) in [
        (&["check", "compose.ym"][..], "compose.ym: there is no such file or directory\n  tip: check the spelling"),
        (&["check", "--select", "unknwon-workflow"], "did you mean `unknown-workflow`?\n  tip: `twiceshy lints`"),
        (&["check", "--ignore", "dataloss"], "`dataloss` is neither a lint nor a group; did you mean `data-loss`?"),
        (&["explain", "unknown-workflw"], "there is no lint `unknown-workflw`; did you mean `unknown-workflow`?"),
        (&["deploy"], "To check a path: twiceshy check deploy"),
        (&["check", "a\u{1b}[31m"], "a␛[31m: there is no such file or directory"),
    ] {
        let run = twiceshy(here.path(), args);
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.err.contains(says), "{args:?}: {}", run.err);
    }
}

#[test]
fn the_report_is_the_same_whatever_the_number_of_threads() {
    for format in crate::reports::FORMATS {
        let args = |jobs| ["check", ".", "--pedantic", "--verbose", "--format", format, "--jobs", jobs];
        let shop = top().join("fixtures");
        let without_time = |text: &str| text.lines().filter(|line| !line.starts_with("checked ")).count();
        let one = twiceshy(&shop, &args("1"));
        for jobs in ["2", "7"] {
            let other = twiceshy(&shop, &args(jobs));
            if format == "text" {
                // `--verbose` says how long it took.
                assert_eq!(without_time(&one.out), without_time(&other.out));
            } else {
                assert!(one.out == other.out, "{format} differs with {jobs} threads");
            }
        }
    }
    let plain = |jobs| twiceshy(&top().join("fixtures"), &["check", "--jobs", jobs]).out;
    assert_eq!(plain("1"), plain("5"));
}

#[test]
fn of_a_named_file_only_what_touches_it_is_reported_as_seen_from_here() {
    let (_, files) = cases().into_iter().find(|(lint, _)| lint == "unknown-workflow").unwrap();
    let repository = write(&files);
    std::fs::create_dir(repository.path().join(".git")).unwrap();
    std::fs::write(repository.path().join("other.sh"), "true\n").unwrap();
    let workflows = repository.path().join(".github/workflows");
    // The finding stands in verify.yml; deploy.yml is the other half of its cause.
    for (directory, file, shown) in [
        (repository.path(), ".github/workflows/verify.yml", " .github/workflows/verify.yml:"),
        (repository.path(), ".github/workflows/deploy.yml", " .github/workflows/verify.yml:"),
        (&workflows, "verify.yml", " verify.yml:"),
        (&workflows, "../..", " verify.yml:"),
    ] {
        let run = twiceshy(directory, &["check", file]);
        assert_eq!(run.code, 1, "{file}: {run:?}");
        assert!(run.out.contains(shown), "{file}: {}", run.out);
    }
    assert_eq!(twiceshy(repository.path(), &["check", "other.sh"]).code, 0);
    assert_eq!(twiceshy(repository.path(), &["check", "other.sh", ".github"]).code, 1);
}

#[test]
fn a_named_file_that_is_not_checked_is_an_error_and_one_of_no_kind_is_a_word() {
    let repository =
        place(&[(".git/HEAD", b""), (".gitignore", b"*.local.sh\n"), ("x.local.sh", b"true\n"), ("a.txt", b"a")]);
    let run = twiceshy(repository.path(), &["check", "x.local.sh"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("x.local.sh: not checked, because git ignores it (.gitignore: *.local.sh)"), "{run:?}");
    let run = twiceshy(repository.path(), &["check", "a.txt"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("a.txt: not a kind of file that twiceshy reads"), "{run:?}");
}

#[test]
fn strict_fails_on_what_was_not_seen() {
    let directory = place(&[("run.sh", b"true\n"), ("other.sh", b"echo \xff\n")]);
    assert_eq!(twiceshy(directory.path(), &["check"]).code, 0);
    assert_eq!(twiceshy(directory.path(), &["check", "--strict"]).code, 2);
    assert_eq!(twiceshy(place(&[]).path(), &["check", "--strict"]).code, 2, "nothing was seen");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_insist() {
    let sick = sick();
    let colored = |args: &[&str], no_color: Option<&str>| {
        let mut command = command(sick.path(), args);
        no_color.map(|value| command.env("NO_COLOR", value));
        finish(command).out.contains('\u{1b}')
    };
    assert!(!colored(&["check"], None), "a pipe");
    assert!(colored(&["check", "--color", "always"], None));
    assert!(colored(&["check", "--color", "always"], Some("1")), "an argument wins over the environment");
    assert!(!colored(&["check", "--color", "never"], None));
    assert!(!colored(&["explain", "unknown-workflow"], None));
    assert!(colored(&["explain", "unknown-workflow", "--color", "always"], None));
}

#[test]
fn a_report_is_written_whole_or_not_at_all() {
    let sick = sick();
    let target = place(&[("report.json", b"before")]);
    let file = target.path().join("report.json");
    let args = |file: &Path| ["check", ".", "--format", "json", "--output", file.to_str().unwrap()].map(str::to_owned);
    let run = twiceshy(sick.path(), &args(&file));
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    let report = std::fs::read_to_string(&file).unwrap();
    assert_eq!(report, twiceshy(sick.path(), &["check", "--format", "json"]).out);
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 1, "no temporary file is left");
    let run = twiceshy(sick.path(), &args(&target.path().join("missing/report.json")));
    assert_eq!(run.code, 2);
    assert!(run.err.contains("the report cannot be written"), "{run:?}");
    #[cfg(target_os = "linux")]
    {
        let mut full = command(sick.path(), &["check"]);
        full.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped());
        let output = full.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("standard output cannot be written"));
        let run = twiceshy(sick.path(), &args(Path::new("/dev/stdout")));
        assert_eq!(run.out, report, "a pipe is written to, not replaced");
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let sick = sick();
    for args in
        [&["check"][..], &["check", "--format", "sarif"], &["lints"], &["explain", "unknown-workflow"], &["--help"]]
    {
        let mut child = command(sick.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(output.status.code().is_some_and(|code| code < 2), "{args:?}: {}", output.status);
    }
}

#[cfg(unix)]
#[test]
fn a_slow_reader_behind_a_non_blocking_pipe_gets_everything() {
    use std::io::Read as _;
    let sick = sick();
    let args = ["check", "--format", "sarif"];
    let whole = twiceshy(sick.path(), &args).out;
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    // What Node does to the pipes of its children; a socket holds some hundred KiB before it would block.
    writer.set_nonblocking(true).unwrap();
    let many = place(&[]);
    for at in 0..400 {
        for (path, text) in &cases()[0].1 {
            let path = many.path().join(at.to_string()).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let mut child = command(many.path(), &args).stdout(std::os::fd::OwnedFd::from(writer)).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut report = Vec::new();
    let mut part = [0; 4096];
    loop {
        match reader.read(&mut part).unwrap() {
            0 => break,
            read => report.extend_from_slice(&part[..read]),
        }
    }
    assert!(child.wait().unwrap().code().is_some_and(|code| code < 2));
    assert!(serde_json::from_slice::<serde_json::Value>(&report).is_ok(), "cut after {} bytes", report.len());
    assert!(report.len() >= whole.len());
}

#[test]
fn lints_are_listed_for_people_and_for_programs() {
    let here = place(&[]);
    let table = twiceshy(here.path(), &["lints"]).out;
    let json = twiceshy(here.path(), &["lints", "--format", "json"]).json();
    let lints = twiceshy_lints::all();
    assert_eq!((table.lines().count(), json.as_array().unwrap().len()), (lints.len(), lints.len()));
    for (lint, row) in lints.iter().zip(json.as_array().unwrap()) {
        assert_eq!(row["name"], lint.name);
        assert_eq!(row["level"], lint.meta.level.name());
        assert_eq!(row["group"], lint.meta.group.name());
        let page = twiceshy(here.path(), &["explain", &lint.name]).out;
        assert!(page.starts_with(&format!("{} ({}, {}", lint.name, lint.meta.level.name(), lint.meta.group.name())));
        assert!(!page.contains("```"), "{page}");
    }
}

#[test]
fn the_patch_that_diff_prints_is_what_fix_does() {
    for (lint, files) in cases() {
        let (patched, fixed) = (write(&files), write(&files));
        let run = twiceshy(patched.path(), &["check", "--diff", "--select", &lint]);
        assert_eq!(files, self::files(patched.path()), "{lint}: --diff changes nothing");
        if !run.out.is_empty() {
            let patch = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(patch.path(), &run.out).unwrap();
            let mut apply = std::process::Command::new("git");
            apply.args(["apply", "--unsafe-paths", "-p1"]).arg(patch.path()).current_dir(patched.path());
            let applied = finish(apply);
            assert_eq!(applied.code, 0, "{lint}: {}\n{}", applied.err, run.out);
        }
        let run = twiceshy(fixed.path(), &["check", "--fix", "--select", &lint]);
        assert_eq!(self::files(patched.path()), self::files(fixed.path()), "{lint}: {run:?}");
        let after = self::files(fixed.path());
        twiceshy(fixed.path(), &["check", "--fix", "--select", &lint]);
        assert_eq!(after, self::files(fixed.path()), "{lint}: a second --fix changes something");
    }
}

#[test]
fn a_repository_tells_about_its_own_images_as_the_readme_says() {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```toml twiceshy.toml\n").unwrap();
    let (row, _) = block.split_once("```").unwrap();
    let compose = "services:\n  db:\n    image: registry.example.org/shop/db:1\n";
    let right = place(&[("twiceshy.toml", row.as_bytes()), ("compose.yml", compose.as_bytes())]);
    let run = twiceshy(right.path(), &["check"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");

    let wrong = row.replace("role = \"database\"", "role = \"databse\"\nprots = 5432");
    let wrong = place(&[("twiceshy.toml", wrong.as_bytes()), ("compose.yml", compose.as_bytes())]);
    let run = twiceshy(wrong.path(), &["check"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains(":8: `databse` means nothing here; did you mean `database`?"), "{}", run.err);
    assert!(run.err.contains(":1: `prots` is not a column of an image's row; did you mean `ports`?"), "{}", run.err);
}

#[test]
fn nothing_is_found_in_this_repository() {
    let run = twiceshy(&top(), &["check", "--pedantic"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let files = run.out.split_whitespace().nth(1).and_then(|files| files.replace(',', "").parse::<usize>().ok());
    assert!(files.is_some_and(|files| files > 300), "{}", run.out);
    // Workflows, the action's scripts and this file are among what was read: one of them, named, is known.
    let run = twiceshy(&top(), &["check", ".github/workflows/release.yml", "action/check.sh", "pyproject.toml"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
}
