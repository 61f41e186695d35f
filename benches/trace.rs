//! Recorded editing sessions, keystroke by keystroke, applied to a document with attributes; and as a client gets them, from the
//! text of a message to the patch for the editor.
//!
//! Reads `*.json.gz` from the folder named by `EASYSYNC_TRACES`, and says so if there is none. Prints microseconds per change, the
//! least, median and greatest of several runs, and asserts the final text in each. `-- --json FILE` writes them to a file as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may fail loudly"
)]

use easysync::{AttribPool, AttribSet, Attribute, Changeset, Document, Outgoing, Pad, ShownPatch, new_changes};
use std::path::Path;
use std::time::Instant;

const RUNS: usize = 7;
const AUTHOR: &str = "a.YMOK8nlxnOhHwuaL";

/// An empty pad.
const JOIN: &str = r#"{"type":"CLIENT_VARS","data":{"userId":"a.reader","collab_client_vars":{"rev":0,"padId":"pad",
    "initialAttributedText":{"text":"\n","attribs":"|1+1"},"apool":{"numToAttrib":{},"nextNum":0}}}}"#;

struct Trace {
    name: String,
    /// Each patch as a changeset in wire form.
    wire: Vec<String>,
    /// Each as the message that a server sends of it.
    messages: Vec<String>,
    end: String,
    pool: AttribPool,
}

fn main() {
    let folder = std::env::var_os("EASYSYNC_TRACES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces"), Into::into);
    if !folder.is_dir() {
        println!("skipped: no folder {} (set EASYSYNC_TRACES to another)", folder.display());
        return;
    }
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".json.gz"));
    files.sort();
    println!("microseconds per change, min / median / max of {RUNS} runs");
    let heads = ["apply", "parse and apply", "message to patch", "the same in two calls"];
    println!("{:24} {:>8}  {}", "trace", "changes", heads.map(|head| format!("{head:24}")).join(" "));
    let mut results = Vec::new();
    for file in files {
        let trace = load(&file);
        let parsed: Vec<_> = trace.wire.iter().map(|text| Changeset::parse(text).unwrap()).collect();
        let mut apply = Vec::new();
        let mut both = Vec::new();
        let (mut client, mut two_calls) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            apply.push(run(&trace, &parsed, |changeset, doc| doc.apply(changeset, &trace.pool)));
            both.push(run(&trace, &trace.wire, |text, doc| doc.apply(&Changeset::parse(text)?, &trace.pool)));
            client.push(run_client(&trace, |pad, message, patch| pad.receive_and_flush(message, patch).unwrap().1));
            two_calls.push(run_client(&trace, |pad, message, patch| {
                pad.receive(message).unwrap();
                pad.flush_into(patch).unwrap()
            }));
        }
        let found = [apply, both, client, two_calls].map(spread);
        let columns = found.map(|[min, median, max]| format!("{:24}", format!("{min:.3} / {median:.3} / {max:.3}")));
        println!("{:24} {:>8}  {}", trace.name, trace.wire.len(), columns.join(" "));
        results.extend(heads.iter().zip(found).map(|(head, [min, median, max])| {
            let (chars, changes) = (trace.end.encode_utf16().count(), trace.wire.len());
            serde_json::json!({
                "bench": "native", "trace": trace.name, "subject": head, "where": "native", "batch": 1, "document_chars": chars,
                "changes": changes, "changes_in_trace": changes, "us_per_change": { "min": min, "median": median, "max": max }, "runs": RUNS,
            })
        }));
    }
    let mut arguments = std::env::args().skip_while(|argument| argument != "--json").skip(1);
    if let Some(file) = arguments.next() {
        std::fs::write(file, serde_json::Value::from(results).to_string()).unwrap();
    }
}

fn run<T>(trace: &Trace, steps: &[T], step: impl Fn(&T, &mut Document) -> Result<(), easysync::Error>) -> f64 {
    let mut doc = Document::new();
    let start = Instant::now();
    for change in steps {
        step(change, &mut doc).unwrap();
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / steps.len() as f64;
    assert_eq!(doc.text(), trace.end.as_str(), "{}", trace.name);
    micros
}

/// A whole client, which is asked for a patch after each message.
fn run_client(trace: &Trace, take: impl Fn(&mut Pad, &str, &mut ShownPatch) -> bool) -> f64 {
    let mut pad = Pad::new();
    pad.receive(JOIN).unwrap();
    let start = Instant::now();
    let (mut inserted, mut patch) = (0, ShownPatch::default());
    for message in &trace.messages {
        if take(&mut pad, message, &mut patch) {
            inserted += patch.text.len();
        }
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / trace.messages.len() as f64;
    assert!(inserted >= trace.end.len() / 2, "{}", trace.name);
    assert_eq!(pad.shown().text(), trace.end.as_str(), "{}", trace.name);
    micros
}

fn spread(mut runs: Vec<f64>) -> [f64; 3] {
    runs.sort_by(f64::total_cmp);
    [runs[0], runs[runs.len() / 2], runs[runs.len() - 1]]
}

/// Each patch becomes a changeset on a pad that begins with one newline, with the author on what it inserts.
fn load(file: &Path) -> Trace {
    let reader = flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap());
    let json: serde_json::Value = serde_json::from_reader(reader).unwrap();
    let mut pool = AttribPool::new();
    let author = AttribSet::from(pool.put(Attribute::new("author", AUTHOR)));
    let mut doc = Document::new();
    let (mut wire, mut messages) = (Vec::new(), Vec::new());
    for patch in json["txns"].as_array().unwrap().iter().flat_map(|txn| txn["patches"].as_array().unwrap()) {
        let (at, removed) = (patch[0].as_u64().unwrap() as usize, patch[1].as_u64().unwrap() as usize);
        let inserted: Vec<u16> = patch[2].as_str().unwrap().encode_utf16().collect();
        let changeset = doc.splice(at..at + removed, &inserted, &author).unwrap();
        doc.apply(&changeset, &pool).unwrap();
        wire.push(changeset.to_string());
        messages.push(message(wire.len() as u32, &changeset, &pool));
    }
    let name = file.file_name().unwrap().to_string_lossy().replace(".json.gz", "");
    Trace { name, wire, messages, end: json["endContent"].as_str().unwrap().to_owned() + "\n", pool }
}

/// `NEW_CHANGES` as Etherpad sends it, with a pool of what is in it.
fn message(rev: u32, changeset: &Changeset, pool: &AttribPool) -> String {
    let author: Vec<u16> = AUTHOR.encode_utf16().collect();
    let wire = changeset.prepare_for_wire(pool);
    let time = 1_795_268_954_555.0 + f64::from(rev);
    new_changes(&Outgoing { rev, wire: &wire, author: &author, time, time_delta: Some(1.0) }.members())
}
