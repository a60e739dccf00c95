//! How deeply a recursive parser would recurse into a text, measured without one.
//!
//! Not brackets alone nest: `a => a => …`, `a ? b : a ? b : …`, `!!!…`, `A<A<…`, `if (a) if (a) …` do as well. All of them are
//! chains of tokens of one statement, so the tokens since the start of every statement that is still open are an upper
//! bound. Strings, comments and JSX text count as tokens: more is safe.

/// What a text asks of the parser's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Any stack will do.
    Flat,
    /// A large stack will do.
    Deep,
    /// No stack will do.
    TooDeep,
}

/// Brackets that any stack holds: a test's thread has 2 MiB, and an unoptimised oxc wants up to 5 kB for each.
const BRACKETS: usize = 200;
/// Tokens of open statements that any stack holds. Chains need less than brackets: oxc loops over most of them.
const TOKENS: usize = 1_000;
/// How many tokens more an arrow counts for.
const ARROW: u32 = 4;
/// Brackets, and tokens, that the deep thread's 256 MiB hold: oxc was seen to survive 100,000 brackets there.
const MOST_BRACKETS: usize = 8_000;
const MOST_TOKENS: usize = 60_000;

pub(super) fn measure(text: &str) -> Depth {
    let bytes = text.as_bytes();
    if bytes.len() < BRACKETS {
        return Depth::Flat;
    }
    // Tokens since the start of the statement at each open level; `sum` is their total.
    let mut open: Vec<u32> = Vec::with_capacity(64);
    let (mut here, mut sum) = (0u32, 0usize);
    let (mut brackets, mut tokens) = (0usize, 0usize);
    // Type arguments nest without a bracket, and a comma does not end them.
    let (mut angles, mut most_angles) = (0usize, 0usize);
    let mut was = Class::Space;
    for (at, &byte) in bytes.iter().enumerate() {
        let class = CLASSES[byte as usize];
        // Most bytes end here, without a branch.
        let starts = u32::from(
            class == Class::Operator || class == Class::Angle || (class == Class::Word && was != Class::Word),
        );
        here += starts;
        sum += starts as usize;
        was = class;
        if (class as u8) < Class::Angle as u8 {
            continue;
        }
        match class {
            Class::Angle if byte == b'<' => angles += 1,
            // An arrow's body is as much work for the stack as a bracket's.
            Class::Angle if at > 0 && bytes[at - 1] == b'=' => {
                here += ARROW;
                sum += ARROW as usize;
            }
            Class::Angle => {
                most_angles = most_angles.max(angles);
                angles = angles.saturating_sub(1);
            }
            Class::Line => {
                if here > 64 && starts_statement(&bytes[at + 1..]) {
                    tokens = tokens.max(sum);
                    sum -= here as usize;
                    here = 0;
                }
            }
            Class::Open => {
                tokens = tokens.max(sum);
                open.push(here);
                brackets = brackets.max(open.len());
                here = 0;
            }
            Class::Close => {
                tokens = tokens.max(sum);
                if let Some(outer) = open.pop() {
                    sum -= here as usize;
                    here = outer;
                }
            }
            Class::End => {
                tokens = tokens.max(sum);
                sum -= here as usize;
                here = 0;
                if byte == b';' {
                    most_angles = most_angles.max(angles);
                    angles = 0;
                }
            }
            Class::Space | Class::Word | Class::Operator => {}
        }
    }
    tokens = tokens.max(sum);
    brackets = brackets.max(angles).max(most_angles);
    if brackets > MOST_BRACKETS || tokens > MOST_TOKENS {
        Depth::TooDeep
    } else if brackets > BRACKETS || tokens > TOKENS {
        Depth::Deep
    } else {
        Depth::Flat
    }
}

/// Whether a line begins with a word that only a statement begins with.
fn starts_statement(line: &[u8]) -> bool {
    let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let line = &line[start..];
    [&b"const "[..], b"let ", b"var ", b"import ", b"export ", b"return ", b"return;", b"throw "]
        .iter()
        .any(|word| line.starts_with(word))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Operator,
    // Everything from here on needs a closer look.
    Angle,
    Line,
    Open,
    Close,
    End,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Word; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'\n' => Class::Line,
            0..=b' ' | b'"' | b'\'' | b'`' | b'\\' | b'@' | b'.' => Class::Space,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b',' | b';' => Class::End,
            b'<' | b'>' => Class::Angle,
            b'!' | b'%' | b'&' | b'*' | b'+' | b'-' | b'/' | b':' | b'=' | b'?' | b'^' | b'|' | b'~' => Class::Operator,
            _ => Class::Word,
        };
        byte += 1;
    }
    classes
};
