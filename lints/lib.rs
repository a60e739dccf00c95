//! Every lint, one folder each. `ls lints` is the catalogue; this file is its table of contents.

mod boot_list_gap;
mod browser_global_on_server;
mod context_too_large;
mod dockerignore_root_only;
mod dump_status_lost;
mod duplicate_host_port;
mod health_skips_database;
mod hostname_not_routed;
mod ignored_create_type;
mod json_dumps_in_json_column;
mod localhost_healthcheck;
mod loop_ends_script;
mod scan_at_boot;
mod strict_cookie_cross_site;
mod unbounded_log;
mod undefined_service;
mod unknown_workflow;
mod untracked_import;
mod watches_single_file;

use twiceshy_lint::Entry;

/// The one table of lints, by name.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<boot_list_gap::BootListGap>(),
        Entry::of::<browser_global_on_server::BrowserGlobalOnServer>(),
        Entry::of::<context_too_large::ContextTooLarge>(),
        Entry::of::<dockerignore_root_only::DockerignoreRootOnly>(),
        Entry::of::<dump_status_lost::DumpStatusLost>(),
        Entry::of::<duplicate_host_port::DuplicateHostPort>(),
        Entry::of::<health_skips_database::HealthSkipsDatabase>(),
        Entry::of::<hostname_not_routed::HostnameNotRouted>(),
        Entry::of::<ignored_create_type::IgnoredCreateType>(),
        Entry::of::<json_dumps_in_json_column::JsonDumpsInJsonColumn>(),
        Entry::of::<localhost_healthcheck::LocalhostHealthcheck>(),
        Entry::of::<loop_ends_script::LoopEndsScript>(),
        Entry::of::<scan_at_boot::ScanAtBoot>(),
        Entry::of::<strict_cookie_cross_site::StrictCookieCrossSite>(),
        Entry::of::<unbounded_log::UnboundedLog>(),
        Entry::of::<undefined_service::UndefinedService>(),
        Entry::of::<unknown_workflow::UnknownWorkflow>(),
        Entry::of::<untracked_import::UntrackedImport>(),
        Entry::of::<watches_single_file::WatchesSingleFile>(),
    ]
}
