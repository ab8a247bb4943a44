//! The composition root: start, serve, stop.

mod certs;
mod chance;
mod clock;
mod command;
mod database;
mod flags;
mod healthcheck;
mod https;
mod journal;
mod machines;
mod management;
mod private_file;
mod secrets;
mod settings;
mod stop;
mod tls;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::grpc::Access;
use crate::http::{AssetDir, Documents, HttpState, TrustedProxies, router};
use crate::oidc::{Oidc, OidcError};
use crate::service::Service;
use crate::snapshot_file::SnapshotFile;
use crate::store::{self, StoreError};
use crate::telemetry;
use crate::telemetry::{Metrics, Traces};

use database::Connector;
use https::Https;
use machines::{Limits, Machines};
use management::Management;
use tls::{Certificates, Files};

pub use command::{Cli, command, run};
pub use stop::Stop;
pub use tls::TlsError;

/// Why the server could not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database can not be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The keys of secrets can not be used.
    #[error("secrets: {0}")]
    Keys(#[from] crate::seal::InvalidKeys),
    /// The system has no randomness.
    #[error("the system has no randomness to make a key from")]
    Randomness,
    /// A file of keys can not be written.
    #[error("{file}: {source}")]
    KeyFile {
        /// Which.
        file: String,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nothing to encrypt secrets with.
    #[error(
        "no key is given to encrypt secrets with; give secrets.key_file (`pxe-init-server secrets init FILE` makes one)"
    )]
    NoKey,
    /// An address can not be listened on.
    #[error("can not listen for {what} on {address}: {source}")]
    Listen {
        /// For whom.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The log can not be set up.
    #[error("log.filter: {0}")]
    Log(#[from] telemetry::InvalidFilter),
    /// Traces can not be sent as configured.
    #[error("traces.endpoint: {0}")]
    Traces(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The management API can not be described.
    #[error("the API can not be described: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A certificate or a key can not be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// Tokens of the identity provider can not be known.
    #[error("{0}")]
    Oidc(#[from] OidcError),
    /// A certificate can not be made.
    #[error("the certificate can not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A network of proxies is none.
    #[error("http.trusted_proxies: {0}")]
    Proxy(crate::domain::InvalidPattern),
    /// The operating system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Random(std::io::Error),
    /// A file can not be written.
    #[error("{0}")]
    File(std::io::Error),
    /// What was asked for is refused.
    #[error("{0}")]
    Refused(#[from] crate::error::Error),
    /// The management API stopped.
    #[error("the management API stopped: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// The threads that serve machines can not be started.
    #[error("the threads that serve machines can not be started: {0}")]
    Threads(std::io::Error),
    /// Nobody accepts connections any more.
    #[error("the thread that accepts connections of machines ended; the log says why")]
    Door,
    /// A task ended by a panic.
    #[error("a task of the server crashed: {0}")]
    Crashed(#[from] tokio::task::JoinError),
}

/// A server that listens and has not begun to answer.
pub struct Server {
    connector: Connector,
    http: std::net::TcpListener,
    https: Option<Https>,
    limits: Limits,
    grpc: TcpListener,
    access: Access,
    oidc: Option<Arc<Oidc>>,
    certificates: Option<Arc<Certificates>>,
    state: HttpState,
}

impl Server {
    /// Listens. All that takes the database follows in [`Server::serve`], which answers machines meanwhile: one that is
    /// refused a connection goes to its disk.
    pub async fn start(config: &Config) -> Result<Self, ServerError> {
        let options = store_options(config)?;
        let file = config
            .snapshot_file()
            .map(|path| SnapshotFile::new(path, options.place()).sealed_by(options.keys.clone()));
        let certificates = Files::of_grpc(&config.grpc.tls)
            .map(|files| Certificates::load(files, clock::system_clock()))
            .transpose()?;
        let oidc = settings::oidc(&config.management.oidc).map(Oidc::new).transpose()?;
        let http = machines::listen(&config.http).map_err(|source| ServerError::Listen {
            what: "machines",
            address: config.http.listen(),
            source,
        })?;
        let grpc = TcpListener::bind(config.grpc.listen()).await.map_err(|source| ServerError::Listen {
            what: "operators",
            address: config.grpc.listen(),
            source,
        })?;
        let https = match Files::of_http(&config.http.tls) {
            None => None,
            Some(files) => {
                let address = (config.http.address, config.http.tls.port).into();
                let refused = |source| ServerError::Listen { what: "machines over HTTPS", address, source };
                Some(Https {
                    listener: TcpListener::bind(address).await.map_err(refused)?,
                    certificates: Certificates::load(files, clock::system_clock())?,
                    patience: std::time::Duration::from_secs(config.http.request_seconds.into()),
                })
            }
        };
        let http_port = http.local_addr().map_or(config.http.port, |address| address.port());
        let traces = match settings::traces(config) {
            Some(options) => Traces::start(&options)?,
            None => Traces::default(),
        };
        let metrics = Arc::new(Metrics::new(clock::system_clock(), traces));
        let settings = settings::settings(config, http_port);
        let journal = journal::journal(config, &settings, http_port, chance::chance(), metrics.clone());
        let service = Service::new(file, settings, clock::system_clock(), metrics.clone());
        service.issue_tokens(chance::unguessable);
        if let Some(journal) = journal {
            service.keep_journal(journal);
        }
        let assets = AssetDir::new(config.assets.dir());
        let proxies = TrustedProxies::new(&config.http.trusted_proxies).map_err(ServerError::Proxy)?;
        let state = HttpState {
            proxies,
            service: service.clone(),
            metrics,
            assets,
            stopping: CancellationToken::new(),
        };
        let connector = Connector { service, options, chance: chance::chance, failed: Notify::new() };
        let (limits, access) = (Limits::new(config), settings::access(config, oidc.clone()));
        Ok(Self { connector, http, https, limits, grpc, access, oidc, certificates, state })
    }

    /// Where machines ask.
    pub fn http_address(&self) -> std::io::Result<SocketAddr> {
        self.http.local_addr()
    }

    /// Where machines ask through TLS, if they can.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https.as_ref()?.listener.local_addr().ok()
    }

    /// Where operators ask.
    pub fn grpc_address(&self) -> std::io::Result<SocketAddr> {
        self.grpc.local_addr()
    }

    /// Answers until `stop`, then finishes what was accepted.
    ///
    /// # Errors
    /// Also [`ServerError::Store`], where the database refuses us as we are configured; while it is merely away, this
    /// waits for it.
    pub async fn serve(self, stop: Stop) -> Result<(), ServerError> {
        let service = self.connector.service.clone();
        let connector = Arc::new(self.connector);
        let connected = tokio::spawn({
            let (connector, stop) = (connector.clone(), stop.clone());
            async move {
                let result = connector.run(&stop.soft()).await;
                // At the end, or because there is no use in going on.
                stop.begin();
                result
            }
        });
        let fallen_back = tokio::spawn({
            let (connector, soft) = (connector.clone(), stop.soft());
            async move { connector.fall_back(&soft).await }
        });
        // The last write may come after the stop was asked for.
        let answered = CancellationToken::new();
        let kept = tokio::spawn({
            let (service, answered) = (service.clone(), answered.clone());
            async move { service.keep(answered).await }
        });
        let journaled = tokio::spawn({
            let (service, soft, answered) = (service.clone(), stop.soft(), answered.clone());
            async move { service.run_journal(soft, answered).await }
        });
        let known = tokio::spawn({
            let (service, soft) = (service.clone(), stop.soft());
            async move { service.run_tokens(soft).await }
        });
        let audited = tokio::spawn({
            let (service, answered) = (service.clone(), answered.clone());
            async move { service.run_audit(answered).await }
        });
        let armed = tokio::spawn({
            let (service, answered) = (service.clone(), answered.clone());
            async move { service.run_armings(answered).await }
        });
        if let Some(oidc) = self.oidc {
            drop(tokio::spawn(oidc.follow(stop.soft())));
        }
        let traces = self.state.metrics.traces.clone();
        let management = Management {
            listener: self.grpc,
            service,
            traces: traces.clone(),
            access: self.access,
            certificates: self.certificates,
        };
        let management = tokio::spawn({
            let stop = stop.clone();
            async move { management.serve(&stop).await }
        });
        let metrics = self.state.metrics.clone();
        let state = HttpState { stopping: stop.announced(), ..self.state };
        let documents = Documents::new(state.service.clone(), state.metrics.clone());
        let routes = router(state);
        let secured = self.https.map(|https| tokio::spawn(https.serve(routes.clone(), stop.clone())));
        let machines = Machines {
            listener: self.http,
            documents,
            router: routes,
            limits: self.limits,
            metrics,
            chance: chance::chance,
        };
        let served = machines.serve(&stop).await;
        // Where that failed, there is no use in going on.
        stop.begin();
        if served.is_err() {
            stop.force();
        }
        // A stop is asked for by now, so each of these ends, at the latest by the hard token.
        management.await??;
        if let Some(secured) = secured {
            stop.hard().run_until_cancelled_owned(secured).await.transpose()?;
        }
        known.await?;
        answered.cancel();
        stop.hard().run_until_cancelled_owned(kept).await.transpose()?;
        stop.hard().run_until_cancelled_owned(journaled).await.transpose()?;
        stop.hard().run_until_cancelled_owned(armed).await.transpose()?;
        stop.hard().run_until_cancelled_owned(audited).await.transpose()?;
        fallen_back.await?;
        let result = connected.await?;
        connector.close().await;
        tokio::task::spawn_blocking(move || traces.finish()).await?;
        served?;
        Ok(result?)
    }
}

/// How the database is opened.
fn store_options(config: &Config) -> Result<store::Options, ServerError> {
    Ok(store::Options {
        max_connections: config.database.max_connections,
        acquire_timeout: config.database.timeout(),
        statement_timeout: config.database.timeout(),
        keys: settings::keys(config)?,
        ..store::Options::new(config.database.url())
    })
}
