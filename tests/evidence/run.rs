//! The abstract run of scripts against real shells: thousands of small scripts put together by chance, with a fixed seed.

use super::shells::{Shell, run_in};
use std::collections::BTreeSet;
use twiceshy_repo::script::Dialect;
use twiceshy_repo::{Repo, Tree};

/// What ran, in order: the command's letter and how often it had run before.
type Trace = [(char, usize)];

/// A source of chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn of(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % count
    }
}

/// Puts scripts together.
struct Author {
    chance: Chance,
    number: usize,
    shell: Shell,
    functions: usize,
    in_loop: bool,
    in_function: bool,
}

impl Author {
    fn new(seed: u64, shell: Shell) -> Self {
        let chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { chance, number: 0, shell, functions: 0, in_loop: false, in_function: false }
    }

    fn script(&mut self) -> String {
        let options = match self.chance.of(6) {
            0 => "",
            1 if self.shell != Shell::Dash => "set -eo pipefail\n",
            2 if self.shell == Shell::Bash => "set -e\nshopt -s inherit_errexit\n",
            _ => "set -e\n",
        };
        let mut text = options.to_owned();
        for function in 0..self.chance.of(3) {
            self.in_function = true;
            let body = self.list(2);
            self.in_function = false;
            text.push_str(&format!("f{function}() {{ {body}; }}\n"));
            self.functions = function + 1;
        }
        for _ in 0..2 + self.chance.of(3) {
            let statement = self.statement(3);
            text.push_str(&statement);
            text.push('\n');
        }
        text.push_str("echo END >&2\n");
        text
    }

    fn list(&mut self, depth: usize) -> String {
        let count = 1 + self.chance.of(3);
        let items: Vec<String> = (0..count).map(|_| self.statement(depth)).collect();
        items.join("; ")
    }

    fn log(&mut self) -> String {
        self.number += 1;
        format!("echo {} >&2", self.number)
    }

    fn statement(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let below = depth - 1;
        match self.chance.of(24) {
            0..=2 => self.leaf(),
            3 | 4 => format!("{} && {}", self.operand(below), self.operand(below)),
            5 | 6 => format!("{} || {}", self.operand(below), self.operand(below)),
            // `! { …; }` is not understood: tree-sitter-bash takes the brace for a program.
            7 if self.functions > 0 => format!("! f{}", self.chance.of(self.functions)),
            7 => self.outside_loops(|author| format!("! ( {} )", author.list(below))),
            8 | 9 => format!("if {}; then {}; else {}; fi", self.list(below), self.list(below), self.list(below)),
            10 => format!("if {}; then {}; fi", self.list(below), self.list(below)),
            11 => self.in_a_loop(|author| format!("for x in 1 2; do {}; done", author.list(below))),
            12 => {
                self.number += 1;
                let name = format!("k{}", self.number);
                let body = self.in_a_loop(|author| author.list(below));
                format!("{name}=0; while [ \"${name}\" != 1 ]; do {name}=1; {body}; done")
            }
            13 => format!("case x in x) {};; *) {};; esac", self.list(below), self.list(below)),
            14 => format!("{{ {}; }}", self.list(below)),
            15 | 16 => self.outside_loops(|author| format!("( {} )", author.list(below))),
            17 => self.outside_loops(|author| format!("x=$( {} )", author.list(below))),
            18 => self.outside_loops(|author| format!("echo \"$( {} )\" > /dev/null", author.list(below))),
            19 => self.outside_loops(|author| format!("{} | {}", author.operand(below), author.operand(below))),
            20 if self.functions > 0 => format!("f{}", self.chance.of(self.functions)),
            21 => {
                self.number += 1;
                let rc = format!("rc{}", self.number);
                let log = self.log();
                format!("{rc}=0; {} || {rc}=$?; if [ ${rc} -ne 0 ]; then {log}; fi", self.operand(below))
            }
            22 => {
                let log = self.log();
                format!("set +e; {}; if [ $? -eq 0 ]; then {log}; fi; set -e", self.operand(below))
            }
            23 if !self.in_function => {
                let log = self.log();
                format!("trap '{log}' EXIT; {}", self.statement(below))
            }
            _ => self.leaf(),
        }
    }

    /// A member of a pipeline or and-or list.
    fn operand(&mut self, depth: usize) -> String {
        match self.chance.of(4) {
            0 => self.leaf(),
            1 if self.functions > 0 => format!("f{}", self.chance.of(self.functions)),
            2 if depth > 0 => self.outside_loops(|author| format!("( {} )", author.list(depth - 1))),
            _ if depth > 0 => format!("{{ {}; }}", self.list(depth - 1)),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> String {
        match self.chance.of(16) {
            0..=5 => self.log(),
            6..=8 => "false".to_owned(),
            9 => "true".to_owned(),
            10 => "[ 1 = 2 ]".to_owned(),
            11 if self.in_function => format!("return {}", self.chance.of(2)),
            12 => format!("exit {}", self.chance.of(2) * 3),
            13 if self.in_loop => ["break", "continue"][self.chance.of(2)].to_owned(),
            14 => "[ a = a ]".to_owned(),
            _ => self.log(),
        }
    }

    fn in_a_loop(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        let outer = std::mem::replace(&mut self.in_loop, true);
        let text = write(self);
        self.in_loop = outer;
        text
    }

    /// What `break` does in a subshell, shells disagree on.
    fn outside_loops(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        let outer = std::mem::replace(&mut self.in_loop, false);
        let text = write(self);
        self.in_loop = outer;
        text
    }
}

fn repo(shell: Shell, text: &str) -> Repo {
    let program = match shell.dialect() {
        Dialect::Dash => "/bin/dash",
        Dialect::Ash => "/bin/busybox ash",
        _ => "/bin/bash",
    };
    Repo::of(Tree::memory([("run.sh", format!("#!{program}\n{text}").as_str())]))
}

/// The words of every `echo` that the model comes to.
fn said(repo: &Repo) -> BTreeSet<String> {
    let run = repo.run_of(&repo.scripts[0]).unwrap();
    // A function that nothing calls is run all the same: whoever sources the file may call it.
    let commands = run.commands().into_iter().filter(|(step, _)| run.comes_to(*step));
    let echoes = commands.filter(|(_, command)| command.name().is_some_and(|name| name == "echo"));
    echoes
        .filter_map(|(_, command)| Some(command.args().first()?.literal()?.into_owned()))
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn scripts_put_together_by_chance_run_as_the_abstract_run_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    let count = std::env::var("SCRIPTS").ok().and_then(|count| count.parse().ok()).unwrap_or(200);
    for shell in [Shell::Bash, Shell::Dash] {
        for seed in 1..=count {
            let text = Author::new(seed, shell).script();
            let outcome = run_in(shell, &text, directory.path());
            let real: BTreeSet<String> = outcome.stderr.lines().map(str::to_owned).collect();
            let repo = repo(shell, &text);
            let said = said(&repo);
            compared += 1;
            if said != real {
                let more: Vec<_> = said.difference(&real).collect();
                let less: Vec<_> = real.difference(&said).collect();
                wrong.push(format!("{shell:?} {seed}: says too {more:?}, does too {less:?}\n{text}"));
            }
        }
    }
    wrong.sort_by_key(String::len);
    wrong.truncate(12);
    assert!(wrong.is_empty(), "of {compared} differ:\n{}", wrong.join("\n"));
}

/// Commands that write down when they start and how they end, and fail by chance, the same chance for the same seed.
const COMMANDS: &str = r#"
ulimit -t 2
k=0
exec 9<> <(:)
c() {
  k=$((k + 1))
  # Who comes first is left to chance, and not only to the machine's.
  RANDOM=$((SEED * 17 + $1 * 13 + k)); [ $((RANDOM % 3)) -gt 0 ] || read -r -t 0.00$((RANDOM % 5 + 1)) -u 9 || :
  RANDOM=$((SEED * 31 + $1 * 7 + k))
  echo "S $1" >> "$LOG"
  if [ $((RANDOM % 5)) -lt "$RATE" ]; then echo "F $1" >> "$LOG"; return 1; fi
  echo "O $1" >> "$LOG"
}
"#;

/// Puts scripts of such commands together.
struct Operator {
    chance: Chance,
    commands: usize,
    functions: usize,
    in_function: bool,
    in_loop: bool,
}

impl Operator {
    fn script(seed: u64) -> (String, usize) {
        let chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut operator = Self { chance, commands: 0, functions: 0, in_function: false, in_loop: false };
        let mut text = ["", "set -e\n", "set -eo pipefail\n"][operator.chance.of(3)].to_owned();
        for function in 0..operator.chance.of(3) {
            operator.in_function = true;
            let body = operator.list(1);
            operator.in_function = false;
            text.push_str(&format!("f{function}() {{ {body}; }}\n"));
            operator.functions = function + 1;
        }
        for _ in 0..3 + operator.chance.of(3) {
            let statement = operator.statement(2);
            text.push_str(&statement);
            text.push('\n');
        }
        let last = operator.command();
        text.push_str(&format!("{last}\n"));
        (text, operator.commands)
    }

    fn command(&mut self) -> String {
        self.commands += 1;
        format!("c {}", self.commands)
    }

    fn list(&mut self, depth: usize) -> String {
        let items: Vec<String> = (0..1 + self.chance.of(2)).map(|_| self.statement(depth)).collect();
        items.join("; ")
    }

    fn statement(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let below = depth - 1;
        match self.chance.of(24) {
            0 | 1 => format!("{} && {}", self.leaf(), self.leaf()),
            2 | 3 => format!("{} || {}", self.leaf(), self.leaf()),
            4 => format!("{} || {{ {}; exit 1; }}", self.leaf(), self.list(below)),
            5 => format!("if {}; then {}; else {}; fi", self.list(below), self.list(below), self.list(below)),
            6 => format!("if ! {}; then {}; exit 1; fi", self.leaf(), self.list(below)),
            7 => self.in_a_loop(|operator| format!("for x in 1 2; do {}; done", operator.list(below))),
            8 => self
                .in_a_loop(|operator| format!("n=; while [ \"$n\" != 11 ]; do n=1$n; {}; done", operator.list(below))),
            9 => self.outside_loops(|operator| format!("( {} )", operator.list(below))),
            10 => self.outside_loops(|operator| format!("{} | {}", operator.leaf(), operator.leaf())),
            11 => {
                self.outside_loops(|operator| format!("{{ {}; }} | ( {} )", operator.list(below), operator.list(below)))
            }
            12 => self.outside_loops(|operator| format!("x=$( {} )", operator.list(below))),
            13 => self.outside_loops(|operator| format!("{{ {}; }} & {}", operator.list(below), operator.waits())),
            14 => self.outside_loops(|operator| {
                let job = match operator.chance.of(3) {
                    0 => format!("( {} )", operator.list(below)),
                    1 if operator.functions > 0 => format!("f{}", operator.chance.of(operator.functions)),
                    _ => operator.command(),
                };
                format!("{job} & {}", operator.waits())
            }),
            15 if self.functions > 0 => format!("f{}", self.chance.of(self.functions)),
            16 if self.functions > 0 => format!("f{} || {}", self.chance.of(self.functions), self.leaf()),
            17 => format!("{}; if [ $? -ne 0 ]; then {}; exit 1; fi", self.leaf(), self.leaf()),
            18 => {
                format!("set +e; {}; rc=$?; {}; if [ \"$rc\" = 0 ]; then {}; fi", self.leaf(), self.leaf(), self.leaf())
            }
            19 => format!("ok=false; if {}; then ok=true; fi; {}; $ok && {}", self.leaf(), self.leaf(), self.leaf()),
            20 => {
                format!("{} | {}; st=${{PIPESTATUS[0]}}; if [ $st -ne 0 ]; then exit 1; fi", self.leaf(), self.leaf())
            }
            21 if !self.in_function => format!("trap '{}' EXIT; {}", self.command(), self.leaf()),
            22 => format!("case $SEED in 1*) {};; *) {};; esac", self.list(below), self.list(below)),
            23 => self.outside_loops(|operator| {
                let reads = ["cat < <", ": <"][operator.chance.of(2)];
                format!("{reads}({}) > /dev/null", operator.list(below))
            }),
            _ => self.leaf(),
        }
    }

    /// What comes after something that was started with `&`.
    fn waits(&mut self) -> String {
        match self.chance.of(8) {
            0 => "wait".to_owned(),
            1 => "wait $!".to_owned(),
            2 => format!("pid=$!; {}; wait $pid", self.leaf()),
            3 => format!("{}; wait", self.leaf()),
            4 => format!("{}; wait || {{ {}; exit 1; }}", self.leaf(), self.leaf()),
            5 => format!("{}; {}", self.leaf(), self.leaf()),
            _ => self.leaf(),
        }
    }

    fn leaf(&mut self) -> String {
        match self.chance.of(15) {
            0 if self.in_function => format!("return {}", self.chance.of(2)),
            3 => "wait".to_owned(),
            1 if self.in_loop => ["break", "continue"][self.chance.of(2)].to_owned(),
            2 if self.functions > 0 => format!("f{}", self.chance.of(self.functions)),
            _ => self.command(),
        }
    }

    fn in_a_loop(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        let outer = std::mem::replace(&mut self.in_loop, true);
        let text = write(self);
        self.in_loop = outer;
        text
    }

    fn outside_loops(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        let outer = std::mem::replace(&mut self.in_loop, false);
        let text = write(self);
        self.in_loop = outer;
        text
    }
}

/// What one real run has written down: `S` started, `O` succeeded, `F` failed.
fn trace(text: &str, seed: u64, directory: &std::path::Path) -> Vec<(char, usize)> {
    let log = directory.join("log");
    std::fs::write(&log, "").unwrap();
    std::fs::write(directory.join("commands"), COMMANDS).unwrap();
    let script = format!(
        "LOG={} SEED={seed} RATE={}\n. {}\n{text}",
        log.display(),
        seed % 4,
        directory.join("commands").display()
    );
    let outcome = run_in(Shell::Bash, &script, directory);
    let _ = outcome;
    let events = std::fs::read_to_string(&log).unwrap();
    events.lines().filter_map(|line| Some((line.chars().next()?, line.get(2..)?.parse().ok()?))).collect()
}

/// bash keeps errexit in `<( )`, which `$( )` switches off; a condition around the command switches it off in what is an
/// argument, and not in what stands behind `<`.
#[test]
fn a_process_substitution_ends_at_its_first_failure() {
    let directory = tempfile::tempdir().unwrap();
    for (text, goes_on) in [
        ("cat < <(false; echo ON >&2)", false),
        ("x=$(false; echo ON >&2)", true),
        ("cat < <(false; echo ON >&2) || true", false),
        ("f() { cat < <(false; echo ON >&2); }; f || true", false),
        ("cat <(false; echo ON >&2) || true", true),
        ("if cat <(false; echo ON >&2); then :; fi", true),
    ] {
        let text = format!("set -e\n{text}\n");
        let outcome = run_in(Shell::Bash, &format!("{text}sleep 0.1\n"), directory.path());
        assert_eq!(outcome.stderr.contains("ON"), goes_on, "{text}");
        assert_eq!(said(&repo(Shell::Bash, &text)).contains("ON"), goes_on, "{text}");
    }
}

#[test]
fn what_always_comes_first_never_comes_later() {
    let directory = tempfile::tempdir().unwrap();
    let (mut claims, mut wrong) = (0, Vec::new());
    let count = std::env::var("SCRIPTS").ok().and_then(|count| count.parse().ok()).unwrap_or(24);
    for seed in 1..=count {
        let (text, commands) = Operator::script(seed);
        let repo = repo(Shell::Bash, &text);
        let run = repo.run_of(&repo.scripts[0]).unwrap();
        let number = |command: &twiceshy_repo::script::Command<'_>| -> Option<usize> {
            command.name().filter(|name| name == "c")?;
            command.args().first()?.literal()?.parse().ok()
        };
        let all: Vec<_> = repo
            .scripts
            .iter()
            .flat_map(|script| script.commands())
            .filter_map(|command| Some((number(&command)?, run.step_of(command)?)))
            .collect();
        assert_eq!(all.len(), commands, "{text}");
        let traces: Vec<_> = (0..10).map(|way| trace(&text, seed * 100 + way, directory.path())).collect();
        let mut claim = |what: String, holds: &dyn Fn(&Trace) -> bool| {
            claims += 1;
            for trace in &traces {
                if !holds(trace) {
                    wrong.push(format!("{seed}: {what}, but {trace:?}\n{text}"));
                    break;
                }
            }
        };
        for &(a, a_step) in &all {
            if !run.comes_to(a_step) {
                claim(format!("{a} never runs"), &|trace| !trace.contains(&('S', a)));
            }
            for &(b, b_step) in &all {
                if a == b {
                    continue;
                }
                let is_a = |command: twiceshy_repo::script::Command<'_>| number(&command) == Some(a);
                let each = |trace: &Trace, holds: &dyn Fn(&Trace) -> bool| {
                    trace.iter().enumerate().filter(|(_, event)| **event == ('S', b)).all(|(at, _)| holds(&trace[..at]))
                };
                if run.dominated_by(b_step, is_a) {
                    claim(format!("{b} only after a success of {a}"), &|trace| {
                        each(trace, &|before| before.contains(&('O', a)))
                    });
                }
                if run.preceded_by(b_step, is_a) {
                    claim(format!("{b} only after {a}"), &|trace| each(trace, &|before| before.contains(&('S', a))));
                }
                if !run.may_precede(a_step, b_step) {
                    claim(format!("{a} never before {b}"), &|trace| each(trace, &|before| !before.contains(&('S', a))));
                }
                if !run.may_follow_failure(a_step, b_step) {
                    claim(format!("{b} never after a failure of {a}"), &|trace| {
                        each(trace, &|before| !before.contains(&('F', a)))
                    });
                }
                let between = run.between(a_step, b_step);
                for &(c, _) in all.iter().filter(|(c, _)| *c != a && *c != b) {
                    if run.checked_between(a_step, b_step, |command| number(&command) == Some(c)) {
                        claim(format!("{b} after a success of {a} only after a success of {c}"), &|trace| {
                            each(trace, &|before| {
                                let since = before.iter().rposition(|event| *event == ('O', a));
                                since.is_none_or(|since| before[since..].contains(&('O', c)))
                            })
                        });
                    }
                    if !between.iter().any(|(_, command)| number(command) == Some(c)) {
                        claim(format!("{c} never between {a} and {b}"), &|trace| {
                            each(trace, &|before| {
                                let last = before.iter().rposition(|event| *event == ('S', b)).map_or(0, |at| at + 1);
                                let before = &before[last..];
                                let since = before.iter().position(|event| *event == ('S', a));
                                since.is_none_or(|since| !before[since..].contains(&('S', c)))
                            })
                        });
                    }
                }
            }
            for condition in run.conditions(a_step).iter() {
                let Some(other) = run.command(condition.step).and_then(|command| number(&command)) else { continue };
                claim(format!("{a} only after {other} ended {}", condition.holds), &|trace| {
                    let ended = if condition.holds { 'O' } else { 'F' };
                    let starts = trace.iter().enumerate().filter(|(_, event)| **event == ('S', a));
                    starts.into_iter().all(|(at, _)| trace[..at].contains(&(ended, other)))
                });
            }
        }
    }
    wrong.sort_by_key(String::len);
    let count = wrong.len();
    wrong.truncate(10);
    assert!(wrong.is_empty(), "{count} of {claims} claims were contradicted:\n{}", wrong.join("\n"));
    assert!(claims > 2000, "only {claims} claims");
}
