//! Changesets in few bytes, so that hundreds of thousands fit in memory.
//!
//! Numbers are written seven bits to a byte, the least first: old length, how many ops, each op, the char bank. It is the
//! form of one program in one run; nothing is stored in it.

use crate::attrib::{AttribId, AttribSet};
use crate::changeset::{Changeset, Op, OpKind};
use crate::error::Error;

/// Appends a changeset. O(n).
pub(super) fn pack(changeset: &Changeset, out: &mut Vec<u8>) {
    push(changeset.old_len() as u32, out);
    push(changeset.ops().len() as u32, out);
    for op in changeset.ops() {
        let ids = op.attribs.ids();
        // Two bits for the kind; one bit each for newlines and attributes, which most ops lack.
        let kind = match op.kind {
            OpKind::Keep => 0,
            OpKind::Remove => 1,
            OpKind::Insert => 2,
        };
        out.push(kind | u8::from(op.lines > 0) << 2 | u8::from(!ids.is_empty()) << 3);
        push(op.chars, out);
        if op.lines > 0 {
            push(op.lines, out);
        }
        if !ids.is_empty() {
            push(ids.len() as u32, out);
            ids.iter().for_each(|id| push(id.0, out));
        }
    }
    changeset.char_bank().iter().for_each(|&unit| push(u32::from(unit), out));
}

/// Reads what [`pack`] wrote. O(n).
///
/// # Errors
///
/// Bytes that [`pack`] did not write may break the rules of [`Changeset::from_ops`].
pub(super) fn unpack(bytes: &[u8]) -> Result<Changeset, Error> {
    let mut bytes = bytes.iter();
    let old_len = pull(&mut bytes) as usize;
    let count = pull(&mut bytes);
    let mut ops = smallvec::SmallVec::<[Op; 4]>::new();
    let mut inserted = 0;
    for _ in 0..count {
        let Some(&head) = bytes.next() else { break };
        let kind = match head & 3 {
            0 => OpKind::Keep,
            1 => OpKind::Remove,
            _ => OpKind::Insert,
        };
        let chars = pull(&mut bytes);
        let lines = if head & 4 > 0 { pull(&mut bytes) } else { 0 };
        let ids = if head & 8 > 0 { pull(&mut bytes) } else { 0 };
        let attribs = if ids > 0 {
            (0..ids).map_while(|_| (bytes.len() > 0).then(|| AttribId(pull(&mut bytes)))).collect()
        } else {
            AttribSet::EMPTY
        };
        if kind == OpKind::Insert {
            inserted += chars as usize;
        }
        ops.push(Op { kind, chars, lines, attribs });
    }
    let mut bank = smallvec::SmallVec::<[u16; 16]>::new();
    while bank.len() < inserted && bytes.len() > 0 {
        bank.push(pull(&mut bytes) as u16);
    }
    Changeset::from_ops(old_len, ops, &bank)
}

fn push(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The next number; 0 at the end.
fn pull(bytes: &mut std::slice::Iter<'_, u8>) -> u32 {
    let (mut number, mut shift) = (0, 0);
    for &byte in bytes {
        number |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    number
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use crate::text::Utf16String;

    #[test]
    fn what_is_packed_comes_back() {
        for text in [
            "Z:0>0$",
            "Z:1>1+1$a",
            "Z:zzzzz>0|2=zz-3*0*1*2*3*zz=5|1+2*0+1$\u{7ff}\n\u{ffff}",
            "Z:5<1-1=1*3-1+1$x",
            "Z:4>2=1+0=0+2$😀",
        ] {
            let changeset = Changeset::parse_lenient_utf16(&Utf16String::from(text)).unwrap();
            let mut bytes = vec![7];
            pack(&changeset, &mut bytes);
            assert_eq!(unpack(&bytes[1..]).unwrap(), changeset, "{text}");
            (1..bytes.len()).for_each(|end| drop(unpack(&bytes[1..end])));
        }
    }
}
