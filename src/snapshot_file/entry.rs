//! One line of the body.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::ENTRY;

use crate::catalog::{Catalog, Versioned};
use crate::domain::{Change, Image, Machine, Name, Rule, Stamped, Template};
use crate::seal::Keys;

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Stored<'a> {
    Image(&'a Image),
    Template(&'a Template),
    Rule(&'a Rule),
    Machine(&'a Machine),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Found {
    Image(Image),
    Template(Template),
    Rule(Rule),
    Machine(Machine),
}

/// Writes every entry of the catalog; gives their number.
pub(super) fn write_all(catalog: &Catalog, keys: &Keys, to: &mut impl Write) -> io::Result<u64> {
    let mut count = 0;
    let mut line = Vec::new();
    let mut put = |revision: u64, stored: Stored<'_>| {
        count += 1;
        line.clear();
        serde_json::to_writer(&mut line, &(revision, stored))?;
        if keys.first().is_some() {
            let text = std::str::from_utf8(&line).map_err(io::Error::other)?;
            let sealed = keys.seal(ENTRY, text).map_err(|_| io::Error::other("there is no randomness"))?;
            line.clear();
            line.extend_from_slice(sealed.as_bytes());
        }
        line.push(b'\n');
        to.write_all(&line)
    };
    for Versioned { revision, value } in catalog.images().values() {
        put(*revision, Stored::Image(value))?;
    }
    for Versioned { revision, value } in catalog.templates().values() {
        put(*revision, Stored::Template(value))?;
    }
    for Versioned { revision, value } in catalog.rules().values() {
        put(*revision, Stored::Rule(value))?;
    }
    for Versioned { revision, value } in catalog.machines().iter() {
        put(revision, Stored::Machine(&value))?;
    }
    Ok(count)
}

/// Reads entries; the many machines of one image share its name.
pub(super) struct Reader {
    keys: Keys,
    images: HashSet<Name>,
}

impl Reader {
    pub(super) fn new(keys: &Keys) -> Self {
        Self { keys: keys.clone(), images: HashSet::new() }
    }

    pub(super) fn read(&mut self, line: &[u8]) -> Result<Stamped, serde_json::Error> {
        let (revision, found): (u64, Found) = match line.strip_prefix(b"sealed:") {
            None => serde_json::from_slice(line)?,
            Some(_) => {
                let text = std::str::from_utf8(line).map_err(serde_json::Error::custom)?;
                let opened = self.keys.open(ENTRY, text.trim_end()).map_err(serde_json::Error::custom)?;
                serde_json::from_str(&opened)?
            }
        };
        let change = match found {
            Found::Image(image) => Change::Image(image),
            Found::Template(template) => Change::Template(template),
            Found::Rule(rule) => Change::Rule(rule),
            Found::Machine(mut machine) => {
                machine.image = machine.image.map(|image| self.shared(image));
                Change::Machine(machine)
            }
        };
        Ok(Stamped { revision, change })
    }

    fn shared(&mut self, image: Name) -> Name {
        if let Some(known) = self.images.get(&image) {
            return known.clone();
        }
        self.images.insert(image.clone());
        image
    }
}
