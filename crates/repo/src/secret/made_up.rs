//! Passwords that people made up: they count where a script takes them to another machine.

use crate::script::{Command, NodeId, Script, Word};
use twiceshy_source::Place;

/// Options that name the machine.
const HOST: &[&str] = &["-h", "--host", "--hostname", "-H"];

/// Where a script takes the password that stands at `place` to another machine; `None` where it stays on this one.
pub(super) fn used_at((script, id): (&Script, NodeId), name: &str, place: Place) -> Option<Place> {
    // `PGPASSWORD=… psql` is for this one command, `export PGPASSWORD=…` for all that follow.
    let declares = ["export", "declare", "typeset", "readonly", "local"];
    let is_for_one = script.command(id).is_some_and(|one| one.name().is_none_or(|name| !declares.contains(&&*name)));
    let own = |command: &Command<'_>| {
        let at = command.place();
        at.start <= place.start && place.end <= at.end
    };
    let takes = |command: &Command<'_>| {
        let by_name =
            command.words().iter().any(|word| word.variables().iter().any(|variable| *variable.name == *name));
        // libpq and MySQL's client read these themselves.
        by_name || matches!(name, "PGPASSWORD" | "MYSQL_PWD" | "SSHPASS" | "RSYNC_PASSWORD" | "RESTIC_PASSWORD")
    };
    script
        .commands()
        .filter(|command| own(command) || !is_for_one && takes(command))
        .find_map(|command| remote(command))
}

/// The word that names another machine.
fn remote(command: Command<'_>) -> Option<Place> {
    let script = command.script;
    let mut next_is_host = false;
    for word in command.words() {
        let said = script.value(word).likely();
        let Some(text) = said else {
            next_is_host = false;
            continue;
        };
        if std::mem::take(&mut next_is_host) && is_remote(&text) {
            return Some(script.place(word.span));
        }
        next_is_host = HOST.contains(&text.as_str());
        let host = HOST.iter().find_map(|option| text.strip_prefix(option)?.strip_prefix('='));
        let host =
            host.or_else(|| text.split_once("://").map(|(_, rest)| authority(rest))).or_else(|| login(word, &text));
        if host.is_some_and(is_remote) {
            return Some(script.place(word.span));
        }
    }
    None
}

/// The machine of `user:password@db.example.net:5432/shop`.
fn authority(rest: &str) -> &str {
    let rest = rest.split(['/', '?']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    rest.split(':').next().unwrap_or_default()
}

/// The machine of `deploy@web1.example.net:/srv`.
fn login<'t>(word: &Word, text: &'t str) -> Option<&'t str> {
    let (user, rest) = text.split_once('@')?;
    let is_user = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    (is_user && !word.parts.is_empty()).then(|| rest.split(':').next().unwrap_or_default())
}

/// Whether a name is that of another machine, and no example.
fn is_remote(host: &str) -> bool {
    let is_name = host.contains('.') && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let is_here = host.starts_with("127.")
        || host.starts_with("0.0.0.0")
        || host.ends_with(".internal")
        || host.ends_with(".localhost");
    let is_example = ["example.com", "example.org", "example.net", ".example", ".test", ".invalid"]
        .iter()
        .any(|end| host.ends_with(end));
    is_name && !is_here && !is_example
}
