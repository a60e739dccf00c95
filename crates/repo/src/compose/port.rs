//! Ports that a service publishes.

use super::text::Text;
use super::value::Value;
use std::net::IpAddr;
use twiceshy_source::Place;

/// A published port, or a range of them.
#[derive(Clone, Debug)]
pub struct Port {
    /// Where it stands.
    pub place: Place,
    /// Where the host's side of it stands.
    pub host_place: Place,
    /// The host's side as written; empty without one.
    pub host_raw: String,
    /// The host's side.
    pub published: Published,
    /// The address of the host on which it is published; without one, all of them.
    pub address: Address,
    /// The container's side; `None` where it is not known.
    pub target: Option<Ports>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// What makes it the same port as another one: Compose merges equal ones.
    pub(super) identity: Option<String>,
}

/// A port, or a range of them: the first and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports(pub u16, pub u16);

/// The host's side of a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// These.
    Ports(Ports),
    /// One of these, whichever is free.
    OneOf(Ports),
    /// Any that is free.
    Any,
    /// Not known: a variable without a default.
    Unknown,
}

/// The address of the host on which a port is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// All of them.
    All,
    /// This one; an unspecified one (`0.0.0.0`, `::`) is all of its family.
    One(IpAddr),
    /// Not known.
    Unknown,
}

impl Ports {
    /// Whether both hold a port.
    pub fn overlap(self, other: Self) -> bool {
        self.0 <= other.1 && other.0 <= self.1
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<u16>().ok();
        match text.split_once('-') {
            Some((first, last)) => Some(Self(number(first)?, number(last)?)).filter(|ports| ports.0 <= ports.1),
            None => number(text).map(|port| Self(port, port)),
        }
    }

    fn count(self) -> u16 {
        self.1 - self.0
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{}-{}", self.0, self.1) }
    }
}

impl Address {
    fn of(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::Unknown };
        let text = text.trim_start_matches('[').trim_end_matches(']');
        if text.is_empty() {
            return Self::All;
        }
        match text.parse() {
            Ok(address) => Self::One(address),
            Err(_) => Self::Unknown,
        }
    }

    /// Whether a port published on both would be published twice.
    pub fn overlaps(self, other: Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => false,
            (Self::All, _) | (_, Self::All) => true,
            (Self::One(a), Self::One(b)) => {
                a == b || a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified())
            }
        }
    }
}

impl Port {
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value.as_text() {
            Some(text) => Self::short(text),
            None if value.is_map() => Some(Self::long(value)),
            None => None,
        }
    }

    /// `[[address:]published:]target[/protocol]`.
    fn short(text: &Text) -> Option<Self> {
        let sections = text.sections();
        let (target, rest) = sections.split_last()?;
        let (target_text, protocol) = match &target.value {
            Some(value) => {
                value.split_once('/').map_or((Some(value.as_str()), "tcp"), |(port, protocol)| (Some(port), protocol))
            }
            None => (None, "tcp"),
        };
        let target = target_text.and_then(Ports::parse);
        let (published, host) = match rest.last() {
            None => (Some(""), None),
            Some(section) => (section.value.as_deref(), Some(section)),
        };
        let address = match rest {
            [] | [_] => Address::All,
            [address, ..] => Address::of(address.value.as_deref()),
        };
        Some(Self {
            place: text.place(),
            host_place: host.map_or(text.place(), |section| text.place_of(section.span)),
            host_raw: host.map(|section| section.span.of(text.raw()).to_owned()).unwrap_or_default(),
            published: published_of(published, target),
            address,
            target,
            protocol: protocol.to_ascii_lowercase(),
            identity: text.value().map(str::to_owned),
        })
    }

    fn long(value: &Value) -> Self {
        let of = |name: &str| value.get(name).and_then(Value::as_text);
        let target = of("target").and_then(Text::value).and_then(Ports::parse);
        let published = of("published");
        let protocol = of("protocol").map_or("tcp", Text::shown).to_ascii_lowercase();
        let host = of("host_ip");
        Self {
            place: value.place,
            host_place: published.map_or(value.place, Text::place),
            host_raw: published.map(|text| text.raw().to_owned()).unwrap_or_default(),
            published: published_of(published.map_or(Some(""), Text::value), target),
            address: host.map_or(Address::All, |host| Address::of(host.value())),
            identity: target.map(|target| {
                let host = host.map_or("0.0.0.0", Text::shown);
                format!("{host}:{}:{target}/{protocol}", published.map_or("", Text::shown))
            }),
            target,
            protocol,
        }
    }
}

fn published_of(text: Option<&str>, target: Option<Ports>) -> Published {
    let Some(text) = text else { return Published::Unknown };
    match Ports::parse(text) {
        Some(Ports(0, 0)) => Published::Any,
        // A range for one port of the container: Docker takes the first that is free.
        Some(ports) if ports.count() > 0 && target.is_none_or(|target| target.count() != ports.count()) => {
            Published::OneOf(ports)
        }
        Some(ports) => Published::Ports(ports),
        None if text.is_empty() => Published::Any,
        None => Published::Unknown,
    }
}
