//! The real client binary against a fake server.

mod boot;
mod complete;
mod edit;
mod fake;
mod nouns;
mod outside;
mod params;
mod run;
mod site;
mod template;
mod terminal;
