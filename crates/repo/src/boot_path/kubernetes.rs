//! Pods that manifests of Kubernetes describe.

use super::{Deadline, Platform};
use crate::{Place, Repo, Tree};
use std::sync::OnceLock;
use std::time::Duration;
use twiceshy_source::{Extract, FileId};
use twiceshy_syntax::yaml::{self, Node};

/// The containers of every manifest, kept once somebody has asked. They depend on the YAML files alone.
#[derive(Debug, Default)]
pub(crate) struct Pods(OnceLock<Vec<Pod>>);

impl Pods {
    /// Whether the `changed` files of `tree` leave them as they were: none comes from one of these, none is in them now.
    pub(crate) fn stay(&self, tree: &Tree, changed: &[FileId]) -> bool {
        let is_apart = |file: &FileId| {
            let holds = || tree.source(*file).is_ok_and(|source| may_hold_pods(source.text()));
            let held = || self.0.get().is_none_or(|pods| pods.iter().any(|pod| pod.file == *file));
            !is_manifest(tree.path(*file)) || !held() && !holds()
        };
        changed.iter().all(is_apart)
    }
}

/// A container of a pod.
#[derive(Debug)]
pub(super) struct Pod {
    /// The manifest.
    file: FileId,
    /// Its image's name without registry and tag, and its own.
    names: [String; 2],
    pub(super) volumes: Vec<(String, Place)>,
    pub(super) deadline: Option<Deadline>,
    /// `command` and `args`.
    pub(super) starts: Vec<Extract>,
}

impl Repo {
    /// The containers of every manifest.
    pub(super) fn pods(&self) -> &[Pod] {
        self.pods.0.get_or_init(|| self.read_pods())
    }

    fn read_pods(&self) -> Vec<Pod> {
        let mut pods = Vec::new();
        for file in self.tree.files() {
            let path = self.tree.path(file);
            if !is_manifest(path) {
                continue;
            }
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            if !may_hold_pods(text) {
                continue;
            }
            let yaml = yaml::parse(text);
            for document in yaml.documents() {
                let spec = document.at(&["spec", "template", "spec"]).or_else(|| {
                    let kind = document.get("kind").and_then(Node::as_str);
                    document.get("spec").filter(|_| kind == Some("Pod"))
                });
                let Some(containers) = spec.and_then(|spec| spec.get("containers")) else { continue };
                for container in containers.items() {
                    let image = container.get("image").and_then(Node::as_str).unwrap_or_default();
                    let last = image.rsplit('/').next().unwrap_or_default();
                    let last = last.split([':', '@']).next().unwrap_or_default();
                    let own = container.get("name").and_then(Node::as_str).unwrap_or_default();
                    pods.push(pod(container, [last.to_owned(), own.to_owned()], file, text));
                }
            }
        }
        pods
    }
}

/// What mounts nothing has no file that outlives it; a chart's templates are no YAML. Definitions of resources describe at
/// great length what others may hold.
fn may_hold_pods(text: &str) -> bool {
    let may_hold = |document: &str| {
        document.contains("containers:")
            && document.contains("volumeMounts")
            && !document.contains("kind: CustomResourceDefinition")
    };
    !text.contains("{{") && text.split("\n---").any(may_hold)
}

/// Whether the file at `path` may be a manifest.
fn is_manifest(path: &str) -> bool {
    (path.ends_with(".yaml") || path.ends_with(".yml")) && !path.contains(".github/")
}

impl Pod {
    /// Whether it runs the image that is built in `dir`: it is called like the directory, or there is no other image.
    pub(super) fn runs(&self, dir: &str, is_only: bool) -> bool {
        let name = Tree::name(dir);
        let [image, own] = &self.names;
        let is_named = !name.is_empty() && (image == name || own == name || image.ends_with(&format!("-{name}")));
        is_named || is_only && !is_known(image)
    }
}

/// Whether an image of this name is somebody else's.
fn is_known(name: &str) -> bool {
    ["postgres", "redis", "nginx", "mysql", "mariadb", "busybox", "alpine", "traefik", "caddy"].contains(&name)
}

fn pod(container: Node<'_>, names: [String; 2], file: FileId, text: &str) -> Pod {
    let place = |node: Node<'_>| Place::new(file, node.span());
    let mounts = container.get("volumeMounts").map(Node::items).unwrap_or_default();
    let volumes = mounts.into_iter().filter_map(|mount| {
        let to = mount.get("mountPath")?;
        Some((to.as_str()?.trim_end_matches('/').to_owned(), place(to)))
    });
    let probe = ["startupProbe", "livenessProbe"].iter().find_map(|name| container.entry(name));
    let deadline = probe.map(|(key, probe)| {
        let number = |name: &str, default: u64| {
            probe.get(name).and_then(Node::as_str).and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let seconds = number("initialDelaySeconds", 0)
            .saturating_add(number("periodSeconds", 10).saturating_mul(number("failureThreshold", 3)));
        Deadline { place: place(key), wait: Duration::from_secs(seconds), platform: Platform::Kubernetes }
    });
    let words = ["command", "args"].iter().filter_map(|name| container.get(name)).flat_map(Node::items);
    Pod {
        file,
        names,
        volumes: volumes.collect(),
        deadline,
        starts: words.filter_map(|word| word.extract(file, text)).collect(),
    }
}
