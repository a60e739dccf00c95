//! Shell, wherever it stands: what runs, under which options, in which order, and behind which guards.

mod command;
mod deed;
pub mod effect;
mod errexit;
mod flow;
mod guards;
mod nested;
mod refused;
pub mod run;
mod spoken;
mod start;
mod supposed;
mod values;

pub use command::{Command, Invocation};
pub use deed::{DUMPERS, Deed};
pub use effect::{Effect, InContainer, Object, ObjectKind, Owner, Site, Tie};
pub use errexit::Fate;
pub use flow::Options;
pub use guards::Guard;
pub use nested::Via;
pub use run::{Condition, Confirmed, Moment, Run, Step};
pub use start::{Dialect, Start};
pub use supposed::{Fact, Kind, Supposition};
pub use twiceshy_syntax::shell::Refusal;
pub use twiceshy_syntax::shell::{
    Arm, Assignment, Branch, For, Joint, Node, NodeId, NodeKind, Part, PartKind, Redirect, RedirectKind, Shell, Simple,
    Test, Variable, While, Word,
};
pub use values::{Piece, Value};

use crate::{Input, Lowered};
use flow::Flow;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;
use twiceshy_source::{Edit, Extract, FileId, Place, Span};

/// A script and what it stands in.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file it stands in.
    pub file: FileId,
    /// What it stands in.
    pub host: Host,
    /// The shell that reads it, and the options it starts with.
    pub start: Start,
    extract: Extract,
    shell: Shell,
    flow: Flow,
    functions: FxHashMap<Box<str>, NodeId>,
    calls: FxHashMap<NodeId, Vec<NodeId>>,
    values: values::Values,
    pub(crate) docker: OnceLock<crate::docker::Orders>,
    /// Values under the names of secrets.
    pub(crate) secrets: OnceLock<Box<[crate::secret::Named]>>,
    refusals: refused::Refusals,
    /// Names of lists that it may read.
    pub(crate) lists: OnceLock<Box<[(String, Place)]>>,
    run: run::Own,
}

/// What a script stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A file of its own.
    File,
    /// A step of a workflow.
    Step {
        /// The job's key.
        job: String,
        /// The step's name, or its place among the steps, from 1.
        step: String,
    },
    /// `command`, `entrypoint` or `healthcheck` of a Compose service.
    Service {
        /// The service's key.
        service: String,
        /// Which of them.
        key: String,
    },
    /// An instruction of a Dockerfile.
    Image {
        /// The stage it stands in, from 0.
        stage: u32,
        /// `RUN`, `CMD`, `ENTRYPOINT`, `HEALTHCHECK`
        instruction: String,
    },
    /// A recipe of a Makefile: one line, or all of it with `.ONESHELL`.
    Recipe {
        /// The target.
        target: String,
    },
    /// A script of a `package.json`.
    Package {
        /// Its name.
        name: String,
    },
    /// A fence of a Markdown page.
    Fence {
        /// The headings above it, outermost first.
        headings: Vec<String>,
        /// The text of the paragraph right before it, its first bytes.
        before: String,
        /// The text of the paragraph right behind it, its first bytes.
        after: String,
        /// What the page around it says of its commands.
        tone: crate::Tone,
        /// Whether it shows a whole script, to be saved in a file and run: it begins with `#!`.
        is_file: bool,
    },
    /// A command that is about to run, and stands in no file.
    CommandLine {
        /// Where it runs: the path from the root of the tree.
        directory: String,
    },
    /// An argument or heredoc of another script.
    Inside {
        /// What that script stands in.
        outer: Box<Host>,
        /// What runs it there.
        via: Via,
    },
}

impl Host {
    /// What the outermost script stands in.
    pub fn outermost(&self) -> &Self {
        match self {
            Self::Inside { outer, .. } => outer.outermost(),
            host => host,
        }
    }
}

/// A function of a script.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its definition.
    pub definition: NodeId,
    /// Its body.
    pub body: NodeId,
}

impl Script {
    /// The script in `extract`, and the scripts inside it (`sh -c '…'`, `ssh host <<EOF`), it first.
    ///
    /// `extract` holds what the shell reads: the host's own escapes decoded, a Compose file's `$$` written `$`. Workflow
    /// expressions (`${{ … }}`) may stay: they are read as variables of unknown value.
    pub fn new(extract: Extract, host: Host, start: Start) -> Vec<Self> {
        let mut scripts = vec![Self::alone(extract, host, start)];
        let mut next = 0;
        // A script inside a script inside a script … is bounded by their number: each is shorter than its host.
        while let Some(script) = scripts.get(next) {
            let inside = script.nested();
            if scripts.len() + inside.len() > nested::MAX_SCRIPTS {
                break;
            }
            scripts.extend(inside);
            next += 1;
        }
        scripts
    }

    pub(crate) fn alone(extract: Extract, host: Host, start: Start) -> Self {
        let is_page = matches!(host.outermost(), Host::Fence { .. });
        let shell = match masked(extract.text(), is_page) {
            Some(text) => twiceshy_syntax::shell::parse(&text),
            None => twiceshy_syntax::shell::parse(extract.text()),
        };
        let mut functions = FxHashMap::default();
        for id in shell.ids() {
            if let NodeKind::Function(name, _) = &shell.node(id).kind {
                functions.insert(name.text.clone(), id);
            }
        }
        let mut calls: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
        for id in shell.ids() {
            let NodeKind::Simple(simple) = &shell.node(id).kind else { continue };
            let name = simple.words.first().and_then(Word::literal);
            if let Some(&function) = name.and_then(|name| functions.get(&*name)) {
                calls.entry(function).or_default().push(id);
            }
        }
        let flow = Flow::of(&shell, &functions, start);
        let values = values::Values::of(&shell);
        Self {
            file: extract.file(),
            host,
            start,
            extract,
            shell,
            flow,
            functions,
            calls,
            values,
            docker: OnceLock::new(),
            secrets: OnceLock::new(),
            refusals: refused::Refusals::default(),
            lists: OnceLock::new(),
            run: run::Own::default(),
        }
    }

    /// The text that the shell reads.
    pub fn text(&self) -> &str {
        self.extract.text()
    }

    /// The text that the shell reads, and the way back from it to the file.
    pub fn extract(&self) -> &Extract {
        &self.extract
    }

    /// The syntax.
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// The node `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        self.shell.node(id)
    }

    /// The text of a span, as written.
    pub fn written(&self, span: Span) -> &str {
        span.of(self.text())
    }

    /// Where a span of the script stands in the file.
    pub fn place(&self, span: Span) -> Place {
        self.extract.place(span)
    }

    /// Where a node stands in the file, up to its first line break if `id` is a compound command.
    pub fn place_of(&self, id: NodeId) -> Place {
        self.place(self.node(id).span)
    }

    /// An edit of the file that writes `text` for `span`; `None` where the host cannot carry it.
    pub fn edit(&self, span: Span, text: &str) -> Option<Edit> {
        // make and Compose read `$` before the shell does, and give it back for `$$`.
        match self.host.outermost() {
            Host::Recipe { .. } | Host::Service { .. } if text.contains('$') => {
                self.extract.edit(span, &text.replace('$', "$$"))
            }
            _ => self.extract.edit(span, text),
        }
    }

    /// Every simple command that has a name, in the order of the text.
    pub fn commands(&self) -> impl Iterator<Item = Command<'_>> {
        self.shell.ids().filter_map(|id| self.command(id))
    }

    /// The simple command `id`; `None` for anything else, and for assignments alone.
    pub fn command(&self, id: NodeId) -> Option<Command<'_>> {
        Command::of(self, id)
    }

    /// The options in force where `id` starts.
    pub fn options_at(&self, id: NodeId) -> Options {
        self.flow.options(id)
    }

    /// Whether `a` runs before `b` where both run: in the order of the text, calls followed.
    pub fn runs_before(&self, a: NodeId, b: NodeId) -> bool {
        self.flow.order(a) < self.flow.order(b)
    }

    /// Whether `id` is reached from the script's own commands: not so in a function that nothing here calls.
    pub fn is_reached(&self, id: NodeId) -> bool {
        self.flow.is_reached(id)
    }

    /// The functions, in no order.
    pub fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        self.functions.keys().filter_map(|name| self.function(name))
    }

    /// The function that `name` calls.
    pub fn function(&self, name: &str) -> Option<Function<'_>> {
        let definition = *self.functions.get(name)?;
        match &self.node(definition).kind {
            NodeKind::Function(name, body) => Some(Function { name: &name.text, definition, body: *body }),
            _ => None,
        }
    }

    /// The definition of the function that `id` stands in.
    pub fn enclosing_function(&self, id: NodeId) -> Option<NodeId> {
        self.shell.ancestors(id).find(|&id| matches!(self.node(id).kind, NodeKind::Function(..)))
    }

    /// The plain calls of a function: commands whose name is its name.
    pub fn calls(&self, definition: NodeId) -> &[NodeId] {
        self.calls.get(&definition).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the parser understood the whole of `id`.
    pub fn is_sound(&self, id: NodeId) -> bool {
        self.shell.is_sound(self.node(id).span)
    }
}

/// How long a placeholder of a page may be, in bytes.
const MAX_PLACEHOLDER: usize = 200;

/// The text with every `${{ … }}` written as a variable of the same length; in a page, `{{ … }}` and `<your volume>`, too.
fn masked(text: &str, is_page: bool) -> Option<String> {
    let is_masked = text.contains("${{") || is_page && (text.contains("{{") || text.contains('<'));
    if !is_masked {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['$', '{', '<']) {
        let (before, from) = rest.split_at(start);
        masked.push_str(before);
        let length = match from.as_bytes() {
            [b'$', b'{', b'{', ..] => from.find("}}").map(|end| end + 2),
            [b'{', b'{', ..] if is_page => {
                let from = from.split('\n').next().unwrap_or_default();
                let from = &from[..from.floor_char_boundary(MAX_PLACEHOLDER)];
                from.find("}}").map(|end| end + 2).filter(|end| !from[..*end].contains('\n'))
            }
            [b'<', ..] if is_page && !before.ends_with('<') => crate::runbook::placeholder(from),
            _ => None,
        };
        // A character of more than one byte is none of these three.
        let Some(length) = length.filter(|length| *length > 3) else {
            masked.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        };
        // What the reader of a page fills in has a name of its own: `Value::is_open`.
        let fill = if from.starts_with('$') { '_' } else { 'X' };
        masked.push_str("${");
        masked.extend(std::iter::repeat_n(fill, length - 3));
        masked.push('}');
        rest = &from[length..];
    }
    masked.push_str(rest);
    debug_assert_eq!(masked.len(), text.len());
    Some(masked)
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let Some(start) = Start::of_file(input.path(), input.text()) else {
        return;
    };
    out.scripts.extend(Script::new(Extract::verbatim(input.file, 0, input.text()), Host::File, start));
}

#[cfg(test)]
mod tests;
