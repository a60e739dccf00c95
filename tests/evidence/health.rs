//! What `curl -f` hears from handlers beside a database without tables.

use crate::harness::{self, Files};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const ASKS_NOBODY: &str = "    return jsonify(status='ok')\n";
const DEGRADED: &str = "    try:\n        connection.execute('SELECT 1 FROM memories')\n    except sqlite3.Error:\n        \
                        return jsonify(status='degraded')\n    return jsonify(status='ok')\n";
const SAYS_NO: &str = "    try:\n        connection.execute('SELECT 1 FROM memories')\n    except sqlite3.Error:\n        \
                       return jsonify(status='degraded'), 503\n    return jsonify(status='ok')\n";

fn application(handler: &str) -> String {
    format!(
        "import sqlite3\n\nfrom flask import Flask, jsonify\n\napp = Flask(__name__)\n\
         connection = sqlite3.connect(':memory:', check_same_thread=False)\n\n\n\
         @app.route('/health')\ndef health():\n{handler}"
    )
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether `curl -f` takes the answer of the application, served by the Python environment of the tests.
fn passes(application: &str) -> bool {
    let program = format!(
        "{application}\n\nfrom werkzeug.serving import make_server\nserver = make_server('127.0.0.1', 0, app)\n\
         print(server.port, flush=True)\nserver.serve_forever()\n"
    );
    let python = harness::top().join("target/evidence/venv/bin/python");
    let mut child =
        Command::new(python).args(["-c", &program]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let _server = Server(child);
    let url = format!("http://127.0.0.1:{}/health", port.trim());
    Command::new("curl").args(["-fsS", "--noproxy", "*", "-o", "/dev/null", &url]).output().unwrap().status.success()
}

fn is_reported(application: &str) -> bool {
    let compose = "services:\n  db: { image: 'postgres:16', environment: { POSTGRES_PASSWORD: x } }\n  api:\n    build: .\n    \
                   depends_on: [db]\n    healthcheck: { test: curl -f http://127.0.0.1:8000/health }\n  web:\n    \
                   image: example.org/web:1\n    depends_on: { api: { condition: service_healthy } }\n";
    let dockerfile = "FROM python:3.12\nCOPY . .\nCMD [\"gunicorn\", \"app:app\"]\n";
    let files: Files = [("compose.yml", compose), ("Dockerfile", dockerfile), ("app.py", application)]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let repo = harness::repo(&files);
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "health-skips-database").unwrap();
    !harness::report_of(&repo, &lint).diagnostics.is_empty()
}

#[test]
fn handlers_that_are_reported_pass_beside_a_database_without_tables() {
    for (handler, passes_anyway) in [(ASKS_NOBODY, true), (DEGRADED, true), (SAYS_NO, false)] {
        let application = application(handler);
        assert_eq!(passes(&application), passes_anyway, "{handler}");
        assert_eq!(is_reported(&application), passes_anyway, "{handler}");
    }
}
