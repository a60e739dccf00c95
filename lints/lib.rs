//! Every lint, one folder each. `ls lints` is the catalogue; this file is its table of contents.

mod asyncpg_behind_pgbouncer;
mod backup_overwrites_last_good;
mod boot_list_gap;
mod browser_global_on_server;
mod cap_drop_breaks_image;
mod chowns_database;
mod context_too_large;
mod copies_running_volume;
mod copy_source_missing;
mod dead_stub_resolver;
mod default_credential;
mod destroy_before_backup;
mod destructive_at_boot;
mod dockerignore_root_only;
mod down_with_volumes;
mod dump_status_lost;
mod duplicate_host_port;
mod empty_secret_default;
mod env_file_erased;
mod errexit_suspended;
mod expired_suppression;
mod health_skips_database;
mod healthcheck_form;
mod healthcheck_ignores_status;
mod healthcheck_needs_auth;
mod healthcheck_tool_missing;
mod healthcheck_wrong_target;
mod heap_over_limit;
mod hook_bypass;
mod hostname_not_routed;
mod ignored_create_type;
mod image_needs_companion;
mod inactive_profile;
mod inconsistent_default;
mod json_dumps_in_json_column;
mod kills_by_name;
mod literal_secret;
mod localhost_healthcheck;
mod loop_ends_script;
mod missing_service_env;
mod mistaken_suppression;
mod mixed_podman_owners;
mod mounted_file_missing;
mod never_restarts;
mod pinned_docker_context;
mod probe_behind_proxy_only;
mod probe_of_nothing;
mod public_env_unreadable;
mod read_only_breaks_image;
mod ready_during_init;
mod removes_live_data;
mod resets_wal;
mod restart_keeps_old_env;
mod restore_ignores_errors;
mod rotates_blindly;
mod rsync_delete_misses_data;
mod run_on_live_volume;
mod run_outside_network;
mod runtime_floats;
mod scan_at_boot;
mod service_port_mismatch;
mod shared_database_volume;
mod shell_syntax_error;
mod strict_cookie_cross_site;
mod unbounded_log;
mod undefined_service;
mod unexplained_suppression;
mod unknown_service_host;
mod unknown_workflow;
mod unlimited_memory;
mod untracked_import;
mod unused_suppression;
mod waits_without_health;
mod watches_single_file;
mod workspace_dep_not_copied;
mod wrong_data_path;

use twiceshy_lint::Entry;

/// The one table of lints, by name.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<asyncpg_behind_pgbouncer::AsyncpgBehindPgbouncer>(),
        Entry::of::<backup_overwrites_last_good::BackupOverwritesLastGood>(),
        Entry::of::<boot_list_gap::BootListGap>(),
        Entry::of::<browser_global_on_server::BrowserGlobalOnServer>(),
        Entry::of::<cap_drop_breaks_image::CapDropBreaksImage>(),
        Entry::of::<chowns_database::ChownsDatabase>(),
        Entry::of::<context_too_large::ContextTooLarge>(),
        Entry::of::<copies_running_volume::CopiesRunningVolume>(),
        Entry::of::<copy_source_missing::CopySourceMissing>(),
        Entry::of::<dead_stub_resolver::DeadStubResolver>(),
        Entry::of::<default_credential::DefaultCredential>(),
        Entry::of::<destroy_before_backup::DestroyBeforeBackup>(),
        Entry::of::<destructive_at_boot::DestructiveAtBoot>(),
        Entry::of::<dockerignore_root_only::DockerignoreRootOnly>(),
        Entry::of::<down_with_volumes::DownWithVolumes>(),
        Entry::of::<dump_status_lost::DumpStatusLost>(),
        Entry::of::<duplicate_host_port::DuplicateHostPort>(),
        Entry::of::<empty_secret_default::EmptySecretDefault>(),
        Entry::of::<env_file_erased::EnvFileErased>(),
        Entry::of::<errexit_suspended::ErrexitSuspended>(),
        Entry::of_comments::<expired_suppression::ExpiredSuppression>(),
        Entry::of::<health_skips_database::HealthSkipsDatabase>(),
        Entry::of::<healthcheck_form::HealthcheckForm>(),
        Entry::of::<healthcheck_ignores_status::HealthcheckIgnoresStatus>(),
        Entry::of::<healthcheck_needs_auth::HealthcheckNeedsAuth>(),
        Entry::of::<healthcheck_tool_missing::HealthcheckToolMissing>(),
        Entry::of::<healthcheck_wrong_target::HealthcheckWrongTarget>(),
        Entry::of::<heap_over_limit::HeapOverLimit>(),
        Entry::of::<hook_bypass::HookBypass>(),
        Entry::of::<hostname_not_routed::HostnameNotRouted>(),
        Entry::of::<ignored_create_type::IgnoredCreateType>(),
        Entry::of::<image_needs_companion::ImageNeedsCompanion>(),
        Entry::of::<inactive_profile::InactiveProfile>(),
        Entry::of::<inconsistent_default::InconsistentDefault>(),
        Entry::of::<json_dumps_in_json_column::JsonDumpsInJsonColumn>(),
        Entry::of::<kills_by_name::KillsByName>(),
        Entry::of::<literal_secret::LiteralSecret>(),
        Entry::of::<localhost_healthcheck::LocalhostHealthcheck>(),
        Entry::of::<loop_ends_script::LoopEndsScript>(),
        Entry::of::<missing_service_env::MissingServiceEnv>(),
        Entry::of_comments::<mistaken_suppression::MistakenSuppression>(),
        Entry::of::<mixed_podman_owners::MixedPodmanOwners>(),
        Entry::of::<mounted_file_missing::MountedFileMissing>(),
        Entry::of::<never_restarts::NeverRestarts>(),
        Entry::of::<pinned_docker_context::PinnedDockerContext>(),
        Entry::of::<probe_behind_proxy_only::ProbeBehindProxyOnly>(),
        Entry::of::<probe_of_nothing::ProbeOfNothing>(),
        Entry::of::<public_env_unreadable::PublicEnvUnreadable>(),
        Entry::of::<read_only_breaks_image::ReadOnlyBreaksImage>(),
        Entry::of::<ready_during_init::ReadyDuringInit>(),
        Entry::of::<removes_live_data::RemovesLiveData>(),
        Entry::of::<resets_wal::ResetsWal>(),
        Entry::of::<restart_keeps_old_env::RestartKeepsOldEnv>(),
        Entry::of::<restore_ignores_errors::RestoreIgnoresErrors>(),
        Entry::of::<rotates_blindly::RotatesBlindly>(),
        Entry::of::<rsync_delete_misses_data::RsyncDeleteMissesData>(),
        Entry::of::<run_on_live_volume::RunOnLiveVolume>(),
        Entry::of::<run_outside_network::RunOutsideNetwork>(),
        Entry::of::<runtime_floats::RuntimeFloats>(),
        Entry::of::<scan_at_boot::ScanAtBoot>(),
        Entry::of::<service_port_mismatch::ServicePortMismatch>(),
        Entry::of::<shared_database_volume::SharedDatabaseVolume>(),
        Entry::of::<shell_syntax_error::ShellSyntaxError>(),
        Entry::of::<strict_cookie_cross_site::StrictCookieCrossSite>(),
        Entry::of::<unbounded_log::UnboundedLog>(),
        Entry::of::<undefined_service::UndefinedService>(),
        Entry::of_comments::<unexplained_suppression::UnexplainedSuppression>(),
        Entry::of::<unknown_service_host::UnknownServiceHost>(),
        Entry::of::<unknown_workflow::UnknownWorkflow>(),
        Entry::of::<unlimited_memory::UnlimitedMemory>(),
        Entry::of::<untracked_import::UntrackedImport>(),
        Entry::of_comments::<unused_suppression::UnusedSuppression>(),
        Entry::of::<waits_without_health::WaitsWithoutHealth>(),
        Entry::of::<watches_single_file::WatchesSingleFile>(),
        Entry::of::<workspace_dep_not_copied::WorkspaceDepNotCopied>(),
        Entry::of::<wrong_data_path::WrongDataPath>(),
    ]
}
