//! Markdown pages: their shell fences are scripts.

use crate::script::{Dialect, Host, Start};
use crate::{Input, Lowered, Script, Tone};
use twiceshy_source::{Extractor, Quoting, Span};
use twiceshy_syntax::markdown::{Fence, fences};

/// How much of the paragraph before a fence is kept, in bytes.
const MAX_BEFORE: usize = 400;

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    if !may_have_shell(input.text()) {
        return;
    }
    for fence in fences(input.text()) {
        let Some((start, session)) = shell(&fence) else { continue };
        let has_prompt = |line: &Span| line.of(input.text()).trim_start().starts_with("$ ");
        let prompts = fence.lines.iter().any(has_prompt);
        if session && !prompts {
            // Output without a command, or a prompt of somebody's own.
            continue;
        }
        let mut extractor = Extractor::new(input.file, Quoting::Opaque);
        // In a session, only what follows a prompt is a command, and what continues it.
        let mut continues = false;
        for line in &fence.lines {
            let text = line.of(input.text());
            let trimmed = text.trim_start();
            let indent = (text.len() - trimmed.len()) as u32;
            let command = if prompts { trimmed.strip_prefix("$ ") } else { None };
            match command {
                Some(command) => {
                    extractor.copy(line.start + indent + 2, command);
                }
                None if !prompts || continues => {
                    extractor.copy(line.start, text);
                }
                None => continue,
            }
            continues = text.trim_end().ends_with('\\');
        }
        let before = fence.before.get(..fence.before.floor_char_boundary(MAX_BEFORE)).unwrap_or_default().to_owned();
        let tone = Tone::of(input.path(), &fence);
        let after = fence.after.get(..fence.after.floor_char_boundary(MAX_BEFORE)).unwrap_or_default().to_owned();
        let extract = extractor.finish();
        let shown = if extract.text().starts_with("#!") { Start::of_file("", extract.text()) } else { None };
        let host = Host::Fence { headings: fence.headings.clone(), before, after, tone, is_file: shown.is_some() };
        out.scripts.extend(Script::new(extract, host, shown.unwrap_or(start)));
    }
}

/// Whether marks of a fence stand before the name of a shell: most pages need not be parsed.
fn may_have_shell(text: &str) -> bool {
    ["```", "~~~"].into_iter().any(|marks| {
        let mut past = 0;
        memchr::memmem::find_iter(text.as_bytes(), marks).any(|at| {
            if at < past {
                // Of many marks in a row, each is followed by the same.
                return false;
            }
            let info = text[at..].trim_start_matches(['`', '~']).trim_start_matches([' ', '\t']);
            past = text.len() - info.len();
            SHELLS.iter().any(|shell| {
                info.as_bytes().get(..shell.len()).is_some_and(|name| name.eq_ignore_ascii_case(shell.as_bytes()))
            })
        })
    })
}

/// What a fence calls a shell.
const SHELLS: [&str; 8] = ["bash", "shell", "console", "shell-session", "shellsession", "terminal", "zsh", "sh"];

/// The shell of a fence, and whether its commands stand behind prompts.
fn shell(fence: &Fence) -> Option<(Start, bool)> {
    let word = fence.info.split([' ', ',', '{', '\t']).next().unwrap_or_default().to_ascii_lowercase();
    if !SHELLS.contains(&word.as_str()) {
        return None;
    }
    let session = matches!(word.as_str(), "console" | "shell-session" | "shellsession" | "terminal");
    let dialect = if word == "sh" { Dialect::Sh } else { Dialect::Bash };
    Some((Start::plain(dialect), session))
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_source::{FileId, Source, Tree};

    fn scripts(text: &str) -> Vec<Script> {
        let source = Source::new(text);
        let tree = Tree::memory([("README.md".to_owned(), text.to_owned())]);
        let mut out = Lowered::default();
        lower(Input { tree: &tree, file: FileId(0), source: &source, about: crate::Kinds::ALL }, &mut out);
        out.scripts
    }

    #[test]
    fn behind_prompts_stand_commands_and_between_them_output() {
        let text = "# Restore\n\n```console\n$ docker stop \\\n    db\ndb\n$ rm -r data\n```\n";
        let scripts = scripts(text);
        let names: Vec<String> =
            scripts[0].commands().filter_map(|command| Some(command.name()?.into_owned())).collect();
        assert_eq!(names, ["docker", "rm"]);
        let rm = scripts[0].commands().last().map(|command| command.place());
        assert_eq!(rm.map(|place| place.span().of(text)), Some("rm -r data"));
        assert!(matches!(&scripts[0].host, Host::Fence { headings, .. } if headings == &["Restore"]));
    }

    #[test]
    fn other_languages_and_mere_output_are_no_scripts() {
        assert!(scripts("```yaml\na: b\n```\n\n```console\nhello\n```\n").is_empty());
    }
}
