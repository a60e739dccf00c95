//! Finds dumps that are piped into something that succeeds without them.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::script::{Command, Deed, Dialect, Host, NodeId, NodeKind, RedirectKind, Simple, Word};
use twiceshy_repo::{Edit, Place, Repo, Script, Span};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DumpStatusLost {}

impl Lint for DumpStatusLost {
    type Subject = Script;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        for id in script.shell().ids() {
            let Some(lost) = Lost::of(script, id).filter(|_| !script.is_forbidden(id)) else { continue };
            if !script.is_typed() {
                lost.report(found);
            } else if let Some(harm) = repo.joined_harm(script, id).into_iter().next() {
                // Who types it sees that it failed, but what `&&` joins has run by then.
                lost.report_typed(harm.place, found);
            }
        }
    }
}

/// A dump whose failure nobody gets to know.
struct Lost<'a> {
    script: &'a Script,
    pipeline: NodeId,
    /// What is said to write the dump: `pg_dump`, or the function that runs it.
    dumper: String,
    /// Where that stands.
    at: Span,
    /// What the pipeline's status is instead.
    last: String,
    compresses: bool,
}

/// Programs that turn nothing into something that looks like an archive.
const COMPRESSORS: &[&str] =
    &["gzip", "pigz", "zstd", "pzstd", "xz", "bzip2", "pbzip2", "lz4", "brotli", "gpg", "age", "openssl"];

impl<'a> Lost<'a> {
    fn of(script: &'a Script, pipeline: NodeId) -> Option<Self> {
        let NodeKind::Pipeline(stages) = &script.node(pipeline).kind else { return None };
        if script.options_at(pipeline).pipefail() != Some(false) {
            return None;
        }
        let (&last, before) = stages.split_last()?;
        let (dumper, at) = before.iter().find_map(|&stage| dumper(script, stage))?;
        if !keeps(script, pipeline, last) || asks_pipestatus(script, pipeline) || is_ignored(script, pipeline) {
            return None;
        }
        let name = |stage: &NodeId| Some(script.command(*stage)?.name()?.into_owned());
        let compresses = stages.iter().filter_map(name).any(|name| COMPRESSORS.contains(&&*name));
        if is_checked_later(script, pipeline, compresses) {
            return None;
        }
        let last = name(&last).unwrap_or_else(|| "the last command".to_owned());
        Some(Self { script, pipeline, dumper, at, last, compresses })
    }

    fn report_typed(self, harm: Place, found: &mut Findings) {
        let Self { script, dumper, last, .. } = &self;
        let message = format!("when `{dumper}` fails, what comes behind `&&` is removed all the same");
        let finding = found.at(script.place(self.at), script.addressed(message));
        finding.label(format!("its failure is lost: the pipeline has the status of `{last}`"));
        finding.related(harm, "runs although there is no dump");
        finding.note(format!("write the output of `{dumper}` to a file in one command, look at it, and remove in another; or type `set -o pipefail` first"));
    }

    fn report(self, found: &mut Findings) {
        let Self { script, dumper, last, .. } = &self;
        let leaves = if self.compresses {
            format!("when `{dumper}` fails, this still succeeds and leaves a valid archive of nothing")
        } else {
            format!("when `{dumper}` fails, this still succeeds and leaves an empty or half a dump")
        };
        let finding = found.at(script.place(self.at), script.addressed(leaves));
        finding.label(format!("its failure is lost: the pipeline has the status of `{last}`"));
        for (command, deed) in self.relying() {
            let text = match deed {
                Deed::Delete => "then the older dumps are deleted",
                Deed::Copy => "then the empty one is copied away",
                _ => "then success is reported",
            };
            finding.related(command.words_place(), text);
        }
        finding.note(match (self.compresses, script.start.dialect) {
            (true, _) if last == "gzip" || last == "pigz" => {
                "`gzip` turns no input into a valid file of 20 bytes, which `gzip -t` and a test for \"not empty\" accept".to_owned()
            }
            _ => "a pipeline has the status of its last command, unless `pipefail` is set; here it is not".to_owned(),
        });
        if let Host::Step { .. } = script.host {
            finding
                .note("a step without `shell:` runs under `bash -e`, without `pipefail`; with `shell: bash` it is set");
        }
        match script.start.dialect.has_pipefail() {
            Some(true) if script.start.dialect == Dialect::Bash => {
                let edits = self.pipefail();
                if self.is_asked() && !self.others_would_change() {
                    finding.fix("let the pipeline fail when the dump does", edits);
                } else {
                    finding.suggest("let the pipeline fail when the dump does", edits);
                }
                if !self.is_asked() {
                    finding.note(
                        "nothing asks for this pipeline's status either: without `set -e`, follow it by `|| exit 1`",
                    );
                }
            }
            Some(true) => {
                finding.note("start the script with `set -o pipefail`; BusyBox ash has it");
            }
            _ => {
                finding.note(format!(
                    "`sh` need not know `pipefail` (dash ends the script over it): run this with bash, or write `{dumper}`'s output to a file of its own first and compress that in a second command"
                ));
            }
        }
    }

    /// What comes later and takes the dump for good: a deletion, a copy, a report; the first of each.
    fn relying(&self) -> Vec<(Command<'a>, Deed)> {
        let mut relying: Vec<(Command<'a>, Deed)> = Vec::new();
        for command in self.script.commands() {
            let Some(deed @ (Deed::Delete | Deed::Copy | Deed::Announce)) = command.deed() else { continue };
            let is_new = relying.iter().all(|(_, other)| *other != deed);
            if is_new && self.script.can_follow(self.pipeline, command.id) {
                relying.push((command, deed));
            }
        }
        relying
    }

    /// Whether the pipeline's status, once it is right, changes anything: errexit, a condition, the script's own status.
    fn is_asked(&self) -> bool {
        let script = self.script;
        let mut at = self.pipeline;
        if script.options_at(at).errexit() != Some(false) && !script.errexit_is_suspended(at) {
            return true;
        }
        while let Some(parent) = script.shell().parent(at) {
            match &script.node(parent).kind {
                NodeKind::List(items) => {
                    let position = items.iter().position(|item| *item == at).unwrap_or(0);
                    if let Some(&next) = items.get(position + 1) {
                        return script.within(next).flat_map(|id| script.node(id).words()).any(|word| reads(word, "?"));
                    }
                }
                NodeKind::AndOr(..) | NodeKind::Not(_) => return true,
                NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == at) => return true,
                _ => {}
            }
            at = parent;
        }
        true
    }

    /// Whether `pipefail` might end the script elsewhere: at a pipeline whose first stages fail without harm.
    fn others_would_change(&self) -> bool {
        let script = self.script;
        script.shell().ids().filter(|&id| id != self.pipeline).any(|id| {
            let NodeKind::Pipeline(stages) = &script.node(id).kind else { return false };
            let Some((&last, before)) = stages.split_last() else { return false };
            let name = |stage: NodeId| script.command(stage).and_then(|command| command.name()).unwrap_or_default();
            let stops_early = matches!(&*name(last), "head" | "grep") || script.command(last).is_none();
            let may_fail = before.iter().any(|&stage| {
                !matches!(&*name(stage), "echo" | "printf" | "cat" | "sort" | "tr" | "sed" | "awk" | "cut")
            });
            (stops_early || may_fail) && before.iter().all(|&stage| dumper(script, stage).is_none())
        })
    }

    /// `set -o pipefail`, where it does the least: in the `set` that is there, else on a line before the pipeline.
    fn pipefail(&self) -> Option<Edit> {
        let script = self.script;
        let set = script.commands().find_map(|command| {
            let [name, options] = command.words() else { return None };
            let text = options.literal()?;
            let plain = name.is("set")
                && text.len() > 1
                && text[1..].chars().all(|letter| "eux".contains(letter))
                && text.starts_with('-');
            let first =
                script.runs_before(command.id, self.pipeline) && script.enclosing_function(command.id).is_none();
            (plain && first && script.guards(command.id).is_empty()).then_some((options.span, text.into_owned()))
        });
        if let Some((span, text)) = set {
            return script.edit(span, &format!("{text}o pipefail"));
        }
        // The innermost statement around it that starts a line.
        let around = std::iter::once(self.pipeline).chain(script.shell().ancestors(self.pipeline));
        let starts: Vec<u32> = around.map(|id| script.node(id).span.start).collect();
        let indent = |start: u32| {
            let line = script.text()[..start as usize].rfind('\n').map_or(0, |at| at + 1);
            &script.text()[line..start as usize]
        };
        let own_line = starts
            .iter()
            .copied()
            .find(|start| indent(*start).trim().is_empty())
            .filter(|_| script.text().contains('\n'));
        let here = |start: u32| Span { start, end: start };
        own_line.and_then(|start| script.edit(here(start), &format!("set -o pipefail\n{}", indent(start)))).or_else(
            || script.edit(here(own_line.unwrap_or(script.node(self.pipeline).span.start)), "set -o pipefail; "),
        )
    }
}

/// What dumps in a stage of a pipeline: a program, or a function that ends with one.
fn dumper(script: &Script, stage: NodeId) -> Option<(String, Span)> {
    match &script.node(stage).kind {
        NodeKind::Simple(_) => {
            let command = script.command(stage)?;
            if let Some((name, word)) = command.dumper() {
                return Some((name.into_owned(), word.span));
            }
            let name = command.words().first()?.literal()?;
            let body = script.function(&name)?.body;
            let inside =
                script.within(body).filter_map(|id| script.command(id)).find_map(|command| command.dumper())?;
            Some((inside.0.into_owned(), command.words().first()?.span))
        }
        NodeKind::Group(body) | NodeKind::Subshell(body) => {
            let NodeKind::List(items) = &script.node(*body).kind else { return None };
            dumper(script, *items.last()?)
        }
        _ => None,
    }
}

/// Whether what comes out of the pipeline is kept: in a file, a bucket, an archive. What a script inside another
/// writes to its output is, when it is compressed.
fn keeps(script: &Script, pipeline: NodeId, last: NodeId) -> bool {
    let writes = |id: NodeId| {
        script.node(id).redirects.iter().any(|redirect| {
            let kind = matches!(redirect.kind, RedirectKind::Write | RedirectKind::Clobber | RedirectKind::Append);
            kind && redirect.descriptor.is_none_or(|descriptor| descriptor == 1)
                && !redirect.target.is("/dev/null")
                && !redirect.target.is("/dev/stderr")
        })
    };
    let around = script
        .shell()
        .ancestors(pipeline)
        .take(3)
        .any(|id| matches!(script.node(id).kind, NodeKind::Group(_) | NodeKind::Subshell(_)) && writes(id));
    if writes(last) || around {
        return true;
    }
    let Some(command) = script.command(last) else { return false };
    if command.deed() == Some(Deed::Copy) {
        return true;
    }
    let Some(name) = command.local().name() else { return false };
    let to_file = |options: &[&str]| command.args().iter().any(|word| options.iter().any(|option| word.is(option)));
    match &*name {
        "tee" | "split" | "dd" => true,
        "zstd" | "gpg" | "age" | "openssl" | "xz" => {
            to_file(&["-o", "--output", "-out"]) || matches!(script.host, Host::Inside { .. })
        }
        // `… | ssh backup "cat > dump.gz"`
        "ssh" => command.args().last().is_some_and(|word| {
            word.parts
                .iter()
                .any(|part| matches!(&part.kind, twiceshy_repo::script::PartKind::Text(text) if text.contains('>')))
        }),
        name => COMPRESSORS.contains(&name) && matches!(script.host, Host::Inside { .. }),
    }
}

/// Whether what runs right after the pipeline reads `PIPESTATUS`.
fn asks_pipestatus(script: &Script, pipeline: NodeId) -> bool {
    let mut at = pipeline;
    while let Some(parent) = script.shell().parent(at) {
        if let NodeKind::List(items) = &script.node(parent).kind {
            let next = items.iter().position(|item| *item == at).and_then(|position| items.get(position + 1));
            let asked = |id: NodeId| script.node(id).words().iter().any(|word| reads(word, "PIPESTATUS"));
            if let Some(&next) = next {
                return script.within(next).any(asked);
            }
        }
        if let NodeKind::AndOr(..) = &script.node(parent).kind
            && script.within(parent).any(|id| script.node(id).words().iter().any(|word| reads(word, "PIPESTATUS")))
        {
            return true;
        }
        at = parent;
    }
    false
}

fn reads(word: &Word, variable: &str) -> bool {
    word.variables().iter().any(|read| &*read.name == variable)
}

/// `… || true`: its author says that it may fail.
fn is_ignored(script: &Script, pipeline: NodeId) -> bool {
    let Some(parent) = script.shell().parent(pipeline) else { return false };
    let NodeKind::AndOr(_, rest) = &script.node(parent).kind else { return false };
    rest.iter().any(|(_, id)| match &script.node(*id).kind {
        NodeKind::Simple(Simple { words, .. }) => words.first().is_some_and(|word| word.is("true") || word.is(":")),
        _ => false,
    })
}

/// Whether something later looks at what was written: its size, its content, its end.
fn is_checked_later(script: &Script, pipeline: NodeId, compresses: bool) -> bool {
    let Some(targets) = targets(script, pipeline) else { return false };
    let mentions = |word: &Word| {
        let value = script.value(word).pattern();
        targets.iter().any(|(written, pattern)| {
            let same = script.written(word.span).trim_matches('"') == written
                || (pattern.len() > 3 && value.contains(&**pattern));
            same || (written.starts_with('$') && script.written(word.span).contains(&**written))
        })
    };
    let after = |id: NodeId| id != pipeline && script.runs_before(pipeline, id);
    script.shell().ids().filter(|&id| after(id)).any(|id| match &script.node(id).kind {
        // `[ -s dump ]` tells only for what is not compressed.
        NodeKind::Test(test) => {
            !compresses && test.words.iter().any(|word| word.is("-s")) && test.words.iter().any(mentions)
        }
        NodeKind::Simple(_) => {
            let Some(command) = script.command(id) else { return false };
            let Some(name) = command.innermost().name() else { return false };
            let looks = matches!(
                &*name,
                "stat"
                    | "wc"
                    | "zgrep"
                    | "zcat"
                    | "gunzip"
                    | "zstdcat"
                    | "xzcat"
                    | "pg_restore"
                    | "tail"
                    | "head"
                    | "du"
            ) || (name == "find" && command.has_arg("-size"))
                || (name == "gzip"
                    && command.literal_args().any(|word| word == "-dc" || word == "-cd" || word == "-l"));
            let asked = looks
                && (command.args().iter().any(mentions)
                    || script.node(id).redirects.iter().any(|redirect| mentions(&redirect.target)));
            asked && is_compared(script, id)
        }
        _ => false,
    })
}

/// Whether what a command says decides something: it is in a condition, a substitution that is compared, or a pipe.
fn is_compared(script: &Script, id: NodeId) -> bool {
    for parent in script.shell().ancestors(id) {
        match &script.node(parent).kind {
            NodeKind::Simple(simple) if simple.words.is_empty() => {
                // `SIZE=$(stat …)`: compared if a test reads it.
                return simple.assignments.iter().any(|assignment| {
                    script.shell().ids().any(|id| match &script.node(id).kind {
                        NodeKind::Test(test) => test
                            .words
                            .iter()
                            .any(|word| reads(word, &assignment.name.text) || word.is(&assignment.name.text)),
                        NodeKind::Arithmetic(_) => {
                            script.written(script.node(id).span).contains(&*assignment.name.text)
                        }
                        _ => false,
                    })
                });
            }
            NodeKind::Simple(_) => return false,
            NodeKind::Test(_) | NodeKind::If(..) | NodeKind::AndOr(..) | NodeKind::Not(_) | NodeKind::Case(..) => {
                return true;
            }
            _ => {}
        }
    }
    script.options_at(id).errexit() == Some(true)
}

/// What the pipeline writes to: as written, and its known part.
fn targets(script: &Script, pipeline: NodeId) -> Option<Vec<(String, String)>> {
    let mut targets = Vec::new();
    for id in script.within(pipeline) {
        for redirect in &script.node(id).redirects {
            if matches!(redirect.kind, RedirectKind::Write | RedirectKind::Clobber | RedirectKind::Append) {
                let written = script.written(redirect.target.span).trim_matches('"').to_owned();
                let pattern = script.value(&redirect.target).known().unwrap_or_default();
                targets.push((written, pattern));
            }
        }
    }
    (!targets.is_empty()).then_some(targets)
}
