//! The loop that owns everything: documents, systems, requests.

mod systems;

use crate::check::{self, Job, Said, Snapshot};
use crate::client::Client;
use crate::request::{self, Asked};
use crate::root::Root;
use crate::system::{Progress, System};
use crate::text::Document;
use crate::wire::Incoming;
use crate::{Event, Out, pull, uri};
use gen_lsp_types as lsp;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use twiceshy_lint::Entry;
use twiceshy_repo::STACK;
use twiceshy_source::{Buffer, Limits, Source};

/// Serves until the client leaves.
pub(crate) fn run(lints: &[Entry], events: Sender<Event>, happens: &Receiver<Event>, out: Sender<Out>) -> ExitCode {
    let threads = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let Ok(pool) = threads.map(Arc::new) else {
        eprintln!("error: no threads can be started");
        return ExitCode::from(2);
    };
    let lints: Arc<[Entry]> = lints.into();
    let (jobs, given) = channel();
    {
        let (pool, lints, events) = (pool.clone(), lints.clone(), events.clone());
        let say = move |said| events.send(Event::Worker(said)).is_ok();
        std::thread::spawn(move || check::work(&given, &pool, &lints, &say));
    }
    // Taking a state of a large repository apart takes a while, and nobody should wait for it.
    let (past, gone) = channel::<Arc<dyn Any + Send + Sync>>();
    std::thread::spawn(move || gone.into_iter().for_each(drop));
    let mut server = Server {
        lints,
        out,
        events,
        jobs,
        past,
        pool,
        stage: Stage::Silent,
        client: Arc::default(),
        documents: BTreeMap::new(),
        systems: Vec::new(),
        next_system: 0,
        waiting: Vec::new(),
        running: FxHashMap::default(),
        ours: FxHashMap::default(),
        next_id: 0,
        told: None,
    };
    server.serve(happens)
}

/// How long after it was asked to, or after a folder was added, a client may still be starting what watches the disk for it.
const WATCHES_WITHIN: Duration = Duration::from_secs(1);

/// Where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before `initialize`.
    Silent,
    /// After it.
    Open,
    /// After `shutdown`.
    Closed,
}

/// A document that is open.
#[derive(Debug)]
struct Held {
    /// As the client names it.
    uri: lsp::Uri,
    document: Document,
    /// The text as the worker wants it, once it was asked for.
    buffer: Option<Buffer>,
}

impl Held {
    fn buffer(&mut self) -> Buffer {
        self.buffer.get_or_insert_with(|| Source::open(&self.document.text, Limits::default())).clone()
    }
}

/// A request that waits for the findings of the newest state.
#[derive(Debug)]
struct Waiting {
    id: RequestId,
    /// Of which system; `None`: of all.
    system: Option<u32>,
    asked: Asked,
}

/// What a request of ours was about.
#[derive(Debug)]
enum Ours {
    Progress(u32),
    Watch,
    Refresh,
}

struct Server {
    lints: Arc<[Entry]>,
    out: Sender<Out>,
    events: Sender<Event>,
    jobs: Sender<Job>,
    /// States that are over, and what was found in them.
    past: Sender<Arc<dyn Any + Send + Sync>>,
    pool: Arc<rayon::ThreadPool>,
    stage: Stage,
    client: Arc<Client>,
    documents: BTreeMap<PathBuf, Held>,
    systems: Vec<System>,
    next_system: u32,
    waiting: Vec<Waiting>,
    /// Requests that somebody works on.
    running: FxHashMap<RequestId, ()>,
    ours: FxHashMap<RequestId, Ours>,
    next_id: i32,
    /// Since when the client tells what happens on the disk.
    told: Option<Instant>,
}

/// The end of the conversation.
struct End(ExitCode);

impl Server {
    fn serve(&mut self, happens: &Receiver<Event>) -> ExitCode {
        loop {
            let wakes = self.systems.iter().filter(|system| self.polls(system)).map(System::looks_next).min();
            let event = match wakes {
                Some(at) => match happens.recv_timeout(at.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return self.code(),
                    Ok(event) => Some(event),
                },
                None => match happens.recv() {
                    Ok(event) => Some(event),
                    Err(_) => return self.code(),
                },
            };
            // What has come in the meantime is one change, not many.
            let mut next = event;
            while let Some(event) = next {
                if let Err(End(code)) = self.handle(event) {
                    return code;
                }
                next = happens.try_recv().ok();
            }
            self.poll();
            self.dispatch();
            self.answer_waiting();
        }
    }

    fn code(&self) -> ExitCode {
        if self.stage == Stage::Closed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn handle(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Client(Incoming::Message(Message::Request(request))) => self.request(request),
            Event::Client(Incoming::Message(Message::Notification(note))) => return self.notification(note),
            Event::Client(Incoming::Message(Message::Response(response))) => self.response(&response),
            Event::Client(Incoming::Malformed { code, what, id }) => {
                self.log(lsp::MessageType::Warning, &what);
                let error = json!({"code": code, "message": what});
                let _ = self.out.send(Out::Refusal { id, error });
            }
            Event::Gone => return Err(End(self.code())),
            Event::Worker(Said::Progress { system, text }) => self.progress(system, &text),
            Event::Worker(Said::First(first)) => self.first(first),
            Event::Worker(Said::Done(outcome)) => self.done(*outcome),
            Event::Answered(response) => {
                // Nobody waits any more for the answer to a request that was cancelled.
                if self.running.remove(&response.id).is_some() {
                    self.send(response);
                }
            }
        }
        Ok(())
    }

    // What is said.

    fn send(&self, message: impl Into<Message>) {
        let _ = self.out.send(Out::Message(message.into()));
    }

    fn notify<N: lsp::Notification>(&self, params: &N::Params)
    where
        N::Params: serde::Serialize,
    {
        self.send(Notification::new(N::METHOD.to_string(), params));
    }

    fn ask(&mut self, method: &str, params: Value, ours: Ours) {
        self.next_id += 1;
        let id = RequestId::from(self.next_id);
        self.ours.insert(id.clone(), ours);
        self.send(Request { id, method: method.to_owned(), params });
    }

    fn log(&self, level: lsp::MessageType, text: &str) {
        eprintln!("twiceshy: {text}");
        if self.stage != Stage::Silent {
            let params = lsp::LogMessageParams { kind: level, message: text.to_owned() };
            self.notify::<lsp::LogMessageNotification>(&params);
        }
    }

    // Requests.

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let refuse = |code: ErrorCode, what: &str| Response::new_err(id.clone(), code as i32, what.to_owned());
        let refusal = match (self.stage, method.as_str()) {
            (Stage::Silent, "initialize") => {
                let result = self.initialize(&params);
                return self.send(Response::new_ok(id, result));
            }
            (Stage::Silent, _) => refuse(ErrorCode::ServerNotInitialized, "the first request is `initialize`"),
            (Stage::Closed, _) => refuse(ErrorCode::InvalidRequest, "after `shutdown` there is only `exit`"),
            (Stage::Open, "initialize") => refuse(ErrorCode::InvalidRequest, "`initialize` is said only once"),
            (Stage::Open, "shutdown") => {
                self.stage = Stage::Closed;
                for waiting in std::mem::take(&mut self.waiting) {
                    let what = "the server was told to shut down".to_owned();
                    self.send(Response::new_err(waiting.id, ErrorCode::ServerCancelled as i32, what));
                }
                return self.send(Response::new_ok(id, Value::Null));
            }
            (Stage::Open, method) => match Asked::of(method, params) {
                Ok(asked) => match self.system_asked(&asked) {
                    Ok(system) => return self.waiting.push(Waiting { id, system, asked }),
                    Err(nothing) => return self.send(Response::new_ok(id, nothing)),
                },
                Err((code, what)) => refuse(code, &what),
            },
        };
        self.send(refusal);
    }

    /// Which system a request is about; an empty answer for files that belong to none.
    fn system_asked(&self, asked: &Asked) -> Result<Option<u32>, Value> {
        let Some(uri) = asked.uri() else { return Ok(None) };
        let path = uri::path(uri);
        let systems =
            path.iter().flat_map(|path| self.systems.iter().filter(|system| system.root.inside(path).is_some()));
        // Of folders inside of each other, the innermost.
        let innermost = systems.max_by_key(|system| system.root.directory.components().count());
        innermost.map(|system| Some(system.id)).ok_or_else(|| asked.nothing())
    }

    /// Answers what has waited for the newest findings, where they are known now.
    fn answer_waiting(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            let Waiting { id, system, asked } = waiting;
            let about = |other: &&System| system.is_none_or(|id| other.id == id);
            let systems: Vec<&System> = self.systems.iter().filter(about).collect();
            if systems.is_empty() && system.is_some() {
                self.send(Response::new_ok(id, asked.nothing()));
                continue;
            }
            let is_known = |system: &System| match &asked {
                Asked::Diagnostics(params) => {
                    let path = uri::path(&params.text_document.uri).and_then(|path| system.root.inside(&path));
                    path.is_some_and(|path| system.knows(&path))
                }
                _ => system.fresh().is_some(),
            };
            if systems.iter().any(|system| !is_known(system) && !system.has_failed()) {
                self.waiting.push(Waiting { id, system, asked });
                continue;
            }
            let fresh = systems.iter().filter_map(|system| system.fresh());
            match asked {
                Asked::AllDiagnostics(params) => {
                    let files = self.all_files();
                    self.send(Response::new_ok(id, pull::all(&files, &params)));
                }
                Asked::Diagnostics(params) => {
                    let path = uri::path(&params.text_document.uri);
                    let found = path.map(|path| self.found(&path)).unwrap_or_default();
                    self.send(Response::new_ok(id, pull::one(&found, &params)));
                }
                asked => {
                    let Some(snapshot) = fresh.into_iter().next().cloned() else {
                        let what = "the system could not be read; the log says why".to_owned();
                        self.send(Response::new_err(id, ErrorCode::RequestFailed as i32, what));
                        continue;
                    };
                    self.work_on(id, asked, snapshot);
                }
            }
        }
    }

    /// Hands a request to the pool.
    fn work_on(&mut self, id: RequestId, asked: Asked, snapshot: Arc<Snapshot>) {
        let open = self.open(&snapshot.root);
        let (lints, events) = (self.lints.clone(), self.events.clone());
        self.running.insert(id.clone(), ());
        self.pool.spawn(move || {
            let response = request::answer(id, &asked, &snapshot, &open, &lints);
            let _ = events.send(Event::Answered(response));
        });
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.stage = Stage::Open;
        self.client = Arc::new(Client::of(params));
        let folders = params.get("workspaceFolders").and_then(Value::as_array).into_iter().flatten();
        let mut roots: Vec<String> =
            folders.filter_map(|folder| folder.get("uri")?.as_str()).map(str::to_owned).collect();
        if roots.is_empty() {
            // What clients said before there were folders.
            let path = params.get("rootPath").and_then(Value::as_str).map(|path| uri::of(Path::new(path)).0);
            roots.extend(params.get("rootUri").and_then(Value::as_str).map(str::to_owned).or(path));
        }
        for root in roots {
            self.add_folder(&lsp::Uri(root));
        }
        let mut capabilities = json!({
            "positionEncoding": self.client.encoding.kind(),
            "textDocumentSync": {"openClose": true, "change": lsp::TextDocumentSyncKind::Incremental, "save": true},
            "hoverProvider": true,
            "definitionProvider": true,
            "codeActionProvider": {
                "codeActionKinds": ["quickfix", crate::action::FIX_ALL],
                "resolveProvider": true,
            },
            "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
        });
        if self.client.pulls {
            capabilities["diagnosticProvider"] =
                json!({"identifier": "twiceshy", "interFileDependencies": true, "workspaceDiagnostics": true});
        }
        json!({
            "capabilities": capabilities,
            "serverInfo": {"name": "twiceshy", "version": env!("CARGO_PKG_VERSION")},
        })
    }

    // Notifications.

    fn notification(&mut self, note: Notification) -> Result<(), End> {
        let Notification { method, params } = note;
        if method == "exit" {
            return Err(End(self.code()));
        }
        if self.stage != Stage::Open {
            return Ok(());
        }
        match method.as_str() {
            "initialized" => self.initialized(),
            "textDocument/didOpen" => self.with(&method, params, Self::opened),
            "textDocument/didChange" => self.with(&method, params, Self::changed),
            "textDocument/didClose" => self.with(&method, params, Self::closed),
            "textDocument/didSave" => self.with(&method, params, Self::saved),
            "workspace/didChangeWatchedFiles" => self.with(&method, params, Self::watched),
            "workspace/didChangeWorkspaceFolders" => self.with(&method, params, Self::folders_changed),
            "$/cancelRequest" => self.with(&method, params, Self::cancelled),
            // What is unknown and begins with `$/` may be passed over in silence; so may all that asks for no answer.
            _ => {}
        }
        Ok(())
    }

    fn with<P: DeserializeOwned>(&mut self, method: &str, params: Value, then: impl FnOnce(&mut Self, P)) {
        match serde_json::from_value(params) {
            Ok(params) => then(self, params),
            Err(error) => {
                self.log(lsp::MessageType::Warning, &format!("{method}: these are not its parameters: {error}"))
            }
        }
    }

    fn initialized(&mut self) {
        if self.client.watches {
            let options = json!({"watchers": [{"globPattern": "**/*"}, {"globPattern": "**/.git/index"}]});
            let watch = json!({"registrations": [
                {"id": "twiceshy/files", "method": "workspace/didChangeWatchedFiles", "registerOptions": options}
            ]});
            self.ask("client/registerCapability", watch, Ours::Watch);
        }
    }

    fn opened(&mut self, params: lsp::DidOpenTextDocumentParams) {
        let item = params.text_document;
        let Some(path) = uri::path(&item.uri) else { return };
        let document = Document { version: item.version, text: item.text };
        let held = Held { uri: item.uri, document, buffer: None };
        if !self.systems.iter().any(|system| system.root.inside(&path).is_some()) {
            self.add(Root::around(&path), false);
        }
        let is_named_otherwise = held.uri != uri::of(&path);
        // Opened twice, it was not the disk's text that was looked at.
        let is_again = self.documents.insert(path.clone(), held).is_some();
        let is_other = self.reconsider(&path, !is_again);
        // What the client was told before had the name that we gave to the file. Of another text it is told anew anyway.
        if !self.client.pulls && (is_named_otherwise || !is_other) && !self.found(&path).is_empty() {
            self.publish(&path);
        }
    }

    fn closed(&mut self, params: lsp::DidCloseTextDocumentParams) {
        let Some(path) = uri::path(&params.text_document.uri) else { return };
        self.reconsider(&path, true);
        let Some(held) = self.documents.remove(&path) else { return };
        if !self.client.pulls && held.uri != uri::of(&path) && !self.found(&path).is_empty() {
            let params = lsp::PublishDiagnosticsParams::new(held.uri, None, Vec::new());
            self.notify::<lsp::PublishDiagnosticsNotification>(&params);
            self.publish(&path);
        }
        // A system that is no folder of the workspace lives as long as one of its files is open.
        let is_open = |system: &System| self.documents.keys().any(|path| system.root.inside(path).is_some());
        let left: Vec<u32> = self.systems.iter().filter(|it| !it.is_folder && !is_open(it)).map(|it| it.id).collect();
        left.into_iter().for_each(|system| self.remove(system));
    }

    /// Opening or closing a document changes something only where it is not what the disk holds; whether it does.
    fn reconsider(&mut self, path: &Path, was_on_disk: bool) -> bool {
        let Some(held) = self.documents.get_mut(path) else { return false };
        let text = held.buffer().map(|source| source.text().to_owned()).ok();
        let mut is_other = false;
        for system in &mut self.systems {
            if let Some(inside) = system.root.inside(path)
                && (!was_on_disk || text.is_none() || system.text_on_disk(&inside) != text)
            {
                system.change(inside);
                is_other = true;
            }
        }
        is_other
    }

    fn changed(&mut self, params: lsp::DidChangeTextDocumentParams) {
        let id = params.text_document;
        let Some(path) = uri::path(&id.text_document_identifier.uri) else { return };
        let Some(held) = self.documents.get_mut(&path) else {
            let what = format!("{} was changed and is not open", id.text_document_identifier.uri.0);
            return self.log(lsp::MessageType::Warning, &what);
        };
        held.document.change(id.version, &params.content_changes, self.client.encoding);
        held.buffer = None;
        for system in &mut self.systems {
            if let Some(inside) = system.root.inside(&path) {
                system.change(inside);
            }
        }
    }

    fn saved(&mut self, params: lsp::DidSaveTextDocumentParams) {
        let path = uri::path(&params.text_document.uri);
        let is_told = self.told.is_some();
        for system in &mut self.systems {
            // Only what is no folder of the client's, or all when it tells nothing, has to be looked at.
            if !(is_told && system.is_folder) && path.as_ref().is_some_and(|path| system.root.inside(path).is_some()) {
                system.look_again();
            }
        }
    }

    fn watched(&mut self, params: lsp::DidChangeWatchedFilesParams) {
        for event in params.changes {
            let Some(path) = uri::path(&event.uri) else { continue };
            let is_open = self.documents.contains_key(&path);
            for system in &mut self.systems {
                let Some(inside) = system.root.inside(&path) else { continue };
                let is_known = system.lists(&inside);
                if let Some((_, git)) =
                    inside.split_once(".git/").filter(|(before, _)| before.is_empty() || before.ends_with('/'))
                {
                    // What git tracks is in its index; all else there is its own.
                    if git == "index" {
                        system.look_again();
                    }
                } else if event.kind != lsp::FileChangeType::Changed || inside.ends_with(".gitignore") {
                    system.look_again();
                } else if is_known && !is_open {
                    system.change(inside);
                }
            }
        }
    }

    fn cancelled(&mut self, params: Value) {
        let Some(id) = params.get("id").and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok()) else {
            return;
        };
        let waited = self.waiting.iter().position(|waiting| waiting.id == id);
        if let Some(at) = waited {
            self.waiting.remove(at);
        }
        if waited.is_some() || self.running.remove(&id).is_some() {
            let what = "the client took the request back".to_owned();
            self.send(Response::new_err(id, ErrorCode::RequestCanceled as i32, what));
        }
    }

    fn response(&mut self, response: &Response) {
        let failed = response.response_result.is_err();
        match self.ours.remove(&response.id) {
            Some(Ours::Watch) => self.told = (!failed).then(Instant::now),
            Some(Ours::Progress(system)) => {
                if let Some(system) =
                    self.systems.iter_mut().find(|it| it.id == system && it.progress == Progress::Asked)
                {
                    system.progress = if failed { Progress::Over } else { Progress::Begun };
                    if !failed {
                        let name = system.root.name();
                        let (id, title) = (system.id, format!("twiceshy: checking {name}"));
                        self.say_progress(id, &json!({"kind": "begin", "title": title}));
                    }
                }
            }
            Some(Ours::Refresh) | None => {}
        }
    }
}
