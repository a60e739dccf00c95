//! Applications that render on a server, and their routes.

use crate::{FileId, NodePackage, Repo, Tree};

/// A framework that renders on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// SvelteKit.
    SvelteKit,
    /// Next.js.
    Next,
    /// Nuxt.
    Nuxt,
    /// Remix, and React Router as a framework.
    ReactRouter,
}

impl Framework {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SvelteKit => "SvelteKit",
            Self::Next => "Next.js",
            Self::Nuxt => "Nuxt",
            Self::ReactRouter => "React Router",
        }
    }

    pub(super) fn is_react(self) -> bool {
        matches!(self, Self::Next | Self::ReactRouter)
    }
}

/// An application that renders on a server.
#[derive(Debug)]
pub(super) struct App {
    pub(super) framework: Framework,
    /// Modules that the server loads to render a page: pages, layouts, what is run for each.
    pub(super) routes: Vec<FileId>,
    /// The oldest Node that its images run, where one says.
    node: Option<u32>,
}

impl App {
    /// Whether the server has a global of this name after all: Node 21 has `navigator`, Node 25 `localStorage`.
    pub(super) fn has(&self, global: &str) -> bool {
        match global {
            "navigator" => self.node.is_none_or(|major| major >= 21),
            "localStorage" | "sessionStorage" => self.node.is_some_and(|major| major >= 22),
            _ => false,
        }
    }

    /// Whether a module is kept out of the server's build by its name.
    pub(super) fn stays_away(&self, path: &str) -> bool {
        let name = Tree::name(path);
        match self.framework {
            Framework::Nuxt | Framework::ReactRouter => name.contains(".client.") || path.contains("/.client/"),
            _ => false,
        }
    }
}

impl Repo {
    /// The applications that render on a server.
    pub(super) fn apps(&self) -> Vec<App> {
        self.node_packages.iter().filter_map(|package| self.app(package)).collect()
    }

    fn app(&self, package: &NodePackage) -> Option<App> {
        let path = self.tree.path(package.file);
        if path.split('/').any(|part| matches!(part, "node_modules" | "templates" | "fixtures" | "__fixtures__")) {
            return None;
        }
        let dir = Tree::parent(path);
        let framework = if package.depends_on("@sveltejs/kit") {
            Framework::SvelteKit
        } else if package.depends_on("next") {
            Framework::Next
        } else if package.depends_on("nuxt") {
            Framework::Nuxt
        } else if ["@remix-run/react", "@react-router/dev", "@react-router/node"]
            .iter()
            .any(|name| package.depends_on(name))
        {
            Framework::ReactRouter
        } else {
            return None;
        };
        let text = |name: &str| {
            let file = self.tree.file(&Tree::join(dir, name)?)?;
            Some(self.tree.source(file).ok()?.text().to_owned())
        };
        let configs: &[&str] = match framework {
            Framework::Nuxt => &["nuxt.config.ts", "nuxt.config.js", "nuxt.config.mjs"],
            Framework::ReactRouter => &["react-router.config.ts", "react-router.config.js", "vite.config.ts"],
            _ => &[],
        };
        let is_off = configs.iter().filter_map(|name| text(name)).any(|text| is_false(&text, "ssr"));
        if is_off {
            return None;
        }
        let routes: Vec<FileId> = self.tree.below(dir).filter(|file| self.is_route(framework, dir, *file)).collect();
        let routes = match framework {
            Framework::SvelteKit => self.rendered_on_server(routes),
            _ => routes,
        };
        Some(App { framework, routes, node: self.node_version(dir) }).filter(|app| !app.routes.is_empty())
    }

    fn is_route(&self, framework: Framework, dir: &str, file: FileId) -> bool {
        let path = self.tree.path(file);
        let Some(inside) = path.strip_prefix(dir).map(|inside| inside.trim_start_matches('/')) else { return false };
        let name = Tree::name(inside);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let is_script = matches!(extension, "ts" | "tsx" | "js" | "jsx");
        match framework {
            Framework::SvelteKit => {
                inside.starts_with("src/routes/")
                    && matches!(
                        name,
                        "+page.svelte" | "+layout.svelte" | "+page.ts" | "+page.js" | "+layout.ts" | "+layout.js"
                    )
            }
            Framework::Next => {
                let inside = inside.strip_prefix("src/").unwrap_or(inside);
                let is_app = inside.starts_with("app/")
                    && matches!(stem, "page" | "layout" | "template" | "loading" | "not-found");
                let is_page =
                    inside.starts_with("pages/") && !inside.starts_with("pages/api/") && !stem.contains(".test");
                is_script && (is_app || is_page)
            }
            Framework::Nuxt => {
                let inside = inside.strip_prefix("app/").unwrap_or(inside);
                let is_component = extension == "vue"
                    && (inside.starts_with("pages/") || inside.starts_with("layouts/") || inside == "app.vue");
                let is_plugin = is_script && inside.starts_with("plugins/") && !stem.ends_with(".client");
                is_component || is_plugin
            }
            Framework::ReactRouter => {
                let Some(inside) = inside.strip_prefix("app/") else { return false };
                is_script
                    && (stem == "root"
                        || inside.starts_with("routes/")
                            && !stem.contains(".test")
                            && !inside.starts_with("routes/api")
                        || matches!(stem, "layout" | "page"))
            }
        }
    }

    /// Without those of which `export const ssr = false` beside or above them says that only browsers render them.
    fn rendered_on_server(&self, routes: Vec<FileId>) -> Vec<FileId> {
        let off: Vec<String> = self
            .tree
            .files()
            .filter_map(|file| {
                let path = self.tree.path(file);
                let name = Tree::name(path);
                let is_layout = name.starts_with("+layout");
                if !is_layout && !name.starts_with("+page") || name.ends_with(".svelte") {
                    return None;
                }
                let source = self.tree.source(file).ok()?;
                let stem = if is_layout { "" } else { "+page" };
                is_false(source.text(), "ssr").then(|| format!("{}/{stem}", Tree::parent(path)))
            })
            .collect();
        let is_off = |file: &FileId| off.iter().any(|prefix| self.tree.path(*file).starts_with(prefix.as_str()));
        routes.into_iter().filter(|file| !is_off(file)).collect()
    }

    /// The oldest Node among the images that are built in or above a directory.
    fn node_version(&self, dir: &str) -> Option<u32> {
        let majors = self.dockerfiles.iter().filter_map(|dockerfile| {
            let place = Tree::parent(self.tree.path(dockerfile.file));
            let is_near = place.is_empty() || dir.starts_with(place) || place.starts_with(dir);
            let (image, _) = dockerfile.base_image(dockerfile.final_stage()?, &|_| None)?;
            (is_near && image.name == "node").then(|| image.major()).flatten()
        });
        majors.min()
    }
}

/// Whether a text sets `name` to false: `ssr = false`, `ssr: false`.
fn is_false(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let is_comment = text[line_start..at].contains("//");
        let rest = text[at + name.len()..].trim_start();
        let rest = rest.strip_prefix(['=', ':']).map(str::trim_start).unwrap_or_default();
        !is_comment && !text[..at].ends_with(is_part) && rest.starts_with("false")
    })
}
