//! `service-port-mismatch`, `unknown-service-host`, `dead-stub-resolver`: what a client gets that asks where nobody is.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::process::Command;

#[test]
fn a_client_on_another_port_is_refused_while_the_server_runs() {
    let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    // A port that was free a moment ago, and is again.
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    assert_eq!(TcpStream::connect(("127.0.0.1", other)).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
}

fn shell(script: &str) -> bool {
    Command::new("sh").args(["-c", script]).status().unwrap().success()
}

#[test]
fn a_name_that_nobody_has_does_not_resolve() {
    assert!(!shell("getent hosts postgers-that-nobody-is"));
    assert!(shell("getent hosts localhost"));
}

/// Whether we may have a network and a mount namespace of our own.
fn may_unshare() -> bool {
    let may = shell("unshare -Urnm sh -c 'ip link set lo up && mount --bind /dev/null /etc/resolv.conf' 2>/dev/null");
    if !may {
        eprintln!("not shown here: namespaces are not permitted");
    }
    may
}

/// Answers every question with 192.0.2.7, on 127.0.0.53.
const RESOLVER: &str = r#"
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.53", 53))
open("ready", "w").close()
while True:
    query, client = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    is_a = query[end - 4:end - 2] == b"\0\1"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 7]) if is_a else b""
    server.sendto(query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0" + query[12:end] + answer, client)
"#;

/// Resolves a name where `127.0.0.53` is the only resolver, after `before` has run.
fn resolves(client: &str, before: &str) -> bool {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("resolv.conf"), "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n")
        .unwrap();
    std::fs::write(directory.path().join("resolver.py"), RESOLVER).unwrap();
    let script = format!(
        "ip link set lo up; mount --bind resolv.conf /etc/resolv.conf; {before} {client} >answer 2>&1; code=$?; kill $! 2>/dev/null; exit $code"
    );
    let unshared = ["-Urnm", "--fork", "--kill-child", "sh", "-c", &script];
    Command::new("unshare").args(unshared).current_dir(directory.path()).status().unwrap().success()
}

#[test]
fn a_resolver_on_the_loopback_that_does_not_run_resolves_nothing() {
    if !may_unshare() {
        return;
    }
    let started = "python3 resolver.py & while [ ! -e ready ]; do sleep 0.05; done;";
    for client in ["getent hosts service.example", "busybox nslookup -type=a service.example"] {
        assert!(!resolves(client, ""), "{client}: nothing runs there");
        assert!(resolves(client, started), "{client}: a resolver runs there");
    }
}

#[test]
fn a_route_that_is_not_there_fails_a_health_check() {
    use std::io::{Read, Write};
    let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let asks_healthz = request[..length].windows(13).any(|part| part == b"GET /healthz ");
            let status = if asks_healthz { "200 OK" } else { "404 Not Found" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let check = |client: &str, path: &str| {
        shell(&format!("unset http_proxy HTTP_PROXY; {client} http://127.0.0.1:{port}{path} 2>/dev/null"))
    };
    for client in ["curl -fsS", "busybox wget -q -O /dev/null"] {
        assert!(!check(client, "/health"), "{client}");
        assert!(check(client, "/healthz"), "{client}");
    }
    assert!(check("curl -sS", "/health"), "without -f a 404 is an answer");
}
