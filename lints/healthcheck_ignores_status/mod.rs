//! Finds health checks for which an answer of 500 is as good as any.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::compose::Condition;
use twiceshy_repo::{Client, HealthCheck, Repo, Request};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckIgnoresStatus {}

impl Lint for HealthcheckIgnoresStatus {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Dockerfile, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for check in repo.health_checks() {
            if let Some(request) = check.ignores_status() {
                report(&check, request, repo, found);
            }
        }
    }
}

fn report(check: &HealthCheck<'_>, request: &Request, repo: &Repo, found: &mut Findings) {
    let who = check.service.map_or_else(|| "the container".to_owned(), |(_, service)| format!("`{}`", service.name));
    let path = request.path_asked();
    let message =
        format!("{who} stays healthy while `{path}` answers 404 or 500: the check only asks whether somebody answers");
    let place = check.programs.get(request.program).and_then(|program| program.words.first());
    let place = place.map_or(check.place, |word| word.place(twiceshy_source::Span::new(0, word.text().len())));
    let finding = found.at(place, message);
    finding.label(match request.client {
        Client::Curl => "without -f curl ends with 0 whatever the status",
        Client::Node => "fetch only fails when nobody answers",
        _ => "nothing fails on a bad status",
    });
    if let Some((project, service)) = check.service {
        for other in &project.services {
            let waits = other
                .depends_on
                .iter()
                .filter(|wait| wait.name == service.name && wait.condition == Condition::Healthy);
            for wait in waits {
                finding.related(wait.place, format!("`{}` relies on it", other.name));
            }
        }
    }
    let edit = (request.client == Client::Curl).then(|| check.fail_edit(request, repo)).flatten();
    if path == "/" {
        // Nobody made this path for the check: it may answer 401 or 404 on a good day, and whether somebody listens may be
        // all that is asked.
        finding.suggest("fail on a status of 400 and more", edit);
        finding.note("see what the path answers on a good day before you add it");
        finding.level(Level::Pedantic);
    } else {
        finding.fix("fail on a status of 400 and more", edit);
    }
}
