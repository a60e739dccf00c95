//! Finds values of env files that `environment` replaces with nothing though it means to pass them on.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Erased, Override, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvFileErased {}

impl Lint for EnvFileErased {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for erased in repo.erased_variables(found.focus()) {
            report(&erased, repo, found);
        }
    }
}

fn report(erased: &Erased<'_>, repo: &Repo, found: &mut Findings) {
    let (name, service) = (&erased.variable.name, &erased.service.name);
    let file = repo.tree.path(erased.entry.place.file);
    let message = match &erased.by {
        Override::Empty => format!("`{service}` gets {name} empty, whatever its env file says"),
        Override::Unset => format!("`{service}` does not get {name}, whatever its env file says"),
        Override::Default(default) => format!("`{service}` gets {name} as `{default}`, whatever its env file says"),
    };
    let label = match &erased.by {
        Override::Unset => "passes on what Compose itself was given, and takes the variable away when that is nothing",
        _ => "filled in from the shell and `.env`, never from `env_file`",
    };
    let finding = found.at(erased.variable.place, message).label(label);
    let says = if erased.is_example {
        format!("{file}, the example of the env file, has a value for it")
    } else {
        "the value that never arrives".to_owned()
    };
    finding.related(erased.entry.place, says).related(erased.file, "read for the container; `environment` is stronger");
    if let Some(place) = erased.interpolation {
        finding.related(place, format!("this file is read to fill in `${{{name}}}`, and does not have it"));
    } else {
        finding.note(format!(
            "unless {name} is set in the shell that runs Compose, or in the `.env` beside the compose file"
        ));
        finding.level(Level::Warn);
    }
    if let Some(edit) = erased.service.take(name, repo) {
        let title = format!("leave {name} to the env file");
        match erased.by {
            Override::Default(_) => finding.suggest(title, [edit]),
            _ if erased.interpolation.is_some() => finding.fix(title, [edit]),
            _ => finding.suggest(title, [edit]),
        };
    }
}
