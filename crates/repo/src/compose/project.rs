//! A project: what Compose makes of its files.

use super::service::{EnvVar, Reference, Service};
use super::text::Text;
use super::value::{Key, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use twiceshy_source::{FileId, Place};

/// The services, volumes and networks that one call of Compose sees.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its files: the first one's directory is the project's; then overrides, included and extended files.
    pub files: Vec<FileId>,
    /// The directory that its paths are relative to.
    pub dir: String,
    /// `name`.
    pub name: Option<Text>,
    /// Its services, in the order in which they are defined.
    pub services: Vec<Service>,
    /// Its volumes.
    pub volumes: Vec<Named>,
    /// Its networks; `default` is there only when a file says something about it.
    pub networks: Vec<Named>,
    /// Its secrets.
    pub secrets: Vec<Named>,
    /// Its configs.
    pub configs: Vec<Named>,
    /// Whether all of it is known. Otherwise it includes or extends something that is not in the tree, or its files
    /// only make sense over another one, and what it lacks may stand there.
    pub is_complete: bool,
    /// `extends` that name no service, with the services that the file does have.
    pub broken_extends: Vec<(Reference, Vec<String>)>,
}

/// A volume, network, secret or config of a project.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its key in the project.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// What is said about it.
    pub value: Value,
}

impl Named {
    /// Whether something outside the project makes it: `external: true`, or the old `external: {name: …}`.
    pub fn is_external(&self) -> bool {
        let external = self.value.get("external");
        external.is_some_and(|value| value.is_map() || value.as_text().and_then(Text::value) == Some("true"))
    }

    /// The name it has outside the project, where the files give one.
    pub fn name(&self) -> Option<&Text> {
        self.value.at(&["name"]).or_else(|| self.value.at(&["external", "name"])).and_then(Value::as_text)
    }

    /// Its labels.
    pub fn labels(&self) -> Vec<EnvVar> {
        self.value.get("labels").map(super::service::variables).unwrap_or_default()
    }
}

impl Project {
    /// The service called `name`.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The volume whose key is `key`.
    pub fn volume(&self, key: &str) -> Option<&Named> {
        self.volumes.iter().find(|volume| volume.key == key)
    }

    /// The network whose key is `key`.
    pub fn network(&self, key: &str) -> Option<&Named> {
        self.networks.iter().find(|network| network.key == key)
    }

    /// The services that a name reaches from `from`: by their own name, an alias, or `container_name`, on a network
    /// that both are on, and by the names of its links.
    pub fn reached<'p>(&'p self, from: &Service, host: &str) -> Vec<&'p Service> {
        let networks = match from.shares_network_of().and_then(|of| self.service(&of.name)) {
            Some(owner) => owner.network_names(),
            None => from.network_names(),
        };
        let linked = from.links.iter().find(|link| link.alias.as_deref() == Some(host)).map(|link| link.name.as_str());
        self.services
            .iter()
            .filter(|service| {
                linked == Some(service.name.as_str())
                    || networks.iter().any(|network| service.names_on(network).contains(&host))
            })
            .collect()
    }

    /// Whether the file is one of its own.
    pub fn has_file(&self, file: FileId) -> bool {
        self.files.contains(&file)
    }

    /// Reads a merged, interpolated model.
    pub(super) fn read(model: &Value, files: Vec<FileId>, dir: String, dirs: &FxHashMap<FileId, Rc<str>>) -> Self {
        let dir_of = |file: FileId| dirs.get(&file).map_or_else(|| dir.clone(), |dir| dir.to_string());
        let entries = |key: &str| model.get(key).map(Value::entries).unwrap_or_default();
        let named = |key: &str| -> Vec<Named> {
            let one = |(key, value): &(Key, Value)| Named {
                key: key.text.to_string(),
                place: key.place,
                value: value.clone(),
            };
            entries(key).iter().map(one).collect()
        };
        let services = entries("services").iter().filter(|(_, value)| value.is_map());
        Self {
            name: model.get("name").and_then(Value::as_text).cloned(),
            services: services.map(|(key, value)| Service::read(key, value.clone(), &dir_of)).collect(),
            volumes: named("volumes"),
            networks: named("networks"),
            secrets: named("secrets"),
            configs: named("configs"),
            is_complete: true,
            broken_extends: Vec::new(),
            files,
            dir,
        }
    }
}
