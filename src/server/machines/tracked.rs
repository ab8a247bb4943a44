//! A socket that says what the connection does.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::watched::{Phase, Watched};

/// The most that is read and thrown away of a client that was refused and still sends.
const MOST_DISCARDED: usize = 4 << 20;

/// The longest answer of hyper's own to what is no request.
const LONGEST_BARE: usize = 200;

pub(super) struct Tracked {
    stream: TcpStream,
    watched: Arc<Watched>,
    /// What was read already.
    before: Bytes,
    discarded: usize,
}

impl Tracked {
    /// A socket of which `before` was read already.
    pub(super) fn new(stream: TcpStream, watched: Arc<Watched>, before: Bytes) -> Self {
        Self { stream, watched, before, discarded: 0 }
    }

    /// What to write instead of `buffer`: hyper refuses what it can not read as a request by an answer without a body.
    /// No request was given to us then, so the connection is still in the phase of reading its head.
    fn instead(&self, buffer: &[u8]) -> Option<Vec<u8>> {
        if buffer.len() > LONGEST_BARE || self.watched.phase().0 != Phase::Head {
            return None;
        }
        let text = std::str::from_utf8(buffer).ok()?;
        if !text.contains("content-length: 0\r\n") || !text.ends_with("\r\n\r\n") {
            return None;
        }
        let status = text.strip_prefix("HTTP/1.1 ")?.lines().next()?;
        let line = match status.get(..3)? {
            "400" => "this is no HTTP/1.1 request",
            "414" => "the URI is too long; at most 65534 bytes are read",
            "431" => "the head of the request is too large; at most 100 headers and 32 KiB are read",
            _ => return None,
        };
        self.watched.linger();
        let length = line.len() + 1;
        Some(
            format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
                 content-length: {length}\r\n\r\n{line}\n"
            )
            .into_bytes(),
        )
    }

    fn wrote(&self, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match poll {
            Poll::Ready(_) => self.watched.begin(Phase::Written),
            // It is blocked since the first time, not since the last.
            Poll::Pending if self.watched.phase().0 != Phase::Blocked => self.watched.begin(Phase::Blocked),
            Poll::Pending => {}
        }
        poll
    }
}

impl AsyncRead for Tracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        if self.before.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        } else {
            let length = self.before.len().min(buffer.remaining());
            buffer.put_slice(&self.before.split_to(length));
        }
        let came = buffer.filled().len() > filled;
        if came && matches!(self.watched.phase().0, Phase::New | Phase::Written) {
            self.watched.begin(Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(other) = self.instead(buffer) {
            // The first bytes on an idle socket, so they fit at once.
            ready!(Pin::new(&mut self.stream).poll_write(cx, &other))?;
            return self.wrote(Poll::Ready(Ok(buffer.len())));
        }
        let poll = Pin::new(&mut self.stream).poll_write(cx, buffer);
        self.wrote(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = buffers {
            return self.poll_write(cx, only);
        }
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.wrote(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that nothing more comes, and where the client may still send, reads that until it ends.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.watched.phase().0 != Phase::Lingering {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.watched.lingers() {
                return Poll::Ready(Ok(()));
            }
            self.watched.begin(Phase::Lingering);
        }
        let mut scratch = [0; 4096];
        while self.discarded < MOST_DISCARDED {
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            match buffer.filled().len() {
                0 => break,
                length => self.discarded += length,
            }
        }
        Poll::Ready(Ok(()))
    }
}
