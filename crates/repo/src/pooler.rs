//! PgBouncer between an application and its database, and drivers that do not get along with it.

use crate::compose::Text;
use crate::{Repo, Requirement, Service, Version};
use twiceshy_source::{FileId, Place, Span, Tree};

/// PgBouncer, as a service.
#[derive(Clone, Debug)]
pub struct Pooler<'r> {
    /// The service.
    pub service: &'r Service,
    /// Its version, by the image's tag; `None` where that does not tell.
    pub version: Option<Version>,
    /// Where the image is named.
    pub image: Place,
    /// Where it is told to hand out a server connection for one transaction or statement only; it keeps them for whole
    /// sessions otherwise.
    pub mode: (String, Place),
    /// `max_prepared_statements`, where it is set.
    pub prepared: Option<(u32, Place)>,
}

/// An application that connects through a pooler with asyncpg.
#[derive(Debug)]
pub struct PooledAsyncpg<'r> {
    /// The service that runs it.
    pub service: &'r Service,
    /// The pooler.
    pub pooler: Pooler<'r>,
    /// What makes it connect there.
    pub setting: Place,
    /// Where its code makes the engine, pool or connection.
    pub call: Place,
    /// Whether SQLAlchemy uses asyncpg for it.
    pub by_sqlalchemy: bool,
    /// What the code says about prepared statements.
    pub statements: Statements,
    /// The asyncpg that is installed.
    pub asyncpg: Option<&'r Requirement>,
    /// The SQLAlchemy that is installed.
    pub sqlalchemy: Option<&'r Requirement>,
}

/// What code says about prepared statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statements {
    /// `statement_cache_size=0`, asyncpg's own; `None`: it is set, and to what is not known.
    pub no_cache: Option<bool>,
    /// `prepared_statement_cache_size=0`, SQLAlchemy's; `None`: it is set, and to what is not known.
    pub no_prepared_cache: Option<bool>,
    /// `prepared_statement_name_func`
    pub has_names: bool,
    /// `.prepare(` is called.
    pub prepares: bool,
    /// Something is handed over that stands elsewhere: `**options`, `connect_args=CONNECT_ARGS`.
    pub is_open: bool,
}

impl Pooler<'_> {
    /// Whether it keeps track of prepared statements, so that a client may use them: since 1.21, by default since 1.24
    /// (its NEWS). `None` where the version is not known and decides.
    pub fn tracks_statements(&self) -> Option<bool> {
        match (self.prepared, self.version) {
            (Some((0, _)), _) => Some(false),
            (_, Some(version)) if version < [1, 21, 0] => Some(false),
            (Some(_), Some(_)) => Some(true),
            (None, Some(version)) => Some(version >= [1, 24, 0]),
            (_, None) => None,
        }
    }
}

impl Repo {
    /// Applications that connect with asyncpg through PgBouncer in a mode in which connections change hands.
    pub fn pooled_asyncpg(&self) -> Vec<PooledAsyncpg<'_>> {
        let needs_asyncpg =
            || self.requirements.iter().flat_map(|list| &list.needs).any(|need| &*need.name == "asyncpg");
        let mut found = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                let Some(pooler) = self.pooler(service) else { continue };
                if !needs_asyncpg() {
                    return found;
                }
                for client in project.services.iter().filter(|client| client.name != service.name) {
                    if let Some(setting) = self.connects_through(client, service) {
                        found.extend(self.by_asyncpg(client, &pooler, setting));
                    }
                }
            }
        }
        found
    }

    /// The service as PgBouncer, if it is that and hands connections out for less than a session.
    fn pooler<'r>(&'r self, service: &'r Service) -> Option<Pooler<'r>> {
        let (image, place) = service.base_image(self)?;
        let is_pgbouncer = |name: &str| Tree::name(name).contains("pgbouncer");
        let is_own = is_pgbouncer(&image.name);
        let is_built_so = service.build.is_some() && is_pgbouncer(&service.name);
        if !is_own && !is_built_so {
            return None;
        }
        // `latest` is newer than 1.24.
        let is_newest = is_own && image.tag() == "latest" && image.digest.is_none();
        let version = if is_newest { Some([1, 24, 0]) } else { version_of(image.tag()).filter(|_| is_own) };
        let file = service.mounts.iter().find_map(|mount| {
            let path = mount.path.as_deref().filter(|path| path.ends_with(".ini") || self.tree.has_dir(path))?;
            let named = [path.to_owned(), format!("{path}/pgbouncer.ini")];
            named.iter().filter(|path| path.ends_with(".ini")).find_map(|path| self.tree.resolve(path))
        });
        let set = |names: &[&str], key: &str| -> Option<(String, Place)> {
            let by_env = names.iter().find_map(|name| self.pooler_setting(service, name));
            by_env.or_else(|| ini_setting(self, file?, key))
        };
        let mode = set(&["POOL_MODE", "PGBOUNCER_POOL_MODE", "PGBOUNCER_POOLMODE"], "pool_mode")?;
        if !matches!(mode.0.trim(), "transaction" | "statement") {
            return None;
        }
        let prepared =
            set(&["MAX_PREPARED_STATEMENTS", "PGBOUNCER_MAX_PREPARED_STATEMENTS"], "max_prepared_statements");
        let prepared = prepared.and_then(|(value, place)| Some((value.trim().parse().ok()?, place)));
        Some(Pooler { service, version, image: place, mode, prepared })
    }

    /// The value that a service is given for a variable, and where that stands.
    fn pooler_setting(&self, service: &Service, name: &str) -> Option<(String, Place)> {
        if let Some(variable) = service.variable(name) {
            let text = variable.value.as_ref()?;
            return Some((text.value()?.to_owned(), text.place()));
        }
        service.env_files.iter().rev().find_map(|file| {
            let file = self.tree.resolve(file.path.as_deref()?)?;
            let env = self.env.of(file)?;
            let text = env.entry(name)?.value.as_ref()?;
            Some((text.value()?.to_owned(), text.place()))
        })
    }

    /// What tells a service to connect to `pooler`.
    fn connects_through(&self, client: &Service, pooler: &Service) -> Option<Place> {
        let names = [Some(pooler.name.as_str()), pooler.container_name().and_then(Text::value)];
        let is_it = |name: &str, value: &str| {
            names.into_iter().flatten().any(|host| {
                let is_host_variable = name.ends_with("HOST") || name.ends_with("SERVER") || name.ends_with("HOSTNAME");
                (is_host_variable && value == host)
                    || crate::outside_network::names_host(value, host)
                    || value.contains(&format!("@{host}/"))
            })
        };
        let own = client.environment.iter().find_map(|variable| {
            let text = variable.value.as_ref()?;
            is_it(&variable.name, text.shown()).then(|| text.place())
        });
        own.or_else(|| {
            let files = client.env_files.iter().filter_map(|file| self.tree.resolve(file.path.as_deref()?));
            let mut entries =
                files.flat_map(|file| self.env.iter().filter(move |env| env.file == file)).flat_map(|env| &env.entries);
            entries.find_map(|entry| {
                let text = entry.value.as_ref()?;
                is_it(&entry.name, text.shown()).then(|| text.place())
            })
        })
    }

    fn by_asyncpg<'r>(
        &'r self,
        service: &'r Service,
        pooler: &Pooler<'r>,
        setting: Place,
    ) -> Option<PooledAsyncpg<'r>> {
        let application = service.application(self)?;
        let mut modules = application.reached.to_vec();
        modules.extend(application.modules.iter().filter(|file| !application.reaches(**file)));
        for file in modules.into_iter().filter(|file| self.tree.path(*file).ends_with(".py")) {
            let asyncpg = self.python_package(file, "asyncpg");
            if asyncpg.is_none() {
                continue;
            }
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            let Some((call, by_sqlalchemy)) = call_in(text) else { continue };
            return Some(PooledAsyncpg {
                service,
                pooler: pooler.clone(),
                setting,
                call: Place::new(file, call),
                by_sqlalchemy,
                statements: Statements::of(text, call),
                asyncpg,
                sqlalchemy: self.python_package(file, "sqlalchemy"),
            });
        }
        None
    }
}

/// The first three numbers of a tag: `v1.23.1-p2`, `1.22.1-debian-12`.
fn version_of(tag: &str) -> Option<Version> {
    let numbers = tag.trim_start_matches('v').split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut parts = numbers.split('.').map(str::parse::<u32>);
    // A major version alone moves on.
    let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
    Some([major, minor, parts.next().and_then(Result::ok).unwrap_or_default()])
}

/// `key = value` of a `pgbouncer.ini`; also among the settings of a database.
fn ini_setting(repo: &Repo, file: FileId, key: &str) -> Option<(String, Place)> {
    let source = repo.tree.source(file).ok()?;
    let mut found = None;
    for line in 0..source.line_count() {
        let text = source.line(line);
        if text.trim_start().starts_with([';', '#']) {
            continue;
        }
        let Some(at) = text.find(key).filter(|at| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        else {
            continue;
        };
        let Some(value) = text[at + key.len()..].trim_start().strip_prefix('=') else { continue };
        let value = value.split_whitespace().next().unwrap_or_default();
        let start = source.line_span(line).start + at as u32;
        let span = Span { start, end: source.line_span(line).end };
        found = Some((value.to_owned(), Place::new(file, span)));
    }
    found
}

/// Where a module connects, and whether through SQLAlchemy. Comments are passed over.
fn call_in(text: &str) -> Option<(Span, bool)> {
    let called = |name: &str| {
        text.match_indices(name).map(|(at, _)| at).find(|at| {
            let line = text[..*at].rfind('\n').map_or(0, |end| end + 1);
            let before = &text[line..*at];
            let after = text[at + name.len()..].starts_with('(');
            after
                && !before.contains('#')
                && !before.trim_start().starts_with("def ")
                && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    };
    let span = |at: usize, name: &str| Span::new(at, at + name.len());
    if let Some(at) = called("create_async_engine") {
        // Another driver needs no asyncpg.
        let other = ["+psycopg", "+aiosqlite", "+aiomysql", "+asyncmy"].iter().any(|driver| text.contains(driver));
        return (!other || text.contains("asyncpg")).then(|| (span(at, "create_async_engine"), true));
    }
    ["asyncpg.create_pool", "asyncpg.connect"].iter().find_map(|name| Some((span(called(name)?, name), false)))
}

impl Statements {
    /// What the module around the call says.
    fn of(text: &str, call: Span) -> Self {
        let zero = |name: &str| -> Option<bool> {
            let mut found = Some(false);
            for (at, _) in text.match_indices(name) {
                if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    continue;
                }
                let rest = text[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
                let value = rest.strip_prefix([':', '=']).map(str::trim_start);
                found = match value {
                    Some(value) if value.starts_with('0') => Some(true),
                    Some(_) => None,
                    None => found,
                };
            }
            found
        };
        let region = arguments(text, call.end as usize);
        let handed = region.contains("**")
            || region.split("connect_args").nth(1).is_some_and(|rest| {
                let value = rest.trim_start().trim_start_matches('=').trim_start();
                !value.starts_with(['{', 'd'])
            });
        let is_known = text.contains("statement_cache_size") || text.contains("prepared_statement_name_func");
        Self {
            no_cache: zero("statement_cache_size"),
            no_prepared_cache: zero("prepared_statement_cache_size"),
            has_names: text.contains("prepared_statement_name_func"),
            prepares: text.contains(".prepare("),
            is_open: handed && !is_known,
        }
    }
}

/// What stands between the parentheses at `at`, at most so much of it.
fn arguments(text: &str, at: usize) -> &str {
    const MOST: usize = 4000;
    let rest = text.get(at..).unwrap_or_default();
    let mut depth = 0;
    for (index, c) in rest.char_indices().take(MOST) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &rest[..index];
        }
    }
    ""
}
