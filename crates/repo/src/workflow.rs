//! A GitHub workflow, reusable or not, and the composite actions that stand in its place.

mod condition;
mod dispatch;
mod links;
mod lower;
mod uses;

pub use condition::{Condition, Meaning};
pub use dispatch::UnknownStart;
pub use links::{Named, Unknown};
pub(crate) use lower::{lower, lower_action};
pub use uses::{Target, Uses};

use crate::{FileId, Place};
use twiceshy_source::Extract;

/// A workflow: a file in `.github/workflows`.
#[derive(Debug)]
pub struct Workflow {
    /// The file.
    pub file: FileId,
    /// Its `name:`; without one GitHub calls it by its path.
    pub name: Option<Text>,
    /// The `on:` key; nothing starts a workflow without it.
    pub on: Option<Place>,
    /// What starts it, in order.
    pub triggers: Vec<Trigger>,
    /// Environment of all steps.
    pub env: Vec<Setting>,
    /// What its token may do.
    pub permissions: Option<Permissions>,
    /// Which runs exclude each other.
    pub concurrency: Option<Concurrency>,
    /// `defaults.run`
    pub defaults: Defaults,
    /// Its jobs, in order.
    pub jobs: Vec<Job>,
}

/// An action of this repository: `action.yml`. One that runs JavaScript or a container has no steps.
#[derive(Debug)]
pub struct Action {
    /// The file.
    pub file: FileId,
    /// Its `name:`.
    pub name: Option<Text>,
    /// `runs.using`: `composite`, `node20`, `docker`.
    pub using: Option<Text>,
    /// What it takes.
    pub inputs: Vec<Declared>,
    /// What it gives.
    pub outputs: Vec<Declared>,
    /// Its steps, if it is composite.
    pub steps: Vec<Step>,
}

/// A scalar as decoded, and where it stands, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// A name and its value: an entry of `env:`, `with:`, `secrets:`, `outputs:`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub name: Text,
    /// The value; empty for what is no scalar.
    pub value: Text,
}

/// An event that starts a workflow, with its filters.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The event: `push`, `workflow_run`.
    pub event: Text,
    /// Kinds of the event; empty: GitHub's default for it.
    pub types: Vec<Text>,
    /// Branches it is about; of a `workflow_run` the branches on which the other workflow ran.
    pub branches: Vec<Text>,
    /// Branches it is not about.
    pub branches_ignore: Vec<Text>,
    /// Tags it is about.
    pub tags: Vec<Text>,
    /// Tags it is not about.
    pub tags_ignore: Vec<Text>,
    /// Paths it is about.
    pub paths: Vec<Text>,
    /// Paths it is not about.
    pub paths_ignore: Vec<Text>,
    /// Names of the workflows that a `workflow_run` waits for.
    pub workflows: Vec<Text>,
    /// Times of a `schedule`.
    pub cron: Vec<Text>,
    /// What a `workflow_dispatch` or `workflow_call` takes.
    pub inputs: Vec<Declared>,
    /// Secrets that a `workflow_call` takes.
    pub secrets: Vec<Declared>,
    /// What a `workflow_call` gives.
    pub outputs: Vec<Declared>,
}

/// An input, secret or output as declared.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: Text,
    /// `required: true`
    pub is_required: bool,
    /// Its default.
    pub default: Option<Text>,
    /// Its type.
    pub kind: Option<Text>,
    /// The value of an output.
    pub value: Option<Text>,
}

/// What a token may do.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// The key `permissions`.
    pub place: Place,
    /// `read-all`, `write-all`
    pub all: Option<Text>,
    /// Permissions one by one; what is not named is refused.
    pub scopes: Vec<Setting>,
}

/// Which runs exclude each other: one runs, one waits, others are cancelled.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// The key `concurrency`.
    pub place: Place,
    /// The group.
    pub group: Option<Text>,
    /// Whether a new run ends a running one; may be an expression.
    pub cancel_in_progress: Option<Text>,
}

/// `defaults.run`
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The shell of `run:` steps that name none.
    pub shell: Option<Text>,
    /// Their directory.
    pub working_directory: Option<Text>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its key.
    pub id: Text,
    /// Its `name:`.
    pub name: Option<Text>,
    /// Jobs that it waits for.
    pub needs: Vec<Text>,
    /// Its `if:`.
    pub condition: Option<Condition>,
    /// Labels of its runner.
    pub runs_on: Vec<Text>,
    /// The container its steps run in.
    pub container: Option<Container>,
    /// Containers beside it.
    pub services: Vec<Container>,
    /// Its matrix.
    pub matrix: Option<Matrix>,
    /// The deployment environment.
    pub environment: Option<Text>,
    /// Which jobs exclude each other.
    pub concurrency: Option<Concurrency>,
    /// What its token may do.
    pub permissions: Option<Permissions>,
    /// Environment of its steps.
    pub env: Vec<Setting>,
    /// `defaults.run` of the job.
    pub defaults: Defaults,
    /// `continue-on-error`, which may be an expression.
    pub continue_on_error: Option<Text>,
    /// `timeout-minutes`
    pub timeout: Option<Text>,
    /// The reusable workflow that it calls.
    pub uses: Option<Uses>,
    /// Inputs for it.
    pub with: Vec<Setting>,
    /// Secrets for it.
    pub secrets: Secrets,
    /// What it gives to jobs that need it.
    pub outputs: Vec<Setting>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Secrets that a called workflow is given.
#[derive(Clone, Debug, Default)]
pub enum Secrets {
    /// None.
    #[default]
    None,
    /// `inherit`: all.
    Inherit(Place),
    /// These.
    Some(Vec<Setting>),
}

/// A container of a job, or a service beside it.
#[derive(Clone, Debug)]
pub struct Container {
    /// The service's key, or the key `container`.
    pub name: Text,
    /// The image; may be an expression.
    pub image: Option<Text>,
    /// Its environment.
    pub env: Vec<Setting>,
    /// Ports, as written.
    pub ports: Vec<Text>,
    /// Volumes, as written.
    pub volumes: Vec<Text>,
    /// Flags for `docker create`.
    pub options: Option<Text>,
}

/// The variants of a job.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The key `matrix`.
    pub place: Place,
    /// Each variable with its values; none where an expression gives them.
    pub variables: Vec<(Text, Vec<Text>)>,
    /// `fail-fast`; true unless said.
    pub fail_fast: bool,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// All of it.
    pub place: Place,
    /// Its `id:`.
    pub id: Option<Text>,
    /// Its `name:`.
    pub name: Option<Text>,
    /// Its `if:`.
    pub condition: Option<Condition>,
    /// The action it uses.
    pub uses: Option<Uses>,
    /// Inputs of the action.
    pub with: Vec<Setting>,
    /// What it runs, as written: `${{ }}` included.
    pub run: Option<Extract>,
    /// What its action runs on another machine, through ssh.
    pub remote: Option<Extract>,
    /// The shell it names.
    pub shell: Option<Text>,
    /// Its environment.
    pub env: Vec<Setting>,
    /// `continue-on-error`, which may be an expression.
    pub continue_on_error: Option<Text>,
    /// `timeout-minutes`
    pub timeout: Option<Text>,
    /// Its directory.
    pub working_directory: Option<Text>,
}

impl Workflow {
    /// The trigger for `event`.
    pub fn trigger(&self, event: &str) -> Option<&Trigger> {
        self.triggers.iter().find(|trigger| trigger.event.text == event)
    }

    /// The job with this key. GitHub ignores the case of keys.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.text.eq_ignore_ascii_case(id))
    }
}

/// The value of `name` in settings; GitHub ignores the case of inputs.
pub fn setting<'s>(settings: &'s [Setting], name: &str) -> Option<&'s Text> {
    settings.iter().find(|setting| setting.name.text.eq_ignore_ascii_case(name)).map(|setting| &setting.value)
}

impl Job {
    /// The shell of a step: its own, the job's, the workflow's. `None`: nothing names one, which means `bash -e` without
    /// `pipefail` (`sh -e` in a container; actions/runner, `ScriptHandler`).
    pub fn shell<'w>(&'w self, workflow: &'w Workflow, step: &'w Step) -> Option<&'w Text> {
        step.shell.as_ref().or(self.defaults.shell.as_ref()).or(workflow.defaults.shell.as_ref())
    }

    /// The directory of a step, from the repository's root; `None` for the root itself.
    pub fn working_directory<'w>(&'w self, workflow: &'w Workflow, step: &'w Step) -> Option<&'w Text> {
        let by_default = self.defaults.working_directory.as_ref();
        step.working_directory.as_ref().or(by_default).or(workflow.defaults.working_directory.as_ref())
    }
}
