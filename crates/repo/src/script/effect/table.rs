//! `knowledge/commands.toml`: what programs do to what.

use super::ObjectKind;
use crate::script::Deed;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;
use twiceshy_syntax::toml::{self, Value};

/// A program.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Options that take the next word.
    pub(super) with_value: Vec<String>,
    /// Whether it runs what stands behind its options.
    pub(super) runs: bool,
    /// Operands before that.
    pub(super) skip: usize,
    /// Whether assignments of variables may stand before that.
    pub(super) assignments: bool,
    /// Whether the first operand says on which machine.
    pub(super) there: bool,
    /// Whether its first word may be letters of options without a dash: `tar czf`.
    pub(super) bundles: bool,
    /// What it does.
    pub(super) does: Vec<Row>,
}

/// One thing that a program does.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) verbs: Vec<Vec<String>>,
    pub(super) given: Vec<String>,
    pub(super) without: Vec<String>,
    pub(super) says: Vec<String>,
    pub(super) operands: usize,
    /// Whether something must be fed to it: a file, a pipe, a heredoc.
    pub(super) fed: bool,
    /// The method of a request.
    pub(super) request: Option<String>,
    pub(super) deed: Deed,
    pub(super) object: ObjectKind,
    pub(super) what: Vec<Pick>,
    pub(super) from: Vec<Pick>,
    pub(super) into: Vec<Pick>,
}

/// Which words name something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    First,
    Last,
    /// All but the last.
    Rest,
    All,
    AfterFirst,
    /// The operands before the first option.
    Leading,
    Option(String),
    /// `of=…`
    Prefix(String),
    /// What its input is redirected from, or comes from through a pipe.
    Input,
    /// What its output is redirected to.
    Output,
    /// The directory it runs in.
    Here,
    /// No word: all there is.
    Everything,
}

/// What the table says about a program.
pub(super) fn program(name: &str) -> Option<&'static Program> {
    static TABLE: OnceLock<FxHashMap<String, Program>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            let root = toml::parse(TEXT).root;
            let mut all = FxHashMap::default();
            for row in root.get("program").map(Value::items).unwrap_or_default() {
                for name in strings(row, "names") {
                    all.insert(name, read(row));
                }
            }
            all
        })
        .get(name)
}

const TEXT: &str = include_str!("../../../knowledge/commands.toml");

fn strings(row: &Value, key: &str) -> Vec<String> {
    row.get(key).map(|value| value.strings().map(str::to_owned).collect()).unwrap_or_default()
}

fn read(row: &Value) -> Program {
    let is = |key: &str| row.get(key).and_then(Value::as_bool).unwrap_or_default();
    let text = |key: &str| row.get(key).and_then(Value::as_str);
    Program {
        with_value: strings(row, "with-value"),
        runs: text("runs").is_some(),
        skip: row.get("skip").and_then(Value::as_int).and_then(|skip| usize::try_from(skip).ok()).unwrap_or(0),
        assignments: is("assignments"),
        there: text("there").is_some(),
        bundles: is("bundles"),
        does: row.get("does").map(Value::items).unwrap_or_default().iter().filter_map(does).collect(),
    }
}

fn does(row: &Value) -> Option<Row> {
    let picks = |key: &str| -> Option<Vec<Pick>> { strings(row, key).iter().map(|text| pick(text)).collect() };
    Some(Row {
        verbs: strings(row, "verb").iter().map(|verb| verb.split(' ').map(str::to_owned).collect()).collect(),
        given: strings(row, "given"),
        without: strings(row, "without"),
        says: strings(row, "says"),
        operands: row
            .get("operands")
            .and_then(Value::as_int)
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(0),
        fed: row.get("fed").and_then(Value::as_bool).unwrap_or_default(),
        request: row.get("request").and_then(Value::as_str).map(str::to_owned),
        deed: deed(row.get("deed")?.as_str()?)?,
        object: object(row.get("object")?.as_str()?)?,
        what: picks("what")?,
        from: picks("from")?,
        into: picks("into")?,
    })
}

fn pick(text: &str) -> Option<Pick> {
    Some(match text {
        "first" => Pick::First,
        "last" => Pick::Last,
        "rest" => Pick::Rest,
        "all" => Pick::All,
        "after-first" => Pick::AfterFirst,
        "leading" => Pick::Leading,
        "input" => Pick::Input,
        "output" => Pick::Output,
        "here" => Pick::Here,
        "everything" => Pick::Everything,
        text => match text.strip_prefix("option ") {
            Some(option) => Pick::Option(option.to_owned()),
            None => Pick::Prefix(text.strip_suffix('=').map(|_| text.to_owned())?),
        },
    })
}

fn deed(text: &str) -> Option<Deed> {
    Some(match text {
        "dump" => Deed::Dump,
        "restore" => Deed::Restore,
        "destroy" => Deed::Destroy,
        "delete" => Deed::Delete,
        "stop" => Deed::Stop,
        "start" => Deed::Start,
        "restart" => Deed::Restart,
        "copy" => Deed::Copy,
        "move" => Deed::Move,
        "unpack" => Deed::Unpack,
        "sync" => Deed::Sync,
        "upload" => Deed::Upload,
        "download" => Deed::Download,
        "verify" => Deed::Verify,
        "migrate" => Deed::Migrate,
        "own" => Deed::Own,
        "reset" => Deed::Reset,
        "write" => Deed::Write,
        _ => return None,
    })
}

fn object(text: &str) -> Option<ObjectKind> {
    Some(match text {
        "container" => ObjectKind::Container,
        "service" => ObjectKind::Service,
        "volume" => ObjectKind::Volume,
        "database" => ObjectKind::Database,
        "project" => ObjectKind::Project,
        "path" => ObjectKind::Path,
        "remote" => ObjectKind::Remote,
        "image" => ObjectKind::Image,
        "process" => ObjectKind::Process,
        "unit" => ObjectKind::Unit,
        "resource" => ObjectKind::Resource,
        "app" => ObjectKind::App,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_says_where_it_was_read() {
        let parsed = toml::parse(TEXT);
        assert_eq!(parsed.flaws, []);
        let programs = parsed.root.get("program").unwrap().items();
        assert!(programs.len() > 60);
        for row in programs {
            let names = strings(row, "names");
            assert!(row.get("source").and_then(Value::as_str).is_some_and(|source| source.contains(": ")), "{names:?}");
            let written = row.get("does").map(Value::items).unwrap_or_default();
            assert_eq!(read(row).does.len(), written.len(), "{names:?}");
            const KNOWN: &[&str] =
                &["names", "with-value", "source", "does", "runs", "skip", "assignments", "there", "bundles"];
            for (key, _) in row.entries() {
                assert!(KNOWN.contains(&&*key.text), "{names:?}: {}", key.text);
            }
        }
    }
}
