//! Turns a template and a context into a document; the only module that names minijinja.
