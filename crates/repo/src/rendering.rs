//! What runs on a server while it renders pages: modules as they are loaded, components as they are rendered, and the
//! browser's globals that they use there.

mod outline;
mod routes;
mod template;

pub use routes::Framework;

use crate::hints::Hints;
use crate::{FileId, ImportKind, Place, Repo, Resolved, Tree};
pub(crate) use outline::Outline;
use outline::{Imported, Unit};
use routes::App;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A browser's global that a server comes upon.
#[derive(Clone, Debug)]
pub struct BrowserUse {
    /// Where it stands.
    pub place: Place,
    /// The global's name: `window`; of a package, its name.
    pub name: String,
    /// What it is.
    pub kind: BrowserKind,
    /// OnServer the server comes upon it.
    pub when: OnServer,
    /// The framework that renders on the server.
    pub framework: Framework,
    /// The route that leads there.
    pub route: FileId,
    /// The imports on the way from the route, the last one first.
    pub via: Vec<Place>,
}

/// What a server lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserKind {
    /// A global.
    Global,
    /// A package that uses one while it is loaded.
    Package,
}

/// OnServer a server comes upon it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnServer {
    /// OnServer the module is loaded.
    Load,
    /// OnServer a component is rendered; whether it is rendered outright is not known where `is_certain` is false.
    Render {
        /// Nothing stands between the route and the component.
        is_certain: bool,
    },
}

/// Packages that use a browser's global while they are loaded: "window is not defined", or the like, in Node 20.
const PACKAGES: [&str; 4] = ["leaflet", "quill", "react-quill", "plotly.js-dist-min"];

/// How many modules lie between a route and a component.
const HOPS: usize = 8;

impl Repo {
    /// The browser's globals that servers come upon while they load and render pages.
    pub fn browser_uses(&self) -> Vec<BrowserUse> {
        if !self.node.iter().any(|module| {
            module.hints.has(Hints::BROWSER)
                || module.imports.iter().any(|import| PACKAGES.contains(&&*import.specifier))
        }) {
            return Vec::new();
        }
        let mut found: Vec<BrowserUse> = Vec::new();
        for app in self.apps() {
            let mut search = Search::of(self, &app);
            search.run();
            found.extend(search.found);
        }
        found.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
        found.dedup_by(|a, b| a.place == b.place);
        found
    }
}

/// The modules of one application that its routes load.
struct Search<'r> {
    repo: &'r Repo,
    app: &'r App,
    routes: FxHashSet<FileId>,
    /// Module to the import through which a route first reached it.
    parents: FxHashMap<FileId, Option<(FileId, Place)>>,
    importers: FxHashMap<FileId, Vec<FileId>>,
    outlines: FxHashMap<FileId, Arc<Outline>>,
    found: Vec<BrowserUse>,
}

impl<'r> Search<'r> {
    fn of(repo: &'r Repo, app: &'r App) -> Self {
        let routes: FxHashSet<FileId> = app.routes.iter().copied().collect();
        let mut parents: FxHashMap<FileId, Option<(FileId, Place)>> =
            app.routes.iter().map(|route| (*route, None)).collect();
        let mut importers: FxHashMap<FileId, Vec<FileId>> = FxHashMap::default();
        let mut queue = app.routes.clone();
        let mut at = 0;
        while let Some(&file) = queue.get(at) {
            at += 1;
            let Some(module) = repo.node_module(file) else { continue };
            for (nth, import) in module.imports.iter().enumerate() {
                if import.is_type_only || import.kind == ImportKind::Dynamic || import.is_optional {
                    continue;
                }
                let Some(next) = repo.imported(file, nth) else { continue };
                if app.stays_away(repo.tree.path(next)) {
                    continue;
                }
                importers.entry(next).or_default().push(file);
                parents.entry(next).or_insert_with(|| {
                    queue.push(next);
                    Some((file, import.place))
                });
            }
        }
        Self { repo, app, routes, parents, importers, outlines: FxHashMap::default(), found: Vec::new() }
    }

    fn run(&mut self) {
        let mut files: Vec<FileId> = self.parents.keys().copied().collect();
        files.sort_unstable();
        for file in files {
            let Some(module) = self.repo.node_module(file) else { continue };
            let imports_one = module.imports.iter().any(|import| {
                PACKAGES.contains(&&*import.specifier) && !import.is_type_only && import.kind != ImportKind::Dynamic
            });
            if !module.hints.has(Hints::BROWSER) && !imports_one {
                continue;
            }
            self.outline(file);
            let Some(outline) = self.outlines.get(&file) else { continue };
            let packages: Vec<(Place, String)> = outline
                .imports
                .iter()
                .filter(|import| PACKAGES.contains(&&*import.specifier) && import.is_used)
                .map(|import| (import.place, import.specifier.clone()))
                .collect();
            let uses: Vec<(Option<String>, Place, String)> = outline
                .units
                .iter()
                .flat_map(|(name, unit)| unit.uses.iter().map(|(place, global)| (name.clone(), *place, global.clone())))
                .collect();
            for (place, name) in packages {
                self.add(file, place, name, BrowserKind::Package, OnServer::Load);
            }
            let mut known: FxHashMap<Option<String>, Option<OnServer>> = FxHashMap::default();
            for (unit, place, global) in uses {
                if self.app.has(&global) {
                    continue;
                }
                let when =
                    known.entry(unit.clone()).or_insert(None).clone().or_else(|| self.when(file, unit.as_deref()));
                known.insert(unit, when.clone());
                if let Some(when) = when {
                    self.add(file, place, global, BrowserKind::Global, when);
                }
            }
        }
    }

    fn add(&mut self, file: FileId, place: Place, name: String, kind: BrowserKind, when: OnServer) {
        let mut via = Vec::new();
        let mut at = file;
        while let Some(Some((parent, import))) = self.parents.get(&at) {
            via.push(*import);
            at = *parent;
        }
        let framework = self.app.framework;
        self.found.push(BrowserUse { place, name, kind, when, framework, route: at, via });
    }

    fn outline(&mut self, file: FileId) -> &Outline {
        let repo = self.repo;
        self.outlines.entry(file).or_insert_with(|| {
            let read = || Arc::new(Outline::read(repo, file).unwrap_or_default());
            repo.answers(file).map_or_else(read, |answers| answers.rendered.get_or_init(read).clone())
        })
    }

    /// OnServer a server runs a part of a module: `None`: as far as we see, never.
    fn when(&mut self, file: FileId, unit: Option<&str>) -> Option<OnServer> {
        let mut seen = FxHashSet::default();
        let is_render = self.is_component(file, unit);
        match self.certainty(file, unit, 0, &mut seen) {
            Some(true) if unit.is_none() && !is_render => Some(OnServer::Load),
            Some(true) => Some(OnServer::Render { is_certain: true }),
            Some(false) => Some(OnServer::Render { is_certain: false }),
            None if is_render => Some(OnServer::Render { is_certain: false }),
            None => None,
        }
    }

    /// Whether a unit is a component, as far as its name and file say.
    fn is_component(&self, file: FileId, unit: Option<&str>) -> bool {
        match unit {
            None => {
                Tree::name(self.repo.tree.path(file)).ends_with(".svelte")
                    || self.repo.tree.path(file).ends_with(".vue")
            }
            Some(name) => name.starts_with(char::is_uppercase) && self.app.framework.is_react(),
        }
    }

    /// Whether a server certainly runs a unit (`Some(true)`), perhaps (`Some(false)`), or never as far as we see.
    fn certainty(
        &mut self,
        file: FileId,
        unit: Option<&str>,
        depth: usize,
        seen: &mut FxHashSet<(FileId, Option<String>)>,
    ) -> Option<bool> {
        if depth > HOPS || !seen.insert((file, unit.map(str::to_owned))) {
            return None;
        }
        let path = self.repo.tree.path(file);
        let is_template = path.ends_with(".svelte") || path.ends_with(".vue");
        let is_route = self.routes.contains(&file);
        if unit.is_none() && (is_route || !is_template) {
            return Some(true);
        }
        let outline = self.outline(file);
        if is_route && unit.is_some() && unit == outline.default.as_deref() {
            return Some(true);
        }
        let is_default = unit.is_none() || unit == outline.default.as_deref();
        let mut best = None;
        // Units of the same module that run it.
        if let Some(name) = unit {
            let callers: Vec<Option<String>> = outline
                .units
                .iter()
                .filter(|(_, unit)| unit.runs.contains(name))
                .map(|(name, _)| name.clone())
                .collect();
            for caller in callers {
                match self.certainty(file, caller.as_deref(), depth + 1, seen) {
                    Some(true) => return Some(true),
                    found => best = best.or(found),
                }
            }
        }
        let importers = self.importers.get(&file).cloned().unwrap_or_default();
        for importer in importers {
            let repo = self.repo;
            let outline = self.outline(importer);
            let names = |import: &&Imported| {
                // Resolving is dear, and most imports are of other names.
                (import.name == "*" || unit == Some(&import.name) || (is_default && import.name == "default"))
                    && matches!(repo.resolve_import(importer, &import.specifier), Resolved::Tracked(it) if it == file)
            };
            let imports: Vec<Imported> = outline.imports.iter().filter(names).cloned().collect();
            for import in imports {
                let found = if import.is_export {
                    // A barrel hands it on under some name.
                    let name = if import.name == "*" { unit.map(str::to_owned) } else { Some(import.local.clone()) };
                    self.certainty_of_import(importer, name.as_deref(), depth + 1, seen)
                } else {
                    let member = unit.map(|unit| format!("{}.{unit}", import.local));
                    let runs = |unit: &Unit| {
                        unit.runs.contains(&import.local) || member.as_ref().is_some_and(|it| unit.runs.contains(it))
                    };
                    let units: Vec<Option<String>> = self
                        .outline(importer)
                        .units
                        .iter()
                        .filter(|(_, unit)| runs(unit))
                        .map(|(name, _)| name.clone())
                        .collect();
                    let mut found = None;
                    for unit in units {
                        found = match self.certainty(importer, unit.as_deref(), depth + 1, seen) {
                            Some(true) => Some(true),
                            other => found.or(other),
                        };
                        if found == Some(true) {
                            break;
                        }
                    }
                    found
                };
                match found {
                    Some(true) => return Some(true),
                    found => best = best.or(found),
                }
            }
        }
        best
    }

    /// Who runs what a barrel hands on under `name`.
    fn certainty_of_import(
        &mut self,
        barrel: FileId,
        name: Option<&str>,
        depth: usize,
        seen: &mut FxHashSet<(FileId, Option<String>)>,
    ) -> Option<bool> {
        if depth > HOPS || !seen.insert((barrel, Some(format!("export {}", name.unwrap_or("default"))))) {
            return None;
        }
        let mut best = None;
        for importer in self.importers.get(&barrel).cloned().unwrap_or_default() {
            let repo = self.repo;
            let names = |import: &&Imported| {
                (import.name == "*" || Some(import.name.as_str()) == name)
                    && matches!(repo.resolve_import(importer, &import.specifier), Resolved::Tracked(it) if it == barrel)
            };
            let imports: Vec<Imported> = self.outline(importer).imports.iter().filter(names).cloned().collect();
            for import in imports {
                if import.is_export {
                    let name = if import.name == "*" { name } else { Some(import.local.as_str()) };
                    match self.certainty_of_import(importer, name, depth + 1, seen) {
                        Some(true) => return Some(true),
                        found => best = best.or(found),
                    }
                    continue;
                }
                let units: Vec<Option<String>> = self
                    .outline(importer)
                    .units
                    .iter()
                    .filter(|(_, unit)| unit.runs.contains(&import.local))
                    .map(|(name, _)| name.clone())
                    .collect();
                for unit in units {
                    match self.certainty(importer, unit.as_deref(), depth + 1, seen) {
                        Some(true) => return Some(true),
                        found => best = best.or(found),
                    }
                }
            }
        }
        best
    }
}
