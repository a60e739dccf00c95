//! The words of rsync's command line, as the shell hands them over.

use super::command::Word;
use crate::docker::arguments;
use crate::script::{Dialect, Script};
use twiceshy_source::Span;

/// A word and where it stands.
pub(super) struct Given {
    pub(super) word: Word,
    /// The word in the script; the one that holds a variable, for what stands in that.
    pub(super) span: Span,
    /// Whether it stands there as such, so that it can be edited.
    pub(super) is_written: bool,
}

/// What `words` become: variables put in where their values are known, `*` where they are not; braces expanded where the
/// shell does that.
pub(super) fn given(script: &Script, words: &[crate::script::Word]) -> Vec<Given> {
    let mut all = Vec::new();
    for word in words {
        let written = script.written(word.span);
        if !written.contains(['$', '`']) && (written.starts_with(['-', '"', '\'']) || written.contains('{')) {
            let expands = matches!(script.start.dialect, Dialect::Bash | Dialect::Other);
            let known = |text| Given {
                word: Word { text, is_known: true },
                span: word.span,
                is_written: !written.contains('{'),
            };
            let texts = if expands { expanded(&unquoted(written)) } else { vec![unquoted(written)] };
            all.extend(texts.iter().map(|text| known(text.iter().map(|(letter, _)| *letter).collect())));
            continue;
        }
        all.extend(arguments(script, std::slice::from_ref(word)).into_iter().map(|arg| Given {
            word: Word { is_known: arg.text().is_some(), text: arg.text().unwrap_or_else(|| arg.pattern()) },
            span: arg.span,
            is_written: arg.is_written,
        }));
    }
    all
}

/// The letters of a word without its quotes, each with whether it was quoted.
fn unquoted(written: &str) -> Vec<(char, bool)> {
    let mut letters = Vec::with_capacity(written.len());
    let mut quote = None;
    let mut rest = written.chars();
    while let Some(letter) = rest.next() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            (None, '\\') => letters.extend(rest.next().map(|letter| (letter, true))),
            (Some('"'), '\\') => match rest.next() {
                Some(letter @ ('"' | '\\' | '$' | '`')) => letters.push((letter, true)),
                Some(letter) => letters.extend([('\\', true), (letter, true)]),
                None => letters.push(('\\', true)),
            },
            _ => letters.push((letter, quote.is_some())),
        }
    }
    letters
}

/// How many words braces may make.
const MAX_WORDS: usize = 200;

/// `a{b,c}d` is `abd` and `acd`.
fn expanded(word: &[(char, bool)]) -> Vec<Vec<(char, bool)>> {
    let mut done = Vec::new();
    let mut open = vec![word.to_vec()];
    while let Some(word) = open.pop() {
        let found = if done.len() + open.len() < MAX_WORDS { braces(&word) } else { None };
        let Some((start, end, commas)) = found else {
            done.push(word);
            continue;
        };
        let bounds: Vec<usize> = std::iter::once(start).chain(commas).chain([end]).collect();
        let choices =
            bounds.windows(2).map(|pair| [&word[..start], &word[pair[0] + 1..pair[1]], &word[end + 1..]].concat());
        // The last is popped first: the order stays that of the shell.
        let choices: Vec<_> = choices.collect();
        open.extend(choices.into_iter().rev());
    }
    done
}

/// The first braces with a comma: where they open, close, and their commas.
fn braces(word: &[(char, bool)]) -> Option<(usize, usize, Vec<usize>)> {
    for start in (0..word.len()).filter(|at| word[*at] == ('{', false)) {
        let mut depth = 0;
        let mut commas = Vec::new();
        for (at, letter) in word.iter().enumerate().skip(start) {
            match letter {
                ('{', false) => depth += 1,
                ('}', false) => {
                    depth -= 1;
                    if depth == 0 {
                        if commas.is_empty() {
                            break;
                        }
                        return Some((start, at, commas));
                    }
                }
                (',', false) if depth == 1 => commas.push(at),
                _ => {}
            }
        }
    }
    None
}
