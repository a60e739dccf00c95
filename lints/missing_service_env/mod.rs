//! Finds variables that the code of a service needs and its container does not get.

use twiceshy_lint::{Field, Findings, Level, Lint, Meta, meta, options};
use twiceshy_repo::{Lack, MissingVariable, Need, Reaction, Repo};

options! {
    /// Variables that the code of a service needs and its container does not get.
    pub struct MissingServiceEnv {
        /// Variables that containers get from what is not in the repository: the platform, an operator.
        given: Vec<String> = Vec::new();
    }
}

impl Lint for MissingServiceEnv {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose);

    fn options() -> Vec<Field> {
        Self::fields()
    }

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let mut missing = repo.missing_variables();
        missing.retain(|missing| !self.given.iter().any(|given| *given == *missing.read.name));
        // What a service lacks for one and the same reason is one finding.
        let alike = |a: &MissingVariable<'_>, b: &MissingVariable<'_>| {
            a.service.place == b.service.place && a.lack == b.lack && level(a) == level(b)
        };
        for (at, first) in missing.iter().enumerate() {
            if missing.iter().take(at).any(|before| alike(before, first)) {
                continue;
            }
            let all: Vec<_> = missing.iter().skip(at).filter(|other| alike(first, other)).collect();
            report(first, &all, repo, found);
        }
    }
}

fn report(missing: &MissingVariable<'_>, all: &[&MissingVariable<'_>], repo: &Repo, found: &mut Findings) {
    let service = &missing.service.name;
    let names = listed(all);
    let them = if all.len() == 1 { "it" } else { "them" };
    let message = match missing.lack {
        Lack::Start => format!("`{service}` does not start without {names}, and nothing gives it {them}"),
        Lack::Use => format!("`{service}` starts without {names}, and its code cannot do without {them}"),
        Lack::Nowhere => {
            format!("`{service}` is not given {names}, and falls back to a store on `localhost`: its own container")
        }
        Lack::Credentials => {
            format!("`{service}` is not given {names}, and falls back to a password that the store does not have")
        }
    };
    let place = missing.service.key("environment").or_else(|| missing.service.key("env_file"));
    let place = place.filter(|place| place.file == missing.service.place.file).unwrap_or(missing.service.place);
    let is = if all.len() == 1 { "is" } else { "are" };
    let label = match missing.given {
        0 => format!("`{service}` is given no variables at all"),
        1 => format!("{names} {is} not the one variable that `{service}` is given"),
        given => format!("{names} {is} not among the {given} variables that `{service}` is given"),
    };
    let finding = found.at(place, message).label(label);
    for one in all.iter().take(SHOWN) {
        finding.related(one.read.place, reading(one, repo));
        for (other, place) in &one.others {
            finding.related(*place, format!("`{other}` does get it"));
        }
        if let Some(named) = one.named {
            finding.related(named, "set here, where Compose reads it to fill in its own file only");
        }
    }
    if let Some(example) = missing.example {
        finding
            .related(example, "this file is not in the repository, and the example of it does not name the variable");
    }
    let built = missing.application.place;
    if built.file != missing.service.place.file || built != place {
        finding.related(built, format!("`{service}` runs the code of {}", shown(&missing.application.dir)));
    }
    if let Some(loads) = missing.loads {
        finding.related(loads, "an env file is loaded here, and none gets into the container");
    }
    if let Some(level) = level(missing) {
        finding.level(level);
    }
    let variables: Vec<_> =
        all.iter().map(|one| (one.read.name.to_string(), format!("${{{}:?}}", one.read.name))).collect();
    let title = match variables.as_slice() {
        [(name, value)] => format!("add `{name}: {value}` to `{service}`"),
        _ => format!("add them to `{service}`"),
    };
    let edits = missing.service.give(&variables, repo);
    if !edits.is_empty() {
        finding.suggest(title, edits);
    }
}

/// How many variables of a finding are shown where they are read.
const SHOWN: usize = 4;

fn listed(all: &[&MissingVariable<'_>]) -> String {
    let names: Vec<&str> = all.iter().take(SHOWN).map(|one| &*one.read.name).collect();
    match names.as_slice() {
        [.., last] if names.len() > 1 && all.len() <= SHOWN => {
            format!("{} and {last}", names.get(..names.len() - 1).unwrap_or_default().join(", "))
        }
        _ if all.len() > SHOWN => format!("{} and {} more", names.join(", "), all.len() - SHOWN),
        _ => names.join(", "),
    }
}

fn reading(missing: &MissingVariable<'_>, repo: &Repo) -> String {
    let line =
        |place: twiceshy_repo::Place| repo.tree.source(place.file).map_or(0, |source| source.line_of(place.start) + 1);
    match &missing.read.need {
        Need::Guarded { place, reaction } => {
            let does = match reaction {
                Reaction::Throws => "throws".to_owned(),
                Reaction::Exits => "exits".to_owned(),
                Reaction::Answers(status) => format!("answers {status}"),
            };
            format!("read here; line {} {does} when it is missing", line(*place))
        }
        Need::Required => "read here, and required".to_owned(),
        Need::Defaulted { value: Some(value), .. } => format!("read here; without it, {}", hidden(value)),
        _ => "read here".to_owned(),
    }
}

fn level(missing: &MissingVariable<'_>) -> Option<Level> {
    // Somebody wants the value to be there: it is set for another service, or beside the compose file.
    let is_wanted = !missing.others.is_empty() || missing.named.is_some();
    let is_certain = !missing.application.reached.is_empty();
    match missing.lack {
        _ if !is_certain && !is_wanted => Some(Level::Pedantic),
        Lack::Start if missing.example.is_some() || !is_certain => Some(Level::Warn),
        Lack::Start => None,
        // A feature that answers that it is not configured may be meant to.
        Lack::Use if !is_wanted => Some(Level::Pedantic),
        // It starts, and fails those who use that part of it.
        Lack::Use => Some(Level::Warn),
        Lack::Nowhere | Lack::Credentials if missing.example.is_some() => Some(Level::Pedantic),
        Lack::Nowhere | Lack::Credentials => Some(Level::Warn),
    }
}

fn shown(dir: &str) -> &str {
    if dir.is_empty() { "the root of the repository" } else { dir }
}

/// A connection string without its password.
fn hidden(value: &str) -> String {
    match value.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://…@{host}"),
        None => value.to_owned(),
    }
}
