//! `twiceshy init`: a configuration, an entry for pre-commit and a workflow for a repository that has none.
//!
//! Nothing that exists is overwritten: what could not be written is printed instead.

use crate::args::Init;
use crate::check::unopened;
use crate::output::{Problem, print};
use crate::text::counted;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use twiceshy_lint::{Choice, Entry, Level, Report};
use twiceshy_repo::{Repo, STACK};
use twiceshy_source::{Edit, Limits, Scope, Span, Tree, WriteError, apply, create, save, write};
use twiceshy_syntax::yaml::{self, Edits};

const CONFIGURATION: &str = "twiceshy.toml";
const HOOKS: &str = ".pre-commit-config.yaml";
const WORKFLOW: &str = ".github/workflows/twiceshy.yml";

/// What becomes of one file.
enum Step {
    /// It is new, or with `--force` written anew.
    Write(&'static str, String),
    /// It is there and gets a new text.
    Change(&'static str, String),
    /// It stays; why, and what could be added to it by hand.
    Leave(&'static str, String, Option<String>),
}

/// Looks at the repository and writes what it wants.
pub(crate) fn run(args: &Init, lints: &[Entry]) -> Result<ExitCode, Problem> {
    let mut scope = Scope::of(args.directory.as_slice()).map_err(unopened)?;
    // Hooks and workflows are the whole repository's.
    for _ in scope.inside.split_terminator('/') {
        scope.root.pop();
    }
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let pool = pool.map_err(|error| Problem::new(format!("no threads can be started: {error}")))?;
    let steps = pool.install(|| {
        let repo = Repo::of(Tree::disk(&scope.root, Limits::default()).map_err(unopened)?);
        let report = Report::of(&repo, lints, &Choice::default());
        Ok([configuration(&repo, &report, args), hooks(&repo, &scope.root), workflow(&scope.root, args)])
    })?;
    let mut said = String::new();
    for step in steps {
        said.push_str(&step.take(&scope.root, args)?);
    }
    said.push_str(if args.dry_run {
        "\nnothing was written\n"
    } else {
        "\nnext: `twiceshy`, then `pre-commit install`\n"
    });
    print(said.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

impl Step {
    /// Takes it, unless nothing is to be written; says what was done.
    fn take(self, root: &Path, args: &Init) -> Result<String, Problem> {
        let unwritten = |path: &str, why: &dyn std::fmt::Display| Problem::new(format!("{path}: not written: {why}"));
        let (path, text, done) = match self {
            Self::Leave(path, why, None) => return Ok(format!("left {path} as it is: {why}\n")),
            Self::Leave(path, why, Some(text)) => {
                return Ok(format!("left {path} as it is: {why}; what to add:\n\n{}\n", indented(&text)));
            }
            Self::Write(path, text) => (path, text, "wrote"),
            Self::Change(path, text) => (path, text, "added the hook to"),
        };
        if args.dry_run {
            let would = if done == "wrote" { "would write" } else { "would add the hook to" };
            return Ok(format!("{would} {path}:\n\n{}\n", indented(&text)));
        }
        let at = root.join(path);
        if done != "wrote" {
            let before = twiceshy_source::Source::from_bytes(std::fs::read(&at).map_err(|why| unwritten(path, &why))?);
            write(&at, &before, &text).map_err(|why: WriteError| unwritten(path, &why))?;
        } else if !create(&at, text.as_bytes()).map_err(|why| unwritten(path, &why))? {
            if !args.force {
                return Ok(format!("left {path} as it is: it appeared while this ran\n"));
            }
            save(&at, text.as_bytes()).map_err(|why| unwritten(path, &why))?;
        }
        Ok(format!("{done} {path}\n"))
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

fn configuration(repo: &Repo, report: &Report, args: &Init) -> Step {
    match &repo.configuration.origin {
        Some(origin) if origin.path != CONFIGURATION => {
            Step::Leave(CONFIGURATION, format!("{} is the configuration here", origin.path), None)
        }
        Some(_) if !args.force => Step::Leave(CONFIGURATION, "it exists (--force writes it anew)".into(), None),
        _ => Step::Write(CONFIGURATION, configured(repo, report)),
    }
}

/// How many lints are named of those that find something.
const SHOWN: usize = 12;

/// A short configuration that says what there is to say about this repository, all of it commented out.
fn configured(repo: &Repo, report: &Report) -> String {
    let kinds = [
        (repo.compose.len(), "Compose file"),
        (repo.dockerfiles.len(), "Dockerfile"),
        (repo.scripts.len(), "script"),
        (repo.workflows.len(), "workflow"),
        (repo.migrations.len(), "migration"),
        (repo.python.len(), "Python module"),
        (repo.node.len(), "JavaScript module"),
        (repo.env.len(), "env file"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
    let mut by_lint: BTreeMap<&str, (Level, usize)> = BTreeMap::new();
    for found in &report.diagnostics {
        let (worst, count) = by_lint.entry(&found.lint).or_insert((found.level, 0));
        *worst = found.level.min(*worst);
        *count += 1;
    }
    let mut by_lint: Vec<_> = by_lint.into_iter().collect();
    by_lint.sort_by_key(|(lint, (level, count))| (*level, std::cmp::Reverse(*count), *lint));
    let more = by_lint.len().saturating_sub(SHOWN);
    by_lint.truncate(SHOWN);
    let mut text = String::from(
        "# What twiceshy should know about this repository; all of it may be left out.\n\
         # `twiceshy schema` prints everything that may stand here, `twiceshy explain LINT` what a lint means.\n\
         # Editors that know Taplo complete and check it: run `twiceshy schema > .twiceshy.schema.json`, and write as the\n\
         # first line here:  #:schema ./.twiceshy.schema.json\n\n",
    );
    if kinds.is_empty() {
        text.push_str("# It found nothing here that it reads.\n");
    } else {
        let _ = writeln!(text, "# It read {}.", kinds.join(", "));
    }
    text.push_str(
        "\n# Files that are not read, beyond those that git ignores; patterns as in a .gitignore.\n\
         # exclude = [\"third_party/\"]\n\n\
         # Findings that are worth a look, too.\n\
         # pedantic = true\n\n\
         # \"error\", \"warn\", \"pedantic\" or \"off\"; by lint, or by group below [groups]. A single place is left out by a\n\
         # comment there:  # twiceshy: ignore[LINT] reason\n\
         [lints]\n",
    );
    if by_lint.is_empty() {
        text.push_str("# unknown-workflow = \"warn\"\n");
    }
    let width = by_lint.iter().map(|(lint, _)| lint.len()).max().unwrap_or_default();
    for (lint, (level, count)) in &by_lint {
        let level = format!("\"{}\"", level.name());
        let _ = writeln!(text, "# {lint:width$} = {level:10} # found {}", times(*count));
    }
    if more > 0 {
        let _ = writeln!(text, "# and {more} more: `twiceshy` lists what it finds");
    }
    text.push_str(
        "\n# Other levels for some files:\n\
         # [[overrides]]\n\
         # paths = [\"examples/\"]\n\
         # groups = { hygiene = \"off\" }\n\n\
         # What it should know about your own images:\n\
         # [[image]]\n\
         # names = [\"registry.example.org/shop/db\"]\n\
         # role = \"database\"\n\
         # data = \"/var/lib/postgresql/data\"\n",
    );
    text
}

fn times(count: usize) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// The entry for pre-commit, of which the first line stands behind a dash.
fn hook() -> [String; 4] {
    [
        format!("repo: {}", env!("CARGO_PKG_REPOSITORY")),
        format!("rev: v{}", env!("CARGO_PKG_VERSION")),
        "hooks:".into(),
        "  - id: twiceshy".into(),
    ]
}

fn hooks(repo: &Repo, root: &Path) -> Step {
    let entry = hook().join("\n    ");
    let whole = format!("repos:\n  - {entry}\n");
    if std::fs::symlink_metadata(root.join(HOOKS)).is_err() {
        return Step::Write(HOOKS, whole);
    }
    let by_hand = |why: &str| Step::Leave(HOOKS, why.into(), Some(format!("  - {entry}\n")));
    let source = repo.tree.file(HOOKS).and_then(|file| Some((file, repo.tree.source(file).ok()?)));
    let Some((file, source)) = source else { return by_hand("it could not be read") };
    let parsed = yaml::parse(source.text());
    let Some(seq) = parsed.flaws.is_empty().then(|| parsed.root()?.get("repos")).flatten() else {
        return by_hand("its list of `repos` was not found");
    };
    let has_id = |hook: yaml::Node<'_>| hook.get("id").and_then(|id| id.as_str()).is_some_and(|id| id == "twiceshy");
    if seq.items().into_iter().any(|repo| repo.get("hooks").is_some_and(|hooks| hooks.items().into_iter().any(has_id)))
    {
        return Step::Leave(HOOKS, "it has the hook".into(), None);
    }
    let start = seq.span().start as usize;
    let before = source.text().get(..start).and_then(|text| text.rsplit('\n').next()).unwrap_or_default();
    // A list that begins on its key's line, in brackets, has no lines to be continued.
    let Some(indent) = before.chars().all(|c| c == ' ').then_some(before.len()) else {
        return by_hand("its list of `repos` is written on one line");
    };
    let item = hook().join(&format!("\n{}", " ".repeat(indent + 2)));
    let text = Edits::new(file, source.text()).push(seq, &item).and_then(|edit| applied(source.text(), edit));
    match text {
        Some(text) if yaml::parse(&text).flaws.is_empty() => Step::Change(HOOKS, text),
        _ => by_hand("no entry could be added to it"),
    }
}

fn applied(text: &str, mut edit: Edit) -> Option<String> {
    if text.contains("\r\n") {
        edit.text = edit.text.replace('\n', "\r\n");
    }
    let end = edit.place.span() == Span::new(text.len(), text.len());
    let text = apply(text, &[edit]).ok()?;
    Some(if end { text + "\n" } else { text })
}

/// What the README shows.
const STEPS: &str = include_str!("init/workflow.yml");

fn workflow(root: &Path, args: &Init) -> Step {
    let is_there = |path: &str| std::fs::symlink_metadata(root.join(path)).is_ok();
    if is_there(WORKFLOW) && !args.force {
        return Step::Leave(WORKFLOW, "it exists (--force writes it anew)".into(), None);
    }
    if is_there(".gitlab-ci.yml") && !is_there(".github") {
        let job = format!(
            "twiceshy:\n  image: python:3.13-slim\n  script:\n    - pip install twiceshy=={}\n    - twiceshy check --format text --format gitlab=gl-code-quality.json\n  artifacts:\n    when: always\n    reports:\n      codequality: gl-code-quality.json\n",
            env!("CARGO_PKG_VERSION")
        );
        return Step::Leave(".gitlab-ci.yml", "a job is yours to place".into(), Some(job));
    }
    Step::Write(WORKFLOW, STEPS.to_owned())
}
