//! Whom the configuration of a service calls: nginx' upstreams, a Caddyfile, what Prometheus scrapes.

use super::call::{Call, Told};
use super::endpoint::{Endpoint, EndpointPort, host_and_port, urls};
use crate::compose::MountKind;
use crate::dockerfile::{CopyFrom, StepKind};
use crate::health::Container;
use crate::{FileId, Project, Repo, Service, Tree};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use twiceshy_source::{Extract, Span};

/// How many files of a mounted directory are read.
const MAX_FILES: usize = 100;

/// How large a configuration may be, in bytes.
const MAX_SIZE: usize = 200_000;

/// Directives of nginx that name a server.
const PASSES: &[&str] =
    &["proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "server"];

/// What a file that configures a service names, whatever service that is.
#[derive(Debug)]
pub(crate) struct Configuration {
    is_nginx: bool,
    /// The names that nginx gives to servers elsewhere.
    upstreams: Vec<String>,
    servers: Vec<NamedServer>,
}

#[derive(Debug)]
struct NamedServer {
    /// It stands in an `upstream`, not in a directive that passes on to one.
    is_server: bool,
    host: String,
    call: Call,
}

impl Repo {
    /// Whom the configuration calls that a service is given: files that are mounted, and those that its Dockerfile copies to
    /// where servers look for them. Of nginx every server, of other programs what is written `host:port` and is a name that
    /// the service reaches.
    pub fn configured_calls(&self, project: &Project, service: &Service) -> Arc<[Call]> {
        match self.position_in(project, service) {
            Some(at) => self.answered.configured_calls.get(at, || self.find_configured_calls(project, service).into()),
            None => self.find_configured_calls(project, service).into(),
        }
    }

    fn find_configured_calls(&self, project: &Project, service: &Service) -> Vec<Call> {
        let container = Container::of(service, service.build_context(self), self);
        let read = |file: FileId| self.answered.configurations.get(file, || self.configuration_in(file));
        let files: Vec<Arc<Configuration>> =
            self.configuration_of(service, &container).into_iter().filter_map(read).collect();
        let mut upstreams: FxHashSet<&str> =
            files.iter().flat_map(|file| &file.upstreams).map(String::as_str).collect();
        // Some images write an upstream while they are built.
        let dockerfile = container.build.as_ref().map(|build| build.dockerfile.file);
        let dockerfile = dockerfile.filter(|_| files.iter().any(|file| file.is_nginx));
        let written = dockerfile.and_then(|file| self.tree.source(file).ok());
        if let Some(source) = &written {
            let words: Vec<&str> = source.text().split_whitespace().collect();
            let named = words.iter().zip(words.iter().skip(1)).filter(|(word, _)| word.ends_with("upstream"));
            upstreams.extend(named.map(|(_, name)| *name));
        }
        let mut calls = Vec::new();
        for file in &files {
            let counts = |named: &&NamedServer| {
                if file.is_nginx {
                    named.is_server || !upstreams.contains(named.host.as_str())
                } else {
                    project.reached(service, &named.host).iter().any(|to| to.name != service.name)
                }
            };
            calls.extend(file.servers.iter().filter(counts).map(|named| named.call.clone()));
        }
        calls
    }

    /// What a file that configures a service names; `None` where it cannot be read or is too long.
    fn configuration_in(&self, file: FileId) -> Option<Arc<Configuration>> {
        let source = self.tree.source(file).ok()?;
        let (path, text) = (self.tree.path(file), source.text());
        if text.len() > MAX_SIZE {
            return None;
        }
        let is_nginx =
            (path.ends_with(".conf") || path.contains("nginx")) && PASSES.iter().any(|word| text.contains(word));
        let mut upstreams = Vec::new();
        if is_nginx {
            let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("upstream"));
            upstreams.extend(
                names.filter_map(|name| Some(name.split(['{', ' ', '\t']).find(|word| !word.is_empty())?.to_owned())),
            );
        }
        let mut servers = Vec::new();
        for number in 0..source.line_count() {
            let line = source.line(number);
            if line.trim_start().starts_with(['#', ';']) || !(line.contains(':') || line.contains("_pass")) {
                continue;
            }
            let named = if is_nginx { in_nginx(line) } else { in_line(line) };
            servers.extend(named.into_iter().map(|passed| {
                let (scheme, span, port) = passed.written;
                let extract = Extract::verbatim(file, source.line_span(number).start, line);
                let told = Told::Config(if is_nginx { "nginx" } else { "configuration" });
                let call = Call::written(extract, span, port, scheme, told);
                NamedServer { is_server: passed.is_server, host: passed.host, call }
            }));
        }
        Some(Arc::new(Configuration { is_nginx, upstreams, servers }))
    }

    /// The files of the repository that configure a service.
    fn configuration_of(&self, service: &Service, container: &Container<'_>) -> Vec<FileId> {
        let mut paths: Vec<String> = Vec::new();
        for mount in service.mounts.iter().filter(|mount| mount.kind == MountKind::Bind) {
            let (Some(path), Some(target)) = (&mount.path, &mount.target) else { continue };
            // Whole directories that are mounted elsewhere are code or data.
            if self.tree.file(path).is_some() || target.starts_with("/etc") {
                paths.push(path.clone());
            }
        }
        if let Some((build, stage)) = container.build.as_ref().zip(container.stage) {
            for step in build.dockerfile.steps_of(stage) {
                let StepKind::Copy(copy) = &step.kind else { continue };
                if matches!(copy.from, Some(CopyFrom::Stage(_) | CopyFrom::Other(_))) {
                    continue;
                }
                let to_etc = copy.dest.as_ref().is_some_and(|dest| dest.known().starts_with("/etc"));
                let sources = copy.context_sources().filter_map(|(_, path)| Tree::join(&build.dir, &path));
                paths.extend(
                    sources
                        .filter(|path| to_etc || path.ends_with(".conf") || Tree::name(path).starts_with("Caddyfile")),
                );
            }
        }
        let mut files: Vec<FileId> = Vec::new();
        for path in paths {
            let found = self.tree.file(&path).into_iter().chain(self.tree.below(&path).take(MAX_FILES));
            files.extend(found.filter(|file| is_configuration(self.tree.path(*file))));
        }
        files.sort();
        files.dedup();
        files
    }
}

fn is_configuration(path: &str) -> bool {
    let name = Tree::name(path);
    // Programs and data are not configuration, whatever is mounted.
    name.starts_with("Caddyfile")
        || name.rsplit_once('.').is_some_and(|(_, end)| {
            matches!(
                end,
                "conf"
                    | "cfg"
                    | "yml"
                    | "yaml"
                    | "toml"
                    | "ini"
                    | "properties"
                    | "template"
                    | "json"
                    | "hcl"
                    | "caddy"
                    | "river"
                    | "alloy"
            )
        })
}

type Written = (Option<String>, Span, EndpointPort);

/// A server that nginx' configuration names.
struct Passed {
    /// It stands in an `upstream`, not in a directive that passes on to one.
    is_server: bool,
    host: String,
    written: Written,
}

/// The servers that a line of nginx' configuration names.
fn in_nginx(line: &str) -> Vec<Passed> {
    let mut found = Vec::new();
    let code = line.split('#').next().unwrap_or_default();
    let mut start = 0;
    for part in code.split([';', '{', '}']) {
        let at = start;
        start += part.len() + 1;
        let indent = part.len() - part.trim_start().len();
        let mut words = part.trim().splitn(2, char::is_whitespace);
        let (Some(directive), Some(rest)) = (words.next(), words.next()) else { continue };
        if !PASSES.contains(&directive) {
            continue;
        }
        let value = rest.trim_start();
        let from = at + indent + part.trim().len() - value.len();
        let value = value.split_whitespace().next().unwrap_or_default();
        let endpoint = if value.contains("://") {
            urls(value).pop()
        } else {
            // `server` without a port means 80.
            host_and_port(value, 0).map(|mut endpoint| {
                if directive == "server" && !value.contains(':') {
                    endpoint.port = EndpointPort::Scheme(80);
                }
                endpoint
            })
        };
        if let Some(endpoint) = endpoint {
            let written = (endpoint.scheme, moved(endpoint.host_span, from), shifted(endpoint.port, from));
            found.push(Passed { is_server: directive == "server", host: endpoint.host, written });
        }
    }
    found
}

/// `host:port` and `scheme://host` in a line, whatever the hosts are.
fn in_line(line: &str) -> Vec<Passed> {
    let passed = |endpoint: Endpoint, scheme| Passed {
        is_server: false,
        host: endpoint.host,
        written: (scheme, endpoint.host_span, endpoint.port),
    };
    let mut found: Vec<Passed> = Vec::new();
    for mut endpoint in urls(line) {
        let scheme = endpoint.scheme.take();
        found.push(passed(endpoint, scheme));
    }
    // What an image is called looks the same.
    if line.contains("image") {
        return found;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    for (colon, _) in line.match_indices(':') {
        let before = line.get(..colon).unwrap_or_default();
        let start = before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + 1);
        let after = line.get(colon + 1..).unwrap_or_default();
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let is_whole = after.get(digits..).and_then(|rest| rest.chars().next()).is_none_or(|c| !is_name(c));
        let text = line.get(start..colon + 1 + digits).unwrap_or_default();
        let Some(endpoint) = host_and_port(text, start).filter(|_| is_whole) else { continue };
        let is_new = !found.iter().any(|other| other.written.1 == endpoint.host_span);
        if is_new && matches!(endpoint.port, EndpointPort::Written(80.., _)) {
            found.push(passed(endpoint, None));
        }
    }
    found
}

fn moved(span: Span, by: usize) -> Span {
    Span::new(span.start as usize + by, span.end as usize + by)
}

fn shifted(port: EndpointPort, by: usize) -> EndpointPort {
    match port {
        EndpointPort::Written(port, span) => EndpointPort::Written(port, moved(span, by)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_names_servers() {
        let read = |line: &str| {
            in_nginx(line)
                .into_iter()
                .map(|passed| {
                    let (_, span, port) = passed.written;
                    assert_eq!(span.of(line), passed.host);
                    (passed.host, port.number())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(read("    proxy_pass http://api:8080/;"), [("api".into(), Some(8080))]);
        assert_eq!(read("location / { proxy_pass http://api; }"), [("api".into(), Some(80))]);
        assert_eq!(read("  server api:8080 max_fails=3;"), [("api".into(), Some(8080))]);
        assert_eq!(read("  fastcgi_pass php:9000;"), [("php".into(), Some(9000))]);
        assert_eq!(read("server {"), []);
        assert_eq!(read("  server_name api;"), []);
        assert_eq!(read("  proxy_pass http://$upstream:80;"), []);
    }
}
