//! Pads that real servers have exported, at every revision, however it is reached.

use super::common::{
    data_folder,
    json::{Json, pool, quoted},
};
use super::model::{Editor, Seeded, open, pairs_of};
use easysync::{AttribPool, Changeset, Document, Seek, Slider, Timeline, Utf16String};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
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

/// What a document must be.
enum Expected {
    /// As the server had it.
    Recorded(Print),
    /// As the records give it, one after the other.
    Replayed(Document),
}

struct Recorded {
    expected: Expected,
    author: String,
    time: f64,
}

const JUMPS: usize = 1_000;

#[test]
fn recorded_pads() {
    let Some(folder) = data_folder("EASYSYNC_EXPORTS", "../shared/wire/exports") else { return };
    let Some(recordings) = data_folder("EASYSYNC_TRANSCRIPTS", "../shared/wire/transcripts") else { return };
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".etherpad.gz"));
    files.sort();
    assert!(!files.is_empty(), "no *.etherpad.gz in {}", folder.display());
    println!("{:44} {:>9} {:>8} {:>9} {:>6} {:>6}", "pad", "revisions", "forwards", "backwards", "jumps", "failed");
    let mut failures = 0;
    let mut compared = 0;
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().replace(".etherpad.gz", "");
        let mut seeded = Seeded::new(1);
        let bytes = unzip(&file);
        let timeline = open(&bytes, &mut seeded.random).unwrap_or_else(|error| panic!("{name}: {error}"));
        let recording = recordings.join(format!("{name}.final.json.gz"));
        let known = if recording.is_file() { recorded_revisions(&recording) } else { plain_replay(&bytes) };
        compared += usize::from(recording.is_file());
        let mut failed = Vec::new();
        let head = timeline.head();
        assert_eq!(known.len() as u32, head + 1, "{name}: revisions");
        facts(timeline.clone(), &known, &mut failed);
        let forwards = visit(timeline.clone(), 0..=head, &known, &mut failed);
        let backwards = visit(timeline.clone(), (0..=head).rev(), &known, &mut failed);
        let jumps: Vec<_> = (0..JUMPS).map(|_| seeded.random.u32(0..=head)).collect();
        let jumps = visit(timeline, jumps, &known, &mut failed);
        println!("{name:44} {:9} {forwards:8} {backwards:9} {jumps:6} {:6}", head + 1, failed.len());
        failed.iter().take(5).for_each(|message| println!("  {message}"));
        failures += failed.len();
    }
    println!(
        "{compared} of them compared with what their servers had at each revision, the others with a plain replay"
    );
    assert_eq!(failures, 0, "comparisons failed");
}

/// Shows revisions in some order, and compares each with what is known of it, and the screen with each.
fn visit(
    timeline: Timeline,
    revs: impl IntoIterator<Item = u32>,
    known: &BTreeMap<u32, Recorded>,
    failed: &mut Vec<String>,
) -> usize {
    let mut slider = Slider::of(timeline);
    let mut editor = Editor::default();
    let mut count = 0;
    for rev in revs {
        let patch = match slider.seek(rev, 0.0) {
            Ok(Seek::Shown(patch)) => patch,
            other => {
                failed.push(format!("revision {rev}: {other:?}"));
                continue;
            }
        };
        let pool = slider.timeline().unwrap().pool();
        match &known[&rev].expected {
            Expected::Recorded(print) => {
                let ours = print_of(slider.shown(), pool);
                if ours != *print {
                    failed.push(format!("revision {rev}: {ours:?}, expected {print:?}"));
                }
            }
            Expected::Replayed(document) if document == slider.shown() => {}
            Expected::Replayed(_) => failed.push(format!("revision {rev} differs from the replay")),
        }
        editor.show(&patch, slider.shown(), pool);
        // Comparing each code unit of a long pad each time takes minutes.
        if count % (1 + slider.shown().len_utf16() / 2_000) == 0 {
            editor.check(slider.shown(), pool, &format!("revision {rev}"));
        }
        count += 1;
    }
    editor.check(slider.shown(), slider.timeline().unwrap().pool(), "the last");
    count
}

fn facts(mut timeline: Timeline, known: &BTreeMap<u32, Recorded>, failed: &mut Vec<String>) {
    for (&rev, recorded) in known {
        let facts = timeline.revision(rev).unwrap();
        let author = facts.author.map(|author| author.to_string()).unwrap_or_default();
        if (author.as_str(), facts.time) != (recorded.author.as_str(), Some(recorded.time)) {
            failed.push(format!("revision {rev} by {author} at {:?}", facts.time));
        }
    }
}

fn unzip(file: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut text).unwrap();
    text
}

fn recorded_revisions(file: &Path) -> BTreeMap<u32, Recorded> {
    let json = Json::parse(&unzip(file));
    let revisions = json.get("allRevs").list().iter();
    revisions
        .map(|json| {
            let print =
                Print { len: json.get("len").int(), text: json.get("text").str(), runs: json.get("runs").str() };
            let (author, time) = (json.get("author").str(), json.get("timestamp").number());
            (json.get("rev").int() as u32, Recorded { expected: Expected::Recorded(print), author, time })
        })
        .collect()
}

/// What the records of a file give when they are done one after the other.
fn plain_replay(file: &[u8]) -> BTreeMap<u32, Recorded> {
    let json = Json::parse(file);
    let Json::Object(records) = &json else { panic!("no object") };
    let (name, pad) = records.iter().map(|(name, value)| (name.to_string(), value)).next().unwrap();
    let pool = pool(pad.get("pool"));
    let records: HashMap<_, _> = records.iter().map(|(name, value)| (name.to_string(), value)).collect();
    let mut document = Document::new();
    (0..=pad.get("head").int() as u32)
        .map(|rev| {
            let record = records[&format!("{name}:revs:{rev}")];
            let changeset = Changeset::parse_lenient_utf16(record.get("changeset").text()).unwrap();
            document.apply(&changeset, &pool).unwrap();
            let meta = record.get("meta");
            let (author, time) = (meta.get("author").str(), meta.get("timestamp").number());
            (rev, Recorded { expected: Expected::Replayed(document.clone()), author, time })
        })
        .collect()
}

fn print_of(document: &Document, pool: &AttribPool) -> Print {
    let text = document.text();
    Print { len: text.len(), text: hash(&text), runs: hash(&runs_json(document, pool).into()) }
}

/// The beginning of the hash of a text in UTF-16LE.
fn hash(text: &Utf16String) -> String {
    let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

/// The attribute runs as JavaScript prints them, equal neighbours merged.
fn runs_json(document: &Document, pool: &AttribPool) -> String {
    let mut runs: Vec<(usize, Vec<(Utf16String, Utf16String)>)> = Vec::new();
    for (text, attribs) in document.pieces(0..document.len_utf16()).unwrap() {
        let pairs = pairs_of(attribs, pool);
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
