//! Workspaces of npm, pnpm and Yarn.

use super::{Ecosystem, LocalNeed, LocalPackage};
use crate::{NodePackage, Repo};
use rustc_hash::FxHashMap;
use twiceshy_source::Tree;

impl Repo {
    pub(super) fn node_workspaces(&self) -> Vec<LocalPackage> {
        let dir = |package: &NodePackage| Tree::parent(self.tree.path(package.file)).to_owned();
        let by_dir: FxHashMap<String, &NodePackage> =
            self.node_packages.iter().map(|package| (dir(package), package)).collect();
        let root_of = |from: &str| {
            let mut at = Some(from);
            while let Some(dir) = at {
                let is_pnpm =
                    Tree::join(dir, "pnpm-workspace.yaml").is_some_and(|path| self.tree.file(&path).is_some());
                if is_pnpm || by_dir.get(dir).is_some_and(|package| !package.workspaces.is_empty()) {
                    return Some((dir.to_owned(), is_pnpm));
                }
                at = (!dir.is_empty()).then(|| Tree::parent(dir));
            }
            None
        };
        let mut named: FxHashMap<(String, &str), &NodePackage> = FxHashMap::default();
        for package in &self.node_packages {
            if let (Some((root, _)), Some(name)) = (root_of(&dir(package)), &package.name) {
                named.insert((root, name), package);
            }
        }
        let mut packages = Vec::new();
        for package in &self.node_packages {
            let home = dir(package);
            let root = root_of(&home);
            let mut needs = Vec::new();
            let mut others = 0;
            for dependency in &package.dependencies {
                let range = dependency.range.as_str();
                // What only builds and tests its own sources is not needed where it is a dependency itself.
                let target = match &root {
                    _ if range.starts_with("file:") || range.starts_with("link:") || range.starts_with("portal:") => {
                        let path = range.split_once(':').map_or("", |(_, path)| path);
                        Tree::join(&home, path).and_then(|dir| by_dir.get(&dir).copied())
                    }
                    Some((root, _)) if range.starts_with("workspace:") => {
                        named.get(&(root.clone(), &*dependency.name)).copied()
                    }
                    // pnpm takes the registry's unless the range says `workspace:`.
                    Some((root, false)) => named.get(&(root.clone(), &*dependency.name)).copied(),
                    _ => None,
                };
                match target {
                    Some(target) if !dependency.is_dev && !dependency.is_optional && target.file != package.file => {
                        needs.push(LocalNeed {
                            name: dependency.name.clone(),
                            dir: dir(target),
                            place: dependency.place,
                            is_member: false,
                        });
                    }
                    Some(_) => {}
                    None => others += usize::from(!dependency.is_dev),
                }
            }
            packages.push(LocalPackage {
                name: package.name.clone().unwrap_or_else(|| Tree::name(&home).to_owned()),
                dir: home,
                manifest: package.file,
                ecosystem: Ecosystem::Node,
                needs,
                has_other_needs: others > 0,
            });
        }
        packages
    }
}
