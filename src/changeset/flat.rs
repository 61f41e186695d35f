//! Changesets on documents that somebody else keeps flat: as a text, or as lists of lines.
//!
//! A [`Document`](crate::Document) does all of this to text and attributes together, and faster. This is for hosts that have lists
//! of their own, such as Etherpad's editor and its plugins: only the lines that a changeset touches are looked at.

use super::{Bank, Changeset, Op, OpAssembler, OpKind, OpMerger, inverse, ops_from_text};
use crate::attrib::{AttribPool, EmptyValue};
use crate::error::{Error, ErrorKind};
use crate::text::{NEWLINE, Utf16String, count_newlines};

/// A document as lists of lines, each with its newline at the end, of which few are looked at.
pub trait AttributedLines {
    /// What a host fails with.
    type Error: From<Error>;

    /// The text of a line, or `None` past the last one.
    ///
    /// # Errors
    ///
    /// The host's own.
    fn text(&mut self, line: usize) -> Result<Option<Utf16String>, Self::Error>;

    /// The attribution of a line, or `None` past the last one.
    ///
    /// # Errors
    ///
    /// The host's own, and those of [`parse_ops`](crate::parse_ops).
    fn attribution(&mut self, line: usize) -> Result<Option<Vec<Op>>, Self::Error>;
}

/// Lines that come in place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSplice {
    /// Where, in the list in which all earlier splices are done.
    pub start: usize,
    /// How many lines go.
    pub removed: usize,
    /// The attributions of the lines that come.
    pub lines: Vec<Vec<Op>>,
}

impl Changeset {
    /// A text after this changeset. O(length of `text`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthMismatch`]; [`ErrorKind::NewlineMismatch`].
    ///
    /// ```
    /// use easysync::{Changeset, Utf16String};
    /// let text = Utf16String::from("a😀\n");
    /// assert_eq!(Changeset::parse("Z:4<1=1-2+1$é")?.apply_to_text(&text)?, "aé\n");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `applyToText` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn apply_to_text(&self, text: &[u16]) -> Result<Utf16String, Error> {
        if text.len() != self.old_len() {
            return Err(ErrorKind::LengthMismatch { expected: self.old_len(), found: text.len() }.into());
        }
        let (mut out, mut rest) = (Vec::with_capacity(self.new_len()), text);
        for (index, (op, inserted)) in self.steps().enumerate() {
            if op.kind == OpKind::Insert {
                out.extend_from_slice(inserted);
                continue;
            }
            let (piece, after) = rest.split_at_checked(op.chars as usize).unwrap_or((rest, &[]));
            let (expected, found) = (op.lines as usize, count_newlines(piece));
            if found != expected {
                return Err(ErrorKind::NewlineMismatch { op: index, expected, found }.into());
            }
            if op.kind == OpKind::Keep {
                out.extend_from_slice(piece);
            }
            rest = after;
        }
        out.extend_from_slice(rest);
        Ok(out.into())
    }

    /// What happens to the attributions of a document's lines. O(n) for n ops plus the lines that they touch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoFinalNewline`] if the last line would not end in one; [`ErrorKind::NewlineMismatch`],
    /// [`ErrorKind::MissingAttribute`], [`ErrorKind::OutOfRange`], in lines; those of `lines`.
    ///
    /// Source: `mutateAttributionLines` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "mutate_attribution_lines")]
    pub fn apply_to_lines<L: AttributedLines>(
        &self,
        lines: &mut L,
        pool: &AttribPool,
    ) -> Result<Vec<LineSplice>, L::Error> {
        let mut out = Region::default();
        let mut old = Cursor::new(lines);
        for (index, (op, inserted)) in self.steps().enumerate() {
            if op.kind == OpKind::Insert {
                out.open(&old);
                for part in inserted.split_inclusive(|&unit| unit == NEWLINE) {
                    let newline = part.last() == Some(&NEWLINE);
                    out.push(Op::insert(part.len() as u32, u32::from(newline), op.attribs.clone()));
                }
                continue;
            }
            let is_plain = op.kind == OpKind::Keep && op.attribs.is_empty();
            let (mut chars, mut newlines) = (op.chars, 0);
            while chars > 0 {
                // Whole lines that stay as they are need not be looked at.
                if is_plain && newlines < op.lines && old.is_at_start() && out.is_at_start() {
                    out.close(&old);
                    old.skip_lines((op.lines - newlines) as usize);
                    newlines = op.lines;
                    break;
                }
                out.open(&old);
                let piece = old.take(chars)?;
                chars -= piece.chars;
                newlines += piece.lines;
                if op.kind == OpKind::Keep {
                    let attribs = piece.attribs.compose(&op.attribs, EmptyValue::Delete, pool)?;
                    out.push(Op { attribs, ..piece });
                }
            }
            if newlines != op.lines {
                let (expected, found) = (op.lines as usize, newlines as usize);
                return Err(Error::from(ErrorKind::NewlineMismatch { op: index, expected, found }).into());
            }
        }
        if out.is_open() {
            while !(old.is_at_start() && out.is_at_start()) {
                let piece = old.take_rest()?.ok_or_else(|| Error::from(ErrorKind::NoFinalNewline))?;
                out.push(piece);
            }
        }
        out.close(&old);
        Ok(out.done)
    }

    /// The changeset that takes this one back, from the lines of the document before it; as [`Changeset::inverse`], but newlines
    /// are counted as the attributions have them. O(n) for n ops plus the lines that they remove or format.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`], [`ErrorKind::OutOfRange`], in lines; those of `lines`.
    ///
    /// Source: `inverse` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn inverse_by_lines<L: AttributedLines>(&self, lines: &mut L, pool: &mut AttribPool) -> Result<Self, L::Error> {
        let (mut out, mut bank) = (OpAssembler::new(), Bank::new());
        let mut old = Cursor::new(lines);
        for op in self.ops() {
            match op.kind {
                OpKind::Insert => out.push(Op::remove(op.chars, op.lines)),
                OpKind::Keep if op.attribs.is_empty() => {
                    if op.lines > 0 {
                        old.skip_lines(op.lines as usize);
                    } else {
                        old.skip(op.chars)?;
                    }
                    out.push(op.clone());
                }
                OpKind::Keep => {
                    let mut chars = op.chars;
                    while chars > 0 {
                        let piece = old.take(chars)?;
                        chars -= piece.chars;
                        let attribs = inverse::restore(&piece.attribs, &op.attribs, pool)?;
                        out.push(Op { kind: OpKind::Keep, attribs, ..piece });
                    }
                }
                OpKind::Remove => {
                    let mut chars = op.chars;
                    while chars > 0 {
                        let (piece, text) = old.take_text(chars)?;
                        chars -= piece.chars;
                        ops_from_text(OpKind::Insert, &text, &piece.attribs).for_each(|op| out.push(op));
                        bank.extend_from_slice(&text);
                    }
                }
            }
        }
        Ok(Self::checked(self.new_len(), out.finish(), bank)?)
    }
}

/// A place in lists of lines, from which ops are taken.
struct Cursor<'a, L> {
    lines: &'a mut L,
    line: usize,
    /// How much of the line has been taken, in code units.
    taken: u32,
    /// What is left of the line, the next op last; `None` if it was not looked at.
    rest: Option<Vec<Op>>,
    /// The text of a line that was looked at.
    text: Option<(usize, Utf16String)>,
}

impl<'a, L: AttributedLines> Cursor<'a, L> {
    fn new(lines: &'a mut L) -> Self {
        Self { lines, line: 0, taken: 0, rest: None, text: None }
    }

    fn is_at_start(&self) -> bool {
        self.taken == 0
    }

    /// Goes to the start of a line further on.
    fn skip_lines(&mut self, lines: usize) {
        (self.line, self.taken, self.rest) = (self.line + lines, 0, None);
    }

    /// Takes code units, and looks at none that need not be looked at.
    fn skip(&mut self, chars: u32) -> Result<(), L::Error> {
        if self.rest.is_none() {
            self.taken = self.taken.saturating_add(chars);
            return Ok(());
        }
        let mut left = chars;
        while left > 0 {
            left -= self.take(left)?.chars;
        }
        Ok(())
    }

    /// Takes the next op, or as much of it as `chars`.
    fn take(&mut self, chars: u32) -> Result<Op, L::Error> {
        loop {
            if let Some(op) = self.next(chars)? {
                return Ok(op);
            }
            self.skip_lines(1);
        }
    }

    /// Takes the next op of the line; `None` past the last line.
    fn take_rest(&mut self) -> Result<Option<Op>, L::Error> {
        if self.rest.is_none() && self.lines.attribution(self.line)?.is_none() {
            return Ok(None);
        }
        self.take(u32::MAX).map(Some)
    }

    /// Takes the next op, or as much of it as `chars`, with its text.
    fn take_text(&mut self, chars: u32) -> Result<(Op, Utf16String), L::Error> {
        let (mut line, mut start) = (self.line, self.taken as usize);
        let op = loop {
            if let Some(op) = self.next(chars)? {
                break op;
            }
            self.skip_lines(1);
            (line, start) = (self.line, 0);
        };
        if self.text.as_ref().is_none_or(|(known, _)| *known != line) {
            let text = self.lines.text(line)?.ok_or_else(|| past_end(line))?;
            self.text = Some((line, text));
        }
        let text = self.text.as_ref().and_then(|(_, text)| text.get(start..start + op.chars as usize));
        Ok((op, text.map(Utf16String::from).ok_or_else(|| past_end(line))?))
    }

    /// Takes the next op of the line, or as much of it as `chars`; `None` at the end of the line.
    fn next(&mut self, chars: u32) -> Result<Option<Op>, L::Error> {
        if self.rest.is_none() {
            let mut ops = self.lines.attribution(self.line)?.ok_or_else(|| past_end(self.line))?;
            ops.reverse();
            let mut before = self.taken;
            while let Some(op) = ops.last_mut()
                && before > 0
            {
                let skipped = before.min(op.chars);
                before -= skipped;
                op.chars -= skipped;
                if op.chars == 0 {
                    ops.pop();
                }
            }
            self.rest = Some(ops);
        }
        let Some(rest) = &mut self.rest else { return Ok(None) };
        let Some(mut op) = rest.pop() else { return Ok(None) };
        if op.chars > chars {
            rest.push(Op { chars: op.chars - chars, ..op.clone() });
            (op.chars, op.lines) = (chars, 0);
        }
        self.taken += op.chars;
        if rest.is_empty() {
            self.skip_lines(1);
        }
        Ok(Some(op))
    }
}

fn past_end(line: usize) -> Error {
    ErrorKind::OutOfRange { start: line, end: line.saturating_add(1), len: line }.into()
}

/// New lines, and the region of old lines that they replace.
#[derive(Default)]
struct Region {
    /// Where it begins in the old list, if there is one.
    start: Option<usize>,
    lines: Vec<Vec<Op>>,
    /// The line that has no newline yet.
    line: Vec<Op>,
    merger: OpMerger,
    /// Whether there is anything in that line.
    is_within: bool,
    done: Vec<LineSplice>,
    /// How much longer the list has become.
    grown: usize,
    shrunk: usize,
}

impl Region {
    fn is_open(&self) -> bool {
        self.start.is_some()
    }

    fn is_at_start(&self) -> bool {
        !self.is_within
    }

    fn open<L>(&mut self, old: &Cursor<'_, L>) {
        self.start.get_or_insert(old.line);
    }

    fn push(&mut self, op: Op) {
        let ends = op.lines > 0;
        self.is_within = !ends && (self.is_within || op.chars > 0);
        self.merger.push(op, &mut self.line);
        if ends {
            self.merger.flush(&mut self.line);
            self.lines.push(std::mem::take(&mut self.line));
        }
    }

    /// Ends the region at the start of a line, if there is one.
    fn close<L>(&mut self, old: &Cursor<'_, L>) {
        let Some(start) = self.start.take() else { return };
        let (removed, lines) = (old.line - start, std::mem::take(&mut self.lines));
        self.grown += lines.len();
        self.done.push(LineSplice { start: start + self.grown - lines.len() - self.shrunk, removed, lines });
        self.shrunk += removed;
    }
}
