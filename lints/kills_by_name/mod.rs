//! Finds commands that end processes by a name or pattern which meets more than was meant.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Compares, Kill, Meets, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct KillsByName {}

impl Lint for KillsByName {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for kill in repo.kills_by_name(found.focus()) {
            report(&kill, found);
        }
    }
}

fn report(kill: &Kill<'_>, found: &mut Findings) {
    let pattern = &kill.pattern;
    let compared = match kill.compares {
        Compares::CommandLine => "every command line that contains",
        Compares::PartOfName => "every program whose name contains",
        Compares::Name => "every program called",
    };
    let message = match &kill.meets {
        Meets::OwnShell { by, .. } => {
            format!(
                "this ends the very shell that runs it: {by} gives the shell its text as an argument, and that contains `{pattern}`"
            )
        }
        Meets::OwnScript { .. } => format!("this script ends itself: its own path contains `{pattern}`"),
        Meets::Container(_, service) => format!(
            "as root this ends `{pattern}` in the container of `{}`, too: a container's processes are processes of its host",
            service.name
        ),
        Meets::Runtime => format!("this ends every `{pattern}` process that it may, of other projects as well"),
        Meets::Anything(_) => format!(
            "this ends {compared} `{pattern}`: an editor, a `tail -f`, an ssh session, another project's process"
        ),
        Meets::Twin => format!("this ends {compared} `{pattern}`, whoever started it"),
    };
    let finding = found.at(kill.pattern_place, message).label(format!("meets {compared} `{pattern}`"));
    match &kill.meets {
        Meets::OwnShell { next, .. } | Meets::OwnScript { next: Some(next) } => {
            finding.related(*next, "never runs");
        }
        Meets::Container(_, service) => {
            finding.related(service.place, format!("runs `{pattern}` in a container"));
        }
        Meets::Anything(Some(path)) => {
            finding.note(format!("`vim {path}` would be ended, for one"));
        }
        Meets::OwnScript { next: None } | Meets::Runtime | Meets::Anything(None) | Meets::Twin => {}
    }
    match &kill.meets {
        Meets::OwnShell { .. } => {
            let bracketed = bracketed(pattern);
            finding.note(format!(
                "`{bracketed}` matches the same processes and not itself; a file with the process's id matches no other"
            ));
        }
        _ => {
            finding.note(
                "keep the id when the process starts (`echo $! > app.pid`) and end that: `kill \"$(cat app.pid)\"`",
            );
        }
    }
    let is_certain = matches!(kill.meets, Meets::OwnShell { .. } | Meets::OwnScript { .. });
    if matches!(kill.meets, Meets::Twin) || kill.is_page && !is_certain {
        finding.level(Level::Pedantic);
    }
}

/// `[w]orker`
fn bracketed(pattern: &str) -> String {
    let mut chars = pattern.chars();
    match chars.next() {
        Some(first) => format!("[{first}]{}", chars.as_str()),
        None => String::new(),
    }
}
