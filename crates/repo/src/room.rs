//! Room in memory for threads that make many small documents.

use std::hint::black_box;
use std::sync::Once;

/// What whoever reads texts and hands them on asks for.
const OF_READERS: usize = 4 << 20;
/// What whoever makes documents of them asks for.
const OF_WORKERS: usize = 24 << 20;
/// The most that glibc takes for a hint.
const MOST: usize = 31 << 20;

/// Makes room for the documents that this thread will make. What nobody writes to takes no memory.
///
/// glibc gives each thread room of its own, which grows by `mprotect`, a page or a few at a time: 3,500 calls on a repository of
/// 7,400 files, for each of which the page faults of all other threads wait. A large piece that is given back at once leaves
/// room for the small ones. With other allocators this costs nothing and changes nothing.
///
/// For a process that ends soon: from then on it keeps what it was given.
pub fn make_room() {
    // A piece that was mapped by itself raises the sizes from which glibc maps them so, and gives back what is free.
    IS_MADE.call_once(|| reserve(MOST));
    reserve(OF_WORKERS);
}

/// Makes room for the texts that this thread will read, in a process in which others made some.
pub(crate) fn make_room_for_texts() {
    if IS_MADE.is_completed() {
        reserve(OF_READERS);
    }
}

static IS_MADE: Once = Once::new();

fn reserve(bytes: usize) {
    drop(black_box(Vec::<u8>::with_capacity(bytes)));
}
