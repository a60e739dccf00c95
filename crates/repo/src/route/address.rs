//! Addresses that requests are sent to.

use twiceshy_source::Place;

/// An address: `http://web:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `http`, `https`, `tcp`, `ssh`, …; `http` where nothing is said.
    pub scheme: String,
    /// The name or address, in lower case, without brackets.
    pub host: String,
    /// The port; that of the scheme where none is said, if it has one.
    pub port: Option<u16>,
    /// Where all of it stands.
    pub place: Place,
}

impl Address {
    /// Reads `[scheme://]host[:port][/…]`; `None` for anything else, variables included.
    pub fn parse(text: &str, place: Place) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let rest = rest.split(['/', '?', '#']).next()?;
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                (host, port.strip_prefix(':'))
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if host.is_empty()
            || !host.chars().all(is_name)
            || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
        {
            return None;
        }
        let port = match port {
            Some(port) => Some(port.parse().ok()?),
            None => match scheme {
                "http" | "ws" | "h2c" => Some(80),
                "https" | "wss" => Some(443),
                "ssh" => Some(22),
                _ => None,
            },
        };
        Some(Self { scheme: scheme.to_ascii_lowercase(), host: host.to_ascii_lowercase(), port, place })
    }

    /// Whether it is the machine that asks.
    pub fn is_own_machine(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" | "host.docker.internal")
    }

    /// Whether it speaks HTTP.
    pub fn is_http(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https" | "h2c" | "ws" | "wss")
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
