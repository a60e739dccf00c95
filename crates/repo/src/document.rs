//! From a path to a kind, from a text to documents.

use crate::Lowered;
use crate::script::Host;
use twiceshy_source::{FileId, Source, Span, Tree};
use twiceshy_syntax::Flaw;

/// What a file is, decided by its path and, where that is not enough, its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Compose file.
    Compose,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A `.dockerignore`, or `NAME.dockerignore` beside a Dockerfile.
    DockerIgnore,
    /// A shell script.
    Shell,
    /// A Makefile.
    Makefile,
    /// A GitHub workflow.
    Workflow,
    /// An action of GitHub's: `action.yml`.
    Action,
    /// SQL.
    Sql,
    /// A Python module.
    Python,
    /// A JavaScript or TypeScript module, or a component with script blocks.
    Node,
    /// A `package.json`.
    NodePackage,
    /// A `tsconfig.json` or `jsconfig.json`.
    TsConfig,
    /// An env file.
    Env,
    /// Where a Python project names what it needs: `pyproject.toml`, `requirements.txt`, a lock file.
    Requirements,
    /// A Rust source file.
    Rust,
    /// A Markdown page.
    Markdown,
    /// A Caddyfile.
    Caddy,
    /// A configuration of nginx's, or a template of one.
    Nginx,
    /// A YAML or TOML file that may say what leads where: Traefik's, cloudflared's. The last one: [`Kinds::each`] ends with it.
    Routing,
}

/// Some kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Default for Kinds {
    /// Who says nothing leaves nothing out.
    fn default() -> Self {
        Self::ALL
    }
}

impl Kinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind, and files of none.
    pub const ALL: Self = Self(u32::MAX);
    /// Files of no kind.
    pub const OTHER: Self = Self(1 << 31);
    /// The kinds that hold scripts.
    pub const OF_SCRIPTS: Self = Self::NONE
        .with(Kind::Compose)
        .with(Kind::Dockerfile)
        .with(Kind::Shell)
        .with(Kind::Makefile)
        .with(Kind::Workflow)
        .with(Kind::Action)
        .with(Kind::NodePackage)
        .with(Kind::Markdown);

    /// The kinds that say how a system is built and run: all but those of its code.
    pub const OF_SYSTEMS: Self = Self::ALL.but(Kind::Python).but(Kind::Node).but(Kind::Rust);

    /// Each kind by itself, and files of none.
    pub fn each() -> impl Iterator<Item = Self> {
        (0..=Kind::Routing as u32).map(|kind| Self(1 << kind)).chain([Self::OTHER])
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    /// These without one.
    #[must_use]
    const fn but(self, kind: Kind) -> Self {
        Self(self.0 & !(1 << kind as u32))
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether all of them are among those.
    pub const fn is_within(self, those: Self) -> bool {
        self.0 & !those.0 == 0
    }

    /// Whether one of them is among those.
    pub const fn meets(self, those: Self) -> bool {
        self.0 & those.0 != 0
    }

    /// Whether a file's kind is one of them, or none.
    pub const fn has(self, kind: Option<Kind>) -> bool {
        let bit = match kind {
            Some(kind) => 1 << kind as u32,
            None => Self::OTHER.0,
        };
        self.0 & bit != 0
    }
}

impl Kind {
    /// The kind of a file of `tree`.
    pub fn in_tree(tree: &Tree, file: FileId) -> Option<Self> {
        Self::of(tree.path(file), || Some(tree.source(file).ok()?.line(0).to_owned()))
    }

    /// The kind of the file at `path`. `None`: not a file of ours. `first_line` is asked only where the path does not
    /// decide (no extension), since it costs a read.
    pub fn of(path: &str, first_line: impl FnOnce() -> Option<String>) -> Option<Self> {
        let name = Tree::name(path);
        let lower = name.to_ascii_lowercase();
        let (stem, extension) = match lower.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, extension),
            _ => (lower.as_str(), ""),
        };
        let is_named = |word: &str| {
            lower.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                || stem.strip_suffix(word).is_some_and(|rest| rest.ends_with('.'))
        };
        if lower == ".dockerignore" || extension == "dockerignore" {
            return Some(Self::DockerIgnore);
        }
        if extension == "dockerfile"
            || extension == "containerfile"
            || is_named("dockerfile")
            || is_named("containerfile")
            || (extension.is_empty() && (lower.starts_with("dockerfile-") || lower.starts_with("dockerfile_")))
        {
            // `Dockerfile.py` and the like are programs about Dockerfiles.
            return (!matches!(
                extension,
                "py" | "ts" | "js" | "go" | "rs" | "md" | "json" | "svg" | "j2" | "tmpl" | "template" | "erb"
            ))
            .then_some(Self::Dockerfile);
        }
        if lower == "makefile" || lower == "gnumakefile" || extension == "mk" {
            return Some(Self::Makefile);
        }
        let is_example = matches!(extension, "example" | "sample" | "template" | "dist");
        if lower == ".env"
            || lower.starts_with(".env.")
            || extension == "env"
            || is_example && (stem == "env" || stem.ends_with(".env"))
        {
            return Some(Self::Env);
        }
        if is_caddyfile(&lower, extension) {
            return Some(Self::Caddy);
        }
        if is_nginx(path, &lower, extension) {
            return Some(Self::Nginx);
        }
        match extension {
            "yml" | "yaml"
                if path.contains(".github/workflows/") && Tree::parent(path).ends_with(".github/workflows") =>
            {
                Some(Self::Workflow)
            }
            "yml" | "yaml" if stem == "action" => Some(Self::Action),
            "yml" | "yaml" if is_compose_name(stem) => Some(Self::Compose),
            "sh" | "bash" | "ksh" => Some(Self::Shell),
            "py" | "pyi" => (extension == "py").then_some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "svelte" | "vue" => {
                (!lower.ends_with(".min.js") && !lower.ends_with(".d.ts")).then_some(Self::Node)
            }
            "rs" => Some(Self::Rust),
            "sql" => Some(Self::Sql),
            "md" | "markdown" => Some(Self::Markdown),
            "json" if lower == "package.json" => Some(Self::NodePackage),
            "json" if stem == "tsconfig" || stem.starts_with("tsconfig.") || stem == "jsconfig" => Some(Self::TsConfig),
            "toml" if lower == "pyproject.toml" => Some(Self::Requirements),
            "lock" if matches!(lower.as_str(), "uv.lock" | "poetry.lock") => Some(Self::Requirements),
            "txt" | "in" if stem.contains("requirements") || path.contains("requirements/") => Some(Self::Requirements),
            "yml" | "yaml" | "toml" => may_route(path, stem).then_some(Self::Routing),
            "" => shebang(&first_line()?),
            _ => None,
        }
    }
}

/// `Caddyfile`, `Caddyfile.prod`, `site.caddy`; what ends like a page or a program is about one.
fn is_caddyfile(lower: &str, extension: &str) -> bool {
    let is_about = matches!(extension, "md" | "sh" | "py" | "js" | "ts" | "go" | "json" | "j2" | "erb");
    extension == "caddy"
        || extension == "caddyfile"
        || (lower == "caddyfile" || lower.starts_with("caddyfile.") || lower.starts_with("caddyfile-")) && !is_about
}

/// `nginx.conf`, and `*.conf`, also as a template, in a directory that says it is nginx's.
fn is_nginx(path: &str, lower: &str, extension: &str) -> bool {
    let is_conf = extension == "conf" || lower.contains(".conf.") || extension == "nginx";
    let is_about = matches!(extension, "md" | "sh" | "py" | "js" | "ts" | "go" | "json" | "yml" | "yaml" | "erb");
    is_conf
        && !is_about
        && (lower.contains("nginx")
            || path.rsplit('/').skip(1).any(|directory| {
                let directory = directory.to_ascii_lowercase();
                directory.contains("nginx")
                    || matches!(directory.as_str(), "conf.d" | "sites-enabled" | "sites-available")
            }))
}

/// Whether a YAML or TOML file may be one of Traefik's or cloudflared's; what stands in it decides.
fn may_route(path: &str, stem: &str) -> bool {
    const WORDS: &[&str] =
        &["traefik", "cloudflare", "tunnel", "proxy", "ingress", "dynamic", "routers", "routes", "gateway", "edge"];
    stem == "config" || WORDS.iter().any(|word| path.to_ascii_lowercase().contains(word))
}

/// Compose reads `compose.yaml` and `docker-compose.yml`; people pass `-f docker-compose.prod.yml`, `prod.compose.yml`.
fn is_compose_name(stem: &str) -> bool {
    stem.split(['.', '-', '_']).any(|word| word == "compose")
}

fn shebang(line: &str) -> Option<Kind> {
    let program = line.strip_prefix("#!")?;
    let mut words = program.split_whitespace().map(Tree::name).filter(|word| *word != "env" && !word.starts_with('-'));
    match words.next()? {
        "sh" | "bash" | "dash" | "ash" | "ksh" | "with-contenv" | "execlineb" => Some(Kind::Shell),
        python if python.starts_with("python") => Some(Kind::Python),
        "node" => Some(Kind::Node),
        _ => None,
    }
}

/// A file to lower.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The tree, for the paths around it. Other files are not read while lowering.
    pub tree: &'a Tree,
    /// The file.
    pub file: FileId,
    /// Its text.
    pub source: &'a Source,
    /// What is of no concern to those who read one of these kinds is not looked for.
    pub about: Kinds,
}

impl<'a> Input<'a> {
    /// The file's text.
    pub fn text(&self) -> &'a str {
        self.source.text()
    }

    /// The file's path.
    pub fn path(&self) -> &'a str {
        self.tree.path(self.file)
    }
}

/// Parses and lowers a file.
pub(crate) fn lower(kind: Kind, input: Input<'_>) -> Lowered {
    let mut out = Lowered::default();
    match kind {
        Kind::Compose => crate::compose::lower(input, &mut out),
        Kind::Dockerfile => crate::dockerfile::lower(input, &mut out),
        Kind::DockerIgnore => crate::dockerignore::lower(input, &mut out),
        Kind::Shell => crate::script::lower(input, &mut out),
        Kind::Makefile => crate::makefile::lower(input, &mut out),
        Kind::Workflow => crate::workflow::lower(input, &mut out),
        Kind::Action => crate::workflow::lower_action(input, &mut out),
        Kind::Sql => crate::sql::lower(input, &mut out),
        Kind::Python => crate::python::lower(input, &mut out),
        Kind::Node => crate::node::lower(input, &mut out),
        Kind::NodePackage => crate::package::lower(input, &mut out),
        Kind::TsConfig => crate::tsconfig::lower(input, &mut out),
        Kind::Env => crate::env::lower(input, &mut out),
        Kind::Requirements => crate::requirements::lower(input, &mut out),
        Kind::Rust => crate::rust::lower(input, &mut out),
        Kind::Markdown => crate::markdown::lower(input, &mut out),
        Kind::Caddy => crate::route::lower_caddy(input, &mut out),
        Kind::Nginx => crate::route::lower_nginx(input, &mut out),
        Kind::Routing => crate::route::lower_settings(input, &mut out),
    }
    crate::secret::lower(input, &mut out);
    list_what_shell_lost(&mut out);
    crate::remark::lower(kind, input, &mut out);
    out
}

/// Lists the first part of each script that was not understood. It need not be wrong: bash understands more than the
/// grammar does. Fences of a page are left out; they hold output and half sentences as often as commands.
fn list_what_shell_lost(out: &mut Lowered) {
    for script in &out.scripts {
        if matches!(script.host.outermost(), Host::Fence { .. }) {
            continue;
        }
        let lost = script.shell().damaged.iter().min();
        let (span, what) = match lost {
            _ if script.shell().given_up => (Span::default(), "a script too damaged to be read in reasonable time"),
            Some(span) => (*span, "a part of this script was not understood; the commands around it were"),
            None => continue,
        };
        out.flaws.push(Flaw { span: script.place(span).span(), what: what.to_owned() });
    }
}
