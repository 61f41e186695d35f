//! The leaf of a document: a few hundred code units of text with their attribute runs.

#![allow(clippy::indexing_slicing, reason = "offsets are checked against the leaf's length before they get here")]

use super::tree::{Edited, Leaf, Summary};
use crate::attrib::AttribSet;
use crate::error::Error;
use crate::text::count_newlines;
use arrayvec::ArrayVec;
use smallvec::SmallVec;
use std::ops::{Add, Range, Sub};

/// How many code units a leaf holds at most.
pub(super) const MAX_TEXT: usize = if cfg!(feature = "__small_tree") { 8 } else { 256 };
/// How many attribute runs it holds at most.
pub(super) const MAX_RUNS: usize = if cfg!(feature = "__small_tree") { 4 } else { 64 };
/// How full a leaf is when a text is loaded, so that the first edits find room.
const FILL_TEXT: usize = MAX_TEXT / 8 * 7;
const FILL_RUNS: usize = MAX_RUNS / 4 * 3;

/// Code units and newlines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub units: u32,
    pub newlines: u32,
}

impl Summary for Extent {
    fn len(&self) -> usize {
        self.units as usize
    }
}

impl Add for Extent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { units: self.units + other.units, newlines: self.newlines + other.newlines }
    }
}

impl Sub for Extent {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { units: self.units - other.units, newlines: self.newlines - other.newlines }
    }
}

/// A stretch of text with one attribute set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    len: u32,
    attribs: AttribSet,
}

type Runs = SmallVec<[Run; 3]>;

/// Text and runs. The runs are not empty, neighbours differ, and together they are as long as the text.
#[derive(Default)]
pub(super) struct TextLeaf {
    text: ArrayVec<u16, MAX_TEXT>,
    newlines: u32,
    runs: Runs,
}

impl Clone for TextLeaf {
    fn clone(&self) -> Self {
        let mut text = ArrayVec::new();
        // Copies the whole slice at once, which ArrayVec's own clone does not.
        let _fits = text.try_extend_from_slice(&self.text);
        Self { text, newlines: self.newlines, runs: self.runs.clone() }
    }
}

impl TextLeaf {
    pub fn text(&self) -> &[u16] {
        &self.text
    }

    /// Newlines before an offset that is within the leaf.
    pub fn newlines_before(&self, offset: usize) -> usize {
        let (before, after) = self.text.split_at(offset);
        if before.len() <= after.len() {
            count_newlines(before)
        } else {
            self.newlines as usize - count_newlines(after)
        }
    }

    /// The pieces of a range of the leaf.
    pub fn pieces(&self, range: Range<usize>) -> Pieces<'_> {
        let (index, start) = self.run_from(range.start);
        Pieces { leaf: self, run: index, run_start: start, at: range.start, end: range.end }
    }

    /// Replaces the `removed` code units before `end` by a text, if they are in this leaf and there is room.
    pub fn splice(&mut self, end: usize, removed: usize, insert: &[u16], newlines: u32, attribs: &AttribSet) -> Edited {
        let Some(start) = end.checked_sub(removed) else { return Edited::OutOfReach };
        let range = start..end;
        let len = self.text.len();
        let new_len = len - removed + insert.len();
        // One insert may cut a run in two and add one.
        let new_runs = if insert.is_empty() { 0 } else { 2 };
        if new_len > MAX_TEXT || self.runs.len() + new_runs > MAX_RUNS {
            return Edited::NoRoom;
        }
        if removed > 0 {
            self.newlines -= count_newlines(&self.text[range.clone()]) as u32;
            self.remove_runs(range.clone());
        }
        if !insert.is_empty() {
            self.insert_run(range.start, insert.len() as u32, attribs);
        }
        self.newlines += newlines;
        let after = range.start + insert.len();
        if insert.len() > removed {
            // Any units will do to make room.
            let _fits = self.text.try_extend_from_slice(&insert[removed..]);
        }
        self.text.copy_within(range.end..len, after);
        self.text.truncate(new_len);
        self.text[range.start..after].copy_from_slice(insert);
        Edited::Done
    }

    /// Replaces the attributes of the `len` code units before `end` by what `f` makes of them, if they are in this leaf
    /// and there is room for the runs.
    pub fn format(
        &mut self,
        end: usize,
        len: usize,
        f: &mut impl FnMut(&AttribSet) -> Result<AttribSet, Error>,
    ) -> Result<Edited, Error> {
        let Some(start) = end.checked_sub(len) else { return Ok(Edited::OutOfReach) };
        let range = start..end;
        let mut runs = Runs::new();
        let mut at = 0;
        for run in &self.runs {
            let end = at + run.len as usize;
            let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
            push_run(&mut runs, from - at, &run.attribs);
            if to > from {
                push_run(&mut runs, to - from, &f(&run.attribs)?);
            }
            push_run(&mut runs, end - to, &run.attribs);
            at = end;
        }
        if runs.len() > MAX_RUNS {
            return Ok(Edited::NoRoom);
        }
        self.runs = runs;
        Ok(Edited::Done)
    }

    /// The run in which `at` lies, the right one between two, and where it starts.
    fn run_from(&self, at: usize) -> (usize, usize) {
        let mut start = 0;
        for (index, run) in self.runs.iter().enumerate() {
            let end = start + run.len as usize;
            if at < end {
                return (index, start);
            }
            start = end;
        }
        (self.runs.len(), start)
    }

    fn remove_runs(&mut self, range: Range<usize>) {
        let (first, start) = self.run_from(range.start);
        let mut left = range.len() as u32;
        let mut index = first;
        let mut before = (range.start - start) as u32;
        while left > 0 {
            let run = &mut self.runs[index];
            let taken = left.min(run.len - before);
            run.len -= taken;
            left -= taken;
            if run.len == 0 {
                self.runs.remove(index);
            } else {
                index += 1;
                before = 0;
            }
        }
        // Where the hole is, neighbours meet that did not before.
        let hole = if range.start > start { first + 1 } else { first };
        if hole > 0 && hole < self.runs.len() && self.runs[hole - 1].attribs == self.runs[hole].attribs {
            self.runs[hole - 1].len += self.runs[hole].len;
            self.runs.remove(hole);
        }
    }

    fn insert_run(&mut self, at: usize, len: u32, attribs: &AttribSet) {
        let (index, start) = self.run_from(at);
        let inside = at > start;
        // Join the run around it, the one before, or the one after.
        let neighbours =
            if inside { index..index + 1 } else { index.saturating_sub(1)..(index + 1).min(self.runs.len()) };
        if let Some(run) = self.runs[neighbours].iter_mut().find(|run| run.attribs == *attribs) {
            run.len += len;
            return;
        }
        let run = Run { len, attribs: attribs.clone() };
        if inside {
            let before = (at - start) as u32;
            let rest = Run { len: self.runs[index].len - before, attribs: self.runs[index].attribs.clone() };
            self.runs[index].len = before;
            self.runs.insert_many(index + 1, [run, rest]);
        } else {
            self.runs.insert(index, run);
        }
    }
}

impl Leaf for TextLeaf {
    type Summary = Extent;

    fn summary(&self) -> Extent {
        Extent { units: self.text.len() as u32, newlines: self.newlines }
    }

    fn split_off(&mut self, at: usize) -> Self {
        let mut right = Self::default();
        let (index, start) = self.run_from(at);
        if index < self.runs.len() {
            right.runs.extend(self.runs.drain(index..));
            let before = (at - start) as u32;
            if before > 0 {
                self.runs.push(Run { len: before, attribs: right.runs[0].attribs.clone() });
                right.runs[0].len -= before;
            }
        }
        let _fits = right.text.try_extend_from_slice(&self.text[at..]);
        right.newlines = count_newlines(&right.text) as u32;
        self.text.truncate(at);
        self.newlines -= right.newlines;
        right
    }

    fn try_append(&mut self, right: &Self) -> bool {
        if self.text.len() + right.text.len() > MAX_TEXT || self.runs.len() + right.runs.len() > MAX_RUNS {
            return false;
        }
        let _fits = self.text.try_extend_from_slice(&right.text);
        self.newlines += right.newlines;
        right.runs.iter().for_each(|run| push_run(&mut self.runs, run.len as usize, &run.attribs));
        true
    }

    fn is_small(&self) -> bool {
        self.text.len() < MAX_TEXT / 4 && self.runs.len() < MAX_RUNS / 4
    }

    fn should_join(&self, right: &Self) -> bool {
        self.text.len() + right.text.len() <= FILL_TEXT && self.runs.len() + right.runs.len() <= FILL_RUNS
    }

    fn check_invariants(&self) {
        assert_eq!(self.newlines as usize, count_newlines(&self.text), "newlines of a leaf");
        assert_eq!(self.runs.iter().map(|run| run.len as usize).sum::<usize>(), self.text.len(), "length of the runs");
        assert!(self.runs.len() <= MAX_RUNS, "too many runs in a leaf");
        assert!(self.runs.iter().all(|run| run.len > 0), "empty run");
        assert!(self.runs.windows(2).all(|pair| pair[0].attribs != pair[1].attribs), "equal neighbours");
    }
}

fn push_run(runs: &mut Runs, len: usize, attribs: &AttribSet) {
    match runs.last_mut() {
        _ if len == 0 => {}
        Some(last) if last.attribs == *attribs => last.len += len as u32,
        _ => runs.push(Run { len: len as u32, attribs: attribs.clone() }),
    }
}

/// Text with one attribute set each; see [`TextLeaf::pieces`].
pub(super) struct Pieces<'a> {
    leaf: &'a TextLeaf,
    run: usize,
    run_start: usize,
    at: usize,
    end: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (&'a [u16], &'a AttribSet);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let run = self.leaf.runs.get(self.run)?;
        let run_end = self.run_start + run.len as usize;
        let piece = &self.leaf.text[self.at..run_end.min(self.end)];
        self.run += 1;
        self.run_start = run_end;
        self.at = run_end;
        Some((piece, &run.attribs))
    }
}

/// Cuts attributed text into leaves.
#[derive(Default)]
pub(super) struct LeafBuilder {
    done: Vec<TextLeaf>,
    last: TextLeaf,
}

impl LeafBuilder {
    pub fn push(&mut self, mut text: &[u16], attribs: &AttribSet) {
        while !text.is_empty() {
            let full = self.last.text.len() >= FILL_TEXT
                || self.last.runs.len() >= FILL_RUNS && self.last.runs.last().is_none_or(|run| run.attribs != *attribs);
            if full {
                self.done.push(std::mem::take(&mut self.last));
            }
            let (head, rest) = text.split_at(text.len().min(FILL_TEXT - self.last.text.len()));
            let _fits = self.last.text.try_extend_from_slice(head);
            self.last.newlines += count_newlines(head) as u32;
            push_run(&mut self.last.runs, head.len(), attribs);
            text = rest;
        }
    }

    pub fn finish(mut self) -> Vec<TextLeaf> {
        if !self.last.text.is_empty() {
            self.done.push(self.last);
        }
        self.done
    }
}
