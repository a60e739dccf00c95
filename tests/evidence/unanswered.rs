//! What clients do with a port on which nobody listens.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}

fn status(script: &str) -> Option<i32> {
    Command::new("sh").args(["-c", script]).env_remove("http_proxy").output().unwrap().status.code()
}

#[test]
fn a_request_to_a_port_on_which_nobody_listens_fails_at_once() {
    let port = free_port();
    assert_eq!(status(&format!("curl -fsS http://localhost:{port}/health")), Some(7));
    assert_eq!(status(&format!("wget -q --no-proxy -O /dev/null --tries=1 http://localhost:{port}/")), Some(4));
    assert_eq!(status(&format!("curl -fsS http://localhost:{port}/health || true")), Some(0));
}
