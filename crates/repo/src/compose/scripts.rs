//! Shell in a compose file: what `sh -c` in a command or entrypoint runs, and health checks.

use super::command::{Command, Healthcheck, TestForm, script_of};
use super::value::{Key, Value};
use crate::Lowered;
use crate::script::{Dialect, Host, Script, Start};
use rustc_hash::FxHashSet;
use twiceshy_source::{Extract, Place};

/// Lowers the scripts of a document's services. What an anchor gives to many services is lowered once.
pub(super) fn lower(document: &Value, out: &mut Lowered) {
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    for (key, service) in document.get("services").map(Value::entries).unwrap_or_default() {
        let read = |name: &str| service.get(name).and_then(Command::read);
        let (entrypoint, command) = (read("entrypoint"), read("command"));
        let words = |command: &Option<Command>| command.as_ref().map(Command::argv).unwrap_or_default();
        if let Some(entrypoint) = &entrypoint {
            // `entrypoint: [sh, -c]` takes the command for its script.
            let own = words(&Some(entrypoint.clone()));
            let (name, argv) = match script_of(&own) {
                Some(_) => ("entrypoint", own),
                None => ("command", own.into_iter().chain(words(&command)).collect()),
            };
            add(&argv, key, name, &mut seen, out);
        }
        if entrypoint.is_none() {
            add(&words(&command), key, "command", &mut seen, out);
        }
        let Some(test) = service.get("healthcheck").and_then(Healthcheck::read).and_then(|check| check.test) else {
            continue;
        };
        match &test.form {
            TestForm::Shell(script) => {
                add_script(
                    script.interpolated(),
                    script.place(),
                    Start::plain(Dialect::Sh),
                    host(key, "healthcheck"),
                    &mut seen,
                    out,
                );
            }
            _ => add(&test.argv(), key, "healthcheck", &mut seen, out),
        }
    }
}

fn host(service: &Key, key: &str) -> Host {
    Host::Service { service: service.text.to_string(), key: key.to_owned() }
}

fn add(argv: &[Extract], service: &Key, key: &str, seen: &mut FxHashSet<Place>, out: &mut Lowered) {
    let Some(script) = script_of(argv) else { return };
    let before = argv.iter().take_while(|word| !std::ptr::eq(*word, script));
    let Some(start) = Start::of_words(before.map(Extract::text)) else { return };
    let place = script.place(twiceshy_source::Span::new(0, script.text().len()));
    add_script(script.clone(), place, start, host(service, key), seen, out);
}

fn add_script(script: Extract, place: Place, start: Start, host: Host, seen: &mut FxHashSet<Place>, out: &mut Lowered) {
    if seen.insert(place) {
        out.scripts.extend(Script::new(script, host, start));
    }
}
