//! Expressions, what declarations bind, and the code inside JSX.

use super::{Converter, span};
use crate::code::{Arg, Call, Entry, Expr, ExprKind, Name};
use oxc_ast::ast;
use oxc_span::GetSpan;
use twiceshy_source::Span;

impl<'a> Converter<'a> {
    pub(super) fn expr_of(&self, at: oxc_span::Span, kind: ExprKind<'a>) -> Expr<'a> {
        Expr { span: span(at), kind }
    }

    /// What a declaration binds.
    pub(super) fn pattern(&mut self, pattern: &ast::BindingPattern<'_>) -> Expr<'a> {
        let at = pattern.span();
        let kind = self.deeper(|to| match pattern {
            ast::BindingPattern::BindingIdentifier(id) => ExprKind::Name(to.str(&id.name, span(id.span))),
            ast::BindingPattern::ObjectPattern(object) => {
                let mut entries: Vec<Entry<'a>> = Vec::with_capacity(object.properties.len() + 1);
                for property in &object.properties {
                    let key = Some(to.key(&property.key, property.computed));
                    entries.push(Entry { key, value: to.pattern(&property.value) });
                }
                if let Some(rest) = &object.rest {
                    entries.push(Entry { key: None, value: to.pattern(&rest.argument) });
                }
                ExprKind::Dict(to.arena.alloc_slice_copy(&entries))
            }
            ast::BindingPattern::ArrayPattern(array) => {
                let mut items: Vec<Expr<'a>> = array.elements.iter().flatten().map(|item| to.pattern(item)).collect();
                items.extend(array.rest.as_ref().map(|rest| to.pattern(&rest.argument)));
                ExprKind::List(to.arena.alloc_slice_copy(&items))
            }
            ast::BindingPattern::AssignmentPattern(with_default) => {
                let target = to.pattern(&with_default.left);
                let default = to.expr(&with_default.right);
                ExprKind::Assign(to.alloc(target), "=", to.alloc(default))
            }
        });
        self.expr_of(at, kind.unwrap_or(ExprKind::Other(&[])))
    }

    /// What is assigned to. A destructuring assignment without a declaration keeps its parts only.
    pub(super) fn target(&mut self, target: &ast::AssignmentTarget<'_>) -> Expr<'a> {
        use ast::AssignmentTarget as T;
        let at = target.span();
        let kind = self.deeper(|to| match target {
            T::AssignmentTargetIdentifier(id) => ExprKind::Name(to.str(&id.name, span(id.span))),
            T::TSAsExpression(inner) => to.kind(&inner.expression),
            T::TSSatisfiesExpression(inner) => to.kind(&inner.expression),
            T::TSNonNullExpression(inner) => to.kind(&inner.expression),
            T::TSTypeAssertion(inner) => to.kind(&inner.expression),
            T::ComputedMemberExpression(member) => to.index(member),
            T::StaticMemberExpression(member) => to.member(member),
            T::PrivateFieldExpression(member) => to.private(member),
            T::ArrayAssignmentTarget(_) | T::ObjectAssignmentTarget(_) => ExprKind::Other(&[]),
        });
        self.expr_of(at, kind.unwrap_or(ExprKind::Other(&[])))
    }

    pub(super) fn expr(&mut self, expr: &ast::Expression<'_>) -> Expr<'a> {
        let at = expr.span();
        let kind = self.deeper(|to| to.kind(expr));
        self.expr_of(at, kind.unwrap_or(ExprKind::Other(&[])))
    }

    fn exprs<'t, 'o: 't>(&mut self, list: impl IntoIterator<Item = &'t ast::Expression<'o>>) -> &'a [Expr<'a>] {
        let list: Vec<_> = list.into_iter().map(|expr| self.expr(expr)).collect();
        self.arena.alloc_slice_copy(&list)
    }

    fn kind(&mut self, expr: &ast::Expression<'_>) -> ExprKind<'a> {
        use ast::Expression as E;
        match expr {
            E::Identifier(name) => ExprKind::Name(self.str(&name.name, span(name.span))),
            E::StringLiteral(text) => ExprKind::Str(self.unquoted(text).text),
            E::StaticMemberExpression(member) => self.member(member),
            E::ComputedMemberExpression(member) => self.index(member),
            E::PrivateFieldExpression(member) => self.private(member),
            E::CallExpression(call) => self.call(call),
            E::NewExpression(call) => {
                let callee = self.expr(&call.callee);
                let args = self.args(&call.arguments);
                ExprKind::Call(self.arena.alloc(Call { callee, args, is_new: true }))
            }
            E::ImportExpression(import) => {
                let callee = Expr {
                    span: Span { start: import.span.start, end: import.span.start + 6 },
                    kind: ExprKind::Name("import"),
                };
                let value = self.expr(&import.source);
                let args = self.arena.alloc_slice_copy(&[Arg { keyword: None, value }]);
                ExprKind::Call(self.arena.alloc(Call { callee, args, is_new: false }))
            }
            E::ChainExpression(chain) => match &chain.expression {
                ast::ChainElement::CallExpression(call) => self.call(call),
                ast::ChainElement::TSNonNullExpression(inner) => self.inner(&inner.expression),
                ast::ChainElement::ComputedMemberExpression(member) => self.index(member),
                ast::ChainElement::StaticMemberExpression(member) => self.member(member),
                ast::ChainElement::PrivateFieldExpression(member) => self.private(member),
            },
            E::ArrowFunctionExpression(arrow) => ExprKind::Function(self.arrow(arrow)),
            E::FunctionExpression(function) => ExprKind::Function(self.function(function, None, &[])),
            E::ClassExpression(class) => ExprKind::Class(self.class(class)),
            E::ObjectExpression(object) => self.object(object),
            E::ArrayExpression(array) => {
                let mut items: Vec<Expr<'a>> = Vec::with_capacity(array.elements.len());
                for item in &array.elements {
                    match item {
                        ast::ArrayExpressionElement::SpreadElement(spread) => items.push(self.spread(spread)),
                        item => items.extend(item.as_expression().map(|item| self.expr(item))),
                    }
                }
                ExprKind::List(self.arena.alloc_slice_copy(&items))
            }
            E::TemplateLiteral(template) => self.template(template),
            E::TaggedTemplateExpression(tagged) => {
                let callee = self.expr(&tagged.tag);
                let kind = self.template(&tagged.quasi);
                let args =
                    self.arena.alloc_slice_copy(&[Arg { keyword: None, value: self.expr_of(tagged.quasi.span, kind) }]);
                ExprKind::Call(self.arena.alloc(Call { callee, args, is_new: false }))
            }
            E::BooleanLiteral(value) => ExprKind::Bool(value.value),
            E::NullLiteral(_) => ExprKind::Null,
            E::NumericLiteral(number) => ExprKind::Num(span(number.span).of(self.text)),
            E::BigIntLiteral(number) => ExprKind::Num(span(number.span).of(self.text)),
            E::BinaryExpression(binary) => self.binary(&binary.left, binary.operator.as_str(), &binary.right),
            E::LogicalExpression(binary) => self.binary(&binary.left, binary.operator.as_str(), &binary.right),
            E::UnaryExpression(unary) => {
                let operand = self.expr(&unary.argument);
                ExprKind::Unary(unary.operator.as_str(), self.alloc(operand))
            }
            E::UpdateExpression(update) => {
                let operand = update.argument.get_expression().map(|operand| self.expr(operand));
                let operand = operand.unwrap_or_else(|| match &update.argument {
                    ast::SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => {
                        self.expr_of(id.span, ExprKind::Name(self.str(&id.name, span(id.span))))
                    }
                    ast::SimpleAssignmentTarget::StaticMemberExpression(member) => {
                        let kind = self.member(member);
                        self.expr_of(member.span, kind)
                    }
                    other => self.expr_of(other.span(), ExprKind::Other(&[])),
                });
                ExprKind::Unary(update.operator.as_str(), self.alloc(operand))
            }
            E::AwaitExpression(inner) => {
                let operand = self.expr(&inner.argument);
                ExprKind::Await(self.alloc(operand))
            }
            E::ConditionalExpression(conditional) => {
                let test = self.expr(&conditional.test);
                let then = self.expr(&conditional.consequent);
                let otherwise = self.expr(&conditional.alternate);
                ExprKind::Conditional(self.alloc(test), self.alloc(then), self.alloc(otherwise))
            }
            E::AssignmentExpression(assign) => {
                let target = self.target(&assign.left);
                let value = self.expr(&assign.right);
                ExprKind::Assign(self.alloc(target), assign.operator.as_str(), self.alloc(value))
            }
            E::SequenceExpression(sequence) => ExprKind::Other(self.exprs(&sequence.expressions)),
            E::YieldExpression(inner) => ExprKind::Other(self.exprs(&inner.argument)),
            E::PrivateInExpression(inner) => ExprKind::Other(self.exprs([&inner.right])),
            E::ParenthesizedExpression(inner) => self.inner(&inner.expression),
            E::TSAsExpression(inner) => self.inner(&inner.expression),
            E::TSSatisfiesExpression(inner) => self.inner(&inner.expression),
            E::TSTypeAssertion(inner) => self.inner(&inner.expression),
            E::TSNonNullExpression(inner) => self.inner(&inner.expression),
            E::TSInstantiationExpression(inner) => self.inner(&inner.expression),
            E::ThisExpression(_) => ExprKind::Name("this"),
            E::Super(_) => ExprKind::Name("super"),
            E::ImportMeta(_) => ExprKind::Name("import.meta"),
            E::JSXElement(element) => {
                let mut parts = Vec::new();
                self.jsx_element(element, &mut parts);
                ExprKind::Other(self.arena.alloc_slice_copy(&parts))
            }
            E::JSXFragment(fragment) => {
                let mut parts = Vec::new();
                self.jsx_children(&fragment.children, &mut parts);
                ExprKind::Other(self.arena.alloc_slice_copy(&parts))
            }
            E::RegExpLiteral(_) | E::NewTarget(_) | E::V8IntrinsicExpression(_) => ExprKind::Other(&[]),
        }
    }

    /// An expression that stands for what it wraps.
    fn inner(&mut self, expr: &ast::Expression<'_>) -> ExprKind<'a> {
        self.deeper(|to| to.kind(expr)).unwrap_or(ExprKind::Other(&[]))
    }

    fn binary(
        &mut self,
        left: &ast::Expression<'_>,
        operator: &'static str,
        right: &ast::Expression<'_>,
    ) -> ExprKind<'a> {
        let left = self.expr(left);
        let right = self.expr(right);
        ExprKind::Binary(operator, self.alloc(left), self.alloc(right))
    }

    fn member(&mut self, member: &ast::StaticMemberExpression<'_>) -> ExprKind<'a> {
        let object = self.expr(&member.object);
        ExprKind::Member(self.alloc(object), self.name(&member.property.name, member.property.span))
    }

    fn index(&mut self, member: &ast::ComputedMemberExpression<'_>) -> ExprKind<'a> {
        let object = self.expr(&member.object);
        let index = self.expr(&member.expression);
        ExprKind::Index(self.alloc(object), self.alloc(index))
    }

    fn private(&mut self, member: &ast::PrivateFieldExpression<'_>) -> ExprKind<'a> {
        let object = self.expr(&member.object);
        let at = span(member.field.span);
        ExprKind::Member(self.alloc(object), Name { text: at.of(self.text), span: at })
    }

    fn call(&mut self, call: &ast::CallExpression<'_>) -> ExprKind<'a> {
        let callee = self.expr(&call.callee);
        let args = self.args(&call.arguments);
        ExprKind::Call(self.arena.alloc(Call { callee, args, is_new: false }))
    }

    fn args(&mut self, args: &[ast::Argument<'_>]) -> &'a [Arg<'a>] {
        let mut list: Vec<Arg<'a>> = Vec::with_capacity(args.len());
        for arg in args {
            let value = match arg {
                ast::Argument::SpreadElement(spread) => Some(self.spread(spread)),
                arg => arg.as_expression().map(|arg| self.expr(arg)),
            };
            list.extend(value.map(|value| Arg { keyword: None, value }));
        }
        self.arena.alloc_slice_copy(&list)
    }

    fn spread(&mut self, spread: &ast::SpreadElement<'_>) -> Expr<'a> {
        let operand = self.expr(&spread.argument);
        self.expr_of(spread.span, ExprKind::Spread(self.alloc(operand)))
    }

    fn object(&mut self, object: &ast::ObjectExpression<'_>) -> ExprKind<'a> {
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            entries.push(match property {
                ast::ObjectPropertyKind::ObjectProperty(property) => {
                    let key = Some(self.key(&property.key, property.computed));
                    Entry { key, value: self.expr(&property.value) }
                }
                ast::ObjectPropertyKind::SpreadProperty(spread) => {
                    Entry { key: None, value: self.expr(&spread.argument) }
                }
            });
        }
        ExprKind::Dict(self.arena.alloc_slice_copy(&entries))
    }

    fn template(&mut self, template: &ast::TemplateLiteral<'_>) -> ExprKind<'a> {
        let text = |to: &Self, quasi: &ast::TemplateElement<'_>| {
            to.str(quasi.value.cooked.as_ref().unwrap_or(&quasi.value.raw), span(quasi.span))
        };
        if let ([quasi], []) = (template.quasis.as_slice(), template.expressions.as_slice()) {
            return ExprKind::Str(text(self, quasi));
        }
        let mut parts: Vec<Expr<'a>> = Vec::with_capacity(template.quasis.len() + template.expressions.len());
        let mut expressions = template.expressions.iter();
        for quasi in &template.quasis {
            if !quasi.value.raw.is_empty() {
                parts.push(self.expr_of(quasi.span, ExprKind::Str(text(self, quasi))));
            }
            parts.extend(expressions.next().map(|expr| self.expr(expr)));
        }
        ExprKind::Template(self.arena.alloc_slice_copy(&parts))
    }

    /// An element's parts. Those of a component stand together, its name first; markup is passed over.
    fn jsx_element(&mut self, element: &ast::JSXElement<'_>, parts: &mut Vec<Expr<'a>>) {
        let name = match &element.opening_element.name {
            ast::JSXElementName::IdentifierReference(id) => Some((&id.name, id.span)),
            _ => None,
        };
        let Some((name, at)) = name else { return self.jsx_parts(element, parts) };
        let mut own = vec![self.expr_of(at, ExprKind::Name(self.str(name, span(at))))];
        self.jsx_parts(element, &mut own);
        let own = self.arena.alloc_slice_copy(&own);
        parts.push(self.expr_of(element.span, ExprKind::Other(own)));
    }

    fn jsx_parts(&mut self, element: &ast::JSXElement<'_>, parts: &mut Vec<Expr<'a>>) {
        for attribute in &element.opening_element.attributes {
            match attribute {
                ast::JSXAttributeItem::SpreadAttribute(spread) => parts.push(self.expr(&spread.argument)),
                ast::JSXAttributeItem::Attribute(attribute) => match &attribute.value {
                    Some(ast::JSXAttributeValue::ExpressionContainer(container)) => {
                        parts.extend(container.expression.as_expression().map(|value| self.expr(value)));
                    }
                    Some(ast::JSXAttributeValue::Element(element)) => {
                        let _ = self.deeper(|to| to.jsx_element(element, parts));
                    }
                    Some(ast::JSXAttributeValue::Fragment(fragment)) => self.jsx_children(&fragment.children, parts),
                    Some(ast::JSXAttributeValue::StringLiteral(_)) | None => {}
                },
            }
        }
        self.jsx_children(&element.children, parts);
    }

    /// What the children compute; their markup is passed over.
    fn jsx_children(&mut self, children: &[ast::JSXChild<'_>], parts: &mut Vec<Expr<'a>>) {
        let _ = self.deeper(|to| {
            for child in children {
                match child {
                    ast::JSXChild::Element(element) => to.jsx_element(element, parts),
                    ast::JSXChild::Fragment(fragment) => to.jsx_children(&fragment.children, parts),
                    ast::JSXChild::ExpressionContainer(container) => {
                        parts.extend(container.expression.as_expression().map(|value| to.expr(value)));
                    }
                    ast::JSXChild::Spread(spread) => parts.push(to.expr(&spread.expression)),
                    ast::JSXChild::Text(_) => {}
                }
            }
        });
    }
}
