//! From granit-parser's events to the arena.

use super::{ALIAS_BUDGET, Content, Data, NONE, Style, Yaml};
use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};
use rustc_hash::FxHashMap;
use std::cell::Cell;
use twiceshy_source::Span;

/// How deep collections may nest in the text. Real files stay below 20.
const NESTING: usize = 128;

/// Why the parser stopped.
pub(super) struct Stop {
    /// The byte at which it noticed.
    pub at: usize,
    /// What it says.
    pub what: String,
    /// Where the innermost flow collection opened that was still open.
    pub open_flow: Option<usize>,
}

/// What one attempt gave: all that was understood before the parser stopped.
pub(super) struct Attempt {
    pub yaml: Yaml,
    pub stop: Option<Stop>,
}

/// Parses `text`, giving up at the first error.
pub(super) fn attempt(text: &str) -> Attempt {
    let mut options = Options::default();
    options.emit_anchor_events = false;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = NESTING;
    options.block_nesting_limit = NESTING;
    // The default of 96 refuses valid files with longer runs of comments.
    options.max_buffered_comment_events = usize::MAX;
    let mut builder = Builder::new(text);
    let mut stop = None;
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                stop = Some(Stop { at, what: error.info().to_owned(), open_flow: builder.open_flow() });
                break;
            }
        }
    }
    Attempt { yaml: builder.finish(), stop }
}

struct Builder<'t> {
    text: &'t str,
    yaml: Yaml,
    frames: Vec<Frame>,
    /// Children of the open collections, the innermost's last.
    pending: Vec<u32>,
    /// Node ids by the parser's anchor ids.
    anchors: FxHashMap<usize, u32>,
}

struct Frame {
    id: u32,
    /// Where its children begin in `pending`.
    base: usize,
    is_map: bool,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let yaml = Yaml {
            nodes: Vec::with_capacity(text.len() / 16),
            children: Vec::with_capacity(text.len() / 16),
            values: String::with_capacity(text.len() / 2),
            tags: Vec::new(),
            documents: Vec::new(),
            budget: Cell::new(ALIAS_BUDGET),
            comments: Vec::new(),
            flaws: Vec::new(),
        };
        Self { text, yaml, frames: Vec::new(), pending: Vec::new(), anchors: FxHashMap::default() }
    }

    fn event(&mut self, event: Event<'t>, at: &granit_parser::Span) {
        let span = Span::new(at.start.byte_offset().unwrap_or(0), at.end.byte_offset().unwrap_or(0));
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                // An empty value arrives as `~` without any bytes.
                let is_empty = span.start == span.end && style == Style::Plain;
                let value = if is_empty { "" } else { &*value };
                let span = match style {
                    Style::Literal | Style::Folded => self.trimmed(span),
                    _ if is_empty => self.after_colon(span),
                    _ => span,
                };
                let start = self.yaml.values.len();
                self.yaml.values.push_str(value);
                let content = Content::Scalar(Span::new(start, self.yaml.values.len()));
                let id = self.node(Data { span, style, content }, anchor);
                self.tag(id, at);
            }
            Event::SequenceStart(style, anchor, _) => self.open(style, anchor, at, false),
            Event::MappingStart(style, anchor, _) => self.open(style, anchor, at, true),
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span.end)),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                // Inside its own anchor an alias would repeat itself without end.
                let target = target.filter(|target| self.frames.iter().all(|frame| frame.id != *target));
                if target.is_none() {
                    self.flaw(span, "an alias inside its own anchor");
                }
                self.node(Data { span, style: Style::Plain, content: Content::Alias(target) }, 0);
            }
            Event::UnresolvedAlias(_) => {
                self.flaw(span, "an alias without an anchor");
                self.node(Data { span, style: Style::Plain, content: Content::Alias(None) }, 0);
            }
            Event::Comment(..) => self.yaml.comments.push(span),
            _ => {}
        }
    }

    fn flaw(&mut self, span: Span, what: &str) {
        self.yaml.flaws.push(crate::Flaw { span, what: what.to_owned() });
    }

    fn node(&mut self, data: Data, anchor: usize) -> u32 {
        let id = u32::try_from(self.yaml.nodes.len()).unwrap_or(NONE);
        self.yaml.nodes.push(data);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        if self.frames.is_empty() {
            self.yaml.documents.push(id);
        } else {
            self.pending.push(id);
        }
        id
    }

    fn tag(&mut self, id: u32, at: &granit_parser::Span) {
        let Some(range) = at.tag_span().and_then(|span| span.byte_range()) else { return };
        let span = Span::new(range.start, range.end);
        self.yaml.tags.push((id, span, span.of(self.text).into()));
    }

    fn open(&mut self, style: StructureStyle, anchor: usize, at: &granit_parser::Span, is_map: bool) {
        let start = at.start.byte_offset().unwrap_or(0);
        let style = if style == StructureStyle::Flow { Style::Flow } else { Style::Block };
        let start = if style == Style::Block && !is_map { self.dash(start) } else { start };
        let none = Span::default();
        let content = if is_map { Content::Map(none) } else { Content::Seq(none) };
        let id = self.node(Data { span: Span::new(start, start), style, content }, anchor);
        self.tag(id, at);
        self.frames.push(Frame { id, base: self.pending.len(), is_map });
    }

    /// Where the first dash of a block sequence stands: a sequence that is not indented is reported at its first item.
    fn dash(&self, start: usize) -> usize {
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let indent = before[line..].len() - before[line..].trim_start_matches(' ').len();
        if before[line + indent..].starts_with('-') { line + indent } else { start }
    }

    fn close(&mut self, end: Option<u32>) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.is_map && (self.pending.len() - frame.base) % 2 == 1 {
            // The parser stopped between a key and its value.
            self.pending.pop();
        }
        let first = self.yaml.children.len();
        let last = self.pending.len().checked_sub(1).filter(|last| *last >= frame.base);
        let last_end = last.and_then(|last| self.pending.get(last)).map(|id| self.yaml.data(*id).span.end);
        self.yaml.children.extend(self.pending.drain(frame.base..));
        let range = Span::new(first, self.yaml.children.len());
        if let Some(data) = self.yaml.nodes.get_mut(frame.id as usize) {
            // A block collection ends where its last child does; its own end event points at the next token.
            let end = match data.style {
                Style::Flow => end.or(last_end),
                _ => last_end,
            };
            data.span.end = end.unwrap_or(data.span.start).max(data.span.start);
            data.content = if frame.is_map { Content::Map(range) } else { Content::Seq(range) };
        }
    }

    /// The span of a block scalar without the blank lines and the indentation that follow it.
    fn trimmed(&self, span: Span) -> Span {
        let written = span.of(self.text).trim_end_matches(['\n', '\r', ' ', '\t']);
        Span::new(span.start as usize, span.start as usize + written.len())
    }

    /// The span of an empty value: it is reported before the colon of its key.
    fn after_colon(&self, span: Span) -> Span {
        let at = span.start as usize;
        let after = if self.text.as_bytes().get(at) == Some(&b':') { at + 1 } else { at };
        Span::new(after, after)
    }

    fn open_flow(&self) -> Option<usize> {
        let frame = self.frames.iter().rev().find(|frame| self.yaml.data(frame.id).style == Style::Flow)?;
        Some(self.yaml.data(frame.id).span.start as usize)
    }

    fn finish(mut self) -> Yaml {
        while !self.frames.is_empty() {
            self.close(None);
        }
        self.yaml
    }
}
