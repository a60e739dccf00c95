//! A row about images: the columns of `knowledge/images.toml` and of `[[image]]` in a configuration, read and checked.

use super::Image;
use super::columns::{Companion, DataDirectory, Family, HealthEndpoint, Majors, MistakenPath, Role, WritablePath};
use crate::nearest;
use twiceshy_source::Span;
use twiceshy_syntax::toml::{Value, ValueKind};

/// What one row says. A column that is not given is empty.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(super) names: Vec<String>,
    tags: Vec<String>,
    not_tags: Vec<String>,
    pub(super) source: String,
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

/// What is wrong with a row, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) span: Span,
    pub(crate) what: String,
}

const COLUMNS: &[&str] = &[
    "names",
    "tags",
    "not-tags",
    "source",
    "family",
    "busybox",
    "has",
    "lacks",
    "listens",
    "role",
    "latest",
    "major-after",
    "data",
    "mistaken",
    "ports",
    "health",
    "check",
    "writes",
    "caps",
    "companions",
    "retries",
];

impl Row {
    /// Reads a row. What is wrong is left out and told.
    pub(crate) fn read(value: &Value, mistakes: &mut Vec<Mistake>) -> Self {
        let mut reader = Reader { mistakes };
        reader.check_keys(value, COLUMNS, "a column of an image's row");
        let mut row = Self::default();
        let mut makeup = Makeup::default();
        let mut has_makeup = false;
        for (key, value) in value.entries() {
            has_makeup |= matches!(key.text.as_str(), "family" | "busybox" | "has" | "lacks");
            match key.text.as_str() {
                "names" => row.names = reader.strings(value),
                "tags" => row.tags = reader.strings(value),
                "not-tags" => row.not_tags = reader.strings(value),
                "source" => row.source = reader.string(value).unwrap_or_default(),
                "family" => makeup.family = reader.word(value, Family::WORDS),
                "busybox" => makeup.busybox = reader.bool(value).unwrap_or_default(),
                "has" => makeup.has = reader.strings(value),
                "lacks" => makeup.lacks = reader.strings(value),
                "listens" => row.listens_on_ipv6 = reader.word(value, &[("both", true), ("ipv4", false)]),
                "role" => row.role = reader.word(value, Role::WORDS),
                "latest" => row.latest = reader.number(value),
                "major-after" => row.major_after = reader.string(value),
                "data" => row.data = Some(reader.each(value, Reader::data)),
                "mistaken" => row.mistaken = Some(reader.each(value, Reader::mistaken)),
                "ports" => row.ports = Some(reader.each(value, Reader::number)),
                "health" => row.health = Some(reader.each(value, Reader::health)),
                "check" => row.check = reader.string(value),
                "writes" => row.writes = Some(reader.each(value, Reader::writable)),
                "caps" => row.caps = Some(reader.each(value, Reader::capability)),
                "companions" => row.companions = Some(reader.each(value, Reader::companion)),
                "retries" => row.retries = Some(reader.each(value, |reader, value| reader.word(value, Role::WORDS))),
                _ => {}
            }
        }
        row.makeup = has_makeup.then_some(makeup);
        if row.names.is_empty() {
            reader.mistake(value.span, "a row about images begins with their `names`: names = [\"registry/name\"]");
        }
        row
    }

    /// Whether the row is about `image`.
    pub(super) fn is_about(&self, image: &Image) -> bool {
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        let tag = image.tag();
        any(&self.names, &image.name) && (self.tags.is_empty() || any(&self.tags, tag)) && !any(&self.not_tags, tag)
    }
}

struct Reader<'m> {
    mistakes: &'m mut Vec<Mistake>,
}

impl Reader<'_> {
    fn mistake(&mut self, span: Span, what: impl Into<String>) {
        self.mistakes.push(Mistake { span, what: what.into() });
    }

    fn check_keys(&mut self, table: &Value, known: &[&str], what: &str) {
        for (key, _) in table.entries() {
            if !known.contains(&key.text.as_str()) {
                let meant = match nearest(&key.text, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the columns are {}", listed(known)),
                };
                self.mistake(key.span, format!("`{}` is not {what}; {meant}", key.text));
            }
        }
    }

    fn string(&mut self, value: &Value) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.mistake(value.span, "this wants to be a text in quotes");
        }
        text
    }

    fn strings(&mut self, value: &Value) -> Vec<String> {
        self.each(value, Reader::string)
    }

    fn bool(&mut self, value: &Value) -> Option<bool> {
        let truth = value.as_bool();
        if truth.is_none() {
            self.mistake(value.span, "this wants to be `true` or `false`");
        }
        truth
    }

    fn number<N: TryFrom<i64>>(&mut self, value: &Value) -> Option<N> {
        let number = value.as_int().and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            self.mistake(value.span, "this wants to be a whole number that makes sense here");
        }
        number
    }

    /// One of a few words.
    fn word<T: Copy>(&mut self, value: &Value, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(value)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let meant = match nearest(&text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("it can be {}", listed(&words)),
            };
            self.mistake(value.span, format!("`{text}` means nothing here; {meant}"));
        }
        found
    }

    /// What each item of a list is, or the one thing that stands there without a list.
    fn each<T>(&mut self, value: &Value, mut read: impl FnMut(&mut Self, &Value) -> Option<T>) -> Vec<T> {
        match &value.kind {
            ValueKind::List(items) => items.iter().filter_map(|item| read(self, item)).collect(),
            _ => read(self, value).into_iter().collect(),
        }
    }

    fn majors(&mut self, table: &Value) -> Majors {
        let mut bound = |name: &str| table.get(name).and_then(|value| self.number(value));
        Majors { since: bound("since"), until: bound("until") }
    }

    /// A path, or a table that holds it as `path`.
    fn path(&mut self, value: &Value, keys: &[&str]) -> Option<String> {
        let path = if value.entries().is_empty() {
            self.string(value)?
        } else {
            self.check_keys(value, keys, "known here");
            match value.get("path") {
                Some(path) => self.string(path)?,
                None => {
                    self.mistake(value.span, "there is no `path` in it");
                    return None;
                }
            }
        };
        if !path.starts_with('/') {
            self.mistake(value.span, format!("`{path}` is a path in a container and begins with `/`"));
        }
        Some(path)
    }

    fn data(&mut self, value: &Value) -> Option<DataDirectory> {
        let path = self.path(value, &["path", "mount", "since", "until", "volume"])?;
        let mount = value.get("mount").and_then(|mount| self.string(mount));
        let is_volume = value.get("volume").and_then(|value| self.bool(value)).unwrap_or(true);
        Some(DataDirectory {
            mount: mount.unwrap_or_else(|| path.clone()),
            path,
            is_volume,
            majors: self.majors(value),
        })
    }

    fn mistaken(&mut self, value: &Value) -> Option<MistakenPath> {
        let path = self.path(value, &["path", "since", "until", "why"])?;
        let why = value.get("why").and_then(|why| self.string(why));
        Some(MistakenPath { path, why, majors: self.majors(value) })
    }

    fn writable(&mut self, value: &Value) -> Option<WritablePath> {
        let path = self.path(value, &["path", "since", "until", "what", "unless"])?;
        let what = value.get("what").and_then(|what| self.string(what));
        let unless = value.get("unless").map(|value| self.strings(value)).unwrap_or_default();
        Some(WritablePath { path, what, unless, majors: self.majors(value) })
    }

    fn health(&mut self, value: &Value) -> Option<HealthEndpoint> {
        let path = self.path(value, &["path", "port", "credentials", "unless", "since", "until"])?;
        Some(HealthEndpoint {
            path,
            port: value.get("port").and_then(|port| self.number(port)),
            wants_credentials: value.get("credentials").and_then(|value| self.bool(value)).unwrap_or_default(),
            unless: value.get("unless").map(|value| self.strings(value)).unwrap_or_default(),
            majors: self.majors(value),
        })
    }

    fn capability(&mut self, value: &Value) -> Option<String> {
        let name = self.string(value)?;
        let known = CAPABILITIES.contains(&name.as_str());
        if !known {
            let meant = nearest(name.trim_start_matches("CAP_"), CAPABILITIES.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            self.mistake(value.span, format!("`{name}` is no capability of Linux, written without `CAP_`{meant}"));
        }
        known.then_some(name)
    }

    fn companion(&mut self, value: &Value) -> Option<Companion> {
        self.check_keys(value, &["what", "env", "images", "beside", "since", "until"], "known here");
        let what = match value.get("what") {
            Some(what) => self.string(what)?,
            None => {
                self.mistake(value.span, "a companion says `what` it is: what = \"ClickHouse\"");
                return None;
            }
        };
        let mut list = |name: &str| value.get(name).map(|value| self.strings(value)).unwrap_or_default();
        let (env, images, beside) = (list("env"), list("images"), list("beside"));
        if env.is_empty() && images.is_empty() {
            self.mistake(value.span, "a companion is known by variables that name it (`env`) or by its `images`");
        }
        Some(Companion { what, env, images, beside, majors: self.majors(value) })
    }
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

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

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
