//! The journal.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::status::{status, wrong};
use super::{Api, Events, convert, v1};
use crate::domain::{BootFilter, BootId, BootRecord, Discovered, Name, Timestamp};
use crate::service::{BootPageRequest, Watched};

/// Events that wait for a watcher. Beyond that it is behind, and misses what the journal can not keep for it.
const AHEAD: usize = 256;

#[tonic::async_trait]
impl v1::journal_service_server::JournalService for Api {
    async fn list_boots(
        &self,
        request: Request<v1::ListBootsRequest>,
    ) -> Result<Response<v1::ListBootsResponse>, Status> {
        let v1::ListBootsRequest { filter, page_size, page_token } = request.into_inner();
        let before = match page_token.as_str() {
            "" => None,
            token => Some(token.parse().map_err(|_| wrong("page_token", "is not one of this list"))?),
        };
        let request = BootPageRequest { filter: read_filter(filter)?, size: page_size, before };
        let page = self.service.list_boots(&request).await.map_err(status)?;
        let next = page.records.last().filter(|_| page.more).map(|record| record.id.to_string());
        Ok(Response::new(v1::ListBootsResponse {
            boots: page.records.iter().map(|record| boot(record)).collect(),
            next_page_token: next.unwrap_or_default(),
            memory_only: page.memory_only.unwrap_or_default(),
        }))
    }

    async fn get_boot(
        &self,
        request: Request<v1::GetBootRequest>,
    ) -> Result<Response<v1::GetBootResponse>, Status> {
        let record = self.service.get_boot(read_id(&request.into_inner().id)?).await.map_err(status)?;
        Ok(Response::new(v1::GetBootResponse { boot: Some(boot(&record)) }))
    }

    type WatchBootsStream = Events<v1::WatchBootsResponse>;

    async fn watch_boots(
        &self,
        request: Request<v1::WatchBootsRequest>,
    ) -> Result<Response<Self::WatchBootsStream>, Status> {
        use v1::watch_boots_response::Event;
        let mut watch =
            self.service.watch_boots(read_filter(request.into_inner().filter)?).map_err(status)?;
        let (events, receiver) = mpsc::channel(AHEAD);
        let replica = watch.replica().to_owned();
        tokio::spawn(async move {
            let mut next = Some(Event::Watching(v1::Watching { replica }));
            while let Some(event) = next.take() {
                if events.send(Ok(v1::WatchBootsResponse { event: Some(event) })).await.is_err() {
                    return;
                }
                let watched = tokio::select! {
                    watched = watch.next() => watched,
                    () = events.closed() => return,
                };
                next = watched.map(|watched| match watched {
                    Watched::Boot(record) => Event::Boot(boot(&record)),
                    Watched::Missed(count) => Event::Missed(count),
                });
            }
            // Nobody may be there any more to hear it.
            let _ = events.send(Err(Status::unavailable("the server stops"))).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn replay_boot(
        &self,
        request: Request<v1::ReplayBootRequest>,
    ) -> Result<Response<v1::ReplayBootResponse>, Status> {
        super::access::may_show(&request, request.get_ref().show_secrets)?;
        super::replay::replay(&self.service, request.into_inner()).await.map(Response::new)
    }

    async fn list_discovered(
        &self,
        request: Request<v1::ListDiscoveredRequest>,
    ) -> Result<Response<v1::ListDiscoveredResponse>, Status> {
        let v1::ListDiscoveredRequest { limit, identity } = request.into_inner();
        let limit = if limit == 0 { usize::MAX } else { limit as usize };
        let found = self.service.list_discovered(&identity, limit).await.map_err(status)?;
        Ok(Response::new(v1::ListDiscoveredResponse {
            machines: found.machines.into_iter().map(discovered).collect(),
            memory_only: found.memory_only.unwrap_or_default(),
        }))
    }
}

pub(super) fn read_id(id: &str) -> Result<BootId, Status> {
    convert::required("id", id)?;
    id.parse().map_err(|e| wrong("id", e))
}

fn read_filter(filter: Option<v1::BootFilter>) -> Result<BootFilter, Status> {
    fn some(text: String) -> Option<String> {
        (!text.is_empty()).then_some(text)
    }
    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        field: &str,
        text: &str,
    ) -> Result<Option<T>, Status> {
        match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|e| wrong(&format!("filter.{field}"), e)),
        }
    }
    fn time(field: &str, millis: i64) -> Result<Option<Timestamp>, Status> {
        match millis {
            0 => Ok(None),
            1.. => Ok(Some(Timestamp(millis))),
            _ => Err(wrong(&format!("filter.{field}"), format!("{millis} is before 1970"))),
        }
    }
    let filter = filter.unwrap_or_default();
    let client = match filter.client.as_str() {
        "" => None,
        text => match text.parse::<std::net::IpAddr>() {
            Ok(address) => Some(address.to_canonical()),
            Err(_) => return Err(wrong("filter.client", format!("{text:?} is no IP address"))),
        },
    };
    Ok(BootFilter {
        machine: some(filter.machine),
        mac: parse("mac", &filter.mac)?,
        uuid: parse("uuid", &filter.uuid)?,
        serial: some(filter.serial),
        client,
        asked: parse("kind", &filter.kind)?,
        outcome: parse("outcome", &filter.outcome)?,
        template: some(filter.template),
        rule: some(filter.rule),
        image: some(filter.image),
        since: time("since_ms", filter.since_ms)?,
        until: time("until_ms", filter.until_ms)?,
    })
}

pub(super) fn boot(record: &BootRecord) -> v1::Boot {
    let name = |name: &Option<Name>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    let facts = record.facts.iter();
    v1::Boot {
        id: record.id.to_string(),
        at_ms: record.at.0,
        facts: facts.map(|(attribute, value)| (attribute.to_string(), value.into_owned())).collect(),
        client: record.client.to_string(),
        kind: record.asked.as_str().to_owned(),
        outcome: record.outcome.as_str().to_owned(),
        machine: name(&record.machine),
        rule: name(&record.rule),
        image: name(&record.image),
        template: record.template.as_deref().unwrap_or_default().to_owned(),
        revision: record.revision,
        sha256: hex(&record.sha256),
        bytes: record.bytes,
        incident: record.incident.clone().unwrap_or_default(),
        problem: record.problem.clone().unwrap_or_default(),
        micros: record.micros,
        base_url: record.base_url.to_string(),
        replica: record.replica.name.clone(),
        program: record.replica.program.clone(),
        settings: record.replica.settings.clone(),
    }
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn discovered(machine: Discovered) -> v1::Discovered {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    v1::Discovered {
        mac: text(machine.mac),
        uuid: text(machine.uuid),
        serial: text(machine.serial),
        manufacturer: text(machine.manufacturer),
        product: text(machine.product),
        client: machine.client.to_string(),
        first_ms: machine.first.0,
        last_ms: machine.last.0,
        count: machine.count,
        kind: machine.asked.as_str().to_owned(),
        outcome: machine.outcome.as_str().to_owned(),
        rule: text(machine.rule),
        template: text(machine.template),
    }
}
