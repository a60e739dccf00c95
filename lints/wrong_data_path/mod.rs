//! Finds volumes that are mounted where their image does not keep its data.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{DataDirectory, Edit, ImageFacts, Launch, Mounted, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WrongDataPath {}

impl Lint for WrongDataPath {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let focus = found.focus();
        for launch in
            repo.launched_services(focus).iter().chain(&repo.launched_commands(&[" -v", "--volume", "--mount"], focus))
        {
            if launch.runs_its_server() {
                check(launch, repo, found);
            }
        }
    }
}

fn check(launch: &Launch<'_>, repo: &Repo, found: &mut Findings) {
    let facts = launch.facts(repo);
    let directories = facts.data_directories();
    // Mounted over or below the right place, it is the right place, whatever else is mounted.
    let is_kept = |data: &&DataDirectory| {
        launch.mounts.iter().any(|mount| same(&mount.target, &data.path) || same(&mount.target, &data.mount))
            || !data.is_volume && launch.mount_of(&data.path).is_some()
            || launch.mounts.iter().any(|mount| {
                twiceshy_repo::is_at_or_below(&mount.target, &data.path)
                    && !facts.mistaken_paths().iter().any(|mistaken| same(&mount.target, &mistaken.path))
            })
    };
    if directories.is_empty() || directories.iter().any(is_kept) {
        return;
    }
    for mount in launch.mounts.iter().filter(|mount| is_storage(mount, repo) && !is_told(launch, mount, repo)) {
        let mistaken = facts.mistaken_paths().into_iter().find(|path| same(&path.path, &mount.target));
        let parent = directories.iter().find(|data| {
            data.is_volume && mount.target != "/" && twiceshy_repo::is_at_or_below(&data.path, &mount.target)
        });
        let why = match (mistaken, parent) {
            (None, _) if mount.source.is_none() => continue,
            (Some(mistaken), _) => mistaken.why.clone().unwrap_or_default(),
            (None, Some(data)) => {
                format!(
                    "Docker puts an anonymous volume at {}, which the image declares, over what is mounted above it",
                    data.path
                )
            }
            (None, None) => continue,
        };
        let [data, ..] = directories.as_slice() else { return };
        report(launch, mount, data, &facts, &why, repo, found);
        return;
    }
}

fn report(
    launch: &Launch<'_>,
    mount: &Mounted,
    data: &DataDirectory,
    facts: &ImageFacts<'_>,
    why: &str,
    repo: &Repo,
    found: &mut Findings,
) {
    let (image, name) = (&launch.image, launch.name());
    let refuses = why.contains("refuses to start");
    let message = if refuses {
        format!("`{name}` does not start: `{image}` finds a mount at `{}`", mount.target)
    } else {
        format!("the data of `{name}` is lost with its container: `{image}` does not keep it in `{}`", mount.target)
    };
    let finding = found.at(mount.place, message).label(format!("wants to be `{}`", data.mount));
    let version = match (facts.major(), image.major()) {
        (Some(major), None) => format!("`{image}` is version {major} or later, and keeps its data in `{}`", data.path),
        _ => format!("`{image}` keeps its data in `{}`", data.path),
    };
    finding.related(launch.image_place, version);
    if !why.is_empty() {
        finding.note(why.to_owned());
    }
    if refuses {
        finding.note(
            "a directory that an older version has filled is not upgraded by this: dump it with that version first",
        );
    }
    if launch.may_have_other_variables() {
        finding.note("unless an env file that is not in the repository moves it");
        finding.level(Level::Warn);
    }
    // A volume without a name outlives no `down` at the right place either.
    if mount.source.is_none() {
        finding.level(if repo.is_of_development(mount.place.file) { Level::Pedantic } else { Level::Warn });
    }
    if let Some(edit) = edit(mount, &data.mount, repo) {
        finding.suggest(format!("mount it at {}", data.mount), [edit]);
    }
}

/// Whether something of a size is mounted: a volume or a directory, not a file of the repository, memory or a socket.
fn is_storage(mount: &Mounted, repo: &Repo) -> bool {
    let is_file = mount.path.as_deref().is_some_and(|path| repo.tree.file(path).is_some());
    // A directory that the repository fills holds configuration or seeds.
    let is_filled = mount.path.as_deref().is_some_and(|path| repo.tree.has_dir(path));
    !mount.is_tmpfs && !mount.read_only && !is_file && !is_filled
}

/// Whether the image is told of the path: in its environment, its command, or a configuration that is mounted.
fn is_told(launch: &Launch<'_>, mount: &Mounted, repo: &Repo) -> bool {
    let path = mount.target.trim_end_matches('/');
    launch.may_have_other_place(path)
        || launch.mounts.iter().filter_map(|mount| mount.path.as_deref()).any(|inside| {
            repo.tree
                .file(inside)
                .is_some_and(|file| repo.tree.source(file).is_ok_and(|text| text.text().contains(path)))
        })
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

fn edit(mount: &Mounted, path: &str, repo: &Repo) -> Option<Edit> {
    let place = mount.target_place?;
    let source = repo.tree.source(place.file).ok()?;
    (place.span().of(source.text()) == mount.target).then(|| Edit { place, text: path.to_owned() })
}
