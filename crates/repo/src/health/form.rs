//! Health checks that cannot be run as they are written, and waiting for checks that nobody makes.

use crate::compose::{Condition, Dependency, Service, TestForm, Text, Value};
use crate::dockerfile::Command;
use crate::image::Role;
use crate::{Edit, Place, Project, Repo};
use twiceshy_source::{Extract, Span};

/// A health check that cannot be run as it is written.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// The word that it fails at.
    pub place: Place,
    /// What is wrong.
    pub fault: Fault,
    /// The program that is run, as far as one is.
    pub program: String,
    /// The right form; none where the words cannot be written otherwise with certainty.
    pub edit: Option<Edit>,
}

/// What is wrong with the form of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A list without `CMD`, `CMD-SHELL` or `NONE`.
    NoKind,
    /// A whole command line as the name of a program.
    OneWord,
    /// An operator of the shell as an argument.
    Operator,
    /// A variable that no shell expands, in what is asked.
    Variable,
    /// Words after the script of `CMD-SHELL`.
    WordsAfterScript,
}

/// A service that waits for the health of one that has no health check.
#[derive(Clone, Debug)]
pub struct VainWait<'r> {
    /// The service that waits.
    pub service: &'r Service,
    /// Where it says so.
    pub dependency: &'r Dependency,
    /// What it waits for.
    pub other: &'r Service,
    /// Where its image is named, if that is what has no check; else the service switches it off here.
    pub place: Place,
    /// Whether the service says itself that there is no check.
    pub is_disabled: bool,
    /// An edit that gives it one, where a check comes with the image.
    pub edit: Option<Edit>,
}

impl Repo {
    /// The health checks of services and Dockerfiles that cannot be run as they are written.
    pub fn malformed_checks(&self) -> Vec<Malformed> {
        let mut found: Vec<Malformed> = Vec::new();
        for service in self.projects.iter().flat_map(|project| &project.services) {
            let malformed = of_service(service, self);
            found.extend(malformed.filter(|one| !found.iter().any(|other| other.place == one.place)));
        }
        for dockerfile in &self.dockerfiles {
            for stage in &dockerfile.stages {
                for step in &stage.steps {
                    let crate::dockerfile::StepKind::Healthcheck(check) = &step.kind else { continue };
                    let Some(Command::Exec(words)) = &check.test else { continue };
                    let words: Vec<Word> = words.iter().map(|word| Word::new(word.clone(), false)).collect();
                    found.extend(of_words(&words).map(|(place, fault)| Malformed {
                        place,
                        fault,
                        program: program(&words),
                        edit: None,
                    }));
                }
            }
        }
        found
    }

    /// The services of a project that wait for the health of one that is known to have no health check.
    pub fn vain_waits<'r>(&'r self, project: &'r Project) -> Vec<VainWait<'r>> {
        let mut found = Vec::new();
        if !project.is_complete {
            return found;
        }
        for service in &project.services {
            for dependency in &service.depends_on {
                if dependency.condition != Condition::Healthy || !dependency.required {
                    continue;
                }
                let Some(other) = project.service(&dependency.name) else { continue };
                let test = other.healthcheck.as_ref().and_then(|check| check.test.as_ref());
                let (place, is_disabled) = match test.map(|test| (&test.form, test.place)) {
                    Some((TestForm::None, place)) => (place, true),
                    Some(_) => continue,
                    None => match self.unchecked(other) {
                        Some(place) => (place, false),
                        None => continue,
                    },
                };
                let check = other.base_image(self).and_then(|(image, _)| self.facts(&image).native_check());
                let edit = check.filter(|_| other.build.is_none() && other.healthcheck.is_none()).and_then(|check| {
                    let check = check.replace('\\', "\\\\").replace('"', "\\\"");
                    other.insert(&format!("healthcheck:\n  test: [\"CMD-SHELL\", \"{check}\"]\n  interval: 10s"), self)
                });
                found.push(VainWait { service, dependency, other, place, is_disabled, edit });
            }
        }
        found
    }

    /// Where the image of a service is named that is known to have no health check. Docker's own images have none
    /// (docker-library/faq, "HEALTHCHECK"); of others nothing is known.
    fn unchecked(&self, service: &Service) -> Option<Place> {
        if let Some(build) = service.build_context(self) {
            let stage = build.dockerfile.stage(build.target.as_deref())?;
            if build.dockerfile.healthcheck(stage).is_some() {
                return None;
            }
        } else if service.build.is_some() {
            return None;
        }
        let (image, place) = service.base_image(self)?;
        let role = self.facts(&image).role()?;
        let is_own = matches!(role, Role::Database | Role::Cache | Role::Broker | Role::Proxy | Role::Base);
        (is_own && !image.name.contains('/')).then_some(place)
    }
}

/// A word of a check, and whether Compose may still put something in for a variable.
struct Word {
    extract: Extract,
    is_open: bool,
}

impl Word {
    fn new(extract: Extract, is_open: bool) -> Self {
        Self { extract, is_open }
    }

    fn text(&self) -> &str {
        self.extract.text()
    }

    fn place(&self) -> Place {
        self.extract.place(Span::new(0, self.text().len()))
    }
}

fn of_service(service: &Service, repo: &Repo) -> Option<Malformed> {
    let test = service.healthcheck.as_ref()?.test.as_ref()?;
    let items = service.value(&["healthcheck", "test"]).map(Value::items).unwrap_or_default();
    let texts: Vec<&Text> = items.iter().filter_map(Value::as_text).collect();
    let list = List { texts: &texts, repo };
    let read = |words: &[Text]| -> Vec<Word> {
        let is_open = |word: &Text| word.value().is_none();
        words.iter().map(|word| Word::new(word.interpolated(), is_open(word))).collect()
    };
    match &test.form {
        TestForm::Unknown(words) => {
            let words = read(words);
            let first = words.first()?;
            let is_script = words.len() == 1 && first.text().contains(char::is_whitespace);
            let kind = if is_script { "CMD-SHELL" } else { "CMD" };
            // Operators need a shell, and words of their own a `CMD`: then a person decides.
            let is_plain = is_script || !words.iter().any(|word| is_operator(word.text()));
            let edit = if is_plain { list.before_first(kind) } else { None };
            Some(Malformed { place: first.place(), fault: Fault::NoKind, program: program(&words), edit })
        }
        TestForm::Exec(words) => {
            let words = read(words);
            let (place, fault) = of_words(&words).next()?;
            let edit = match fault {
                Fault::OneWord => list.kind("CMD-SHELL"),
                _ => list.as_script(&words),
            };
            Some(Malformed { place, fault, program: program(&words), edit })
        }
        TestForm::Shell(_) => {
            let [_, script, after, ..] = texts.as_slice() else { return None };
            let rest = texts.get(1..).unwrap_or_default().iter().map(|text| (*text).clone()).collect::<Vec<_>>();
            let words = read(&rest);
            // `["CMD-SHELL", "script", "--"]` or a name for `$0`: the script itself has blanks.
            if script.shown().contains(char::is_whitespace) {
                return None;
            }
            let edit = match words.iter().any(|word| is_operator(word.text())) {
                true => list.as_script(&words),
                false => list.kind("CMD"),
            };
            Some(Malformed { place: after.place(), fault: Fault::WordsAfterScript, program: program(&words), edit })
        }
        TestForm::None => None,
    }
}

/// What is wrong with words that are run without a shell: the first fault.
fn of_words(words: &[Word]) -> std::option::IntoIter<(Place, Fault)> {
    let fault = || {
        let (first, rest) = words.split_first()?;
        if rest.is_empty() && !first.is_open && first.text().trim().contains(char::is_whitespace) {
            return Some((first.place(), Fault::OneWord));
        }
        if matches!(&*program(words), "expr" | "test" | "[" | "find" | "jq" | "awk") {
            return None;
        }
        if let Some(operator) = rest.iter().find(|word| is_operator(word.text())) {
            return Some((operator.place(), Fault::Operator));
        }
        let asks = matches!(&*program(words), "curl" | "wget" | "nc");
        let variable = rest.iter().find(|word| {
            let is_asked = word.text().contains("://") || program(words) == "nc";
            asks && is_asked && !word.is_open && has_variable(word.text())
        })?;
        Some((variable.place(), Fault::Variable))
    };
    fault().into_iter()
}

fn program(words: &[Word]) -> String {
    words.first().map(|word| crate::Tree::name(word.text()).to_owned()).unwrap_or_default()
}

fn is_operator(word: &str) -> bool {
    matches!(word, "||" | "&&" | "|" | ";" | ">" | ">>" | "<" | "2>&1" | "&" | "|&")
        || word.starts_with(">/")
        || word.starts_with("2>/")
        || word.starts_with("&>")
}

/// Whether a shell would put something in for a part of the word.
fn has_variable(word: &str) -> bool {
    word.match_indices('$').any(|(at, _)| {
        word.get(at + 1..)
            .and_then(|rest| rest.chars().next())
            .is_some_and(|c| c.is_ascii_alphabetic() || "_{(".contains(c))
    })
}

/// The list that a test is, as it is written.
struct List<'a> {
    texts: &'a [&'a Text],
    repo: &'a Repo,
}

impl List<'_> {
    /// Another first word.
    fn kind(&self, kind: &str) -> Option<Edit> {
        let first = self.texts.first()?;
        first.extract().edit(Span::new(0, first.raw().len()), kind)
    }

    /// A word before the first.
    fn before_first(&self, kind: &str) -> Option<Edit> {
        let first = self.texts.first()?.place();
        let text = match self.dash(first)? {
            Some(pad) => format!("{kind}\n{pad}- "),
            None => format!("\"{kind}\", "),
        };
        Some(Edit { place: first.before(), text })
    }

    /// `CMD-SHELL` and the words as a script, where none of them needs quotes.
    fn as_script(&self, words: &[Word]) -> Option<Edit> {
        let plain = |word: &Word| {
            let text = word.text();
            !word.is_open
                && !text.is_empty()
                && (is_operator(text)
                    || !text.contains(|c: char| c.is_whitespace() || "\"'\\`;&|<>()*?#!{}".contains(c))
                    || has_variable(text)
                        && !text.contains(|c: char| c.is_whitespace() || "\"'\\`;&|<>()*?#!".contains(c)))
        };
        if !words.iter().all(plain) {
            return None;
        }
        let (first, last) = (self.texts.first()?.place(), self.texts.last()?.place());
        let script = words.iter().map(Word::text).collect::<Vec<_>>().join(" ").replace('$', "$$");
        let text = match self.dash(first)? {
            Some(pad) => format!("CMD-SHELL\n{pad}- {script}"),
            None => format!("\"CMD-SHELL\", \"{script}\""),
        };
        (first.file == last.file).then(|| Edit { place: first.to(last), text })
    }

    /// The indentation of the list's dashes; `Some(None)` for a list in brackets.
    fn dash(&self, first: Place) -> Option<Option<String>> {
        let source = self.repo.tree.source(first.file).ok()?;
        let line = source.line_span(source.line_of(first.start));
        let before = source.text().get(line.start as usize..first.start as usize)?;
        if before.trim() == "-" {
            let pad = before.len() - before.trim_start().len();
            return Some(Some(" ".repeat(pad)));
        }
        before.trim_end().ends_with('[').then_some(None)
    }
}
