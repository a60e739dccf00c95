//! What nginx is told in a container.

use super::{FileAt, Launch};
use crate::Repo;
use twiceshy_syntax::blocks::{self, Dialect};

/// What nginx's configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NginxSays {
    /// What its image says: the configuration is the image's own.
    AsImage,
    /// Every value that it is given, the words of each; none where nothing is said.
    Words(Vec<Vec<String>>),
    /// The configuration is not in the repository.
    Unknown,
}

impl Launch<'_> {
    /// What nginx's main file says with a directive: `user`, `pid`.
    pub fn nginx_is_told(&self, directive: &str, repo: &Repo) -> NginxSays {
        let file = match self.file_at("/etc/nginx/nginx.conf", repo) {
            FileAt::Images => return NginxSays::AsImage,
            FileAt::Unknown => return NginxSays::Unknown,
            FileAt::Known(file) => file,
        };
        let Ok(source) = repo.tree.source(file) else { return NginxSays::Unknown };
        let parsed = blocks::parse(source.text(), Dialect::Nginx);
        let said = parsed.all().filter(|id| parsed.name(*id) == directive);
        NginxSays::Words(
            said.map(|id| parsed.words(id).iter().skip(1).map(|word| word.text.clone()).collect()).collect(),
        )
    }
}
