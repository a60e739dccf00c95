//! Every lint, one folder each. `ls lints` is the catalogue; this file is its table of contents.

mod boot_list_gap;
mod context_too_large;
mod dockerignore_root_only;
mod ignored_create_type;
mod json_dumps_in_json_column;
mod unknown_workflow;

use twiceshy_lint::Entry;

/// The one table of lints, by name.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<boot_list_gap::BootListGap>(),
        Entry::of::<context_too_large::ContextTooLarge>(),
        Entry::of::<dockerignore_root_only::DockerignoreRootOnly>(),
        Entry::of::<ignored_create_type::IgnoredCreateType>(),
        Entry::of::<json_dumps_in_json_column::JsonDumpsInJsonColumn>(),
        Entry::of::<unknown_workflow::UnknownWorkflow>(),
    ]
}
