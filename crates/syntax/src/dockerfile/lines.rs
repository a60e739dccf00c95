//! From physical lines to logical ones: comments, continuations, directives, heredocs.

use super::{Args, Directive, Flaw, Heredoc, Instruction, Keyword, words};
use twiceshy_source::{Extract, Extractor, Quoting, Span};

/// A part of a logical line: text without continuations that still knows where each byte stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// Where runs of the text start: (in the text, in the file). Sorted; the first one is at 0 of the text.
    runs: Vec<(u32, u32)>,
}

impl Line {
    /// The text, continuations, comments and blank lines taken out.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where all of it stands.
    pub fn span(&self) -> Span {
        self.host(0, self.text.len())
    }

    /// Where a range of the text stands.
    pub(super) fn host(&self, start: usize, end: usize) -> Span {
        let first = self.offset(start as u32);
        // An end belongs to the run that holds the byte before it.
        let last = if end > start { self.offset(end as u32 - 1) + 1 } else { first };
        Span { start: first, end: last.max(first) }
    }

    fn offset(&self, at: u32) -> u32 {
        let run =
            self.runs.partition_point(|&(start, _)| start <= at).checked_sub(1).and_then(|index| self.runs.get(index));
        run.map_or(at, |&(start, host)| host + (at - start))
    }

    /// A part of it.
    pub(super) fn part(&self, range: std::ops::Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
        let (start, end) = (range.start as u32, (range.start + text.len()) as u32);
        let first = self.runs.partition_point(|&(at, _)| at <= start);
        let mut runs = vec![(0, self.offset(start))];
        runs.extend(self.runs.iter().skip(first).take_while(|(at, _)| *at < end).map(|&(at, host)| (at - start, host)));
        Self { text, runs }
    }

    /// Without spaces at its ends.
    pub(super) fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start..start + self.text.trim().len())
    }

    /// Up to the first space.
    pub(super) fn first_word(&self) -> Self {
        self.part(0..self.text.find(char::is_whitespace).unwrap_or(self.text.len()))
    }

    /// What follows the first word, without spaces around it.
    pub(super) fn after_first_word(&self) -> Self {
        let end = self.text.find(char::is_whitespace).unwrap_or(self.text.len());
        self.part(end..self.text.len()).trimmed()
    }

    /// The text with the way back, for whoever reads it as another language. `outer` holds the text that was parsed.
    pub fn extract(&self, outer: &Extract) -> Extract {
        let mut extractor = outer.nested(Quoting::Line);
        self.copy_to(&mut extractor);
        extractor.finish()
    }

    pub(super) fn copy_to(&self, extractor: &mut Extractor<'_>) {
        for (index, &(at, host)) in self.runs.iter().enumerate() {
            let end = self.runs.get(index + 1).map_or(self.text.len(), |next| next.0 as usize);
            extractor.copy(host, self.text.get(at as usize..end).unwrap_or_default());
        }
    }
}

/// The lines of one instruction, joined.
#[derive(Debug)]
pub(super) struct Logical {
    line: Line,
    span: Span,
}

impl Logical {
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }
}

/// Walks the physical lines of a file.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    pub escape: char,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, escape: '\\' }
    }

    /// The next physical line without its line break, and where it starts.
    fn peek(&self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        Some((self.at, rest.get(..end)?.trim_end_matches('\r')))
    }

    fn step(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    /// The directives: comments of the form `# name=value` before anything else.
    pub(super) fn directives(&mut self) -> Vec<Directive> {
        let mut found = Vec::new();
        while let Some((start, line)) = self.peek() {
            let shebang = start == 0 && line.starts_with("#!");
            if !shebang {
                let Some((name, value)) = directive(line) else { break };
                if name == "escape" && value == "`" {
                    self.escape = '`';
                }
                found.push(Directive { name, value, span: Span::new(start, start + line.len()) });
            }
            self.step();
        }
        found
    }

    /// The next instruction's lines, joined.
    pub(super) fn next_instruction(&mut self, comments: &mut Vec<Span>) -> Option<Logical> {
        let mut joined = Line { text: String::new(), runs: Vec::new() };
        let mut span: Option<Span> = None;
        while let Some((start, line)) = self.peek() {
            self.step();
            let indent = line.len() - line.trim_start().len();
            if line[indent..].starts_with('#') {
                comments.push(Span::new(start + indent, start + line.len()));
                continue;
            }
            if indent == line.len() {
                continue; // blank, also inside a continuation
            }
            // Only the first line loses its indentation.
            let skipped = if span.is_none() { indent } else { 0 };
            let (kept, goes_on) = without_continuation(&line[skipped..], self.escape);
            let here = Span::new(start + indent, start + line.len());
            span = Some(span.map_or(here, |span| span.to(here)));
            if !kept.is_empty() {
                joined.runs.push((joined.text.len() as u32, (start + skipped) as u32));
                joined.text.push_str(kept);
            }
            if !goes_on && !joined.text.trim().is_empty() {
                break;
            }
        }
        let span = span?;
        (!joined.text.trim().is_empty()).then_some(Logical { line: joined, span })
    }

    /// Reads the heredocs that the instruction's line announces.
    pub(super) fn heredocs(&mut self, instruction: &mut Instruction, logical: &Logical, flaws: &mut Vec<Flaw>) {
        let takes_heredocs = matches!(instruction.keyword, Keyword::Run | Keyword::Copy | Keyword::Add);
        if !takes_heredocs || matches!(instruction.args, Args::Json(_)) || !logical.line.text.contains("<<") {
            return;
        }
        for word in words::split(&logical.line, self.escape) {
            let Some((name, chomp, expand)) = marker(&word.text) else { continue };
            let start = self.at;
            let mut closed = None;
            while let Some((at, line)) = self.peek() {
                self.step();
                if (if chomp { line.trim_start_matches('\t') } else { line }) == name {
                    closed = Some((at, at + line.len()));
                    break;
                }
            }
            if closed.is_none() {
                flaws.push(Flaw { span: word.span, what: format!("the heredoc `{name}` is never closed") });
            }
            let (body_end, end) = closed.unwrap_or((self.text.len(), self.text.len()));
            instruction.span.end = end as u32;
            let body = Span::new(start, body_end);
            instruction.heredocs.push(Heredoc { name, marker: word.span, body, end: end as u32, chomp, expand });
        }
    }
}

/// `# name = value`
fn directive(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    matches!(name.as_str(), "syntax" | "escape" | "check").then(|| (name, value.to_owned()))
}

/// Takes a continuation off the end of a line: the escape character, not escaped itself, and spaces after it.
fn without_continuation(line: &str, escape: char) -> (&str, bool) {
    let Some(kept) = line.trim_end_matches([' ', '\t']).strip_suffix(escape) else {
        return (line, false);
    };
    if kept.ends_with(escape) { (line, false) } else { (kept, true) }
}

/// Reads `<<NAME`, `<<-NAME`, `3<<"NAME"`: (name, whether tabs are taken off, whether variables are replaced).
fn marker(word: &str) -> Option<(String, bool, bool)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, chomp) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    let quoted = name.len() != rest.len();
    (!name.is_empty()).then_some((name, chomp, !quoted))
}
