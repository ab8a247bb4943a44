//! Asks for URLs, once each and a few at a time.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, Error};

use super::super::progress::Progress;
use crate::lint::{Fate, Fates};

/// How many are asked for at a time: a mirror takes more for an attack.
const AT_ONCE: usize = 8;

/// Asks for each; each gets so much time, redirects included.
pub(super) fn ask(urls: &BTreeSet<String>, timeout: Duration) -> Fates {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .user_agent(concat!("pxe-init-client/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let urls: Vec<&String> = urls.iter().collect();
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut progress = Progress::of("URLs");
    let mut fates = Fates::new();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(urls.len()) {
            let (send, agent, urls, next) = (send.clone(), &agent, &urls, &next);
            scope.spawn(move || {
                while let Some(url) = urls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver outlives all of them.
                    let _ = send.send(((*url).clone(), one(agent, url)));
                }
            });
        }
        drop(send);
        for (url, fate) in receive {
            fates.insert(url, fate);
            progress.show(fates.len() as u64, urls.len() as u64);
        }
    });
    progress.clear();
    fates
}

fn one(agent: &Agent, url: &str) -> Fate {
    let answer = match agent.head(url).call() {
        // Some know no HEAD, and a signed URL may hold for GET only.
        Ok(answer) if matches!(answer.status().as_u16(), 403 | 405 | 501) => {
            agent.get(url).header("range", "bytes=0-0").call()
        }
        answer => answer,
    };
    match answer {
        Ok(answer) => answered(&answer),
        Err(e) => failed(&e),
    }
}

fn answered(answer: &Response<Body>) -> Fate {
    let status = answer.status();
    let said = format!("answers {status}").trim_end().to_owned();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Fate::Dead(said),
        // Of an empty file there is no first byte.
        StatusCode::RANGE_NOT_SATISFIABLE => Fate::Alive,
        status if status.is_success() => Fate::Alive,
        _ => Fate::Unknown(said),
    }
}

fn failed(error: &Error) -> Fate {
    match error {
        Error::HostNotFound => Fate::Dead("names a host that does not exist".to_owned()),
        Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            Fate::Dead("refuses the connection".to_owned())
        }
        Error::Io(e) if is_unknown_host(e) => Fate::Dead("names a host that does not exist".to_owned()),
        Error::Timeout(_) => Fate::Unknown("did not answer in time".to_owned()),
        Error::TooManyRedirects => Fate::Unknown("redirects too often".to_owned()),
        Error::BadUri(why) => Fate::Dead(format!("is no URL: {why}")),
        error => Fate::Unknown(format!("could not be asked for: {error}")),
    }
}

/// The resolver has no error kind of its own. One that is not reachable says nothing about the host.
fn is_unknown_host(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("failed to lookup address") && !text.contains("Temporary failure")
}
