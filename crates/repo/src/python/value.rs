//! What an expression of a Python module is, as far as reading alone can tell.

use twiceshy_source::Span;
use twiceshy_syntax::code::{Call, Class, Name};

/// Stands for the unknown parts of a string in [`ValueKind::Text`].
pub(crate) const HOLE: char = '\u{fffc}';

/// A value and where it was written; a variable's value stands where the variable got it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    pub span: Span,
    pub kind: ValueKind<'a>,
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueKind<'a> {
    Str(&'a str),
    /// A string with unknown parts, each a [`HOLE`].
    Text(&'a str),
    Num(&'a str),
    Bool(bool),
    Null,
    List(&'a [Value<'a>]),
    /// A list of unknown length whose elements all look like this one.
    Each(&'a Value<'a>),
    /// Entries with a key; `whole` unless something was spread into it.
    Dict(&'a [(Value<'a>, Value<'a>)]),
    /// Something imported, by its full dotted name; a relative import keeps its dots: `.models.User`.
    Name(&'a str),
    /// A class of this module.
    Class(&'a Class<'a>),
    /// An instance of a class, known from an annotation or as `self`.
    Instance(&'a Value<'a>),
    Call(&'a Called<'a>),
    /// An attribute of a value that is no name.
    Member(&'a Value<'a>, Name<'a>),
    /// A function without a name and what it returns.
    Lambda(&'a Value<'a>),
    Unknown,
}

/// A call and what it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called<'a> {
    pub span: Span,
    pub call: &'a Call<'a>,
    pub callee: Value<'a>,
    /// In order; a list that is spread into them and known stands here item by item.
    pub args: &'a [(Option<Name<'a>>, Value<'a>)],
    /// It is given `**options`: there may be keywords that are not seen.
    pub is_open: bool,
}

impl<'a> Value<'a> {
    pub fn unknown(span: Span) -> Self {
        Self { span, kind: ValueKind::Unknown }
    }

    pub fn is_unknown(self) -> bool {
        matches!(self.kind, ValueKind::Unknown)
    }

    /// The string that this is.
    pub fn str(self) -> Option<&'a str> {
        match self.kind {
            ValueKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The string that this is, its unknown parts as [`HOLE`]s.
    pub fn text(self) -> Option<&'a str> {
        match self.kind {
            ValueKind::Str(text) | ValueKind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn bool(self) -> Option<bool> {
        match self.kind {
            ValueKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn call(self) -> Option<&'a Called<'a>> {
        match self.kind {
            ValueKind::Call(called) => Some(called),
            _ => None,
        }
    }

    /// The full dotted name that this is.
    pub fn name(self) -> Option<&'a str> {
        match self.kind {
            ValueKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a list, a tuple or a set.
    pub fn items(self) -> &'a [Value<'a>] {
        match self.kind {
            ValueKind::List(items) => items,
            ValueKind::Each(item) => std::slice::from_ref(item),
            _ => &[],
        }
    }

    /// The entries of a dictionary.
    pub fn entries(self) -> &'a [(Value<'a>, Value<'a>)] {
        match self.kind {
            ValueKind::Dict(entries) => entries,
            _ => &[],
        }
    }
}

impl<'a> Called<'a> {
    /// The full dotted name of what is called.
    pub fn name(&self) -> Option<&'a str> {
        self.callee.name()
    }

    /// The object and the method, when a method of a value is called.
    pub fn method(&self) -> Option<(&'a Value<'a>, &'a str)> {
        match self.callee.kind {
            ValueKind::Member(object, name) => Some((object, name.text)),
            _ => None,
        }
    }

    /// The positional arguments.
    pub fn positional(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.args.iter().filter(|(keyword, _)| keyword.is_none()).map(|(_, value)| *value)
    }

    /// The value given for `keyword`.
    pub fn keyword(&self, keyword: &str) -> Option<Value<'a>> {
        self.args.iter().find(|(name, _)| name.is_some_and(|name| name.text == keyword)).map(|(_, value)| *value)
    }

    /// The argument at `index`, or the one given for `keyword`.
    pub fn argument(&self, index: usize, keyword: &str) -> Option<Value<'a>> {
        self.positional().nth(index).or_else(|| self.keyword(keyword))
    }
}
