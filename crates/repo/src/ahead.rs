//! Reading files ahead of those who lower them: on a first run the disk is what takes the time, and nobody who could work
//! should wait for it.

use crate::document::Kind;
use crate::room;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use twiceshy_source::{FileId, Kind as Entry, SkipReason, Source, Tree};

/// How many threads list and read files: more than cores, since on a first run most of them wait for the disk.
pub const READERS: usize = 8;
/// So few files are read by those who lower them.
const FEW: usize = 64;
/// How many files, or bytes, are handed over together.
const BATCH: usize = 16;
const BYTES: usize = 256 << 10;
/// How many of those may lie waiting.
const WAITING: usize = 16;

/// A file of ours, and what stands in it.
pub(crate) struct Text {
    pub(crate) file: FileId,
    pub(crate) kind: Kind,
    pub(crate) source: Result<Arc<Source>, SkipReason>,
}

impl Text {
    fn of(tree: &Tree, file: FileId) -> Option<Self> {
        // What a link points to is read where it stands, if it stands in the tree.
        if !tree.is_present(file) || matches!(tree.kind(file), Entry::Link(_)) {
            return None;
        }
        let mut read = None;
        let first_line = || {
            let source = read.insert(tree.source(file)).as_ref().ok()?;
            Some(source.line(0).to_owned())
        };
        let kind = Kind::of(tree.path(file), first_line)?;
        Some(Self { file, kind, source: read.unwrap_or_else(|| tree.source(file)) })
    }
}

/// Folds the texts of those of `files` that are ours, on the threads of the current pool. Which text meets which
/// accumulator is left to chance.
pub(crate) fn fold<T: Default + Send>(tree: &Tree, files: &[FileId], with: impl Fn(T, Text) -> T + Sync) -> Vec<T> {
    let workers = rayon::current_num_threads();
    if workers == 1 || files.len() <= FEW {
        return vec![files.iter().filter_map(|file| Text::of(tree, *file)).fold(T::default(), with)];
    }
    let next = Mutex::new(files.iter().copied());
    let folded = Mutex::new(Vec::with_capacity(workers));
    thread::scope(|scope| {
        // Both ends end with this closure, whatever happens in it: who waits at the other end is told.
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        for _ in 0..READERS {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                room::make_room_for_texts();
                let read = std::iter::from_fn(|| batch(tree, next));
                read.map(|batch| sender.send(batch)).take_while(Result::is_ok).for_each(drop);
            });
        }
        drop(sender);
        let receiver = Mutex::new(receiver);
        let receive = || receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
        rayon::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|_| {
                    let texts = std::iter::from_fn(receive).flatten();
                    let all = texts.fold(T::default(), &with);
                    folded.lock().unwrap_or_else(PoisonError::into_inner).push(all);
                });
            }
        });
    });
    folded.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The next texts; `None` at the end.
fn batch(tree: &Tree, next: &Mutex<impl Iterator<Item = FileId>>) -> Option<Vec<Text>> {
    let (mut texts, mut bytes, mut is_end) = (Vec::with_capacity(BATCH), 0, false);
    while texts.len() < BATCH && bytes < BYTES && !is_end {
        let file = next.lock().unwrap_or_else(PoisonError::into_inner).next();
        is_end = file.is_none();
        if let Some(text) = file.and_then(|file| Text::of(tree, file)) {
            bytes += text.source.as_ref().map_or(0, |source| source.text().len());
            texts.push(text);
        }
    }
    (!is_end || !texts.is_empty()).then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let names = ["a.py", "b.ts", "c.md", "d.bin", "e"];
        let file = |at: usize| (format!("{at:04}/{}", names[at % names.len()]), format!("#!/bin/sh\n: {at}\n"));
        Tree::memory((0..1_000).map(file))
    }

    fn on<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
    }

    #[test]
    fn every_file_of_ours_is_handed_over_once_with_its_text() {
        let tree = tree();
        let files: Vec<FileId> = tree.files().collect();
        for (threads, count) in [(1, 1_000), (2, 1_000), (7, 1_000), (2, FEW), (2, 0)] {
            let folded = on(threads, || {
                fold(&tree, &files[..count], |mut seen: Vec<FileId>, text| {
                    let number = tree.path(text.file)[..4].parse::<usize>().unwrap();
                    assert!(text.source.unwrap().text().contains(&format!(": {number}\n")));
                    seen.push(text.file);
                    seen
                })
            });
            let mut seen = folded.concat();
            seen.sort_unstable();
            let is_ours = |file: &&FileId| !tree.path(**file).ends_with(".bin");
            assert_eq!(seen, files[..count].iter().filter(is_ours).copied().collect::<Vec<_>>(), "{threads} {count}");
        }
    }

    #[test]
    fn who_reads_does_not_wait_for_ever_for_who_gave_up() {
        let tree = tree();
        let files: Vec<FileId> = tree.files().collect();
        let give_up = || on(2, || fold(&tree, &files, |(), _| panic!("at the first text")));
        let folded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(give_up));
        assert!(folded.is_err());
    }
}
