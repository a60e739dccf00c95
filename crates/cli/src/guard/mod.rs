//! `twiceshy guard`: a command that an agent is about to run, judged in its repository as a script that stands there.
//!
//! The judgement is the lints' own (see [`judge`]), with a few rows of ours for what no committed script is asked
//! (see [`rules`]). How an agent asks and hears the answer is told by its [`dialect`]. What cannot be judged is never let
//! through in silence: input that is not understood ends with exit code 2, which every agent takes for a refusal; a command
//! that is not understood is a question to the person.

mod dialect;
mod hint;
mod judge;
mod rules;

use crate::args::Guard;
use crate::output::{Problem, print, say};
use dialect::Asked;
pub use judge::{Answer, Objection, Verdict};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use twiceshy_lint::Entry;
use twiceshy_repo::STACK;

/// More than any command; a whole file may be written by one.
const LONGEST: u64 = 4 << 20;

/// Judges the command on standard input.
pub(crate) fn run(args: &Guard, lints: &[Entry]) -> Result<ExitCode, Problem> {
    if args.install_hint {
        print(hint::text(args.dialect).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Problem::new(format!("standard input cannot be read: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(refused(format!("the command is longer than {LONGEST} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("the command is not UTF-8".into()))?;
    let (dialect, asked) = dialect::read(&text, args.dialect).map_err(refused)?;
    let verdict = match asked {
        Asked::Nothing => Verdict::allow(),
        Asked::Unreadable(why) => Verdict::ask(why),
        Asked::Command { text, directory } => {
            let directory = args.directory.clone().or(directory.map(PathBuf::from));
            decide(&text, directory.as_deref().unwrap_or(Path::new(".")), lints)
        }
    };
    let (out, code) = dialect.answer(&verdict, args.format);
    print(out.as_bytes())?;
    Ok(ExitCode::from(code))
}

fn refused(why: String) -> Problem {
    Problem::new(format!("twiceshy guard could not judge this command, so it must not run: {why}"))
        .next("`twiceshy guard --install-hint` prints how agents ask")
}

fn decide(text: &str, directory: &Path, lints: &[Entry]) -> Verdict {
    judge(text, directory, lints).unwrap_or_else(|why| {
        say(&format!("warning: {why}"));
        Verdict::ask(why)
    })
}

/// Judges `text`, a command that is about to run in `directory`.
///
/// # Errors
/// Why the repository could not be looked at.
pub fn judge(text: &str, directory: &Path, lints: &[Entry]) -> Result<Verdict, String> {
    // Few files are read, and threads cost more than they bring beyond these.
    let threads = std::thread::available_parallelism().map_or(THREADS, |cores| cores.get().min(THREADS));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
    let pool = pool.map_err(|error| format!("no threads can be started: {error}"))?;
    pool.install(|| judge::judge(text, directory, lints))
}

/// How many threads list and read.
const THREADS: usize = 4;
