//! Reading and writing files.

use crate::{SkipReason, Source};
use std::io::{Read as _, Write as _};
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
    /// The system said no.
    Io(std::io::Error),
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed => f.write_str("it changed while it was being checked; run again"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

/// Replaces the file at `path`, which was read as `before`, by `text`: whole or not at all.
///
/// # Errors
/// When the file has changed since it was read, or cannot be written. It is then as it was.
pub fn write(path: &Path, before: &Source, text: &str) -> Result<(), WriteError> {
    let io = WriteError::Io;
    let now = std::fs::read(path).map_err(io)?;
    if Source::from_bytes(now).hash() != before.hash() {
        return Err(WriteError::Changed);
    }
    let permissions = std::fs::metadata(path).map_err(io)?.permissions();
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".twiceshy-").tempfile_in(directory).map_err(io)?;
    file.write_all(&before.to_bytes(text)).map_err(io)?;
    file.as_file().set_permissions(permissions).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
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
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // A new file gets what the umask leaves of this, as from any other program.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".twiceshy-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.persist(&path).map(drop).map_err(|error| error.error)
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
}
