//! Settings classes of pydantic: each field is a variable.

use super::reader::{Reader, is_name};
use super::{Moment, Need, VariableRead, Way};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Class, Expr, ExprKind, Stmt, StmtKind};

/// Reads the fields of a class that extends `BaseSettings`.
pub(super) fn class<'a>(reader: &mut Reader<'a, '_>, class: &Class<'a>) {
    let Some(name) = class.name else { return };
    let extends = class.bases.iter().any(|base| {
        base.keyword.is_none()
            && base.value.dotted().is_some_and(|base| base.rsplit('.').next() == Some("BaseSettings"))
    });
    if !extends {
        return;
    }
    let options = Options::of(class.body);
    if let Some(file) = options.file {
        reader.out.loads = reader.out.loads.or(Some(reader.place(file)));
    }
    // A base that others extend is not made itself, as far as this module tells.
    let call = format!("{}(", name.text);
    let is_made = reader.text.match_indices(&call).any(|(at, _)| !reader.text[..at].ends_with("class "));
    for statement in class.body {
        let StmtKind::Assign(assign) = statement.kind else { continue };
        let (Some(annotation), [target]) = (assign.annotation, assign.targets) else { continue };
        let ExprKind::Name(field) = target.kind else { continue };
        if field == "model_config" || field.starts_with('_') {
            continue;
        }
        let written = annotation.span.of(reader.text);
        if written.contains("ClassVar") {
            continue;
        }
        let (need, names) = field_need(reader, written, assign.value.as_ref());
        let names = if names.is_empty() { vec![format!("{}{field}", options.prefix)] } else { names };
        let is_part = is_own_model(written);
        let Some((first, others)) = names.split_first() else { continue };
        reader.out.reads.push(VariableRead {
            name: spelled(first, options.keeps_case),
            place: reader.place(target.span),
            need: if is_part && need == Need::Required { Need::Plain } else { need },
            alternatives: others.iter().map(|other| spelled(other, options.keeps_case)).collect(),
            moment: if is_made { Moment::Start } else { Moment::Use },
            is_conditional: !is_made || reader.is_conditional(),
            ignores_case: !options.keeps_case,
            way: Way::Settings,
        });
    }
}

fn spelled(name: &str, keeps_case: bool) -> Box<str> {
    if keeps_case { name.into() } else { name.to_ascii_uppercase().into() }
}

/// Whether a field's type is a group of settings, which has variables of its own.
fn is_own_model(annotation: &str) -> bool {
    let name = annotation.trim_matches('"').rsplit('.').next().unwrap_or_default();
    ["Settings", "Config", "Model", "Options"].iter().any(|end| name.ends_with(end))
}

/// What a class says about all of its fields.
#[derive(Default)]
struct Options {
    prefix: String,
    keeps_case: bool,
    file: Option<Span>,
}

impl Options {
    fn of(body: &[Stmt<'_>]) -> Self {
        let mut options = Self::default();
        for statement in body {
            match statement.kind {
                StmtKind::Assign(assign) => {
                    let is_config = matches!(assign.targets, [Expr { kind: ExprKind::Name("model_config"), .. }]);
                    if let Some(value) = assign.value.filter(|_| is_config) {
                        match value.kind {
                            ExprKind::Call(call) => call
                                .args
                                .iter()
                                .filter_map(|arg| Some((arg.keyword?.text, arg.value)))
                                .for_each(|(name, value)| options.set(name, &value)),
                            ExprKind::Dict(entries) => entries
                                .iter()
                                .filter_map(|entry| Some((entry.key?.str()?, entry.value)))
                                .for_each(|(name, value)| options.set(name, &value)),
                            _ => {}
                        }
                    }
                }
                StmtKind::Class(inner) if inner.name.is_some_and(|name| name.text == "Config") => {
                    for statement in inner.body {
                        if let StmtKind::Assign(assign) = statement.kind
                            && let ([Expr { kind: ExprKind::Name(name), .. }], Some(value)) =
                                (assign.targets, assign.value)
                        {
                            options.set(name, &value);
                        }
                    }
                }
                _ => {}
            }
        }
        options
    }

    fn set(&mut self, name: &str, value: &Expr<'_>) {
        match (name, value.kind) {
            ("env_prefix", ExprKind::Str(prefix)) => prefix.clone_into(&mut self.prefix),
            ("case_sensitive", ExprKind::Bool(keeps)) => self.keeps_case = keeps,
            ("env_file", ExprKind::Null) => self.file = None,
            ("env_file", _) => self.file = Some(value.span),
            _ => {}
        }
    }
}

/// What the class does without the variable of a field, and the names that the field gives itself.
fn field_need<'a>(reader: &Reader<'a, '_>, annotation: &str, value: Option<&Expr<'a>>) -> (Need, Vec<String>) {
    let Some(value) = value else {
        // Version 1 takes `Optional` for a default of `None`.
        let is_optional = annotation.contains("Optional") || annotation.contains("None");
        return (if is_optional { Need::Optional } else { Need::Required }, Vec::new());
    };
    let Some(call) =
        value.call().filter(|call| call.callee.dotted().is_some_and(|name| name.rsplit('.').next() == Some("Field")))
    else {
        return (of_default(reader, value), Vec::new());
    };
    let mut names = Vec::new();
    for keyword in ["validation_alias", "alias", "env"] {
        let Some(arg) = call.keyword(keyword) else { continue };
        let mut each = |value: &Expr<'_>| names.extend(value.str().filter(|name| is_name(name)).map(str::to_owned));
        match arg.value.kind {
            ExprKind::Call(choices) => choices.positional().for_each(&mut each),
            ExprKind::List(items) => items.iter().for_each(&mut each),
            _ => each(&arg.value),
        }
        if !names.is_empty() {
            break;
        }
    }
    let default = call.positional().next().or_else(|| call.keyword("default").map(|arg| &arg.value));
    let need = match (default, call.keyword("default_factory")) {
        (Some(default), _) => of_default(reader, default),
        (None, Some(factory)) => Need::Defaulted { value: None, place: reader.place(factory.value.span) },
        (None, None) if annotation.contains("Optional") || annotation.contains("None") => Need::Optional,
        (None, None) => Need::Required,
    };
    (need, names)
}

fn of_default<'a>(reader: &Reader<'a, '_>, default: &Expr<'a>) -> Need {
    match default.kind {
        ExprKind::Null => Need::Optional,
        ExprKind::Other(_) if default.span.of(reader.text) == "..." => Need::Required,
        ExprKind::Str(text) => Need::Defaulted { value: Some(text.into()), place: reader.place(default.span) },
        _ => Need::Defaulted { value: None, place: reader.place(default.span) },
    }
}
