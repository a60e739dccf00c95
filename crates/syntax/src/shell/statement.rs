//! Statements: lists, pipelines and redirections, grouped as the shell groups them.

use super::lower::{Lower, children, fields, is_statement, span};
use super::{Joint, NodeId, NodeKind};
use tree_sitter::Node as Ts;
use twiceshy_source::Span;

/// One command of a statement, before precedence is put right.
#[derive(Default)]
pub(super) struct Element<'t> {
    pub(super) node: Option<Ts<'t>>,
    pub(super) portion: Portion,
    pub(super) redirects: Vec<Ts<'t>>,
    pub(super) arguments: Vec<Ts<'t>>,
}

/// Which bytes of a command node an element is. tree-sitter-bash at times takes a line break for a blank: it reads
/// `a=1 b=2`, a line break and `c` as one command, and so the end of one pipeline and the start of the next.
pub(super) type Portion = Option<Span>;

/// A statement as a flat sequence, in the order of the text.
pub(super) enum Token<'t> {
    Command(Element<'t>),
    Pipe,
    Joint(Joint),
    Not,
    /// A line break that ends the statement.
    End,
}

enum Work<'t> {
    Visit(Ts<'t>),
    Token(Token<'t>),
    Redirect(Ts<'t>),
    Argument(Ts<'t>),
}

impl<'t> Lower<'t> {
    /// One statement: an and-or list of pipelines of commands, grouped as the shell groups them.
    pub(super) fn statement(&mut self, parent: NodeId, all: Span, tokens: Vec<Token<'t>>) -> NodeId {
        let mut groups: Vec<(Joint, Vec<Token<'t>>)> = vec![(Joint::And, Vec::new())];
        for token in tokens {
            match token {
                Token::Joint(joint) => groups.push((joint, Vec::new())),
                token => {
                    if let Some((_, group)) = groups.last_mut() {
                        group.push(token);
                    }
                }
            }
        }
        groups.retain(|(_, group)| !group.is_empty());
        let at = groups.iter().flat_map(|(_, group)| group).filter_map(element_span).reduce(Span::to);
        if groups.len() < 2 {
            return match groups.pop() {
                Some((_, group)) => self.pipeline(parent, group),
                None => self.node(parent, all),
            };
        }
        let id = self.node(parent, at.unwrap_or(all));
        let mut groups = groups.into_iter();
        let first = groups.next().map_or(id, |(_, group)| self.pipeline(id, group));
        let rest = groups.map(|(joint, group)| (joint, self.pipeline(id, group))).collect();
        self.set(id, NodeKind::AndOr(first, rest))
    }

    fn pipeline(&mut self, parent: NodeId, mut tokens: Vec<Token<'t>>) -> NodeId {
        let at = tokens.iter().filter_map(element_span).reduce(Span::to).unwrap_or_default();
        let negations = tokens.iter().take_while(|token| matches!(token, Token::Not)).count();
        if negations > 0 {
            // `!` stands two bytes or more before its pipeline.
            let start = self.text[..at.start as usize].rfind('!').map_or(at.start, |start| start as u32);
            let id = self.node(parent, Span { start, end: at.end });
            let inner = self.pipeline(id, tokens.split_off(negations));
            return self.set(id, NodeKind::Not(inner));
        }
        let mut stages: Vec<Element<'t>> = tokens
            .into_iter()
            .filter_map(|token| match token {
                Token::Command(element) => Some(element),
                _ => None,
            })
            .collect();
        if stages.len() > 1 {
            let id = self.node(parent, at);
            let stages = stages.into_iter().map(|stage| self.element(id, stage)).collect();
            return self.set(id, NodeKind::Pipeline(stages));
        }
        match stages.pop() {
            Some(element) => self.element(parent, element),
            None => self.node(parent, at),
        }
    }

    /// Takes lists, pipelines, negations and redirections apart into a sequence, without recursion: lists nest as
    /// deep as they are long.
    pub(super) fn flatten(&mut self, node: Ts<'t>) -> Vec<Token<'t>> {
        let mut tokens: Vec<Token<'t>> = Vec::new();
        let mut work = vec![Work::Visit(node)];
        while let Some(next) = work.pop() {
            let node = match next {
                Work::Token(token) => {
                    tokens.push(token);
                    continue;
                }
                Work::Redirect(node) => {
                    last(&mut tokens).redirects.push(node);
                    continue;
                }
                Work::Argument(node) => {
                    last(&mut tokens).arguments.push(node);
                    continue;
                }
                Work::Visit(node) => node,
            };
            let mut steps = Vec::new();
            match node.kind() {
                "list" | "pipeline" | "negated_command" => {
                    for child in children(node) {
                        steps.extend(self.step(child));
                    }
                }
                "redirected_statement" => {
                    for (field, child) in fields(node) {
                        if field == Some("body") {
                            steps.push(Work::Visit(child));
                            continue;
                        }
                        if field != Some("redirect") && !child.kind().ends_with("_redirect") {
                            steps.extend(self.step(child));
                            continue;
                        }
                        if steps.is_empty() {
                            steps.push(Work::Token(Token::Command(Element::default())));
                        }
                        steps.push(Work::Redirect(child));
                        if child.kind() == "heredoc_redirect" {
                            self.after_heredoc(child, &mut steps);
                        }
                    }
                }
                _ => {
                    let portions = self.portions(node);
                    for (index, portion) in portions.into_iter().enumerate() {
                        if index > 0 {
                            tokens.push(Token::End);
                        }
                        tokens.push(Token::Command(Element { node: Some(node), portion, ..Element::default() }));
                    }
                    continue;
                }
            }
            work.extend(steps.into_iter().rev());
        }
        tokens
    }

    /// The commands that a command node is: more than one where line breaks stand between its words.
    fn portions(&self, node: Ts<'t>) -> Vec<Portion> {
        if !matches!(node.kind(), "command" | "variable_assignments" | "declaration_command" | "unset_command") {
            return vec![None];
        }
        let mut portions: Vec<Span> = Vec::new();
        for part in children(node).into_iter().filter(|part| part.kind() != "comment") {
            let here = span(part);
            match portions.last_mut() {
                Some(last) if !ends_line(Span { start: last.end, end: here.start }.of(self.text)) => {
                    *last = last.to(here)
                }
                _ => portions.push(here),
            }
        }
        if portions.len() < 2 { vec![None] } else { portions.into_iter().map(Some).collect() }
    }

    fn step(&mut self, node: Ts<'t>) -> Option<Work<'t>> {
        Some(match node.kind() {
            "&&" => Work::Token(Token::Joint(Joint::And)),
            "||" => Work::Token(Token::Joint(Joint::Or)),
            "|" | "|&" => Work::Token(Token::Pipe),
            "!" => Work::Token(Token::Not),
            "comment" => {
                self.shell.comments.push(span(node));
                return None;
            }
            "ERROR" => {
                self.shell.damaged.push(span(node));
                return None;
            }
            kind if is_statement(kind) => Work::Visit(node),
            _ => return None,
        })
    }

    /// tree-sitter-bash keeps what follows `<<WORD` on its line inside the redirection.
    fn after_heredoc(&mut self, node: Ts<'t>, steps: &mut Vec<Work<'t>>) {
        for (field, child) in fields(node) {
            match (field, child.kind()) {
                (Some("argument"), _) => steps.push(Work::Argument(child)),
                (Some("redirect"), _) => steps.push(Work::Redirect(child)),
                (_, "pipeline") => {
                    for inner in children(child) {
                        steps.extend(self.step(inner));
                    }
                }
                _ => steps.extend(self.step(child)),
            }
        }
    }
}

/// Whether a line break that is not escaped stands in a gap between words.
fn ends_line(gap: &str) -> bool {
    gap.contains('\n') && gap.replace("\\\n", "").replace("\\\r\n", "").contains('\n')
}

fn last<'a, 't>(tokens: &'a mut Vec<Token<'t>>) -> &'a mut Element<'t> {
    if !matches!(tokens.last(), Some(Token::Command(_))) {
        tokens.push(Token::Command(Element::default()));
    }
    match tokens.last_mut() {
        Some(Token::Command(element)) => element,
        _ => unreachable!("a command was just pushed"),
    }
}

pub(super) fn element_span(token: &Token<'_>) -> Option<Span> {
    let Token::Command(element) = token else {
        return None;
    };
    let redirects = element.redirects.iter().map(|redirect| {
        // The body of a heredoc stands after everything else.
        let start = fields(*redirect).into_iter().find(|(_, part)| part.kind() == "heredoc_start");
        start.map_or(span(*redirect), |(_, start)| Span::new(redirect.start_byte(), start.end_byte()))
    });
    let node = element.node.map(|node| element.portion.unwrap_or(span(node)));
    node.into_iter().chain(element.arguments.iter().map(|&node| span(node))).chain(redirects).reduce(Span::to)
}
