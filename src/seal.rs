//! Secrets at rest: texts that only who has the key can read (AES-256-GCM).
//!
//! A sealed text is `sealed:1:KEY:HEX`: the name of the key, and in hexadecimal a random nonce, the ciphertext and its tag. Where no
//! key is given, texts stay as they are, and who has keys reads those that are in clear too.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// What a sealed text begins with. JSON does not.
const MARK: &str = "sealed:1:";

/// The length of a key, in bytes.
const KEY_LENGTH: usize = 32;

/// The keys that somebody gave us: one to seal with, and all to open with. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keys(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The name of the one to seal with.
    first: Option<String>,
    by_name: BTreeMap<String, LessSafeKey>,
}

/// Why a text is no list of keys. It never shows one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// There is none.
    #[error("has no key; `pxe-init-server secrets init FILE` makes a file with one")]
    Empty,
    /// A line is not a name and a key.
    #[error("line {0} is not NAME KEY, a name of up to 32 letters, digits and - and 64 hexadecimal digits")]
    Line(usize),
    /// Two have the same name.
    #[error("line {0} has the name of an earlier key")]
    Twice(usize),
}

/// Why a sealed text can not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Its key is not there.
    #[error(
        "it is encrypted with the key {0}, which this server does not have; add it to the file of secrets.key_file"
    )]
    NoKey(String),
    /// It was sealed with another key of this name, or for another place, or changed.
    #[error(
        "it can not be decrypted with the key {0}: that is another key of the same name, or the value was changed or moved"
    )]
    Wrong(String),
    /// It only begins like one.
    #[error("it begins like an encrypted value, and is none")]
    Malformed,
}

impl Keys {
    /// Reads one key a line, `NAME KEY`; the first is the one to seal with. Empty lines and those that begin with # say nothing.
    ///
    /// # Errors
    /// [`InvalidKeys`].
    pub fn read(text: &str) -> Result<Self, InvalidKeys> {
        let mut inner = Inner::default();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, key) = line.split_once(char::is_whitespace).ok_or(InvalidKeys::Line(number))?;
            let is_name = (1..=32).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let bytes = unhex(key.trim()).filter(|bytes| is_name && bytes.len() == KEY_LENGTH);
            let key = bytes.and_then(|bytes| UnboundKey::new(&AES_256_GCM, &bytes).ok());
            let key = LessSafeKey::new(key.ok_or(InvalidKeys::Line(number))?);
            if inner.by_name.insert(name.to_owned(), key).is_some() {
                return Err(InvalidKeys::Twice(number));
            }
            inner.first.get_or_insert_with(|| name.to_owned());
        }
        if inner.first.is_none() { Err(InvalidKeys::Empty) } else { Ok(Self(Arc::new(inner))) }
    }

    /// A line with a new key, whose name tells it from all others.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new_line() -> Result<String, ring::error::Unspecified> {
        let mut bytes = [0; KEY_LENGTH + 4];
        SystemRandom::new().fill(&mut bytes)?;
        let (name, key) = bytes.split_at(4);
        Ok(format!("k-{} {}", hex(name), hex(key)))
    }

    /// The name of the key to seal with, if there is one.
    pub fn first(&self) -> Option<&str> {
        self.0.first.as_deref()
    }

    /// Seals a text that stands at `place`: nobody can put it elsewhere. Without a key it stays as it is.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn seal(&self, place: &str, text: &str) -> Result<String, ring::error::Unspecified> {
        let Some((name, key)) = self.first().and_then(|name| Some((name, self.0.by_name.get(name)?))) else {
            return Ok(text.to_owned());
        };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce)?;
        let mut bytes = text.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut bytes)?;
        Ok(format!("{MARK}{name}:{}{}", hex(&nonce), hex(&bytes)))
    }

    /// The text that was sealed for `place`; one that is in clear is itself.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open<'t>(&self, place: &str, text: &'t str) -> Result<Cow<'t, str>, Unopened> {
        let Some(rest) = text.strip_prefix(MARK) else { return Ok(text.into()) };
        let (name, sealed) = rest.split_once(':').ok_or(Unopened::Malformed)?;
        let key = self.0.by_name.get(name).ok_or_else(|| Unopened::NoKey(name.to_owned()))?;
        let bytes = unhex(sealed).ok_or(Unopened::Malformed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(Unopened::Malformed)?;
        let mut sealed = sealed.to_vec();
        let wrong = || Unopened::Wrong(name.to_owned());
        let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut sealed);
        let opened = opened.map_err(|_| wrong())?.to_vec();
        String::from_utf8(opened).map(Cow::Owned).map_err(|_| wrong())
    }

    /// Whether a text is as it would be sealed now.
    pub fn is_current(&self, text: &str) -> bool {
        let name = text.strip_prefix(MARK).and_then(|rest| rest.split_once(':')).map(|(name, _)| name);
        name == self.first()
    }
}

/// Never shows a key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.by_name.keys()).finish()
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[(&str, char)]) -> Keys {
        let lines: Vec<String> =
            names.iter().map(|(name, digit)| format!("{name} {}", digit.to_string().repeat(64))).collect();
        Keys::read(&format!("# ours\n\n{}\n", lines.join("\n"))).unwrap()
    }

    #[test]
    fn only_the_key_opens_and_only_at_its_place() {
        let old = keys(&[("old", 'a')]);
        let both = keys(&[("new", 'b'), ("old", 'a')]);
        let sealed = old.seal("machines/web-1", "hunter2 ü").unwrap();
        assert!(sealed.starts_with("sealed:1:old:") && !sealed.contains("hunter2"));
        assert_ne!(
            old.seal("machines/web-1", "hunter2 ü").unwrap(),
            sealed,
            "nobody sees that two are the same"
        );
        assert_eq!(both.open("machines/web-1", &sealed).unwrap(), "hunter2 ü");
        assert!(old.is_current(&sealed) && !both.is_current(&sealed) && !old.is_current("{}"));
        assert_eq!(both.open("machines/web-2", &sealed), Err(Unopened::Wrong("old".to_owned())));
        assert_eq!(
            keys(&[("old", 'c')]).open("machines/web-1", &sealed),
            Err(Unopened::Wrong("old".to_owned()))
        );
        for none in [Keys::default(), keys(&[("new", 'a')])] {
            assert_eq!(none.open("machines/web-1", &sealed), Err(Unopened::NoKey("old".to_owned())));
        }
        for end in ["sealed:1:old:".len(), sealed.len() - 1] {
            assert_eq!(old.open("machines/web-1", &sealed[..end]), Err(Unopened::Malformed));
        }
        assert_eq!(old.open("machines/web-1", "sealed:1:"), Err(Unopened::Malformed));
        assert_eq!(Keys::default().seal("x", "{}").unwrap(), "{}");
        assert_eq!(both.open("x", "{\"a\":1}").unwrap(), "{\"a\":1}");
        assert!(Keys::default().is_current("{}"));
        assert_eq!(format!("{both:?}"), "[\"new\", \"old\"]");
    }

    #[test]
    fn reads_keys_and_refuses_the_rest_without_showing_it() {
        let key = "0123456789abcdef".repeat(4);
        for (text, problem) in [
            (String::new(), InvalidKeys::Empty),
            ("# nothing\n".to_owned(), InvalidKeys::Empty),
            (key.clone(), InvalidKeys::Line(1)),
            (format!("a {key}0"), InvalidKeys::Line(1)),
            (format!("a {}", key.to_uppercase()), InvalidKeys::Line(1)),
            (format!("a b {key}"), InvalidKeys::Line(1)),
            (format!("a:b {key}"), InvalidKeys::Line(1)),
            (format!("a {key}\n\na {key}"), InvalidKeys::Twice(3)),
        ] {
            let found = Keys::read(&text).map(drop).unwrap_err();
            assert!(found == problem && !found.to_string().contains(&key), "{text}: {found}");
        }
        let made = Keys::new_line().unwrap();
        assert_eq!(Keys::read(&made).unwrap().first(), Some(made.split(' ').next().unwrap()));
    }
}
