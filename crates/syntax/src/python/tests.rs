//! What becomes of Python's forms.

use super::*;
use crate::code::{Expr, ExprKind, Stmt, StmtKind};

/// The tree, each node as one word with its parts.
fn shape(text: &str) -> String {
    let arena = Bump::new();
    let module = parse(text, &arena);
    assert_eq!(module.flaws, []);
    block(module.body)
}

fn block(body: &[Stmt<'_>]) -> String {
    body.iter().map(statement).collect::<Vec<_>>().join("; ")
}

fn list(parts: &[Expr<'_>]) -> String {
    parts.iter().map(expr).collect::<Vec<_>>().join(" ")
}

fn statement(it: &Stmt<'_>) -> String {
    match it.kind {
        StmtKind::Import(import) => {
            let names = import.names.iter().map(|(name, local)| format!(" {}={}", local.text, name.text));
            let names: String = names.collect();
            let note = if import.type_only { " types" } else { "" };
            format!("import {}{}{names}{note}", ".".repeat(import.dots as usize), import.module.text)
        }
        StmtKind::Expr(value) => expr(&value),
        StmtKind::Assign(it) => {
            let annotation = it.annotation.map(|it| format!(":{}", expr(&it))).unwrap_or_default();
            let value = it.value.map(|it| format!(" {}", expr(&it))).unwrap_or_default();
            format!("set {}{annotation}{value}", list(it.targets))
        }
        StmtKind::Function(it) => format!("def {} {{{}}}", it.name.map_or("", |name| name.text), block(it.body)),
        StmtKind::Class(it) => format!("class {} {{{}}}", it.name.map_or("", |name| name.text), block(it.body)),
        StmtKind::If(test, then, otherwise) => {
            format!("if {} {{{}}} {{{}}}", expr(test), block(then), block(otherwise))
        }
        StmtKind::Loop(over, body) => format!("loop {} {{{}}}", list(over), block(body)),
        StmtKind::With(items, body) => format!("with {} {{{}}}", list(items), block(body)),
        StmtKind::Try(it) => format!("try {{{}}} {} {{{}}}", block(it.body), it.handlers.len(), block(it.after)),
        StmtKind::Return(value) => format!("return {}", value.map(|value| expr(&value)).unwrap_or_default()),
        StmtKind::Throw(value) => format!("raise {}", value.map(|value| expr(&value)).unwrap_or_default()),
        StmtKind::Block(body) => format!("{{{}}}", block(body)),
        StmtKind::Other(parts) => format!("other({})", list(parts)),
    }
}

fn expr(it: &Expr<'_>) -> String {
    match it.kind {
        ExprKind::Name(name) => name.to_owned(),
        ExprKind::Member(object, name) => format!("{}.{}", expr(object), name.text),
        ExprKind::Index(object, index) => format!("{}[{}]", expr(object), expr(index)),
        ExprKind::Call(call) => {
            let args = call.args.iter().map(|arg| match arg.keyword {
                Some(name) => format!("{}={}", name.text, expr(&arg.value)),
                None => expr(&arg.value),
            });
            format!("{}({})", expr(&call.callee), args.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Template(parts) => format!("f({})", list(parts)),
        ExprKind::Num(number) => number.to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Null => "null".to_owned(),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|it| format!("{}:{}", it.key.map_or("**".into(), |key| expr(&key)), expr(&it.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Function(it) => format!("lambda {{{}}}", block(it.body)),
        ExprKind::Class(_) => "class".to_owned(),
        ExprKind::Binary(op, left, right) => format!("({} {op} {})", expr(left), expr(right)),
        ExprKind::Unary(op, operand) => format!("({op} {})", expr(operand)),
        ExprKind::Await(operand) => format!("await {}", expr(operand)),
        ExprKind::Conditional(test, then, otherwise) => {
            format!("({} ? {} : {})", expr(test), expr(then), expr(otherwise))
        }
        ExprKind::Assign(target, op, value) => format!("({} {op} {})", expr(target), expr(value)),
        ExprKind::Spread(operand) => format!("*{}", expr(operand)),
        ExprKind::Comprehension(element, parts) => format!("[{} | {}]", expr(element), list(parts)),
        ExprKind::Other(parts) => format!("other({})", list(parts)),
    }
}

#[test]
fn every_form_keeps_its_parts() {
    for (text, expected) in [
        ("import a.b, c as d", "import a.b; import c d=*"),
        ("from ..x import y as z, w", "import ..x z=y w=w"),
        ("from . import y", "import . y=y"),
        ("if TYPE_CHECKING:\n  import a\nelse:\n  import b", "if TYPE_CHECKING {import a types} {import b}"),
        ("if a: b\nelif c: d\nelse: e", "if a {b} {if c {d} {e}}"),
        ("x: int = f(1, *a, k='v', **o)", "set x:int f(1 *a k=\"v\" **=*o)"),
        ("a = b = None", "set a b null"),
        ("x += 1", "(x += 1)"),
        ("for a in b: c", "loop (a in b) {c}"),
        ("async def f():\n  async with g() as h, i: await j", "def f {with (h as g()) i {await j}}"),
        ("try: a\nexcept E: b\nelse: c\nfinally: d", "try {a} 1 {c; d}"),
        ("match a:\n  case 1 if b: c", "{a; b; {c}}"),
        ("a and b and c or not d", "(((a and b) and c) or (not d))"),
        ("a < b <= c", "other(a b c)"),
        ("a not in b", "(a not in b)"),
        (r"'a\n' 'b' r'\d' '''c'''", r#""a\nb\\dc""#),
        ("f'x{a!r:>{w}}y' 'z'", r#"f("x" a "y" "z")"#),
        ("[a for b in c if d]", "[a | (b in c) d]"),
        ("{a: b for a, b in c}", "[{a:b} | ([a b] in c)]"),
        ("{'a': 1, **b}", "{\"a\":1 **:b}"),
        ("lambda a: a[1:b]", "lambda {return a[other(1 b)]}"),
        ("class A(B, k=1):\n  x: T = y\n  @d\n  def f(self): ...", "class A {set x:T y; def f {other()}}"),
        ("assert a, b; raise c; del d", "other(a b); raise c; other(d)"),
        ("a if b else c", "(b ? a : c)"),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn spans_cover_what_they_name_and_comments_are_kept() {
    let text = "# é\nx = 'é'  # two\nfrom  .. import y\n";
    let arena = Bump::new();
    let module = parse(text, &arena);
    let spans: Vec<_> = module.comments.iter().map(|span| span.of(text)).collect();
    assert_eq!(spans, ["# é", "# two"]);
    let [assign, import] = module.body else { panic!("two statements") };
    let StmtKind::Assign(assign) = assign.kind else { panic!("an assignment") };
    assert_eq!(assign.value.map(|value| value.span.of(text)), Some("'é'"));
    let StmtKind::Import(import) = import.kind else { panic!("an import") };
    assert_eq!(import.module.span.of(text), "..");
}

#[test]
fn python_2_and_templates_have_flaws_and_keep_the_rest() {
    let arena = Bump::new();
    let module = parse("print 'x'\nimport a\n{% if x %}\nimport b\n", &arena);
    assert!(!module.flaws.is_empty());
    let imports = module.body.iter().filter(|it| matches!(it.kind, StmtKind::Import(_))).count();
    assert_eq!(imports, 2);
}

#[test]
fn hostile_nesting_is_cut() {
    let deep = 50_000;
    let files = [
        format!("x = a{}", ".b".repeat(deep)),
        format!("x = 1{}", "+1".repeat(deep)),
        format!("x = 1{}", " and 1".repeat(deep)),
        format!("x = {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("x = {}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("x = {}1", "-".repeat(deep)),
        format!("x = f{}", "()".repeat(deep)),
        format!("if a: b\n{}", "elif c: d\n".repeat(deep)),
        (0..1000).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect::<String>() + &" ".repeat(1000) + "b\n",
    ];
    // The stack of the threads that lower files.
    let check = move || {
        for text in files {
            let arena = Bump::new();
            let module = parse(&text, &arena);
            assert_eq!(module.body.len(), 1, "{}", text.get(..20).unwrap_or_default());
            assert!(block(module.body).len() < 10_000_000);
        }
    };
    std::thread::Builder::new().stack_size(16 << 20).spawn(check).unwrap().join().unwrap();
}
