//! Lines: by number, and from positions.

use super::Document;
use super::tree::Summary;
use crate::attrib::AttribSet;
use crate::changeset::{Builder, Changeset};
use crate::error::{Error, ErrorKind};
use crate::text::NEWLINE;
use std::ops::Range;

impl Document {
    /// How many `\n` there are. O(1).
    pub fn newlines(&self) -> usize {
        self.tree.summary().newlines as usize
    }

    /// How many lines there are: one per newline, and one more if the text does not end in one. O(log n).
    pub fn line_count(&self) -> usize {
        let len = self.len_utf16();
        self.newlines() + usize::from(len > 0 && self.line_start(self.newlines()) < len)
    }

    /// The range of a line, counted from 0, its newline included. O(log n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`], in lines.
    ///
    /// ```
    /// let doc = easysync::Document::from_text("a😀\nb\n");
    /// assert_eq!(doc.line_range(1)?, 4..6);
    /// assert_eq!(doc.line_at(4)?, 1);
    /// # Ok::<(), easysync::Error>(())
    /// ```
    pub fn line_range(&self, line: usize) -> Result<Range<usize>, Error> {
        let count = self.line_count();
        if line >= count {
            return Err(ErrorKind::OutOfRange { start: line, end: line.saturating_add(1), len: count }.into());
        }
        Ok(self.line_start(line)..self.line_start(line + 1))
    }

    /// The line in which a position lies, counted from 0. The position right behind a newline is on the next line.
    /// O(log n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`]; the position at the end of the document is within.
    pub fn line_at(&self, position: usize) -> Result<usize, Error> {
        if position > self.len_utf16() {
            return Err(self.out_of_range(position..position));
        }
        Ok(self.newlines_before(position))
    }

    /// The changeset that replaces a range by a text, all of it with one attribute set. O(log n + length).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`], [`ErrorKind::TooLong`].
    ///
    /// ```
    /// use easysync::{AttribSet, Document};
    /// let doc = Document::from_text("ab\ncd\n");
    /// let changeset = doc.splice(4..5, &[0x78, 0x0a], &AttribSet::EMPTY)?;
    /// assert_eq!(changeset.to_string(), "Z:6>1|1=3=1-1|1+2$x\n");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    #[doc(alias = "make_splice")]
    pub fn splice(&self, range: Range<usize>, insert: &[u16], attribs: &AttribSet) -> Result<Changeset, Error> {
        if range.start > range.end || range.end > self.len_utf16() {
            return Err(self.out_of_range(range));
        }
        let (first, last) = (self.newlines_before(range.start), self.newlines_before(range.end));
        let (first_start, last_start) = (self.line_start(first), self.line_start(last).max(range.start));
        let mut builder = Builder::new(self.len_utf16());
        builder.keep(first_start, first, &AttribSet::EMPTY).keep(range.start - first_start, 0, &AttribSet::EMPTY);
        builder.remove(last_start - range.start, last - first).remove(range.end - last_start, 0);
        builder.insert(insert, attribs);
        builder.finish()
    }

    /// Whether the last code unit is a newline. O(log n).
    pub(super) fn ends_in_newline(&self) -> bool {
        self.tree.last_leaf().text().last() == Some(&NEWLINE)
    }

    /// Newlines before a position that is within the document.
    pub(super) fn newlines_before(&self, position: usize) -> usize {
        let place = self.tree.seek(|sum| sum.len() >= position);
        place.before.newlines as usize + place.leaf.newlines_before(position - place.before.len())
    }

    /// Where a line begins: behind that many newlines, or at the end if there are fewer.
    fn line_start(&self, line: usize) -> usize {
        if line == 0 {
            return 0;
        }
        let place = self.tree.seek(|sum| sum.newlines as usize >= line);
        let mut newlines = place.leaf.text().iter().enumerate().filter(|(_, unit)| **unit == NEWLINE);
        match newlines.nth(line - 1 - place.before.newlines as usize) {
            Some((offset, _)) => place.before.len() + offset + 1,
            None => self.len_utf16(),
        }
    }
}
