//! What a change may concern.

use crate::{FileId, Kind, Kinds};
use twiceshy_source::{Kind as Entry, Origin, Tree};

impl Kinds {
    /// The kinds of the files that stand otherwise in `after` than in one of the states that it comes from. Whoever reads none
    /// of them says the same of all.
    ///
    /// These are all kinds where a file came or went (who does not read it may ask whether it is there), and where one is of
    /// none: it may be named as anything.
    pub fn of_change(after: &Tree, origins: &[Origin]) -> Self {
        let kind_in = |tree: &Tree, file: FileId| {
            let first_line = || Some(tree.source(file).ok()?.line(0).to_owned());
            let is_written = tree.is_present(file) && matches!(tree.kind(file), Entry::File);
            is_written.then(|| Kind::of(tree.path(file), first_line)).flatten()
        };
        let states = origins.iter().flat_map(|origin| {
            origin.changed.iter().flat_map(move |file| [kind_in(after, *file), kind_in(&origin.tree, *file)])
        });
        states.fold(Self::NONE, |kinds, kind| kind.map_or(Self::ALL, |kind| kinds.with(kind)))
    }
}
