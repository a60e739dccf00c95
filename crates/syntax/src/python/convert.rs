//! From ruff's tree to ours.

use super::span;
use crate::code::{
    Arg, Assign, Call, Class, Entry, Expr, ExprKind, Function, Import, MAX_DEPTH, Name, Param, ParamKind, Stmt,
    StmtKind, Try,
};
use bumpalo::Bump;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;
use twiceshy_source::Span;

/// Copies a module into an arena.
pub(super) struct Converter<'a> {
    text: &'a str,
    arena: &'a Bump,
    /// Statements of the blocks that are being copied, innermost last.
    blocks: Vec<Stmt<'a>>,
    depth: usize,
    /// Inside `if TYPE_CHECKING`.
    type_only: bool,
    /// Something nested too deep and was passed over.
    pub cut: bool,
}

impl<'a> Converter<'a> {
    pub fn new(text: &'a str, arena: &'a Bump) -> Self {
        Self { text, arena, blocks: Vec::new(), depth: 0, type_only: false, cut: false }
    }

    /// A block's statements.
    pub fn block(&mut self, body: &[ast::Stmt]) -> &'a [Stmt<'a>] {
        if self.depth >= MAX_DEPTH {
            self.cut |= !body.is_empty();
            return &[];
        }
        self.depth += 1;
        let base = self.blocks.len();
        for statement in body {
            self.statement(statement);
        }
        let block = self.arena.alloc_slice_copy(self.blocks.get(base..).unwrap_or_default());
        self.blocks.truncate(base);
        self.depth -= 1;
        block
    }

    fn statement(&mut self, statement: &ast::Stmt) {
        let at = span(statement.range());
        let kind = match statement {
            ast::Stmt::Import(import) => {
                for alias in &import.names {
                    let kind = StmtKind::Import(self.import(alias));
                    self.blocks.push(Stmt { span: at, kind });
                }
                return;
            }
            ast::Stmt::ImportFrom(import) => StmtKind::Import(self.import_from(import, at)),
            ast::Stmt::FunctionDef(function) => StmtKind::Function(self.function(function, at)),
            ast::Stmt::ClassDef(class) => StmtKind::Class(self.class(class, at)),
            ast::Stmt::Return(it) => StmtKind::Return(self.optional(it.value.as_deref())),
            ast::Stmt::Delete(it) => StmtKind::Other(self.exprs(&it.targets)),
            ast::Stmt::TypeAlias(it) => StmtKind::Other(self.pair(&it.name, &it.value)),
            ast::Stmt::Assign(it) => {
                let targets = self.exprs(&it.targets);
                let value = Some(self.expr(&it.value));
                StmtKind::Assign(self.arena.alloc(Assign { targets, annotation: None, value }))
            }
            ast::Stmt::AnnAssign(it) => {
                let target = self.expr(&it.target);
                let targets = self.arena.alloc_slice_copy(&[target]);
                let annotation = Some(self.expr(&it.annotation));
                let value = self.optional(it.value.as_deref());
                StmtKind::Assign(self.arena.alloc(Assign { targets, annotation, value }))
            }
            ast::Stmt::AugAssign(it) => {
                let kind = ExprKind::Assign(self.alloc(&it.target), augmented(it.op), self.alloc(&it.value));
                StmtKind::Expr(Expr { span: at, kind })
            }
            ast::Stmt::For(it) => {
                let over = self.over(&it.target, &it.iter);
                let over = self.arena.alloc_slice_copy(&[over]);
                StmtKind::Loop(over, self.both(&it.body, &it.orelse))
            }
            ast::Stmt::While(it) => {
                let test = self.expr(&it.test);
                let test = self.arena.alloc_slice_copy(&[test]);
                StmtKind::Loop(test, self.both(&it.body, &it.orelse))
            }
            ast::Stmt::If(it) => self.if_statement(it),
            ast::Stmt::With(it) => {
                let items = self.arena.alloc_slice_fill_iter(it.items.iter().map(|item| self.with_item(item)));
                StmtKind::With(items, self.block(&it.body))
            }
            ast::Stmt::Match(it) => self.match_statement(it),
            ast::Stmt::Raise(it) => StmtKind::Throw(self.optional(it.exc.as_deref())),
            ast::Stmt::Try(it) => {
                let body = self.block(&it.body);
                let handlers = self.arena.alloc_slice_fill_iter(it.handlers.iter().map(|handler| {
                    let ast::ExceptHandler::ExceptHandler(handler) = handler;
                    (self.optional(handler.type_.as_deref()), self.block(&handler.body))
                }));
                let after = self.both(&it.orelse, &it.finalbody);
                StmtKind::Try(self.arena.alloc(Try { body, handlers, after }))
            }
            ast::Stmt::Assert(it) => match &it.msg {
                Some(message) => StmtKind::Other(self.pair(&it.test, message)),
                None => StmtKind::Other(self.one(&it.test)),
            },
            ast::Stmt::Expr(it) => StmtKind::Expr(self.expr(&it.value)),
            ast::Stmt::Global(_)
            | ast::Stmt::Nonlocal(_)
            | ast::Stmt::Pass(_)
            | ast::Stmt::Break(_)
            | ast::Stmt::Continue(_)
            | ast::Stmt::IpyEscapeCommand(_) => StmtKind::Other(&[]),
        };
        self.blocks.push(Stmt { span: at, kind });
    }

    /// Two blocks as one.
    fn both(&mut self, first: &[ast::Stmt], second: &[ast::Stmt]) -> &'a [Stmt<'a>] {
        let (first, second) = (self.block(first), self.block(second));
        match (first, second) {
            (block, []) | ([], block) => block,
            _ => self.arena.alloc_slice_copy(&[first, second].concat()),
        }
    }

    fn if_statement(&mut self, it: &ast::StmtIf) -> StmtKind<'a> {
        let test = self.alloc(&it.test);
        let then = self.block_under(&it.test, &it.body);
        // `elif` nests: from the last clause to the first. Those past the depth that is left stand together in one block.
        let room = (MAX_DEPTH - self.depth.min(MAX_DEPTH)).saturating_sub(1);
        let (near, far) = it.elif_else_clauses.split_at(it.elif_else_clauses.len().min(room));
        self.cut |= !far.is_empty();
        let mut otherwise: &'a [Stmt<'a>] = &[];
        for clause in near.iter().rev() {
            otherwise = match &clause.test {
                None => self.block(&clause.body),
                Some(test) => {
                    let then = self.block_under(test, &clause.body);
                    let kind = StmtKind::If(self.alloc(test), then, otherwise);
                    self.arena.alloc_slice_copy(&[Stmt { span: span(clause.range), kind }])
                }
            };
        }
        StmtKind::If(test, then, otherwise)
    }

    fn block_under(&mut self, test: &ast::Expr, body: &[ast::Stmt]) -> &'a [Stmt<'a>] {
        let outer = self.type_only;
        self.type_only |= is_type_checking(test);
        let block = self.block(body);
        self.type_only = outer;
        block
    }

    fn match_statement(&mut self, it: &ast::StmtMatch) -> StmtKind<'a> {
        let subject = self.expr(&it.subject);
        let mut all = vec![Stmt { span: subject.span, kind: StmtKind::Expr(subject) }];
        for case in &it.cases {
            let guard = case.guard.as_deref().map(|guard| self.expr(guard));
            all.extend(guard.map(|guard| Stmt { span: guard.span, kind: StmtKind::Expr(guard) }));
            let body = self.block(&case.body);
            all.push(Stmt { span: span(case.range), kind: StmtKind::Block(body) });
        }
        StmtKind::Block(self.arena.alloc_slice_copy(&all))
    }

    fn with_item(&mut self, item: &ast::WithItem) -> Expr<'a> {
        match item.optional_vars.as_deref() {
            Some(name) => {
                let kind = ExprKind::Assign(self.alloc(name), "as", self.alloc(&item.context_expr));
                Expr { span: span(item.range), kind }
            }
            None => self.expr(&item.context_expr),
        }
    }

    fn import(&mut self, alias: &ast::Alias) -> &'a Import<'a> {
        let module = self.name(&alias.name);
        let names: &[_] = match &alias.asname {
            Some(local) => &[(Name { text: "*", span: module.span }, self.name(local))],
            None => &[],
        };
        let names = self.arena.alloc_slice_copy(names);
        self.arena.alloc(Import { module, dots: 0, names, type_only: self.type_only, is_export: false })
    }

    fn import_from(&mut self, it: &ast::StmtImportFrom, at: Span) -> &'a Import<'a> {
        let module = match &it.module {
            Some(module) => self.name(module),
            None => {
                // `from . import x`: the dots' place.
                let text = at.of(self.text);
                let start = text.find('.').unwrap_or_default();
                let dots = text.get(start..).unwrap_or_default().bytes().take_while(|byte| *byte == b'.').count();
                let start = at.start as usize + start;
                Name { text: "", span: Span::new(start, start + dots) }
            }
        };
        let names = self.arena.alloc_slice_fill_iter(it.names.iter().map(|alias| {
            let name = self.name(&alias.name);
            (name, alias.asname.as_ref().map_or(name, |local| self.name(local)))
        }));
        self.arena.alloc(Import { module, dots: it.level, names, type_only: self.type_only, is_export: false })
    }

    fn function(&mut self, it: &ast::StmtFunctionDef, at: Span) -> &'a Function<'a> {
        let name = Some(self.name(&it.name));
        let decorators = self.decorators(&it.decorator_list);
        let params = self.params(&it.parameters);
        let body = self.block(&it.body);
        self.arena.alloc(Function { name, decorators, params, body, is_async: it.is_async, span: at })
    }

    fn class(&mut self, it: &ast::StmtClassDef, at: Span) -> &'a Class<'a> {
        let name = Some(self.name(&it.name));
        let bases = it.arguments.as_deref().map_or(&[][..], |arguments| self.args(arguments));
        let decorators = self.decorators(&it.decorator_list);
        let body = self.block(&it.body);
        self.arena.alloc(Class { name, bases, decorators, body, span: at })
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) -> &'a [Expr<'a>] {
        self.arena.alloc_slice_fill_iter(decorators.iter().map(|decorator| self.expr(&decorator.expression)))
    }

    fn params(&mut self, it: &ast::Parameters) -> &'a [Param<'a>] {
        let count = it.posonlyargs.len()
            + it.args.len()
            + it.kwonlyargs.len()
            + usize::from(it.vararg.is_some())
            + usize::from(it.kwarg.is_some());
        if count == 0 {
            return &[];
        }
        let mut params = Vec::with_capacity(count);
        for param in it.posonlyargs.iter().chain(&it.args) {
            params.push(self.param(&param.parameter, ParamKind::Plain, param.default.as_deref()));
        }
        if let Some(rest) = &it.vararg {
            params.push(self.param(rest, ParamKind::Rest, None));
        }
        for param in &it.kwonlyargs {
            params.push(self.param(&param.parameter, ParamKind::KeywordOnly, param.default.as_deref()));
        }
        if let Some(keywords) = &it.kwarg {
            params.push(self.param(keywords, ParamKind::Keywords, None));
        }
        self.arena.alloc_slice_copy(&params)
    }

    fn param(&mut self, param: &ast::Parameter, kind: ParamKind, default: Option<&ast::Expr>) -> Param<'a> {
        let annotation = self.optional(param.annotation.as_deref());
        Param { name: self.name(&param.name), kind, annotation, default: self.optional(default), pattern: None }
    }

    fn args(&mut self, arguments: &ast::Arguments) -> &'a [Arg<'a>] {
        if arguments.keywords.is_empty() {
            return self.arena.alloc_slice_fill_iter(
                arguments.args.iter().map(|value| Arg { keyword: None, value: self.expr(value) }),
            );
        }
        let count = arguments.args.len() + arguments.keywords.len();
        let mut source = arguments.iter_source_order();
        let nothing = Expr { span: Span::default(), kind: ExprKind::Other(&[]) };
        self.arena.alloc_slice_fill_with(count, |_| match source.next() {
            Some(ast::ArgOrKeyword::Arg(value)) => Arg { keyword: None, value: self.expr(value) },
            Some(ast::ArgOrKeyword::Keyword(keyword)) => {
                let value = self.expr(&keyword.value);
                match &keyword.arg {
                    Some(name) => Arg { keyword: Some(self.name(name)), value },
                    None => {
                        let at = span(keyword.range);
                        let stars = Name { text: "**", span: Span { start: at.start, end: at.start + 2 } };
                        let kind = ExprKind::Spread(self.arena.alloc(value));
                        Arg { keyword: Some(stars), value: Expr { span: at, kind } }
                    }
                }
            }
            None => Arg { keyword: None, value: nothing },
        })
    }

    fn name(&self, identifier: &ast::Identifier) -> Name<'a> {
        let at = span(identifier.range);
        Name { text: self.borrow(identifier.as_str(), at), span: at }
    }

    /// The text itself where it stands there as it is; a copy where it does not (`a . b`, composed characters).
    fn borrow(&self, value: &str, at: Span) -> &'a str {
        let written = at.of(self.text);
        if written == value { written } else { self.arena.alloc_str(value) }
    }

    fn alloc(&mut self, expr: &ast::Expr) -> &'a Expr<'a> {
        let expr = self.expr(expr);
        self.arena.alloc(expr)
    }

    fn optional(&mut self, expr: Option<&ast::Expr>) -> Option<Expr<'a>> {
        expr.map(|expr| self.expr(expr))
    }

    fn exprs(&mut self, exprs: &[ast::Expr]) -> &'a [Expr<'a>] {
        self.arena.alloc_slice_fill_iter(exprs.iter().map(|expr| self.expr(expr)))
    }

    fn one(&mut self, expr: &ast::Expr) -> &'a [Expr<'a>] {
        let expr = self.expr(expr);
        self.arena.alloc_slice_copy(&[expr])
    }

    fn pair(&mut self, left: &ast::Expr, right: &ast::Expr) -> &'a [Expr<'a>] {
        let pair = [self.expr(left), self.expr(right)];
        self.arena.alloc_slice_copy(&pair)
    }

    fn over(&mut self, target: &ast::Expr, iterable: &ast::Expr) -> Expr<'a> {
        let at = span(target.range()).to(span(iterable.range()));
        Expr { span: at, kind: ExprKind::Binary("in", self.alloc(target), self.alloc(iterable)) }
    }

    fn expr(&mut self, expr: &ast::Expr) -> Expr<'a> {
        let at = span(expr.range());
        if self.depth >= MAX_DEPTH {
            self.cut = true;
            return Expr { span: at, kind: ExprKind::Other(&[]) };
        }
        self.depth += 1;
        let kind = self.kind(expr, at);
        self.depth -= 1;
        Expr { span: at, kind }
    }

    fn kind(&mut self, expr: &ast::Expr, at: Span) -> ExprKind<'a> {
        match expr {
            ast::Expr::Name(it) => ExprKind::Name(self.borrow(it.id.as_str(), at)),
            ast::Expr::Attribute(it) => ExprKind::Member(self.alloc(&it.value), self.name(&it.attr)),
            ast::Expr::Call(it) => {
                let callee = self.expr(&it.func);
                let args = self.args(&it.arguments);
                ExprKind::Call(self.arena.alloc(Call { callee, args, is_new: false }))
            }
            ast::Expr::StringLiteral(it) => ExprKind::Str(self.string(it)),
            ast::Expr::NumberLiteral(_) => ExprKind::Num(at.of(self.text)),
            ast::Expr::BooleanLiteral(it) => ExprKind::Bool(it.value),
            ast::Expr::NoneLiteral(_) => ExprKind::Null,
            ast::Expr::Subscript(it) => ExprKind::Index(self.alloc(&it.value), self.alloc(&it.slice)),
            ast::Expr::Dict(it) => ExprKind::Dict(self.arena.alloc_slice_fill_iter(it.items.iter().map(|item| {
                Entry { key: item.key.as_ref().map(|key| self.expr(key)), value: self.expr(&item.value) }
            }))),
            ast::Expr::List(it) => ExprKind::List(self.exprs(&it.elts)),
            ast::Expr::Tuple(it) => ExprKind::List(self.exprs(&it.elts)),
            ast::Expr::Set(it) => ExprKind::List(self.exprs(&it.elts)),
            ast::Expr::Starred(it) => ExprKind::Spread(self.alloc(&it.value)),
            ast::Expr::BinOp(it) => ExprKind::Binary(it.op.as_str(), self.alloc(&it.left), self.alloc(&it.right)),
            ast::Expr::BoolOp(it) => self.chain(it.op.as_str(), &it.values),
            ast::Expr::Compare(it) => match (&*it.ops, &*it.comparators) {
                ([op], [right]) => ExprKind::Binary(op.as_str(), self.alloc(&it.left), self.alloc(right)),
                (_, rest) => {
                    let mut parts = vec![self.expr(&it.left)];
                    parts.extend(rest.iter().map(|part| self.expr(part)));
                    ExprKind::Other(self.arena.alloc_slice_copy(&parts))
                }
            },
            ast::Expr::UnaryOp(it) => ExprKind::Unary(it.op.as_str(), self.alloc(&it.operand)),
            ast::Expr::Await(it) => ExprKind::Await(self.alloc(&it.value)),
            ast::Expr::If(it) => {
                ExprKind::Conditional(self.alloc(&it.test), self.alloc(&it.body), self.alloc(&it.orelse))
            }
            ast::Expr::Named(it) => ExprKind::Assign(self.alloc(&it.target), ":=", self.alloc(&it.value)),
            ast::Expr::Lambda(it) => {
                let params = it.parameters.as_deref().map_or(&[][..], |params| self.params(params));
                let value = self.expr(&it.body);
                let returns = Stmt { span: value.span, kind: StmtKind::Return(Some(value)) };
                let body = self.arena.alloc_slice_copy(&[returns]);
                ExprKind::Function(self.arena.alloc(Function {
                    name: None,
                    decorators: &[],
                    params,
                    body,
                    is_async: false,
                    span: at,
                }))
            }
            ast::Expr::ListComp(it) => self.comprehension(&it.elt, &it.generators),
            ast::Expr::SetComp(it) => self.comprehension(&it.elt, &it.generators),
            ast::Expr::Generator(it) => self.comprehension(&it.elt, &it.generators),
            ast::Expr::DictComp(it) => {
                let key = it.key.as_deref().map(|key| self.expr(key));
                let value = self.expr(&it.value);
                let entry = self.arena.alloc_slice_copy(&[Entry { key, value }]);
                let element =
                    Expr { span: key.map_or(value.span, |key| key.span.to(value.span)), kind: ExprKind::Dict(entry) };
                ExprKind::Comprehension(self.arena.alloc(element), self.generators(&it.generators))
            }
            ast::Expr::FString(it) => self.template(it),
            ast::Expr::TString(_) | ast::Expr::BytesLiteral(_) | ast::Expr::EllipsisLiteral(_) => ExprKind::Other(&[]),
            ast::Expr::IpyEscapeCommand(_) => ExprKind::Other(&[]),
            ast::Expr::Yield(it) => ExprKind::Other(it.value.as_deref().map_or(&[][..], |value| self.one(value))),
            ast::Expr::YieldFrom(it) => ExprKind::Other(self.one(&it.value)),
            ast::Expr::Slice(it) => {
                let parts = [&it.lower, &it.upper, &it.step].into_iter().flatten();
                let parts: Vec<_> = parts.map(|part| self.expr(part)).collect();
                ExprKind::Other(self.arena.alloc_slice_copy(&parts))
            }
        }
    }

    /// `a and b and c`, halved again and again: a chain of thousands is no deeper than its logarithm.
    fn chain(&mut self, op: &'static str, values: &[ast::Expr]) -> ExprKind<'a> {
        match values {
            [] => ExprKind::Other(&[]),
            [one] => self.expr(one).kind,
            _ => {
                let (left, right) = values.split_at(values.len().div_ceil(2));
                ExprKind::Binary(op, self.link(op, left), self.link(op, right))
            }
        }
    }

    fn link(&mut self, op: &'static str, values: &[ast::Expr]) -> &'a Expr<'a> {
        let ends = values.first().zip(values.last());
        let at = ends.map_or_else(Span::default, |(first, last)| span(first.range()).to(span(last.range())));
        let kind = self.chain(op, values);
        self.arena.alloc(Expr { span: at, kind })
    }

    fn comprehension(&mut self, element: &ast::Expr, generators: &[ast::Comprehension]) -> ExprKind<'a> {
        ExprKind::Comprehension(self.alloc(element), self.generators(generators))
    }

    fn generators(&mut self, generators: &[ast::Comprehension]) -> &'a [Expr<'a>] {
        let mut parts = Vec::new();
        for generator in generators {
            parts.push(self.over(&generator.target, &generator.iter));
            for test in &generator.ifs {
                parts.push(self.expr(test));
            }
        }
        self.arena.alloc_slice_copy(&parts)
    }

    /// A string's value: of the text itself where it has one part and no escapes.
    fn string(&self, it: &ast::ExprStringLiteral) -> &'a str {
        let value = it.value.to_str();
        if let [part] = it.value.as_slice() {
            let written = span(part.range).of(self.text);
            let quotes = if part.flags.is_triple_quoted() { 3 } else { 1 };
            let inner = written
                .len()
                .checked_sub(quotes + value.len())
                .and_then(|start| written.get(start..start + value.len()));
            if let Some(inner) = inner.filter(|inner| *inner == value) {
                return inner;
            }
        }
        self.arena.alloc_str(value)
    }

    fn template(&mut self, it: &ast::ExprFString) -> ExprKind<'a> {
        let mut parts = Vec::new();
        for part in &it.value {
            match part {
                ast::FStringPart::Literal(literal) => {
                    let kind = ExprKind::Str(self.arena.alloc_str(literal));
                    parts.push(Expr { span: span(literal.range), kind });
                }
                ast::FStringPart::FString(string) => {
                    for element in &string.elements {
                        parts.push(match element {
                            ast::InterpolatedStringElement::Literal(literal) => {
                                let at = span(literal.range);
                                Expr { span: at, kind: ExprKind::Str(self.borrow(literal, at)) }
                            }
                            ast::InterpolatedStringElement::Interpolation(inner) => self.expr(&inner.expression),
                        });
                    }
                }
            }
        }
        ExprKind::Template(self.arena.alloc_slice_copy(&parts))
    }
}

use ast::StringFlags as _;

/// `TYPE_CHECKING`, `typing.TYPE_CHECKING`
fn is_type_checking(test: &ast::Expr) -> bool {
    match test {
        ast::Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        ast::Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}

fn augmented(op: ast::Operator) -> &'static str {
    match op {
        ast::Operator::Add => "+=",
        ast::Operator::Sub => "-=",
        ast::Operator::Mult => "*=",
        ast::Operator::MatMult => "@=",
        ast::Operator::Div => "/=",
        ast::Operator::Mod => "%=",
        ast::Operator::Pow => "**=",
        ast::Operator::LShift => "<<=",
        ast::Operator::RShift => ">>=",
        ast::Operator::BitOr => "|=",
        ast::Operator::BitXor => "^=",
        ast::Operator::BitAnd => "&=",
        ast::Operator::FloorDiv => "//=",
    }
}
