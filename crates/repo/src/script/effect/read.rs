//! From commands to effects.

use super::site::Site;
use super::table::{self, Pick, Row};
use super::words::{Line, Sorted};
use super::{Effect, Object, ObjectKind};
use crate::docker::{Act, Arg, ComposeCall, DockerCall, Verb, arguments as args};
use crate::script::{Deed, NodeId, NodeKind, PartKind, RedirectKind, Run, Script, Step, Value, Word};
use rustc_hash::FxHashMap;
use twiceshy_source::Span;

/// The effects of a run's commands.
pub(super) fn effects(run: &Run<'_>) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut calls: FxHashMap<u16, Vec<DockerCall<'_>>> = FxHashMap::default();
    let mut sites: FxHashMap<u16, Site> = FxHashMap::default();
    for step in run.steps() {
        let script = run.script_of(step);
        let site = sites.entry(step.script).or_insert_with(|| run.site_of(step.script)).clone();
        let mut reader = Reader { script, step, found: &mut found };
        match &script.node(step.node).kind {
            NodeKind::Test(test) => reader.test(&test.words, site),
            NodeKind::Simple(_) => {
                let Some(command) = script.command(step.node) else { continue };
                let calls = calls.entry(step.script).or_insert_with(|| script.docker_calls());
                match calls.iter().find(|call| call.command.id == step.node) {
                    Some(call) => reader.docker(call, site),
                    None => reader.words(args(script, command.words()), site),
                }
            }
            _ => {}
        }
    }
    found
}

struct Reader<'s, 'f> {
    script: &'s Script,
    step: Step,
    found: &'f mut Vec<Effect>,
}

impl Reader<'_, '_> {
    fn words(&mut self, words: Vec<Arg>, site: Site) {
        let Some(line) = Line::of(words, site) else { return };
        let Some(program) = table::program(&line.name) else { return };
        let sorted = Sorted::of(&line.words[1..], program);
        for row in &program.does {
            self.row(row, &line, &sorted);
        }
    }

    /// `[ -s file ]`, `test -s file`
    fn test(&mut self, words: &[Word], site: Site) {
        let Some(at) = words.iter().position(|word| word.is("-s")) else { return };
        let Some(word) = words.get(at + 1) else { return };
        let Some(arg) = args(self.script, std::slice::from_ref(word)).into_iter().next() else { return };
        let object = self.object(ObjectKind::Path, &arg, &site);
        let span = self.script.node(self.step.node).span;
        self.push(Deed::Verify, "[", span, vec![object], site, Vec::new());
    }

    fn push(&mut self, deed: Deed, program: &str, span: Span, objects: Vec<Object>, site: Site, given: Vec<Box<str>>) {
        let (from, into) = (Vec::new(), Vec::new());
        self.found.push(Effect {
            deed,
            step: self.step,
            program: program.into(),
            span,
            objects,
            from,
            into,
            site,
            given,
        });
    }

    fn docker(&mut self, call: &DockerCall<'_>, site: Site) {
        let command = call.command;
        let site = match super::words::machine(command).filter(|_| call.elsewhere) {
            Some(host) => Site::Machine(host),
            None => site,
        };
        let span = span_of_words(command.words()).unwrap_or(command.span());
        let engine = format!("{:?}", call.engine).to_ascii_lowercase();
        let named = |reader: &Self, kind: ObjectKind, args: &[Arg]| -> Vec<Object> {
            args.iter().map(|arg| reader.object(kind, arg, &site)).collect()
        };
        match &call.act {
            Act::Run(run) => {
                let name: Vec<Arg> = run.name().cloned().into_iter().collect();
                let objects = named(self, ObjectKind::Container, &name);
                self.push(Deed::Run, &engine, span, objects, site.clone(), options(&run.given));
                if let Some(inside) = Site::inside(call) {
                    self.words(run.argv.clone(), inside);
                }
            }
            Act::Exec(exec) => {
                if let Some(inside) = Site::inside(call) {
                    self.words(exec.argv.clone(), inside);
                }
            }
            Act::Containers(containers) => {
                let deed = match containers.verb {
                    Verb::Start | Verb::Unpause => Deed::Start,
                    Verb::Stop | Verb::Kill | Verb::Pause => Deed::Stop,
                    Verb::Restart => Deed::Restart,
                    Verb::Remove => Deed::Delete,
                };
                let objects = named(self, ObjectKind::Container, &containers.containers);
                self.push(deed, &engine, span, objects, site, options(&containers.given));
            }
            Act::Compose(compose) => {
                self.compose(compose, span, &site);
                if matches!(&*compose.verb, "exec" | "run")
                    && let Some(inside) = Site::inside(call)
                {
                    self.words(compose.argv.clone(), inside);
                }
            }
            Act::Other(words) => {
                let Some(program) = table::program("docker") else { return };
                let sorted = Sorted::of(words, program);
                let line = Line { name: engine, words: words.clone(), site, is_fed_operands: false };
                for row in &program.does {
                    self.row(row, &line, &sorted);
                }
            }
            Act::Build(_) | Act::UseContext(_) => {}
        }
    }

    fn compose(&mut self, compose: &ComposeCall, span: Span, site: &Site) {
        let project = || Object {
            kind: ObjectKind::Project,
            value: compose.project_name().map(|name| name.value.clone()).unwrap_or_default(),
            values: vec![compose.project_name().map(|name| name.value.clone()).unwrap_or_default()],
            span: compose.span,
            outside: None,
        };
        let services = |reader: &Self| -> Vec<Object> {
            if compose.services.is_empty() {
                return vec![project()];
            }
            compose.services.iter().map(|arg| reader.object(ObjectKind::Service, arg, site)).collect()
        };
        let given = options(&compose.given);
        let deed = match &*compose.verb {
            "up" | "start" | "unpause" | "create" | "scale" => Deed::Start,
            "restart" => Deed::Restart,
            "stop" | "kill" | "pause" | "down" => Deed::Stop,
            "rm" => Deed::Delete,
            "run" => Deed::Run,
            "cp" => Deed::Copy,
            _ => return,
        };
        let objects = services(self);
        self.push(deed, "compose", span, objects, site.clone(), given.clone());
        if matches!(&*compose.verb, "down" | "rm") && (compose.given.has("--volumes") || compose.given.has("-v")) {
            let volumes = Object {
                kind: ObjectKind::Volume,
                value: Value::default(),
                values: vec![Value::default()],
                span,
                outside: None,
            };
            // `rm -v` takes anonymous volumes only.
            let deed = if compose.verb == "down" { Deed::Destroy } else { Deed::Delete };
            self.push(deed, "compose", span, vec![volumes], site.clone(), given);
        }
    }

    fn row(&mut self, row: &Row, line: &Line, sorted: &Sorted) {
        let verb = row.verbs.iter().find(|verb| {
            sorted.operands.len() >= verb.len()
                && verb
                    .iter()
                    .zip(&sorted.operands)
                    .all(|(word, operand)| operand.text().is_some_and(|text| text == *word))
        });
        if !row.verbs.is_empty() && verb.is_none() {
            return;
        }
        let operands = &sorted.operands[verb.map_or(0, Vec::len)..];
        let fits = (row.given.is_empty() || row.given.iter().any(|option| sorted.has(option)))
            && !row.without.iter().any(|option| sorted.has(option))
            && operands.len() >= row.operands
            && (row.says.is_empty() || self.says(&line.words, &row.says))
            && (!row.fed || self.is_fed())
            && row.request.as_ref().is_none_or(|method| {
                ["-X", "--request"].iter().filter_map(|option| sorted.value(option)).any(|value| value.is(method))
            });
        if !fits {
            return;
        }
        let objects = self.pick(row, &row.what, sorted, operands, line, row.object);
        let named = !row.what.is_empty() && objects.is_empty() && !line.is_fed_operands;
        // `rm` without operands does nothing.
        if named && !matches!(row.deed, Deed::Verify | Deed::Unpack | Deed::Sync | Deed::Copy | Deed::Upload) {
            return;
        }
        let from = self.pick(row, &row.from, sorted, operands, line, ObjectKind::Path);
        let into = self.pick(row, &row.into, sorted, operands, line, ObjectKind::Path);
        let mut given: Vec<Box<str>> = sorted.options.iter().map(|(name, _)| name.as_str().into()).collect();
        given.dedup();
        let span = line.words.iter().map(|word| word.span).reduce(Span::to).unwrap_or_default();
        self.found.push(Effect {
            deed: row.deed,
            step: self.step,
            program: line.name.as_str().into(),
            span,
            objects,
            from,
            into,
            site: line.site.clone(),
            given,
        });
    }

    fn pick(
        &self,
        row: &Row,
        picks: &[Pick],
        sorted: &Sorted,
        operands: &[Arg],
        line: &Line,
        kind: ObjectKind,
    ) -> Vec<Object> {
        for pick in picks {
            let chosen: Vec<&Arg> = match pick {
                Pick::First => operands.first().into_iter().collect(),
                Pick::Last => operands.last().into_iter().collect(),
                Pick::Rest => operands.split_last().map(|(_, rest)| rest.iter().collect()).unwrap_or_default(),
                Pick::All => operands.iter().collect(),
                Pick::AfterFirst => operands.iter().skip(1).collect(),
                Pick::Leading => operands.iter().take(sorted.leading.max(1)).collect(),
                Pick::Option(option) => sorted
                    .options
                    .iter()
                    .filter(|(name, _)| name == option)
                    .filter_map(|(_, value)| value.as_ref())
                    .collect(),
                Pick::Prefix(prefix) => {
                    let found = operands.iter().find(|word| word.pattern().starts_with(prefix.as_str()));
                    if let Some(word) = found {
                        return vec![self.object(kind, &word.after(prefix.len()), &line.site)];
                    }
                    continue;
                }
                Pick::Input => match self.input() {
                    Some(word) => return vec![self.object(ObjectKind::Path, &word, &Site::Here)],
                    None => continue,
                },
                Pick::Output => match self.output() {
                    Some(word) => return vec![self.object(ObjectKind::Path, &word, &Site::Here)],
                    None => continue,
                },
                Pick::Here | Pick::Everything => {
                    let span = line.words.iter().map(|word| word.span).reduce(Span::to).unwrap_or_default();
                    let kind = match (pick, row.deed) {
                        (Pick::Here, _) => ObjectKind::Path,
                        (_, Deed::Upload | Deed::Sync | Deed::Unpack) if kind == ObjectKind::Path => ObjectKind::Remote,
                        _ => kind,
                    };
                    let value = if *pick == Pick::Here { super::site::known(".") } else { Value::default() };
                    return vec![Object { kind, values: vec![value.clone()], value, span, outside: None }];
                }
            };
            // `-` is what stands around it.
            if chosen.iter().any(|arg| arg.is("-")) {
                continue;
            }
            if !chosen.is_empty() {
                return chosen.into_iter().map(|arg| self.object(kind, arg, &line.site)).collect();
            }
        }
        Vec::new()
    }

    fn object(&self, kind: ObjectKind, arg: &Arg, site: &Site) -> Object {
        let kind = match kind {
            ObjectKind::Path if is_remote(&arg.pattern()) => ObjectKind::Remote,
            kind => kind,
        };
        let outside = (kind == ObjectKind::Path).then(|| site.outside(&arg.value, arg.span)).flatten().map(Box::new);
        let values = match self.word_at(arg.span) {
            Some(word) if arg.is_written => self.script.values(self.step.node, word),
            _ => Vec::new(),
        };
        let is_part = values.iter().all(|value| value.pattern() != arg.pattern()) && arg.value.likely().is_some();
        let values = if values.is_empty() || is_part { vec![arg.value.clone()] } else { values };
        Object { kind, value: arg.value.clone(), values, span: arg.span, outside }
    }

    fn word_at(&self, span: Span) -> Option<&Word> {
        self.script.node(self.step.node).words().into_iter().find(|word| word.span == span)
    }

    /// Whether an argument, or what it reads from the script itself, holds one of these texts.
    fn says(&self, words: &[Arg], texts: &[String]) -> bool {
        let holds = |text: &str| {
            let text = text.to_ascii_lowercase();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
            texts.iter().any(|one| text.contains(one.as_str()))
        };
        if words.iter().any(|word| holds(&word.pattern())) {
            return true;
        }
        let script = self.script;
        let node = script.node(self.step.node);
        let reads = node
            .redirects
            .iter()
            .filter(|redirect| matches!(redirect.kind, RedirectKind::Heredoc { .. } | RedirectKind::HereString));
        if reads.into_iter().any(|redirect| holds(script.written(redirect.target.span))) {
            return true;
        }
        // `echo "DROP DATABASE app" | psql`
        self.stages_before().into_iter().any(|stage| {
            script.command(stage).is_some_and(|command| {
                command.name().is_some_and(|name| name == "echo" || name == "printf" || name == "cat")
                    && holds(script.written(command.span()))
            })
        })
    }

    /// The stages before it in its pipeline, the nearest first.
    fn stages_before(&self) -> Vec<NodeId> {
        let mut at = self.step.node;
        for parent in self.script.shell().ancestors(self.step.node) {
            match &self.script.node(parent).kind {
                NodeKind::Pipeline(stages) => {
                    return stages
                        .iter()
                        .copied()
                        .take_while(|stage| *stage != at)
                        .collect::<Vec<_>>()
                        .into_iter()
                        .rev()
                        .collect();
                }
                NodeKind::Group(_) | NodeKind::Subshell(_) | NodeKind::List(_) => at = parent,
                _ => return Vec::new(),
            }
        }
        Vec::new()
    }

    /// Whether something is redirected or piped into it.
    fn is_fed(&self) -> bool {
        let script = self.script;
        let fed = |id: NodeId| {
            script.node(id).redirects.iter().any(|redirect| {
                matches!(redirect.kind, RedirectKind::Read | RedirectKind::Heredoc { .. } | RedirectKind::HereString)
                    && !redirect.target.is("/dev/null")
            })
        };
        if fed(self.step.node) {
            return true;
        }
        let mut at = self.step.node;
        for parent in script.shell().ancestors(self.step.node) {
            match &script.node(parent).kind {
                NodeKind::Pipeline(stages) if stages.first() != Some(&at) => return true,
                NodeKind::Group(_) | NodeKind::Subshell(_) if fed(parent) => return true,
                NodeKind::Function(..) | NodeKind::Simple(_) => return false,
                _ => {}
            }
            at = parent;
        }
        false
    }

    /// The file that it reads: redirected, or through `cat`, `zcat` and their like.
    fn input(&self) -> Option<Arg> {
        let script = self.script;
        let redirected = |id: NodeId| {
            let redirect = script.node(id).redirects.iter().rfind(|redirect| redirect.kind == RedirectKind::Read)?;
            args(script, std::slice::from_ref(&redirect.target)).into_iter().next()
        };
        if let Some(arg) = redirected(self.step.node) {
            return Some(arg);
        }
        for stage in self.stages_before() {
            if let Some(arg) = redirected(stage) {
                return Some(arg);
            }
            let command = script.command(stage)?;
            let name = command.name()?;
            const READERS: &[&str] = &[
                "cat", "zcat", "gunzip", "gzip", "pigz", "unpigz", "zstdcat", "zstd", "xz", "xzcat", "bzcat",
                "bunzip2", "pv", "gpg", "openssl", "age",
            ];
            if !READERS.contains(&&*name) {
                return None;
            }
            let operand = command.args().iter().rfind(|word| {
                let text = word.parts.first().map(|part| &part.kind);
                !matches!(text, Some(PartKind::Text(text)) if text.starts_with('-'))
            });
            if let Some(word) = operand {
                return args(script, std::slice::from_ref(word)).into_iter().next();
            }
        }
        None
    }

    /// The file that it writes: redirected here, behind it in its pipeline, or around it.
    fn output(&self) -> Option<Arg> {
        let script = self.script;
        let redirected = |id: NodeId| {
            let redirect = script.node(id).redirects.iter().rfind(|redirect| {
                matches!(
                    redirect.kind,
                    RedirectKind::Write | RedirectKind::Clobber | RedirectKind::Append | RedirectKind::WriteBoth
                ) && redirect.descriptor.is_none_or(|descriptor| descriptor == 1)
            })?;
            args(script, std::slice::from_ref(&redirect.target)).into_iter().next()
        };
        if let Some(arg) = redirected(self.step.node) {
            return Some(arg);
        }
        let mut at = self.step.node;
        for parent in script.shell().ancestors(self.step.node) {
            match &script.node(parent).kind {
                NodeKind::Pipeline(stages) if stages.last() != Some(&at) => {
                    let last = *stages.last()?;
                    if let Some(arg) = redirected(last) {
                        return Some(arg);
                    }
                    let command = script.command(last)?;
                    let name = command.name()?;
                    let words = args(script, command.args());
                    return match &*name {
                        "tee" | "sponge" => words.into_iter().rfind(|word| !word.pattern().starts_with('-')),
                        "rclone" | "aws" | "gsutil" | "mc" => words.into_iter().last(),
                        "dd" => words.iter().find(|word| word.pattern().starts_with("of=")).map(|word| word.after(3)),
                        "gpg" | "zstd" | "age" | "openssl" => {
                            let at = words
                                .iter()
                                .position(|word| word.is("-o") || word.is("--output") || word.is("-out"))?;
                            words.into_iter().nth(at + 1)
                        }
                        _ => None,
                    };
                }
                NodeKind::Function(..) => return None,
                NodeKind::Simple(_) => return None,
                _ => {
                    if let Some(arg) = redirected(parent) {
                        return Some(arg);
                    }
                }
            }
            at = parent;
        }
        None
    }
}

/// `s3://bucket`, `host:path`, `remote:dir`
fn is_remote(text: &str) -> bool {
    if text.contains("://") {
        return true;
    }
    let Some((before, _)) = text.split_once(':') else { return false };
    !before.is_empty() && !before.contains('/') && !before.contains(' ') && before != "*"
}

fn options(given: &crate::docker::Given) -> Vec<Box<str>> {
    given.options.iter().map(|option| option.name.as_str().into()).collect()
}

fn span_of_words(words: &[Word]) -> Option<Span> {
    words.iter().map(|word| word.span).reduce(Span::to)
}
