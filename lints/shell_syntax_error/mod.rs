//! Finds shell that the shell which reads it refuses.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::Repo;
use twiceshy_repo::script::{Dialect, Host, Script};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShellSyntaxError {}

impl Lint for ShellSyntaxError {
    type Subject = Script;
    const META: Meta = meta!(Error, SilentFailure, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        let Some(refusal) = repo.refusal_of(script) else { return };
        let shell = match script.start.dialect {
            Dialect::Bash => "bash",
            Dialect::Dash => "dash",
            Dialect::Ash => "BusyBox's ash",
            Dialect::Sh | Dialect::Other => "`sh`",
        };
        let message = format!("{shell} stops here with a syntax error: {}", refusal.what);
        let finding = found.at(script.place(refusal.span), message);
        finding.label(format!("{shell} reads no further"));
        if let Some(open) = refusal.open {
            let written = script.written(open);
            finding.related(script.place(open), format!("`{written}` is still open there"));
        }
        finding.note(match &script.host {
            Host::File => {
                "what stands on the lines before has run by then, since a shell reads as it goes; the rest never does"
            }
            Host::Image { instruction, .. } if instruction == "RUN" => "the build fails here",
            _ => "commands on the lines before may have run by then; the rest never does",
        });
    }
}
