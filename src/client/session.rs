//! What every command needs: the server, and the way in which its answers are wanted.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use super::api::Api;
use super::cli::Global;
use super::failure::{Exit, Failure};
use super::print::Output;

/// One run of the client.
pub(super) struct Session {
    /// The server.
    pub(super) api: Api,
    /// How data is printed.
    pub(super) output: Output,
    quiet: bool,
}

impl Session {
    /// As the options want it.
    pub(super) fn new(global: &Global) -> Result<Self, Failure> {
        let api = Api::new(global.connect.target()?, global.timeout)?;
        Ok(Self { api, output: global.output, quiet: global.quiet })
    }

    /// Tells people something on standard error, unless they asked for quiet.
    pub(super) fn say(&self, text: impl fmt::Display) {
        if !self.quiet {
            // Nobody may be reading; the command goes on all the same.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints a line of a report that is for people on standard output, unless they asked for quiet.
    pub(super) fn report(&self, line: impl fmt::Display) -> Result<(), Failure> {
        if !self.quiet {
            writeln!(io::stdout(), "{line}")?;
        }
        Ok(())
    }

    /// Tells of a failure that does not end the command; one that would end every further step does.
    pub(super) fn survive(&self, failure: Failure) -> Result<Exit, Failure> {
        if matches!(failure.exit, Exit::Unavailable | Exit::Ok) {
            return Err(failure);
        }
        let _ = write!(io::stderr(), "{failure}");
        Ok(failure.exit)
    }
}

/// Whether somebody can be asked.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question; only `y` and `yes` mean yes.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "YES", " Yes "].into_iter().all(is_yes));
        assert!(["", "\n", "n", "yeah", "no"].into_iter().all(|answer| !is_yes(answer)));
    }
}
