//! Work that reads the whole of a file on a volume before the server of a container answers.

use serde::Deserialize;
use std::time::Duration;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{BootScan, Platform, Repo, Work};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScanAtBoot {}

impl Lint for ScanAtBoot {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Node | Python | scripts);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for scan in repo.boot_scans(found.focus()) {
            report(scan, found);
        }
    }
}

fn report(scan: &BootScan, found: &mut Findings) {
    let what = named(scan.work);
    let file = match scan.path.trim_start_matches('…') {
        "" => "the database".to_owned(),
        _ => format!("`{}`", scan.path),
    };
    let message = match &scan.deadline {
        Some(deadline) => {
            let consequence = match deadline.platform {
                Platform::Fly => "the machine gets no requests and the deployment fails",
                Platform::HealthCheck => "the container is unhealthy before it has started",
                Platform::Kubernetes => "the container is killed and starts over, for ever",
            };
            format!(
                "{consequence} once {file} is large: {what} at every start, and the server has {} to answer",
                shown(deadline.wait)
            )
        }
        None => format!("every start takes longer the larger {file} grows: {what} before the server answers"),
    };
    let finding = found.at(scan.place, message);
    match &scan.deadline {
        Some(deadline) => {
            let size = deadline.wait.as_secs_f64() / scan.work.seconds_per_gigabyte();
            finding
                .label(format!("takes longer than that from about {} on, and sooner on a slow disk", gigabytes(size)))
                .related(
                    deadline.place,
                    format!("after {} without an answer it counts as failed", shown(deadline.wait)),
                );
        }
        None => {
            finding.label("reads all of it").level(Level::Pedantic);
        }
    }
    finding.related(scan.volume, "what lies here outlives the container, and grows");
    for (step, via) in scan.via.iter().enumerate() {
        finding.related(*via, if step == 0 { "the container starts with this" } else { "the start runs it from here" });
    }
    match scan.work {
        Work::QuickCheck => {
            finding.note("`quick_check` reads every page, too: it only does not compare indexes with their tables");
        }
        Work::IntegrityCheck => {
            finding.note("`quick_check` instead takes two thirds of the time: that moves the day, it is no repair");
        }
        _ => {}
    }
    finding.note(
        "run it beside the server, from a timer, or only when a variable asks for it; at start, look at the size first",
    );
}

fn named(work: Work) -> &'static str {
    match work {
        Work::IntegrityCheck => "`integrity_check` reads all of it",
        Work::QuickCheck => "`quick_check` reads all of it",
        Work::Reindex => "`REINDEX` sorts all of it anew",
        Work::Vacuum => "`VACUUM` writes all of it anew",
        Work::Dump => "a copy of all of it is made",
        Work::Hash => "a hash of all of it is taken",
        Work::Pack => "all of it is packed",
    }
}

fn shown(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..=180 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

fn gigabytes(size: f64) -> String {
    if size < 1.0 { format!("{:.0} MB", size * 10.0 * 100.0) } else { format!("{size:.0} GB") }
}
