//! Caddyfiles: sites, host matchers, and where requests are passed.

use super::nginx::globbed;
use super::{Address, Backend, Hostname, Route, Router, Routing};
use crate::{Input, Lowered};
use twiceshy_source::{Place, Span};
use twiceshy_syntax::blocks::{self, Blocks, Dialect, DirectiveId, Word};

/// How many snippets may import each other.
const MAX_IMPORTS: usize = 8;

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let parsed = blocks::parse(input.text(), Dialect::Caddy);
    let reader = Reader { input, blocks: &parsed };
    let routes = reader.file();
    if !routes.is_empty() {
        out.flaws.extend(parsed.flaws);
        out.routings.push(Routing { file: input.file, by: Router::Caddy, routes, tunnel: None, provider: None });
    }
}

struct Reader<'a> {
    input: Input<'a>,
    blocks: &'a Blocks,
}

impl<'a> Reader<'a> {
    fn place(&self, span: Span) -> Place {
        Place::new(self.input.file, span)
    }

    fn file(&self) -> Vec<Route> {
        let blocks = self.blocks;
        let is_site = |id: &DirectiveId| {
            let first = blocks.name(*id);
            !first.is_empty() && !first.starts_with('(') && !first.starts_with('&')
        };
        let mut top = blocks.top().filter(is_site);
        let Some(first) = top.next() else { return Vec::new() };
        let has_block = |id: DirectiveId| blocks.get(id).is_some_and(|directive| directive.has_block);
        if !has_block(first) && blocks.name(first) != "import" {
            // One site without braces: its address, and then its directives.
            let rest: Vec<DirectiveId> = top.collect();
            return self.site(blocks.words(first), &rest);
        }
        blocks
            .top()
            .filter(is_site)
            .filter(|id| has_block(*id))
            .flat_map(|id| self.site(blocks.words(id), &blocks.children(id).collect::<Vec<_>>()))
            .collect()
    }

    fn site(&self, addresses: &[Word], body: &[DirectiveId]) -> Vec<Route> {
        let mut found = Found::default();
        self.collect(body, None, 0, &mut found);
        if found.passes.is_empty() {
            let span = addresses.first().map_or(Span::default(), |word| word.span);
            found.passes.push((None, Backend::Unknown, self.place(span), None));
        }
        let mut hostnames: Vec<Option<Hostname>> = Vec::new();
        for word in addresses {
            for (offset, part) in parts(&word.text) {
                let part = part.trim();
                let length = if word.span.range().len() == word.text.len() { part.len() } else { 0 };
                let start = word.span.start as usize + offset;
                let span = if length > 0 { Span::new(start, start + length) } else { word.span };
                if !part.is_empty() {
                    hostnames.push(hostname(part, |from, to| {
                        if length > 0 { self.place(Span::new(start + from, start + to)) } else { self.place(span) }
                    }));
                }
            }
        }
        let mut routes = Vec::new();
        for hostname in &hostnames {
            for (path, backend, place, matched) in &found.passes {
                let named: Vec<Option<Hostname>> = match matched {
                    Some(hosts) => hosts.iter().cloned().map(Some).collect(),
                    None => vec![hostname.clone()],
                };
                for hostname in named.into_iter().take(super::MAX_ROUTES.saturating_sub(routes.len())) {
                    routes.push(Route {
                        place: hostname.as_ref().map_or(*place, |hostname| hostname.place),
                        hostname,
                        path: path.clone(),
                        backend: backend.clone(),
                        by: Router::Caddy,
                    });
                }
            }
            // What no host matcher takes is the site's own.
            if found.passes.iter().all(|(.., matched)| matched.is_some()) {
                routes.push(Route {
                    place: hostname.as_ref().map_or(found.passes[0].2, |hostname| hostname.place),
                    hostname: hostname.clone(),
                    path: None,
                    backend: Backend::Unknown,
                    by: Router::Caddy,
                });
            }
        }
        routes
    }

    /// The places that directives pass requests to, those of imported snippets and nested blocks too.
    fn collect(&self, body: &[DirectiveId], hosts: Option<&Vec<Hostname>>, depth: usize, found: &mut Found) {
        // `@name host a.test`, and the block form, are known before they are used.
        let mut matchers: Vec<(&str, Vec<Hostname>)> = Vec::new();
        for &id in body {
            let name = self.blocks.name(id);
            if name.starts_with('@') {
                let inline = self.blocks.words(id).iter().skip(1);
                let lines = self.blocks.children(id).map(|child| self.blocks.words(child));
                let mut hosts: Vec<Hostname> = Vec::new();
                for words in
                    std::iter::once(inline.collect::<Vec<_>>()).chain(lines.map(|words| words.iter().collect()))
                {
                    if words.first().is_some_and(|word| word.text == "host") {
                        hosts.extend(
                            words.iter().skip(1).map(|word| Hostname::new(&globbed(&word.text), self.place(word.span))),
                        );
                    }
                }
                matchers.push((name, hosts));
            }
        }
        for &id in body {
            let words = self.blocks.words(id);
            let name = self.blocks.name(id);
            let matcher = words.get(1).map(|word| word.text.as_str()).unwrap_or_default();
            let matched = matchers.iter().find(|(name, _)| *name == matcher).map(|(_, hosts)| hosts);
            let matched = matched.filter(|hosts| !hosts.is_empty()).or(hosts);
            let path = matcher.starts_with('/').then(|| matcher.to_owned());
            match name {
                "reverse_proxy" | "php_fastcgi" => {
                    let to = self.blocks.children(id).filter(|child| self.blocks.name(*child) == "to");
                    let targets =
                        words.iter().skip(1).chain(to.flat_map(|child| self.blocks.words(child).iter().skip(1)));
                    let mut any = false;
                    for target in targets.filter(|word| !word.text.starts_with(['@', '/', '*'])) {
                        let place = self.place(target.span);
                        let text = target
                            .text
                            .strip_prefix(':')
                            .map_or(target.text.clone(), |port| format!("localhost:{port}"));
                        let backend = Address::parse(&text, place).map_or(Backend::Unknown, Backend::Address);
                        found.passes.push((path.clone(), backend, place, matched.cloned()));
                        any = true;
                    }
                    if !any {
                        found.passes.push((
                            path.clone(),
                            Backend::Unknown,
                            self.place(words[0].span),
                            matched.cloned(),
                        ));
                    }
                }
                "import" if depth < MAX_IMPORTS => {
                    let snippet = format!("({matcher})");
                    if let Some(snippet) = self.blocks.top().find(|top| self.blocks.name(*top) == snippet) {
                        self.collect(&self.blocks.children(snippet).collect::<Vec<_>>(), hosts, depth + 1, found);
                    }
                }
                "handle" | "route" | "handle_path" | "handle_errors" if depth < MAX_IMPORTS => {
                    let before = found.passes.len();
                    self.collect(&self.blocks.children(id).collect::<Vec<_>>(), matched, depth + 1, found);
                    for pass in found.passes.iter_mut().skip(before) {
                        pass.0 = pass.0.take().or_else(|| path.clone());
                    }
                    if found.passes.len() == before
                        && let Some(hosts) = matched
                    {
                        found.passes.push((path, Backend::Unknown, self.place(words[0].span), Some(hosts.clone())));
                    }
                }
                _ => {}
            }
            found.looked += 1;
            if found.passes.len() > MAX_PASSES || found.looked > MAX_LOOKS {
                return;
            }
        }
    }
}

/// Snippets that import each other could multiply without end.
const MAX_PASSES: usize = 1_000;
const MAX_LOOKS: usize = 20_000;

#[derive(Default)]
struct Found {
    passes: Vec<Pass>,
    /// How many directives were looked at.
    looked: usize,
}

/// Path, backend, where it stands, and the hostnames that a matcher demands.
type Pass = (Option<String>, Backend, Place, Option<Vec<Hostname>>);

/// The addresses between commas, each with its offset.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(',').map(move |part| {
        let start = at;
        at += part.len() + 1;
        (start, part)
    })
}

/// A site's address: `[scheme://]host[:port][/path]`. `None` where it stands for any host. `place` is that of a part.
fn hostname(text: &str, place: impl Fn(usize, usize) -> Place) -> Option<Hostname> {
    let globbed = globbed(text);
    let from = text.find("://").map_or(0, |at| at + 3);
    let host = globbed.split_once("://").map_or(globbed.as_str(), |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((host, _)) => host,
        None => host,
    };
    let is_any = host.is_empty() || host.chars().all(|c| c == '*' || c == ':') && !text.contains('$');
    let to = if text.contains(['{', '$']) { text.len() } else { from + host.len() };
    (!is_any && host != "localhost").then(|| Hostname::new(host, place(from, to)))
}
