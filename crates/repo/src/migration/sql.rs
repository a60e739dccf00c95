//! What SQL text does to types: enough of SQL to see `CREATE TYPE`, `DROP TYPE` and `ALTER TYPE`, also inside `DO $$`.

/// What a statement does to a type. Names are as the database knows them; `None` where a part of it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeChange {
    /// `CREATE TYPE name AS ENUM`
    Create(Option<String>),
    /// `DROP TYPE name`
    Drop(Option<String>),
    /// `ALTER TYPE name RENAME TO other`
    Rename(Option<String>, Option<String>),
    /// `ALTER TYPE name ADD VALUE 'value'`
    AddValue(Option<String>, Option<String>),
    /// A whole schema goes, or every object of a role.
    Everything,
}

impl TypeChange {
    /// The changes that `sql` makes, in order.
    pub fn of(sql: &str) -> Vec<Self> {
        let upper = sql.to_ascii_uppercase();
        if !upper.contains("TYPE") && !upper.contains("DROP ") {
            return Vec::new();
        }
        let tokens = tokens(sql);
        let mut changes = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let rest = Words { tokens: tokens.get(index + 1..).unwrap_or_default() };
            let Token::Word(word) = token else { continue };
            match word.as_str() {
                "create" => changes.extend(rest.create()),
                "drop" => rest.drop(&mut changes),
                "alter" => changes.extend(rest.alter()),
                _ => {}
            }
        }
        changes
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A word or a name without quotes, in small letters as PostgreSQL folds them; U+FFFC where it is not known.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A string.
    Text(String),
    Sign(char),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == crate::python::value::HOLE;
        let taken = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '\'' || first == '"' {
            let (text, taken) = quoted(rest, first);
            tokens.push(if first == '"' { Token::Quoted(text) } else { Token::Text(text) });
            taken
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..end).unwrap_or_default().to_lowercase()));
            end
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    tokens
}

/// The text between quotes, a doubled quote as one, and how many bytes it takes.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            out.push(quote);
        } else {
            return (out, at + 1);
        }
    }
    (out, text.len())
}

#[derive(Clone, Copy)]
struct Words<'t> {
    tokens: &'t [Token],
}

impl<'t> Words<'t> {
    fn word(&mut self, word: &str) -> Option<()> {
        match self.tokens.split_first() {
            Some((Token::Word(first), rest)) if first == word => {
                self.tokens = rest;
                Some(())
            }
            _ => None,
        }
    }

    fn words(&mut self, words: &[&str]) -> Option<()> {
        let mut ahead = *self;
        for word in words {
            ahead.word(word)?;
        }
        *self = ahead;
        Some(())
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        match self.tokens.split_first() {
            Some((Token::Sign(first), rest)) if *first == sign => {
                self.tokens = rest;
                Some(())
            }
            _ => None,
        }
    }

    fn part(&mut self) -> Option<&'t str> {
        let (Token::Word(name) | Token::Quoted(name), rest) = self.tokens.split_first()? else {
            return None;
        };
        self.tokens = rest;
        Some(name)
    }

    /// A name, perhaps with its schema. `Some(None)`: a part of it is not known.
    fn name(&mut self) -> Option<Option<String>> {
        let first = self.part()?;
        let name = match self.sign('.') {
            Some(()) => match (first, self.part()?) {
                ("public", name) => name.to_owned(),
                (schema, name) => format!("{schema}.{name}"),
            },
            None => first.to_owned(),
        };
        Some((!name.contains(crate::python::value::HOLE)).then_some(name))
    }

    fn create(mut self) -> Option<TypeChange> {
        self.word("type")?;
        let name = self.name()?;
        self.words(&["as", "enum"])?;
        Some(TypeChange::Create(name))
    }

    fn drop(mut self, changes: &mut Vec<TypeChange>) {
        if self.word("schema").is_some() || self.word("owned").is_some() {
            changes.push(TypeChange::Everything);
            return;
        }
        if self.word("type").is_none() {
            return;
        }
        let _ = self.words(&["if", "exists"]);
        while let Some(name) = self.name() {
            changes.push(TypeChange::Drop(name));
            if self.sign(',').is_none() {
                break;
            }
        }
    }

    fn alter(mut self) -> Option<TypeChange> {
        self.word("type")?;
        let name = self.name()?;
        if self.words(&["rename", "to"]).is_some() {
            return Some(TypeChange::Rename(name, self.name()?));
        }
        if self.words(&["set", "schema"]).is_some() {
            let to = self.name()?.zip(name.clone()).map(|(schema, name)| format!("{schema}.{name}"));
            return Some(TypeChange::Rename(name, to));
        }
        self.words(&["add", "value"])?;
        let _ = self.words(&["if", "not", "exists"]);
        let value = match self.tokens.first() {
            Some(Token::Text(value)) => Some(value.clone()),
            _ => None,
        };
        Some(TypeChange::AddValue(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_types_are_seen_wherever_they_stand() {
        let name = |name: &str| Some(name.to_owned());
        for (sql, expected) in [
            ("CREATE TYPE status AS ENUM ('a')", vec![TypeChange::Create(name("status"))]),
            ("create type public.\"Status\" as enum ('a')", vec![TypeChange::Create(name("Status"))]),
            ("CREATE TYPE \u{fffc} AS ENUM ()", vec![TypeChange::Create(None)]),
            (
                "DO $$ BEGIN CREATE TYPE s AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;",
                vec![TypeChange::Create(name("s"))],
            ),
            ("-- create type x as enum\nSELECT 'create type y as enum'", vec![]),
            ("CREATE TYPE pair AS (a int)", vec![]),
            ("DROP TYPE IF EXISTS a, b.c CASCADE", vec![TypeChange::Drop(name("a")), TypeChange::Drop(name("b.c"))]),
            ("ALTER TYPE s RENAME TO s_old", vec![TypeChange::Rename(name("s"), name("s_old"))]),
            ("ALTER TYPE s RENAME VALUE 'a' TO 'b'", vec![]),
            ("ALTER TYPE s ADD VALUE IF NOT EXISTS 'c'", vec![TypeChange::AddValue(name("s"), name("c"))]),
            ("DROP SCHEMA x CASCADE", vec![TypeChange::Everything]),
            ("ALTER TABLE t ALTER COLUMN c TYPE s USING c::s; DROP TABLE u", vec![]),
        ] {
            assert_eq!(TypeChange::of(sql), expected, "{sql}");
        }
    }
}
