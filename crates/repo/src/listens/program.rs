//! Programs that listen, and what a command line tells them: the table `knowledge/servers.toml`.

use super::start::{Line, package_script};
use crate::reach::number;
use std::sync::OnceLock;
use twiceshy_source::{Place, Tree};
use twiceshy_syntax::toml::{self, Value};

/// A server that a command line starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Started {
    /// The program.
    pub program: String,
    /// The ports that it is told, and the words that tell them.
    pub told: Vec<(u16, Place)>,
    /// Whether the command line says something of the port that is not known: a variable, a file.
    pub is_unsure: bool,
    /// Variables that tell it the port where no option does.
    pub env: &'static [String],
    /// Where it listens when nobody tells it.
    pub default: Option<u16>,
    /// It never listens: it takes its work from a queue.
    pub is_worker: bool,
    /// The program's word.
    pub place: Place,
}

#[derive(Debug, Default)]
struct Server {
    programs: Vec<String>,
    verbs: Vec<String>,
    port: Vec<String>,
    bind: Vec<String>,
    setting: Vec<String>,
    config: Vec<String>,
    env: Vec<String>,
    operand: bool,
    operand_is_config: bool,
    never_listens: bool,
    default: Option<u16>,
}

/// Words before a program that only run it.
const RUNNERS: &[&str] = &[
    "npx",
    "bunx",
    "pnpx",
    "exec",
    "tini",
    "dumb-init",
    "catatonit",
    "--",
    "python",
    "python3",
    "uv",
    "run",
    "poetry",
    "pipenv",
    "pdm",
    "rye",
    "hatch",
    "bundle",
    "node",
    "bun",
    "deno",
    "yarn",
    "pnpm",
    "sudo",
    "gosu",
    "su-exec",
    "env",
    "nohup",
    "ruby",
    "opentelemetry-instrument",
    "ddtrace-run",
    "newrelic-admin",
    "run-program",
    "dotenvx",
    "docker-entrypoint.sh",
    "php",
    "docker-php-entrypoint",
    "docker-entrypoint",
    "x",
    "dlx",
];

/// The server that a line starts.
pub(super) fn started(line: &Line) -> Option<Started> {
    if package_script(line).is_some() {
        return None;
    }
    let words = &line.words;
    let mut after_runner = true;
    for (at, word) in words.iter().enumerate() {
        let Some(text) = word.text.as_deref() else {
            after_runner = false;
            continue;
        };
        let name = Tree::name(text);
        let args = words.get(at + 1..).unwrap_or_default();
        if after_runner {
            let mut rows = table().iter().filter(|server| server.programs.iter().any(|program| program == name));
            if let Some(server) = rows.find(|server| server.runs(args)) {
                // `php artisan serve` is not `php -S`.
                if name != "php" || args.iter().any(|arg| arg.text.as_deref() == Some("-S")) {
                    return Some(server.read(name, word.place, args));
                }
            }
        }
        let is_option = text.starts_with('-') || (text.contains('=') && !text.contains('/'));
        after_runner = text == "--" || (after_runner && (is_option || RUNNERS.contains(&name)));
    }
    None
}

impl Server {
    fn runs(&self, args: &[super::start::Word]) -> bool {
        let mut words = args.iter().filter_map(|word| word.text.as_deref());
        // Options with values may stand before the verb: `celery -A app worker`.
        self.verbs.is_empty() || words.any(|word| self.verbs.iter().any(|known| known == word))
    }

    fn read(&'static self, program: &str, place: Place, args: &[super::start::Word]) -> Started {
        let mut started = Started {
            program: program.to_owned(),
            told: Vec::new(),
            is_unsure: false,
            env: &self.env,
            default: self.default,
            is_worker: self.never_listens,
            place,
        };
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            let Some(text) = word.text.as_deref() else {
                started.is_unsure |= self.operand;
                continue;
            };
            let (option, attached) = match text.split_once('=') {
                Some((option, value)) if option.starts_with('-') => (option, Some(value)),
                _ => (text, None),
            };
            let is = |options: &[String]| options.iter().any(|known| known == option);
            // `-b0.0.0.0:80`, `-p80`
            let glued = |options: &[String]| {
                options.iter().filter(|known| known.len() == 2).find_map(|known| text.strip_prefix(known.as_str()))
            };
            if is(&self.port) || is(&self.bind) {
                let (value, place) = match attached {
                    Some(value) => (Some(value), word.place),
                    None => match rest.next() {
                        Some(next) => (next.text.as_deref(), next.place),
                        None => (None, word.place),
                    },
                };
                started.tell(value.and_then(|value| if is(&self.bind) { bound(value) } else { number(value) }), place);
            } else if is(&self.config) {
                started.is_unsure = true;
            } else if let Some(value) = glued(&self.port).filter(|value| number(value).is_some()) {
                started.tell(number(value), word.place);
            } else if let Some(value) = glued(&self.bind).filter(|value| bound(value).is_some()) {
                started.tell(bound(value), word.place);
            } else if let Some((key, value)) =
                text.split_once('=').filter(|(key, _)| self.setting.iter().any(|own| own == key))
            {
                let _ = key;
                started.tell(number(value), word.place);
            } else if !text.starts_with('-') && self.operand && !self.verbs.iter().any(|verb| verb == text) {
                if let Some(port) = bound(text).or_else(|| number(text)) {
                    started.tell(Some(port), word.place);
                }
            } else if self.operand_is_config && !text.starts_with('-') && text.contains('/') {
                started.is_unsure = true;
            }
        }
        started
    }
}

impl Started {
    fn tell(&mut self, port: Option<u16>, place: Place) {
        match port {
            Some(port) => self.told.push((port, place)),
            None => self.is_unsure = true,
        }
    }
}

/// The port in `0.0.0.0:8000`, `:8000`, `tcp://[::]:8000`.
fn bound(text: &str) -> Option<u16> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    number(text.rsplit(':').next()?)
}

fn table() -> &'static [Server] {
    static TABLE: OnceLock<Vec<Server>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let root = toml::parse(include_str!("../../knowledge/servers.toml")).root;
        root.get("server").map(Value::items).unwrap_or_default().iter().map(row).collect()
    })
}

fn row(row: &Value) -> Server {
    let strings =
        |key: &str| row.get(key).map(|value| value.strings().map(str::to_owned).collect()).unwrap_or_default();
    let is = |key: &str| row.get(key).and_then(Value::as_bool).unwrap_or_default();
    Server {
        programs: strings("programs"),
        verbs: strings("verbs"),
        port: strings("port"),
        bind: strings("bind"),
        setting: strings("setting"),
        config: strings("config"),
        env: strings("env"),
        operand: is("operand"),
        operand_is_config: is("operand-is-config"),
        never_listens: row.get("listens").and_then(Value::as_bool) == Some(false),
        default: row.get("default").and_then(Value::as_int).and_then(|port| u16::try_from(port).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::start::Word;
    use super::*;
    use twiceshy_source::{FileId, Span};

    fn line(text: &str) -> Line {
        let place = Place::new(FileId(0), Span::default());
        let word = |word: &str| Word { text: (word != "$X").then(|| word.to_owned()), place };
        Line { words: text.split_whitespace().map(word).collect() }
    }

    fn told(text: &str) -> Option<(Vec<u16>, bool, Option<u16>)> {
        let started = started(&line(text))?;
        Some((started.told.into_iter().map(|(port, _)| port).collect(), started.is_unsure, started.default))
    }

    #[test]
    fn command_lines_tell_ports() {
        for (text, port) in [
            ("uvicorn app:app --host 0.0.0.0 --port 8383", 8383),
            ("uvicorn app:app --port=8383", 8383),
            ("python -m uvicorn app:app --port 8383", 8383),
            ("uv run --no-dev uvicorn app:app --port 8383", 8383),
            ("tini -- gunicorn -b 0.0.0.0:8383 app", 8383),
            ("gunicorn -b0.0.0.0:8383 app", 8383),
            ("gunicorn --bind=:8383 app", 8383),
            ("npx next start -p 8383", 8383),
            ("python manage.py runserver 0.0.0.0:8383", 8383),
            ("python -m http.server 8383", 8383),
            ("php -S 0.0.0.0:8383 -t public", 8383),
            ("php artisan serve --host 0.0.0.0 --port 8383", 8383),
            ("bundle exec rails s -b 0.0.0.0 -p 8383", 8383),
            ("redis-server --port 8383", 8383),
            ("postgres -c port=8383", 8383),
            ("wait-for-it db:5432 -- flask run -p 8383", 8383),
        ] {
            assert_eq!(told(text).map(|told| (told.0, told.1)), Some((vec![port], false)), "{text}");
        }
    }

    #[test]
    fn what_is_not_told_is_the_default_or_unknown() {
        assert_eq!(told("uvicorn app:app"), Some((vec![], false, Some(8000))));
        assert_eq!(told("uvicorn app:app --port $X"), Some((vec![], true, Some(8000))));
        assert_eq!(told("gunicorn -c gunicorn.conf.py app"), Some((vec![], true, Some(8000))));
        assert_eq!(told("next build"), None);
        assert_eq!(told("python manage.py migrate"), None);
        assert_eq!(told("echo uvicorn --port 1"), None);
        assert_eq!(told("php worker.php"), None);
    }

    #[test]
    fn every_row_has_a_source_and_known_keys() {
        let keys = [
            "programs",
            "verbs",
            "port",
            "bind",
            "setting",
            "config",
            "env",
            "operand",
            "operand-is-config",
            "listens",
            "default",
            "source",
        ];
        let parsed = toml::parse(include_str!("../../knowledge/servers.toml"));
        assert_eq!(parsed.flaws, []);
        for row in parsed.root.get("server").unwrap().items() {
            assert!(row.get("source").and_then(Value::as_str).is_some_and(|source| source.contains(':')));
            for (key, _) in row.entries() {
                assert!(keys.contains(&key.text.as_str()), "`{}` is not a key of the table", key.text);
            }
        }
    }
}
