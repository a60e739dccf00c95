//! What a list that is read at start lacks.

use super::family::{Files, undoes};
use super::list::{self, BootList, Form, ListEntry};
use super::{NameSet, Role, Roster, paths, shell};
use crate::hints::Hints;
use crate::{Edit, Place, Repo, Sql, Tree};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::FileId;
use twiceshy_syntax::sql::{Act, Change};

/// Something that a list lacks, and why that matters.
#[derive(Debug)]
pub struct Gap {
    /// Where to look: the name that is demanded, or the entry that is wrong.
    pub place: Place,
    /// The list's path.
    pub list: String,
    /// Where the list is lacking: its last entry.
    pub list_place: Place,
    /// Where the list is read.
    pub reading: Option<Place>,
    /// What is lacking and who misses it.
    pub cause: Cause,
    /// The edits that add what is lacking.
    pub edits: Vec<Edit>,
}

/// What is lacking and who misses it.
#[derive(Debug)]
pub enum Cause {
    /// Names that a constant in code demands are not on the list.
    Required {
        /// The constant.
        constant: String,
        /// The names, in its order.
        names: Vec<String>,
        /// How many it demands.
        of: usize,
        /// Files that those in turn need and that are not on the list either, as the list would name them.
        needed: Vec<String>,
        /// Whether the list is empty.
        is_empty: bool,
    },
    /// An object that a constant in code demands is created by no file on the list.
    RequiredObject {
        /// The constant.
        constant: String,
        /// The table, view or column.
        object: String,
        /// The file that creates it, as the list would name it.
        creator: String,
        /// Where it does.
        created: Place,
    },
    /// A file on the list uses an object that only a file creates which is not on it.
    UsedObject {
        /// The file on the list.
        user: String,
        /// Where it uses it.
        used: Place,
        /// The table, view or column.
        object: String,
        /// The file that creates it, as the list would name it.
        creator: String,
        /// Where it does.
        created: Place,
    },
    /// An entry names no file.
    NoFile {
        /// The entry.
        name: String,
        /// The directory that the other entries name files of.
        directory: String,
        /// The nearest file there, as the list would name it.
        nearest: Option<String>,
    },
    /// Another file of the same name lists the same directory and differs.
    Copy {
        /// The other list, which has the entry that this one lacks.
        other: String,
        /// What this one lacks.
        names: Vec<String>,
    },
}

/// An object of a schema, where a file of a directory creates it.
struct Creation {
    file: FileId,
    place: Place,
}

impl Repo {
    /// The lists that are read when a system starts, with the files they name.
    pub fn boot_lists(&self) -> Vec<BootList> {
        let mut lists: Vec<BootList> = Vec::new();
        for (file, place) in self.list_readings() {
            match lists.iter_mut().find(|list| list.file == file) {
                Some(list) => list.readings.push(place),
                None => lists.extend(list::read(self, file).map(|list| BootList { readings: vec![place], ..list })),
            }
        }
        let rosters = self.rosters(Hints::LISTS);
        let constants =
            rosters.iter().flat_map(|roster| &roster.sets).filter(|set| set.role == Role::Listed && set.is_used);
        for set in constants {
            let Some((_, first)) = set.names.first() else { continue };
            let Some((_, last)) = set.names.last() else { continue };
            let entry = |(name, place): &(String, Place)| ListEntry { name: name.clone(), place: *place, file: None };
            lists.push(BootList {
                file: first.file,
                entries: set.names.iter().map(entry).collect(),
                readings: vec![set.place],
                directory: None,
                form: Form::Array(first.to(*last).span()),
            });
        }
        if lists.is_empty() {
            return lists;
        }
        let files = self.code.boot_names.get_or_init(|| Files::of(&self.tree).into());
        lists.retain_mut(|list| {
            let Some(family) = files.family(&self.tree, list.entries.iter().map(|entry| entry.name.as_str())) else {
                return list.entries.is_empty();
            };
            // Three names that happen to be names of files do not make a list of files.
            let is_list = family.is_migrations || family.files.iter().all(Option::is_some);
            for (entry, file) in list.entries.iter_mut().zip(family.files) {
                entry.file = file;
            }
            list.directory = Some(family.directory);
            is_list
        });
        lists
    }

    /// What modules say that may say such a thing.
    pub(super) fn rosters(&self, hints: Hints) -> Vec<&Roster> {
        let python = self.python.iter().map(|module| (module.file, module.hints, &module.answers));
        let node = self.node.iter().map(|module| (module.file, module.hints, &module.answers));
        let mut rosters: Vec<&Roster> = python
            .chain(node)
            .filter(|(_, has, _)| has.has(hints))
            .filter_map(|(file, _, answers)| {
                let read = || self.read_code(file, |module, _| super::roster(module.body, &self.tree, file)).flatten();
                answers.roster.get_or_init(|| read().map(Box::new)).as_deref()
            })
            .collect();
        rosters.sort_by_key(|roster| roster.file);
        rosters
    }

    /// Files that look like lists, where code and scripts read them.
    fn list_readings(&self) -> Vec<(FileId, Place)> {
        let rosters = self.rosters(Hints::LISTS).into_iter();
        let by_code = rosters.flat_map(|roster| &roster.reads).map(|read| (read.list, read.place));
        let scripts = self.scripts.iter().filter(|script| {
            use crate::script::Host;
            !matches!(script.host.outermost(), Host::Fence { .. }) && !paths::is_aside(self.tree.path(script.file))
        });
        by_code
            .chain(scripts.flat_map(|script| shell::reads(self, script)).map(|read| (read.list, read.place)))
            .collect()
    }

    /// The constant lists of names that code demands, and refuses to go on without.
    fn demands(&self) -> Vec<&NameSet> {
        let rosters = self.rosters(Hints::ROSTER);
        let refuses = |file: FileId, constant: &str| {
            rosters.iter().any(|roster| {
                roster.refuses.is_some()
                    && (roster.file == file
                        || self.tree.source(roster.file).is_ok_and(|source| source.text().contains(constant)))
            })
        };
        let sets = rosters.iter().flat_map(|roster| roster.sets.iter().map(|set| (roster.file, set)));
        sets.filter(|(file, set)| set.role == Role::Required && refuses(*file, &set.constant))
            .map(|(_, set)| set)
            .collect()
    }

    /// What lists that are read at start lack.
    pub fn boot_gaps(&self) -> Vec<Gap> {
        let mut lists = self.boot_lists();
        if lists.is_empty() {
            return Vec::new();
        }
        let files = self.code.boot_names.get_or_init(|| Files::of(&self.tree).into());
        let of_scripts: Vec<NameSet> =
            self.scripts.iter().filter(|script| shell::refuses(script)).flat_map(shell::sets).collect();
        let demands: Vec<&NameSet> =
            self.demands().into_iter().chain(of_scripts.iter().filter(|set| set.is_used)).collect();
        // An empty list says nothing of its directory; what is demanded does, if who reads the list names it too.
        for list in lists.iter_mut().filter(|list| list.entries.is_empty()) {
            list.directory = demands
                .iter()
                .filter_map(|set| files.family(&self.tree, set.names.iter().map(|(name, _)| name.as_str())))
                .find(|family| family.is_migrations && self.is_list_of(list, &family.directory))
                .map(|family| family.directory);
        }
        lists.retain(|list| list.directory.is_some());
        let mut directories: Vec<String> = lists.iter().filter_map(|list| list.directory.clone()).collect();
        directories.sort();
        directories.dedup();
        let mut gaps = Vec::new();
        for directory in directories {
            let of_directory: Vec<&BootList> =
                lists.iter().filter(|list| list.directory.as_deref() == Some(&directory)).collect();
            gaps.extend(self.copies(&of_directory));
            gaps.extend(of_directory.iter().flat_map(|list| self.entries_without_file(list, &directory)));
            let files_of_lists: Vec<FileId> = of_directory.iter().map(|list| list.file).collect();
            let found = Directory { repo: self, path: &directory, lists: &of_directory }.gaps(files, &demands);
            // The question is dear, and asked only where there is something to say.
            if !found.is_empty() && !self.applies_all(&directory, &files_of_lists) {
                gaps.extend(found);
            }
        }
        gaps
    }

    /// Whether an empty list is one of files of `directory`: it lies in it or beside it and says so by its name, or who
    /// reads it names the directory.
    fn is_list_of(&self, list: &BootList, directory: &str) -> bool {
        let path = self.tree.path(list.file);
        let last = paths::words(Tree::name(directory));
        let is_near = Tree::parent(path) == directory || Tree::parent(path) == Tree::parent(directory);
        let says = paths::words(Tree::name(path)).iter().any(|word| last.contains(word));
        let reader_names = || {
            list.readings.iter().any(|reading| {
                let source = self.tree.source(reading.file);
                source.is_ok_and(|source| {
                    source.text().contains(&format!("{}/", Tree::name(directory))) || source.text().contains(directory)
                })
            })
        };
        (is_near && says) || reader_names()
    }

    fn entries_without_file(&self, list: &BootList, directory: &str) -> Vec<Gap> {
        let missing = list.entries.iter().filter(|entry| entry.file.is_none());
        let gap = |entry: &ListEntry| {
            let styled = |file: FileId| self.as_listed(list, file);
            let names: Vec<String> = self
                .files_in(directory)
                .map(styled)
                .filter(|name| list.entries.iter().all(|entry| entry.name != *name))
                .collect();
            let nearest = crate::nearest(&entry.name, names.iter().map(String::as_str)).map(str::to_owned);
            let source = self.tree.source(list.file).ok()?;
            let now = source.text().get(entry.place.range())?;
            let edit =
                nearest.as_ref().map(|nearest| Edit { place: entry.place, text: now.replace(&entry.name, nearest) });
            Some(Gap {
                place: entry.place,
                list: self.tree.path(list.file).to_owned(),
                list_place: list.place(),
                reading: list.readings.first().copied(),
                cause: Cause::NoFile { name: entry.name.clone(), directory: directory.to_owned(), nearest },
                edits: edit.into_iter().collect(),
            })
        };
        missing.filter_map(gap).collect()
    }

    fn files_in(&self, directory: &str) -> impl Iterator<Item = FileId> {
        self.tree.below(directory).filter(move |file| {
            let path = self.tree.path(*file);
            Tree::parent(path) == directory && !undoes(path)
        })
    }

    /// The name of `file` as the list writes names: with a directory, with an extension, or without.
    fn as_listed(&self, list: &BootList, file: FileId) -> String {
        let path = self.tree.path(file);
        let name = Tree::name(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let Some((entry, known)) = list.entries.iter().find_map(|entry| Some((entry, entry.file?))) else {
            // An empty list: does who reads it put the extension on?
            let adds = |reading: &Place| {
                let source = self.tree.source(reading.file);
                let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
                source.is_ok_and(|source| {
                    let text = source.text();
                    ["}", "\"", "m", "name", "version", "migration"]
                        .iter()
                        .any(|end| text.contains(&format!("{end}.{extension}")))
                        && !text.contains(&format!("*.{extension}"))
                })
            };
            return if list.readings.iter().any(adds) { stem.to_owned() } else { name.to_owned() };
        };
        let known = Tree::name(self.tree.path(known));
        match entry.name.strip_suffix(known) {
            Some(prefix) => format!("{prefix}{name}"),
            None => match entry.name.rsplit_once('/') {
                Some((prefix, _)) => format!("{prefix}/{stem}"),
                None => stem.to_owned(),
            },
        }
    }

    /// Lists of one directory with one name that differ.
    fn copies(&self, lists: &[&BootList]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for list in lists {
            for other in lists {
                let (path, other_path) = (self.tree.path(list.file), self.tree.path(other.file));
                let is_copy =
                    list.file != other.file && Tree::name(path) == Tree::name(other_path) && list.form == Form::Lines;
                let lacking: Vec<&ListEntry> =
                    other.entries.iter().filter(|entry| entry.file.is_some_and(|file| !list.lists(file))).collect();
                let Some(first) = lacking.first().filter(|_| is_copy) else { continue };
                let names: Vec<String> = lacking.iter().map(|entry| entry.name.clone()).collect();
                gaps.push(Gap {
                    place: first.place,
                    list: path.to_owned(),
                    list_place: list.place(),
                    reading: list.readings.first().copied(),
                    edits: list.add(self, &names),
                    cause: Cause::Copy { other: other_path.to_owned(), names },
                });
            }
        }
        gaps
    }

    /// Whether anything but the files of `directory` creates `object`: other SQL, a model, a statement in code.
    fn creates_elsewhere(&self, object: &str, directory: &str) -> bool {
        let starts = [
            "create table",
            "create view",
            "create or replace",
            "if not exists",
            "tablename",
            "table(",
            "model ",
            "materialized view",
        ];
        self.tree.files().any(|file| {
            let path = self.tree.path(file);
            let is_code = [
                ".sql", ".py", ".ts", ".js", ".mjs", ".rs", ".go", ".rb", ".java", ".kt", ".prisma", ".sh", ".php",
                ".ex", ".cs",
            ];
            if Tree::parent(path) == directory
                || !is_code.iter().any(|end| path.ends_with(end))
                || paths::is_aside(path)
                || undoes(path)
            {
                return false;
            }
            self.tree.source(file).is_ok_and(|source| {
                let text = source.text();
                let mut hits = memchr::memmem::find_iter(text.as_bytes(), object.as_bytes());
                hits.any(|at| {
                    let from = (at.saturating_sub(48)..=at).find(|from| text.is_char_boundary(*from)).unwrap_or(at);
                    let before = text[from..at].to_ascii_lowercase();
                    starts.iter().any(|start| before.contains(start))
                })
            })
        })
    }
}

/// A directory of migrations and the lists that say which are applied.
struct Directory<'r> {
    repo: &'r Repo,
    path: &'r str,
    lists: &'r [&'r BootList],
}

impl Directory<'_> {
    fn gaps(&self, files: &Files, demands: &[&NameSet]) -> Vec<Gap> {
        let Some(list) = self.lists.first() else { return Vec::new() };
        let mut gaps = Vec::new();
        let mut added: FxHashSet<FileId> = FxHashSet::default();
        let creations = self.creations();
        for set in demands {
            let family = files.family(&self.repo.tree, set.names.iter().map(|(name, _)| name.as_str()));
            match family.filter(|family| family.directory == self.path) {
                Some(family) => gaps.extend(self.missing_names(list, set, &family.files, &creations, &mut added)),
                None => gaps.extend(self.missing_objects(list, set, &creations, &mut added)),
            }
        }
        gaps.extend(self.missing_uses(&creations, &mut added));
        gaps
    }

    fn is_listed(&self, file: FileId) -> bool {
        self.lists.iter().any(|list| list.lists(file))
    }

    fn gap(&self, list: &BootList, place: Place, cause: Cause, names: &[String]) -> Gap {
        Gap {
            place,
            list: self.repo.tree.path(list.file).to_owned(),
            list_place: list.place(),
            reading: list.readings.first().copied(),
            cause,
            edits: list.add(self.repo, names),
        }
    }

    /// Files that `missing` need and that no list names, with those that these need, in order.
    fn needed_by(&self, missing: &[FileId], creations: &FxHashMap<String, Vec<Creation>>) -> Vec<FileId> {
        let Some(&oldest) = missing.iter().min() else { return Vec::new() };
        let mut all = missing.to_vec();
        let mut at = 0;
        while let Some(&file) = all.get(at) {
            at += 1;
            let Some(sql) = self.sql(file) else { continue };
            for used in sql.statements.iter().flat_map(|statement| &statement.uses) {
                let is_made = |all: &[FileId]| {
                    creations
                        .get(&used.text)
                        .is_some_and(|made| made.iter().any(|creation| all.contains(&creation.file)))
                };
                let creation = self
                    .only_unlisted(&used.text, creations)
                    .filter(|creation| creation.file > oldest && !is_made(&all));
                all.extend(creation.map(|creation| creation.file));
            }
        }
        let mut needed = all.split_off(missing.len());
        needed.sort();
        needed
    }

    fn as_listed(&self, list: &BootList, files: &[FileId]) -> Vec<String> {
        files.iter().map(|file| self.repo.as_listed(list, *file)).collect()
    }

    fn missing_names(
        &self,
        list: &BootList,
        set: &NameSet,
        files: &[Option<FileId>],
        creations: &FxHashMap<String, Vec<Creation>>,
        added: &mut FxHashSet<FileId>,
    ) -> Option<Gap> {
        let missing: Vec<(&(String, Place), FileId)> = set
            .names
            .iter()
            .zip(files)
            .filter_map(|(name, file)| Some((name, (*file)?)))
            .filter(|(_, file)| !self.is_listed(*file))
            .collect();
        let ((_, place), _) = missing.first()?;
        let mut files: Vec<FileId> = missing.iter().map(|(_, file)| *file).collect();
        let needed = self.needed_by(&files, creations);
        let cause = Cause::Required {
            constant: set.constant.clone(),
            names: missing.iter().map(|((name, _), _)| name.clone()).collect(),
            of: set.names.len(),
            needed: self.as_listed(list, &needed),
            is_empty: list.entries.is_empty(),
        };
        files.extend(needed);
        added.extend(files.iter().copied());
        Some(self.gap(list, *place, cause, &self.as_listed(list, &files)))
    }

    /// `file` and what it needs, as the list would name them.
    fn with_needed(
        &self,
        list: &BootList,
        file: FileId,
        creations: &FxHashMap<String, Vec<Creation>>,
        added: &mut FxHashSet<FileId>,
    ) -> Vec<String> {
        let mut files = vec![file];
        files.extend(self.needed_by(&[file], creations));
        added.extend(files.iter().copied());
        self.as_listed(list, &files)
    }

    fn missing_objects(
        &self,
        list: &BootList,
        set: &NameSet,
        creations: &FxHashMap<String, Vec<Creation>>,
        added: &mut FxHashSet<FileId>,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (name, place) in &set.names {
            let Some(creation) = self.only_unlisted(&name.to_lowercase(), creations) else { continue };
            if !added.insert(creation.file) {
                continue;
            }
            let creator = self.repo.as_listed(list, creation.file);
            let cause = Cause::RequiredObject {
                constant: set.constant.clone(),
                object: name.clone(),
                creator,
                created: creation.place,
            };
            gaps.push(self.gap(list, *place, cause, &self.with_needed(list, creation.file, creations, added)));
        }
        gaps
    }

    /// Objects that listed files use and that only files create which are not listed.
    fn missing_uses(&self, creations: &FxHashMap<String, Vec<Creation>>, added: &mut FxHashSet<FileId>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for list in self.lists {
            for entry in &list.entries {
                let Some(sql) = entry.file.and_then(|file| self.sql(file)) else { continue };
                for used in sql.statements.iter().flat_map(|statement| &statement.uses) {
                    let Some(creation) = self.only_unlisted(&used.text, creations) else { continue };
                    if !added.insert(creation.file) {
                        continue;
                    }
                    let creator = self.repo.as_listed(list, creation.file);
                    let cause = Cause::UsedObject {
                        user: entry.name.clone(),
                        used: sql.place(used.span),
                        object: used.text.clone(),
                        creator,
                        created: creation.place,
                    };
                    gaps.push(self.gap(
                        list,
                        entry.place,
                        cause,
                        &self.with_needed(list, creation.file, creations, added),
                    ));
                }
            }
        }
        gaps
    }

    /// The one place where `object` is created, if that is in a file which no list names, and which is not so old that it
    /// was applied before there was a list: it sorts after the first entry, or there is none.
    fn only_unlisted<'c>(&self, object: &str, creations: &'c FxHashMap<String, Vec<Creation>>) -> Option<&'c Creation> {
        let creations = creations.get(object)?;
        let first = creations.first()?;
        if creations.iter().any(|creation| self.is_listed(creation.file)) {
            return None;
        }
        let oldest = self.lists.iter().flat_map(|list| &list.entries).filter_map(|entry| entry.file).min();
        let is_old = oldest.is_some_and(|oldest| creations.iter().any(|creation| creation.file < oldest));
        (!is_old && !self.repo.creates_elsewhere(object, self.path)).then_some(first)
    }

    fn sql(&self, file: FileId) -> Option<&Sql> {
        self.repo.sql.of(file)
    }

    /// What the files of the directory create: tables, views, `table.column`.
    fn creations(&self) -> FxHashMap<String, Vec<Creation>> {
        let mut creations: FxHashMap<String, Vec<Creation>> = FxHashMap::default();
        for file in self.repo.files_in(self.path) {
            let Some(sql) = self.sql(file) else { continue };
            for (_, name) in sql.leaves() {
                creations.entry(name.text.clone()).or_default().push(Creation { file, place: sql.place(name.span) });
            }
            for statement in &sql.statements {
                let Act::Alter(table, changes) = &statement.act else { continue };
                for change in changes {
                    if let Change::AddColumn(column) = change {
                        let name = format!("{}.{}", table.text, column.text);
                        creations.entry(name).or_default().push(Creation { file, place: sql.place(column.span) });
                    }
                }
            }
        }
        creations
    }
}
