//! `file:` URIs and paths.

use gen_lsp_types::Uri;
use std::path::{Path, PathBuf};

/// The URI of a path, with everything escaped that VS Code escapes, so that both write the same.
pub(crate) fn of(path: &Path) -> Uri {
    let text = path.to_string_lossy();
    let mut uri = String::from("file://");
    if !text.starts_with('/') {
        uri.push('/');
    }
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' if at == 0 && text.as_bytes().get(1) == Some(&b':') => {
                uri.push(char::from(byte.to_ascii_lowercase()));
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri(uri)
}

/// The path of a `file:` URI, without `.` and `..`; `None` for every other URI.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("file://")).map(|_| &uri.0[7..])?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().filter(|rest| rest.starts_with('/'))?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push((digit(left.next())? * 16 + digit(left.next())?) as u8);
    }
    let mut text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    // `/c:/x` on Windows.
    if cfg!(windows) && text.as_bytes().get(2) == Some(&b':') {
        text.remove(0);
    }
    let mut path = PathBuf::new();
    for part in Path::new(&text).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris_are_two_ways_to_write_the_same() {
        for path in ["/a/b.yml", "/a b/ä#?%.yml", "/[x]/@y/+page.svelte"] {
            assert_eq!(super::path(&of(Path::new(path))).as_deref(), Some(Path::new(path)));
        }
        assert_eq!(of(Path::new("/a b/+page@1.ts")).0, "file:///a%20b/%2Bpage%401.ts");
    }

    #[test]
    fn what_is_no_path_of_this_machine_has_none() {
        let path = |uri: &str| super::path(&Uri(uri.into()));
        for uri in [
            "untitled:Untitled-1",
            "git:/a",
            "file://server/share",
            "file:///%zz",
            "file:///%00",
            "file:///%ff",
            "",
            "fileé///",
        ] {
            assert_eq!(path(uri), None, "{uri}");
        }
        assert_eq!(path("file:///a/../b/./c").as_deref(), Some(Path::new("/b/c")));
        assert_eq!(path("FILE://localhost/a").as_deref(), Some(Path::new("/a")));
    }
}
