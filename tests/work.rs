//! How much work something is: the processor's time, which does not depend on what else the machine does. Also a module of
//! crates whose own tests ask.

use std::time::Duration;

/// What a process or a thread works from some moment on.
pub struct Work {
    stat: String,
    before: Duration,
}

impl Work {
    /// From now on; `of` is a process' id, or `thread-self`.
    pub fn of(of: &str) -> Self {
        let stat = format!("/proc/{of}/stat");
        let before = so_far(&stat);
        Self { stat, before }
    }

    /// The processor's time that it took until now; nothing where no Linux counts it.
    pub fn done(&self) -> Duration {
        so_far(&self.stat).saturating_sub(self.before)
    }
}

fn so_far(stat: &str) -> Duration {
    let text = std::fs::read_to_string(stat).unwrap_or_default();
    // The fields behind the name, which may hold anything; the 14th and 15th of proc(5) are `utime` and `stime`, in hundredths
    // of a second.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let hundredths: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(hundredths * 10)
}
