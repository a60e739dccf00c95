//! An image by its name, and what is known about it.

mod knowledge;

pub use knowledge::{Family, ImageFacts, Wget};

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

    /// What the knowledge table says about it.
    pub fn facts(&self) -> Option<&'static ImageFacts> {
        knowledge::facts(self)
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

    #[test]
    fn the_table_tells_clients_apart() {
        let wget = |text| Image::parse(text).unwrap().facts().and_then(ImageFacts::wget);
        assert_eq!(wget("alpine:3.20"), Some(Wget::Busybox));
        assert_eq!(wget("node:18-alpine3.20"), Some(Wget::Busybox));
        assert_eq!(wget("node:20"), Some(Wget::Gnu));
        assert_eq!(wget("node:20-slim"), Some(Wget::None));
        assert_eq!(wget("nginx:1.27"), Some(Wget::None));
        assert_eq!(wget("nginx:1.27-alpine-slim"), Some(Wget::Busybox));
        assert_eq!(wget("golang:1.23-alpine"), Some(Wget::Busybox));
        assert_eq!(wget("example.org/own:1"), None);
        let ships = |text, tool| Image::parse(text).unwrap().facts().and_then(|facts| facts.ships(tool));
        assert_eq!(ships("nginx:alpine", "curl"), Some(true));
        assert_eq!(ships("nginx:1-alpine-slim", "curl"), Some(false));
        assert_eq!(ships("postgres:16", "curl"), Some(false));
        assert_eq!(ships("postgres:16-alpine", "pg_isready"), Some(true));
        assert_eq!(ships("postgres:16", "jq"), None);
    }
}
