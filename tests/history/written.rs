//! How much was written, and by whom.

use super::model::{History, Seeded, open};
use super::network::Quiet;
use easysync::{ErrorKind, OpKind, Utf16String, Written};
use std::collections::BTreeMap;
use std::ops::Range;

/// What the changesets say: who inserted how much, and how much was removed.
fn plain(history: &History, revs: Range<u32>) -> (BTreeMap<Utf16String, usize>, usize) {
    let (mut inserted, mut removed) = (BTreeMap::new(), 0);
    for made in &history.revisions[revs.start as usize..revs.end as usize] {
        for op in made.changeset.ops() {
            match op.kind {
                OpKind::Keep => {}
                OpKind::Remove => removed += op.chars as usize,
                OpKind::Insert => *inserted.entry(made.author.clone()).or_default() += op.chars as usize,
            }
        }
    }
    (inserted, removed)
}

fn told(written: &Written) -> (BTreeMap<Utf16String, usize>, usize) {
    assert!(written.shares.is_sorted_by(|a, b| a.len >= b.len), "{written:?}");
    (written.shares.iter().map(|share| (share.author.clone(), share.len)).collect(), written.removed)
}

#[test]
fn a_file_tells_what_each_revision_wrote() {
    let mut seeded = Seeded::new(21);
    let history = History::random(1_234, &mut seeded.random);
    let timeline = open(history.file().as_bytes(), &mut seeded.random).unwrap();
    for _ in 0..200 {
        let start = seeded.random.u32(0..=history.head());
        let end = seeded.random.u32(start..=history.head()) + 1;
        let written = timeline.written(start..end, 0).unwrap().unwrap();
        assert_eq!((told(&written), written.steps), (plain(&history, start..end), end - start), "{start}..{end}");
        assert_eq!(timeline.written(start..end, end - start), Ok(None));
    }
    for revs in [0..1_235, Range { start: 5, end: 4 }, 1_235..1_235] {
        assert!(matches!(timeline.written(revs, 0).unwrap_err().kind(), ErrorKind::OutOfRange { .. }));
    }
}

#[test]
fn a_server_tells_more_and_more() {
    let mut seeded = Seeded::new(22);
    let history = History::random(12_345, &mut seeded.random);
    let mut quiet = Quiet::new(&history);
    let hundreds = 9_900..10_000;
    assert_eq!(quiet.slider.timeline().unwrap().written(hundreds.clone(), 0), Ok(None));
    quiet.seek(12_000);
    (0..300).for_each(|_| quiet.wait());
    // What a hundred revisions came to.
    let coarse = quiet.slider.timeline().unwrap().written(hundreds.clone(), 0).unwrap().unwrap();
    let (by, removed) = told(&coarse);
    let len = |rev: usize| history.documents[rev].len_utf16();
    assert_eq!((coarse.steps, len(9_899) + by.values().sum::<usize>() - removed), (1, len(9_999)));
    assert_eq!(quiet.slider.timeline().unwrap().written(hundreds.clone(), 1), Ok(None));
    // What each of them wrote.
    quiet.seek(9_950);
    (0..300).for_each(|_| quiet.wait());
    let fine = quiet.slider.timeline().unwrap().written(hundreds.clone(), 1).unwrap().unwrap();
    assert_eq!((told(&fine), fine.steps), (plain(&history, hundreds), 100));
    assert!(fine.removed > coarse.removed);
    // The last ones are not a whole hundred.
    let tail = quiet.slider.timeline().unwrap().written(12_300..12_345, 0).unwrap().unwrap();
    assert_eq!(told(&tail), plain(&history, 12_300..12_345));
}
