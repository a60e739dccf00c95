//! What files mean: alone (documents) and together ([`Repo`]).
//!
//! Invariants:
//! * [`Kind::of`] is the only place where a path (and a first line) decides a kind.
//! * Documents are owned and compact; syntax trees die in the worker that lowered them. Every node knows its place.
//! * Whatever needs more than one document is a question to [`Repo`]. Lints ask; they never join by hand.

mod application;
pub mod boot;
mod build_context;
pub mod compose;
mod configuration;
pub mod docker;
pub mod dockerfile;
mod dockerignore;
mod document;
mod env;
mod environment;
mod floating;
mod gitignore;
mod health;
mod image;
mod listens;
mod local_secrets;
mod log_file;
mod makefile;
pub mod map;
mod markdown;
mod memory;
mod migration;
mod nearest;
mod node;
mod package;
mod production;
mod python;
mod readiness;
mod repo;
mod requirements;
mod resolve;
mod restart;
mod route;
mod rust;
pub mod script;
mod settings;
mod sql;
mod sqlalchemy;
mod stale_mount;
mod tsconfig;
mod variables;
pub mod workflow;
mod working_copy;

pub use application::Application;
pub use build_context::{BuildContext, Builder, Sent};
pub use compose::{Compose, Project, Service};
pub use configuration::Misconfigured;
pub use docker::DockerCall;
pub use dockerfile::{Dockerfile, Stage};
pub use dockerignore::{DockerIgnore, IgnoreLine};
pub use document::{Input, Kind, Lowered};
pub use env::{Env, EnvEntry};
pub use environment::{
    Environment, Erased, GivenVariable, Giver, Lack, MissingVariable, OpenSource, Opening, Override,
};
pub use floating::{Floating, Versions};
pub use gitignore::GitIgnored;
pub use health::{Client, Container, HealthCheck, Program, Request, Timing};
pub use image::{
    Companion, DataDirectory, Family, HealthEndpoint, Image, ImageFacts, Majors, MistakenPath, Role, Wget,
    WritablePath, is_at_or_below,
};
pub use listens::Listens;
pub use log_file::{Growth, LogFile, Running};
pub use memory::{Heap, Overfull, Runtime, StarvedBuild};
pub use migration::{Chain, EnumAgain, Migration, Operation, OperationKind, TypeChange, TypeOrigin, Types};
pub use nearest::nearest;
pub use node::{ImportKind, Node, NodeImport};
pub use package::{Dependency, NodePackage, PackageScript};
pub use production::Production;
pub use python::json::{JsonClass, JsonTarget, JsonUse, JsonWay, JsonWrite};
pub use python::{ImportTarget, Python, PythonImport};
pub use readiness::{EarlyStart, FirstUse};
pub use repo::{Repo, STACK};
pub use requirements::{Requirement, Requirements, Version};
pub use resolve::{FailingImport, Ignored, Resolved, Untracked};
pub use restart::{PodmanPolicy, Unrestarted};
pub use route::{
    Address, Backend, FileProvider, Hostname, Mention, Route, RoutedTwice, Router, Routing, Twice, UnroutedHost, Zone,
};
pub use script::Script;
pub use sql::Sql;
pub use sqlalchemy::{Column, ColumnType, EnumType};
pub use stale_mount::{Reread, StaleMount};
pub use tsconfig::{Alias, TsConfig};
pub use twiceshy_source::{Edit, FileId, Place, Source, Span, Tree};
pub use variables::{Moment, Need, Reaction, VariableRead, Way};
pub use workflow::{Action, Workflow};
pub use working_copy::{LocalKind, LocalPath};
