//! Files: what a `COPY` takes, what a command names.

use super::{Search, start};
use crate::boot::paths;
use crate::dockerfile::{Command, StepKind};
use crate::{Repo, Tree};
use twiceshy_source::{Extract, FileId, Span};

/// How many files of a directory are worth being shown.
const MOST: usize = 20;

impl Repo {
    pub(super) fn declared_files(&self, search: &Search) {
        self.taken_by_copy(search);
        self.named_in_words(search);
        for script in self.scripts.iter().filter(|script| script.file == search.file) {
            for command in script.commands() {
                for word in command.words() {
                    let place = script.place(word.span);
                    if search.is_at(place) {
                        let pattern = script.value(word).pattern();
                        // Of `$HERE/db/list.txt`, `db/list.txt`.
                        let tail = pattern.rsplit('*').next().unwrap_or_default();
                        let tail = if tail.len() < pattern.len() { tail.trim_start_matches('/') } else { tail };
                        search.says(place, self.path_named(search.file, "", tail).map(start));
                    }
                }
            }
        }
    }

    /// What `COPY` and `ADD` take from each context that the Dockerfile is built with.
    fn taken_by_copy(&self, search: &Search) {
        let Some(dockerfile) = self.dockerfiles.of(search.file) else { return };
        let copies = dockerfile.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| match &step.kind {
            StepKind::Copy(copy) => Some(copy),
            _ => None,
        });
        let sources = copies.flat_map(|copy| copy.context_sources().collect::<Vec<_>>());
        for (source, path) in sources.filter(|(source, _)| search.is_at(source.place)) {
            let contexts = self.build_contexts();
            for build in contexts.iter().filter(|build| build.dockerfile.file == search.file) {
                let Some(at) = Tree::join(&build.dir, &path).and_then(|at| self.tree.follow(&at)) else { continue };
                let files: Vec<FileId> = match self.tree.file(&at) {
                    Some(file) => vec![file],
                    None if path.is_empty() => Vec::new(),
                    None => self.tree.below(&at).take(MOST).collect(),
                };
                search.says(source.place, files.into_iter().map(start));
            }
        }
    }

    /// Commands that no shell reads: of services, and `CMD` and `ENTRYPOINT` of Dockerfiles.
    fn named_in_words(&self, search: &Search) {
        let mut words: Vec<(String, Extract)> = Vec::new();
        for service in self.projects.iter().filter(|it| it.has_file(search.file)).flat_map(|it| &it.services) {
            let context = service.build.as_ref().and_then(|build| build.context_path.clone()).unwrap_or_default();
            words.extend(service.argv().map(|word| (context.clone(), word.clone())));
        }
        if let Some(dockerfile) = self.dockerfiles.of(search.file) {
            for step in dockerfile.stages.iter().flat_map(|stage| &stage.steps) {
                if let StepKind::Cmd(Command::Exec(all)) | StepKind::Entrypoint(Command::Exec(all)) = &step.kind {
                    words.extend(all.iter().map(|word| (String::new(), word.clone())));
                }
            }
        }
        for (from, word) in words {
            let place = word.place(Span::new(0, word.text().len()));
            if search.is_at(place) {
                search.says(place, self.path_named(search.file, &from, word.text()).map(start));
            }
        }
    }

    /// The file that is meant by `path`, written in `file`.
    fn path_named(&self, file: FileId, from: &str, path: &str) -> Option<FileId> {
        let looks_like_one = path.contains('/') || path.contains('.');
        let own = Tree::parent(self.tree.path(file));
        let directories = [from, own].into_iter().filter(|_| looks_like_one);
        directories.into_iter().find_map(|directory| paths::file(&self.tree, directory, path)).filter(|it| *it != file)
    }
}
