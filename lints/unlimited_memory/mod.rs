//! Finds services without a limit of memory where others have one.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Project, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UnlimitedMemory {}

impl Lint for UnlimitedMemory {
    type Subject = Project;
    const META: Meta = meta!(Pedantic, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        let Some((limit, services)) = repo.unlimited(project).filter(|_| project.is_complete) else { return };
        for service in services {
            let name = &service.name;
            let message = format!("`{name}` may take all memory of the host; then the kernel kills whatever it likes");
            let finding = found.at(service.place, message).label("has no limit");
            finding.related(limit.place(), "others have one");
        }
    }
}
