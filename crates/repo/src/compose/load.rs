//! Loading: includes imported, extends resolved, overrides merged, variables interpolated.

use super::Compose;
use super::merge::{merge, without_resets};
use super::project::Project;
use super::service::{Reference, texts, tree_path};
use super::text::Text;
use super::value::{Content, Value};
use crate::Documents;
use crate::Env;
use crate::answered::Memo;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;
use twiceshy_source::{FileId, Place, Tree};

/// How deep includes and extends may nest.
const DEPTH: usize = 30;

/// How many files one project may include: a few levels that each include the next twice are a million otherwise.
const INCLUDES: usize = 500;

/// The resources that an included file brings.
const RESOURCES: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

type Variables = FxHashMap<String, String>;

/// Projects that were loaded, for the next state of the repository: by their files, their directory, and, where that was
/// found out afterwards, whether all of them is known.
#[derive(Debug, Default)]
pub(crate) struct Loaded(Memo<(Vec<FileId>, String, Option<bool>), Arc<Project>>);

impl Loaded {
    /// Those in which none of the `changed` files takes part.
    pub(crate) fn without(&self, changed: &[FileId]) -> Self {
        Self(self.0.only(|(files, ..), project| files.iter().chain(&project.files).all(|file| !changed.contains(file))))
    }

    /// The project, with that to say about whether all of it is known.
    pub(super) fn said(&self, project: Arc<Project>, is_complete: bool) -> Arc<Project> {
        if project.is_complete == is_complete {
            return project;
        }
        let key = (project.files.clone(), project.dir.clone(), Some(is_complete));
        self.0.get(key, || Arc::new(Project { is_complete, ..(*project).clone() }))
    }
}

/// The files that projects are loaded from.
pub(super) struct Files<'a> {
    pub tree: &'a Tree,
    pub loaded: &'a Loaded,
    compose: FxHashMap<FileId, &'a Compose>,
    env: FxHashMap<FileId, &'a Env>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        tree: &'a Tree,
        compose: &'a Documents<Compose>,
        env: &'a Documents<Env>,
        loaded: &'a Loaded,
    ) -> Self {
        Self {
            tree,
            loaded,
            compose: compose.iter().map(|compose| (compose.file, compose)).collect(),
            env: env.iter().map(|env| (env.file, env)).collect(),
        }
    }

    /// Loads the project that consists of `files`, with paths from the directory of the first.
    pub(super) fn load(&self, files: &[FileId]) -> Arc<Project> {
        let dir = files.first().map_or("", |file| Tree::parent(self.tree.path(*file)));
        self.load_in(files, dir)
    }

    /// Loads the project that consists of `files`, with paths from `dir`.
    pub(super) fn load_in(&self, files: &[FileId], dir: &str) -> Arc<Project> {
        self.loaded.0.get((files.to_vec(), dir.to_owned(), None), || Arc::new(self.load_anew(files, dir)))
    }

    fn load_anew(&self, files: &[FileId], dir: &str) -> Project {
        let mut loader = Loader {
            files: self,
            dirs: FxHashMap::default(),
            used: Vec::new(),
            includes_left: INCLUDES,
            is_complete: true,
            broken_extends: Vec::new(),
            models: FxHashMap::default(),
        };
        let context = Context { dir: dir.into(), variables: Rc::new(self.variables(&[join_path(dir, ".env")])) };
        let model = without_resets(loader.model(files, &context, &mut Vec::new()));
        let mut project = Project::read(&model, loader.used, dir.to_owned(), &loader.dirs);
        project.is_complete = loader.is_complete;
        project.broken_extends = loader.broken_extends;
        project
    }

    /// What the env files at `paths` set, the later ones stronger.
    fn variables(&self, paths: &[String]) -> Variables {
        let mut variables = Variables::default();
        for env in paths.iter().filter_map(|path| self.env.get(&self.tree.resolve(path)?)) {
            env.add_to(&mut variables);
        }
        variables
    }

    fn compose(&self, path: &str) -> Option<&'a Compose> {
        self.compose.get(&self.tree.resolve(path)?).copied()
    }
}

fn join_path(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

/// What paths are relative to, and what variables are set.
#[derive(Clone)]
struct Context {
    dir: Rc<str>,
    variables: Rc<Variables>,
}

struct Loader<'f, 'a> {
    files: &'f Files<'a>,
    /// What the paths in a file are relative to.
    dirs: FxHashMap<FileId, Rc<str>>,
    used: Vec<FileId>,
    includes_left: usize,
    is_complete: bool,
    broken_extends: Vec<(Reference, Vec<String>)>,
    /// Files that are extended, interpolated.
    models: FxHashMap<FileId, Rc<Value>>,
}

impl Loader<'_, '_> {
    /// The merged model of `files`. `stack` holds the files that are being included.
    fn model(&mut self, files: &[FileId], context: &Context, stack: &mut Vec<FileId>) -> Value {
        let place = Place { file: files.first().copied().unwrap_or(FileId(0)), start: 0, end: 0 };
        let mut model = Value::map(place, Vec::new());
        for file in files {
            let Some(compose) = self.files.compose.get(file).copied() else {
                self.is_complete = false;
                continue;
            };
            self.note(*file, &context.dir);
            stack.push(*file);
            for document in compose.documents() {
                let mut document = interpolated(document, context);
                for imported in self.includes(&document, context, stack) {
                    document = merge(imported, document, &[]);
                }
                self.extend_all(&mut document, context);
                model = merge(model, document, &[]);
            }
            stack.pop();
        }
        model
    }

    fn note(&mut self, file: FileId, dir: &Rc<str>) {
        self.dirs.entry(file).or_insert_with(|| {
            self.used.push(file);
            dir.clone()
        });
    }

    /// The models that `include` brings.
    fn includes(&mut self, document: &Value, context: &Context, stack: &mut Vec<FileId>) -> Vec<Value> {
        let items = document.get("include").map(Value::items).unwrap_or_default();
        items.iter().filter_map(|item| self.include(item, context, stack)).collect()
    }

    fn include(&mut self, item: &Value, context: &Context, stack: &mut Vec<FileId>) -> Option<Value> {
        let paths =
            item.as_text().map(|text| vec![text.clone()]).or_else(|| item.get("path").map(texts)).unwrap_or_default();
        let resolved: Option<Vec<FileId>> =
            paths.iter().map(|path| Some(self.files.compose(&tree_path(&context.dir, path.value()?)?)?.file)).collect();
        let may_go_on = stack.len() < DEPTH && self.includes_left > 0;
        let Some(files) = resolved.filter(|files| !files.is_empty() && may_go_on) else {
            self.is_complete = false;
            return None;
        };
        self.includes_left -= 1;
        let first = *files.first()?;
        if stack.contains(&first) {
            return None;
        }
        let dir = match item.get("project_directory").and_then(Value::as_text) {
            Some(dir) => dir.value().and_then(|dir| tree_path(&context.dir, dir)),
            None => Some(Tree::parent(self.files.tree.path(first)).to_owned()),
        };
        let Some(dir) = dir else {
            self.is_complete = false;
            return None;
        };
        let env_files: Vec<String> = match item.get("env_file").map(texts) {
            Some(files) => files.iter().filter_map(|file| tree_path(&context.dir, file.value()?)).collect(),
            None => vec![join_path(&dir, ".env")],
        };
        // What the including project sets is stronger.
        let mut variables = self.files.variables(&env_files);
        variables.extend(context.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
        let inner = Context { dir: dir.into(), variables: Rc::new(variables) };
        let mut model = self.model(&files, &inner, stack);
        if let Content::Map(entries) = &mut model.content {
            entries.retain(|(key, _)| RESOURCES.contains(&&*key.text));
        }
        Some(model)
    }

    /// Resolves every `extends` of a document.
    fn extend_all(&mut self, document: &mut Value, context: &Context) {
        let Some(services) = document.get("services").filter(|services| has_extends(services)).cloned() else { return };
        let Content::Map(entries) = &mut document.content else { return };
        let Some((_, slot)) = entries.iter_mut().rfind(|(key, _)| &*key.text == "services") else { return };
        let Content::Map(entries) = &mut slot.content else { return };
        for (key, service) in entries {
            *service = self.extended(&key.text, service, &services, context, 0);
        }
    }

    /// `service` merged over the service that it extends.
    fn extended(&mut self, name: &str, service: &Value, services: &Value, context: &Context, depth: usize) -> Value {
        let Some(extends) = service.get("extends") else { return service.clone() };
        match self.base(extends, services, context, depth) {
            Some(base) => merge(base, without(service, "extends"), &["services", name]),
            None => service.clone(),
        }
    }

    /// The service that `extends` names, itself extended.
    fn base(&mut self, extends: &Value, services: &Value, context: &Context, depth: usize) -> Option<Value> {
        let named = extends.as_text().or_else(|| extends.get("service").and_then(Value::as_text));
        let (Some(text), true) = (named, depth < DEPTH) else { return None };
        let Some(name) = text.value().map(str::to_owned) else {
            self.is_complete = false;
            return None;
        };
        let Some(file) = extends.get("file").and_then(Value::as_text) else {
            return self.base_in(services, text, &name, context, depth);
        };
        let path = file.value().and_then(|path| tree_path(&context.dir, path));
        let Some(compose) = path.and_then(|path| self.files.compose(&path)) else {
            self.is_complete = false;
            return None;
        };
        let dir = Tree::parent(self.files.tree.path(compose.file));
        let context = Context { dir: dir.into(), variables: context.variables.clone() };
        self.note(compose.file, &context.dir);
        let model = match self.models.get(&compose.file) {
            Some(model) => model.clone(),
            None => {
                let documents = compose.documents().iter().map(|document| interpolated(document, &context));
                let model = documents.reduce(|base, over| merge(base, over, &[])).map(Rc::new)?;
                self.models.insert(compose.file, model.clone());
                model
            }
        };
        self.base_in(model.get("services")?, text, &name, &context, depth)
    }

    fn base_in(&mut self, services: &Value, text: &Text, name: &str, context: &Context, depth: usize) -> Option<Value> {
        match services.get(name) {
            Some(base) => Some(self.extended(name, base, services, context, depth + 1)),
            None => {
                let reference = Reference { name: name.to_owned(), place: text.place(), alias: None };
                let known = services.entries().iter().map(|(key, _)| key.text.to_string()).collect();
                self.broken_extends.push((reference, known));
                None
            }
        }
    }
}

fn interpolated(document: &Value, context: &Context) -> Value {
    let mut document = document.clone();
    document.interpolate(&|name| context.variables.get(name).cloned());
    document
}

fn has_extends(services: &Value) -> bool {
    services.entries().iter().any(|(_, service)| service.get("extends").is_some())
}

fn without(value: &Value, key: &str) -> Value {
    let mut value = value.clone();
    if let Content::Map(entries) = &mut value.content {
        entries.retain(|(name, _)| &*name.text != key);
    }
    value
}
