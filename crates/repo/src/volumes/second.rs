//! Servers that a command starts on the data of a service that runs.

use super::has_no_lock;
use crate::docker::RunMount;
use crate::live_data::LiveData;
use crate::script::{Deed, Script};
use crate::{Focus, Image, Place, Repo, Tree, is_at_or_below};

/// A server that is started on data that another one has open.
#[derive(Debug)]
pub struct SecondServer<'r> {
    /// The words of the command.
    pub place: Place,
    /// Its mount.
    pub mount: Place,
    /// Whose data it is.
    pub data: LiveData<'r>,
    /// The image that is run.
    pub image: String,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// How many containers a script starts that still is no stack of its own.
const MANY: usize = 2;

impl Repo {
    /// Containers that scripts and pages run with the data of a service's database, while that may run.
    pub fn second_servers(&self, focus: Focus) -> Vec<SecondServer<'_>> {
        let mut found: Vec<SecondServer<'_>> = Vec::new();
        let mounts = |script: &Script| {
            let runs = script.docker_calls().into_iter().filter_map(|call| call.run().map(crate::docker::Run::mounts));
            runs.flatten().any(|mount| !mount.read_only)
        };
        let may = |script: &Script| {
            ["--volume", "--mount", "-v ", "-v="].iter().any(|word| script.text().contains(word))
                && self.does_inside(script, mounts)
        };
        for run in self.operated_runs(focus, may) {
            // A script that runs several servers is a stack of its own, instead of the other one.
            let starts = run.effects().iter().filter(|effect| {
                let call = run.docker_call(effect).filter(|_| effect.deed == Deed::Run);
                call.is_some_and(|call| call.run().is_some_and(|container| container.is_detached()))
            });
            if starts.count() > MANY && !run.script().is_instruction() {
                continue;
            }
            for effect in run.effects().iter().filter(|effect| effect.deed == Deed::Run) {
                if !self.is_meant_for_services(&run, effect.step) {
                    continue;
                }
                let Some(call) = run.docker_call(effect) else { continue };
                let Some(container) = call.run() else { continue };
                let image = container.image();
                let argv = container.argv.first().map(crate::docker::Arg::pattern);
                if !starts_a_server(argv.as_deref()) {
                    continue;
                }
                for mount in container.mounts().iter().filter(|mount| !mount.read_only) {
                    let owned = self.databases_mounted(&run, effect, mount);
                    let second = owned.into_iter().find(|data| {
                        data.database.as_ref().is_some_and(has_no_lock)
                            && self.is_servers(mount, image.as_ref(), data)
                            && !is_the_same(container, data)
                            && !self.is_stopped_before(&run, effect.step, data)
                    });
                    let Some(data) = second else { continue };
                    let place = call.words_place();
                    if found.iter().all(|other| other.place != place) {
                        found.push(SecondServer {
                            place,
                            mount: call.place(mount.span),
                            data,
                            image: container.image.pattern(),
                            is_page: run.script().is_instruction(),
                        });
                    }
                }
            }
        }
        found
    }

    /// Whether a server keeps its data where a mount leads: at the path of its own image, or of the owner's.
    fn is_servers(&self, mount: &RunMount, image: Option<&Image>, data: &LiveData<'_>) -> bool {
        let target = mount.target.trim_end_matches('/');
        let keeps = |image: &Image| {
            let directories = self.facts(image).data_directories();
            directories.iter().any(|data| is_at_or_below(target, &data.path) || is_at_or_below(&data.path, target))
        };
        let same = |image: &Image| data.database.as_ref().is_some_and(|own| own.name == image.name);
        image.is_some_and(|image| keeps(image) && (same(image) || has_no_lock(image)))
            // An image of one's own, at the very path.
            || image.is_none_or(|image| self.facts(image).role().is_none()) && data.database.as_ref().is_some_and(keeps)
    }
}

/// Whether what a container is told to run starts its server: nothing, or options for it, or the server.
fn starts_a_server(first: Option<&str>) -> bool {
    const SERVERS: &[&str] =
        &["postgres", "redis-server", "valkey-server", "pg_ctl", "initdb", "pg_upgrade", "docker-entrypoint.sh"];
    first.is_none_or(|first| first.starts_with('-') || SERVERS.contains(&Tree::name(first)))
}

/// Whether both cannot run at once: they have one name, or publish one port.
fn is_the_same(container: &crate::docker::Run, data: &LiveData<'_>) -> bool {
    let name = container.name().map(crate::docker::Arg::pattern);
    let own = data.service.container_name().and_then(|text| text.value().map(str::to_owned));
    if name.is_some() && name == own {
        return true;
    }
    let published = |text: &str| {
        let text = text.split('/').next().unwrap_or_default();
        let mut parts = text.rsplit(':').skip(1);
        parts.next().map(str::to_owned)
    };
    let ports: Vec<String> = container.ports().iter().filter_map(|port| published(&port.pattern())).collect();
    data.service.ports.iter().any(|port| !port.host_raw.is_empty() && ports.contains(&port.host_raw))
}
