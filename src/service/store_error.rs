//! What a failure of the store is to a caller.

use crate::error::{Code, Error};
use crate::store::StoreError;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Unavailable { .. }
            | StoreError::Refused { .. }
            | StoreError::CommitUnknown { .. }
            | StoreError::NotMigrated { .. } => Code::Unavailable,
            StoreError::Conflict { .. } => Code::AlreadyExists,
            StoreError::Absent { .. } => Code::NotFound,
            StoreError::SchemaTooNew { .. } => Code::FailedPrecondition,
            StoreError::Address { .. }
            | StoreError::BadRow { .. }
            | StoreError::Migration { .. }
            | StoreError::Broken
            | StoreError::Other { .. } => Code::Internal,
        };
        Self::new(code, error.to_string()).caused_by(error)
    }
}
