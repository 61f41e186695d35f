//! Parts of the history, and exports.

use crate::common::{self, Person, Wire, at, get, number, post_file, start, start_with};
use easysync::{AttribPool, Changeset, Document, UnknownAttrib, Value};
use easysync_server::{RedbStore, Server, Store};
use std::collections::BTreeMap;

const CHAT: &str = r#"{"type":"COLLABROOM","component":"pad","data":{"type":"CHAT_MESSAGE","message":{"text":"hi"}}}"#;

type Content = Vec<(u16, BTreeMap<String, String>)>;

/// A document in terms that do not depend on how a pool is numbered.
fn content(doc: &Document, pool: &AttribPool) -> Content {
    let mut content = Vec::new();
    for (text, attribs) in doc.pieces(0..doc.len_utf16()).unwrap() {
        let pairs = attribs.ids().iter().map(|id| pool.get(*id).unwrap());
        let pairs: BTreeMap<_, _> = pairs
            .filter(|pair| !pair.value.is_empty())
            .map(|pair| (pair.key.to_string(), pair.value.to_string()))
            .collect();
        content.extend(text.iter().map(|&unit| (unit, pairs.clone())));
    }
    content
}

/// A pad with some history, and its document after each revision.
async fn write(server: &Server, revisions: u32) -> Vec<Content> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut writer = Person::open(server.address(), "p", "").await;
    let mut documents = vec![content(writer.view(), writer.client.pool())];
    while writer.client.rev() < revisions {
        let len = writer.view().len_utf16() - 1;
        let start = random.usize(0..=len);
        let end = (start + random.usize(0..3)).min(len);
        if random.u8(0..4) == 0 && start < end {
            let bold = writer.client.pool_mut().put(easysync::Attribute::new("bold", "true"));
            let doc = writer.view().clone();
            let text = doc.slice(start..end).unwrap();
            let mut builder = easysync::Builder::new(doc.len_utf16());
            builder.keep_text(&doc.slice(0..start).unwrap(), &easysync::AttribSet::EMPTY);
            builder.keep_text(&text, &easysync::AttribSet::from(bold));
            writer.client.edit(&builder.finish().unwrap()).unwrap();
            writer.commit().await;
        } else {
            let text = *random.choice(&["a", "\n", "b\nc", "\u{1f600}", ""]).unwrap();
            writer.edit(start..end, &text.encode_utf16().collect::<Vec<_>>()).await;
        }
        writer.settle(0).await;
        if writer.client.rev() as usize == documents.len() {
            documents.push(content(writer.view(), writer.client.pool()));
        }
    }
    documents
}

async fn ask(wire: &mut Wire, start: &str, granularity: i32) -> Value {
    wire.send(&format!(
        r#"{{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{{"start":{start},"granularity":{granularity},"requestID":"id"}}}}"#
    ))
    .await;
    let reply = wire.expect("CHANGESET_REQ").await;
    assert_eq!(common::text(&reply, &["data", "requestID"]), "id");
    at(&reply, &["data"]).clone()
}

#[tokio::test]
async fn parts_of_the_history_lead_from_one_document_to_the_next_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let documents = write(&server, 230).await;
    let mut wire = Wire::connect(server.address(), None).await;
    wire.join("p", "").await;
    for (start, granularity, end, steps) in [
        (0u32, 1, 100, 100),
        (100, 1, 200, 100),
        (200, 1, 231, 31),
        (230, 1, 231, 1),
        (0, 10, 230, 23),
        (37, 10, 230, 19),
        (5, 7, 231, 32),
        (0, 100, 200, 2),
        (0, 231, 231, 1),
    ] {
        let reply = ask(&mut wire, &start.to_string(), granularity).await;
        let name = format!("start {start}, granularity {granularity}");
        assert_eq!(number(&reply, &["actualEndNum"]), end, "{name}");
        assert_eq!(
            (number(&reply, &["start"]), number(&reply, &["granularity"])),
            (start, granularity as u32),
            "{name}"
        );
        let wire_pool = at(&reply, &["apool"]).to_pool().unwrap();
        assert_eq!(at(&reply, &["apool"]).get("attribToNum"), None);
        let changesets = |list: &str| -> Vec<Changeset> {
            let items = at(&reply, &[list]).items().iter();
            items.map(|item| Changeset::parse_utf16(item.as_text().unwrap()).unwrap()).collect()
        };
        let (forwards, backwards) = (changesets("forwardsChangesets"), changesets("backwardsChangesets"));
        assert_eq!(
            (forwards.len(), backwards.len(), at(&reply, &["timeDeltas"]).items().len()),
            (steps, steps, steps),
            "{name}"
        );
        assert!(
            at(&reply, &["timeDeltas"]).items().iter().all(|delta| delta.as_number().is_some_and(|delta| delta >= 0.0))
        );
        // The document that the first step starts from: before revision 0 it is one newline.
        let mut pool = AttribPool::new();
        let mut doc = Document::new();
        if start > 0 {
            let mut rev = 0;
            while rev < start {
                let before = ask(&mut wire, &rev.to_string(), 1).await;
                let before_pool = at(&before, &["apool"]).to_pool().unwrap();
                for item in at(&before, &["forwardsChangesets"]).items().iter().take((start - rev) as usize) {
                    let step = Changeset::parse_utf16(item.as_text().unwrap()).unwrap();
                    let step = step.move_to_pool(&before_pool, &mut pool, UnknownAttrib::Refuse).unwrap();
                    doc.apply(&step, &pool).unwrap();
                    rev += 1;
                }
            }
            assert_eq!(content(&doc, &pool), documents[start as usize - 1], "{name}");
        }
        for (index, (forward, backward)) in forwards.iter().zip(&backwards).enumerate() {
            let before = content(&doc, &pool);
            let forward = forward.move_to_pool(&wire_pool, &mut pool, UnknownAttrib::Refuse).unwrap();
            let backward = backward.move_to_pool(&wire_pool, &mut pool, UnknownAttrib::Refuse).unwrap();
            doc.apply(&forward, &pool).unwrap();
            let rev = start as usize + (index + 1) * granularity as usize - 1;
            assert_eq!(content(&doc, &pool), documents[rev], "{name}, step {index}");
            let mut back = doc.clone();
            back.apply(&backward, &pool).unwrap();
            assert_eq!(content(&back, &pool), before, "{name}, step {index} back");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn odd_requests_get_what_etherpad_gives() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    write(&server, 5).await;
    let mut wire = Wire::connect(server.address(), None).await;
    wire.join("p", "").await;
    for (start, granularity, shown_start, end, steps) in [
        ("99", 1, 5, "6", 1),
        ("\"2\"", 1, 2, "6", 4),
        ("0", 7, 0, "0", 0),
        ("0", 0, 0, "null", 0),
        ("2", -1, 2, "-98", 0),
    ] {
        let reply = ask(&mut wire, start, granularity).await;
        assert_eq!(number(&reply, &["start"]), shown_start, "{start} {granularity}");
        assert_eq!(at(&reply, &["actualEndNum"]).to_string(), end, "{start} {granularity}");
        assert_eq!(at(&reply, &["forwardsChangesets"]).items().len(), steps, "{start} {granularity}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn exports_have_the_text_at_each_revision_and_the_whole_history() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let documents = write(&server, 120).await;
    let shown = |rev: usize| {
        let units: Vec<_> = documents[rev].iter().map(|(unit, _)| *unit).collect();
        String::from_utf16_lossy(&units)
    };
    for rev in [0, 1, 99, 100, 101, 119] {
        assert_eq!(get(server.address(), &format!("/p/p/{rev}/export/txt")).await, (200, shown(rev)));
    }
    assert_eq!(get(server.address(), "/p/p/export/txt").await, (200, shown(120)));
    for path in ["/p/p/121/export/txt", "/p/none/export/txt", "/p/p/export/doc", "/p/p/x/export/txt"] {
        assert!((400..500).contains(&get(server.address(), path).await.0), "{path}");
    }
    let (status, text) = get(server.address(), "/p/p/export/etherpad").await;
    assert_eq!(status, 200);
    let export = Value::parse(&text).unwrap();
    assert_eq!(number(&export, &["pad:p", "head"]), 120);
    // Played from its records, the export gives the text it claims.
    let pool = at(&export, &["pad:p", "pool"]).to_pool().unwrap();
    let mut doc = Document::new();
    for (rev, document) in documents.iter().enumerate().take(121) {
        let record = at(&export, &[&format!("pad:p:revs:{rev}")]);
        doc.apply(&Changeset::parse_utf16(at(record, &["changeset"]).as_text().unwrap()).unwrap(), &pool).unwrap();
        assert_eq!(content(&doc, &pool), *document, "revision {rev}");
        assert_eq!(record.get("meta").unwrap().get("atext").is_some(), rev % 100 == 0, "revision {rev}");
        if rev % 100 == 0 {
            assert_eq!(at(record, &["meta", "atext", "text"]).as_text().unwrap(), &doc.text());
            assert!(at(record, &["meta", "pool"]).get("attribToNum").is_some());
        }
    }
    assert_eq!(at(&export, &["pad:p", "atext", "text"]).as_text().unwrap(), &doc.text());
    let keys: Vec<_> = export.members().iter().map(|(key, _)| key.to_string()).collect();
    assert!(keys[1].starts_with("globalAuthor:a.") && keys[2] == "pad:p:revs:0", "{:?}", &keys[..3]);
    assert_eq!(common::text(&export, &[&keys[1], "padIDs"]), "p");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_closed_history_is_kept_from_readers_only() {
    let folder = tempfile::tempdir().unwrap();
    let request = |start: u32, granularity: u32| {
        format!(
            r#"{{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{{"start":{start},"granularity":{granularity},"requestID":"id"}}}}"#
        )
    };
    for is_closed in [false, true] {
        let server = start_with(folder.path(), if is_closed { &["--closed-history"] } else { &[] }).await;
        if !is_closed {
            write(&server, 30).await;
        }
        let address = server.address();
        let mut writer = Wire::connect(address, None).await;
        let vars = writer.join("p", "").await;
        let reader_id = common::text(&vars, &["data", "readOnlyId"]);
        if !is_closed {
            writer.send(r#"{"type":"COLLABROOM","component":"pad","data":{"type":"SAVE_REVISION"}}"#).await;
            writer.expect("NEW_SAVEDREV").await;
        }
        let mut reader = Wire::connect(address, None).await;
        let vars = reader.join(&reader_id, "").await;
        assert_eq!(at(&vars, &["data", "savedRevisions"]).items().len(), usize::from(!is_closed));
        for (start, granularity, is_recent) in
            [(0, 1, false), (0, 10, false), (20, 10, false), (19, 1, false), (20, 1, true), (31, 1, false)]
        {
            let (refused, mut messages) = reader.ask(&request(start, granularity)).await;
            messages.retain(|message| message.contains("CHANGESET_REQ"));
            let name = format!("{start} {granularity}: {refused} {messages:?}");
            assert_eq!(messages.len(), usize::from(!is_closed || is_recent), "{name}");
            assert_eq!(refused.contains("closed to readers"), is_closed && !is_recent, "{name}");
            let (refused, mut messages) = writer.ask(&request(start, granularity)).await;
            messages.retain(|message| message.contains("CHANGESET_REQ"));
            assert_eq!((messages.len(), refused.contains("closed")), (1, false));
        }
        let status = if is_closed { 403 } else { 200 };
        for path in ["/timeslider", "/export/etherpad", "/3/export/txt", "/3/export/html", "/30/export/txt"] {
            assert_eq!(get(address, &format!("/p/{reader_id}{path}")).await.0, status, "{path}");
            assert_eq!(get(address, &format!("/p/p{path}")).await.0, 200, "{path}");
        }
        for path in ["", "/export/txt", "/export/html"] {
            assert_eq!(get(address, &format!("/p/{reader_id}{path}")).await.0, 200, "{path}");
        }
        server.stop().await.unwrap();
        age(&folder.path().join("pads.redb"), 0..20);
    }
}

#[tokio::test]
async fn readers_of_a_closed_history_are_not_told_of_marks() {
    for is_closed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let server = start_with(folder.path(), if is_closed { &["--closed-history"] } else { &[] }).await;
        let mut writer = Wire::connect(server.address(), None).await;
        let vars = writer.join("p", "").await;
        let mut reader = Wire::connect(server.address(), None).await;
        reader.join(&common::text(&vars, &["data", "readOnlyId"]), "").await;
        writer.send(r#"{"type":"COLLABROOM","component":"pad","data":{"type":"SAVE_REVISION"}}"#).await;
        writer.expect("NEW_SAVEDREV").await;
        writer.send(CHAT).await;
        reader.expect("CHAT_MESSAGE").await;
        assert_eq!(reader.seen().iter().any(|name| name == "NEW_SAVEDREV"), !is_closed);
        server.stop().await.unwrap();
    }
}

/// Makes revisions eleven minutes older than they are.
fn age(file: &std::path::Path, revs: std::ops::Range<u32>) {
    let store = RedbStore::open(file).unwrap();
    for rev in revs {
        let key = format!("pad:p:revs:{rev}");
        let record = store.get(&key).unwrap().unwrap();
        let (before, rest) = record.split_once("\"timestamp\":").unwrap();
        let (time, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap());
        let older = time.parse::<u64>().unwrap() - 660_000;
        store.write(&[(key, format!("{before}\"timestamp\":{older}{rest}"))]).unwrap();
    }
}

#[tokio::test]
async fn a_file_becomes_a_pad_with_all_its_revisions() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    write(&server, 230).await;
    let mut wire = Wire::connect(address, None).await;
    wire.join("p", "").await;
    wire.send(r#"{"type":"COLLABROOM","component":"pad","data":{"type":"SAVE_REVISION"}}"#).await;
    wire.expect("NEW_SAVEDREV").await;
    let (_, file) = get(address, "/p/p/export/etherpad").await;
    // What a file says of key revisions, and keys of other kinds, is not believed.
    let file = file.replacen(r#""atext":{"text":"Hello"#, r#""atext":{"text":"Other"#, 1);
    let file = format!(
        r#"{},"token2author:t.mine":"a.you","pad:p:revs:231":{{"changeset":"Z:1>1+1$x"}}}}"#,
        &file[..file.len() - 1]
    );

    // What is wrong is told, and nothing of it stays.
    let broken = file.replacen(r#""pad:p:revs:57":{"changeset":"Z:"#, r#""pad:p:revs:57":{"changeset":"Z:z"#, 1);
    let without = file.replacen("pad:p:revs:100\"", "pad:p:revs:1000\"", 1);
    for (file, record) in [(&*broken, "pad:p:revs:57"), (&without, "pad:p:revs:100"), ("nonsense", ""), ("{}", "")] {
        let (status, answer) = post_file(address, "/p/q/import", "", file).await;
        assert_eq!(status, 400, "{answer}");
        let answer = Value::parse(&answer).unwrap();
        assert_eq!(common::text(&answer, &["message"]), "uploadFailed");
        assert!(common::text(&answer, &["detail"]).contains(record), "{answer}");
    }
    let (status, answer) = post_file(address, "/p/q/import", "Origin: http://elsewhere.example\r\n", &file).await;
    assert_eq!(status, 403, "{answer}");
    assert_eq!(post_file(address, "/p/a$b/import", "", &file).await.0, 400);
    assert_eq!(get(address, "/p/q/export/txt").await.0, 404);

    let (status, answer) = post_file(address, "/p/q/import", &format!("Origin: http://{address}\r\n"), &file).await;
    assert_eq!((status, number(&Value::parse(&answer).unwrap(), &["code"])), (200, 0), "{answer}");
    let (status, answer) = post_file(address, "/p/q/import", "", &file).await;
    assert_eq!(status, 400);
    assert_eq!(common::text(&Value::parse(&answer).unwrap(), &["message"]), "padHasData");

    for rev in [0, 57, 99, 100, 101, 229, 230] {
        let text = |pad: &str| format!("/p/{pad}/{rev}/export/txt");
        assert_eq!(get(address, &text("q")).await, get(address, &text("p")).await, "revision {rev}");
    }
    let (_, again) = get(address, "/p/q/export/etherpad").await;
    let (one, two) = (Value::parse(&file).unwrap(), Value::parse(&again).unwrap());
    assert_eq!(at(&two, &["pad:q", "savedRevisions"]), at(&one, &["pad:p", "savedRevisions"]));
    for rev in 0..=230 {
        let [one, two] = [(&one, "p"), (&two, "q")].map(|(file, pad)| at(file, &[&format!("pad:{pad}:revs:{rev}")]));
        assert_eq!(at(one, &["changeset"]), at(two, &["changeset"]), "revision {rev}");
        assert_eq!(at(one, &["meta", "timestamp"]), at(two, &["meta", "timestamp"]), "revision {rev}");
    }
    // It is a pad like any other, also after the server was started anew.
    let mut person = Person::open(address, "q", "").await;
    assert_eq!(person.client.rev(), 230);
    person.insert(0, "more ").await;
    person.settle(231).await;
    server.stop().await.unwrap();
    let server = start(folder.path()).await;
    let (_, text) = get(server.address(), "/p/q/export/txt").await;
    assert!(text.starts_with("more "), "{text}");
    let (_, before) = get(server.address(), "/p/q/230/export/txt").await;
    assert_eq!(text, format!("more {before}"));
    server.stop().await.unwrap();
    let store = RedbStore::open(&folder.path().join("pads.redb")).unwrap();
    assert_eq!(store.get("token2author:t.mine").unwrap(), None);
}

#[tokio::test]
async fn a_file_takes_the_place_of_a_pad_that_nobody_has_written_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    write(&server, 30).await;
    let (_, file) = get(address, "/p/p/export/etherpad").await;
    let (_, text) = get(address, "/p/p/export/txt").await;

    // Whoever is there is told that what they see is no more.
    let mut reader = Wire::connect(address, None).await;
    let vars = reader.join("q", "").await;
    let (status, answer) = post_file(address, "/p/q/import", "", &file).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(reader.text().await.unwrap(), r#"{"disconnect":"deleted"}"#);
    reader.send(&common::commit(0, "Z:6>1+1$x", &[])).await;
    assert_eq!(get(address, "/p/q/export/txt").await, (200, text.clone()));
    // The link for readers goes on to work.
    let read_only = common::text(&vars, &["data", "readOnlyId"]);
    assert_eq!(get(address, &format!("/p/{read_only}/7/export/txt")).await, get(address, "/p/p/7/export/txt").await);

    // Nothing that anybody has written is replaced, whether the pad is open or not.
    let mut person = Person::open(address, "written", "").await;
    person.insert(0, "mine ").await;
    person.settle(1).await;
    let mut talker = Wire::connect(address, None).await;
    talker.join("talked", "").await;
    talker.send(CHAT).await;
    talker.expect("CHAT_MESSAGE").await;
    Wire::connect(address, None).await.join("blank", "").await;
    let pads = ["p", "q", "written", "talked"];
    for pad in pads {
        let before = get(address, &format!("/p/{pad}/export/txt")).await;
        let (status, answer) = post_file(address, &format!("/p/{pad}/import"), "", &file).await;
        assert_eq!((status, answer.contains("padHasData")), (400, true), "{pad}: {answer}");
        assert_eq!(get(address, &format!("/p/{pad}/export/txt")).await, before, "{pad}");
    }
    person.insert(0, "more ").await;
    person.settle(2).await;
    server.stop().await.unwrap();
    let server = start(folder.path()).await;
    for pad in pads {
        let (status, answer) = post_file(server.address(), &format!("/p/{pad}/import"), "", &file).await;
        assert_eq!((status, answer.contains("padHasData")), (400, true), "{pad}: {answer}");
    }
    let (status, answer) = post_file(server.address(), "/p/blank/import", "", &file).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(get(server.address(), "/p/blank/export/txt").await, (200, text));
    server.stop().await.unwrap();
}
