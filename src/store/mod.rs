//! Durable storage of the four nouns; the only module that names sea_orm.
