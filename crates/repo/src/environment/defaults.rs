//! What stands in for variables that nobody sets: in compose files, in code, and where the two meet.

use super::OpenSource;
use crate::compose::{Fallback, Service, TextVariable};
use crate::{Application, EnvEntry, Focus, Moment, Need, Place, Project, Repo, VariableRead};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::Tree;

/// A variable that one project fills in with different defaults.
#[derive(Debug)]
pub struct InconsistentDefault {
    /// The variable.
    pub name: String,
    /// Each default and where it stands first; `None`: it has none there and is empty.
    pub defaults: Vec<(Option<String>, Place)>,
    /// Where other projects of the same directory disagree about it, too.
    pub elsewhere: Vec<Place>,
    /// An env file beside the project that sets it: whoever copies that does not meet the disagreement.
    pub example: Option<Place>,
}

/// A secret that is empty when nobody sets it, and that the code takes as it is.
#[derive(Debug)]
pub struct EmptySecret<'r> {
    /// The service.
    pub service: &'r Service,
    /// The variable that Compose fills in.
    pub variable: TextVariable,
    /// Where the code reads it.
    pub read: &'r VariableRead,
    /// Whether the read happens whatever else holds.
    pub is_certain: bool,
}

/// A credential in code that is taken when its variable is not set.
#[derive(Debug)]
pub struct DefaultCredential<'r> {
    /// The service.
    pub service: &'r Service,
    /// The read.
    pub read: &'r VariableRead,
    /// Where the credential stands.
    pub default: Place,
    /// The entry of `environment` that is empty when nobody sets it; without, the service is not given the variable.
    pub empty: Option<Place>,
    /// Whether the project is for people who write the code, by its name or since the code is mounted.
    pub is_development: bool,
}

impl Repo {
    /// The variables that the services of one project fill in with different defaults, or with one and with none.
    pub fn inconsistent_defaults(&self) -> Vec<InconsistentDefault> {
        let mut found: Vec<InconsistentDefault> = Vec::new();
        // Many services run one application.
        let mut taken: FxHashMap<*const Application, FxHashSet<&str>> = FxHashMap::default();
        for project in &self.projects {
            let mut by_name: FxHashMap<String, Vec<TextVariable>> = FxHashMap::default();
            for service in &project.services {
                let harmless = self.harmlessly_empty(service, &mut taken);
                service.merged().each_text(&mut |text| {
                    let variables = text.variables().into_iter();
                    for variable in
                        variables.filter(|it| !(it.nested || harmless.contains(&it.place) && is_empty_default(it)))
                    {
                        by_name.entry(variable.name.clone()).or_default().push(variable);
                    }
                });
            }
            let own = Tree::join(&project.dir, ".env").and_then(|path| self.env_file(&path));
            for (name, mut variables) in by_name {
                // One alone disagrees with nobody.
                if variables.len() < 2 || own.and_then(|env| env.entry(&name)).is_some_and(says_something) {
                    continue;
                }
                variables.sort_by_key(|variable| variable.place);
                let stops = |variable: &TextVariable| {
                    matches!(variable.fallback, Fallback::StopIfEmpty | Fallback::StopIfUnset)
                };
                if variables.iter().any(stops) {
                    continue;
                }
                let mut defaults: Vec<(Option<String>, Place)> = Vec::new();
                for variable in variables {
                    let default = match variable.fallback {
                        Fallback::Empty => None,
                        Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset => {
                            Some(variable.word).filter(|word| !word.is_empty())
                        }
                        _ => continue,
                    };
                    // Another variable's value is compared with nothing.
                    if default.as_ref().is_some_and(|default| default.contains('$')) {
                        defaults.clear();
                        break;
                    }
                    if !defaults.iter().any(|(known, _)| *known == default) {
                        defaults.push((default, variable.place));
                    }
                }
                let is_known = found.iter().any(|known| known.defaults.iter().any(|one| defaults.contains(one)));
                if defaults.len() < 2 || is_known {
                    continue;
                }
                let dir = project.dir.as_str();
                let same = found.iter_mut().find(|known| {
                    let at = known.defaults.first().map(|(_, place)| place.file);
                    known.name == name && at.is_some_and(|file| Tree::parent(self.tree.path(file)) == dir)
                });
                let place = defaults.last().map(|(_, place)| *place);
                match same {
                    Some(known) => known.elsewhere.extend(place),
                    None => {
                        let example = self.set_beside(project, &name);
                        found.push(InconsistentDefault { name, defaults, elsewhere: Vec::new(), example });
                    }
                }
            }
        }
        found.sort_by_key(|one| one.defaults.first().map(|(_, place)| *place));
        found
    }

    /// Where an env file of the project's directory sets the variable: an example, or one for another purpose.
    fn set_beside(&self, project: &Project, name: &str) -> Option<Place> {
        let beside = self.env.iter().filter(|env| Tree::parent(self.tree.path(env.file)) == project.dir);
        beside.filter_map(|env| env.entry(name)).find(|entry| says_something(entry)).map(|entry| entry.place)
    }

    /// Where a service is given an empty value for which its code takes a default of its own.
    fn harmlessly_empty<'r>(
        &'r self,
        service: &'r Service,
        taken: &mut FxHashMap<*const Application, FxHashSet<&'r str>>,
    ) -> Vec<Place> {
        let empty = service.environment.iter().filter_map(|given| {
            let mut variables = given.value.as_ref()?.variables();
            variables.retain(is_empty_default);
            (!variables.is_empty()).then_some((given, variables))
        });
        let mut empty = empty.peekable();
        let Some(application) = empty.peek().and_then(|_| service.application(self)) else { return Vec::new() };
        let takes_default = taken.entry(application).or_insert_with(|| {
            let is_default = |read: &&VariableRead| matches!(read.need, Need::Defaulted { .. } | Need::Optional);
            let reads = application.variables(self).into_iter().filter(is_default);
            reads.map(|read| &*read.name).collect()
        });
        let harmless = empty.filter(|(given, _)| takes_default.contains(given.name.as_str()));
        harmless.flat_map(|(_, variables)| variables).map(|it| it.place).collect()
    }

    /// The entry of the project's `.env` that fills in the variable.
    fn interpolated_from_env(&self, project: &Project, name: &str) -> Option<&EnvEntry> {
        self.env_file(&Tree::join(&project.dir, ".env")?)?.entry(name)
    }

    /// The secrets that Compose leaves empty when nobody sets them, and that the code takes as they are.
    pub fn empty_secrets(&self, focus: Focus) -> Vec<EmptySecret<'_>> {
        let mut found: Vec<EmptySecret<'_>> = Vec::new();
        for project in self.projects_around(focus) {
            for service in &project.services {
                for given in service.environment.iter().filter(|given| is_secret(&given.name)) {
                    let Some(value) = &given.value else { continue };
                    let variables = value.variables();
                    let [variable] = variables.as_slice() else { continue };
                    let is_whole = (variable.place.end - variable.place.start) as usize == value.raw().len();
                    let is_empty = is_empty_default(variable);
                    if !is_whole
                        || !is_empty
                        || self.interpolated_from_env(project, &variable.name).is_some_and(says_something)
                        || found.iter().any(|known| known.variable.place == variable.place)
                    {
                        continue;
                    }
                    let Some(application) = service.application(self) else { break };
                    if let Some((read, is_certain)) = self.taken_as_it_is(application, &given.name) {
                        found.push(EmptySecret { service, variable: variable.clone(), read, is_certain });
                    }
                }
            }
        }
        found
    }

    /// A read of the variable, if every read takes an empty value like any other; and whether it happens for sure.
    fn taken_as_it_is<'r>(&'r self, application: &'r Application, name: &str) -> Option<(&'r VariableRead, bool)> {
        let reads: Vec<_> = application.variables(self).into_iter().filter(|read| *read.name == *name).collect();
        let takes_empty = |read: &&VariableRead| {
            let is_python = self.tree.path(read.place.file).ends_with(".py");
            match read.need {
                Need::Plain | Need::Asserted => true,
                // `os.environ["X"]` and a field of type `str` are content with an empty string.
                Need::Required => is_python,
                _ => false,
            }
        };
        if reads.is_empty() || !reads.iter().all(takes_empty) || reads.iter().any(|read| read.moment == Moment::Build) {
            return None;
        }
        // What a module keeps in a constant, another one may ask about.
        let is_used = |read: &&&VariableRead| read.moment == Moment::Use || read.need == Need::Required;
        let mut certain = reads.iter().filter(|read| !read.is_conditional && application.reaches(read.place.file));
        let certain = if reads.iter().all(|read| is_used(&read)) { certain.next() } else { None };
        certain.map(|read| (*read, true)).or_else(|| reads.first().map(|read| (*read, false)))
    }

    /// The credentials in code that services take since nothing gives them others.
    pub fn default_credentials(&self) -> Vec<DefaultCredential<'_>> {
        let mut found: Vec<DefaultCredential<'_>> = Vec::new();
        // Many services run one application.
        let mut by_application: FxHashMap<*const Application, Vec<(&VariableRead, Place)>> = FxHashMap::default();
        for project in &self.projects {
            for service in &project.services {
                let Some(application) = service.application(self) else { continue };
                let credentials = by_application.entry(application).or_insert_with(|| {
                    let reads = application.variables(self).into_iter();
                    reads.filter_map(|read| Some((read, self.credential(application, read)?))).collect()
                });
                if credentials.is_empty() {
                    continue;
                }
                let environment = service.environment_given(self);
                for &(read, default) in &*credentials {
                    let given = |name: &str| {
                        if read.ignores_case { environment.get_ignoring_case(name) } else { environment.get(name) }
                    };
                    let empty = match given(&read.name) {
                        Some(_) => match self.left_empty(project, service, read, default) {
                            Some(place) => Some(place),
                            None => continue,
                        },
                        None if read.alternatives.iter().any(|other| given(other).is_some()) => continue,
                        None if application.sets_variable(self, &read.name) => continue,
                        None if environment.openings.iter().any(|it| !matches!(it.source, OpenSource::Image)) => {
                            continue;
                        }
                        None => None,
                    };
                    if !found.iter().any(|known| known.default == default) {
                        let is_development = self.is_development(project) || is_mounted(service, application);
                        found.push(DefaultCredential { service, read, default, empty, is_development });
                    }
                }
            }
        }
        found.sort_by_key(|one| one.default);
        found
    }

    /// Where the secret stands that code takes when the variable is not set.
    fn credential(&self, application: &Application, read: &VariableRead) -> Option<Place> {
        let Need::Defaulted { value: Some(value), place } = &read.need else { return None };
        if read.moment == Moment::Build
            || read.is_conditional
            || !is_signing_secret(&read.name)
            || value.len() < 4
            || value.contains("://")
            || !application.reached.is_empty() && !application.reaches(read.place.file)
        {
            return None;
        }
        let source = self.tree.source(place.file).ok()?;
        // Named twice: something else is done with it, such as refusing it in production.
        (source.text().matches(&**value).count() == 1).then_some(*place)
    }

    /// The entry of `environment` by which a variable is empty when nobody sets it, if code takes a default for that.
    fn left_empty(&self, project: &Project, service: &Service, read: &VariableRead, default: Place) -> Option<Place> {
        let given = service.environment.iter().find(|given| *given.name == *read.name)?;
        let value = given.value.as_ref()?;
        let variables = value.variables();
        let [variable] = variables.as_slice() else { return None };
        let is_empty = is_empty_default(variable);
        let is_whole = (variable.place.end - variable.place.start) as usize == value.raw().len();
        let is_set = self.interpolated_from_env(project, &variable.name).is_some_and(says_something);
        let source = self.tree.source(default.file).ok()?;
        let between = source.text().get(read.place.end as usize..default.start as usize)?;
        let takes_default = between.contains("||") || between.contains(" or ");
        (is_empty && is_whole && !is_set && takes_default).then_some(given.place)
    }
}

/// Whether the code of a service is mounted into it: for people who change it.
fn is_mounted(service: &Service, application: &Application) -> bool {
    service.mounts.iter().any(|mount| {
        mount.path.as_deref().is_some_and(|path| {
            path == application.dir || !application.dir.is_empty() && application.dir.starts_with(path)
        })
    })
}

/// Whether a variable is empty when nobody sets it.
fn is_empty_default(variable: &TextVariable) -> bool {
    match variable.fallback {
        Fallback::Empty => true,
        Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset => variable.word.is_empty(),
        _ => false,
    }
}

fn says_something(entry: &EnvEntry) -> bool {
    entry.value.as_ref().is_some_and(|value| !value.raw().is_empty())
}

/// Whether a variable of this name holds something that nobody else may know.
pub(crate) fn is_secret(name: &str) -> bool {
    const SECRET: [&str; 6] = ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "SALT", "APIKEY"];
    const PUBLIC: [&str; 8] = ["PUBLIC", "ID", "URL", "FILE", "PATH", "NAME", "HEADER", "PUBLISHABLE"];
    // Every name that code reads is asked about: nothing is copied for that.
    let has_part_of = |words: &[&str]| {
        let is_one = |part: &str| words.iter().any(|word| word.eq_ignore_ascii_case(part));
        name.split('_').any(is_one)
    };
    let is_key = name.rsplit_once('_').is_some_and(|(_, last)| last.eq_ignore_ascii_case("KEY"));
    (is_key || has_part_of(&SECRET)) && !has_part_of(&PUBLIC)
}

/// Whether whoever knows its value can sign in as anybody, or read what is encrypted.
fn is_signing_secret(name: &str) -> bool {
    if !is_secret(name) {
        return false;
    }
    let name = name.to_ascii_uppercase();
    !name.contains("EXPIR")
        && [
            "SECRET_KEY",
            "JWT",
            "SESSION",
            "COOKIE",
            "AUTH_SECRET",
            "ENCRYPTION",
            "SIGNING",
            "HMAC",
            "APP_SECRET",
            "ADMIN_PASSWORD",
            "SECRET_TOKEN",
        ]
        .iter()
        .any(|word| name.contains(word))
}
