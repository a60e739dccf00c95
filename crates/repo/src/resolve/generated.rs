//! Which paths a build makes, so that a clone does not need to hold them, and which ignore rules hide sources by accident.

use crate::Repo;
use twiceshy_source::{IgnoreRule, Tree};

/// Directories that tools write: bundlers, compilers, frameworks, code generators.
const OUTPUT: [&str; 38] = [
    "dist",
    "build",
    "out",
    "output",
    "outputs",
    "release",
    "target",
    "pkg",
    "bundle",
    "bundles",
    "compiled",
    "coverage",
    "tmp",
    "temp",
    "generated",
    "__generated__",
    "_generated",
    "gen",
    "codegen",
    "autogen",
    "typechain",
    "typechain-types",
    "artifacts",
    "paraglide",
    "styled-system",
    "node_modules",
    "bower_components",
    "jspm_packages",
    "public",
    "static",
    "assets",
    "proto",
    "protos",
    "schema",
    "graphql",
    "wasm",
    "locales",
    "+types",
];

/// Words in the names of files that tools write.
const MADE: [&str; 22] = [
    "generated",
    ".gen",
    "-gen",
    "_gen",
    "_pb",
    "_grpc",
    ".pb",
    "_connect",
    "$types",
    "routetree",
    "next-env",
    "auto-imports",
    "version",
    "buildinfo",
    "build-info",
    "gitinfo",
    "git-info",
    "openapi",
    "prisma",
    ".bundle",
    ".min",
    ".local",
];

/// Whether the module at `path` (with or without its extension) is made by a tool, as far as names tell.
pub(super) fn is_generated(repo: &Repo, from: &str, path: &str) -> bool {
    let dir = Tree::parent(path);
    // A hidden directory holds what a framework writes: `.next`, `.svelte-kit`, `.velite`.
    let is_output = |part: &str| OUTPUT.contains(&part) || (part.starts_with('.') && part.len() > 1);
    // A directory that both stand in is one of sources, whatever its name.
    let shared = dir.split('/').zip(Tree::parent(from).split('/')).take_while(|(a, b)| a == b).count();
    if dir.split('/').skip(shared).any(is_output) {
        return true;
    }
    let name = Tree::name(path).to_ascii_lowercase();
    if name.split('.').next() == Some("version")
        || MADE.iter().any(|word| name.contains(word))
        || OUTPUT.contains(&name.as_str())
        || name.starts_with('.')
    {
        return true;
    }
    let stem = name.split('.').next().unwrap_or_default();
    is_asset(&name) || is_package_output(repo, path) || is_written_by_a_script(repo, path, stem)
}

/// Whether a bundler, not the module system, would look for it, or a build copies it here.
fn is_asset(name: &str) -> bool {
    const ASSETS: [&str; 27] = [
        "css", "scss", "sass", "less", "styl", "svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "woff",
        "woff2", "ttf", "otf", "mp3", "mp4", "webm", "wasm", "node", "html", "txt", "glsl", "pdf", "lottie",
    ];
    name.rsplit_once('.').is_some_and(|(_, extension)| ASSETS.contains(&extension))
}

/// Whether the package that holds `path` names its directory as the home of its entry points: `"main": "lib/index.js"`.
fn is_package_output(repo: &Repo, path: &str) -> bool {
    let Some(package) = repo.package_of(path) else { return false };
    let home = Tree::parent(repo.tree.path(package.file));
    let inside = path.strip_prefix(home).unwrap_or(path).trim_start_matches('/');
    let first = inside.split('/').next().unwrap_or_default();
    let is_named = |entry: &String| entry.trim_start_matches("./").split('/').next() == Some(first);
    first != "src" && inside.contains('/') && package.entries.iter().any(is_named)
}

/// Whether a script of the package, or of one above, names the file or a directory that holds it: it is likely to write it.
fn is_written_by_a_script(repo: &Repo, path: &str, stem: &str) -> bool {
    let mut dir = path;
    while !dir.is_empty() {
        dir = Tree::parent(dir);
        let Some(package) = repo.package_of(&format!("{dir}/x")) else { return false };
        dir = Tree::parent(repo.tree.path(package.file));
        let inside = path.strip_prefix(dir).unwrap_or(path).trim_start_matches('/');
        let directories: Vec<_> = inside.match_indices('/').skip(1).map(|(end, _)| &inside[..end]).collect();
        let names = |text: &str| {
            writes(text) && (names_file(text, stem) || directories.iter().any(|directory| text.contains(directory)))
        };
        if package.scripts.iter().any(|script| names(script.command.text()) || is_named_after(&script.name, stem)) {
            return true;
        }
    }
    false
}

/// Whether the name of a script says that it makes the file: `build:metadata`, `generate-metadata`.
fn is_named_after(script: &str, stem: &str) -> bool {
    let script = script.to_ascii_lowercase();
    let mut words = script.split([':', '-', '_', '.']);
    let makes =
        words.next().is_some_and(|verb| ["build", "gen", "generate", "codegen", "create", "make"].contains(&verb));
    makes && words.any(|word| word == stem)
}

/// Whether a command looks as if it wrote files: most others read the ones they name.
fn writes(command: &str) -> bool {
    [" -o", "--out", "gen", ">", "cp ", "compile", "build"].iter().any(|word| command.contains(word))
}

/// Whether a command names a file `stem.SOMETHING`.
fn names_file(command: &str, stem: &str) -> bool {
    let command = command.to_ascii_lowercase();
    !stem.is_empty()
        && command.match_indices(stem).any(|(at, _)| {
            let before = command[..at].chars().next_back();
            command[at + stem.len()..].starts_with('.')
                && !before.is_some_and(|before| before.is_alphanumeric() || before == '-')
        })
}

/// Whether `rule` means a directory of that name in any place, and hides `path` though it is none of those that the rule
/// was written for: the famous `lib/` of a Python template that swallows `src/lib`.
pub(super) fn is_accident(repo: &Repo, rule: &IgnoreRule, path: &str) -> bool {
    let pattern = rule.pattern.trim();
    let name = pattern.strip_prefix("**/").unwrap_or(pattern).trim_end_matches('/');
    if name.is_empty() || name.contains(['/', '*', '?', '[', '\\', '!']) {
        return false;
    }
    let home = Tree::parent(&rule.path);
    let inside = path.strip_prefix(home).unwrap_or(path).trim_start_matches('/');
    let mut end = path.len() - inside.len();
    for part in Tree::parent(inside).split('/') {
        let above = path[..end].trim_end_matches('/');
        end += part.len() + 1;
        if part != name {
            continue;
        }
        let dir = path[..end].trim_end_matches('/');
        // Somebody has added files of it in spite of the rule: they are sources.
        if repo.tree.below(dir).any(|file| repo.tree.is_tracked(repo.tree.path(file))) {
            return true;
        }
        // Beside the ignore file, or at the top of a package: what the rule was written for.
        let is_package = ["package.json", "pyproject.toml", "setup.py"].iter().any(|file| {
            let file = if above.is_empty() { (*file).to_owned() } else { format!("{above}/{file}") };
            repo.tree.file(&file).is_some()
        });
        return above != home && !above.is_empty() && !is_package;
    }
    // The rule names the file itself.
    false
}
