//! What each call needs: the one place that says so. A test holds this table against everything that is served.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::Role;

/// What a call needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it tells nobody anything that an open port does not.
    Nothing,
    /// This role, or a higher one.
    Role(Role),
}

const VIEWER: Need = Need::Role(Role::Viewer);
const OPERATOR: Need = Need::Role(Role::Operator);
const ADMIN: Need = Need::Role(Role::Admin);

/// The calls of a service.
type Calls = &'static [(&'static str, Need)];

/// Every call of every service.
pub const NEEDS: &[(&str, Calls)] = &[
    (
        "pxe_init.v1.ImageService",
        &[
            ("ListImages", VIEWER),
            ("GetImage", VIEWER),
            ("RegisterImage", OPERATOR),
            ("UpdateImage", OPERATOR),
            ("DeleteImage", OPERATOR),
        ],
    ),
    (
        "pxe_init.v1.TemplateService",
        &[
            ("ListTemplates", VIEWER),
            ("GetTemplate", VIEWER),
            ("RegisterTemplate", OPERATOR),
            ("UpdateTemplate", OPERATOR),
            ("DeleteTemplate", OPERATOR),
            ("ListTemplateRevisions", VIEWER),
            ("RollbackTemplate", OPERATOR),
            ("GetTemplateVars", VIEWER),
        ],
    ),
    (
        "pxe_init.v1.MachineService",
        &[
            ("ListMachines", VIEWER),
            ("GetMachine", VIEWER),
            ("RegisterMachine", OPERATOR),
            ("UpdateMachine", OPERATOR),
            ("DeleteMachine", OPERATOR),
            ("RegisterMachineImage", OPERATOR),
            ("AcceptMachine", OPERATOR),
            ("ArmMachine", OPERATOR),
        ],
    ),
    (
        "pxe_init.v1.RuleService",
        &[
            ("ListRules", VIEWER),
            ("GetRule", VIEWER),
            ("RegisterRule", OPERATOR),
            ("UpdateRule", OPERATOR),
            ("DeleteRule", OPERATOR),
        ],
    ),
    ("pxe_init.v1.BootService", &[("Preview", VIEWER), ("PreviewFleet", VIEWER), ("Explain", VIEWER)]),
    ("pxe_init.v1.CatalogService", &[("Apply", OPERATOR), ("Plan", VIEWER), ("Export", VIEWER)]),
    (
        "pxe_init.v1.JournalService",
        &[
            ("ListBoots", VIEWER),
            ("GetBoot", VIEWER),
            ("WatchBoots", VIEWER),
            ("ReplayBoot", VIEWER),
            ("ListDiscovered", VIEWER),
        ],
    ),
    (
        "pxe_init.v1.AccessService",
        &[("WhoAmI", VIEWER), ("CreateToken", ADMIN), ("ListTokens", ADMIN), ("RevokeToken", ADMIN)],
    ),
    ("pxe_init.v1.AuditService", &[("ListAudit", VIEWER), ("VerifyAudit", VIEWER)]),
    ("v1.PxeInit", &[("ListImages", VIEWER), ("RegisterImageMachine", OPERATOR)]),
    // Of a load balancer, which has no credential, and learns no more than that the port is served.
    ("grpc.health.v1.Health", &[("Check", Need::Nothing), ("Watch", Need::Nothing)]),
    ("grpc.reflection.v1.ServerReflection", &[("ServerReflectionInfo", VIEWER)]),
    ("grpc.reflection.v1alpha.ServerReflection", &[("ServerReflectionInfo", VIEWER)]),
];

static BY_PATH: LazyLock<HashMap<String, Need>> = LazyLock::new(|| {
    let calls = |&(service, calls): &(&'static str, Calls)| {
        calls.iter().map(move |(call, need)| (format!("/{service}/{call}"), *need))
    };
    NEEDS.iter().flat_map(calls).collect()
});

/// What the call at this path needs. One that nobody put into the table is for admins, who may see that there is none.
pub(super) fn need(path: &str) -> Need {
    BY_PATH.get(path).copied().unwrap_or(ADMIN)
}
