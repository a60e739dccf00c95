//! Finds applications that lack a service or a setting without which they do not start.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Companion, Launch, LaunchedBy, Project, Repo, Service};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageNeedsCompanion {}

impl Lint for ImageNeedsCompanion {
    type Subject = Project;
    const META: Meta = meta!(Error, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        if !project.is_complete {
            return;
        }
        for service in &project.services {
            let Some(launch) = Launch::of_service(project, service, repo) else { continue };
            // What is built here on such an image may be told by other means.
            if launch.build.is_none() && launch.runs_its_server() && !launch.may_have_other_variables() {
                check(&launch, service, repo, found);
            }
        }
    }
}

fn check(launch: &Launch<'_>, service: &Service, repo: &Repo, found: &mut Findings) {
    let facts = launch.facts(repo);
    let missing: Vec<&Companion> =
        facts.companions().into_iter().filter(|companion| !is_there(companion, launch, service, repo)).collect();
    if missing.is_empty() {
        return;
    }
    let (image, name) = (&launch.image, launch.name());
    let what: Vec<&str> = missing.iter().map(|companion| companion.what.as_str()).collect();
    let message = format!("`{name}` does not work: `{image}` needs {}", joined(&what));
    let label = match facts.major().filter(|_| missing.iter().any(|companion| companion.majors.since.is_some())) {
        Some(major) if image.major().is_none() => format!("this is version {major} or later"),
        Some(major) => {
            format!("since version {}", missing.iter().filter_map(|one| one.majors.since).max().unwrap_or(major))
        }
        None => "not without them".to_owned(),
    };
    let finding = found.at(launch.image_place, message).label(label);
    let key = service.key("environment").or_else(|| service.key("env_file")).unwrap_or(service.place);
    let unset: Vec<&str> = missing.iter().filter_map(|companion| companion.env.first()).map(String::as_str).collect();
    if unset.is_empty() {
        finding.related(service.place, "no other service of this project is it");
    } else {
        finding.related(key, format!("nothing here sets {}", unset.join(", ")));
    }
    for companion in missing {
        let by_env = (!companion.env.is_empty()).then(|| format!("set {}", companion.env.join(" or ")));
        let by_image = (!companion.images.is_empty()).then(|| "add a service for it".to_owned());
        let how: Vec<String> = by_env.into_iter().chain(by_image).collect();
        finding.note(format!("{}: {}", companion.what, how.join(", or ")));
    }
}

/// Whether a companion is in the project, or the service is told where it is, or it is not needed here.
fn is_there(companion: &Companion, launch: &Launch<'_>, service: &Service, repo: &Repo) -> bool {
    let LaunchedBy::Service(project, _) = &launch.by else { return true };
    if companion.env.iter().any(|name| launch.variable(name).is_some()) {
        return true;
    }
    let others = || project.services.iter().filter(|other| other.name != service.name);
    // An image that is not known may be anything.
    let image = |other: &Service| other.base_image(repo).map(|(image, _)| image);
    let is_unknown = |other: &Service| image(other).is_none() || other.build.is_some();
    if !companion.beside.is_empty() {
        return !others().any(|other| image(other).is_some_and(|image| companion.is_beside(&image)));
    }
    !companion.images.is_empty()
        && others().any(|other| is_unknown(other) || image(other).is_some_and(|image| companion.is(&image)))
}

fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
