//! Which variables a Dockerfile knows at a point, and what they say.

use rustc_hash::FxHashMap;

/// The variables in scope. `ENV` hides an `ARG` of the same name, whichever comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    args: FxHashMap<String, Option<String>>,
    env: FxHashMap<String, Option<String>>,
}

impl Scope {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.env.get(name).or_else(|| self.args.get(name))?.clone()
    }

    pub(super) fn set_arg(&mut self, name: &str, value: Option<String>) {
        self.args.insert(name.to_owned(), value);
    }

    pub(super) fn set_env(&mut self, name: &str, value: Option<String>) {
        self.env.insert(name.to_owned(), value);
    }

    /// What a stage knows that builds on the stage that ended with this scope: variables of `ENV`, not those of `ARG`.
    pub(super) fn inherited(&self) -> Self {
        Self { args: FxHashMap::default(), env: self.env.clone() }
    }
}
