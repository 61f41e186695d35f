//! A server, and what can be learnt of it from outside: the time and memory that it takes, and what it has sent.

use crate::Options;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Linux counts the time of processes in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;
/// The name of the counter of messages by type.
const EMITS: &str = "easysync_emits_total{type=\"";
/// A server that is busy may answer late.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs. One that was started here ends with this value, and what it kept goes.
pub struct Server {
    pub address: SocketAddr,
    pub pid: Option<u32>,
    _started: Option<(Process, TempDir)>,
}

/// The server's program, running; it ends with this value.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts the program that the options name, or takes the server that they name.
    pub async fn open(options: &Options) -> anyhow::Result<Self> {
        match (&options.program, options.server) {
            (Some(program), _) => Self::start(program, &options.with).await,
            (None, Some(address)) => Ok(Self { address, pid: options.pid, _started: None }),
            (None, None) => bail!("which server?"),
        }
    }

    async fn start(program: &Path, with: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Process::start(program, with, folder.path()).await?;
        Ok(Self { address: process.address, pid: process.child.id(), _started: Some((process, folder)) })
    }

    /// Messages sent so far, by type; nothing if the server does not tell.
    pub async fn emits(&self) -> BTreeMap<String, u64> {
        let answer = tokio::time::timeout(PATIENCE, get(self.address, "/metrics")).await;
        let Ok(Ok(text)) = answer else { return BTreeMap::new() };
        let line = |line: &str| {
            let (name, number) = line.strip_prefix(EMITS)?.split_once("\"} ")?;
            Some((name.to_owned(), number.parse().ok()?))
        };
        text.lines().filter_map(line).collect()
    }
}

impl Process {
    /// Starts it with what is kept in a folder.
    pub async fn start(program: &Path, with: &[String], folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--data"])
            .arg(folder.join("pads.redb"))
            // All authors come from one address.
            .args(["--max-connections", "0"])
            .args(with)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let told = tokio::time::timeout(PATIENCE, lines.next_line()).await.context("the server does not start")??;
        let address = told.as_deref().and_then(|line| line.strip_prefix("listening on http://"));
        let address = address.context("the server does not say where it listens")?.parse()?;
        Ok(Self { address, child })
    }

    /// Ends it at once: nothing is flushed, nothing is said.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }
}

/// The processor time that a process has taken so far, in seconds; `None` where that cannot be told.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may have spaces in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

/// The processor time that all processes together have taken so far, in seconds.
pub fn cpu_seconds_of_all() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let mut fields = stat.lines().next()?.split_ascii_whitespace().skip(1).map_while(|field| field.parse::<f64>().ok());
    let (user, nice, system) = (fields.next()?, fields.next()?, fields.next()?);
    // Idle, waiting for disks; then interrupts.
    let interrupts: f64 = fields.skip(2).take(2).sum();
    Some((user + nice + system + interrupts) / TICKS_PER_SECOND)
}

/// The memory of a process, in megabytes.
pub fn memory_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

async fn get(server: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(server).await?;
    // Version 1.0, so that the answer comes in one piece and ends with the connection.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    Ok(body.to_owned())
}
