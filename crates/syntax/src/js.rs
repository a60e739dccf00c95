//! JavaScript, TypeScript and their relatives, read by oxc into the [`code`](crate::code) tree.
//!
//! oxc recurses once for every level of nesting and gives up a whole file at the first syntax error. So the text is
//! measured before it is parsed (`depth`), deep text gets a thread with a large stack, and a line that stops the parser
//! is blanked and the rest tried again.

mod convert;
mod depth;
mod scan;
mod script_blocks;
mod values;

pub use scan::{Scanned, scan_imports};
pub use values::{Values, values};

use crate::Flaw;
use crate::code::Module;
use bumpalo::Bump;
use depth::Depth;
use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;
use std::borrow::Cow;
use std::cell::RefCell;
use twiceshy_source::Span;

/// Which of the languages a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JavaScript; JSX is understood.
    JavaScript,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// A Svelte or Vue component: only its script blocks are read.
    Component,
}

impl Dialect {
    /// The dialect of a file, by the extension of its path.
    pub fn of(path: &str) -> Self {
        match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "svelte" | "vue" => Self::Component,
            _ => Self::JavaScript,
        }
    }

    fn source_type(self) -> SourceType {
        match self {
            Self::JavaScript => SourceType::jsx(),
            Self::TypeScript | Self::Component => SourceType::ts(),
            Self::Tsx => SourceType::tsx(),
        }
    }
}

/// How often a line that stops the parser is blanked before the file is given up.
const RETRIES: usize = 6;

/// The stack of the thread that parses deeply nested text, in bytes. It is reserved, not touched.
const DEEP_STACK: usize = 256 << 20;

/// The text of a component with its script blocks blanked, so that offsets stay.
pub fn without_scripts(text: &str) -> String {
    let Some((scripts, _)) = script_blocks::only(text) else { return text.to_owned() };
    let bytes = text.bytes().zip(scripts.bytes());
    let bytes = bytes.map(|(byte, script)| if script == b' ' || script == b'\n' { byte } else { b' ' });
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}

/// Parses a text and lets `lower` take from the tree what it wants to keep. At most one flaw: the first line that
/// cannot be read.
///
/// `lower` runs here, or, for deeply nested text, on a thread with a larger stack.
pub fn read<R: Send>(text: &str, dialect: Dialect, lower: impl FnOnce(Module<'_>) -> R + Send) -> R {
    if dialect == Dialect::Component {
        let Some((scripts, dialect)) = script_blocks::only(text) else {
            return lower(Module::default());
        };
        return read(&scripts, dialect, lower);
    }
    match depth::measure(text) {
        Depth::Flat => parse(text, dialect, lower),
        Depth::Deep => std::thread::scope(|scope| {
            let (hand, receive) = std::sync::mpsc::channel();
            let work = move || {
                // The lowering may be handed in once only; without a thread it stays here.
                if let Ok(lower) = receive.recv() {
                    return Some(parse(text, dialect, lower));
                }
                None
            };
            match std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, work) {
                Ok(worker) => {
                    let _ = hand.send(lower);
                    match worker.join() {
                        Ok(Some(result)) => result,
                        // Nothing but a panic of `lower` itself ends here: it goes on where it was called.
                        Ok(None) => unreachable!("the lowering was sent before the thread was joined"),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
                Err(_) => lower(flawed(
                    Span::default(),
                    "nested deeply, and there is no memory for the stack that this needs",
                )),
            }
        }),
        Depth::TooDeep => lower(flawed(Span::default(), "nested too deeply to be read")),
    }
}

/// Whether a recursive parser of a language with brackets like these reads `text` on any stack.
pub(crate) fn nests_flatly(text: &str) -> bool {
    depth::measure(text) == Depth::Flat
}

fn flawed<'a>(span: Span, what: impl Into<String>) -> Module<'a> {
    Module { flaws: vec![Flaw { span, what: what.into() }], ..Module::default() }
}

thread_local! {
    /// Both arenas of a worker: memory is taken from the system once, not once a file.
    static ARENAS: RefCell<(Allocator, Bump)> = RefCell::new((Allocator::default(), Bump::new()));
}

/// An arena that has grown larger than this is given back, in bytes.
const ARENA: usize = 16 << 20;

fn parse<R>(text: &str, dialect: Dialect, lower: impl FnOnce(Module<'_>) -> R) -> R {
    ARENAS.with(|arenas| match arenas.try_borrow_mut() {
        Ok(mut arenas) => {
            let (oxc, ours) = &mut *arenas;
            let result = parse_in(oxc, ours, text, dialect, lower);
            oxc.reset();
            ours.reset();
            if oxc.capacity() > ARENA || ours.allocated_bytes() > ARENA {
                *arenas = (Allocator::default(), Bump::new());
            }
            result
        }
        // `lower` itself parses another text.
        Err(_) => parse_in(&mut Allocator::default(), &Bump::new(), text, dialect, lower),
    })
}

fn parse_in<R>(
    oxc: &mut Allocator,
    ours: &Bump,
    text: &str,
    dialect: Dialect,
    lower: impl FnOnce(Module<'_>) -> R,
) -> R {
    let mut first = None;
    let mut left = Cow::Borrowed(text);
    let mut source_type = dialect.source_type();
    for attempt in 0..=RETRIES {
        oxc.reset();
        let parsed = Parser::new(oxc, &left, source_type).with_options(options()).parse();
        if !parsed.panicked {
            // Spans are the same in the text and in what is left of it.
            let mut module = convert::module(ours, text, &parsed.program);
            module.flaws.extend(first);
            return lower(module);
        }
        if parsed.is_flow_language || is_template(text) {
            return lower(Module::default());
        }
        let error = parsed.diagnostics.errors().next();
        let at = error.and_then(|error| error.labels.first()).map_or(0, |label| label.offset() as usize);
        let what =
            error.map_or_else(|| "something that is not JavaScript".to_owned(), |error| error.message.to_string());
        if attempt == 0 && dialect == Dialect::JavaScript {
            // Types in a .js file: Flow without its marker, read by a build that takes TypeScript.
            source_type = SourceType::tsx();
            first = Some(Flaw { span: Span::new(at, at), what });
            continue;
        }
        first.get_or_insert(Flaw { span: Span::new(at, at), what });
        if attempt == 1 && dialect == Dialect::JavaScript {
            source_type = SourceType::jsx();
        }
        let Some(blanked) = without_line(&left, at) else { break };
        left = Cow::Owned(blanked);
    }
    lower(Module { flaws: first.into_iter().collect(), ..Module::default() })
}

fn options() -> ParseOptions {
    ParseOptions {
        allow_return_outside_function: true,
        preserve_parens: false,
        enable_ident_hashes: false,
        ..ParseOptions::default()
    }
}

/// Whether a template engine makes the code of this text.
fn is_template(text: &str) -> bool {
    let text = text.as_bytes();
    let has = |mark: &[u8]| memchr::memmem::find(text, mark).is_some();
    // `style={{ … }}` is JSX.
    has(b"{%")
        || has(b"<%")
        || memchr::memmem::find_iter(text, b"{{").any(|at| at == 0 || !matches!(text[at - 1], b'=' | b'{' | b'('))
}

/// `text` with the line at `at` blanked; the line before it where that one is blank already. `None` when neither holds
/// anything, or the text is so long that trying again takes too long.
fn without_line(text: &str, at: usize) -> Option<String> {
    const LONG: usize = 256 << 10;
    if text.len() > LONG {
        return None;
    }
    let at = text.floor_char_boundary(at.min(text.len()));
    let mut end = text[at..].find('\n').map_or(text.len(), |line| at + line);
    loop {
        let start = text[..end].rfind('\n').map_or(0, |line| line + 1);
        if !text[start..end].trim().is_empty() {
            let mut blanked = String::with_capacity(text.len());
            blanked.push_str(&text[..start]);
            blanked.extend(std::iter::repeat_n(' ', end - start));
            blanked.push_str(&text[end..]);
            return Some(blanked);
        }
        end = start.checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests;
