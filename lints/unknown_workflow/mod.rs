//! Finds names of workflows and actions that nothing in the repository answers to.

use serde::Deserialize;
use twiceshy_lint::{Finding, Findings, Lint, Meta, meta};
use twiceshy_repo::workflow::Unknown;
use twiceshy_repo::{Repo, Workflow};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UnknownWorkflow {}

impl Lint for UnknownWorkflow {
    type Subject = Repo;
    const META: Meta = meta!(Error, SilentFailure, Action | Workflow | scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for workflow in &repo.workflows {
            check_workflow(workflow, repo, found);
        }
        for (unknown, used) in repo.actions.iter().flat_map(|action| action.unknown_actions(repo)) {
            let message = format!("the job fails at this step: there is no action in {}", unknown.text.text);
            let finding = found.at(unknown.text.place, message).label("no action.yml, action.yaml or Dockerfile there");
            finding.related(used, "runs in a job here, where the path begins at the root of the checkout");
            offer(finding, repo, &unknown, "stands here");
        }
        for unknown in repo.workflows_that_scripts_miss(found.focus()) {
            let message = format!("{} fails: this repository has no workflow `{}`", unknown.how, unknown.name);
            let finding = found.at(unknown.place, message).label("not found");
            if let Some((variable, place)) = unknown.set {
                finding.related(place, format!("`{variable}` is set here"));
            }
            if let Some((nearest, place)) = unknown.nearest {
                finding.related(place, format!("`{nearest}` stands here"));
                finding.suggest(format!("start `{nearest}`"), unknown.edit);
            }
        }
    }
}

fn check_workflow(workflow: &Workflow, repo: &Repo, found: &mut Findings) {
    for unknown in workflow.unknown_parents(repo) {
        let name = &unknown.text.text;
        let message =
            format!("this trigger never fires: no workflow here is named `{name}`, and GitHub reports no error");
        let finding = found.at(unknown.text.place, message).label("no workflow has this `name:`");
        offer(finding, repo, &unknown, "is the name it has");
        finding.note("`workflow_run` compares with the `name:` of a workflow, letter by letter; one without a name is called by its path");
        if unknown.nearest.is_none() {
            let names: Vec<_> =
                workflow.neighbours(repo).map(|other| format!("`{}`", other.called(repo).name)).collect();
            finding.note(format!("the workflows here: {}", listed(&names)));
        }
    }
    for unknown in workflow.unknown_called(repo) {
        let message = format!("GitHub refuses this workflow: there is no {}", unknown.text.text);
        let finding = found.at(unknown.text.place, message).label("no such workflow in this repository");
        offer(finding, repo, &unknown, "stands here");
    }
    for unknown in workflow.unknown_actions(repo) {
        let message = format!("the job fails at this step: there is no action in {}", unknown.text.text);
        let finding = found.at(unknown.text.place, message).label("no action.yml, action.yaml or Dockerfile there");
        offer(finding, repo, &unknown, "stands here");
    }
}

/// The first few, and how many more.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 8 { format!("{shown} and {} more", names.len() - 8) } else { shown }
}

fn offer(finding: &mut Finding, repo: &Repo, unknown: &Unknown<'_>, what: &str) {
    let Some((nearest, place)) = &unknown.nearest else { return };
    finding.related(*place, format!("`{nearest}` {what}"));
    finding.suggest(format!("name `{nearest}`"), unknown.text.say(repo, nearest));
}
