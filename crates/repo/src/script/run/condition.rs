//! What a test says, where what it asks is known, and what is known once it has been answered.

use super::machine::Machine;
use super::world::{Known, World};
use crate::script::{Part, PartKind, Script, Word};

/// How deep `!`, `&&` and `||` in a test are followed.
const MAX_DEPTH: usize = 20;

impl Machine<'_> {
    /// What is known of the value of a word.
    pub(super) fn known(&self, word: &Word, world: &World) -> Option<Known> {
        match word.parts.as_slice() {
            [] => Some(Known::is("")),
            [part] => self.known_part(part, world),
            parts => {
                let mut all = String::new();
                for part in parts {
                    match self.known_part(part, world)? {
                        Known::Is(text) => all.push_str(&text),
                        Known::Not(_) => return None,
                    }
                }
                Some(Known::Is(all.into()))
            }
        }
    }

    fn known_part(&self, part: &Part, world: &World) -> Option<Known> {
        match &part.kind {
            PartKind::Text(text) => Some(Known::is(text)),
            PartKind::Variable(variable) => {
                let own = match (&*variable.name, &*variable.operator) {
                    ("?", "") => world.last.map(Known::status),
                    ("PIPESTATUS", "[") => {
                        let (count, failed) = world.stages?;
                        let at = variable.argument.as_ref()?.literal()?;
                        let at: u8 = at.trim_end_matches(']').parse().ok()?;
                        (at < count).then(|| Known::status(failed & (1 << at) == 0))
                    }
                    (name, _) => self.variable(name).and_then(|number| world.get(number).cloned()),
                }?;
                match (&*variable.operator, &variable.argument) {
                    ("" | "[", _) => Some(own),
                    (":-" | ":=", argument) => match (own.equals(""), argument) {
                        (Some(true), Some(default)) => self.known(default, world),
                        (Some(true), None) => Some(Known::is("")),
                        (Some(false), _) => Some(own),
                        (None, _) => None,
                    },
                    ("-" | "=" | ":?" | "?", _) => Some(own),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The variable that a word is, with nothing else in it.
    fn plain(&self, word: &Word) -> Option<u16> {
        let [Part { kind: PartKind::Variable(variable), .. }] = word.parts.as_slice() else { return None };
        let as_it_is = match (&*variable.operator, &variable.argument) {
            ("", _) => true,
            // `${x:-}` is empty when `x` is.
            (":-" | "-", argument) => argument.as_ref().is_none_or(|argument| argument.is("")),
            _ => false,
        };
        as_it_is.then(|| self.variable(&variable.name)).flatten()
    }

    /// Whether a test succeeds.
    pub(super) fn decides(&self, words: &[Word], world: &World) -> Option<bool> {
        self.decides_within(words, world, 0)
    }

    fn decides_within(&self, words: &[Word], world: &World, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        for (joint, settles) in [("||", true), ("&&", false), ("-o", true), ("-a", false)] {
            let splits: Vec<&[Word]> = words.split(|word| word.is(joint)).collect();
            if splits.len() > 1 && splits.iter().all(|part| !part.is_empty()) {
                let all: Vec<_> = splits.into_iter().map(|part| self.decides_within(part, world, depth + 1)).collect();
                return if all.contains(&Some(settles)) {
                    Some(settles)
                } else {
                    all.iter().all(|one| *one == Some(!settles)).then_some(!settles)
                };
            }
        }
        match words {
            [not, rest @ ..] if not.is("!") => self.decides_within(rest, world, depth + 1).map(|succeeds| !succeeds),
            [] => Some(false),
            [word] => self.known(word, world)?.equals("").map(|empty| !empty),
            [option, word] => match &*option.literal()? {
                "-n" => self.known(word, world)?.equals("").map(|empty| !empty),
                "-z" => self.known(word, world)?.equals(""),
                _ => None,
            },
            [left, operator, right] => {
                let operator = operator.literal()?;
                let (left, right) = (self.known(left, world)?, self.known(right, world)?);
                // A pattern on the right of `==` in `[[ ]]` is no text; the parts of it are not all text then.
                compare(&left, &operator, &right)
            }
            _ => None,
        }
    }

    /// `n > 0`, `rc != 0`, `rc`
    pub(super) fn decides_arithmetic(&self, script: &Script, text: &str, world: &World) -> Option<bool> {
        let _ = script;
        let words: Vec<&str> = text.split_whitespace().collect();
        let known = |word: &str| {
            let name = word.trim_start_matches(['$', '{']).trim_end_matches('}');
            if name == "?" {
                return world.last.map(Known::status);
            }
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                return Some(Known::is(word));
            }
            self.variable(name).and_then(|number| world.get(number).cloned())
        };
        match words[..] {
            [word] => known(word)?.equals("0").map(|zero| !zero),
            [left, operator, right] => {
                let operator = match operator {
                    "==" => "-eq",
                    "!=" => "-ne",
                    ">" => "-gt",
                    "<" => "-lt",
                    ">=" => "-ge",
                    "<=" => "-le",
                    _ => return None,
                };
                compare(&known(left)?, operator, &known(right)?)
            }
            _ => None,
        }
    }

    /// What is known once a test has been answered.
    pub(super) fn learn(&self, words: &[Word], succeeded: bool, world: &mut World) {
        let mut words = words;
        let mut holds = succeeded;
        while let [not, rest @ ..] = words
            && not.is("!")
        {
            words = rest;
            holds = !holds;
        }
        for (joint, all) in [("&&", true), ("-a", true), ("||", false), ("-o", false)] {
            if words.iter().any(|word| word.is(joint)) {
                // Each half of `a && b` holds if it does, neither half of `a || b` if it does not.
                if holds == all {
                    words.split(|word| word.is(joint)).for_each(|part| self.learn(part, holds, world));
                }
                return;
            }
        }
        let (word, value) = match words {
            [word] => (word, equal("", !holds)),
            [option, word] if option.is("-n") => (word, equal("", !holds)),
            [option, word] if option.is("-z") => (word, equal("", holds)),
            [word, operator, other] => {
                let Some(Known::Is(text)) = self.known(other, world) else { return };
                let Some(operator) = operator.literal() else { return };
                match &*operator {
                    "=" | "==" | "-eq" => (word, equal(&text, holds)),
                    "!=" | "-ne" => (word, equal(&text, !holds)),
                    "-gt" if &*text == "0" && holds => (word, equal("0", false)),
                    _ => return,
                }
            }
            _ => return,
        };
        let Some(number) = self.plain(word) else { return };
        let is_known =
            matches!((world.get(number), &value), (Some(Known::Is(_)), _) | (Some(Known::Not(_)), Known::Not(_)));
        if !is_known {
            world.set(number, Some(value));
        }
    }

    /// What is known of the subject of a `case` in an arm with these patterns.
    pub(super) fn learn_arm(&self, subject: &Word, patterns: &[Word], world: &mut World) {
        if let ([pattern], Some(number)) = (patterns, self.plain(subject))
            && let Some(text) = pattern.literal().filter(|text| !text.contains(['*', '?', '[']))
            && !matches!(world.get(number), Some(Known::Is(_)))
        {
            world.set(number, Some(Known::is(&text)));
        }
    }
}

fn equal(text: &str, holds: bool) -> Known {
    if holds { Known::is(text) } else { Known::Not(text.into()) }
}

fn compare(left: &Known, operator: &str, right: &Known) -> Option<bool> {
    let same = |left: &Known, right: &Known| match (left, right) {
        (known, Known::Is(text)) | (Known::Is(text), known) => known.equals(text),
        _ => None,
    };
    let numbers = || match (left, right) {
        (Known::Is(left), Known::Is(right)) => {
            Some((left.trim().parse::<i64>().ok()?, right.trim().parse::<i64>().ok()?))
        }
        _ => None,
    };
    match operator {
        "=" | "==" => same(left, right),
        "!=" => same(left, right).map(|same| !same),
        "-eq" => numbers().map(|(left, right)| left == right).or_else(|| same(left, right)),
        "-ne" => numbers().map(|(left, right)| left != right).or_else(|| same(left, right).map(|same| !same)),
        "-gt" => match (left, right) {
            // A status or a count that is not 0.
            (Known::Not(other), Known::Is(right)) if &**other == "0" && &**right == "0" => Some(true),
            _ => numbers().map(|(left, right)| left > right),
        },
        "-lt" => numbers().map(|(left, right)| left < right),
        "-ge" => numbers().map(|(left, right)| left >= right),
        "-le" => match (left, right) {
            (Known::Not(other), Known::Is(right)) if &**other == "0" && &**right == "0" => Some(false),
            _ => numbers().map(|(left, right)| left <= right),
        },
        _ => None,
    }
}
