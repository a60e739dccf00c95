//! The environment that a service's container gets, and whether all of it is known.

mod defaults;
mod edit;
mod erased;
mod missing;
mod openings;
mod public;

pub use defaults::{DefaultCredential, EmptySecret, InconsistentDefault};
pub use erased::{Erased, Override};
pub use missing::{Lack, MissingVariable};
pub use public::Unreadable;

use crate::compose::Service;
use crate::dockerfile::{Base, StepKind};
use crate::script::Host;
use crate::{BuildContext, Env, Image, Place, Repo};
use twiceshy_source::Tree;

/// The environment of a container.
///
/// What `environment` says is stronger than what env files say, a later env file stronger than an earlier one, and all of
/// them stronger than the image (Docker: "Environment variables precedence in Docker Compose").
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables, each as its strongest giver has it.
    pub given: Vec<GivenVariable>,
    /// Where more variables may come from than are known here. Without any, what is not among `given` is not there.
    pub openings: Vec<Opening>,
}

/// A variable of a container.
#[derive(Clone, Debug)]
pub struct GivenVariable {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// Its value, where it is known.
    pub value: Option<String>,
    /// Who gives it.
    pub giver: Giver,
}

/// Who gives a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// `environment`.
    Environment,
    /// An env file.
    EnvFile,
    /// `ENV` of the Dockerfile.
    Dockerfile,
    /// A script that the container starts with.
    Script,
}

/// Something that may give a container variables that are not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub source: OpenSource,
}

/// What may give a container variables that are not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenSource {
    /// An env file that is not in the repository: its path, and the example of it that is.
    EnvFile {
        /// The path, as written.
        path: String,
        /// The example beside it.
        example: Option<twiceshy_source::FileId>,
    },
    /// An image that nobody knows.
    Image,
    /// A program or script that the container starts with.
    Start(String),
    /// The code loads an env file.
    Code,
    /// A part of the project is not in the repository.
    Project,
}

impl Environment {
    /// What it gives under the name.
    pub fn get(&self, name: &str) -> Option<&GivenVariable> {
        self.given.iter().find(|given| given.name == name)
    }

    /// The same, in any case of letters.
    pub fn get_ignoring_case(&self, name: &str) -> Option<&GivenVariable> {
        self.given.iter().find(|given| given.name.eq_ignore_ascii_case(name))
    }

    /// Whether what it does not have is not there.
    pub fn is_closed(&self) -> bool {
        self.openings.is_empty()
    }

    fn give(&mut self, variable: GivenVariable) {
        match self.given.iter_mut().find(|given| given.name == variable.name) {
            Some(known) => *known = variable,
            None => self.given.push(variable),
        }
    }

    fn open(&mut self, place: Place, source: OpenSource) {
        self.openings.push(Opening { place, source });
    }
}

impl Service {
    /// The environment that its container gets: image, then env files, then `environment`, then what its start adds.
    pub fn environment_given(&self, repo: &Repo) -> Environment {
        let mut environment = Environment::default();
        let build = self.build_context(repo);
        self.image_environment(build.as_ref(), &mut environment);
        for file in &self.env_files {
            self.env_file(file, repo, &mut environment);
        }
        for variable in &self.environment {
            // A bare name passes on what Compose itself was given, which is for whoever runs it to say.
            environment.give(GivenVariable {
                name: variable.name.clone(),
                place: variable.place,
                value: variable.value.as_ref().and_then(|value| value.value()).map(str::to_owned),
                giver: Giver::Environment,
            });
        }
        openings::of_start(self, repo, &mut environment);
        openings::of_code(self, build.as_ref(), repo, &mut environment);
        environment
    }

    fn image_environment(&self, build: Option<&BuildContext<'_>>, environment: &mut Environment) {
        let Some(build) = build else {
            let known = self.image.as_ref().and_then(|image| Image::parse(image.value()?));
            match &self.build {
                None if known.is_some_and(|image| openings::is_plain(&image)) => {}
                None => environment.open(self.place, OpenSource::Image),
                Some(build) => environment.open(build.place, OpenSource::Image),
            }
            return;
        };
        let dockerfile = build.dockerfile;
        let Some(stage) = dockerfile.stage(build.target.as_deref()) else { return };
        for step in dockerfile.steps_of(stage) {
            let StepKind::Env(variables) = &step.kind else { continue };
            for variable in variables {
                environment.give(GivenVariable {
                    name: variable.name.written.clone(),
                    place: variable.name.place,
                    value: variable.value.as_ref().and_then(|value| value.value.clone()),
                    giver: Giver::Dockerfile,
                });
            }
        }
        let root = dockerfile.lineage(stage).last().unwrap_or(stage);
        let is_known = match &root.base {
            Base::Scratch => true,
            Base::Image(image) => openings::is_plain(image),
            Base::Unknown => dockerfile
                .base_image(stage, &|name| self.build_arg(name))
                .is_some_and(|(image, _)| openings::is_plain(&image)),
            Base::Stage(_) => false,
        };
        if !is_known {
            environment.open(root.from.place, OpenSource::Image);
        }
    }

    fn env_file(&self, file: &crate::compose::EnvFile, repo: &Repo, environment: &mut Environment) {
        let known = file.path.as_deref().and_then(|path| repo.env_file(path));
        let Some(env) = known else {
            let example = file.path.as_deref().and_then(|path| repo.env_example(path)).map(|env| env.file);
            let path = file.text.shown().to_owned();
            return environment.open(file.text.place(), OpenSource::EnvFile { path, example });
        };
        for entry in &env.entries {
            environment.give(GivenVariable {
                name: entry.name.clone(),
                place: entry.place,
                value: entry.value.as_ref().and_then(|value| value.value()).map(str::to_owned),
                giver: Giver::EnvFile,
            });
        }
    }
}

impl Repo {
    /// The env file at `path`.
    pub fn env_file(&self, path: &str) -> Option<&Env> {
        let file = self.tree.resolve(path)?;
        self.env.of(file)
    }

    /// The example from which people make the env file at `path`: `.env.example` beside it, and its like.
    pub fn env_example(&self, path: &str) -> Option<&Env> {
        let find = || self.find_env_example(path).and_then(|env| self.env.position(env.file));
        self.env.get(self.answered.env_examples.get(path.to_owned(), find)?)
    }

    fn find_env_example(&self, path: &str) -> Option<&Env> {
        let dir = Tree::parent(path);
        let name = Tree::name(path);
        let stem = name.strip_suffix(".env").filter(|stem| !stem.is_empty());
        let names = ["example", "sample", "template", "dist", "defaults", "tpl"].into_iter().flat_map(|word| {
            let mut names =
                vec![format!("{name}.{word}"), format!("{word}{name}"), format!(".env.{word}"), format!("{word}.env")];
            names.extend(stem.map(|stem| format!("{stem}.{word}.env")));
            names.extend(stem.map(|stem| format!("{stem}.env.{word}")));
            names.push(format!("env.{word}"));
            names
        });
        names.into_iter().find_map(|name| self.env_file(&Tree::join(dir, &name)?))
    }
}

/// The scripts of the files that a container starts with.
fn start_scripts<'r>(service: &Service, repo: &'r Repo) -> Vec<&'r crate::Script> {
    let Some(application) = service.application(repo) else { return Vec::new() };
    if application.start_files.is_empty() {
        return Vec::new();
    }
    let is_start =
        |script: &&crate::Script| application.start_files.contains(&script.file) && script.host == Host::File;
    repo.scripts.iter().filter(is_start).collect()
}
