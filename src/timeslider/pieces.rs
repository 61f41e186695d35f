//! Parts of a text, followed back through the changesets that made it.

use crate::changeset::{Changeset, OpKind};

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it stands in the document of the moment; for those behind the cursor, how far from its end.
    pub at: u32,
    pub len: u32,
    /// Where it stands in the range that was asked for.
    pub offset: u32,
}

/// Pieces of a document, in order, on the way back in time.
///
/// Those before the cursor are counted from the start of the document, those behind it from the end. So a change at the
/// cursor moves none of them, and going from one change to the next costs the pieces in between; people write in one place
/// for a while.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    /// Ascending.
    before: Vec<Piece>,
    /// Descending: the nearest is the last.
    behind: Vec<Piece>,
    /// The length of the document.
    len: u32,
}

impl Pieces {
    /// Pieces of a document of `len` code units, ascending.
    pub fn new(pieces: Vec<Piece>, len: u32) -> Self {
        Self { before: pieces, behind: Vec::new(), len }
    }

    /// The length of the document of the moment.
    pub fn document_len(&self) -> usize {
        self.len as usize
    }

    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.behind.is_empty()
    }

    /// All of them.
    pub fn into_pieces(mut self) -> Vec<Piece> {
        self.move_cursor(self.len);
        self.before
    }

    /// Goes back before a changeset, and gives the pieces that it inserted, as they stand behind it.
    pub fn undo(&mut self, changeset: &Changeset) -> Vec<Piece> {
        let mut ops = changeset.ops();
        let mut start = 0;
        if let [first, rest @ ..] = ops
            && first.kind == OpKind::Keep
        {
            (start, ops) = (first.chars, rest);
        }
        let mut inserted = Vec::new();
        self.move_cursor(start);
        let (mut old_at, mut new_at) = (start, start);
        for op in ops {
            match op.kind {
                OpKind::Keep => {
                    while let Some(piece) = self.take_before(new_at + op.chars) {
                        self.push_before(Piece { at: piece.at - new_at + old_at, ..piece });
                    }
                    old_at += op.chars;
                    new_at += op.chars;
                }
                OpKind::Insert => {
                    while let Some(piece) = self.take_before(new_at + op.chars) {
                        inserted.push(piece);
                    }
                    new_at += op.chars;
                }
                OpKind::Remove => old_at += op.chars,
            }
        }
        self.len = changeset.old_len() as u32;
        inserted
    }

    /// Takes the next piece behind the cursor if it begins before `end`, cut off there.
    fn take_before(&mut self, end: u32) -> Option<Piece> {
        let piece = self.behind.pop()?;
        let at = self.len - piece.at;
        if at >= end {
            self.behind.push(piece);
            return None;
        }
        let len = piece.len.min(end - at);
        if len < piece.len {
            self.behind.push(Piece { at: piece.at - len, len: piece.len - len, offset: piece.offset + len });
        }
        Some(Piece { at, len, offset: piece.offset })
    }

    fn push_before(&mut self, piece: Piece) {
        match self.before.last_mut() {
            Some(last) if last.at + last.len == piece.at && last.offset + last.len == piece.offset => {
                last.len += piece.len;
            }
            _ => self.before.push(piece),
        }
    }

    fn push_behind(&mut self, piece: Piece) {
        let at = self.len - piece.at;
        match self.behind.last_mut() {
            Some(last) if at - piece.len == last.at && piece.offset + piece.len == last.offset => {
                *last = Piece { at, len: piece.len + last.len, offset: piece.offset };
            }
            _ => self.behind.push(Piece { at, ..piece }),
        }
    }

    fn move_cursor(&mut self, cursor: u32) {
        while let Some(piece) = self.before.pop() {
            if piece.at + piece.len <= cursor {
                self.before.push(piece);
                break;
            }
            let kept = cursor.saturating_sub(piece.at);
            if kept > 0 {
                self.before.push(Piece { len: kept, ..piece });
            }
            self.push_behind(Piece { at: piece.at + kept, len: piece.len - kept, offset: piece.offset + kept });
        }
        while let Some(piece) = self.take_before(cursor) {
            self.push_before(piece);
        }
    }
}
