//! One pattern, as moby's `patternmatcher` matches it.

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// One character, as it is.
    Just(char),
    /// `?`: one character other than `/`.
    One,
    /// `*`: any characters other than `/`.
    Some,
    /// `**/`: nothing, or what follows: anything up to and including a `/`. A `Within` always follows.
    Directories,
    /// Inside what a `**/` matches.
    Within,
    /// `**` at the end, or at the start without a slash: anything.
    Anything,
    /// `[a-z]`, `[^a]`
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Compiles a cleaned pattern; `None` where Go finds it malformed.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        let mut is_first = true;
        // Without a single star or class after it, a leading `**` means "ends with".
        let is_suffix = text.strip_prefix("**").is_some_and(|rest| !rest.contains(['*', '[', ']', '\\', '?']));
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    chars.next();
                    let slash = chars.next_if_eq(&'/').is_some();
                    let at_end = chars.peek().is_none();
                    if at_end || (is_first && is_suffix && !slash) {
                        parts.push(Part::Anything);
                    } else {
                        parts.extend([Part::Directories, Part::Within]);
                    }
                }
                '*' => parts.push(Part::Some),
                '?' => parts.push(Part::One),
                '\\' => parts.push(Part::Just(chars.next()?)),
                '[' => parts.push(class(&mut chars)?),
                c => parts.push(Part::Just(c)),
            }
            is_first = false;
        }
        Some(Self { parts })
    }

    /// Whether all of `path` matches. All ways to match are followed at once, so time is bounded by the product of lengths.
    pub(super) fn matches(&self, path: &str) -> bool {
        // Most paths differ from most patterns at once.
        if matches!(self.parts.first(), Some(Part::Just(own)) if !path.starts_with(*own)) {
            return false;
        }
        let end = self.parts.len();
        let mut now = vec![false; end + 1];
        let mut next = now.clone();
        now[0] = true;
        self.pass_over(&mut now);
        for c in path.chars() {
            next.fill(false);
            for (at, part) in self.parts.iter().enumerate().filter(|(at, _)| now[*at]) {
                match part {
                    Part::Just(own) => next[at + 1] |= *own == c,
                    Part::One => next[at + 1] |= c != '/',
                    Part::Some => next[at] |= c != '/',
                    Part::Anything => next[at] = true,
                    Part::Directories => {}
                    Part::Within => {
                        next[at] = true;
                        next[at + 1] |= c == '/';
                    }
                    Part::Class { negated, ranges } => {
                        let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                        next[at + 1] |= inside != *negated;
                    }
                }
            }
            self.pass_over(&mut next);
            std::mem::swap(&mut now, &mut next);
            if !now.contains(&true) {
                return false;
            }
        }
        now[end]
    }

    /// Goes on from states whose part may match nothing.
    fn pass_over(&self, states: &mut [bool]) {
        for (at, part) in self.parts.iter().enumerate() {
            if !states[at] {
                continue;
            }
            match part {
                Part::Some | Part::Anything => states[at + 1] = true,
                Part::Directories => {
                    states[at + 1] = true;
                    states[at + 2] = true;
                }
                _ => {}
            }
        }
    }
}

/// The rest of `[…]`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Part> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let low = match chars.next()? {
            ']' if !ranges.is_empty() => return Some(Part::Class { negated, ranges }),
            ']' => return None,
            '\\' => chars.next()?,
            c => c,
        };
        let mut high = low;
        if chars.next_if_eq(&'-').is_some() {
            high = match chars.next()? {
                ']' => return None,
                '\\' => chars.next()?,
                c => c,
            };
        }
        ranges.push((low, high));
    }
}
