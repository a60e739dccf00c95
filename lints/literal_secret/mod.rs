//! Finds secrets that stand in files which everybody who has the repository can read.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Known, LiteralSecret as Secret, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LiteralSecret {}

/// How many further places of a secret are shown.
const FEW: usize = 3;

impl Lint for LiteralSecret {
    type Subject = Repo;
    const META: Meta = meta!(Error, SecretLeak, any);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for secret in repo.literal_secrets() {
            report(&secret, repo, found);
        }
    }
}

fn report(secret: &Secret, repo: &Repo, found: &mut Findings) {
    let name = secret.name.as_deref().unwrap_or("it");
    let what = match secret.known {
        Known::Token { what, .. } => what.to_owned(),
        Known::Generated(length) => format!("the value of `{name}`, {length} random characters,"),
        Known::UsedAt(_) => format!("the password in `{name}`"),
    };
    let message = match secret.is_tracked {
        _ if repo.is_command_line(secret.place.file) => {
            format!("{what} stands in this command: the history, the list of processes and the log keep it")
        }
        true => format!("{what} stands in the repository: everybody who has a clone has it, and the history keeps it"),
        false => format!("{what} stands in a file that the next `git add` puts into the repository"),
    };
    let label = match secret.known {
        Known::Token { starts, .. } if !starts.starts_with('-') => {
            format!("begins with `{starts}`, as no other text does")
        }
        Known::Token { .. } | Known::Generated(_) | Known::UsedAt(_) => "not a reference, not a placeholder".to_owned(),
    };
    let finding = found.at(secret.place, message).label(label);
    finding.conceal(std::iter::once(secret.place).chain(secret.twins.iter().copied()));
    if let Known::UsedAt(place) = secret.known {
        finding.related(place, "takes it to another machine");
    }
    for (place, does) in &secret.uses {
        finding.related(*place, does.clone());
    }
    for twin in secret.twins.iter().take(FEW) {
        finding.related(*twin, "the same value once more");
    }
    finding.note("make a new one where it was issued, and end this one: taking it out of the file does not take it out of the history");
    if let Some((said, edits)) = &secret.reference {
        finding.suggest(format!("read it from outside: `{said}`"), edits.clone());
    }
    let level = match secret.known {
        Known::Token { is_test: true, .. } => Level::Pedantic,
        Known::Generated(_) if secret.is_example => Level::Pedantic,
        Known::Token { .. } if secret.is_tracked && !secret.is_example => Level::Error,
        Known::Token { .. } | Known::Generated(_) | Known::UsedAt(_) => Level::Warn,
    };
    finding.level(level);
}
