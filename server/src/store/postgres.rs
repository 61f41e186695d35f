//! The store in PostgreSQL, in the table that Etherpad makes for itself.
//!
//! One connection, the session, writes. It also holds the locks of the pads that this process has open. PostgreSQL gives a
//! session's locks back when the session ends, and not before everybody can read what it has written. So whoever writes
//! still has all locks that it got, and whoever gets a lock sees everything that was written under it before. A process that
//! was away for so long that others have its pads has no session any more, and there is no other way to write a pad.
//!
//! Some more connections read. They are made again when they break; the session never is.

use super::{Peers, Put, Store, StoreError, is_key};
use futures_executor::block_on;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Row, Statement};

/// So many connections read.
const READERS: usize = 4;
/// Whatever takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection is made within this time, or not at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A session that says nothing for so long, in seconds, belongs to a process that hangs. Its locks are taken from it.
const SILENT_FOR: f64 = 10.0;
/// Bytes of keys and values in one statement. More take several statements in one transaction.
const MAX_STATEMENT: usize = 16 << 20;
/// What is read at once when many keys are.
const SCAN_ROWS: usize = 500;

/// As Etherpad's `ueberdb2` makes it.
const TABLE: &str = r#"CREATE TABLE IF NOT EXISTS store (
    "key" character varying(100) NOT NULL, "value" text NOT NULL, CONSTRAINT store_pkey PRIMARY KEY (key))"#;
/// Writes, and tells the other processes of changed authors, in one statement: in one round trip, and all or nothing.
const WRITE: &str = "WITH written AS (
        INSERT INTO store (key, value) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING key)
    SELECT pg_notify('easysync', key) FROM written WHERE key LIKE 'globalAuthor:%'";
const GET: &str = "SELECT value FROM store WHERE key = $1";
const GET_ALL: &str = "SELECT key, value FROM store WHERE key = ANY($1)";
const SCAN: &str = r#"SELECT key, value FROM store WHERE left(key, length($1)) = $1 AND key COLLATE "C" > $2
    ORDER BY key COLLATE "C" LIMIT 500"#;
/// The update changes nothing: without it, nothing would be returned for a key that is there.
const CLAIM: &str = "INSERT INTO store (key, value) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET value = store.value RETURNING value";
/// The number of a lock. The table's own number is in it, because there may be others like it in other schemas.
const LOCK: &str = "SELECT pg_try_advisory_lock(hashtextextended($1, 'store'::regclass::oid::bigint))";
const UNLOCK: &str = "SELECT pg_advisory_unlock(hashtextextended($1, 'store'::regclass::oid::bigint))";
/// Who has a lock: the session's process, what it calls itself, and for how many seconds it has said nothing.
const HOLDER: &str = "SELECT a.pid, a.application_name, CASE WHEN a.state = 'active' THEN 0
        ELSE extract(epoch FROM clock_timestamp() - a.state_change) END::float8
    FROM (SELECT hashtextextended($1, 'store'::regclass::oid::bigint) AS number) AS key
    JOIN pg_locks AS l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.classid::bigint = (key.number >> 32) & 4294967295 AND l.objid::bigint = key.number & 4294967295
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    JOIN pg_stat_activity AS a ON a.pid = l.pid";
const CUT: &str = "SELECT pg_terminate_backend($1)";
/// For the session. A commit must be on the disk when it returns; what is stricter than that is left. If the other end is
/// gone, PostgreSQL should notice within half a minute.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local');
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    LISTEN easysync";

type OnChange = Box<dyn Fn(&str) + Send + Sync>;
/// Who is told what other processes have changed, once that is known, and the session's own process.
type Listener = Arc<OnceLock<(i32, OnChange)>>;

/// A store in a PostgreSQL database, which other processes may share. Without TLS.
pub struct PostgresStore {
    session: Session,
    readers: Readers,
    listener: Listener,
    /// On a thread of its own, so that calls may block all others. It is there until the end.
    runtime: Option<Runtime>,
}

/// The connection that writes and has the locks.
struct Session {
    client: Client,
    /// PostgreSQL's process at the other end.
    process: i32,
    write: Statement,
    lock: Statement,
    unlock: Statement,
    /// Held by who writes more than one statement.
    alone: Mutex<()>,
}

/// The connections that read.
struct Readers {
    config: Config,
    places: Vec<Mutex<Option<Arc<Reader>>>>,
    next: AtomicUsize,
}

struct Reader {
    client: Client,
    get: Statement,
    get_all: Statement,
    scan: Statement,
    claim: Statement,
    holder: Statement,
}

impl PostgresStore {
    /// Connects to a database, and makes the table if it is not there. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if the database is not in UTF-8.
    pub fn open(config: &Config) -> Result<Self, StoreError> {
        let mut config = config.clone();
        config.connect_timeout(CONNECT_WITHIN).keepalives_idle(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("easysync");
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build();
        let runtime = runtime.map_err(|error| StoreError(Box::new(error)))?;
        let listener = Listener::default();
        let session = wait(&runtime, Session::open(&config, listener.clone()))?;
        let places = std::iter::repeat_with(Mutex::default).take(READERS).collect();
        let readers = Readers { config, places, next: AtomicUsize::new(0) };
        Ok(Self { session, readers, listener, runtime: Some(runtime) })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, StoreError> {
        // It is only taken when this is dropped.
        let runtime = self.runtime.as_ref().ok_or_else(|| StoreError("the store is closed".into()))?;
        wait(runtime, work)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store for PostgresStore {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        if !is_key(key) {
            return Ok(None);
        }
        let rows = self.wait(self.readers.ask(|reader| &reader.get, &[&key]))?;
        rows.first().map(|row| row.try_get(0)).transpose().map_err(failed)
    }

    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        let possible: Vec<&str> = keys.iter().map(String::as_str).filter(|key| is_key(key)).collect();
        let rows = self.wait(self.readers.ask(|reader| &reader.get_all, &[&possible]))?;
        let pair = |row: &Row| -> Result<(String, String), Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        let found: HashMap<_, _> = rows.iter().map(pair).collect::<Result<_, _>>().map_err(failed)?;
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    fn write(&self, puts: &[Put]) -> Result<(), StoreError> {
        if let Some((key, _)) = puts.iter().find(|(key, value)| !is_key(key) || value.contains('\0')) {
            return Err(StoreError(format!("{key:?} cannot be kept in PostgreSQL").into()));
        }
        // In one statement a row cannot be written twice; the last word counts.
        let last: HashMap<&str, &str> = puts.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        if last.is_empty() {
            return Ok(());
        }
        // Rows are locked in one order everywhere, so that two who write the same ones never wait for each other.
        let mut last: Vec<_> = last.into_iter().collect();
        last.sort_unstable();
        self.wait(self.session.write(&last))
    }

    fn scan(&self, prefix: &str, visit: &mut dyn FnMut(&str, &str) -> bool) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let rows = self.wait(self.readers.ask(|reader| &reader.scan, &[&prefix, &after]))?;
            for row in &rows {
                let (key, value): (&str, &str) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
                if !visit(key, value) {
                    return Ok(());
                }
                key.clone_into(&mut after);
            }
            if rows.len() < SCAN_ROWS {
                return Ok(());
            }
        }
    }

    fn peers(&self) -> Option<&dyn Peers> {
        Some(self)
    }
}

impl Peers for PostgresStore {
    fn introduce(&self, name: &str) -> Result<(), StoreError> {
        let client = &self.session.client;
        let introduce =
            async { Ok(client.execute("SELECT set_config('application_name', $1, false)", &[&name]).await?) };
        self.wait(introduce).map(drop)
    }

    fn try_lock(&self, name: &str) -> Result<bool, StoreError> {
        let row = async { Ok(self.session.client.query_one(&self.session.lock, &[&name]).await?) };
        self.wait(row)?.try_get(0).map_err(failed)
    }

    fn unlock(&self, name: &str) -> Result<(), StoreError> {
        let row = async { Ok(self.session.client.query_one(&self.session.unlock, &[&name]).await?) };
        self.wait(row).map(drop)
    }

    fn holder(&self, name: &str) -> Result<Option<String>, StoreError> {
        let rows = self.wait(self.readers.ask(|reader| &reader.holder, &[&name]))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let pid: i32 = row.try_get(0).map_err(failed)?;
        let holder: Option<String> = row.try_get(1).map_err(failed)?;
        let silent_for: Option<f64> = row.try_get(2).map_err(failed)?;
        if silent_for.is_none_or(|seconds| seconds < SILENT_FOR) {
            return Ok(Some(holder.unwrap_or_default()));
        }
        tracing::warn!(holder, silent_for, "a process hangs; its pads are taken from it");
        let cut = async {
            let reader = self.readers.any().await?;
            Ok(reader.client.execute(CUT, &[&pid]).await?)
        };
        self.wait(cut)?;
        Ok(None)
    }

    fn beat(&self) -> Result<(), StoreError> {
        let beat = async { Ok(self.session.client.simple_query("").await?) };
        self.wait(beat).map(drop)
    }

    fn claim(&self, key: &str, value: &str) -> Result<String, StoreError> {
        let rows = self.wait(self.readers.ask(|reader| &reader.claim, &[&key, &value]))?;
        let row = rows.first().ok_or_else(|| StoreError("nothing was returned".into()))?;
        row.try_get(0).map_err(failed)
    }

    fn on_change(&self, changed: OnChange) {
        let _is_set = self.listener.set((self.session.process, changed));
    }
}

type Parameter<'a> = &'a (dyn ToSql + Sync);
type Failure = Box<dyn StdError + Send + Sync>;

impl Session {
    async fn open(config: &Config, listener: Listener) -> Result<Self, Failure> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(drive(connection, listener));
        let encoding: String = client.query_one("SHOW server_encoding", &[]).await?.try_get(0)?;
        if encoding != "UTF8" {
            return Err(format!("the database is in {encoding}; it must be in UTF8").into());
        }
        // Who may not make tables can still use one that is there.
        let is_there = "SELECT to_regclass('store') IS NOT NULL";
        if !client.query_one(is_there, &[]).await?.try_get::<_, bool>(0)? {
            // One process after the other, because making it twice at once fails.
            let lock = "SELECT pg_advisory_xact_lock(hashtextextended('easysync', 0))";
            client.batch_execute(&format!("BEGIN; {lock}; {TABLE}; COMMIT")).await?;
        }
        client.batch_execute(SETTINGS).await?;
        let process = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        let (write, lock, unlock) =
            (client.prepare(WRITE).await?, client.prepare(LOCK).await?, client.prepare(UNLOCK).await?);
        Ok(Self { client, process, write, lock, unlock, alone: Mutex::new(()) })
    }

    async fn write(&self, puts: &[(&str, &str)]) -> Result<(), Failure> {
        let statements = statements(puts);
        let _alone = self.alone.lock().await;
        if let [puts] = statements[..] {
            return self.put(puts).await;
        }
        self.client.batch_execute("BEGIN").await?;
        try_join_all(statements.into_iter().map(|puts| self.put(puts))).await?;
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    async fn put(&self, puts: &[(&str, &str)]) -> Result<(), Failure> {
        let (keys, values): (Vec<&str>, Vec<&str>) = puts.iter().copied().unzip();
        self.client.query(&self.write, &[&keys, &values]).await?;
        Ok(())
    }
}

/// What goes into one statement each: as much as it may have, and at least one.
fn statements<'a, 'b>(mut puts: &'b [(&'a str, &'a str)]) -> Vec<&'b [(&'a str, &'a str)]> {
    let mut statements = Vec::new();
    while !puts.is_empty() {
        let mut bytes = 0;
        let fit = puts.iter().take_while(|(key, value)| {
            bytes += key.len() + value.len();
            bytes <= MAX_STATEMENT
        });
        let (first, rest) = puts.split_at(fit.count().max(1));
        statements.push(first);
        puts = rest;
    }
    statements
}

/// Does what a connection has to do, until it ends. Hears what other processes have changed.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, listener: Listener)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(news)) => {
                if let Some((own, changed)) = listener.get()
                    && news.process_id() != *own
                {
                    changed(news.payload());
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = full(&error), "a connection to PostgreSQL has ended");
                break;
            }
        }
    }
}

impl Readers {
    /// A connection that works, as far as is known.
    async fn any(&self) -> Result<Arc<Reader>, Failure> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let place = self.places.get(next).ok_or("no connections")?;
        let mut place = place.lock().await;
        if let Some(reader) = &*place
            && !reader.client.is_closed()
        {
            return Ok(reader.clone());
        }
        let reader = Arc::new(Reader::open(&self.config).await?);
        *place = Some(reader.clone());
        Ok(reader)
    }

    /// Asks something that may be asked again: if the connection has ended meanwhile, another is asked.
    async fn ask(&self, what: fn(&Reader) -> &Statement, of: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let reader = self.any().await?;
        match reader.client.query(what(&reader), of).await {
            Err(error) if error.is_closed() || reader.client.is_closed() => {
                let reader = self.any().await?;
                Ok(reader.client.query(what(&reader), of).await?)
            }
            answer => Ok(answer?),
        }
    }
}

impl Reader {
    async fn open(config: &Config) -> Result<Self, Failure> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(drive(connection, Arc::default()));
        let (get, get_all) = (client.prepare(GET).await?, client.prepare(GET_ALL).await?);
        let (scan, claim) = (client.prepare(SCAN).await?, client.prepare(CLAIM).await?);
        let holder = client.prepare(HOLDER).await?;
        Ok(Self { client, get, get_all, scan, claim, holder })
    }
}

/// Blocks until something is done; if this is a thread that works for many, others take its place.
fn wait<T>(runtime: &Runtime, work: impl Future<Output = Result<T, Failure>>) -> Result<T, StoreError> {
    let is_shared = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    let blocking = || {
        let _timers = runtime.enter();
        match block_on(tokio::time::timeout(PATIENCE, work)) {
            Ok(done) => done.map_err(|error| StoreError(full(error.as_ref()).into())),
            Err(_) => Err(StoreError(format!("PostgreSQL takes longer than {} s", PATIENCE.as_secs()).into())),
        }
    };
    if is_shared { tokio::task::block_in_place(blocking) } else { blocking() }
}

fn failed(error: Error) -> StoreError {
    StoreError(full(&error).into())
}

/// An error with what has led to it.
fn full(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
