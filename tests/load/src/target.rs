//! Whom to ask, and what must be answered.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::document::Document;
use crate::failure::{Failure, Result};
use crate::machine::Machine;
use crate::step::{Sequence, Step};

/// Whom to ask, and what must be answered.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What machines call it.
    pub(crate) host: String,
    /// The questions of a machine, in its order, and the documents that answer them.
    pub(crate) questions: Vec<(Step, Document)>,
}

/// An answer as it came, for who gives the same again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Where it was, as a route.
    pub(crate) route: String,
    /// The last segment of the path, where the route does not say it.
    pub(crate) file: Option<String>,
    /// The headers, except those that every answer has.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Default for Target {
    /// Nobody.
    fn default() -> Self {
        Self { address: ([127, 0, 0, 1], 0).into(), host: String::new(), questions: Vec::new() }
    }
}

impl Target {
    /// Asks a few machines' questions of the server at `address`, and learns from it what the right answers are.
    pub(crate) async fn learn(
        address: SocketAddr,
        sequence: Sequence,
        machines: u32,
    ) -> Result<(Self, Vec<Answer>)> {
        let host = address.to_string();
        let (mut questions, mut answers) = (Vec::new(), Vec::new());
        for step in sequence.steps() {
            let first = fetch(address, &host, *step, Machine(0)).await?;
            let document = Document::learn(Machine(0), first.body.as_bytes());
            for other in [machines / 2, machines - 1].map(Machine) {
                let answer = fetch(address, &host, *step, other).await?;
                if !document.is_for(other, answer.body.as_bytes(), &mut Vec::new()) {
                    return Err(Failure(format!(
                        "{step}: the documents of machines 0 and {} differ by more than what a machine says of itself, so \
                         that nothing could be checked; first in {}",
                        other.0,
                        document.first_difference(other, answer.body.as_bytes())
                    )));
                }
            }
            if *step == Step::Ipxe && !document.is_own() {
                return Err(Failure(format!(
                    "{step}: all machines get the same document, so that one of another machine could not be told \
                     apart: {:?}",
                    first.body
                )));
            }
            questions.push((*step, document));
            answers.push(first);
        }
        Ok((Self { address, host, questions }, answers))
    }

    /// Who gives every machine `answers`, the ones to machine 0.
    pub(crate) fn fixed(address: SocketAddr, sequence: Sequence, answers: &[Answer]) -> Self {
        let questions = sequence.steps().iter().zip(answers);
        let questions = questions.map(|(step, answer)| (*step, Document::fixed(answer.body.as_bytes())));
        Self { address, host: address.to_string(), questions: questions.collect() }
    }
}

async fn fetch(address: SocketAddr, host: &str, step: Step, machine: Machine) -> Result<Answer> {
    let mut request = Vec::new();
    step.write_request(machine, host, &mut request);
    let failed =
        |problem: String| Failure(format!("{step} of machine {} at {address}: {problem}", machine.0));
    let mut connection = Connection::open(address, None).await.map_err(|e| failed(e.to_string()))?;
    let response = connection.ask(&request, true).await.map_err(|e| failed(e.to_string()))?;
    let body = String::from_utf8_lossy(response.body).into_owned();
    let header = |name: &str| {
        let found = response.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    if response.status != 200 || header("x-pxe-init-outcome").is_some_and(|outcome| outcome != "rendered") {
        return Err(failed(format!(
            "status {}, outcome {}: {body:?}; are its machines registered?",
            response.status,
            header("x-pxe-init-outcome").as_deref().unwrap_or("none")
        )));
    }
    let of_every_answer = ["content-length", "date", "connection"];
    let headers = response.headers.iter().filter(|(name, _)| !of_every_answer.contains(name));
    let headers =
        headers.map(|(name, value)| ((*name).to_owned(), String::from_utf8_lossy(value).into_owned()));
    let file = if let Step::NoCloud(file) = step { Some(file.to_owned()) } else { None };
    Ok(Answer { route: step.route().to_owned(), file, headers: headers.collect(), body })
}
