//! Changesets and op lists to wire text.

use super::{Changeset, Op};
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
        let (sign, difference) = self.difference();
        write!(f, "Z:{}{sign}{}", Base36(u64::from(self.old_len)), Base36(u64::from(difference)))?;
        self.ops.iter().try_for_each(|op| op.fmt(f))?;
        f.write_str("$")?;
        write_lossy(&self.bank, f)
    }
}

impl Changeset {
    /// The changeset as it goes over the wire, exact to the code unit. O(n).
    ///
    /// For every `text` that [`Changeset::parse_utf16`] takes, it gives back `text`.
    ///
    /// Source: `pack` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn to_utf16(&self) -> Utf16String {
        let (sign, difference) = self.difference();
        let mut out = Vec::with_capacity(16 + 8 * self.ops.len() + self.bank.len());
        out.extend([u16::from(b'Z'), u16::from(b':')]);
        Base36(u64::from(self.old_len)).push_to(&mut out);
        out.push(sign as u16);
        Base36(u64::from(difference)).push_to(&mut out);
        self.ops.iter().for_each(|op| push_op(op, &mut out));
        out.push(u16::from(b'$'));
        out.extend_from_slice(&self.bank);
        out.into()
    }

    fn difference(&self) -> (char, u32) {
        (if self.new_len < self.old_len { '<' } else { '>' }, self.new_len.abs_diff(self.old_len))
    }
}

/// An op list as text: an attribution, or the part of a changeset between header and `$`. O(n).
///
/// Source: `serializeOps` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "serialize_ops")]
pub fn print_ops<'a>(ops: impl IntoIterator<Item = &'a Op>) -> String {
    ops.into_iter().map(Op::to_string).collect()
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
