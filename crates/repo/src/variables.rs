//! The environment variables that code reads, and what it does without them.

mod needs;
mod reader;
mod rust;
mod schema;
mod settings;
mod wrapper;

use crate::hints::Words;
use crate::{Application, Input, Repo, Service};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::{Arc, LazyLock};
use twiceshy_source::{FileId, Place, Tree};
pub(crate) use wrapper::Wrapper;

/// A place where code reads an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableRead {
    /// The variable.
    pub name: Box<str>,
    /// Where its name stands.
    pub place: Place,
    /// What the code does without it.
    pub need: Need,
    /// Other variables that do as well: `A || B` names each other's.
    pub alternatives: Vec<Box<str>>,
    /// When it is read.
    pub moment: Moment,
    /// Whether it is read only if something else holds.
    pub is_conditional: bool,
    /// Whether the case of its letters does not matter.
    pub ignores_case: bool,
    /// Who looks it up.
    pub way: Way,
}

/// What code does without a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The read itself fails: a `KeyError`, a validation error, a panic.
    Required,
    /// A test for it throws, exits or answers an error.
    Guarded {
        /// Where.
        place: Place,
        /// What happens there.
        reaction: Reaction,
    },
    /// Something else is taken.
    Defaulted {
        /// The text, where it is one.
        value: Option<Box<str>>,
        /// Where it stands.
        place: Place,
    },
    /// The code asks first, or does without.
    Optional,
    /// It is used as it is, with an assertion of its type that it is there (`X!`).
    Asserted,
    /// It is used as it is.
    Plain,
}

/// What a test for a variable does when it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// An exception.
    Throws,
    /// The end of the process.
    Exits,
    /// An answer with this status.
    Answers(u16),
}

/// When a variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// When the code is built: the running container's environment does not matter.
    Build,
    /// When the module is loaded.
    Start,
    /// When a function is called.
    Use,
}

/// Who looks a variable up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The language: `process.env`, `os.environ`, `std::env::var`.
    Process,
    /// `$env/dynamic/private` of SvelteKit: everything without the public prefix.
    SveltePrivate,
    /// `$env/dynamic/public` of SvelteKit: everything with the public prefix.
    SveltePublic,
    /// `import.meta.env` of Vite.
    ImportMeta,
    /// A settings class or function that may also read a file (`.env`).
    Settings,
}

/// What one module does with the environment.
#[derive(Debug, Default)]
pub(crate) struct ModuleVariables {
    pub reads: Vec<VariableRead>,
    /// Variables that it sets itself.
    pub sets: Vec<Box<str>>,
    /// Where it loads an env file.
    pub loads: Option<Place>,
    /// Functions that read the variable whose name they are given.
    pub wrappers: Vec<Wrapper>,
}

/// What all modules of applications do with the environment.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// The modules that were asked, sorted.
    files: Vec<FileId>,
    modules: FxHashMap<FileId, Arc<ModuleVariables>>,
}

impl Application {
    /// Every place where its code reads an environment variable, by file and place.
    pub fn variables<'r>(&self, repo: &'r Repo) -> Vec<&'r VariableRead> {
        self.variable_modules(repo).flat_map(|module| &module.reads).collect()
    }

    /// The variables that its code sets itself before or instead of being given them.
    pub fn sets_variable(&self, repo: &Repo, name: &str) -> bool {
        self.variable_modules(repo).any(|module| module.sets.iter().any(|set| **set == *name))
    }

    /// Where its code loads an env file (`load_dotenv()`, `import "dotenv/config"`), which may set anything.
    pub fn loads_env_file(&self, repo: &Repo) -> Option<Place> {
        self.variable_modules(repo).find_map(|module| module.loads)
    }

    fn variable_modules<'r>(&self, repo: &'r Repo) -> impl Iterator<Item = &'r ModuleVariables> {
        self.modules.iter().filter_map(|file| repo.variables.modules.get(file).map(|module| &**module))
    }
}

impl Service {
    /// Every place where the code that it runs reads an environment variable.
    pub fn variables_read<'r>(&self, repo: &'r Repo) -> Vec<&'r VariableRead> {
        self.application(repo).map(|application| application.variables(repo)).unwrap_or_default()
    }
}

impl Variables {
    /// Every read, by place.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &VariableRead> {
        let mut reads: Vec<&VariableRead> = self.modules.values().flat_map(|module| &module.reads).collect();
        reads.sort_by_key(|read| read.place);
        reads.into_iter()
    }

    /// Reads the modules of the applications that may say something. What another state `knows` is shared with it if it
    /// asked the same modules, `changed` are none of them, and their imports lead to the same ones.
    pub(crate) fn of(repo: &Repo, knows: Option<&Arc<Self>>, changed: &[FileId]) -> Arc<Self> {
        let mut files: Vec<FileId> = repo.applications.modules().collect();
        // SvelteKit's modules say by themselves what they can never hold.
        let asks_svelte = |module: &&crate::Node| module.imports.iter().any(|it| it.specifier.starts_with("$env/"));
        files.extend(repo.node.iter().filter(asks_svelte).map(|module| module.file));
        files.sort();
        files.dedup();
        let is_same =
            |known: &&Arc<Self>| known.files == files && changed.iter().all(|file| files.binary_search(file).is_err());
        if let Some(known) = knows.filter(is_same) {
            return known.clone();
        }
        let speaks = |file: &FileId| {
            repo.node_module(*file).map_or_else(
                || repo.python_module(*file).is_none_or(|module| module.may_read_variables),
                |module| module.may_read_variables,
            )
        };
        let none = FxHashMap::default();
        let speaking: Vec<FileId> = files.iter().copied().filter(speaks).collect();
        let alone = |file: FileId| {
            let read = || reader::of(repo, file, &none).map(Arc::new);
            repo.answers(file).map_or_else(read, |answers| answers.variables.get_or_init(read).clone())
        };
        let mut modules: FxHashMap<FileId, Arc<ModuleVariables>> =
            speaking.into_par_iter().with_max_len(1).filter_map(|file| Some((file, alone(file)?))).collect();
        // `import { required } from "./env"`: whoever imports such a function reads variables, too.
        let known: FxHashMap<FileId, Vec<Wrapper>> = modules
            .iter()
            .filter(|(_, module)| !module.wrappers.is_empty())
            .map(|(file, module)| (*file, module.wrappers.clone()))
            .collect();
        if !known.is_empty() {
            let users = files.par_iter().copied().filter(|file| repo.imports_wrapper(*file, &known));
            let users: Vec<FileId> = users.collect();
            let read = |file: FileId| Some((file, Arc::new(reader::of(repo, file, &known)?)));
            modules.extend(users.into_par_iter().with_max_len(1).filter_map(read).collect::<Vec<_>>());
        }
        Arc::new(Self { files, modules })
    }
}

/// Whether a Python or JavaScript module may read environment variables: words, no look at the tree.
pub(crate) fn may_read(input: Input<'_>) -> bool {
    static PYTHON: LazyLock<Words> =
        LazyLock::new(|| Words::new(&["environ", "getenv", "BaseSettings", "decouple", "starlette.config"]));
    static NODE: LazyLock<Words> = LazyLock::new(|| {
        Words::new(&["process.env", "$env/", "import.meta.env", "node:process", "Bun.env", "Deno.env"])
    });
    let words = if input.path().ends_with(".py") { &PYTHON } else { &NODE };
    words.has_one_in(input.text())
}

impl Repo {
    /// Whether the module imports one of the functions that read variables. The file alone says little: everything imports
    /// the settings.
    fn imports_wrapper(&self, file: FileId, known: &FxHashMap<FileId, Vec<Wrapper>>) -> bool {
        if let Some(module) = self.node_module(file) {
            let stems: Vec<&str> = known.keys().map(|file| stem(self.tree.path(*file))).collect();
            let mut source = None;
            return module.imports.iter().any(|import| {
                // Resolving is dear; an import says at least the name of the file or its directory.
                stems.iter().any(|stem| import.specifier.contains(stem))
                    && self.import_targets(file, &import.specifier).iter().filter_map(|to| known.get(to)).any(
                        |wrappers| {
                            let source = source.get_or_insert_with(|| self.tree.source(file));
                            let text = source.as_ref().map(|source| source.text()).unwrap_or_default();
                            wrappers.iter().any(|wrapper| wrapper.is_default() || text.contains(wrapper.first_name()))
                        },
                    )
            });
        }
        self.python_module(file).is_some_and(|module| {
            module.imports.iter().filter(|import| !import.names.is_empty()).any(|import| {
                let takes = |wrapper: &Wrapper| {
                    import.names.iter().any(|(own, _)| **own == *"*" || **own == *wrapper.first_name())
                };
                known.values().flatten().any(takes)
                    && match self.resolve_python(file, import) {
                        crate::ImportTarget::File(target) => known.get(&target).is_some_and(|it| it.iter().any(takes)),
                        _ => false,
                    }
            })
        })
    }

    /// The modules of this repository that an import of a JavaScript module leads to.
    pub(crate) fn import_targets(&self, from: FileId, specifier: &str) -> Vec<FileId> {
        match self.resolve_import(from, specifier) {
            crate::Resolved::Tracked(file) => vec![file],
            crate::Resolved::External | crate::Resolved::Unknown => self.workspace_modules(specifier),
            _ => Vec::new(),
        }
    }
}

/// The name by which a module is imported: that of its directory, for an index.
fn stem(path: &str) -> &str {
    let stem = Tree::name(path).split('.').next().unwrap_or_default();
    if stem == "index" { Tree::name(Tree::parent(path)) } else { stem }
}

#[cfg(test)]
mod tests;
