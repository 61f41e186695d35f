//! A small pad server that speaks Etherpad's protocol.
//!
//! Etherpad's own clients connect to it, and so do the pages of this project. Pads are kept in one file. A commit is
//! acknowledged, and shown to others, only after it is on the disk.
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
//! | `store` | the file, and the one thread that writes it |
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
mod gateway;
mod http;
mod import;
mod limits;
mod metrics;
mod pad;
mod pads;
mod socketio;
mod store;

pub use config::{Batching, Config, LogFormat};
pub use faults::Faults;
pub use store::{Put, RedbStore, Store, StoreError};

use anyhow::Context;
use axum::serve::ListenerExt;
use engineioxide::config::EngineIoConfig;
use engineioxide::layer::EngineIoLayer;
use gateway::{Gateway, Sockets};
use http::Site;
use metrics::Metrics;
use pads::Shared;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::Writer;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// So many packets may wait for a client that reads slowly; then revisions wait, and go out in batches later.
const QUEUE: usize = 128;
/// How long open requests may take to end when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How long the pads may take to be written when the server stops.
const WRITE_WITHIN: Duration = Duration::from_secs(60);

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    writer: Arc<Writer>,
    sockets: Arc<Sockets>,
    stop_http: oneshot::Sender<()>,
    http: JoinHandle<std::io::Result<()>>,
    failure: Arc<Notify>,
}

impl Server {
    /// Opens the store and begins to listen.
    ///
    /// # Errors
    ///
    /// If the file or the port cannot be used.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let data = config.data.clone();
        let opened = tokio::task::spawn_blocking(move || RedbStore::open(&data)).await?;
        let store = opened.with_context(|| format!("cannot use {}", config.data.display()))?;
        Self::start_with(config, Arc::new(store)).await
    }

    /// Begins to listen, with pads in another store.
    ///
    /// # Errors
    ///
    /// If the port cannot be used.
    pub async fn start_with(config: Config, store: Arc<dyn Store>) -> anyhow::Result<Self> {
        let failure = Arc::new(Notify::new());
        let on_failure = failure.clone();
        let metrics = Arc::new(Metrics::default());
        let writer = Writer::start(store.clone(), metrics.jobs_waiting(), move || on_failure.notify_one())?;
        let writer = Arc::new(writer);
        let shared = Shared::new(store, writer.clone(), metrics, &config);
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
        let router = http::router(site).layer(EngineIoLayer::from_config(Arc::new(gateway), engine));
        let listener = TcpListener::bind((config.host, config.port))
            .await
            .with_context(|| format!("cannot listen on {}:{}", config.host, config.port))?;
        let address = listener.local_addr()?;
        let (stop_http, stopped) = oneshot::channel();
        let http = tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            // Small packets must not wait for each other.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address, shared, writer, sockets, stop_http, http, failure })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the store fails. From then on nothing is accepted any more, and the server should stop.
    pub async fn failed(&self) {
        self.failure.notified().await;
    }

    /// Takes no more commits, writes everything, ends all connections.
    ///
    /// # Errors
    ///
    /// If not everything could be written.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { shared, writer, sockets, stop_http, mut http, .. } = self;
        let are_closed = tokio::time::timeout(WRITE_WITHIN, shared.stop()).await.is_ok();
        sockets.close_all();
        let _has_ended = stop_http.send(());
        if tokio::time::timeout(STOP_WITHIN, &mut http).await.is_err() {
            http.abort();
        }
        let is_written = tokio::task::spawn_blocking(move || writer.stop()).await?;
        anyhow::ensure!(are_closed && is_written, "not everything could be written");
        Ok(())
    }
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
