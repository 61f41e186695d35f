//! Documents and changes to measure with.

use easysync::{AttribPool, AttribSet, Attribute, Changeset, Document};

/// Document sizes in code units.
pub const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// A document and small changes to it.
#[allow(dead_code, reason = "not every bench uses each field")]
pub struct Workload {
    pub doc: Document,
    pub pool: AttribPool,
    pub author: AttribSet,
    /// A word put in at a random place, and taken out again.
    pub pairs: Vec<[Changeset; 2]>,
}

impl Workload {
    pub fn new(size: usize) -> Self {
        Self::with_runs(size, 200)
    }

    /// `run` code units by one author, then as many by another.
    pub fn with_runs(size: usize, run: usize) -> Self {
        let mut pool = AttribPool::new();
        let authors = ["a.first", "a.second"].map(|name| AttribSet::from(pool.put(Attribute::new("author", name))));
        let text = words(size);
        let pieces = text.chunks(run).zip(authors.iter().cycle());
        let doc = Document::from_pieces(pieces);
        let mut random = fastrand::Rng::with_seed(size as u64);
        let word: Vec<u16> = "word ".encode_utf16().collect();
        let pairs = (0..4096)
            .map(|_| {
                let at = random.usize(..size);
                let put = doc.splice(at..at, &word, &authors[0]).unwrap();
                let take = put.inverse(&doc, &mut pool).unwrap();
                [put, take]
            })
            .collect();
        let [author, _] = authors;
        Self { doc, pool, author, pairs }
    }
}

/// Words of several lengths in lines of some sixty characters; the last character is a newline.
fn words(size: usize) -> Vec<u16> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = Vec::with_capacity(size + 16);
    let mut column = 0;
    while text.len() < size {
        let len = random.usize(1..10);
        text.extend((0..len).map(|_| u16::from(random.u8(b'a'..=b'z'))));
        column += len + 1;
        text.push(u16::from(if column > 60 { b'\n' } else { b' ' }));
        column = if column > 60 { 0 } else { column };
    }
    text.truncate(size - 1);
    text.push(u16::from(b'\n'));
    text
}
