//! What is scanned is what would have been parsed.

use super::*;
use crate::node::imports as parsed;
use twiceshy_source::{FileId, Source, Tree};

/// What the scan makes of a text, each import on a line of its own; `None` where the parser has to be asked. What it
/// finds was compared with what the parser finds.
fn scanned(path: &str, text: &str) -> Option<Vec<String>> {
    let tree = Tree::memory([(path, text)]);
    let source = Source::new(text);
    let input = Input { tree: &tree, file: FileId(0), source: &source, about: crate::Kinds::ALL };
    let scanned = imports(input)?;
    let by_parser = js::read(text, Dialect::of(path), |module| parsed::of(module.body, text, FileId(0)));
    assert_eq!(scanned, by_parser, "{text}");
    let shown = |import: NodeImport| {
        let export = if import.kind == ImportKind::Export { "export " } else { "" };
        format!("{export}{}{}", import.specifier, if import.is_type_only { " types" } else { "" })
    };
    Some(scanned.into_iter().map(shown).collect())
}

#[test]
fn imports_at_the_top_need_no_parser() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("a.js", "", &[]),
        ("a.js", "#!/usr/bin/env node\nimport './a.js'", &["./a.js"]),
        (
            "a.js",
            "'use client';\n\"use strict\"\nimport a from \"a\"\nimport b, { c as d, default as e, } from 'b';f()",
            &["a", "b"],
        ),
        (
            "a.js",
            "// import x from 'x'\n/* import y from 'y'\n */import * as z from './z' // from\n;;import{a}from'q'",
            &["./z", "q"],
        ),
        ("a.js", "import type, { a as type } from 'a'", &["a"]),
        (
            "a.js",
            "import{}from'a'\nimport from from 'b'\nimport $_1 /* from 'c' */ from /* 'd' */ 'e'",
            &["a", "b", "e"],
        ),
        (
            "a.js",
            "export * from './a'\nexport * as b from './b'\nexport { default as C, d } from './c';",
            &["export ./a", "export ./b", "export ./c"],
        ),
        (
            "a.ts",
            "import type A from 'a'\nimport type { B } from 'b'\nimport type * as C from 'c'",
            &["a types", "b types", "c types"],
        ),
        (
            "a.tsx",
            "import { type A, type B as C } from 'a'\nimport { type A, b } from 'b'\nimport d, { type A } from 'c'",
            &["a types", "b", "c"],
        ),
        (
            "a.ts",
            "import { type } from 'a'\nimport type, { A } from 'b'\nimport { type A, type } from 'c'",
            &["a", "b", "c"],
        ),
        (
            "a.ts",
            "export type { A } from './a'\nexport type * from './b'\nexport { type C } from './c'\nexport { type C, d } from './d'",
            &["export ./a types", "export ./b types", "export ./c types", "export ./d"],
        ),
        ("a.ts", "import a from 'a'\nexport type B = string\nexport interface C { from: 'x', import: Y }", &["a"]),
        ("a.tsx", "import a from 'a'\nconst b = <p>don't import from here, it's required</p>;\n", &["a"]),
        ("a.js", "import a from 'a'\nconst u = import.meta.url, f = Array.from(u), imports = { from: 'x' }", &["a"]),
        (
            "a.js",
            "import a from 'a'\n// The important part comes from /etc\nrequires(a, { required: 1 })\nrequire.resolve",
            &["a"],
        ),
        ("a.js", "import a from 'a'\nconst r = /`'\"import/, t = `import ${a} from ${a}`", &["a"]),
        (
            "a.vue",
            "<template><p>import a from 'b'</p></template>\n<script setup lang=\"ts\">\nimport type A from './a'\n</script>",
            &["./a types"],
        ),
        ("a.svelte", "<p>nothing</p>", &[]),
        ("a.js", "import a from 'a';\r\nimport b from 'b'\r\n\r\nf()\r\n", &["a", "b"]),
    ];
    for (path, text, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|import| (*import).to_owned()).collect();
        assert_eq!(scanned(path, text), Some(expected), "{text}");
    }
}

#[test]
fn where_an_import_may_hide_the_parser_is_asked() {
    let cases = [
        ("a.js", "f()\nimport a from 'a'"),
        ("a.js", "f();import a from\n'a'"),
        ("a.js", "const a = 1; export { a as b } from 'b'"),
        ("a.js", "const a = require('a')"),
        ("a.js", "const a = require /* it */ ('a')"),
        ("a.js", "const a = require?.('a'), b = (require)('b')"),
        ("a.ts", "const a = require!('a')"),
        ("a.ts", "const a = (require as any)('a')"),
        ("a.ts", "const a = require<A>('a')"),
        ("a.js", "const a = () => import('a')"),
        ("a.js", "const a = await import\n// where\n('a')"),
        ("a.js", "import a from 'a'; import('b').catch(f)"),
        ("a.js", "import a from 'a'\nconst b = `${require('b')}`"),
        ("a.js", "import { 'a-b' as c } from 'a'"),
        ("a.js", "import a from 'a' with { type: 'json' }"),
        ("a.js", "import a from '\\u0061'"),
        ("a.js", "import defer * as a from 'a'"),
        ("a.js", "import {é} from 'a'"),
        ("a.js", "import { type A } from 'a'"),
        ("a.js", "import type A from 'a'"),
        ("a.js", "export type { A } from 'a'"),
        ("a.js", "export * as 'a' from 'a'"),
        ("a.ts", "import type from 'a'"),
        ("a.ts", "import { type as as b } from 'a'"),
        ("a.ts", "import a = require('a')"),
        ("a.ts", "import type a = require('a')"),
        ("a.ts", "declare module 'a' { import b from 'b' }"),
        ("a.js", "/* never closed"),
        ("a.js", "import a from 'a"),
        ("a.js", "import a from 'a' f()"),
        ("a.js", "import"),
        ("a.js", "export"),
        ("a.js", "import {"),
        ("a.js", "import { a"),
        ("a.vue", "<script>\nimport a from 'a'\n</script>\n<script setup>\nf()\nimport b from 'b'\n</script>"),
    ];
    for (path, text) in cases {
        assert_eq!(scanned(path, text), None, "{text}");
    }
}

#[test]
fn a_module_is_parsed_before_anything_is_said_about_its_imports() {
    let text = "import a from './a'\nimport b from './b'\nf(\n";
    let repo = Repo::of(Tree::memory([("m.js", text), ("a.js", ""), ("c.js", "import a from './a'\nf(\n")]));
    let parsed: Vec<_> = repo.node.iter().map(|module| (repo.tree.path(module.file), module.is_scanned)).collect();
    assert_eq!(parsed, [("a.js", true), ("c.js", true), ("m.js", false)]);
    assert_eq!(repo.skipped().iter().map(|skip| &*skip.path).collect::<Vec<_>>(), ["m.js"]);
}
