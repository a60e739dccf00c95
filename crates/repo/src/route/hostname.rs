//! Hostnames as routers declare them.

use twiceshy_source::Place;

/// A hostname that something declares, perhaps with parts that are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostname {
    /// In lower case; `*` where anything may stand: a wildcard, a regular expression, a variable.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

impl Hostname {
    /// A hostname as people write it; a port and a final dot are left out.
    pub fn new(name: &str, place: Place) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let name = match name.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
            _ => name,
        };
        Self { name, place }
    }

    /// What a regular expression of hostnames says for sure: how they end.
    pub fn of_regex(regex: &str, place: Place) -> Self {
        let text = regex.trim_end_matches('$').replace("\\.", ".");
        let start = text.rfind(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c))).map_or(0, |at| at + 1);
        Self { name: format!("*{}", text.get(start..).unwrap_or_default().to_ascii_lowercase()), place }
    }

    /// Whether all of it is known.
    pub fn is_exact(&self) -> bool {
        !self.name.contains('*')
    }

    /// Whether a request for `host` is one for this hostname. `*` stands for any number of labels: where it is a
    /// variable, that is so.
    pub fn covers(&self, host: &str) -> bool {
        let mut pieces = self.name.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = host.strip_prefix(first) else { return false };
        let mut last = None;
        for piece in pieces {
            if let Some(before) = last.replace(piece) {
                let Some(at) = rest.find(before) else { return false };
                rest = &rest[at + before.len()..];
            }
        }
        match last {
            Some(last) => rest.ends_with(last),
            None => rest.is_empty(),
        }
    }

    /// Whether the public can ask for it: it has two labels, and does not end as names of one network do.
    pub fn is_public(&self) -> bool {
        const INTERNAL: &[&str] =
            &["local", "internal", "lan", "home", "localhost", "localdomain", "corp", "intranet", "arpa", "home.arpa"];
        let last = self.name.rsplit('.').next().unwrap_or_default();
        self.name.contains('.')
            && !INTERNAL.contains(&last)
            && !self.name.ends_with(".ts.net")
            && self.name.parse::<std::net::IpAddr>().is_err()
    }
}
