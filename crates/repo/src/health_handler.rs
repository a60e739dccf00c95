//! The code that answers a health check: whether it asks the database, and whether it can say no.

mod judge;
pub(crate) mod routes;

use crate::compose::Condition;
use crate::hints::Hints;
use crate::{Application, FileId, HealthCheck, Image, Place, Repo, Service};
use judge::Verdict;
use rayon::prelude::*;
use routes::Handler;
use rustc_hash::FxHashMap;

/// A health check of a service with a database, answered by code that says yes whatever the database does.
#[derive(Debug)]
pub struct BlindHealth {
    /// The handler.
    pub handler: Place,
    /// What is wrong with it.
    pub blindness: Blindness,
    /// The request that it answers.
    pub probe: Place,
    /// Its path.
    pub path: String,
    /// The service.
    pub service: String,
    /// The database that it needs: what it is called, and where that is said.
    pub database: (String, Place),
    /// Services that wait until it is healthy.
    pub waiting: Vec<(String, Place)>,
    /// Another route of the same application that does ask the database.
    pub better: Option<(String, Place)>,
}

/// Why a handler says yes whatever the database does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blindness {
    /// It never asks.
    NeverAsks,
    /// It notices a failure, here, and answers 200 all the same.
    AnswersOk(Place),
}

/// A blind handler, why it is blind, and another route that is not.
type Blind = (Place, Blindness, Option<(String, Place)>);

impl Repo {
    /// Health checks that pass while the database that their service needs does not answer.
    pub fn blind_health_checks(&self) -> Vec<BlindHealth> {
        let mut found: Vec<BlindHealth> = Vec::new();
        // Stacks for development, tests and production ask the same code the same thing.
        let mut known: FxHashMap<(*const Application, String), Option<Blind>> = FxHashMap::default();
        for check in self.health_checks() {
            let Some((project, service)) = check.service else { continue };
            let Some(database) = database_of(project, service, self) else { continue };
            let Some(request) = check.requests.iter().find(|request| request.is_own()).filter(|_| !reads_body(&check))
            else {
                continue;
            };
            let Some(application) = service.application(self) else { continue };
            let path = request.path_asked().trim_matches('/');
            let blind = known
                .entry((std::ptr::from_ref(application), path.to_owned()))
                .or_insert_with(|| self.blind_handler(application, path));
            let Some(blind) = blind.clone() else { continue };
            let waits = |other: &&Service| {
                other.depends_on.iter().any(|it| it.name == service.name && it.condition == Condition::Healthy)
            };
            let waiting = project.services.iter().filter(waits).filter_map(|other| {
                let dependency = other.depends_on.iter().find(|it| it.name == service.name)?;
                Some((other.name.clone(), dependency.place))
            });
            let (handler, blindness, better) = blind;
            if found.iter().any(|known| known.handler == handler && known.service == service.name) {
                continue;
            }
            found.push(BlindHealth {
                handler,
                blindness,
                probe: request.place,
                path: request.path_asked().to_owned(),
                service: service.name.clone(),
                database,
                waiting: waiting.collect(),
                better,
            });
        }
        found
    }

    /// The handler of a request for the path `wanted`, if it is blind, with a route that is not.
    fn blind_handler(&self, application: &Application, wanted: &str) -> Option<Blind> {
        let last = wanted.rsplit('/').next().filter(|last| !last.is_empty())?;
        let modules: Vec<FileId> = application.modules.iter().copied().filter(|file| self.may_answer(*file)).collect();
        // A handler's path is written where it stands, or is the file's own.
        let says = |file: FileId| self.tree.source(file).is_ok_and(|source| source.text().contains(last));
        let names_path = |file: &FileId| {
            routes::of_file(self.tree.path(*file)).is_some()
                || self.answers(*file).is_some_and(|answers| answers.says(last, || says(*file)))
        };
        let handlers = self.handlers_of(modules.par_iter().copied().filter(names_path).collect());
        // A router may be mounted below a prefix: of those whose path is an end of the one asked, the longest.
        let ends = |handler: &Handler| {
            let own = handler.path.trim_matches('/');
            (own == wanted && !own.is_empty() || !own.is_empty() && wanted.ends_with(&format!("/{own}")))
                .then_some(own.len())
        };
        let longest = handlers.iter().filter_map(|(_, handler)| ends(handler)).max()?;
        let answering: Vec<(FileId, &Handler)> =
            handlers.into_iter().filter(|(_, handler)| ends(handler) == Some(longest)).collect();
        let verdicts: Vec<Verdict> =
            answering.iter().map(|(file, handler)| self.judge(*file, &handler.verdict, 0)).collect();
        let (_, first) = answering.first()?;
        // Another route that asks the database. Every route of the application is read for it, so only where one is blind.
        let better = || {
            let others = self.handlers_of(modules);
            let asks = others
                .into_iter()
                .filter(|(_, handler)| ends(handler) != Some(longest) && handler.is_about_health())
                .find(|(file, handler)| {
                    let verdict = self.judge(*file, &handler.verdict, 0);
                    verdict.asks && (verdict.can_fail || verdict.degraded.is_none())
                });
            asks.map(|(_, handler)| (format!("/{}", handler.path.trim_matches('/')), handler.place))
        };
        if verdicts.iter().all(|verdict| !verdict.asks && verdict.unknown.is_empty()) {
            return Some((first.place, Blindness::NeverAsks, better()));
        }
        match (&verdicts[..], answering.as_slice()) {
            ([verdict], [_]) if !verdict.can_fail && verdict.asks => {
                verdict.degraded.map(|place| (first.place, Blindness::AnswersOk(place), better()))
            }
            _ => None,
        }
    }

    /// The handlers of modules, in their order.
    fn handlers_of(&self, modules: Vec<FileId>) -> Vec<(FileId, &Handler)> {
        let each: Vec<_> = modules.into_par_iter().map(|file| (file, self.handlers(file))).collect();
        each.into_iter().flat_map(|(file, handlers)| handlers.iter().map(move |handler| (file, handler))).collect()
    }

    /// The handlers of a module, which is parsed for them once.
    pub(crate) fn handlers(&self, file: FileId) -> &[Handler] {
        let read = || {
            let handlers = self.read_code(file, |module, _| routes::handlers(module, self.tree.path(file), file));
            handlers.unwrap_or_default().into()
        };
        self.answers(file).map(|answers| &**answers.handlers.get_or_init(read)).unwrap_or_default()
    }

    fn may_answer(&self, file: FileId) -> bool {
        let hints = self
            .python_module(file)
            .map(|module| module.hints)
            .or_else(|| self.node_module(file).map(|module| module.hints));
        hints.is_some_and(|hints| hints.has(Hints::HEALTH)) || routes::of_file(self.tree.path(file)).is_some()
    }

    /// What a function does, those it calls in other modules of ours looked into.
    fn judge(&self, file: FileId, verdict: &Verdict, depth: usize) -> Verdict {
        let mut verdict = verdict.clone();
        if depth > 2 || verdict.asks {
            return verdict;
        }
        let unknown = std::mem::take(&mut verdict.unknown);
        for name in unknown {
            let Some((other, function)) = self.function_called(file, &name) else {
                verdict.unknown.push(name);
                continue;
            };
            let inner = self.read_code(other, |module, _| judge::function(module, &function, other)).flatten();
            match inner.map(|inner| self.judge(other, &inner, depth + 1)) {
                Some(inner) => verdict.merge(inner),
                None => verdict.unknown.push(name),
            }
        }
        verdict
    }

    /// The module and the name there of a function that a module imports under `name`.
    fn function_called(&self, file: FileId, name: &str) -> Option<(FileId, String)> {
        if let Some(module) = self.python_module(file) {
            return module.imports.iter().find_map(|import| {
                let (own, _) = import.names.iter().find(|(_, local)| **local == *name)?;
                match self.resolve_python(file, import) {
                    crate::ImportTarget::File(target) => Some((target, own.to_string())),
                    _ => None,
                }
            });
        }
        let imports = self.read_code(file, |module, _| judge::imports_of(module, name))?;
        let (specifier, own) = imports?;
        match self.resolve_import(file, &specifier) {
            crate::Resolved::Tracked(target) => Some((target, own)),
            _ => None,
        }
    }
}

/// Whether a check looks at the answer, and not at its status alone.
fn reads_body(check: &HealthCheck<'_>) -> bool {
    check.programs.iter().any(|program| {
        matches!(&*program.name, "grep" | "jq" | "awk" | "sed")
            || program.words.iter().any(|word| {
                let text = word.text();
                text.contains("json()") || text.contains(".body") || text.contains("JSON.parse")
            })
    })
}

/// The database that a service waits for or is told the address of.
fn database_of(project: &crate::Project, service: &Service, repo: &Repo) -> Option<(String, Place)> {
    let is_database = |other: &Service| {
        other
            .image
            .as_ref()
            .and_then(|image| Image::parse(image.value()?))
            .is_some_and(|image| repo.facts(&image).is_database())
    };
    let databases: Vec<&Service> = project.services.iter().filter(|other| is_database(other)).collect();
    let depends = service.depends_on.iter().find(|it| databases.iter().any(|database| database.name == it.name));
    if let Some(dependency) = depends {
        return Some((dependency.name.clone(), dependency.place));
    }
    service.environment.iter().find_map(|variable| {
        let value = variable.value.as_ref()?.value()?;
        let database = databases.iter().find(|database| {
            value.contains(&format!("@{}:", database.name))
                || value.contains(&format!("@{}/", database.name))
                || value.contains(&format!("//{}:", database.name))
                || value == database.name && variable.name.to_ascii_uppercase().ends_with("HOST")
        })?;
        Some((database.name.clone(), variable.place))
    })
}
