//! A health check that passes while the database that its service needs does not answer.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{BlindHealth, Blindness, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthSkipsDatabase {}

impl Lint for HealthSkipsDatabase {
    type Subject = Repo;
    const META: Meta = meta!(Warn, SilentFailure, Node | Python);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for blind in repo.blind_health_checks() {
            report(&blind, found);
        }
    }
}

fn report(blind: &BlindHealth, found: &mut Findings) {
    let BlindHealth { service, path, database: (database, needs), .. } = blind;
    let who = match &blind.waiting[..] {
        [] => String::new(),
        [(only, _)] => format!(", and `{only}` starts"),
        [(first, _), rest @ ..] => format!(", and `{first}` and {} more start", rest.len()),
    };
    let (place, message, label) = match blind.blindness {
        Blindness::NeverAsks => (
            blind.handler,
            format!(
                "`{service}` is healthy while `{database}` is down, empty or without its tables{who}: `{path}` never asks it"
            ),
            "answers 200 whatever the database does".to_owned(),
        ),
        Blindness::AnswersOk(place) => (
            place,
            format!(
                "`{service}` stays healthy when `{path}` itself says that something is wrong{who}: it answers 200 all the same, and the check looks at nothing else"
            ),
            "said in the body; the status stays 200".to_owned(),
        ),
    };
    let finding = found.at(place, message);
    finding.label(label).related(blind.probe, "the check asks this");
    if let Blindness::AnswersOk(_) = blind.blindness {
        finding.related(blind.handler, "this answers it");
    }
    finding.related(*needs, format!("`{service}` needs `{database}`"));
    for (waiting, place) in blind.waiting.iter().take(3) {
        finding.related(*place, format!("`{waiting}` waits until `{service}` is healthy"));
    }
    match (&blind.better, blind.blindness) {
        (Some((route, place)), _) => {
            finding.related(*place, "this route asks it").note(format!("let the check ask `{route}`"));
        }
        (None, Blindness::NeverAsks) => {
            finding.note("read one row of a table that the service cannot do without, and answer 503 when that fails; keep a second route without it for a liveness check that restarts");
        }
        (None, Blindness::AnswersOk(_)) => {
            finding.note("answer 503 in that case");
        }
    }
    if blind.waiting.is_empty() {
        finding.level(Level::Pedantic);
    }
}
