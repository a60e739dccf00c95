//! The table of images, `knowledge/images.toml`.

use super::Image;
use std::sync::OnceLock;
use twiceshy_syntax::toml::{self, Value};

/// What is known about an image.
#[derive(Debug)]
pub struct ImageFacts {
    /// What it is built on.
    pub family: Option<Family>,
    /// Whether its basic programs are BusyBox applets.
    pub busybox: bool,
    /// Whether its server listens on IPv6 too, as it comes.
    pub listens_on_ipv6: bool,
    /// Where that was read.
    pub source: String,
    names: Vec<String>,
    tags: Vec<String>,
    not_tags: Vec<String>,
    has: Vec<String>,
    lacks: Vec<String>,
}

/// What an image is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the distributions' own")]
pub enum Family {
    Alpine,
    Debian,
    Ubuntu,
    RedHat,
    Busybox,
    Wolfi,
    Distroless,
    Scratch,
}

/// The `wget` of an image. BusyBox' tries one address of a name only; GNU's tries all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wget {
    /// BusyBox' applet.
    Busybox,
    /// GNU Wget.
    Gnu,
    /// There is none.
    None,
}

#[derive(Debug)]
struct Table {
    rows: Vec<ImageFacts>,
    applets: Vec<String>,
}

const TABLE: &str = include_str!("../../knowledge/images.toml");

impl ImageFacts {
    /// Whether the image ships the program `tool`; `None` when the table does not say.
    pub fn ships(&self, tool: &str) -> Option<bool> {
        if self.has.iter().any(|own| own == tool) {
            Some(true)
        } else if self.lacks.iter().any(|missing| missing == tool) {
            Some(false)
        } else {
            (self.busybox && table().applets.iter().any(|applet| applet == tool)).then_some(true)
        }
    }

    /// Which `wget` the image ships; `None` when the table does not say.
    pub fn wget(&self) -> Option<Wget> {
        match self.ships("wget")? {
            false => Some(Wget::None),
            true if self.has.iter().any(|own| own == "wget") => Some(Wget::Gnu),
            true => Some(Wget::Busybox),
        }
    }
}

/// The row for `image`.
pub(super) fn facts(image: &Image) -> Option<&'static ImageFacts> {
    let tag = image.tag();
    table().rows.iter().find(|row| {
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        any(&row.names, &image.name) && (row.tags.is_empty() || any(&row.tags, tag)) && !any(&row.not_tags, tag)
    })
}

fn table() -> &'static Table {
    static PARSED: OnceLock<Table> = OnceLock::new();
    PARSED.get_or_init(|| {
        let root = toml::parse(TABLE).root;
        let rows = root.get("image").map(Value::items).unwrap_or_default();
        Table { rows: rows.iter().map(row).collect(), applets: strings(&root, "busybox-applets") }
    })
}

fn row(row: &Value) -> ImageFacts {
    let family = match row.get("family").and_then(Value::as_str) {
        Some("alpine") => Some(Family::Alpine),
        Some("debian") => Some(Family::Debian),
        Some("ubuntu") => Some(Family::Ubuntu),
        Some("redhat") => Some(Family::RedHat),
        Some("busybox") => Some(Family::Busybox),
        Some("wolfi") => Some(Family::Wolfi),
        Some("distroless") => Some(Family::Distroless),
        Some("scratch") => Some(Family::Scratch),
        _ => None,
    };
    ImageFacts {
        family,
        busybox: row.get("busybox").and_then(Value::as_bool).unwrap_or_default(),
        listens_on_ipv6: row.get("listens").and_then(Value::as_str) == Some("both"),
        source: row.get("source").and_then(Value::as_str).unwrap_or_default().to_owned(),
        names: strings(row, "names"),
        tags: strings(row, "tags"),
        not_tags: strings(row, "not-tags"),
        has: strings(row, "has"),
        lacks: strings(row, "lacks"),
    }
}

fn strings(table: &Value, key: &str) -> Vec<String> {
    table.get(key).map(|value| value.strings().map(str::to_owned).collect()).unwrap_or_default()
}

/// Whether `text` is what `pattern` says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    let mut ends_open = false;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            if !rest.ends_with(part) {
                return false;
            }
            ends_open = true;
        } else {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    ends_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_has_a_source() {
        let parsed = toml::parse(TABLE);
        assert_eq!(parsed.flaws, []);
        let keys = ["names", "tags", "not-tags", "family", "busybox", "listens", "has", "lacks", "source"];
        for (value, row) in parsed.root.get("image").unwrap().items().iter().zip(&table().rows) {
            for (key, _) in value.entries() {
                assert!(keys.contains(&key.text.as_str()), "{:?}: `{}` is not a key of the table", row.names, key.text);
            }
            let kind = row.source.split(':').next().unwrap();
            assert!(["recipe", "run", "vendor", "known"].contains(&kind), "{:?}: where was that read?", row.names);
            assert!(!row.names.is_empty());
            assert!(value.get("listens").is_none() || row.listens_on_ipv6, "{:?}: `both` or nothing", row.names);
            assert!(value.get("family").is_none() || row.family.is_some(), "{:?}: unknown family", row.names);
            assert!(row.has.iter().all(|tool| !row.lacks.contains(tool)), "{:?}: has what it lacks", row.names);
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("*alpine*", "3-alpine3.20"), ("*", ""), ("a*c", "abc"), ("a", "a"), ("3*", "3"), ("a*b*c", "axxbyyc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("*alpine", "alpine3"), ("a*c", "ac-"), ("a", "ab"), ("ab*b", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
