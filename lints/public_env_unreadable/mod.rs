//! Finds variables that are looked for where they can never be.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Moment, Repo, Unreadable, VariableRead, Way};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PublicEnvUnreadable {}

impl Lint for PublicEnvUnreadable {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Node);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for unreadable in repo.unreadable_variables() {
            match unreadable {
                Unreadable::Half(read) => half(read, found),
                Unreadable::BuiltIn { service, variable, read, build } => {
                    let (name, service) = (&variable.name, &service.name);
                    let message =
                        format!("{name} has no effect on `{service}`: its value was fixed when the image was built");
                    found
                        .at(variable.place, message)
                        .label("set when the container starts")
                        .related(read.place, "replaced by its value, or by `undefined`, in the build")
                        .related(build, format!("built here, without {name}"))
                        .note(format!(
                            "give it to the build: `ARG {name}` before the build, and `args:` in the compose file"
                        ))
                        .level(Level::Warn);
                }
            }
        }
    }
}

fn half(read: &VariableRead, found: &mut Findings) {
    let (name, is_public) = (&*read.name, read.way == Way::SveltePrivate);
    let (here, there) = if is_public { ("private", "public") } else { ("public", "private") };
    let message = match read.moment {
        Moment::Build => format!("the build fails: `$env/static/{here}` has no {name}"),
        _ => format!("{name} is always undefined here, whatever the environment says"),
    };
    let why = if is_public {
        "SvelteKit keeps everything that begins with `PUBLIC_` out of its private modules"
    } else {
        "SvelteKit's public modules hold only what begins with `PUBLIC_`"
    };
    let module = if read.moment == Moment::Build { "static" } else { "dynamic" };
    found.at(read.place, message).label(why).note(format!("import it from `$env/{module}/{there}`"));
}
