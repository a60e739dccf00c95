//! Who waits for whom at start, and for what.

use crate::compose::{Condition, Dependency, TestForm};
use crate::{BuildContext, Edit, Image, Place, Project, Repo, Service, Span, Tree};

/// What keeps data or messages for other services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// PostgreSQL and what is built on it.
    Postgres,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// MongoDB.
    Mongo,
    /// Redis, Valkey and their kin.
    Redis,
    /// RabbitMQ.
    Rabbitmq,
    /// Anything else that is known to be one.
    Other,
}

/// A service that starts before what it needs is ready.
#[derive(Debug)]
pub struct EarlyStart<'r> {
    /// The service.
    pub service: &'r Service,
    /// What it is started right after: the store, and where it is named.
    pub stores: Vec<(&'r Service, Store, &'r Dependency)>,
    /// What it does with the store before it serves, and where that stands; `None`: nothing tells.
    pub first_use: Option<(FirstUse, Place)>,
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
    (".js", "sequelize.sync("),
    (".js", "sequelize.authenticate("),
    (".ts", "sequelize.sync("),
    (".ts", "sequelize.authenticate("),
    (".ts", "DataSource.initialize("),
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
            let stores: Vec<_> = service
                .depends_on
                .iter()
                .filter(|dependency| dependency.condition == Condition::Started && dependency.required)
                .filter_map(|dependency| {
                    let other = project.service(&dependency.name)?;
                    let (image, _) = other.base_image(self)?;
                    Some((other, store_of(&image)?, dependency))
                })
                .collect();
            // A store needs no other one before it serves; what shows databases connects when it is asked.
            let own = service.base_image(self).map(|(image, _)| image);
            let is_patient = own.is_some_and(|image| store_of(&image).is_some() || is_patient(&image));
            if stores.is_empty() || is_patient {
                continue;
            }
            let Some(first_use) = self.first_use(service) else { continue };
            found.push(EarlyStart { service, stores, first_use });
        }
        found
    }

    /// What a service does with its store before it serves; `None` when it waits or tries again, `Some(None)` when
    /// nothing tells.
    fn first_use(&self, service: &Service) -> Option<Option<(FirstUse, Place)>> {
        let build = service.build_context(self);
        let mut used = None;
        let container = crate::health::Container::of(service, build.as_ref(), self);
        for word in &container.starts {
            let text = word.text();
            if WAITS.iter().any(|wait| text.contains(wait)) {
                return None;
            }
            used = used.or_else(|| find(text, MIGRATES).map(|span| (FirstUse::Migrates, word.place(span))));
        }
        let Some(build) = build else { return Some(used) };
        let starts = service.starts(self);
        for file in self.start_scripts(&build, &starts) {
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            if WAITS.iter().any(|wait| text.contains(wait)) {
                return None;
            }
            used = used.or_else(|| find(text, MIGRATES).map(|span| (FirstUse::Migrates, Place::new(file, span))));
        }
        match self.connects(&build) {
            Connects::AndRetries => None,
            Connects::Once(place) => Some(used.or(Some((FirstUse::Connects, place)))),
            Connects::Unknown => Some(used),
        }
    }

    /// The scripts of a build's directory that a container starts with, and those that they call.
    fn start_scripts(&self, build: &BuildContext<'_>, starts: &str) -> Vec<crate::FileId> {
        let all: Vec<_> = self
            .tree
            .below(&build.dir)
            .filter(|file| {
                let name = Tree::name(self.tree.path(*file));
                name.ends_with(".sh") || name.contains("entrypoint") || name == "prestart" || name == "start"
            })
            .take(200)
            .collect();
        let named = |text: &str, file: &crate::FileId| {
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

    fn connects(&self, build: &BuildContext<'_>) -> Connects {
        let mut found = Connects::Unknown;
        let mut read = 0;
        for file in self.tree.below(&build.dir) {
            let path = self.tree.path(file);
            let is_other = crate::production::words(path).any(|word| {
                matches!(
                    word,
                    "test"
                        | "tests"
                        | "spec"
                        | "e2e"
                        | "fixtures"
                        | "examples"
                        | "docs"
                        | "dist"
                        | "vendor"
                        | "migrations"
                        | "versions"
                        | "scripts"
                )
            });
            let mut needles =
                CONNECTS.iter().filter(|(end, _)| path.ends_with(end)).map(|(_, needle)| *needle).peekable();
            if is_other || needles.peek().is_none() || build.inside(path).is_none_or(|inside| build.ignores(inside)) {
                continue;
            }
            read += 1;
            if read > MAX_SOURCES {
                return Connects::Unknown;
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
        for (other, store, _) in &self.stores {
            let has_check = other.healthcheck.as_ref().and_then(|check| check.test.as_ref());
            match has_check.map(|test| &test.form) {
                Some(TestForm::None) => return None,
                Some(_) => {}
                None if other.healthcheck.is_some() => return None,
                None => {
                    let test = store.check()?;
                    edits.push(other.insert(
                        &format!("healthcheck:\n  test: {test}\n  interval: 5s\n  retries: 12\n  start_period: 30s"),
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
        let waits = |name: &str| self.stores.iter().any(|(_, _, dependency)| dependency.name == name);
        let mut edits = Vec::new();
        if let Some(long) = self.service.depends_on.iter().find(|dependency| dependency.long) {
            for (_, _, dependency) in &self.stores {
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

impl Store {
    /// A health check that is true when the store answers where clients ask it, over the network: while the images of
    /// the databases initialise, they run a server that listens on its socket only.
    fn check(self) -> Option<&'static str> {
        Some(match self {
            Self::Postgres => r#"["CMD-SHELL", "pg_isready -h 127.0.0.1 -U \"$${POSTGRES_USER:-postgres}\""]"#,
            Self::Mysql => r#"["CMD", "mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]"#,
            Self::Mariadb => r#"["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]"#,
            Self::Mongo => r#"["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"]"#,
            Self::Redis => r#"["CMD", "redis-cli", "ping"]"#,
            Self::Rabbitmq => r#"["CMD", "rabbitmq-diagnostics", "-q", "ping"]"#,
            Self::Other => return None,
        })
    }
}

/// What kind of store an image is.
pub fn store_of(image: &Image) -> Option<Store> {
    let name = image.name.rsplit('/').next().unwrap_or_default();
    Some(match name {
        "postgres" | "postgresql" | "pgvector" | "postgis" | "timescaledb" | "timescaledb-ha" | "pgvecto-rs" => {
            Store::Postgres
        }
        "mysql" | "mysql-server" | "percona" => Store::Mysql,
        "mariadb" => Store::Mariadb,
        "mongo" | "mongodb" | "mongodb-community-server" => Store::Mongo,
        "redis" | "valkey" | "keydb" | "dragonfly" | "redis-stack" | "redis-stack-server" => Store::Redis,
        "rabbitmq" => Store::Rabbitmq,
        "elasticsearch" | "opensearch" | "clickhouse" | "clickhouse-server" | "cassandra" | "scylla" | "neo4j"
        | "influxdb" | "cockroach" | "kafka" | "cp-kafka" | "redpanda" | "zookeeper" | "cp-zookeeper" | "etcd"
        | "minio" | "meilisearch" | "typesense" | "qdrant" | "weaviate" | "milvus" | "couchdb" => Store::Other,
        _ => return None,
    })
}

/// Whether an image is known to connect only when somebody asks, or to try again by itself.
fn is_patient(image: &Image) -> bool {
    const PATIENT: &[&str] = &[
        "adminer",
        "pgadmin4",
        "phpmyadmin",
        "mongo-express",
        "redis-commander",
        "redisinsight",
        "kibana",
        "logstash",
        "opensearch-dashboards",
        "paperless-ngx",
        "nginx",
        "traefik",
        "caddy",
        "grafana",
        "prometheus",
    ];
    PATIENT.contains(&image.name.rsplit('/').next().unwrap_or_default())
}

/// Where the first of some words stands.
fn find(text: &str, words: &[&str]) -> Option<Span> {
    words.iter().find_map(|word| text.find(word).map(|at| Span::new(at, at + word.len())))
}
