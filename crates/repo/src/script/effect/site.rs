//! Where a command runs.

use super::{Object, ObjectKind};
use crate::docker::{Act, Arg, DockerCall, RunMount, RunMountKind};
use crate::image::is_at_or_below;
use crate::script::{Host, Piece, Run, Value, Via};

/// Where a command runs.
#[derive(Clone, Debug)]
pub enum Site {
    /// On the machine that runs the script.
    Here,
    /// On another machine, by its name as far as it is known.
    Machine(Value),
    /// In a container.
    Container(Box<InContainer>),
    /// In an image that is being built.
    Image,
}

/// A container that a command runs in.
#[derive(Clone, Debug)]
pub struct InContainer {
    /// Its name, or that of its service; empty for a new one without a name.
    pub name: Value,
    /// Whether the name is that of a service of a Compose project.
    pub is_service: bool,
    /// Whether it is made for this command: `docker run`, `compose run`.
    pub is_new: bool,
    /// The image of a new one.
    pub image: Option<String>,
    /// What is mounted into a new one.
    pub mounts: Vec<RunMount>,
}

impl Site {
    /// Whether it is the machine that runs the script.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Here)
    }

    /// The container.
    pub fn container(&self) -> Option<&InContainer> {
        match self {
            Self::Container(container) => Some(container),
            _ => None,
        }
    }

    /// Where the commands inside a call of docker run.
    pub(super) fn inside(call: &DockerCall<'_>) -> Option<Self> {
        let container = |name: Option<&Arg>, is_service, is_new| InContainer {
            name: name.map(|arg| arg.value.clone()).unwrap_or_default(),
            is_service,
            is_new,
            image: None,
            mounts: Vec::new(),
        };
        Some(Self::Container(Box::new(match &call.act {
            Act::Exec(exec) => container(Some(&exec.container), false, false),
            Act::Run(run) => InContainer {
                image: run.image().map(|image| image.to_string()),
                mounts: run.mounts(),
                ..container(run.name(), false, true)
            },
            Act::Compose(compose) if matches!(&*compose.verb, "exec" | "run") => {
                container(compose.services.first(), true, compose.verb == "run")
            }
            _ => return None,
        })))
    }

    /// What a path in it is outside.
    pub(super) fn outside(&self, path: &Value, span: twiceshy_source::Span) -> Option<Object> {
        let container = self.container()?;
        let text = path.pattern();
        let inside =
            |mount: &&RunMount| !mount.target.is_empty() && is_at_or_below(&text, mount.target.trim_end_matches('/'));
        let mount = container.mounts.iter().filter(inside).max_by_key(|mount| mount.target.len())?;
        let tail = text.get(mount.target.trim_end_matches('/').len()..).unwrap_or_default();
        let (kind, name) = match mount.kind {
            RunMountKind::Volume => (ObjectKind::Volume, mount.source.clone()),
            RunMountKind::Bind | RunMountKind::Unknown => (ObjectKind::Path, format!("{}{tail}", mount.source)),
            RunMountKind::Tmpfs => return None,
        };
        let value = known(&name);
        Some(Object { kind, values: vec![value.clone()], value, span, outside: None })
    }
}

/// A value from a pattern: `*` stands for what is not known.
pub(crate) fn known(pattern: &str) -> Value {
    let mut value = Value::default();
    for (at, text) in pattern.split('*').enumerate() {
        if at > 0 {
            value.pieces.push(Piece::Unknown(None));
        }
        if !text.is_empty() {
            value.pieces.push(Piece::Known(text.to_owned()));
        }
    }
    value
}

impl Run<'_> {
    /// Where the commands of a script of the run run, what it says itself aside.
    pub(super) fn site_of(&self, script: u16) -> Site {
        self.site_within(script, 0)
    }

    fn site_within(&self, script: u16, depth: usize) -> Site {
        if script == 0 || depth > 8 {
            return match self.script().host.outermost() {
                Host::Service { service, .. } => Site::Container(Box::new(InContainer {
                    name: known(service),
                    is_service: true,
                    is_new: false,
                    image: None,
                    mounts: Vec::new(),
                })),
                Host::Image { .. } => Site::Image,
                _ => Site::Here,
            };
        }
        let Some((step, lead)) = self.record.leads.iter().find(|(_, lead)| lead.script == script) else {
            return Site::Here;
        };
        match lead.via {
            Some(Via::Ssh) => {
                let command = self.command(*step);
                let host = command.and_then(|command| super::words::machine(command)).unwrap_or_default();
                Site::Machine(host)
            }
            Some(Via::Container) => {
                let calls = self.script_of(*step).docker_calls();
                let call = calls.into_iter().find(|call| call.command.id == step.node);
                call.and_then(|call| Site::inside(&call)).unwrap_or_else(|| {
                    Site::Container(Box::new(InContainer {
                        name: Value::default(),
                        is_service: false,
                        is_new: false,
                        image: None,
                        mounts: Vec::new(),
                    }))
                })
            }
            _ => self.site_within(step.script, depth + 1),
        }
    }
}
