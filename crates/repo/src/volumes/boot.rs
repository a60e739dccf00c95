//! What is taken away each time that a system starts.

use crate::removed_data::INTENTIONS;
use crate::script::{Deed, Effect, Host, NodeKind, ObjectKind, Run, Script, Site};
use crate::{Focus, Place, Repo, Tree};
use twiceshy_syntax::sql::{Act, Change, ObjectKind as SqlKind};

/// Something that is destroyed when a system starts.
#[derive(Debug)]
pub struct DestroyedAtBoot {
    /// The command, or the statement.
    pub place: Place,
    /// What is lost.
    pub loss: Loss,
    /// What leads there at the start, from the outside in.
    pub via: Vec<Place>,
}

/// What is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A command destroys it: its program, and what it names.
    Command(String, String),
    /// A table is dropped, by a migration that the list of the start names.
    Table(String),
    /// A column of a table.
    Column(String, String),
    /// All rows of a table.
    Rows(String),
}

/// Words in the name of a script that a machine runs when it starts.
const BOOT: &[&str] = &["boot", "onboot", "startup", "autostart", "rclocal", "launchd"];

impl Repo {
    /// What containers and machines destroy whenever they start.
    pub fn destroyed_at_boot(&self, focus: Focus) -> Vec<DestroyedAtBoot> {
        let mut found: Vec<DestroyedAtBoot> = Vec::new();
        for (script, via) in self.scripts_at_boot(focus) {
            let Some(run) = self.run_of(script) else { continue };
            for effect in run.effects() {
                if let Some(loss) = self.lost_at_boot(&run, effect) {
                    let place = run.place_of(effect);
                    if found.iter().all(|other| other.place != place) {
                        found.push(DestroyedAtBoot { place, loss, via: via.clone() });
                    }
                }
            }
        }
        found.extend(self.lost_by_migrations(focus));
        found
    }

    /// The scripts that run when something starts, each with what calls it.
    fn scripts_at_boot(&self, focus: Focus) -> Vec<(&Script, Vec<Place>)> {
        const WORDS: &[&str] = &[
            "drop",
            "DROP",
            "Drop",
            "truncate",
            "TRUNCATE",
            "delete",
            "DELETE",
            "volume rm",
            "volume prune",
            "reset",
            "clean",
            "downgrade",
            "rollback",
        ];
        let holds = |script: &Script| WORDS.iter().any(|word| script.text().contains(word));
        let scripts = self.scripts_through(focus);
        if !scripts.iter().any(|script| holds(script)) {
            return Vec::new();
        }
        let mut found: Vec<(&Script, Vec<Place>)> = Vec::new();
        for (file, via) in self.boot_scripts() {
            let script = scripts.iter().find(|script| script.file == *file && script.host == Host::File);
            found.extend(script.map(|script| (*script, via.clone())));
        }
        for script in scripts {
            let starts = match &script.host {
                Host::Service { key, service } => key != "healthcheck" && !is_meant(service),
                Host::Image { instruction, .. } => matches!(instruction.as_str(), "CMD" | "ENTRYPOINT"),
                Host::File => {
                    let name = Tree::name(self.tree.path(script.file)).to_ascii_lowercase();
                    let stem = name.split('.').next().unwrap_or_default();
                    name == "rc.local" || stem.split(['-', '_']).any(|word| BOOT.contains(&word))
                }
                _ => false,
            };
            if starts && found.iter().all(|(other, _)| !std::ptr::eq(*other, script)) {
                found.push((script, Vec::new()));
            }
        }
        found.retain(|(script, via)| {
            let path = self.tree.path(script.file);
            let of_project =
                |file| self.projects.iter().any(|project| project.has_file(file) && self.is_development(project));
            // The images' own directories for that are read once, when there is no data yet.
            holds(script)
                && !self.is_of_development(script.file)
                && !path.contains("initdb")
                && !is_meant(Tree::name(path))
                && !of_project(script.file)
                && !via.iter().any(|place| of_project(place.file))
        });
        found
    }

    fn lost_at_boot(&self, run: &Run<'_>, effect: &Effect) -> Option<Loss> {
        if !run.comes_to(effect.step) || matches!(effect.site, Site::Image) {
            return None;
        }
        let name = || effect.objects.first().map(crate::script::Object::pattern).unwrap_or_default();
        let loss = match effect.deed {
            // A cache is emptied on purpose.
            Deed::Destroy if matches!(&*effect.program, "redis-cli" | "valkey-cli") => return None,
            Deed::Destroy
                if effect.touches(ObjectKind::Volume)
                    && effect.objects.iter().all(crate::script::Object::is_unnamed) =>
            {
                return None;
            }
            Deed::Destroy => Loss::Command(effect.program.to_string(), name()),
            Deed::Delete if effect.touches(ObjectKind::Database) => {
                let text = statement(run, effect);
                let at = text.find("delete from ")?;
                let rest = text[at..].split(';').next().unwrap_or_default();
                if rest.contains(" where ") {
                    return None;
                }
                let table = rest.split_whitespace().nth(2).unwrap_or_default();
                Loss::Rows(table.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').to_owned())
            }
            _ => return None,
        };
        if effect.deed == Deed::Destroy && effect.touches(ObjectKind::Database) && is_harmless(&statement(run, effect))
        {
            return None;
        }
        // Whoever starts it has asked for it; or a test says that it is the first time.
        let is_guarded = || {
            run.conditions(effect.step).iter().any(|condition| {
                let script = run.script_of(condition.step);
                let node = script.node(condition.step.node);
                let text = script.written(node.span);
                matches!(node.kind, NodeKind::Test(_) | NodeKind::Arithmetic(_) | NodeKind::Case(..))
                    || ["grep", "[ ", "test ", "jq", "psql"].iter().any(|word| text.contains(word))
            })
        };
        (run.confirmed(effect.step).is_none() && !is_guarded()).then_some(loss)
    }

    /// What the migrations drop that a list names which is read at the start.
    fn lost_by_migrations(&self, focus: Focus) -> Vec<DestroyedAtBoot> {
        let mut found = Vec::new();
        if self.sql.within(focus).next().is_none() {
            return found;
        }
        for list in self.boot_lists() {
            for entry in &list.entries {
                let Some(sql) = entry.file.and_then(|file| self.sql.iter().find(|sql| sql.file == file)) else {
                    continue;
                };
                let left = sql.leaves();
                let is_made_again = |name: &str| left.iter().any(|(_, own)| own.text == name);
                // Made before, in the same file: a table for the way.
                let is_made_here = |name: &str| {
                    sql.statements
                        .iter()
                        .any(|statement| matches!(&statement.act, Act::Create(object) if object.name.text == name))
                };
                let mut via = list.readings.clone();
                via.push(entry.place);
                for statement in &sql.statements {
                    let losses: Vec<(Loss, Place)> = match &statement.act {
                        Act::Drop(objects) => objects
                            .iter()
                            .filter(|object| {
                                object.kind == SqlKind::Table
                                    && !is_made_again(&object.name.text)
                                    && !is_made_here(&object.name.text)
                            })
                            .map(|object| (Loss::Table(object.name.text.clone()), sql.place(statement.span)))
                            .collect(),
                        Act::Alter(table, changes) => changes
                            .iter()
                            .filter_map(|change| match change {
                                Change::DropColumn(column) => Some((
                                    Loss::Column(table.text.clone(), column.text.clone()),
                                    sql.place(statement.span),
                                )),
                                _ => None,
                            })
                            .collect(),
                        Act::Truncate | Act::Delete { has_where: false } => {
                            let table = statement.uses.first().map(|name| name.text.clone()).unwrap_or_default();
                            let is_own = is_made_here(&table);
                            if is_own { Vec::new() } else { vec![(Loss::Rows(table), sql.place(statement.span))] }
                        }
                        _ => Vec::new(),
                    };
                    found.extend(losses.into_iter().map(|(loss, place)| DestroyedAtBoot {
                        place,
                        loss,
                        via: via.clone(),
                    }));
                }
            }
        }
        found
    }
}

/// Whether a name says that removing is what something is for.
fn is_meant(name: &str) -> bool {
    name.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| INTENTIONS.contains(&word))
}

/// What a command says to a database, in lower case and with single blanks.
fn statement(run: &Run<'_>, effect: &Effect) -> String {
    let script = run.script_of(effect.step);
    let node = script.node(effect.step.node);
    let parent = script
        .shell()
        .parent(effect.step.node)
        .filter(|parent| matches!(script.node(*parent).kind, NodeKind::Pipeline(_)));
    let mut text = script.written(script.node(parent.unwrap_or(effect.step.node)).span).to_owned();
    for redirect in &node.redirects {
        text.push(' ');
        text.push_str(script.written(redirect.target.span));
    }
    text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether what a text drops holds no rows of its own, or is a copy for the way.
fn is_harmless(text: &str) -> bool {
    let drops: Vec<&str> = text.split("drop ").skip(1).collect();
    !drops.is_empty()
        && !text.contains("truncate ")
        && drops.iter().all(|rest| {
            let mut words = rest.split_whitespace();
            let kind = words.next().unwrap_or_default();
            let name = words.find(|word| !matches!(*word, "if" | "exists")).unwrap_or_default();
            !matches!(kind, "table" | "database" | "schema")
                || ["tmp", "temp", "_old", "_bak", "test"].iter().any(|word| name.contains(word))
        })
}
