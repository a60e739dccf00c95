//! Why a state of a repository could not be read.

/// Why a state of a repository could not be read from git's files.
#[derive(Debug)]
pub enum GitError {
    /// No repository is around the directory.
    NoRepository,
    /// A format that is not read here; what, in a sentence.
    Unsupported(String),
    /// One of git's own files is not what it should be.
    Damaged {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The index holds these paths in several versions.
    Conflicts(Vec<String>),
    /// Nothing is called that.
    UnknownRevision {
        /// As it was given.
        revision: String,
        /// Whether the clone holds only a part of the history.
        is_shallow: bool,
    },
    /// Two commits have no common ancestor here.
    NoCommonAncestor {
        /// The other one, as it was given.
        revision: String,
        /// Whether the clone holds only a part of the history.
        is_shallow: bool,
    },
    /// There is no commit yet to compare with.
    Unborn,
    /// The object database lacks an object: its id, and what it is, if that is known.
    MissingObject {
        /// In hexadecimal digits.
        id: String,
        /// The path at which it stands, or what it is.
        what: String,
    },
}

impl std::fmt::Display for GitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRepository => f.write_str("this is not part of a git repository"),
            Self::Unsupported(what) => f.write_str(what),
            Self::Damaged { path, why } => write!(f, "git's {path} cannot be read: {why}"),
            Self::Conflicts(paths) => {
                let more = paths.len().saturating_sub(3);
                let paths = paths.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                write!(f, "the index holds conflicts: {paths}{more}")
            }
            Self::UnknownRevision { revision, is_shallow: false } => {
                write!(f, "`{revision}` is neither a commit, a branch nor a tag of this repository")
            }
            Self::UnknownRevision { revision, is_shallow: true } => {
                write!(f, "`{revision}` is not in this shallow clone")
            }
            Self::NoCommonAncestor { revision, is_shallow: false } => {
                write!(f, "`{revision}` and HEAD have no common ancestor")
            }
            Self::NoCommonAncestor { revision, is_shallow: true } => {
                write!(f, "this shallow clone does not hold the commit in which `{revision}` and HEAD part")
            }
            Self::Unborn => f.write_str("this repository has no commit yet"),
            Self::MissingObject { id, what } => write!(f, "git's object {id} ({what}) is not in this clone"),
        }
    }
}

impl GitError {
    /// What the person can do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NoRepository => "without git, check everything: leave the option out",
            Self::Unsupported(_) => "check everything instead: leave the option out",
            Self::Damaged { .. } => "`git fsck` says more",
            Self::Conflicts(_) => "resolve them, `git add` the files, and run again",
            Self::UnknownRevision { is_shallow: false, .. } => {
                "name a commit, a branch or a tag, also with ~N or ^N: origin/main, v1.2, HEAD~3; `git fetch` gets what the remote has"
            }
            Self::UnknownRevision { is_shallow: true, .. } | Self::NoCommonAncestor { is_shallow: true, .. } => {
                "get the history: `fetch-depth: 0` of actions/checkout, or `git fetch --unshallow`"
            }
            Self::NoCommonAncestor { is_shallow: false, .. } => "name a commit that HEAD descends from",
            Self::Unborn => "check everything instead: leave the option out",
            Self::MissingObject { .. } => {
                "get it: clone without --filter, or `git fetch --refetch --no-filter`; `git fsck` says what else is missing"
            }
        }
    }
}
