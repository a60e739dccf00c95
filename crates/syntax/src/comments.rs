//! Where comments stand in texts whose parsers do not keep them.
//!
//! Only files that speak to twiceshy are asked, so that one scanner with a table of each language's quotes will do.

use pulldown_cmark::{Event, Parser};
use twiceshy_source::Span;

/// A language, as far as its comments go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// TOML.
    Toml,
    /// SQL, as PostgreSQL reads it.
    Sql,
    /// Rust.
    Rust,
    /// JSON with comments, as TypeScript reads its configuration.
    Jsonc,
    /// nginx's configuration.
    Nginx,
    /// A Caddyfile.
    Caddy,
    /// Lines with `#` where a word could begin: requirements.
    Words,
    /// A Makefile, but for its recipes, which are shell.
    Make,
    /// Lines that begin with `#`: a `.dockerignore`.
    Lines,
    /// Lines that begin with `#` or `;`, perhaps after blanks: units of systemd, `.ini`.
    Ini,
    /// HTML, or what of a component is not script.
    Html,
    /// Markdown, but for its fences.
    Markdown,
}

/// The comments of a text, in order, each with its marks.
pub fn of(text: &str, language: Language) -> Vec<Span> {
    let from_lines = |is_comment: fn(&str) -> Option<usize>| {
        let mut start = 0;
        let mut found = Vec::new();
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            found.extend(is_comment(bare).map(|at| Span::new(start + at, start + bare.len())));
            start += line.len();
        }
        found
    };
    match language {
        Language::Toml => scan(text, &TOML),
        Language::Sql => scan(text, &SQL),
        Language::Rust => scan(text, &RUST),
        Language::Jsonc => scan(text, &JSONC),
        Language::Nginx => scan(text, &NGINX),
        Language::Caddy => scan(text, &CADDY),
        Language::Words => scan(text, &WORDS),
        Language::Html => scan(text, &HTML),
        Language::Make => from_lines(|line| {
            let is_escaped = |at: usize| line[..at].ends_with('\\');
            let mut marks = line.match_indices('#').map(|(at, _)| at);
            (!line.starts_with('\t')).then(|| marks.find(|at| !is_escaped(*at)))?
        }),
        Language::Lines => from_lines(|line| line.starts_with('#').then_some(0)),
        Language::Ini => from_lines(|line| {
            let start = line.len() - line.trim_start().len();
            line[start..].starts_with(['#', ';']).then_some(start)
        }),
        Language::Markdown => {
            let html = Parser::new(text).into_offset_iter().filter_map(|(event, range)| match event {
                Event::Html(_) | Event::InlineHtml(_) => Some(range),
                _ => None,
            });
            let mut found: Vec<Span> = Vec::new();
            for range in html {
                // An HTML block comes in lines: a comment of several begins in one of them.
                if found.last().is_some_and(|last| range.start < last.end as usize) {
                    continue;
                }
                let Some(at) = text.get(range.clone()).and_then(|html| html.find("<!--")) else { continue };
                let start = range.start + at;
                let end = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
                found.push(Span::new(start, end));
            }
            found
        }
    }
}

/// What a scanner has to know.
struct Lexicon {
    /// Marks of comments up to the end of the line.
    lines: &'static [&'static str],
    /// Whether such a mark stands only where a word could begin.
    at_words: bool,
    /// Marks around comments, and whether these nest.
    blocks: &'static [(&'static str, &'static str, bool)],
    /// Marks around strings, longer ones first; whether `\` escapes in them, and whether they may go over lines.
    strings: &'static [(&'static str, &'static str, bool, bool)],
    /// What else hides comments, by the language: the length of what begins here.
    other: fn(&str) -> usize,
}

const fn plain(lines: &'static [&'static str]) -> Lexicon {
    Lexicon { lines, at_words: false, blocks: &[], strings: &[], other: |_| 0 }
}

const C: &[(&str, &str, bool)] = &[("/*", "*/", false)];

const TOML: Lexicon = Lexicon {
    strings: &[
        ("\"\"\"", "\"\"\"", true, true),
        ("'''", "'''", false, true),
        ("\"", "\"", true, false),
        ("'", "'", false, false),
    ],
    ..plain(&["#"])
};

const SQL: Lexicon = Lexicon {
    blocks: &[("/*", "*/", true)],
    strings: &[("E'", "'", true, true), ("e'", "'", true, true), ("'", "'", false, true), ("\"", "\"", false, true)],
    // $tag$ … $tag$
    other: |rest| {
        let Some(inner) = rest.strip_prefix('$') else { return 0 };
        let tag = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        if !inner[tag..].starts_with('$') {
            return 0;
        }
        let open = tag + 2;
        rest[open..].find(&rest[..open]).map_or(rest.len(), |end| open + end + open)
    },
    ..plain(&["--"])
};

const RUST: Lexicon = Lexicon {
    blocks: &[("/*", "*/", true)],
    strings: &[("\"", "\"", true, true)],
    other: |rest| {
        // r#"…"#, and '"' as a character; a lifetime hides nothing.
        if let Some(raw) = rest.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                let close = format!("\"{}", "#".repeat(hashes));
                let open = 1 + hashes + 1;
                return rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len());
            }
        }
        if rest.starts_with("'\\") {
            return rest.get(3..).and_then(|rest| rest.find('\'')).map_or(2, |end| end + 4);
        }
        match rest.strip_prefix('\'').and_then(|inner| inner.chars().next()) {
            Some(one) if rest[1 + one.len_utf8()..].starts_with('\'') => 2 + one.len_utf8(),
            _ => 0,
        }
    },
    ..plain(&["//"])
};

const JSONC: Lexicon = Lexicon { blocks: C, strings: &[("\"", "\"", true, false)], ..plain(&["//"]) };
const NGINX: Lexicon =
    Lexicon { at_words: true, strings: &[("\"", "\"", true, true), ("'", "'", true, true)], ..plain(&["#"]) };
const CADDY: Lexicon =
    Lexicon { at_words: true, strings: &[("\"", "\"", true, true), ("`", "`", false, true)], ..plain(&["#"]) };
const WORDS: Lexicon = Lexicon { at_words: true, ..plain(&["#"]) };
const HTML: Lexicon = Lexicon { blocks: &[("<!--", "-->", false)], ..plain(&[]) };

fn scan(text: &str, lexicon: &Lexicon) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let could_begin =
            || text[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || "{};".contains(before));
        if lexicon.lines.iter().any(|mark| rest.starts_with(mark)) && (!lexicon.at_words || could_begin()) {
            let end = rest.find('\n').map_or(text.len(), |end| at + end);
            found.push(Span::new(at, at + text[at..end].trim_end().len()));
            at = end;
        } else if let Some((open, close, nests)) = lexicon.blocks.iter().find(|block| rest.starts_with(block.0)) {
            let end = at + block(rest, open, close, *nests);
            found.push(Span::new(at, end));
            at = end;
        } else if let Some((open, close, escapes, lines)) =
            lexicon.strings.iter().find(|marks| rest.starts_with(marks.0))
        {
            at += string(rest, open, close, *escapes, *lines);
        } else {
            let hidden = (lexicon.other)(rest);
            at += if hidden > 0 { hidden } else { rest.chars().next().map_or(1, char::len_utf8) };
        }
    }
    found
}

/// The length of the comment that begins `text`.
fn block(text: &str, open: &str, close: &str, nests: bool) -> usize {
    let (mut at, mut depth) = (open.len(), 1usize);
    while depth > 0 {
        let Some(end) = text[at..].find(close) else { return text.len() };
        match text[at..at + end].find(open).filter(|_| nests) {
            Some(inner) => (at, depth) = (at + inner + open.len(), depth + 1),
            None => (at, depth) = (at + end + close.len(), depth - 1),
        }
    }
    at
}

/// The length of the string that begins `text`; one that does not end on its line and should hides only its mark.
fn string(text: &str, open: &str, close: &str, escapes: bool, lines: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = open.len();
    while at < bytes.len() {
        if bytes[at..].starts_with(close.as_bytes()) {
            return at + close.len();
        }
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\n' if !lines => return open.len(),
            _ => at += 1,
        }
    }
    // Not closed: what follows may be anything.
    if lines { text.len() } else { open.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_what_looks_like_them() {
        for (language, text, expected) in [
            (
                Language::Toml,
                "a = '#x' # 1\nb = \"\"\"\n# no\n\"\"\" # 2\nc = \"\\\"# no\"#3",
                &["# 1", "# 2", "#3"][..],
            ),
            (
                Language::Sql,
                "SELECT '-- no', $a$ -- no $a$, E'\\' -- no' -- 1\n/* 2 /* in */ it */;",
                &["-- 1", "/* 2 /* in */ it */"],
            ),
            (
                Language::Rust,
                "let a = r#\"// no\"#; // 1\nlet b = '\"'; // 2\nfn x<'a>() {} /* 3 */ let c = '\\''; // 4",
                &["// 1", "// 2", "/* 3 */", "// 4"],
            ),
            (Language::Jsonc, "{\"a\": \"// no\", // 1\n/* 2 */}", &["// 1", "/* 2 */"]),
            (Language::Nginx, "a \"# no\"; # 1\nb x#no;# 2\n", &["# 1", "# 2"]),
            (Language::Caddy, "a `# no` # 1\nb x#no\n#2", &["# 1", "#2"]),
            (Language::Words, "a==1 # 1\nb @ http://x/#egg=y\n# 2\n", &["# 1", "# 2"]),
            (Language::Make, "# 1\na: b # 2\n\techo '#' # no\nc = \\# no\n", &["# 1", "# 2"]),
            (Language::Lines, "# 1\na # no\n # no\n", &["# 1"]),
            (Language::Ini, " ; 1\na = b ; no\n# 2", &["; 1", "# 2"]),
            (Language::Html, "<p><!-- 1 --></p>\n<!--\n2\n-->", &["<!-- 1 -->", "<!--\n2\n-->"]),
            (
                Language::Markdown,
                "<!-- 1 -->\n\ntext <!-- 2 --> `<!-- no -->`\n\n```\n<!-- no -->\n```\n\n<!--\n3\n-->\n",
                &["<!-- 1 -->", "<!-- 2 -->", "<!--\n3\n-->"],
            ),
        ] {
            let found: Vec<&str> = of(text, language).iter().map(|span| span.of(text)).collect();
            assert_eq!(found, expected, "{language:?}");
        }
    }

    #[test]
    fn whatever_stands_there_is_scanned_to_its_end() {
        let all = [
            Language::Toml,
            Language::Sql,
            Language::Rust,
            Language::Jsonc,
            Language::Nginx,
            Language::Caddy,
            Language::Words,
            Language::Make,
            Language::Lines,
            Language::Ini,
            Language::Html,
            Language::Markdown,
        ];
        for text in [
            "", "'", "\"é", "/*", "/*/*é*/", "$", "$é$", "r#", "r#\"", "'\\", "'\\é'", "é#é", "\\#", "<!--", "<!--é",
            "--", "\"\\", "'é'#",
        ] {
            for language in all {
                for comment in of(text, language) {
                    assert!(text.get(comment.range()).is_some(), "{language:?} {text}");
                }
            }
        }
    }
}
