//! Requests that a health check sends to its own container by name: to `localhost`.

use crate::script::{Dialect, Host, Invocation, Script, Start};
use twiceshy_source::{Edit, Extract, Place, Span, Tree};

/// A request to `localhost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What sends it.
    pub client: Client,
    /// The word `localhost`.
    pub host: Place,
    /// The port, if it is written as a number.
    pub port: Option<u16>,
}

impl Probe {
    /// Writes `127.0.0.1` instead. Neither word needs escapes in any language that we know.
    pub fn edit(&self) -> Option<Edit> {
        let is_plain = self.host.range().len() == NAME.len();
        is_plain.then(|| Edit { place: self.host, text: "127.0.0.1".into() })
    }
}

const NAME: &str = "localhost";

/// What sends a request, as far as it matters for names with several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// `wget`: BusyBox' tries one address, GNU's all.
    Wget,
    /// Node's `http` or `fetch`: tries one address before version 20.
    Node,
}

/// Options of either wget that take a value.
const WGET_WITH_VALUE: &[&str] = &[
    "-O",
    "-o",
    "-a",
    "-T",
    "-t",
    "-P",
    "-U",
    "-Y",
    "-w",
    "-e",
    "-Q",
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
];

/// The requests to `localhost` that a health check sends: `script` if a shell runs it, else the program `argv`. A check
/// that also names an address asks that one too, and is left alone.
pub fn probes(argv: &[Extract], script: Option<&Extract>) -> Vec<Probe> {
    let all = script
        .map_or_else(|| argv.iter().map(Extract::text).collect::<Vec<_>>().join(" "), |script| script.text().into());
    if !all.contains("localhost") || all.contains("127.0.0.1") || all.contains("[::1]") {
        return Vec::new();
    }
    match script {
        Some(text) => {
            let scripts = Script::new(text.clone(), Host::File, Start::plain(Dialect::Sh));
            scripts.iter().flat_map(of_script).collect()
        }
        None => of_words(argv),
    }
}

fn of_script(script: &Script) -> Vec<Probe> {
    let mut found = Vec::new();
    for command in script.commands() {
        let invocation: Invocation<'_> = command.innermost();
        let words: Vec<Span> = match invocation.name().as_deref() {
            Some("wget") if !is_pinned(invocation.args().iter().filter_map(|word| word.literal())) => {
                invocation.operands(WGET_WITH_VALUE).into_iter().map(|word| word.span).collect()
            }
            Some("node" | "nodejs") => invocation.args().iter().map(|word| word.span).collect(),
            _ => continue,
        };
        let client = if invocation.name().as_deref() == Some("wget") { Client::Wget } else { Client::Node };
        for word in words {
            if let Some((span, port)) = request(script.written(word), client) {
                let span = Span { start: word.start + span.start, end: word.start + span.end };
                found.push(Probe { client, host: script.place(span), port });
            }
        }
    }
    found
}

fn of_words(argv: &[Extract]) -> Vec<Probe> {
    let Some((program, args)) = argv.split_first() else {
        return Vec::new();
    };
    let client = match Tree::name(program.text()) {
        "wget" if !is_pinned(args.iter().map(Extract::text)) => Client::Wget,
        "busybox" if args.first().is_some_and(|applet| applet.text() == "wget") => Client::Wget,
        "node" | "nodejs" => Client::Node,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut args = args.iter();
    while let Some(word) = args.next() {
        if client == Client::Wget && word.text().starts_with('-') {
            if WGET_WITH_VALUE.contains(&word.text()) {
                args.next();
            }
            continue;
        }
        if let Some((span, port)) = request(word.text(), client) {
            found.push(Probe { client, host: word.place(span), port });
        }
    }
    found
}

/// Whether GNU wget is told which kind of address to take.
fn is_pinned<T: AsRef<str>>(args: impl Iterator<Item = T>) -> bool {
    args.into_iter()
        .any(|arg| matches!(arg.as_ref(), "-4" | "-6" | "--inet4-only" | "--inet6-only" | "--prefer-family=IPv4"))
}

/// Where `localhost` stands as a host in a URL or a program that asks one, and the port after it.
fn request(text: &str, client: Client) -> Option<(Span, Option<u16>)> {
    if client == Client::Node {
        let asks = ["fetch(", ".get(", ".request("].iter().any(|call| text.contains(call));
        if !asks || text.contains("family") {
            return None;
        }
    }
    for (start, _) in text.match_indices(NAME) {
        let end = start + NAME.len();
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(end..).unwrap_or_default();
        let is_host = before.is_none_or(|c| "/@\"'`".contains(c));
        let is_whole = after.chars().next().is_none_or(|c| ":/\"'`?,".contains(c));
        if is_host && is_whole {
            let digits = after
                .strip_prefix(':')
                .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
            return Some((Span::new(start, end), digits.and_then(|digits| digits.parse().ok())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_source::FileId;

    fn shell(text: &str) -> Vec<(Client, Option<u16>)> {
        let extract = Extract::verbatim(FileId(0), 0, text);
        let found = probes(&[], Some(&extract));
        for probe in &found {
            assert_eq!(probe.host.span().of(text), "localhost");
            assert!(probe.edit().is_some());
        }
        found.iter().map(|probe| (probe.client, probe.port)).collect()
    }

    fn words(words: &[&str]) -> Vec<(Client, Option<u16>)> {
        let words: Vec<_> = words.iter().map(|word| Extract::verbatim(FileId(0), 0, *word)).collect();
        probes(&words, None).iter().map(|probe| (probe.client, probe.port)).collect()
    }

    #[test]
    fn requests_to_localhost_are_found_in_either_form() {
        assert_eq!(shell("wget -q --spider http://localhost:3000/health || exit 1"), [(Client::Wget, Some(3000))]);
        assert_eq!(shell("wget -qO- localhost | grep ok"), [(Client::Wget, None)]);
        assert_eq!(shell("wget -q -O - \"http://localhost:${PORT}/\""), [(Client::Wget, None)]);
        assert_eq!(shell("sh -c 'wget --spider http://localhost:80/'"), [(Client::Wget, Some(80))]);
        assert_eq!(words(&["wget", "--spider", "http://localhost/x"]), [(Client::Wget, None)]);
        assert_eq!(words(&["node", "-e", "fetch('http://localhost:3000')"]), [(Client::Node, Some(3000))]);
    }

    #[test]
    fn other_clients_names_and_addresses_are_not() {
        for text in [
            "curl -f http://localhost/",
            "wget http://127.0.0.1/",
            "wget http://localhost/ || wget http://127.0.0.1/",
            "wget http://localhost.example.org/",
            "wget http://mylocalhost/",
            "wget --header 'Host: localhost' http://web/",
            "wget -4 http://localhost/",
            "pg_isready -h localhost",
            "echo http://localhost/",
            "node healthcheck.js localhost",
        ] {
            assert_eq!(shell(text), [], "{text}");
        }
        assert_eq!(words(&["wget", "--header", "localhost", "http://web/"]), []);
        assert_eq!(words(&["curl", "http://localhost/"]), []);
    }
}
