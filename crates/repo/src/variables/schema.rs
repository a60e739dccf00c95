//! Schemas that the environment is checked against: zod, t3-env, envalid, Joi.

use super::reader::{Reader, Using, inner, is_name};
use super::{Moment, Need, VariableRead, Way};
use twiceshy_syntax::code::{Call, Entry, Expr, ExprKind};

/// How far a chain of methods is followed to the schema that it starts with.
const CHAIN: usize = 30;

/// Whether an expression is a schema of an object: `z.object({…})`, with or without methods after it.
pub(super) fn is_schema(value: &Expr<'_>) -> bool {
    entries(value).is_some()
}

/// The fields of a schema of an object.
fn entries<'a>(value: &Expr<'a>) -> Option<&'a [Entry<'a>]> {
    let mut value = *value;
    for _ in 0..CHAIN {
        match value.kind {
            ExprKind::Call(call) => {
                let name = call.callee.dotted().unwrap_or_default();
                if matches!(
                    name.as_str(),
                    "z.object"
                        | "z.strictObject"
                        | "z.looseObject"
                        | "zod.object"
                        | "Joi.object"
                        | "joi.object"
                        | "v.object"
                ) {
                    return match call.args.first()?.value.kind {
                        ExprKind::Dict(entries) => Some(entries),
                        _ => None,
                    };
                }
                value = call.callee;
            }
            ExprKind::Member(object, method) => {
                // Of a schema all of whose fields may be left out, nothing is demanded.
                if matches!(method.text, "partial" | "deepPartial" | "pick" | "omit") {
                    return None;
                }
                value = *object;
            }
            _ => return None,
        }
    }
    None
}

/// Reads a call that checks the environment; `false` when it is none.
pub(super) fn call<'a>(reader: &mut Reader<'a, '_>, call: &'a Call<'a>, name: &str, method: &str) -> bool {
    match (name.rsplit('.').next().unwrap_or_default(), call.args) {
        ("cleanEnv", [env, specs, ..]) if reader.is_environment(&env.value) => {
            if let ExprKind::Dict(entries) = specs.value.kind {
                entries.iter().for_each(|entry| envalid(reader, entry));
            }
            return true;
        }
        ("createEnv", [options]) => {
            let ExprKind::Dict(groups) = options.value.kind else { return false };
            for group in groups {
                let Some(key @ ("server" | "client" | "shared")) = group.key.and_then(|key| key.str()) else {
                    continue;
                };
                if let ExprKind::Dict(entries) = group.value.kind {
                    entries.iter().for_each(|entry| field(reader, entry, true, key == "client"));
                }
            }
            // `runtimeEnv` only hands over what is read.
            return true;
        }
        _ => {}
    }
    let ExprKind::Member(object, _) = call.callee.kind else { return false };
    let checks = matches!(method, "parse" | "safeParse" | "parseAsync" | "safeParseAsync" | "validate");
    if !checks || !call.args.first().is_some_and(|arg| reader.is_environment(&arg.value)) {
        return false;
    }
    let schema = match object.kind {
        ExprKind::Name(name) => reader.schemas.get(name).copied(),
        _ => Some(*object),
    };
    let gives_up = !method.starts_with("safe") && method != "validate"
        || reader.text.contains("process.exit")
        || reader.text.contains("throw ");
    if let Some(schema) = schema {
        validated(reader, &schema, gives_up);
    }
    true
}

/// Notes the fields of a schema that the environment is checked against.
pub(super) fn validated<'a>(reader: &mut Reader<'a, '_>, schema: &Expr<'a>, gives_up: bool) {
    for entry in entries(schema).unwrap_or_default() {
        field(reader, entry, gives_up, false);
    }
}

fn field<'a>(reader: &mut Reader<'a, '_>, entry: &Entry<'a>, gives_up: bool, is_built_in: bool) {
    let Some(key) = entry.key else { return };
    let Some(name) = key.str().filter(|name| is_name(name)) else { return };
    let need = if gives_up { need(reader, &entry.value) } else { Need::Optional };
    push(reader, name, &key, need, is_built_in);
}

fn push<'a>(reader: &mut Reader<'a, '_>, name: &'a str, key: &Expr<'a>, need: Need, is_built_in: bool) {
    reader.out.reads.push(VariableRead {
        name: name.into(),
        place: reader.place(inner(key.span, reader.text)),
        need,
        alternatives: Vec::new(),
        moment: if is_built_in { Moment::Build } else { reader.moment() },
        is_conditional: reader.is_conditional(),
        ignores_case: false,
        way: Way::Settings,
    });
}

/// What a field's schema does without a value.
fn need<'a>(reader: &Reader<'a, '_>, value: &Expr<'a>) -> Need {
    const ACCEPT: [&str; 14] = [
        "optional(",
        "nullish(",
        "catch(",
        "prefault(",
        ".default(",
        "coerce.boolean",
        "coerce.string",
        ".any()",
        ".unknown()",
        ".undefined()",
        "preprocess(",
        ".or(",
        "transform(",
        "exactOptional(",
    ];
    let written = value.span.of(reader.text);
    if let Some(default) = default_of(value) {
        let text = default.str().map(Box::from);
        return Need::Defaulted { value: text, place: reader.place(default.span) };
    }
    let is_zod = ["z.", "zod."].iter().any(|start| written.starts_with(start));
    let is_joi = ["Joi.", "joi."].iter().any(|start| written.starts_with(start));
    if is_joi {
        return if written.contains(".required()") { Need::Required } else { Need::Optional };
    }
    // Somebody's own schema may accept anything.
    if !is_zod || ACCEPT.iter().any(|word| written.contains(word)) || written.contains("? ") {
        return Need::Optional;
    }
    Need::Required
}

/// What `.default(…)` is given in a chain of methods.
fn default_of<'a>(value: &Expr<'a>) -> Option<Expr<'a>> {
    let mut value = *value;
    for _ in 0..CHAIN {
        match value.kind {
            ExprKind::Call(call) => {
                if let ExprKind::Member(_, method) = call.callee.kind
                    && method.text == "default"
                {
                    return call.args.first().map(|arg| arg.value);
                }
                value = call.callee;
            }
            ExprKind::Member(object, _) => value = *object,
            _ => return None,
        }
    }
    None
}

/// `PORT: port({ default: 3000 })`
fn envalid<'a>(reader: &mut Reader<'a, '_>, entry: &Entry<'a>) {
    let Some(key) = entry.key else { return };
    let Some(name) = key.str().filter(|name| is_name(name)) else { return };
    let need = match entry.value.kind {
        ExprKind::Call(call) => match call.args.first().map(|arg| arg.value.kind) {
            Some(ExprKind::Dict(options)) => {
                let option =
                    |name: &str| options.iter().find(|option| option.key.and_then(|key| key.str()) == Some(name));
                match option("default") {
                    Some(default) => Need::Defaulted {
                        value: default.value.str().map(Box::from),
                        place: reader.place(default.value.span),
                    },
                    None if option("requiredWhen").is_some() => Need::Optional,
                    None => Need::Required,
                }
            }
            _ => Need::Required,
        },
        _ => Need::Optional,
    };
    push(reader, name, &key, need, false);
    reader.expr(&entry.value, Using::Plain);
}
