//! `docker run` and `docker create`.

use super::given::{Arg, Given};
use super::options::RUN;
use crate::Image;
use twiceshy_source::Span;

/// A new container.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where `run` or `create` stands in the script.
    pub span: Span,
    /// Whether it starts: `run`, not `create`.
    pub starts: bool,
    /// Its options.
    pub given: Given,
    /// Its image, as written.
    pub image: Arg,
    /// What runs in it instead of the image's command.
    pub argv: Vec<Arg>,
}

/// What is mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMount {
    /// What kind it is.
    pub kind: RunMountKind,
    /// The volume's name or the host's path, `*` for what is not known of it; empty for an anonymous volume and a tmpfs.
    pub source: String,
    /// The path inside the container, `*` for what is not known of it.
    pub target: String,
    /// Whether the container may not write to it.
    pub read_only: bool,
    /// Where it stands in the script.
    pub span: Span,
}

/// What kind of mount it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMountKind {
    /// A path of the host.
    Bind,
    /// A named or anonymous volume.
    Volume,
    /// Memory.
    Tmpfs,
    /// Not known: `$DATA:/data`.
    Unknown,
}

impl Run {
    pub(super) fn read(args: &[Arg], span: Span, starts: bool) -> Option<Self> {
        let (given, mut operands) = Given::read(args, RUN);
        if operands.is_empty() {
            return None;
        }
        let image = operands.remove(0);
        Some(Self { span, starts, given, image, argv: operands })
    }

    /// The image, where it is known.
    pub fn image(&self) -> Option<Image> {
        Image::parse(&self.image.text()?)
    }

    /// `--name`
    pub fn name(&self) -> Option<&Arg> {
        self.given.get("--name")
    }

    /// `--network`, in order; of podman's lists the parts are not told apart.
    pub fn networks(&self) -> Vec<&Arg> {
        self.given.all("--network").collect()
    }

    /// `-d`: the command returns, the container stays.
    pub fn is_detached(&self) -> bool {
        self.given.has("--detach")
    }

    /// `--rm`: it goes away when it ends.
    pub fn is_removed(&self) -> bool {
        self.given.has("--rm")
    }

    /// `--read-only`
    pub fn is_read_only(&self) -> bool {
        self.given.has("--read-only")
    }

    /// `--privileged`
    pub fn is_privileged(&self) -> bool {
        self.given.has("--privileged")
    }

    /// `--restart`
    pub fn restart(&self) -> Option<&Arg> {
        self.given.get("--restart")
    }

    /// `--user`
    pub fn user(&self) -> Option<&Arg> {
        self.given.get("--user")
    }

    /// `--publish`, in order.
    pub fn ports(&self) -> Vec<&Arg> {
        self.given.all("--publish").collect()
    }

    /// `--env`, in order: the name, `=` and the value, or a bare name.
    pub fn env(&self) -> Vec<&Arg> {
        self.given.all("--env").collect()
    }

    /// `--env-file`, in order.
    pub fn env_files(&self) -> Vec<&Arg> {
        self.given.all("--env-file").collect()
    }

    /// Capabilities that are taken away: in capital letters, without `CAP_`.
    pub fn cap_drop(&self) -> Vec<(String, Span)> {
        self.capabilities("--cap-drop")
    }

    /// Capabilities that are added: in capital letters, without `CAP_`.
    pub fn cap_add(&self) -> Vec<(String, Span)> {
        self.capabilities("--cap-add")
    }

    fn capabilities(&self, option: &str) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        for arg in self.given.all(option) {
            for name in arg.pattern().split(',') {
                let name = name.trim().to_ascii_uppercase();
                found.push((name.strip_prefix("CAP_").unwrap_or(&name).to_owned(), arg.span));
            }
        }
        found
    }

    /// What `--volume`, `--mount` and `--tmpfs` mount.
    pub fn mounts(&self) -> Vec<RunMount> {
        let mut mounts = Vec::new();
        for option in &self.given.options {
            let Some(arg) = &option.value else { continue };
            let text = arg.pattern();
            match option.name.as_str() {
                "--volume" => mounts.push(RunMount::short(&text, arg.span)),
                "--mount" => mounts.extend(RunMount::long(&text, arg.span)),
                "--tmpfs" => {
                    let target = text.split(':').next().unwrap_or_default().to_owned();
                    let kind = RunMountKind::Tmpfs;
                    mounts.push(RunMount { kind, source: String::new(), target, read_only: false, span: arg.span });
                }
                _ => {}
            }
        }
        mounts
    }
}

impl RunMount {
    /// `[source:]target[:options]`
    fn short(text: &str, span: Span) -> Self {
        let mut parts = text.splitn(3, ':');
        let (first, second, options) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let (source, target) = second.map_or(("", first), |target| (first, target));
        let read_only = options.is_some_and(|options| options.split(',').any(|option| option == "ro"));
        Self { kind: RunMountKind::of(source), source: source.to_owned(), target: target.to_owned(), read_only, span }
    }

    /// `type=bind,source=…,target=…,readonly`
    fn long(text: &str, span: Span) -> Option<Self> {
        let mut mount =
            Self { kind: RunMountKind::Volume, source: String::new(), target: String::new(), read_only: false, span };
        for part in text.split(',') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim() {
                "type" => {
                    mount.kind = match value {
                        "bind" => RunMountKind::Bind,
                        "volume" => RunMountKind::Volume,
                        "tmpfs" => RunMountKind::Tmpfs,
                        _ => RunMountKind::Unknown,
                    }
                }
                "source" | "src" => value.clone_into(&mut mount.source),
                "target" | "dst" | "destination" => value.clone_into(&mut mount.target),
                "readonly" | "ro" => mount.read_only = !matches!(value, "false" | "0"),
                _ => {}
            }
        }
        (!mount.target.is_empty()).then_some(mount)
    }
}

impl RunMountKind {
    /// What the source of `-v source:target` makes it.
    fn of(source: &str) -> Self {
        match source {
            "" => Self::Volume,
            path if path.starts_with(['/', '.', '~']) || path.contains('/') => Self::Bind,
            unknown if unknown.starts_with('*') => Self::Unknown,
            _ => Self::Volume,
        }
    }
}
