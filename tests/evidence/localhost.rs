//! What clients do with `localhost` when the server listens on IPv4 only and the loopback has `::1`, as in every
//! container since Docker 26.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::process::Command;

/// Serves `ok` on an address, until the test ends; gives the port.
fn serve(address: SocketAddr) -> u16 {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    port
}

fn ipv4_only() -> u16 {
    serve((Ipv4Addr::UNSPECIFIED, 0).into())
}

/// `[::]` takes IPv4 too, unless the system says otherwise.
fn both() -> u16 {
    serve((Ipv6Addr::UNSPECIFIED, 0).into())
}

/// Without `::1` on the loopback there is nothing to show: `localhost` is `127.0.0.1`, as it was before Docker 26.
fn has_ipv6_loopback() -> bool {
    let resolves =
        ("localhost", 80).to_socket_addrs().is_ok_and(|mut all| all.next().is_some_and(|first| first.is_ipv6()));
    let is_there = resolves && TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !is_there {
        eprintln!("not shown here: `localhost` is not `::1` first on this machine");
    }
    is_there
}

/// Runs a health check as a container would: whether it passes, and what it says.
fn check(script: &str) -> (bool, String) {
    let output =
        Command::new("sh").args(["-c", script]).env_remove("http_proxy").env_remove("HTTP_PROXY").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn is_installed(program: &str) -> bool {
    check(&format!("command -v {program}")).0
}

#[test]
fn busybox_wget_asks_one_address_of_localhost() {
    if !has_ipv6_loopback() {
        return;
    }
    let port = ipv4_only();
    let probe = |host: &str, port: u16| check(&format!("busybox wget -q -O /dev/null http://{host}:{port}/ || exit 1"));
    let (passes, said) = probe("localhost", port);
    assert!(!passes && said.contains("refused"), "{said}");
    assert!(probe("127.0.0.1", port).0, "the repair passes");
    assert!(probe("localhost", both()).0, "a server on both is found");
}

#[test]
fn node_17_to_19_ask_one_address_of_localhost() {
    if !has_ipv6_loopback() {
        return;
    }
    let port = ipv4_only();
    // Their default; Node 20 tries all addresses unless told not to.
    let old = "node --no-network-family-autoselection";
    let probe = |node: &str, host: &str, port: u16| {
        check(&format!(
            "{node} -e \"fetch('http://{host}:{port}/').then(r => process.exit(r.ok ? 0 : 1), e => {{ console.error(e.cause); process.exit(1) }})\""
        ))
    };
    let (passes, said) = probe(old, "localhost", port);
    assert!(!passes && said.contains("ECONNREFUSED"), "{said}");
    assert!(probe(old, "127.0.0.1", port).0);
    assert!(probe(old, "localhost", both()).0);
    assert!(probe("node", "localhost", port).0, "Node 20 and later try all");
}

#[test]
fn other_clients_ask_all_addresses() {
    let port = ipv4_only();
    for script in ["curl -fsS --noproxy '*' -o /dev/null", "wget --no-proxy -q -O /dev/null"] {
        let program = script.split(' ').next().unwrap();
        if is_installed(program) {
            let (passes, said) = check(&format!("{script} http://localhost:{port}/"));
            assert!(passes, "{program}: {said}");
        }
    }
    let python = format!("python3 -c \"import urllib.request as r; r.urlopen('http://localhost:{port}/')\"");
    assert!(check(&python).0);
}
