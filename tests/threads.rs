//! However many threads run lints, none waits for an answer that it is itself in the middle of.

use crate::harness;
use std::sync::mpsc;
use std::time::Duration;
use twiceshy_repo::Repo;
use twiceshy_source::Tree;

/// A repository in which everything that lints share has something to be made of.
fn system() -> Tree {
    let mut files = harness::read_dir(&harness::top().join("fixtures/shop/repo"));
    for stack in 0..30 {
        let service = |nth: usize| {
            format!(
                "  app{nth}:\n    image: postgres:16\n    healthcheck:\n      test: [CMD-SHELL, 'pg_isready -U app{nth}{}']\n",
                format!(" && curl -f http://localhost:80{nth}{stack}/health").repeat(10)
            )
        };
        let services: String = (0..8).map(service).collect();
        files.insert(format!("stacks/{stack}/compose.yml"), format!("services:\n{services}"));
        let page =
            format!("# Restore\n\n```sh\ndocker run -v {stack}_data:/data alpine tar xf /data/{stack}.tar\n```\n");
        files.insert(format!("stacks/{stack}/README.md"), page);
    }
    Tree::memory(files)
}

#[test]
fn many_threads_come_to_an_end() {
    let (done, ends) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        for threads in [4, 16] {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(twiceshy_repo::STACK).build().unwrap();
            pool.install(|| {
                for _ in 0..4 {
                    // What is shared is made anew each time, while lints ask for it.
                    let repo = Repo::of(system());
                    all.push(harness::plain(&repo, &harness::pedantic_report(&repo).diagnostics));
                }
            });
        }
        let _ = done.send(all);
    });
    let all = ends.recv_timeout(Duration::from_secs(300)).expect("a lint waits for itself");
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "the report depends on threads");
}
