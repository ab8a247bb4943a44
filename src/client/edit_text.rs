//! A text in the editor of the person at the terminal.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::environment;
use super::failure::{Exit, Failure};

/// What the lines above the text begin with. No document and no template begins so.
const MARK: &str = "#~";

/// A text in a file that an editor works on.
pub(super) struct Draft {
    file: tempfile::NamedTempFile,
}

impl Draft {
    /// A new file whose name ends in `suffix`.
    pub(super) fn new(suffix: &str) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("pxe-init-").suffix(suffix).tempfile()?;
        Ok(Self { file })
    }

    /// Shows `text` with `advice` above it, and gives back what the editor leaves, without the advice.
    pub(super) async fn edit(&self, advice: &str, text: &str) -> Result<String, Failure> {
        fs::write(self.file.path(), with_advice(advice, text))?;
        let path = self.file.path().to_owned();
        // People take their time; the connection to the server has to be kept alive beside them.
        let edited = tokio::task::spawn_blocking(move || run_editor(&path)).await;
        edited.map_err(|e| Failure::new(Exit::Other, e.to_string()))??;
        let edited = fs::read_to_string(self.file.path())?;
        Ok(without_advice(&edited).to_owned())
    }

    /// Leaves `text` in the file for good.
    pub(super) fn keep(self, text: &str) -> Result<PathBuf, Failure> {
        // Some editors replace the file; writing by path reaches the one that will be found there.
        fs::write(self.file.path(), text)?;
        let (_, path) = self.file.keep().map_err(|e| e.error)?;
        Ok(path)
    }
}

fn run_editor(path: &Path) -> Result<(), Failure> {
    let editor = environment::editor();
    let failure = |why: String| {
        Failure::new(Exit::Other, format!("the editor {editor:?} {why}; nothing was changed"))
            .hint("VISUAL or EDITOR names the editor")
    };
    let words = shell_words::split(&editor).map_err(|e| failure(format!("is no command: {e}")))?;
    let (program, args) = words.split_first().ok_or_else(|| failure("is no command".to_owned()))?;
    let status = Command::new(program).args(args).arg(path).status();
    let status = status.map_err(|e| failure(format!("could not be started: {e}")))?;
    if status.success() { Ok(()) } else { Err(failure(format!("failed ({status})"))) }
}

fn with_advice(advice: &str, text: &str) -> String {
    let lines = advice.lines().map(|line| format!("{MARK} {line}").trim_end().to_owned() + "\n");
    lines.collect::<String>() + text
}

fn without_advice(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with(MARK) {
        rest = rest.find('\n').map_or("", |end| &rest[end + 1..]);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_comes_off_again() {
        for text in ["", "#!ipxe\nboot\n", "# a comment\nname: a\n", "no line end"] {
            let shown = with_advice("first\n\nthird", text);
            assert!(shown.starts_with("#~ first\n#~\n#~ third\n"));
            assert_eq!(without_advice(&shown), text);
            assert_eq!(without_advice(text), text);
        }
        assert_eq!(without_advice("#~ only"), "");
    }
}
