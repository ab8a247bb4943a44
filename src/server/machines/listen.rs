//! The socket that machines connect to.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::config::Http;

/// Where Linux keeps the most connections that may wait to be accepted.
const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";

/// After how long without a sign of life the kernel asks a client for one, and how often it asks.
const SILENCE: Duration = Duration::from_secs(30);
const PROBES: u32 = 3;

/// Listens where the configuration says. What is set here, the accepted connections inherit, so that none pays for it.
pub(crate) fn listen(http: &Http) -> io::Result<TcpListener> {
    let address = http.listen();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a restart need not wait for old connections to time out.
    socket.set_reuse_address(true)?;
    if http.reuse_port {
        socket.set_reuse_port(true)?;
    }
    // An answer is one small write; waiting to fill a packet would only delay it.
    socket.set_tcp_nodelay(true)?;
    // A machine that lost its power says no goodbye.
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(SILENCE / 3).with_retries(PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    // The same where it owes us an acknowledgement.
    socket.set_tcp_user_timeout(Some(Duration::from_secs(u64::from(http.stall_seconds))))?;
    socket.bind(&address.into())?;
    socket.listen(http.backlog.into())?;
    socket.set_nonblocking(true)?;
    warn_if_capped(http.backlog);
    Ok(socket.into())
}

/// The kernel says nothing where it makes the backlog shorter, and a burst that overflows it waits for seconds.
fn warn_if_capped(backlog: u16) {
    let cap = std::fs::read_to_string(SOMAXCONN).ok().and_then(|text| text.trim().parse::<u32>().ok());
    if let Some(cap) = cap.filter(|cap| *cap < u32::from(backlog)) {
        tracing::warn!(
            backlog,
            "the kernel lets only {cap} connections wait to be accepted; raise net.core.somaxconn, or set http.backlog \
             to {cap}"
        );
    }
}
