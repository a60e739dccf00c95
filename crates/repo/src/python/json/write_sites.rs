//! Whether a text may write the result of `json.dumps` to a column: a look at what stands before each call.
//!
//! A module that does is parsed, a large repository has hundreds that encode something, and few of them for a column. So
//! this tells the two apart without a parser. Where it cannot tell, it says yes.

use memchr::memmem::{Finder, find};
use std::sync::LazyLock;

/// Whether the text may hold a [`JsonWrite`](super::JsonWrite).
pub(in crate::python) fn may_write(text: &str) -> bool {
    static DUMPS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("dumps("));
    let text = text.as_bytes();
    DUMPS.find_iter(text).any(|at| may_be_written(text, before_path(&text[..at])))
}

/// Whether the value that follows `before` may be what a column is given: a keyword's or a key's, an attribute's.
fn may_be_written(text: &[u8], before: &[u8]) -> bool {
    let code = before.trim_ascii_end();
    if before[code.len()..].contains(&b'\n') && last_line(code).contains(&b'#') {
        return true;
    }
    match code {
        [.., b':' | b'\\'] => true,
        [rest @ .., b'='] => is_bound(rest),
        [rest @ .., b'('] => {
            // `d=(json.dumps(x))`; of calls only a function of this module may hand it on.
            let callee = last_name(rest);
            callee.is_empty() || find(text, &[b"def ", callee].concat()).is_some()
        }
        // `a, b.d = x, json.dumps(y)`
        [.., b','] => !last_line(code).iter().any(|byte| matches!(byte, b'(' | b'[' | b'{')),
        _ => matches!(last_name(code), b"else" | b"or" | b"and" | b"await"),
    }
}

/// Whether what stands before a `=` is a keyword, an attribute or a key, and not a variable by itself.
fn is_bound(before: &[u8]) -> bool {
    if let [.., b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'^' | b'@'] = before {
        return false;
    }
    let before = before.trim_ascii_end();
    let rest = before_path(before);
    let target = &before[rest.len()..];
    if target.is_empty() || target.contains(&b'.') {
        return true;
    }
    let code = rest.trim_ascii_end();
    if last_line(code).contains(&b'#') {
        return true;
    }
    match code {
        // A keyword follows a parenthesis or a comma.
        [.., b'(' | b',' | b'=' | b'\\'] => true,
        // `self.d: str = json.dumps(x)`
        [rest @ .., b':'] => last_line(rest).contains(&b'.'),
        _ => false,
    }
}

/// The text without the dotted name at its end.
fn before_path(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | 0x80..);
    let length = text.iter().rev().take_while(|byte| is_part(byte)).count();
    &text[..text.len() - length]
}

/// The name at the end of a text; empty: there is none.
fn last_name(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..);
    let length = text.iter().rev().take_while(|byte| is_part(byte)).count();
    &text[text.len() - length..]
}

fn last_line(text: &[u8]) -> &[u8] {
    memchr::memrchr(b'\n', text).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_into_a_column_is_told_from_what_does_not() {
        let written = [
            "Model(d=json.dumps(x))",
            "Model(\n    a=1,\n    d=dumps(x),\n)",
            "Model(\n    a=1,  # one\n    d = json.dumps(x))",
            "row = {'d': json.dumps(x)}",
            "row['d'] = json.dumps(x)",
            "model.d = json.dumps(x)",
            "model.d: str = json.dumps(x)",
            "model.d = value = json.dumps(x)",
            "model.d, model.e = json.dumps(x), 1",
            "model.d, model.e = 1, json.dumps(x)",
            "model.d = \\\n  json.dumps(x)",
            "Model(d=(  # text\n json.dumps(x)))",
            "Model(d=None if x is None else json.dumps(x))",
            "Model(d=x and json.dumps(x))",
            "Column(JSON, default=lambda: json.dumps({}))",
            "Model(d=(text := json.dumps(x)))",
            "def same(x):\n    return x\nModel(d=same(json.dumps(x)))",
            "model.d = await json.dumps(x)",
        ];
        for text in written {
            assert!(may_write(text), "{text}");
        }
        let others = [
            "text = json.dumps(x)",
            "def f():\n    a(1)\n    text = json.dumps(x, indent=2)\n    return text",
            "if x:\n    text: str = json.dumps(x)",
            "return json.dumps(x)",
            "print(json.dumps(x))",
            "log.info('%s', json.dumps(x))",
            "text += json.dumps(x)",
            "assert a == json.dumps(x)",
            "f\"{json.dumps(x)}\"",
            "json.loads(x)",
        ];
        for text in others {
            assert!(!may_write(text), "{text}");
        }
    }
}
