//! YAML in cases: spans, extracts, aliases, recovery, hostile files, edits.

use super::*;
use crate::work::Work;
use twiceshy_source::{Edit, Quoting, apply};

const FILE: FileId = FileId(0);

/// Every scalar that can be reached without aliases.
fn scalars(yaml: &Yaml) -> Vec<Node<'_>> {
    (0..yaml.nodes.len() as u32)
        .map(|id| Node { yaml, id, via: NONE, depth: 0 })
        .filter(|node| node.as_str().is_some())
        .collect()
}

/// The extract of every scalar has its value, and each byte stands where the extract says.
fn check_extracts(text: &str) {
    let yaml = parse(text);
    for node in scalars(&yaml) {
        let value = node.as_str().unwrap();
        let extract = node.extract(FILE, text).unwrap();
        assert_eq!(extract.text(), value);
        for (at, byte) in value.bytes().enumerate() {
            let place = extract.place(Span::new(at, at + 1));
            assert!(
                place.start >= node.span().start || matches!(node.style(), Style::Literal | Style::Folded),
                "{value:?}"
            );
            let host = &text.as_bytes()[place.range()];
            let folded = byte == b' ' && host.iter().any(|b| matches!(b, b'\n' | b'\r'));
            let broken = byte == b'\n' && host.contains(&b'\n');
            let verbatim = host == [byte] || (host.len() > 1 && extract.quoting() != Quoting::Indented(0));
            assert!(verbatim || folded || broken, "{value:?} byte {at}: {:?}", String::from_utf8_lossy(host));
        }
    }
}

fn root_str<'y>(yaml: &'y Yaml, key: &str) -> &'y str {
    yaml.root().and_then(|root| root.get(key)).and_then(Node::as_str).unwrap()
}

const SCALARS: &str = "plain: one two\nmulti: one\n  two\n\n  three   # no part of it\nsingle: 'it''s\n  here'\n\
double: \"tab\\tquote\\\" \\u00e4 \\\n  joined\n  folded \\x41\"\nliteral: |\n  a\n    b\n\n  c\nstrip: |-\n  x\n  y\n\nkeep: |+\n  z\n\n\
folded: >\n  one\n  two\n\n  three\n    spaced\n    lines\n  four\nhinted: |2\n    lead\n  text\nblank: |\n\n\n  late\nlast: >-\n  a\n  b\n\
list:\n- x\n- |\n  in list\n- - nested\nempty: \"\"\nnone:\n";

#[test]
fn every_scalar_knows_where_each_byte_stands() {
    check_extracts(SCALARS);
    check_extracts(&SCALARS.replace('\n', "\r\n"));
    check_extracts("# ümläut\nä: \"ö\\n\"\nb: |\n  ü\n  ß\nc: 'é''è'\n");
    check_extracts("run: | # comment | more\n  echo hi\n");
    let yaml = parse(SCALARS);
    let opaque: Vec<_> = scalars(&yaml)
        .into_iter()
        .filter(|node| node.extract(FILE, SCALARS).is_some_and(|extract| extract.quoting() == Quoting::Opaque))
        .filter_map(Node::as_str)
        .collect();
    assert_eq!(opaque, [""; 0], "every scalar is read back");
    assert!(yaml.flaws.is_empty());
}

#[test]
fn block_scalars_map_line_by_line_and_edits_keep_their_indentation() {
    let text = "run: |\n    set -e\n    echo hi\nnext: 1\n";
    let yaml = parse(text);
    let run = yaml.root().unwrap().get("run").unwrap();
    assert_eq!(run.span().of(text), "set -e\n    echo hi");
    let extract = run.extract(FILE, text).unwrap();
    assert_eq!(extract.place(Span::new(7, 11)).span().of(text), "echo");
    let edit = extract.edit(Span::new(7, 7), "date\n").unwrap();
    assert_eq!(apply(text, &[edit]).unwrap(), "run: |\n    set -e\n    date\n    echo hi\nnext: 1\n");
}

#[test]
fn spans_cover_exactly_the_node() {
    let text = "a: &x\n  b: 1   # c\n  c:\ns:\n- one\n- {k: v}\n\nq: \"z\"\n";
    let yaml = parse(text);
    let root = yaml.root().unwrap();
    let of = |path: &[&str]| root.at(path).unwrap().span().of(text);
    assert_eq!(of(&["a"]), "b: 1   # c\n  c:");
    assert_eq!(of(&["a", "c"]), "");
    assert_eq!(of(&["s"]), "- one\n- {k: v}");
    assert_eq!(of(&["q"]), "\"z\"");
    assert_eq!(root.get("s").unwrap().items()[1].span().of(text), "{k: v}");
    assert_eq!(yaml.comments.iter().map(|span| span.of(text)).collect::<Vec<_>>(), ["# c"]);
    assert!(root.at(&["a", "c"]).unwrap().is_null());
}

#[test]
fn aliases_are_followed_and_merge_keys_yield_to_own_keys() {
    let text =
        "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nuse:\n  <<: [*b, *m]\n  x: 0\n  quoted: {'<<': *b}\nplain: *b\n";
    let yaml = parse(text);
    let root = yaml.root().unwrap();
    let used = root.get("use").unwrap();
    let pairs: Vec<_> = used.entries().iter().filter_map(|(k, v)| Some((k.as_str()?, v.as_str()?))).collect();
    assert_eq!(pairs, [("x", "0"), ("y", "2"), ("z", "4")]);
    assert_eq!(used.get("y").and_then(Node::as_str), Some("2"));
    assert_eq!(used.get("y").and_then(Node::via).map(|span| span.of(text)), Some("*b"));
    assert_eq!(used.at(&["quoted", "x"]).map(|_| ()), None);
    assert_eq!(root.at(&["plain", "x"]).and_then(Node::as_str), Some("1"));
    assert_eq!(root.get("plain").and_then(Node::via).map(|span| span.of(text)), Some("*b"));
}

#[test]
fn tags_are_kept_as_written() {
    let yaml = parse("a: !reset null\nb: !override\n  - 1\nc: !!str null\n");
    let root = yaml.root().unwrap();
    assert_eq!(root.get("a").and_then(Node::tag), Some("!reset"));
    assert!(root.get("a").unwrap().is_null() && !root.get("c").unwrap().is_null());
    assert_eq!(root.get("b").and_then(Node::tag), Some("!override"));
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    let yaml = parse("a: 1\na: 2\n");
    assert_eq!(root_str(&yaml, "a"), "2");
    assert_eq!(yaml.root().unwrap().entries().len(), 2);
}

#[test]
fn reading_goes_on_after_a_line_that_cannot_be_read() {
    for (text, line) in [
        ("a: 1\nbare\nb: 2\nc:\n  d: 3\n", "bare"),
        ("a: 1\n\tb: 0\nb: 2\nc:\n  d: 3\n", "\tb: 0"),
        ("a: 1\nx: \"open\nb: 2\nc:\n  d: 3\n", "x: \"open"),
        ("a: 1\nx: [open\nb: 2\nc:\n  d: 3\n", "x: [open"),
        ("a: 1\nx: {{ helm }}: y\nb: 2\nc:\n  d: 3\n", "x: {{ helm }}: y"),
    ] {
        let yaml = parse(text);
        let root = yaml.root().unwrap();
        assert_eq!(root.at(&["c", "d"]).and_then(Node::as_str), Some("3"), "{line}");
        assert_eq!((root_str(&yaml, "a"), root_str(&yaml, "b")), ("1", "2"), "{line}");
        assert_eq!(yaml.flaws.len(), 1, "{line}: {:?}", yaml.flaws);
    }
}

/// Walks over everything, counting nodes, as a visitor does that knows nothing of aliases.
fn walk(node: Node<'_>) -> u64 {
    1 + node.items().into_iter().map(walk).sum::<u64>()
        + node.entries().into_iter().map(|(key, value)| walk(key) + walk(value)).sum::<u64>()
}

#[test]
fn hostile_files_neither_crash_nor_hang() {
    let bomb: String =
        (1..10).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))).collect();
    let merges: String =
        (1..10).map(|n| format!("m{n}: &m{n} {{<<: [{}]}}\n", vec![format!("*m{}", n - 1); 10].join(", "))).collect();
    let chain: String = (1..5000).map(|n| format!("- &a{n} [*a{}]\n", n - 1)).collect();
    let texts = [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "? ".repeat(10_000),
        (0..10_000).map(|n| format!("{}a:\n", " ".repeat(n.min(3000)))).collect(),
        format!("a0: &a0 [x]\n{bomb}"),
        format!("m0: &m0 {{x: y}}\n{merges}"),
        format!("- &a0 x\n{chain}"),
        "&a [*a, *a]".to_owned(),
        "a: &a\n  <<: *a\n  b: *a\n".to_owned(),
        "a: \0\nb: 1\n".to_owned(),
        "\t\t\n\ta: 1\n".to_owned(),
        "a: |9\n x\n".to_owned(),
        "a: \"\\q\"\n".to_owned(),
        "\u{feff}a: 1\r\nb: 2\r\n".to_owned(),
        format!("a:\n{}  b: 1\n", "# comment\n".repeat(1000)),
        "%YAML 9.9\n---\na\n...\n%FOO\n---\n--- |\nx\n".to_owned(),
    ];
    for text in &texts {
        let work = Work::of("thread-self");
        let yaml = parse(text);
        for root in yaml.documents() {
            walk(root);
            root.get("nothing");
        }
        for node in scalars(&yaml) {
            assert_eq!(node.extract(FILE, text).unwrap().text(), node.as_str().unwrap());
        }
        assert!(work.done().as_secs() < 20, "{:?}", &text[..text.len().min(40)]);
    }
    assert!(parse(&texts[15]).flaws.is_empty(), "long comments are no error");
    assert_eq!(parse("&a [*a]").flaws.len(), 1);
    assert_eq!(parse("x: *y").flaws.len(), 1);
}

#[test]
fn edits_keep_everything_else() {
    let text = "a:\n  b: 1 # one\n  c: [x, y]\n  e:\nd:\n- p\n- q: 1\n  r: 2\n\nz: {k: v}\n";
    let yaml = parse(text);
    let root = yaml.root().unwrap();
    let node = |path: &[&str]| root.at(path).unwrap();
    let edits = Edits::new(FILE, text);
    let after = |edit: Option<Edit>| apply(text, &[edit.unwrap()]).unwrap();
    assert!(after(edits.set(node(&["a"]), "b", "2")).contains("  b: 2 # one\n"));
    assert!(after(edits.set(node(&["a"]), "e", "2")).contains("  e: 2\nd:"));
    assert!(after(edits.set(node(&["a"]), "f", "2")).contains("  e:\n  f: 2\nd:"));
    assert!(after(edits.set(node(&["a"]), "f", "g: 1\nh: 2")).contains("  f:\n    g: 1\n    h: 2\nd:"));
    assert!(after(edits.set(node(&["z"]), "l", "w")).contains("z: {k: v, l: w}"));
    assert!(after(edits.push(node(&["a", "c"]), "w")).contains("[x, y, w]"));
    assert!(after(edits.push(node(&["d"]), "w")).contains("  r: 2\n- w\n"));
    assert!(after(edits.prepend(node(&["a"]), "f", "0")).contains("a:\n  f: 0\n  b: 1"));
    assert!(after(edits.remove(node(&["a"]), "b")).contains("a:\n  c: [x, y]"));
    assert!(after(edits.remove_item(node(&["a", "c"]), 0)).contains("[y]"));
    assert!(after(edits.remove_item(node(&["a", "c"]), 1)).contains("[x]"));
    assert!(after(edits.remove_item(node(&["d"]), 0)).contains("d:\n- q: 1\n"));
    assert!(after(edits.remove_item(node(&["d"]), 1)).contains("d:\n- p\n\nz:"));
    assert_eq!(edits.remove(node(&["d"]).items()[1], "q"), None, "the dash would be left alone");
}
