//! Which shell reads a script, and with which options it starts.

use super::flow::Options;
use twiceshy_source::Tree;

/// A shell and the options it starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The shell.
    pub dialect: Dialect,
    /// The options in force before the first command.
    pub options: Options,
}

/// A shell, as far as its behaviour differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// bash, not in its POSIX mode.
    Bash,
    /// dash: the `sh` of Debian and Ubuntu.
    Dash,
    /// The ash of BusyBox: the `sh` of Alpine.
    Ash,
    /// `sh`, whichever shell that is: dash, BusyBox ash, bash in POSIX mode.
    Sh,
    /// zsh, ksh and others: only what all shells share is known.
    Other,
}

impl Dialect {
    /// The dialect of a program: `/usr/bin/bash`, `sh`. `None`: not a shell.
    pub fn of_program(program: &str) -> Option<Self> {
        Some(match Tree::name(program) {
            "bash" => Self::Bash,
            "dash" => Self::Dash,
            "ash" | "busybox" => Self::Ash,
            "sh" | "with-contenv" => Self::Sh,
            "zsh" | "ksh" | "mksh" => Self::Other,
            _ => return None,
        })
    }

    /// Whether `set -o pipefail` is understood: `None` where it depends on which `sh` it is. dash 0.5.12 answers
    /// "Illegal option -o pipefail" and ends the script; BusyBox ash has it.
    pub fn has_pipefail(self) -> Option<bool> {
        match self {
            Self::Bash | Self::Ash | Self::Other => Some(true),
            Self::Dash => Some(false),
            Self::Sh => None,
        }
    }
}

impl Start {
    /// A shell without options.
    pub fn plain(dialect: Dialect) -> Self {
        Self { dialect, options: Options::NONE }
    }

    /// What a command line that starts a shell says: `bash -euo pipefail {0}`, `/bin/sh -c`. `None`: not a shell.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut words = words.into_iter();
        let mut program = words.next()?;
        if Tree::name(program) == "env" {
            program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        }
        let mut start = Self::plain(Dialect::of_program(program)?);
        let rest: Vec<&str> = words.collect();
        start.options = start.options.after_set(rest.into_iter());
        Some(start)
    }

    /// A script file: what its `#!` line says; without one, its extension. `None`: not for a shell of ours.
    pub fn of_file(path: &str, text: &str) -> Option<Self> {
        let first = text.lines().next().unwrap_or_default();
        if let Some(line) = first.strip_prefix("#!") {
            return Self::of_words(line.split_whitespace());
        }
        let dialect = match path.rsplit_once('.') {
            Some((_, "ksh" | "zsh")) => Dialect::Other,
            // Without a `#!` line a script is sourced, or run by the shell that calls it: bash, more often than not.
            _ => Dialect::Bash,
        };
        Some(Self::plain(dialect))
    }

    /// A workflow step with `shell: …`, or without. `None`: not a shell.
    ///
    /// The runner starts `bash -e {0}` where nothing is said, `sh -e {0}` in a container job, and
    /// `bash --noprofile --norc -e -o pipefail {0}` for `shell: bash` (actions/runner, ScriptHandlerHelpers).
    pub fn of_step(shell: Option<&str>, in_container: bool) -> Option<Self> {
        match shell.map(str::trim) {
            None if in_container => Self::of_words(["sh", "-e"]),
            None => Self::of_words(["bash", "-e"]),
            Some("bash") => Self::of_words(["bash", "-e", "-o", "pipefail"]),
            Some("sh") => Self::of_words(["sh", "-e"]),
            Some(line) => Self::of_words(line.split_whitespace()),
        }
    }

    /// Shell form in a Dockerfile: what `SHELL` says, else `/bin/sh -c`. `None`: not a shell.
    pub fn of_dockerfile<'a>(shell: Option<impl IntoIterator<Item = &'a str>>) -> Option<Self> {
        match shell {
            Some(words) => Self::of_words(words),
            None => Some(Self::plain(Dialect::Sh)),
        }
    }
}
