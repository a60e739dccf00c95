//! Environment variables that Rust code reads.

use super::to_span;
use crate::js::nests_flatly;
use syn::visit::{self, Visit};
use twiceshy_source::Span;

/// A variable that is read by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadVariable {
    /// Its name.
    pub name: String,
    /// Where the name stands, without its quotes.
    pub span: Span,
    /// What happens without it.
    pub missing: Missing,
    /// `env!`, `option_env!`: it is read when the code is compiled.
    pub is_built_in: bool,
    /// It is read in `main` itself.
    pub is_in_main: bool,
    /// It is read only under a condition.
    pub is_conditional: bool,
}

/// What happens without a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// `unwrap`, `expect`
    Panics,
    /// `?`: the function returns an error.
    Returns(Span),
    /// `unwrap_or…`: the text, where it is a literal, and where it stands.
    Default(Option<String>, Span),
    /// Anything else is done with the result.
    Handled,
}

/// The variables that a file reads with `env::var` and `env!`, those of its tests left out.
pub fn variables(text: &str) -> Vec<ReadVariable> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let is_script = text.starts_with("#!") && !text.starts_with("#![");
    if is_script || !(has("env::var") || has("env!(") || has("var(")) || !nests_flatly(text) {
        return Vec::new();
    }
    let found = syn::parse_file(text).map(|file| {
        let mut search = Search::default();
        search.visit_file(&file);
        search.found
    });
    proc_macro2::extra::invalidate_current_thread_spans();
    found.unwrap_or_default()
}

#[derive(Default)]
struct Search {
    found: Vec<ReadVariable>,
    is_in_main: bool,
    conditions: u32,
}

impl Search {
    fn note(&mut self, read: (String, Span), missing: Missing, is_built_in: bool) {
        let (name, span) = read;
        let (is_in_main, is_conditional) = (self.is_in_main, self.conditions > 0);
        self.found.push(ReadVariable { name, span, missing, is_built_in, is_in_main, is_conditional });
    }
}

/// The name that `env::var("NAME")` reads.
fn read(expr: &syn::Expr) -> Option<(String, Span)> {
    if let syn::Expr::Call(call) = expr { read_call(call) } else { None }
}

fn read_call(call: &syn::ExprCall) -> Option<(String, Span)> {
    let syn::Expr::Path(function) = &*call.func else { return None };
    let mut parts = function.path.segments.iter().rev();
    let last = parts.next()?;
    let is_var = last.ident == "var" || last.ident == "var_os";
    let is_env =
        parts.next().is_some_and(|part| part.ident == "env" || part.ident == "dotenvy" || part.ident == "dotenv");
    if !is_var || !is_env {
        return None;
    }
    named(call.args.first()?)
}

fn named(expr: &syn::Expr) -> Option<(String, Span)> {
    let (text, span) = literal_in(expr)?;
    Some((text, Span::new(span.start as usize + 1, (span.end as usize).saturating_sub(1))))
}

/// The read at the start of a chain of methods that keep its failure: `map`, `map_err`, `context`, `and_then`, `ok`.
fn source(expr: &syn::Expr) -> Option<(String, Span)> {
    let mut expr = expr;
    loop {
        if let Some(found) = read(expr) {
            return Some(found);
        }
        match expr {
            syn::Expr::MethodCall(call) => {
                const KEEP: [&str; 9] =
                    ["map", "map_err", "context", "with_context", "and_then", "ok", "as_deref", "ok_or", "ok_or_else"];
                if !KEEP.iter().any(|name| call.method == name) {
                    return None;
                }
                expr = &call.receiver;
            }
            _ => return None,
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_mod(&mut self, it: &'ast syn::ItemMod) {
        let is_test = it.attrs.iter().any(|attr| {
            attr.path().is_ident("cfg")
                && matches!(&attr.meta, syn::Meta::List(list) if list.tokens.to_string().contains("test"))
        });
        if !is_test {
            visit::visit_item_mod(self, it);
        }
    }

    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        let outer = std::mem::replace(&mut self.is_in_main, it.sig.ident == "main");
        visit::visit_item_fn(self, it);
        self.is_in_main = outer;
    }

    fn visit_expr_if(&mut self, it: &'ast syn::ExprIf) {
        self.visit_expr(&it.cond);
        self.conditions += 1;
        self.visit_block(&it.then_branch);
        it.else_branch.iter().for_each(|(_, otherwise)| self.visit_expr(otherwise));
        self.conditions -= 1;
    }

    fn visit_arm(&mut self, it: &'ast syn::Arm) {
        self.conditions += 1;
        visit::visit_arm(self, it);
        self.conditions -= 1;
    }

    fn visit_expr_closure(&mut self, it: &'ast syn::ExprClosure) {
        self.conditions += 1;
        visit::visit_expr_closure(self, it);
        self.conditions -= 1;
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let method = call.method.to_string();
        let is_end = matches!(
            method.as_str(),
            "unwrap" | "expect" | "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" | "is_ok" | "is_err" | "is_some"
        );
        if is_end && let Some(found) = source(&call.receiver) {
            let arg = call.args.first();
            let missing = match method.as_str() {
                "unwrap" | "expect" => Missing::Panics,
                "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" => match arg.and_then(literal_in) {
                    Some((text, span)) => Missing::Default(Some(text), span),
                    None => Missing::Default(None, to_span(call.method.span())),
                },
                _ => Missing::Handled,
            };
            self.note(found, missing, false);
            call.args.iter().for_each(|arg| self.visit_expr(arg));
            return;
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_try(&mut self, it: &'ast syn::ExprTry) {
        match source(&it.expr) {
            Some(found) => self.note(found, Missing::Returns(to_span(it.question_token.span)), false),
            None => visit::visit_expr_try(self, it),
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        match read_call(call) {
            Some(found) => self.note(found, Missing::Handled, false),
            None => visit::visit_expr_call(self, call),
        }
    }

    fn visit_macro(&mut self, it: &'ast syn::Macro) {
        let is_env = it.path.is_ident("env");
        if (is_env || it.path.is_ident("option_env"))
            && let Ok(args) =
                it.parse_body_with(syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated)
            && let Some(found) = args.first().and_then(named)
        {
            // Cargo sets these itself.
            if !found.0.starts_with("CARGO_") && found.0 != "OUT_DIR" {
                self.note(found, if is_env { Missing::Panics } else { Missing::Handled }, true);
            }
        }
        visit::visit_macro(self, it);
    }
}

/// The text of `"a"`, `"a".into()`, `"a".to_string()`, `|_| "a".to_owned()`, `String::from("a")`, and where it stands.
fn literal_in(expr: &syn::Expr) -> Option<(String, Span)> {
    match expr {
        syn::Expr::MethodCall(call) => literal_in(&call.receiver),
        syn::Expr::Closure(closure) => literal_in(&closure.body),
        syn::Expr::Call(call) => call.args.first().and_then(literal_in),
        syn::Expr::Reference(inner) => literal_in(&inner.expr),
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some((text.value(), to_span(text.span()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> (String, Missing, bool) {
        let text = format!("fn main() -> R {{ {body} }}");
        let [found] = &variables(&text)[..] else { panic!("one in {body}: {:?}", variables(&text)) };
        assert_eq!(found.span.of(&text), found.name);
        (found.name.clone(), found.missing.clone(), found.is_built_in)
    }

    #[test]
    fn what_happens_without_a_variable_is_told_by_what_is_done_with_the_result() {
        assert_eq!(one("let a = std::env::var(\"URL\").unwrap();").1, Missing::Panics);
        assert_eq!(one("let a = env::var(\"URL\").expect(\"set URL\");").1, Missing::Panics);
        assert!(matches!(one("let a = env::var(\"URL\").context(\"URL\")?;").1, Missing::Returns(_)));
        for default in
            ["unwrap_or(\"x\".into())", "unwrap_or_else(|_| \"x\".to_string())", "ok().unwrap_or(String::from(\"x\"))"]
        {
            let (_, missing, _) = one(&format!("let a = env::var(\"URL\").{default};"));
            assert!(matches!(missing, Missing::Default(Some(text), _) if text == "x"), "{default}");
        }
        assert_eq!(one("if let Ok(url) = env::var(\"URL\") { f(url) }").1, Missing::Handled);
        assert_eq!(one("match env::var(\"URL\") { Ok(a) => f(a), Err(_) => g() }").1, Missing::Handled);
        assert_eq!(one("f(env!(\"URL\"))"), ("URL".into(), Missing::Panics, true));
    }

    #[test]
    fn tests_and_cargo_are_left_out() {
        let text = "#[cfg(test)] mod tests { fn f() { std::env::var(\"A\").unwrap(); } } const V: &str = env!(\"CARGO_PKG_NAME\");";
        assert_eq!(variables(text), []);
    }
}
