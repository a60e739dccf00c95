//! Runs the binary, never for longer than a deadline.

use crate::work::Work;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much of the processor's time a run may take, far more than it needs: that does not depend on what else the machine does.
const WORK: Duration = Duration::from_secs(30);

/// How long a run may take, on the busiest machine: for those that wait for ever, and work no more.
const DEADLINE: Duration = Duration::from_secs(600);

/// What became of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; a run that a signal ended has none and fails the test before.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The reasons for which `path`, or something below it, was skipped, from a JSON report.
    pub fn skipped(&self, path: &str) -> Vec<String> {
        let json = self.json();
        let skipped = json["skipped"].as_array().unwrap().iter();
        let is_below = |at: &str| at.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let of_path = skipped.filter(|skip| is_below(skip["path"].as_str().unwrap()));
        of_path.map(|skip| skip["reason"].as_str().unwrap().to_owned()).collect()
    }
}

/// The binary, in `directory`, with nothing in its environment that changes what it writes.
pub fn command(directory: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twiceshy-under-test"));
    command.args(args).current_dir(directory).env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    command
}

/// Runs the binary in `directory`.
pub fn twiceshy(directory: &Path, args: &[impl AsRef<OsStr>]) -> Run {
    finish(command(directory, args))
}

/// Runs the binary in `directory`, with `input` on its standard input.
pub fn fed(directory: &Path, args: &[impl AsRef<OsStr>], input: &str) -> Run {
    let mut command = command(directory, args);
    command.stdin(Stdio::piped());
    finish_fed(command, input)
}

/// Runs a command to its end, or kills it at the deadline and fails.
pub fn finish(mut command: Command) -> Run {
    command.stdin(Stdio::null());
    finish_fed(command, "")
}

fn finish_fed(mut command: Command, input: &str) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        let input = input.to_owned();
        // Whoever has read enough closes it.
        std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    }
    let out = drain(child.stdout.take().unwrap());
    let err = drain(child.stderr.take().unwrap());
    let (started, work) = (Instant::now(), Work::of(&child.id().to_string()));
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let elapsed = started.elapsed();
        if elapsed > WORK && (elapsed > DEADLINE || work.done() > WORK) {
            child.kill().unwrap();
            panic!("still running after {elapsed:?}: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    let code = status.code().unwrap_or_else(|| panic!("{status}: {command:?}\n{err}"));
    assert!(!err.contains("panicked"), "{command:?}: {err}");
    Run { code, out, err }
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

/// Makes a program of `bytes` that can be started at once.
///
/// Another process writes it: what this one has open for writing, a child that another test starts at the time has open too
/// until it runs its own program, and a file that somebody has open for writing is not started ("text file busy").
pub fn write_program(path: &Path, bytes: &[u8]) {
    let write = "cat > \"$1\" && chmod 755 \"$1\"";
    let mut child = Command::new("sh").args(["-c", write, "sh"]).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A copy of a program that can be started at once.
pub fn copy_program(from: &OsStr, to: &Path) {
    write_program(to, &std::fs::read(from).unwrap());
}

/// A directory with these files.
pub fn place(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    directory
}
