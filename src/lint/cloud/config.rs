//! user-data and vendor-data. Keys and types of the top level are those of cloud-init's own schema (26.1 and before); what
//! the modules take below is looked at for the commonest only.

use super::super::autoinstall;
use super::super::finding::Finding;
use super::super::shape::Shape::{Any, Bool, Either, List, Map, Names, Number, Text};
use super::super::shape::{self, Field, Rules, Shape, field, required};
use super::super::tree::{Node, Value};
use super::super::yaml;
use super::{MISSING, MISTYPED, NO_HEADER, NO_MAP, PLAIN_MODE, UNKNOWN_KEY};

/// How documents begin that cloud-init takes for something else than cloud-config.
const OTHER_HEADERS: [&str; 9] = [
    "#!",
    "#include",
    "#cloud-config-archive",
    "#cloud-boothook",
    "#part-handler",
    "#cloud-config-jsonp",
    "## template: jinja",
    "Content-Type:",
    "MIME-Version:",
];

/// Everything that is wrong with user-data or vendor-data.
pub(in crate::lint) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if text.trim().is_empty() || OTHER_HEADERS.iter().any(|header| text.starts_with(header)) {
        return found;
    }
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != "#cloud-config" {
        let message = if first.to_ascii_lowercase().contains("cloud-config") {
            format!("the first line is {first:?}, and has to be `#cloud-config`")
        } else {
            "the first line is no `#cloud-config`".to_owned()
        };
        found.push(Finding::new(&NO_HEADER, 0..first.len(), message));
    }
    let Some(root) = yaml::parse(text, &mut found) else { return found };
    if !matches!(root.value, Value::Map(_)) {
        found.push(Finding::new(&NO_MAP, root.range.clone(), format!("the document is {}", root.what())));
        return found;
    }
    let rules = Rules {
        unknown: &UNKNOWN_KEY,
        mistyped: &MISTYPED,
        missing: &MISSING,
        duplicate: &yaml::DUPLICATE_KEY,
        nothing: false,
        version: 0,
        called: "",
    };
    permissions(&root, &mut found);
    shape::check(&root, &CONFIG, "", &rules, &mut found);
    found.retain(|finding| finding.rule != &MISTYPED || !finding.message.contains(".permissions is"));
    if let Some(autoinstall) = root.get("autoinstall") {
        autoinstall::inner(autoinstall, &mut found);
    }
    found
}

fn permissions(root: &Node, found: &mut Vec<Finding>) {
    let files = root.get("write_files").map(Node::items).unwrap_or_default();
    for mode in files.iter().filter_map(|file| file.get("permissions")).filter(|mode| mode.number().is_some())
    {
        found.push(Finding::new(&PLAIN_MODE, mode.range.clone(), "the permissions are a number"));
    }
}

const TEXTS: Shape = List(&Text);
/// A command line, or its words.
const COMMANDS: Shape = List(&Either(&[Text, List(&Any)]));
const OBJECT: Shape = Names(&Any);

static CONFIG: Shape = Map(&[
    field("allow_public_ssh_keys", Bool),
    field("ansible", OBJECT),
    field("apk_repos", OBJECT),
    field("apt", OBJECT),
    field("apt_pipelining", Either(&[Bool, Number, Text])),
    field("apt_reboot_if_required", Bool),
    field("apt_update", Bool),
    field("apt_upgrade", Bool),
    field("authkey_hash", Text),
    field("autoinstall", Any),
    field("bootcmd", COMMANDS),
    field("byobu_by_default", Text),
    field("ca-certs", OBJECT),
    field("ca_certs", OBJECT),
    field("chef", OBJECT),
    field("chpasswd", OBJECT),
    field("cloud_config_modules", List(&Any)),
    field("cloud_final_modules", List(&Any)),
    field("cloud_init_modules", List(&Any)),
    field("create_hostname_file", Bool),
    field("datasource", OBJECT),
    field("datasource_list", List(&Any)),
    field("debug", Any),
    field("device_aliases", OBJECT),
    field("disable_ec2_metadata", Bool),
    field("disable_root", Bool),
    field("disable_root_opts", Text),
    field("disk_setup", OBJECT),
    field("drivers", OBJECT),
    field("fan", OBJECT),
    field("final_message", Text),
    field("fqdn", Text),
    field("fs_setup", List(&OBJECT)),
    field("groups", Any),
    field("growpart", OBJECT),
    field("grub-dpkg", OBJECT),
    field("grub_dpkg", OBJECT),
    field("hostname", Text),
    field(
        "keyboard",
        Map(&[
            required("layout", Text),
            field("model", Text),
            field("variant", Text),
            field("options", Text),
        ]),
    ),
    field("landscape", OBJECT),
    field("launch-index", Number),
    field("locale", Either(&[Bool, Text])),
    field("locale_configfile", Text),
    field("lxd", OBJECT),
    field("manage_etc_hosts", Either(&[Bool, Text])),
    field("manage_resolv_conf", Bool),
    field("mcollective", OBJECT),
    field("merge_how", Either(&[Text, List(&Any)])),
    field("merge_type", Either(&[Text, List(&Any)])),
    field("migrate", Any),
    field("mount_default_fields", List(&Any)),
    field("mounts", List(&List(&Any))),
    field("network", Any),
    field("no_ssh_fingerprints", Bool),
    field("ntp", Any),
    field("output", Any),
    field("package_reboot_if_required", Bool),
    field("package_update", Bool),
    field("package_upgrade", Bool),
    field("packages", List(&Any)),
    field("password", Text),
    field("phone_home", Map(&[required("url", Text), field("post", Any), field("tries", Number)])),
    field(
        "power_state",
        Map(&[
            field("delay", Either(&[Number, Text])),
            required("mode", Text),
            field("message", Text),
            field("timeout", Number),
            field("condition", Any),
        ]),
    ),
    field("prefer_fqdn_over_hostname", Bool),
    field("preserve_hostname", Bool),
    field("puppet", OBJECT),
    field("random_seed", OBJECT),
    field("reporting", Any),
    field("resize_rootfs", Either(&[Bool, Text])),
    field("resolv_conf", OBJECT),
    field("rh_subscription", OBJECT),
    field("rpi", OBJECT),
    field("rsyslog", OBJECT),
    field("runcmd", COMMANDS),
    field("salt_minion", OBJECT),
    field("snap", OBJECT),
    field("spacewalk", OBJECT),
    field("ssh", OBJECT),
    field("ssh_authorized_keys", TEXTS),
    field("ssh_deletekeys", Bool),
    field("ssh_fp_console_blacklist", TEXTS),
    field("ssh_genkeytypes", TEXTS),
    field("ssh_import_id", TEXTS),
    field("ssh_key_console_blacklist", TEXTS),
    field("ssh_keys", Names(&Text)),
    field("ssh_publish_hostkeys", OBJECT),
    field("ssh_pwauth", Either(&[Bool, Text])),
    field("ssh_quiet_keygen", Bool),
    field("swap", OBJECT),
    field("system_info", OBJECT),
    field("timezone", Text),
    field("ubuntu_advantage", OBJECT),
    field("ubuntu_pro", OBJECT),
    field("updates", OBJECT),
    field("user", Either(&[Text, OBJECT])),
    field("users", Either(&[Text, OBJECT, List(&Either(&[Text, List(&Text), Map(USER)]))])),
    field("vendor_data", OBJECT),
    field("version", Any),
    field("wireguard", Any),
    field(
        "write_files",
        List(&Map(&[
            required("path", Text),
            field("append", Bool),
            field("content", Text),
            field("defer", Bool),
            field("encoding", Text),
            field("owner", Text),
            field("permissions", Text),
            field("source", OBJECT),
        ])),
    ),
    field("yum_repo_dir", Text),
    field("yum_repos", OBJECT),
    field("zypper", OBJECT),
]);

const USER: &[Field] = &[
    field("name", Text),
    field("doas", TEXTS),
    field("expiredate", Text),
    field("gecos", Text),
    field("groups", Any),
    field("hashed_passwd", Text),
    field("homedir", Text),
    field("inactive", Any),
    field("lock-passwd", Bool),
    field("lock_passwd", Bool),
    field("no-create-home", Bool),
    field("no_create_home", Bool),
    field("no-log-init", Bool),
    field("no_log_init", Bool),
    field("no-user-group", Bool),
    field("no_user_group", Bool),
    field("passwd", Text),
    field("plain_text_passwd", Text),
    field("create_groups", Bool),
    field("primary-group", Text),
    field("primary_group", Text),
    field("selinux-user", Text),
    field("selinux_user", Text),
    field("shell", Text),
    field("snapuser", Text),
    field("ssh-authorized-keys", TEXTS),
    field("ssh_authorized_keys", TEXTS),
    field("ssh-import-id", TEXTS),
    field("ssh_import_id", TEXTS),
    field("ssh_redirect_user", Bool),
    field("sudo", Any),
    field("system", Bool),
    field("uid", Either(&[Number, Text])),
    field("default", Any),
];
