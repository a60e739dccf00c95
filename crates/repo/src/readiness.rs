//! Who waits for whom at start, and for what.

use crate::compose::{Condition, Dependency, TestForm};
use crate::image::Role;
use crate::{BuildContext, Edit, FileId, Place, Project, Repo, Service, Span, Tree};

/// A service that starts before what it needs is ready.
#[derive(Debug)]
pub struct EarlyStart<'r> {
    /// The service.
    pub service: &'r Service,
    /// What it is started right after: the store, and where it is named.
    pub stores: Vec<Store<'r>>,
    /// What it does with the store before it serves, and where that stands; `None`: nothing tells.
    pub first_use: Option<(FirstUse, Place)>,
}

/// What keeps data or messages for a service.
#[derive(Clone, Copy, Debug)]
pub struct Store<'r> {
    /// It.
    pub service: &'r Service,
    /// Where the other service names it.
    pub dependency: &'r Dependency,
    /// What it is.
    pub role: Role,
    /// The check that comes with its image.
    check: Option<&'r str>,
}

/// What a service does with a store before it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstUse {
    /// It migrates its schema.
    Migrates,
    /// Its code connects while it starts.
    Connects,
}

/// Words of a start script that tell of waiting.
const WAITS: &[&str] = &[
    "wait-for",
    "wait_for",
    "waitfor",
    "wait4",
    "dockerize",
    "pg_isready",
    "nc -z",
    "nc -w",
    "/dev/tcp/",
    "mysqladmin",
    "until ",
    "while !",
    "while true",
    "check_db",
    "db_ready",
    "retry",
    "retries",
    "sleep",
];

/// Words of a start script that migrate a database.
const MIGRATES: &[&str] = &[
    "alembic upgrade",
    "manage.py migrate",
    "flask db upgrade",
    "prisma migrate deploy",
    "prisma db push",
    "typeorm migration:run",
    "knex migrate",
    "sequelize db:migrate",
    "sequelize-cli db:migrate",
    "drizzle-kit migrate",
    "drizzle-kit push",
    "db:migrate",
    "rake db:",
    "rails db:",
    "artisan migrate",
    "doctrine:migrations:migrate",
    "ecto.migrate",
    "flyway migrate",
    "diesel migration run",
    "sqlx migrate run",
    "goose up",
];

/// What in code connects while a program starts, and fails if nobody answers.
const CONNECTS: &[(&str, &str)] = &[
    (".py", "metadata.create_all("),
    (".py", "= psycopg2.connect("),
    (".py", "mysql.connector.connect("),
    (".py", "await asyncpg.create_pool("),
    (".py", "await asyncpg.connect("),
    (".js", "sequelize.sync("),
    (".js", "sequelize.authenticate("),
    (".ts", "sequelize.sync("),
    (".ts", "sequelize.authenticate("),
    (".ts", "DataSource.initialize("),
    (".rs", "PgPool::connect("),
    (".rs", "tokio_postgres::connect("),
    (".rs", "sqlx::migrate!("),
    (".rs", "run_pending_migrations("),
    (".go", "gorm.Open("),
    (".go", ".Ping("),
    (".go", ".PingContext("),
    ("pom.xml", "spring-boot-starter-data-jpa"),
    ("build.gradle", "spring-boot-starter-data-jpa"),
    ("build.gradle.kts", "spring-boot-starter-data-jpa"),
];

/// Words in code that tell of trying again.
const RETRIES: &[&str] = &[
    "retry",
    "retries",
    "Retry",
    "backoff",
    "attempt",
    "time.sleep",
    "time.Sleep",
    "tenacity",
    "setTimeout",
    "pre_start",
];

/// How many source files of a build are read.
const MAX_SOURCES: usize = 1_500;

impl Repo {
    /// The services of a project that are started right after a store and do not wait until it answers, nor try again.
    pub fn early_starts<'r>(&'r self, project: &'r Project) -> Vec<EarlyStart<'r>> {
        let mut found = Vec::new();
        for service in &project.services {
            let is_early = |wait: &&'r Dependency| wait.condition == Condition::Started && wait.required;
            if !service.depends_on.iter().any(|wait| is_early(&wait)) {
                continue;
            }
            // A store needs no other one before it serves; what watches or fronts others asks them later.
            let own = service.base_image(self).map(|(image, _)| self.facts(&image));
            let own_role = own.as_ref().and_then(|facts| facts.role());
            if own_role
                .is_some_and(|role| is_store(role) || matches!(role, Role::Proxy | Role::Monitoring | Role::Tool))
            {
                continue;
            }
            let store = |dependency: &'r Dependency| {
                let other = project.service(&dependency.name)?;
                let (image, _) = other.base_image(self)?;
                let facts = self.facts(&image);
                let role = facts.role().filter(|role| is_store(*role))?;
                let is_patient = own.as_ref().is_some_and(|own| own.retries(role));
                (!is_patient).then(|| Store { service: other, dependency, role, check: facts.native_check() })
            };
            let early = service.depends_on.iter().filter(is_early);
            // A cache answers within milliseconds; what one has to wait for comes first.
            let mut stores: Vec<_> = early.filter_map(store).collect();
            stores.sort_by_key(|store| store.role == Role::Cache);
            if stores.is_empty() {
                continue;
            }
            let Some(first_use) = self.first_use(service) else { continue };
            // Of what is brought back, and of caches, only a use that is seen matters.
            if first_use.is_none()
                && (service.comes_back().is_some() || stores.iter().all(|store| store.role == Role::Cache))
            {
                continue;
            }
            found.push(EarlyStart { service, stores, first_use });
        }
        found
    }

    /// What a service does with its store before it serves; `None` when it waits or tries again, `Some(None)` when
    /// nothing tells.
    fn first_use(&self, service: &Service) -> Option<Option<(FirstUse, Place)>> {
        let build = service.build_context(self);
        let mut used = None;
        let container = crate::health::Container::of(service, build.clone(), self);
        for word in &container.starts {
            let text = word.text();
            if WAITS.iter().any(|wait| text.contains(wait)) {
                return None;
            }
            used = used.or_else(|| find(text, MIGRATES).map(|span| (FirstUse::Migrates, word.place(span))));
        }
        let Some(build) = build else { return Some(used) };
        let starts = container.line();
        for file in self.start_scripts(&build, &starts) {
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            if WAITS.iter().any(|wait| text.contains(wait)) {
                return None;
            }
            used = used.or_else(|| find(text, MIGRATES).map(|span| (FirstUse::Migrates, Place::new(file, span))));
        }
        // What is brought back may connect in vain.
        if service.comes_back().is_some() {
            return Some(used);
        }
        match self.connects(service, &build) {
            Connects::AndRetries => None,
            Connects::Once(place) => Some(used.or(Some((FirstUse::Connects, place)))),
            Connects::Unknown => Some(used),
        }
    }

    /// The scripts of a build's directory that a container starts with, and those that they call.
    fn start_scripts(&self, build: &BuildContext<'_>, starts: &str) -> Vec<FileId> {
        let all = self.answered.start_scripts.get(build.dir.clone(), || {
            let may_start = |file: &FileId| {
                let name = Tree::name(self.tree.path(*file));
                name.ends_with(".sh") || name.contains("entrypoint") || name == "prestart" || name == "start"
            };
            self.tree.below(&build.dir).filter(may_start).take(200).collect()
        });
        let named = |text: &str, file: &FileId| {
            let name = Tree::name(self.tree.path(*file)).to_lowercase();
            text.split(|c: char| c.is_whitespace() || "/\"'".contains(c)).any(|word| word == name)
        };
        let mut found: Vec<_> = all.iter().copied().filter(|file| named(starts, file)).collect();
        let mut next = 0;
        while let Some(file) = found.get(next).copied() {
            next += 1;
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text().to_lowercase();
            found.extend(all.iter().copied().filter(|other| named(&text, other)).collect::<Vec<_>>());
            let mut seen = rustc_hash::FxHashSet::default();
            found.retain(|file| seen.insert(*file));
        }
        found
    }

    /// Whether the code that a service runs connects while it starts.
    fn connects(&self, service: &Service, build: &BuildContext<'_>) -> Connects {
        let mut found = Connects::Unknown;
        let modules = service.application(self).map(|application| &application.modules[..]).unwrap_or_default();
        // Of other languages nothing is followed: their files in the build's directory.
        let others = self.answered.foreign_sources.get(build.dir.clone(), || {
            let is_foreign = |file: &FileId| {
                let path = self.tree.path(*file);
                let is_test = || {
                    crate::production::words(path).any(|word| matches!(word, "test" | "tests" | "vendor" | "examples"))
                };
                [".go", "pom.xml", "build.gradle", "build.gradle.kts"].iter().any(|end| path.ends_with(end))
                    && !is_test()
            };
            self.tree.below(&build.dir).filter(is_foreign).take(MAX_SOURCES).collect()
        });
        for file in modules.iter().chain(others.iter()).copied().take(MAX_SOURCES) {
            let path = self.tree.path(file);
            let mut needles =
                CONNECTS.iter().filter(|(end, _)| path.ends_with(end)).map(|(_, needle)| *needle).peekable();
            if needles.peek().is_none() {
                continue;
            }
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            let Some((at, needle)) = needles.find_map(|needle| Some((text.find(needle)?, needle))) else { continue };
            if RETRIES.iter().any(|word| text.contains(word)) {
                return Connects::AndRetries;
            }
            if matches!(found, Connects::Unknown) {
                found = Connects::Once(Place::new(file, Span::new(at, at + needle.len())));
            }
        }
        found
    }
}

enum Connects {
    Unknown,
    AndRetries,
    Once(Place),
}

impl EarlyStart<'_> {
    /// Edits that make the service wait until its stores answer: conditions, and health checks where stores have none.
    /// None where a store has no check and none is known for it.
    pub fn edits(&self, repo: &Repo) -> Vec<Edit> {
        self.try_edits(repo).unwrap_or_default()
    }

    fn try_edits(&self, repo: &Repo) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        for store in &self.stores {
            let other = store.service;
            let has_check = other.healthcheck.as_ref().and_then(|check| check.test.as_ref());
            match has_check.map(|test| &test.form) {
                Some(TestForm::None) => return None,
                Some(_) => {}
                None if other.healthcheck.is_some() => return None,
                None => {
                    let test = store.check?.replace('\\', "\\\\").replace('"', "\\\"");
                    edits.push(other.insert(
                        &format!("healthcheck:\n  test: [\"CMD-SHELL\", \"{test}\"]\n  interval: 5s\n  retries: 12\n  start_period: 30s"),
                        repo,
                    )?);
                }
            }
        }
        edits.extend(self.conditions(repo)?);
        Some(edits)
    }

    /// The list of `depends_on` with conditions.
    fn conditions(&self, repo: &Repo) -> Option<Vec<Edit>> {
        let waits = |name: &str| self.stores.iter().any(|store| store.dependency.name == name);
        let mut edits = Vec::new();
        if let Some(long) = self.service.depends_on.iter().find(|dependency| dependency.long) {
            for Store { dependency, .. } in &self.stores {
                let condition = self.service.text(&["depends_on", &dependency.name, "condition"])?;
                (condition.place().file == long.place.file && condition.is_literal()).then_some(())?;
                edits.push(Edit { place: condition.place(), text: "service_healthy".to_owned() });
            }
            return Some(edits);
        }
        for dependency in &self.service.depends_on {
            let source = repo.tree.source(dependency.place.file).ok()?;
            let line = source.line_span(source.line_of(dependency.place.start));
            let text = line.of(source.text());
            let indent = text.len() - text.trim_start().len();
            let condition = if waits(&dependency.name) { "service_healthy" } else { "service_started" };
            let item = text.trim();
            let written = dependency.place.span().of(source.text());
            if item.strip_prefix('-')?.trim_start() != written {
                return None;
            }
            let span = Span { start: line.start + indent as u32, end: dependency.place.end };
            let place = Place::new(dependency.place.file, span);
            let pad = " ".repeat(indent);
            edits.push(Edit { place, text: format!("{}:\n{pad}  condition: {condition}", dependency.name) });
        }
        Some(edits)
    }
}

fn is_store(role: Role) -> bool {
    matches!(role, Role::Database | Role::Broker | Role::Search | Role::Cache)
}

/// Where the first of some words stands.
fn find(text: &str, words: &[&str]) -> Option<Span> {
    words.iter().find_map(|word| text.find(word).map(|at| Span::new(at, at + word.len())))
}
