//! Whole-file work in shell commands, and what keeps it from running at every start.

use super::{Boot, Work};
use crate::Tree;
use crate::script::{Command, Joint, NodeId, NodeKind, Piece, Script, Word};

/// Whether a text may hold such work.
pub(super) fn may_have(text: &str) -> bool {
    ["sqlite3", "sum", "openssl", "gzip", "zstd", "pigz", "tar", "xz", "bzip2"]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// What a command does with the whole of a file, and the file's path.
pub(super) fn work(boot: &Boot<'_>, command: Command<'_>) -> Option<(Work, String)> {
    let local = command.local();
    // `timeout 30 sqlite3 …` ends by itself.
    if command.runs("timeout").is_some() || local.elsewhere {
        return None;
    }
    let name = local.name()?;
    let script = command.script;
    let texts = || local.args().iter().map(|word| script.value(word).likely().unwrap_or_default());
    match &*name {
        "sqlite3" | "sqlite" => {
            let words = local.operands(&["-cmd", "-init", "-separator", "-newline", "-nullvalue"]);
            let path = path(boot, script, words.first()?)?;
            Some((sql_work(&piped(script, command.id))?, path))
        }
        "sha256sum" | "sha1sum" | "sha512sum" | "sha384sum" | "md5sum" | "b2sum" | "shasum" | "cksum" | "xxhsum"
        | "b3sum" => {
            let words = local.operands(&["-a", "--algorithm"]);
            // `sha256sum -c sums` names its files elsewhere; they lie beside it.
            words.iter().find_map(|word| is_large(&path(boot, script, word)?)).map(|path| (Work::Hash, path))
        }
        "openssl" => {
            let digests = texts().next().is_some_and(|verb| verb == "dgst" || verb.starts_with("sha") || verb == "md5");
            let last = local.args().last().filter(|_| digests)?;
            is_large(&path(boot, script, last)?).map(|path| (Work::Hash, path))
        }
        "gzip" | "pigz" | "bzip2" | "xz" | "zstd" => {
            if texts()
                .any(|text| text.starts_with('-') && (text.contains('d') || text.contains('l') || text.contains('t')))
            {
                return None;
            }
            let words = local.operands(&["-o", "-S", "-T"]);
            is_large(&path(boot, script, words.first()?)?).map(|path| (Work::Pack, path))
        }
        "tar" => {
            let mode = texts().next()?;
            let creates = mode.contains("--create") || mode.trim_start_matches('-').starts_with('c') || mode == "-zcf";
            let words = local.operands(&["-C", "-f", "--file", "--exclude"]);
            let found = words.iter().skip(1).find_map(|word| {
                let path = path(boot, script, word)?;
                (is_database(&path) || boot.volumes.iter().any(|(volume, _)| *volume == path)).then_some(path)
            });
            creates.then_some(())?;
            found.map(|path| (Work::Pack, path))
        }
        _ => None,
    }
}

/// What a text of SQL, or of SQLite's shell, does with the whole of a database.
pub(super) fn sql_work(text: &str) -> Option<Work> {
    let upper = text.to_ascii_uppercase();
    let has = |word: &str| {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        upper.match_indices(word).any(|(at, _)| {
            !is_word(upper[..at].chars().next_back()) && !is_word(upper[at + word.len()..].chars().next())
        })
    };
    if has("INTEGRITY_CHECK") {
        Some(Work::IntegrityCheck)
    } else if has("QUICK_CHECK") {
        Some(Work::QuickCheck)
    } else if has("REINDEX") {
        Some(Work::Reindex)
    } else if has("VACUUM") {
        Some(if has("INTO") {
            Work::Dump
        } else if has("INCREMENTAL_VACUUM") || has("AUTO_VACUUM") {
            return None;
        } else {
            Work::Vacuum
        })
    } else if [".DUMP", ".BACKUP", ".RECOVER", ".CLONE", ".SHA3SUM"].iter().any(|word| upper.contains(word)) {
        Some(Work::Dump)
    } else {
        None
    }
}

/// The text of a command with what is fed to it: a heredoc, the commands before it in its pipeline.
fn piped(script: &Script, id: NodeId) -> String {
    let pipeline = script.shell().parent(id).filter(|id| matches!(script.node(*id).kind, NodeKind::Pipeline(_)));
    let id = pipeline.unwrap_or(id);
    let mut text = script.written(script.node(id).span).to_owned();
    // A heredoc's text stands after the line of its command.
    if text.contains("<<") {
        let end = script.node(id).span.end as usize;
        text.push_str(script.text().get(end..).and_then(|rest| rest.split("\nEOF").next()).unwrap_or_default());
    }
    text
}

/// The path that a word stands for; what is not known is `…`. `None` where nothing of it is known to be a path.
pub(super) fn path(boot: &Boot<'_>, script: &Script, word: &Word) -> Option<String> {
    let mut text = String::new();
    for piece in &script.value(word).pieces {
        match piece {
            Piece::Known(part) | Piece::Default(part) => text.push_str(part),
            Piece::Unknown(Some(name)) => text.push_str(boot.variable(name).unwrap_or("…")),
            Piece::Unknown(None) => text.push('…'),
        }
    }
    if text.starts_with(['/', '…']) {
        return Some(text);
    }
    if text.is_empty() || text.starts_with('-') {
        return None;
    }
    Some(format!("{}/{}", super::files::workdir(boot).trim_end_matches('/'), text.trim_start_matches("./")))
}

fn is_large(path: &str) -> Option<String> {
    is_database(path).then(|| path.to_owned())
}

/// Whether a file of this name is one that grows: a database, an archive, an image of something.
pub(super) fn is_database(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = Tree::name(&lower);
    let ends = [
        ".db", ".sqlite", ".sqlite3", ".db3", ".s3db", ".mdb", ".lmdb", ".duckdb", ".rdb", ".dump", ".bin", ".parquet",
    ];
    ends.iter().any(|end| name.ends_with(end))
        // `$DB_PATH`, set from outside.
        || (name.starts_with('…') && name.chars().count() == 1)
}

/// Whether something keeps a command from running at every start: a test of the size, a variable that nobody sets, a file
/// that says it has run, a download just before.
pub(super) fn is_kept_away(boot: &Boot<'_>, command: Command<'_>, path: &str) -> bool {
    let script = command.script;
    let id = command.id;
    let in_background = |id: NodeId| matches!(script.node(id).kind, NodeKind::Background(_));
    if script.shell().ancestors(id).any(in_background) || !script.is_reached(id) {
        return true;
    }
    // A server that was started in the background answers already.
    let span = command.span();
    let after_server =
        script.shell().ids().any(|other| in_background(other) && script.node(other).span.end <= span.start);
    after_server
        || script.guards(id).iter().any(|guard| is_gate(boot, script, guard.condition, guard.holds))
        || script.dominators(id).iter().any(|before| fetches(script, *before, path))
}

/// Whether a condition is one under which the work is small, rare, or asked for.
fn is_gate(boot: &Boot<'_>, script: &Script, condition: NodeId, holds: bool) -> bool {
    match &script.node(condition).kind {
        NodeKind::List(items) if items.len() == 1 => {
            return items.iter().any(|&item| is_gate(boot, script, item, holds));
        }
        NodeKind::Not(inner) => return is_gate(boot, script, *inner, !holds),
        // All parts of `a && b` hold where it does; all parts of `a || b` failed where it did.
        NodeKind::AndOr(first, rest) if rest.iter().all(|(joint, _)| (*joint == Joint::And) == holds) => {
            let mut parts = std::iter::once(*first).chain(rest.iter().map(|(_, part)| *part));
            return parts.any(|part| is_gate(boot, script, part, holds));
        }
        _ => {}
    }
    let commands = script.commands_in(condition);
    let text = script.written(script.node(condition).span);
    let lower = text.to_ascii_lowercase();
    let measures = ["size", "stat ", "du ", "wc -c", "bytes", "_mb", "_gb", "-size"];
    if measures.iter().any(|word| lower.contains(word)) {
        return true;
    }
    // A test is a command of its own, or `[[ … ]]`, which is none.
    let words: Vec<&str> = text.split([' ', '\t', ';']).filter(|word| !word.is_empty()).collect();
    let is_test = matches!(words.first().copied(), Some("[" | "[[" | "test" | "!"));
    if !is_test {
        let harmless = ["command", "which", "type", "sqlite3", "test", "[", "hash", "true"];
        return !commands.iter().all(|command| command.name().is_some_and(|name| harmless.contains(&&*name)));
    }
    if ["-f", "-e", "-s", "-r", "-d", "-w"].iter().any(|test| words.contains(test)) {
        // Where the file is missing the work is nothing; a file that says "done" is there from the second start on.
        let negated = words.contains(&"!");
        return negated == holds;
    }
    // A variable: what does it say when nobody sets it?
    let Some(variable) = variable_in(text) else { return true };
    let value =
        boot.variable(variable.name).map(str::to_owned).or(variable.default.map(str::to_owned)).unwrap_or_default();
    let is_equal = |other: &str| value == other;
    let literal =
        words.iter().rev().find(|word| !matches!(**word, "]" | "]]")).map(|word| word.trim_matches(['"', '\'']));
    let runs = if words.contains(&"-z") {
        value.is_empty()
    } else if words.contains(&"-n") {
        !value.is_empty()
    } else if words.iter().any(|word| matches!(*word, "=" | "==" | "-eq")) {
        literal.is_some_and(is_equal)
    } else if words.iter().any(|word| matches!(*word, "!=" | "-ne")) {
        literal.is_some_and(|literal| !is_equal(literal))
    } else {
        return true;
    };
    runs != holds
}

struct Variable<'t> {
    name: &'t str,
    default: Option<&'t str>,
}

/// The first variable that a text expands, with its default: `${CHECK:-1}`.
fn variable_in(text: &str) -> Option<Variable<'_>> {
    let rest = text.split_once('$')?.1;
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let default =
        after.strip_prefix(":-").or_else(|| after.strip_prefix('-')).and_then(|after| after.split('}').next());
    (!name.is_empty()).then_some(Variable { name, default })
}

/// Whether a command brings the file here just before.
fn fetches(script: &Script, command: Command<'_>, path: &str) -> bool {
    const FETCHERS: [&str; 14] = [
        "curl",
        "wget",
        "aws",
        "gsutil",
        "rclone",
        "litestream",
        "s3cmd",
        "mc",
        "gcloud",
        "az",
        "scp",
        "rsync",
        "restic",
        "sqlite3_restore",
    ];
    let Some(name) = command.innermost().name() else { return false };
    let text = script.written(command.span());
    FETCHERS.contains(&&*name) && (text.contains(Tree::name(path)) || path.contains('…') || name == "litestream")
}
