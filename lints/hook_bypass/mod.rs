//! Finds commands that go past the hooks that a repository has.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Manager, Manner, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HookBypass {}

impl Lint for HookBypass {
    type Subject = Repo;
    const META: Meta = meta!(Warn, SilentFailure, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for bypass in repo.hook_bypasses(found.focus()) {
            let (command, hook) = (&bypass.command, &bypass.hook);
            let who = match bypass.manner {
                Manner::Script | Manner::Workflow => format!("`{command}` goes past"),
                Manner::Told | Manner::Explained => "whoever follows these instructions goes past".to_owned(),
            };
            let more = match bypass.others {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            let message = match hook.secrets {
                Some((scanner, _)) => {
                    format!("{who} {scanner}{more}: a secret is committed with nobody told")
                }
                None => format!("{who} the {} hook{more}: what it refuses is let through", hook.event),
            };
            let finding = found.at(bypass.place, message).label("the hooks do not run");
            match hook.secrets {
                Some((_, place)) => finding.related(place, "looks for secrets"),
                None => finding.related(hook.place, "does not run"),
            };
            match hook.manager {
                Manager::PreCommit => finding.note(
                    "to leave out one hook of pre-commit's for one file, give it `exclude:`; that is seen and reviewed",
                ),
                _ => finding.note(
                    "mend what the hook refuses, or change the hook where it is wrong; either is seen and reviewed",
                ),
            };
            if matches!(bypass.manner, Manner::Workflow | Manner::Explained) {
                finding.level(Level::Pedantic);
            }
        }
    }
}
