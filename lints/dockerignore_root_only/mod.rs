//! A pattern written as git reads it, which Docker matches at the root of the context only.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{
    BuildContext, Builder, DockerIgnore, Edit, IgnoreLine, LocalKind, Place, Repo, Sent, Span, Tree, is_beside_tests,
};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DockerignoreRootOnly {}

impl Lint for DockerignoreRootOnly {
    type Subject = DockerIgnore;
    const META: Meta = meta!(Warn, Deploy, DockerIgnore, from system);

    fn check(&self, ignore: &DockerIgnore, repo: &Repo, found: &mut Findings) {
        let contexts = repo.build_contexts();
        let uses = |context: &&BuildContext<'_>| context.ignore.is_some_and(|own| own.file == ignore.file);
        let mut missed: Vec<Missed<'_>> = Vec::new();
        for line in ignore.lines.iter().filter(|line| reads_like_git(line)) {
            let first = contexts.iter().filter(uses).find_map(|context| misses(repo, context, line));
            missed.extend(first);
        }
        missed.sort_by_key(|missed| (missed.harm, missed.line.place));
        report(&missed, found);
    }
}

/// How bad it is that a path is sent; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    /// A secret is in the image.
    Secret,
    /// Packages or caches, large and made for another system.
    Heavy,
    /// Compiled files.
    Noise,
}

/// A line that misses a path it means.
struct Missed<'r> {
    line: &'r IgnoreLine,
    /// From the root of the tree.
    path: String,
    /// Why such a path comes about.
    cause: Option<(Place, String)>,
    sent: Sent<'r>,
    harm: Harm,
    /// How many more such paths there are.
    more: usize,
    /// Whether what is copied becomes a part of the image, and not only of a stage on the way.
    in_image: bool,
    /// Whether only builds from a fresh clone are known.
    only_clone: bool,
    /// Whether something tracked would no longer be sent.
    takes_tracked: bool,
}

impl Missed<'_> {
    /// The paths, with the verb that they need.
    fn paths(&self) -> String {
        match self.more {
            0 => format!("`{}` is", self.path),
            more => format!("`{}` and {more} more are", self.path),
        }
    }
}

/// One name or pattern of a name, not anchored on purpose.
fn reads_like_git(line: &IgnoreLine) -> bool {
    let is_anchored = line.written.starts_with('/') || line.written.starts_with("./");
    !line.is_negated && !is_anchored && !line.cleaned.contains('/') && !line.cleaned.starts_with("**")
}

/// A path below the root of the context that the line means, if a build sends one.
fn misses<'r>(repo: &Repo, context: &BuildContext<'r>, line: &'r IgnoreLine) -> Option<Missed<'r>> {
    let (path, cause, harm, more) = match line.cleaned.as_str() {
        "node_modules" | ".venv" | "venv" | ".next" | "target" => installed(repo, context, line)?,
        "__pycache__" | "*.pyc" | "*.py[co]" | "*.py[cod]" | "*.pyo" => compiled(repo, context, line)?,
        ".env" | "*.pem" | "*.key" | ".env.local" | ".env*" => secret(repo, context, line)?,
        _ => return None,
    };
    let inside = context.inside(&path)?.to_owned();
    let sent = context.sweeps(&inside)?;
    let takes_tracked = repo.tree.below(&context.dir).any(|file| {
        let path = context.inside(repo.tree.path(file)).unwrap_or_default();
        path.split('/').any(|part| line.matches(part)) && !context.ignores(path)
    });
    let only_clone = matches!(context.builder, Builder::Workflow(_));
    let in_image = context.reaches_image(&sent, &inside);
    Some(Missed { line, path, cause, sent, harm, more, in_image, only_clone, takes_tracked })
}

/// The path that hurts most, why it comes about, how bad it is, and how many more there are.
type Found = (String, Option<(Place, String)>, Harm, usize);

/// Packages and caches beside a manifest.
fn installed(repo: &Repo, context: &BuildContext<'_>, line: &IgnoreLine) -> Option<Found> {
    let local = repo.local_paths(&context.dir).into_iter().find(|local| {
        local.kind != LocalKind::Data
            && Tree::name(&local.path) == line.cleaned
            && context.inside(&local.path).is_some_and(|path| {
                let sent = context.sweeps(path);
                let is_about = sent.is_some_and(|sent| context.is_about(repo, Tree::parent(path), &sent));
                path.contains('/') && is_about && !context.ignores(path) && !context.names(path)
            })
    })?;
    let cause = local.manifest.map(|file| {
        let words = format!("installs into `{}`", local.path);
        (first_line(repo, file), words)
    });
    let harm = if local.is_certain { Harm::Heavy } else { Harm::Noise };
    Some((local.path, cause, harm, 0))
}

/// What Python leaves beside its modules.
fn compiled(repo: &Repo, context: &BuildContext<'_>, line: &IgnoreLine) -> Option<Found> {
    let mut last = "";
    repo.tree.below(&context.dir).find_map(|file| {
        let path = repo.tree.path(file);
        if !path.ends_with(".py") {
            return None;
        }
        let dir = Tree::parent(context.inside(path)?);
        // One module of a directory stands for all of them.
        if dir == last || dir.is_empty() {
            return None;
        }
        last = dir;
        let module = Tree::name(path).trim_end_matches(".py");
        let compiled = format!("{dir}/__pycache__/{module}.cpython-312.pyc");
        let own = if line.cleaned == "__pycache__" { format!("{dir}/__pycache__") } else { compiled };
        let from_root = Tree::join(&context.dir, &own)?;
        let is_sent = !context.ignores(&own) && context.sweeps(&own).is_some();
        let ignored = repo.git_ignores(&from_root, own.ends_with("__pycache__")).filter(|_| is_sent)?;
        Some((from_root, Some((ignored.place, "git ignores it in every directory".into())), Harm::Noise, 0))
    })
}

/// Secrets: files that git ignores and whose example stands beside them, keys that are tracked.
fn secret(repo: &Repo, context: &BuildContext<'_>, line: &IgnoreLine) -> Option<Found> {
    let mut found: Vec<(bool, Found)> = Vec::new();
    let all = repo.tree.below(&context.dir).filter_map(|file| {
        let path = repo.tree.path(file);
        // Few files end so, and every one is asked.
        let (_, ending) = path.rsplit_once('.')?;
        if !matches!(ending, "example" | "sample" | "template" | "dist" | "pem" | "key") {
            return None;
        }
        let inside = context.inside(path).filter(|inside| inside.contains('/'))?;
        let (dir, name) = (Tree::parent(inside), Tree::name(inside));
        let is_sent = |path: &str| !context.ignores(path) && !context.names(path) && context.sweeps(path).is_some();
        let is_example = matches!(name, ".env.example" | ".env.sample" | ".env.template" | ".env.dist");
        if is_example && line.matches(".env") && !is_beside_tests(path) {
            let own = format!("{dir}/.env");
            let from_root = Tree::join(&context.dir, &own)?;
            if is_sent(&own) && repo.git_ignores(&from_root, false).is_some() {
                let cause = Some((first_line(repo, file), "people copy this to `.env`".into()));
                return Some((!repo.names_secrets(file), (from_root, cause, Harm::Secret, 0)));
            }
        }
        let is_key = name.ends_with(".pem") || name.ends_with(".key");
        let is_test =
            path.split('/').any(|part| part.contains("test") || part.contains("example") || part == "fixtures");
        let is_missed = is_key && !is_test && line.matches(name) && is_sent(inside);
        is_missed.then(|| (false, (path.to_owned(), None, Harm::Secret, 0)))
    });
    found.extend(all);
    let more = found.len().saturating_sub(1);
    let (_, (path, cause, harm, _)) = found.into_iter().min_by_key(|(is_plain, _)| *is_plain)?;
    Some((path, cause, harm, more))
}

fn first_line(repo: &Repo, file: twiceshy_repo::FileId) -> Place {
    let span = repo.tree.source(file).map_or(Span::default(), |source| source.line_span(0));
    Place::new(file, span)
}

fn report(missed: &[Missed<'_>], found: &mut Findings) {
    let Some(first) = missed.first() else { return };
    let written = &first.line.written;
    let finding = found.at(
        first.line.place,
        format!("`{written}` keeps only the one at the root of the context from Docker; {} copied", first.paths()),
    );
    finding.label("Docker, unlike git, matches this at the root only");
    let source = &first.sent.source;
    finding.related(source.place, format!("`{}` takes `{}` along", source.written, first.path));
    if let Some((place, words)) = &first.cause {
        finding.related(*place, words.as_str());
    }
    for other in &missed[1..] {
        finding.related(other.line.place, format!("the same here: {} copied", other.paths()));
    }
    finding.note(match first.harm {
        Harm::Secret if first.in_image => "whoever can pull the image can read it, also when a later step deletes it",
        Harm::Secret => "it stays in the build cache, and what is built there may have it compiled in",
        Harm::Heavy => "it is sent before the build starts, voids the cache when anything in it changes, and brings programs built for another system",
        Harm::Noise => "every run of the program changes these files, and so voids the cache of the step that copies them",
    });
    let edits = missed.iter().map(|missed| Edit { place: missed.line.place.before(), text: "**/".into() });
    let title = "match it in every directory";
    if missed.iter().any(|missed| missed.harm == Harm::Secret || missed.takes_tracked) {
        finding.suggest(title, edits);
    } else {
        finding.fix(title, edits);
    }
    if missed.iter().all(|missed| missed.harm == Harm::Noise || missed.only_clone && missed.harm != Harm::Secret) {
        finding.level(Level::Pedantic);
    }
}
