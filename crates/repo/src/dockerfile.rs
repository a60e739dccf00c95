//! A Dockerfile: its stages, what each step does, and what a stage inherits.

mod lowering;
mod packages;
mod scope;
mod steps;

pub use packages::Package;
pub use steps::{Command, Copy, CopyFrom, Healthcheck, Run, Step, StepKind, Text, Variable};

use crate::{Image, Input, Lowered};
use twiceshy_source::{Extract, FileId, Place};
use twiceshy_syntax::dockerfile as syntax;

/// A Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// The file it stands in.
    pub file: FileId,
    /// The `ARG`s before the first `FROM`.
    pub args: Vec<Variable>,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    escape: char,
}

/// One stage: a `FROM` and the steps after it.
#[derive(Debug)]
pub struct Stage {
    /// The `FROM` line.
    pub place: Place,
    /// Its number, from 0.
    pub index: usize,
    /// Its name: `AS name`.
    pub name: Option<Text>,
    /// What it builds on, as written and with the defaults of the `ARG`s above.
    pub from: Text,
    /// What it builds on.
    pub base: Base,
    /// `--platform=…`
    pub platform: Option<Text>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    from_word: syntax::Word,
}

/// What a stage builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Scratch,
    /// An earlier stage, by its number.
    Stage(usize),
    /// An image, with the defaults of the `ARG`s.
    Image(Image),
    /// It hangs on a variable that has no default here.
    Unknown,
}

impl Dockerfile {
    /// The stage that a build without a target makes.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The stage that a build with this target makes: a name in any case of letters, or a number.
    pub fn stage(&self, target: Option<&str>) -> Option<&Stage> {
        let Some(target) = target else {
            return self.final_stage();
        };
        let named = self.stages.iter().rev().find(|stage| stage.is_named(target));
        named.or_else(|| self.stages.get(target.parse::<usize>().ok()?))
    }

    /// The stage and the earlier ones it builds on, nearest first.
    pub fn lineage<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Stage> {
        std::iter::successors(Some(stage), |stage| match stage.base {
            // A stage builds on earlier ones only, so this ends.
            Base::Stage(index) if index < stage.index => self.stages.get(index),
            _ => None,
        })
    }

    /// The stages that a build with this target makes, in their order: the stage itself, those it builds on, and those
    /// that it copies or mounts from. BuildKit passes over the others.
    pub fn needed(&self, target: Option<&str>) -> Vec<&Stage> {
        let mut needed = vec![false; self.stages.len()];
        let mut next: Vec<usize> = self.stage(target).map(|stage| stage.index).into_iter().collect();
        while let Some(index) = next.pop() {
            let Some(stage) = self.stages.get(index) else { continue };
            if std::mem::replace(&mut needed[index], true) {
                continue;
            }
            if let Base::Stage(base) = stage.base {
                next.push(base);
            }
            for step in &stage.steps {
                match &step.kind {
                    StepKind::Copy(Copy { from: Some(CopyFrom::Stage(from)), .. }) => next.push(*from),
                    StepKind::Run(run) => {
                        let options = run.mounts.iter().flat_map(|mount| mount.written.split(','));
                        let names = options.filter_map(|option| option.strip_prefix("from="));
                        next.extend(names.filter_map(|name| self.stage(Some(name))).map(|stage| stage.index));
                    }
                    _ => {}
                }
            }
        }
        self.stages.iter().filter(|stage| needed[stage.index]).collect()
    }

    /// The image at the bottom of a stage, and the `FROM` that names it. `args` are given to the build and override the
    /// defaults; `None` when the image is `scratch` or hangs on what is not known.
    pub fn base_image(&self, stage: &Stage, args: &dyn Fn(&str) -> Option<String>) -> Option<(Image, Place)> {
        let root = self.lineage(stage).last()?;
        if !matches!(root.base, Base::Image(_) | Base::Unknown) {
            return None;
        }
        let mut lookup = |name: &str| {
            let declared = self.args.iter().rev().find(|arg| arg.name.written == name)?;
            args(name).or_else(|| declared.value.as_ref()?.value.clone())
        };
        let name = root.from_word.expand(self.escape, &mut lookup)?;
        Some((Image::parse(&name)?, root.from.place))
    }

    /// Every step that shapes the image of a stage, those it inherits first.
    pub fn steps_of<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Step> {
        let mut lineage: Vec<_> = self.lineage(stage).collect();
        lineage.reverse();
        lineage.into_iter().flat_map(|stage| stage.steps.iter().filter(|step| !step.onbuild))
    }

    /// The health check of a stage's image, if its Dockerfile gives it one. Of several, the last counts.
    pub fn healthcheck<'a>(&'a self, stage: &'a Stage) -> Option<&'a Healthcheck> {
        let checks = self.steps_of(stage).filter_map(|step| match &step.kind {
            StepKind::Healthcheck(check) => Some(check),
            _ => None,
        });
        checks.last()
    }

    /// What a container of a stage starts with (`ENTRYPOINT`, then `CMD`), where its Dockerfile says so.
    pub fn starts<'a>(&'a self, stage: &'a Stage) -> (Option<&'a Command>, Option<&'a Command>) {
        let (mut entrypoint, mut cmd) = (None, None);
        for step in self.steps_of(stage) {
            match &step.kind {
                StepKind::Entrypoint(command) => entrypoint = Some(command),
                StepKind::Cmd(command) => cmd = Some(command),
                _ => {}
            }
        }
        (entrypoint, cmd)
    }

    /// The value of an `ENV` variable in a stage's image; the last one set counts.
    pub fn env<'a>(&'a self, stage: &'a Stage, name: &str) -> Option<&'a Variable> {
        let variables = self.steps_of(stage).filter_map(|step| match &step.kind {
            StepKind::Env(variables) => variables.iter().rfind(|variable| variable.name.written == name),
            _ => None,
        });
        variables.last()
    }

    /// The packages that a stage's `RUN` steps install, those it inherits first.
    pub fn packages<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Package> {
        self.steps_of(stage).flat_map(|step| match &step.kind {
            StepKind::Run(run) => run.packages.as_slice(),
            _ => &[],
        })
    }

    /// Whether a stage's image gets the program `name` from a package of that name, or from a `COPY`/`ADD` to a path that
    /// ends with it.
    pub fn brings(&self, stage: &Stage, name: &str) -> bool {
        self.packages(stage).any(|package| package.name == name)
            || self.steps_of(stage).any(|step| match &step.kind {
                StepKind::Copy(copy) => copy.brings(name),
                _ => false,
            })
    }
}

impl Stage {
    /// Whether `name` is this stage's, in any case of letters.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.written.eq_ignore_ascii_case(name))
    }

    /// The `COPY` and `ADD` steps.
    pub fn copies(&self) -> impl Iterator<Item = (&Step, &Copy)> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Copy(copy) => Some((step, copy)),
            _ => None,
        })
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let text = Extract::verbatim(input.file, 0, input.text());
    lowering::lower(&text, out);
}

#[cfg(test)]
mod tests;
