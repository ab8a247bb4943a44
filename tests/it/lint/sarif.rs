//! `-o sarif` against what SARIF 2.1.0 requires, and what code scanning services need of it.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, sections as in the comments;
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::cli::Dir;

/// Checks an object: no property but these, and those that end in `!` must be there.
fn object<'a>(value: &'a Value, what: &str, properties: &str) -> &'a Map<String, Value> {
    let object = value.as_object().unwrap_or_else(|| panic!("{what} is no object: {value}"));
    let known: BTreeSet<&str> = properties.split(' ').map(|name| name.trim_end_matches('!')).collect();
    for required in properties.split(' ').filter_map(|name| name.strip_suffix('!')) {
        assert!(object.contains_key(required), "{what} lacks {required}: {value}");
    }
    for name in object.keys() {
        assert!(known.contains(name.as_str()), "{what} has {name}: {value}");
    }
    object
}

fn text<'a>(value: &'a Value, what: &str) -> &'a str {
    let text = value.as_str().unwrap_or_else(|| panic!("{what} is no text: {value}"));
    assert!(!text.is_empty(), "{what} is empty");
    text
}

/// A message (3.11) or multiformatMessageString (3.12).
fn message(value: &Value, what: &str) {
    text(&object(value, what, "text!")["text"], what);
}

fn level(value: &Value) {
    assert!(["none", "note", "warning", "error"].contains(&text(value, "level")), "{value}");
}

/// artifactLocation (3.4): a URI reference of RFC 3986, relative ones not beginning with a slash.
fn location(value: &Value) {
    let uri = text(&object(value, "artifactLocation", "uri!")["uri"], "uri");
    let mut bytes = uri.bytes();
    while let Some(byte) = bytes.next() {
        let escaped = byte == b'%' && (0..2).all(|_| bytes.next().is_some_and(|b| b.is_ascii_hexdigit()));
        assert!(escaped || byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte), "{uri}");
    }
    assert!(!uri.starts_with('/') && !uri.contains("//") || uri.starts_with("file:///"), "{uri}");
}

/// region (3.30): lines and columns from 1, endColumn behind startColumn.
fn region(value: &Value) {
    let region = object(value, "region", "startLine! startColumn! endColumn!");
    let number = |name: &str| region[name].as_u64().unwrap();
    assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{value}");
    assert!(number("endColumn") >= number("startColumn"), "{value}");
}

/// reportingDescriptor (3.49). Code scanning shows all of these.
fn rule(value: &Value) -> &str {
    let properties = "id! shortDescription! fullDescription! help! defaultConfiguration!";
    let rule = object(value, "rule", properties);
    message(&rule["shortDescription"], "shortDescription");
    message(&rule["fullDescription"], "fullDescription");
    message(&rule["help"], "help");
    level(&object(&rule["defaultConfiguration"], "defaultConfiguration", "level!")["level"]);
    assert!(rule["shortDescription"]["text"].as_str().unwrap().chars().count() <= 1024);
    assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= 1024);
    text(&rule["id"], "rule.id")
}

/// Checks a log as a whole, and gives its results.
pub(crate) fn check(log: &Value) -> &[Value] {
    object(log, "log", "$schema! version! runs!");
    assert_eq!(log["version"], "2.1.0");
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run") };
    object(run, "run", "tool! columnKind! artifacts! results!");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    object(&run["tool"], "tool", "driver!");
    let driver = object(&run["tool"]["driver"], "driver", "name! version! rules!");
    text(&driver["name"], "driver.name");
    let rules: Vec<&str> = driver["rules"].as_array().unwrap().iter().map(rule).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "each rule once");
    for artifact in run["artifacts"].as_array().unwrap() {
        location(&object(artifact, "artifact", "location! length")["location"]);
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() <= 25_000, "code scanning takes no more");
    for result in results {
        let known = "ruleId! ruleIndex level! message! locations! occurrenceCount properties";
        let object = object(result, "result", known);
        level(&object["level"]);
        message(&object["message"], "message");
        let id = text(&object["ruleId"], "ruleId");
        // 3.27.6: the index leads to the rule of this id; a result of another tool has none.
        match object.get("ruleIndex") {
            Some(index) => assert_eq!(rules[usize::try_from(index.as_u64().unwrap()).unwrap()], id),
            None => assert!(!rules.contains(&id), "{id}"),
        }
        let [place] = object["locations"].as_array().unwrap().as_slice() else { panic!("one location") };
        let physical = &self::object(place, "location", "physicalLocation!")["physicalLocation"];
        let physical = self::object(physical, "physicalLocation", "artifactLocation! region!");
        location(&physical["artifactLocation"]);
        region(&physical["region"]);
        assert!(object.get("occurrenceCount").is_none_or(|count| count.as_u64().unwrap() >= 1));
    }
    results
}

#[test]
fn the_log_is_as_the_standard_wants_it() {
    let wrong = "#!ipxe\n\tkernel http://h/k || goto faild\nboot || goto failed\n:failed\nreboot\n";
    let dir = Dir::new(&[
        ("a b.ipxe", wrong),
        ("empty.ipxe", ""),
        ("é.ipxe.j2", wrong),
        ("main.ipxe.j2", wrong),
        ("broken.ipxe.j2", "{% if"),
        ("x.ks", "text\n"),
    ]);
    let (exit, stdout, stderr) =
        dir.run("lint -o sarif 'a b.ipxe' empty.ipxe é.ipxe.j2 main.ipxe.j2 broken.ipxe.j2 x.ks");
    assert_eq!(exit, 4, "{stderr}");
    let log: Value = serde_json::from_str(&stdout).unwrap();
    let results = check(&log);
    let first = &results[0];
    assert_eq!((&first["ruleId"], &first["level"]), (&"IPX020".into(), &"error".into()));
    let physical = &first["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "a%20b.ipxe");
    assert_eq!(physical["region"]["startLine"], 2);
    assert_eq!(
        (&physical["region"]["startColumn"], &physical["region"]["endColumn"]),
        (&28.into(), &33.into())
    );
    let of = |uri: &str| {
        let uri_of =
            |result: &&Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri;
        results.iter().filter(uri_of).map(|result| result["ruleId"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of("main.ipxe.j2"), ["IPX020"]);
    assert_eq!(of("broken.ipxe.j2"), ["TPL001"]);
}

#[test]
fn nothing_found_is_a_log_too() {
    let dir = Dir::new(&[("a.ipxe", "#!ipxe\nreboot\n")]);
    let (exit, stdout, _) = dir.run("lint -o sarif a.ipxe");
    assert_eq!(exit, 0);
    assert!(check(&serde_json::from_str(&stdout).unwrap()).is_empty());
}
