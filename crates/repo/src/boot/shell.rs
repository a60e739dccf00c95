//! What scripts say about lists: which they read, which directories they run through, which names they demand.

use super::{NameSet, Reading, Role, code, paths};
use crate::script::{NodeKind, RedirectKind, Script, Word};
use crate::{FileId, Place, Repo, Tree};

/// Programs that do not read what they name, or do nothing with it at start.
const PASSES_OVER: [&str; 20] = [
    "echo", "printf", "rm", "touch", "git", "cp", "mv", "chmod", "chown", "ln", "rsync", "tar", "diff", "cmp", "test",
    "[", "ls", "mkdir", "stat", "scp",
];

/// List files that `script` reads.
pub(super) fn reads(repo: &Repo, script: &Script) -> Vec<Reading> {
    let mut found: Vec<Reading> = Vec::new();
    for (tail, place) in script.lists.get_or_init(|| named_lists(script).into()) {
        let list = paths::file(&repo.tree, Tree::parent(repo.tree.path(script.file)), tail);
        let is_new = |list: &FileId| found.iter().all(|read| read.list != *list);
        if let Some(list) = list.filter(is_new) {
            found.push(Reading { list, place: *place });
        }
    }
    found
}

/// What looks like a list file in `script`: the constant end of its path, and where it stands.
fn named_lists(script: &Script) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    // Most scripts name no such file: a search of the text spares a look at every word.
    let names_one = |end: &&str| memchr::memmem::find(script.text().as_bytes(), end.as_bytes()).is_some();
    if ![".txt", ".list", ".lst", ".json", ".yml", ".yaml", ".conf"].iter().any(names_one) {
        return found;
    }
    each_word(script, |word| {
        let tail = tail(script, word).filter(|tail| paths::is_list(tail));
        found.extend(tail.map(|tail| (tail, script.place(word.span))));
    });
    found
}

/// Directories of which it takes every file: `db/migrations/*.sql`.
pub(super) fn sweeps(repo: &Repo, script: &Script) -> Vec<String> {
    let mut found = Vec::new();
    each_word(script, |word| {
        let takes_all = script.written(word.span).rsplit_once('/').is_some_and(|(_, last)| last.contains('*'));
        let pattern = script.value(word).pattern();
        let Some((directory, _)) = pattern.rsplit_once('/').filter(|_| takes_all) else { return };
        let directory = directory.rsplit('*').next().unwrap_or_default();
        found.extend(paths::directory(&repo.tree, Tree::parent(repo.tree.path(script.file)), directory));
    });
    found
}

/// Calls `visit` with every word that names something to read.
fn each_word(script: &Script, mut visit: impl FnMut(&Word)) {
    for id in script.shell().ids() {
        let node = script.node(id);
        for redirect in node.redirects.iter().filter(|redirect| redirect.kind == RedirectKind::Read) {
            visit(&redirect.target);
        }
        match &node.kind {
            NodeKind::Simple(_) => {
                let Some(command) = script.command(id) else { continue };
                if !command.name().is_some_and(|name| PASSES_OVER.contains(&&*name)) {
                    command.words().iter().for_each(&mut visit);
                }
            }
            NodeKind::For(it) => it.words.iter().flatten().for_each(&mut visit),
            _ => {}
        }
    }
}

/// The constant end of a path: of `$HERE/db/list.txt` `db/list.txt`.
fn tail(script: &Script, word: &Word) -> Option<String> {
    let pattern = script.value(word).pattern();
    let tail = pattern.rsplit('*').next()?;
    let tail = if tail.len() < pattern.len() { tail.trim_start_matches('/') } else { tail };
    (!tail.is_empty()).then(|| tail.to_owned())
}

/// Arrays and strings of names that the script calls required, where it also ends itself.
pub(super) fn sets(script: &Script) -> Vec<NameSet> {
    let mut found = Vec::new();
    for id in script.shell().ids() {
        let NodeKind::Simple(simple) = &script.node(id).kind else { continue };
        for assignment in &simple.assignments {
            let Some(role) = code::role(&assignment.name.text) else { continue };
            if role != Role::Required {
                continue;
            }
            let mut names = Vec::new();
            for element in &assignment.elements {
                let Some(text) = script.value(element).known() else { continue };
                names.push((text, script.place(element.span)));
            }
            if let Some(value) = &assignment.value {
                names.extend(words_of(script, value));
            }
            if !names.is_empty() {
                let place = script.place(assignment.name.span);
                let constant = assignment.name.text.to_string();
                let is_used = script.text().matches(&constant).count() > 1;
                found.push(NameSet { constant, place, role, names, is_used });
            }
        }
    }
    found
}

/// The words within a quoted value, each with its place.
fn words_of(script: &Script, value: &Word) -> Vec<(String, crate::Place)> {
    let Some(known) = script.value(value).known() else { return Vec::new() };
    let written = script.written(value.span);
    let mut from = 0;
    let mut words = Vec::new();
    for word in known.split_whitespace() {
        let Some(at) = written[from..].find(word).map(|at| from + at) else { return Vec::new() };
        from = at + word.len();
        let start = value.span.start as usize + at;
        words.push((word.to_owned(), script.place(crate::Span::new(start, start + word.len()))));
    }
    words
}

/// Whether it can end itself with a failure: `exit 1`.
pub(super) fn refuses(script: &Script) -> bool {
    script.commands().any(|command| command.name().as_deref() == Some("exit") && !command.has_arg("0"))
}
