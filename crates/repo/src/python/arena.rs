//! The memory that a worker reads modules in: taken from the system once, not once a module.

use bumpalo::Bump;
use std::cell::Cell;

thread_local! {
    static SPARE: Cell<Option<Bump>> = const { Cell::new(None) };
}

/// An arena that has grown larger than this is given back, in bytes.
const MOST: usize = 16 << 20;

/// Lends an arena, which is empty again afterwards.
pub(super) fn with_arena<R>(work: impl FnOnce(&Bump) -> R) -> R {
    // It is taken out: who reads a module while reading another gets one of its own.
    let mut arena = SPARE.take().unwrap_or_default();
    let result = work(&arena);
    arena.reset();
    if arena.allocated_bytes() <= MOST {
        SPARE.set(Some(arena));
    }
    result
}
