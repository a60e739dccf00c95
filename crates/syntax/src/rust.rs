//! Rust, read by syn: only what our questions need, which so far is one thing.
//!
//! syn stops at the first error and recurses once per level, so a text is measured first, and one that it cannot read has
//! nothing to say.

mod variables;

pub use variables::{Missing, ReadVariable, variables};

use crate::js::nests_flatly;
use syn::visit::{self, Visit};
use twiceshy_source::Span;

/// A file that is opened for appending in an endless loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopedAppend {
    /// The call of `open`: its name.
    pub open: Span,
    /// The `loop` keyword.
    pub endless: Span,
    /// The path, where it is a literal or a constant of the file.
    pub path: String,
}

/// The files that are opened with `OpenOptions::…append(true)…open(path)` in a `loop` without `break`, and whose path is
/// written down.
pub fn looped_appends(text: &str) -> Vec<LoopedAppend> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    // syn takes a first line `#!/usr/bin/env …` away, and with it the offsets.
    let is_script = text.starts_with("#!") && !text.starts_with("#![");
    if is_script || !has("OpenOptions") || !has(".append(true)") || !has("loop") || !nests_flatly(text) {
        return Vec::new();
    }
    let found = syn::parse_file(text).map(|file| {
        let mut search = Search::default();
        search.constants(&file.items);
        search.visit_file(&file);
        search.found
    });
    // The spans of every parsed file are kept for the thread otherwise.
    proc_macro2::extra::invalidate_current_thread_spans();
    found.unwrap_or_default()
}

#[derive(Default)]
struct Search {
    constants: Vec<(String, String)>,
    /// The endless loops around, outermost first.
    loops: Vec<Span>,
    found: Vec<LoopedAppend>,
}

impl Search {
    fn constants(&mut self, items: &[syn::Item]) {
        for item in items {
            let (name, value) = match item {
                syn::Item::Const(item) => (&item.ident, &*item.expr),
                syn::Item::Static(item) => (&item.ident, &*item.expr),
                _ => continue,
            };
            if let Some(text) = literal(value) {
                self.constants.push((name.to_string(), text));
            }
        }
    }

    fn path(&self, value: &syn::Expr) -> Option<String> {
        match value {
            syn::Expr::Reference(inner) => self.path(&inner.expr),
            syn::Expr::Path(name) => {
                let name = name.path.get_ident()?;
                self.constants.iter().find(|(constant, _)| name == constant).map(|(_, text)| text.clone())
            }
            value => literal(value),
        }
    }
}

fn literal(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

fn to_span(span: proc_macro2::Span) -> Span {
    let range = span.byte_range();
    Span::new(range.start, range.end)
}

/// Whether a chain of calls begins with `OpenOptions` and has `.append(true)`.
fn appends(chain: &syn::Expr) -> bool {
    let mut chain = chain;
    let mut appends = false;
    loop {
        match chain {
            syn::Expr::MethodCall(call) => {
                let is_true = matches!(call.args.first(), Some(syn::Expr::Lit(lit)) if matches!(&lit.lit, syn::Lit::Bool(truth) if truth.value));
                appends |= call.method == "append" && is_true;
                chain = &call.receiver;
            }
            syn::Expr::Call(call) => {
                let is_options =
                    |name: &syn::ExprPath| name.path.segments.iter().any(|part| part.ident == "OpenOptions");
                return appends && matches!(&*call.func, syn::Expr::Path(name) if is_options(name));
            }
            _ => return false,
        }
    }
}

/// Whether a block leaves the loop around it: `break`, `return`, `?`.
struct Leaves(bool);

impl<'ast> Visit<'ast> for Leaves {
    fn visit_expr_break(&mut self, _: &'ast syn::ExprBreak) {
        self.0 = true;
    }

    fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
        self.0 = true;
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_loop(&mut self, it: &'ast syn::ExprLoop) {
        let mut leaves = Leaves(false);
        leaves.visit_block(&it.body);
        if leaves.0 {
            return visit::visit_expr_loop(self, it);
        }
        self.loops.push(to_span(it.loop_token.span));
        visit::visit_expr_loop(self, it);
        self.loops.pop();
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let Some(endless) = self.loops.last()
            && call.method == "open"
            && appends(&call.receiver)
            && let Some(path) = call.args.first().and_then(|path| self.path(path))
        {
            self.found.push(LoopedAppend { open: to_span(call.method.span()), endless: *endless, path });
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_in_a_loop_without_an_end_is_found_where_it_stands() {
        let text = "const LOG: &str = \"/data/ä/heights.log\";\nfn main() -> std::io::Result<()> {\n    loop {\n        \
                    let mut f = std::fs::OpenOptions::new().create(true).append(true).open(LOG)?;\n    }\n}\n";
        let [found] = &looped_appends(text)[..] else { panic!("one is there") };
        assert_eq!((found.open.of(text), found.endless.of(text)), ("open", "loop"));
        assert_eq!(found.path, "/data/ä/heights.log");
    }

    #[test]
    fn loops_that_end_other_modes_and_paths_that_change_are_not_found() {
        for body in [
            "loop { OpenOptions::new().append(true).open(\"a.log\"); break; }",
            "loop { OpenOptions::new().append(false).write(true).open(\"a.log\"); }",
            "loop { OpenOptions::new().append(true).open(path); }",
            "for _ in 0..3 { OpenOptions::new().append(true).open(\"a.log\"); }",
            "OpenOptions::new().append(true).open(\"a.log\"); loop {}",
        ] {
            assert_eq!(looped_appends(&format!("fn f() {{ {body} }} // .append(true)")), [], "{body}");
        }
    }

    #[test]
    fn broken_and_hostile_text_says_nothing() {
        let head = "// OpenOptions .append(true) loop\n";
        for text in [
            "(".repeat(100_000),
            "fn f() { loop {".into(),
            "fn f() { ".to_owned() + &"{".repeat(5_000),
            "&".repeat(50_000),
        ] {
            assert_eq!(looped_appends(&format!("{head}{text}")), []);
        }
    }
}
