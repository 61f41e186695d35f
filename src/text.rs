//! Text as UTF-16 code units: the one place that knows UTF-16 from UTF-8.
//!
//! JavaScript strings, the wire and pads can hold half of a surrogate pair, which `str` cannot. So text is kept as
//! code units, and only what is shown to people goes through `str`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// The code unit of `\n`, the only line break there is.
pub(crate) const NEWLINE: u16 = 0x0a;

/// The longest text, in code units: 2^31 - 1. JavaScript engines stop earlier.
pub const MAX_LEN: usize = 0x7fff_ffff;

/// Counts the newlines (`\n` only) in O(n).
pub(crate) fn count_newlines(text: &[u16]) -> usize {
    // Four at a time, which compilers to WebAssembly do not do by themselves; in rounds short enough for 16-bit lanes.
    text.chunks(0x1000)
        .map(|chunk| {
            let (words, rest) = chunk.as_chunks::<4>();
            let lanes: u64 = words.iter().map(|word| newline_lanes(*word)).sum();
            (lanes.wrapping_mul(LANES) >> 48) as usize + rest.iter().filter(|&&unit| unit == NEWLINE).count()
        })
        .sum()
}

/// The number 1 in each of the four 16-bit lanes of a word.
const LANES: u64 = 0x0001_0001_0001_0001;

/// Has 1 in each lane in which a newline stands, and 0 in the others.
fn newline_lanes(units: [u16; 4]) -> u64 {
    let [a, b, c, d] = units.map(u64::from);
    let word = (a | b << 16 | c << 32 | d << 48) ^ (LANES * NEWLINE as u64);
    // The highest bit of a lane is set now unless all of it is zero; nothing is carried from lane to lane.
    let other = ((word & (LANES * 0x7fff)) + LANES * 0x7fff) | word;
    (!other >> 15) & LANES
}

/// An owned text of UTF-16 code units. Halves of surrogate pairs are kept as they are; nothing is normalised.
///
/// It orders as JavaScript strings do, by code unit: U+1F600 before U+FF5E.
///
/// ```
/// use easysync::Utf16String;
/// let text = Utf16String::from("a😀");
/// assert_eq!(text.len(), 3);
/// assert!(Utf16String::from("😀") < Utf16String::from("～"));
/// // Half a pair survives; as a `str` it shows as U+FFFD.
/// let half = Utf16String::from(&text[..2]);
/// assert_eq!(half.to_string(), "a\u{fffd}");
/// assert_eq!(&half[..], [0x61, 0xd83d]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Utf16String(Vec<u16>);

impl Utf16String {
    /// An empty text.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends code units. O(length of `units`), amortised.
    pub fn push_units(&mut self, units: &[u16]) {
        self.0.extend_from_slice(units);
    }

    /// Takes everything out, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text as `str`, or `None` if it holds half of a pair. O(n).
    pub fn to_str(&self) -> Option<String> {
        String::from_utf16(&self.0).ok()
    }

    /// The code units, owned. O(1).
    pub fn into_units(self) -> Vec<u16> {
        self.0
    }
}

impl Deref for Utf16String {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        &self.0
    }
}

impl AsRef<[u16]> for Utf16String {
    fn as_ref(&self) -> &[u16] {
        &self.0
    }
}

impl From<&str> for Utf16String {
    fn from(text: &str) -> Self {
        // Most text here is numbers, names and English, whose bytes need no decoding.
        let widened = || text.bytes().map(u16::from).collect();
        Self(if text.is_ascii() { widened() } else { text.encode_utf16().collect() })
    }
}

impl From<String> for Utf16String {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&[u16]> for Utf16String {
    fn from(units: &[u16]) -> Self {
        Self(units.to_vec())
    }
}

impl From<Vec<u16>> for Utf16String {
    fn from(units: Vec<u16>) -> Self {
        Self(units)
    }
}

impl From<Cow<'_, str>> for Utf16String {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(text.as_ref())
    }
}

impl PartialEq<str> for Utf16String {
    fn eq(&self, other: &str) -> bool {
        self.0.iter().copied().eq(other.encode_utf16())
    }
}

impl PartialEq<&str> for Utf16String {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// For people: halves of pairs show as U+FFFD. Use the code units wherever the text goes on.
impl fmt::Display for Utf16String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lossy(&self.0, f)
    }
}

/// As a Rust string literal; halves of pairs as `\u{d83d}`.
impl fmt::Debug for Utf16String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for unit in char::decode_utf16(self.0.iter().copied()) {
            match unit {
                Ok(c) => write!(f, "{}", c.escape_debug())?,
                Err(half) => write!(f, "\\u{{{:x}}}", half.unpaired_surrogate())?,
            }
        }
        f.write_str("\"")
    }
}

/// Writes code units for people, halves of pairs as U+FFFD.
pub(crate) fn write_lossy(units: &[u16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write;
    char::decode_utf16(units.iter().copied())
        .try_for_each(|unit| f.write_char(unit.unwrap_or(char::REPLACEMENT_CHARACTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_are_counted_in_long_texts() {
        let text = vec![NEWLINE; 200_000];
        assert_eq!(count_newlines(&text), 200_000);
        assert_eq!(count_newlines(&[0x2028, 0x0d, 0x0a0a, 0x0a]), 1);
        let units = [0x0a, 0x0a0a, 0x800a, 0x0a00, 0xffff, 0, 0x0b, 0x09, 0x8000, 0x7fff, 0x0a];
        for len in 1..200 {
            let mut text: Vec<u16> =
                (0..len).map(|at| units.get(at * at * 7 % units.len()).copied().unwrap_or_default()).collect();
            for _ in 0..4 {
                assert_eq!(count_newlines(&text), text.iter().filter(|&&unit| unit == NEWLINE).count());
                text.rotate_right(1);
            }
        }
    }

    #[test]
    fn debug_shows_halves() {
        let text = Utf16String::from(vec![0x61, 0xd83d, 0x0a]);
        assert_eq!(format!("{text:?}"), r#""a\u{d83d}\n""#);
    }
}
