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
    /// What leads to it, outermost first: the last paragraph before the list or quote that it stands in, the text of
    /// the item; the last paragraph on its own level, with other fences between them or not.
    pub leads: Vec<String>,
    /// The text of the paragraph right behind it.
    pub after: String,
}

/// How much of the text that leads to a fence is kept, its end; and of the text behind it. In bytes.
const MAX_LEAD: usize = 1000;

fn end_of(text: &str) -> String {
    text[text.ceil_char_boundary(text.len().saturating_sub(MAX_LEAD))..].to_owned()
}

/// How deep lists and quotes are told apart.
const MAX_LEVELS: usize = 50;

/// The fences of a page.
pub fn fences(text: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut before = String::new();
    let mut heading: Option<(usize, String)> = None;
    let mut fence: Option<Fence> = None;
    // The last paragraph of each list item and quote around, outermost first, and of the page.
    let mut leads = vec![String::new()];
    // Whether a paragraph may follow the last fence, and whether it has begun.
    let (mut may_follow, mut follows) = (false, false);
    for (event, range) in Parser::new(text).into_offset_iter() {
        match &event {
            Event::Start(Tag::Paragraph) => follows = std::mem::take(&mut may_follow),
            Event::End(TagEnd::Paragraph) => follows = false,
            Event::End(TagEnd::CodeBlock) => may_follow = true,
            // `> [!WARNING]` below it speaks of it, too.
            Event::Start(Tag::BlockQuote(_)) => {}
            Event::Start(_) => may_follow = false,
            _ => {}
        }
        match event {
            Event::Start(Tag::Item | Tag::BlockQuote(_)) if leads.len() < MAX_LEVELS => {
                leads.push(String::new());
                before.clear();
            }
            Event::End(TagEnd::Item) if leads.len() > 1 => {
                leads.pop();
            }
            Event::End(TagEnd::BlockQuote(_)) if leads.len() > 1 => {
                // `> Do not run this:`, and the fence below the quote.
                let quoted = leads.pop().filter(|quoted| quoted.trim_end().ends_with(':'));
                if let (Some(lead), Some(quoted)) = (leads.last_mut(), quoted) {
                    lead.push_str("\n\n");
                    lead.push_str(&quoted);
                }
            }
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level as usize, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, title)) = heading.take() {
                    headings.retain(|(above, _)| *above < level);
                    headings.push((level, title));
                    before.clear();
                    leads.iter_mut().for_each(String::clear);
                }
            }
            Event::Start(Tag::Paragraph) => {
                before.clear();
                leads.last_mut().map(String::clear).unwrap_or_default();
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                fence = Some(Fence {
                    info: info.to_string(),
                    span: Span::new(range.start, range.end),
                    lines: Vec::new(),
                    headings: headings.iter().map(|(_, title)| title.clone()).collect(),
                    before: std::mem::take(&mut before),
                    leads: leads.iter().filter(|lead| !lead.is_empty()).map(|lead| end_of(lead)).collect(),
                    after: String::new(),
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
                (None, None) => {
                    before.push_str(&words);
                    if let Some(lead) = leads.last_mut() {
                        lead.push_str(&words);
                    }
                    if let Some(fence) = fences.last_mut().filter(|fence| follows && fence.after.len() < MAX_LEAD) {
                        fence.after.push_str(&words);
                    }
                }
            },
            Event::SoftBreak | Event::HardBreak => {
                before.push('\n');
                if let Some(lead) = leads.last_mut() {
                    lead.push('\n');
                }
                if let Some(fence) = fences.last_mut().filter(|_| follows) {
                    fence.after.push('\n');
                }
            }
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

    #[test]
    fn fences_know_what_leads_to_them_through_lists_and_quotes() {
        let text = "Never do any of these:\n\n- copy it\n\n  ```sh\n  a\n  ```\n- move it\n  ```sh\n  b\n  ```\n\n> [!NOTE]\n> In need:\n> \
                    ```sh\n> c\n> ```\n\nThen:\n\n```sh\nd\n```\n\n```sh\ne\n```\n\nIt takes a while.\n";
        let fences = fences(text);
        let leads: Vec<Vec<&str>> =
            fences.iter().map(|fence| fence.leads.iter().map(String::as_str).collect()).collect();
        assert_eq!(leads[0], ["Never do any of these:", "copy it"]);
        assert_eq!(leads[1], ["Never do any of these:", "move it"]);
        assert_eq!(leads[2], ["Never do any of these:", "[!NOTE]\nIn need:"]);
        assert_eq!((&leads[3], &leads[4]), (&vec!["Then:"], &vec!["Then:"]));
        assert_eq!((&*fences[3].after, &*fences[4].after), ("", "It takes a while."));
    }
}
