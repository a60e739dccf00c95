//! What a script says about itself.

use super::*;
use twiceshy_source::Quoting;

fn scripts(text: &str) -> Vec<Script> {
    let start = Start::of_file("run.sh", text).unwrap();
    Script::new(Extract::verbatim(FileId(0), 0, text), Host::File, start)
}

fn script(text: &str) -> Script {
    scripts(text).swap_remove(0)
}

/// The first command with this name.
fn named<'a>(script: &'a Script, name: &str) -> Command<'a> {
    script.commands().find(|command| command.name().as_deref() == Some(name)).unwrap()
}

#[test]
fn options_come_from_the_first_line_from_set_and_from_called_functions() {
    let text =
        "#!/bin/bash -eu\nstrict() { set -o pipefail; b; }\na\nstrict\nc\n(set +e; d)\ne\nif x; then set +e; fi\nf\n";
    let script = script(text);
    let state = |name: &str| {
        let options = named(&script, name).options();
        (options.errexit(), options.nounset(), options.pipefail())
    };
    let (on, off) = (Some(true), Some(false));
    assert_eq!(state("a"), (on, on, off));
    assert_eq!(state("b"), (on, on, on));
    assert_eq!(state("c"), (on, on, on));
    assert_eq!(state("d"), (off, on, on));
    assert_eq!(state("e"), (on, on, on));
    assert_eq!(state("f"), (None, on, on));
}

#[test]
fn a_step_starts_as_the_runner_starts_it() {
    let state = |shell, container| {
        let start = Start::of_step(shell, container)?;
        Some((start.dialect, start.options.errexit() == Some(true), start.options.pipefail() == Some(true)))
    };
    assert_eq!(state(None, false), Some((Dialect::Bash, true, false)));
    assert_eq!(state(None, true), Some((Dialect::Sh, true, false)));
    assert_eq!(state(Some("bash"), false), Some((Dialect::Bash, true, true)));
    assert_eq!(state(Some("bash {0}"), false), Some((Dialect::Bash, false, false)));
    assert_eq!(state(Some("/usr/bin/env bash -euo pipefail {0}"), false), Some((Dialect::Bash, true, true)));
    assert_eq!(state(Some("python"), false), None);
}

#[test]
fn order_is_that_of_the_run_not_of_the_text() {
    let script = script("late() { b; }\na\nlate\nc\nunused() { d; }\n");
    let id = |name: &str| named(&script, name).id;
    assert!(script.runs_before(id("a"), id("b")));
    assert!(script.runs_before(id("b"), id("c")));
    assert!(script.can_follow(id("b"), id("c")));
    assert!(!script.is_reached(id("d")));
}

#[test]
fn what_stands_in_another_branch_does_not_follow() {
    let script = script("if a; then b; else c; fi\ncase $1 in x) d;; y) e;; esac\nf\n");
    let follows = |a: &str, b: &str| script.can_follow(named(&script, a).id, named(&script, b).id);
    assert!(follows("a", "b") && follows("a", "c") && follows("b", "f") && follows("d", "f"));
    assert!(!follows("b", "c") && !follows("d", "e") && !follows("f", "a"));
}

#[test]
fn guards_are_what_must_hold_when_a_command_runs() {
    let text =
        "[ -f a ] || exit 1\ndie() { echo no; exit 1; }\ngo || die\nif [ -n b ]; then\n  while c; do run; done\nfi\n";
    let script = script(text);
    let guards: Vec<(&str, bool)> = script
        .guards(named(&script, "run").id)
        .into_iter()
        .map(|guard| (script.written(script.node(guard.condition).span), guard.holds))
        .collect();
    assert_eq!(guards, [("c", true), ("[ -n b ]", true), ("go", true), ("[ -f a ]", true)]);
}

#[test]
fn dominators_have_run_whatever_happened() {
    let text = "stop() { docker stop db; }\nstop\nif test x; then maybe; fi\na && b\n{ c; run; }\n";
    let script = script(text);
    let names: Vec<String> = script
        .dominators(named(&script, "run").id)
        .iter()
        .filter_map(|command| Some(command.name()?.into_owned()))
        .collect();
    for name in ["docker", "a", "c", "test"] {
        assert!(names.iter().any(|found| found == name), "{name}");
    }
    for name in ["maybe", "b"] {
        assert!(!names.iter().any(|found| found == name), "{name}");
    }
}

#[test]
fn values_are_known_where_the_text_tells_them() {
    let text = "DIR=/srv\nOUT=$DIR/dumps\nKEEP=${KEEP:-7}\nfor f in a b; do :; done\nread -r line\nX=1\nX=2\nshow $OUT ${KEEP} $f $line $X ${Y:-d} $HOME\n";
    let script = script(text);
    let show = named(&script, "show");
    let known: Vec<Option<String>> = show.args().iter().map(|word| script.value(word).known()).collect();
    assert_eq!(known[0].as_deref(), Some("/srv/dumps"));
    assert_eq!(known[1..], [None, None, None, None, None, None]);
    let likely: Vec<Option<String>> = show.args().iter().map(|word| script.value(word).likely()).collect();
    assert_eq!(likely[1].as_deref(), Some("7"));
    assert_eq!(likely[5].as_deref(), Some("d"));
    assert_eq!(script.value(&show.args()[6]).pattern(), "*");
}

#[test]
fn a_command_is_found_behind_those_that_run_it() {
    let cases = [
        ("sudo -u app env A=1 pg_dump x", "pg_dump"),
        ("docker compose -f a.yml exec -T -u app db pg_dump x", "pg_dump"),
        ("timeout -k 5 60 nice -n 10 pg_dump", "pg_dump"),
        ("docker run --rm -v a:/b -e X=1 postgres:16 pg_dump x", "pg_dump"),
        ("kubectl -n prod exec db-0 -- pg_dump x", "pg_dump"),
        ("ssh -p 22 -o A=b host pg_dump x", "pg_dump"),
        ("ls | xargs -r -n 1 rm -f", "rm"),
        ("/usr/bin/pg_dump", "pg_dump"),
    ];
    for (text, name) in cases {
        let script = script(text);
        let last = script.commands().last().unwrap();
        assert_eq!(last.innermost().name().as_deref(), Some(name), "{text}");
    }
    let here = script("sudo docker exec db pg_dump");
    assert_eq!(here.commands().next().unwrap().name().as_deref(), Some("docker"));
}

#[test]
fn scripts_inside_scripts_point_into_the_file() {
    let cases = [
        ("sh -c 'a; rm -r x'", "rm -r x"),
        ("docker exec db bash -c \"a && rm -r \\\"\\$X\\\" $Y\"", "rm -r \\\"\\$X\\\" $Y"),
        ("ssh host <<'EOF'\na\nrm -r x\nEOF\n", "rm -r x"),
        ("ssh host bash -s <<EOF\nrm -r \\$x $y\nEOF\n", "rm -r \\$x $y"),
        ("su - app -c 'cd x && rm -r y'", "rm -r y"),
        ("ssh host \"sh -c 'rm -r z'\"", "rm -r z"),
        ("cat > run <<'EOF'\n#!/bin/sh -e\nrm -r x\nEOF\n", "rm -r x"),
    ];
    for (text, expected) in cases {
        let scripts = scripts(text);
        let removal = scripts[1..]
            .iter()
            .flat_map(|script| script.commands())
            .find(|command| command.name().as_deref() == Some("rm"));
        let place = removal
            .unwrap_or_else(|| panic!("{text}: {:?}", scripts.iter().map(Script::text).collect::<Vec<_>>()))
            .place();
        assert_eq!(place.span().of(text), expected, "{text}");
    }
}

#[test]
fn expressions_of_a_workflow_are_unknown_values_of_the_same_length() {
    let script = script("deploy ${{ inputs.target }} --tag=${{ github.sha }}\n");
    let command = named(&script, "deploy");
    assert_eq!(command.args().len(), 2);
    assert_eq!(command.args()[0].literal(), None);
    assert_eq!(script.written(command.args()[0].span), "${{ inputs.target }}");
}

#[test]
fn edits_are_written_as_the_host_reads_them() {
    let mut extractor = twiceshy_source::Extractor::new(FileId(0), Quoting::Line);
    extractor.copy(0, "((i++))");
    let host = Host::Recipe { target: "all".into() };
    let script = Script::new(extractor.finish(), host, Start::plain(Dialect::Bash)).swap_remove(0);
    let edit = script.edit(Span { start: 0, end: 7 }, "i=$((i+1))").unwrap();
    assert_eq!(edit.text, "i=$$((i+1))");
}
