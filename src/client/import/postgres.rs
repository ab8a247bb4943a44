//! Reads the first system's tables with `pg_dump`, which speaks every version and every way to log in.

use std::io;
use std::process::{Command, Stdio};

use percent_encoding::percent_decode_str;

use crate::client::failure::{Exit, Failure};

/// A plain dump of the tables, all of one moment.
pub(super) fn dump(url: &str) -> Result<String, Failure> {
    let (url, password) = without_password(url);
    let mut command = Command::new("pg_dump");
    command.args(["--data-only", "--format=plain", "--table=images", "--table=machines", "--no-password"]);
    command.arg(format!("--dbname={url}")).stdin(Stdio::null());
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let done = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(Exit::Other, "--db-url needs pg_dump, which is not installed here")
                .hint("install PostgreSQL's client, or make the dump elsewhere and give it with --dump")
        }
        _ => Failure::new(Exit::Other, format!("pg_dump: {error}")),
    })?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(Failure::new(Exit::Other, format!("the database can not be read: {}", said.trim())));
    }
    String::from_utf8(done.stdout).map_err(|_| Failure::new(Exit::Other, "the dump is not UTF-8"))
}

/// The URL without its password, which the list of processes would show, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let found = url.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.find(['/', '?']).map_or(rest, |end| &rest[..end]);
        let (user, _) = authority.rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        let rest = &rest[user.len()..];
        Some((
            format!("{scheme}://{name}{rest}"),
            percent_decode_str(password).decode_utf8_lossy().into_owned(),
        ))
    });
    match found {
        Some((url, password)) => (url, Some(password)),
        None => (url.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_taken_out() {
        for (url, without, password) in [
            ("postgres://u:p%40w@h:5/d?a=b", "postgres://u@h:5/d?a=b", Some("p@w")),
            ("postgres://u@h/d", "postgres://u@h/d", None),
            ("postgres://h/d?user=a:b@c", "postgres://h/d?user=a:b@c", None),
            ("dbname=x", "dbname=x", None),
        ] {
            assert_eq!(without_password(url), (without.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
