//! Pages that tell people what to type: whether a command in one is told, forbidden, or part of a story.

use crate::script::{Host, NodeId, Run, Script, Step, Via};
use twiceshy_source::Span;
use twiceshy_syntax::markdown::Fence;

/// What a page says of the commands of a fence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Type this.
    #[default]
    Told,
    /// Never type this; or this is what somebody has typed, and what came of it.
    Forbidden,
}

impl Tone {
    /// What the path, the headings and the sentences around a fence say; the nearest decides.
    pub(crate) fn of(path: &str, fence: &Fence) -> Self {
        let mut tone = Self::Told;
        if is_story(&path.replace(['/', '_', '.', '-'], " ")) {
            tone = Self::Forbidden;
        }
        for heading in &fence.headings {
            let heading = plain(heading);
            if permits(&heading) {
                tone = Self::Told;
            }
            if is_story(&heading) || heading_forbids(&heading) {
                tone = Self::Forbidden;
            }
        }
        for lead in &fence.leads {
            tone = heard(lead, tone);
        }
        let after = plain(&fence.after);
        let first = sentences(&after).next().unwrap_or_default();
        let points_back = words(first).iter().any(|word| ["this", "that", "above", "it", "these"].contains(&&**word));
        if points_back && forbids(first) && !after.trim_end().ends_with(':') {
            tone = Self::Forbidden;
        }
        tone
    }
}

impl Script {
    /// Whether it stands in a page: an instruction for people, which nothing here executes.
    pub fn is_instruction(&self) -> bool {
        matches!(self.host.outermost(), Host::Fence { .. })
    }

    /// Whether people type it line by line into a shell that is there: a page tells them to, and it is no script that they
    /// save in a file first.
    pub fn is_typed(&self) -> bool {
        let mut host = &self.host;
        loop {
            match host {
                Host::Fence { is_file, .. } => return !is_file,
                Host::Inside { via: Via::File, .. } => return false,
                Host::Inside { outer, .. } => host = outer,
                _ => return false,
            }
        }
    }

    /// A message about it; of a page, it begins with whom it is for: nothing here executes that.
    pub fn addressed(&self, message: String) -> String {
        if self.is_instruction() { format!("for whoever follows these instructions: {message}") } else { message }
    }

    /// Whether the page around a command says that it must not be typed, or tells what came of it: a heading, a sentence,
    /// an item of a list, a quote, or the comment above it or beside it. `false` for what is not in a page.
    pub fn is_forbidden(&self, id: NodeId) -> bool {
        let Host::Fence { tone, .. } = self.host.outermost() else { return false };
        match &self.host {
            Host::Fence { .. } => match self.comment_on(id) {
                Some(comment) => heard(&comment, *tone) == Tone::Forbidden,
                None => *tone == Tone::Forbidden,
            },
            _ => *tone == Tone::Forbidden,
        }
    }

    /// The comment on the line of a command, or the nearest above it, with the comments right above that.
    pub(crate) fn comment_on(&self, id: NodeId) -> Option<String> {
        let text = self.text();
        let span = self.node(id).span;
        let line_end = |at: u32| text[at as usize..].find('\n').map_or(text.len(), |end| at as usize + end) as u32;
        // What is said to us says nothing to the reader.
        let speaks = |comment: &&Span| !self.written(**comment).contains(crate::ADDRESS);
        let all = &self.shell().comments;
        let near = all.partition_point(|comment| comment.start < line_end(span.start));
        let near = &all[near.saturating_sub(MAX_COMMENTS)..near];
        let comments: Vec<Span> = near.iter().filter(speaks).copied().collect();
        let beside =
            comments.iter().find(|comment| comment.start >= span.start && comment.start < line_end(span.start));
        if let Some(beside) = beside {
            return Some(bare(self.written(*beside)));
        }
        let last = comments.iter().rposition(|comment| comment.end <= span.start)?;
        let mut first = last;
        while first > 0 {
            let between = text.get(comments[first - 1].end as usize..comments[first].start as usize)?;
            if !between.trim().is_empty() || between.matches('\n').count() > 1 {
                break;
            }
            first -= 1;
        }
        let lines: Vec<String> = comments[first..=last].iter().map(|comment| bare(self.written(*comment))).collect();
        Some(lines.join("\n"))
    }
}

impl Run<'_> {
    /// Whether the page around a command forbids it, or the command that it stands in.
    pub fn is_forbidden(&self, step: Step) -> bool {
        let mut step = step;
        for _ in 0..8 {
            if self.script_of(step).is_forbidden(step.node) {
                return true;
            }
            match self.led_from(step) {
                Some(outer) => step = outer,
                None => break,
            }
        }
        false
    }
}

fn bare(comment: &str) -> String {
    comment.trim_start_matches(['#', ' ', '-', '=']).to_owned()
}

/// What a text says of what follows it, if anything, sentence by sentence.
fn heard(text: &str, before: Tone) -> Tone {
    let text = plain(text);
    let mut tone = before;
    let mut is_own = false;
    for sentence in sentences(&text) {
        if forbids(sentence) || tells(sentence) {
            tone = Tone::Forbidden;
            is_own = true;
        } else if permits(sentence) || is_own && is_order(sentence) {
            tone = Tone::Told;
        }
    }
    tone
}

/// A text with plain quotes and without the marks of emphasis.
fn plain(text: &str) -> String {
    text.replace('’', "'").replace(['*', '`'], "")
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while !rest.trim().is_empty() {
            let end = rest
                .char_indices()
                .find(|(at, c)| {
                    let next = rest[at + c.len_utf8()..].chars().next();
                    matches!(c, '.' | '!' | '?' | ';') && next.is_none_or(char::is_whitespace)
                        || *c == '\n' && next == Some('\n')
                })
                .map_or(rest.len(), |(at, c)| at + c.len_utf8());
            let (sentence, after) = rest.split_at(end);
            rest = after;
            if !sentence.trim().is_empty() {
                return Some(sentence.trim());
            }
        }
        None
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// How many lines of comments above a command are read.
const MAX_COMMENTS: usize = 40;

const MARKS: &[char] = &['❌', '🚫', '⛔', '✗', '✘', '☠', '💀'];

/// Whether a sentence says that what follows must not be done.
fn forbids(sentence: &str) -> bool {
    if sentence.contains(MARKS) {
        return true;
    }
    let is_loud = |phrase: &str| {
        sentence.match_indices(phrase).any(|(at, _)| {
            let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !is_letter(sentence[..at].chars().next_back()) && !is_letter(sentence[at + phrase.len()..].chars().next())
        })
    };
    if ["NEVER", "DON'T", "DO NOT", "FORBIDDEN", "PROHIBITED", "WRONG", "BAD"].iter().any(|phrase| is_loud(phrase)) {
        return !is_loud("DO NOT FORGET") && !is_loud("DON'T FORGET");
    }
    let lower = sentence.to_lowercase();
    const PHRASES: &[&str] = &[
        "is forbidden",
        "are forbidden",
        "is prohibited",
        "not allowed",
        "must not",
        "mustn't",
        "should never",
        "must never",
        "should not",
        "shouldn't",
        "bad practice",
        "bad idea",
        "wrong way",
        "this is wrong",
        "this is bad",
        "anti-pattern",
        "antipattern",
        "how not to",
        "not recommended",
        "not this",
    ];
    if PHRASES.iter().any(|phrase| lower.contains(phrase)) {
        return true;
    }
    let words = words(sentence);
    // `Bad:`, `Wrong example`, `Forbidden commands`
    const LABELS: &[&str] = &["bad", "wrong", "incorrect", "forbidden", "unsafe", "mistake", "prohibited", "broken"];
    if words.len() <= 3 && words.first().is_some_and(|word| LABELS.contains(&word.as_str())) {
        return true;
    }
    let clause = |at: usize| {
        // At the start, behind a comma or a colon, or after `please`, `so`, `but`, `and`.
        at == 0
            || [
                "please",
                "so",
                "but",
                "and",
                "warning",
                "caution",
                "important",
                "danger",
                "note",
                "always",
                "you",
                "also",
            ]
            .contains(&words[at - 1].as_str())
            || starts_clause(&lower, &words[at])
    };
    const HARMLESS: &[&str] =
        &["forget", "worry", "need", "have", "want", "mind", "panic", "hesitate", "know", "see", "care", "yet", "had"];
    (0..words.len()).any(|at| {
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        let after = words.get(at + 2).map(String::as_str).unwrap_or_default();
        let you = at > 0 && words[at - 1] == "you";
        match words[at].as_str() {
            "never" => clause(at) && !HARMLESS.contains(&next),
            "don't" => clause(at) && !you && !HARMLESS.contains(&next),
            "do" if next == "not" => clause(at) && !you && !HARMLESS.contains(&after),
            "avoid" => clause(at),
            _ => false,
        }
    })
}

/// Whether a word of a text in lower case begins a clause: a comma, a colon or a dash stands before it.
fn starts_clause(lower: &str, word: &str) -> bool {
    lower.match_indices(word).any(|(at, _)| lower[..at].trim_end().ends_with([',', ':', '—', '–', '(', ']', '-']))
}

/// Whether a sentence tells what somebody did.
fn tells(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    const PHRASES: &[&str] = &[
        "what happened",
        "went wrong",
        "was executed",
        "were executed",
        "was run",
        "had run",
        "had been run",
        "someone ran",
        "somebody ran",
        "agent ran",
        "i ran",
        "we ran",
        "he ran",
        "she ran",
        "they ran",
        "ran the following",
        "ran this",
        "by mistake",
        "mistakenly",
        "accidentally ran",
        "caused the",
        "destroyed the",
        "this is what",
        "this is how the",
    ];
    PHRASES.iter().any(|phrase| lower.contains(phrase))
}

/// Whether a title says that what stands below it is a story.
fn is_story(title: &str) -> bool {
    let words = words(title);
    let has = |word: &str| words.iter().any(|own| own == word);
    const STORIES: &[&str] =
        &["post-mortem", "postmortem", "post-mortems", "postmortems", "timeline", "retrospective", "rca"];
    const HANDLING: &[&str] =
        &["response", "runbook", "playbook", "handling", "management", "procedure", "procedures", "during", "recovery"];
    if HANDLING.iter().any(|word| has(word)) {
        return false;
    }
    let lower = title.to_lowercase();
    STORIES.iter().any(|word| has(word))
        || has("incident")
        || has("incidents")
        || ["what happened", "went wrong", "root cause", "lessons learned", "post mortem"]
            .iter()
            .any(|phrase| lower.contains(phrase))
}

fn heading_forbids(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    if ["go wrong", "goes wrong", "went wrong"].iter().any(|phrase| lower.contains(phrase)) {
        return false;
    }
    let words = words(heading);
    const WORDS: &[&str] = &[
        "never",
        "forbidden",
        "prohibited",
        "wrong",
        "bad",
        "avoid",
        "don't",
        "don'ts",
        "donts",
        "anti-pattern",
        "anti-patterns",
        "antipatterns",
        "mistakes",
        "pitfalls",
    ];
    forbids(heading)
        || words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| pair[0] == "do" && pair[1] == "not")
}

/// Whether a text says that what follows is the way to do it.
fn permits(text: &str) -> bool {
    if text.contains(['✅', '✓', '✔']) {
        return true;
    }
    let words = words(text);
    const WORDS: &[&str] =
        &["instead", "correct", "recovery", "recover", "procedure", "runbook", "good", "safe", "safely"];
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || ["right way", "how to", "do this", "action items"].iter().any(|phrase| text.to_lowercase().contains(phrase))
}

/// Whether a sentence tells people to do something.
fn is_order(sentence: &str) -> bool {
    const VERBS: &[&str] =
        &["run", "use", "execute", "type", "start", "stop", "enter", "call", "first", "then", "with"];
    words(sentence).iter().any(|word| VERBS.contains(&word.as_str()))
}

/// The length of a placeholder at the start of `text`: `<volume>`, `<your volume>`; not `<file >other`.
pub(crate) fn placeholder(text: &str) -> Option<usize> {
    let text = &text[..text.floor_char_boundary(60)];
    let end = text.find(['>', '\n']).filter(|end| text[*end..].starts_with('>'))?;
    let inner = text.get(1..end)?;
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_alphabetic())
            && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '|' | '\'' | ':'))
    };
    let spaced = inner.contains(' ');
    let is_name = |word: &str| {
        is_word(word) && (!spaced || word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'')))
    };
    (!inner.ends_with(' ') && !inner.starts_with(' ') && inner.split(' ').all(is_name)).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_syntax::markdown::fences;

    fn tone(page: &str) -> Tone {
        let page = page.replace("CODE", "\n\n```sh\ndocker compose down -v\n```\n\n");
        Tone::of("docs/page.md", &fences(&page)[0])
    }

    #[test]
    fn what_a_page_forbids_is_not_told() {
        for page in [
            "# Forbidden commands\nCODE",
            "## ❌ Wrong\nCODE",
            "# Operations\n\n## NEVER do this\n\nOn the server:CODE",
            "# Data\n\nNever run this on the server:CODE",
            "# Data\n\nDon't remove the volumes:CODE",
            "# Data\n\n**Do not** use `-v` here:CODE",
            "# Data\n\nAvoid commands like this one:CODE",
            "# Data\n\nWrong:CODE",
            "# Data\n\nCODE\n\nThis is forbidden in production.\n",
            "# Data\n\nYou must not type:CODE",
            "# Data\n\n> [!CAUTION]\n> Please do not run this:CODE",
            "# Postmortem of a lost database\nCODE",
            "# Database\n\n## What happened\n\nAt 3 pm:CODE",
            "# Database\n\nAn agent ran the following:CODE",
            "Things that you must not do:\n\n- Remove everything:\n\n  ```sh\n  docker compose down -v\n  ```\n",
        ] {
            assert_eq!(tone(page), Tone::Forbidden, "{page}");
        }
    }

    #[test]
    fn what_a_page_tells_people_to_do_is_told() {
        for page in [
            "# Upgrade\n\nStop it:CODE",
            "# Upgrade\n\nDon't forget to remove the volumes:CODE",
            "# Upgrade\n\nIf you do not need the data any more:CODE",
            "# Upgrade\n\nTo avoid old data, run:CODE",
            "# When things go wrong\n\nStart anew:CODE",
            "# Incident response\n\nStart anew:CODE",
            "# NEVER do this\n\nx\n\n## Do this instead\n\nCODE",
            "# Upgrade\n\nNever copy the directory. Run this:CODE",
            "# Postmortem\n\n## Recovery\nCODE",
            "# Upgrade\n\nIf the password is wrong, start anew:CODE",
            "# Upgrade\n\nThis never takes long:CODE",
        ] {
            assert_eq!(tone(page), Tone::Told, "{page}");
        }
    }

    #[test]
    fn placeholders_are_no_redirections() {
        for (text, length) in [
            ("<volume>:/data", Some(8)),
            ("<your volume>", Some(13)),
            ("<file >other", None),
            ("<in.sql 2>err", None),
            ("<(sort a)>b", None),
            ("<a/b-c_d>", Some(9)),
        ] {
            assert_eq!(placeholder(text), length, "{text}");
        }
    }
}
