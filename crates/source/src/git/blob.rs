//! Texts as git holds them.

use super::objects::{Objects, blob_id};
use crate::{Limits, SkipReason, Source, disk};
use gix_index::hash::ObjectId;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

/// Reads the blob `id`, which stands at `path` in the work tree.
///
/// What stands there on disk is taken where it is the very content that git holds, which the blob's id proves; that is
/// many times faster than the object database. Whatever makes a work tree differ from its blobs (line ends, filters,
/// Git LFS, an edit that was not staged) makes them differ in their ids.
pub(crate) fn read(
    objects: &Objects,
    id: ObjectId,
    path: Option<PathBuf>,
    limits: Limits,
) -> Result<Source, SkipReason> {
    if let Some(bytes) = path.and_then(|path| on_disk(&path, limits))
        && blob_id(&bytes) == Some(id)
    {
        return disk::text(bytes);
    }
    // A pack is untrusted input to a library: a panic there is a file that we could not read, not our end.
    let stored = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let size = objects.size(&id);
        let size = size.ok_or_else(|| SkipReason::Unreadable("git's object database does not hold it".into()))?;
        if size > limits.file_size {
            return Err(SkipReason::TooLarge { size, limit: limits.file_size });
        }
        objects.blob(&id, "a file").map_err(|error| SkipReason::Unreadable(error.to_string()))
    }));
    stored.unwrap_or(Err(SkipReason::Internal)).and_then(disk::text)
}

/// What stands at a path, if it is a file that may be read.
fn on_disk(path: &Path, limits: Limits) -> Option<Vec<u8>> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    // Opening a pipe would wait for ever.
    (meta.is_file() && meta.len() <= limits.file_size).then(|| std::fs::read(path).ok()).flatten()
}
