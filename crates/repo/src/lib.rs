//! What files mean: alone (documents) and together ([`Repo`]).
//!
//! Invariants:
//! * [`Kind::of`] is the only place where a path (and a first line) decides a kind.
//! * Documents are owned and compact; syntax trees die in the worker that lowered them. Every node knows its place.
//! * Whatever needs more than one document is a question to [`Repo`]. Lints ask; they never join by hand.

mod ahead;
mod answered;
mod application;
mod backup;
pub mod boot;
mod boot_path;
mod build_context;
mod changed;
mod command_line;
pub mod compose;
pub mod configuration;
mod cookie;
mod copy_source;
mod data_ownership;
mod declared;
pub mod docker;
pub mod dockerfile;
mod dockerignore;
mod document;
mod documents;
mod env;
mod environment;
mod floating;
mod focus;
mod gitignore;
mod health;
mod health_handler;
mod hints;
mod hook;
mod image;
mod kill;
mod launch;
mod listens;
mod live_data;
mod local_package;
mod local_secrets;
mod log_file;
mod makefile;
pub mod map;
mod markdown;
mod memory;
mod migration;
mod missing_mount;
mod nearest;
mod node;
mod outside_network;
mod package;
mod pinned_daemon;
mod podman_owner;
mod pooler;
mod production;
mod python;
mod quadlet;
mod reach;
mod readiness;
mod reading;
mod remark;
mod removed_data;
mod rendering;
mod repo;
mod requirements;
mod resolve;
mod restart;
mod room;
mod route;
pub mod rsync;
mod runbook;
mod rust;
pub mod script;
mod secret;
mod settings;
mod shared_data;
mod sql;
mod sqlalchemy;
mod stale_env;
mod stale_mount;
mod stub_resolver;
mod tsconfig;
mod variables;
mod volumes;
#[cfg(test)]
#[path = "../../../tests/work.rs"]
mod work;
pub mod workflow;
mod working_copy;

pub use ahead::READERS;
pub use application::Application;
pub use backup::{
    BlindRotation, Grain, HiddenFailure, MisreadStatus, OverwrittenBackup, Period, Relying, UnnoticedErrors,
    VainRotation, WhyMisread,
};
pub use boot_path::{BootScan, Deadline, Platform, Work};
pub use build_context::{BuildContext, Builder, Sent};
pub use command_line::CommandLine;
pub use compose::{Compose, Project, Service};
pub use configuration::{Configuration, Misconfigured};
pub use cookie::{Loss, LostCookie};
pub use copy_source::{MissingSource, WhyMissing};
pub use data_ownership::ChangedOwner;
pub use declared::Declared;
pub use docker::DockerCall;
pub use dockerfile::{Dockerfile, Stage};
pub use dockerignore::{DockerIgnore, IgnoreLine};
pub use document::{Input, Kind, Kinds};
pub use documents::{Documents, Lowered, OfFile, Shelf};
pub use env::{Env, EnvEntry};
pub use environment::{
    DefaultCredential, EmptySecret, Environment, Erased, GivenVariable, Giver, InconsistentDefault, Lack,
    MissingVariable, OpenSource, Opening, Override, Unreadable,
};
pub use floating::{Floating, Versions};
pub use focus::Focus;
pub use gitignore::GitIgnored;
pub use health::{Client, Container, EarlyReady, Fault, HealthCheck, Malformed, Program, Request, Timing, VainWait};
pub use health_handler::{BlindHealth, Blindness};
pub use hook::{Bypass, Hook, Manager, Manner};
pub use image::{
    Companion, DataDirectory, HealthEndpoint, Image, ImageFacts, Majors, MistakenPath, Role, Wget, WritablePath,
    is_at_or_below, learn,
};
pub use kill::{Compares, Kill, Meets};
pub use launch::{Launch, LaunchedBy, Mounted, NginxSays};
pub use listens::{Heard, Hears, Listening, Listens, Word};
pub use live_data::{DataAt, LiveData};
pub use local_package::{Ecosystem, Installer, LocalNeed, LocalPackage, MissingPackage, When};
pub use local_secrets::is_beside_tests;
pub use log_file::{Growth, LogFile, Running};
pub use memory::{Heap, Overfull, Runtime, StarvedBuild};
pub use migration::{Chain, EnumAgain, Migration, Operation, OperationKind, TypeChange, TypeOrigin, Types};
pub use missing_mount::MissingMount;
pub use nearest::nearest;
pub use node::{ImportKind, Node, NodeImport};
pub use outside_network::{OutsideNetwork, Tie};
pub use package::{Dependency, NodePackage, PackageScript};
pub use pinned_daemon::PinnedDaemon;
pub use podman_owner::{OtherOwner, Thing};
pub use pooler::{PooledAsyncpg, Pooler, Statements};
pub use production::Production;
pub use python::json::{JsonClass, JsonTarget, JsonUse, JsonWay, JsonWrite};
pub use python::{ImportTarget, Python, PythonImport};
pub use quadlet::{Quadlet, StaysDown};
pub use reach::{
    Call, DeadEnd, Endpoint, EndpointPort, Host, Missed, Needed, NeededBy, Told, UnknownHost, Unstarted, WrongPort,
    WrongTarget, endpoints,
};
pub use readiness::{EarlyStart, FirstUse};
pub use remark::{ADDRESS, Remark};
pub use removed_data::RemovedData;
pub use rendering::{BrowserKind, BrowserUse, Framework, OnServer};
pub use repo::{Repo, STACK};
pub use requirements::{Requirement, Requirements, Version};
pub use resolve::{FailingImport, Ignored, Resolved, Untracked};
pub use restart::{PodmanPolicy, Unrestarted, UnrestartedRun};
pub use room::make_room;
pub use route::{
    Address, Asked, Backend, BehindProxy, FileProvider, Hostname, Mention, ProbeOfNothing, Route, RoutedTwice, Router,
    Routing, Twice, UnroutedHost, Zone,
};
pub use runbook::Tone;
pub use script::Script;
pub use secret::{Known, LiteralSecret, Token};
pub use shared_data::SharedData;
pub use sql::Sql;
pub use sqlalchemy::{Column, ColumnType, EnumType};
pub use stale_env::StaleEnv;
pub use stale_mount::{Reread, StaleMount};
pub use stub_resolver::{Asker, StubResolver};
pub use tsconfig::{Alias, TsConfig};
pub use twiceshy_source::{Edit, FileId, Place, Source, Span, Tree};
pub use variables::{Moment, Need, Reaction, VariableRead, Way};
pub use volumes::{BootLoss, Copied, Destroyed, DestroyedAtBoot, Direction, Removal, ResetLog, SecondServer, Why};
pub use workflow::{Action, Workflow};
pub use working_copy::{LocalKind, LocalPath};
