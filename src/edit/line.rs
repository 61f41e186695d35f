//! What a line is: in a list, a heading, or plain. All of it stands on the line's marker.

use super::attributes::{HEADING, LIST, START, is_marker, value};
use super::sweep::{check_range, line_start};
use crate::attrib::{AttribPool, AttribSet};
use crate::document::Document;
use crate::error::Error;
use crate::text::{NEWLINE, Utf16String};
use std::fmt;
use std::ops::Range;

/// What kind of list a line is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Items with a bullet.
    Bullet,
    /// Items with a number.
    Number,
    /// Indented text with neither.
    Indent,
}

impl ListKind {
    /// `bullet`, `number` or `indent`, as it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bullet => "bullet",
            Self::Number => "number",
            Self::Indent => "indent",
        }
    }

    /// The kind that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const ALL: [Self; 3] = [Self::Bullet, Self::Number, Self::Indent];
}

/// A line's place in a list. `Display` gives it as it is stored: `number2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct List {
    /// Bullet, number or indent.
    pub kind: ListKind,
    /// How deep, from 1 to [`List::MAX_LEVEL`]; the outermost is 1.
    pub level: u8,
}

impl List {
    /// The deepest level.
    pub const MAX_LEVEL: u8 = 16;

    /// Reads the value of a `list` attribute. Values that no editor writes are none.
    ///
    /// ```
    /// use easysync::{List, ListKind};
    /// assert_eq!(List::parse(&"number2".into()), Some(List { kind: ListKind::Number, level: 2 }));
    /// assert_eq!(List::parse(&"number17".into()), None);
    /// ```
    pub fn parse(value: &Utf16String) -> Option<Self> {
        let value = value.to_str()?;
        ListKind::ALL.into_iter().find_map(|kind| {
            let level = u8::try_from(number(value.strip_prefix(kind.name())?)?).ok()?;
            (1..=Self::MAX_LEVEL).contains(&level).then_some(Self { kind, level })
        })
    }

    /// The list some levels deeper, or less deep if negative; none if that is not deep at all.
    pub(super) fn moved(self, by: i32) -> Option<Self> {
        let level = i32::from(self.level).saturating_add(by).min(i32::from(Self::MAX_LEVEL));
        u8::try_from(level).ok().filter(|&level| level > 0).map(|level| Self { level, ..self })
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.name(), self.level)
    }
}

/// What a line is, apart from its text. The default is a plain line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LineFormat {
    /// The list that it is in.
    pub list: Option<List>,
    /// Its heading level, 1 to 6.
    pub heading: Option<u8>,
    /// The number that is stored for it, if it is a numbered item.
    pub start: Option<u32>,
    /// Whether its first code unit is a marker: not text, but the character that all this stands on.
    pub has_marker: bool,
}

impl LineFormat {
    /// What a marker's attributes say.
    pub(super) fn of_marker(attribs: &AttribSet, pool: &AttribPool) -> Result<Self, Error> {
        let list = value(attribs, pool, LIST)?.and_then(List::parse);
        let heading = value(attribs, pool, HEADING)?.and_then(parse_heading);
        let is_numbered = list.is_some_and(|list| list.kind == ListKind::Number);
        let start = value(attribs, pool, START)?.and_then(Utf16String::to_str).and_then(|value| number(&value));
        Ok(Self { list, heading, start: start.filter(|_| is_numbered), has_marker: true })
    }

    /// How many code units of the line are not text: 1 with a marker, else 0.
    pub fn marker_len(&self) -> usize {
        usize::from(self.has_marker)
    }
}

/// What a line is, counted from 0. Values that no editor writes, such as `heading` = `h9`, count as absent. O(log n).
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange), in lines;
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// ```
/// use easysync::{AttribPool, Document, ListKind, line_format, set_list};
/// let (mut doc, mut pool) = (Document::from_text("a\n"), AttribPool::new());
/// let change = set_list(&doc, &mut pool, 0..1, Some(ListKind::Number))?;
/// doc.apply(&change, &pool)?;
/// assert_eq!(doc.text(), "*a\n");
/// assert_eq!(line_format(&doc, &pool, 0)?.start, Some(1));
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn line_format(doc: &Document, pool: &AttribPool, line: usize) -> Result<LineFormat, Error> {
    let range = doc.line_range(line)?;
    match marker_at(doc, pool, range.start)? {
        Some(attribs) => LineFormat::of_marker(attribs, pool),
        None => Ok(LineFormat::default()),
    }
}

/// The lines that a selection touches. A line at whose very start a selection ends is not one of them, nor is what comes
/// after the last newline of the document. O(log n).
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange).
///
/// ```
/// use easysync::{Document, touched_lines};
/// let doc = Document::from_text("a\nb\nc\n");
/// assert_eq!(touched_lines(&doc, 1..4)?, 0..2);
/// assert_eq!(touched_lines(&doc, 2..2)?, 1..2);
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn touched_lines(doc: &Document, range: Range<usize>) -> Result<Range<usize>, Error> {
    check_range(doc, &range)?;
    let count = doc.line_count();
    let first = doc.line_at(range.start)?.min(count.saturating_sub(1));
    let mut last = doc.line_at(range.end)?.min(count.saturating_sub(1));
    if last > first && line_start(doc, last) == range.end {
        last -= 1;
    }
    Ok(first..(last + 1).min(count))
}

/// The attributes of the marker at the start of a line, if there is one. A newline is never a marker.
pub(super) fn marker_at<'a>(
    doc: &'a Document,
    pool: &AttribPool,
    line_start: usize,
) -> Result<Option<&'a AttribSet>, Error> {
    if line_start >= doc.len_utf16() {
        return Ok(None);
    }
    match doc.pieces(line_start..line_start + 1)?.next() {
        Some((text, attribs)) if text.first() != Some(&NEWLINE) && is_marker(attribs, pool)? => Ok(Some(attribs)),
        _ => Ok(None),
    }
}

fn parse_heading(value: &Utf16String) -> Option<u8> {
    let level = u8::try_from(number(value.to_str()?.strip_prefix('h')?)?).ok()?;
    is_heading_level(level).then_some(level)
}

pub(super) fn is_heading_level(level: u8) -> bool {
    (1..=6).contains(&level)
}

/// A number written in digits alone, without zeros in front.
fn number(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain)
}
