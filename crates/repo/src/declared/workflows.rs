//! Workflows, jobs, actions; Alembic's revisions.

use super::{Search, start};
use crate::workflow::Uses;
use crate::{Repo, Tree};
use twiceshy_source::Place;

impl Repo {
    pub(super) fn declared_workflows(&self, search: &Search) {
        if let Some(workflow) = self.workflows.of(search.file) {
            let names = workflow.triggers.iter().flat_map(|trigger| &trigger.workflows);
            for name in names.filter(|name| search.is_at(name.place)) {
                let others = workflow.neighbours(self).map(|other| other.called(self));
                search.says(name.place, others.filter(|other| other.name == name.text).map(|other| other.place));
            }
            for job in &workflow.jobs {
                for need in job.needs.iter().filter(|need| search.is_at(need.place)) {
                    search.says(need.place, workflow.job(&need.text).map(|job| job.id.place));
                }
                let steps = job.steps.iter().filter_map(|step| step.uses.as_ref());
                for uses in job.uses.iter().chain(steps) {
                    self.declared_use(search, workflow.root(self), uses);
                }
            }
        }
        if let Some(action) = self.actions.of(search.file) {
            for uses in action.steps.iter().filter_map(|step| step.uses.as_ref()) {
                self.declared_use(search, "", uses);
            }
        }
    }

    /// `uses: ./…`: the workflow, or the action's file.
    fn declared_use(&self, search: &Search, root: &str, uses: &Uses) {
        if !search.is_at(uses.text.place) {
            return;
        }
        let Some(path) = uses.local().and_then(|path| Tree::join(root, path)) else { return };
        let files = ["", "/action.yml", "/action.yaml", "/Dockerfile"].map(|end| format!("{path}{end}"));
        search.says(uses.text.place, files.iter().find_map(|path| self.tree.resolve(path)).map(start));
    }

    pub(super) fn declared_revisions(&self, search: &Search) {
        let Some(migration) = self.migrations.of(search.file) else { return };
        let of = |revision: &str| -> Vec<Place> {
            self.migrations.iter().filter(|other| other.revision == revision).map(|other| other.place).collect()
        };
        for (revision, place) in migration.down.iter().chain(&migration.depends_on) {
            if search.is_at(*place) {
                search.says(*place, of(revision));
            }
        }
        if search.is_at(migration.place) {
            // Of a revision itself: what comes after it.
            let after = self.migrations.iter().flat_map(|other| &other.down);
            search
                .says(migration.place, after.filter(|(down, _)| *down == migration.revision).map(|(_, place)| *place));
        }
    }
}
