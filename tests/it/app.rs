//! The server itself, in this process, on free ports and with a database of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use pxe_init::config::{Config, Override};
use pxe_init::proto::pxe_init as v1;
use pxe_init::server::{Server, Stop};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

/// A running server. Dropping it stops it at once; [`TestApp::stop`] does so gently and waits.
pub(crate) struct TestApp {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) dir: TempDir,
    stop: Stop,
    task: Option<JoinHandle<()>>,
}

/// What came back over HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings beside those of every test.
    pub(crate) async fn with(settings: &[(&'static str, &str)]) -> Self {
        Self::in_dir(TempDir::new().unwrap(), settings).await
    }

    /// A server that finds what an earlier one left in `dir`.
    pub(crate) async fn in_dir(dir: TempDir, settings: &[(&'static str, &str)]) -> Self {
        let app = Self::begin(dir, settings).await;
        app.until_ready().await;
        app
    }

    /// The same, which may not be ready yet, or ever.
    pub(crate) async fn begin(dir: TempDir, settings: &[(&'static str, &str)]) -> Self {
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let config = config(&url, settings);
        let server = Server::start(&config).await.unwrap();
        let (http, grpc) = (server.http_address().unwrap(), server.grpc_address().unwrap());
        let stop = Stop::new(&config);
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { server.serve(stop).await.unwrap() }
        });
        Self { http, grpc, dir, stop, task: Some(task) }
    }

    async fn until_ready(&self) {
        self.until("it is ready", |ready| ready.status == 200).await;
    }

    /// Waits until what `/ready` says is `right`.
    pub(crate) async fn until(&self, what: &str, right: impl Fn(&Reply) -> bool) {
        for _ in 0..1500 {
            if right(&self.get("/ready").await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not so in 15 s: {what}: {:?}", self.get("/ready").await);
    }

    /// Asks the server to end, and does not wait.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.begin();
    }

    /// Whether the server has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops gently, waits, and gives back the directory.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.stop.begin();
        self.task.take().unwrap().await.unwrap();
        std::mem::replace(&mut self.dir, TempDir::new().unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.http))
            .await
    }

    /// Asks another server.
    pub(crate) async fn request_at(&self, address: SocketAddr, path: &str) -> Reply {
        Self::exchange(
            address,
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
        )
        .await
    }

    /// Sends these bytes and reads until the server closes.
    pub(crate) async fn request(&self, raw: &str) -> Reply {
        Self::exchange(self.http, raw.to_owned()).await
    }

    async fn exchange(address: SocketAddr, raw: String) -> Reply {
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.write_all(raw.as_bytes()).unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            Reply::parse(&String::from_utf8_lossy(&bytes))
        })
        .await
        .unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap()
    }

    /// Registers an image with a kernel, and whatever `change` adds.
    pub(crate) async fn image(&self, name: &str, change: impl FnOnce(&mut v1::Image)) {
        let mut image = v1::Image { name: name.into(), kernel: "vmlinuz".into(), ..Default::default() };
        change(&mut image);
        let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
        self.images().await.register_image(request).await.unwrap();
    }

    /// Registers a machine with this MAC, and whatever `change` adds, whether its documents can be rendered or not.
    pub(crate) async fn machine(&self, name: &str, mac: &str, change: impl FnOnce(&mut v1::Machine)) {
        let mut machine = v1::Machine { name: name.into(), macs: vec![mac.into()], ..Default::default() };
        change(&mut machine);
        let (force, message) = (true, "the test wants it so".to_owned());
        let request =
            v1::RegisterMachineRequest { machine: Some(machine), force, message, ..Default::default() };
        self.machines().await.register_machine(request).await.unwrap();
    }

    /// Saves a template.
    pub(crate) async fn template(
        &self,
        name: &str,
        kind: &str,
        source: &str,
    ) -> Result<v1::RegisterTemplateResponse, tonic::Status> {
        let template = v1::Template {
            name: name.into(),
            kind: kind.into(),
            source: source.into(),
            ..Default::default()
        };
        let request = v1::RegisterTemplateRequest { template: Some(template), ..Default::default() };
        self.templates().await.register_template(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn catalog(&self) -> v1::catalog_service_client::CatalogServiceClient<Channel> {
        v1::catalog_service_client::CatalogServiceClient::new(self.channel().await)
    }

    pub(crate) async fn images(&self) -> v1::image_service_client::ImageServiceClient<Channel> {
        v1::image_service_client::ImageServiceClient::new(self.channel().await)
    }

    pub(crate) async fn machines(&self) -> v1::machine_service_client::MachineServiceClient<Channel> {
        v1::machine_service_client::MachineServiceClient::new(self.channel().await)
    }

    pub(crate) async fn rules(&self) -> v1::rule_service_client::RuleServiceClient<Channel> {
        v1::rule_service_client::RuleServiceClient::new(self.channel().await)
    }

    pub(crate) async fn templates(&self) -> v1::template_service_client::TemplateServiceClient<Channel> {
        v1::template_service_client::TemplateServiceClient::new(self.channel().await)
    }

    pub(crate) async fn boots(&self) -> v1::boot_service_client::BootServiceClient<Channel> {
        v1::boot_service_client::BootServiceClient::new(self.channel().await)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.force();
    }
}

impl Reply {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.map(|line| line.split_once(": ").unwrap()).map(|(k, v)| (k.to_lowercase(), v.into()));
        Self { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Loopback, free ports, this database, and what a test adds; `config` is a file of settings.
pub(crate) fn config(url: &str, settings: &[(&'static str, &str)]) -> Config {
    let base = [
        ("database.url", url),
        ("http.address", "127.0.0.1"),
        ("http.port", "0"),
        ("grpc.port", "0"),
        ("boot.hold_seconds", "1"),
        ("http.drain_seconds", "0"),
    ];
    let (files, settings): (Vec<_>, Vec<_>) =
        base.iter().chain(settings).partition(|(key, _)| *key == "config");
    let overrides = settings.into_iter().map(|(key, value)| -> Override { (key, (*value).into()) });
    Config::load(files.first().map(|(_, file)| Path::new(file)), [], overrides.collect()).unwrap()
}
