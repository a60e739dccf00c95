//! Compose files, and the projects that they make up.
//!
//! A [`Compose`] is one file as it is written. A [`Project`] is what Compose makes of one or several of them: includes
//! and extends resolved, overrides merged, variables interpolated; its [`Service`]s are what lints ask. Every value
//! knows the place in the file that it came from.
//!
//! The rules are those of compose-go (`loader`, `override`, `template`), read at its commit e70e961.

mod command;
mod discover;
mod insert;
mod interpolate;
mod load;
mod merge;
mod mount;
mod named;
mod port;
mod port_clash;
mod project;
mod scripts;
mod service;
#[cfg(test)]
mod tests;
mod text;
mod undefined;
mod value;

pub(crate) use command::script_of;
pub use command::{Command, Form, Healthcheck, Test, TestForm};
pub(crate) use discover::projects;
pub use interpolate::{Fallback, Template, Variable};
pub(crate) use load::Loaded;
pub use mount::{Mount, MountKind};
pub(crate) use named::NamedFiles;
pub use port::{Address, Port, Ports, Published};
pub use port_clash::PortClash;
pub use project::{Named, Project};
pub use service::{Attachment, Build, Condition, Dependency, EnvFile, EnvVar, Reference, Service};
pub use text::{Text, TextVariable};
pub use undefined::UndefinedService;
pub use value::{Key, Value};

use crate::{Input, Lowered};
use twiceshy_source::{FileId, Tree};
use twiceshy_syntax::yaml;

/// A Compose file, as it is written.
#[derive(Debug)]
pub struct Compose {
    /// The file.
    pub file: FileId,
    /// Its documents; Compose merges each over the ones before it.
    documents: Vec<Value>,
}

impl Compose {
    /// What it says, before anything is merged or interpolated.
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The services that it names itself: their keys and what it says about them.
    pub fn services(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let maps = self.documents.iter().filter_map(|document| document.get("services"));
        maps.flat_map(Value::entries).map(|(key, value)| (key, value))
    }

    /// Every variable that is interpolated in it.
    pub fn variables(&self) -> Vec<TextVariable> {
        let mut all = Vec::new();
        for document in &self.documents {
            document.each_text(&mut |text| all.extend(text.variables()));
        }
        all
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let parsed = yaml::parse(input.text());
    let documents: Vec<Value> =
        parsed.documents().map(|root| Value::of(root, input.file, input.text())).filter(is_compose).collect();
    // A file that only has a compose file's name is not ours, and neither are its flaws – unless it is one of whose
    // services nothing could be understood.
    if documents.is_empty() || is_chart_template(input.tree, input.path()) {
        if input.text().lines().any(|line| line.trim_end() == "services:")
            && !is_chart_template(input.tree, input.path())
        {
            out.flaws.extend(parsed.flaws);
        }
        return;
    }
    out.flaws.extend(parsed.flaws);
    documents.iter().for_each(|document| scripts::lower(document, out));
    out.compose.push(Compose { file: input.file, documents });
}

/// Whether a document is one of Compose's: it has services, includes them, or gives other files something to use.
fn is_compose(document: &Value) -> bool {
    let of_compose = ["services", "include", "volumes", "networks", "secrets", "configs"];
    let is_map = |key: &str| document.get(key).is_some_and(|value| value.is_map() || value.is_list());
    of_compose.into_iter().any(is_map) && document.get("apiVersion").is_none() && document.get("jobs").is_none()
}

/// Whether the file is a template of a Helm chart: it stands below `templates/` beside a `Chart.yaml`.
fn is_chart_template(tree: &Tree, path: &str) -> bool {
    path.match_indices("templates/").any(|(at, _)| {
        let chart = path[..at].trim_end_matches('/');
        let chart = if chart.is_empty() { "Chart.yaml".to_owned() } else { format!("{chart}/Chart.yaml") };
        tree.file(&chart).is_some()
    })
}
