//! From tree-sitter-bash's tree to our arena.

use super::statement::{Element, Portion, Token, element_span};
use super::{
    Arm, Assignment, Branch, For, MAX_DEPTH, Name, Node, NodeId, NodeKind, Redirect, RedirectKind, Shell, Simple, Test,
    While, Word,
};
use tree_sitter::Node as Ts;
use twiceshy_source::Span;

pub(super) fn shell(text: &str) -> Shell {
    let tree = super::read::tree(text);
    let mut lower = Lower { text, shell: Shell::default(), depth: 0 };
    let all = Span::new(0, text.len());
    let root = lower.node(Shell::ROOT, all);
    if let Some(tree) = &tree {
        let items = lower.statements(root, &children(tree.root_node()));
        lower.shell.nodes[root.0 as usize].kind = NodeKind::List(items);
        lower.shell.damaged.extend(absent(tree.root_node()));
    }
    lower.shell.given_up = tree.is_none();
    lower.shell.comments.sort();
    lower.shell
}

/// Where the first word stands that the grammar had to think of itself: a `fi`, a `done`, a closing quote.
fn absent(root: Ts<'_>) -> Option<Span> {
    let mut node = root;
    while node.has_error() && !node.is_missing() {
        node = children(node).into_iter().find(|child| child.is_missing() || child.has_error())?;
    }
    node.is_missing().then(|| span(node))
}

pub(super) struct Lower<'t> {
    pub(super) text: &'t str,
    pub(super) shell: Shell,
    pub(super) depth: usize,
}

pub(super) fn span(node: Ts<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

pub(super) fn children<'t>(node: Ts<'t>) -> Vec<Ts<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

pub(super) fn fields<'t>(node: Ts<'t>) -> Vec<(Option<&'t str>, Ts<'t>)> {
    let mut cursor = node.walk();
    let mut found = Vec::new();
    if cursor.goto_first_child() {
        loop {
            found.push((cursor.field_name(), cursor.node()));
            if !cursor.goto_next_sibling() {
                return found;
            }
        }
    }
    found
}

pub(super) fn is_statement(kind: &str) -> bool {
    matches!(
        kind,
        "redirected_statement"
            | "variable_assignment"
            | "variable_assignments"
            | "command"
            | "declaration_command"
            | "unset_command"
            | "test_command"
            | "negated_command"
            | "for_statement"
            | "c_style_for_statement"
            | "while_statement"
            | "if_statement"
            | "case_statement"
            | "pipeline"
            | "list"
            | "compound_statement"
            | "function_definition"
            | "subshell"
    )
}

impl<'t> Lower<'t> {
    pub(super) fn node(&mut self, parent: NodeId, span: Span) -> NodeId {
        let id = NodeId(self.shell.nodes.len() as u32);
        self.shell.nodes.push(Node { span, parent, kind: NodeKind::List(Vec::new()), redirects: Vec::new() });
        id
    }

    pub(super) fn set(&mut self, id: NodeId, kind: NodeKind) -> NodeId {
        self.shell.nodes[id.0 as usize].kind = kind;
        id
    }

    pub(super) fn text(&self, node: Ts<'_>) -> &'t str {
        span(node).of(self.text)
    }

    /// A list of the statements among `nodes`, standing in `parent`.
    pub(super) fn list(&mut self, parent: NodeId, nodes: &[Ts<'t>]) -> NodeId {
        let mut all = None::<Span>;
        for &node in nodes.iter().filter(|node| is_statement(node.kind()) || node.is_error()) {
            all = Some(all.map_or(span(node), |all| all.to(span(node))));
        }
        let at = all.unwrap_or_else(|| {
            let at = nodes.last().map_or(self.shell.node(parent).span.start as usize, |node| node.end_byte());
            Span::new(at, at)
        });
        let id = self.node(parent, at);
        let items = self.statements(id, nodes);
        self.set(id, NodeKind::List(items))
    }

    /// The statements among `nodes`, each with its `&`.
    fn statements(&mut self, parent: NodeId, nodes: &[Ts<'t>]) -> Vec<NodeId> {
        if self.depth >= MAX_DEPTH {
            let damaged = nodes.iter().map(|&node| span(node)).reduce(Span::to);
            self.shell.damaged.extend(damaged);
            return Vec::new();
        }
        self.depth += 1;
        let mut items = Vec::new();
        for (index, &node) in nodes.iter().enumerate() {
            match node.kind() {
                "comment" => self.shell.comments.push(span(node)),
                "ERROR" => self.error(parent, node, &mut items),
                kind if is_statement(kind) => {
                    let after = nodes[index + 1..].iter().find(|node| node.kind() != "comment");
                    let mut tokens = self.flatten(node);
                    while let Some(end) = tokens.iter().position(|token| matches!(token, Token::End)) {
                        let rest = tokens.split_off(end + 1);
                        tokens.pop();
                        items.push(self.statement(parent, span(node), tokens));
                        tokens = rest;
                    }
                    if after.is_some_and(|after| after.kind() == "&") {
                        let id = self.node(parent, span(node));
                        let inner = self.statement(id, span(node), tokens);
                        items.push(self.set(id, NodeKind::Background(inner)));
                    } else {
                        items.push(self.statement(parent, span(node), tokens));
                    }
                }
                _ => {}
            }
        }
        self.depth -= 1;
        items
    }

    /// What can be saved from an error node: its statements, and loose words as commands.
    fn error(&mut self, parent: NodeId, node: Ts<'t>, items: &mut Vec<NodeId>) {
        self.shell.damaged.push(span(node));
        let nodes = children(node);
        let mut index = 0;
        while let Some(&node) = nodes.get(index) {
            index += 1;
            match node.kind() {
                "command_name" => {
                    let line = node.start_position().row;
                    let first = index - 1;
                    while nodes
                        .get(index)
                        .is_some_and(|next| next.start_position().row == line && super::word::is_word(next.kind()))
                    {
                        index += 1;
                    }
                    let at = span(node).to(span(nodes[index - 1]));
                    let id = self.node(parent, at);
                    let words = nodes[first..index].iter().map(|&word| self.word(id, word)).collect();
                    self.set(id, NodeKind::Simple(Simple { assignments: Vec::new(), words }));
                    items.push(id);
                }
                _ if node.child_count() > 0 && !super::word::is_word(node.kind()) => {
                    items.extend(self.statements(parent, &[node]));
                }
                "comment" => self.shell.comments.push(span(node)),
                _ => {}
            }
        }
    }

    pub(super) fn element(&mut self, parent: NodeId, element: Element<'t>) -> NodeId {
        let at = element_span(&Token::Command(Element {
            node: element.node,
            portion: element.portion,
            redirects: element.redirects.clone(),
            arguments: element.arguments.clone(),
        }));
        let id = self.node(parent, at.unwrap_or_default());
        self.depth += 1;
        if self.depth >= MAX_DEPTH {
            self.shell.damaged.extend(at);
        } else {
            let kind = match element.node {
                Some(node) if element.portion.is_none() => self.command(id, node),
                Some(node) => self.simple(id, node, element.portion),
                None => NodeKind::Simple(Simple::default()),
            };
            self.set(id, kind);
            for node in element.arguments {
                let word = self.word(id, node);
                self.add_argument(id, word);
            }
            for node in element.redirects {
                self.redirect(id, node);
            }
        }
        self.depth -= 1;
        id
    }

    fn add_argument(&mut self, id: NodeId, word: Word) {
        if let NodeKind::Simple(simple) = &mut self.shell.nodes[id.0 as usize].kind {
            simple.words.push(word);
        }
    }

    fn command(&mut self, id: NodeId, node: Ts<'t>) -> NodeKind {
        match node.kind() {
            "command" | "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command" => {
                self.simple(id, node, None)
            }
            "test_command" => self.test(id, node),
            "if_statement" => self.if_statement(id, node),
            "while_statement" => {
                let parts = fields(node);
                let until = parts.iter().any(|(_, child)| child.kind() == "until");
                let condition: Vec<_> =
                    parts.iter().filter(|(_, child)| child.kind() != "do_group").map(|&(_, child)| child).collect();
                let condition = self.list(id, &condition);
                let body = self.do_group(id, &parts);
                NodeKind::While(While { until, condition, body })
            }
            "for_statement" => {
                let parts = fields(node);
                let select = parts.iter().any(|(_, child)| child.kind() == "select");
                let variable = parts.iter().find(|(field, _)| *field == Some("variable"));
                let variable =
                    variable.map_or(Name { text: "".into(), span: span(node) }, |&(_, name)| self.name(name));
                let words = parts.iter().any(|(_, child)| child.kind() == "in").then(|| {
                    let values = parts.iter().filter(|(field, child)| *field == Some("value") && child.is_named());
                    values.map(|&(_, value)| self.word(id, value)).collect()
                });
                let body = self.do_group(id, &parts);
                NodeKind::For(For { variable, words, body, select })
            }
            "c_style_for_statement" => {
                let parts = fields(node);
                let body = self.do_group(id, &parts);
                NodeKind::CFor(body)
            }
            "case_statement" => self.case_statement(id, node),
            "compound_statement" => {
                let parts = children(node);
                if parts.first().is_some_and(|first| first.kind() == "((") {
                    return NodeKind::Arithmetic(self.commands_in(id, node));
                }
                NodeKind::Group(self.list(id, &parts))
            }
            "subshell" => {
                let parts = children(node);
                NodeKind::Subshell(self.list(id, &parts))
            }
            "function_definition" => {
                let parts = fields(node);
                let name = parts.iter().find(|(field, _)| *field == Some("name"));
                let name = name.map_or(Name { text: "".into(), span: span(node) }, |&(_, name)| self.name(name));
                for &(_, redirect) in parts.iter().filter(|(field, _)| *field == Some("redirect")) {
                    self.redirect(id, redirect);
                }
                let body: Vec<_> =
                    parts.iter().filter(|(field, _)| *field == Some("body")).map(|&(_, child)| child).collect();
                NodeKind::Function(name, self.list(id, &body))
            }
            _ => {
                self.shell.damaged.push(span(node));
                NodeKind::List(Vec::new())
            }
        }
    }

    fn name(&self, node: Ts<'t>) -> Name {
        Name { text: self.text(node).into(), span: span(node) }
    }

    fn do_group(&mut self, id: NodeId, parts: &[(Option<&'t str>, Ts<'t>)]) -> NodeId {
        let group = parts.iter().find(|(_, child)| matches!(child.kind(), "do_group" | "compound_statement"));
        match group {
            Some(&(_, group)) => self.list(id, &children(group)),
            None => self.list(id, &[]),
        }
    }

    fn if_statement(&mut self, id: NodeId, node: Ts<'t>) -> NodeKind {
        let mut branches = Vec::new();
        let mut otherwise = None;
        let parts = children(node);
        self.branch(id, &parts, &mut branches);
        for part in parts {
            match part.kind() {
                "elif_clause" => self.branch(id, &children(part), &mut branches),
                "else_clause" => otherwise = Some(self.list(id, &children(part))),
                _ => {}
            }
        }
        NodeKind::If(branches, otherwise)
    }

    fn branch(&mut self, id: NodeId, parts: &[Ts<'t>], branches: &mut Vec<Branch>) {
        let then = parts.iter().position(|part| part.kind() == "then").unwrap_or(parts.len());
        let end =
            parts.iter().position(|part| matches!(part.kind(), "elif_clause" | "else_clause")).unwrap_or(parts.len());
        let condition = self.list(id, &parts[..then]);
        let then = self.list(id, parts.get(then..end.max(then)).unwrap_or_default());
        branches.push(Branch { condition, then });
    }

    fn case_statement(&mut self, id: NodeId, node: Ts<'t>) -> NodeKind {
        let mut subject = Word::default();
        let mut arms = Vec::new();
        for (field, part) in fields(node) {
            match part.kind() {
                "case_item" => {
                    let inner = fields(part);
                    let values = inner.iter().filter(|(field, child)| *field == Some("value") && child.is_named());
                    let patterns = values.map(|&(_, value)| self.word(id, value)).collect();
                    let rest: Vec<_> =
                        inner.iter().filter(|(field, _)| *field != Some("value")).map(|&(_, child)| child).collect();
                    let body = self.list(id, &rest);
                    arms.push(Arm { patterns, body });
                }
                "comment" => self.shell.comments.push(span(part)),
                "ERROR" => self.shell.damaged.push(span(part)),
                _ if field == Some("value") => subject = self.word(id, part),
                _ => {}
            }
        }
        NodeKind::Case(subject, arms)
    }

    fn simple(&mut self, id: NodeId, node: Ts<'t>, portion: Portion) -> NodeKind {
        let mut simple = Simple::default();
        if node.kind() == "variable_assignment" {
            simple.assignments.push(self.assignment(id, node));
            return NodeKind::Simple(simple);
        }
        let declares = node.kind() == "declaration_command";
        for (field, part) in fields(node) {
            if portion.is_some_and(|portion| {
                part.start_byte() < portion.start as usize || part.end_byte() > portion.end as usize
            }) {
                continue;
            }
            match part.kind() {
                "comment" => self.shell.comments.push(span(part)),
                "ERROR" => {
                    self.shell.damaged.push(span(part));
                    simple.words.extend(
                        children(part)
                            .into_iter()
                            .filter(|node| super::word::is_word(node.kind()))
                            .map(|node| self.word(id, node)),
                    );
                }
                "variable_assignment" => {
                    let assignment = self.assignment(id, part);
                    if declares {
                        simple.words.push(assignment.as_word());
                    }
                    simple.assignments.push(assignment);
                }
                "file_redirect" | "herestring_redirect" | "heredoc_redirect" => {
                    let more = self.redirect(id, part);
                    simple.words.extend(more);
                }
                "subshell" => {
                    // `name ( … )` is no command of any shell; keep what stands in it.
                    self.shell.damaged.push(span(part));
                    self.list(id, &[part]);
                }
                _ if field.is_some() || part.is_named() || part.start_byte() == node.start_byte() => {
                    simple.words.push(self.word(id, part));
                }
                _ => {}
            }
        }
        // What was taken for arguments may be assignments before a name.
        if portion.is_some() && !declares {
            while let Some(assignment) = simple.words.first().and_then(Word::as_assignment) {
                simple.words.remove(0);
                simple.assignments.push(assignment);
            }
        }
        NodeKind::Simple(simple)
    }

    fn assignment(&mut self, id: NodeId, node: Ts<'t>) -> Assignment {
        let mut name = Name { text: "".into(), span: span(node) };
        let (mut value, mut elements, mut append) = (None, Vec::new(), false);
        for (field, part) in fields(node) {
            match (field, part.kind()) {
                (Some("name"), "subscript") => {
                    let inner = part.child_by_field_name("name").unwrap_or(part);
                    name = Name { text: self.text(inner).into(), span: span(part) };
                }
                (Some("name"), _) => name = self.name(part),
                (Some("value"), "array") => {
                    for element in children(part) {
                        match element.kind() {
                            "comment" => self.shell.comments.push(span(element)),
                            "(" | ")" => {}
                            _ => elements.push(self.word(id, element)),
                        }
                    }
                }
                (Some("value"), _) => value = Some(self.word(id, part)),
                (_, "+=") => append = true,
                _ => {}
            }
        }
        if value.is_none() && elements.is_empty() && !self.text(node).ends_with(')') {
            value = Some(Word { span: Span::new(node.end_byte(), node.end_byte()), parts: Vec::new() });
        }
        Assignment { name, value, elements, append, span: span(node) }
    }

    fn test(&mut self, id: NodeId, node: Ts<'t>) -> NodeKind {
        let double = self.text(node).starts_with("[[");
        let mut words = Vec::new();
        let mut work: Vec<Ts<'t>> = children(node);
        work.reverse();
        while let Some(next) = work.pop() {
            match next.kind() {
                "[" | "]" | "[[" | "]]" => {}
                "comment" => self.shell.comments.push(span(next)),
                "ERROR" => self.shell.damaged.push(span(next)),
                "binary_expression"
                | "unary_expression"
                | "parenthesized_expression"
                | "ternary_expression"
                | "postfix_expression"
                | "redirected_statement"
                | "command"
                | "list"
                | "negated_command" => {
                    let mut inner = children(next);
                    inner.reverse();
                    work.extend(inner);
                }
                "file_redirect" => {
                    self.redirect(id, next);
                }
                _ => words.push(self.word(id, next)),
            }
        }
        NodeKind::Test(Test { double, words })
    }

    /// Adds a redirection to `id`. What tree-sitter-bash takes for further targets are arguments, which are returned
    /// where `id` is not finished yet, and added otherwise.
    fn redirect(&mut self, id: NodeId, node: Ts<'t>) -> Vec<Word> {
        let mut more = Vec::new();
        let mut descriptor = None;
        let mut kind = RedirectKind::Read;
        let mut target = None;
        let mut at = span(node);
        let mut raw_start = None;
        for (field, part) in fields(node) {
            match (field, part.kind()) {
                (Some("descriptor"), _) => descriptor = self.text(part).parse().ok(),
                (_, "<") => kind = RedirectKind::Read,
                (_, ">") => kind = RedirectKind::Write,
                (_, ">|") => kind = RedirectKind::Clobber,
                (_, ">>") => kind = RedirectKind::Append,
                (_, "&>") => kind = RedirectKind::WriteBoth,
                (_, "&>>") => kind = RedirectKind::AppendBoth,
                (_, "<&" | ">&" | "<&-" | ">&-") => kind = RedirectKind::Duplicate,
                (_, "<<<") => kind = RedirectKind::HereString,
                (_, operator @ ("<<" | "<<-")) => {
                    kind = RedirectKind::Heredoc { expanded: true, strips_tabs: operator == "<<-" };
                }
                (_, "heredoc_start") => {
                    raw_start = Some(self.text(part));
                    at.end = span(part).end;
                    target.get_or_insert(Word { span: Span::new(node.end_byte(), node.end_byte()), parts: Vec::new() });
                }
                (_, "heredoc_body") => target = Some(self.heredoc(id, part)),
                (Some("destination"), _) if target.is_none() => target = Some(self.word(id, part)),
                (Some("destination"), _) => more.push(self.word(id, part)),
                (None, word) if kind == RedirectKind::HereString && super::word::is_word(word) => {
                    target = Some(self.word(id, part));
                }
                _ => {}
            }
        }
        if let (Some(start), RedirectKind::Heredoc { strips_tabs, .. }) = (raw_start, kind) {
            let expanded = !start.contains(['\'', '"', '\\']);
            kind = RedirectKind::Heredoc { expanded, strips_tabs };
        }
        let target = target.unwrap_or_default();
        if kind == RedirectKind::Duplicate && !target.span.of(self.text).is_empty() {
            let to = target.span.of(self.text);
            if descriptor.is_none() && !to.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '$') {
                kind = RedirectKind::WriteBoth;
            }
        }
        if let Some(first) = more.first() {
            at.end = target.span.end.min(first.span.start);
        }
        let redirect = Redirect { span: at, descriptor, kind, target };
        let owner = &mut self.shell.nodes[id.0 as usize];
        owner.redirects.push(redirect);
        match &mut owner.kind {
            NodeKind::Simple(simple) if !more.is_empty() => {
                simple.words.append(&mut more);
                Vec::new()
            }
            _ => more,
        }
    }

    /// The bodies of the command substitutions anywhere in `node`.
    pub(super) fn commands_in(&mut self, id: NodeId, node: Ts<'t>) -> Vec<NodeId> {
        let mut bodies = Vec::new();
        let mut work = vec![node];
        while let Some(next) = work.pop() {
            if matches!(next.kind(), "command_substitution" | "process_substitution") {
                bodies.push(self.list(id, &children(next)));
            } else {
                let mut inner = children(next);
                inner.reverse();
                work.extend(inner);
            }
        }
        bodies
    }
}

impl Word {
    /// The assignment that a word is: `name=value`.
    fn as_assignment(&self) -> Option<Assignment> {
        use super::{Part, PartKind};
        let (first, rest) = self.parts.split_first()?;
        let PartKind::Text(text) = &first.kind else { return None };
        let (name, value) = text.split_once('=').filter(|_| !first.quoted)?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return None;
        }
        let start = self.span.start + name.len() as u32;
        let at = Span { start: (start + 1).min(self.span.end), end: self.span.end };
        let head = Part {
            span: Span { start: at.start, end: first.span.end.max(at.start) },
            quoted: false,
            kind: PartKind::Text(value.into()),
        };
        let parts = (!value.is_empty()).then_some(head).into_iter().chain(rest.iter().cloned()).collect();
        Some(Assignment {
            name: Name { text: name.into(), span: Span { start: self.span.start, end: start } },
            value: Some(Word { span: at, parts }),
            elements: Vec::new(),
            append: false,
            span: self.span,
        })
    }
}

impl Assignment {
    /// `name=value` as the argument that `export` gets.
    fn as_word(&self) -> Word {
        use super::{Part, PartKind};
        let value = self.value.as_ref();
        let end = value.map_or(self.span.end, |value| value.span.start);
        let text = format!("{}{}", self.name.text, if self.append { "+=" } else { "=" });
        let head =
            Part { span: Span { start: self.span.start, end }, quoted: false, kind: PartKind::Text(text.into()) };
        let parts = std::iter::once(head).chain(value.into_iter().flat_map(|value| value.parts.clone())).collect();
        Word { span: self.span, parts }
    }
}
