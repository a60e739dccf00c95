//! What workflows call each other, and what they name that is not there.

use super::{Action, Job, Step, Target, Text, Uses, Workflow, setting};
use crate::{Edit, Place, Repo, Tree};

/// Where workflows stand, from the root of their repository.
const DIRECTORY: &str = ".github/workflows";

/// Workflows that GitHub itself adds to a repository when it publishes pages, scans code or updates dependencies: no file
/// stands for them, yet `workflow_run` hears of them. Names as the Actions tabs of public repositories show them (Pages, code
/// scanning's default setup, Dependabot on Actions, dependency submission, Copilot).
const DYNAMIC: [&str; 11] = [
    "pages-build-deployment",
    "pages build and deployment",
    "CodeQL",
    "CodeQL Setup",
    "Code Quality",
    "Dependabot Updates",
    "Dependency Graph",
    "Automatic Dependency Submission",
    "Copilot",
    "Copilot code review",
    "Copilot coding agent",
];

/// A reference that nothing in the repository answers to.
#[derive(Clone, Debug)]
pub struct Unknown<'r> {
    /// What was named.
    pub text: &'r Text,
    /// The nearest thing that exists: its name as it would have to be written, and where it is defined.
    pub nearest: Option<(String, Place)>,
}

/// The name by which others call a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'r> {
    /// The name, or the path of a workflow without one.
    pub name: &'r str,
    /// Where the name stands; the start of the file for a workflow without one.
    pub place: Place,
}

impl Workflow {
    /// The directory whose `.github/workflows` this is: `""`, or a template for other repositories.
    pub fn root<'r>(&self, repo: &'r Repo) -> &'r str {
        let path = repo.tree.path(self.file);
        path.rfind(DIRECTORY).map_or("", |at| path[..at].trim_end_matches('/'))
    }

    /// The path as GitHub sees it: from the root of its repository.
    pub fn path<'r>(&self, repo: &'r Repo) -> &'r str {
        repo.tree.path(self.file)[self.root(repo).len()..].trim_start_matches('/')
    }

    /// A place to point at when the whole file is meant: its name, or its `on:`.
    pub fn head(&self) -> Place {
        let start = Place { file: self.file, start: 0, end: 0 };
        self.name.as_ref().map(|name| name.place).or(self.on).unwrap_or(start)
    }

    /// The name by which others call it.
    pub fn called<'r>(&'r self, repo: &'r Repo) -> Named<'r> {
        match &self.name {
            Some(name) => Named { name: &name.text, place: name.place },
            None => Named { name: self.path(repo), place: self.head() },
        }
    }

    /// The workflows of the same repository, this one among them.
    pub fn neighbours<'r>(&self, repo: &'r Repo) -> impl Iterator<Item = &'r Self> + use<'r> {
        let root = self.root(repo);
        repo.workflows.iter().filter(move |other| other.root(repo) == root)
    }

    /// The workflows after whose runs this one starts.
    pub fn parents<'r>(&self, repo: &'r Repo) -> impl Iterator<Item = &'r Self> + use<'r> {
        let names: Vec<String> = self.waits_for().map(|name| name.text.clone()).collect();
        self.neighbours(repo).filter(move |other| names.iter().any(|name| name == other.called(repo).name))
    }

    /// The workflows that start after runs of this one.
    pub fn children<'r>(&'r self, repo: &'r Repo) -> impl Iterator<Item = &'r Self> + use<'r> {
        let name = self.called(repo).name;
        self.neighbours(repo).filter(move |other| other.waits_for().any(|waits| waits.text == name))
    }

    fn waits_for(&self) -> impl Iterator<Item = &Text> {
        self.triggers
            .iter()
            .filter(|trigger| trigger.event.text == "workflow_run")
            .flat_map(|trigger| &trigger.workflows)
    }

    /// Entries of `workflow_run.workflows` that are no workflow's name.
    pub fn unknown_parents<'r>(&'r self, repo: &'r Repo) -> Vec<Unknown<'r>> {
        if !repo.knows_workflows(self.root(repo)) {
            return Vec::new();
        }
        let is_known = |name: &str| {
            // A pattern may be one to GitHub, though its documentation speaks of names alone.
            DYNAMIC.contains(&name)
                || name.contains('*')
                || is_filled_in(name)
                || self.neighbours(repo).any(|other| other.called(repo).name == name)
        };
        self.waits_for()
            .filter(|name| !is_known(&name.text))
            .map(|text| Unknown { text, nearest: self.nearest_other(repo, &text.text) })
            .collect()
    }

    /// The name of the other workflow that was meant by `name`, and where it stands.
    fn nearest_other(&self, repo: &Repo, name: &str) -> Option<(String, Place)> {
        let others: Vec<_> = self.neighbours(repo).filter(|other| other.file != self.file).collect();
        // People write the file's name where GitHub wants the workflow's.
        let is_file = |other: &&Self| {
            let file = Tree::name(other.path(repo));
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            name.eq_ignore_ascii_case(file) || name.eq_ignore_ascii_case(stem) || name == other.path(repo)
        };
        let named = || others.iter().map(|other| other.called(repo));
        // A name that was made longer or shorter: `Deploy`, `Deploy shop`.
        let mut extended = named().filter(|named| is_start_of(named.name, name) || is_start_of(name, named.name));
        let extended = extended.next().filter(|_| extended.next().is_none());
        let nearest = || crate::nearest(name, named().map(|named| named.name));
        let file = others.iter().copied().find(is_file).map(|other| other.called(repo));
        let named =
            file.or_else(|| nearest().and_then(|nearest| named().find(|named| named.name == nearest))).or(extended)?;
        Some((named.name.to_owned(), named.place))
    }

    /// Reusable workflows that jobs call by a path where none stands.
    pub fn unknown_called<'r>(&'r self, repo: &'r Repo) -> Vec<Unknown<'r>> {
        let root = self.root(repo);
        let unknown = |job: &'r Job| {
            let uses = job.uses.as_ref()?;
            let path = Tree::join(root, uses.local()?)?;
            if repo.tree.resolve(&path).is_some() || repo.tree.in_submodule(&path) || is_filled_in(&uses.text.text) {
                return None;
            }
            let files = self.neighbours(repo).map(|other| (other.path(repo), other.head()));
            Some(Unknown { text: &uses.text, nearest: nearest_path(uses.local()?, files) })
        };
        self.jobs.iter().filter_map(unknown).collect()
    }

    /// Actions that steps use by a path where none stands, and where no earlier step could have put one.
    pub fn unknown_actions<'r>(&'r self, repo: &'r Repo) -> Vec<Unknown<'r>> {
        let root = self.root(repo);
        let mut unknown = Vec::new();
        for job in &self.jobs {
            for (at, step) in job.steps.iter().enumerate() {
                let Some(uses) = &step.uses else { continue };
                let Target::Local(path) = &uses.target else { continue };
                let Some(inside) = inside_checkout(job, at, path) else { continue };
                if is_filled_in(&uses.text.text)
                    || repo.has_action(root, inside)
                    || repo.earlier_actions_bring(job, at, inside)
                {
                    continue;
                }
                let prefix = &path[..path.len() - inside.len()];
                let nearest = repo
                    .nearest_action(root, inside)
                    .map(|(found, place)| (format!("./{prefix}{}", &found[2..]), place));
                unknown.push(Unknown { text: &uses.text, nearest });
            }
        }
        unknown
    }
}

/// Whether `longer` is `name` and more words after it.
fn is_start_of(name: &str, longer: &str) -> bool {
    let (name, longer) = (name.to_lowercase(), longer.to_lowercase());
    longer.strip_prefix(&name).is_some_and(|rest| !name.is_empty() && rest.starts_with([' ', '-', ':', '(', '/']))
}

/// A template is filled in before GitHub sees it.
fn is_filled_in(text: &str) -> bool {
    text.contains("{{") || text.contains("<%")
}

/// The part of `path` that lies in this repository, if at the step `at` of `job` nothing but a checkout of this
/// repository can have put files there. `None`: something else may have.
fn inside_checkout<'p>(job: &Job, at: usize, path: &'p str) -> Option<&'p str> {
    let mut inside = None;
    for step in &job.steps[..at] {
        if brings_files(step, path) {
            return None;
        }
        if !step.uses.as_ref().is_some_and(|uses| uses.is("actions/checkout")) {
            continue;
        }
        let input = |name| setting(&step.with, name).map(|value| value.text.as_str()).filter(|value| !value.is_empty());
        let is_own =
            input("repository").is_none_or(|repository| repository.replace(' ', "") == "${{github.repository}}");
        // Another branch may hold other actions; an expression is nearly always the commit at hand.
        let is_this_commit = input("ref").is_none_or(|reference| reference.contains("${{"));
        if !is_own || !is_this_commit || input("sparse-checkout").is_some() {
            return None;
        }
        match input("path").map(|path| path.trim_start_matches("./").trim_end_matches('/')) {
            None | Some("" | ".") => inside = inside.or(Some(path)),
            Some(directory) if directory.contains("${{") => return None,
            Some(directory) => {
                let below = path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/'));
                inside = below.or(inside);
            }
        }
    }
    inside
}

/// Whether a step that is no plain checkout may put files at `path`.
fn brings_files(step: &Step, path: &str) -> bool {
    let fetches = ["git ", "gh ", "curl", "wget", "tar ", "unzip", "cp ", "mv ", "ln ", "mkdir", "rsync"];
    let runs = |run: &twiceshy_source::Extract| {
        fetches.iter().any(|word| run.text().contains(word)) || run.text().contains(path)
    };
    // An artifact, a cache, another way to check out.
    let takes = |uses: &Uses| {
        let text = uses.text.text.to_ascii_lowercase();
        !uses.is("actions/checkout")
            && ["checkout", "download", "cache", "clone", "extract"].iter().any(|word| text.contains(word))
    };
    step.run.as_ref().is_some_and(runs) || step.uses.as_ref().is_some_and(takes)
}

/// The nearest of `candidates` to `path`, written as `uses:` wants it, and where it stands.
fn nearest_path<'c>(path: &str, candidates: impl Iterator<Item = (&'c str, Place)>) -> Option<(String, Place)> {
    let candidates: Vec<_> = candidates.collect();
    let nearest = crate::nearest(path, candidates.iter().map(|(path, _)| *path))?;
    let (path, place) = candidates.iter().find(|(path, _)| *path == nearest)?;
    Some((format!("./{path}"), *place))
}

impl Action {
    /// A place to point at when the whole file is meant.
    pub fn head(&self) -> Place {
        let start = Place { file: self.file, start: 0, end: 0 };
        self.name.as_ref().or(self.using.as_ref()).map_or(start, |text| text.place)
    }

    /// Actions that the steps of this one use by a path where none stands, and the place of a job's step through which
    /// that path is taken from a checkout of this repository: paths of a composite action begin at the workspace of the
    /// job, which is another repository's where another repository uses it.
    pub fn unknown_actions<'r>(&'r self, repo: &'r Repo) -> Vec<(Unknown<'r>, Place)> {
        let own = Tree::parent(repo.tree.path(self.file));
        let mut unknown = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let Some(uses) = &step.uses else { continue };
            let Target::Local(path) = &uses.target else { continue };
            let is_brought = self.steps[..at].iter().any(|step| {
                brings_files(step, path) || step.uses.as_ref().is_some_and(|uses| uses.is("actions/checkout"))
            });
            if is_brought || is_filled_in(&uses.text.text) || repo.has_action("", path) {
                continue;
            }
            // The first job that uses this action, from a checkout at the root of its workspace.
            let used = repo.workflows_of("").flat_map(|workflow| &workflow.jobs).find_map(|job| {
                job.steps.iter().enumerate().find_map(|(at, step)| {
                    let outer = step.uses.as_ref().filter(|outer| outer.local() == Some(own))?;
                    let is_plain = !repo.earlier_actions_bring(job, at, path);
                    let is_root = inside_checkout(job, at, path) == Some(path.as_str());
                    (is_plain && is_root).then_some(outer.text.place)
                })
            });
            let Some(used) = used else { continue };
            unknown.push((Unknown { text: &uses.text, nearest: repo.nearest_action("", path) }, used));
        }
        unknown
    }
}

impl Repo {
    /// Whether all workflows below `root` were read and understood, and there are any.
    pub(super) fn knows_workflows(&self, root: &str) -> bool {
        let Some(directory) = Tree::join(root, DIRECTORY) else { return false };
        let is_there = |path: &str| Tree::parent(path) == directory;
        self.workflows.iter().any(|workflow| is_there(self.tree.path(workflow.file)))
            && !self.skipped().iter().any(|skip| is_there(&skip.path))
    }

    /// Whether an action stands in the directory `path` below `root`, or may once another repository is there.
    fn has_action(&self, root: &str, path: &str) -> bool {
        let Some(directory) = Tree::join(root, path) else { return true };
        let stands = |name: &str| Tree::join(&directory, name).is_some_and(|path| self.tree.resolve(&path).is_some());
        ["action.yml", "action.yaml", "Dockerfile"].into_iter().any(stands)
            || self.tree.in_submodule(&directory)
            || self.tree.ignores().rule(&directory, true).is_some()
    }

    /// Whether a composite action that runs before step `at` of `job` may put files at `path`.
    fn earlier_actions_bring(&self, job: &Job, at: usize, path: &str) -> bool {
        let directories = job.steps[..at].iter().filter_map(|step| step.uses.as_ref()?.local());
        directories.into_iter().any(|directory| {
            let action = self.actions.iter().find(|action| Tree::parent(self.tree.path(action.file)) == directory);
            let brings = |step: &Step| {
                step.uses.as_ref().is_some_and(|uses| uses.is("actions/checkout")) || brings_files(step, path)
            };
            // One that is a program of its own may do anything.
            action.is_some_and(|action| action.steps.is_empty() || action.steps.iter().any(brings))
        })
    }

    /// The action below `root` whose directory is nearest to `path`, as `uses:` wants it, and where it stands.
    fn nearest_action(&self, root: &str, path: &str) -> Option<(String, Place)> {
        let files = self.actions.iter().filter_map(|action| {
            let directory = Tree::parent(self.tree.path(action.file));
            let below = if root.is_empty() { directory } else { directory.strip_prefix(root)?.strip_prefix('/')? };
            Some((below, action.head()))
        });
        nearest_path(path, files)
    }

    /// The workflows of the repository at `root`.
    pub fn workflows_of<'r>(&'r self, root: &str) -> impl Iterator<Item = &'r Workflow> + use<'r> {
        let root = root.to_owned();
        self.workflows.iter().filter(move |workflow| workflow.root(self) == root)
    }
}

impl Text {
    /// The edit that makes this YAML scalar say `text`, quoted as it is now.
    pub fn say(&self, repo: &Repo, text: &str) -> Option<Edit> {
        let source = repo.tree.source(self.place.file).ok()?;
        let now = source.text().get(self.place.range())?;
        let is_plain = text.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '.' | '/'))
            && !text.contains(": ")
            && !text.contains(" #")
            && !text.contains([',', '[', ']', '{', '}', '\n']);
        let text = match now.bytes().next()? {
            b'\'' => format!("'{}'", text.replace('\'', "''")),
            b'"' => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            _ if is_plain => text.to_owned(),
            _ => format!("'{}'", text.replace('\'', "''")),
        };
        Some(Edit { place: self.place, text })
    }
}
