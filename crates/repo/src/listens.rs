//! On which addresses the server in a container listens, as far as the files tell.

mod code;
mod ports;
mod program;
mod start;

pub(crate) use code::{Call, may_listen};
pub use ports::{Heard, Hears, Listening, Word};
pub(crate) use start::Starts;

use crate::dockerfile::{Copy, CopyFrom, StepKind};
use crate::{Container, FileId, Place, Repo, Span, Tree};
use twiceshy_source::Extract;

/// On which addresses a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listens {
    /// On IPv4 addresses only; this place says so.
    Ipv4(Place),
    /// On IPv6 too, or it is of a kind that does unless told otherwise: nothing here says otherwise.
    Ipv6,
    /// Nothing tells.
    Unknown,
}

/// How many source files of a build are searched for the line that binds.
const MAX_SOURCES: usize = 2_000;

impl Repo {
    /// On which addresses the server in a container listens. What is said outside the code wins: the command, the
    /// environment, a web server's configuration; then the code, then what is known of the image.
    pub(crate) fn listens(&self, container: &Container<'_>) -> Listens {
        let said = container.starts.iter().find_map(in_command).or_else(|| in_env(&container.env));
        said.or_else(|| self.in_scripts(container))
            .or_else(|| self.in_nginx(container))
            .or_else(|| self.in_sources(container))
            .unwrap_or_else(|| by_kind(container, self))
    }

    /// A script of the repository that the container starts with, and the scripts of its `package.json`.
    fn in_scripts(&self, container: &Container<'_>) -> Option<Listens> {
        let build = container.build.as_ref()?;
        let words = container.starts.iter().flat_map(|text| text.text().split_whitespace());
        let names: Vec<_> =
            words.map(Tree::name).filter(|name| name.ends_with(".sh") || name.contains("entrypoint")).collect();
        self.tree.below(&build.dir).find_map(|file| {
            let name = Tree::name(self.tree.path(file));
            let starts = names.contains(&name)
                || Tree::join(&build.dir, "package.json").as_deref() == Some(self.tree.path(file));
            starts.then(|| self.in_text(file, |_| true)).flatten()
        })
    }

    /// nginx: what the `listen` lines of its configuration say. The official image adds `listen [::]:80` only to the
    /// `default.conf` that it brought itself (docker-nginx, 10-listen-on-ipv6-by-default.sh).
    fn in_nginx(&self, container: &Container<'_>) -> Option<Listens> {
        let (image, _) = container.image.as_ref()?;
        if image.name != "nginx" && !image.name.ends_with("/nginx") && !image.name.ends_with("/nginx-unprivileged") {
            return None;
        }
        let mut is_own = false;
        let mut found = None;
        for path in self.nginx_configuration(container, &mut is_own) {
            let Some(file) = self.tree.file(&path) else { continue };
            let Ok(source) = self.tree.source(file) else { continue };
            for line in 0..source.line_count() {
                for (span, address) in listen_directives(source.line(line)) {
                    if address.contains("[::]") {
                        return Some(Listens::Ipv6);
                    }
                    if !address.contains("unix:") {
                        let start = source.line_span(line).start;
                        let span = Span { start: start + span.start, end: start + span.end };
                        found = found.or(Some(Listens::Ipv4(Place::new(file, span))));
                    }
                }
            }
        }
        match (found, is_own) {
            (Some(found), _) => Some(found),
            (None, true) => Some(Listens::Unknown),
            (None, false) => Some(Listens::Ipv6),
        }
    }

    /// The files that end up below `/etc/nginx`; `is_own` when something there is not the image's.
    fn nginx_configuration(&self, container: &Container<'_>, is_own: &mut bool) -> Vec<String> {
        let mut paths = Vec::new();
        for (path, target) in &container.mounts {
            if target.starts_with("/etc/nginx") {
                *is_own = true;
                paths.push(path.clone());
            }
        }
        if let (Some(build), Some(stage)) = (&container.build, container.stage) {
            for step in build.dockerfile.steps_of(stage) {
                match &step.kind {
                    StepKind::Copy(copy) if goes_to_nginx(copy) => {
                        *is_own = true;
                        // From another stage: written there, so not to be read here.
                        if !matches!(copy.from, Some(CopyFrom::Stage(_) | CopyFrom::Other(_))) {
                            paths.extend(copy.context_sources().filter_map(|(_, path)| Tree::join(&build.dir, &path)));
                        }
                    }
                    StepKind::Run(run) => *is_own |= run.command.text().contains("/etc/nginx"),
                    _ => {}
                }
            }
        }
        let below = paths.iter().flat_map(|path| self.tree.below(path)).map(|file| self.tree.path(file).to_owned());
        let below: Vec<_> = below.collect();
        paths.extend(below);
        paths
    }

    /// A line of the code that binds to an address.
    fn in_sources(&self, container: &Container<'_>) -> Option<Listens> {
        let build = container.build.as_ref()?;
        let mut found = None;
        let mut read = 0;
        for file in self.tree.below(&build.dir) {
            let path = self.tree.path(file);
            let is_code = [".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".rs", ".go", ".rb"]
                .iter()
                .any(|end| path.ends_with(end));
            let is_other = path.split(['/', '.', '_', '-']).any(|part| {
                matches!(
                    part,
                    "test"
                        | "tests"
                        | "spec"
                        | "e2e"
                        | "fixtures"
                        | "examples"
                        | "docs"
                        | "dist"
                        | "min"
                        | "config"
                        | "vendor"
                )
            });
            if !is_code || is_other || build.inside(path).is_none_or(|inside| build.ignores(inside)) {
                continue;
            }
            read += 1;
            if read > MAX_SOURCES {
                break;
            }
            match self.in_text(file, binds) {
                Some(Listens::Ipv6) => return Some(Listens::Ipv6),
                Some(listens) => found = found.or(Some(listens)),
                None => {}
            }
        }
        found
    }

    /// The first line that names an address to bind to, of those that `counts`.
    fn in_text(&self, file: FileId, counts: impl Fn(&str) -> bool) -> Option<Listens> {
        let source = self.tree.source(file).ok()?;
        if !["0.0.0.0", "::", "localhost"].iter().any(|address| source.text().contains(address)) {
            return None;
        }
        (0..source.line_count()).find_map(|line| {
            let span = source.line_span(line);
            let text = span.of(source.text());
            let is_comment = text.trim_start().starts_with(['#', '*']) || text.trim_start().starts_with("//");
            if is_comment || !counts(text) {
                return None;
            }
            let at = |start: usize, len: usize| {
                let start = span.start as usize + start;
                Place::new(file, Span::new(start, start + len))
            };
            address(text).map(|found| match found {
                Address::Ipv4(start, len) => Listens::Ipv4(at(start, len)),
                Address::Ipv6 => Listens::Ipv6,
            })
        })
    }
}

/// An address to bind to, in some text.
enum Address {
    Ipv4(usize, usize),
    Ipv6,
}

fn address(text: &str) -> Option<Address> {
    // A name binds to what it resolves to first: since Node 17 that is `::1` alone.
    let binds_name =
        text.contains("listen(") && ["'localhost'", "\"localhost\""].iter().any(|name| text.contains(name));
    if binds_name || text.match_indices("::").any(|(at, _)| stands_alone(text, at)) {
        return Some(Address::Ipv6);
    }
    text.find("0.0.0.0").map(|start| Address::Ipv4(start, "0.0.0.0".len()))
}

/// Whether the `::` at `at` is an address, and not a part of a path of Rust, C++ or Ruby.
fn stands_alone(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + 2..).and_then(|after| after.chars().next());
    before.is_none_or(|c| "[\"'`= ".contains(c)) && after.is_none_or(|c| "]\"'`, ".contains(c))
}

/// Whether a line of code says where a server listens.
fn binds(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["listen", "serve", "bind", "host", "run(", "addr"].iter().any(|word| line.contains(word))
}

fn in_command(text: &Extract) -> Option<Listens> {
    Some(match address(text.text())? {
        Address::Ipv6 => Listens::Ipv6,
        Address::Ipv4(start, len) => Listens::Ipv4(text.place(Span::new(start, start + len))),
    })
}

/// Variables such as `HOST=0.0.0.0` and `LISTEN_ADDR=0.0.0.0:80`.
fn in_env(env: &[(String, String, Place)]) -> Option<Listens> {
    env.iter().find_map(|(_, value, place)| {
        if value == "::" || value.starts_with("[::]") {
            Some(Listens::Ipv6)
        } else {
            (value == "0.0.0.0" || value.starts_with("0.0.0.0:")).then_some(Listens::Ipv4(*place))
        }
    })
}

/// What servers of a kind do when nobody tells them: Go's, Java's, Node's and PHP's listen on both.
fn by_kind(container: &Container<'_>, repo: &Repo) -> Listens {
    const BOTH: &[&str] = &[
        "golang",
        "node",
        "eclipse-temurin",
        "amazoncorretto",
        "openjdk",
        "maven",
        "gradle",
        "tomcat",
        "php",
        "oven/bun",
        "denoland/deno",
    ];
    let names = |name: &str| BOTH.contains(&name);
    if let Some((image, _)) = &container.image {
        let known = repo.facts(image).listens_on_ipv6();
        if known || names(&image.name) {
            return Listens::Ipv6;
        }
    }
    let builders = container.build.iter().flat_map(|build| &build.dockerfile.stages);
    let is_both = builders.into_iter().any(|stage| match &stage.base {
        crate::dockerfile::Base::Image(image) => names(&image.name),
        _ => false,
    });
    if is_both { Listens::Ipv6 } else { Listens::Unknown }
}

fn goes_to_nginx(copy: &Copy) -> bool {
    copy.dest.as_ref().is_some_and(|dest| dest.known().starts_with("/etc/nginx"))
}

/// The `listen` directives on a line of nginx's configuration, and what each is given. Several may stand on one line:
/// `server { listen 80; location / { … } }`.
fn listen_directives(line: &str) -> impl Iterator<Item = (Span, &str)> {
    let code = line.split('#').next().unwrap_or_default();
    let mut end = 0;
    code.split([';', '{', '}']).filter_map(move |part| {
        let start = end;
        end += part.len() + 1;
        let directive = part.trim();
        let address = directive.strip_prefix("listen").filter(|rest| rest.starts_with([' ', '\t']))?;
        let start = start + part.len() - part.trim_start().len();
        Some((Span::new(start, start + directive.len()), address))
    })
}
