//! Many authors at one pad of a server on this machine.
//!
//! Each author is the real client on a socket of its own. The server runs in another process, so that what it takes can be told
//! from what the authors take: each trial starts one of its own, with nothing in it, or all go to one that runs already.
//!
//! | file | what |
//! |---|---|
//! | `main` | what can be set; one trial after the other |
//! | `trial` | one pad: everyone in, everyone types, everyone waits for the last revision |
//! | `author` | one author |
//! | `peer` | the client on a connection that can be lost |
//! | `kills` | the server is killed, over and over |
//! | `wire` | a web socket, Engine.IO and socket.io |
//! | `server` | what can be learnt of the server from outside |
//! | `result` | what a trial has come to |
//! | `table` | what all trials have come to, for people |

mod author;
mod kills;
mod peer;
mod result;
mod server;
mod table;
mod trial;
mod wire;

use anyhow::Context;
use clap::Parser;
use easysync::{CAN_BATCH, CAN_PIPELINE};
use result::Row;
use server::Server;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Has many authors type in one pad of a server on this machine.
#[derive(Debug, Parser)]
#[command(name = "easysync-loadtest", version)]
struct Options {
    /// The server's program, easysync-server
    #[arg(long, value_name = "FILE", required_unless_present_any = ["server", "show"])]
    program: Option<PathBuf>,

    /// What the program is given, one word each time: --with=--new-changes-batch=off
    #[arg(long, value_name = "WORD", requires = "program")]
    with: Vec<String>,

    /// Where another server listens; only addresses of this machine are taken
    #[arg(long, value_name = "ADDRESS", value_parser = loopback, conflicts_with = "program")]
    server: Option<SocketAddr>,

    /// The process of that server, to tell how much time and memory it takes
    #[arg(long, requires = "server")]
    pid: Option<u32>,

    /// How many authors; several numbers, parted by commas, are taken one after the other
    #[arg(long, value_delimiter = ',', default_value = "100", value_parser = clap::value_parser!(u32).range(1..=3000))]
    authors: Vec<u32>,

    /// How long they type, in seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,

    /// How often, each time in a new pad
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    trials: u32,

    /// Each author edits so often, in milliseconds; etherpad-load-test does so 2.5 times a second
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    edit_every: u64,

    /// Whether each client has two commits in flight, if the server can answer them by number
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pipeline: Switch,

    /// Kills the server so often while they write, instead of measuring; nothing may be lost
    #[arg(long, value_name = "TIMES", requires = "program")]
    kills: Option<u32>,

    /// The version of Engine.IO: 4, or 3 for servers before Etherpad 2
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=4))]
    engine: u8,

    /// What the rows of this run are called
    #[arg(long, default_value = "")]
    label: String,

    /// Writes everything that was measured to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Prints the table of such files, and does nothing else
    #[arg(long, value_name = "FILE", num_args = 1..)]
    show: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Options {
    /// What the clients say that they can do.
    fn capabilities(&self) -> u32 {
        CAN_BATCH | if self.pipeline == Switch::On { CAN_PIPELINE } else { 0 }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "not an address with a port".to_owned())?;
    address.ip().is_loopback().then_some(address).ok_or_else(|| "load is made on this machine only".to_owned())
}

/// The rows of files that were written before, by the number of authors.
fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        rows.extend(serde_json::from_str::<Vec<Row>>(&text)?);
    }
    rows.sort_by_key(|row| row.authors);
    Ok(rows)
}

/// Much of the work is making and dropping small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let (Some(kills), Some(program)) = (options.kills, &options.program) {
        for &authors in &options.authors {
            let (with, capabilities) = (&*options.with, options.capabilities());
            let outcome = kills::run(kills::Plan { program, with, kills, authors, capabilities }).await?;
            println!("{kills} kills, {authors} authors: {}", outcome.summary());
            outcome.check()?;
        }
        return Ok(());
    }
    if !options.show.is_empty() {
        println!("{}", table::render(&read(&options.show)?));
        return Ok(());
    }
    let mut rows = Vec::new();
    for &authors in &options.authors {
        let mut trials = Vec::new();
        for number in 0..options.trials {
            let server = Server::open(&options).await?;
            let plan = trial::Plan {
                server: &server,
                pad: format!("load-{authors}-{number}-{:06}", fastrand::u32(..1_000_000)),
                authors,
                typing: Duration::from_secs(options.seconds),
                engine: options.engine,
                capabilities: options.capabilities(),
                edit_every: Duration::from_millis(options.edit_every),
            };
            let result = trial::run(plan).await.with_context(|| format!("{authors} authors"))?;
            eprintln!("{authors} authors, trial {}: {}", number + 1, result.summary());
            trials.push(result);
        }
        rows.push(Row { label: options.label.clone(), authors, seconds: options.seconds, trials });
    }
    println!("{}", table::render(&rows));
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&rows)?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    let failed = rows.iter().flat_map(|row| &row.trials).filter(|trial| !trial.is_converged()).count();
    anyhow::ensure!(failed == 0, "{failed} trials did not end with the same text everywhere");
    Ok(())
}
