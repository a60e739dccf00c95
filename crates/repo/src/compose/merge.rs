//! How Compose merges one file over another, and a service over the one it extends.
//!
//! The rules are those of compose-go's `override` package: mappings merge by key, lists append, anything else is
//! replaced; some keys have rules of their own. Lists in which an entry stands for one thing (ports, volumes by their
//! target, variables by their name) lose their repeated entries when they are read.

use super::text::Text;
use super::value::{Content, Key, Tag, Value};
use rustc_hash::FxHashMap;

/// `over` merged over `base`. `path` is where both stand: `["services", "web"]`.
pub(crate) fn merge(base: Value, over: Value, path: &[&str]) -> Value {
    match rule(path) {
        _ if over.tag == Tag::Override => over,
        Rule::Replace => over,
        Rule::Default if over.is_null() => base,
        Rule::Default => merge_plain(base, over, path),
        Rule::List => append(into_list(base), into_list(over)),
        Rule::Names(default) => merge_plain(into_map(base, default), into_map(over, default), path),
        Rule::Build => merge_plain(into_build(base), into_build(over), path),
        Rule::Logging => {
            let driver = |value: &Value| value.get("driver").and_then(Value::as_text).map(|text| text.raw().to_owned());
            match (driver(&base), driver(&over)) {
                (Some(one), Some(other)) if one != other => over,
                _ => merge_plain(base, over, path),
            }
        }
    }
}

/// A value without what `!reset` takes away; there is nothing below it to merge with.
pub(crate) fn without_resets(value: Value) -> Value {
    let content = match value.content {
        Content::Map(entries) => Content::Map(
            entries
                .into_iter()
                .filter(|(_, value)| value.tag != Tag::Reset)
                .map(|(key, value)| (key, without_resets(value)))
                .collect(),
        ),
        Content::List(items) => Content::List(items.into_iter().filter(|item| item.tag != Tag::Reset).collect()),
        content => content,
    };
    Value { content, ..value }
}

enum Rule {
    Default,
    Replace,
    /// Mappings become lists of their entries, and lists append.
    List,
    /// A list of names is a mapping of them; the condition that a dependency has in a list.
    Names(Option<&'static str>),
    Build,
    Logging,
}

/// The rule at a path, by compose-go's `mergeSpecials`.
fn rule(path: &[&str]) -> Rule {
    match path {
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"] => Rule::Replace,
        ["services", _, "depends_on"] => Rule::Names(Some("service_started")),
        ["services", _, "networks" | "models"] => Rule::Names(None),
        ["services", _, "build"] => Rule::Build,
        ["services", _, "logging"] => Rule::Logging,
        [
            "services",
            _,
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file" | "environment"
            | "extra_hosts" | "labels" | "sysctls" | "tmpfs",
        ]
        | ["services", _, "build", "args" | "additional_contexts" | "extra_hosts" | "labels"]
        | ["services", _, "deploy", "labels"]
        | ["networks" | "volumes", _, "labels"] => Rule::List,
        _ => Rule::Default,
    }
}

fn merge_plain(base: Value, over: Value, path: &[&str]) -> Value {
    match (base.content, over.content) {
        (Content::Map(mut entries), Content::Map(others)) => {
            let mut index: FxHashMap<Box<str>, usize> =
                entries.iter().enumerate().map(|(at, (key, _))| (key.text.clone(), at)).collect();
            let mut dropped = Vec::new();
            for (key, value) in others {
                let known = index.get(&key.text).copied();
                if value.tag == Tag::Reset {
                    dropped.extend(known);
                    continue;
                }
                match known.and_then(|at| entries.get_mut(at)) {
                    Some((_, slot)) => {
                        let path: Vec<&str> = path.iter().copied().chain([&*key.text]).collect();
                        let place = slot.place;
                        *slot = merge(std::mem::replace(slot, Value::null(place)), value, &path);
                    }
                    None => {
                        index.insert(key.text.clone(), entries.len());
                        entries.push((key, value));
                    }
                }
            }
            dropped.sort_unstable();
            dropped.dedup();
            for at in dropped.into_iter().rev() {
                entries.remove(at);
            }
            Value { content: Content::Map(entries), place: base.place, tag: base.tag }
        }
        (Content::List(items), Content::List(others)) => append(
            Value { content: Content::List(items), ..over_nothing(base.place) },
            Value { content: Content::List(others), ..over_nothing(over.place) },
        ),
        (_, content) => Value { content, place: over.place, tag: over.tag },
    }
}

fn over_nothing(place: twiceshy_source::Place) -> Value {
    Value::null(place)
}

fn append(base: Value, over: Value) -> Value {
    match (base.content, over.content) {
        (Content::List(mut items), Content::List(others)) => {
            items.extend(others);
            Value { content: Content::List(items), place: base.place, tag: base.tag }
        }
        (Content::Null, content) => Value { content, place: over.place, tag: over.tag },
        (content, _) => Value { content, place: base.place, tag: base.tag },
    }
}

/// A mapping as the list of its entries, each a mapping of one; a string as a list of itself.
fn into_list(value: Value) -> Value {
    let content = match value.content {
        Content::Map(entries) => Content::List(
            entries.into_iter().map(|(key, value)| Value::map(key.place.to(value.place), vec![(key, value)])).collect(),
        ),
        Content::Text(text) => Content::List(vec![Value::text_of(text)]),
        content => content,
    };
    Value { content, ..value }
}

/// A list of names as a mapping with those keys.
fn into_map(value: Value, condition: Option<&'static str>) -> Value {
    let Content::List(items) = value.content else { return value };
    let entries = items
        .iter()
        .filter_map(Value::as_text)
        .map(|name| {
            let key = Key { text: name.raw().into(), place: name.place() };
            let value = match condition {
                Some(condition) => {
                    let implied = Value::text_of(Text::implied(condition, name.place()));
                    Value::map(name.place(), vec![(Key { text: "condition".into(), place: name.place() }, implied)])
                }
                None => Value::null(name.place()),
            };
            (key, value)
        })
        .collect();
    Value { content: Content::Map(entries), ..value }
}

/// `build: dir` as `build: {context: dir}`.
fn into_build(value: Value) -> Value {
    let Content::Text(text) = value.content else { return value };
    let key = Key { text: "context".into(), place: value.place };
    Value::map(value.place, vec![(key, Value::text_of(text))])
}
