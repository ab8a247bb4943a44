//! Declared params, as the client shows and completes them.

use super::complete::complete;
use super::run::Client;

#[test]
fn variables_are_listed_in_every_format() {
    let client = Client::new();
    let steps = [
        "template vars linux",
        "template vars linux -o wide",
        "template vars linux -o json",
        "template vars linux -o name",
        "template vars gone",
    ];
    let text: String = steps.map(|args| format!("$ {args}\n{}", client.run(args))).concat();
    insta::assert_snapshot!(text);
    let run = client.run_with("template vars new --template-file - --kind user-data -q", "x: 1");
    assert!(run.stdout.contains("user-data new x: 1"), "{run}");
}

#[test]
fn params_are_completed_from_what_is_declared() {
    let client = Client::new();
    client.ok("image register fcos --kernel k --declare 'debug=boolean' --declare keys=list");
    for (words, expected) in [
        (&["image", "register", "x", "--param", ""] as &[_], &["boot=", "keys=", "old="] as &[_]),
        (&["rule", "register", "x", "--image", "fcos", "--param", "de"], &["debug="]),
        (&["rule", "register", "x", "--image=fcos", "--param", "debug="], &["debug=true", "debug=false"]),
        (&["machine", "register", "x", "--template", "ipxe=gone", "--param", "bo"], &["boot="]),
        (&["image", "register", "x", "--param", "boot="], &["boot=exit", "boot=sanboot"]),
        (&["image", "register", "x", "--param", "boot=s"], &["boot=sanboot"]),
        (&["image", "register", "x", "--param", "nothing="], &[]),
    ] {
        assert_eq!(complete(&mut client.command(), words), expected, "{words:?}");
    }
}
