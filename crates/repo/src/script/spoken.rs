//! A command as people say it: `docker compose up`, `manage.py migrate`.

use super::Command;
use crate::docker::options;
use std::borrow::Cow;
use twiceshy_source::Tree;

/// Words that say what a program is to do.
const VERBS: &[&str] = &[
    "up",
    "start",
    "restart",
    "reload",
    "deploy",
    "upgrade",
    "migrate",
    "migration:run",
    "apply",
    "rollout",
    "scale",
    "copy",
    "copyto",
    "sync",
    "move",
    "moveto",
    "rcat",
    "backup",
    "create",
    "put",
    "put-object",
    "cp",
    "mv",
    "mirror",
    "pipe",
    "snapshot",
    "dump",
];
/// Options before the verb that take a value, besides those of docker and Compose.
const WITH_VALUE: &[&str] =
    &["-n", "--namespace", "-r", "--repo", "-C", "--prefix", "--filter", "--endpoint-url", "--region", "-x"];
/// How many words are said.
const MAX_WORDS: usize = 4;

impl Command<'_> {
    /// What it runs in the end, as people say it: the program and what it is to do, without options and operands.
    pub fn spoken(self) -> String {
        if let Some((dumper, _)) = self.dumper() {
            return dumper.into_owned();
        }
        let innermost = self.innermost();
        let Some(name) = innermost.name().or(self.name()) else { return String::new() };
        let mut args = innermost.args();
        let mut said = vec![name];
        if said[0].starts_with("python") {
            if let [module, named, rest @ ..] = args
                && let Some(named) = named.literal().filter(|_| module.is("-m"))
            {
                (said, args) = (vec![named], rest);
            } else if let [script, rest @ ..] = args
                && let Some(script) = script.literal().filter(|script| script.ends_with(".py"))
            {
                (said, args) = (vec![Cow::Owned(Tree::name(&script).to_owned())], rest);
            }
        }
        let start = said.len();
        let mut at = 0;
        while let Some(word) = args.get(at) {
            at += 1;
            let Some(text) = word.literal() else { continue };
            if text.starts_with('-') {
                at += usize::from(WITH_VALUE.iter().chain(options::COMPOSE.with_value).any(|option| **option == *text));
                continue;
            }
            let is_verb = VERBS.contains(&&*text) || text.contains("migrate");
            let is_plain =
                text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte));
            if !is_plain || said.len() >= MAX_WORDS {
                break;
            }
            said.push(text);
            if is_verb {
                return said.join(" ");
            }
        }
        // No word says what it is to do: the program says it all.
        said.truncate(start);
        said.join(" ")
    }
}
