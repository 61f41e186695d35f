//! Wire text to changesets and op lists. All strictness lives here.
//!
//! ```text
//! changeset = "Z:" number ( ">" | "<" ) number ops "$" bank
//! op        = { "*" number } [ "|" number ] ( "=" | "-" | "+" ) number
//! number    = base 36, digits 0-9 a-z
//! ```

use super::{Bank, Changeset, Op, OpKind, check_last, check_next};
use crate::attrib::{AttribId, AttribSet};
use crate::base36::digit;
use crate::error::{Error, ErrorKind, NormalForm};
use crate::text::MAX_LEN;
use smallvec::SmallVec;
use triomphe::Arc;

/// What can be in a text: a `str`, or code units where halves of pairs can occur.
trait Source: Copy {
    fn len(self) -> usize;
    /// The unit at an index: a byte of UTF-8 or a code unit of UTF-16. Below 0x80 they mean the same.
    fn unit(self, at: usize) -> Option<u32>;
    /// The code unit at an index where no unit above 0x7f comes before.
    fn code_unit(self, at: usize) -> u16;
    /// Appends the text from an index on, which stands behind an ASCII character or at the start.
    fn push_code_units(self, at: usize, bank: &mut Bank);
}

impl Source for &str {
    fn len(self) -> usize {
        str::len(self)
    }
    fn unit(self, at: usize) -> Option<u32> {
        self.as_bytes().get(at).map(|&byte| u32::from(byte))
    }
    fn code_unit(self, at: usize) -> u16 {
        self.get(at..).and_then(|rest| rest.encode_utf16().next()).unwrap_or_default()
    }
    fn push_code_units(self, at: usize, bank: &mut Bank) {
        let rest = self.get(at..).unwrap_or_default();
        if rest.is_ascii() { bank.extend(rest.bytes().map(u16::from)) } else { bank.extend(rest.encode_utf16()) }
    }
}

impl Source for &[u16] {
    fn len(self) -> usize {
        <[u16]>::len(self)
    }
    fn unit(self, at: usize) -> Option<u32> {
        self.get(at).map(|&unit| u32::from(unit))
    }
    fn code_unit(self, at: usize) -> u16 {
        self.get(at).copied().unwrap_or_default()
    }
    fn push_code_units(self, at: usize, bank: &mut Bank) {
        bank.extend_from_slice(self.get(at..).unwrap_or_default());
    }
}

/// How much of Etherpad's tolerance to share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only the one spelling that servers accept.
    Strict,
    /// Also spellings that mean the same.
    Lenient,
}

/// Numbers of up to so many digits are below 2^32.
const SHORT: usize = 6;

/// Reads from left to right and knows where it is.
struct Lexer<S> {
    source: S,
    at: usize,
    mode: Mode,
}

impl<S: Source> Lexer<S> {
    fn new(source: S, mode: Mode) -> Self {
        Self { source, at: 0, mode }
    }

    fn peek(&self) -> Option<u32> {
        self.source.unit(self.at)
    }

    /// Steps over a character if it is the next one.
    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(u32::from(wanted));
        self.at += usize::from(found);
        found
    }

    fn unexpected<T>(&self, expected: &'static str) -> Result<T, Error> {
        let offset = self.at;
        Err(if offset < self.source.len() {
            ErrorKind::UnexpectedCharacter { offset, found: self.source.code_unit(offset), expected }
        } else {
            ErrorKind::UnexpectedEnd { offset, expected }
        }
        .into())
    }

    fn not_normal(&self, offset: usize, reason: NormalForm) -> Result<(), Error> {
        match self.mode {
            Mode::Strict => Err(ErrorKind::NotNormal { offset, reason }.into()),
            Mode::Lenient => Ok(()),
        }
    }

    /// A number of at most 2^31 - 1.
    fn number(&mut self) -> Result<u32, Error> {
        let (mut value, mut end) = (0u32, self.at);
        while let Some(digit) = self.source.unit(end).and_then(digit) {
            value = value.wrapping_mul(36).wrapping_add(digit);
            end += 1;
        }
        let start = std::mem::replace(&mut self.at, end);
        let is_plain = match end - start {
            1 => true,
            2..=SHORT => value as usize <= MAX_LEN && self.source.unit(start) != Some(u32::from('0')),
            _ => false,
        };
        if is_plain { Ok(value) } else { self.odd_number(start) }
    }

    /// The number between `start` and here, which has no digits, a zero in front, or so many digits that it is probably too large.
    #[cold]
    fn odd_number(&self, start: usize) -> Result<u32, Error> {
        if self.at == start {
            return self.unexpected("a digit 0-9 or a-z");
        }
        let mut value: u32 = 0;
        for digit in (start..self.at).filter_map(|at| self.source.unit(at).and_then(digit)) {
            value = match value.checked_mul(36).and_then(|value| value.checked_add(digit)) {
                Some(value) if value as usize <= MAX_LEN => value,
                _ => return Err(ErrorKind::NumberTooLarge { offset: start }.into()),
            };
        }
        self.not_normal(start, NormalForm::LeadingZero)?;
        Ok(value)
    }

    /// `Z:`, the old length, the sign and the difference; gives both lengths.
    fn header(&mut self) -> Result<(u32, i64), Error> {
        if !self.eat('Z') || !self.eat(':') {
            return self.unexpected("'Z:'");
        }
        let old_len = self.number()?;
        let sign_at = self.at;
        let grows = self.eat('>');
        if !grows && !self.eat('<') {
            return self.unexpected("'>' or '<'");
        }
        let difference = i64::from(self.number()?);
        if !grows && difference == 0 {
            self.not_normal(sign_at, NormalForm::LessThanZero)?;
        }
        Ok((old_len, i64::from(old_len) + if grows { difference } else { -difference }))
    }

    /// The next op, or `None` at a `$` or at the end.
    fn op(&mut self) -> Result<Option<Op>, Error> {
        let start = self.at;
        if matches!(self.peek(), None | Some(0x24)) {
            return Ok(None);
        }
        let mut attribs = AttribSet::EMPTY;
        if self.eat('*') {
            let first = AttribId(self.number()?);
            attribs = AttribSet::from(first);
            if self.peek() == Some(u32::from('*')) {
                let mut ids: SmallVec<[AttribId; 8]> = SmallVec::from_slice(&[first]);
                while self.eat('*') {
                    ids.push(AttribId(self.number()?));
                }
                attribs = ids.into_iter().collect();
            }
        }
        let mut lines = 0;
        if self.eat('|') {
            let lines_at = self.at;
            lines = self.number()?;
            if lines == 0 {
                self.not_normal(lines_at, NormalForm::ZeroLines)?;
            }
        }
        let kind = match self.peek() {
            Some(0x3d) => OpKind::Keep,
            Some(0x2d) => OpKind::Remove,
            Some(0x2b) => OpKind::Insert,
            _ if self.at > start => return self.unexpected("'=', '-' or '+'"),
            _ => return self.unexpected("an op or '$'"),
        };
        self.at += 1;
        let chars = self.number()?;
        Ok(Some(Op { kind, chars, lines, attribs }))
    }
}

fn parse<S: Source>(source: S, mode: Mode) -> Result<Changeset, Error> {
    parse_into(source, mode, None)
}

fn parse_into<S: Source>(source: S, mode: Mode, spare: Option<Changeset>) -> Result<Changeset, Error> {
    let mut lexer = Lexer::new(source, mode);
    let (old_len, new_len) = lexer.header()?;
    if new_len < 0 {
        let removed = (i64::from(old_len) - new_len) as usize;
        return Err(ErrorKind::NegativeLength { old_len: old_len as usize, removed }.into());
    }
    // Memory beside its own is not taken over: what a large change took would stay with a small one.
    let is_free = |Changeset(parts): &Changeset| parts.is_unique() && !parts.ops.spilled() && !parts.bank.spilled();
    let mut changeset = spare.filter(is_free).unwrap_or_else(|| Changeset(Arc::default()));
    // It is unique, so nothing is copied.
    let parts = Arc::make_mut(&mut changeset.0);
    parts.ops.clear();
    loop {
        let start = lexer.at;
        let Some(op) = lexer.op()? else {
            if let Err(reason) = check_last(parts.ops.last()) {
                lexer.not_normal(start, reason)?;
            }
            break;
        };
        if mode == Mode::Strict {
            check_next(parts.ops.last(), &op).or_else(|reason| lexer.not_normal(start, reason))?;
        }
        parts.ops.push(op);
    }
    if !lexer.eat('$') && mode == Mode::Strict {
        return lexer.unexpected("'$'");
    }
    parts.bank.clear();
    source.push_code_units(lexer.at, &mut parts.bank);
    parts.settle(old_len as usize)?;
    if i64::from(parts.new_len) != new_len {
        return Err(ErrorKind::LengthClaim { expected: new_len as usize, found: changeset.new_len() }.into());
    }
    Ok(changeset)
}

impl Changeset {
    /// Reads a changeset as servers accept it from clients: in normal form, spelled the one possible way.
    ///
    /// O(n) time; memory in proportion to the text, whatever lengths it claims. Offsets in errors are UTF-16 code units
    /// of `text`.
    ///
    /// Stricter than Etherpad's `checkRep` in four points, none of which a server has let into a pad or could apply: keeps
    /// must end within the old length; no op may claim more newlines than code units; numbers end at 2^31 - 1; and
    /// attribute numbers, too, are written without leading zeros.
    ///
    /// # Errors
    ///
    /// What is wrong, with its place: [`ErrorKind::UnexpectedCharacter`], [`ErrorKind::UnexpectedEnd`],
    /// [`ErrorKind::NumberTooLarge`], [`ErrorKind::NegativeLength`], [`ErrorKind::NotNormal`],
    /// [`ErrorKind::LengthClaim`], or a broken invariant of [`Changeset`].
    ///
    /// ```
    /// use easysync::Changeset;
    /// let error = Changeset::parse("Z:3>1*0*+1$a").unwrap_err();
    /// assert_eq!(error.to_string(), "unexpected '+' at offset 8, expected a digit 0-9 or a-z");
    /// // An emoji is two code units.
    /// assert_eq!(Changeset::parse("Z:1>2+2$😀")?.new_len(), 3);
    /// # Ok::<(), easysync::Error>(())
    /// ```
    ///
    /// Source: `unpack` and `checkRep` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse(text, Mode::Strict)
    }

    /// Like [`Changeset::parse`], from code units, where the char bank can hold half of a surrogate pair.
    ///
    /// # Errors
    ///
    /// As [`Changeset::parse`].
    pub fn parse_utf16(text: &[u16]) -> Result<Self, Error> {
        parse(text, Mode::Strict)
    }

    /// Reads a changeset that need not be in normal form, as old pads have them: ops of length zero, unmerged or in any
    /// order within a gap, a plain keep at the end, leading zeros, `|0`, `<0`, and no `$` if nothing is inserted. The ops
    /// are kept as they stand; see [`Changeset::to_normal`].
    ///
    /// # Errors
    ///
    /// As [`Changeset::parse`], without [`ErrorKind::NotNormal`].
    pub fn parse_lenient(text: &str) -> Result<Self, Error> {
        parse(text, Mode::Lenient)
    }

    /// Like [`Changeset::parse_lenient`], in the memory of a changeset that is needed no more, if no clone shares it and it is small.
    ///
    /// # Errors
    ///
    /// As [`Changeset::parse_lenient`].
    pub(crate) fn parse_lenient_into(text: &str, spare: Option<Self>) -> Result<Self, Error> {
        parse_into(text, Mode::Lenient, spare)
    }

    /// Does what [`Changeset::parse_lenient_into`] does, from code units.
    ///
    /// # Errors
    ///
    /// As [`Changeset::parse_lenient`].
    pub(crate) fn parse_lenient_utf16_into(text: &[u16], spare: Option<Self>) -> Result<Self, Error> {
        parse_into(text, Mode::Lenient, spare)
    }

    /// Like [`Changeset::parse_lenient`], from code units.
    ///
    /// # Errors
    ///
    /// As [`Changeset::parse_lenient`].
    pub fn parse_lenient_utf16(text: &[u16]) -> Result<Self, Error> {
        parse(text, Mode::Lenient)
    }
}

impl std::str::FromStr for Changeset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// Reads a bare op list: an attribution, or the part of a changeset between header and `$`, where it stops.
///
/// Accepts leading zeros, `|0` and ops of length zero, and gives the ops as they stand. O(n).
///
/// # Errors
///
/// [`ErrorKind::UnexpectedCharacter`], [`ErrorKind::UnexpectedEnd`] or [`ErrorKind::NumberTooLarge`]. Etherpad skips
/// `\n`, `\r`, U+2028 and U+2029 between ops; no server lets them into a pad, so here they are refused.
///
/// Source: `deserializeOps` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "deserialize_ops")]
pub fn parse_ops(text: &str) -> Result<Vec<Op>, Error> {
    let mut lexer = Lexer::new(text, Mode::Lenient);
    std::iter::from_fn(|| lexer.op().transpose()).collect()
}

/// The four parts of a changeset, taken apart and not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked<'a> {
    /// The old length in the header, in code units.
    pub old_len: usize,
    /// The new length that follows from the header, in code units.
    pub new_len: usize,
    /// The ops, as they are written.
    pub ops: &'a [u16],
    /// The char bank.
    pub char_bank: &'a [u16],
}

/// Takes a changeset apart at its header and its first `$`, and looks no further. O(n).
///
/// # Errors
///
/// A header that is none, [`ErrorKind::NumberTooLarge`], or [`ErrorKind::NegativeLength`], which Etherpad lets pass.
///
/// Source: `unpack` in Etherpad's `src/static/js/Changeset.ts`.
pub fn unpack(text: &[u16]) -> Result<Unpacked<'_>, Error> {
    let mut lexer = Lexer::new(text, Mode::Lenient);
    let (old_len, new_len) = lexer.header()?;
    let old_len = old_len as usize;
    let Ok(new_len) = usize::try_from(new_len) else {
        return Err(ErrorKind::NegativeLength { old_len, removed: old_len + new_len.unsigned_abs() as usize }.into());
    };
    let rest = text.get(lexer.at..).unwrap_or_default();
    let mut parts = rest.splitn(2, |&unit| unit == u16::from(b'$'));
    let (ops, char_bank) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Ok(Unpacked { old_len, new_len, ops, char_bank })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn only_small_changesets_that_nobody_holds_leave_their_memory_to_the_next() {
        let place = |changeset: &Changeset| Arc::as_ptr(&changeset.0);
        let read = |text: &str, spare| Changeset::parse_lenient_into(text, Some(spare)).unwrap();
        let first = Changeset::parse("Z:1>1*0+1$a").unwrap();
        let old = place(&first);
        let second = read("Z:2<1-1$", first);
        assert_eq!((place(&second), second.to_string().as_str()), (old, "Z:2<1-1$"));
        let held = second.clone();
        let third = read("Z:1>1+1$b", second);
        assert_eq!((held.to_string().as_str(), third.to_string().as_str()), ("Z:2<1-1$", "Z:1>1+1$b"));
        let large = read(&format!("Z:1>rs+rs${}", "x".repeat(1000)), third);
        let fourth = read("Z:1>1+1$c", large);
        assert!(!fourth.0.bank.spilled());
        assert!(Changeset::parse_lenient_into("Z:1>1+1$", Some(fourth)).is_err());
    }
}
