//! What can be typed.

use crate::reports::Target;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use twiceshy_lint::Date;

/// Finds the places where a system is going to fail.
#[derive(Debug, Parser)]
#[command(
    name = "twiceshy",
    version,
    about = "Once bitten, twice shy: says where a system will fail, by joining the files that run it",
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  twiceshy                          check the current directory
  twiceshy check deploy             check the system in a directory
  twiceshy check compose.yml        check the repository, report what touches this file
  twiceshy check --fix              apply the safe fixes
  twiceshy map --format svg -o s.svg draw the system, findings marked
  twiceshy explain unknown-workflow what a lint means, and what to do
  twiceshy lints                    every lint, with its level and group

Exit codes: 0 nothing found, 1 something found, 2 could not do what was asked.
`twiceshy COMMAND --help` says more about a command.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a system (what `twiceshy` without a command does).
    Check(Check),
    /// Draw the system: what runs, what it keeps, who reaches it, and where it will fail.
    Map(Map),
    /// Explain a lint: what will happen, an example, the fix, when it is silent.
    Explain(Explain),
    /// List every lint: name, level, group, summary.
    Lints(Lints),
    /// Write a configuration, a hook for pre-commit and a workflow for this repository.
    Init(Init),
    /// Print the JSON Schema of twiceshy.toml, for editors.
    Schema,
    /// Judge a command before an agent runs it: allow, ask or deny, with the reason.
    Guard(Guard),
    /// Serve an editor: the Language Server Protocol on standard input and output.
    Lsp(Lsp),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The repository [default: the one around the current directory].
    pub directory: Option<PathBuf>,
    /// Print what would be written; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write twiceshy.toml and the workflow anew where they exist.
    #[arg(long)]
    pub force: bool,
}

/// Which configuration counts.
#[derive(Debug, Default, Args)]
pub(crate) struct Configured {
    /// Read this configuration instead of the repository's own; its paths are those of the directory that is checked.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration.
    #[arg(long)]
    pub no_config: bool,
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES, max_term_width = 100)]
pub(crate) struct Check {
    /// Directories and files to check [default: the current directory].
    ///
    /// A directory is a system. Of a file, the repository around it is the system,
    /// and only what touches the file is reported. Of several paths, the closest
    /// directory that holds them all is the system.
    #[arg(verbatim_doc_comment)]
    pub paths: Vec<PathBuf>,
    /// How to report: text, json, sarif, github, gitlab, junit, markdown [default: text].
    ///
    /// `--format sarif=out.sarif` writes that report to a file, whole or not at all; may be given several times.
    #[arg(long = "format", value_name = "FORMAT[=FILE]", value_parser = OsStringValueParser::new().try_map(Target::parse))]
    pub formats: Vec<Target>,
    /// Write the report to a file, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Run only these lints and groups (comma-separated, or given several times).
    #[arg(long, value_delimiter = ',', value_name = "LINT|GROUP")]
    pub select: Vec<String>,
    /// Do not run these lints and groups.
    #[arg(long, value_delimiter = ',', value_name = "LINT|GROUP")]
    pub ignore: Vec<String>,
    /// Report pedantic findings too.
    #[arg(long)]
    pub pedantic: bool,
    #[command(flatten)]
    pub configured: Configured,
    /// The day on which comments with `until=YYYY-MM-DD` are judged [default: today, in UTC].
    #[arg(long, value_name = "DATE", env = "TWICESHY_TODAY")]
    pub today: Option<Date>,
    /// Apply the safe fixes, then report what is left.
    #[arg(long)]
    pub fix: bool,
    /// Print what --fix would change as a patch; change nothing.
    #[arg(long, conflicts_with_all = ["fix", "formats"])]
    pub diff: bool,
    /// Exit with 1 only if something as bad as this is found; `pedantic` is everything that is reported.
    #[arg(long, value_enum, default_value_t = Worth::Pedantic, value_name = "LEVEL")]
    pub fail_on: Worth,
    /// Report only what the next commit causes, in whatever file it shows.
    ///
    /// Judges what is staged: git's index, whatever stands in the work tree.
    #[arg(long, verbatim_doc_comment, conflicts_with_all = ["since", "fix", "diff"])]
    pub staged: bool,
    /// Report only what the changes since this branch, tag or commit cause.
    ///
    /// Judges the work tree, against the commit at which HEAD and REV parted.
    #[arg(long, verbatim_doc_comment, value_name = "REV", conflicts_with_all = ["fix", "diff"])]
    pub since: Option<String>,
    /// Exit with 0 whatever is found.
    #[arg(long)]
    pub exit_zero: bool,
    /// Exit with 2 if anything could not be read or understood; reads also what no lint asks for.
    #[arg(long)]
    pub strict: bool,
    /// How many threads to use; unless it is 1, 8 more read files [default: one per core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// When to use colour.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// List everything that was not read or understood.
    #[arg(short, long)]
    pub verbose: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  twiceshy check --select data-loss,outage
  twiceshy check --ignore hygiene,unknown-workflow --pedantic
  twiceshy check --diff | git apply
  twiceshy check --format text --format github --format sarif=twiceshy.sarif
  twiceshy check --format junit --output twiceshy.xml --fail-on error
  twiceshy check --staged
  twiceshy check --since origin/main
  twiceshy check --format json | jq -r '.diagnostics[] | .path + \": \" + .message'";

#[derive(Debug, Args)]
#[command(after_help = MAP_EXAMPLES, max_term_width = 100)]
pub(crate) struct Map {
    /// A directory, or Compose files of which to draw the projects [default: the current directory].
    pub paths: Vec<PathBuf>,
    /// How to draw.
    #[arg(long, value_enum, default_value_t = MapFormat::Mermaid, value_name = "FORMAT")]
    pub format: MapFormat,
    /// Write the drawing to a file, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Mark pedantic findings too.
    #[arg(long)]
    pub pedantic: bool,
    #[command(flatten)]
    pub configured: Configured,
}

const MAP_EXAMPLES: &str = "\
Examples:
  twiceshy map --format svg --output system.svg
  twiceshy map compose.prod.yml
  twiceshy map --format dot | dot -Tpdf > system.pdf
  twiceshy map --format json | jq '.charts[].nodes[].name'";

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The lint's name, as it stands in brackets in a report.
    pub lint: String,
    /// When to use colour.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

#[derive(Debug, Args)]
pub(crate) struct Lints {
    /// How to list them.
    #[arg(long, value_enum, default_value_t = TableFormat::Text, value_name = "FORMAT")]
    pub format: TableFormat,
}

#[derive(Debug, Args)]
#[command(after_help = GUARD_EXAMPLES, max_term_width = 100)]
pub(crate) struct Guard {
    /// Who asks on standard input.
    #[arg(long, value_enum, default_value_t = Asking::Auto, value_name = "NAME")]
    pub dialect: Asking,
    /// How to answer a plain question; agents are answered as they expect it.
    #[arg(long, value_enum, default_value_t = Style::Text, value_name = "FORMAT")]
    pub format: Style,
    /// Where the command would run [default: what the agent says, else the current directory].
    #[arg(short = 'C', value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Print the configuration of hooks for the agents, or for the one that --dialect names.
    #[arg(long)]
    pub install_hint: bool,
}

const GUARD_EXAMPLES: &str = "\
Examples:
  echo 'docker compose down -v' | twiceshy guard
  twiceshy guard -C /srv/app --format json < command.sh
  twiceshy guard --install-hint --dialect claude

Exit codes: 0 allow, 1 ask, 2 deny, or could not be judged. To an agent's hook: 0 with the answer
as JSON (nothing: no objection), 2 if the question could not be read.";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asking {
    /// Whoever the input looks like.
    Auto,
    /// A person or a script: the command itself.
    Plain,
    /// Claude Code's PreToolUse.
    Claude,
    /// Codex' PreToolUse.
    Codex,
    /// Gemini CLI's BeforeTool.
    Gemini,
    /// Cursor's beforeShellExecution.
    Cursor,
    /// GitHub Copilot's preToolUse.
    Copilot,
}

/// How a plain question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// The answer, then why.
    Text,
    /// For programs; one object, version 1.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// What some editors say; there is no other way.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs; one object, version 1.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub's workflow commands: annotations of a run.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// GitHub's and GitLab's Markdown: a job's summary, a comment.
    Markdown,
}

/// The least bad finding with which a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Worth {
    /// Errors.
    Error,
    /// Errors and warnings.
    Warn,
    /// Everything that is reported.
    Pedantic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapFormat {
    /// For Markdown pages: GitHub, GitLab and many editors draw it.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// For programs; one object, version 1.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_table_of_arguments_is_sound() {
        super::Cli::command().debug_assert();
    }
}
