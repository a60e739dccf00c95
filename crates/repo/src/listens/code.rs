//! Calls in an application's code that make it listen: `app.listen(3000)`, `uvicorn.run(app, port=8000)`,
//! `http.ListenAndServe(":8080", nil)`.

use crate::hints::{Hints, Words};
use crate::reach::number;
use crate::{FileId, Repo};
use std::borrow::Cow;
use std::sync::LazyLock;
use twiceshy_source::Span;

/// A port that a call names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The port that stands there; of a variable with a default, the default.
    pub port: Option<u16>,
    /// The variable of the environment that is asked first.
    pub variable: Option<String>,
    /// The call.
    pub span: Span,
}

/// What a call that listens starts with. What stands before a dot may be anything.
const CALLS: &[&str] = &[
    ".listen(",
    ".Listen(",
    "Bun.serve(",
    "Deno.serve(",
    "serve({",
    "uvicorn.run(",
    "app.run(",
    "socketio.run(",
    "run_app(",
    "run_simple(",
    "HTTPServer((",
    "start_http_server(",
    "serve(app",
    "ListenAndServe(",
    "net.Listen(",
    ".Run(\":",
    ".Start(\":",
    "Listener::bind(",
    "SocketAddr::from((",
    ".bind((\"",
    ".bind(\"",
];

/// How far a call is read.
const WINDOW: usize = 400;

/// How often a file may be asked for an identifier.
const MOST: usize = 50;

impl Repo {
    /// The calls in a file that listen. Many services run the same modules: of those they are kept.
    pub(super) fn listening_calls(&self, file: FileId) -> Cow<'_, [Call]> {
        let read = || self.tree.source(file).map(|source| calls(source.text())).unwrap_or_default();
        match self.asked(file) {
            Some((hints, _)) if !hints.has(Hints::LISTENS) => Cow::default(),
            Some((_, answers)) => Cow::Borrowed(answers.listens.get_or_init(|| read().into())),
            None => Cow::Owned(read()),
        }
    }
}

/// Whether there may be such calls: words, no look at what stands around them.
pub(crate) fn may_listen(text: &str) -> bool {
    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(CALLS));
    WORDS.has_one_in(text)
}

/// The calls in `text`.
fn calls(text: &str) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    for needle in CALLS {
        for (at, _) in text.match_indices(needle).take(MOST) {
            if is_commented(text, at) {
                continue;
            }
            let open = at + needle.rfind('(').unwrap_or_default();
            let inner = arguments(text, open);
            let span = Span::new(at + usize::from(needle.starts_with('.')), open + 1 + inner.len() + 1);
            let Some((port, variable)) = port_of(inner, text) else { continue };
            let call = Call { port, variable, span };
            if !found.iter().any(|other| other.span.start < span.end && span.start < other.span.end) {
                found.push(call);
            }
        }
    }
    found
}

fn is_commented(text: &str, at: usize) -> bool {
    let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default().trim_start();
    line.starts_with("//") || line.starts_with('#') || line.starts_with('*')
}

/// What stands between the parenthesis at `open` and the one that closes it.
fn arguments(text: &str, open: usize) -> &str {
    let from = open + 1;
    let mut depth = 0usize;
    for (at, byte) in text.as_bytes().iter().enumerate().skip(from).take(WINDOW) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return text.get(from..at).unwrap_or_default(),
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// The port that the arguments of a call name: a number, what a variable of the environment says, or what an identifier
/// stands for.
fn port_of(arguments: &str, text: &str) -> Option<(Option<u16>, Option<String>)> {
    let named = ["port:", "port=", "port =", "Port:"].iter().find_map(|key| {
        let at = arguments.find(key)?;
        let before = arguments.get(..at)?.chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_').then(|| arguments.get(at + key.len()..))?
    });
    if let Some(value) = named {
        return expression(first_argument(value), text, 0);
    }
    // `{ port }`, `{ fetch, port }`
    if arguments.trim_start().starts_with('{') {
        let has = arguments.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).any(|word| word == "port");
        return has.then(|| identifier("port", text, 0))?;
    }
    // `":8080"`, `"0.0.0.0:8080"`, `("0.0.0.0", 8080)`, `([0, 0, 0, 0], 8080)`
    if let Some(port) = address(arguments) {
        return Some((Some(port), None));
    }
    if let Some(rest) = after_address(arguments) {
        return expression(first_argument(rest), text, 0);
    }
    expression(first_argument(arguments), text, 0)
}

/// The first of several arguments.
fn first_argument(arguments: &str) -> &str {
    let mut depth = 0usize;
    for (at, c) in arguments.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return &arguments[..at],
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return &arguments[..at],
            _ => {}
        }
    }
    arguments
}

/// The port in a quoted address.
fn address(arguments: &str) -> Option<u16> {
    let first = arguments.trim_start();
    let mut quoted = first.split(['"', '\'', '`']);
    quoted.next()?;
    let (one, _, two) = (quoted.next()?, quoted.next(), quoted.next());
    // `net.Listen("tcp", ":50051")`
    let text = if matches!(one, "tcp" | "tcp4" | "tcp6") { two? } else { one };
    let (host, port) = text.rsplit_once(':')?;
    let is_any = matches!(host, "" | "0.0.0.0" | "[::]" | "localhost" | "127.0.0.1" | "*");
    number(port).filter(|_| is_any)
}

/// What stands after an address that is an argument of its own.
fn after_address(arguments: &str) -> Option<&str> {
    let first = first_argument(arguments);
    let plain: String = first.chars().filter(|c| !c.is_whitespace() && !"\"'`()[]".contains(*c)).collect();
    let is_address = matches!(plain.as_str(), "0.0.0.0" | "0,0,0,0" | "127.0.0.1" | "::" | "localhost");
    // Python's `HTTPServer(("", 8000), …)`
    let is_empty = matches!(first.trim(), "\"\"" | "''");
    (is_address || is_empty).then(|| arguments.get(first.len() + 1..))?
}

/// A number; a variable of the environment, perhaps with a default; an identifier.
fn expression(text: &str, file: &str, depth: usize) -> Option<(Option<u16>, Option<String>)> {
    let text = text.trim();
    if let Some(port) = number(text.trim_matches(['"', '\'', '`'])) {
        return Some((Some(port), None));
    }
    let is_environment = ["env", "ENV", "Env"].iter().any(|word| text.contains(word));
    if is_environment {
        let variable = text
            .split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
            .find(|word| word.contains("PORT"))?;
        let after = text.get(text.find(variable)? + variable.len()..)?;
        let default = after.split(|c: char| !c.is_ascii_alphanumeric()).find_map(number);
        return Some((default, Some(variable.to_owned())));
    }
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| identifier(text, file, depth))?
}

/// What an identifier is given in the same file, if that happens once.
fn identifier(name: &str, file: &str, depth: usize) -> Option<(Option<u16>, Option<String>)> {
    if depth > 3 {
        return None;
    }
    let mut given = None;
    for (at, _) in file.match_indices(name).take(MOST) {
        let before = file.get(..at)?.chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "_.$\"'".contains(c)) {
            continue;
        }
        let rest = file.get(at + name.len()..)?;
        let line = rest.split('\n').next().unwrap_or_default();
        // A type may stand between name and value: `const port: number = …`.
        let Some((between, value)) = line.split_once('=') else { continue };
        let between = between.trim().trim_end_matches(':').trim_start_matches(':').trim();
        let is_type = between.chars().all(|c| c.is_alphanumeric() || "_ <>|".contains(c));
        if !is_type || rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') || value.starts_with(['=', '>']) {
            continue;
        }
        if given.replace(value).is_some() {
            return None;
        }
    }
    expression(given?.trim().trim_end_matches(';'), file, depth + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Option<u16>, Option<String>)> {
        calls(text).into_iter().map(|call| (call.port, call.variable)).collect()
    }

    #[test]
    fn calls_that_listen_name_ports() {
        for text in [
            "app.listen(8383, () => {})",
            "server.listen({ port: 8383 })",
            "const PORT = 8383;\napp.listen(PORT)",
            "const port: number = 8383\nserver.listen(port)",
            "Bun.serve({ fetch, port: 8383 })",
            "const port = 8383\nserve({ fetch: app.fetch, port }, info => {})",
            "app.run(host='0.0.0.0', port=8383, debug=True)",
            "uvicorn.run('main:app', host='0.0.0.0', port=8383)",
            "web.run_app(app, port=8383)",
            "HTTPServer(('', 8383), Handler).serve_forever()",
            "http.ListenAndServe(\":8383\", nil)",
            "lis, err := net.Listen(\"tcp\", \":8383\")",
            "router.Run(\":8383\")",
            "let listener = tokio::net::Listener::bind(\"0.0.0.0:8383\").await?;",
            "let addr = SocketAddr::from(([0, 0, 0, 0], 8383));",
            "HttpServer::new(f).bind((\"0.0.0.0\", 8383))?",
        ] {
            assert_eq!(read(text), [(Some(8383), None)], "{text}");
        }
    }

    #[test]
    fn variables_of_the_environment_are_asked_first() {
        for text in [
            "app.listen(process.env.PORT || 8383)",
            "const port = Number(process.env.PORT ?? 8383)\napp.listen(port)",
            "const port = parseInt(process.env.PORT || '8383', 10);\napp.listen(port)",
            "app.run(port=int(os.environ.get('PORT', 8383)))",
            "uvicorn.run(app, port=int(os.getenv(\"PORT\", \"8383\")))",
        ] {
            assert_eq!(read(text), [(Some(8383), Some("PORT".to_owned()))], "{text}");
        }
        assert_eq!(read("app.listen(process.env.PORT)"), [(None, Some("PORT".to_owned()))]);
    }

    #[test]
    fn other_numbers_are_no_ports() {
        for text in [
            "button.addEventListener(8383)",
            "// app.listen(8383)",
            "new Client({ port: 5432 })",
            "app.listen(config.port)",
            "redis.connect({ host, port: 6379 })",
            "let port = 1;\nport = 2;\napp.listen(port)",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
