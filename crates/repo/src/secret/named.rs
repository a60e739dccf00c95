//! Values that stand under the name of a secret: in scripts, Compose and env files, Dockerfiles and workflows.

use super::{judge, made_up};
use crate::Repo;
use crate::compose::{EnvVar, Text};
use crate::dockerfile::StepKind;
use crate::script::{Command, Host, NodeId, NodeKind, PartKind, Script, Word};
use crate::workflow::Setting;
use twiceshy_source::{Edit, Place, Span};

/// A value under the name of a secret.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The value, quotes left out.
    pub place: Place,
    pub name: String,
    pub length: usize,
    pub print: u64,
    /// Whether a program made it.
    pub is_generated: bool,
    /// Where it is used on another machine, though people made it up.
    pub used_at: Option<Place>,
    /// Whether it stands on a page.
    pub is_page: bool,
    /// Whether it stands in a stack that runs the working copy: somebody's own machine.
    pub is_of_developers: bool,
    /// What the same file does with it.
    pub uses: Vec<(Place, String)>,
    /// A reference in its place, and the edit that puts it there.
    pub reference: Option<(String, Edit)>,
}

impl Repo {
    /// Every value under the name of a secret that may be one.
    pub(super) fn named_secrets(&self) -> Vec<Named> {
        let mut found = Vec::new();
        for script in &self.scripts {
            found.extend_from_slice(script.secrets.get_or_init(|| of_script(script).into()));
        }
        for project in &self.projects {
            let first = found.len();
            for service in &project.services {
                let args = service.build.iter().flat_map(|build| &build.args);
                for variable in service.environment.iter().chain(args) {
                    of_compose(variable, &service.name, &mut found);
                }
            }
            // An override is not among them: that is where keys are put to try something.
            if found.len() > first && project.services.iter().any(|service| self.runs_working_copy(service)) {
                found[first..].iter_mut().for_each(|one| one.is_of_developers = true);
            }
        }
        for entry in self.env.iter().flat_map(|env| &env.entries) {
            if let Some(text) = entry.value.as_ref().filter(|text| text.is_literal()) {
                found.extend(named(&entry.name, text.raw(), text.place_of(whole(text.raw()))));
            }
        }
        for stage in self.dockerfiles.iter().flat_map(|dockerfile| &dockerfile.stages) {
            for step in &stage.steps {
                let (StepKind::Env(variables) | StepKind::Arg(variables)) = &step.kind else { continue };
                for variable in variables {
                    let Some(value) = variable.value.as_ref().filter(|value| !value.written.contains('$')) else {
                        continue;
                    };
                    found.extend(named(&variable.name.written, &value.written, value.place));
                }
            }
        }
        for workflow in &self.workflows {
            of_settings(&workflow.env, &mut found);
            for job in &workflow.jobs {
                of_settings(&job.env, &mut found);
                of_settings(&job.with, &mut found);
                for step in &job.steps {
                    of_settings(&step.env, &mut found);
                    of_settings(&step.with, &mut found);
                }
            }
        }
        found
    }
}

fn whole(text: &str) -> Span {
    Span::new(0, text.len())
}

/// The value, if its name is a secret's and it looks as if a program had made it.
fn named(name: &str, value: &str, place: Place) -> Option<Named> {
    if !judge::is_generated(value) || !judge::names_secret(name) {
        return None;
    }
    Some(Named {
        place,
        name: name.to_owned(),
        length: value.chars().count(),
        print: judge::print(value),
        is_generated: true,
        used_at: None,
        is_page: false,
        is_of_developers: false,
        uses: Vec::new(),
        reference: None,
    })
}

fn of_compose(variable: &EnvVar, service: &str, found: &mut Vec<Named>) {
    let Some(text) = &variable.value else { return };
    let uses = || vec![(variable.place, format!("gives it to `{service}`"))];
    let reference = |text: &Text, span: Span| {
        let said = format!("${{{}:?set {0}}}", variable.name);
        let edit = text.extract().edit(span, &said)?;
        Some((said, edit))
    };
    if text.is_literal() {
        let Some(one) = named(&variable.name, text.raw(), text.place_of(whole(text.raw()))) else { return };
        let reference = if is_variable(&variable.name) { reference(text, whole(text.raw())) } else { None };
        found.push(Named { uses: uses(), reference, ..one });
        return;
    }
    // `${SECRET:-value}`: the same for everybody who sets none.
    for inner in text.variables() {
        let at = text.raw().find(&inner.word).filter(|_| !inner.word.is_empty());
        let Some(at) = at.filter(|_| !inner.nested) else { continue };
        let place = text.place_of(Span::new(at, at + inner.word.len()));
        let Some(one) = named(&variable.name, &inner.word, place) else { continue };
        let all = text.raw().find("${").zip(text.raw().rfind('}')).map(|(start, end)| Span::new(start, end + 1));
        let reference = all.filter(|span| span.of(text.raw()).matches('$').count() == 1).and_then(|span| {
            let said = format!("${{{}:?set {0}}}", inner.name);
            Some((said.clone(), text.extract().edit(span, &said)?))
        });
        found.push(Named { uses: uses(), reference, ..one });
    }
}

fn of_settings(settings: &[Setting], found: &mut Vec<Named>) {
    for setting in settings {
        let value = &setting.value.text;
        if value.contains("${{") {
            continue;
        }
        let Some(one) = named(&setting.name.text, value, setting.value.place) else { continue };
        let said = format!("${{{{ secrets.{} }}}}", setting.name.text.to_ascii_uppercase().replace('-', "_"));
        let edit = Edit { place: setting.value.place, text: said.clone() };
        found.push(Named { reference: Some((said, edit)), ..one });
    }
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn of_script(script: &Script) -> Vec<Named> {
    let mut found = Vec::new();
    for id in script.shell().ids() {
        let NodeKind::Simple(simple) = &script.node(id).kind else { continue };
        for assignment in &simple.assignments {
            if let Some(word) = assignment.value.as_ref().filter(|_| !assignment.append) {
                of_word(script, id, &assignment.name.text, word, &mut found);
            }
        }
        if let Some(command) = script.command(id) {
            let assigned: Vec<Span> = simple.assignments.iter().map(|assignment| assignment.span).collect();
            of_command(command, &assigned, &mut found);
        }
    }
    found
}

/// The value of a variable, or its default.
fn of_word(script: &Script, id: NodeId, name: &str, word: &Word, found: &mut Vec<Named>) {
    // First, for the rest looks at the whole script.
    if !judge::names_secret(name) {
        return;
    }
    let (value, span, is_default) = match (word.literal(), word.parts.as_slice()) {
        (Some(value), _) => (value, word.span, false),
        (None, [part]) => {
            let PartKind::Variable(variable) = &part.kind else { return };
            let default = variable.argument.as_ref().filter(|_| matches!(&*variable.operator, ":-" | "-" | ":=" | "="));
            let Some((default, value)) = default.and_then(|default| Some((default, default.literal()?))) else {
                return;
            };
            (value, default.span, true)
        }
        _ => return,
    };
    let place = script.place(unquoted(script, span));
    let uses = used_here(script, id, name);
    let said = format!("${{{name}:?set {name}}}");
    let is_own = !matches!(script.host.outermost(), Host::Fence { .. } | Host::Step { .. } | Host::Image { .. });
    let edit = script.edit(word.span, &format!("\"{said}\"")).filter(|_| is_own && is_variable(name));
    let reference = edit.map(|edit| (said, edit));
    let is_page = matches!(script.host.outermost(), Host::Fence { .. });
    if let Some(one) = named(name, &value, place) {
        found.push(Named { uses, reference, is_page, ..one });
    } else if !is_default && !is_page && judge::is_made_up(name, &value) {
        found.push(made_up((script, id), name, &value, place, uses, reference));
    }
}

fn made_up(
    at: (&Script, NodeId),
    name: &str,
    value: &str,
    place: Place,
    uses: Vec<(Place, String)>,
    reference: Option<(String, Edit)>,
) -> Named {
    Named {
        place,
        name: name.to_owned(),
        length: value.chars().count(),
        print: judge::print(value),
        is_generated: false,
        used_at: made_up::used_at(at, name, place),
        is_page: false,
        is_of_developers: false,
        uses,
        reference,
    }
}

/// The command that first takes the variable.
fn used_here(script: &Script, id: NodeId, name: &str) -> Vec<(Place, String)> {
    let takes = |command: &Command<'_>| {
        command.words().iter().any(|word| word.variables().iter().any(|variable| *variable.name == *name))
    };
    let first =
        script.commands().find(|command| command.id != id && script.runs_before(id, command.id) && takes(command));
    let own = script
        .command(id)
        .filter(|command| command.name().is_some_and(|own| own != "export" && own != "readonly" && own != "local"));
    first.or(own).map(|command| (command.words_place(), "uses it".to_owned())).into_iter().collect()
}

/// Secrets that a program is given on its command line: `--password=…`, `-e NAME=…`, `mysql -p…`, `user:…@host`.
///
/// What stands in `assigned` has been looked at.
fn of_command(command: Command<'_>, assigned: &[Span], found: &mut Vec<Named>) {
    let script = command.script;
    let is_page = matches!(script.host.outermost(), Host::Fence { .. });
    let mut option: Option<String> = None;
    let innermost = command.innermost();
    let is_mysql = innermost
        .name()
        .is_some_and(|name| matches!(&*name, "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump"));
    for word in command.words() {
        let before = option.take();
        let Some(text) = word.literal() else { continue };
        let is_assigned = assigned.iter().any(|span| span.start <= word.span.start && word.span.end <= span.end);
        if text.len() > 4096 || is_assigned {
            continue;
        }
        let at = unquoted(script, word.span);
        // Where a word has quotes inside, its text and what is written differ.
        let is_plain = script.written(at) == text;
        let part = |start: usize, end: usize| {
            let span = if is_plain { Span { start: at.start + start as u32, end: at.start + end as u32 } } else { at };
            script.place(span)
        };
        let mut add = |name: &str, start: usize, end: usize| {
            let Some(value) = text.get(start..end) else { return };
            let place = part(start, end);
            let uses =
                vec![(command.words().first().map_or(place, |word| script.place(word.span)), "is given it".to_owned())];
            if let Some(one) = named(name, value, place) {
                found.push(Named { uses, is_page, ..one });
            } else if judge::names_secret(name) && !is_page && judge::is_made_up(name, value) {
                found.push(made_up((script, command.id), name, value, place, uses, None));
            }
        };
        if let Some(name) = &before {
            add(name, 0, text.len());
            continue;
        }
        if let Some((user, rest)) = text
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('@'))
            .and_then(|(login, rest)| Some((login.split_once(':')?, rest)))
            && !rest.is_empty()
        {
            let start = text.find("://").unwrap_or_default() + 3 + user.0.len() + 1;
            add("password", start, start + user.1.len());
        } else if is_mysql && text.starts_with("-p") && text.len() > 2 {
            add("password", 2, text.len());
        } else if let Some((name, _)) = text.split_once('=') {
            let long = name.trim_start_matches('-');
            add(long, name.len() + 1, text.len());
        } else if let Some(name) = text.strip_prefix("--") {
            option = Some(name.to_owned());
        } else if let Some(at) = text.to_ascii_lowercase().find("bearer ") {
            add("token", at + "bearer ".len(), text.len());
        }
    }
}

/// The part of a word between its quotes.
fn unquoted(script: &Script, span: Span) -> Span {
    let text = script.written(span);
    let is_quoted =
        text.len() > 1 && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote));
    if is_quoted { Span { start: span.start + 1, end: span.end - 1 } } else { span }
}
