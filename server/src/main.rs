//! The program: reads what is set, starts the server, and stops it when told to.

use easysync_server::{Config, LogFormat, Server};
use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Much of the work is making and dropping small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::read(std::env::args_os()).unwrap_or_else(|told| told.exit());
    start_log(config.log_format);
    let server = Server::start(config).await?;
    println!("listening on http://{}", server.address());
    let mut terminated = signal(SignalKind::terminate())?;
    let is_failure = tokio::select! {
        result = tokio::signal::ctrl_c() => result.map(|()| false)?,
        _ = terminated.recv() => false,
        () = server.failed() => true,
    };
    tracing::info!("stopping");
    server.stop().await?;
    anyhow::ensure!(!is_failure, "the store failed");
    Ok(())
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.compact().with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
