//! Names that stand for paths: `paths` and `baseUrl` of tsconfig.json, `imports` of package.json, SvelteKit's `$lib`.

use super::{Resolved, Untracked};
use crate::{NodePackage, Repo, TsConfig};
use rustc_hash::FxHashMap;
use twiceshy_source::{FileId, Tree};

/// What the directories of the repository say about names, by directory.
#[derive(Debug, Default)]
pub(crate) struct Index {
    scopes: FxHashMap<String, Scope>,
    packages: FxHashMap<String, usize>,
    /// Position of each module in `Repo::node`.
    pub(super) modules: FxHashMap<FileId, u32>,
}

/// What all tsconfig files of one directory say together, with those that they extend.
#[derive(Debug, Default)]
struct Scope {
    /// Patterns and the paths that they stand for, from the root.
    aliases: Vec<(String, Vec<String>)>,
    bases: Vec<String>,
    has_root_dirs: bool,
}

impl Index {
    pub(crate) fn of(repo: &Repo) -> Self {
        let mut index = Self::default();
        for (at, package) in repo.node_packages.iter().enumerate() {
            index.packages.insert(Tree::parent(repo.tree.path(package.file)).to_owned(), at);
        }
        for (at, module) in repo.node.iter().enumerate() {
            index.modules.insert(module.file, at as u32);
        }
        let configs: FxHashMap<&str, &TsConfig> =
            repo.tsconfigs.iter().map(|config| (repo.tree.path(config.file), config)).collect();
        for config in &repo.tsconfigs {
            let dir = Tree::parent(repo.tree.path(config.file));
            let scope = index.scopes.entry(dir.to_owned()).or_default();
            let mut queue = vec![config];
            let mut seen = 0;
            // Chains of `extends` are short; a circle ends as well.
            while let Some(config) = queue.pop().filter(|_| seen < 16) {
                seen += 1;
                scope.add(repo, config);
                queue.extend(config.extends.iter().filter_map(|base| extended(repo, &configs, config, base)));
            }
        }
        index
    }

    /// The scope of the nearest directory at or above `path` that has one.
    fn scope(&self, path: &str) -> Option<&Scope> {
        above(path).find_map(|dir| self.scopes.get(dir))
    }
}

impl Scope {
    fn add(&mut self, repo: &Repo, config: &TsConfig) {
        let dir = Tree::parent(repo.tree.path(config.file));
        let base = config.base_url.as_deref().and_then(|base| Tree::join(dir, base));
        let from = base.clone().unwrap_or_else(|| dir.to_owned());
        self.bases.extend(base);
        self.has_root_dirs |= config.has_root_dirs;
        for alias in &config.paths {
            let targets =
                alias.targets.iter().filter_map(|target| Tree::join(&from, target.trim_start_matches("${configDir}/")));
            self.aliases.push((alias.pattern.clone(), targets.collect()));
        }
    }
}

/// The directories above a file, the nearest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(Tree::parent(path)), |dir| (!dir.is_empty()).then(|| Tree::parent(dir)))
}

/// The configuration that `config` extends by the name `base`.
fn extended<'r>(
    repo: &'r Repo,
    configs: &FxHashMap<&str, &'r TsConfig>,
    config: &TsConfig,
    base: &str,
) -> Option<&'r TsConfig> {
    let dir = Tree::parent(repo.tree.path(config.file));
    let path = if base.starts_with('.') {
        Tree::join(dir, base)?
    } else {
        // `@repo/typescript-config/base.json`: a package of this repository.
        let package = repo.node_packages.iter().find(|package| {
            package
                .name
                .as_deref()
                .is_some_and(|name| base == name || base.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
        })?;
        let rest = base.strip_prefix(package.name.as_deref()?)?.trim_start_matches('/');
        let rest = if rest.is_empty() { "tsconfig.json" } else { rest };
        Tree::join(Tree::parent(repo.tree.path(package.file)), rest)?
    };
    let found = |path: &str| configs.get(path).copied();
    found(&path).or_else(|| found(&format!("{path}.json"))).or_else(|| found(&format!("{path}/tsconfig.json")))
}

/// What the `*` of `pattern` matches in `name`; empty for a pattern without one.
fn matched<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(""),
        Some((prefix, suffix)) => name.strip_prefix(prefix)?.strip_suffix(suffix),
    }
}

impl Repo {
    pub(super) fn import_index(&self) -> &Index {
        self.imports.get_or_init(|| Index::of(self))
    }

    /// The nearest package.json at or above the file at `path`.
    pub fn package_of(&self, path: &str) -> Option<&NodePackage> {
        let index = self.import_index();
        above(path).find_map(|dir| index.packages.get(dir)).and_then(|at| self.node_packages.get(*at))
    }

    /// The JavaScript or TypeScript module in `file`.
    pub fn node_module(&self, file: FileId) -> Option<&crate::Node> {
        self.node.get(*self.import_index().modules.get(&file)? as usize)
    }

    /// Whether several directories count as one for the file at `path` (`rootDirs`).
    pub(super) fn is_merged_with_others(&self, path: &str) -> bool {
        self.import_index().scope(path).is_some_and(|scope| scope.has_root_dirs)
    }

    /// What a name that is not relative leads to.
    pub(super) fn aliased(&self, from: &str, name: &str) -> Resolved {
        if name.starts_with('#') {
            return self.package_import(from, name);
        }
        let scope = self.import_index().scope(from);
        let mut best: Option<Resolved> = None;
        if let Some(scope) = scope {
            let mut matches: Vec<_> = scope
                .aliases
                .iter()
                .filter_map(|(pattern, targets)| Some((pattern, targets, matched(pattern, name)?)))
                .collect();
            // TypeScript takes the pattern with the longest prefix.
            matches.sort_by_key(|(pattern, ..)| std::cmp::Reverse(pattern.find('*').unwrap_or(usize::MAX)));
            // A package cannot be called `@/x` or `~/x`: the alias is all there is.
            let certain = name.starts_with("@/") || name.starts_with("~/");
            let only_one = matches.iter().map(|(_, targets, _)| targets.len()).sum::<usize>() == 1;
            for (_, targets, star) in &matches {
                for target in *targets {
                    let path = target.replace('*', star);
                    let home = target.split('*').next().unwrap_or_default().trim_end_matches('/');
                    let is_here = home.is_empty() || self.tree.has_dir(home);
                    match self.at(from, path, certain && only_one && is_here) {
                        Resolved::Tracked(file) => return Resolved::Tracked(file),
                        found @ Resolved::Untracked { .. } => best = Some(found),
                        found => {
                            best.get_or_insert(found);
                        }
                    }
                }
            }
        }
        if let Some(found) = best {
            return found;
        }
        if let Some(rest) = name.strip_prefix("$lib").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            let home = above(from).find(|dir| {
                ["js", "ts", "mjs"]
                    .iter()
                    .any(|end| self.tree.file(&joined(dir, &format!("svelte.config.{end}"))).is_some())
            });
            return match home {
                Some(dir) => self.at(from, joined(dir, &format!("src/lib{rest}")), true),
                None => Resolved::Unknown,
            };
        }
        for base in scope.iter().flat_map(|scope| &scope.bases) {
            let path = joined(base, name);
            match self.at(from, path, false) {
                Resolved::Tracked(file) => return Resolved::Tracked(file),
                // Most names here are packages: one that lies beside tracked files is not.
                Resolved::Untracked { path, why: why @ Untracked::Ignored(_) }
                    if self.tree.has_dir(&joined(base, name.split('/').next().unwrap_or_default())) =>
                {
                    return Resolved::Untracked { path, why };
                }
                _ => {}
            }
        }
        if name.starts_with(['@', '~', '$']) && name[1..].starts_with('/') || name.starts_with('$') {
            return Resolved::Unknown;
        }
        Resolved::External
    }

    fn package_import(&self, from: &str, name: &str) -> Resolved {
        let Some(package) = self.package_of(from) else { return Resolved::Unknown };
        let dir = Tree::parent(self.tree.path(package.file));
        let mut best = Resolved::Unknown;
        for (pattern, targets) in &package.imports {
            let Some(star) = matched(pattern, name) else { continue };
            for target in targets.iter().filter(|target| target.starts_with("./")) {
                let Some(path) = Tree::join(dir, &target.replace('*', star)) else { continue };
                match self.at(from, path, false) {
                    Resolved::Tracked(file) => return Resolved::Tracked(file),
                    found @ Resolved::Untracked { .. } => best = found,
                    _ => {}
                }
            }
        }
        best
    }
}

fn joined(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
