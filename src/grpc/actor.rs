//! Who calls.

use tonic::Request;
use tonic::transport::server::TcpConnectInfo;

use crate::domain::Actor;

/// The header in which a client says who uses it. Nothing proves it: the audit shows it as a claim.
const USER: &str = "x-pxe-init-user";

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 64;

/// Who makes this call, as far as it is known.
pub(super) fn actor<T>(request: &Request<T>) -> Actor {
    let claimed = request.metadata().get(USER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name: String = claimed.chars().filter(char::is_ascii_graphic).take(MAX_NAME).collect();
    let origin = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    Actor {
        name: if name.is_empty() { "anonymous".to_owned() } else { name },
        origin: origin.map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string()),
    }
}
