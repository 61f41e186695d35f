//! Replays vectors computed by Etherpad, from the folder named by `EASYSYNC_GOLDEN`.
//!
//! What is equal is equal to the byte. What differs on purpose is in one table, [`DIFFERENCES`], with the reason; anything
//! else fails.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

#[path = "../common/mod.rs"]
mod common;
mod differences;
mod operations;
mod tracker;

use common::json::Json;
use differences::DIFFERENCES;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// How the vectors of one file went.
#[derive(Default, Clone)]
struct Count {
    run: usize,
    equal: usize,
    different: usize,
    failed: usize,
}

#[test]
fn golden() {
    let Some(folder) = common::data_folder("EASYSYNC_GOLDEN", "../shared/golden") else { return };
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
    files.sort();
    assert!(!files.is_empty(), "no *.jsonl.gz in {}", folder.display());

    let mut all = Count::default();
    let mut classes = BTreeMap::<&str, usize>::new();
    println!("{:28} {:>7} {:>7} {:>10} {:>7}", "file", "run", "equal", "different", "failed");
    for file in files {
        let count = replay(&file, &mut classes);
        print_count(&file.file_name().unwrap().to_string_lossy(), &count);
        all.run += count.run;
        all.equal += count.equal;
        all.different += count.different;
        all.failed += count.failed;
    }
    print_count("all", &all);
    println!("\ndifferent on purpose:");
    for difference in DIFFERENCES {
        println!("{:7} {}: {}", classes.get(difference.name).unwrap_or(&0), difference.name, difference.reason);
    }
    assert_eq!(all.failed, 0, "vectors failed");
    assert_eq!(all.equal + all.different, all.run);
}

/// Errors inside of an answer: that there is one counts, not how it is worded.
fn without_messages(json: Json) -> Json {
    match json {
        Json::List(items) => Json::List(items.into_iter().map(without_messages).collect()),
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .map(|(key, value)| if key == "error" { (key, true.into()) } else { (key, without_messages(value)) })
                .collect(),
        ),
        other => other,
    }
}

fn print_count(name: &str, count: &Count) {
    println!("{name:28} {:7} {:7} {:10} {:7}", count.run, count.equal, count.different, count.failed);
}

fn replay(file: &Path, classes: &mut BTreeMap<&'static str, usize>) -> Count {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut text).unwrap();
    let mut count = Count::default();
    for (number, line) in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let vector = Json::parse(line);
        let op = vector.get("op").str();
        let ours = operations::run(&op, vector.get("in"));
        count.run += 1;
        let is_equal = match &ours {
            Ok(out) => vector.has("out") && out.same(&without_messages(vector.get("out").clone())),
            Err(_) => vector.has("error"),
        };
        if is_equal {
            count.equal += 1;
        } else if let Some(difference) = DIFFERENCES.iter().find(|difference| difference.covers(&op, &vector, &ours)) {
            count.different += 1;
            *classes.entry(difference.name).or_default() += 1;
        } else {
            count.failed += 1;
            if count.failed <= std::env::var("EASYSYNC_GOLDEN_SHOW").map_or(5, |n| n.parse().unwrap()) {
                println!("FAILED {} line {}: {op}", file.display(), number + 1);
                println!("  in     {}", String::from_utf8_lossy(&line[..line.len().min(1500)]));
                println!("  wanted {:?}", if vector.has("out") { vector.get("out") } else { vector.get("error") });
                println!("  got    {ours:?}");
            }
        }
    }
    count
}
