//! Finds volumes and databases that are destroyed before it is certain that they are saved.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Destroyed, Removal, Repo, Why};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DestroyBeforeBackup {}

impl Lint for DestroyBeforeBackup {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for destroyed in repo.destroyed_data(found.focus()).iter().filter(|destroyed| destroyed.why != Why::Unsaid) {
            report(destroyed, found);
        }
    }
}

fn report(destroyed: &Destroyed<'_>, found: &mut Findings) {
    let owner = destroyed.data.first().map(|data| data.service.name.as_str());
    let what = match (destroyed.way, owner) {
        (Removal::Database, Some(owner)) => format!("the database of `{owner}`"),
        (Removal::Database, None) => "the database".to_owned(),
        (_, Some(owner)) => format!("the volume of `{owner}`"),
        (_, None) => "the volume".to_owned(),
    };
    let who = if destroyed.is_page { "whoever follows these instructions removes" } else { "removes" };
    let (message, place, related, note) = match destroyed.why {
        Why::DumpMayFail(place) => (
            format!("{who} {what} even if the dump before it has failed"),
            place,
            "the script goes on when this fails",
            "let the failure end it: `set -eo pipefail`, or `dump … || exit 1`, and ask for the size of the file (`[ -s … ]`)",
        ),
        Why::TakenForEmpty(place) => (
            format!("{who} {what} without a dump if the query that asks whether there is anything to save fails"),
            place,
            "a failure counts as an answer here",
            "leave out the `||` and end the script when the query fails: a database that does not answer is not an empty one",
        ),
        Why::OtherProject(place) => (
            format!("{who} {what}, and what is dumped before is another project's"),
            place,
            "this is another project's database",
            "dump what is destroyed",
        ),
        Why::SourceUnchecked(place) => (
            format!("{who} {what} before anybody has looked whether there is something to restore"),
            place,
            "this is looked for when the data is gone",
            "ask before: `[ -s \"$FILE\" ] || exit 1`, `gzip -t`, `pg_restore --list`; or restore beside the old one, and change names",
        ),
        Why::Unsaid => return,
    };
    let finding = found.at(destroyed.place, message).label("from here on there is no way back");
    finding.related(place, related);
    if let Some(data) = destroyed.data.first() {
        finding.related(data.place(), format!("`{}` keeps its data here", data.service.name));
    }
    finding.note(note);
    if destroyed.is_page || matches!(destroyed.why, Why::SourceUnchecked(_)) {
        finding.level(Level::Warn);
    }
}
