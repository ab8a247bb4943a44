//! Images, machines and rules: list, get, register, delete.

use super::run::Client;

const IMAGE: &str = "image register fcos --kernel fcos/vmlinuz --initrd fcos/a.img --initrd fcos/b.img --rootfs fcos/root.img \
                     --arg console=ttyS0 --arg quiet --arch x86_64 --param 'disks=[\"/dev/sda\"]' --param on=yes \
                     --template ipxe=coreos --template ignition=coreos-ign";
const MACHINE: &str = "machine register web-1 --mac 52:54:00:12:34:56 --mac 52:54:00:12:34:57 --serial 0042 --hostname web-1 \
                       --label rack=r12 --param size=3 --image fcos";
const RULE: &str = "rule register rack --priority -5 --match label.rack=r1* --match label.rack=!r13 --match arch=x86_64 \
                    --image fcos --param greeting='hello: world'";

fn furnished() -> Client {
    let client = Client::new();
    for args in [IMAGE, MACHINE, RULE] {
        client.ok(args);
    }
    client
}

#[test]
fn register_says_what_it_did() {
    let client = Client::new();
    let steps = [
        "image register local --dry-run",
        "image register local",
        "image register local",
        "image register local --kernel k",
        "image register local --kernel k2 -o json",
        "image register local --kernel k3 -o name",
        "image register local --kernel k4 -q",
        "image register local --kernel k5 --base-revision 1",
    ];
    let text: String = steps.map(|args| format!("$ {args}\n{}", client.run(args))).concat();
    insta::assert_snapshot!(text, @r#"
    $ image register local --dry-run
    exit 0
    --- stdout
    image/local created (dry run, nothing written)
    $ image register local
    exit 0
    --- stdout
    image/local created
    $ image register local
    exit 0
    --- stdout
    image/local unchanged
    $ image register local --kernel k
    exit 0
    --- stdout
    image/local updated
      field: before → after
    $ image register local --kernel k2 -o json
    exit 0
    --- stdout
    {
      "noun": "image",
      "name": "local",
      "outcome": "updated",
      "dry_run": false,
      "revision": 3,
      "changed": [
        "field: before → after"
      ],
      "warnings": []
    }
    $ image register local --kernel k3 -o name
    exit 0
    --- stdout
    image/local
    $ image register local --kernel k4 -q
    exit 0
    $ image register local --kernel k5 --base-revision 1
    exit 5
    --- stderr
    error: image local: "local" is at revision 5, not 1
    hint: get it again, look at what changed, and repeat
    "#);
}

#[test]
fn refusals_have_a_line_for_each_field() {
    let client = Client::new();
    insta::assert_snapshot!(client.run("machine register web-1 --mac 52:54 --label rack=' '"), @r#"
    exit 4
    --- stderr
    error: the command line: machine web-1: macs[0]: "52:54" is no MAC address; write it like 52:54:00:12:34:56
    "#);
    insta::assert_snapshot!(client.run("machine register web-1 --uuid 52:54 --mac 52:54"), @r#"
    exit 4
    --- stderr
    error: 2 mistakes; nothing was sent
      the command line: machine web-1: macs[0]: "52:54" is no MAC address; write it like 52:54:00:12:34:56
      the command line: machine web-1: uuid: "52:54" is no UUID; write it like 4c4c4544-0042-3510-8052-b4c04f4d3532
    "#);
    insta::assert_snapshot!(client.run("image register a --kernel k..k"), @r#"
    exit 4
    --- stderr
    error: image a: this image is not valid
      kernel: climbs out of the asset base; remove the ..
    "#);
    assert_eq!(client.fake.state.lock().unwrap().revision, 0);
}

#[test]
fn every_format_shows_what_was_registered() {
    let client = furnished();
    let mut text = String::new();
    for noun in ["image", "machine", "rule"] {
        for format in ["table", "wide", "yaml", "json", "name"] {
            text += &format!("$ {noun} list -o {format}\n{}", client.ok(&format!("{noun} list -o {format}")));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_get_prints_register_reads() {
    let client = furnished();
    for (noun, name) in [("image", "fcos"), ("machine", "web-1"), ("rule", "rack")] {
        for format in ["yaml", "json"] {
            let document = client.ok(&format!("{noun} get {name} -o {format}")).stdout;
            let again = client.run_with(&format!("{noun} register -f -"), &document);
            assert_eq!((again.exit, again.stdout), (0, format!("{noun}/{name} unchanged\n")), "{document}");
            let list = client.ok(&format!("{noun} list -o {format}")).stdout;
            let again = client.run_with(&format!("{noun} register -f -"), &list);
            assert_eq!((again.exit, again.stdout), (0, format!("{noun}/{name} unchanged\n")), "{list}");
        }
    }
}

#[test]
fn documents_are_those_of_the_domain() {
    let client = furnished();
    let document = |noun: &str, name: &str| {
        let text = client.ok(&format!("{noun} get {name} -o yaml")).stdout;
        text.lines()
            .filter(|line| !line.starts_with("revision:") && !line.starts_with("noun:"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let image: pxe_init::domain::Image = serde_saphyr::from_str(&document("image", "fcos")).unwrap();
    let machine: pxe_init::domain::Machine = serde_saphyr::from_str(&document("machine", "web-1")).unwrap();
    let rule: pxe_init::domain::Rule = serde_saphyr::from_str(&document("rule", "rack")).unwrap();
    assert_eq!(image.params["on"], "yes");
    assert_eq!(machine.serial.as_deref(), Some("0042"));
    assert_eq!(rule.selector.terms().len(), 2);
}

#[test]
fn documents_are_read_strictly() {
    let client = Client::new();
    for (document, part) in [
        ("name: a\nkernal: k\n", "standard input:2:1: "),
        ("name: a\nkernel: k\nkernel: l\n", "duplicate"),
        ("kernel: k\n", "name is missing"),
        ("name: [\n", "standard input:1:7: no YAML"),
        ("name: a\n---\nnoun: rule\nname: b\n", "standard input:3:7: "),
        ("", "standard input: there is no image in it"),
    ] {
        let run = client.run_with("image register -f -", document);
        assert_eq!((run.exit, run.stdout.as_str()), (4, ""), "{document}\n{run}");
        assert!(run.stderr.contains(part), "{document}\n{run}");
    }
    insta::assert_snapshot!(client.run_with("image register -f -", "name: a\nkernal: k\n"), @r#"
    exit 4
    --- stderr
    error: standard input:2:1: image a: "kernal" is unknown here; did you mean kernel? It is one of name, kernel, initrds, rootfs, args, arch, labels, params, declares, templates
    "#);
    insta::assert_snapshot!(client.run_with("image register b -f -", "name: a\n"), @r#"
    exit 2
    --- stderr
    error: the file declares "a", not "b"
    "#);
    insta::assert_snapshot!(client.run("image register -f /does/not/exist"), @r#"
    exit 1
    --- stderr
    error: /does/not/exist: No such file or directory (os error 2)
    "#);
    assert!(client.fake.state.lock().unwrap().images.0.is_empty());
}

#[test]
fn a_list_of_documents_is_registered_one_by_one() {
    let client = Client::new();
    let documents = "# two\n- name: a\n- name: b\n  kernel: k..k\n- {\"name\": \"c\"}\n";
    insta::assert_snapshot!(client.run_with("image register -f -", documents), @r#"
    exit 4
    --- stdout
    image/a created
    image/c created
    --- stderr
    error: image b: this image is not valid
      kernel: climbs out of the asset base; remove the ..
    "#);
    insta::assert_snapshot!(client.run_with("image register -f - -o json --dry-run", "[{\"name\": \"a\"}, {\"name\":\t\"d\"}]"), @r#"
    exit 0
    --- stdout
    [
      {
        "noun": "image",
        "name": "a",
        "outcome": "unchanged",
        "dry_run": true,
        "revision": 2,
        "changed": [],
        "warnings": []
      },
      {
        "noun": "image",
        "name": "d",
        "outcome": "created",
        "dry_run": true,
        "revision": 2,
        "changed": [],
        "warnings": []
      }
    ]
    "#);
}

#[test]
fn lists_walk_the_pages() {
    let client = Client::new();
    let documents: String = (0..8).map(|i| format!("- name: m{i}\n  serial: s{i}\n")).collect();
    assert_eq!(client.run_with("machine register -f -", &documents).exit, 0);
    let names = |args: &str| client.ok(args).stdout.lines().count();
    assert_eq!(names("machine list -o name"), 8);
    assert_eq!(names("machine list -o table"), 9);
    assert_eq!(names("machine list -o name --limit 5"), 5);
    assert_eq!(client.ok("machine list --limit 2 -o name").stderr, "2 of 8 machines\n");
    assert_eq!(names("machine list -o name --filter name=m3"), 1);
    let array: Vec<serde_json::Value> =
        serde_json::from_str(&client.ok("machine list -o json").stdout).unwrap();
    assert_eq!(array.len(), 8);
    let list: Vec<serde_json::Value> =
        serde_saphyr::from_str(&client.ok("machine list -o yaml").stdout).unwrap();
    assert_eq!(list, array);
}

#[test]
fn empty_lists_say_so() {
    let client = Client::new();
    insta::assert_snapshot!(client.ok("rule list"), @r#"
    exit 0
    --- stderr
    no rules are registered
    "#);
    insta::assert_snapshot!(client.ok("rule list -o json --filter image=x"), @r#"
    exit 0
    --- stdout
    []
    --- stderr
    no rule matches the filter
    "#);
}

#[test]
fn get_tells_which_are_missing() {
    let client = furnished();
    insta::assert_snapshot!(client.run("machine get web-1 web-2 -o name"), @r#"
    exit 3
    --- stdout
    machine/web-1
    --- stderr
    error: there is no "web-2"
    "#);
    insta::assert_snapshot!(client.run("machine get web-2"), @r#"
    exit 3
    --- stderr
    error: there is no "web-2"
    "#);
}

#[test]
fn delete_reports_each_and_exits_with_the_worst() {
    let client = furnished();
    client.ok("image register local");
    insta::assert_snapshot!(client.run("image delete local --dry-run"), @r#"
    exit 0
    --- stdout
    image/local deleted (dry run, nothing written)
    "#);
    insta::assert_snapshot!(client.run("image delete local gone fcos"), @r#"
    exit 4
    --- stdout
    image/local deleted
    --- stderr
    error: there is no "gone"
    error: machine "web-1" uses image "fcos"
    "#);
    insta::assert_snapshot!(client.run("machine delete web-1 --base-revision 1"), @r#"
    exit 5
    --- stderr
    error: "web-1" is at revision 2, not 1
    hint: get it again, look at what changed, and repeat
    "#);
    insta::assert_snapshot!(client.run("rule delete rack --yes"), @r#"
    exit 0
    --- stdout
    rule/rack deleted
    "#);
    let state = client.fake.state.lock().unwrap();
    assert_eq!((state.images.0.len(), state.machines.0.len(), state.rules.0.len()), (1, 1, 0));
}

#[test]
fn warnings_go_to_standard_error() {
    let client = Client::new();
    client.fake.state.lock().unwrap().revision = 6;
    insta::assert_snapshot!(client.ok("image register local"), @r#"
    exit 0
    --- stdout
    image/local created
    --- stderr
    warning: seven is a lot
    "#);
}

#[test]
fn the_first_systems_commands_stay() {
    let client = furnished();
    client.ok("image register debian --kernel debian/linux --initrd debian/initrd.gz");
    insta::assert_snapshot!(client.ok("list-images"), @r#"
    exit 0
    --- stdout
    +--------+-----------------------------+---------------------------------+------------------------------+
    |  NAME  |           KERNEL            |             INITRD              |            ROOTFS            |
    +--------+-----------------------------+---------------------------------+------------------------------+
    | debian | http://forward/debian/linux | http://forward/debian/initrd.gz |                              |
    | fcos   | http://forward/fcos/vmlinuz | http://forward/fcos/a.img       | http://forward/fcos/root.img |
    +--------+-----------------------------+---------------------------------+------------------------------+
    "#);
    insta::assert_snapshot!(client.ok("list-images -o name"), @r#"
    exit 0
    --- stdout
    image/debian
    image/fcos
    "#);
    let bind = "register-machine-image --mac-address 52:54:00:AA:BB:CC --image-name";
    insta::assert_snapshot!(client.ok(&format!("{bind} debian --dry-run")), @r#"
    exit 0
    --- stdout
    machine/52-54-00-aa-bb-cc created (dry run, nothing written)
    "#);
    insta::assert_snapshot!(client.ok(&format!("{bind} debian")), @r#"
    exit 0
    --- stdout
    machine/52-54-00-aa-bb-cc created
    --- stderr
    machine 52-54-00-aa-bb-cc (52:54:00:AA:BB:CC) boots image debian
    "#);
    insta::assert_snapshot!(client.run(&format!("{bind} nothing")), @r#"
    exit 3
    --- stderr
    error: there is no "nothing"
    "#);
}
