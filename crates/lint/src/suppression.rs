//! Comments that suppress findings: `# twiceshy: ignore[lint] reason`, `ignore-file[lint]`, `until=YYYY-MM-DD`.

use crate::{Date, Entry};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;
use twiceshy_repo::{ADDRESS, Remark, Repo, nearest};
use twiceshy_source::{Edit, FileId, Place, Span};

/// A comment that suppresses findings, or tries to.
#[derive(Debug)]
pub struct Suppression {
    remark: Remark,
    /// Whether it stands for its whole file.
    pub of_file: bool,
    /// What stands between its brackets.
    listed: Vec<Span>,
    /// The lints that it names.
    pub names: Vec<Named>,
    /// The last day on which it suppresses.
    pub until: Option<Date>,
    /// Whether that day has passed.
    pub is_expired: bool,
    /// Why, in its own words.
    pub reason: String,
    /// Whether it wants one and has none.
    pub lacks_reason: bool,
    /// What of it means nothing, and where.
    pub mistakes: Vec<Mistaken>,
}

/// A lint that a comment names.
#[derive(Debug)]
pub struct Named {
    /// Its name.
    pub lint: String,
    /// Where it is named.
    pub place: Place,
    /// Where in the comment.
    pub span: Span,
    is_used: Cell<bool>,
    /// Whether that is known: the lint ran, and the file was understood.
    is_judged: Cell<bool>,
}

/// Something in a comment that means nothing.
#[derive(Debug)]
pub struct Mistaken {
    /// Where.
    pub place: Place,
    /// Where in the comment.
    pub span: Span,
    /// Whether it is the name of a lint.
    pub is_name: bool,
    /// What is wrong with it: a sentence without a full stop.
    pub what: String,
    /// What was meant, if that can be said.
    pub meant: Option<String>,
}

impl Suppression {
    /// Where it says so, without the marks of its comment.
    pub fn place(&self) -> Place {
        self.remark.place
    }

    /// Whether it only shows what others may write.
    pub(crate) fn is_shown(&self) -> bool {
        self.remark.is_shown
    }

    /// Removes it.
    pub fn removed(&self) -> Edit {
        self.remark.removed()
    }

    /// The lints that find nothing where it stands.
    pub fn unused(&self) -> Vec<&Named> {
        self.names.iter().filter(|named| named.is_judged.get() && !named.is_used.get()).collect()
    }

    /// Takes these out of its list; removes it when nothing is left in it. `None` where they do not stand in the list, or
    /// the file writes it in a way into which an edit does not fit.
    pub fn without(&self, gone: &[Span]) -> Option<Edit> {
        let left: Vec<&str> =
            self.listed.iter().filter(|item| !gone.contains(item)).map(|item| item.of(&self.remark.text)).collect();
        if left.is_empty() {
            return Some(self.removed());
        }
        let whole = self.listed.first()?.to(*self.listed.last()?);
        let fits = self.remark.is_verbatim() && left.len() < self.listed.len();
        fits.then(|| Edit { place: self.remark.part(whole), text: left.join(", ") })
    }

    fn of(remark: &Remark, lints: &[Entry], today: Date, requires_reason: bool) -> Self {
        let mut suppression = Self {
            remark: remark.clone(),
            of_file: false,
            listed: Vec::new(),
            names: Vec::new(),
            until: None,
            is_expired: false,
            reason: String::new(),
            lacks_reason: false,
            mistakes: Vec::new(),
        };
        suppression.read(lints, today);
        suppression.lacks_reason = requires_reason && suppression.reason.is_empty() && !suppression.names.is_empty();
        suppression
    }

    fn read(&mut self, lints: &[Entry], today: Date) {
        let text = self.remark.text.clone();
        let mut rest = Cursor { text: &text, at: ADDRESS.len() };
        rest.blanks();
        let verb = rest.until(|c| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        self.of_file = match verb.of(&text) {
            "ignore" => false,
            "ignore-file" => true,
            word => {
                let meant = nearest(word, ["ignore", "ignore-file"]).map(str::to_owned);
                self.mistake(verb, format!("`{word}` means nothing here"), meant);
                return;
            }
        };
        rest.blanks();
        let list = rest.brackets();
        let Some(list) = list.filter(|list| !list.of(&text).trim().is_empty()) else {
            let what = format!("it suppresses nothing: say which lint, `{}[LINT] reason`", verb.of(&text));
            self.mistake(Span { start: 0, end: rest.at as u32 }, what, None);
            return;
        };
        let mut start = list.start as usize;
        for item in list.of(&text).split(',') {
            let name = item.trim();
            let at = start + item.len() - item.trim_start().len();
            start += item.len() + 1;
            if !name.is_empty() {
                let span = Span::new(at, at + name.len());
                self.listed.push(span);
                self.name(name, span, lints);
            }
        }
        let mut words = Vec::new();
        for word in text[rest.at..].split_whitespace() {
            match word.strip_prefix("until=") {
                Some(date) => match date.parse() {
                    Ok(date) => self.until = Some(date),
                    Err(what) => {
                        let at = text.rfind(word).unwrap_or_default();
                        self.mistake(Span::new(at, at + word.len()), what, None);
                    }
                },
                None => words.push(word),
            }
        }
        self.reason = words.join(" ").trim_matches(|c: char| c.is_whitespace() || ":-–—".contains(c)).to_owned();
        self.is_expired = self.until.is_some_and(|until| until < today);
    }

    fn name(&mut self, name: &str, span: Span, lints: &[Entry]) {
        let lint = name.to_ascii_lowercase().replace('_', "-");
        match lints.iter().find(|entry| entry.name == lint) {
            Some(entry) if entry.is_about_comments() => {
                let what = format!(
                    "`{lint}` is about comments like this one, and none suppresses it; set its level in the configuration"
                );
                self.mistake(span, what, None);
            }
            Some(_) => {
                let place = self.remark.part(span);
                self.names.push(Named { lint, place, span, is_used: Cell::default(), is_judged: Cell::default() });
            }
            None => {
                let names = lints.iter().filter(|entry| !entry.is_about_comments()).map(|entry| entry.name.as_str());
                let meant = nearest(&lint, names).map(str::to_owned);
                self.mistake(span, format!("there is no lint `{name}`"), meant);
            }
        }
    }

    fn mistake(&mut self, span: Span, what: String, meant: Option<String>) {
        let is_name = self.listed.contains(&span);
        self.mistakes.push(Mistaken { place: self.remark.part(span), span, is_name, what, meant });
    }

    fn concerns(&self, place: Place) -> bool {
        let lines = self.remark.concerns;
        self.remark.file == place.file && (self.of_file || (lines.start..=lines.end).contains(&place.start))
    }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl Cursor<'_> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> Span {
        let start = self.at;
        self.at += self.text[start..].find(ends).unwrap_or(self.text.len() - start);
        Span::new(start, self.at)
    }

    /// What stands between the brackets that begin here.
    fn brackets(&mut self) -> Option<Span> {
        let inner = self.text[self.at..].strip_prefix('[')?;
        let start = self.at + 1;
        let end = start + inner.find(']')?;
        self.at = end + 1;
        Some(Span::new(start, end))
    }
}

/// Every such comment of a repository.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    all: Vec<Suppression>,
    by_file: FxHashMap<FileId, Vec<usize>>,
    /// Files that were asked although their kind is not one that is read.
    asked: FxHashSet<FileId>,
}

impl Suppressions {
    /// The comments of a repository.
    pub(crate) fn of(repo: &Repo, lints: &[Entry], today: impl FnOnce() -> Date, requires_reason: bool) -> Self {
        let mut found = Self::default();
        if repo.remarks.is_empty() {
            return found;
        }
        let today = today();
        for remark in &repo.remarks {
            found.add(Suppression::of(remark, lints, today, requires_reason));
        }
        found
    }

    fn add(&mut self, suppression: Suppression) {
        let place = suppression.place();
        let of_file = self.by_file.entry(place.file).or_default();
        // A file that is read as two kinds has its comments twice.
        if !of_file.iter().any(|at| self.all[*at].place() == place) {
            of_file.push(self.all.len());
            self.all.push(suppression);
        }
    }

    /// The comments, in the order of their files.
    pub(crate) fn all(&self) -> &[Suppression] {
        &self.all
    }

    /// Also reads the files of these places, if they are of no kind that is read.
    pub(crate) fn ask(
        &mut self,
        repo: &Repo,
        places: impl Iterator<Item = Place>,
        lints: &[Entry],
        today: impl Fn() -> Date,
        requires_reason: bool,
    ) {
        for place in places {
            if !self.by_file.contains_key(&place.file) && self.asked.insert(place.file) {
                for remark in repo.remarks_of(place.file) {
                    self.add(Suppression::of(&remark, lints, today(), requires_reason));
                }
            }
        }
    }

    /// The lints that are named.
    pub(crate) fn lints(&self) -> FxHashSet<&str> {
        self.all.iter().flat_map(|suppression| &suppression.names).map(|named| named.lint.as_str()).collect()
    }

    /// The lints that are named in a file.
    pub(crate) fn lints_in(&self, file: FileId) -> impl Iterator<Item = &str> {
        let comments = self.by_file.get(&file).into_iter().flatten().filter_map(|at| self.all.get(*at));
        comments.flat_map(|comment| &comment.names).map(|named| named.lint.as_str())
    }

    /// Whether a finding of `lint` at `place` is suppressed; notes who does, or would if its day had not passed.
    pub(crate) fn suppress(&self, lint: &str, place: Place) -> bool {
        let mut is_suppressed = false;
        for at in self.by_file.get(&place.file).into_iter().flatten() {
            let Some(suppression) = self.all.get(*at).filter(|suppression| suppression.concerns(place)) else {
                continue;
            };
            for named in suppression.names.iter().filter(|named| named.lint == lint) {
                named.is_used.set(true);
                is_suppressed |= !suppression.is_expired;
            }
        }
        is_suppressed
    }

    /// Notes of which lints all is known that they find in a file: a comment there that names them is used, or it is not.
    pub(crate) fn judge(&self, is_known: impl Fn(&str, FileId) -> bool) {
        for suppression in &self.all {
            for named in &suppression.names {
                named.is_judged.set(is_known(&named.lint, suppression.remark.file));
            }
        }
    }
}
