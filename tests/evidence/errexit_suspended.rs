//! A function that is called in a condition, in real shells: what `errexit-suspended` says.

use super::shells::{Shell, run_in};

/// The example of the page, with a dump that fails: what is left of the good file, and what the script says.
fn run(shell: Shell, after_dump: &str, call: &str) -> (String, String, Option<i32>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("app.sql"), "good").unwrap();
    let script = format!(
        "set -e\npg_dump() {{ return 1; }}\nbackup() {{\n  pg_dump app > app.sql.new{after_dump}\n  mv app.sql.new app.sql\n}}\n{call}\necho END\n"
    );
    let outcome = run_in(shell, &script, directory.path());
    (std::fs::read_to_string(directory.path().join("app.sql")).unwrap(), outcome.stdout, outcome.code)
}

#[test]
fn a_failing_dump_replaces_the_good_one_when_its_function_is_called_in_a_condition() {
    for shell in [Shell::Bash, Shell::Dash, Shell::Ash] {
        for call in ["backup || echo FAILED", "if backup; then :; fi", "backup && true", "if ! backup; then exit 1; fi"]
        {
            let (kept, said, code) = run(shell, "", call);
            assert_eq!((&*kept, &*said, code), ("", "END\n", Some(0)), "{shell:?}: {call}");
        }
        // Called plainly, the script ends at the dump.
        let (kept, said, code) = run(shell, "", "backup");
        assert_eq!((&*kept, &*said, code), ("good", "", Some(1)), "{shell:?}");
        // With `|| return`, the caller hears of it.
        let (kept, said, _) = run(shell, " || return", "backup || echo FAILED");
        assert_eq!((&*kept, &*said), ("good", "FAILED\nEND\n"), "{shell:?}");
    }
}

#[test]
fn errexit_inside_does_not_bring_it_back() {
    for shell in [Shell::Bash, Shell::Dash, Shell::Ash] {
        let outcome =
            super::shells::run(shell, "set -e\nf() { set -e; false; echo ON; }\nf || true\n( set -e; f ) || true\n");
        assert_eq!(outcome.stdout, "ON\nON\n", "{shell:?}");
    }
}
