//! A list of names: a file of lines, an array in a data file or in code; and how to add to it.

use super::paths;
use crate::{Edit, Place, Repo};
use twiceshy_source::{FileId, Source, Span};
use twiceshy_syntax::yaml::{self, Node};

/// Larger files are data, not lists that people keep. In bytes.
const MAX_SIZE: usize = 64 << 10;

/// A list that is read when a system starts.
#[derive(Debug)]
pub struct BootList {
    /// The file it stands in.
    pub file: FileId,
    /// Its entries, in order.
    pub entries: Vec<ListEntry>,
    /// Where it is read.
    pub readings: Vec<Place>,
    /// The directory that its entries name files of; unknown for an empty list.
    pub directory: Option<String>,
    pub(super) form: Form,
}

/// An entry of a list.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// What it says.
    pub name: String,
    /// Where.
    pub place: Place,
    /// The file that it names.
    pub file: Option<FileId>,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A name a line, `#` for comments.
    Lines,
    /// An array: where it stands, brackets included.
    Array(Span),
    /// A YAML sequence with dashes.
    Dashes,
}

/// What the file `file` lists; `None` when it is no list.
pub(super) fn read(repo: &Repo, file: FileId) -> Option<BootList> {
    let path = repo.tree.path(file);
    let skips = [
        "skip",
        "skipped",
        "ignore",
        "ignored",
        "exclude",
        "excluded",
        "deny",
        "denylist",
        "rollback",
        "rollbacks",
        "down",
        "baseline",
        "lock",
        "robots",
    ];
    if paths::is_aside(path) || paths::words(path).iter().any(|word| skips.contains(&word.as_str())) {
        return None;
    }
    let source = repo.tree.source(file).ok().filter(|source| source.text().len() <= MAX_SIZE)?;
    let is_data = path.ends_with(".json") || path.ends_with(".yml") || path.ends_with(".yaml");
    let (entries, form) = if is_data { array(file, &source)? } else { (lines(file, &source)?, Form::Lines) };
    Some(BootList { file, entries, readings: Vec::new(), directory: None, form })
}

fn entry(file: FileId, name: &str, span: Span) -> ListEntry {
    ListEntry { name: name.to_owned(), place: Place::new(file, span), file: None }
}

fn lines(file: FileId, source: &Source) -> Option<Vec<ListEntry>> {
    let mut entries = Vec::new();
    for line in 0..source.line_count() {
        let text = source.line(line);
        let said = text.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            continue;
        }
        // More than a name a line: prose, a table.
        if said.contains(char::is_whitespace) {
            return None;
        }
        let start = source.line_span(line).start as usize + (text.len() - text.trim_start().len());
        entries.push(entry(file, said, Span::new(start, start + said.len())));
    }
    Some(entries)
}

fn array(file: FileId, source: &Source) -> Option<(Vec<ListEntry>, Form)> {
    let yaml = yaml::parse(source.text());
    let root = yaml.root()?;
    let sequence = if root.is_seq() { root } else { sequence_in(root)? };
    let names = sequence.items().into_iter().map(name).collect::<Option<Vec<_>>>()?;
    let entries = names.into_iter().map(|(name, span)| entry(file, name, span)).collect();
    let form = if sequence.style() == yaml::Style::Flow { Form::Array(sequence.span()) } else { Form::Dashes };
    Some((entries, form))
}

/// The one array of a mapping that its key calls a list of what is applied.
fn sequence_in(root: Node<'_>) -> Option<Node<'_>> {
    let names = ["migrations", "boot", "startup", "apply", "allowed", "allow", "allowlist", "enabled", "files"];
    let mut found = root.entries().into_iter().filter(|(key, value)| {
        let words = paths::words(key.as_str().unwrap_or_default());
        value.is_seq() && words.iter().any(|word| names.contains(&word.as_str()))
    });
    let (_, first) = found.next()?;
    found.next().is_none().then_some(first)
}

fn name(item: Node<'_>) -> Option<(&str, Span)> {
    let item = match item.as_str() {
        Some(_) => item,
        None => ["name", "file", "filename", "migration", "id", "version"].into_iter().find_map(|key| item.get(key))?,
    };
    Some((item.as_str()?, item.span()))
}

impl BootList {
    /// Whether an entry names `file`.
    pub fn lists(&self, file: FileId) -> bool {
        self.entries.iter().any(|entry| entry.file == Some(file))
    }

    /// Where to point when the whole list is meant: its last entry, the start of an empty one.
    pub fn place(&self) -> Place {
        let whole = match self.form {
            Form::Array(span) => Place::new(self.file, span),
            _ => Place { file: self.file, start: 0, end: 0 },
        };
        self.entries.last().map_or(whole, |entry| entry.place)
    }

    /// The edits that add `names`, each before the first entry that sorts after it. Empty where the way of writing is
    /// not understood.
    pub(super) fn add(&self, repo: &Repo, names: &[String]) -> Vec<Edit> {
        let Ok(source) = repo.tree.source(self.file) else { return Vec::new() };
        let text = source.text();
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        let Some(first) = self.entries.first() else { return self.fill(text, &names) };
        let quote = text[first.place.range()].chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'));
        let written = |name: &String| quote.map_or_else(|| name.clone(), |quote| format!("{quote}{name}{quote}"));
        // What stands between two entries; a list in code or data of one entry has none yet.
        let separator = match (self.form, self.entries.get(1)) {
            (Form::Lines, _) => "\n".to_owned(),
            (_, Some(second)) => {
                let between = text.get(first.place.end as usize..second.place.start as usize).unwrap_or_default();
                // Entries that are more than their name are not ours to write.
                if between.chars().any(|c| !c.is_whitespace() && !matches!(c, ',' | '-')) {
                    return Vec::new();
                }
                between.to_owned()
            }
            (Form::Dashes, None) => return Vec::new(),
            (Form::Array(_), None) => ", ".to_owned(),
        };
        let mut edits: Vec<Edit> = Vec::new();
        for name in &names {
            let next = self.entries.iter().find(|entry| entry.name > *name);
            let edit = match next {
                Some(next) => Edit { place: next.place.before(), text: written(name) + &separator },
                None => Edit { place: self.place().after(), text: separator.clone() + &written(name) },
            };
            match edits.last_mut().filter(|last| last.place == edit.place) {
                Some(last) => last.text.push_str(&edit.text),
                None => edits.push(edit),
            }
        }
        edits
    }

    fn fill(&self, text: &str, names: &[String]) -> Vec<Edit> {
        match self.form {
            Form::Lines => {
                let end = Place::new(self.file, Span::new(text.len(), text.len()));
                let start = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                vec![Edit { place: end, text: format!("{start}{}\n", names.join("\n")) }]
            }
            Form::Array(span) => {
                let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
                vec![Edit { place: Place::new(self.file, span), text: format!("[{}]", names.join(", ")) }]
            }
            Form::Dashes => Vec::new(),
        }
    }
}
