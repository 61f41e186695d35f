//! Commits with numbers, as the server takes them: in order, once, and no session waits for another's.

use crate::common::{self, Person, Wire, at, commit, number, ready, start, text};
use easysync::{AttribSet, Client, Effect};
use std::net::SocketAddr;
use std::time::Instant;

/// What a client says that numbers its commits.
const NUMBERS: &str = r#""easysync":{"capabilities":3}"#;
/// The same, for one who is known again.
const KNOWN: &str = r#""token":"t.known","easysync":{"capabilities":3}"#;

/// A commit with a number.
fn numbered(base_rev: u32, changeset: &str, author: &str, number: &str) -> String {
    let message = commit(base_rev, changeset, &[("author", author)]);
    format!("{},{number}}}}}", message.strip_suffix("}}").unwrap())
}

async fn join(address: SocketAddr, more: &str) -> (Wire, String) {
    let mut wire = Wire::connect(address, None).await;
    let vars = wire.join("p", more).await;
    (wire, text(&vars, &["data", "userId"]))
}

/// The next answer: the revision, and the number of the commit.
async fn answer(wire: &mut Wire) -> (u32, u32) {
    let accept = wire.expect("ACCEPT_COMMIT").await;
    (number(&accept, &["data", "newRev"]), number(&accept, &["data", "seq"]))
}

#[tokio::test]
async fn only_those_who_number_their_commits_get_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    for (more, bits) in [(NUMBERS, 3), (r#""easysync":{"capabilities":2}"#, 3), (common::CAPABLE, 1)] {
        let vars = Wire::connect(server.address(), None).await.join("p", more).await;
        assert_eq!(number(&vars, &["data", "easysync", "capabilities"]), bits);
        assert_eq!(at(&vars, &["data", "easysync"]).get("session").is_some(), bits & 2 != 0);
    }
    // A number that nobody has agreed upon means nothing.
    let (mut wire, me) = join(server.address(), "").await;
    let (_, before) = wire.ask(&numbered(0, "Z:6>1*0+1$x", &me, r#""seq":7"#)).await;
    assert_eq!(before, [r#"{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":1}}"#]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn two_at_once_become_revisions_in_their_order_whatever_comes_between() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut one = Person::open(server.address(), "p", NUMBERS).await;
    let mut two = Person::open(server.address(), "p", NUMBERS).await;
    for round in 0..30 {
        for person in [&mut one, &mut two] {
            person.insert(round % 5, "x").await;
            person.insert(round % 4 + 1, "yz").await;
            assert_eq!(person.client.in_flight(), 2);
        }
        let rev = (round as u32 + 1) * 4;
        one.settle(rev).await;
        two.settle(rev).await;
        assert_eq!(one.text(), two.text());
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stuck_session_does_not_delay_others_and_goes_on_when_its_number_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let (mut stuck, me) = join(server.address(), NUMBERS).await;
    // The second, without the first.
    stuck.send(&numbered(0, "Z:7>1=1*0+1$y", &me, r#""seq":1,"above":1"#)).await;
    let mut other = Person::open(server.address(), "p", NUMBERS).await;
    let began = Instant::now();
    for rev in 1..=10 {
        other.insert(0, "o").await;
        other.settle(rev).await;
    }
    let took = began.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
    stuck.send(&numbered(0, "Z:6>1*0+1$x", &me, r#""seq":0"#)).await;
    assert_eq!([answer(&mut stuck).await, answer(&mut stuck).await], [(11, 0), (12, 1)]);
    other.settle(12).await;
    assert_eq!(other.text(), "oooooooooxyHello\n".replacen("oxy", "ooxy", 1));
    // Too far ahead for anyone who waits for answers.
    stuck.send(&numbered(0, "Z:6>1*0+1$x", &me, r#""seq":9"#)).await;
    assert_eq!(text(&stuck.expect("disconnect").await, &["disconnect"]), "badChangeset");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_on_top_of_a_refused_commit_is_not_taken_and_comes_again_after_a_join() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let (mut wire, me) = join(server.address(), KNOWN).await;
    wire.send(&numbered(0, "Z:9>1*0+1$x", &me, r#""seq":0"#)).await;
    assert_eq!(text(&wire.expect("disconnect").await, &["disconnect"]), "badChangeset");
    let (_, before) = wire.ask(&numbered(0, "Z:6>1*0+1$y", &me, r#""seq":1"#)).await;
    assert!(before.is_empty(), "{before:?}");
    let vars = wire.join("p", KNOWN).await;
    assert_eq!(number(&vars, &["data", "collab_client_vars", "rev"]), 0);
    wire.send(&numbered(0, "Z:6>1*0+1$x", &me, r#""seq":0"#)).await;
    wire.send(&numbered(0, "Z:7>1=1*0+1$y", &me, r#""seq":1,"above":1"#)).await;
    assert_eq!([answer(&mut wire).await, answer(&mut wire).await], [(1, 0), (2, 1)]);
    // What comes once more is answered once more, and not taken.
    wire.send(&numbered(0, "Z:7>1=1*0+1$y", &me, r#""seq":1,"above":1"#)).await;
    assert_eq!(answer(&mut wire).await, (2, 1));
    assert_eq!(Person::open(server.address(), "p", "").await.text(), "xyHello\n");
    server.stop().await.unwrap();
}

/// A page that has two commits on their way when its connection breaks: the page, the old connection, the two commits.
async fn cut_off(address: SocketAddr) -> (Person, Wire, [String; 2]) {
    let mut person = Person::open(address, "p", KNOWN).await;
    let late = ["x", "yz"].map(|word| {
        let word: Vec<u16> = word.encode_utf16().collect();
        let change = person.view().splice(1..1, &word, &AttribSet::EMPTY).unwrap();
        person.client.edit(&change).unwrap();
        person.client.commit().unwrap().unwrap()
    });
    let old = std::mem::replace(&mut person.wire, Wire::connect(address, None).await);
    (person, old, late)
}

/// Joins on a new connection, and waits until everything has come.
async fn rejoin(person: &mut Person) -> Vec<String> {
    person.wire.send(&ready("p", KNOWN)).await;
    loop {
        let message = person.wire.text().await.unwrap();
        person.client.receive(&message).unwrap();
        while let Some(effect) = person.client.next_effect() {
            if let Effect::Send(request) = effect {
                person.wire.send(&request).await;
            }
        }
        if person.client.is_live() && !person.client.is_restoring() {
            return std::iter::from_fn(|| person.client.commit().unwrap()).collect();
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_read_after_the_new_join_is_stored_once() {
    // Whether the page was loaded anew meanwhile; how many commits come on the old connection before they come again on the
    // new one; the rest comes afterwards.
    for (is_reloaded, early) in [(false, 0), (false, 1), (false, 2), (true, 0), (true, 1), (true, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let server = start(folder.path()).await;
        let (mut person, mut old, late) = cut_off(server.address()).await;
        let mut other = Person::open(server.address(), "p", NUMBERS).await;
        other.insert(0, "o").await;
        other.settle(1).await;
        let kept = person.client.kept().unwrap();
        person.client.disconnected();
        if is_reloaded {
            person.client = Client::new();
            person.client.restore(kept);
        }
        let again = rejoin(&mut person).await;
        assert_eq!(again.len(), 2, "{again:?}");
        for message in &late[..early] {
            old.ask(message).await;
        }
        for message in &again {
            person.wire.send(message).await;
        }
        if early == 0 {
            // The first must have been read.
            person.settle(3).await;
        }
        for message in &late[early..] {
            old.ask(message).await;
        }
        person.settle(3).await;
        other.settle(3).await;
        assert_eq!(other.text(), "oHyzxello\n", "reloaded: {is_reloaded}, {early} of two before");
        assert_eq!((person.text(), person.client.rev(), other.client.rev()), (other.text(), 3, 3));
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn nobody_can_have_a_commit_of_someone_else_taken_for_one_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut victim = Wire::connect(server.address(), None).await;
    let vars = victim.join("p", NUMBERS).await;
    let (me, session) = (text(&vars, &["data", "userId"]), text(&vars, &["data", "easysync", "session"]));
    let (mut thief, thief_id) = join(server.address(), NUMBERS).await;
    let repeats = format!(r#""seq":0,"repeats":{{"session":"{session}","seq":0}}"#);
    thief.send(&numbered(0, "Z:6>1*0+1$t", &thief_id, &repeats)).await;
    assert_eq!(answer(&mut thief).await, (1, 0));
    victim.send(&numbered(0, "Z:6>1*0+1$v", &me, r#""seq":0"#)).await;
    assert_eq!(answer(&mut victim).await, (2, 0));
    assert_eq!(Person::open(server.address(), "p", "").await.text(), "tvHello\n");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_is_sent_away_gets_the_answers_to_what_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut person = Person::open(server.address(), "p", NUMBERS).await;
    person.insert(0, "x").await;
    person.insert(1, "y").await;
    person.wire.send(r#"{"type":"NOPE"}"#).await;
    person.client.finish();
    // Both are in when the first is answered.
    while person.client.in_flight() > 1 {
        person.receive().await;
    }
    let stopped = tokio::spawn(server.stop());
    while person.try_receive().await {}
    stopped.await.unwrap().unwrap();
    assert_eq!((person.client.in_flight(), person.client.kept()), (0, None));
}
