//! What becomes of a database whose files are copied while it runs, whose log is reset, whose dump fails before its volume
//! is removed.

use super::postgres::Postgres;
use std::process::Command;

fn ask(server: &Postgres, query: &str) -> Result<String, String> {
    let output =
        server.client("psql").args(["-h", &server.socket(), "-U", "postgres", "-Atc", query]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn sh(script: &str) {
    let output = Command::new("sh").args(["-ec", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Ends a server so that it has no time for anything.
fn kill(server: &Postgres) {
    let process = server.process();
    sh(&format!("kill -9 {process}"));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    // Its children see that it is gone, and end.
    loop {
        let is_left = Command::new("sh")
            .args(["-c", &format!("ps -eo args= | grep -v grep | grep -q -- '{}'", server.data())])
            .status()
            .unwrap()
            .success();
        if !is_left && !std::path::Path::new("/proc").join(&process).exists() {
            return;
        }
        assert!(std::time::Instant::now() < until, "it goes on");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Puts a copy where the data is.
fn restore(server: &Postgres, copy: &str) {
    let data = server.data();
    sh(&format!("rm -rf '{data}' && cp -a '{copy}' '{data}' && rm -f '{data}/postmaster.pid'"));
}

#[test]
fn a_copy_of_a_running_server_starts_and_lacks_what_was_committed_before() {
    let server = Postgres::start();
    ask(&server, "create table t (i int)").unwrap();
    ask(&server, "insert into t select generate_series(1, 1000)").unwrap();
    let (data, copy) = (server.data(), format!("{}/copy", server.socket()));
    // `cp` reads one directory after the other; here it has read the tables, and not yet what says where the log begins.
    sh(&format!("cp -a '{data}' '{copy}' && rm -rf '{copy}/pg_wal' '{copy}/global' '{copy}/pg_xact'"));
    ask(&server, "checkpoint").unwrap();
    ask(&server, "select pg_switch_wal()").unwrap();
    ask(&server, "checkpoint").unwrap();
    sh(&format!("cp -a '{data}/pg_wal' '{data}/global' '{data}/pg_xact' '{copy}/'"));
    assert_eq!(ask(&server, "select count(*) from t").as_deref(), Ok("1000"));
    server.stop();
    let whole = format!("{}/whole", server.socket());
    sh(&format!("cp -a '{data}' '{whole}'"));

    restore(&server, &copy);
    server.starts_again();
    let counted = ask(&server, "select count(*) from t");
    assert_ne!(counted.as_deref(), Ok("1000"), "the copy is whole");
    server.stop();

    restore(&server, &whole);
    server.starts_again();
    assert_eq!(ask(&server, "select count(*) from t").as_deref(), Ok("1000"));
}

#[test]
fn a_reset_log_takes_what_was_committed_with_it_and_a_copy_still_has_it() {
    let server = Postgres::start();
    ask(&server, "create table t (i int)").unwrap();
    ask(&server, "checkpoint").unwrap();
    ask(&server, "insert into t select generate_series(1, 1000)").unwrap();
    kill(&server);
    let (data, copy) = (server.data(), format!("{}/copy", server.socket()));
    sh(&format!("cp -a '{data}' '{copy}' && rm -f '{data}/postmaster.pid'"));

    let reset = |options: &str| {
        let program = server.client_path("pg_resetwal");
        let drop =
            if Postgres::runs_as_root() { "setpriv --reuid=postgres --regid=postgres --clear-groups " } else { "" };
        Command::new("sh").args(["-c", &format!("{drop}'{program}' {options} '{data}'")]).output().unwrap()
    };
    let refused = reset("");
    assert!(!refused.status.success(), "without -f it refuses");
    let forced = reset("-f");
    assert!(forced.status.success(), "{}", String::from_utf8_lossy(&forced.stderr));
    server.starts_again();
    assert_ne!(ask(&server, "select count(*) from t").as_deref(), Ok("1000"));
    server.stop();

    restore(&server, &copy);
    server.starts_again();
    assert_eq!(ask(&server, "select count(*) from t").as_deref(), Ok("1000"));
}

#[test]
fn a_dump_that_fails_does_not_keep_a_script_from_removing_the_volume() {
    let home = tempfile::tempdir().unwrap();
    let docker = home.path().join("docker");
    // It cannot dump, and writes down what it is told to remove.
    std::fs::write(
        &docker,
        "#!/bin/sh\ncase \"$*\" in *pg_dump*) exit 1;; 'volume rm '*) echo \"$3\" >> removed;; esac\n",
    )
    .unwrap();
    sh(&format!("chmod +x '{}'", docker.display()));
    let body = "docker compose exec -T db pg_dump -U app app > dump.sql\ndocker compose stop db\ndocker volume rm shop_pgdata\n";
    for (head, is_removed) in [("", true), ("set -euo pipefail\n", false)] {
        let _ = std::fs::remove_file(home.path().join("removed"));
        let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap());
        Command::new("bash")
            .args(["-c", &format!("{head}{body}")])
            .current_dir(home.path())
            .env("PATH", path)
            .status()
            .unwrap();
        assert_eq!(home.path().join("removed").exists(), is_removed, "{head:?}");
    }
}
