//! A service of a project: merged, interpolated, typed.

use super::command::{Command, Healthcheck};
use super::mount::Mount;
use super::port::Port;
use super::text::Text;
use super::value::{Key, Value};
use rustc_hash::FxHashMap;
use twiceshy_source::{FileId, Place, Span, Tree};

/// A service of a [`Project`](super::Project), as Compose sees it after includes, extends, overrides and interpolation.
///
/// Keys that have no field of their own are reached with [`Service::value`].
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Where its key stands, in the first file that defines it.
    pub place: Place,
    /// The image it runs, or the name that its build is given.
    pub image: Option<Text>,
    /// How its image is built.
    pub build: Option<Build>,
    /// What runs instead of the image's command.
    pub command: Option<Command>,
    /// What runs instead of the image's entrypoint.
    pub entrypoint: Option<Command>,
    /// The variables that `environment` gives it.
    pub environment: Vec<EnvVar>,
    /// The env files that it is given, the later ones stronger.
    pub env_files: Vec<EnvFile>,
    /// Ports that it publishes on the host.
    pub ports: Vec<Port>,
    /// Ports that it offers to other services.
    pub expose: Vec<Text>,
    /// What is mounted into it, `tmpfs` included.
    pub mounts: Vec<Mount>,
    /// Services that start before it.
    pub depends_on: Vec<Dependency>,
    /// `links`, each a service and perhaps the name it is called by.
    pub links: Vec<Reference>,
    /// Services whose volumes it mounts.
    pub volumes_from: Vec<Reference>,
    /// The networks that it names; see [`Service::network_names`].
    pub networks: Vec<Attachment>,
    /// How its health is checked; what the image says otherwise.
    pub healthcheck: Option<Healthcheck>,
    /// Profiles; it runs when one of them is active, always when it has none.
    pub profiles: Vec<Text>,
    /// Names and addresses added to its `/etc/hosts`.
    pub extra_hosts: Vec<(String, Place)>,
    /// Everything that the files say about it, merged.
    value: Value,
}

/// How an image is built.
#[derive(Clone, Debug)]
pub struct Build {
    /// Where `build` stands.
    pub place: Place,
    /// The context, as written; `.` when only other keys are given.
    pub context: Option<Text>,
    /// The context as a path in the tree; `None` when it is not known, a URL, or outside.
    pub context_path: Option<String>,
    /// The Dockerfile, as written.
    pub dockerfile: Option<Text>,
    /// The Dockerfile as a path in the tree, whether or not it exists; `None` when it is not known or given inline.
    pub dockerfile_path: Option<String>,
    /// The Dockerfile itself, when the compose file holds it.
    pub inline: Option<Text>,
    /// The stage that is built; the last one without.
    pub target: Option<Text>,
    /// Build arguments.
    pub args: Vec<EnvVar>,
    /// Further contexts, by name.
    pub additional_contexts: Vec<EnvVar>,
}

/// A variable given to a container or build, or another `name=value`.
#[derive(Clone, Debug)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// Its value; `None` for a bare name, which passes on what Compose's own environment says.
    pub value: Option<Text>,
}

/// An env file of a service.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// As written.
    pub text: Text,
    /// As a path in the tree, whether or not it exists; `None` when it is not known or outside.
    pub path: Option<String>,
    /// Whether the service does not start without it.
    pub required: bool,
}

/// A service that another one waits for.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The service.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// What is waited for.
    pub condition: Condition,
    /// Whether its absence is an error.
    pub required: bool,
    /// Whether it is given with its condition, not as an item of a list.
    pub long: bool,
}

/// What a dependency waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// That the container was started.
    Started,
    /// That its health check succeeded.
    Healthy,
    /// That it ended with status 0.
    Completed,
}

impl Condition {
    /// What is waited for, in a word; nothing for a mere start.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "",
            Self::Healthy => "healthy",
            Self::Completed => "completed",
        }
    }
}

/// A service named by another one.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The service.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// What it is called there, in `links`.
    pub alias: Option<String>,
}

/// A network that a service is attached to.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The network's key in the project.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// Names that the service has on it beside its own.
    pub aliases: Vec<Text>,
}

impl Service {
    /// Reads a merged service. `dir` tells what paths in a file are relative to.
    pub(crate) fn read(key: &Key, value: Value, dir: &dyn Fn(FileId) -> String) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_text).cloned();
        let texts = |name: &str| value.get(name).map(texts).unwrap_or_default();
        let mut mounts: Vec<Mount> = value
            .get("volumes")
            .map(Value::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| Mount::read(item, dir))
            .collect();
        mounts = unique(mounts, |mount| mount.target.clone());
        mounts.extend(texts("tmpfs").iter().map(Mount::tmpfs));
        Self {
            name: key.text.to_string(),
            place: key.place,
            image: text("image"),
            build: value.get("build").and_then(|build| Build::read(build, dir)),
            command: value.get("command").and_then(Command::read),
            entrypoint: value.get("entrypoint").and_then(Command::read),
            environment: value.get("environment").map(variables).unwrap_or_default(),
            env_files: value.get("env_file").map(|files| env_files(files, dir)).unwrap_or_default(),
            ports: unique(
                value.get("ports").map(Value::items).unwrap_or_default().iter().filter_map(Port::read).collect(),
                |port| port.identity.clone(),
            ),
            expose: texts("expose"),
            mounts,
            depends_on: value.get("depends_on").map(dependencies).unwrap_or_default(),
            links: texts("links").iter().filter_map(link).collect(),
            volumes_from: texts("volumes_from").iter().filter_map(volumes_from).collect(),
            networks: value.get("networks").map(attachments).unwrap_or_default(),
            healthcheck: value.get("healthcheck").and_then(Healthcheck::read),
            profiles: texts("profiles"),
            extra_hosts: value.get("extra_hosts").map(extra_hosts).unwrap_or_default(),
            value,
        }
    }

    /// What the files say at a path of keys: `["deploy", "resources", "limits", "memory"]`.
    pub fn value(&self, path: &[&str]) -> Option<&Value> {
        self.value.at(path)
    }

    /// The string at a path of keys.
    pub fn text(&self, path: &[&str]) -> Option<&Text> {
        self.value(path).and_then(Value::as_text)
    }

    /// Where a key of the service stands: the `environment` of `environment: …`.
    pub fn key(&self, name: &str) -> Option<Place> {
        self.value.entry(name).map(|(key, _)| key.place)
    }

    /// Everything that the files say about it, merged and interpolated.
    pub fn merged(&self) -> &Value {
        &self.value
    }

    /// Whether the key at a path is there and not false.
    pub fn is_set(&self, path: &[&str]) -> bool {
        matches!(self.text(path).and_then(Text::value), Some("true" | "True" | "TRUE" | "yes" | "on"))
    }

    /// `container_name`.
    pub fn container_name(&self) -> Option<&Text> {
        self.text(&["container_name"])
    }

    /// `restart`: `no`, `always`, `on-failure[:n]`, `unless-stopped`.
    pub fn restart(&self) -> Option<&Text> {
        self.text(&["restart"])
    }

    /// `user`.
    pub fn user(&self) -> Option<&Text> {
        self.text(&["user"])
    }

    /// `network_mode`.
    pub fn network_mode(&self) -> Option<&Text> {
        self.text(&["network_mode"])
    }

    /// `network_mode: host`: what it listens on is open on the host, and `ports` means nothing.
    pub fn uses_host_network(&self) -> bool {
        self.network_mode().and_then(Text::value) == Some("host")
    }

    /// The service whose network it shares: `network_mode: service:NAME`.
    pub fn shares_network_of(&self) -> Option<Reference> {
        let mode = self.network_mode()?;
        let name = mode.raw().strip_prefix("service:")?;
        mode.value()?;
        let start = mode.raw().len() - name.len();
        let place = mode.place_of(Span::new(start, mode.raw().len()));
        Some(Reference { name: name.to_owned(), place, alias: None })
    }

    /// The keys of the networks it is on: `default` when it names none; none when `network_mode` says otherwise.
    pub fn network_names(&self) -> Vec<&str> {
        if self.network_mode().is_some() {
            Vec::new()
        } else if self.networks.is_empty() {
            vec!["default"]
        } else {
            self.networks.iter().map(|network| network.name.as_str()).collect()
        }
    }

    /// The names under which services on the network `network` reach it: its own, `container_name`, `hostname`, aliases.
    pub fn names_on(&self, network: &str) -> Vec<&str> {
        if !self.network_names().contains(&network) {
            return Vec::new();
        }
        let mut names = vec![self.name.as_str()];
        names.extend(self.container_name().and_then(Text::value));
        names.extend(self.text(&["hostname"]).and_then(Text::value));
        let attached = self.networks.iter().filter(|attachment| attachment.name == network);
        names.extend(attached.flat_map(|attachment| &attachment.aliases).filter_map(Text::value));
        names
    }

    /// Capabilities that are added (`cap_add`).
    pub fn cap_add(&self) -> Vec<Text> {
        self.value(&["cap_add"]).map(texts).unwrap_or_default()
    }

    /// Capabilities that are taken away (`cap_drop`).
    pub fn cap_drop(&self) -> Vec<Text> {
        self.value(&["cap_drop"]).map(texts).unwrap_or_default()
    }

    /// Labels, from a mapping or a list.
    pub fn labels(&self) -> Vec<EnvVar> {
        self.value(&["labels"]).map(variables).unwrap_or_default()
    }

    /// Labels of its Swarm service (`deploy.labels`).
    pub fn deploy_labels(&self) -> Vec<EnvVar> {
        self.value(&["deploy", "labels"]).map(variables).unwrap_or_default()
    }

    /// The logging driver's name and options.
    pub fn logging(&self) -> Option<&Value> {
        self.value(&["logging"])
    }

    /// The limit of its memory, as written: `mem_limit` or `deploy.resources.limits.memory`.
    pub fn memory_limit(&self) -> Option<&Text> {
        self.text(&["deploy", "resources", "limits", "memory"]).or_else(|| self.text(&["mem_limit"]))
    }

    /// The variable `name` of `environment`.
    pub fn variable(&self, name: &str) -> Option<&EnvVar> {
        self.environment.iter().find(|variable| variable.name == name)
    }

    /// The program that it runs and its arguments, where the compose file says: entrypoint and command.
    pub fn argv(&self) -> impl Iterator<Item = &twiceshy_source::Extract> {
        [&self.entrypoint, &self.command].into_iter().flatten().flat_map(Command::words)
    }

    /// The services that it names, each with the key under which it does.
    pub fn references(&self) -> Vec<(&'static str, Reference)> {
        let mut all: Vec<(&'static str, Reference)> = Vec::new();
        for dependency in self.depends_on.iter().filter(|dependency| dependency.required) {
            let reference = Reference { name: dependency.name.clone(), place: dependency.place, alias: None };
            all.push(("depends_on", reference));
        }
        all.extend(self.links.iter().map(|link| ("links", link.clone())));
        all.extend(self.volumes_from.iter().map(|from| ("volumes_from", from.clone())));
        all.extend(self.shares_network_of().map(|of| ("network_mode", of)));
        all
    }
}

impl Build {
    fn read(value: &Value, dir: &dyn Fn(FileId) -> String) -> Option<Self> {
        let place = value.place;
        let text = |name: &str| value.get(name).and_then(Value::as_text).cloned();
        let context = value.as_text().cloned().or_else(|| text("context"));
        if context.is_none() && !value.is_map() {
            return None;
        }
        let context_path = match &context {
            Some(context) => {
                let base = dir(context.place().file);
                context.value().filter(|path| !is_url(path)).and_then(|path| tree_path(&base, path))
            }
            None => Some(dir(place.file)),
        };
        let (dockerfile, inline) = (text("dockerfile"), text("dockerfile_inline"));
        let dockerfile_path = match (&inline, &dockerfile, &context_path) {
            (Some(_), ..) | (.., None) => None,
            (None, Some(file), Some(context)) => file.value().and_then(|file| tree_path(context, file)),
            (None, None, Some(context)) => tree_path(context, "Dockerfile"),
        };
        Some(Self {
            place,
            context,
            context_path,
            dockerfile,
            dockerfile_path,
            inline,
            target: text("target"),
            args: value.get("args").map(variables).unwrap_or_default(),
            additional_contexts: value.get("additional_contexts").map(variables).unwrap_or_default(),
        })
    }
}

/// Whether a build context is fetched from elsewhere.
fn is_url(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// `path`, as seen from the directory `dir` of the tree.
pub(super) fn tree_path(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('~') { None } else { Tree::join(dir, path) }
}

/// A list of strings, or one string.
pub(super) fn texts(value: &Value) -> Vec<Text> {
    match value.as_text() {
        Some(text) => vec![text.clone()],
        None => value.items().iter().filter_map(|item| item.as_text().cloned()).collect(),
    }
}

/// `name=value` in a list, or a mapping. Of a name given twice the later value counts, at the earlier position.
pub(super) fn variables(value: &Value) -> Vec<EnvVar> {
    let mut all = Vec::new();
    let from_entry = |(key, value): &(Key, Value)| EnvVar {
        name: key.text.to_string(),
        place: key.place,
        value: value.as_text().cloned(),
    };
    all.extend(value.entries().iter().map(from_entry));
    for item in value.items() {
        all.extend(item.entries().iter().map(from_entry));
        if let Some(text) = item.as_text() {
            let name = text.raw().split('=').next().unwrap_or_default();
            let value = (name.len() < text.raw().len()).then(|| text.part(Span::new(name.len() + 1, text.raw().len())));
            all.push(EnvVar { name: name.to_owned(), place: text.place_of(Span::new(0, name.len())), value });
        }
    }
    unique(all, |variable| Some(variable.name.clone()))
}

/// The entries without those that a later one with the same identity replaces.
fn unique<T>(all: Vec<T>, identity: impl Fn(&T) -> Option<String>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    let mut index: FxHashMap<String, usize> = FxHashMap::default();
    for one in all {
        let known = identity(&one).map(|identity| *index.entry(identity).or_insert(kept.len()));
        match known.and_then(|at| kept.get_mut(at)) {
            Some(slot) => *slot = one,
            None => kept.push(one),
        }
    }
    kept
}

fn env_files(value: &Value, dir: &dyn Fn(FileId) -> String) -> Vec<EnvFile> {
    let one = |value: &Value| {
        let text = value.as_text().or_else(|| value.get("path").and_then(Value::as_text))?.clone();
        let path = text.value().and_then(|path| tree_path(&dir(text.place().file), path));
        let required = value.get("required").and_then(Value::as_text).and_then(Text::value) != Some("false");
        Some(EnvFile { text, path, required })
    };
    if value.is_list() { value.items().iter().filter_map(one).collect() } else { one(value).into_iter().collect() }
}

fn dependencies(value: &Value) -> Vec<Dependency> {
    let short = value.items().iter().filter_map(Value::as_text).filter_map(|text| {
        Some(Dependency {
            name: text.value()?.to_owned(),
            place: text.place(),
            condition: Condition::Started,
            required: true,
            long: false,
        })
    });
    let long = value.entries().iter().map(|(key, value)| {
        let of = |name: &str| value.get(name).and_then(Value::as_text);
        Dependency {
            name: key.text.to_string(),
            place: key.place,
            condition: match of("condition").and_then(Text::value) {
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                _ => Condition::Started,
            },
            required: of("required").and_then(Text::value) != Some("false"),
            // A list that was merged stands where its items do.
            long: of("condition").is_some_and(|condition| condition.place() != key.place),
        }
    });
    short.chain(long).collect()
}

fn link(text: &Text) -> Option<Reference> {
    text.value()?;
    let name = text.raw().split(':').next().unwrap_or_default();
    let alias = text.raw().split_once(':').map(|(_, alias)| alias.to_owned());
    Some(Reference { name: name.to_owned(), place: text.place_of(Span::new(0, name.len())), alias })
}

/// `service`, `service:ro`; `container:name` is no service.
fn volumes_from(text: &Text) -> Option<Reference> {
    let raw = text.raw();
    text.value()?;
    if raw.starts_with("container:") {
        return None;
    }
    let name = raw.split(':').next().unwrap_or_default();
    Some(Reference { name: name.to_owned(), place: text.place_of(Span::new(0, name.len())), alias: None })
}

fn attachments(value: &Value) -> Vec<Attachment> {
    let listed = value.items().iter().filter_map(Value::as_text).filter_map(|text| {
        Some(Attachment { name: text.value()?.to_owned(), place: text.place(), aliases: Vec::new() })
    });
    let mapped = value.entries().iter().map(|(key, value)| Attachment {
        name: key.text.to_string(),
        place: key.place,
        aliases: value.get("aliases").map(texts).unwrap_or_default(),
    });
    listed.chain(mapped).collect()
}

/// The names of `extra_hosts`: `name:ip`, `name=ip`, or a mapping.
fn extra_hosts(value: &Value) -> Vec<(String, Place)> {
    let listed = value.items().iter().filter_map(Value::as_text).map(|text| {
        let name = text.raw().split(['=', ':']).next().unwrap_or_default();
        (name.to_owned(), text.place_of(Span::new(0, name.len())))
    });
    let maps = std::iter::once(value).chain(value.items());
    let mapped = maps.flat_map(Value::entries).map(|(key, _)| (key.text.to_string(), key.place));
    listed.chain(mapped).collect()
}
