//! What a template reads, found in its source: names of the context, and other templates.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::{Call, CallArg, Expr, Stmt};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;

use super::environment::FUNCTIONS;

/// What one source reads by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Each name, such as `params.timezone` or `machine.labels.rack`, and where it is read first.
    pub(super) names: BTreeMap<String, Read>,
    /// The templates that it includes, imports or extends, in their order, each once.
    pub(super) includes: Vec<String>,
    /// Whether it reads params of which the source does not tell the names.
    pub(super) any_param: bool,
    /// Whether it includes templates of which the source does not tell the names.
    pub(super) any_template: bool,
    /// The variables that it sets, which the templates that it includes see.
    pub(super) sets: BTreeSet<String>,
}

/// How a name is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The line of its first place, from 1.
    pub(super) line: usize,
    /// Whether some place asks first whether it is defined, or says what to take instead.
    pub(super) optional: bool,
}

impl Reads {
    /// What `source` reads; nothing where it is no Jinja. It must have passed [`Nesting`](super::nesting::Nesting), which
    /// bounds how deep this goes.
    pub(super) fn of(source: &str) -> Self {
        let Ok(root) = parse(source, "", SyntaxConfig::default()) else { return Self::default() };
        let mut walk = Walk { source, reads: Self::default(), scopes: vec![BTreeSet::new()] };
        walk.statement(&root);
        walk.reads.sets = walk.scopes.swap_remove(0);
        walk.reads.guard();
        walk.reads
    }
}

impl Reads {
    /// What is looked up in something that the source asks for first may be undefined too: `image.name` where it asks
    /// whether `image` is defined.
    fn guard(&mut self) {
        let asked: Vec<String> =
            self.names.iter().filter(|(_, read)| read.optional).map(|(name, _)| format!("{name}.")).collect();
        for (name, read) in &mut self.names {
            read.optional |= asked.iter().any(|asked| name.starts_with(asked));
        }
    }
}

struct Walk<'s> {
    source: &'s str,
    reads: Reads,
    /// The names that are set, in the template itself and in each macro and loop around the place.
    scopes: Vec<BTreeSet<String>>,
}

impl<'s> Walk<'s> {
    fn body(&mut self, body: &[Stmt<'s>]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn scope(&mut self, names: &[&str], within: impl FnOnce(&mut Self)) {
        self.scopes.push(names.iter().map(|name| (*name).to_owned()).collect());
        within(self);
        self.scopes.pop();
    }

    fn assign(&mut self, target: &Expr<'s>) {
        match target {
            Expr::Var(var) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(var.id.to_owned());
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.assign(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.assign(item)),
            // `{% set ns.x = … %}`
            other => self.expression(other, false),
        }
    }

    fn statement(&mut self, statement: &Stmt<'s>) {
        match statement {
            Stmt::Template(template) => self.body(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr, false),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(each) => {
                self.expression(&each.iter, false);
                self.scope(&["loop"], |walk| {
                    walk.assign(&each.target);
                    walk.maybe(each.filter_expr.as_ref());
                    walk.body(&each.body);
                });
                self.body(&each.else_body);
            }
            // What is set in a branch stays set after it.
            Stmt::IfCond(cond) => {
                self.expression(&cond.expr, false);
                self.body(&cond.true_body);
                self.body(&cond.false_body);
            }
            Stmt::WithBlock(with) => self.scope(&[], |walk| {
                for (target, value) in &with.assignments {
                    walk.expression(value, false);
                    walk.assign(target);
                }
                walk.body(&with.body);
            }),
            Stmt::Set(set) => {
                self.expression(&set.expr, false);
                self.assign(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.maybe(set.filter.as_ref());
                self.scope(&[], |walk| walk.body(&set.body));
                self.assign(&set.target);
            }
            Stmt::AutoEscape(escape) => self.scope(&[], |walk| walk.body(&escape.body)),
            Stmt::FilterBlock(filter) => {
                self.expression(&filter.filter, false);
                self.scope(&[], |walk| walk.body(&filter.body));
            }
            Stmt::Block(block) => self.scope(&["super"], |walk| walk.body(&block.body)),
            Stmt::Extends(extends) => self.template(&extends.name),
            Stmt::Include(include) => self.template(&include.name),
            Stmt::Import(import) => {
                self.template(&import.expr);
                self.assign(&import.name);
            }
            Stmt::FromImport(import) => {
                self.template(&import.expr);
                for (name, alias) in &import.names {
                    self.assign(alias.as_ref().unwrap_or(name));
                }
            }
            Stmt::Macro(of) => {
                self.assign_name(of.name);
                self.scope(&["caller"], |walk| walk.made(&of.args, &of.defaults, &of.body));
            }
            Stmt::CallBlock(block) => {
                self.call(&block.call);
                let of = &block.macro_decl;
                self.scope(&["caller"], |walk| walk.made(&of.args, &of.defaults, &of.body));
            }
            Stmt::Do(todo) => self.call(&todo.call),
        }
    }

    /// The inside of a macro.
    fn made(&mut self, args: &[Expr<'s>], defaults: &[Expr<'s>], body: &[Stmt<'s>]) {
        defaults.iter().for_each(|value| self.expression(value, false));
        args.iter().for_each(|arg| self.assign(arg));
        self.body(body);
    }

    fn assign_name(&mut self, name: &str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned());
        }
    }

    fn maybe(&mut self, expr: Option<&Expr<'s>>) {
        if let Some(expr) = expr {
            self.expression(expr, false);
        }
    }

    /// `optional`: what is undefined here does no harm.
    fn expression(&mut self, expr: &Expr<'s>, optional: bool) {
        match expr {
            Expr::Const(_) => {}
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expr, optional),
            Expr::Slice(slice) => {
                self.expression(&slice.expr, false);
                for part in [&slice.start, &slice.stop, &slice.step] {
                    self.maybe(part.as_ref());
                }
            }
            Expr::UnaryOp(op) => self.expression(&op.expr, false),
            Expr::BinOp(op) => {
                self.expression(&op.left, false);
                self.expression(&op.right, false);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr, false);
                compare.ops.iter().for_each(|op| self.expression(&op.expr, false));
            }
            Expr::IfExpr(cond) => {
                self.expression(&cond.test_expr, false);
                self.expression(&cond.true_expr, optional);
                self.maybe(cond.false_expr.as_ref());
            }
            Expr::Filter(filter) => {
                if let Some(inner) = &filter.expr {
                    self.expression(inner, filter.name == "default");
                }
                self.args(&filter.args);
            }
            Expr::Test(test) => {
                self.expression(&test.expr, matches!(test.name, "defined" | "undefined"));
                self.args(&test.args);
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item, false)),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|item| self.expression(item, false));
            }
        }
    }

    fn call(&mut self, call: &Call<'s>) {
        match &call.expr {
            Expr::Var(var)
                if FUNCTIONS.contains(&var.id) || matches!(var.id, "super" | "caller" | "loop") => {}
            callee => self.expression(callee, false),
        }
        self.args(&call.args);
    }

    fn args(&mut self, args: &[CallArg<'s>]) {
        for arg in args {
            match arg {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => self.expression(expr, false),
            }
        }
    }

    /// A variable with what is looked up in it, as far as the source tells the names.
    fn path(&mut self, expr: &Expr<'s>, optional: bool) {
        let mut names = Vec::new();
        let mut whole = true;
        let mut at = expr;
        let root = loop {
            match at {
                Expr::GetAttr(attr) => {
                    names.push(attr.name.to_owned());
                    at = &attr.expr;
                }
                Expr::GetItem(item) => {
                    match item.subscript_expr.as_const() {
                        Some(key) if key.as_str().is_some() => {
                            names.push(key.as_str().unwrap_or_default().to_owned());
                        }
                        _ => {
                            self.expression(&item.subscript_expr, false);
                            names.clear();
                            whole = false;
                        }
                    }
                    at = &item.expr;
                }
                Expr::Var(var) => break var,
                other => return self.expression(other, false),
            }
        };
        let is_set = self.scopes.iter().any(|scope| scope.contains(root.id));
        if is_set || matches!(root.id, "self" | "loop" | "super" | "caller") {
            return;
        }
        if root.id == "params" && names.is_empty() {
            self.reads.any_param = true;
            return;
        }
        names.push(root.id.to_owned());
        names.reverse();
        // To look into a param that is undefined is an error, whatever comes after.
        let whole = whole && (root.id != "params" || names.len() == 2);
        if root.id == "params" {
            names.truncate(2);
        }
        let offset = expr.span().start_offset as usize;
        let line = self.source.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        let read = self.reads.names.entry(names.join(".")).or_insert(Read { line, optional: false });
        read.line = read.line.min(line);
        read.optional |= optional && whole;
    }

    /// What includes, imports and the like name.
    fn template(&mut self, expr: &Expr<'s>) {
        match expr {
            Expr::Const(name) => {
                for name in name.value.as_str().map(str::to_owned).into_iter().chain(items(&name.value)) {
                    if !self.reads.includes.contains(&name) {
                        self.reads.includes.push(name);
                    }
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.template(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.template(item)),
            Expr::IfExpr(cond) => {
                self.expression(&cond.test_expr, false);
                self.template(&cond.true_expr);
                cond.false_expr.iter().for_each(|expr| self.template(expr));
            }
            other => {
                self.reads.any_template = true;
                self.expression(other, false);
            }
        }
    }
}

/// The texts of a list that the parser has folded into one constant.
fn items(value: &minijinja::Value) -> Vec<String> {
    match value.kind() {
        minijinja::value::ValueKind::Seq => {
            let items = value.try_iter().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, those with a `?` that may be undefined.
    fn names(source: &str) -> Vec<String> {
        let reads = Reads::of(source);
        let name = |(name, read): (&String, &Read)| format!("{name}{}", if read.optional { "?" } else { "" });
        reads.names.iter().map(name).collect()
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        for (source, expected) in [
            (
                "{{ params.a }}{{ params['b'] }}{{ params.c.d }}",
                &["params.a", "params.b", "params.c"] as &[_],
            ),
            ("{{ params.a|default(params.b) }}", &["params.a?", "params.b"]),
            ("{% if params.a is defined and params.a %}{% endif %}", &["params.a?"]),
            ("{% if x is not undefined %}{% endif %}", &["x?"]),
            (
                "{{ machine.labels['rack.row'] }}{{ machine.macs[0] }}",
                &["machine.labels.rack.row", "machine.macs"],
            ),
            ("{{ params.a[1:params.n] }}", &["params.a", "params.n"]),
            (
                "{% for x in params.list if x.ok %}{{ x.y }}{{ loop.index }}{% else %}{{ x }}{% endfor %}",
                &["params.list", "x"],
            ),
            (
                "{% set x = params.a %}{{ x }}{% set ns = namespace(b=params.b) %}{% set ns.c = 1 %}",
                &["params.a", "params.b"],
            ),
            (
                "{% macro m(a, b=params.b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(params.a) }}",
                &["c", "params.a", "params.b"],
            ),
            ("{% call(x) m(params.a) %}{{ x }}{{ params.b }}{% endcall %}", &["m", "params.a", "params.b"]),
            ("{% filter indent(params.a) %}{{ params.b }}{% endfilter %}", &["params.a", "params.b"]),
            ("{% with x = params.a %}{{ x }}{% endwith %}", &["params.a"]),
            ("{% block b %}{{ super() }}{{ params.a }}{% endblock %}", &["params.a"]),
            ("{{ server.url_for('ignition') }}{{ range(params.n) }}", &["params.n", "server.url_for"]),
            (
                "{{ {'a': params.a}['a'] }}{{ (params.b, 1) }}{{ -params.c }}",
                &["params.a", "params.b", "params.c"],
            ),
            (
                "{{ params.a if params.b else params.c }}{{ 1 < params.d }}",
                &["params.a", "params.b", "params.c", "params.d"],
            ),
            ("{% if a %}{% set b = 1 %}{% endif %}{{ b }}", &["a"]),
            ("{{ image.name if image is defined else '-' }}", &["image?", "image.name?"]),
            ("{% raw %}{{ params.a }}{% endraw %}{# {{ params.b }} #}", &[]),
            ("{% if %}", &[]),
        ] {
            assert_eq!(names(source), expected, "{source}");
        }
        let lines = Reads::of("\n{{ params.a }}\n{{ params.a }}");
        assert_eq!(lines.names["params.a"].line, 2);
    }

    #[test]
    fn params_without_a_name_are_told() {
        for source in [
            "{{ params|items }}",
            "{% set p = params %}{{ p.a }}",
            "{{ params[facts.mac] }}",
            "{{ m(params) }}",
            "{% for key in params %}{% endfor %}",
        ] {
            assert!(Reads::of(source).any_param, "{source}");
        }
        assert!(!Reads::of("{{ params.a[machine.name] }}").any_param);
    }

    #[test]
    fn templates_are_found_by_name() {
        let reads = Reads::of(
            "{% extends 'a' %}{% include 'b' %}{% include ['c', 'd'] %}{% import 'e' as e %}{% from 'f' import g as h %}\
             {% include 'i' if params.x else 'j' %}{% include 'b' %}{{ e.x }}{{ h }}",
        );
        assert_eq!(reads.includes, ["a", "b", "c", "d", "e", "f", "i", "j"]);
        assert!(!reads.any_template);
        assert!(reads.names.contains_key("params.x"));
        assert_eq!(reads.sets, BTreeSet::from(["e".to_owned(), "h".to_owned()]));
        let reads = Reads::of("{% include params.which %}");
        assert!(reads.any_template && reads.includes.is_empty() && reads.names.contains_key("params.which"));
    }
}
