//! Replays recorded sessions of real servers as each of their clients, from the folder named by `EASYSYNC_TRANSCRIPTS`.
//!
//! After every message the server's text and attributes must be those that the recording has for the revision; what the
//! client sends must be what the recorded client sent.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod common;

use common::json::{Json, quoted};
use easysync::{Changeset, Client, Document, UnknownAttrib, Utf16String};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

/// What is known of a document: its length, and hashes of its text and of its attribute runs.
#[derive(Debug, Clone, PartialEq)]
struct Print {
    len: usize,
    text: String,
    runs: String,
}

#[derive(Default)]
struct Count {
    messages: usize,
    revisions: usize,
    states: usize,
    commits: usize,
    failed: Vec<String>,
}

#[test]
fn transcripts() {
    let Some(folder) = common::data_folder("EASYSYNC_TRANSCRIPTS", "../shared/wire/transcripts") else { return };
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
    files.sort();
    assert!(!files.is_empty(), "no *.jsonl.gz in {}", folder.display());
    let mut failed = 0;
    println!(
        "{:44} {:>7} {:>8} {:>9} {:>6} {:>7} {:>6}",
        "session", "clients", "messages", "revisions", "states", "commits", "failed"
    );
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().replace(".jsonl.gz", "");
        let last = file.with_file_name(format!("{name}.final.json.gz"));
        let known = if last.is_file() { recorded_revisions(&last) } else { BTreeMap::new() };
        let (clients, count) = replay(&file, &known);
        println!(
            "{name:44} {clients:7} {:8} {:9} {:6} {:7} {:6}",
            count.messages,
            count.revisions,
            count.states,
            count.commits,
            count.failed.len()
        );
        count.failed.iter().take(5).for_each(|message| println!("  {message}"));
        failed += count.failed.len();
    }
    assert_eq!(failed, 0, "comparisons failed");
}

fn unzip(file: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut text).unwrap();
    text
}

fn recorded_revisions(file: &Path) -> BTreeMap<u32, Print> {
    let json = Json::parse(&unzip(file));
    let Json::List(revisions) = json.get("allRevs") else { return BTreeMap::new() };
    let print =
        |json: &Json| Print { len: json.get("len").int(), text: json.get("text").str(), runs: json.get("runs").str() };
    revisions.iter().map(|json| (json.get("rev").int() as u32, print(json))).collect()
}

/// One client of a recording.
#[derive(Default)]
struct Replay {
    client: Client,
    /// The recorded client sent what was never typed, or joined by a made-up reconnect: there is nothing to replay.
    is_hand_made: bool,
    /// The revision at which the recorded client stood.
    recorded_rev: u32,
    /// The recorded client dropped a revision and stayed behind for good, which ours does not; what it typed from then on
    /// was typed into another text.
    is_behind: bool,
}

fn replay(file: &Path, known: &BTreeMap<u32, Print>) -> (usize, Count) {
    let text = unzip(file);
    let mut clients = BTreeMap::<String, Replay>::new();
    let mut typists = BTreeSet::new();
    let mut count = Count::default();
    for (number, line) in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let json = Json::parse(line);
        let name = json.get("client").text().to_string();
        let (event, payload) = (json.get("event").str(), json.get("payload"));
        let replay = clients.entry(name.clone()).or_default();
        if replay.is_hand_made {
            continue;
        }
        let client = &mut replay.client;
        let mut fail = |what: String| count.failed.push(format!("line {}, client {name}: {what}", number + 1));
        match (json.get("dir").str().as_str(), event.as_str()) {
            ("in", "disconnect") => client.disconnected(),
            ("in", "message") => {
                count.messages += 1;
                // The payload is the last member of the line.
                let line = std::str::from_utf8(line).unwrap();
                let (_, raw) = line.split_once("\"payload\":").unwrap();
                if let Err(error) = client.receive(&raw[..raw.len() - 1]) {
                    fail(error.to_string());
                }
                check_revision(client, known, &mut count.revisions, &mut fail);
            }
            ("out", "message") if *payload.get("reconnect") == Json::Bool(true) && client.base().is_none() => {
                replay.is_hand_made = true;
            }
            ("out", "message") if payload.get("data").get("type") == &Json::from("USER_CHANGES") => {
                if replay.is_behind {
                    continue;
                }
                if !typists.contains(&name) {
                    replay.is_hand_made = true;
                    continue;
                }
                count.commits += 1;
                match client.commit() {
                    Ok(Some(message)) => {
                        let ours = Json::parse(message.as_bytes());
                        if !ours.get("data").same(payload.get("data")) {
                            fail(format!("sent {message}, recorded {payload:?}"));
                        }
                    }
                    other => fail(format!("nothing to send, {other:?}, recorded {payload:?}")),
                }
            }
            ("local", "edit") => {
                typists.insert(name.clone());
                replay.is_behind |= client.base().is_some() && replay.recorded_rev < client.rev();
                if replay.is_behind {
                    continue;
                }
                if let Err(error) = edit(client, payload) {
                    fail(format!("edit: {error}"));
                }
            }
            ("local", "state") => {
                replay.recorded_rev = payload.get("rev").int() as u32;
                if !replay.is_behind {
                    check_state(client, payload, &mut count.states, &mut fail);
                }
            }
            _ => {}
        }
    }
    (clients.values().filter(|replay| !replay.is_hand_made).count(), count)
}

fn edit(client: &mut Client, payload: &Json) -> Result<(), easysync::Error> {
    let changeset = Changeset::parse_lenient_utf16(payload.get("changeset").text())?;
    let pool = common::json::pool(payload.get("apool"));
    let changeset = changeset.move_to_pool(&pool, client.pool_mut(), UnknownAttrib::Refuse)?;
    client.edit(&changeset)
}

/// The server's document, if the recording knows that revision.
fn check_revision(client: &Client, known: &BTreeMap<u32, Print>, checked: &mut usize, fail: &mut impl FnMut(String)) {
    if let (Some(base), Some(print)) = (client.base(), known.get(&client.rev())) {
        *checked += 1;
        let ours = print_of(base, client);
        if ours != *print {
            fail(format!("revision {}: {ours:?}, recorded {print:?}", client.rev()));
        }
    }
}

/// What the recorded client had and showed, if it stood at the same revision. It falls behind where it drops what ours
/// holds.
fn check_state(client: &Client, state: &Json, checked: &mut usize, fail: &mut impl FnMut(String)) {
    let (Some(base), Some(view)) = (client.base(), client.view()) else { return };
    if state.get("rev").int() as u32 != client.rev() {
        return;
    }
    *checked += 1;
    let recorded = |text: &str, runs: &str, len: &str| Print {
        len: state.get(len).int(),
        text: state.get(text).str(),
        runs: state.get(runs).str(),
    };
    for (what, doc, recorded) in [
        ("base", base, recorded("base", "baseRuns", "baseLen")),
        ("view", view, recorded("view", "viewRuns", "viewLen")),
    ] {
        let ours = print_of(doc, client);
        if ours != recorded {
            fail(format!("{what} at {}: {ours:?}, recorded {recorded:?}", client.rev()));
        }
    }
    let layers = client.layers().unwrap();
    let ours = (layers.submitted().is_some(), !layers.pending().is_identity());
    let recorded = (state.get("submitted").bool(), state.get("pending").bool());
    if ours != recorded {
        fail(format!("submitted and pending at {}: {ours:?}, recorded {recorded:?}", client.rev()));
    }
}

fn print_of(doc: &Document, client: &Client) -> Print {
    doc.check_invariants();
    let text = doc.text();
    Print { len: text.len(), text: hash(&text), runs: hash(&runs_json(doc, client).into()) }
}

/// The beginning of the hash of a text in UTF-16LE.
fn hash(text: &Utf16String) -> String {
    let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

/// The attribute runs as JavaScript prints them: pairs sorted, empty values left out, equal neighbours merged.
fn runs_json(doc: &Document, client: &Client) -> String {
    let mut runs: Vec<(usize, Vec<(Utf16String, Utf16String)>)> = Vec::new();
    for (text, attribs) in doc.pieces(0..doc.len_utf16()).unwrap() {
        let pairs = attribs.ids().iter().map(|&id| client.pool().get(id).unwrap());
        let mut pairs: Vec<_> =
            pairs.filter(|pair| !pair.value.is_empty()).map(|pair| (pair.key.clone(), pair.value.clone())).collect();
        pairs.sort();
        match runs.last_mut() {
            Some((len, last)) if *last == pairs => *len += text.len(),
            _ => runs.push((text.len(), pairs)),
        }
    }
    let runs: Vec<String> = runs
        .iter()
        .map(|(len, pairs)| {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("[{},{}]", quoted(key), quoted(value))).collect();
            format!("[{len},[{}]]", pairs.join(","))
        })
        .collect();
    format!("[{}]", runs.join(","))
}
