//! Attributed text on a persistent tree.
//!
//! | file | operation |
//! |---|---|
//! | `mod` | a document from text, and back; pieces and ranges |
//! | `apply` | changesets |
//! | `lines` | lines by number, positions to lines |
//! | `diff`, `equal` | the patch from one document to another |
//! | `shown` | a change as an editor has to show it |
//! | `atext` | the flat form on the wire |
//! | `leaf`, `tree` | what it is made of |

mod apply;
mod atext;
mod diff;
mod equal;
mod leaf;
mod lines;
mod shown;
mod tree;

pub use atext::AText;
pub use diff::{Change, Patch};
pub use shown::ShownPatch;

use crate::attrib::{AttribPool, AttribSet};
use crate::changeset::{AttributedText, Op, Visitor};
use crate::error::{Error, ErrorKind};
use crate::text::{MAX_LEN, Utf16String};
use leaf::{LeafBuilder, Pieces, TextLeaf};
use std::fmt;
use std::ops::Range;
use tree::{Leaf, Leaves, Summary, Tree};

/// A text in which every stretch has a set of attributes, numbered by a pool that is kept beside it.
///
/// All lengths and positions are UTF-16 code units. Any units are text: halves of surrogate pairs, NUL and `\r` are kept
/// as they are, and only `\n` ends a line. Etherpad's documents end in a newline; this type does not insist.
///
/// **Cost.** A clone is O(1) and shares all memory with the original. An edit in place is O(log n + length of the edit);
/// what is still shared with a clone is copied on the way, some kilobytes per edit. At most 4 bytes per code unit and 64
/// bytes per stretch of equal attributes.
///
/// ```
/// use easysync::{AttribPool, Changeset, Document};
/// let pool = AttribPool::new();
/// let mut doc = Document::from_text("a😀\n");
/// let before = doc.clone();
/// doc.apply(&Changeset::parse("Z:4>1=3+1$!")?, &pool)?;
/// assert_eq!((doc.text().to_string().as_str(), doc.len_utf16()), ("a😀!\n", 5));
/// assert_eq!(before.text(), "a😀\n");
/// # Ok::<(), easysync::Error>(())
/// ```
#[derive(Clone)]
pub struct Document {
    tree: Tree<TextLeaf>,
    /// A position and how many newlines are before it: where the line begins that was changed last. The next change is often in it.
    line: (usize, usize),
}

impl Document {
    /// The document of a new pad: one newline.
    pub fn new() -> Self {
        Self::from_text("\n")
    }

    /// A document without attributes. O(n).
    pub fn from_text(text: impl Into<Utf16String>) -> Self {
        Self::from_pieces([(&*text.into(), &AttribSet::EMPTY)])
    }

    /// A document from pieces of text, each with its attributes. O(n).
    pub fn from_pieces<'a>(pieces: impl IntoIterator<Item = (&'a [u16], &'a AttribSet)>) -> Self {
        let mut leaves = LeafBuilder::default();
        pieces.into_iter().for_each(|(text, attribs)| leaves.push(text, attribs));
        Self { tree: Tree::from_leaves(leaves.finish()), line: (0, 0) }
    }

    /// A document from its flat form, numbered by `pool`. O(n).
    ///
    /// # Errors
    ///
    /// As [`AText::ops`]; [`ErrorKind::MissingAttribute`]; [`ErrorKind::TooLong`].
    pub fn from_atext(atext: &AText, pool: &AttribPool) -> Result<Self, Error> {
        let ops = atext.ops()?;
        if atext.text.len() > MAX_LEN {
            return Err(ErrorKind::TooLong { len: atext.text.len() }.into());
        }
        check_known(&ops, pool)?;
        let mut leaves = LeafBuilder::default();
        let mut rest = &*atext.text;
        for op in &ops {
            let (piece, after) = rest.split_at_checked(op.chars as usize).unwrap_or((rest, &[]));
            leaves.push(piece, &op.attribs);
            rest = after;
        }
        Ok(Self { tree: Tree::from_leaves(leaves.finish()), line: (0, 0) })
    }

    /// The flat form, merged. O(n).
    pub fn to_atext(&self) -> AText {
        AText::from_pieces(self.all())
    }

    /// The whole text. O(n).
    pub fn text(&self) -> Utf16String {
        let mut text = Vec::with_capacity(self.len_utf16());
        self.all().for_each(|(piece, _)| text.extend_from_slice(piece));
        text.into()
    }

    /// The text of a range. O(log n + length).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn slice(&self, range: Range<usize>) -> Result<Utf16String, Error> {
        let mut text = Utf16String::new();
        self.pieces(range)?.for_each(|(piece, _)| text.push_units(piece));
        Ok(text)
    }

    /// The attributes of the code unit at a position. O(log n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn attribs_at(&self, position: usize) -> Result<&AttribSet, Error> {
        let end = position.saturating_add(1);
        let piece = self.pieces(position..end)?.next();
        piece.map(|(_, attribs)| attribs).ok_or_else(|| self.out_of_range(position..end))
    }

    /// A range as pieces of text with one attribute set each, in order. Neighbours may have the same set.
    /// O(log n) to begin, then O(1) per piece.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn pieces(&self, range: Range<usize>) -> Result<impl Iterator<Item = (&[u16], &AttribSet)>, Error> {
        if range.start > range.end || range.end > self.len_utf16() {
            return Err(self.out_of_range(range));
        }
        Ok(self.stretch(range.start, range.len()))
    }

    /// Length in UTF-16 code units. O(1).
    pub fn len_utf16(&self) -> usize {
        self.tree.summary().len()
    }

    /// Whether there is no text at all, not even a newline. O(1).
    pub fn is_empty(&self) -> bool {
        self.len_utf16() == 0
    }

    /// Whether both share all memory, as a clone does until one of them changes; if so they are equal. O(1).
    pub fn is_same(&self, other: &Self) -> bool {
        self.tree.is_same(&other.tree)
    }

    /// Checks what must hold inside. O(n), for tests.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[doc(hidden)]
    pub fn check_invariants(&self) {
        self.tree.check_invariants();
        assert_eq!(self.newlines_before(self.line.0), self.line.1, "newlines before the last line");
    }

    fn all(&self) -> DocumentPieces<'_> {
        self.stretch(0, self.len_utf16())
    }

    /// The pieces of a range that is within the document.
    fn stretch(&self, start: usize, len: usize) -> DocumentPieces<'_> {
        DocumentPieces { leaves: self.tree.leaves_from(start), pieces: None, range: start..start + len }
    }

    fn out_of_range(&self, range: Range<usize>) -> Error {
        ErrorKind::OutOfRange { start: range.start, end: range.end, len: self.len_utf16() }.into()
    }
}

/// All attribute numbers of the ops must be in the pool.
fn check_known(ops: &[Op], pool: &AttribPool) -> Result<(), Error> {
    let unknown = ops.iter().flat_map(|op| op.attribs.ids()).find(|id| id.0 as usize >= pool.len());
    unknown.map_or(Ok(()), |&id| Err(pool.missing(id)))
}

/// See [`Document::pieces`].
struct DocumentPieces<'a> {
    leaves: Leaves<'a, TextLeaf>,
    pieces: Option<Pieces<'a>>,
    range: Range<usize>,
}

impl<'a> Iterator for DocumentPieces<'a> {
    type Item = (&'a [u16], &'a AttribSet);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.pieces.as_mut().and_then(Iterator::next) {
                return Some(piece);
            }
            let place = self.leaves.next()?;
            let start = place.before.len();
            if start >= self.range.end {
                return None;
            }
            let len = place.leaf.summary().len();
            let (from, to) = (self.range.start.saturating_sub(start), (self.range.end - start).min(len));
            self.pieces = Some(place.leaf.pieces(from..to));
        }
    }
}

impl AttributedText for Document {
    fn len_utf16(&self) -> usize {
        Self::len_utf16(self)
    }

    fn visit(&self, range: Range<usize>, visit: &mut Visitor<'_>) -> Result<(), Error> {
        self.pieces(range)?.try_for_each(|(text, attribs)| visit(text, attribs))
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

/// The same text with the same attribute numbers. O(nodes not shared).
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.len_utf16() == other.len_utf16() && self.diff(other).is_empty()
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_atext().fmt(f)
    }
}
