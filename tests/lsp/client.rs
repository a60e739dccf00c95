//! A client that talks to the binary, never waiting longer than a deadline.

use crate::program;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take: far more than it needs on a busy machine, far less than for ever.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What most clients can do.
pub fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "window": {"workDoneProgress": true},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true},
            "codeAction": {"dataSupport": true, "resolveSupport": {"properties": ["edit"]}},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
        },
        "workspace": {
            "workspaceEdit": {"documentChanges": true},
            "didChangeWatchedFiles": {"dynamicRegistration": true},
            "workspaceFolders": true,
            "diagnostics": {"refreshSupport": true},
        },
    })
}

/// A running server and all that it has said.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    said: Receiver<Value>,
    /// What was said and not asked for yet.
    heard: VecDeque<Value>,
    /// The findings of each file as they were published last, by URI; files without any are left out.
    pub published: BTreeMap<String, Value>,
    /// How often anything was published.
    pub publications: usize,
    /// All that was logged.
    pub log: Vec<String>,
    /// Whether it leaves the server's requests to whoever uses it.
    pub is_slow: bool,
    next_id: i64,
}

impl Client {
    /// Starts the server; nothing is said yet.
    pub fn start() -> Self {
        let mut command = program::command(Path::new("."), &["lsp"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (say, said) = channel();
        std::thread::spawn(move || {
            let mut out = std::io::BufReader::new(out);
            while let Some(message) = read(&mut out) {
                if say.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            said,
            heard: VecDeque::new(),
            published: BTreeMap::new(),
            publications: 0,
            log: Vec::new(),
            is_slow: false,
            next_id: 0,
        }
    }

    /// Starts the server on `folders`, for a client with these capabilities.
    pub fn on(folders: &[&Path], capabilities: Value) -> Self {
        let mut client = Self::start();
        client.initialize(folders, capabilities);
        client
    }

    /// Says `initialize` and `initialized`.
    pub fn initialize(&mut self, folders: &[&Path], capabilities: Value) -> Value {
        let folders: Vec<Value> = folders.iter().map(|folder| json!({"uri": uri(folder), "name": "x"})).collect();
        let params =
            json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folders, "rootUri": null});
        let result = self.request("initialize", params).unwrap();
        self.notify("initialized", json!({}));
        result
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and gives back its id.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}));
        self.next_id
    }

    /// Sends a request and waits for its result, or its error.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(&json!(id))
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: &Value) -> Result<Value, Value> {
        let answer = self.wait(|message| message.get("method").is_none() && message["id"] == *id);
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Waits for a message that is like this, and takes it.
    pub fn wait(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.heard.iter().position(&is) {
                return self.heard.remove(at).unwrap();
            }
            let left = until.saturating_duration_since(Instant::now());
            let message = self
                .said
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("{error}: still waiting; heard {:?}, log {:?}", self.heard, self.log));
            self.hear(message);
        }
    }

    /// Takes in what has come.
    pub fn listen(&mut self) {
        while let Ok(message) = self.said.try_recv() {
            self.hear(message);
        }
    }

    fn hear(&mut self, message: Value) {
        match message["method"].as_str() {
            Some("textDocument/publishDiagnostics") => {
                self.publications += 1;
                let params = &message["params"];
                let uri = params["uri"].as_str().unwrap().to_owned();
                if params["diagnostics"].as_array().unwrap().is_empty() {
                    self.published.remove(&uri);
                } else {
                    self.published.insert(uri, params["diagnostics"].clone());
                }
                self.heard.push_back(message);
            }
            Some("window/logMessage") => self.log.push(message["params"]["message"].as_str().unwrap().to_owned()),
            Some(_) if message.get("id").is_some() => {
                if !self.is_slow {
                    self.consent(&message);
                }
                self.heard.push_back(message);
            }
            _ => self.heard.push_back(message),
        }
    }

    /// Answers a request of the server's.
    pub fn consent(&mut self, request: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": null}));
    }

    /// Waits until the server has nothing more to say about what it was told: it answers only when it knows.
    pub fn settle(&mut self) {
        self.request("workspace/diagnostic", json!({"previousResultIds": []})).unwrap();
    }

    /// Takes all that was heard and is like this.
    pub fn take(&mut self, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let (taken, left): (Vec<Value>, VecDeque<Value>) = std::mem::take(&mut self.heard).into_iter().fold(
            (Vec::new(), VecDeque::new()),
            |(mut taken, mut left), message| {
                if is(&message) {
                    taken.push(message)
                } else {
                    left.push_back(message)
                }
                (taken, left)
            },
        );
        self.heard = left;
        taken
    }

    pub fn open(&mut self, path: &Path, text: &str) {
        let document = json!({"uri": uri(path), "languageId": "x", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the whole text of a document.
    pub fn replace(&mut self, path: &Path, version: i64, text: &str) {
        let document = json!({"uri": uri(path), "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }

    pub fn close(&mut self, path: &Path) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri(path)}}));
    }

    /// Tells of changes on the disk: 1 created, 2 changed, 3 deleted.
    pub fn watched(&mut self, events: &[(&Path, u8)]) {
        let changes: Vec<Value> = events.iter().map(|(path, kind)| json!({"uri": uri(path), "type": kind})).collect();
        self.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    }

    /// What is published about a file, each as `line:column lint`, from 1.
    pub fn findings(&self, path: &Path) -> Vec<String> {
        let found = self.published.get(&uri(path)).and_then(Value::as_array).into_iter().flatten();
        let say = |it: &Value| {
            let at = &it["range"]["start"];
            let (line, column) = (at["line"].as_u64().unwrap() + 1, at["character"].as_u64().unwrap() + 1);
            format!("{line}:{column} {}", it["code"].as_str().unwrap())
        };
        found.map(say).collect()
    }

    /// Closes the server's input and waits for its end: its exit code.
    pub fn end(mut self) -> i32 {
        drop(self.input.take());
        self.code()
    }

    /// Waits for its end: its exit code.
    pub fn code(&mut self) -> i32 {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("a signal ended it");
            }
            assert!(Instant::now() < until, "still running");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Client {
    /// The server's process.
    #[allow(dead_code, reason = "for the bench")]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(from: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            field => {
                if let Some(value) = field.strip_prefix("Content-Length: ") {
                    length = value.parse().unwrap();
                }
            }
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// The URI of a path without characters that want escaping.
pub fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_str().unwrap().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A directory with these files, and its path without symbolic links.
pub fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let directory = program::place(&files);
    let path = directory.path().canonicalize().unwrap();
    (directory, path)
}
