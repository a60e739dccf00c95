//! A string of a compose file, before and after interpolation.

use super::interpolate::{Fallback, Template};
use std::sync::{Arc, OnceLock};
use twiceshy_source::{Extract, Extractor, Place, Quoting, Span};

/// A string of a compose file: what is written, what it becomes, and where each byte stands.
#[derive(Clone, Debug)]
pub struct Text {
    extract: Arc<Extract>,
    place: Place,
    /// What each part becomes; without, it says what it means.
    parts: Option<Arc<Parts>>,
}

#[derive(Debug)]
struct Parts {
    /// A span of what is written and what stands there afterwards, where that is known.
    all: Vec<(Span, Option<String>)>,
    value: Option<String>,
    /// The variables in what is written, once somebody has asked.
    variables: OnceLock<Box<[TextVariable]>>,
}

/// A variable in a string of a compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextVariable {
    /// All of it: `${A:-b}`.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What happens when it is unset or empty.
    pub fallback: Fallback,
    /// The default, the message or the replacement, as written.
    pub word: String,
    /// Whether it stands in another variable's default.
    pub nested: bool,
}

/// A part of a string between colons.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Where it stands in what is written.
    pub span: Span,
    /// What it is after interpolation.
    pub value: Option<String>,
}

impl Text {
    /// The string that `extract` holds and that stands, quotes included, at `place`.
    pub(crate) fn new(extract: Extract, place: Place) -> Self {
        let text = Self::literal(extract, place);
        if memchr::memchr(b'$', text.raw().as_bytes()).is_none() {
            return text;
        }
        let template = Template::of(text.raw());
        let parts = (!template.is_literal()).then(|| Parts::of(template.resolved_parts(text.raw(), &|_| None)));
        Self { parts: parts.map(Arc::new), ..text }
    }

    /// A string in which nothing is interpolated.
    pub(crate) fn literal(extract: Extract, place: Place) -> Self {
        Self { extract: Arc::new(extract), place, parts: None }
    }

    /// A string that stands nowhere itself, but is what `place` means.
    pub(crate) fn implied(text: &str, place: Place) -> Self {
        let mut extract = Extractor::new(place.file, Quoting::Opaque);
        extract.piece(text, place.span());
        Self::literal(extract.finish(), place)
    }

    /// Where it stands, quotes included.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where a part of what is written stands.
    pub fn place_of(&self, span: Span) -> Place {
        if self.raw().is_empty() { self.place } else { self.extract.place(span) }
    }

    /// What is written, before interpolation.
    pub fn raw(&self) -> &str {
        self.extract.text()
    }

    /// What is written, with the way back for every byte.
    pub fn extract(&self) -> &Extract {
        &self.extract
    }

    /// What it is after interpolation; `None` when that is not known: a variable has no default and stands in no env
    /// file of the project.
    pub fn value(&self) -> Option<&str> {
        match &self.parts {
            None => Some(self.raw()),
            Some(parts) => parts.value.as_deref(),
        }
    }

    /// What it is after interpolation, or what is written where that is not known.
    pub fn shown(&self) -> &str {
        self.value().unwrap_or(self.raw())
    }

    /// Whether nothing is interpolated in it.
    pub fn is_literal(&self) -> bool {
        self.parts.is_none()
    }

    /// The variables in it.
    pub fn variables(&self) -> Vec<TextVariable> {
        match &self.parts {
            Some(parts) => parts.variables.get_or_init(|| self.find_variables().into()).to_vec(),
            None => Vec::new(),
        }
    }

    fn find_variables(&self) -> Vec<TextVariable> {
        let text = self.raw();
        let template = Template::of(text);
        let mut outer = 0;
        template
            .variables()
            .into_iter()
            .map(|variable| {
                let nested = variable.span.end <= outer;
                outer = outer.max(variable.span.end);
                TextVariable {
                    place: self.place_of(variable.span),
                    name: variable.name.of(text).to_owned(),
                    fallback: variable.fallback,
                    word: variable.word.of(text).to_owned(),
                    nested,
                }
            })
            .collect()
    }

    /// What a program is given: `$$` is `$`, and variables with a known value have it. Others stay as written, which
    /// means the same to a shell.
    pub fn interpolated(&self) -> Extract {
        let Some(parts) = &self.parts else { return (*self.extract).clone() };
        let mut out = self.extract.nested_alike();
        for (span, value) in &parts.all {
            match value {
                Some(value) if value != span.of(self.raw()) => out.piece(value, *span),
                _ => out.copy(span.start, span.of(self.raw())),
            };
        }
        out.finish()
    }

    /// The same string, interpolated with the variables that `lookup` knows.
    pub(crate) fn resolved(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        if self.is_literal() {
            return self.clone();
        }
        let parts = Parts::of(Template::of(self.raw()).resolved_parts(self.raw(), lookup));
        Self { parts: Some(Arc::new(parts)), ..self.clone() }
    }

    /// A part of what is written, as a string of its own.
    pub(crate) fn part(&self, span: Span) -> Self {
        let parts = self.parts.as_ref().map(|parts| Arc::new(Parts::of(parts.cut(self.raw(), span, true))));
        Self { extract: Arc::new(self.extract.slice(span)), place: self.place_of(span), parts }
    }

    /// What stands between colons, each with its value; colons inside `${…}` and `[…]` separate nothing, those that a
    /// variable's value brings do.
    pub(super) fn sections(&self) -> Vec<Section> {
        let raw = self.raw();
        let mut sections = Vec::new();
        let mut start = 0;
        for at in colons(raw).chain([raw.len()]) {
            let span = Span::new(start, at);
            start = at + 1;
            let Some(parts) = &self.parts else {
                sections.push(Section { span, value: Some(span.of(raw).to_owned()) });
                continue;
            };
            match Parts::of(parts.cut(raw, span, false)).value {
                None => sections.push(Section { span, value: None }),
                Some(value) => {
                    let mut from = 0;
                    for at in colons(&value).chain([value.len()]) {
                        sections.push(Section { span, value: value.get(from..at).map(str::to_owned) });
                        from = at + 1;
                    }
                }
            }
        }
        sections
    }
}

impl Parts {
    fn of(all: Vec<(Span, Option<String>)>) -> Self {
        let value =
            all.iter().map(|(_, value)| value.as_deref()).collect::<Option<Vec<_>>>().map(|parts| parts.concat());
        Self { all, value, variables: OnceLock::new() }
    }

    /// The parts inside `span` of the text `raw`, from its start on or as they stand.
    fn cut(&self, raw: &str, span: Span, rebase: bool) -> Vec<(Span, Option<String>)> {
        let from = if rebase { span.start } else { 0 };
        self.all
            .iter()
            .filter(|(part, _)| part.start < span.end && span.start < part.end)
            .map(|(part, value)| {
                let inside = Span { start: part.start.max(span.start), end: part.end.min(span.end) };
                let value = if inside == *part { value.clone() } else { Some(inside.of(raw).to_owned()) };
                (Span { start: inside.start - from, end: inside.end - from }, value)
            })
            .collect()
    }
}

/// The colons that separate something in a port or volume.
fn colons(text: &str) -> impl Iterator<Item = usize> + use<'_> {
    let mut depth = 0usize;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (byte == b':' && depth == 0).then_some(at)
    })
}
