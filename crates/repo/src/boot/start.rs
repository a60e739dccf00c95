//! Whether something else applies a whole directory when a system starts or is deployed.

use super::{paths, shell};
use crate::hints::Hints;
use crate::script::{Host, Script};
use crate::{Repo, Tree};
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

/// What a start or a deployment runs.
struct Started<'r> {
    scripts: Vec<&'r Script>,
    /// Commands of `package.json` files.
    commands: Vec<&'r str>,
    /// These and every other text that says what runs then.
    texts: Vec<String>,
}

impl Repo {
    /// Whether something that a start or a deployment runs applies all files of `directory`, other than what goes by one
    /// of `lists`.
    pub(super) fn applies_all(&self, directory: &str, lists: &[FileId]) -> bool {
        let started = self.started();
        let sweeps = |script: &&Script| {
            shell::sweeps(self, script).iter().any(|swept| swept == directory)
                && !shell::reads(self, script).iter().any(|read| lists.contains(&read.list))
        };
        let uses_tool = |script: &&Script| {
            script.commands().any(|command| {
                let words: Vec<_> = command.words().iter().filter_map(|word| script.value(word).known()).collect();
                is_tool(words.iter().map(String::as_str))
            })
        };
        let command_does = |command: &&str| {
            command.split(['&', ';', '|']).any(|part| is_tool(part.split_whitespace()))
                || command.contains(&format!("{directory}/*"))
        };
        let module_does = || {
            self.rosters(Hints::ROSTER).iter().any(|roster| {
                let path = self.tree.path(roster.file);
                let is_by_hand = path.split('/').any(|part| matches!(part, "scripts" | "bin" | "tools" | "cli"));
                roster.sweeps.iter().any(|swept| swept == directory)
                    && !roster.reads.iter().any(|read| lists.contains(&read.list))
                    && (!is_by_hand || started.names(path))
            })
        };
        let fills_image =
            |text: &String| text.contains("docker-entrypoint-initdb.d") && text.contains(Tree::name(directory));
        started.scripts.iter().any(|script| sweeps(script) || uses_tool(script))
            || started.commands.iter().any(command_does)
            || started.texts.iter().any(fills_image)
            || module_does()
    }

    /// What a start or a deployment runs, as far as one file names another.
    fn started(&self) -> Started<'_> {
        let scripts: Vec<&Script> = self.scripts.iter().filter(|script| self.starts(script)).collect();
        let whole = self.compose.iter().map(|it| it.file).chain(self.dockerfiles.iter().map(|it| it.file));
        let platforms = PLATFORMS.iter().filter_map(|path| self.tree.file(path));
        let mut texts: Vec<String> = scripts.iter().map(|script| script.text().to_owned()).collect();
        texts.extend(whole.chain(platforms).filter_map(|file| Some(self.tree.source(file).ok()?.text().to_owned())));
        let mut started = Started { scripts, commands: Vec::new(), texts };
        let mut files: Vec<&Script> = self
            .scripts
            .iter()
            .filter(|script| *script.host.outermost() == Host::File && !paths::is_aside(self.tree.path(script.file)))
            .collect();
        let mut commands: Vec<(&str, &str)> = self
            .node_packages
            .iter()
            .flat_map(|package| &package.scripts)
            .map(|script| (script.name.as_str(), script.command.text()))
            .collect();
        // Each round takes in what the last one names; a chain of a few is long.
        for _ in 0..4 {
            let (named, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(|script| {
                let name = Tree::name(self.tree.path(script.file));
                started.texts.iter().any(|text| text.contains(name))
            });
            let (called, others): (Vec<_>, Vec<_>) = commands.into_iter().partition(|(name, _)| {
                let calls = [format!("run {name}"), format!("yarn {name}"), format!("pnpm {name}")];
                matches!(*name, "start" | "prestart" | "start:prod" | "release" | "heroku-postbuild")
                    || started.texts.iter().any(|text| calls.iter().any(|call| text.contains(call)))
            });
            (files, commands) = (rest, others);
            if named.is_empty() && called.is_empty() {
                break;
            }
            started.texts.extend(named.iter().map(|script| script.text().to_owned()));
            started.texts.extend(called.iter().map(|(_, command)| (*command).to_owned()));
            started.scripts.extend(named);
            started.commands.extend(called.into_iter().map(|(_, command)| command));
        }
        started
    }

    /// Whether a container, a platform or a deployment runs it by itself.
    fn starts(&self, script: &Script) -> bool {
        match script.host.outermost() {
            Host::Service { .. } | Host::Image { .. } => true,
            Host::Step { job, .. } => {
                let deploys =
                    ["deploy", "deployment", "release", "production", "prod", "publish", "migrate", "migrations"];
                let words = paths::words(&format!("{} {job}", Tree::name(self.tree.path(script.file))));
                words.iter().any(|word| deploys.contains(&word.as_str()))
            }
            _ => false,
        }
    }
}

/// Whether a command runs a migration tool, by itself or through `npx` and its like.
fn is_tool<'w>(words: impl Iterator<Item = &'w str> + Clone) -> bool {
    !words.clone().any(|word| word == "generate") && words.take(4).any(|word| TOOLS.contains(&Tree::name(word)))
}

impl Started<'_> {
    /// Whether a text names the module at `path`: its name without extension, as a word.
    fn names(&self, path: &str) -> bool {
        let name = Tree::name(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        self.texts.iter().any(|text| {
            let bytes = text.as_bytes();
            let is_word = |at: usize| !is_part(bytes.get(at + stem.len())) && (at == 0 || !is_part(bytes.get(at - 1)));
            text.match_indices(stem).any(|(at, _)| is_word(at))
        })
    }
}
