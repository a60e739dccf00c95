//! Finds names of services that the project does not have.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Edit, Project, Repo, compose};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UndefinedService {}

impl Lint for UndefinedService {
    type Subject = Project;
    const META: Meta = meta!(Error, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        for undefined in project.undefined_services() {
            let name = &undefined.reference.name;
            let message = format!("Compose refuses the whole project: there is no service `{name}`");
            let finding = found.at(undefined.reference.place, message).label(label(&undefined));
            if let Some((nearest, place)) = undefined.nearest.as_ref().zip(undefined.nearest_place) {
                finding.related(place, format!("`{nearest}` is defined here"));
            } else if let Some((path, place)) = elsewhere(repo, project, name) {
                finding.related(
                    place,
                    format!("a service of this name is in {path}, which is not a part of this project"),
                );
            }
            if let Some(nearest) = &undefined.nearest {
                let edit = Edit { place: undefined.reference.place, text: nearest.clone() };
                finding.suggest(format!("name `{nearest}`"), [edit]);
            } else if !undefined.known.is_empty() {
                finding.note(format!("the services that can be named: {}", listed(&undefined.known)));
            }
        }
    }
}

fn label(undefined: &compose::UndefinedService<'_>) -> String {
    let by = undefined.by.map(|service| service.name.as_str()).unwrap_or_default();
    match undefined.key {
        "depends_on" => format!("`{by}` waits for it"),
        "network_mode" => format!("`{by}` shares its network"),
        "volumes_from" => format!("`{by}` mounts its volumes"),
        "links" => format!("`{by}` is linked to it"),
        _ => "extended here".to_owned(),
    }
}

/// Where another compose file of the repository defines a service of that name.
fn elsewhere<'r>(repo: &'r Repo, project: &Project, name: &str) -> Option<(&'r str, twiceshy_repo::Place)> {
    repo.compose.iter().filter(|compose| !project.has_file(compose.file)).find_map(|compose| {
        let (key, _) = compose.services().find(|(key, _)| &*key.text == name)?;
        Some((repo.tree.path(compose.file), key.place))
    })
}

/// The first few, and how many more.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    if names.len() > 8 { format!("{shown} and {} more", names.len() - 8) } else { shown }
}
