//! Changesets past each other: whoever goes first, all come to one document.

use super::input;
use super::model::Model;
use super::parse::{check_changeset, check_normal};
use arbitrary::Unstructured;
use easysync::{AttribPool, Changeset, Tie};

const TIES: [Tie; 2] = [Tie::OtherFirst, Tie::SelfFirst];

pub fn follow(data: &[u8]) {
    match input::fields(data) {
        Some(fields) => check_written(&fields),
        None => {
            let _ = check_built(&mut Unstructured::new(data));
        }
    }
}

/// Changesets as wire text: whatever they are, no panic.
fn check_written(fields: &[Vec<u16>]) {
    let pool = input::pool(&mut Unstructured::new(&[])).unwrap();
    let changesets: Vec<_> = fields.iter().filter_map(|text| Changeset::parse_lenient_utf16(text).ok()).collect();
    for pair in changesets.windows(2) {
        for tie in TIES {
            check_pair(&pair[0], &pair[1], tie, &pool);
            check_pair(&pair[1], &pair[0], tie, &pool);
            check_pair(&pair[0].to_normal(), &pair[1].to_normal(), tie, &pool);
        }
    }
}

fn check_pair(first: &Changeset, second: &Changeset, tie: Tie, pool: &AttribPool) {
    if let Ok(moved) = second.follow(first, tie, pool) {
        check_changeset(&moved);
        check_normal(&moved);
        assert_eq!(moved.old_len(), first.new_len());
        let _ = first.compose(&moved, pool);
    }
}

fn check_built(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = u.arbitrary::<u8>()?;
    let pool = input::pool(u)?;
    // Short, so that the sides meet; the text alone decides, attributes come from the changesets.
    let start = input::document(u, &pool, if kind & 1 == 0 { 6 } else { 24 }, true)?;
    if kind < 40 {
        let (a, b) = (input::loose_changeset(u, &start.text, &pool)?, input::loose_changeset(u, &start.text, &pool)?);
        TIES.iter().for_each(|&tie| check_pair(&a, &b, tie, &pool));
        return Ok(());
    }
    let a1 = input::changeset(u, &start.text, &pool, true)?;
    let b1 = input::changeset(u, &start.text, &pool, true)?;
    if kind < 80 {
        TIES.iter().for_each(|&tie| drop(check_diamond(&start, &a1, &b1, tie, &pool)));
        check_diamond(&start, &a1, &a1, Tie::SelfFirst, &pool);
        return Ok(());
    }
    let (after_a1, after_b1) = (start.apply(&a1, &pool).expect("a1 fits"), start.apply(&b1, &pool).expect("b1 fits"));
    let a2 = input::changeset(u, &after_a1.text, &pool, true)?;
    let b2 = input::changeset(u, &after_b1.text, &pool, true)?;
    for tie in TIES {
        // Two steps on both sides: four diamonds.
        //
        //         a1      a2
        //     .------>.------>.
        //  b1 |       |       |
        //     v  a1'  v  a2'  v
        //     .------>.------>.
        //  b2 |       |       |
        //     v  a1'' v  a2'' v
        //     .------>.------>.
        let (a1_1, b1_1) = check_diamond(&start, &a1, &b1, tie, &pool);
        let (a2_1, b1_2) = check_diamond(&after_a1, &a2, &b1_1, tie, &pool);
        let (a1_2, b2_1) = check_diamond(&after_b1, &a1_1, &b2, tie, &pool);
        let middle = after_a1.apply(&b1_1, &pool).expect("one step on both sides");
        let (a2_2, b2_2) = check_diamond(&middle, &a2_1, &b2_1, tie, &pool);
        let all = |changesets: [&Changeset; 4]| {
            let [first, rest @ ..] = changesets;
            rest.iter().fold(first.clone(), |all, next| all.compose(next, &pool).expect("they stand in a row"))
        };
        assert_eq!(
            all([&a1, &a2, &b1_2, &b2_2]),
            all([&b1, &b2, &a1_2, &a2_2]),
            "{a1}, {a2} beside {b1}, {b2}, {tie:?}"
        );
    }
    Ok(())
}

/// Moves both past each other and compares; gives back both, moved.
fn check_diamond(start: &Model, a: &Changeset, b: &Changeset, tie: Tie, pool: &AttribPool) -> (Changeset, Changeset) {
    let b_moved = b.follow(a, tie, pool).expect("b follows a");
    let a_moved = a.follow(b, tie.flip(), pool).expect("a follows b");
    check_normal(&a_moved);
    check_normal(&b_moved);
    let a_first = a.compose(&b_moved, pool).expect("a, then b");
    let b_first = b.compose(&a_moved, pool).expect("b, then a");
    assert_eq!(a_first, b_first, "{a} beside {b}, {tie:?}");
    let apply = |first: &Changeset, second: &Changeset| start.apply(first, pool)?.apply(second, pool);
    let end = apply(a, &b_moved).expect("a, then b");
    assert_eq!(apply(b, &a_moved).as_ref(), Some(&end), "{a} beside {b}, {tie:?}");
    assert_eq!(start.apply(&a_first, pool).as_ref(), Some(&end), "{a} beside {b}, {tie:?}, at once");
    (a_moved, b_moved)
}
