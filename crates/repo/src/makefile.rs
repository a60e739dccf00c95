//! Makefiles: their recipes are scripts, one a line, or one a recipe with `.ONESHELL`.

use crate::script::{Dialect, Host, Start};
use crate::{Input, Lowered, Script};
use rustc_hash::FxHashMap;
use twiceshy_source::{Extractor, Quoting, Span};

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let lines = lines(input.text());
    let settings = Settings::of(&lines);
    let mut target: Option<String> = None;
    let mut recipe: Option<Recipe> = None;
    let mut defines = false;
    for line in &lines {
        if let Some(text) = line.text.strip_prefix('\t').filter(|_| !defines) {
            let Some(target) = &target else { continue };
            let line = Line { text, start: line.start + 1 };
            match &mut recipe {
                Some(recipe) if settings.oneshell => recipe.add(line, &settings),
                _ => {
                    finish(recipe.take(), &settings, out);
                    recipe = Some(Recipe::new(input, target, line, &settings));
                }
            }
            continue;
        }
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match text.split_whitespace().next() {
            Some("define") => defines = true,
            Some("endef") => defines = false,
            Some("ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif") => {}
            _ if defines => {}
            _ => {
                finish(recipe.take(), &settings, out);
                if assignment(text).is_none() {
                    target = rule(text).or(target);
                }
            }
        }
    }
    finish(recipe, &settings, out);
}

/// A logical line: backslashes at the end of a line continue it.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    text: &'a str,
    start: u32,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        let slashes = bare.len() - bare.trim_end_matches('\\').len();
        if slashes % 2 == 0 {
            lines.push(Line { text: text[start..end].trim_end_matches(['\n', '\r']), start: start as u32 });
            start = end;
        }
    }
    if start < end {
        lines.push(Line { text: &text[start..end], start: start as u32 });
    }
    lines
}

/// The name and value of `NAME = value`, `:=`, `?=`; `None` for anything else, `+=` included.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (left, value) = text.split_once('=')?;
    let left = left.trim_end_matches([':', '?', '!', '+']).trim();
    let left = left.strip_prefix("export ").or(left.strip_prefix("override ")).unwrap_or(left).trim();
    let is_name = !left.is_empty() && left.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_name.then_some((left, value.trim()))
}

/// The first target of a rule.
fn rule(text: &str) -> Option<String> {
    let (targets, _) = text.split_once(':')?;
    let first = targets.split_whitespace().next()?;
    (!first.starts_with('.')).then(|| first.to_owned())
}

/// What decides how recipes are run.
struct Settings<'a> {
    start: Option<Start>,
    oneshell: bool,
    /// Variables with one definition that is plain text.
    values: FxHashMap<&'a str, Option<&'a str>>,
}

impl<'a> Settings<'a> {
    fn of(lines: &[Line<'a>]) -> Self {
        let mut values: FxHashMap<&str, Option<&str>> = FxHashMap::default();
        let mut oneshell = false;
        for line in lines {
            let text = line.text;
            if text.starts_with('\t') {
                continue;
            }
            oneshell |= text.trim_start().starts_with(".ONESHELL");
            if let Some((name, value)) = assignment(text.trim()) {
                let value = value.split(" #").next().unwrap_or_default().trim();
                let plain = (!value.contains(['$', '\n'])).then_some(value);
                values.entry(name).and_modify(|known| *known = None).or_insert(plain);
            }
        }
        // Without SHELL, make runs /bin/sh; .SHELLFLAGS is `-c` unless it is set.
        let shell = values.get("SHELL").copied().unwrap_or(Some("/bin/sh"));
        let flags = values.get(".SHELLFLAGS").copied().unwrap_or(Some("-c"));
        let start = match (shell, flags) {
            (Some(shell), Some(flags)) => Start::of_words(shell.split_whitespace().chain(flags.split_whitespace())),
            // `SHELL := $(shell which bash)`
            _ => Some(Start::plain(Dialect::Other)),
        };
        Self { start, oneshell, values }
    }
}

struct Recipe {
    extractor: Extractor<'static>,
    target: String,
}

impl Recipe {
    fn new(input: Input<'_>, target: &str, line: Line<'_>, settings: &Settings<'_>) -> Self {
        let mut recipe = Self { extractor: Extractor::new(input.file, Quoting::Line), target: target.to_owned() };
        // `@` hides the line, `-` ignores its failure, `+` runs it under -n too.
        let text = line.text.trim_start_matches(['@', '-', '+', ' ', '\t']);
        let start = line.start + (line.text.len() - text.len()) as u32;
        recipe.text(Line { text, start }, settings);
        recipe
    }

    fn add(&mut self, line: Line<'_>, settings: &Settings<'_>) {
        self.extractor.piece("\n", Span { start: line.start - 1, end: line.start });
        self.text(line, settings);
    }

    /// What make makes of a line: `$$` is `$`, variables are put in, the tab of a continued line goes.
    fn text(&mut self, line: Line<'_>, settings: &Settings<'_>) {
        let text = line.text;
        let at = |index: usize| line.start + index as u32;
        let mut done = 0;
        let mut index = 0;
        let bytes = text.as_bytes();
        while index < bytes.len() {
            match bytes[index] {
                b'\n' if bytes.get(index + 1) == Some(&b'\t') => {
                    self.extractor.copy(at(done), &text[done..=index]);
                    index += 2;
                    done = index;
                }
                b'$' => {
                    self.extractor.copy(at(done), &text[done..index]);
                    let end = index + reference(&text[index..]);
                    let span = Span { start: at(index), end: at(end) };
                    let written = &text[index..end];
                    if written == "$$" {
                        self.extractor.piece("$", span);
                    } else {
                        let name = written.trim_start_matches('$').trim_matches(['(', ')', '{', '}']);
                        match settings.values.get(name).copied().flatten() {
                            Some(value) => self.extractor.piece(value, span),
                            None => self.extractor.piece("${_}", span),
                        };
                    }
                    index = end;
                    done = end;
                }
                _ => index += 1,
            }
        }
        self.extractor.copy(at(done), &text[done..]);
    }
}

/// How long a reference is that starts with `$`: `$$`, `$@`, `$(NAME)`, `$(shell …)`.
fn reference(text: &str) -> usize {
    let close = match text.as_bytes().get(1) {
        Some(b'(') => ')',
        Some(b'{') => '}',
        Some(_) => return 1 + text[1..].chars().next().map_or(0, char::len_utf8),
        None => return 1,
    };
    let open = if close == ')' { '(' } else { '{' };
    let mut depth = 0;
    for (index, c) in text.char_indices().skip(1) {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return index + 1;
            }
        }
    }
    text.len()
}

fn finish(recipe: Option<Recipe>, settings: &Settings<'_>, out: &mut Lowered) {
    let (Some(recipe), Some(start)) = (recipe, settings.start) else { return };
    let host = Host::Recipe { target: recipe.target };
    out.scripts.extend(Script::new(recipe.extractor.finish(), host, start));
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_source::{FileId, Source, Tree};

    fn scripts(text: &str) -> Vec<Script> {
        let source = Source::new(text);
        let tree = Tree::memory([("Makefile".to_owned(), text.to_owned())]);
        let mut out = Lowered::default();
        lower(Input { tree: &tree, file: FileId(0), source: &source, about: crate::Kinds::ALL }, &mut out);
        out.scripts
    }

    #[test]
    fn every_line_of_a_recipe_is_a_script_as_the_shell_reads_it() {
        let text = "DC := docker compose\nUP = $(DC) up\n\nall: deps\n\t@$(DC) up -d $$HOME $@ $(shell date (x))\n\t-for f in a; do \\\n\t  rm $$f; \\\n\tdone\n";
        let scripts = scripts(text);
        assert_eq!(scripts.len(), 2);
        assert_eq!(scripts[0].text(), "docker compose up -d $HOME ${_} ${_}");
        assert_eq!(scripts[1].text(), "for f in a; do \\\n  rm $f; \\\ndone");
        assert!(matches!(&scripts[0].host, Host::Recipe { target } if target == "all"));
        let rm = scripts[1].commands().next().map(|command| command.place());
        assert_eq!(rm.map(|place| place.span().of(text)), Some("rm $$f"));
    }

    #[test]
    fn shell_and_its_flags_are_heeded() {
        let scripts = scripts("SHELL := /bin/bash\n.SHELLFLAGS := -eu -o pipefail -c\n.ONESHELL:\na:\n\tb\n\tc\n");
        assert_eq!(scripts.len(), 1);
        assert_eq!(scripts[0].text(), "b\nc");
        assert_eq!(scripts[0].start.options.pipefail(), Some(true));
        assert_eq!(scripts[0].start.options.errexit(), Some(true));
    }
}
