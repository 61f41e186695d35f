//! Line markers that are not where a line begins.
//!
//! A character with the attribute `lmkr` or `list` stands for a property of its line, and means nothing elsewhere. When
//! a commit leaves one in mid-line, the server takes it out.

use easysync::{AttribPool, AttribSet, Builder, Changeset, Document, Error, OpKind};
use std::ops::Range;

/// Keys of attributes that make a character a line marker.
const MARKER_KEYS: [&str; 2] = ["lmkr", "list"];
const NEWLINE: u16 = 0x0a;

/// The changeset that takes out markers which `change` has left in mid-line; `None` if there are none. `doc` is the
/// document after it, and had no such markers before.
///
/// A character becomes such a marker only if it is inserted, gets the attribute, or gets another neighbour in front, so
/// nothing else is looked at: O(change + log n per op).
pub fn correction(doc: &Document, change: &Changeset, pool: &AttribPool) -> Result<Option<Changeset>, Error> {
    let mut found: Vec<usize> = Vec::new();
    for range in touched(change, doc.len_utf16()) {
        let mut position = range.start;
        let mut before = match position.checked_sub(1) {
            Some(at) => doc.slice(at..position)?.first().copied(),
            None => Some(NEWLINE),
        };
        for (text, attribs) in doc.pieces(range)? {
            let is_marker = is_marker(attribs, pool)?;
            for &unit in text {
                if is_marker && before != Some(NEWLINE) && found.last().is_none_or(|&last| last < position) {
                    found.push(position);
                }
                before = Some(unit);
                position += 1;
            }
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut builder = Builder::new(doc.len_utf16());
    let mut end = 0;
    for position in found {
        keep(&mut builder, doc, end..position)?;
        let lines = usize::from(doc.slice(position..position + 1)?.first() == Some(&NEWLINE));
        builder.remove(1, lines);
        end = position + 1;
    }
    builder.finish().map(Some)
}

fn is_marker(attribs: &AttribSet, pool: &AttribPool) -> Result<bool, Error> {
    for id in attribs.ids() {
        let attribute = pool.get(*id)?;
        if !attribute.value.is_empty() && MARKER_KEYS.iter().any(|key| attribute.key == **key) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was inserted or formatted, and the character behind each insert or removal; ascending, in the new document.
fn touched(change: &Changeset, len: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut position = 0;
    for op in change.ops() {
        let chars = op.chars as usize;
        match op.kind {
            OpKind::Keep if op.attribs.is_empty() => position += chars,
            OpKind::Keep => {
                ranges.push(position..position + chars);
                position += chars;
            }
            OpKind::Insert => {
                ranges.push(position..(position + chars + 1).min(len));
                position += chars;
            }
            OpKind::Remove => ranges.push(position..(position + 1).min(len)),
        }
    }
    ranges
}

/// Keeps a range: up to its last newline, and the rest.
fn keep(builder: &mut Builder, doc: &Document, range: Range<usize>) -> Result<(), Error> {
    let (first, last) = (doc.line_at(range.start)?, doc.line_at(range.end)?);
    let last_start = if last > first { doc.line_range(last).map_or(range.end, |line| line.start) } else { range.start };
    builder.keep(last_start - range.start, last - first, &AttribSet::EMPTY);
    builder.keep(range.end - last_start, 0, &AttribSet::EMPTY);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;
    use easysync::{AText, Attribute};

    fn corrected(text: &str, attribs: &str, change: &str) -> Option<String> {
        let mut pool = AttribPool::new();
        pool.put(Attribute::new("lmkr", "1"));
        pool.put(Attribute::new("bold", "true"));
        pool.put(Attribute::new("list", ""));
        pool.put(Attribute::new("list", "bullet1"));
        let mut doc = Document::from_atext(&AText { text: text.into(), attribs: attribs.to_owned() }, &pool).unwrap();
        let change = Changeset::parse(change).unwrap();
        doc.apply(&change, &pool).unwrap();
        let correction = correction(&doc, &change, &pool).unwrap()?;
        doc.apply(&correction, &pool).unwrap();
        assert!(correction.is_normal());
        // Nothing is left to correct, wherever one looks.
        let mut everywhere = Builder::new(doc.len_utf16());
        let lines = doc.newlines();
        everywhere.keep(doc.len_utf16(), lines, &AttribSet::from(easysync::AttribId(1)));
        assert_eq!(super::correction(&doc, &everywhere.finish().unwrap(), &pool).unwrap(), None);
        Some(correction.to_string())
    }

    #[test]
    fn a_marker_in_mid_line_is_taken_out() {
        assert_eq!(corrected("one\n", "|1+4", "Z:4>1=1*0+1$*"), Some("Z:5<1=1-1$".to_owned()));
        // Two at once: only the first is at the start of its line.
        assert_eq!(corrected("one\n", "|1+4", "Z:4>2*0+2$**"), Some("Z:6<1=1-1$".to_owned()));
        // In front of another marker, which is in mid-line then.
        assert_eq!(corrected("*one\n", "*0+1|1+4", "Z:5>1+1$x"), Some("Z:6<1=1-1$".to_owned()));
    }

    #[test]
    fn a_line_joined_to_the_one_before_loses_its_marker() {
        let text = "one\n*two\n*three\n";
        let attribs = "|1+4*0*3+1|1+4*0+1|1+6";
        assert_eq!(corrected(text, attribs, "Z:g<1=3|1-1$"), Some("Z:f<1=3-1$".to_owned()));
        // Both joins at once.
        assert_eq!(corrected(text, attribs, "Z:g<2=3|1-1=4|1-1$"), Some("Z:e<2=3-1=3-1$".to_owned()));
    }

    #[test]
    fn formatting_can_make_a_marker() {
        assert_eq!(corrected("a\none\n", "|2+6", "Z:6>0|1=2=1*3=1$"), Some("Z:6<1|1=2=1-1$".to_owned()));
        assert_eq!(corrected("one\n", "|1+4", "Z:4>0=1*2=1$"), None);
        assert_eq!(corrected("one\n", "|1+4", "Z:4>0=1*1=1$"), None);
    }

    #[test]
    fn markers_at_line_starts_stay() {
        assert_eq!(corrected("one\ntwo\n", "|2+8", "Z:8>1|1=4*0*3+1$*"), None);
        assert_eq!(corrected("*one\n", "*0+1|1+4", "Z:5>1|1+1$\n"), None);
        assert_eq!(corrected("*one\n", "*0+1|1+4", "Z:5>1=4+1$x"), None);
    }
}
