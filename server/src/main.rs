//! The program: reads what is set, starts the server, and stops it when told to.

use easysync_server::{Config, LogFormat, Server};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A database that is lost is asked for again after this time, then after twice as long, and so on.
const RETRY: Duration = Duration::from_millis(100);
const MAX_RETRY: Duration = Duration::from_secs(5);

/// Much of the work is making and dropping small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::read(std::env::args_os()).unwrap_or_else(|told| told.exit());
    start_log(config.log_format);
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut server = Server::start(config.clone()).await?;
    // It stays the same if the server must begin anew.
    let config = Config { port: server.address().port(), ..config };
    println!("listening on http://{}", server.address());
    loop {
        let has_failed = tokio::select! {
            _ = interrupted.recv() => false,
            _ = terminated.recv() => false,
            () = server.failed() => true,
        };
        tracing::info!("stopping");
        let stopped = server.stop().await;
        if !has_failed {
            return stopped;
        }
        // A file that could not be written must be looked at. A database that was lost comes back, and nothing of what was known
        // before holds then: so everything is begun anew.
        anyhow::ensure!(config.database.is_some(), "the store failed");
        server = tokio::select! {
            _ = interrupted.recv() => return Ok(()),
            _ = terminated.recv() => return Ok(()),
            server = start_again(&config) => server,
        };
    }
}

/// Starts a server as soon as it can be started.
async fn start_again(config: &Config) -> Server {
    let mut wait = RETRY;
    loop {
        match Server::start(config.clone()).await {
            Ok(server) => {
                tracing::info!("begun anew");
                return server;
            }
            Err(error) => tracing::warn!("cannot begin anew yet: {error:#}"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(MAX_RETRY);
    }
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.compact().with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
