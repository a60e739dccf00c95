//! URLs whose hostname nothing routes, though the repository routes their zone.

use super::{Hostname, Route, Zone};
use crate::document::Kind;
use crate::{FileId, Place, Repo, Span, Tree};
use rayon::prelude::*;

/// A hostname that URLs name and no router declares.
#[derive(Clone, Debug)]
pub struct UnroutedHost<'r> {
    /// The hostname.
    pub name: String,
    /// The places that name it, what asks it first.
    pub mentions: Vec<Mention>,
    /// A hostname that the repository declares in that zone: the one that is probably meant, else the first.
    pub declared: &'r Route,
    /// Whether that one is probably meant.
    pub is_near: bool,
    /// The service whose name the first label is.
    pub service: Option<(&'r str, Place)>,
    /// How many hostnames of the zone are declared.
    pub known: usize,
}

/// A place that names a hostname in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// Whether a script or workflow that is there to watch asks it; otherwise it is a setting, code, or a download.
    pub is_asked: bool,
    /// Where the hostname stands.
    pub place: Place,
}

/// First labels whose hostnames are commonly served elsewhere: pages, mail, stores of files, other environments.
const ELSEWHERE: &[&str] = &[
    "www",
    "docs",
    "doc",
    "blog",
    "status",
    "help",
    "support",
    "cdn",
    "static",
    "assets",
    "media",
    "img",
    "images",
    "files",
    "download",
    "downloads",
    "mail",
    "smtp",
    "imap",
    "pop",
    "mx",
    "webmail",
    "autodiscover",
    "ns1",
    "ns2",
    "vpn",
    "ssh",
    "careers",
    "about",
    "community",
    "forum",
    "news",
    "newsletter",
    "learn",
    "developers",
    "s3",
    "storage",
    "go",
    "link",
    "links",
];

/// Parts of a name that say it belongs to another environment.
const ENVIRONMENTS: &[&str] = &[
    "staging",
    "stage",
    "stg",
    "preview",
    "dev",
    "development",
    "test",
    "testing",
    "qa",
    "uat",
    "sandbox",
    "demo",
    "local",
    "ci",
    "pr",
];

impl Repo {
    /// Hostnames that URLs in settings, code, scripts and workflows name, under zones of which the repository declares
    /// hostnames itself, and that no router declares.
    pub fn unrouted_hosts(&self) -> Vec<UnroutedHost<'_>> {
        let zones = self.zones();
        // A route that takes any hostname of the zone leaves nothing unrouted.
        let zones: Vec<_> =
            zones.into_iter().filter(|zone| !self.is_covered(&format!("twiceshy.{}", zone.name))).collect();
        if zones.is_empty() {
            return Vec::new();
        }
        let files: Vec<FileId> = self.tree.files().collect();
        let found: Vec<(String, Mention)> =
            files.into_par_iter().flat_map_iter(|file| self.mentions(file, &zones)).collect();
        let mut hosts: std::collections::BTreeMap<String, Vec<Mention>> = std::collections::BTreeMap::new();
        for (host, mention) in found {
            hosts.entry(host).or_default().push(mention);
        }
        let elsewhere = self.declared_elsewhere(hosts.keys().map(String::as_str).collect());
        hosts
            .into_iter()
            .filter(|(host, _)| !elsewhere.contains(host))
            .filter_map(|(name, mut mentions)| {
                mentions.sort_by_key(|mention| (!mention.is_asked, mention.place));
                let zone = zones.iter().find(|zone| zone.holds(&name))?;
                let names =
                    || zone.routes.iter().filter_map(|route| route.hostname.as_ref()).map(|host| host.name.as_str());
                let label = name.split('.').next().unwrap_or_default();
                let near = names().filter_map(|host| host.split('.').next()).find(|near| is_slip(label, near));
                let is_it = |route: &&&Route| {
                    let host = route.hostname.as_ref().map(|host| host.name.as_str()).unwrap_or_default();
                    near.is_some() && host.split('.').next() == near
                };
                let declared = zone.routes.iter().find(is_it).or(zone.routes.first())?;
                let services = || self.projects.iter().flat_map(|project| &project.services);
                let service = services().find(|service| service.name == label);
                Some(UnroutedHost {
                    declared,
                    is_near: near.is_some(),
                    service: service.map(|service| (service.name.as_str(), service.place)),
                    known: zone.routes.len(),
                    mentions,
                    name,
                })
            })
            .collect()
    }

    fn is_covered(&self, host: &str) -> bool {
        self.routes().iter().filter_map(|route| route.hostname.as_ref()).any(|declared| declared.covers(host))
    }

    /// The hostnames of `zones` that URLs in a file name and nothing routes.
    fn mentions(&self, file: FileId, zones: &[Zone<'_>]) -> Vec<(String, Mention)> {
        let path = self.tree.path(file);
        let kind = Kind::of(path, || None);
        let is_asker = matches!(kind, Some(Kind::Shell | Kind::Makefile));
        let counts = is_asker
            || matches!(
                kind,
                Some(
                    Kind::Env
                        | Kind::Compose
                        | Kind::Workflow
                        | Kind::Python
                        | Kind::Node
                        | Kind::Rust
                        | Kind::Dockerfile
                )
            )
            || path.ends_with(".go");
        if !counts || is_about_nothing(path) || !matches!(self.tree.kind(file), twiceshy_source::Kind::File) {
            return Vec::new();
        }
        let Ok(source) = self.tree.source(file) else { return Vec::new() };
        let text = source.text();
        let mut found = Vec::new();
        for zone in zones {
            for at in memchr::memmem::find_iter(text.as_bytes(), zone.name.as_bytes()) {
                let Some(span) = host_around(text, at, at + zone.name.len()) else { continue };
                let host = span.of(text).to_ascii_lowercase();
                if !zone.holds(&host) || is_served_elsewhere(&host, zone) || self.is_covered(&host) {
                    continue;
                }
                let line = source.line_of(span.start);
                let before = text.get(source.line_span(line).start as usize..span.start as usize).unwrap_or_default();
                let first = line.saturating_sub(AROUND);
                let around = text
                    .get(source.line_span(first).start as usize..source.line_span(line).end as usize)
                    .unwrap_or_default();
                if is_prose(before) || is_about_origins(around) {
                    continue;
                }
                let is_request = is_asker
                    || kind == Some(Kind::Workflow) && ["curl ", "wget "].iter().any(|word| before.contains(word));
                let is_asked = is_request && super::asked::is_watch(path);
                found.push((host, Mention { is_asked, place: Place::new(file, span) }));
            }
        }
        found
    }

    /// Those of `hosts` that stand in a file of another tool that may well route or host them.
    fn declared_elsewhere(&self, hosts: Vec<&str>) -> Vec<String> {
        if hosts.is_empty() {
            return Vec::new();
        }
        let is_one = |path: &str| {
            let name = Tree::name(path);
            let ends = [
                ".tf",
                ".tfvars",
                ".hcl",
                ".yml",
                ".yaml",
                ".toml",
                ".conf",
                ".zone",
                ".nix",
                ".j2",
                ".tmpl",
                ".template",
                ".bicep",
                ".pkl",
                ".ini",
            ];
            let is_ours = matches!(Kind::of(path, || None), Some(Kind::Compose | Kind::Workflow));
            !is_ours
                && (name == "CNAME"
                    || matches!(
                        name,
                        "vercel.json" | "firebase.json" | "app.json" | "wrangler.json" | "wrangler.jsonc"
                    )
                    || ends.iter().any(|end| name.ends_with(end)))
        };
        let files: Vec<FileId> = self.tree.files().filter(|file| is_one(self.tree.path(*file))).collect();
        let mut found: Vec<String> = files
            .into_par_iter()
            .flat_map_iter(|file| {
                let source = self.tree.source(file).ok();
                let names = hosts.iter().filter(|host| {
                    source
                        .as_ref()
                        .is_some_and(|source| memchr::memmem::find(source.text().as_bytes(), host.as_bytes()).is_some())
                });
                names.map(|host| (*host).to_owned()).collect::<Vec<_>>()
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether two labels differ by a slip of the hand: a letter too many, too few or another, or two swapped. Short ones differ
/// so on purpose, and so do numbers.
fn is_slip(one: &str, other: &str) -> bool {
    const SHORTEST: usize = 5;
    if one == other || one.len().min(other.len()) < SHORTEST {
        return false;
    }
    let (a, b) = (one.as_bytes(), other.as_bytes());
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let is_number = a.iter().chain(b).all(|byte| byte.is_ascii_digit() || *byte == b'-');
    !is_number
        && match (a, b) {
            ([], [_]) | ([_], []) | ([_], [_]) => true,
            ([a, b], [c, d]) => a == d && b == c,
            _ => false,
        }
}

/// How many lines before a URL say what it is for: a list's name stands above its items.
const AROUND: u32 = 8;

/// The hostname that ends with the zone at `at..end`, if it is the host of a URL.
fn host_around(text: &str, at: usize, end: usize) -> Option<Span> {
    let is_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let head = text.get(..at)?;
    let start = head.rfind(|c: char| !is_label(c)).map_or(0, |before| before + 1);
    let scheme = text.get(..start)?;
    let is_url = ["http://", "https://", "ws://", "wss://"].iter().any(|url| scheme.ends_with(url));
    let goes_on = text.get(end..)?.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || "-._@".contains(c));
    // A full stop ends a sentence as well.
    let is_sentence =
        text.get(end..)?.starts_with('.') && !text.get(end + 1..)?.starts_with(|c: char| c.is_ascii_alphanumeric());
    (is_url && (!goes_on || is_sentence)).then(|| Span::new(start, end))
}

/// Whether a line says something to people, or is no code: a comment, an `echo`.
fn is_prose(before: &str) -> bool {
    const SPOKEN: &[&str] = &[
        "echo ",
        "printf ",
        "log ",
        "info ",
        "warn ",
        "error ",
        "print(",
        "console.log(",
        "logger.",
        "log.",
        "say ",
        "success ",
        "@echo ",
    ];
    let start = before.trim_start_matches(['-', ' ', '\t']);
    let is_comment = start.starts_with(['#', '*'])
        || start.starts_with("//")
        || start.starts_with("/*")
        || start.starts_with("<!--");
    let goes_comment = before.contains(" #")
        || before.match_indices("//").any(|(at, _)| !before.get(..at).is_some_and(|head| head.ends_with(':')));
    is_comment
        || goes_comment
        || SPOKEN.iter().any(|word| {
            start.starts_with(word) || start.contains(&format!("; {word}")) || start.contains(&format!("&& {word}"))
        })
}

/// Whether a URL is a name to be compared with, not an address to be asked: CORS, CSRF, content security.
fn is_about_origins(around: &str) -> bool {
    let lower = around.to_ascii_lowercase();
    [
        "cors",
        "origin",
        "allowed",
        "allowlist",
        "whitelist",
        "trusted",
        "csrf",
        "csp",
        "content-security",
        "-src",
        "issuer",
        "user-agent",
        "user_agent",
        "audience",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Whether a file says nothing about what runs: tests, examples, pages.
fn is_about_nothing(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '.', '_', '-']).any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "spec"
                | "specs"
                | "e2e"
                | "fixtures"
                | "fixture"
                | "example"
                | "examples"
                | "sample"
                | "samples"
                | "template"
                | "docs"
                | "mocks"
                | "mock"
                | "stories"
                | "locales"
                | "i18n"
                | "dist"
                | "vendor"
                | "old"
                | "archive"
        )
    })
}

fn is_served_elsewhere(host: &str, zone: &Zone<'_>) -> bool {
    if host == zone.name {
        // The zone itself is often another site's.
        return true;
    }
    let label = host.split('.').next().unwrap_or_default();
    ELSEWHERE.contains(&label) || label.split('-').any(|part| ENVIRONMENTS.contains(&part))
}

impl UnroutedHost<'_> {
    /// The declared hostname.
    pub fn declared_name(&self) -> &str {
        self.declared.hostname.as_ref().map_or("", |hostname: &Hostname| &hostname.name)
    }
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn slips_are_of_one_letter_in_words_of_some_length() {
        for (one, other) in [("speach", "speech"), ("biling", "billing"), ("billling", "billing"), ("serach", "search")]
        {
            assert!(is_slip(one, other) && is_slip(other, one), "{one}");
        }
        for (one, other) in [
            ("api", "app"),
            ("node1", "node2"),
            ("orders", "riders"),
            ("dashboard-v2", "dashboard"),
            ("shops", "billing"),
            ("media-2", "media-3"),
        ] {
            assert!(!is_slip(one, other), "{one}");
        }
    }
}
