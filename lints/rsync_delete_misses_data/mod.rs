//! Finds deployments by `rsync --delete` whose excludes miss what services keep at the destination.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::rsync::{DataLoss, Loser, Miss, Why};
use twiceshy_repo::{LocalKind, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RsyncDeleteMissesData {}

/// How many paths are shown.
const SHOWN: usize = 3;

impl Lint for RsyncDeleteMissesData {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for loss in repo.rsync_losses() {
            report(&loss, found);
        }
    }
}

fn report(loss: &DataLoss<'_>, found: &mut Findings) {
    let Some((first, _)) = loss.lost.first() else { return };
    let services: Vec<_> =
        loss.lost.iter().filter_map(|(path, loser)| owner(loser).map(|owner| (path, owner))).collect();
    let does = match (loss.is_page, loss.is_moved) {
        (false, false) => "removes",
        (false, true) => "moves away",
        (true, false) => "removes, for whoever follows these instructions,",
        (true, true) => "moves away, for whoever follows these instructions,",
    };
    let message = match services.first() {
        Some((path, owner)) => {
            let more = loss.lost.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            format!(
                "rsync {does} `{path}` at the destination, where `{owner}` keeps its data{more}: no exclude matches it"
            )
        }
        None => format!(
            "rsync {does} `{first}` at the destination: git ignores it, so the source lacks it, and no exclude matches it"
        ),
    };
    let finding = match &loss.miss {
        Some(miss) => found.at(miss.place, message).label(why(miss)),
        None => found.at(loss.place, message).label("what the source lacks is removed, unless a filter keeps it"),
    };
    if loss.miss.is_some() {
        finding.related(loss.place, "what the source lacks is removed here");
    }
    for (path, loser) in loss.lost.iter().take(SHOWN) {
        match loser {
            Loser::Service(data) => {
                let what = data.database.as_ref().map_or(String::new(), |image| format!(" of `{image}`"));
                finding.related(data.place(), format!("the data{what} lies in `{path}`"));
            }
            Loser::Ignored(local) => {
                if let Some(place) = local.mounted.or(local.ignored.as_ref().map(|ignored| ignored.place)) {
                    let what =
                        if local.kind == LocalKind::Secrets { "settings with secrets" } else { "what is not in git" };
                    finding.related(place, format!("`{path}` is {what}"));
                }
            }
        }
    }
    if loss.is_moved {
        finding.note(
            "`--backup` keeps what is removed under another name; a server that runs has lost its files all the same",
        );
    }
    finding.note("try it with `-n -v` first: it lists what would be deleted");
    if services.is_empty() || loss.is_page {
        finding.level(Level::Warn);
    }
    if let Some(edit) = &loss.edit {
        let roots: Vec<String> = loss.roots.iter().map(|root| format!("`{root}`")).collect();
        finding.suggest(format!("keep {}", roots.join(", ")), [edit.clone()]);
    }
}

fn owner<'l>(loser: &'l Loser<'_>) -> Option<&'l str> {
    match loser {
        Loser::Service(data) => Some(&data.service.name),
        Loser::Ignored(_) => None,
    }
}

fn why(miss: &Miss) -> String {
    let Miss { pattern, path, .. } = miss;
    match miss.why {
        Why::Dot => format!("`{pattern}` does not match `{path}`: a pattern matches whole names"),
        Why::DotSlash => format!("matches nothing: no name starts with `./`, `{path}` neither"),
        Why::Anchor => format!("the slash holds it to the top of the transfer, and `{path}` is not there"),
        Why::DiskPath => format!("matches nothing: names start at the top of the transfer, there it is `{path}`"),
        Why::Quotes => {
            "its quotes stand inside of quotes: they belong to the pattern, which matches nothing".to_owned()
        }
        Why::Braces => "this shell leaves the braces as they are: rsync gets them, and they match nothing".to_owned(),
        Why::DeletesExcluded => "with `--delete-excluded`, what is excluded is removed, too".to_owned(),
        Why::Include => "a rule before it decides: the first that matches does".to_owned(),
    }
}
