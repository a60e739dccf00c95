//! Bytes to words and operators: quotes, expansions, heredocs, as each shell delimits them.

use super::{Heredoc, Kind, Read, Reader, Reading, Stop, Token};
use twiceshy_source::Span;

/// Longest first.
const OPERATORS: [&str; 21] = [
    ";;&", "<<<", "<<-", "&>>", "&&", "||", ";;", ";&", "|&", "&>", "<<", "<&", ">&", "<>", ">|", ">>", "<", ">", ";",
    "&", "|",
];
const BASH_ONLY: [&str; 6] = [";;&", "<<<", "&>>", ";&", "|&", "&>"];

impl Reading<'_> {
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    pub(super) fn peek(&mut self) -> Read<Token> {
        if self.peeked.is_none() {
            self.peeked = Some(self.token()?);
        }
        self.peeked.clone().ok_or(Stop::Unsure)
    }

    pub(super) fn next(&mut self) -> Read<Token> {
        let token = self.peek()?;
        self.peeked = None;
        Ok(token)
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.byte(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    while self.byte(0).is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn token(&mut self) -> Read<Token> {
        self.skip_blanks();
        let start = self.at;
        let kind = match self.byte(0) {
            None => Kind::End,
            Some(b'\n') => {
                self.at += 1;
                self.read_heredocs()?;
                return Ok(Token { kind: Kind::Newline, span: Span { start: start as u32, end: start as u32 + 1 } });
            }
            Some(b'(') => self.operator("("),
            Some(b')') => self.operator(")"),
            Some(b'<' | b'>') if self.is_process() => self.word()?,
            Some(b'|' | b'&' | b';' | b'<' | b'>') => {
                let rest = &self.bytes[start..];
                let known = |operator: &&&str| {
                    rest.starts_with(operator.as_bytes())
                        && (self.is_bash()
                            || !BASH_ONLY.contains(operator)
                            || (self.reader == Reader::Ash && **operator == "&>"))
                };
                let Some(operator) = OPERATORS.iter().find(known) else { return Err(Stop::Unsure) };
                // An operator in two halves; one that BusyBox came to know later.
                let is_murky = rest[operator.len()..].starts_with(b"\\\n")
                    || (self.reader == Reader::Ash && rest.starts_with(b"&>>"));
                if is_murky {
                    return Err(Stop::Unsure);
                }
                self.operator(operator)
            }
            Some(_) => self.word()?,
        };
        Ok(Token { kind, span: self.span_from(start) })
    }

    fn operator(&mut self, operator: &'static str) -> Kind {
        self.at += operator.len();
        Kind::Operator(operator)
    }

    /// `<(`, which BusyBox has too, where it was built with it.
    fn is_process(&self) -> bool {
        matches!(self.byte(0), Some(b'<' | b'>')) && self.byte(1) == Some(b'(') && self.reader != Reader::Dash
    }

    fn word(&mut self) -> Read<Kind> {
        let start = self.at;
        let mut plain = Some(String::new());
        while let Some(byte) = self.byte(0) {
            match byte {
                b'\\' if self.byte(1) == Some(b'\n') => self.at += 2,
                b'\\' => {
                    plain = None;
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                b'\'' => {
                    plain = None;
                    self.single()?;
                }
                b'"' => {
                    plain = None;
                    self.double()?;
                }
                b'$' => {
                    plain = None;
                    self.dollar(false)?;
                }
                b'`' => {
                    plain = None;
                    self.backticks()?;
                }
                b'<' | b'>' if self.is_process() => {
                    plain = None;
                    let open = self.at;
                    self.at += 2;
                    self.substitution(open)?;
                }
                b'(' if self.is_bash() && self.at > start => {
                    let before = self.bytes[self.at - 1];
                    if before == b'=' && is_assignment(&self.bytes[start..self.at]) {
                        self.array()?;
                        return Ok(Kind::Array);
                    }
                    if !matches!(before, b'@' | b'?' | b'*' | b'+' | b'!') {
                        break;
                    }
                    // A pattern, where `extglob` is on.
                    plain = None;
                    self.at += 1;
                    self.parentheses(1)?;
                }
                b'[' if self.is_bash() && is_name(&self.bytes[start..self.at]) => {
                    plain = None;
                    self.at = self.subscript().unwrap_or(self.at + 1);
                }
                b' ' | b'\t' | b'\n' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' => break,
                // A template of another language.
                b'{' if self.byte(1) == Some(b'{') => return Err(Stop::Unsure),
                _ => {
                    if let Some(plain) = &mut plain {
                        // Only what is ASCII is ever compared.
                        plain.push(char::from(byte));
                    }
                    self.at += 1;
                }
            }
        }
        if let (Some(text), Some(b'<' | b'>')) = (&plain, self.byte(0)) {
            let in_braces = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if is_number || (self.is_bash() && in_braces.is_some_and(|name| is_name(name.as_bytes()))) {
                return Ok(Kind::Descriptor);
            }
        }
        Ok(Kind::Word(plain))
    }

    /// The end of `[…]=` behind a name, which may hold blanks.
    fn subscript(&self) -> Option<usize> {
        let line = self.bytes[self.at..].split(|byte| *byte == b'\n').next()?;
        let close = line.iter().position(|byte| *byte == b']')?;
        let inside = &line[1..close];
        let is_plain = inside.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _+-*/%".contains(byte));
        let is_assigned = line[close + 1..].starts_with(b"=") || line[close + 1..].starts_with(b"+=");
        (is_plain && is_assigned).then_some(self.at + close + 1)
    }

    fn never_closed<T>(&mut self, open: usize, length: usize) -> Read<T> {
        let span = Span { start: open as u32, end: (open + length) as u32 };
        let written = span.of(self.text);
        self.refuse(span, format!("`{written}` is never closed"))
    }

    fn single(&mut self) -> Read<()> {
        let open = self.at;
        match self.bytes[open + 1..].iter().position(|byte| *byte == b'\'') {
            Some(length) => {
                self.at = open + length + 2;
                Ok(())
            }
            None => self.never_closed(open, 1),
        }
    }

    fn double(&mut self) -> Read<()> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.byte(0) {
                None => return self.never_closed(open, 1),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'$') => self.dollar(true)?,
                Some(b'`') => self.backticks()?,
                Some(_) => self.at += 1,
            }
        }
    }

    fn backticks(&mut self) -> Read<()> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.byte(0) {
                None => return self.never_closed(open, 1),
                Some(b'`') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(_) => self.at += 1,
            }
        }
    }

    fn dollar(&mut self, in_double: bool) -> Read<()> {
        let open = self.at;
        match self.byte(1) {
            Some(b'(') if self.byte(2) == Some(b'(') => {
                self.at += 3;
                if self.arithmetic(open, 3)? {
                    return Ok(());
                }
                if !self.is_bash() {
                    return Err(Stop::Unsure);
                }
                self.at = open + 2;
                self.substitution(open)
            }
            Some(b'(') => {
                self.at += 2;
                self.substitution(open)
            }
            Some(b'{') => {
                self.at += 2;
                self.deeper(|reading| reading.braces(open, in_double))
            }
            Some(b'[') if self.is_bash() => {
                let rest = &self.bytes[open..];
                let close = rest.iter().position(|byte| matches!(byte, b']' | b'\n'));
                match close.filter(|close| rest[*close] == b']' && !rest[2..*close].contains(&b'[')) {
                    Some(close) => self.at = open + close + 1,
                    None => return Err(Stop::Unsure),
                }
                Ok(())
            }
            Some(b'\'') if !in_double && self.reader != Reader::Dash => {
                self.at += 2;
                loop {
                    match self.byte(0) {
                        None => return self.never_closed(open, 2),
                        Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                        Some(b'\'') => {
                            self.at += 1;
                            return Ok(());
                        }
                        Some(_) => self.at += 1,
                    }
                }
            }
            _ => {
                self.at += 1;
                Ok(())
            }
        }
    }

    /// What stands between `${` and `}`.
    fn braces(&mut self, open: usize, in_double: bool) -> Read<()> {
        // `${ command; }` of bash 5.3.
        if matches!(self.byte(0), Some(b' ' | b'\t' | b'\n' | b'|' | b'(')) {
            return Err(Stop::Unsure);
        }
        loop {
            match self.byte(0) {
                None => return self.never_closed(open, 2),
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'\'') if in_double => {
                    // Whether it quotes depends on the operator, the shell and its mode.
                    let rest = &self.bytes[self.at + 1..];
                    let close = rest.iter().position(|byte| b"'}\"$`\\\n".contains(byte));
                    match close.filter(|close| rest[*close] == b'\'') {
                        Some(close) => self.at += close + 2,
                        None => return Err(Stop::Unsure),
                    }
                }
                Some(b'\'') => self.single()?,
                Some(b'"') => self.double()?,
                Some(b'$') => self.dollar(in_double)?,
                Some(b'`') => self.backticks()?,
                Some(_) => self.at += 1,
            }
        }
    }

    /// What stands between `((` and `))`; whether that is how it ends.
    pub(super) fn arithmetic(&mut self, open: usize, length: usize) -> Read<bool> {
        let mut depth = 2;
        loop {
            match self.byte(0) {
                None => return self.never_closed(open, length),
                Some(b'\'') => return Err(Stop::Unsure),
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'"') => self.double()?,
                Some(b'$') => self.dollar(false)?,
                Some(b'`') => self.backticks()?,
                Some(b'(') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b')') => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 1 {
                        let ends = self.byte(0) == Some(b')');
                        self.at += usize::from(ends);
                        return Ok(ends);
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// To the `)` that closes `depth` of them, whatever stands between.
    fn parentheses(&mut self, mut depth: usize) -> Read<()> {
        while depth > 0 {
            match self.byte(0) {
                None => return Err(Stop::Unsure),
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'\'') => self.single()?,
                Some(b'"') => self.double()?,
                Some(b'$') => self.dollar(false)?,
                Some(b'`') => self.backticks()?,
                Some(byte) => {
                    depth = depth + usize::from(byte == b'(') - usize::from(byte == b')');
                    self.at += 1;
                }
            }
        }
        Ok(())
    }

    /// Commands up to `)`; `open` is where `$(` stands.
    fn substitution(&mut self, open: usize) -> Read<()> {
        // Bodies that come before or after the end: shells differ.
        if !self.heredocs.is_empty() {
            return Err(Stop::Unsure);
        }
        let peeked = self.peeked.take();
        self.open.push(Span { start: open as u32, end: open as u32 + 2 });
        self.substitutions += 1;
        self.deeper(Self::list)?;
        let close = self.next()?;
        if !close.is_operator(")") {
            return self.unexpected(&close);
        }
        if !self.heredocs.is_empty() {
            return Err(Stop::Unsure);
        }
        self.substitutions -= 1;
        self.open.pop();
        self.peeked = peeked;
        Ok(())
    }

    fn array(&mut self) -> Read<()> {
        let open = self.at;
        if !self.heredocs.is_empty() {
            return Err(Stop::Unsure);
        }
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.byte(0) {
                None => return self.never_closed(open, 1),
                Some(b'\n') => self.at += 1,
                Some(b')') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'[') => {
                    self.at = self.subscript().unwrap_or(self.at + 1);
                }
                Some(b'<' | b'>') if self.is_process() => {
                    self.deeper(Self::word)?;
                }
                Some(b'|' | b'&' | b';' | b'(' | b'<' | b'>') => return Err(Stop::Unsure),
                Some(_) => {
                    self.deeper(Self::word)?;
                }
            }
        }
    }

    // `[[ … ]]`

    /// What stands between `[[`, at `open`, and `]]`.
    pub(super) fn conditional(&mut self, open: Span) -> Read<()> {
        let mut is_pattern = false;
        loop {
            match self.byte(0) {
                None => return self.never_closed(open.start as usize, 2),
                Some(b'\\') if self.byte(1) == Some(b'\n') => self.at += 2,
                Some(b' ' | b'\t' | b'\n') => self.at += 1,
                Some(b'#') => return Err(Stop::Unsure),
                Some(b';') if !is_pattern => {
                    let span = Span { start: self.at as u32, end: self.at as u32 + 1 };
                    self.open.push(open);
                    return self.refuse(span, "`;` stands where `[[` is still open: no `]]`");
                }
                Some(b';') => return Err(Stop::Unsure),
                Some(b'<' | b'>') if !self.is_process() => self.at += 1,
                Some(b'(' | b')' | b'|' | b'&') => self.at += 1,
                Some(_) => {
                    let kind = self.deeper(Self::word)?;
                    let text = match &kind {
                        Kind::Word(Some(text)) => text.as_str(),
                        _ => "",
                    };
                    if text == "]]" {
                        return Ok(());
                    }
                    is_pattern = matches!(text, "=~" | "==" | "=" | "!=")
                        || (is_pattern && !matches!(self.byte(0), Some(b' ' | b'\t' | b'\n') | None));
                }
            }
        }
    }

    // Heredocs.

    pub(super) fn heredoc(&mut self, word: Span, strips_tabs: bool) -> Read<()> {
        let written = word.of(self.text);
        if written.contains(['$', '`']) {
            return Err(Stop::Unsure);
        }
        let quoted = written.contains(['\'', '"', '\\']);
        let mut delimiter = String::new();
        let mut chars = written.chars();
        let mut quote = None;
        while let Some(c) = chars.next() {
            match (c, quote) {
                ('\\', None) => delimiter.extend(chars.next()),
                ('\\', Some('"')) => return Err(Stop::Unsure),
                ('\'' | '"', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                _ => delimiter.push(c),
            }
        }
        self.heredocs.push(Heredoc { delimiter, strips_tabs, quoted });
        Ok(())
    }

    /// The bodies that start on this line. One without an end goes to the end of the text: shells warn at most.
    fn read_heredocs(&mut self) -> Read<()> {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let mut joined = false;
            let mut is_met = false;
            while !is_met && self.at < self.bytes.len() {
                let rest = &self.text[self.at..];
                let line = rest.split('\n').next().unwrap_or_default();
                let own = if heredoc.strips_tabs { line.trim_start_matches('\t') } else { line };
                is_met = !joined && own == heredoc.delimiter;
                // dash and ash read what is open in a body past its delimiter.
                if !heredoc.quoted && !self.is_bash() && !is_balanced(line) {
                    return Err(Stop::Unsure);
                }
                let slashes = line.len() - line.trim_end_matches('\\').len();
                joined = !heredoc.quoted && slashes % 2 == 1;
                self.at = (self.at + line.len() + 1).min(self.bytes.len());
            }
            if !is_met && self.substitutions > 0 {
                return Err(Stop::Unsure);
            }
        }
        Ok(())
    }
}

/// Whether nothing that an expansion may open is open at the end of a line.
fn is_balanced(line: &str) -> bool {
    let count = |c: char| line.matches(c).count();
    let expands = line.contains("$(") || line.contains("${");
    count('`') % 2 == 0 && (!expands || (count('(') == count(')') && count('{') == count('}')))
}

/// `name`
pub(super) fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// `name=`, `name+=`, `name[…]=`
fn is_assignment(text: &[u8]) -> bool {
    let Some(name) = text.strip_suffix(b"=") else { return false };
    let name = name.strip_suffix(b"+").unwrap_or(name);
    let name = match name.iter().position(|byte| *byte == b'[') {
        Some(at) if name.ends_with(b"]") => &name[..at],
        _ => name,
    };
    is_name(name)
}
