//! cloudflared's configuration: the first `ingress` rule that matches a request sends it to its `service`.

use super::{Address, Backend, Hostname, Route, Router, Routing};
use crate::settings::Setting;
use twiceshy_source::FileId;

/// Reads a file that is one: it has a list `ingress` of rules with a `service`, and nothing of Kubernetes'.
pub(super) fn read(root: &Setting, file: FileId) -> Option<Routing> {
    let rules = root.get("ingress")?.items();
    let is_rule = |rule: &Setting| rule.get("service").is_some_and(|service| service.text().is_some());
    if rules.is_empty() || !rules.iter().all(is_rule) || root.get("apiVersion").is_some() {
        return None;
    }
    let routes = rules.iter().filter_map(|rule| {
        let (service, service_place) = rule.get("service")?.text()?;
        let hostname = rule.get("hostname").and_then(Setting::text);
        let backend = match Address::parse(service, service_place) {
            Some(address) if service.contains("://") => Backend::Address(address),
            _ => Backend::Unknown,
        };
        Some(Route {
            // A regular expression of paths goes with any hostname.
            hostname: hostname
                .filter(|(name, _)| !name.is_empty() && *name != "*")
                .map(|(name, place)| Hostname::new(name, place)),
            path: rule.get("path").and_then(Setting::text).map(|(path, _)| path.to_owned()),
            backend,
            place: hostname.map_or(service_place, |(_, place)| place),
            by: Router::Cloudflared,
        })
    });
    let tunnel = root.get("tunnel").and_then(Setting::text).map(|(id, place)| (id.to_owned(), place));
    Some(Routing { file, by: Router::Cloudflared, routes: routes.collect(), tunnel, provider: None })
}
