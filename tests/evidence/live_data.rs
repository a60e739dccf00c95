//! Databases whose directory is taken, given away, or shared while they run.

use super::postgres::Postgres;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A query of a new connection: what it answers, or says.
fn ask(server: &Postgres, socket: &str, query: &str) -> Result<String, String> {
    let output = server.client("psql").args(["-h", socket, "-U", "postgres", "-Atc", query]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `chown -R somebody`; where that takes root, all rights are taken instead: to the server it is the same.
fn give_away(path: &str) {
    if Postgres::runs_as_root() { run("chown", &["-R", "nobody", path]) } else { run("chmod", &["-R", "a-rwx", path]) }
}

fn give_back(path: &str) {
    if Postgres::runs_as_root() {
        run("chown", &["-R", "postgres", path])
    } else {
        run("chmod", &["-R", "u+rwX", path])
    }
}

#[test]
fn postgres_cannot_open_files_that_were_given_to_somebody_else() {
    let server = Postgres::start();
    let (socket, data) = (server.socket(), server.data());
    assert_eq!(ask(&server, &socket, "select 1").as_deref(), Ok("1"));
    give_away(&data);
    let refused = ask(&server, &socket, "select 1").unwrap_err();
    assert!(refused.contains("Permission denied"), "{refused}");
    give_back(&data);
    server.stop();
    give_away(&data);
    let refused = server.fails_to_start();
    assert!(refused.contains("Permission denied"), "{refused}");
    give_back(&data);
    run("chmod", &["0755", &data]);
    let refused = server.fails_to_start();
    assert!(refused.contains("invalid permissions"), "{refused}");
    run("chmod", &["0750", &data]);
    assert!(server.starts_again());
    assert_eq!(ask(&server, &socket, "select 1").as_deref(), Ok("1"));
}

#[test]
fn postgres_whose_directory_is_removed_serves_nobody_and_does_not_start_again() {
    let server = Postgres::start();
    let (socket, data, process) = (server.socket(), server.data(), server.process());
    run("sh", &["-c", &format!("rm -rf '{data}'/*")]);
    let refused = ask(&server, &socket, "select 1").unwrap_err();
    assert!(refused.contains("No such file or directory") || refused.contains("terminated"), "{refused}");
    end(&process, "-QUIT");
    let refused = server.fails_to_start();
    assert!(refused.contains("not a database cluster directory"), "{refused}");
}

/// Ends a process, and waits until it has.
fn end(process: &str, signal: &str) {
    run("kill", &[signal, process]);
    let until = Instant::now() + Duration::from_secs(20);
    while std::path::Path::new("/proc").join(process).exists() {
        assert!(Instant::now() < until, "{process} goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A second server on the data of `server`, with processes and memory of its own where `apart`.
fn second(server: &Postgres, apart: bool) -> (Child, String, String) {
    let socket = format!("{}/second", server.socket());
    std::fs::create_dir_all(&socket).unwrap();
    let log = format!("{socket}/log");
    let mut words: Vec<String> = Vec::new();
    if apart {
        words.extend(["unshare", "--pid", "--ipc", "--fork"].map(str::to_owned));
    }
    if Postgres::runs_as_root() {
        run("chown", &["postgres", &socket]);
        words.extend(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"].map(str::to_owned));
    }
    words.push(server.client_path("postgres"));
    words.extend(["-D".to_owned(), server.data()]);
    for option in ["listen_addresses=", &format!("unix_socket_directories={socket}"), "fsync=off"] {
        words.extend(["-c".to_owned(), option.to_owned()]);
    }
    let output = std::fs::File::create(&log).unwrap();
    let child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
        .unwrap();
    (child, socket, log)
}

#[test]
fn two_servers_refuse_one_directory_only_where_they_see_each_other() {
    let server = Postgres::start();
    let first = server.socket();
    let (mut child, _, log) = second(&server, false);
    assert!(!child.wait().unwrap().success());
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("lock file \"postmaster.pid\" already exists"), "{said}");

    // Containers have processes and shared memory of their own. Only root may make such things here.
    if !Postgres::runs_as_root()
        || !Command::new("unshare")
            .args(["--pid", "--ipc", "--fork", "true"])
            .status()
            .is_ok_and(|status| status.success())
    {
        return;
    }
    // As in a container, the first server's number must mean nobody in the second's.
    ask(&server, &first, "create table t (at text, i int)").unwrap();
    ask(&server, &first, "insert into t values ('start', 0)").unwrap();
    ask(&server, &first, "checkpoint").unwrap();
    let own = server.process();
    let (mut child, other, log) = second(&server, true);
    let until = Instant::now() + Duration::from_secs(20);
    while ask(&server, &other, "select count(*) from t").is_err() {
        assert!(Instant::now() < until, "{}", std::fs::read_to_string(&log).unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask(&server, &first, "select count(*) from t").as_deref(), Ok("1"));
    for (socket, at) in [(&first, "first"), (&other, "second")] {
        ask(&server, socket, &format!("insert into t select '{at}', generate_series(1, 100)")).unwrap();
    }
    // Each says that its rows are safe.
    for (socket, at) in [(&first, "first"), (&other, "second")] {
        assert_eq!(ask(&server, socket, &format!("select count(*) from t where at = '{at}'")).as_deref(), Ok("100"));
        ask(&server, socket, "checkpoint").unwrap();
    }
    // The server is the one child of `unshare`.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let process = std::fs::read_to_string(children).unwrap();
    end(process.trim(), "-INT");
    child.wait().unwrap();
    end(&own, "-INT");
    // It starts with what is left, or not at all.
    let left = if server.starts_again() { ask(&server, &first, "select count(*) from t") } else { Err(String::new()) };
    assert_ne!(left.as_deref(), Ok("201"), "both kept their rows");
}
