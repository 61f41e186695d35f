//! Who gets what, and in which message: batches, slow readers, those who come back, several sessions of one author.

use crate::common::{self, CAPABLE, Person, Wire, at, commit, number, start, text};
use easysync::Value;
use std::time::Duration;

const NAME: &str = r##""userInfo":{"colorId":"#ff0000","name":"Ann"}"##;

#[tokio::test]
async fn clients_that_say_what_they_can_are_told_what_the_server_can() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let capable = Wire::connect(server.address(), None).await.join("p", CAPABLE).await;
    assert_eq!(at(&capable, &["data", "easysync"]).to_string(), r#"{"capabilities":1,"commitInterval":50}"#);
    let stock = Wire::connect(server.address(), None).await.join("p", "").await;
    assert_eq!(at(&stock, &["data"]).get("easysync"), None);
    let data = at(&stock, &["data"]);
    let names: Vec<_> = data.members().iter().map(|(name, _)| name.to_string()).collect();
    for name in ["colorPalette", "userColor", "savedRevisions", "chatHead", "numConnectedUsers", "serverTimestamp"] {
        assert!(names.iter().any(|other| other == name), "{name}");
    }
    assert_eq!(at(data, &["colorPalette"]).items().len(), 64);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_is_behind_gets_a_batch_only_if_it_can_read_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    // A marker in mid-line makes two revisions at once.
    let marker = |me: &str, rev| commit(rev, "Z:6>1=2*0*1+1$*", &[("author", me), ("lmkr", "1")]);
    let mut capable = Wire::connect(server.address(), None).await;
    capable.join("p", CAPABLE).await;
    let mut stock = Wire::connect(server.address(), None).await;
    stock.join("p", "").await;
    let mut writer = Wire::connect(server.address(), None).await;
    let me = text(&writer.join("p", "").await, &["data", "userId"]);
    writer.send(&marker(&me, 0)).await;
    assert_eq!(number(&writer.expect("ACCEPT_COMMIT").await, &["data", "newRev"]), 1);
    let correction = writer.expect("NEW_CHANGES").await;
    assert_eq!((number(&correction, &["data", "newRev"]), text(&correction, &["data", "author"])), (2, me));
    assert_eq!(text(&correction, &["data", "changeset"]), "Z:7<1=2-1$");
    let batch = capable.expect("NEW_CHANGES_BATCH").await;
    let revs: Vec<_> = at(&batch, &["data", "changes"]).items().iter().map(|item| number(item, &["newRev"])).collect();
    assert_eq!(revs, [1, 2]);
    assert_eq!(number(&stock.expect("NEW_CHANGES").await, &["data", "newRev"]), 1);
    assert_eq!(number(&stock.expect("NEW_CHANGES").await, &["data", "newRev"]), 2);
    assert!(!stock.seen().contains(&"NEW_CHANGES_BATCH".to_owned()));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_gets_everything_in_fewer_messages_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut slow = Person::open(server.address(), "p", CAPABLE).await;
    let mut writer = Person::open(server.address(), "p", CAPABLE).await;
    // More than queue and socket buffers hold.
    let word = "x".repeat(20_000);
    for rev in 1..=400 {
        let len = writer.view().len_utf16();
        if len > 100_000 {
            writer.edit(0..len - 1, &[]).await;
        } else {
            writer.insert(0, &word).await;
        }
        writer.settle(rev).await;
    }
    slow.settle(400).await;
    assert_eq!(slow.view().text(), writer.view().text());
    let batches = slow.seen.iter().filter(|name| *name == "NEW_CHANGES_BATCH").count();
    assert!(batches > 0 && slow.seen.len() < 400, "{batches} batches in {} messages", slow.seen.len());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_comes_back_the_old_way_gets_what_was_missed_and_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut writer = Wire::connect(server.address(), None).await;
    let me = text(&writer.join("p", "").await, &["data", "userId"]);
    for rev in 0..3 {
        let len = easysync_radix(6 + rev);
        writer.ask(&commit(rev, &format!("Z:{len}>1*0+1$x"), &[("author", &me)])).await;
    }
    let back = |rev: &str| common::ready("p", &format!(r#""reconnect":true,"client_rev":{rev},"token":"t.back""#));
    let mut returned = Wire::connect(server.address(), None).await;
    returned.send(&back("1")).await;
    for rev in 2..=3 {
        let missed = returned.expect("CLIENT_RECONNECT").await;
        let data = at(&missed, &["data"]);
        assert_eq!((number(data, &["newRev"]), number(data, &["headRev"])), (rev, 3));
        assert_eq!(text(data, &["author"]), me);
        assert_eq!(data.get("timeDelta"), None);
    }
    let user = returned.expect("USER_NEWINFO").await;
    assert_eq!(text(&user, &["data", "userInfo", "userId"]), me);
    // Its own commit is taken, and what comes next is not repeated.
    let vars = Wire::connect(server.address(), Some("token=t.back")).await.join("p", "").await;
    let returned_id = text(&vars, &["data", "userId"]);
    let (_, before) = returned.ask(&commit(3, "Z:9>1*0+1$y", &[("author", &returned_id)])).await;
    assert_eq!(before, [r#"{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":4}}"#]);
    writer.ask(&commit(4, "Z:a>1*0+1$x", &[("author", &me)])).await;
    assert_eq!(number(&returned.expect("NEW_CHANGES").await, &["data", "newRev"]), 5);
    // Nothing missed.
    let mut current = Wire::connect(server.address(), None).await;
    current.send(&back("5")).await;
    let nothing = current.expect("CLIENT_RECONNECT").await;
    assert_eq!(at(&nothing, &["data", "noChanges"]), &Value::Bool(true));
    // A client with revisions that the server never made cannot be helped.
    let mut ahead = Wire::connect(server.address(), None).await;
    ahead.send(&back("9")).await;
    assert_eq!(text(&ahead.expect("disconnect").await, &["disconnect"]), "rejected");
    // From the very beginning.
    let mut all = Wire::connect(server.address(), None).await;
    all.send(&back("-1")).await;
    for rev in 0..=5 {
        assert_eq!(number(&all.expect("CLIENT_RECONNECT").await, &["data", "newRev"]), rev);
    }
    server.stop().await.unwrap();
}

fn easysync_radix(number: u32) -> String {
    char::from_digit(number, 36).unwrap().to_string()
}

#[tokio::test]
async fn who_joins_again_catches_up_and_keeps_what_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut writer = Person::open(server.address(), "p", CAPABLE).await;
    let mut other = Person::open(server.address(), "p", CAPABLE).await;
    for rev in 1..=250 {
        writer.insert(0, "w").await;
        writer.settle(rev).await;
    }
    // It has read nothing so far, loses its connection, types on, and comes back.
    other.client.disconnected();
    other.insert(5, "!").await;
    other.reopen(server.address(), CAPABLE).await;
    other.settle(251).await;
    writer.settle(251).await;
    assert_eq!(other.text(), format!("{}Hello!\n", "w".repeat(250)));
    assert_eq!(writer.text(), other.text());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn one_author_can_write_in_two_windows() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let more = format!("{CAPABLE},\"token\":\"t.same\"");
    let mut first = Person::open(server.address(), "p", &more).await;
    let mut second = Person::open(server.address(), "p", &more).await;
    assert_eq!(first.client.author(), second.client.author());
    // The same change at the same time in both is two changes, not one sent twice.
    first.insert(0, "a").await;
    second.insert(0, "a").await;
    first.settle(2).await;
    second.settle(2).await;
    assert_eq!((first.text(), second.text()), ("aaHello\n".to_owned(), "aaHello\n".to_owned()));
    // The others learn that the author has gone when the last window is closed.
    let mut watcher = Wire::connect(server.address(), None).await;
    watcher.join("p", "").await;
    watcher.expect("USER_NEWINFO").await;
    let id = first.client.author().to_string();
    drop(first);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(watcher.ask(r#"{"type":"NOPE"}"#).await.1, Vec::<String>::new());
    drop(second);
    assert_eq!(text(&watcher.expect("USER_LEAVE").await, &["data", "userInfo", "userId"]), id);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn people_see_and_hear_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let room = |data: &str| format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#);
    let mut ann = Wire::connect(server.address(), None).await;
    let message = format!(r#"{{"type":"CLIENT_READY","component":"pad","padId":"p",{NAME}}}"#);
    ann.send(&message).await;
    let ann_id = text(&ann.expect("CLIENT_VARS").await, &["data", "userId"]);
    let mut bob = Wire::connect(server.address(), None).await;
    let vars = bob.join("p", "").await;
    let bob_id = text(&vars, &["data", "userId"]);
    assert_eq!(number(&vars, &["data", "numConnectedUsers"]), 2);
    let seen = bob.expect("USER_NEWINFO").await;
    let user = at(&seen, &["data", "userInfo"]);
    assert_eq!(
        (text(user, &["userId"]), text(user, &["name"]), text(user, &["colorId"])),
        (ann_id.clone(), "Ann".to_owned(), "#ff0000".to_owned())
    );
    assert_eq!(text(&ann.expect("USER_NEWINFO").await, &["data", "userInfo", "userId"]), bob_id);
    bob.send(&room(r##"{"type":"USERINFO_UPDATE","userInfo":{"userId":"x","name":"Bob \ud83d","colorId":"#0f0"}}"##))
        .await;
    let update = ann.expect("USER_NEWINFO").await;
    assert_eq!(at(&update, &["data", "userInfo", "name"]).to_string(), r#""Bob \ud83d""#);
    assert_eq!(text(&update, &["data", "userInfo", "userId"]), bob_id);
    bob.send(&room(r#"{"type":"CHAT_MESSAGE","message":{"text":"hi","userId":"forged","time":1}}"#)).await;
    for wire in [&mut ann, &mut bob] {
        let chat = wire.expect("CHAT_MESSAGE").await;
        assert_eq!(text(&chat, &["data", "message", "userId"]), bob_id);
        assert_ne!(at(&chat, &["data", "message", "time"]).as_number(), Some(1.0));
    }
    let suggestion = format!(
        r#"{{"type":"CLIENT_MESSAGE","payload":{{"type":"suggestUserName","unnamedId":"{ann_id}","newName":"A"}}}}"#
    );
    bob.send(&room(&suggestion)).await;
    assert_eq!(text(&ann.expect("CLIENT_MESSAGE").await, &["data", "payload", "newName"]), "A");
    bob.send(&room(r#"{"type":"SAVE_REVISION"}"#)).await;
    for wire in [&mut ann, &mut bob] {
        assert_eq!(number(&wire.expect("NEW_SAVEDREV").await, &["data", "savedRev", "revNum"]), 0);
    }
    bob.send_frame("41").await;
    assert_eq!(text(&ann.expect("USER_LEAVE").await, &["data", "userInfo", "userId"]), bob_id);
    server.stop().await.unwrap();
}
