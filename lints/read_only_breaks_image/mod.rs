//! Finds containers that cannot write where their image has to.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Edit, Launch, LaunchedBy, NginxSays, Place, Repo, Span, WritablePath};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadOnlyBreaksImage {}

impl Lint for ReadOnlyBreaksImage {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | scripts);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let focus = found.focus();
        for launch in repo
            .launched_services(focus)
            .iter()
            .chain(&repo.launched_commands(&["--read-only", ":ro", "readonly"], focus))
        {
            if launch.runs_its_server() {
                read_only_root(launch, repo, found);
                read_only_data(launch, repo, found);
            }
            read_only_logs(launch, repo, found);
        }
    }
}

/// `read_only: true`, and a path that is neither mounted nor a volume of the image.
fn read_only_root(launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let Some(place) = launch.read_only else { return };
    let facts = launch.facts(repo);
    let must_write = facts.must_write().into_iter();
    let shut: Vec<&WritablePath> =
        must_write.filter(|path| launch.mount_of(&path.path).is_none() && !is_moved(launch, path, repo)).collect();
    if shut.is_empty() {
        return;
    }
    let (image, name) = (&launch.image, launch.name());
    let paths: Vec<&str> = shut.iter().map(|path| path.path.as_str()).collect();
    let list = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("`{name}` does not start: `{image}` writes to {list}, and its file system is read-only");
    let finding = found.at(place, message).label("nothing that can be written to is mounted there");
    finding.related(launch.image_place, format!("`{image}` has to write to {list}"));
    for path in &shut {
        if let Some(what) = &path.what {
            finding.note(format!("{}: {what}", path.path));
        }
    }
    let data: Vec<&str> = paths.iter().copied().filter(|path| facts.has_data_below(path)).collect();
    if data.is_empty() {
        if let Some(edit) = tmpfs(launch, &paths, place, repo) {
            finding.suggest(format!("mount memory at {}", paths.join(" and ")), [edit]);
        }
    } else {
        finding.note(format!("{} holds what has to last: mount a volume there, not memory", data.join(" and ")));
    }
}

/// A read-only mount over the directory in which the image keeps its data.
fn read_only_data(launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let facts = launch.facts(repo);
    for data in facts.data_directories() {
        let Some(mount) = launch.mount_of(&data.path).filter(|mount| mount.read_only) else { continue };
        let (image, name) = (&launch.image, launch.name());
        let message = format!("`{name}` does not start: `{image}` writes its data to `{}`", data.path);
        let finding = found.at(mount.place, message).label("mounted read-only");
        finding.related(launch.image_place, format!("`{image}` keeps its data in `{}`", data.path));
        return;
    }
}

/// A read-only mount or file system where the code that is built into the image appends to a file.
fn read_only_logs(launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let mut told = Vec::new();
    for (log, path, mount) in launch.blocked_logs(repo) {
        let Some(place) = mount.map(|mount| mount.place).or(launch.read_only) else { continue };
        if told.contains(&(place, path.clone())) {
            continue;
        }
        told.push((place, path.clone()));
        let message = format!("`{}` fails when it writes: its code appends to `{path}`", launch.name());
        let finding = found.at(place, message).label(if mount.is_some() { "mounted read-only" } else { "read-only" });
        finding.related(log.place, "appended to here");
    }
}

/// Whether the image is told to write elsewhere. What is not known is taken for it.
fn is_moved(launch: &Launch<'_>, path: &WritablePath, repo: &Repo) -> bool {
    if path.unless.iter().any(|condition| launch.may_hold(condition)) {
        return true;
    }
    if !launch.image.name.contains("nginx") {
        return false;
    }
    let directive = if path.path == "/run" { "pid" } else { "client_body_temp_path" };
    match launch.nginx_is_told(directive, repo) {
        NginxSays::AsImage => false,
        NginxSays::Unknown => true,
        NginxSays::Words(said) if path.path == "/run" => {
            let mut paths = said.iter().filter_map(|words| words.first());
            paths.any(|pid| pid.starts_with("/tmp/") || launch.mount_of(pid).is_some())
        }
        NginxSays::Words(said) => !said.is_empty(),
    }
}

fn tmpfs(launch: &Launch<'_>, paths: &[&str], place: Place, repo: &Repo) -> Option<Edit> {
    match &launch.by {
        LaunchedBy::Service(_, service) => service.list_edit("tmpfs", paths, "read_only", repo),
        LaunchedBy::Command(call) => {
            let option =
                call.run()?.given.options.iter().find(|option| {
                    option.name == "--read-only" && option.is_written && call.place(option.span) == place
                })?;
            let text: String = paths.iter().map(|path| format!(" --tmpfs {path}")).collect();
            call.edit(Span { start: option.span.end, end: option.span.end }, &text)
        }
    }
}
