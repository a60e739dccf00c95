//! Which reports a run writes, and where each goes.

use crate::args::{Check, Color, Format};
use crate::output::{Problem, deliver, is_terminal, wants_color};
use crate::text::{self, Style};
use crate::view::View;
use crate::{github, gitlab, json, junit, markdown, sarif};
use clap::ValueEnum as _;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

/// A report that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// How.
    pub format: Format,
    /// Where; `None`: standard output.
    pub file: Option<PathBuf>,
}

impl Target {
    /// Reads `FORMAT` or `FORMAT=FILE`; `-` is standard output.
    pub fn parse(text: OsString) -> Result<Self, String> {
        let bytes = text.as_encoded_bytes();
        let (name, file) = match bytes.iter().position(|byte| *byte == b'=') {
            Some(at) => (&bytes[..at], Some(after(&text, at + 1))),
            None => (bytes, None),
        };
        let name = String::from_utf8_lossy(name);
        let format = Format::from_str(&name, false).map_err(|_| {
            let names: Vec<String> = Format::value_variants().iter().map(|format| format.name()).collect();
            let nearest = twiceshy_repo::nearest(&name, names.iter().map(String::as_str));
            let meant =
                nearest.map_or_else(|| format!("one of {}", names.join(", ")), |it| format!("did you mean {it}?"));
            format!("there is no format `{name}`; {meant}")
        })?;
        match file {
            Some(file) if file.is_empty() => Err(format!("a file is missing after `{name}=`")),
            Some(file) if file != "-" => Ok(Self { format, file: Some(file.into()) }),
            _ => Ok(Self { format, file: None }),
        }
    }
}

/// What follows the ASCII character before `at`.
fn after(text: &OsString, at: usize) -> OsString {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        std::ffi::OsStr::from_bytes(&text.as_bytes()[at..]).to_owned()
    }
    #[cfg(not(unix))]
    {
        text.to_string_lossy().get(at..).unwrap_or_default().into()
    }
}

impl Format {
    /// As it is typed.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// The reports that the arguments ask for.
pub(crate) fn targets(args: &Check) -> Result<Vec<Target>, Problem> {
    let mut targets = args.formats.clone();
    if targets.is_empty() {
        targets.push(Target { format: Format::Text, file: None });
    }
    if let Some(output) = &args.output {
        let mut open: Vec<&mut Target> = targets.iter_mut().filter(|target| target.file.is_none()).collect();
        let [target] = open.as_mut_slice() else {
            let what = "--output FILE says where one report goes, and not which of several";
            return Err(Problem::new(what).next("say it with each: --format sarif=FILE"));
        };
        target.file = Some(output.clone());
    }
    for (at, target) in targets.iter().enumerate() {
        for other in &targets[..at] {
            let (one, two) = (other.format.name(), target.format.name());
            match (&other.file, &target.file) {
                (None, None) if !go_together(other.format, target.format) => {
                    let what = format!("two reports would be mixed on standard output: {one} and {two}");
                    return Err(Problem::new(what).next(format!("write one of them to a file: --format {two}=FILE")));
                }
                (Some(this), Some(that)) if this == that => {
                    let what = format!("{}: both {one} and {two} would be written there", this.display());
                    return Err(Problem::new(what).next("give each its own file"));
                }
                _ => {}
            }
        }
    }
    Ok(targets)
}

/// GitHub takes its commands out of a log, and people read the rest.
fn go_together(one: Format, other: Format) -> bool {
    matches!((one, other), (Format::Text, Format::Github) | (Format::Github, Format::Text))
}

/// What reports for people say besides the findings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    /// When to use colour.
    pub color: Color,
    /// Whether all that was not seen is listed.
    pub verbose: bool,
    /// When the run began.
    pub started: Instant,
    /// How many findings were just fixed, in how many files.
    pub fixed: Option<(usize, usize)>,
}

/// Writes every report; that one cannot be written keeps no other from it.
pub(crate) fn write(targets: &[Target], view: &View<'_>, said: Said) -> Result<(), Problem> {
    let with_text = targets.iter().any(|target| target.format == Format::Text && target.file.is_none());
    let mut trouble: Option<Problem> = None;
    for target in targets {
        let to_terminal = target.file.is_none() && is_terminal();
        let bytes = match target.format {
            Format::Text => {
                let color = target.file.is_none() && wants_color(said.color);
                let took = (said.verbose || to_terminal).then(|| said.started.elapsed());
                Ok(text::write(view, Style { color, verbose: said.verbose, took, fixed: said.fixed }))
            }
            Format::Json => json::write(view),
            Format::Sarif => sarif::write(view),
            Format::Github => Ok(github::write(view, with_text && target.file.is_none())),
            Format::Gitlab => gitlab::write(view),
            Format::Junit => Ok(junit::write(view)),
            Format::Markdown => Ok(markdown::write(view)),
        };
        let bytes = bytes.map_err(|error| Problem::new(format!("the report cannot be written: {error}")));
        if let Err(problem) = bytes.and_then(|bytes| deliver(&bytes, target.file.as_deref())) {
            trouble.iter().for_each(Problem::say);
            trouble = Some(problem);
        }
    }
    trouble.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn asked(args: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let words = ["twiceshy", "check"].into_iter().chain(args.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Check(check) = cli.command else { panic!("{args}") };
        let targets = targets(&check).map_err(|problem| format!("{problem:?}"))?;
        Ok(targets.into_iter().map(|it| (it.format.name(), it.file.map(|file| file.display().to_string()))).collect())
    }

    #[test]
    fn every_report_has_a_place_of_its_own() {
        let at = |format: &str, file: Option<&str>| (format.to_owned(), file.map(str::to_owned));
        assert_eq!(asked("").unwrap(), [at("text", None)]);
        assert_eq!(asked("--output x").unwrap(), [at("text", Some("x"))]);
        assert_eq!(asked("--format sarif -o a=b").unwrap(), [at("sarif", Some("a=b"))]);
        assert_eq!(asked("--format sarif=a=b").unwrap(), [at("sarif", Some("a=b"))]);
        assert_eq!(asked("--format json=-").unwrap(), [at("json", None)]);
        assert_eq!(
            asked("--format text --format sarif=out.sarif --format github").unwrap(),
            [at("text", None), at("sarif", Some("out.sarif")), at("github", None)]
        );
        assert_eq!(
            asked("--format sarif=s --format json -o j").unwrap(),
            [at("sarif", Some("s")), at("json", Some("j"))]
        );
        for (args, says) in [
            ("--format text --format json", "mixed on standard output: text and json"),
            ("--format github --format github", "mixed on standard output"),
            ("--format text --format github --output x", "not which of several"),
            ("--format sarif=x --output y", "not which of several"),
            ("--format sarif=x --format json=x", "both sarif and json"),
            ("--format sarif=", "a file is missing"),
            ("--format sarrif=x", "did you mean sarif?"),
            ("--format qqqq", "one of text, json, sarif, github, gitlab, junit, markdown"),
            ("--diff --format json", "cannot be used with"),
        ] {
            let wrong = asked(args).unwrap_err();
            assert!(wrong.contains(says), "{args}: {wrong}");
        }
    }
}
