//! The kinds of document that a template can render.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a template renders, which decides how its values are escaped and how the document is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An iPXE script (<https://ipxe.org/scripting>).
    Ipxe,
    /// A Fedora CoreOS/Flatcar Ignition configuration (JSON).
    Ignition,
    /// cloud-init NoCloud `user-data`.
    UserData,
    /// cloud-init NoCloud `meta-data`.
    MetaData,
    /// cloud-init NoCloud `vendor-data`.
    VendorData,
    /// cloud-init NoCloud `network-config`.
    NetworkConfig,
    /// An Anaconda kickstart file.
    Kickstart,
    /// A debian-installer preseed file.
    Preseed,
    /// A Subiquity autoinstall file (YAML).
    Autoinstall,
    /// A GRUB configuration script.
    Grub,
    /// Any other plain text.
    Text,
}

/// Why a text names no kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidKind(String);

impl Kind {
    /// Every kind, in the order in which a boot asks for them.
    pub const ALL: [Self; 11] = [
        Self::Ipxe,
        Self::Ignition,
        Self::MetaData,
        Self::UserData,
        Self::VendorData,
        Self::NetworkConfig,
        Self::Kickstart,
        Self::Preseed,
        Self::Autoinstall,
        Self::Grub,
        Self::Text,
    ];

    /// The spelling in URLs, on the command line and in stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipxe => "ipxe",
            Self::Ignition => "ignition",
            Self::UserData => "user-data",
            Self::MetaData => "meta-data",
            Self::VendorData => "vendor-data",
            Self::NetworkConfig => "network-config",
            Self::Kickstart => "kickstart",
            Self::Preseed => "preseed",
            Self::Autoinstall => "autoinstall",
            Self::Grub => "grub",
            Self::Text => "text",
        }
    }

    /// The `Content-Type` of a document of this kind.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Ignition => "application/vnd.coreos.ignition+json",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// Whether cloud-init's NoCloud data source fetches it, which must never find it missing.
    pub const fn is_nocloud(self) -> bool {
        matches!(self, Self::UserData | Self::MetaData | Self::VendorData | Self::NetworkConfig)
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidKind(text.to_owned()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for InvalidKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no kind; use one of ", self.0)?;
        for (i, kind) in Kind::ALL.iter().enumerate() {
            write!(f, "{}{kind}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidKind {}
