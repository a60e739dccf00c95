//! Words that stand in a module and make it worth parsing when somebody asks about them. They are looked for while the
//! text is at hand, so that a question about a whole repository need not read it again.

use crate::{Input, Kind, Kinds};
use aho_corasick::packed::Searcher;
use std::sync::LazyLock;

/// Which words stand in a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints(u8);

impl Hints {
    /// Work on a whole file: `integrity_check`, `VACUUM`, a hash.
    pub(crate) const WHOLE_FILE: Self = Self(1);
    /// `SameSite` and `Strict`, in any spelling.
    pub(crate) const STRICT_COOKIE: Self = Self(2);
    /// A browser's global used where it may run while the module is loaded or rendered.
    pub(crate) const BROWSER: Self = Self(4);

    /// A route that tells about the service's state.
    pub(crate) const HEALTH: Self = Self(8);
    /// A route that people come back to from elsewhere.
    pub(crate) const CALLBACK: Self = Self(16);
    /// A call that listens on a port.
    pub(crate) const LISTENS: Self = Self(32);
    /// A list that is read at start.
    pub(crate) const LISTS: Self = Self(64);
    /// What has to be in such a list.
    pub(crate) const DEMANDS: Self = Self(128);
    /// One of both.
    pub(crate) const ROSTER: Self = Self(64 | 128);

    /// Whether these are among them.
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn when(self, holds: bool) -> Self {
        if holds { self } else { Self(0) }
    }

    /// Those of a Python module.
    pub(crate) fn of_python(input: Input<'_>) -> Self {
        let (lists, demands) = crate::boot::may_say(input);
        let all = Self::of_text(input.text()).0 | Self::LISTS.when(lists).0 | Self::DEMANDS.when(demands).0;
        Self(all | Self::of_code(input).0)
    }

    /// Those of a JavaScript module.
    pub(crate) fn of_node(input: Input<'_>) -> Self {
        // What a server renders hangs on its code, its packages and the version of Node in its image.
        const RENDERED: Kinds =
            Kinds::NONE.with(Kind::Node).with(Kind::NodePackage).with(Kind::TsConfig).with(Kind::Dockerfile);
        let has_browser = input.about.meets(RENDERED) && browser(input.text());
        Self(Self::of_python(input).0 | Self::BROWSER.when(has_browser).0)
    }

    /// Those that only other code has to do with.
    fn of_code(input: Input<'_>) -> Self {
        // Whose code it is hangs on what files are there.
        const CODE: Kinds = Kinds::OTHER.with(Kind::Python).with(Kind::Node);
        if !input.about.meets(CODE) {
            return Self(0);
        }
        let text = input.text();
        Self(Self::STRICT_COOKIE.when(strict_cookie(text)).0 | Self::CALLBACK.when(callback(text)).0)
    }

    /// Those that other kinds of files have to do with.
    fn of_text(text: &str) -> Self {
        Self(
            Self::WHOLE_FILE.when(whole_file(text)).0
                | Self::HEALTH.when(health(text)).0
                | Self::LISTENS.when(crate::listens::may_listen(text)).0,
        )
    }
}

/// Words of which one is enough, looked for in one pass.
pub(crate) struct Words {
    words: &'static [&'static str],
    packed: Option<Searcher>,
}

impl Words {
    pub(crate) fn new(words: &'static [&'static str]) -> Self {
        Self { words, packed: Searcher::new(words) }
    }

    /// Whether one of them stands in the text.
    pub(crate) fn has_one_in(&self, text: &str) -> bool {
        match &self.packed {
            Some(packed) => packed.find(text).is_some(),
            // A machine without the instructions for it.
            None => self.words.iter().any(|word| text.contains(word)),
        }
    }

    /// Whether `holds` for a word and a place where it stands. No word may overlap another one.
    fn any(&self, text: &str, mut holds: impl FnMut(&str, usize) -> bool) -> bool {
        match &self.packed {
            Some(packed) => {
                packed.find_iter(text).any(|found| holds(self.words[found.pattern().as_usize()], found.start()))
            }
            None => self.words.iter().any(|word| text.match_indices(word).any(|(at, _)| holds(word, at))),
        }
    }
}

fn whole_file(text: &str) -> bool {
    static WORDS: LazyLock<Words> = LazyLock::new(|| {
        Words::new(&[
            "integrity_check",
            "INTEGRITY_CHECK",
            "quick_check",
            "QUICK_CHECK",
            "VACUUM",
            "REINDEX",
            "hashlib.",
            "createHash(",
        ])
    });
    WORDS.has_one_in(text)
}

fn health(text: &str) -> bool {
    static WORDS: LazyLock<Words> =
        LazyLock::new(|| Words::new(&["health", "/ready", "readyz", "/live", "/ping", "/status", "heartbeat"]));
    WORDS.has_one_in(text)
}

fn callback(text: &str) -> bool {
    static WORDS: LazyLock<Words> =
        LazyLock::new(|| Words::new(&["/callback", "\"callback", "'callback", "/acs", "/success", "/return"]));
    WORDS.has_one_in(text)
}

fn strict_cookie(text: &str) -> bool {
    static SITE: LazyLock<Words> =
        LazyLock::new(|| Words::new(&["amesite", "ameSite", "AMESITE", "ame_site", "AME_SITE"]));
    // express: `true` is Strict
    static STRICT: LazyLock<Words> = LazyLock::new(|| Words::new(&["trict", "TRICT", "ameSite: true"]));
    SITE.has_one_in(text) && STRICT.has_one_in(text)
}

/// How deeply a line may be indented whose code runs while a module is loaded or a component rendered: two levels.
const SHALLOW: usize = 8;

fn browser(text: &str) -> bool {
    // `window.`, `window?.`, `window[`, `document)`: the names of globals are followed by something that uses them.
    static WORDS: LazyLock<Words> = LazyLock::new(|| {
        Words::new(&[
            "extends HTMLElement",
            "window",
            "document",
            "localStorage",
            "sessionStorage",
            "navigator",
            "matchMedia(",
            "new IntersectionObserver(",
            "new ResizeObserver(",
            "new MutationObserver(",
            "requestAnimationFrame(",
            "new Image(",
            "new Audio(",
        ])
    });
    let bytes = text.as_bytes();
    WORDS.any(text, |word, at| {
        let is_whole = word.bytes().any(|byte| b"( ".contains(&byte));
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + word.len());
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.\"'`-/".contains(byte);
        let is_used = is_whole || after.is_some_and(|byte| b".?[".contains(byte));
        is_used && !before.is_some_and(is_part) && indentation(bytes, at) <= SHALLOW
    })
}

/// How far the line at `at` is indented; a tab counts as four.
fn indentation(bytes: &[u8], at: usize) -> usize {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
    let blanks = bytes[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    blanks.map(|byte| if *byte == b'\t' { 4 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_may_matter() {
        assert!(Hints::of_text("db.execute('PRAGMA quick_check')").has(Hints::WHOLE_FILE));
        assert!(strict_cookie("r.set_cookie('a', samesite='Strict')"));
        assert!(!strict_cookie("r.set_cookie('a', samesite='lax')"));
        assert!(browser("const w = window.innerWidth"));
        assert!(!browser("// the window\nimport x from '../document.js'"));
        assert!(!browser("f(() => {\n            window.close()\n})"));
    }
}
