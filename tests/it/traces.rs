//! What a collector of traces receives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1 as otlp;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use otlp::trace_service_server::{TraceService, TraceServiceServer};
use pxe_init::proto::pxe_init as v1;
use tokio_stream::wrappers::TcpListenerStream;

use crate::app::TestApp;
use crate::log::Logged;

type Attributes = BTreeMap<String, String>;

/// Keeps what it is sent.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    resource: Arc<Mutex<Attributes>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<otlp::ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<otlp::ExportTraceServiceResponse>, tonic::Status> {
        for group in request.into_inner().resource_spans {
            *self.resource.lock().unwrap() = attributes(&group.resource.unwrap_or_default().attributes);
            let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.lock().unwrap().extend(spans);
        }
        Ok(tonic::Response::new(otlp::ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    fn named(&self, name: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.name == name).collect()
    }
}

fn attributes(list: &[KeyValue]) -> Attributes {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    list.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

fn told(span: &Span, key: &str) -> String {
    attributes(&span.attributes).remove(key).unwrap_or_default()
}

async fn traced(settings: &[(&'static str, &str)]) -> (TestApp, Collector) {
    let (collector, address) = Collector::start().await;
    let endpoint = format!("http://{address}");
    let mut all = vec![("traces.endpoint", endpoint.as_str()), ("traces.replica", "rack-7")];
    all.extend(settings);
    let app = TestApp::with(&all).await;
    app.image("linux", |_| {}).await;
    app.machine("node1", "52:54:00:12:34:56", |machine| machine.image = "linux".into()).await;
    (app, collector)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_boot_is_a_span_within_the_trace_of_its_request() {
    let (app, collector) = traced(&[]).await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let ask = |flags: &str| {
        format!(
            "GET /ipxe?mac=52-54-00-12-34-56 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
             traceparent: 00-{trace}-{parent}-{flags}\r\n\r\n"
        )
    };
    app.request(&ask("01")).await;
    app.request(&ask("00")).await;
    app.get("/ipxe?mac=52-54-00-00-00-01").await;
    app.stop().await;

    let boots = collector.named("boot ipxe");
    assert_eq!(boots.len(), 2, "the one that is not sampled is not sent: {boots:?}");
    let boot = boots.iter().find(|span| told(span, "pxe_init.outcome") == "rendered").unwrap();
    assert_eq!((hex(&boot.trace_id), hex(&boot.parent_span_id)), (trace.to_owned(), parent.to_owned()));
    for (key, value) in [
        ("pxe_init.kind", "ipxe"),
        ("pxe_init.machine", "node1"),
        ("pxe_init.mac", "52:54:00:12:34:56"),
        ("pxe_init.template", "linux@built-in"),
        ("client.address", "127.0.0.1"),
        ("pxe_init.incident", ""),
    ] {
        assert_eq!(told(boot, key), value, "{key}: {boot:?}");
    }
    let children: Vec<Span> =
        collector.spans().into_iter().filter(|span| span.parent_span_id == boot.span_id).collect();
    let names: Vec<&str> = children.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["resolve", "render"]);
    for child in &children {
        assert!(child.start_time_unix_nano >= boot.start_time_unix_nano, "{child:?} in {boot:?}");
        assert!(child.end_time_unix_nano <= boot.end_time_unix_nano, "{child:?} in {boot:?}");
    }

    let resource = collector.resource.lock().unwrap().clone();
    for (key, value) in [
        ("service.name", "pxe-init"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", "rack-7"),
    ] {
        assert_eq!(resource.get(key).map(String::as_str), Some(value), "{resource:?}");
    }
}

#[tokio::test]
async fn calls_and_loads_are_spans_with_code_and_revisions() {
    let (app, collector) = traced(&[]).await;
    let absent = v1::GetMachineRequest { name: "absent".into() };
    let refused = app.machines().await.get_machine(absent).await.unwrap_err();
    app.stop().await;

    let register = &collector.named("pxe_init.v1.MachineService/RegisterMachine")[0];
    assert_eq!(told(register, "rpc.system"), "grpc");
    assert_eq!(told(register, "rpc.service"), "pxe_init.v1.MachineService");
    assert_eq!(told(register, "rpc.method"), "RegisterMachine");
    assert_eq!(told(register, "rpc.grpc.status_code"), "0");
    let get = &collector.named("pxe_init.v1.MachineService/GetMachine")[0];
    assert_eq!(told(get, "rpc.grpc.status_code"), (refused.code() as i32).to_string());
    assert_eq!(get.status.as_ref().unwrap().code, 2, "it is an error: {get:?}");
    let load = &collector.named("load catalog")[0];
    assert_eq!(
        (told(load, "pxe_init.revision.from"), told(load, "pxe_init.revision.to")),
        ("0".into(), "0".into())
    );
}

#[tokio::test]
async fn what_is_not_sampled_is_not_sent() {
    let (app, collector) = traced(&[("traces.sample", "0")]).await;
    app.get("/ipxe?mac=52-54-00-12-34-56").await;
    let metrics = app.get("/metrics").await.body;
    app.stop().await;
    assert!(collector.spans().is_empty(), "{:?}", collector.spans());
    assert!(metrics.contains("pxe_init_spans_recorded_total 0\n"), "{metrics}");
}

#[test]
fn a_collector_that_is_away_is_told_of_once_and_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody listens where somebody did.
    let endpoint = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut log = Logged::with(&dir, "json", &[], &[("PXE_INIT__TRACES__ENDPOINT", &endpoint)]);
    let asked = Instant::now();
    let first = log.get("/ipxe?mac=52-54-00-12-34-56");
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let told: serde_json::Value = serde_json::from_str(&log.line("takes no spans")).unwrap();
    assert_eq!(told["endpoint"].as_str(), Some(endpoint.as_str()));
    for _ in 0..50 {
        assert!(log.get("/ipxe?mac=52-54-00-12-34-56").starts_with("HTTP/1.1 200"));
    }
    assert!(asked.elapsed() < Duration::from_secs(60));
    // Another batch or two that are not taken.
    std::thread::sleep(Duration::from_secs(5));
    let (status, rest) = log.stop();
    assert!(status.success(), "{status}");
    assert!(!rest.iter().any(|line| line.contains("takes no spans")), "{rest:?}");
}
