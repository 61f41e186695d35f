//! The laws of changesets and documents, on random ones.
//!
//! Failures are shrunk, and their seeds kept in `proptest-regressions/`. Run also with the feature `__small_tree`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod flat;
mod model;
#[path = "../common/strategies.rs"]
mod strategies;

use easysync::{Assoc, AttribSet, Change, Changeset, Document, EmptyValue, Op, OpKind, Tie};
use model::Model;
use proptest::prelude::*;
use strategies::{change, changeset_of, content, document, document_of, edits, many_edits, pool, text};

fn applied(doc: &Document, changeset: &Changeset) -> Document {
    let mut doc = doc.clone();
    doc.apply(changeset, &pool()).unwrap();
    doc.check_invariants();
    doc
}

/// A text, with the place that each code unit has had before.
struct Origins(Vec<(u16, Option<usize>)>);

impl Origins {
    fn applied(&self, changeset: &Changeset) -> Self {
        let (mut out, mut rest) = (Vec::new(), self.0.as_slice());
        for (op, text) in changeset.steps() {
            if op.kind == OpKind::Insert {
                out.extend(text.iter().map(|&unit| (unit, None)));
                continue;
            }
            let (head, tail) = rest.split_at(op.chars as usize);
            out.extend(head.iter().filter(|_| op.kind == OpKind::Keep));
            rest = tail;
        }
        out.extend(rest);
        Self(out)
    }

    fn line_starts(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(|&at| at == 0 || self.0[at - 1].0 == 0x0a)
    }
}

fn tie() -> impl Strategy<Value = Tie> {
    prop_oneof![Just(Tie::OtherFirst), Just(Tie::SelfFirst)]
}

/// The same changeset with every other keep within a line in two, and a removal of nothing between them.
fn split_up(changeset: &Changeset) -> Changeset {
    let ops = changeset.ops().iter().enumerate().flat_map(|(index, op)| {
        let half = if index % 2 == 0 && op.kind == OpKind::Keep && op.lines == 0 { op.chars / 2 } else { 0 };
        let of = |chars| Op { chars, ..op.clone() };
        if half > 0 { vec![of(half), Op::remove(0, 0), of(op.chars - half)] } else { vec![op.clone()] }
    });
    let bank: Vec<u16> = changeset.steps().flat_map(|(_, text)| text.to_vec()).collect();
    Changeset::from_ops(changeset.old_len(), ops, &bank).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn apply_equals_the_model(doc in document(), steps in prop::collection::vec(edits(), 1..8)) {
        let (mut doc, mut model) = (doc.clone(), Model::of(&doc));
        for edits in &steps {
            let changeset = changeset_of(edits, &doc);
            let before = doc.clone();
            doc.apply(&changeset, &pool()).unwrap();
            doc.check_invariants();
            before.check_invariants();
            prop_assert_eq!(Model::of(&before), model.clone());
            model.apply(&changeset, &pool());
            prop_assert_eq!(Model::of(&doc), model.clone());
            prop_assert_eq!(doc.text().to_vec(), model.text());
        }
    }

    #[test]
    fn apply_after_compose_is_apply_twice(doc in document(), first in edits(), second in edits()) {
        let first = changeset_of(&first, &doc);
        let middle = applied(&doc, &first);
        let second = changeset_of(&second, &middle);
        let both = first.compose(&second, &pool()).unwrap();
        prop_assert!(both.is_normal());
        prop_assert_eq!(applied(&doc, &both), applied(&middle, &second));
    }

    #[test]
    fn compose_is_associative(doc in document(), steps in prop::array::uniform3(edits())) {
        let a = changeset_of(&steps[0], &doc);
        let after_a = applied(&doc, &a);
        let b = changeset_of(&steps[1], &after_a);
        let c = changeset_of(&steps[2], &applied(&after_a, &b));
        let pool = pool();
        let left = a.compose(&b, &pool).unwrap().compose(&c, &pool).unwrap();
        let right = a.compose(&b.compose(&c, &pool).unwrap(), &pool).unwrap();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn two_parts_are_the_whole(doc in document(), a in edits(), op in any::<prop::sample::Index>(), units in 0..8usize) {
        let a = changeset_of(&a, &doc);
        let op = op.index(a.ops().len() + 1);
        let (first, rest) = a.cut(op, units).unwrap();
        prop_assert!(first.is_normal() && rest.is_normal());
        prop_assert_eq!(first.compose(&rest, &pool()).unwrap(), a.clone());
        let (between, end) = (applied(&doc, &first), applied(&doc, &a));
        prop_assert_eq!(&applied(&between, &rest), &end);
        // A cut between two removals is nobody's wish.
        let is_removal = |index: usize| a.ops().get(index).is_some_and(|op| op.kind == OpKind::Remove);
        if op == 0 || !is_removal(op - 1) || !is_removal(op) {
            prop_assert!(between.text().last() == Some(&0x0a));
            let old: Vec<_> = doc.text().iter().enumerate().map(|(at, &unit)| (unit, Some(at))).collect();
            let between = Origins(old.clone()).applied(&first);
            let end = Origins(between.0.iter().enumerate().map(|(at, &(unit, _))| (unit, Some(at))).collect()).applied(&rest);
            for at in end.line_starts().filter_map(|at| end.0[at].1) {
                let was_line_start = between.0[at].1.is_none_or(|at| Origins(old.clone()).line_starts().any(|start| start == at));
                prop_assert!(!was_line_start || between.line_starts().any(|start| start == at), "{} then {}", first, rest);
            }
        }
    }

    #[test]
    fn follow_closes_the_diamond(doc in document(), a in edits(), b in edits(), tie in tie()) {
        let (a, b, pool) = (changeset_of(&a, &doc), changeset_of(&b, &doc), pool());
        let b_past_a = b.follow(&a, tie, &pool).unwrap();
        let a_past_b = a.follow(&b, tie.flip(), &pool).unwrap();
        prop_assert!(b_past_a.is_normal());
        prop_assert_eq!(a.compose(&b_past_a, &pool).unwrap(), b.compose(&a_past_b, &pool).unwrap());
        prop_assert_eq!(applied(&applied(&doc, &a), &b_past_a), applied(&applied(&doc, &b), &a_past_b));
    }

    #[test]
    fn follow_closes_the_diamond_of_many_ops_and_few(doc in document_of(100), many in many_edits(), few in edits(), tie in tie()) {
        let (many, few, pool) = (changeset_of(&many, &doc), changeset_of(&few, &doc), pool());
        let few_past_many = few.follow(&many, tie, &pool).unwrap();
        let many_past_few = many.follow(&few, tie.flip(), &pool).unwrap();
        prop_assert!(few_past_many.is_normal() && many_past_few.is_normal());
        prop_assert_eq!(many.compose(&few_past_many, &pool).unwrap(), few.compose(&many_past_few, &pool).unwrap());
        prop_assert_eq!(applied(&applied(&doc, &many), &few_past_many), applied(&applied(&doc, &few), &many_past_few));
        // In pieces that are not in normal form, it does the same.
        let pieces = split_up(&many);
        prop_assert_eq!(pieces.follow(&few, tie.flip(), &pool).unwrap(), many_past_few);
        prop_assert_eq!(few.follow(&pieces, tie, &pool).unwrap(), few_past_many);
    }

    #[test]
    fn follow_closes_the_diamond_through_two_steps(doc in document(), a in edits(), b in edits(), c in edits(), tie in tie()) {
        let (a, b, pool) = (changeset_of(&a, &doc), changeset_of(&b, &doc), pool());
        let after_b = applied(&doc, &b);
        let c = changeset_of(&c, &after_b);
        // Past b and c one after the other, and past both at once.
        let a_past_b = a.follow(&b, tie, &pool).unwrap();
        let a_past_bc = a_past_b.follow(&c, tie, &pool).unwrap();
        let b_past_a = b.follow(&a, tie.flip(), &pool).unwrap();
        let c_past_a = c.follow(&a_past_b, tie.flip(), &pool).unwrap();
        let one = applied(&applied(&after_b, &c), &a_past_bc);
        let other = applied(&applied(&applied(&doc, &a), &b_past_a), &c_past_a);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn inverse_undoes(doc in document(), a in edits(), b in edits()) {
        let mut pool = pool();
        let a = changeset_of(&a, &doc);
        let after_a = applied(&doc, &a);
        let undo_a = a.inverse(&doc, &mut pool).unwrap();
        prop_assert!(undo_a.is_normal());
        let mut undone = after_a.clone();
        undone.apply(&undo_a, &pool).unwrap();
        undone.check_invariants();
        prop_assert_eq!(&undone, &doc);
        // The inverse of two composed undoes both.
        let b = changeset_of(&b, &after_a);
        let both = a.compose(&b, &pool).unwrap();
        let mut undone = applied(&after_a, &b);
        undone.apply(&both.inverse(&doc, &mut pool).unwrap(), &pool).unwrap();
        prop_assert_eq!(undone, doc);
    }

    #[test]
    fn parse_and_print_are_inverse(doc in document(), a in edits()) {
        let a = changeset_of(&a, &doc);
        let printed = a.to_utf16();
        prop_assert_eq!(Changeset::parse_utf16(&printed), Ok(a.clone()));
        prop_assert_eq!(Changeset::parse_lenient_utf16(&printed), Ok(a));
    }

    #[test]
    fn a_changed_character_never_panics(doc in document(), a in edits(), at in any::<prop::sample::Index>(), unit in any::<u8>()) {
        let a = changeset_of(&a, &doc);
        let mut text = a.to_utf16().into_units();
        let at = at.index(text.len());
        text[at] = u16::from(unit % 0x80);
        if let Ok(strict) = Changeset::parse_utf16(&text) {
            prop_assert_eq!(&*strict.to_utf16(), text.as_slice());
            prop_assert!(strict.is_normal());
        }
        if let Ok(other) = Changeset::parse_lenient_utf16(&text) {
            prop_assert!(other.to_normal().is_normal());
            let before = doc.clone();
            let mut after = doc.clone();
            match after.apply(&other, &pool()) {
                Ok(()) => prop_assert_eq!(after.len_utf16(), other.new_len()),
                Err(_) => prop_assert!(after.is_same(&before)),
            }
            after.check_invariants();
            let _ = a.compose(&other, &pool());
            let _ = a.follow(&other, Tie::OtherFirst, &pool());
            let _ = other.follow(&a, Tie::SelfFirst, &pool());
            let _ = other.inverse(&doc, &mut pool());
        }
    }

    #[test]
    fn flat_form_round_trips(doc in document()) {
        let atext = doc.to_atext();
        let again = Document::from_atext(&atext, &pool()).unwrap();
        again.check_invariants();
        prop_assert_eq!(&again, &doc);
        prop_assert_eq!(again.to_atext(), atext);
    }

    #[test]
    fn a_patch_leads_from_one_document_to_the_other(doc in document(), steps in prop::collection::vec(edits(), 0..4)) {
        let mut new = doc.clone();
        for edits in &steps {
            new = applied(&new, &changeset_of(edits, &new));
        }
        for (old, new) in [(&doc, &new), (&new, &doc), (&doc, &Document::from_pieces(new.pieces(0..new.len_utf16()).unwrap()))] {
            let patch = old.diff(new);
            let mut model = Model::of(old);
            model.patch(&patch);
            prop_assert_eq!(&model, &Model::of(new));
            prop_assert_eq!(patch.is_empty(), Model::of(old) == Model::of(new));
            prop_assert!(patch.changes.windows(2).all(|pair| pair[0].range().end <= pair[1].range().start));
            for change in &patch.changes {
                if let Change::Replace { range, pieces } = change {
                    prop_assert!(!range.is_empty() || !pieces.is_empty());
                }
            }
        }
    }

    #[test]
    fn lines_and_slices_equal_the_model(doc in document(), steps in prop::collection::vec(edits(), 0..3)) {
        let doc = steps.iter().fold(doc, |doc, edits| applied(&doc, &changeset_of(edits, &doc)));
        let model = Model::of(&doc);
        let lines = model.lines();
        prop_assert_eq!(doc.line_count(), lines.len());
        for (number, range) in lines.iter().enumerate() {
            prop_assert_eq!(doc.line_range(number), Ok(range.clone()));
            prop_assert_eq!(doc.line_at(range.start), Ok(number));
            prop_assert_eq!(doc.line_at(range.end - 1), Ok(number));
            prop_assert_eq!(doc.slice(range.clone()).unwrap().to_vec(), model.text()[range.clone()].to_vec());
        }
        prop_assert!(doc.line_range(lines.len()).is_err());
        for (at, (_, attribs)) in model.units.iter().enumerate() {
            prop_assert_eq!(doc.attribs_at(at), Ok(attribs));
        }
        prop_assert!(doc.attribs_at(model.units.len()).is_err());
    }

    #[test]
    fn a_splice_replaces_its_range(doc in document(), from in any::<prop::sample::Index>(), len in 0..30usize, insert in text(8), attribs in content()) {
        let from = from.index(doc.len_utf16());
        let to = (from + len).min(doc.len_utf16());
        let splice = doc.splice(from..to, &insert, &attribs).unwrap();
        prop_assert!(splice.is_normal());
        prop_assert_eq!(&splice, &Changeset::splice(&doc.text(), from, to - from, &insert, &attribs).unwrap());
        let mut units = Model::of(&doc).units;
        units.splice(from..to, insert.iter().map(|&unit| (unit, attribs.clone())));
        prop_assert_eq!(Model::of(&applied(&doc, &splice)).units, units);
    }

    #[test]
    fn mapped_positions_keep_their_order(doc in document(), a in edits()) {
        let a = changeset_of(&a, &doc);
        for assoc in [Assoc::Before, Assoc::After] {
            let mapped: Vec<_> = (0..=doc.len_utf16()).map(|position| a.map_position(position, assoc)).collect();
            prop_assert!(mapped.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert_eq!(mapped[doc.len_utf16()], a.new_len());
        }
        for position in 0..doc.len_utf16() {
            prop_assert!(a.map_position(position, Assoc::Before) <= a.map_position(position, Assoc::After));
        }
    }

    #[test]
    fn composed_attributes_are_canonical(a in change(), b in change(), c in change()) {
        let pool = pool();
        let ab = a.compose(&b, EmptyValue::Keep, &pool).unwrap();
        prop_assert_eq!(ab.to_canonical(&pool), Ok(ab.clone()));
        let left = ab.compose(&c, EmptyValue::Keep, &pool).unwrap();
        let right = a.compose(&b.compose(&c, EmptyValue::Keep, &pool).unwrap(), EmptyValue::Keep, &pool).unwrap();
        prop_assert_eq!(left, right);
        prop_assert_eq!(a.compose(&AttribSet::EMPTY, EmptyValue::Keep, &pool), Ok(a.clone()));
        prop_assert_eq!(AttribSet::EMPTY.compose(&a, EmptyValue::Keep, &pool), Ok(a));
    }
}
