//! Finds lists that are read at start and lack what code, or a file on the list, needs.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::Repo;
use twiceshy_repo::boot::{Cause, Gap};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BootListGap {}

impl Lint for BootListGap {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Node | Python | other | scripts);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for gap in repo.boot_gaps() {
            report(gap, found);
        }
    }
}

fn report(gap: Gap, found: &mut Findings) {
    let Gap { place, list, list_place, reading, cause, edits } = gap;
    let is_in_list = matches!(cause, Cause::NoFile { .. } | Cause::UsedObject { .. });
    let finding = match &cause {
        Cause::Required { constant, names, of, needed, is_empty } => {
            let first = names.first().map(String::as_str).unwrap_or_default();
            let message = match names.as_slice() {
                [_] => format!(
                    "`{constant}` demands `{first}`, which {list} does not name: on a database without it nothing starts"
                ),
                _ => format!(
                    "`{constant}` demands {of} names, and {list} lacks {} of them: on a database without them nothing starts",
                    names.len()
                ),
            };
            let finding = found.at(place, message).label(format!("not in {list}"));
            finding.related(list_place, if *is_empty { "the list is empty" } else { "the list ends here" });
            if names.len() > 1 {
                finding.note(format!("missing: {}", names.join(", ")));
            }
            if !needed.is_empty() {
                finding.note(format!("what these need is not there either: {}", needed.join(", ")));
            }
            finding
                .note("happened before: J03 – the list was empty, the guard demanded five, and the API did not start");
            finding
        }
        Cause::RequiredObject { constant, object, creator, created } => {
            let message = format!("`{constant}` demands `{object}`, and nothing that {list} names creates it");
            let finding = found.at(place, message).label(format!("only `{creator}` creates it"));
            finding
                .related(*created, format!("created here; `{creator}` is not in {list}"))
                .related(list_place, "the list ends here");
            finding
        }
        Cause::UsedObject { user, used, object, creator, created } => {
            let message =
                format!("`{user}` needs `{object}`, which only `{creator}` creates, and that is not on the list");
            let finding = found.at(place, message).label(format!("`{creator}` has to come before it"));
            finding.related(*used, format!("`{object}` is used here")).related(*created, "and created here");
            finding
        }
        Cause::NoFile { name, directory, nearest } => {
            let message =
                format!("what reads this list looks for `{name}` in vain: there is no such file in {directory}");
            let finding = found.at(place, message).label("names no file");
            if let Some(nearest) = nearest {
                finding.note(format!("nearest: `{nearest}`"));
            }
            finding
        }
        Cause::Copy { other, names } => {
            let message =
                format!("{list} lacks what {other} lists: which of the two is read decides what a database gets");
            let finding = found.at(place, message).label(format!("not in {list}")).level(Level::Warn);
            finding.related(list_place, "this list ends here");
            if names.len() > 1 {
                finding.note(format!("missing: {}", names.join(", ")));
            }
            finding
        }
    };
    if let Some(reading) = reading {
        finding.related(
            reading,
            if is_in_list { "the list is read here".to_owned() } else { format!("{list} is read here") },
        );
    }
    let title = match &cause {
        Cause::NoFile { nearest: Some(nearest), .. } => format!("name `{nearest}`"),
        _ => format!("add what is missing to {list}"),
    };
    finding.suggest(title, edits);
}
