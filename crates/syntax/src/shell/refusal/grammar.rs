//! Words and operators to commands: what must follow what.

use super::words::is_name;
use super::{Kind, Read, Reader, Reading, Stop, Token};
use twiceshy_source::Span;

/// Words that end something where a command may start.
const CLOSERS: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];
/// Builtins of bash that take arrays.
const DECLARES: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

impl Reading<'_> {
    pub(super) fn script(&mut self) -> Read<()> {
        loop {
            self.skip_newlines()?;
            let first = self.peek()?;
            if first.kind == Kind::End {
                return Ok(());
            }
            if !self.starts_command(&first) {
                return self.unexpected(&first);
            }
            let ends = self.and_or()?;
            let after = self.next()?;
            match after.kind {
                Kind::End => return Ok(()),
                // The shell reads line by line; what comes behind `exit` it never sees.
                Kind::Newline if ends => return Ok(()),
                Kind::Newline | Kind::Operator(";" | "&") => {}
                _ => return self.unexpected(&after),
            }
        }
    }

    /// Commands up to something that starts none.
    pub(super) fn list(&mut self) -> Read<bool> {
        let mut any = false;
        loop {
            self.skip_newlines()?;
            let first = self.peek()?;
            if !self.starts_command(&first) {
                return Ok(any);
            }
            self.and_or()?;
            any = true;
            match self.peek()?.kind {
                Kind::Newline | Kind::Operator(";" | "&") => {
                    self.next()?;
                }
                _ => return Ok(true),
            }
        }
    }

    fn skip_newlines(&mut self) -> Read<()> {
        while self.peek()?.kind == Kind::Newline {
            self.next()?;
        }
        Ok(())
    }

    fn starts_command(&self, token: &Token) -> bool {
        match &token.kind {
            Kind::Word(Some(word)) => !CLOSERS.contains(&word.as_str()),
            Kind::Word(None) | Kind::Array | Kind::Descriptor => true,
            Kind::Operator(operator) => *operator == "(" || is_redirection(operator),
            Kind::Newline | Kind::End => false,
        }
    }

    pub(super) fn unexpected<T>(&mut self, token: &Token) -> Read<T> {
        let written = token.span.of(self.text);
        let opener = self.open.last().map(|open| open.of(self.text));
        match (&token.kind, self.open.last().copied()) {
            (Kind::End, Some(open)) => {
                let written = open.of(self.text);
                let due = closer(written).map(|closer| format!(": no `{closer}`")).unwrap_or_default();
                self.refuse(open, format!("`{written}` is never closed{due}"))
            }
            (Kind::End, None) => self.refuse(token.span, "the text ends where a command is due"),
            (Kind::Newline, _) => self.refuse(token.span, "the line ends where a word is due"),
            (Kind::Word(Some(word)), _) if CLOSERS.contains(&word.as_str()) => {
                let what = match opener.and_then(closer) {
                    Some(due) if due != word => format!("`{word}` stands where `{due}` is due"),
                    _ => format!("`{word}` has nothing to end here"),
                };
                self.refuse(token.span, what)
            }
            _ if written == ")" && opener.and_then(closer).is_none_or(|due| due != ")") => {
                self.refuse(token.span, "`)` has nothing to end here")
            }
            _ => self.refuse(token.span, format!("`{written}` must not stand here")),
        }
    }

    /// `a && b || c`; whether the script surely ends with it.
    fn and_or(&mut self) -> Read<bool> {
        let mut ends = self.pipeline()?;
        while matches!(self.peek()?.kind, Kind::Operator("&&" | "||")) {
            self.next()?;
            ends = false;
            self.skip_newlines()?;
            self.command_due()?;
            self.pipeline()?;
        }
        Ok(ends && !self.peek()?.is_operator("&"))
    }

    fn command_due(&mut self) -> Read<()> {
        let token = self.peek()?;
        if self.starts_command(&token) { Ok(()) } else { self.unexpected(&token) }
    }

    fn pipeline(&mut self) -> Read<bool> {
        let mut alone = true;
        loop {
            let first = self.peek()?;
            if first.is_word("!") && alone {
                self.next()?;
                let after = self.peek()?;
                if self.is_bash() && !self.starts_command(&after) {
                    // Of `!` alone, bash thinks otherwise in every version.
                    return Err(Stop::Unsure);
                }
                if after.is_word("!") && !self.is_bash() {
                    return Err(Stop::Unsure);
                }
                self.command_due()?;
                continue;
            }
            if first.is_word("!") {
                return self.unexpected(&first);
            }
            if first.is_word("time") && self.is_bash() {
                self.next()?;
                while self.peek()?.is_word("-p") || self.peek()?.is_word("--") {
                    self.next()?;
                }
                let after = self.peek()?;
                if !self.starts_command(&after) {
                    return match after.kind {
                        Kind::Word(_) => self.unexpected(&after),
                        _ => Err(Stop::Unsure),
                    };
                }
                continue;
            }
            let ends = self.deeper(Self::command)?;
            if !matches!(self.peek()?.kind, Kind::Operator("|" | "|&")) {
                return Ok(ends && alone);
            }
            alone = false;
            self.next()?;
            self.skip_newlines()?;
            self.command_due()?;
        }
    }

    /// One command with its redirections; whether it is one that ends the script.
    fn command(&mut self) -> Read<bool> {
        let first = self.peek()?;
        let span = first.span;
        let word = match &first.kind {
            Kind::Operator("(") => "(",
            Kind::Word(Some(word)) => word.as_str(),
            _ => "",
        };
        match word {
            "(" => {
                self.next()?;
                if self.is_bash() && self.byte(0) == Some(b'(') && self.at == span.end as usize {
                    self.at += 1;
                    if self.arithmetic(span.start as usize, 2)? {
                        self.redirections()?;
                        return Ok(false);
                    }
                    self.at = span.end as usize;
                }
                self.block(span, ")")?;
            }
            "{" => {
                self.next()?;
                self.block(span, "}")?;
            }
            "if" => self.conditional_command(span)?,
            "while" | "until" => {
                self.next()?;
                self.open.push(span);
                self.body("do")?;
                self.body("done")?;
                self.open.pop();
            }
            "for" => self.for_loop(span)?,
            "select" if self.is_bash() => self.for_loop(span)?,
            "case" => self.case(span)?,
            "[[" if self.is_bash() => {
                self.next()?;
                self.conditional(span)?;
            }
            "coproc" if self.is_bash() => return Err(Stop::Unsure),
            "function" if self.reader != Reader::Dash => {
                self.next()?;
                let name = self.next()?;
                if !matches!(name.kind, Kind::Word(_)) {
                    return Err(Stop::Unsure);
                }
                if self.peek()?.is_operator("(") {
                    self.next()?;
                    let close = self.next()?;
                    if !close.is_operator(")") {
                        return Err(Stop::Unsure);
                    }
                }
                return self.function_body();
            }
            _ => return self.simple(),
        }
        self.redirections()?;
        Ok(false)
    }

    /// Commands, at least one, and then `end`, which is read.
    fn body(&mut self, end: &str) -> Read<()> {
        let any = self.list()?;
        let token = self.peek()?;
        let is_end = token.is_word(end) || token.is_operator(end);
        if !any && is_end {
            return self.refuse(token.span, format!("`{end}` follows at once: a command must stand before it"));
        }
        if !is_end {
            return self.unexpected(&token);
        }
        self.next()?;
        Ok(())
    }

    fn block(&mut self, open: Span, end: &str) -> Read<()> {
        self.open.push(open);
        self.body(end)?;
        self.open.pop();
        Ok(())
    }

    fn conditional_command(&mut self, open: Span) -> Read<()> {
        self.next()?;
        self.open.push(open);
        self.body("then")?;
        loop {
            let any = self.list()?;
            let token = self.peek()?;
            let is_part = token.is_word("elif") || token.is_word("else") || token.is_word("fi");
            if is_part && !any {
                let written = token.span.of(self.text);
                return self.refuse(token.span, format!("`{written}` follows at once: a command must stand before it"));
            }
            if !is_part {
                return self.unexpected(&token);
            }
            self.next()?;
            if token.is_word("elif") {
                self.body("then")?;
                continue;
            }
            if token.is_word("else") {
                self.body("fi")?;
            }
            self.open.pop();
            return Ok(());
        }
    }

    fn for_loop(&mut self, open: Span) -> Read<()> {
        self.next()?;
        self.open.push(open);
        let name = self.peek()?;
        if name.is_operator("(") {
            let is_arithmetic = self.byte(0) == Some(b'(') && self.at == name.span.end as usize;
            if !is_arithmetic {
                return self.unexpected(&name);
            }
            if !self.is_bash() {
                return self.refuse(name.span, "`for ((` is bash's; this shell wants a name after `for`");
            }
            self.next()?;
            self.at += 1;
            if !self.arithmetic(name.span.start as usize, 2)? {
                return Err(Stop::Unsure);
            }
            if self.peek()?.is_operator(";") {
                self.next()?;
            }
        } else {
            if !matches!(name.kind, Kind::Word(_)) {
                return self.unexpected(&name);
            }
            self.next()?;
            if self.peek()?.is_operator(";") {
                self.next()?;
            } else {
                self.skip_newlines()?;
                if self.peek()?.is_word("in") {
                    self.next()?;
                    loop {
                        let word = self.next()?;
                        match word.kind {
                            Kind::Word(_) => {}
                            Kind::Newline | Kind::Operator(";") => break,
                            Kind::Array | Kind::Descriptor => return Err(Stop::Unsure),
                            _ => return self.unexpected(&word),
                        }
                    }
                }
            }
        }
        self.skip_newlines()?;
        let start = self.next()?;
        if start.is_word("{") && self.is_bash() {
            self.body("}")?;
        } else if start.is_word("do") {
            self.body("done")?;
        } else {
            return match &start.kind {
                Kind::Word(Some(word)) if CLOSERS.contains(&word.as_str()) => {
                    self.refuse(start.span, format!("`{word}` stands where `do` is due"))
                }
                Kind::Word(_) => self.refuse(start.span, "a command stands where `do` is due"),
                _ => self.unexpected(&start),
            };
        }
        self.open.pop();
        Ok(())
    }

    fn case(&mut self, open: Span) -> Read<()> {
        self.next()?;
        self.open.push(open);
        let subject = self.next()?;
        if !matches!(subject.kind, Kind::Word(_)) {
            return self.unexpected(&subject);
        }
        self.skip_newlines()?;
        let token = self.next()?;
        if !token.is_word("in") {
            return match token.kind {
                Kind::Word(_) => self.refuse(token.span, "a word stands where the `in` of a `case` is due"),
                _ => self.unexpected(&token),
            };
        }
        loop {
            self.skip_newlines()?;
            let mut pattern = self.next()?;
            if pattern.is_word("esac") {
                break;
            }
            if pattern.is_operator("(") {
                pattern = self.next()?;
                if pattern.is_word("esac") {
                    return Err(Stop::Unsure);
                }
            }
            loop {
                if !matches!(pattern.kind, Kind::Word(_)) {
                    // dash takes `<` for a pattern.
                    let is_murky = !self.is_bash() && pattern.kind != Kind::End;
                    return if is_murky { Err(Stop::Unsure) } else { self.unexpected(&pattern) };
                }
                let after = self.next()?;
                match after.kind {
                    Kind::Operator("|") => pattern = self.next()?,
                    Kind::Operator(")") => break,
                    Kind::End => return self.unexpected(&after),
                    Kind::Array | Kind::Descriptor => return Err(Stop::Unsure),
                    _ => return self.refuse(after.span, "a pattern of a `case` must end with `)` before this"),
                }
            }
            self.list()?;
            let end = self.next()?;
            match end.kind {
                Kind::Operator(";;" | ";&" | ";;&") => {}
                _ if end.is_word("esac") => break,
                Kind::Operator(")") => {
                    return self
                        .refuse(end.span, "`)` begins another branch of the `case` before `;;` has ended this one");
                }
                _ => return self.unexpected(&end),
            }
        }
        self.open.pop();
        Ok(())
    }

    fn simple(&mut self) -> Read<bool> {
        let mut words: Vec<Token> = Vec::new();
        let mut has_more = false;
        loop {
            let token = self.peek()?;
            match &token.kind {
                Kind::Word(text) => {
                    self.next()?;
                    let assigns = token.span.of(self.text).split_once('=');
                    let assigns = assigns.is_some_and(|(name, _)| is_name(name.trim_end_matches('+').as_bytes()));
                    if words.is_empty() && assigns {
                        has_more = true;
                        continue;
                    }
                    if words.is_empty() && text.as_deref() == Some("alias") && !self.is_bash() {
                        return Err(Stop::Unsure);
                    }
                    words.push(token);
                }
                Kind::Array => {
                    let takes = match words.first().map(|word| word.span.of(self.text)) {
                        None => true,
                        Some(name) if DECLARES.contains(&name) => true,
                        // Builtins before builtins.
                        Some(_) => return Err(Stop::Unsure),
                    };
                    has_more |= takes;
                    self.next()?;
                }
                Kind::Descriptor => {
                    self.next()?;
                    has_more = true;
                    let operator = self.peek()?;
                    if !matches!(operator.kind, Kind::Operator(_)) {
                        return Err(Stop::Unsure);
                    }
                }
                Kind::Operator(operator) if is_redirection(operator) => {
                    self.redirection()?;
                    has_more = true;
                }
                Kind::Operator("(") => {
                    let [name] = words.as_slice() else { return self.open_bracket(&token) };
                    if has_more {
                        return self.open_bracket(&token);
                    }
                    let name = name.clone();
                    self.next()?;
                    let close = self.peek()?;
                    if !close.is_operator(")") {
                        return self.open_bracket(&token);
                    }
                    self.next()?;
                    let is_plain = matches!(&name.kind, Kind::Word(Some(text)) if is_name(text.as_bytes()));
                    if !is_plain && !self.is_bash() {
                        return Err(Stop::Unsure);
                    }
                    return self.function_body();
                }
                _ => break,
            }
        }
        if words.is_empty() && !has_more {
            let token = self.peek()?;
            return self.unexpected(&token);
        }
        let name = words.first().map(|word| word.span.of(self.text).trim_matches(['"', '\'']));
        Ok(match name {
            Some("exit" | "return") => true,
            Some("exec") => words.len() > 1,
            _ => false,
        })
    }

    /// A `(` behind words.
    fn open_bracket(&mut self, token: &Token) -> Read<bool> {
        let before = self.bytes[..token.span.start as usize].last();
        if self.is_bash() && before.is_some_and(|byte| b"@?*+!".contains(byte)) {
            return Err(Stop::Unsure);
        }
        let what = match before {
            Some(b'=') if !self.is_bash() => "`(` begins an array, which only bash and its like have",
            Some(b'<' | b'>') if !self.is_bash() => "`(` begins a substitution that only bash and its like have",
            _ => "`(` must not stand here",
        };
        self.refuse(token.span, what)
    }

    fn function_body(&mut self) -> Read<bool> {
        self.skip_newlines()?;
        let token = self.peek()?;
        let is_compound = token.is_operator("(")
            || ["{", "if", "while", "until", "for", "case", "select", "[["].iter().any(|word| token.is_word(word));
        if !self.starts_command(&token) {
            return self.unexpected(&token);
        }
        if self.is_bash() && !is_compound {
            return self.refuse(token.span, "the body of a function must be a `{ … }` or another compound command");
        }
        self.deeper(Self::command)?;
        Ok(false)
    }

    fn redirections(&mut self) -> Read<()> {
        loop {
            let token = self.peek()?;
            match token.kind {
                Kind::Descriptor => {
                    self.next()?;
                }
                Kind::Operator(operator) if is_redirection(operator) => self.redirection()?,
                _ => return Ok(()),
            }
        }
    }

    fn redirection(&mut self) -> Read<()> {
        let operator = self.next()?;
        let target = self.next()?;
        match &target.kind {
            Kind::Word(_) => {}
            // `> 2>x`, `> a=(1)`
            Kind::Descriptor | Kind::Array => return Err(Stop::Unsure),
            Kind::Newline | Kind::End => {
                let written = operator.span.of(self.text);
                return self.refuse(operator.span, format!("`{written}` has no target"));
            }
            Kind::Operator("(") => {
                let what = "`(` begins a substitution that only bash and its like have";
                return self.refuse(target.span, what);
            }
            Kind::Operator(_) => return self.unexpected(&target),
        }
        match operator.kind {
            Kind::Operator("<<") => self.heredoc(target.span, false),
            Kind::Operator("<<-") => self.heredoc(target.span, true),
            _ => Ok(()),
        }
    }
}

fn is_redirection(operator: &str) -> bool {
    operator.starts_with(['<', '>']) || matches!(operator, "&>" | "&>>")
}

/// What ends what.
fn closer(opener: &str) -> Option<&'static str> {
    Some(match opener {
        "if" => "fi",
        "while" | "until" | "for" | "select" => "done",
        "case" => "esac",
        "{" => "}",
        "(" | "$(" | "<(" | ">(" => ")",
        "[[" => "]]",
        _ => return None,
    })
}
