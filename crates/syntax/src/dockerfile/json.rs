//! The JSON form of an instruction's arguments: an array of strings and nothing else.

use super::{Line, Word};

/// The strings of `line` when all of it is a JSON array of strings; Docker reads anything else as a command or as words.
pub(super) fn array(line: &Line) -> Option<Vec<Word>> {
    let text = line.text();
    let mut reader = Reader { text, at: 0 };
    let mut words = Vec::new();
    reader.take('[')?;
    if reader.take(']').is_none() {
        loop {
            reader.spaces();
            let start = reader.at;
            let value = reader.string()?;
            words.push(Word { text: value, span: line.host(start, reader.at) });
            if reader.take(',').is_some() {
                continue;
            }
            reader.take(']')?;
            break;
        }
    }
    reader.spaces();
    (reader.at == text.len()).then_some(words)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.text.get(self.at..)?.chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn spaces(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.spaces();
        self.text.get(self.at..)?.starts_with(wanted).then(|| self.at += wanted.len_utf8())
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut value = String::new();
        loop {
            match self.next()? {
                '"' => return Some(value),
                '\\' => match self.next()? {
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    'b' => value.push('\u{8}'),
                    'f' => value.push('\u{c}'),
                    'u' => {
                        let first = self.hex()?;
                        value.push(char::from_u32(first).or_else(|| self.low_half(first)).unwrap_or('\u{fffd}'));
                    }
                    plain @ ('"' | '\\' | '/') => value.push(plain),
                    _ => return None,
                },
                c if c < ' ' => return None,
                c => value.push(c),
            }
        }
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// The second half of a character that JSON writes as two (`\ud83d\ude00`).
    fn low_half(&mut self, high: u32) -> Option<char> {
        let before = self.at;
        let rest = self.text.get(self.at..)?.strip_prefix("\\u")?;
        self.at = self.text.len() - rest.len();
        let found = self.hex().filter(|low| (0xdc00..0xe000).contains(low) && (0xd800..0xdc00).contains(&high));
        let Some(low) = found else {
            self.at = before;
            return None;
        };
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }
}
