//! What is known about images: the rows of `knowledge/images.toml`, and before them those of a repository's own
//! configuration.

use super::Image;
use super::columns::{
    Companion, DataDirectory, Family, HealthEndpoint, MistakenPath, Role, Wget, WritablePath, is_at_or_below,
};
use super::row::{Makeup, Row};
use crate::answered::Memo;
use crate::configuration::Mistake;
use crate::script::Dialect;
use rustc_hash::FxHashMap;
use std::sync::{Arc, OnceLock};
use twiceshy_syntax::toml::{self, Value};

/// What is known about an image. Nothing is `None` or empty; a repository's own rows come first.
#[derive(Clone, Debug)]
pub struct ImageFacts<'r> {
    rows: Vec<&'r Row>,
    major: Option<u32>,
}

impl<'r> ImageFacts<'r> {
    /// What is it there for?
    pub fn role(&self) -> Option<Role> {
        self.first(|row| row.role)
    }

    /// Does it keep the data of others?
    pub fn is_database(&self) -> bool {
        self.role() == Some(Role::Database)
    }

    /// The number that its version starts with: what the tag says, or what tags without a number stand for at least.
    pub fn major(&self) -> Option<u32> {
        self.major
    }

    /// How does a Dockerfile install a package in it?
    pub fn installer(&self) -> Option<&'static str> {
        Some(match self.makeup()?.family? {
            Family::Alpine | Family::Wolfi => "apk add --no-cache",
            Family::Debian | Family::Ubuntu => "apt-get update && apt-get install -y --no-install-recommends",
            Family::RedHat => "microdnf install -y",
            Family::Busybox | Family::Distroless | Family::Scratch => return None,
        })
    }

    /// Which shell is its `sh`? `None` when that is not known.
    pub fn sh(&self) -> Option<Dialect> {
        match self.makeup()?.family? {
            Family::Alpine | Family::Busybox => Some(Dialect::Ash),
            Family::Debian | Family::Ubuntu => Some(Dialect::Dash),
            Family::RedHat => Some(Dialect::Bash),
            Family::Wolfi | Family::Distroless | Family::Scratch => None,
        }
    }

    /// Does its server listen on IPv6 too, as it comes?
    pub fn listens_on_ipv6(&self) -> bool {
        self.first(|row| row.listens_on_ipv6).unwrap_or_default()
    }

    /// Does it ship the program `tool`? `None` when that is not known.
    pub fn ships(&self, tool: &str) -> Option<bool> {
        let makeup = self.makeup()?;
        if makeup.has.iter().any(|own| own == tool) {
            Some(true)
        } else if makeup.lacks.iter().any(|missing| missing == tool) {
            Some(false)
        } else {
            (makeup.busybox && table().applets.iter().any(|applet| applet == tool)).then_some(true)
        }
    }

    /// Which `wget` does it ship? `None` when that is not known.
    pub fn wget(&self) -> Option<Wget> {
        match self.ships("wget")? {
            false => Some(Wget::None),
            true if self.makeup()?.has.iter().any(|own| own == "wget") => Some(Wget::Gnu),
            true => Some(Wget::Busybox),
        }
    }

    /// The programs that are known to be in it and could ask a server something.
    pub fn probe_tools(&self) -> Vec<&'static str> {
        let clients = ["curl", "wget", "nc", "python3", "python", "node", "php", "bash"];
        clients.into_iter().filter(|tool| self.ships(tool) == Some(true)).collect()
    }

    /// Where does this version of it keep its data? All places, where its version is not known.
    pub fn data_directories(&self) -> Vec<&'r DataDirectory> {
        let all = self.first(|row| row.data.as_deref()).unwrap_or_default();
        all.iter().filter(|data| data.majors.may_hold(self.major)).collect()
    }

    /// Does this version, or any other, keep its data at `path` or below it?
    pub fn has_data_below(&self, path: &str) -> bool {
        let all = self.first(|row| row.data.as_deref()).unwrap_or_default();
        all.iter().any(|data| is_at_or_below(&data.path, path))
    }

    /// Paths that are taken for its data directory and are not, with this version.
    pub fn mistaken_paths(&self) -> Vec<&'r MistakenPath> {
        let all = self.first(|row| row.mistaken.as_deref()).unwrap_or_default();
        all.iter().filter(|path| path.majors.hold(self.major)).collect()
    }

    /// The ports on which its server listens, as it comes.
    pub fn default_ports(&self) -> &'r [u16] {
        self.first(|row| row.ports.as_deref()).unwrap_or_default()
    }

    /// Paths of its HTTP server of which is known whether they want credentials.
    pub fn health_endpoints(&self) -> Vec<&'r HealthEndpoint> {
        let all = self.first(|row| row.health.as_deref()).unwrap_or_default();
        all.iter().filter(|endpoint| endpoint.majors.hold(self.major)).collect()
    }

    /// The health check that comes with it, as a command line for `CMD-SHELL`.
    pub fn native_check(&self) -> Option<&'r str> {
        self.first(|row| row.check.as_deref())
    }

    /// The paths that it must be able to write to, apart from its volumes.
    pub fn must_write(&self) -> Vec<&'r WritablePath> {
        let all = self.first(|row| row.writes.as_deref()).unwrap_or_default();
        all.iter().filter(|path| path.majors.hold(self.major)).collect()
    }

    /// The capabilities without which it does not start as root; none when it needs none or that is not known.
    pub fn needed_capabilities(&self) -> &'r [String] {
        self.first(|row| row.caps.as_deref()).unwrap_or_default()
    }

    /// What this version does not start without.
    pub fn companions(&self) -> Vec<&'r Companion> {
        let all = self.first(|row| row.companions.as_deref()).unwrap_or_default();
        all.iter().filter(|companion| companion.majors.hold(self.major)).collect()
    }

    /// Does it go on trying until a service of this kind answers?
    pub fn retries(&self, role: Role) -> bool {
        self.first(|row| row.retries.as_deref()).is_some_and(|retries| retries.contains(&role))
    }

    /// What the first row says that says anything about it.
    fn first<T>(&self, column: impl Fn(&'r Row) -> Option<T>) -> Option<T> {
        self.rows.iter().find_map(|row| column(row))
    }

    fn makeup(&self) -> Option<&'r Makeup> {
        self.first(|row| row.makeup.as_ref())
    }

    /// What `own` rows and the table say about `image`.
    pub(super) fn of(image: &Image, own: &'r [Row]) -> Self {
        let table = table();
        let known = table.named(&image.name);
        let known = known.iter().map(|at| &table.rows[*at]).filter(|row| row.is_tagged(image));
        let rows = own.iter().filter(|row| row.is_about(image)).chain(known).collect();
        let mut facts = Self { rows, major: None };
        let after = facts.first(|row| row.major_after.as_deref());
        facts.major = match after {
            Some(prefix) => image.tag().find(prefix).and_then(|at| number(image.tag().get(at + prefix.len()..)?)),
            None => image.major(),
        };
        if facts.major.is_none() && image.digest.is_none() && NEWEST.contains(&image.tag()) {
            facts.major = facts.first(|row| row.latest);
        }
        facts
    }
}

/// Tags that go on to the newest version; `alpine3.15` stays behind with its Alpine.
const NEWEST: &[&str] = &["latest", "alpine", "bookworm", "trixie"];

fn number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}

#[derive(Debug)]
struct Table {
    rows: Vec<Row>,
    /// The rows that name an image, by that name; rows stand here for each name without a `*`.
    by_name: FxHashMap<String, Vec<usize>>,
    /// The rows with a pattern among their names.
    by_pattern: Vec<usize>,
    /// The rows that were found for a name.
    asked: Memo<String, Arc<[usize]>>,
    applets: Vec<String>,
}

impl Table {
    fn new(rows: Vec<Row>, applets: Vec<String>) -> Self {
        let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        let mut by_pattern = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            if row.names.iter().any(|name| name.contains('*')) {
                by_pattern.push(at);
            }
            for name in row.names.iter().filter(|name| !name.contains('*')) {
                by_name.entry(name.clone()).or_default().push(at);
            }
        }
        Self { rows, by_name, by_pattern, asked: Memo::default(), applets }
    }

    /// The rows about images of this name, in their order.
    fn named(&self, name: &str) -> Arc<[usize]> {
        // Names come from files that somebody is typing in.
        self.asked.forget_beyond(MOST_NAMES);
        let find = || {
            let named = self.by_name.get(name).into_iter().flatten();
            let mut rows: Vec<usize> = named.chain(&self.by_pattern).copied().collect();
            rows.sort_unstable();
            rows.dedup();
            rows.retain(|at| self.rows[*at].is_named(name));
            rows.into()
        };
        self.asked.get(name.to_owned(), find)
    }
}

/// How many names of images are kept in mind.
const MOST_NAMES: usize = 10_000;

/// Reads what is known about images, for whoever has to wait for something else anyway.
pub fn learn() {
    table();
}

const TABLE: &str = include_str!("../../knowledge/images.toml");

fn table() -> &'static Table {
    static PARSED: OnceLock<Table> = OnceLock::new();
    PARSED.get_or_init(|| {
        let root = toml::parse(TABLE).root;
        let rows = root.get("image").map(Value::items).unwrap_or_default();
        let mut mistakes: Vec<Mistake> = Vec::new();
        Table::new(
            rows.iter().map(|row| Row::read(row, &mut mistakes)).collect(),
            root.get("busybox-applets").into_iter().flat_map(Value::strings).map(str::to_owned).collect(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustc_hash::FxHashSet;

    #[test]
    fn every_row_is_understood_and_has_a_source() {
        let parsed = toml::parse(TABLE);
        assert_eq!(parsed.flaws, []);
        let mut seen = FxHashSet::default();
        for value in parsed.root.get("image").unwrap().items() {
            let mut mistakes = Vec::new();
            let row = Row::read(value, &mut mistakes);
            let told: Vec<_> = mistakes.iter().map(|mistake| (mistake.span.of(TABLE), &mistake.what)).collect();
            assert_eq!(told, [], "{:?}", row.names);
            let source = value.get("source").and_then(Value::as_str).unwrap_or_default();
            let kind = source.split(':').next().unwrap();
            assert!(["recipe", "run", "vendor", "known"].contains(&kind), "{:?}: where was that read?", row.names);
            if let Some(makeup) = &row.makeup {
                assert!(
                    makeup.has.iter().all(|tool| !makeup.lacks.contains(tool)),
                    "{:?}: has what it lacks",
                    row.names
                );
            }
            for (key, _) in value.entries() {
                let is_own = matches!(key.text.as_str(), "names" | "tags" | "not-tags" | "source");
                let tags = (
                    value.get("tags").map(|tags| tags.strings().collect::<Vec<_>>()),
                    value.get("not-tags").map(|tags| tags.strings().collect::<Vec<_>>()),
                );
                for name in row.names.iter().filter(|_| !is_own) {
                    assert!(
                        seen.insert((name.clone(), format!("{tags:?}"), key.text.clone())),
                        "{name}: two rows say its `{}`",
                        key.text
                    );
                }
            }
        }
    }

    #[test]
    fn the_images_that_people_use_are_known() {
        let names: FxHashSet<&str> = table().rows.iter().flat_map(|row| &row.names).map(String::as_str).collect();
        assert!(names.len() >= 80, "{}", names.len());
        let with = |says: fn(&Row) -> bool| {
            table().rows.iter().filter(|row| says(row)).flat_map(|row| &row.names).collect::<FxHashSet<_>>().len()
        };
        assert!(with(|row| row.role.is_some()) >= 80);
        assert!(with(|row| row.ports.is_some()) >= 60);
        assert!(with(|row| row.data.is_some()) >= 40);
    }
}
