//! Changesets on documents, whole or not at all, and back.

use super::input;
use super::model::Model;
use super::parse::{check_changeset, check_normal};
use arbitrary::Unstructured;
use easysync::{
    AText, Assoc, AttribPool, AttribSet, Builder, Changeset, Document, OpKind, compose_attribution, print_ops,
};

pub fn apply(data: &[u8]) {
    match input::fields(data) {
        Some(fields) => check_written(&fields),
        None => {
            let _ = check_built(&mut Unstructured::new(data));
        }
    }
}

/// A changeset, a text, and the text's attribution, as wire text.
fn check_written(fields: &[Vec<u16>]) {
    let field = |index: usize| fields.get(index).cloned().unwrap_or_default();
    let pool = input::pool(&mut Unstructured::new(&[])).unwrap();
    let atext = AText { text: field(1).into(), attribs: String::from_utf16_lossy(&field(2)) };
    let mut model = Model::default();
    match (atext.ops(), Document::from_atext(&atext, &pool)) {
        (Ok(ops), Ok(doc)) => {
            let mut rest = &*atext.text;
            for op in ops {
                let (piece, after) = rest.split_at(op.chars as usize);
                model.push(piece, &op.attribs);
                rest = after;
            }
            model.check(&doc);
        }
        (_, Ok(_)) => panic!("a document from an attribution that does not fit"),
        (_, Err(_)) => model.push(&atext.text, &AttribSet::EMPTY),
    }
    if let Ok(changeset) = Changeset::parse_lenient_utf16(&field(0)) {
        check_apply(&model, &changeset, &pool);
        // A text of the right length, so that the changeset goes further.
        model.splice(0..model.len(), &[], &AttribSet::EMPTY);
        model.push(&vec![0x0a; changeset.old_len().min(1000)], &AttribSet::EMPTY);
        check_apply(&model, &changeset, &pool);
    }
}

fn check_built(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = u.arbitrary::<u8>()?;
    let pool = input::pool(u)?;
    let model = input::document(u, &pool, 60, kind & 1 != 0)?;
    if kind & 6 == 0 {
        let changeset = input::loose_changeset(u, &model.text, &pool)?;
        check_apply(&model, &changeset, &pool);
        check_truncated(&model, &changeset, &pool, usize::from(kind / 8));
    } else if kind & 0xf8 == 0 {
        check_lengths(u, &pool)?;
    } else {
        let changeset = input::changeset(u, &model.text, &pool, kind & 1 != 0)?;
        check_normal(&changeset);
        check_apply(&model, &changeset, &pool).expect("the changeset was made for the document");
        check_truncated(&model, &changeset, &pool, usize::from(kind / 8));
        let attribution = compose_attribution(&model.ops(), &changeset, &pool).expect("it fits the attribution");
        assert_eq!(print_ops(&attribution), model.apply(&changeset, &pool).unwrap().atext().attribs, "{changeset}");
    }
    Ok(())
}

/// Applies to a document what may or may not fit it; gives back what came of it.
pub fn check_apply(model: &Model, changeset: &Changeset, pool: &AttribPool) -> Option<Model> {
    check_changeset(changeset);
    let before = model.document();
    let mut doc = before.clone();
    let result = doc.apply(changeset, pool);
    let after = model.apply(changeset, pool);
    model.check(&before);
    match (&result, &after) {
        (Ok(()), Some(after)) => after.check(&doc),
        (Err(_), None) => model.check(&doc),
        (Ok(()), None) => panic!("{changeset} was applied though it does not fit"),
        (Err(error), Some(_)) => panic!("{changeset} was refused: {error}"),
    }
    let after = after?;
    assert_eq!(doc == before, after == *model, "equality of documents");
    let normal = changeset.to_normal();
    let mut other = before.clone();
    other.apply(&normal, pool).expect("the same change in normal form");
    after.check(&other);
    check_positions(changeset, model, &after);
    check_inverse(changeset, model, &mut doc, pool);
    Some(after)
}

/// The same with a pool that lacks numbers.
fn check_truncated(model: &Model, changeset: &Changeset, pool: &AttribPool, len: usize) {
    let mut short = AttribPool::new();
    for (_, attribute) in pool.iter().take(len) {
        short.put(attribute.clone());
    }
    let mut doc = model.document();
    let before = doc.clone();
    let after = model.apply(changeset, &short);
    assert_eq!(doc.apply(changeset, &short).is_ok(), after.is_some(), "{changeset} with {len} attributes");
    after.as_ref().unwrap_or(model).check(&doc);
    model.check(&before);
}

fn check_positions(changeset: &Changeset, old: &Model, new: &Model) {
    let mut text = Vec::new();
    let mut at = 0;
    for (index, splice) in changeset.splices().enumerate() {
        assert!(index == 0 || splice.range.start >= at, "splices in order");
        text.extend_from_slice(&old.text[at..splice.range.start]);
        text.extend_from_slice(splice.text);
        at = splice.range.end;
    }
    text.extend_from_slice(&old.text[at..]);
    assert_eq!(text, new.text, "{changeset}: splices");
    for assoc in [Assoc::Before, Assoc::After] {
        let mut last = 0;
        for position in 0..=old.len() {
            let mapped = changeset.map_position(position, assoc);
            assert!(last <= mapped && mapped <= new.len(), "{changeset}: {position} goes to {mapped}, after {last}");
            last = mapped;
            let range = changeset.map_range(position / 2..position, assoc);
            assert!(range.start <= range.end && range.end <= new.len(), "{changeset}: a range goes to {range:?}");
        }
    }
}

fn check_inverse(changeset: &Changeset, old: &Model, new: &mut Document, pool: &AttribPool) {
    let mut pool = pool.clone();
    let back = changeset.inverse(&old.document(), &mut pool).expect("it fits the document");
    check_changeset(&back);
    if old.is_restorable(&pool) {
        new.apply(&back, &pool).expect("the inverse fits");
        old.check(new);
    }
}

/// A builder that gets any lengths.
fn check_lengths(u: &mut Unstructured<'_>, pool: &AttribPool) -> arbitrary::Result<()> {
    let lengths = [0, 1, 2, 40, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0001, usize::MAX];
    let old_len = *u.choose(&lengths)?;
    let mut builder = Builder::new(old_len);
    // Plain keeps at the end are left out, whatever their length.
    let (mut asked, mut trailing) = (0u128, 0u128);
    while !u.is_empty() {
        let (chars, lines) = (*u.choose(&lengths)?, *u.choose(&lengths)? / 2);
        let attribs = input::set(u, pool, true)?;
        match u.arbitrary::<u8>()? % 4 {
            0 => {
                builder.insert(&[0x61, 0x0a, 0x62], &attribs);
                asked += std::mem::take(&mut trailing);
            }
            1 => {
                builder.remove(chars, lines);
                if chars > 0 {
                    asked += std::mem::take(&mut trailing) + chars as u128;
                }
            }
            _ => {
                builder.keep(chars, lines, &attribs);
                trailing += chars as u128;
                if chars > 0 && !attribs.is_empty() {
                    asked += std::mem::take(&mut trailing);
                }
            }
        }
    }
    if let Ok(changeset) = builder.finish() {
        check_changeset(&changeset);
        check_normal(&changeset);
        let covered = changeset.ops().iter().filter(|op| op.kind != OpKind::Insert).map(|op| u128::from(op.chars));
        assert_eq!(covered.sum::<u128>(), asked, "{changeset}");
    }
    Ok(())
}
