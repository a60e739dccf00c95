//! The report as Markdown, for a job's summary and for comments: a table, and each finding as the terminal shows it.

use crate::plain::spot;
use crate::text::visible::{logged, visible};
use crate::text::{Style, counted, finding_text, not_seen, summary};
use crate::view::View;
use std::fmt::Write as _;
use twiceshy_lint::{Diagnostic, Level};

/// A comment on GitHub holds 65,536 characters.
const ROOM: usize = 60_000;
/// Findings in the table.
const ROWS: usize = 100;

/// The report, the worst first; what has no room is counted.
pub(crate) fn write(view: &View<'_>) -> Vec<u8> {
    let worst_first = view.worst_first();
    let mut out = String::from("### twiceshy\n\n");
    let _ = writeln!(out, "{}", prose(summary(view, Style::default()).trim_end()));
    let mut rows = 0;
    if !worst_first.is_empty() {
        out.push_str("\n| | Where | What will happen | Lint |\n|---|---|---|---|\n");
    }
    for diagnostic in worst_first.iter().take(ROWS) {
        let row = row(view, diagnostic);
        if out.len() + row.len() > ROOM / 2 && rows > 0 {
            break;
        }
        out.push_str(&row);
        rows += 1;
    }
    let left = worst_first.len() - rows;
    if left > 0 {
        let _ = writeln!(out, "\n{} more, less bad than these: `twiceshy check` lists all.", counted(left, "finding"));
    }
    let mut detailed = 0;
    for diagnostic in worst_first.iter().take(rows) {
        let details = details(view, diagnostic);
        if out.len() + details.len() > ROOM {
            continue;
        }
        out.push_str(&details);
        detailed += 1;
    }
    if detailed < rows {
        let _ = writeln!(out, "\n{} without details here, for want of room.", counted(rows - detailed, "finding"));
    }
    let unseen = not_seen(view, false);
    if !unseen.is_empty() {
        let _ = write!(out, "\n{}", fenced(unseen.trim_end()));
    }
    out.into_bytes()
}

fn row(view: &View<'_>, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Pedantic => "pedantic",
    };
    let (place, message) = (code(&spot(view, diagnostic.place)), prose(&diagnostic.message));
    format!("| {level} | {place} | {message} | {} |\n", code(&diagnostic.lint))
}

fn details(view: &View<'_>, diagnostic: &Diagnostic) -> String {
    let head = format!("{} {}", code(&diagnostic.lint), code(&spot(view, diagnostic.place)));
    let text = fenced(finding_text(view, diagnostic).trim_end());
    format!("\n<details><summary>{head}</summary>\n\n{text}\n</details>\n")
}

/// Lines as they are, in a block that none of them can end.
fn fenced(text: &str) -> String {
    let longest = text.split(|ch| ch != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", logged(text))
}

/// Text with what stands in backticks as code; nothing in it is Markdown, HTML, a mention or a link.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its other half.
        return inert(text, true);
    }
    let each = parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 { code(part) } else { inert(part, true) });
    each.collect()
}

fn code(text: &str) -> String {
    // Between these, GitHub looks for no mentions and references.
    format!("<code>{}</code>", inert(text, false))
}

/// `text` with every sign that Markdown or HTML could obey as an entity, which neither does.
fn inert(text: &str, splits: bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let text = visible(text);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(ch) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let links = match ch {
            // Bare addresses become links: `https:`, `mailto:`, `www.`
            ':' => !next.is_ascii_digit() && next != ' ',
            '.' => before.eq_ignore_ascii_case(&'w'),
            ch => r"&<>`*_~[]\|$^#@".contains(ch),
        };
        before = ch;
        if splits && matches!(ch, '@' | '#') {
            // Mentions and references are looked for in the page, where entities are signs again, but in one text each.
            let _ = write!(out, "<span>&#{};</span>", u32::from(ch));
        } else if links {
            let _ = write!(out, "&#{};", u32::from(ch));
        } else {
            out.push(ch);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(files: &[(&str, &str)]) -> String {
        String::from_utf8(sample::view(files, write)).unwrap()
    }

    #[test]
    fn a_table_comes_first_and_then_each_finding() {
        insta::assert_snapshot!(written(&[("a.sh", "FAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n")]), @r"
        ### twiceshy

        checked 3 files: 1 error, 1 warning; <code>twiceshy check --fix</code> repairs 1

        | | Where | What will happen | Lint |
        |---|---|---|---|
        | error | <code>a.sh:1:1</code> | <code>start</code> fails | <code>it-fails</code> |
        | warning | <code>hm.sh:1:1</code> | it hesitates | <code>it-hesitates</code> |

        <details><summary><code>it-fails</code> <code>a.sh:1:1</code></summary>

        ```text
        error[it-fails]: `start` fails
          ┌─ a.sh:1:1
          │
        1 │ FAIL
          │ ^^^^ here
          │
          ┌─ why.sh:1:1
          │
        1 │ WHY
          │ --- because of this
          │
          = it happened before
          = fix: let it pass
          │ - FAIL
          │ + PASS
        ```

        </details>

        <details><summary><code>it-hesitates</code> <code>hm.sh:1:1</code></summary>

        ```text
        warning[it-hesitates]: it hesitates
          ┌─ hm.sh:1:1
          │
        1 │ hmm
          │ ^^^
          │
          = suggestion: say so
          │ - hmm
          │ + hmm, indeed
          │ + and more
        ```

        </details>
        ");
        insta::assert_snapshot!(written(&[("a.sh", "true\n")]), @r"
        ### twiceshy

        checked 1 file: nothing found
        ");
    }

    #[test]
    fn it_fits_into_a_comment_and_says_what_is_left_out() {
        let text = written(&[("a.sh", &format!("FAIL{}\n", " and more".repeat(14)).repeat(2000))]);
        assert!(text.len() < 65_536, "{}", text.len());
        assert!(text.contains("1,900 findings more, less bad than these"), "{text}");
        assert!(text.contains("without details here"));
    }

    #[test]
    fn nothing_leaves_its_cell_or_block() {
        assert_eq!(code("a`|b</code>"), "<code>a&#96;&#124;b&#60;/code&#62;</code>");
        assert_eq!(prose("see https://x.example, www.x.example: 1"), "see https&#58;//x.example, www&#46;x.example: 1");
        assert_eq!(prose("`a|b` of @org"), "<code>a&#124;b</code> of <span>&#64;</span>org");
        assert_eq!(prose("odd ` one"), "odd &#96; one");
        assert!(fenced("```\nout\n~~~~").starts_with("````text\n"));
        let text = written(&[("a|`b<img>@me.sh", "```\n</details>\nFAIL ``` | <script>\n")]);
        assert_eq!(text.matches("</details>").count(), 1, "{text}");
    }
}
