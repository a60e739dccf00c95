//! GitHub's expression language, as it stands in `if:` and between `${{` and `}}`.
//!
//! After the runner's own parser (actions/runner, `src/Sdk/DTExpressions2`): identifiers and string comparisons ignore
//! case, `&&` and `||` give one of their operands, `!` binds tighter than comparisons, those tighter than equality.

use crate::Flaw;
use twiceshy_source::Span;

/// How deep an expression may nest; the runner's own bound is 50.
const MAX_DEPTH: usize = 100;

/// How long one may be; the runner's own bound (`ExpressionConstants.MaxLength`).
const MAX_LENGTH: usize = 21_000;

/// An expression and where it stands in the text that was parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Where.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A literal.
    Literal(Value),
    /// The name of a context: `github`, `needs`.
    Context(String),
    /// `object.name`; the name is `*` for a wildcard.
    Property(Box<Expression>, String),
    /// `object[index]`
    Index(Box<Expression>, Box<Expression>),
    /// `name(arguments)`
    Call(String, Vec<Expression>),
    /// `!operand`
    Not(Box<Expression>),
    /// `a && b && …`
    All(Vec<Expression>),
    /// `a || b || …`
    Any(Vec<Expression>),
    /// `left operator right`
    Compare(Box<Expression>, Comparison, Box<Expression>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, and every property that does not exist
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array, from `fromJSON`.
    List(Vec<Value>),
}

/// Parses one expression, without `${{ }}`.
///
/// # Errors
/// When it is not an expression, with the place of the first thing that does not fit. GitHub refuses the workflow then.
pub fn parse(text: &str) -> Result<Expression, Flaw> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > MAX_LENGTH {
        return Err(parser.flaw("an expression of more than 21,000 characters"));
    }
    let expression = parser.any(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.flaw("something after the end of the expression"));
    }
    Ok(expression)
}

/// The `${{ … }}` in `text`: each with its braces, and the expression between them. A `}}` within quotes does not end one.
pub fn embedded(text: &str) -> Vec<(Span, Span)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("${{").map(|at| from + at) {
        let inner = open + 3;
        let mut quoted = false;
        let bytes = text.as_bytes();
        let close = (inner..bytes.len()).find(|&at| {
            quoted ^= bytes[at] == b'\'';
            !quoted && bytes[at..].starts_with(b"}}")
        });
        let Some(close) = close else { break };
        found.push((Span::new(open, close + 2), Span::new(inner, close)));
        from = close + 2;
    }
    found
}

impl Expression {
    /// The dotted path that this expression is, in lower case: `github.event_name`, also for `github['event_name']`.
    pub fn path(&self) -> Option<String> {
        match &self.kind {
            ExpressionKind::Context(name) => Some(name.to_ascii_lowercase()),
            ExpressionKind::Property(object, name) => Some(format!("{}.{}", object.path()?, name.to_ascii_lowercase())),
            ExpressionKind::Index(object, index) => match &index.kind {
                ExpressionKind::Literal(Value::Text(name)) => {
                    Some(format!("{}.{}", object.path()?, name.to_ascii_lowercase()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Moves all spans by `by` bytes: for an expression that stands inside a longer text.
    pub fn shift(&mut self, by: u32) {
        self.span = Span { start: self.span.start + by, end: self.span.end + by };
        match &mut self.kind {
            ExpressionKind::Literal(_) | ExpressionKind::Context(_) => {}
            ExpressionKind::Property(inner, _) | ExpressionKind::Not(inner) => inner.shift(by),
            ExpressionKind::Index(left, right) | ExpressionKind::Compare(left, _, right) => {
                left.shift(by);
                right.shift(by);
            }
            ExpressionKind::Call(_, parts) | ExpressionKind::All(parts) | ExpressionKind::Any(parts) => {
                parts.iter_mut().for_each(|part| part.shift(by));
            }
        }
    }

    /// Calls `visit` with this expression and every one inside it, outermost first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        visit(self);
        match &self.kind {
            ExpressionKind::Literal(_) | ExpressionKind::Context(_) => {}
            ExpressionKind::Property(inner, _) | ExpressionKind::Not(inner) => inner.walk(visit),
            ExpressionKind::Index(left, right) | ExpressionKind::Compare(left, _, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            ExpressionKind::Call(_, parts) | ExpressionKind::All(parts) | ExpressionKind::Any(parts) => {
                parts.iter().for_each(|part| part.walk(visit));
            }
        }
    }

    /// Whether it calls one of `functions`, whose names are in lower case.
    pub fn calls(&self, functions: &[&str]) -> bool {
        let mut found = false;
        self.walk(&mut |part| {
            if let ExpressionKind::Call(name, _) = &part.kind {
                found |= functions.iter().any(|function| name.eq_ignore_ascii_case(function));
            }
        });
        found
    }

    /// What it evaluates to as far as `known` knows contexts and calls by their path (`github.event_name`, `success()`).
    /// `None`: it depends on something that is not known. Of `a && b` with `a` unknown and `b` false the answer is false.
    pub fn value(&self, known: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
        if let Some(path) = self.path() {
            return known(&path);
        }
        match &self.kind {
            ExpressionKind::Literal(value) => Some(value.clone()),
            ExpressionKind::Not(inner) => Some(Value::Bool(!inner.value(known)?.truth())),
            ExpressionKind::All(parts) => chain(parts, false, known),
            ExpressionKind::Any(parts) => chain(parts, true, known),
            ExpressionKind::Compare(left, comparison, right) => {
                let (left, right) = (left.value(known)?, right.value(known)?);
                Some(Value::Bool(comparison.holds(&left, &right)))
            }
            ExpressionKind::Call(name, arguments) => call(&name.to_ascii_lowercase(), arguments, known),
            _ => None,
        }
    }
}

/// `&&` (stops at a false operand) or `||` (stops at a true one).
fn chain(parts: &[Expression], stops_at: bool, known: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let mut unknown = false;
    let mut last = None;
    for part in parts {
        match part.value(known) {
            Some(value) if value.truth() == stops_at => {
                return Some(if unknown { Value::Bool(stops_at) } else { value });
            }
            Some(value) => last = Some(value),
            None => unknown = true,
        }
    }
    if unknown { None } else { last }
}

fn call(name: &str, arguments: &[Expression], known: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let argument = |at: usize| arguments.get(at)?.value(known);
    let text = |at: usize| Some(argument(at)?.text()?.to_lowercase());
    match name {
        "contains" => match argument(0)? {
            Value::List(items) => {
                let item = argument(1)?;
                Some(Value::Bool(items.iter().any(|candidate| Comparison::Equal.holds(candidate, &item))))
            }
            whole => Some(Value::Bool(whole.text()?.to_lowercase().contains(&text(1)?))),
        },
        "startswith" => Some(Value::Bool(text(0)?.starts_with(&text(1)?))),
        "endswith" => Some(Value::Bool(text(0)?.ends_with(&text(1)?))),
        "fromjson" => from_json(argument(0)?.text()?.as_str()),
        _ if arguments.is_empty() => known(&format!("{name}()")),
        _ => None,
    }
}

fn from_json(text: &str) -> Option<Value> {
    use jsonc_parser::JsonValue;
    fn value(json: JsonValue<'_>) -> Option<Value> {
        Some(match json {
            JsonValue::Null => Value::Null,
            JsonValue::Boolean(value) => Value::Bool(value),
            JsonValue::Number(text) => Value::Number(text.parse().ok()?),
            JsonValue::String(text) => Value::Text(text.into_owned()),
            JsonValue::Array(items) => Value::List(items.take_inner().into_iter().map(value).collect::<Option<_>>()?),
            JsonValue::Object(_) => return None,
        })
    }
    // An expression is bounded by its line; a deeper array than the parser's own bound has no use here.
    if text.bytes().filter(|&byte| byte == b'[').count() > MAX_DEPTH {
        return None;
    }
    value(jsonc_parser::parse_to_value(text, &jsonc_parser::ParseOptions::default()).ok()??)
}

impl Value {
    /// Whether it counts as true: not `false`, `0`, `''` or `null`.
    pub fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(_) => true,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::List(_) => None,
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) if text.trim().is_empty() => 0.0,
            Self::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Self::List(_) => f64::NAN,
        }
    }
}

impl Comparison {
    /// Strings compare without case; values of different types compare as numbers.
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = match (left, right) {
            (Value::Text(left), Value::Text(right)) => left.to_lowercase().partial_cmp(&right.to_lowercase()),
            (Value::Null, Value::Null) => Some(std::cmp::Ordering::Equal),
            _ => left.number().partial_cmp(&right.number()),
        };
        match self {
            Self::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
            Self::NotEqual => !order.is_some_and(std::cmp::Ordering::is_eq),
            Self::Less => order.is_some_and(std::cmp::Ordering::is_lt),
            Self::AtMost => order.is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
            Self::AtLeast => order.is_some_and(std::cmp::Ordering::is_ge),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn flaw(&self, what: &str) -> Flaw {
        let end = self.rest().chars().next().map_or(self.at, |next| self.at + next.len_utf8());
        Flaw { span: Span::new(self.at, end), what: what.to_owned() }
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let takes = self.rest().starts_with(token);
        if takes {
            self.at += token.len();
        }
        takes
    }

    fn make(&self, start: usize, kind: ExpressionKind) -> Expression {
        // Looking for an operator that is not there has passed over spaces.
        let end = self.text.get(..self.at).map_or(self.at, |read| read.trim_end().len());
        Expression { span: Span::new(start, end), kind }
    }

    fn any(&mut self, depth: usize) -> Result<Expression, Flaw> {
        self.list("||", ExpressionKind::Any, |parser| {
            parser.list("&&", ExpressionKind::All, |parser| parser.comparison(depth))
        })
    }

    fn list(
        &mut self,
        operator: &str,
        kind: fn(Vec<Expression>) -> ExpressionKind,
        operand: impl Fn(&mut Self) -> Result<Expression, Flaw>,
    ) -> Result<Expression, Flaw> {
        let first = operand(self)?;
        let start = first.span.start as usize;
        let mut parts = vec![first];
        while self.takes(operator) {
            parts.push(operand(self)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(self.make(start, kind(parts)))
            }
        }
    }

    fn comparison(&mut self, depth: usize) -> Result<Expression, Flaw> {
        use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
        let equality = [("==", Equal), ("!=", NotEqual)];
        let relation = [("<=", AtMost), (">=", AtLeast), ("<", Less), (">", Greater)];
        self.compared(depth, &equality, |parser| parser.compared(depth, &relation, |parser| parser.prefixed(depth)))
    }

    fn compared(
        &mut self,
        depth: usize,
        operators: &[(&str, Comparison)],
        operand: impl Fn(&mut Self) -> Result<Expression, Flaw>,
    ) -> Result<Expression, Flaw> {
        let mut left = operand(self)?;
        for _ in depth..MAX_DEPTH {
            let Some((_, comparison)) = operators.iter().find(|(operator, _)| self.takes(operator)) else {
                return Ok(left);
            };
            let right = operand(self)?;
            let start = left.span.start as usize;
            left = self.make(start, ExpressionKind::Compare(Box::new(left), *comparison, Box::new(right)));
        }
        Err(self.flaw("an expression that nests too deep"))
    }

    fn prefixed(&mut self, depth: usize) -> Result<Expression, Flaw> {
        self.space();
        if depth >= MAX_DEPTH {
            return Err(self.flaw("an expression that nests too deep"));
        }
        let start = self.at;
        if self.rest().starts_with('!') {
            self.at += 1;
            let inner = self.prefixed(depth + 1)?;
            return Ok(self.make(start, ExpressionKind::Not(Box::new(inner))));
        }
        let mut expression = self.primary(depth)?;
        for _ in depth..MAX_DEPTH {
            if self.takes("[") {
                let index = if self.takes("*") { None } else { Some(self.any(depth + 1)?) };
                if !self.takes("]") {
                    return Err(self.flaw("no `]` where one is expected"));
                }
                let kind = match index {
                    Some(index) => ExpressionKind::Index(Box::new(expression), Box::new(index)),
                    None => ExpressionKind::Property(Box::new(expression), "*".to_owned()),
                };
                expression = self.make(start, kind);
            } else if self.takes(".") {
                self.space();
                let name = if self.takes("*") { "*".to_owned() } else { self.identifier().to_owned() };
                if name.is_empty() {
                    return Err(self.flaw("no name after the `.`"));
                }
                expression = self.make(start, ExpressionKind::Property(Box::new(expression), name));
            } else {
                return Ok(expression);
            }
        }
        Err(self.flaw("an expression that nests too deep"))
    }

    fn identifier(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let starts = rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        let name = if starts { &rest[..end] } else { "" };
        self.at += name.len();
        name
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, Flaw> {
        let start = self.at;
        match self.rest().bytes().next() {
            None => Err(self.flaw("the end where a value is expected")),
            Some(b'(') => {
                self.at += 1;
                let inner = self.any(depth + 1)?;
                if !self.takes(")") {
                    return Err(self.flaw("no `)` where one is expected"));
                }
                Ok(Expression { span: Span::new(start, self.at), ..inner })
            }
            Some(b'\'') => {
                self.at += 1;
                let mut text = String::new();
                loop {
                    let Some(end) = self.rest().find('\'') else {
                        return Err(self.flaw("a string without its closing `'`"));
                    };
                    text.push_str(&self.rest()[..end]);
                    self.at += end + 1;
                    if !self.rest().starts_with('\'') {
                        return Ok(self.make(start, ExpressionKind::Literal(Value::Text(text))));
                    }
                    text.push('\'');
                    self.at += 1;
                }
            }
            Some(b'0'..=b'9' | b'-' | b'+' | b'.') => {
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '+'))
                    .unwrap_or(rest.len());
                let written = &rest[..end];
                let number = written
                    .strip_prefix("0x")
                    .map_or_else(|| written.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok().map(f64::from));
                let Some(number) = number else { return Err(self.flaw("not a number")) };
                self.at += end;
                Ok(self.make(start, ExpressionKind::Literal(Value::Number(number))))
            }
            Some(_) => self.named(start, depth),
        }
    }

    /// A context, a literal word or a call.
    fn named(&mut self, start: usize, depth: usize) -> Result<Expression, Flaw> {
        let name = self.identifier().to_owned();
        let literal = match name.as_str() {
            "" => return Err(self.flaw("not a value")),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            "NaN" => Some(Value::Number(f64::NAN)),
            "Infinity" => Some(Value::Number(f64::INFINITY)),
            _ => None,
        };
        if let Some(value) = literal {
            return Ok(self.make(start, ExpressionKind::Literal(value)));
        }
        let end = self.at;
        if !self.takes("(") {
            self.at = end;
            return Ok(self.make(start, ExpressionKind::Context(name)));
        }
        let mut arguments = Vec::new();
        if !self.takes(")") {
            loop {
                arguments.push(self.any(depth + 1)?);
                if self.takes(")") {
                    break;
                }
                if !self.takes(",") {
                    return Err(self.flaw("no `,` or `)` where one is expected"));
                }
            }
        }
        Ok(self.make(start, ExpressionKind::Call(name, arguments)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        parse(text).unwrap().value(&|path| match path {
            "github.event_name" => Some(Value::Text("workflow_dispatch".into())),
            "github.event.workflow_run.conclusion" | "github.head_ref" => Some(Value::Null),
            "success()" => Some(Value::Bool(true)),
            _ => None,
        })
    }

    #[test]
    fn conditions_evaluate_as_far_as_they_are_known() {
        for (text, expected) in [
            ("github.event_name == 'push'", Some(false)),
            ("github.event_name == 'Workflow_Dispatch'", Some(true)),
            ("GitHub['event_name'] != 'push' && success()", Some(true)),
            ("vars.X == 'a'", None),
            ("vars.X == 'a' && github.event_name == 'push'", Some(false)),
            ("vars.X || github.event_name", Some(true)),
            ("!(github.event_name == 'push' || github.event_name == 'schedule')", Some(true)),
            ("contains(fromJSON('[\"push\", \"workflow_dispatch\"]'), github.event_name)", Some(true)),
            ("startsWith(github.event_name, 'workflow_')", Some(true)),
            ("github.head_ref == ''", Some(true)),
            ("1 < 2 == true", Some(true)),
            ("'it''s' == 'IT''S'", Some(true)),
            ("0x10 == 16 && -1.5e0 < 0", Some(true)),
            ("github.event.workflow_run.conclusion", Some(false)),
        ] {
            assert_eq!(value(text).map(|value| value.truth()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_says_where() {
        for (text, at) in
            [("a ==", 4), ("a b", 2), ("'a", 1), ("f(a", 3), ("a[1", 3), ("a.", 2), ("\"a\"", 0), ("1x", 0), ("", 0)]
        {
            assert_eq!(parse(text).unwrap_err().span.start, at, "{text}");
        }
    }

    #[test]
    fn hostile_nesting_is_refused_and_long_chains_are_not() {
        for text in [
            "(".repeat(100_000),
            "!".repeat(100_000),
            format!("a{}", ".b".repeat(100_000)),
            format!("a{}", "==a".repeat(100_000)),
        ] {
            assert!(parse(&text).is_err());
        }
        assert!(parse(&format!("a{}", " || a".repeat(4_000))).is_ok());
    }

    #[test]
    fn spans_and_braces_are_exact() {
        let text = "a ${{ format('}}', x) }} b ${{ y }}";
        let found: Vec<_> = embedded(text).into_iter().map(|(outer, inner)| (outer.of(text), inner.of(text))).collect();
        assert_eq!(found, [("${{ format('}}', x) }}", " format('}}', x) "), ("${{ y }}", " y ")]);
        let text = " needs.build.result == 'success' ";
        let ExpressionKind::Compare(left, _, right) = parse(text).unwrap().kind else { panic!() };
        assert_eq!((left.span.of(text), right.span.of(text)), ("needs.build.result", "'success'"));
        assert_eq!(left.path().as_deref(), Some("needs.build.result"));
    }
}
