//! Changesets from scratch.

use super::{Bank, Changeset, Op, OpAssembler, OpKind};
use crate::attrib::AttribSet;
use crate::error::{Error, ErrorKind};
use crate::text::{MAX_LEN, NEWLINE, count_newlines};

/// Ops of one kind over a text: one up to its last newline, one for the rest, each only if it has a length. O(n).
///
/// Source: `opsFromText` in Etherpad's `src/static/js/Changeset.ts`.
pub fn ops_from_text(kind: OpKind, text: &[u16], attribs: &AttribSet) -> impl Iterator<Item = Op> + use<> {
    let in_lines = text.iter().rposition(|&unit| unit == NEWLINE).map_or(0, |last| last + 1);
    let (head, tail) = text.split_at_checked(in_lines).unwrap_or((text, &[]));
    let head = Op { kind, chars: head.len() as u32, lines: count_newlines(head) as u32, attribs: attribs.clone() };
    let tail = Op { kind, chars: tail.len() as u32, lines: 0, attribs: attribs.clone() };
    [head, tail].into_iter().filter(|op| op.chars > 0)
}

/// Makes a changeset step by step, from the start of the document to its end; what is not mentioned is kept.
///
/// ```
/// use easysync::{AttribPool, AttribSet, Attribute, Builder};
/// let mut pool = AttribPool::new();
/// let bold = AttribSet::from(pool.put(Attribute::new("bold", "true")));
/// let mut builder = Builder::new(8);
/// builder.keep(4, 1, &bold).remove(1, 0).insert(&"😀".encode_utf16().collect::<Vec<_>>(), &AttribSet::EMPTY);
/// assert_eq!(builder.finish()?.to_string(), "Z:8>1*0|1=4-1+2$😀");
/// # Ok::<(), easysync::Error>(())
/// ```
///
/// Source: `Builder` in Etherpad's `src/static/js/Builder.ts`.
#[derive(Debug)]
pub struct Builder {
    old_len: usize,
    ops: OpAssembler,
    bank: Bank,
    /// The first length that was too long for an op.
    too_long: Option<usize>,
}

impl Builder {
    /// Begins a changeset for documents of `old_len` code units.
    pub fn new(old_len: usize) -> Self {
        Self { old_len, ops: OpAssembler::new(), bank: Bank::new(), too_long: None }
    }

    /// Keeps `chars` code units with `lines` newlines, and sets attributes on them. If there are newlines, the last code
    /// unit must be one.
    #[doc(alias = "retain")]
    pub fn keep(&mut self, chars: usize, lines: usize, attribs: &AttribSet) -> &mut Self {
        self.push(OpKind::Keep, chars, lines, attribs)
    }

    /// Keeps a text, and sets attributes on it.
    pub fn keep_text(&mut self, text: &[u16], attribs: &AttribSet) -> &mut Self {
        self.push_text(OpKind::Keep, text, attribs)
    }

    /// Removes `chars` code units with `lines` newlines. If there are newlines, the last code unit must be one.
    #[doc(alias = "delete")]
    pub fn remove(&mut self, chars: usize, lines: usize) -> &mut Self {
        self.push(OpKind::Remove, chars, lines, &AttribSet::EMPTY)
    }

    /// Removes a text.
    pub fn remove_text(&mut self, text: &[u16]) -> &mut Self {
        self.push_text(OpKind::Remove, text, &AttribSet::EMPTY)
    }

    /// Inserts a text.
    pub fn insert(&mut self, text: &[u16], attribs: &AttribSet) -> &mut Self {
        self.bank.extend_from_slice(text);
        self.push_text(OpKind::Insert, text, attribs)
    }

    /// The changeset, in normal form.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`], [`ErrorKind::PastEnd`] or [`ErrorKind::MoreLinesThanChars`].
    pub fn finish(self) -> Result<Changeset, Error> {
        match self.too_long {
            Some(len) => Err(ErrorKind::TooLong { len }.into()),
            None => Changeset::checked(self.old_len, self.ops.finish(), self.bank),
        }
    }

    fn push(&mut self, kind: OpKind, chars: usize, lines: usize, attribs: &AttribSet) -> &mut Self {
        let longest = chars.max(lines);
        if longest > MAX_LEN {
            self.too_long.get_or_insert(longest);
        } else {
            self.ops.push(Op { kind, chars: chars as u32, lines: lines as u32, attribs: attribs.clone() });
        }
        self
    }

    fn push_text(&mut self, kind: OpKind, text: &[u16], attribs: &AttribSet) -> &mut Self {
        if text.len() > MAX_LEN {
            self.too_long.get_or_insert(text.len());
        } else {
            ops_from_text(kind, text, attribs).for_each(|op| self.ops.push(op));
        }
        self
    }
}

impl Changeset {
    /// Replaces `remove` code units at `start` of a text by `insert`. `start` and `remove` are cut to what there is.
    ///
    /// O(length of `text`); [`Document::splice`](crate::Document::splice) needs O(log n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`].
    ///
    /// ```
    /// use easysync::{AttribSet, Changeset, Utf16String};
    /// let (old, new) = (Utf16String::from("a😀\n"), Utf16String::from("é"));
    /// assert_eq!(Changeset::splice(&old, 1, 2, &new, &AttribSet::EMPTY)?.to_string(), "Z:4<1=1-2+1$é");
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `makeSplice` in Etherpad's `src/static/js/Changeset.ts`.
    #[doc(alias = "make_splice")]
    pub fn splice(
        text: &[u16],
        start: usize,
        remove: usize,
        insert: &[u16],
        attribs: &AttribSet,
    ) -> Result<Self, Error> {
        let (before, rest) = text.split_at_checked(start).unwrap_or((text, &[]));
        let mut builder = Builder::new(text.len());
        builder.keep_text(before, &AttribSet::EMPTY);
        builder.remove_text(rest.get(..remove).unwrap_or(rest)).insert(insert, attribs);
        builder.finish()
    }
}
