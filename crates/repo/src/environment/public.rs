//! Variables that are looked for where they can never be: SvelteKit's two halves, and values that are built in.

use crate::compose::{EnvVar, Service};
use crate::dockerfile::StepKind;
use crate::{Application, Moment, Place, Repo, VariableRead, Way};
use twiceshy_source::Tree;

/// A variable that is looked for where it can never be.
#[derive(Debug)]
pub enum Unreadable<'r> {
    /// SvelteKit keeps variables with the public prefix out of its private modules, and all others out of its public ones.
    Half(&'r VariableRead),
    /// The container is given a variable whose value was built into the code.
    BuiltIn {
        /// The service.
        service: &'r Service,
        /// What it is given.
        variable: &'r EnvVar,
        /// Where the code reads it.
        read: &'r VariableRead,
        /// What builds the code.
        build: Place,
    },
}

impl Repo {
    /// The variables that are looked for where they can never be.
    pub fn unreadable_variables(&self) -> Vec<Unreadable<'_>> {
        let mut found: Vec<Unreadable<'_>> = self.wrong_halves().map(Unreadable::Half).collect();
        let mut seen = Vec::new();
        for service in self.projects.iter().flat_map(|project| &project.services) {
            for variable in &service.environment {
                if is_built_in(&variable.name) && !seen.contains(&variable.place) {
                    let Some(application) = service.application(self) else { break };
                    let built = self.built_in(service, application, variable);
                    seen.extend(built.is_some().then_some(variable.place));
                    found.extend(built);
                }
            }
        }
        found
    }

    /// Reads of SvelteKit's modules that never find anything. A project may choose its own prefix; then nothing is said.
    fn wrong_halves(&self) -> impl Iterator<Item = &VariableRead> {
        self.variables.reads().filter(|read| {
            let is_public = read.name.starts_with("PUBLIC_");
            let is_wrong = match read.way {
                Way::SveltePrivate => is_public,
                Way::SveltePublic => !is_public,
                _ => false,
            };
            is_wrong && !self.has_own_prefix(self.tree.path(read.place.file))
        })
    }

    fn has_own_prefix(&self, path: &str) -> bool {
        std::iter::successors(Some(Tree::parent(path)), |dir| (!dir.is_empty()).then(|| Tree::parent(dir))).any(|dir| {
            ["js", "ts", "mjs"].iter().any(|end| {
                let config = Tree::join(dir, &format!("svelte.config.{end}")).and_then(|path| self.tree.file(&path));
                let source = config.and_then(|config| self.tree.source(config).ok());
                source.is_some_and(|source| {
                    ["publicPrefix", "privatePrefix"].iter().any(|word| source.text().contains(word))
                })
            })
        })
    }

    fn built_in<'r>(
        &'r self,
        service: &'r Service,
        application: &'r Application,
        variable: &'r EnvVar,
    ) -> Option<Unreadable<'r>> {
        let reads = application.variables(self);
        let read = reads.into_iter().find(|read| *read.name == *variable.name && read.moment == Moment::Build)?;
        let build = service.build_context(self)?;
        let name = variable.name.as_str();
        // What starts the container may build, serve from the sources, or write the value into what was built.
        let starts = |words: &Vec<String>| {
            words.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "dev" | "build" | "watch" | "serve" | "vite" | "envsubst" | "sed" | "playwright" | "test"
                )
            }) || words.iter().any(|word| word.contains(name) || word.contains(":dev") || word.contains("dev:"))
        };
        let scripts = super::start_scripts(service, self);
        let is_filled_in = scripts.iter().any(|script| {
            script.text().contains(name)
                || ["envsubst", "sed ", "printenv", "env |"].iter().any(|word| script.text().contains(word))
        });
        if application.starts.iter().any(starts) || is_filled_in {
            return None;
        }
        // A build that is given the value, or an env file, needs no other.
        let is_arg = service.build.as_ref().is_some_and(|build| build.args.iter().any(|arg| arg.name == name));
        let mut runs_build = None;
        for stage in build.dockerfile.needed(build.target.as_deref()) {
            for step in &stage.steps {
                match &step.kind {
                    StepKind::Arg(variables) | StepKind::Env(variables)
                        if variables.iter().any(|variable| variable.name.written == name) =>
                    {
                        return None;
                    }
                    StepKind::Run(run) => {
                        let text = run.command.text();
                        if text.contains("build") {
                            runs_build = Some(step.place);
                        }
                        if text.contains(name) {
                            return None;
                        }
                    }
                    _ => {}
                }
            }
        }
        let dir = &application.dir;
        let env_file = [".env", ".env.production", ".env.local"].iter().any(|file| {
            Tree::join(dir, file).and_then(|path| self.env_file(&path)).is_some_and(|env| env.entry(name).is_some())
        });
        let build = runs_build.filter(|_| !is_arg && !env_file)?;
        Some(Unreadable::BuiltIn { service, variable, read, build })
    }
}

/// Whether bundlers write the value of a variable of this name into the code.
fn is_built_in(name: &str) -> bool {
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_"].iter().any(|prefix| name.starts_with(prefix))
}
