//! Whether the process that writes a log runs on and on, and whether something else in the repository shortens the log.

use super::LogFile;
use crate::Repo;
use crate::script::Host;
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::{FileId, Place, Tree};

/// Why a process keeps running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// What says so.
    pub place: Place,
    /// What it is: a sentence.
    pub what: String,
}

/// Packages that a process imports to serve, to listen or to wait.
const SERVERS: [&str; 40] = [
    "express",
    "fastify",
    "koa",
    "hono",
    "@hono/node-server",
    "@nestjs/core",
    "socket.io",
    "ws",
    "discord.js",
    "telegraf",
    "grammy",
    "node-telegram-bot-api",
    "mineflayer",
    "bullmq",
    "node-cron",
    "mqtt",
    "amqplib",
    "kafkajs",
    "whatsapp-web.js",
    "tmi.js",
    "next/server",
    "@sveltejs/kit",
    "restify",
    "polka",
    "@slack/bolt",
    "fastapi",
    "flask",
    "starlette",
    "sanic",
    "quart",
    "uvicorn",
    "tornado",
    "aiogram",
    "discord",
    "celery",
    "dramatiq",
    "apscheduler",
    "slack_bolt",
    "socketio",
    "telegram.ext",
];

/// How many modules are looked at on the way to the one that starts the process.
const MOST: usize = 300;

impl Repo {
    /// Why the process that writes `log` runs on, if anything says so: the module itself, one that imports it, or a script
    /// that starts it.
    pub fn runs_on(&self, log: &LogFile) -> Option<Running> {
        if let Some((place, what)) = log.endless {
            return Some(Running { place, what: what.to_owned() });
        }
        let mut seen = FxHashSet::default();
        let mut queue = std::collections::VecDeque::from([log.file]);
        while let Some(file) = queue.pop_front() {
            if !seen.insert(file) || seen.len() > MOST {
                continue;
            }
            if let Some(found) = self.serves(file).or_else(|| self.is_started(file)) {
                return Some(found);
            }
            queue.extend(self.importers().get(&file).into_iter().flatten());
        }
        None
    }

    /// The server or the like that a module imports.
    fn serves(&self, file: FileId) -> Option<Running> {
        let server =
            |name: &str| SERVERS.contains(&name) || SERVERS.contains(&name.split('.').next().unwrap_or_default());
        let (name, place) = if let Some(module) = self.node_module(file) {
            let import =
                module.imports.iter().find(|import| !import.is_type_only && SERVERS.contains(&&*import.specifier))?;
            (&import.specifier, import.place)
        } else {
            let module = self.python_module(file)?;
            let import = module
                .imports
                .iter()
                .find(|import| import.dots == 0 && !import.is_type_only && server(&import.module))?;
            (&import.module, import.place)
        };
        Some(Running { place, what: format!("`{name}`: this process keeps running") })
    }

    /// The `start` script of a package that runs the module.
    fn is_started(&self, file: FileId) -> Option<Running> {
        let path = self.tree.path(file);
        let package = self.package_of(path)?;
        let inside = path.strip_prefix(Tree::parent(self.tree.path(package.file)))?.trim_start_matches('/');
        let script = package.scripts.iter().find(|script| {
            matches!(&*script.name, "start" | "serve" | "bot" | "worker") && script.command.text().contains(inside)
        })?;
        Some(Running { place: script.place, what: format!("`{}` starts this as a process that stays", script.name) })
    }

    /// Which modules import a module. Made once, and only for a repository with a log that grows.
    pub(crate) fn importers(&self) -> &FxHashMap<FileId, Vec<FileId>> {
        self.code.importers.get_or_init(|| {
            let mut importers: FxHashMap<FileId, Vec<FileId>> = FxHashMap::default();
            let mut add = |module: FileId, at: usize, is_type_only: bool| {
                if let Some(file) = self.imported(module, at).filter(|_| !is_type_only) {
                    importers.entry(file).or_default().push(module);
                }
            };
            for module in &self.node {
                module.imports.iter().enumerate().for_each(|(at, import)| add(module.file, at, import.is_type_only));
            }
            for module in &self.python {
                module.imports.iter().enumerate().for_each(|(at, import)| add(module.file, at, import.is_type_only));
            }
            importers
        })
    }

    /// What in the repository shortens the file at `path`, as a log's path is written down: a logrotate configuration, a
    /// script that cuts it.
    pub fn is_rotated(&self, path: &str) -> bool {
        let name = Tree::name(path).trim_start_matches('…');
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let any = format!("*.{extension}");
        let names =
            |text: &str| (name.len() > 2 && text.contains(name)) || (!extension.is_empty() && text.contains(&any));
        let configured = self.tree.files().filter(|file| self.tree.path(*file).contains("logrotate")).any(|file| {
            self.tree.source(file).is_ok_and(|source| names(source.text()) || source.text().contains("log"))
        });
        let cuts = |text: &str| {
            ["truncate", "logrotate", "-delete", "gzip", "mv ", "rm ", ": >"].iter().any(|word| text.contains(word))
        };
        configured
            || self.scripts.iter().filter(|script| !matches!(script.host, Host::Fence { .. })).any(|script| {
                let text = script.text();
                text.contains("logrotate") || (cuts(text) && names(text))
            })
    }
}
