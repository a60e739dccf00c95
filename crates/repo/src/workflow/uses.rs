//! What a step or job uses: an action or a reusable workflow.

use super::Text;

/// What stands after `uses:`.
#[derive(Clone, Debug)]
pub struct Uses {
    /// As written.
    pub text: Text,
    /// What that means.
    pub target: Target,
}

/// Where an action or a reusable workflow comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `./path`: of this repository as checked out (an action), or as committed (a workflow). From the root, without `./`.
    Local(String),
    /// `owner/repository/path@reference`
    Remote {
        /// `owner/repository`
        repository: String,
        /// The path in it; empty for its root.
        path: String,
        /// A branch, tag or commit.
        reference: String,
    },
    /// `docker://image`
    Docker(String),
    /// An expression, or nothing that GitHub accepts.
    Unclear,
}

impl Uses {
    pub(super) fn of(text: Text) -> Self {
        let target = target(&text.text);
        Self { text, target }
    }

    /// Whether it is `repository` (`actions/checkout`), whatever the version.
    pub fn is(&self, repository: &str) -> bool {
        matches!(&self.target, Target::Remote { repository: own, .. } if own.eq_ignore_ascii_case(repository))
    }

    /// The path in this repository, from its root.
    pub fn local(&self) -> Option<&str> {
        match &self.target {
            Target::Local(path) => Some(path),
            _ => None,
        }
    }
}

fn target(text: &str) -> Target {
    if text.contains("${{") {
        return Target::Unclear;
    }
    if let Some(image) = text.strip_prefix("docker://") {
        return Target::Docker(image.to_owned());
    }
    if text == "." || text.starts_with("./") || text.starts_with("../") {
        return crate::Tree::join("", text).map_or(Target::Unclear, Target::Local);
    }
    let Some((path, reference)) = text.split_once('@') else { return Target::Unclear };
    let mut parts = path.splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some(owner), Some(name)) if !owner.is_empty() && !name.is_empty() => Target::Remote {
            repository: format!("{owner}/{name}"),
            path: parts.next().unwrap_or_default().trim_end_matches('/').to_owned(),
            reference: reference.to_owned(),
        },
        _ => Target::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_here_elsewhere_or_an_image() {
        let remote = |repository: &str, path: &str, reference: &str| Target::Remote {
            repository: repository.into(),
            path: path.into(),
            reference: reference.into(),
        };
        for (text, expected) in [
            ("./.github/actions/x/", Target::Local(".github/actions/x".into())),
            ("./", Target::Local(String::new())),
            ("actions/checkout@v4", remote("actions/checkout", "", "v4")),
            ("o/r/.github/workflows/x.yml@main", remote("o/r", ".github/workflows/x.yml", "main")),
            ("docker://alpine:3", Target::Docker("alpine:3".into())),
            ("../x", Target::Unclear),
            ("actions/checkout", Target::Unclear),
            ("./${{ inputs.path }}", Target::Unclear),
        ] {
            assert_eq!(target(text), expected, "{text}");
        }
    }
}
