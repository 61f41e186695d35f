//! Local changes of many ops: a revision that touches little of them is moved past them as if all were walked along.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

use easysync::{AttribPool, AttribSet, Attribute, Builder, Changeset, Document, Layers, Tie, Utf16String};
use fastrand::Rng;

const SEEDS: u64 = 150;
const REVISIONS: usize = 60;

struct Numbers {
    pool: AttribPool,
    sets: Vec<AttribSet>,
}

impl Numbers {
    fn new() -> Self {
        let mut pool = AttribPool::new();
        let pairs = [("author", "a.me"), ("author", "a.you"), ("bold", "true"), ("bold", ""), ("insertorder", "first")];
        let mut sets: Vec<_> = pairs.iter().map(|(key, value)| pool.put(Attribute::new(*key, *value)).into()).collect();
        sets.push(AttribSet::EMPTY);
        Self { pool, sets }
    }

    fn any(&self, random: &mut Rng) -> AttribSet {
        self.sets[random.usize(..self.sets.len())].clone()
    }
}

/// A change of a few places, near each other or not.
fn change(doc: &Document, numbers: &Numbers, places: usize, random: &mut Rng) -> Changeset {
    let text = doc.text();
    let mut builder = Builder::new(text.len());
    let mut at = 0;
    let count = |range: std::ops::Range<usize>| text[range].iter().filter(|&&unit| unit == 0x0a).count();
    let mut starts: Vec<_> = (0..places).map(|_| random.usize(..text.len())).collect();
    if random.bool() {
        starts = (0..places).map(|place| starts[0] / 2 + place * random.usize(..4)).collect();
    }
    starts.sort_unstable();
    for start in starts.into_iter().filter(|start| *start < text.len()) {
        if start < at {
            continue;
        }
        // What is kept, removed or formatted up to `end`, in lines and what is left of the last.
        let cut = |from: usize, end: usize| {
            text[from..end].iter().rposition(|&unit| unit == 0x0a).map_or(from, |last| from + last + 1)
        };
        let middle = cut(at, start);
        builder.keep(middle - at, count(at..middle), &AttribSet::EMPTY).keep(start - middle, 0, &AttribSet::EMPTY);
        let end = (start + random.usize(..6)).min(text.len() - 1).max(start);
        let middle = cut(start, end);
        at = start;
        match random.u8(..4) {
            0 => {
                builder.remove(middle - start, count(start..middle)).remove(end - middle, 0);
                at = end;
            }
            1 => {
                let set = numbers.any(random);
                builder.keep(middle - start, count(start..middle), &set).keep(end - middle, 0, &set);
                at = end;
            }
            _ => {}
        }
        if random.u8(..3) > 0 {
            let insert: String =
                (0..random.usize(1..4)).map(|_| random.choice(['x', 'y', '😀', '\n']).unwrap()).collect();
            builder.insert(&insert.encode_utf16().collect::<Vec<_>>(), &numbers.any(random));
        }
    }
    builder.finish().unwrap().to_normal()
}

/// `Layers` walk along what is near a revision; here all is walked along.
#[test]
fn revisions_pass_many_local_changes_as_they_pass_few() {
    let author = Utf16String::from("a.me");
    for seed in 0..SEEDS {
        let random = &mut Rng::with_seed(seed);
        let mut numbers = Numbers::new();
        let text: String = (0..random.usize(1..2000)).map(|_| random.choice(['a', 'b', 'é', '\n']).unwrap()).collect();
        let mut layers = Layers::new(Document::from_text(text + "\n")).unwrap();
        let mut view = layers.base().clone();
        for round in 0..4 {
            for _ in 0..random.usize(1..5) {
                let places = random.usize(1..200);
                let edit = change(&view, &numbers, places, random);
                view.apply(&edit, &numbers.pool).unwrap();
                layers.edit(&edit, &numbers.pool).unwrap();
            }
            if round == 1 {
                layers.prepare(&author, &mut numbers.pool).unwrap();
                view = layers.base().clone();
                [layers.submitted(), Some(layers.pending())]
                    .into_iter()
                    .flatten()
                    .for_each(|local| view.apply(local, &numbers.pool).unwrap());
            }
            for revision in 0..REVISIONS {
                let places = random.usize(1..4);
                let remote = change(layers.base(), &numbers, places, random);
                let pool = &numbers.pool;
                let (submitted, past) = match layers.submitted() {
                    Some(submitted) => (
                        Some(submitted.follow(&remote, Tie::OtherFirst, pool).unwrap()),
                        remote.follow(submitted, Tie::SelfFirst, pool).unwrap(),
                    ),
                    None => (None, remote.clone()),
                };
                let expected = past.follow(layers.pending(), Tie::OtherFirst, pool).unwrap();
                let pending = layers.pending().follow(&past, Tie::SelfFirst, pool).unwrap();
                let place = format!("seed {seed}, round {round}, revision {revision}: {remote}");
                assert_eq!(layers.apply_remote(&remote, pool).unwrap(), expected, "{place}");
                assert_eq!(layers.submitted(), submitted.as_ref(), "{place}");
                assert_eq!(layers.pending(), &pending, "{place}");
                view.apply(&expected, pool).unwrap();
            }
        }
    }
}

/// A revision that cannot be applied leaves everything as it was, and the next one is moved past the same.
#[test]
fn a_revision_that_does_not_apply_changes_no_local_changes() {
    let numbers = Numbers::new();
    let random = &mut Rng::with_seed(7);
    let mut layers = Layers::new(Document::from_text("abc\n".repeat(1000))).unwrap();
    let edit = change(layers.base(), &numbers, 500, random);
    layers.edit(&edit, &numbers.pool).unwrap();
    for revision in 0..100 {
        let remote = change(layers.base(), &numbers, 1, random);
        let before = (layers.base().clone(), layers.pending().clone());
        let wrong = Changeset::parse_lenient(&remote.to_string().replacen("|", "|1", 1)).ok();
        if let Some(wrong) = wrong.filter(|wrong| *wrong != remote) {
            assert!(layers.apply_remote(&wrong, &numbers.pool).is_err(), "{wrong}");
            assert_eq!((layers.base(), layers.pending()), (&before.0, &before.1), "revision {revision}");
        }
        let expected = before.1.follow(&remote, Tie::SelfFirst, &numbers.pool).unwrap();
        layers.apply_remote(&remote, &numbers.pool).unwrap();
        assert_eq!(layers.pending(), &expected);
    }
}
