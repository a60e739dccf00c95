//! Finds hostnames that are asked for and not routed, and those that are routed twice.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, Repo, RoutedTwice, Twice, UnroutedHost};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostnameNotRouted {}

impl Lint for HostnameNotRouted {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, any);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for host in repo.unrouted_hosts() {
            unrouted(&host, found);
        }
        for twice in repo.routed_twice() {
            routed_twice(&twice, repo, found);
        }
    }
}

/// How many of the places that name a hostname are shown.
const SHOWN: usize = 4;

fn unrouted(host: &UnroutedHost<'_>, found: &mut Findings) {
    let Some((first, others)) = host.mentions.split_first() else { return };
    let router = host.declared.by.name();
    let finding = found
        .at(
            first.place,
            format!("requests to `{}` reach no service: {router} routes other hostnames of its zone, and nothing routes this one", host.name),
        )
        .label("not routed");
    if host.is_near {
        finding.related(host.declared.place, format!("`{}` is routed", host.declared_name()));
        let edits =
            host.mentions.iter().map(|mention| Edit { place: mention.place, text: host.declared_name().to_owned() });
        finding.suggest(format!("name `{}`", host.declared_name()), edits.collect::<Vec<_>>());
    } else {
        finding.related(host.declared.place, format!("one of {} hostnames of the zone that are routed", host.known));
    }
    if let Some((name, place)) = host.service {
        finding.related(place, format!("the service `{name}` has no route of that name"));
    }
    for other in others.iter().take(SHOWN) {
        finding.related(other.place, "named here too");
    }
    if others.len() > SHOWN {
        finding.note(format!("{} more places name it", others.len() - SHOWN));
    }
    if !host.is_near && host.service.is_none() && !first.is_asked {
        finding.note("it may be served from elsewhere").level(Level::Pedantic);
    }
}

fn routed_twice(twice: &RoutedTwice<'_>, repo: &Repo, found: &mut Findings) {
    let RoutedTwice { first, second, why } = twice;
    let name = second.hostname.as_ref().map_or("", |hostname| &hostname.name);
    let other = repo.tree.path(first.place.file);
    let message = match why {
        Twice::Shadowed => format!("this rule for `{name}` is never reached: cloudflared takes the first that matches"),
        Twice::Tunnels(_) => {
            format!("one of two tunnels never gets a request for `{name}`: its record in DNS leads to a single tunnel")
        }
        Twice::Replicas(tunnel, _) => format!(
            "requests for `{name}` go now to one backend, now to the other: two configurations of tunnel `{tunnel}` disagree"
        ),
    };
    let finding = found.at(second.place, message).label("claimed again");
    match why {
        Twice::Shadowed => finding.related(first.place, "taken first"),
        _ => finding.related(first.place, format!("claimed in {other}")),
    };
    match why {
        Twice::Tunnels(Some((one, two))) => {
            finding.note(format!("the tunnels are `{one}` and `{two}`; `cloudflared tunnel route dns` for the one takes the hostname from the other"));
        }
        Twice::Tunnels(None) => {
            finding.note("the record is a CNAME to <tunnel>.cfargotunnel.com, of which there can be one; whoever ran `cloudflared tunnel route dns` last has it");
        }
        Twice::Replicas(_, place) => {
            finding.related(*place, "the same tunnel");
        }
        Twice::Shadowed => {}
    }
}
