//! No text makes the linter panic, and what it says is always in the text.

use proptest::prelude::*;

use pxe_init::domain::Kind;
use pxe_init::lint;

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "#!ipxe",
        "\n",
        " ",
        "\\\n",
        "\\",
        "||",
        "&&",
        ";",
        "#",
        ":a",
        "goto",
        "a",
        "kernel",
        "initrd",
        "boot",
        "chain",
        "--",
        "-",
        "--name",
        "--timeout=",
        "${",
        "}",
        "${x:y}",
        "http://",
        "é",
        "\r\n",
        "\0",
        "\u{feff}",
        "menu",
        "item",
        "choose",
        "exit",
        "iseq",
        "isset",
        "prompt",
        "\"",
        "'",
        "{",
        "[",
        "]",
        ",",
        "- ",
        "key: ",
        "&x",
        "*x",
        "%packages",
        "%end",
        "d-i",
        "string",
        "if",
        "fi",
        "# lint: allow IPX030 because x",
        "{{",
        "initrd=",
        "<<: ",
        "null",
        "1",
        "version: 1",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for kind in Kind::ALL {
        for finding in lint::lint(kind, text, None) {
            prop_assert!(finding.place.line >= 1 && finding.place.line <= text.split('\n').count());
            prop_assert!(finding.place.column >= 1 && finding.place.width >= 1);
            prop_assert!(!finding.message.is_empty() && !finding.advice().is_empty());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_words(text in words()) {
        check(&text)?;
        check(&text.replace(' ', ""))?;
    }
}

#[test]
fn long_documents_take_no_long_time() {
    let started = std::time::Instant::now();
    for text in [
        "kernel a || goto b\n".repeat(20_000),
        ":a\ngoto a\n".repeat(20_000),
        "\\\n".repeat(100_000),
        "# lint: allow IPX030 because x\n".repeat(5_000),
        "${".repeat(100_000),
        "item a b\n".repeat(20_000),
        "{".repeat(100_000),
        "x".repeat(1_000_000),
        format!(":{0}\ngoto {0}x\n{0}\n{0}: 1\n", "x".repeat(200_000)),
    ] {
        for kind in Kind::ALL {
            lint::lint(kind, &text, None);
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
