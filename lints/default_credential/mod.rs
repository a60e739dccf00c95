//! Finds secrets in code that a service takes since nothing gives it another.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::Repo;

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DefaultCredential {}

impl Lint for DefaultCredential {
    type Subject = Repo;
    const META: Meta = meta!(Warn, SecretLeak, Node | Python);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for one in repo.default_credentials() {
            let (name, service) = (&one.read.name, &one.service.name);
            let message = match one.empty {
                Some(_) => format!("where nobody sets {name}, `{service}` takes the one that everybody can read here"),
                None => format!("`{service}` is not given {name}, and takes the one that everybody can read here"),
            };
            let finding = found.at(one.default, message).label("taken as the secret");
            match one.empty {
                Some(place) => finding.related(place, "empty when nobody sets it, which counts as unset in the code"),
                None => {
                    let place = one.service.key("environment").unwrap_or(one.service.place);
                    finding.related(place, format!("nothing gives {name} to `{service}`"))
                }
            };
            if one.is_development {
                finding.level(Level::Pedantic);
            }
            let value = format!("${{{name}:?}}");
            if one.empty.is_none() {
                let edits = one.service.give(&[(name.to_string(), value.clone())], repo);
                if !edits.is_empty() {
                    finding.suggest(format!("add `{name}: {value}` to `{service}`"), edits);
                }
            } else {
                finding.note(format!("`{value}` makes Compose stop without it"));
            }
        }
    }
}
