//! A cookie with `SameSite=Strict` that a callback needs, when people come back from another site.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Loss, LostCookie, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct StrictCookieCrossSite {}

impl Lint for StrictCookieCrossSite {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Node | Python, from Python | Node | other);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for lost in repo.lost_cookies() {
            report(&lost, found);
        }
    }
}

fn report(lost: &LostCookie, found: &mut Findings) {
    let LostCookie { name, path, .. } = lost;
    let provider = lost.provider.as_deref().unwrap_or("another site");
    let message = match lost.loss {
        Loss::Read if lost.is_state => {
            format!(
                "nobody can log in: a browser keeps back the cookie `{name}` when somebody comes back to `{path}` from {provider}"
            )
        }
        Loss::Read => {
            format!(
                "whoever comes back to `{path}` from {provider} has no `{name}`: a browser keeps a strict cookie back from a click on another site"
            )
        }
        Loss::SetAndRedirect => format!(
            "whoever logs in with {provider} is sent to log in again: `{path}` sets `{name}` and redirects, and the browser keeps a strict cookie back to the end of that chain"
        ),
    };
    let finding = found.at(lost.place, message);
    finding
        .label("not sent when the way here began on another site")
        .related(lost.callback, match lost.loss {
            Loss::Read => "people come back to this, and it needs the cookie",
            Loss::SetAndRedirect => "people come back to this, and go on from here",
        })
        .note("it works while the provider redirects at once, without a page on which somebody clicks: the first login fails, the second often does not")
        .note("`Lax` is sent with every link and redirect, and not with forms and scripts of other sites; a provider that answers with a form (`response_mode=form_post`) needs `None` and `Secure`")
        .suggest("send it with links and redirects", lost.edit.clone());
    if lost.provider.is_none() {
        finding.level(Level::Pedantic);
    }
}
