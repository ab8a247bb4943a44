//! The templates that come with the server.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

use crate::domain::{Kind, Template};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| FILES.dirs().flat_map(of_kind).collect());

/// Every built-in template, in no particular order.
pub(super) fn all() -> &'static [Template] {
    &TEMPLATES
}

/// `templates/KIND/NAME.j2`; a test sees to it that no file is left out for its name.
fn of_kind<'a>(dir: &'a Dir<'_>) -> impl Iterator<Item = Template> + use<'a> {
    let kind = dir.path().to_str().and_then(|path| path.parse::<Kind>().ok());
    dir.files().filter_map(move |file| {
        let name = file.path().file_name()?.to_str()?.strip_suffix(".j2")?;
        Some(Template::new(name.parse().ok()?, kind?, file.contents_utf8()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_template() {
        let files: usize = FILES.dirs().map(|dir| dir.files().count()).sum();
        assert_eq!(all().len(), files);
        assert_eq!(FILES.files().count(), 0, "templates live in templates/KIND/");
    }
}
