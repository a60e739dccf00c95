//! What becomes of processes that start too early, ask the wrong way, or grow beyond what they may.

use super::postgres::Postgres;
use super::shells::{Shell, run};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// A server that answers every request with `status`, until the test ends; gives the port.
fn answering(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// A port of the loopback that nobody has, and that the kernel gives to nobody who asks for any.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 10_000) as u16;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Runs words as a health check in exec form is run: no shell.
fn exec(words: &[&str]) -> std::io::Result<Output> {
    let (program, args) = words.split_first().unwrap();
    Command::new(program).args(args).env_remove("http_proxy").env_remove("HTTP_PROXY").output()
}

fn passes(words: &[&str]) -> bool {
    exec(words).unwrap().status.success()
}

#[test]
fn curl_looks_at_the_status_only_when_it_is_told_to() {
    for status in ["404 Not Found", "500 Internal Server Error"] {
        let url = format!("http://127.0.0.1:{}/health", answering(status));
        assert!(passes(&["curl", "-s", &url]), "{status} passes without -f");
        for option in ["-f", "--fail", "--fail-with-body"] {
            assert!(!passes(&["curl", "-s", option, &url]), "{status} fails with {option}");
        }
        assert!(!passes(&["wget", "-q", "-O", "/dev/null", &url]), "wget fails by itself");
        assert!(!passes(&["busybox", "wget", "-q", "-O", "/dev/null", &url]), "BusyBox' wget, too");
    }
    let url = format!("http://127.0.0.1:{}/health", answering("200 OK"));
    assert!(passes(&["curl", "-s", "-f", &url]), "the repaired check passes where it should");
}

#[test]
fn fetch_looks_at_the_status_only_when_it_is_told_to() {
    let url = format!("http://127.0.0.1:{}/health", answering("500 Internal Server Error"));
    assert!(passes(&["node", "-e", &format!("fetch('{url}').catch(() => process.exit(1))")]));
    assert!(!passes(&["node", "-e", &format!("fetch('{url}').then(r => process.exit(r.ok ? 0 : 1))")]));
    let urllib = format!("import urllib.request as r; r.urlopen('{url}')");
    assert!(!passes(&["python3", "-c", &urllib]), "urllib fails by itself");
}

#[test]
fn operators_and_variables_are_arguments_where_no_shell_reads_them() {
    let url = format!("http://127.0.0.1:{}/health", answering("200 OK"));
    assert!(!passes(&["curl", "-sf", &url, "||", "exit", "1"]), "three more URLs");
    assert!(run(Shell::Dash, &format!("curl -sf {url} || exit 1")).code == Some(0), "a shell reads them");
    assert!(exec(&[&format!("curl -sf {url}")]).is_err(), "there is no program of that name");
    assert!(!passes(&["curl", "-sf", "http://127.0.0.1:$PORT/health"]), "nobody puts the port in");
    // `["CMD-SHELL", "curl", "-sf", url]` runs `sh -c curl -sf url`.
    assert!(!passes(&["sh", "-c", "curl", "-sf", &url]), "the shell runs curl without a URL");
    assert!(passes(&["sh", "-c", &format!("curl -sf {url}")]));
}

#[test]
fn over_its_socket_a_server_is_ready_that_does_not_listen_on_the_network() {
    // As the entrypoint of the image starts it while it initialises: `listen_addresses=''`.
    let server = Postgres::start();
    let ready = |host: &str, port: u16| {
        server.client("pg_isready").args(["-q", "-h", host, "-p", &port.to_string()]).status().unwrap().success()
    };
    assert!(ready(&server.socket(), 5432), "the check is true");
    assert!(!ready("127.0.0.1", 5432) || other_server_listens(), "and nobody can connect over the network");
    let port = free_port();
    server.restart_on(port);
    assert!(ready("127.0.0.1", port), "done, it answers there");
    let words = server.client("pg_isready").args(["-q", "||", "exit", "1"]).output().unwrap();
    assert!(!words.status.success(), "operators are arguments, which it refuses");
}

/// Whether the machine has a server of its own on the usual port, of which nothing can be shown.
fn other_server_listens() -> bool {
    std::net::TcpStream::connect("127.0.0.1:5432").is_ok()
}

#[test]
fn who_connects_before_the_database_answers_ends_and_who_waits_does_not() {
    let port = free_port();
    let server = Postgres::start();
    let psql = server.client_path("psql");
    let isready = server.client_path("pg_isready");
    let query = format!("{psql} -h 127.0.0.1 -p {port} -U postgres -qAt -c 'SELECT 1'");
    let early = run(Shell::Dash, &format!("{query} && echo served"));
    assert_eq!(early.code, Some(2), "{}", early.stderr);
    assert!(early.stderr.contains("refused"), "{}", early.stderr);
    let waiting = std::thread::spawn(move || {
        run(
            Shell::Dash,
            &format!("until {isready} -q -h 127.0.0.1 -p {port}; do sleep 0.1; done; {query} && echo served"),
        )
    });
    std::thread::sleep(Duration::from_millis(300));
    server.restart_on(port);
    let waited = waiting.join().unwrap();
    assert!(waited.stdout.contains("served"), "{}", waited.stderr);
}

#[test]
fn a_server_refuses_the_data_of_another_major_version() {
    let server = Postgres::start();
    let own = server.version();
    server.pretend_version(&(own - 1).to_string());
    let said = server.fails_to_start();
    assert!(said.contains("database files are incompatible with server"), "{said}");
    assert!(said.contains(&format!("initialized by PostgreSQL version {}", own - 1)), "{said}");
    server.pretend_version(&own.to_string());
    server.restart_on(free_port());
}

/// The limit of V8's heap in megabytes, options and environment given.
fn heap(options: &[&str], environment: &str) -> u64 {
    let print = "console.log(Math.round(require('v8').getHeapStatistics().heap_size_limit / 1048576))";
    let output =
        Command::new("node").args(options).args(["-e", print]).env("NODE_OPTIONS", environment).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

#[test]
fn the_heap_is_as_large_as_the_option_says_whatever_there_is() {
    // V8 adds some for what is young.
    let about = |megabytes: u64, wanted: u64| (wanted..wanted + 200).contains(&megabytes);
    // More than any machine has that runs this.
    assert!(about(heap(&["--max-old-space-size=1000000"], ""), 1_000_000));
    assert!(about(heap(&[], "--max-old-space-size=512"), 512));
    assert!(about(heap(&[], "--max_old_space_size=512"), 512), "either spelling");
    assert!(about(heap(&["--max-old-space-size=256"], "--max-old-space-size=4096"), 256), "the command's own wins");
    assert!(about(heap(&[], "--max-old-space-size=4096 --max-old-space-size=300"), 300), "the last wins");
}

#[test]
fn a_build_with_too_small_a_heap_ends_and_says_so() {
    let work =
        "const all = []; for (let i = 0; i < 1.5e6; i++) all.push({ i, text: 'x' + i }); console.log(all.length)";
    let run = |megabytes: u32| {
        let option = format!("--max-old-space-size={megabytes}");
        Command::new("node").args([&*option, "-e", work]).env_remove("NODE_OPTIONS").output().unwrap()
    };
    let small = run(40);
    assert!(!small.status.success());
    let said = String::from_utf8_lossy(&small.stderr);
    assert!(said.contains("heap out of memory") || said.contains("heap limit"), "{said}");
    assert!(run(600).status.success(), "the same work with a larger heap");
}
