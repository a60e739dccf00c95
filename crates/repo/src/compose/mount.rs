//! What is mounted into a service's container.

use super::service::tree_path;
use super::text::{Section, Text};
use super::value::Value;
use twiceshy_source::{FileId, Place};

/// A mount.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where it stands.
    pub place: Place,
    /// What kind it is.
    pub kind: MountKind,
    /// The volume's name or the host's path, as it reads after interpolation; `None` for an anonymous volume, a tmpfs,
    /// and where it is not known.
    pub source: Option<String>,
    /// The source as written, without what follows it.
    pub source_raw: Option<String>,
    /// Where the source stands.
    pub source_place: Place,
    /// The path inside the container; `None` where it is not known.
    pub target: Option<String>,
    /// Where the target stands.
    pub target_place: Place,
    /// The host's path as a path in the tree; `None` for other kinds, and outside.
    pub path: Option<String>,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// What kind of mount it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume of the project, or an anonymous one.
    Volume,
    /// Memory.
    Tmpfs,
    /// Anything else (`npipe`, `cluster`, `image`), or a source that is not known.
    Other,
}

impl Mount {
    pub(crate) fn read(value: &Value, dir: &dyn Fn(FileId) -> String) -> Option<Self> {
        match value.as_text() {
            Some(text) => Some(Self::short(text, dir)),
            None if value.is_map() => Some(Self::long(value, dir)),
            None => None,
        }
    }

    /// `tmpfs: /path:options`.
    pub(super) fn tmpfs(text: &Text) -> Self {
        let target = text.shown().split(':').next().unwrap_or_default().to_owned();
        Self { kind: MountKind::Tmpfs, target: Some(target), ..Self::nothing(text.place()) }
    }

    fn nothing(place: Place) -> Self {
        Self {
            place,
            kind: MountKind::Other,
            source: None,
            source_raw: None,
            source_place: place,
            target: None,
            target_place: place,
            path: None,
            read_only: false,
        }
    }

    /// `[source:]target[:options]`.
    fn short(text: &Text, dir: &dyn Fn(FileId) -> String) -> Self {
        let mut mount = Self::nothing(text.place());
        let sections = joined_drive(text.sections());
        let options = sections.get(2).and_then(|section| section.value.clone()).unwrap_or_default();
        mount.read_only = options.split(',').any(|option| option == "ro");
        match sections.as_slice() {
            [] => {}
            [target] => {
                mount.kind = MountKind::Volume;
                mount.target = target.value.clone();
            }
            [source, target, ..] => {
                mount.source.clone_from(&source.value);
                mount.source_raw = Some(source.span.of(text.raw()).to_owned());
                mount.source_place = text.place_of(source.span);
                mount.target.clone_from(&target.value);
                mount.target_place = text.place_of(target.span);
                mount.kind = match &source.value {
                    Some(source) if source.starts_with(['.', '/', '~']) || is_drive(source) => MountKind::Bind,
                    Some(_) => MountKind::Volume,
                    None => unknown_kind(source.span.of(text.raw())),
                };
            }
        }
        mount.find_path(text.place().file, dir);
        mount
    }

    fn long(value: &Value, dir: &dyn Fn(FileId) -> String) -> Self {
        let of = |name: &str| value.get(name).and_then(Value::as_text);
        let string = |name: &str| of(name).and_then(Text::value).map(str::to_owned);
        let place = |text: Option<&Text>| text.map_or(value.place, Text::place);
        let source = of("source").or_else(|| of("src"));
        let target = of("target").or_else(|| of("destination")).or_else(|| of("dst"));
        let mut mount = Self {
            kind: match string("type").as_deref() {
                Some("bind") => MountKind::Bind,
                Some("volume") => MountKind::Volume,
                Some("tmpfs") => MountKind::Tmpfs,
                _ => MountKind::Other,
            },
            source: source.and_then(Text::value).map(str::to_owned),
            source_raw: source.map(|source| source.raw().to_owned()),
            source_place: place(source),
            target: target.and_then(Text::value).map(str::to_owned),
            target_place: place(target),
            read_only: matches!(string("read_only").as_deref(), Some("true")),
            ..Self::nothing(value.place)
        };
        mount.find_path(source.map_or(value.place.file, |source| source.place().file), dir);
        mount
    }

    fn find_path(&mut self, file: FileId, dir: &dyn Fn(FileId) -> String) {
        if self.kind == MountKind::Bind {
            self.path = self.source.as_deref().and_then(|source| tree_path(&dir(file), source));
        }
    }
}

/// The colon of `C:\data:/data` separates nothing.
fn joined_drive(mut sections: Vec<Section>) -> Vec<Section> {
    let is_letter = |section: &Section| {
        section.value.as_deref().is_some_and(|value| value.len() == 1 && value.as_bytes()[0].is_ascii_alphabetic())
    };
    if sections.len() > 1 && sections.first().is_some_and(is_letter) {
        let letter = sections.remove(0);
        if let Some(path) = sections.first_mut() {
            path.span = letter.span.to(path.span);
            path.value = path.value.take().zip(letter.value).map(|(path, letter)| format!("{letter}:{path}"));
        }
    }
    sections
}

/// A path of Windows: `C:\data`.
fn is_drive(source: &str) -> bool {
    let bytes = source.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':')
}

/// The kind of a mount whose source is not known: `${DATA}/db` is a path whatever `DATA` is.
fn unknown_kind(raw: &str) -> MountKind {
    let after = raw.rsplit('}').next().unwrap_or_default();
    if after.contains('/') || raw.starts_with(['.', '/', '~']) { MountKind::Bind } else { MountKind::Other }
}
