//! Workspaces of uv, and path dependencies of uv and Poetry.

use super::{Ecosystem, LocalNeed, LocalPackage};
use crate::Repo;
use rustc_hash::FxHashMap;
use twiceshy_source::{FileId, Place, Tree};
use twiceshy_syntax::toml::{self, Value};

impl Repo {
    pub(super) fn uv_workspaces(&self) -> Vec<LocalPackage> {
        let files = self.tree.files().filter(|file| Tree::name(self.tree.path(*file)) == "pyproject.toml");
        let mut projects: Vec<(String, FileId, Value)> = Vec::new();
        for file in files {
            let Ok(source) = self.tree.source(file) else { continue };
            let home = Tree::parent(self.tree.path(file)).to_owned();
            projects.push((home, file, toml::parse(source.text()).root));
        }
        let name_of = |root: &Value| {
            let name = root.at(&["project", "name"]).or_else(|| root.at(&["tool", "poetry", "name"]))?;
            Some(normalised(name.as_str()?))
        };
        let by_name: FxHashMap<String, &str> =
            projects.iter().filter_map(|(dir, _, root)| Some((name_of(root)?, dir.as_str()))).collect();
        let has = |dir: &String| projects.iter().any(|(home, ..)| home == dir);
        let mut packages = Vec::new();
        for (home, file, root) in &projects {
            let mut needs = Vec::new();
            let mut others = 0;
            let dependencies = root.at(&["project", "dependencies"]).map(Value::items).unwrap_or_default();
            // The root's sources hold for its members, too.
            let above = std::iter::successors(Some(home.as_str()), |dir| (!dir.is_empty()).then(|| Tree::parent(dir)));
            let sources: Vec<(&str, &Value)> = above
                .filter_map(|dir| {
                    let (_, _, root) = projects.iter().find(|(home, ..)| home == dir)?;
                    Some((dir, root.at(&["tool", "uv", "sources"])?))
                })
                .collect();
            for dependency in dependencies {
                let Some(text) = dependency.as_str() else { continue };
                let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
                let name = normalised(&text[..end]);
                let source = sources.iter().find_map(|(dir, table)| {
                    let (_, value) = table.entries().iter().find(|(key, _)| normalised(&key.text) == name)?;
                    Some((*dir, value))
                });
                let dir = source.and_then(|(dir, source)| {
                    if source.get("workspace").and_then(Value::as_bool) == Some(true) {
                        return by_name.get(&name).map(|dir| (*dir).to_owned());
                    }
                    Tree::join(dir, source.get("path")?.as_str()?).filter(has)
                });
                match dir {
                    Some(dir) if dir != *home => {
                        let place = Place::new(*file, dependency.span);
                        needs.push(LocalNeed { name, dir, place, is_member: false });
                    }
                    _ => others += 1,
                }
            }
            let poetry = root.at(&["tool", "poetry", "dependencies"]).map(Value::entries).unwrap_or_default();
            for (name, value) in poetry {
                let path = value.get("path").and_then(Value::as_str).and_then(|path| Tree::join(home, path));
                match path.filter(has) {
                    Some(dir) => {
                        let place = Place::new(*file, name.span);
                        needs.push(LocalNeed { name: name.text.to_string(), dir, place, is_member: false });
                    }
                    None => others += 1,
                }
            }
            packages.push(LocalPackage {
                dir: home.clone(),
                manifest: *file,
                name: name_of(root).unwrap_or_else(|| Tree::name(home).to_owned()),
                ecosystem: Ecosystem::Python,
                needs,
                has_other_needs: others > 0,
            });
        }
        packages
    }
}

fn normalised(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '.'], "-")
}
