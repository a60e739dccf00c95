//! Functions that read the variable whose name they are given.

use super::{Need, Way};

/// `const env = (key, fallback) => process.env[key] ?? fallback`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrapper {
    /// What it is called; `Class.method` for a method.
    pub name: Box<str>,
    /// Which of its parameters is the variable's name.
    pub key: usize,
    /// What it does without the variable.
    pub need: Need,
    /// Which of its parameters is taken then, and whether that has a default of its own.
    pub fallback: Option<(usize, bool)>,
    pub way: Way,
}

impl Wrapper {
    /// What is imported to call it: itself, or the class that it is a method of.
    pub(super) fn first_name(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// Whether who imports it may call it anything.
    pub(super) fn is_default(&self) -> bool {
        self.first_name() == "default"
    }
}
