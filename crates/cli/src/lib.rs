//! The terminal's view of a report: text, JSON, SARIF, what CI systems read, fixes. The binary `twiceshy`.

mod args;
mod catalogue;
mod check;
mod configured;
mod github;
mod gitlab;
mod guard;
mod init;
mod json;
mod junit;
mod map;
mod markdown;
mod output;
mod patch;
mod plain;
mod repair;
mod reports;
#[cfg(test)]
mod sample;
mod sarif;
mod schema;
mod text;
mod view;

pub use guard::{Answer, Objection, Verdict, judge};

use args::{Cli, Command};
use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;
use twiceshy_lint::Entry;

/// Runs the program with its arguments and every lint.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(own_up));
    // Files and lints are guarded one by one; this is for what nobody thought of.
    let result = catch_unwind(|| run(std::env::args_os(), &twiceshy_lints::all()));
    result.unwrap_or(ExitCode::from(2))
}

/// Runs the program with `args`, the first of them its name, and a table of lints. Exit codes: 0 nothing found,
/// 1 something found, 2 could not do what was asked.
pub fn run(args: impl IntoIterator<Item = OsString>, lints: &[Entry]) -> ExitCode {
    let cli = match Cli::try_parse_from(with_command(args.into_iter().collect())) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let result = match &cli.command {
        Command::Check(args) => check::run(args, lints),
        Command::Map(args) => map::run(args, lints),
        Command::Explain(args) => catalogue::explain(args, lints),
        Command::Lints(args) => catalogue::list(args, lints),
        Command::Init(args) => init::run(args, lints),
        Command::Schema => schema::run(lints),
        Command::Guard(args) => guard::run(args, lints),
        Command::Lsp(_) => return twiceshy_lsp::serve(lints),
    };
    result.unwrap_or_else(|problem| {
        problem.say();
        ExitCode::from(2)
    })
}

/// Without a command, the command is `check`.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_own = |arg: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|own| arg == own);
    let is_option = |arg: &OsString| arg.as_encoded_bytes().starts_with(b"-");
    if args.is_empty() {
        args.push("twiceshy".into());
    }
    match args.get(1) {
        Some(first) if is_own(first) || !is_option(first) => {}
        _ => args.insert(1, "check".into()),
    }
    args
}

/// Answers `--help` and `--version`, and says what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = output::print(text.as_bytes());
        return ExitCode::SUCCESS;
    }
    output::say(text.trim_end());
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        output::say(&format!("\nTo check a path: twiceshy check {word}"));
    }
    ExitCode::from(2)
}

/// One line for an error of ours, instead of a backtrace: the run goes on, and the report says what is missing in it.
fn own_up(info: &PanicHookInfo<'_>) {
    let report = || {
        let payload = info.payload();
        let text =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        output::say(&format!("internal error at {place}: {}; please report it", text.unwrap_or("no message")));
    };
    let _ = catch_unwind(AssertUnwindSafe(report));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_command_the_command_is_check() {
        let args = |words: &[&str]| with_command(words.iter().map(OsString::from).collect());
        assert_eq!(args(&["twiceshy"]), args(&["twiceshy", "check"]));
        assert_eq!(args(&["twiceshy", "--fix"]), args(&["twiceshy", "check", "--fix"]));
        assert_eq!(args(&["twiceshy", "--version"]), ["twiceshy", "--version"]);
        assert_eq!(args(&["twiceshy", "lints"]), ["twiceshy", "lints"]);
        assert_eq!(args(&[]), ["twiceshy", "check"]);
    }
}
