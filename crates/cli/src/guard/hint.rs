//! Ready-made configuration for the hooks of agents.

use crate::args::Asking;

/// An agent: who it is, the file that tells it of hooks, what stands there, and what else is to be known.
struct Hint {
    asking: Asking,
    name: &'static str,
    file: &'static str,
    content: &'static str,
    note: &'static str,
}

const HINTS: &[Hint] = &[
    Hint {
        asking: Asking::Claude,
        name: "Claude Code",
        file: ".claude/settings.json",
        content: r#"{
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [{ "type": "command", "command": "twiceshy guard --dialect claude", "timeout": 10 }]
      }
    ]
  }
}"#,
        note: "a hook that cannot be started (127) lets the command run: `twiceshy` has to be on the PATH",
    },
    Hint {
        asking: Asking::Codex,
        name: "Codex",
        file: ".codex/hooks.json",
        content: r#"{
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [{ "type": "command", "command": "twiceshy guard --dialect codex", "timeout": 10 }]
      }
    ]
  }
}"#,
        note: "Codex cannot ask: what would be a question is refused, and the agent is told to ask. Older versions want \
               `codex_hooks = true` under `[features]` in config.toml",
    },
    Hint {
        asking: Asking::Gemini,
        name: "Gemini CLI",
        file: ".gemini/settings.json",
        content: r#"{
  "hooks": {
    "BeforeTool": [
      {
        "matcher": "run_shell_command",
        "hooks": [{ "type": "command", "command": "twiceshy guard --dialect gemini", "timeout": 10000 }]
      }
    ]
  }
}"#,
        note: "Gemini CLI's hooks cannot ask: what would be a question is refused, and the agent is told to ask",
    },
    Hint {
        asking: Asking::Cursor,
        name: "Cursor",
        file: ".cursor/hooks.json",
        content: r#"{
  "version": 1,
  "hooks": {
    "beforeShellExecution": [{ "command": "twiceshy guard --dialect cursor", "failClosed": true }]
  }
}"#,
        note: "without `failClosed` a hook that cannot be started lets the command run",
    },
    Hint {
        asking: Asking::Copilot,
        name: "GitHub Copilot (CLI and cloud agent)",
        file: ".github/hooks/twiceshy.json",
        content: r#"{
  "version": 1,
  "hooks": {
    "preToolUse": [{ "type": "command", "bash": "twiceshy guard --dialect copilot", "timeoutSec": 10 }]
  }
}"#,
        note: "the cloud agent takes a question for a refusal",
    },
];

/// The configuration of one agent, or of all.
pub(super) fn text(asking: Asking) -> String {
    let wanted = |hint: &&Hint| matches!(asking, Asking::Auto | Asking::Plain) || hint.asking == asking;
    let one = |hint: &Hint| format!("# {}: {}\n# {}\n{}\n", hint.name, hint.file, hint.note, hint.content);
    HINTS.iter().filter(wanted).map(one).collect::<Vec<_>>().join("\n")
}
