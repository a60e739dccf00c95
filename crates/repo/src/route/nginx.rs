//! nginx's configuration: `server` blocks, their names, and where they pass requests.

use super::{Address, Backend, Hostname, Route, Router, Routing};
use crate::{Input, Lowered};
use rustc_hash::FxHashMap;
use twiceshy_source::{Place, Span};
use twiceshy_syntax::blocks::{self, Blocks, Dialect, DirectiveId};

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    // A configuration without one of these has no routes.
    if !["server_name", "proxy_pass", "listen"].iter().any(|word| text.contains(word)) {
        return;
    }
    let parsed = blocks::parse(text, Dialect::Nginx);
    let named = parsed.all().filter(|id| parsed.name(*id) == "upstream");
    let upstreams = named.filter_map(|id| Some((parsed.words(id).get(1)?.text.to_ascii_lowercase(), id))).collect();
    let reader = Reader { input, blocks: &parsed, upstreams };
    let servers = parsed.all().filter(|id| parsed.name(*id) == "server");
    let routes: Vec<Route> = servers.flat_map(|id| reader.server(id)).take(super::MAX_ROUTES).collect();
    if !routes.is_empty() {
        out.routings.push(Routing { file: input.file, by: Router::Nginx, routes, tunnel: None, provider: None });
    }
}

struct Reader<'a> {
    input: Input<'a>,
    blocks: &'a Blocks,
    upstreams: FxHashMap<String, DirectiveId>,
}

impl Reader<'_> {
    fn place(&self, span: Span) -> Place {
        Place::new(self.input.file, span)
    }

    /// The routes of a `server` block: one for each of its names and each place that it passes requests to.
    fn server(&self, id: DirectiveId) -> Vec<Route> {
        let Some(server) = self.blocks.get(id).filter(|server| server.has_block && server.words.len() == 1) else {
            return Vec::new();
        };
        let names = || self.blocks.children(id).filter(|child| self.blocks.name(*child) == "server_name");
        let mut hostnames: Vec<Option<Hostname>> = names()
            .flat_map(|child| self.blocks.words(child).iter().skip(1))
            .map(|word| hostname(&word.text, self.place(word.span)))
            .collect();
        if hostnames.is_empty() {
            hostnames.push(None);
        }
        let mut passes: Vec<(Option<String>, Backend, Place)> = Vec::new();
        let mut location: Option<String> = None;
        for inner in self.blocks.inside(id) {
            let words = self.blocks.words(inner);
            match self.blocks.name(inner) {
                "location" => location = words.last().map(|word| word.text.clone()),
                "proxy_pass" | "grpc_pass" | "fastcgi_pass" | "uwsgi_pass" => {
                    let Some(target) = words.get(1) else { continue };
                    passes.push((location.clone(), self.backend(&target.text, target.span), self.place(target.span)));
                }
                _ => {}
            }
        }
        if passes.is_empty() {
            passes.push((None, Backend::Unknown, self.place(server.words[0].span)));
        }
        let mut routes = Vec::new();
        for hostname in hostnames {
            for (path, backend, place) in passes.iter().take(super::MAX_ROUTES.saturating_sub(routes.len())) {
                routes.push(Route {
                    place: hostname.as_ref().map_or(*place, |hostname| hostname.place),
                    hostname: hostname.clone(),
                    path: path.clone(),
                    backend: backend.clone(),
                    by: Router::Nginx,
                });
            }
        }
        routes
    }

    /// Where `proxy_pass` leads: the first server of an upstream of this file, or the address itself.
    fn backend(&self, target: &str, span: Span) -> Backend {
        let Some(address) = Address::parse(target, self.place(span)) else { return Backend::Unknown };
        let Some(&upstream) = self.upstreams.get(&address.host) else { return Backend::Address(address) };
        let server = self.blocks.children(upstream).find(|child| self.blocks.name(*child) == "server");
        let word = server.and_then(|server| self.blocks.words(server).get(1));
        match word.and_then(|word| Address::parse(&word.text, self.place(word.span))) {
            Some(server) => Backend::Address(Address { scheme: address.scheme, ..server }),
            None => Backend::Unknown,
        }
    }
}

/// A word of `server_name`: `None` for the names that stand for any.
fn hostname(name: &str, place: Place) -> Option<Hostname> {
    if matches!(name, "_" | "" | "localhost" | "default" | "$hostname") {
        return None;
    }
    if let Some(regex) = name.strip_prefix('~') {
        return Some(Hostname::of_regex(regex, place));
    }
    Some(Hostname::new(
        &globbed(name.strip_prefix('.').map_or(name.to_owned(), |zone| format!("*{zone}")).as_str()),
        place,
    ))
}

/// A word with `*` for each variable of nginx's or of a template's in it.
pub(super) fn globbed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{']) {
        out.push_str(&rest[..at]);
        out.push('*');
        let variable = &rest[at..];
        let braces = variable.trim_start_matches('$');
        let end = if braces.starts_with('{') {
            variable.find('}').map_or(variable.len(), |end| {
                variable[end..].find(|c| c != '}').map_or(variable.len(), |more| end + more)
            })
        } else {
            variable[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(variable.len(), |end| end + 1)
        };
        rest = &variable[end..];
    }
    out.push_str(rest);
    out
}
