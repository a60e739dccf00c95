//! Markdown: its fences, each with the headings above it and the text before it, from pulldown-cmark's events.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use twiceshy_source::Span;

/// A fenced code block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    /// What follows the opening marks: `bash`, `yaml compose.yml`.
    pub info: String,
    /// All of it, marks included.
    pub span: Span,
    /// Its lines, in order, each as far as it belongs to the fence: without the marks of a quote or list around it.
    pub lines: Vec<Span>,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// The text of the paragraph right before it.
    pub before: String,
}

/// The fences of a page.
pub fn fences(text: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut before = String::new();
    let mut heading: Option<(usize, String)> = None;
    let mut fence: Option<Fence> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level as usize, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, title)) = heading.take() {
                    headings.retain(|(above, _)| *above < level);
                    headings.push((level, title));
                    before.clear();
                }
            }
            Event::Start(Tag::Paragraph) => before.clear(),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                fence = Some(Fence {
                    info: info.to_string(),
                    span: Span::new(range.start, range.end),
                    lines: Vec::new(),
                    headings: headings.iter().map(|(_, title)| title.clone()).collect(),
                    before: std::mem::take(&mut before),
                });
            }
            Event::End(TagEnd::CodeBlock) => fences.extend(fence.take()),
            Event::Text(words) | Event::Code(words) => match (&mut fence, &mut heading) {
                (Some(fence), _) => {
                    let mut start = range.start;
                    for line in text.get(range.clone()).unwrap_or_default().split_inclusive('\n') {
                        fence.lines.push(Span::new(start, start + line.len()));
                        start += line.len();
                    }
                }
                (None, Some((_, title))) => title.push_str(&words),
                (None, None) => before.push_str(&words),
            },
            Event::SoftBreak | Event::HardBreak => before.push('\n'),
            _ => {}
        }
    }
    fences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_know_their_headings_and_the_text_before_them() {
        let text =
            "# Run\n\n## Backup\n\nNever do\nthis:\n\n```bash\na\nb\n```\n\n# Other\n\n- x\n\n  ```sh\n  c\n  ```\n";
        let fences = fences(text);
        assert_eq!(fences.len(), 2);
        assert_eq!(fences[0].headings, ["Run", "Backup"]);
        assert_eq!(fences[0].before, "Never do\nthis:");
        assert_eq!(fences[0].info, "bash");
        let lines: Vec<&str> = fences[0].lines.iter().map(|line| line.of(text)).collect();
        assert_eq!(lines, ["a\n", "b\n"]);
        assert_eq!(fences[1].headings, ["Other"]);
        assert_eq!(fences[1].lines[0].of(text), "c\n");
    }
}
