//! Finds health checks that run a program which their container does not have.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Client, Edit, HealthCheck, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HealthcheckToolMissing {}

impl Lint for HealthcheckToolMissing {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Dockerfile, from system);

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
    if let Some(place) = check.container.installed_elsewhere(tool) {
        finding.related(place, "installed here, in a stage that the image does not hold");
    }
    let native = facts.native_check().filter(|_| !check.container.is_built());
    let others: Vec<&str> = facts.probe_tools().into_iter().filter(|other| *other != tool).collect();
    match native {
        Some(native) => {
            finding.note(format!("what it ships instead: `{native}`"));
        }
        None if !others.is_empty() => {
            finding.note(format!("what it ships: {}", others.join(", ")));
        }
        None => {}
    }
    if let Some(installer) = facts.installer().filter(|_| check.container.is_built() && tool != "sh") {
        finding.note(format!("or in the last stage: RUN {installer} {tool}"));
    }
    // A test that stands in a compose file is a list or a line, and either may be a list.
    if check.dockerfile.is_none()
        && let Some(test) = native.map(|native| words(&["CMD-SHELL", native])).or_else(|| asked_with(check, &others))
    {
        finding.suggest("ask with what is there", [Edit { place: check.place, text: test }]);
    }
}

/// The same request, sent by a program that is there. Only where it is one whole URL and nothing else counts.
fn asked_with(check: &HealthCheck<'_>, tools: &[&str]) -> Option<String> {
    let [request] = check.requests.as_slice() else { return None };
    let port = match &request.port_written {
        Some((written, _)) => format!(":{}", written.parse::<u16>().ok()?),
        None => String::new(),
    };
    let is_plain = |text: &str| !text.contains(|c: char| c.is_whitespace() || "$'\"\\<>".contains(c));
    let asks_alone = check.programs.iter().filter(|program| !is_builtin(&program.name)).count() == 1;
    if !asks_alone || request.client != Client::Curl || !is_plain(&request.path) || !is_plain(&request.host) {
        return None;
    }
    let scheme =
        request.scheme.as_deref().filter(|scheme| *scheme == "http").or(request.scheme.is_none().then_some("http"))?;
    // BusyBox' wget takes the first address of a name only.
    let host = if request.is_localhost() { "127.0.0.1" } else { &request.host };
    let url = format!("{scheme}://{host}{port}{}", request.path);
    Some(match *tools.iter().find(|tool| matches!(**tool, "wget" | "python3" | "node"))? {
        "wget" => words(&["CMD", "wget", "-q", "-O", "/dev/null", &url]),
        "node" => {
            let code = format!("fetch('{url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))");
            words(&["CMD", "node", "-e", &code])
        }
        _ => words(&[
            "CMD",
            "python3",
            "-c",
            &format!("import urllib.request; urllib.request.urlopen('{url}', timeout=5)"),
        ]),
    })
}

/// A list as YAML and JSON write it.
fn words(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
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
