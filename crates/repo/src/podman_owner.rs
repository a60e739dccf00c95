//! Podman as root and Podman as a user: each has containers, volumes and images of its own.

use crate::docker::{Act, Arg, DockerCall, Engine, RunMountKind};
use crate::script::{Host, Script, Word};
use crate::{Place, Repo};
use rustc_hash::FxHashMap;

/// Something of Podman's that one user made and another asks for.
#[derive(Debug)]
pub struct OtherOwner {
    /// The words of the command that asks.
    pub place: Place,
    /// What it asks for.
    pub name: String,
    /// What that is.
    pub thing: Thing,
    /// Whether it asks as root for what is a user's; otherwise as a user for what is root's.
    pub as_root: bool,
    /// What the command does with it: `stop`, `ps`.
    pub verb: String,
    /// Where it is made.
    pub made: Place,
    /// Whether the command only looks.
    pub looks: bool,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// Something that Podman keeps under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are Podman's own")]
pub enum Thing {
    Container,
    Volume,
    Network,
}

/// As whom a command runs podman.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Root,
    /// Whoever runs the script.
    Caller,
    /// A user that the command names: somebody has thought about it.
    Named,
}

/// A command about something with a name.
struct Use<'r> {
    call: DockerCall<'r>,
    owner: Owner,
    verb: String,
    makes: bool,
    looks: bool,
}

impl Repo {
    /// Commands that ask Podman as one user for what commands of the repository make as another one only.
    pub fn other_owners(&self) -> Vec<OtherOwner> {
        let mut uses: FxHashMap<(Thing, String), Vec<Use<'_>>> = FxHashMap::default();
        for script in self.scripts.iter().filter(|script| script.text().contains("podman")) {
            for call in script.docker_calls() {
                if call.engine != Engine::Podman
                    || call.elsewhere
                    || call.globals.has("--url")
                    || call.globals.has("--remote")
                {
                    continue;
                }
                let Some(owner) = owner(&call) else { continue };
                for (thing, name, verb, makes, looks) in about(&call) {
                    let one = Use { call: call.clone(), owner: owner.clone(), verb, makes, looks };
                    uses.entry((thing, name)).or_default().push(one);
                }
            }
        }
        let mut found = Vec::new();
        for ((thing, name), uses) in &uses {
            let Some(maker) = uses.iter().find(|one| one.makes) else { continue };
            // Made both ways, or as somebody by name: who it is for is decided somewhere else.
            let is_split = uses.iter().any(|one| one.makes && one.owner != maker.owner);
            if is_split || maker.owner == Owner::Named {
                continue;
            }
            for one in uses.iter().filter(|one| !one.makes && one.owner != maker.owner && one.owner != Owner::Named) {
                if tries_both(uses, one) {
                    continue;
                }
                found.push(OtherOwner {
                    place: one.call.command.words_place(),
                    name: name.clone(),
                    thing: *thing,
                    as_root: one.owner == Owner::Root,
                    verb: one.verb.clone(),
                    made: maker.call.command.words_place(),
                    looks: one.looks,
                    is_page: matches!(one.call.script().host.outermost(), Host::Fence { .. }),
                });
            }
        }
        found.sort_by_key(|one| one.place);
        found.dedup_by_key(|one| one.place);
        found
    }
}

/// Whether the script asks the same as both: it knows that there are two.
fn tries_both(uses: &[Use<'_>], one: &Use<'_>) -> bool {
    uses.iter().any(|other| {
        other.call.script().file == one.call.script().file && other.verb == one.verb && other.owner != one.owner
    })
}

/// As whom podman runs; `None` where the text does not tell.
fn owner(call: &DockerCall<'_>) -> Option<Owner> {
    let command = call.command;
    let script = call.script();
    let first = command.words().first()?;
    let program = first.literal()?;
    let name = program.rsplit('/').next().unwrap_or_default().to_owned();
    if matches!(name.as_str(), "sudo" | "doas") {
        let words = command.words();
        let user = words.iter().enumerate().take_while(|(_, word)| !word.is("podman")).find_map(|(at, word)| {
            let text = word.literal()?;
            let own = text.strip_prefix("--user=").or_else(|| text.strip_prefix("-u").filter(|own| !own.is_empty()));
            match own {
                Some(user) => Some(user.to_owned()),
                None if text == "-u" || text == "--user" => Some(
                    words.get(at + 1).and_then(Word::literal).map_or_else(|| "?".to_owned(), |user| user.into_owned()),
                ),
                None => None,
            }
        });
        return Some(match user.as_deref() {
            None | Some("root" | "0") => Owner::Root,
            Some(_) => Owner::Named,
        });
    }
    if matches!(name.as_str(), "runuser" | "su" | "machinectl" | "setpriv" | "gosu" | "su-exec") {
        return Some(Owner::Named);
    }
    // What runs inside `su - app -c '…'`, `sudo -u app bash -c '…'` or another machine is somebody else's.
    if matches!(script.host, Host::Inside { .. })
        || matches!(script.host.outermost(), Host::Step { .. } | Host::Image { .. } | Host::Service { .. })
    {
        return None;
    }
    Some(if demands_root(script) { Owner::Root } else { Owner::Caller })
}

/// Whether a script ends unless root runs it.
fn demands_root(script: &Script) -> bool {
    let text = script.text();
    let asks = ["$EUID", "${EUID", "id -u", "$UID", "whoami"].iter().any(|word| text.contains(word));
    asks && (text.contains("-ne 0")
        || text.contains("!= 0")
        || text.contains("!= \"0\"")
        || text.contains("!= root")
        || text.contains("!= \"root\""))
}

/// What a command is about: the thing, its name, what is done, whether that makes it, whether it only looks.
fn about(call: &DockerCall<'_>) -> Vec<(Thing, String, String, bool, bool)> {
    let mut about = Vec::new();
    match &call.act {
        Act::Run(run) => {
            if let Some(name) = run.name().and_then(known) {
                about.push((Thing::Container, name, "run".to_owned(), true, false));
            }
            for mount in run.mounts() {
                if mount.kind == RunMountKind::Volume && !mount.source.is_empty() && !mount.source.contains('*') {
                    about.push((Thing::Volume, mount.source, "run".to_owned(), true, false));
                }
            }
        }
        Act::Exec(exec) => {
            about.extend(known(&exec.container).map(|name| (Thing::Container, name, "exec".to_owned(), false, false)));
        }
        Act::Containers(containers) => {
            let verb = format!("{:?}", containers.verb).to_ascii_lowercase();
            let names = containers.containers.iter().filter_map(known);
            about.extend(names.map(|name| (Thing::Container, name, verb.clone(), false, false)));
        }
        Act::Other(words) => {
            let texts: Vec<String> = words.iter().filter_map(known).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            match texts.as_slice() {
                [verb @ ("logs" | "inspect" | "top" | "stats" | "port" | "wait"), rest @ ..] => {
                    let name = rest.iter().rfind(|text| !text.starts_with('-') && !text.contains('{'));
                    about.extend(
                        name.map(|name| (Thing::Container, (*name).to_owned(), (*verb).to_owned(), false, true)),
                    );
                }
                ["exists", name] => {
                    about.push((Thing::Container, (*name).to_owned(), "exists".to_owned(), false, true))
                }
                ["volume", verb, .., name] if !name.starts_with('-') => {
                    let looks = matches!(*verb, "inspect" | "ls" | "exists" | "export");
                    about.push((Thing::Volume, (*name).to_owned(), format!("volume {verb}"), *verb == "create", looks));
                }
                ["network", verb, .., name] if !name.starts_with('-') => {
                    let looks = matches!(*verb, "inspect" | "ls" | "exists");
                    about.push((
                        Thing::Network,
                        (*name).to_owned(),
                        format!("network {verb}"),
                        *verb == "create",
                        looks,
                    ));
                }
                ["ps", rest @ ..] => about.extend(listed(call, rest)),
                _ => {}
            }
        }
        Act::Build(_) | Act::Compose(_) | Act::UseContext(_) => {}
    }
    about
}

/// `podman ps --filter name=api`, `podman ps | grep api`
fn listed(call: &DockerCall<'_>, rest: &[&str]) -> Option<(Thing, String, String, bool, bool)> {
    let script = call.script();
    let filter = rest.iter().find_map(|text| text.trim_start_matches("--filter=").strip_prefix("name="));
    let name = match filter {
        Some(name) => name.to_owned(),
        None => {
            let parent = script.shell().parent(call.command.id)?;
            let crate::script::NodeKind::Pipeline(stages) = &script.node(parent).kind else { return None };
            let next = stages.iter().skip_while(|stage| **stage != call.command.id).nth(1)?;
            let grep = script.command(*next).filter(|next| next.name().is_some_and(|name| name == "grep"))?;
            let pattern = grep.args().iter().find(|word| word.literal().is_none_or(|text| !text.starts_with('-')))?;
            script.value(pattern).likely()?
        }
    };
    let name = name.trim_start_matches('^').trim_end_matches('$').to_owned();
    (!name.is_empty()).then(|| (Thing::Container, name, "ps".to_owned(), false, true))
}

/// What a word says, where that is known and no placeholder.
fn known(arg: &Arg) -> Option<String> {
    arg.text().filter(|_| !arg.is_placeholder())
}
