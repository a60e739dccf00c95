//! Quadlets: units from which systemd starts Podman's containers.

use crate::{Edit, FileId, Place, Repo, Span, Tree};
use rustc_hash::FxHashMap;

/// A quadlet of a container that does not come back.
#[derive(Clone, Debug)]
pub struct Quadlet {
    /// Its `[Container]` line.
    pub place: Place,
    /// Its name, without the extension.
    pub name: String,
    /// When it stays down.
    pub stays_down: StaysDown,
    /// An edit that adds what is missing.
    pub edit: Edit,
}

/// When a container stays down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaysDown {
    /// After it has ended: no `Restart=`, and systemd's default is `no`.
    AfterItsEnd,
    /// After a reboot: nothing wants it at boot.
    AfterReboot,
}

impl Repo {
    /// The containers of quadlets that nothing brings back: after their end, or after a reboot. What a timer starts, what
    /// runs once, and what another unit wants is not among them.
    pub fn lost_quadlets(&self) -> Vec<Quadlet> {
        let mut found = Vec::new();
        if !self.tree.files().any(|file| self.tree.path(file).ends_with(".container")) {
            return found;
        }
        let named = self.units_named();
        for file in self.tree.files() {
            let path = self.tree.path(file);
            let Some(stem) = path.strip_suffix(".container") else { continue };
            let Ok(source) = self.tree.source(file) else { continue };
            let text = source.text();
            let is_wanted_by_other = |kind: &str| self.tree.file(&format!("{stem}{kind}")).is_some();
            if is_wanted_by_other(".timer") || stem.ends_with('@') || self.tree.has_dir(&format!("{path}.d")) {
                continue;
            }
            let mut section = "";
            let (mut start, mut restarts, mut is_wanted, mut is_once) = (None, false, false, false);
            for number in 0..source.line_count() {
                let line = source.line(number).trim();
                if line.starts_with('[') {
                    section = line;
                    if line == "[Container]" {
                        start = Some(source.line_span(number));
                    }
                }
                let Some((key, value)) = line.split_once('=') else { continue };
                match (section, key.trim()) {
                    ("[Service]", "Restart") => restarts = true,
                    ("[Service]", "Type") => is_once |= value.trim() == "oneshot",
                    ("[Install]", "WantedBy" | "RequiredBy" | "UpheldBy") | ("[Container]", "Pod") => is_wanted = true,
                    _ => {}
                }
            }
            let (Some(line), false) = (start, is_once) else { continue };
            let name = Tree::name(stem).to_owned();
            is_wanted |= named.get(&format!("{name}.service")).is_some_and(|by| by.iter().any(|other| *other != file));
            let end = Place::new(file, Span::new(text.len(), text.len()));
            let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
            let place = Place::new(file, Span { start: line.start, end: line.start + "[Container]".len() as u32 });
            let mut lost = |stays_down, added: &str| {
                let edit = Edit { place: end, text: format!("{gap}{added}\n") };
                found.push(Quadlet { place, name: name.clone(), stays_down, edit });
            };
            if !restarts {
                lost(StaysDown::AfterItsEnd, "[Service]\nRestart=always");
            }
            if !is_wanted {
                lost(StaysDown::AfterReboot, "[Install]\nWantedBy=default.target");
            }
        }
        found
    }

    /// The services that units name, and the files that do.
    fn units_named(&self) -> FxHashMap<String, Vec<FileId>> {
        let mut named: FxHashMap<String, Vec<FileId>> = FxHashMap::default();
        for file in self.tree.files().filter(|file| is_unit(self.tree.path(*file))) {
            let Ok(source) = self.tree.source(file) else { continue };
            let words = source.text().split(|c: char| c.is_whitespace() || c == '=');
            for word in words.filter(|word| word.ends_with(".service")) {
                named.entry(word.to_owned()).or_default().push(file);
            }
        }
        named
    }
}

fn is_unit(path: &str) -> bool {
    [".container", ".service", ".target", ".pod", ".kube"].iter().any(|kind| path.ends_with(kind))
}
