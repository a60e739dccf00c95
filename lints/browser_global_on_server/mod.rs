//! A browser's global that a server comes upon while it loads or renders a page.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{BrowserKind, BrowserUse, Framework, OnServer, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BrowserGlobalOnServer {}

impl Lint for BrowserGlobalOnServer {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Node, from Node | NodePackage | TsConfig | Dockerfile);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for used in repo.browser_uses() {
            report(&used, repo, found);
        }
    }
}

fn report(used: &BrowserUse, repo: &Repo, found: &mut Findings) {
    let route = repo.tree.path(used.route);
    let framework = used.framework.name();
    let name = &used.name;
    let when = match used.when {
        OnServer::Load => format!("loads `{route}`"),
        OnServer::Render { .. } => format!("renders `{route}`"),
    };
    let message = match used.kind {
        BrowserKind::Global => {
            format!(
                "every request fails with \"{name} is not defined\" when {framework}'s server {when}, and so does prerendering"
            )
        }
        BrowserKind::Package => {
            format!(
                "every request fails when {framework}'s server {when}: `{name}` uses `window` or `document` while it is loaded"
            )
        }
    };
    let label = match (used.kind, &used.when) {
        (BrowserKind::Package, _) => "no server can load this".to_owned(),
        (_, OnServer::Load) => "runs when the module is loaded, on the server too".to_owned(),
        (_, OnServer::Render { .. }) => "runs when this is rendered, on the server too".to_owned(),
    };
    let finding = found.at(used.place, message);
    finding.label(label);
    for import in used.via.iter().take(3) {
        finding.related(*import, "it is imported here");
    }
    finding.note(match (used.kind, used.framework) {
        (BrowserKind::Package, Framework::SvelteKit) => {
            "load it where only browsers run: `onMount(async () => { await import(…) })`"
        }
        (BrowserKind::Package, Framework::Next) => "load the component with `dynamic(() => import(…), { ssr: false })`",
        (_, Framework::SvelteKit) => "move it into `onMount`, or ask for `browser` of `$app/environment` first",
        (_, Framework::Nuxt) => "move it into `onMounted`, or ask for `import.meta.client` first",
        (_, Framework::Next) => {
            "move it into `useEffect` or an event handler: `\"use client\"` components are rendered on the server too"
        }
        (_, Framework::ReactRouter) => "move it into `useEffect` or an event handler, or into a `.client` module",
    });
    if used.when == (OnServer::Render { is_certain: false }) {
        finding.level(Level::Pedantic);
    }
}
