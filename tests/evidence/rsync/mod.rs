//! rsync itself: what its filters keep, and what `--delete` removes.

mod pairs;
mod random;

use std::path::Path;
use twiceshy_repo::rsync::{Command, Disk, Kind, Tree, Word};

/// Pairs of a random tree and a random filter; with the seeds below 10,000 and more.
const SEEDS: std::ops::Range<u64> = 0..2_050;
/// rsync waits more than it works.
const THREADS: usize = 16;

#[test]
fn random_trees_and_filters_end_as_rsync_leaves_them() {
    let report = pairs::compare(SEEDS, THREADS);
    let told: Vec<&str> = report.mismatches.iter().take(3).map(String::as_str).collect();
    assert!(
        report.mismatches.is_empty(),
        "{} of {} runs differ\n{}",
        report.mismatches.len(),
        report.runs,
        told.join("\n")
    );
    assert!(report.pairs >= 10_000, "{}", report.pairs);
    let rare: Vec<_> = pairs::FEATURES
        .iter()
        .filter(|feature| report.features.get(**feature).is_none_or(|pairs| *pairs < 20))
        .collect();
    assert!(rare.is_empty(), "not tried often enough: {rare:?}");
}

/// What the destination of the post-mortems held, and what is left of it.
fn kept(words: &[&str]) -> Vec<&'static str> {
    const HELD: [&str; 4] = ["docker-data", ".docker-data", "sub/docker-data", ".env"];
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    let mut tree = Tree::default();
    for path in ["src/app/main.py", "dst/app/main.py", "dst/.env"] {
        tree.add(path, Kind::File);
    }
    for path in &HELD[..3] {
        tree.add(&format!("dst/{path}/pg/PG_VERSION"), Kind::File);
    }
    tree.add("src/sub/readme", Kind::File);
    write(at, &tree, "");
    let words: Vec<&str> = words.iter().copied().chain(["src/", "dst/"]).collect();
    let read: Vec<Word> = words.iter().map(|text| Word { text: (*text).to_owned(), is_known: true }).collect();
    let disk = Disk { root: "/", path: "/", tree: &tree };
    let thought = Command::of(&read).unwrap().removal(disk, disk).unwrap().gone;
    let status = std::process::Command::new("rsync").args(&words).current_dir(at).output().unwrap().status;
    assert!(matches!(status.code(), Some(0 | 25)), "{words:?}");
    let left: Vec<&str> = HELD.into_iter().filter(|path| at.join("dst").join(path).exists()).collect();
    let we: Vec<&str> = HELD.into_iter().filter(|path| !thought.iter().any(|gone| gone == path)).collect();
    assert_eq!(left, we, "{words:?}");
    left
}

fn write(at: &Path, tree: &Tree, below: &str) {
    for (name, kind) in tree.children(below) {
        let path = format!("{below}/{name}");
        let place = at.join(path.trim_start_matches('/'));
        if kind == Kind::Directory {
            std::fs::create_dir_all(&place).unwrap();
            write(at, tree, &path);
        } else {
            std::fs::write(place, "").unwrap();
        }
    }
}

#[test]
fn an_exclude_without_its_dot_or_with_a_wrong_anchor_keeps_nothing() {
    let all = ["docker-data", ".docker-data", "sub/docker-data", ".env"];
    assert_eq!(kept(&["-a", "--delete"]), [""; 0]);
    assert_eq!(kept(&["-a", "--delete", "--exclude=docker-data"]), ["docker-data", "sub/docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--exclude=docker-data/"]), ["docker-data", "sub/docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--exclude=.docker-data"]), [".docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--exclude=/docker-data"]), ["docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--exclude=*docker-data"]), all[..3]);
    for never in ["./docker-data", "dst/docker-data", "/srv/dst/docker-data", "'docker-data'", "{docker-data,.env}"] {
        assert_eq!(kept(&["-a", "--delete", &format!("--exclude={never}")]), [""; 0], "{never}");
    }
    assert_eq!(kept(&["-a", "--delete", "--exclude=docker-data/pg"]), ["docker-data", "sub/docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--include=docker-data", "--exclude=docker-data"]), [""; 0]);
    assert_eq!(kept(&["-a", "--delete-excluded", "--exclude=docker-data"]), [""; 0]);
    assert_eq!(kept(&["-a", "--delete", "--filter=P docker-data"]), ["docker-data", "sub/docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "--filter=P /.docker-data", "--filter=P .env"]), [".docker-data", ".env"]);
    assert_eq!(kept(&["-a", "--delete-excluded", "--filter=P /.docker-data"]), [".docker-data"]);
    assert_eq!(kept(&["-a", "--delete", "-n"]), all);
    assert_eq!(kept(&["-a", "--delete", "--max-delete=0"]), all);
    assert_eq!(kept(&["-a"]), all);
}
