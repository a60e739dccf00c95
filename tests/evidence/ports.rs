//! `duplicate-host-port`: which addresses of the host cannot be bound twice with one port.

use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Binds a free port of `first` and says whether the same port of `second` can be bound beside it.
fn both_bind(first: &str, second: &str) -> bool {
    let one = TcpListener::bind((first, 0)).unwrap();
    let port = one.local_addr().unwrap().port();
    TcpListener::bind((second, port)).is_ok()
}

#[test]
fn a_port_of_the_host_is_bound_once_on_addresses_that_overlap() {
    for (first, second) in [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")] {
        assert!(!both_bind(first, second), "{first} and {second}");
    }
    assert!(both_bind("127.0.0.1", "127.0.0.2"), "two addresses");
    if TcpListener::bind(("::1", 0)).is_ok() {
        assert!(both_bind("127.0.0.1", "::1"), "two families");
    }
}

#[test]
fn a_port_of_the_host_is_bound_once_for_each_protocol() {
    let one = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = one.local_addr().unwrap().port();
    assert!(UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], port))).is_ok());
}
