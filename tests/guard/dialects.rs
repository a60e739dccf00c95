//! What agents send, and what they get: the shapes of their own documentation.

use crate::guard::platform;
use crate::harness::top;
use crate::program::fed;
use serde_json::{Value, json};

const DENIED: &str = "docker compose down -v";
const ASKED: &str = "git clean -fd";
const ALLOWED: &str = "docker compose ps";

/// The question of an agent about a command in a directory.
fn question(dialect: &str, command: &str, cwd: &str) -> Value {
    let input = json!({"command": command, "description": "x"});
    match dialect {
        "claude" => json!({
            "session_id": "abc", "transcript_path": "/t.jsonl", "cwd": cwd, "permission_mode": "default",
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": input, "tool_use_id": "toolu_1",
        }),
        "codex" => json!({
            "session_id": "abc", "turn_id": "t-1", "transcript_path": null, "cwd": cwd, "hook_event_name": "PreToolUse",
            "model": "m", "permission_mode": "default", "tool_name": "Bash", "tool_input": {"command": command},
            "tool_use_id": "call-1",
        }),
        "gemini" => json!({
            "session_id": "abc", "transcript_path": "/t.json", "cwd": cwd, "hook_event_name": "BeforeTool",
            "timestamp": "2026-01-01T00:00:00Z", "tool_name": "run_shell_command", "tool_input": input,
        }),
        "cursor" => json!({
            "conversation_id": "c", "generation_id": "g", "hook_event_name": "beforeShellExecution",
            "workspace_roots": [cwd], "command": command, "cwd": "",
        }),
        "copilot" => json!({
            "sessionId": "abc", "timestamp": 1_700_000_000, "cwd": cwd, "toolName": "bash",
            "toolArgs": input.to_string(),
        }),
        "copilot, as VS Code" => json!({
            "hook_event_name": "PreToolUse", "session_id": "abc", "timestamp": "2026-01-01T00:00:00Z", "cwd": cwd,
            "tool_name": "Bash", "tool_input": input,
        }),
        other => panic!("{other}"),
    }
}

#[test]
fn each_agent_is_answered_as_it_expects() {
    let repo = platform();
    let cwd = repo.path().to_str().unwrap();
    let decision = |dialect: &str, answer: &Value| -> Option<String> {
        let found = match dialect {
            "claude" | "codex" => &answer["hookSpecificOutput"]["permissionDecision"],
            "gemini" => &answer["decision"],
            "cursor" => &answer["permission"],
            _ => &answer["permissionDecision"],
        };
        found.as_str().map(str::to_owned)
    };
    // For a denial, a question, and for nothing to object; `None`: no word of ours.
    let table = [
        ("claude", ["deny", "ask"], None),
        ("codex", ["deny", "deny"], None),
        ("gemini", ["deny", "deny"], None),
        ("cursor", ["deny", "ask"], Some("allow")),
        ("copilot", ["deny", "ask"], None),
        ("copilot, as VS Code", ["deny", "ask"], None),
    ];
    for (dialect, objects, silence) in table {
        for (command, expected) in [(DENIED, Some(objects[0])), (ASKED, Some(objects[1])), (ALLOWED, silence)] {
            let asked = question(dialect, command, cwd).to_string();
            // From anywhere: the directory is the question's.
            let run = fed(&top(), &["guard"], &asked);
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{dialect}: {command}: {run:?}");
            let answer = if run.out.is_empty() { Value::Null } else { run.json() };
            assert_eq!(decision(dialect, &answer).as_deref(), expected, "{dialect}: {command}: {run:?}");
            if expected.is_some_and(|word| word != "allow") {
                assert!(run.out.contains("twiceshy "), "no reason: {run:?}");
            }
            if dialect != "copilot, as VS Code" {
                let named = fed(&top(), &["guard", "--dialect", dialect], &asked);
                assert_eq!(named.out, run.out, "{dialect}: recognised and named are one");
            }
        }
    }
}

#[test]
fn a_plain_question_is_answered_by_words_and_exit_codes() {
    let repo = platform();
    for (command, word, code) in [(DENIED, "deny", 2), (ASKED, "ask", 1), (ALLOWED, "allow", 0)] {
        let run = fed(repo.path(), &["guard"], command);
        assert_eq!((run.code, run.out.lines().next()), (code, Some(word)), "{run:?}");
        let asked = json!({"command": command}).to_string();
        let run = fed(repo.path(), &["guard", "--format", "json"], &asked);
        let answer = run.json();
        assert_eq!((run.code, answer["decision"].as_str(), answer["version"].as_i64()), (code, Some(word), Some(1)));
        assert_eq!(answer["objections"].as_array().unwrap().is_empty(), code == 0);
    }
    let group = fed(repo.path(), &["guard"], "{ cd ops; docker compose down -v; }");
    assert_eq!(group.code, 2, "a group of commands is not JSON: {group:?}");
}

#[test]
fn what_cannot_be_judged_is_never_let_through_in_silence() {
    let repo = platform();
    let cwd = repo.path().to_str().unwrap();
    let claude = |change: &dyn Fn(&mut Value)| {
        let mut asked = question("claude", DENIED, cwd);
        change(&mut asked);
        asked.to_string()
    };
    let whole = question("claude", DENIED, cwd).to_string();
    let broken = [
        String::new(),
        " \n".into(),
        "{}".into(),
        "{\"a\": 1}".into(),
        "{\"command\": 7}".into(),
        "{\"command\": [1]}".into(),
        "{\"hook_event_name\": \"PostToolUse\"}".into(),
        "{\"hook_event_name\": \"PreToolUse\"}".into(),
        "{\"hook_event_name\": \"PreToolUse\", \"tool_name\": 3, \"tool_input\": {}}".into(),
        format!("{{\"x\": {}", "[".repeat(100_000)),
        claude(&|asked| drop(asked["tool_input"].take())),
        claude(&|asked| asked["tool_input"] = json!("rm")),
        claude(&|asked| asked["tool_input"]["command"] = Value::Null),
    ];
    let cuts = (1..whole.len()).step_by(9).map(|end| whole[..end].to_owned());
    for text in broken.into_iter().chain(cuts) {
        let run = fed(repo.path(), &["guard"], &text);
        let shown: String = text.chars().take(80).collect();
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{shown}: {run:?}");
        assert!(run.err.contains("must not run"), "{shown}: {run:?}");
    }
    for text in ["not json", "[1]", "{\"hook_event_name\": \"SessionStart\"}"] {
        for dialect in ["claude", "codex", "gemini", "cursor", "copilot"] {
            let run = fed(repo.path(), &["guard", "--dialect", dialect], text);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{dialect}: {text}: {run:?}");
        }
    }
    let gone = fed(&top(), &["guard"], &question("claude", ALLOWED, "/no/such/directory").to_string());
    assert_eq!(gone.json()["hookSpecificOutput"]["permissionDecision"], "ask", "{gone:?}");
    let mut other = question("copilot", "Remove-Item x", cwd);
    other["toolName"] = json!("powershell");
    assert_eq!(fed(&top(), &["guard"], &other.to_string()).json()["permissionDecision"], "ask");
}

#[test]
fn a_tool_that_runs_no_command_is_none_of_ours() {
    let asked = json!({
        "transcript_path": "/t", "hook_event_name": "PreToolUse", "tool_name": "Read", "tool_input": {"file_path": "/x"},
    });
    let run = fed(&top(), &["guard"], &asked.to_string());
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
}

#[test]
fn the_configuration_that_it_prints_is_json_and_calls_it() {
    let all = fed(&top(), &["guard", "--install-hint"], "").out;
    for dialect in ["claude", "codex", "gemini", "cursor", "copilot"] {
        let own = fed(&top(), &["guard", "--install-hint", "--dialect", dialect], "").out;
        assert!(all.contains(&own), "{dialect}");
        let text: Vec<&str> = own.lines().filter(|line| !line.starts_with('#')).collect();
        let value: Value = serde_json::from_str(&text.join("\n")).unwrap();
        assert!(value["hooks"].is_object() && own.contains(&format!("twiceshy guard --dialect {dialect}")), "{own}");
    }
}
