//! Finds dumps that are written onto the last good one, and repairs of that which hide a failure.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::script::Deed;
use twiceshy_repo::{Grain, HiddenFailure, OverwrittenBackup, Repo, Script};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BackupOverwritesLastGood {}

impl Lint for BackupOverwritesLastGood {
    type Subject = Script;
    const META: Meta = meta!(Warn, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        for overwritten in repo.overwritten_backups(script) {
            report(script, overwritten, found);
        }
        for hidden in repo.hidden_failures(script) {
            hide(script, hidden, found);
        }
    }
}

fn report(script: &Script, overwritten: OverwrittenBackup, found: &mut Findings) {
    let OverwrittenBackup { place, path, dumper, dump, grain, period, .. } = &overwritten;
    let message = format!("when `{dumper}` fails, the last good dump is gone: `{path}` is emptied before it starts");
    let finding = found.at(*place, script.addressed(message));
    finding.label(match grain {
        None => "the same path every time".to_owned(),
        Some(grain) => format!("the same path for {}", spoken(*grain)),
    });
    finding.related(*dump, "starts when the file is empty");
    if let Some(period) = period {
        finding.related(period.place, "runs again before the name changes");
    }
    finding.note("a dump of a database that has just lost its data succeeds, too, and replaces the one that has it: keep several, under names with the time in them");
    if overwritten.is_lost {
        finding.note("in this pipeline its failure is not even seen: let that be noticed first, or what is moved into place is empty as well");
    }
    if let Some(edits) = overwritten.edits {
        finding.suggest("write beside it, and move it there when it is whole", edits);
    }
    match (overwritten.is_named_backup, &overwritten.period) {
        (true, Some(_)) => finding.level(Level::Error),
        (true, None) | (false, Some(_)) => finding.level(Level::Warn),
        (false, None) => finding.level(Level::Pedantic),
    };
}

fn spoken(grain: Grain) -> &'static str {
    match grain {
        Grain::Second => "a second",
        Grain::Minute => "a minute",
        Grain::Hour => "an hour",
        Grain::Day => "a day",
        Grain::Week => "a week",
        Grain::Month => "a month",
        Grain::Year => "a year",
    }
}

fn hide(script: &Script, hidden: HiddenFailure, found: &mut Findings) {
    let dumper = &hidden.dumper;
    let message =
        format!("when `{dumper}` fails, the script goes on and nobody is told: left of `&&`, `set -e` does not see it");
    let finding = found.at(hidden.place, script.addressed(message));
    finding.label("its failure ends nothing").related(hidden.joined, "is left out then, and nothing else");
    for relying in hidden.relying {
        let text = match relying.deed {
            Deed::Announce => "success is reported all the same",
            Deed::Delete | Deed::Destroy => "older dumps are deleted all the same",
            _ => "runs all the same",
        };
        finding.related(relying.place, text);
    }
    finding.note("the last good dump stays, and grows older every day");
    finding.suggest("two statements", hidden.edit);
}
