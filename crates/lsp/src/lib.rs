//! The editor's view of a report. The only crate that knows the Language Server Protocol.
//!
//! Invariants:
//! * One thread owns what is known of the files (the disk as it was last seen, what is open) and counts their states. A worker
//!   gets a state and hands back what is wrong with it; of a state that is no longer the newest, nobody is told.
//! * Whatever a client sends, the server answers, goes on, or ends with an exit code, and says why on standard error.
//! * Nothing of what is read is executed, and nothing is written: edits are handed to the client.

mod action;
mod check;
mod client;
mod generation;
mod hover;
mod publish;
mod pull;
mod request;
mod root;
mod server;
mod service;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod uri;
mod wire;

use lsp_server::Message;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use twiceshy_lint::Entry;
use wire::{Framer, Incoming};

/// Serves the client on standard input and output until it leaves. Exit codes: 0 after `shutdown`, 1 without.
pub fn serve(lints: &[Entry]) -> ExitCode {
    let (events, happens) = channel();
    let (out, outbox) = channel();
    let read_events = events.clone();
    let reader = std::thread::Builder::new().name("reader".into()).spawn(move || read(std::io::stdin(), &read_events));
    let gone = events.clone();
    let writer =
        std::thread::Builder::new().name("writer".into()).spawn(move || write(std::io::stdout(), &outbox, &gone));
    let (Ok(_), Ok(writer)) = (reader, writer) else {
        eprintln!("error: no threads can be started");
        return ExitCode::from(2);
    };
    let code = server::run(lints, events, &happens, out);
    // What was said last still has to get out. The reader is left behind: it may wait for input for ever.
    let _ = writer.join();
    code
}

/// What the server is told.
#[derive(Debug)]
pub(crate) enum Event {
    /// By the client.
    Client(Incoming),
    /// The client has gone, or no longer listens.
    Gone,
    /// By the worker.
    Worker(check::Said),
    /// By whoever worked on a request: its answer.
    Answered(lsp_server::Response),
}

/// What is said to the client.
#[derive(Debug)]
pub(crate) enum Out {
    Message(Message),
    /// A response to what is no request, with whatever id it names.
    Refusal {
        id: Value,
        error: Value,
    },
}

fn read(mut from: impl Read, events: &Sender<Event>) {
    let mut framer = Framer::default();
    let mut chunk = vec![0; 1 << 16];
    loop {
        while let Some(incoming) = framer.next() {
            if events.send(Event::Client(incoming)).is_err() {
                return;
            }
        }
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => framer.push(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                eprintln!("error: standard input cannot be read: {error}");
                break;
            }
        }
    }
    let _ = events.send(Event::Gone);
}

fn write(mut to: impl Write, outbox: &Receiver<Out>, events: &Sender<Event>) {
    for out in outbox {
        let written = match out {
            Out::Message(message) => message.write(&mut to),
            Out::Refusal { id, error } => {
                let text = json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string();
                write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| to.flush())
            }
        };
        if written.is_err() {
            // A client that does not listen has gone.
            let _ = events.send(Event::Gone);
            return;
        }
    }
}
