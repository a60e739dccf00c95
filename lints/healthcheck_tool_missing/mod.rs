//! Finds health checks that run a program which their container does not have.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{HealthCheck, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckToolMissing {}

impl Lint for HealthcheckToolMissing {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for check in repo.health_checks() {
            report(&check, repo, found);
        }
    }
}

fn report(check: &HealthCheck<'_>, repo: &Repo, found: &mut Findings) {
    let Some((image, image_place)) = &check.container.image else { return };
    let facts = repo.facts(image);
    let missing = |tool: &str| facts.ships(tool) == Some(false) && !check.container.may_have(tool);
    // One of several programs that is there will do: `curl … || wget …`; `command -v` asks before.
    let clients: Vec<_> = check.programs.iter().filter(|program| !is_builtin(&program.name)).collect();
    if check.programs.iter().any(|program| matches!(program.name.as_str(), "command" | "which" | "type" | "hash")) {
        return;
    }
    let (tool, place, what) = if check.is_shell && missing("sh") {
        ("sh", check.place, "the shell that would run it".to_owned())
    } else {
        let Some(first) = clients.first() else { return };
        if !clients.iter().all(|program| missing(&program.name)) && !missing_alone(check, &missing) {
            return;
        }
        let Some(program) = clients.iter().find(|program| missing(&program.name)) else { return };
        let Some(word) = first.words.first() else { return };
        let word = program.words.first().unwrap_or(word);
        let place = word.place(twiceshy_repo::Span::new(0, word.text().len()));
        (program.name.as_str(), place, format!("`{}`", program.name))
    };
    let name = match check.service {
        Some((_, service)) => format!("`{}` stays unhealthy", service.name),
        None => "the container stays unhealthy".to_owned(),
    };
    let message = format!("{name}: its image has no {}", if tool == "sh" { "shell" } else { tool });
    let finding = found.at(place, message).label(format!("{what} is not there"));
    let told = if check.container.is_built() {
        format!("`{image}` does not ship `{tool}`, and no step of the Dockerfile installs it")
    } else {
        format!("`{image}` does not ship `{tool}`")
    };
    finding.related(*image_place, told);
    if let Some(native) = facts.native_check().filter(|_| !check.container.is_built()) {
        finding.note(format!("what it ships instead: `{native}`"));
    } else {
        let others: Vec<&str> = facts.probe_tools().into_iter().filter(|other| *other != tool).collect();
        if !others.is_empty() {
            finding.note(format!("what it ships: {}", others.join(", ")));
        }
    }
}

/// Whether the first program is missing and no alternative is written: `curl … || exit 1`, `curl … | grep ok`.
fn missing_alone(check: &HealthCheck<'_>, missing: &dyn Fn(&str) -> bool) -> bool {
    let first = check.programs.iter().find(|program| !is_builtin(&program.name));
    let is_client =
        |name: &str| matches!(name, "curl" | "wget" | "nc" | "python" | "python3" | "node" | "php" | "perl" | "bash");
    let others = check.programs.iter().filter(|program| is_client(&program.name)).count();
    first.is_some_and(|program| missing(&program.name)) && others <= 1
}

/// What a shell does itself, or what is in every image that has one.
fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "exit"
            | "true"
            | "false"
            | "test"
            | "["
            | "[["
            | "echo"
            | "set"
            | "exec"
            | "if"
            | "then"
            | "sh"
            | "cd"
            | "export"
            | "printf"
            | ":"
            | "return"
            | "timeout"
            | "env"
            | "sleep"
            | "cat"
    )
}
