//! Workspaces and path dependencies of Cargo.

use super::{Ecosystem, LocalNeed, LocalPackage};
use crate::Repo;
use rustc_hash::FxHashMap;
use twiceshy_source::{Place, Tree};
use twiceshy_syntax::toml::{self, Value};

impl Repo {
    pub(super) fn cargo_workspaces(&self) -> Vec<LocalPackage> {
        let manifests = self.tree.files().filter(|file| Tree::name(self.tree.path(*file)) == "Cargo.toml");
        let mut roots = FxHashMap::default();
        for file in manifests {
            let Ok(source) = self.tree.source(file) else { continue };
            roots.insert(Tree::parent(self.tree.path(file)).to_owned(), (file, toml::parse(source.text()).root));
        }
        let mut dirs: Vec<&String> = roots.keys().collect();
        dirs.sort();
        let mut packages = Vec::new();
        for home in dirs {
            let Some((file, root)) = roots.get(home) else { continue };
            let place = |value: &Value| Place::new(*file, value.span);
            let mut needs = Vec::new();
            let mut others = 0;
            let above = std::iter::successors(Some(home.as_str()), |dir| (!dir.is_empty()).then(|| Tree::parent(dir)));
            let workspace = above
                .filter_map(|dir| Some((dir, roots.get(dir)?.1.get("workspace")?)))
                .map(|(dir, workspace)| (dir, workspace.get("dependencies")))
                .next();
            for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
                for (name, value) in root.get(table).map(Value::entries).unwrap_or_default() {
                    let own = value.get("path").and_then(Value::as_str).and_then(|path| Tree::join(home, path));
                    let inherited = || {
                        value.get("workspace")?.as_bool().filter(|inherits| *inherits)?;
                        let (dir, table) = workspace?;
                        Tree::join(dir, table?.get(&name.text)?.get("path")?.as_str()?)
                    };
                    match own.or_else(inherited) {
                        Some(dir) if roots.contains_key(&dir) => needs.push(LocalNeed {
                            name: name.text.to_string(),
                            dir,
                            place: Place::new(*file, name.span),
                            is_member: false,
                        }),
                        _ => others += 1,
                    }
                }
            }
            // Cargo reads the manifest of every member that the root names; what a pattern does not meet is no member.
            for member in root.at(&["workspace", "members"]).map(Value::items).unwrap_or_default() {
                let Some(path) = member.as_str().filter(|path| !path.contains(['*', '?'])) else { continue };
                let Some(dir) = Tree::join(home, path).filter(|dir| roots.contains_key(dir)) else { continue };
                needs.push(LocalNeed { name: path.to_owned(), dir, place: place(member), is_member: true });
            }
            let name = root.at(&["package", "name"]).and_then(Value::as_str).unwrap_or(Tree::name(home));
            packages.push(LocalPackage {
                dir: home.clone(),
                manifest: *file,
                name: name.to_owned(),
                ecosystem: Ecosystem::Cargo,
                needs,
                has_other_needs: others > 0,
            });
        }
        packages
    }
}
