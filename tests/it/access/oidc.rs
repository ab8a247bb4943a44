//! Tokens of an identity provider.

mod keys;
mod provider;
mod refused;

use std::net::SocketAddr;

use pxe_init::proto::pxe_init as v1;
use tonic::transport::Channel;
use tonic::{Code, Request};

pub(super) use provider::Provider;

/// Who the server takes the holder of this token for: `NAME ROLE SECRETS METHOD`.
async fn who(server: SocketAddr, token: &str) -> Result<String, (Code, String)> {
    let channel = Channel::from_shared(format!("http://{server}")).unwrap().connect().await.unwrap();
    let mut client = v1::access_service_client::AccessServiceClient::new(channel);
    let mut request = Request::new(v1::WhoAmIRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let answer = client.who_am_i(request).await;
    let v1::WhoAmIResponse { name, role, secrets, method } =
        answer.map_err(|status| (status.code(), status.message().to_owned()))?.into_inner();
    Ok(format!("{name} {role} {secrets} {method}"))
}
