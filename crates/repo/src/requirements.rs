//! What a Python project needs, and in which versions: `pyproject.toml`, `requirements.txt`, `uv.lock`, `poetry.lock`.

use crate::{Input, Lowered, Repo};
use twiceshy_source::{FileId, Place, Span, Tree};
use twiceshy_syntax::toml::{self, Value};

/// What a Python project needs.
#[derive(Debug)]
pub struct Requirements {
    /// The file.
    pub file: FileId,
    /// A lock file: these very versions are installed.
    pub is_lock: bool,
    /// What is needed, in order.
    pub needs: Vec<Requirement>,
}

/// A package and the versions that will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name, normalised: small letters, `-` for `_` and `.`.
    pub name: Box<str>,
    /// Where it stands: name and version.
    pub place: Place,
    /// The lowest version that will do.
    pub from: Option<Version>,
    /// Versions from this one on will not do.
    pub below: Option<Version>,
}

/// The first three numbers of a version.
pub type Version = [u32; 3];

impl Requirement {
    /// Whether every version that will do is lower than `version`.
    pub fn is_below(&self, version: Version) -> bool {
        self.below.is_some_and(|below| below <= version)
    }

    /// Whether every version that will do is `version` or higher.
    pub fn is_from(&self, version: Version) -> bool {
        self.from.is_some_and(|from| from >= version)
    }

    /// The one version that will do, as people write it.
    pub fn exact(&self) -> Option<String> {
        let [major, minor, patch] = self.from?;
        (self.below == Some([major, minor, patch + 1])).then(|| format!("{major}.{minor}.{patch}"))
    }

    fn new(name: &str, spec: &str, place: Place) -> Self {
        let mut it = Self { name: normalised(name), place, from: None, below: None };
        for clause in spec.split(',') {
            it.narrow(clause.trim());
        }
        it
    }

    /// Narrows the versions by `>=2.0`, `==2.0.*`, `~=2.0.1`, `^2`, `<2.1`; anything else leaves them.
    fn narrow(&mut self, clause: &str) {
        let digit = clause.find(|c: char| c.is_ascii_digit()).unwrap_or(clause.len());
        let (operator, text) = clause.split_at(digit);
        let parts: Vec<u32> = text.split('.').map_while(|part| part.trim().parse().ok()).take(3).collect();
        if parts.is_empty() {
            return;
        }
        let at = |index: usize| parts.get(index).copied().unwrap_or_default();
        let version = [at(0), at(1), at(2)];
        // The version after all that share the first `count` numbers.
        let after = |count: usize| match count {
            1 => [at(0) + 1, 0, 0],
            2 => [at(0), at(1) + 1, 0],
            _ => [at(0), at(1), at(2) + 1],
        };
        let (from, below) = match operator.trim() {
            "==" | "===" if text.contains('*') => (Some(version), Some(after(parts.len()))),
            // `==2.0` is 2.0.0 alone.
            "==" | "===" | "" => (Some(version), Some(after(3))),
            "~=" => (Some(version), Some(after(parts.len().max(2) - 1))),
            "~" => (Some(version), Some(after(parts.len().min(2)))),
            "^" => (Some(version), Some(after(if at(0) > 0 { 1 } else { 2 }))),
            ">=" => (Some(version), None),
            ">" => (Some(after(3)), None),
            "<" => (None, Some(version)),
            "<=" => (None, Some(after(3))),
            _ => (None, None),
        };
        self.from = self.from.max(from);
        self.below = match (self.below, below) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

fn normalised(name: &str) -> Box<str> {
    name.trim().to_ascii_lowercase().replace(['_', '.'], "-").into()
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let name = Tree::name(input.path());
    let is_lock = name.ends_with(".lock");
    let needs = if is_lock {
        locked(input)
    } else if name.ends_with(".toml") {
        let toml = toml::parse(input.text());
        let needs = declared(&toml.root, input);
        out.flaws.extend(toml.flaws);
        needs
    } else {
        listed(input)
    };
    if !needs.is_empty() {
        out.requirements.push(Requirements { file: input.file, is_lock, needs });
    }
}

/// A lock file's packages. Machines write them line by line; a TOML parser would spend most of its time on hashes.
fn locked(input: Input<'_>) -> Vec<Requirement> {
    let text = input.text();
    let mut needs = Vec::new();
    let mut name: Option<(&str, Span)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(start, start + line.trim_end().len());
        start += line.len();
        let quoted = |key: &str| line.strip_prefix(key)?.trim().strip_prefix("= \"")?.strip_suffix('"');
        if line.starts_with("[[package]]") {
            name = None;
        } else if let Some(value) = quoted("name") {
            name = Some((value, span));
        } else if let (Some(version), Some((name, at))) = (quoted("version"), name.take()) {
            needs.push(Requirement::new(name, &format!("=={version}"), Place::new(input.file, at.to(span))));
        }
    }
    needs
}

/// `requirements.txt`: one requirement a line.
fn listed(input: Input<'_>) -> Vec<Requirement> {
    let mut needs = Vec::new();
    let mut start = 0;
    for line in input.text().split_inclusive('\n') {
        let text = line.split(" #").next().unwrap_or_default();
        let text = text.trim_end_matches(['\r', '\n', '\\', ' ']);
        if !text.starts_with(['#', '-', ' ', '\t']) {
            needs.extend(requirement(text, Place::new(input.file, Span::new(start, start + text.len()))));
        }
        start += line.len();
    }
    needs
}

/// `name[extras] >=1,<2 ; marker`
fn requirement(text: &str, place: Place) -> Option<Requirement> {
    let text = text.split(';').next()?;
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = match rest.trim_start().strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    // `name @ https://…`: any version.
    let spec = if rest.trim_start().starts_with('@') { "" } else { rest.trim().trim_matches(['(', ')']) };
    (!name.is_empty()).then(|| Requirement::new(name, spec, place))
}

fn declared(root: &Value, input: Input<'_>) -> Vec<Requirement> {
    let mut needs = Vec::new();
    let list = |value: Option<&Value>, needs: &mut Vec<Requirement>| {
        for item in value.map(Value::items).unwrap_or_default() {
            if let Some(text) = item.as_str() {
                needs.extend(requirement(text, Place::new(input.file, item.span)));
            }
        }
    };
    list(root.at(&["project", "dependencies"]), &mut needs);
    for groups in [root.at(&["project", "optional-dependencies"]), root.at(&["dependency-groups"])] {
        for (_, group) in groups.map(Value::entries).unwrap_or_default() {
            list(Some(group), &mut needs);
        }
    }
    let poetry = root.at(&["tool", "poetry"]);
    let groups = poetry.and_then(|poetry| poetry.get("group")).map(Value::entries).unwrap_or_default();
    let groups = groups.iter().filter_map(|(_, group)| group.get("dependencies"));
    for table in poetry.and_then(|poetry| poetry.get("dependencies")).into_iter().chain(groups) {
        for (name, value) in table.entries() {
            let spec = value.as_str().or_else(|| value.get("version")?.as_str()).unwrap_or_default();
            let spec =
                if spec.starts_with(|c: char| c.is_ascii_digit()) { format!("=={spec}") } else { spec.to_owned() };
            needs.push(Requirement::new(&name.text, &spec, Place::new(input.file, name.span.to(value.span))));
        }
    }
    needs
}

impl Repo {
    /// What the project around `file` says about the Python package `name`: the nearest directory above that knows it, a
    /// lock before an exact version before a range; a range gives way to a lock further up (a workspace's).
    pub fn python_package(&self, file: FileId, name: &str) -> Option<&Requirement> {
        let mut dir = Tree::parent(self.tree.path(file));
        let mut range: Option<&Requirement> = None;
        loop {
            let here = self.requirements.iter().filter(|list| {
                let home = Tree::parent(self.tree.path(list.file));
                home == dir || Tree::name(home) == "requirements" && Tree::parent(home) == dir
            });
            let found = here.filter(|list| range.is_none() || list.is_lock);
            let found = found.flat_map(|list| list.needs.iter().map(move |need| (list.is_lock, need)));
            let found = found.filter(|(_, need)| *need.name == *name);
            match found.max_by_key(|(is_lock, need)| (*is_lock, need.exact().is_some(), need.from.is_some())) {
                Some((_, need)) if need.exact().is_some() => return Some(need),
                Some((_, need)) => range = range.or(Some(need)),
                None => {}
            }
            if dir.is_empty() {
                return range;
            }
            dir = Tree::parent(dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(files: &[(&str, &str)]) -> Repo {
        Repo::of(Tree::memory(files.iter().map(|(path, text)| (*path, *text))))
    }

    #[test]
    fn the_nearest_lock_says_which_version_is_installed() {
        let repo = repo(&[
            ("requirements.txt", "SQLAlchemy[asyncio]>=1.4,<2.1 ; python_version > '3'  # why\n-r other.txt\n"),
            ("server/pyproject.toml", "[project]\ndependencies = ['sqlalchemy>=2.0.1']\n"),
            (
                "server/uv.lock",
                "[[package]]\nname = \"sqlalchemy\"\nversion = \"2.0.44\"\nsource = { registry = \"x\" }\n",
            ),
            ("server/app/a.py", ""),
            ("b.py", ""),
        ]);
        let need = |path: &str| repo.python_package(repo.tree.file(path).unwrap(), "sqlalchemy").unwrap().clone();
        let locked = need("server/app/a.py");
        assert_eq!(locked.exact().as_deref(), Some("2.0.44"));
        assert!(locked.is_below([2, 1, 0]) && locked.is_from([2, 0, 0]));
        let listed = need("b.py");
        assert_eq!((listed.from, listed.below), (Some([1, 4, 0]), Some([2, 1, 0])));
        assert!(listed.is_below([2, 1, 0]) && !listed.is_from([2, 0, 0]));
        assert_eq!(listed.place.range(), 0..52);
    }

    #[test]
    fn every_way_to_narrow_versions_is_read() {
        let repo = repo(&[(
            "pyproject.toml",
            "[tool.poetry.dependencies]\na = '^2'\nb = {version = '~=1.4.2'}\nc = '2.0.*'\nd = '*'\ne = '1.2'\n\
             [dependency-groups]\ndev = ['f==3.1', {include-group = 'x'}, 'g @ https://x/1.2']\n",
        )]);
        let bounds = |name: &str| {
            let need = repo.requirements[0].needs.iter().find(|need| &*need.name == name).unwrap();
            (need.from, need.below)
        };
        assert_eq!(bounds("a"), (Some([2, 0, 0]), Some([3, 0, 0])));
        assert_eq!(bounds("b"), (Some([1, 4, 2]), Some([1, 5, 0])));
        assert_eq!(bounds("c"), (Some([2, 0, 0]), Some([2, 1, 0])));
        assert_eq!(bounds("d"), (None, None));
        assert_eq!(bounds("e"), (Some([1, 2, 0]), Some([1, 2, 1])));
        assert_eq!(bounds("f"), (Some([3, 1, 0]), Some([3, 1, 1])));
        assert_eq!(bounds("g"), (None, None));
    }
}
