//! A Dockerfile installs a package without another one of the repository that it needs.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::dockerfile::StepKind;
use twiceshy_repo::{Builder, Installer, MissingPackage, Place, Repo, When};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkspaceDepNotCopied {}

impl Lint for WorkspaceDepNotCopied {
    type Subject = Repo;
    const META: Meta = meta!(Error, Deploy, Dockerfile);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let mut seen: Vec<(Place, String)> = Vec::new();
        for missing in repo.missing_packages() {
            let Some(what) = consequence(&missing) else { continue };
            // One stage installs it twice, several builds do it in the same way: it is one mistake.
            let key = (missing.step.place, missing.need.dir.clone());
            if !seen.contains(&key) {
                seen.push(key);
                report(repo, &missing, &what, found);
            }
        }
    }
}

/// What comes of it, as the installers do it; `None`: nothing.
fn consequence(missing: &MissingPackage<'_>) -> Option<(String, Level)> {
    let (package, need) = (&missing.package.name, &missing.need.name);
    let never = missing.when == When::Never;
    Some(match missing.installer {
        Installer::Npm | Installer::Pnpm if missing.is_locked && never => (
            format!(
                "{} succeeds and links `{need}` to a directory that the image does not have: `{package}` cannot load it",
                missing.installer.name()
            ),
            Level::Error,
        ),
        // npm installs by its lock file what the missing package needs; pnpm installs for the packages that are there.
        Installer::Npm if missing.is_locked => return None,
        Installer::Pnpm if missing.is_locked => {
            if !missing.need_has_needs || installs_again(missing) {
                return None;
            }
            (
                format!(
                    "pnpm installs nothing for `{need}`, which is copied only later: what it needs itself cannot be loaded"
                ),
                Level::Warn,
            )
        }
        Installer::Npm | Installer::Yarn => (
            format!(
                "the build stops here: {} looks for `{need}`, which `{package}` needs, in the public registry, since the image does not have it",
                missing.installer.name()
            ),
            Level::Error,
        ),
        Installer::Pnpm => (
            format!(
                "the build stops here: `{package}` needs `{need}`, and no package of that name is in the workspace as the image has it"
            ),
            Level::Error,
        ),
        Installer::Bun if never => {
            (format!("`{package}` needs `{need}`, and the image is never given it"), Level::Warn)
        }
        Installer::Bun => return None,
        Installer::Cargo if missing.need.is_member => (
            format!(
                "the build stops here: Cargo reads the manifest of every member, and the image does not have `{need}`"
            ),
            Level::Error,
        ),
        Installer::Uv | Installer::Poetry | Installer::Cargo => (
            format!(
                "the build stops here: `{package}` needs `{need}` from `{}`, and the image does not have that{}",
                missing.need.dir,
                if never { "" } else { " yet" }
            ),
            Level::Error,
        ),
    })
}

/// Whether the same stage installs again later.
fn installs_again(missing: &MissingPackage<'_>) -> bool {
    let stages = &missing.build.dockerfile.stages;
    let runs = stages.iter().flat_map(|stage| &stage.steps).filter(|step| step.place.start > missing.step.place.start);
    runs.into_iter().any(|step| match &step.kind {
        StepKind::Run(run) => run.command.text().contains("pnpm i"),
        _ => false,
    })
}

fn report(repo: &Repo, missing: &MissingPackage<'_>, (message, level): &(String, Level), found: &mut Findings) {
    let is_stated = !matches!(missing.build.builder, Builder::Guessed);
    let level = if is_stated || *level != Level::Error { *level } else { Level::Warn };
    let finding = found.at(missing.source.place, message.clone()).level(level);
    finding.label(format!("brings `{}`, and not `{}`", missing.package.name, missing.need.dir));
    finding.related(
        missing.need.place,
        match missing.need.is_member {
            true => "named as a member here".to_owned(),
            false => format!("`{}` needs it", missing.package.name),
        },
    );
    let step = missing.step.place;
    let first_line = repo.tree.source(step.file).map_or(step, |source| {
        let end = source.line_span(source.line_of(step.start)).end;
        Place { end: end.min(step.end), ..step }
    });
    finding.related(first_line, "installed here");
    if let When::Later(place) = missing.when {
        finding.related(place, "copied only here");
    }
    if let Some(line) = missing.ignored {
        finding.related(line, "kept from Docker by this line");
    } else if missing.is_outside {
        let dir = if missing.build.dir.is_empty() { "." } else { &missing.build.dir };
        finding.note(format!(
            "`{}` lies outside of the build context (`{dir}`): no COPY can bring it; build from a directory above both",
            missing.need.dir
        ));
    } else {
        let inside = missing.build.inside(&missing.need.dir).unwrap_or(&missing.need.dir);
        finding.note(format!("before that step: `COPY {inside} ./{inside}`, and what it needs in turn"));
    }
}
