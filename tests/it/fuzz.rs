//! The fuzz targets, held to their seeds and to what chance makes of them: the same each time, in some seconds. `make fuzz`
//! goes on for as long as one likes.

#[expect(unreachable_pub, reason = "libFuzzer has them in another crate")]
#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use targets::TARGETS;

/// Inputs that are made of the seeds, for each target.
const ROUNDS: usize = 1_500;

/// The longest input, in bytes.
const LONGEST: usize = 16 << 10;

/// What is put into inputs beside their own parts: what readers look for.
const WORDS: [&str; 24] = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "${",
    "\r\n",
    "\0",
    "%00",
    "&",
    "=",
    "||",
    "'",
    "\"",
    "- ",
    ": ",
    "*",
    "!",
    "/32",
    "\u{feff}",
    "\u{202e}",
    "999999999999999999999",
    "-1",
    "{% for i in range(99999) %}",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<_> = files(&root.join("tests/fuzz/seeds").join(target))
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    match target {
        "manifest" => {
            seeds.extend(files(&root.join("docs/examples/site")).iter().map(|path| fs::read(path).unwrap()));
        }
        "template" => seeds.extend(files(&root.join("templates")).iter().map(|path| {
            let kind = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
            [kind.as_bytes(), b"\n", &fs::read(path).unwrap()].concat()
        })),
        _ => {}
    }
    seeds
}

/// Every file below `directory`, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// One input more: a seed with some of its bytes changed, taken away, doubled, or replaced by a word or by a part of another.
fn changed(seeds: &[Vec<u8>], rng: &mut TestRng) -> Vec<u8> {
    let mut below = |limit: usize| rng.next_u32() as usize % limit.max(1);
    let mut input = seeds[below(seeds.len())].clone();
    for _ in 0..=below(4) {
        let at = below(input.len() + 1);
        let end = (at + below(20)).min(input.len());
        match below(6) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << below(8);
                }
            }
            1 => drop(input.drain(at..end)),
            2 => {
                let part = input[at..end].repeat(1 + below(50));
                input.splice(at..at, part);
            }
            3 => drop(input.splice(at..end, WORDS[below(WORDS.len())].bytes())),
            4 => {
                let other = &seeds[below(seeds.len())];
                let from = below(other.len() + 1);
                let to = (from + below(60)).min(other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
            _ => input.truncate(at),
        }
    }
    input.truncate(LONGEST);
    input
}

fn hold(target: &str) {
    let (_, run) = TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds.iter().for_each(|seed| run(seed));
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    // Where to look after an input that ended the process.
    let last = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
    for _ in 0..ROUNDS {
        let input = changed(&seeds, &mut rng);
        fs::write(&last, &input).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&input));
        assert!(outcome.is_ok(), "{target} does not bear this input: {:?}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn every_target_is_held() {
    let held = ["request", "query", "selector", "manifest", "snapshot", "template"];
    assert_eq!(
        TARGETS.map(|(name, _)| name),
        held,
        "give a new target a test of its own, so that they run side by side"
    );
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/Cargo.toml")).unwrap();
    for name in held {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no target of libFuzzer");
    }
}

#[test]
fn request() {
    hold("request");
}

#[test]
fn query() {
    hold("query");
}

#[test]
fn selector() {
    hold("selector");
}

#[test]
fn manifest() {
    hold("manifest");
}

#[test]
fn snapshot() {
    hold("snapshot");
}

#[test]
fn template() {
    hold("template");
}
