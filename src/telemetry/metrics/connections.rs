//! What is counted of the connections of machines.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// The connections of machines, and what was refused on them.
#[derive(Default)]
pub struct Connections {
    /// Connections that are open now.
    pub open: Gauge,
    /// How many may be.
    pub limit: Gauge,
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Errors of accepting.
    pub accept_errors: Counter,
    shed: Family<Reason, Counter>,
    closed: Family<Reason, Counter>,
}

impl Connections {
    /// Adds them to `registry`.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("connections_open", "Connections of machines that are open", self.open.clone());
        registry.register(
            "connections_limit",
            "How many connections of machines may be open",
            self.limit.clone(),
        );
        registry.register(
            "connections_accepted",
            "Connections of machines that were accepted",
            self.accepted.clone(),
        );
        registry.register(
            "accept_errors",
            "How often a connection could not be accepted",
            self.accept_errors.clone(),
        );
        registry.register(
            "requests_shed",
            "Requests refused with 503 and Retry-After: too many connections, too long in the queue, too many requests, \
             or the server stops",
            self.shed.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections that were closed for what the client did not do, or to make room",
            self.closed.clone(),
        );
    }

    /// The handle that counts what is refused for `reason`.
    pub fn shed(&self, reason: &'static str) -> Counter {
        self.shed.get_or_create_owned(&Reason { reason })
    }

    /// The handle that counts the connections closed for `reason`.
    pub fn closed(&self, reason: &'static str) -> Counter {
        self.closed.get_or_create_owned(&Reason { reason })
    }
}
