//! Finds copies of a database's files, or onto them, while it runs.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Copied, Direction, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CopiesRunningVolume {}

impl Lint for CopiesRunningVolume {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for copied in repo.running_copies(found.focus()) {
            report(&copied, found);
        }
    }
}

fn report(copied: &Copied<'_>, found: &mut Findings) {
    let Copied { data, program, .. } = copied;
    let owner = &data.service.name;
    let own = data.database.as_ref().map_or(String::new(), |image| format!(" (`{image}`)"));
    let does = match (copied.direction, copied.is_page) {
        (Direction::Out, false) => format!("`{program}` copies the files of `{owner}`{own} while it may run"),
        (Direction::Out, true) => {
            format!("whoever follows these instructions copies the files of `{owner}`{own} while it may run")
        }
        (Direction::Onto, false) => format!("`{program}` writes over the files of `{owner}`{own} while it may run"),
        (Direction::Onto, true) => {
            format!("whoever follows these instructions writes over the files of `{owner}`{own} while it may run")
        }
    };
    let then = match copied.direction {
        Direction::Out => "the copy holds each file as of another moment",
        Direction::Onto => "the server goes on with what it has in memory, and writes that into them",
    };
    let finding = found.at(copied.place, format!("{does}: {then}")).label("nothing stops the owner before");
    if copied.source != copied.place {
        finding.related(copied.source, format!("the data of `{owner}`"));
    }
    finding.related(data.place(), format!("`{owner}` keeps its data here"));
    finding.note(match copied.direction {
        Direction::Out => format!(
            "`docker compose stop {owner}` before and `start` after, a dump (`pg_dump`, `mysqldump`, `mongodump`), or \
             `pg_basebackup`, which knows how"
        ),
        Direction::Onto => format!("`docker compose stop {owner}` before, and `start` after"),
    });
    if copied.is_page {
        finding.level(Level::Warn);
    }
}
