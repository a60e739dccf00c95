//! Words as a shell gives them to docker: variables put in where the script tells their values, options told from
//! operands.

use super::options::{Syntax, long_name};
use crate::script::{Assignment, Command, NodeKind, Part, PartKind, Piece, Script, Value, Word};
use twiceshy_source::Span;

/// A word that a program is given.
#[derive(Clone, Debug)]
pub struct Arg {
    /// What is known of it.
    pub value: Value,
    /// Where it stands in the script: the word itself, or the one that holds the variable it comes from.
    pub span: Span,
    /// Whether it stands there as such, so that it can be edited.
    pub is_written: bool,
    /// Whether it may be no word, or several: an unknown variable without quotes.
    is_open: bool,
}

impl Arg {
    /// What it says, defaults of variables taken for what is used; `None` where that is not known.
    pub fn text(&self) -> Option<String> {
        self.value.likely()
    }

    /// What it says, `*` for what is not known.
    pub fn pattern(&self) -> String {
        self.value.pattern()
    }

    /// Whether it says `text`.
    pub fn is(&self, text: &str) -> bool {
        match self.value.pieces.as_slice() {
            [Piece::Known(own) | Piece::Default(own)] => own == text,
            _ => false,
        }
    }

    /// Whether it is written for the reader to fill in: `<container>`, `YOUR_NAME`.
    pub fn is_placeholder(&self) -> bool {
        let text = self.pattern();
        self.value.is_left_open()
            || text.contains(['<', '>', '[', ']', '…'])
            || text.contains("...")
            || text.to_ascii_lowercase().starts_with("your")
    }

    /// Whether it is an unknown variable that holds options, as its name tells: `$DOCKER_OPTS`, `"${run_args[@]}"`.
    fn may_be_options(&self) -> bool {
        let [Piece::Unknown(Some(name))] = self.value.pieces.as_slice() else { return false };
        let name = name.to_ascii_uppercase();
        ["OPT", "ARG", "FLAG", "PARAM", "EXTRA"].iter().any(|word| name.contains(word))
    }

    /// Takes an unknown variable whose name says that it holds the command of Compose for that: it is set in a file that
    /// this script sources. Whether it did.
    pub(super) fn assume_compose(&mut self) -> bool {
        let [Piece::Unknown(Some(name))] = self.value.pieces.as_slice() else { return false };
        let name = name.to_ascii_uppercase();
        let is_command = name.contains("COMPOSE")
            && !["FILE", "DIR", "PATH", "PROJECT", "PROFILE", "ARGS", "OPT"].iter().any(|word| name.contains(word));
        if is_command {
            self.value.pieces = vec![Piece::Default("docker-compose".to_owned())];
        }
        is_command
    }

    /// Whether it was not known, and taken for Compose's command: which options it holds is not known then.
    pub(super) fn is_assumed(&self) -> bool {
        self.is_open
    }

    /// A word of a text that stands in another word.
    pub(crate) fn of_text(text: &str, span: Span) -> Self {
        Self::known(text, span, false)
    }

    fn known(text: &str, span: Span, is_written: bool) -> Self {
        Self { value: Value { pieces: vec![Piece::Known(text.to_owned())] }, span, is_written, is_open: false }
    }
}

/// The words of a program: of `words` and of the variables in them. `depth` bounds functions that call each other.
pub(crate) fn args(script: &Script, words: &[Word]) -> Vec<Arg> {
    let mut args = Vec::new();
    for word in words {
        add(script, word, &mut args);
    }
    args
}

fn add(script: &Script, word: &Word, args: &mut Vec<Arg>) {
    if let [Part { kind: PartKind::Variable(variable), quoted, .. }] = word.parts.as_slice() {
        let value = script.value(word);
        if &*variable.operator == "[" {
            // `"${COMPOSE[@]}"`
            if let Some(elements) = elements(script, &variable.name) {
                let first = args.len();
                elements.iter().for_each(|element| add(script, element, args));
                args[first..].iter_mut().for_each(|arg| (arg.span, arg.is_written) = (word.span, false));
                return;
            }
            args.push(Arg { value, span: word.span, is_written: true, is_open: true });
            return;
        }
        let text = value.likely().or_else(|| alternative(script, &variable.name, &variable.operator));
        if !quoted {
            match text {
                // A shell splits what it puts in without quotes.
                Some(text) => {
                    args.extend(text.split_whitespace().map(|text| Arg::known(text, word.span, false)));
                }
                None => args.push(Arg { value, span: word.span, is_written: true, is_open: true }),
            }
            return;
        }
    }
    let is_open = word.parts.iter().any(|part| matches!(part.kind, PartKind::Command(_)) && !part.quoted);
    let mut value = script.value(word);
    // Braces and wildcards stand for themselves as far as docker's own words go.
    if let [Part { kind: PartKind::Glob(text), .. }] = word.parts.as_slice() {
        value = Value { pieces: vec![Piece::Known(text.to_string())] };
    }
    args.push(Arg { value, span: word.span, is_written: true, is_open });
}

/// The elements of an array, by its first plain assignment; what is added to it later is not known to be there.
fn elements<'s>(script: &'s Script, name: &str) -> Option<&'s [Word]> {
    let assignments = script.shell().ids().filter_map(|id| match &script.node(id).kind {
        NodeKind::Simple(simple) => Some(&simple.assignments),
        _ => None,
    });
    let mut of_name = assignments.flatten().filter(|assignment: &&Assignment| &*assignment.name.text == name);
    let first = of_name.find(|assignment| !assignment.append)?;
    (!first.elements.is_empty()).then_some(&first.elements[..])
}

/// Of a variable with several assignments the first that names Compose: scripts look for `docker compose` and fall back
/// on `docker-compose`.
fn alternative(script: &Script, name: &str, operator: &str) -> Option<String> {
    if !matches!(operator, "" | ":?" | "?" | ":-" | "-") {
        return None;
    }
    let values: Vec<String> = script
        .assignments(name)
        .iter()
        .filter_map(|(_, assignment)| script.value(assignment.value.as_ref()?).likely())
        .filter(|value| !value.trim().is_empty())
        .collect();
    let names_program = |value: &String| {
        let words = value.split_whitespace();
        words.filter(|word| *word != "sudo").any(super::is_program)
    };
    values.iter().all(names_program).then(|| values.into_iter().next()).flatten()
}

/// The words of `command`, from the program on, when it is a function of the script that hands its own words on:
/// `compose() { docker compose -f prod.yml "$@"; }`.
pub(super) fn through_function(command: Command<'_>, words: &[Word]) -> Option<Vec<Arg>> {
    let script = command.script;
    let name = words.first()?.literal()?;
    let function = script.function(&name)?;
    let mut handed = script.commands().filter(|inner| {
        let is_inside = script.shell().ancestors(inner.id).any(|id| id == function.body) || inner.id == function.body;
        is_inside && inner.words().iter().any(is_all_words)
    });
    let inner = handed.find(|inner| {
        let args = args(script, inner.local().words);
        args.iter().take(3).filter_map(Arg::text).any(|text| super::is_program(&text))
    })?;
    let mut all = Vec::new();
    for word in inner.local().words {
        if is_all_words(word) {
            all.extend(args(script, words.get(1..).unwrap_or_default()));
        } else {
            let first = all.len();
            add(script, word, &mut all);
            // What the function says stands elsewhere; an edit there would change every call.
            all[first..].iter_mut().for_each(|arg| arg.is_written = false);
        }
    }
    Some(all)
}

/// `"$@"`, `$*`, `"${@}"`
fn is_all_words(word: &Word) -> bool {
    matches!(word.parts.as_slice(), [Part { kind: PartKind::Variable(variable), .. }] if matches!(&*variable.name, "@" | "*"))
}

/// Options and their values.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// In order.
    pub options: Vec<Opt>,
    /// Whether all of them are known: no variable without a known value stands where options stand.
    pub is_whole: bool,
}

/// An option.
#[derive(Clone, Debug)]
pub struct Opt {
    /// Its long name, `--network` for `--net`; of one without a long name the short one.
    pub name: String,
    /// Its value.
    pub value: Option<Arg>,
    /// Where it stands in the script, its value included.
    pub span: Span,
    /// Whether it stands there as such.
    pub is_written: bool,
}

impl Given {
    /// Whether a flag is given, and not with `=false`.
    pub fn has(&self, name: &str) -> bool {
        let last = self.options.iter().rfind(|option| option.name == name);
        last.is_some_and(|option| !option.value.as_ref().is_some_and(|value| value.is("false")))
    }

    /// The value of an option; the last one counts.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.options.iter().rfind(|option| option.name == name)?.value.as_ref()
    }

    /// Every value of an option, in order.
    pub fn all<'g>(&'g self, name: &'g str) -> impl Iterator<Item = &'g Arg> {
        self.options.iter().filter(move |option| option.name == name).filter_map(|option| option.value.as_ref())
    }

    /// Reads options; what is left are operands, and with `mixed` off everything after the first of them.
    pub(super) fn read(args: &[Arg], syntax: Syntax) -> (Self, Vec<Arg>) {
        let mut given = Self { options: Vec::new(), is_whole: true };
        let mut operands = Vec::new();
        let mut at = 0;
        while let Some(arg) = args.get(at) {
            at += 1;
            let pattern = arg.pattern();
            let is_option = pattern.len() > 1 && pattern.starts_with('-');
            if !is_option {
                if arg.is_open && arg.may_be_options() {
                    // `docker run $OPTIONS image`
                    given.is_whole = false;
                    if args.len() > at {
                        continue;
                    }
                }
                if syntax.mixed {
                    operands.push(arg.clone());
                    continue;
                }
                operands.extend_from_slice(&args[at - 1..]);
                break;
            }
            if pattern == "--" {
                operands.extend_from_slice(&args[at..]);
                break;
            }
            at += given.option(arg, &pattern, args.get(at), syntax);
        }
        (given, operands)
    }

    /// Reads one word of options; how many more words it takes.
    fn option(&mut self, arg: &Arg, pattern: &str, next: Option<&Arg>, syntax: Syntax) -> usize {
        let mut push = |name: &str, value: Option<Arg>| {
            let long = long_name(name, syntax.with_value);
            let name = if long.is_empty() { name } else { long };
            let span = value.as_ref().map_or(arg.span, |value| arg.span.to(value.span));
            self.options.push(Opt { name: name.to_owned(), value, span, is_written: arg.is_written });
        };
        if pattern.starts_with("--") {
            if let Some((name, _)) = pattern.split_once('=') {
                push(name, Some(arg.after(name.len() + 1)));
            } else if syntax.with_value.contains(&pattern) {
                push(pattern, next.cloned());
                return 1;
            } else {
                push(pattern, None);
            }
            return 0;
        }
        for (index, letter) in pattern.char_indices().skip(1) {
            let name = format!("-{letter}");
            if !syntax.with_value.contains(&name.as_str()) {
                push(&name, None);
                continue;
            }
            let end = index + letter.len_utf8();
            if end == pattern.len() {
                push(&name, next.cloned());
                return 1;
            }
            let equals = usize::from(pattern[end..].starts_with('='));
            push(&name, Some(arg.after(end + equals)));
            break;
        }
        0
    }
}

impl Arg {
    /// What follows its first `skip` bytes, which are known.
    pub(crate) fn after(&self, skip: usize) -> Self {
        let mut pieces = self.value.pieces.clone();
        if let Some(Piece::Known(text) | Piece::Default(text)) = pieces.first_mut() {
            *text = text.get(skip..).unwrap_or_default().to_owned();
        }
        pieces.retain(|piece| !matches!(piece, Piece::Known(text) if text.is_empty()));
        Self { value: Value { pieces }, ..self.clone() }
    }
}
