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
    keeps_imports: bool,
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
        self.keeps_imports |= config.keeps_imports;
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
        self.code.imports.get_or_init(|| Index::of(self).into())
    }

    /// The nearest package.json at or above the file at `path`.
    pub fn package_of(&self, path: &str) -> Option<&NodePackage> {
        let index = self.import_index();
        above(path).find_map(|dir| index.packages.get(dir)).and_then(|at| self.node_packages.get(*at))
    }

    /// The JavaScript or TypeScript module in `file`.
    pub fn node_module(&self, file: FileId) -> Option<&crate::Node> {
        self.node.get(self.node_position(file)?)
    }

    pub(super) fn node_position(&self, file: FileId) -> Option<usize> {
        Some(*self.import_index().modules.get(&file)? as usize)
    }

    /// Whether several directories count as one for the file at `path` (`rootDirs`).
    pub(super) fn is_merged_with_others(&self, path: &str) -> bool {
        self.import_index().scope(path).is_some_and(|scope| scope.has_root_dirs)
    }

    /// Whether a compiler leaves imports of types in the module at `path`.
    pub(super) fn keeps_imports(&self, path: &str) -> bool {
        self.import_index().scope(path).is_some_and(|scope| scope.keeps_imports)
    }

    /// What a name that is not relative leads to.
    pub(super) fn aliased(&self, from: &str, name: &str) -> Resolved {
        if name.starts_with('#') {
            return self.package_import(from, name);
        }
        let scope = self.import_index().scope(from);
        match scope.and_then(|scope| self.through(scope, from, name)) {
            None | Some(Resolved::External) => {}
            Some(found) => return found,
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
            // Most names here are packages: one that lies beside tracked files is not.
            if !self.leads_into_the_tree(base, name) {
                continue;
            }
            // `src/app/x` names this tree, not a package.
            match self.at(from, joined(base, name), name.starts_with("src/")) {
                found @ (Resolved::Tracked(_) | Resolved::Missing { .. }) => return found,
                Resolved::Untracked { path, why: why @ Untracked::Ignored(_) } => {
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

    /// What the patterns of a tsconfig.json make of a name; `External` when none matches.
    fn through(&self, scope: &Scope, from: &str, name: &str) -> Option<Resolved> {
        let mut matches: Vec<_> = Vec::new();
        for (pattern, targets) in &scope.aliases {
            let Some(star) = matched(pattern, name) else { continue };
            matches.extend(targets.iter().map(|target| (pattern, target, star)));
        }
        // TypeScript takes the pattern with the longest prefix.
        matches.sort_by_key(|(pattern, ..)| std::cmp::Reverse(pattern.find('*').unwrap_or(usize::MAX)));
        matches.dedup();
        let mut best = Resolved::External;
        let mut is_undecided = false;
        for (pattern, target, star) in matches {
            let home = target.split('*').next().unwrap_or_default().trim_end_matches('/');
            // `*` takes in every package's name as well.
            if pattern.starts_with('*') && !self.leads_into_the_tree(home, star) {
                is_undecided = true;
                continue;
            }
            let is_here = home.is_empty() || self.tree.has_dir(home);
            let certain = is_here && self.is_no_package(from, pattern);
            // `@modules/.` is the directory.
            let Some(path) = Tree::join("", &target.replace('*', star)) else {
                is_undecided = true;
                continue;
            };
            match self.at(from, path, certain) {
                Resolved::Tracked(file) => return Some(Resolved::Tracked(file)),
                found @ Resolved::Untracked { .. } => best = found,
                found @ Resolved::Missing { .. } if best == Resolved::External => best = found,
                Resolved::Missing { .. } => {}
                _ => is_undecided = true,
            }
        }
        match best {
            Resolved::Missing { .. } if is_undecided => Some(Resolved::Unknown),
            Resolved::External if is_undecided => Some(Resolved::Unknown),
            found => Some(found),
        }
    }

    /// Whether no package can have a name that `pattern` matches: `@/*`, or a scope that the package does not depend on.
    fn is_no_package(&self, from: &str, pattern: &str) -> bool {
        if pattern.starts_with("@/") || pattern.starts_with("~/") || pattern.starts_with("$") {
            return true;
        }
        let Some((prefix, _)) = pattern.split_once("/*") else { return false };
        let scope = prefix.split('/').next().unwrap_or_default();
        let is_scope = |name: &str| name.split('/').next() == Some(scope);
        self.package_of(from)
            .is_some_and(|package| !package.dependencies.iter().any(|dependency| is_scope(&dependency.name)))
            && !self.node_packages.iter().any(|package| package.name.as_deref().is_some_and(is_scope))
    }

    /// Whether the first part of `name` is a directory or module in `base`.
    fn leads_into_the_tree(&self, base: &str, name: &str) -> bool {
        let first = joined(base, name.split('/').next().unwrap_or_default());
        self.tree.has_dir(&first) || self.tracked_at(&first).is_some()
    }

    fn package_import(&self, from: &str, name: &str) -> Resolved {
        let Some(package) = self.package_of(from) else { return Resolved::Unknown };
        let dir = Tree::parent(self.tree.path(package.file));
        let mut best = Resolved::Unknown;
        let matches: Vec<_> = package
            .imports
            .iter()
            .filter_map(|(pattern, targets)| Some((matched(pattern, name)?, targets)))
            .flat_map(|(star, targets)| targets.iter().map(move |target| (star, target)))
            .collect();
        for (star, target) in &matches {
            let Some(inside) = target.strip_prefix("./") else { continue };
            let Some(path) = Tree::join(dir, &inside.replace('*', star)) else { continue };
            // Of several targets, conditions choose one. A directory that is not there at all may be what a build makes.
            let home = inside.split_once('/').map(|(first, _)| joined(dir, first));
            let certain = matches.len() == 1 && home.is_none_or(|home| self.tree.has_dir(&home));
            match self.at(from, path, certain) {
                Resolved::Tracked(file) => return Resolved::Tracked(file),
                found @ (Resolved::Untracked { .. } | Resolved::Missing { .. }) => best = found,
                _ => {}
            }
        }
        best
    }
}

fn joined(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
