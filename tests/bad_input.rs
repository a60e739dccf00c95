//! What no repository should hold: no panic, no hang, the rest is checked, and what was not understood is listed.

use crate::program::{Run, command, copy_program, finish, place, twiceshy};
use std::path::Path;

/// A file with a finding that has to come out whatever stands beside it.
fn add_witness(directory: &Path) {
    let workflows = directory.join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    let text = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/nowhere.yml\n";
    std::fs::write(workflows.join("witness.yml"), text).unwrap();
}

/// Runs on a directory that also holds the witness; fails if that is not found, or if anything of ours broke.
fn survives(directory: &Path) -> Run {
    add_witness(directory);
    let run = twiceshy(directory, &["check", "--format", "json"]);
    assert!(run.code < 2, "{run:?}");
    assert_eq!(run.err, "");
    let json = run.json();
    let found = json["diagnostics"].as_array().unwrap();
    assert!(found.iter().any(|found| found["lint"] == "unknown-workflow"), "the rest was not checked: {}", run.out);
    assert!(!run.out.contains("internal error"), "{:?}", json["skipped"]);
    run
}

/// One file for every language, written in a way that each of them reads.
const KINDS: [&str; 17] = [
    "compose.yml",
    ".github/workflows/x.yml",
    "Dockerfile",
    ".dockerignore",
    "run.sh",
    "Makefile",
    "app.py",
    "app.js",
    "app.ts",
    "app.tsx",
    "app.svelte",
    "package.json",
    "tsconfig.json",
    "app.env",
    "pyproject.toml",
    "main.rs",
    "README.md",
];

fn everywhere(bytes: &[u8]) -> tempfile::TempDir {
    place(&KINDS.map(|path| (path, bytes)))
}

#[test]
fn broken_files_are_listed_with_the_line_that_breaks_them() {
    let mut unlisted = Vec::new();
    for (path, text, line) in [
        ("compose.yml", "services:\n  web: [a\n", 0),
        ("compose.yml", "services:\n  web:\n\timage: x\n", 3),
        (".github/workflows/x.yml", "on: push\njobs: {a: ]\n", 2),
        ("run.sh", "echo a\necho 'b\n", 2),
        ("run.sh", "if true; then\n  echo a\n", 0),
        ("Makefile", "all:\n\techo a )\n", 2),
        ("app.py", "import json\ndef f(:\n  json.dumps(1)\n", 2),
        ("app.js", "const a = require('./b');\nlet = = 2;\n", 2),
        ("app.ts", "type A = ;\nconst b = import('./c');\n", 1),
        ("package.json", "{\n  \"scripts\": {\n", 0),
        ("tsconfig.json", "{ \"paths\": \n", 0),
        ("pyproject.toml", "[project]\ndependencies = [\n", 0),
    ] {
        let directory = place(&[(path, text.as_bytes())]);
        let reasons = survives(directory.path()).skipped(path);
        let at = format!("line {line}: ");
        if !reasons.iter().any(|reason| line == 0 || reason.starts_with(&at)) {
            unlisted.push(format!("{path}: {text:?}: {reasons:?}"));
        }
    }
    assert_eq!(unlisted, [""; 0]);
}

#[test]
fn a_mistake_in_a_module_whose_imports_alone_matter_is_listed_when_asked_for() {
    let directory = place(&[("app.py", b"import os\ndef f(:\n".as_slice()), ("app.js", b"let = = 2;\n")]);
    assert_eq!(survives(directory.path()).json()["skipped"].as_array().unwrap().len(), 0);
    let run = twiceshy(directory.path(), &["check", "--strict", "--format", "json"]);
    assert_eq!((run.code, run.skipped("app.py").len(), run.skipped("app.js").len()), (2, 1, 1), "{run:?}");
}

#[test]
fn bytes_that_are_not_text_are_listed_in_every_language() {
    let reasons = survives(everywhere(b"a: 1\nb\0c\n").path());
    for path in KINDS {
        assert_eq!(reasons.skipped(path), ["not text: it holds NUL bytes"], "{path}");
    }
    let reasons = survives(everywhere(b"# caf\xe9\n").path());
    for path in KINDS {
        let reasons = reasons.skipped(path);
        assert!(reasons.iter().any(|reason| reason.starts_with("line 1: not UTF-8")), "{path}: {reasons:?}");
    }
    let utf16: Vec<u8> = "a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reasons = survives(everywhere(&utf16).path());
    for path in KINDS {
        assert_eq!(reasons.skipped(path).len(), 1, "{path}");
    }
}

#[test]
fn empty_files_byte_order_marks_and_foreign_line_breaks_are_no_flaws() {
    for bytes in [&b""[..], b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"] {
        let run = survives(everywhere(bytes).path());
        for path in KINDS.iter().filter(|path| !path.ends_with(".json")) {
            assert_eq!(run.skipped(path), [""; 0], "{path}: {bytes:?}");
        }
    }
    let directory = place(&[
        ("compose.yml", b"\xef\xbb\xbfservices:\r\n  web:\r\n    image: x\r\n"),
        ("run.sh", b"\xef\xbb\xbfset -e\r\nif true; then\r\n  echo a\r\nfi\r\n"),
        ("app.py", b"\xef\xbb\xbfimport os\r\n\r\ndef f():\r\n    pass\r\n"),
        ("app.js", b"\xef\xbb\xbflet a = 1;\r\n"),
        ("package.json", b"\xef\xbb\xbf{\r\n}\r\n"),
        ("pyproject.toml", b"\xef\xbb\xbf[project]\r\n"),
    ]);
    let run = survives(directory.path());
    for path in ["compose.yml", "app.py", "app.js", "package.json", "pyproject.toml"] {
        assert_eq!(run.skipped(path), [""; 0], "{path}");
    }
}

#[test]
fn garbage_is_garbage_in_every_language() {
    let mut state = 1_u32;
    let mut noise = Vec::new();
    while noise.len() < 40_000 {
        // Numerical Recipes' generator: the same noise each time.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push(b"(){}[]<>\"'`$\\|&;:,.-#*!?%@~^=+/ \n\t\r0a_"[(state >> 16) as usize % 37]);
    }
    for part in noise.chunks(10_000) {
        survives(everywhere(part).path());
    }
    let pictures: String = ('\u{1}'..'\u{3000}').chain('\u{1f300}'..'\u{1f700}').collect();
    survives(everywhere(pictures.as_bytes()).path());
}

/// `open` 10,000 times, `inside`, `close` 10,000 times.
fn nested(open: &str, inside: &str, close: &str) -> String {
    nested_to(10_000, open, inside, close)
}

fn nested_to(depth: usize, open: &str, inside: &str, close: &str) -> String {
    open.repeat(depth) + inside + &close.repeat(depth)
}

/// One more blank before `line` each time: `depth` blocks, each in the one before.
fn indented(depth: usize, line: &str) -> String {
    (0..depth).map(|at| format!("{}{line}\n", " ".repeat(at))).collect()
}

fn assert_survives_each(path: &str, texts: &[String]) {
    // Separate runs where it is the file's name that decides, one tree otherwise.
    let directory = tempfile::tempdir().unwrap();
    for (at, text) in texts.iter().enumerate() {
        let file = directory.path().join(format!("{at}")).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    survives(directory.path());
}

#[test]
fn deep_yaml() {
    let texts = [
        nested("[", "", "]"),
        nested("[", "", ""),
        nested("{a: ", "1", "}"),
        nested("- ", "a", ""),
        nested("? ", "a", ""),
        nested("!t ", "a", ""),
        nested("&a ", "a", ""),
        indented(1500, "a:"),
        indented(1500, "-"),
        format!("services:\n  web:\n    image: {}\n", nested("${A:-", "x", "}")),
        format!("services:\n  web:\n    command: {}\n", nested("[", "a", "]")),
        format!("services: {}\n", nested("{a: ", "1", "}")),
    ];
    assert_survives_each("compose.yml", &texts);
    let directory = tempfile::tempdir().unwrap();
    let workflows = directory.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    for (at, text) in texts.iter().enumerate() {
        std::fs::write(workflows.join(format!("{at}.yml")), text).unwrap();
    }
    let step = |run: &str| format!("on: push\njobs:\n  a:\n    steps:\n      - run: {run}\n");
    std::fs::write(workflows.join("shell.yml"), step(&nested("$(", "true", ")"))).unwrap();
    std::fs::write(workflows.join("expression.yml"), step(&format!("${{{{ {} }}}}", nested("(", "1", ")")))).unwrap();
    survives(directory.path());
}

#[test]
fn deep_shell() {
    let texts = [
        nested("(", "true", ")"),
        nested("( ", "true", " )"),
        nested("{ ", "true", "; }"),
        nested("$(", "true", ")"),
        nested("\"$(", "true", ")\""),
        nested("((", "1", "))"),
        format!("a=$(({}))", nested("(", "1", ")")),
        nested("${a:-", "x", "}"),
        nested("if true; then ", "true", "; fi"),
        nested("while true; do ", "true", "; done"),
        nested("for a in b; do ", "true", "; done"),
        nested("case a in a) ", "true", ";; esac"),
        nested("f() { ", "true", "; }"),
        nested("true && ", "true", ""),
        nested("true | ", "true", ""),
        nested("! ", "true", ""),
        nested("`", "true", "`"),
        nested("<(", "true", ")"),
        nested("<<E ", "", ""),
        nested_to(2000, "cat <<E\n", "a\n", "E\n"),
        nested("sh -c '", "true", "'"),
        nested("ssh host \"", "true", "\""),
        nested("eval ", "true", ""),
        nested("sudo ", "true", ""),
        nested("env A=1 ", "true", ""),
        nested("[[ ( ", "a", " ) ]]"),
        nested("if true; then\n", "", ""),
        format!("a {}", nested("{", "a,b", "}")),
        nested("\\\n", "true", ""),
    ];
    assert_survives_each("run.sh", &texts);
    let directory = tempfile::tempdir().unwrap();
    for (at, text) in texts.iter().enumerate() {
        let text = text.replace('\n', " ");
        let file = |name: &str, text: String| {
            let path = directory.path().join(at.to_string()).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file("Dockerfile", format!("FROM scratch\nRUN {text}\nHEALTHCHECK CMD {text}\n"));
        file("Makefile", format!("a:\n\t{text}\n"));
        file("README.md", format!("```sh\n{text}\n```\n"));
        file("package.json", serde_json::json!({ "scripts": { "a": text } }).to_string());
    }
    survives(directory.path());
}

#[test]
fn deep_python() {
    assert_survives_each(
        "app.py",
        &[
            nested("(", "1", ")"),
            nested("[", "", "]"),
            nested("{1: ", "1", "}"),
            nested("f(", "", ")"),
            nested("a[", "1", "]"),
            nested("not ", "a", ""),
            nested("-", "1", ""),
            nested("await ", "a", ""),
            nested("lambda: ", "1", ""),
            nested("a.", "a", ""),
            nested("a + ", "a", ""),
            nested("a ** ", "a", ""),
            nested("a and b or ", "a", ""),
            nested("a if b else ", "a", ""),
            nested("a = ", "1", ""),
            nested("a < ", "1", ""),
            nested("f()", "", "()"),
            nested("f'{", "1", "}'"),
            nested_to(150, "f'{", "1", "}'"),
            indented(1500, "if a:"),
            indented(1500, "def f():"),
            indented(1500, "class A:"),
            indented(1500, "try:"),
            format!("if a:\n  pass\n{}", "elif a:\n  pass\n".repeat(10_000)),
            format!("match a:\n  case {}:\n    pass\n", nested("[", "a", "]")),
            nested("@a\n", "def f(): pass\n", ""),
            nested("'a' ", "", ""),
        ],
    );
}

#[test]
fn deep_javascript() {
    let texts = [
        nested("(", "1", ")"),
        nested("[", "", "]"),
        format!("x = {}", nested("{a: ", "1", "}")),
        nested("{", "", "}"),
        nested("f(", "", ")"),
        nested("a[", "1", "]"),
        nested("!", "a", ""),
        nested("typeof ", "a", ""),
        nested("() => ", "1", ""),
        nested("(() => {", "", "})"),
        nested("function f() {", "", "}"),
        nested("a.", "a", ""),
        nested("a?.", "a", ""),
        nested("a + ", "a", ""),
        nested("a ** ", "a", ""),
        nested("a ? b : ", "c", ""),
        nested("a ?? ", "c", ""),
        nested("a = ", "1", ""),
        nested("`${", "1", "}`"),
        nested("if (a) ", "b;", ""),
        nested("if (a) b; else ", "c;", ""),
        nested("for (;;) ", "b;", ""),
        nested("a: ", "b;", ""),
        nested("class A { b() {", "", "}}"),
        nested("new ", "A", ""),
        nested("import(", "'a'", ")"),
        nested("f()", "", "()"),
        nested("/(", "a", ")/"),
        format!("let {} = b", nested("{a: ", "c", "}")),
    ];
    assert_survives_each("app.js", &texts);
    let mut typed = texts.to_vec();
    typed.extend([
        format!("type A = {}", nested("Array<", "1", ">")),
        format!("type A = {}", nested("(", "1", ")")),
        format!("type A = {}", nested("{a: ", "1", "}")),
        format!("type A = {}", nested("a extends b ? c : ", "1", "")),
        nested("namespace a { ", "", "}"),
    ]);
    assert_survives_each("app.ts", &typed);
    let elements = [
        nested("<a>", "x", "</a>"),
        nested("<>", "x", "</>"),
        nested("<a b={", "1", "}/>"),
        nested("<a>{", "1", "}</a>"),
    ];
    assert_survives_each("app.tsx", &elements);
    let component = |script: &str| format!("<script>\n{script}\n</script>\n<p>{}</p>", nested("<b>", "", "</b>"));
    assert_survives_each("app.svelte", &texts.map(|text| component(&text)));
}

#[test]
fn deep_everything_else() {
    assert_survives_each(
        "package.json",
        &[
            nested("[", "", "]"),
            nested("{\"a\":", "1", "}"),
            nested("[", "", ""),
            nested("{\"a\":{\"scripts\":", "1", "}}"),
        ],
    );
    assert_survives_each("tsconfig.json", &[nested("[", "", "]"), nested("{\"a\":", "1", "}"), nested("/*", "", "*/")]);
    assert_survives_each(
        "pyproject.toml",
        &[
            format!("a = {}", nested("[", "", "]")),
            format!("a = {}", nested("{a = ", "1", "}")),
            format!("a{} = 1", ".a".repeat(10_000)),
            format!("[a{}]", ".a".repeat(10_000)),
            "[[a]]\n".repeat(10_000),
        ],
    );
    assert_survives_each(
        "main.rs",
        &[
            format!("fn main() {{ {} }}", nested("(", "1", ")")),
            format!("fn main() {{ {} }}", nested("{", "", "}")),
            format!("fn main() {{ {} }}", nested("!", "a", "")),
            format!("fn main() {{ {} }}", nested("|| ", "1", "")),
            format!("fn main() {{ m!{} }}", nested("(", "1", ")")),
            format!("fn main() {{ {} }}", nested("if a { b } else ", "{ c }", "")),
            format!("fn main() {{ a = {} }}", nested("a + ", "1", "")),
            format!("type A = {};", nested("Vec<", "u8", ">")),
            nested("mod a { ", "", "}"),
            nested("#[a]", "fn f() {}", ""),
        ],
    );
    assert_survives_each(
        "README.md",
        &[
            nested("> ", "a", ""),
            nested("- ", "a", ""),
            nested("[", "a", "](b)"),
            nested("*", "a", "*"),
            nested("`", "a", ""),
            nested("<b>", "a", "</b>"),
            indented(1500, "- a"),
            "```sh\n".repeat(10_000),
        ],
    );
    assert_survives_each(
        "Dockerfile",
        &[
            format!("FROM a\nENV A={}\n", nested("${A:-", "x", "}")),
            format!("FROM a\nRUN {}\n", nested("a \\\n", "b", "")),
            format!("FROM a\nRUN {}\n{}", "<<E ".repeat(5_000), "E\n".repeat(5_000)),
            format!("FROM a\nCMD {}\n", nested("[", "", "]")),
            format!("{}FROM a\n", "ONBUILD ".repeat(10_000)),
            "FROM a AS b\n".repeat(10_000),
            (0..3000).map(|at| format!("FROM a{at} AS a{}\n", at + 1)).collect(),
        ],
    );
    assert_survives_each(
        "Makefile",
        &[nested("$(a ", "b", ")"), nested("a: ", "b\n\ttrue\n", ""), nested("ifdef A\n", "", "endif\n")],
    );
    assert_survives_each(
        "app.env",
        &[format!("A={}\n", nested("${A:-", "x", "}")), format!("A=\"{}\n", nested("$(", "x", ")"))],
    );
    assert_survives_each(
        ".dockerignore",
        &[nested("a/", "b", ""), nested("**/", "b", ""), nested("!", "b", ""), nested("[", "b", "]")],
    );
}

#[test]
fn alias_bombs_stay_small() {
    // A billion laughs: nine levels of nine aliases each.
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    let mut merges = String::from("b0: &b0 {k0: v}\n");
    for level in 1..40 {
        let list = |name: &str| vec![format!("*{name}{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", list("a")));
        merges.push_str(&format!("b{level}: &b{level} {{<<: [{}], k{level}: v}}\n", list("b")));
    }
    let use_all = |top: &str| {
        format!(
            "services:\n  web:\n    image: x\n    command: *{top}\n    environment: *{top}\n    volumes: *{top}\n    ports: *{top}\n    <<: *{top}\n"
        )
    };
    let cycle = "a: &a [*a]\nb: &b {<<: *b, c: *b}\nservices: &s\n  web: *s\n  <<: *s\n";
    let texts = [laughs.clone() + &use_all("a39"), merges.clone() + &use_all("b39"), cycle.to_owned()];
    assert_survives_each("compose.yml", &texts);
    let workflow = |top: &str| format!("on: push\njobs:\n  a:\n    env: *{top}\n    steps: *{top}\n  b: *{top}\n");
    let directory = tempfile::tempdir().unwrap();
    let workflows = directory.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("laughs.yml"), laughs + &workflow("a39")).unwrap();
    std::fs::write(workflows.join("merges.yml"), merges + &workflow("b39")).unwrap();
    std::fs::write(workflows.join("cycle.yml"), "on: push\njobs: &j\n  a: *j\n  b: {steps: [*j, {run: *j}]}\n")
        .unwrap();
    survives(directory.path());
}

#[test]
fn documents_that_lead_back_to_themselves_end() {
    let directory = place(&[
        ("compose.yml", b"include: [compose.yml, other/compose.yml]\nservices:\n  a: {extends: {service: b}}\n  b: {extends: {service: a}}\n  c: {image: x, depends_on: [c], extends: {file: compose.yml, service: c}}\n"),
        ("other/compose.yml", b"include: [../compose.yml]\nservices:\n  d: {image: x, extends: {file: ../compose.yml, service: d}}\n"),
        ("Dockerfile", b"FROM b AS a\nFROM a AS b\nCOPY --from=b /x /x\nFROM b\nCOPY --from=c . .\n"),
        ("a.sh", b". ./b.sh\n./b.sh\nf() { f; g; }\ng() { f; }\nf\nA=$B B=$A\n"),
        ("b.sh", b". ./a.sh\nsource ./b.sh\nbash a.sh\n"),
        ("app/a.py", b"from app.b import *\nfrom .a import a\n"),
        ("app/b.py", b"from app.a import *\n"),
        ("migrations/1.py", b"revision = 'a'\ndown_revision = 'b'\n"),
        ("migrations/2.py", b"revision = 'b'\ndown_revision = 'a'\n"),
        ("migrations/3.py", b"revision = 'c'\ndown_revision = ('c', 'a')\n"),
        ("src/a.ts", b"export * from './b'; import './a';\n"),
        ("src/b.ts", b"export * from './a';\n"),
        ("tsconfig.json", b"{\"extends\": \"./tsconfig.json\", \"compilerOptions\": {\"paths\": {\"*\": [\"*\"]}}}"),
        ("package.json", b"{\"scripts\": {\"a\": \"npm run b\", \"b\": \"npm run a\", \"prea\": \"npm run a\"}}"),
        (".github/workflows/a.yml", b"on: {workflow_call: {}, workflow_run: {workflows: [a]}}\nname: a\njobs:\n  x: {needs: [y], uses: ./.github/workflows/a.yml}\n  y: {needs: [x, y], runs-on: a, steps: [{run: ./a.sh}]}\n"),
        ("Makefile", b"a: b\n\tmake b\nb: a\n\t$(MAKE) a\nX = $(Y)\nY = $(X)\n"),
        ("app.env", b"A=${B}\nB=${A}\nC=${C:-$C}\n"),
    ]);
    survives(directory.path());
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_but_inside() {
    use std::os::unix::fs::symlink;
    let outside = place(&[("compose.yml", b"services: [\n"), ("secret/run.sh", b"echo \xff\n")]);
    let directory = place(&[("real/compose.yml", b"services: {}\n")]);
    let root = directory.path();
    symlink("loop.sh", root.join("loop.sh")).unwrap();
    symlink("b.py", root.join("a.py")).unwrap();
    symlink("a.py", root.join("b.py")).unwrap();
    symlink(".", root.join("self")).unwrap();
    symlink("..", root.join("real/up")).unwrap();
    symlink(outside.path(), root.join("out")).unwrap();
    symlink(outside.path().join("compose.yml"), root.join("compose.yml")).unwrap();
    symlink("missing/Dockerfile", root.join("Dockerfile")).unwrap();
    symlink("/dev/zero", root.join("zero.sh")).unwrap();
    symlink("/etc/passwd", root.join("docker-compose.yml")).unwrap();
    let run = survives(root);
    assert_eq!(run.json()["skipped"].as_array().unwrap().len(), 0, "{}", run.out);
    let through = place(&[]);
    symlink(root, through.path().join("link")).unwrap();
    assert_eq!(twiceshy(through.path(), &["check", "link"]).code, 1, "a link that is named is followed");
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_devices_and_directories_under_names_of_ours_are_not_waited_for() {
    let directory = place(&[("Dockerfile/inner.sh", b"true\n"), ("run.sh/compose.yml/x", b"")]);
    let fifo = |name: &str| {
        let mut mkfifo = std::process::Command::new("mkfifo");
        mkfifo.arg(directory.path().join(name));
        assert_eq!(finish(mkfifo).code, 0);
    };
    fifo("compose.yml");
    fifo("app.py");
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("x.sh")).unwrap();
    let run = survives(directory.path());
    for path in ["compose.yml", "app.py", "x.sh"] {
        assert_eq!(run.skipped(path), ["not a regular file"], "{path}");
    }
    let named = twiceshy(directory.path(), &["check", "compose.yml"]);
    assert_eq!(named.code, 2, "{named:?}");
    assert!(named.err.contains("compose.yml: not a regular file"), "{named:?}");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_listed() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let directory = place(&[("compose.yml", b"services: {}\n"), ("locked/run.sh", b"true\n"), ("run.sh", b"true\n")]);
    add_witness(directory.path());
    let mode = |path: &str, mode: u32| {
        std::fs::set_permissions(directory.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o755);
    mode("compose.yml", 0o000);
    mode("locked", 0o000);
    let mut check = command(directory.path(), &["check", "--format", "json"]);
    let is_root = std::fs::metadata(directory.path()).unwrap().uid() == 0;
    let program = place(&[]);
    if is_root {
        // Root may read everything: run a copy, which anybody may start, as nobody.
        std::fs::set_permissions(program.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let copy = program.path().join("twiceshy");
        copy_program(check.get_program(), &copy);
        check = std::process::Command::new(copy);
        check.args(["check", "--format", "json"]).current_dir(directory.path()).uid(65534).gid(65534);
    }
    let run = finish(check);
    mode("locked", 0o755);
    assert_eq!(run.skipped("compose.yml"), ["cannot be read: permission denied"]);
    assert_eq!(run.skipped("locked"), ["cannot be read: permission denied"]);
    assert_eq!(run.code, 1, "the rest is checked: {run:?}");
}

#[test]
fn files_too_large_to_be_written_by_hand_are_listed_unread() {
    let directory = everywhere(b"");
    for path in KINDS {
        let file = std::fs::File::options().write(true).open(directory.path().join(path)).unwrap();
        // Sparse: it takes no room.
        file.set_len(100 << 20).unwrap();
    }
    let run = survives(directory.path());
    for path in KINDS {
        assert_eq!(run.skipped(path), ["too large: 104857600 bytes, the limit is 4194304"], "{path}");
    }
}

#[test]
fn long_files_and_long_lines_take_time_that_grows_with_them_only() {
    let long = |part: &str| part.repeat(150_000 / part.len());
    for part in [
        "a", "a ", "a\n", "\n", "# a\n", "- a\n", "a: b\n", "a=b\n", "'", "\"", "`", "$a ", "\\\n", "a;", "(\n", "<a>",
        "/",
    ] {
        survives(everywhere(long(part).as_bytes()).path());
    }
    let directory = place(&[
        (
            "compose.yml",
            ("services:\n".to_owned()
                + &(0..4000)
                    .map(|at| {
                        format!(
                            "  s{at}: {{image: x, depends_on: [s{}], environment: {{A: $A}}, ports: ['{at}:1']}}\n",
                            at / 2
                        )
                    })
                    .collect::<String>())
                .as_bytes(),
        ),
        ("run.sh", long("cmd a b | grep c > d && e || f\n").as_bytes()),
        ("set.sh", ("set -euo pipefail\n".to_owned() + &long("f() { if a; then b; fi; }\nf\nx=$(f)\n")).as_bytes()),
        ("app.py", long("x = os.environ['A']\n").as_bytes()),
        ("app.js", long("const a = process.env.A;\n").as_bytes()),
        ("Dockerfile", ("FROM a\n".to_owned() + &long("RUN a && b\nENV A=$A\n")).as_bytes()),
        ("Makefile", long("a:\n\tb $(C)\n").as_bytes()),
        ("README.md", long("```sh\na b\n```\n").as_bytes()),
        (".dockerignore", long("**/a*b*c*d/**\n").as_bytes()),
        (".gitignore", "**/q*r*s*t/**/z\n".repeat(2000).as_bytes()),
    ]);
    survives(directory.path());
}

#[test]
fn names_that_a_terminal_would_obey_are_shown_not_obeyed() {
    let directory = place(&[
        ("a\u{1b}[2J\n/app.sh", b"if\n"),
        ("\u{1b}]0;owned\u{7}.sh", b"if\n"),
        ("-rf.sh", b"if\n"),
        ("spa ce \"quote\" %41 \u{202e}.sh", b"if\n"),
    ]);
    let run = survives(directory.path());
    assert_eq!(run.skipped("a\u{1b}[2J\n").len(), 1, "JSON holds the names as they are");
    for args in [&["check", "--verbose"][..], &["check", "--verbose", "--color", "never"], &["check", "--diff"]] {
        let run = twiceshy(directory.path(), args);
        for ch in run.out.chars().chain(run.err.chars()) {
            assert!(ch == '\n' || !ch.is_control(), "{args:?} writes {ch:?}: {run:?}");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.sh");
        std::fs::write(directory.path().join(name), "true\n").unwrap();
        let run = survives(directory.path());
        assert_eq!(run.skipped("caf\u{fffd}.sh"), ["its name is not UTF-8"]);
        let named = twiceshy(directory.path(), &["check".as_ref(), name]);
        assert_eq!(named.code, 2, "{named:?}");
    }
}

#[test]
fn a_directory_nested_a_thousand_deep_is_walked() {
    let directory = place(&[]);
    // One step at a time: the whole path is longer than the system takes.
    let deep = "d/".repeat(1000);
    std::fs::create_dir_all(directory.path().join(&deep)).unwrap();
    std::fs::write(directory.path().join(&deep).join("app.sh"), "if\n").unwrap();
    let run = survives(directory.path());
    assert_eq!(run.skipped("d").len(), 1);
}

#[test]
fn a_damaged_git_directory_is_no_reason_to_stop() {
    for (path, bytes) in [
        (".git/index", &b"garbage"[..]),
        (".git/index", b"DIRC\0\0\0\x02\xff\xff\xff\xff"),
        (".git/index", b""),
        (".git", b"gitdir: ../../../../nowhere\n"),
        (".git", b"\xff\0"),
        (".gitignore", b"[\n!\n\\\n**a**b**\xff\n{a,b\n"),
        (".gitmodules", b"[submodule \"\n"),
    ] {
        let directory = place(&[(path, bytes)]);
        survives(directory.path());
    }
}
