//! Variables with values that the text tells.

use super::{Assignment, NodeId, NodeKind, Part, PartKind, Script, Shell, Simple, Word};
use rustc_hash::FxHashMap;

/// What is known of a word's value, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Known(String),
    /// This text, unless the environment or a caller says otherwise: `${X:-text}`.
    Default(String),
    /// Anything; the variable it comes from, if it is one.
    Unknown(Option<Box<str>>),
}

impl Value {
    /// The value, where all of it is known.
    pub fn known(&self) -> Option<String> {
        self.join(|piece| match piece {
            Piece::Known(text) => Some(text),
            _ => None,
        })
    }

    /// The value, defaults taken for what is used.
    pub fn likely(&self) -> Option<String> {
        self.join(|piece| match piece {
            Piece::Known(text) | Piece::Default(text) => Some(text),
            Piece::Unknown(_) => None,
        })
    }

    /// Whether a part of it is left to the reader of a page: `<volume>`, `{{ volume }}`.
    pub fn is_left_open(&self) -> bool {
        let is_filler = |name: &str| name.len() > 1 && name.bytes().all(|byte| byte == b'X');
        self.pieces.iter().any(|piece| matches!(piece, Piece::Unknown(Some(name)) if is_filler(name)))
    }

    /// The value with `*` for what is not known.
    pub fn pattern(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Known(text) | Piece::Default(text) => text.clone(),
            Piece::Unknown(_) => "*".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    fn join<'a>(&'a self, text: impl Fn(&'a Piece) -> Option<&'a String>) -> Option<String> {
        self.pieces.iter().map(text).try_fold(String::new(), |all, piece| Some(all + piece?))
    }

    fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (Some(Piece::Known(last)), Piece::Known(text)) => last.push_str(&text),
            (_, piece) => self.pieces.push(piece),
        }
    }
}

/// Who writes which variable.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    writers: FxHashMap<Box<str>, Vec<Writer>>,
}

#[derive(Clone, Copy, Debug)]
enum Writer {
    /// Assignment `1` of node `0`.
    Assignment(NodeId, u32),
    /// `read`, `for`, `getopts`, …: a value that the text does not tell.
    Other,
}

const MAX_DEPTH: usize = 8;
/// How many values of one word are told apart.
pub const MAX_VALUES: usize = 16;

impl Values {
    pub(super) fn of(shell: &Shell) -> Self {
        let mut values = Self::default();
        for id in shell.ids() {
            match &shell.node(id).kind {
                NodeKind::Simple(simple) => values.simple(id, simple),
                NodeKind::For(of) => values.add(&of.variable.text, Writer::Other),
                _ => {}
            }
            for word in shell.node(id).words() {
                for variable in word.variables() {
                    if matches!(&*variable.operator, ":=" | "=") {
                        values.add(&variable.name, Writer::Other);
                    }
                }
            }
        }
        values
    }

    fn simple(&mut self, id: NodeId, simple: &Simple) {
        let declares = simple.is_declaration();
        // `A=1 program` sets A for the program only.
        if simple.words.is_empty() || declares {
            for (index, assignment) in simple.assignments.iter().enumerate() {
                let is_plain = !assignment.append && assignment.value.is_some();
                let writer = if is_plain { Writer::Assignment(id, index as u32) } else { Writer::Other };
                self.add(&assignment.name.text, writer);
            }
        }
        let Some(name) = simple.words.first().and_then(Word::literal) else {
            return;
        };
        if matches!(&*name, "read" | "mapfile" | "readarray" | "getopts" | "unset" | "printf" | "let") {
            for word in simple.words[1..].iter().filter_map(Word::literal) {
                let is_name = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if is_name {
                    self.add(&word, Writer::Other);
                }
            }
        }
    }

    fn add(&mut self, name: &str, writer: Writer) {
        self.writers.entry(name.into()).or_default().push(writer);
    }
}

impl Script {
    /// What is known of a word: literal text, variables that are assigned once, defaults.
    pub fn value(&self, word: &Word) -> Value {
        let mut value = Value::default();
        self.add_word(word, 0, &mut value);
        value
    }

    /// Every value that a word of the command `at` may have, as far as the text tells: variables with several assignments,
    /// loops over words, arguments of the function that it stands in. Never empty; at most [`MAX_VALUES`].
    pub fn values(&self, at: NodeId, word: &Word) -> Vec<Value> {
        let mut all = self.word_values(at, word, 0);
        all.truncate(MAX_VALUES);
        if all.is_empty() { vec![self.value(word)] } else { all }
    }

    fn word_values(&self, at: NodeId, word: &Word, depth: usize) -> Vec<Value> {
        let mut all = vec![Value::default()];
        for part in &word.parts {
            let choices = self.part_values(at, part, depth);
            let mut longer: Vec<Value> = Vec::new();
            for value in &all {
                for choice in choices.iter().take(MAX_VALUES) {
                    let mut value = value.clone();
                    choice.pieces.iter().cloned().for_each(|piece| value.push(piece));
                    if longer.len() < MAX_VALUES && !longer.contains(&value) {
                        longer.push(value);
                    }
                }
            }
            all = longer;
        }
        all
    }

    fn part_values(&self, at: NodeId, part: &Part, depth: usize) -> Vec<Value> {
        let one = |piece: Piece| vec![Value { pieces: vec![piece] }];
        let alone = || {
            let mut value = Value::default();
            self.add_part(part, depth, &mut value);
            vec![value]
        };
        let PartKind::Variable(variable) = &part.kind else { return alone() };
        if depth >= MAX_DEPTH {
            return one(Piece::Unknown(Some(variable.name.clone())));
        }
        let given = match &*variable.operator {
            "" | ":?" | "?" | ":-" | "-" | ":=" | "=" => self.variable_values(at, &variable.name, depth + 1),
            _ => return alone(),
        };
        match (&*variable.operator, &variable.argument) {
            (":-" | "-" | ":=" | "=", Some(default)) => {
                let mut all: Vec<Value> = self
                    .word_values(at, default, depth + 1)
                    .into_iter()
                    .map(|value| match value.likely() {
                        Some(text) => Value { pieces: vec![Piece::Default(text)] },
                        None => value,
                    })
                    .collect();
                all.extend(given.into_iter().filter(|value| value.likely().is_some()));
                all
            }
            _ if given.is_empty() => alone(),
            _ => given,
        }
    }

    /// The values that a variable is given: by assignments, by loops over words, by calls of the function around.
    fn variable_values(&self, at: NodeId, name: &str, depth: usize) -> Vec<Value> {
        let mut all = Vec::new();
        if let Ok(position) = name.parse::<usize>()
            && position > 0
        {
            let calls = self.enclosing_function(at).map(|function| self.calls(function)).unwrap_or_default();
            for &call in calls.iter().take(MAX_VALUES) {
                if let NodeKind::Simple(simple) = &self.node(call).kind
                    && let Some(word) = simple.words.get(position)
                {
                    all.extend(self.word_values(call, word, depth));
                }
            }
            return all;
        }
        for (id, assignment) in self.assignments(name) {
            let Some(word) = &assignment.value else { continue };
            // `X=${X:-d}` gives X what it has, or d.
            let itself = word.variables().iter().any(|variable| &*variable.name == name);
            if itself {
                all.push(self.value_of(name));
            } else {
                all.extend(self.word_values(id, word, depth));
            }
        }
        let around = self.shell().ancestors(at).filter_map(|id| match &self.node(id).kind {
            NodeKind::For(of) if &*of.variable.text == name => of.words.as_ref().map(|words| (id, words)),
            _ => None,
        });
        for (id, words) in around {
            for word in words {
                all.extend(self.word_values(id, word, depth));
            }
        }
        all
    }

    /// What is known of a variable's value.
    pub fn value_of(&self, variable: &str) -> Value {
        let mut value = Value::default();
        self.add_variable(variable, 0, &mut value);
        value
    }

    /// The assignments to a variable, in the order of the text. Other writers (`read`, `for`) are not among them.
    pub fn assignments(&self, variable: &str) -> Vec<(NodeId, &Assignment)> {
        let writers = self.values.writers.get(variable).map(Vec::as_slice).unwrap_or_default();
        writers
            .iter()
            .filter_map(|writer| match *writer {
                Writer::Assignment(id, index) => match &self.node(id).kind {
                    NodeKind::Simple(simple) => Some((id, simple.assignments.get(index as usize)?)),
                    _ => None,
                },
                Writer::Other => None,
            })
            .collect()
    }

    /// Whether the script itself gives the variable a value anywhere.
    pub fn writes(&self, variable: &str) -> bool {
        self.values.writers.contains_key(variable)
    }

    fn add_word(&self, word: &Word, depth: usize, value: &mut Value) {
        for part in &word.parts {
            self.add_part(part, depth, value);
        }
    }

    fn add_part(&self, part: &Part, depth: usize, value: &mut Value) {
        match &part.kind {
            PartKind::Text(text) => value.push(Piece::Known(text.to_string())),
            PartKind::Variable(variable) if depth < MAX_DEPTH => match (&*variable.operator, &variable.argument) {
                ("", _) | (":?" | "?", _) => self.add_variable(&variable.name, depth + 1, value),
                (":-" | "-" | ":=" | "=", Some(default)) => {
                    let set = self.single(&variable.name, depth + 1);
                    if let Some(set) = set.filter(|set| set.likely().is_some_and(|text| !text.is_empty())) {
                        set.pieces.into_iter().for_each(|piece| value.push(piece));
                        return;
                    }
                    let mut inner = Value::default();
                    self.add_word(default, depth + 1, &mut inner);
                    value.push(match inner.likely() {
                        Some(text) => Piece::Default(text),
                        None => Piece::Unknown(Some(variable.name.clone())),
                    });
                }
                _ => value.push(Piece::Unknown(Some(variable.name.clone()))),
            },
            _ => value.push(Piece::Unknown(None)),
        }
    }

    fn add_variable(&self, name: &str, depth: usize, value: &mut Value) {
        match self.single(name, depth) {
            Some(set) => set.pieces.into_iter().for_each(|piece| value.push(piece)),
            None => value.push(Piece::Unknown(Some(name.into()))),
        }
    }

    /// The value of a variable that the script assigns in one place only.
    fn single(&self, name: &str, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let [Writer::Assignment(..)] = self.values.writers.get(name)?.as_slice() else {
            return None;
        };
        let [(_, assignment)] = self.assignments(name)[..] else {
            return None;
        };
        let word = assignment.value.as_ref()?;
        // `X=${X:-d}` gives X the value that it has from outside, or d.
        let itself = word.variables().iter().any(|variable| &*variable.name == name);
        let mut value = Value::default();
        if itself {
            let [Part { kind: PartKind::Variable(variable), .. }] = word.parts.as_slice() else {
                return None;
            };
            let default = variable.argument.as_ref().filter(|_| matches!(&*variable.operator, ":-" | "-"))?;
            if default.variables().iter().any(|variable| &*variable.name == name) {
                return None;
            }
            let mut inner = Value::default();
            self.add_word(default, depth + 1, &mut inner);
            value.push(Piece::Default(inner.likely()?));
        } else {
            self.add_word(word, depth + 1, &mut value);
        }
        Some(value)
    }
}
