//! What `--delete` removes: what the sender lists, held against what the receiver has.

use super::command::{Command, When};
use super::filter::{Filter, clean, is_clean, join};
use super::rule::Refusal;
use super::source::Given;
use super::tree::{Kind, Tree};
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A tree, and the absolute path at which it lies.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    /// The absolute path of the tree's root.
    pub root: &'a str,
    /// The absolute path that commands' paths are relative to.
    pub path: &'a str,
    /// What lies there.
    pub tree: &'a Tree,
}

/// What a command removes from its destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The paths that are gone afterwards, relative to the destination, a directory before what it held.
    pub gone: Vec<String>,
}

/// A name that the sender has sent.
#[derive(Clone, Copy, Debug)]
struct Listed {
    is_directory: bool,
    /// Whether all that it holds was sent, too, so that what the receiver has more is removed.
    with_content: bool,
}

/// How deep a tree is looked through.
const MAX_DEPTH: usize = 120;

impl Disk<'_> {
    /// Where `path` stands in the tree; `None` outside of it.
    fn within(&self, path: &str) -> Option<String> {
        let path = if is_clean(path) { Cow::Borrowed(path) } else { Cow::Owned(clean(&join(self.path, path))) };
        let root = if is_clean(self.root) { Cow::Borrowed(self.root) } else { Cow::Owned(clean(self.root)) };
        let inside = if root == "/" { path.strip_prefix('/') } else { path.strip_prefix(&*root) };
        inside
            .filter(|rest| root == "/" || rest.is_empty() || rest.starts_with('/'))
            .map(|rest| rest.trim_start_matches('/').to_owned())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        self.tree.kind(&self.within(path)?)
    }

    fn text(&self, path: &str) -> Option<Rc<str>> {
        self.tree.text(&self.within(path)?)
    }
}

impl Command {
    /// What the command removes below its destination, where all its sources lie on `sender`.
    ///
    /// # Errors
    ///
    /// Where rsync would refuse to run, or a file of rules is not there.
    pub fn removal(&self, sender: Disk<'_>, receiver: Disk<'_>) -> Result<Removal, Refusal> {
        let mut removal = Removal::default();
        if let Some(mut run) = Run::of(self, sender, receiver)? {
            run.list()?;
            run.remove(&mut removal)?;
        }
        removal.gone.sort();
        removal.gone.dedup();
        Ok(removal)
    }
}

struct Run<'a> {
    command: &'a Command,
    sender: Disk<'a>,
    receiver: Disk<'a>,
    /// The destination's absolute path.
    destination: String,
    names: BTreeMap<String, Listed>,
}

impl<'a> Run<'a> {
    /// `None` where nothing can be removed.
    fn of(command: &'a Command, sender: Disk<'a>, receiver: Disk<'a>) -> Result<Option<Self>, Refusal> {
        let Some(destination) = &command.destination else { return Ok(None) };
        command.check()?;
        command.rules(&|path| sender.text(&join(sender.path, path)))?;
        if command.when == When::Never || command.is_dry || command.most_removals == Some(0) {
            return Ok(None);
        }
        let destination = clean(&join(receiver.path, &destination.path));
        if receiver.kind(&destination) != Some(Kind::Directory) {
            return Ok(None);
        }
        Ok(Some(Self { command, sender, receiver, destination, names: BTreeMap::new() }))
    }

    fn filter(&self, receiver: bool, directory: &str) -> Result<Filter, Refusal> {
        // The client reads files of rules that are not of a directory; both sides get what they say.
        let written = self.command.rules(&|path| self.sender.text(&join(self.sender.path, path)))?;
        Filter::new(&written, receiver, self.command.deletes_excluded, directory)
    }

    /// What the sender sends.
    fn list(&mut self) -> Result<(), Refusal> {
        let command = self.command;
        let mut first: Option<Filter> = None;
        for (source, given) in self.given()? {
            let directory = clean(&join(self.sender.path, &given.directory));
            if self.sender.kind(&directory) != Some(Kind::Directory) {
                // What cannot be read might be there: rsync removes nothing then.
                return Err(Refusal::File(source));
            }
            // Files of rules above the transfer are read once, for the first source.
            let filter = match &first {
                Some(filter) => filter.clone().relative_to(&directory),
                None => self.filter(false, &directory)?,
            };
            self.send(&given, &filter)?;
            first.get_or_insert(filter);
        }
        if command.prunes_empty {
            self.prune()?;
        }
        Ok(())
    }

    fn send(&mut self, given: &Given, filter: &Filter) -> Result<(), Refusal> {
        let command = self.command;
        let path = join(&filter.directory, given.name.trim_start_matches('/'));
        let path = if given.name.starts_with('/') { clean(&given.name) } else { clean(&path) };
        let Some(kind) = self.sender.kind(&path) else { return Ok(()) };
        let is_directory = kind == Kind::Directory;
        if !given.is_dot && filter.excludes(&given.name, is_directory, false) {
            return Ok(());
        }
        if is_directory && !command.recurses && !command.lists_directories {
            return Ok(());
        }
        let listed = given.name.trim_start_matches('/');
        if command.is_relative {
            let mut above = String::new();
            let parents = listed.rsplit_once('/').map_or("", |(parents, _)| parents);
            for part in parents.split('/').filter(|part| !part.is_empty()) {
                if !above.is_empty() {
                    above.push('/');
                }
                above.push_str(part);
                self.add(&above, true, false);
            }
        }
        let enters = command.recurses || (command.lists_directories && given.with_content);
        self.add(listed, is_directory, is_directory && enters);
        if is_directory && enters {
            let read = |path: &str| self.sender.text(path);
            let mut inner = filter.clone();
            if command.is_relative && !given.is_dot {
                // The directories above are gone through, too.
                for (at, _) in given.name.match_indices('/').filter(|(at, _)| *at > 0) {
                    inner = inner.enter(&clean(&join(&filter.directory, &given.name[..at])), &read)?;
                }
            }
            inner = inner.enter(&path, &read)?;
            self.send_content(&given.name, &path, &inner, command.recurses, 0)?;
        }
        Ok(())
    }

    fn send_content(
        &mut self,
        name: &str,
        path: &str,
        filter: &Filter,
        recurses: bool,
        depth: usize,
    ) -> Result<(), Refusal> {
        let sender = self.sender;
        let Some(within) = sender.within(path).filter(|_| depth < MAX_DEPTH) else { return Ok(()) };
        for (child, kind) in sender.tree.children(&within) {
            let is_directory = kind == Kind::Directory;
            let child_name =
                if name == "." { child.to_owned() } else { format!("{}/{child}", name.trim_end_matches('/')) };
            if filter.excludes(&child_name, is_directory, false) {
                continue;
            }
            self.add(child_name.trim_start_matches('/'), is_directory, is_directory && recurses);
            if is_directory && recurses {
                let path = format!("{}/{child}", path.trim_end_matches('/'));
                let inner = filter.enter(&path, &|path| sender.text(path))?;
                self.send_content(&child_name, &path, &inner, recurses, depth + 1)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, is_directory: bool, with_content: bool) {
        let listed = self.names.entry(name.to_owned()).or_insert(Listed { is_directory, with_content });
        // Of a directory and a file of one name, the directory is kept: it may hold what was sent.
        listed.is_directory |= is_directory;
        listed.with_content |= with_content;
    }

    /// Leaves out directories that hold nothing that is sent, but for those that the receiver protects.
    fn prune(&mut self) -> Result<(), Refusal> {
        let filter = self.filter(true, &self.destination)?;
        let mut kept: FxHashSet<String> = FxHashSet::default();
        // What a directory holds comes after it.
        for (name, listed) in self.names.iter().rev() {
            if kept.contains(name) || !listed.is_directory || name == "." || filter.excludes(name, true, false) {
                let parents = name.match_indices('/').map(|(at, _)| name[..at].to_owned());
                kept.extend(parents);
                kept.insert(name.clone());
            }
        }
        self.names.retain(|name, _| kept.contains(name));
        Ok(())
    }

    /// Goes through the directories that were sent with all they hold, and removes what was not sent.
    fn remove(&self, removal: &mut Removal) -> Result<(), Refusal> {
        let base = self.filter(true, &self.destination)?;
        let mut filters: BTreeMap<&str, Filter> = BTreeMap::new();
        let merges_after = self.command.when == When::After;
        let read = |path: &str| self.text_at(path, merges_after);
        // With `--delete-after`, files have taken the places of directories by then.
        if self.command.when == When::After {
            self.make_room(&base, &filters, removal)?;
        }
        // The root comes first, whatever names sort before its dot.
        let root = self.names.iter().filter(|(name, _)| *name == ".");
        for (name, listed) in root.chain(self.names.iter().filter(|(name, _)| *name != ".")) {
            if !listed.is_directory {
                continue;
            }
            let inside = self.at(name);
            let exists = self.receiver.kind(&inside) == Some(Kind::Directory);
            if !exists && self.command.when == When::Before {
                continue;
            }
            let above = self.above(name, &filters).unwrap_or(&base);
            let filter = above.enter(&inside, &read)?;
            if listed.with_content && exists {
                let Some(within) = self.receiver.within(&inside) else { continue };
                for (child, kind) in self.receiver.tree.children(&within) {
                    let child_name = if name == "." { child.to_owned() } else { format!("{name}/{child}") };
                    let is_directory = kind == Kind::Directory;
                    if self.names.contains_key(&child_name) || filter.excludes(&child_name, is_directory, false) {
                        continue;
                    }
                    let delayed = if self.command.when == When::Delayed { &base } else { &filter };
                    self.remove_one(&child_name, kind, delayed, removal, 0)?;
                }
            }
            filters.insert(name, filter);
        }
        if self.command.when != When::After {
            self.make_room(&base, &filters, removal)?;
        }
        Ok(())
    }

    /// Where a file is sent and the receiver has a directory, that is emptied first.
    fn make_room(&self, base: &Filter, filters: &BTreeMap<&str, Filter>, removal: &mut Removal) -> Result<(), Refusal> {
        if self.command.leaves_existing {
            return Ok(());
        }
        for (name, _) in self.names.iter().filter(|(_, listed)| !listed.is_directory) {
            let inside = self.at(name);
            if self.receiver.kind(&inside) != Some(Kind::Directory) || self.is_skipped_link(name) {
                continue;
            }
            let above = match self.command.when {
                When::During | When::Delayed => self.above(name, filters).unwrap_or(base),
                _ => base,
            };
            self.empty(name, above, removal, 0)?;
        }
        Ok(())
    }

    /// Whether what was sent is a link, and links are left out.
    fn is_skipped_link(&self, name: &str) -> bool {
        let is_link = |given: Given| self.sender.kind(&join(&join(self.sender.path, &given.directory), name));
        !self.command.copies_links
            && !self.command.keeps_links
            && self.given().unwrap_or_default().into_iter().any(|(_, given)| is_link(given) == Some(Kind::Link))
    }

    /// The sources as they were given: in the command line, or one in each line of a file.
    fn given(&self) -> Result<Vec<(String, Given)>, Refusal> {
        let is_relative = self.command.is_relative;
        let mut sources = self.command.sources.iter().map(|source| source.path.as_str());
        let Some(file) = &self.command.files_from else {
            return Ok(sources.filter_map(|path| Some((path.to_owned(), Given::of(path, is_relative)?))).collect());
        };
        let text = self.sender.text(&join(self.sender.path, file)).ok_or_else(|| Refusal::File(file.clone()))?;
        let base = sources.next_back().unwrap_or_default().trim_end_matches('/').to_owned();
        let of = |line: &str| {
            // No name leads out of the source.
            let cleaned = clean(line);
            let ends = if line.ends_with('/') && cleaned != "/" { "/" } else { "" };
            let mut given = Given::of(&format!("{}{ends}", &cleaned[1..]), is_relative)?;
            given.directory = if given.directory.is_empty() { base.clone() } else { join(&base, &given.directory) };
            Some((line.to_owned(), given))
        };
        let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
        Ok(lines.filter_map(of).collect())
    }

    /// The rules in the nearest directory above `name` that was sent.
    fn above<'f>(&self, name: &str, filters: &'f BTreeMap<&str, Filter>) -> Option<&'f Filter> {
        if name == "." {
            return None;
        }
        let mut above = name;
        while let Some((next, _)) = above.rsplit_once('/') {
            above = next;
            if let Some(filter) = filters.get(above) {
                return Some(filter);
            }
        }
        filters.get(".")
    }

    /// Removes one thing; whether it is gone.
    fn remove_one(
        &self,
        name: &str,
        kind: Kind,
        filter: &Filter,
        removal: &mut Removal,
        depth: usize,
    ) -> Result<bool, Refusal> {
        let is_gone = kind != Kind::Directory || self.empty(name, filter, removal, depth)?;
        if is_gone {
            removal.gone.push(name.to_owned());
        }
        Ok(is_gone)
    }

    /// Removes what a directory holds that is not in the transfer; whether nothing is left in it.
    fn empty(&self, name: &str, above: &Filter, removal: &mut Removal, depth: usize) -> Result<bool, Refusal> {
        let inside = self.at(name);
        let Some(within) = self.receiver.within(&inside).filter(|_| depth < MAX_DEPTH) else { return Ok(false) };
        let merges_after = self.command.when == When::After;
        let filter = above.enter(&inside, &|path| self.text_at(path, merges_after))?;
        let mut is_empty = true;
        for (child, kind) in self.receiver.tree.children(&within) {
            let child_name = format!("{name}/{child}");
            if filter.excludes(&child_name, kind == Kind::Directory, true) {
                is_empty = false;
                continue;
            }
            is_empty &= self.remove_one(&child_name, kind, &filter, removal, depth + 1)?;
            // With `--backup` what is removed gets another name and stays where it is.
            if self.command.backs_up_in_place && kind != Kind::Directory && !child.ends_with('~') {
                is_empty = false;
            }
        }
        Ok(is_empty)
    }

    /// The text of a file of rules at the receiver; `sent`: as it is once the sender's files have come.
    fn text_at(&self, path: &str, sent: bool) -> Option<Rc<str>> {
        let here = self.receiver.kind(path).is_some();
        let is_taken = if here { !self.command.leaves_existing } else { !self.command.only_existing };
        if sent
            && is_taken
            && let Some(name) = path.strip_prefix(&self.destination)
        {
            let name = name.trim_start_matches('/');
            if self.names.get(name).is_some_and(|listed| !listed.is_directory) {
                let text = |given: Given| self.sender.text(&join(&join(self.sender.path, &given.directory), name));
                if let Some(text) = self.given().unwrap_or_default().into_iter().find_map(|(_, given)| text(given)) {
                    return Some(text);
                }
            }
        }
        self.receiver.text(path)
    }

    fn at(&self, name: &str) -> String {
        let path = join(&self.destination, name);
        if is_clean(&path) { path } else { clean(&path) }
    }
}
