//! Finds secrets that are empty when nobody sets them, and that the code takes as they are.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EmptySecretDefault {}

impl Lint for EmptySecretDefault {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Compose);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for secret in repo.empty_secrets(found.focus()) {
            let (name, service) = (&secret.variable.name, &secret.service.name);
            let message = format!("`{service}` starts with an empty {name} when nobody sets it, and its code takes it");
            let finding = found.at(secret.variable.place, message).label("empty unless it is set");
            finding.related(secret.read.place, "read here; an empty value is taken like any other");
            if !secret.is_certain {
                finding.level(Level::Pedantic);
            }
            let text = format!("${{{name}:?set {name}}}");
            finding.suggest(format!("stop without it: `{text}`"), [Edit { place: secret.variable.place, text }]);
        }
    }
}
