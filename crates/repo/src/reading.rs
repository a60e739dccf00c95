//! Modules that are parsed when somebody asks about them.

use crate::answered::Memo;
use crate::health_handler::routes::Handler;
use crate::hints::Hints;
use crate::listens::Call;
use crate::variables::ModuleVariables;
use crate::{FileId, Repo};
use std::sync::{Arc, OnceLock};
use twiceshy_syntax::code::Module;
use twiceshy_syntax::js::{self, Dialect};
use twiceshy_syntax::python;

/// What a module was asked, kept for whoever asks next.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) handlers: OnceLock<Box<[Handler]>>,
    /// Whether it says a word.
    says: Memo<String, bool>,
    pub(crate) listens: OnceLock<Box<[Call]>>,
    /// What it says about variables by itself.
    pub(crate) variables: OnceLock<Option<Arc<ModuleVariables>>>,
    /// What it does at a start.
    pub(crate) start: OnceLock<Arc<crate::boot_path::Outline>>,
    /// The strict cookies that it sets.
    pub(crate) strict_cookies: OnceLock<Box<[crate::cookie::StrictCookie]>>,
    /// What it says about lists that are read at start.
    pub(crate) roster: OnceLock<Option<Box<crate::boot::Roster>>>,
    /// What of it runs when it is rendered.
    pub(crate) rendered: OnceLock<Arc<crate::rendering::Outline>>,
}

/// Of how many words it is kept whether a module says them: somebody may be typing one.
const MOST_WORDS: usize = 50;

impl Answers {
    /// Whether the module says a word.
    pub(crate) fn says(&self, word: &str, look: impl FnOnce() -> bool) -> bool {
        self.says.forget_beyond(MOST_WORDS);
        self.says.get(word.to_owned(), look)
    }
}

impl Repo {
    /// What the module in `file` was asked; `None`: it is none, or nobody wrote it.
    pub(crate) fn answers(&self, file: FileId) -> Option<&Answers> {
        Some(self.asked(file)?.1)
    }

    /// The words that a module has, and what it was asked.
    pub(crate) fn asked(&self, file: FileId) -> Option<(Hints, &Answers)> {
        let python = self.python_module(file).map(|module| (module.hints, &module.answers));
        python.or_else(|| self.node_module(file).map(|module| (module.hints, &module.answers)))
    }

    /// Answers what lints will ask about a module that has just been parsed for something else.
    ///
    /// Only before lints run: two of them that answered each other's questions would wait for each other.
    pub(crate) fn answer_beforehand(&self, file: FileId, module: &Module<'_>, text: &str) {
        let Some((hints, answers)) = self.asked(file) else { return };
        if hints.has(Hints::HEALTH) && answers.handlers.get().is_none() {
            let handlers = crate::health_handler::routes::handlers(module, self.tree.path(file), file);
            let _ = answers.handlers.set(handlers.into());
        }
        if hints.has(Hints::WHOLE_FILE) && answers.start.get().is_none() {
            let _ = answers.start.set(Arc::new(crate::boot_path::outline(module, text, file)));
        }
        if hints.has(Hints::STRICT_COOKIE) && answers.strict_cookies.get().is_none() {
            let _ = answers.strict_cookies.set(crate::cookie::strict_cookies(module, text, file).into());
        }
        if hints.has(Hints::LISTS) && answers.roster.get().is_none() {
            let _ = answers.roster.set(crate::boot::roster(module.body, &self.tree, file).map(Box::new));
        }
    }

    /// Parses a Python or JavaScript module once more and lets `take` have of it what it wants; `None` where it cannot be
    /// read.
    pub(crate) fn read_code<R: Send>(
        &self,
        file: FileId,
        take: impl FnOnce(&Module<'_>, &str) -> R + Send,
    ) -> Option<R> {
        let source = self.tree.source(file).ok()?;
        let text = source.text();
        let path = self.tree.path(file);
        if path.ends_with(".py") || self.python_module(file).is_some() {
            let arena = bumpalo::Bump::new();
            let module = python::parse(text, &arena);
            return Some(take(&module, text));
        }
        Some(js::read(text, Dialect::of(path), |module| take(&module, text)))
    }
}
