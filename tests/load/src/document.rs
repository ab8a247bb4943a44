//! What a machine must be answered, to the byte.
//!
//! Learned from the answers to a few machines before the load begins: what only one machine has is found in its
//! document, and the rest must be the same for all. A document of another machine, or half of one, is then told apart
//! without rendering anything here.

use crate::machine::{Machine, Own};

/// The documents of all machines at one step.
#[derive(Debug)]
pub(crate) struct Document {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq)]
enum Part {
    Same(Vec<u8>),
    Own(Own),
}

impl Document {
    /// The document of which this is what `machine` got.
    pub(crate) fn learn(machine: Machine, body: &[u8]) -> Self {
        let own = Own::ALL.map(|own| (own, machine.text(own).into_bytes()));
        let (mut parts, mut same) = (Vec::new(), Vec::new());
        let mut rest = body;
        while let Some((first, after)) = rest.split_first() {
            match own.iter().find(|(_, text)| rest.starts_with(text)) {
                Some((own, text)) => {
                    parts.push(Part::Same(std::mem::take(&mut same)));
                    parts.push(Part::Own(*own));
                    rest = &rest[text.len()..];
                }
                None => {
                    same.push(*first);
                    rest = after;
                }
            }
        }
        parts.push(Part::Same(same));
        Self { parts }
    }

    /// The document that is this one for everybody.
    pub(crate) fn fixed(body: &[u8]) -> Self {
        Self { parts: vec![Part::Same(body.to_vec())] }
    }

    /// Whether it tells machines apart.
    pub(crate) fn is_own(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Own(_)))
    }

    /// Where `body` and the document of `machine` part, for people.
    pub(crate) fn first_difference(&self, machine: Machine, body: &[u8]) -> String {
        let mut expected = Vec::new();
        for part in &self.parts {
            match part {
                Part::Same(bytes) => expected.extend_from_slice(bytes),
                Part::Own(own) => machine.push(*own, &mut expected),
            }
        }
        let same = expected.iter().zip(body).take_while(|(expected, found)| expected == found).count();
        let around = |bytes: &[u8]| {
            let piece = &bytes[same.saturating_sub(40)..(same + 60).min(bytes.len())];
            format!("{:?}", String::from_utf8_lossy(piece))
        };
        format!("{}, where {} was expected", around(body), around(&expected))
    }

    /// Whether `body` is the document of `machine`. `scratch` is for its use.
    pub(crate) fn is_for(&self, machine: Machine, body: &[u8], scratch: &mut Vec<u8>) -> bool {
        let mut rest = body;
        for part in &self.parts {
            let expected = match part {
                Part::Same(bytes) => bytes,
                Part::Own(own) => {
                    scratch.clear();
                    machine.push(*own, scratch);
                    &*scratch
                }
            };
            match rest.strip_prefix(expected.as_slice()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(machine: Machine) -> String {
        format!("#!ipxe\nkernel vmlinuz bond={} x\nboot\n", machine.text(Own::MacColons))
    }

    #[test]
    fn only_the_whole_document_of_this_machine_is_right() {
        let document = Document::learn(Machine(7), script(Machine(7)).as_bytes());
        assert!(document.is_own());
        let is_for_8 = |body: &str| document.is_for(Machine(8), body.as_bytes(), &mut Vec::new());
        let right = script(Machine(8));
        assert!(is_for_8(&right));
        assert!(!is_for_8(&script(Machine(7))), "another machine's");
        assert!(!is_for_8(&right[..right.len() - 1]), "cut off");
        assert!(!is_for_8(&format!("{right}\n")), "too long");
        assert!(!is_for_8(&format!("\n{right}")), "no script at byte 0");
        assert!(!is_for_8(""));
        assert_eq!(
            document.first_difference(Machine(8), script(Machine(7)).as_bytes()),
            r#""pxe\nkernel vmlinuz bond=52:54:00:00:00:07 x\nboot\n", where "pxe\nkernel vmlinuz bond=52:54:00:00:00:08 x\nboot\n" was expected"#
        );
    }

    #[test]
    fn a_fixed_document_is_the_same_for_all() {
        let document = Document::fixed(script(Machine(7)).as_bytes());
        assert!(!document.is_own());
        assert!(document.is_for(Machine(8), script(Machine(7)).as_bytes(), &mut Vec::new()));
    }
}
