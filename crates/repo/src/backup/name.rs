//! Names of files as scripts write them: the same on every run, or with the time in them.

use crate::script::{NodeId, NodeKind, PartKind, Piece, Script, Variable, Word};

/// A piece of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bit {
    /// This text; `*`, `?` and `[…]` of a pattern among it.
    Text(String),
    /// The time, as fine as this.
    Time(Grain),
    /// Not known, and the same on every run: a variable of the environment, the name of a machine.
    Same(String),
    /// Anything.
    Other,
}

/// How fine a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the hour.
    Hour,
    /// To the day.
    Day,
    /// To the week.
    Week,
    /// To the month.
    Month,
    /// To the year.
    Year,
}

impl Grain {
    /// How long a name stays the same.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 28 * 86_400,
            Self::Year => 365 * 86_400,
        }
    }

    /// What the time of `date +format` tells; `None` where it comes back, as a weekday does.
    fn of_format(format: &str) -> Option<Self> {
        let mut finest: Option<Self> = None;
        let mut has_year = false;
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                continue;
            }
            let Some(letter) = letters.find(|letter| !matches!(letter, '-' | '_' | '0' | ':' | '^')) else { break };
            let grain = match letter {
                's' | 'N' | 'S' | 'T' | 'r' | 'X' | 'c' => Self::Second,
                'M' | 'R' => Self::Minute,
                'H' | 'I' | 'k' | 'l' => Self::Hour,
                'd' | 'e' | 'D' | 'F' | 'x' | 'j' | 'u' | 'w' | 'a' | 'A' => Self::Day,
                'V' | 'U' | 'W' => Self::Week,
                'm' | 'b' | 'B' | 'h' => Self::Month,
                'Y' | 'y' | 'G' | 'g' | 'C' => Self::Year,
                _ => continue,
            };
            has_year |= matches!(letter, 'Y' | 'y' | 'G' | 'g' | 'F' | 'D' | 'c' | 'x' | 's');
            finest = Some(finest.map_or(grain, |other| other.min(grain)));
        }
        finest.filter(|_| has_year)
    }
}

/// What is known of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    bits: Vec<Bit>,
}

const MAX_DEPTH: usize = 8;

impl Named {
    /// The name that a word of the command `at` gives.
    pub(super) fn of(script: &Script, at: NodeId, word: &Word) -> Self {
        let mut named = Self::default();
        add_word(script, at, word, 0, &mut named.bits);
        named
    }

    /// With `*` for what is not text.
    pub(super) fn pattern(&self) -> String {
        self.written(|_| "*".to_owned())
    }

    /// As something to compare: the same variable is the same text.
    pub(super) fn key(&self) -> String {
        self.written(|bit| match bit {
            Bit::Same(name) => format!("{{{name}}}"),
            _ => "*".to_owned(),
        })
    }

    fn written(&self, other: impl Fn(&Bit) -> String) -> String {
        let text: String =
            self.bits.iter().map(|bit| if let Bit::Text(text) = bit { text.clone() } else { other(bit) }).collect();
        text.trim_start_matches("./").replace("//", "/")
    }

    /// Whether anything may stand in it.
    pub(super) fn may_be_anything(&self) -> bool {
        let last = self.bits.iter().rposition(|bit| matches!(bit, Bit::Text(text) if text.contains('/')));
        let file = &self.bits[last.unwrap_or(0)..];
        let is_bare = |bits: &[Bit]| match bits {
            [Bit::Same(_)] => true,
            [Bit::Text(text), Bit::Same(_)] => text.ends_with('/'),
            _ => false,
        };
        self.bits.contains(&Bit::Other)
            || is_bare(file)
            // What a caller gives may hold the time.
            || file.iter().any(|bit| matches!(bit, Bit::Same(name) if !is_plainly_same(name)))
    }

    /// The finest time in it.
    pub(super) fn grain(&self) -> Option<Grain> {
        let times = self.bits.iter().filter_map(|bit| if let Bit::Time(grain) = bit { Some(*grain) } else { None });
        times.min()
    }
}

/// A variable that says what is dumped, not when.
fn is_plainly_same(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["db", "database", "postgres", "mysql", "host", "project", "app", "user", "service", "schema"]
        .iter()
        .any(|word| name.contains(word))
}

fn add_word(script: &Script, at: NodeId, word: &Word, depth: usize, bits: &mut Vec<Bit>) {
    for part in &word.parts {
        match &part.kind {
            PartKind::Text(text) | PartKind::Glob(text) => push(bits, text),
            PartKind::Variable(variable) if depth < MAX_DEPTH => add_variable(script, at, variable, depth, bits),
            PartKind::Command(list) => bits.push(substituted(script, *list, depth)),
            _ => bits.push(Bit::Other),
        }
    }
}

fn push(bits: &mut Vec<Bit>, text: &str) {
    match bits.last_mut() {
        Some(Bit::Text(last)) => last.push_str(text),
        _ => bits.push(Bit::Text(text.to_owned())),
    }
}

fn add_variable(script: &Script, at: NodeId, variable: &Variable, depth: usize, bits: &mut Vec<Bit>) {
    let name = &*variable.name;
    let mut own: Vec<Bit> = Vec::new();
    let is_single = script.value_of(name).pieces != [Piece::Unknown(Some(name.into()))];
    let assigned = script.assignments(name);
    match (is_single, assigned.as_slice()) {
        (true, [(id, assignment)]) => {
            let Some(word) = &assignment.value else { return bits.push(Bit::Other) };
            if word.variables().iter().any(|inner| &*inner.name == name) {
                // `X=${X:-d}`
                match script.value_of(name).likely() {
                    Some(text) => push(&mut own, &text),
                    None => own.push(Bit::Other),
                }
            } else {
                add_word(script, *id, word, depth + 1, &mut own);
            }
        }
        _ => own.push(unassigned(script, at, name, depth)),
    }
    match (&*variable.operator, &variable.argument) {
        ("" | ":?" | "?", _) => {}
        (":-" | "-" | ":=" | "=", Some(default)) => {
            if let [Bit::Same(_)] = own.as_slice() {
                own.clear();
                add_word(script, at, default, depth + 1, &mut own);
            }
        }
        // A part of it, or another spelling.
        _ => own = vec![whole(&own, name)],
    }
    for bit in own {
        match bit {
            Bit::Text(text) => push(bits, &text),
            bit => bits.push(bit),
        }
    }
}

/// What is made of a value: as steady as the value.
fn whole(bits: &[Bit], name: &str) -> Bit {
    if bits.contains(&Bit::Other) {
        return Bit::Other;
    }
    let times = bits.iter().filter_map(|bit| if let Bit::Time(grain) = bit { Some(*grain) } else { None });
    times.min().map_or_else(|| Bit::Same(name.to_owned()), Bit::Time)
}

fn unassigned(script: &Script, at: NodeId, name: &str, depth: usize) -> Bit {
    if name.parse::<usize>().is_ok_and(|number| number > 0) {
        return argument(script, at, name, depth);
    }
    let volatile =
        matches!(name, "RANDOM" | "SRANDOM" | "SECONDS" | "EPOCHSECONDS" | "EPOCHREALTIME" | "BASHPID" | "LINENO");
    if volatile || !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) && name != "0" {
        return Bit::Other;
    }
    let is_loop = |id: NodeId| matches!(&script.node(id).kind, NodeKind::For(of) if &*of.variable.text == name);
    if script.shell().ancestors(at).any(is_loop) {
        // The same names come again on the next run.
        return Bit::Same(format!("database {name}"));
    }
    if script.writes(name) { Bit::Other } else { Bit::Same(name.to_owned()) }
}

/// What the calls of the function around give.
fn argument(script: &Script, at: NodeId, name: &str, depth: usize) -> Bit {
    let calls = script.enclosing_function(at).map(|function| script.calls(function)).unwrap_or_default();
    let position: usize = name.parse().unwrap_or(0);
    let mut all: Vec<Bit> = Vec::new();
    for &call in calls.iter().take(16) {
        let word = script.command(call).and_then(|command| command.words().get(position));
        let Some(word) = word else { return Bit::Other };
        let mut bits = Vec::new();
        add_word(script, call, word, depth + 1, &mut bits);
        all.push(whole(&bits, "database"));
    }
    match all.as_slice() {
        [] => Bit::Other,
        all if all.contains(&Bit::Other) => Bit::Other,
        [first, ..] => first.clone(),
    }
}

/// What `$(…)` stands for.
fn substituted(script: &Script, list: NodeId, depth: usize) -> Bit {
    let mut commands = script.within(list).filter_map(|id| script.command(id));
    let Some(first) = commands.next() else { return Bit::Other };
    let rest = commands.next();
    if first.name().is_some_and(|name| name == "date") && rest.is_none() {
        let format = first.args().iter().find_map(|word| {
            let mut bits = Vec::new();
            add_word(script, first.id, word, depth + 1, &mut bits);
            match bits.first() {
                Some(Bit::Text(text)) if text.starts_with('+') => Some(text.clone()),
                _ => None,
            }
        });
        if first.args().iter().any(|word| word.is("-d") || word.is("-r")) {
            return Bit::Other;
        }
        let is_day = first.args().iter().any(|word| word.is("-I") || word.is("--iso-8601") || word.is("-Idate"));
        return match format {
            Some(format) => Grain::of_format(&format).map_or(Bit::Other, Bit::Time),
            None if is_day => Bit::Time(Grain::Day),
            None => Bit::Time(Grain::Second),
        };
    }
    const STEADY: &[&str] =
        &["cd", "pwd", "dirname", "basename", "realpath", "readlink", "hostname", "whoami", "uname", "id"];
    let all_steady = script
        .within(list)
        .filter_map(|id| script.command(id))
        .all(|command| command.name().is_some_and(|name| STEADY.contains(&&*name)));
    if all_steady { Bit::Same(format!("host {}", script.written(script.node(list).span))) } else { Bit::Other }
}

/// Whether two patterns (`*`, `?`, `[…]`) can mean the same name.
pub(super) fn may_meet(a: &str, b: &str) -> bool {
    let (a, b) = (symbols(a), symbols(b));
    let mut row = vec![false; b.len() + 1];
    // row[j]: what is left of `a` and `b[j..]` can meet.
    for i in (0..=a.len()).rev() {
        let mut next = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            next[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(Symbol::Any), _) if row[j] || (j < b.len() && next[j + 1]) => true,
                (_, Some(Symbol::Any)) if next[j + 1] || (i < a.len() && row[j]) => true,
                (Some(x), Some(y)) => {
                    !matches!(x, Symbol::Any) && !matches!(y, Symbol::Any) && x.meets(y) && row[j + 1]
                }
                _ => false,
            };
        }
        row = next;
    }
    row[0]
}

#[derive(Clone, Copy)]
enum Symbol {
    Is(char),
    One,
    Any,
}

impl Symbol {
    fn meets(self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => a == *b,
            _ => true,
        }
    }
}

fn symbols(pattern: &str) -> Vec<Symbol> {
    let mut all = Vec::new();
    let mut letters = pattern.chars().take(400);
    while let Some(letter) = letters.next() {
        all.push(match letter {
            '*' => Symbol::Any,
            '?' => Symbol::One,
            '[' => {
                letters.find(|letter| *letter == ']');
                Symbol::One
            }
            '{' => {
                letters.find(|letter| *letter == '}');
                Symbol::Any
            }
            letter => Symbol::Is(letter),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Grain, may_meet};

    #[test]
    fn patterns_meet_where_one_name_fits_both() {
        let table = [
            ("app-*.sql.gz", "app-*.sql.gz", true),
            ("app_*.sql.gz", "app-*.sql.gz", false),
            ("*.sql", "app-*.sql.gz", false),
            ("*.gz", "*", true),
            ("backup-????.tar", "backup-2024.tar", true),
            ("backup-???.tar", "backup-2024.tar", false),
            ("*.dump", "app*", true),
            ("a[0-9]b", "a7b", true),
            ("", "", true),
            ("", "a", false),
        ];
        for (a, b, expected) in table {
            assert_eq!(may_meet(a, b), expected, "{a} {b}");
            assert_eq!(may_meet(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_time_is_as_fine_as_its_finest_letter_and_comes_back_without_a_year() {
        assert_eq!(Grain::of_format("+%F"), Some(Grain::Day));
        assert_eq!(Grain::of_format("+%Y%m%d-%H"), Some(Grain::Hour));
        assert_eq!(Grain::of_format("+%Y%m%d%H%M%S"), Some(Grain::Second));
        assert_eq!(Grain::of_format("+%s"), Some(Grain::Second));
        assert_eq!(Grain::of_format("+%Y-%m"), Some(Grain::Month));
        assert_eq!(Grain::of_format("+%a"), None);
        assert_eq!(Grain::of_format("+%d"), None);
    }
}
