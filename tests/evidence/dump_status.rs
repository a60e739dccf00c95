//! A dump that fails in a pipe, in real shells: what `dump-status-lost` says.

use super::shells::{Outcome, Shell, run_in};
use crate::program::write_program;
use std::path::Path;

/// A `pg_dump` that fails as one does whose server is down: a message, no output, status 1.
fn with_failing_dump(directory: &Path) {
    let bin = directory.join("bin");
    std::fs::create_dir(&bin).unwrap();
    write_program(&bin.join("pg_dump"), b"#!/bin/sh\necho 'pg_dump: error: connection refused' >&2\nexit 1\n");
}

fn backup(shell: Shell, script: &str) -> (Outcome, Option<Vec<u8>>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    with_failing_dump(directory.path());
    let outcome = run_in(shell, script, directory.path());
    let written = std::fs::read(directory.path().join("app.sql.gz")).ok();
    (outcome, written, directory)
}

const ALL: [Shell; 3] = [Shell::Bash, Shell::Dash, Shell::Ash];

#[test]
fn a_failed_dump_becomes_a_valid_archive_of_20_bytes_and_the_script_goes_on() {
    for shell in ALL {
        let (outcome, written, directory) = backup(
            shell,
            "set -e\npg_dump app | gzip > app.sql.gz\n[ -s app.sql.gz ]\ngzip -t app.sql.gz\necho rotated\n",
        );
        assert_eq!(outcome.code, Some(0), "{shell:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "rotated\n", "{shell:?}");
        assert_eq!(written.map(|bytes| bytes.len()), Some(20), "{shell:?}");
        drop(directory);
    }
}

#[test]
fn with_pipefail_the_script_ends_and_rotates_nothing() {
    for shell in [Shell::Bash, Shell::Ash] {
        let (outcome, ..) = backup(shell, "set -eo pipefail\npg_dump app | gzip > app.sql.gz\necho rotated\n");
        assert_eq!(outcome.code, Some(1), "{shell:?}");
        assert_eq!(outcome.stdout, "", "{shell:?}");
    }
}

#[test]
fn pipestatus_tells_in_bash() {
    let (outcome, ..) = backup(
        Shell::Bash,
        "set -e\npg_dump app | gzip > app.sql.gz\n[ \"${PIPESTATUS[0]}\" -eq 0 ] || exit 3\necho rotated\n",
    );
    assert_eq!(outcome.code, Some(3));
}

#[test]
fn pipefail_alone_changes_nothing_where_nobody_asks() {
    let (outcome, ..) = backup(Shell::Bash, "set -o pipefail\npg_dump app | gzip > app.sql.gz\necho rotated\n");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "rotated\n"));
}

#[test]
fn sh_as_dash_ends_over_pipefail_or_takes_it() {
    // dash has learned `pipefail` after 0.5.12: either it ends the script before the dump, or it does what bash does.
    let (outcome, written, _directory) =
        backup(Shell::Dash, "set -e\nset -o pipefail\npg_dump app | gzip > app.sql.gz\necho rotated\n");
    assert_ne!(outcome.code, Some(0));
    assert_eq!(outcome.stdout, "");
    if outcome.stderr.contains("Illegal option") {
        assert_eq!(outcome.code, Some(2));
        assert_eq!(written, None);
    }
}

#[test]
fn two_commands_do_in_every_shell() {
    for shell in ALL {
        let (outcome, written, _directory) =
            backup(shell, "set -e\npg_dump app > app.sql\ngzip -c app.sql > app.sql.gz\necho rotated\n");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{shell:?}");
        assert_eq!(written, None, "{shell:?}");
    }
}

/// What people type from a page: `bash -i` reads one line after the other.
#[test]
fn who_types_sees_the_error_but_what_is_joined_has_run() {
    let directory = tempfile::tempdir().unwrap();
    with_failing_dump(directory.path());
    let typed = |line: &str| {
        std::fs::write(directory.path().join("volume"), "data").unwrap();
        let outcome = run_in(Shell::Bash, &format!("bash --norc -i <<'EOF'\n{line}\nEOF\n"), directory.path());
        (outcome.stderr.contains("connection refused"), directory.path().join("volume").exists())
    };
    assert_eq!(typed("pg_dump app | gzip > app.sql.gz"), (true, true));
    assert_eq!(typed("pg_dump app | gzip > app.sql.gz && rm volume"), (true, false));
    assert_eq!(typed("pg_dump app > app.sql && rm volume"), (true, true));
    assert_eq!(typed("set -o pipefail; pg_dump app | gzip > app.sql.gz && rm volume"), (true, true));
}
