//! Dockerfiles, read by hand as BuildKit reads them: physical lines, then instructions, then words.
//!
//! Variables are left as written ([`Word::expand`] resolves them): what they stand for depends on the build.

mod json;
mod lines;
mod words;

pub use lines::Line;
pub use words::Word;

use crate::Flaw;
use lines::{Lines, Logical};
use twiceshy_source::{Extract, Quoting, Span};

/// A parsed Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// The directives at its top: `# syntax=…`, `# escape=…`, `# check=…`.
    pub directives: Vec<Directive>,
    /// Comments, in order, each from its `#` to the end of its line; directives are not among them.
    pub comments: Vec<Span>,
    /// The instructions, in order.
    pub instructions: Vec<Instruction>,
    /// What continues a line and escapes a character: `\`, or a backtick by directive.
    pub escape: char,
    /// What was not understood.
    pub flaws: Vec<Flaw>,
}

/// A parser directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its line.
    pub span: Span,
}

/// One instruction with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// From its first letter to the end of its last line, heredocs included.
    pub span: Span,
    /// What it does; of `ONBUILD RUN …`: `RUN`.
    pub keyword: Keyword,
    /// Where the keyword stands.
    pub keyword_span: Span,
    /// Whether it is put off until a later build uses this one as its base (`ONBUILD`).
    pub onbuild: bool,
    /// Its flags: `--from=…`.
    pub flags: Vec<Flag>,
    /// Everything after the flags.
    pub args: Args,
    /// Its heredocs, in order.
    pub heredocs: Vec<Heredoc>,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are Docker's own")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name, without its dashes.
    pub name: String,
    /// The value, if there is a `=`.
    pub value: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// What follows an instruction's flags.
#[derive(Clone, Debug)]
pub enum Args {
    /// Nothing, or `HEALTHCHECK NONE`.
    None,
    /// Words between spaces.
    Words(Vec<Word>),
    /// The JSON form: `["a", "b"]`; each word's text is decoded.
    Json(Vec<Word>),
    /// `NAME=value` pairs of `ENV`, `ARG` and `LABEL`.
    Pairs(Vec<Pair>),
    /// A command for the shell.
    Command(Line),
}

/// `name=value`, or `name` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: Word,
    /// The value, if there is one.
    pub value: Option<Word>,
}

/// A heredoc of `RUN`, `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it; for `COPY` and `ADD` also the name of the file.
    pub name: String,
    /// The marker: `<<EOF`.
    pub marker: Span,
    /// Its lines, the terminator not included.
    pub body: Span,
    /// Up to the end of the terminator.
    pub end: u32,
    /// `<<-`: tabs at the start of its lines are taken off.
    pub chomp: bool,
    /// Whether variables in it are replaced: the name is not quoted.
    pub expand: bool,
}

/// Parses `text`.
pub fn parse(text: &str) -> Dockerfile {
    let mut lines = Lines::new(text);
    let directives = lines.directives();
    let mut parsed = Dockerfile {
        escape: lines.escape,
        directives,
        comments: Vec::new(),
        instructions: Vec::new(),
        flaws: Vec::new(),
    };
    while let Some(logical) = lines.next_instruction(&mut parsed.comments) {
        if let Some(mut instruction) = instruction(&logical, parsed.escape, &mut parsed.flaws) {
            lines.heredocs(&mut instruction, &logical, &mut parsed.flaws);
            parsed.instructions.push(instruction);
        }
    }
    parsed
}

impl Keyword {
    /// The keyword that `word` is, in any case of letters.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "ADD" => Self::Add,
            "ARG" => Self::Arg,
            "CMD" => Self::Cmd,
            "COPY" => Self::Copy,
            "ENTRYPOINT" => Self::Entrypoint,
            "ENV" => Self::Env,
            "EXPOSE" => Self::Expose,
            "FROM" => Self::From,
            "HEALTHCHECK" => Self::Healthcheck,
            "LABEL" => Self::Label,
            "MAINTAINER" => Self::Maintainer,
            "ONBUILD" => Self::Onbuild,
            "RUN" => Self::Run,
            "SHELL" => Self::Shell,
            "STOPSIGNAL" => Self::Stopsignal,
            "USER" => Self::User,
            "VOLUME" => Self::Volume,
            "WORKDIR" => Self::Workdir,
            _ => return None,
        })
    }
}

impl Instruction {
    /// The value of the flag `name`.
    pub fn flag(&self, name: &str) -> Option<&Word> {
        self.flags.iter().find(|flag| flag.name == name)?.value.as_ref()
    }

    /// The words of the arguments, in either form; empty for pairs and commands.
    pub fn words(&self) -> &[Word] {
        match &self.args {
            Args::Words(words) | Args::Json(words) => words,
            _ => &[],
        }
    }

    /// The `NAME=value` pairs.
    pub fn pairs(&self) -> &[Pair] {
        match &self.args {
            Args::Pairs(pairs) => pairs,
            _ => &[],
        }
    }

    /// The text that the shell gets, of a command in shell form: without its continuations, with its heredocs. A lone
    /// `RUN <<EOF` gives the heredoc's lines; `RUN <<EOF bash` comes as `bash <<EOF`. `outer` holds the text that was parsed.
    pub fn shell_text(&self, outer: &Extract) -> Option<Extract> {
        let Args::Command(line) = &self.args else {
            return None;
        };
        match self.heredocs.as_slice() {
            [] => Some(line.extract(outer)),
            [only] if line.text().trim() == only.marker.of(outer.text()) => Some(only.extract(outer)),
            [only] if line.text().trim_start().starts_with(only.marker.of(outer.text())) => {
                // `<<EOF bash`: the grammar of shells wants the command first, `bash <<EOF`.
                let command = Span { start: only.marker.end, end: only.body.start };
                let written = command.of(outer.text());
                if written.trim_end().contains('\n') {
                    return None;
                }
                let mut extractor = outer.nested(Quoting::Opaque);
                extractor.copy(command.start, written.trim_end());
                extractor.piece(" ", Span { start: command.start, end: command.start });
                extractor.copy(only.marker.start, only.marker.of(outer.text()));
                let (start, end) = (only.body.start, only.end);
                extractor.piece("\n", Span { start: start.saturating_sub(1), end: start });
                extractor.copy(start, Span { start, end }.of(outer.text()));
                Some(extractor.finish())
            }
            heredocs => {
                let mut extractor = outer.nested(Quoting::Opaque);
                line.copy_to(&mut extractor);
                for heredoc in heredocs {
                    let (start, end) = (heredoc.body.start, heredoc.end);
                    extractor.piece("\n", Span { start: start.saturating_sub(1), end: start });
                    extractor.copy(start, Span { start, end }.of(outer.text()));
                }
                Some(extractor.finish())
            }
        }
    }
}

impl Heredoc {
    /// Its content: the lines, tabs taken off for `<<-`.
    pub fn extract(&self, outer: &Extract) -> Extract {
        let mut extractor = outer.nested(Quoting::Verbatim);
        let body = self.body.of(outer.text());
        if self.chomp {
            let mut at = self.body.start;
            for line in body.split_inclusive('\n') {
                let kept = line.trim_start_matches('\t');
                extractor.copy(at + (line.len() - kept.len()) as u32, kept);
                at += line.len() as u32;
            }
        } else {
            extractor.copy(self.body.start, body);
        }
        extractor.finish()
    }
}

/// Reads one logical line; `None` when it is no instruction at all.
fn instruction(logical: &Logical, escape: char, flaws: &mut Vec<Flaw>) -> Option<Instruction> {
    let all = logical.line();
    let mut rest = all.trimmed();
    let mut onbuild = false;
    let (keyword, keyword_span) = loop {
        let word = rest.first_word();
        let Some(keyword) = Keyword::of(word.text()) else {
            let what = format!("`{}` is not a Dockerfile instruction", shorten(word.text()));
            flaws.push(Flaw { span: word.span(), what });
            return None;
        };
        let after = rest.after_first_word();
        if keyword == Keyword::Onbuild && !onbuild && !after.text().is_empty() {
            onbuild = true;
            rest = after;
            continue;
        }
        rest = after;
        break (keyword, word.span());
    };
    let mut flags = Vec::new();
    let rest = words::flags(&rest, escape, &mut flags);
    if rest.text().is_empty() && keyword != Keyword::Maintainer {
        flaws.push(Flaw {
            span: keyword_span,
            what: format!("`{}` without arguments", all.trimmed().first_word().text()),
        });
    }
    let args = args(keyword, &rest, escape);
    Some(Instruction { span: logical.span(), keyword, keyword_span, onbuild, flags, args, heredocs: Vec::new() })
}

fn args(keyword: Keyword, rest: &Line, escape: char) -> Args {
    if rest.text().is_empty() {
        return Args::None;
    }
    let command = |rest: &Line| json::array(rest).map_or_else(|| Args::Command(rest.clone()), Args::Json);
    match keyword {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint => command(rest),
        Keyword::Healthcheck => {
            let rest = rest.after_first_word();
            // `HEALTHCHECK NONE`, or what is no health check at all.
            if rest.text().is_empty() { Args::None } else { command(&rest) }
        }
        Keyword::Add | Keyword::Copy | Keyword::Volume | Keyword::Shell => {
            json::array(rest).map_or_else(|| Args::Words(words::spaced(rest)), Args::Json)
        }
        Keyword::Env | Keyword::Label => Args::Pairs(words::pairs(rest, escape, true)),
        Keyword::Arg => Args::Pairs(words::pairs(rest, escape, false)),
        Keyword::From | Keyword::Expose => Args::Words(words::spaced(rest)),
        Keyword::Workdir | Keyword::User | Keyword::Stopsignal | Keyword::Maintainer | Keyword::Onbuild => {
            Args::Words(vec![Word::of(rest)])
        }
    }
}

fn shorten(text: &str) -> &str {
    text.get(..text.floor_char_boundary(40)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
