//! One token: what it says, and the proof that this site said it.
//!
//! 31 bytes, in hexadecimal: whether it is bound to an address, when it was issued, for how long, a number of the boot, and the
//! first half of an HMAC-SHA256 over all that and over whom it is for. Whoever has the key knows it again; nothing is kept.

use std::fmt::Write as _;
use std::net::IpAddr;

use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::boot::Bearer;

/// What comes before the proof.
const SAID: usize = 15;

/// The proof. 128 bits can not be guessed over a network.
const PROOF: usize = 16;

/// What is proved begins with this, so that the key can prove other things.
const PURPOSE: &[u8] = b"pxe-init boot token 1\0";

/// The shortest secret of a database, in characters.
const SHORTEST: usize = 64;

/// Proves that a token comes from a server of this database.
pub(super) struct Key {
    key: hmac::Key,
    text: String,
}

impl Key {
    /// From its text; none where there is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        (text.len() >= SHORTEST).then(|| Self { key, text: text.to_owned() })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Whether it counts only from the address that asked for the boot script.
    pub(super) bound: bool,
    /// Seconds since 1970.
    pub(super) issued: u32,
    /// How long it holds.
    pub(super) minutes: u16,
    /// Tells this boot from others.
    pub(super) boot: u64,
}

impl Token {
    /// Its text, for a boot of `bearer` that asked from `client`.
    pub(super) fn text(&self, key: &Key, bearer: &Bearer<'_>, client: IpAddr) -> String {
        let said = self.bytes();
        let proof = self.proof(key, bearer, client);
        let bytes = said.iter().chain(&proof);
        bytes.fold(String::with_capacity(2 * (SAID + PROOF)), |mut text, byte| {
            // Writing to a string can not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// What the text says, if it was made with this key for this bearer.
    pub(super) fn read(text: &str, key: &Key, bearer: &Bearer<'_>, client: IpAddr) -> Option<Self> {
        let bytes = unhex(text)?;
        let (said, proof) = bytes.split_first_chunk::<SAID>()?;
        let token = Self {
            bound: said[0] == 1,
            issued: u32::from_be_bytes([said[1], said[2], said[3], said[4]]),
            minutes: u16::from_be_bytes([said[5], said[6]]),
            boot: u64::from_be_bytes(*said.last_chunk()?),
        };
        if token.bytes() != *said {
            return None;
        }
        // How long this takes tells nothing of how much of the proof is right.
        bool::from(token.proof(key, bearer, client).ct_eq(proof)).then_some(token)
    }

    fn bytes(&self) -> [u8; SAID] {
        let mut bytes = [0; SAID];
        bytes[0] = self.bound.into();
        bytes[1..5].copy_from_slice(&self.issued.to_be_bytes());
        bytes[5..7].copy_from_slice(&self.minutes.to_be_bytes());
        bytes[7..].copy_from_slice(&self.boot.to_be_bytes());
        bytes
    }

    fn proof(&self, key: &Key, bearer: &Bearer<'_>, client: IpAddr) -> [u8; PROOF] {
        let mut context = hmac::Context::with_key(&key.key);
        context.update(PURPOSE);
        context.update(&self.bytes());
        // No part has a NUL in it.
        let mut part = |text: &str| {
            context.update(text.as_bytes());
            context.update(&[0]);
        };
        match bearer.machine {
            Some(machine) => {
                part("machine");
                part(machine.name.as_str());
            }
            None => {
                let facts = bearer.facts;
                part("unknown");
                part(&facts.mac.map(|mac| mac.to_string()).unwrap_or_default());
                part(&facts.uuid.map(|uuid| uuid.to_string()).unwrap_or_default());
                part(facts.serial.as_deref().unwrap_or_default());
            }
        }
        part(bearer.armed.map_or("", |armed| armed.id));
        if self.bound {
            part(&client.to_canonical().to_string());
        }
        let tag = context.sign();
        let mut proof = [0; PROOF];
        proof.copy_from_slice(&tag.as_ref()[..PROOF]);
        proof
    }
}

fn unhex(text: &str) -> Option<[u8; SAID + PROOF]> {
    let digits = text.as_bytes();
    let mut bytes = [0; SAID + PROOF];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{Armed, NO_TOKEN};
    use crate::domain::{Facts, Machine};

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 2, 15));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 2, 16));

    fn key(fill: &str) -> Key {
        Key::read(&fill.repeat(64)).unwrap()
    }

    #[test]
    fn only_whom_it_is_for_can_use_it() {
        let (one, other) = (Machine::new("one".parse().unwrap()), Machine::new("other".parse().unwrap()));
        let facts = Facts { mac: Some("52:54:00:12:34:56".parse().unwrap()), ..Facts::default() };
        let (key, none) = (key("a"), Facts::default());
        let bearer = Bearer { machine: Some(&one), facts: &none, armed: None };
        let token = Token { bound: false, issued: 1_790_000_000, minutes: 60, boot: 0x0123_4567_89ab_cdef };
        let text = token.text(&key, &bearer, CLIENT);
        assert_eq!((text.len(), NO_TOKEN.len()), (62, 62));
        assert_eq!(Token::read(&text, &key, &bearer, OTHER), Some(token));
        // The other facts of a registered machine make no difference.
        let again = Bearer { facts: &facts, ..bearer };
        assert_eq!(Token::read(&text, &key, &again, CLIENT), Some(token));
        let armed = Some(Armed { id: "x", boot: None });
        for foreign in [
            Bearer { machine: Some(&other), ..bearer },
            Bearer { machine: None, facts: &facts, armed: None },
            Bearer { armed, ..bearer },
        ] {
            assert_eq!(Token::read(&text, &key, &foreign, CLIENT), None, "{foreign:?}");
        }
        assert_eq!(Token::read(&text, &self::key("b"), &bearer, CLIENT), None);
        let bound = Token { bound: true, ..token };
        let text = bound.text(&key, &bearer, CLIENT);
        assert_eq!(Token::read(&text, &key, &bearer, CLIENT), Some(bound));
        assert_eq!(Token::read(&text, &key, &bearer, OTHER), None);
    }

    #[test]
    fn no_other_text_is_a_token() {
        let facts = Facts::default();
        let (key, bearer) = (key("a"), Bearer { machine: None, facts: &facts, armed: None });
        let token = Token { bound: false, issued: 1, minutes: 1, boot: 1 };
        let text = token.text(&key, &bearer, CLIENT);
        assert_eq!(Token::read(&text, &key, &bearer, CLIENT), Some(token));
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(Token::read(&other, &key, &bearer, CLIENT), None, "{other}");
            assert_eq!(Token::read(&text[..at], &key, &bearer, CLIENT), None);
        }
        for other in [NO_TOKEN, &text.to_uppercase(), &format!("{text}00"), &"ü".repeat(31)] {
            assert_eq!(Token::read(other, &key, &bearer, CLIENT), None, "{other}");
        }
        assert!(Key::read("").is_none());
    }
}
