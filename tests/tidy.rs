//! The law of the house, asserted.

use crate::harness::top;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From left to right: a crate uses what stands left of it and nothing to its right.
const LINE: [&str; 8] = ["source", "syntax", "repo", "lint", "lints", "lsp", "cli", "tests"];

fn manifest(room: &str) -> PathBuf {
    let folder = if ["lints", "tests"].contains(&room) { room.to_owned() } else { format!("crates/{room}") };
    top().join(folder).join("Cargo.toml")
}

fn package(room: &str) -> String {
    if room == "cli" { "twiceshy".into() } else { format!("twiceshy-{room}") }
}

fn rust_files(below: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![top().join(below)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

#[test]
fn dependencies_run_one_way() {
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(top())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let names = package["dependencies"].as_array().unwrap().iter().map(|on| on["name"].as_str().unwrap());
        uses.insert(package["name"].as_str().unwrap(), names.collect());
    }
    assert_eq!(uses.len(), LINE.len(), "a crate that does not stand in the line: {:?}", uses.keys());
    for (at, room) in LINE.iter().enumerate() {
        for right in &LINE[at..] {
            let (this, other) = (package(room), package(right));
            assert!(!uses[this.as_str()].contains(&other.as_str()), "{this} uses {other}, which stands to its right");
        }
    }
}

#[test]
fn only_syntax_knows_parsers_and_only_source_touches_the_disk() {
    let parsers =
        ["granit", "tree-sitter", "ruff_", "oxc_", "bumpalo", "jsonc-parser", "pulldown-cmark", "toml_edit", "syn."];
    for room in LINE.iter().filter(|room| **room != "syntax") {
        let manifest = std::fs::read_to_string(manifest(room)).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for parser in parsers {
            let names = dependencies.lines().any(|line| line.starts_with(parser));
            // The arena is the one that whoever asks for a tree has to hold.
            assert!(!names || (parser == "bumpalo" && *room == "repo"), "{room} depends on {parser}");
        }
    }
    for below in ["crates/syntax", "crates/repo", "crates/lint", "lints", "crates/lsp"] {
        for path in rust_files(below) {
            let code = code(&path);
            for word in
                ["std::fs", "process::Command", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs", "File::open"]
            {
                assert!(!code.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for below in ["crates", "lints"] {
        for path in rust_files(below) {
            let code = code(&path);
            for word in ["todo!", "unimplemented!", "TODO", "FIXME", "XXX", "HACK"] {
                // Lints about such words name them as text.
                let named = code.lines().any(|line| line.contains(word) && !line.contains('"'));
                assert!(!named, "{} holds {word}", path.display());
            }
        }
    }
}

#[test]
fn no_file_outgrows_its_sentence() {
    for below in ["crates", "lints", "tests"] {
        for path in rust_files(below) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
            let lines = text.lines().count();
            assert!(lines <= 800, "{} has {lines} lines: split the room", path.display());
        }
    }
}

#[test]
fn the_catalogue_is_the_table() {
    let names: Vec<_> = twiceshy_lints::all().into_iter().map(|lint| lint.name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(names, sorted, "the table is not in order");
    let mut folders: Vec<_> = std::fs::read_dir(top().join("lints"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().replace('_', "-"))
        .collect();
    folders.sort();
    assert_eq!(names, folders, "folders of lints and the table differ");
}

#[test]
fn every_page_has_its_sections() {
    for lint in twiceshy_lints::all() {
        let text = lint.meta.readme;
        assert!(text.starts_with(&format!("# {}\n", lint.name)), "{}: the title is the name", lint.name);
        for heading in ["## What happens", "## Example", "## When it is silent", "## Evidence", "## Incident"] {
            assert!(text.lines().any(|line| line == heading), "{} lacks `{heading}`", lint.name);
        }
        let summary = lint.meta.summary();
        assert!((20..=200).contains(&summary.len()), "{}: the summary is one sentence: {summary:?}", lint.name);
    }
}

/// A thread that makes something shared and waits for pieces of it does other work meanwhile; if that asks for the same
/// thing, it waits for itself. It happened: `twiceshy check -j 16` never ended.
#[test]
fn what_is_made_once_is_made_without_other_threads() {
    let mut found = Vec::new();
    for path in rust_files("crates").into_iter().chain(rust_files("lints")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("get_or_init(") {
            let mut depth = 0_i32;
            let end = text[at..].char_indices().find(|(_, char)| {
                depth += i32::from(*char == '(') - i32::from(*char == ')');
                *char == ')' && depth == 0
            });
            let made = &text[at..end.map_or(text.len(), |(end, _)| at + end)];
            if ["par_", "rayon::"].iter().any(|word| made.contains(word)) {
                found.push(format!("{}: {}", path.display(), made.lines().next().unwrap()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
