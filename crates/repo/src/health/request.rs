//! Requests that the programs of a health check send.

use super::Program;
use crate::script::Script;
use twiceshy_source::{Edit, Extract, Place, Span};

/// A request that a health check sends.
#[derive(Clone, Debug)]
pub struct Request {
    /// What sends it.
    pub client: Client,
    /// The program that sends it, among those of its check.
    pub program: usize,
    /// The scheme, if it is written: `http`.
    pub scheme: Option<String>,
    /// The host: a name or an address without brackets; variables as written.
    pub host: String,
    /// The port, if it is written as a number.
    pub port: Option<u16>,
    /// The path with what follows it: `/health?full=1`; empty where none is written.
    pub path: String,
    /// Whether the client is told which kind of address to take.
    pub is_pinned: bool,
    /// Where the request is written: a URL, or the port of a host.
    pub place: Place,
    /// Where the host is written.
    pub host_place: Place,
    /// The port as it is written, a number or a variable, and where.
    pub port_written: Option<(String, Place)>,
    /// Where the path is written; where it would stand if there is none.
    pub path_place: Place,
}

/// What sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// curl: tries every address of a name.
    Curl,
    /// wget: BusyBox' tries one address, GNU's all.
    Wget,
    /// Node's `http` or `fetch`: tries one address before version 20.
    Node,
    /// Python's `urllib`, `requests`, `httpx`, `socket`: tries every address.
    Python,
    /// `nc -z`, which only connects.
    Netcat,
    /// `/dev/tcp/HOST/PORT` of bash, which only connects.
    Bash,
}

impl Request {
    /// The port that is asked: the one that is written, or that of the scheme. `None` where a variable says it.
    pub fn port_asked(&self) -> Option<u16> {
        match (&self.port_written, self.scheme.as_deref()) {
            (Some(_), _) => self.port,
            (None, Some("https")) => Some(443),
            (None, _) => Some(80),
        }
    }

    /// The path that is asked, without query and fragment.
    pub fn path_asked(&self) -> &str {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// Whether it asks its own container.
    pub fn is_own(&self) -> bool {
        matches!(&*self.host, "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" | "::" | "$HOSTNAME" | "${HOSTNAME}")
    }

    /// Whether it asks by the name `localhost`.
    pub fn is_localhost(&self) -> bool {
        self.host == "localhost"
    }

    /// Writes another host.
    pub fn host_edit(&self, host: &str) -> Option<Edit> {
        edit(self.host_place, &self.host, host)
    }

    /// Writes another port.
    pub fn port_edit(&self, port: u16) -> Option<Edit> {
        let (written, place) = self.port_written.as_ref()?;
        edit(*place, written, &port.to_string())
    }
}

/// Names, numbers and paths need no escapes in any language that we know.
fn edit(place: Place, written: &str, text: &str) -> Option<Edit> {
    (place.range().len() == written.len()).then(|| Edit { place, text: text.into() })
}

/// The requests that programs send.
pub(super) fn requests(programs: &[Program], scripts: &[Script]) -> Vec<Request> {
    let mut found: Vec<Request> = Vec::new();
    for (at, program) in programs.iter().enumerate() {
        let before = found.len();
        match &*program.name {
            "curl" => of_operands(program, Client::Curl, CURL, &mut found),
            "wget" => of_operands(program, Client::Wget, WGET, &mut found),
            "busybox" if program.words.get(1).is_some_and(|applet| applet.text() == "wget") => {
                let applet = Program { words: program.words.get(1..).unwrap_or_default().to_vec(), ..program.clone() };
                of_operands(&applet, Client::Wget, WGET, &mut found);
            }
            "node" | "nodejs" | "bun" => of_code(program, Client::Node, &mut found),
            name if name.starts_with("python") => of_code(program, Client::Python, &mut found),
            "nc" | "ncat" | "netcat" => of_netcat(program, &mut found),
            "bash" | "sh" => {
                for word in &program.words {
                    of_dev_tcp(word, &mut found);
                }
            }
            _ => {}
        }
        for request in found.iter_mut().skip(before) {
            request.program = at;
            request.is_pinned = program.words.iter().any(|word| pins(word.text()));
        }
    }
    // A redirection is none of a program's words.
    if let (Some(script), true) = (scripts.first(), found.is_empty()) {
        of_dev_tcp(script.extract(), &mut found);
    }
    found
}

/// Whether a word tells a client which kind of address to take.
fn pins(word: &str) -> bool {
    matches!(word, "-4" | "-6" | "--ipv4" | "--ipv6" | "--inet4-only" | "--inet6-only" | "--prefer-family=IPv4")
        || word.contains("family:")
}

/// A client's options that take a value: those of one letter together, the long ones each.
type WithValue = (&'static str, &'static [&'static str]);

/// curl's, as far as health checks use them.
const CURL: WithValue = (
    "AbcCdDeEFHKmoPQrTuUwXxyYz",
    &[
        "--header",
        "--request",
        "--data",
        "--data-raw",
        "--data-binary",
        "--max-time",
        "--connect-timeout",
        "--retry",
        "--retry-delay",
        "--retry-max-time",
        "--output",
        "--user",
        "--user-agent",
        "--write-out",
        "--cacert",
        "--cert",
        "--key",
        "--unix-socket",
        "--resolve",
        "--connect-to",
        "--interface",
        "--proxy",
        "--noproxy",
        "--cookie",
        "--referer",
        "--form",
    ],
);

/// Those of either wget.
const WGET: WithValue = (
    "OoaTtPUYweQ",
    &[
        "--header",
        "--post-data",
        "--post-file",
        "--user-agent",
        "--timeout",
        "--tries",
        "--output-document",
        "--method",
        "--body-data",
        "--user",
        "--password",
    ],
);

fn of_operands(program: &Program, client: Client, (short, long): WithValue, found: &mut Vec<Request>) {
    let mut words = program.words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.text();
        if let Some(url) = text.strip_prefix("--url=") {
            let start = text.len() - url.len();
            found.extend(url_at(word, Span::new(start, text.len()), client));
        } else if text.starts_with("--") {
            if long.contains(&text) {
                words.next();
            }
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            // `-sfo FILE`: the value of the first letter that wants one is what is left of the word, or the next.
            if letters.chars().position(|c| short.contains(c)).is_some_and(|at| at + 1 == letters.chars().count()) {
                words.next();
            }
        } else {
            found.extend(url_at(word, Span::new(0, text.len()), client));
        }
    }
}

/// Calls in a program that is given on the command line.
fn of_code(program: &Program, client: Client, found: &mut Vec<Request>) {
    let calls: &[&str] = match client {
        Client::Node => &["fetch(", ".get(", ".request("],
        _ => &["urlopen(", ".get(", ".head(", ".request(", "HTTPConnection(", "create_connection(", ".connect("],
    };
    for word in program.words.iter().skip(1) {
        let text = word.text();
        if !calls.iter().any(|call| text.contains(call)) {
            continue;
        }
        let before = found.len();
        for (at, _) in text.match_indices("://") {
            let scheme = text.get(..at).unwrap_or_default();
            let start = scheme.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
            let rest = text.get(start..).unwrap_or_default();
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`,)<>\\".contains(c)).unwrap_or(rest.len());
            found.extend(url_at(word, Span::new(start, start + end), client));
        }
        // `http.get({ host: 'localhost', port: 3000 })`, `create_connection(("localhost", 5432))`
        if found.len() == before
            && let Some(start) = text.find("localhost")
        {
            let host = Span::new(start, start + "localhost".len());
            let rest = text.get(host.end as usize..).unwrap_or_default();
            let digits = rest.trim_start_matches(|c: char| "\"'`,: ".contains(c) || c.is_alphabetic());
            let port = host.end as usize + rest.len() - digits.len();
            let len = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let port = (len > 0).then(|| Span::new(port, port + len));
            let end = Span { start: host.end, end: host.end };
            found.push(request(word, client, Parts { scheme: None, host, port, path: end }));
        }
    }
}

fn of_netcat(program: &Program, found: &mut Vec<Request>) {
    let operands: Vec<_> = program.words.iter().skip(1).filter(|word| !word.text().starts_with('-')).collect();
    let [.., host, port] = operands.as_slice() else { return };
    let place = |word: &Extract| word.place(Span::new(0, word.text().len()));
    found.push(Request {
        client: Client::Netcat,
        program: 0,
        is_pinned: false,
        scheme: None,
        host: host.text().to_owned(),
        port: port.text().parse().ok(),
        path: String::new(),
        place: place(port),
        host_place: place(host),
        port_written: Some((port.text().to_owned(), place(port))),
        path_place: place(port),
    });
}

fn of_dev_tcp(word: &Extract, found: &mut Vec<Request>) {
    const DEVICE: &str = "/dev/tcp/";
    let text = word.text();
    for (at, _) in text.match_indices(DEVICE) {
        let start = at + DEVICE.len();
        let rest = text.get(start..).unwrap_or_default();
        let Some(slash) = rest.find('/') else { continue };
        let after = rest.get(slash + 1..).unwrap_or_default();
        let len = after.find(|c: char| !(c.is_ascii_alphanumeric() || "${}_".contains(c))).unwrap_or(after.len());
        let host = Span::new(start, start + slash);
        let port = Span::new(start + slash + 1, start + slash + 1 + len);
        let path = Span { start: port.end, end: port.end };
        found.push(request(word, Client::Bash, Parts { scheme: None, host, port: Some(port), path }));
    }
}

/// A URL, with or without its scheme.
fn url_at(word: &Extract, span: Span, client: Client) -> Option<Request> {
    let url = span.of(word.text());
    let skip = url.find("://").map_or(0, |at| at + "://".len());
    let scheme = (skip > 0).then(|| Span { start: span.start, end: span.start + (skip - "://".len()) as u32 });
    let rest = url.get(skip..)?;
    let authority = rest.get(..outside_braces(rest, "/?#"))?;
    // Credentials end with the last `@`.
    let user = authority.rfind('@').map_or(0, |at| at + 1);
    let server = authority.get(user..)?;
    let start = span.start as usize + skip + user;
    let (host, after) = match server.strip_prefix('[') {
        Some(address) => {
            let len = address.find(']')?;
            (Span::new(start + 1, start + 1 + len), start + len + 2)
        }
        None => {
            let len = outside_braces(server, ":");
            (Span::new(start, start + len), start + len)
        }
    };
    let server_end = start + server.len();
    let port = (after + 1 < server_end).then(|| Span::new(after + 1, server_end));
    let path = Span::new(server_end, span.end as usize);
    (!host.of(word.text()).is_empty()).then(|| request(word, client, Parts { scheme, host, port, path }))
}

/// Where the first of `marks` stands that is not inside `${…}`; the length of the text if none does.
fn outside_braces(text: &str, marks: &str) -> usize {
    let mut depth = 0_usize;
    text.find(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && marks.contains(c)
    })
    .unwrap_or(text.len())
}

/// Where the parts of a request stand in a word.
struct Parts {
    scheme: Option<Span>,
    host: Span,
    port: Option<Span>,
    path: Span,
}

fn request(word: &Extract, client: Client, parts: Parts) -> Request {
    let text = word.text();
    let port_written = parts.port.map(|span| (span.of(text).to_owned(), word.place(span)));
    let start = parts.scheme.map_or(parts.host.start, |scheme| scheme.start);
    Request {
        client,
        program: 0,
        is_pinned: false,
        scheme: parts.scheme.map(|span| span.of(text).to_ascii_lowercase()),
        host: parts.host.of(text).to_owned(),
        port: port_written.as_ref().and_then(|(port, _)| port.parse().ok()),
        path: parts.path.of(text).to_owned(),
        place: word.place(Span { start, end: parts.path.end.max(parts.port.map_or(parts.host.end, |port| port.end)) }),
        host_place: word.place(parts.host),
        port_written,
        path_place: word.place(parts.path),
    }
}
