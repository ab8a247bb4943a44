//! Who may have a document: what it asks for, and whether that is there.

use std::sync::Arc;

use super::{Answer, Boot, Outcome};
use crate::domain::{ACCEPTED, ARMED, Facts, Kind, Machine, Params, Protect};
use crate::render::ServerContext;
use crate::resolve::Resolution;

/// What stands for the token of a boot where nobody boots: as long as one, and valid nowhere.
pub const NO_TOKEN: &str = "__token_______________________________________________________";

/// Hands out the tokens of boots, and knows them again.
pub trait Guard {
    /// A token for one boot of `bearer`; none where that can not be done now.
    fn issue(&self, bearer: &Bearer<'_>, protect: &Protect) -> Option<String>;

    /// The token that was presented, if it lets `bearer` have a document of `kind` now; otherwise why not.
    fn check(&self, bearer: &Bearer<'_>, kind: Kind, protect: &Protect) -> Result<&str, &'static str>;

    /// Whether an installation for which a machine was armed has begun, as far as this server knows.
    fn has_begun(&self, bearer: &Bearer<'_>) -> bool;
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// The registered machine.
    pub machine: Option<&'a Machine>,
    /// What it said; tells who it is where it is not registered.
    pub facts: &'a Facts,
    /// For which installation it is armed, if that is asked for.
    pub armed: Option<Armed<'a>>,
}

/// For which installation a machine was armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed<'a> {
    /// The installation.
    pub id: &'a str,
    /// The boot that it began with, if it did.
    pub boot: Option<&'a str>,
}

/// A token can not be made now, so that the machine has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey;

/// Whether an answer may be given.
pub(super) enum Pass {
    /// As to anybody.
    Open,
    /// With URLs that have this boot's token.
    With(Arc<ServerContext>),
    /// The local disk in its place.
    Local,
    /// No.
    Denied(String),
}

impl<'a> Armed<'a> {
    /// What a machine's param says.
    pub fn of(machine: &'a Machine) -> Option<Self> {
        let text = machine.params.get(ARMED)?.as_str().filter(|text| !text.is_empty())?;
        Some(match text.split_once(USED) {
            Some((id, boot)) => Self { id, boot: Some(boot) },
            None => Self { id: text, boot: None },
        })
    }

    /// What the param says once the installation began with `boot`.
    pub fn used(&self, boot: &str) -> String {
        format!("{}{USED}{boot}", self.id)
    }
}

/// Between an installation and the boot that it began with.
const USED: &str = " used by boot ";

impl Boot<'_> {
    /// Whether these facts may have a document of `kind`.
    pub(super) fn pass(
        &self,
        resolution: &Resolution,
        facts: &Facts,
        kind: Kind,
        guard: &impl Guard,
    ) -> Result<Pass, NoKey> {
        let protect = match self.asked_for(resolution, kind) {
            Ok(None) => return Ok(Pass::Open),
            Ok(Some(protect)) => protect,
            Err(problem) => return Ok(Pass::Denied(problem)),
        };
        let machine = resolution.machine.as_deref();
        let armed = machine.filter(|_| protect.arm).and_then(Armed::of);
        let bearer = Bearer { machine, facts, armed };
        if kind == Kind::Ipxe {
            if protect.arm && armed.is_none_or(|armed| armed.boot.is_some() || guard.has_begun(&bearer)) {
                return Ok(Pass::Local);
            }
            if !protect.token {
                return Ok(Pass::Open);
            }
            let token = guard.issue(&bearer, &protect).ok_or(NoKey)?;
            return Ok(Pass::With(self.server_with(&token)));
        }
        let denied = |why: &str| Ok(Pass::Denied(format!("this document is protected: {why}")));
        if protect.accept && !machine.is_some_and(is_accepted) {
            return denied("nobody accepted the machine yet");
        }
        if protect.arm && armed.is_none() {
            return denied("the machine is not armed");
        }
        if !protect.token {
            return Ok(Pass::Open);
        }
        match guard.check(&bearer, kind, &protect) {
            Ok(token) => Ok(Pass::With(self.server_with(token))),
            Err(why) => denied(why),
        }
    }

    /// What a document of `kind` asks for; of the boot script, what any of the documents does that it leads to.
    fn asked_for(&self, resolution: &Resolution, kind: Kind) -> Result<Option<Protect>, String> {
        let layers: [Option<&Params>; 3] = [
            resolution.image.as_ref().map(|image| &image.params),
            resolution.rule.as_ref().map(|rule| &rule.params),
            resolution.machine.as_ref().map(|machine| &machine.params),
        ];
        let mut found: Option<Protect> = None;
        let mut add = |protect: Protect| found = Some(found.unwrap_or_default().and(protect));
        for params in layers.into_iter().flatten() {
            // What can not be read was stored by another version, and protects all the same.
            Protect::of(params).map_err(|invalid| invalid.to_string())?.map(&mut add);
        }
        let templates = &self.snapshot.templates;
        if templates.protect_any() {
            let kinds = Kind::ALL.into_iter().filter(|one| *one == kind || kind == Kind::Ipxe);
            let protects = kinds.filter_map(|kind| templates.protects(resolution.template(kind)?.0));
            protects.for_each(add);
        }
        Ok(found)
    }

    /// Where this server is, in a document that nobody boots with: its URLs show where a token would stand.
    pub(super) fn server_shown(&self, resolution: &Resolution, kind: Kind) -> Arc<ServerContext> {
        let open = || self.server.clone();
        if self.server.token.is_some() {
            return open();
        }
        match self.asked_for(resolution, kind) {
            Ok(Some(protect)) if protect.token => self.server_with(NO_TOKEN),
            _ => open(),
        }
    }

    fn server_with(&self, token: &str) -> Arc<ServerContext> {
        let server = ServerContext { token: Some(token.to_owned()), ..(**self.server).clone() };
        Arc::new(server)
    }
}

fn is_accepted(machine: &Machine) -> bool {
    machine.params.get(ACCEPTED).and_then(serde_json::Value::as_bool) == Some(true)
}

impl Answer {
    /// The answer to who may not have the document.
    pub(super) fn denied(kind: Kind, resolution: &Resolution, problem: String) -> Self {
        let mut answer = Self::new(kind, resolution);
        answer.outcome = Outcome::Denied;
        answer.problem = Some(problem);
        answer
    }
}
