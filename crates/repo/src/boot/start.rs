//! Whether something else applies a whole directory when a system starts or is deployed.

use super::{paths, shell};
use crate::script::{Host, Script};
use crate::{Repo, Tree};
use rustc_hash::FxHashSet;
use twiceshy_source::FileId;

/// Programs that apply a directory of migrations and keep their own record.
const TOOLS: [&str; 24] = [
    "dbmate",
    "goose",
    "flyway",
    "migrate",
    "sqlx",
    "diesel",
    "atlas",
    "sqitch",
    "liquibase",
    "knex",
    "wrangler",
    "prisma",
    "drizzle-kit",
    "node-pg-migrate",
    "alembic",
    "sql-migrate",
    "tern",
    "geni",
    "pgroll",
    "graphile-migrate",
    "db-migrate",
    "umzug",
    "yoyo",
    "refinery",
];

/// Where platforms are told what to run.
const PLATFORMS: [&str; 9] = [
    "fly.toml",
    "Procfile",
    "render.yaml",
    "railway.json",
    "railway.toml",
    "app.json",
    "heroku.yml",
    "app.yaml",
    "nixpacks.toml",
];

impl Repo {
    /// Whether something that a start or a deployment runs applies all files of `directory`, other than what goes by one
    /// of `lists`.
    pub(super) fn applies_all(&self, directory: &str, lists: &[FileId]) -> bool {
        let (scripts, texts) = self.started();
        let is_named = |path: &str| {
            let name = Tree::name(path);
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let is_inner = |text: &str, at: usize| {
                let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                part(text.as_bytes().get(at + stem.len())) || (at > 0 && part(text.as_bytes().get(at - 1)))
            };
            texts.iter().any(|text| text.match_indices(stem).any(|(at, _)| !is_inner(text, at)))
        };
        let script_does = |script: &&Script| {
            let is_reader = || shell::reads(self, script).iter().any(|read| lists.contains(&read.list));
            let sweeps = shell::sweeps(self, script).iter().any(|swept| swept == directory);
            let tool = script.commands().any(|command| {
                let words: Vec<_> = command.words().iter().filter_map(|word| script.value(word).known()).collect();
                !words.iter().any(|word| word == "generate")
                    && words.iter().take(4).any(|word| TOOLS.contains(&Tree::name(word)))
            });
            tool || (sweeps && !is_reader())
        };
        let module_does = || {
            self.rosters.iter().any(|roster| {
                let path = self.tree.path(roster.file);
                let is_by_hand = path.split('/').any(|part| matches!(part, "scripts" | "bin" | "tools" | "cli"));
                roster.sweeps.iter().any(|swept| swept == directory)
                    && !roster.reads.iter().any(|read| lists.contains(&read.list))
                    && (!is_by_hand || is_named(path))
            })
        };
        let image_does = || {
            texts.iter().any(|text| text.contains("docker-entrypoint-initdb.d") && text.contains(Tree::name(directory)))
        };
        scripts.iter().any(script_does) || module_does() || image_does()
    }

    /// Scripts that a start or a deployment runs, and every text that says what runs then.
    fn started(&self) -> (Vec<&Script>, Vec<String>) {
        let mut scripts: Vec<&Script> = self.scripts.iter().filter(|script| self.starts(script)).collect();
        let mut texts: Vec<String> = scripts.iter().map(|script| script.text().to_owned()).collect();
        let whole = self.compose.iter().map(|it| it.file).chain(self.dockerfiles.iter().map(|it| it.file));
        let platforms = PLATFORMS.iter().filter_map(|path| self.tree.file(path));
        texts.extend(whole.chain(platforms).filter_map(|file| Some(self.tree.source(file).ok()?.text().to_owned())));
        let mut taken: FxHashSet<*const Script> = FxHashSet::default();
        // Each round takes in what the last one names; a chain of a few is long.
        for _ in 0..4 {
            let mut next: Vec<&Script> = Vec::new();
            for script in &self.scripts {
                let is_named = match script.host.outermost() {
                    Host::File => {
                        let path = self.tree.path(script.file);
                        !paths::is_aside(path) && texts.iter().any(|text| text.contains(Tree::name(path)))
                    }
                    Host::Package { name } => {
                        let calls = [format!("run {name}"), format!("yarn {name}"), format!("pnpm {name}")];
                        texts.iter().any(|text| calls.iter().any(|call| text.contains(call)))
                    }
                    _ => false,
                };
                if is_named && taken.insert(std::ptr::from_ref(script)) {
                    next.push(script);
                }
            }
            if next.is_empty() {
                break;
            }
            texts.extend(next.iter().map(|script| script.text().to_owned()));
            scripts.extend(next);
        }
        (scripts, texts)
    }

    /// Whether a container, a platform or a deployment runs it by itself.
    fn starts(&self, script: &Script) -> bool {
        match script.host.outermost() {
            Host::Service { .. } | Host::Image { .. } => true,
            Host::Package { name } => {
                matches!(name.as_str(), "start" | "prestart" | "start:prod" | "release" | "heroku-postbuild")
            }
            Host::Step { job, .. } => {
                let path = self.tree.path(script.file);
                let words = paths::words(&format!("{} {job}", Tree::name(path)));
                words.iter().any(|word| {
                    matches!(
                        word.as_str(),
                        "deploy"
                            | "deployment"
                            | "release"
                            | "production"
                            | "prod"
                            | "publish"
                            | "migrate"
                            | "migrations"
                    )
                })
            }
            _ => false,
        }
    }
}
