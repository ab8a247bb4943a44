//! Kernel arguments whose value is a URL that the booted system loads.

/// What the value leads to.
#[derive(Clone, Copy)]
enum Leads {
    /// A file.
    File,
    /// An installation tree of Anaconda, or its second stage itself (`dracut-anaconda`).
    Tree,
    /// A directory of cloud-init, to which file names are appended (NoCloud: `seedfrom`).
    Seed,
}

/// The arguments, each as it begins.
const KEYS: [(&str, Leads); 31] = [
    ("apkovl=", Leads::File),
    ("autoyast=", Leads::File),
    ("cloud-config-url=", Leads::File),
    ("coreos.config.url=", Leads::File),
    ("coreos.inst.ignition_url=", Leads::File),
    ("coreos.inst.image_url=", Leads::File),
    ("coreos.live.rootfs_url=", Leads::File),
    ("ds=nocloud-net;s=", Leads::Seed),
    ("ds=nocloud-net;seedfrom=", Leads::Seed),
    ("ds=nocloud;s=", Leads::Seed),
    ("ds=nocloud;seedfrom=", Leads::Seed),
    ("fetch=", Leads::File),
    ("flatcar.config.url=", Leads::File),
    ("harvester.install.config_url=", Leads::File),
    ("harvester.install.iso_url=", Leads::File),
    ("httpfs=", Leads::File),
    ("ignition.config.url=", Leads::File),
    ("inst.ks=", Leads::File),
    ("inst.repo=", Leads::Tree),
    ("inst.stage2=", Leads::Tree),
    ("inst.updates=", Leads::File),
    ("iso-url=", Leads::File),
    ("ks=", Leads::File),
    ("modloop=", Leads::File),
    ("netboot=", Leads::File),
    ("preseed/url=", Leads::File),
    ("root=live:", Leads::File),
    ("stage2=", Leads::Tree),
    ("talos.config=", Leads::File),
    ("updates=", Leads::File),
    ("url=", Leads::File),
];

/// What makes a directory an installation tree: any of them.
const TREE: [&str; 3] = [".treeinfo", "images/install.img", "LiveOS/squashfs.img"];

/// The URL in an argument, where in it that begins, and what to ask for.
pub(super) fn find(argument: &str) -> Option<(&str, usize, Vec<String>)> {
    // Quotes are for the kernel's own parser, and may be around all of it or the value only.
    let quotes = ['"', '\''];
    let bare = argument.trim_start_matches(quotes);
    let (key, leads) = KEYS.iter().find(|(key, _)| bare.starts_with(key))?;
    let url = bare[key.len()..].trim_start_matches(quotes);
    let at = argument.len() - url.len();
    let url = url.trim_end_matches(quotes);
    Some((url, at, tries(url, *leads)))
}

fn tries(url: &str, leads: Leads) -> Vec<String> {
    match leads {
        Leads::Tree if !url.ends_with(".img") && !url.contains('?') => {
            TREE.iter().map(|file| format!("{}/{file}", url.trim_end_matches('/'))).collect()
        }
        Leads::Seed => vec![format!("{url}meta-data")],
        Leads::File | Leads::Tree => vec![url.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lead_to_what_is_asked_for() {
        for (argument, url, tries) in [
            ("url=http://h/p", "http://h/p", vec!["http://h/p"]),
            ("\"ds=nocloud-net;s=http://h/s/\"", "http://h/s/", vec!["http://h/s/meta-data"]),
            ("inst.ks='http://h/ks'", "http://h/ks", vec!["http://h/ks"]),
            ("inst.stage2=http://h/x.img", "http://h/x.img", vec!["http://h/x.img"]),
            (
                "inst.repo=http://h/os",
                "http://h/os",
                vec![
                    "http://h/os/.treeinfo",
                    "http://h/os/images/install.img",
                    "http://h/os/LiveOS/squashfs.img",
                ],
            ),
        ] {
            let (found, at, asked) = find(argument).unwrap();
            assert_eq!((found, asked), (url, tries.into_iter().map(str::to_owned).collect()), "{argument}");
            assert_eq!(&argument[at..at + url.len()], url);
        }
        assert_eq!(find("xurl=http://h"), None);
        assert_eq!(find("console=ttyS0"), None);
    }
}
