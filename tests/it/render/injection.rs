//! Whatever a value is, it stays a value: no line, no word, no key more than the template has.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use pxe_init::domain::Kind;
use pxe_init::render::{Limits, Reason, RenderError, TemplateSet, sample};

static SET: LazyLock<TemplateSet> = LazyLock::new(|| TemplateSet::compile([], Limits::default()));

/// Text made of what means something somewhere.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\n", "\r", "\t", "\0", "\u{1b}", "\u{85}", "\u{2028}", "\u{feff}", " ", "  ", "${x}", "$", "{", "}",
        "|", "||", " || ", "&&", " && ", ";", " ; ", "#", " #", "'", "\"", "\\", "`", "$(id)", "-", "--",
        " --x", "{{ 7 }}", "{%", ":", ": ", "- ", "]", ",", "%", "!", "&a", "*a", "ü", "日本", "a", "b", "1",
        "true", "null", "~", "reboot",
    ]);
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

/// `source` rendered with `value` as `params.v`, as the label v, as the serial and as the host name; what could not be
/// refused for the value must not fail at all.
fn render(kind: Kind, source: &str, value: &str) -> Option<String> {
    let mut context = sample::with_param(&sample::all()[5].context, "v", value);
    let mut machine = (**context.machine.as_ref().unwrap()).clone();
    machine.labels.insert("v".to_owned(), value.to_owned());
    machine.serial = Some(value.to_owned());
    machine.hostname = Some(value.to_owned());
    context.machine = Some(machine.into());
    match SET.render_source(kind, "t", source, &context) {
        Ok(text) => Some(text),
        Err(RenderError { reason: Reason::RefusedValue { .. } | Reason::Malformed(_), .. }) => None,
        Err(e) => panic!("{source} with {value:?}: {e}"),
    }
}

/// What iPXE makes of a script: the words of each line, up to a comment (`core/exec.c`).
fn words(script: &str) -> Vec<Vec<&str>> {
    let script = script.split('\0').next().unwrap();
    let lines = script.split(['\n', '\r']).filter(|line| !line.is_empty());
    lines
        .map(|line| line.split(|c: char| c.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect())
        .collect()
}

fn is_operator(word: &str) -> bool {
    matches!(word, "||" | "&&" | ";") || word.starts_with('#')
}

/// The kernel's view of its command line: spaces between double quotes do not separate (`lib/cmdline.c`).
fn kernel_arguments(line: &str) -> usize {
    let mut quoted = false;
    let mut count = 0;
    let mut inside = false;
    for c in line.chars() {
        quoted ^= c == '"';
        let separates = c.is_ascii_whitespace() && !quoted;
        count += usize::from(!separates && !inside);
        inside = !separates;
    }
    count
}

/// Expressions that may print one word.
const WORDS: [&str; 17] = [
    "params.v",
    "machine.hostname",
    "machine.serial",
    "machine.labels.v",
    "params.v ~ 'x'",
    "'x' ~ params.v",
    "[params.v, params.v]|join(',')",
    "params.v|upper",
    "params.v|trim",
    "params.v|uri",
    "params.v|b64",
    "params.v|json",
    "(params.v|display)[1:]",
    "(params.v|display)|first|default('')",
    "(params.v|display)|replace('a', params.v)",
    "(params.v|display)|split|last|default('')",
    "params.v|display|list|join('')",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_value_is_one_word_of_a_script(value in hostile()) {
        for expression in WORDS {
            let source = format!("#!ipxe\nkernel x a={{{{ {expression} }}}} last\nboot\n");
            let Some(script) = render(Kind::Ipxe, &source, &value) else { continue };
            let words = words(&script);
            prop_assert_eq!(words.len(), 3, "{}: {:?}", expression, script);
            prop_assert_eq!(words[1].len(), 4, "{}: {:?}", expression, script);
            prop_assert_eq!(words[1][3], "last");
            prop_assert_eq!(kernel_arguments(script.lines().nth(1).unwrap()), 4, "{}: {:?}", expression, script);
            prop_assert!(!words[1].iter().any(|word| is_operator(word)), "{}: {:?}", expression, script);
            prop_assert!(!script.contains("${"), "{}: {:?}", expression, script);
        }
    }

    #[test]
    fn a_value_alone_is_no_operator_option_or_continuation(value in hostile()) {
        for expression in WORDS {
            for line in [format!("echo {{{{ {expression} }}}}\nboot\n"), format!("echo x{{{{ {expression} }}}}{{{{ {expression} }}}}\nboot\n")] {
                let Some(script) = render(Kind::Ipxe, &format!("#!ipxe\n{line}"), &value) else { continue };
                let words = words(&script);
                prop_assert_eq!(words.len(), 3, "{}: {:?}", expression, script);
                prop_assert!(words[1].len() <= 2, "{}: {:?}", expression, script);
                let word = words[1].last().copied().unwrap();
                prop_assert!(!is_operator(word) && !word.starts_with("--") && !word.ends_with('\\'), "{}: {:?}", expression, script);
                prop_assert!(!script.contains("${"), "{}: {:?}", expression, script);
            }
        }
    }

    #[test]
    fn free_text_is_free_of_operators(value in hostile()) {
        for filter in ["text", "display", "display(7)"] {
            let source = format!("#!ipxe\necho {{{{ params.v|{filter} }}}}\nboot\n");
            let rendered = render(Kind::Ipxe, &source, &value);
            prop_assert!(rendered.is_some() || filter == "text", "display refuses nothing");
            let Some(script) = rendered else { continue };
            let words = words(&script);
            prop_assert_eq!(words.len(), 3, "{:?}", script);
            for word in &words[1][1..] {
                prop_assert!(!is_operator(word) && !word.starts_with("--") && !word.ends_with('\\'), "{:?}", script);
            }
            prop_assert!(!script.contains("${"), "{:?}", script);
        }
    }

    #[test]
    fn a_kernel_argument_stays_one(value in hostile()) {
        let source = "#!ipxe\nimgargs x {{ [params.v, 'b', machine.labels.v]|cmdline }}\nboot\n";
        if let Some(script) = render(Kind::Ipxe, source, &value) {
            let lines: Vec<&str> = script.split('\n').collect();
            prop_assert_eq!(lines.len(), 4, "{:?}", script);
            prop_assert_eq!(kernel_arguments(lines[1]), 5, "{:?}", script);
            prop_assert!(!words(&script)[1].iter().any(|word| is_operator(word)), "{:?}", script);
            prop_assert!(!script.contains("${"), "{:?}", script);
        }
    }

    #[test]
    fn json_and_yaml_give_the_value_back(value in hostile()) {
        let ignition = render(Kind::Ignition, r#"{ "v": {{ params.v }}, "w": [{{ machine.labels }}], "z": 1 }"#, &value).unwrap();
        let json: serde_json::Value = serde_json::from_str(&ignition).unwrap();
        prop_assert_eq!(&json["v"], &value);
        prop_assert_eq!(&json["w"][0]["v"], &value);
        prop_assert_eq!(json.as_object().unwrap().len(), 3);
        for kind in [Kind::UserData, Kind::MetaData, Kind::VendorData, Kind::NetworkConfig, Kind::Autoinstall] {
            let text = render(kind, "v: {{ params.v }}\nw: {{ 'x' ~ machine.hostname }}\nz: {{ params.v|yaml }}\n", &value).unwrap();
            let yaml: BTreeMap<String, String> = serde_saphyr::from_str(&text).map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
            prop_assert_eq!(yaml.len(), 3);
            prop_assert_eq!(&yaml["v"], &value, "{:?}", text);
            prop_assert_eq!(yaml["w"].strip_prefix('x'), Some(value.as_str()), "{:?}", text);
            prop_assert_eq!(&yaml["z"], &value, "{:?}", text);
        }
    }

    /// What was escaped once can be changed, and must then be escaped again.
    #[test]
    fn a_change_undoes_no_escape(value in hostile()) {
        for expression in [
            "params.v|json",
            "(params.v|json)|upper",
            "(params.v|json)|trim",
            "(params.v|json)[1:]",
            "(params.v|json)|first",
            "(params.v|json)|last",
            "(params.v|json)|reverse",
            "(params.v|json)|list|join('')",
            "(params.v|json)|replace('a', params.v)",
            "(params.v|json)|split('\\\\')|first",
            "(params.v|json)|lines|first",
            "(params.v|json)|indent(2)",
            "(params.v|json)|string",
            "[params.v]|map('json')|first",
            "[params.v]|map('upper')|list",
            "{ 'k': params.v }|dictsort",
            "params.v|sh",
            "params.v|uri",
        ] {
            let source = format!("{{% set v %}}{{{{ {expression} }}}}{{% endset %}}{{% macro m() %}}{{{{ v }}}}{{% endmacro %}}\n{{ \"v\": {{{{ m() }}}}, \"z\": 1 }}");
            let Some(text) = render(Kind::Ignition, &source, &value) else {
                prop_assert!(expression == "params.v|sh", "{} made no JSON of {:?}", expression, value);
                continue;
            };
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(json.as_object().unwrap().len(), 2, "{}: {:?}", expression, text);
        }
    }

    #[test]
    fn a_quoted_value_is_one_word_for_a_shell(value in hostile()) {
        for kind in [Kind::Kickstart, Kind::Grub, Kind::Preseed, Kind::Text] {
            let Some(text) = render(kind, "x={{ params.v|sh }} end", &value) else { continue };
            let words = shell_words::split(&text).unwrap();
            prop_assert_eq!(words, [format!("x={value}"), "end".to_owned()]);
        }
        for kind in [Kind::Kickstart, Kind::Grub, Kind::Preseed] {
            let Some(text) = render(kind, "x={{ params.v }} end", &value) else { continue };
            prop_assert_eq!(shell_words::split(&text).unwrap(), [format!("x={value}"), "end".to_owned()]);
            prop_assert!(!text.contains(['$', '`', ';', '&', '|', '\n', '#']), "{:?}", text);
        }
    }

    #[test]
    fn a_line_stays_a_line(value in hostile()) {
        for (kind, source) in [
            (Kind::Preseed, "d-i a string {{ params.v|text }}\nd-i b string x\n"),
            (Kind::Preseed, "d-i a string {{ params.v }}\nd-i b string x\n"),
            (Kind::Kickstart, "lang {{ params.v|text }}\nend\n"),
        ] {
            let Some(text) = render(kind, source, &value) else { continue };
            prop_assert_eq!(text.lines().count(), 2, "{:?}", text);
            prop_assert!(!text.contains("\\\n"), "{:?}", text);
        }
    }

    /// The URLs of other documents carry every fact, and survive iPXE, the kernel, a shell and cloud-init's `ds=`.
    #[test]
    fn urls_are_one_plain_word(value in hostile()) {
        let mut context = sample::all()[0].context.clone();
        let mut facts = (*context.facts).clone();
        facts.serial = Some(value.clone());
        facts.product = Some(value);
        context.facts = facts.into();
        let source = "#!ipxe\nchain {{ server.url_for('ignition') }}\nchain {{ server.seed_url }}\n";
        let script = SET.render_source(Kind::Ipxe, "t", source, &context).unwrap();
        for line in script.lines().skip(1) {
            let url = line.strip_prefix("chain http://boot.example.org:8080/").unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "/?&=%-._".contains(c);
            prop_assert!(url.chars().all(plain), "{}", url);
            prop_assert_eq!(url.matches("product=").count(), 1);
        }
    }

    /// Built-in scripts refuse a hostile fact, or take it without harm; they never fail otherwise.
    #[test]
    fn built_in_scripts_hold_against_hostile_facts(value in hostile()) {
        let mut context = sample::all()[0].context.clone();
        let mut facts = (*context.facts).clone();
        (facts.serial, facts.hostname, facts.product) = (Some(value.clone()), Some(value.clone()), Some(value));
        context.facts = facts.into();
        context.machine = None;
        for name in ["boot.ipxe", "unknown", "linux", "coreos", "ubuntu-autoinstall", "local", "menu"] {
            let plain = SET.render(name, &sample::all()[0].context).unwrap();
            let script = SET.render(name, &context).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(words(&script).len(), words(&plain).len(), "{}", script);
        }
    }
}
