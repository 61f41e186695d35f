//! What bad input gets: the exact message of each error, its code, and an untouched document.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

use easysync::{
    AText, AttribId, AttribPool, AttribSet, Attribute, Builder, Changeset, Document, Error, Layers, Submission, Tie,
    Utf16String, parse_ops, rebase, slice_attribution, split_attribution_lines,
};

#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, Error>, code: &str, message: &str) {
    let error = result.expect_err(message);
    assert_eq!((error.code(), error.to_string().as_str()), (code, message));
}

#[track_caller]
fn parse_refuses(text: &str, code: &str, message: &str) {
    refuses(Changeset::parse(text), code, message);
    let units: Vec<u16> = text.encode_utf16().collect();
    refuses(Changeset::parse_utf16(&units), code, message);
}

/// Applying fails so, and the document is the same node as before.
#[track_caller]
fn apply_refuses(text: &str, changeset: &str, code: &str, message: &str) {
    let before = Document::from_text(text);
    let mut doc = before.clone();
    refuses(doc.apply(&Changeset::parse(changeset).unwrap(), &AttribPool::new()), code, message);
    assert!(doc.is_same(&before));
}

#[test]
fn syntax() {
    parse_refuses("", "unexpected-end", "unexpected end at offset 0, expected 'Z:'");
    parse_refuses("Z", "unexpected-end", "unexpected end at offset 1, expected 'Z:'");
    parse_refuses("z:1>0$", "unexpected-character", "unexpected 'z' at offset 0, expected 'Z:'");
    parse_refuses(" Z:1>0$", "unexpected-character", "unexpected ' ' at offset 0, expected 'Z:'");
    parse_refuses("Z:>0$", "unexpected-character", "unexpected '>' at offset 2, expected a digit 0-9 or a-z");
    parse_refuses("Z:1=0$", "unexpected-character", "unexpected '=' at offset 3, expected '>' or '<'");
    parse_refuses("Z:1", "unexpected-end", "unexpected end at offset 3, expected '>' or '<'");
    parse_refuses("Z:1>0", "unexpected-end", "unexpected end at offset 5, expected '$'");
    parse_refuses("Z:1>1?1$a", "unexpected-character", "unexpected '?' at offset 5, expected an op or '$'");
    parse_refuses("Z:1>1\n+1$a", "unexpected-character", "unexpected U+000A at offset 5, expected an op or '$'");
    parse_refuses("Z:1>1+$a", "unexpected-character", "unexpected '$' at offset 6, expected a digit 0-9 or a-z");
    parse_refuses("Z:1>1*0$a", "unexpected-character", "unexpected '$' at offset 7, expected '=', '-' or '+'");
    parse_refuses("Z:1>1+A$a", "unexpected-character", "unexpected 'A' at offset 6, expected a digit 0-9 or a-z");
    parse_refuses("Z:1>1+1é$a", "unexpected-character", "unexpected 'é' at offset 7, expected an op or '$'");
    parse_refuses("Z:1>1+1😀$a", "unexpected-character", "unexpected U+D83D at offset 7, expected an op or '$'");
}

#[test]
fn numbers() {
    assert_eq!(Changeset::parse("Z:zik0zj>0$").unwrap().old_len(), 2_147_483_647);
    parse_refuses("Z:zik0zk>0$", "number-too-large", "number at offset 2 is above 2147483647");
    // 2^53, and a number of a thousand digits
    parse_refuses("Z:2gosa7pa2gw>0$", "number-too-large", "number at offset 2 is above 2147483647");
    parse_refuses(&format!("Z:1>{}$", "z".repeat(1000)), "number-too-large", "number at offset 4 is above 2147483647");
    parse_refuses("Z:1>1*zzzzzzz+1$a", "number-too-large", "number at offset 6 is above 2147483647");
    parse_refuses("Z:1<5$", "negative-length", "changeset takes 5 code units from a document of 1");
    // Two lengths that fit, and a sum that does not.
    parse_refuses("Z:zik0zj>1+1$a", "too-long", "length 2147483648 is above 2147483647");
    refuses(Changeset::identity(1 << 31), "too-long", "length 2147483648 is above 2147483647");
    let mut builder = Builder::new(1);
    builder.keep(1 << 40, 0, &AttribSet::EMPTY);
    refuses(builder.finish(), "too-long", "length 1099511627776 is above 2147483647");
}

#[test]
fn normal_form() {
    for (text, offset, reason) in [
        ("Z:01>0$", 2, "number has a leading zero"),
        ("Z:1>00$", 4, "number has a leading zero"),
        ("Z:1>1*00+1$a", 6, "number has a leading zero"),
        ("Z:1<0$", 3, "equal lengths are written as '<0'"),
        ("Z:1>0=0$", 5, "op has zero length"),
        ("Z:1>1|0+1$a", 6, "newline count of zero is written out"),
        ("Z:2>0+1-1$a", 7, "removal stands after an insert in the same gap"),
        ("Z:2>2+1+1$ab", 7, "op belongs to the one before it"),
        ("Z:2>3|1+2|1+1$a\n\n", 9, "op belongs to the one before it"),
        ("Z:9>1=1=1+1$a", 7, "op belongs to the one before it"),
        ("Z:2>1+1=1$a", 9, "changeset ends in a plain keep"),
        ("Z:4>1+1|1=3=1$a", 13, "changeset ends in a plain keep"),
    ] {
        parse_refuses(text, "not-normal", &format!("changeset is not in normal form at offset {offset}: {reason}"));
        let lenient = Changeset::parse_lenient(text).unwrap();
        assert!(lenient.to_normal().is_normal());
    }
    assert!(Changeset::parse_lenient("Z:1>0").unwrap().is_identity());
}

#[test]
fn lengths() {
    parse_refuses("Z:1>0*0=5$", "past-end", "op 0 reaches to 5, past the old length 1");
    parse_refuses("Z:3<2=2-2$", "past-end", "op 1 reaches to 4, past the old length 3");
    parse_refuses("Z:9>0*0|3=2$", "more-lines-than-chars", "op 0 claims 3 newlines in 2 code units");
    parse_refuses("Z:1>2+2$a", "bank-too-short", "op 0 needs a char bank of 2 code units, found 1");
    parse_refuses("Z:1>1+1$ab", "bank-left-over", "inserts use 1 code units of the char bank, found 2");
    parse_refuses("Z:1>2+1$a", "length-claim", "changeset claims a new length of 3, its ops give 2");
    parse_refuses("Z:1>1|1+1$a", "newline-mismatch", "op 0 claims 1 newlines, its text has 0");
    parse_refuses("Z:1>1+1$\n", "newline-mismatch", "op 0 claims 0 newlines, its text has 1");
    parse_refuses("Z:1>2|1+2$\na", "insert-end", "op 0 inserts text with newlines that does not end in one");
}

#[test]
fn documents_stay_as_they_are() {
    let mismatch = "changeset expects a document of 9 code units, found 4";
    apply_refuses("abc\n", "Z:9>1+1$x", "length-mismatch", mismatch);
    apply_refuses("abc\n", "Z:4>1|1=3+1$x", "newline-mismatch", "op 0 claims 1 newlines, its text has 0");
    apply_refuses("a\nb\n", "Z:4<3-3$", "newline-mismatch", "op 0 claims 0 newlines, its text has 1");
    apply_refuses("abc\n", "Z:4>1*7+1$x", "missing-attribute", "attribute 7 is not in the pool of 0");
    apply_refuses("abc\n", "Z:4>0*0=1$", "missing-attribute", "attribute 0 is not in the pool of 0");
    // The error comes with the last op, behind edits.
    apply_refuses("abc\n", "Z:4<2-1+1=1-2$x", "newline-mismatch", "op 3 claims 0 newlines, its text has 1");
}

#[test]
fn a_document_of_another_pool_stays_as_it_is() {
    let mut pool = AttribPool::new();
    let ids: Vec<_> = ["1", "2", "3"].map(|value| pool.put(Attribute::new("k", value))).into();
    let pieces = [(&[0x61; 600][..], AttribSet::from(ids[0])), (&[0x62; 600][..], AttribSet::from(ids[2]))];
    let before = Document::from_pieces(pieces.iter().map(|(text, attribs)| (*text, attribs)));
    let mut small_pool = AttribPool::new();
    small_pool.put(Attribute::new("k", "1"));
    small_pool.put(Attribute::new("k", ""));
    // Removes, inserts and formats before it meets the number that the pool lacks.
    let mut builder = Builder::new(1200);
    builder.remove(5, 0).insert(&[0x78; 9], &ids[0].into()).keep(1195, 0, &ids[1].into());
    let changeset = builder.finish().unwrap();
    let mut doc = before.clone();
    refuses(doc.apply(&changeset, &small_pool), "missing-attribute", "attribute 2 is not in the pool of 2");
    assert!(doc.is_same(&before));
    doc.check_invariants();
}

#[test]
fn pairs_of_changesets() {
    let pool = AttribPool::new();
    let (short, long) = (Changeset::parse("Z:1>1+1$a").unwrap(), Changeset::parse("Z:9>1+1$b").unwrap());
    let message = "changeset expects a document of 9 code units, found 2";
    refuses(short.compose(&long, &pool), "length-mismatch", message);
    let message = "changeset expects a document of 1 code units, found 9";
    refuses(short.follow(&long, Tie::OtherFirst, &pool), "length-mismatch", message);
    let message = "changeset expects a document of 9 code units, found 1";
    refuses(long.inverse(&Document::new(), &mut AttribPool::new()), "length-mismatch", message);
    let (one, two) = (Changeset::parse("Z:4>0*0|1=2$").unwrap(), Changeset::parse("Z:4<2-2$").unwrap());
    let message = "op 0 claims 0 newlines, its text has 1";
    refuses(one.compose(&two, &pool), "newline-mismatch", message);
    refuses(two.follow(&one, Tie::OtherFirst, &pool), "newline-mismatch", message);
    let message = "attribute 0 is not in the pool of 0";
    refuses(one.follow(&one, Tie::OtherFirst, &pool), "missing-attribute", message);
}

#[test]
fn pools() {
    let entry = |id: u32| (id, Attribute::new("k", id.to_string()));
    let pool = AttribPool::from_numbered([entry(1), entry(0)], 2).unwrap();
    assert_eq!(pool.get(AttribId(1)).unwrap().value, "1");
    let message = "attribute pool: 1 attributes, but the next number is 4294967295";
    refuses(AttribPool::from_numbered([entry(0)], u32::MAX), "malformed-pool", message);
    let message = "attribute pool: attribute 7 is not below the next number 2";
    refuses(AttribPool::from_numbered([entry(0), entry(7)], 2), "malformed-pool", message);
    let message = "attribute pool: attribute 0 is there twice";
    refuses(AttribPool::from_numbered([entry(0), entry(0)], 2), "malformed-pool", message);
    refuses(pool.get(AttribId(2)), "missing-attribute", "attribute 2 is not in the pool of 2");
    // Names that mean something to JavaScript mean nothing here.
    let mut pool = AttribPool::from_numbered([(0, Attribute::new("__proto__", "x"))], 1).unwrap();
    assert_eq!(pool.find(&Attribute::new("__proto__", "x")), Some(AttribId(0)));
    assert_eq!(pool.put(Attribute::new("constructor", "")), AttribId(1));
}

#[test]
fn flat_forms() {
    let pool = AttribPool::new();
    let atext = |text: &str, attribs: &str| AText { text: text.into(), attribs: attribs.into() };
    let message = "attribution covers 3 code units, the text has 2";
    refuses(Document::from_atext(&atext("a\n", "|1+3"), &pool), "attribution-length", message);
    let message = "attribution has an op that is not an insert (op 1)";
    refuses(Document::from_atext(&atext("a\n", "+1=1"), &pool), "not-attribution", message);
    let message = "attribute 4 is not in the pool of 0";
    refuses(Document::from_atext(&atext("a\n", "*4|1+2"), &pool), "missing-attribute", message);
    let message = "unexpected '/' at offset 2, expected an op or '$'";
    refuses(Document::from_atext(&atext("a\n", "+1/1"), &pool), "unexpected-character", message);
    // Stored newline counts can be wrong; the text tells.
    let doc = Document::from_atext(&atext("a\nbx\n", "|1+3+1|1+1"), &pool).unwrap();
    assert_eq!(doc.to_atext().attribs, "|2+5");

    let ops = parse_ops("|2+6").unwrap();
    let message = "op 0 claims 2 newlines, its text has 1";
    refuses(slice_attribution(&ops, 1..6), "newline-mismatch", message);
    refuses(split_attribution_lines(&ops, &[0x0a, 0x61, 0x61, 0x61, 0x61, 0x61]), "newline-mismatch", message);
    let message = "attribution covers 6 code units, the text has 1";
    refuses(split_attribution_lines(&ops, &[0x0a]), "attribution-length", message);
}

#[test]
fn ranges() {
    let doc = Document::from_text("ab\n");
    refuses(doc.slice(2..4), "out-of-range", "range 2..4 is not within 0..3");
    refuses(doc.splice(4..4, &[], &AttribSet::EMPTY), "out-of-range", "range 4..4 is not within 0..3");
    refuses(doc.attribs_at(3), "out-of-range", "range 3..4 is not within 0..3");
    refuses(
        doc.attribs_at(usize::MAX),
        "out-of-range",
        "range 18446744073709551615..18446744073709551615 is not within 0..3",
    );
    refuses(doc.line_range(1), "out-of-range", "range 1..2 is not within 0..1");
    refuses(doc.line_at(4), "out-of-range", "range 4..4 is not within 0..3");
}

#[test]
fn clients_and_servers() {
    let mut pool = AttribPool::new();
    let mut layers = Layers::new(Document::new()).unwrap();
    let message = "a commit was acknowledged, but none was submitted";
    refuses(layers.accept(&pool), "nothing-submitted", message);
    layers.edit(&Changeset::parse("Z:1>1+1$a").unwrap(), &pool).unwrap();
    let before = layers.clone();
    let message = "changeset expects a document of 2 code units, found 1";
    refuses(layers.apply_remote(&Changeset::parse("Z:2>1+1$a").unwrap(), &pool), "length-mismatch", message);
    let message = "op 0 claims 0 newlines, its text has 1";
    refuses(layers.apply_remote(&Changeset::parse("Z:1<1-1$").unwrap(), &pool), "newline-mismatch", message);
    assert_eq!((layers.base(), layers.pending()), (before.base(), before.pending()));

    let changeset = Changeset::parse("Z:1<1|1-1$").unwrap();
    let (author, wire_pool) = (Utf16String::from("a.me"), AttribPool::new());
    let submission = Submission { changeset: &changeset, pool: &wire_pool, author: &author };
    let message = "the document would not end in a newline";
    refuses(rebase(&submission, [], &Document::new(), &mut pool), "no-final-newline", message);
    let changeset = Changeset::parse("Z:1>1*0+1$a").unwrap();
    let submission = Submission { changeset: &changeset, pool: &wire_pool, author: &author };
    let message = "attribute 0 is not in the pool of 0";
    refuses(rebase(&submission, [], &Document::new(), &mut pool), "missing-attribute", message);
}

/// Work and memory follow the input, not what it claims.
#[test]
fn big_and_boastful_input_is_cheap() {
    // A valid changeset of 10 MB, many small ops.
    let count = 1_000_000;
    let mut builder = Builder::new(4 * count);
    for _ in 0..count {
        builder.keep(3, 0, &AttribSet::EMPTY).remove(1, 0).insert(&[0x61, 0x62], &AttribSet::EMPTY);
    }
    let text = builder.finish().unwrap().to_string();
    assert!(text.len() > 8_000_000);
    let start = std::time::Instant::now();
    let changeset = Changeset::parse(&text).unwrap();
    let pool = AttribPool::new();
    let mut doc = Document::from_text("x".repeat(4 * count));
    doc.apply(&changeset, &pool).unwrap();
    assert_eq!(doc.len_utf16(), 5 * count);
    changeset.follow(&changeset, Tie::OtherFirst, &pool).unwrap();
    changeset.compose(&Changeset::identity(5 * count).unwrap(), &pool).unwrap();
    // Quadratic time would take hours.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    // Two billion code units, claimed in a few characters.
    assert!(Changeset::parse("Z:zik0zj>0*0=zik0zj$").is_ok());
    parse_refuses("Z:1>zik0zi+zik0zi$a", "bank-too-short", "op 0 needs a char bank of 2147483646 code units, found 1");
}
