//! `twiceshy check`.

use crate::args::{Check, Worth};
use crate::configured::{configured, guided};
use crate::output::{Problem, deliver, is_terminal, print, say};
use crate::repair::{Repaired, repair};
use crate::reports::{self, Said};
use crate::text::visible::visible_path;
use crate::view::View;
use crate::{patch, text};
use std::process::ExitCode;
use std::time::Instant;
use twiceshy_lint::{Choice, Entry, Level, Report};
use twiceshy_repo::{Kind, Kinds, READERS, Repo, STACK, make_room};
use twiceshy_source::{Change, ChangeError, Limits, OpenError, Origin, Scope, SkipReason, Tree};

/// Something was found.
const FOUND: u8 = 1;
/// What was asked could not be done.
const UNABLE: u8 = 2;

fn threads(count: usize) -> Result<rayon::ThreadPool, Problem> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(count).stack_size(STACK);
    threads.start_handler(|_| make_room()).build().map_err(|error| {
        Problem::new(format!("no threads can be started: {error}")).next("try fewer of them: --jobs 1")
    })
}

/// Checks, fixes, reports.
pub(crate) fn run(args: &Check, lints: &[Entry]) -> Result<ExitCode, Problem> {
    let started = Instant::now();
    let targets = reports::targets(args)?;
    let choice = choice(args, lints)?;
    let scope = Scope::of(&args.paths).map_err(unopened)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let readers = threads(args.jobs.map_or(cores.max(READERS), usize::from))?;
    threads(args.jobs.map_or(cores, usize::from))?.install(|| {
        let (tree, origins) = readers.install(|| read(args, &scope))?;
        let tree = guided(tree, &args.configured)?;
        // What a change does not concern, it does not cause.
        let about = origins.as_deref().map_or(Kinds::ALL, |origins| Kinds::of_change(&tree, origins));
        let repo = Repo::about(tree, about);
        configured(&repo, lints, &choice, &scope)?;
        let repo = if args.strict { repo.thorough() } else { repo };
        if args.diff {
            return show_diff(repair(repo, lints, &choice, &scope), lints, &scope, args);
        }
        let mut fixed = None;
        let mut unable = false;
        let (repo, report) = if args.fix {
            let repaired = repair(repo, lints, &choice, &scope);
            repaired.troubles.iter().for_each(|trouble| say(&format!("warning: {trouble}")));
            for change in &repaired.changes {
                if let Err(error) = change.write(&scope.root) {
                    say(&format!("error: {}: not fixed: {error}", visible_path(&scope.show(&change.path))));
                    unable = true;
                }
            }
            if !unable {
                fixed = Some((repaired.count, repaired.changes.len()));
            }
            (repaired.repo, repaired.report)
        } else {
            let report = match origins {
                Some(origins) => Report::of_change(&repo, origins, lints, &choice),
                None => Report::of(&repo, lints, &choice),
            };
            (repo, report)
        };
        let view = View::new(&repo, &report, &scope, lints);
        reports::write(&targets, &view, Said { color: args.color, verbose: args.verbose, started, fixed })?;
        unable |= !saw_what_was_named(&view);
        let code = exit_code(&view, args, unable);
        drop(view);
        // The process ends here; taking a large repository apart piece by piece would only take time.
        std::mem::forget((repo, report));
        Ok(code)
    })
}

/// The files to check, and what they were before the change that was asked about.
fn read(args: &Check, scope: &Scope) -> Result<(Tree, Option<Vec<Origin>>), Problem> {
    let change = match &args.since {
        Some(revision) => Change::since(&scope.root, revision, Limits::default()),
        None if args.staged => Change::staged(&scope.root, Limits::default()),
        None => return Ok((Tree::disk(&scope.root, Limits::default()).map_err(unopened)?, None)),
    };
    let change = change.map_err(|error| match error {
        ChangeError::Open(error) => unopened(error),
        ChangeError::Git(error) => Problem::new(error.to_string()).next(error.next_step()),
    })?;
    Ok((change.after, Some(change.before)))
}

fn choice(args: &Check, lints: &[Entry]) -> Result<Choice, Problem> {
    let name = |name: &String| name.trim().replace('_', "-");
    let choice = Choice {
        select: (!args.select.is_empty()).then(|| args.select.iter().map(name).collect()),
        ignore: args.ignore.iter().map(name).collect(),
        pedantic: args.pedantic,
        today: args.today,
    };
    choice.check(lints).map_err(|unknown| {
        let told: Vec<String> = unknown
            .iter()
            .map(|unknown| match &unknown.nearest {
                Some(nearest) => format!("`{}` is neither a lint nor a group; did you mean `{nearest}`?", unknown.name),
                None => format!("`{}` is neither a lint nor a group", unknown.name),
            })
            .collect();
        Problem::new(told.join("\nerror: ")).next("`twiceshy lints` lists them all")
    })?;
    Ok(choice)
}

pub(crate) fn unopened(error: OpenError) -> Problem {
    let next = match &error {
        OpenError::Missing(_) => "check the spelling; without a path, the current directory is checked",
        OpenError::NotADirectory(_) | OpenError::Io(..) => "check who may read it",
        OpenError::Apart(..) => "check them one after the other",
    };
    Problem::new(error.to_string()).next(next)
}

pub(crate) fn unwritable(error: serde_json::Error) -> Problem {
    Problem::new(format!("the report cannot be written: {error}"))
}

/// Prints what `--fix` would change.
fn show_diff(repaired: Repaired, lints: &[Entry], scope: &Scope, args: &Check) -> Result<ExitCode, Problem> {
    repaired.troubles.iter().for_each(|trouble| say(&format!("warning: {trouble}")));
    let mut bytes = patch::write(&repaired.changes, &scope.shown);
    let in_workflow = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| !value.is_empty());
    if args.output.is_none() && in_workflow && is_a_command_in(&bytes) {
        let what = "a line of this patch is one that GitHub would take from a log as a workflow command";
        return Err(Problem::new(what).next("write it to a file: --diff --output FILE"));
    }
    if args.output.is_none() && is_terminal() {
        let lines = String::from_utf8_lossy(&bytes).lines().map(text::visible::line).collect::<Vec<_>>().join("\n");
        bytes = lines.into_bytes();
        if !bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    match &args.output {
        Some(file) => deliver(&bytes, Some(file))?,
        None => print(&bytes)?,
    }
    let view = View::new(&repaired.repo, &repaired.report, scope, lints);
    let left = view.diagnostics.len();
    say(&format!(
        "{} would be fixed in {}; {} would be left",
        text::counted(repaired.count, "finding"),
        text::counted(repaired.changes.len(), "file"),
        text::counted(left, "finding")
    ));
    let unable = !saw_what_was_named(&view);
    let code = exit_code(&view, args, unable);
    Ok(if code == ExitCode::SUCCESS && repaired.count > 0 && !args.exit_zero { ExitCode::from(FOUND) } else { code })
}

/// Whether a line of `patch`, which has to stay as it is, would be a command to whoever reads a log.
fn is_a_command_in(patch: &[u8]) -> bool {
    matches!(text::visible::logged(&String::from_utf8_lossy(patch)), std::borrow::Cow::Owned(_))
}

/// Whether every file that was named was seen; says so of those that were not.
fn saw_what_was_named(view: &View<'_>) -> bool {
    let tree = &view.repo.tree;
    let mut saw_all = true;
    for path in &view.scope.files {
        let shown = view.scope.show(path);
        let shown = visible_path(&shown);
        let skip = view.report.skipped.iter().find(|skip| skip.path == *path && is_unseen(&skip.reason));
        if let Some(skip) = skip {
            say(&format!("error: {shown}: {}", skip.reason));
            saw_all = false;
        } else if let Some(file) = tree.file(path) {
            if Kind::in_tree(tree, file).is_none() {
                say(&format!("warning: {shown}: not a kind of file that twiceshy reads"));
            }
        } else {
            match tree.ignores().rule(path, false) {
                Some(rule) => say(&format!(
                    "error: {shown}: not checked, because git ignores it ({}: {})",
                    rule.path, rule.pattern
                )),
                None => {
                    say(&format!("error: {shown}: not checked, because it is not part of the repository around it"))
                }
            }
            saw_all = false;
        }
    }
    saw_all
}

/// Whether nothing of the file was looked at.
fn is_unseen(reason: &SkipReason) -> bool {
    !matches!(reason, SkipReason::NotUnderstood { .. } | SkipReason::NotUtf8 { .. })
}

fn exit_code(view: &View<'_>, args: &Check, unable: bool) -> ExitCode {
    let skipped = view.skipped();
    let saw_nothing = view.report.checked == 0 && skipped.iter().any(|skip| is_unseen(&skip.reason));
    let too_little = args.strict && (!skipped.is_empty() || view.report.checked == 0);
    if unable || saw_nothing || too_little || !view.report.failures.is_empty() {
        ExitCode::from(UNABLE)
    } else if view.diagnostics.iter().any(|diagnostic| fails(diagnostic.level, args.fail_on)) && !args.exit_zero {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    }
}

fn fails(level: Level, worth: Worth) -> bool {
    match worth {
        Worth::Error => level == Level::Error,
        Worth::Warn => level != Level::Pedantic,
        Worth::Pedantic => true,
    }
}
