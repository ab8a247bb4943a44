//! What the four nouns have in common.

use super::api::Api;
use super::failure::Failure;
use super::print::Row;
use crate::domain::Noun;
use crate::proto::pxe_init::{ListOptions, WriteResult};

/// Something that stands under a name on the server.
pub(super) trait Resource: Row + Clone {
    /// Which of the four.
    const NOUN: Noun;

    /// What it stands under.
    fn name(&self) -> &str;

    /// The catalog revision that last changed it.
    fn revision(&self) -> u64;

    /// One page of those that match.
    async fn list(api: &Api, options: ListOptions) -> Result<Page<Self>, Failure>;

    /// The one of this name.
    async fn get(api: &Api, name: &str) -> Result<Self, Failure>;

    /// Creates or replaces it.
    async fn register(self, api: &Api, write: &Write) -> Result<Written, Failure>;

    /// Replaces what stood at `write.base_revision`.
    async fn update(self, api: &Api, write: &Write) -> Result<Written, Failure>;

    /// Takes away the one of this name.
    async fn delete(api: &Api, name: &str, write: &Write) -> Result<Written, Failure>;
}

/// A resource that people edit as text.
pub(super) trait Editable: Resource {
    /// What the editor gets.
    fn text(&self) -> Result<String, Failure>;

    /// The end of the name of the editor's file, so that it knows the syntax.
    fn suffix(&self) -> &str;

    /// Further advice above the text.
    fn advice(&self) -> Option<String>;

    /// This resource with what came back from the editor in the place of [`Editable::text`].
    fn edited(&self, text: &str) -> Result<Self, Failure>;
}

/// One page of a list.
pub(super) struct Page<T> {
    /// In the server's order.
    pub(super) rows: Vec<T>,
    /// Where the next page begins; empty on the last.
    pub(super) next: String,
    /// How many there are on all pages.
    pub(super) total: u64,
}

/// How something is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Write {
    /// What it is based on; 0 for whatever stands there.
    pub(super) base_revision: u64,
    /// Check only.
    pub(super) dry_run: bool,
    /// Why, for the history.
    pub(super) message: String,
    /// Also if documents of registered machines can not be rendered then.
    pub(super) force: bool,
}

/// What a write did.
pub(super) struct Written {
    /// What the server says.
    pub(super) result: WriteResult,
    /// The save that is the template's head now.
    pub(super) number: Option<u32>,
}

impl From<Option<WriteResult>> for Written {
    fn from(result: Option<WriteResult>) -> Self {
        Self { result: result.unwrap_or_default(), number: None }
    }
}
