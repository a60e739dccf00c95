//! `set -e` in real shells, construct by construct, and what our model says about it.

use super::shells::{Shell, run, run_in};
use twiceshy_repo::script::{Dialect, Fate, Host, NodeId, Script, Start};
use twiceshy_repo::{Repo, Tree};
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
    (ALL, "f() { set +e; «false»; }; f"),
    (ALL, "f() { set +e; [ 1 = 2 ] && «false»; }; f; :"),
    (ALL, "set +e; f() { set -e; «[ 1 = 2 ]» && true; }; f; :"),
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

/// The same constructs in a file that is read with `.`: as its only statement, as its first, and in a function of it that is
/// called plainly or asked for its status.
#[test]
fn every_construct_in_a_file_that_is_read_ends_its_reader_as_the_run_says() {
    let layouts: &[(&str, &str, &str)] = &[
        ("", "\n", ". ./lib.sh"),
        ("", "\n:\n", ". ./lib.sh"),
        ("", "\n", ". ./lib.sh || echo FAILED"),
        ("it() {\n", "\n}\n", ". ./lib.sh\nit"),
        ("it() {\n", "\n}\n", ". ./lib.sh\n( it )"),
        ("it() {\n", "\n}\n", ". ./lib.sh\nif it; then :; fi"),
        ("it() {\n", "\n}\nthat() { it; }\n", ". ./lib.sh\nm() { that; }\nm"),
    ];
    let mut compared = 0;
    let mut wrong = Vec::new();
    let directory = tempfile::tempdir().unwrap();
    for (shells, construct) in TABLE {
        for (before, after, reads) in layouts {
            for &shell in *shells {
                let interpreter = match shell {
                    Shell::Bash => "/bin/bash",
                    Shell::Dash => "/bin/dash",
                    Shell::Ash => "/bin/busybox ash",
                };
                let (lib, failing) = marked(&format!("#!{interpreter}\n{before}{construct}{after}"));
                let main = format!("#!{interpreter}\nset -e\n{reads}\necho END\n");
                std::fs::write(directory.path().join("lib.sh"), &lib).unwrap();
                let real = !run_in(shell, &main, directory.path()).stdout.contains("END");
                let repo = Repo::of(Tree::memory([("lib.sh", lib.as_str()), ("main.sh", main.as_str())]));
                let script = |path: &str| {
                    let file = repo.tree.file(path).unwrap();
                    repo.scripts.iter().find(|script| script.file == file && script.host == Host::File).unwrap()
                };
                let run = repo.run_of(script("main.sh")).unwrap();
                let step = run.step(script("lib.sh"), node(script("lib.sh"), failing)).unwrap();
                if !run.comes_to(step) {
                    continue;
                }
                let said = run.fate(step);
                let agrees = match said {
                    Fate::Ends { .. } => real,
                    Fate::GoesOn | Fate::IsLast => !real,
                    // Functions inside, `set` in one branch: not known, and nothing is said.
                    Fate::Unknown => true,
                };
                compared += usize::from(said != Fate::Unknown);
                // `! f` at the end of a function ends its caller though nothing fails in it.
                let ends_anyway = || {
                    let lib = format!("{}true{}", &lib[..failing.start as usize], &lib[failing.end as usize..]);
                    std::fs::write(directory.path().join("lib.sh"), lib).unwrap();
                    !run_in(shell, &main, directory.path()).stdout.contains("END")
                };
                if !(agrees || real && ends_anyway()) {
                    let does = if real { "ends" } else { "goes on" };
                    wrong.push(format!("{shell:?} {does}, the run says {said:?}:\n{lib}--\n{main}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= 2000, "only {compared} comparisons");
}

/// What `loop-ends-script` says about files that are read, bad and fixed.
#[test]
fn a_file_that_is_read_ends_its_reader_before_the_step_that_matters() {
    let cases = [
        // The step stands in a function of the file.
        (
            "upload() { echo STEP; }\n",
            "printf 'a\\nb\\n' | while read -r f; do «[ -f \"$f\" ] && rm \"$f\"»; done\nupload\n",
            "if [ -f \"$f\" ]; then rm \"$f\"; fi",
        ),
        // A function of the file ends the script.
        (
            "notify() {\n  «[ -n \"$WEBHOOK\" ] && echo told»\n}\n",
            "notify start\necho STEP\n",
            "if [ -n \"$WEBHOOK\" ]; then echo told; fi",
        ),
        // The last command of the file.
        ("A=1\n«[ -f token ] && export TOKEN=x»\n", "echo STEP\n", "if [ -f token ]; then export TOKEN=x; fi"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for shell in [Shell::Bash, Shell::Dash, Shell::Ash] {
        for (lib, main, fixed) in cases {
            let read = |text: &str, is_fixed: bool| match (text.find('«'), text.find('»'), is_fixed) {
                (Some(start), Some(end), true) => {
                    format!("{}{fixed}{}", &text[..start], &text[end + '»'.len_utf8()..])
                }
                _ => text.replace(['«', '»'], ""),
            };
            for is_fixed in [false, true] {
                std::fs::write(directory.path().join("lib.sh"), read(lib, is_fixed)).unwrap();
                let main = format!("set -e\n. ./lib.sh\n{}", read(main, is_fixed));
                let outcome = run_in(shell, &main, directory.path());
                assert_eq!(outcome.stdout.contains("STEP"), is_fixed, "{shell:?}: {main}");
                assert_eq!((outcome.stderr.as_str(), outcome.code == Some(0)), ("", is_fixed), "{shell:?}: {main}");
            }
        }
    }
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
