//! Gives a service one more variable, the way its file is written.

use crate::compose::Service;
use crate::{Edit, Repo};
use twiceshy_syntax::yaml::{self, Edits, Style};

impl Service {
    /// Edits that add variables with these values to its `environment`; none where the way it is written cannot carry
    /// that: a merged or aliased mapping, another file.
    pub fn give(&self, variables: &[(String, String)], repo: &Repo) -> Vec<Edit> {
        self.giving(variables, repo).unwrap_or_default()
    }

    fn giving(&self, variables: &[(String, String)], repo: &Repo) -> Option<Vec<Edit>> {
        let file = self.place.file;
        let source = repo.tree.source(file).ok()?;
        let text = source.text();
        let parsed = yaml::parse(text);
        let service = parsed.documents().find_map(|root| {
            let (key, service) = root.get("services")?.entry(&self.name)?;
            (key.span() == self.place.span()).then_some(service)
        })?;
        if service.via().is_some() {
            return None;
        }
        let edits = Edits::new(file, text);
        let own = service.own_entries().into_iter().find(|(key, _)| key.as_str() == Some("environment"));
        let Some((_, environment)) = own else {
            // Another file, or what is merged in, may have one that an own one would take the place of.
            if !self.environment.is_empty() {
                return None;
            }
            let lines: String = variables.iter().map(|(name, value)| format!("\n  {name}: {value}")).collect();
            return Some(vec![self.insert(&format!("environment:{lines}"), repo)?]);
        };
        if environment.via().is_some() || !(environment.is_map() || environment.is_seq()) {
            return None;
        }
        let is_flow = environment.style() == Style::Flow;
        let one = |(name, value): &(String, String)| {
            let quote = if is_flow { "\"" } else { "" };
            if environment.is_map() {
                edits.set(environment, name, &format!("{quote}{value}{quote}"))
            } else {
                edits.push(environment, &format!("{quote}{name}={value}{quote}"))
            }
        };
        // All of them are added at the same place, one after the other.
        let mut all: Option<Edit> = None;
        for edit in variables.iter().map(one) {
            match (&mut all, edit?) {
                (None, edit) => all = Some(edit),
                (Some(all), edit) if all.place == edit.place => all.text.push_str(&edit.text),
                _ => return None,
            }
        }
        Some(all.into_iter().collect())
    }

    /// An edit that takes the variable `name` out of its `environment`; `None` where it is the only one or not written in
    /// lines of their own.
    pub fn take(&self, name: &str, repo: &Repo) -> Option<Edit> {
        let variable = self.environment.iter().find(|variable| variable.name == name)?;
        let file = variable.place.file;
        let source = repo.tree.source(file).ok()?;
        let text = source.text();
        let parsed = yaml::parse(text);
        if self.environment.len() < 2 {
            return None;
        }
        let within = |span: twiceshy_source::Span| span.start <= variable.place.start && variable.place.end <= span.end;
        let environment = parsed.documents().find_map(|root| {
            let services = root.get("services")?.own_entries();
            let own = services.into_iter().filter_map(|(_, service)| service.get("environment"));
            own.into_iter().find(|environment| environment.via().is_none() && within(environment.span()))
        })?;
        let edits = Edits::new(file, text);
        if environment.is_map() {
            edits.remove(environment, name)
        } else {
            let at = environment.items().iter().position(|item| within(item.span()))?;
            edits.remove_item(environment, at)
        }
    }
}
