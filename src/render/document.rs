//! A rendered document.

use std::ops::Deref;

use bytes::Bytes;

/// The text of a document. To clone it copies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document(Bytes);

impl Document {
    /// How many bytes it has. Unlike that of the text, this costs nothing.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Document> for Bytes {
    fn from(document: Document) -> Self {
        document.0
    }
}

impl From<Document> for String {
    fn from(document: Document) -> Self {
        document.as_ref().to_owned()
    }
}

impl AsRef<str> for Document {
    fn as_ref(&self) -> &str {
        // It was made of a text. Looking at the bytes again is cheap, and only people and tests ask for the text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Deref for Document {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_ref()
    }
}
