//! An HTTP/1.1 client that does no more than iPXE does, so that it leaves the computer to the server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A response must come whole within so many bytes.
const LARGEST: usize = 4 << 20;

/// More headers than any answer has.
const HEADERS: usize = 32;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    /// The status.
    pub(crate) status: u16,
    /// Seconds after which to ask again.
    pub(crate) retry_after: Option<u32>,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
    /// The headers as they came.
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The server closed or reset the connection, after so many bytes of the response.
    #[error("the connection ended after {received} bytes of the response: {reason}")]
    Ended {
        /// How much of the response had come.
        received: usize,
        /// What the system says.
        reason: String,
    },
    /// What came is no response that iPXE could read.
    #[error("no valid response: {0}")]
    Invalid(String),
}

impl Connection {
    /// Connects to `server`, from the address `from` where that is given.
    pub(crate) async fn open(server: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<Self> {
        let stream = match from {
            Some(from) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
                socket.connect(server).await?
            }
            None => TcpStream::connect(server).await?,
        };
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(2048) })
    }

    /// Sends `request` and waits for the whole response.
    pub(crate) async fn ask(&mut self, request: &[u8], with_headers: bool) -> Result<Response<'_>, Broken> {
        self.received.clear();
        if let Err(error) = self.stream.write_all(request).await {
            return Err(Broken::Ended { received: 0, reason: error.to_string() });
        }
        let head = loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
        };
        let whole = head.length + head.body;
        while self.received.len() < whole {
            self.receive().await?;
        }
        if self.received.len() > whole {
            let surplus = self.received.len() - whole;
            return Err(Broken::Invalid(format!("{surplus} bytes came after the body")));
        }
        let headers = if with_headers { headers(&self.received)? } else { Vec::new() };
        Ok(Response {
            status: head.status,
            retry_after: head.retry_after,
            closes: head.closes,
            headers,
            body: &self.received[head.length..],
        })
    }

    async fn receive(&mut self) -> Result<(), Broken> {
        let received = self.received.len();
        if received > LARGEST {
            return Err(Broken::Invalid(format!("the response is longer than {LARGEST} bytes")));
        }
        match self.stream.read_buf(&mut self.received).await {
            Ok(0) => Err(Broken::Ended { received, reason: "the server closed it".to_owned() }),
            Ok(_) => Ok(()),
            Err(error) => Err(Broken::Ended { received, reason: error.to_string() }),
        }
    }
}

/// What a client has to know of the head of a response.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Of the head itself, in bytes.
    length: usize,
    /// Of the body, in bytes.
    body: usize,
    retry_after: Option<u32>,
    closes: bool,
}

impl Head {
    /// The head, if it is there as a whole.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(bytes).map_err(invalid)? else {
            return Ok(None);
        };
        let (mut body, mut retry_after, mut closes) = (None, None, false);
        for header in &*response.headers {
            if header.name.eq_ignore_ascii_case("content-length") {
                body = Some(number(header)?);
            } else if header.name.eq_ignore_ascii_case("retry-after") {
                retry_after = Some(number(header)?);
            } else if header.name.eq_ignore_ascii_case("connection") {
                closes = header.value.eq_ignore_ascii_case(b"close");
            }
        }
        // Without it iPXE waits for ever.
        let body = body.ok_or_else(|| invalid("it has no Content-Length"))?;
        Ok(Some(Self { status: response.code.unwrap_or_default(), length, body, retry_after, closes }))
    }
}

fn headers(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(bytes).map_err(invalid)?;
    Ok(response.headers.iter().map(|header| (header.name, header.value)).collect())
}

fn number<T: std::str::FromStr>(header: &httparse::Header<'_>) -> Result<T, Broken> {
    let text = std::str::from_utf8(header.value).unwrap_or_default();
    text.parse().map_err(|_| invalid(format!("{}: {text:?} is no number", header.name)))
}

fn invalid(problem: impl std::fmt::Display) -> Broken {
    Broken::Invalid(problem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_client_has_to_know() {
        let text = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nRetry-After: 3\r\nconnection: close\r\n\r\n";
        let head = Head::parse(text).unwrap().unwrap();
        assert_eq!(
            head,
            Head { status: 503, length: text.len(), body: 5, retry_after: Some(3), closes: true }
        );
        assert_eq!(Head::parse(&text[..40]).unwrap(), None);
    }

    #[test]
    fn refuses_what_would_hang_ipxe() {
        let error = Head::parse(b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\n").unwrap_err();
        assert_eq!(error.to_string(), "no valid response: it has no Content-Length");
        let error = Head::parse(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").unwrap_err();
        assert_eq!(error.to_string(), "no valid response: content-length: \"many\" is no number");
    }
}
