//! The systems of the workspace: when each is looked at, and what the client is told of it.

use super::{Ours, Server, Stage, WATCHES_WITHIN};
use crate::check::{First, Outcome};
use crate::publish::{ByFile, Open};
use crate::root::Root;
use crate::system::{Progress, System};
use crate::uri;
use gen_lsp_types as lsp;
use lsp_server::Notification;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;
use twiceshy_source::Buffer;

impl Server {
    pub(super) fn add_folder(&mut self, folder: &lsp::Uri) {
        match uri::path(folder) {
            Some(path) => self.add(Root::folder(path), true),
            None => self.log(lsp::MessageType::Info, &format!("{}: not a directory of this machine", folder.0)),
        }
    }

    pub(super) fn add(&mut self, root: Root, is_folder: bool) {
        if let Some(known) = self.systems.iter_mut().find(|system| *system.root == root) {
            known.is_folder |= is_folder;
            return;
        }
        self.next_system += 1;
        self.systems.push(System::new(self.next_system, root, is_folder));
    }

    pub(super) fn remove(&mut self, id: u32) {
        let Some(at) = self.systems.iter().position(|system| system.id == id) else { return };
        let removed = self.systems.remove(at);
        removed.stop();
        for inside in removed.published.keys() {
            self.publish(&removed.root.directory.join(inside));
        }
        if removed.progress == Progress::Begun {
            self.say_progress(id, &json!({"kind": "end"}));
        }
    }

    pub(super) fn folders_changed(&mut self, params: lsp::DidChangeWorkspaceFoldersParams) {
        for folder in params.event.removed {
            let Some(path) = uri::path(&folder.uri) else { continue };
            let known = self.systems.iter().find(|system| system.is_folder && system.root.directory == path);
            if let Some(id) = known.map(|system| system.id) {
                self.remove(id);
            }
        }
        for folder in params.event.added {
            self.add_folder(&folder.uri);
        }
        // Documents that are open and lost their folder.
        let lost: Vec<PathBuf> = self.documents.keys().cloned().collect();
        for path in lost {
            if !self.systems.iter().any(|system| system.root.inside(&path).is_some()) {
                self.add(Root::around(&path), false);
            }
        }
    }

    /// Whether nobody tells what happens on the disk of a system, or what has happened before somebody did is not known yet.
    pub(super) fn polls(&self, system: &System) -> bool {
        let watches = self.told.filter(|_| system.is_folder).map(|told| told.max(system.added) + WATCHES_WITHIN);
        !watches.is_some_and(|watches| system.has_looked_since(watches)) && !system.is_working()
    }

    pub(super) fn poll(&mut self) {
        let now = Instant::now();
        let due: Vec<u32> =
            self.systems.iter().filter(|it| self.polls(it) && it.looks_next() <= now).map(|it| it.id).collect();
        for system in self.systems.iter_mut().filter(|system| due.contains(&system.id)) {
            system.look_again();
        }
    }

    /// The open files of a system.
    pub(super) fn open(&self, root: &Root) -> BTreeMap<String, Open> {
        let open = self.documents.iter().filter_map(|(path, held)| {
            let open = Open { uri: held.uri.clone(), version: held.document.version };
            Some((root.inside(path)?, open))
        });
        open.collect()
    }

    /// Gives the worker something to do, if it has nothing.
    pub(super) fn dispatch(&mut self) {
        if self.stage != Stage::Open || self.systems.iter().any(System::is_working) {
            return;
        }
        for at in 0..self.systems.len() {
            if !self.systems[at].has_work() {
                continue;
            }
            let root = self.systems[at].root.clone();
            let open = self.open(&root);
            let buffers =
                self.documents.iter_mut().filter_map(|(path, held)| Some((root.inside(path)?, held.buffer())));
            let buffers: BTreeMap<String, Buffer> = buffers.collect();
            let job = self.systems[at].job(&self.client, open, buffers);
            if self.systems[at].progress == Progress::Unsaid {
                self.systems[at].progress = if self.client.shows_progress { Progress::Asked } else { Progress::Over };
                if self.client.shows_progress {
                    let id = self.systems[at].id;
                    self.ask("window/workDoneProgress/create", json!({"token": token(id)}), Ours::Progress(id));
                }
            }
            if self.jobs.send(job).is_err() {
                self.log(lsp::MessageType::Error, "the worker has gone; please report it");
            }
            // The next one who has something to do comes first the next time.
            self.systems.rotate_left(at + 1);
            return;
        }
    }

    /// All is known about the file in which somebody types.
    pub(super) fn first(&mut self, first: First) {
        let Some(system) = self.systems.iter_mut().find(|system| system.id == first.system) else { return };
        if first.generation != system.generation() {
            return;
        }
        let path = system.root.directory.join(&first.path);
        if system.knows_first(first) {
            self.publish(&path);
        }
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        let id = outcome.system();
        let Some(system) = self.systems.iter_mut().find(|system| system.id == id) else { return };
        let mut changed = BTreeSet::new();
        match outcome {
            Outcome::Same { generation, look, .. } => {
                system.read(look, None);
                system.same(generation);
            }
            Outcome::Failed { why, .. } => {
                let what = format!("{}: {why}", system.root.directory.display());
                system.failed();
                self.log(lsp::MessageType::Error, &what);
                return;
            }
            Outcome::Read { look, repo, snapshot, .. } => {
                if let Some(past) = system.read(look, Some(repo)) {
                    let _ = self.past.send(past);
                }
                let Some(snapshot) = snapshot.filter(|snapshot| snapshot.generation == system.generation()) else {
                    return;
                };
                let published = std::mem::replace(&mut system.published, snapshot.files.clone());
                // Who asks for findings may not have asked for what was known first.
                let before = match &system.snapshot {
                    Some(snapshot) if self.client.pulls => &snapshot.files,
                    _ => &published,
                };
                changed.extend(different(before, &snapshot.files).map(|path| system.root.directory.join(path)));
                let failures: Vec<String> = snapshot
                    .report
                    .failures
                    .iter()
                    .map(|(lint, why)| format!("{lint} stopped: {why}; please report it"))
                    .collect();
                let ended = system.progress == Progress::Begun;
                system.progress = Progress::Over;
                let count = snapshot.report.diagnostics.len();
                if let Some(past) = system.snapshot.replace(snapshot) {
                    let _ = self.past.send(past);
                }
                for failure in failures {
                    self.log(lsp::MessageType::Error, &failure);
                }
                if ended {
                    self.say_progress(id, &json!({"kind": "end", "message": format!("{count} findings")}));
                }
            }
        }
        if self.client.pulls {
            if !changed.is_empty() && self.client.refreshes {
                self.ask("workspace/diagnostic/refresh", Value::Null, Ours::Refresh);
            }
        } else {
            changed.iter().for_each(|path| self.publish(path));
        }
    }

    /// What is known about a file, in whatever system it is.
    pub(super) fn found(&self, path: &Path) -> Vec<lsp::Diagnostic> {
        let mut found: Vec<lsp::Diagnostic> = Vec::new();
        for system in &self.systems {
            let of_file = system.root.inside(path).and_then(|inside| system.published.get(&inside));
            for diagnostic in of_file.into_iter().flat_map(|of_file| of_file.iter()) {
                if !found.contains(diagnostic) {
                    found.push(diagnostic.clone());
                }
            }
        }
        found
    }

    /// Every file with findings, by its URI.
    pub(super) fn all_files(&self) -> BTreeMap<String, (Option<i32>, Vec<lsp::Diagnostic>)> {
        let paths = self
            .systems
            .iter()
            .flat_map(|system| system.published.keys().map(|inside| system.root.directory.join(inside)));
        let paths: BTreeSet<PathBuf> = paths.collect();
        paths.into_iter().map(|path| (self.name(&path).0, (self.version(&path), self.found(&path)))).collect()
    }

    fn name(&self, path: &Path) -> lsp::Uri {
        self.documents.get(path).map_or_else(|| uri::of(path), |held| held.uri.clone())
    }

    fn version(&self, path: &Path) -> Option<i32> {
        self.documents.get(path).map(|held| held.document.version)
    }

    pub(super) fn publish(&self, path: &Path) {
        if !self.client.pulls {
            let params = lsp::PublishDiagnosticsParams::new(self.name(path), self.version(path), self.found(path));
            self.notify::<lsp::PublishDiagnosticsNotification>(&params);
        }
    }

    pub(super) fn progress(&self, system: u32, text: &str) {
        if self.systems.iter().any(|it| it.id == system && it.progress == Progress::Begun) {
            self.say_progress(system, &json!({"kind": "report", "message": text}));
        }
    }

    pub(super) fn say_progress(&self, system: u32, value: &Value) {
        let params = json!({"token": token(system), "value": value});
        self.send(Notification { method: "$/progress".into(), params });
    }
}

fn token(system: u32) -> String {
    format!("twiceshy/check/{system}")
}

/// The files whose findings differ.
fn different<'a>(before: &'a ByFile, after: &'a ByFile) -> impl Iterator<Item = &'a String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path))
}
