//! One small tree for source code in any language: Python, JavaScript with its relatives, Rust.
//!
//! It keeps what our questions need (imports, calls, literals, assignments, functions, conditions) and passes over the
//! rest as [`Expr::Other`] and [`Stmt::Other`], which still hold their parts, so that a search reaches everything.
//! It lives in an arena ([`bumpalo::Bump`]) and dies with it. Nesting deeper than [`MAX_DEPTH`] is cut to
//! `Expr::Other` without parts, so that recursion over it is safe.

use twiceshy_source::Span;

/// How deep a tree may nest; what lies deeper is passed over.
pub const MAX_DEPTH: usize = 200;

/// A parsed file.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// Its statements.
    pub body: &'a [Stmt<'a>],
    /// Its comments, in order, each with its marker (`# …`, `// …`, `/* … */`).
    pub comments: &'a [Span],
    /// What was not understood.
    pub flaws: Vec<crate::Flaw>,
}

/// A name and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name.
    pub text: &'a str,
    /// Where.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind<'a>,
}

/// What an expression is.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    /// `name`
    Name(&'a str),
    /// `object.property` (also `object?.property`, `object::property`)
    Member(&'a Expr<'a>, Name<'a>),
    /// `object[index]`
    Index(&'a Expr<'a>, &'a Expr<'a>),
    /// `callee(args)`, `new callee(args)`, a Rust macro call
    Call(&'a Call<'a>),
    /// A string whose value is known, decoded.
    Str(&'a str),
    /// A string put together from parts (f-string, template literal): texts and expressions in order.
    Template(&'a [Expr<'a>]),
    /// A number, as written.
    Num(&'a str),
    /// `true`, `True`, `false`, `False`
    Bool(bool),
    /// `null`, `None`, `undefined` is a name
    Null,
    /// A list, tuple, set or array.
    List(&'a [Expr<'a>]),
    /// A dictionary or object literal.
    Dict(&'a [Entry<'a>]),
    /// A lambda, arrow function or function expression.
    Function(&'a Function<'a>),
    /// A class expression.
    Class(&'a Class<'a>),
    /// `left op right`, the operator as written (`+`, `||`, `??`, `==`, `and`, `or`, `in`)
    Binary(&'a str, &'a Expr<'a>, &'a Expr<'a>),
    /// `op operand` (`not`, `!`, `-`, `typeof`)
    Unary(&'a str, &'a Expr<'a>),
    /// `await operand`
    Await(&'a Expr<'a>),
    /// `test ? then : otherwise`, `then if test else otherwise`
    Conditional(&'a Expr<'a>, &'a Expr<'a>, &'a Expr<'a>),
    /// `target = value` as an expression (`:=` too); the operator as written
    Assign(&'a Expr<'a>, &'a str, &'a Expr<'a>),
    /// `*operand`, `**operand`, `...operand`
    Spread(&'a Expr<'a>),
    /// `[element for target in iterable if test]`: the element (a dictionary's is a `Dict` of one entry), then
    /// `target in iterable` as `Binary("in", …)` and the tests, in order.
    Comprehension(&'a Expr<'a>, &'a [Expr<'a>]),
    /// Anything else, with its parts. Of a component's element in JSX, the first part is its name.
    Other(&'a [Expr<'a>]),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is called.
    pub callee: Expr<'a>,
    /// Its arguments.
    pub args: &'a [Arg<'a>],
    /// `new callee(…)`
    pub is_new: bool,
}

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
pub struct Arg<'a> {
    /// Its keyword, if it has one; that of Python's `**options` is `**`.
    pub keyword: Option<Name<'a>>,
    /// Its value.
    pub value: Expr<'a>,
}

/// An entry of a dictionary or object literal.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key; `None` for a spread. `{a: 1}` in JavaScript has a `Str` key, `{[a]: 1}` the expression.
    pub key: Option<Expr<'a>>,
    /// The value.
    pub value: Expr<'a>,
}

/// A function, method, lambda or arrow function.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its name, if it has one.
    pub name: Option<Name<'a>>,
    /// Decorators and attributes.
    pub decorators: &'a [Expr<'a>],
    /// Parameters.
    pub params: &'a [Param<'a>],
    /// Its body; a lambda's is one `Return`.
    pub body: &'a [Stmt<'a>],
    /// `async`
    pub is_async: bool,
    /// All of it.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// Its name; destructured parameters have an empty one.
    pub name: Name<'a>,
    /// How it takes arguments.
    pub kind: ParamKind,
    /// Its annotation, where the language has them.
    pub annotation: Option<Expr<'a>>,
    /// Its default.
    pub default: Option<Expr<'a>>,
    /// What a destructured parameter binds: `{ document, ...rest }`.
    pub pattern: Option<Expr<'a>>,
}

/// How a parameter takes arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// By position or keyword.
    Plain,
    /// By keyword only.
    KeywordOnly,
    /// `*args`, `...rest`
    Rest,
    /// `**kwargs`
    Keywords,
}

/// A class.
#[derive(Clone, Copy, Debug)]
pub struct Class<'a> {
    /// Its name, if it has one.
    pub name: Option<Name<'a>>,
    /// What it extends, with keyword arguments (`metaclass=`, `table=True`).
    pub bases: &'a [Arg<'a>],
    /// Decorators.
    pub decorators: &'a [Expr<'a>],
    /// Its body: fields as `Assign`, methods as `Function`.
    pub body: &'a [Stmt<'a>],
    /// All of it.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind<'a>,
}

/// What a statement is.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind<'a> {
    /// An import in any form, `export … from`, `use`; `require("…")` and `import("…")` stay calls.
    Import(&'a Import<'a>),
    /// An expression on its own.
    Expr(Expr<'a>),
    /// `targets = value`, `const x = …`, `x: T = …` (no value: a declaration).
    Assign(&'a Assign<'a>),
    /// A function or method.
    Function(&'a Function<'a>),
    /// A class.
    Class(&'a Class<'a>),
    /// `if test: then else: otherwise`; `elif` nests in `otherwise`.
    If(&'a Expr<'a>, &'a [Stmt<'a>], &'a [Stmt<'a>]),
    /// A loop of any kind: what it runs over (`Binary("in", target, iterable)`) or tests, and its body.
    Loop(&'a [Expr<'a>], &'a [Stmt<'a>]),
    /// `with items: body`; an item with a name is an `Assign(name, "as", item)`.
    With(&'a [Expr<'a>], &'a [Stmt<'a>]),
    /// `try`, its handlers (each a block), `else` and `finally`
    Try(&'a Try<'a>),
    /// `return value`
    Return(Option<Expr<'a>>),
    /// `raise value`, `throw value`
    Throw(Option<Expr<'a>>),
    /// A block of statements, a `switch` or `match` with its cases' statements in order, a module.
    Block(&'a [Stmt<'a>]),
    /// Anything else, with the expressions in it.
    Other(&'a [Expr<'a>]),
}

/// An import statement.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The module as written: `./util.js`, `app.models`; for a relative Python import without its dots.
    pub module: Name<'a>,
    /// Leading dots of a relative Python import.
    pub dots: u32,
    /// Names taken from it and what they are called here; empty for `import module`. `*` is a name: `("*", "*")` takes
    /// all of them, `("*", "m")` is the module itself under the name `m` (`import module as m`, `import * as m`).
    pub names: &'a [(Name<'a>, Name<'a>)],
    /// `import type`, or inside `if TYPE_CHECKING`.
    pub type_only: bool,
    /// `export … from`
    pub is_export: bool,
}

/// An assignment or declaration.
#[derive(Clone, Copy, Debug)]
pub struct Assign<'a> {
    /// What is assigned to; several in `a = b = 1`.
    pub targets: &'a [Expr<'a>],
    /// The annotation.
    pub annotation: Option<Expr<'a>>,
    /// The value.
    pub value: Option<Expr<'a>>,
}

/// A `try` statement.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// What is tried.
    pub body: &'a [Stmt<'a>],
    /// The handlers: what they catch and do.
    pub handlers: &'a [(Option<Expr<'a>>, &'a [Stmt<'a>])],
    /// `else` and `finally`, in order.
    pub after: &'a [Stmt<'a>],
}

impl<'a> Expr<'a> {
    /// The expressions that this one is made of, in order: of a dictionary the values, of a call the callee and what it is
    /// given. What stands inside functions and classes is not among them: it runs at another time.
    pub fn each_part(&self, visit: &mut dyn FnMut(&Expr<'a>)) {
        match self.kind {
            ExprKind::Member(inner, _)
            | ExprKind::Unary(_, inner)
            | ExprKind::Await(inner)
            | ExprKind::Spread(inner) => visit(inner),
            ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) | ExprKind::Assign(left, _, right) => {
                visit(left);
                visit(right);
            }
            ExprKind::Comprehension(element, parts) => {
                visit(element);
                parts.iter().for_each(visit);
            }
            ExprKind::Template(parts) | ExprKind::List(parts) | ExprKind::Other(parts) => parts.iter().for_each(visit),
            ExprKind::Dict(entries) => entries.iter().for_each(|entry| visit(&entry.value)),
            ExprKind::Call(call) => {
                visit(&call.callee);
                call.args.iter().for_each(|argument| visit(&argument.value));
            }
            ExprKind::Conditional(test, then, otherwise) => [test, then, otherwise].into_iter().for_each(visit),
            ExprKind::Function(_)
            | ExprKind::Class(_)
            | ExprKind::Name(_)
            | ExprKind::Str(_)
            | ExprKind::Num(_)
            | ExprKind::Bool(_)
            | ExprKind::Null => {}
        }
    }

    /// The dotted name that this expression is: `op.create_table`; `None` for anything but names and members.
    pub fn dotted(&self) -> Option<String> {
        match self.kind {
            ExprKind::Name(name) => Some(name.to_owned()),
            ExprKind::Member(object, property) => Some(format!("{}.{}", object.dotted()?, property.text)),
            _ => None,
        }
    }

    /// The call that this expression is.
    pub fn call(&self) -> Option<&'a Call<'a>> {
        match self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The string that this expression is.
    pub fn str(&self) -> Option<&'a str> {
        match self.kind {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> Call<'a> {
    /// The value given for `keyword`.
    pub fn keyword(&self, keyword: &str) -> Option<&'a Arg<'a>> {
        self.args.iter().find(|arg| arg.keyword.is_some_and(|name| name.text == keyword))
    }

    /// The positional arguments.
    pub fn positional(&self) -> impl Iterator<Item = &'a Expr<'a>> + use<'a> {
        self.args.iter().filter(|arg| arg.keyword.is_none()).map(|arg| &arg.value)
    }
}
