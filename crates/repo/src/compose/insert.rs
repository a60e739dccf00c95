//! Edits that add to a service.

use super::service::Service;
use super::text::Text;
use crate::Repo;
use twiceshy_source::{Edit, Place};

impl Service {
    /// An edit that adds `items` to its list `key`, or that begins such a list before its key `beside`. `None` where
    /// neither is written in a form that can be added to.
    pub fn list_edit(&self, key: &str, items: &[&str], beside: &str, repo: &Repo) -> Option<Edit> {
        if items.is_empty() {
            return None;
        }
        let list = self.value(&[key]);
        let last: Option<&Text> = list.and_then(|list| list.items().last()?.as_text());
        if let Some(last) = last {
            let prefix = before(last.place(), repo)?;
            let dash = prefix.trim_start().strip_prefix('-').is_some_and(|rest| rest.trim().is_empty());
            let end = Place { start: last.place().end, ..last.place() };
            let text: String =
                items.iter().map(|item| if dash { format!("\n{prefix}{item}") } else { format!(", {item}") }).collect();
            return Some(Edit { place: end, text });
        }
        if list.is_some() {
            return None;
        }
        let place = self.key(beside)?;
        let indent = before(place, repo).filter(|prefix| prefix.trim().is_empty())?;
        let start = Place { end: place.start, ..place };
        Some(Edit { place: start, text: format!("{key}: [{}]\n{indent}", items.join(", ")) })
    }
}

/// What stands on the line before a place.
fn before(place: Place, repo: &Repo) -> Option<String> {
    let source = repo.tree.source(place.file).ok()?;
    let line = source.line_span(source.line_of(place.start));
    source.text().get(line.start as usize..place.start as usize).map(str::to_owned)
}
