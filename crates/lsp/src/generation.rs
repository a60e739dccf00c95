//! Which state of a system is the newest one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The number of the newest state, for who makes states and who works on one.
#[derive(Debug)]
pub(crate) struct Generation {
    newest: Mutex<u64>,
    moved: Condvar,
}

impl Generation {
    pub fn new() -> Self {
        Self { newest: Mutex::new(1), moved: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest state.
    pub fn newest(&self) -> u64 {
        *self.lock()
    }

    /// There is a newer one.
    pub fn next(&self) {
        self.set(self.newest() + 1);
    }

    /// This one is the newest, be it older than another.
    pub fn set(&self, newest: u64) {
        *self.lock() = newest;
        self.moved.notify_all();
    }

    /// Whether that state is the newest one, and still is after `time`; says no as soon as it no longer is.
    pub fn stays(&self, generation: u64, time: Duration) -> bool {
        let waited = self.moved.wait_timeout_while(self.lock(), time, |newest| *newest == generation);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == generation
    }
}
