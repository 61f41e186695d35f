//! Changesets and op lists to wire text.

use super::{Changeset, Op, Unpacked};
use crate::base36::Base36;
use crate::text::{Utf16String, write_lossy};
use std::fmt;

/// As on the wire: `*0|1+5`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attribs.fmt(f)?;
        if self.lines > 0 {
            write!(f, "|{}", Base36(u64::from(self.lines)))?;
        }
        write!(f, "{}{}", self.kind.symbol(), Base36(u64::from(self.chars)))
    }
}

/// As on the wire, but for people: half of a surrogate pair shows as U+FFFD. [`Changeset::to_utf16`] is exact.
impl fmt::Display for Changeset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut header = Vec::new();
        push_header(u64::from(self.0.old_len), u64::from(self.0.new_len), &mut header);
        write_lossy(&header, f)?;
        self.0.ops.iter().try_for_each(|op| op.fmt(f))?;
        f.write_str("$")?;
        write_lossy(&self.0.bank, f)
    }
}

impl Unpacked<'_> {
    /// Puts the parts together again, as they are. O(n).
    ///
    /// Source: `pack` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn to_utf16(&self) -> Utf16String {
        let mut out = Vec::with_capacity(16 + self.ops.len() + self.char_bank.len());
        push_header(self.old_len as u64, self.new_len as u64, &mut out);
        out.extend_from_slice(self.ops);
        out.push(u16::from(b'$'));
        out.extend_from_slice(self.char_bank);
        out.into()
    }
}

impl Changeset {
    /// The changeset as it goes over the wire, exact to the code unit. O(n).
    ///
    /// For every `text` that [`Changeset::parse_utf16`] takes, it gives back `text`.
    pub fn to_utf16(&self) -> Utf16String {
        let mut out = Vec::with_capacity(16 + 8 * self.0.ops.len() + self.0.bank.len());
        push_header(u64::from(self.0.old_len), u64::from(self.0.new_len), &mut out);
        self.0.ops.iter().for_each(|op| push_op(op, &mut out));
        out.push(u16::from(b'$'));
        out.extend_from_slice(&self.0.bank);
        out.into()
    }
}

/// An op list as text: an attribution, or the part of a changeset between header and `$`. O(n).
///
/// Source: `serializeOps` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "serialize_ops")]
pub fn print_ops<'a>(ops: impl IntoIterator<Item = &'a Op>) -> String {
    ops.into_iter().map(Op::to_string).collect()
}

fn push_header(old_len: u64, new_len: u64, out: &mut Vec<u16>) {
    out.extend([u16::from(b'Z'), u16::from(b':')]);
    Base36(old_len).push_to(out);
    out.push(u16::from(if new_len < old_len { b'<' } else { b'>' }));
    Base36(new_len.abs_diff(old_len)).push_to(out);
}

fn push_op(op: &Op, out: &mut Vec<u16>) {
    for id in op.attribs.ids() {
        out.push(u16::from(b'*'));
        Base36(u64::from(id.0)).push_to(out);
    }
    if op.lines > 0 {
        out.push(u16::from(b'|'));
        Base36(u64::from(op.lines)).push_to(out);
    }
    out.push(op.kind.symbol() as u16);
    Base36(u64::from(op.chars)).push_to(out);
}
