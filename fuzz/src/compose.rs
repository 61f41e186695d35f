//! Changesets one after another.

use super::apply::check_apply;
use super::input;
use super::model::Model;
use super::parse::{check_changeset, check_normal};
use arbitrary::Unstructured;
use easysync::{AttribPool, Changeset, compose_attribution, parse_ops};

pub fn compose(data: &[u8]) {
    match input::fields(data) {
        Some(fields) => check_written(&fields),
        None => {
            let _ = check_built(&mut Unstructured::new(data));
        }
    }
}

/// Changesets as wire text, or an attribution in place of the first: whatever they are, no panic.
fn check_written(fields: &[Vec<u16>]) {
    let pool = input::pool(&mut Unstructured::new(&[])).unwrap();
    for pair in fields.windows(2) {
        let Ok(second) = Changeset::parse_lenient_utf16(&pair[1]) else { continue };
        if let Ok(first) = Changeset::parse_lenient_utf16(&pair[0]) {
            check_pair(&first, &second, &pool);
            check_pair(&first.to_normal(), &second.to_normal(), &pool);
            check_pair(&second, &first, &pool);
        } else if let Ok(attribution) = parse_ops(&String::from_utf16_lossy(&pair[0])) {
            let _ = compose_attribution(&attribution, &second, &pool);
        }
    }
    // An attribution cannot begin with the letter that marks a written input, so it stands last as well.
    let (Some(last), Ok(first)) = (fields.last(), Changeset::parse_lenient_utf16(&fields[0])) else { return };
    if let Ok(attribution) = parse_ops(&String::from_utf16_lossy(last)) {
        let _ = compose_attribution(&attribution, &first, &pool);
    }
}

fn check_pair(first: &Changeset, second: &Changeset, pool: &AttribPool) {
    if let Ok(both) = first.compose(second, pool) {
        check_changeset(&both);
        check_normal(&both);
        assert_eq!((both.old_len(), both.new_len()), (first.old_len(), second.new_len()));
    }
}

fn check_built(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = u.arbitrary::<u8>()?;
    let pool = input::pool(u)?;
    let start = input::document(u, &pool, 30, true)?;
    if kind < 40 {
        return check_loose(u, &start, &pool);
    }
    let a = input::changeset(u, &start.text, &pool, true)?;
    let after_a = start.apply(&a, &pool).expect("a fits");
    let b = input::changeset(u, &after_a.text, &pool, true)?;
    let after_b = after_a.apply(&b, &pool).expect("b fits");
    let c = input::changeset(u, &after_b.text, &pool, true)?;
    let after_c = after_b.apply(&c, &pool).expect("c fits");

    let ab = a.compose(&b, &pool).expect("a, b");
    let bc = b.compose(&c, &pool).expect("b, c");
    check_normal(&ab);
    check_normal(&bc);
    assert_eq!(check_apply(&start, &ab, &pool).as_ref(), Some(&after_b), "{a}, {b}");
    assert_eq!(after_a.apply(&bc, &pool).as_ref(), Some(&after_c), "{b}, {c}");
    let abc = ab.compose(&c, &pool).expect("ab, c");
    assert_eq!(a.compose(&bc, &pool).as_ref(), Ok(&abc), "{a}, {b}, {c}: associative");
    assert_eq!(check_apply(&start, &abc, &pool).as_ref(), Some(&after_c), "{a}, {b}, {c}");
    let identity = Changeset::identity(a.old_len()).expect("a short identity");
    assert_eq!(identity.compose(&a, &pool).as_ref(), Ok(&a), "{a}: identity first");
    assert_eq!(ab.compose(&Changeset::identity(ab.new_len()).unwrap(), &pool).as_ref(), Ok(&ab), "{ab}: identity last");
    Ok(())
}

/// Outside of the normal form and with any order of attributes, the text is still the same.
fn check_loose(u: &mut Unstructured<'_>, start: &Model, pool: &AttribPool) -> arbitrary::Result<()> {
    let a = input::loose_changeset(u, &start.text, pool)?;
    let Some(middle) = start.apply(&a, pool) else { return Ok(()) };
    let b = input::loose_changeset(u, &middle.text, pool)?;
    check_pair(&a, &b, pool);
    if let Ok(both) = a.compose(&b, pool)
        && let (Some(once), Some(twice)) = (start.apply(&both, pool), middle.apply(&b, pool))
    {
        assert_eq!(once.text, twice.text, "{a}, {b}");
    }
    Ok(())
}
