//! `COPY .` takes along what only a working copy has: installed packages, caches, databases, git's own directory.

use std::collections::BTreeMap;
use twiceshy_lint::{Field, Findings, Level, Lint, Meta, meta, options};
use twiceshy_repo::dockerfile::{Dockerfile, StepKind};
use twiceshy_repo::{BuildContext, Builder, DockerIgnore, Edit, LocalKind, LocalPath, Place, Repo, Sent, Span, Tree};

options! {
    /// What a build takes along and should not.
    pub struct ContextTooLarge {
        /// Paths from the context, or names, that builds here are meant to take along.
        allowed: Vec<String> = Vec::new();
    }
}

impl Lint for ContextTooLarge {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Deploy, Dockerfile, from system);

    fn options() -> Vec<Field> {
        Self::fields()
    }

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let contexts = repo.build_contexts();
        // One finding for each place where a line is missing: an ignore file, or the directory that has none.
        let mut groups: BTreeMap<(Option<u32>, &str), Vec<Hit<'_>>> = BTreeMap::new();
        for context in &contexts {
            let key = (context.ignore.map(|ignore| ignore.file.0), context.dir.as_str());
            let hits = hits(repo, context).into_iter().filter(|hit| !self.allows(hit));
            groups.entry(key).or_default().extend(hits);
        }
        for mut hits in groups.into_values() {
            // What hurts most first; of each path the first build that sends it.
            hits.sort_by_key(|hit| {
                let is_secret = hit.local.kind == LocalKind::Secrets;
                (is_minor(hit), !is_secret, hit.local.kind == LocalKind::History, hit.replaced.is_none())
            });
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

impl ContextTooLarge {
    fn allows(&self, hit: &Hit<'_>) -> bool {
        let names = [hit.path.clone(), shown_path(&hit.path), Tree::name(&hit.path).to_owned()];
        self.allowed.iter().any(|allowed| names.iter().any(|name| name == allowed.trim_end_matches('/')))
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
        if local.kind == LocalKind::Secrets && (context.runs_with(&path) || context.runs_with(".env")) {
            continue; // a step works with it: it is wanted
        }
        if local.kind != LocalKind::Secrets
            && local.manifest.is_some()
            && !context.is_about(repo, Tree::parent(&path), &sent)
        {
            continue;
        }
        let is_shown = local.manifest.is_some() || context.reaches_image(&sent, &path);
        if local.kind == LocalKind::Secrets && !is_shown {
            continue; // what a service reads may hold no secret, and the image does not have it
        }
        let made = makes(context.dockerfile, local.kind);
        let replaced = match local.kind {
            LocalKind::Data | LocalKind::Database | LocalKind::Secrets => None,
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
        LocalKind::Data | LocalKind::Database | LocalKind::Secrets | LocalKind::History => &[],
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
    let names = listed(hits.iter().map(shown));
    let ignore_file = Tree::join(&first.context.dir, ".dockerignore").unwrap_or_default();
    let source = &first.sent.source;
    let copy = format!("{} {}", if first.sent.copy.is_add { "ADD" } else { "COPY" }, source.written);
    let message = match first.local.kind {
        LocalKind::Secrets => {
            let secret = shown_path(&first.path);
            let others = listed(hits[1..].iter().map(shown));
            let also = if others.is_empty() { String::new() } else { format!(", and also copies {others}") };
            match reaches_image(first) {
                true => format!("`{copy}` puts `{secret}` into the image{also}"),
                false => format!("`{copy}` puts `{secret}` into the build cache{also}"),
            }
        }
        LocalKind::History if hits.len() == 1 => {
            format!("`{copy}` takes git's whole history into the build")
        }
        _ if first.replaced.is_some() => {
            format!("`{copy}` overwrites what the image has just installed with the {names} of whoever builds")
        }
        _ => format!("`{copy}` also copies {names} from the working copy of whoever builds"),
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
            let words = match hit.local.kind {
                LocalKind::Secrets => format!("a service reads its settings from `{}`", hit.local.path),
                _ => format!("a service keeps its data in `{}`", hit.local.path),
            };
            finding.related(place, words);
        } else if let Some(file) = hit.local.manifest.filter(|_| hit.local.kind == LocalKind::Secrets) {
            let span = repo.tree.source(file).map_or(Span::default(), |source| source.line_span(0));
            let from = Tree::name(repo.tree.path(file));
            let words = match from.starts_with(".env") {
                true => format!("people copy this to `{}`", hit.local.path),
                false => format!("writes `{}`", hit.local.path),
            };
            finding.related(Place::new(file, span), words);
        }
    }
    let has = |kinds: &[LocalKind]| hits.iter().any(|hit| kinds.contains(&hit.local.kind));
    match hits.iter().find(|hit| hit.local.kind == LocalKind::Secrets) {
        Some(hit) if reaches_image(hit) => finding
            .note("whoever can pull the image can read the secrets in it, also when a later step deletes the file"),
        Some(hit) if builds_client(hit) => {
            finding.note("its secrets stay in the build cache, and what is built there may have them compiled in")
        }
        Some(_) => {
            finding.note("its secrets stay in the build cache, for whoever can read that; the image does not have them")
        }
        None => finding,
    };
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
            // What is built may read its settings from the file; a service that is given them in `env_file` need not.
            let may_be_read = |hit: &Hit<'_>| {
                hit.local.kind == LocalKind::Secrets && (hit.local.mounted.is_none() || builds_client(hit))
            };
            // A negation above would be undone by a line below it.
            if ignore.lines.iter().any(|line| line.is_negated) || hits.iter().any(may_be_read) {
                finding.suggest(title, [edit])
            } else {
                finding.fix(title, [edit])
            };
        }
        None => {
            finding.note(format!("write {ignore_file} with {}", listed(patterns)));
        }
    }
    let only_minor = hits.iter().all(|hit| is_minor(hit) || is_for_developers(repo, hit) || is_built_with(repo, hit));
    let only_clones = hits.iter().all(|hit| matches!(hit.context.builder, Builder::Workflow(_)));
    if only_minor || only_clones {
        finding.level(Level::Pedantic);
    }
}

/// Whether it alone is worth no more than a note.
fn is_minor(hit: &Hit<'_>) -> bool {
    match hit.local.kind {
        LocalKind::History => true,
        // A data directory deep in the sources may well be small.
        LocalKind::Data => hit.path.contains('/') && hit.local.mounted.is_none(),
        LocalKind::Secrets => !reaches_image(hit) && !builds_client(hit),
        _ => !hit.local.is_certain,
    }
}

/// Whether the image is one that developers build for themselves, and works with what is copied.
fn is_for_developers(repo: &Repo, hit: &Hit<'_>) -> bool {
    hit.replaced.is_none() && repo.is_of_development(hit.context.dockerfile.file)
}

/// Whether a client is built with the file: the example that it is copied from names settings which clients are given.
fn is_built_with(repo: &Repo, hit: &Hit<'_>) -> bool {
    let example = hit.local.manifest.filter(|_| hit.local.kind == LocalKind::Secrets && !reaches_image(hit));
    example.is_some_and(|example| repo.names_settings_of_clients(example))
}

fn reaches_image(hit: &Hit<'_>) -> bool {
    hit.context.reaches_image(&hit.sent, &hit.path)
}

/// Whether the stage that gets the path builds something for browsers, which may have settings compiled in.
fn builds_client(hit: &Hit<'_>) -> bool {
    makes(hit.context.dockerfile, LocalKind::NextCache)
        .iter()
        .any(|made| made.0 == hit.sent.stage && made.1 > hit.sent.index)
}

/// What a path is called in a list.
fn shown(hit: &Hit<'_>) -> String {
    match hit.local.kind {
        LocalKind::NodeModules | LocalKind::VirtualEnv | LocalKind::NextCache => Tree::name(&hit.path).to_owned(),
        _ => shown_path(&hit.path),
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
        LocalKind::NodeModules | LocalKind::VirtualEnv | LocalKind::NextCache | LocalKind::Secrets => {
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
