//! The command line client: nouns and verbs, and how their answers are printed.
