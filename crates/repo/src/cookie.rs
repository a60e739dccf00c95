//! Cookies that a browser keeps back when somebody comes from another site: `SameSite=Strict`, and the callbacks that need
//! them.

mod strict;

use crate::hints::Hints;
use crate::{Edit, FileId, Place, Repo, Tree};
pub(crate) use strict::{StrictCookie, cookies as strict_cookies};

/// A strict cookie that a callback needs.
#[derive(Debug)]
pub struct LostCookie {
    /// Where `Strict` is said.
    pub place: Place,
    /// The cookie's name, or `session`.
    pub name: String,
    /// Whether it only holds what a login started: a state, a nonce, a verifier.
    pub is_state: bool,
    /// The route that people come back to.
    pub callback: Place,
    /// Its path.
    pub path: String,
    /// What it needs the cookie for.
    pub loss: Loss,
    /// Where people come from, where it is known.
    pub provider: Option<String>,
    /// Says `Lax` instead.
    pub edit: Option<Edit>,
}

/// What a callback loses with a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It reads it.
    Read,
    /// It sets it and redirects: the request after that does not carry it.
    SetAndRedirect,
}

/// Whose pages people come back from, as they are called in code, and what they are called by people.
const PROVIDERS: [(&str, &str); 26] = [
    ("google", "Google"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("microsoft", "Microsoft"),
    ("azure", "Microsoft"),
    ("entra", "Microsoft"),
    ("facebook", "Facebook"),
    ("discord", "Discord"),
    ("twitter", "X"),
    ("linkedin", "LinkedIn"),
    ("apple", "Apple"),
    ("slack", "Slack"),
    ("spotify", "Spotify"),
    ("twitch", "Twitch"),
    ("okta", "Okta"),
    ("auth0", "Auth0"),
    ("cognito", "Cognito"),
    ("workos", "WorkOS"),
    ("stripe", "Stripe"),
    ("paypal", "PayPal"),
    ("mollie", "Mollie"),
    ("paddle", "Paddle"),
    ("polar.sh", "Polar"),
    ("walletconnect", "the wallet"),
    ("steamcommunity", "Steam"),
    ("notion", "Notion"),
];

impl Repo {
    /// Strict cookies that a callback of the same application needs when people come back from another site.
    pub fn lost_cookies(&self) -> Vec<LostCookie> {
        let mut found: Vec<LostCookie> = Vec::new();
        let node = self.node.iter().filter(|module| module.hints.has(Hints::STRICT_COOKIE)).map(|module| module.file);
        let python =
            self.python.iter().filter(|module| module.hints.has(Hints::STRICT_COOKIE)).map(|module| module.file);
        let files: Vec<FileId> = node.chain(python).filter(|file| !is_aside(self.tree.path(*file))).collect();
        for file in files {
            let read = || {
                let cookies = self.read_code(file, |module, text| strict::cookies(module, text, file));
                cookies.unwrap_or_default().into_boxed_slice()
            };
            let Some(answers) = self.answers(file) else { continue };
            for cookie in answers.strict_cookies.get_or_init(read).iter().filter(|cookie| cookie.matters()) {
                found.extend(self.loss(file, cookie));
            }
        }
        found.sort_by_key(|lost| lost.place);
        found.dedup_by_key(|lost| lost.place);
        found
    }

    fn loss(&self, file: FileId, cookie: &StrictCookie) -> Option<LostCookie> {
        let lost = |callback: Place, path: String, loss: Loss, provider: Option<String>| LostCookie {
            place: cookie.place,
            name: cookie.name.clone(),
            is_state: cookie.is_state(),
            callback,
            path,
            loss,
            provider,
            edit: cookie.edit.clone(),
        };
        // next-auth makes its callbacks itself.
        if let Some((place, text)) = &cookie.auth {
            let loss = if cookie.is_state() { Loss::Read } else { Loss::SetAndRedirect };
            return Some(lost(*place, "/api/auth/callback/…".to_owned(), loss, provider_in(text)));
        }
        let path = self.tree.path(file);
        let home = self.home_of(path);
        let is_python = path.ends_with(".py");
        let answers = |hints: Hints, file: FileId| {
            let path = self.tree.path(file);
            let is_inside = home.is_empty() || path.strip_prefix(&*home).is_some_and(|rest| rest.starts_with('/'));
            is_inside
                && (hints.has(Hints::CALLBACK)
                    || crate::health_handler::routes::of_file(path).as_deref().is_some_and(is_callback))
        };
        let modules: Vec<FileId> = if is_python {
            self.python.iter().filter(|module| answers(module.hints, module.file)).map(|module| module.file).collect()
        } else {
            self.node.iter().filter(|module| answers(module.hints, module.file)).map(|module| module.file).collect()
        };
        for module in modules {
            let path = self.tree.path(module);
            if is_aside(path) {
                continue;
            }
            let Ok(source) = self.tree.source(module) else { continue };
            let text = source.text();
            for handler in self.handlers(module).iter().filter(|handler| is_callback(&handler.path)) {
                let bodies: String = handler.bodies.iter().flat_map(|body| [body.of(text), "\n"]).collect();
                let Some(loss) = cookie.needed_by(&bodies) else { continue };
                let provider =
                    provider_in(&handler.path).or_else(|| provider_in(&bodies)).or_else(|| provider_in(text));
                return Some(lost(handler.place, format!("/{}", handler.path.trim_matches('/')), loss, provider));
            }
        }
        None
    }

    /// The directory of the application that a module belongs to: that of its package or project file.
    fn home_of(&self, path: &str) -> String {
        const FILES: [&str; 6] =
            ["package.json", "pyproject.toml", "requirements.txt", "manage.py", "setup.py", "Dockerfile"];
        let mut dir = Tree::parent(path);
        loop {
            let has = |name: &&str| Tree::join(dir, name).is_some_and(|path| self.tree.file(&path).is_some());
            if dir.is_empty() || FILES.iter().any(has) {
                return dir.to_owned();
            }
            dir = Tree::parent(dir);
        }
    }
}

/// Whether people are sent to a route from elsewhere.
fn is_callback(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_login = has(&["callback", "/acs", "oauth2/code", "signin-", "login/return", "auth/return"]);
    let is_payment = has(&["payment", "checkout", "billing", "stripe", "paypal", "order"])
        && has(&["success", "return", "complete"]);
    (is_login || is_payment) && !has(&["webhook", "ipn", "notify"])
}

fn provider_in(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let named = |word: &str| {
        lower.match_indices(word).any(|(at, _)| {
            let is_inside = lower[..at].ends_with(|c: char| c.is_ascii_alphabetic())
                && text[at..].starts_with(|c: char| c.is_ascii_lowercase());
            // `notionally` is nobody's page.
            let goes_on = text[at + word.len()..].starts_with(|c: char| c.is_ascii_lowercase());
            !is_inside && !goes_on
        })
    };
    PROVIDERS.iter().find(|(word, _)| named(word)).map(|(_, name)| (*name).to_owned())
}

fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "test" | "tests" | "__tests__" | "e2e" | "fixtures" | "examples" | "docs" | "node_modules")
    }) || [".test.", ".spec.", "test_", "conftest"].iter().any(|mark| Tree::name(path).contains(mark))
}
