//! Every lint, one folder each. `ls lints` is the catalogue; this file is its table of contents.

mod boot_list_gap;
mod context_too_large;
mod copy_source_missing;
mod dockerignore_root_only;
mod dump_status_lost;
mod duplicate_host_port;
mod heap_over_limit;
mod hostname_not_routed;
mod ignored_create_type;
mod json_dumps_in_json_column;
mod localhost_healthcheck;
mod loop_ends_script;
mod never_restarts;
mod runtime_floats;
mod probe_behind_proxy_only;
mod probe_of_nothing;
mod pinned_docker_context;
mod restart_keeps_old_env;
mod run_outside_network;
mod unbounded_log;
mod undefined_service;
mod unknown_workflow;
mod unlimited_memory;
mod untracked_import;
mod waits_without_health;
mod watches_single_file;
mod workspace_dep_not_copied;

use twiceshy_lint::Entry;

/// The one table of lints, by name.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<boot_list_gap::BootListGap>(),
        Entry::of::<context_too_large::ContextTooLarge>(),
        Entry::of::<copy_source_missing::CopySourceMissing>(),
        Entry::of::<dockerignore_root_only::DockerignoreRootOnly>(),
        Entry::of::<dump_status_lost::DumpStatusLost>(),
        Entry::of::<duplicate_host_port::DuplicateHostPort>(),
        Entry::of::<heap_over_limit::HeapOverLimit>(),
        Entry::of::<hostname_not_routed::HostnameNotRouted>(),
        Entry::of::<ignored_create_type::IgnoredCreateType>(),
        Entry::of::<json_dumps_in_json_column::JsonDumpsInJsonColumn>(),
        Entry::of::<localhost_healthcheck::LocalhostHealthcheck>(),
        Entry::of::<loop_ends_script::LoopEndsScript>(),
        Entry::of::<never_restarts::NeverRestarts>(),
        Entry::of::<runtime_floats::RuntimeFloats>(),
        Entry::of::<probe_behind_proxy_only::ProbeBehindProxyOnly>(),
        Entry::of::<probe_of_nothing::ProbeOfNothing>(),
        Entry::of::<pinned_docker_context::PinnedDockerContext>(),
        Entry::of::<restart_keeps_old_env::RestartKeepsOldEnv>(),
        Entry::of::<run_outside_network::RunOutsideNetwork>(),
        Entry::of::<unbounded_log::UnboundedLog>(),
        Entry::of::<undefined_service::UndefinedService>(),
        Entry::of::<unknown_workflow::UnknownWorkflow>(),
        Entry::of::<unlimited_memory::UnlimitedMemory>(),
        Entry::of::<untracked_import::UntrackedImport>(),
        Entry::of::<waits_without_health::WaitsWithoutHealth>(),
        Entry::of::<watches_single_file::WatchesSingleFile>(),
        Entry::of::<workspace_dep_not_copied::WorkspaceDepNotCopied>(),
    ]
}
