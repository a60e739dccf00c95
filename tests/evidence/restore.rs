//! Dumps that are read back by PostgreSQL's clients: what `restore-ignores-errors` says.

use super::postgres::Postgres;
use super::shells::{Shell, run_in};
use std::path::Path;

/// A dump whose second statement fails.
const BROKEN: &str = "create table a(x int);\ninsert into missing values (1);\ninsert into a values (1);\n";

/// Runs a script with the server's clients at hand: its status.
fn run(server: &Postgres, directory: &Path, script: &str) -> Option<i32> {
    let bin = Path::new(&server.client_path("psql")).parent().unwrap().display().to_string();
    let script = format!("export PATH={bin}:$PATH PGHOST={} PGUSER=postgres\n{script}\n", server.socket());
    run_in(Shell::Bash, &script, directory).code
}

/// What is left in the table that the broken dump makes; `None`: there is no table.
fn rows(server: &Postgres) -> Option<String> {
    let mut psql = server.client("psql");
    let output =
        psql.args(["-h", &server.socket(), "-U", "postgres", "-Atc", "select count(*) from a"]).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn psql_goes_on_after_errors_and_succeeds_unless_it_is_told_to_stop() {
    let server = Postgres::start();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("dump.sql"), BROKEN).unwrap();
    let table: &[(&str, i32, Option<&str>)] = &[
        ("psql < dump.sql", 0, Some("1")),
        ("psql -f dump.sql", 0, Some("1")),
        ("cat dump.sql | psql", 0, Some("1")),
        // One transaction: nothing of it stays, and the status is the same.
        ("psql -1 < dump.sql", 0, None),
        ("psql --single-transaction -f dump.sql", 0, None),
        ("psql -v ON_ERROR_STOP=1 < dump.sql", 3, Some("0")),
        ("psql -v ON_ERROR_STOP=1 -f dump.sql", 3, Some("0")),
        ("psql -v ON_ERROR_STOP=1 -1 -f dump.sql", 3, None),
        ("set -eo pipefail\nzcat missing.gz | psql", 1, None),
        ("set -e\nzcat missing.gz | psql", 0, None),
    ];
    for (restore, status, left) in table {
        run(&server, directory.path(), "psql -qc 'drop table if exists a'");
        assert_eq!(run(&server, directory.path(), restore), Some(*status), "{restore}");
        assert_eq!(rows(&server).as_deref(), *left, "{restore}");
    }
}

#[test]
fn pg_restore_tells_at_its_end() {
    let server = Postgres::start();
    let directory = tempfile::tempdir().unwrap();
    let twice = "psql -qc 'create table b(x int primary key)' && pg_dump -Fc postgres > b.dump && pg_restore -d postgres b.dump";
    assert_eq!(run(&server, directory.path(), twice), Some(1));
}

#[test]
fn a_dump_of_everything_makes_the_role_that_reads_it_back() {
    let (server, directory) = (Postgres::start(), tempfile::tempdir().unwrap());
    assert_eq!(run(&server, directory.path(), "pg_dumpall > all.sql"), Some(0));
    // Into a new cluster, too, whose superuser has the same name.
    let other = Postgres::start();
    assert_eq!(run(&other, directory.path(), "psql -v ON_ERROR_STOP=1 postgres < all.sql"), Some(3));
    assert_eq!(run(&other, directory.path(), "psql postgres < all.sql"), Some(0));
}

#[test]
fn after_true_pipestatus_is_that_of_true() {
    let directory = tempfile::tempdir().unwrap();
    let said = |script: &str| run_in(Shell::Bash, script, directory.path()).stdout;
    assert_eq!(said("true | false || true\necho \"${PIPESTATUS[@]}\""), "0\n");
    assert_eq!(said("set -o pipefail\nfalse | cat || true\necho \"${PIPESTATUS[@]}\""), "0\n");
    // Without pipefail the pipeline has succeeded, and `true` does not run.
    assert_eq!(said("false | cat || true\necho \"${PIPESTATUS[@]}\""), "1 0\n");
}
