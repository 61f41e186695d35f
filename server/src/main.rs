//! The program: reads what is set, starts the server, and stops it when told to.

use clap::Parser;
use easysync_server::{Config, Server};
use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .compact()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .init();
    let server = Server::start(Config::parse()).await?;
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
