//! A `.dockerignore` file: which paths of a build context Docker never sees.
//!
//! Every pattern is anchored at the root of the context, unlike git's; the last line that matches decides.

mod pattern;

use crate::{Input, Lowered};
use pattern::Pattern;
use twiceshy_source::{FileId, Place, Span, Tree};
use twiceshy_syntax::Flaw;

/// A `.dockerignore` file.
#[derive(Debug)]
pub struct DockerIgnore {
    /// The file.
    pub file: FileId,
    /// Its patterns, in order.
    pub lines: Vec<IgnoreLine>,
    /// Where a new line would go: the end of the file, and whether a line break has to come first.
    end: (Place, bool),
}

/// One pattern.
#[derive(Debug)]
pub struct IgnoreLine {
    /// The line without spaces around it.
    pub place: Place,
    /// The pattern as written, without `!`.
    pub written: String,
    /// Whether it takes paths back in (`!`).
    pub is_negated: bool,
    /// The pattern as Docker reads it: cleaned, without a leading or trailing slash.
    pub cleaned: String,
    pattern: Pattern,
}

impl DockerIgnore {
    /// The line because of which Docker leaves out `path`, itself or through a directory above it. `path` is relative to
    /// the root of the context.
    pub fn rule(&self, path: &str) -> Option<&IgnoreLine> {
        let mut rule: Option<&IgnoreLine> = None;
        for line in &self.lines {
            // A negation matters only for what is left out so far, a pattern only for what is not.
            if line.is_negated == rule.is_some() && line.matches(path) {
                rule = (!line.is_negated).then_some(line);
            }
        }
        rule
    }

    /// Whether Docker leaves out `path`.
    pub fn excludes(&self, path: &str) -> bool {
        self.rule(path).is_some()
    }

    /// Whether Docker leaves out `path`, given whether it leaves out the directory that it lies in: of many paths, this asks
    /// about each directory once.
    pub(crate) fn excludes_in(&self, path: &str, is_dir_excluded: bool) -> bool {
        if self.lines.iter().any(|line| line.is_negated) {
            return self.excludes(path);
        }
        is_dir_excluded || self.lines.iter().any(|line| line.may_match(path) && line.pattern.matches(path))
    }

    /// Whether Docker leaves out the directory `path` with everything that could ever be in it: nothing below it is
    /// taken back in.
    pub fn excludes_all_below(&self, path: &str) -> bool {
        let inside = |line: &IgnoreLine| {
            let below = line.cleaned.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            below || line.cleaned.starts_with("**")
        };
        let Some(rule) = self.rule(path) else {
            return false;
        };
        let after = self.lines.iter().skip_while(|line| line.place != rule.place);
        !after.into_iter().any(|line| line.is_negated && inside(line))
    }

    /// Where a line can be added at the end, and whether a line break has to be written before it.
    pub fn end(&self) -> (Place, bool) {
        self.end
    }
}

impl IgnoreLine {
    /// Whether the path has everything that the pattern says between its wildcards: quick, and false for most.
    fn may_match(&self, path: &str) -> bool {
        let written = self.cleaned.strip_prefix("**/").unwrap_or(&self.cleaned);
        written.contains(['[', '\\']) || written.split(['*', '?']).all(|piece| path.contains(piece.trim_matches('/')))
    }

    /// Whether the pattern matches `path` or a directory above it, whatever other lines say.
    pub fn matches(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.chain([path]).any(|path| self.pattern.matches(path))
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let (text, file) = (input.text(), input.file);
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let written = line.trim();
        // A comment is told before spaces are taken off.
        if line.starts_with('#') || written.is_empty() {
            continue;
        }
        let at = at + line.len() - line.trim_start().len();
        let span = Span::new(at, at + written.len());
        let (is_negated, pattern) = match written.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, written),
        };
        let cleaned = clean(pattern);
        match Pattern::new(&cleaned) {
            _ if pattern.is_empty() => {
                out.flaws.push(Flaw { span, what: "`!` alone is no pattern; Docker refuses the file".into() });
            }
            Some(compiled) => lines.push(IgnoreLine {
                place: Place::new(file, span),
                written: pattern.to_owned(),
                is_negated,
                cleaned,
                pattern: compiled,
            }),
            None => {
                let what = format!("`{written}` is no pattern: a `[` is not closed; Docker refuses the file");
                out.flaws.push(Flaw { span, what });
            }
        }
    }
    let end = Place::new(file, Span::new(text.len(), text.len()));
    out.dockerignores.push(DockerIgnore { file, lines, end: (end, !text.is_empty() && !text.ends_with('\n')) });
}

/// Go's `filepath.Clean`, then without the leading slash.
fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => drop(parts.pop()),
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    if parts.is_empty() { if rooted { "/".into() } else { ".".into() } } else { parts.join("/") }
}

impl crate::Repo {
    /// The ignore file that a build of `dockerfile` with the context `dir` uses: the one named after the Dockerfile, or
    /// the context's own.
    pub fn dockerignore(&self, dockerfile: FileId, dir: &str) -> Option<&DockerIgnore> {
        if self.dockerignores.is_empty() {
            return None;
        }
        let own = format!("{}.dockerignore", self.tree.path(dockerfile));
        let shared = Tree::join(dir, ".dockerignore")?;
        let at = |path: &str| self.dockerignores.of(self.tree.resolve(path)?);
        at(&own).or_else(|| at(&shared))
    }
}

#[cfg(test)]
mod tests;
