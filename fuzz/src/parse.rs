//! Wire text to changesets and back, to the unit.

use super::input::{self, units};
use arbitrary::Unstructured;
use easysync::{Changeset, Op, OpAssembler, OpKind, Utf16String, parse_ops, print_ops, unpack};

pub fn parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let exact: Vec<u16> = text.encode_utf16().collect();
    assert_eq!(Changeset::parse(&text), Changeset::parse_utf16(&exact), "text and code units");
    assert_eq!(Changeset::parse_lenient(&text), Changeset::parse_lenient_utf16(&exact), "text and code units, lenient");
    check_text(&exact);
    if !data.is_ascii() {
        check_text(&units(data));
    }
    check_ops(&text);
    if data.first() != Some(&b'Z') {
        let _ = check_built(&mut Unstructured::new(data));
    }
}

/// Changesets that were not read from text.
fn check_built(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let pool = input::pool(u)?;
    let old = input::text(u, 40)?;
    let loose = input::loose_changeset(u, &old, &pool)?;
    check_text(&loose.to_utf16());
    assert_eq!(Changeset::parse_lenient_utf16(&loose.to_utf16()), Ok(loose));
    let normal = input::changeset(u, &old, &pool, true)?;
    assert!(normal.is_normal(), "{normal} comes from a builder");
    check_text(&normal.to_utf16());
    assert_eq!(Changeset::parse_utf16(&normal.to_utf16()), Ok(normal));
    Ok(())
}

fn check_text(text: &[u16]) {
    let strict = Changeset::parse_utf16(text);
    let lenient = Changeset::parse_lenient_utf16(text);
    for error in [&strict, &lenient].into_iter().filter_map(|result| result.as_ref().err()) {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
    if let Ok(changeset) = &strict {
        assert_eq!(*changeset.to_utf16(), *text, "strict text comes back");
        assert_eq!(lenient.as_ref(), Ok(changeset), "strict text is lenient text");
        assert!(changeset.is_normal(), "strict text is in normal form");
    }
    let unpacked = unpack(text);
    if let Ok(parts) = &unpacked {
        assert!(parts.ops.len() + parts.char_bank.len() <= text.len());
    }
    let Ok(changeset) = lenient else { return };
    check_changeset(&changeset);
    assert!(changeset.ops().len() + changeset.char_bank().len() <= text.len(), "memory in proportion to the text");
    let parts = unpacked.expect("what can be read can be taken apart");
    assert_eq!((parts.old_len, parts.new_len), (changeset.old_len(), changeset.new_len()));
    assert_eq!(parts.char_bank, changeset.char_bank());
    let ops = parse_ops(&String::from_utf16_lossy(parts.ops)).expect("the ops of a changeset");
    assert_eq!(ops, changeset.ops());
}

fn check_ops(text: &str) {
    let Ok(ops) = parse_ops(text) else { return };
    assert!(ops.len() <= text.len());
    let printed = print_ops(&ops);
    assert!(printed.len() <= text.len());
    assert_eq!(parse_ops(&printed), Ok(ops));
}

/// What must hold for every changeset, whatever it was made from.
#[track_caller]
pub fn check_changeset(changeset: &Changeset) {
    let (mut old, mut new) = (0, 0);
    for (op, text) in changeset.steps() {
        let chars = op.chars as usize;
        assert!(op.lines <= op.chars, "{changeset}: more newlines than code units");
        old += if op.kind == OpKind::Insert { 0 } else { chars };
        new += if op.kind == OpKind::Remove { 0 } else { chars };
        if op.kind == OpKind::Insert {
            assert_eq!(text.len(), chars, "{changeset}: text of an insert");
            assert_eq!(super::model::newlines(text), op.lines as usize, "{changeset}: newlines of an insert");
            assert!(op.lines == 0 || text.ends_with(&[0x0a]), "{changeset}: end of an insert");
        }
    }
    assert!(old <= changeset.old_len(), "{changeset}: reaches past the old length");
    assert_eq!(new + changeset.old_len() - old, changeset.new_len(), "{changeset}: new length");
    assert_eq!(changeset.steps().map(|(_, text)| text.len()).sum::<usize>(), changeset.char_bank().len());
    let again = Changeset::from_ops(changeset.old_len(), changeset.ops().iter().cloned(), changeset.char_bank());
    assert_eq!(again.as_ref(), Ok(changeset), "the same from its parts");
    assert_eq!(Changeset::parse_lenient_utf16(&changeset.to_utf16()).as_ref(), Ok(changeset), "printed and read");
    let normal = changeset.to_normal();
    assert_eq!(changeset.is_normal(), assembled(changeset) == changeset.ops(), "{changeset}: in normal form or not");
    assert_eq!(normal.ops(), &*assembled(changeset), "{changeset}: the normal form is what is assembled");
    assert_eq!((normal.old_len(), normal.new_len()), (changeset.old_len(), changeset.new_len()));
    assert_eq!(normal.char_bank(), changeset.char_bank(), "{changeset}: the char bank does not move");
    check_normal(&normal);
    assert_eq!(changeset.to_string(), Utf16String::to_string(&changeset.to_utf16()), "Display is for people");
}

fn assembled(changeset: &Changeset) -> Vec<Op> {
    let mut assembler = OpAssembler::new();
    changeset.ops().iter().for_each(|op| assembler.push(op.clone()));
    assembler.finish().to_vec()
}

/// A changeset that is in normal form, by more than its own word.
#[track_caller]
pub fn check_normal(changeset: &Changeset) {
    assert!(changeset.is_normal(), "{changeset} is not in normal form");
    assert_eq!(changeset.to_normal(), *changeset);
    // As Etherpad's checkRep asks.
    assert_eq!(assembled(changeset), changeset.ops(), "{changeset}: assembled once more");
    assert_eq!(Changeset::parse_utf16(&changeset.to_utf16()).as_ref(), Ok(changeset), "servers accept it");
}
