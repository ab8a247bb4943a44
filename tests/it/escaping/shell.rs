//! Shell-like documents, read by a lexer, by a real shell and by what Anaconda reads its answers with.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use pxe_init::domain::Kind;
use serde_json::{Value, json};

use super::values::{Arrival, many, try_all};

/// Kinds that shells, GRUB and Anaconda read.
const KINDS: [Kind; 2] = [Kind::Kickstart, Kind::Grub];

/// Lines with a value at `@`, which is a plain word there or quoted by `|sh`.
const WORDS: [&str; 5] =
    ["echo @ end", "echo a=@ end", "echo a=@.z end", "echo b @ @", "echo \"$(true)\" @ # it's @"];

/// The same between quotes, where only a plain word can stand.
const QUOTED: [&str; 4] =
    ["echo 'a @' end", "echo \"a @\" end", "echo a='@'\"@\" end", "echo 'it'\"'\"'s @'"];

/// What `line` means, with `value` for each `@`.
fn meant(line: &str, value: &str) -> Vec<String> {
    let line = line.split(" # ").next().unwrap().replace("$(true)", "");
    let words = shell_words::split(&line.replace('@', "\u{1}")).unwrap();
    words.iter().map(|word| word.replace('\u{1}', value)).collect()
}

/// The words of a line without its comment.
pub(super) fn arguments(line: &str) -> Vec<String> {
    shell_words::split(&line.replace("$(true)", "")).unwrap_or_else(|e| panic!("{line:?}: {e}"))
}

fn put(line: &str, expression: &str) -> String {
    line.replace('@', &format!("{{{{ {expression} }}}}"))
}

/// What a real shell makes of scripts: the arguments that each gives to `echo`. It finds no program to run, and no value
/// may make it write a file.
fn shell(scripts: &[String]) -> Option<Vec<Vec<String>>> {
    let dir = tempfile::tempdir().unwrap();
    let mut all = "echo() { for word; do printf '%s\\0' \"$word\"; done; }\n".to_owned();
    for script in scripts {
        all += script;
        all += "\nprintf '\\1\\0'\n";
    }
    let mut child = Command::new("/bin/sh")
        .env_clear()
        .env("PATH", "/nowhere")
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(all.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the shell complains");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the shell wrote a file");
    let text = String::from_utf8(output.stdout).unwrap();
    let words = |part: &str| part.split_terminator('\0').map(str::to_owned).collect();
    Some(text.split_terminator("\u{1}\0").map(words).collect())
}

/// What a Python program makes of `input`, if there is a Python with this module.
#[allow(clippy::print_stderr, reason = "a test says what it could not do")]
pub(super) fn python(test: &str, module: &str, program: &str, input: &Value) -> Option<Value> {
    let has =
        Command::new("python3").args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED escaping::{test}: no python3 with the module {module}");
        return None;
    }
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{module}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_value_is_one_word() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for (kind, line) in
                KINDS.iter().flat_map(|kind| WORDS.iter().chain(&QUOTED).map(move |line| (*kind, *line)))
            {
                for printed in [(*expression).to_owned(), format!("{expression}|sh")] {
                    let Some(text) = arrival.render(kind, &put(line, &printed), expression) else { continue };
                    let text = text.split(" # it's").next().unwrap();
                    prop_assert_eq!(arguments(text), meant(line, value), "{} {}", kind, text);
                }
            }
        }
        Ok(())
    });
}

/// What |sh quotes can not stand between quotes or in a here-document, and so is refused there.
#[test]
fn a_quoted_word_between_quotes_is_refused() {
    try_all(|arrival| {
        let value = &arrival.value;
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c));
        if plain && !value.starts_with('%') {
            return Ok(());
        }
        for kind in [Kind::Kickstart, Kind::Grub, Kind::Preseed] {
            for line in QUOTED.iter().chain(&["d-i a string sh -c 'echo @'", "echo \"$(echo '@')\""]) {
                prop_assert_eq!(
                    arrival.render(kind, &put(line, "params.v|sh"), "params.v"),
                    None,
                    "{}",
                    line
                );
            }
        }
        let here = "cat <<EOF\n@\nEOF\n";
        prop_assert_eq!(arrival.render(Kind::Kickstart, &put(here, "params.v|sh"), "params.v"), None);
        Ok(())
    });
}

/// No option that the template does not have, and no section.
#[test]
fn a_plain_word_begins_no_option_and_no_section() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for kind in KINDS {
                if arrival.render(kind, &put("@\n", expression), expression).is_some() {
                    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
                    let option = value.strip_prefix('-').is_some_and(|rest| !digit(rest));
                    prop_assert!(!option && !value.starts_with('%'), "{}", value);
                }
            }
        }
        Ok(())
    });
}

/// debconf reads the owner, the question and the type, and takes the rest of the line for the answer.
#[test]
fn a_preseed_answer_is_one() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for printed in [(*expression).to_owned(), format!("{expression}|text")] {
                let source = put("d-i a/b string @\nd-i c/d string end\n", &printed);
                let Some(text) = arrival.render(Kind::Preseed, &source, expression) else { continue };
                let lines: Vec<&str> = text.split('\n').collect();
                prop_assert_eq!(lines.len(), 3, "{}", text);
                prop_assert_eq!(lines[0].strip_prefix("d-i a/b string ").unwrap(), value);
                prop_assert!(!lines[0].ends_with('\\'), "{}", text);
            }
            let source =
                put("d-i a/b string sh -c x @ end\nd-i c/d string end\n", &format!("{expression}|sh"));
            if let Some(text) = arrival.render(Kind::Preseed, &source, expression) {
                let line = text.lines().next().unwrap().strip_prefix("d-i a/b string ").unwrap();
                prop_assert_eq!(arguments(line), ["sh", "-c", "x", value, "end"]);
            }
        }
        Ok(())
    });
}

#[test]
fn kernel_arguments_are_plain_words() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for kind in KINDS {
                for line in ["linux /vmlinuz @ quiet", "bootloader --append=\"@ quiet\""] {
                    let source = put(line, &format!("[{expression}]|cmdline"));
                    let Some(text) = arrival.render(kind, &source, expression) else { continue };
                    prop_assert_eq!(arguments(&text), meant(line, value), "{}", text);
                    prop_assert!(!text.contains([';', '&', '|', '$', '`', '\n', '{', '#']), "{}", text);
                }
            }
        }
        Ok(())
    });
}
/// The words that a real shell hands to a command, from a `%post` section and from user-data.
#[test]
fn a_real_shell_sees_one_word() {
    let mut scripts = Vec::new();
    let mut expected = Vec::new();
    for value in many(200) {
        let arrival = Arrival::of(&value);
        for (expression, value) in arrival.ways.iter().filter(|(expression, _)| expression.contains(".v")) {
            for line in WORDS.iter().chain(&QUOTED) {
                for (kind, head, printed) in [
                    (Kind::Kickstart, "", (*expression).to_owned()),
                    (Kind::Kickstart, "", format!("{expression}|sh")),
                    (Kind::UserData, "#!/bin/sh\n", (*expression).to_owned()),
                ] {
                    let source = format!("{head}{}", put(line, &printed));
                    let Some(text) = arrival.render(kind, &source, expression) else { continue };
                    scripts.push(text);
                    expected.push(meant(line, value)[1..].to_vec());
                }
            }
            for here in ["<<EOF", "<<'EOF'", "<<-EOF"] {
                let source = put(
                    &format!("while read -r line; do echo \"$line\"; done {here}\n@\na @\nEOF"),
                    expression,
                );
                for (kind, head) in [(Kind::Kickstart, ""), (Kind::UserData, "#!/bin/sh\n")] {
                    let text = arrival.render(kind, &format!("{head}{source}"), expression);
                    let Some(text) = text else { continue };
                    scripts.push(text);
                    expected.push(vec![value.clone(), format!("a {value}")]);
                }
            }
        }
    }
    assert!(scripts.len() > 1000, "{}", scripts.len());
    let Some(read) = shell(&scripts) else { return };
    assert_eq!(read.len(), scripts.len());
    for ((script, read), expected) in scripts.iter().zip(read).zip(expected) {
        assert_eq!(read, expected, "{script}");
    }
}

/// A value that is the end of a here-document would make commands of the rest of it.
#[test]
fn a_value_ends_no_here_document() {
    let arrival = Arrival::of("EOF");
    for (expression, _) in &arrival.ways {
        let source = put("%post\ncat >/etc/x <<EOF\n@\nreboot\nEOF\n%end\n", expression);
        assert_eq!(arrival.render(Kind::Kickstart, &source, expression), None);
        let source = put("#!/bin/sh\ncat <<-'EOF'\n\t@\n\tEOF\n", expression);
        assert_eq!(arrival.render(Kind::UserData, &source, expression), None);
        let source = put("%post\ncat >/etc/x <<END\n@\nreboot\nEND\n%end\n", expression);
        assert!(arrival.render(Kind::Kickstart, &source, expression).is_some());
    }
}

/// Anaconda reads its answers with Python's `shlex`.
#[test]
fn python_reads_the_same_words() {
    let lines = ["timezone @", "rootpw --iscrypted @", "network --hostname=@ # @", "url --url=\"@\""];
    let mut documents = Vec::new();
    let mut expected = Vec::new();
    for value in many(300) {
        let arrival = Arrival::of(&value);
        for line in lines {
            for printed in ["params.v", "params.v|sh"] {
                let Some(text) = arrival.render(Kind::Kickstart, &put(line, printed), "params.v") else {
                    continue;
                };
                documents.push(text);
                expected.push(meant(line, &value));
            }
        }
    }
    let program = "import json, sys, shlex\njson.dump([shlex.split(d, comments=True) for d in json.load(sys.stdin)], sys.stdout)";
    let Some(read) = python("shell::python_reads_the_same_words", "shlex", program, &json!(documents)) else {
        return;
    };
    for ((document, read), expected) in documents.iter().zip(read.as_array().unwrap()).zip(expected) {
        assert_eq!(*read, json!(expected), "{document}");
    }
}

/// debconf itself, with a database of its own.
#[test]
#[allow(clippy::print_stderr, reason = "a test says what it could not do")]
fn debconf_reads_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (answers, database) = (dir.path().join("answers"), dir.path().join("database"));
    let mut document = String::new();
    let mut expected = Vec::new();
    for value in many(300) {
        for printed in ["params.v", "params.v|text"] {
            let line = put(&format!("d-i t/{} string @\n", expected.len()), printed);
            let Some(text) = Arrival::of(&value).render(Kind::Preseed, &line, "params.v") else { continue };
            document += &text;
            expected.push(value.clone());
        }
    }
    std::fs::write(&answers, document).unwrap();
    let replace = format!("File{{filename:{}}}", database.display());
    let mut command = Command::new("debconf-set-selections");
    let status = command.arg(&answers).env("DEBCONF_DB_REPLACE", replace).stderr(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!(
            "SKIPPED escaping::shell::debconf_reads_the_same_answers: no debconf-set-selections that we may use"
        );
        return;
    }
    let written = std::fs::read_to_string(database).unwrap();
    let mut read = std::collections::BTreeMap::new();
    for answer in written.split("\n\n") {
        let field = |key: &str| {
            answer.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap_or_default()
        };
        read.insert(field("Name").to_owned(), field("Value").to_owned());
    }
    for (nth, value) in expected.iter().enumerate() {
        assert_eq!(&read[&format!("t/{nth}")], value);
    }
}

/// The list of packages that the built-in answers take is a list of packages.
#[test]
fn a_package_is_no_section() {
    for package in ["%end", "%post", "%include http://h/x", " %end", "a\n%end"] {
        let mut arrival = Arrival::of("x");
        let mut machine = (**arrival.context.machine.as_ref().unwrap()).clone();
        machine.hostname = None;
        machine.params.insert("packages".to_owned(), json!([package]));
        machine.params.insert("root_password_hash".to_owned(), json!("$6$x"));
        arrival.context.machine = Some(machine.into());
        let set = pxe_init::render::TemplateSet::compile([], pxe_init::render::Limits::default());
        let error = set.render("kickstart.ks", &arrival.context).expect_err(package);
        assert!(error.to_string().contains("package"), "{error}");
    }
}
