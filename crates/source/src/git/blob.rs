//! Texts as git holds them.

use super::objects::{Objects, blob_id};
use crate::{Limits, SkipReason, Source, disk};
use gix_index::hash::ObjectId;
use std::fs::File;
use std::io::Read as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

/// That a file of the work tree was a blob, when it had this length and was last written then: it is not hashed again while both
/// are the same. Whoever writes to it within the tick of the clock in which it was last written, and after it was read, goes
/// unnoticed if its length stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof(OnceLock<(SystemTime, u64)>);

/// What is known of an entry does not make it another one.
impl PartialEq for Proof {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Proof {}

/// Reads the blob `id`, which stands at `path` in the work tree.
///
/// What stands there on disk is taken where it is the very content that git holds, which the blob's id proves; that is
/// many times faster than the object database. Whatever makes a work tree differ from its blobs (line ends, filters,
/// Git LFS, an edit that was not staged) makes them differ in their ids.
pub(crate) fn read(
    objects: &Objects,
    (id, proof): (ObjectId, &Proof),
    path: Option<PathBuf>,
    limits: Limits,
) -> Result<Source, SkipReason> {
    if let Some((bytes, written)) = path.and_then(|path| on_disk(&path, limits)) {
        let stamp = (written, bytes.len() as u64);
        if proof.0.get() == Some(&stamp) {
            return disk::text(bytes);
        }
        if blob_id(&bytes) == Some(id) {
            let _ = proof.0.set(stamp);
            return disk::text(bytes);
        }
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

/// What stands at a path, if it is a file that may be read, and when it was written.
fn on_disk(path: &Path, limits: Limits) -> Option<(Vec<u8>, SystemTime)> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    // Opening a pipe would wait for ever.
    if !meta.is_file() || meta.len() > limits.file_size {
        return None;
    }
    // As much as it had: its end need not be looked for.
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    File::open(path).ok()?.take(meta.len()).read_to_end(&mut bytes).ok()?;
    Some((bytes, meta.modified().ok()?))
}
