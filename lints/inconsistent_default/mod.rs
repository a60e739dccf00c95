//! Finds variables that the services of one project fill in with different defaults.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{InconsistentDefault as Disagreement, Repo, Tree};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct InconsistentDefault {}

impl Lint for InconsistentDefault {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Compose);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for one in repo.inconsistent_defaults() {
            report(&one, repo, found);
        }
    }
}

fn report(one: &Disagreement, repo: &Repo, found: &mut Findings) {
    let [(first, first_place), rest @ ..] = one.defaults.as_slice() else { return };
    let Some((last, place)) = rest.last() else { return };
    let name = &one.name;
    let message = format!("where nobody sets {name}, the services of this project disagree about it");
    let finding = found.at(*place, message).label(format!("{} here", said(last.as_deref())));
    finding.related(*first_place, format!("{} here", said(first.as_deref())));
    for (other, place) in rest.iter().take(rest.len() - 1).take(3) {
        finding.related(*place, format!("{} here", said(other.as_deref())));
    }
    for place in one.elsewhere.iter().take(3) {
        finding.related(*place, "and here");
    }
    if let Some(example) = one.example {
        let file = Tree::name(repo.tree.path(example.file));
        finding.note(format!("{file} sets it: whoever starts from that does not meet this"));
    }
    if one.example.is_some() || !has_to_agree(name) {
        finding.level(Level::Pedantic);
    }
}

fn said(default: Option<&str>) -> String {
    default.map_or_else(|| "empty".to_owned(), |default| format!("`{default}`"))
}

/// Whether two services that differ in it cannot work together: names, ports and secrets of what both use.
fn has_to_agree(name: &str) -> bool {
    const PARTS: [&str; 9] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "USER", "USERNAME", "DB", "DATABASE", "DSN"];
    name.split('_').any(|part| PARTS.contains(&part)) || name.ends_with("_KEY")
}
