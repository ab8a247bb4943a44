//! What a build of iPXE may lack, by the name of its compile-time option (`config/general.h`).

/// Something that not every iPXE can do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Feature {
    /// The option that builds it in; empty for what every build has.
    pub(super) option: &'static str,
    /// Who has it.
    pub(super) found: Found,
}

/// In which builds a feature is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In all that are in use.
    Everywhere,
    /// In current ones, but not in that of 2019 (Debian 12).
    Newer,
    /// Only where somebody asked for it.
    OnRequest,
}

macro_rules! features {
    ($($name:ident = $option:literal $found:ident;)+) => {
        $(pub(super) static $name: Feature = Feature { option: $option, found: Found::$found };)+
    };
}

features! {
    CORE = "" Everywhere;
    ARCHIVE = "IMAGE_ARCHIVE_CMD" Newer;
    CERT = "CERT_CMD" Newer;
    CONSOLE = "CONSOLE_CMD" Newer;
    CPUID = "CPUID_CMD" Everywhere;
    CRYPT = "IMAGE_CRYPT_CMD" OnRequest;
    DIGEST = "DIGEST_CMD" Newer;
    FDT = "FDT_CMD" Newer;
    FORM = "FORM_CMD" Newer;
    GDB = "GDBSERIAL" OnRequest;
    IMGMEM = "IMAGE_MEM_CMD" OnRequest;
    IMGSET = "IMAGE_SET_CMD" Newer;
    IPSTAT = "IPSTAT_CMD" OnRequest;
    LOTEST = "LOTEST_CMD" OnRequest;
    NEIGHBOUR = "NEIGHBOUR_CMD" OnRequest;
    NSLOOKUP = "NSLOOKUP_CMD" OnRequest;
    NTP = "NTP_CMD" Newer;
    PARAM = "PARAM_CMD" Newer;
    PCI = "PCI_CMD" Newer;
    PING = "PING_CMD" OnRequest;
    POWEROFF = "POWEROFF_CMD" Newer;
    PROFSTAT = "PROFSTAT_CMD" OnRequest;
    PXE = "PXE_CMD" OnRequest;
    SHIM = "SHIM_CMD" Newer;
    TIME = "TIME_CMD" OnRequest;
    TRUST = "IMAGE_TRUST_CMD" OnRequest;
    USB = "USB_CMD" Newer;
    VLAN = "VLAN_CMD" Newer;
    HTTPS = "DOWNLOAD_PROTO_HTTPS" Newer;
    FTP = "DOWNLOAD_PROTO_FTP" OnRequest;
    NFS = "DOWNLOAD_PROTO_NFS" OnRequest;
    SLAM = "DOWNLOAD_PROTO_SLAM" OnRequest;
    DATA = "DOWNLOAD_PROTO_DATA" Newer;
}
