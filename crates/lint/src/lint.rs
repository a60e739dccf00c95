//! The one trait, and a row of the one table.

use crate::{Finding, Findings, Meta, Suppression};
use serde::de::DeserializeOwned;
use twiceshy_repo::configuration::Field;
use twiceshy_repo::{Focus, Project, Repo, Script};

/// One rule. Its fields are its options; its folder is its documentation.
pub trait Lint: Default + DeserializeOwned + Send + Sync + 'static {
    /// What it looks at: each document of a kind, or the whole [`Repo`].
    type Subject: Subject;

    /// Its level and group, and where its findings stand; `meta!(Error, Outage, Compose)`.
    const META: Meta;

    /// Its options, for the configuration; [`options!`](crate::options) makes them.
    fn options() -> Vec<Field> {
        Vec::new()
    }

    /// Reports what is wrong with `subject`.
    fn check(&self, subject: &Self::Subject, repo: &Repo, found: &mut Findings);
}

/// Something that a lint can look at.
pub trait Subject: Sized + Sync + 'static {
    /// All of them in a repository that may have to do with what is asked for.
    fn all<'r>(repo: &'r Repo, found: &mut Findings) -> impl Iterator<Item = &'r Self> + use<'r, Self>;
}

impl Subject for Repo {
    fn all<'r>(repo: &'r Repo, _: &mut Findings) -> impl Iterator<Item = &'r Self> + use<'r> {
        std::iter::once(repo)
    }
}

impl Subject for Script {
    fn all<'r>(repo: &'r Repo, found: &mut Findings) -> impl Iterator<Item = &'r Self> + use<'r> {
        repo.scripts_through(found.focus()).into_iter()
    }
}

impl Subject for Project {
    fn all<'r>(repo: &'r Repo, found: &mut Findings) -> impl Iterator<Item = &'r Self> + use<'r> {
        repo.projects_around(found.focus()).into_iter()
    }
}

macro_rules! subjects {
    ($($kind:ident: $field:ident),* $(,)?) => {
        $(impl Subject for twiceshy_repo::$kind {
            fn all<'r>(repo: &'r Repo, _: &mut Findings) -> impl Iterator<Item = &'r Self> + use<'r> {
                repo.$field.iter()
            }
        })*
    };
}

subjects! {
    Compose: compose,
    Dockerfile: dockerfiles,
    DockerIgnore: dockerignores,
    Workflow: workflows,
    Action: actions,
    Sql: sql,
    Python: python,
    Migration: migrations,
    Node: node,
    NodePackage: node_packages,
    TsConfig: tsconfigs,
    Env: env,
    Requirements: requirements,
}

/// A row of the table of lints.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The lint's name.
    pub name: String,
    /// What it says about itself.
    pub meta: Meta,
    options: fn() -> Vec<Field>,
    run: Run,
}

#[derive(Clone, Copy, Debug)]
enum Run {
    OnSubjects(fn(&Repo, &serde_json::Value, Focus) -> (Vec<Finding>, bool)),
    OnComments(fn(&Suppression) -> Vec<Finding>),
}

/// A rule about the comments that suppress findings. It runs when all lints have.
pub trait CommentLint: Default + 'static {
    /// Its level and group, and where its findings stand.
    const META: Meta;

    /// Reports what is wrong with a comment.
    fn check(&self, comment: &Suppression, found: &mut Findings);
}

impl Entry {
    /// The row for a lint.
    pub fn of<L: Lint>() -> Self {
        Self {
            name: L::META.name(),
            meta: L::META,
            options: L::options,
            run: Run::OnSubjects(|repo, options, focus| {
                let lint = match options {
                    serde_json::Value::Null => L::default(),
                    // What does not fit has been told where the configuration was read.
                    options => L::deserialize(options).unwrap_or_default(),
                };
                let mut found = Findings::about(focus);
                for subject in L::Subject::all(repo, &mut found) {
                    lint.check(subject, repo, &mut found);
                }
                found.into_vec()
            }),
        }
    }

    /// The row for a lint about comments.
    pub fn of_comments<L: CommentLint>() -> Self {
        Self {
            name: L::META.name(),
            meta: L::META,
            options: Vec::new,
            run: Run::OnComments(|comment| {
                let mut found = Findings::default();
                L::default().check(comment, &mut found);
                found.into_vec().0
            }),
        }
    }

    /// Whether it is about the comments that suppress what other lints find.
    pub fn is_about_comments(&self) -> bool {
        matches!(self.run, Run::OnComments(_))
    }

    /// Its options, as they may stand in a configuration.
    pub fn options(&self) -> Vec<Field> {
        (self.options)()
    }

    /// What the lint finds with `options` where it is asked for, and whether it left out something elsewhere; `Null`: as it
    /// comes.
    pub fn run(&self, repo: &Repo, options: &serde_json::Value, focus: Focus) -> (Vec<Finding>, bool) {
        match self.run {
            Run::OnSubjects(run) => run(repo, options, focus),
            Run::OnComments(_) => (Vec::new(), false),
        }
    }

    /// What it finds wrong with a comment.
    pub(crate) fn check_comment(&self, comment: &Suppression) -> Vec<Finding> {
        match self.run {
            Run::OnSubjects(_) => Vec::new(),
            Run::OnComments(run) => run(comment),
        }
    }
}
