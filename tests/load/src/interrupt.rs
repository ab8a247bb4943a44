//! SIGINT and SIGTERM: the tool ends, and with it the servers that it started and their directories.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Doing, Failure, Result};

static ASKED_TO_END: AtomicBool = AtomicBool::new(false);

/// Listens for signals from now on.
pub(crate) fn listen() -> Result<()> {
    let what = || "can not listen for signals".to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing(what)?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt()).doing(what)?, signal(SignalKind::terminate()).doing(what)?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        ASKED_TO_END.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// Fails once a signal has come; asked between the steps of whatever takes long, so that everything is put away.
pub(crate) fn check() -> Result<()> {
    if ASKED_TO_END.load(Ordering::Relaxed) {
        return Err(Failure("interrupted".to_owned()));
    }
    Ok(())
}
