//! How often a script runs, as the repository tells.

use crate::Repo;
use crate::script::{NodeId, NodeKind, Script};
use twiceshy_source::{Place, Span, Tree};

/// When a script runs again.
#[derive(Clone, Debug)]
pub struct Period {
    /// After how many seconds, at the soonest.
    pub seconds: u64,
    /// What says so.
    pub place: Place,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

impl Repo {
    /// How often the command `at` of a script runs: in a loop that sleeps, by cron, by a timer, or as its comments say.
    pub(super) fn period(&self, script: &Script, at: NodeId) -> Option<Period> {
        loops(script, at).or_else(|| self.clocked(script)).or_else(|| said(script))
    }

    /// Where cron or a timer starts the script's file.
    fn clocked(&self, script: &Script) -> Option<Period> {
        let path = self.tree.path(script.file);
        let name = Tree::name(path);
        let mut found: Vec<Period> = Vec::new();
        let mut add = |seconds: Option<u64>, place: Place| {
            found.extend(seconds.map(|seconds| Period { seconds, place }));
        };
        for other in &self.scripts {
            if other.text().contains(name) && (other.text().contains("* *") || other.text().contains('@')) {
                for (line, span) in lines(other.text()) {
                    if line.contains(name) {
                        add(cron_in(line), other.place(span));
                    }
                }
            }
        }
        for file in self.tree.files() {
            let other = self.tree.path(file);
            let own = Tree::name(other);
            let is_cron = own.contains("crontab")
                || own.ends_with(".cron")
                || other.contains("cron.d/")
                || other.contains("crontabs/");
            let is_timer = own.ends_with(".timer");
            if !is_cron && !is_timer {
                continue;
            }
            let Ok(source) = self.tree.source(file) else { continue };
            if is_timer {
                let service = format!("{}.service", other.trim_end_matches(".timer"));
                let unit = self.tree.file(&service).and_then(|unit| self.tree.source(unit).ok());
                if !unit.is_some_and(|unit| unit.text().contains(name)) {
                    continue;
                }
            }
            for (line, span) in lines(source.text()) {
                let place = Place { file, start: span.start, end: span.end };
                if is_timer {
                    let when = line.trim().strip_prefix("OnCalendar=").map(calendar);
                    add(when.flatten(), place);
                } else if line.contains(name) {
                    add(cron_in(line), place);
                }
            }
        }
        found.into_iter().min_by_key(|period| period.seconds)
    }
}

fn lines(text: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let span = Span { start, end: start + line.trim_end().len() as u32 };
        start += line.len() as u32;
        (line, span)
    })
}

/// `while true; do …; sleep 3600; done`
fn loops(script: &Script, at: NodeId) -> Option<Period> {
    let around = script.shell().ancestors(at).find_map(|id| match &script.node(id).kind {
        NodeKind::While(of) => Some(of.body),
        _ => None,
    })?;
    let sleep = script
        .within(around)
        .filter_map(|id| script.command(id))
        .find(|command| command.name().is_some_and(|name| name == "sleep"))?;
    let text = script.value(sleep.args().first()?).likely()?;
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    // Shorter waits are for something that is not there yet.
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit).filter(|seconds| *seconds >= 300)?;
    Some(Period { seconds, place: sleep.words_place() })
}

/// What the script's comments say.
fn said(script: &Script) -> Option<Period> {
    script.shell().comments.iter().take(40).find_map(|comment| {
        let text = script.written(*comment).trim_start_matches('#').to_ascii_lowercase();
        let words = |all: &[&str]| all.iter().any(|word| text.contains(word));
        let seconds = cron_in(&text).or(if words(&["hourly", "every hour"]) {
            Some(HOUR)
        } else if words(&["daily", "nightly", "every day", "every night"]) {
            Some(DAY)
        } else if words(&["weekly", "every week"]) {
            Some(7 * DAY)
        } else {
            None
        })?;
        Some(Period { seconds, place: script.place(*comment) })
    })
}

/// The period of a line of a crontab, wherever in the text it begins.
fn cron_in(line: &str) -> Option<u64> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    for word in &words {
        let seconds = match *word {
            "@hourly" => HOUR,
            "@daily" | "@midnight" => DAY,
            "@weekly" => 7 * DAY,
            "@monthly" => 28 * DAY,
            _ => continue,
        };
        return Some(seconds);
    }
    words.windows(5).find_map(|fields| {
        let is_field = |field: &&str| {
            field.starts_with(|c: char| c == '*' || c.is_ascii_digit())
                && field.bytes().all(|byte| b"*/,-0123456789".contains(&byte))
        };
        (fields.iter().all(is_field) && fields.contains(&"*")).then(|| cron(fields))
    })
}

fn cron(fields: &[&str]) -> u64 {
    let every = |field: &str, unit: u64, whole: u64| -> Option<u64> {
        if field == "*" {
            return Some(unit);
        }
        if let Some(step) = field.split_once('/').and_then(|(_, step)| step.parse::<u64>().ok()) {
            return Some(unit * step.max(1));
        }
        let count = field.split(',').map(|item| match item.split_once('-') {
            Some((from, to)) => to.parse::<u64>().unwrap_or(0).saturating_sub(from.parse().unwrap_or(0)) + 1,
            None => 1,
        });
        let count: u64 = count.sum();
        (count > 1).then(|| whole / count)
    };
    if let Some(seconds) = every(fields[0], 60, HOUR) {
        return seconds;
    }
    if let Some(seconds) = every(fields[1], HOUR, DAY) {
        return seconds;
    }
    match (fields[2], fields[4]) {
        ("*", "*") => DAY,
        ("*", days) => every(days, DAY, 7 * DAY).unwrap_or(7 * DAY),
        (days, _) => every(days, DAY, 28 * DAY).unwrap_or(28 * DAY),
    }
}

/// `OnCalendar=` of systemd, the common forms.
fn calendar(text: &str) -> Option<u64> {
    let text = text.trim();
    match text {
        "minutely" => return Some(60),
        "hourly" => return Some(HOUR),
        "daily" => return Some(DAY),
        "weekly" => return Some(7 * DAY),
        "monthly" => return Some(28 * DAY),
        _ => {}
    }
    let time = text.split_whitespace().last()?;
    let hour = time.split_once(':')?.0;
    if hour == "*" {
        return Some(HOUR);
    }
    if let Some((_, step)) = hour.split_once('/') {
        return Some(HOUR * step.parse::<u64>().ok()?.max(1));
    }
    Some(DAY / (hour.split(',').count() as u64))
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, calendar, cron_in};

    #[test]
    fn a_crontab_says_how_often() {
        let table = [
            ("0 * * * * /opt/backup.sh", Some(HOUR)),
            ("*/10 * * * * x", Some(600)),
            ("15 3 * * * root /opt/backup.sh", Some(DAY)),
            ("0 0,12 * * * x", Some(DAY / 2)),
            ("0 */6 * * * x", Some(6 * HOUR)),
            ("0 3 * * 0 x", Some(7 * DAY)),
            ("0 3 1 * * x", Some(28 * DAY)),
            ("@hourly x", Some(HOUR)),
            ("echo \"0 * * * * /backup.sh\" | crontab -", Some(HOUR)),
            ("echo 1 2 3 4 5", None),
            ("ls * * x", None),
        ];
        for (line, expected) in table {
            assert_eq!(cron_in(line), expected, "{line}");
        }
        assert_eq!(calendar("*-*-* 03:00:00"), Some(DAY));
        assert_eq!(calendar("*-*-* *:00:00"), Some(HOUR));
        assert_eq!(calendar("hourly"), Some(HOUR));
    }
}
