//! The flat form of a document, as servers and `.etherpad` files have it.

use crate::attrib::AttribSet;
use crate::changeset::{Op, OpKind, OpMerger, ops_from_text, parse_ops, print_ops};
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;

/// A text and its attribution as they stand on the wire: `{text: "ab\n", attribs: "*0+2|1+1"}`.
///
/// This is the form in which documents travel; [`Document`](crate::Document) is the one to work with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AText {
    /// The text.
    pub text: Utf16String,
    /// Insert ops that cover the text, numbered by some pool.
    pub attribs: String,
}

impl AText {
    /// The attribution as ops, checked against the length of the text. O(n).
    ///
    /// Newline counts are not checked: pads are known whose counts are wrong, and the text itself tells.
    ///
    /// # Errors
    ///
    /// As [`parse_ops`]; [`ErrorKind::NotAttribution`]; [`ErrorKind::AttributionLength`].
    pub fn ops(&self) -> Result<Vec<Op>, Error> {
        let ops = parse_ops(&self.attribs)?;
        if let Some(op) = ops.iter().position(|op| op.kind != OpKind::Insert) {
            return Err(ErrorKind::NotAttribution { op }.into());
        }
        let found = ops.iter().map(|op| op.chars as usize).sum();
        if found != self.text.len() {
            return Err(ErrorKind::AttributionLength { expected: self.text.len(), found }.into());
        }
        Ok(ops)
    }

    /// Puts text and attribution together from pieces. O(n).
    pub fn from_pieces<'a>(pieces: impl IntoIterator<Item = (&'a [u16], &'a AttribSet)>) -> Self {
        let mut text = Utf16String::new();
        let (mut merger, mut ops) = (OpMerger::new(), Vec::new());
        for (piece, attribs) in pieces {
            text.push_units(piece);
            ops_from_text(OpKind::Insert, piece, attribs).for_each(|op| merger.push(op, &mut ops));
        }
        merger.flush(&mut ops);
        Self { text, attribs: print_ops(&ops) }
    }
}
