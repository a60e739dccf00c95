//! `docker build`.

use super::{Arg, DockerCall, Given};
use crate::Repo;
use twiceshy_source::Tree;

/// An image that is built.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its options.
    pub given: Given,
    /// The context.
    pub context: Arg,
}

/// What a build takes its files from: paths from the root of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildPaths {
    pub dockerfile: String,
    pub context: String,
    pub target: Option<String>,
}

impl Repo {
    /// The Dockerfile and the context of a build, of the directories that the command may run in the first where both
    /// are there.
    pub(crate) fn build_paths(&self, call: &DockerCall<'_>, build: &Build) -> Option<BuildPaths> {
        let context = build.context.pattern();
        if context == "-" || context.contains("://") || context.starts_with("git@") {
            return None;
        }
        let written = call.script().written(build.context.span);
        if context == "*" && !self.is_of_the_repository(call.script(), written) {
            return None;
        }
        let target = match build.given.get("--target") {
            Some(target) => Some(target.text()?),
            None => None,
        };
        let file = build.given.get("--file").map(Arg::pattern);
        self.directories_at(call.command).iter().find_map(|dir| {
            let script = call.script();
            let dirs = [dir.clone()];
            let of = |arg: &Arg| {
                self.directories_of(&self.unknown_dirs(script, script.written(arg.span)), &dirs, &arg.pattern())
            };
            // An absolute path is one of the machine that builds.
            let context = of(&build.context).into_iter().next().filter(|_| !context.starts_with('/'))?;
            let dockerfile = match &file {
                None => Tree::join(&context, "Dockerfile")?,
                Some(file) => {
                    let (above, name) = file.rsplit_once('/').unwrap_or(("", file));
                    if above.is_empty() || !above.contains('*') {
                        Tree::join(dir, file)?
                    } else {
                        let arg = build.given.get("--file")?;
                        let homes = self.unknown_dirs(script, script.written(arg.span));
                        let above = self.directories_of(&homes, &dirs, above).into_iter().next()?;
                        Tree::join(&above, name)?
                    }
                }
            };
            self.tree.resolve(&dockerfile)?;
            Some(BuildPaths { dockerfile, context, target: target.clone() })
        })
    }
}
