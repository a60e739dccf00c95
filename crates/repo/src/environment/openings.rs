//! What may give a container more variables than its compose file and its image say.

use super::{Environment, GivenVariable, Giver, OpenSource, start_scripts};
use crate::compose::{MountKind, Service};
use crate::{BuildContext, Image, Repo};
use twiceshy_source::{Place, Span, Tree};

/// Programs that start another one with variables from somewhere else.
const INJECTORS: [&str; 20] = [
    "doppler",
    "infisical",
    "vault",
    "sops",
    "dotenvx",
    "dotenv",
    "dotenv-cli",
    "chamber",
    "op",
    "berglas",
    "envconsul",
    "env-cmd",
    "teller",
    "s6-envdir",
    "with-contenv",
    "aws-vault",
    "source",
    ".",
    "eval",
    "envdir",
];

/// Whether an image sets no variables that an application would read as its own: those of languages and distributions.
pub(super) fn is_plain(image: &Image) -> bool {
    const NAMES: [&str; 31] = [
        "node",
        "python",
        "rust",
        "debian",
        "ubuntu",
        "alpine",
        "golang",
        "oven/bun",
        "bun",
        "denoland/deno",
        "busybox",
        "fedora",
        "amazonlinux",
        "rockylinux",
        "buildpack-deps",
        "nginx",
        "caddy",
        "php",
        "ruby",
        "openjdk",
        "eclipse-temurin",
        "elixir",
        "archlinux",
        "opensuse/leap",
        "almalinux",
        "centos",
        "httpd",
        "pypy",
        "julia",
        "swift",
        "nginxinc/nginx-unprivileged",
    ];
    const PREFIXES: [&str; 9] = [
        "gcr.io/distroless/",
        "cgr.dev/chainguard/",
        "ghcr.io/astral-sh/uv",
        "mcr.microsoft.com/playwright",
        "mcr.microsoft.com/devcontainers/",
        "registry.access.redhat.com/ubi",
        "public.ecr.aws/docker/library/",
        "mcr.microsoft.com/dotnet/",
        "nvidia/cuda",
    ];
    NAMES.contains(&image.name.as_str()) || PREFIXES.iter().any(|prefix| image.name.starts_with(prefix))
}

/// What the commands that a container starts with set, and what they may bring.
pub(super) fn of_start(service: &Service, repo: &Repo, environment: &mut Environment) {
    let Some(application) = service.application(repo) else { return };
    for words in &application.starts {
        let injector = words.iter().map(|word| Tree::name(word)).find(|name| INJECTORS.contains(name));
        let is_venv = words.iter().any(|word| word.ends_with("/activate"));
        let reads_file = words.iter().any(|word| word.starts_with("--env-file") || word == "--dotenv");
        let is_opened =
            matches!(words.first().map(String::as_str), Some("set")) && words.iter().any(|word| word == "-a");
        let source = match (injector, reads_file || is_opened) {
            (Some(injector), _) if !is_venv => Some(injector.to_owned()),
            (_, true) => words.first().cloned(),
            _ => None,
        };
        if let Some(source) = source {
            environment.open(application.place, OpenSource::Start(source));
        }
        for word in words {
            if let Some((name, _)) = word.split_once('=').filter(|(name, _)| is_variable(name)) {
                give(environment, name, application.place);
            }
        }
    }
    for script in start_scripts(service, repo) {
        let mut at = 0;
        for line in script.text().split_inclusive('\n') {
            let bare = line.trim_start();
            let code = bare.strip_prefix("export ").unwrap_or(bare);
            let place = script.place(Span::new(at, at + line.trim_end().len()));
            if let Some((name, _)) = code.split_once('=').filter(|(name, _)| is_variable(name)) {
                give(environment, name, place);
            }
            // `: "${NAME:=default}"`, `read -r NAME`, `printf -v NAME`
            for (name, _) in
                code.split("${").skip(1).filter_map(|rest| rest.split_once(":=").or_else(|| rest.split_once('=')))
            {
                if is_variable(name) {
                    give(environment, name, place);
                }
            }
            at += line.len();
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn give(environment: &mut Environment, name: &str, place: Place) {
    environment.give(GivenVariable { name: name.to_owned(), place, value: None, giver: Giver::Script });
}

/// Env files that the code itself loads, if one may lie in the container.
pub(super) fn of_code(service: &Service, build: Option<&BuildContext<'_>>, repo: &Repo, environment: &mut Environment) {
    let Some(application) = service.application(repo) else { return };
    let manifest = Tree::join(&application.dir, "package.json").and_then(|path| repo.tree.file(&path));
    let package = repo.node_packages.iter().find(|package| Some(package.file) == manifest);
    // Next reads `.env` when it starts, Bun always does.
    let by_framework = package.is_some_and(|package| package.depends_on("next"))
        || application.starts.iter().any(|words| words.first().is_some_and(|word| Tree::name(word) == "bun"));
    let loads = application.loads_env_file(repo);
    let Some(place) = loads.or(by_framework.then_some(application.place)) else { return };
    let is_mounted = service.mounts.iter().any(|mount| {
        let is_bind = mount.kind == MountKind::Bind;
        let path = mount.path.as_deref().unwrap_or_default();
        let above = |dir: &str| {
            path.is_empty() || dir == path || dir.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        };
        is_bind && mount.path.is_some() && (above(&application.dir) || Tree::name(path).contains(".env"))
    });
    let is_built_in = build.is_some_and(|build| {
        let dirs = [application.dir.as_str(), build.dir.as_str()];
        dirs.iter().any(|dir| {
            [".env", ".env.local", ".env.production"].iter().any(|name| {
                Tree::join(dir, name)
                    .is_some_and(|path| build.inside(&path).is_some_and(|inside| gets_in(build, inside)))
            })
        })
    });
    if is_mounted || is_built_in || build.is_none() {
        environment.open(place, OpenSource::Code);
    }
}

/// Whether a file at `path` (from the context) would become a part of the image.
fn gets_in(build: &BuildContext<'_>, path: &str) -> bool {
    if build.ignore.is_some_and(|ignore| ignore.excludes(path)) {
        return false;
    }
    build.sent().iter().any(|(sent, source)| {
        let covers = source.is_empty()
            || path == source
            || path.strip_prefix(source.as_str()).is_some_and(|rest| rest.starts_with('/'));
        covers && build.reaches_image(sent, path)
    })
}
