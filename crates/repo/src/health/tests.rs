//! What health checks are read as.

use super::{Client, Request};
use twiceshy_source::{Extract, FileId};

fn read(argv: &[Extract], script: Option<&Extract>) -> Vec<Request> {
    super::Deed::of(argv, script).requests
}

/// Client, host, port, path of every request; each part stands where it says.
fn seen(text: &str, requests: &[Request]) -> Vec<(Client, String, Option<u16>, String)> {
    for request in requests {
        assert_eq!(request.host_place.span().of(text), request.host, "{text}");
        if let Some((port, place)) = &request.port_written {
            assert_eq!(place.span().of(text), port, "{text}");
        }
        assert_eq!(request.path_place.span().of(text), request.path, "{text}");
    }
    let part = |request: &Request| (request.client, request.host.clone(), request.port, request.path.clone());
    requests.iter().map(part).collect()
}

fn shell(text: &str) -> Vec<(Client, String, Option<u16>, String)> {
    seen(text, &read(&[], Some(&Extract::verbatim(FileId(0), 0, text))))
}

fn one(text: &str, client: Client, host: &str, port: impl Into<Option<u16>>, path: &str) {
    assert_eq!(shell(text), [(client, host.to_owned(), port.into(), path.to_owned())], "{text}");
}

#[test]
fn requests_are_read_from_shell() {
    use Client::{Bash, Curl, Node, Python, Wget};
    one("wget -q --spider http://localhost:3000/health || exit 1", Wget, "localhost", 3000, "/health");
    one("wget -qO- localhost | grep ok", Wget, "localhost", None, "");
    one("wget -q -O - \"http://localhost:${PORT:-80}/\"", Wget, "localhost", None, "/");
    one("sh -c 'wget --spider http://localhost:80/'", Wget, "localhost", 80, "/");
    one("curl -fsSo /dev/null -H 'Host: x.org' https://u:p@[::1]:8443/a?b=c", Curl, "::1", 8443, "/a?b=c");
    one("curl --fail --max-time 5 127.0.0.1:8080/healthz", Curl, "127.0.0.1", 8080, "/healthz");
    one("curl -f -X GET --url=http://app/live", Curl, "app", None, "/live");
    one("timeout 5 bash -c '</dev/tcp/localhost/9000'", Bash, "localhost", 9000, "");
    one("node -e \"fetch('http://localhost:3000/x').then(r=>process.exit(!r.ok))\"", Node, "localhost", 3000, "/x");
    one("node -e \"require('http').get({host:'localhost',port:3000})\"", Node, "localhost", 3000, "");
    one(
        "python3 -c \"import urllib.request as r; r.urlopen('http://localhost:8000/ok')\"",
        Python,
        "localhost",
        8000,
        "/ok",
    );
}

#[test]
fn requests_are_read_from_words() {
    let words = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| Extract::verbatim(FileId(0), 0, *word)).collect();
        read(&words, None).into_iter().map(|request| (request.client, request.host, request.port)).collect::<Vec<_>>()
    };
    assert_eq!(words(&["/usr/bin/wget", "--spider", "http://localhost/x"]), [(Client::Wget, "localhost".into(), None)]);
    assert_eq!(words(&["busybox", "wget", "-T", "3", "localhost:1"]), [(Client::Wget, "localhost".into(), Some(1))]);
    assert_eq!(words(&["nc", "-z", "db", "5432"]), [(Client::Netcat, "db".into(), Some(5432))]);
    assert_eq!(words(&["wget", "--header", "localhost", "http://web/"]), [(Client::Wget, "web".into(), None)]);
    assert_eq!(words(&["pg_isready", "-h", "localhost"]), []);
    assert_eq!(words(&["node", "healthcheck.js", "localhost"]), []);
    assert_eq!(words(&["echo", "http://localhost/"]), []);
}

#[test]
fn a_client_may_be_told_the_kind_of_address() {
    let text = Extract::verbatim(FileId(0), 0, "wget -4 http://localhost/");
    assert!(read(&[], Some(&text)).iter().all(|request| request.is_pinned));
}
