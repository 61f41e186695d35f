//! Reading JSON as it comes, without building a tree of it.
//!
//! Messages are read once, from the bytes of the socket, and most of a message is skipped. Strings can hold halves of
//! surrogate pairs, as escapes, which rules out readers whose strings are `str`; the bytes between them are UTF-8.

use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;
use std::char::DecodeUtf16Error;

/// Deeper nesting than any server sends is refused, so that reading needs no more stack than that.
const MAX_DEPTH: usize = 64;

/// A place in a JSON text, before a value. A clone reads on from the same place.
#[derive(Clone)]
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A string as it stands in the text, between its quotes.
#[derive(Clone, Copy)]
pub(super) struct RawString<'a> {
    raw: &'a str,
    has_escapes: bool,
}

impl<'a> Json<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Nothing but white space may be left.
    pub fn finish(mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.unexpected("the end of the message"),
        }
    }

    /// The first byte of the next value.
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.byte(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Calls `member` with each key of an object; it must read the value.
    pub fn object(
        &mut self,
        mut member: impl FnMut(RawString<'a>, &mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.members(&mut member)
    }

    /// The one loop over members of objects: a copy for each kind of object was a tenth of the reader's code.
    fn members(&mut self, member: &mut dyn FnMut(RawString<'a>, &mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.enter(b'{', "an object")?;
        if !self.eat(b'}') {
            loop {
                let key = self.string()?;
                self.need(b':', "':'")?;
                member(key, self)?;
                if !self.eat(b',') {
                    self.need(b'}', "',' or '}'")?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Calls `item` before each item of a list; it must read it.
    pub fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.items(&mut item)
    }

    fn items(&mut self, item: &mut dyn FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.enter(b'[', "a list")?;
        if !self.eat(b']') {
            loop {
                item(self)?;
                if !self.eat(b',') {
                    self.need(b']', "',' or ']'")?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Steps over `text` if it comes next.
    pub fn eat_text(&mut self, text: &str) -> bool {
        self.peek();
        let found = self.text.as_bytes().get(self.at..).is_some_and(|rest| starts_with(rest, text.as_bytes()));
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Steps over a value of any kind, and gives back how it is written.
    pub fn skip_text(&mut self) -> Result<&'a str, Error> {
        let start = self.start();
        self.skip()?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// What stands behind a colon, which is next.
    pub fn after_colon(mut self) -> Result<&'a str, Error> {
        self.need(b':', "':'")?;
        Ok(self.text.get(self.at..).unwrap_or_default())
    }

    pub fn string(&mut self) -> Result<RawString<'a>, Error> {
        self.need(b'"', "a string")?;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            self.at += plain_len(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.byte(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += 2;
                }
                Some(0..0x20) | None => return self.unexpected("the rest of a string"),
                Some(_) => self.at += 1,
            }
        }
        // A backslash takes the byte after it along, which can be the first of several.
        let Some(raw) = self.text.get(start..self.at) else { return self.unexpected("an escape") };
        self.at += 1;
        Ok(RawString { raw, has_escapes })
    }

    /// A whole number of at most 2^31 - 1.
    pub fn integer(&mut self) -> Result<u32, Error> {
        let start = self.start();
        match self.number()? {
            number if number.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&number) => Ok(number as u32),
            _ => {
                self.at = start;
                self.unexpected("a whole number")
            }
        }
    }

    /// Whether the value is `true`.
    pub fn is_true(&mut self) -> Result<bool, Error> {
        let is_true = self.peek() == Some(b't');
        self.skip().map(|()| is_true)
    }

    /// The value if it is a string; otherwise it is stepped over.
    pub fn string_if_any(&mut self) -> Result<Option<RawString<'a>>, Error> {
        if self.peek() == Some(b'"') { self.string().map(Some) } else { self.skip().map(|()| None) }
    }

    /// The value if it is a number; otherwise it is stepped over. JavaScript sends null for what is no number.
    pub fn number_if_any(&mut self) -> Result<Option<f64>, Error> {
        if matches!(self.peek(), Some(b'0'..=b'9' | b'-')) {
            self.number().map(Some)
        } else {
            self.skip().map(|()| None)
        }
    }

    /// Steps over a value of any kind.
    pub fn skip(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'{') => self.object(|_, json| json.skip()),
            Some(b'[') => self.list(Self::skip),
            Some(b'"') => self.skip_string(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number_text().map(drop),
        }
    }

    /// Steps over a string, which can be a whole document.
    fn skip_string(&mut self) -> Result<(), Error> {
        let start = self.at + 1;
        let plain = plain_len(self.text.as_bytes().get(start..).unwrap_or_default());
        if self.byte(start + plain) == Some(b'"') {
            self.at = start + plain + 1;
            return Ok(());
        }
        let mut at = start + plain;
        loop {
            match self.byte(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                // The rest is told by what reads it.
                Some(0..0x20) | None => return self.string().map(drop),
                Some(_) => at += 1,
            }
            at += plain_len(self.text.as_bytes().get(at..).unwrap_or_default());
        }
        self.at = at + 1;
        Ok(())
    }

    pub fn number(&mut self) -> Result<f64, Error> {
        let start = self.start();
        // Nearly all are whole, and short enough for each step to be exact.
        let mut whole = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.byte(self.at).filter(|_| self.at < start + 15) {
            whole = 10 * whole + u64::from(digit - b'0');
            self.at += 1;
        }
        if self.at > start && !matches!(self.byte(self.at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            return Ok(whole as f64);
        }
        self.at = start;
        self.number_text().map(value_of)
    }

    /// Steps over a number, and gives back how it is written: as JSON has it, but for zeros in front.
    fn number_text(&mut self) -> Result<&'a str, Error> {
        let start = self.start();
        self.at += usize::from(self.byte(start) == Some(b'-'));
        let mut is_number = self.skip_digits();
        if self.byte(self.at) == Some(b'.') {
            self.at += 1;
            is_number &= self.skip_digits();
        }
        if matches!(self.byte(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(self.at), Some(b'+' | b'-')));
            is_number &= self.skip_digits();
        }
        if is_number {
            return Ok(self.text.get(start..self.at).unwrap_or_default());
        }
        self.at = start;
        self.unexpected("a value")
    }

    /// Steps over digits; false if there is none.
    fn skip_digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.byte(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text from here to another place, which is further on.
    pub fn text_until(&self, end: &Self) -> &'a str {
        self.text.get(self.at..end.at).unwrap_or_default()
    }

    /// Steps over a text that stands just here, with nothing before it.
    pub fn eat_exactly<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let found = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.first_chunk() == Some(text));
        self.at += if found { N } else { 0 };
        found
    }

    /// Steps over a whole number that is written with digits alone, at most fifteen. Without an error if it is another value.
    pub fn digits(&mut self) -> Option<u64> {
        let (mut value, mut at) = (0u64, self.at);
        while let Some(digit @ b'0'..=b'9') = self.byte(at) {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        let is_whole =
            matches!(at - self.at, 1..=15) && !matches!(self.byte(at), Some(b'-' | b'+' | b'.' | b'e' | b'E'));
        is_whole.then(|| {
            self.at = at;
            value
        })
    }

    fn start(&mut self) -> usize {
        self.peek();
        self.at
    }

    fn enter(&mut self, open: u8, expected: &'static str) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return self.unexpected("less nesting");
        }
        self.need(open, expected)?;
        self.depth += 1;
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), Error> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(());
        }
        self.unexpected(word)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, wanted: u8, expected: &'static str) -> Result<(), Error> {
        if self.eat(wanted) { Ok(()) } else { self.unexpected(expected) }
    }

    pub fn unexpected<T>(&self, expected: &'static str) -> Result<T, Error> {
        Err(self.error(expected))
    }

    #[cold]
    fn error(&self, expected: &'static str) -> Error {
        // Offsets in errors are code units, here as elsewhere.
        let at = self.at.min(self.text.len());
        let at = (0..=at).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or_default();
        let (before, rest) = self.text.split_at(at);
        let offset = before.encode_utf16().count();
        match rest.encode_utf16().next() {
            Some(found) => ErrorKind::UnexpectedCharacter { offset, found, expected },
            None => ErrorKind::UnexpectedEnd { offset, expected },
        }
        .into()
    }
}

impl<'a> RawString<'a> {
    /// The string if it has no escapes, and otherwise none; enough to compare with a name.
    pub fn plain(self) -> &'a str {
        self.unescaped().unwrap_or_default()
    }

    /// The string as it stands, if it has no escapes.
    pub fn unescaped(self) -> Option<&'a str> {
        (!self.has_escapes).then_some(self.raw)
    }

    /// The code units.
    pub fn units(self) -> Result<Utf16String, Error> {
        if !self.has_escapes {
            return Ok(self.raw.into());
        }
        let mut units = Vec::with_capacity(self.raw.len());
        self.push_to(&mut units)?;
        Ok(units.into())
    }

    /// Appends the code units.
    pub fn push_to(self, units: &mut Vec<u16>) -> Result<(), Error> {
        let mut rest = self.raw;
        while let Some((plain, escape)) = rest.split_once('\\') {
            units.extend(plain.encode_utf16());
            let mut chars = escape.chars();
            units.push(match chars.next() {
                Some(c @ ('"' | '\\' | '/')) => c as u16,
                Some('b') => 0x08,
                Some('f') => 0x0c,
                Some('n') => 0x0a,
                Some('r') => 0x0d,
                Some('t') => 0x09,
                Some('u') => {
                    let digits =
                        escape.get(1..5).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                    let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                    chars = escape.get(5..).unwrap_or_default().chars();
                    unit.ok_or_else(|| self.bad_escape(rest))?
                }
                _ => return Err(self.bad_escape(rest)),
            });
            rest = chars.as_str();
        }
        units.extend(rest.encode_utf16());
        Ok(())
    }

    fn bad_escape(self, rest: &str) -> Error {
        let offset = self.raw.encode_utf16().count() - rest.encode_utf16().count();
        ErrorKind::UnexpectedCharacter { offset, found: u16::from(b'\\'), expected: "an escape" }.into()
    }
}

/// What a number in JSON is worth: exact if its digits without the point are below 2^53 and its exponent is within 22, which is all that
/// servers send; otherwise good to some fifteen digits. The library's way is always exact, and costs ten kilobytes of tables.
fn value_of(text: &str) -> f64 {
    let (mut digits, mut exponent, mut is_behind_point) = (0u64, 0i32, false);
    let mut rest = text.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'0'..=b'9' if digits < u64::MAX / 10 - 1 => {
                digits = 10 * digits + u64::from(byte - b'0');
                exponent -= i32::from(is_behind_point);
            }
            b'0'..=b'9' => exponent += i32::from(!is_behind_point),
            b'.' => is_behind_point = true,
            b'e' | b'E' => {
                let is_negative = rest.clone().next() == Some(b'-');
                let given = rest
                    .filter(u8::is_ascii_digit)
                    .fold(0i32, |all, digit| all.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
                exponent = exponent.saturating_add(if is_negative { -given } else { given });
                break;
            }
            _ => {}
        }
    }
    let mut value = digits as f64;
    // Powers of ten are exact up to the 22nd.
    for _ in 0..MAX_POWERS.min(exponent.unsigned_abs() / EXACT_POWER) {
        value = if exponent < 0 { value / 1e22 } else { value * 1e22 };
    }
    let power = (0..exponent.unsigned_abs() % EXACT_POWER).fold(1.0, |power, _| power * 10.0);
    value = if exponent < 0 { value / power } else { value * power };
    if text.starts_with('-') { -value } else { value }
}

/// Up to here powers of ten are numbers that a double holds exactly.
const EXACT_POWER: u32 = 22;
/// After so many of those there is nothing but zero or infinity left.
const MAX_POWERS: u32 = 40;

/// How many bytes of a string are before the first quote, backslash or control character. It looks at eight at a time.
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return 8 * index + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    8 * words.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Sets the highest bit of the lowest byte that is a quote, a backslash or a control character; bits above that mean nothing.
fn special_bytes(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH * 0x80);
    below(word, 0x20) | below(word ^ (EACH * u64::from(b'"')), 1) | below(word ^ (EACH * u64::from(b'\\')), 1)
}

/// Whether one text begins with another. It compares eight bytes at a time, which compilers to WebAssembly do not do by themselves.
fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    let Some(bytes) = bytes.get(..start.len()) else { return false };
    let ((chunks, rest), (wanted, wanted_rest)) = (bytes.as_chunks(), start.as_chunks());
    chunks.iter().zip(wanted).all(|(chunk, wanted)| is_same::<32>(chunk, wanted)) && {
        let ((words, rest), (wanted, wanted_rest)) = (rest.as_chunks(), wanted_rest.as_chunks());
        words.iter().zip(wanted).all(|(word, wanted)| is_same::<8>(word, wanted)) && rest == wanted_rest
    }
}

/// Whether bytes are the same, in words of eight.
fn is_same<const N: usize>(bytes: &[u8; N], wanted: &[u8; N]) -> bool {
    let words = bytes.as_chunks().0.iter().zip(wanted.as_chunks().0);
    words.fold(0, |all, (word, wanted)| all | u64::from_le_bytes(*word) ^ u64::from_le_bytes(*wanted)) == 0
}

/// How many bytes a character takes in a string as [`push_string`] writes it; for half a pair, those of its escape.
pub(crate) fn char_bytes(unit: &Result<char, DecodeUtf16Error>) -> usize {
    match unit {
        Ok('"' | '\\' | '\n') => 2,
        Ok('\0'..' ') | Err(_) => 6,
        Ok(c) => c.len_utf8(),
    }
}

/// Appends a string with its quotes. Halves of pairs become escapes.
pub(super) fn push_string(units: &[u16], out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Ok('\n') => out.push_str("\\n"),
            Ok(c) if c < ' ' => {
                let _infallible = write!(out, "\\u{:04x}", c as u32);
            }
            Ok(c) => out.push(c),
            Err(half) => {
                let _infallible = write!(out, "\\u{:04x}", half.unpaired_surrogate());
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn strings_keep_halves_of_pairs() {
        let text = r#""a\ud83d\n\"\u00e9é😀\ude00""#;
        let units = Json::new(text).string().unwrap().units().unwrap();
        assert_eq!(*units, [0x61, 0xd83d, 0x0a, 0x22, 0xe9, 0xe9, 0xd83d, 0xde00, 0xde00]);
        let mut out = String::new();
        push_string(&units, &mut out);
        assert_eq!(Json::new(&out).string().unwrap().units().unwrap(), units);
    }

    #[test]
    fn what_a_string_takes_is_known_before_it_is_written() {
        for units in
            [&[0x61, 0x0a, 0x22, 0x5c, 0, 0x1f, 0x7f, 0xe9, 0x2028][..], &[0xd83d, 0xde00, 0xd83d, 0x61, 0xde00]]
        {
            let mut out = String::new();
            push_string(units, &mut out);
            let bytes: usize = char::decode_utf16(units.iter().copied()).map(|unit| char_bytes(&unit)).sum();
            assert_eq!(bytes + 2, out.len(), "{out}");
        }
    }

    #[test]
    fn special_bytes_are_found_wherever_they_stand() {
        for special in ['"', '\\', '\n', '\0', '\u{1f}'] {
            for before in 0..40 {
                for plain in ["x", " ", "!", "#", "[", "]", "\u{7f}", "é", "\u{2028}", "😀"] {
                    let mut text = plain.repeat(before);
                    let expected = text.len();
                    assert_eq!(plain_len(text.as_bytes()), expected);
                    text.push(special);
                    text.push_str("\"\\\0x");
                    assert_eq!(plain_len(text.as_bytes()), expected, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_what_they_say() {
        for text in [
            "0",
            "7",
            "123456789012345",
            "1234567890123456",
            "9007199254740993",
            "-3",
            "-0.0",
            "1.5",
            "1e3",
            "12e-1",
            "1795268954555",
            "1795268954555.25",
            "0.1",
            "1E+22",
            "123e-22",
            "-1.7976931348623157e+308",
            "5e-324",
            "1e400",
            "1e-400",
            "1e99999999999",
            "0e5",
            "1234567890123456789012345",
            "0.00000000000000000000000001",
            "18446744073709551615",
            "00012",
        ] {
            let mut json = Json::new(text);
            let (found, wanted) = (json.number().unwrap(), text.parse::<f64>().unwrap());
            let is_exact = text.len() < 18;
            assert!(found == wanted || !is_exact && (found / wanted - 1.0).abs() < 1e-14, "{text}: {found}");
            assert_eq!(found.is_sign_negative(), wanted.is_sign_negative());
            assert_eq!(json.peek(), None);
            assert_eq!(Json::new(text).skip_text().unwrap(), text);
        }
    }

    #[test]
    fn broken_text_is_an_error() {
        for text in [
            "",
            "{",
            "[1,",
            "{\"a\"}",
            "\"",
            "\"\\",
            "tru",
            "1..2",
            "[[]",
            "{\"a\":1,}",
            "\u{0}",
            "\"\\é",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "--1",
            "+1",
        ] {
            let mut json = Json::new(text);
            assert!(json.skip().and_then(|()| json.finish()).is_err(), "{text}");
        }
        assert!(Json::new(&"[".repeat(1_000_000)).skip().is_err());
        assert!(Json::new(r#""\ud8""#).string().unwrap().units().is_err());
        assert!(Json::new(r#""\x""#).string().unwrap().units().is_err());
    }
}
