//! The server among lints that tests know: what becomes of it when one of them panics.

use crate::wire::Incoming;
use crate::{Event, Out, server, uri};
use lsp_server::{Message, Notification, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use twiceshy_lint::{Entry, Findings, Group, Level, Lint, Meta};
use twiceshy_repo::{FileId, Place, Repo};

const fn meta(module: &'static str) -> Meta {
    Meta {
        module,
        level: Level::Error,
        group: Group::Outage,
        readme: "# sample\n\nIt fails.\n",
        finds_in: twiceshy_lint::Kinds::ALL,
    }
}

/// The first file with a word, and where it stands there.
fn first(repo: &Repo, word: &str) -> Option<Place> {
    let stands = |file: FileId| Some((file, repo.tree.source(file).ok()?.text().find(word)?));
    let (file, at) = repo.tree.files().find_map(stands)?;
    Some(Place { file, start: at as u32, end: (at + word.len()) as u32 })
}

#[derive(Default, Deserialize)]
struct Fails;

impl Lint for Fails {
    type Subject = Repo;
    const META: Meta = meta("lints::it_fails");

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        if let Some(place) = first(repo, "FAIL") {
            found.at(place, "it fails");
        }
    }
}

#[derive(Default, Deserialize)]
struct Panics;

impl Lint for Panics {
    type Subject = Repo;
    const META: Meta = meta("lints::it_panics");

    fn check(&self, repo: &Repo, _: &Repo, _: &mut Findings) {
        assert!(first(repo, "PANIC").is_none(), "met a PANIC");
    }
}

/// A client in the same process.
struct Client {
    events: Sender<Event>,
    said: Receiver<Out>,
}

impl Client {
    fn notify(&self, method: &str, params: Value) {
        let note = Notification { method: method.into(), params };
        self.events.send(Event::Client(Incoming::Message(note.into()))).unwrap();
    }

    fn ask(&self, method: &str, params: Value) {
        let request = Request { id: 1.into(), method: method.into(), params };
        self.events.send(Event::Client(Incoming::Message(request.into()))).unwrap();
    }

    /// The next thing said in this way, and what was logged before it.
    fn wait(&self, method: &str) -> (Value, Vec<String>) {
        let mut log = Vec::new();
        loop {
            let Out::Message(message) = self.said.recv_timeout(Duration::from_secs(60)).unwrap() else { continue };
            match message {
                Message::Notification(note) if note.method == method => return (note.params, log),
                Message::Notification(note) if note.method == "window/logMessage" => {
                    log.push(note.params["message"].as_str().unwrap().to_owned());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_panic_in_a_lint_is_a_line_of_the_log_and_the_server_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap();
    let file = path.join("run.sh");
    let ((events, happens), (out, said)) = (channel(), channel());
    let client = Client { events: events.clone(), said };
    let server = std::thread::spawn(move || {
        server::run(&[Entry::of::<Fails>(), Entry::of::<Panics>()], events, &happens, out);
    });
    let folder = json!({"workspaceFolders": [{"uri": uri::of(&path), "name": "x"}], "capabilities": {}});
    client.ask("initialize", folder);
    client.notify("initialized", json!({}));
    let open = |version: i32, text: &str| json!({"textDocument": {"uri": uri::of(&file), "languageId": "x", "version": version, "text": text}});
    client.notify("textDocument/didOpen", open(1, "FAIL PANIC\n"));
    let (published, log) = client.wait("textDocument/publishDiagnostics");
    assert_eq!(published["diagnostics"][0]["code"], "it-fails", "what the others say is said");
    assert!(log.iter().any(|line| line.contains("it-panics stopped: met a PANIC")), "{log:?}");
    client.notify("textDocument/didOpen", open(2, "true\n"));
    let (published, log) = client.wait("textDocument/publishDiagnostics");
    assert_eq!((&published["diagnostics"], log), (&json!([]), Vec::new()));
    client.notify("exit", Value::Null);
    server.join().unwrap();
}
