//! A PostgreSQL for the tests of one program, and a database in it for each test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
/// The script's answer if there is no PostgreSQL.
const NOT_THERE: i32 = 3;
/// If it is set, a PostgreSQL must be there.
const REQUIRE: &str = "EASYSYNC_REQUIRE_POSTGRES";

/// A database with nothing in it; `None` if there is no PostgreSQL on this machine.
pub async fn database() -> Option<Database> {
    static NUMBER: AtomicUsize = AtomicUsize::new(1);
    let server = Database { url: server()?.to_owned() };
    let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.run(&format!("CREATE DATABASE {name}")).await;
    let (start, _) = server.url.rsplit_once('/').unwrap();
    Some(Database { url: format!("{start}/{name}") })
}

/// The address of the server, which ends with this program: when the program's end of the pipe is closed.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(Child, String)>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        // Nothing is pulled out of the machine here.
        let command = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "log_statement=none"];
        let mut child =
            Command::new("sh").arg(SCRIPT).args(command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.is_empty() {
            return Some((child, line.trim().to_owned()));
        }
        let status = child.wait().unwrap();
        assert!(status.code() == Some(NOT_THERE) && std::env::var_os(REQUIRE).is_none(), "no PostgreSQL: {status}");
        eprintln!("skipped: there is no PostgreSQL");
        None
    });
    server.as_ref().map(|(_, url)| url.as_str())
}

/// A database.
pub struct Database {
    pub url: String,
}

impl Database {
    pub fn config(&self) -> Config {
        self.url.parse().unwrap()
    }

    /// Runs statements, and gives the first column of what they return.
    pub async fn run(&self, statements: &str) -> Vec<String> {
        let (client, connection) = self.config().connect(NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let answers = client.simple_query(statements).await.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        driver.abort();
        let first = |answer: &SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        };
        answers.iter().filter_map(first).collect()
    }

    /// Cuts all connections but this one, or those of sessions whose name ends so; says how many there were.
    pub async fn cut(&self, name_end: &str) -> usize {
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND application_name LIKE '%{name_end}'"
        );
        self.run(&cut).await.len()
    }
}
