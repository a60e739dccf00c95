//! What a lint says about itself.

use twiceshy_repo::Kinds;

/// What a lint says about itself; made by [`meta!`](crate::meta).
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The path of the module the lint stands in; its last part is the lint's name.
    pub module: &'static str,
    /// The text of the README in its folder.
    pub readme: &'static str,
    /// How sure and how bad, by default.
    pub level: Level,
    /// The consequence.
    pub group: Group,
    /// In files of which kinds its findings stand.
    pub finds_in: Kinds,
    /// Files of which kinds it reads: its findings hang on no others. Who reads files of no kind may ask whether any file is
    /// there.
    pub reads: Kinds,
}

impl Meta {
    /// The lint's name: its folder, with hyphens.
    pub fn name(&self) -> String {
        self.module.rsplit("::").next().unwrap_or_default().replace('_', "-")
    }

    /// The first sentence of the README: what will happen.
    pub fn summary(&self) -> String {
        let paragraph = self.readme.lines().skip_while(|line| line.is_empty() || line.starts_with('#'));
        let paragraph = paragraph.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        match paragraph.find(". ") {
            Some(end) => paragraph[..=end].to_owned(),
            None => paragraph,
        }
    }
}

/// Says what a lint is: `meta!(Error, Outage, Compose | scripts)`. Its name is its folder, its documentation the README
/// beside it. Then come the kinds of files in which its findings stand: [`Kind`](twiceshy_repo::Kind)s, `scripts` (every kind
/// that holds scripts), `other` (files of no kind), or `any`.
///
/// `meta!(Error, Outage, Node, from Node | NodePackage)`: and it reads files of these kinds only, where it does not read
/// all. `system` are all but those of code: Python, JavaScript, Rust.
#[macro_export]
macro_rules! meta {
    ($level:ident, $group:ident, $($kind:ident)|+) => {
        $crate::meta!($level, $group, $($kind)|+, from any)
    };
    ($level:ident, $group:ident, $($kind:ident)|+, from $($read:ident)|+) => {
        $crate::Meta {
            module: module_path!(),
            readme: include_str!("README.md"),
            level: $crate::Level::$level,
            group: $crate::Group::$group,
            finds_in: $crate::Kinds::NONE$(.and($crate::meta!(@ $kind)))+,
            reads: $crate::Kinds::NONE$(.and($crate::meta!(@ $read)))+,
        }
    };
    (@ any) => { $crate::Kinds::ALL };
    (@ system) => { $crate::Kinds::OF_SYSTEMS };
    (@ scripts) => { $crate::Kinds::OF_SCRIPTS };
    (@ other) => { $crate::Kinds::OTHER };
    (@ $kind:ident) => { $crate::Kinds::NONE.with($crate::Kind::$kind) };
}

/// How sure a lint is, and how bad what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// It will fail, or has no legitimate reading.
    Error,
    /// It fails under conditions that the message names.
    Warn,
    /// Worth a look for those who ask; off by default.
    Pedantic,
}

impl Level {
    /// All levels, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warn, Self::Pedantic];

    /// The level's name in reports and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Pedantic => "pedantic",
        }
    }
}

/// The consequence, as a post-mortem would name it. In order of how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Data is gone.
    DataLoss,
    /// The system is down.
    Outage,
    /// A secret is where others can read it.
    SecretLeak,
    /// Something fails and nobody hears of it.
    SilentFailure,
    /// A disk fills.
    DiskFull,
    /// A build or deployment fails, or ships the wrong thing.
    Deploy,
    /// Two places that should agree do not.
    Drift,
    /// A cause of one of the above that needs more bad luck.
    Hygiene,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 8] = [
        Self::DataLoss,
        Self::Outage,
        Self::SecretLeak,
        Self::SilentFailure,
        Self::DiskFull,
        Self::Deploy,
        Self::Drift,
        Self::Hygiene,
    ];

    /// The group's name in reports and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataLoss => "data-loss",
            Self::Outage => "outage",
            Self::SecretLeak => "secret-leak",
            Self::SilentFailure => "silent-failure",
            Self::DiskFull => "disk-full",
            Self::Deploy => "deploy",
            Self::Drift => "drift",
            Self::Hygiene => "hygiene",
        }
    }

    /// The consequence in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::DataLoss => "data is gone",
            Self::Outage => "the system is down",
            Self::SecretLeak => "a secret is where others can read it",
            Self::SilentFailure => "something fails and nobody hears of it",
            Self::DiskFull => "a disk fills",
            Self::Deploy => "a build or deployment fails, or ships the wrong thing",
            Self::Drift => "two places that should agree do not",
            Self::Hygiene => "a cause of one of the others that needs more bad luck",
        }
    }
}
