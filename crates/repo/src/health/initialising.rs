//! Health checks that are true while the image still initialises its database.

use super::{HealthCheck, Program};
use crate::compose::Condition;
use crate::{Edit, Place, Project, Repo, Service};
use twiceshy_source::Span;

/// A health check that asks a database over its socket, where the server that initialises it answers too.
#[derive(Debug)]
pub struct EarlyReady<'r> {
    /// The database.
    pub service: &'r Service,
    /// The program that asks.
    pub place: Place,
    /// Its name.
    pub program: String,
    /// What it should ask: an edit.
    pub edit: Option<Edit>,
    /// Where scripts are mounted that run while it initialises.
    pub scripts: Option<Place>,
    /// Who waits for its health, and where.
    pub waiting: Vec<(&'r Service, Place)>,
}

impl Repo {
    /// The health checks of PostgreSQL, MySQL and MariaDB that are true while the image still initialises: its entrypoint
    /// runs a server that listens on the socket only (docker-library/postgres, `docker_temp_server_start` with
    /// `listen_addresses=''`; mysql and mariadb with `--skip-networking`).
    pub fn early_ready(&self) -> Vec<EarlyReady<'_>> {
        let mut found = Vec::new();
        for check in self.health_checks() {
            let Some((project, service)) = check.service else { continue };
            let Some(kind) = kind(&check) else { continue };
            // A server beside the question that is asked over the network, too.
            let asks: Vec<&Program> = check.programs.iter().filter(|program| kind.asks(&program.name)).collect();
            let [program] = asks.as_slice() else { continue };
            let Some(host) = kind.host(program) else { continue };
            let told = ["PGHOST", "MYSQL_HOST"].iter().any(|name| service.variable(name).is_some());
            if told {
                continue;
            }
            found.push(EarlyReady {
                service,
                place: program.words.first().map_or(check.place, |word| word.place(Span::new(0, word.text().len()))),
                program: program.name.clone(),
                edit: edit(&check, program, host, self),
                scripts: self.init_scripts(service, &check),
                waiting: waiting(project, service),
            });
        }
        found
    }

    /// Where something is put below `/docker-entrypoint-initdb.d`.
    fn init_scripts(&self, service: &Service, check: &HealthCheck<'_>) -> Option<Place> {
        const DIRECTORY: &str = "/docker-entrypoint-initdb.d";
        let is_there = |target: &str| target.starts_with(DIRECTORY);
        let mount = service.mounts.iter().find(|mount| mount.target.as_deref().is_some_and(is_there));
        mount.map(|mount| mount.place).or_else(|| {
            let build = check.container.build.as_ref()?;
            let copies = build.dockerfile.steps_of(check.container.stage?).find(|step| match &step.kind {
                crate::dockerfile::StepKind::Copy(copy) => {
                    copy.dest.as_ref().is_some_and(|dest| is_there(dest.known()))
                }
                _ => false,
            });
            copies.map(|step| step.place)
        })
    }
}

/// A family of databases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mysql,
}

/// Where a program asks.
enum Host {
    /// Nothing is said: the socket.
    Unsaid,
    /// `localhost`, which means the socket to MySQL's clients.
    Named(Place),
}

/// The images whose entrypoint initialises with a server of its own.
fn kind(check: &HealthCheck<'_>) -> Option<Kind> {
    let (image, _) = check.container.image.as_ref()?;
    match &*image.name {
        "postgres" | "postgis/postgis" | "pgvector/pgvector" | "timescale/timescaledb" => Some(Kind::Postgres),
        "mysql" | "mariadb" => Some(Kind::Mysql),
        _ => None,
    }
}

impl Kind {
    fn asks(self, program: &str) -> bool {
        match self {
            Self::Postgres => matches!(program, "pg_isready" | "psql"),
            Self::Mysql => matches!(program, "mysqladmin" | "mariadb-admin" | "mysql" | "mariadb"),
        }
    }

    /// Where a program asks, if that is the socket; `None` for the network, and where it is not known.
    fn host(self, program: &Program) -> Option<Host> {
        let mut words = program.words.iter().skip(1);
        while let Some(word) = words.next() {
            let text = word.text();
            let unquoted = text.trim_matches(['"', '\'']);
            if unquoted.contains("://")
                || unquoted.contains("host=") && !text.starts_with("--")
                || text.starts_with("--protocol")
            {
                return None;
            }
            let value = match text {
                "-h" | "--host" => words.next(),
                _ => text
                    .strip_prefix("--host=")
                    .or_else(|| text.strip_prefix("-h").filter(|_| !text.starts_with("--")))
                    .map(|_| word),
            };
            let Some(value) = value else { continue };
            let host = value.text().trim_start_matches("--host=").trim_start_matches("-h");
            let start = value.text().len() - host.len();
            return match self {
                Self::Postgres if host.starts_with('/') => Some(Host::Unsaid),
                Self::Mysql if host == "localhost" => {
                    Some(Host::Named(value.place(Span::new(start, value.text().len()))))
                }
                _ => None,
            };
        }
        Some(Host::Unsaid)
    }
}

fn edit(check: &HealthCheck<'_>, program: &Program, host: Host, repo: &Repo) -> Option<Edit> {
    match host {
        Host::Named(place) => {
            (place.range().len() == "localhost".len()).then(|| Edit { place, text: "127.0.0.1".to_owned() })
        }
        Host::Unsaid => {
            // A query wants a password over the network; whether somebody listens can be asked without one.
            matches!(&*program.name, "pg_isready" | "mysqladmin" | "mariadb-admin").then_some(())?;
            program
                .words
                .iter()
                .all(|word| !word.text().starts_with("-h") && !word.text().starts_with("--host"))
                .then_some(())?;
            check.word_after(program, &["-h", "127.0.0.1"], repo)
        }
    }
}

fn waiting<'r>(project: &'r Project, database: &Service) -> Vec<(&'r Service, Place)> {
    let mut found = Vec::new();
    for service in &project.services {
        let waits =
            service.depends_on.iter().filter(|wait| wait.name == database.name && wait.condition == Condition::Healthy);
        found.extend(waits.map(|wait| (service, wait.place)));
    }
    found
}
