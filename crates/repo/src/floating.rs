//! Images with data whose version nobody chose: a pull may bring one that refuses them.

use crate::compose::{Mount, MountKind};
use crate::{Image, Place, Production, Project, Repo, Service};
use std::sync::OnceLock;
use twiceshy_syntax::toml::{self, Value};

/// How files end that are settings, scripts and keys.
const SETTINGS: &[&str] = &[
    ".conf", ".cnf", ".ini", ".yml", ".yaml", ".json", ".toml", ".xml", ".sql", ".sh", ".env", ".key", ".crt", ".pem",
];

/// A service whose image floats while its data stays.
#[derive(Clone, Debug)]
pub struct Floating<'r> {
    /// The service.
    pub service: &'r Service,
    /// Its image, and where it is named.
    pub image: (Image, Place),
    /// Whether a variable without a default decides, and only the default floats.
    pub is_default: bool,
    /// Where its data is.
    pub data: &'r Mount,
    /// What tells that it matters.
    pub because: Production<'r>,
    /// What its versions do with each other's data.
    pub versions: &'static Versions,
}

/// What a stateful image does when its version changes under its data.
#[derive(Debug)]
pub struct Versions {
    /// The end of a sentence that starts with the image's name.
    pub refuses: String,
    /// Whether every new major version refuses the data of the one before.
    pub is_sure: bool,
    /// Prints the version that runs now.
    pub asks: Option<String>,
    names: Vec<String>,
}

impl Repo {
    /// The services of a project that serves people which keep data and whose image has neither version nor digest.
    pub fn floating<'r>(&'r self, project: &'r Project) -> Vec<Floating<'r>> {
        let candidate = |service: &'r Service| {
            if service.build.is_some() || service.text(&["pull_policy"]).is_some_and(|policy| policy.shown() == "never")
            {
                return None;
            }
            let text = service.image.as_ref()?;
            let image = Image::parse(text.value()?)?;
            let versions = versions(&image)?;
            (image.digest.is_none() && !image.tag().contains(|c: char| c.is_ascii_digit())).then_some(())?;
            let data = service.mounts.iter().find(|mount| self.is_data(mount))?;
            let is_default = !text.is_literal();
            Some((service, (image, text.place()), is_default, data, versions))
        };
        let candidates: Vec<_> = project.services.iter().filter_map(candidate).collect();
        if candidates.is_empty() {
            return Vec::new();
        }
        let Some(because) = self.production(project) else { return Vec::new() };
        let floating = |(service, image, is_default, data, versions)| Floating {
            service,
            image,
            is_default,
            data,
            because,
            versions,
        };
        candidates.into_iter().map(floating).collect()
    }

    /// Whether a mount keeps what a server writes: a volume, or a directory of the host that it may write to.
    fn is_data(&self, mount: &Mount) -> bool {
        let is_kept = match mount.kind {
            MountKind::Volume => mount.source.is_some(),
            MountKind::Bind => true,
            MountKind::Tmpfs | MountKind::Other => false,
        };
        let is_file = mount.path.as_deref().is_some_and(|path| self.tree.file(path).is_some());
        let target = mount.target.as_deref().unwrap_or_default();
        let is_config =
            ["/etc/", "/docker-entrypoint", "/run/", "/usr/", "/config"].iter().any(|dir| target.starts_with(dir))
                || SETTINGS.iter().any(|extension| target.ends_with(extension));
        is_kept && !mount.read_only && !is_file && !is_config
    }
}

fn versions(image: &Image) -> Option<&'static Versions> {
    static TABLE: OnceLock<Vec<Versions>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let root = toml::parse(include_str!("../knowledge/versions.toml")).root;
        root.get("image").map(Value::items).unwrap_or_default().iter().map(row).collect()
    });
    let name = image.name.rsplit('/').next().unwrap_or_default();
    table.iter().find(|row| row.names.iter().any(|own| own == name))
}

fn row(row: &Value) -> Versions {
    let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
    Versions {
        refuses: text("refuses").unwrap_or_default(),
        is_sure: row.get("sure").and_then(Value::as_bool).unwrap_or_default(),
        asks: text("asks"),
        names: row.get("names").map(|names| names.strings().map(str::to_owned).collect()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_has_a_source() {
        let parsed = toml::parse(include_str!("../knowledge/versions.toml"));
        assert_eq!(parsed.flaws, []);
        for value in parsed.root.get("image").unwrap().items() {
            let keys = ["names", "refuses", "sure", "asks", "source"];
            assert!(value.entries().iter().all(|(key, _)| keys.contains(&key.text.as_str())));
            let row = row(value);
            assert!(!row.names.is_empty() && !row.refuses.is_empty());
            let source = value.get("source").and_then(Value::as_str).unwrap_or_default();
            assert!(
                ["run", "vendor", "issue", "known"].contains(&source.split(':').next().unwrap()),
                "{:?}",
                row.names
            );
        }
        assert!(versions(&Image::parse("pgvector/pgvector").unwrap()).is_some_and(|row| row.is_sure));
        assert!(versions(&Image::parse("nginx").unwrap()).is_none());
    }
}
