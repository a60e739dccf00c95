//! Every lint, one folder each. `ls lints` is the catalogue; this file is its table of contents.

mod boot_list_gap;
mod context_too_large;
mod dockerignore_root_only;
mod dump_status_lost;
mod duplicate_host_port;
mod env_file_erased;
mod heap_over_limit;
mod hostname_not_routed;
mod ignored_create_type;
mod json_dumps_in_json_column;
mod localhost_healthcheck;
mod loop_ends_script;
mod missing_service_env;
mod never_restarts;
mod runtime_floats;
mod unbounded_log;
mod undefined_service;
mod unknown_workflow;
mod unlimited_memory;
mod untracked_import;
mod waits_without_health;
mod watches_single_file;

use twiceshy_lint::Entry;

/// The one table of lints, by name.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<boot_list_gap::BootListGap>(),
        Entry::of::<context_too_large::ContextTooLarge>(),
        Entry::of::<dockerignore_root_only::DockerignoreRootOnly>(),
        Entry::of::<dump_status_lost::DumpStatusLost>(),
        Entry::of::<duplicate_host_port::DuplicateHostPort>(),
        Entry::of::<env_file_erased::EnvFileErased>(),
        Entry::of::<heap_over_limit::HeapOverLimit>(),
        Entry::of::<hostname_not_routed::HostnameNotRouted>(),
        Entry::of::<ignored_create_type::IgnoredCreateType>(),
        Entry::of::<json_dumps_in_json_column::JsonDumpsInJsonColumn>(),
        Entry::of::<localhost_healthcheck::LocalhostHealthcheck>(),
        Entry::of::<loop_ends_script::LoopEndsScript>(),
        Entry::of::<missing_service_env::MissingServiceEnv>(),
        Entry::of::<never_restarts::NeverRestarts>(),
        Entry::of::<runtime_floats::RuntimeFloats>(),
        Entry::of::<unbounded_log::UnboundedLog>(),
        Entry::of::<undefined_service::UndefinedService>(),
        Entry::of::<unknown_workflow::UnknownWorkflow>(),
        Entry::of::<unlimited_memory::UnlimitedMemory>(),
        Entry::of::<untracked_import::UntrackedImport>(),
        Entry::of::<waits_without_health::WaitsWithoutHealth>(),
        Entry::of::<watches_single_file::WatchesSingleFile>(),
    ]
}
