//! How much one client may have, what the server tells of itself, and trouble on request.

use crate::common::{CAPABLE, Person, Wire, at, commit, get, number, ready, start, start_with, text};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The value of a line of `/metrics`; 0 if it is not there.
async fn metric(address: SocketAddr, name: &str) -> f64 {
    let (status, text) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).unwrap_or(0.0)
}

#[tokio::test]
async fn what_the_server_does_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let address = server.address();
    let mut writer = Person::open(address, "p", CAPABLE).await;
    let mut reader = Person::open(address, "p", CAPABLE).await;
    for rev in 1..=3 {
        writer.insert(0, "x").await;
        writer.settle(rev).await;
        reader.settle(rev).await;
    }
    for (name, value) in [
        ("easysync_emits_total{type=\"ACCEPT_COMMIT\"}", 3.0),
        ("easysync_emits_total{type=\"NEW_CHANGES\"}", 3.0),
        ("easysync_emits_total{type=\"CLIENT_VARS\"}", 2.0),
        ("easysync_apply_seconds_count", 3.0),
        ("easysync_sockets", 2.0),
        ("easysync_pads{authors=\"2\"}", 1.0),
        ("easysync_pads{authors=\"5\"}", 0.0),
        ("easysync_queue_depth{for=\"pad\"}", 0.0),
    ] {
        assert_eq!(metric(address, name).await, value, "{name}");
    }
    assert!(metric(address, "easysync_fanout_lag_seconds_count").await >= 3.0);
    let (_, text) = get(address, "/metrics").await;
    let id = writer.client.author().to_string();
    assert!(!text.contains(&id) && !text.contains("\"p\""), "{text}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_sends_too_much_is_told_so_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--max-rate", "1"]).await;
    let mut wire = Wire::connect(server.address(), None).await;
    wire.join("p", "").await;
    let chat = r#"{"type":"COLLABROOM","component":"pad","data":{"type":"CHAT_MESSAGE","message":{"text":"hi"}}}"#;
    for _ in 0..12 {
        wire.send(chat).await;
    }
    assert_eq!(text(&wire.expect("disconnect").await, &["disconnect"]), "rateLimited");
    // The history is not limited, and the connection is still there.
    let history =
        r#"{"type":"CHANGESET_REQ","component":"pad","padId":"p","data":{"start":0,"granularity":1,"requestID":5}}"#;
    wire.send(history).await;
    assert_eq!(number(&wire.expect("CHANGESET_REQ").await, &["data", "requestID"]), 5);
    assert!(metric(server.address(), "easysync_limits_total{limit=\"rate\"}").await > 0.0);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn pads_do_not_grow_beyond_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--max-pad-size", "8"]).await;
    let mut wire = Wire::connect(server.address(), None).await;
    let me = text(&wire.join("p", "").await, &["data", "userId"]);
    let (_, before) = wire.ask(&commit(0, "Z:6>2*0+2$xx", &[("author", &me)])).await;
    assert!(before[0].contains("ACCEPT_COMMIT"), "{before:?}");
    let (_, before) = wire.ask(&commit(1, "Z:8>1*0+1$x", &[("author", &me)])).await;
    assert_eq!(before, [r#"{"disconnect":"badChangeset"}"#]);
    let (_, before) = wire.ask(&commit(1, "Z:8<1-1$", &[("author", &me)])).await;
    assert!(before[0].contains("ACCEPT_COMMIT"), "{before:?}");
    assert_eq!(metric(server.address(), "easysync_limits_total{limit=\"pad size\"}").await, 1.0);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--max-connections", "2"]).await;
    let address = server.address();
    let mut first = Wire::connect(address, None).await;
    first.join("p", "").await;
    let _second = Wire::connect(address, None).await;
    let third = tokio::spawn(async move { Wire::connect(address, None).await });
    assert!(third.await.is_err(), "a third connection was let in");
    assert_eq!(metric(address, "easysync_limits_total{limit=\"connections\"}").await, 1.0);
    // When one has gone, another may come.
    first.send_frame("41").await;
    while metric(address, "easysync_sockets").await > 1.0 {}
    Wire::connect(address, None).await.join("p", "").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn messages_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(folder.path(), &["--max-message", "2000"]).await;
    let mut wire = Wire::connect(server.address(), None).await;
    wire.join("p", "").await;
    wire.send(&format!("{{\"type\":\"{}\"}}", "x".repeat(3000))).await;
    while wire.frame().await.is_some() {}
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_setting_says_who_gets_batches() {
    for (setting, bits, capable_batches, stock_batches) in [("on", 1, true, true), ("off", 0, false, false)] {
        let folder = tempfile::tempdir().unwrap();
        let server = start_with(folder.path(), &["--new-changes-batch", setting]).await;
        let mut capable = Wire::connect(server.address(), None).await;
        let vars = capable.join("p", CAPABLE).await;
        assert_eq!(number(&vars, &["data", "easysync", "capabilities"]), bits);
        let mut stock = Wire::connect(server.address(), None).await;
        stock.join("p", "").await;
        let mut writer = Wire::connect(server.address(), None).await;
        let me = text(&writer.join("p", "").await, &["data", "userId"]);
        // A marker in mid-line makes two revisions at once.
        writer.send(&commit(0, "Z:6>1=2*0*1+1$*", &[("author", &me), ("lmkr", "1")])).await;
        for (wire, batches) in [(&mut capable, capable_batches), (&mut stock, stock_batches)] {
            if batches {
                let batch = wire.expect("NEW_CHANGES_BATCH").await;
                assert_eq!(at(&batch, &["data", "changes"]).items().len(), 2);
                assert!(metric(server.address(), "easysync_batch_revisions_count").await > 0.0);
            } else {
                assert_eq!(number(&wire.expect("NEW_CHANGES").await, &["data", "newRev"]), 1);
                assert_eq!(number(&wire.expect("NEW_CHANGES").await, &["data", "newRev"]), 2);
            }
        }
        server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_get_over_trouble_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let faults = "delay=3,duplicate=0.5,reorder=0.3,batch=2";
    let server = start_with(folder.path(), &["--faults", faults]).await;
    let mut writer = Person::open(server.address(), "p", CAPABLE).await;
    let mut reader = Person::open(server.address(), "p", CAPABLE).await;
    let began = Instant::now();
    for rev in 1..=40 {
        writer.insert(0, "x").await;
        writer.settle(rev).await;
    }
    assert!(began.elapsed() >= 40 * Duration::from_millis(3), "{:?}", began.elapsed());
    reader.settle(40).await;
    assert_eq!(reader.text(), writer.text());
    let counts = reader.client.counts();
    assert!(counts.duplicates > 0 && counts.held > 0, "{counts:?}");
    assert!(reader.seen.iter().any(|name| name == "NEW_CHANGES_BATCH"), "{:?}", reader.seen);
    server.stop().await.unwrap();
    // Without the option nothing can be asked for; with it a socket can.
    let lost = |flag: &'static [&'static str]| async move {
        let folder = tempfile::tempdir().unwrap();
        let server = start_with(folder.path(), flag).await;
        let mut wire = Wire::connect_with(server.address(), None, "&faults=drop=1").await;
        wire.send(&ready("p", CAPABLE)).await;
        wire.expect("CLIENT_VARS").await;
        let mut writer = Person::open(server.address(), "p", CAPABLE).await;
        writer.insert(0, "x").await;
        writer.settle(1).await;
        let chat = r#"{"type":"COLLABROOM","component":"pad","data":{"type":"CHAT_MESSAGE","message":{"text":"hi"}}}"#;
        writer.wire.send(chat).await;
        wire.expect("CHAT_MESSAGE").await;
        let is_lost = !wire.seen().contains(&"NEW_CHANGES".to_owned());
        server.stop().await.unwrap();
        is_lost
    };
    assert!(!lost(&[]).await);
    assert!(lost(&["--faults", "none"]).await);
}
