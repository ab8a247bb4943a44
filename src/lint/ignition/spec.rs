//! The keys of a configuration, with the minor version of spec 3 that brought them.

use super::super::shape::Shape::{Any, Bool, List, Map, Number, Text};
use super::super::shape::{Field, Shape, field, required, since};

const TEXTS: Shape = List(&Text);

/// A configuration.
pub(super) static CONFIG: Shape = Map(&[
    required("ignition", Map(IGNITION)),
    since(3, field("kernelArguments", Map(&[field("shouldExist", TEXTS), field("shouldNotExist", TEXTS)]))),
    field("passwd", Map(PASSWD)),
    field("storage", Map(STORAGE)),
    field("systemd", Map(&[field("units", List(&Map(UNIT)))])),
]);

const IGNITION: &[Field] = &[
    required("version", Text),
    field("config", Map(&[field("merge", List(&Map(RESOURCE))), field("replace", Map(RESOURCE))])),
    since(
        1,
        field("proxy", Map(&[field("httpProxy", Text), field("httpsProxy", Text), field("noProxy", TEXTS)])),
    ),
    field("security", Map(&[field("tls", Map(&[field("certificateAuthorities", List(&Map(RESOURCE)))]))])),
    field("timeouts", Map(&[field("httpResponseHeaders", Number), field("httpTotal", Number)])),
];

const RESOURCE: &[Field] = &[
    field("source", Text),
    field("compression", Text),
    since(1, field("httpHeaders", List(&Map(&[required("name", Text), field("value", Text)])))),
    field("verification", Map(&[field("hash", Text)])),
];

const PASSWD: &[Field] = &[
    field(
        "groups",
        List(&Map(&[
            required("name", Text),
            field("gid", Number),
            field("passwordHash", Text),
            since(2, field("shouldExist", Bool)),
            field("system", Bool),
        ])),
    ),
    field(
        "users",
        List(&Map(&[
            required("name", Text),
            field("gecos", Text),
            field("groups", TEXTS),
            field("homeDir", Text),
            field("noCreateHome", Bool),
            field("noLogInit", Bool),
            field("noUserGroup", Bool),
            field("passwordHash", Text),
            field("primaryGroup", Text),
            field("sshAuthorizedKeys", TEXTS),
            field("shell", Text),
            since(2, field("shouldExist", Bool)),
            field("system", Bool),
            field("uid", Number),
        ])),
    ),
];

const OWNER: Shape = Map(&[field("id", Number), field("name", Text)]);

const STORAGE: &[Field] = &[
    field(
        "directories",
        List(&Map(&[
            required("path", Text),
            field("mode", Number),
            field("overwrite", Bool),
            field("user", OWNER),
            field("group", OWNER),
        ])),
    ),
    field(
        "disks",
        List(&Map(&[
            required("device", Text),
            field("partitions", List(&Map(PARTITION))),
            field("wipeTable", Bool),
        ])),
    ),
    field(
        "files",
        List(&Map(&[
            required("path", Text),
            field("append", List(&Map(RESOURCE))),
            field("contents", Map(RESOURCE)),
            field("mode", Number),
            field("overwrite", Bool),
            field("user", OWNER),
            field("group", OWNER),
        ])),
    ),
    field(
        "filesystems",
        List(&Map(&[
            required("device", Text),
            field("format", Text),
            field("label", Text),
            since(1, field("mountOptions", TEXTS)),
            field("options", TEXTS),
            field("path", Text),
            field("uuid", Text),
            field("wipeFilesystem", Bool),
        ])),
    ),
    field(
        "links",
        List(&Map(&[
            required("path", Text),
            field("target", Text),
            field("hard", Bool),
            field("overwrite", Bool),
            field("user", OWNER),
            field("group", OWNER),
        ])),
    ),
    since(2, field("luks", List(&Map(LUKS)))),
    field(
        "raid",
        List(&Map(&[
            required("name", Text),
            field("devices", TEXTS),
            field("level", Text),
            field("options", TEXTS),
            field("spares", Number),
        ])),
    ),
];

const PARTITION: &[Field] = &[
    field("guid", Text),
    field("label", Text),
    field("number", Number),
    since(2, field("resize", Bool)),
    field("shouldExist", Bool),
    field("sizeMiB", Number),
    field("startMiB", Number),
    field("typeGuid", Text),
    field("wipePartitionEntry", Bool),
];

const LUKS: &[Field] = &[
    required("name", Text),
    field(
        "clevis",
        Map(&[
            field("custom", Map(&[field("config", Text), field("needsNetwork", Bool), field("pin", Text)])),
            field(
                "tang",
                List(&Map(&[
                    since(4, field("advertisement", Text)),
                    field("thumbprint", Text),
                    field("url", Text),
                ])),
            ),
            field("threshold", Number),
            field("tpm2", Bool),
        ]),
    ),
    field("device", Text),
    since(4, field("discard", Bool)),
    field("keyFile", Map(RESOURCE)),
    field("label", Text),
    since(4, field("openOptions", TEXTS)),
    field("options", TEXTS),
    field("uuid", Text),
    field("wipeVolume", Bool),
    // Since spec 3.5.
    since(5, field("cex", Any)),
];

const UNIT: &[Field] = &[
    required("name", Text),
    field("contents", Text),
    field("dropins", List(&Map(&[required("name", Text), field("contents", Text)]))),
    field("enabled", Bool),
    field("mask", Bool),
];
