//! Finds heaps that their container kills, and builds that are given less heap than others of the same app.

use twiceshy_lint::{Field, Findings, Level, Lint, Meta, meta, options};
use twiceshy_repo::{Heap, Overfull, Repo, Runtime, StarvedBuild};

options! {
    /// Heaps that their container kills.
    pub struct HeapOverLimit {
        /// Of a container's memory, in percent: a heap that may take more leaves too little for the rest.
        tight: u32 = 80, 1..=100;
    }
}

/// What a heap may take of a limit, in percent.
const FITTING: u64 = 75;

impl Lint for HeapOverLimit {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Env | scripts);

    fn options() -> Vec<Field> {
        Self::fields()
    }

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        repo.overfull(found.focus()).iter().for_each(|overfull| self.report(overfull, found));
        repo.starved_builds(found.focus()).iter().for_each(|build| starved(build, found));
    }
}

impl HeapOverLimit {
    fn report(&self, overfull: &Overfull, found: &mut Findings) {
        let Overfull { name, heap, limit, limit_place } = overfull;
        if *limit == 0 || heap.bytes.saturating_mul(100) <= limit.saturating_mul(self.tight.into()) {
            return;
        }
        let who = if name.is_empty() { "the container".to_owned() } else { format!("`{name}`") };
        let is_over = heap.bytes >= *limit;
        let (heap_size, limit_size) = (megabytes(heap.bytes), megabytes(*limit));
        let message = if is_over {
            format!(
                "{who} is killed before its heap is full: it may grow to {heap_size} in a container of {limit_size}"
            )
        } else {
            format!(
                "{who} is killed when its heap fills: {heap_size} of a container's {limit_size} leave too little for the rest"
            )
        };
        let finding = found.at(heap.place, message);
        finding.label(match heap.runtime {
            Runtime::Node => "the program collects no garbage for the limit's sake",
            Runtime::Java => "the heap alone; classes, threads and buffers come on top",
        });
        finding.related(*limit_place, "the kernel kills what takes more");
        finding.note(match heap.runtime {
            Runtime::Node => "nothing is logged but exit code 137; a heap below the limit ends with V8's own report",
            Runtime::Java => {
                "nothing is logged but exit code 137; a heap below the limit ends with an OutOfMemoryError"
            }
        });
        let fitting = (*limit / 100 * FITTING) >> 20;
        let option = match heap.runtime {
            Runtime::Node => format!("--max-old-space-size={fitting}"),
            Runtime::Java => format!("-Xmx{fitting}m"),
        };
        finding.note(format!("{option} leaves a quarter for the rest"));
        if !is_over {
            finding.level(Level::Warn);
        }
    }
}

fn starved(build: &StarvedBuild, found: &mut Findings) {
    let Some((first, rest)) = build.starved.split_first() else { return };
    let (own, other) = (megabytes(first.bytes), megabytes(build.other.bytes));
    let message = format!(
        "this build has {own} of heap where {} gives {other}: it ends with \"heap out of memory\" when the app needs them",
        build.by
    );
    let finding = found.at(first.place, message).label(format!("{own} of heap"));
    finding.related(build.other.place, format!("{other} for the same app"));
    for Heap { place, bytes, .. } in rest {
        finding.related(*place, format!("{} here too", megabytes(*bytes)));
    }
    finding.level(Level::Warn);
}

fn megabytes(bytes: u64) -> String {
    let megabytes = bytes >> 20;
    if megabytes >= 1024 && megabytes.is_multiple_of(1024) {
        format!("{} GB", megabytes / 1024)
    } else {
        format!("{megabytes} MB")
    }
}
