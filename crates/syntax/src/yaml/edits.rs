//! Changes to a YAML file, written as edits that keep everything around them as it is.

use super::{Content, Node, Style};
use twiceshy_source::{Edit, FileId, Place, Span};

/// Writes edits of one file. Each method returns `None` where the way the file is written cannot carry the change.
///
/// Values and items are YAML text: whoever passes a string quotes it. A value of several lines is put below its key,
/// indented as the file does.
#[derive(Clone, Copy, Debug)]
pub struct Edits<'t> {
    file: FileId,
    text: &'t str,
}

impl<'t> Edits<'t> {
    /// Edits of `file`, whose text, as it was parsed, is `text`.
    pub fn new(file: FileId, text: &'t str) -> Self {
        Self { file, text }
    }

    /// Gives `key` of the mapping `map` the value `value`: replaces the one that stands there or adds an entry at the end.
    pub fn set(&self, map: Node<'_>, key: &str, value: &str) -> Option<Edit> {
        let (ids, keys) = children(map, true)?;
        let Some(at) = keys.iter().rposition(|id| scalar(map, *id) == Some(key)) else {
            return self.append(map, &ids, &self.entry(key, value, self.column(map)));
        };
        let span = map.yaml.data(*ids.get(at * 2 + 1)?).span;
        if span.start == span.end {
            return self.edit(span, &format!(" {value}"));
        }
        (!value.contains('\n')).then(|| self.edit(span, value))?
    }

    /// Adds `item` at the end of the sequence `seq`.
    pub fn push(&self, seq: Node<'_>, item: &str) -> Option<Edit> {
        let (ids, _) = children(seq, false)?;
        let item = if seq.style() == Style::Flow { item.to_owned() } else { format!("- {item}") };
        self.append(seq, &ids, &item)
    }

    /// Adds an entry in front of the first one of the mapping `map`.
    pub fn prepend(&self, map: Node<'_>, key: &str, value: &str) -> Option<Edit> {
        children(map, true)?;
        let column = self.column(map);
        let entry = self.entry(key, value, column);
        let text = match map.style() {
            Style::Flow => return None,
            _ => format!("{entry}\n{}", " ".repeat(column)),
        };
        let start = map.span().start as usize;
        self.edit(Span::new(start, start), &text)
    }

    /// Removes the entry of `key` from the mapping `map`, with its line.
    pub fn remove(&self, map: Node<'_>, key: &str) -> Option<Edit> {
        let (ids, keys) = children(map, true)?;
        let at = keys.iter().rposition(|id| scalar(map, *id) == Some(key))?;
        let key = map.yaml.data(*ids.get(at * 2)?).span;
        let value = map.yaml.data(*ids.get(at * 2 + 1)?).span;
        self.cut(map, key.to(value))
    }

    /// Removes the item at position `at` from the sequence `seq`, with its line.
    pub fn remove_item(&self, seq: Node<'_>, at: usize) -> Option<Edit> {
        let (ids, _) = children(seq, false)?;
        let span = seq.yaml.data(*ids.get(at)?).span;
        let before = self.text.get(..span.start as usize)?;
        let dash = if seq.style() == Style::Flow { span.start as usize } else { before.rfind('-')? };
        self.cut(seq, Span::new(dash, span.end as usize))
    }

    fn edit(&self, span: Span, text: &str) -> Option<Edit> {
        self.text.get(span.range())?;
        Some(Edit { place: Place::new(self.file, span), text: text.to_owned() })
    }

    /// An entry as written in a block mapping whose keys stand in column `column`.
    fn entry(&self, key: &str, value: &str, column: usize) -> String {
        if !value.contains('\n') {
            return format!("{key}: {value}");
        }
        let indent = " ".repeat(column + 2);
        let lines: Vec<String> = value.lines().map(|line| format!("\n{indent}{line}")).collect();
        format!("{key}:{}", lines.concat())
    }

    /// The column, in bytes, in which a block collection's entries start.
    fn column(&self, node: Node<'_>) -> usize {
        let start = node.span().start as usize;
        start - self.text[..start.min(self.text.len())].rfind('\n').map_or(0, |at| at + 1)
    }

    fn append(&self, node: Node<'_>, ids: &[u32], entry: &str) -> Option<Edit> {
        let last = ids.last().map(|id| node.yaml.data(*id).span);
        if node.style() == Style::Flow {
            if entry.contains('\n') {
                return None;
            }
            return match last {
                Some(last) => self.edit(Span { start: last.end, ..last }, &format!(", {entry}")),
                None => {
                    let inside = node.span().start as usize + 1;
                    self.edit(Span::new(inside, inside), entry)
                }
            };
        }
        let last = last?.end as usize;
        let end = last + self.text.get(last..)?.find('\n').unwrap_or(self.text.len() - last);
        let end = end - usize::from(self.text[..end].ends_with('\r'));
        self.edit(Span::new(end, end), &format!("\n{}{entry}", " ".repeat(self.column(node))))
    }

    /// Removes the whole lines that `span` covers, when nothing else stands on them.
    fn cut(&self, node: Node<'_>, span: Span) -> Option<Edit> {
        if node.style() == Style::Flow {
            return self.cut_flow(span);
        }
        let start = self.text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
        let after = self.text.get(span.end as usize..)?;
        let end = after.find('\n').map_or(self.text.len(), |at| span.end as usize + at + 1);
        let alone = self.text[start..span.start as usize].trim().is_empty();
        let rest = self.text[span.end as usize..end].trim();
        (alone && (rest.is_empty() || rest.starts_with('#'))).then(|| self.edit(Span::new(start, end), ""))?
    }

    fn cut_flow(&self, span: Span) -> Option<Edit> {
        let after = self.text.get(span.end as usize..)?;
        let next = after.trim_start();
        if let Some(rest) = next.strip_prefix(',') {
            let end = self.text.len() - rest.trim_start().len();
            return self.edit(Span::new(span.start as usize, end), "");
        }
        let before = self.text.get(..span.start as usize)?.trim_end();
        let start = before.strip_suffix(',').map_or(span.start as usize, |before| before.trim_end().len());
        self.edit(Span::new(start, span.end as usize), "")
    }
}

/// The ids of a collection's children and, of a mapping, its keys.
fn children(node: Node<'_>, is_map: bool) -> Option<(Vec<u32>, Vec<u32>)> {
    match node.data().content {
        Content::Map(range) if is_map => {
            let ids = node.yaml.ids(range).to_vec();
            let keys = ids.iter().copied().step_by(2).collect();
            Some((ids, keys))
        }
        Content::Seq(range) if !is_map => Some((node.yaml.ids(range).to_vec(), Vec::new())),
        _ => None,
    }
}

fn scalar<'t>(map: Node<'t>, id: u32) -> Option<&'t str> {
    match map.yaml.data(id).content {
        Content::Scalar(range) => Some(range.of(&map.yaml.values)),
        _ => None,
    }
}
