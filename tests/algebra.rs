//! Single cases of the algebra, in wire notation, one rule each.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail loudly")]

use easysync::{
    AText, Assoc, AttribPool, AttribSet, Attribute, Change, Changeset, Document, EmptyValue, Tie, Utf16String, Wire,
    parse_ops, print_ops, slice_attribution, split_attribution_lines,
};

/// 0 = bold,true  1 = bold,""  2 = author,a.x  3 = author,a.y  4 = insertorder,first  5 = list,bullet1
fn pool() -> AttribPool {
    let mut pool = AttribPool::new();
    for (key, value) in [
        ("bold", "true"),
        ("bold", ""),
        ("author", "a.x"),
        ("author", "a.y"),
        ("insertorder", "first"),
        ("list", "bullet1"),
    ] {
        pool.put(Attribute::new(key, value));
    }
    pool
}

fn cs(text: &str) -> Changeset {
    Changeset::parse(text).unwrap()
}

fn doc(text: &str, attribs: &str) -> Document {
    Document::from_atext(&AText { text: text.into(), attribs: attribs.into() }, &pool()).unwrap()
}

fn set(text: &str) -> AttribSet {
    parse_ops(&format!("{text}=1")).unwrap().remove(0).attribs
}

#[track_caller]
fn check_compose(first: &str, second: &str, both: &str) {
    assert_eq!(cs(first).compose(&cs(second), &pool()).unwrap().to_string(), both);
}

/// `moved` past `other`, when on a tie the other's text goes first, and when its own does.
#[track_caller]
fn check_follow(moved: &str, other: &str, other_first: &str, self_first: &str) {
    let (moved, other) = (cs(moved), cs(other));
    assert_eq!(moved.follow(&other, Tie::OtherFirst, &pool()).unwrap().to_string(), other_first);
    assert_eq!(moved.follow(&other, Tie::SelfFirst, &pool()).unwrap().to_string(), self_first);
}

#[track_caller]
fn check_normal(lenient: &str, normal: &str) {
    assert_eq!(Changeset::parse_lenient(lenient).unwrap().to_normal().to_string(), normal);
}

#[test]
fn normal_form_has_removals_first_and_merges_neighbours() {
    check_normal("Z:8>0=2+1-2+1$XY", "Z:8>0=2-2+2$XY");
    check_normal("Z:5>1=1*0+1-1+1$xy", "Z:5>1=1-1*0+1+1$xy");
}

#[test]
fn normal_form_drops_the_plain_keep_at_the_end_with_its_tail() {
    check_normal("Z:5>0*0=1=2|1=2$", "Z:5>0*0=1$");
    check_normal("Z:5>0|1=2=1$", "Z:5>0$");
}

#[test]
fn in_line_tails_join_when_a_newline_follows() {
    check_normal("Z:1>5|1+3+2$ab\ncd", "Z:1>5|1+3+2$ab\ncd");
    check_normal("Z:1>7|1+3+2|1+2$ab\ncde\n", "Z:1>7|2+7$ab\ncde\n");
}

#[test]
fn compose_joins_and_cancels() {
    check_compose("Z:1>1+1$a", "Z:2>1=1+1$b", "Z:1>2+2$ab");
    check_compose("Z:4>2=1+2$xy", "Z:6<2=2-2$", "Z:4>0=1-1+1$x");
    check_compose("Z:1>1+1$a", "Z:2<1-1$", "Z:1>0$");
}

#[test]
fn attributes_compose_as_content_on_inserts_and_as_changes_on_keeps() {
    check_compose("Z:1>1*2+1$a", "Z:2>0*0=1$", "Z:1>1*2*0+1$a");
    check_compose("Z:1>1*0+1$a", "Z:2>0*1=1$", "Z:1>1+1$a");
    check_compose("Z:2>0*0=1$", "Z:2>0*1=1$", "Z:2>0*1=1$");
}

#[test]
fn a_tie_is_decided_by_the_tie() {
    check_follow("Z:4>1=1+1$Y", "Z:4>1=1+1$X", "Z:5>1=2+1$Y", "Z:5>1=1+1$Y");
}

#[test]
fn insertorder_first_goes_before_the_tie_is_asked() {
    check_follow("Z:4>1*4+1$Y", "Z:4>1+1$X", "Z:5>1*4+1$Y", "Z:5>1*4+1$Y");
    check_follow("Z:4>1+1$Y", "Z:4>1*4+1$X", "Z:5>1=1+1$Y", "Z:5>1=1+1$Y");
    // It is asked before the newline rule, too.
    check_follow("Z:4>1*4|1+1$\n", "Z:4>1+1$X", "Z:5>1*4|1+1$\n", "Z:5>1*4|1+1$\n");
}

#[test]
fn an_insert_that_begins_with_a_newline_goes_behind_one_that_does_not() {
    check_follow("Z:4>1|1+1$\n", "Z:4>1+1$X", "Z:5>1=1|1+1$\n", "Z:5>1=1|1+1$\n");
    check_follow("Z:4>1+1$Y", "Z:4>1|1+1$\n", "Z:5>1+1$Y", "Z:5>1+1$Y");
    // The choice is made for each op: X goes first, then Y, then the newline.
    check_follow("Z:1>1+1$Y", "Z:1>2+1*0|1+1$X\n", "Z:3>1=1+1$Y", "Z:3>1+1$Y");
}

#[test]
fn what_is_removed_cannot_be_removed_or_formatted_again() {
    check_follow("Z:4<1=1-2+1$Y", "Z:4<2-2$", "Z:2>0-1+1$Y", "Z:2>0-1+1$Y");
    check_follow("Z:4>0*0=3$", "Z:4<2=1-2$", "Z:2>0*0=1$", "Z:2>0*0=1$");
}

#[test]
fn the_smaller_value_wins_and_removal_beats_all() {
    check_follow("Z:4>0=1*1=2$", "Z:4>0*0=2$", "Z:4>0=1*1=2$", "Z:4>0=1*1=2$");
    check_follow("Z:4>0=1*0=2$", "Z:4>0*1=2$", "Z:4>0=2*0=1$", "Z:4>0=2*0=1$");
}

#[test]
fn formatting_does_not_spread_to_what_others_insert() {
    check_follow("Z:4>0*0=3$", "Z:4>1=1+1$X", "Z:5>0*0=1=1*0=2$", "Z:5>0*0=1=1*0=2$");
}

#[test]
fn inverse_restores_attributes_run_by_run() {
    let mut pool = pool();
    let before = doc("abcde\n", "*0+1|1+5");
    assert_eq!(cs("Z:6>0*0=3$").inverse(&before, &mut pool).unwrap().to_string(), "Z:6>0=1*1=2$");
    assert_eq!(pool.len(), 6);
    // Where there was none before, it needs a new number for list = "".
    assert_eq!(cs("Z:6>0*5=3$").inverse(&before, &mut pool).unwrap().to_string(), "Z:6>0*6=3$");
    assert_eq!(pool.iter().last().unwrap().1, &Attribute::new("list", ""));
    assert_eq!(cs("Z:6<2-2$").inverse(&before, &mut pool).unwrap().to_string(), "Z:4>2*0+1+1$ab");
}

#[test]
fn apply_composes_attributes_and_cuts_runs() {
    let mut doc = doc("abc\n", "*2+3|1+1");
    doc.apply(&cs("Z:4>1=1*0=1*2+1$Q"), &pool()).unwrap();
    let AText { text, attribs } = doc.to_atext();
    assert_eq!((text.to_string().as_str(), attribs.as_str()), ("abQc\n", "*2+1*2*0+1*2+2|1+1"));
}

#[test]
fn canonical_order_is_by_key_in_utf_16() {
    let mut pool = AttribPool::new();
    let keys = ["\u{ff5e}", "\u{1f600}", "a", "B", "9", "10"];
    let set = AttribSet::from_pairs(keys.map(|key| Attribute::new(key, "v")), EmptyValue::Keep, &mut pool);
    assert_eq!(set.to_string(), "*5*4*3*2*1*0");
}

#[test]
fn halves_of_pairs_survive_every_operation() {
    let pool = pool();
    // U+1F600 becomes U+1F601 by its low half, while someone else takes the high half away.
    let start = Document::from_text("😀\n");
    let low = Changeset::parse_utf16(&[&Utf16String::from("Z:3>0=1-1+1$")[..], &[0xde01]].concat()).unwrap();
    let high = cs("Z:3<1-1$");
    let mut doc = start.clone();
    doc.apply(&high, &pool).unwrap();
    doc.apply(&low.follow(&high, Tie::OtherFirst, &pool).unwrap(), &pool).unwrap();
    assert_eq!(*doc.text(), [0xde01, 0x0a]);
    assert_eq!(doc.slice(0..1).unwrap().to_str(), None);
    assert_eq!(
        *low.compose(&cs("Z:3<1-1$"), &pool).unwrap().to_utf16(),
        *Utf16String::from(vec![0x5a, 0x3a, 0x33, 0x3c, 0x31, 0x2d, 0x32, 0x2b, 0x31, 0x24, 0xde01])
    );
    let mut after = start.clone();
    after.apply(&low, &pool).unwrap();
    assert_eq!(after.text(), "😁\n");
    let mut pool = pool;
    after.apply(&low.inverse(&start, &mut pool).unwrap(), &pool).unwrap();
    assert_eq!(after, start);
    assert_eq!(Document::from_atext(&doc.to_atext(), &pool).unwrap(), doc);
}

#[test]
fn only_line_feeds_end_lines() {
    let text = "a\r\u{2028}\u{85}\0b\nc";
    let doc = Document::from_text(text);
    assert_eq!((doc.line_count(), doc.newlines()), (2, 1));
    assert_eq!(doc.text(), text);
    assert_eq!(doc.line_range(1), Ok(7..8));
}

#[test]
fn positions_cling_to_a_side() {
    let insert = cs("Z:5>2=2+2$xy");
    assert_eq!([2, 3].map(|position| insert.map_position(position, Assoc::Before)), [2, 5]);
    assert_eq!([2, 3].map(|position| insert.map_position(position, Assoc::After)), [4, 5]);
    let replace = cs("Z:5>0=1-3+3$xyz");
    assert_eq!([0, 1, 2, 3, 4, 5].map(|position| replace.map_position(position, Assoc::Before)), [0, 1, 1, 1, 4, 5]);
    assert_eq!([0, 1, 2, 3, 4, 5].map(|position| replace.map_position(position, Assoc::After)), [0, 1, 4, 4, 4, 5]);
    assert_eq!(insert.map_range(2..2, Assoc::Before), 2..2);
    assert_eq!(insert.map_range(2..2, Assoc::After), 4..4);
    assert_eq!(replace.map_range(0..2, Assoc::Before), 0..1);
}

#[test]
fn attributions_are_cut_by_length_and_by_line() {
    let line = parse_ops("*0+3*2+3|1+1").unwrap();
    assert_eq!(print_ops(&slice_attribution(&line, 2..5).unwrap()), "*0+1*2+2");
    let text: Vec<u16> = "ab\ncd\ne\n".encode_utf16().collect();
    let lines = split_attribution_lines(&parse_ops("*0|2+6+1|1+1").unwrap(), &text).unwrap();
    assert_eq!(lines.iter().map(print_ops).collect::<Vec<_>>(), ["*0|1+3", "*0|1+3", "|1+2"]);
}

#[test]
fn unknown_numbers_are_dropped_on_the_wire_and_sets_keep_their_order() {
    let Wire { changeset, pool: wire } = cs("Z:2>0*3*9*0=1$").prepare_for_wire(&pool());
    assert_eq!(changeset.to_string(), "Z:2>0*0*1=1$");
    assert_eq!(wire.iter().map(|(_, attribute)| attribute.value.to_string()).collect::<Vec<_>>(), ["a.y", "true"]);
    assert_eq!(set("*3*0").ids().len(), 2);
}

#[test]
fn a_patch_is_small_where_the_change_is() {
    let text = "All work and no play makes a dull boy.\n".repeat(1000);
    let old = Document::from_text(text);
    let mut new = old.clone();
    new.apply(&cs("Z:u3c>1|2=26=3+1$!"), &pool()).unwrap();
    new.apply(&cs("Z:u3d>0|m8=o2p*0=2$"), &pool()).unwrap();
    let patch = old.diff(&new);
    let inserted = vec![(Utf16String::from("!"), AttribSet::EMPTY)];
    assert_eq!(patch.changes.first(), Some(&Change::Replace { range: 81..81, pieces: inserted }));
    assert_eq!(patch.changes.len(), 2);
    assert!(old.diff(&old.clone()).is_empty());
}
