//! One engine for each kind: what a template can name, and how its values print.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, State, UndefinedBehavior, filters, functions, tests};

use super::escape::{Style, auto_escape, mark, print};
use super::functions::{fail, not_found};
use super::limits::Limits;
use crate::domain::Kind;

/// Every filter that a template can use. `docs/templates.md` explains each.
pub const FILTERS: [&str; 38] = [
    "abs",
    "b64",
    "cmdline",
    "default",
    "dictsort",
    "display",
    "first",
    "indent",
    "int",
    "items",
    "join",
    "json",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "raw",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sh",
    "sort",
    "split",
    "string",
    "text",
    "trim",
    "unique",
    "upper",
    "uri",
    "yaml",
];

/// Every test that a template can use after `is`.
pub const TESTS: [&str; 24] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
];

/// Every function that a template can call.
pub const FUNCTIONS: [&str; 5] = ["dict", "fail", "namespace", "not_found", "range"];

/// An engine for templates of `kind` that holds none yet.
pub(super) fn environment(kind: Kind, limits: &Limits) -> Environment<'static> {
    let mut environment = Environment::empty();
    let style = Style::of(kind);
    let max = limits.output;
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(limits.fuel));
    environment.set_recursion_limit(limits.recursion);
    // Without it an error can not name the variable that is undefined.
    environment.set_debug(true);
    // Without the last newline an include would join two lines. The newline after a block tag stays as well: cutting it
    // (`trim_blocks`) would join the lines around `kernel …{% endif %}`.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(auto_escape);
    environment.set_formatter(move |out, state, value| print(style, max, out, state, value));
    add_filters(&mut environment, style, max);
    add_tests(&mut environment);
    environment.add_function("dict", functions::dict);
    environment.add_function("fail", fail);
    environment.add_function("namespace", functions::namespace);
    environment.add_function("not_found", not_found);
    environment.add_function("range", functions::range);
    environment
}

fn add_filters(environment: &mut Environment<'static>, style: Style, max: usize) {
    environment.add_filter("abs", filters::abs);
    environment.add_filter("default", filters::default);
    environment.add_filter("dictsort", filters::dictsort);
    environment.add_filter("first", |value: Value| filters::first(&forget_safe(value)));
    environment.add_filter("int", filters::int);
    environment.add_filter("items", filters::items);
    environment.add_filter("last", |value: Value| filters::last(forget_safe(value)));
    environment.add_filter("length", filters::length);
    environment.add_filter("list", |state: &State, value: Value| filters::list(state, forget_safe(value)));
    environment.add_filter("map", filters::map);
    environment.add_filter("max", filters::max);
    environment.add_filter("min", filters::min);
    environment.add_filter("reject", filters::reject);
    environment.add_filter("rejectattr", filters::rejectattr);
    environment.add_filter("reverse", |value: Value| filters::reverse(&forget_safe(value)));
    environment.add_filter("round", filters::round);
    environment.add_filter("select", filters::select);
    environment.add_filter("selectattr", filters::selectattr);
    environment.add_filter("sort", filters::sort);
    environment.add_filter("unique", filters::unique);
    super::filters::add(environment, style, max);
}

/// A part of an escaped text is not escaped itself: `"` is one of the characters of `"\""`.
fn forget_safe(value: Value) -> Value {
    match value.as_str() {
        Some(text) if value.is_safe() => (*mark::unmarked(text)).into(),
        _ => value,
    }
}

fn add_tests(environment: &mut Environment<'static>) {
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("divisibleby", tests::is_divisibleby);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("eq", tests::is_eq);
    environment.add_test("even", tests::is_even);
    environment.add_test("false", tests::is_false);
    environment.add_test("ge", tests::is_ge);
    environment.add_test("gt", tests::is_gt);
    environment.add_test("in", |state: &State, value: &Value, other: &Value| -> Result<bool, Error> {
        tests::is_in(state, value, other)
    });
    environment.add_test("integer", tests::is_integer);
    environment.add_test("iterable", tests::is_iterable);
    environment.add_test("le", tests::is_le);
    environment.add_test("lt", tests::is_lt);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("ne", tests::is_ne);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", tests::is_number);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("string", tests::is_string);
    environment.add_test("true", tests::is_true);
    environment.add_test("undefined", tests::is_undefined);
}
