//! How agents ask before they run a command, and how they hear the answer. Each row says where that was read.

use super::judge::{Answer, Verdict};
use crate::args::{Asking, Style};
use serde_json::{Value, json};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A person or a script: the command itself, or `{"command": …, "cwd": …}`. Exit codes 0 allow, 1 ask, 2 deny.
    Plain,
    /// Claude Code's `PreToolUse`: <https://code.claude.com/docs/en/hooks>. Nothing on standard output and exit code 0: what
    /// its own rules say. `allow` would go past them, so it is never said.
    Claude,
    /// Codex' `PreToolUse`, which knows no `ask` and lets run what it does not know: openai/codex,
    /// `codex-rs/hooks/src/engine/output_parser.rs`.
    Codex,
    /// Gemini CLI's `BeforeTool`, which knows no `ask`: google-gemini/gemini-cli, `docs/hooks/reference.md`.
    Gemini,
    /// Cursor's `beforeShellExecution`, as npm's `cursor-hooks` declares it; Cursor's own page was not seen.
    Cursor,
    /// GitHub Copilot's `preToolUse`: github/docs, `content/copilot/reference/hooks-reference.md`. Its cloud agent takes `ask`
    /// for `deny`.
    Copilot,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether this may run.
    Command {
        /// It, as a shell reads it.
        text: String,
        /// Where, if that was said.
        directory: Option<String>,
    },
    /// About a tool that runs no command.
    Nothing,
    /// About a command in a language that is not a shell's.
    Unreadable(String),
}

/// The command that stands on standard input, and who asks.
///
/// # Errors
/// What is wrong with it, when it is not one.
pub(crate) fn read(text: &str, asking: Asking) -> Result<(Dialect, Asked), String> {
    if text.trim().is_empty() {
        return Err("standard input is empty".into());
    }
    let is_json = text.trim_start().starts_with('{');
    let value: Value = match (asking, is_json) {
        // A group of commands looks like an object until it is read.
        (Asking::Auto, true) => match serde_json::from_str(text) {
            Ok(value) => value,
            Err(_) if looks_like_shell(text) => return Ok((Dialect::Plain, command(text, None))),
            Err(error) => return Err(format!("the JSON on standard input is broken: {error}")),
        },
        (Asking::Auto | Asking::Plain, _) => return Ok((Dialect::Plain, command(text, None))),
        _ => serde_json::from_str(text).map_err(|error| format!("the JSON on standard input is broken: {error}"))?,
    };
    let dialect = match asking {
        Asking::Auto => recognised(&value)
            .ok_or("the JSON on standard input is no hook's that is known: name the agent with --dialect")?,
        Asking::Plain => Dialect::Plain,
        Asking::Claude => Dialect::Claude,
        Asking::Codex => Dialect::Codex,
        Asking::Gemini => Dialect::Gemini,
        Asking::Cursor => Dialect::Cursor,
        Asking::Copilot => Dialect::Copilot,
    };
    Ok((dialect, asked(dialect, &value)?))
}

/// `{ cd app; make; }`: no JSON has a word without quotes right behind the brace.
fn looks_like_shell(text: &str) -> bool {
    let inside = text.trim_start().trim_start_matches('{');
    inside.starts_with(char::is_whitespace) && !inside.trim_start().starts_with(['"', '}', '{'])
}

fn recognised(value: &Value) -> Option<Dialect> {
    let has = |key: &str| value.get(key).is_some();
    Some(match value.get("hook_event_name").and_then(Value::as_str) {
        Some("PreToolUse") if has("turn_id") => Dialect::Codex,
        // Copilot's format "compatible with VS Code" has a time and no transcript.
        Some("PreToolUse") if has("timestamp") && !has("transcript_path") => Dialect::Copilot,
        Some("PreToolUse") => Dialect::Claude,
        Some("BeforeTool") => Dialect::Gemini,
        Some("beforeShellExecution") => Dialect::Cursor,
        Some(_) => return None,
        None if has("toolName") => Dialect::Copilot,
        None if has("command") => Dialect::Plain,
        None => return None,
    })
}

fn asked(dialect: Dialect, value: &Value) -> Result<Asked, String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let event = match dialect {
        Dialect::Claude | Dialect::Codex => "PreToolUse",
        Dialect::Gemini => "BeforeTool",
        Dialect::Cursor => "beforeShellExecution",
        Dialect::Copilot | Dialect::Plain => "",
    };
    let told = text("hook_event_name");
    if !event.is_empty() && told.as_deref() != Some(event) {
        let told = told.unwrap_or_else(|| "no event".into());
        return Err(format!("this hook was called for {told}; it answers {event}"));
    }
    let roots = value.get("workspace_roots").and_then(|roots| roots.get(0)).and_then(Value::as_str);
    let directory = text("cwd").filter(|cwd| !cwd.is_empty()).or_else(|| roots.map(str::to_owned));
    if matches!(dialect, Dialect::Cursor | Dialect::Plain) {
        let line = value.get("command").and_then(line_of).ok_or("`command` is missing, or no text")?;
        return Ok(command(&line, directory));
    }
    let tool = text("tool_name").or_else(|| text("toolName")).ok_or("no tool is named")?;
    let input = value.get("tool_input").or_else(|| value.get("toolArgs"));
    // Copilot hands the arguments as text that is JSON.
    let parsed: Option<Value> = input.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let line = parsed.as_ref().or(input).and_then(|input| line_of(input.get("command")?));
    if tool.eq_ignore_ascii_case("powershell") || tool.eq_ignore_ascii_case("pwsh") {
        return Ok(Asked::Unreadable("it is PowerShell's, of which nothing is known here".into()));
    }
    match line {
        Some(line) => Ok(command(&line, directory)),
        None if RUNNERS.iter().any(|name| tool.eq_ignore_ascii_case(name)) => {
            Err(format!("the tool `{tool}` was given no command"))
        }
        None => Ok(Asked::Nothing),
    }
}

/// What agents call the tool that runs commands.
const RUNNERS: &[&str] = &["Bash", "shell", "run_shell_command", "run_in_terminal", "local_shell", "exec_command"];

fn command(text: &str, directory: Option<String>) -> Asked {
    Asked::Command { text: text.to_owned(), directory }
}

/// A command as a shell reads it: text, or words, of which `bash -lc TEXT` is its text.
fn line_of(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let words: Vec<&str> = value.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    match words.as_slice() {
        [shell, "-c" | "-lc", text] if shell.ends_with("sh") => Some((*text).to_owned()),
        [] => None,
        words => {
            Some(words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect::<Vec<_>>().join(" "))
        }
    }
}

impl Dialect {
    /// What goes to standard output, and the exit code.
    pub(crate) fn answer(self, verdict: &Verdict, style: Style) -> (String, u8) {
        let reason = verdict.reason();
        // Where nobody can be asked, the agent is told to ask.
        let refusal = match verdict.answer {
            Answer::Ask => {
                format!("{reason}\nThis is for a person to decide: say what it is for, and ask to have it run.")
            }
            _ => reason.clone(),
        };
        let name = verdict.answer.name();
        let line = |value: Value| format!("{value}\n");
        let special = |decision: &str, reason: &str| {
            line(json!({"hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            }}))
        };
        let out = match (self, verdict.answer) {
            (Self::Plain, answer) => {
                let out = match style {
                    Style::Text => format!("{name}\n{}", if reason.is_empty() { reason } else { reason + "\n" }),
                    Style::Json => format!("{}\n", verdict.json()),
                };
                return (out, answer as u8);
            }
            (Self::Claude | Self::Codex | Self::Copilot, Answer::Allow) => String::new(),
            (Self::Claude, _) => special(name, &reason),
            (Self::Codex, _) => special("deny", &refusal),
            (Self::Copilot, _) => line(json!({"permissionDecision": name, "permissionDecisionReason": reason})),
            (Self::Gemini, Answer::Allow) => line(json!({})),
            (Self::Gemini, _) => line(json!({"decision": "deny", "reason": refusal})),
            (Self::Cursor, Answer::Allow) => line(json!({"permission": "allow"})),
            (Self::Cursor, _) => line(json!({"permission": name, "user_message": reason, "agent_message": reason})),
        };
        (out, 0)
    }
}
