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
//! | `wire` | a web socket, Engine.IO and socket.io |
//! | `server` | what can be learnt of the server from outside |
//! | `result` | what a trial has come to |
//! | `table` | what all trials have come to, for people |

mod author;
mod result;
mod server;
mod table;
mod trial;
mod wire;

use anyhow::Context;
use clap::Parser;
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
    #[arg(long, value_name = "FILE", required_unless_present = "server")]
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
    #[arg(long, value_delimiter = ',', default_value = "100", value_parser = clap::value_parser!(u32).range(2..=3000))]
    authors: Vec<u32>,

    /// How long they type, in seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,

    /// How often, each time in a new pad
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    trials: u32,

    /// The version of Engine.IO: 4, or 3 for servers before Etherpad 2
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=4))]
    engine: u8,

    /// What the rows of this run are called
    #[arg(long, default_value = "")]
    label: String,

    /// Writes everything that was measured to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "not an address with a port".to_owned())?;
    address.ip().is_loopback().then_some(address).ok_or_else(|| "load is made on this machine only".to_owned())
}

/// Much of the work is making and dropping small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
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
