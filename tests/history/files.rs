//! Files as they may be: in another order, cut anywhere, old, or broken.

use super::model::{History, Made, Seeded, file_of, open, units_of};
use easysync::{AttribPool, Changeset, FileFault, Slider, Utf16String};

fn small(seeded: &mut Seeded) -> History {
    History::random(230, &mut seeded.random)
}

#[test]
fn records_may_stand_in_any_order() {
    let mut seeded = Seeded::new(21);
    let history = small(&mut seeded);
    for round in 0..6 {
        let mut records = history.records();
        match round {
            0 => {}
            1 => records.reverse(),
            _ => seeded.random.shuffle(&mut records),
        }
        let mut timeline = open(file_of(&records).as_bytes(), &mut seeded.random).unwrap();
        assert_eq!(timeline.head(), history.head());
        for rev in 0..=history.head() {
            let document = timeline.document_at(rev).unwrap().unwrap();
            assert_eq!(units_of(&document, timeline.pool()), units_of(&history.documents[rev as usize], &history.pool));
            let facts = timeline.revision(rev).unwrap();
            let made = &history.revisions[rev as usize];
            assert_eq!((facts.author.as_ref(), facts.time), (Some(&made.author), Some(made.time)));
        }
        let author = timeline.author(&"a.0".into()).unwrap();
        assert_eq!((author.name.clone().unwrap(), author.color.clone()), ("Ann".into(), "#a0b1c2".into()));
        assert_eq!(timeline.author(&"a.1".into()).unwrap().color, "7");
        assert_eq!(timeline.saved_revisions()[0].label, "Revision 0");
    }
}

/// A file whose records of one name have another value, or are gone.
fn with(records: &[(String, String)], name: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut found = false;
    let records: Vec<_> = records
        .iter()
        .filter_map(|(key, value)| {
            if key != name {
                return Some((key.clone(), value.clone()));
            }
            found = true;
            change(value).map(|value| (key.clone(), value))
        })
        .collect();
    assert!(found, "no record {name}");
    file_of(&records)
}

#[test]
fn what_is_broken_is_named() {
    let mut seeded = Seeded::new(22);
    let history = small(&mut seeded);
    let records = history.records();
    let replace = |name: &str, from: &str, to: &str| {
        with(&records, name, |value| {
            assert!(value.contains(from), "{name} has no {from}");
            Some(value.replacen(from, to, 1))
        })
    };
    let rev = "pad:test:revs:117";
    let cases = [
        ("no pad", with(&records, "pad:test", |_| None), "pad:...", "record-missing"),
        ("no text", replace("pad:test", "\"atext\":", "\"x\":"), "pad:test", "missing-field"),
        ("no pool", replace("pad:test", "\"pool\":", "\"x\":"), "pad:test", "missing-field"),
        ("no head", replace("pad:test", "\"head\":229", "\"x\":1"), "pad:test", "missing-field"),
        (
            "head of another kind",
            replace("pad:test", "\"head\":229", "\"head\":\"x\""),
            "pad:test",
            "unexpected-character",
        ),
        ("pool with a gap", replace("pad:test", "\"nextNum\":", "\"nextNum\":1"), "pad:test", "malformed-pool"),
        ("text too long", replace("pad:test", "\"text\":\"", "\"text\":\"x"), "pad:test", "attribution-length"),
        ("attribution of another kind", replace("pad:test", "\"attribs\":\"", "\"attribs\":\"-"), "pad:test", "*"),
        ("head too high", replace("pad:test", "\"head\":229", "\"head\":230"), "pad:test:revs:230", "record-missing"),
        ("head too low", replace("pad:test", "\"head\":229", "\"head\":228"), "pad:test", "other-text"),
        ("no revision", with(&records, rev, |_| None), rev, "record-missing"),
        ("no first revision", with(&records, "pad:test:revs:0", |_| None), "pad:test:revs:0", "record-missing"),
        ("no changeset", replace(rev, "\"changeset\":", "\"x\":"), rev, "missing-field"),
        ("changeset cut", replace(rev, "\"changeset\":\"Z:", "\"changeset\":\"Z"), rev, "unexpected-character"),
        ("changeset of another text", replace(rev, "\"changeset\":\"Z:", "\"changeset\":\"Z:1"), rev, "*"),
        ("a revision that is null", with(&records, rev, |_| Some("null".to_owned())), rev, "unexpected-character"),
        (
            "a revision with a bad escape",
            replace(rev, "\"changeset\":\"", "\"changeset\":\"\\x"),
            rev,
            "unexpected-character",
        ),
        (
            "an author that is a list",
            with(&records, "globalAuthor:a.0", |_| Some("[]".to_owned())),
            "globalAuthor:a.0",
            "unexpected-character",
        ),
        (
            "chat that is no JSON",
            with(&records, "pad:test:chat:0", |_| Some("{\"a\" 1}".to_owned())),
            "pad:test:chat:0",
            "unexpected-character",
        ),
    ];
    for (what, file, record, code) in cases {
        let error = open(file.as_bytes(), &mut seeded.random).expect_err(what);
        assert_eq!(error.record, record, "{what}: {error}");
        assert!(code == "*" || error.fault.code() == code, "{what}: {error}, {}", error.fault.code());
        assert!(error.to_string().starts_with(&format!("record {record}: ")), "{error}");
    }
    for name in [rev, "pad:test"] {
        let mut twice = records.clone();
        twice.push(twice.iter().find(|(key, _)| key == name).unwrap().clone());
        let error = open(file_of(&twice).as_bytes(), &mut seeded.random).unwrap_err();
        assert_eq!((error.record.as_str(), error.fault), (name, FileFault::Twice));
    }
}

#[test]
fn an_attribute_that_the_pool_lacks_is_named() {
    let changeset = |text: &str| Changeset::parse_lenient_utf16(&Utf16String::from(text)).unwrap();
    let made = |text| Made { changeset: changeset(text), author: Utf16String::new(), time: 1.0 };
    let mut seeded = Seeded::new(23);
    let history = History::new(AttribPool::new(), vec![made("Z:1>1+1$a"), made("Z:2>1=1+1$b")]);
    let file = with(&history.records(), "pad:test:revs:1", |value| Some(value.replace("+1", "*3+1")));
    let error = open(file.as_bytes(), &mut seeded.random).unwrap_err();
    assert_eq!(error.to_string(), "record pad:test:revs:1: attribute 3 is not in the pool of 0");
}

#[test]
fn cut_files_and_files_of_other_kinds() {
    let mut seeded = Seeded::new(24);
    let history = small(&mut seeded);
    let file = history.file();
    for _ in 0..200 {
        let mut end = seeded.random.usize(0..file.len());
        while !file.is_char_boundary(end) {
            end -= 1;
        }
        let error = open(&file.as_bytes()[..end], &mut seeded.random).unwrap_err();
        assert_eq!(error.fault, FileFault::Cut, "{error}");
    }
    for (bytes, code) in [
        (&b"PK\x03\x04"[..], "not-a-pad-file"),
        (b"<!doctype html>", "not-a-pad-file"),
        (b"[]", "not-a-pad-file"),
        (b"{}", "record-missing"),
        (b"{} {}", "not-a-pad-file"),
        (b"", "file-cut"),
        (b"{\"a\":\"\xff\"}", "not-utf8"),
        (b"{\"a\" 1}", "unexpected-character"),
    ] {
        assert_eq!(open(bytes, &mut seeded.random).unwrap_err().fault.code(), code, "{bytes:?}");
    }
}

#[test]
fn old_changesets_are_read() {
    // Not in normal form: two inserts that are one, a plain keep at the end.
    let changeset = |text: &str| Changeset::parse_lenient_utf16(&Utf16String::from(text)).unwrap();
    let made = |text| Made { changeset: changeset(text), author: Utf16String::from("a.x"), time: 1.0 };
    let history = History::new(AttribPool::new(), vec![made("Z:1>2+1+1|1=1$ab")]);
    assert!(!history.revisions[0].changeset.is_normal());
    let mut seeded = Seeded::new(25);
    let timeline = open(history.file().as_bytes(), &mut seeded.random).unwrap();
    let mut slider = Slider::of(timeline);
    slider.seek(0, 0.0).unwrap();
    assert_eq!(slider.shown().text(), "ab\n");
}

#[test]
fn little_memory_makes_it_slow_not_wrong() {
    let mut seeded = Seeded::new(26);
    let history = History::random(3_000, &mut seeded.random);
    let mut timeline = open(history.file().as_bytes(), &mut seeded.random).unwrap();
    let ample = timeline.memory();
    // Steps of a file stay, documents go.
    timeline.set_memory_limit(1);
    let least = timeline.memory();
    assert!(least < ample * 9 / 10, "{least} of {ample}");
    for _ in 0..300 {
        let rev = seeded.random.u32(0..=history.head());
        let document = timeline.document_at(rev).unwrap().unwrap();
        assert_eq!(units_of(&document, timeline.pool()), units_of(&history.documents[rev as usize], &history.pool));
        assert!(timeline.memory() < least + 100_000, "{} after {least}", timeline.memory());
    }
}
