//! Resolvers on the loopback: who is told to ask one, and whether anything runs one.

use crate::compose::Text;
use crate::dockerfile::StepKind;
use crate::{Place, Project, Repo, Script, Service, Tree};
use std::net::IpAddr;
use twiceshy_source::{FileId, Span};
use twiceshy_syntax::json;

/// Something that is told to ask resolvers on the loopback and no others.
#[derive(Debug)]
pub struct StubResolver<'r> {
    /// The first of them.
    pub address: IpAddr,
    /// Where it stands.
    pub place: Place,
    /// Who is told.
    pub asked_by: Asker<'r>,
    /// Where a resolver of this machine is switched off, if the repository does that.
    pub stopped: Option<Place>,
}

/// Who asks a resolver.
#[derive(Clone, Copy, Debug)]
pub enum Asker<'r> {
    /// The container of a service, by `dns`: the loopback is its own.
    Service(&'r Service),
    /// Every container of a daemon, by `dns` in `daemon.json`: the loopback is each one's own.
    Daemon,
    /// Whoever reads this `resolv.conf`.
    File,
}

/// Docker's own resolver, which it puts into every container of a network.
const DOCKER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 11));

/// Programs that answer questions about names: parts of the names of images, packages, units and files.
const RESOLVERS: &[&str] = &[
    "resolved",
    "dnsmasq",
    "unbound",
    "pihole",
    "pi-hole",
    "coredns",
    "corefile",
    "adguard",
    "stubby",
    "dnscrypt",
    "technitium",
    "blocky",
    "knot",
    "bind9",
    "named.conf",
    "powerdns",
    "pdns",
    "smartdns",
    "dnsdist",
    "cloudflared",
    "nextdns",
    "consul",
    "tailscale",
];

impl Repo {
    /// Who is told to ask resolvers on the loopback and no others, while nothing in the repository runs one there.
    pub fn stub_resolvers(&self) -> Vec<StubResolver<'_>> {
        let mut found: Vec<StubResolver<'_>> = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                let Some((address, place)) = of_service(service) else { continue };
                if !found.iter().any(|other| other.place == place) && !self.resolves_itself(project, service) {
                    found.push(StubResolver { address, place, asked_by: Asker::Service(service), stopped: None });
                }
            }
        }
        let files: Vec<(FileId, IpAddr, Place, Asker<'_>)> =
            self.tree.files().filter_map(|file| self.in_file(file)).collect();
        if files.is_empty() {
            return found;
        }
        let (started, stopped) = self.switched();
        let runs_one = started || self.tree.files().any(|file| is_resolver(Tree::name(self.tree.path(file))));
        for (_, address, place, asked_by) in files {
            if stopped.is_some() || !runs_one {
                found.push(StubResolver { address, place, asked_by, stopped });
            }
        }
        found
    }

    /// The resolvers that a `resolv.conf` or `daemon.json` names.
    fn in_file(&self, file: FileId) -> Option<(FileId, IpAddr, Place, Asker<'static>)> {
        let path = self.tree.path(file);
        let name = Tree::name(path);
        if !matches!(name, "resolv.conf" | "daemon.json") {
            return None;
        }
        let is_aside =
            path.split('/').any(|part| matches!(part, "test" | "tests" | "testdata" | "fixtures" | "node_modules"));
        if is_aside {
            return None;
        }
        match name {
            "resolv.conf" => {
                let source = self.tree.source(file).ok()?;
                let mut servers = Vec::new();
                for line in 0..source.line_count() {
                    let text = source.line(line);
                    let Some(rest) = text.trim_start().strip_prefix("nameserver") else { continue };
                    let address = rest.split_whitespace().next()?;
                    let start =
                        source.line_span(line).start as usize + (address.as_ptr() as usize - text.as_ptr() as usize);
                    servers.push((address.to_owned(), Place::new(file, Span::new(start, start + address.len()))));
                }
                only_loopback(servers.into_iter()).map(|(address, place)| (file, address, place, Asker::File))
            }
            "daemon.json" => {
                let source = self.tree.source(file).ok()?;
                let parsed = json::parse(source.text());
                let servers = parsed.root.get("dns")?.items().iter().filter_map(|item| {
                    let extract = item.extract(file, source.text())?;
                    Some((item.as_str()?.to_owned(), extract.place(Span::new(0, extract.text().len()))))
                });
                only_loopback(servers).map(|(address, place)| (file, address, place, Asker::Daemon))
            }
            _ => None,
        }
    }

    /// Whether a script switches a resolver on, and where one switches one off.
    fn switched(&self) -> (bool, Option<Place>) {
        let (mut started, mut stopped) = (false, None);
        for script in self.scripts.iter().filter(|script| RESOLVERS.iter().any(|name| script.text().contains(name))) {
            let (on, off) = in_script(script);
            started |= on;
            stopped = stopped.or(off);
        }
        (started, stopped)
    }

    /// Whether a resolver runs where the service's loopback is: in its own container, in one whose network it shares, or, on
    /// the host's network, anywhere on the host.
    fn resolves_itself(&self, project: &Project, service: &Service) -> bool {
        if service.network_mode().is_some_and(|mode| !matches!(mode.value(), Some("bridge" | "default"))) {
            let owner = service.shares_network_of().and_then(|of| project.service(&of.name));
            return owner.is_none_or(|owner| self.is_resolver(owner));
        }
        self.is_resolver(service)
            || project.services.iter().any(|other| {
                other.shares_network_of().is_some_and(|of| of.name == service.name) && self.is_resolver(other)
            })
    }

    fn is_resolver(&self, service: &Service) -> bool {
        let named = [Some(service.name.as_str()), service.image.as_ref().map(Text::shown)];
        if named.into_iter().flatten().any(is_resolver) {
            return true;
        }
        if self.listening(service).ports().iter().any(|heard| heard.port == 53) {
            return true;
        }
        if service.argv().any(|word| is_resolver(word.text())) {
            return true;
        }
        let Some(build) = service.build_context(self) else { return false };
        build.dockerfile.stages.iter().flat_map(|stage| &stage.steps).any(|step| match &step.kind {
            StepKind::Run(run) => is_resolver(&run.command.text()),
            StepKind::Cmd(command) | StepKind::Entrypoint(command) => is_resolver(&command.text()),
            StepKind::Copy(copy) => copy.sources.iter().any(|source| is_resolver(source.known())),
            _ => false,
        })
    }
}

fn is_resolver(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESOLVERS.iter().any(|resolver| name.contains(resolver))
}

/// The `dns` of a service, when all of it is on the loopback.
fn of_service(service: &Service) -> Option<(IpAddr, Place)> {
    let value = service.value(&["dns"])?;
    let texts = value.as_text().into_iter().chain(value.items().iter().filter_map(|item| item.as_text()));
    only_loopback(texts.map(|text| (text.value().unwrap_or_default().to_owned(), text.place())))
}

/// The first of several addresses, when all of them are on the loopback and none is Docker's own.
fn only_loopback(servers: impl Iterator<Item = (String, Place)>) -> Option<(IpAddr, Place)> {
    let mut first = None;
    for (text, place) in servers {
        let address: IpAddr = text.trim().parse().ok()?;
        if !address.is_loopback() || address == DOCKER {
            return None;
        }
        first = first.or(Some((address, place)));
    }
    first
}

/// Whether a script starts or installs a resolver, and where it stops one.
fn in_script(script: &Script) -> (bool, Option<Place>) {
    let (mut started, mut stopped) = (false, None);
    for command in script.commands() {
        let Some(name) = command.name() else { continue };
        let args: Vec<_> = command.literal_args().collect();
        let has = |words: &[&str]| args.iter().any(|arg| words.contains(&&**arg));
        if !args.iter().any(|arg| is_resolver(arg)) {
            continue;
        }
        match &*name {
            "systemctl" | "service" | "rc-service" | "rc-update" => {
                if has(&["stop", "disable", "mask", "del"]) {
                    stopped = stopped.or(Some(command.words_place()));
                } else if has(&["start", "enable", "restart", "add", "unmask"]) {
                    started = true;
                }
            }
            "apt" | "apt-get" | "apk" | "dnf" | "yum" | "pacman" | "brew" => {
                if has(&["remove", "purge", "del"]) {
                    stopped = stopped.or(Some(command.words_place()));
                } else {
                    started = true;
                }
            }
            _ => {}
        }
    }
    // What is stopped and started again runs.
    (started, stopped.filter(|_| !started))
}
