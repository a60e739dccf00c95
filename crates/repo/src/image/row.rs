//! A row about images: the columns of `knowledge/images.toml` and of `[[image]]` in a configuration, read and checked.

use super::Image;
use super::columns::{Companion, DataDirectory, Family, HealthEndpoint, Majors, MistakenPath, Role, WritablePath};
use crate::configuration::{Field, Mistake, Shape, Table};
use twiceshy_syntax::toml::{Value, ValueKind};

/// What one row says. A column that is not given is empty.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(super) names: Vec<String>,
    tags: Vec<String>,
    not_tags: Vec<String>,
    pub(super) makeup: Option<Makeup>,
    pub(super) listens_on_ipv6: Option<bool>,
    pub(super) role: Option<Role>,
    pub(super) latest: Option<u32>,
    pub(super) major_after: Option<String>,
    pub(super) data: Option<Vec<DataDirectory>>,
    pub(super) mistaken: Option<Vec<MistakenPath>>,
    pub(super) ports: Option<Vec<u16>>,
    pub(super) health: Option<Vec<HealthEndpoint>>,
    pub(super) check: Option<String>,
    pub(super) writes: Option<Vec<WritablePath>>,
    pub(super) caps: Option<Vec<String>>,
    pub(super) companions: Option<Vec<Companion>>,
    pub(super) retries: Option<Vec<Role>>,
}

/// What an image is made of. One row says all of it or nothing: an alpine variant has nothing of its Debian sister.
#[derive(Debug, Default)]
pub(super) struct Makeup {
    pub(super) family: Option<Family>,
    pub(super) busybox: bool,
    pub(super) has: Vec<String>,
    pub(super) lacks: Vec<String>,
}

impl Row {
    /// The columns of a row.
    pub(crate) fn columns() -> Table {
        let words = |words: &[(&'static str, Role)]| Shape::Word(words.iter().map(|(word, _)| *word).collect());
        let texts = || Shape::Text.some();
        let field = Field::new;
        let majors = || {
            [
                field("since", Shape::Number(0, MOST), "the first major version of which it is true"),
                field("until", Shape::Number(0, MOST), "the first major version of which it is no longer true"),
            ]
        };
        let place = |about: &'static str, more: Vec<Field>| {
            let path = [field("path", Shape::Path, "the path in the container").required()];
            let fields = path.into_iter().chain(majors()).chain(more).collect();
            (Shape::Path.or(Table::new("known here", fields)).some(), about)
        };
        let unless =
            || field("unless", texts(), "with one of these it is not so: `NAME`, `NAME=value`, `--option`, `!NAME`");
        let (data, data_about) = place(
            "where it keeps its data",
            vec![
                field("mount", Shape::Text, "where a volume wants to be, if not there"),
                field("volume", Shape::Bool, "whether the image declares a VOLUME there").by_default("true"),
            ],
        );
        let (mistaken, mistaken_about) =
            place("paths that people take for its data directory", vec![field("why", Shape::Text, "why people do")]);
        let (health, health_about) = place(
            "paths of its HTTP server, `*` stands for anything; the first that matches counts",
            vec![
                field("port", Shape::Number(1, 65535), "the port that answers there, if not the server's own"),
                field("credentials", Shape::Bool, "whether it wants some").by_default("false"),
                unless(),
            ],
        );
        let (writes, writes_about) = place(
            "what it must be able to write to besides its volumes",
            vec![field("what", Shape::Text, "what it writes there"), unless()],
        );
        let companion = [
            field("what", Shape::Text, "what it is, as one says it: \"ClickHouse\"").required(),
            field("env", texts(), "variables that say where it is"),
            field("images", texts(), "what it is in the same project"),
            field("beside", texts(), "only beside these"),
        ];
        let companion = Table::new("known here", companion.into_iter().chain(majors()).collect());
        let families = Shape::Word(Family::WORDS.iter().map(|(word, _)| *word).collect());
        Table::new(
            "a column of an image's row",
            vec![
                field("names", texts(), "the names of the image, without a tag; `*` stands for anything").required(),
                field("tags", texts(), "only with these tags; `*` stands for anything"),
                field("not-tags", texts(), "not with these tags"),
                field("source", Shape::Text, "where that was read"),
                field("family", families, "what it is built on"),
                field("busybox", Shape::Bool, "its wget, nc and so on are BusyBox applets").by_default("false"),
                field("has", texts(), "programs that it ships besides; a wget named here is GNU's"),
                field("lacks", texts(), "programs that it does not ship; of what is named nowhere nothing is known"),
                field(
                    "listens",
                    Shape::Word(vec!["both", "ipv4"]),
                    "`both`: its server listens on IPv4 and IPv6 unless it is told otherwise",
                ),
                field("role", words(Role::WORDS), "what it is there for"),
                field(
                    "latest",
                    Shape::Number(0, MOST),
                    "the major version that tags without a number stand for, at least",
                ),
                field(
                    "major-after",
                    Shape::Text,
                    "where the tag's number is not its version: what the version stands after",
                ),
                field("data", data, data_about),
                field("mistaken", mistaken, mistaken_about),
                field("ports", Shape::Number(1, 65535).some(), "where its server listens, as it comes"),
                field("health", health, health_about),
                field("check", Shape::Text, "the health check that comes with it, for CMD-SHELL"),
                field("writes", writes, writes_about),
                field(
                    "caps",
                    Shape::Word(CAPABILITIES.to_vec()).some(),
                    "capabilities, without `CAP_`, without which it does not start as root",
                ),
                field("companions", Shape::Table(companion).some(), "what it does not start without"),
                field("retries", words(Role::WORDS).some(), "the roles of services for which it waits by itself"),
            ],
        )
    }

    /// Reads a row; what is wrong with it is left out and told.
    pub(crate) fn read(value: &Value, mistakes: &mut Vec<Mistake>) -> Self {
        Self::columns().check(value, mistakes);
        for companion in value.get("companions").into_iter().flat_map(some) {
            if companion.get("what").is_some() && companion.get("env").is_none() && companion.get("images").is_none() {
                let what = "a companion is known by variables that name it (`env`) or by its `images`";
                mistakes.push(Mistake::new(companion.span, what));
            }
        }
        let list = |key: &str| value.get(key).map(some);
        let has_makeup = ["family", "busybox", "has", "lacks"].iter().any(|key| value.get(key).is_some());
        let makeup = || Makeup {
            family: value.get("family").and_then(|family| word(family, Family::WORDS)),
            busybox: value.get("busybox").and_then(Value::as_bool).unwrap_or_default(),
            has: strings(value, "has"),
            lacks: strings(value, "lacks"),
        };
        Self {
            names: strings(value, "names"),
            tags: strings(value, "tags"),
            not_tags: strings(value, "not-tags"),
            makeup: has_makeup.then(makeup),
            listens_on_ipv6: value.get("listens").and_then(|listens| word(listens, &[("both", true), ("ipv4", false)])),
            role: value.get("role").and_then(|role| word(role, Role::WORDS)),
            latest: number(value, "latest"),
            major_after: string(value, "major-after"),
            data: list("data").map(|data| data.filter_map(self::data).collect()),
            mistaken: list("mistaken").map(|paths| paths.filter_map(mistaken).collect()),
            ports: list("ports").map(|ports| ports.filter_map(|port| port.as_int()?.try_into().ok()).collect()),
            health: list("health").map(|paths| paths.filter_map(health).collect()),
            check: string(value, "check"),
            writes: list("writes").map(|paths| paths.filter_map(writable).collect()),
            caps: list("caps").map(|caps| {
                let known = caps.filter_map(Value::as_str).filter(|name| CAPABILITIES.contains(name));
                known.map(str::to_owned).collect()
            }),
            companions: list("companions").map(|companions| companions.filter_map(companion).collect()),
            retries: list("retries").map(|roles| roles.filter_map(|role| word(role, Role::WORDS)).collect()),
        }
    }

    /// Whether the row is about `image`.
    pub(super) fn is_about(&self, image: &Image) -> bool {
        self.is_named(&image.name) && self.is_tagged(image)
    }

    /// Whether it is about images of this name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        any(&self.names, name)
    }

    /// Whether it is about the image's version, given that it is about its name.
    pub(super) fn is_tagged(&self, image: &Image) -> bool {
        (self.tags.is_empty() || any(&self.tags, image.tag())) && !any(&self.not_tags, image.tag())
    }
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

/// The largest number that a column takes.
const MOST: i64 = u32::MAX as i64;

/// The items of a list, or the one thing that stands there without a list.
fn some(value: &Value) -> impl Iterator<Item = &Value> {
    let is_list = matches!(value.kind, ValueKind::List(_));
    value.items().iter().chain((!is_list).then_some(value))
}

fn string(table: &Value, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn strings(table: &Value, key: &str) -> Vec<String> {
    table.get(key).into_iter().flat_map(Value::strings).map(str::to_owned).collect()
}

fn number<N: TryFrom<i64>>(table: &Value, key: &str) -> Option<N> {
    table.get(key)?.as_int()?.try_into().ok()
}

fn word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Option<T> {
    let text = value.as_str()?;
    words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
}

fn majors(table: &Value) -> Majors {
    Majors { since: number(table, "since"), until: number(table, "until") }
}

/// A path, or a table that holds it.
fn path(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| string(value, "path"))
}

fn data(value: &Value) -> Option<DataDirectory> {
    let path = path(value)?;
    Some(DataDirectory {
        mount: string(value, "mount").unwrap_or_else(|| path.clone()),
        path,
        is_volume: value.get("volume").and_then(Value::as_bool).unwrap_or(true),
        majors: majors(value),
    })
}

fn mistaken(value: &Value) -> Option<MistakenPath> {
    Some(MistakenPath { path: path(value)?, why: string(value, "why"), majors: majors(value) })
}

fn writable(value: &Value) -> Option<WritablePath> {
    let (what, unless) = (string(value, "what"), strings(value, "unless"));
    Some(WritablePath { path: path(value)?, what, unless, majors: majors(value) })
}

fn health(value: &Value) -> Option<HealthEndpoint> {
    Some(HealthEndpoint {
        path: path(value)?,
        port: number(value, "port"),
        wants_credentials: value.get("credentials").and_then(Value::as_bool).unwrap_or_default(),
        unless: strings(value, "unless"),
        majors: majors(value),
    })
}

fn companion(value: &Value) -> Option<Companion> {
    let list = |key| strings(value, key);
    let (env, images, beside) = (list("env"), list("images"), list("beside"));
    Some(Companion { what: string(value, "what")?, env, images, beside, majors: majors(value) })
}

/// The capabilities that a container has unless they are dropped, and those that people add (capabilities(7)).
const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "BPF",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYSLOG",
];

/// Whether `text` is what `pattern` says, in which `*` stands for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
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
    use twiceshy_syntax::toml;

    fn mistakes(text: &str) -> Vec<(String, String)> {
        let parsed = toml::parse(text);
        assert_eq!(parsed.flaws, []);
        let mut found = Vec::new();
        Row::read(&parsed.root, &mut found);
        found.iter().map(|mistake| (mistake.span.of(text).to_owned(), mistake.what.clone())).collect()
    }

    #[test]
    fn a_wrong_row_is_told_where_and_what_was_meant() {
        for (text, place, what) in [
            ("names = ['a']\nroll = 'cache'", "roll", "did you mean `role`?"),
            ("names = ['a']\nrole = 'databse'", "'databse'", "did you mean `database`?"),
            ("names = ['a']\nfamily = 'gentoo'", "'gentoo'", "it can be `alpine`"),
            ("names = ['a']\ncaps = ['CAP_CHOWN']", "'CAP_CHOWN'", "did you mean `CHOWN`?"),
            ("names = ['a']\nports = [70000]", "70000", "whole number"),
            ("names = ['a']\ndata = ['data']", "'data'", "begins with `/`"),
            ("names = ['a']\ndata = [{ paht = '/data' }]", "paht", "did you mean `path`?"),
            ("names = ['a']\nhealth = [{ path = '/', credentials = 'yes' }]", "'yes'", "`true` or `false`"),
            ("names = ['a']\ncompanions = [{ what = 'x' }]", "{ what = 'x' }", "`env`"),
            ("names = ['a']\nbusybox = 1", "1", "`true` or `false`"),
        ] {
            let found = mistakes(text);
            assert!(found.iter().any(|(at, told)| at == place && told.contains(what)), "{text}: {found:?}");
        }
        assert_eq!(mistakes("role = 'cache'").len(), 1);
        assert_eq!(mistakes("names = 'a'\nrole = 'cache'\ndata = '/data'"), []);
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
