//! SQL, as far as names go: statements, what they create, drop and read.
//!
//! A lexer and a look at the words, not a grammar: migrations come in every dialect, and a grammar of one rejects the
//! files of another (of 653 measured files each of five parsers refused 150 and more). Comments, strings, quoted names
//! and dollar-quoted bodies are told apart exactly; so are the bodies of triggers, whose `;` end nothing.

use rustc_hash::FxHashSet;
use twiceshy_source::Span;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From its first word to its last, without the `;`.
    pub span: Span,
    /// What it does.
    pub act: Act,
    /// Tables and views it reads or writes and does not itself create: after `FROM`, `JOIN`, `REFERENCES`, `INTO`,
    /// `UPDATE`, `ALTER TABLE`, `ON` of an index or trigger. Not those in bodies of functions, which are looked up when
    /// they run.
    pub uses: Vec<Name>,
}

/// What a statement does to the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `CREATE …`
    Create(Object),
    /// `DROP …`, each object of it.
    Drop(Vec<Object>),
    /// `ALTER TABLE … ADD …`, `… DROP …`, `… RENAME TO …`: the table and what happens to it, in order.
    Alter(Name, Vec<Change>),
    /// `DELETE FROM …`
    Delete {
        /// Whether it says which rows.
        has_where: bool,
    },
    /// `TRUNCATE …`
    Truncate,
    /// Anything else.
    Other,
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A column is added.
    AddColumn(Name),
    /// A column is dropped.
    DropColumn(Name),
    /// It is called this from now on.
    RenameTo(Name),
}

/// Something that a schema holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What.
    pub kind: ObjectKind,
    /// Its name.
    pub name: Name,
    /// `IF NOT EXISTS`, `IF EXISTS`, `OR REPLACE`
    pub is_conditional: bool,
    /// `TEMP`: gone with the session.
    pub is_temporary: bool,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table, also a virtual or foreign one.
    Table,
    /// A view, also a materialised one.
    View,
    /// An index.
    Index,
    /// A function or procedure.
    Function,
    /// A trigger.
    Trigger,
    /// A type or domain.
    Type,
    /// A schema or a database.
    Schema,
    /// A sequence, role, extension, policy, …
    Other,
}

/// A name of an object: its last part, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name. Without its schema, which files give or leave out as they like.
    pub text: String,
    /// Where, schema and quotes included.
    pub span: Span,
}

/// Reads `text`.
pub fn parse(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut lexer = Lexer { text, at: 0 };
    // How many `BEGIN`/`CASE` of a trigger's body are open.
    let mut blocks = 0_u32;
    while let Some(token) = lexer.next() {
        let is_trigger =
            tokens.iter().take(6).any(|token| token.is(text, "trigger")) && first_is(&tokens, text, "create");
        if is_trigger && (token.is(text, "begin") || token.is(text, "case")) {
            blocks += 1;
        } else if is_trigger && token.is(text, "end") {
            blocks = blocks.saturating_sub(1);
        }
        if token.kind == TokenKind::Symbol(b';') && blocks == 0 {
            statements.extend(statement(text, &tokens));
            tokens.clear();
        } else {
            tokens.push(token);
        }
    }
    statements.extend(statement(text, &tokens));
    statements
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    kind: TokenKind,
    span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenKind {
    Word,
    /// `"…"`, `` `…` ``, `[…]`
    Quoted,
    /// A string, a dollar-quoted body, a number.
    Literal,
    Symbol(u8),
}

impl Token {
    fn is(self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.span.of(text).eq_ignore_ascii_case(word)
    }

    fn is_one_of(self, text: &str, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(text, word))
    }

    fn is_name(self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }
}

fn first_is(tokens: &[Token], text: &str, word: &str) -> bool {
    tokens.first().is_some_and(|token| token.is(text, word))
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.at..)?;
            let start = self.at;
            let kind = match *rest.first()? {
                byte if byte.is_ascii_whitespace() => {
                    self.at += 1;
                    continue;
                }
                b'-' if rest.starts_with(b"--") => {
                    self.at = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| start + at);
                    continue;
                }
                b'/' if rest.starts_with(b"/*") => {
                    self.block_comment();
                    continue;
                }
                // A command of psql, or of sqlite3 (`.read`): a line of its own.
                b'\\' | b'.' if self.text[..start].ends_with('\n') || start == 0 => {
                    self.at = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| start + at);
                    continue;
                }
                b'\'' => {
                    let escapes = self.text[..start].ends_with(['e', 'E']);
                    self.quoted(b'\'', escapes);
                    TokenKind::Literal
                }
                quote @ (b'"' | b'`') => {
                    self.quoted(quote, false);
                    TokenKind::Quoted
                }
                b'[' if self.is_bracketed_name() => {
                    self.quoted(b']', false);
                    TokenKind::Quoted
                }
                b'$' => match self.dollar_quoted() {
                    Some(end) => {
                        self.at = end;
                        TokenKind::Literal
                    }
                    None => {
                        self.at += 1;
                        TokenKind::Symbol(b'$')
                    }
                },
                byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
                    self.at += rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                    // The prefix of a string: E'…', N'…', X'…'.
                    if self.at == start + 1 && bytes.get(self.at) == Some(&b'\'') {
                        continue;
                    }
                    TokenKind::Word
                }
                byte if byte.is_ascii_digit() => {
                    self.at += rest
                        .iter()
                        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.')
                        .unwrap_or(rest.len());
                    TokenKind::Literal
                }
                byte => {
                    self.at += 1;
                    TokenKind::Symbol(byte)
                }
            };
            return Some(Token { kind, span: Span::new(start, self.at) });
        }
    }

    /// Comments nest in PostgreSQL; one that is never closed ends the text.
    fn block_comment(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0_u32;
        while let Some(rest) = bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            let Some(next) = memchr::memchr2(b'/', b'*', rest) else { break };
            self.at += next;
            match bytes.get(self.at..self.at + 2) {
                Some(b"/*") => {
                    depth += 1;
                    self.at += 2;
                }
                Some(b"*/") => {
                    depth = depth.saturating_sub(1);
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = bytes.len();
    }

    /// Goes past a quoted text whose opening quote stands here; a doubled quote is one of the text.
    fn quoted(&mut self, close: u8, escapes: bool) {
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            if escapes && byte == b'\\' {
                self.at += 1;
            } else if byte == close {
                if bytes.get(self.at) != Some(&close) {
                    return;
                }
                self.at += 1;
            }
        }
        self.at = bytes.len();
    }

    /// `[name]` of SQLite and SQL Server, not `integer[]` or `a[1]`: something separates it from what stands before.
    fn is_bracketed_name(&self) -> bool {
        let bytes = self.text.as_bytes();
        let free = self.at == 0
            || bytes
                .get(self.at - 1)
                .is_some_and(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'(' | b',' | b'.'));
        free && bytes.get(self.at + 1).is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_')
    }

    /// The end of `$tag$ … $tag$` that opens here. One that is never closed runs to the end.
    fn dollar_quoted(&self) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        let tag_len = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_')?;
        if rest.as_bytes().get(1 + tag_len) != Some(&b'$') || rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let tag = &rest[..tag_len + 2];
        let body = self.at + tag.len();
        let end = memchr::memmem::find(&self.text.as_bytes()[body..], tag.as_bytes());
        Some(end.map_or(self.text.len(), |end| body + end + tag.len()))
    }
}

fn statement(text: &str, tokens: &[Token]) -> Option<Statement> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let words = Words { text, tokens };
    let act = if first.is(text, "create") {
        words.create().map_or(Act::Other, Act::Create)
    } else if first.is(text, "drop") {
        Act::Drop(words.dropped())
    } else if first.is(text, "alter") && tokens.get(1).is_some_and(|token| token.is(text, "table")) {
        words.alter().unwrap_or(Act::Other)
    } else if first.is(text, "delete") {
        Act::Delete { has_where: tokens.iter().any(|token| token.is(text, "where")) }
    } else if first.is(text, "truncate") {
        Act::Truncate
    } else {
        Act::Other
    };
    let uses = words.uses(&act);
    Some(Statement { span: first.span.to(last.span), act, uses })
}

/// The words of one statement.
#[derive(Clone, Copy)]
struct Words<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl Words<'_> {
    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_one_of(self.text, words))
    }

    fn is_symbol(&self, at: usize, symbol: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    /// The name that starts at `at` (`schema.name`), and where it ends.
    fn name(&self, at: usize) -> Option<(Name, usize)> {
        let first = self.tokens.get(at).filter(|token| token.is_name())?;
        let (mut last, mut end) = (first, at + 1);
        while self.is_symbol(end, b'.') {
            let Some(next) = self.tokens.get(end + 1).filter(|token| token.is_name()) else { break };
            (last, end) = (next, end + 2);
        }
        let written = last.span.of(self.text);
        let text = written.trim_matches(['"', '`', '[', ']']).to_lowercase();
        Some((Name { text, span: first.span.to(last.span) }, end))
    }

    fn create(&self) -> Option<Object> {
        let mut at = 1;
        let (mut is_conditional, mut is_temporary) = (false, false);
        let kind = loop {
            let word = self.tokens.get(at)?;
            if let Some(kind) = object_kind(word.span.of(self.text)) {
                break kind;
            }
            is_conditional |= word.is(self.text, "replace");
            is_temporary |= word.is_one_of(self.text, &["temp", "temporary"]);
            let is_modifier = [
                "or",
                "replace",
                "temp",
                "temporary",
                "unique",
                "materialized",
                "recursive",
                "global",
                "local",
                "unlogged",
                "virtual",
                "foreign",
                "constraint",
                "fulltext",
                "spatial",
                "external",
                "algorithm",
                "definer",
                "sql",
                "security",
            ];
            if !word.is_one_of(self.text, &is_modifier) || at > 8 {
                return None;
            }
            at += 1;
        };
        at += 1;
        if kind == ObjectKind::Index && self.is(at, &["concurrently"]) {
            at += 1;
        }
        if self.is(at, &["if"]) {
            is_conditional = true;
            at += 3;
        }
        let (name, _) = self.name(at)?;
        // `CREATE INDEX ON t`: the database names it.
        (!(kind == ObjectKind::Index && self.is(at, &["on"]))).then_some(Object {
            kind,
            name,
            is_conditional,
            is_temporary,
        })
    }

    fn dropped(&self) -> Vec<Object> {
        let mut at = 1 + usize::from(self.is(1, &["materialized"]));
        let Some(kind) = self.tokens.get(at).and_then(|token| object_kind(token.span.of(self.text))) else {
            return Vec::new();
        };
        at += 1 + usize::from(self.is(at + 1, &["concurrently"]));
        let is_conditional = self.is(at, &["if"]);
        at += if is_conditional { 2 } else { 0 };
        let mut dropped = Vec::new();
        while let Some((name, end)) = self.name(at) {
            dropped.push(Object { kind, name, is_conditional, is_temporary: false });
            if !self.is_symbol(end, b',') {
                break;
            }
            at = end + 1;
        }
        dropped
    }

    fn alter(&self) -> Option<Act> {
        let mut at = 2;
        if self.is(at, &["if"]) {
            at += 2;
        }
        at += usize::from(self.is(at, &["only"]));
        let (table, mut at) = self.name(at)?;
        let mut changes = Vec::new();
        let mut depth = 0_u32;
        let mut starts = true;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(b',') if depth == 0 => {
                    starts = true;
                    at += 1;
                    continue;
                }
                _ if starts => changes.extend(self.change(at)),
                _ => {}
            }
            starts = false;
            at += 1;
        }
        Some(Act::Alter(table, changes))
    }

    fn change(&self, at: usize) -> Option<Change> {
        let named = |mut at: usize| {
            at += usize::from(self.is(at, &["column"]));
            while self.is(at, &["if", "not", "exists"]) {
                at += 1;
            }
            let constraint = ["constraint", "primary", "foreign", "unique", "check", "index", "key", "partition"];
            if self.is(at, &constraint) { None } else { Some(self.name(at)?.0) }
        };
        if self.is(at, &["add"]) {
            named(at + 1).map(Change::AddColumn)
        } else if self.is(at, &["drop"]) {
            named(at + 1).map(Change::DropColumn)
        } else if self.is(at, &["rename"]) && self.is(at + 1, &["to", "as"]) {
            Some(Change::RenameTo(self.name(at + 2)?.0))
        } else {
            None
        }
    }

    fn uses(&self, act: &Act) -> Vec<Name> {
        let mut uses: Vec<Name> = Vec::new();
        let own = self.common_tables();
        if let Act::Alter(table, _) = act {
            uses.push(table.clone());
        }
        if matches!(act, Act::Drop(_)) || self.is(0, &["grant", "revoke", "comment"]) {
            return uses;
        }
        let is_on_table = matches!(act, Act::Create(Object { kind: ObjectKind::Index | ObjectKind::Trigger, .. }));
        let mut on_seen = false;
        for (at, token) in self.tokens.iter().enumerate() {
            let is_source = match token.kind {
                TokenKind::Word if token.is_one_of(self.text, &["join", "references", "into"]) => true,
                // `EXTRACT(x FROM y)`, `IS DISTINCT FROM`, `DELETE FROM`, `TRIM(… FROM …)`
                TokenKind::Word if token.is(self.text, "from") => !self.is_function_from(at),
                TokenKind::Word if token.is(self.text, "update") => at == 0 || self.is_symbol(at - 1, b')'),
                TokenKind::Word if is_on_table && !on_seen && token.is(self.text, "on") => {
                    on_seen = true;
                    true
                }
                _ => false,
            };
            if is_source {
                self.sources(at + 1, token.is(self.text, "from"), &own, &mut uses);
            }
        }
        if let Act::Create(object) = act {
            uses.retain(|name| name.text != object.name.text);
        }
        uses
    }

    /// The names that start at `at`; after `FROM` a list of them, each with an alias.
    fn sources(&self, mut at: usize, is_list: bool, own: &FxHashSet<String>, uses: &mut Vec<Name>) {
        loop {
            at += usize::from(self.is(at, &["only", "lateral"]));
            let Some((name, mut end)) = self.name(at) else { return };
            let is_call = is_list && self.is_symbol(end, b'(');
            if !is_call && !self.is(at, &["select", "values", "unnest"]) && !own.contains(&name.text) {
                uses.push(name);
            }
            if is_call || !is_list {
                return;
            }
            end += usize::from(self.is(end, &["as"]));
            if self.tokens.get(end).is_some_and(|token| token.is_name())
                && !self.is_symbol(end, b',')
                && self.is_symbol(end + 1, b',')
            {
                end += 1;
            }
            if !self.is_symbol(end, b',') {
                return;
            }
            at = end + 1;
        }
    }

    fn is_function_from(&self, at: usize) -> bool {
        if at > 0 && self.is(at - 1, &["distinct"]) && at > 1 && self.is(at - 2, &["is", "not"]) {
            return true;
        }
        // The opening parenthesis around it, and the word before that. Bounded: such a call is short.
        let mut depth = 0_u32;
        for back in (at.saturating_sub(40)..at).rev() {
            match self.tokens.get(back).map(|token| token.kind) {
                Some(TokenKind::Symbol(b')')) => depth += 1,
                Some(TokenKind::Symbol(b'(')) if depth > 0 => depth -= 1,
                Some(TokenKind::Symbol(b'(')) => {
                    return back > 0 && self.is(back - 1, &["extract", "substring", "trim", "overlay", "position"]);
                }
                _ => {}
            }
        }
        false
    }

    /// Names that `WITH name AS (` and `name(column) AS (` give to queries of the statement itself.
    fn common_tables(&self) -> FxHashSet<String> {
        let mut own = FxHashSet::default();
        if !self.tokens.iter().any(|token| token.is(self.text, "with")) {
            return own;
        }
        for at in 1..self.tokens.len() {
            if !self.is(at, &["as"]) {
                continue;
            }
            let opens = self.is_symbol(at + 1, b'(') || (self.is(at + 1, &["materialized", "not"]));
            if !opens {
                continue;
            }
            let mut name = at - 1;
            if self.is_symbol(name, b')') {
                while name > 0 && !self.is_symbol(name, b'(') {
                    name -= 1;
                }
                name = name.saturating_sub(1);
            }
            own.extend(self.name(name).map(|(name, _)| name.text));
        }
        own
    }
}

fn object_kind(word: &str) -> Option<ObjectKind> {
    Some(match word.to_ascii_lowercase().as_str() {
        "table" => ObjectKind::Table,
        "view" => ObjectKind::View,
        "index" => ObjectKind::Index,
        "function" | "procedure" | "aggregate" => ObjectKind::Function,
        "trigger" => ObjectKind::Trigger,
        "type" | "domain" => ObjectKind::Type,
        "schema" | "database" => ObjectKind::Schema,
        "sequence" | "role" | "user" | "extension" | "policy" | "rule" | "publication" | "server" | "event" => {
            ObjectKind::Other
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        parse(text)
            .into_iter()
            .map(|statement| {
                let act = match statement.act {
                    Act::Create(object) => format!(
                        "create {:?} {}{}",
                        object.kind,
                        object.name.text,
                        if object.is_conditional { "?" } else { "" }
                    ),
                    Act::Drop(objects) => objects.iter().fold("drop".to_owned(), |told, object| {
                        format!("{told} {:?} {}", object.kind, object.name.text)
                    }),
                    Act::Alter(table, changes) => {
                        changes.iter().fold(format!("alter {}", table.text), |told, change| match change {
                            Change::AddColumn(name) => format!("{told} +{}", name.text),
                            Change::DropColumn(name) => format!("{told} -{}", name.text),
                            Change::RenameTo(name) => format!("{told} ={}", name.text),
                        })
                    }
                    Act::Delete { has_where } => format!("delete{}", if has_where { " some" } else { "" }),
                    Act::Truncate => "truncate".to_owned(),
                    Act::Other => "other".to_owned(),
                };
                statement.uses.iter().fold(act, |told, name| format!("{told} <{}", name.text))
            })
            .collect()
    }

    #[test]
    fn statements_tell_what_they_create_drop_and_use() {
        for (text, expected) in [
            ("CREATE TABLE IF NOT EXISTS public.\"Users\" (id int REFERENCES orgs(id))", "create Table users? <orgs"),
            (
                "create or replace view v_active as select * from users u, orgs o left join plans p on p.id = o.plan",
                "create View v_active? <users <orgs <plans",
            ),
            (
                "CREATE MATERIALIZED VIEW m AS WITH x AS (SELECT 1 FROM a), y (c) AS (SELECT 2 FROM x) SELECT * FROM y JOIN b ON true",
                "create View m <a <b",
            ),
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (lower(name)) WHERE on_sale", "create Index i? <t"),
            ("CREATE INDEX ON t (a)", "other"),
            (
                "ALTER TABLE ONLY t ADD COLUMN IF NOT EXISTS a int DEFAULT (1, 2), ADD b text, ADD CONSTRAINT c CHECK (true), DROP COLUMN d",
                "alter t +a +b -d <t",
            ),
            ("ALTER TABLE `old` RENAME TO [new]", "alter old =new <old"),
            ("DROP TABLE IF EXISTS a, s.b CASCADE", "drop Table a Table b"),
            ("DELETE FROM t WHERE a IS DISTINCT FROM b", "delete some <t"),
            (
                "INSERT INTO t SELECT extract(epoch FROM ts), generate_series(1, 2) FROM src, generate_series(1, 3)",
                "other <t <src",
            ),
            ("UPDATE t SET a = 1 FROM s", "other <t <s"),
            ("CREATE TEMP TABLE x AS SELECT * FROM y", "create Table x <y"),
            ("CREATE VIRTUAL TABLE f USING fts5(a)", "create Table f"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn only_a_semicolon_of_the_statement_ends_it() {
        let text = "-- a; b\n/* c; /* nested; */ */ SELECT 'it''s; here', E'\\';' ; DO $$ BEGIN DROP TABLE x; END $$;\n\\i other.sql;\n\
            CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE c SET n = CASE WHEN 1 THEN 2 END; DELETE FROM d; END; SELECT \"a;b\", x[1], $1 FROM e;";
        assert_eq!(told(text), ["other", "other", "create Trigger g <t <d", "other <e"]);
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        for text in
            ["'", "\"", "$x$", "/*", "CREATE", "CREATE TABLE", "ALTER TABLE", "DROP", "$", "\\", "E'\\", "[a", "ä $ö"]
        {
            parse(text);
        }
        let long = "SELECT 1 FROM a, ".repeat(50_000);
        assert_eq!(parse(&long).len(), 1);
    }
}
