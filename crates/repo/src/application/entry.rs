//! The modules that a container starts with.

use super::{Key, stages};
use crate::dockerfile::Command;
use crate::script::Host;
use crate::{BuildContext, Repo};
use twiceshy_source::{FileId, Tree};

/// How many scripts may call one another before the module is named.
const HOPS: usize = 5;

/// Programs that are given a module and the name of an application in it: `uvicorn app.main:app`.
const SERVERS: [&str; 9] =
    ["uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "taskiq", "waitress-serve", "uvicorn.workers", "asgi"];

/// What a container starts with.
#[derive(Clone, Debug, Default)]
pub(super) struct Starts {
    /// The commands, each as its words; those of scripts that are called, too.
    pub commands: Vec<Vec<String>>,
    /// The scripts.
    pub files: Vec<FileId>,
}

/// What a container runs when it starts; scripts that are called are opened.
pub(super) fn starts(key: &Key, build: Option<&BuildContext<'_>>, dir: &str, repo: &Repo) -> Starts {
    let stage = build.and_then(|build| stages(build).into_iter().max_by_key(|stage| stage.index));
    let (entrypoint, cmd) = match (build, stage) {
        (Some(build), Some(stage)) => build.dockerfile.starts(stage),
        _ => (None, None),
    };
    let mut words: Vec<String> = match key.entrypoint() {
        Some(words) => words.to_vec(),
        None => entrypoint.map(of_image).unwrap_or_default(),
    };
    match (key.command(), key.entrypoint()) {
        (Some(command), _) => words.extend(command.iter().cloned()),
        // An entrypoint of the service takes the image's command away.
        (None, None) => words.extend(cmd.map(of_image).unwrap_or_default()),
        (None, Some(_)) => {}
    }
    let mut starts = Starts::default();
    let mut queue: Vec<(Vec<String>, usize)> = split(&words).into_iter().map(|words| (words, 0)).collect();
    while let Some((words, hops)) = queue.pop() {
        if hops < HOPS && starts.commands.len() < 200 {
            let called = called(&words, dir, build, repo, &mut starts.files);
            queue.extend(called.into_iter().map(|words| (words, hops + 1)));
        }
        starts.commands.push(words);
    }
    starts
}

fn of_image(command: &Command) -> Vec<String> {
    match command {
        Command::Shell(text) => vec!["sh".to_owned(), "-c".to_owned(), text.text().to_owned()],
        Command::Exec(words) => words.iter().map(|word| word.text().to_owned()).collect(),
    }
}

/// The commands among words, some of which are scripts for `sh -c`.
fn split(words: &[String]) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    for word in words {
        if !word.contains(char::is_whitespace) {
            commands.extend(matches!(word.as_str(), "&&" | "||" | ";").then(Vec::new));
            if let Some(last) = commands.last_mut() {
                last.push(word.clone());
            }
            continue;
        }
        for part in word.split(['\n', ';', '&', '|']) {
            let part: Vec<_> = part.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
            if !part.is_empty() {
                commands.push(part);
            }
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// The commands of the script, or of the script of `package.json`, that the words call.
fn called(
    words: &[String],
    dir: &str,
    build: Option<&BuildContext<'_>>,
    repo: &Repo,
    files: &mut Vec<FileId>,
) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let at = |path: &str| file_at(path, dir, build, repo);
    if words.iter().any(|word| Tree::name(word) == "supervisord") {
        let named = words.iter().find(|word| word.ends_with(".conf")).map_or("supervisord.conf", String::as_str);
        let source = at(named).and_then(|file| repo.tree.source(file).ok());
        let commands = source
            .iter()
            .flat_map(|source| source.text().lines())
            .filter_map(|line| Some(line.strip_prefix("command")?.trim_start().strip_prefix('=')?.trim().to_owned()));
        found.extend(commands.flat_map(|command| split(&[format!("{command} ")])));
    }
    for word in words {
        let is_script = word.ends_with(".sh") || word.contains("entrypoint") || word.contains("start");
        if !is_script || word.starts_with('-') {
            continue;
        }
        let Some(file) = at(word) else { continue };
        if files.contains(&file) {
            continue;
        }
        files.push(file);
        let scripts = repo.scripts.iter().filter(|script| script.file == file && script.host == Host::File);
        for script in scripts {
            found.extend(script.commands().map(|command| {
                command.words().iter().filter_map(|word| script.value(word).likely()).collect::<Vec<_>>()
            }));
        }
    }
    let managers = ["npm", "pnpm", "yarn", "bun"];
    if let Some(manager) = words.iter().position(|word| managers.contains(&Tree::name(word))) {
        let package = Tree::join(dir, "package.json")
            .and_then(|path| repo.tree.file(&path))
            .and_then(|file| repo.node_packages.iter().find(|package| package.file == file));
        let names = words.get(manager + 1..).unwrap_or_default().iter().filter(|word| !word.starts_with('-'));
        let script =
            package.and_then(|package| names.filter(|name| *name != "run").find_map(|name| package.script(name)));
        found.extend(script.map(|script| split(&[format!("{} ", script.command.text())])).unwrap_or_default());
    }
    found.retain(|words| !words.is_empty());
    found
}

/// The file of the repository that a path of the image means: the longest end of it that there is in the application or
/// the context.
fn file_at(path: &str, dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Option<FileId> {
    let path = path.trim_start_matches("./").trim_matches('/');
    let mut rest = Some(path).filter(|path| !path.is_empty() && !path.contains('$'));
    let own = build.map(|build| Tree::parent(repo.tree.path(build.dockerfile.file)).to_owned());
    let homes = [Some(dir.to_owned()), build.map(|build| build.dir.clone()), own];
    while let Some(tail) = rest {
        let found = homes.iter().flatten().find_map(|home| repo.tree.resolve(&Tree::join(home, tail)?));
        if found.is_some() {
            return found;
        }
        rest = tail.split_once('/').map(|(_, rest)| rest);
    }
    // `COPY docker/start.sh /start.sh`
    let name = Tree::name(path);
    let copies = build.into_iter().flat_map(|build| super::stages(build).into_iter().map(move |stage| (build, stage)));
    copies.flat_map(|(build, stage)| stage.copies().map(move |(_, copy)| (build, copy))).find_map(|(build, copy)| {
        let ends = |path: &str| Tree::name(path) == name;
        let goes_there = copy.dest.as_ref().is_some_and(|dest| ends(dest.known().trim_end_matches('/')));
        let mut sources = copy.context_sources().map(|(_, path)| path);
        let source = sources.find(|path| ends(path) || goes_there)?;
        repo.tree.resolve(&Tree::join(&build.dir, &source)?)
    })
}

/// The modules that the commands start, in the repository.
pub(super) fn entries(starts: &[Vec<String>], dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Vec<FileId> {
    let mut found = Vec::new();
    for words in starts {
        found.extend(of_command(words, dir, build, repo));
    }
    found.extend(of_framework(dir, repo));
    found.sort();
    found.dedup();
    found
}

fn of_command(words: &[String], dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Vec<FileId> {
    let mut found = Vec::new();
    let module = |name: &str| python_module(name, dir, build, repo);
    let names: Vec<&str> = words.iter().map(|word| Tree::name(word)).collect();
    let serves = names.iter().any(|name| SERVERS.contains(name));
    if let Some((program, _)) = names.iter().zip(names.iter().skip(1)).find(|(_, verb)| **verb == "run") {
        // Both look for an application where it usually stands.
        let usual: &[&str] = match *program {
            "fastapi" => &["main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py"],
            "flask" => &["wsgi.py", "app.py", "app/__init__.py"],
            _ => &[],
        };
        if !words.iter().any(|word| word.ends_with(".py") || word.starts_with("--app")) {
            found.extend(usual.iter().find_map(|path| repo.tree.file(&Tree::join(dir, path)?)));
        }
    }
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| names.get(at)).copied().unwrap_or_default();
        let is_module_word = word.chars().all(|c| c.is_alphanumeric() || "._:".contains(c));
        match before {
            "-m" if !SERVERS.contains(&word.as_str()) => found.extend(module(word)),
            "-A" | "--app" if names.iter().any(|name| matches!(*name, "celery" | "flask")) => {
                found.extend(module(word.split(':').next().unwrap_or_default()));
            }
            "dramatiq" | "arq" => {
                let name = word.split(':').next().unwrap_or_default();
                found.extend(module(name).or_else(|| module(name.rsplit_once('.')?.0)));
            }
            _ if serves && word.contains(':') && is_module_word && !word.starts_with(':') => {
                found.extend(module(word.split(':').next().unwrap_or_default()));
            }
            _ => {
                if let Some(name) = word.strip_prefix("--app=") {
                    found.extend(module(name.split(':').next().unwrap_or_default()));
                }
            }
        }
        if word.starts_with('-') {
            continue;
        }
        let extension = word.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "py" => found.extend(file_at(word, dir, build, repo)),
            "js" | "mjs" | "cjs" | "ts" | "mts" => found.extend(source_of(word, dir, build, repo)),
            _ => {
                // `node dist/main`, `node apps/live`: a module without its extension, or a package.
                if matches!(before, "node" | "tsx" | "ts-node" | "bun") {
                    found.extend(package_entry(word, dir, build, repo));
                    if word.contains('/') {
                        found.extend(source_of(&format!("{word}.js"), dir, build, repo));
                    }
                }
            }
        }
    }
    found
}

/// The modules that a framework of JavaScript takes by their paths.
fn of_framework(dir: &str, repo: &Repo) -> Vec<FileId> {
    let manifest = Tree::join(dir, "package.json").and_then(|path| repo.tree.file(&path));
    let Some(package) = repo.node_packages.iter().find(|package| Some(package.file) == manifest) else {
        return Vec::new();
    };
    let is_svelte = package.depends_on("@sveltejs/kit");
    let is_next = package.depends_on("next");
    let is_nuxt = package.depends_on("nuxt");
    if !is_svelte && !is_next && !is_nuxt {
        return Vec::new();
    }
    let takes = |path: &str| {
        let path = path.strip_prefix("src/").unwrap_or(path);
        let name = Tree::name(path);
        let stem = name.split('.').next().unwrap_or_default();
        let is_test = name.contains(".test.") || name.contains(".spec.") || name.ends_with(".d.ts");
        let is_top = !path.contains('/');
        !is_test
            && (is_svelte && (path.starts_with("routes/") && name.starts_with('+') || is_top && stem == "hooks")
                || is_next
                    && (path.starts_with("app/")
                        && matches!(
                            stem,
                            "page" | "layout" | "route" | "template" | "error" | "loading" | "not-found" | "default"
                        )
                        || path.starts_with("pages/")
                        || is_top && matches!(stem, "middleware" | "proxy" | "instrumentation"))
                || is_nuxt
                    && ["pages/", "server/", "layouts/", "plugins/", "middleware/"]
                        .iter()
                        .any(|dir| path.starts_with(dir)))
    };
    let inside = |file: &FileId| {
        let path = repo.tree.path(*file);
        takes(path.strip_prefix(dir).unwrap_or(path).trim_start_matches('/'))
    };
    repo.tree.below(dir).filter(inside).filter(|file| repo.node_module(*file).is_some()).collect()
}

/// The module that a directory stands for: the first entry of its package.
fn package_entry(path: &str, dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Option<FileId> {
    let file = file_at(&format!("{}/package.json", path.trim_end_matches('/')), dir, build, repo)?;
    let package = repo.node_packages.iter().find(|package| package.file == file)?;
    let home = Tree::parent(repo.tree.path(file));
    package.entries.iter().find_map(|entry| source_of(entry, home, None, repo))
}

/// The module that a compiled file is made from: `src/main.ts` of `dist/main.js`.
fn source_of(path: &str, dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Option<FileId> {
    if let Some(file) = file_at(path, dir, build, repo) {
        return Some(file);
    }
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let (stem, _) = path.rsplit_once('.')?;
    let parts: Vec<_> = stem.split('/').collect();
    let built = parts.iter().position(|part| matches!(*part, "dist" | "build" | "out" | "lib"))?;
    let inner = parts.get(built + 1..)?.join("/");
    let inner = inner.strip_prefix("src/").unwrap_or(&inner);
    ["ts", "mts", "tsx", "js", "mjs"].iter().find_map(|extension| {
        repo.tree.file(&Tree::join(dir, &format!("src/{inner}.{extension}"))?).or_else(|| {
            // What a framework builds is called `index` too, and is made from something else.
            let path = Tree::join(dir, &format!("{inner}.{extension}"))?;
            (inner != "index").then(|| repo.tree.file(&path)).flatten()
        })
    })
}

/// The module of that dotted name in the application.
fn python_module(name: &str, dir: &str, build: Option<&BuildContext<'_>>, repo: &Repo) -> Option<FileId> {
    let path = name.replace('.', "/");
    if path.is_empty() || path.contains(['-', '$', '{', '(']) {
        return None;
    }
    let ends = [format!("{path}.py"), format!("{path}/__main__.py"), format!("{path}/__init__.py")];
    let context = build.map(|build| build.dir.clone());
    let homes = [Some(dir.to_owned()), Tree::join(dir, "src"), Tree::join(dir, "app"), context];
    if let Some(found) =
        homes.iter().flatten().find_map(|home| ends.iter().find_map(|end| repo.tree.file(&Tree::join(home, end)?)))
    {
        return Some(found);
    }
    // `COPY backend/ /app/`: the one file below that ends so.
    let below = repo.tree.below(dir).filter(|file| {
        let path = repo.tree.path(*file);
        ends.iter().any(|end| path.strip_suffix(end.as_str()).is_some_and(|rest| rest.ends_with('/')))
    });
    below.min_by_key(|file| repo.tree.path(*file).len())
}
