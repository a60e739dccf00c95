//! A service is told to call another one on a port on which that one does not listen.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{DeadEnd, Heard, Repo, Told, Word, WrongPort};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServicePortMismatch {}

impl Lint for ServicePortMismatch {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Caddy | Compose | Env | Nginx);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for wrong in repo.wrong_ports(found.focus()) {
            report(&wrong, found);
        }
        for dead in repo.dead_ends(found.focus()) {
            report_dead_end(&dead, found);
        }
    }
}

fn report_dead_end(dead: &DeadEnd<'_>, found: &mut Findings) {
    let (service, target) = (&dead.service.name, dead.target);
    let listens = listed(&dead.listens);
    let inside = dead.published.as_ref().and_then(|published| published.target);
    let message = match (dead.is_label, inside) {
        (false, _) => {
            format!("nothing answers on this published port: `{service}` listens on {listens}, not on {target}")
        }
        (true, None) => {
            format!("Traefik answers 502: it asks `{service}` on {target}, and `{service}` listens on {listens}")
        }
        (true, Some(inside)) => format!(
            "Traefik answers 502: {target} is the port of the host, inside the network `{service}` listens on {inside}"
        ),
    };
    let finding = found.at(dead.place, message);
    finding.label(format!("leads to port {target} of `{service}`"));
    if let (Some(published), Some(inside)) = (&dead.published, inside) {
        finding.related(published.place, format!("published: {target} outside, {inside} inside"));
    } else if let Some(heard) = dead.listens.first() {
        finding.related(heard.place, said(heard, service));
    }
}

fn report(wrong: &WrongPort<'_>, found: &mut Findings) {
    let (from, to, port) = (&wrong.from.name, &wrong.to.name, wrong.port);
    let listens = listed(&wrong.listens);
    let message = match &wrong.published {
        Some(published) => {
            let target = published.target.map(|target| target.to_string()).unwrap_or_default();
            format!(
                "`{from}` is refused when it calls `{to}`: {port} is the port of the host, inside the network `{to}` listens on {target}"
            )
        }
        None => format!(
            "`{from}` is refused when it calls `{to}`: nothing there listens on {port}, `{to}` listens on {listens}"
        ),
    };
    let finding = found.at(wrong.call.place(), message);
    finding.label(match &wrong.call.by {
        Told::Pair(host, _) => format!("with `{host}` this is `{to}:{port}`"),
        _ if wrong.call.port_place.is_none() => format!("this means port {port}"),
        _ => "connection refused".to_owned(),
    });
    let right = match &wrong.published {
        Some(published) => {
            finding.related(
                published.place,
                format!(
                    "published: {} outside, {} inside",
                    port,
                    published.target.map(|target| target.to_string()).unwrap_or_default()
                ),
            );
            published.target.filter(|target| target.0 == target.1).map(|target| target.0)
        }
        None => match wrong.listens.as_slice() {
            [only] => Some(only.port),
            _ => None,
        },
    };
    let shown: Option<&Heard> = wrong.listens.iter().find(|heard| Some(heard.port) == right).or(wrong.listens.first());
    if let Some(heard) = shown.filter(|heard| heard.by < Word::Published || wrong.published.is_none()) {
        finding.related(heard.place, said(heard, to));
    }
    if wrong.published.is_some() {
        finding
            .note("published ports are for what calls the host; containers of one network call each other's own ports");
    }
    if let Some(right) = right {
        finding.suggest(format!("call port {right}"), wrong.call.renumber(right));
    }
    if wrong.call.is_foreign {
        finding.level(Level::Pedantic);
    } else if !wrong.is_sure {
        finding.level(Level::Warn);
    }
}

fn said(heard: &Heard, to: &str) -> String {
    let port = heard.port;
    match heard.by {
        Word::Option => format!("`{to}` is started on {port}"),
        Word::Environment => format!("`{to}` is told {port}"),
        Word::Config => format!("`{to}` listens on {port}"),
        Word::Code => format!("`{to}` listens on {port}"),
        Word::Default => format!("`{to}` listens on {port} when nothing tells it otherwise"),
        Word::Exposed => format!("`{to}` exposes {port}"),
        Word::Published => format!("`{to}`'s port {port} is published"),
    }
}

fn listed(heard: &[Heard]) -> String {
    let ports: Vec<String> = heard.iter().take(6).map(|heard| heard.port.to_string()).collect();
    match ports.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => ports.join(""),
    }
}
