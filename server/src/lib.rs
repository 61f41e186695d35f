//! A small pad server that speaks Etherpad's protocol.
//!
//! Etherpad's own clients connect to it, and so do the pages of this project. Pads are kept in one file, or in a PostgreSQL
//! database that several processes can share. A commit is acknowledged, and shown to others, only after it is on the disk.
//!
//! | module | what |
//! |---|---|
//! | `config` | what can be set at the start |
//! | `limits`, `faults` | how much one client may have; trouble on request |
//! | `metrics` | what the server counts about itself |
//! | `http`, `export`, `import` | pages, and pads as files, out and in |
//! | `gateway`, `socketio` | connections and their messages |
//! | `pads`, `pad` | which pads are open; each is a task that owns its document |
//! | `authors` | who is who |
//! | `owners`, `forward` | which process has a pad; requests for those of others |
//! | `store` | the file or the database, and the one thread that writes it |
//!
//! ```no_run
//! # async fn start() -> anyhow::Result<()> {
//! use clap::Parser;
//! let config = easysync_server::Config::try_parse_from(["easysync-server", "--port", "0"])?;
//! let server = easysync_server::Server::start(config).await?;
//! println!("http://{}", server.address());
//! server.stop().await
//! # }
//! ```

mod authors;
mod config;
mod export;
mod faults;
mod forward;
mod gateway;
mod http;
mod import;
mod limits;
mod metrics;
mod owners;
mod pad;
mod pads;
mod socketio;
mod store;

pub use config::{Batching, Config, LogFormat};
pub use faults::Faults;
pub use store::{Peers, PostgresStore, Put, RedbStore, Store, StoreError};

use anyhow::Context;
use axum::serve::ListenerExt;
use engineioxide::config::EngineIoConfig;
use engineioxide::layer::EngineIoLayer;
use forward::Forwarder;
use gateway::{Gateway, Sockets};
use http::Site;
use metrics::Metrics;
use owners::Owners;
use pads::Shared;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use store::Writer;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

/// So many packets may wait for a client that reads slowly; then revisions wait, and go out in batches later.
const QUEUE: usize = 128;
/// How long open requests may take to end when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How long the pads may take to be written when the server stops.
const WRITE_WITHIN: Duration = Duration::from_secs(60);

/// Processes that share a store give a sign of life so often, and give back what they do not need.
const BEAT: Duration = Duration::from_secs(2);

/// Tells once that the store has failed.
#[derive(Default)]
struct Failure {
    has_come: AtomicBool,
    news: Notify,
}

impl Failure {
    fn tell(&self) {
        self.has_come.store(true, Ordering::SeqCst);
        self.news.notify_one();
    }
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    writer: Arc<Writer>,
    sockets: Arc<Sockets>,
    stop_http: oneshot::Sender<()>,
    http: JoinHandle<std::io::Result<()>>,
    failure: Arc<Failure>,
    /// Gives signs of life, and ends with this.
    beat: JoinHandle<()>,
    /// With it, web sockets that go on to other processes end.
    _stop_forwarding: watch::Sender<()>,
}

impl Server {
    /// Opens the store and begins to listen.
    ///
    /// # Errors
    ///
    /// If the store or the port cannot be used.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let (data, database) = (config.data.clone(), config.database.clone());
        let open = move || -> anyhow::Result<Arc<dyn Store>> {
            match database {
                Some(database) => Ok(Arc::new(PostgresStore::open(&database).context("cannot use the database")?)),
                None => {
                    let store = RedbStore::open(&data).with_context(|| format!("cannot use {}", data.display()))?;
                    Ok(Arc::new(store))
                }
            }
        };
        let store = tokio::task::spawn_blocking(open).await??;
        Self::start_with(config, store).await
    }

    /// Begins to listen, with pads in another store.
    ///
    /// # Errors
    ///
    /// If the port cannot be used, or the store fails.
    pub async fn start_with(config: Config, store: Arc<dyn Store>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((config.host, config.port))
            .await
            .with_context(|| format!("cannot listen on {}:{}", config.host, config.port))?;
        let address = listener.local_addr()?;
        let failure = Arc::<Failure>::default();
        let on_failure = failure.clone();
        let metrics = Arc::new(Metrics::default());
        let writer = Writer::start(store.clone(), metrics.jobs_waiting(), move || on_failure.tell())?;
        let writer = Arc::new(writer);
        let peer_address = config.peer_address.clone().unwrap_or_else(|| reachable(address).to_string());
        let introduced = store.clone();
        let owners = tokio::task::spawn_blocking(move || Owners::start(introduced, &peer_address)).await??;
        let shared = Shared::new(store, writer.clone(), owners, metrics, &config);
        let beat = tokio::spawn(beat(shared.clone(), failure.clone()));
        let (gateway, sockets) = Gateway::new(shared.clone(), config.trust_proxy, config.faults);
        let www = config.www.map_or_else(find_pages, |www| www.is_dir().then_some(www));
        match &www {
            Some(www) => tracing::info!(folder = %www.display(), "pages"),
            None => tracing::warn!("no folder with pages found; only sockets and exports are served (see --www)"),
        }
        let engine = EngineIoConfig::builder()
            .req_path("/socket.io")
            .max_payload(config.max_message as u64)
            .ws_max_message_size(config.max_message)
            .max_buffer_size(QUEUE)
            .build();
        let site = Site { shared: shared.clone(), sockets: sockets.clone(), www, etherpad: config.etherpad };
        let mut router = http::router(site).layer(EngineIoLayer::from_config(Arc::new(gateway), engine));
        let (stop_forwarding, stop) = watch::channel(());
        if shared.owners.are_many() {
            let forwarder = Forwarder { shared: shared.clone(), trust_proxy: config.trust_proxy, stop };
            router = router.layer(axum::middleware::from_fn_with_state(forwarder, forward::forward));
        }
        let (stop_http, stopped) = oneshot::channel();
        let http = tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            // Small packets must not wait for each other.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address, shared, writer, sockets, stop_http, http, failure, beat, _stop_forwarding: stop_forwarding })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the store fails. From then on nothing is accepted any more, and the server should stop.
    pub async fn failed(&self) {
        self.failure.news.notified().await;
    }

    /// Takes no more commits, writes everything, ends all connections.
    ///
    /// # Errors
    ///
    /// If not everything could be written, at once if the store has failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { shared, writer, sockets, stop_http, mut http, failure, beat, .. } = self;
        let has_failed = failure.has_come.load(Ordering::SeqCst);
        let are_closed = !has_failed && tokio::time::timeout(WRITE_WITHIN, shared.stop()).await.is_ok();
        // Whatever has not ended by now never will.
        shared.abandon();
        sockets.close_all();
        let _has_ended = stop_http.send(());
        if tokio::time::timeout(STOP_WITHIN, &mut http).await.is_err() {
            http.abort();
        }
        let is_written = tokio::task::spawn_blocking(move || writer.stop()).await?;
        beat.abort();
        anyhow::ensure!(are_closed && is_written, "not everything could be written");
        Ok(())
    }
}

/// Tells those who share a store that this process is there, until it cannot be told any more.
async fn beat(shared: Arc<Shared>, failure: Arc<Failure>) {
    while shared.owners.are_many() {
        tokio::time::sleep(BEAT).await;
        let told = match shared.owners.beat().await {
            Ok(()) => shared.give_back().await,
            lost => lost,
        };
        if let Err(error) = told {
            tracing::error!(%error, "the store is lost, and all pads with it");
            return failure.tell();
        }
    }
}

/// Where somebody on this machine reaches who listens at an address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// The present time in milliseconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64
}

/// The folder `dist`, in the present folder or beside the program or above it.
fn find_pages() -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    let above = program.iter().flat_map(|program| program.ancestors().skip(1).take(4));
    let mut folders = std::iter::once(std::path::Path::new(".")).chain(above).map(|folder| folder.join("dist"));
    folders.find(|folder| folder.is_dir())
}
