//! One walk over a script in the order in which it runs: which options are in force where, and what comes first.

use super::{Dialect, NodeId, NodeKind, Shell, Simple, Start, Word};
use rustc_hash::FxHashMap;

/// Shell options, each on, off, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    on: u8,
    maybe: u8,
}

impl Options {
    /// Nothing on.
    pub const NONE: Self = Self { on: 0, maybe: 0 };
    const ERREXIT: u8 = 1;
    const PIPEFAIL: u8 = 2;
    const NOUNSET: u8 = 4;
    const INHERIT: u8 = 8;
    const NOCLOBBER: u8 = 16;
    const ERRTRACE: u8 = 32;

    fn get(self, option: u8) -> Option<bool> {
        if self.maybe & option != 0 { None } else { Some(self.on & option != 0) }
    }

    fn set(&mut self, option: u8, on: bool) {
        self.maybe &= !option;
        if on {
            self.on |= option;
        } else {
            self.on &= !option;
        }
    }

    /// `set -e`; `None`: it depends.
    pub fn errexit(self) -> Option<bool> {
        self.get(Self::ERREXIT)
    }

    /// `set -o pipefail`; `None`: it depends.
    pub fn pipefail(self) -> Option<bool> {
        self.get(Self::PIPEFAIL)
    }

    /// `set -u`; `None`: it depends.
    pub fn nounset(self) -> Option<bool> {
        self.get(Self::NOUNSET)
    }

    /// `set -C`: `>` refuses to overwrite; `None`: it depends.
    pub fn noclobber(self) -> Option<bool> {
        self.get(Self::NOCLOBBER)
    }

    /// `shopt -s inherit_errexit`; `None`: it depends.
    pub fn inherit_errexit(self) -> Option<bool> {
        self.get(Self::INHERIT)
    }

    /// `set -E`: functions and shells inside have the trap for errors; `None`: it depends.
    pub fn errtrace(self) -> Option<bool> {
        self.get(Self::ERRTRACE)
    }

    /// What is known after one of two ways was taken.
    pub(super) fn either(self, other: Self) -> Self {
        let differ = (self.on ^ other.on) | self.maybe | other.maybe;
        Self { on: self.on & other.on & !differ, maybe: differ }
    }

    /// The options after `set` with these words, or after a shell was started with them.
    pub fn after_set<'a>(mut self, words: impl Iterator<Item = &'a str>) -> Self {
        let mut words = words;
        while let Some(word) = words.next() {
            let on = match word.as_bytes().first() {
                Some(b'-') => true,
                Some(b'+') => false,
                _ => break,
            };
            if word == "--" || word == "-" {
                break;
            }
            if word.starts_with("--") {
                continue;
            }
            for letter in word.chars().skip(1) {
                match letter {
                    'e' => self.set(Self::ERREXIT, on),
                    'u' => self.set(Self::NOUNSET, on),
                    'C' => self.set(Self::NOCLOBBER, on),
                    'E' => self.set(Self::ERRTRACE, on),
                    'o' => match words.next() {
                        Some("errexit") => self.set(Self::ERREXIT, on),
                        Some("nounset") => self.set(Self::NOUNSET, on),
                        Some("noclobber") => self.set(Self::NOCLOBBER, on),
                        Some("pipefail") => self.set(Self::PIPEFAIL, on),
                        Some("errtrace") => self.set(Self::ERRTRACE, on),
                        _ => {}
                    },
                    'O' if words.next() == Some("inherit_errexit") => self.set(Self::INHERIT, on),
                    _ => {}
                }
            }
        }
        self
    }

    /// The options after `shopt` with these words.
    pub(super) fn after_shopt<'a>(mut self, words: impl Iterator<Item = &'a str> + Clone) -> Self {
        let on = words.clone().any(|word| word.starts_with('-') && word.contains('s'));
        let off = words.clone().any(|word| word.starts_with('-') && word.contains('u'));
        for word in words.filter(|_| on || off) {
            match word {
                "inherit_errexit" => self.set(Self::INHERIT, on),
                "errexit" => self.set(Self::ERREXIT, on),
                "pipefail" => self.set(Self::PIPEFAIL, on),
                _ => {}
            }
        }
        self
    }

    /// What is in force in `$( )`: bash outside of its POSIX mode and BusyBox ash switch errexit off, dash keeps it.
    pub(super) fn in_substitution(mut self, dialect: Dialect) -> Self {
        match dialect {
            Dialect::Dash => {}
            Dialect::Ash => self.set(Self::ERREXIT, false),
            Dialect::Bash if self.inherit_errexit() == Some(true) => {}
            Dialect::Bash if self.inherit_errexit() == Some(false) => self.set(Self::ERREXIT, false),
            Dialect::Bash | Dialect::Sh | Dialect::Other => {
                if self.errexit() != Some(false) {
                    self.on &= !Self::ERREXIT;
                    self.maybe |= Self::ERREXIT;
                }
            }
        }
        self
    }
}

/// Per node: the options where it starts, and when it is first reached.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    options: Vec<Options>,
    order: Vec<u32>,
    /// Nodes from this number on belong to functions that nothing calls.
    unreached: u32,
}

/// How deep calls are followed.
const MAX_CALLS: usize = 12;
/// How many calls are followed in all.
const MAX_WALKS: usize = 1000;

impl Flow {
    pub(super) fn of(shell: &Shell, functions: &FxHashMap<Box<str>, NodeId>, start: Start) -> Self {
        let flow = Self { options: vec![start.options; shell.len()], order: vec![u32::MAX; shell.len()], unreached: 0 };
        let mut walk = Walk {
            shell,
            functions,
            dialect: start.dialect,
            flow,
            next: 0,
            budget: MAX_WALKS,
            calls: Vec::new(),
            walked: FxHashMap::default(),
            defined: FxHashMap::default(),
        };
        walk.node(Shell::ROOT, start.options);
        walk.flow.unreached = walk.next;
        // What nothing here calls is called by whoever sources this file: with the options in force where it is defined.
        for id in shell.ids() {
            if let NodeKind::Function(_, body) = &shell.node(id).kind
                && walk.flow.order[body.0 as usize] == u32::MAX
            {
                let options = walk.defined.get(&id).copied().unwrap_or(start.options);
                walk.node(*body, options);
            }
        }
        walk.flow
    }

    pub(super) fn options(&self, id: NodeId) -> Options {
        self.options.get(id.0 as usize).copied().unwrap_or(Options::NONE)
    }

    pub(super) fn order(&self, id: NodeId) -> u32 {
        self.order.get(id.0 as usize).copied().unwrap_or(u32::MAX)
    }

    pub(super) fn is_reached(&self, id: NodeId) -> bool {
        self.order(id) < self.unreached
    }
}

struct Walk<'a> {
    shell: &'a Shell,
    functions: &'a FxHashMap<Box<str>, NodeId>,
    dialect: Dialect,
    flow: Flow,
    next: u32,
    /// Calls still to be followed: functions that call each other with changing options would never end.
    budget: usize,
    calls: Vec<NodeId>,
    /// Functions already walked: with which options, and what they left.
    walked: FxHashMap<NodeId, (Options, Options)>,
    /// Options where a function is defined.
    defined: FxHashMap<NodeId, Options>,
}

impl Walk<'_> {
    /// Walks `id`, entered with `options`; the options after it.
    fn node(&mut self, id: NodeId, options: Options) -> Options {
        let index = id.0 as usize;
        if self.flow.order[index] == u32::MAX {
            self.flow.order[index] = self.next;
            self.flow.options[index] = options;
            self.next += 1;
        } else {
            self.flow.options[index] = self.flow.options[index].either(options);
        }
        let shell = self.shell;
        if !matches!(shell.node(id).kind, NodeKind::List(_)) {
            for body in shell.substitutions(id) {
                self.node(body, options.in_substitution(self.dialect));
            }
        }
        match &shell.node(id).kind {
            NodeKind::List(items) => items.iter().fold(options, |options, &item| self.node(item, options)),
            NodeKind::AndOr(first, rest) => {
                let mut after = self.node(*first, options);
                for (_, item) in rest {
                    let taken = self.node(*item, after);
                    after = after.either(taken);
                }
                after
            }
            NodeKind::Pipeline(stages) => {
                for &stage in stages {
                    self.node(stage, options);
                }
                options
            }
            NodeKind::Background(inner) | NodeKind::Subshell(inner) => {
                self.node(*inner, options);
                options
            }
            NodeKind::Not(inner) | NodeKind::Group(inner) => self.node(*inner, options),
            NodeKind::Simple(simple) => self.simple(simple, options),
            NodeKind::Test(_) | NodeKind::Arithmetic(_) => options,
            NodeKind::If(branches, otherwise) => {
                let mut test = options;
                let mut after: Option<Options> = None;
                for branch in branches {
                    test = self.node(branch.condition, test);
                    let taken = self.node(branch.then, test);
                    after = Some(after.map_or(taken, |after| after.either(taken)));
                }
                let last = otherwise.map_or(test, |otherwise| self.node(otherwise, test));
                after.map_or(last, |after| after.either(last))
            }
            NodeKind::While(of) => {
                let test = self.node(of.condition, options);
                let taken = self.node(of.body, test);
                test.either(taken)
            }
            NodeKind::For(of) => {
                let taken = self.node(of.body, options);
                options.either(taken)
            }
            NodeKind::CFor(body) => {
                let taken = self.node(*body, options);
                options.either(taken)
            }
            NodeKind::Case(_, arms) => {
                let mut after = options;
                for arm in arms {
                    let taken = self.node(arm.body, options);
                    after = after.either(taken);
                }
                after
            }
            NodeKind::Function(..) => {
                self.defined.insert(id, options);
                options
            }
        }
    }

    fn simple(&mut self, simple: &Simple, options: Options) -> Options {
        let Some(name) = simple.words.first().and_then(Word::literal) else {
            return options;
        };
        let words: Vec<_> = simple.words[1..].iter().map_while(Word::literal).collect();
        match &*name {
            "set" => options.after_set(words.iter().map(|word| &**word)),
            "shopt" => options.after_shopt(words.iter().map(|word| &**word)),
            name => match self.functions.get(name) {
                Some(&function) => self.call(function, options),
                None => options,
            },
        }
    }

    fn call(&mut self, function: NodeId, options: Options) -> Options {
        if let Some(&(entered, left)) = self.walked.get(&function)
            && entered == options
        {
            return left;
        }
        if self.calls.len() >= MAX_CALLS || self.calls.contains(&function) || self.budget == 0 {
            return options;
        }
        let NodeKind::Function(_, body) = &self.shell.node(function).kind else {
            return options;
        };
        self.budget -= 1;
        self.calls.push(function);
        let left = self.node(*body, options);
        self.calls.pop();
        self.walked.insert(function, (options, left));
        left
    }
}
