//! Zones whose hostnames the repository declares itself.

use super::{Hostname, Route};
use crate::Repo;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// A zone, and the hostnames right below it (and its own) that the repository declares.
///
/// There is no list of public suffixes here: a zone is what at least two declared hostnames have in common but for their
/// first label, and hostnames deeper in it say nothing about it. Suffixes that are shared with strangers are left out.
#[derive(Clone, Debug)]
pub struct Zone<'r> {
    /// Its name.
    pub name: String,
    /// The declared hostnames, one route for each.
    pub routes: Vec<&'r Route>,
}

/// Suffixes below which everybody has names, and names that are examples.
const SHARED: &[&str] = &[
    "github.io",
    "gitlab.io",
    "pages.dev",
    "workers.dev",
    "vercel.app",
    "netlify.app",
    "herokuapp.com",
    "fly.dev",
    "onrender.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok-free.app",
    "trycloudflare.com",
    "azurewebsites.net",
    "azurecontainerapps.io",
    "amazonaws.com",
    "cloudfront.net",
    "web.app",
    "firebaseapp.com",
    "run.app",
    "appspot.com",
    "duckdns.org",
    "dyndns.org",
    "ddns.net",
    "nip.io",
    "sslip.io",
    "railway.app",
    "up.railway.app",
    "render.com",
    "example.com",
    "example.org",
    "example.net",
    "domain.com",
    "domain.tld",
    "mydomain.com",
    "yourdomain.com",
    "your-domain.com",
    "your-domain.tld",
    "yourdomain.tld",
    "company.com",
    "mycompany.com",
];

impl Repo {
    /// The zones of which the repository declares at least two hostnames.
    pub fn zones(&self) -> Vec<Zone<'_>> {
        let mut zones: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        for route in self.routes() {
            let public = route.hostname.as_ref().filter(|name| name.is_exact() && name.is_public());
            let Some(hostname) = public.filter(|hostname| seen.insert(&hostname.name)) else { continue };
            for name in zones_of(hostname) {
                zones.entry(name).or_default().push(route);
            }
        }
        let is_own = |name: &str, routes: &[&Route]| {
            let below =
                routes.iter().filter(|route| route.hostname.as_ref().is_some_and(|host| host.name != name)).count();
            routes.len() > 1 && below > 0 && !is_shared(name)
        };
        zones
            .into_iter()
            .filter(|(name, routes)| is_own(name, routes))
            .map(|(name, routes)| Zone { name: name.to_owned(), routes })
            .collect()
    }
}

impl Zone<'_> {
    /// Whether `host` is the zone's own name or stands right below it.
    pub fn holds(&self, host: &str) -> bool {
        host == self.name || parent(host) == Some(self.name.as_str())
    }
}

/// The zone that a hostname stands in, and the one that it may be itself.
fn zones_of(hostname: &Hostname) -> impl Iterator<Item = &str> {
    let own = (hostname.name.matches('.').count() == 1).then_some(hostname.name.as_str());
    own.into_iter().chain(parent(&hostname.name))
}

/// What stands after the first label, if that is more than a top-level domain.
fn parent(host: &str) -> Option<&str> {
    let (_, parent) = host.split_once('.')?;
    parent.contains('.').then_some(parent)
}

/// Whether strangers have names there, or nobody: `co.uk`, `github.io`, `example.com`.
pub(super) fn is_shared(zone: &str) -> bool {
    const SECOND: &[&str] = &["co", "com", "org", "net", "gov", "ac", "edu", "or", "ne", "go"];
    let is_registry = zone.split_once('.').is_some_and(|(first, last)| last.len() == 2 && SECOND.contains(&first));
    let last = zone.rsplit('.').next().unwrap_or_default();
    is_registry
        || matches!(last, "example" | "invalid" | "localhost" | "tld")
        || SHARED
            .iter()
            .any(|shared| zone == *shared || zone.strip_suffix(shared).is_some_and(|rest| rest.ends_with('.')))
}
