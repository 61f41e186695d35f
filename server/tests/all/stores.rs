//! What every store does, and what PostgreSQL's does besides.

use crate::common;
use crate::common::postgres::{Database, database};
use easysync_server::{Peers, PostgresStore, Put, RedbStore, Store, StoreError};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

fn put(key: &str, value: &str) -> Put {
    (key.to_owned(), value.to_owned())
}

fn keys(store: &dyn Store, prefix: &str, limit: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let mut visit = |key: &str, value: &str| {
        assert_eq!(store.get(key).unwrap().as_deref(), Some(value));
        seen.push(key.to_owned());
        seen.len() < limit
    };
    store.scan(prefix, &mut visit).unwrap();
    seen
}

/// What must hold for a store that is opened by `open`, once or again.
fn check_store<S: Store>(open: impl Fn() -> S) {
    let store = open();
    assert_eq!(store.get("a:1").unwrap(), None);
    assert!(keys(&store, "", usize::MAX).is_empty());
    store.write(&[]).unwrap();
    let texts = ["", "\"\"", r#"{"text":"half \ud83d, \u0000"}"#, "größe😀\u{2028}\u{7f}\r\n\t\\'$1", "null"];
    let puts: Vec<_> = texts.iter().enumerate().map(|(number, text)| put(&format!("text:{number}"), text)).collect();
    store.write(&puts).unwrap();
    // The last counts, and what is there is replaced.
    store.write(&[put("a:1", "first"), put("a:2", "x"), put("a:1", "second")]).unwrap();
    assert_eq!(store.get("a:1").unwrap().as_deref(), Some("second"));
    store.write(&[put("a:1", "third")]).unwrap();
    drop(store);

    let store = open();
    for (key, text) in &puts {
        assert_eq!(store.get(key).unwrap().as_ref(), Some(text), "{key}");
    }
    assert_eq!(store.get("a:1").unwrap().as_deref(), Some("third"));
    // In the order of code points, with nothing that means something elsewhere; the prefix itself as well.
    let named = ["a", "a:%", "a:_", "a:2:x", "a:A", "a:é", "a:\u{ffff}", "a:😀", "b:1", "ä", "a\u{1}"];
    store.write(&named.map(|key| put(key, key))).unwrap();
    let expected = ["a:%", "a:1", "a:2", "a:2:x", "a:A", "a:_", "a:é", "a:\u{ffff}", "a:😀"];
    assert_eq!(keys(&store, "a:", usize::MAX), expected);
    assert_eq!(keys(&store, "a", 3), ["a", "a\u{1}", "a:%"]);
    assert_eq!(keys(&store, "a:%", usize::MAX), ["a:%"]);
    assert!(keys(&store, "a:x", usize::MAX).is_empty());
    // More than is read at once.
    let many: Vec<_> = (0..1234).map(|number| put(&format!("many:{number:04}"), "x")).collect();
    store.write(&many).unwrap();
    assert!(keys(&store, "many:", usize::MAX).iter().eq(many.iter().map(|(key, _)| key)));
    // A key of fifty characters that are two units each, and more in one transaction than goes into one statement.
    let long = format!("pad:{}:revs:4294967295", "😀".repeat(50));
    let large = "x".repeat(9 << 20);
    let puts: Vec<_> = (0..4).map(|number| put(&format!("{long}{number}"), &large)).collect();
    store.write(&puts).unwrap();
    assert!(puts.iter().all(|(key, _)| store.get(key).unwrap().is_some_and(|value| value.len() == large.len())));
    assert_eq!(store.get(&"x".repeat(200)).unwrap(), None);
    assert_eq!(store.get("x\0").unwrap(), None);
    let asked = ["a:1", "nowhere", "a:😀", "x\0", "a:1"].map(str::to_owned);
    let found = store.get_all(&asked).unwrap();
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    assert_eq!(found, [Some("third"), None, Some("a:😀"), None, Some("third")]);
    assert!(store.get_all(&[]).unwrap().is_empty());
    // Many at once.
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (store, many) = (&store, &many);
            scope.spawn(move || {
                for (key, value) in many.iter().skip(number).step_by(8) {
                    assert_eq!(store.get(key).unwrap().as_ref(), Some(value));
                }
            });
        }
    });
}

#[test]
fn the_file_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    check_store(|| RedbStore::open(&folder.path().join("new").join("pads.redb")).unwrap());
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn open(database: &Database) -> PostgresStore {
    let config = database.config();
    blocking(move || PostgresStore::open(&config)).await.unwrap()
}

#[tokio::test]
async fn postgresql_is_a_store() {
    let Some(database) = database().await else { return };
    let config = database.config();
    blocking(move || check_store(|| PostgresStore::open(&config).unwrap())).await;
    // As Etherpad's driver makes it, column by column.
    let columns = "SELECT column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length::text, '') || ' '
        || is_nullable FROM information_schema.columns WHERE table_name = 'store' ORDER BY ordinal_position";
    assert_eq!(database.run(columns).await, ["key character varying 100 NO", "value text  NO"]);
    let indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'store'";
    assert_eq!(database.run(indexes).await, ["CREATE UNIQUE INDEX store_pkey ON public.store USING btree (key)"]);
}

#[tokio::test]
async fn what_postgresql_cannot_have_is_refused_and_nothing_of_it_written() {
    let Some(database) = database().await else { return };
    let store = open(&database).await;
    let long = "x".repeat(101);
    for wrong in [put("a\0", "1"), put("b", "\0"), put(&long, "1")] {
        assert!(store.write(&[put("good", "1"), wrong]).is_err());
    }
    assert_eq!(store.get("good").unwrap(), None);
    database.run("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'").await;
    let (start, _) = database.url.rsplit_once('/').unwrap();
    let latin = format!("{start}/latin").parse().unwrap();
    let refused = blocking(move || PostgresStore::open(&latin).map(drop)).await.unwrap_err();
    assert_eq!(refused.to_string(), "store: the database is in LATIN1; it must be in UTF8");
}

#[tokio::test]
async fn commits_are_on_the_disk_even_where_the_database_does_not_insist() {
    let Some(database) = database().await else { return };
    let name = database.url.rsplit('/').next().unwrap();
    database.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let store = open(&database).await;
    store.introduce("one@here").unwrap();
    // The session itself writes down what holds for it.
    database
        .run(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.value = current_setting('synchronous_commit'); RETURN NEW; END $$;
            CREATE TRIGGER note BEFORE INSERT ON store FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await;
    store.write(&[put("a", "?")]).unwrap();
    assert_eq!(store.get("a").unwrap().as_deref(), Some("on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_cut_never_writes_again_but_reads_go_on() {
    let Some(database) = database().await else { return };
    let store = open(&database).await;
    store.write(&[put("a", "1")]).unwrap();
    assert_eq!(store.get("a").unwrap().as_deref(), Some("1"));
    assert!(database.cut("").await >= 2);
    for _ in 0..10 {
        assert_eq!(store.get("a").unwrap().as_deref(), Some("1"));
    }
    for _ in 0..3 {
        assert!(store.write(&[put("a", "2")]).is_err());
        assert!(store.beat().is_err() && store.try_lock("p").is_err());
    }
    assert_eq!(store.get("a").unwrap().as_deref(), Some("1"));
    drop(store);
    assert_eq!(open(&database).await.get("a").unwrap().as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_lost_a_lock_cannot_write() {
    let Some(database) = database().await else { return };
    let (one, two) = (open(&database).await, open(&database).await);
    one.introduce("secret@one:1").unwrap();
    two.introduce("secret@two:2").unwrap();
    assert!(one.try_lock("p").unwrap() && !two.try_lock("p").unwrap() && two.try_lock("q").unwrap());
    assert_eq!(two.holder("p").unwrap().as_deref(), Some("secret@one:1"));
    assert_eq!(one.holder("q").unwrap().as_deref(), Some("secret@two:2"));
    assert_eq!(one.holder("r").unwrap(), None);
    // Taken twice, it is given back twice.
    assert!(one.try_lock("p").unwrap());
    one.unlock("p").unwrap();
    assert!(!two.try_lock("p").unwrap());
    one.unlock("p").unwrap();
    assert!(two.try_lock("p").unwrap());
    two.unlock("p").unwrap();
    assert!(one.try_lock("p").unwrap());

    one.write(&[put("pad:p", "of one")]).unwrap();
    assert_eq!(database.cut("one:1").await, 1);
    until(|| two.try_lock("p").unwrap());
    assert_eq!(two.get("pad:p").unwrap().as_deref(), Some("of one"));
    two.write(&[put("pad:p", "of two")]).unwrap();
    assert!(one.write(&[put("pad:p", "too late")]).is_err());
    assert_eq!(two.get("pad:p").unwrap().as_deref(), Some("of two"));
    assert_eq!(one.get("pad:p").unwrap().as_deref(), Some("of two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_taken_from_those_who_hang() {
    let Some(database) = database().await else { return };
    let (one, two, asking) = (open(&database).await, open(&database).await, open(&database).await);
    one.introduce("secret@one:1").unwrap();
    two.introduce("secret@two:2").unwrap();
    assert!(one.try_lock("p").unwrap() && two.try_lock("q").unwrap());
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(5));
    two.beat().unwrap();
    until(|| asking.holder("p").unwrap().is_none());
    assert!(began.elapsed() >= Duration::from_secs(10), "{:?}", began.elapsed());
    until(|| asking.try_lock("p").unwrap());
    assert!(one.write(&[put("pad:p", "too late")]).is_err());
    // The other has given a sign of life, and is left in peace.
    assert_eq!(asking.holder("q").unwrap().as_deref(), Some("secret@two:2"));
    two.write(&[put("pad:q", "in time")]).unwrap();
}

/// Waits until something is so.
fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + common::PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_agree_on_what_they_claim_and_hear_of_changed_authors() {
    let Some(database) = database().await else { return };
    let stores = Arc::new([open(&database).await, open(&database).await]);
    for key in (0..50).map(|number| format!("token2author:t.{number}")) {
        let claimed: Vec<_> = (0..8)
            .map(|number| {
                let (stores, key) = (stores.clone(), key.clone());
                std::thread::spawn(move || stores[number % 2].claim(&key, &format!("\"a.{number}\"")).unwrap())
            })
            .collect();
        let claimed: Vec<_> = claimed.into_iter().map(|claimed| claimed.join().unwrap()).collect();
        assert!(claimed.iter().all(|value| *value == claimed[0]), "{claimed:?}");
        assert_eq!(stores[0].get(&key).unwrap().as_ref(), Some(&claimed[0]));
    }
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let (sender, news) = mpsc::channel();
    stores[0].on_change(Box::new(move |key| sender.send(key.to_owned()).unwrap()));
    let own = heard.clone();
    stores[1].on_change(Box::new(move |key| own.lock().unwrap().push(key.to_owned())));
    stores[1].write(&[put("pad:p", "x"), put("globalAuthor:a.1", "x"), put("globalAuthor:a.2", "x")]).unwrap();
    let mut changed: Vec<_> = (0..2).map(|_| news.recv_timeout(common::PATIENCE).unwrap()).collect();
    changed.sort();
    assert_eq!(changed, ["globalAuthor:a.1", "globalAuthor:a.2"]);
    stores[0].write(&[put("globalAuthor:a.3", "x")]).unwrap();
    until(|| !heard.lock().unwrap().is_empty());
    assert_eq!(*heard.lock().unwrap(), ["globalAuthor:a.3"]);
    assert!(news.try_recv().is_err());
}

#[test]
fn an_address_that_nobody_listens_at_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().to_str().unwrap().replace('/', "%2F");
    let refused: Result<(), StoreError> =
        PostgresStore::open(&format!("postgres://x@{host}/x").parse().unwrap()).map(drop);
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("error connecting to server") && error.contains("No such file"), "{error}");
}
