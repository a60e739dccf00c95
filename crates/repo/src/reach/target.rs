//! Health checks that ask their own container where nothing answers.

use crate::compose::Port;
use crate::health::{Client, HealthCheck, Request};
use crate::listens::{Heard, Hears};
use crate::{Application, FileId, Focus, Place, Repo, Service, Tree};
use twiceshy_source::Span;

/// A request of a health check for which nobody is there.
#[derive(Debug)]
pub struct WrongTarget<'r> {
    /// The check.
    pub check: HealthCheck<'r>,
    /// The number of the request among those of the check.
    pub request: usize,
    /// What is wrong with it.
    pub why: Missed,
}

/// Why nobody answers a request.
#[derive(Debug)]
pub enum Missed {
    /// Nothing listens on that port.
    Port {
        /// The port that is asked.
        port: u16,
        /// Where the server listens, the best-known first.
        listens: Vec<Heard>,
        /// The port of the host that was taken for the container's.
        published: Option<Port>,
        /// Whether the server itself is seen to listen elsewhere.
        is_sure: bool,
    },
    /// The service runs a program that does not listen at all; the check is its image's.
    Worker {
        /// The program.
        program: String,
        /// Where it is started.
        place: Place,
    },
    /// The application has no such route, and one of another name for the same purpose.
    Path {
        /// The route that it has.
        route: String,
        /// Where that is declared.
        place: Place,
    },
}

/// The last part of routes that tell about health.
const HEALTH: &[&str] = &[
    "health",
    "healthz",
    "health-check",
    "healthcheck",
    "health_check",
    "ping",
    "ready",
    "readyz",
    "readiness",
    "live",
    "livez",
    "liveness",
    "status",
    "up",
    "alive",
    "heartbeat",
    "__heartbeat__",
];

/// How many modules an application may have whose routes are read.
const MAX_MODULES: usize = 400;

/// What makes routes that no literal names: catch-alls, files that are routes.
const CATCH_ALLS: &[&str] = &[
    "'*'",
    "\"*\"",
    "\"/*\"",
    "'/*'",
    "/*splat",
    "(.*)",
    ":path}",
    "<path:",
    "<re:",
    "StaticFiles(",
    "express.static(",
    "serveStatic(",
    "next/server",
    "createNextApp",
    "@sveltejs/kit",
    "ProxyPass",
    "createProxyMiddleware",
];

impl Repo {
    /// Requests of health checks for which nobody is there.
    pub fn wrong_targets(&self, focus: Focus) -> Vec<WrongTarget<'_>> {
        let mut found = Vec::new();
        for check in self.health_checks().into_iter().filter(|check| check.may_stand_in(focus)) {
            // In another's network, others listen.
            let shares = check
                .service
                .is_some_and(|(project, service)| service.network_mode().is_some() || project.is_shared(service));
            if shares {
                continue;
            }
            let missed = check.requests.iter().enumerate().filter(|(_, request)| request.is_own());
            // One that may pass is enough: `a || b`.
            let missed: Vec<_> = missed.map(|(at, request)| (at, self.missed(&check, request))).collect();
            if check.requests.len() != missed.len() || missed.iter().any(|(_, missed)| missed.is_none()) {
                continue;
            }
            if let Some((request, Some(why))) = missed.into_iter().next() {
                found.push(WrongTarget { check, request, why });
            }
        }
        found
    }

    fn missed(&self, check: &HealthCheck<'_>, request: &Request) -> Option<Missed> {
        let port = request.port_asked()?;
        let listening = self.listening_under(check);
        if let Some((program, place)) = listening.only_worker().filter(|_| check.dockerfile.is_some()) {
            return Some(Missed::Worker { program, place });
        }
        let wrong = |published: Option<Port>, is_sure| Missed::Port {
            port,
            listens: listening.best().to_vec(),
            published,
            is_sure,
        };
        match listening.hears(port) {
            Hears::IsPublished(published) => Some(wrong(Some(published.clone()), true)),
            Hears::No { is_sure } => Some(wrong(None, is_sure)),
            Hears::Yes(_) | Hears::Unknown => {
                let (_, service) = check.service?;
                let (route, place) = self.other_route(check, service, request)?;
                Some(Missed::Path { route, place })
            }
        }
    }

    /// The one health route that a small application declares, when the one that is asked stands nowhere in it.
    fn other_route(&self, check: &HealthCheck<'_>, service: &Service, request: &Request) -> Option<(String, Place)> {
        let asks_http = matches!(request.client, Client::Curl | Client::Wget | Client::Node | Client::Python);
        if !asks_http || !heeds_status(check, request) {
            return None;
        }
        let application = service.application(self).filter(|application| !application.reached.is_empty())?;
        let path = request.path_asked().trim_end_matches('/');
        let last = path.rsplit('/').next().filter(|last| HEALTH.contains(last))?;
        let modules = &application.modules[..];
        if modules.len() > MAX_MODULES || self.is_routed_by_files(application, last) {
            return None;
        }
        let mut routes: Vec<(String, Place)> = Vec::new();
        for file in modules {
            let source = self.tree.source(*file).ok()?;
            let text = source.text();
            if CATCH_ALLS.iter().any(|word| text.contains(word)) || has_segment(text, last) {
                return None;
            }
            routes.extend(health_routes(text, *file));
        }
        routes.dedup_by(|a, b| a.0 == b.0);
        match routes.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// Whether a file below the application's directory has the name of the route: Next.js, SvelteKit, Nuxt.
    fn is_routed_by_files(&self, application: &Application, last: &str) -> bool {
        self.tree.below(&application.dir).any(|file| {
            let path = self.tree.path(file);
            path.split('/').any(|part| part == last || part.split('.').next() == Some(last))
        })
    }
}

/// Whether the check fails when the server answers 404.
fn heeds_status(check: &HealthCheck<'_>, request: &Request) -> bool {
    if request.client != Client::Curl {
        return request.client != Client::Node;
    }
    check.programs.get(request.program).is_some_and(|program| {
        program.words.iter().map(|word| word.text()).any(|word| {
            word == "--fail"
                || word == "--fail-with-body"
                || (word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
        })
    })
}

/// Whether `segment` stands in a text as a part of a path or a whole string.
fn has_segment(text: &str, segment: &str) -> bool {
    text.match_indices(segment).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + segment.len()..).and_then(|after| after.chars().next());
        before.is_some_and(|c| "/\"'`".contains(c)) && after.is_some_and(|c| "/\"'`?".contains(c))
    })
}

/// Routes that tell about health, as quoted paths: `"/healthz"`.
fn health_routes(text: &str, file: FileId) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('/') {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let Some(quote) = before.filter(|c| "\"'`".contains(*c)) else { continue };
        let rest = text.get(at..).unwrap_or_default();
        let Some(len) = rest.find(quote) else { continue };
        let path = rest.get(..len).unwrap_or_default();
        let is_route = path.len() < 60 && path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
        if is_route && HEALTH.contains(&Tree::name(path)) && is_declared(text, at) {
            found.push((path.to_owned(), Place::new(file, Span::new(at, at + len))));
        }
    }
    found
}

/// Whether the string at `at` is the first argument of a call that declares a route: `@app.get("/x")`, `app.get('/x', …)`,
/// `path("/x", …)`.
fn is_declared(text: &str, at: usize) -> bool {
    let before = text.get(..at - 1).unwrap_or_default().trim_end();
    let Some(call) = before.strip_suffix('(') else { return false };
    let start = call.rfind(|c: char| !(c.is_alphanumeric() || "_.".contains(c))).map_or(0, |at| at + 1);
    let name = call.get(start..).unwrap_or_default();
    let Some((object, method)) = name.rsplit_once('.') else { return matches!(name, "path" | "route" | "Route") };
    let object = object.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_app = ["app", "router", "api", "server", "fastify", "blueprint", "bp", "route"]
        .iter()
        .any(|word| object.contains(word));
    is_app
        && matches!(
            method,
            "get" | "route" | "all" | "use" | "api_route" | "add_api_route" | "add_url_rule" | "add_get"
        )
}
