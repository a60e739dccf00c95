//! What local names stand for: imports, constants, wrappers, values that were read.

use super::{BY_PARAMETER, Environment, Language, Reader, Seen, Using, inner};
use crate::PythonImport;
use crate::variables::{Moment, Need, VariableRead, Way, Wrapper, schema, settings};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Assign, Class, Expr, ExprKind, Function, Import};

impl<'a> Reader<'a, '_> {
    pub(super) fn import(&mut self, import: &Import<'a>) {
        let module = import.module.text;
        match (self.language, module) {
            (Language::Python, "os") => {
                for (name, local) in import.names {
                    match name.text {
                        "environ" => {
                            self.environments.insert(local.text, Environment { way: Way::Process, moment: None });
                        }
                        "getenv" => {
                            self.getters.insert(local.text);
                        }
                        _ => {}
                    }
                }
            }
            (Language::Python, "decouple") => {
                self.lookups.extend(import.names.iter().map(|(_, local)| local.text).filter(|name| *name == "config"));
                self.out.loads = self.out.loads.or(Some(self.place(import.module.span)));
            }
            (Language::JavaScript, "process" | "node:process") => {
                for (_, local) in import.names.iter().filter(|(name, _)| name.text == "env") {
                    self.environments.insert(local.text, Environment { way: Way::Process, moment: None });
                }
            }
            (Language::JavaScript, "dotenv/config" | "dotenv-flow/config" | "dotenv-expand/config") => {
                self.out.loads = Some(self.place(import.module.span));
            }
            (Language::JavaScript, "$env/dynamic/private" | "$env/dynamic/public") => {
                let way = if module.ends_with("private") { Way::SveltePrivate } else { Way::SveltePublic };
                for (_, local) in import.names {
                    self.environments.insert(local.text, Environment { way, moment: None });
                }
            }
            (Language::JavaScript, "$env/static/private" | "$env/static/public") => {
                for (name, local) in import.names {
                    if name.text == "*" {
                        let moment = Some(Moment::Build);
                        self.environments.insert(local.text, Environment { way: Way::Process, moment });
                        continue;
                    }
                    let way = if module.ends_with("private") { Way::SveltePrivate } else { Way::SveltePublic };
                    self.out.reads.push(VariableRead {
                        name: name.text.into(),
                        place: self.place(name.span),
                        need: Need::Required,
                        alternatives: Vec::new(),
                        moment: Moment::Build,
                        is_conditional: false,
                        ignores_case: false,
                        way,
                    });
                }
            }
            _ => self.import_wrappers(import),
        }
    }

    /// Takes over what other modules say about functions that are imported from them.
    pub(super) fn import_wrappers(&mut self, import: &Import<'a>) {
        if self.known.is_empty() {
            return;
        }
        let targets = match self.language {
            Language::JavaScript => self.repo.import_targets(self.file, import.module.text),
            Language::Python => {
                let import = PythonImport {
                    module: import.module.text.into(),
                    dots: import.dots,
                    names: Box::default(),
                    place: self.place(import.module.span),
                    is_type_only: false,
                    is_optional: false,
                };
                match self.repo.resolve_python(self.file, &import) {
                    crate::ImportTarget::File(file) => vec![file],
                    _ => Vec::new(),
                }
            }
        };
        for wrapper in targets.iter().filter_map(|file| self.known.get(file)).flatten() {
            for (name, local) in import.names {
                // `import { Env }` brings `Env.required` with it.
                let own = wrapper.name.strip_prefix(name.text).filter(|rest| rest.is_empty() || rest.starts_with('.'));
                let called = match own {
                    Some(rest) => format!("{}{rest}", local.text),
                    None if name.text == "*" => format!("{}.{}", local.text, wrapper.name),
                    None => continue,
                };
                self.wrappers.insert(called.into(), wrapper.clone());
            }
        }
    }

    pub(super) fn assign(&mut self, assign: &Assign<'a>) {
        for target in assign.targets {
            if let Some(environment) = self.environment_member(target) {
                self.out.sets.extend(environment);
            }
        }
        let Some(value) = assign.value else { return };
        let name = match assign.targets {
            [Expr { kind: ExprKind::Name(name), .. }] => Some(*name),
            _ => None,
        };
        if let [Expr { kind: ExprKind::Dict(entries), .. }] = assign.targets {
            if let Some(environment) = self.environment(&value) {
                for entry in *entries {
                    self.destructured(entry.key.as_ref(), &entry.value, environment);
                }
                return;
            }
            if value.dotted().as_deref() == Some("process") {
                for entry in entries.iter().filter(|entry| entry.key.and_then(|key| key.str()) == Some("env")) {
                    if let ExprKind::Name(local) = entry.value.kind {
                        self.environments.insert(local, Environment { way: Way::Process, moment: None });
                    }
                }
            }
        }
        if let (Some(name), Some(environment)) = (name, self.environment(&value)) {
            self.environments.insert(name, environment);
            return;
        }
        if let Some(name) = name {
            self.note_constant(name, &value);
            if let ExprKind::Function(function) = value.kind {
                return self.function(function, Some(name));
            }
        }
        let before = self.out.reads.len();
        self.expr(&value, Using::Plain);
        if let Some(name) = name {
            self.bind(name, &value, before);
        }
    }

    pub(super) fn note_constant(&mut self, name: &'a str, value: &Expr<'a>) {
        match value.kind {
            ExprKind::Str(text) => {
                self.constants.insert(name, text);
            }
            ExprKind::List(items) => {
                let names: Option<Vec<_>> =
                    items.iter().map(|item| Some((item.str()?.into(), inner(item.span, self.text)))).collect();
                if let Some(names) = names.filter(|names: &Vec<(Box<str>, Span)>| !names.is_empty()) {
                    self.lists.insert(name, names);
                }
            }
            ExprKind::Call(call) => {
                let called = call.callee.dotted().unwrap_or_default();
                if self.language == Language::Python {
                    if matches!(
                        called.as_str(),
                        "environ.Env" | "Env" | "environs.Env" | "Config" | "AutoConfig" | "EnvReader"
                    ) && (called != "Config" || self.text.contains("starlette.config"))
                        && (called != "Env" || self.text.contains("environ"))
                    {
                        self.lookups.insert(name);
                        if called == "Config" && !call.args.is_empty() {
                            self.out.loads = self.out.loads.or(Some(self.place(call.callee.span)));
                        }
                    }
                } else if schema::is_schema(value) {
                    self.schemas.insert(name, *value);
                }
            }
            _ => {}
        }
    }

    /// Remembers which reads the value of a local name comes from.
    pub(super) fn bind(&mut self, name: &'a str, value: &Expr<'a>, before: usize) {
        self.bindings.remove(name);
        self.gaps.remove(name);
        let reads: Vec<usize> = (before..self.out.reads.len()).collect();
        if reads.is_empty() {
            return;
        }
        let lists_gaps = match value.kind {
            ExprKind::Comprehension(..) => true,
            ExprKind::Call(call) => {
                matches!(call.callee.kind, ExprKind::Member(_, method) if matches!(method.text, "filter" | "some" | "find"))
            }
            _ => false,
        };
        if lists_gaps {
            self.gaps.insert(name, reads);
            return;
        }
        let is_value = !matches!(
            value.kind,
            ExprKind::Dict(_) | ExprKind::List(_) | ExprKind::Function(_) | ExprKind::Class(_) | ExprKind::Template(_)
        );
        let open = |read: &VariableRead| matches!(read.need, Need::Plain | Need::Asserted);
        let reads: Vec<usize> = reads.into_iter().filter(|at| self.out.reads.get(*at).is_some_and(open)).collect();
        if is_value && !reads.is_empty() && reads.len() <= 4 {
            self.bindings.insert(name, reads);
        }
    }

    /// `{ A, B: local, C = "default" } = process.env`
    pub(super) fn destructured(&mut self, key: Option<&Expr<'a>>, value: &Expr<'a>, environment: Environment) {
        let Some(key) = key else { return };
        let Some(name) = key.str() else { return };
        let (target, default) = match value.kind {
            ExprKind::Assign(target, _, default) => (*target, Some(*default)),
            _ => (*value, None),
        };
        let otherwise = default.map(|default| self.otherwise(&default, Vec::new()));
        let seen = Seen {
            names: vec![(name.into(), key.span)],
            need: Need::Plain,
            moment: environment.moment,
            way: environment.way,
            fallback: None,
        };
        let before = self.out.reads.len();
        self.push(seen, otherwise.as_ref().map_or(Using::Plain, Using::Else));
        if let ExprKind::Name(local) = target.kind {
            self.bindings.insert(local, (before..self.out.reads.len()).collect());
        }
    }

    pub(in crate::variables) fn function(&mut self, function: &Function<'a>, name: Option<&'a str>) {
        function.decorators.iter().for_each(|decorator| self.expr(decorator, Using::Plain));
        function.params.iter().filter_map(|param| param.default).for_each(|default| self.expr(&default, Using::Plain));
        let before = self.out.reads.len();
        let (conditions, assured) = (std::mem::take(&mut self.conditions), std::mem::take(&mut self.assured));
        let excuse = self.excuse.take();
        let outermost = self.outermost;
        self.outermost = outermost.or(name);
        self.parameters.push(function.params);
        self.block(function.body);
        self.parameters.pop();
        self.outermost = outermost;
        if let Some(name) = name.filter(|_| outermost.is_none()) {
            self.inside.extend((before..self.out.reads.len()).map(|at| (name, at)));
        }
        (self.conditions, self.assured, self.excuse) = (conditions, assured, excuse);
        if let Some(name) = name {
            self.note_wrapper(function, name, before);
        }
    }

    /// Makes a wrapper of a function that read a variable by a parameter.
    pub(super) fn note_wrapper(&mut self, function: &Function<'a>, name: &'a str, before: usize) {
        let by_parameter = self.out.reads.iter().enumerate().skip(before).filter_map(|(at, read)| {
            let parameter: usize = read.name.strip_prefix(BY_PARAMETER)?.parse().ok()?;
            Some((at, parameter, read))
        });
        let rank = |need: &Need| match need {
            Need::Required | Need::Guarded { .. } => 0,
            Need::Defaulted { .. } => 1,
            Need::Optional => 2,
            Need::Asserted | Need::Plain => 3,
        };
        let Some((at, key, read)) = by_parameter.min_by_key(|(_, _, read)| rank(&read.need)) else { return };
        // A method has its object in front.
        let has_self = function.params.first().is_some_and(|param| matches!(param.name.text, "self" | "cls"));
        let offset = usize::from(has_self);
        let fallback = self.defaults.get(&at).map(|parameter| {
            let has_default = function.params.get(*parameter).is_some_and(|param| param.default.is_some());
            (parameter.saturating_sub(offset), has_default)
        });
        let called = match self.class {
            Some(class) => format!("{class}.{name}"),
            None => name.to_owned(),
        };
        let wrapper = Wrapper {
            name: called.into(),
            key: key.saturating_sub(offset),
            need: if read.is_conditional && rank(&read.need) == 0 && fallback.is_none() {
                // `if (required) throw`: it depends.
                Need::Plain
            } else {
                read.need.clone()
            },
            fallback,
            way: read.way,
        };
        self.wrappers.insert(wrapper.name.clone(), wrapper.clone());
        self.out.wrappers.retain(|known| known.name != wrapper.name);
        self.out.wrappers.push(wrapper);
    }

    pub(super) fn class(&mut self, class: &Class<'a>) {
        class.decorators.iter().for_each(|decorator| self.expr(decorator, Using::Plain));
        settings::class(self, class);
        let outer = std::mem::replace(&mut self.class, class.name.map(|name| name.text));
        self.block(class.body);
        self.class = outer;
    }
}
