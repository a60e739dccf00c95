//! Finds what is destroyed whenever a system starts.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{BootLoss, DestroyedAtBoot, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DestructiveAtBoot {}

impl Lint for DestructiveAtBoot {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, Sql | scripts);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for destroyed in repo.destroyed_at_boot(found.focus()) {
            report(&destroyed, found);
        }
    }
}

fn report(destroyed: &DestroyedAtBoot, found: &mut Findings) {
    let (message, note) = match &destroyed.loss {
        BootLoss::Command(program, name) => {
            let name = if name.is_empty() || name.contains('*') { String::new() } else { format!(" on `{name}`") };
            (
                format!("every start destroys data: `{program}`{name} runs before anything else, and nothing asks"),
                "take it out of the start, or let a variable ask for it: `[ \"$RESET_DATABASE\" = yes ] && …`",
            )
        }
        BootLoss::Table(table) => (
            format!("the start drops the table `{table}`: a migration that its list names does"),
            "at the start only add: the version before, which may still run or come back, needs what is there; drop by hand, later",
        ),
        BootLoss::Column(table, column) => (
            format!("the start drops the column `{column}` of `{table}`: a migration that its list names does"),
            "at the start only add: the version before, which may still run or come back, needs what is there; drop by hand, later",
        ),
        BootLoss::Rows(table) => {
            let of = if table.is_empty() { String::new() } else { format!(" of `{table}`") };
            (format!("the start deletes all rows{of}"), "say which rows, or take it out of the start")
        }
    };
    let finding = found.at(destroyed.place, message).label("there is no condition on it");
    for place in destroyed.via.iter().take(4) {
        finding.related(*place, "runs at the start");
    }
    finding.note(note);
    if !matches!(destroyed.loss, BootLoss::Command(..)) {
        finding.level(Level::Warn);
    }
}
