//! Finds health checks that ask a path which wants credentials, without any.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Client, HealthCheck, HealthEndpoint, Launch, Repo, Request};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckNeedsAuth {}

impl Lint for HealthcheckNeedsAuth {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for check in repo.health_checks() {
            let Some((project, service)) = check.service else { continue };
            let Some(launch) = Launch::of_service(project, service, repo) else { continue };
            for request in check.requests.iter().filter(|request| request.is_own()) {
                ask(&check, request, &launch, repo, found);
            }
        }
    }
}

fn ask(check: &HealthCheck<'_>, request: &Request, launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let facts = launch.facts(repo);
    let endpoints = facts.health_endpoints();
    let on_port = |endpoint: &HealthEndpoint| {
        let ports = facts.default_ports();
        match (endpoint.port, request.port_asked()) {
            (Some(own), Some(asked)) => own == asked,
            (None, Some(asked)) => ports.is_empty() || ports.contains(&asked),
            (_, None) => false,
        }
    };
    let asked = endpoints.iter().find(|endpoint| on_port(endpoint) && endpoint.is_asked_by(request.path_asked()));
    let Some(endpoint) = asked.filter(|endpoint| endpoint.wants_credentials) else { return };
    if endpoint.unless.iter().any(|condition| launch.may_hold(condition))
        || launch.mounts.iter().any(|mount| is_configuration(&mount.target) && !endpoint.unless.is_empty())
        || sends_credentials(check, request)
        || !fails_on_status(check, request)
    {
        return;
    }
    let name = launch.name();
    let message = format!(
        "`{name}` stays unhealthy: `{}` answers a request for `{}` without credentials with 401 or 403",
        launch.image,
        request.path_asked()
    );
    let finding = found.at(request.place, message).label("sends none");
    finding.related(launch.image_place, format!("`{}` wants them for this path", launch.image));
    let open: Vec<&str> = endpoints
        .iter()
        .filter(|other| !other.wants_credentials && !other.path.contains('*') && other.path != "/")
        .map(|other| other.path.as_str())
        .collect();
    if let Some(native) = facts.native_check() {
        finding.note(format!("the image's own check: `{native}`"));
    }
    if !open.is_empty() {
        finding.note(format!("it answers everybody at {}", open.join(", ")));
    }
}

/// Whether the request holds anything that may be credentials.
fn sends_credentials(check: &HealthCheck<'_>, request: &Request) -> bool {
    let Some(program) = check.programs.get(request.program) else { return true };
    let words: Vec<&str> = program.words.iter().map(|word| word.text()).collect();
    words.iter().any(|word| {
        let lower = word.to_ascii_lowercase();
        let has = |part: &str| lower.contains(part);
        (lower.starts_with("-u") && !lower.starts_with("-u=") && request.client == Client::Curl)
            || [
                "--user",
                "--http-user",
                "--netrc",
                "--cert",
                "--key",
                "--config",
                "--header",
                "--oauth2-bearer",
                "--password",
            ]
            .iter()
            .any(|option| lower == *option || lower.starts_with(&format!("{option}=")))
            || word.starts_with("-H")
            || matches!(*word, "-n" | "-K" | "-E")
            || has("authorization")
            || has("token")
            || has("api_key")
            || has("apikey")
            || has("auth")
            || has("macaroon")
            || lower
                .split("://")
                .nth(1)
                .is_some_and(|rest| rest.split('/').next().is_some_and(|host| host.contains('@')))
    })
}

/// Whether an answer of 401 makes the check fail: `curl -f`, wget, and no other command judges what comes back.
fn fails_on_status(check: &HealthCheck<'_>, request: &Request) -> bool {
    let Some(program) = check.programs.get(request.program) else { return false };
    let is_curl_fail = || {
        program.words.iter().map(|word| word.text()).any(|word| {
            word.starts_with("--fail") || word.starts_with('-') && !word.starts_with("--") && word.contains('f')
        })
    };
    let others = check.programs.iter().enumerate().filter(|(at, _)| *at != request.program);
    let judged = others
        .map(|(_, other)| other.name.as_str())
        .any(|name| !matches!(name, "exit" | "true" | "false" | "sh" | "bash" | "echo"));
    !judged
        && match request.client {
            Client::Curl => is_curl_fail(),
            Client::Wget => true,
            _ => false,
        }
}

/// Whether what is mounted there may configure the server.
fn is_configuration(target: &str) -> bool {
    [".yml", ".yaml", ".conf", ".ini", ".toml", ".cfg", ".xml", "/config", "/conf"]
        .iter()
        .any(|end| target.ends_with(end))
}
