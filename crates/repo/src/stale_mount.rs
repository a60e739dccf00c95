//! Files that a program reads again while it runs, and that are mounted so that it never sees a new one.
//!
//! A file that is mounted on its own is its inode. What replaces it – git, `sed -i`, most editors, rsync, a deploy tool – makes
//! a new inode; the container keeps the old one until it is started again.

use crate::compose::{Mount, MountKind};
use crate::script::{Command, RedirectKind, Word};
use crate::{Edit, Place, Project, Repo, Script, Service, Span, Tree};

/// A file, mounted on its own, that a running program is meant to read again.
#[derive(Clone, Debug)]
pub struct StaleMount<'r> {
    /// The service.
    pub service: &'r Service,
    /// Its mount.
    pub mount: &'r Mount,
    /// The program.
    pub program: &'static str,
    /// Why it is meant to read it again.
    pub cause: Reread,
    /// Edits that mount the directory instead; empty where that would hide files of the image or is not clear.
    pub edits: Vec<Edit>,
}

/// Why a program reads a file again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reread {
    /// It watches the file, as this place says.
    Watched(Place),
    /// This command tells it to.
    Told(Place),
    /// It can be told to over HTTP, as this place says, but nothing here does.
    CanBeTold(Place),
}

/// A program that reads its configuration again when it is told to.
struct Program {
    name: &'static str,
    /// Names of its images, without what stands before their last `/`.
    images: &'static [&'static str],
    /// Where its configuration is in the image.
    homes: &'static [&'static str],
    /// The command that tells it to.
    reload: &'static [&'static str],
    /// Whether a directory may be mounted over the file's: nothing else of the image is needed there.
    is_bare: fn(&str) -> bool,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "nginx",
        images: &["nginx", "nginx-unprivileged", "openresty"],
        homes: &["/etc/nginx", "/usr/local/openresty/nginx/conf"],
        reload: &["nginx", "-s", "reload"],
        is_bare: |dir| dir.ends_with("/conf.d"),
    },
    Program {
        name: "Caddy",
        images: &["caddy"],
        homes: &["/etc/caddy"],
        reload: &["caddy", "reload"],
        is_bare: |dir| dir == "/etc/caddy",
    },
    Program {
        name: "HAProxy",
        images: &["haproxy"],
        homes: &["/usr/local/etc/haproxy", "/etc/haproxy"],
        reload: &[],
        is_bare: |dir| dir == "/usr/local/etc/haproxy",
    },
    Program {
        name: "Prometheus",
        images: &["prometheus"],
        homes: &["/etc/prometheus"],
        reload: &[],
        is_bare: |dir| dir == "/etc/prometheus",
    },
    Program {
        name: "Alertmanager",
        images: &["alertmanager"],
        homes: &["/etc/alertmanager"],
        reload: &[],
        is_bare: |dir| dir == "/etc/alertmanager",
    },
];

impl Project {
    /// Files that a program of one of its services reads again, and that are mounted on their own.
    pub fn stale_mounts<'r>(&'r self, repo: &'r Repo) -> Vec<StaleMount<'r>> {
        let mut found = Vec::new();
        for service in &self.services {
            let singles: Vec<&Mount> = service.mounts.iter().filter(|mount| is_single_file(mount, repo)).collect();
            if singles.is_empty() {
                continue;
            }
            let Some((image, _)) = service.base_image(repo) else { continue };
            let image = Tree::name(&image.name);
            if image == "traefik" {
                watched_by_traefik(service, &singles, repo, &mut found);
            } else if let Some(program) = PROGRAMS.iter().find(|program| program.images.contains(&image)) {
                reread_by(program, service, &singles, repo, &mut found);
            }
        }
        found
    }
}

/// Whether a mount is one file. One that git does not track is known by its name only.
fn is_single_file(mount: &Mount, repo: &Repo) -> bool {
    const ENDS: &[&str] = &[".yml", ".yaml", ".toml", ".conf", ".cfg", ".template", "Caddyfile", ".caddy", ".json"];
    let is_named = |path: &str| ENDS.iter().any(|end| path.ends_with(end));
    mount.kind == MountKind::Bind
        && match &mount.path {
            Some(path) if repo.tree.file(path).is_some() => true,
            Some(path) => !repo.tree.has_dir(path) && is_named(path) && mount.target.as_deref().is_some_and(is_named),
            None => false,
        }
}

/// Traefik watches the files of its file provider, unless `watch` is false.
fn watched_by_traefik<'r>(
    service: &'r Service,
    singles: &[&'r Mount],
    repo: &'r Repo,
    found: &mut Vec<StaleMount<'r>>,
) {
    let mut providers = repo.file_providers(service);
    // The command line, the environment and the file exclude each other; whichever is given, one of them says no.
    if providers.iter().any(|provider| !provider.watch) {
        return;
    }
    // `directory` wins over `filename`.
    if providers.iter().any(|provider| provider.is_directory) {
        providers.retain(|provider| provider.is_directory);
    }
    for mount in singles {
        let Some(target) = mount.target.as_deref() else { continue };
        let watches = |path: &str, is_directory: bool| {
            let path = path.trim_end_matches('/');
            if is_directory {
                target.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            } else {
                target == path
            }
        };
        let Some(provider) = providers.iter().find(|provider| watches(&provider.path, provider.is_directory)) else {
            continue;
        };
        found.push(StaleMount {
            service,
            mount,
            program: "Traefik",
            cause: Reread::Watched(provider.place),
            edits: mounts_directory(service, mount, repo, |dir| dir != "/etc" && dir.len() > 1),
        });
    }
}

fn reread_by<'r>(
    program: &'static Program,
    service: &'r Service,
    singles: &[&'r Mount],
    repo: &'r Repo,
    found: &mut Vec<StaleMount<'r>>,
) {
    let mounts: Vec<&&Mount> = singles
        .iter()
        .filter(|mount| {
            let target = mount.target.as_deref().unwrap_or_default();
            program.homes.iter().any(|home| target.strip_prefix(home).is_some_and(|rest| rest.starts_with('/')))
        })
        .collect();
    if mounts.is_empty() {
        return;
    }
    let flag = |names: &[&str]| {
        service.argv().find(|word| names.contains(&word.text())).map(|word| word.place(Span::new(0, word.text().len())))
    };
    let cause = if program.name == "Caddy"
        && let Some(place) = flag(&["--watch", "-w"])
    {
        Some(Reread::Watched(place))
    } else {
        let told = |mount: &Mount| repo.scripts.iter().find_map(|script| told_in(script, program, service, mount));
        let told = mounts.iter().find_map(|mount| told(mount)).map(Reread::Told);
        told.or_else(|| flag(&["--web.enable-lifecycle"]).map(Reread::CanBeTold))
    };
    let Some(cause) = cause else { return };
    for mount in mounts {
        found.push(StaleMount {
            service,
            mount,
            program: program.name,
            cause,
            edits: mounts_directory(service, mount, repo, program.is_bare),
        });
    }
}

/// A command of `script` that tells the program in `service` to read its configuration again.
fn told_in(script: &Script, program: &Program, service: &Service, mount: &Mount) -> Option<Place> {
    // A reload after a renewal is for the certificates, which lie in a directory.
    let text = script.text();
    if !text.contains("reload") && !text.contains("HUP") && !text.contains("kill") {
        return None;
    }
    let command = script.commands().find(|command| tells(*command, program, service))?;
    let is_about_certificates =
        ["certbot", "acme", "renew", "lego ", "mkcert", "openssl"].iter().any(|word| text.contains(word));
    if is_about_certificates || starts_again(script, service) || writes_in_place(script, mount) {
        return None;
    }
    Some(command.words_place())
}

fn tells(command: Command<'_>, program: &Program, service: &Service) -> bool {
    let words: Vec<Option<String>> =
        command.words().iter().map(|word| word.literal().map(|text| text.into_owned())).collect();
    let is = |at: usize, text: &str| words.get(at).and_then(Option::as_deref) == Some(text);
    let names_it = |word: &Option<String>| word.as_deref().is_some_and(|word| is_called(service, word));
    if !program.reload.is_empty() {
        let starts =
            (1..words.len()).filter(|&at| program.reload.iter().enumerate().all(|(index, text)| is(at + index, text)));
        for at in starts {
            if words[..at].last().is_some_and(names_it) {
                return true;
            }
        }
    }
    // Over HTTP: `/-/reload` of the program that has it.
    let has_lifecycle = matches!(program.name, "Prometheus" | "Alertmanager");
    let asks = words.iter().flatten().any(|word| word.contains("/-/reload"));
    if has_lifecycle && asks {
        let port = if program.name == "Prometheus" { ":9090" } else { ":9093" };
        return words.iter().flatten().any(|word| word.contains(port) || word.contains(&service.name));
    }
    let is_hup = |text: &str| {
        ["HUP", "SIGHUP", "-HUP", "-SIGHUP", "--signal=HUP", "--signal=SIGHUP", "-sHUP", "1"].contains(&text)
    };
    // `docker kill -s HUP web`, `$compose kill -s SIGHUP web`
    let kills = words.iter().position(|word| word.as_deref() == Some("kill")).filter(|at| *at > 0);
    kills.is_some_and(|at| {
        let rest = &words[at + 1..];
        rest.iter().flatten().any(|word| is_hup(word)) && rest.iter().any(names_it)
    })
}

/// Whether a word is the service's name or its container's: `web`, `shop-web-1`.
fn is_called(service: &Service, word: &str) -> bool {
    let container = service.container_name().and_then(crate::compose::Text::value);
    let in_project = |separator: char| {
        let mut parts = word.rsplitn(3, separator);
        let (index, name) = (parts.next(), parts.next());
        name == Some(service.name.as_str())
            && index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
    };
    word == service.name || container == Some(word) || in_project('-') || in_project('_')
}

/// Whether a script starts the service's container again, which resolves its mounts anew.
fn starts_again(script: &Script, service: &Service) -> bool {
    script.commands().any(|command| {
        let words: Vec<_> = command.words().iter().filter_map(Word::literal).collect();
        let restarts = words.iter().any(|word| matches!(&**word, "restart" | "--force-recreate" | "down" | "rm"));
        let is_compose = words.iter().any(|word| matches!(&**word, "docker" | "compose" | "docker-compose" | "podman"))
            || command.words().first().is_some_and(|word| word.literal().is_none());
        // Without a name, all of them.
        let operands = words.iter().rev().take_while(|word| !word.starts_with('-')).count();
        restarts
            && is_compose
            && (words.iter().any(|word| is_called(service, word))
                || operands <= 1 && words.iter().any(|word| matches!(&**word, "down" | "--force-recreate" | "restart")))
    })
}

/// Whether a script writes the mounted file without replacing it: `>`, `cp`, `tee`. The container sees that.
fn writes_in_place(script: &Script, mount: &Mount) -> bool {
    let Some(name) = mount.path.as_deref().map(Tree::name) else { return false };
    let ends = |word: &Word| script.value(word).pattern().ends_with(name);
    let replaced = script.commands().any(|command| {
        matches!(command.name().as_deref(), Some("git" | "rsync" | "mv"))
            || command.name().as_deref() == Some("sed") && command.local().has_option("-i")
    });
    !replaced
        && script.commands().any(|command| {
            let copies = matches!(command.name().as_deref(), Some("cp" | "tee" | "install" | "envsubst"));
            copies && command.args().iter().any(ends)
                || command.redirects().iter().any(|redirect| {
                    matches!(redirect.kind, RedirectKind::Write | RedirectKind::Clobber | RedirectKind::Append)
                        && ends(&redirect.target)
                })
        })
}

/// Edits that mount the file's directory in place of the file. None where the file lies beside the compose file, where
/// something else is mounted there, or where the image keeps files of its own in that directory.
fn mounts_directory(service: &Service, mount: &Mount, repo: &Repo, is_bare: impl Fn(&str) -> bool) -> Vec<Edit> {
    let (Some(source), Some(raw), Some(target)) = (&mount.source, &mount.source_raw, &mount.target) else {
        return Vec::new();
    };
    let (source_dir, target_dir) = (Tree::parent(source), Tree::parent(target));
    let is_same_name = Tree::name(source) == Tree::name(target);
    let is_alone = service.mounts.iter().all(|other| {
        other.place == mount.place
            || other
                .target
                .as_deref()
                .is_none_or(|other| !other.starts_with(target_dir) && !target_dir.starts_with(other))
    });
    let path = mount.path.as_deref().map(Tree::parent).unwrap_or_default();
    let only_configuration = repo.tree.below(path).count() < 20 && !path.is_empty();
    let is_written = raw == source && mount.source_place != mount.place && mount.target_place != mount.place;
    let is_whole = |place: Place, text: &str| (place.end - place.start) as usize == text.len();
    let fits = is_whole(mount.source_place, source) && is_whole(mount.target_place, target);
    if matches!(source_dir, "" | "." | ".." | "~")
        || !is_same_name
        || !is_alone
        || !is_bare(target_dir)
        || !only_configuration
        || !is_written
        || !fits
    {
        return Vec::new();
    }
    vec![
        Edit { place: mount.source_place, text: source_dir.to_owned() },
        Edit { place: mount.target_place, text: target_dir.to_owned() },
    ]
}
