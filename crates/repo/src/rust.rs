//! Rust sources: so far only what an endless loop appends to.

use crate::{Growth, Input, LogFile, Lowered};
use twiceshy_source::Place;
use twiceshy_syntax::rust;

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    // It measures, renames, cuts or deletes files: it may well bound this one.
    if ["rename(", "remove_file(", "set_len(", "metadata("].iter().any(|word| text.contains(word)) {
        return;
    }
    let place = |span| Place::new(input.file, span);
    out.log_files.extend(rust::looped_appends(text).into_iter().filter(|it| crate::log_file::is_log(&it.path)).map(
        |it| LogFile {
            file: input.file,
            place: place(it.open),
            path: it.path.into(),
            growth: Growth::Append,
            bound: None,
            is_repeated: true,
            endless: Some((place(it.endless), "this loop has no end")),
        },
    ));
}
