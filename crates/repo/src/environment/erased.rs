//! Values of env files that never arrive, since `environment` puts something else in their place.

use crate::compose::{EnvVar, Fallback, Service, Text};
use crate::{EnvEntry, Focus, Place, Project, Repo};
use twiceshy_source::Tree;

/// A value of an env file that never arrives.
#[derive(Debug)]
pub struct Erased<'r> {
    /// The service.
    pub service: &'r Service,
    /// The entry of `environment` that takes its place.
    pub variable: &'r EnvVar,
    /// What is put there.
    pub by: Override,
    /// The entry of the env file.
    pub entry: &'r EnvEntry,
    /// The `env_file` that names the file.
    pub file: Place,
    /// Whether the file that was read is only the example of the one that is named.
    pub is_example: bool,
    /// An `.env` of the project, which is read for interpolation and does not have the variable.
    pub interpolation: Option<Place>,
}

/// What takes the place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// Nothing: an empty string.
    Empty,
    /// Nothing: the variable is taken away.
    Unset,
    /// A default.
    Default(String),
}

impl Repo {
    /// The values of env files that an entry of `environment` with the same name replaces though it means to pass them on:
    /// interpolation never sees what `env_file` says.
    pub fn erased_variables(&self, focus: Focus) -> Vec<Erased<'_>> {
        let mut found: Vec<Erased<'_>> = Vec::new();
        for project in self.projects_around(focus).into_iter().filter(|project| project.is_complete) {
            for service in &project.services {
                for variable in service.environment.iter().filter(|_| !service.env_files.is_empty()) {
                    // A project and what overrides it have one and the same entry.
                    let is_known = || found.iter().any(|erased| erased.variable.place == variable.place);
                    if let Some(erased) = self.erased(project, service, variable).filter(|_| !is_known()) {
                        found.push(erased);
                    }
                }
            }
        }
        found
    }

    fn erased<'r>(&'r self, project: &'r Project, service: &'r Service, variable: &'r EnvVar) -> Option<Erased<'r>> {
        let by = match &variable.value {
            None => Override::Unset,
            Some(value) => passed_on(&variable.name, value)?,
        };
        let own = Tree::join(&project.dir, ".env")?;
        // Whoever has the variable in the project's `.env` gets it from there.
        let interpolation = self.env_file(&own);
        let gives = interpolation.or_else(|| self.env_example(&own));
        if gives.is_some_and(|env| env.entry(&variable.name).is_some()) {
            return None;
        }
        service.env_files.iter().rev().find_map(|file| {
            let path = file.path.as_deref().filter(|path| *path != own)?;
            let (env, is_example) = match self.env_file(path) {
                Some(env) => (env, false),
                None => (self.env_example(path)?, true),
            };
            let entry = env.entry(&variable.name)?;
            let says = entry.value.as_ref().is_some_and(|value| !value.raw().is_empty());
            let differs = match &by {
                Override::Default(default) => entry.value.as_ref().and_then(Text::value) != Some(default),
                _ => true,
            };
            (says && differs).then(|| Erased {
                service,
                variable,
                by: by.clone(),
                entry,
                file: file.text.place(),
                is_example,
                interpolation: interpolation.and_then(|env| env.entries.first()).map(|entry| entry.place),
            })
        })
    }
}

/// What `${NAME}`, standing as the value of `NAME`, becomes when nothing sets it.
fn passed_on(name: &str, value: &Text) -> Option<Override> {
    let variables = value.variables();
    let [variable] = variables.as_slice() else { return None };
    let is_whole = variable.place.end - variable.place.start == value.raw().len() as u32;
    if variable.name != name
        || !is_whole
        || value.value().is_some_and(|value| !value.is_empty() && value != variable.word)
    {
        return None;
    }
    match variable.fallback {
        Fallback::Empty => Some(Override::Empty),
        Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset if variable.word.is_empty() => Some(Override::Empty),
        Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset => Some(Override::Default(variable.word.clone())),
        _ => None,
    }
}
