//! Applications of Fly.io: `fly.toml`.

use super::{Boot, Deadline, Platform, Start};
use crate::health::duration;
use crate::{BuildContext, Place, Repo, Tree};
use std::time::Duration;
use twiceshy_source::{Extract, FileId, Span};
use twiceshy_syntax::toml::{self, Value};

/// How long `fly deploy` waits for machines to be healthy when nothing is said: `--wait-timeout` (fly.io/docs/flyctl/deploy).
const DEPLOY: Duration = Duration::from_secs(300);

impl Repo {
    /// What each `fly.toml` starts.
    pub(super) fn fly_boots(&self) -> Vec<Boot<'_>> {
        let is_fly = |file: &FileId| {
            let name = Tree::name(self.tree.path(*file));
            name.starts_with("fly") && name.ends_with(".toml")
        };
        self.tree.files().filter(is_fly).filter_map(|file| self.fly_boot(file)).collect()
    }

    fn fly_boot(&self, file: FileId) -> Option<Boot<'_>> {
        let source = self.tree.source(file).ok()?;
        let toml = toml::parse(source.text());
        let root = &toml.root;
        root.get("app").or_else(|| root.get("primary_region")).or_else(|| root.get("http_service"))?;
        let dir = Tree::parent(self.tree.path(file));
        let dockerfile = root.at(&["build", "dockerfile"]).and_then(Value::as_str).unwrap_or("Dockerfile");
        let path = Tree::join(dir, dockerfile)?;
        let dockerfile = self.dockerfiles.iter().find(|it| self.tree.path(it.file) == path)?;
        let target = root.at(&["build", "build-target"]).and_then(Value::as_str);
        let stage = dockerfile.stage(target)?;
        let ignore = self.dockerignore(dockerfile.file, dir);
        let build = BuildContext {
            dockerfile,
            dir: dir.to_owned(),
            ignore,
            target: target.map(str::to_owned),
            builder: crate::Builder::Guessed,
        };
        let mut boot = Boot::built(build, stage);
        let place = |span: Span| Place::new(file, span);
        let text = |value: &Value| {
            let inside = Span::new(value.span.start as usize + 1, (value.span.end as usize).saturating_sub(1));
            value.as_str().map(|text| Extract::verbatim(file, inside.start, text))
        };
        // With several processes, the checked one is `app`.
        let processes = root.get("processes").map_or(&[][..], Value::entries);
        let process = processes.iter().find(|(name, _)| name.text == "app").or(processes.first());
        if let Some(command) = process.and_then(|(_, command)| text(command)) {
            boot.starts.truncate(boot.entrypoints());
            boot.starts.push(Start::Script(command));
        }
        let mounts = root.get("mounts").or_else(|| root.get("mount"));
        for mount in mounts
            .iter()
            .flat_map(|mounts| if mounts.items().is_empty() { std::slice::from_ref(*mounts) } else { mounts.items() })
        {
            if let Some(to) = mount.get("destination")
                && let Some(path) = to.as_str()
            {
                boot.volumes.push((path.trim_end_matches('/').to_owned(), place(to.span)));
            }
        }
        for (name, value) in root.get("env").map_or(&[][..], Value::entries) {
            boot.env.extend(value.as_str().map(|value| (name.text.clone(), value.to_owned())));
        }
        boot.deadline =
            deadline(root).map(|(span, wait)| Deadline { place: place(span), wait, platform: Platform::Fly });
        Some(boot)
    }
}

/// The shortest grace of its checks; that of the deployment where a check says none.
fn deadline(root: &Value) -> Option<(Span, Duration)> {
    let mut checks: Vec<&Value> = Vec::new();
    let listed =
        |value: Option<&Value>| -> Vec<Value> { value.map(|value| value.items().to_vec()).unwrap_or_default() };
    let services = listed(root.get("services"));
    let mut of_services = Vec::new();
    for service in services.iter().chain(root.get("http_service")) {
        for kind in ["checks", "http_checks", "tcp_checks"] {
            of_services.extend(listed(service.get(kind)));
        }
    }
    checks.extend(&of_services);
    checks.extend(root.get("checks").map_or(&[][..], Value::entries).iter().map(|(_, check)| check));
    let deploy = root.at(&["deploy", "wait_timeout"]);
    let deploy_wait = deploy.and_then(Value::as_str).and_then(duration).unwrap_or(DEPLOY);
    let graces = checks.iter().map(|check| {
        let grace = check.get("grace_period");
        match grace.and_then(Value::as_str).and_then(duration).zip(grace) {
            Some((wait, grace)) => (grace.span, wait),
            None => (deploy.map_or(check.span, |deploy| deploy.span), deploy_wait),
        }
    });
    graces.min_by_key(|(_, wait)| *wait)
}
