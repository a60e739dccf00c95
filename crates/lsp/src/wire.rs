//! Messages as they come over a pipe. Whatever comes, the next whole message is found again.

use lsp_server::Message;
use serde_json::Value;

/// The longest message that is read, in bytes: sixteen times the largest file that is looked at.
const LONGEST: usize = 64 << 20;

/// How long a header may be, in bytes; real ones have less than a hundred.
const LONGEST_HEADER: usize = 4096;

const LENGTH: &[u8] = b"content-length:";

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message.
    Message(Message),
    /// Something that is none: what is wrong with it, as JSON-RPC counts it.
    Malformed {
        /// `-32700` for what is no JSON, `-32600` for JSON that is no message.
        code: i32,
        /// What is wrong.
        what: String,
        /// The id that it names, if it names one.
        id: Value,
    },
}

/// Finds messages in bytes as they come.
///
/// `lsp-server`'s own reader ends at the first message that it does not understand, and makes room for whatever length a
/// header claims; here one bad message costs that message.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    bytes: Vec<u8>,
    /// Up to where the body was searched for a header that cannot stand in it.
    searched: usize,
}

/// A header: where it starts, where the body starts, and how long that is.
struct Header {
    start: usize,
    body: usize,
    length: usize,
}

impl Framer {
    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, or what is wrong with the next bytes; `None` until more have come.
    pub fn next(&mut self) -> Option<Incoming> {
        let Some(start) = find(&self.bytes, 0) else {
            // A header's beginning may still be on its way.
            let kept = self.bytes.len().min(LONGEST_HEADER);
            let junk = self.bytes.len() - kept;
            if junk == 0 {
                return None;
            }
            self.drop_front(junk);
            return Some(malformed("these bytes are no message of the protocol"));
        };
        let junk = !self.bytes[..start].split_inclusive(|byte| *byte == b'\n').all(is_field);
        if junk {
            self.drop_front(start);
            return Some(malformed("the bytes before a message are none; is the one before shorter than it says?"));
        }
        let header = match self.header(start) {
            Ok(header) => header?,
            Err(what) => {
                self.drop_front(start + LENGTH.len());
                return Some(malformed(what));
            }
        };
        let end = header.body + header.length;
        // Such a header stands in no JSON: not in a string, which has no raw line breaks, and not outside of one.
        let mut from = header.body.max(self.searched);
        let inner = loop {
            match find(&self.bytes, from) {
                Some(at) if at < end => match self.header(at) {
                    Ok(Some(_)) => break Some(at),
                    Ok(None) => break None,
                    Err(_) => from = at + LENGTH.len(),
                },
                _ => break None,
            }
        };
        if let Some(at) = inner {
            self.drop_front(at);
            return Some(malformed("a message is shorter than its header says"));
        }
        if self.bytes.len() < end {
            self.searched = self.bytes.len().saturating_sub(LONGEST_HEADER).max(header.body);
            return None;
        }
        let message = message(&self.bytes[header.body..end]);
        debug_assert!(header.start <= header.body);
        self.drop_front(end);
        Some(message)
    }

    fn drop_front(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.searched = 0;
        // One huge message does not hold its memory for ever.
        if self.bytes.capacity() > 1 << 20 && self.bytes.len() < 1 << 16 {
            self.bytes.shrink_to(1 << 16);
        }
    }

    /// The header whose length stands at `start`; `None` until it is whole.
    fn header(&self, start: usize) -> Result<Option<Header>, &'static str> {
        let rest = &self.bytes[start..];
        let head = &rest[..rest.len().min(LONGEST_HEADER)];
        let end = head.windows(4).position(|four| four == b"\r\n\r\n").map(|at| (at, at + 4));
        let end = end.or_else(|| head.windows(2).position(|two| two == b"\n\n").map(|at| (at, at + 2)));
        let Some((fields, body)) = end else {
            return if rest.len() >= LONGEST_HEADER { Err("a header has no end") } else { Ok(None) };
        };
        let mut lines = head[..fields].split(|byte| *byte == b'\n');
        let length = lines.next().and_then(|line| std::str::from_utf8(line.get(LENGTH.len()..)?).ok());
        let length = length.and_then(|length| length.trim().parse().ok()).ok_or("a length is not a number")?;
        if length > LONGEST {
            return Err("a message is longer than 64 MiB");
        }
        Ok(Some(Header { start, body: start + body, length }))
    }
}

/// Where a `Content-Length:` stands, at or after `from`.
fn find(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(LENGTH.len()).position(|window| window.eq_ignore_ascii_case(LENGTH)).map(|at| from + at)
}

/// Whether a line is a field of a header: `Content-Type: …`.
fn is_field(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    line.ends_with(b"\n")
        && line.len() > name.len() + 1
        && name.len() < 40
        && name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-')
}

fn malformed(what: &str) -> Incoming {
    Incoming::Malformed { code: lsp_server::ErrorCode::ParseError as i32, what: what.to_owned(), id: Value::Null }
}

fn message(body: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return malformed(&format!("a message is not JSON: {error}")),
    };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or_default();
    match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => Incoming::Malformed {
            code: lsp_server::ErrorCode::InvalidRequest as i32,
            what: "this JSON is neither a request nor a response nor a notification".into(),
            id,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// What comes out, in words; whole and byte by byte.
    fn read(text: &str) -> Vec<String> {
        let drain = |framer: &mut Framer, out: &mut Vec<String>| {
            while let Some(next) = framer.next() {
                out.push(match next {
                    Incoming::Message(Message::Request(request)) => format!("{}#{}", request.method, request.id),
                    Incoming::Message(Message::Notification(note)) => note.method,
                    Incoming::Message(Message::Response(response)) => format!("#{}", response.id),
                    Incoming::Malformed { code, .. } => code.to_string(),
                });
            }
        };
        let (mut whole, mut framer) = (Vec::new(), Framer::default());
        framer.push(text.as_bytes());
        drain(&mut framer, &mut whole);
        let (mut bytewise, mut framer) = (Vec::new(), Framer::default());
        for byte in text.bytes() {
            framer.push(&[byte]);
            drain(&mut framer, &mut bytewise);
        }
        assert_eq!(whole, bytewise);
        whole
    }

    const A: &str = r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;
    const B: &str = r#"{"jsonrpc":"2.0","method":"b","params":{"text":"Content-Length: 5\r\n\r\n"}}"#;

    #[test]
    fn messages_are_found_one_after_the_other() {
        assert_eq!(read(&(framed(A) + &framed(B))), ["a#1", "b"]);
        assert_eq!(read(&format!("Content-Type: x/y\r\ncontent-length:{}\r\n\r\n{A}", A.len())), ["a#1"]);
    }

    #[test]
    fn after_something_malformed_the_next_message_is_found() {
        assert_eq!(read(&(framed("{nonsense") + &framed(A))), ["-32700", "a#1"]);
        assert_eq!(read(&(framed("[1,2]") + &framed(A))), ["-32600", "a#1"]);
        assert_eq!(read(&(framed(r#"{"id":7}"#) + &framed(A))), ["-32600", "a#1"]);
        assert_eq!(read(&(format!("Content-Length: none\r\n\r\n{A}") + &framed(A))), ["-32700", "-32700", "a#1"]);
        assert_eq!(read(&(format!("Content-Length: 99999999999\r\n\r\n{A}") + &framed(A))).last().unwrap(), "a#1");
    }

    #[test]
    fn wrong_lengths_cost_their_message_only() {
        let short = format!("Content-Length: {}\r\n\r\n{A}", A.len() - 5);
        assert_eq!(read(&(short + &framed(A))), ["-32700", "-32700", "a#1"]);
        let long = format!("Content-Length: {}\r\n\r\n{A}", A.len() + 5000);
        assert_eq!(read(&(long + &framed(B) + &framed(A))), ["-32700", "b", "a#1"]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        assert_eq!(read(&framed(&"[".repeat(100_000))), ["-32700"]);
    }
}
