//! Traefik's files: static configuration, which says where to look, and dynamic configuration, which routes.

use super::rule::Rule;
use super::{Address, Backend, Hostname, Route, Router, Routing};
use crate::settings::Setting;
use crate::{Repo, Service};
use twiceshy_source::{FileId, Place, Span};

/// Where Traefik looks for dynamic configuration in files (`providers.file`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProvider {
    /// The file or directory, as a path in Traefik's container.
    pub path: String,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Whether it is watched; it is unless something says otherwise.
    pub watch: bool,
    /// Where the path stands.
    pub place: Place,
}

/// Reads a file that is one of Traefik's.
pub(super) fn read(root: &Setting, file: FileId) -> Option<Routing> {
    let provider = root.at(&["providers", "file"]).and_then(provider);
    let is_static = root.get("entryPoints").is_some() || root.get("providers").is_some();
    let dynamic: Vec<&Setting> = ["http", "tcp"].iter().filter_map(|key| root.get(key)).collect();
    let is_dynamic = dynamic.iter().any(|part| part.get("routers").is_some() || part.get("services").is_some());
    if !is_dynamic && !(is_static && (provider.is_some() || root.get("entryPoints").is_some())) {
        return None;
    }
    let routes = dynamic.into_iter().flat_map(routes).collect();
    Some(Routing { file, by: Router::TraefikFile, routes, tunnel: None, provider })
}

impl Repo {
    /// Where the Traefik of a service looks for dynamic configuration in files: what its flags, its environment and the
    /// static configuration that is mounted into it say.
    pub fn file_providers(&self, service: &Service) -> Vec<FileProvider> {
        let mut said: Vec<(String, String, Place)> = Vec::new();
        let argv: Vec<_> = service.argv().collect();
        for (at, word) in argv.iter().enumerate() {
            let Some(flag) = word.text().strip_prefix("--").filter(|flag| starts_with(flag, "providers.file")) else {
                continue;
            };
            let place = |word: &twiceshy_source::Extract| word.place(Span::new(0, word.text().len()));
            match flag.split_once('=') {
                Some((key, value)) => said.push((key.to_ascii_lowercase(), value.to_owned(), place(word))),
                None => {
                    let value = argv.get(at + 1).filter(|next| !next.text().starts_with('-'));
                    let text = value.map_or("true", |value| value.text());
                    said.push((flag.to_ascii_lowercase(), text.to_owned(), place(value.unwrap_or(word))));
                }
            }
        }
        for variable in &service.environment {
            let key = variable.name.strip_prefix("TRAEFIK_").unwrap_or_default().to_ascii_lowercase().replace('_', ".");
            if let Some(value) = variable.value.as_ref().filter(|_| starts_with(&key, "providers.file")) {
                said.push((key, value.shown().to_owned(), value.place()));
            }
        }
        let watch = !said.iter().any(|(key, value, _)| key.ends_with(".watch") && value == "false");
        let mut providers: Vec<FileProvider> = said
            .into_iter()
            .filter(|(key, ..)| key.ends_with(".filename") || key.ends_with(".directory"))
            .map(|(key, path, place)| FileProvider { path, is_directory: key.ends_with(".directory"), watch, place })
            .collect();
        let mounted = |path: &str| {
            service
                .mounts
                .iter()
                .filter_map(|mount| mount.path.as_deref())
                .any(|mount| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        let files = self.routings.iter().filter(|routing| mounted(self.tree.path(routing.file)));
        providers.extend(files.filter_map(|routing| routing.provider.clone()));
        providers
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn provider(file: &Setting) -> Option<FileProvider> {
    let watch = file.get("watch").and_then(Setting::text).is_none_or(|(text, _)| text != "false");
    let of = |key: &str, is_directory: bool| {
        let (path, place) = file.get(key)?.text()?;
        Some(FileProvider { path: path.to_owned(), is_directory, watch, place })
    };
    // A directory wins (pkg/provider/file/file.go).
    of("directory", true).or_else(|| of("filename", false))
}

fn routes(part: &Setting) -> Vec<Route> {
    let mut routes = Vec::new();
    for (_, _, router) in part.get("routers").map(Setting::entries).unwrap_or_default() {
        let Some((text, place)) = router.get("rule").and_then(Setting::text) else { continue };
        let service = router.get("service").and_then(Setting::text).map(|(name, _)| name);
        let backend = service.and_then(|name| server(part, name)).map_or(Backend::Unknown, Backend::Address);
        routes.extend(of_rule(
            text,
            &|span| (span.of(text).to_owned(), within(place, text, span)),
            place,
            &backend,
            Router::TraefikFile,
        ));
    }
    routes
}

/// The place of a part of a text that stands at `place`; of all of it where it is written with escapes.
fn within(place: Place, text: &str, span: Span) -> Place {
    if place.end - place.start == text.len() as u32 {
        Place { start: place.start + span.start, end: place.start + span.end, ..place }
    } else {
        place
    }
}

/// The routes that a rule gives: one for each hostname, or one for any. `part` gives the text and place of a span.
pub(super) fn of_rule(
    text: &str,
    part: &dyn Fn(Span) -> (String, Place),
    place: Place,
    backend: &Backend,
    by: Router,
) -> Vec<Route> {
    let rule = Rule::of(text);
    let path = rule.path.map(|span| part(span).0);
    let route = |hostname: Option<Hostname>| Route {
        place: hostname.as_ref().map_or(place, |hostname| hostname.place),
        hostname,
        path: path.clone(),
        backend: backend.clone(),
        by,
    };
    if rule.hosts.is_empty() {
        return vec![route(None)];
    }
    let hostname = |(span, is_regex): &(Span, bool)| {
        let (name, place) = part(*span);
        if *is_regex { Hostname::of_regex(&name, place) } else { Hostname::new(&name, place) }
    };
    rule.hosts.iter().map(|host| route(Some(hostname(host)))).collect()
}

/// The first server of a service, `@file` taken off its name.
fn server(part: &Setting, name: &str) -> Option<Address> {
    let name = name.split('@').next()?;
    let servers = part.at(&["services", name, "loadBalancer", "servers"])?;
    let server = servers.items().first()?;
    let (url, place) = server.get("url").or_else(|| server.get("address")).and_then(Setting::text)?;
    Address::parse(url, place)
}
