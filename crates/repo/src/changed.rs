//! What a change may concern.

use crate::{FileId, Kind, Kinds};
use twiceshy_source::{Kind as Entry, Origin, Tree};

impl Kinds {
    /// The kinds of the files that stand otherwise in `after` than in one of the states that it comes from. Whoever reads none
    /// of them says the same of all.
    ///
    /// A file that came or went also concerns those who read files of no kind: they ask whether it is there, whatever it is.
    pub fn of_change(after: &Tree, origins: &[Origin]) -> Self {
        let kinds_in = |tree: &Tree, file: FileId| {
            if !tree.is_present(file) {
                return Self::OTHER;
            }
            if !matches!(tree.kind(file), Entry::File) {
                return Self::ALL;
            }
            Kind::in_tree(tree, file).map_or(Self::OTHER, |kind| Self::NONE.with(kind))
        };
        let states = origins.iter().flat_map(|origin| {
            origin.changed.iter().flat_map(move |file| [kinds_in(after, *file), kinds_in(&origin.tree, *file)])
        });
        states.fold(Self::NONE, Self::and)
    }
}
