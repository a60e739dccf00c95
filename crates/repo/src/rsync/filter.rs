//! The rules of one side of a transfer, as they stand in each directory.

use super::pattern::Pattern;
use super::rule::{Origin, Refusal, Rule, Sides, Syntax, Template, Unanchored, Written, rules_of_file};
use std::cell::Cell;
use std::rc::Rc;

/// The text of the file at an absolute path; `None` if it is not there.
pub(super) type Read<'a> = dyn Fn(&str) -> Option<Rc<str>> + 'a;

/// The rules that hold in a directory.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    rules: Rc<[Entry]>,
    cvs: Rc<[Rule]>,
    /// What files of rules in directories have given, by their number.
    merges: Vec<Merge>,
    receiver: bool,
    deletes_excluded: bool,
    /// The absolute path of the directory that names are relative to.
    pub(super) directory: Rc<str>,
}

#[derive(Clone, Debug)]
enum Entry {
    Rule(Rc<Rule>),
    Cvs,
    Merge(usize),
}

/// A file of rules that is read in each directory.
#[derive(Clone, Debug)]
struct Merge {
    name: Rc<str>,
    /// Its directory, where one was given: it and those below it are read before the first.
    above: Option<Rc<str>>,
    is_set_up: Rc<Cell<bool>>,
    template: Template,
    rules: Rc<[Entry]>,
    /// Whether a `!` has removed it.
    is_gone: bool,
}

/// Rules that a text adds to, before those that were inherited.
struct Growing {
    own: Vec<Entry>,
    inherited: Vec<Entry>,
    /// Whether they are of a directory above the transfer.
    is_above: bool,
}

/// How many files may merge one another.
const MAX_DEPTH: usize = 32;

impl Filter {
    /// The rules `written`, for one side. `directory` is the absolute path that names are relative to.
    pub(super) fn new(
        written: &[Written],
        receiver: bool,
        deletes_excluded: bool,
        directory: &str,
    ) -> Result<Self, Refusal> {
        let mut filter = Self {
            rules: Rc::new([]),
            cvs: Rc::new([]),
            merges: Vec::new(),
            receiver,
            deletes_excluded,
            directory: directory.into(),
        };
        let mut growing = Growing { own: Vec::new(), inherited: Vec::new(), is_above: false };
        filter.add(written, &mut growing, None, &|_| None, 0)?;
        filter.rules = growing.own.into();
        Ok(filter)
    }

    /// The same rules for names that are relative to another directory.
    #[must_use]
    pub(super) fn relative_to(self, directory: &str) -> Self {
        Self { directory: directory.into(), ..self }
    }

    /// The rule that decides about `name`, the first that matches it. `dying`: in a directory that is being deleted.
    fn rule_for(&self, name: &str, is_directory: bool, dying: bool) -> Option<&Rule> {
        self.find(&self.rules, name, is_directory, dying, 0)
    }

    /// Whether `name` is hidden, or protected.
    pub(super) fn excludes(&self, name: &str, is_directory: bool, dying: bool) -> bool {
        self.rule_for(name, is_directory, dying).is_some_and(|rule| !rule.includes)
    }

    fn find<'a>(
        &'a self,
        rules: &'a [Entry],
        name: &str,
        is_directory: bool,
        dying: bool,
        depth: usize,
    ) -> Option<&'a Rule> {
        let counts = |rule: &Rule| {
            self.counts(rule)
                && !(dying && rule.is_perishable)
                && rule.pattern.matches(name, is_directory, &self.directory)
        };
        rules.iter().find_map(|entry| match entry {
            Entry::Rule(rule) => Some(&**rule).filter(|rule| counts(rule)),
            Entry::Cvs => self.cvs.iter().find(|rule| counts(rule)),
            Entry::Merge(at) if depth < MAX_DEPTH => {
                self.find(&self.merges.get(*at)?.rules, name, is_directory, dying, depth + 1)
            }
            Entry::Merge(_) => None,
        })
    }

    fn counts(&self, rule: &Rule) -> bool {
        if self.deletes_excluded && rule.sides == Sides::default() {
            !self.receiver
        } else {
            rule.is_for(self.receiver)
        }
    }

    /// The rules in `directory`, an absolute path, which stands in the one of `self`.
    pub(super) fn enter(&self, directory: &str, read: &Read<'_>) -> Result<Self, Refusal> {
        let mut inner = self.clone();
        let mut at = 0;
        // The rules of a file may name more files.
        while at < inner.merges.len() {
            let merge = inner.merges[at].clone();
            if merge.is_gone {
                at += 1;
                continue;
            }
            let inherited = if merge.template.stays_here { Vec::new() } else { merge.rules.to_vec() };
            let mut growing = Growing { own: Vec::new(), inherited, is_above: false };
            if !merge.is_set_up.replace(true)
                && let Some(above) = &merge.above
            {
                inner.scan_above(&merge, above, directory, &mut growing, read)?;
            }
            inner.read_in(&merge, directory, &mut growing, read)?;
            growing.own.append(&mut growing.inherited);
            inner.merges[at].rules = growing.own.into();
            at += 1;
        }
        Ok(inner)
    }

    /// Reads a file of rules in the directories from `above` down to the one before `directory`.
    fn scan_above(
        &mut self,
        merge: &Merge,
        above: &str,
        directory: &str,
        growing: &mut Growing,
        read: &Read<'_>,
    ) -> Result<(), Refusal> {
        let with_slash = |path: &str| if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
        let above = with_slash(&clean(&join(directory, above)));
        let whole = with_slash(directory);
        if !whole.starts_with(&above) {
            return Ok(());
        }
        let mut end = above.len();
        growing.is_above = true;
        while end < whole.len() {
            self.read_in(merge, whole[..end - 1].trim_end_matches('/'), growing, read)?;
            if merge.template.stays_here {
                growing.inherited.clear();
            }
            let mut own = std::mem::take(&mut growing.own);
            own.append(&mut growing.inherited);
            growing.inherited = own;
            end += whole[end..].find('/').map_or(whole.len() - end, |slash| slash + 1);
        }
        growing.is_above = false;
        Ok(())
    }

    fn read_in(
        &mut self,
        merge: &Merge,
        directory: &str,
        growing: &mut Growing,
        read: &Read<'_>,
    ) -> Result<(), Refusal> {
        let path = format!("{}/{}", directory.trim_end_matches('/'), merge.name);
        let Some(text) = read(&path) else { return Ok(()) };
        let written = rules_of_file(&text, merge.template, Syntax::New, &path, true)?;
        self.add(&written, growing, Some(directory), read, 0)
    }

    fn add(
        &mut self,
        written: &[Written],
        growing: &mut Growing,
        anchor: Option<&str>,
        read: &Read<'_>,
        depth: usize,
    ) -> Result<(), Refusal> {
        for one in written {
            match one {
                Written::Rule(rule) => self.add_rule(rule.clone(), growing, anchor),
                Written::Unanchored(Unanchored { rule, text, is_negated }) => {
                    let text = format!("{}{text}", anchor.unwrap_or_default().trim_end_matches('/'));
                    let pattern = Pattern::new(&text, true, *is_negated);
                    self.add_rule(Rule { pattern, ..rule.clone() }, growing, anchor);
                }
                Written::Clear => {
                    for entry in growing.own.drain(..) {
                        if let Entry::Merge(at) = entry {
                            self.merges[at].is_gone = true;
                        }
                    }
                    growing.inherited.clear();
                }
                Written::Cvs(template) => {
                    if self.cvs.is_empty() {
                        self.cvs = cvs_rules(*template)?.into();
                    }
                    growing.own.push(Entry::Cvs);
                }
                Written::Merge(template, name) => {
                    let path = join(&self.directory, name);
                    let refusal = || Refusal::File(name.to_string());
                    if depth >= MAX_DEPTH {
                        return Err(refusal());
                    }
                    let text = read(&path).ok_or_else(refusal)?;
                    let inner = rules_of_file(&text, *template, Syntax::New, name, false)?;
                    self.add(&inner, growing, anchor, read, depth + 1)?;
                }
                Written::DirectoryMerge(template, name) => match anchor.filter(|_| growing.is_above) {
                    Some(directory) => self.add_merge(*template, &clean(&join(directory, name)), growing),
                    None => self.add_merge(*template, name, growing),
                },
            }
        }
        Ok(())
    }

    fn add_rule(&self, rule: Rule, growing: &mut Growing, anchor: Option<&str>) {
        // In a directory's file, a rule for the other side is dropped at once.
        if anchor.is_none() || rule.is_for(self.receiver) {
            growing.own.push(Entry::Rule(Rc::new(rule)));
        }
    }

    fn add_merge(&mut self, template: Template, name: &str, growing: &mut Growing) {
        let (above, base) = match name.rsplit_once('/') {
            Some(("", base)) => (Some("/"), base),
            Some((above, base)) => (Some(above), base),
            None => (None, name),
        };
        // One that was named before is not read twice.
        if self.merges.iter().any(|merge| !merge.is_gone && &*merge.name == base) {
            return;
        }
        growing.own.push(Entry::Merge(self.merges.len()));
        self.merges.push(Merge {
            name: base.into(),
            above: above.map(Into::into),
            is_set_up: Rc::default(),
            template,
            rules: Rc::new([]),
            is_gone: false,
        });
    }
}

/// What CVS ignores, and rsync with `-C` (rsync's manual page, 3.4).
const CVS: &str = "RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$ *.old \
                   *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core .svn/ .git/ .hg/ \
                   .bzr/";

fn cvs_rules(template: Template) -> Result<Vec<Rule>, Refusal> {
    let template = Template { is_perishable: true, ..template };
    let mut rules = Vec::new();
    for written in rules_of_file(CVS, template, Syntax::New, "", false)? {
        if let Written::Rule(rule) = written {
            rules.push(Rule { origin: Origin::Implied, ..rule });
        }
    }
    Ok(rules)
}

/// `path` as it is reached from `directory`.
pub(super) fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", directory.trim_end_matches('/')) }
}

/// An absolute path without `.`, `..` and doubled slashes.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether [`clean`] would leave `path` as it is. Hidden names are not told from `.` and `..`: those are cleaned for nothing.
pub(super) fn is_clean(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    path.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(plain))
}
