//! Random pools, documents and changesets that fit them.

use easysync::{AttribPool, AttribSet, Attribute, Builder, Changeset, Document, EmptyValue};
use proptest::prelude::*;

/// ASCII, newlines, Latin-1, a combining mark, CJK, an emoji, separators that are no line breaks here, NUL, and halves of
/// pairs, which may meet and part.
const ALPHABET: &[&[u16]] = &[
    &[0x61],
    &[0x62],
    &[0x20],
    &[0x0a],
    &[0x0a],
    &[0xe9],
    &[0x301],
    &[0x4e2d],
    &[0xd83d, 0xde00],
    &[0xff5e],
    &[0x2028],
    &[0x0d],
    &[0x00],
    &[0xd83d],
    &[0xde00],
    &[0x24],
    &[0x2a],
];

/// Keys that sort differently as UTF-16 and as UTF-8, values that are empty, and the attributes that have a meaning.
pub fn pool() -> AttribPool {
    let mut pool = AttribPool::new();
    for key in ["\u{ff5e}", "author", "\u{1f600}", "bold", "list"] {
        for value in ["b", "", "a", "\u{ff5e}", "\u{1f600}"] {
            pool.put(Attribute::new(key, value));
        }
    }
    pool.put(Attribute::new("insertorder", "first"));
    pool
}

pub fn text(max: usize) -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(prop::sample::select(ALPHABET), 0..=max).prop_map(|parts| parts.concat())
}

/// Attributes in canonical order, as content: none is empty.
pub fn content() -> impl Strategy<Value = AttribSet> {
    attribs(EmptyValue::Delete)
}

/// Attributes in canonical order, as a change: empty ones remove.
pub fn change() -> impl Strategy<Value = AttribSet> {
    attribs(EmptyValue::Keep)
}

fn attribs(empty: EmptyValue) -> impl Strategy<Value = AttribSet> {
    let all: Vec<Attribute> = pool().iter().map(|(_, attribute)| attribute.clone()).collect();
    prop::collection::vec(prop::sample::select(all), 0..4)
        .prop_map(move |pairs| AttribSet::from_pairs(pairs, empty, &mut pool()))
}

/// A document that ends in a newline, of up to some hundred code units.
pub fn document() -> impl Strategy<Value = Document> {
    document_of(20)
}

/// The same with pieces of up to so many characters.
pub fn document_of(longest: usize) -> impl Strategy<Value = Document> {
    prop::collection::vec((text(longest), content()), 0..12).prop_map(|mut pieces| {
        pieces.push((vec![0x0a], AttribSet::EMPTY));
        Document::from_pieces(pieces.iter().map(|(text, attribs)| (text.as_slice(), attribs)))
    })
}

/// One stretch of a changeset: keep, format, remove, insert.
#[derive(Debug, Clone)]
pub struct Edit {
    keep: usize,
    format: usize,
    change: AttribSet,
    remove: usize,
    insert: Vec<u16>,
    attribs: AttribSet,
}

fn edit() -> impl Strategy<Value = Edit> {
    let lengths =
        (prop_oneof![3 => 0..4usize, 1 => 0..60usize], 0..6usize, prop_oneof![3 => 0..4usize, 1 => 0..40usize]);
    (lengths, change(), text(6), content()).prop_map(|((keep, format, remove), change, insert, attribs)| Edit {
        keep,
        format,
        change,
        remove,
        insert,
        attribs,
    })
}

/// What a changeset does, independent of a document.
pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..5)
}

/// A changeset of many ops.
pub fn many_edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 10..60)
}

/// The edits as a changeset of a document, cut to its length; its last newline stays.
pub fn changeset_of(edits: &[Edit], doc: &Document) -> Changeset {
    let text = doc.text();
    let mut rest = text.split_last().map_or(&[][..], |(_, rest)| rest);
    let mut builder = Builder::new(text.len());
    let mut take = |len: usize| {
        let (head, tail) = rest.split_at(len.min(rest.len()));
        rest = tail;
        head
    };
    for edit in edits {
        builder.keep_text(take(edit.keep), &AttribSet::EMPTY).keep_text(take(edit.format), &edit.change);
        builder.remove_text(take(edit.remove)).insert(&edit.insert, &edit.attribs);
    }
    builder.finish().unwrap()
}
