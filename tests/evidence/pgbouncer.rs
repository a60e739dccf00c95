//! asyncpg behind PgBouncer in transaction mode: which settings fail, and which repair them.

use super::postgres::{Postgres, python};
use crate::harness;
use std::process::{Child, Command};

/// A PgBouncer before `server` that goes away with it.
struct Pooler {
    process: Child,
    home: tempfile::TempDir,
}

impl Pooler {
    /// With two connections to the server, in transaction mode, and `more` lines of configuration.
    fn start(server: &Postgres, more: &str) -> Self {
        let home = tempfile::Builder::new().prefix("pgb").tempdir_in("/tmp").unwrap();
        let dir = home.path().display().to_string();
        let ini = format!(
            "[databases]\npostgres = host={} dbname=postgres user=postgres\n[pgbouncer]\nlisten_addr =\n\
             unix_socket_dir = {dir}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n{more}\n",
            server.socket()
        );
        std::fs::write(home.path().join("pgbouncer.ini"), ini).unwrap();
        let path = home.path().join("pgbouncer.ini");
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = if is_root {
            // It refuses to run as root.
            super::postgres::must(Command::new("chown").args(["-R", "postgres"]).arg(home.path()));
            // Unlike runuser this becomes the program, so that it can be ended.
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program()]);
            command
        } else {
            Command::new(program())
        };
        let log = std::fs::File::create(home.path().join("log")).unwrap();
        let process = command.arg("-q").arg(path).stderr(log).spawn().unwrap();
        let pooler = Self { process, home };
        for _ in 0..100 {
            if pooler.home.path().join(".s.PGSQL.6432").exists() {
                return pooler;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let said = std::fs::read_to_string(pooler.home.path().join("log")).unwrap_or_default();
        panic!("pgbouncer does not listen: {said}");
    }

    /// Queries through it from several processes, with an environment of ours: whether all went well, and what was said.
    fn query(&self, environment: &str, way: &str) -> (bool, String) {
        let top = harness::top();
        let output = python(&top, environment)
            .arg(top.join("tests/evidence/python/pooled.py"))
            .arg(self.home.path())
            .args(["6432", way])
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> &'static str {
    let debian = "/usr/sbin/pgbouncer";
    if std::path::Path::new(debian).exists() { debian } else { "pgbouncer" }
}

/// Whether this PgBouncer can keep track of prepared statements: since 1.21.
fn can_track() -> bool {
    let output = Command::new(program()).arg("--version").output().expect("apt-get install pgbouncer");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = said.split_whitespace().nth(1).unwrap_or_default();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 21)
}

fn assert_fails((passes, said): (bool, String)) {
    assert!(!passes, "it should have failed");
    let known = ["DuplicatePreparedStatementError", "InvalidSQLStatementNameError"];
    assert!(known.iter().any(|error| said.contains(error)), "{said}");
}

fn assert_passes((passes, said): (bool, String)) {
    assert!(passes, "{said}");
}

#[test]
fn prepared_statements_fail_behind_a_pooler_that_does_not_know_them() {
    let server = Postgres::start();
    let untracked = if can_track() { "max_prepared_statements = 0" } else { "" };
    // One for each: a client that fails cancels its query, and PgBouncer 1.18 may end on that.
    let query = |environment: &str, way: &str| Pooler::start(&server, untracked).query(environment, way);
    // "venv" has asyncpg 0.31, "venv-asyncpg" 0.30.
    for environment in ["venv", "venv-asyncpg"] {
        assert_fails(query(environment, "plain"));
        assert_passes(query(environment, "names"));
        assert_fails(query(environment, "raw"));
        assert_passes(query(environment, "raw-no-cache"));
    }
    assert_passes(query("venv", "no-cache"));
    assert_fails(query("venv-asyncpg", "no-cache"));
    assert_fails(query("venv-asyncpg", "no-caches"));
}

#[test]
fn a_pooler_that_keeps_track_of_them_needs_nothing_of_the_client() {
    if !can_track() {
        eprintln!("not shown here: this PgBouncer is older than 1.21");
        return;
    }
    let server = Postgres::start();
    let pooler = Pooler::start(&server, "max_prepared_statements = 200");
    for environment in ["venv", "venv-asyncpg"] {
        assert_passes(pooler.query(environment, "plain"));
        assert_passes(pooler.query(environment, "raw"));
    }
}
