//! Variables that the code of a service needs and its container does not get.

use super::OpenSource;
use crate::compose::Service;
use crate::{Application, Env, EnvEntry, Moment, Need, Place, Project, Repo, VariableRead, Way};
use rustc_hash::{FxHashMap, FxHashSet};

/// A variable that the code of a service needs and its container does not get.
#[derive(Debug)]
pub struct MissingVariable<'r> {
    /// The service.
    pub service: &'r Service,
    /// Its code.
    pub application: &'r Application,
    /// The read that cannot do without it.
    pub read: &'r VariableRead,
    /// What becomes of it.
    pub lack: Lack,
    /// How many variables the service is given.
    pub given: usize,
    /// Services that do get it, and where.
    pub others: Vec<(&'r str, Place)>,
    /// Where an env file of the project names it: it is set there for somebody.
    pub named: Option<Place>,
    /// Where its code loads an env file, though none gets into its container.
    pub loads: Option<Place>,
    /// The example of the env file that is not in the repository: it does not name the variable either.
    pub example: Option<Place>,
}

/// What becomes of a service without a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It does not start.
    Start,
    /// It starts, and what needs the variable fails.
    Use,
    /// It takes a default: a connection to `localhost`, which is the container itself.
    Nowhere,
    /// It takes a default: a connection to a store of the project with a password that the store does not have.
    Credentials,
}

/// Variables that the runtime or the platform sets itself, or that only tune it.
const AMBIENT: [&str; 22] = [
    "NODE_ENV",
    "HOME",
    "PATH",
    "HOSTNAME",
    "PWD",
    "USER",
    "SHELL",
    "TERM",
    "TZ",
    "LANG",
    "TMPDIR",
    "TEMP",
    "CI",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "DEBUG",
    "NEXT_RUNTIME",
    "NEXT_PHASE",
    "LC_ALL",
    "NODE_PATH",
    "_",
];

impl Repo {
    /// The variables that services need and do not get. A service that several projects share is named only for what it
    /// gets in none of them.
    pub fn missing_variables(&self) -> Vec<MissingVariable<'_>> {
        let mut found: Vec<MissingVariable<'_>> = Vec::new();
        let mut projects_of: FxHashMap<Place, usize> = FxHashMap::default();
        let mut lacking: FxHashMap<(Place, &str), usize> = FxHashMap::default();
        // Many services run one application.
        let mut needs: FxHashMap<*const Application, Needs<'_>> = FxHashMap::default();
        for project in &self.projects {
            for service in &project.services {
                *projects_of.entry(service.place).or_default() += 1;
                let Some(application) = service.application(self).filter(|_| project.is_complete) else { continue };
                let needs = needs.entry(application).or_insert_with(|| self.needs_of_variables(application));
                for missing in self.missing_in(project, service, application, needs) {
                    let times = lacking.entry((service.place, &missing.read.name)).or_default();
                    *times += 1;
                    if *times == 1 {
                        found.push(missing);
                    }
                }
            }
        }
        found.retain(|missing| {
            let key = (missing.service.place, &*missing.read.name);
            lacking.get(&key) == projects_of.get(&missing.service.place)
        });
        found
    }

    /// The variables without which code may fail, each with all its reads: one of them may do without.
    fn needs_of_variables<'r>(&'r self, application: &Application) -> Needs<'r> {
        let counts = |read: &VariableRead| application.reached.is_empty() || application.reaches(read.place.file);
        let reads: Vec<_> = application.variables(self).into_iter().filter(|read| counts(read)).collect();
        let mut needs: Needs<'r> =
            reads.iter().filter(|read| may_decide(read)).map(|read| (&*read.name, Vec::new())).collect();
        for read in reads {
            if let Some(all) = needs.get_mut(&*read.name) {
                all.push(read);
            }
        }
        needs
    }

    fn missing_in<'r>(
        &'r self,
        project: &'r Project,
        service: &'r Service,
        application: &'r Application,
        needs: &Needs<'r>,
    ) -> Vec<MissingVariable<'r>> {
        if needs.is_empty() {
            return Vec::new();
        }
        let environment = service.environment_given(self);
        // Of what else may give variables, only an env file tells by its example what it will hold.
        let mut example = None;
        for opening in &environment.openings {
            match opening.source {
                OpenSource::EnvFile { example: Some(file), .. } => example = Some((file, opening.place)),
                _ => return Vec::new(),
            }
        }
        let example = example.and_then(|(file, place)| Some((self.env.of(file)?, place)));
        let in_example = example.map(|(env, _)| self.named_by(env)).unwrap_or_default();
        let mut found = Vec::new();
        for (&name, reads) in needs {
            let is_given = |read: &VariableRead| {
                let gives = |name: &str| {
                    let given =
                        if read.ignores_case { environment.get_ignoring_case(name) } else { environment.get(name) };
                    let in_example = in_example.contains(&name.to_ascii_uppercase());
                    given.is_some() || in_example
                };
                gives(&read.name) || read.alternatives.iter().any(|other| gives(other))
            };
            let Some((read, lack)) = deciding(reads, project) else { continue };
            if AMBIENT.contains(&name)
                || reads.iter().any(|read| is_given(read))
                || application.sets_variable(self, name)
            {
                continue;
            }
            let beside = self.entry_beside(project, name);
            let has_value = |entry: &EnvEntry| entry.value.as_ref().is_some_and(|value| !value.raw().is_empty());
            // An example that leaves it empty says that it may be.
            if lack == Lack::Use && beside.is_some_and(|entry| !has_value(entry)) {
                continue;
            }
            found.push(MissingVariable {
                service,
                application,
                read,
                lack,
                given: environment.given.len(),
                others: self.receivers(project, service, name),
                named: beside.filter(|entry| has_value(entry)).map(|entry| entry.place),
                loads: application.loads_env_file(self),
                example: example.map(|(_, place)| place),
            });
        }
        found.sort_by_key(|missing| (missing.service.place, missing.read.place));
        found
    }

    /// The words of an example: its entries, and what its comments name, as examples do with what is optional: `# NAME=`.
    fn named_by(&self, env: &Env) -> FxHashSet<String> {
        let mut names: FxHashSet<String> = env.entries.iter().map(|entry| entry.name.to_ascii_uppercase()).collect();
        if let Ok(source) = self.tree.source(env.file) {
            let comments = env.comments.iter().map(|place| place.span().of(source.text()));
            let words = comments.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
            names.extend(words.filter(|word| !word.is_empty()).map(str::to_ascii_uppercase));
        }
        names
    }

    /// Services of the project other than `service` that are given the variable.
    fn receivers<'r>(&'r self, project: &'r Project, service: &Service, name: &str) -> Vec<(&'r str, Place)> {
        let others = project.services.iter().filter(|other| other.name != service.name);
        let mut found: Vec<_> = others
            .filter_map(|other| {
                let own =
                    other.environment.iter().find(|variable| variable.name == name).map(|variable| variable.place);
                let place = own.or_else(|| {
                    let files = other.env_files.iter().filter_map(|file| self.env_file(file.path.as_deref()?));
                    files.filter_map(|env| env.entry(name)).map(|entry| entry.place).last()
                })?;
                Some((other.name.as_str(), place))
            })
            .collect();
        found.truncate(3);
        found
    }

    /// The variable in the env file beside the project's files: the project's own, or the example of it.
    fn entry_beside(&self, project: &Project, name: &str) -> Option<&EnvEntry> {
        let path = twiceshy_source::Tree::join(&project.dir, ".env")?;
        self.env_file(&path).or_else(|| self.env_example(&path))?.entry(name)
    }
}

/// The reads of each variable.
type Needs<'r> = FxHashMap<&'r str, Vec<&'r VariableRead>>;

/// Whether a read can be the one that decides, in whatever project.
fn may_decide(read: &VariableRead) -> bool {
    let may = match &read.need {
        Need::Required | Need::Guarded { .. } => true,
        Need::Defaulted { value: Some(value), .. } => Connection::of(value).is_some(),
        _ => false,
    };
    may && !read.is_conditional && read.moment != Moment::Build
}

/// The read that decides what becomes of the service, of all reads of one variable.
fn deciding<'r>(reads: &[&'r VariableRead], project: &Project) -> Option<(&'r VariableRead, Lack)> {
    let fails = |read: &&&VariableRead| {
        matches!(read.need, Need::Required | Need::Guarded { .. })
            && !read.is_conditional
            && read.moment != Moment::Build
    };
    let at = |moment: Moment| reads.iter().filter(fails).find(|read| read.moment == moment).copied();
    if let Some(read) = at(Moment::Start) {
        return Some((read, Lack::Start));
    }
    // Where another place asks first, the code can do without it somewhere: it may be switched off.
    let can_do_without = reads.iter().any(|read| matches!(read.need, Need::Optional | Need::Defaulted { .. }));
    if let Some(read) = at(Moment::Use).filter(|_| !can_do_without) {
        return Some((read, Lack::Use));
    }
    reads.iter().find_map(|read| {
        let counts = !read.is_conditional
            && read.moment != Moment::Build
            && read.alternatives.is_empty()
            && !matches!(read.way, Way::ImportMeta);
        let Need::Defaulted { value: Some(value), .. } = &read.need else { return None };
        Some((*read, leads_nowhere(value, project).filter(|_| counts)?))
    })
}

/// Why a default cannot work in a container of the project, where it is a connection to a store.
fn leads_nowhere(value: &str, project: &Project) -> Option<Lack> {
    let connection = Connection::of(value)?;
    if connection.is_local() {
        return Some(Lack::Nowhere);
    }
    let store = project.service(connection.host).filter(|_| !connection.password.is_empty())?;
    let passwords = store.environment.iter().filter(|variable| {
        variable.name.ends_with("PASSWORD") && !variable.name.contains("ROOT") && !variable.name.contains("ADMIN")
    });
    // One that is not written down is not this one, as far as anybody can want.
    let passwords: Vec<_> = passwords.filter_map(|variable| variable.value.as_ref()).collect();
    let is_other = !passwords.is_empty() && passwords.iter().all(|it| it.value() != Some(connection.password));
    is_other.then_some(Lack::Credentials)
}

/// A connection string of a store.
struct Connection<'v> {
    password: &'v str,
    host: &'v str,
}

impl<'v> Connection<'v> {
    fn of(value: &'v str) -> Option<Self> {
        const STORES: [&str; 20] = [
            "postgres",
            "postgresql",
            "mysql",
            "mariadb",
            "mongodb",
            "mongodb+srv",
            "redis",
            "rediss",
            "valkey",
            "amqp",
            "amqps",
            "nats",
            "kafka",
            "clickhouse",
            "mssql",
            "sqlserver",
            "cockroachdb",
            "elasticsearch",
            "memcached",
            "ldap",
        ];
        let (scheme, rest) = value.split_once("://")?;
        // `postgresql+asyncpg`, `jdbc:postgresql`
        let scheme = scheme.rsplit(':').next()?;
        let is_store = STORES.contains(&scheme) || STORES.contains(&scheme.split('+').next()?);
        let authority = rest.split(['/', '?']).next()?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let host = if host.starts_with('[') { host } else { host.split(':').next()? };
        let password = user.split_once(':').map_or("", |(_, password)| password);
        is_store.then_some(Self { password, host })
    }

    fn is_local(&self) -> bool {
        matches!(self.host, "localhost" | "127.0.0.1" | "") || self.host.starts_with("[::1]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_told_from_other_addresses() {
        let of = |value| Connection::of(value).map(|it| (it.password, it.host, it.is_local()));
        assert_eq!(of("postgres://a:b@localhost:5432/app"), Some(("b", "localhost", true)));
        assert_eq!(of("postgresql+asyncpg://a:b@db/app"), Some(("b", "db", false)));
        assert_eq!(of("redis://[::1]:6379"), Some(("", "[::1]:6379", true)));
        assert_eq!(of("http://localhost:3000"), None);
        assert_eq!(of("sqlite:///./app.db"), None);
    }
}
