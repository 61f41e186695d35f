//! One walk over a document from start to end, that leaves a changeset behind.

use crate::attrib::AttribSet;
use crate::changeset::{Builder, Changeset};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::NEWLINE;
use std::ops::Range;

/// A [`Builder`] that counts the newlines of what it passes by itself. Each step is O(log n).
#[derive(Debug)]
pub(super) struct Sweep<'a> {
    doc: &'a Document,
    builder: Builder,
    at: usize,
    line: usize,
}

impl<'a> Sweep<'a> {
    pub fn new(doc: &'a Document) -> Self {
        Self { doc, builder: Builder::new(doc.len_utf16()), at: 0, line: 0 }
    }

    /// Keeps what lies before a position, and sets attributes on it. Nothing happens if the position was passed.
    pub fn keep_to(&mut self, position: usize, attribs: &AttribSet) -> Result<(), Error> {
        let ((chars, lines), rest) = self.pass(position)?;
        self.builder.keep(chars, lines, attribs).keep(rest, 0, attribs);
        Ok(())
    }

    /// Removes what lies before a position. Nothing happens if the position was passed.
    pub fn remove_to(&mut self, position: usize) -> Result<(), Error> {
        let ((chars, lines), rest) = self.pass(position)?;
        self.builder.remove(chars, lines).remove(rest, 0);
        Ok(())
    }

    pub fn insert(&mut self, text: &[u16], attribs: &AttribSet) {
        self.builder.insert(text, attribs);
    }

    pub fn finish(self) -> Result<Changeset, Error> {
        self.builder.finish()
    }

    /// Code units and newlines up to the last newline before a position, and the code units after it.
    fn pass(&mut self, position: usize) -> Result<((usize, usize), usize), Error> {
        if position <= self.at {
            return Ok(((0, 0), 0));
        }
        let line = self.doc.line_at(position)?;
        let lines = line - self.line;
        let last = if lines > 0 { line_start(self.doc, line) } else { self.at };
        let passed = ((last - self.at, lines), position - last);
        (self.at, self.line) = (position, line);
        Ok(passed)
    }
}

/// Where a line begins; the end of the document if there is no such line.
pub(super) fn line_start(doc: &Document, line: usize) -> usize {
    doc.line_range(line).map_or(doc.len_utf16(), |range| range.start)
}

/// Where text can still be put: before the newline that the document ends in.
pub(super) fn text_end(doc: &Document) -> usize {
    let len = doc.len_utf16();
    if unit_before(doc, len) == Some(NEWLINE) { len - 1 } else { len }
}

/// The code unit before a position, if there is one.
pub(super) fn unit_before(doc: &Document, position: usize) -> Option<u16> {
    let range = position.checked_sub(1)?..position;
    doc.pieces(range).ok()?.next()?.0.first().copied()
}

/// The error for a range that is not in the document, or not where it should be.
pub(super) fn check_range(doc: &Document, range: &Range<usize>) -> Result<(), Error> {
    check_within(range, doc.len_utf16())
}

pub(super) fn check_within(range: &Range<usize>, len: usize) -> Result<(), Error> {
    if range.start > range.end || range.end > len {
        return Err(ErrorKind::OutOfRange { start: range.start, end: range.end, len }.into());
    }
    Ok(())
}
