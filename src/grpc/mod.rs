//! The management API: converts, calls the service, converts back. Generated types stop here.

mod access;
mod audit;
mod boot;
mod catalog;
mod convert;
mod first_system;
mod journal;
mod nouns;
mod replay;
mod status;
mod template;

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::Status;
use tonic::service::Routes;

use crate::proto::first_system::pxe_init_server::PxeInitServer;
use crate::proto::pxe_init as v1;
use crate::service::Service;

pub use access::{Access, Anonymous, Caller, Guarded, Guarding, Known, NEEDS, Need};

/// The largest request, in bytes: the largest template and some room.
const MAX_REQUEST: usize = 4 << 20;

/// The largest request with changes to all nouns: some hundred thousand machines.
const MAX_CHANGES: usize = 64 << 20;

/// The largest response: an explanation of ten thousand rules is a few.
const MAX_RESPONSE: usize = 64 << 20;

/// An answer that comes piece by piece.
type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the services share.
#[derive(Clone)]
struct Api {
    service: Service,
    random: Random,
}

/// Gives 256 bits of chance.
pub type Random = fn() -> std::io::Result<[u8; 32]>;

/// What stands before the services, and has to be around them: without it they refuse all but health.
pub fn guard(service: Service, access: Access) -> Guarding {
    Guarding(access::Guard::new(service, access))
}

/// Every service, with health and reflection.
pub async fn routes(service: Service, random: Random) -> Result<Routes, tonic_reflection::server::Error> {
    let api = Api { service, random };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let described = [crate::proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET];
    let reflection = |set: tonic_reflection::server::Builder<'static>| {
        described.iter().fold(set, |builder, set| builder.register_encoded_file_descriptor_set(set))
    };
    let current = reflection(tonic_reflection::server::Builder::configure()).build_v1()?;
    // Older tools (grpcurl before 1.9) know only v1alpha.
    let older = reflection(tonic_reflection::server::Builder::configure()).build_v1alpha()?;
    macro_rules! limited {
        ($server:path) => {
            limited!($server, MAX_REQUEST)
        };
        ($server:path, $max_request:expr) => {{
            use $server as Server;
            Server::new(api.clone())
                .max_decoding_message_size($max_request)
                .max_encoding_message_size(MAX_RESPONSE)
        }};
    }
    let mut routes = Routes::builder();
    routes
        .add_service(limited!(v1::image_service_server::ImageServiceServer))
        .add_service(limited!(v1::template_service_server::TemplateServiceServer))
        .add_service(limited!(v1::machine_service_server::MachineServiceServer))
        .add_service(limited!(v1::rule_service_server::RuleServiceServer))
        .add_service(limited!(v1::boot_service_server::BootServiceServer))
        .add_service(limited!(v1::catalog_service_server::CatalogServiceServer, MAX_CHANGES))
        .add_service(limited!(v1::journal_service_server::JournalServiceServer))
        .add_service(limited!(v1::access_service_server::AccessServiceServer))
        .add_service(limited!(v1::audit_service_server::AuditServiceServer))
        .add_service(limited!(PxeInitServer))
        .add_service(health)
        .add_service(current)
        .add_service(older);
    Ok(routes.routes())
}
