//! Finds health checks that cannot be run as they are written, and waiting for checks that nobody makes.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Fault, Malformed, Repo, VainWait};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckForm {}

impl Lint for HealthcheckForm {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Dockerfile, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        repo.malformed_checks().iter().for_each(|one| malformed(one, found));
        for project in &repo.projects {
            repo.vain_waits(project).iter().for_each(|wait| vain(wait, found));
        }
    }
}

fn malformed(one: &Malformed, found: &mut Findings) {
    let program = &one.program;
    let (message, label) = match one.fault {
        Fault::NoKind => (
            "Compose refuses the whole project: a list for `test` starts with CMD, CMD-SHELL or NONE".to_owned(),
            "none of the three".to_owned(),
        ),
        Fault::OneWord => (
            "the container is never healthy: without a shell, the whole line is the name of a program that does not exist"
                .to_owned(),
            "one word".to_owned(),
        ),
        Fault::Operator => (
            format!("the check is not what it says: without a shell, this is one more argument of `{program}`"),
            "an operator of the shell, and no shell".to_owned(),
        ),
        Fault::Variable => (
            format!("the container is never healthy: without a shell, `{program}` asks for this name as it stands"),
            "nobody puts the value in".to_owned(),
        ),
        Fault::WordsAfterScript => (
            format!("the container is never healthy: the shell runs `{program}` alone, this and what follows is not given to it"),
            "CMD-SHELL takes one script".to_owned(),
        ),
    };
    let finding = found.at(one.place, message).label(label);
    let title = match one.fault {
        Fault::NoKind | Fault::OneWord | Fault::WordsAfterScript => "say how it is run",
        Fault::Operator | Fault::Variable => "run it with a shell",
    };
    finding.fix(title, one.edit.clone());
    if one.edit.is_none() && matches!(one.fault, Fault::Operator | Fault::Variable | Fault::OneWord) {
        finding.note("a shell runs what CMD-SHELL names, and in a Dockerfile what stands after CMD without brackets");
    }
}

fn vain(wait: &VainWait<'_>, found: &mut Findings) {
    let (name, other) = (&wait.service.name, &wait.other.name);
    let message = format!(
        "`up` fails before `{name}` starts: it waits until `{other}` is healthy, and `{other}` has no health check"
    );
    let finding = found.at(wait.dependency.place, message).label("waits for its health");
    let words = if wait.is_disabled { "switched off here" } else { "this image brings none, and the service has none" };
    finding.related(wait.place, words);
    finding.suggest("give it one", wait.edit.clone());
}
