//! Dumps that fail, and what is left of the backups: what `backup-overwrites-last-good` and `rotates-blindly` say.

use super::postgres::Postgres;
use super::shells::{Outcome, Shell, run_in};
use crate::program::write_program;
use std::path::Path;

const ALL: [Shell; 3] = [Shell::Bash, Shell::Dash, Shell::Ash];

/// A directory with seven old backups and one good dump, and a `pg_dump` that fails as one does whose server is down.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let (bin, backups) = (home.path().join("bin"), home.path().join("backups"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::create_dir(&backups).unwrap();
    write_program(&bin.join("pg_dump"), b"#!/bin/sh\necho 'pg_dump: error: connection refused' >&2\nexit 1\n");
    std::fs::write(home.path().join("last.sql"), "good").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(10 * 86_400);
    for day in 1..=7 {
        let file = std::fs::File::create(backups.join(format!("app-{day}.sql.gz"))).unwrap();
        file.set_modified(old).unwrap();
    }
    home
}

fn left(home: &Path) -> usize {
    let names = std::fs::read_dir(home.join("backups")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().matches('-').count() == 1).count()
}

fn run(shell: Shell, script: &str) -> (Outcome, tempfile::TempDir) {
    let home = home();
    let outcome = run_in(shell, script, home.path());
    (outcome, home)
}

#[test]
fn the_shell_empties_the_file_before_the_dump_starts() {
    for shell in ALL {
        for dump in ["pg_dump app > last.sql", "set -e\npg_dump app > last.sql"] {
            let (outcome, home) = run(shell, dump);
            assert_eq!(outcome.code, Some(1), "{shell:?}");
            assert_eq!(std::fs::read_to_string(home.path().join("last.sql")).unwrap(), "", "{shell:?} {dump}");
        }
        let (outcome, home) = run(shell, "set -C\npg_dump app > last.sql");
        assert_ne!(outcome.code, Some(0), "{shell:?}");
        assert_eq!(std::fs::read_to_string(home.path().join("last.sql")).unwrap(), "good", "{shell:?} with set -C");
    }
}

#[test]
fn two_statements_keep_the_last_good_dump_and_tell_and_an_and_list_tells_nobody() {
    for shell in ALL {
        let (outcome, home) = run(shell, "set -e\npg_dump app > new\nmv new last.sql\necho done\n");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{shell:?}");
        assert_eq!(std::fs::read_to_string(home.path().join("last.sql")).unwrap(), "good");
        let (outcome, home) = run(shell, "set -e\npg_dump app > new && mv new last.sql\necho done\n");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "done\n"), "{shell:?}");
        assert_eq!(std::fs::read_to_string(home.path().join("last.sql")).unwrap(), "good");
        // As the last command it is the script's status.
        let (outcome, _home) = run(shell, "set -e\npg_dump app > new && mv new last.sql\n");
        assert_eq!(outcome.code, Some(1), "{shell:?}");
    }
}

#[test]
fn a_rotation_deletes_what_is_old_although_nothing_new_is_there() {
    const ROTATE: &str = "find backups -name 'app-*.sql.gz' -mtime +7 -delete\n";
    for shell in ALL {
        let lost = "set -e\npg_dump app | gzip > backups/app-new-1.sql.gz\n";
        let (outcome, home) = run(shell, &format!("{lost}{ROTATE}"));
        assert_eq!((outcome.code, left(home.path())), (Some(0), 0), "{shell:?}");
        let (outcome, home) = run(shell, &format!("set -e\n{ROTATE}pg_dump app > backups/app-new-1.sql.gz\n"));
        assert_eq!((outcome.code, left(home.path())), (Some(1), 0), "{shell:?}: the rotation first");
        let (outcome, home) = run(shell, &format!("set -e\npg_dump app > backups/app-new-1.sql.gz\n{ROTATE}"));
        assert_eq!((outcome.code, left(home.path())), (Some(1), 7), "{shell:?}: `set -e`");
        let by_number =
            "pg_dump app > backups/app-new-1.sql.gz\nls -1t backups/app-*.sql.gz | tail -n +8 | xargs rm --\n";
        let (outcome, home) = run(shell, by_number);
        assert_eq!((outcome.code, left(home.path())), (Some(0), 6), "{shell:?}: an empty file counts as a backup");
    }
    for shell in [Shell::Bash, Shell::Ash] {
        let (outcome, home) =
            run(shell, &format!("set -eo pipefail\npg_dump app | gzip > backups/app-new-1.sql.gz\n{ROTATE}"));
        assert_eq!((outcome.code, left(home.path())), (Some(1), 7), "{shell:?}: with pipefail");
    }
}

#[test]
fn pg_dump_opens_its_own_file_only_when_it_has_reached_the_database() {
    let server = Postgres::start();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("last.sql"), "good").unwrap();
    let dump = |tail: &str| {
        let script = format!("'{}' -h {} -U postgres {tail}\n", server.client_path("pg_dump"), server.socket());
        let outcome = run_in(Shell::Bash, &script, home.path());
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        std::fs::read_to_string(home.path().join("last.sql")).unwrap()
    };
    assert_eq!(dump("-f last.sql missing"), "good");
    assert_eq!(dump("missing > last.sql"), "");
}
