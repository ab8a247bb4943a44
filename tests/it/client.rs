//! The real client binary, against a fake server and, for manifests, the real one.

mod boot;
mod complete;
mod edit;
mod fake;
mod import;
mod lint;
mod manifests;
mod nouns;
mod outside;
mod params;
mod real;
mod round_trip;
mod run;
mod site;
mod template;
mod terminal;
