//! What one request told us about a machine.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{InvalidMac, InvalidUuid, Mac, Uuid};

/// The longest value of a fact, in bytes: that of a DNS name. SMBIOS strings are shorter in practice.
pub const MAX_FACT_BYTES: usize = 255;

/// Something that a request can say, and a selector can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// Link-layer address of the interface that boots (iPXE `${mac}`).
    Mac,
    /// SMBIOS system UUID (iPXE `${uuid}`).
    Uuid,
    /// SMBIOS serial number (iPXE `${serial}`).
    Serial,
    /// SMBIOS asset tag (iPXE `${asset}`).
    Asset,
    /// DHCP host name (iPXE `${hostname}`).
    Hostname,
    /// DHCP domain (iPXE `${domain}`).
    Domain,
    /// SMBIOS manufacturer (iPXE `${manufacturer}`).
    Manufacturer,
    /// SMBIOS product (iPXE `${product}`).
    Product,
    /// What iPXE was built for (iPXE `${buildarch}`): `i386`, `x86_64`, `arm32`, `arm64`, …
    Arch,
    /// The firmware (iPXE `${platform}`): `pcbios` or `efi`.
    Platform,
    /// The address that the request came from; an IPv4 address mapped into IPv6 is the IPv4 address.
    Ip,
}

impl Attribute {
    /// Every attribute, identities first.
    pub const ALL: [Self; 11] = [
        Self::Mac,
        Self::Uuid,
        Self::Serial,
        Self::Asset,
        Self::Hostname,
        Self::Domain,
        Self::Manufacturer,
        Self::Product,
        Self::Arch,
        Self::Platform,
        Self::Ip,
    ];

    /// The spelling in a query, in a selector and in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Uuid => "uuid",
            Self::Serial => "serial",
            Self::Asset => "asset",
            Self::Hostname => "hostname",
            Self::Domain => "domain",
            Self::Manufacturer => "manufacturer",
            Self::Product => "product",
            Self::Arch => "arch",
            Self::Platform => "platform",
            Self::Ip => "ip",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Attribute {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "mac" => Self::Mac,
            "uuid" => Self::Uuid,
            "serial" => Self::Serial,
            "asset" => Self::Asset,
            "hostname" => Self::Hostname,
            "domain" => Self::Domain,
            "manufacturer" => Self::Manufacturer,
            "product" => Self::Product,
            "arch" => Self::Arch,
            "platform" => Self::Platform,
            "ip" => Self::Ip,
            _ => return Err(()),
        })
    }
}

/// What one request told us: parsed and normalised, nothing inferred. An empty value counts as not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// See [`Attribute::Mac`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// See [`Attribute::Uuid`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Uuid>,
    /// See [`Attribute::Serial`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// See [`Attribute::Asset`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// See [`Attribute::Hostname`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// See [`Attribute::Domain`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// See [`Attribute::Manufacturer`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// See [`Attribute::Product`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// See [`Attribute::Arch`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// See [`Attribute::Platform`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// See [`Attribute::Ip`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

/// Serial numbers that firmware reports when nobody set one, in lower case.
const PLACEHOLDER_SERIALS: [&str; 14] = [
    "0",
    "00000000",
    "0123456789",
    "123456789",
    "1234567890",
    "default string",
    "empty",
    "n/a",
    "none",
    "not applicable",
    "not specified",
    "system serial number",
    "to be filled by o.e.m.",
    "unknown",
];

/// Why the value of a fact was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidFact {
    /// The MAC address does not parse.
    Mac(InvalidMac),
    /// The UUID does not parse.
    Uuid(InvalidUuid),
    /// The address does not parse.
    Ip(String),
    /// The value is longer than [`MAX_FACT_BYTES`].
    TooLong(Attribute, usize),
    /// The value contains a control character.
    Control(Attribute, char),
}

impl Facts {
    /// Says `attribute` is `value`. An empty or blank value says nothing.
    pub fn set(&mut self, attribute: Attribute, value: &str) -> Result<(), InvalidFact> {
        let value = match value.as_bytes() {
            [b' ', ..] | [.., b' '] => value.trim_matches(' '),
            _ => value,
        };
        if value.is_empty() {
            return Ok(());
        }
        if value.len() > MAX_FACT_BYTES {
            return Err(InvalidFact::TooLong(attribute, value.len()));
        }
        let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_plain && let Some(c) = value.chars().find(|c| c.is_control()) {
            return Err(InvalidFact::Control(attribute, c));
        }
        match attribute {
            Attribute::Mac => self.mac = Some(value.parse().map_err(InvalidFact::Mac)?),
            Attribute::Uuid => self.uuid = Some(value.parse().map_err(InvalidFact::Uuid)?),
            Attribute::Ip => self.ip = Some(parse_ip(value)?),
            Attribute::Serial => self.serial = Some(value.to_owned()),
            Attribute::Asset => self.asset = Some(value.to_owned()),
            Attribute::Hostname => self.hostname = Some(value.to_owned()),
            Attribute::Domain => self.domain = Some(value.to_owned()),
            Attribute::Manufacturer => self.manufacturer = Some(value.to_owned()),
            Attribute::Product => self.product = Some(value.to_owned()),
            Attribute::Arch => self.arch = Some(value.to_owned()),
            Attribute::Platform => self.platform = Some(value.to_owned()),
        }
        Ok(())
    }

    /// The value of `attribute` in its canonical spelling.
    pub fn get(&self, attribute: Attribute) -> Option<Cow<'_, str>> {
        fn text(value: &Option<String>) -> Option<Cow<'_, str>> {
            value.as_deref().map(Cow::Borrowed)
        }
        match attribute {
            Attribute::Mac => self.mac.map(|mac| mac.to_string().into()),
            Attribute::Uuid => self.uuid.map(|uuid| uuid.to_string().into()),
            Attribute::Ip => self.ip.map(|ip| ip.to_string().into()),
            Attribute::Serial => text(&self.serial),
            Attribute::Asset => text(&self.asset),
            Attribute::Hostname => text(&self.hostname),
            Attribute::Domain => text(&self.domain),
            Attribute::Manufacturer => text(&self.manufacturer),
            Attribute::Product => text(&self.product),
            Attribute::Arch => text(&self.arch),
            Attribute::Platform => text(&self.platform),
        }
    }

    /// The UUID, unless it is one that many machines share.
    pub fn identifying_uuid(&self) -> Option<Uuid> {
        self.uuid.filter(|uuid| !uuid.is_placeholder())
    }

    /// The serial number, unless it is one that many machines share.
    pub fn identifying_serial(&self) -> Option<&str> {
        self.serial.as_deref().filter(|serial| !is_placeholder_serial(serial))
    }

    /// Every fact that was said, identities first.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, Cow<'_, str>)> {
        Attribute::ALL.into_iter().filter_map(|attribute| Some((attribute, self.get(attribute)?)))
    }
}

fn parse_ip(text: &str) -> Result<IpAddr, InvalidFact> {
    let ip: IpAddr = text.parse().map_err(|_| InvalidFact::Ip(text.to_owned()))?;
    Ok(ip.to_canonical())
}

/// Whether many machines report this serial number, so that it must never identify one.
pub(super) fn is_placeholder_serial(serial: &str) -> bool {
    PLACEHOLDER_SERIALS.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(serial))
}

impl fmt::Display for InvalidFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(e) => write!(f, "mac: {e}"),
            Self::Uuid(e) => write!(f, "uuid: {e}"),
            Self::Ip(value) => write!(f, "ip: {value:?} is no IP address"),
            Self::TooLong(attribute, len) => {
                write!(f, "{attribute}: has {len} bytes; at most {MAX_FACT_BYTES} are allowed")
            }
            Self::Control(attribute, c) => write!(f, "{attribute}: contains the control character {c:?}"),
        }
    }
}

impl std::error::Error for InvalidFact {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_comes_back_in_canonical_spelling() {
        let mut facts = Facts::default();
        for (attribute, value) in [
            (Attribute::Mac, "52-54-00-AB-CD-EF"),
            (Attribute::Uuid, "4C4C4544004235108052B4C04F4D3532"),
            (Attribute::Product, " PowerEdge R640 "),
            (Attribute::Asset, ""),
            (Attribute::Ip, "2001:DB8::1"),
        ] {
            facts.set(attribute, value).unwrap();
        }
        let said: Vec<_> = facts.iter().map(|(a, v)| format!("{a}={v}")).collect();
        assert_eq!(
            said,
            [
                "mac=52:54:00:ab:cd:ef",
                "uuid=4c4c4544-0042-3510-8052-b4c04f4d3532",
                "product=PowerEdge R640",
                "ip=2001:db8::1"
            ]
        );
    }

    #[test]
    fn each_attribute_is_read_as_it_is_written() {
        for attribute in Attribute::ALL {
            assert_eq!(attribute.as_str().parse(), Ok(attribute));
        }
        assert_eq!("MAC".parse::<Attribute>(), Err(()));
    }

    #[test]
    fn refuses_with_the_name_of_the_fact() {
        let mut facts = Facts::default();
        for (attribute, value, message) in [
            (Attribute::Mac, "52:54", "mac: \"52:54\" is no MAC address; write it like 52:54:00:12:34:56"),
            (Attribute::Serial, "a\nb", "serial: contains the control character '\\n'"),
            (Attribute::Ip, "10.0.0", "ip: \"10.0.0\" is no IP address"),
            (Attribute::Hostname, &"h".repeat(256), "hostname: has 256 bytes; at most 255 are allowed"),
        ] {
            assert_eq!(facts.set(attribute, value).unwrap_err().to_string(), message);
        }
        assert_eq!(facts, Facts::default());
    }
}
