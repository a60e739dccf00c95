//! Hostnames that two tunnels' configurations claim.

use super::{Backend, Route, Router, Routing};
use crate::{Place, Repo};
use rustc_hash::FxHashMap;

/// A hostname that two `ingress` rules of cloudflared's claim.
#[derive(Clone, Copy, Debug)]
pub struct RoutedTwice<'r> {
    /// The rule that stands first.
    pub first: &'r Route,
    /// The other one.
    pub second: &'r Route,
    /// What that means.
    pub why: Twice<'r>,
}

/// What two rules for one hostname mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice<'r> {
    /// The rules stand in one file: the first that matches is taken.
    Shadowed,
    /// They are two tunnels: the hostname's record in DNS leads to one of them. Their names, where both are given.
    Tunnels(Option<(&'r str, &'r str)>),
    /// They are one tunnel that two configurations serve, with different backends: either may get a request.
    Replicas(&'r str, Place),
}

impl Repo {
    /// Hostnames that two `ingress` rules claim. Each pair is named once; of three rules, each with the first.
    pub fn routed_twice(&self) -> Vec<RoutedTwice<'_>> {
        let is_tunnel =
            |routing: &&Routing| routing.by == Router::Cloudflared && !is_spare(self.tree.path(routing.file));
        let tunnels = self.routings.iter().filter(is_tunnel);
        let mut found: Vec<RoutedTwice<'_>> = Vec::new();
        let mut claimed: FxHashMap<(&str, Option<&str>), (&Routing, &Route)> = FxHashMap::default();
        for routing in tunnels {
            for second in &routing.routes {
                let Some(hostname) = second.hostname.as_ref().filter(|hostname| hostname.is_exact()) else { continue };
                let claim = (hostname.name.as_str(), second.path.as_deref());
                let Some(&(other, first)) = claimed.get(&claim) else {
                    claimed.insert(claim, (routing, second));
                    continue;
                };
                if other.file == routing.file {
                    found.push(RoutedTwice { first, second, why: Twice::Shadowed });
                    continue;
                }
                let why = match (&other.tunnel, &routing.tunnel) {
                    (Some((one, _)), Some((two, place))) if one == two => {
                        if address(first) == address(second) {
                            continue;
                        }
                        Twice::Replicas(one, *place)
                    }
                    (one, two) => {
                        let names = one.as_ref().zip(two.as_ref());
                        Twice::Tunnels(names.map(|((one, _), (two, _))| (one.as_str(), two.as_str())))
                    }
                };
                found.push(RoutedTwice { first, second, why });
            }
        }
        found
    }
}

fn address(route: &Route) -> Option<(&str, Option<u16>)> {
    match &route.backend {
        Backend::Address(address) => Some((&address.host, address.port)),
        _ => None,
    }
}

/// Whether a file is one that nothing reads as it lies there.
fn is_spare(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '.', '_', '-']).any(|part| {
        matches!(
            part,
            "example"
                | "examples"
                | "sample"
                | "template"
                | "templates"
                | "old"
                | "backup"
                | "bak"
                | "archive"
                | "archived"
        )
    })
}
