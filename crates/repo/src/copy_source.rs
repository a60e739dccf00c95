//! `COPY` and `ADD` of paths that Docker is not sent: missing from git, or left out by an ignore file.

use crate::docker::Order;
use crate::dockerfile::{Copy, StepKind, Text};
use crate::script::{Host, PartKind, RedirectKind};
use crate::{BuildContext, Builder, GitIgnored, IgnoreLine, Repo};
use twiceshy_source::{FileId, Place, Tree};

/// A source of `COPY` or `ADD` that a build does not find.
#[derive(Debug)]
pub struct MissingSource<'r> {
    /// The build.
    pub build: BuildContext<'r>,
    /// The step.
    pub copy: &'r Copy,
    /// The source.
    pub source: &'r Text,
    /// The path, from the context.
    pub path: String,
    /// Why Docker does not get it.
    pub why: WhyMissing<'r>,
    /// Other builds of the same Dockerfile in which this source is there.
    pub found_in: Vec<BuildContext<'r>>,
    /// How many other sources of the Dockerfile the context has: one that was guessed and has none is not the one.
    pub others: usize,
}

/// Why a build does not get a path.
#[derive(Debug)]
pub enum WhyMissing<'r> {
    /// Nothing of that name is there.
    Absent {
        /// What has nearly this name, from the context: other capital letters, another directory, a slip.
        near: Option<String>,
    },
    /// It lies on this disk and nobody has added it to git.
    NeverAdded,
    /// Git ignores it, and nothing in the repository makes it.
    GitIgnored(GitIgnored),
    /// The ignore file leaves it out: the build stops.
    Excluded(&'r IgnoreLine),
    /// The ignore file leaves out all that is in it, or all that the pattern matches: the build goes on without.
    Emptied(&'r IgnoreLine),
}

/// How many lines above a step a comment may stand that speaks of it.
const NEAR: usize = 6;

impl Repo {
    /// Every source of `COPY` and `ADD` that a build of this repository does not find.
    pub fn missing_sources(&self) -> Vec<MissingSource<'_>> {
        let builds = self.build_contexts();
        let mut makers = None;
        let mut found = Vec::new();
        for build in &builds {
            for (copy, source, path) in sources(build) {
                let Some(why) = self.why_missing(build, &path) else { continue };
                // What a script makes before the build is not missing.
                if !matches!(why, WhyMissing::Excluded(_) | WhyMissing::Emptied(_)) {
                    let makers = makers.get_or_insert_with(|| self.makers());
                    if makers.make(&path)
                        || self.job_makes(build, &path)
                        || self.program_makes(build, &path)
                        || self.is_asked_for(source, &path)
                    {
                        continue;
                    }
                }
                let others = sources(build)
                    .filter(|(_, other, path)| other.place != source.place && self.why_missing(build, path).is_none())
                    .count();
                let found_in = builds.iter().filter(|other| {
                    other.dockerfile.file == build.dockerfile.file
                        && sources(other).any(|(_, other, _)| other.place == source.place)
                        && self.why_missing(other, &path).is_none()
                });
                let found_in = found_in.cloned().collect();
                found.push(MissingSource { build: build.clone(), copy, source, path, why, found_in, others });
            }
        }
        found
    }

    fn why_missing<'r>(&'r self, build: &BuildContext<'r>, path: &str) -> Option<WhyMissing<'r>> {
        let at = Tree::join(&build.dir, path)?;
        let at = self.tree.follow(&at).unwrap_or(at);
        if path.contains(['*', '?', '[']) {
            return self.emptied_pattern(build, path);
        }
        if self.tree.in_submodule(&at) {
            return None;
        }
        let is_dir = self.tree.has_dir(&at);
        if !is_dir && self.tree.file(&at).is_none() {
            // A link to it out of the tree, a path with a variable, a directory that a tool fills.
            if let Some(ignored) = self.git_ignores(&at, false).or_else(|| self.git_ignores(&at, true)) {
                return Some(WhyMissing::GitIgnored(ignored));
            }
            // A rule that stands outside of the tree: nothing to point at, and not missing by mistake.
            let is_ignored = self.tree.ignores().rule(&at, false).or_else(|| self.tree.ignores().rule(&at, true));
            return is_ignored.is_none().then(|| WhyMissing::Absent { near: self.near_source(build, path) });
        }
        if let Some(ignore) = build.ignore {
            let rule = match is_dir {
                false => ignore.rule(path).map(WhyMissing::Excluded),
                true => self.emptied_directory(build, path, &at),
            };
            if rule.is_some() {
                return rule;
            }
        }
        let is_tracked = |path: &str| self.tree.is_tracked(path);
        let is_added = is_tracked(&at) || is_dir && self.tree.below(&at).any(|file| is_tracked(self.tree.path(file)));
        (!is_added).then_some(WhyMissing::NeverAdded)
    }

    /// The rule because of which nothing in a directory is sent.
    fn emptied_directory<'r>(&'r self, build: &BuildContext<'r>, path: &str, at: &str) -> Option<WhyMissing<'r>> {
        let ignore = build.ignore?;
        let mut first = None;
        for file in self.tree.below(at) {
            // Through a link the file has another path in the context; its rest is the same.
            let inside = self.tree.path(file).strip_prefix(at)?;
            match ignore.rule(&format!("{path}{inside}")) {
                Some(rule) => first = first.or(Some(rule)),
                None => return None,
            }
        }
        match ignore.rule(path) {
            Some(rule) => Some(WhyMissing::Excluded(rule)),
            None => first.map(WhyMissing::Emptied),
        }
    }

    /// The rule because of which a pattern matches nothing: BuildKit goes on without.
    fn emptied_pattern<'r>(&'r self, build: &BuildContext<'r>, pattern: &str) -> Option<WhyMissing<'r>> {
        let ignore = build.ignore?;
        let matcher = glob(pattern)?;
        let mut first = None;
        for file in self.tree.below(&build.dir) {
            let Some(path) = build.inside(self.tree.path(file)) else { continue };
            let above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
            if !above.into_iter().any(&matcher) {
                continue;
            }
            match ignore.rule(path) {
                Some(rule) => first = first.or(Some(rule)),
                None => return None,
            }
        }
        // One source among several that may be there or not (`package.json yarn.lock*`) is written so on purpose.
        let is_optional = pattern.ends_with('*') && !pattern.contains("/*");
        first.filter(|_| !is_optional).map(WhyMissing::Emptied)
    }

    /// What may be meant by a source that is not there.
    fn near_source(&self, build: &BuildContext<'_>, path: &str) -> Option<String> {
        let name = Tree::name(path);
        let mut known: Vec<&str> =
            self.tree.below(&build.dir).filter_map(|file| build.inside(self.tree.path(file))).collect();
        let same_letters = known.iter().find(|known| known.eq_ignore_ascii_case(path));
        if let Some(same) = same_letters {
            return Some((*same).to_owned());
        }
        let mut same_name = known.iter().filter(|known| Tree::name(known) == name);
        if let (Some(one), None) = (same_name.next(), same_name.next()) {
            return Some((*one).to_owned());
        }
        let dir = Tree::parent(path);
        known.retain(|known| Tree::parent(known) == dir);
        let near = crate::nearest(name, known.iter().map(|known| Tree::name(known)))?;
        Tree::join(dir, near)
    }

    /// Whether an earlier step of the job that builds makes `path`, or brings files from elsewhere.
    fn job_makes(&self, build: &BuildContext<'_>, path: &str) -> bool {
        let Builder::Workflow(place) = build.builder else { return false };
        let Some(workflow) = self.workflows.of(place.file) else { return false };
        let holds = |whole: Place| whole.start <= place.start && place.start <= whole.end;
        let Some(job) = workflow.jobs.iter().find(|job| job.steps.iter().any(|step| holds(step.place))) else {
            return false;
        };
        let name = Tree::name(path);
        job.steps.iter().take_while(|step| !holds(step.place)).any(|step| {
            let action = step.uses.as_ref().map(|uses| uses.text.text.split('@').next().unwrap_or_default().to_owned());
            let brings = action.as_deref().is_some_and(|action| match action {
                "actions/checkout" => crate::workflow::setting(&step.with, "repository").is_some(),
                "actions/setup-node" | "actions/setup-python" | "actions/setup-go" | "actions/setup-java" => false,
                action => {
                    action.contains("download")
                        || action.contains("artifact")
                        || action.starts_with('.')
                        || step.with.iter().any(|setting| setting.value.text.contains(name))
                }
            });
            brings || step.run.as_ref().is_some_and(|run| run.text().contains(name))
        })
    }

    /// Whether a program beside the Dockerfile, or at the top of the context, has the name of `path` in quotes: it is the one
    /// that people run before they build.
    fn program_makes(&self, build: &BuildContext<'_>, path: &str) -> bool {
        let is_program = |name: &str| {
            let end = name.rsplit_once('.').map_or("", |(_, end)| end);
            !name.contains('/') && ["py", "js", "mjs", "ts", "rb", "go"].contains(&end)
        };
        let name = Tree::name(path);
        let is_quoted = |text: &str| {
            // Or as the end of a URL.
            text.match_indices(name).any(|(at, _)| {
                text[..at].ends_with(['"', '\'', '/']) && text[at + name.len()..].starts_with(['"', '\''])
            })
        };
        [build.dir.as_str(), Tree::parent(self.tree.path(build.dockerfile.file))].into_iter().any(|dir| {
            let inside =
                |file: &FileId| self.tree.path(*file).strip_prefix(dir).map(|path| path.trim_start_matches('/'));
            let programs = self.tree.below(dir).filter(|file| inside(file).is_some_and(is_program));
            programs.take(50).any(|file| self.tree.source(file).is_ok_and(|source| is_quoted(source.text())))
        })
    }

    /// Whether a comment right above a step names the path: whoever builds is told to put it there.
    fn is_asked_for(&self, copied: &Text, path: &str) -> bool {
        let Ok(source) = self.tree.source(copied.place.file) else { return false };
        let above = source.text().get(..copied.place.start as usize).unwrap_or_default();
        let mut comments = above.lines().rev().take(NEAR).filter(|line| line.trim_start().starts_with('#'));
        let name = Tree::name(path);
        comments.any(|line| {
            let names = line.split(|c: char| !c.is_ascii_alphanumeric() && !"._-/".contains(c));
            let asks = ["make sure", "ensure", "put ", "place ", "add ", "added", "must ", "need", "provide"];
            let mut names = names.map(|word| Tree::name(word.trim_matches(['.', '/'])));
            names.any(|word| word == name) && asks.iter().any(|ask| line.to_ascii_lowercase().contains(ask))
        })
    }

    /// What commands of this repository write.
    fn makers(&self) -> Makers {
        let mut written = Vec::new();
        for script in &self.scripts {
            if matches!(script.host.outermost(), Host::Image { .. } | Host::Service { .. }) {
                continue;
            }
            for command in script.commands() {
                for redirect in command.redirects() {
                    if matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append | RedirectKind::Clobber) {
                        written.push(script.value(&redirect.target).pattern());
                    }
                }
                let name = command.name().unwrap_or_default();
                let reads = ["cat", "grep", "ls", "test", "rm", "echo", "source", ".", "cd", "pip", "pip3", "docker"];
                if reads.contains(&&*name) || Order::of(command).is_some() {
                    continue;
                }
                let words = command.args().iter().filter(|word| {
                    // A whole script given as an argument names much.
                    !word.parts.iter().any(|part| matches!(&part.kind, PartKind::Text(text) if text.contains('\n')))
                });
                written.extend(words.map(|word| script.value(word).pattern()));
            }
        }
        for script in self.node_packages.iter().flat_map(|package| &package.scripts) {
            written.push(script.command.text().to_owned());
        }
        Makers { written }
    }
}

/// What commands write, or may.
struct Makers {
    written: Vec<String>,
}

impl Makers {
    /// Whether a command names the path, its end, or the directory at its start as something to write to.
    fn make(&self, path: &str) -> bool {
        let name = Tree::name(path);
        self.written.iter().any(|written| written.split(['/', '=', ' ', ':', ',']).any(|part| part == name))
    }
}

/// The sources of a build that are paths in the context and known from the text alone: what hangs on a variable hangs
/// on how it is built.
fn sources<'r>(build: &BuildContext<'r>) -> impl Iterator<Item = (&'r Copy, &'r Text, String)> + use<'r> {
    let stages = build.dockerfile.needed(build.target.as_deref());
    let steps = stages.into_iter().flat_map(|stage| &stage.steps).filter(|step| !step.onbuild);
    let copies = steps.filter_map(|step| match &step.kind {
        StepKind::Copy(copy) => Some(copy),
        _ => None,
    });
    copies
        .flat_map(|copy| copy.context_sources().map(move |(source, path)| (copy, source, path)).collect::<Vec<_>>())
        .filter(|(_, source, path)| {
            !path.is_empty() && !source.written.contains('$') && !source.written.starts_with("<<")
        })
}

/// A matcher for Go's `filepath.Match`, as far as `COPY` lines use it; `None` for what they do not.
fn glob(pattern: &str) -> Option<impl Fn(&str) -> bool> {
    if pattern.contains(['[', '\\', '{']) {
        return None;
    }
    let pattern = pattern.to_owned();
    Some(move |path: &str| {
        let (mut parts, mut names) = (pattern.split('/'), path.split('/'));
        loop {
            match (parts.next(), names.next()) {
                (None, None) => return true,
                (Some(part), Some(name)) if matches(part.as_bytes(), name.as_bytes()) => {}
                _ => return false,
            }
        }
    })
}

/// Whether a name matches a pattern of `*` and `?`; takes time in proportion to both.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            Some(letter) if *letter == name[n] => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, n) = (at + 1, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}
