//! Workflows that scripts start by name: `gh workflow run`, requests to GitHub's API.

use super::Workflow;
use crate::script::{Host, PartKind, Script, Word};
use crate::{Edit, Focus, Place, Repo, Span, Tree};

/// A workflow that a script starts and that is not there.
#[derive(Clone, Debug)]
pub struct UnknownStart {
    /// The name or file as given.
    pub name: String,
    /// Where.
    pub place: Place,
    /// How it is started: `gh workflow run`, `a request to GitHub`.
    pub how: String,
    /// The nearest one: as it would have to be given, and where it stands.
    pub nearest: Option<(String, Place)>,
    /// The variable that the name stands in, and where it is set.
    pub set: Option<(String, Place)>,
    /// The edit that names the nearest one.
    pub edit: Option<Edit>,
}

impl Repo {
    /// Workflows of this repository that scripts start and that are not there.
    pub fn workflows_that_scripts_miss(&self, focus: Focus) -> Vec<UnknownStart> {
        self.scripts.within(focus).flat_map(|script| self.unknown_starts(script)).collect()
    }

    /// Workflows of this repository that `script` starts and that are not there.
    fn unknown_starts(&self, script: &Script) -> Vec<UnknownStart> {
        let speaks = ["gh ", "actions/workflows/"].iter().any(|word| script.text().contains(word));
        let is_page = matches!(script.host.outermost(), Host::Fence { .. });
        if !speaks || is_page || !self.knows_workflows("") || self.means_another_repository(script) {
            return Vec::new();
        }
        let mut unknown = Vec::new();
        for command in script.commands() {
            if let Some(gh) = command.runs("gh").filter(|gh| !gh.elsewhere) {
                let verbs = gh.operands(&[
                    "-R",
                    "--repo",
                    "-r",
                    "--ref",
                    "-f",
                    "--raw-field",
                    "-F",
                    "--field",
                    "-X",
                    "--method",
                    "-H",
                ]);
                let verb: Vec<_> = verbs.iter().filter_map(|word| script.value(word).known()).collect();
                let is_named = verb.len() >= 3
                    && verb[0] == "workflow"
                    && ["run", "enable", "disable", "view"].contains(&verb[1].as_str());
                if is_named && verbs.len() >= 3 && !gh.has_option("-R") && !gh.has_option("--repo") {
                    // An operand of unknown value before the name would shift it: all three have to be known.
                    let name = script.value(verbs[2]).known();
                    unknown.extend(name.and_then(|name| {
                        self.unknown_start(
                            script,
                            &name,
                            &Given::by(script, verbs[2]),
                            &format!("gh workflow {}", verb[1]),
                        )
                    }));
                }
            }
            for word in command.words() {
                let written = script.written(word.span);
                let is_here = ["{owner}/{repo}", ":owner/:repo", "GITHUB_REPOSITORY", "github.repository"]
                    .iter()
                    .any(|here| written.contains(here));
                let Some(at) = written.find("/actions/workflows/").filter(|_| is_here) else { continue };
                let start = at + "/actions/workflows/".len();
                let Some(end) = written[start..].find('/').map(|end| start + end) else { continue };
                let name = &written[start..end];
                if written[end..].starts_with("/dispatches") && is_file(name) && !name.contains('$') {
                    let from = word.span.start as usize;
                    let span = Span::new(from + start, from + end);
                    unknown.extend(self.unknown_start(script, name, &Given::at(span), "a request to GitHub"));
                }
            }
        }
        unknown
    }

    fn unknown_start(&self, script: &Script, name: &str, given_by: &Given, how: &str) -> Option<UnknownStart> {
        if name.is_empty() || name.contains(['$', '{', '<']) || name.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let file = |workflow: &Workflow| Tree::name(self.tree.path(workflow.file));
        let here: Vec<&Workflow> = self.workflows_of("").collect();
        let candidates: Vec<(&str, Place)> = if is_file(name) {
            here.iter().map(|workflow| (file(workflow), workflow.head())).collect()
        } else {
            here.iter().map(|workflow| workflow.called(self)).map(|named| (named.name, named.place)).collect()
        };
        let given = if is_file(name) { Tree::name(name) } else { name };
        if candidates.iter().any(|(candidate, _)| candidate.eq_ignore_ascii_case(given)) {
            return None;
        }
        let nearest = crate::nearest(given, candidates.iter().map(|(candidate, _)| *candidate));
        let nearest = nearest.and_then(|nearest| candidates.iter().find(|(candidate, _)| *candidate == nearest));
        let edit = nearest.and_then(|(nearest, _)| {
            let is_plain = nearest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
            let text = if is_plain { (*nearest).to_owned() } else { format!("\"{nearest}\"") };
            if nearest.contains(['"', '$', '`', '\\']) { None } else { script.edit(given_by.written?, &text) }
        });
        Some(UnknownStart {
            name: name.to_owned(),
            place: script.place(given_by.read),
            how: how.to_owned(),
            nearest: nearest.map(|(nearest, place)| ((*nearest).to_owned(), *place)),
            set: given_by.set.as_ref().map(|(variable, span)| (variable.clone(), script.place(*span))),
            edit,
        })
    }

    /// Whether `gh` may speak of another repository: told so by the environment, or started in another checkout.
    fn means_another_repository(&self, script: &Script) -> bool {
        let text = script.text();
        if ["GH_REPO", "gh repo clone", "git clone", "repo set-default", "cd "].iter().any(|word| text.contains(word)) {
            return true;
        }
        let of_step = self.workflows.iter().filter(|workflow| workflow.file == script.file);
        of_step.into_iter().any(|workflow| {
            let steps = || workflow.jobs.iter().flat_map(|job| &job.steps);
            let settings = workflow
                .env
                .iter()
                .chain(workflow.jobs.iter().flat_map(|job| &job.env))
                .chain(steps().flat_map(|step| &step.env));
            let is_told = settings.into_iter().any(|setting| setting.name.text == "GH_REPO");
            is_told
                || steps().any(|step| {
                    step.uses.as_ref().is_some_and(|uses| uses.is("actions/checkout"))
                        && super::setting(&step.with, "repository").is_some()
                })
        })
    }
}

/// How a script comes by a name.
struct Given {
    /// Where it is used.
    read: Span,
    /// Where it stands as text, and nothing else with it.
    written: Option<Span>,
    /// The variable that holds it, and where that is set.
    set: Option<(String, Span)>,
}

impl Given {
    fn at(span: Span) -> Self {
        Self { read: span, written: Some(span), set: None }
    }

    fn by(script: &Script, word: &Word) -> Self {
        if word.literal().is_some() {
            return Self::at(word.span);
        }
        let mut given = Self { read: word.span, written: None, set: None };
        if let [part] = word.parts.as_slice()
            && let PartKind::Variable(variable) = &part.kind
            && let [(_, assignment)] = script.assignments(&variable.name)[..]
            && let Some(value) = &assignment.value
        {
            given.set = Some((variable.name.to_string(), assignment.name.span.to(value.span)));
            given.written = value.literal().map(|_| value.span).filter(|_| variable.operator.is_empty());
        }
        given
    }
}

fn is_file(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}
