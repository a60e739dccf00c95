//! Finds forced resets of PostgreSQL's log with no copy of the data before.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Repo, ResetLog};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResetsWal {}

impl Lint for ResetsWal {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for reset in repo.reset_logs() {
            report(&reset, found);
        }
    }
}

fn report(reset: &ResetLog<'_>, found: &mut Findings) {
    let program = &reset.program;
    let what = "what the log still had to bring into the tables, and there is no copy";
    let message = match reset.is_page {
        true => format!("whoever follows these instructions throws away with `{program} -f` {what}"),
        false => format!("`{program} -f` throws away {what}"),
    };
    let finding = found.at(reset.place, message).label("nothing copies the data directory before");
    if let Some(data) = &reset.data {
        finding.related(data.place(), format!("`{}` keeps its data here", data.service.name));
    }
    finding.note(
        "what was committed since the last checkpoint is gone or half there, and the server starts as if all were well; \
         `-f` also makes up what it cannot read",
    );
    finding.note(
        "stop the server, copy the whole data directory, try on the copy; afterwards dump, and restore into a new one",
    );
    if reset.is_page {
        finding.level(Level::Warn);
    }
}
