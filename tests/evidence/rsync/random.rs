//! Random trees and filters, made from a seed: what they hold reaches every part of rsync's rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use twiceshy_repo::rsync::{Kind, Tree};

/// Marsaglia's xorshift: the same numbers everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            random.below(2);
        }
        random
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const NAMES: &[&str] = &[
    "data",
    ".data",
    "docker-data",
    "pg",
    "a",
    "b",
    "c",
    "foo",
    "foo.o",
    "core",
    "old~",
    "x.bak",
    "my data",
    "ab",
    "abc",
    "a-b",
    "Foo",
    "1",
    "12",
    "b[c]d",
    "e\\f",
    "tags",
    ".git",
    "node_modules",
    "*",
    "ä",
    "x_y",
    "#note",
];
const MERGED: &[&str] = &[".rsync-filter", ".rules", ".cvsignore", ".gitignore"];

/// What lies on one side: what each path is, and the texts of files of rules.
#[derive(Clone, Default)]
pub struct Side(pub BTreeMap<String, (Kind, String)>);

impl Side {
    /// A tree of up to `size` entries, some of which are files of rules.
    pub fn any(random: &mut Random, size: usize, with_rules: bool) -> Self {
        let mut side = Self::default();
        let mut directories = vec![String::new()];
        for _ in 0..random.below(size) + 1 {
            let above = directories[random.below(directories.len())].clone();
            let path = format!("{above}{}", random.pick(NAMES));
            if side.0.contains_key(&path) {
                continue;
            }
            let kind = match random.below(20) {
                0 => Kind::Link,
                1..=8 if above.matches('/').count() < 4 => Kind::Directory,
                _ => Kind::File,
            };
            if kind == Kind::Directory {
                directories.push(format!("{path}/"));
            }
            side.0.insert(path, (kind, String::new()));
        }
        if with_rules {
            for _ in 0..random.below(3) + 1 {
                let above = directories[random.below(directories.len())].clone();
                side.add_rules(random, &above);
            }
        }
        side
    }

    pub fn add_rules(&mut self, random: &mut Random, above: &str) {
        let name = random.pick(MERGED);
        let text = match name {
            ".cvsignore" => (0..random.below(3) + 1).map(|_| words_pattern(random) + "\n").collect(),
            ".gitignore" => (0..random.below(3) + 1).map(|_| pattern(random) + "\n").collect(),
            _ => (0..random.below(4) + 1).map(|_| rule(random, true) + "\n").collect(),
        };
        self.0.insert(format!("{above}{name}"), (Kind::File, text));
    }

    /// The same tree after a while: some of it gone, some more, some of another kind.
    pub fn later(&self, random: &mut Random, size: usize, with_rules: bool) -> Self {
        let mut later = Self::any(random, size, with_rules);
        for (path, entry) in &self.0 {
            let above_is_there = path
                .rsplit_once('/')
                .is_none_or(|(above, _)| later.0.get(above).is_some_and(|(kind, _)| *kind == Kind::Directory));
            if above_is_there && !later.0.contains_key(path) && !random.one_in(4) {
                later.0.insert(path.clone(), entry.clone());
            }
        }
        later
    }

    /// Leaves out what is of another kind there, and what stands in it.
    pub fn agree_with(&mut self, other: &Self) {
        let differs = |path: &str, kind: Kind| other.0.get(path).is_some_and(|(there, _)| *there != kind);
        let gone: Vec<String> =
            self.0.iter().filter(|(path, (kind, _))| differs(path, *kind)).map(|(path, _)| path.clone()).collect();
        self.0.retain(|path, _| {
            !gone
                .iter()
                .any(|gone| path.strip_prefix(&**gone).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        });
    }

    /// Writes it below `at`.
    pub fn write(&self, at: &Path) {
        for (path, (kind, text)) in &self.0 {
            let path = at.join(path);
            match kind {
                Kind::Directory => std::fs::create_dir(path).unwrap(),
                Kind::File => std::fs::write(path, text).unwrap(),
                Kind::Link => std::os::unix::fs::symlink("nowhere", path).unwrap(),
            }
        }
    }

    /// Puts it below `at` in a tree.
    pub fn put(&self, at: &str, tree: &mut Tree) {
        for (path, (kind, text)) in &self.0 {
            let path = format!("{at}{path}");
            if *kind == Kind::File { tree.add_text(&path, text) } else { tree.add(&path, *kind) }
        }
    }
}

/// What lies below `at`, without it.
pub fn listing(at: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(at.to_owned(), String::new())];
    while let Some((directory, prefix)) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                open.push((entry.path(), format!("{path}/")));
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

fn part(random: &mut Random) -> String {
    let name = random.pick(NAMES);
    let letters: Vec<char> = name.chars().collect();
    let at = random.below(letters.len());
    let with = |new: &str| {
        letters
            .iter()
            .enumerate()
            .map(|(here, letter)| if here == at { new.to_owned() } else { letter.to_string() })
            .collect()
    };
    match random.below(24) {
        0 => "*".to_owned(),
        1 => format!("*{}", letters[at..].iter().collect::<String>()),
        2 => format!("{}*", letters[..=at].iter().collect::<String>()),
        3 => with("?"),
        4 => with(&format!("[{}-z]", letters[at])),
        5 => with("[!b]"),
        6 => with("[[:alpha:]]"),
        7 => with(random.pick(&["[]a]", "[a-]", "[^a]", "[[:digit:][:punct:]]", "[\\]a]", "[a", "[[:no:]]", "[a-c]"])),
        8 => format!("{name}**"),
        9 => format!("**{name}"),
        10 => with("\\?"),
        11 => format!("\\{name}*"),
        12 => format!("?{name}"),
        13 => letters.iter().filter(|letter| **letter != '.').collect(),
        _ => (*name).to_owned(),
    }
}

/// A pattern.
pub fn pattern(random: &mut Random) -> String {
    let mut text = part(random);
    for _ in 0..[0, 0, 0, 0, 1, 1, 2][random.below(7)] {
        let joint = random.pick(&["/", "/", "/", "/**/", "/*/", "**", "//"]);
        let _ = write!(text, "{joint}{}", part(random));
    }
    let start = random.pick(&["", "", "", "", "/", "/", "**/", "/*/", "/**/", "./", "*/", "/./"]);
    let end = random.pick(&["", "", "", "", "", "/", "/", "/*", "/**", "/***", "***"]);
    format!("{start}{text}{end}")
}

/// A pattern without blanks, as lists of words want it.
fn words_pattern(random: &mut Random) -> String {
    if random.one_in(12) { "!".to_owned() } else { pattern(random).replace(' ', "?") }
}

/// A rule of a filter; `in_file`: one that stands in a file of rules, which it need not be able to name.
pub fn rule(random: &mut Random, in_file: bool) -> String {
    let blank = if random.one_in(4) { "_" } else { " " };
    let of = |sign: &str, pattern: String| format!("{sign}{blank}{pattern}");
    match random.below(30) {
        0..=9 => {
            let sign = random.pick(&["-", "-", "-", "+", "exclude", "include"]);
            of(sign, pattern(random))
        }
        10..=13 => {
            let sign = random.pick(&["P", "R", "H", "S", "protect", "risk", "hide", "show"]);
            of(sign, pattern(random))
        }
        14..=18 => {
            let signs = [
                "-!",
                "+!",
                "-s",
                "-r",
                "+s",
                "+r",
                "-p",
                "-sr",
                "-,p",
                "exclude,r",
                "include,s",
                "-rp",
                "-!p",
                "Pp",
                "H!",
                "P,!",
            ];
            let sign = random.pick(&signs);
            of(sign, pattern(random))
        }
        19 => of("-x", pattern(random)),
        20 => of(random.pick(&["-/", "+/", "P/", "-/r"]), absolute_pattern(random)),
        21 if random.one_in(3) => random.pick(&["!", "clear"]).to_owned(),
        22 => random.pick(&["-C", "-Cr", "exclude,C", "-Cs"]).to_owned(),
        23..=28 => {
            let merges = [
                ": .rules",
                ": .rsync-filter",
                ":e .rules",
                ":n .rules",
                "dir-merge .rules",
                "dir-merge,e .rsync-filter",
                ":- .gitignore",
                ":-n .gitignore",
                ":+ .gitignore",
                ":C",
                ":s- .gitignore",
                ":r- .gitignore",
                ":p- .gitignore",
                ":w- .cvsignore",
                ": /.rules",
                "dir-merge,- /.gitignore",
                ":-/ .gitignore",
                ": ../.rules",
                "dir-merge,-p .gitignore",
                ":C .cvsignore",
                ":en- .gitignore",
            ];
            random.pick(&merges).to_owned()
        }
        29 if !in_file => random
            .pick(&[". ../rules", "merge ../rules", ".- ../patterns", "merge,+ ../patterns", ".C ../patterns"])
            .to_owned(),
        _ => of("-", pattern(random)),
    }
}

fn absolute_pattern(random: &mut Random) -> String {
    let tail = pattern(random);
    if random.one_in(2) { tail } else { format!("/**/{}", tail.trim_start_matches('/')) }
}

/// Options that include and exclude, a few.
pub fn filters(random: &mut Random, with_rules: bool) -> Vec<String> {
    let mut options = Vec::new();
    for _ in 0..[0, 1, 1, 2, 2, 3, 4, 5][random.below(8)] {
        let mut add = |words: &[&str]| options.extend(words.iter().map(|word| (*word).to_owned()));
        match random.below(16) {
            0..=3 => {
                let pattern = pattern(random);
                if random.one_in(2) { add(&["--exclude", &pattern]) } else { add(&[&format!("--exclude={pattern}")]) }
            }
            4..=5 => add(&[&format!("--include={}", pattern(random))]),
            6 => {
                let sign = random.pick(&["- ", "+ ", "! ", "!"]);
                let option = random.pick(&["--exclude", "--include"]);
                add(&[option, &format!("{sign}{}", if sign == "!" { String::new() } else { pattern(random) })]);
            }
            7 => add(&["--exclude-from=../patterns"]),
            8 => add(&["--include-from", "../patterns"]),
            9..=10 if with_rules => add(&[random.pick(&["-F", "-FF", "-C", "--cvs-exclude"])]),
            15 if random.one_in(8) => {
                let wrong =
                    ["-foo", "x foo", "P,r foo", "- ", ":-C .rules", "hideous foo", "!foo", ". ../nothing", "+e foo"];
                add(&["--filter", random.pick(&wrong)]);
            }
            _ => {
                let mut text = rule(random, false);
                if !with_rules
                    && (text.starts_with([':', '.']) || text.starts_with("dir-") || text.starts_with("merge"))
                {
                    text = format!("- {}", pattern(random));
                }
                if random.one_in(3) { add(&[&format!("-f{text}")]) } else { add(&["--filter", &text]) }
            }
        }
    }
    options
}

/// Options that say what is done, and when.
pub fn deeds(random: &mut Random) -> Vec<String> {
    let archive: &[&str] = match random.below(12) {
        0 => &["-r"],
        1 => &["-rl"],
        2 => &["-avz", "--no-perms"],
        3 => &["-d"],
        4 => &["-a", "--no-r", "--dirs"],
        5 => &["-rltD", "--no-l"],
        _ => &["-a"],
    };
    let delete: &[&str] = match random.below(22) {
        0..=2 => &["--del"],
        3..=4 => &["--delete-before"],
        5 => &["--delete-during"],
        6..=8 => &["--delete-after"],
        9..=10 => &["--delete-delay"],
        11..=12 => &["--delete-excluded"],
        13 => &["--delete", "--delete-excluded"],
        14 => &["--delete-excluded", "--delete-after"],
        15 if random.one_in(3) => &["--delete-before", "--delete-after"],
        16 if random.one_in(3) => &[],
        _ => &["--delete"],
    };
    let more: &[&str] = match random.below(30) {
        0..=1 => &["-m"],
        2 => &["--prune-empty-dirs", "-v"],
        3 => &["--backup"],
        4 => &["-b", "--backup-dir=../../backup"],
        5 if random.one_in(2) => &["--max-delete=0"],
        6 if random.one_in(2) => &["-n"],
        7 => &["--existing"],
        8 => &["--ignore-existing"],
        9 => &["-e", "ssh -p 22"],
        10 => &["--no-force", "--no-whole-file"],
        11 => &["--bwlimit", "9000", "--partial", "--timeout=60"],
        _ => &[],
    };
    archive.iter().chain(delete).chain(more).map(|word| (*word).to_owned()).collect()
}
