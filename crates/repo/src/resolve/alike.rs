//! What two states of a repository say of imports, compared.

use crate::documents::Shelf;
use crate::{NodeImport, NodePackage, PythonImport, TsConfig};
use twiceshy_source::FileId;

/// Whether what a package.json or tsconfig.json says of imports is the same in both states, wherever that stands in it.
pub(crate) fn lead_the_same_way(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let packages = both(one.node_packages.of(file), other.node_packages.of(file), |one, other| {
        of_package(one) == of_package(other)
    });
    packages && both(one.tsconfigs.of(file), other.tsconfigs.of(file), |one, other| of_config(one) == of_config(other))
}

/// All of a package but where it stands.
fn of_package(package: &NodePackage) -> impl PartialEq + '_ {
    let NodePackage { scripts, dependencies, .. } = package;
    let scripts: Vec<_> = scripts.iter().map(|script| (&script.name, script.command.text())).collect();
    let dependencies = dependencies.iter().map(|it| (&it.name, &it.range, it.is_dev, it.is_optional));
    let dependencies: Vec<_> = dependencies.collect();
    (names_of(package), scripts, dependencies)
}

/// All of a configuration but where it stands.
fn of_config(config: &TsConfig) -> impl PartialEq + '_ {
    let TsConfig { file: _, extends, base_url, paths, has_root_dirs, keeps_imports, references, out_dir } = config;
    let paths: Vec<_> = paths.iter().map(|alias| (&alias.pattern, &alias.targets)).collect();
    ((extends, base_url, paths), has_root_dirs, keeps_imports, references, out_dir)
}

/// Whether `file` is a module of the same language in both states, or in both is none; and a package goes by the same names.
pub(crate) fn are_alike(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let packages =
        both(one.node_packages.of(file), other.node_packages.of(file), |one, other| names_of(one) == names_of(other));
    packages
        && one.tsconfigs.of(file).is_some() == other.tsconfigs.of(file).is_some()
        && one.node.of(file).is_some() == other.node.of(file).is_some()
        && one.python.of(file).is_some() == other.python.of(file).is_some()
}

/// All of a package by which others find what is in it.
fn names_of(package: &NodePackage) -> impl PartialEq + '_ {
    let NodePackage { file: _, name, is_module, scripts: _, dependencies: _, workspaces, entries, imports } = package;
    (name, is_module, workspaces, entries, imports)
}

/// Whether the module that `file` is imports the same in both states, wherever that stands in it; also where it is none.
pub(crate) fn import_the_same(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let node = both(one.node.of(file), other.node.of(file), |one, other| {
        one.imports.iter().map(of_node).eq(other.imports.iter().map(of_node))
    });
    node && both(one.python.of(file), other.python.of(file), |one, other| {
        one.imports.iter().map(of_python).eq(other.imports.iter().map(of_python))
    })
}

/// All of an import but its place.
fn of_node(import: &NodeImport) -> impl PartialEq {
    let NodeImport { specifier, place: _, kind, is_type_only, is_optional } = import;
    (specifier.clone(), *kind, *is_type_only, *is_optional)
}

/// All of an import but its place.
fn of_python(import: &PythonImport) -> impl PartialEq {
    let PythonImport { module, dots, names, place: _, is_type_only, is_optional } = import;
    (module.clone(), *dots, names.clone(), *is_type_only, *is_optional)
}

/// Whether both are there and alike, or neither is.
fn both<T>(one: Option<&T>, other: Option<&T>, are_alike: impl Fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => are_alike(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
