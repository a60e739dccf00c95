//! The server among lints that tests know: what becomes of it when one of them panics.

use crate::wire::Incoming;
use crate::{Event, Out, server, uri};
use lsp_server::{Message, Notification, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use twiceshy_lint::{Entry, Findings, Group, Kind, Kinds, Level, Lint, Meta};
use twiceshy_repo::{FileId, Place, Repo};

const fn meta(module: &'static str) -> Meta {
    let (finds_in, reads) = (Kinds::ALL, Kinds::ALL);
    Meta { module, level: Level::Error, group: Group::Outage, readme: "# sample\n\nIt fails.\n", finds_in, reads }
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

/// Finds something in Python modules, and takes as long as it is told to. It forgets to say that it also finds something in
/// scripts.
#[derive(Default, Deserialize)]
struct Waits;

static GOES_ON: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

impl Lint for Waits {
    type Subject = Repo;
    const META: Meta = Meta { finds_in: Kinds::NONE.with(Kind::Python), ..meta("lints::it_waits") };

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        if let Some(place) = first(repo, "WAIT") {
            let (goes_on, told) = &GOES_ON;
            drop(told.wait_while(goes_on.lock().unwrap(), |goes_on| !*goes_on).unwrap());
            found.at(place, "it was waited for");
            if let Some(place) = first(repo, "import") {
                found.at(place, "it waited");
            }
        }
    }
}

/// A client in the same process.
struct Client {
    events: Sender<Event>,
    said: Receiver<Out>,
}

impl Client {
    /// A client with a server for one folder.
    fn of(folder: &Path, lints: Vec<Entry>, capabilities: &Value) -> (Self, JoinHandle<()>) {
        let ((events, happens), (out, said)) = (channel(), channel());
        let client = Self { events: events.clone(), said };
        let server = std::thread::spawn(move || {
            let _code = server::run(&lints, events, &happens, out);
        });
        let folders = json!([{"uri": uri::of(folder), "name": "x"}]);
        client.ask("initialize", json!({"workspaceFolders": folders, "capabilities": capabilities}));
        client.notify("initialized", json!({}));
        (client, server)
    }

    fn open(&self, file: &Path, version: i32, text: &str) {
        let document = json!({"uri": uri::of(file), "languageId": "x", "version": version, "text": text});
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

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
    let (client, server) = Client::of(&path, vec![Entry::of::<Fails>(), Entry::of::<Panics>()], &json!({}));
    client.open(&file, 1, "FAIL PANIC\n");
    let (published, _) = client.wait("textDocument/publishDiagnostics");
    assert_eq!(published["diagnostics"][0]["code"], "it-fails", "what the others say is said");
    let (log, _) = client.wait("window/logMessage");
    assert!(log["message"].as_str().unwrap().contains("it-panics stopped: met a PANIC"), "{log}");
    client.open(&file, 2, "true\n");
    let (published, log) = client.wait("textDocument/publishDiagnostics");
    assert_eq!((&published["diagnostics"], log), (&json!([]), Vec::new()));
    client.notify("exit", Value::Null);
    server.join().unwrap();
}

#[test]
fn the_file_in_which_somebody_types_is_told_about_before_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap();
    let (file, module) = (path.join("run.sh"), path.join("a.py"));
    let (client, server) = Client::of(&path, vec![Entry::of::<Fails>(), Entry::of::<Waits>()], &json!({}));
    client.open(&module, 1, "import os\n");
    client.open(&file, 1, "FAIL\n");
    client.wait("textDocument/publishDiagnostics");
    let module = uri::of(&module);
    let change = |version: i32, text: &str| {
        let document = json!({"uri": uri::of(&file), "version": version});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        client.notify("textDocument/didChange", params);
    };
    change(2, "WAIT\n");
    let (published, _) = client.wait("textDocument/publishDiagnostics");
    assert_eq!((&published["version"], &published["diagnostics"]), (&json!(2), &json!([])));
    // What is asked about it is answered too.
    client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": uri::of(&file)}}));
    loop {
        let Out::Message(message) = client.said.recv_timeout(Duration::from_secs(60)).unwrap() else { continue };
        match message {
            Message::Response(response) if response.id == 1.into() => break,
            Message::Notification(note) => assert_ne!(note.params["uri"], json!(module), "nobody let it go on"),
            _ => {}
        }
    }
    *GOES_ON.0.lock().unwrap() = true;
    GOES_ON.1.notify_all();
    let (published, _) = client.wait("textDocument/publishDiagnostics");
    assert_eq!((&published["uri"], &published["diagnostics"][0]["code"]), (&json!(module), &json!("it-waits")));
    // A kind that a lint has forgotten is heard of then.
    let (published, _) = client.wait("textDocument/publishDiagnostics");
    assert_eq!((&published["uri"], &published["diagnostics"][0]["code"]), (&json!(uri::of(&file)), &json!("it-waits")));
    client.notify("exit", Value::Null);
    server.join().unwrap();
}
