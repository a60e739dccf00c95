//! Finds containers that are denied a capability without which their image does not start.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, Launch, LaunchedBy, NginxSays, Place, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CapDropBreaksImage {}

/// The capability that a port below 1024 takes where the network does not give it away.
const PORT: &str = "NET_BIND_SERVICE";

impl Lint for CapDropBreaksImage {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let focus = found.focus();
        for launch in repo.launched_services(focus).iter().chain(&repo.launched_commands(&["--cap-drop"], focus)) {
            check(launch, repo, found);
        }
    }
}

fn check(launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let facts = launch.facts(repo);
    let mut needed: Vec<&str> = facts.needed_capabilities().iter().map(String::as_str).collect();
    if needed.is_empty() || !launch.may_start_as_root() || !launch.runs_its_server() || stays_root(launch, repo) {
        return;
    }
    // A file system that ports are configured in elsewhere may say another one.
    let binds = facts.default_ports().iter().any(|port| *port < 1024) && launch.mounts.is_empty();
    if binds && (launch.is_on_host || launch.is_podman()) && !needed.contains(&PORT) {
        needed.push(PORT);
    }
    let Some((denied, place)) = launch.denied(needed) else { return };
    let (image, name) = (&launch.image, launch.name());
    let list = denied.join(", ");
    let sure = denied.iter().any(|cap| matches!(*cap, "SETUID" | "SETGID" | PORT)) || image.name == "nginx";
    let message = if sure {
        format!("`{name}` does not start: `{image}` begins as root and needs {list}")
    } else {
        format!("`{name}` does not start once its directories belong to another user: `{image}` needs {list} then")
    };
    let finding = found.at(place, message).label(format!("takes {list} away, and nothing gives it back"));
    finding.related(launch.image_place, format!("`{image}` uses {list} when it starts as root"));
    for (caps, why) in WHY {
        let of_these: Vec<&str> = denied.iter().copied().filter(|cap| caps.contains(cap)).collect();
        if !of_these.is_empty() {
            finding.note(format!("{}: {why}", of_these.join(", ")));
        }
    }
    if !sure {
        finding.level(Level::Warn);
    }
    if let Some(edit) = give_back(launch, &denied, place, repo) {
        finding.suggest(format!("add {list}"), [edit]);
    }
}

const WHY: &[(&[&str], &str)] = &[
    (&["SETGID", "SETUID"], "it hands its work to an unprivileged user, which only a process with these may do"),
    (&["CHOWN"], "it gives its directories to that user"),
    (
        &["DAC_OVERRIDE", "FOWNER"],
        "it enters and changes directories that already belong to that user: on the second start",
    ),
    (
        &[PORT],
        "it listens below port 1024, or its program file carries this capability, so that running it fails without",
    ),
];

/// Whether nginx is configured to stay root.
fn stays_root(launch: &Launch<'_>, repo: &Repo) -> bool {
    launch.image.name == "nginx"
        && matches!(launch.nginx_is_told("user", repo), NginxSays::Words(said) if said.iter().any(|user| user.first().is_some_and(|user| user == "root")))
}

fn give_back(launch: &Launch<'_>, denied: &[&str], place: Place, repo: &Repo) -> Option<Edit> {
    match &launch.by {
        LaunchedBy::Service(_, service) => service.list_edit("cap_add", denied, "cap_drop", repo),
        LaunchedBy::Command(call) => {
            let option = call.run()?.given.options.iter().find(|option| {
                option.name == "--cap-drop" && option.is_written && {
                    let own = call.place(option.span);
                    own.start <= place.start && place.end <= own.end
                }
            })?;
            let text: String = denied.iter().map(|cap| format!("--cap-add={cap} ")).collect();
            let start = twiceshy_repo::Span { start: option.span.start, end: option.span.start };
            call.edit(start, &text)
        }
    }
}
