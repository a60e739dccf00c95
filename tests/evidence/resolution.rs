//! `localhost-healthcheck`, `unknown-service-host`: how musl and glibc resolve names.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the addresses of a name, in the order in which a client would try them.
const RESOLVE: &str = r#"
#include <netdb.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) {
    struct addrinfo hints, *found;
    char address[256];
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (argc < 2 || getaddrinfo(argv[1], "80", &hints, &found)) return 1;
    for (; found; found = found->ai_next) {
        getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, 0, 0, NI_NUMERICHOST);
        puts(address);
    }
    return 0;
}
"#;

/// The program, built with glibc and with musl.
fn built(directory: &Path) -> [PathBuf; 2] {
    std::fs::write(directory.join("resolve.c"), RESOLVE).unwrap();
    ["cc", "musl-gcc"].map(|compiler| {
        let program = directory.join(format!("resolve-{compiler}"));
        let status = Command::new(compiler).arg("-o").arg(&program).arg(directory.join("resolve.c")).status().unwrap();
        assert!(status.success(), "{compiler}");
        program
    })
}

/// What a script prints in a network of its own, in which only the loopback is up, and with this `/etc/hosts`; `None`
/// where namespaces are not permitted.
fn apart(directory: &Path, hosts: &str, script: &str) -> Option<String> {
    std::fs::write(directory.join("hosts"), hosts).unwrap();
    std::fs::write(directory.join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").unwrap();
    let script = format!(
        "ip link set lo up && mount --bind hosts /etc/hosts && mount --bind resolv.conf /etc/resolv.conf && echo ready && {script}"
    );
    let unshared = ["-Urnm", "sh", "-c", &script];
    let output = Command::new("unshare").args(unshared).current_dir(directory).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let shown = text.strip_prefix("ready\n").map(str::to_owned);
    if shown.is_none() {
        eprintln!("not shown here: namespaces are not permitted");
    }
    shown
}

const IPV4_FIRST: &str = "127.0.0.1 localhost\n::1 localhost\n";
const IPV6_FIRST: &str = "::1 localhost\n127.0.0.1 localhost\n";

#[test]
fn localhost_is_ipv6_first_where_the_loopback_has_it_whatever_the_order_of_lines() {
    let directory = tempfile::tempdir().unwrap();
    for program in built(directory.path()) {
        for hosts in [IPV4_FIRST, IPV6_FIRST] {
            let resolve = format!("{} localhost", program.display());
            let Some(with) = apart(directory.path(), hosts, &resolve) else { return };
            assert_eq!(with.lines().next(), Some("::1"), "{program:?} {hosts:?}: {with}");
            // As in containers before Docker 26: the line is there, the address is not.
            let without = apart(directory.path(), hosts, &format!("ip addr del ::1/128 dev lo && {resolve}")).unwrap();
            assert_eq!(without.lines().next(), Some("127.0.0.1"), "{program:?} {hosts:?}: {without}");
        }
    }
}

#[test]
fn a_name_that_nobody_has_resolves_in_neither() {
    let directory = tempfile::tempdir().unwrap();
    for program in built(directory.path()) {
        let resolve = format!("{} postgers; echo $?", program.display());
        let Some(found) = apart(directory.path(), IPV4_FIRST, &resolve) else { return };
        assert_eq!(found, "1\n", "{program:?}");
        let known = format!("{IPV4_FIRST}192.0.2.7 postgers\n");
        assert_eq!(apart(directory.path(), &known, &resolve).unwrap(), "192.0.2.7\n0\n", "{program:?}");
    }
}
