//! How iPXE reads a script (<https://ipxe.org/scripting>, <https://ipxe.org/cfg>), and Linux its command line; written from
//! the documents for these tests alone.

/// A script as iPXE understands it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    pub(super) labels: Vec<String>,
    /// The settings that are read, anywhere.
    pub(super) settings: Vec<String>,
}

/// A command, with the operator before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) after: String,
    pub(super) words: Vec<String>,
}

impl Script {
    pub(super) fn read(text: &str) -> Self {
        let mut script = Self::default();
        let text = text.split('\0').next().unwrap_or_default();
        for line in text.replace("\\\r\n", "").replace("\\\n", "").split(['\n', '\r']) {
            script.settings.extend(settings(line));
            match line.strip_prefix(':') {
                Some(label) => script.labels.push(label.trim().to_owned()),
                None => script.line(line),
            }
        }
        script
    }

    fn line(&mut self, line: &str) {
        let mut command = Command::default();
        for word in line.split([' ', '\t', '\x0b', '\x0c']).filter(|word| !word.is_empty()) {
            if word.starts_with('#') {
                break;
            }
            if matches!(word, "||" | "&&" | ";") {
                let next = Command { after: word.to_owned(), words: Vec::new() };
                self.commands.push(std::mem::replace(&mut command, next));
            } else {
                command.words.push(word.to_owned());
            }
        }
        if !command.words.is_empty() || !command.after.is_empty() {
            self.commands.push(command);
        }
    }
}

impl Command {
    /// The options: words with a dash from the second on, until one without. There are none with digits.
    pub(super) fn options(&self) -> usize {
        let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        let option = |word: &String| word.strip_prefix('-').is_some_and(|rest| !digit(rest));
        self.words.iter().skip(1).take_while(|word| option(word)).count()
    }
}

/// The innermost `${…}` of a line, which is what is expanded first.
fn settings(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(end) = rest.find('}') {
        if let Some(start) = rest[..end].rfind("${") {
            found.push(rest[start + 2..end].to_owned());
        }
        rest = &rest[end + 1..];
    }
    found
}

/// The arguments of a command line, as `next_arg` of Linux' `lib/cmdline.c` divides it.
pub(super) fn kernel_arguments(line: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        quoted ^= c == '"';
        match c.is_ascii_whitespace() && !quoted {
            true => arguments.push(String::new()),
            false => arguments.last_mut().unwrap().push(c),
        }
    }
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

#[test]
fn scripts_are_read() {
    let script = Script::read(
        "#!ipxe\n:a  \nset x ${net0/${y}} || goto a # b\necho a\\\nb && ; c\n# no\nimgargs -n --x k -z # y",
    );
    let words: Vec<_> =
        script.commands.iter().map(|c| format!("{}>{}", c.after, c.words.join(","))).collect();
    assert_eq!(words, [">set,x,${net0/${y}}", "||>goto,a", ">echo,ab", "&&>", ";>c", ">imgargs,-n,--x,k,-z"]);
    assert_eq!(script.labels, ["a"]);
    assert_eq!(script.settings, ["y"]);
    assert_eq!(script.commands[5].options(), 2);
    assert_eq!(kernel_arguments("a b=\"c d\"e  f"), ["a", "b=\"c d\"e", "f"]);
}
