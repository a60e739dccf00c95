//! A source on the command line: what is sent, under which name.

/// A source as it was given.
pub(super) struct Given {
    /// The directory that names are relative to.
    pub(super) directory: String,
    /// The name in the transfer; `.` for what a directory holds.
    pub(super) name: String,
    /// Whether it is all that a directory holds, not the directory.
    pub(super) is_dot: bool,
    /// Whether a slash at the end asks for what it holds.
    pub(super) with_content: bool,
}

impl Given {
    pub(super) fn of(source: &str, is_relative: bool) -> Option<Self> {
        let of = |directory: &str, name: &str, is_dot, with_content| {
            Some(Self { directory: directory.to_owned(), name: name.to_owned(), is_dot, with_content })
        };
        if !is_relative {
            let last = source.rsplit('/').next().unwrap_or_default();
            if matches!(last, "" | "." | "..") {
                let directory = if last == ".." { source } else { &source[..source.len() - last.len()] };
                let directory = if directory.len() > 1 { directory.trim_end_matches('/') } else { directory };
                let is_root = directory.is_empty() && source.starts_with('/');
                return of(if is_root { "/" } else { directory }, ".", true, true);
            }
            return match source.rsplit_once('/') {
                Some(("", name)) => of("/", name, false, false),
                Some((directory, name)) => of(directory, name, false, false),
                None => of("", source, false, false),
            };
        }
        let (directory, name) = match source.split_once("/./") {
            Some(("", name)) => ("/", name),
            Some((directory, name)) => (directory, name),
            None => ("", source),
        };
        let starts_with_slash = directory.is_empty() && name.starts_with('/');
        let with_content = name.ends_with('/') || name.ends_with("/.");
        let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") {
            return None;
        }
        if parts.is_empty() {
            return of(if starts_with_slash { "/" } else { directory }, ".", true, true);
        }
        let name = format!("{}{}", if starts_with_slash { "/" } else { "" }, parts.join("/"));
        of(directory, &name, false, with_content)
    }
}
