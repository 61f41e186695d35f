//! Bytes to texts, pools, documents and changesets.

use super::model::{Model, newlines};
use arbitrary::{Arbitrary, Result, Unstructured};
use easysync::{AttribId, AttribPool, AttribSet, Attribute, Builder, Changeset, Op, OpKind, Utf16String};

/// What goes wrong in text: newlines, halves of pairs, the characters of the syntax, and units whose low byte is one.
const ODD: [u16; 32] = [
    0xd83d, 0xde00, 0xd83d, 0xde01, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0x2028, 0x2029, 0x000d, 0x0085, 0x0130, 0x015a,
    0x0124, 0x013d, 0x010a, 0x0a0a, 0x0a00, 0x00e9, 0x0301, 0x6f22, 0xff10, 0xff5e, 0xfeff, 0xfffd, 0xfffe, 0xffff,
    0xe000, 0x0660, 0x212a, 0x0000,
];

/// One byte is one code unit: ASCII is itself, the rest stands for what is odd.
pub fn unit(byte: u8) -> u16 {
    if byte.is_ascii() { u16::from(byte) } else { ODD[usize::from(byte) % ODD.len()] }
}

pub fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.iter().map(|&byte| unit(byte)).collect()
}

/// The fields of a text input, or `None` for another kind of input.
pub fn fields(data: &[u8]) -> Option<Vec<Vec<u16>>> {
    (data.first() == Some(&b'Z')).then(|| data.split(|&byte| byte == 0).map(units).collect())
}

/// A text that is likely to have newlines, pairs and equal stretches.
pub fn text(u: &mut Unstructured<'_>, max: usize) -> Result<Vec<u16>> {
    const LETTERS: [u16; 16] =
        [0x61, 0x0a, 0x62, 0xd83d, 0xde00, 0x0a, 0x24, 0x61, 0xde01, 0x6f22, 0x0d, 0x62, 0x7c, 0xffff, 0x0a, 0x30];
    let len = usize::from(u.arbitrary::<u8>()?) % (max + 1);
    let len = len.min(u.len());
    Ok(u.bytes(len)?.iter().map(|&byte| LETTERS[usize::from(byte % 16)]).collect())
}

/// A pool with few keys and more values, so that changes meet; numbers go up and keys do not.
pub fn pool(u: &mut Unstructured<'_>) -> Result<AttribPool> {
    const PAIRS: [(&str, &str); 12] = [
        ("list", "bullet1"),
        ("bold", "true"),
        ("bold", ""),
        ("author", "a.y"),
        ("insertorder", "first"),
        ("author", "a.x"),
        ("\u{ff5e}", "\u{1f600}"),
        ("\u{1f600}", "1"),
        ("author", ""),
        ("list", ""),
        ("9", "\u{ff5e}"),
        ("10", "\u{1f600}"),
    ];
    let turn = usize::from(u.arbitrary::<u8>()?);
    let mut pool = AttribPool::new();
    for index in 0..PAIRS.len() {
        let (key, value) = PAIRS[(index + turn) % PAIRS.len()];
        // Without it, ties between inserts are decided by text and side alone.
        if turn < 128 || key != "insertorder" {
            pool.put(Attribute::new(key, value));
        }
    }
    Ok(pool)
}

/// A canonical set; empty values only as wanted.
pub fn set(u: &mut Unstructured<'_>, pool: &AttribPool, empty_values: bool) -> Result<AttribSet> {
    let ids = ids(u, pool)?.into_iter().filter(|&id| empty_values || !pool.get(id).unwrap().value.is_empty());
    Ok(super::model::canonical(&ids.collect(), pool).unwrap())
}

/// Numbers of the pool in any order.
fn ids(u: &mut Unstructured<'_>, pool: &AttribPool) -> Result<Vec<AttribId>> {
    let byte = u.arbitrary::<u8>()?;
    let id = |byte: u8| AttribId(u32::from(byte) % pool.len() as u32);
    match byte {
        0..100 => Ok(Vec::new()),
        100..200 => Ok(vec![id(byte)]),
        _ => Ok(u.bytes(usize::from(byte % 6).min(u.len()))?.iter().map(|&byte| id(byte)).collect()),
    }
}

/// A text of at most `max` code units in pieces with canonical attributes.
pub fn document(u: &mut Unstructured<'_>, pool: &AttribPool, max: usize, empty_values: bool) -> Result<Model> {
    let mut model = Model::default();
    let text = text(u, max)?;
    let mut rest = &*text;
    while !rest.is_empty() {
        let attribs = set(u, pool, empty_values)?;
        let len = 1 + usize::from(u.arbitrary::<u8>()? % 16).min(rest.len() - 1);
        model.push(&rest[..len], &attribs);
        rest = &rest[len..];
    }
    Ok(model)
}

/// One step of a changeset.
#[derive(Arbitrary)]
struct Step {
    action: u8,
    len: u8,
}

impl Step {
    /// Up to `available`; short ones are the likeliest.
    fn len(&self, available: usize) -> usize {
        let len = if self.len < 0xe0 { usize::from(self.len % 8) } else { usize::from(self.len) };
        len.min(available)
    }
}

/// A changeset for a text, as an editor makes them: canonical attributes, newlines as they are.
pub fn changeset(u: &mut Unstructured<'_>, old: &[u16], pool: &AttribPool, empty_values: bool) -> Result<Changeset> {
    let mut builder = Builder::new(old.len());
    let mut rest = old;
    for _ in 0..u.int_in_range(1..=8)? {
        let step: Step = u.arbitrary()?;
        let (text, after) = rest.split_at(step.len(rest.len()));
        match step.action % 8 {
            0 | 1 => {
                builder.keep_text(text, &AttribSet::EMPTY);
                rest = after;
            }
            2 | 3 => {
                builder.keep_text(text, &set(u, pool, true)?);
                rest = after;
            }
            4 | 5 => {
                builder.remove_text(text);
                rest = after;
            }
            _ => {
                let attribs = set(u, pool, empty_values)?;
                builder.insert(&self::text(u, 8)?, &attribs);
            }
        }
    }
    Ok(builder.finish().expect("the steps fit the text"))
}

/// A changeset for a text in which everything is allowed that [`Changeset::from_ops`] takes: zero lengths, any order,
/// multi-line ops that end in mid-line, attributes on removals, unsorted and double attributes. Newline counts are mostly
/// right.
pub fn loose_changeset(u: &mut Unstructured<'_>, old: &[u16], pool: &AttribPool) -> Result<Changeset> {
    let (mut ops, mut bank) = (Vec::new(), Vec::new());
    let mut rest = old;
    for _ in 0..u.int_in_range(0..=12)? {
        let step: Step = u.arbitrary()?;
        let attribs: AttribSet = ids(u, pool)?.into_iter().collect();
        let kind = [OpKind::Keep, OpKind::Remove, OpKind::Insert][usize::from(step.action % 3)];
        if kind == OpKind::Insert {
            let text = text(u, 6)?;
            ops.extend(easysync::ops_from_text(kind, &text, &attribs));
            bank.extend(text);
            continue;
        }
        let (text, after) = rest.split_at(step.len(rest.len()));
        let wrong = if step.action > 250 { text.len() } else { newlines(text) };
        ops.push(Op { kind, chars: text.len() as u32, lines: wrong as u32, attribs });
        rest = after;
    }
    Ok(Changeset::from_ops(old.len(), ops, &bank).expect("the ops fit the text"))
}

/// A text for a key or a value: often one of few, so that they meet.
pub fn word(u: &mut Unstructured<'_>) -> Result<Utf16String> {
    const WORDS: [&str; 10] = ["author", "", "a", "a,b", "b", ",", "insertorder", "first", "\u{1f600}", "__proto__"];
    let byte = u.arbitrary::<u8>()?;
    match WORDS.get(usize::from(byte)) {
        Some(&word) => Ok(word.into()),
        None => Ok(units(u.bytes(usize::from(byte % 4).min(u.len()))?).into()),
    }
}
