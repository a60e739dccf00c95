//! Variables: `${NAME}` in a Compose file, the entry of an env file that sets it, the code that reads it.

use super::Search;
use crate::compose::{EnvVar, TextVariable};
use crate::{Env, Project, Repo, Service};
use twiceshy_source::{Place, Tree};

impl Repo {
    pub(super) fn declared_variables(&self, search: &Search) {
        self.of_interpolation(search);
        self.of_service(search);
        self.of_env_file(search);
        self.of_code(search);
    }

    /// `${NAME}`: what sets it.
    fn of_interpolation(&self, search: &Search) {
        let Some(compose) = self.compose.of(search.file) else { return };
        for variable in compose.variables() {
            if search.is_at(variable.place) {
                let projects = self.projects.iter().filter(|project| project.has_file(search.file));
                let envs = projects.flat_map(|project| self.envs_beside(project));
                let at: Vec<Place> = envs.filter_map(|env| Some(env.entry(&variable.name)?.place)).collect();
                search.says(variable.place, at);
            }
        }
    }

    /// `NAME:` of a service: the code that reads it.
    fn of_service(&self, search: &Search) {
        for service in self.projects.iter().flat_map(|project| &project.services) {
            let Some(variable) = service.environment.iter().find(|variable| search.is_at(name_of(variable))) else {
                continue;
            };
            search.says(name_of(variable), self.reads_of(service, &variable.name));
        }
    }

    /// An entry of an env file: who takes it into a Compose file, and the code that is given it and reads it.
    fn of_env_file(&self, search: &Search) {
        let Some(env) = self.env.of(search.file) else { return };
        let Some(entry) = env.entries.iter().find(|entry| search.is_at(entry.place)) else { return };
        let mut at = Vec::new();
        for project in &self.projects {
            if self.envs_beside(project).any(|other| other.file == env.file) {
                at.extend(self.interpolations(project, &entry.name).into_iter().map(|variable| variable.place));
            }
            for service in &project.services {
                if self.is_given(service, env) {
                    at.extend(self.reads_of(service, &entry.name));
                }
            }
        }
        if at.is_empty() {
            // Nobody hands it over: a program that loads the file itself.
            let dir = Tree::parent(self.tree.path(env.file));
            let is_below = |place: &Place| dir.is_empty() || self.tree.path(place.file).starts_with(&format!("{dir}/"));
            let reads = self.variables.reads().filter(|read| *read.name == *entry.name);
            at.extend(reads.map(|read| read.place).filter(is_below));
        }
        search.says(entry.place, at);
    }

    /// A read in code: who gives it.
    fn of_code(&self, search: &Search) {
        let Some(read) = self.variables.reads().find(|read| search.is_at(read.place)) else { return };
        let mut at = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                if !service.variables_read(self).iter().any(|other| other.place == read.place) {
                    continue;
                }
                at.extend(service.environment_given(self).get(&read.name).map(|given| given.place));
            }
        }
        if at.is_empty() {
            // Nobody is known to run this code: what would set it, beside it or above.
            let path = self.tree.path(read.place.file);
            let is_above = |env: &&Env| {
                let dir = Tree::parent(self.tree.path(env.file));
                dir.is_empty() || path.starts_with(&format!("{dir}/"))
            };
            at.extend(self.env.iter().filter(is_above).filter_map(|env| Some(env.entry(&read.name)?.place)));
        }
        search.says(read.place, at);
    }

    /// The env files that Compose reads for a project by itself, and the examples from which people make them.
    fn envs_beside<'r>(&'r self, project: &'r Project) -> impl Iterator<Item = &'r Env> + use<'r> {
        let path = Tree::join(&project.dir, ".env").unwrap_or_default();
        self.env_file(&path).into_iter().chain(self.env_example(&path))
    }

    fn interpolations(&self, project: &Project, name: &str) -> Vec<TextVariable> {
        let files = project.files.iter().filter_map(|file| self.compose.of(*file));
        files.flat_map(|compose| compose.variables()).filter(|variable| variable.name == name).collect()
    }

    fn is_given(&self, service: &Service, env: &Env) -> bool {
        service.env_files.iter().filter_map(|file| self.env_file(file.path.as_deref()?)).any(|it| it.file == env.file)
    }

    fn reads_of(&self, service: &Service, name: &str) -> Vec<Place> {
        let reads = service.variables_read(self);
        reads.into_iter().filter(|read| *read.name == *name).map(|read| read.place).collect()
    }
}

/// Where the name of a variable stands: of `- NAME=value`, the name alone.
fn name_of(variable: &EnvVar) -> Place {
    let length = variable.name.len() as u32;
    let place = variable.place;
    Place { end: place.end.min(place.start + length), ..place }
}
