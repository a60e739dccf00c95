//! Scripts inside scripts: `sh -c '…'`, `ssh host <<EOF`, `docker exec db bash -c "…"`, `eval '…'`.

use super::command::{SSH_WITH_VALUE, skip_options};
use super::{Command, Dialect, Host, Invocation, NodeId, NodeKind, PartKind, RedirectKind, Script, Start, Word};
use twiceshy_source::{Extract, Quoting, Span};

/// How many scripts one text may hold.
pub(super) const MAX_SCRIPTS: usize = 500;

/// What runs a script that stands inside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A shell on the same machine: `sh -c`, `bash <<EOF`, `sudo -u app bash -c`, `su -c`.
    Shell,
    /// `ssh`: another machine.
    Ssh,
    /// `docker exec`, `docker run`, `kubectl exec`: a container.
    Container,
    /// `eval`, `trap`: this very shell.
    Eval,
    /// `cat > file <<EOF`: whoever runs the file that is written; the text starts with `#!`.
    File,
}

impl Script {
    /// The scripts inside this one, one level deep.
    pub(super) fn nested(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for command in self.commands() {
            for (extract, via, start) in self.texts(command) {
                if extract.text().trim().is_empty() {
                    continue;
                }
                let host = Host::Inside { outer: Box::new(self.host.clone()), via };
                found.push(Self::alone(extract, host, start));
            }
        }
        found
    }

    fn texts(&self, command: Command<'_>) -> Vec<(Extract, Via, Start)> {
        let mut found = Vec::new();
        // A script that is written to a file.
        if let Some(extract) = self.heredoc(command).filter(|extract| extract.text().starts_with("#!")) {
            let start = Start::of_file("", extract.text());
            found.extend(start.map(|start| (extract, Via::File, start)));
            return found;
        }
        let chain = command.chain();
        let Some(&last) = chain.last() else {
            return found;
        };
        let Some(name) = last.name() else {
            return found;
        };
        let via_of = |invocation: &Invocation<'_>| match invocation.name().as_deref() {
            Some("ssh") => Some(Via::Ssh),
            Some("docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "kubectl" | "oc")
                if invocation.words.len() < usize::MAX =>
            {
                Some(Via::Container)
            }
            _ => None,
        };
        let around = if last.elsewhere { chain[..chain.len() - 1].iter().rev().find_map(via_of) } else { None };
        let via = around.unwrap_or(Via::Shell);
        // `ssh host 'one word with a script in it'`, `ssh host cmd | cmd`: ssh joins its words for the login shell.
        if let Some(ssh) = chain.iter().find(|invocation| invocation.name().as_deref() == Some("ssh")) {
            let args = ssh.args();
            let host = skip_options(args, SSH_WITH_VALUE);
            let words = args.get(host + 1..).unwrap_or_default();
            let words = words.get(skip_options(words, SSH_WITH_VALUE)..).unwrap_or_default();
            let login = Start::plain(Dialect::Sh);
            match words {
                // With no command, or with a shell that reads its input, the heredoc is the script.
                [] => found.extend(self.heredoc(command).map(|extract| (extract, Via::Ssh, login))),
                [word] if Start::of_words(word.literal().iter().flat_map(|text| text.split_whitespace())).is_some() => {
                    let text = word.literal().unwrap_or_default();
                    let start = Start::of_words(text.split_whitespace()).unwrap_or(login);
                    match self.heredoc(command) {
                        Some(extract) => found.push((extract, Via::Ssh, start)),
                        None => found.extend(self.word_text(word).map(|extract| (extract, Via::Ssh, login))),
                    }
                }
                [word] => found.extend(self.word_text(word).map(|extract| (extract, Via::Ssh, login))),
                _ => {}
            }
            if matches!(words, [] | [_]) {
                return found;
            }
        }
        match &*name {
            "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "busybox" => {
                let mut args = last.args();
                let mut program = name.as_ref();
                if name == "busybox" {
                    program = "ash";
                    args = args.get(1..).unwrap_or_default();
                }
                let literals: Vec<_> = args.iter().map_while(Word::literal).collect();
                let Some(start) = Start::of_words(std::iter::once(program).chain(literals.iter().map(|word| &**word)))
                else {
                    return found;
                };
                let dash_c = args.iter().position(|word| {
                    word.literal()
                        .is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.contains('c'))
                });
                match dash_c {
                    Some(at) => {
                        let rest = args.get(at + 1..).unwrap_or_default();
                        // `bash -c -e '…'`, `bash -eo pipefail -c '…'`
                        let at = skip_options(rest, &["-o", "-O"]);
                        let text = rest.get(at).and_then(|word| self.word_text(word));
                        found.extend(text.map(|extract| (extract, via, start)));
                    }
                    None => {
                        let reads_input =
                            skip_options(args, &["-o", "-O"]) >= args.len() || args.iter().any(|word| word.is("-s"));
                        if reads_input {
                            let text = self.heredoc(command).or_else(|| self.piped_text(command));
                            found.extend(text.map(|extract| (extract, via, start)));
                        }
                    }
                }
            }
            "su" | "runuser" => {
                let dash_c = last.args().iter().position(|word| word.is("-c") || word.is("--command"));
                let word = dash_c.and_then(|at| last.args().get(at + 1));
                let text = word.and_then(|word| self.word_text(word));
                found.extend(text.map(|extract| (extract, via, Start::plain(Dialect::Sh))));
            }
            "eval" => {
                let start = Start { dialect: self.start.dialect, options: command.options() };
                if let [word] = last.args() {
                    found.extend(self.word_text(word).map(|extract| (extract, Via::Eval, start)));
                }
            }
            "trap" => {
                let start = Start { dialect: self.start.dialect, options: command.options() };
                let word = last.args().first().filter(|word| word.literal().is_some_and(|text| text.contains(' ')));
                found.extend(word.and_then(|word| self.word_text(word)).map(|extract| (extract, Via::Eval, start)));
            }
            _ => {}
        }
        found
    }

    /// The decoded text of a word, expansions written as variables of equal length; `None` where the word is nothing but
    /// an expansion.
    fn word_text(&self, word: &Word) -> Option<Extract> {
        let mut extractor = self.extract.nested(Quoting::Opaque);
        let mut has_text = false;
        for part in &word.parts {
            let written = self.written(part.span);
            match &part.kind {
                PartKind::Text(text) => {
                    has_text = true;
                    let inner = match written.as_bytes().first() {
                        Some(b'\'') if written.len() == text.len() + 2 => {
                            Span { start: part.span.start + 1, end: part.span.end - 1 }
                        }
                        _ => part.span,
                    };
                    decode(text, inner, inner.of(self.text()), &mut extractor);
                }
                PartKind::Glob(text) => {
                    extractor.piece(text, part.span);
                }
                _ => {
                    extractor.piece(&unknown(written), part.span);
                }
            }
        }
        has_text.then(|| extractor.finish())
    }

    /// What `echo` or `printf` writes into the pipe that a command reads: its one word.
    fn piped_text(&self, command: Command<'_>) -> Option<Extract> {
        let before = self.command(self.stage_before(command.id)?)?;
        let words = match before.name().as_deref() {
            Some("echo") => before.args().get(skip_options(before.args(), &[])..)?,
            Some("printf") if before.args().first().is_some_and(|word| word.is("%s") || word.is("%s\\n")) => {
                before.args().get(1..)?
            }
            Some("printf") => before.args(),
            _ => return None,
        };
        match words {
            [word] => self.word_text(word),
            _ => None,
        }
    }

    /// What writes into the pipe that a command reads.
    pub fn stage_before(&self, id: NodeId) -> Option<NodeId> {
        let NodeKind::Pipeline(stages) = &self.node(self.shell().parent(id)?).kind else { return None };
        let at = stages.iter().position(|stage| *stage == id)?;
        stages.get(at.checked_sub(1)?).copied()
    }

    /// The body of the heredoc that a command reads.
    fn heredoc(&self, command: Command<'_>) -> Option<Extract> {
        let redirect =
            command.redirects().iter().rev().find(|redirect| matches!(redirect.kind, RedirectKind::Heredoc { .. }))?;
        let RedirectKind::Heredoc { expanded, .. } = redirect.kind else {
            return None;
        };
        let body = redirect.target.span;
        // An edit would be read by the outer shell first where it expands the body.
        let quoting = if expanded { Quoting::Opaque } else { Quoting::Verbatim };
        let mut extractor = self.extract.nested(quoting);
        let mut done = body.start;
        if expanded {
            for part in &redirect.target.parts {
                if part.span.start < done || part.span.end > body.end {
                    continue;
                }
                let before = Span { start: done, end: part.span.start };
                unescape(before, before.of(self.text()), &mut extractor);
                extractor.piece(&unknown(self.written(part.span)), part.span);
                done = part.span.end;
            }
            let rest = Span { start: done, end: body.end };
            unescape(rest, rest.of(self.text()), &mut extractor);
        } else {
            extractor.copy(body.start, body.of(self.text()));
        }
        Some(extractor.finish())
    }
}

/// What the outer shell puts in, for the inner one: a variable as long as what is written.
fn unknown(written: &str) -> String {
    match written.len() {
        0 => String::new(),
        1..=3 => "_".repeat(written.len()),
        length => format!("${{{}}}", "_".repeat(length - 3)),
    }
}

/// Adds `text`, which `raw` at `at` stands for, piece by piece where backslashes were taken off.
fn decode(text: &str, at: Span, raw: &str, extractor: &mut twiceshy_source::Extractor<'_>) {
    if raw.len() == text.len() {
        extractor.copy(at.start, text);
        return;
    }
    let mut raw_rest = raw;
    let mut rest = text;
    let mut start = at.start;
    while let Some(c) = rest.chars().next() {
        let Some(r) = raw_rest.chars().next() else {
            break;
        };
        let width = if r == c && !raw_rest.starts_with("\\\\") {
            r.len_utf8()
        } else if raw_rest.starts_with("\\\n") {
            raw_rest = &raw_rest[2..];
            start += 2;
            continue;
        } else {
            // `\"` stands for `"`.
            (r.len_utf8() + c.len_utf8()).min(raw_rest.len())
        };
        let Some(tail) = raw_rest.get(width..) else {
            break;
        };
        extractor.piece(&rest[..c.len_utf8()], Span { start, end: start + width as u32 });
        raw_rest = tail;
        rest = &rest[c.len_utf8()..];
        start += width as u32;
    }
    if !rest.is_empty() {
        extractor.piece(rest, Span { start, end: at.end.max(start) });
    }
}

/// Text of a heredoc that the outer shell expands: `\$` is `$`.
fn unescape(at: Span, raw: &str, extractor: &mut twiceshy_source::Extractor<'_>) {
    let mut done = 0;
    for (index, _) in raw.match_indices('\\') {
        if index < done {
            continue;
        }
        let Some(escaped) = raw[index + 1..].chars().next().filter(|c| matches!(c, '$' | '`' | '\\')) else {
            continue;
        };
        extractor.copy(at.start + done as u32, &raw[done..index]);
        let end = index + 1 + escaped.len_utf8();
        extractor.piece(&raw[index + 1..end], Span { start: at.start + index as u32, end: at.start + end as u32 });
        done = end;
    }
    extractor.copy(at.start + done as u32, &raw[done..]);
}
