//! Commands that change the owner or mode of a whole tree in which a database keeps its files.

use crate::docker::{Arg, arguments};
use crate::live_data::LiveData;
use crate::script::{Command, Host, Script};
use crate::{Focus, Image, Place, Repo, Tree};

/// A change of owner or mode that takes a database's files with it.
#[derive(Debug)]
pub struct ChangedOwner<'r> {
    /// The words of the command.
    pub place: Place,
    /// Whose data it is.
    pub data: LiveData<'r>,
    /// Its image.
    pub image: Image,
    /// The tree, as written.
    pub path: String,
    /// Whether the mode is changed, not the owner.
    pub is_mode: bool,
    /// Whether the image gives the files back to its server when it starts.
    pub heals: bool,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// Databases that mind: (part of the image's name, the users that own their files).
const OWNERS: &[(&str, &[&str])] = &[
    ("bitnami", &["1001"]),
    ("postgis", &["999", "postgres"]),
    ("postgres", &["999", "70", "postgres"]),
    ("pgvector", &["999", "postgres"]),
    ("timescale", &["999", "70", "1000", "postgres"]),
    ("mysql", &["999", "mysql"]),
    ("mariadb", &["999", "mysql"]),
    ("mongo", &["999", "mongodb"]),
];

impl Repo {
    /// Recursive `chown` and `chmod` of trees that hold the files of databases which nothing has stopped, or which do not
    /// take them back.
    pub fn changed_owners(&self, focus: Focus) -> Vec<ChangedOwner<'_>> {
        let mut found = Vec::new();
        let says = |script: &&Script| script.text().contains("chown") || script.text().contains("chmod");
        let is_known = |data: &LiveData<'_>| data.database.as_ref().is_some_and(|image| owners(image).is_some());
        let scripts = self.scripts.within(focus).filter(says).filter(|script| self.is_operated(script));
        let scripts: Vec<&Script> = scripts.collect();
        if scripts.is_empty() {
            return found;
        }
        let data: Vec<LiveData<'_>> =
            self.live_data().into_iter().filter(is_known).filter(|data| !self.is_development(data.project)).collect();
        if data.is_empty() {
            return found;
        }
        for script in scripts {
            for command in script.commands().filter(|command| !script.is_forbidden(command.id)) {
                found.extend(self.changed_owner(script, command, &data));
            }
        }
        found
    }

    fn changed_owner<'r>(
        &'r self,
        script: &'r Script,
        command: Command<'r>,
        data: &[LiveData<'r>],
    ) -> Option<ChangedOwner<'r>> {
        let local = command.local();
        matches!(local.name().as_deref(), Some("chown" | "chmod" | "find")).then_some(())?;
        let change = Change::of(&arguments(script, local.words))?;
        let mut calls = None;
        for path in &change.paths {
            // `chown -R app .`: all there is.
            let places = if matches!(path.as_str(), "." | "./" | "*" | "./*") {
                let dirs = self.directories_at(command);
                dirs.into_iter().take(1).map(crate::removed_data::HostPath::Tree).collect()
            } else {
                self.places_of(script, command, path)
            };
            let hit = data.iter().find(|data| places.iter().any(|place| place.is_above(data)));
            let Some(data) = hit else { continue };
            let image = data.database.clone()?;
            if change.suits(&image) {
                continue;
            }
            let heals = heals(&image) && data.service.user().is_none();
            let calls = calls.get_or_insert_with(|| script.docker_calls());
            if heals && self.stopped_before(script, command.id, calls, data).is_some() {
                continue;
            }
            return Some(ChangedOwner {
                place: command.words_place(),
                data: data.clone(),
                image,
                path: path.clone(),
                is_mode: change.is_mode,
                heals,
                is_page: matches!(script.host.outermost(), Host::Fence { .. }),
            });
        }
        None
    }
}

fn owners(image: &Image) -> Option<&'static [&'static str]> {
    OWNERS.iter().find(|(name, _)| image.name.contains(name)).map(|(_, owners)| *owners)
}

/// Whether the image's entrypoint, as root, gives the files back: the official ones do, Bitnami's do not.
fn heals(image: &Image) -> bool {
    !image.name.contains("bitnami")
}

/// What `chown -R`, `chmod -R` or `find … -exec chown` changes.
struct Change {
    is_mode: bool,
    /// The owner or mode.
    to: String,
    paths: Vec<String>,
}

impl Change {
    fn of(words: &[Arg]) -> Option<Self> {
        let texts: Vec<String> = words.iter().map(Arg::pattern).collect();
        let program = Tree::name(texts.first()?);
        let is_mode = |program: &str| match program {
            "chown" => Some(false),
            "chmod" => Some(true),
            _ => None,
        };
        if program == "find" {
            let paths: Vec<String> =
                texts[1..].iter().take_while(|text| !text.starts_with(['-', '!', '('])).cloned().collect();
            let at = texts.iter().position(|text| is_mode(text).is_some())?;
            // Whoever writes tests knows what not to touch.
            let chooses = texts[1..at].iter().any(|text| {
                ["-path", "-prune", "-name", "-user", "-maxdepth", "-not", "!", "-regex", "-iname"]
                    .contains(&text.as_str())
            });
            let to = texts[at + 1..].iter().find(|text| !text.starts_with('-'))?.clone();
            return (!chooses).then_some(Self { is_mode: is_mode(&texts[at])?, to, paths });
        }
        let is_mode = is_mode(program)?;
        let is_recursive = |text: &String| {
            text == "--recursive" || text.starts_with('-') && !text.starts_with("--") && text[1..].contains('R')
        };
        texts[1..].iter().any(is_recursive).then_some(())?;
        if texts.iter().any(|text| text.starts_with("--from") || text.starts_with("--reference")) {
            return None;
        }
        let mut operands = texts[1..].iter().filter(|text| {
            !text.starts_with('-')
                || is_mode && text.len() > 1 && text[1..].contains(['r', 'w', 'x']) && !text.contains('R')
        });
        let to = operands.next()?.clone();
        Some(Self { is_mode, to, paths: operands.cloned().collect() })
    }

    /// Whether a database can live with it.
    fn suits(&self, image: &Image) -> bool {
        if self.is_mode {
            // Modes that give nothing to others leave the server what it needs.
            let last = self.to.rsplit(',').all(|part| part.starts_with("u+") || part.starts_with("u=rwX"));
            return last || matches!(self.to.trim_start_matches('0'), "700" | "750");
        }
        let user = self.to.split([':', '.']).next().unwrap_or_default();
        // `chown -R :docker` changes the group, which PostgreSQL does not mind.
        user.is_empty() || owners(image).unwrap_or_default().contains(&user)
    }
}
