//! From instructions to stages and steps.

use super::scope::Scope;
use super::{
    Base, Command, Copy, CopyFrom, Dockerfile, Healthcheck, Run, Stage, Step, StepKind, Text, Variable, packages,
    syntax,
};
use crate::script::{Host, Start};
use crate::{Image, Lowered, Script};
use syntax::{Args, Instruction, Keyword, Word};
use twiceshy_source::{Extract, Place, Quoting, Span};
use twiceshy_syntax::Flaw;

/// Lowers a Dockerfile that stands in `text`, be that a file or a part of one.
pub(crate) fn lower(text: &Extract, out: &mut Lowered) {
    let parsed = syntax::parse(text.text());
    let mut lowering = Lowering {
        text,
        escape: parsed.escape,
        dockerfile: Dockerfile { file: text.file(), args: Vec::new(), stages: Vec::new(), escape: parsed.escape },
        global: Scope::default(),
        scope: Scope::default(),
        ends: Vec::new(),
        workdir: None,
        shell: None,
    };
    for instruction in &parsed.instructions {
        lowering.add(instruction, &mut out.scripts);
    }
    out.flaws.extend(parsed.flaws.into_iter().map(|flaw| Flaw { span: text.place(flaw.span).span(), ..flaw }));
    out.dockerfiles.push(lowering.dockerfile);
}

struct Lowering<'t> {
    text: &'t Extract,
    escape: char,
    dockerfile: Dockerfile,
    /// What the `ARG`s before the first `FROM` say.
    global: Scope,
    /// What is known at this point of this stage.
    scope: Scope,
    /// What was known at the end of each stage.
    ends: Vec<End>,
    workdir: Option<String>,
    /// What `SHELL` says.
    shell: Option<Vec<String>>,
}

/// What a stage hands on to those that build on it.
struct End {
    scope: Scope,
    workdir: Option<String>,
    shell: Option<Vec<String>>,
}

impl Lowering<'_> {
    fn place(&self, span: Span) -> Place {
        self.text.place(span)
    }

    /// A word whose variables are replaced.
    fn word(&self, word: &Word) -> Text {
        self.word_in(word, &self.scope)
    }

    fn word_in(&self, word: &Word, scope: &Scope) -> Text {
        let value = word.expand(self.escape, &mut |name| scope.get(name));
        Text { written: word.value(self.escape), value, place: self.place(word.span) }
    }

    /// A word that nobody expands: a string of the exec form, a flag's value.
    fn literal(&self, word: &Word) -> Text {
        Text { written: word.text.clone(), value: Some(word.text.clone()), place: self.place(word.span) }
    }

    /// A string of the JSON form, with the way back into its quotes.
    fn string(&self, word: &Word) -> Extract {
        let inside = Span { start: word.span.start + 1, end: word.span.end.saturating_sub(1) };
        let is_plain = inside.of(self.text.text()) == word.text;
        let mut extractor = self.text.nested(if is_plain { Quoting::Double } else { Quoting::Opaque });
        extractor.piece(&word.text, if is_plain { inside } else { word.span });
        extractor.finish()
    }

    fn words(&self, instruction: &Instruction) -> Vec<Text> {
        instruction.words().iter().map(|word| self.word(word)).collect()
    }

    /// The script that a step holds, read by the shell in force.
    fn add_script(&self, instruction: &Instruction, kind: &StepKind, scripts: &mut Vec<Script>) {
        let (name, command) = match kind {
            StepKind::Run(run) => ("RUN", &run.command),
            StepKind::Cmd(command) => ("CMD", command),
            StepKind::Entrypoint(command) => ("ENTRYPOINT", command),
            StepKind::Healthcheck(Healthcheck { test: Some(command), .. }) => ("HEALTHCHECK", command),
            _ => return,
        };
        let Some(script) = command.script() else { return };
        let first = script.text().lines().next().unwrap_or_default();
        let start = match (first.strip_prefix("#!"), command) {
            // A heredoc with its own interpreter.
            (Some(program), _) => Start::of_words(program.split_whitespace()),
            (None, Command::Exec(words)) => Start::of_words(words.iter().map(Extract::text)),
            (None, Command::Shell(_)) => {
                Start::of_dockerfile(self.shell.as_ref().map(|words| words.iter().map(String::as_str)))
            }
        };
        let stage = self.dockerfile.stages.len().saturating_sub(1) as u32;
        let host = Host::Image { stage, instruction: name.to_owned() };
        if let Some(start) = start.filter(|_| !instruction.onbuild) {
            scripts.extend(Script::new(script.clone(), host, start));
        }
    }

    fn add(&mut self, instruction: &Instruction, scripts: &mut Vec<Script>) {
        if instruction.keyword == Keyword::From && !instruction.onbuild {
            self.from(instruction);
        } else if self.dockerfile.stages.is_empty() {
            // Only ARG may stand here.
            if instruction.keyword == Keyword::Arg {
                let args = self.args(instruction);
                self.dockerfile.args.extend(args);
            }
        } else {
            let kind = self.kind(instruction);
            self.add_script(instruction, &kind, scripts);
            let step = Step { place: self.place(instruction.span), onbuild: instruction.onbuild, kind };
            if let Some(stage) = self.dockerfile.stages.last_mut() {
                stage.steps.push(step);
            }
        }
    }

    fn from(&mut self, instruction: &Instruction) {
        let Some(image) = instruction.words().first() else { return };
        if self.dockerfile.stages.is_empty() {
            self.global = std::mem::take(&mut self.scope);
        } else {
            let (scope, workdir, shell) = (std::mem::take(&mut self.scope), self.workdir.take(), self.shell.take());
            self.ends.push(End { scope, workdir, shell });
        }
        let from = self.word_in(image, &self.global);
        let name = match instruction.words() {
            [_, r#as, name, ..] if r#as.text.eq_ignore_ascii_case("as") => Some(self.literal(name)),
            _ => None,
        };
        let base = match from.value.as_deref() {
            None => Base::Unknown,
            Some("scratch") => Base::Scratch,
            Some(value) => match self.stage_named(value) {
                Some(stage) => Base::Stage(stage),
                None => Image::parse(value).map_or(Base::Unknown, Base::Image),
            },
        };
        if let Base::Stage(index) = base
            && let Some(end) = self.ends.get(index)
        {
            self.scope = end.scope.inherited();
            self.workdir = end.workdir.clone();
            self.shell = end.shell.clone();
        }
        self.dockerfile.stages.push(Stage {
            place: self.place(instruction.span),
            index: self.dockerfile.stages.len(),
            name,
            from,
            base,
            platform: instruction.flag("platform").map(|word| self.word_in(word, &self.global)),
            steps: Vec::new(),
            from_word: image.clone(),
        });
    }

    fn stage_named(&self, name: &str) -> Option<usize> {
        self.dockerfile.stages.iter().rposition(|stage| stage.is_named(name))
    }

    fn args(&mut self, instruction: &Instruction) -> Vec<Variable> {
        let mut variables = Vec::new();
        for pair in instruction.pairs() {
            let value = pair.value.as_ref().map(|word| self.word(word));
            let known = match &value {
                Some(value) => value.value.clone(),
                // `ARG NAME` in a stage takes over what stands before the first FROM.
                None => self.global.get(&pair.name.text),
            };
            self.scope.set_arg(&pair.name.text, known);
            variables.push(Variable { name: self.literal(&pair.name), value });
        }
        variables
    }

    fn env(&mut self, instruction: &Instruction) -> Vec<Variable> {
        // All values of one instruction see the variables as they were before it.
        let before = self.scope.clone();
        let mut variables = Vec::new();
        for pair in instruction.pairs() {
            let value = pair.value.as_ref().map(|word| self.word_in(word, &before));
            self.scope.set_env(&pair.name.text, value.as_ref().and_then(|value| value.value.clone()));
            variables.push(Variable { name: self.literal(&pair.name), value });
        }
        variables
    }

    fn kind(&mut self, instruction: &Instruction) -> StepKind {
        match instruction.keyword {
            Keyword::Arg => StepKind::Arg(self.args(instruction)),
            Keyword::Env => StepKind::Env(self.env(instruction)),
            Keyword::Copy | Keyword::Add => StepKind::Copy(self.copy(instruction)),
            Keyword::Run => self.command(instruction).map_or(StepKind::Other, |command| {
                let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
                let mounts = mounts.filter_map(|flag| Some(self.literal(flag.value.as_ref()?))).collect();
                StepKind::Run(Run { packages: packages::installed(&command), command, mounts })
            }),
            Keyword::Cmd => self.command(instruction).map_or(StepKind::Other, StepKind::Cmd),
            Keyword::Entrypoint => self.command(instruction).map_or(StepKind::Other, StepKind::Entrypoint),
            Keyword::Healthcheck => {
                let options = instruction.flags.iter();
                let options =
                    options.filter_map(|flag| Some((flag.name.clone(), self.word(flag.value.as_ref()?)))).collect();
                let test = self.command(instruction);
                StepKind::Healthcheck(Healthcheck { place: self.place(instruction.span), test, options })
            }
            Keyword::Workdir => self.workdir(instruction),
            Keyword::User => self.words(instruction).pop().map_or(StepKind::Other, StepKind::User),
            Keyword::Expose => StepKind::Expose(self.words(instruction)),
            Keyword::Volume => StepKind::Volume(self.words(instruction)),
            Keyword::Shell => {
                self.shell = Some(instruction.words().iter().map(|word| word.text.clone()).collect());
                StepKind::Shell(instruction.words().iter().map(|word| self.literal(word)).collect())
            }
            Keyword::From | Keyword::Label | Keyword::Maintainer | Keyword::Onbuild | Keyword::Stopsignal => {
                StepKind::Other
            }
        }
    }

    fn command(&self, instruction: &Instruction) -> Option<Command> {
        match &instruction.args {
            Args::Json(words) => Some(Command::Exec(words.iter().map(|word| self.string(word)).collect())),
            Args::Command(_) => Some(Command::Shell(instruction.shell_text(self.text)?)),
            _ => None,
        }
    }

    fn workdir(&mut self, instruction: &Instruction) -> StepKind {
        let Some(mut dir) = self.words(instruction).pop() else {
            return StepKind::Other;
        };
        if let Some(value) = dir.value.take() {
            let joined = if value.starts_with('/') {
                Some(value)
            } else {
                self.workdir.as_ref().map(|before| format!("{}/{value}", before.trim_end_matches('/')))
            };
            dir.value = joined;
        }
        self.workdir = dir.value.clone();
        StepKind::Workdir(dir)
    }

    fn copy(&self, instruction: &Instruction) -> Copy {
        let mut sources = self.words(instruction);
        let dest = sources.pop();
        // A heredoc's marker is a source that stands in the Dockerfile itself.
        let markers: Vec<_> = instruction.heredocs.iter().map(|heredoc| self.place(heredoc.marker)).collect();
        sources.retain(|source| !markers.contains(&source.place));
        let from = instruction.flag("from").map(|word| {
            let text = self.word(word);
            let name = text.known();
            let stage = self
                .stage_named(name)
                .or_else(|| name.parse().ok().filter(|index| *index + 1 < self.dockerfile.stages.len()));
            stage.map_or(CopyFrom::Other(text), CopyFrom::Stage)
        });
        let excludes = instruction.flags.iter().filter(|flag| flag.name == "exclude");
        Copy {
            is_add: instruction.keyword == Keyword::Add,
            from,
            sources,
            dest,
            excludes: excludes.filter_map(|flag| Some(self.word(flag.value.as_ref()?))).collect(),
            chown: instruction.flag("chown").map(|word| self.word(word)),
            has_heredocs: !markers.is_empty(),
        }
    }
}
