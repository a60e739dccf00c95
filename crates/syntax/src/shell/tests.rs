//! What becomes of a text, written as one line.

use super::*;

/// The script in a notation of its own: `(or (and a b) c)`, words in their parts.
fn show(text: &str) -> String {
    let shell = parse(text);
    let mut out = String::new();
    node(&shell, Shell::ROOT, &mut out);
    out
}

fn node(shell: &Shell, id: NodeId, out: &mut String) {
    let group = |name: &str, ids: &[NodeId], out: &mut String| {
        out.push('(');
        out.push_str(name);
        for &id in ids {
            out.push(' ');
            node(shell, id, out);
        }
        out.push(')');
    };
    match &shell.node(id).kind {
        NodeKind::List(items) if items.len() == 1 => node(shell, items[0], out),
        NodeKind::List(items) => group("list", items, out),
        NodeKind::AndOr(first, rest) => {
            out.push('(');
            node(shell, *first, out);
            for (joint, id) in rest {
                out.push_str(if *joint == Joint::And { " && " } else { " || " });
                node(shell, *id, out);
            }
            out.push(')');
        }
        NodeKind::Pipeline(stages) => group("pipe", stages, out),
        NodeKind::Not(id) => group("not", &[*id], out),
        NodeKind::Background(id) => group("bg", &[*id], out),
        NodeKind::Simple(simple) => {
            out.push('<');
            for assignment in simple.assignments.iter().filter(|_| !simple.is_declaration()) {
                out.push_str(&format!("{}:=", assignment.name.text));
                assignment.value.iter().for_each(|value| word(shell, value, out));
                out.push(' ');
            }
            for (index, one) in simple.words.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                word(shell, one, out);
            }
            out.push('>');
        }
        NodeKind::Test(test) => {
            out.push_str(if test.double { "[[" } else { "[" });
            for one in &test.words {
                out.push(' ');
                word(shell, one, out);
            }
            out.push_str(if test.double { " ]]" } else { " ]" });
        }
        NodeKind::Arithmetic(bodies) => group("arith", bodies, out),
        NodeKind::If(branches, otherwise) => {
            let mut ids: Vec<NodeId> = branches.iter().flat_map(|branch| [branch.condition, branch.then]).collect();
            ids.extend(otherwise);
            group("if", &ids, out);
        }
        NodeKind::While(While { until, condition, body }) => {
            group(if *until { "until" } else { "while" }, &[*condition, *body], out);
        }
        NodeKind::For(For { body, .. }) => group("for", &[*body], out),
        NodeKind::CFor(body) => group("cfor", &[*body], out),
        NodeKind::Case(_, arms) => {
            let ids: Vec<NodeId> = arms.iter().map(|arm| arm.body).collect();
            group("case", &ids, out);
        }
        NodeKind::Group(body) => group("group", &[*body], out),
        NodeKind::Subshell(body) => group("sub", &[*body], out),
        NodeKind::Function(name, body) => group(&format!("fn:{}", name.text), &[*body], out),
    }
    for redirect in &shell.node(id).redirects {
        out.push_str(&format!("{{{:?} ", redirect.kind));
        word(shell, &redirect.target, out);
        out.push('}');
    }
}

fn word(shell: &Shell, word_: &Word, out: &mut String) {
    for part in &word_.parts {
        match &part.kind {
            PartKind::Text(text) => out.push_str(text),
            PartKind::Glob(text) => out.push_str(&format!("⟨{text}⟩")),
            PartKind::Variable(variable) => {
                out.push_str(&format!("${}{}", variable.name, variable.operator));
                if let Some(argument) = &variable.argument {
                    word(shell, argument, out);
                }
            }
            PartKind::Command(body) | PartKind::Process(body) => {
                out.push_str("$(");
                node(shell, *body, out);
                out.push(')');
            }
            PartKind::Arithmetic(_) => out.push_str("$((…))"),
            PartKind::Other(_) => out.push('…'),
        }
    }
}

#[test]
fn precedence_is_the_shells() {
    let cases = [
        ("a | b > f", "(pipe <a> <b>{Write f})"),
        ("a && b | c > f || d", "(<a> && (pipe <b> <c>{Write f}) || <d>)"),
        ("! a | b", "(not (pipe <a> <b>))"),
        ("! a && b", "((not <a>) && <b>)"),
        ("a & b", "(list (bg <a>) <b>)"),
        ("a && b & c", "(list (bg (<a> && <b>)) <c>)"),
        ("(a) | (b) && c", "((pipe (sub <a>) (sub <b>)) && <c>)"),
        ("a || { b; exit 1; }", "(<a> || (group (list <b> <exit 1>)))"),
        ("a |& b", "(pipe <a> <b>)"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn what_follows_a_heredoc_on_its_line_stands_outside_of_it() {
    let cases = [
        (
            "cat <<X | grep y && z\nb $v\nX\n",
            "((pipe <cat>{Heredoc { expanded: true, strips_tabs: false } $v} <grep y>) && <z>)",
        ),
        ("cat <<'X' && z\n$v\nX\nq", "(list (<cat>{Heredoc { expanded: false, strips_tabs: false } } && <z>) <q>)"),
        (
            "ssh h 'bash -s' <<'X' > out\nb\nX\n",
            "<ssh h bash -s>{Heredoc { expanded: false, strips_tabs: false } }{Write out}",
        ),
        ("psql <<-X db\n\tq\n\tX\n", "<psql db>{Heredoc { expanded: true, strips_tabs: true } }"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn compound_commands_hold_their_parts() {
    let cases = [
        ("if a; then b; elif c; then d; else e; fi > f", "(if <a> <b> <c> <d> <e>){Write f}"),
        ("while read -r l; do a; done < <(b)", "(while <read -r l> <a>){Read $(<b>)}"),
        ("until a; do b; done", "(until <a> <b>)"),
        ("for x in a; do b; c; done", "(for (list <b> <c>))"),
        ("for ((i=0;i<3;i++)); do b; done", "(cfor <b>)"),
        ("case $x in a|b) c;; *) d; e;; esac", "(case <c> (list <d> <e>))"),
        ("f() { a; b; }; f", "(list (fn:f (group (list <a> <b>))) <f>)"),
        ("function g { a; }", "(fn:g (group <a>))"),
        ("((i++))", "(arith)"),
        ("[[ $a == b && -f c ]] || exit 1", "([[ $a == b && -f c ]] || <exit 1>)"),
        ("[ -f x ] && rm x", "([ -f x ] && <rm x>)"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn a_line_break_between_words_ends_a_command() {
    let cases = [
        ("a | b | c -x\nd y | e > f", "(list (pipe <a> <b> <c -x>) (pipe <d y> <e>{Write f}))"),
        ("a | b | c\nX=1 Y=$(z) d | e > f", "(list (pipe <a> <b> <c>) (pipe <X:=1 Y:=$(<z>) d> <e>{Write f}))"),
        ("a | b | c \\\n  d\ne | f > g", "(list (pipe <a> <b> <c d>) (pipe <e> <f>{Write g}))"),
        ("a | b | c # why\n# more\nd | e > f", "(list (pipe <a> <b> <c>) (pipe <d> <e>{Write f}))"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn words_keep_what_is_literal_and_what_is_not() {
    let cases = [
        (r#"echo "a $(b | c) ${d:-e} $((1+2)) \"x\"""#, r#"<echo a $((pipe <b> <c>)) $d:-e $((…)) "x">"#),
        ("echo a{1,2} b[12]* ~/x 'q u'\\ r", "<echo a⟨{⟩1,2} b⟨[⟩12]⟨*⟩ ~/x q u r>"),
        ("x=$(a) y=2 z", "<x:=$(<a>) y:=2 z>"),
        ("local x=$(a) y", "<local x=$(<a>) y>"),
        ("x=", "<x:= >"),
        ("x=$(a) y=$(b)\nc", "(list <x:=$(<a>) y:=$(<b>) > <c>)"),
        (r#""$X"/bin/y " $z  ""#, "<$X/bin/y  $z  >"),
        ("a > f 2>&1 < g b c", "<a b c>{Write f}{Duplicate 1}{Read g}"),
        ("exec &> >(tee log)", "<exec>{WriteBoth $(<tee log>)}"),
        ("set -euo pipefail", "<set -euo pipefail>"),
        ("cat <<< \"$x\"", "<cat>{HereString $x}"),
        ("${CMD} up -d", "<$CMD up -d>"),
        (">f", "<>{Write f}"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn commands_inside_errors_are_found() {
    let shell = parse("a\nif b; then c arg\nfi fi )\nd | e\n");
    let names: Vec<String> = shell
        .ids()
        .filter_map(|id| match &shell.node(id).kind {
            NodeKind::Simple(simple) => Some(simple.words.first()?.literal()?.into_owned()),
            _ => None,
        })
        .collect();
    for name in ["a", "b", "c"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    assert!(!shell.damaged.is_empty());
}

#[test]
fn hostile_nesting_ends_quietly() {
    for (open, close) in
        [("$(", ")"), ("(", ")"), ("{ ", ";}"), ("if a; then ", "; fi"), ("\"$(", ")\""), ("${a:-", "}")]
    {
        let text = format!("echo {}x{}", open.repeat(1000), close.repeat(1000));
        assert!(parse(&text).ids().next().is_some());
    }
    assert!(parse(&"a && ".repeat(20_000)).ids().next().is_some());
    assert!(parse(&format!("{}b", "a | ".repeat(20_000))).ids().next().is_some());
    assert!(parse(&format!("[[ {} ]]", "a && ".repeat(5000))).ids().next().is_some());
}
