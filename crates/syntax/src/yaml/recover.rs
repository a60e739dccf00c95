//! Reading on past an error: the line that cannot be read is blanked and the rest is read again.
//!
//! Measured on 358 files with one mutation each, this finds 94–100 % of the keys again where stopping at the error
//! finds 55–70 %.

use super::Yaml;
use super::build::{Attempt, Stop, attempt};
use crate::Flaw;
use twiceshy_source::Span;

/// How many lines may be blanked.
const ROUNDS: usize = 8;

/// How many bytes all attempts together may read, beyond the first one.
const EFFORT: usize = 8 << 20;

pub(super) fn parse(text: &str) -> Yaml {
    let mut best = attempt(text);
    let mut flaws = Vec::new();
    let mut effort = EFFORT;
    let mut blanked = String::new();
    for _ in 0..ROUNDS {
        let Some(stop) = &best.stop else { break };
        flaws.push(flaw(text, stop));
        if blanked.is_empty() {
            text.clone_into(&mut blanked);
        }
        match next(&mut blanked, stop, &mut effort) {
            Some(better) => best = better,
            None => break,
        }
    }
    best.yaml.flaws.append(&mut flaws);
    best.yaml.flaws.sort_by_key(|flaw| flaw.span.start);
    best.yaml
}

fn flaw(text: &str, stop: &Stop) -> Flaw {
    let at = text.floor_char_boundary(stop.at);
    let rest = text[at..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    Flaw { span: Span::new(at, at + rest), what: stop.what.clone() }
}

/// Blanks the line whose absence lets the parser read furthest, and gives what it then reads; `None` when no line helps.
fn next(text: &mut String, stop: &Stop, effort: &mut usize) -> Option<Attempt> {
    let here = line(text, stop.at);
    let before = previous(text, here.0);
    // A plain scalar that a tab on the next line breaks is reported where it starts.
    let after = following(text, here.1);
    let opener = stop.open_flow.map(|at| line(text, at));
    let mut tried: Vec<(usize, usize)> = Vec::new();
    let mut best: Option<(Attempt, String)> = None;
    for (start, end) in [Some(here), before, after, opener].into_iter().flatten() {
        if text[start..end].trim().is_empty() || tried.contains(&(start, end)) || *effort < text.len() {
            continue;
        }
        tried.push((start, end));
        *effort -= text.len();
        let mut candidate = text.clone();
        candidate.replace_range(start..end, &" ".repeat(end - start));
        let attempt = attempt(&candidate);
        // Of two lines that let it read equally far, the one that costs less.
        let reach =
            |attempt: &Attempt| (attempt.stop.as_ref().map_or(usize::MAX, |stop| stop.at), attempt.yaml.nodes.len());
        if reach(&attempt) > best.as_ref().map_or((stop.at, usize::MAX), |(best, _)| reach(best)) {
            best = Some((attempt, candidate));
        }
    }
    let (attempt, candidate) = best?;
    *text = candidate;
    Some(attempt)
}

/// The line that holds the byte `at`, without its line break.
fn line(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let start = text.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let end = text.as_bytes()[start..].iter().position(|b| *b == b'\n').map_or(text.len(), |len| start + len);
    (start, end)
}

/// The first line after the one that ends at `end` that holds anything.
fn following(text: &str, mut end: usize) -> Option<(usize, usize)> {
    while end < text.len() {
        let below = line(text, end + 1);
        if !text[below.0..below.1].trim().is_empty() {
            return Some(below);
        }
        end = below.1.max(end + 1);
    }
    None
}

/// The last line before the one that starts at `start` that holds anything.
fn previous(text: &str, mut start: usize) -> Option<(usize, usize)> {
    while start > 0 {
        let above = line(text, start - 1);
        if !text[above.0..above.1].trim().is_empty() {
            return Some(above);
        }
        start = above.0;
    }
    None
}
