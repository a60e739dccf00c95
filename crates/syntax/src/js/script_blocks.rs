//! The script blocks of a component (Svelte, Vue): everything else becomes blank, so that offsets stay.

use super::Dialect;
use memchr::memmem;

/// The text of a component with all but its script blocks blanked, and the language they are in; `None` without any.
pub(super) fn only(text: &str) -> Option<(String, Dialect)> {
    let mut blanked = String::with_capacity(text.len());
    let mut dialect = Dialect::JavaScript;
    let mut at = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[at..], b"<script") {
        let tag = at + found;
        let attributes_start = tag + "<script".len();
        // A `>` inside an attribute's quotes does not close the tag.
        let mut quote = None;
        let Some(attributes_end) = text.bytes().enumerate().skip(attributes_start).find_map(|(at, byte)| match quote {
            Some(open) => {
                if byte == open {
                    quote = None;
                }
                None
            }
            None if byte == b'"' || byte == b'\'' => {
                quote = Some(byte);
                None
            }
            None => (byte == b'>').then_some(at),
        }) else {
            break;
        };
        let attributes = &text[attributes_start..attributes_end];
        let start = attributes_end + 1;
        let end = memmem::find(&text.as_bytes()[start..], b"</script").map_or(text.len(), |length| start + length);
        blank(&mut blanked, &text[at..start]);
        if attributes.starts_with(|next: char| next.is_whitespace()) || attributes.is_empty() {
            if attributes.contains("tsx") {
                dialect = Dialect::Tsx;
            } else if attributes.contains("lang=\"ts\"")
                || attributes.contains("lang='ts'")
                || attributes.contains("typescript")
            {
                dialect = Dialect::TypeScript;
            }
            blanked.push_str(&text[start..end]);
        } else {
            blank(&mut blanked, &text[start..end]);
        }
        at = end;
    }
    if at == 0 {
        return None;
    }
    blank(&mut blanked, &text[at..]);
    Some((blanked, dialect))
}

fn blank(out: &mut String, text: &str) {
    // Line breaks stay, so that a blank line separates statements as it did.
    out.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}
