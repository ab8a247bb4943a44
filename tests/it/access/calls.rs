//! Calls with a credential, or without one.

use pxe_init::proto::pxe_init as v1;
use tonic::client::Grpc;
use tonic::codegen::InterceptedService;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::app::TestApp;

/// Puts a token on each call.
#[derive(Clone)]
pub(super) struct Bearer(Option<AsciiMetadataValue>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

pub(super) type Caller = InterceptedService<Channel, Bearer>;

/// A channel of the holder of this token.
pub(super) async fn caller(app: &TestApp, token: Option<&str>) -> Caller {
    let value = token.map(|token| format!("Bearer {token}").parse().unwrap());
    InterceptedService::new(app.channel().await, Bearer(value))
}

pub(super) async fn access(
    app: &TestApp,
    token: Option<&str>,
) -> v1::access_service_client::AccessServiceClient<Caller> {
    v1::access_service_client::AccessServiceClient::new(caller(app, token).await)
}

/// What comes of the call at this path with an empty request: every request can be empty, and no empty one does anything.
pub(super) async fn code(caller: Caller, path: &str) -> (Code, String) {
    let mut client = Grpc::new(caller);
    client.ready().await.unwrap();
    // The way that fits calls of every shape.
    let codec = ProstCodec::<(), ()>::default();
    let result = client.server_streaming(Request::new(()), path.parse().unwrap(), codec).await;
    let status = match result {
        Err(status) => status,
        Ok(response) => {
            let mut answers = response.into_inner();
            // Some have nothing to say for now, and have let the caller in all the same.
            let first = tokio::time::timeout(std::time::Duration::from_millis(300), answers.message()).await;
            match first {
                Ok(Err(status)) => status,
                _ => return (Code::Ok, String::new()),
            }
        }
    };
    (status.code(), status.message().to_owned())
}
