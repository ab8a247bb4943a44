//! Plain text, and what holds for every kind.

use proptest::prelude::*;
use pxe_init::domain::Kind;

use super::values::try_all;

fn is_mark(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdd3}')
}

fn has_no_glyph(c: char) -> bool {
    c.is_control() || is_mark(c)
}

#[test]
fn text_is_what_it_was() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            let source = format!("a {{{{ {expression} }}}} z\n");
            match arrival.render(Kind::Text, &source, expression) {
                Some(text) => prop_assert_eq!(text, format!("a {value} z\n")),
                None => prop_assert!(value.contains(has_no_glyph)),
            }
        }
        Ok(())
    });
}

/// Every kind takes every value or refuses it by its name, through every filter that makes one text of one.
#[test]
fn nothing_but_a_refusal_by_name() {
    try_all(|arrival| {
        for (kind, (expression, _)) in
            Kind::ALL.into_iter().flat_map(|kind| arrival.ways.iter().map(move |way| (kind, way)))
        {
            let head = if kind == Kind::Ipxe { "#!ipxe\necho " } else { "" };
            for filter in [
                "", "|text", "|display", "|cmdline", "|sh", "|uri", "|b64", "|json", "|yaml", "|string",
                "|trim", "|upper", "|indent",
            ] {
                let source = format!("{head}{{{{ {expression}{filter} }}}}\n");
                if let Some(text) = arrival.render(kind, &source, expression) {
                    prop_assert!(!text.contains(is_mark) || kind == Kind::Ipxe, "{} {}", kind, text);
                }
            }
        }
        Ok(())
    });
}
