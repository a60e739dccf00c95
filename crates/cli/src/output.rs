//! Where bytes go: standard output, a file, standard error.

use crate::args::Color;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

/// Why a command could not be done: what happened, and what to do next.
#[derive(Debug)]
pub(crate) struct Problem {
    what: String,
    next: Option<String>,
}

impl Problem {
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), next: None }
    }

    /// What to do next.
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// Writes it to standard error.
    pub fn say(&self) {
        say(&format!("error: {}", self.what));
        if let Some(next) = &self.next {
            say(&format!("  tip: {next}"));
        }
    }
}

/// Writes a line to standard error; that nobody listens there stops nothing.
pub(crate) fn say(line: &str) {
    let lines: Vec<_> = line.lines().map(crate::text::visible::visible).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::text::visible::logged(&lines.join("\n")));
}

/// Whether to write escape sequences for colours to standard output.
pub(crate) fn wants_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            // https://no-color.org: set and not empty.
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            is_terminal() && !refused && !dumb
        }
    }
}

/// Whether a person looks at standard output.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Writes all of a report to `file`, or to standard output.
pub(crate) fn deliver(bytes: &[u8], file: Option<&Path>) -> Result<(), Problem> {
    match file {
        Some(file) => twiceshy_source::save(file, bytes)
            .map_err(|error| Problem::new(format!("{}: the report cannot be written: {error}", file.display()))),
        None => print(bytes),
    }
}

/// Writes all of `bytes` to standard output, however slowly it is read. A reader that has gone away has had enough.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Problem> {
    match write_patiently(&mut std::io::stdout().lock(), bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Problem::new(format!("standard output cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// `write_all` that also waits for a pipe that another process has made non-blocking (Node does, for its children):
/// there a full pipe is an error, after which other tools' reports end at 64 KiB.
fn write_patiently(out: &mut impl Write, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(2)),
            Err(error) => return Err(error),
        }
    }
    loop {
        match out.flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(2)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
