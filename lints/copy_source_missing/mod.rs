//! `COPY` and `ADD` of paths that Docker is not sent.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::dockerfile::Copy;
use twiceshy_repo::{BuildContext, Builder, Edit, MissingSource, Place, Repo, Tree, WhyMissing};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CopySourceMissing {}

impl Lint for CopySourceMissing {
    type Subject = Repo;
    const META: Meta = meta!(Error, Deploy, Dockerfile);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let mut missing = repo.missing_sources();
        // Of several builds that lack one source, that of which most is known stands for all.
        missing.sort_by_key(|missing| (missing.source.place, level(missing) == Level::Pedantic));
        let mut last: Option<Place> = None;
        let mut last_ignored: Option<&Copy> = None;
        for missing in &missing {
            if last.replace(missing.source.place) == Some(missing.source.place) {
                continue;
            }
            // What is fetched before a build is fetched together: one line, one finding.
            let is_ignored = matches!(missing.why, WhyMissing::GitIgnored(_));
            if is_ignored && last_ignored.replace(missing.copy).is_some_and(|copy| std::ptr::eq(copy, missing.copy)) {
                continue;
            }
            report(repo, missing, found);
        }
    }
}

fn level(missing: &MissingSource<'_>) -> Level {
    let is_stated = matches!(missing.build.builder, Builder::Compose(_) | Builder::Workflow(_));
    // From where a script builds is read from its text; that another build has the path says that we may be wrong.
    let is_doubtful = match missing.build.builder {
        Builder::Guessed => missing.others < 2,
        Builder::Script(_) => !missing.found_in.is_empty() || missing.others == 0,
        _ => false,
    };
    match missing.why {
        WhyMissing::GitIgnored(_) => Level::Pedantic,
        _ if is_doubtful => Level::Pedantic,
        WhyMissing::NeverAdded | WhyMissing::Emptied(_) => Level::Warn,
        WhyMissing::Absent { .. } | WhyMissing::Excluded(_) if is_stated => Level::Error,
        WhyMissing::Absent { .. } | WhyMissing::Excluded(_) => Level::Warn,
    }
}

fn report(repo: &Repo, missing: &MissingSource<'_>, found: &mut Findings) {
    let path = &missing.path;
    let word = if missing.copy.is_add { "ADD" } else { "COPY" };
    let context = shown_dir(&missing.build.dir);
    let message = match &missing.why {
        WhyMissing::Absent { .. } => {
            format!(
                "the build stops here: the context ({context}) has no `{path}`, and nothing in the repository makes it"
            )
        }
        WhyMissing::NeverAdded => {
            format!("in every clone the build stops here: `{path}` is on this disk only, nobody has added it to git")
        }
        WhyMissing::GitIgnored(_) => {
            format!("in a clone the build stops here: git ignores `{path}`, and nothing in the repository makes it")
        }
        WhyMissing::Excluded(rule) => {
            format!("the build stops here: `{}` in {} keeps `{path}` from Docker", rule.written, file(repo, rule.place))
        }
        WhyMissing::Emptied(rule) => format!(
            "this copies nothing, and the build goes on: `{}` in {} keeps everything in `{path}` from Docker",
            rule.written,
            file(repo, rule.place)
        ),
    };
    let finding = found.at(missing.source.place, message).level(level(missing));
    match &missing.why {
        WhyMissing::Absent { near } => {
            finding.label("not in the build context");
            if let Some(near) = near {
                finding.note(format!("there is `{near}`"));
                if is_plain(missing) && missing.found_in.is_empty() {
                    finding.suggest(
                        format!("{word} `{near}`"),
                        [Edit { place: missing.source.place, text: near.clone() }],
                    );
                }
            }
        }
        WhyMissing::NeverAdded => {
            let at = Tree::join(&missing.build.dir, path).unwrap_or_default();
            finding.label("not in git").note(format!("`git add {at}`"));
        }
        WhyMissing::GitIgnored(ignored) => {
            finding.label("not in git");
            finding.related(ignored.place, format!("`{}` keeps it out of git", ignored.pattern.trim()));
        }
        WhyMissing::Excluded(rule) | WhyMissing::Emptied(rule) => {
            finding.label("Docker is not sent this");
            finding.related(rule.place, "left out by this line");
            if let Some(ignore) = missing.build.ignore.filter(|_| !path.contains(['*', '?'])) {
                let (end, needs_break) = ignore.end();
                let text = format!("{}!{path}\n", if needs_break { "\n" } else { "" });
                finding.suggest(format!("let `{path}` through"), [Edit { place: end, text }]);
            }
        }
    }
    match missing.build.builder {
        Builder::Compose(place) => finding.related(place, format!("built from {context}")),
        Builder::Workflow(place) => finding.related(place, format!("built from {context}, from a fresh clone")),
        Builder::Script(place) => finding.related(place, format!("built from {context}")),
        Builder::Guessed => finding.note(format!(
            "nothing in the repository says from where it is built; {context} has most of what it copies"
        )),
    };
    if let Some(other) = missing.found_in.first() {
        let words = format!("this build, from {}, has it", shown_dir(&other.dir));
        match place_of(other) {
            Some(place) => finding.related(place, words),
            None => finding,
        };
    }
}

/// Whether the source is written without quotes and variables, so that a path can take its place.
fn is_plain(missing: &MissingSource<'_>) -> bool {
    missing.source.place.end - missing.source.place.start == missing.source.written.len() as u32
}

fn place_of(build: &BuildContext<'_>) -> Option<Place> {
    match build.builder {
        Builder::Compose(place) | Builder::Workflow(place) | Builder::Script(place) => Some(place),
        Builder::Guessed => None,
    }
}

fn file(repo: &Repo, place: Place) -> &str {
    repo.tree.path(place.file)
}

fn shown_dir(dir: &str) -> String {
    if dir.is_empty() { "the top of the repository".to_owned() } else { format!("`{dir}`") }
}
