//! Which expressions look a variable up.

use super::{BY_PARAMETER, Environment, Language, Reader, Seen, build_time, inner, is_name, is_screaming};
use crate::variables::{Moment, Need, Way};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Call, Expr, ExprKind};

impl<'a> Reader<'a, '_> {
    /// The environment, or an object that holds it.
    pub(super) fn environment(&self, expr: &Expr<'a>) -> Option<Environment> {
        let name = match expr.kind {
            ExprKind::Name(name) => return self.environments.get(name).copied(),
            ExprKind::Member(..) => expr.dotted()?,
            _ => return None,
        };
        let way = match (self.language, name.as_str()) {
            (Language::JavaScript, "process.env" | "Bun.env" | "Deno.env" | "globalThis.process.env") => Way::Process,
            (Language::JavaScript, "import.meta.env") => Way::ImportMeta,
            (Language::Python, "os.environ") => Way::Process,
            _ => return None,
        };
        Some(Environment { way, moment: (way == Way::ImportMeta).then_some(Moment::Build) })
    }

    /// Whether an expression is the environment, or is made of it: `{ ...process.env }`.
    pub(in crate::variables) fn is_environment(&self, expr: &Expr<'a>) -> bool {
        match expr.kind {
            ExprKind::Dict(entries) => {
                entries.iter().any(|entry| entry.key.is_none() && self.is_environment(&entry.value))
            }
            _ => self.environment(expr).is_some(),
        }
    }

    /// The variables that an expression names as members of the environment.
    pub(super) fn environment_member(&self, expr: &Expr<'a>) -> Option<Vec<Box<str>>> {
        match expr.kind {
            ExprKind::Member(object, name) => self.environment(object).map(|_| vec![name.text.into()]),
            ExprKind::Index(object, index) => {
                self.environment(object)?;
                Some(self.key(index)?.into_iter().map(|(name, _)| name).collect())
            }
            _ => None,
        }
    }

    /// The names that a key means, and where each stands.
    pub(super) fn key(&self, key: &Expr<'a>) -> Option<Vec<(Box<str>, Span)>> {
        match key.kind {
            ExprKind::Str(text) if is_name(text) => Some(vec![(text.into(), inner(key.span, self.text))]),
            ExprKind::Name(name) => {
                if let Some(names) = self.looped.get(name) {
                    return Some(names.clone());
                }
                if let Some(parameter) = self.parameter(name) {
                    return Some(vec![(format!("{BY_PARAMETER}{parameter}").into(), key.span)]);
                }
                let text = self.constants.get(name).filter(|text| is_name(text))?;
                Some(vec![((*text).into(), key.span)])
            }
            _ => None,
        }
    }

    /// The read that an expression is, without what stands around it.
    pub(super) fn seen(&self, expr: &Expr<'a>) -> Option<Seen> {
        let asserted = expr.span.of(self.text).ends_with('!') && self.language == Language::JavaScript;
        let plain = if asserted { Need::Asserted } else { Need::Plain };
        match expr.kind {
            ExprKind::Member(object, name) if self.language == Language::JavaScript => {
                let environment = self.environment(object)?;
                // `Deno.env.get` is a function, `import.meta.env.DEV` is Vite's own.
                let is_own =
                    matches!(name.text, "get" | "has" | "toObject" | "MODE" | "DEV" | "PROD" | "SSR" | "BASE_URL");
                (!is_own && is_name(name.text)).then(|| Seen {
                    names: vec![(name.text.into(), name.span)],
                    need: plain,
                    moment: environment.moment.or_else(|| build_time(name.text)),
                    way: environment.way,
                    fallback: None,
                })
            }
            ExprKind::Index(object, index) => {
                let environment = self.environment(object)?;
                let need = if self.language == Language::Python { Need::Required } else { plain };
                let names = self.key(index)?;
                let moment = environment.moment;
                Some(Seen { names, need, moment, way: environment.way, fallback: None })
            }
            ExprKind::Call(call) => self.seen_call(call),
            _ => None,
        }
    }

    pub(super) fn seen_call(&self, call: &Call<'a>) -> Option<Seen> {
        let mut args = call.positional();
        let first = args.next()?;
        let default = args.next().or_else(|| call.keyword("default").map(|arg| &arg.value));
        let name = call.callee.dotted()?;
        let (object, method) = match call.callee.kind {
            ExprKind::Member(object, method) => (Some(object), method.text),
            _ => (None, ""),
        };
        let of = |need: Need, way: Way| {
            let (need, fallback) = match default {
                Some(default) => {
                    let otherwise = self.otherwise(default, Vec::new());
                    (otherwise.need.unwrap_or(Need::Optional), otherwise.parameter)
                }
                None => (need, None),
            };
            Some(Seen { names: self.key(first)?, need, moment: None, way, fallback })
        };
        match self.language {
            Language::Python => {
                let is_environment = object.is_some_and(|object| self.environment(object).is_some());
                if name == "os.getenv" || self.getters.contains(name.as_str()) || is_environment && method == "get" {
                    return of(Need::Plain, Way::Process);
                }
                if is_environment && method == "pop" {
                    return of(Need::Required, Way::Process);
                }
                if self.lookups.contains(name.as_str())
                    || object.and_then(Expr::dotted).is_some_and(|object| self.lookups.contains(object.as_str()))
                        && matches!(
                            method,
                            "str" | "int" | "bool" | "float" | "list" | "json" | "url" | "dict" | "get_value"
                        )
                {
                    return of(Need::Required, Way::Settings);
                }
            }
            Language::JavaScript => {
                if name == "Deno.env.get" {
                    return of(Need::Plain, Way::Process);
                }
                if method == "getOrThrow" && first.str().is_some_and(is_screaming) {
                    return of(Need::Required, Way::Settings);
                }
            }
        }
        self.wrapped(call, &name)
    }

    /// A call of a function that reads the variable it is given.
    pub(super) fn wrapped(&self, call: &Call<'a>, name: &str) -> Option<Seen> {
        let own = ["this.", "self.", "cls."].iter().find_map(|object| name.strip_prefix(object));
        let wrapper = match (own, self.class) {
            (Some(method), Some(class)) => self.wrappers.get(format!("{class}.{method}").as_str()),
            _ => self.wrappers.get(name),
        }?;
        let key = call.positional().nth(wrapper.key)?;
        let names = self.key(key)?;
        // A function that is called like a wrapper but given something else is none.
        if !names.iter().all(|(name, _)| name.starts_with(BY_PARAMETER) || is_name(name)) {
            return None;
        }
        let given = wrapper.fallback.and_then(|(at, _)| {
            let by_keyword = call.args.iter().find(|arg| {
                arg.keyword.is_some_and(|keyword| matches!(keyword.text, "default" | "fallback" | "default_value"))
            });
            call.positional().nth(at).or_else(|| by_keyword.map(|arg| &arg.value))
        });
        let (need, fallback) = match (wrapper.fallback, given) {
            (Some(_), Some(default)) => {
                let otherwise = self.otherwise(default, Vec::new());
                (otherwise.need.unwrap_or(Need::Optional), otherwise.parameter)
            }
            // Without a default, the function takes its own, or `undefined`.
            (Some((_, true)), None) => (Need::Optional, None),
            (Some((_, false)), None) => (Need::Plain, None),
            (None, _) => (wrapper.need.clone(), None),
        };
        Some(Seen { names, need, moment: None, way: wrapper.way, fallback })
    }
}
