//! Opening a pad with all its revisions, and jumping between any two of them.
//!
//! Reads the largest `*.etherpad.gz` of the folder named by `EASYSYNC_EXPORTS`, and makes a file of 260,000 revisions from the
//! trace `automerge-paper` of the folder named by `EASYSYNC_TRACES`; says so if one is not there. Prints the least, median and
//! greatest of several runs. Etherpad's way, composing the changesets on the path and applying them to the lines of the
//! document, is measured in the same run with Etherpad's own code if that and Node are there, see `tests/etherpad/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may fail loudly"
)]

use easysync::{
    AttribPool, AttribSet, Attribute, BlameState, Changeset, Document, EtherpadFile, PoolForm, Seek, Slider, Timeline,
    json_atext, json_pool, json_string,
};
use peak_alloc::PeakAlloc;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const RUNS: usize = 5;
const SEEKS: usize = 10_000;
/// Etherpad's way is slow.
const ETHERPAD_SEEKS: usize = 100;
const PUSHED: usize = 1 << 20;
const RECORDS: u32 = 500;

fn main() {
    let exports = folder("EASYSYNC_EXPORTS", "../shared/wire/exports");
    let traces = folder("EASYSYNC_TRACES", "../shared/traces");
    if let Some(file) = exports.and_then(|folder| largest(&folder, ".etherpad.gz")) {
        let name = file.file_name().unwrap().to_string_lossy().replace(".etherpad.gz", "");
        measure(&name, &unzip(&file), None);
    }
    if let Some(file) = traces.map(|folder| folder.join("automerge-paper.json.gz")).filter(|file| file.is_file()) {
        let (bytes, end) = made_from_trace(&file);
        measure("automerge-paper", &bytes, Some(&end));
    }
}

fn folder(variable: &str, default: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os(variable).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(default), PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: no folder {} (set {variable} to another)", folder.display());
    }
    folder.is_dir().then_some(folder)
}

fn largest(folder: &Path, end: &str) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.to_string_lossy().ends_with(end));
    files.max_by_key(|path| path.metadata().unwrap().len())
}

fn unzip(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn measure(name: &str, bytes: &[u8], end: Option<&str>) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let (mut opened, mut slices) = (Vec::new(), Vec::new());
    let mut timeline = None;
    for _ in 0..RUNS {
        drop(timeline.take());
        let (found, millis, longest) = open(bytes);
        opened.push(millis);
        slices.push(longest);
        timeline = Some(found);
    }
    let megabytes = |bytes: usize| (bytes - before) as f64 / 1e6;
    let (peak, kept) = (megabytes(ALLOCATOR.peak_usage()), megabytes(ALLOCATOR.current_usage()));
    let mut timeline = timeline.unwrap();
    let head = timeline.head();
    println!(
        "{name}: {} revisions, a file of {:.1} MB; min / median / max of {RUNS} runs",
        head + 1,
        bytes.len() as f64 / 1e6
    );
    println!("  {:44} {} ms", "open", spread(&mut opened));
    println!("  {:44} {} ms", format!("longest slice of {RECORDS} records"), spread(&mut slices));
    println!("  {:44} {kept:.1} MB, {peak:.1} MB at most while it was opened", "memory");
    if let Some(end) = end {
        assert_eq!(timeline.text_at(head).unwrap().unwrap(), end);
    }

    let mut slider = Slider::of(timeline.clone());
    let (mut halves, mut nearly, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let mut random = fastrand::Rng::with_seed(run as u64);
        let mut times = Vec::with_capacity(SEEKS);
        for _ in 0..SEEKS {
            let rev = random.u32(0..=head);
            let start = Instant::now();
            let seek = slider.seek(rev, 0.0).unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert!(matches!(seek, Seek::Shown(_)));
        }
        times.sort_by(f64::total_cmp);
        halves.push(times[SEEKS / 2]);
        nearly.push(times[SEEKS * 99 / 100]);
        most.push(times[SEEKS - 1]);
    }
    println!("  {SEEKS} random seeks, with their patches");
    println!("  {:44} {} ms", "  p50", spread(&mut halves));
    println!("  {:44} {} ms", "  p99", spread(&mut nearly));
    println!("  {:44} {} ms", "  max", spread(&mut most));
    println!("  {:44} {:.1} MB", "memory after them", megabytes(ALLOCATOR.current_usage()));
    drop(slider);

    let start = Instant::now();
    let all = timeline.document_at(head).unwrap().unwrap().len_utf16();
    let mut blame = timeline.blame(head, 0..all).unwrap().unwrap();
    while blame.advance(&timeline, u32::MAX).unwrap() != BlameState::Done {}
    let runs = blame.runs(&mut timeline).unwrap().len();
    println!("  {:44} {:.1} ms, {runs} runs", "blame of the whole text", start.elapsed().as_secs_f64() * 1e3);

    etherpad(&mut timeline, &mut halves);
}

fn open(bytes: &[u8]) -> (Timeline, f64, f64) {
    let start = Instant::now();
    let mut longest = 0.0f64;
    let mut file = EtherpadFile::new();
    for part in bytes.chunks(PUSHED) {
        file.push(part);
        loop {
            let slice = Instant::now();
            let progress = file.advance(RECORDS).unwrap();
            longest = longest.max(slice.elapsed().as_secs_f64() * 1e3);
            if progress.needs_more {
                break;
            }
        }
    }
    let timeline = file.finish().unwrap();
    (timeline, start.elapsed().as_secs_f64() * 1e3, longest)
}

fn spread(runs: &mut [f64]) -> String {
    runs.sort_by(f64::total_cmp);
    format!("{:.3} / {:.3} / {:.3}", runs[0], runs[runs.len() / 2], runs[runs.len() - 1])
}

/// The file that a server would export of a pad written as the trace tells, by four authors in turn.
fn made_from_trace(file: &Path) -> (Vec<u8>, String) {
    let json: serde_json::Value = serde_json::from_slice(&unzip(file)).unwrap();
    let mut pool = AttribPool::new();
    let names = ["a.first", "a.second", "a.third", "a.fourth"];
    let authors = names.map(|name| AttribSet::from(pool.put(Attribute::new("author", name))));
    let full_pool = json_pool(&pool, PoolForm::Full);
    let mut doc = Document::new();
    let mut revisions = String::new();
    let mut rev = 0;
    for patch in json["txns"].as_array().unwrap().iter().flat_map(|txn| txn["patches"].as_array().unwrap()) {
        let (at, removed) = (patch[0].as_u64().unwrap() as usize, patch[1].as_u64().unwrap() as usize);
        let inserted: Vec<u16> = patch[2].as_str().unwrap().encode_utf16().collect();
        let who = rev / 500 % names.len();
        let changeset = doc.splice(at..at + removed, &inserted, &authors[who]).unwrap();
        doc.apply(&changeset, &pool).unwrap();
        let text = json_string(&changeset.to_utf16());
        let time = 1_700_000_000_000u64 + rev as u64 * 250;
        write!(
            revisions,
            r#","pad:trace:revs:{rev}":{{"changeset":{text},"meta":{{"author":"{}","timestamp":{time}"#,
            names[who]
        )
        .unwrap();
        if rev % 100 == 0 {
            write!(revisions, r#","pool":{full_pool},"atext":{}"#, json_atext(&doc.to_atext())).unwrap();
        }
        revisions.push_str("}}");
        rev += 1;
    }
    let atext = json_atext(&doc.to_atext());
    let pool = json_pool(&pool, PoolForm::Short);
    let mut out = format!(r#"{{"pad:trace":{{"atext":{atext},"pool":{pool},"head":{},"chatHead":-1}}"#, rev - 1);
    out.push_str(&revisions);
    out.push('}');
    (out.into_bytes(), json["endContent"].as_str().unwrap().to_owned() + "\n")
}

/// The same with Etherpad's own functions. The steps that its server would send are made here, and not measured.
fn etherpad(timeline: &mut Timeline, ours: &mut [f64]) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/etherpad");
    if !home.join("node_modules/ep_etherpad-lite").is_dir() {
        println!("  skipped: Etherpad is not installed in tests/etherpad\n");
        return;
    }
    let mut random = fastrand::Rng::with_seed(99);
    let head = timeline.head();
    let seeks: Vec<_> = (0..ETHERPAD_SEEKS).map(|_| random.u32(0..=head)).collect();
    let documents: Vec<_> = seeks.iter().map(|&rev| timeline.document_at(rev).unwrap().unwrap()).collect();
    let input = steps_as_json(timeline, &seeks);
    let child = Command::new(std::env::var_os("NODE").unwrap_or_else(|| "node".into()))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/history.cjs"))
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("  skipped: Node does not run\n");
        return;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "Etherpad's code failed");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut times: Vec<_> = answer["millis"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect();
    // Both must have shown the same.
    let lengths: Vec<_> =
        answer["lengths"].as_array().unwrap().iter().map(|len| len.as_u64().unwrap() as usize).collect();
    assert_eq!(lengths, documents.iter().map(Document::len_utf16).collect::<Vec<_>>());
    assert_eq!(documents.last().unwrap().text(), answer["text"].as_str().unwrap());
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[ETHERPAD_SEEKS * part / 100];
    ours.sort_by(f64::total_cmp);
    let version = |name: &str| answer[name].as_str().unwrap().to_owned();
    println!("  {ETHERPAD_SEEKS} random seeks the way of Etherpad {}, Node {}", version("etherpad"), version("node"));
    println!("  {:44} {:.3} ms", "  p50", at(50));
    println!("  {:44} {:.3} ms", "  p90", at(90));
    println!("  {:44} {:.3} ms", "  max", times[ETHERPAD_SEEKS - 1]);
    println!("  {:44} {:.0} times at p50\n", "  slower by", at(50) / ours[ours.len() / 2]);
}

/// All steps of 1, 10 and 100 revisions, forwards and backwards.
fn steps_as_json(timeline: &mut Timeline, seeks: &[u32]) -> String {
    let mut pool = timeline.pool().clone();
    let head = timeline.head();
    let mut before = Document::new();
    let mut singles = Vec::new();
    let mut lists = [1, 10, 100].map(|_| String::new());
    let push = |list: &mut String, forwards: &Changeset, backwards: &Changeset| {
        let comma = if list.is_empty() { "" } else { "," };
        let (forwards, backwards) = (json_string(&forwards.to_utf16()), json_string(&backwards.to_utf16()));
        write!(list, "{comma}[{forwards},{backwards}]").unwrap();
    };
    let mut starts = [Document::new(), Document::new()];
    for rev in 0..=head {
        let changeset = timeline.changeset_at(rev).unwrap().unwrap();
        push(&mut lists[0], &changeset, &changeset.inverse(&before, &mut pool).unwrap());
        before.apply(&changeset, &pool).unwrap();
        singles.push(changeset);
        for (level, size) in [(0, 10), (1, 100)] {
            if (rev + 1) % size == 0 {
                let all = compose(&singles[(rev + 1 - size) as usize..], &pool);
                push(&mut lists[level + 1], &all, &all.inverse(&starts[level], &mut pool).unwrap());
                starts[level] = before.clone();
            }
        }
    }
    let [ones, tens, hundreds] = lists;
    format!(
        r#"{{"pool":{},"steps":{{"1":[{ones}],"10":[{tens}],"100":[{hundreds}]}},"seeks":{seeks:?},"text":{},"attribs":{}}}"#,
        json_pool(&pool, PoolForm::Full),
        json_string(&before.text()),
        json_string(&before.to_atext().attribs.encode_utf16().collect::<Vec<_>>()),
    )
}

fn compose(changesets: &[Changeset], pool: &AttribPool) -> Changeset {
    match changesets {
        [one] => one.clone(),
        many => {
            let (first, second) = many.split_at(many.len() / 2);
            compose(first, pool).compose(&compose(second, pool), pool).unwrap()
        }
    }
}
