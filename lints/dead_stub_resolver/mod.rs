//! The only resolver is on the loopback, where nothing runs one.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Asker, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeadStubResolver {}

impl Lint for DeadStubResolver {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Compose | other);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for stub in repo.stub_resolvers() {
            let address = stub.address;
            let message = match stub.asked_by {
                Asker::Service(service) => format!(
                    "`{}` resolves no name outside its networks: {address} is its own container, in which no resolver runs",
                    service.name
                ),
                Asker::Daemon => {
                    format!(
                        "containers resolve no name outside their networks: {address} is each container itself, in which no resolver runs"
                    )
                }
                Asker::File if stub.stopped.is_some() => {
                    format!("no name resolves: {address} is the only resolver, and it is switched off")
                }
                Asker::File => format!(
                    "no name resolves unless a resolver runs on {address}: nothing in the repository starts one"
                ),
            };
            let finding = found.at(stub.place, message);
            finding.label("asks this machine itself");
            if let Some(stopped) = stub.stopped.filter(|_| matches!(stub.asked_by, Asker::File)) {
                finding.related(stopped, "the resolver of this machine is switched off");
                finding.level(Level::Error);
            }
            match stub.asked_by {
                Asker::Service(service) => {
                    finding.related(service.place, "this container's own loopback is asked");
                    finding.note(
                        "without `dns` Docker's own resolver answers and passes on what it does not know to the host's",
                    );
                    finding.level(Level::Error);
                }
                Asker::Daemon => {
                    finding.note(
                        "without `dns` Docker takes the host's resolvers, and reaches those on the host's loopback",
                    );
                    finding.level(Level::Error);
                }
                Asker::File => {
                    finding.note("name a second resolver that is not on the loopback, or start the one that is meant before this file is used");
                }
            }
        }
    }
}
