//! The constructs: what fails in them without anything being wrong.

use super::ending::Ending;
use twiceshy_lint::{Findings, Level};
use twiceshy_repo::script::{
    Command, Deed, Fact, Joint, Kind as Value, NodeId, NodeKind, PartKind, RedirectKind, Run, Step, Word,
};
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
    CountFromZero { variable: String, down: bool },
    /// `let "i=0"`, `((i = 0))`.
    SetToZero(String),
    /// `x=$(… grep …)`, and a later test of `x` for being empty or 0.
    SearchAssigned { variable: String, test: NodeId, is_count: bool },
    /// `tr … < /dev/urandom | head -c 32` under `pipefail`.
    EndlessIntoHead,
    /// `ls *.gz | …` under `pipefail`, with nothing there.
    ListOfNothing,
    /// A deletion in a loop.
    DeletionInLoop,
}

impl Construct {
    /// Those of a script, its functions that only whoever reads it with `.` calls included.
    pub fn all(script: &Script) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for id in script.shell().ids() {
            match &script.node(id).kind {
                NodeKind::AndOr(first, rest) => found.extend(action_behind_test(script, id, *first, rest)),
                NodeKind::Arithmetic(_) => found.extend(value_of_zero(script, id)),
                NodeKind::Pipeline(stages) => {
                    found.extend(endless_into_head(script, id, stages));
                    found.extend(list_of_nothing(script, id, stages));
                }
                NodeKind::Simple(simple) if simple.words.is_empty() => found.extend(search_assigned(script, id)),
                NodeKind::Simple(simple) if simple.words.first().is_some_and(|word| word.is("let")) => {
                    found.extend(value_of_zero(script, id));
                }
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
    pub fn fits(&self, script: &Script, ending: &Ending<'_>, critical: Command<'_>) -> bool {
        let at = |id: NodeId| ending.at == Step { script: ending.own, node: id };
        match self.kind {
            // What somebody else dumps may always be there; what this script dumps is not, the first time.
            Kind::ListOfNothing => critical.deed() == Some(Deed::Dump),
            // Elsewhere the failing test *is* the statement that ends the script.
            Kind::ActionBehindTest => !at(self.fails),
            Kind::SearchAssigned { .. } => at(self.node) || script.shell().ancestors(self.node).any(at),
            _ => true,
        }
    }

    /// Whether another script of the run takes from it what makes it fail: it counts, or writes what is listed.
    pub fn is_spoilt(&self, script: &Script, run: &Run<'_>) -> bool {
        let mut others = run.scripts().iter().filter(|other| !std::ptr::eq(**other, script));
        match &self.kind {
            Kind::CountFromZero { variable, .. } => others.any(|other| other.text().contains(variable.as_str())),
            Kind::ListOfNothing => {
                let Some(here) = run.step(script, self.fails) else { return true };
                run.commands().into_iter().any(|(step, command)| {
                    !std::ptr::eq(command.script, script) && writes_files(command) && run.may_precede(step, here)
                })
            }
            _ => false,
        }
    }

    /// What is so in the case in which it fails.
    pub fn facts(&self, script: &Script) -> Vec<Fact> {
        match &self.kind {
            Kind::SearchAssigned { variable, is_count, .. } => {
                vec![Fact::Is(variable.clone(), if *is_count { Value::Zero } else { Value::Empty })]
            }
            Kind::CountFromZero { variable, down } => {
                vec![Fact::Is(variable.clone(), if *down { Value::Unknown } else { Value::Positive })]
            }
            Kind::ActionBehindTest => {
                let mut facts = vec![Fact::Failed(script.written(script.node(self.fails).span).to_owned())];
                if let NodeKind::Test(test) = &script.node(self.fails).kind
                    && let [.., word] = test.words.as_slice()
                    && (test.words.len() == 1 || (test.words.len() == 2 && test.words[0].is("-n")))
                    && let [part] = word.parts.as_slice()
                    && let PartKind::Variable(variable) = &part.kind
                    && !variable.name.starts_with(|first: char| first.is_ascii_digit())
                {
                    facts.push(Fact::Is(variable.name.to_string(), Value::Empty));
                }
                facts
            }
            Kind::SetToZero(_) | Kind::EndlessIntoHead | Kind::ListOfNothing | Kind::DeletionInLoop => Vec::new(),
        }
    }

    pub fn report(&self, script: &Script, ending: &Ending<'_>, critical: Command<'_>, found: &mut Findings) {
        let never = format!("and never reaches `{}`", critical.spoken());
        let who = &ending.who;
        let place = |id: NodeId| script.place(script.node(id).span);
        let finding = match &self.kind {
            Kind::ActionBehindTest => {
                let test = shown(script, self.fails);
                let scope = Scope::of(script, self.node, ending);
                let message = format!("{who} ends here without a word when {test} is false {}, {never}", scope.when());
                let finding = found.at(place(self.node), script.addressed(message));
                finding.label(format!("false {}: status 1, {}", scope.when(), scope.becomes()));
                finding.note(format!("`set -e` spares the left side of `&&`, but not {}", scope.culprit()));
                let edits = as_if(script, self.node);
                match ending.function_left() {
                    None => finding.fix("write it as `if …; then …; fi`, which succeeds when the test is false", edits),
                    Some(_) => finding.suggest(
                        "write it as `if …; then …; fi`; the function then succeeds when the test is false",
                        edits,
                    ),
                };
                finding
            }
            Kind::CountFromZero { variable, down } => {
                let message = format!("{who} ends here without a word at the first count, {never}");
                let sign = if *down { '-' } else { '+' };
                let way = format!("{variable}{sign}{sign}");
                let node = script.node(self.node);
                let finding = found.at(place(self.node), script.addressed(message));
                let written = if is_let(script, self.node) { script.written(node.span) } else { "(( … ))" };
                finding.label(format!("`{variable}` is 0 before: `{written}` has the value 0, which is status 1"));
                finding.note(format!(
                    "`{way}` has the value from before the addition, and `set -e` ends the script over a value of 0"
                ));
                let instead = format!("{variable}=$(({variable}{sign}1))");
                let edit = script.edit(node.span, &instead).filter(|_| is_all(script, self.node));
                finding.fix(format!("count with `{instead}`, which always succeeds"), edit)
            }
            Kind::SetToZero(variable) => {
                let message = format!("{who} ends here every time, without a word, {never}");
                let finding = found.at(place(self.node), script.addressed(message));
                finding.label(format!("sets `{variable}` to 0, so it has the value 0, which is status 1"));
                let instead = format!("{variable}=0");
                let edit = script.edit(script.node(self.node).span, &instead).filter(|_| is_all(script, self.node));
                finding.fix("assign without arithmetic, which always succeeds", edit)
            }
            Kind::SearchAssigned { variable, test, .. } => {
                let message = format!("{who} ends here without a word when nothing is found, {never}");
                let finding = found.at(place(self.fails), script.addressed(message));
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
                let message = format!("{who} ends here every time, {never}");
                let finding = found.at(place(self.node), script.addressed(message));
                finding.label("`head` stops reading, the endless command before it dies of SIGPIPE: status 141");
                finding.note("`pipefail` makes 141 the status of the pipeline, and `set -e` ends the script; without `pipefail` it works");
                let end = script.node(self.node).span.end;
                finding.suggest("accept how the pipeline ends", script.edit(Span { start: end, end }, " || true"))
            }
            Kind::ListOfNothing => {
                let message = format!("{who} ends here when there is nothing to list, {never}");
                let finding = found.at(place(self.fails), script.addressed(message));
                finding.label("no match: `ls` fails with status 2, `pipefail` hands it on, `set -e` ends the script");
                let end = script.node(self.node).span.end;
                finding.suggest("let there be nothing to list", script.edit(Span { start: end, end }, " || true"))
            }
            Kind::DeletionInLoop => {
                let message = format!("{who} ends here at the first deletion that fails, {never}");
                let finding = found.at(place(self.node), script.addressed(message));
                finding.label("one error of the network or of a race, and `set -e` ends the script");
                let end = script.node(self.node).span.end;
                finding.suggest("go on when a deletion fails", script.edit(Span { start: end, end }, " || true"))
            }
        };
        if matches!(self.kind, Kind::SearchAssigned { .. } | Kind::DeletionInLoop) {
            finding.level(Level::Warn);
        }
        finding.related(critical.words_place(), "never reached then");
        ending.say_calls(finding);
    }
}

/// What hands the status on.
enum Scope {
    PipedLoop,
    PipedStage,
    Subshell,
    Substitution,
    Function(String),
    File(String),
}

impl Scope {
    fn of(script: &Script, node: NodeId, ending: &Ending<'_>) -> Self {
        if let Some((_, name)) = ending.function_left() {
            return Self::Function(name.to_owned());
        }
        if ending.is_file_left() {
            return Self::File(ending.written(ending.at).to_owned());
        }
        let in_loop = || {
            script
                .shell()
                .ancestors(node)
                .take_while(|id| *id != ending.at.node)
                .any(|id| matches!(script.node(id).kind, NodeKind::While(_) | NodeKind::For(_) | NodeKind::CFor(_)))
        };
        match &ending.node(ending.at).kind {
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
            Self::File(command) => format!("which becomes that of `{command}`"),
        }
    }

    fn culprit(&self) -> String {
        match self {
            Self::PipedLoop | Self::PipedStage => "a pipeline whose last command has status 1".to_owned(),
            Self::Subshell => "a subshell that ends with status 1".to_owned(),
            Self::Substitution => "an assignment whose `$( )` ends with status 1".to_owned(),
            Self::Function(name) => format!("the call of `{name}`, which returns 1"),
            Self::File(command) => format!("`{command}`, whose status is that of the last command that it reads"),
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

fn is_let(script: &Script, id: NodeId) -> bool {
    matches!(script.node(id).kind, NodeKind::Simple(_))
}

/// Whether the arithmetic is all of the command: one expression, and no redirection.
fn is_all(script: &Script, id: NodeId) -> bool {
    let node = script.node(id);
    node.redirects.is_empty() && script.command(id).is_none_or(|command| command.args().len() == 1)
}

/// The expression whose value becomes the status of `((…))`, or of `let` with several: of the last.
fn expression(script: &Script, id: NodeId) -> Option<String> {
    if is_let(script, id) {
        return Some(script.command(id)?.args().last()?.literal()?.trim().to_owned());
    }
    let text = script.written(script.node(id).span);
    Some(text.strip_prefix("((")?.strip_suffix("))")?.trim().to_owned())
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.as_bytes()[0].is_ascii_digit()
}

/// `n++` and `n--` of what is 0, `n=0`: the value is 0.
fn value_of_zero(script: &Script, id: NodeId) -> Option<Construct> {
    let expression = expression(script, id)?;
    if let Some((variable, value)) = expression.split_once('=')
        && is_name(variable.trim())
        && value.trim() == "0"
    {
        return Some(Construct { fails: id, node: id, kind: Kind::SetToZero(variable.trim().to_owned()) });
    }
    let down = expression.ends_with("--");
    let variable = expression.strip_suffix("++").or_else(|| expression.strip_suffix("--"))?.trim();
    if !is_name(variable) {
        return None;
    }
    let is_zero = |value: &Word| value.is("0");
    let assignments = script.assignments(variable);
    let earlier = || assignments.iter().filter(|(at, _)| script.runs_before(*at, id));
    let starts_at_zero =
        earlier().any(|(_, assignment)| assignment.value.as_ref().is_some_and(is_zero) && !assignment.append);
    let assigned_between = earlier().any(|(_, assignment)| !assignment.value.as_ref().is_some_and(is_zero));
    // Counted before: `((n+=1))`, `let ++n`.
    let counted_between = || {
        script.shell().ids().filter(|&other| other != id).any(|other| {
            let counts = match &script.node(other).kind {
                NodeKind::Arithmetic(_) => true,
                NodeKind::Simple(simple) => simple.words.first().is_some_and(|word| word.is("let")),
                _ => false,
            };
            let text = script.written(script.node(other).span);
            let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let writes = text.contains(['=', '+', '-']) && text.split(|c| !in_name(c)).any(|word| word == variable);
            counts && writes && script.can_follow(other, id)
        })
    };
    let is_first = starts_at_zero && !assigned_between && !counted_between();
    let kind = Kind::CountFromZero { variable: variable.to_owned(), down };
    is_first.then_some(Construct { fails: id, node: id, kind })
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
    let name = |stage: NodeId| script.command(stage).and_then(|command| command.name()).unwrap_or_default();
    let fails = stages
        .iter()
        .copied()
        .find(|&stage| matches!(&*name(stage), "grep" | "egrep" | "fgrep" | "pgrep" | "pidof"))?;
    let counts = script.command(fails).is_some_and(|command| command.local().has_option("-c"))
        || stages.last().is_some_and(|&last| name(last) == "wc");
    let test = script.shell().ids().find(|&test| {
        script.can_follow_in_function(id, test) && expects_nothing(script, test, &assignment.name.text, counts)
    })?;
    let variable = assignment.name.text.to_string();
    Some(Construct { fails, node: id, kind: Kind::SearchAssigned { variable, test, is_count: counts } })
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
        before && writes_files(command)
    });
    (deletes && !written).then_some(Construct { fails, node: id, kind: Kind::ListOfNothing })
}

fn writes_files(command: Command<'_>) -> bool {
    command.deed() == Some(Deed::Dump)
        || command.dumper().is_some()
        || matches!(command.name().as_deref(), Some("tar" | "zip" | "cp" | "mv" | "gzip" | "rsync"))
}

/// A deletion over the network, or of an image that may be in use, in a loop.
fn deletion_in_loop(script: &Script, id: NodeId) -> Option<Construct> {
    let command = script.command(id)?;
    let in_loop = script.shell().ancestors(id).find_map(|above| match &script.node(above).kind {
        NodeKind::While(of) => Some(of.body),
        NodeKind::For(of) => Some(of.body),
        _ => None,
    })?;
    let innermost = command.innermost();
    let may_fail = match &*command.name()? {
        "rclone" | "aws" | "gsutil" | "mc" | "s3cmd" | "azcopy" | "restic" | "borg" => {
            command.deed() == Some(Deed::Delete)
        }
        // In use by a container: refused.
        "docker" | "podman" => {
            ["rmi", "image", "volume"].iter().any(|word| command.has_arg(word)) && command.deed() == Some(Deed::Delete)
        }
        "ssh" => {
            let starts = |word: &Word| {
                let text = word.parts.first().map(|part| &part.kind);
                matches!(text, Some(PartKind::Text(text)) if text.starts_with("rm "))
            };
            innermost.elsewhere
                && (innermost.deed() == Some(Deed::Delete) || innermost.words.first().is_some_and(starts))
        }
        "curl" => command.args().iter().enumerate().any(|(at, word)| {
            let after_option = || at > 0 && ["-X", "--request"].iter().any(|option| command.args()[at - 1].is(option));
            word.is("-XDELETE") || word.is("--request=DELETE") || (word.is("DELETE") && after_option())
        }),
        _ => false,
    };
    if !may_fail {
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
