//! The same trees and filters for rsync and for our reading of it.

use super::random::{Random, Side, deeds, filters, listing, pattern, rule};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use twiceshy_repo::rsync::{Command, Disk, Tree, Word};

/// What a comparison found.
#[derive(Default)]
pub struct Report {
    /// Pairs of a tree and a filter.
    pub pairs: usize,
    /// Runs of rsync.
    pub runs: usize,
    /// How many pairs reached what.
    pub features: BTreeMap<&'static str, usize>,
    /// Where the two differ: how to see it again.
    pub mismatches: Vec<String>,
}

/// What the pairs are to reach.
pub const FEATURES: [&str; 49] = [
    "refused",
    "something removed",
    "nothing removed",
    "--exclude",
    "--include",
    "--exclude-from",
    "--include-from",
    "--filter",
    "-f",
    "-F",
    "-FF",
    "-C",
    "-C as a rule",
    "--delete",
    "--del",
    "--delete-before",
    "--delete-after",
    "--delete-delay",
    "--delete-excluded",
    "--prune-empty-dirs",
    "--backup",
    "--backup-dir",
    "--max-delete=0",
    "--dry-run",
    "--relative",
    "--files-from",
    "--dirs",
    "directory's content as the source",
    "directory as the source",
    "several sources",
    "protect, P",
    "risk, R",
    "hide, H",
    "show, S",
    "clear, !",
    "perishable",
    "negated",
    "absolute",
    "one side by a modifier",
    "merge",
    "dir-merge",
    "dir-merge above the transfer",
    "dir-merge in a directory's file",
    "dir-merge without inheritance",
    "**",
    "***",
    "class",
    "backslash",
    "anchored",
];

/// Compares the runs with these seeds, on so many threads: rsync mostly waits.
pub fn compare(seeds: Range<u64>, threads: usize) -> Report {
    let home = home();
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let case = Case::of(seed);
                    let at = home.path().join(seed.to_string());
                    let seen = case.run(&at);
                    let thought = case.think(&at);
                    let mut report = report.lock().unwrap();
                    report.runs += 1;
                    report.pairs += case.pairs;
                    for feature in case.features(&seen, &thought) {
                        *report.features.entry(feature).or_default() += case.pairs;
                    }
                    if seen != thought {
                        report.mismatches.push(case.told(seed, &seen, &thought));
                    }
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap();
    report.mismatches.sort();
    report
}

/// A place in memory, where there is one.
fn home() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

struct Case {
    /// The options and sources.
    words: Vec<String>,
    /// Below `from/w`, where rsync runs, and below `to`.
    from: Vec<(String, Side)>,
    to: Vec<(String, Side)>,
    patterns: String,
    rules: String,
    list: String,
    /// Rules above the transfer: of the sender, of the receiver.
    above: [Option<String>; 2],
    pairs: usize,
}

impl Case {
    fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let with_rules = random.one_in(3);
        let mut words = deeds(random);
        words.extend(filters(random, with_rules));
        // What happens where a file takes a directory's place is not about deletion: with these options rsync leaves one of
        // them, or stops.
        let same_kinds = words.iter().any(|word| matches!(&**word, "--ignore-existing" | "--backup" | "-b"));
        let sides = |random: &mut Random, size| {
            let from = Side::any(random, size, with_rules);
            let mut to = from.later(random, size, with_rules);
            if same_kinds {
                to.agree_with(&from);
            }
            (from, to)
        };
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut pairs = 1;
        let mut list = String::new();
        match random.below(9) {
            // Some of it, as a file lists it.
            8 => {
                let (sender, receiver) = sides(random, 20);
                // Which of the directories above listed names `--prune-empty-dirs` keeps is not compared.
                words.retain(|word| !matches!(&**word, "-m" | "--prune-empty-dirs"));
                words.extend(["--files-from=../list".to_owned(), "s/".to_owned()]);
                list.push_str("# names\n\n");
                for (path, (kind, _)) in &sender.0 {
                    if random.one_in(3) && !path.starts_with(['#', ';']) {
                        let slash =
                            if *kind == twiceshy_repo::rsync::Kind::Directory && random.one_in(2) { "/" } else { "" };
                        let _ = writeln!(list, "{}{path}{slash}", random.pick(&["", "./", "/"]));
                    }
                }
                from.push(("s/".to_owned(), sender));
                to.push((String::new(), receiver));
            }
            // What a directory holds goes into the destination.
            0..=1 => {
                let (sender, receiver) = sides(random, 20);
                words.push(random.pick(&["s/", "s/.", "./s/", "s//"]).to_owned());
                from.push(("s/".to_owned(), sender));
                to.push((String::new(), receiver));
            }
            // What two directories hold goes into one.
            2 => {
                let (sender, receiver) = sides(random, 14);
                words.extend(["s/".to_owned(), "t/".to_owned()]);
                let mut more = Side::any(random, 8, with_rules);
                // Of a directory and a file of one name, which one comes is not about deletion.
                more.agree_with(&sender);
                // Where both sources have an empty directory, `--prune-empty-dirs` may keep it: of two equal names in its
                // list rsync forgets one before it counts what directories hold.
                words.retain(|word| !matches!(&**word, "-m" | "--prune-empty-dirs"));
                if same_kinds {
                    more.agree_with(&receiver);
                }
                from.extend([("s/".to_owned(), sender), ("t/".to_owned(), more)]);
                to.push((String::new(), receiver));
            }
            3 => {
                let (sender, receiver) = sides(random, 14);
                words.extend(
                    random
                        .pick(&[
                            &["-R", "s/a/", "s/b"][..],
                            &["--relative", "./s"],
                            &["-R", "s/./a", "t/"],
                            &["-R", "s/a/pg"],
                        ])
                        .iter()
                        .map(|word| (*word).to_owned()),
                );
                let mut sender = sender;
                for directory in ["a", "b", "a/pg"] {
                    sender
                        .0
                        .entry(directory.to_owned())
                        .or_insert((twiceshy_repo::rsync::Kind::Directory, String::new()))
                        .0 = twiceshy_repo::rsync::Kind::Directory;
                }
                let below_t = Side::any(random, 8, with_rules);
                let mut receiver_t = below_t.later(random, 8, with_rules);
                let mut receiver = receiver;
                if same_kinds {
                    receiver_t.agree_with(&below_t);
                    receiver.agree_with(&sender);
                }
                to.extend([("s/".to_owned(), receiver.clone()), ("t/".to_owned(), receiver_t)]);
                if words.contains(&"s/./a".to_owned()) {
                    to.push((
                        String::new(),
                        Side(
                            receiver.0.into_iter().filter(|(path, _)| path == "a" || path.starts_with("a/")).collect(),
                        ),
                    ));
                }
                from.extend([("s/".to_owned(), sender), ("t/".to_owned(), below_t)]);
            }
            // Many trees with one filter.
            _ => {
                pairs = 10;
                for number in 0..pairs {
                    let (sender, receiver) = sides(random, 12);
                    let name = format!("t{number}");
                    words.push(name.clone());
                    from.push((format!("{name}/"), sender));
                    to.push((format!("{name}/"), receiver));
                }
            }
        }
        let lines = |random: &mut Random, line: &dyn Fn(&mut Random) -> String| {
            (0..random.below(4)).fold("# rules\n; more\n\n".to_owned(), |text, _| text + &line(random) + "\n")
        };
        Self {
            words,
            from,
            to,
            patterns: lines(random, &|random| match random.below(6) {
                0 => format!("+ {}", pattern(random)),
                1 => format!("- {}", pattern(random)),
                _ => pattern(random),
            }),
            rules: lines(random, &|random| rule(random, true)),
            list,
            above: [(); 2].map(|()| (with_rules && random.one_in(4)).then(|| rule(random, true) + "\n")),
            pairs,
        }
    }

    /// Runs rsync; what is gone afterwards, or `None` where it refuses.
    fn run(&self, at: &Path) -> Option<Vec<String>> {
        self.write(at);
        let to = at.join("to/d");
        let before = listing(&to);
        let output = std::process::Command::new("rsync")
            .args(&self.words)
            .arg("../../to/d/")
            .current_dir(at.join("from/w"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", at)
            .output()
            .expect("rsync is needed for this test (`tests/run` installs it)");
        let after = listing(&to);
        std::fs::remove_dir_all(at).unwrap();
        match output.status.code() {
            Some(0 | 23 | 25) => Some(before.into_iter().filter(|path| after.binary_search(path).is_err()).collect()),
            _ => None,
        }
    }

    fn write(&self, at: &Path) {
        for place in ["from/w", "to/d"] {
            std::fs::create_dir_all(at.join(place)).unwrap();
        }
        std::fs::write(at.join("from/patterns"), &self.patterns).unwrap();
        std::fs::write(at.join("from/rules"), &self.rules).unwrap();
        std::fs::write(at.join("from/list"), &self.list).unwrap();
        for (place, text) in ["from", "to"].iter().zip(&self.above) {
            if let Some(text) = text {
                std::fs::write(at.join(place).join(".rsync-filter"), text).unwrap();
                std::fs::write(at.join(place).join(".rules"), text).unwrap();
            }
        }
        for (root, sides) in [("from/w", &self.from), ("to/d", &self.to)] {
            for (name, side) in sides {
                let place: PathBuf = at.join(root).join(name);
                if !place.exists() {
                    std::fs::create_dir_all(&place).unwrap();
                }
                side.write(&place);
            }
        }
    }

    /// What we think is gone afterwards.
    fn think(&self, at: &Path) -> Option<Vec<String>> {
        let mut tree = Tree::default();
        tree.add("from/w", twiceshy_repo::rsync::Kind::Directory);
        tree.add("to/d", twiceshy_repo::rsync::Kind::Directory);
        tree.add_text("from/patterns", &self.patterns);
        tree.add_text("from/rules", &self.rules);
        tree.add_text("from/list", &self.list);
        for (place, text) in ["from", "to"].iter().zip(&self.above) {
            if let Some(text) = text {
                tree.add_text(&format!("{place}/.rsync-filter"), text);
                tree.add_text(&format!("{place}/.rules"), text);
            }
        }
        for (root, sides) in [("from/w/", &self.from), ("to/d/", &self.to)] {
            for (name, side) in sides {
                tree.add(&format!("{root}{name}"), twiceshy_repo::rsync::Kind::Directory);
                side.put(&format!("{root}{name}"), &mut tree);
            }
        }
        let words: Vec<Word> = self
            .words
            .iter()
            .map(String::as_str)
            .chain(["../../to/d/"])
            .map(|text| Word { text: text.to_owned(), is_known: true })
            .collect();
        let command = Command::of(&words)?;
        let root = at.to_string_lossy().into_owned();
        let path = format!("{root}/from/w");
        let whole = Disk { root: &root, path: &path, tree: &tree };
        command.removal(whole, whole).ok().map(|removal| removal.gone)
    }

    fn told(&self, seed: u64, seen: &Option<Vec<String>>, thought: &Option<Vec<String>>) -> String {
        let mut text = format!("seed {seed}: rsync {:?} ../../to/d/\n", self.words);
        let _ = writeln!(text, "rsync removes {seen:?}\nwe think      {thought:?}");
        if let (Some(seen), Some(thought)) = (seen, thought) {
            let only =
                |a: &[String], b: &[String]| a.iter().filter(|path| !b.contains(path)).cloned().collect::<Vec<_>>();
            let _ = writeln!(text, "only rsync {:?}\nonly we {:?}", only(seen, thought), only(thought, seen));
        }
        let _ = writeln!(
            text,
            "patterns {:?} rules {:?} list {:?} above {:?}",
            self.patterns, self.rules, self.list, self.above
        );
        for (root, sides) in [("from/w/", &self.from), ("to/d/", &self.to)] {
            for (name, side) in sides {
                for (path, (kind, content)) in &side.0 {
                    let _ = writeln!(text, "  {root}{name}{path} {kind:?} {content:?}");
                }
            }
        }
        text
    }

    /// What the case reaches.
    fn features(&self, seen: &Option<Vec<String>>, _thought: &Option<Vec<String>>) -> Vec<&'static str> {
        let line = self.words.join("\n");
        let has = |text: &str| line.contains(text);
        let word = |text: &str| self.words.iter().any(|word| word == text);
        let texts = || self.from.iter().chain(&self.to).flat_map(|(_, side)| side.0.values().map(|(_, text)| text));
        let is_read = |sign: &str| texts().any(|text| text.contains(sign));
        let list: [(&'static str, bool); 49] = [
            ("refused", seen.is_none()),
            ("something removed", seen.as_ref().is_some_and(|gone| !gone.is_empty())),
            ("nothing removed", seen.as_ref().is_some_and(Vec::is_empty)),
            ("--exclude", has("--exclude\n") || has("--exclude=")),
            ("--include", has("--include\n") || has("--include=")),
            ("--exclude-from", has("--exclude-from")),
            ("--include-from", has("--include-from")),
            ("--filter", word("--filter")),
            ("-f", self.words.iter().any(|word| word.starts_with("-f"))),
            ("-F", word("-F")),
            ("-FF", word("-FF")),
            ("-C", word("-C") || word("--cvs-exclude")),
            ("-C as a rule", has("-C\n") || has("exclude,C") || has("-Cr") || has("-Cs")),
            ("--delete", word("--delete")),
            ("--del", word("--del") || word("--delete-during")),
            ("--delete-before", word("--delete-before")),
            ("--delete-after", word("--delete-after")),
            ("--delete-delay", word("--delete-delay")),
            ("--delete-excluded", word("--delete-excluded")),
            ("--prune-empty-dirs", word("-m") || word("--prune-empty-dirs")),
            ("--backup", word("--backup")),
            ("--backup-dir", has("--backup-dir")),
            ("--max-delete=0", word("--max-delete=0")),
            ("--dry-run", word("-n")),
            ("--relative", word("-R") || word("--relative")),
            ("--files-from", has("--files-from")),
            ("--dirs", word("-d") || word("--dirs")),
            ("directory's content as the source", has("s/")),
            ("directory as the source", self.pairs > 1),
            ("several sources", word("t/") || self.pairs > 1),
            ("protect, P", has("P ") || has("P_") || has("protect")),
            ("risk, R", has("R ") || has("R_") || has("risk")),
            ("hide, H", has("H ") || has("H_") || has("hide")),
            ("show, S", has("S ") || has("S_") || has("show")),
            ("clear, !", word("!") || word("clear") || has("-f!")),
            ("perishable", has("-p ") || has("-,p") || has("-rp") || has("Pp")),
            ("negated", has("-! ") || has("+! ") || has("H! ") || has("P,!")),
            ("absolute", has("-/") || has("+/") || has("P/")),
            ("one side by a modifier", has("-s") || has("-r ") || has("+s") || has("+r")),
            ("merge", has("../rules") || has("merge,+") || has(".- ../patterns")),
            ("dir-merge", has(": .r") || has("dir-merge")),
            ("dir-merge above the transfer", has(": /.r") || has("../.rules") || has(",- /")),
            ("dir-merge in a directory's file", is_read(": .r") || is_read("dir-merge")),
            ("dir-merge without inheritance", has(":n ") || has(":-n") || has(":C")),
            ("**", has("**")),
            ("***", has("***")),
            ("class", has("[")),
            ("backslash", has("\\")),
            ("anchored", has("=/") || has("- /") || has("\n/")),
        ];
        list.into_iter().filter(|(_, reached)| *reached).map(|(name, _)| name).collect()
    }
}
