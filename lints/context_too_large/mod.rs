//! `COPY .` takes along what only a working copy has: installed packages, caches, databases, git's own directory.

use serde::Deserialize;
use std::collections::BTreeMap;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::dockerfile::{Dockerfile, StepKind};
use twiceshy_repo::{BuildContext, Builder, DockerIgnore, Edit, LocalKind, LocalPath, Place, Repo, Sent, Tree};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContextTooLarge {}

impl Lint for ContextTooLarge {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Deploy);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let contexts = repo.build_contexts();
        // One finding for each place where a line is missing: an ignore file, or the directory that has none.
        let mut groups: BTreeMap<(Option<u32>, &str), Vec<Hit<'_>>> = BTreeMap::new();
        for context in &contexts {
            let key = (context.ignore.map(|ignore| ignore.file.0), context.dir.as_str());
            groups.entry(key).or_default().extend(hits(repo, context));
        }
        for mut hits in groups.into_values() {
            // What hurts most first; of each path the first build that sends it.
            hits.sort_by_key(|hit| (hit.local.kind == LocalKind::History, hit.replaced.is_none()));
            let mut seen = Vec::new();
            hits.retain(|hit| {
                let is_new = !seen.contains(&hit.local.path);
                seen.push(hit.local.path.clone());
                is_new
            });
            report(repo, &hits, found);
        }
    }
}

/// A path that a build sends and should not.
struct Hit<'r> {
    context: &'r BuildContext<'r>,
    local: LocalPath,
    /// From the context.
    path: String,
    sent: Sent<'r>,
    /// The step whose result the copy replaces.
    replaced: Option<Place>,
}

fn hits<'r>(repo: &Repo, context: &'r BuildContext<'r>) -> Vec<Hit<'r>> {
    let mut hits = Vec::new();
    for local in repo.local_paths(&context.dir) {
        let Some(path) = context.inside(&local.path).map(str::to_owned) else { continue };
        if context.ignores(&path) || context.names(&path) || says_otherwise(context.ignore, &path, local.kind) {
            continue;
        }
        let Some(sent) = context.sweeps(&path) else { continue };
        if local.manifest.is_some() && !context.is_about(repo, Tree::parent(&path), &sent) {
            continue;
        }
        let made = makes(context.dockerfile, local.kind);
        let replaced = match local.kind {
            LocalKind::Data | LocalKind::Database => None,
            // Some builds ask git for their version.
            LocalKind::History if asks_git(context.dockerfile) => continue,
            LocalKind::History => None,
            // Not made in the image: then it is meant to come from outside.
            _ if made.is_empty() => continue,
            LocalKind::NodeModules => {
                let before = made.iter().find(|made| made.0 == sent.stage && made.1 < sent.index);
                before.map(|made| made.2)
            }
            LocalKind::VirtualEnv | LocalKind::CargoTarget | LocalKind::NextCache => None,
        };
        hits.push(Hit { context, local, path, sent, replaced });
    }
    hits
}

/// Whether the ignore file has a line about this name: a negation, another name for the same thing, or a pattern that
/// means it and misses (which `dockerignore-root-only` reports).
fn says_otherwise(ignore: Option<&DockerIgnore>, path: &str, kind: LocalKind) -> bool {
    let names: &[&str] = match kind {
        LocalKind::VirtualEnv => &[".venv", "venv", "env", ".env"],
        _ => &[Tree::name(path)],
    };
    ignore.is_some_and(|ignore| {
        ignore.lines.iter().any(|line| {
            let last = Tree::name(line.cleaned.trim_end_matches("/**").trim_end_matches("/*"));
            names.contains(&last) && (line.is_negated || kind == LocalKind::VirtualEnv || last == line.cleaned)
        })
    })
}

/// The steps of a Dockerfile that make what `kind` stands for: (stage, number, place).
fn makes(dockerfile: &Dockerfile, kind: LocalKind) -> Vec<(usize, usize, Place)> {
    let phrases: &[&str] = match kind {
        LocalKind::NodeModules => &[
            "npm ci",
            "npm i ",
            "npm install",
            "npm clean-install",
            "yarn",
            "pnpm i",
            "pnpm --",
            "pnpm fetch",
            "pnpm -",
            "bun i",
            "bun ci",
        ],
        LocalKind::VirtualEnv => &[
            "pip install",
            "pip3 install",
            "uv sync",
            "uv pip",
            "poetry install",
            "pipenv install",
            "pdm install",
            "pdm sync",
        ],
        LocalKind::CargoTarget => &["cargo build", "cargo install", "cargo chef", "cargo test"],
        LocalKind::NextCache => {
            &["next build", "run build", "yarn build", "pnpm build", "turbo build", "turbo run build"]
        }
        LocalKind::Data | LocalKind::Database | LocalKind::History => &[],
    };
    let mut found = Vec::new();
    for stage in &dockerfile.stages {
        for (index, step) in stage.steps.iter().enumerate() {
            if let StepKind::Run(run) = &step.kind {
                let text = run.command.text();
                // A later `yarn build` installs nothing, but where it stands something has been installed.
                if phrases.iter().any(|phrase| text.contains(phrase)) {
                    found.push((stage.index, index, step.place));
                }
            }
        }
    }
    found
}

fn asks_git(dockerfile: &Dockerfile) -> bool {
    dockerfile.stages.iter().flat_map(|stage| &stage.steps).any(|step| match &step.kind {
        StepKind::Run(run) => {
            let text = run.command.text();
            let asks = [
                "git describe",
                "git rev-parse",
                "git log",
                "git submodule",
                "git rev-list",
                "git show",
                "git status",
                "setuptools",
                "hatch",
                "go build",
                "go install",
            ];
            asks.iter().any(|ask| text.contains(ask))
        }
        _ => false,
    })
}

fn report(repo: &Repo, hits: &[Hit<'_>], found: &mut Findings) {
    let Some(first) = hits.first() else { return };
    let names = listed(hits.iter().map(|hit| match hit.local.kind {
        LocalKind::NodeModules | LocalKind::VirtualEnv | LocalKind::NextCache => Tree::name(&hit.path).to_owned(),
        _ => shown_path(&hit.path),
    }));
    let ignore_file = Tree::join(&first.context.dir, ".dockerignore").unwrap_or_default();
    let source = &first.sent.source;
    let message = match first.local.kind {
        LocalKind::History if hits.len() == 1 => {
            format!("`COPY {}` takes git's whole history into the build", source.written)
        }
        _ if first.replaced.is_some() => {
            format!(
                "`COPY {}` overwrites what the image has just installed with the {names} of whoever builds",
                source.written
            )
        }
        _ => format!("`COPY {}` also copies {names} from the working copy of whoever builds", source.written),
    };
    let finding = found.at(source.place, message);
    let written = first.context.ignore.map_or(ignore_file.as_str(), |ignore| repo.tree.path(ignore.file));
    finding.label(match first.context.ignore {
        Some(_) => format!("takes everything that {written} does not name"),
        None => format!("takes everything: there is no {written}"),
    });
    if let Some(place) = first.replaced {
        finding.related(place, "installed here");
    }
    let mut shown = Vec::new();
    for hit in hits {
        if let Some(ignored) = hit.local.ignored.as_ref().filter(|ignored| !shown.contains(&ignored.place)) {
            shown.push(ignored.place);
            finding.related(
                ignored.place,
                format!("git ignores `{}`: it lies in working copies, not in clones", shown_path(&hit.local.path)),
            );
        }
    }
    for hit in hits {
        if let Some(place) = hit.local.mounted {
            finding.related(place, format!("a service keeps its data in `{}`", hit.local.path));
        }
    }
    let has = |kinds: &[LocalKind]| hits.iter().any(|hit| kinds.contains(&hit.local.kind));
    if hits.iter().any(|hit| is_data(hit) && hit.context.is_in_image(&hit.sent)) {
        finding.note("data ends up in a layer of the image, for everyone who can pull it; deleting it in a later step does not help");
    } else if hits.iter().any(is_data) {
        finding.note("data ends up in the build cache, and every change in it voids that cache");
    }
    if has(&[LocalKind::NodeModules, LocalKind::VirtualEnv, LocalKind::CargoTarget, LocalKind::NextCache]) {
        finding.note("all of it is sent before the build starts, every change in it voids the cache, and programs built for another system come along");
    }
    if has(&[LocalKind::History]) {
        finding.note(
            "`.git` changes with every commit and fetch, so nothing after this line is ever taken from the cache",
        );
    }
    let patterns: Vec<_> = unique(hits.iter().map(|hit| pattern(repo, hit)));
    match first.context.ignore {
        Some(ignore) => {
            let (end, needs_break) = ignore.end();
            let lines = patterns.join("\n");
            let text = if needs_break { format!("\n{lines}\n") } else { format!("{lines}\n") };
            let title = format!("add {} to {}", listed(patterns.iter().cloned()), repo.tree.path(ignore.file));
            let edit = Edit { place: end, text };
            // A negation above would be undone by a line below it.
            if ignore.lines.iter().any(|line| line.is_negated) {
                finding.suggest(title, [edit])
            } else {
                finding.fix(title, [edit])
            };
        }
        None => {
            finding.note(format!("write a {ignore_file} with {}", listed(patterns)));
        }
    }
    // A data directory deep in the sources may well be small.
    let is_minor = |hit: &Hit<'_>| match hit.local.kind {
        LocalKind::History => true,
        LocalKind::Data => hit.path.contains('/') && hit.local.mounted.is_none(),
        _ => false,
    };
    let only_minor = hits.iter().all(is_minor);
    let only_clones = hits.iter().all(|hit| matches!(hit.context.builder, Builder::Workflow(_)));
    if only_minor || only_clones {
        finding.level(Level::Pedantic);
    }
}

fn is_data(hit: &Hit<'_>) -> bool {
    matches!(hit.local.kind, LocalKind::Data | LocalKind::Database)
}

/// A path as people write it: of files by their extension the pattern.
fn shown_path(path: &str) -> String {
    match path.rsplit_once("any.") {
        Some((dir, extension)) if dir.is_empty() || dir.ends_with('/') => format!("{dir}*.{extension}"),
        _ => path.to_owned(),
    }
}

/// The line for the ignore file.
fn pattern(repo: &Repo, hit: &Hit<'_>) -> String {
    let name = Tree::name(&hit.path);
    match hit.local.kind {
        LocalKind::NodeModules | LocalKind::VirtualEnv | LocalKind::NextCache => {
            // With several packages there is one of them in each.
            let nested = hit.path.contains('/') || has_nested(repo, hit);
            if nested { format!("**/{name}") } else { hit.path.clone() }
        }
        LocalKind::Database => {
            name.strip_prefix("any.").map_or(hit.path.clone(), |extension| format!("**/*.{extension}"))
        }
        LocalKind::CargoTarget | LocalKind::Data | LocalKind::History => hit.path.clone(),
    }
}

fn has_nested(repo: &Repo, hit: &Hit<'_>) -> bool {
    let name = Tree::name(&hit.path);
    repo.local_paths(&hit.context.dir)
        .iter()
        .any(|other| other.path != hit.local.path && Tree::name(&other.path) == name)
}

fn unique(items: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

/// `` `a`, `b` and `c` ``, without doubles.
fn listed(items: impl IntoIterator<Item = String>) -> String {
    let quoted: Vec<_> = unique(items).iter().map(|item| format!("`{item}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
