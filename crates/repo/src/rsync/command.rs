//! rsync's command line.

use super::pattern::Pattern;
use super::rule::{Origin, Refusal, Rule, Sides, Syntax, Template, Written, rule_of, rules_of_file};

/// A run of rsync, as its command line asks for it.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// What is sent.
    pub sources: Vec<Spec>,
    /// Where it goes; `None` where only a list is asked for.
    pub destination: Option<Spec>,
    /// When, if at all, what the sender lacks is removed.
    pub when: When,
    /// Whether what rules exclude is removed, too (`--delete-excluded`).
    pub deletes_excluded: bool,
    /// Whether nothing is changed (`-n`, `--list-only`).
    pub is_dry: bool,
    /// How many removals are allowed (`--max-delete`).
    pub most_removals: Option<u32>,
    /// Whether what is removed is kept elsewhere (`--backup`).
    pub backs_up: bool,
    /// Where (`--backup-dir`).
    pub backup_directory: Option<String>,
    /// Whether something is on the line that we do not know: options in a variable, a new option.
    pub is_unclear: bool,
    /// The words that include or exclude: the option's place in the line, and its value.
    pub filters: Vec<Filtering>,
    pub(super) backs_up_in_place: bool,
    pub(super) recurses: bool,
    pub(super) lists_directories: bool,
    pub(super) is_relative: bool,
    pub(super) prunes_empty: bool,
    pub(super) leaves_existing: bool,
    pub(super) only_existing: bool,
    pub(super) copies_links: bool,
    pub(super) keeps_links: bool,
    pub(super) files_from: Option<String>,
    ignores_as_cvs: bool,
    conflict: Option<&'static str>,
}

/// A file or directory, here or on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The machine; `None` for this one.
    pub host: Option<String>,
    /// The path there.
    pub path: String,
    /// Whether all of it is known.
    pub is_known: bool,
    /// The word, counted from 0 (rsync itself).
    pub word: usize,
}

/// When removals happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Nothing is removed.
    #[default]
    Never,
    /// Before anything is sent.
    Before,
    /// Directory by directory, while files are sent: what plain `--delete` does.
    During,
    /// Found while files are sent, done afterwards.
    Delayed,
    /// After all was sent.
    After,
}

/// An option that includes or excludes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtering {
    /// What kind.
    pub kind: FilterOption,
    /// Its value: a pattern, a rule, a file's name.
    pub value: String,
    /// Whether all of the value is known.
    pub is_known: bool,
    /// The word that the value stands in, counted from 0 (rsync itself).
    pub word: usize,
}

/// The options that include and exclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterOption {
    /// `--exclude`
    Exclude,
    /// `--include`
    Include,
    /// `--exclude-from`
    ExcludeFrom,
    /// `--include-from`
    IncludeFrom,
    /// `--filter`, `-f`
    Filter,
    /// `-F`
    PerDirectory,
    /// `-FF`
    PerDirectoryItself,
}

/// A word of the command line, after the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its text; what is not known of it is left out.
    pub text: String,
    /// Whether all of it is known.
    pub is_known: bool,
}

/// Long options that take a value, besides those that are read here.
const WITH_VALUE: &str = "info debug stderr modify-window chmod max-size min-size max-alloc checksum-choice cc block-size \
    compare-dest copy-dest link-dest compress-choice zc skip-compress compress-level zl compress-threads \
    zt partial-dir log-file log-file-format out-format log-format bwlimit suffix read-batch write-batch \
    only-write-batch usermap groupmap chown timeout contimeout stop-after time-limit stop-at rsh \
    rsync-path temp-dir iconv copy-as address port sockopts password-file early-input outbuf \
    remote-option protocol checksum-seed config dparam confine-root";
/// Long options without a value that change nothing about what is removed.
const PLAIN: &str = "help version verbose msgs2stderr quiet motd stats human-readable inc-recursive i-r perms \
    executability acls xattrs times atimes open-noatime crtimes omit-dir-times omit-link-times super \
    fake-super owner group devices copy-devices write-devices specials drop-D links safe-links \
    insecure-links munge-links hard-links implied-dirs i-d ignore-times size-only one-file-system update \
    sparse preallocate inplace append append-verify remove-sent-files \
    remove-source-files force ignore-errors whole-file checksum fuzzy compress old-compress new-compress \
    progress partial delay-updates itemize-changes old-args secluded-args protect-args \
    trust-sender numeric-ids fsync ipv4 ipv6 8-bit-output mkpath qsort blocking-io ignore-missing-args \
    delete-missing-args keep-dirlinks";
/// Letters that take a value.
const LETTERS_WITH_VALUE: &str = "efBTM@";
/// Letters without a value that change nothing about what is removed.
const PLAIN_LETTERS: &str = "VvqhEAXtUNOJogDHIxuSWcyzPi4658psK";

impl Command {
    /// Reads the words after `rsync`; `None` where it is no transfer (`--daemon`, `--server`).
    pub fn of(words: &[Word]) -> Option<Self> {
        let mut command = Self::default();
        let mut operands: Vec<Spec> = Vec::new();
        let mut reader = Reader { words, at: 0 };
        let mut state = State::default();
        let mut only_operands = false;
        while let Some(word) = words.get(reader.at) {
            reader.at += 1;
            let text = &*word.text;
            if only_operands || !text.starts_with('-') || text == "-" {
                if text.is_empty() && !word.is_known {
                    state.opaque.push(operands.len());
                }
                operands.push(Spec::of(text, word.is_known, reader.at));
            } else if text == "--" {
                only_operands = true;
            } else if let Some(long) = text.strip_prefix("--") {
                if !word.is_known && !long.contains('=') {
                    command.is_unclear = true;
                    continue;
                }
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(Word { text: value.to_owned(), is_known: word.is_known })),
                    None => (long, None),
                };
                if matches!(name, "daemon" | "server" | "sender") {
                    return None;
                }
                command.long(name, value, &mut reader, &mut state);
            } else {
                command.short(&text[1..], word.is_known, &mut reader, &mut state);
            }
        }
        // A word that is nothing but a variable may hold options, paths or nothing.
        let all = operands.len();
        command.is_unclear |= state.opaque.iter().any(|at| *at + 1 < all && all > 2);
        command.finish(operands, &state);
        Some(command)
    }

    fn long(&mut self, name: &str, value: Option<Word>, reader: &mut Reader<'_>, state: &mut State) {
        let mut filtering = |command: &mut Self, kind| {
            let word = if value.is_some() { reader.at } else { reader.at + 1 };
            let Some(value) = value.clone().or_else(|| reader.next()) else { return };
            command.filters.push(Filtering { kind, value: value.text, is_known: value.is_known, word });
        };
        match name {
            "exclude" => filtering(self, FilterOption::Exclude),
            "include" => filtering(self, FilterOption::Include),
            "exclude-from" => filtering(self, FilterOption::ExcludeFrom),
            "include-from" => filtering(self, FilterOption::IncludeFrom),
            "filter" => filtering(self, FilterOption::Filter),
            "files-from" => {
                self.files_from = value.or_else(|| reader.next()).map(|value| value.text);
            }
            "backup-dir" => {
                self.backs_up = true;
                self.backup_directory = value.or_else(|| reader.next()).map(|value| value.text);
            }
            "max-delete" => {
                let value = value.or_else(|| reader.next());
                let number = value.filter(|value| value.is_known).and_then(|value| value.text.parse::<i64>().ok());
                self.most_removals = number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX));
            }
            "archive" => (state.archive, self.keeps_links) = (true, true),
            "links" => self.keeps_links = true,
            "no-links" | "no-l" => self.keeps_links = false,
            "recursive" => state.recursive = Some(true),
            "no-recursive" | "no-r" => (state.recursive, state.archive) = (Some(false), false),
            "dirs" | "old-dirs" | "old-d" => state.directories = Some(true),
            "no-dirs" | "no-d" => state.directories = Some(false),
            "relative" => state.relative = Some(true),
            "no-relative" | "no-R" => state.relative = Some(false),
            "delete" => state.delete = true,
            "del" | "delete-during" => state.during = Some(When::During),
            "delete-delay" => state.during = Some(When::Delayed),
            "delete-before" => state.before = true,
            "delete-after" => state.after = true,
            "delete-excluded" => self.deletes_excluded = true,
            "dry-run" | "list-only" => self.is_dry = true,
            "backup" => self.backs_up = true,
            "no-backup" => self.backs_up = false,
            "prune-empty-dirs" => self.prunes_empty = true,
            "no-prune-empty-dirs" | "no-m" => self.prunes_empty = false,
            "ignore-existing" => self.leaves_existing = true,
            "existing" | "ignore-non-existing" => self.only_existing = true,
            "copy-links" | "copy-dirlinks" | "copy-unsafe-links" => self.copies_links = true,
            "cvs-exclude" => self.ignores_as_cvs = true,
            "from0" => state.ends_with_nul = true,
            _ if lists(WITH_VALUE, name) => {
                if value.is_none() {
                    reader.next();
                }
            }
            _ => {
                let plain = name.strip_prefix("no-").unwrap_or(name);
                let letter = plain.len() == 1 && PLAIN_LETTERS.contains(plain);
                self.is_unclear |= !lists(PLAIN, plain) && !letter;
            }
        }
    }

    fn short(&mut self, letters: &str, is_known: bool, reader: &mut Reader<'_>, state: &mut State) {
        for (at, letter) in letters.char_indices() {
            let rest = &letters[at + letter.len_utf8()..];
            match letter {
                'a' => (state.archive, self.keeps_links) = (true, true),
                'l' => self.keeps_links = true,
                'r' => state.recursive = Some(true),
                'd' => state.directories = Some(true),
                'R' => state.relative = Some(true),
                'n' => self.is_dry = true,
                'b' => self.backs_up = true,
                'm' => self.prunes_empty = true,
                'L' | 'k' => self.copies_links = true,
                'C' => self.ignores_as_cvs = true,
                '0' => state.ends_with_nul = true,
                'F' => {
                    let given = |filter: &&Filtering| {
                        matches!(filter.kind, FilterOption::PerDirectory | FilterOption::PerDirectoryItself)
                    };
                    let kind = match self.filters.iter().filter(given).count() {
                        0 => FilterOption::PerDirectory,
                        1 => FilterOption::PerDirectoryItself,
                        _ => continue,
                    };
                    self.filters.push(Filtering { kind, value: String::new(), is_known: true, word: reader.at });
                }
                _ if LETTERS_WITH_VALUE.contains(letter) => {
                    let rest = rest.strip_prefix('=').unwrap_or(rest);
                    let (value, word) = if rest.is_empty() && is_known {
                        (reader.next(), reader.at)
                    } else {
                        (Some(Word { text: rest.to_owned(), is_known }), reader.at)
                    };
                    if let (Some(value), 'f') = (value, letter) {
                        let kind = FilterOption::Filter;
                        self.filters.push(Filtering { kind, value: value.text, is_known: value.is_known, word });
                    }
                    return;
                }
                _ => self.is_unclear |= !PLAIN_LETTERS.contains(letter),
            }
        }
        self.is_unclear |= !is_known;
    }

    fn finish(&mut self, mut operands: Vec<Spec>, state: &State) {
        let lists = self.files_from.is_some();
        self.recurses = state.recursive.unwrap_or(state.archive && !lists);
        self.lists_directories = state.directories.unwrap_or(lists) || self.recurses;
        self.is_relative = state.relative.unwrap_or(lists);
        self.conflict = (usize::from(state.before) + usize::from(state.during.is_some()) + usize::from(state.after)
            > 1)
        .then_some("several of --delete-before, --delete-during and --delete-after");
        self.when = if state.before {
            When::Before
        } else if state.after {
            When::After
        } else if let Some(when) = state.during {
            when
        } else if state.delete || self.deletes_excluded {
            When::During
        } else {
            When::Never
        };
        if self.when != When::Never && !self.lists_directories {
            self.conflict = Some("--delete without --recursive");
        }
        let reads = |filter: &Filtering| matches!(filter.kind, FilterOption::ExcludeFrom | FilterOption::IncludeFrom);
        self.is_unclear |= state.ends_with_nul && (lists || self.filters.iter().any(reads));
        self.backs_up_in_place = self.backs_up && self.backup_directory.is_none();
        if operands.len() > 1 {
            self.destination = operands.pop();
        }
        self.sources = operands;
    }

    /// Whether rsync takes the options.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.conflict.map_or(Ok(()), |conflict| Err(Refusal::Options(conflict)))
    }

    /// The rules of the command line; `read` gives files that it names.
    pub(super) fn rules(&self, read: &dyn Fn(&str) -> Option<std::rc::Rc<str>>) -> Result<Vec<Written>, Refusal> {
        let mut found = Vec::new();
        let exclude = Template::default();
        let include = Template { includes: true, ..exclude };
        for Filtering { kind, value, word, .. } in &self.filters {
            let origin = Origin::Word(*word);
            let file = |template| {
                let text = read(value).ok_or_else(|| Refusal::File(value.clone()))?;
                rules_of_file(&text, template, Syntax::Old, value, false)
            };
            found.extend(match kind {
                FilterOption::Exclude => rule_of(value, exclude, Syntax::Old, origin, false)?,
                FilterOption::Include => rule_of(value, include, Syntax::Old, origin, false)?,
                FilterOption::ExcludeFrom => file(exclude)?,
                FilterOption::IncludeFrom => file(include)?,
                FilterOption::Filter => rule_of(value, exclude, Syntax::New, origin, false)?,
                FilterOption::PerDirectory => rule_of(": /.rsync-filter", exclude, Syntax::New, origin, false)?,
                FilterOption::PerDirectoryItself => rule_of("- .rsync-filter", exclude, Syntax::New, origin, false)?,
            });
        }
        let mut found = merged(found, read, 0)?;
        let implied = |text: &str| rule_of(text, exclude, Syntax::New, Origin::Implied, false);
        if self.backs_up_in_place && self.when != When::Never && !self.deletes_excluded {
            found.push(Written::Rule(Rule {
                includes: false,
                sides: Sides { sender: false, receiver: true },
                is_perishable: false,
                pattern: Pattern::new("*~", false, false),
                origin: Origin::Implied,
            }));
        }
        if self.ignores_as_cvs {
            found.extend(implied(":C")?);
            found.extend(implied("-C")?);
        }
        Ok(found)
    }
}

/// The rules with those of the files that they name.
fn merged(
    rules: Vec<Written>,
    read: &dyn Fn(&str) -> Option<std::rc::Rc<str>>,
    depth: usize,
) -> Result<Vec<Written>, Refusal> {
    let mut all = Vec::with_capacity(rules.len());
    for rule in rules {
        if let Written::Merge(template, name) = rule {
            let text = read(&name).filter(|_| depth < MAX_MERGES).ok_or_else(|| Refusal::File(name.to_string()))?;
            all.extend(merged(rules_of_file(&text, template, Syntax::New, &name, false)?, read, depth + 1)?);
        } else {
            all.push(rule);
        }
    }
    Ok(all)
}

/// How deep files of rules may name one another: rsync's own bound.
const MAX_MERGES: usize = 32;

fn lists(options: &str, name: &str) -> bool {
    options.split(' ').any(|option| option == name)
}

#[derive(Default)]
struct State {
    archive: bool,
    recursive: Option<bool>,
    directories: Option<bool>,
    relative: Option<bool>,
    delete: bool,
    before: bool,
    during: Option<When>,
    after: bool,
    /// Whether names and rules in files end with NUL.
    ends_with_nul: bool,
    /// The operands of which nothing is known.
    opaque: Vec<usize>,
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }
}

impl Spec {
    /// `path`, `host:path`, `host::module/path`, `rsync://host/module/path`
    fn of(text: &str, is_known: bool, word: usize) -> Self {
        let remote =
            |host: &str, path: &str| Self { host: Some(host.to_owned()), path: path.to_owned(), is_known, word };
        if let Some(rest) = text.strip_prefix("rsync://") {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            return remote(host, path);
        }
        let colon = text.find(':').filter(|colon| !text[..*colon].contains('/'));
        match colon {
            Some(colon) => {
                let path = &text[colon + 1..];
                remote(&text[..colon], path.strip_prefix(':').unwrap_or(path))
            }
            None => Self { host: None, path: text.to_owned(), is_known, word },
        }
    }
}
