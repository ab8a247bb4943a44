//! Notes that calls were denied.

use std::sync::Arc;

use serde_json::json;

use super::super::{Store, StoreError, connect, error, revision};
use super::{ChainEnd, Content, add};
use crate::domain::{DENIED, Denied, Timestamp};

/// The noun of what was denied.
const CALL: &str = "call";

impl Store {
    /// Notes these, all or none. It makes no catalog revision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if writes to the catalog take too long.
    pub async fn note_denied(&self, denied: &[Denied], at: Timestamp) -> Result<(), StoreError> {
        let turn = tokio::time::timeout(self.options.acquire_timeout, Arc::clone(&self.turn).acquire_owned());
        let Ok(Ok(_turn)) = turn.await else {
            return Err(StoreError::unavailable("other writes took too long; try again"));
        };
        self.file.as_ref().map_or(Ok(()), |file| file.check())?;
        let write = async {
            let tx = connect::begin_write(&self.connection).await?;
            // So that nobody else adds to the chain.
            revision::lock(&tx).await?;
            let mut end = ChainEnd::read(&tx).await?;
            for Denied { actor, rpc, why, count, first, last } in denied {
                let counted = json!({ "count": count, "first_ms": first.0, "last_ms": last.0 }).to_string();
                let content = Content {
                    revision: 0,
                    at,
                    actor,
                    noun: CALL,
                    name: rpc,
                    action: DENIED,
                    before: None,
                    after: Some(counted),
                    message: why,
                    secrets: "[]".to_owned(),
                };
                add(&tx, content, &mut end).await?;
            }
            tx.commit().await?;
            Ok(())
        };
        error::within(self.statement_timeout(), write).await
    }
}
