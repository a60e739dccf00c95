//! The repository's configuration at the prompt: which one counts, and what is wrong with it.

use crate::args::Configured;
use crate::check::unopened;
use crate::output::Problem;
use crate::text::visible::visible_path;
use twiceshy_lint::{Choice, Entry, Settings};
use twiceshy_repo::{Misconfigured, Repo};
use twiceshy_source::{Guide, Scope, Tree};

/// The tree, with the configuration that was asked for.
pub(crate) fn guided(tree: Tree, args: &Configured) -> Result<Tree, Problem> {
    let guide = match &args.config {
        Some(path) => Guide::file(path).map_err(unopened)?,
        None if args.no_config => Guide::Nowhere,
        None => Guide::Upwards,
    };
    Ok(tree.guided_by(guide))
}

/// Checks that the repository's own configuration means something.
pub(crate) fn configured(repo: &Repo, lints: &[Entry], choice: &Choice, scope: &Scope) -> Result<(), Problem> {
    let mistakes = Settings::of(repo, lints, choice).mistakes;
    if mistakes.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = mistakes.iter().map(|wrong| told(wrong, scope)).collect();
    Err(Problem::new(told.join("\nerror: ")).next("`twiceshy schema` prints everything that may stand there"))
}

fn told(wrong: &Misconfigured, scope: &Scope) -> String {
    let is_named = wrong.file.is_none() && !wrong.path.starts_with("../");
    let path = if is_named { wrong.path.clone() } else { from_here(&scope.shown, &wrong.path, scope) };
    format!("{}:{}:{}: {}", visible_path(&path), wrong.position.line, wrong.position.column, wrong.what)
}

/// `path`, which may begin with `../`, as a person at the current directory would write it.
fn from_here(shown: &str, path: &str, scope: &Scope) -> String {
    let (mut shown, mut path) = (shown.trim_end_matches('/'), path);
    if !path.starts_with("../") {
        return scope.show(path);
    }
    while let Some(rest) = path.strip_prefix("../")
        && !shown.is_empty()
        && !shown.ends_with("..")
    {
        shown = Tree::parent(shown);
        path = rest;
    }
    if shown.is_empty() { path.to_owned() } else { format!("{shown}/{path}") }
}
