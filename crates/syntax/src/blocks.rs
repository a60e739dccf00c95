//! Configurations made of directives and blocks in braces: nginx's and Caddy's.
//!
//! An own reader: the kept parser of nginx (`nginx-lint-parser`) recurses without a bound and knows nothing of Caddyfiles, of
//! which there is no parser outside Go, and the two grammars differ in little but where a directive ends. The rules are those
//! of nginx's `ngx_conf_read_token` and of Caddy's `caddyfile/lexer.go`.

use crate::Flaw;
use twiceshy_source::Span;

/// Which of the two grammars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A directive ends with `;` or a block.
    Nginx,
    /// A directive ends with its line or a block.
    Caddy,
}

/// A parsed configuration.
#[derive(Debug, Default)]
pub struct Blocks {
    directives: Vec<Directive>,
    /// What was not understood.
    pub flaws: Vec<Flaw>,
}

/// A directive, with its block if it has one.
#[derive(Debug)]
pub struct Directive {
    /// Its words, the name first; none before a block without a name, as Caddy's global options are.
    pub words: Vec<Word>,
    /// From its first word to the end of its last, or of its block.
    pub span: Span,
    /// Whether a block follows its words.
    pub has_block: bool,
    /// One past its last descendant.
    end: usize,
}

/// A word.
#[derive(Debug)]
pub struct Word {
    /// The word, without quotes and escapes.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// The number of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectiveId(usize);

impl Blocks {
    /// The directives outside of every block.
    pub fn top(&self) -> impl Iterator<Item = DirectiveId> + '_ {
        self.between(0, self.directives.len())
    }

    /// The directives right inside the block of `id`.
    pub fn children(&self, id: DirectiveId) -> impl Iterator<Item = DirectiveId> + '_ {
        self.between(id.0 + 1, self.get(id).map_or(0, |directive| directive.end))
    }

    /// Every directive, each before those in its block.
    pub fn all(&self) -> impl Iterator<Item = DirectiveId> + use<> {
        (0..self.directives.len()).map(DirectiveId)
    }

    /// Every directive inside the block of `id`, however deep.
    pub fn inside(&self, id: DirectiveId) -> impl Iterator<Item = DirectiveId> + use<> {
        (id.0 + 1..self.get(id).map_or(0, |directive| directive.end)).map(DirectiveId)
    }

    /// The directive `id`.
    pub fn get(&self, id: DirectiveId) -> Option<&Directive> {
        self.directives.get(id.0)
    }

    /// The words of the directive `id`.
    pub fn words(&self, id: DirectiveId) -> &[Word] {
        self.get(id).map_or(&[], |directive| &directive.words)
    }

    /// The name of the directive `id`; empty for a block without one.
    pub fn name(&self, id: DirectiveId) -> &str {
        self.words(id).first().map_or("", |word| &word.text)
    }

    fn between(&self, from: usize, end: usize) -> impl Iterator<Item = DirectiveId> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            let directive = (at < end).then(|| self.directives.get(at)).flatten()?;
            let id = DirectiveId(at);
            at = directive.end.max(at + 1);
            Some(id)
        })
    }
}

/// Parses `text`.
pub fn parse(text: &str, dialect: Dialect) -> Blocks {
    let mut reader = Reader { text, at: 0, dialect, out: Blocks::default(), open: Vec::new(), words: Vec::new() };
    reader.read();
    reader.out
}

/// How long a `${variable}` or `{{ expression }}` may be, in bytes.
const MAX_VARIABLE: usize = 200;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    dialect: Dialect,
    out: Blocks,
    /// The directives whose blocks are open.
    open: Vec<usize>,
    words: Vec<Word>,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                '\n' => {
                    self.at += 1;
                    let goes_on =
                        self.words.last().is_some_and(|word| word.text.ends_with(',')) && self.open.is_empty();
                    if self.dialect == Dialect::Caddy && !goes_on {
                        self.finish(false, start);
                    }
                }
                c if c.is_whitespace() => self.at += c.len_utf8(),
                '#' => self.at = self.line_end(),
                ';' if self.dialect == Dialect::Nginx => {
                    self.at += 1;
                    self.finish(false, start);
                }
                '{' if self.opens() => {
                    self.at += 1;
                    let is_code = self.words.first().is_some_and(|word| word.text.ends_with("_by_lua_block"));
                    self.finish(true, start);
                    if is_code {
                        self.pass_code();
                    }
                }
                '}' => {
                    self.at += 1;
                    self.finish(false, start);
                    self.close(start);
                }
                '\\' if self.dialect == Dialect::Caddy && self.text[start..].starts_with("\\\n") => self.at += 2,
                '\\' if self.dialect == Dialect::Caddy && self.text[start..].starts_with("\\\r\n") => self.at += 3,
                _ => self.word(),
            }
        }
        let end = self.text.len();
        self.finish(false, end);
        if let Some(open) = self.open.first().copied() {
            let span = self.out.directives.get(open).map_or(Span::new(end, end), |directive| directive.span);
            self.out.flaws.push(Flaw { span, what: "a block that is never closed".to_owned() });
        }
        while !self.open.is_empty() {
            self.close(end);
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[self.at..]).map_or(self.text.len(), |found| self.at + found)
    }

    /// Whether the `{` here opens a block, and does not start a word: Caddy's `{$NAME}`, a template's `{{ name }}`.
    fn opens(&self) -> bool {
        let next = self.text[self.at + 1..].chars().next();
        match self.dialect {
            Dialect::Nginx => next != Some('{'),
            Dialect::Caddy => next.is_none_or(char::is_whitespace),
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let mut word = String::new();
        let first = self.peek();
        if let Some(quote) = first.filter(|c| matches!(c, '"' | '\'' | '`') && self.is_quote(*c)) {
            self.at += 1;
            while let Some(c) = self.peek() {
                self.at += c.len_utf8();
                match c {
                    c if c == quote => break,
                    '\\' if quote != '`' => {
                        if let Some(next) = self.peek() {
                            self.at += next.len_utf8();
                            word.extend((next != quote && next != '\\').then_some('\\'));
                            word.push(next);
                        }
                    }
                    c => word.push(c),
                }
            }
        } else {
            while let Some(c) = self.peek() {
                // A variable is short; a search without a bound would be quadratic in a line of braces.
                let window = self.text.floor_char_boundary((self.at + MAX_VARIABLE).min(self.text.len()));
                let rest = &self.text[self.at..window];
                let braced = if rest.starts_with("{{") { rest.find("}}").map(|end| end + 2) } else { None };
                let variable = (rest.starts_with("${") || self.dialect == Dialect::Caddy && c == '{')
                    .then(|| rest.find(['}', '\n']).filter(|end| rest[*end..].starts_with('}')).map(|end| end + 1))
                    .flatten();
                if let Some(length) = braced.or(variable) {
                    word.push_str(&rest[..length]);
                    self.at += length;
                    continue;
                }
                let ends = match self.dialect {
                    Dialect::Nginx => c.is_whitespace() || matches!(c, ';' | '{'),
                    Dialect::Caddy => c.is_whitespace(),
                };
                // A `{` that is neither a block nor a variable must not stop the reader.
                if ends && self.at > start {
                    break;
                }
                self.at += c.len_utf8();
                word.push(c);
                if c == '\\'
                    && self.dialect == Dialect::Nginx
                    && let Some(next) = self.peek()
                {
                    self.at += next.len_utf8();
                    word.push(next);
                }
            }
        }
        self.words.push(Word { text: word, span: Span::new(start, self.at) });
    }

    fn is_quote(&self, c: char) -> bool {
        match self.dialect {
            Dialect::Nginx => c != '`',
            Dialect::Caddy => c != '\'',
        }
    }

    /// Ends the directive whose words were read; `end` is where it ends or its block begins.
    fn finish(&mut self, has_block: bool, end: usize) {
        if self.words.is_empty() && !has_block {
            return;
        }
        let words = std::mem::take(&mut self.words);
        let span = match (words.first(), words.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::new(end, end + 1),
        };
        let index = self.out.directives.len();
        self.out.directives.push(Directive { words, span, has_block, end: index + 1 });
        if has_block {
            self.open.push(index);
        }
    }

    fn close(&mut self, at: usize) {
        let count = self.out.directives.len();
        match self.open.pop() {
            Some(open) => {
                if let Some(directive) = self.out.directives.get_mut(open) {
                    directive.end = count;
                    directive.span.end = u32::try_from(self.at).unwrap_or(u32::MAX);
                }
            }
            None => {
                let what = "a `}` that closes nothing".to_owned();
                self.out.flaws.push(Flaw { span: Span::new(at, at + 1), what });
            }
        }
    }

    /// Passes over a block of Lua, up to the brace that closes it.
    fn pass_code(&mut self) {
        let mut depth = 0usize;
        while let Some(c) = self.peek() {
            let rest = &self.text[self.at..];
            match c {
                '-' if rest.starts_with("--") => {
                    self.at = self.line_end();
                    continue;
                }
                '"' | '\'' => {
                    self.at += 1;
                    while let Some(inside) = self.peek().filter(|inside| *inside != c && *inside != '\n') {
                        self.at += inside.len_utf8();
                        if inside == '\\'
                            && let Some(next) = self.peek()
                        {
                            self.at += next.len_utf8();
                        }
                    }
                    self.at += usize::from(self.peek().is_some());
                    continue;
                }
                '{' => depth += 1,
                // The brace itself is the reader's.
                '}' if depth == 0 => return,
                '}' => depth -= 1,
                _ => {}
            }
            self.at += c.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The directives as `name word [children]`.
    fn shown(text: &str, dialect: Dialect) -> String {
        let blocks = parse(text, dialect);
        assert_eq!(blocks.flaws, [], "{text}");
        let mut out = String::new();
        show(&blocks, &mut blocks.top(), &mut out);
        out
    }

    fn show(blocks: &Blocks, ids: &mut dyn Iterator<Item = DirectiveId>, out: &mut String) {
        for id in ids {
            let words: Vec<&str> = blocks.words(id).iter().map(|word| word.text.as_str()).collect();
            out.push_str(&words.join(" "));
            if blocks.get(id).is_some_and(|directive| directive.has_block) {
                out.push('[');
                show(blocks, &mut blocks.children(id), out);
                out.push(']');
            }
            out.push(';');
        }
    }

    #[test]
    fn nginx_directives_end_with_semicolons_and_blocks() {
        let text = "# c\nuser nginx;\nhttp {\n  log_format m '$a \"b\" {'\n    'x';\n  server { listen 80; server_name a.b \"c d\"; \
                    location ~ ^/[0-9]+/ { proxy_pass http://${HOST}:80/; } }\n}\n";
        let expected = "user nginx;http[log_format m $a \"b\" { x;server[listen 80;server_name a.b c d;location ~ ^/[0-9]+/[proxy_pass http://${HOST}:80/;];];];";
        assert_eq!(shown(text, Dialect::Nginx), expected);
    }

    #[test]
    fn lua_is_passed_over() {
        let text = "location / { content_by_lua_block { local t = { a = \"}\" } -- }\n ngx.say('x') } proxy_pass http://a; } b c;";
        assert_eq!(shown(text, Dialect::Nginx), "location /[content_by_lua_block[];proxy_pass http://a;];b c;");
    }

    #[test]
    fn caddy_directives_end_with_their_line() {
        let text = "{\n\temail {$MAIL:a@b}\n}\n(snip) {\n\theader X \"a b\" # not\n}\na.test,\nb.test:8080 {\n\timport snip\n\treverse_proxy /api/* {\n\t\tto web:80\n\t}\n\trespond `{\"a\": 1}` 200\n}\n{$SITE} {\n}\n";
        let expected = "[email {$MAIL:a@b};];(snip)[header X a b;];a.test, b.test:8080[import snip;reverse_proxy /api/*[to web:80;];respond {\"a\": 1} 200;];{$SITE}[];";
        assert_eq!(shown(text, Dialect::Caddy), expected);
    }

    #[test]
    fn a_caddyfile_of_one_site_needs_no_braces() {
        assert_eq!(shown("localhost\nreverse_proxy \\\n  web:80\n", Dialect::Caddy), "localhost;reverse_proxy web:80;");
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "server_name \"a.b\"  c;";
        let blocks = parse(text, Dialect::Nginx);
        let spans: Vec<&str> = blocks.all().flat_map(|id| blocks.words(id)).map(|word| word.span.of(text)).collect();
        assert_eq!(spans, ["server_name", "\"a.b\"", "c"]);
    }

    #[test]
    fn braces_that_do_not_match_are_flaws_and_the_rest_is_read() {
        assert_eq!(parse("a { b; ", Dialect::Nginx).flaws.len(), 1);
        let blocks = parse("} a b;", Dialect::Nginx);
        assert_eq!((blocks.flaws.len(), blocks.top().count()), (1, 1));
        for text in ["{", "}", "{{", "\\", "\"", "a {{ b", "${", "{$", "'", "a_by_lua_block { {", "a{\"", "#", "`"] {
            for dialect in [Dialect::Nginx, Dialect::Caddy] {
                parse(text, dialect);
            }
        }
        let deep = "a { ".repeat(50_000);
        assert_eq!(parse(&deep, Dialect::Nginx).top().count(), 1);
        assert_eq!(parse(&"a {\n".repeat(50_000), Dialect::Caddy).top().count(), 1);
        parse(&"{".repeat(1 << 20), Dialect::Caddy);
        parse(&"x {{".repeat(1 << 18), Dialect::Nginx);
    }

    #[test]
    fn templates_are_words() {
        assert_eq!(shown("server_name {{ domain }} x;", Dialect::Nginx), "server_name {{ domain }} x;");
    }
}
