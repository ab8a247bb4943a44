//! The bombs; `benches/boot_path/bombs.rs` measures them as well.

/// Sources that would take gigabytes, or run for ever.
///
/// The first four took the whole process down in an earlier engine, without a panic that could be caught.
pub(crate) const BOMBS: [(&str, &str); 13] = [
    ("indent", "{{ 'x'|indent(3000000000, true) }}"),
    ("format", "{{ '%3000000000d'|format(1) }}"),
    (
        "doubling",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ),
    ("repeating", "{% for i in range(100000) %}{% set x = 'a' * 90000000 %}{% endfor %}"),
    ("repeating less", "{% for i in range(100000) %}{% set x = 'a' * 90000 %}{% endfor %}"),
    (
        "looping",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
    ),
    ("counting", "{% for i in range(99999999999) %}{% endfor %}"),
    ("recursing", "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}"),
    ("including itself", "{% include 'bomb' %}{% include 'bomb' %}"),
    ("replacing", "{{ ('a' * 1000000)|replace('a', 'b' * 1000000) }}"),
    ("joining", "{{ range(100000)|map('string')|join('b' * 100000) }}"),
    (
        "multiplying lists",
        "{% set ns = namespace(x=[0]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|json }}",
    ),
    (
        "writing",
        "{% for i in range(100000) %}a line of about sixty bytes, which is long for a script\n{% endfor %}",
    ),
];
