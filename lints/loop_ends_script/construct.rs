//! The constructs: what fails in them without anything being wrong.

use super::function_left;
use twiceshy_lint::{Findings, Level};
use twiceshy_repo::script::{Command, Deed, Joint, NodeId, NodeKind, PartKind, RedirectKind, Word};
use twiceshy_repo::{Edit, Script, Span};

/// A command that fails in the normal course of things.
pub struct Construct {
    /// What fails.
    pub fails: NodeId,
    /// What is reported.
    pub node: NodeId,
    pub kind: Kind,
}

pub enum Kind {
    /// `test && action`, the last of its list.
    ActionBehindTest,
    /// `((i++))` while `i` is 0.
    CountFromZero(String),
    /// `x=$(… grep …)`, and a later test of `x` for being empty or 0.
    SearchAssigned { variable: String, test: NodeId },
    /// `tr … < /dev/urandom | head -c 32` under `pipefail`.
    EndlessIntoHead,
    /// `ls *.gz | …` under `pipefail`, with nothing there.
    ListOfNothing,
    /// A deletion in a loop.
    DeletionInLoop,
}

impl Construct {
    pub fn all(script: &Script) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for id in script.shell().ids().filter(|&id| script.is_reached(id)) {
            match &script.node(id).kind {
                NodeKind::AndOr(first, rest) => found.extend(action_behind_test(script, id, *first, rest)),
                NodeKind::Arithmetic(_) => found.extend(count_from_zero(script, id)),
                NodeKind::Pipeline(stages) => {
                    found.extend(endless_into_head(script, id, stages));
                    found.extend(list_of_nothing(script, id, stages));
                }
                NodeKind::Simple(simple) if simple.words.is_empty() => found.extend(search_assigned(script, id)),
                NodeKind::Simple(_) => {
                    // One finding a line: the test before it is reported already.
                    let parent = script.shell().parent(id);
                    let is_known = found.iter().any(|construct| Some(construct.node) == parent);
                    found.extend(deletion_in_loop(script, id).filter(|_| !is_known));
                }
                _ => {}
            }
        }
        found
    }

    /// Whether it ends the script in the way that its kind is about.
    pub fn fits(&self, script: &Script, at: NodeId, critical: Command<'_>) -> bool {
        match self.kind {
            // What somebody else dumps may always be there; what this script dumps is not, the first time.
            Kind::ListOfNothing => critical.deed() == Some(Deed::Dump),
            // Elsewhere the failing test *is* the statement that ends the script.
            Kind::ActionBehindTest => at != self.fails,
            Kind::SearchAssigned { .. } => at == self.node || script.shell().ancestors(self.node).any(|id| id == at),
            _ => true,
        }
    }

    pub fn report(&self, script: &Script, at: NodeId, through: &[NodeId], critical: Command<'_>, found: &mut Findings) {
        let what = critical.innermost().name().or(critical.name()).unwrap_or_default().into_owned();
        let never = format!("and never reaches `{what}`");
        let place = |id: NodeId| script.place(script.node(id).span);
        let finding = match &self.kind {
            Kind::ActionBehindTest => {
                let test = shown(script, self.fails);
                let scope = Scope::of(script, self.node, at, through);
                let message =
                    format!("the script ends here without a word when {test} is false {}, {never}", scope.when());
                let finding = found.at(place(self.node), message);
                finding.label(format!("false {}: status 1, {}", scope.when(), scope.becomes()));
                finding.note(format!("`set -e` spares the left side of `&&`, but not {}", scope.culprit()));
                let edits = as_if(script, self.node);
                match function_left(script, through) {
                    None => finding.fix("write it as `if …; then …; fi`, which succeeds when the test is false", edits),
                    Some(_) => finding.suggest(
                        "write it as `if …; then …; fi`; the function then succeeds when the test is false",
                        edits,
                    ),
                };
                finding
            }
            Kind::CountFromZero(variable) => {
                let message = format!("the script ends here without a word at the first count, {never}");
                let finding = found.at(place(self.node), message);
                finding.label(format!("`{variable}` is 0 before: `(( … ))` has the value 0, which is status 1"));
                finding.note(format!("`(({variable}++))` has the value from before the addition, and `set -e` ends the script over a value of 0"));
                let operator = if script.written(script.node(self.node).span).contains("--") { '-' } else { '+' };
                let edit = script.edit(script.node(self.node).span, &format!("{variable}=$(({variable}{operator}1))"));
                finding.fix(format!("count with `{variable}=$(({variable}{operator}1))`, which always succeeds"), edit)
            }
            Kind::SearchAssigned { variable, test } => {
                let message = format!("the script ends here without a word when nothing is found, {never}");
                let finding = found.at(place(self.fails), message);
                finding.label("finding nothing is status 1, and `set -e` ends the script at the assignment");
                finding.related(
                    script.place(script.node(*test).span),
                    format!("expects `{variable}` to be empty or 0 then, and is not reached"),
                );
                let end = script.shell().substitutions(self.node).last().map(|&body| script.node(body).span.end);
                let edit = end.and_then(|end| script.edit(Span { start: end, end }, " || true"));
                finding.suggest("let the search find nothing", edit)
            }
            Kind::EndlessIntoHead => {
                let message = format!("the script ends here every time, {never}");
                let finding = found.at(place(self.node), message);
                finding.label("`head` stops reading, the endless command before it dies of SIGPIPE: status 141");
                finding.note("`pipefail` makes 141 the status of the pipeline, and `set -e` ends the script; without `pipefail` it works");
                let end = script.node(self.node).span.end;
                finding.suggest("accept how the pipeline ends", script.edit(Span { start: end, end }, " || true"))
            }
            Kind::ListOfNothing => {
                let message = format!("the script ends here when there is nothing to list, {never}");
                let finding = found.at(place(self.fails), message);
                finding.label("no match: `ls` fails with status 2, `pipefail` hands it on, `set -e` ends the script");
                let end = script.node(self.node).span.end;
                finding.suggest("let there be nothing to list", script.edit(Span { start: end, end }, " || true"))
            }
            Kind::DeletionInLoop => {
                let message = format!("the script ends here at the first deletion that fails, {never}");
                let finding = found.at(place(self.node), message);
                finding.label("one error of the network or of a race, and `set -e` ends the script");
                let end = script.node(self.node).span.end;
                finding.suggest("go on when a deletion fails", script.edit(Span { start: end, end }, " || true"))
            }
        };
        if matches!(self.kind, Kind::SearchAssigned { .. } | Kind::DeletionInLoop) {
            finding.level(Level::Warn);
        }
        finding.related(critical.words_place(), "never reached then");
        if let Some(function) = function_left(script, through)
            && let NodeKind::Function(name, _) = &script.node(function).kind
            && script.shell().ancestors(at).all(|id| id != function)
        {
            finding.related(
                script.place(script.node(at).span),
                format!("`{}` is called here, and its status ends the script", name.text),
            );
        }
    }
}

/// What hands the status on.
enum Scope {
    PipedLoop,
    PipedStage,
    Subshell,
    Substitution,
    Function(String),
}

impl Scope {
    fn of(script: &Script, node: NodeId, at: NodeId, through: &[NodeId]) -> Self {
        let in_loop = || {
            script
                .shell()
                .ancestors(node)
                .take_while(|id| *id != at)
                .any(|id| matches!(script.node(id).kind, NodeKind::While(_) | NodeKind::For(_) | NodeKind::CFor(_)))
        };
        if let Some(function) = function_left(script, through)
            && let NodeKind::Function(name, _) = &script.node(function).kind
        {
            return Self::Function(name.text.to_string());
        }
        match &script.node(at).kind {
            NodeKind::Pipeline(_) if in_loop() => Self::PipedLoop,
            NodeKind::Pipeline(_) => Self::PipedStage,
            NodeKind::Subshell(_) => Self::Subshell,
            _ => Self::Substitution,
        }
    }

    fn when(&self) -> &'static str {
        match self {
            Self::PipedLoop => "for the last line",
            _ => "at the end",
        }
    }

    fn becomes(&self) -> String {
        match self {
            Self::PipedLoop => "which becomes the loop's, and the pipeline's".to_owned(),
            Self::PipedStage => "which becomes the pipeline's".to_owned(),
            Self::Subshell => "which becomes the subshell's".to_owned(),
            Self::Substitution => "which becomes the assignment's".to_owned(),
            Self::Function(name) => format!("which becomes that of `{name}`"),
        }
    }

    fn culprit(&self) -> String {
        match self {
            Self::PipedLoop | Self::PipedStage => "a pipeline whose last command has status 1".to_owned(),
            Self::Subshell => "a subshell that ends with status 1".to_owned(),
            Self::Substitution => "an assignment whose `$( )` ends with status 1".to_owned(),
            Self::Function(name) => format!("the call of `{name}`, which returns 1"),
        }
    }
}

/// What a test looks like, short.
fn shown(script: &Script, id: NodeId) -> String {
    let text = script.written(script.node(id).span);
    if text.len() <= 40 && !text.contains('\n') { format!("`{text}`") } else { "the test before `&&`".to_owned() }
}

fn action_behind_test(script: &Script, id: NodeId, first: NodeId, rest: &[(Joint, NodeId)]) -> Option<Construct> {
    let &(_, action) = rest.last()?;
    let only_and = rest.iter().all(|(joint, _)| *joint == Joint::And);
    let tests = std::iter::once(first).chain(rest[..rest.len() - 1].iter().map(|(_, id)| *id));
    if !only_and || is_test(script, action) || script.leaves(action) || !tests.into_iter().all(|id| is_test(script, id))
    {
        return None;
    }
    Some(Construct { fails: first, node: id, kind: Kind::ActionBehindTest })
}

/// Whether a command asks a question: to be answered with no is no failure.
fn is_test(script: &Script, id: NodeId) -> bool {
    match &script.node(id).kind {
        NodeKind::Test(_) | NodeKind::Arithmetic(_) => true,
        NodeKind::Not(inner) => is_test(script, *inner),
        NodeKind::Pipeline(stages) => stages.last().is_some_and(|&last| is_test(script, last)),
        NodeKind::Simple(_) => script.command(id).and_then(|command| command.name()).is_some_and(|name| {
            matches!(
                &*name,
                "test"
                    | "["
                    | "grep"
                    | "egrep"
                    | "fgrep"
                    | "rg"
                    | "which"
                    | "type"
                    | "pgrep"
                    | "pidof"
                    | "cmp"
                    | "diff"
            ) || (name == "command" && script.command(id).is_some_and(|command| command.has_arg("-v")))
        }),
        _ => false,
    }
}

fn count_from_zero(script: &Script, id: NodeId) -> Option<Construct> {
    let text = script.written(script.node(id).span);
    let inner = text.strip_prefix("((")?.strip_suffix("))")?.trim();
    let variable = inner.strip_suffix("++").or_else(|| inner.strip_suffix("--"))?.trim();
    if variable.is_empty() || !variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let starts_at_zero = script.assignments(variable).iter().any(|(at, assignment)| {
        let zero = assignment.value.as_ref().is_some_and(|value| value.is("0"));
        zero && script.runs_before(*at, id) && !assignment.append
    });
    let changed_between = script.assignments(variable).iter().any(|(at, assignment)| {
        let zero = assignment.value.as_ref().is_some_and(|value| value.is("0"));
        !zero && script.runs_before(*at, id)
    });
    (starts_at_zero && !changed_between).then(|| Construct {
        fails: id,
        node: id,
        kind: Kind::CountFromZero(variable.to_owned()),
    })
}

/// `x=$(… grep …)`, where a later test shows that no match was thought of.
fn search_assigned(script: &Script, id: NodeId) -> Option<Construct> {
    let NodeKind::Simple(simple) = &script.node(id).kind else { return None };
    let [assignment] = simple.assignments.as_slice() else { return None };
    let [part] = assignment.value.as_ref()?.parts.as_slice() else { return None };
    let PartKind::Command(body) = part.kind else { return None };
    let NodeKind::List(items) = &script.node(body).kind else { return None };
    let &[item] = items.as_slice() else { return None };
    let stages = match &script.node(item).kind {
        NodeKind::Pipeline(stages) => stages.as_slice(),
        _ => std::slice::from_ref(&item),
    };
    let fails = stages.iter().copied().find(|&stage| {
        let name = script.command(stage).and_then(|command| command.name());
        matches!(name.as_deref(), Some("grep" | "egrep" | "fgrep" | "pgrep" | "pidof"))
    })?;
    let counts = script.command(fails).is_some_and(|command| command.local().has_option("-c"));
    let test = script
        .shell()
        .ids()
        .find(|&test| script.can_follow(id, test) && expects_nothing(script, test, &assignment.name.text, counts))?;
    let variable = assignment.name.text.to_string();
    Some(Construct { fails, node: id, kind: Kind::SearchAssigned { variable, test } })
}

/// `[ -z "$x" ]`, `[ -n "$x" ]`, `[ "$x" = "" ]`; of a count `[ "$x" -eq 0 ]` and the like.
fn expects_nothing(script: &Script, id: NodeId, variable: &str, counts: bool) -> bool {
    let NodeKind::Test(test) = &script.node(id).kind else { return false };
    let reads = |word: &Word| word.variables().iter().any(|read| &*read.name == variable);
    let Some(at) = test.words.iter().position(reads) else { return false };
    let before = at.checked_sub(1).and_then(|at| test.words.get(at)).and_then(Word::literal);
    let after = test.words.get(at + 1).and_then(Word::literal);
    let other = test.words.get(at + 2).and_then(Word::literal);
    if counts {
        return matches!(after.as_deref(), Some("-eq" | "-ne" | "-gt" | "-lt" | "-ge" | "==" | "=" | "!="))
            && matches!(other.as_deref(), Some("0" | "1"));
    }
    matches!(before.as_deref(), Some("-z" | "-n"))
        || (matches!(after.as_deref(), Some("=" | "==" | "!=")) && other.as_deref() == Some(""))
}

fn endless_into_head(script: &Script, id: NodeId, stages: &[NodeId]) -> Option<Construct> {
    if script.options_at(id).pipefail() != Some(true) {
        return None;
    }
    let name = |stage: NodeId| script.command(stage).and_then(|command| command.name()).unwrap_or_default();
    let head = stages.iter().position(|&stage| name(stage) == "head")?;
    let endless = |word: &Word| word.is("/dev/urandom") || word.is("/dev/random") || word.is("/dev/zero");
    let fails = stages[..head].iter().copied().find(|&stage| {
        let reads = script
            .node(stage)
            .redirects
            .iter()
            .any(|redirect| redirect.kind == RedirectKind::Read && endless(&redirect.target));
        let cats =
            name(stage) == "cat" && script.command(stage).is_some_and(|command| command.args().iter().any(endless));
        let yes = name(stage) == "yes";
        (reads && !matches!(&*name(stage), "head" | "dd" | "od")) || cats || yes
    })?;
    Some(Construct { fails, node: id, kind: Kind::EndlessIntoHead })
}

/// `ls -t *.gz | tail | xargs rm` before anything wrote a file that the pattern matches.
fn list_of_nothing(script: &Script, id: NodeId, stages: &[NodeId]) -> Option<Construct> {
    if script.options_at(id).pipefail() != Some(true) {
        return None;
    }
    let &fails = stages.first()?;
    let command = script.command(fails)?;
    let globs = |word: &Word| word.parts.iter().any(|part| matches!(part.kind, PartKind::Glob(_)));
    if command.name()? != "ls" || !command.args().iter().any(globs) {
        return None;
    }
    let deletes = stages
        .iter()
        .skip(1)
        .any(|&stage| script.commands_in(stage).iter().any(|command| command.deed() == Some(Deed::Delete)));
    // What was written before may well be what is listed.
    let written = script.commands().any(|command| {
        let before = script.runs_before(command.id, id);
        before
            && (command.deed() == Some(Deed::Dump)
                || command.dumper().is_some()
                || matches!(command.name().as_deref(), Some("tar" | "zip" | "cp" | "mv" | "gzip" | "rsync")))
    });
    (deletes && !written).then_some(Construct { fails, node: id, kind: Kind::ListOfNothing })
}

/// A deletion over the network, or of an image that may be in use, in a loop.
fn deletion_in_loop(script: &Script, id: NodeId) -> Option<Construct> {
    let command = script.command(id)?;
    let in_loop = script.shell().ancestors(id).find_map(|above| match &script.node(above).kind {
        NodeKind::While(of) => Some(of.body),
        NodeKind::For(of) => Some(of.body),
        _ => None,
    })?;
    let may_fail = match &*command.name()? {
        "rclone" | "aws" | "gsutil" | "mc" | "s3cmd" | "azcopy" | "restic" | "borg" => true,
        // In use by a container: refused.
        "docker" | "podman" => ["rmi", "image", "volume"].iter().any(|word| command.has_arg(word)),
        _ => false,
    };
    if !may_fail || command.deed() != Some(Deed::Delete) {
        return None;
    }
    // A loop that does more than delete is not cleaning up.
    let cleans = script
        .commands_in(in_loop)
        .iter()
        .all(|command| !matches!(command.deed(), Some(Deed::Dump | Deed::Copy | Deed::Restart | Deed::Migrate)));
    cleans.then_some(Construct { fails: id, node: id, kind: Kind::DeletionInLoop })
}

/// `a && b` as `if a; then b; fi`.
fn as_if(script: &Script, id: NodeId) -> Vec<Edit> {
    let NodeKind::AndOr(first, rest) = &script.node(id).kind else { return Vec::new() };
    let Some(&(_, action)) = rest.last() else { return Vec::new() };
    let before = rest.len().checked_sub(2).map_or(*first, |at| rest[at].1);
    let heredoc = script.within(action).any(|id| {
        script.node(id).redirects.iter().any(|redirect| matches!(redirect.kind, RedirectKind::Heredoc { .. }))
    });
    if heredoc {
        return Vec::new();
    }
    let all = script.node(id).span;
    let start = Span { start: all.start, end: all.start };
    let joint = Span { start: script.node(before).span.end, end: script.node(action).span.start };
    let end = Span { start: all.end, end: all.end };
    if script.written(joint).contains('#') {
        return Vec::new();
    }
    let edits = [script.edit(start, "if "), script.edit(joint, "; then "), script.edit(end, "; fi")];
    edits.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default()
}
