//! What is scanned is what is parsed.

use super::*;
use crate::code::{Stmt, StmtKind};
use crate::python::parse;
use crate::work::Work;

/// The imports that the parser sees, in order.
fn parsed<'a>(body: &'a [Stmt<'a>], found: &mut Vec<Import<'a>>) {
    for statement in body {
        match statement.kind {
            StmtKind::Import(import) => found.push(*import),
            StmtKind::Function(function) => parsed(function.body, found),
            StmtKind::Class(class) => parsed(class.body, found),
            StmtKind::If(_, then, otherwise) => {
                parsed(then, found);
                parsed(otherwise, found);
            }
            StmtKind::Loop(_, body) | StmtKind::With(_, body) | StmtKind::Block(body) => parsed(body, found),
            StmtKind::Try(it) => {
                parsed(it.body, found);
                it.handlers.iter().for_each(|(_, body)| parsed(body, found));
                parsed(it.after, found);
            }
            _ => {}
        }
    }
}

fn both(text: &str) -> (String, Result<String, Doubt>) {
    let arena = Bump::new();
    let module = parse(text, &arena);
    let mut expected = Vec::new();
    parsed(module.body, &mut expected);
    let found = scan_imports(text, &arena).map(|found| format!("{found:#?}"));
    (format!("{expected:#?}"), found)
}

#[test]
fn plain_modules_are_scanned_as_they_are_parsed() {
    for text in [
        "",
        "x = 1\n",
        "import a",
        "import a.b, c as d\nimport e.f as g, h # i\nimport j;import k ; from l import m\n",
        "from ..x import y as z, w\nfrom . import y\nfrom.a import b\nfrom .import c\nfrom . . d import e\nfrom ...f import*\n",
        "from a import (b)\nfrom a import (\n    b,\n    # import c\n    d as e,  # f\n\n    g\n)\nfrom a import (b,)\n",
        "from a \\\n    import b, \\\n    c as \\\n d\nimport \\\n    e\n",
        "from a import b\r\nfrom c import (\r\n  d, # e\r\n  f,\r\n)\r\nimport g \\\r\n  as h\r\nx = 'a\\\r\nimport i'\r\nimport j\r\n",
        "try: import a\nexcept E: import b\nelse: import c\nif x: from d import e; import f\n",
        "def f():\n\timport a\n\tclass B:\n\t\timport c\n  \nimport d\n",
        // What is no import.
        "'''\nimport a\n'''\nimport b\n\"\"\"\n  from c import d\n\"\"\"\nimport e\n",
        "# import a\nx = 'import b'; import c # ; import d\ny = \"\\\"\"; import e\nz = 'f: import f'\n",
        "r'\\'; import a'\nimport b\nrb\"\"\"\n\\\"\"\"\nimport c\n\"\"\"\nimport d\n",
        "x = 'a' 'b' \\\n'c'\nimport d\n'''\\'''\nimport e\n'''\nimport f\n",
        "important = 1\nreimport = 2\nx = important.a\nimport_ = x.imports\n_import = ''\nimportlib.import_module('x')\n__import__('y')\n",
        "def g():\n    yield from x\n    raise E \\\n        from e\n    import a\n",
        "d = {1: 'import', 'import': 2}\nimport a\n",
        "'it''s'\n# it's\nimport a\n",
        "x = f'{a}'\nimport b\ny = f'{a!r:>{w}} {{import c}} {d[\"e\"]}'\nimport f\nz = f\"\"\"\nimport g {h[\"i\"]}\n\"\"\"\nimport j\n",
        "é = 'é'\nimport a # é\n",
        // Under `if TYPE_CHECKING`.
        "from typing import TYPE_CHECKING\nimport a\nif TYPE_CHECKING:\n    import b\n    from c import (\nd,\n)\n\n# e\n    import f\nelse:\n    import g\nimport h\n",
        "import typing as t\nif t.TYPE_CHECKING:  # a\n    import b\n    if x:\n        import c\n    import d\nif not TYPE_CHECKING:\n    import e\nif TYPE_CHECKING or x:\n    import f\n",
        "def f():\n    if TYPE_CHECKING:\n        import a\n    import b\n    if x:\n        pass\n    elif TYPE_CHECKING:\n        import c\n    else:\n        import d\n",
        "if TYPE_CHECKING:\n    if TYPE_CHECKING:\n        import a\n    import b\nimport c\n",
        "'''\nif TYPE_CHECKING:\n    x\n'''\nif a:\n    import b\n# if TYPE_CHECKING:\nif c:\n    import d\n",
        "if TYPE_CHECKING:\n\n    # a\n    B = 'c'\n    import d\nx = TYPE_CHECKING\nimport e",
    ] {
        let (expected, found) = both(text);
        assert_eq!(found.as_deref(), Ok(&*expected), "{text}");
    }
}

#[test]
fn what_is_not_plain_is_the_parsers() {
    for text in [
        // Python composes it to `ﬁ` = `fi`.
        "import ﬁ\n",
        "from a import ﬁ\n",
        "import a . b\n",
        "from a. b import c\n",
        "from . \\\n . import a\n",
        "x = 1\rimport a\n",
        // A quote within the braces of an f-string.
        "x = f'{a['b']}'\nimport c\n",
        "x = f'{a['import b']}'\nimport c\n",
        "x = f'{a[\"}\"]}'\nimport c\n",
        "x = f'{\n'''\nimport a\n'''\n}'\nimport c\n",
        // Looks like the prefix of an f-string.
        "if'{':import a\n",
        "if TYPE_CHECKING: import a\n",
        "if (TYPE_CHECKING):\n    import a\n",
        "if TYPE_CHECKING:\n    x = [\n]\n    import a\n",
        // No Python.
        "import\n",
        "import a b\n",
        "from a import (b c)\n",
        "from a import (b\n",
        "import {{ name }}\n",
        "import a\n{% if b %}\nc = 1\n{% endif %}\n",
        "import a\nprint 'b'\n",
        "x = 'a\nimport b\n",
        "x = '''a\nimport b\n",
        "print 'it's'\nimport b\n",
    ] {
        let (expected, found) = both(text);
        assert_eq!(found, Err(Doubt), "{text}: {expected}");
    }
}

#[test]
fn hostile_texts_are_scanned_in_one_go() {
    let many = 300_000;
    for text in [
        "import a;".repeat(many),
        "'import';".repeat(many),
        "import \\\n".repeat(many),
        format!("x = {}\nimport a\n", "'a' \"b\" ".repeat(many)),
        format!("if TYPE_CHECKING:\n{}  import a\n", "  x = TYPE_CHECKING\n".repeat(many)),
        format!("if TYPE_CHECKING:\n{}", "  import a\n".repeat(many)),
        format!("x = f'{}'\nimport a\n", "{".repeat(many)),
        format!("x = {}", "f'''import".repeat(many)),
    ] {
        let work = Work::of("thread-self");
        let arena = Bump::new();
        drop(scan_imports(&text, &arena));
        assert!(work.done().as_secs() < 5, "{:?}", text.get(..40));
    }
}
