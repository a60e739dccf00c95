//! What would run if a variable were empty, or a test had failed.

use super::{Command, Joint, NodeId, NodeKind, Script, Word};
use twiceshy_source::Span;

/// Something supposed to be so at a moment of the run.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The variable has a value of this kind.
    Is(String, Kind),
    /// Every test that is written like this has failed.
    Failed(String),
}

/// What is supposed of a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Empty,
    /// `0`
    Zero,
    /// A number of 1 or more.
    Positive,
    /// Nothing is known of it.
    Unknown,
}

/// Facts that hold from a moment of a script's run on.
#[derive(Clone, Debug)]
pub struct Supposition<'s> {
    script: &'s Script,
    since: Option<NodeId>,
    facts: Vec<Fact>,
    /// The variables in the facts, and those whose value may hang on them.
    dependent: Vec<String>,
}

/// How often variables that hang on variables are followed.
const MAX_ROUNDS: usize = 4;
/// How much text before an assignment is searched for what decides it; more than that is taken to decide it.
const MAX_TEXT: u32 = 4000;
const MAX_DEPTH: usize = 50;

impl Script {
    /// Supposes facts that hold once `since` has run; `None`: they hold from the first command on.
    pub fn suppose(&self, since: Option<NodeId>, facts: Vec<Fact>) -> Supposition<'_> {
        let is_later = |at: NodeId| since.is_none_or(|since| at != since && self.runs_before(since, at));
        let mut facts = facts;
        for fact in &mut facts {
            // A value that is replaced later says nothing about tests after that.
            if let Fact::Is(variable, kind) = fact
                && self.assignments(variable).iter().any(|(at, _)| is_later(*at))
            {
                *kind = Kind::Unknown;
            }
        }
        let dependent = facts.iter().filter_map(|fact| match fact {
            Fact::Is(variable, _) => Some(variable.clone()),
            Fact::Failed(_) => None,
        });
        let mut supposition = Supposition { script: self, since, dependent: dependent.collect(), facts };
        for _ in 0..MAX_ROUNDS {
            if supposition.dependent.is_empty() || !supposition.follow() {
                break;
            }
        }
        supposition
    }
}

impl Supposition<'_> {
    fn holds_at(&self, id: NodeId) -> bool {
        self.since.is_none_or(|since| self.script.runs_before(since, id))
    }

    /// Whether `command` would run, as far as the facts decide it: not so where a condition contradicts them, nor where
    /// one hangs on them in a way that is not understood.
    pub fn lets_run(&self, command: Command<'_>) -> bool {
        let script = self.script;
        let counts = self.facts.iter().all(|fact| matches!(fact, Fact::Is(_, Kind::Positive)));
        if !counts && self.reads(command.span()) {
            return false;
        }
        let mut fed = false;
        script.climb(command.id, |parent, at| {
            if !self.holds_at(parent) {
                return;
            }
            let node = script.node(parent);
            // Loops over what was found, and pipelines that hand it on.
            fed |= node.redirects.iter().any(|redirect| self.reads(redirect.target.span));
            fed |= match &node.kind {
                NodeKind::For(of) => of.words.iter().flatten().any(|word| self.reads(word.span)),
                NodeKind::Pipeline(stages) => {
                    stages.iter().take_while(|stage| **stage != at).any(|&stage| self.reads(script.node(stage).span))
                }
                _ => false,
            };
        });
        if fed && !counts {
            return false;
        }
        let decided = script.guards(command.id);
        decided.iter().filter(|guard| self.holds_at(guard.condition)).all(|guard| {
            match self.decides(guard.condition, 0) {
                Some(succeeds) => succeeds == guard.holds,
                None => !self.reads(self.asked(guard.condition)),
            }
        })
    }

    /// Adds variables whose value hangs on those known to; whether there were any.
    fn follow(&mut self) -> bool {
        let script = self.script;
        let before = self.dependent.len();
        // In a file that others read, what they call is not known.
        let is_read = self.since.is_none_or(|since| !script.is_reached(since));
        let is_later = |id: &NodeId| self.holds_at(*id) && (is_read || script.is_reached(*id));
        for id in script.shell().ids().filter(is_later).collect::<Vec<_>>() {
            let node = script.node(id);
            let names: Vec<String> = match &node.kind {
                NodeKind::Simple(simple) => {
                    let assigned = simple.assignments.iter().map(|assignment| assignment.name.text.to_string());
                    let reads = simple
                        .words
                        .first()
                        .is_some_and(|word| ["read", "mapfile", "readarray"].iter().any(|program| word.is(program)));
                    let read = simple.words.iter().skip(1).filter(|_| reads).filter_map(Word::literal);
                    assigned.chain(read.map(std::borrow::Cow::into_owned)).collect()
                }
                NodeKind::For(of) => vec![of.variable.text.to_string()],
                _ => continue,
            };
            let is_new = |name: &String| !self.dependent.contains(name);
            if names.iter().any(is_new) && (self.reads(self.asked(id)) || self.hangs(id)) {
                let new: Vec<String> = names.into_iter().filter(is_new).collect();
                self.dependent.extend(new);
            }
        }
        self.dependent.len() > before
    }

    /// Whether something around `id` that decides whether it runs reads one of the variables.
    fn hangs(&self, id: NodeId) -> bool {
        let script = self.script;
        let start = script.node(id).span.start;
        script.shell().ancestors(id).take_while(|above| self.holds_at(*above)).any(|above| {
            let node = script.node(above);
            let decides = matches!(
                node.kind,
                NodeKind::If(..)
                    | NodeKind::AndOr(..)
                    | NodeKind::While(_)
                    | NodeKind::For(_)
                    | NodeKind::Case(..)
                    | NodeKind::Pipeline(_)
            );
            let before = Span { start: node.span.start, end: start.max(node.span.start) };
            decides && (before.end - before.start > MAX_TEXT || self.reads(before))
        })
    }

    /// The part of `id` that asks, where `id` holds more than that.
    fn asked(&self, id: NodeId) -> Span {
        let node = self.script.node(id);
        match &node.kind {
            NodeKind::Case(subject, _) => subject.span,
            NodeKind::For(of) => Span { start: node.span.start, end: self.script.node(of.body).span.start },
            _ => node.span,
        }
    }

    /// Whether a piece of the script reads one of the variables.
    fn reads(&self, span: Span) -> bool {
        let text = self.script.written(span);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        self.dependent.iter().any(|name| {
            text.match_indices(name.as_str()).any(|(at, _)| {
                let before = &text[..at];
                let ends = !text.as_bytes().get(at + name.len()).copied().is_some_and(is_name);
                let expands = ["$", "${", "${#", "${!"].iter().any(|start| before.ends_with(start));
                let counts = before.contains("((") && !before.bytes().last().is_some_and(is_name);
                ends && (expands || counts)
            })
        })
    }

    /// Whether a condition succeeds; `None`: the facts do not say.
    fn decides(&self, id: NodeId, depth: usize) -> Option<bool> {
        let script = self.script;
        if depth > MAX_DEPTH {
            return None;
        }
        let text = script.written(script.node(id).span);
        let failed = |fact: &Fact| matches!(fact, Fact::Failed(test) if test == text);
        if self.facts.iter().any(failed) {
            return Some(false);
        }
        match &script.node(id).kind {
            NodeKind::List(items) => match items[..] {
                [item] => self.decides(item, depth + 1),
                _ => None,
            },
            NodeKind::Group(inner) => self.decides(*inner, depth + 1),
            NodeKind::Not(inner) => self.decides(*inner, depth + 1).map(|succeeds| !succeeds),
            NodeKind::AndOr(first, rest) => {
                let joint = rest.first()?.0;
                let decided = |id: NodeId| self.decides(id, depth + 1);
                // `a && b` fails as soon as one does, `a || b` succeeds as soon as one does.
                let settles = joint == Joint::Or;
                let all: Vec<_> = std::iter::once(*first).chain(rest.iter().map(|(_, id)| *id)).map(decided).collect();
                if rest.iter().any(|(other, _)| *other != joint) {
                    None
                } else if all.contains(&Some(settles)) {
                    Some(settles)
                } else {
                    all.iter().all(|one| *one == Some(!settles)).then_some(!settles)
                }
            }
            NodeKind::Test(test) => self.test(&test.words),
            NodeKind::Arithmetic(_) => self.arithmetic(text.strip_prefix("((")?.strip_suffix("))")?),
            _ => None,
        }
    }

    fn test(&self, words: &[Word]) -> Option<bool> {
        let is = |word: &Word, text: &str| word.is(text);
        match words {
            [not, rest @ ..] if is(not, "!") => self.test(rest).map(|succeeds| !succeeds),
            [word] => self.kind(word)?.compare("!=", ""),
            [option, word] if is(option, "-n") => self.kind(word)?.compare("!=", ""),
            [option, word] if is(option, "-z") => self.kind(word)?.compare("=", ""),
            [word, operator, other] => self.kind(word)?.compare(&operator.literal()?, &other.literal()?),
            _ => None,
        }
    }

    /// `n`, `n > 0`, `$n == 0`
    fn arithmetic(&self, text: &str) -> Option<bool> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let kind = |word: &str| self.variable(word.trim_start_matches(['$', '{']).trim_end_matches('}'));
        match words[..] {
            [word] => kind(word)?.compare("-ne", "0"),
            [word, operator, other] => {
                let operator = match operator {
                    ">" => "-gt",
                    "<" => "-lt",
                    ">=" => "-ge",
                    "<=" => "-le",
                    "==" => "-eq",
                    "!=" => "-ne",
                    _ => return None,
                };
                kind(word)?.compare(operator, other)
            }
            _ => None,
        }
    }

    /// What is supposed of a word: of a plain `$variable`.
    fn kind(&self, word: &Word) -> Option<Kind> {
        let [part] = word.parts.as_slice() else { return None };
        let super::PartKind::Variable(variable) = &part.kind else { return None };
        let as_it_is = variable.operator.is_empty() || (&*variable.operator == ":-" && variable.argument.is_none());
        if as_it_is { self.variable(&variable.name) } else { None }
    }

    fn variable(&self, name: &str) -> Option<Kind> {
        self.facts.iter().find_map(|fact| match fact {
            Fact::Is(variable, kind) if variable == name => Some(*kind),
            _ => None,
        })
    }
}

impl Kind {
    /// How a comparison with a literal ends.
    fn compare(self, operator: &str, other: &str) -> Option<bool> {
        let number: Option<i64> = other.parse().ok();
        let equal = matches!(operator, "=" | "==" | "-eq");
        let differs = matches!(operator, "!=" | "-ne");
        match self {
            Self::Unknown => None,
            Self::Empty => match operator {
                "=" | "==" => Some(other.is_empty()),
                "!=" => Some(!other.is_empty()),
                // Nothing counts as 0, or is an error: not more than 0.
                "-gt" | "-ne" if number == Some(0) => Some(false),
                "-ge" if number.is_some_and(|number| number > 0) => Some(false),
                _ => None,
            },
            Self::Zero => match (operator, number) {
                ("-gt", Some(number)) => Some(0 > number),
                ("-ge", Some(number)) => Some(0 >= number),
                ("-lt", Some(number)) => Some(0 < number),
                ("-le", Some(number)) => Some(0 <= number),
                _ if equal => Some(number == Some(0)),
                _ if differs => Some(number != Some(0)),
                _ => None,
            },
            Self::Positive => match (operator, number) {
                ("-gt", Some(..=0)) | ("-ge", Some(..=1)) => Some(true),
                ("-lt", Some(..=1)) | ("-le", Some(..=0)) => Some(false),
                (_, None | Some(..=0)) if equal => Some(false),
                (_, None | Some(..=0)) if differs => Some(true),
                _ => None,
            },
        }
    }
}
