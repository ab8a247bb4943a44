//! Findings that somebody wants to keep.

use pxe_init::domain::Kind;
use pxe_init::lint;

fn codes(script: &str) -> Vec<&'static str> {
    lint::lint(Kind::Ipxe, &format!("#!ipxe\n{script}"), None).iter().map(lint::Finding::code).collect()
}

#[test]
fn a_reason_silences() {
    assert_eq!(codes("dhcp\necho on\n"), ["IPX030"]);
    assert_eq!(codes("dhcp # lint: allow IPX030 because the next server asks again\necho on\n"), [""; 0]);
    assert_eq!(codes("# lint: allow IPX030 because of x\n# another comment\ndhcp\necho on\n"), [""; 0]);
    assert_eq!(codes("# lint: allow IPX030, IPX070 because of x\nkernel a\ninitrd b\nboot\n"), [""; 0]);
    assert_eq!(codes("# lint: allow IPX030 because of x\nkernel a \\\n b\necho on\n"), [""; 0]);
}

#[test]
fn a_silence_reaches_no_further() {
    assert_eq!(codes("# lint: allow IPX030 because of x\necho\ndhcp\necho on\n"), ["LNT001", "IPX030"]);
    assert_eq!(codes("dhcp # lint: allow IPX031 because of x\necho on\n"), ["IPX030", "LNT001"]);
    assert_eq!(codes("dhcp # lint: allow IPX030\necho on\n"), ["IPX030", "LNT002"]);
    assert_eq!(codes("dhcp # lint: allow because of x\necho on\n"), ["IPX030", "LNT003"]);
}

#[test]
fn yaml_and_others_have_comments_too() {
    let document = "#cloud-config\nhostnam: a # lint: allow CLC002 because a local module reads it\n";
    assert_eq!(lint::lint(Kind::UserData, document, None), []);
    let document = "d-i hostname string a\n";
    assert_eq!(lint::lint(Kind::Preseed, document, None).len(), 1);
    let document = "# lint: allow PRE004 because it is an alias\nd-i hostname string a\n";
    assert_eq!(lint::lint(Kind::Preseed, document, None), []);
}
