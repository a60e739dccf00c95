//! Reading and writing files.

use crate::{SkipReason, Source};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

/// What is read and what is too much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files larger than this are listed as skipped. In bytes.
    pub file_size: u64,
}

impl Default for Limits {
    /// 4 MiB: the largest hand-written file among 26,000 measured ones was smaller; larger ones are data.
    fn default() -> Self {
        Self { file_size: 4 << 20 }
    }
}

pub(crate) fn read(path: &Path, limits: Limits) -> Result<Source, SkipReason> {
    let unreadable = |error: std::io::Error| SkipReason::Unreadable(error.kind().to_string());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > limits.file_size {
        return Err(SkipReason::TooLarge { size, limit: limits.file_size });
    }
    // As much as it had when it was opened: its end need not be looked for, nor the buffer grow.
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(size).read_to_end(&mut bytes).map_err(unreadable)?;
    text(bytes)
}

/// The text that these bytes are, if they are one that was written by hand.
pub(crate) fn text(bytes: Vec<u8>) -> Result<Source, SkipReason> {
    let head = &bytes[..bytes.len().min(8000)];
    // Git's own test for binary content; UTF-16 text falls under it as well.
    if memchr::memchr(0, head).is_some() {
        return Err(SkipReason::Binary);
    }
    if bytes.starts_with(LFS_POINTER) && bytes.len() < 1024 {
        return Err(SkipReason::Lfs);
    }
    Ok(Source::from_bytes(bytes))
}

/// How a pointer of Git LFS begins: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// Why a file was not rewritten. In each case it is as it was.
#[derive(Debug)]
pub enum WriteError {
    /// It is no longer the file that was read.
    Changed,
    /// Its directory may not be written to, so that nothing can be put in its place whole.
    Directory(std::io::ErrorKind),
    /// It belongs to somebody else, and what would take its place could not.
    Owner,
    /// The system said no.
    Io(std::io::Error),
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed => f.write_str("it changed while it was being checked; run again"),
            Self::Directory(why) => write!(f, "its directory cannot be written to: {why}"),
            Self::Owner => f.write_str("it belongs to somebody else; run as its owner"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

/// Replaces the file at `path`, which was read as `before`, by `text`: whole or not at all, whenever the process ends.
/// Its owner, group and permissions stay; it gets a new inode.
///
/// # Errors
/// When the file has changed since it was read, or cannot be written. It is then as it was.
pub fn write(path: &Path, before: &Source, text: &str) -> Result<(), WriteError> {
    let io = WriteError::Io;
    let meta = std::fs::symlink_metadata(path).map_err(io)?;
    if !meta.is_file() || Source::from_bytes(std::fs::read(path).map_err(io)?).hash() != before.hash() {
        return Err(WriteError::Changed);
    }
    replace(path, &before.to_bytes(text), |file| {
        keep_owner(file, &meta).map_err(|_| WriteError::Owner)?;
        file.set_permissions(meta.permissions()).map_err(io)?;
        file.sync_all().map_err(io)
    })
}

#[cfg(unix)]
fn keep_owner(file: &std::fs::File, meta: &std::fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (meta.uid(), meta.gid()) {
        return Ok(());
    }
    fchown(file, Some(meta.uid()), Some(meta.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) -> std::io::Result<()> {
    Ok(())
}

/// Puts a file of these bytes at `path`, in place of what stands there: written elsewhere, readied, then renamed.
///
/// It is written in the git directory, where there is one: a process that is killed leaves nothing that git shows or
/// that is read later. Where that is another file system, or where there is no git, it is written beside the file,
/// under a name that is never read as a part of a tree.
fn replace(
    path: &Path,
    bytes: &[u8],
    ready: impl Fn(&std::fs::File) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let absolute = beside.canonicalize().map_err(WriteError::Io)?;
    let put = |directory: &Path| {
        let place = |error: std::io::Error| match error.kind() {
            kind @ (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => WriteError::Directory(kind),
            _ => WriteError::Io(error),
        };
        sweep(directory);
        let mut file = unfinished(directory).map_err(place)?;
        file.write_all(bytes).map_err(WriteError::Io)?;
        ready(file.as_file())?;
        file.persist(path).map(drop).map_err(|error| place(error.error))
    };
    match crate::git::directory(&absolute).map(|directory| put(&directory)) {
        Some(done @ (Ok(()) | Err(WriteError::Owner))) => done,
        _ => put(&absolute),
    }
}

/// A file that is being written.
fn unfinished(directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // A new file gets what the umask leaves of this, as from any other program.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.prefix(UNFINISHED).tempfile_in(directory)
}

/// Creates a file with `bytes` at `path`, and the directories above it, unless something stands there; whether it did.
///
/// # Errors
/// When the system says no; nothing stands there then.
pub fn create(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = unfinished(directory)?;
    file.write_all(bytes)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// How the names of files begin that were being written when a process ended.
pub(crate) const UNFINISHED: &str = ".twiceshy-";

/// Removes what processes left behind that were killed; what is younger than this may still be written.
fn sweep(directory: &Path) {
    const DEAD: std::time::Duration = std::time::Duration::from_secs(600);
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let is_dead = |meta: std::fs::Metadata| {
                let age = meta.modified().ok().and_then(|time| time.elapsed().ok());
                meta.is_file() && age.is_some_and(|age| age > DEAD)
            };
            if entry.metadata().is_ok_and(is_dead) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes `bytes` to `path`: whole or not at all. Pipes and devices are written to as they are.
///
/// # Errors
/// When the system says no; a file that stood there before is then as it was.
pub fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let permissions = match std::fs::metadata(&path) {
        Ok(meta) if !meta.is_file() => return std::fs::OpenOptions::new().write(true).open(&path)?.write_all(bytes),
        Ok(meta) => Some(meta.permissions()),
        Err(_) => None,
    };
    let ready = |file: &std::fs::File| match &permissions {
        Some(permissions) => file.set_permissions(permissions.clone()).map_err(WriteError::Io),
        None => Ok(()),
    };
    replace(&path, bytes, ready).map_err(|error| match error {
        WriteError::Io(error) => error,
        WriteError::Directory(kind) => kind.into(),
        other => std::io::Error::other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_since_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "new").unwrap();
        assert!(matches!(write(&path, &Source::new("old"), "fixed"), Err(WriteError::Changed)));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        write(&path, &Source::new("new"), "fixed").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "fixed");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let (old, young) = (dir.path().join(".twiceshy-old"), dir.path().join(".twiceshy-young"));
        for path in [&old, &young] {
            std::fs::write(path, "").unwrap();
        }
        let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        std::fs::File::options().write(true).open(&old).unwrap().set_modified(hour_ago).unwrap();
        sweep(dir.path());
        assert!(!old.exists() && young.exists());
    }
}
