//! Which names of a TypeScript module are more than types: a compiler takes away the imports of all others.

use super::{Dialect, nests_flatly, options};
use oxc_allocator::Allocator;
use oxc_ast::ast;
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a TypeScript module imports by name, and what of it is a value to it.
#[derive(Debug, Default)]
pub struct Values {
    used: FxHashSet<String>,
    typed: FxHashSet<String>,
    /// How many types the visitor stands in.
    inside: u32,
    has_decorators: bool,
    /// Local names by where the module's specifier starts, with its quote.
    imported: FxHashMap<u32, Vec<String>>,
}

impl Values {
    /// Whether a compiler takes away the import whose specifier, without its quote, starts at `start`: it brings names, and
    /// each is only a type here. With decorators the types of parameters may be values (`emitDecoratorMetadata`).
    pub fn drops(&self, start: u32) -> bool {
        let names = start.checked_sub(1).and_then(|quote| self.imported.get(&quote));
        let is_type = |name: &String| self.typed.contains(name) && !self.used.contains(name);
        !self.has_decorators && names.is_some_and(|names| names.iter().all(is_type))
    }
}

/// What the values of a TypeScript module are; `None` for other languages and for text that is not understood.
pub fn values(text: &str, dialect: Dialect) -> Option<Values> {
    if !matches!(dialect, Dialect::TypeScript | Dialect::Tsx) || !nests_flatly(text) {
        return None;
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, dialect.source_type()).with_options(options()).parse();
    if parsed.panicked {
        return None;
    }
    let mut found = Values::default();
    found.visit_program(&parsed.program);
    Some(found)
}

impl<'a> Visit<'a> for Values {
    fn visit_import_declaration(&mut self, it: &ast::ImportDeclaration<'a>) {
        let Some(specifiers) = it.specifiers.as_ref().filter(|specifiers| !specifiers.is_empty()) else { return };
        let names = specifiers.iter().map(|specifier| specifier.local().name.to_string());
        self.imported.insert(it.source.span.start, names.collect());
    }

    fn visit_identifier_reference(&mut self, it: &ast::IdentifierReference<'a>) {
        let names = if self.inside > 0 { &mut self.typed } else { &mut self.used };
        names.insert(it.name.to_string());
    }

    fn visit_decorator(&mut self, it: &ast::Decorator<'a>) {
        self.has_decorators = true;
        walk::walk_decorator(self, it);
    }

    // What follows is types alone.

    fn visit_ts_type(&mut self, it: &ast::TSType<'a>) {
        self.inside += 1;
        walk::walk_ts_type(self, it);
        self.inside -= 1;
    }

    fn visit_ts_type_annotation(&mut self, it: &ast::TSTypeAnnotation<'a>) {
        self.inside += 1;
        walk::walk_ts_type_annotation(self, it);
        self.inside -= 1;
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &ast::TSTypeParameterDeclaration<'a>) {
        self.inside += 1;
        walk::walk_ts_type_parameter_declaration(self, it);
        self.inside -= 1;
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &ast::TSTypeParameterInstantiation<'a>) {
        self.inside += 1;
        walk::walk_ts_type_parameter_instantiation(self, it);
        self.inside -= 1;
    }

    fn visit_ts_type_alias_declaration(&mut self, it: &ast::TSTypeAliasDeclaration<'a>) {
        self.inside += 1;
        walk::walk_ts_type_alias_declaration(self, it);
        self.inside -= 1;
    }

    fn visit_ts_interface_declaration(&mut self, it: &ast::TSInterfaceDeclaration<'a>) {
        self.inside += 1;
        walk::walk_ts_interface_declaration(self, it);
        self.inside -= 1;
    }

    fn visit_ts_class_implements(&mut self, it: &ast::TSClassImplements<'a>) {
        self.inside += 1;
        walk::walk_ts_class_implements(self, it);
        self.inside -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(text: &str) -> Vec<&str> {
        let values = values(text, Dialect::Tsx).unwrap_or_default();
        let quoted = text.match_indices("from \"").map(|(at, word)| at + word.len());
        let specifier = |at: usize| text[at..].split('"').next().unwrap_or_default();
        quoted.filter(|at| values.drops(*at as u32)).map(specifier).collect()
    }

    #[test]
    fn an_import_of_names_that_only_types_use_is_taken_away() {
        assert_eq!(
            dropped(
                "import A from \"a\"; import * as B from \"b\"; import { C as D } from \"c\"; import { E } from \"e\";
                 const x: A = y as B.Z; function f<T extends D>(it: T): E[] { return g<E>(it) satisfies E; }"
            ),
            ["a", "b", "c", "e"]
        );
    }

    #[test]
    fn an_import_stays_where_one_name_is_a_value() {
        let kept = [
            "import { A, B } from \"a\"; const x: A = B;",
            "import { A } from \"a\"; class X extends A {}",
            "import { A } from \"a\"; export { A };",
            "import A from \"a\"; export default A;",
            "import { A } from \"a\"; const x = { A };",
            "import { A } from \"a\"; const x = <A />;",
            "import * as a from \"a\"; const x = <a.B />;",
            "import { A } from \"a\"; type X = A; @A class Y {}",
            "import \"a\";",
            "import {} from \"a\";",
        ];
        for text in kept {
            assert!(dropped(text).is_empty(), "{text}");
        }
    }
}
