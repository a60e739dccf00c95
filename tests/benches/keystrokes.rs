//! How long it takes from a keystroke in an editor to what is wrong now, and what memory that costs over many of them.
//!
//! `tests/benches/keystrokes.sh [DIR] [--edits N] [--max-same-ms MS] [--max-other-ms MS]`, over this repository's own fixture
//! without a directory. The time runs from writing the change into the server's pipe until its answer was read from the other.
//! In the same file: a keystroke in a file of each kind, the one of middling size, then asking for its findings. In another file:
//! keystrokes in a Compose file that turn its override file red and white again, until that is pushed. Neither file is written.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot run should say where")]

#[path = "../lsp/client.rs"]
#[allow(dead_code, reason = "the tests ask more of it")]
mod client;
#[allow(dead_code, reason = "a bench runs fewer programs than the tests")]
#[path = "../program.rs"]
mod program;
#[path = "../work.rs"]
mod work;

use client::{Client, capabilities, uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use twiceshy_source::{Limits, Tree};

/// What tells the files of a kind.
const KINDS: [(&str, &[&str]); 7] = [
    ("compose", &["compose.yml", "compose.yaml", "compose.prod.yml", "compose.dev.yml"]),
    ("dockerfile", &["Dockerfile"]),
    ("workflow", &[".github/workflows/*.yml"]),
    ("shell", &["*.sh"]),
    ("python", &["*.py"]),
    ("typescript", &["*.ts", "*.tsx"]),
    ("markdown", &["*.md"]),
];

fn main() -> ExitCode {
    let mut directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/shop/repo");
    let (mut edits, mut same, mut other) = (10_000, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = |next: Option<String>| next.and_then(|next| next.parse::<f64>().ok());
        match argument.as_str() {
            "--bench" => {}
            "--edits" => edits = number(arguments.next()).unwrap_or(10_000.0) as usize,
            "--max-same-ms" => same = number(arguments.next()),
            "--max-other-ms" => other = number(arguments.next()),
            path => directory = PathBuf::from(path),
        }
    }
    let directory = directory.canonicalize().unwrap();
    let tree = Tree::disk(&directory, Limits::default()).unwrap();
    let started = Instant::now();
    let mut client = Client::on(&[&directory], capabilities());
    client.wait(|message| message["method"] == "client/registerCapability");
    client.settle();
    println!("{} files; first findings after {:?}, {} MB", tree.files().count(), started.elapsed(), memory(&client));
    let files: Vec<(&str, String)> =
        KINDS.iter().filter_map(|(kind, names)| Some((*kind, middling(&tree, names)?))).collect();
    let each = edits / (files.len() + 1);
    let (mut all_same, mut grown) = (Vec::new(), Vec::new());
    for (kind, path) in &files {
        let mut times = type_in(&mut client, &directory.join(path), each, kind);
        all_same.append(&mut times);
        grown.push(memory(&client));
    }
    let mut all_other = toggle(&mut client, &directory, each);
    grown.push(memory(&client));
    let p99_same = say("same file, all kinds", &mut all_same);
    let p99_other = say("another file", &mut all_other);
    println!("memory after each {each} edits: {grown:?} MB");
    let mut is_slow = false;
    for (most, p99, what) in [(same, p99_same, "the same file"), (other, p99_other, "another file")] {
        if most.is_some_and(|most| p99.as_secs_f64() * 1e3 > most) {
            println!("too slow: {what}");
            is_slow = true;
        }
    }
    client.request("shutdown", Value::Null).unwrap();
    ExitCode::from(u8::from(is_slow))
}

/// The file of middling size among those of a kind.
fn middling(tree: &Tree, names: &[&str]) -> Option<String> {
    let is_named = |path: &&str| {
        names.iter().any(|name| match name.split_once('*') {
            Some((before, after)) => path.contains(before) && path.ends_with(after),
            None => path.ends_with(name),
        })
    };
    let paths: Vec<&str> = tree.files().map(|file| tree.path(file)).filter(is_named).collect();
    let mut sized: Vec<(usize, &str)> =
        paths.into_iter().filter_map(|path| Some((tree.source(tree.file(path)?).ok()?.text().len(), path))).collect();
    sized.sort_unstable();
    sized.get(sized.len() / 2).map(|(_, path)| (*path).to_owned())
}

/// Types letters at the ends of lines and takes them out again.
fn type_in(client: &mut Client, path: &Path, edits: usize, kind: &str) -> Vec<Duration> {
    let text = std::fs::read_to_string(path).unwrap();
    client.open(path, &text);
    client.settle();
    let ends: Vec<usize> = text.lines().map(|line| line.encode_utf16().count()).collect();
    let mut times = Vec::with_capacity(edits);
    for at in 0..edits {
        let line = (at / 2 * 7) % ends.len().max(1);
        let end = ends.get(line).copied().unwrap_or(0);
        let (to, put) = if at % 2 == 0 { (end, ["x", " ", ":", "#"][at / 2 % 4]) } else { (end + 1, "") };
        let range = json!({"start": {"line": line, "character": end}, "end": {"line": line, "character": to}});
        let document = json!({"uri": uri(path), "version": at + 2});
        let started = Instant::now();
        client.notify(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"range": range, "text": put}]}),
        );
        client.request("textDocument/diagnostic", json!({"textDocument": {"uri": uri(path)}})).unwrap();
        times.push(started.elapsed());
        client.take(|_| true);
    }
    client.close(path);
    client.settle();
    say(&format!("  {kind}, {} lines", ends.len()), &mut times.clone());
    times
}

/// Changes a port in a Compose file so that a service of its override file publishes the same one, and then another.
/// (An `.env` file would be what people change, but most repositories ignore it, and what git ignores is not looked at.)
fn toggle(client: &mut Client, directory: &Path, edits: usize) -> Vec<Duration> {
    let service = |name: &str, port: u32| {
        format!("services:\n  {name}:\n    ports: ['{port}:80']\n    image: nginx:1.27\n    restart: always\n")
    };
    let base = directory.join("twiceshy-bench/compose.yml");
    let over = directory.join("twiceshy-bench/compose.override.yml");
    client.open(&base, &service("a", 8081));
    client.open(&over, &service("b", 8082));
    client.settle();
    client.take(|_| true);
    let (mut times, over) = (Vec::with_capacity(edits), uri(&over));
    for at in 0..edits {
        let digit = if at % 2 == 0 { "2" } else { "1" };
        let range = json!({"start": {"line": 2, "character": 16}, "end": {"line": 2, "character": 17}});
        let document = json!({"uri": uri(&base), "version": at + 2});
        let started = Instant::now();
        client.notify(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"range": range, "text": digit}]}),
        );
        client.wait(|message| message["params"]["uri"] == over.as_str());
        times.push(started.elapsed());
    }
    times
}

/// Says the median, the 99th percentile and the worst, and gives back the second.
fn say(what: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).or(times.last()).copied().unwrap_or_default();
    println!("{what}: median {:.1?}, p99 {:.1?}, worst {:.1?}", at(0.5), at(0.99), at(1.0));
    at(0.99)
}

/// What the server holds, in megabytes; 0 where the system does not say.
fn memory(client: &Client) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", client.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}
