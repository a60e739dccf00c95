//! Comments that speak to twiceshy: what each says, and the lines for which it stands.

use crate::document::{Kind, Kinds};
use crate::documents::Lowered;
use crate::script::Host;
use crate::{Input, Repo, Script};
use memchr::memmem;
use std::sync::LazyLock;
use twiceshy_source::{Edit, FileId, Place, Quoting, Source, Span, Tree};
use twiceshy_syntax::comments::{self, Language};
use twiceshy_syntax::{dockerfile, dotenv, js, python, yaml};

/// What a comment has to say first.
pub const ADDRESS: &str = "twiceshy:";

/// A comment that speaks to twiceshy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file.
    pub file: FileId,
    /// From its address to its end, without the marks of the comment.
    pub place: Place,
    /// What stands there.
    pub text: String,
    /// The lines for which it stands: its own, or when nothing else stands there, the next one that is no comment. A line
    /// that `\` continues is one with the next, and one that begins a script (`run: |`, a fence, a heredoc) stands for all
    /// of it.
    pub concerns: Span,
    /// Whether it stands in a fence of a page, which shows what others may write.
    pub is_shown: bool,
    /// What has to go when it goes.
    removal: Span,
}

impl Remark {
    /// Removes the comment, with its line if nothing else stands on it.
    pub fn removed(&self) -> Edit {
        Edit { place: Place::new(self.file, self.removal), text: String::new() }
    }

    /// The place of a part of its text; all of it, where the file writes it in another way.
    pub fn part(&self, span: Span) -> Place {
        let start = self.place.start;
        match self.is_verbatim() {
            true => Place { start: start + span.start, end: start + span.end, ..self.place },
            false => self.place,
        }
    }

    /// Whether the file writes its text byte for byte.
    pub fn is_verbatim(&self) -> bool {
        self.place.end - self.place.start == self.text.len() as u32
    }
}

impl Repo {
    /// The remarks in a file that is not of a kind that is read, but was read for the sake of another one.
    pub fn remarks_of(&self, file: FileId) -> Vec<Remark> {
        if self.was_read(file) {
            return Vec::new();
        }
        let Ok(source) = self.tree.source(file) else { return Vec::new() };
        of(None, Input { tree: &self.tree, file, source: &source, about: Kinds::ALL }, &[])
    }

    /// The remarks that `file` would have with the text `text`, and how much of it would not be understood.
    pub fn remarks_with(&self, file: FileId, text: &str) -> (Vec<Remark>, usize) {
        let source = Source::new(text);
        let input = Input { tree: &self.tree, file, source: &source, about: Kinds::ALL };
        match Kind::of(self.tree.path(file), || Some(source.line(0).to_owned())) {
            Some(kind) => {
                let lowered = crate::document::lower(kind, input);
                (lowered.remarks, lowered.flaws.len())
            }
            None => (of(None, input, &[]), 0),
        }
    }
}

/// The remarks of a file, of which `out` is known already.
pub(crate) fn lower(kind: Kind, input: Input<'_>, out: &mut Lowered) {
    static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(ADDRESS));
    if FINDER.find(input.text().as_bytes()).is_some() {
        out.remarks = of(Some(kind), input, &out.scripts);
    }
}

/// A comment, decoded; where it stands, and the way to the place of a part of it.
struct Comment<'a> {
    text: &'a str,
    place: Place,
    is_shown: bool,
    part: Box<dyn Fn(Span) -> Place + 'a>,
}

fn of(kind: Option<Kind>, input: Input<'_>, scripts: &[Script]) -> Vec<Remark> {
    let own = host_comments(kind, input).into_iter().map(|span| Comment {
        text: span.of(input.text()),
        place: Place::new(input.file, span),
        is_shown: false,
        part: Box::new(move |part| Place {
            file: input.file,
            start: span.start + part.start,
            end: span.start + part.end,
        }),
    });
    let embedded = scripts.iter().flat_map(|script| {
        script.shell().comments.iter().map(move |span| Comment {
            text: span.of(script.text()),
            place: script.place(*span),
            is_shown: matches!(script.host.outermost(), Host::Fence { .. }),
            part: Box::new(move |part| {
                script.place(Span { start: span.start + part.start, end: span.start + part.end })
            }),
        })
    });
    let mut comments: Vec<_> = own.chain(embedded).collect();
    comments.sort_by_key(|comment| comment.place);
    comments.dedup_by_key(|comment| comment.place);
    let lines = Lines::of(input.source, &comments);
    comments.iter().filter_map(|comment| remark(comment, &lines, scripts)).collect()
}

/// The comments of a file in its own language; those of scripts in it are known with them.
fn host_comments(kind: Option<Kind>, input: Input<'_>) -> Vec<Span> {
    let text = input.text();
    let extension = Tree::name(input.path()).rsplit_once('.').map_or("", |(_, extension)| extension);
    let language = match kind {
        Some(Kind::Compose | Kind::Workflow | Kind::Action) => return yaml::parse(text).comments,
        Some(Kind::Routing) if extension != "toml" => return yaml::parse(text).comments,
        None if matches!(extension, "yml" | "yaml") => return yaml::parse(text).comments,
        Some(Kind::Dockerfile) => return dockerfile::parse(text).comments,
        Some(Kind::Env) => return dotenv::parse(text).comments,
        Some(Kind::Python) => return python::parse(text, &bumpalo::Bump::new()).comments.to_vec(),
        Some(Kind::Node) => {
            let dialect = js::Dialect::of(input.path());
            let mut found = js::read(text, dialect, |module| module.comments.to_vec());
            if dialect == js::Dialect::Component {
                found.extend(comments::of(&js::without_scripts(text), Language::Html));
            }
            return found;
        }
        Some(Kind::Shell | Kind::NodePackage) => return Vec::new(),
        Some(Kind::Requirements) if !matches!(extension, "toml" | "lock") => Language::Words,
        Some(Kind::Requirements | Kind::Routing) => Language::Toml,
        Some(Kind::DockerIgnore) => Language::Lines,
        Some(Kind::Makefile) => Language::Make,
        Some(Kind::Sql) => Language::Sql,
        Some(Kind::TsConfig) => Language::Jsonc,
        Some(Kind::Rust) => Language::Rust,
        Some(Kind::Markdown) => Language::Markdown,
        Some(Kind::Caddy) => Language::Caddy,
        Some(Kind::Nginx) => Language::Nginx,
        None => match extension {
            "toml" => Language::Toml,
            "json" => return Vec::new(),
            "conf" => Language::Nginx,
            "html" | "xml" => Language::Html,
            _ => Language::Ini,
        },
    };
    comments::of(text, language)
}

/// The lines of a file, and which of them hold nothing but comments.
struct Lines<'a> {
    source: &'a Source,
    is_comment: Vec<bool>,
}

/// What may stand around a comment that has its line for itself: JSX' braces, make's `@`, a quote's mark in Markdown.
const AROUND: &[char] = &['{', '}', '@', '>'];

impl<'a> Lines<'a> {
    fn of(source: &'a Source, comments: &[Comment<'_>]) -> Self {
        let mut lines = Self { source, is_comment: vec![false; source.line_count() as usize] };
        for comment in comments {
            if lines.is_alone(comment.place.span()) {
                let (first, last) = lines.around(comment.place.span());
                lines.is_comment.get_mut(first as usize..=last as usize).unwrap_or_default().fill(true);
            }
        }
        lines
    }

    /// The first and the last line of a span.
    fn around(&self, span: Span) -> (u32, u32) {
        (self.source.line_of(span.start), self.source.line_of(span.end.max(span.start + 1) - 1))
    }

    /// What stands before a span on its first line, and behind it on its last.
    fn beside(&self, span: Span) -> (&'a str, &'a str) {
        let (first, last) = self.around(span);
        let text = self.source.text();
        let before = Span { start: self.source.line_span(first).start, end: span.start };
        let after = Span { start: span.end, end: self.source.line_span(last).end.max(span.end) };
        (before.of(text), after.of(text))
    }

    fn is_alone(&self, span: Span) -> bool {
        let (before, after) = self.beside(span);
        let is_bare = |text: &str, and: &[char]| {
            text.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c) || and.contains(&c)).is_empty()
        };
        // `- # about the next item`
        is_bare(before, &['-']) && is_bare(after, &[])
    }

    fn text(&self, line: u32) -> &'a str {
        self.source.line(line)
    }

    fn is_continued(&self, line: u32) -> bool {
        !self.is_comment(line) && self.text(line).trim_end().ends_with('\\')
    }

    fn is_comment(&self, line: u32) -> bool {
        self.is_comment.get(line as usize).copied().unwrap_or_default()
    }

    fn is_passed(&self, line: u32) -> bool {
        self.is_comment(line) || self.text(line).trim().is_empty()
    }

    fn count(&self) -> u32 {
        self.source.line_count()
    }

    /// From the start of one line to the end of another.
    fn span(&self, first: u32, last: u32) -> Span {
        self.source.line_span(first).to(self.source.line_span(last))
    }
}

fn remark(comment: &Comment<'_>, lines: &Lines<'_>, scripts: &[Script]) -> Option<Remark> {
    let at = address(comment.text)?;
    let line = comment.text[at..].lines().next().unwrap_or_default();
    let text = line.split("*/").next().unwrap_or_default().split("-->").next().unwrap_or_default().trim_end();
    let span = Span::new(at, at + text.len());
    let (first, last) = concerned(comment.place.span(), lines)?;
    Some(Remark {
        file: comment.place.file,
        place: (comment.part)(span),
        text: text.to_owned(),
        is_shown: comment.is_shown,
        concerns: with_scripts(lines, first, last, scripts),
        removal: removal(comment, span, lines),
    })
}

/// Where in a comment it speaks to twiceshy: at its start, the start of a line of it, or behind the marks of another one.
fn address(comment: &str) -> Option<usize> {
    comment.match_indices(ADDRESS).map(|(at, _)| at).find(|at| {
        let before = comment[..*at].rsplit('\n').next().unwrap_or_default().trim_end();
        // Marks that something stands directly before are quoted: "as in `# twiceshy: …`".
        let marks = before.trim_end_matches(['#', '/', '*', '-', ';', '!']);
        before.is_empty() || (marks.len() < before.len() && (marks.is_empty() || marks.ends_with([' ', '\t', '<'])))
    })
}

/// The first and the last line for which a comment stands.
fn concerned(comment: Span, lines: &Lines<'_>) -> Option<(u32, u32)> {
    let (mut first, mut last) = lines.around(comment);
    let until_it_ends = |mut last: u32| {
        while lines.is_continued(last) && last + 1 < lines.count() {
            last += 1;
        }
        last
    };
    if !lines.is_alone(comment) {
        while first > 0 && lines.is_continued(first - 1) {
            first -= 1;
        }
        last = until_it_ends(last);
        return Some((first, last));
    }
    // Nothing follows: then it stands for its own line, and nothing will be found there.
    let Some(next) = (last + 1..lines.count()).find(|line| !lines.is_passed(*line)) else { return Some((first, last)) };
    let before = (0..first).rev().find(|line| !lines.is_passed(*line));
    // In the middle of a continued line: only the next part of it.
    let is_inside = before.is_some_and(|before| lines.is_continued(before));
    Some((next, if is_inside { next } else { until_it_ends(next) }))
}

/// The lines, with every script that one of them begins.
fn with_scripts(lines: &Lines<'_>, first: u32, last: u32, scripts: &[Script]) -> Span {
    let mut span = lines.span(first, last);
    for script in scripts.iter().filter(|script| script.host != Host::File) {
        let whole = script.place(Span::new(0, script.text().len())).span();
        let start = lines.source.line_of(whole.start);
        let before = Span { start: lines.source.line_span(start).start, end: whole.start }.of(lines.source.text());
        let begins = if before.trim_matches([' ', '\t', '>']).is_empty() {
            // The line above says that a script follows.
            let above = (0..start).rev().find(|line| !lines.text(*line).trim().is_empty());
            above.filter(|line| announces(lines.text(*line)))
        } else {
            let is_one = matches!(script.host, Host::Recipe { .. } | Host::Fence { .. })
                || matches!(script.extract().quoting(), Quoting::Verbatim)
                    && matches!(script.host, Host::Package { .. });
            (!is_one).then_some(start)
        };
        if begins.is_some_and(|line| (first..=last).contains(&line)) {
            span = span.to(whole);
        }
    }
    span
}

/// Whether a line says that a script begins on the next one: `run: |`, ```` ```sh ````, `<<EOF`.
fn announces(line: &str) -> bool {
    let bare = line.split(" #").next().unwrap_or_default().trim();
    let marks = bare.trim_start_matches(['>', ' ', '-', '*']);
    let indicator = bare.rsplit([' ', ':']).next().unwrap_or_default();
    let is_block = indicator.starts_with(['|', '>'])
        && indicator[1..].chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'));
    is_block || marks.starts_with("```") || marks.starts_with("~~~") || line.contains("<<")
}

/// What goes when a remark goes.
fn removal(comment: &Comment<'_>, said: Span, lines: &Lines<'_>) -> Span {
    let whole = comment.place.span();
    let is_mark = |c: char| c.is_whitespace() || "#/*-;!<>".contains(c);
    let rest = |text: &str| !text.trim_matches(is_mark).is_empty();
    let (before, after) =
        (&comment.text[..said.start as usize], comment.text.get(said.end as usize..).unwrap_or_default());
    if rest(before) || rest(after) {
        // It says something else, too: only what was said to us goes, with the marks right before it.
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let marks = before[line_start..].trim_end_matches(is_mark).len() + line_start;
        let start =
            if after.contains('\n') || line_start > 0 && marks == line_start { said.start as usize } else { marks };
        return (comment.part)(Span { start: start as u32, end: said.end }).span();
    }
    let (first, last) = lines.around(whole);
    let (before, after) = lines.beside(whole);
    if lines.is_alone(whole) && !before.contains('-') {
        let line = lines.span(first, last);
        let text = lines.source.text();
        let end = text[line.end as usize..].find('\n').map_or(text.len(), |at| line.end as usize + at + 1);
        return Span { start: line.start, end: end as u32 };
    }
    // The blanks before it go with it, or where something follows, those behind it.
    let is_block = comment.text.starts_with(['/', '<']) && !after.trim().is_empty();
    if !is_block {
        Span { start: whole.start - (before.len() - before.trim_end().len()) as u32, end: whole.end }
    } else {
        Span { start: whole.start, end: whole.end + (after.len() - after.trim_start().len()) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said, the lines for which it stands (from 1), and the file without it.
    fn remarks(path: &str, text: &str) -> Vec<(String, (u32, u32), String)> {
        let repo = Repo::of(Tree::memory([(path, text)]));
        let source = repo.tree.source(repo.tree.file(path).unwrap()).unwrap();
        let lines = |span: Span| (source.line_of(span.start) + 1, source.line_of(span.end.max(span.start + 1) - 1) + 1);
        let told = |remark: &Remark| {
            let without = twiceshy_source::apply(text, &[remark.removed()]).unwrap();
            (remark.text.clone(), lines(remark.concerns), without)
        };
        repo.remarks.iter().map(told).collect()
    }

    #[track_caller]
    fn check(path: &str, text: &str, lines: (u32, u32), without: &str) {
        let found = remarks(path, text);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert_eq!(found[0].0, "twiceshy: x", "{path}");
        assert_eq!((found[0].1, found[0].2.as_str()), (lines, without), "{path}");
    }

    #[test]
    fn every_language_speaks_in_its_comments() {
        for (path, text, without) in [
            ("compose.yml", "# twiceshy: x\na: 1\n", "a: 1\n"),
            ("Dockerfile", "# twiceshy: x\nFROM a\n", "FROM a\n"),
            ("a.sh", "# twiceshy: x\ntrue\n", "true\n"),
            (".env", "# twiceshy: x\nA=1\n", "A=1\n"),
            (".github/workflows/a.yml", "# twiceshy: x\non: push\n", "on: push\n"),
            ("a.py", "# twiceshy: x\nimport a\n", "import a\n"),
            ("a.ts", "// twiceshy: x\nimport 'a'\n", "import 'a'\n"),
            ("a.ts", "/* twiceshy: x */\nimport 'a'\n", "import 'a'\n"),
            ("a.sql", "-- twiceshy: x\nSELECT 1;\n", "SELECT 1;\n"),
            ("a.rs", "// twiceshy: x\nfn a() {}\n", "fn a() {}\n"),
            (".dockerignore", "# twiceshy: x\na\n", "a\n"),
            ("Makefile", "# twiceshy: x\na: b\n", "a: b\n"),
            ("Makefile", "#twiceshy: x\na: b\n", "a: b\n"),
            ("requirements.txt", "# twiceshy: x\na\n", "a\n"),
            ("pyproject.toml", "# twiceshy: x\n[a]\n", "[a]\n"),
            ("tsconfig.json", "// twiceshy: x\n{}\n", "{}\n"),
            ("nginx.conf", "# twiceshy: x\nuser a;\n", "user a;\n"),
            ("Caddyfile", "# twiceshy: x\na {\n}\n", "a {\n}\n"),
            ("a.md", "<!-- twiceshy: x -->\ntext\n", "text\n"),
            ("a.vue", "<!-- twiceshy: x -->\n<p/>\n", "<p/>\n"),
            ("traefik.toml", "# twiceshy: x\n[entryPoints]\n", "[entryPoints]\n"),
        ] {
            check(path, text, (2, 2), without);
        }
    }

    #[test]
    fn a_comment_that_quotes_one_does_not_speak() {
        assert_eq!(remarks("a.rs", "//! Write `# twiceshy: x` above it.\nfn a() {}\n"), []);
        assert_eq!(remarks("a.sh", "# see twiceshy: x\ntrue\n"), []);
        check("a.sh", "a # noqa # twiceshy: x\nb\n", (1, 1), "a # noqa\nb\n");
    }

    #[test]
    fn a_comment_stands_for_its_line_or_the_next_one_that_is_no_comment() {
        check("a.sh", "a # twiceshy: x\nb\n", (1, 1), "a\nb\n");
        check("a.sh", "# twiceshy: x\n# more\n\nb\nc\n", (4, 4), "# more\n\nb\nc\n");
        check("a.sh", "b\n# twiceshy: x", (2, 2), "b\n");
        check("a.ts", "/*\n * twiceshy: x\n */\na()\n", (4, 4), "a()\n");
        check("a.ts", "f(/* twiceshy: x */ 1)\n", (1, 1), "f(1)\n");
        check("a.tsx", "x = <p>\n  {/* twiceshy: x */}\n  <b/>\n</p>\n", (3, 3), "x = <p>\n  <b/>\n</p>\n");
        check("compose.yml", "a:\n  - # twiceshy: x\n    b: 1\n", (3, 3), "a:\n  -\n    b: 1\n");
        check("a.py", "x = 1  # noqa # twiceshy: x\n", (1, 1), "x = 1  # noqa\n");
        check("a.ts", "/* why\n * twiceshy: x\n */\na()\n", (4, 4), "/* why\n * \n */\na()\n");
    }

    #[test]
    fn a_continued_line_is_one() {
        check("a.sh", "# twiceshy: x\na \\\n  b \\\n  c\nd\n", (2, 4), "a \\\n  b \\\n  c\nd\n");
        check("a.sh", "a \\\n  b # twiceshy: x\nd\n", (1, 2), "a \\\n  b\nd\n");
        check(
            "Dockerfile",
            "FROM a\nRUN a && \\\n    # twiceshy: x\n    b && \\\n    c\n",
            (4, 4),
            "FROM a\nRUN a && \\\n    b && \\\n    c\n",
        );
    }

    #[test]
    fn in_a_script_a_comment_stands_for_lines_of_the_file() {
        let step = "jobs:\n  a:\n    steps:\n      - run: |\n          b\n          # twiceshy: x\n          c\n";
        check(".github/workflows/a.yml", step, (7, 7), &step.replace("          # twiceshy: x\n", ""));
        check("Dockerfile", "FROM a\nRUN b # twiceshy: x\n", (2, 2), "FROM a\nRUN b\n");
        check("Makefile", "a:\n\t@# twiceshy: x\n\tb\n", (3, 3), "a:\n\tb\n");
        check("a.sh", "bash <<'EOF'\na # twiceshy: x\nEOF\n", (2, 2), "bash <<'EOF'\na\nEOF\n");
        check("a.md", "```sh\n# twiceshy: x\na\n```\n", (3, 3), "```sh\na\n```\n");
        check(
            "package.json",
            "{\"scripts\": {\"a\": \"b # twiceshy: x\"}}\n",
            (1, 1),
            "{\"scripts\": {\"a\": \"b\"}}\n",
        );
        let service =
            "services:\n  a:\n    command:\n      - sh\n      - -c\n      - |\n        a\n        b # twiceshy: x\n";
        check("compose.yml", service, (8, 8), &service.replace(" # twiceshy: x", ""));
    }

    #[test]
    fn a_line_that_begins_a_script_stands_for_all_of_it() {
        let step = |before: &str, after: &str| {
            format!(
                "jobs:\n  a:\n    steps:\n      - name: n\n{before}        run: |{after}\n          b\n          c\n      - run: d\n"
            )
        };
        check(".github/workflows/a.yml", &step("        # twiceshy: x\n", ""), (6, 8), &step("", ""));
        check(".github/workflows/a.yml", &step("", " # twiceshy: x"), (5, 7), &step("", ""));
        check("a.md", "<!-- twiceshy: x -->\n```sh\na\nb\n```\n", (2, 4), "```sh\na\nb\n```\n");
        check("a.sh", "# twiceshy: x\nbash <<'EOF'\na\nb\nEOF\nc\n", (2, 4), "bash <<'EOF'\na\nb\nEOF\nc\n");
        check("Makefile", "# twiceshy: x\na:\n\tb\n\tc\n", (2, 2), "a:\n\tb\n\tc\n");
    }

    #[test]
    fn what_looks_like_a_comment_is_none() {
        for (path, text) in [
            ("a.sh", "echo '# twiceshy: x'\ncat <<EOF\n# twiceshy: x\nEOF\n"),
            ("a.py", "a = '# twiceshy: x'\n"),
            ("a.ts", "const a = `\n// twiceshy: x\n`\n"),
            ("compose.yml", "a: '# twiceshy: x'\nb: |\n  # twiceshy: x\n"),
            ("a.sql", "SELECT '-- twiceshy: x';\n"),
            ("a.md", "```js\n// twiceshy: x\n```\n\n`<!-- twiceshy: x -->`\n"),
            ("a.sh", "# see twiceshy: x\n# how twiceshy: works\n# as in `# twiceshy: x`\n"),
            ("package.json", "{\"a\": \"# twiceshy: x\"}\n"),
        ] {
            assert_eq!(remarks(path, text), [], "{path}");
        }
    }
}
