//! iPXE: no command, no option, no word more, and no setting read.

use proptest::prelude::*;
use pxe_init::domain::Kind;

use super::reader::{Command, Script, kernel_arguments};
use super::values::{Arrival, many, try_all};

/// Lines with a value at `@`; `@` between words is one, and so is one within a word.
const WORDS: [&str; 13] = [
    "kernel x @ last",
    "kernel x a=@ last",
    "kernel x a=@.z last || goto failed",
    "kernel x a=\"b @\" last",
    "imgargs x a='@' last",
    "chain http://h/@/x?a=1 || goto failed",
    "chain http://h/x?a=@&b=1#@ && boot",
    "set x @",
    "set x:string @ ; set y z",
    "echo cost $@ each",
    "echo ${net0/ip}@${x}",
    "imgfetch @@@ x",
    "imgfetch --name @ http://h/x ||",
];

/// `line` with `by` for each `@`, as a script.
fn script(line: &str, by: &str) -> String {
    format!("#!ipxe\n{}\nboot\n:failed\nexit\n", line.replace('@', by))
}

/// What the reader finds if the value is harmless, with the value put in after reading.
fn expected(line: &str, value: &str) -> Script {
    let mut read = Script::read(&script(line, "\u{1}"));
    for word in read.commands.iter_mut().flat_map(|command| &mut command.words) {
        *word = word.replace('\u{1}', value);
    }
    read
}

#[test]
fn a_value_is_one_word_wherever_it_stands() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for line in WORDS {
                let source = script(line, &format!("{{{{ {expression} }}}}"));
                let Some(text) = arrival.render(Kind::Ipxe, &source, expression) else { continue };
                prop_assert_eq!(&Script::read(&text), &expected(line, value), "{}", text);
                let options =
                    |script: &Script| script.commands.iter().map(Command::options).collect::<Vec<_>>();
                prop_assert_eq!(options(&Script::read(&text)), options(&expected(line, "v")), "{}", text);
                let (line, harmless) = (text.lines().nth(1).unwrap(), line.replace('@', "v"));
                prop_assert_eq!(kernel_arguments(line).len(), kernel_arguments(&harmless).len(), "{}", text);
            }
        }
        Ok(())
    });
}

#[test]
fn an_encoded_value_is_one_part_of_a_url() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            let source = script("chain http://h/@/x?a=@&b=1", &format!("{{{{ {expression}|uri }}}}"));
            let Some(text) = arrival.render(Kind::Ipxe, &source, expression) else {
                // Such a word could be an option elsewhere.
                prop_assert!(value.starts_with('-'));
                continue;
            };
            let read = Script::read(&text);
            let url = &read.commands[0].words[1];
            let url: http::Uri = url.parse().map_err(|e| TestCaseError::fail(format!("{url}: {e}")))?;
            let decode =
                |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            let segments: Vec<&str> = url.path().split('/').collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!(&decode(segments[1]), value);
            let query: Vec<&str> = url.query().unwrap().split('&').collect();
            prop_assert_eq!(query.len(), 2);
            prop_assert_eq!(&decode(query[0].strip_prefix("a=").unwrap()), value);
            prop_assert_eq!(read.settings, Vec::<String>::new());
        }
        Ok(())
    });
}

#[test]
fn free_text_is_nothing_but_words() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for line in [
                "echo @",
                "echo Name: @ of ${x}",
                "item --gap @",
                "menu @",
                "kernel x a=\"b @\" last",
                "echo $@",
                "echo @@",
            ] {
                let source = script(line, &format!("{{{{ {expression}|text }}}}"));
                let Some(text) = arrival.render(Kind::Ipxe, &source, expression) else { continue };
                let joined = |script: &Script| -> Vec<String> {
                    script.commands.iter().map(|c| c.words.join(" ")).collect()
                };
                let (read, meant) = (Script::read(&text), expected(line, value));
                prop_assert_eq!(joined(&read), joined(&meant), "{}", text);
                prop_assert_eq!(&read.settings, &meant.settings, "{}", text);
                prop_assert_eq!(read.commands[0].options(), meant.commands[0].options().min(1), "{}", text);
                if line.starts_with("kernel") {
                    prop_assert_eq!(kernel_arguments(text.lines().nth(1).unwrap()).len(), 4, "{}", text);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn whatever_is_displayed_is_nothing_but_words() {
    try_all(|arrival| {
        for (expression, _) in &arrival.ways {
            for line in
                ["echo @", "echo Name: @ of ${x}", "item --gap @", "kernel x a=\"b @\" last", "echo $@"]
            {
                let source = script(line, &format!("{{{{ {expression}|display }}}}"));
                let text = arrival.render(Kind::Ipxe, &source, expression).expect("|display refuses nothing");
                let (read, meant) = (Script::read(&text), expected(line, "v"));
                prop_assert_eq!(read.commands.len(), meant.commands.len(), "{}", text);
                prop_assert_eq!(&read.settings, &meant.settings, "{}", text);
                prop_assert_eq!(read.commands[0].options(), meant.commands[0].options(), "{}", text);
                prop_assert_eq!(&read.labels, &meant.labels, "{}", text);
                if line.starts_with("kernel") {
                    prop_assert_eq!(kernel_arguments(text.lines().nth(1).unwrap()).len(), 4, "{}", text);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_kernel_argument_is_one() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for source in [
                format!("#!ipxe\nkernel x {{{{ {expression}|cmdline }}}} last || goto failed\n"),
                format!("#!ipxe\nkernel x {{{{ [{expression}]|cmdline }}}} last || goto failed\n"),
            ] {
                let Some(text) = arrival.render(Kind::Ipxe, &source, expression) else { continue };
                let read = Script::read(&text);
                prop_assert_eq!(read.commands.len(), 2, "{}", text);
                prop_assert_eq!(&read.settings, &Vec::<String>::new(), "{}", text);
                let arguments = kernel_arguments(&read.commands[0].words.join(" "));
                prop_assert_eq!(arguments, ["kernel", "x", value, "last"], "{}", text);
            }
        }
        Ok(())
    });
}

/// Two values that are taken alone must be harmless side by side.
#[test]
fn neighbours_make_nothing_of_each_other() {
    let render = |one: &str, other: &str, line: &str| {
        let mut arrival = Arrival::of(one);
        let mut machine = (**arrival.context.machine.as_ref().unwrap()).clone();
        machine.params.insert("w".to_owned(), other.into());
        arrival.context.machine = Some(machine.into());
        arrival.render(Kind::Ipxe, &format!("#!ipxe\n{line}\n"), "params.v")
    };
    let taken: Vec<String> =
        many(60).into_iter().filter(|value| render(value, "", "echo {{ params.v }}").is_some()).collect();
    assert!(taken.len() > 20, "{taken:?}");
    for (one, other) in taken.iter().flat_map(|one| taken.iter().map(move |other| (one, other))) {
        let text = render(one, other, "imgfetch {{ params.v }}{{ params.w }} x").unwrap();
        let read = Script::read(&text);
        assert_eq!(read.commands.len(), 1, "{text}");
        assert_eq!(read.commands[0].words, ["imgfetch", &format!("{one}{other}"), "x"]);
        assert_eq!(read.commands[0].options(), 0, "{text}");
        assert_eq!(read.settings, Vec::<String>::new(), "{text}");
    }
}

/// What the guarantee leaves out, so that a change of it is noticed.
#[test]
fn an_empty_value_is_no_word() {
    let arrival = Arrival::of("");
    let text = arrival.render(Kind::Ipxe, "#!ipxe\nkernel x {{ params.v }} last\n", "params.v").unwrap();
    assert_eq!(Script::read(&text).commands[0].words, ["kernel", "x", "last"]);
}
