//! `twiceshy lints` and `twiceshy explain`.

use crate::args::{Explain, Lints, TableFormat};
use crate::output::{Problem, print, wants_color};
use crate::text::visible::line as visible_line;
use serde::Serialize;
use std::fmt::Write as _;
use std::process::ExitCode;
use twiceshy_lint::{Entry, Level};

/// Lists every lint.
pub(crate) fn list(args: &Lints, lints: &[Entry]) -> Result<ExitCode, Problem> {
    let text = match args.format {
        TableFormat::Text => table(lints),
        TableFormat::Json => {
            let rows: Vec<Row<'_>> = lints.iter().map(Row::of).collect();
            serde_json::to_string_pretty(&rows).map_err(|error| Problem::new(error.to_string()))? + "\n"
        }
    };
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    level: &'static str,
    group: &'static str,
    summary: String,
}

impl<'a> Row<'a> {
    fn of(lint: &'a Entry) -> Self {
        Self {
            name: &lint.name,
            level: lint.meta.level.name(),
            group: lint.meta.group.name(),
            summary: lint.meta.summary(),
        }
    }
}

fn table(lints: &[Entry]) -> String {
    let rows: Vec<Row<'_>> = lints.iter().map(Row::of).collect();
    let width = |cell: fn(&Row<'_>) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (name, level, group) =
        (width(|row| row.name.len()), width(|row| row.level.len()), width(|row| row.group.len()));
    let mut text = String::new();
    for row in &rows {
        let _ = writeln!(text, "{:name$}  {:level$}  {:group$}  {}", row.name, row.level, row.group, row.summary);
    }
    text
}

/// Shows a lint's page.
pub(crate) fn explain(args: &Explain, lints: &[Entry]) -> Result<ExitCode, Problem> {
    let name = args.lint.trim().replace('_', "-");
    let Some(lint) = lints.iter().find(|lint| lint.name == name) else {
        let names = lints.iter().map(|lint| lint.name.as_str());
        let what = match twiceshy_repo::nearest(&name, names) {
            Some(nearest) => format!("there is no lint `{}`; did you mean `{nearest}`?", args.lint),
            None => format!("there is no lint `{}`", args.lint),
        };
        return Err(Problem::new(what).next("`twiceshy lints` lists them all"));
    };
    print(page(lint, wants_color(args.color)).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// A README as a terminal page: headings stand out, examples are indented under their paths.
fn page(lint: &Entry, color: bool) -> String {
    let paint = |style: &str, text: &str| if color { format!("{style}{text}{PLAIN}") } else { text.to_owned() };
    let default = if lint.meta.level == Level::Pedantic { ", off by default (--pedantic)" } else { "" };
    let head = format!("({}, {}{default})", lint.meta.level.name(), lint.meta.group.name());
    let mut text = format!("{} {head}\n", paint(BOLD, &lint.name));
    let mut fence: Option<String> = None;
    for line in lint.meta.readme.lines().skip_while(|line| line.starts_with("# ")) {
        let line = visible_line(line);
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            fence = match fence {
                Some(_) => None,
                None => {
                    let info = trimmed.trim_start_matches('`').trim();
                    let (language, path) = info.split_once(' ').unwrap_or((info, ""));
                    if !path.is_empty() {
                        let _ = writeln!(text, "    {}", paint(DIM, path));
                    }
                    Some(language.to_owned())
                }
            };
            continue;
        }
        let line = match &fence {
            Some(language) if language == "diff" && line.starts_with('-') => format!("    {}", paint(RED, &line)),
            Some(language) if language == "diff" && line.starts_with('+') => format!("    {}", paint(GREEN, &line)),
            Some(_) if trimmed.starts_with("^^") => format!("    {}", paint(RED, &line)),
            Some(_) if trimmed.starts_with("~~") => format!("    {}", paint(CYAN, &line)),
            Some(_) => format!("    {line}"),
            None if line.starts_with('#') => paint(BOLD, line.trim_start_matches('#').trim_start()),
            None => line,
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
