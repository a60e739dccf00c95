//! A system as a graph: what runs, what it keeps, who reaches it, and what acts on it.

use crate::compose::{Mount, MountKind, Published};
use crate::docker::{Act, DockerCall};
use crate::route::Router;
use crate::script::Host;
use crate::{Project, Repo, Service};
use std::collections::BTreeMap;
use twiceshy_source::{FileId, Place};

/// One project as a graph. Nodes and edges are in the order in which the files say them.
#[derive(Debug)]
pub struct Chart {
    /// Its Compose files.
    pub files: Vec<FileId>,
    /// What there is.
    pub nodes: Vec<Node>,
    /// What hangs on what.
    pub edges: Vec<Edge>,
}

/// Something in a system.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name: of all nodes of its kind, no other has it.
    pub name: String,
    /// What a person wants to know beside the name: the image or the Dockerfile of a service, who routes a hostname, what
    /// a script does to the whole project.
    pub detail: String,
    /// The networks that it is on, of a service.
    pub networks: Vec<String>,
    /// The profiles without which it does not start, of a service.
    pub profiles: Vec<String>,
    /// Where it is named, or all of what is said about it.
    pub places: Vec<Place>,
    /// Files that are about it alone: the Dockerfile, the script.
    pub files: Vec<FileId>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A workflow that acts on services.
    Workflow,
    /// A script or Makefile that acts on services.
    Script,
    /// A hostname by which the public reaches a service.
    Hostname,
    /// A port of the host.
    Port,
    /// A service.
    Service,
    /// A volume of Docker's.
    Volume,
    /// A path of the host.
    Path,
}

/// Something that hangs on something else.
#[derive(Debug)]
pub struct Edge {
    /// The node it starts from, in [`Chart::nodes`].
    pub from: usize,
    /// The node it leads to.
    pub to: usize,
    /// How the one hangs on the other.
    pub kind: EdgeKind,
    /// A few words: a condition, a path, a port; may be empty.
    pub label: String,
    /// Where that is said.
    pub place: Place,
}

/// How one node hangs on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A workflow or script starts, stops or enters a service.
    ActsOn,
    /// A hostname leads to a service.
    Routes,
    /// A port leads to a service.
    Publishes,
    /// A service starts after another.
    DependsOn,
    /// A service mounts a volume or a path.
    Mounts,
    /// A service mounts a volume or a path that it cannot write.
    Reads,
}

impl Repo {
    /// Every project as a graph, by its files.
    pub fn charts(&self) -> Vec<Chart> {
        let calls = self.docker_calls();
        let projects = self.projects.iter().filter(|project| !project.services.is_empty());
        projects.map(|project| self.chart(project, &calls)).collect()
    }

    fn chart(&self, project: &Project, calls: &[DockerCall<'_>]) -> Chart {
        let mut chart = Chart { files: project.files.clone(), nodes: Vec::new(), edges: Vec::new() };
        for service in &project.services {
            chart.nodes.push(self.service_node(service));
        }
        for (at, service) in project.services.iter().enumerate() {
            chart.ports(at, service);
            chart.dependencies(at, service);
            for mount in &service.mounts {
                chart.mount(at, mount, project);
            }
        }
        self.hostnames(&mut chart, project);
        for call in calls {
            self.acts(&mut chart, project, call);
        }
        chart
    }

    fn hostnames(&self, chart: &mut Chart, project: &Project) {
        for route in self.routes().iter().filter(|route| route.by != Router::Port) {
            let Some(hostname) = &route.hostname else { continue };
            let Some(service) = route.service(self) else { continue };
            let Some(to) = project.services.iter().position(|other| other.place == service.place) else { continue };
            let from = chart.node(NodeKind::Hostname, &hostname.name, route.by.name(), hostname.place);
            let label = route.path.clone().unwrap_or_default();
            chart.edges.push(Edge { from, to, kind: EdgeKind::Routes, label, place: route.place });
        }
    }

    /// What a command of a script does to a project: an edge to every service that it names. One that names none acts
    /// on them all, and is said at the script itself.
    fn acts(&self, chart: &mut Chart, project: &Project, call: &DockerCall<'_>) {
        let script = call.script();
        let kind = match script.host.outermost() {
            Host::Step { .. } => NodeKind::Workflow,
            Host::File | Host::Recipe { .. } => NodeKind::Script,
            _ => return,
        };
        let place = call.command.words_place();
        let (verb, services, is_named) = match &call.act {
            Act::Compose(compose) if !only_looks(&compose.verb) => {
                let Some(scope) = self.compose_scope(call) else { return };
                let ours = scope.services.iter().filter(|(of, _)| std::ptr::eq(*of, project));
                let ours: Vec<_> = ours.map(|(_, service)| service.place).collect();
                if !scope.projects.iter().any(|of| std::ptr::eq(*of, project)) {
                    return;
                }
                (compose.verb.clone(), ours, scope.is_named)
            }
            Act::Exec(exec) => {
                let Some((of, service)) = self.container_service(&exec.container.pattern()) else { return };
                if !std::ptr::eq(of, project) {
                    return;
                }
                ("exec".to_owned(), vec![service.place], true)
            }
            _ => return,
        };
        let path = self.tree.path(script.file);
        let from = chart.node(kind, path, "", place);
        if let Some(node) = chart.nodes.get_mut(from) {
            node.files = vec![script.file];
            if !is_named {
                let known: Vec<&str> = node.detail.split(", ").collect();
                if !known.contains(&verb.as_str()) {
                    node.detail = if node.detail.is_empty() { verb } else { format!("{}, {verb}", node.detail) };
                }
                return;
            }
        }
        for service in services {
            let Some(to) = project.services.iter().position(|other| other.place == service) else { continue };
            let same = chart.edges.iter_mut().find(|edge| edge.from == from && edge.to == to);
            match same {
                Some(edge) if edge.label.split(", ").any(|known| known == verb) => {}
                Some(edge) => edge.label = format!("{}, {verb}", edge.label),
                None => {
                    chart.edges.push(Edge { from, to, kind: EdgeKind::ActsOn, label: verb.clone(), place });
                }
            }
        }
    }

    fn service_node(&self, service: &Service) -> Node {
        let dockerfile = service.dockerfile(self).map(|dockerfile| dockerfile.file);
        let image = service.image.as_ref().map(|image| image.shown().to_owned());
        let built = service.build.as_ref().map(|build| match (&build.context_path, dockerfile) {
            (_, Some(file)) => self.tree.path(file).to_owned(),
            (Some(path), None) if !path.is_empty() => format!("{path}/Dockerfile"),
            _ => "Dockerfile".to_owned(),
        });
        Node {
            kind: NodeKind::Service,
            name: service.name.clone(),
            detail: built.or(image).unwrap_or_default(),
            networks: service.network_names().into_iter().map(str::to_owned).collect(),
            profiles: service.profiles.iter().map(|profile| profile.shown().to_owned()).collect(),
            places: vec![service.place, service.merged().place],
            files: dockerfile.into_iter().collect(),
        }
    }
}

/// Whether a verb of Compose changes nothing that runs.
fn only_looks(verb: &str) -> bool {
    matches!(
        verb,
        "" | "config"
            | "convert"
            | "events"
            | "images"
            | "logs"
            | "ls"
            | "port"
            | "ps"
            | "stats"
            | "top"
            | "version"
            | "volumes"
    )
}

impl Chart {
    /// The node, made if it is not there.
    fn node(&mut self, kind: NodeKind, name: &str, detail: &str, place: Place) -> usize {
        let there = self.nodes.iter().position(|node| node.kind == kind && node.name == name);
        there.unwrap_or_else(|| {
            self.nodes.push(Node {
                kind,
                name: name.to_owned(),
                detail: detail.to_owned(),
                networks: Vec::new(),
                profiles: Vec::new(),
                places: vec![place],
                files: Vec::new(),
            });
            self.nodes.len() - 1
        })
    }

    fn ports(&mut self, service: usize, from: &Service) {
        for port in &from.ports {
            let shown = match port.published {
                Published::Ports(ports) => ports.to_string(),
                _ if port.host_raw.is_empty() => continue,
                _ => port.host_raw.clone(),
            };
            let protocol = if port.protocol == "tcp" { String::new() } else { format!("/{}", port.protocol) };
            let address = match port.address {
                crate::compose::Address::One(address) if !address.is_unspecified() => address.to_string(),
                _ => String::new(),
            };
            let name = format!("{address}:{shown}{protocol}");
            let node = self.node(NodeKind::Port, &name, "", port.host_place);
            let label = port.target.map(|target| target.to_string()).filter(|target| *target != shown);
            let label = label.unwrap_or_default();
            self.edges.push(Edge { from: node, to: service, kind: EdgeKind::Publishes, label, place: port.place });
        }
    }

    fn dependencies(&mut self, service: usize, from: &Service) {
        for dependency in &from.depends_on {
            let to = self.nodes.iter().position(|node| node.kind == NodeKind::Service && node.name == dependency.name);
            let Some(to) = to else { continue };
            let label = dependency.condition.word().to_owned();
            let kind = EdgeKind::DependsOn;
            self.edges.push(Edge { from: service, to, kind, label, place: dependency.place });
        }
    }

    fn mount(&mut self, service: usize, mount: &Mount, project: &Project) {
        let Some(source) = mount.source.as_deref().or(mount.source_raw.as_deref()) else { return };
        let node = match mount.kind {
            MountKind::Volume => {
                let volume = project.volume(source);
                let detail = match volume.filter(|volume| volume.is_external()) {
                    Some(_) => "made elsewhere",
                    None => "",
                };
                self.node(NodeKind::Volume, source, detail, volume.map_or(mount.source_place, |volume| volume.place))
            }
            MountKind::Bind => self.node(NodeKind::Path, source, "", mount.source_place),
            MountKind::Tmpfs | MountKind::Other => return,
        };
        let kind = if mount.read_only { EdgeKind::Reads } else { EdgeKind::Mounts };
        let label = mount.target.clone().unwrap_or_default();
        self.edges.push(Edge { from: service, to: node, kind, label, place: mount.place });
    }

    /// The networks that its services are on, with how many of them; in order.
    pub fn networks(&self) -> BTreeMap<&str, usize> {
        let mut networks = BTreeMap::new();
        for network in self.nodes.iter().flat_map(|node| &node.networks) {
            *networks.entry(network.as_str()).or_default() += 1;
        }
        networks
    }

    /// What a place is about: the edge or node that says the least beside it. A place in a file that is about one node
    /// alone is about that node.
    pub fn at(&self, place: Place) -> Option<Part> {
        let holds = |outer: Place| outer.file == place.file && outer.start <= place.start && place.end <= outer.end;
        let edges = self.edges.iter().enumerate().map(|(at, edge)| (Part::Edge(at), edge.place));
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.flat_map(|(at, node)| node.places.iter().map(move |place| (Part::Node(at), *place)));
        let smallest =
            edges.chain(nodes).filter(|(_, outer)| holds(*outer)).min_by_key(|(_, outer)| outer.end - outer.start);
        let by_file = || self.nodes.iter().position(|node| node.files.contains(&place.file)).map(Part::Node);
        smallest.map(|(part, _)| part).or_else(by_file)
    }
}

/// A part of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// A node, by its number.
    Node(usize),
    /// An edge, by its number.
    Edge(usize),
}
