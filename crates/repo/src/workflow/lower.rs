//! From YAML to workflows and actions.

use super::{
    Action, Concurrency, Condition, Container, Declared, Defaults, Job, Matrix, Permissions, Secrets, Setting, Step,
    Text, Trigger, Uses, Workflow,
};
use crate::script::{Dialect, Host, Start, Via};
use crate::{Input, Lowered, Place, Script};
use twiceshy_syntax::yaml::{self, Node};

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let yaml = yaml::parse(input.text());
    let reader = Reader { input };
    if let Some(root) = yaml.root() {
        let workflow = reader.workflow(root);
        for job in &workflow.jobs {
            for (at, step) in job.steps.iter().enumerate() {
                let shell = job.shell(&workflow, step);
                // Without a word about it, Windows runs PowerShell.
                if shell.is_none() && job.runs_on.iter().any(|label| label.text.starts_with("windows")) {
                    continue;
                }
                out.scripts.extend(script(&job.id.text, at, step, shell, job.container.is_some()));
            }
        }
        out.workflows.push(workflow);
    }
    out.flaws.extend(yaml.flaws);
}

pub(crate) fn lower_action(input: Input<'_>, out: &mut Lowered) {
    let yaml = yaml::parse(input.text());
    let reader = Reader { input };
    // Other tools have files of this name; what an action runs tells it from them.
    if let Some((root, runs)) = yaml.root().and_then(|root| Some((root, root.get("runs")?))) {
        let action = Action {
            file: input.file,
            name: reader.text_at(root, "name"),
            using: reader.text_at(runs, "using"),
            inputs: reader.declared(root.get("inputs")),
            outputs: reader.declared(root.get("outputs")),
            steps: reader.steps(runs.get("steps")),
        };
        for (at, step) in action.steps.iter().enumerate() {
            // A composite action's steps have to name their shell.
            out.scripts.extend(
                step.shell.as_ref().map(|shell| script("runs", at, step, Some(shell), false)).unwrap_or_default(),
            );
        }
        out.actions.push(action);
        out.flaws.extend(yaml.flaws);
    }
}

/// What the step at `at` (from 0) runs, if a shell of ours runs it.
fn script(job: &str, at: usize, step: &Step, shell: Option<&Text>, in_container: bool) -> Vec<Script> {
    let name = step.name.as_ref().or(step.id.as_ref()).map_or_else(|| (at + 1).to_string(), |name| name.text.clone());
    if let Some(remote) = &step.remote {
        // The login shell of another machine, without the options of a step.
        let outer = Box::new(Host::Step { job: job.to_owned(), step: name });
        return Script::new(remote.clone(), Host::Inside { outer, via: Via::Ssh }, Start::plain(Dialect::Bash));
    }
    let Some(run) = &step.run else { return Vec::new() };
    let Some(start) = Start::of_step(shell.map(|shell| shell.text.as_str()), in_container) else { return Vec::new() };
    Script::new(run.clone(), Host::Step { job: job.to_owned(), step: name }, start)
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    input: Input<'a>,
}

impl Reader<'_> {
    fn place(self, node: Node<'_>) -> Place {
        Place::new(self.input.file, node.span())
    }

    fn text(self, node: Node<'_>) -> Option<Text> {
        if node.is_null() {
            return None;
        }
        Some(Text { text: node.as_str()?.to_owned(), place: self.place(node) })
    }

    fn text_at(self, node: Node<'_>, key: &str) -> Option<Text> {
        self.text(node.get(key)?)
    }

    /// A scalar, or a sequence of them.
    fn texts(self, node: Option<Node<'_>>) -> Vec<Text> {
        let Some(node) = node else { return Vec::new() };
        if node.is_seq() {
            return node.items().into_iter().filter_map(|item| self.text(item)).collect();
        }
        self.text(node).into_iter().collect()
    }

    fn settings(self, node: Option<Node<'_>>) -> Vec<Setting> {
        let entries = node.map(Node::entries).unwrap_or_default();
        let setting = |(key, value): (Node<'_>, Node<'_>)| {
            let empty = || Text { text: String::new(), place: self.place(value) };
            Some(Setting { name: self.text(key)?, value: self.text(value).unwrap_or_else(empty) })
        };
        entries.into_iter().filter_map(setting).collect()
    }

    fn workflow(self, root: Node<'_>) -> Workflow {
        // YAML 1.1 reads the key `on` as true, and tools that write YAML back leave `true:` behind.
        let on = root.entries().into_iter().find(|(key, _)| matches!(key.as_str(), Some("on" | "true")));
        Workflow {
            file: self.input.file,
            name: self.text_at(root, "name").filter(|name| !name.text.is_empty()),
            on: on.map(|(key, _)| self.place(key)),
            triggers: on.map(|(_, value)| self.triggers(value)).unwrap_or_default(),
            env: self.settings(root.get("env")),
            permissions: self.permissions(root),
            concurrency: self.concurrency(root),
            defaults: self.defaults(root),
            jobs: self.jobs(root.get("jobs")),
        }
    }

    fn triggers(self, on: Node<'_>) -> Vec<Trigger> {
        if on.is_map() {
            let trigger = |(key, value): (Node<'_>, Node<'_>)| Some(self.trigger(self.text(key)?, Some(value)));
            return on.entries().into_iter().filter_map(trigger).collect();
        }
        self.texts(Some(on)).into_iter().map(|event| self.trigger(event, None)).collect()
    }

    fn trigger(self, event: Text, node: Option<Node<'_>>) -> Trigger {
        let texts = |key| self.texts(node.and_then(|node| node.get(key)));
        let declared = |key| self.declared(node.and_then(|node| node.get(key)));
        let times = node.map(Node::items).unwrap_or_default();
        Trigger {
            event,
            types: texts("types"),
            branches: texts("branches"),
            branches_ignore: texts("branches-ignore"),
            tags: texts("tags"),
            tags_ignore: texts("tags-ignore"),
            paths: texts("paths"),
            paths_ignore: texts("paths-ignore"),
            workflows: texts("workflows"),
            cron: times.into_iter().filter_map(|time| self.text_at(time, "cron")).collect(),
            inputs: declared("inputs"),
            secrets: declared("secrets"),
            outputs: declared("outputs"),
        }
    }

    fn declared(self, node: Option<Node<'_>>) -> Vec<Declared> {
        let entries = node.map(Node::entries).unwrap_or_default();
        let declared = |(key, value): (Node<'_>, Node<'_>)| {
            Some(Declared {
                name: self.text(key)?,
                is_required: value.get("required").and_then(Node::as_str) == Some("true"),
                default: self.text_at(value, "default"),
                kind: self.text_at(value, "type"),
                value: self.text_at(value, "value"),
            })
        };
        entries.into_iter().filter_map(declared).collect()
    }

    /// The place of `key` itself, and its value.
    fn entry<'t>(self, node: Node<'t>, key: &str) -> Option<(Place, Node<'t>)> {
        let (name, value) = node.entries().into_iter().find(|(name, _)| name.as_str() == Some(key))?;
        Some((self.place(name), value))
    }

    fn permissions(self, node: Node<'_>) -> Option<Permissions> {
        let (place, value) = self.entry(node, "permissions")?;
        Some(Permissions { place, all: self.text(value), scopes: self.settings(Some(value)) })
    }

    fn concurrency(self, node: Node<'_>) -> Option<Concurrency> {
        let (place, value) = self.entry(node, "concurrency")?;
        Some(Concurrency {
            place,
            group: self.text(value).or_else(|| self.text_at(value, "group")),
            cancel_in_progress: self.text_at(value, "cancel-in-progress"),
        })
    }

    fn defaults(self, node: Node<'_>) -> Defaults {
        let run = node.at(&["defaults", "run"]);
        Defaults {
            shell: run.and_then(|run| self.text_at(run, "shell")),
            working_directory: run.and_then(|run| self.text_at(run, "working-directory")),
        }
    }

    fn jobs(self, node: Option<Node<'_>>) -> Vec<Job> {
        let entries = node.map(Node::entries).unwrap_or_default();
        entries.into_iter().filter_map(|(key, value)| Some(self.job(self.text(key)?, value))).collect()
    }

    fn job(self, id: Text, node: Node<'_>) -> Job {
        let runs_on = node.get("runs-on");
        let environment = node.get("environment");
        let services = node.get("services").map(Node::entries).unwrap_or_default();
        Job {
            id,
            name: self.text_at(node, "name"),
            needs: self.texts(node.get("needs")),
            condition: self.condition(node),
            runs_on: self.texts(runs_on.and_then(|on| on.get("labels")).or(runs_on)),
            container: self.entry_text(node, "container").and_then(|(name, value)| self.container(name, value)),
            services: services.into_iter().filter_map(|(key, value)| self.container(self.text(key)?, value)).collect(),
            matrix: self.matrix(node),
            environment: environment.and_then(|node| self.text(node).or_else(|| self.text_at(node, "name"))),
            concurrency: self.concurrency(node),
            permissions: self.permissions(node),
            env: self.settings(node.get("env")),
            defaults: self.defaults(node),
            continue_on_error: self.text_at(node, "continue-on-error"),
            timeout: self.text_at(node, "timeout-minutes"),
            uses: self.text_at(node, "uses").map(Uses::of),
            with: self.settings(node.get("with")),
            secrets: self.secrets(node.get("secrets")),
            outputs: self.settings(node.get("outputs")),
            steps: self.steps(node.get("steps")),
        }
    }

    fn entry_text<'t>(self, node: Node<'t>, key: &str) -> Option<(Text, Node<'t>)> {
        let (place, value) = self.entry(node, key)?;
        Some((Text { text: key.to_owned(), place }, value))
    }

    fn condition(self, node: Node<'_>) -> Option<Condition> {
        let condition = node.get("if").filter(|condition| !condition.is_null())?;
        Some(Condition::of(condition.extract(self.input.file, self.input.text())?))
    }

    fn container(self, name: Text, node: Node<'_>) -> Option<Container> {
        if node.is_null() {
            return None;
        }
        Some(Container {
            name,
            image: self.text(node).or_else(|| self.text_at(node, "image")),
            env: self.settings(node.get("env")),
            ports: self.texts(node.get("ports")),
            volumes: self.texts(node.get("volumes")),
            options: self.text_at(node, "options"),
        })
    }

    fn matrix(self, node: Node<'_>) -> Option<Matrix> {
        let strategy = node.get("strategy")?;
        let (place, value) = self.entry(strategy, "matrix")?;
        let variables =
            value.entries().into_iter().filter(|(key, _)| !matches!(key.as_str(), Some("include" | "exclude")));
        Some(Matrix {
            place,
            variables: variables.filter_map(|(key, value)| Some((self.text(key)?, self.texts(Some(value))))).collect(),
            fail_fast: strategy.get("fail-fast").and_then(Node::as_str) != Some("false"),
        })
    }

    fn secrets(self, node: Option<Node<'_>>) -> Secrets {
        match node {
            None => Secrets::None,
            Some(node) if node.as_str() == Some("inherit") => Secrets::Inherit(self.place(node)),
            Some(node) => Secrets::Some(self.settings(Some(node))),
        }
    }

    fn steps(self, node: Option<Node<'_>>) -> Vec<Step> {
        let items = node.map(Node::items).unwrap_or_default();
        items.into_iter().filter(|item| item.is_map()).map(|item| self.step(item)).collect()
    }

    /// What the actions that run a script through ssh are given.
    fn remote(self, node: Node<'_>) -> Option<twiceshy_source::Extract> {
        const ACTIONS: &[&str] = &[
            "appleboy/ssh-action",
            "fifsky/ssh-action",
            "garygrossgarten/github-action-ssh",
            "cross-the-world/ssh-pipeline",
        ];
        let uses = self.text_at(node, "uses")?;
        let name = uses.text.split('@').next().unwrap_or_default();
        ACTIONS.contains(&name).then_some(())?;
        let with = node.get("with")?;
        let script = with.get("script").or_else(|| with.get("command")).filter(|script| !script.is_null())?;
        script.extract(self.input.file, self.input.text())
    }

    fn step(self, node: Node<'_>) -> Step {
        let run = node.get("run").filter(|run| !run.is_null());
        Step {
            place: self.place(node),
            id: self.text_at(node, "id"),
            name: self.text_at(node, "name"),
            condition: self.condition(node),
            uses: self.text_at(node, "uses").map(Uses::of),
            with: self.settings(node.get("with")),
            run: run.and_then(|run| run.extract(self.input.file, self.input.text())),
            remote: self.remote(node),
            shell: self.text_at(node, "shell"),
            env: self.settings(node.get("env")),
            continue_on_error: self.text_at(node, "continue-on-error"),
            timeout: self.text_at(node, "timeout-minutes"),
            working_directory: self.text_at(node, "working-directory"),
        }
    }
}
