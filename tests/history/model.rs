//! What a history must be, the plain way: every document kept, every change applied to a list of code units.

use easysync::{
    AttribPool, AttribSet, Attribute, Builder, Changeset, Document, EmptyValue, EtherpadFile, FileError, PoolForm,
    ShownPatch, Timeline, Utf16String, json_atext, json_pool, json_string,
};
use std::rc::Rc;

pub struct Made {
    pub changeset: Changeset,
    pub author: Utf16String,
    pub time: f64,
}

/// A pad with all its revisions; the document of revision n is `documents[n]`.
pub struct History {
    pub pool: AttribPool,
    pub revisions: Vec<Made>,
    pub documents: Vec<Document>,
}

const ALPHABET: &[&str] =
    &["a", "b", " ", "\n", "\n", "é", "中", "😀", "e\u{301}", "word ", "more\nlines\n", "\r", "\u{0}"];

impl History {
    pub fn new(pool: AttribPool, revisions: Vec<Made>) -> Self {
        let mut document = Document::new();
        let documents = revisions
            .iter()
            .map(|made| {
                document.apply(&made.changeset, &pool).unwrap();
                document.clone()
            })
            .collect();
        Self { pool, revisions, documents }
    }

    /// Inserts, removals, replacements and formats in random places by several authors, halves of pairs among them.
    pub fn random(len: usize, random: &mut fastrand::Rng) -> Self {
        let mut pool = AttribPool::new();
        let mut document = Document::new();
        let mut revisions = Vec::new();
        let mut time = 1_000_000.0;
        for _ in 0..len {
            let name = format!("a.{}", random.usize(0..4));
            let author = AttribSet::from(pool.put(Attribute::new("author", name.as_str())));
            let bold = Attribute::new("bold", if random.bool() { "true" } else { "" });
            let bold = AttribSet::from_pairs([bold], EmptyValue::Keep, &mut pool);
            let end = document.len_utf16() - 1;
            let start = random.usize(0..=end);
            let removed = if random.usize(0..3) == 0 { random.usize(0..=(end - start).min(40)) } else { 0 };
            let mut text: Vec<u16> = Vec::new();
            for _ in 0..random.usize(0..4) {
                text.extend(random.choice(ALPHABET).unwrap().encode_utf16());
            }
            if random.usize(0..10) == 0 {
                text.push(if random.bool() { 0xd83d } else { 0xde00 });
            }
            let changeset = if random.usize(0..5) == 0 {
                let old = document.text();
                let mut builder = Builder::new(old.len());
                let len = random.usize(0..=(end - start).min(30));
                builder.keep_text(&old[..start], &AttribSet::EMPTY);
                builder.keep_text(&old[start..start + len], &bold);
                builder.finish().unwrap()
            } else if random.usize(0..12) == 0 {
                // In two places, without an author.
                let first = document.splice(start..start + removed, &text, &AttribSet::EMPTY).unwrap();
                let mut between = document.clone();
                between.apply(&first, &pool).unwrap();
                let second = between.splice(0..0, &text, &author).unwrap();
                first.compose(&second, &pool).unwrap()
            } else {
                document.splice(start..start + removed, &text, &author).unwrap()
            };
            document.apply(&changeset, &pool).unwrap();
            time += random.u32(0..5_000) as f64;
            revisions.push(Made { changeset, author: name.into(), time });
        }
        Self::new(pool, revisions)
    }

    pub fn head(&self) -> u32 {
        self.revisions.len() as u32 - 1
    }

    /// The records of its `.etherpad` file, name and value.
    pub fn records(&self) -> Vec<(String, String)> {
        let head = self.documents.last().unwrap().to_atext();
        let pool = json_pool(&self.pool, PoolForm::Short);
        let saved = r#"[{"revNum":0,"savedById":"a.0","label":"Revision 0","timestamp":7,"id":"x"}]"#;
        let mut records = vec![
            (
                "pad:test".to_owned(),
                format!(
                    r#"{{"atext":{},"pool":{pool},"head":{},"chatHead":0,"publicStatus":false,"savedRevisions":{saved}}}"#,
                    json_atext(&head),
                    self.head()
                ),
            ),
            (
                "globalAuthor:a.0".to_owned(),
                r##"{"colorId":"#a0b1c2","name":"Ann","timestamp":1,"padIDs":"test"}"##.to_owned(),
            ),
            ("globalAuthor:a.1".to_owned(), r#"{"colorId":7,"name":null,"timestamp":1,"padIDs":"test"}"#.to_owned()),
        ];
        for (rev, made) in self.revisions.iter().enumerate() {
            let key = if rev.is_multiple_of(100) {
                let atext = json_atext(&self.documents[rev].to_atext());
                format!(r#","pool":{},"atext":{atext}"#, json_pool(&self.pool, PoolForm::Full))
            } else {
                String::new()
            };
            records.push((
                format!("pad:test:revs:{rev}"),
                format!(
                    r#"{{"changeset":{},"meta":{{"author":{},"timestamp":{}{key}}}}}"#,
                    json_string(&made.changeset.to_utf16()),
                    json_string(&made.author),
                    made.time
                ),
            ));
        }
        records.push(("pad:test:chat:0".to_owned(), r#"{"text":"hi","time":1,"userId":"a.0"}"#.to_owned()));
        records
    }

    pub fn file(&self) -> String {
        file_of(&self.records())
    }
}

pub fn file_of(records: &[(String, String)]) -> String {
    let members: Vec<_> =
        records.iter().map(|(name, value)| format!("{}:{value}", json_string(&units(name)))).collect();
    format!("{{{}}}", members.join(","))
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Opens a file that comes in pieces of random size.
pub fn open(bytes: &[u8], random: &mut fastrand::Rng) -> Result<Timeline, FileError> {
    let mut file = EtherpadFile::new();
    let mut rest = bytes;
    let mut last = file.progress();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(random.usize(1..=rest.len().min(100_000)));
        file.push(part);
        rest = after;
        loop {
            let progress = file.advance(random.u32(1..50))?;
            assert!(progress.done >= last.done && progress.bytes >= last.bytes, "{last:?}, then {progress:?}");
            assert!(progress.total.is_none_or(|total| progress.done <= total));
            last = progress;
            if progress.needs_more {
                break;
            }
        }
    }
    file.finish()
}

/// Attributes of each code unit, as pairs in the order of their keys, those with empty values left out.
pub type Pairs = Vec<(Utf16String, Utf16String)>;

pub fn pairs_of(attribs: &AttribSet, pool: &AttribPool) -> Pairs {
    let pairs = attribs.ids().iter().map(|&id| pool.get(id).unwrap());
    let mut pairs: Vec<_> =
        pairs.filter(|pair| !pair.value.is_empty()).map(|pair| (pair.key.clone(), pair.value.clone())).collect();
    pairs.sort();
    pairs
}

pub fn units_of(document: &Document, pool: &AttribPool) -> (Vec<u16>, Vec<Rc<Pairs>>) {
    let (mut text, mut attribs) = (Vec::new(), Vec::new());
    for (piece, set) in document.pieces(0..document.len_utf16()).unwrap() {
        let pairs = Rc::new(pairs_of(set, pool));
        text.extend_from_slice(piece);
        attribs.extend(piece.iter().map(|_| pairs.clone()));
    }
    (text, attribs)
}

/// What an editor has on the screen: text without the final newline, and what it was told of attributes.
#[derive(Default)]
pub struct Editor {
    text: Vec<u16>,
    attribs: Vec<Rc<Pairs>>,
}

impl Editor {
    /// Applies a patch that leads to `new`; only what the patch names is looked up there.
    pub fn show(&mut self, patch: &ShownPatch, new: &Document, pool: &AttribPool) {
        let at = |position: usize| Rc::new(pairs_of(new.attribs_at(position).unwrap(), pool));
        let (mut text, mut attribs, mut old_at, mut bank) = (Vec::new(), Vec::new(), 0, &patch.text[..]);
        for change in patch.changes.chunks(3) {
            let [from, to, inserted] = [change[0] as usize, change[1] as usize, change[2] as usize];
            assert!(old_at <= from && from <= to && to <= self.text.len(), "{patch:?}");
            text.extend_from_slice(&self.text[old_at..from]);
            attribs.extend_from_slice(&self.attribs[old_at..from]);
            let (part, rest) = bank.split_at(inserted);
            attribs.extend((text.len()..text.len() + inserted).map(at));
            text.extend_from_slice(part);
            (old_at, bank) = (to, rest);
        }
        assert!(bank.is_empty());
        text.extend_from_slice(&self.text[old_at..]);
        attribs.extend_from_slice(&self.attribs[old_at..]);
        for range in patch.formatted.chunks(2) {
            let range = range[0] as usize..range[1] as usize;
            attribs[range.clone()].iter_mut().zip(range).for_each(|(pairs, position)| *pairs = at(position));
        }
        (self.text, self.attribs) = (text, attribs);
    }

    /// The editor must have what a document has.
    pub fn check(&self, document: &Document, pool: &AttribPool, what: &str) {
        let (mut text, mut attribs) = units_of(document, pool);
        assert_eq!(text.pop(), Some(0x0a), "{what}");
        attribs.pop();
        assert!(self.text == text, "{what}: text {:?}, expected {:?}", utf16(&self.text), utf16(&text));
        if let Some(at) = (0..text.len()).find(|&at| self.attribs[at] != attribs[at]) {
            panic!("{what}: attributes at {at}: {:?}, expected {:?}", self.attribs[at], attribs[at]);
        }
    }
}

fn utf16(text: &[u16]) -> Utf16String {
    text.into()
}

/// A random generator whose seed is told if the test fails.
pub struct Seeded {
    pub random: fastrand::Rng,
    seed: u64,
}

impl Seeded {
    pub fn new(default: u64) -> Self {
        let seed = std::env::var("EASYSYNC_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(default);
        Self { random: fastrand::Rng::with_seed(seed), seed }
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed: EASYSYNC_SEED={}", self.seed);
        }
    }
}
