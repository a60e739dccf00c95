//! JavaScript in cases: imports, shapes, components, recovery, hostile files.

use super::*;
use crate::code::{Expr, ExprKind, Import, Stmt, StmtKind};

fn modules(text: &str, dialect: Dialect) -> Vec<(String, bool, usize)> {
    read(text, dialect, |module| {
        let mut found = Vec::new();
        for stmt in module.body {
            if let StmtKind::Import(Import { module, type_only, names, .. }) = stmt.kind {
                assert_eq!(module.span.of(text), module.text);
                found.push((module.text.to_owned(), *type_only, names.len()));
            }
        }
        found
    })
}

fn import(module: &str, type_only: bool, names: usize) -> (String, bool, usize) {
    (module.to_owned(), type_only, names)
}

/// The tree, as short text.
fn shape(text: &str) -> String {
    read(text, Dialect::Tsx, |module| module.body.iter().map(stmt).collect::<Vec<_>>().join(" "))
}

fn stmt(stmt: &Stmt<'_>) -> String {
    let block = |body: &[Stmt<'_>]| body.iter().map(self::stmt).collect::<Vec<_>>().join(" ");
    match stmt.kind {
        StmtKind::Expr(value) => expr(&value),
        StmtKind::Assign(assign) => {
            format!("{}:={}", expr(&assign.targets[0]), assign.value.map_or(String::new(), |value| expr(&value)))
        }
        StmtKind::Function(function) => format!(
            "fn {}({}){{{}}}",
            function.name.map_or("", |name| name.text),
            function.params.len(),
            block(function.body)
        ),
        StmtKind::Class(class) => format!("class {}{{{}}}", class.name.map_or("", |name| name.text), block(class.body)),
        StmtKind::If(test, then, otherwise) => format!("if {}{{{}}}{{{}}}", expr(test), block(then), block(otherwise)),
        StmtKind::Loop(head, body) => {
            format!("loop {}{{{}}}", head.iter().map(expr).collect::<Vec<_>>().join(","), block(body))
        }
        StmtKind::Try(tried) => format!("try{{{}}}{}", block(tried.body), tried.handlers.len()),
        StmtKind::Return(value) => format!("return {}", value.map_or(String::new(), |value| expr(&value))),
        StmtKind::Block(body) => format!("{{{}}}", block(body)),
        _ => "?".into(),
    }
}

fn expr(expr: &Expr<'_>) -> String {
    let list = |items: &[Expr<'_>]| items.iter().map(self::expr).collect::<Vec<_>>().join(",");
    match expr.kind {
        ExprKind::Name(name) => name.into(),
        ExprKind::Member(object, name) => format!("{}.{}", self::expr(object), name.text),
        ExprKind::Index(object, index) => format!("{}[{}]", self::expr(object), self::expr(index)),
        ExprKind::Call(call) => {
            let args: Vec<_> = call.args.iter().map(|arg| self::expr(&arg.value)).collect();
            format!("{}{}({})", if call.is_new { "new " } else { "" }, self::expr(&call.callee), args.join(","))
        }
        ExprKind::Str(text) => format!("'{text}'"),
        ExprKind::Template(parts) => format!("`{}`", list(parts)),
        ExprKind::Num(text) => text.into(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Null => "null".into(),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Dict(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|entry| entry.key.map_or("...".into(), |key| self::expr(&key) + ":") + &self::expr(&entry.value))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        ExprKind::Function(function) => {
            format!("fn({}){{{}}}", function.params.len(), function.body.iter().map(stmt).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Binary(op, left, right) => format!("({} {op} {})", self::expr(left), self::expr(right)),
        ExprKind::Unary(op, operand) => format!("{op} {}", self::expr(operand)),
        ExprKind::Await(operand) => format!("await {}", self::expr(operand)),
        ExprKind::Conditional(test, then, otherwise) => {
            format!("({}?{}:{})", self::expr(test), self::expr(then), self::expr(otherwise))
        }
        ExprKind::Assign(target, op, value) => format!("({}{op}{})", self::expr(target), self::expr(value)),
        ExprKind::Spread(operand) => format!("...{}", self::expr(operand)),
        ExprKind::Other(parts) => format!("?<{}>", list(parts)),
        ExprKind::Class(_) => "class".into(),
        ExprKind::Comprehension(..) => "comprehension".into(),
    }
}

#[test]
fn every_form_of_import_is_an_import_with_the_span_of_its_text() {
    let text = "import './a';\nimport b, { c as d, type T } from \"./b\";\nimport * as e from './e';\n\
                import type { F } from './f';\nimport { type G } from './g';\nexport { h } from './h';\nexport * from './i';\n\
                import j = require('./j');";
    let expected = [
        import("./a", false, 0),
        import("./b", false, 3),
        import("./e", false, 1),
        import("./f", true, 1),
        import("./g", true, 1),
        import("./h", false, 1),
        import("./i", false, 1),
        import("./j", false, 1),
    ];
    assert_eq!(modules(text, Dialect::TypeScript), expected);
}

#[test]
fn expressions_keep_what_our_questions_need() {
    assert_eq!(shape("const { a, b: { c = 1 }, ...d } = process.env"), "{'a':a,'b':{'c':(c=1)},...d}:=process.env");
    assert_eq!(shape("x ??= await f?.(y!, ...z as any)"), "(x??=await f(y,...z))");
    assert_eq!(shape("const s = `a${b}c`, t = `plain\\n`, u = 'it\\'s'"), "s:=`'a',b,'c'` t:='plain\n' u:='it's'");
    assert_eq!(shape("export default { port: 1, [k]: v, m() { return 2 } }"), "{'port':1,k:v,'m':fn(0){return 2}}");
    assert_eq!(
        shape("const C = () => <a href={x} {...p}>{y ? <b>{z}</b> : null}</a>"),
        "C:=fn(0){return ?<x,p,(y??<z>:null)>}"
    );
    assert_eq!(shape("import('./x').then(m => m.go())"), "import('./x').then(fn(1){return m.go()})");
    assert_eq!(shape("new Foo(import.meta.env.X)"), "new Foo(import.meta.env.X)");
}

#[test]
fn statements_keep_their_nesting() {
    assert_eq!(shape("try { a() } catch (e) { b() } finally { c() }"), "try{a()}1");
    assert_eq!(shape("for (const x of xs) if (x) y(); else { z() }"), "loop (x in xs){if x{y()}{z()}}");
    assert_eq!(
        shape("class A extends B { x = 1; static { f() } async m(p) { return this.#q } }"),
        "class A{x:=1 {f()} fn m(1){return this.#q}}"
    );
    assert_eq!(shape("export const GET = async () => { switch (a) { case 1: b(); } }"), "GET:=fn(0){{a 1 b()}}");
}

#[test]
fn a_component_is_its_script_blocks_with_offsets_kept() {
    let text = "<script context=\"module\" lang=\"ts\">\nimport A from './A.svelte';\n</script>\n<p>it's {a > b}</p>\n\
                <script lang=\"ts\" generics=\"T extends Record<string, any>\">\n  import type { B } from './b';\n</script>\n<style>a{}</style>";
    assert_eq!(modules(text, Dialect::Component), [import("./A.svelte", false, 1), import("./b", true, 1)]);
}

#[test]
fn a_line_that_stops_the_parser_costs_that_line() {
    let text = "import a from './a';\nconst = ;\nimport b from './b';\n";
    let (found, flaws) = read(text, Dialect::TypeScript, |module| (module.body.len(), module.flaws));
    assert_eq!((found, flaws.len()), (2, 1));
    assert_eq!(flaws[0].span.start, 27);
}

#[test]
fn flow_and_templates_are_passed_over_without_a_flaw() {
    for text in [
        "// @flow\nconst x = (y: any);\nopaque type T = string;",
        "import a from './a';\n{% if x %}\nfoo(\n{% endif %}",
        "const x = {{ cookiecutter.name }};",
    ] {
        assert_eq!(read(text, Dialect::JavaScript, |module| module.flaws), [], "{text}");
    }
}

#[test]
fn hostile_nesting_neither_overflows_nor_is_silent() {
    let deep = |n: usize| {
        [
            "(".repeat(n),
            "[".repeat(n) + &"]".repeat(n),
            "a=>".repeat(n) + "a",
            "!".repeat(n) + "a",
            "a?b:".repeat(n) + "c",
            "let x: ".to_owned() + &"A<".repeat(n) + "B" + &">".repeat(n),
            "`${".repeat(n) + &"}`".repeat(n),
            "if(a)".repeat(n) + "b",
            "if(a){}else ".repeat(n) + "b",
            "a=".repeat(n) + "b",
            "1+".repeat(n) + "1",
            "a".to_owned() + &".b".repeat(n),
            "a".to_owned() + &"()".repeat(n),
            "{".repeat(n) + &"}".repeat(n),
            "new ".repeat(n) + "a",
            "x:".repeat(n) + "y",
            "<a>".repeat(n) + &"</a>".repeat(n),
            "function f(){".repeat(n) + &"}".repeat(n),
            "let x: ".to_owned() + &"{a:".repeat(n) + "b" + &"}".repeat(n),
            "a**".repeat(n) + "b",
            "let x: ".to_owned() + &"keyof ".repeat(n) + "b",
            "let x: ".to_owned() + &"A extends B ? C : ".repeat(n) + "D",
        ]
    };
    // As large as the stack of the threads that lower files.
    let work = move || {
        for n in [150, 1_000, 5_000, 100_000] {
            for text in deep(n) {
                for dialect in [Dialect::Tsx, Dialect::TypeScript] {
                    let _ = read(&text, dialect, |module| (module.body.len(), module.flaws));
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(16 << 20).spawn(work).unwrap().join().unwrap();
    assert_eq!(read(&"(".repeat(100_000), Dialect::Tsx, |module| module.flaws.len()), 1);
}
