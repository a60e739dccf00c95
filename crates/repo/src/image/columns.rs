//! What the columns of a row about images hold.

use super::Image;
use super::row::matches;

/// What an image is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Alpine,
    Debian,
    Ubuntu,
    RedHat,
    Busybox,
    Wolfi,
    Distroless,
    Scratch,
}

/// The `wget` of an image. BusyBox' tries one address of a name only; GNU's tries all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wget {
    /// BusyBox' applet.
    Busybox,
    /// GNU Wget.
    Gnu,
    /// There is none.
    None,
}

/// What an image is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It keeps the data of others.
    Database,
    /// It keeps what can be made again, mostly in memory.
    Cache,
    /// It passes messages on.
    Broker,
    /// It finds what others gave it.
    Search,
    /// It keeps files for others.
    ObjectStore,
    /// It takes requests and passes them on, or serves files.
    Proxy,
    /// It says who people are.
    Identity,
    /// It watches others.
    Monitoring,
    /// A program that people use.
    App,
    /// A language or a distribution, to build on.
    Base,
    /// It runs when somebody calls it.
    Tool,
}

/// Versions, by the number they start with; an open end has no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Majors {
    /// The first of them.
    pub since: Option<u32>,
    /// The last of them.
    pub until: Option<u32>,
}

/// Where an image keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirectory {
    /// The directory.
    pub path: String,
    /// Where a volume wants to be mounted: the directory, or one above it.
    pub mount: String,
    /// Whether the image declares a `VOLUME` there: without a mount at this very path or below, Docker makes an anonymous
    /// one, also when something is mounted above it.
    pub is_volume: bool,
    /// The versions that do.
    pub majors: Majors,
}

/// A path that people take for an image's data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MistakenPath {
    /// The path.
    pub path: String,
    /// What happens: a clause for a message.
    pub why: Option<String>,
    /// The versions for which it is wrong.
    pub majors: Majors,
}

/// A path that an image must be able to write to; it is no `VOLUME`, which stays writable in a read-only container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritablePath {
    /// The path.
    pub path: String,
    /// What is written there.
    pub what: Option<String>,
    /// Variables, or words of the command, with which it does not: `NAME`, `NAME=value`, `--option`.
    pub unless: Vec<String>,
    /// The versions that do.
    pub majors: Majors,
}

/// A path of an image's HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEndpoint {
    /// The path; `*` stands for anything.
    pub path: String,
    /// The port, if it is on one of several.
    pub port: Option<u16>,
    /// Whether it answers 401 or 403 to a request without credentials.
    pub wants_credentials: bool,
    /// Variables, or words of the command, with which it does not: `NAME`, `NAME=value`, `--option`.
    pub unless: Vec<String>,
    /// The versions that do.
    pub majors: Majors,
}

/// What an image does not start without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// What it is, in words: "ClickHouse".
    pub what: String,
    /// Variables of which one, given to the service, says where it is.
    pub env: Vec<String>,
    /// Images of which one, in the same project, is it; patterns.
    pub images: Vec<String>,
    /// It is needed beside these images only; patterns.
    pub beside: Vec<String>,
    /// The versions that need it.
    pub majors: Majors,
}

impl Family {
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("alpine", Self::Alpine),
        ("debian", Self::Debian),
        ("ubuntu", Self::Ubuntu),
        ("redhat", Self::RedHat),
        ("busybox", Self::Busybox),
        ("wolfi", Self::Wolfi),
        ("distroless", Self::Distroless),
        ("scratch", Self::Scratch),
    ];
}

impl Role {
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("database", Self::Database),
        ("cache", Self::Cache),
        ("broker", Self::Broker),
        ("search", Self::Search),
        ("object-store", Self::ObjectStore),
        ("proxy", Self::Proxy),
        ("identity", Self::Identity),
        ("monitoring", Self::Monitoring),
        ("app", Self::App),
        ("base", Self::Base),
        ("tool", Self::Tool),
    ];
}

impl Majors {
    /// Whether `major` is one of them. A version that is not known may be any.
    pub fn may_hold(self, major: Option<u32>) -> bool {
        major.is_none_or(|major| {
            self.since.is_none_or(|since| major >= since) && self.until.is_none_or(|until| major <= until)
        })
    }

    /// Whether `major` is known to be one of them.
    pub fn hold(self, major: Option<u32>) -> bool {
        (self == Self::default() || major.is_some()) && self.may_hold(major)
    }
}

impl Companion {
    /// Whether `image` is it.
    pub fn is(&self, image: &Image) -> bool {
        self.images.iter().any(|pattern| matches(pattern, &image.name))
    }

    /// Whether it is needed beside `image`.
    pub fn is_beside(&self, image: &Image) -> bool {
        self.beside.iter().any(|pattern| matches(pattern, &image.name))
    }
}

impl HealthEndpoint {
    /// Whether a request for `path` (without its query) goes there.
    pub fn is_asked_by(&self, path: &str) -> bool {
        let plain = |path: &str| if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path.to_owned() };
        matches(&plain(&self.path), &plain(path))
    }
}

/// Whether `path` is `above` or stands below it.
pub fn is_at_or_below(path: &str, above: &str) -> bool {
    let (path, above) = (path.trim_end_matches('/'), above.trim_end_matches('/'));
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
