//! The words of a program, sorted: options with their values, operands.

use super::site::Site;
use super::table::{self, Program};
use crate::docker::{Arg, arguments as args};
use crate::script::{Command, Value};
use twiceshy_source::Tree;

/// A program and its words.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) words: Vec<Arg>,
    pub(super) site: Site,
    /// Whether its input comes from a list that another program runs it over: `xargs rm`.
    pub(super) is_fed_operands: bool,
}

/// Words of a program, sorted.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) options: Vec<(String, Option<Arg>)>,
    pub(super) operands: Vec<Arg>,
    /// How many operands stand before the first option.
    pub(super) leading: usize,
}

/// How often a program runs another.
const MAX_WRAPPERS: usize = 8;

impl Line {
    /// What `words` run in the end, and where.
    pub(super) fn of(words: Vec<Arg>, site: Site) -> Option<Self> {
        let mut line = Self { name: String::new(), words, site, is_fed_operands: false };
        for _ in 0..MAX_WRAPPERS {
            let first = line.words.first()?.text()?;
            line.name = Tree::name(&first).to_owned();
            let Some(program) = table::program(&line.name).filter(|program| program.runs) else { return Some(line) };
            let mut rest = skip_options(&line.words[1..], program);
            if program.there {
                let (host, words) = rest.split_first()?;
                line.site = Site::Machine(host.value.clone());
                rest = skip_options(words, program);
            }
            rest = rest.get(program.skip..)?;
            while program.assignments && rest.first().is_some_and(is_assignment) {
                rest = &rest[1..];
            }
            if rest.is_empty() {
                return Some(line);
            }
            line.is_fed_operands |= matches!(&*line.name, "xargs" | "parallel");
            line.words = rest.to_vec();
        }
        None
    }
}

fn is_assignment(arg: &Arg) -> bool {
    let text = arg.pattern();
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn skip_options<'a>(words: &'a [Arg], program: &Program) -> &'a [Arg] {
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        let text = first.pattern();
        if text == "--" {
            return after;
        }
        if text.len() < 2 || !text.starts_with('-') {
            break;
        }
        let takes = takes_next(&text, program);
        rest = if takes { after.get(1..).unwrap_or_default() } else { after };
    }
    rest
}

/// Whether the value of an option is the next word.
fn takes_next(option: &str, program: &Program) -> bool {
    let known = |name: &str| program.with_value.iter().any(|own| own == name);
    if known(option) {
        return true;
    }
    if option.starts_with("--") {
        return false;
    }
    let valued = option.char_indices().skip(1).find(|(_, letter)| known(&format!("-{letter}")));
    valued.is_some_and(|(at, letter)| at + letter.len_utf8() == option.len())
}

impl Sorted {
    /// Sorts the words after a program's name.
    pub(super) fn of(words: &[Arg], program: &Program) -> Self {
        let mut sorted = Self::default();
        let mut at = 0;
        let mut only_operands = false;
        // `tar czf file`
        if program.bundles
            && let Some(first) = words.first()
            && first
                .text()
                .is_some_and(|text| !text.starts_with('-') && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        {
            let letters = first.text().unwrap_or_default();
            at = 1;
            for letter in letters.chars() {
                let name = format!("-{letter}");
                let takes = program.with_value.contains(&name);
                let value = if takes { words.get(at).cloned() } else { None };
                at += usize::from(takes);
                sorted.options.push((name, value));
            }
        }
        while let Some(word) = words.get(at) {
            at += 1;
            let text = word.pattern();
            if only_operands || text.len() < 2 || !text.starts_with('-') {
                sorted.operands.push(word.clone());
                if sorted.options.is_empty() {
                    sorted.leading += 1;
                }
                continue;
            }
            if text == "--" {
                only_operands = true;
                continue;
            }
            if let Some((name, _)) = text.split_once('=').filter(|_| text.starts_with("--")) {
                sorted.options.push((name.to_owned(), Some(word.after(name.len() + 1))));
                continue;
            }
            let takes = takes_next(&text, program);
            let next = if takes { words.get(at).cloned() } else { None };
            at += usize::from(takes);
            let whole = program.with_value.contains(&text);
            sorted.options.push((text.clone(), next.clone()));
            if text.starts_with("--") || whole {
                continue;
            }
            for (index, letter) in text.char_indices().skip(1) {
                let name = format!("-{letter}");
                let end = index + letter.len_utf8();
                if !program.with_value.contains(&name) {
                    if text.len() > 2 {
                        sorted.options.push((name, None));
                    }
                    continue;
                }
                let value = if end == text.len() { next.clone() } else { Some(word.after(end)) };
                sorted.options.push((name, value));
                break;
            }
        }
        sorted
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| match option.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == option,
        })
    }

    pub(super) fn value(&self, option: &str) -> Option<&Arg> {
        self.options.iter().rfind(|(name, value)| name == option && value.is_some())?.1.as_ref()
    }
}

/// The machine that a command runs something on, through `ssh`.
pub(super) fn machine(command: Command<'_>) -> Option<Value> {
    let ssh = command.runs("ssh")?;
    let words = args(command.script, ssh.words);
    let rest = skip_options(words.get(1..)?, table::program("ssh")?);
    Some(rest.first()?.value.clone())
}
