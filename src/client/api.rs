//! The connection to the server and its services.

use std::time::Duration;

use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint as Transport};
use tonic::{Request, Status};

use super::connect::Target;
use super::environment;
use super::failure::{Exit, Failure};
use crate::proto::first_system::pxe_init_client::PxeInitClient;
use crate::proto::pxe_init::access_service_client::AccessServiceClient;
use crate::proto::pxe_init::audit_service_client::AuditServiceClient;
use crate::proto::pxe_init::boot_service_client::BootServiceClient;
use crate::proto::pxe_init::catalog_service_client::CatalogServiceClient;
use crate::proto::pxe_init::image_service_client::ImageServiceClient;
use crate::proto::pxe_init::journal_service_client::JournalServiceClient;
use crate::proto::pxe_init::machine_service_client::MachineServiceClient;
use crate::proto::pxe_init::rule_service_client::RuleServiceClient;
use crate::proto::pxe_init::template_service_client::TemplateServiceClient;

/// The metadata key under which the audit finds who claims to have called.
const USER_KEY: &str = "x-pxe-init-user";

/// The largest answer that is accepted, in bytes: a page of 1,000 machines with generous parameters.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A channel that puts its deadline and the caller's name on each call.
pub(super) type Connection = InterceptedService<Channel, Caller>;

/// Every service of one server.
#[derive(Clone)]
pub(super) struct Api {
    connection: Connection,
}

/// What goes along with each call.
#[derive(Clone)]
pub(super) struct Caller {
    timeout: Duration,
    user: Option<AsciiMetadataValue>,
    authorization: Option<AsciiMetadataValue>,
}

impl Api {
    /// This server, to which the first call connects. Connecting and each call have `timeout`.
    pub(super) fn new(target: Target, timeout: Duration) -> Result<Self, Failure> {
        let mut transport = Transport::from_shared(target.endpoint.url())
            .map_err(|e| Failure::new(Exit::Usage, e.to_string()))?
            .connect_timeout(timeout);
        if let Some(tls) = target.tls {
            let wrong = |e: tonic::transport::Error| {
                let cause = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
                Failure::new(Exit::Other, format!("TLS: what was given can not be used: {cause}"))
            };
            transport = transport.tls_config(tls).map_err(wrong)?;
        }
        let channel = transport.connect_lazy();
        let user = environment::user().filter(|user| user.is_ascii());
        let user = user.and_then(|user| AsciiMetadataValue::try_from(user).ok());
        let caller = Caller { timeout, user, authorization: target.authorization };
        Ok(Self { connection: InterceptedService::new(channel, caller) })
    }

    pub(super) fn images(&self) -> ImageServiceClient<Connection> {
        ImageServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn templates(&self) -> TemplateServiceClient<Connection> {
        TemplateServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn machines(&self) -> MachineServiceClient<Connection> {
        MachineServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn rules(&self) -> RuleServiceClient<Connection> {
        RuleServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn boot(&self) -> BootServiceClient<Connection> {
        BootServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn catalog(&self) -> CatalogServiceClient<Connection> {
        CatalogServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn journal(&self) -> JournalServiceClient<Connection> {
        JournalServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn access(&self) -> AccessServiceClient<Connection> {
        AccessServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn audit(&self) -> AuditServiceClient<Connection> {
        AuditServiceClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(super) fn first_system(&self) -> PxeInitClient<Connection> {
        PxeInitClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.set_timeout(self.timeout);
        if let Some(user) = &self.user {
            request.metadata_mut().insert(USER_KEY, user.clone());
        }
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        Ok(request)
    }
}
