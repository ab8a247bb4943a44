//! Something that can be booted.

use serde::{Deserialize, Serialize};

use super::labels::check_labels;
use super::protect::check_protect;
use super::violation::{check_keys, check_text};
use super::{Labels, Name, ParamSpecs, Params, Templates, Violation};

/// The longest path, URL or kernel argument, in bytes. Linux takes 2,048 bytes of command line on x86
/// (`COMMAND_LINE_SIZE`) and iPXE no limit of its own.
const MAX_TEXT: usize = 2048;

/// Something that can be booted. Without a kernel it is a null image: the machine boots its local disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its name.
    pub name: Name,
    /// Absolute URL, or path relative to the asset base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Absolute URLs or paths, loaded in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initrds: Vec<String>,
    /// Absolute URL or path of the root file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootfs: Option<String>,
    /// Kernel arguments, each `KEY=VALUE` or `KEY`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The CPU architecture that the kernel is for, in iPXE's spelling (`x86_64`, `arm64`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Marks by which operators find and group it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The lowest layer of parameters.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// The params that its documents take, beside those that its templates declare; this wins over those.
    #[serde(default, skip_serializing_if = "ParamSpecs::is_empty")]
    pub declares: ParamSpecs,
    /// The template that renders each kind of document for this image.
    #[serde(default, skip_serializing_if = "Templates::is_empty")]
    pub templates: Templates,
}

impl Image {
    /// An image of this name that boots nothing.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            kernel: None,
            initrds: Vec::new(),
            rootfs: None,
            args: Vec::new(),
            arch: None,
            labels: Labels::new(),
            params: Params::new(),
            declares: ParamSpecs::new(),
            templates: Templates::new(),
        }
    }

    /// Whether it boots the local disk.
    pub fn is_null(&self) -> bool {
        self.kernel.is_none()
    }

    /// What an operator must mend before this image can be stored.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.is_null() && (!self.initrds.is_empty() || self.rootfs.is_some() || !self.args.is_empty()) {
            found.push(Violation::new(
                "kernel",
                "is missing, but initrds, rootfs or args are given; give the kernel that takes them, or none of them for an image that boots the local disk",
            ));
        }
        let initrds = self.initrds.iter().enumerate().map(|(i, path)| (format!("initrds[{i}]"), path));
        let paths = self.kernel.iter().map(|path| ("kernel".to_owned(), path)).chain(initrds);
        for (field, path) in paths.chain(self.rootfs.iter().map(|path| ("rootfs".to_owned(), path))) {
            check_path(&field, path, &mut found);
        }
        for (i, argument) in self.args.iter().enumerate() {
            check_text(&format!("args[{i}]"), argument, MAX_TEXT, &mut found);
        }
        if let Some(arch) = &self.arch {
            check_text("arch", arch, 63, &mut found);
        }
        check_labels(&self.labels, &mut found);
        check_keys("params", self.params.keys(), &mut found);
        check_protect(&self.params, &mut found);
        check_keys("declares", self.declares.keys(), &mut found);
        for (name, spec) in &self.declares {
            found.extend(spec.violations(&format!("declares.{name}")));
            if let Some(Err(problem)) = self.params.get(name).map(|value| spec.accepts(value)) {
                found.push(Violation::new(format!("params.{name}"), problem));
            }
        }
        found
    }
}

/// `path` as absolute URL, where `base` is what relative paths are joined to. A path may repeat the `assets/` at the end
/// of our own base, so that an image works with an assets directory and with a forward server that has one.
pub fn asset_url(base: &str, path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let base = base.trim_end_matches('/');
    let path = path.trim_start_matches('/');
    let path = if base.ends_with("/assets") { path.strip_prefix("assets/").unwrap_or(path) } else { path };
    [base, "/", path].concat()
}

fn check_path(field: &str, path: &str, found: &mut Vec<Violation>) {
    let before = found.len();
    check_text(field, path, MAX_TEXT, found);
    if found.len() > before {
        return;
    }
    if path.contains(|c: char| c.is_whitespace()) {
        found.push(Violation::new(
            field,
            format!("{path:?} contains a space, which ends a word in iPXE; write %20"),
        ));
    } else if let Some((scheme, rest)) = path.split_once("://") {
        let named = !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'+');
        if !named || rest.is_empty() || rest.starts_with('/') {
            found.push(Violation::new(
                field,
                format!(
                    "{path:?} is no absolute URL; write it like http://host/path, the scheme in lower case"
                ),
            ));
        }
    } else if path.split('/').any(|part| part == "..") {
        found.push(Violation::new(field, format!("{path:?} climbs out of the asset base; remove the ..")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_joined() {
        for (base, path, url) in [
            ("http://files", "assets/a/b", "http://files/assets/a/b"),
            ("http://files/", "/a", "http://files/a"),
            ("http://boot:8080/assets", "a", "http://boot:8080/assets/a"),
            ("http://boot:8080/assets", "/assets/a", "http://boot:8080/assets/a"),
            ("http://boot:8080/assets", "https://x/a", "https://x/a"),
        ] {
            assert_eq!(asset_url(base, path), url);
        }
    }

    #[test]
    fn says_which_path_is_wrong() {
        let mut image = Image::new("fcos".parse().unwrap());
        image.initrds = vec!["a".into()];
        let fields = |image: &Image| image.violations().into_iter().map(|v| v.field).collect::<Vec<_>>();
        assert_eq!(fields(&image), ["kernel"]);
        for bad in ["a b", "a\nb", "../a", "HTTP://x/a", "http://", "http:///a", " a", ""] {
            image.kernel = Some(bad.into());
            assert_eq!(fields(&image), ["kernel"], "{bad:?}");
        }
        for good in ["a", "/a/b", "http://x/a", "tftp://x/a", "nfs://x/a"] {
            image.kernel = Some(good.into());
            assert_eq!(fields(&image), Vec::<String>::new(), "{good:?}");
        }
    }
}
