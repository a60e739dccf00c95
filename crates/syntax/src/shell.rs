//! Shell: an owned arena of commands with exact spans, made from tree-sitter-bash's tree.
//!
//! Precedence is the shell's own: tree-sitter-bash hangs redirections on whole lists, `!` on the first stage of a
//! pipeline, and what follows a heredoc inside the heredoc; all of it is put back here. Its error nodes are never
//! reported (it rejects scripts that bash accepts): what stands inside is still found, and [`Shell::damaged`] tells.

mod lower;
mod read;
mod refusal;
mod statement;
mod word;

pub use refusal::{Reader, Refusal, refusal};
use twiceshy_source::Span;

/// How deep commands may nest; what lies deeper is passed over.
pub const MAX_DEPTH: usize = 150;

/// A parsed script.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    nodes: Vec<Node>,
    /// Comments, in order, each from its `#` to the end of its line; a `#!` line among them.
    pub comments: Vec<Span>,
    /// What was not understood, though the commands in it were found. Nothing to report: bash may understand it.
    pub damaged: Vec<Span>,
    /// Whether reading it was given up, because it is too damaged for its size; it then holds nothing.
    pub given_up: bool,
}

/// A command of a [`Shell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// A command, simple or compound.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands, redirections included.
    pub span: Span,
    /// What it stands in; the root stands in itself.
    pub parent: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// Its redirections, in order.
    pub redirects: Vec<Redirect>,
}

/// What a command is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Commands one after another: the script, the body of a loop, branch, group or substitution.
    List(Vec<NodeId>),
    /// `a && b || c`, left to right.
    AndOr(NodeId, Vec<(Joint, NodeId)>),
    /// `a | b`; two stages or more.
    Pipeline(Vec<NodeId>),
    /// `! a`
    Not(NodeId),
    /// `a &`
    Background(NodeId),
    /// A program, builtin or function with its words, or assignments alone, or redirections alone.
    Simple(Simple),
    /// `[[ … ]]` or `[ … ]`: its words and operators, brackets left out.
    Test(Test),
    /// `(( … ))`; the text between is in the span.
    Arithmetic(Vec<NodeId>),
    /// `if`, every `elif`, and `else`.
    If(Vec<Branch>, Option<NodeId>),
    /// `while` and `until`.
    While(While),
    /// `for name in words`, `select name in words`.
    For(For),
    /// `for ((…; …; …))`
    CFor(NodeId),
    /// `case`
    Case(Word, Vec<Arm>),
    /// `{ …; }`
    Group(NodeId),
    /// `( … )`
    Subshell(NodeId),
    /// `name() { …; }`; its body.
    Function(Name, NodeId),
}

/// How a command of an and-or list is joined to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: Box<str>,
    /// Where.
    pub span: Span,
}

/// A simple command.
#[derive(Clone, Debug, Default)]
pub struct Simple {
    /// Assignments before the name; those of `local`, `export`, `declare`, `readonly` after it.
    pub assignments: Vec<Assignment>,
    /// The name and the arguments; empty for assignments alone. An assignment of `export` and its kin is an argument too.
    pub words: Vec<Word>,
}

/// `name=value`
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The variable.
    pub name: Name,
    /// The value; `None` for an array.
    pub value: Option<Word>,
    /// The elements of an array.
    pub elements: Vec<Word>,
    /// `name+=value`
    pub append: bool,
    /// All of it.
    pub span: Span,
}

/// `[[ … ]]` or `[ … ]`
#[derive(Clone, Debug)]
pub struct Test {
    /// `[[`
    pub double: bool,
    /// Words and operators in order: `-f`, `$x`, `==`, `&&`, `(`.
    pub words: Vec<Word>,
}

/// A condition and what runs when it holds.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// The commands after `if` or `elif`.
    pub condition: NodeId,
    /// The commands after `then`.
    pub then: NodeId,
}

/// A `while` or `until` loop.
#[derive(Clone, Copy, Debug)]
pub struct While {
    /// Whether it is `until`.
    pub until: bool,
    /// The commands that decide.
    pub condition: NodeId,
    /// The commands between `do` and `done`.
    pub body: NodeId,
}

/// A `for … in` loop.
#[derive(Clone, Debug)]
pub struct For {
    /// The variable.
    pub variable: Name,
    /// What it runs over; `None`: the arguments.
    pub words: Option<Vec<Word>>,
    /// The commands between `do` and `done`.
    pub body: NodeId,
    /// Whether it is `select`.
    pub select: bool,
}

/// A case of a `case`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its patterns.
    pub patterns: Vec<Word>,
    /// Its commands.
    pub body: NodeId,
}

/// A redirection.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// All of it; of a heredoc `<<WORD` only.
    pub span: Span,
    /// The descriptor in front, where one is written.
    pub descriptor: Option<u32>,
    /// What it does.
    pub kind: RedirectKind,
    /// The file, the descriptor, or the text of a here-string; of a heredoc its body, only expansions as parts.
    pub target: Word,
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>|`: even under `noclobber`
    Clobber,
    /// `>>`
    Append,
    /// `&>`, `>&file`: output and errors
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<&`, `>&1`, `>&-`
    Duplicate,
    /// `<<<`
    HereString,
    /// `<<WORD`
    Heredoc {
        /// Whether `$`, `` ` `` and `\` mean something in it: `WORD` is not quoted.
        expanded: bool,
        /// `<<-`: leading tabs are taken off.
        strips_tabs: bool,
    },
}

/// A word.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// Where it stands, quotes included.
    pub span: Span,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it stands; quotes are not always included.
    pub span: Span,
    /// Whether it stands between double quotes: then it is one word, whatever it holds.
    pub quoted: bool,
    /// What it is.
    pub kind: PartKind,
}

/// What a part of a word is.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// Text that stands for itself, decoded.
    Text(Box<str>),
    /// `*`, `?`, `[…]` or `{a,b}` outside of quotes, as written.
    Glob(Box<str>),
    /// `$name`, `${name}`, `${name:-default}`
    Variable(Box<Variable>),
    /// `$(…)`, `` `…` ``
    Command(NodeId),
    /// `<(…)`, `>(…)`
    Process(NodeId),
    /// `$((…))`, with the commands in it.
    Arithmetic(Vec<NodeId>),
    /// Something not understood, with the commands in it.
    Other(Vec<NodeId>),
}

/// An expansion of a variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The variable: `HOME`, `1`, `@`, `?`.
    pub name: Box<str>,
    /// The operator, as written (`:-`, `:?`, `%`, `##`, `//`, `[`, `!`, `#`); empty for a plain `$name`.
    pub operator: Box<str>,
    /// What follows the operator.
    pub argument: Option<Word>,
}

/// Parses `text`.
pub fn parse(text: &str) -> Shell {
    lower::shell(text)
}

impl Shell {
    /// The whole script: always a list.
    pub const ROOT: NodeId = NodeId(0);

    /// The node `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Every node, in the order of the text (a node before what stands in it).
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        matches!(&self.node(Self::ROOT).kind, NodeKind::List(items) if items.is_empty())
    }

    /// What `id` stands in; `None` for the root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        let parent = self.node(id).parent;
        (parent != id).then_some(parent)
    }

    /// What `id` stands in, from the inside out, without itself.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |&id| self.parent(id))
    }

    /// Whether the parser understood all that `span` touches.
    pub fn is_sound(&self, span: Span) -> bool {
        !self.damaged.iter().any(|damaged| damaged.start < span.end && span.start < damaged.end)
    }

    /// The substitutions in the words of `id`, in order: bodies of `$(…)`, `<(…)`.
    pub fn substitutions(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        for word in self.node(id).words() {
            word.substitutions(&mut found);
        }
        if let NodeKind::Arithmetic(bodies) = &self.node(id).kind {
            found.extend(bodies);
        }
        found
    }
}

impl Node {
    /// Every word that belongs to this node itself: assigned values, arguments, what a loop runs over, patterns, targets
    /// of redirections.
    pub fn words(&self) -> Vec<&Word> {
        let mut words: Vec<&Word> = Vec::new();
        match &self.kind {
            NodeKind::Simple(simple) => {
                let before = if simple.is_declaration() { &[] } else { simple.assignments.as_slice() };
                for assignment in before {
                    words.extend(&assignment.value);
                    words.extend(&assignment.elements);
                }
                words.extend(&simple.words);
            }
            NodeKind::Test(test) => words.extend(&test.words),
            NodeKind::For(For { words: Some(over), .. }) => words.extend(over),
            NodeKind::Case(subject, arms) => {
                words.push(subject);
                words.extend(arms.iter().flat_map(|arm| &arm.patterns));
            }
            _ => {}
        }
        words.extend(self.redirects.iter().map(|redirect| &redirect.target));
        words
    }
}

impl Simple {
    /// Whether it is `local`, `export`, `declare`, `typeset` or `readonly`.
    pub fn is_declaration(&self) -> bool {
        let name = self.words.first().and_then(Word::literal);
        matches!(name.as_deref(), Some("local" | "export" | "declare" | "typeset" | "readonly"))
    }
}

impl Part {
    fn text(&self) -> Option<&str> {
        match &self.kind {
            PartKind::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Word {
    /// The value, where it is known from the text alone.
    pub fn literal(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self.parts.as_slice() {
            [] => Some("".into()),
            [Part { kind: PartKind::Text(text), .. }] => Some((&**text).into()),
            parts => {
                let text = |part: &Part| matches!(part.kind, PartKind::Text(_));
                // Most words of several parts have a variable in them: nothing is copied for those.
                if !parts.iter().all(text) {
                    return None;
                }
                Some(parts.iter().filter_map(Part::text).collect::<String>().into())
            }
        }
    }

    /// Whether its value is `text`, known from the text alone.
    pub fn is(&self, text: &str) -> bool {
        let mut rest = text;
        for part in &self.parts {
            let Some(after) = part.text().and_then(|own| rest.strip_prefix(own)) else { return false };
            rest = after;
        }
        rest.is_empty()
    }

    /// The substitutions in it, those in defaults of variables included.
    pub fn substitutions(&self, found: &mut Vec<NodeId>) {
        for part in &self.parts {
            match &part.kind {
                PartKind::Command(body) | PartKind::Process(body) => found.push(*body),
                PartKind::Arithmetic(bodies) | PartKind::Other(bodies) => found.extend(bodies),
                PartKind::Variable(variable) => {
                    if let Some(argument) = &variable.argument {
                        argument.substitutions(found);
                    }
                }
                PartKind::Text(_) | PartKind::Glob(_) => {}
            }
        }
    }

    /// The variables in it, those in defaults of others included.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut found = Vec::new();
        let mut words = vec![self];
        while let Some(word) = words.pop() {
            for part in &word.parts {
                if let PartKind::Variable(variable) = &part.kind {
                    found.push(&**variable);
                    words.extend(&variable.argument);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
