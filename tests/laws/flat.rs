//! Documents that a host keeps as lists of lines, beside the tree.

use super::applied;
use super::strategies::{changeset_of, document, edits, pool};
use easysync::{AText, AttributedLines, Changeset, Document, Error, Op, Utf16String, parse_ops, print_ops};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Text and attribution of each line, and which attributions were looked at.
struct Lines {
    texts: Vec<Utf16String>,
    attribs: Vec<Vec<Op>>,
    seen: BTreeSet<usize>,
}

impl Lines {
    fn of(doc: &Document) -> Self {
        let ranges: Vec<_> = (0..doc.line_count()).map(|line| doc.line_range(line).unwrap()).collect();
        let attribs = ranges.iter().map(|range| AText::from_pieces(doc.pieces(range.clone()).unwrap()).attribs);
        let attribs = attribs.map(|attribs| parse_ops(&attribs).unwrap()).collect();
        Self {
            texts: ranges.into_iter().map(|range| doc.slice(range).unwrap()).collect(),
            attribs,
            seen: BTreeSet::new(),
        }
    }
}

impl AttributedLines for Lines {
    type Error = Error;

    fn text(&mut self, line: usize) -> Result<Option<Utf16String>, Error> {
        Ok(self.texts.get(line).cloned())
    }

    fn attribution(&mut self, line: usize) -> Result<Option<Vec<Op>>, Error> {
        self.seen.insert(line);
        Ok(self.attribs.get(line).cloned())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn text_and_lines_change_as_the_document_does(doc in document(), a in edits()) {
        let a = changeset_of(&a, &doc);
        let after = applied(&doc, &a);
        prop_assert_eq!(a.apply_to_text(&doc.text()).unwrap(), after.text());
        let mut lines = Lines::of(&doc);
        let splices = a.apply_to_lines(&mut lines, &pool()).unwrap();
        let removed: usize = splices.iter().map(|splice| splice.removed).sum();
        prop_assert!(lines.seen.len() <= removed, "{:?} were looked at, {removed} replaced", lines.seen);
        for splice in splices {
            lines.attribs.splice(splice.start..splice.start + splice.removed, splice.lines);
        }
        let print = |lines: &Lines| lines.attribs.iter().map(print_ops).collect::<Vec<_>>();
        prop_assert_eq!(print(&lines), print(&Lines::of(&after)));
    }

    #[test]
    fn the_inverse_by_lines_is_the_inverse(doc in document(), a in edits()) {
        let a = changeset_of(&a, &doc);
        let (mut one, mut other) = (pool(), pool());
        let by_lines = a.inverse_by_lines(&mut Lines::of(&doc), &mut one).unwrap();
        prop_assert_eq!(by_lines, a.inverse(&doc, &mut other).unwrap());
        prop_assert_eq!(one, other);
    }

    #[test]
    fn many_are_composed_as_one_after_the_other(doc in document(), steps in prop::collection::vec(edits(), 0..9)) {
        let mut at = doc;
        let changesets: Vec<_> = steps.iter().map(|edits| {
            let changeset = changeset_of(edits, &at);
            at = applied(&at, &changeset);
            changeset
        }).collect();
        let one_by_one = changesets.iter().cloned().reduce(|all, next| all.compose(&next, &pool()).unwrap());
        prop_assert_eq!(Changeset::compose_all(changesets, &pool()).unwrap(), one_by_one);
    }
}
