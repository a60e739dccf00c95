//! The lines of a file that a finding shows: made harmless, long ones cut, each still knowing where it stands.

use super::visible;
use codespan_reporting::files::{Error, Files};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use twiceshy_source::{Source, Span};

/// Lines longer than this, in characters, are cut around what is marked in them.
const LONG: usize = 140;
/// How much of a long line stands around a mark, in characters.
const AROUND: usize = 30;
/// How much of a long mark is shown, in characters.
const MARK: usize = 80;

/// Everything that one finding shows, by the order in which files were added.
#[derive(Debug, Default)]
pub(crate) struct Excerpts {
    excerpts: Vec<Excerpt>,
}

/// The lines of one file.
#[derive(Debug)]
struct Excerpt {
    name: String,
    source: Arc<Source>,
    /// The lines to show, one after the other.
    text: String,
    /// By line, from 0.
    lines: BTreeMap<usize, Line>,
}

#[derive(Debug)]
struct Line {
    /// In the excerpt's text.
    range: Range<usize>,
    /// The characters that are shown: offset in the file, offset in the excerpt's text; the line's end comes last.
    map: Vec<(u32, usize)>,
}

impl Excerpts {
    /// Adds a file and the spans to be marked in it; gives back its number and where the marks stand in the excerpt.
    pub fn add(&mut self, name: String, source: Arc<Source>, marks: &[Span]) -> (usize, Vec<Range<usize>>) {
        let marks: Vec<Span> = marks.iter().map(|mark| fit(&source, *mark)).collect();
        let mut wanted: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
        for mark in &marks {
            let (first, last) = lines_of(&source, *mark);
            // A mark over many lines shows its first four and its last two; one line between two shown ones is
            // shown as well.
            let shown = (first..=last).filter(|line| line - first <= 3 || last - line <= 1);
            for line in shown.chain([last + 1]) {
                wanted.entry(line).or_default();
            }
            for line in [first, last] {
                wanted.entry(line).or_default().push(*mark);
            }
        }
        let mut excerpt = Excerpt { name, source, text: String::new(), lines: BTreeMap::new() };
        for (line, marks) in wanted {
            excerpt.show(line, &marks);
        }
        let places = marks.iter().map(|mark| excerpt.find(mark.start)..excerpt.find_end(*mark)).collect();
        self.excerpts.push(excerpt);
        (self.excerpts.len() - 1, places)
    }
}

/// `mark` within the text, on the boundaries of characters, without the line breaks and blanks at its end.
fn fit(source: &Source, mark: Span) -> Span {
    let text = source.text();
    let start = text.floor_char_boundary((mark.start as usize).min(text.len()));
    let end = text.ceil_char_boundary((mark.end as usize).min(text.len())).max(start);
    let marked = &text[start..end];
    let trimmed = marked.trim_end();
    Span::new(start, start + if trimmed.is_empty() { 0 } else { trimmed.len() })
}

fn lines_of(source: &Source, mark: Span) -> (usize, usize) {
    (source.line_of(mark.start) as usize, source.line_of(mark.end) as usize)
}

impl Excerpt {
    fn show(&mut self, line: usize, marks: &[Span]) {
        let span = self.source.line_span(line as u32);
        let text = span.of(self.source.text());
        let chars: Vec<(u32, char)> = text.char_indices().map(|(at, ch)| (span.start + at as u32, ch)).collect();
        let start = self.text.len();
        let mut map = Vec::with_capacity(chars.len().min(LONG) + 1);
        let mut shown_to = 0;
        for keep in kept(&chars, marks, span) {
            if keep.start > shown_to {
                self.text.push('…');
            }
            for (at, ch) in &chars[keep.clone()] {
                map.push((*at, self.text.len()));
                self.text.push(visible::of(*ch));
            }
            shown_to = keep.end;
        }
        if shown_to < chars.len() {
            self.text.push('…');
        }
        map.push((span.end, self.text.len()));
        self.lines.insert(line, Line { range: start..self.text.len(), map });
        self.text.push('\n');
    }

    /// Where the character at `offset` of the file is shown, or else the nearest one before it.
    fn find(&self, offset: u32) -> usize {
        let line = self.lines.get(&(self.source.line_of(offset) as usize));
        let Some(map) = line.map(|line| &line.map) else { return 0 };
        let before = map.partition_point(|(at, _)| *at <= offset).saturating_sub(1);
        map.get(before).map_or(0, |(_, shown)| *shown)
    }

    /// Where a mark ends: behind the last character of it that is shown.
    fn find_end(&self, mark: Span) -> usize {
        let start = self.find(mark.start);
        if mark.start == mark.end {
            return start;
        }
        let line = self.lines.get(&(self.source.line_of(mark.end) as usize));
        let Some(line) = line else { return start };
        let inside = line.map.partition_point(|(at, _)| *at < mark.end);
        let last = inside.checked_sub(1).and_then(|last| line.map.get(last));
        let end = last.map_or(line.range.start, |(_, shown)| {
            shown + self.text[*shown..].chars().next().map_or(0, char::len_utf8)
        });
        end.clamp(start, self.text.len())
    }
}

/// Which characters of a line are shown: all, or of a long line those around the marks.
fn kept(chars: &[(u32, char)], marks: &[Span], line: Span) -> Vec<Range<usize>> {
    if chars.len() <= LONG {
        return std::iter::once(0..chars.len()).collect();
    }
    let index = |offset: u32| chars.partition_point(|(at, _)| *at < offset);
    let mut keeps: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        // The first line of a mark over several is marked from its start, the last one up to its end.
        let (start, end) = (index(mark.start.max(line.start)), index(mark.end.min(line.end)));
        let start = if mark.start < line.start { end.saturating_sub(MARK) } else { start };
        keeps.push(start.saturating_sub(AROUND)..(end.min(start + MARK) + AROUND).min(chars.len()));
    }
    if keeps.is_empty() {
        keeps.push(0..LONG);
    }
    keeps.sort_by_key(|keep| keep.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for keep in keeps {
        match merged.last_mut() {
            Some(last) if keep.start <= last.end + 1 => last.end = last.end.max(keep.end),
            _ => merged.push(keep),
        }
    }
    merged
}

impl<'a> Files<'a> for Excerpts {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        self.excerpts.get(id).map(|excerpt| excerpt.name.as_str()).ok_or(Error::FileMissing)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        self.excerpts.get(id).map(|excerpt| excerpt.text.as_str()).ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: usize, byte: usize) -> Result<usize, Error> {
        let excerpt = self.excerpts.get(id).ok_or(Error::FileMissing)?;
        let at_or_before = excerpt.lines.iter().take_while(|(_, line)| line.range.start <= byte).last();
        Ok(at_or_before.map_or(0, |(index, _)| *index))
    }

    fn line_range(&'a self, id: usize, index: usize) -> Result<Range<usize>, Error> {
        let excerpt = self.excerpts.get(id).ok_or(Error::FileMissing)?;
        Ok(excerpt.lines.get(&index).map_or(0..0, |line| line.range.clone()))
    }

    fn column_number(&'a self, id: usize, index: usize, byte: usize) -> Result<usize, Error> {
        let excerpt = self.excerpts.get(id).ok_or(Error::FileMissing)?;
        let map = excerpt.lines.get(&index).map(|line| &line.map).ok_or(Error::FileMissing)?;
        let offset = map.get(map.partition_point(|(_, shown)| *shown < byte)).map_or(0, |(offset, _)| *offset);
        Ok(excerpt.source.position(offset).column as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, marks: &[(usize, usize)]) -> (String, Vec<String>) {
        let mut excerpts = Excerpts::default();
        let marks: Vec<Span> = marks.iter().map(|(start, end)| Span::new(*start, *end)).collect();
        let (id, places) = excerpts.add("f".into(), Arc::new(Source::new(text)), &marks);
        let text = excerpts.source(id).unwrap().to_owned();
        let marked = places.into_iter().map(|place| text[place].to_owned()).collect();
        (text, marked)
    }

    #[test]
    fn marks_stay_on_what_they_mark_when_characters_are_replaced() {
        let (text, marked) = shown("a\u{1b}[31m: \u{7}bell", &[(1, 2), (8, 13)]);
        assert_eq!(text.lines().next(), Some("a␛[31m: ␇bell"));
        assert_eq!(marked, ["␛", "␇bell"]);
    }

    #[test]
    fn a_long_line_is_cut_around_its_marks() {
        let line = format!("{}needle{}pin{}", "x".repeat(50_000), "y".repeat(50_000), "z".repeat(50_000));
        let (text, marked) = shown(&line, &[(50_000, 50_006), (100_006, 100_009)]);
        assert_eq!(marked, ["needle", "pin"]);
        assert!(text.chars().count() < 2 * LONG, "{text}");
        assert_eq!(text.matches('…').count(), 3);
    }

    #[test]
    fn a_long_mark_shows_its_beginning() {
        let (text, marked) = shown(&"ab".repeat(100_000), &[(0, 200_000)]);
        assert_eq!(marked[0].chars().count(), MARK + AROUND);
        assert!(text.starts_with("abab"));
    }

    #[test]
    fn marks_past_the_end_or_inside_a_character_do_no_harm() {
        let (_, marked) = shown("ä\n", &[(1, 2), (3, 99), (0, 3), (99, 120)]);
        assert_eq!(marked, ["ä", "", "ä", ""]);
    }

    #[test]
    fn columns_are_those_of_the_file() {
        let line = format!("{}needle", "ä".repeat(500));
        let mut excerpts = Excerpts::default();
        let (id, places) = excerpts.add("f".into(), Arc::new(Source::new(line)), &[Span::new(1000, 1006)]);
        let location = excerpts.location(id, places[0].start).unwrap();
        assert_eq!((location.line_number, location.column_number), (1, 501));
    }
}
