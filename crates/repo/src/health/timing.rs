//! When a health check is run, and how often it may fail.

use crate::compose::Healthcheck;
use crate::dockerfile::Text;
use std::time::Duration;

/// When a health check is run, and how often it may fail before the container is unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the end of one run to the next, and before the first.
    pub interval: Duration,
    /// After which a run has failed.
    pub timeout: Duration,
    /// How many failures in a row make the container unhealthy.
    pub retries: u32,
    /// How long failures do not count after the start.
    pub start_period: Duration,
}

/// What Docker does when nothing is said (measured: a container that never answers is unhealthy after 95 s).
impl Default for Timing {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self { interval: half_a_minute, timeout: half_a_minute, retries: 3, start_period: Duration::ZERO }
    }
}

impl Timing {
    /// What a service says.
    pub(super) fn of_service(check: &Healthcheck) -> Self {
        Self::default().with(check)
    }

    /// What a service says, the rest as it is: it may change the times of its image's check.
    pub(super) fn with(self, check: &Healthcheck) -> Self {
        self.merged(|key| check.text(&key.replace('-', "_"))?.value().map(str::to_owned))
    }

    /// What the flags of `HEALTHCHECK` say.
    pub(super) fn of_image(options: &[(String, Text)]) -> Self {
        Self::default().merged(|key| {
            let (_, text) = options.iter().find(|(name, _)| name.trim_start_matches('-') == key)?;
            text.value.clone()
        })
    }

    fn merged(mut self, said: impl Fn(&str) -> Option<String>) -> Self {
        let time = |key: &str| said(key).as_deref().and_then(duration);
        self.interval = time("interval").unwrap_or(self.interval);
        self.timeout = time("timeout").unwrap_or(self.timeout);
        self.start_period = time("start-period").unwrap_or(self.start_period);
        self.retries = said("retries").and_then(|text| text.trim().parse().ok()).unwrap_or(self.retries);
        self
    }

    /// After how long at the least a container is unhealthy that never answers: the first run waits one interval, each
    /// counts as failed as soon as it is refused, and a run within the start period does not count.
    pub fn grace(self) -> Duration {
        self.start_period.saturating_add(self.interval.saturating_mul(self.retries))
    }
}

/// A duration as Go and Compose write it: `1m30s`, `500ms`, `1.5h`; a bare number is not one.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&at| at > 0)?;
        let (number, unit) = rest.split_at(digits);
        let end = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * seconds;
        rest = after;
    }
    Duration::try_from_secs_f64(sum).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        for wrong in ["", "30", "s", "1x", "-3s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_container_that_never_answers_is_unhealthy_after_the_grace() {
        assert_eq!(Timing::default().grace(), Duration::from_secs(90));
        let slow = Timing { start_period: Duration::from_secs(60), retries: 5, ..Timing::default() };
        assert_eq!(slow.grace(), Duration::from_secs(210));
    }
}
