//! What was acknowledged is there, whatever happens to the program.

use crate::common::{self, Person, Wire, at, start};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[tokio::test]
async fn all_kinds_of_text_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut writer = Person::open(server.address(), "p", "").await;
    let mut reader = Person::open(server.address(), "p", "").await;
    // Half a pair alone, then its other half beside it, then a break between them.
    writer.edit(0..0, &[0xd83d]).await;
    writer.settle(1).await;
    reader.settle(1).await;
    assert_eq!(reader.view().text()[..2], [0xd83d, u16::from(b'H')]);
    reader.edit(1..1, &[0xde00, 0, 0x0d, 0x2028]).await;
    reader.settle(2).await;
    writer.settle(2).await;
    writer.insert(1, "|").await;
    writer.settle(3).await;
    reader.settle(3).await;
    let expected = writer.view().text();
    assert_eq!(reader.view().text(), expected);
    assert_eq!(expected[..6], [0xd83d, 0x7c, 0xde00, 0, 0x0d, 0x2028]);
    server.stop().await.unwrap();

    let server = start(folder.path()).await;
    let late = Person::open(server.address(), "p", "").await;
    assert_eq!((late.client.rev(), late.view().text()), (3, expected));
    let (status, body) = common::get(server.address(), "/p/p/export/txt").await;
    assert_eq!((status, body.starts_with("\u{fffd}|\u{fffd}\u{0}\r\u{2028}Hello\n")), (200, true), "{body:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn chat_bookmarks_and_names_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let room = |data: &str| format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#);
    let cookie = Some("token=t.abc");
    let mut wire = Wire::connect(server.address(), cookie).await;
    wire.join("p", "").await;
    for text in ["one", "two \\ud83d"] {
        wire.send(&room(&format!(r#"{{"type":"CHAT_MESSAGE","message":{{"text":"{text}"}}}}"#))).await;
        wire.expect("CHAT_MESSAGE").await;
    }
    wire.send(&room(r##"{"type":"USERINFO_UPDATE","userInfo":{"name":"Ann","colorId":"#aabbcc"}}"##)).await;
    wire.send(&room(r#"{"type":"SAVE_REVISION"}"#)).await;
    wire.expect("NEW_SAVEDREV").await;
    server.stop().await.unwrap();

    let server = start(folder.path()).await;
    let mut wire = Wire::connect(server.address(), cookie).await;
    let vars = wire.join("p", "").await;
    assert_eq!(at(&vars, &["data", "chatHead"]).as_integer(), Some(1));
    assert_eq!(common::text(&vars, &["data", "userName"]), "Ann");
    assert_eq!(common::text(&vars, &["data", "userColor"]), "#aabbcc");
    assert_eq!(at(&vars, &["data", "savedRevisions"]).items().len(), 1);
    wire.send(&room(r#"{"type":"GET_CHAT_MESSAGES","start":0,"end":100}"#)).await;
    let chat = wire.expect("CHAT_MESSAGES").await;
    let messages = at(&chat, &["data", "messages"]).items();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].get("text").unwrap().to_string(), r#""two \ud83d""#);
    assert_eq!(common::text(&messages[0], &["userName"]), "Ann");
    server.stop().await.unwrap();
}

/// The real program, and where it listens.
fn spawn(data: &Path) -> (Child, SocketAddr) {
    use std::io::BufRead;
    let mut child = Command::new(env!("CARGO_BIN_EXE_easysync-server"))
        .args(["--port", "0", "--welcome", "", "--data", data.to_str().unwrap()])
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    (child, address)
}

#[tokio::test]
async fn what_the_record_of_a_pad_does_not_have_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pads.redb");
    let (mut child, address) = spawn(&data);
    let mut writer = Person::open(address, "p", "").await;
    writer.edit(0..0, &[0xd83d, 0x61, 0xde00]).await;
    writer.settle(1).await;
    let bold = writer.client.pool_mut().put(easysync::Attribute::new("bold", "half \u{1f600}"));
    let mut format = easysync::Builder::new(writer.view().len_utf16());
    format.keep(2, 0, &easysync::AttribSet::from(bold));
    writer.client.edit(&format.finish().unwrap()).unwrap();
    writer.commit().await;
    writer.settle(2).await;
    let chat = r#"{"type":"COLLABROOM","component":"pad","data":{"type":"CHAT_MESSAGE","message":{"text":"hi"}}}"#;
    writer.wire.send(chat).await;
    writer.wire.expect("CHAT_MESSAGE").await;
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, address) = spawn(&data);
    let vars = Wire::connect(address, None).await.join("p", "").await;
    assert_eq!(at(&vars, &["data", "chatHead"]).as_integer(), Some(0));
    let after = Person::open(address, "p", "").await;
    assert_eq!((after.client.rev(), after.view().text()), (2, writer.view().text()));
    let value = |person: &Person, at: usize| {
        let attribs = person.view().attribs_at(at).unwrap();
        let key: Vec<u16> = "bold".encode_utf16().collect();
        attribs.value(&key, person.client.pool()).unwrap().cloned()
    };
    assert!(value(&writer, 1).is_some());
    for position in 0..4 {
        assert_eq!(value(&after, position), value(&writer, position), "at {position}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Writes one word after the other until the connection ends; `acknowledged` gets those that the server has taken.
async fn write_words(mut person: Person, name: String, acknowledged: Arc<Mutex<Vec<String>>>) {
    for number in 0.. {
        let word = format!("<{name}.{number}>");
        let at = fastrand::usize(0..person.view().len_utf16());
        // Between words, so that each can be found again.
        let text = person.text();
        let at = text.get(..at).and_then(|before| before.rfind('>')).map_or(0, |end| end + 1);
        person.insert(at, &word).await;
        while person.client.has_uncommitted() {
            if !person.try_receive().await {
                return;
            }
        }
        acknowledged.lock().unwrap().push(word);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("pads.redb");
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut before = 0;
    for round in 0..5u64 {
        let (mut child, address) = spawn(&data);
        let mut writers = Vec::new();
        for _ in 0..6 {
            writers.push(Person::open(address, "p", r#""easysync":{"capabilities":1}"#).await);
        }
        let writers: Vec<_> = (0..)
            .zip(writers)
            .map(|(number, writer)| {
                tokio::spawn(write_words(writer, format!("{round}.{number}"), acknowledged.clone()))
            })
            .collect();
        while acknowledged.lock().unwrap().len() < before + 50 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(17 * round)).await;
        // SIGKILL: nothing is flushed, nothing is said.
        child.kill().unwrap();
        child.wait().unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        let (mut child, address) = spawn(&data);
        let text = Person::open(address, "p", "").await.text();
        for word in acknowledged.lock().unwrap().iter() {
            assert_eq!(text.matches(word.as_str()).count(), 1, "{word} in round {round}");
        }
        before = acknowledged.lock().unwrap().len();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
