//! Several processes over one PostgreSQL.

use crate::common::postgres::{Database, database};
use crate::common::program::Program;
use crate::common::{self, CAPABLE, Person, Wire, at, get, post_file, request, text};
use easysync::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Somebody tries again after this time.
const RETRY: Duration = Duration::from_millis(50);

fn start(database: &Database) -> Program {
    Program::start(&["--database", &database.url])
}

/// The port of the process that has the only pad.
async fn owner(database: &Database) -> Option<u16> {
    let held = "SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let names = database.run(held).await;
    names.first().map(|name| name.rsplit(':').next().unwrap().parse().unwrap())
}

fn cookie(token: &str) -> Option<String> {
    Some(format!("token=t.{token}"))
}

#[tokio::test]
async fn people_at_different_processes_share_a_pad() {
    let Some(database) = database().await else { return };
    let (one, two) = (start(&database), start(&database));
    let mut ann = Person::open(one.address, "p ü+", CAPABLE).await;
    let mut bob = Person::open(two.address, "p ü+", "").await;
    assert_eq!(owner(&database).await, Some(one.address.port()));
    for round in 1..=20 {
        ann.insert(0, "one 😀 ").await;
        ann.settle(2 * round - 1).await;
        bob.settle(2 * round - 1).await;
        bob.insert(0, "two ").await;
        bob.settle(2 * round).await;
        ann.settle(2 * round).await;
    }
    assert_eq!(ann.text(), bob.text());
    assert_eq!(ann.text(), format!("{}\n", "two one 😀 ".repeat(20)));

    // Whatever else needs the open pad is answered there as well.
    let name = "/p/p_%C3%BC+";
    assert_eq!(get(two.address, &format!("{name}/export/txt")).await, (200, ann.text()));
    let (status, history) = get(two.address, &format!("{name}/export/etherpad")).await;
    assert_eq!((status, history.matches(":revs:").count()), (200, 41));
    let mut wire = Wire::connect_to(two.address, None, "p ü+").await.unwrap();
    let vars = wire.join("p ü+", "").await;
    let read_only = text(&vars, &["data", "readOnlyId"]);
    let mut reader = Wire::connect_to(two.address, None, &read_only).await.unwrap();
    let vars = reader.join(&read_only, "").await;
    assert_eq!(at(&vars, &["data", "readonly"]), &Value::Bool(true));
    let (status, answer) = post_file(two.address, &format!("{name}/import"), "", &history).await;
    assert!(status == 400 && answer.contains("padHasData"), "{status} {answer}");
    assert_eq!(post_file(two.address, "/p/copy/import", "", &history).await.0, 200);
    assert_eq!(Person::open(one.address, "copy", "").await.text(), ann.text());
    // Without web sockets, by one request after the other.
    let poll = "/socket.io/?EIO=4&transport=polling&padId=p_%C3%BC%2B";
    let (status, greeting) = get(two.address, poll).await;
    let sid = greeting.split('"').nth(3).unwrap();
    let post = |address: SocketAddr, sid: &str| {
        format!("POST {poll}&sid={sid} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 2\r\n\r\n40")
    };
    let mut taken = Vec::new();
    for (address, sid) in [(two.address, sid), (one.address, sid), (two.address, "unknown")] {
        taken.push(request(address, &post(address, sid)).await.0);
    }
    assert_eq!((status, taken), (200, vec![200, 200, 400]), "{greeting}");
    // Who does not say at the beginning which pad it will be is sent away, because it is not here.
    let mut silent = Wire::connect(two.address, None).await;
    silent.send(&common::ready("p ü+", "")).await;
    assert_eq!(silent.text().await, None);
    let mut silent = Wire::connect(one.address, None).await;
    silent.join("p ü+", "").await;
}

#[tokio::test]
async fn a_pad_goes_over_when_its_process_stops() {
    let Some(database) = database().await else { return };
    let (mut one, mut two) = (start(&database), start(&database));
    let mut ann = Person::open_as(one.address, "p", "", cookie("ann")).await;
    ann.insert(0, "before ").await;
    ann.settle(1).await;
    assert!(one.stop());
    // PostgreSQL notices in a moment.
    let end = Instant::now() + common::PATIENCE;
    while owner(&database).await.is_some() {
        assert!(Instant::now() < end, "the lock is not given back");
        tokio::time::sleep(RETRY / 10).await;
    }
    ann.reopen(two.address, "").await;
    ann.insert(0, "after ").await;
    ann.settle(2).await;
    assert_eq!(ann.text(), "after before \n");
    assert_eq!(owner(&database).await, Some(two.address.port()));
    assert!(two.stop());
    // And alone, with nobody to share with.
    let three = start(&database);
    assert_eq!(Person::open(three.address, "p", "").await.text(), ann.text());
}

#[tokio::test]
async fn a_person_is_the_same_everywhere() {
    let Some(database) = database().await else { return };
    let (one, two) = (start(&database), start(&database));
    let pads = [(one.address, "of-one"), (two.address, "of-two")];
    let person = cookie("person");
    let join = async |(address, pad): (SocketAddr, &str)| {
        let mut wire = Wire::connect_to(address, person.as_deref(), pad).await.unwrap();
        let vars = wire.join(pad, "").await;
        (wire, vars)
    };
    // At both at once, for the first time.
    let ((mut wire, first), (_, second)) = tokio::join!(join(pads[0]), join(pads[1]));
    let id = text(&first, &["data", "userId"]);
    assert_eq!(text(&second, &["data", "userId"]), id);
    let record = format!("SELECT value FROM store WHERE key = 'globalAuthor:{id}'");
    // What Etherpad keeps there as well.
    database
        .run(&format!(
            "UPDATE store SET value = replace(value, '{{', '{{\"padIDs\":{{\"x\":1}},') WHERE key = 'globalAuthor:{id}'"
        ))
        .await;
    for (round, name) in ["Ann", "Änne 😀"].into_iter().enumerate() {
        let update = format!(
            r##"{{"type":"COLLABROOM","component":"pad","data":{{"type":"USERINFO_UPDATE","userInfo":{{"name":"{name}","colorId":"#aabbcc"}}}}}}"##
        );
        wire.ask(&update).await;
        let end = Instant::now() + common::PATIENCE;
        // The other process learns it when it is written; until then there may be no name at all.
        let told = async || {
            let (_, vars) = join(pads[1 - round]).await;
            let name = at(&vars, &["data"]).get("userName").and_then(Value::as_text);
            name.map(ToString::to_string)
        };
        while told().await.as_deref() != Some(name) {
            assert!(Instant::now() < end, "{name}");
            tokio::time::sleep(RETRY).await;
        }
        wire = join(pads[1 - round]).await.0;
    }
    let kept = database.run(&record).await;
    assert!(kept[0].contains(r#""padIDs":{"x":1}"#) && kept[0].contains("Änne"), "{kept:?}");
}

/// Where one can connect, and what was acknowledged.
#[derive(Default)]
struct Scene {
    addresses: Mutex<Vec<SocketAddr>>,
    acknowledged: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Scene {
    fn address(&self) -> SocketAddr {
        fastrand::choice(&*self.addresses.lock().unwrap()).copied().unwrap()
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits until so many more words are acknowledged.
    async fn progress(&self, words: usize) {
        let (goal, end) = (self.count() + words, Instant::now() + 2 * common::PATIENCE);
        while self.count() < goal {
            assert!(Instant::now() < end, "nobody gets on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Takes a message; comes again, to any process, when the connection has ended.
async fn receive(person: &mut Person, scene: &Scene) {
    if person.try_receive().await {
        return;
    }
    while !person.try_reopen(scene.address(), CAPABLE).await {
        tokio::time::sleep(RETRY).await;
    }
    // Not at once if it is refused.
    tokio::time::sleep(RETRY / 10).await;
}

/// Writes one word after the other until it is over.
async fn write_words(mut person: Person, name: usize, scene: Arc<Scene>) -> Person {
    for number in 0.. {
        if scene.is_over.load(Ordering::SeqCst) {
            break;
        }
        let word = format!("<{name}.{number}>");
        let at = fastrand::usize(0..person.view().len_utf16());
        // Between words, so that each can be found again.
        let at = person.text().get(..at).and_then(|before| before.rfind('>')).map_or(0, |end| end + 1);
        person.insert(at, &word).await;
        while person.client.has_uncommitted() {
            receive(&mut person, &scene).await;
        }
        scene.acknowledged.lock().unwrap().push(word);
    }
    person
}

/// Has everybody end, and looks whether all have the same, with each acknowledged word once.
async fn finish(scene: &Scene, writers: Vec<tokio::task::JoinHandle<Person>>) {
    scene.is_over.store(true, Ordering::SeqCst);
    let mut people = Vec::new();
    for writer in writers {
        people.push(writer.await.unwrap());
    }
    let mut late = loop {
        match Person::try_connect(scene.address(), "p", CAPABLE, None).await {
            Some(person) => break person,
            // A process that has lost its store refuses until it has it again.
            None => tokio::time::sleep(RETRY).await,
        }
    };
    while late.client.view().is_none() {
        receive(&mut late, scene).await;
    }
    for word in scene.acknowledged.lock().unwrap().iter() {
        assert_eq!(late.text().matches(word.as_str()).count(), 1, "{word}");
    }
    for person in &mut people {
        while person.client.rev() < late.client.rev() {
            receive(person, scene).await;
        }
        assert_eq!(person.text(), late.text());
    }
}

/// People who write, when all of them are there.
async fn writers(number: usize, scene: &Arc<Scene>) -> Vec<tokio::task::JoinHandle<Person>> {
    let open = |name| Person::open_as(scene.address(), "p", CAPABLE, cookie(&format!("writer{name}")));
    let people = futures_util::future::join_all((0..number).map(open)).await;
    (0..).zip(people).map(|(name, person)| tokio::spawn(write_words(person, name, scene.clone()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_owner_is_killed() {
    let Some(database) = database().await else { return };
    let mut programs = [start(&database), start(&database)];
    let scene = Arc::new(Scene::default());
    *scene.addresses.lock().unwrap() = programs.iter().map(|program| program.address).collect();
    let writers = writers(6, &scene).await;
    for round in 0..6u64 {
        scene.progress(50).await;
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        let port = owner(&database).await.expect("somebody has the pad");
        let owner = programs.iter_mut().find(|program| program.address.port() == port).unwrap();
        if round % 3 == 2 {
            // The session is cut and the process goes on: it begins anew.
            assert_eq!(database.cut(&format!(":{port}")).await, 1);
            continue;
        }
        owner.kill();
        scene.addresses.lock().unwrap().retain(|address| address.port() != port);
        scene.progress(20).await;
        *owner = start(&database);
        scene.addresses.lock().unwrap().push(owner.address);
    }
    // PostgreSQL itself goes away for everybody.
    database.cut("").await;
    scene.progress(50).await;
    finish(&scene, writers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_away_cannot_write_any_more() {
    let Some(database) = database().await else { return };
    let (one, two) = (start(&database), start(&database));
    let mut ann = Person::open_as(one.address, "p", CAPABLE, cookie("ann")).await;
    ann.insert(0, "before ").await;
    ann.settle(1).await;
    one.suspend();
    // This waits in the connection of the one that sleeps.
    ann.insert(0, "asleep ").await;
    assert_eq!(database.cut(&format!(":{}", one.address.port())).await, 1);
    let mut bob = Person::open_as(two.address, "p", CAPABLE, cookie("bob")).await;
    assert_eq!((bob.client.rev(), bob.text().as_str()), (1, "before \n"));
    bob.insert(0, "meanwhile ").await;
    bob.settle(2).await;
    one.signal("CONT");
    // Nobody acknowledges what the first process takes now.
    while ann.try_receive().await {
        assert!(ann.client.has_uncommitted(), "acknowledged by one who has no right to");
    }
    assert_eq!(bob.text(), "meanwhile before \n");
    let scene = Scene::default();
    // It begins anew where it was, and knows who has the pad.
    scene.addresses.lock().unwrap().push(one.address);
    while ann.client.has_uncommitted() || ann.client.rev() < 3 {
        receive(&mut ann, &scene).await;
    }
    bob.settle(3).await;
    assert_eq!(bob.text(), ann.text());
    assert_eq!(ann.text().matches("asleep ").count(), 1);
    let history = "SELECT count(*) FROM store WHERE key LIKE 'pad:p:revs:%'";
    assert_eq!(database.run(history).await, ["4"]);
}
