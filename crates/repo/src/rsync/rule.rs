//! rsync's filter rules as they are written: on the command line, in merged files, one or many a text.

use super::pattern::Pattern;

/// Why rsync would not start, or would stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A rule that rsync does not take.
    Rule(String),
    /// A file with rules that is not there, or that we do not have.
    File(String),
    /// The options contradict each other, or lack what they need.
    Options(&'static str),
}

/// Which sides of a transfer a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// What is sent.
    pub sender: bool,
    /// What is protected from deletion.
    pub receiver: bool,
}

/// Where a rule was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a word of the command line, counted from 0 (rsync itself).
    Word(usize),
    /// In a line of a file, counted from 1.
    Line(Box<str>, u32),
    /// Nowhere: an option implies it.
    Implied,
}

/// A rule that includes or excludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether what matches is sent and at risk, not hidden and protected.
    pub includes: bool,
    /// Whom it is for; neither means both, or with `--delete-excluded` the sender.
    pub sides: Sides,
    /// Whether it is ignored in directories that are being deleted.
    pub is_perishable: bool,
    /// What it matches.
    pub pattern: Pattern,
    /// Where it was written.
    pub origin: Origin,
}

/// What a text of rules holds.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Rule(Rule),
    /// The pattern is not known before the directory of its file is: `/a` in a file of rules of a directory.
    Unanchored(Unanchored),
    /// `.`: a file of rules, read here.
    Merge(Template, Box<str>),
    /// `:`: a file of rules, read in each directory.
    DirectoryMerge(Template, Box<str>),
    /// `-C`: rules that CVS has.
    Cvs(Template),
    /// `!`
    Clear,
}

/// A rule whose pattern waits for a directory.
#[derive(Clone, Debug)]
pub(super) struct Unanchored {
    pub(super) rule: Rule,
    pub(super) text: Box<str>,
    pub(super) is_negated: bool,
}

/// What the rules of a text start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) includes: bool,
    pub(super) is_absolute: bool,
    pub(super) is_perishable: bool,
    pub(super) sides: Sides,
    /// `-`, `+`: every line is a pattern.
    pub(super) only_patterns: bool,
    /// `w`: words, not lines, and no comments.
    pub(super) splits_words: bool,
    /// `C`: `!` alone clears.
    pub(super) is_cvs: bool,
    /// `n`: subdirectories do not inherit.
    pub(super) stays_here: bool,
}

/// How rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `--filter`, merged files: `- a`, `protect b`.
    New,
    /// `--exclude`, `--include-from`, …: a pattern, perhaps after `- ` or `+ `.
    Old,
}

impl Sides {
    fn any(self) -> bool {
        self.sender || self.receiver
    }
}

impl Rule {
    /// Whether it counts for the given side.
    pub(super) fn is_for(&self, receiver: bool) -> bool {
        !self.sides.any() || if receiver { self.sides.receiver } else { self.sides.sender }
    }
}

/// The rules of a text: of one option's value, or of a file.
pub(super) fn rules_of_file(
    text: &str,
    template: Template,
    syntax: Syntax,
    file: &str,
    anchored: bool,
) -> Result<Vec<Written>, Refusal> {
    let mut found = Vec::new();
    let lines = text.split(['\n', '\r']).enumerate();
    for (number, line) in lines {
        let origin = Origin::Line(file.into(), number as u32 + 1);
        if template.splits_words {
            for word in line.split_ascii_whitespace() {
                found.extend(rule_of(word, template, syntax, origin.clone(), anchored)?);
            }
        } else if !line.is_empty() && !line.starts_with([';', '#']) {
            found.extend(rule_of(line, template, syntax, origin, anchored)?);
        }
    }
    Ok(found)
}

/// The rule that `text` is, and what comes with it.
pub(super) fn rule_of(
    text: &str,
    template: Template,
    syntax: Syntax,
    origin: Origin,
    anchored: bool,
) -> Result<Vec<Written>, Refusal> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let refused = || Refusal::Rule(text.to_owned());
    let mut read = Reading { template: Template { sides: Sides::default(), ..template }, ..Reading::default() };
    let rest = if template.only_patterns {
        read.clears = template.is_cvs && text == "!";
        text
    } else if syntax == Syntax::Old {
        read.clears = text == "!";
        if let Some(rest) = text.strip_prefix("- ") {
            read.template.includes = false;
            rest
        } else if let Some(rest) = text.strip_prefix("+ ") {
            read.template.includes = true;
            rest
        } else {
            text
        }
    } else {
        read.template = Template {
            includes: template.includes,
            is_absolute: template.is_absolute,
            is_perishable: template.is_perishable,
            ..Template::default()
        };
        read.prefix(text).ok_or_else(refused)?
    };
    let mut sides = read.template.sides;
    if template.sides.any() {
        if sides.any() {
            return Err(refused());
        }
        sides = template.sides;
    }
    if read.clears {
        let trails = !template.only_patterns && syntax == Syntax::New && !rest.is_empty();
        return if trails { Err(refused()) } else { Ok(vec![Written::Clear]) };
    }
    if rest.is_empty() && !read.is_cvs {
        return Err(refused());
    }
    if read.merges {
        let name = if rest.is_empty() { ".cvsignore" } else { rest };
        let inner = Template { sides, ..read.template };
        let mut found = Vec::new();
        if read.excludes_itself {
            let base = name.rsplit('/').next().unwrap_or(name);
            found.push(Written::Rule(Rule {
                includes: false,
                // In a directory's file, `--delete-excluded` does not make this one the sender's.
                sides: Sides { sender: anchored, receiver: anchored },
                is_perishable: false,
                pattern: Pattern::new(base, false, false),
                origin,
            }));
        }
        let merge = if read.per_directory { Written::DirectoryMerge } else { Written::Merge };
        found.push(merge(inner, name.into()));
        return Ok(found);
    }
    if read.for_attributes {
        return Ok(Vec::new());
    }
    if read.is_cvs {
        return Ok(vec![Written::Cvs(Template { sides, ..read.template })]);
    }
    let Template { includes, is_absolute, is_perishable, .. } = read.template;
    let rule =
        Rule { includes, sides, is_perishable, pattern: Pattern::new(rest, is_absolute, read.is_negated), origin };
    if anchored && !is_absolute && rest.starts_with('/') {
        return Ok(vec![Written::Unanchored(Unanchored { rule, text: rest.into(), is_negated: read.is_negated })]);
    }
    Ok(vec![Written::Rule(rule)])
}

#[derive(Default)]
struct Reading {
    template: Template,
    clears: bool,
    merges: bool,
    per_directory: bool,
    excludes_itself: bool,
    is_negated: bool,
    for_attributes: bool,
    is_cvs: bool,
}

/// The long names of rules.
const LONG: &[(&str, char)] = &[
    ("clear", '!'),
    ("dir-merge", ':'),
    ("exclude", '-'),
    ("hide", 'H'),
    ("include", '+'),
    ("merge", '.'),
    ("protect", 'P'),
    ("risk", 'R'),
    ("show", 'S'),
];

impl Reading {
    /// Reads what stands before the pattern, and gives the pattern.
    fn prefix<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (sign, rest) = match text.starts_with(['c', 'd', 'e', 'h', 'i', 'm', 'p', 'r', 's']) {
            true => {
                let (long, sign) = LONG.iter().find(|(long, _)| text.starts_with(long))?;
                let rest = &text[long.len()..];
                match rest.chars().next() {
                    None | Some(' ' | '_' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') => (*sign, rest),
                    Some(',') => (*sign, &rest[1..]),
                    Some(_) => return None,
                }
            }
            false => {
                let sign = text.chars().next()?;
                let rest = &text[sign.len_utf8()..];
                (sign, rest.strip_prefix(',').unwrap_or(rest))
            }
        };
        let mut names_a_side = false;
        match sign {
            ':' => (self.merges, self.per_directory) = (true, true),
            '.' => self.merges = true,
            '+' => self.template.includes = true,
            '-' => {}
            'S' | 'H' => {
                self.template.includes |= sign == 'S';
                self.template.sides.sender = true;
                names_a_side = true;
            }
            'R' | 'P' => {
                self.template.includes |= sign == 'R';
                self.template.sides.receiver = true;
                names_a_side = true;
            }
            '!' => {
                self.clears = true;
                return Some(rest);
            }
            _ => return None,
        }
        let end = rest.find([' ', '_']).unwrap_or(rest.len());
        for modifier in rest[..end].chars() {
            let template = &mut self.template;
            match modifier {
                '-' | '+' if self.merges && !template.only_patterns => {
                    template.only_patterns = true;
                    template.includes |= modifier == '+';
                }
                '/' => template.is_absolute = true,
                '!' if !self.merges => self.is_negated = true,
                'C' if !template.only_patterns && !names_a_side => {
                    template.only_patterns = true;
                    template.splits_words = true;
                    template.stays_here = true;
                    template.is_cvs = true;
                    self.is_cvs = true;
                }
                'e' if self.merges => self.excludes_itself = true,
                'n' if self.merges => template.stays_here = true,
                'p' => template.is_perishable = true,
                'r' if !names_a_side => template.sides.receiver = true,
                's' if !names_a_side => template.sides.sender = true,
                'w' if self.merges => template.splits_words = true,
                'x' => self.for_attributes = true,
                _ => return None,
            }
        }
        Some(rest.get(end + 1..).unwrap_or_default())
    }
}
