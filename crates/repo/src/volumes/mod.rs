//! What commands do to the data of services beside `rm`: second servers on it, copies of it while it is written, its volume
//! removed, its log reset, its tables dropped at every start.

mod boot;
mod copied;
mod destroyed;
mod second;
mod wal;

pub use boot::{DestroyedAtBoot, Loss as BootLoss};
pub use copied::{Copied, Direction};
pub use destroyed::{Destroyed, Removal, Why};
pub use second::SecondServer;
pub use wal::ResetLog;

use crate::docker::{RunMount, RunMountKind};
use crate::live_data::LiveData;
use crate::script::effect::known;
use crate::script::{Deed, Effect, Host, Moment, NodeKind, Object, ObjectKind, Run, Script, Step, Value, Word};
use crate::{Focus, Image, Repo};

impl Repo {
    /// The runs of scripts that people or machines start where services run, and that `may` hold what is looked for: a run
    /// of each costs more than all else that is asked of it.
    fn operated_runs(&self, focus: Focus, may: impl Fn(&Script) -> bool) -> Vec<Run<'_>> {
        let scripts = self.scripts_through(focus).into_iter().filter(|script| may(script));
        let outer = scripts.filter(|script| self.is_outermost(script));
        outer
            .filter(|script| self.is_operated(script) || self.deploys(script) || self.has_remote_part(script))
            .filter_map(|script| self.run_of(script))
            .collect()
    }

    /// Whether a script, one inside it, or one that it may source does something for which `does` holds.
    fn does_inside(&self, script: &Script, does: impl Fn(&Script) -> bool) -> bool {
        let is_source = |word: &Word| word.is(".") || word.is("source");
        let sources = || script.commands().any(|command| command.words().first().is_some_and(is_source));
        self.scripts.iter().filter(|other| other.file == script.file).any(does) || sources()
    }

    /// Whether a script stands in no other one. What an action runs through ssh stands in a step without a script.
    fn is_outermost(&self, script: &Script) -> bool {
        match &script.host {
            Host::Inside { outer, .. } => {
                matches!(**outer, Host::Step { .. })
                    && !self.scripts.iter().any(|other| other.file == script.file && other.host == **outer)
            }
            _ => true,
        }
    }

    /// Whether a step does something on another machine.
    fn has_remote_part(&self, script: &Script) -> bool {
        matches!(script.host, Host::Step { .. }) && script.text().contains("ssh ")
    }

    /// Whether a command of a run is one that somebody runs where services run: not one for the runner itself, not one that
    /// a page warns of.
    fn is_meant_for_services(&self, run: &Run<'_>, step: Step) -> bool {
        let script = run.script();
        let is_here = match script.host.outermost() {
            Host::Step { .. } => self.deploys(run.script_of(step)) || self.deploys(script),
            _ => true,
        };
        is_here && run.comes_to(step) && !run.is_forbidden(step)
    }

    /// The data of databases that an object of an effect holds.
    fn databases_in<'r>(&'r self, run: &Run<'_>, effect: &Effect, object: &Object) -> Vec<LiveData<'r>> {
        let mut found: Vec<LiveData<'r>> = Vec::new();
        for owner in self.owners(run, effect, object) {
            // `docker volume rm data` is not `x_data`, the volume of a project.
            let is_own = owner.is_sure
                || object.kind != ObjectKind::Volume
                || object.patterns().iter().any(|name| Some(name.as_str()) != owner.mount.source.as_deref());
            let data = self.kept(owner.project, owner.service, owner.mount).filter(|_| is_own);
            found.extend(data.filter(|data| data.database.is_some() && !self.is_development(data.project)));
        }
        found
    }

    /// The data of databases that `docker run` mounts, whatever its name may be: of variables, of loops over words.
    fn databases_mounted<'r>(&'r self, run: &Run<'_>, effect: &Effect, mount: &RunMount) -> Vec<LiveData<'r>> {
        let script = run.script_of(effect.step);
        let words = script.node(effect.step.node).words();
        let written = words.into_iter().find(|word| word.span == mount.span);
        let source = |text: &str| match text.contains(',') {
            true => text
                .split(',')
                .find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")))
                .map(str::to_owned),
            false => text.split(':').next().map(str::to_owned),
        };
        let mut sources: Vec<String> = written
            .map(|word| {
                script.values(effect.step.node, word).iter().filter_map(|value| source(&value.pattern())).collect()
            })
            .unwrap_or_default();
        sources.insert(0, mount.source.clone());
        let kind = match mount.kind {
            RunMountKind::Tmpfs => return Vec::new(),
            RunMountKind::Volume => ObjectKind::Volume,
            RunMountKind::Bind => ObjectKind::Path,
            // `$PROJECT_data`
            RunMountKind::Unknown if !mount.source.contains('/') => ObjectKind::Volume,
            RunMountKind::Unknown => ObjectKind::Path,
        };
        let values: Vec<Value> = sources.iter().map(|source| known(source)).collect();
        let value = known(&mount.source);
        self.databases_in(run, effect, &Object { kind, values, value, span: effect.span, outside: None })
    }

    /// Whether something stops the owner of data before a step, whatever happens: a command, or a test that it does not run. Starting it
    /// again undoes that.
    fn is_stopped_before(&self, run: &Run<'_>, step: Step, data: &LiveData<'_>) -> bool {
        let is_starter = |effect: &Effect| {
            matches!(effect.deed, Deed::Start | Deed::Restart)
                && self.services_meant(run, effect).iter().any(|(_, service)| service.name == data.service.name)
        };
        let stops: Vec<&Effect> = run
            .effects()
            .iter()
            .filter(|effect| effect.step != step && self.is_stop_of(run, effect, data))
            .filter(|effect| {
                !run.effects_between(effect.step, step)
                    .into_iter()
                    .any(|between| is_starter(between) && !self.is_stop_of(run, between, data))
            })
            .collect();
        if !stops.is_empty()
            && run
                .every_way_to(step, |other, moment| moment == Moment::At && stops.iter().any(|stop| stop.step == other))
        {
            return true;
        }
        let asks = run.conditions(step).iter().any(|condition| {
            let script = run.script_of(condition.step);
            let text = script.written(script.node(condition.step.node).span);
            [
                "docker ps",
                "podman ps",
                "compose ps",
                "inspect",
                "pg_isready",
                "is-active",
                "pgrep",
                "postmaster.pid",
                "pg_ctl status",
            ]
            .iter()
            .any(|word| text.contains(word))
        });
        if asks {
            return true;
        }
        // Earlier in the page or recipe; a page may say it in words.
        let mut outer = step;
        while let Some(before) = run.led_from(outer) {
            outer = before;
        }
        let script = run.script_of(outer);
        let calls = script.docker_calls();
        if matches!(script.host, Host::Fence { .. } | Host::Recipe { .. })
            && self.stopped_before(script, outer.node, &calls, data).is_some()
        {
            return true;
        }
        let said = match &script.host {
            Host::Fence { before, headings, .. } => {
                says_stopped(before) || headings.iter().any(|text| says_stopped(text))
            }
            _ => false,
        };
        let commented =
            || script.is_instruction() && script.comment_on(outer.node).is_some_and(|text| says_stopped(&text));
        said || commented()
    }

    fn is_stop_of(&self, run: &Run<'_>, effect: &Effect, data: &LiveData<'_>) -> bool {
        let call = run.docker_call(effect);
        match effect.deed {
            Deed::Stop
                if effect.objects.iter().any(|object| {
                    matches!(object.kind, ObjectKind::Unit | ObjectKind::Database | ObjectKind::Resource)
                }) =>
            {
                true
            }
            Deed::Stop | Deed::Delete => {
                call.is_some_and(|call| self.stops(&call, data))
                    || self.services_meant(run, effect).iter().any(|(_, service)| service.name == data.service.name)
                    // `docker stop $(docker ps -q)`
                    || effect.objects.iter().any(|object| object.kind == ObjectKind::Container && object.pattern() == "*")
            }
            _ => false,
        }
    }
}

fn says_stopped(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "stop ",
        "stopped",
        "shut down",
        "shutdown",
        "shutting down",
        "not running",
        "offline",
        "bring down",
        "take down",
        "cold ",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Whether two servers on its data both start, and lose what the other wrote: PostgreSQL's lock file does not reach into
/// another container, Redis has none. InnoDB, MongoDB and Lucene hold locks on their files.
fn has_no_lock(image: &Image) -> bool {
    ["postg", "pgvector", "timescale", "redis", "valkey", "keydb", "dragonfly"]
        .iter()
        .any(|word| image.name.contains(word))
}

/// Whether a copy of its files is whole only while it is stopped: not so of what replaces its files at once.
fn is_torn_by_copies(repo: &Repo, image: &Image) -> bool {
    repo.facts(image).is_database()
        && !["redis", "valkey", "keydb", "dragonfly", "memcached"].iter().any(|word| image.name.contains(word))
}

/// Whether a test or a command of a run asks for a file whose name is written `name`, before `step`, on every way.
fn asked_before(run: &Run<'_>, step: Step, is_one: impl Fn(&str) -> bool) -> bool {
    let asks: Vec<Step> = run
        .steps()
        .into_iter()
        .filter(|other| *other != step)
        .filter(|other| {
            let script = run.script_of(*other);
            let node = script.node(other.node);
            matches!(node.kind, NodeKind::Test(_) | NodeKind::Simple(_)) && is_one(script.written(node.span))
        })
        .collect();
    !asks.is_empty() && run.every_way_to(step, |other, moment| moment == Moment::At && asks.contains(&other))
}
