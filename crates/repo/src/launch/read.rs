//! Reading a launch: from a service with its build, and from a command.

use super::{Launch, LaunchedBy, Mounted, User};
use crate::compose::{EnvVar, MountKind, Text, Value};
use crate::docker::{Arg, DockerCall, RunMountKind};
use crate::dockerfile::StepKind;
use crate::{BuildContext, Place, Project, Repo, Service};
use twiceshy_source::Extract;

impl<'r> Launch<'r> {
    /// The container of a service; `None` where its image is not known.
    pub fn of_service(project: &'r Project, service: &'r Service, repo: &'r Repo) -> Option<Self> {
        let (image, image_place) = service.base_image(repo)?;
        let build = service.build_context(repo);
        let user = match service.user() {
            Some(user) => User::of(user.value()),
            None => build.as_ref().map_or(User::Default, built_user),
        };
        let words = |command: &crate::compose::Command| texts(command.words());
        let (mut entrypoint, mut given) = build.as_ref().map(built_words).unwrap_or_default();
        if let Some(own) = &service.entrypoint {
            (entrypoint, given) = (Some(words(own)), Vec::new());
        }
        if let Some(own) = &service.command {
            given = words(own);
        }
        let mut env = build.as_ref().map(built_env).unwrap_or_default();
        let mut has_unknown_env = false;
        for file in &service.env_files {
            match file.path.as_deref().and_then(|path| repo.tree.file(path)) {
                Some(file) => {
                    let entries = repo.env.of(file).into_iter().flat_map(|env| &env.entries);
                    let known = |text: &Text| text.value().map(str::to_owned);
                    env.extend(
                        entries.map(|entry| (entry.name.clone(), entry.value.as_ref().and_then(known), entry.place)),
                    );
                }
                None => has_unknown_env = true,
            }
        }
        has_unknown_env |= service.value(&["environment"]).is_some_and(|value| has_broken_merge(value, repo));
        let known = |variable: &EnvVar| variable.value.as_ref().and_then(Text::value).map(str::to_owned);
        env.extend(service.environment.iter().map(|variable| (variable.name.clone(), known(variable), variable.place)));
        let capability = |text: &Text| (plain(text.value().unwrap_or("*")), text.place());
        Some(Self {
            image,
            image_place,
            build,
            read_only: service.is_set(&["read_only"]).then(|| service.key("read_only")).flatten(),
            mounts: service.mounts.iter().filter_map(Mounted::of_service).collect(),
            user,
            dropped: service.cap_drop().iter().map(capability).collect(),
            added: service.cap_add().iter().map(|text| capability(text).0).collect(),
            is_privileged: service.is_set(&["privileged"]),
            is_on_host: service.uses_host_network(),
            entrypoint,
            words: given,
            env,
            has_unknown_env,
            by: LaunchedBy::Service(project, service),
        })
    }

    /// The container that a command runs.
    pub fn of_command(call: DockerCall<'r>) -> Option<Self> {
        let run = call.run().filter(|run| run.starts && run.given.is_whole)?;
        let image = run.image().filter(|_| !run.image.is_placeholder())?;
        let image_place = call.place(run.image.span);
        let place = |span| call.place(span);
        let text = |arg: &Arg| arg.text().unwrap_or_else(|| "*".to_owned());
        let variables = run.env().into_iter().map(|arg| {
            let said = text(arg);
            let (name, value) = said.split_once('=').map_or((said.as_str(), None), |(name, value)| (name, Some(value)));
            (name.to_owned(), value.map(str::to_owned), place(arg.span))
        });
        Some(Self {
            image,
            image_place,
            build: None,
            read_only: run
                .given
                .options
                .iter()
                .find(|option| option.name == "--read-only" && run.is_read_only())
                .map(|option| place(option.span)),
            mounts: run
                .mounts()
                .into_iter()
                .map(|mount| Mounted {
                    place: place(mount.span),
                    target_place: None,
                    target: mount.target,
                    source: (!mount.source.is_empty()).then_some(mount.source),
                    path: None,
                    is_volume: mount.kind == RunMountKind::Volume,
                    is_tmpfs: mount.kind == RunMountKind::Tmpfs,
                    read_only: mount.read_only,
                })
                .collect(),
            user: run.user().map_or(User::Default, |user| User::of(user.text().as_deref())),
            dropped: run.cap_drop().into_iter().map(|(name, span)| (name, place(span))).collect(),
            added: run.cap_add().into_iter().map(|(name, _)| name).collect(),
            is_privileged: run.is_privileged(),
            is_on_host: run.networks().iter().any(|network| network.is("host")),
            entrypoint: run.given.get("--entrypoint").map(|program| vec![text(program)]),
            words: run.argv.iter().map(text).collect(),
            env: variables.collect(),
            has_unknown_env: !run.env_files().is_empty(),
            by: LaunchedBy::Command(Box::new(call)),
        })
    }
}

impl User {
    fn of(text: Option<&str>) -> Self {
        match text.map(|text| text.split(':').next().unwrap_or_default()) {
            None => Self::Unknown,
            Some("" | "root" | "0") => Self::Root,
            Some(text) if text.contains(['$', '*']) => Self::Unknown,
            Some(_) => Self::Other,
        }
    }
}

impl Mounted {
    fn of_service(mount: &crate::compose::Mount) -> Option<Self> {
        Some(Self {
            place: mount.place,
            target_place: Some(mount.target_place),
            target: mount.target.clone()?,
            source: mount.source.clone(),
            path: mount.path.clone(),
            is_volume: mount.kind == MountKind::Volume,
            is_tmpfs: mount.kind == MountKind::Tmpfs,
            read_only: mount.read_only,
        })
    }
}

/// Whether a mapping is merged with something that cannot be merged: `<<: *a_list`. Other programs than Compose take that.
fn has_broken_merge(value: &Value, repo: &Repo) -> bool {
    let inside = |place: Place| {
        place.file == value.place.file && value.place.start <= place.start && place.end <= value.place.end
    };
    let merges = || {
        let source = repo.tree.source(value.place.file);
        source.is_ok_and(|source| memchr::memmem::find(source.text().as_bytes(), b"<<:").is_some())
    };
    value.is_map()
        && repo.answered.merges.get(value.place.file, merges)
        && value.entries().iter().all(|(key, _)| inside(key.place))
        && repo.tree.source(value.place.file).is_ok_and(|source| value.place.span().of(source.text()).contains("<<:"))
}

/// A capability in capital letters, without `CAP_`.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

fn texts(words: &[Extract]) -> Vec<String> {
    words.iter().map(|word| word.text().to_owned()).collect()
}

fn built_user(build: &BuildContext<'_>) -> User {
    let Some(stage) = build.dockerfile.stage(build.target.as_deref()) else { return User::Unknown };
    let users = build.dockerfile.steps_of(stage).filter_map(|step| match &step.kind {
        StepKind::User(user) => Some(user),
        _ => None,
    });
    users.last().map_or(User::Default, |user| User::of(user.value.as_deref()))
}

/// Entrypoint and command that the Dockerfile gives.
fn built_words(build: &BuildContext<'_>) -> (Option<Vec<String>>, Vec<String>) {
    let Some(stage) = build.dockerfile.stage(build.target.as_deref()) else { return Default::default() };
    let words = |command: &crate::dockerfile::Command| match command.script() {
        Some(script) if command.argv().is_empty() => vec!["sh".to_owned(), "-c".to_owned(), script.text().to_owned()],
        _ => texts(command.argv()),
    };
    let (entrypoint, cmd) = build.dockerfile.starts(stage);
    (entrypoint.map(words), cmd.map(words).unwrap_or_default())
}

fn built_env(build: &BuildContext<'_>) -> Vec<(String, Option<String>, Place)> {
    let stage = build.dockerfile.stage(build.target.as_deref());
    let steps = stage.into_iter().flat_map(|stage| build.dockerfile.steps_of(stage));
    let variables = steps.flat_map(|step| match &step.kind {
        StepKind::Env(variables) => variables.as_slice(),
        _ => &[],
    });
    let known = |text: &crate::dockerfile::Text| text.value.clone();
    variables
        .map(|variable| (variable.name.written.clone(), variable.value.as_ref().and_then(known), variable.name.place))
        .collect()
}
