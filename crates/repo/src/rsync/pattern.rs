//! rsync's patterns: which names one matches.

/// A pattern of a filter rule.
///
/// Without a slash (a last one not counted) and without `**` it is held against the last part of a name; else against the
/// end of the name; from the start on, if it begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    slashes: u32,
    /// Whether the whole path on the disk is matched, not the name in the transfer.
    is_absolute: bool,
    only_directories: bool,
    is_negated: bool,
    is_wild: bool,
    /// Whether it holds `**`, which matches slashes too.
    has_double: bool,
    starts_with_double: bool,
    /// Whether it ends with `***`: `a/***` matches `a`, and all that it holds.
    ends_with_triple: bool,
}

/// How a text is compared with a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// All of it.
    Whole,
    /// Its last parts, so many.
    Last(u32),
    /// All of it, or what follows any slash.
    AfterAnySlash,
}

/// What a partial comparison says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Yes,
    No,
    /// The text has ended: no `*` before can help by taking more.
    Ended,
    /// A `*` has met a slash: only a `**` before can help.
    AtSlash,
}

impl Pattern {
    /// The pattern `text`; a slash at its end restricts it to directories.
    pub fn new(text: &str, is_absolute: bool, is_negated: bool) -> Self {
        let only_directories = text.len() > 1 && text.ends_with('/');
        let text = if only_directories { &text[..text.len() - 1] } else { text };
        Self {
            slashes: text.bytes().filter(|byte| *byte == b'/').count() as u32,
            is_absolute,
            only_directories,
            is_negated,
            is_wild: text.contains(['*', '[', '?']),
            has_double: text.contains("**"),
            starts_with_double: text.starts_with("**"),
            ends_with_triple: text.ends_with("***"),
            text: text.into(),
        }
    }

    /// The pattern as written, without a slash at its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a rule with this pattern takes effect for `name`.
    ///
    /// `name` is relative to the root of the transfer; with `--relative` and an absolute source it starts with a slash.
    /// `directory` is the absolute path of that root, which patterns for whole paths are held against.
    pub fn matches(&self, name: &str, is_directory: bool, directory: &str) -> bool {
        self.fits(name, is_directory, directory) != self.is_negated
    }

    fn fits(&self, name: &str, is_directory: bool, directory: &str) -> bool {
        let (name, starts_with_slash) = match name.strip_prefix('/') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if self.only_directories && !is_directory {
            return false;
        }
        let last_only = self.slashes == 0 && !self.has_double;
        let mut text = String::with_capacity(directory.len() + name.len() + 2);
        if last_only {
            text.push_str(name.rsplit('/').next().unwrap_or(name));
        } else {
            let directory = directory.trim_start_matches('/');
            if self.is_absolute && !starts_with_slash && !directory.is_empty() {
                text.push_str(directory);
                text.push('/');
            } else if self.starts_with_double && !starts_with_slash {
                // So that `**/` matches nothing, too.
                text.push('/');
            }
            text.push_str(name);
        }
        if is_directory && self.ends_with_triple {
            text.push('/');
        }
        let (pattern, is_anchored) = match self.text.strip_prefix('/') {
            Some(pattern) => (pattern, true),
            None => (&*self.text, false),
        };
        let place = if !is_anchored && self.slashes > 0 && !self.has_double {
            Where::Last(self.slashes + 1)
        } else if !is_anchored && self.has_double && !self.starts_with_double {
            Where::AfterAnySlash
        } else {
            Where::Whole
        };
        compare(pattern, &text, place, self.is_wild)
    }
}

fn compare(pattern: &str, text: &str, place: Where, is_wild: bool) -> bool {
    let text = match place {
        Where::Last(parts) => match last_parts(text, parts) {
            Some(text) => text,
            None => return false,
        },
        _ => text,
    };
    if !is_wild {
        return pattern == text;
    }
    let mut steps = MAX_STEPS;
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let whole = wild(pattern, text, &mut steps);
    if place != Where::AfterAnySlash || matches!(whole, Outcome::Yes | Outcome::Ended) {
        return whole == Outcome::Yes;
    }
    let slashes = memchr::memchr_iter(b'/', text);
    let mut starts = slashes.map(|at| wild(pattern, &text[at + 1..], &mut steps));
    starts.find(|outcome| matches!(outcome, Outcome::Yes | Outcome::Ended)) == Some(Outcome::Yes)
}

/// The last `parts` parts of a path.
fn last_parts(text: &str, parts: u32) -> Option<&str> {
    let mut left = parts;
    for at in memchr::memrchr_iter(b'/', text.as_bytes()) {
        left -= 1;
        if left == 0 {
            return Some(&text[at + 1..]);
        }
    }
    (left == 1).then_some(text)
}

/// Patterns of people need a few hundred; made to be slow, one would need more than there is time.
const MAX_STEPS: u32 = 200_000;

fn wild(mut pattern: &[u8], mut text: &[u8], steps: &mut u32) -> Outcome {
    loop {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            return Outcome::Ended;
        }
        let Some((&sign, rest)) = pattern.split_first() else {
            return if text.is_empty() { Outcome::Yes } else { Outcome::No };
        };
        if sign == b'*' {
            let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
            return star(&pattern[stars..], text, stars > 1, steps);
        }
        let Some((&byte, text_rest)) = text.split_first() else { return Outcome::Ended };
        pattern = match sign {
            b'?' if byte == b'/' => return Outcome::No,
            b'?' => rest,
            b'[' => match class(rest, byte) {
                Some((true, rest)) if byte != b'/' => rest,
                Some(_) => return Outcome::No,
                None => return Outcome::Ended,
            },
            b'\\' => match rest.split_first() {
                Some((escaped, rest)) if *escaped == byte => rest,
                _ => return Outcome::No,
            },
            _ if sign == byte => rest,
            _ => return Outcome::No,
        };
        text = text_rest;
    }
}

/// `*` or, if `double`, `**`, and then `pattern`.
fn star(pattern: &[u8], mut text: &[u8], double: bool, steps: &mut u32) -> Outcome {
    if pattern.is_empty() {
        return if double || !text.contains(&b'/') { Outcome::Yes } else { Outcome::No };
    }
    while let Some((&byte, rest)) = text.split_first() {
        match wild(pattern, text, steps) {
            Outcome::No if !double && byte == b'/' => return Outcome::AtSlash,
            Outcome::No => {}
            Outcome::AtSlash if double => {}
            outcome => return outcome,
        }
        text = rest;
    }
    Outcome::Ended
}

/// Whether a class, of which `pattern` follows the bracket, holds `byte`; and what follows the class. `None` for one that
/// has no end.
fn class(pattern: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (is_negated, mut pattern) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut found = false;
    // The start of a range, if the next sign may be its dash.
    let mut before: Option<u8> = None;
    let mut is_first = true;
    loop {
        let (&sign, rest) = pattern.split_first()?;
        if sign == b']' && !is_first {
            return Some((found != is_negated, rest));
        }
        is_first = false;
        (before, pattern) = match (sign, rest) {
            (b'\\', [escaped, rest @ ..]) => {
                found |= byte == *escaped;
                (Some(*escaped), rest)
            }
            (b'\\', []) => return None,
            (b'-', [end, after @ ..]) if before.is_some() && *end != b']' => {
                let (end, after) = match (*end, after) {
                    (b'\\', [escaped, after @ ..]) => (*escaped, after),
                    (b'\\', []) => return None,
                    (end, after) => (end, after),
                };
                found |= before.is_some_and(|start| (start..=end).contains(&byte));
                (None, after)
            }
            (b'[', [b':', named @ ..]) => {
                let end = memchr::memchr(b']', named)?;
                match named[..end].strip_suffix(b":") {
                    Some(name) => {
                        found |= is_in(name, byte)?;
                        (None, &named[end + 1..])
                    }
                    None => {
                        found |= byte == b'[';
                        (Some(b'['), rest)
                    }
                }
            }
            _ => {
                found |= byte == sign;
                (Some(sign), rest)
            }
        };
    }
}

/// Whether `byte` is in the class `[:name:]`; `None` if there is no such class.
fn is_in(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}
