//! The one error type of the crate: what was wrong, where, and the numbers.

use std::fmt;

/// Why a piece of input was refused. Every value it was to change is as it was before the call.
///
/// `Display` gives a sentence for people, [`Error::code`] a stable word for programs, [`Error::kind`] the numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// In memory of its own, so that results are small where nothing is wrong.
    kind: Box<ErrorKind>,
}

impl Error {
    /// What went wrong, with its numbers.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// A stable name of the kind of error, in lower case with hyphens, such as `"length-mismatch"`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind: kind.into() }
    }
}

/// What went wrong. Offsets and lengths are UTF-16 code units; an *offset* points into the text that was parsed, a
/// *position* into a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A character that cannot stand there.
    #[error("unexpected {} at offset {offset}, expected {expected}", Unit(*.found))]
    UnexpectedCharacter {
        /// Where it stands in the parsed text.
        offset: usize,
        /// The code unit found.
        found: u16,
        /// What could have stood there.
        expected: &'static str,
    },
    /// The text ends too early.
    #[error("unexpected end at offset {offset}, expected {expected}")]
    UnexpectedEnd {
        /// The length of the parsed text.
        offset: usize,
        /// What could have followed.
        expected: &'static str,
    },
    /// A number above the limit of 2^31 - 1.
    #[error("number at offset {offset} is above 2147483647")]
    NumberTooLarge {
        /// Where the number begins.
        offset: usize,
    },
    /// A changeset that means something but is not written the one accepted way.
    #[error("changeset is not in normal form at offset {offset}: {reason}")]
    NotNormal {
        /// Where the offending op or number begins.
        offset: usize,
        /// Which rule is broken.
        reason: NormalForm,
    },
    /// The header takes away more than there is.
    #[error("changeset takes {removed} code units from a document of {old_len}")]
    NegativeLength {
        /// The old length in the header.
        old_len: usize,
        /// The length that the header takes away.
        removed: usize,
    },
    /// Keeps and removals reach past the old length.
    #[error("op {op} reaches to {end}, past the old length {old_len}")]
    PastEnd {
        /// Which op, counted from 0.
        op: usize,
        /// Where it ends in the old document.
        end: usize,
        /// The old length in the header.
        old_len: usize,
    },
    /// An op claims more newlines than code units.
    #[error("op {op} claims {lines} newlines in {chars} code units")]
    MoreLinesThanChars {
        /// Which op, counted from 0.
        op: usize,
        /// The newlines claimed.
        lines: usize,
        /// The code units covered.
        chars: usize,
    },
    /// The inserts want more text than the char bank has.
    #[error("op {op} needs a char bank of {expected} code units, found {found}")]
    BankTooShort {
        /// Which op, counted from 0.
        op: usize,
        /// The bank length needed up to and with this op.
        expected: usize,
        /// The bank's length.
        found: usize,
    },
    /// The inserts leave some of the char bank unused.
    #[error("inserts use {expected} code units of the char bank, found {found}")]
    BankLeftOver {
        /// The length that the inserts use.
        expected: usize,
        /// The bank's length.
        found: usize,
    },
    /// An insert with newlines whose text does not end in one.
    #[error("op {op} inserts text with newlines that does not end in one")]
    InsertEnd {
        /// Which op, counted from 0.
        op: usize,
    },
    /// The header claims another new length than the ops give.
    #[error("changeset claims a new length of {expected}, its ops give {found}")]
    LengthClaim {
        /// The new length in the header.
        expected: usize,
        /// The length that the ops give.
        found: usize,
    },
    /// A changeset meets a document, or another changeset, of the wrong length.
    #[error("changeset expects a document of {expected} code units, found {found}")]
    LengthMismatch {
        /// The old length of the changeset.
        expected: usize,
        /// The length that was there.
        found: usize,
    },
    /// An op claims another number of newlines than its text has.
    #[error("op {op} claims {expected} newlines, its text has {found}")]
    NewlineMismatch {
        /// Which op, counted from 0.
        op: usize,
        /// The newlines claimed.
        expected: usize,
        /// The newlines that are there.
        found: usize,
    },
    /// Something longer than 2^31 - 1 code units.
    #[error("length {len} is above 2147483647")]
    TooLong {
        /// The length asked for.
        len: usize,
    },
    /// An attribute number that the pool does not have.
    #[error("attribute {id} is not in the pool of {pool_len}")]
    MissingAttribute {
        /// The number asked for.
        id: u32,
        /// How many attributes the pool has.
        pool_len: usize,
    },
    /// An attribute pool that cannot be what a server means.
    #[error("attribute pool: {reason}")]
    MalformedPool {
        /// What is wrong with it.
        reason: PoolFault,
    },
    /// A keep or removal where only inserts can stand.
    #[error("attribution has an op that is not an insert (op {op})")]
    NotAttribution {
        /// Which op, counted from 0.
        op: usize,
    },
    /// Text and attribution of one document differ in length.
    #[error("attribution covers {found} code units, the text has {expected}")]
    AttributionLength {
        /// The text's length.
        expected: usize,
        /// The length that the attribution covers.
        found: usize,
    },
    /// A range that is not in the document.
    #[error("range {start}..{end} is not within 0..{len}")]
    OutOfRange {
        /// First position of the range.
        start: usize,
        /// Position after the range.
        end: usize,
        /// The length that was there.
        len: usize,
    },
    /// A message lacks a field, or it has a value of another kind.
    #[error("field {name} is missing or malformed")]
    MissingField {
        /// The field's name on the wire.
        name: &'static str,
    },
    /// A part of the history with more steps in one direction than in the other.
    #[error("{forwards} changesets forwards, {backwards} backwards")]
    UnevenLists {
        /// The number of forward changesets.
        forwards: usize,
        /// The number of backward changesets.
        backwards: usize,
    },
    /// A revision that should have followed another did not.
    #[error("revision {found} does not follow revision {rev}")]
    Gap {
        /// The last revision applied.
        rev: u32,
        /// The revision that came.
        found: u32,
    },
    /// What the server says of a revision is not what was seen of it.
    #[error("revision {rev} on the server is not the one that is here")]
    OtherHistory {
        /// The server's revision.
        rev: u32,
    },
    /// More revisions came than may wait to be applied.
    #[error("{waiting} revisions wait to be applied, there is no room for more")]
    Overflow {
        /// How many wait.
        waiting: usize,
    },
    /// A revision that did not come although later ones did.
    #[error("revision {rev} has not come")]
    Missing {
        /// The revision waited for.
        rev: u32,
    },
    /// A commit or a request that the server has not answered.
    #[error("no answer to a commit or a request at revision {rev}")]
    NoAnswer {
        /// The last revision applied.
        rev: u32,
    },
    /// A commit that the server did not take.
    #[error("the server refused a commit made on revision {rev}")]
    Refused {
        /// The last revision applied.
        rev: u32,
    },
    /// The server says that a commit changed nothing, but it does change our document.
    #[error("the server reports no change at revision {rev} for a commit that makes one")]
    UnexpectedEffect {
        /// The revision that the server reports.
        rev: u32,
    },
    /// Something that needs a document came before there was one.
    #[error("no document yet")]
    NotJoined,
    /// An acknowledgement although nothing was sent.
    #[error("a commit was acknowledged, but none was submitted")]
    NothingSubmitted,
    /// A commit, or the answer to one, that does not have the number that is due.
    #[error("number {found} where {expected} is due")]
    WrongNumber {
        /// The number that is due.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// A submission whose result would not end in a newline.
    #[error("the document would not end in a newline")]
    NoFinalNewline,
}

impl ErrorKind {
    /// See [`Error::code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnexpectedCharacter { .. } => "unexpected-character",
            Self::UnexpectedEnd { .. } => "unexpected-end",
            Self::NumberTooLarge { .. } => "number-too-large",
            Self::NotNormal { .. } => "not-normal",
            Self::NegativeLength { .. } => "negative-length",
            Self::PastEnd { .. } => "past-end",
            Self::MoreLinesThanChars { .. } => "more-lines-than-chars",
            Self::BankTooShort { .. } => "bank-too-short",
            Self::BankLeftOver { .. } => "bank-left-over",
            Self::InsertEnd { .. } => "insert-end",
            Self::LengthClaim { .. } => "length-claim",
            Self::LengthMismatch { .. } => "length-mismatch",
            Self::NewlineMismatch { .. } => "newline-mismatch",
            Self::TooLong { .. } => "too-long",
            Self::MissingAttribute { .. } => "missing-attribute",
            Self::MalformedPool { .. } => "malformed-pool",
            Self::NotAttribution { .. } => "not-attribution",
            Self::AttributionLength { .. } => "attribution-length",
            Self::OutOfRange { .. } => "out-of-range",
            Self::MissingField { .. } => "missing-field",
            Self::UnevenLists { .. } => "uneven-lists",
            Self::Gap { .. } => "gap",
            Self::OtherHistory { .. } => "other-history",
            Self::Overflow { .. } => "overflow",
            Self::Missing { .. } => "missing",
            Self::NoAnswer { .. } => "no-answer",
            Self::Refused { .. } => "refused",
            Self::UnexpectedEffect { .. } => "unexpected-effect",
            Self::NotJoined => "not-joined",
            Self::NothingSubmitted => "nothing-submitted",
            Self::WrongNumber { .. } => "wrong-number",
            Self::NoFinalNewline => "no-final-newline",
        }
    }
}

/// Which rule of the normal form a changeset breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NormalForm {
    /// A number with a `0` in front.
    #[error("number has a leading zero")]
    LeadingZero,
    /// An op of length zero.
    #[error("op has zero length")]
    ZeroLength,
    /// `|0`, which is written as nothing.
    #[error("newline count of zero is written out")]
    ZeroLines,
    /// Equal lengths written as `<0`.
    #[error("equal lengths are written as '<0'")]
    LessThanZero,
    /// A removal after an insert in one gap.
    #[error("removal stands after an insert in the same gap")]
    RemoveAfterInsert,
    /// Two ops that are written as one.
    #[error("op belongs to the one before it")]
    Unmerged,
    /// A keep without attributes at the end.
    #[error("changeset ends in a plain keep")]
    FinalKeep,
}

/// What is wrong with an attribute pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolFault {
    /// An attribute's number is not below the next free number.
    #[error("attribute {id} is not below the next number {next}")]
    AboveNext {
        /// The attribute's number.
        id: u32,
        /// The pool's next free number.
        next: u32,
    },
    /// A number below the next free number has no attribute, or one has two.
    #[error("{found} attributes, but the next number is {next}")]
    Gap {
        /// The number of attributes.
        found: usize,
        /// The pool's next free number.
        next: u32,
    },
    /// An entry's name is no number, or its value no list of two strings.
    #[error("an entry is not a number with a key and a value")]
    NotAPair,
    /// A number stands twice.
    #[error("attribute {id} is there twice")]
    Twice {
        /// The attribute's number.
        id: u32,
    },
}

/// Shows a code unit as a quoted character, or as its number if it is half a pair or cannot be seen.
struct Unit(u16);

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match char::from_u32(u32::from(self.0)) {
            Some(c) if !c.is_control() => write!(f, "'{c}'"),
            _ => write!(f, "U+{:04X}", self.0),
        }
    }
}
