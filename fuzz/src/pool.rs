//! Attribute pools, sets, and changesets from one pool to another.

use super::input::{self, word};
use super::model::{self, Model};
use super::parse::check_changeset;
use arbitrary::{Result, Unstructured};
use easysync::{
    AttribId, AttribPool, AttribSet, Attribute, Changeset, EmptyValue, OpKind, UnknownAttrib, Utf16String, Wire,
    move_ops_to_pool, parse_ops,
};

pub fn pool(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let kind = u.arbitrary::<u8>()?;
    let mut pool = match kind % 4 {
        0 => input::pool(u)?,
        _ => check_numbered(u, kind)?.unwrap_or_default(),
    };
    check_pool(&pool);
    let other = check_put(u, &mut pool)?;
    for _ in 0..3 {
        let (a, b) = (any_set(u, &pool)?, any_set(u, &pool)?);
        check_sets(&a, &b, &pool);
        check_pairs(u, &a, &pool)?;
    }
    check_changesets(u, &pool, &other)
}

/// A pool from entries under any numbers, which is accepted if they are 0, 1, 2, ...
fn check_numbered(u: &mut Unstructured<'_>, kind: u8) -> Result<Option<AttribPool>> {
    const NUMBERS: [u32; 8] = [0x7fff_ffff, 0x8000_0000, u32::MAX, u32::MAX - 1, 0, 1, 0x10000, 30191];
    let count = u32::from(u.arbitrary::<u8>()? % 12);
    let mut entries = Vec::new();
    for index in 0..count {
        // Mostly gapless; turned round, so that they are not in order.
        let id = match u.arbitrary::<u8>()? {
            byte @ 0..8 => NUMBERS[usize::from(byte)],
            byte @ 8..16 => u32::from(byte % 12),
            _ => (index + u32::from(kind)) % count,
        };
        entries.push((id, Attribute::new(word(u)?, word(u)?)));
    }
    let next = match u.arbitrary::<u8>()? {
        byte @ 0..8 => NUMBERS[usize::from(byte)],
        byte @ 8..16 => u32::from(byte % 12),
        _ => count,
    };
    let result = AttribPool::from_numbered(entries.iter().cloned(), next);
    let mut ids: Vec<u32> = entries.iter().map(|entry| entry.0).collect();
    ids.sort_unstable();
    let gapless = next == count && ids.into_iter().eq(0..next);
    assert_eq!(result.is_ok(), gapless, "{entries:?}, next {next}");
    match result {
        Ok(pool) => {
            for (id, attribute) in &entries {
                assert_eq!(pool.get(AttribId(*id)), Ok(attribute));
            }
            Ok(Some(pool))
        }
        Err(error) => {
            assert_eq!(error.code(), "malformed-pool");
            assert!(!error.to_string().is_empty());
            Ok(None)
        }
    }
}

fn joined(attribute: &Attribute) -> Vec<u16> {
    [&*attribute.key, &[u16::from(b',')], &*attribute.value].concat()
}

fn check_pool(pool: &AttribPool) {
    assert_eq!(pool.iter().len(), pool.len());
    assert_eq!(pool.is_empty(), pool.iter().next().is_none());
    for (index, (id, attribute)) in pool.iter().enumerate() {
        assert_eq!(id, AttribId(index as u32));
        assert_eq!(pool.get(id), Ok(attribute));
        let first = pool.iter().find(|(_, other)| joined(other) == joined(attribute)).map(|(id, _)| id);
        assert_eq!(pool.find(attribute), first, "the first of those that are written alike");
    }
    for id in [pool.len() as u32, pool.len() as u32 + 1, u32::MAX] {
        assert!(pool.get(AttribId(id)).is_err());
    }
    let entries = pool.iter().map(|(id, attribute)| (id.0, attribute.clone()));
    assert_eq!(AttribPool::from_numbered(entries, pool.len() as u32).as_ref(), Ok(pool), "from its own entries");
}

/// Puts attributes in; gives back a pool that has them and nothing else.
fn check_put(u: &mut Unstructured<'_>, pool: &mut AttribPool) -> Result<AttribPool> {
    let mut other = AttribPool::new();
    let before = pool.clone();
    for _ in 0..u.int_in_range(0..=5)? {
        let attribute = Attribute::new(word(u)?, word(u)?);
        let (found, len) = (pool.find(&attribute), pool.len());
        let id = pool.put(attribute.clone());
        assert_eq!(id, found.unwrap_or(AttribId(len as u32)));
        assert_eq!(pool.len(), len + usize::from(found.is_none()));
        assert_eq!(joined(pool.get(id).unwrap()), joined(&attribute));
        assert_eq!((pool.put(attribute.clone()), pool.find(&attribute)), (id, Some(id)), "once more");
        other.put(attribute);
    }
    assert!(before.iter().eq(pool.iter().take(before.len())), "numbers stay");
    assert_eq!(before == *pool, before.len() == pool.len());
    Ok(other)
}

/// Numbers in any order, now and then one that the pool lacks.
fn any_set(u: &mut Unstructured<'_>, pool: &AttribPool) -> Result<AttribSet> {
    let byte = u.arbitrary::<u8>()?;
    let count = if byte < 250 { usize::from(byte % 6) } else { 40 };
    let bytes = u.bytes(count.min(u.len()))?;
    let id = |&byte: &u8| match byte {
        0 => AttribId(0x7fff_ffff),
        1 => AttribId(pool.len() as u32),
        _ => AttribId(u32::from(byte) % pool.len().max(1) as u32),
    };
    Ok(bytes.iter().map(id).collect())
}

fn check_sets(a: &AttribSet, b: &AttribSet, pool: &AttribPool) {
    let written = parse_ops(&format!("{a}+1")).expect("a set is written as in an op");
    assert_eq!(written[0].attribs, *a);
    assert_eq!((a == b), (a.ids() == b.ids()));
    assert_eq!(a.is_empty(), a.ids().is_empty());
    assert_eq!(a.map(Some), *a);
    assert!(a.map(|_| None).is_empty());
    assert!(b.ids().iter().all(|&id| a.contains(id) == a.ids().contains(&id)));

    let (canonical_a, canonical_b) = (a.to_canonical(pool), b.to_canonical(pool));
    assert_eq!(canonical_a.as_ref().ok(), model::canonical(a, pool).as_ref(), "{a}: canonical");
    for (content, empty) in [(true, EmptyValue::Delete), (false, EmptyValue::Keep)] {
        let composed = a.compose(b, empty, pool);
        assert_eq!(composed.as_ref().ok(), model::compose_sets(a, b, content, pool).as_ref(), "{a}, {b}, {empty:?}");
    }
    let _ = a.follow(b, pool);
    let (Ok(a), Ok(b)) = (canonical_a, canonical_b) else { return };
    assert_eq!(a.to_canonical(pool).as_ref(), Ok(&a), "canonical is idempotent");
    for id in a.ids() {
        let attribute = pool.get(*id).unwrap();
        assert_eq!(a.value(&attribute.key, pool), Ok(Some(&attribute.value)));
    }
    let (a_moved, b_moved) = (a.follow(&b, pool).unwrap(), b.follow(&a, pool).unwrap());
    assert_eq!(Some(&a_moved), model::follow_sets(&b, &a, pool).as_ref(), "{a} follows {b}");
    assert_eq!(Some(&b_moved), model::follow_sets(&a, &b, pool).as_ref(), "{b} follows {a}");
    // With one attribute under two numbers, both sides keep their own.
    let twice = a.ids().iter().any(|&x| b.ids().iter().any(|&y| x != y && pool.get(x) == pool.get(y)));
    if !twice {
        let a_first = a.compose(&b_moved, EmptyValue::Keep, pool);
        assert_eq!(a_first, b.compose(&a_moved, EmptyValue::Keep, pool), "{a} beside {b}");
    }
}

fn check_pairs(u: &mut Unstructured<'_>, set: &AttribSet, pool: &AttribPool) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        pairs.push(Attribute::new(word(u)?, word(u)?));
    }
    // A comma in a key can make the pool give the number of another attribute.
    let plain = pairs.iter().all(|pair| !pair.key.contains(&u16::from(b',')))
        && pool.iter().all(|(_, attribute)| !attribute.key.contains(&u16::from(b',')));
    for empty in [EmptyValue::Keep, EmptyValue::Delete] {
        let mut pool = pool.clone();
        let made = AttribSet::from_pairs(pairs.iter().cloned(), empty, &mut pool);
        assert_eq!(made.to_canonical(&pool).as_ref(), Ok(&made), "what is made of pairs is canonical");
        let updated = set.update(pairs.iter().cloned(), empty, &mut pool);
        assert_eq!(updated.is_ok(), model::canonical(set, &pool).is_some());
        for (index, Attribute { key, value }) in pairs.iter().enumerate() {
            if plain && pairs[index + 1..].iter().all(|later| later.key != *key) {
                let wanted = (!value.is_empty() || empty == EmptyValue::Keep).then_some(value);
                assert_eq!(made.value(key, &pool), Ok(wanted), "{pairs:?}, {empty:?}");
                if let Ok(updated) = &updated {
                    assert_eq!(updated.value(key, &pool), Ok(wanted), "{set}, {pairs:?}, {empty:?}");
                }
            }
        }
    }
    Ok(())
}

fn check_changesets(u: &mut Unstructured<'_>, pool: &AttribPool, other: &AttribPool) -> Result<()> {
    let text = input::text(u, 12)?;
    if pool.is_empty() {
        return Ok(());
    }
    let changeset = match u.arbitrary::<u8>()? {
        0..100 => input::loose_changeset(u, &text, pool)?,
        _ => input::changeset(u, &text, pool, true)?,
    };
    // Some of its numbers may be missing in the other pool.
    for from in [pool, other] {
        check_move(&changeset, from, other);
        check_move(&changeset, from, &AttribPool::new());
        check_wire(&changeset, from);
        let author = word(u)?;
        check_authors(&changeset, &author, from);
    }
    let mut model = Model::default();
    model.push(&text, &AttribSet::EMPTY);
    assert_eq!(model.apply(&changeset, other).is_some(), model.document().apply(&changeset, other).is_ok());
    Ok(())
}

fn numbers(changeset: &Changeset) -> impl Iterator<Item = AttribId> {
    changeset.ops().iter().flat_map(|op| op.attribs.ids().iter().copied())
}

fn check_move(changeset: &Changeset, from: &AttribPool, to: &AttribPool) {
    let known = numbers(changeset).all(|id| from.get(id).is_ok());
    for unknown in [UnknownAttrib::Drop, UnknownAttrib::Refuse] {
        let (mut pool, mut pool_of_ops) = (to.clone(), to.clone());
        let moved = changeset.move_to_pool(from, &mut pool, unknown);
        assert_eq!(moved.is_ok(), known || unknown == UnknownAttrib::Drop, "{changeset}");
        let ops = move_ops_to_pool(changeset.ops(), from, &mut pool_of_ops, unknown);
        assert_eq!(ops.as_deref().ok(), moved.as_ref().map(Changeset::ops).ok());
        assert_eq!(pool, pool_of_ops);
        let Ok(moved) = moved else { continue };
        check_changeset(&moved);
        let old = numbers(changeset).filter_map(|id| from.get(id).ok()).map(joined);
        assert!(old.eq(numbers(&moved).map(|id| joined(pool.get(id).unwrap()))), "{changeset}: the same attributes");
        assert!(to.iter().eq(pool.iter().take(to.len())), "numbers stay");
        let id_of = |id| from.get(id).ok().and_then(|attribute| pool.find(attribute));
        assert_eq!(changeset.map_attribs(id_of), moved);
    }
}

fn check_wire(changeset: &Changeset, pool: &AttribPool) {
    let Wire { changeset: moved, pool: wire_pool } = changeset.prepare_for_wire(pool);
    let mut into = AttribPool::new();
    let wanted = changeset.move_to_pool(pool, &mut into, UnknownAttrib::Drop).expect("nothing is refused");
    assert_eq!((&moved, &wire_pool), (&wanted, &into), "a move into an empty pool");
    let mut seen = 0;
    for id in numbers(&moved) {
        assert!(id.0 <= seen, "{moved}: numbers in the order of appearance");
        seen = seen.max(id.0 + 1);
    }
    assert_eq!(seen as usize, wire_pool.len(), "nothing else in the pool");
    assert_eq!(moved.prepare_for_wire(&wire_pool), Wire { changeset: moved, pool: wire_pool }, "done once is done");
}

fn check_authors(changeset: &Changeset, author: &Utf16String, pool: &AttribPool) {
    let key = Utf16String::from("author");
    let known = numbers(changeset).all(|id| pool.get(id).is_ok());
    let comma = pool.iter().any(|(_, attribute)| attribute.key.starts_with(&joined(&Attribute::new("author", ""))));
    for stamp in [true, false] {
        let mut pool = pool.clone();
        let result = match stamp {
            true => changeset.stamp_author(author, &mut pool),
            false => changeset.claim_inserts(author, &mut pool),
        };
        assert!(result.is_ok() || !known, "{changeset}");
        let Ok(new) = result else { continue };
        check_changeset(&new);
        assert_eq!((new.old_len(), new.new_len()), (changeset.old_len(), changeset.new_len()));
        assert_eq!(new.char_bank(), changeset.char_bank());
        assert!(new.is_normal() || !changeset.is_normal(), "{changeset} becomes {new}");
        if comma || !known {
            continue;
        }
        for op in new.ops().iter().filter(|op| op.kind == OpKind::Insert) {
            match op.attribs.value(&key, &pool).unwrap() {
                Some(value) if stamp => assert!(!value.is_empty() || author.is_empty(), "{new}: stamped"),
                None if stamp => assert!(author.is_empty(), "{new}: stamped"),
                value => assert!(value.is_none_or(|value| value == author), "{new}: claimed"),
            }
        }
        let mut again = pool.clone();
        let twice = match stamp {
            true => new.stamp_author(author, &mut again),
            false => new.claim_inserts(author, &mut again),
        };
        assert_eq!(twice.as_ref(), Ok(&new), "done once is done");
        assert_eq!(again, pool);
    }
}
