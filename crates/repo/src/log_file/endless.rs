//! What keeps a process running.

use super::Language;
use twiceshy_syntax::code::Call;

/// What the call says, if it keeps the process running: it serves, repeats or waits for events.
pub(super) fn keeps_running(language: Language, name: &str, call: &Call<'_>) -> Option<&'static str> {
    let callee = call.callee.dotted().unwrap_or_default();
    match (language, name) {
        (Language::JavaScript, "setInterval") => Some("this timer repeats for ever"),
        (Language::JavaScript, "createServer" | "listen" | "Bun.serve" | "serve") => {
            Some("this process serves requests")
        }
        (Language::JavaScript, "login") if call.args.len() == 1 => Some("this bot stays connected"),
        (Language::JavaScript, "schedule") if callee.contains("cron") => Some("this schedule repeats for ever"),
        (Language::JavaScript, "watch") if callee.starts_with("chokidar") => Some("this waits for changes"),
        (Language::Python, "FastAPI" | "Flask" | "Starlette" | "Sanic" | "Quart" | "Celery") => {
            Some("this process serves requests")
        }
        (Language::Python, "serve_forever" | "run_forever" | "run_polling" | "start_polling" | "BlockingScheduler") => {
            Some("this runs for ever")
        }
        (Language::Python, "run") if callee == "uvicorn.run" => Some("this process serves requests"),
        _ => None,
    }
}
