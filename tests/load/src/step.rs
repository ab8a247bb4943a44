//! What a machine asks, in its order.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use crate::machine::{Machine, Own};

/// One question of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Step {
    /// `/boot.ipxe`, the script that asks again with the machine's facts.
    BootScript,
    /// `/ipxe`, the script that boots.
    Ipxe,
    /// `/ignition`, as the live system asks it.
    Ignition,
    /// A file of the NoCloud directory, as cloud-init asks it.
    NoCloud(&'static str),
}

/// Which questions a machine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sequence {
    /// Only /ipxe: the one that is resolved and rendered
    Ipxe,
    /// /boot.ipxe, then /ipxe
    Boot,
    /// The same, then /ignition
    Ignition,
    /// /boot.ipxe, /ipxe, then the four files of NoCloud
    Nocloud,
}

impl Sequence {
    /// The image whose documents a machine with these questions needs; see `room.rs`.
    pub(crate) const fn image(self) -> &'static str {
        match self {
            Self::Ipxe | Self::Boot => "linux",
            Self::Ignition => "coreos",
            Self::Nocloud => "ubuntu",
        }
    }

    /// Its questions.
    pub(crate) const fn steps(self) -> &'static [Step] {
        match self {
            Self::Ipxe => &[Step::Ipxe],
            Self::Boot => &[Step::BootScript, Step::Ipxe],
            Self::Ignition => &[Step::BootScript, Step::Ipxe, Step::Ignition],
            Self::Nocloud => &[
                Step::BootScript,
                Step::Ipxe,
                Step::NoCloud("meta-data"),
                Step::NoCloud("user-data"),
                Step::NoCloud("vendor-data"),
                Step::NoCloud("network-config"),
            ],
        }
    }
}

impl Step {
    /// Writes the request of `machine` to `host` in the place of what is in `to`.
    pub(crate) fn write_request(self, machine: Machine, host: &str, to: &mut Vec<u8>) {
        to.clear();
        to.extend_from_slice(b"GET ");
        self.push_path(machine, to);
        let (agent, more) = match self {
            Self::BootScript | Self::Ipxe => ("iPXE/1.21.1+git-20220113.fbbdc3926", ""),
            Self::Ignition => (
                "Ignition/2.14.0",
                "Accept: application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1\r\n",
            ),
            Self::NoCloud(_) => ("Cloud-Init/25.1.4", "Accept: */*\r\n"),
        };
        let head = [
            " HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: ",
            agent,
            "\r\n",
            more,
            "Host: ",
            host,
            "\r\n\r\n",
        ];
        head.iter().for_each(|part| to.extend_from_slice(part.as_bytes()));
    }

    /// The path without what a machine says of itself.
    pub(crate) const fn route(self) -> &'static str {
        match self {
            Self::BootScript => "/boot.ipxe",
            Self::Ipxe => "/ipxe",
            Self::Ignition => "/ignition",
            Self::NoCloud(_) => "/cloud-init/{machine}/{file}",
        }
    }

    fn push_path(self, machine: Machine, to: &mut Vec<u8>) {
        match self {
            Self::BootScript => to.extend_from_slice(b"/boot.ipxe"),
            Self::Ipxe => {
                to.extend_from_slice(b"/ipxe?");
                machine.push_query(to);
            }
            Self::Ignition => {
                to.extend_from_slice(b"/ignition?");
                machine.push_facts(to);
            }
            Self::NoCloud(file) => {
                to.extend_from_slice(b"/cloud-init/");
                machine.push(Own::MacHyphens, to);
                to.push(b'/');
                to.extend_from_slice(file.as_bytes());
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCloud(file) => write!(f, "/cloud-init/MAC/{file}"),
            other => f.write_str(other.route()),
        }
    }
}
