//! Profiles: which of them anything in the repository enables, and who needs a service that none of them starts.

use crate::compose::Text;
use crate::script::NodeKind;
use crate::{Env, FileId, Kind, Place, Project, Repo, Router, Service, Tree};
use rustc_hash::{FxHashMap, FxHashSet};

/// The profiles that something in the repository enables: an env file, a command, a workflow, a page.
#[derive(Debug, Default)]
pub struct EnabledProfiles {
    /// Each with the place that enables it.
    pub profiles: Vec<(String, Place)>,
    /// Whether there are values that are not known, or a choice among several: any profile may be enabled.
    pub is_open: bool,
    /// Services that a command names, which starts them whatever their profiles.
    pub named: FxHashSet<String>,
    /// The first place that says which profiles are enabled.
    pub place: Option<Place>,
}

/// A service that has profiles none of which anything enables, and that others need.
#[derive(Debug)]
pub struct Unstarted<'r> {
    /// The service.
    pub service: &'r Service,
    /// Its profiles.
    pub profiles: &'r [Text],
    /// Who needs it.
    pub needs: Vec<Needed<'r>>,
    /// Where the repository says which profiles are enabled, if it does.
    pub enabled: Option<Place>,
}

/// Who needs a service that is not started.
#[derive(Debug)]
pub struct Needed<'r> {
    /// How.
    pub kind: NeededBy<'r>,
    /// Where that is said.
    pub place: Place,
}

/// How a service is needed.
#[derive(Debug)]
pub enum NeededBy<'r> {
    /// Another service waits for it, is linked to it or shares something of it: Compose refuses the project. `always` when
    /// that service has no profile, or one that is enabled.
    Service {
        /// The key: `depends_on`.
        key: &'static str,
        /// The service.
        by: &'r Service,
        /// Whether it is started.
        always: bool,
    },
    /// A public hostname leads to it.
    Hostname(String),
    /// A service that is started is told to call it.
    Call(&'r Service),
}

impl EnabledProfiles {
    fn has(&self, service: &Service) -> bool {
        service.profiles.is_empty()
            || service.profiles.iter().any(|own| {
                own.value().is_none_or(|own| self.profiles.iter().any(|(name, _)| name == own || name == "*"))
            })
    }

    fn add(&mut self, list: &str, place: Place) {
        self.place = self.place.or(Some(place));
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            self.profiles.push((name.to_owned(), place));
        }
    }
}

impl Repo {
    /// Services whose profiles nothing enables and that others need.
    pub fn unstarted_services(&self) -> Vec<Unstarted<'_>> {
        let profiled = |service: &&Service| !service.profiles.is_empty();
        let mut services = self.projects.iter().flat_map(|project| &project.services);
        if !services.any(|service| profiled(&service)) {
            return Vec::new();
        }
        let enabled = self.enabled_profiles();
        let mut found: Vec<Unstarted<'_>> = Vec::new();
        if enabled.is_open {
            return found;
        }
        let mut spoken: FxHashMap<String, bool> = FxHashMap::default();
        for project in self.projects.iter().filter(|project| project.is_complete) {
            for service in project.services.iter().filter(profiled) {
                if enabled.has(service) || found.iter().any(|other| other.service.place == service.place) {
                    continue;
                }
                let needs = self.needs(project, service, &enabled);
                if needs.is_empty() {
                    continue;
                }
                let is_spoken_of = service.profiles.iter().filter_map(Text::value).any(|profile| {
                    *spoken.entry(profile.to_owned()).or_insert_with(|| self.speaks_of_profile(profile))
                });
                if !is_spoken_of {
                    found.push(Unstarted { service, profiles: &service.profiles, needs, enabled: enabled.place });
                }
            }
        }
        found
    }

    /// The profiles that commands and env files enable.
    fn enabled_profiles(&self) -> EnabledProfiles {
        let mut enabled = EnabledProfiles::default();
        for env in &self.env {
            in_env(env, &mut enabled);
        }
        for script in &self.scripts {
            for call in script.docker_calls() {
                let Some(compose) = call.compose() else { continue };
                for profile in compose.profiles() {
                    match profile.text() {
                        Some(text) => enabled.add(&text, call.place(profile.span)),
                        None => enabled.is_open = true,
                    }
                }
                if matches!(compose.verb.as_str(), "up" | "run" | "start" | "create") {
                    enabled.named.extend(compose.services.iter().filter_map(|service| service.text()));
                }
            }
            if !script.text().contains("COMPOSE_PROFILES") {
                continue;
            }
            for id in script.shell().ids() {
                let NodeKind::Simple(simple) = &script.node(id).kind else { continue };
                for assignment in simple.assignments.iter().filter(|one| &*one.name.text == "COMPOSE_PROFILES") {
                    match assignment.value.as_ref().map(|word| script.value(word).likely()) {
                        Some(Some(text)) => enabled.add(&text, script.place(assignment.name.span)),
                        _ => enabled.is_open = true,
                    }
                }
            }
        }
        enabled
    }

    fn needs<'r>(&'r self, project: &'r Project, service: &'r Service, enabled: &EnabledProfiles) -> Vec<Needed<'r>> {
        let own: Vec<&str> = service.profiles.iter().map(Text::shown).collect();
        let mut needs = Vec::new();
        for by in project.services.iter().filter(|by| by.name != service.name) {
            // Whatever starts the one starts the other.
            let goes_along =
                !by.profiles.is_empty() && by.profiles.iter().all(|profile| own.contains(&profile.shown()));
            if goes_along {
                continue;
            }
            let always = enabled.has(by);
            let references = by.references();
            let reference = references.iter().find(|(_, reference)| reference.name == service.name);
            if let Some((key, reference)) = reference {
                let kind = NeededBy::Service { key, by, always };
                needs.push(Needed { kind, place: reference.place });
                continue;
            }
            if !always || enabled.named.contains(&service.name) {
                continue;
            }
            let calls = self.calls_of(project, by);
            let call = calls.iter().find(|call| {
                let reached = project.reached(by, &call.host);
                !reached.is_empty() && reached.iter().all(|to| to.name == service.name)
            });
            needs.extend(call.map(|call| Needed { kind: NeededBy::Call(by), place: call.host_place }));
        }
        if !enabled.named.contains(&service.name) {
            for route in self.routes().iter().filter(|route| route.by != Router::Port) {
                let Some(hostname) = &route.hostname else { continue };
                if route.service(self).is_some_and(|to| to.place == service.place) {
                    needs.push(Needed { kind: NeededBy::Hostname(hostname.name.clone()), place: route.place });
                }
            }
        }
        needs
    }

    /// Whether a line anywhere but in a compose file speaks of a profile of that name: a page that tells how to enable it, a
    /// workflow, a program that starts Compose.
    fn speaks_of_profile(&self, profile: &str) -> bool {
        // The file that spoke of it in the state before mostly does so still.
        let known = self.code.spoken.known(profile);
        if known.is_some_and(|file| self.tree.is_present(file) && self.speaks_here(file, profile)) {
            return true;
        }
        // Pages and settings say it more often than programs, of which there are more.
        let speaks = |may: fn(&str) -> bool| {
            self.tree.files().find(|file| may(self.tree.path(*file)) && self.speaks_here(*file, profile))
        };
        let Some(file) = speaks(is_prose).or_else(|| speaks(is_program)) else { return false };
        self.code.spoken.note(profile.to_owned(), file);
        true
    }

    fn speaks_here(&self, file: FileId, profile: &str) -> bool {
        // Compose files themselves only say that a service has it; their comments may say more.
        let is_compose = Kind::of(self.tree.path(file), || None) == Some(Kind::Compose);
        self.tree.source(file).is_ok_and(|source| {
            memchr::memmem::find(source.text().as_bytes(), profile.as_bytes()).is_some()
                && source.text().lines().any(|line| {
                    (!is_compose || line.contains('#'))
                        && (line.contains("rofile") || line.contains("PROFILE"))
                        && has_word(line, profile)
                })
        })
    }
}

/// Whether the file is text for people or a tool's settings.
fn is_prose(path: &str) -> bool {
    Tree::name(path).rsplit_once('.').is_none_or(|(_, end)| {
        matches!(
            end,
            "md" | "mdx"
                | "rst"
                | "txt"
                | "sh"
                | "bash"
                | "yml"
                | "yaml"
                | "json"
                | "toml"
                | "mk"
                | "env"
                | "example"
                | "template"
                | "sample"
                | "ps1"
                | "bat"
                | "service"
                | "just"
                | "tf"
        )
    })
}

/// Whether the file is a program that may start Compose.
fn is_program(path: &str) -> bool {
    Tree::name(path).rsplit_once('.').is_some_and(|(_, end)| matches!(end, "py" | "js" | "ts" | "mjs" | "go" | "rb"))
}

fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

/// `COMPOSE_PROFILES` of an env file. A value with variables is a choice: of several profiles one.
fn in_env(env: &Env, enabled: &mut EnabledProfiles) {
    let Some(entry) = env.entry("COMPOSE_PROFILES") else { return };
    match entry.value.as_ref() {
        Some(text) if text.is_literal() => enabled.add(text.raw(), entry.place),
        Some(_) => enabled.is_open = true,
        None => {}
    }
}
