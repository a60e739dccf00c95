//! How long an agent waits for the guard: the whole process, from its start to its end.
//!
//! `cargo bench -p twiceshy-tests --bench guard -- [DIR] [--runs N] [--max-ms MS]`, over this repository without a
//! directory. With `--max-ms` it fails where the middle run of a command takes longer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot run should say where")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Nothing to object to, something that is looked up in Compose files, a script of the repository.
const COMMANDS: [&str; 4] =
    ["ls -la", "docker compose down -v", "rsync -a --delete ./ root@host:/srv/app/", "cd / && rm -rf data"];

fn main() -> ExitCode {
    let mut directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut runs, mut most) = (50, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = |next: Option<String>| next.and_then(|next| next.parse::<f64>().ok());
        match argument.as_str() {
            "--bench" => {}
            "--runs" => runs = number(arguments.next()).unwrap_or(50.0) as usize,
            "--max-ms" => most = number(arguments.next()),
            path => directory = PathBuf::from(path),
        }
    }
    let mut is_late = false;
    for command in COMMANDS {
        let mut times: Vec<Duration> = (0..runs.max(1)).map(|_| once(&directory, command)).collect();
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!("{:6.1} ms least, {:6.1} middle, {:6.1} slowest but 1 in 20: {command}", at(0.0), at(0.5), at(0.95));
        is_late |= most.is_some_and(|most| at(0.5) > most);
    }
    if is_late { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn once(directory: &std::path::Path, command: &str) -> Duration {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_twiceshy-under-test"))
        .args(["guard", "-C"])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(command.as_bytes()).unwrap();
    assert!(child.wait().unwrap().code().is_some_and(|code| code < 3));
    started.elapsed()
}
