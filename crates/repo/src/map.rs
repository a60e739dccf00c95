//! A system as a graph: what runs, what it keeps, who reaches it, and what acts on it.

use crate::compose::{Mount, MountKind, Published};
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
    /// What a person wants to know beside the name: the image, or the Dockerfile.
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
        self.projects.iter().filter(|project| !project.services.is_empty()).map(|project| self.chart(project)).collect()
    }

    fn chart(&self, project: &Project) -> Chart {
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
        chart
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
