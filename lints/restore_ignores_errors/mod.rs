//! Finds restores that go on after errors and end with success, and statuses that are asked of the wrong command.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::script::Deed;
use twiceshy_repo::{MisreadStatus, Repo, Script, UnnoticedErrors, WhyMisread};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RestoreIgnoresErrors {}

impl Lint for RestoreIgnoresErrors {
    type Subject = Script;
    const META: Meta = meta!(Warn, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        for restore in repo.unnoticed_errors(script) {
            unnoticed(script, restore, found);
        }
        for misread in repo.misread_statuses(script) {
            report(script, misread, found);
        }
    }
}

fn unnoticed(script: &Script, restore: UnnoticedErrors, found: &mut Findings) {
    let what = match (&restore.from, &restore.dumper) {
        (Some(from), _) => format!("`{from}`"),
        (None, Some(dumper)) => format!("what `{dumper}` writes"),
        (None, None) => "what it reads".to_owned(),
    };
    let message = if restore.is_single {
        format!("after an error in {what} `psql` takes back all of it and succeeds all the same")
    } else {
        format!("`psql` goes on after every error in {what} and succeeds all the same")
    };
    let finding = found.at(restore.place, script.addressed(message));
    finding.label("without `ON_ERROR_STOP` its status is 0 whatever the statements did");
    for relying in &restore.relying {
        let text = match relying.deed {
            Deed::Announce => "then success is reported",
            Deed::Delete | Deed::Destroy => "then what it came from may be gone",
            Deed::Migrate => "then the schema is changed on top of it",
            Deed::Upload => "then it is copied away",
            _ => "then the service starts on what was restored",
        };
        finding.related(relying.place, text);
    }
    if restore.is_lost {
        finding.note("and the pipeline has the status of its last command: `set -o pipefail` as well");
    } else if !restore.is_asked {
        finding.note("nothing asks how it ended either: without `set -e`, follow it by `|| exit 1`");
    }
    if let Some(edit) = restore.edit {
        if restore.is_asked && !restore.is_lost {
            finding.fix("stop at the first error", [edit]);
        } else {
            finding.suggest("stop at the first error", [edit]);
        }
    }
    if restore.is_for_tests {
        finding.level(Level::Pedantic);
    }
}

fn report(script: &Script, misread: MisreadStatus, found: &mut Findings) {
    let MisreadStatus { place, critical, program, why } = misread;
    match why {
        WhyMisread::AfterTrue(swallow) => {
            let message =
                format!("this is the status of `true`, which is 0: a failure of `{program}` is taken for success");
            let finding = found.at(place, script.addressed(message));
            finding.label("`PIPESTATUS` is about the last pipeline that ran");
            finding.related(critical, "its failure").related(swallow, "runs then, and is a pipeline, too");
            finding.note("keep the status where it arises: `… || status=$?`, or read `PIPESTATUS` right behind the pipeline, under `set +e`");
        }
        WhyMisread::OtherStage(other, number) => {
            let message = format!("this is the status of `{other}`: a failure of `{program}` is not seen");
            let finding = found.at(place, script.addressed(message));
            finding.label(format!("`{program}` is `${{PIPESTATUS[{number}]}}`"));
            finding.related(critical, format!("stage {number}, counted from 0"));
        }
    }
}
