//! Scripts that the shell which reads them refuses to read.

use super::{Dialect, Host, Script, Via};
use crate::Repo;
use crate::dockerfile::{Command, StepKind};
use std::sync::OnceLock;
use twiceshy_source::{Extract, Tree};
use twiceshy_syntax::shell::{Reader, Refusal, refusal};

impl Script {
    /// Where `reader` stops reading it.
    fn refusal(&self, reader: Reader) -> Option<&Refusal> {
        let known = match reader {
            Reader::Bash => &self.refusals.bash,
            Reader::Dash => &self.refusals.dash,
            Reader::Ash => &self.refusals.ash,
        };
        known.get_or_init(|| refusal(self.text(), reader)).as_ref()
    }
}

/// Where each shell stops reading a script, once somebody has asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    bash: OnceLock<Option<Refusal>>,
    dash: OnceLock<Option<Refusal>>,
    ash: OnceLock<Option<Refusal>>,
}

/// What templates are written with; what such a text becomes, nobody knows here.
const TEMPLATES: [&str; 5] = ["${{", "{%", "<%", "{{cookiecutter", "{{-"];
/// Endings of files that become scripts only later.
const TEMPLATE_ENDINGS: [&str; 12] =
    ["tpl", "tmpl", "tftpl", "j2", "jinja", "jinja2", "erb", "ejs", "in", "template", "mustache", "gotmpl"];
/// Parts of paths under which scripts are templates, or are wrong on purpose.
const APART: [&str; 7] = ["templat", "cookiecutter", "testdata", "fixture", "broken", "invalid", "snippet"];

impl Repo {
    /// Where the shell that reads a script stops with a syntax error. `None`: it does not, or that is not certain.
    ///
    /// Where any `sh` may read it, only what dash, BusyBox ash and bash refuse alike counts.
    pub fn refusal_of<'s>(&self, script: &'s Script) -> Option<&'s Refusal> {
        let mut found = None;
        for reader in self.shells_of(script) {
            found = Some(script.refusal(*reader)?);
        }
        // Few are refused, so that this is asked last.
        found.filter(|_| self.is_read_as_it_stands(script))
    }

    /// Whether a shell reads the text as we see it, all of it.
    fn is_read_as_it_stands(&self, script: &Script) -> bool {
        let text = script.text();
        let path = self.tree.path(script.file).to_ascii_lowercase();
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let is_template = TEMPLATES.iter().any(|mark| text.contains(mark)) || TEMPLATE_ENDINGS.contains(&ending);
        if is_template || APART.iter().any(|part| path.contains(part)) {
            return false;
        }
        match &script.host {
            Host::Fence { .. } | Host::Recipe { .. } => return false,
            // Elsewhere, or a part of something; and what the outer shell puts in may be anything.
            Host::Inside { outer, via } => {
                let is_whole = matches!(via, Via::Shell | Via::Container | Via::File) && !text.contains("${_");
                if !is_whole || matches!(outer.outermost(), Host::Fence { .. } | Host::Recipe { .. }) {
                    return false;
                }
            }
            // Written for zsh.
            Host::File if text.starts_with("#compdef") || text.starts_with("#autoload") => return false,
            // Without `shell:`, a runner with Windows reads it with PowerShell.
            Host::Step { .. } if script.start.options.pipefail() != Some(true) => {
                let file = self.tree.source(script.file).ok();
                if file.is_none_or(|source| source.text().to_ascii_lowercase().contains("windows")) {
                    return false;
                }
            }
            _ => {}
        }
        true
    }

    /// The shells of which each must refuse it; none where the shell is not one that we know.
    fn shells_of(&self, script: &Script) -> &'static [Reader] {
        const ANY: &[Reader] = &[Reader::Bash, Reader::Ash, Reader::Dash];
        match script.start.dialect {
            // Whoever sources it may be another shell.
            Dialect::Bash if script.host == Host::File && !script.text().starts_with("#!") => ANY,
            Dialect::Bash => &[Reader::Bash],
            Dialect::Dash => &[Reader::Dash],
            Dialect::Ash => &[Reader::Ash],
            Dialect::Sh => match self.sh_of(script) {
                Some(Dialect::Dash) => &[Reader::Dash],
                Some(Dialect::Ash) => &[Reader::Ash],
                _ => ANY,
            },
            Dialect::Other => &[],
        }
    }

    /// Which shell `sh` is for a script in a Dockerfile.
    fn sh_of(&self, script: &Script) -> Option<Dialect> {
        let Host::Image { stage, .. } = &script.host else { return None };
        let dockerfile = self.dockerfiles.of(script.file)?;
        let stage = dockerfile.stages.get(*stage as usize)?;
        let (image, _) = dockerfile.base_image(stage, &|_| None)?;
        let replaces = dockerfile.steps_of(stage).any(|step| match &step.kind {
            StepKind::Run(run) => {
                let named = |text: &Extract| ["/bin/sh", "dash/sh"].iter().any(|name| text.text().contains(name));
                match &run.command {
                    Command::Shell(script) => named(script),
                    Command::Exec(words) => words.iter().any(|word| Tree::name(word.text()) == "ln" || named(word)),
                }
            }
            // A root file system of its own.
            StepKind::Copy(copy) => copy
                .dest
                .as_ref()
                .and_then(|text| text.value.as_deref())
                .is_none_or(|path| ["/", "/bin", "/bin/"].contains(&path)),
            _ => false,
        });
        if replaces { None } else { self.facts(&image).sh() }
    }
}
