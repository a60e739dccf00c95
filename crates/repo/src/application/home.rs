//! The directory in which the code of a service stands: of a workspace, the package that the image is made for.

use super::{Key, expanded, stages};
use crate::compose::Service;
use crate::dockerfile::{Command, StepKind};
use crate::{BuildContext, Repo};
use twiceshy_source::{Place, Tree};

/// Files by which a directory is a package of its own.
const MANIFESTS: [&str; 8] = [
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "manage.py",
    "Cargo.toml",
    "Pipfile",
    "deno.json",
];

/// Where the code stands that a build puts into its image, and what says so.
pub(super) fn of_build(service: &Service, key: &Key, build: &BuildContext<'_>, repo: &Repo) -> (String, Place) {
    let search = Search { key, build, repo };
    let said = service.build.as_ref().map_or(service.place, |build| build.place);
    let at = service
        .build
        .as_ref()
        .and_then(|build| build.dockerfile.as_ref().or(build.context.as_ref()))
        .map_or(said, crate::compose::Text::place);
    let own = Tree::parent(repo.tree.path(build.dockerfile.file));
    if let Some(found) = search.named(at) {
        return found;
    }
    if build.inside(own).is_some() && own != build.dir && is_package(repo, own) {
        return (own.to_owned(), at);
    }
    search.copied().unwrap_or_else(|| (build.dir.clone(), at))
}

/// Where code stands that is mounted into a container instead of being built into its image.
pub(super) fn of_mounts(service: &Service, key: &Key, repo: &Repo) -> Option<(String, Place)> {
    let workdir = key.workdir().map(|dir| dir.trim_end_matches('/'));
    service.mounts.iter().find_map(|mount| {
        let (path, target) = (mount.path.as_deref()?, mount.target.as_deref()?.trim_end_matches('/'));
        let dir = match workdir {
            Some(workdir) => Tree::join(path, workdir.strip_prefix(target)?.trim_start_matches('/'))?,
            None => path.to_owned(),
        };
        // Without a package in it, a directory that is mounted may be anything: configuration, data, a web root.
        let is_code = is_package(repo, &dir) && (workdir.is_some() || key.command().is_some());
        is_code.then_some((dir, mount.source_place))
    })
}

fn is_package(repo: &Repo, dir: &str) -> bool {
    MANIFESTS.iter().any(|name| Tree::join(dir, name).is_some_and(|path| repo.tree.file(&path).is_some()))
}

struct Search<'a, 'r> {
    key: &'a Key,
    build: &'a BuildContext<'r>,
    repo: &'r Repo,
}

impl Search<'_, '_> {
    /// The package that the start, a step or a working directory names. `at`: where the service is told what to run.
    fn named(&self, at: Place) -> Option<(String, Place)> {
        let words = [self.key.entrypoint(), self.key.command()].into_iter().flatten().flatten().map(String::as_str);
        if let Some(dir) = self.key.workdir().and_then(|dir| self.tail(dir)).or_else(|| self.in_words(words)) {
            return Some((dir, at));
        }
        let mut stages = stages(self.build);
        stages.reverse();
        // What is started says more than what is built, and that more than where it is done.
        let commands = stages.iter().take(1).flat_map(|stage| self.build.dockerfile.steps_of(stage)).filter_map(
            |step| match &step.kind {
                StepKind::Cmd(command) | StepKind::Entrypoint(command) => Some((step, command)),
                _ => None,
            },
        );
        let runs = stages.iter().flat_map(|stage| stage.steps.iter().rev()).filter_map(|step| match &step.kind {
            StepKind::Run(run) => Some((step, &run.command)),
            _ => None,
        });
        for (step, command) in commands {
            if let Some(dir) = self.in_command(command, true) {
                return Some((dir, step.place));
            }
        }
        for (step, command) in runs {
            if let Some(dir) = self.in_command(command, false) {
                return Some((dir, step.place));
            }
        }
        stages.iter().flat_map(|stage| stage.steps.iter().rev()).find_map(|step| match &step.kind {
            StepKind::Workdir(to) => Some((self.tail(&expanded(to, self.key))?, to.place)),
            _ => None,
        })
    }

    fn in_command(&self, command: &Command, has_paths: bool) -> Option<String> {
        let text = match command {
            Command::Shell(text) => text.text().to_owned(),
            Command::Exec(words) => words.iter().map(|word| word.text()).collect::<Vec<_>>().join(" "),
        };
        let mut text = text;
        for (name, value) in &self.key.args {
            let Some(value) = value else { continue };
            text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        let words: Vec<_> = text.split(|c: char| c.is_whitespace() || ";&|\"'".contains(c)).collect();
        let filtered = self.filtered(words.iter().copied());
        if has_paths { filtered.or_else(|| self.in_words(words.iter().copied())) } else { filtered }
    }

    /// The package that a path among the words lies in, or that a filter names.
    fn in_words<'w>(&self, words: impl Iterator<Item = &'w str> + Clone) -> Option<String> {
        let paths = words.clone().filter(|word| word.contains('/') && !word.starts_with('-') && !word.contains("://"));
        let of_path = |path: &str| {
            let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
            (0..parts.len()).find_map(|from| {
                (from + 1..parts.len())
                    .rev()
                    .find_map(|to| self.package(&parts.get(from..to).unwrap_or_default().join("/")))
            })
        };
        self.filtered(words).or_else(|| paths.into_iter().find_map(of_path))
    }

    /// The package that `--filter`, `-w`, `turbo prune` and the like name.
    fn filtered<'w>(&self, words: impl Iterator<Item = &'w str>) -> Option<String> {
        let mut words = words.filter(|word| !word.is_empty()).peekable();
        let mut before = "";
        while let Some(word) = words.next() {
            let flag = ["--filter", "--scope", "--workspace", "--package", "--bin"]
                .iter()
                .find_map(|flag| word.strip_prefix(flag))
                .and_then(|rest| rest.strip_prefix('='));
            let name = match (flag, word) {
                (Some(name), _) => Some(name),
                (
                    None,
                    "--filter" | "--scope" | "--workspace" | "-F" | "--package" | "--bin" | "-p" | "-C" | "--dir"
                    | "--cwd",
                ) => words.peek().copied(),
                (None, "-w") => words.peek().copied().filter(|_| before != "pnpm"),
                (None, "prune") if before == "turbo" => words.clone_next_operand(),
                (None, "workspace") if before == "yarn" => words.peek().copied(),
                _ => None,
            };
            if let Some(dir) = name.and_then(|name| self.package_called(name)) {
                return Some(dir);
            }
            before = word;
        }
        None
    }

    /// The directory of the package called `name`, or of the filter that names a directory.
    fn package_called(&self, name: &str) -> Option<String> {
        let name = name.trim_end_matches('.').trim_end_matches('^').trim_matches(['{', '}']);
        if name.is_empty() || name.starts_with('!') {
            return None;
        }
        let of_node = self.repo.node_packages.iter().filter(|package| {
            // `--filter web` means `@acme/web` too.
            package.name.as_deref().is_some_and(|own| {
                own == name || (own.starts_with('@') && own.split_once('/').is_some_and(|(_, own)| own == name))
            })
        });
        let mut dirs = of_node.map(|package| Tree::parent(self.repo.tree.path(package.file)));
        if let Some(dir) = dirs.find(|dir| self.build.inside(dir).is_some() && *dir != self.build.dir) {
            return Some(dir.to_owned());
        }
        self.package(name.trim_start_matches("./").trim_end_matches('/')).or_else(|| self.crate_called(name))
    }

    /// The directory of the crate called `name`.
    fn crate_called(&self, name: &str) -> Option<String> {
        let tree = &self.repo.tree;
        let is_it = |text: &str| {
            text.lines().any(|line| {
                line.strip_prefix("name").is_some_and(|rest| {
                    let rest = rest.trim_start();
                    rest.starts_with('=')
                        && rest.trim_start_matches(['=', ' ', '"']).trim_end().trim_end_matches('"') == name
                })
            })
        };
        let manifests = tree.below(&self.build.dir).filter(|file| Tree::name(tree.path(*file)) == "Cargo.toml");
        let mut found = manifests.filter(|file| tree.source(*file).is_ok_and(|source| is_it(source.text())));
        found.next().map(|file| Tree::parent(tree.path(file)).to_owned())
    }

    /// `path` from the context, where it is a package and not the context itself.
    fn package(&self, path: &str) -> Option<String> {
        let dir = Tree::join(&self.build.dir, path)?;
        (dir != self.build.dir && is_package(self.repo, &dir)).then_some(dir)
    }

    /// The package whose path ends a path of the image: `apps/web` of `/app/apps/web`.
    fn tail(&self, path: &str) -> Option<String> {
        let path = path.trim_matches('/');
        let mut rest = Some(path);
        while let Some(tail) = rest {
            if let Some(dir) = self.package(tail) {
                return Some(dir);
            }
            rest = tail.split_once('/').map(|(_, rest)| rest);
        }
        None
    }

    /// The one package of those that are copied which others do not merely use.
    fn copied(&self) -> Option<(String, Place)> {
        const SHARED: [&str; 10] =
            ["packages", "libs", "lib", "shared", "common", "core", "crates", "tools", "config", "vendor"];
        let is_workspace = self.is_workspace();
        if is_package(self.repo, &self.build.dir) && !is_workspace {
            return None;
        }
        let mut found: Vec<(String, Place)> = Vec::new();
        for stage in stages(self.build) {
            for (_, copy) in stage.copies().filter(|(_, copy)| copy.from.is_none()) {
                for source in &copy.sources {
                    let path = expanded(source, self.key);
                    let path = path.trim_matches('/').trim_start_matches("./").trim_end_matches("/*");
                    if path.is_empty() || path == "." || path.split('/').any(|part| SHARED.contains(&part)) {
                        continue;
                    }
                    let dir = if MANIFESTS.contains(&Tree::name(path)) { Tree::parent(path) } else { path };
                    match self.package(dir) {
                        Some(dir) if !found.iter().any(|(known, _)| *known == dir) => found.push((dir, source.place)),
                        Some(_) => {}
                        // Code beside it: the package is a part of something larger.
                        None if !is_workspace
                            && Tree::join(&self.build.dir, path).is_some_and(|path| self.repo.tree.has_dir(&path)) =>
                        {
                            return None;
                        }
                        None => {}
                    }
                }
            }
        }
        if found.len() == 1 { found.pop() } else { None }
    }

    fn is_workspace(&self) -> bool {
        let at = |name: &str| Tree::join(&self.build.dir, name).and_then(|path| self.repo.tree.file(&path));
        let says = |name: &str, word: &str| {
            at(name)
                .and_then(|file| self.repo.tree.source(file).ok())
                .is_some_and(|source| source.text().contains(word))
        };
        at("pnpm-workspace.yaml").is_some()
            || says("package.json", "\"workspaces\"")
            || says("Cargo.toml", "[workspace]")
            || says("pyproject.toml", "[tool.uv.workspace]")
    }
}

/// The next word that is no option.
trait NextOperand<'w> {
    fn clone_next_operand(&mut self) -> Option<&'w str>;
}

impl<'w, I: Iterator<Item = &'w str>> NextOperand<'w> for std::iter::Peekable<I> {
    fn clone_next_operand(&mut self) -> Option<&'w str> {
        while self.peek().is_some_and(|word| word.starts_with('-') && !word.contains("scope=")) {
            self.next();
        }
        self.peek().map(|word| word.strip_prefix("--scope=").unwrap_or(word))
    }
}
