//! Health checks that ask and do not look at the answer.

use super::{Client, HealthCheck, Program, Request};
use crate::script::NodeKind;
use crate::{Edit, Place, Repo};
use twiceshy_source::Span;

impl HealthCheck<'_> {
    /// The request whose answer nobody looks at: any status counts as healthy. `None` where the status, or what came with
    /// it, decides, and where that is not known.
    pub fn ignores_status(&self) -> Option<&Request> {
        let request = self.requests.first()?;
        let is_http = matches!(request.scheme.as_deref(), None | Some("http" | "https"));
        let is_blind = match request.client {
            Client::Curl => self.requests.iter().all(|request| {
                request.client == Client::Curl && self.programs.get(request.program).is_some_and(curl_ignores)
            }),
            // fetch and the clients of Python, urllib apart, fail only when nobody answers.
            Client::Node => self.program(request).is_some_and(|program| {
                let text = code(program);
                text.contains("fetch(") && !looks(&text, &["ok", "status", "json(", "text(", "body", "throw"])
            }),
            Client::Python => self.program(request).is_some_and(|program| {
                let text = code(program);
                let sends = ["requests.get(", "requests.head(", "httpx.get(", "httpx.head("];
                sends.iter().any(|call| text.contains(call))
                    && !looks(
                        &text,
                        &["raise_for_status", "status_code", ".ok", "is_success", ".json(", ".text", "assert"],
                    )
            }),
            Client::Wget | Client::Netcat | Client::Bash => false,
        };
        (is_http && is_blind && !self.is_read_further()).then_some(request)
    }

    fn program(&self, request: &Request) -> Option<&Program> {
        self.programs.get(request.program)
    }

    /// Whether something else in the check looks at what is answered: a pipe, a substitution, another program.
    fn is_read_further(&self) -> bool {
        let others = self.programs.iter().any(|program| {
            !matches!(
                &*program.name,
                "curl" | "exit" | "true" | "false" | "sh" | "bash" | "echo" | "sleep" | "set" | "node" | "kill" | ":"
            ) && !program.name.starts_with("python")
        });
        let in_pipe = self.scripts.iter().any(|script| {
            script.shell().ids().any(|id| {
                matches!(script.node(id).kind, NodeKind::Pipeline(_) | NodeKind::Test(_) | NodeKind::Case(..))
            })
        });
        let substituted = self.scripts.iter().any(|script| script.text().contains("$(") || script.text().contains('`'));
        others || in_pipe || substituted
    }

    /// An edit that makes curl fail on a status of 400 and more.
    pub fn fail_edit(&self, request: &Request, repo: &Repo) -> Option<Edit> {
        self.word_after(self.program(request)?, &["-f"], repo)
    }

    /// An edit that gives a program more words, right after its name.
    pub(super) fn word_after(&self, program: &Program, words: &[&str], repo: &Repo) -> Option<Edit> {
        let name = program.words.first()?;
        let end = Span { start: name.text().len() as u32, end: name.text().len() as u32 };
        if self.is_shell {
            return name.edit(end, &format!(" {}", words.join(" ")));
        }
        // A word more in a list: behind the quote, with its own.
        let place = name.place(Span::new(0, name.text().len()));
        let source = repo.tree.source(place.file).ok()?;
        let text = source.text();
        let at = place.end as usize;
        let quote = text.get(at..)?.chars().next().filter(|quote| "\"'".contains(*quote));
        let at = at + usize::from(quote.is_some());
        let here = Place::new(place.file, Span::new(at, at));
        let line = source.line_span(source.line_of(place.start));
        let before = text.get(line.start as usize..place.start as usize)?;
        let quote = quote.unwrap_or('"');
        let new = match before.trim().trim_end_matches(quote).trim_end() {
            "-" => {
                let pad = " ".repeat(before.len() - before.trim_start().len());
                words.iter().map(|word| format!("\n{pad}- {quote}{word}{quote}")).collect::<String>()
            }
            _ => words.iter().map(|word| format!(", {quote}{word}{quote}")).collect(),
        };
        Some(Edit { place: here, text: new })
    }
}

/// Whether curl ends well whatever status it is answered. Options that are not known may be anything.
fn curl_ignores(program: &Program) -> bool {
    const WITH_VALUE: &str = "AbcCdDeEFHKmoPQrTuUwXxyYz";
    for word in program.words.iter().skip(1).map(|word| word.text()) {
        if word.starts_with("--fail") && word != "--fail-early" || word.starts_with("--write-out") {
            return false;
        }
        if word.starts_with('$') || word.starts_with("--config") {
            return false;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.starts_with('-')) else { continue };
        for letter in letters.chars() {
            match letter {
                'f' | 'w' | 'K' => return false,
                letter if WITH_VALUE.contains(letter) => break,
                _ => {}
            }
        }
    }
    true
}

fn code(program: &Program) -> String {
    program.words.iter().skip(1).map(|word| word.text()).collect::<Vec<_>>().join(" ")
}

fn looks(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
