//! Templates of Go's text/template that use matchbox's metadata, as far as they have a counterpart: values, `if`, `range`,
//! comments, and the trimming of space.

mod go;

use std::path::Path;
use std::sync::Arc;

use crate::domain::{Kind, Name, Template};
use crate::import::{Import, line};
use crate::manifest::{Place, read_text};

/// Where profiles' templates are.
pub(super) const DIRECTORIES: [&str; 3] = ["ignition", "cloud", "generic"];

/// Adds the template of a file, or says line by line why there is none.
pub(super) fn translate(directory: &str, file: &Path, import: &mut Import) -> Option<(Kind, Name)> {
    let place = Place::of_file(file);
    let text = match read_text(file) {
        Ok(text) => text,
        Err(why) => {
            import.leave_out(place, why);
            return None;
        }
    };
    let kind = match directory {
        "ignition" => Kind::Ignition,
        "cloud" => Kind::UserData,
        _ => Kind::Text,
    };
    if kind == Kind::Ignition && !text.trim_start().starts_with('{') {
        import.leave_out(
            place,
            "no JSON: matchbox makes Ignition of such a file itself; translate it with butane first",
        );
        return None;
    }
    let stem = file.file_name()?.to_string_lossy();
    let name: Name = match format!("{directory}-{stem}").parse() {
        Ok(name) => name,
        Err(error) => {
            import.leave_out(place, error.to_string());
            return None;
        }
    };
    match go::translate(&text, kind) {
        Ok(source) => {
            // Several profiles may name one file.
            let known =
                import.resources.iter().any(|found| found.value.name() == &name && found.place == place);
            if !known {
                import.add(place, Template::new(name.clone(), kind, Arc::<str>::from(source)).into());
            }
            Some((kind, name))
        }
        Err(problems) => {
            for (number, what) in problems {
                import.leave_out(line(file, number), what);
            }
            None
        }
    }
}
