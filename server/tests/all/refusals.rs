//! Commits that must not get in, and commits that must.

use crate::common::{self, Wire, at, commit, number, start_with, text};
use easysync::Value;
use easysync_server::Server;

/// Keys and values.
type Pool = &'static [(&'static str, &'static str)];

const TEXT: &str = "one\ntwo\n";

async fn server(folder: &std::path::Path) -> Server {
    start_with(folder, &["--welcome", "one\ntwo"]).await
}

/// The head revision and the text of the pad.
async fn head(server: &Server, pad: &str) -> (u32, String) {
    let vars = Wire::connect(server.address(), None).await.join(pad, "").await;
    let vars = at(&vars, &["data", "collab_client_vars"]);
    (number(vars, &["rev"]), text(vars, &["initialAttributedText", "text"]))
}

/// Each row: a name, the base revision as it is sent, the changeset, and pool entries besides number 0, which is the
/// author's own name.
const REFUSED: &[(&str, &str, &str, Pool)] = &[
    ("a base above the head", "5", "Z:8>1*0+1$x", &[]),
    ("a base that is a string", "\"0\"", "Z:8>1*0+1$x", &[]),
    ("a negative base", "-1", "Z:8>1*0+1$x", &[]),
    ("a base that is no whole number", "0.5", "Z:8>1*0+1$x", &[]),
    ("a base that is null", "null", "Z:8>1*0+1$x", &[]),
    ("no changeset at all", "0", "nonsense", &[]),
    ("bad syntax", "0", "Z:8>1*0+?$x", &[]),
    ("another old length", "0", "Z:9>1*0+1$x", &[]),
    ("another new length", "0", "Z:8>2*0+1$x", &[]),
    ("a bank that is too short", "0", "Z:8>3*0+3$ab", &[]),
    ("a bank that is too long", "0", "Z:8>2*0+2$abc", &[]),
    ("wrong lines in an insert", "0", "Z:8>3*0|2+3$a\\nb", &[]),
    ("a newline without lines", "0", "Z:8>2*0+2$a\\n", &[]),
    ("a keep with too many lines", "0", "Z:8>1|3=4*0+1$x", &[]),
    ("a keep over a newline without lines", "0", "Z:8>1=5*0+1$x", &[]),
    ("a keep at the end", "0", "Z:8>1*0+1=2$x", &[]),
    ("ops that should be one", "0", "Z:8>2*0+1*0+1$ab", &[]),
    ("an insert before a removal", "0", "Z:8>0*0+1-1$a", &[]),
    ("an attribute that is not in the pool", "0", "Z:8>1*0*5+1$x", &[]),
    ("a removal behind the end", "0", "Z:8<1|2=8=1-1$", &[]),
    ("text of somebody else", "0", "Z:8>1*1+1$x", &[("author", "a.somebodyelse0000")]),
    ("text of two authors", "0", "Z:8>1*0*1+1$x", &[("author", "a.somebodyelse0000")]),
    ("text given to somebody unknown", "0", "Z:8>0*1=1$", &[("author", "a.somebodyelse0000")]),
    ("the last newline removed", "0", "Z:8<1|1=4=3|1-1$", &[]),
    ("text behind the last newline", "0", "Z:8>1|2=8*0+1$x", &[]),
    ("everything removed", "0", "Z:8<8|2-8$", &[]),
    ("a new format, and the last newline removed", "0", "Z:8<1|1=4*1=3|1-1$", &[("kind", "somebodyelse")]),
];

#[tokio::test]
async fn bad_commits_are_refused_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    for (name, base, changeset, more) in REFUSED {
        let mut wire = Wire::connect(server.address(), None).await;
        let me = text(&wire.join("p", "").await, &["data", "userId"]);
        let pool: Vec<_> = std::iter::once(("author", me.as_str())).chain(more.iter().copied()).collect();
        let message = commit(0, changeset, &pool).replace("\"baseRev\":0", &format!("\"baseRev\":{base}"));
        let (ack, before) = wire.ask(&message).await;
        assert_eq!(ack, "[null,null]", "{name}");
        assert!(before.contains(&r#"{"disconnect":"badChangeset"}"#.to_owned()), "{name}: {before:?}");
        assert_eq!(head(&server, "p").await, (0, TEXT.to_owned()), "{name}");
        // The connection is not closed, and a good commit on it is taken.
    }
    let mut wire = Wire::connect(server.address(), None).await;
    let me = text(&wire.join("p", "").await, &["data", "userId"]);
    for data in [
        r#"{"type":"USER_CHANGES","changeset":"Z:8>0$","apool":{"numToAttrib":{},"nextNum":0}}"#,
        r#"{"type":"USER_CHANGES","baseRev":0,"apool":{"numToAttrib":{},"nextNum":0}}"#,
        r#"{"type":"USER_CHANGES","baseRev":0,"changeset":"Z:8>0$"}"#,
        r#"{"type":"USER_CHANGES","baseRev":0,"changeset":"Z:8>0$","apool":{"numToAttrib":{"1":["a","b"]},"nextNum":1}}"#,
    ] {
        let (_, before) = wire.ask(&format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#)).await;
        assert!(before.contains(&r#"{"disconnect":"badChangeset"}"#.to_owned()), "{data}: {before:?}");
    }
    let (ack, before) = wire.ask(&commit(0, "Z:8>1*0+1$x", &[("author", &me)])).await;
    assert_eq!(ack, "[null,null]");
    assert_eq!(before.last().unwrap(), r#"{"type":"COLLABROOM","data":{"type":"ACCEPT_COMMIT","newRev":1}}"#);
    assert_eq!(head(&server, "p").await, (1, format!("x{TEXT}")));
    // What refused commits named is not in the pool, and is not written with the next commit.
    let vars = Wire::connect(server.address(), None).await.join("p", "").await;
    assert!(!vars.to_string().contains("somebodyelse"));
    server.stop().await.unwrap();
    let file = std::fs::read(folder.path().join("pads.redb")).unwrap();
    let file = String::from_utf8_lossy(&file);
    assert!(file.contains(&me) && !file.contains("somebodyelse"));
}

/// Each row: a name, the changeset, more pool entries, and whether a revision is made of it.
const ACCEPTED: &[(&str, &str, Pool, bool)] = &[
    ("a removal before an insert", "Z:8>0-1*0+1$x", &[], true),
    ("a pool entry that is not used", "Z:8>1*0+1$x", &[("bold", "true")], true),
    ("attributes that are not sorted", "Z:8>1*1*0+1$x", &[("bold", "true")], true),
    ("an attribute with an empty value", "Z:8>1*0*1+1$x", &[("bold", "")], true),
    ("a removal with attributes", "Z:8<1*1-1$", &[("bold", "true")], true),
    ("a format", "Z:8>0*1=2$", &[("bold", "true")], true),
    ("text given to oneself", "Z:8>0*0=2$", &[], true),
    ("text given to nobody", "Z:8>0*1=2$", &[("author", "")], false),
    ("half of a pair, NUL, and other line ends", "Z:8>4*0+4$\\ud83d\\u0000\\r\\u2028", &[], true),
    ("text of nobody", "Z:8>1+1$x", &[], true),
    ("text of an empty author", "Z:8>1*1+1$x", &[("author", "")], true),
    ("nothing", "Z:8>0$", &[], false),
    ("a format that is not there removed", "Z:8>0*1=2$", &[("bold", "")], false),
];

#[tokio::test]
async fn good_commits_are_taken_and_those_without_effect_make_no_revision() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    for (number, (name, changeset, more, is_revision)) in ACCEPTED.iter().enumerate() {
        let pad = format!("p{number}");
        let mut wire = Wire::connect(server.address(), None).await;
        let me = text(&wire.join(&pad, "").await, &["data", "userId"]);
        let pool: Vec<_> = std::iter::once(("author", me.as_str())).chain(more.iter().copied()).collect();
        let message = commit(0, changeset, &pool);
        let accepted =
            |rev: u32| format!(r#"{{"type":"COLLABROOM","data":{{"type":"ACCEPT_COMMIT","newRev":{rev}}}}}"#);
        let expected = u32::from(*is_revision);
        let (ack, before) = wire.ask(&message).await;
        assert_eq!((ack.as_str(), before), ("[null,null]", vec![accepted(expected)]), "{name}");
        assert_eq!(head(&server, &pad).await.0, expected, "{name}");
        // Sent once more, it is known, and changes nothing.
        wire.send(&message).await;
        let again = wire.expect("ACCEPT_COMMIT").await;
        assert_eq!(common::number(&again, &["data", "newRev"]), expected, "{name}");
        assert_eq!(head(&server, &pad).await.0, expected, "{name}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn text_without_a_name_gets_that_of_its_author() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut writer = Wire::connect(server.address(), None).await;
    let author = text(&writer.join("p", "").await, &["data", "userId"]);
    let (_, before) = writer.ask(&commit(0, "Z:8>1+1$x", &[])).await;
    assert!(before[0].contains(r#""newRev":1"#), "{before:?}");
    let vars = Wire::connect(server.address(), None).await.join("p", "").await;
    let vars = at(&vars, &["data", "collab_client_vars"]);
    assert_eq!(text(vars, &["initialAttributedText", "attribs"]), "*0+1|2+8");
    assert_eq!(at(vars, &["apool", "numToAttrib", "0"]).items()[1].as_text().unwrap().to_string(), author);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn text_can_be_given_back_to_who_wrote_in_the_pad() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut writer = Wire::connect(server.address(), None).await;
    let author = text(&writer.join("p", "").await, &["data", "userId"]);
    writer.ask(&commit(0, "Z:8>1*0+1$x", &[("author", &author)])).await;
    let mut other = Wire::connect(server.address(), None).await;
    other.join("p", "").await;
    let (_, before) = other.ask(&commit(1, "Z:9>0=1*0=2$", &[("author", &author)])).await;
    assert!(before.last().unwrap().contains("ACCEPT_COMMIT"), "{before:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn nonsense_is_answered_by_an_error_and_nothing_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut wire = Wire::connect(server.address(), None).await;
    let room = |data: &str| format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#);
    let early = room(r#"{"type":"SAVE_REVISION"}"#);
    assert!(wire.ask(&early).await.0.contains(r#""name":"Error""#));
    wire.join("p", "").await;
    for message in [
        "null".to_owned(),
        "[]".to_owned(),
        "{\"type\":\"COLLABROOM\"}".to_owned(),
        "{".to_owned(),
        "[".repeat(500),
        r#"{"type":"NOPE","component":"pad"}"#.to_owned(),
        room("null"),
        room(r#"{"type":"NOPE"}"#),
        room(r#"{"type":"USERINFO_UPDATE","userInfo":{"colorId":3,"name":"x"}}"#),
        room(r#"{"type":"USERINFO_UPDATE","userInfo":{"colorId":"red","name":"x"}}"#),
        room(r#"{"type":"CHAT_MESSAGE","message":null}"#),
        room(r#"{"type":"GET_CHAT_MESSAGES","start":0,"end":1000}"#),
        room(r#"{"type":"GET_CHAT_MESSAGES","start":-1,"end":1}"#),
        room(r#"{"type":"CLIENT_MESSAGE","payload":null}"#),
        r#"{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{"start":-1,"granularity":1,"requestID":1}}"#
            .to_owned(),
        r#"{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{"start":0.5,"granularity":1,"requestID":1}}"#
            .to_owned(),
        r#"{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{"granularity":1,"requestID":1}}"#.to_owned(),
        r#"{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":null}"#.to_owned(),
    ] {
        let (ack, before) = wire.ask(&message).await;
        assert!(ack.starts_with(r#"[{"name":"Error","message":"#), "{message}: {ack}");
        assert_eq!(before, Vec::<String>::new(), "{message}");
    }
    for frame in ["4", "42", "42[]", "42[\"other\",1]", "43", "45", "4é", "40/other,"] {
        wire.send_frame(frame).await;
    }
    // After a namespace that is not there is refused, all goes on.
    assert!(wire.frame().await.unwrap().starts_with("44/other,"));
    assert_eq!(wire.ask(&early).await.0, "[null,null]");
    for pad in ["", "a$b", "a/b", "a\\u0000b", &"x".repeat(51), "\\ud83d"] {
        let mut wire = Wire::connect(server.address(), None).await;
        wire.send(&format!(r#"{{"type":"CLIENT_READY","component":"pad","padId":"{pad}"}}"#)).await;
        assert_eq!(text(&wire.expect("accessStatus").await, &["accessStatus"]), "deny", "{pad}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_read_only_pad_can_be_read_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let mut writer = Wire::connect(server.address(), None).await;
    let vars = writer.join("p", "").await;
    let me = text(&vars, &["data", "userId"]);
    let read_only = text(&vars, &["data", "readOnlyId"]);
    assert_eq!((read_only.len(), at(&vars, &["data", "readonly"])), (34, &Value::Bool(false)));
    let mut reader = Wire::connect(server.address(), None).await;
    let vars = reader.join(&read_only, "").await;
    assert_eq!(at(&vars, &["data", "readonly"]), &Value::Bool(true));
    assert_eq!(text(&vars, &["data", "collab_client_vars", "padId"]), read_only);
    // The name of the pad is not told.
    assert!(!vars.to_string().contains("\"p\""));
    let reader_id = text(&vars, &["data", "userId"]);
    let (ack, _) = reader.ask(&commit(0, "Z:8>1*0+1$x", &[("author", &reader_id)])).await;
    assert!(ack.contains("read-only"), "{ack}");
    writer.ask(&commit(0, "Z:8>1*0+1$x", &[("author", &me)])).await;
    assert_eq!(number(&reader.expect("NEW_CHANGES").await, &["data", "newRev"]), 1);
    server.stop().await.unwrap();
}
