//! From oxc's tree to ours.
//!
//! Names and texts are slices of the parsed text wherever they stand there as they are. Types are left out: nothing asks
//! for them.

mod expr;

use crate::code::{
    Arg, Assign, Class, Expr, ExprKind, Function, Import, MAX_DEPTH, Module, Name, Param, ParamKind, Stmt, StmtKind,
    Try,
};
use bumpalo::Bump;
use oxc_ast::ast;
use oxc_span::GetSpan;
use twiceshy_source::Span;

pub(super) fn module<'a>(arena: &'a Bump, text: &'a str, program: &ast::Program<'_>) -> Module<'a> {
    let mut to = Converter { arena, text, depth: 0, stmts: Vec::new() };
    let body = to.block(&program.body);
    let comments = arena.alloc_slice_fill_iter(program.comments.iter().map(|comment| span(comment.span)));
    Module { body, comments, flaws: Vec::new() }
}

fn span(span: oxc_span::Span) -> Span {
    Span { start: span.start, end: span.end }
}

struct Converter<'a> {
    arena: &'a Bump,
    text: &'a str,
    depth: usize,
    /// Statements of the blocks that are being converted; a block takes its own off the end.
    stmts: Vec<Stmt<'a>>,
}

impl<'a> Converter<'a> {
    /// `value`, which stands at `at`: a slice of the text where it is written there as it is.
    fn str(&self, value: &str, at: Span) -> &'a str {
        let written = at.of(self.text);
        if written == value { written } else { self.arena.alloc_str(value) }
    }

    fn name(&self, value: &str, at: oxc_span::Span) -> Name<'a> {
        Name { text: self.str(value, span(at)), span: span(at) }
    }

    /// The text between the quotes of a literal.
    fn unquoted(&self, literal: &ast::StringLiteral<'_>) -> Name<'a> {
        let at = Span { start: literal.span.start + 1, end: literal.span.end.saturating_sub(1) };
        Name { text: self.str(&literal.value, at), span: at }
    }

    fn alloc(&self, expr: Expr<'a>) -> &'a Expr<'a> {
        self.arena.alloc(expr)
    }

    /// Runs `inside` one level down; `None` too deep down.
    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        Some(result)
    }

    /// Collects the statements that `fill` converts.
    fn collect(&mut self, fill: impl FnOnce(&mut Self)) -> &'a [Stmt<'a>] {
        let start = self.stmts.len();
        let _ = self.deeper(fill);
        let block = self.arena.alloc_slice_copy(&self.stmts[start..]);
        self.stmts.truncate(start);
        block
    }

    fn block(&mut self, body: &[ast::Statement<'_>]) -> &'a [Stmt<'a>] {
        self.collect(|to| body.iter().for_each(|stmt| to.stmt(stmt)))
    }

    /// The statements of a statement that stands where a block may stand.
    fn body(&mut self, body: &ast::Statement<'_>) -> &'a [Stmt<'a>] {
        match body {
            ast::Statement::BlockStatement(block) => self.block(&block.body),
            body => self.collect(|to| to.stmt(body)),
        }
    }

    fn push(&mut self, at: oxc_span::Span, kind: StmtKind<'a>) {
        self.stmts.push(Stmt { span: span(at), kind });
    }

    fn stmt(&mut self, stmt: &ast::Statement<'_>) {
        use ast::Statement as S;
        match stmt {
            S::ExpressionStatement(stmt) => {
                let kind = match &stmt.expression {
                    ast::Expression::AssignmentExpression(assign)
                        if assign.operator == ast::AssignmentOperator::Assign =>
                    {
                        let target = self.target(&assign.left);
                        let value = self.expr(&assign.right);
                        self.assign(target, Some(value))
                    }
                    expression => StmtKind::Expr(self.expr(expression)),
                };
                self.push(stmt.span, kind);
            }
            S::BlockStatement(block) => {
                let body = self.block(&block.body);
                self.push(block.span, StmtKind::Block(body));
            }
            S::IfStatement(stmt) => {
                let test = self.expr(&stmt.test);
                let then = self.body(&stmt.consequent);
                let otherwise = stmt.alternate.as_ref().map_or(&[][..], |stmt| self.body(stmt));
                let test = self.alloc(test);
                self.push(stmt.span, StmtKind::If(test, then, otherwise));
            }
            S::ForStatement(stmt) => {
                let mut head: Vec<Expr<'a>> = Vec::new();
                match &stmt.init {
                    Some(ast::ForStatementInit::VariableDeclaration(variables)) => {
                        for variable in &variables.declarations {
                            let target = self.pattern(&variable.id);
                            head.push(match &variable.init {
                                Some(value) => {
                                    let value = self.expr(value);
                                    self.expr_of(
                                        variable.span,
                                        ExprKind::Assign(self.alloc(target), "=", self.alloc(value)),
                                    )
                                }
                                None => target,
                            });
                        }
                    }
                    Some(init) => head.extend(init.as_expression().map(|init| self.expr(init))),
                    None => {}
                }
                head.extend([&stmt.test, &stmt.update].into_iter().flatten().map(|part| self.expr(part)));
                let body = self.body(&stmt.body);
                let head = self.arena.alloc_slice_copy(&head);
                self.push(stmt.span, StmtKind::Loop(head, body));
            }
            S::ForInStatement(stmt) => self.for_each(stmt.span, &stmt.left, &stmt.right, &stmt.body),
            S::ForOfStatement(stmt) => self.for_each(stmt.span, &stmt.left, &stmt.right, &stmt.body),
            S::WhileStatement(stmt) => self.while_(stmt.span, &stmt.test, &stmt.body),
            S::DoWhileStatement(stmt) => self.while_(stmt.span, &stmt.test, &stmt.body),
            S::LabeledStatement(stmt) => {
                let body = self.body(&stmt.body);
                self.push(stmt.span, StmtKind::Block(body));
            }
            S::ReturnStatement(stmt) => {
                let value = stmt.argument.as_ref().map(|value| self.expr(value));
                self.push(stmt.span, StmtKind::Return(value));
            }
            S::ThrowStatement(stmt) => {
                let value = self.expr(&stmt.argument);
                self.push(stmt.span, StmtKind::Throw(Some(value)));
            }
            S::SwitchStatement(stmt) => {
                let subject = self.expr(&stmt.discriminant);
                let body = self.collect(|to| {
                    to.stmts.push(Stmt { span: subject.span, kind: StmtKind::Expr(subject) });
                    for case in &stmt.cases {
                        if let Some(test) = &case.test {
                            let test = to.expr(test);
                            to.stmts.push(Stmt { span: test.span, kind: StmtKind::Expr(test) });
                        }
                        case.consequent.iter().for_each(|stmt| to.stmt(stmt));
                    }
                });
                self.push(stmt.span, StmtKind::Block(body));
            }
            S::TryStatement(stmt) => {
                let body = self.block(&stmt.block.body);
                let handlers = match &stmt.handler {
                    Some(handler) => {
                        let caught = handler.param.as_ref().map(|param| self.pattern(&param.pattern));
                        let block = self.block(&handler.body.body);
                        self.arena.alloc_slice_copy(&[(caught, block)])
                    }
                    None => &mut [],
                };
                let after = stmt.finalizer.as_ref().map_or(&[][..], |block| self.block(&block.body));
                let tried = self.arena.alloc(Try { body, handlers, after });
                self.push(stmt.span, StmtKind::Try(tried));
            }
            S::WithStatement(stmt) => {
                let object = self.expr(&stmt.object);
                let body = self.body(&stmt.body);
                let items = self.arena.alloc_slice_copy(&[object]);
                self.push(stmt.span, StmtKind::With(items, body));
            }
            S::VariableDeclaration(variables) => self.variables(variables),
            S::FunctionDeclaration(function) => self.function_stmt(function),
            S::ClassDeclaration(class) => self.class_stmt(class),
            S::TSEnumDeclaration(stmt) => {
                let values: Vec<_> = stmt
                    .body
                    .members
                    .iter()
                    .filter_map(|member| Some(self.expr(member.initializer.as_ref()?)))
                    .collect();
                let values = self.arena.alloc_slice_copy(&values);
                self.push(stmt.span, StmtKind::Other(values));
            }
            S::TSNamespaceDeclaration(stmt) => self.namespace(stmt),
            S::TSImportEqualsDeclaration(stmt) => {
                if let ast::TSModuleReference::ExternalModuleReference(module) = &stmt.module_reference {
                    let local = self.name(&stmt.id.name, stmt.id.span);
                    let whole = Name { text: "*", span: local.span };
                    let import = Import {
                        module: self.unquoted(&module.expression),
                        dots: 0,
                        names: self.arena.alloc_slice_copy(&[(whole, local)]),
                        type_only: stmt.import_kind.is_type(),
                        is_export: false,
                    };
                    self.import(stmt.span, import);
                }
            }
            S::ImportDeclaration(stmt) => self.import_declaration(stmt),
            S::ExportAllDeclaration(stmt) => {
                let at = oxc_span::Span::empty(stmt.span.start);
                let whole = Name { text: "*", span: span(at) };
                let exported = stmt.exported.as_ref().map_or(whole, |name| self.export_name(name));
                let import = Import {
                    module: self.unquoted(&stmt.source),
                    dots: 0,
                    names: self.arena.alloc_slice_copy(&[(whole, exported)]),
                    type_only: stmt.export_kind.is_type(),
                    is_export: true,
                };
                self.import(stmt.span, import);
            }
            S::ExportFromDeclaration(stmt) => {
                let names = stmt
                    .specifiers
                    .iter()
                    .map(|name| (self.export_name(&name.local), self.export_name(&name.exported)));
                let import = Import {
                    module: self.unquoted(&stmt.source),
                    dots: 0,
                    names: self.arena.alloc_slice_fill_iter(names),
                    type_only: stmt.export_kind.is_type()
                        || !stmt.specifiers.is_empty() && stmt.specifiers.iter().all(|name| name.export_kind.is_type()),
                    is_export: true,
                };
                self.import(stmt.span, import);
            }
            S::ExportDeclaration(stmt) => match &stmt.declaration {
                ast::Declaration::VariableDeclaration(variables) => self.variables(variables),
                ast::Declaration::FunctionDeclaration(function) => self.function_stmt(function),
                ast::Declaration::ClassDeclaration(class) => self.class_stmt(class),
                ast::Declaration::TSNamespaceDeclaration(stmt) => self.namespace(stmt),
                _ => {}
            },
            S::ExportDefaultDeclaration(stmt) => match &stmt.declaration {
                ast::ExportDefaultDeclarationKind::FunctionDeclaration(function) => self.function_stmt(function),
                ast::ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class_stmt(class),
                declaration => {
                    if let Some(value) = declaration.as_expression() {
                        let value = self.expr(value);
                        self.push(stmt.span, StmtKind::Expr(value));
                    }
                }
            },
            S::TSExportAssignment(stmt) => {
                let value = self.expr(&stmt.expression);
                self.push(stmt.span, StmtKind::Expr(value));
            }
            S::BreakStatement(_)
            | S::ContinueStatement(_)
            | S::DebuggerStatement(_)
            | S::EmptyStatement(_)
            | S::TSTypeAliasDeclaration(_)
            | S::TSInterfaceDeclaration(_)
            | S::TSExternalModuleDeclaration(_)
            | S::TSGlobalDeclaration(_)
            | S::ExportNamedDeclaration(_)
            | S::TSNamespaceExportDeclaration(_) => {}
        }
    }

    fn assign(&self, target: Expr<'a>, value: Option<Expr<'a>>) -> StmtKind<'a> {
        let targets = self.arena.alloc_slice_copy(&[target]);
        StmtKind::Assign(self.arena.alloc(Assign { targets, annotation: None, value }))
    }

    fn variables(&mut self, variables: &ast::VariableDeclaration<'_>) {
        for variable in &variables.declarations {
            let target = self.pattern(&variable.id);
            let value = variable.init.as_ref().map(|value| self.expr(value));
            let kind = self.assign(target, value);
            // A declaration of one variable is the whole statement.
            let at = if variables.declarations.len() == 1 { variables.span } else { variable.span };
            self.push(at, kind);
        }
    }

    fn for_each(
        &mut self,
        at: oxc_span::Span,
        left: &ast::ForStatementLeft<'_>,
        right: &ast::Expression<'_>,
        body: &ast::Statement<'_>,
    ) {
        let left = match left {
            ast::ForStatementLeft::VariableDeclaration(variables) => {
                variables.declarations.first().map(|variable| self.pattern(&variable.id))
            }
            left => left.as_assignment_target().map(|left| self.target(left)),
        };
        let right = self.expr(right);
        let body = self.body(body);
        let head = match left {
            Some(left) => {
                let at = left.span.to(right.span);
                let kind = ExprKind::Binary("in", self.alloc(left), self.alloc(right));
                self.arena.alloc_slice_copy(&[Expr { span: at, kind }])
            }
            None => self.arena.alloc_slice_copy(&[right]),
        };
        self.push(at, StmtKind::Loop(head, body));
    }

    fn while_(&mut self, at: oxc_span::Span, test: &ast::Expression<'_>, body: &ast::Statement<'_>) {
        let test = self.expr(test);
        let body = self.body(body);
        let head = self.arena.alloc_slice_copy(&[test]);
        self.push(at, StmtKind::Loop(head, body));
    }

    fn namespace(&mut self, stmt: &ast::TSNamespaceDeclaration<'_>) {
        let mut body = &stmt.body;
        while let ast::TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) = body {
            body = &inner.body;
        }
        if let ast::TSNamespaceDeclarationBody::TSModuleBlock(block) = body {
            let body = self.block(&block.body);
            self.push(stmt.span, StmtKind::Block(body));
        }
    }

    fn import(&mut self, at: oxc_span::Span, import: Import<'a>) {
        let import = self.arena.alloc(import);
        self.push(at, StmtKind::Import(import));
    }

    fn import_declaration(&mut self, stmt: &ast::ImportDeclaration<'_>) {
        use ast::ImportDeclarationSpecifier as I;
        let specifiers = stmt.specifiers.as_ref().map_or(&[][..], |names| names.as_slice());
        let names = specifiers.iter().map(|name| match name {
            I::ImportSpecifier(name) => {
                (self.export_name(&name.imported), self.name(&name.local.name, name.local.span))
            }
            I::ImportDefaultSpecifier(name) => {
                let local = self.name(&name.local.name, name.local.span);
                (Name { text: "default", ..local }, local)
            }
            I::ImportNamespaceSpecifier(name) => {
                let local = self.name(&name.local.name, name.local.span);
                (Name { text: "*", ..local }, local)
            }
        });
        let all_types = !specifiers.is_empty()
            && specifiers.iter().all(|name| matches!(name, I::ImportSpecifier(name) if name.import_kind.is_type()));
        let import = Import {
            module: self.unquoted(&stmt.source),
            dots: 0,
            names: self.arena.alloc_slice_fill_iter(names),
            type_only: stmt.import_kind.is_type() || all_types,
            is_export: false,
        };
        self.import(stmt.span, import);
    }

    fn export_name(&self, name: &ast::ModuleExportName<'_>) -> Name<'a> {
        match name {
            ast::ModuleExportName::IdentifierName(name) => self.name(&name.name, name.span),
            ast::ModuleExportName::IdentifierReference(name) => self.name(&name.name, name.span),
            ast::ModuleExportName::StringLiteral(name) => self.unquoted(name),
        }
    }

    fn function_stmt(&mut self, function: &ast::Function<'_>) {
        let converted = self.function(function, None, &[]);
        self.push(function.span, StmtKind::Function(converted));
    }

    fn class_stmt(&mut self, class: &ast::Class<'_>) {
        let converted = self.class(class);
        self.push(class.span, StmtKind::Class(converted));
    }

    fn function(
        &mut self,
        function: &ast::Function<'_>,
        name: Option<Name<'a>>,
        decorators: &'a [Expr<'a>],
    ) -> &'a Function<'a> {
        let name = name.or_else(|| function.id.as_ref().map(|id| self.name(&id.name, id.span)));
        let params = self.params(&function.params);
        let body = function.body.as_ref().map_or(&[][..], |body| self.block(&body.statements));
        self.arena.alloc(Function {
            name,
            decorators,
            params,
            body,
            is_async: function.r#async,
            span: span(function.span),
        })
    }

    fn arrow(&mut self, arrow: &ast::ArrowFunctionExpression<'_>) -> &'a Function<'a> {
        let params = self.params(&arrow.params);
        let body = match &arrow.body {
            ast::ArrowFunctionBody::FunctionBody(body) => self.block(&body.statements),
            body => match body.as_expression() {
                Some(value) => {
                    let value = self.expr(value);
                    self.arena.alloc_slice_copy(&[Stmt { span: value.span, kind: StmtKind::Return(Some(value)) }])
                }
                None => &mut [],
            },
        };
        self.arena.alloc(Function {
            name: None,
            decorators: &[],
            params,
            body,
            is_async: arrow.r#async,
            span: span(arrow.span),
        })
    }

    fn params(&mut self, params: &ast::FormalParameters<'_>) -> &'a [Param<'a>] {
        if params.items.is_empty() && params.rest.is_none() {
            return &[];
        }
        let mut list: Vec<Param<'a>> = Vec::with_capacity(params.items.len() + 1);
        for param in &params.items {
            let default = param.initializer.as_ref().map(|value| self.expr(value));
            let is_plain = matches!(param.pattern, ast::BindingPattern::BindingIdentifier(_));
            list.push(Param {
                name: self.pattern_name(&param.pattern),
                kind: ParamKind::Plain,
                annotation: None,
                default,
                pattern: (!is_plain).then(|| self.pattern(&param.pattern)),
            });
        }
        if let Some(rest) = &params.rest {
            let name = self.pattern_name(&rest.rest.argument);
            list.push(Param { name, kind: ParamKind::Rest, annotation: None, default: None, pattern: None });
        }
        self.arena.alloc_slice_copy(&list)
    }

    fn pattern_name(&self, pattern: &ast::BindingPattern<'_>) -> Name<'a> {
        match pattern {
            ast::BindingPattern::BindingIdentifier(id) => self.name(&id.name, id.span),
            other => Name { text: "", span: span(other.span()) },
        }
    }

    fn class(&mut self, class: &ast::Class<'_>) -> &'a Class<'a> {
        let name = class.id.as_ref().map(|id| self.name(&id.name, id.span));
        let bases = match &class.heritage {
            Some(heritage) => {
                let value = self.expr(&heritage.expression);
                self.arena.alloc_slice_copy(&[Arg { keyword: None, value }])
            }
            None => &mut [],
        };
        let decorators = self.decorators(&class.decorators);
        let body = self.collect(|to| class.body.body.iter().for_each(|element| to.element(element)));
        self.arena.alloc(Class { name, bases, decorators, body, span: span(class.span) })
    }

    fn decorators(&mut self, decorators: &[ast::Decorator<'_>]) -> &'a [Expr<'a>] {
        if decorators.is_empty() {
            return &[];
        }
        let list: Vec<_> = decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect();
        self.arena.alloc_slice_copy(&list)
    }

    fn element(&mut self, element: &ast::ClassElement<'_>) {
        use ast::ClassElement as E;
        match element {
            E::StaticBlock(block) => {
                let body = self.block(&block.body);
                self.push(block.span, StmtKind::Block(body));
            }
            E::MethodDefinition(method) => {
                let key = self.key(&method.key, method.computed);
                let name = key.str().map(|text| Name { text, span: key.span });
                let decorators = self.decorators(&method.decorators);
                let function = self.function(&method.value, name, decorators);
                self.push(method.span, StmtKind::Function(function));
            }
            E::PropertyDefinition(field) => self.field(field.span, &field.key, field.computed, field.value.as_ref()),
            E::AccessorProperty(field) => self.field(field.span, &field.key, field.computed, field.value.as_ref()),
            E::TSIndexSignature(_) => {}
        }
    }

    fn field(
        &mut self,
        at: oxc_span::Span,
        key: &ast::PropertyKey<'_>,
        computed: bool,
        value: Option<&ast::Expression<'_>>,
    ) {
        let key = self.key(key, computed);
        let target = match key.kind {
            ExprKind::Str(name) => Expr { kind: ExprKind::Name(name), ..key },
            _ => key,
        };
        let value = value.map(|value| self.expr(value));
        let kind = self.assign(target, value);
        self.push(at, kind);
    }

    /// The key of a property: a `Str` unless it is computed.
    fn key(&mut self, key: &ast::PropertyKey<'_>, computed: bool) -> Expr<'a> {
        match key {
            ast::PropertyKey::StaticIdentifier(name) => {
                self.expr_of(name.span, ExprKind::Str(self.str(&name.name, span(name.span))))
            }
            ast::PropertyKey::PrivateIdentifier(name) => {
                self.expr_of(name.span, ExprKind::Str(span(name.span).of(self.text)))
            }
            key => match key.as_expression() {
                Some(ast::Expression::NumericLiteral(number)) if !computed => {
                    self.expr_of(number.span, ExprKind::Str(span(number.span).of(self.text)))
                }
                Some(key) => self.expr(key),
                None => self.expr_of(key.span(), ExprKind::Other(&[])),
            },
        }
    }
}
