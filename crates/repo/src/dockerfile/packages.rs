//! Packages that a `RUN` step installs: a reading of the shell text that needs no shell grammar, since package managers
//! are called plainly.

use super::Command;
use twiceshy_source::{Extract, Place, Span};

/// A package and who installs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The program that installs it: `apk`, `apt-get`, `pip`, …
    pub manager: &'static str,
    /// Its name, without version and extras.
    pub name: String,
    /// Where.
    pub place: Place,
}

/// How a package manager is called: its name, the word that means "install", and options that take a value.
struct Manager {
    name: &'static str,
    install: &'static [&'static str],
    valued: &'static [&'static str],
}

const MANAGERS: &[Manager] = &[
    Manager { name: "apk", install: &["add"], valued: &["-t", "--virtual", "-X", "--repository", "-p", "--root"] },
    Manager { name: "apt-get", install: &["install"], valued: &["-t", "-o", "-c", "--target-release", "--option"] },
    Manager { name: "apt", install: &["install"], valued: &["-t", "-o", "-c", "--target-release", "--option"] },
    Manager { name: "dnf", install: &["install"], valued: &["-c", "--installroot", "--releasever"] },
    Manager { name: "microdnf", install: &["install"], valued: &["--installroot", "--releasever"] },
    Manager { name: "yum", install: &["install"], valued: &["-c", "--installroot", "--releasever"] },
    Manager { name: "zypper", install: &["install", "in"], valued: &[] },
    Manager {
        name: "pip",
        install: &["install"],
        valued: &[
            "-r",
            "-c",
            "-i",
            "-e",
            "-t",
            "--requirement",
            "--constraint",
            "--index-url",
            "--extra-index-url",
            "--target",
            "--prefix",
        ],
    },
    Manager {
        name: "pip3",
        install: &["install"],
        valued: &[
            "-r",
            "-c",
            "-i",
            "-e",
            "-t",
            "--requirement",
            "--constraint",
            "--index-url",
            "--extra-index-url",
            "--target",
            "--prefix",
        ],
    },
    Manager { name: "npm", install: &["install", "i", "add"], valued: &["--prefix", "--registry", "-w"] },
];

/// The packages that `command` installs.
pub(super) fn installed(command: &Command) -> Vec<Package> {
    let mut found = Vec::new();
    match command {
        Command::Shell(text) => {
            let words = shell_words(text.text());
            for simple in words.split(|word| word.is_none()) {
                let words: Vec<_> =
                    simple.iter().flatten().map(|&span| (span.of(text.text()), text.place(span))).collect();
                read(&words, &mut found);
            }
        }
        Command::Exec(words) => {
            let whole = |word: &Extract| word.place(Span::new(0, word.text().len()));
            let words: Vec<_> = words.iter().map(|word| (word.text(), whole(word))).collect();
            read(&words, &mut found);
        }
    }
    found
}

/// Reads one simple command.
fn read(words: &[(&str, Place)], found: &mut Vec<Package>) {
    let is_prefix =
        |word: &str| matches!(word, "sudo" | "env" | "then" | "do" | "else" | "if" | "!" | "{") || word.contains('=');
    let mut words = words.iter().skip_while(|(word, _)| is_prefix(word));
    let Some(manager) = words.next().and_then(|(word, _)| {
        let program = word.rsplit('/').next()?;
        MANAGERS.iter().find(|manager| manager.name == program)
    }) else {
        return;
    };
    let mut installs = false;
    let mut takes_value = false;
    let mut is_global = manager.name != "npm";
    let first = found.len();
    for (word, place) in words {
        if std::mem::take(&mut takes_value) {
            continue;
        }
        if let Some(option) = word.strip_prefix('-') {
            takes_value = manager.valued.contains(word);
            is_global |= option == "g" || option == "-global";
        } else if !installs {
            if !manager.install.contains(word) {
                return;
            }
            installs = true;
        } else if let Some(name) = package_name(word, manager.name) {
            found.push(Package { manager: manager.name, name: name.to_owned(), place: *place });
        }
    }
    if !is_global {
        // `npm install x` without `-g` adds to a project, not to the image.
        found.truncate(first);
    }
}

/// `curl=8.1-r0`, `uvicorn[standard]>=0.3`, `@scope/pkg@1`: the name alone. `None` for variables, paths and URLs.
fn package_name<'t>(word: &'t str, manager: &str) -> Option<&'t str> {
    let word = word.trim_matches(['"', '\'']);
    let skip = usize::from(word.starts_with('@'));
    let ends: &[char] = if manager == "npm" { &['@'] } else { &['=', '<', '>', '~', '[', '@', '!', ';'] };
    let end = word.get(skip..)?.find(ends).map_or(word.len(), |at| at + skip);
    let name = word.get(..end)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+-._@/:".contains(c);
    let is_path = name.starts_with(['.', '/']) || name.contains("//");
    (!name.is_empty() && !is_path && name.chars().all(is_name)).then_some(name)
}

/// The words of a shell text; `None` between simple commands. Words with quotes stay whole, comments are left out.
fn shell_words(text: &str) -> Vec<Option<Span>> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote = None;
    let mut is_comment = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if is_comment {
            is_comment = c != '\n';
            if is_comment {
                continue;
            }
        }
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            None if c == '\\' => {
                // A line break after it joins the lines; anything else is part of a word.
                let next = chars.next().map(|(_, next)| next);
                if next == Some('\n') {
                    words.extend(start.take().map(|from| Some(Span::new(from, at))));
                } else {
                    start.get_or_insert(at);
                }
            }
            None if c == '#' && start.is_none() => is_comment = true,
            None if c.is_whitespace() || "&|;()".contains(c) => {
                words.extend(start.take().map(|from| Some(Span::new(from, at))));
                if c == '\n' || !c.is_whitespace() {
                    words.push(None);
                }
            }
            None => {
                start.get_or_insert(at);
            }
        }
    }
    words.extend(start.map(|from| Some(Span::new(from, text.len()))));
    words
}
