//! What Node does with modules that use a browser's globals.

use crate::harness::{self, Files};
use std::process::Command;

/// Whether Node loads a module, and what it says.
fn loads(text: &str) -> (bool, String) {
    let output = Command::new("node").args(["--input-type=module", "-e", text]).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Whether the lint reports a module that a page of SvelteKit imports.
fn is_reported(text: &str) -> bool {
    let page = "<script>\n  import { x } from \"../size.js\";\n</script>\n<p>{x}</p>\n";
    let files: Files = [
        ("package.json", "{ \"devDependencies\": { \"@sveltejs/kit\": \"2\" } }"),
        ("src/routes/+page.svelte", page),
        ("src/size.js", text),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .collect();
    let repo = harness::repo(&files);
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "browser-global-on-server").unwrap();
    !harness::report_of(&repo, &lint).diagnostics.is_empty()
}

#[test]
fn what_is_reported_throws_and_what_is_not_loads() {
    let modules = [
        ("export const x = window.innerWidth;", Some("window")),
        ("export const x = document.title;", Some("document")),
        ("window.ready = true; export const x = 1;", Some("window")),
        ("export const x = window?.innerWidth;", Some("window")),
        ("export const x = window?.innerWidth ?? 0;", Some("window")),
        ("export const x = matchMedia('(min-width: 1px)').matches;", Some("matchMedia")),
        ("const read = () => document.title;\nexport const x = read();", Some("document")),
        ("class Badge extends HTMLElement {}\nexport const x = Badge;", Some("HTMLElement")),
        ("export const x = (() => new ResizeObserver(() => {}))();", Some("ResizeObserver")),
        ("export const x = globalThis.window?.innerWidth ?? 0;", None),
        ("export const x = typeof window === 'undefined' ? 0 : window.innerWidth;", None),
        ("export const x = typeof window !== 'undefined' && window.innerWidth;", None),
        ("export const x = 'document' in globalThis ? document.title : '';", None),
        ("export const x = () => document.title;", None),
        ("export let x = 0;\ntry {\n  x = window.innerWidth;\n} catch {}", None),
        ("if (typeof document !== 'undefined') {\n  document.title = 'x';\n}\nexport const x = 1;", None),
    ];
    for (text, global) in modules {
        let (loads, said) = loads(text);
        assert_eq!(loads, global.is_none(), "{text}: {said}");
        if let Some(global) = global {
            assert!(said.contains(&format!("{global} is not defined")), "{text}: {said}");
        }
        assert_eq!(is_reported(text), global.is_some(), "{text}");
    }
}
