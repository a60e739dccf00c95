//! Logs of databases that are thrown away without a copy of what they belong to.

use crate::live_data::LiveData;
use crate::script::{Deed, Effect, Host, Run, Script};
use crate::{Place, Repo};

/// `pg_resetwal -f` without a copy of the data directory before it.
#[derive(Debug)]
pub struct ResetLog<'r> {
    /// The words of the command.
    pub place: Place,
    /// `pg_resetwal`, `pg_resetxlog`
    pub program: String,
    /// Whose data it is, where that is known.
    pub data: Option<LiveData<'r>>,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

impl Repo {
    /// Forced resets of PostgreSQL's log in scripts and pages, with no copy of the data directory on every way to them.
    pub fn reset_logs(&self) -> Vec<ResetLog<'_>> {
        let mut found: Vec<ResetLog<'_>> = Vec::new();
        let says = |script: &&Script| script.text().contains("pg_resetwal") || script.text().contains("pg_resetxlog");
        let outer = self.scripts.iter().filter(says).filter(|script| !matches!(script.host, Host::Inside { .. }));
        for script in outer.filter(|script| !self.is_of_development(script.file)) {
            let Some(run) = self.run_of(script) else { continue };
            for effect in run.effects().iter().filter(|effect| effect.deed == Deed::Reset) {
                let is_forced = effect.has_option("-f") || effect.has_option("--force");
                if !is_forced || !run.comes_to(effect.step) || run.is_forbidden(effect.step) {
                    continue;
                }
                if self.is_copied_before(&run, effect) {
                    continue;
                }
                let place = run.place_of(effect);
                if found.iter().any(|other| other.place == place) {
                    continue;
                }
                let service = self.service_entered(&run, effect);
                let at = service.and_then(|(project, service)| {
                    let mut mounts = service.mounts.iter();
                    mounts.find_map(|mount| self.kept(project, service, mount).filter(|data| data.database.is_some()))
                });
                let data = at.or_else(|| {
                    effect.objects.iter().find_map(|object| self.databases_in(&run, effect, object).into_iter().next())
                });
                let data = data.or_else(|| self.mounted_at(&run, effect));
                let is_page = script.is_instruction();
                found.push(ResetLog { place, program: effect.program.to_string(), data, is_page });
            }
        }
        found
    }

    /// The data of a service that a new container has mounted.
    fn mounted_at<'r>(&'r self, run: &Run<'_>, effect: &Effect) -> Option<LiveData<'r>> {
        let container = effect.site.container()?;
        container.mounts.iter().find_map(|mount| self.databases_mounted(run, effect, mount).into_iter().next())
    }

    fn is_copied_before(&self, run: &Run<'_>, effect: &Effect) -> bool {
        let saves = |other: &Effect| {
            matches!(other.deed, Deed::Copy | Deed::Sync | Deed::Upload) || &*other.program == "pg_basebackup"
        };
        const SNAPSHOTS: &[&str] =
            &["zfs snapshot", "lvcreate", "btrfs subvolume snapshot", "volume export", "create-snapshot"];
        let is_saved = run.saved_before(effect, saves)
            || super::asked_before(run, effect.step, |text| SNAPSHOTS.iter().any(|word| text.contains(word)));
        if is_saved {
            return true;
        }
        // What the page told before: in fences of its own, or in words.
        let script = run.script();
        let Host::Fence { before, headings, .. } = &script.host else { return false };
        let said = |text: &str| {
            let lower = text.to_lowercase();
            ["copy", "copied", "back up", "backed up", "backup", "snapshot"].iter().any(|word| lower.contains(word))
        };
        let start = script.place(twiceshy_source::Span::default()).start;
        let earlier = self.scripts.iter().filter(|other| {
            other.file == script.file
                && matches!(other.host, Host::Fence { .. })
                && other.place(twiceshy_source::Span::default()).start < start
        });
        let copied = || earlier.filter_map(|other| self.run_of(other)).any(|other| other.effects().iter().any(saves));
        let in_fence = || script.comment_on(effect.step.node).is_some_and(|text| said(&text));
        said(before) || headings.last().is_some_and(|heading| said(heading)) || copied() || in_fence()
    }
}
