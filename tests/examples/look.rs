//! Prints what lints find in a directory: `cargo run -p twiceshy-tests --example look -- DIR [LINT…]`.

#[path = "../harness.rs"]
#[allow(dead_code)]
mod harness;

use twiceshy_lint::{Choice, Report};
use twiceshy_repo::{Repo, STACK, Tree};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let select: Vec<_> = arguments.collect();
    let choice = Choice { select: (!select.is_empty()).then_some(select), ..Choice::default() };
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build().unwrap();
    pool.install(|| {
        let tree = Tree::disk(directory.as_ref(), twiceshy_source::Limits::default()).unwrap();
        let repo = Repo::of(tree);
        let report = Report::of(&repo, &twiceshy_lints::all(), &choice);
        print!("{}", harness::plain(&repo, &report.diagnostics));
        for skip in &report.skipped {
            println!("skipped {}: {}", skip.path, skip.reason);
        }
        println!("{} findings, {} files read, {:?}", report.diagnostics.len(), report.checked, report.failures);
    });
}
