//! Finds images with data whose version nobody chose.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Floating, Production, Project, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeFloats {}

impl Lint for RuntimeFloats {
    type Subject = Project;
    const META: Meta = meta!(Warn, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        repo.floating(project).iter().for_each(|floating| report(floating, found));
    }
}

fn report(floating: &Floating<'_>, found: &mut Findings) {
    let (image, place) = &floating.image;
    let name = &floating.service.name;
    let what = image.name.rsplit('/').next().unwrap_or_default();
    let message = if floating.versions.is_sure {
        format!("a pull may leave `{name}` down: {what} {}", floating.versions.refuses)
    } else {
        format!("a pull decides the version of `{name}`: {what} {}", floating.versions.refuses)
    };
    let label = match image.tag() {
        "latest" if image.tag.is_none() => "no tag: whatever is `latest` on the day of the pull".to_owned(),
        tag => format!("`{tag}` is whatever it is on the day of the pull"),
    };
    let finding = found.at(*place, message).label(label);
    finding.related(floating.data.place, "the data that it finds");
    match floating.because {
        Production::Restarts(..) => {}
        Production::Deployed(place) => {
            finding.related(place, "this deploys it");
        }
        Production::Named(path) => {
            finding.note(format!("{path} is taken for what serves people, by its name"));
        }
    }
    if let Some(asks) = &floating.versions.asks {
        finding.note(format!("what runs now, and should be named: docker compose exec {name} {asks}"));
    }
    if !floating.versions.is_sure || floating.is_default {
        finding.level(Level::Pedantic);
    }
}
