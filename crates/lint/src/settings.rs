//! What is reported, and how badly: what the command line chose, what the configuration says, what lints say themselves.
//!
//! The command line wins over the configuration; in the configuration an override of a path over what holds for the
//! whole repository, a later override over an earlier one, and in each what is said of a lint over what is said of its
//! group. Naming a lint or its group on the command line turns on what the configuration turned off for the whole
//! repository; what it turned off for a path stays off, as what a comment suppresses stays suppressed.

use crate::{Choice, Entry, Group, Level};
use rustc_hash::FxHashMap;
use twiceshy_repo::configuration::{Field, Mistake, Origin, Shape, Table};
use twiceshy_repo::{Configuration, Misconfigured, Repo};
use twiceshy_source::Globs;
use twiceshy_syntax::toml::{Value, ValueKind};

/// How findings are levelled; `None` is off.
type Setting = Option<Level>;

/// What holds for one repository and one run.
#[derive(Debug)]
pub struct Settings<'a> {
    choice: &'a Choice,
    repo: &'a Repo,
    everywhere: Levels,
    options: FxHashMap<String, serde_json::Value>,
    overrides: Vec<Override>,
    pedantic: bool,
    /// Whether a comment that suppresses has to say why.
    pub requires_reason: bool,
    /// What is wrong with the configuration, in the order of its lines.
    pub mistakes: Vec<Misconfigured>,
}

#[derive(Debug, Default)]
struct Levels {
    lints: FxHashMap<String, Setting>,
    groups: FxHashMap<String, Setting>,
}

#[derive(Debug)]
struct Override {
    paths: Globs,
    levels: Levels,
}

impl<'a> Settings<'a> {
    /// Reads what the repository's configuration says about lints.
    pub fn of(repo: &'a Repo, lints: &[Entry], choice: &'a Choice) -> Self {
        let mut settings = Self {
            choice,
            repo,
            everywhere: Levels::default(),
            options: FxHashMap::default(),
            overrides: Vec::new(),
            pedantic: choice.pedantic,
            requires_reason: true,
            mistakes: repo.configuration.mistakes().to_vec(),
        };
        if let Some(origin) = &repo.configuration.origin {
            settings.read(origin, lints);
        }
        settings
    }

    fn read(&mut self, origin: &Origin, lints: &[Entry]) {
        let mut mistakes: Vec<Mistake> = Vec::new();
        table(lints).check(&origin.root, &mut mistakes);
        self.mistakes.extend(mistakes.into_iter().map(|mistake| origin.misconfigured(mistake)));
        // Rows about images were checked where they were read.
        self.mistakes.sort_by_key(|wrong| (wrong.path != origin.path, wrong.span.start));
        self.mistakes.dedup();
        let flag = |key: &str| origin.root.get(key).and_then(Value::as_bool);
        self.pedantic |= flag("pedantic").unwrap_or_default();
        self.requires_reason = flag("require-reason").unwrap_or(true);
        self.everywhere = Levels::read(&origin.root);
        for (name, value) in origin.root.get("lints").map(Value::entries).unwrap_or_default() {
            let options = value.entries().iter().filter(|(key, _)| key.text != "level");
            let options: serde_json::Map<_, _> = options.map(|(key, value)| (key.text.clone(), json(value))).collect();
            if !options.is_empty() {
                self.options.insert(name.text.clone(), options.into());
            }
        }
        for each in origin.root.get("overrides").map(Value::items).unwrap_or_default() {
            let paths = Globs::new(each.get("paths").into_iter().flat_map(Value::strings));
            self.overrides.push(Override { paths, levels: Levels::read(each) });
        }
    }

    /// Whether the lint has to run.
    pub fn runs(&self, lint: &Entry) -> bool {
        if is_named(&self.choice.ignore, lint) {
            return false;
        }
        match &self.choice.select {
            Some(select) => is_named(select, lint),
            None => {
                let is_off = self.everywhere.of(lint) == Some(None);
                !is_off || self.overrides.iter().any(|each| each.levels.of(lint).flatten().is_some())
            }
        }
    }

    /// The lint's options, `Null` for what it comes with.
    pub(crate) fn options(&self, lint: &Entry) -> &serde_json::Value {
        self.options.get(&lint.name).unwrap_or(&serde_json::Value::Null)
    }

    /// The level at which a finding in the file at `path` is reported, whose lint gave it the level `own`, if any; `None`
    /// when it is not reported.
    pub(crate) fn level(&self, lint: &Entry, own: Option<Level>, path: &str) -> Option<Level> {
        if self.repo.configuration.excludes(path) {
            return None;
        }
        let is_selected = self.choice.select.is_some();
        let origin = self.repo.configuration.origin.as_ref();
        let here = |each: &&Override| origin.is_some_and(|origin| origin.matches(&each.paths, path));
        let overridden = self.overrides.iter().rev().filter(here).find_map(|each| each.levels.of(lint));
        let everywhere = self.everywhere.of(lint).filter(|level| level.is_some() || !is_selected);
        let level = match overridden.or(everywhere) {
            Some(None) => return None,
            // What a lint is less sure of than of its other findings stays below them.
            Some(Some(level)) => own.map_or(level, |own| own.max(level)),
            None => own.unwrap_or(lint.meta.level),
        };
        let by_name = self.choice.select.as_ref().is_some_and(|select| select.contains(&lint.name));
        (level != Level::Pedantic || self.pedantic || by_name).then_some(level)
    }
}

/// Whether a list of lints and groups names the lint.
fn is_named(names: &[String], lint: &Entry) -> bool {
    names.iter().any(|name| *name == lint.name || name == lint.meta.group.name())
}

impl Levels {
    /// Reads the tables `lints` and `groups` of a table.
    fn read(table: &Value) -> Self {
        let entries = |key: &str| table.get(key).map(Value::entries).unwrap_or_default();
        let levels = |key: &str| {
            let levels = entries(key).iter().filter_map(|(name, value)| Some((name.text.clone(), level(value)?)));
            levels.collect()
        };
        Self { lints: levels("lints"), groups: levels("groups") }
    }

    /// What is said of the lint, or else of its group.
    fn of(&self, lint: &Entry) -> Option<Setting> {
        self.lints.get(&lint.name).or_else(|| self.groups.get(lint.meta.group.name())).copied()
    }
}

const OFF: &str = "off";

/// `"warn"`, or the `level` of a table.
fn level(value: &Value) -> Option<Setting> {
    let text = value.as_str().or_else(|| value.get("level")?.as_str())?;
    let levels = Level::ALL.into_iter().map(Some).chain([None]);
    levels.into_iter().find(|level| level.map_or(OFF, Level::name) == text)
}

fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Str(text) | ValueKind::Date(text) => text.as_str().into(),
        ValueKind::Int(number) => (*number).into(),
        ValueKind::Float(number) => (*number).into(),
        ValueKind::Bool(truth) => (*truth).into(),
        ValueKind::List(items) => items.iter().map(json).collect(),
        ValueKind::Table(entries) => entries.iter().map(|(key, value)| (key.text.clone(), json(value))).collect(),
    }
}

/// Everything that may stand in a configuration: what reading checks, and what the JSON Schema says.
pub fn table(lints: &[Entry]) -> Table {
    let levels = || Shape::Word(Level::ALL.into_iter().map(Level::name).chain([OFF]).collect());
    let about = |lint: &Entry| lint.meta.summary().trim_end_matches('.').to_owned();
    let of_level = |name: &str| format!("at which level findings of {name} are reported");
    let plain = || {
        let lint = |lint: &Entry| Field::new(lint.name.clone(), levels(), about(lint));
        Table::new("a lint", lints.iter().map(lint).collect())
    };
    let groups = || {
        let group = |group: Group| Field::new(group.name(), levels(), group.about());
        Table::new("a group", Group::ALL.into_iter().map(group).collect())
    };
    let full = lints.iter().map(|lint| {
        let level =
            Field::new("level", levels(), of_level("this lint")).by_default(format!("{:?}", lint.meta.level.name()));
        let fields = std::iter::once(level).chain(lint.options()).collect();
        let table = Table::new(format!("an option of {}", lint.name), fields);
        Field::new(lint.name.clone(), levels().or(table), about(lint))
    });
    let overrides = vec![
        Field::new("paths", Shape::Pattern.some(), "which files; patterns as in a .gitignore").required(),
        Field::new("lints", Shape::Table(plain()), of_level("a lint in these files")),
        Field::new("groups", Shape::Table(groups()), of_level("a group in these files")),
    ];
    let mut fields = vec![
        Field::new("pedantic", Shape::Bool, "whether pedantic findings are reported too").by_default("false"),
        Field::new("require-reason", Shape::Bool, "whether a comment that suppresses a finding has to say why")
            .by_default("true"),
        Field::new("groups", Shape::Table(groups()), of_level("a group")),
        Field::new(
            "lints",
            Shape::Table(Table::new("a lint", full.collect())),
            "the level of a lint, or a table with its level and its options",
        ),
        Field::new(
            "overrides",
            Shape::Tables(Table::new("a setting of an override", overrides)),
            "other levels for some files, by the place of the finding; later ones win",
        ),
    ];
    fields.extend(Configuration::fields());
    Table::new("a setting of twiceshy", fields)
}
