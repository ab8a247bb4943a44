//! What a document asks of who wants it.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::{Params, Violation};

/// The param by which an image, a rule or a machine protects the documents of its machines.
pub const PROTECT: &str = "protect";

/// The param of a machine that says whether somebody accepted it.
pub const ACCEPTED: &str = "accepted";

/// The param of a machine that says for which installation it was armed.
pub const ARMED: &str = "armed";

/// Params that are for the server and not for templates.
pub const RESERVED_PARAMS: [&str; 3] = [PROTECT, ACCEPTED, ARMED];

/// What a document asks of who wants it, beside that the machine resolves to it. The boot script itself is never asked for
/// a token, since that is what hands them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protect {
    /// The token of a boot, which the URLs in the machine's boot script have.
    pub token: bool,
    /// From the address that asked for the boot script.
    pub address: bool,
    /// So often in one boot, each kind of document.
    pub uses: Option<u16>,
    /// So long after the boot script, in minutes.
    pub minutes: Option<u16>,
    /// That somebody accepted the machine.
    pub accept: bool,
    /// That somebody armed the machine for one installation. Where nobody did, it boots its local disk.
    pub arm: bool,
}

/// Why a text is no protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidProtect(String);

impl Protect {
    /// What these params ask for, if they do.
    pub fn of(params: &Params) -> Result<Option<Self>, InvalidProtect> {
        match params.get(PROTECT) {
            None => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some),
            Some(other) => Err(InvalidProtect(other.to_string())),
        }
    }

    /// What both ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        fn least(one: Option<u16>, other: Option<u16>) -> Option<u16> {
            one.into_iter().chain(other).min()
        }
        Self {
            token: self.token || other.token,
            address: self.address || other.address,
            uses: least(self.uses, other.uses),
            minutes: least(self.minutes, other.minutes),
            accept: self.accept || other.accept,
            arm: self.arm || other.arm,
        }
    }
}

impl FromStr for Protect {
    type Err = InvalidProtect;

    fn from_str(text: &str) -> Result<Self, InvalidProtect> {
        let wrong = || InvalidProtect(format!("{text:?}"));
        let mut found = Self::default();
        for word in text.split(',').map(str::trim) {
            let number = |text: &str| text.parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(wrong);
            match word.split_once('=') {
                None => match word {
                    "token" => found.token = true,
                    "address" => found.address = true,
                    "accept" => found.accept = true,
                    "arm" => found.arm = true,
                    _ => return Err(wrong()),
                },
                Some(("uses", n)) => found.uses = Some(number(n)?),
                Some(("minutes", n)) => found.minutes = Some(number(n)?),
                Some(_) => return Err(wrong()),
            }
        }
        // All of these are about the token of a boot.
        found.token |= found.address || found.arm || found.uses.is_some() || found.minutes.is_some();
        Ok(found)
    }
}

impl fmt::Display for InvalidProtect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is no protection; write one or several of token, address, uses=N, minutes=N, accept and arm, with commas between \
             them, such as token,minutes=30",
            self.0
        )
    }
}

impl std::error::Error for InvalidProtect {}

/// Adds a violation where the params ask for a protection that there is not.
pub(super) fn check_protect(params: &Params, found: &mut Vec<Violation>) {
    if let Err(invalid) = Protect::of(params) {
        found.push(Violation::new(format!("params.{PROTECT}"), invalid.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_and_refuses_the_rest() {
        let read = |text: &str| text.parse::<Protect>();
        let token = Protect { token: true, ..Protect::default() };
        assert_eq!(read("token"), Ok(token));
        assert_eq!(read("accept"), Ok(Protect { accept: true, ..Protect::default() }));
        assert_eq!(
            read("address, uses=3,minutes=20"),
            Ok(Protect { address: true, uses: Some(3), minutes: Some(20), ..token })
        );
        for wrong in [
            "",
            "tokens",
            "token,",
            "uses",
            "uses=0",
            "uses=-1",
            "minutes=1.5",
            "minutes=70000",
            "token;arm",
            "x=1",
        ] {
            assert!(
                read(wrong).unwrap_err().to_string().starts_with(&format!("{wrong:?} is no protection")),
                "{wrong}"
            );
        }
        let params = Params::from([(PROTECT.to_owned(), serde_json::json!(["token"]))]);
        assert_eq!(Protect::of(&params).unwrap_err().to_string()[..27], *"[\"token\"] is no protection;");
    }

    #[test]
    fn of_two_the_stricter_counts() {
        let one = Protect { token: true, uses: Some(3), ..Protect::default() };
        let other = Protect { accept: true, uses: Some(2), minutes: Some(5), ..Protect::default() };
        let both =
            Protect { token: true, accept: true, uses: Some(2), minutes: Some(5), ..Protect::default() };
        assert_eq!((one.and(other), other.and(one)), (both, both));
    }
}
