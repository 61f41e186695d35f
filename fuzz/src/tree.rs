//! Long lives of documents, and the versions kept on the way.

use super::input;
use super::model::{Model, newlines};
use arbitrary::{Arbitrary, Result, Unstructured};
use easysync::{
    AttribPool, AttribSet, Builder, Change, Changeset, Document, OpKind, Patch, join_attribution_lines,
    slice_attribution, split_attribution_lines,
};
use std::ops::Range;

pub fn tree(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

/// A document, and what it should be.
#[derive(Clone)]
struct Version {
    doc: Document,
    model: Model,
}

struct Life {
    now: Version,
    kept: Vec<Version>,
    pool: AttribPool,
    /// Where the last edit ended: the next one is often near.
    cursor: usize,
    /// The longest that the text becomes.
    limit: usize,
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let size = usize::from(u.arbitrary::<u8>()?);
    let pool = input::pool(u)?;
    let model = input::document(u, &pool, 255, true)?;
    let doc = model.document();
    model.check(&doc);
    let limit = [40, 90, 300, 900][size % 4];
    let now = Version { doc, model };
    let mut life = Life { kept: vec![now.clone()], now, pool, cursor: 0, limit };
    let mut steps = 0;
    while !u.is_empty() {
        life.step(u)?;
        life.now.doc.check_invariants();
        assert_eq!(life.now.doc.len_utf16(), life.now.model.len());
        // The whole text now and then: every step would take nearly all of the time.
        steps += 1;
        if steps % 4 == 0 {
            life.now.model.check(&life.now.doc);
        }
    }
    life.now.model.check(&life.now.doc);
    for version in &life.kept {
        version.model.check(&version.doc);
    }
    life.check_whole();
    Ok(())
}

/// A place, large or small, far or near.
#[derive(Arbitrary)]
struct Spot {
    at: u16,
    len: u8,
}

impl Life {
    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.arbitrary::<u8>()? % 19 {
            0..3 => {
                let range = self.small_range(u)?;
                let (text, attribs) = (input::text(u, 12)?, input::set(u, &self.pool, true)?);
                self.splice(range, &text, &attribs);
            }
            3 => {
                let (range, attribs) = (self.large_range(u)?, input::set(u, &self.pool, true)?);
                let text = self.long_text(u)?;
                self.splice(range, &text, &attribs);
            }
            4 => {
                let range = self.large_range(u)?;
                self.splice(range, &[], &AttribSet::EMPTY);
            }
            5 => self.type_on(u)?,
            6 => self.erase(u)?,
            7 => {
                let (range, attribs) = (self.small_range(u)?, input::set(u, &self.pool, true)?);
                self.stripes(range.clone(), range.len().max(1), &attribs);
            }
            8 => {
                let (range, attribs) = (self.large_range(u)?, input::set(u, &self.pool, true)?);
                self.stripes(range.clone(), range.len().max(1), &attribs);
            }
            9 => {
                let (range, attribs) = (self.large_range(u)?, input::set(u, &self.pool, true)?);
                self.stripes(range, 1 + usize::from(u.arbitrary::<u8>()? % 8), &attribs);
            }
            10 => {
                let changeset = input::changeset(u, &self.now.model.text, &self.pool, true)?;
                self.apply(&changeset);
            }
            11 => {
                let changeset = input::loose_changeset(u, &self.now.model.text, &self.pool)?;
                self.apply(&changeset);
            }
            12 => {
                let slot = usize::from(u.arbitrary::<u8>()?);
                match self.kept.len() {
                    6 => self.kept[slot % 6] = self.now.clone(),
                    _ => self.kept.push(self.now.clone()),
                }
            }
            13 => {
                let slot = usize::from(u.arbitrary::<u8>()?) % self.kept.len();
                self.now = self.kept[slot].clone();
            }
            14 => {
                let (one, two) = (usize::from(u.arbitrary::<u8>()?), usize::from(u.arbitrary::<u8>()?));
                let (old, new) = (&self.kept[one % self.kept.len()], self.kept.get(two % 8).unwrap_or(&self.now));
                check_diff(old, new);
            }
            15 => self.change_pairs(u)?,
            16 => self.miscount(u)?,
            17 => self.lack_attributes(u)?,
            _ => self.read(u)?,
        }
        Ok(())
    }

    fn position(&self, at: u16) -> usize {
        let len = self.now.model.len();
        if at.is_multiple_of(2) {
            (usize::from(at) * (len + 1)) >> 16
        } else {
            (self.cursor + usize::from(at >> 12)).min(len)
        }
    }

    fn small_range(&self, u: &mut Unstructured<'_>) -> Result<Range<usize>> {
        let spot: Spot = u.arbitrary()?;
        let start = self.position(spot.at);
        Ok(start..(start + usize::from(spot.len % 12)).min(self.now.model.len()))
    }

    fn large_range(&self, u: &mut Unstructured<'_>) -> Result<Range<usize>> {
        let spot: Spot = u.arbitrary()?;
        let start = self.position(spot.at);
        Ok(start..start + (self.now.model.len() - start) * usize::from(spot.len) / 255)
    }

    /// Some text over and over, up to the limit.
    fn long_text(&self, u: &mut Unstructured<'_>) -> Result<Vec<u16>> {
        let room = self.limit.saturating_sub(self.now.model.len());
        let len = room * usize::from(u.arbitrary::<u8>()?) / 255;
        let text = input::text(u, 16)?;
        Ok(text.iter().copied().cycle().take(len).collect())
    }

    fn splice(&mut self, range: Range<usize>, text: &[u16], attribs: &AttribSet) {
        let Version { doc, model } = &mut self.now;
        let text = if model.len() > self.limit { &[] } else { text };
        let changeset = doc.splice(range.clone(), text, attribs).expect("a range of the document");
        assert!(changeset.is_normal(), "{changeset}");
        doc.apply(&changeset, &self.pool).expect("a splice of the document");
        self.cursor = range.start + text.len();
        model.splice(range, text, attribs);
    }

    /// One unit after another, as when someone types.
    fn type_on(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let range = self.small_range(u)?;
        let (text, attribs) = (input::text(u, 20)?, input::set(u, &self.pool, true)?);
        for (index, unit) in text.iter().enumerate() {
            self.splice(range.start + index..range.start + index, &[*unit], &attribs);
            self.now.doc.check_invariants();
            if self.now.model.len() > self.limit {
                break;
            }
        }
        Ok(())
    }

    /// One unit after another, backwards.
    fn erase(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let range = self.small_range(u)?;
        for at in range.rev() {
            self.splice(at..at + 1, &[], &AttribSet::EMPTY);
            self.now.doc.check_invariants();
        }
        Ok(())
    }

    /// Another second half for each pair of a range, as when one emoji is replaced by another.
    fn change_pairs(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let range = self.small_range(u)?;
        for at in range.start.max(1)..range.end {
            // A text above the limit gets shorter on the way.
            if let Some(&[0xd800..=0xdbff, low @ 0xdc00..=0xdfff]) = self.now.model.text.get(at - 1..=at) {
                let attribs = self.now.model.attribs[at].clone();
                self.splice(at..at + 1, &[low ^ 1], &attribs);
            }
        }
        Ok(())
    }

    /// Attributes on every other stretch of a range, up to a hundred: more than a leaf has runs.
    fn stripes(&mut self, range: Range<usize>, width: usize, attribs: &AttribSet) {
        let text = &self.now.model.text;
        let mut builder = Builder::new(text.len());
        builder.keep_text(&text[..range.start], &AttribSet::EMPTY);
        for (index, stretch) in text[range].chunks(width).take(100).enumerate() {
            builder.keep_text(stretch, if index % 2 == 0 { attribs } else { &AttribSet::EMPTY });
        }
        self.apply(&builder.finish().expect("stripes of the text"));
    }

    /// Newlines where there are none, or none where there are some.
    fn miscount(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (range, text) = (self.small_range(u)?, input::text(u, 4)?);
        let right = self.now.doc.splice(range, &text, &AttribSet::EMPTY).expect("a range of the document");
        let mut ops = right.ops().to_vec();
        for _ in 0..2 {
            let byte = usize::from(u.arbitrary::<u8>()?);
            let index = byte / 2 % ops.len().max(1);
            if let Some(op) = ops.get_mut(index).filter(|op| op.kind != OpKind::Insert) {
                op.lines =
                    if byte.is_multiple_of(2) { (op.lines + 1).min(op.chars) } else { op.lines.saturating_sub(1) };
            }
        }
        let wrong = Changeset::from_ops(right.old_len(), ops, right.char_bank()).expect("lengths are as they were");
        self.apply(&wrong);
        Ok(())
    }

    /// A pool that lacks some numbers, which shows at the first place or at a later one.
    fn lack_attributes(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut short = AttribPool::new();
        for (_, attribute) in self.pool.iter().take(usize::from(u.arbitrary::<u8>()? % 16)) {
            short.put(attribute.clone());
        }
        let range = self.large_range(u)?;
        let text = &self.now.model.text;
        let mut builder = Builder::new(text.len());
        builder.insert(&[0x61], &AttribSet::EMPTY).keep_text(&text[..range.start], &AttribSet::EMPTY);
        builder.keep_text(&text[range], &input::set(u, &self.pool, true)?);
        let changeset = builder.finish().expect("a range of the text");
        let Version { doc, model } = &mut self.now;
        let after = model.apply(&changeset, &short);
        assert_eq!(doc.apply(&changeset, &short).is_ok(), after.is_some(), "{changeset}, {} attributes", short.len());
        if let Some(after) = after {
            *model = after;
        }
        Ok(())
    }

    /// Applies, and goes back and forth if it can.
    fn apply(&mut self, changeset: &Changeset) {
        let Version { doc, model } = &mut self.now;
        let before = doc.clone();
        let back = changeset.inverse(&before, &mut self.pool);
        let after = model.apply(changeset, &self.pool);
        let result = doc.apply(changeset, &self.pool);
        assert_eq!(result.is_ok(), after.is_some(), "{changeset}");
        let Some(after) = after else { return model.check(doc) };
        after.check(doc);
        let back = back.expect("it fits the document");
        if model.is_restorable(&self.pool) {
            let mut restored = doc.clone();
            restored.apply(&back, &self.pool).expect("the inverse fits");
            model.check(&restored);
            assert!(restored == before, "{changeset}, {back}");
        }
        model.check(&before);
        *model = after;
        self.cursor = changeset.map_position(self.cursor.min(changeset.old_len()), easysync::Assoc::Before);
    }

    fn read(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let Version { doc, model } = &self.now;
        let (text, len) = (&model.text, model.len());
        let (range, attribs) = (self.large_range(u)?, input::set(u, &self.pool, true)?);
        let insert = input::text(u, 8)?;
        assert_eq!(*doc.slice(range.clone()).expect("a range of the document"), text[range.clone()]);
        let mut at = range.start;
        for (piece, attribs) in doc.pieces(range.clone()).expect("a range of the document") {
            assert_eq!(piece, &text[at..at + piece.len()]);
            assert!(!piece.is_empty() && model.attribs[at..at + piece.len()].iter().all(|set| set == attribs));
            at += piece.len();
        }
        assert_eq!(at, range.end);
        let flat = Changeset::splice(text, range.start, range.len(), &insert, &attribs);
        assert_eq!(doc.splice(range.clone(), &insert, &attribs), flat, "a splice made either way");

        let mut part = Model::default();
        part.text.extend_from_slice(&text[range.clone()]);
        part.attribs.extend_from_slice(&model.attribs[range.clone()]);
        match slice_attribution(&model.ops(), range.clone()) {
            Ok(ops) => assert_eq!(ops, part.ops()),
            // Only the text tells where the lines of an op end.
            Err(_) => assert!(newlines(text) > 1),
        }

        let lines: Vec<&[u16]> = text.split_inclusive(|&unit| unit == 0x0a).collect();
        assert_eq!(doc.line_count(), lines.len());
        for position in [range.start, range.end, len] {
            let line = newlines(&text[..position]);
            assert_eq!(doc.line_at(position), Ok(line));
            assert_eq!(doc.attribs_at(position).ok(), model.attribs.get(position));
            if line == lines.len() {
                assert!(doc.line_range(line).is_err() && position == len);
                continue;
            }
            let start = lines[..line].iter().map(|line| line.len()).sum::<usize>();
            assert_eq!(doc.line_range(line), Ok(start..start + lines[line].len()));
        }
        for beyond in [len + 1, usize::MAX] {
            assert!(doc.slice(range.start..beyond).is_err() && doc.pieces(beyond..beyond).is_err());
            assert!(doc.line_at(beyond).is_err() && doc.line_range(beyond).is_err() && doc.attribs_at(beyond).is_err());
            assert!(doc.splice(0..beyond, &insert, &attribs).is_err());
        }
        if range.start < range.end {
            // The wrong way round.
            let (start, end) = (range.end, range.start);
            assert!(doc.slice(start..end).is_err() && doc.splice(start..end, &[], &AttribSet::EMPTY).is_err());
        }
        Ok(())
    }

    /// The flat form, and differences between all versions.
    fn check_whole(&self) {
        let Version { doc, model } = &self.now;
        assert_eq!(*doc.text(), *model.text);
        let atext = doc.to_atext();
        assert_eq!(atext, model.atext());
        let again = Document::from_atext(&atext, &self.pool).expect("its own flat form");
        model.check(&again);
        assert!(again == *doc, "from its own flat form");
        let lines = split_attribution_lines(&model.ops(), &model.text).expect("its own attribution");
        assert_eq!(lines.len(), doc.line_count());
        assert_eq!(join_attribution_lines(lines.iter().map(Vec::as_slice)), model.ops());
        for version in &self.kept {
            check_diff(version, &self.now);
            check_diff(&self.now, version);
        }
    }
}

fn check_diff(old: &Version, new: &Version) {
    let patch = old.doc.diff(&new.doc);
    assert_eq!(patch.is_empty(), old.model == new.model, "an empty patch is for equal documents");
    assert_eq!(old.doc == new.doc, patch.is_empty());
    check_patch(&patch, &old.model, &new.model);
    assert!(old.model.patch(&patch) == new.model, "the patch leads to the other version");
}

fn check_patch(patch: &Patch, old: &Model, new: &Model) {
    let cuts_pair =
        |text: &[u16], at: usize| at > 0 && matches!(text.get(at - 1..=at), Some(&[0xd800..=0xdbff, 0xdc00..=0xdfff]));
    // Where the change begins in the old text, and where in the new one.
    let (mut end, mut new_end) = (0, 0);
    for change in &patch.changes {
        let range = change.range();
        assert!(end <= range.start && range.start <= range.end && range.end <= old.len(), "{patch:?}: order");
        let start = new_end + (range.start - end);
        end = range.end;
        match change {
            Change::Format { range, attribs } => {
                new_end = start + range.len();
                assert!(!range.is_empty(), "{patch:?}: an empty stretch");
                assert!(old.attribs[range.clone()].iter().all(|set| set != attribs), "{patch:?}: nothing new");
            }
            Change::Replace { range, pieces } => {
                new_end = start + pieces.iter().map(|(text, _)| text.len()).sum::<usize>();
                assert!(!range.is_empty() || !pieces.is_empty(), "{patch:?}: nothing for nothing");
                assert!(pieces.iter().all(|(text, _)| !text.is_empty()), "{patch:?}: an empty piece");
                assert!(pieces.windows(2).all(|pair| pair[0].1 != pair[1].1), "{patch:?}: pieces that are one");
                for (at, new_at) in [(range.start, start), (range.end, new_end)] {
                    let cut = cuts_pair(&old.text, at) && cuts_pair(&new.text, new_at);
                    assert!(!cut, "{patch:?}: cuts a pair at {at}, where both texts have one");
                }
            }
        }
    }
}
