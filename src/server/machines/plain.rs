//! Plain requests, answered without an HTTP stack.
//!
//! Machines that power on open a connection and ask for a document; to answer that with the HTTP stack took twice the
//! processor time (docs/performance.md). So what is read is looked at here first. What is no plain request for a document
//! goes to the stack, together with what was read of it, and so does all that follows on that connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::shared::Stage;
use super::watched::{Order, Phase, Watched};
use crate::http::{PlainRequest, with_date};

/// The longest request that is looked at, in bytes: the longest query and some headers.
const LONGEST: usize = 16 << 10;

/// The most that a thread keeps for answers between two of them, in bytes.
const MOST_KEPT: usize = 256 << 10;

thread_local! {
    static REQUEST: RefCell<Vec<u8>> = RefCell::new(vec![0; LONGEST]);
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A connection for the HTTP stack, and what was read of it.
pub(super) struct Other {
    pub(super) stream: TcpStream,
    pub(super) read: Bytes,
}

/// What became of what a client sent.
enum Turn {
    /// It was answered, and may ask again.
    Answered,
    /// The same, but this is left to be sent.
    Unsent { rest: Bytes, closes: bool },
    /// Nothing more comes, or is wanted.
    Ended,
    /// This was read, and is for others.
    Other(Bytes),
}

/// Answers plain requests until the connection ends, or another one comes.
pub(super) async fn talk(
    socket: std::net::TcpStream,
    peer: SocketAddr,
    watched: &Arc<Watched>,
) -> Result<(), Other> {
    // Where the server has much to do, the request is here already, and no event has to tell it.
    let first = REQUEST.with_borrow_mut(|buffer| match recv(&socket, &mut buffer[..], RecvFlags::DONTWAIT) {
        Ok((0, _)) => Some(Turn::Ended),
        Ok((length, _)) => Some(take(&socket, peer, watched, &buffer[..length])),
        Err(Errno::AGAIN | Errno::INTR) => None,
        Err(_) => Some(Turn::Ended),
    });
    if let Some(Turn::Ended) = first {
        return Ok(());
    }
    let mut stream = match TcpStream::from_std(socket) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %error, "the connection ended at once");
            return Ok(());
        }
    };
    let mut turn = first.unwrap_or(Turn::Answered);
    loop {
        match turn {
            Turn::Answered => {}
            Turn::Unsent { rest, closes } => {
                if !send_rest(&mut stream, rest, watched).await || closes {
                    return Ok(());
                }
            }
            Turn::Ended => return Ok(()),
            Turn::Other(read) => return Err(Other { stream, read }),
        }
        turn = poll_fn(|cx| poll_turn(&mut stream, peer, watched, cx)).await;
    }
}

fn poll_turn(
    stream: &mut TcpStream,
    peer: SocketAddr,
    watched: &Watched,
    cx: &mut Context<'_>,
) -> Poll<Turn> {
    // It is idle, so both orders mean the end.
    if watched.poll_told(cx, Order::None).is_ready() {
        return Poll::Ready(Turn::Ended);
    }
    REQUEST.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(buffer);
        let turn = match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => take(stream, peer, watched, buffer.filled()),
            _ => Turn::Ended,
        };
        Poll::Ready(turn)
    })
}

/// Answers `bytes`, if they are a plain request for a document.
fn take(socket: impl AsFd, peer: SocketAddr, watched: &Watched, bytes: &[u8]) -> Turn {
    ANSWER.with_borrow_mut(|answer| {
        answer.clear();
        let Some(closes) = write_answer(answer, peer, watched, bytes) else {
            return Turn::Other(Bytes::copy_from_slice(bytes));
        };
        let sent = match send(&socket, answer, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(sent) => sent,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => return Turn::Ended,
        };
        watched.begin(Phase::Written);
        let turn = match &answer[sent..] {
            [] if closes => Turn::Ended,
            [] => Turn::Answered,
            rest => Turn::Unsent { rest: Bytes::copy_from_slice(rest), closes },
        };
        answer.shrink_to(MOST_KEPT);
        turn
    })
}

/// Writes the answer to `bytes`, and says whether it is the last on this connection; none where they are for others.
fn write_answer(answer: &mut Vec<u8>, peer: SocketAddr, watched: &Watched, bytes: &[u8]) -> Option<bool> {
    let shared = &watched.shared;
    let request = PlainRequest::read(bytes)?;
    // What is refused, and what else ends a connection while the server stops, is told by the stack.
    if shared.stage() != Stage::Serving {
        return None;
    }
    let _working = shared.work()?;
    let documents = &shared.documents;
    let mut reply = documents.reply(&request.question(peer))?;
    if reply.status == 503 {
        // Not the same for all, so that they do not come back at once.
        reply.retry_after = Some(shared.refusals.seconds());
    }
    with_date(documents.now(), |date| reply.write(answer, date, request.is_head, request.closes));
    Some(request.closes)
}

/// Sends what did not fit at once, and says whether it could.
async fn send_rest(stream: &mut TcpStream, mut rest: Bytes, watched: &Watched) -> bool {
    watched.begin(Phase::Blocked);
    let result: io::Result<()> = poll_fn(|cx| {
        if watched.poll_told(cx, Order::Finish).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        while !rest.is_empty() {
            let sent = ready!(Pin::new(&mut *stream).poll_write(cx, &rest))?;
            rest = rest.split_off(sent);
            // It is blocked since the last time that the client read something.
            watched.begin(Phase::Blocked);
        }
        Poll::Ready(Ok(()))
    })
    .await;
    watched.begin(Phase::Written);
    result.is_ok()
}
