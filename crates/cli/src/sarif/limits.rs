//! What code scanning takes, and what is left out of a report that is larger.
//!
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>: of a run
//! 5,000 results are kept and 25,000 accepted, of a result 100 locations and 1,000, of a rule 10 tags and 20; and
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/file-too-large>: 10 MB, compressed.

use super::model::{Level, Log, Notification};
use crate::json::disarmed;
use crate::text::counted;

/// What a report may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Results.
    pub results: usize,
    /// Places of a result, its own one included.
    pub places: usize,
    /// Notifications about what was not seen; GitHub names no limit.
    pub unseen: usize,
    /// Bytes, uncompressed: compression never makes a text noticeably longer.
    pub bytes: usize,
}

/// GitHub's.
pub(super) const GITHUB: Limits = Limits { results: 5000, places: 100, unseen: 1000, bytes: 10_000_000 };

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Findings.
    pub results: usize,
    /// Places related to findings that are listed.
    pub places: usize,
    /// Notifications.
    pub unseen: usize,
}

impl Cut {
    /// A sentence for each kind of thing that is missing.
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.results > 0 {
            told.push(format!("{} left out: only the worst are listed", counted(self.results, "finding")));
        }
        if self.places > 0 {
            told.push(format!("{} related to findings left out", counted(self.places, "place")));
        }
        if self.unseen > 0 {
            told.push(format!("{} about what was not seen left out", counted(self.unseen, "notification")));
        }
        told
    }

    /// The same for those who read the report.
    pub fn notifications(&self) -> impl Iterator<Item = Notification> {
        self.told().into_iter().map(|text| Notification::new("results-cut", Level::Warning, text, None))
    }
}

/// The bytes of what `log` makes within the limits, and what is not among them. `log` is told how many results it may
/// have; the worst come first.
pub(super) fn within(
    limits: Limits,
    log: impl Fn(usize) -> (Log, Cut),
) -> std::result::Result<(Vec<u8>, Cut), serde_json::Error> {
    let (whole, cut) = log(limits.results);
    let bytes = disarmed(serde_json::to_string_pretty(&whole)? + "\n");
    if bytes.len() <= limits.bytes {
        return Ok((bytes, cut));
    }
    // Without its indentation a report is half as long.
    let mut sizes = Vec::new();
    for result in &whole.runs[0].results {
        sizes.push(disarmed(serde_json::to_string(result)?).len() + 1);
    }
    let all: usize = sizes.iter().sum();
    let bytes = disarmed(serde_json::to_string(&whole)? + "\n");
    // The notification that says so needs room as well.
    let mut room = (limits.bytes + all).saturating_sub(bytes.len() + 1000);
    if all <= room {
        return Ok((bytes, cut));
    }
    let fits = |size: &&usize| {
        let fits = **size <= room;
        room -= if fits { **size } else { 0 };
        fits
    };
    let kept = sizes.iter().take_while(fits).count();
    let (log, cut) = log(kept);
    Ok((disarmed(serde_json::to_string(&log)? + "\n"), cut))
}
