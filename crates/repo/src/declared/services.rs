//! Services: by name, and by the hosts that a service is told to call.

use super::Search;
use crate::reach::Host;
use crate::{Project, Repo, Service};
use std::cell::RefCell;
use twiceshy_source::{FileId, Place};

impl Repo {
    /// The service whose name stands at the byte `offset` of `file`: where it is defined, or where another one names it.
    pub fn service_at(&self, file: FileId, offset: u32) -> Option<(&Project, &Service)> {
        let search = Search { file, offset, found: RefCell::default() };
        let all = || self.projects.iter().filter(|project| project.has_file(file));
        let own = all().flat_map(|project| project.services.iter().map(move |service| (project, service)));
        let by_key = own.clone().find(|(_, service)| search.is_at(service.place));
        let by_name = || {
            own.clone().find_map(|(project, service)| {
                let name = named(service).into_iter().find(|(_, place)| search.is_at(*place))?.0;
                Some((project, project.service(&name)?))
            })
        };
        by_key.or_else(by_name)
    }

    pub(super) fn declared_services(&self, search: &Search) {
        for project in self.projects.iter().filter(|project| project.has_file(search.file)) {
            for service in &project.services {
                for (name, place) in named(service) {
                    if search.is_at(place) {
                        search.says(place, project.service(&name).map(|service| service.place));
                    }
                }
            }
        }
        self.declared_hosts(search);
    }

    fn declared_hosts(&self, search: &Search) {
        // Whom a service calls may stand in its env files and in files that configure it, too.
        for project in &self.projects {
            for service in &project.services {
                let is_ours = project.has_file(search.file);
                let calls = if is_ours || self.env.of(search.file).is_some() {
                    self.calls_of(project, service)
                } else if self.routings.of(search.file).is_some() {
                    self.configured_calls(project, service)
                } else {
                    continue;
                };
                for call in calls.iter().filter(|call| search.is_at(call.host_place)) {
                    if let Host::Services(services) | Host::Apart(services) = self.host(project, service, &call.host) {
                        search.says(call.host_place, services.iter().map(|service| service.place));
                    }
                }
            }
        }
    }
}

/// Every service that a service names, and where.
fn named(service: &Service) -> Vec<(String, Place)> {
    let mut named: Vec<(String, Place)> =
        service.depends_on.iter().map(|dependency| (dependency.name.clone(), dependency.place)).collect();
    named.extend(service.references().into_iter().map(|(_, reference)| (reference.name, reference.place)));
    named
}
