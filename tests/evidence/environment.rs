//! What Node and Python do with variables that are not set, and with empty ones.

use std::process::{Command, Output};

fn run(program: &str, flag: &str, code: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args([flag, code]).env_remove("TWICESHY_X").envs(variables.iter().copied());
    command.output().unwrap()
}

fn says(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn python_ends_at_a_subscript_and_takes_an_empty_value() {
    let subscript = "import os; key = os.environ['TWICESHY_X']; print(repr(key))";
    let missing = run("python3", "-c", subscript, &[]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("KeyError: 'TWICESHY_X'"));
    assert_eq!(says(&run("python3", "-c", subscript, &[("TWICESHY_X", "")])), "''");
    let plain = "import os; print(repr(os.environ.get('TWICESHY_X')))";
    assert_eq!(says(&run("python3", "-c", plain, &[])), "None");
}

#[test]
fn defaults_are_for_unset_or_for_empty_variables_too() {
    let cases = [
        ("python3", "-c", "import os; print(os.getenv('TWICESHY_X', 'd'))", "d", ""),
        ("python3", "-c", "import os; print(os.getenv('TWICESHY_X') or 'd')", "d", "d"),
        ("node", "-e", "console.log(process.env.TWICESHY_X || 'd')", "d", "d"),
        ("node", "-e", "console.log(process.env.TWICESHY_X ?? 'd')", "d", ""),
    ];
    for (program, flag, code, unset, empty) in cases {
        assert_eq!(says(&run(program, flag, code, &[])), unset, "{code}");
        assert_eq!(says(&run(program, flag, code, &[("TWICESHY_X", "")])), empty, "{code}");
    }
}

#[test]
fn node_goes_on_without_a_variable_until_something_asks() {
    assert_eq!(says(&run("node", "-e", "console.log(process.env.TWICESHY_X)", &[])), "undefined");
    // Sent as it is: nothing, and no error.
    let header = "console.log(new Headers({ 'x-api-key': process.env.TWICESHY_X }).get('x-api-key'))";
    assert_eq!(says(&run("node", "-e", header, &[("TWICESHY_X", "")])), "");
    let guard = "if (!process.env.TWICESHY_X) throw new Error('TWICESHY_X')";
    assert!(!run("node", "-e", guard, &[]).status.success());
    assert!(!run("node", "-e", guard, &[("TWICESHY_X", "")]).status.success());
}
