//! Whom a service calls: the hosts and ports in what it is given.

use super::endpoint::{Endpoint, EndpointPort, endpoints, is_host, number, urls};
use crate::compose::Text;
use crate::image::{Image, Role};
use crate::{Place, Project, Repo, Service};
use std::cell::OnceCell;
use std::sync::Arc;
use twiceshy_source::{Edit, Extract, Span};

/// A host, and perhaps a port, that a service is told to call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The host.
    pub host: String,
    /// Where it stands.
    pub host_place: Place,
    /// The port, if it is known.
    pub port: Option<u16>,
    /// Where the port stands; `None` where it is the scheme's.
    pub port_place: Option<Place>,
    /// The scheme of a URL.
    pub scheme: Option<String>,
    /// What tells it.
    pub by: Told,
    /// Whether the service is a store of a known image, and the variable none of those that such an image reads.
    pub is_foreign: bool,
    host_text: Option<(Extract, Span)>,
    port_text: Option<(Extract, Span)>,
}

/// What tells a service whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A variable of its environment.
    Variable(String),
    /// Two variables of its environment: the host's and the port's.
    Pair(String, String),
    /// A word of its command or entrypoint.
    Command(&'static str),
    /// A file that configures it: "nginx".
    Config(&'static str),
}

impl Call {
    /// Writes `host` instead of the host; `None` where that cannot be written.
    pub fn rename(&self, host: &str) -> Option<Edit> {
        let (text, span) = self.host_text.as_ref()?;
        text.edit(*span, host)
    }

    /// Writes `port` instead of the port, or adds it; `None` where that cannot be written.
    pub fn renumber(&self, port: u16) -> Option<Edit> {
        match (&self.port_text, &self.host_text) {
            (Some((text, span)), _) => text.edit(*span, &port.to_string()),
            (None, Some((text, span))) if self.scheme.is_some() => {
                let end = Span { start: span.end, end: span.end };
                text.edit(end, &format!(":{port}"))
            }
            _ => None,
        }
    }

    /// A call that stands in a text, its host at `span`.
    pub(super) fn written(text: Extract, span: Span, port: EndpointPort, scheme: Option<String>, by: Told) -> Self {
        let port_span = match port {
            EndpointPort::Written(_, span) => Some(span),
            _ => None,
        };
        Self {
            host: span.of(text.text()).to_owned(),
            host_place: text.place(span),
            port: port.number(),
            port_place: port_span.map(|span| text.place(span)),
            scheme,
            by,
            is_foreign: false,
            port_text: port_span.map(|span| (text.clone(), span)),
            host_text: Some((text, span)),
        }
    }

    /// Where host and port stand.
    pub fn place(&self) -> Place {
        match self.port_place {
            Some(port) if matches!(self.by, Told::Pair(..)) => port,
            Some(port) => self.host_place.to(port),
            None => self.host_place,
        }
    }
}

/// A variable that a service is given: its name, its value, where its name stands.
struct Given<'r> {
    name: &'r str,
    value: &'r Text,
    /// It comes from an env file, which may hold what Compose alone needs.
    is_from_file: bool,
}

/// Names of variables that hold names of others for comparison, not to call them.
const NOT_CALLED: &[&str] = &[
    "ORIGIN",
    "ORIGINS",
    "CORS",
    "ALLOWED",
    "TRUSTED",
    "CSRF",
    "REFERER",
    "REFERRER",
    "WHITELIST",
    "ALLOWLIST",
    "NO",
    "REDIRECT",
    "CALLBACK",
    "ISSUER",
    "AUDIENCE",
    "REALM",
    "ADVERTISED",
    "LISTENERS",
    "LISTEN",
    "BIND",
    "PUBLIC",
    "EXTERNAL",
    "EXAMPLE",
    "IMAGE",
    "DOMAIN",
    "DOMAINS",
    "VIRTUAL",
    "NAMESPACE",
];

/// Words of variables whose value is the host of a server.
const SERVERS: &[&str] = &[
    "DB",
    "DATABASE",
    "POSTGRES",
    "POSTGRESQL",
    "PG",
    "PGHOST",
    "MYSQL",
    "MARIADB",
    "SQL",
    "REDIS",
    "VALKEY",
    "MONGO",
    "MONGODB",
    "RABBITMQ",
    "RABBIT",
    "AMQP",
    "KAFKA",
    "ELASTIC",
    "ELASTICSEARCH",
    "ES",
    "OPENSEARCH",
    "CLICKHOUSE",
    "MEMCACHED",
    "MINIO",
    "CACHE",
    "BROKER",
    "QUEUE",
    "NATS",
    "QDRANT",
    "MILVUS",
    "VESPA",
    "TYPESENSE",
    "MEILI",
    "MEILISEARCH",
    "API",
    "BACKEND",
    "INFLUX",
    "INFLUXDB",
    "NEO4J",
    "CASSANDRA",
    "ZOOKEEPER",
    "TIKA",
    "GOTENBERG",
    "OTEL",
    "JAEGER",
    "STATSD",
    "OLLAMA",
    "CHROMA",
    "WEAVIATE",
    "MQTT",
    "LDAP",
    "TEMPORAL",
    "SOLR",
    "ETCD",
    "CONSUL",
    "UPSTREAM",
    "SERVER",
    "SERVICE",
    "WORKER",
];

impl Repo {
    /// Whom a service is told to call: by its environment, its env files, its command and its health check.
    pub fn calls(&self, project: &Project, service: &Service) -> Vec<Call> {
        self.calls_of(project, service).to_vec()
    }

    /// The same, for who only looks at them.
    pub(crate) fn calls_of(&self, project: &Project, service: &Service) -> Arc<[Call]> {
        match self.position_in(project, service) {
            Some(at) => self.answered.calls.get(at, || self.find_calls(project, service).into()),
            None => self.find_calls(project, service).into(),
        }
    }

    fn find_calls(&self, project: &Project, service: &Service) -> Vec<Call> {
        let mut calls = Vec::new();
        let published = OnceCell::new();
        let is_published = |name: &str| {
            let published = published.get_or_init(|| {
                let ports = project.services.iter().flat_map(|service| service.value(&["ports"]));
                let mut names = Vec::new();
                for ports in ports {
                    ports.each_text(&mut |text| {
                        names.extend(text.variables().into_iter().map(|variable| variable.name))
                    });
                }
                names
            });
            published.iter().any(|own| own == name)
        };
        let given = self.given(service);
        let image = service.base_image(self).map(|(image, _)| image);
        let role = image.as_ref().and_then(|image| self.facts(image).role());
        // `MARIADB_HOST` of the database itself is nobody whom it calls.
        let is_database = role == Some(Role::Database);
        let store = image.filter(|_| service.build.is_none() && role.is_some_and(is_store));
        for variable in &given {
            if !is_called(variable.name) {
                continue;
            }
            let before = calls.len();
            let by = Told::Variable(variable.name.to_owned());
            let found = in_text(variable.value, by.clone(), &endpoints);
            if found.is_empty() && !is_database {
                calls.extend(host_alone(variable, &given, &is_published));
            }
            calls.extend(found);
            let is_foreign = store.as_ref().is_some_and(|image| !may_read(image, variable.name));
            calls[before..].iter_mut().for_each(|call| call.is_foreign = is_foreign);
        }
        let command = service.command.iter().map(|command| ("command", command));
        let entrypoint = service.entrypoint.iter().map(|command| ("entrypoint", command));
        for (key, command) in command.chain(entrypoint) {
            for word in command.words() {
                calls.extend(in_extract(word, &Told::Command(key), &urls));
            }
        }
        calls
    }

    /// The variables that a service is given, each once.
    fn given<'r>(&'r self, service: &'r Service) -> Vec<Given<'r>> {
        let mut given: Vec<Given<'r>> = Vec::new();
        for variable in &service.environment {
            if let Some(value) = &variable.value {
                given.push(Given { name: &variable.name, value, is_from_file: false });
            }
        }
        for file in service.env_files.iter().rev() {
            let env = file.path.as_deref().and_then(|path| self.tree.resolve(path));
            let Some(env) = env.and_then(|file| self.env.of(file)) else { continue };
            for entry in env.entries.iter().rev() {
                let is_own = service.environment.iter().any(|variable| variable.name == entry.name);
                let Some(value) = entry.value.as_ref().filter(|_| !is_own) else { continue };
                if !given.iter().any(|other| other.name == entry.name) {
                    given.push(Given { name: &entry.name, value, is_from_file: true });
                }
            }
        }
        given
    }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['_', '.', '-'])
}

/// Whether a server with that role is called, and calls nobody but its like.
fn is_store(role: Role) -> bool {
    matches!(role, Role::Database | Role::Cache | Role::Broker | Role::Search | Role::ObjectStore)
}

/// Whether a store may read the variable: it has the name of its image in it, tells of its like, or is a setting by its
/// own name (`discovery.seed_hosts`).
fn may_read(image: &Image, variable: &str) -> bool {
    const LIKE: &[&str] = &[
        "PG",
        "PGHOST",
        "MASTER",
        "PRIMARY",
        "LEADER",
        "REPLICA",
        "REPLICATION",
        "REPLICATE",
        "CLUSTER",
        "PEER",
        "PEERS",
        "SEED",
        "SEEDS",
        "JOIN",
        "ZOOKEEPER",
        "ZOO",
        "ETCD",
        "PROXY",
    ];
    let upper = variable.to_ascii_uppercase();
    if upper != variable || words(&upper).any(|word| LIKE.contains(&word)) {
        return true;
    }
    let first = words(&upper).next().unwrap_or_default();
    let name = image.name.to_ascii_uppercase();
    let mut parts = name.split(['/', '-', '_', '.']).filter(|part| part.len() > 2);
    first.len() > 1 && parts.any(|part| part.contains(first) || first.contains(part))
}

fn is_called(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !words(&upper).any(|word| NOT_CALLED.contains(&word))
}

/// The calls that `read` finds in a string.
fn in_text(text: &Text, by: Told, read: &dyn Fn(&str) -> Vec<Endpoint>) -> Vec<Call> {
    let mut calls = in_extract(&text.interpolated(), &by, read);
    if text.is_literal() {
        return calls;
    }
    // A default (`${API:-http://api:8080}`) can be pointed at, and edited, where it is written.
    let raw = text.raw();
    for call in &mut calls {
        let written = match call.port.filter(|_| call.port_place.is_some()) {
            Some(port) => format!("{}:{port}", call.host),
            None => call.host.clone(),
        };
        let mut at = raw.match_indices(&written).map(|(at, _)| at).filter(|at| stands_alone(raw, *at, written.len()));
        if let (Some(at), None) = (at.next(), at.next()) {
            let host = Span::new(at, at + call.host.len());
            call.host_place = text.place_of(host);
            call.host_text = Some((text.extract().clone(), host));
            if call.port_place.is_some() {
                let port = Span::new(at + call.host.len() + 1, at + written.len());
                call.port_place = Some(text.place_of(port));
                call.port_text = Some((text.extract().clone(), port));
            }
        } else {
            call.host_place = text.place();
            call.port_place = call.port_place.map(|_| text.place());
            call.host_text = None;
            call.port_text = None;
        }
    }
    calls
}

fn stands_alone(text: &str, at: usize, len: usize) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + len..).and_then(|after| after.chars().next());
    !before.is_some_and(is_name) && !after.is_some_and(is_name)
}

fn in_extract(text: &Extract, by: &Told, read: &dyn Fn(&str) -> Vec<Endpoint>) -> Vec<Call> {
    let call = |endpoint: Endpoint| {
        Call::written(text.clone(), endpoint.host_span, endpoint.port, endpoint.scheme, by.clone())
    };
    read(text.text()).into_iter().map(call).collect()
}

/// `DB_HOST=db`, with the port of `DB_PORT` if there is one.
fn host_alone(variable: &Given<'_>, given: &[Given<'_>], is_published: &dyn Fn(&str) -> bool) -> Option<Call> {
    let upper = variable.name.to_ascii_uppercase();
    const ENDS: &[&str] = &["HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS"];
    let end = ENDS.iter().find(|end| upper.ends_with(*end))?;
    let stem = upper.strip_suffix(end)?;
    // `REV_SERVER=true`, `RABBITMQ_VHOST=app`
    if !words(&upper).any(|word| SERVERS.contains(&word)) || !(stem.ends_with('_') || stem == "PG") {
        return None;
    }
    let is_switch = |text: &str| matches!(text, "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "all");
    let host = variable.value.value().filter(|host| is_host(host) && !is_switch(&host.to_ascii_lowercase()))?;
    let port = given.iter().find(|other| {
        let other = other.name.to_ascii_uppercase();
        other.strip_suffix("PORT") == Some(stem)
    });
    // `ES_PORT` of an env file that Compose publishes a port with is the host's; that the container gets it too is a side
    // effect.
    let port = port.filter(|port| !port.is_from_file || !is_published(port.name));
    let place = variable.value.place();
    let whole = |text: &Text| text.is_literal().then(|| (text.extract().clone(), Span::new(0, text.raw().len())));
    let number = port.and_then(|port| number(port.value.value()?));
    Some(Call {
        host: host.to_owned(),
        host_place: place,
        port: number,
        port_place: port.filter(|_| number.is_some()).map(|port| port.value.place()),
        scheme: None,
        by: match port {
            Some(port) => Told::Pair(variable.name.to_owned(), port.name.to_owned()),
            None => Told::Variable(variable.name.to_owned()),
        },
        is_foreign: false,
        host_text: whole(variable.value),
        port_text: port.and_then(|port| whole(port.value)),
    })
}
