//! Services that are named and do not exist.

use super::project::Project;
use super::service::{Reference, Service};
use crate::nearest;
use twiceshy_source::Place;

/// A service that another one names and the project does not have.
#[derive(Clone, Debug)]
pub struct UndefinedService<'p> {
    /// The key that names it: `depends_on`, `links`, `volumes_from`, `network_mode`, `extends`.
    pub key: &'static str,
    /// The name, and where it stands.
    pub reference: Reference,
    /// The service that names it; unknown for `extends`.
    pub by: Option<&'p Service>,
    /// The name that is probably meant.
    pub nearest: Option<String>,
    /// Where the service that is probably meant is defined, if the project has it.
    pub nearest_place: Option<Place>,
    /// The names that there are.
    pub known: Vec<String>,
}

impl Project {
    /// Services that are named and do not exist. None when not all of the project is known.
    pub fn undefined_services(&self) -> Vec<UndefinedService<'_>> {
        if !self.is_complete {
            return Vec::new();
        }
        let mut all = Vec::new();
        for (reference, known) in &self.broken_extends {
            let nearest = nearest(&reference.name, known.iter().map(String::as_str)).map(str::to_owned);
            all.push(UndefinedService {
                key: "extends",
                reference: reference.clone(),
                by: None,
                nearest_place: None,
                nearest,
                known: known.clone(),
            });
        }
        for by in &self.services {
            for (key, reference) in by.references() {
                if self.service(&reference.name).is_some() {
                    continue;
                }
                let others = || self.services.iter().filter(|other| other.name != by.name);
                let meant = nearest(&reference.name, others().map(|other| other.name.as_str()))
                    .and_then(|name| self.service(name));
                all.push(UndefinedService {
                    key,
                    by: Some(by),
                    nearest: meant.map(|service| service.name.clone()),
                    nearest_place: meant.map(|service| service.place),
                    known: others().map(|other| other.name.clone()).collect(),
                    reference,
                });
            }
        }
        all
    }
}
