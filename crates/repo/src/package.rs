//! A package.json.

use crate::script::{Dialect, Host, Start};
use crate::{Input, Lowered, Script};
use twiceshy_source::{Extract, FileId, Place};
use twiceshy_syntax::json::{self, Value};

/// A `package.json`.
#[derive(Debug)]
pub struct NodePackage {
    /// The file.
    pub file: FileId,
    /// Its name.
    pub name: Option<String>,
    /// `"type": "module"`
    pub is_module: bool,
    /// Its scripts, in order.
    pub scripts: Vec<PackageScript>,
    /// Everything it depends on, in any way.
    pub dependencies: Vec<Dependency>,
    /// Patterns of the directories whose packages belong to it.
    pub workspaces: Vec<String>,
    /// The files that are its entry points: `main`, `module`, `types`, `bin`, every target in `exports`. As written.
    pub entries: Vec<String>,
    /// Names that begin with `#` and what they stand for in this package; every target of every condition.
    pub imports: Vec<(String, Vec<String>)>,
}

/// A script of a package.
#[derive(Debug)]
pub struct PackageScript {
    /// Its name: `start`.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// The command.
    pub command: Extract,
}

/// Something that a package depends on.
#[derive(Debug)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// The range of versions, as written.
    pub range: String,
    /// Where its name stands.
    pub place: Place,
    /// It is needed to build and test only.
    pub is_dev: bool,
    /// Whether it stands in `optionalDependencies`: the code copes without it.
    pub is_optional: bool,
}

impl NodePackage {
    /// Whether it depends on the package `name`, in any way.
    pub fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.name == name)
    }

    /// The script called `name`.
    pub fn script(&self, name: &str) -> Option<&PackageScript> {
        self.scripts.iter().find(|script| script.name == name)
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let json = json::parse(input.text());
    let is_template = input.text().contains("{{");
    out.flaws.extend(json.flaws.into_iter().filter(|_| !is_template));
    let root = &json.root;
    let entries = |name: &str| root.get(name).map_or(&[][..], Value::entries);
    let place = |span| Place::new(input.file, span);
    let scripts = entries("scripts").iter().filter_map(|(name, command)| {
        let command = command.extract(input.file, input.text())?;
        Some(PackageScript { name: name.text.clone(), place: place(name.span), command })
    });
    let mut dependencies = Vec::new();
    for kind in ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] {
        dependencies.extend(entries(kind).iter().map(|(name, range)| Dependency {
            name: name.text.clone(),
            range: range.as_str().unwrap_or_default().to_owned(),
            place: place(name.span),
            is_dev: kind == "devDependencies",
            is_optional: kind == "optionalDependencies",
        }));
    }
    let workspaces = root.get("workspaces").map(|value| value.get("packages").unwrap_or(value));
    let mut package_entries = Vec::new();
    for name in ["main", "module", "types", "typings", "browser", "bin", "exports"] {
        leaves(root.get(name), &mut package_entries);
    }
    let imports = entries("imports").iter().map(|(name, targets)| {
        let mut list = Vec::new();
        leaves(Some(targets), &mut list);
        (name.text.clone(), list)
    });
    let scripts: Vec<PackageScript> = scripts.collect();
    for script in &scripts {
        let host = Host::Package { name: script.name.clone() };
        out.scripts.extend(Script::new(script.command.clone(), host, Start::plain(Dialect::Sh)));
    }
    out.node_packages.push(NodePackage {
        file: input.file,
        name: root.get("name").and_then(Value::as_str).map(str::to_owned),
        is_module: root.get("type").and_then(Value::as_str) == Some("module"),
        scripts,
        dependencies,
        workspaces: workspaces.into_iter().flat_map(Value::strings).map(str::to_owned).collect(),
        entries: package_entries,
        imports: imports.collect(),
    });
}

/// Every text in a value, whatever the conditions on the way to it. The parser bounds the depth.
fn leaves(value: Option<&Value>, out: &mut Vec<String>) {
    let Some(value) = value else { return };
    out.extend(value.as_str().map(str::to_owned));
    value.items().iter().for_each(|item| leaves(Some(item), out));
    value.entries().iter().for_each(|(_, inner)| leaves(Some(inner), out));
}
