//! `set -e` in real shells, construct by construct, and what our model says about it.

use super::shells::{Shell, run};
use twiceshy_repo::script::{Dialect, Fate, Host, NodeId, Script, Start};
use twiceshy_source::{Extract, FileId, Span};

/// The shells that understand a construct.
const BASH: &[Shell] = &[Shell::Bash];
const BASH_ASH: &[Shell] = &[Shell::Bash, Shell::Ash];
const ALL: &[Shell] = &[Shell::Bash, Shell::Dash, Shell::Ash];

/// Scripts that start with `set -e` and end with `echo END`; the command between `«` and `»` fails.
#[rustfmt::skip]
const TABLE: &[(&[Shell], &str)] = &[
    // Commands.
    (ALL, "«false»"),
    (ALL, "«false»; true"),
    (ALL, "«false» || true"),
    (ALL, "«false» && true"),
    (ALL, "«false» && true || true"),
    (ALL, "true && «false»"),
    (ALL, "true && «false» || true"),
    (ALL, "false || «false»"),
    (ALL, "false || «false» && true"),
    (ALL, "! «false»"),
    (ALL, "«! true»"),
    (ALL, "if «false»; then :; fi"),
    (ALL, "if true; then «false»; fi"),
    (ALL, "if false; then :; elif «false»; then :; fi"),
    (ALL, "if false; then :; else «false»; fi"),
    (ALL, "while «false»; do :; done"),
    (ALL, "until false || ! «false»; do :; done"),
    (ALL, "case x in x) «false»;; esac"),
    (ALL, "{ «false»; }"),
    (ALL, "( «false» )"),
    (ALL, "( «false» ) || true"),
    (ALL, "( «false»; true )"),
    (ALL, "«false» &\nwait"),
    (ALL, "set +e; «false»; set -e"),
    (ALL, "set +e; «false»\nset -e; true"),
    // Tests before `&&`.
    (ALL, "«[ 1 = 2 ]» && true"),
    (BASH_ASH, "«[[ 1 = 2 ]]» && true"),
    (ALL, "«test 1 = 2»"),
    (ALL, "«[ 1 = 2 ]»"),
    (ALL, "{ «[ 1 = 2 ]» && true; }"),
    (ALL, "if true; then «[ 1 = 2 ]» && true; fi"),
    (ALL, "case x in x) «[ 1 = 2 ]» && true;; esac"),
    (ALL, "( «[ 1 = 2 ]» && true )"),
    (ALL, "( «[ 1 = 2 ]» && true; : )"),
    (ALL, "( «[ 1 = 2 ]» && true ) || :"),
    // Loops.
    (ALL, "for x in 1 2; do «[ $x = 1 ]» && true; done"),
    (ALL, "for x in 1 2; do «false»; done"),
    (ALL, "printf '1\\n2\\n' > t; while read -r x; do «[ $x = 1 ]» && true; done < t"),
    (ALL, "printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; done"),
    (ALL, "printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; :; done"),
    (ALL, "printf '1\\n2\\n' | while read -r x; do if «[ $x = 1 ]»; then true; fi; done"),
    (ALL, "printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; done || true"),
    (ALL, "printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; done | cat"),
    (ALL, "printf '1\\n2\\n' | { while read -r x; do «[ $x = 1 ]» && true; done; }"),
    (ALL, "printf '1\\n2\\n' | { while read -r x; do «[ $x = 1 ]» && true; done; :; }"),
    (ALL, "if printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; done; then :; fi"),
    (BASH, "while read -r x; do «[[ $x == 1 ]]» && true; done < <(printf '1\\n2\\n')"),
    (BASH, "while read -r x; do :; done < <(«false»)"),
    (BASH, "set -o pipefail; while read -r x; do :; done < <(«false»)"),
    (BASH_ASH, "set -o pipefail; printf '1\\n2\\n' | while read -r x; do «[ $x = 1 ]» && true; done"),
    (ALL, "«read -r x» < /dev/null"),
    (BASH, "«read -r -d '' x» <<X\ntext\nX"),
    (ALL, "for x in 1 2; do [ $x = 2 ] && «false»; done"),
    (BASH, "for ((i = 0; i < 2; i++)); do «[[ $i == 0 ]]» && true; done"),
    // Functions.
    (ALL, "f() { «false»; true; }; f"),
    (ALL, "f() { «false»; true; }; f || true"),
    (ALL, "f() { «false»; true; }; if f; then :; fi"),
    (ALL, "f() { «false»; true; }; f && true"),
    (ALL, "f() { «false»; true; }; ! f"),
    (ALL, "f() { «false»; true; }; while f; do break; done"),
    (ALL, "f() { «false»; true; }; f | cat"),
    (BASH_ASH, "set -o pipefail; f() { «false»; true; }; f | cat"),
    (ALL, "f() { «false»; true; }; ( set -e; f ) || true"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; f"),
    (ALL, "f() { «[ 1 = 2 ]» && true; :; }; f"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; f || true"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; if f; then :; fi"),
    (ALL, "f() { for x in 1 2; do «[ $x = 1 ]» && true; done; }; f"),
    (ALL, "f() { if true; then «[ 1 = 2 ]» && true; fi; }; f"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; g() { f; }; g"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; g() { f; true; }; g"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; g() { f; true; }; g || true"),
    (ALL, "f() { «! true»; }; f"),
    (ALL, "f() { «false»; }; { f; }"),
    (ALL, "f() { set +e; }; f; «false»"),
    // Arithmetic.
    (BASH, "i=0; «((i++))»"),
    (BASH, "i=1; «((--i))»"),
    (BASH, "i=0; «((i++))» || true"),
    (BASH, "«let i=0»"),
    (BASH, "i=0; for x in 1; do «((i++))»; done"),
    (BASH, "«((i = 0))»"),
    (BASH, "i=0; «let i++»"),
    (BASH, "i=0; «let i--»"),
    (BASH, "i=0; «let \"i++\"»"),
    (BASH, "«let \"i = 0\"»"),
    (BASH, "i=0; «let j=1 i++»"),
    (BASH, "i=0; «let i++» || true"),
    (BASH, "i=0; for x in 1; do «let i++»; done"),
    (BASH, "f() { local i=0; for x in 1; do «let i++»; done; }; f"),
    (BASH, "i=0; f() { «((i++))»; }; f"),
    // Substitutions.
    (ALL, "x=$(«false»)"),
    (ALL, "x=$(«false») || true"),
    (ALL, "x=$(«false»; echo X)"),
    (BASH, "shopt -s inherit_errexit; x=$(«false»; echo X)"),
    (ALL, "x=$(«false» | wc -l)"),
    (BASH_ASH, "set -o pipefail; x=$(«false» | wc -l)"),
    (ALL, "echo \"$(«false»)\""),
    (ALL, "for f in $(«false»); do :; done"),
    (ALL, "f() { local x=$(«false»); true; }; f"),
    (ALL, "f() { local x; x=$(«false»); true; }; f"),
    (ALL, "export x=$(«false»)"),
    (ALL, "x=$(«false») y=$(true)"),
    (ALL, "x=$(true) y=$(«false»)"),
    (ALL, "f() { «[ 1 = 2 ]» && true; }; x=$(f)"),
    (ALL, "x=$(for i in 1 2; do «[ $i = 1 ]» && echo; done)"),
    (ALL, "x=$(for i in 1 2; do «[ $i = 1 ]» && echo; done; :)"),
    (ALL, "[ -z \"$(«false»)\" ]"),
    (ALL, "case $(«false») in *) :;; esac"),
    (ALL, "x=\"a $(«false») b\""),
    (ALL, "x=${y:-$(«false»)}"),
    // Pipelines.
    (ALL, "«false» | cat"),
    (BASH_ASH, "set -o pipefail; «false» | cat"),
    (ALL, "true | «false»"),
    (ALL, "true | «false» | true"),
    (ALL, "! true | «false»"),
    (ALL, "«false» | cat || true"),
    (BASH_ASH, "set -o pipefail; «false» | cat || true"),
    (BASH_ASH, "set -o pipefail; «false» | cat && true"),
    (BASH_ASH, "set -o pipefail; if «false» | cat; then :; fi"),
    (BASH_ASH, "set -o pipefail; set +o pipefail; «false» | cat"),
    (BASH_ASH, "set -o pipefail; x=$(«yes» | head -1)"),
    (BASH_ASH, "set -o pipefail; «ls ./*.none 2>/dev/null» | tail -1 | xargs -r rm"),
];

#[test]
fn every_construct_ends_or_survives_as_the_model_says() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (shells, construct) in TABLE {
        for &shell in *shells {
            let (text, failing) = marked(&format!("set -e\n{construct}\necho END\n"));
            let real = !run(shell, &text).stdout.contains("END");
            let said = fate(shell, &text, failing);
            let agrees = match said {
                Fate::Ends { .. } => real,
                Fate::GoesOn | Fate::IsLast => !real,
                Fate::Unknown => false,
            };
            compared += 1;
            if !agrees {
                let does = if real { "ends" } else { "goes on" };
                wrong.push(format!("{shell:?} {does}, the model says {said:?}: {construct}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 250, "only {compared} comparisons");
}

#[test]
fn counting_ends_a_script_only_at_the_value_zero() {
    let ends = |construct: &str| !run(Shell::Bash, &format!("set -e\n{construct}\necho END\n")).stdout.contains("END");
    for construct in ["n=0; let n++", "n=0; let n--", "let n=0", "((n = 0))", "n=0; let m=1 n++", "n=0; ((n++))"] {
        assert!(ends(construct), "{construct}");
    }
    for construct in
        ["n=1; let n++", "n=0; let ++n", "n=0; let n+=1", "n=0; let n++ m=1", "n=0; n=$((n+1))", "n=0; n=$((n-1))"]
    {
        assert!(!ends(construct), "{construct}");
    }
}

#[test]
fn a_search_that_finds_nothing_ends_the_script_before_the_step_that_would_have_run() {
    let text = |search: &str| {
        format!("set -e\nx=$(echo a | grep b{search})\nif [ -n \"$x\" ]; then echo MIGRATES; fi\necho STARTS\n")
    };
    assert_eq!(run(Shell::Bash, &text("")).stdout, "");
    assert_eq!(run(Shell::Bash, &text(" || true")).stdout, "STARTS\n");
}

#[test]
fn sh_is_a_claim_only_where_dash_and_busybox_agree() {
    let (text, failing) = marked("set -e\nx=$(«false»; echo X)\necho END\n");
    let sh = Start::plain(Dialect::Sh);
    assert_eq!(script(&text, sh).fate(node(&script(&text, sh), failing)), Fate::Unknown);
    let (text, failing) = marked("set -e\n( «[ 1 = 2 ]» && true )\necho END\n");
    assert!(matches!(script(&text, sh).fate(node(&script(&text, sh), failing)), Fate::Ends { .. }));
}

fn marked(text: &str) -> (String, Span) {
    let start = text.find('«').unwrap();
    let end = text.find('»').unwrap() - '«'.len_utf8();
    (text.replace(['«', '»'], ""), Span::new(start, end))
}

fn script(text: &str, start: Start) -> Script {
    Script::new(Extract::verbatim(FileId(0), 0, text), Host::File, start).swap_remove(0)
}

fn node(script: &Script, span: Span) -> NodeId {
    let exact = script.shell().ids().rfind(|&id| script.node(id).span == span);
    // A redirection belongs to the command, and may stand outside the mark.
    let found = exact.or_else(|| {
        script.shell().ids().find(|&id| script.node(id).span.start == span.start && script.command(id).is_some())
    });
    found.unwrap_or_else(|| panic!("no node at {:?} in {:?}", script.written(span), script.text()))
}

fn fate(shell: Shell, text: &str, failing: Span) -> Fate {
    let script = script(text, Start::plain(shell.dialect()));
    script.fate(node(&script, failing))
}
