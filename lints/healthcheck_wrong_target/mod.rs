//! A health check asks its own container where nobody answers: another port, another route, or a program without a server.

use serde::Deserialize;
use twiceshy_lint::{Finding, Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, Heard, Missed, Repo, Request, Word, WrongTarget};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckWrongTarget {}

impl Lint for HealthcheckWrongTarget {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Dockerfile);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for wrong in repo.wrong_targets(found.focus()) {
            let Some(request) = wrong.check.requests.get(wrong.request) else { continue };
            report(&wrong, request, found);
        }
    }
}

fn report(wrong: &WrongTarget<'_>, request: &Request, found: &mut Findings) {
    let who = match wrong.check.service {
        Some((_, service)) => format!("`{}`", service.name),
        None => "the container".to_owned(),
    };
    match &wrong.why {
        Missed::Port { port, listens, published: Some(published), .. } => {
            let target = published.target.map(|target| target.to_string()).unwrap_or_default();
            let message = format!(
                "{who} is never healthy: its check asks port {port} of the host, inside the container the server listens on {target}"
            );
            let finding = found.at(request.place, message);
            finding.label(format!("nothing listens on {port} in the container"));
            finding.related(published.place, format!("published: {port} outside, {target} inside"));
            let inside = published.target.filter(|target| target.0 == target.1).map(|target| target.0);
            let heard = listens.iter().find(|heard| Some(heard.port) == inside);
            repair(finding, request, inside, heard.is_some_and(|heard| heard.by < Word::Exposed));
        }
        Missed::Port { port, listens, is_sure, .. } => {
            let shown: Vec<String> = listens.iter().take(6).map(|heard| heard.port.to_string()).collect();
            let shown = shown.join(", ");
            let message = format!("{who} is never healthy: its check asks port {port}, the server listens on {shown}");
            let finding = found.at(request.place, message);
            finding.label(format!("nothing listens on {port}"));
            if let Some(heard) = listens.first() {
                finding.related(heard.place, said(heard));
            }
            let only = match listens.as_slice() {
                [only] => Some(only.port),
                _ => None,
            };
            repair(finding, request, only, *is_sure);
            if !is_sure {
                finding.level(Level::Warn);
            }
        }
        Missed::Worker { program, place } => {
            let message = format!(
                "{who} is never healthy: it runs `{program}`, which listens nowhere, under a check of its image that asks a server"
            );
            let finding = found.at(*place, message);
            finding.label("nothing listens in this container");
            finding.related(request.place, "the image's health check asks here");
            finding.note("give the service a `healthcheck` of its own, or `healthcheck: { disable: true }`");
            finding.level(Level::Warn);
        }
        Missed::Path { route, place } => {
            let message = format!(
                "{who} is never healthy: its check asks `{}`, the application answers `{route}`",
                request.path_asked()
            );
            let finding = found.at(request.path_place, message);
            finding.label("404: no module declares this route");
            finding.related(*place, "this route there is");
            finding.level(Level::Warn);
            // What stands before the last part may be a prefix that something mounts the route under.
            let written = request.path_asked().to_owned();
            let is_plain =
                request.path_place.range().len() == written.len() && !written.trim_matches('/').contains('/');
            if is_plain {
                finding.suggest(format!("ask `{route}`"), [Edit { place: request.path_place, text: route.clone() }]);
            }
        }
    }
}

fn repair(finding: &mut Finding, request: &Request, port: Option<u16>, is_sure: bool) {
    let Some(port) = port else { return };
    let title = format!("ask port {port}");
    match is_sure {
        true => finding.fix(title, request.port_edit(port)),
        false => finding.suggest(title, request.port_edit(port)),
    };
}

fn said(heard: &Heard) -> String {
    let port = heard.port;
    match heard.by {
        Word::Option => format!("the server is started on {port}"),
        Word::Environment => format!("the server is told {port}"),
        Word::Config | Word::Code => format!("the server listens on {port}"),
        Word::Default => format!("it listens on {port} when nothing tells it otherwise"),
        Word::Exposed => format!("{port} is exposed"),
        Word::Published => format!("{port} is published"),
    }
}
