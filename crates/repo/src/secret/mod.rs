//! Secrets that stand in files: which, how they are known to be some, who uses them, and where else they stand.

mod judge;
mod made_up;
mod named;
mod token;

pub use token::Token;
pub(crate) use token::lower;

use crate::local_secrets::is_beside_tests;
use crate::production::{DEVELOPMENT, words};
use crate::{FileId, Repo};
pub(crate) use named::Named;
use rustc_hash::FxHashMap;
use twiceshy_source::{Edit, Place, Tree};

/// A secret that stands in a file. What it is, is never told.
#[derive(Clone, Debug)]
pub struct LiteralSecret {
    /// Where it stands, quotes left out.
    pub place: Place,
    /// How it is known to be one.
    pub known: Known,
    /// Whose it is: the name of a variable or option, if it has one.
    pub name: Option<String>,
    /// Whether git tracks the file; otherwise it will with the next `git add`.
    pub is_tracked: bool,
    /// Whether it stands in a file that is an example of others.
    pub is_example: bool,
    /// Where the same value stands once more.
    pub twins: Vec<Place>,
    /// What uses it: the place, and what it does with it.
    pub uses: Vec<(Place, String)>,
    /// Edits that put a reference in all its places, and what they say there; none where one of them can hold none.
    pub reference: Option<(String, Vec<Edit>)>,
}

/// How a value is known to be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// By how it looks.
    Token {
        /// What it is, with its article.
        what: &'static str,
        /// How it begins.
        starts: &'static str,
        /// Whether it opens nothing of value.
        is_test: bool,
    },
    /// By its name, and since a program made it: this many characters.
    Generated(usize),
    /// By its name, and since it is used on another machine, which the place tells.
    UsedAt(Place),
}

impl Repo {
    /// The secrets that stand in files of the repository, each value once: by file and place. Those of tests, of
    /// developers' stacks and of containers that live on one machine are not among them, nor what everybody knows.
    pub fn literal_secrets(&self) -> Vec<LiteralSecret> {
        let mut named = self.named_secrets();
        named.sort_by_key(|one| one.place);
        named.dedup_by_key(|one| one.place);
        let mut places: FxHashMap<u64, Vec<Place>> = FxHashMap::default();
        for token in &self.tokens {
            places.entry(token.print).or_default().push(token.place);
        }
        for one in &named {
            let twins = places.entry(one.print).or_default();
            if !twins.iter().any(|place| overlap(*place, one.place)) {
                twins.push(one.place);
            }
        }
        let mut found: Vec<LiteralSecret> = Vec::new();
        for token in &self.tokens {
            let holder = named.iter().find(|one| overlap(one.place, token.place));
            if self.is_aside(token.file) || is_meant_for_all(token, holder) {
                continue;
            }
            let known = Known::Token { what: token.what, starts: token.starts, is_test: token.is_test };
            found.push(self.literal(token.place, known, holder, &places, token.print, &named));
        }
        for one in &named {
            // What a test uses as well is a value for tests.
            let all = places.get(&one.print).map(Vec::as_slice).unwrap_or_default();
            let is_aside = all.iter().any(|place| self.is_aside(place.file)) || one.is_of_developers;
            if is_aside || found.iter().any(|known| overlap(known.place, one.place)) {
                continue;
            }
            let known = match (one.is_generated, one.used_at) {
                (true, _) if !one.is_page => Known::Generated(one.length),
                (false, Some(place)) => Known::UsedAt(place),
                _ => continue,
            };
            found.push(self.literal(one.place, known, Some(one), &places, one.print, &named));
        }
        found.sort_by_key(|one| (one.is_example, one.place));
        // One value is one leak, wherever it stands.
        let mut seen: Vec<Place> = Vec::new();
        found.retain(|one| {
            let is_new = !seen.contains(&one.place);
            seen.extend(&one.twins);
            is_new
        });
        found.sort_by_key(|one| one.place);
        found
    }

    fn literal(
        &self,
        place: Place,
        known: Known,
        holder: Option<&Named>,
        places: &FxHashMap<u64, Vec<Place>>,
        print: u64,
        named: &[Named],
    ) -> LiteralSecret {
        let all = places.get(&print).map(Vec::as_slice).unwrap_or_default();
        let twins: Vec<Place> = all.iter().copied().filter(|twin| !overlap(*twin, place)).collect();
        let path = self.tree.path(place.file);
        // A reference in one place alone would leave the secret in the others.
        let edits = std::iter::once(place).chain(twins.iter().copied()).map(|place| {
            let holder = named.iter().find(|one| one.place == place && one.print == print)?;
            holder.reference.clone()
        });
        let edits: Option<Vec<(String, Edit)>> = edits.collect();
        let reference = edits.and_then(|edits| {
            let said = edits.first()?.0.clone();
            Some((said, edits.into_iter().map(|(_, edit)| edit).collect()))
        });
        LiteralSecret {
            place,
            known,
            name: holder.map(|holder| holder.name.clone()),
            is_tracked: self.tree.is_tracked(path),
            is_example: is_example(path),
            twins,
            uses: self.uses(named.iter().filter(|one| one.print == print)),
            reference,
        }
    }

    /// What uses a secret: the services that are given its file, the code that reads its variable.
    fn uses<'n>(&self, holders: impl Iterator<Item = &'n Named>) -> Vec<(Place, String)> {
        const FEW: usize = 3;
        let mut uses = Vec::new();
        for holder in holders {
            uses.extend(holder.uses.iter().cloned());
            let path = self.tree.path(holder.place.file);
            for service in self.projects.iter().flat_map(|project| &project.services) {
                let given = service.env_files.iter().find(|env| env.path.as_deref() == Some(path));
                uses.extend(given.map(|env| (env.text.place(), format!("gives it to `{}`", service.name))));
            }
            let reads = self.variables.reads().filter(|read| *read.name == *holder.name);
            uses.extend(reads.map(|read| (read.place, "reads it".to_owned())));
        }
        let mut seen: Vec<Place> = Vec::new();
        uses.retain(|(place, _)| {
            !seen.contains(place) && {
                seen.push(*place);
                true
            }
        });
        uses.truncate(FEW);
        uses
    }

    /// Whether a file is for tests, developers or demonstrations: nobody keeps secrets there.
    fn is_aside(&self, file: FileId) -> bool {
        let path = self.tree.path(file);
        let lower = path.to_ascii_lowercase();
        // An example of settings is copied, and people put real ones into it by mistake.
        let lower = lower.replace(".example", "").replace(".sample", "").replace(".template", "");
        const ASIDE: &[&str] = &[
            "spec",
            "specs",
            "fixture",
            "mocks",
            "seed",
            "seeds",
            "testdata",
            "snapshots",
            "stories",
            "conftest",
            "cases",
            "vendor",
        ];
        is_beside_tests(&lower) || words(&lower).any(|word| DEVELOPMENT.contains(&word) || ASIDE.contains(&word))
    }
}

/// Whether a key is one that everybody's browser is given.
fn is_meant_for_all(token: &Token, holder: Option<&Named>) -> bool {
    // Firebase's web keys look like others of Google's: only under the name of a secret of a server is it one.
    token.starts == "AIza" && !holder.is_some_and(|holder| judge::names_secret(&holder.name))
}

fn is_example(path: &str) -> bool {
    let name = Tree::name(path).to_ascii_lowercase();
    ["example", "sample", "template", "dist"].iter().any(|word| words(&name).any(|own| own == *word))
}

fn overlap(a: Place, b: Place) -> bool {
    a.file == b.file && a.start < b.end && b.start < a.end
}
