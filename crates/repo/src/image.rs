//! An image by its name, and what is known about it.

mod columns;
mod knowledge;
pub(crate) mod row;

pub use columns::{
    Companion, DataDirectory, HealthEndpoint, Majors, MistakenPath, Role, Wget, WritablePath, is_at_or_below,
};
pub use knowledge::{ImageFacts, learn};

use crate::Repo;

/// An image as `FROM` and Compose name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Image {
    /// Registry and repository as people write it: `nginx`, `grafana/grafana`, `quay.io/keycloak/keycloak`. Docker Hub's
    /// own prefixes are taken off.
    pub name: String,
    /// The tag, if one is given.
    pub tag: Option<String>,
    /// The digest, if one is given.
    pub digest: Option<String>,
}

impl Image {
    /// Reads `name[:tag][@digest]`; `None` for what cannot be an image (empty, with spaces or unresolved variables).
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || "${}\"'".contains(c)) {
            return None;
        }
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => (text, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before the last slash belongs to a registry's port.
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (text, None),
        };
        let hub = ["docker.io/library/", "index.docker.io/library/", "library/", "docker.io/", "index.docker.io/"];
        let name = hub.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        (!name.is_empty()).then(|| Self { name: name.to_owned(), tag, digest })
    }

    /// The tag that is pulled: `latest` when neither tag nor digest is given.
    pub fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(if self.digest.is_some() { "" } else { "latest" })
    }

    /// The number that the tag starts with: 18 of `18.2-alpine`, of `v18`.
    pub fn major(&self) -> Option<u32> {
        let tag = self.tag();
        let tag = tag.strip_prefix('v').unwrap_or(tag);
        let digits = tag.find(|c: char| !c.is_ascii_digit()).unwrap_or(tag.len());
        tag.get(..digits)?.parse().ok()
    }
}

impl Repo {
    /// What is known about an image: what this repository's configuration says, then the table that comes with us.
    pub fn facts(&self, image: &Image) -> ImageFacts<'_> {
        ImageFacts::of(image, &self.configuration.images)
    }
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them() {
        let image = |text| Image::parse(text).unwrap();
        assert_eq!(image("docker.io/library/nginx:1.27-alpine").name, "nginx");
        assert_eq!(image("localhost:5000/a/b").tag(), "latest");
        assert_eq!(image("localhost:5000/a/b").name, "localhost:5000/a/b");
        assert_eq!(image("node:18.2-alpine@sha256:ab").major(), Some(18));
        assert_eq!(image("x@sha256:ab").tag(), "");
        assert_eq!(Image::parse("a:$TAG"), None);
        assert_eq!(Image::parse(""), None);
    }

    fn facts(text: &str) -> ImageFacts<'static> {
        ImageFacts::of(&Image::parse(text).unwrap(), &[])
    }

    #[test]
    fn the_table_tells_clients_apart() {
        let wget = |text| facts(text).wget();
        assert_eq!(wget("alpine:3.20"), Some(Wget::Busybox));
        assert_eq!(wget("node:18-alpine3.20"), Some(Wget::Busybox));
        assert_eq!(wget("node:20"), Some(Wget::Gnu));
        assert_eq!(wget("node:20-slim"), Some(Wget::None));
        assert_eq!(wget("nginx:1.27"), Some(Wget::None));
        assert_eq!(wget("nginx:1.27-alpine-slim"), Some(Wget::Busybox));
        assert_eq!(wget("golang:1.23-alpine"), Some(Wget::Busybox));
        assert_eq!(wget("example.org/own:1"), None);
        let ships = |text, tool| facts(text).ships(tool);
        assert_eq!(ships("nginx:alpine", "curl"), Some(true));
        assert_eq!(ships("nginx:1-alpine-slim", "curl"), Some(false));
        assert_eq!(ships("postgres:16", "curl"), Some(false));
        assert_eq!(ships("postgres:16-alpine", "pg_isready"), Some(true));
        assert_eq!(ships("postgres:16", "jq"), None);
    }

    #[test]
    fn the_table_knows_what_changed_with_a_version() {
        let mounts = |text| facts(text).data_directories().iter().map(|data| data.mount.clone()).collect::<Vec<_>>();
        assert_eq!(mounts("postgres:17-alpine"), ["/var/lib/postgresql/data"]);
        assert_eq!(mounts("postgres:18"), ["/var/lib/postgresql"]);
        assert_eq!(mounts("postgres"), ["/var/lib/postgresql"]);
        assert_eq!(mounts("postgres:alpine"), ["/var/lib/postgresql"]);
        assert_eq!(mounts("pgvector/pgvector:pg16"), ["/var/lib/postgresql/data"]);
        assert_eq!(mounts("pgvector/pgvector:0.8.1-pg18"), ["/var/lib/postgresql"]);
        assert_eq!(mounts("postgres@sha256:ab").len(), 2);
        assert_eq!(facts("postgres:latest@sha256:ab").major(), None);
        assert_eq!(facts("postgres:alpine3.15").major(), None);
        assert_eq!(facts("langfuse/langfuse:2").companions().len(), 0);
        assert!(facts("langfuse/langfuse:3.40").companions().iter().any(|companion| companion.what == "ClickHouse"));
        assert!(facts("langfuse/langfuse").companions().iter().any(|companion| companion.what == "ClickHouse"));
        assert_eq!(facts("redis:7").needed_capabilities(), ["SETGID", "SETUID"]);
        assert_eq!(facts("redis:8").needed_capabilities(), [""; 0]);
        assert!(facts("docker.io/library/mysql:8").is_database());
        assert_eq!(facts("node:22-alpine").role(), Some(Role::Base));
        assert_eq!(facts("example.org/own").role(), None);
    }

    #[test]
    fn a_repositorys_own_rows_come_first() {
        let tree = crate::Tree::memory([(
            "twiceshy.toml",
            "[[image]]\nnames = ['example.org/own']\nrole = 'database'\ndata = '/srv'\n[[image]]\nnames = ['nginx']\nports = 8080\n",
        )]);
        let repo = Repo::of(tree);
        let facts = |text| repo.facts(&Image::parse(text).unwrap());
        assert!(facts("example.org/own:1").is_database());
        assert_eq!(facts("nginx").default_ports(), [8080]);
        assert_eq!(facts("nginx").role(), Some(Role::Proxy));
    }
}
