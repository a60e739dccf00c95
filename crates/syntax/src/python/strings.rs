//! Where in a Python text strings and comments are.

/// Only the parser can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt;

/// Steps over strings and comments, forward only.
pub(super) struct Strings<'a> {
    bytes: &'a [u8],
    /// Everything before is stepped over.
    at: usize,
}

impl<'a> Strings<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether `target` is in neither a string nor a comment. Asked in ascending order.
    pub fn is_code(&mut self, target: usize) -> Result<bool, Doubt> {
        while self.at <= target {
            let rest = self.bytes.get(self.at..=target).unwrap_or_default();
            let Some(found) = memchr::memchr3(b'"', b'\'', b'#', rest) else {
                // What was searched is not searched again.
                self.at = target;
                return Ok(true);
            };
            let start = self.at + found;
            self.at = match self.bytes.get(start) {
                Some(b'#') => self.find(b'\n', start).unwrap_or(self.bytes.len()),
                Some(quote) => self.string(start, *quote)?,
                None => return Ok(true),
            };
        }
        Ok(false)
    }

    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        memchr::memchr(byte, self.bytes.get(from..)?).map(|found| from + found)
    }

    /// The end of the string whose first quote stands at `start`.
    fn string(&self, start: usize, quote: u8) -> Result<usize, Doubt> {
        let is_triple = self.bytes.get(start..).is_some_and(|rest| rest.starts_with(&[quote; 3]));
        let inside = start + if is_triple { 3 } else { 1 };
        let end = if is_triple { self.triple(inside, quote)? } else { self.single(inside, quote)? };
        if self.is_template(start) {
            let text = self.bytes.get(inside..end - if is_triple { 3 } else { 1 }).unwrap_or_default();
            is_closed(text, (!is_triple).then_some(quote))?;
        }
        Ok(end)
    }

    fn single(&self, mut at: usize, quote: u8) -> Result<usize, Doubt> {
        loop {
            let rest = self.bytes.get(at..).ok_or(Doubt)?;
            let found = at + memchr::memchr3(quote, b'\\', b'\n', rest).ok_or(Doubt)?;
            match self.bytes.get(found..).unwrap_or_default() {
                [b'\\', b'\r', ..] => at = found + 3,
                [b'\\', ..] => at = found + 2,
                [b'\n', ..] => return Err(Doubt),
                _ => return Ok(found + 1),
            }
        }
    }

    fn triple(&self, mut at: usize, quote: u8) -> Result<usize, Doubt> {
        loop {
            let rest = self.bytes.get(at..).ok_or(Doubt)?;
            let found = at + memchr::memchr2(quote, b'\\', rest).ok_or(Doubt)?;
            match self.bytes.get(found..).unwrap_or_default() {
                [b'\\', ..] => at = found + 2,
                rest if rest.starts_with(&[quote; 3]) => return Ok(found + 3),
                _ => at = found + 1,
            }
        }
    }

    /// Whether the letters before the quote at `start` make it an f-string or t-string.
    fn is_template(&self, start: usize) -> bool {
        let before = self.bytes.get(start.saturating_sub(3)..start).unwrap_or_default();
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let prefix = before.get(before.len() - letters..).unwrap_or_default();
        letters < 3 && prefix.iter().any(|letter| matches!(letter, b'f' | b'F' | b't' | b'T'))
    }
}

/// Since Python 3.12 the quote of an f-string may stand again within its braces, so that its first repetition need not
/// end it: where it does not, a brace is open there.
fn is_closed(text: &[u8], quote: Option<u8>) -> Result<(), Doubt> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' if depth == 0 && text.get(at + 1) == Some(&b'{') => at += 1,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'\\' | b'#' if depth > 0 => return Err(Doubt),
            b'"' | b'\'' if depth > 0 => {
                // A string in the braces: one with braces of its own is the parser's.
                let rest = text.get(at + 1..).unwrap_or_default();
                let length = memchr::memchr(*byte, rest).filter(|_| Some(*byte) != quote).ok_or(Doubt)?;
                let has_more = |inner: &[u8]| memchr::memchr3(b'{', b'}', b'\\', inner).is_some();
                if rest.get(..length).is_none_or(has_more) {
                    return Err(Doubt);
                }
                at += 1 + length;
            }
            _ => {}
        }
        at += 1;
    }
    if depth == 0 { Ok(()) } else { Err(Doubt) }
}
