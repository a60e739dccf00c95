//! What is published is what the command line reports, file by file: for every fixture, and after any number of edits.

use super::client::{Client, capabilities, folder, uri};
use crate::dice::Dice;
use crate::{harness, program};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is wrong with a file: from, to, lint, level, message, related places; lines and columns from 1.
type Found = BTreeMap<String, Vec<String>>;

/// What the command line says about a directory.
fn reported(directory: &Path) -> Found {
    let run = program::twiceshy(directory, &["check", "--format", "json"]);
    let mut found = Found::new();
    let at = |it: &Value| {
        let (start, end) = (&it["range"]["start"], &it["range"]["end"]);
        format!("{}:{}-{}:{}", start["line"], start["column"], end["line"], end["column"])
    };
    for it in run.json()["diagnostics"].as_array().unwrap() {
        let related = it["related"].as_array().unwrap().iter().map(|other| {
            format!("{} {} {}", other["path"].as_str().unwrap(), at(other), other["message"].as_str().unwrap())
        });
        let related: Vec<String> = related.collect();
        let (lint, level) = (it["lint"].as_str().unwrap(), it["level"].as_str().unwrap());
        let message = it["message"].as_str().unwrap();
        let line = format!("{} {level}[{lint}] {message} {related:?}", at(it));
        found.entry(it["path"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    found.values_mut().for_each(|lines| lines.sort());
    found
}

/// What was published about the files of a directory. Columns are counted as the command line counts them: in characters.
fn published(client: &Client, directory: &Path) -> Found {
    let path = |uri: &str| uri.strip_prefix(&super::client::uri(directory)).unwrap().trim_start_matches('/').to_owned();
    let at = |range: &Value| {
        let place =
            |it: &Value| format!("{}:{}", it["line"].as_u64().unwrap() + 1, it["character"].as_u64().unwrap() + 1);
        format!("{}-{}", place(&range["start"]), place(&range["end"]))
    };
    let mut found = Found::new();
    for (uri, diagnostics) in &client.published {
        for it in diagnostics.as_array().unwrap() {
            let related = it["relatedInformation"].as_array().into_iter().flatten().map(|other| {
                let location = &other["location"];
                let path = unescaped(&path(location["uri"].as_str().unwrap()));
                format!("{path} {} {}", at(&location["range"]), other["message"].as_str().unwrap())
            });
            let related: Vec<String> = related.collect();
            let level = ["", "error", "warn", "pedantic"][it["severity"].as_u64().unwrap() as usize];
            let lines = it["message"].as_str().unwrap().lines().filter(|line| !line.starts_with("here: "));
            let message = lines.collect::<Vec<_>>().join("\n");
            let line = format!("{} {level}[{}] {message} {related:?}", at(&it["range"]), it["code"].as_str().unwrap());
            found.entry(unescaped(&path(uri))).or_default().push(line);
        }
    }
    found.values_mut().for_each(|lines| lines.sort());
    found
}

fn unescaped(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digits: Vec<u8> = if byte == b'%' { rest.by_ref().take(2).collect() } else { Vec::new() };
        let escaped = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
    }
    String::from_utf8(bytes).unwrap()
}

fn counting_characters() -> Value {
    let mut capabilities = capabilities();
    capabilities["general"]["positionEncodings"] = json!(["utf-32"]);
    capabilities
}

/// Every fixture and both states of every incident, on a disk, each in a directory of its own.
fn fixtures() -> Vec<(String, tempfile::TempDir, PathBuf)> {
    let top = harness::top().join("fixtures");
    let mut sources = Vec::new();
    for below in [top.clone(), top.join("incidents")] {
        for entry in std::fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            sources.extend(
                ["repo", "before", "after"].map(|name| path.join(name)).into_iter().filter(|path| path.is_dir()),
            );
        }
    }
    sources.sort();
    let fixtures = sources.into_iter().map(|source| {
        let files = harness::read_dir(&source);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let (directory, path) = folder(&files);
        (source.strip_prefix(&top).unwrap().to_str().unwrap().to_owned(), directory, path)
    });
    fixtures.collect()
}

#[test]
fn what_is_published_about_a_fixture_is_what_the_command_line_reports() {
    // One server for all of them, as folders of one workspace.
    let fixtures = fixtures();
    let paths: Vec<&Path> = fixtures.iter().map(|(_, _, path)| path.as_path()).collect();
    let mut client = Client::on(&paths, counting_characters());
    client.settle();
    let mut count = 0;
    for (name, _, path) in &fixtures {
        let prefix = uri(path) + "/";
        let of_fixture = client.published.iter().filter(|(uri, _)| uri.starts_with(&prefix));
        let of_fixture = of_fixture.map(|(uri, found)| (uri.clone(), found.clone())).collect();
        let all = std::mem::replace(&mut client.published, of_fixture);
        let published = published(&client, path);
        assert_eq!(published, reported(path), "{name}");
        count += published.len();
        client.published = all;
    }
    assert!(count > 30, "only {count} files with findings");
}

/// A person at work on one repository: what is on the disk, what is open, what was typed.
struct Person<'a> {
    dice: Dice,
    root: &'a Path,
    /// What a run of the command line would read if everything were saved.
    texts: BTreeMap<String, String>,
    /// Open documents and their versions.
    open: BTreeMap<String, i64>,
    /// Pieces of text to put in.
    pieces: Vec<String>,
}

impl Person<'_> {
    /// Does one thing, and says what.
    fn act(&mut self, client: &mut Client) -> String {
        let paths: Vec<String> = self.texts.keys().cloned().collect();
        let path = self.dice.of(&paths).clone();
        let full = self.root.join(&path);
        match self.dice.below(20) {
            0 => {
                let name = self
                    .dice
                    .of(&["compose.yml", ".env", "new/compose.yaml", "Dockerfile", "run.sh", "b.py", ".dockerignore"])
                    .to_string();
                let text = self.dice.of(&self.pieces).clone();
                let full = self.root.join(&name);
                std::fs::create_dir_all(full.parent().unwrap()).unwrap();
                std::fs::write(&full, &text).unwrap();
                client.watched(&[(&full, 1)]);
                if !self.open.contains_key(&name) {
                    self.texts.insert(name.clone(), text);
                }
                format!("create {name}")
            }
            1 if paths.len() > 2 && !self.open.contains_key(&path) => {
                std::fs::remove_file(&full).unwrap();
                client.watched(&[(&full, 3)]);
                self.texts.remove(&path);
                format!("delete {path}")
            }
            2 if !self.open.contains_key(&path) => {
                let text = self.edited(&path).0;
                std::fs::write(&full, &text).unwrap();
                client.watched(&[(&full, 2)]);
                self.texts.insert(path.clone(), text);
                format!("write {path}")
            }
            3 if self.open.contains_key(&path) => {
                // What was not saved is lost.
                client.close(&full);
                self.open.remove(&path);
                match std::fs::read_to_string(&full) {
                    Ok(text) => drop(self.texts.insert(path.clone(), text)),
                    Err(_) => drop(self.texts.remove(&path)),
                }
                format!("close {path}")
            }
            4 if self.open.contains_key(&path) => {
                let is_new = !full.exists();
                std::fs::create_dir_all(full.parent().unwrap()).unwrap();
                std::fs::write(&full, &self.texts[&path]).unwrap();
                client.notify("textDocument/didSave", json!({"textDocument": {"uri": uri(&full)}}));
                client.watched(&[(&full, if is_new { 1 } else { 2 })]);
                format!("save {path}")
            }
            5 => {
                let name = format!("unsaved{}.compose.yml", self.dice.below(3));
                if self.open.contains_key(&name) || self.texts.contains_key(&name) {
                    return String::new();
                }
                let text = self.dice.of(&self.pieces).clone();
                client.open(&self.root.join(&name), &text);
                self.open.insert(name.clone(), 1);
                self.texts.insert(name.clone(), text);
                format!("open {name}, which is not on the disk")
            }
            _ => {
                if !self.open.contains_key(&path) {
                    client.open(&full, &self.texts[&path]);
                    self.open.insert(path.clone(), 1);
                }
                let (text, range, put) = self.edited(&path);
                let version = self.open.get_mut(&path).unwrap();
                *version += 1;
                let document = json!({"uri": uri(&full), "version": version});
                let change = json!({"range": range, "text": put});
                client.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
                self.texts.insert(path.clone(), text);
                if path.ends_with(".gitignore") {
                    // What git ignores is what it was until it is saved.
                    std::fs::write(&full, &self.texts[&path]).unwrap();
                    client.watched(&[(&full, 2)]);
                }
                format!("edit {path}: {range} {put:?}")
            }
        }
    }

    /// A text with something taken out of it and something put there: the whole, the range, and what was put.
    fn edited(&mut self, path: &str) -> (String, Value, String) {
        let letters: Vec<char> = self.texts[path].chars().collect();
        let start = self.dice.below(letters.len() + 1);
        let taken = if self.dice.below(2) == 0 { 0 } else { self.dice.below(30) };
        let end = (start + taken).min(letters.len());
        let put = match self.dice.below(4) {
            0 => String::new(),
            1 => self
                .dice
                .of(&["\n", " ", "  - ", ":", "\"", "'", "#", "$", "{", "ä😀", "\r\n", "\t", "$(", "<<E\n"])
                .to_string(),
            2 => {
                let piece = self.dice.of(&self.pieces).clone();
                let lines: Vec<&str> = piece.split_inclusive('\n').collect();
                let from = self.dice.below(lines.len());
                lines[from..(from + self.dice.below(4)).min(lines.len())].concat()
            }
            _ => letters[self.dice.below(letters.len() + 1)..].iter().take(12).collect(),
        };
        let position = |at: usize| {
            let before = &letters[..at];
            let ends = |at: &usize| before[*at] == '\n' || (before[*at] == '\r' && letters.get(at + 1) != Some(&'\n'));
            let ends: Vec<usize> = (0..before.len()).filter(ends).collect();
            json!({"line": ends.len(), "character": at - ends.last().map_or(0, |at| at + 1)})
        };
        // Between the two halves of a line break there is no position.
        let is_split = |at: usize| at > 0 && at < letters.len() && letters[at - 1] == '\r' && letters[at] == '\n';
        if is_split(start) || is_split(end) {
            return (
                self.texts[path].clone(),
                json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}),
                String::new(),
            );
        }
        let text = letters[..start].iter().collect::<String>() + &put + &letters[end..].iter().collect::<String>();
        (text, json!({"start": position(start), "end": position(end)}), put)
    }
}

#[test]
fn after_a_thousand_random_edits_it_is_still_what_the_command_line_reports() {
    let fixtures: Vec<_> = fixtures().into_iter().filter(|(name, _, _)| !name.ends_with("/after")).collect();
    let pieces: Vec<String> = fixtures.iter().flat_map(|(_, _, path)| harness::read_dir(path).into_values()).collect();
    // `EDITS=100000 SEED=7`: more of them, others.
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<usize>().ok());
    let (wanted, seed) = (number("EDITS").unwrap_or(1000), number("SEED").unwrap_or(0) as u64);
    let each = wanted / fixtures.len() + 1;
    let mut edits = 0;
    for (at, (name, _directory, path)) in fixtures.iter().enumerate() {
        let mut client = Client::on(&[path], counting_characters());
        // Nothing but what is told counts.
        client.wait(|message| message["method"] == "client/registerCapability");
        let mut person = Person {
            dice: Dice::new(0x7477_6963 + at as u64 * 7919 + seed * 104_729),
            root: path,
            texts: harness::read_dir(path),
            open: BTreeMap::new(),
            pieces: pieces.clone(),
        };
        let mut done = Vec::new();
        for round in 0..each {
            done.push(person.act(&mut client));
            edits += 1;
            if round % 6 == 5 || round + 1 == each {
                // What is told about one file before all is known about the others is what is told in the end.
                let asked = person.open.keys().next_back().map(|path| person.root.join(path));
                let first = asked.map(|path| {
                    let params = json!({"textDocument": {"uri": uri(&path)}});
                    (uri(&path), client.request("textDocument/diagnostic", params).unwrap())
                });
                client.settle();
                if let Some((asked, first)) = first {
                    let params = json!({"textDocument": {"uri": asked}, "previousResultId": first["resultId"]});
                    let last = client.request("textDocument/diagnostic", params).unwrap();
                    assert_eq!(last["kind"], "unchanged", "{asked}: {first} and {last} after {done:#?}");
                }
                let texts: Vec<(&str, &str)> =
                    person.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
                let (_fresh, fresh) = folder(&texts);
                assert_eq!(published(&client, path), reported(&fresh), "{name} after {done:#?}");
            }
        }
    }
    assert!(edits >= wanted, "{edits}");
}

/// A fixture that a safe fix mends in part: its name and files.
pub fn with_a_safe_fix() -> (String, harness::Files) {
    let is_safe = |fix: &twiceshy_lint::Fix| fix.safety == twiceshy_lint::Safety::Safe;
    let found = fixtures().into_iter().find_map(|(name, _directory, path)| {
        let files = harness::read_dir(&path);
        let repo = harness::repo(&files);
        harness::report(&repo).diagnostics.iter().any(|it| it.fixes.iter().any(is_safe)).then_some((name, files))
    });
    found.expect("no fixture has a safe fix")
}
