//! Hosts and ports that a text names: URLs, connection strings of databases, `host:port`.

use twiceshy_source::Span;

/// A server that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The scheme of a URL: `postgresql+asyncpg`; none where only a host and a port stand.
    pub scheme: Option<String>,
    /// The name of the host.
    pub host: String,
    /// Where the host stands in the text.
    pub host_span: Span,
    /// The port.
    pub port: EndpointPort,
}

/// The port of a server that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointPort {
    /// It is written.
    Written(u16, Span),
    /// It is not written, and the scheme says which it is.
    Scheme(u16),
    /// It is not written, or not as a number.
    Unknown,
}

impl EndpointPort {
    /// Its number, if it is known.
    pub fn number(self) -> Option<u16> {
        match self {
            Self::Written(port, _) | Self::Scheme(port) => Some(port),
            Self::Unknown => None,
        }
    }
}

/// Schemes of servers that are reached over a network, and the port that is meant when none is written. Of schemes that
/// drivers read differently (`clickhouse://` is 9000 or 8123) the port is not known.
const SCHEMES: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mysql2", 3306),
    ("mariadb", 3306),
    ("redis", 6379),
    ("rediss", 6379),
    ("valkey", 6379),
    ("mongodb", 27017),
    ("amqp", 5672),
    ("amqps", 5671),
    ("pyamqp", 5672),
    ("nats", 4222),
    ("mqtt", 1883),
    ("ldap", 389),
    ("ldaps", 636),
    ("bolt", 7687),
    ("neo4j", 7687),
    ("clickhouse", 0),
    ("clickhousedb", 0),
    ("sqlserver", 1433),
    ("mssql", 1433),
    ("kafka", 0),
    ("memcached", 11211),
    ("elasticsearch", 0),
    ("tcp", 0),
    ("udp", 0),
    ("grpc", 0),
    ("grpcs", 0),
    ("smtp", 0),
    ("smtps", 0),
    ("socks5", 1080),
    ("stratum+tcp", 0),
    ("cockroachdb", 26257),
    ("trino", 0),
    ("fluent", 0),
];

/// The servers that `text` names.
pub fn endpoints(text: &str) -> Vec<Endpoint> {
    let mut found = urls(text);
    found.extend(in_parentheses(text));
    if found.is_empty() {
        found.extend(keywords(text));
    }
    if found.is_empty() {
        found.extend(listed(text));
    }
    found
}

/// `scheme://[user[:password]@]host[:port][,host[:port]…]`.
pub fn urls(text: &str) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let before = text.get(..at).unwrap_or_default();
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || "+.-".contains(c))).map_or(0, |at| at + 1);
        let Some(scheme) = before.get(start..).filter(|scheme| !scheme.is_empty()) else { continue };
        let Some(default) = default_port(scheme) else { continue };
        let from = at + "://".len();
        let Some(authority) = text.get(from..from + authority_len(text.get(from..).unwrap_or_default())) else {
            continue;
        };
        // A dot that is escaped: a pattern, not a URL.
        if text.get(from + authority.len()..).is_some_and(|rest| rest.starts_with('\\')) {
            continue;
        }
        // A password may hold an `@`, a host never does.
        let hosts = from + authority.rfind('@').map_or(0, |at| at + 1);
        let mut next = hosts;
        for part in text.get(hosts..from + authority.len()).unwrap_or_default().split(',') {
            let start = next;
            next += part.len() + 1;
            if let Some(mut endpoint) = host_and_port(part, start) {
                let is_bare = !part.contains(':');
                if is_bare && default != 0 {
                    endpoint.port = EndpointPort::Scheme(default);
                }
                endpoint.scheme = Some(scheme.to_owned());
                found.push(endpoint);
            }
        }
    }
    found
}

/// The port that a scheme means; 0 when that is not known, `None` when it is not one of a server.
fn default_port(scheme: &str) -> Option<u16> {
    let lower = scheme.to_ascii_lowercase();
    // `mongodb+srv` names a DNS record, not a host.
    if lower.ends_with("+srv") {
        return None;
    }
    let of = |name: &str| SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, port)| *port);
    // SQLAlchemy and Celery put a driver behind or a kind before: `postgresql+asyncpg`, `db+postgresql`.
    of(&lower).or_else(|| lower.split('+').find_map(of))
}

/// How much of `text` is an authority. `${…}` belongs to it whatever stands inside.
fn authority_len(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            ',' if text.get(at + 1..).is_some_and(starts_with_url) => return at,
            '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | ')' | ']' | '}' | '|' | ';' | '\\' => {
                // `]` ends an IPv6 address too; such hosts are nobody's names.
                return at;
            }
            _ if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

fn starts_with_url(text: &str) -> bool {
    let text = text.trim_start();
    text.split("://").next().is_some_and(|scheme| {
        scheme.len() < text.len() && !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
    })
}

/// `host[:port]`, which starts at `start` of the text.
pub(super) fn host_and_port(part: &str, start: usize) -> Option<Endpoint> {
    let (host, port) = part.split_once(':').map_or((part, None), |(host, port)| (host, Some(port)));
    if !is_host(host) {
        return None;
    }
    let port = match port {
        None => EndpointPort::Unknown,
        Some(text) => match number(text) {
            Some(port) => {
                let from = start + host.len() + 1;
                EndpointPort::Written(port, Span::new(from, from + text.len()))
            }
            None => EndpointPort::Unknown,
        },
    };
    Some(Endpoint { scheme: None, host: host.to_owned(), host_span: Span::new(start, start + host.len()), port })
}

/// A port: digits and nothing else.
pub(crate) fn number(text: &str) -> Option<u16> {
    let is_port = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| is_port && *port != 0)
}

/// Whether `text` can be the name of a host.
pub(crate) fn is_host(text: &str) -> bool {
    let edges = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(edges)
        && text.ends_with(edges)
        && text.len() < 254
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// `user:password@tcp(host:port)/database`, as Go's MySQL driver writes it.
fn in_parentheses(text: &str) -> Vec<Endpoint> {
    let starts = text.match_indices("@tcp(").map(|(at, open)| at + open.len());
    starts
        .filter_map(|start| {
            let inner = text.get(start..)?.split(')').next()?;
            let mut endpoint = host_and_port(inner, start)?;
            endpoint.scheme = Some("mysql".to_owned());
            if !inner.contains(':') {
                endpoint.port = EndpointPort::Scheme(3306);
            }
            Some(endpoint)
        })
        .collect()
}

/// `host=db port=5432 …` (libpq), `Server=db;Port=3306;…` and `Server=db,1433;…` (.NET).
fn keywords(text: &str) -> Option<Endpoint> {
    let is_net = text.contains(';');
    let mut entries = Vec::new();
    let mut at = 0;
    for part in text.split(|c: char| if is_net { c == ';' } else { c.is_whitespace() }) {
        let start = at;
        at += part.len() + 1;
        if let Some((key, value)) = part.split_once('=') {
            entries.push((key.trim().to_ascii_lowercase(), value, start + key.len() + 1));
        }
    }
    // One pair alone is an option of something, not a connection.
    if entries.len() < 2 {
        return None;
    }
    let find = |names: &[&str]| entries.iter().find(|(key, ..)| names.contains(&key.as_str()));
    let (_, host, start) = find(if is_net { &["server", "host", "data source"] } else { &["host"] })?;
    if host.contains("://") {
        return None;
    }
    // SQL Server separates the port with a comma.
    let mut endpoint = match host.split_once(',') {
        Some((host, port)) if is_net => {
            let mut endpoint = host_and_port(host, *start)?;
            let from = start + host.len() + 1;
            let span = Span::new(from, from + port.len());
            endpoint.port = number(port).map_or(EndpointPort::Unknown, |port| EndpointPort::Written(port, span));
            endpoint
        }
        _ => host_and_port(host, *start)?,
    };
    if let Some((_, port, start)) = find(&["port"]) {
        let span = Span::new(*start, start + port.len());
        endpoint.port = number(port).map_or(EndpointPort::Unknown, |port| EndpointPort::Written(port, span));
    }
    Some(endpoint)
}

/// `host:port`, alone or in a list with commas.
fn listed(text: &str) -> Vec<Endpoint> {
    let mut found = Vec::new();
    let mut at = 0;
    for part in text.split(',') {
        let start = at + part.len() - part.trim_start().len();
        at += part.len() + 1;
        match host_and_port(part.trim(), start) {
            Some(endpoint) if matches!(endpoint.port, EndpointPort::Written(..)) => found.push(endpoint),
            _ => return Vec::new(),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Option<u16>)> {
        let found = endpoints(text);
        for endpoint in &found {
            assert_eq!(endpoint.host_span.of(text), endpoint.host);
            if let EndpointPort::Written(port, span) = endpoint.port {
                assert_eq!(span.of(text), port.to_string());
            }
        }
        found.into_iter().map(|endpoint| (endpoint.host, endpoint.port.number())).collect()
    }

    fn one(text: &str) -> Option<(String, Option<u16>)> {
        read(text).pop()
    }

    #[test]
    fn servers_are_found_in_every_way_they_are_named() {
        let is = |host: &str, port: u16| Some((host.to_owned(), Some(port)));
        assert_eq!(one("http://api:8080/health"), is("api", 8080));
        assert_eq!(one("http://api"), is("api", 80));
        assert_eq!(one("postgresql+asyncpg://u:p@w@db/app"), is("db", 5432));
        assert_eq!(one("db+postgresql://u:${PW:-a/b}@db:5433/app"), is("db", 5433));
        assert_eq!(one("jdbc:sqlserver://db:1433;databaseName=x"), is("db", 1433));
        assert_eq!(one("jdbc:postgresql://db:5432/x"), is("db", 5432));
        assert_eq!(one("u:p@tcp(db:3307)/x"), is("db", 3307));
        assert_eq!(one("host=db port=5433 user=x"), is("db", 5433));
        assert_eq!(one("Server=db,1434;Database=x"), is("db", 1434));
        assert_eq!(one("Host=db;Port=5433;Database=x"), is("db", 5433));
        assert_eq!(one("redis:6380"), is("redis", 6380));
        assert_eq!(one("clickhouse://ch/x"), Some(("ch".into(), None)));
        assert_eq!(one("http://api:${PORT}/"), Some(("api".into(), None)));
        let kafka = [("k1".to_owned(), Some(9092)), ("k2".to_owned(), Some(9093))];
        assert_eq!(read("k1:9092,k2:9093"), kafka);
        assert_eq!(read("mongodb://k1:9092,k2:9093/x"), kafka);
        assert_eq!(read("PLAINTEXT://k1:9092,http://k2:9093"), kafka[1..]);
        assert_eq!(read("http://k1:9092,http://k2:9093"), kafka);
    }

    #[test]
    fn what_names_no_server_is_left_out() {
        for text in [
            "s3://bucket/x",
            "sqlite:///x.db",
            "mongodb+srv://cluster/x",
            "file:///etc/x",
            "http://${HOST}:80/",
            "http://[::1]:80",
            "1000:1000",
            "a b",
            "12:30",
            "name:latest",
            "http://<host>:80",
            "http://*:80",
            "https://collab\\.example\\.org",
            "8080:80",
            "host=db",
            "unix:///x",
            "type=lnd;server=https://$HOST:8080/",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
