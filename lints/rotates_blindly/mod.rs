//! Finds rotations that delete old backups although there is no new one, and those that meet nothing.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{BlindRotation, Repo, Script, VainRotation};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RotatesBlindly {}

impl Lint for RotatesBlindly {
    type Subject = Script;
    const META: Meta = meta!(Warn, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        for rotation in repo.blind_rotations(script) {
            blind(script, rotation, found);
        }
        for rotation in repo.vain_rotations(script) {
            vain(script, rotation, found);
        }
    }
}

fn blind(script: &Script, rotation: BlindRotation, found: &mut Findings) {
    let BlindRotation { place, dump, dumper, is_first, is_by_age } = rotation;
    let message = if is_first {
        format!(
            "old backups are deleted before there is a new one: while `{dumper}` fails, they go one after another, to the last"
        )
    } else if is_by_age {
        format!("old backups are deleted although `{dumper}` has failed: they go one after another, to the last")
    } else {
        format!(
            "old backups are deleted although `{dumper}` has failed: the empty files of failed dumps push out the good ones"
        )
    };
    let finding = found.at(place, script.addressed(message));
    finding.label("does not depend on a new backup").related(dump, "may have failed");
    finding.note(if is_first {
        "rotate behind the dump, when it has succeeded and what it wrote was looked at"
    } else {
        "let the script end when the dump fails, and look at what it wrote before anything is deleted"
    });
}

fn vain(script: &Script, rotation: VainRotation, found: &mut Findings) {
    let VainRotation { place, pattern, name, written } = rotation;
    let message =
        format!("`{pattern}` is the name of none of the dumps written here: they pile up until the disk is full");
    let finding = found.at(place, script.addressed(message));
    finding.label(format!("the dumps are called `{name}`")).related(written, "written under this name");
}
