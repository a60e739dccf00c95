//! What is known about a service, from all the files that say something about it.

use crate::publish::Places;
use std::fmt::Write as _;
use twiceshy_repo::compose::Published;
use twiceshy_repo::{Giver, Heard, OpenSource, Place, Project, Role, Service, Word};

/// The facts as Markdown: what it is, where it listens, what it is given, who needs it, where its data is.
pub(crate) fn facts(places: &Places<'_>, project: &Project, service: &Service) -> String {
    let about = About { places, project, service };
    let mut text = format!("**{}**", code(&service.name));
    let _ = write!(text, "{}", about.kind());
    for (what, said) in [
        ("Listens on", about.listens()),
        ("Published", about.published()),
        ("Reached by", about.hostnames()),
        ("Starts after", about.needs()),
        ("Needed by", about.dependents()),
        ("Health check", about.health()),
        ("Data", about.data()),
        ("Environment", about.environment()),
    ] {
        if !said.is_empty() {
            let _ = write!(text, "\n\n{what}: {said}");
        }
    }
    text
}

struct About<'a> {
    places: &'a Places<'a>,
    project: &'a Project,
    service: &'a Service,
}

impl About<'_> {
    /// What runs in it: the image and what that is, the Dockerfile.
    fn kind(&self) -> String {
        let repo = self.places.repo;
        let mut text = String::new();
        if let Some(build) = self.service.build_context(repo) {
            let path = repo.tree.path(build.dockerfile.file);
            let from = if build.dir.is_empty() { "the root".to_owned() } else { code(&build.dir) };
            let _ = write!(text, " is built by {} from {from}", self.link(path, start(build.dockerfile.file)));
        }
        if let Some((image, _)) = self.service.base_image(repo) {
            let name = image.tag.as_ref().map_or(image.name.clone(), |tag| format!("{}:{tag}", image.name));
            let what = repo.facts(&image).role().map(role).unwrap_or_default();
            let on = if text.is_empty() { " is" } else { ", on" };
            let _ = write!(text, "{on} {}{what}", code(&name));
        }
        text
    }

    fn listens(&self) -> String {
        let listening = self.places.repo.listening(self.service);
        let say = |heard: &Heard| format!("{} ({})", heard.port, self.link(by(heard.by), heard.place));
        listening.best().iter().map(say).collect::<Vec<_>>().join(", ")
    }

    fn published(&self) -> String {
        let ports = self.service.ports.iter().map(|port| {
            let host = match port.published {
                Published::Ports(ports) if ports.0 == ports.1 => ports.0.to_string(),
                Published::Ports(ports) => format!("{}-{}", ports.0, ports.1),
                Published::OneOf(ports) => format!("one of {}-{}", ports.0, ports.1),
                Published::Any => "any free port".to_owned(),
                Published::Unknown => code(&port.host_raw),
            };
            let inside = port.target.map(|ports| format!(" → {}", ports.0)).unwrap_or_default();
            self.link(&format!("{host}{inside}"), port.place)
        });
        ports.collect::<Vec<_>>().join(", ")
    }

    fn hostnames(&self) -> String {
        let repo = self.places.repo;
        let routes = repo.routes().iter().filter(|route| {
            route.hostname.is_some() && route.service(repo).is_some_and(|service| service.place == self.service.place)
        });
        let said = routes.filter_map(|route| {
            let hostname = route.hostname.as_ref()?;
            let path = route.path.as_deref().unwrap_or_default();
            Some(format!("{} ({})", self.link(&format!("{}{path}", hostname.name), hostname.place), route.by.name()))
        });
        listed(said.collect())
    }

    fn needs(&self) -> String {
        let needs = self.service.depends_on.iter().map(|needed| {
            let place = self.project.service(&needed.name).map_or(needed.place, |service| service.place);
            format!("{} ({})", self.link(&needed.name, place), needed.condition.word())
        });
        needs.collect::<Vec<_>>().join(", ")
    }

    fn dependents(&self) -> String {
        let repo = self.places.repo;
        let mut said = Vec::new();
        for other in self.project.services.iter().filter(|other| other.place != self.service.place) {
            let waits = other.depends_on.iter().find(|dependency| dependency.name == self.service.name);
            if let Some(dependency) = waits {
                said.push(format!("{} ({})", self.link(&other.name, dependency.place), dependency.condition.word()));
                continue;
            }
            let call = repo.calls(self.project, other).into_iter().find(|call| {
                self.project.reached(other, &call.host).iter().any(|service| service.place == self.service.place)
            });
            said.extend(call.map(|call| format!("{} (calls it)", self.link(&other.name, call.host_place))));
        }
        said.join(", ")
    }

    fn health(&self) -> String {
        let repo = self.places.repo;
        let checks = repo.health_checks();
        let own =
            checks.iter().find(|check| check.service.is_some_and(|(_, service)| service.place == self.service.place));
        own.map_or_else(String::new, |check| {
            let programs: Vec<&str> = check.programs.iter().map(|program| program.name.as_str()).collect();
            let what = if programs.is_empty() { "a test".to_owned() } else { programs.join(", ") };
            let by = check.dockerfile.map_or("", |_| ", of its image");
            format!("{}{by}", self.link(&what, check.place))
        })
    }

    /// Where the image keeps its data, and what is mounted.
    fn data(&self) -> String {
        let repo = self.places.repo;
        let image = self.service.base_image(repo).map(|(image, _)| image);
        let mut said = Vec::new();
        if let Some(image) = &image {
            for directory in repo.facts(image).data_directories() {
                let mount = self.service.mounts.iter().find(|mount| {
                    mount.target.as_deref().is_some_and(|target| twiceshy_repo::is_at_or_below(&directory.path, target))
                });
                said.push(match mount {
                    Some(mount) => {
                        let source = mount.source.as_deref().unwrap_or("an anonymous volume");
                        format!("{} in {}", code(&directory.path), self.link(source, mount.place))
                    }
                    None => format!("{}, not mounted", code(&directory.path)),
                });
            }
        }
        for mount in &self.service.mounts {
            let Some(target) = &mount.target else { continue };
            let source = mount.source.as_deref().unwrap_or("an anonymous volume");
            let is_said = said.iter().any(|said: &String| said.contains(&self.link(source, mount.place)));
            if !is_said {
                let only = if mount.read_only { ", read-only" } else { "" };
                said.push(format!("{} from {}{only}", code(target), self.link(source, mount.place)));
            }
        }
        listed(said)
    }

    /// What it is given and by whom. Values are left out: they may be secrets.
    fn environment(&self) -> String {
        let repo = self.places.repo;
        let environment = self.service.environment_given(repo);
        let mut said: Vec<String> = environment
            .given
            .iter()
            .map(|given| {
                let by = match given.giver {
                    Giver::Environment => String::new(),
                    Giver::EnvFile => format!(" ({})", repo.tree.path(given.place.file)),
                    Giver::Dockerfile => " (its Dockerfile)".to_owned(),
                    Giver::Script => " (its start)".to_owned(),
                };
                format!("{}{by}", self.link(&given.name, given.place))
            })
            .collect();
        said.sort();
        let open = environment.openings.iter().filter_map(|opening| match &opening.source {
            OpenSource::EnvFile { path, .. } => Some(format!("what {} holds", code(path))),
            _ => None,
        });
        said.extend(open);
        listed(said)
    }

    /// A link to a place, shown as `text`.
    fn link(&self, text: &str, place: Place) -> String {
        let line = self.places.range(place).start.line + 1;
        // Whatever stands in a file of a stranger is text here, not Markdown.
        format!("[{}]({}#L{line})", code(text), self.places.uri(place.file).0)
    }
}

fn start(file: twiceshy_repo::FileId) -> Place {
    Place { file, start: 0, end: 0 }
}

/// A list, cut where nobody reads on.
fn listed(mut said: Vec<String>) -> String {
    const MOST: usize = 40;
    said.dedup();
    if said.len() > MOST {
        let more = said.len() - MOST;
        said.truncate(MOST);
        said.push(format!("and {more} more"));
    }
    said.join(", ")
}

/// As Markdown shows code: what stands in it means nothing.
fn code(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let ticks = "`".repeat(text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

fn by(word: Word) -> &'static str {
    match word {
        Word::Option => "its command",
        Word::Environment => "its environment",
        Word::Config => "its configuration",
        Word::Code => "its code",
        Word::Default => "by default",
        Word::Exposed => "exposed",
        Word::Published => "published",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Database => ", a database",
        Role::Cache => ", a cache",
        Role::Broker => ", a broker",
        Role::Search => ", a search engine",
        Role::ObjectStore => ", an object store",
        Role::Proxy => ", a proxy",
        Role::Identity => ", an identity provider",
        Role::Monitoring => ", monitoring",
        Role::App => ", an application",
        Role::Base => ", a base image",
        Role::Tool => ", a tool",
    }
}
