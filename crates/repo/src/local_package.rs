//! Packages of this repository that need each other – members of workspaces, dependencies by path – and images that are
//! built without some of them.

mod build;
mod cargo;
mod node;
mod uv;

pub use build::{Installer, MissingPackage, When};

use crate::Repo;
use twiceshy_source::{FileId, Place};

/// A package of this repository.
#[derive(Clone, Debug)]
pub struct LocalPackage {
    /// Its directory, from the root of the tree.
    pub dir: String,
    /// Its manifest.
    pub manifest: FileId,
    /// Its name, or its directory's.
    pub name: String,
    /// Whose packages it belongs to.
    pub ecosystem: Ecosystem,
    /// The packages of this repository that it needs.
    pub needs: Vec<LocalNeed>,
    /// Whether it needs others too.
    pub has_other_needs: bool,
}

/// A package of this repository that another one needs.
#[derive(Clone, Debug)]
pub struct LocalNeed {
    /// Its name.
    pub name: String,
    /// Its directory, from the root of the tree.
    pub dir: String,
    /// What says so.
    pub place: Place,
    /// Whether it is a member of the workspace of which this is the root, and not a dependency.
    pub is_member: bool,
}

/// Whose manifests and installers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    /// `package.json`
    Node,
    /// `pyproject.toml`
    Python,
    /// `Cargo.toml`
    Cargo,
}

impl Repo {
    /// The packages of one ecosystem that stand in this repository, by their directories.
    pub fn local_packages(&self, ecosystem: Ecosystem) -> Vec<LocalPackage> {
        match ecosystem {
            Ecosystem::Node => self.node_workspaces(),
            Ecosystem::Python => self.uv_workspaces(),
            Ecosystem::Cargo => self.cargo_workspaces(),
        }
    }
}
