//! Rich text between documents and the world: copy, paste, import.

use super::attributes::{MARKER_TEXT, format_of, format_set, is_marker};
use super::line::{LineFormat, List, is_heading_level, line_format, marker_at};
use super::lines::{new_marker, then_lines};
use super::sweep::{check_range, line_start, text_end, unit_before};
use super::text::{Replacement, replace_pieces};
use crate::attrib::{AttribPool, AttribSet, Attribute};
use crate::changeset::{Assoc, Changeset};
use crate::document::Document;
use crate::error::Error;
use crate::text::{NEWLINE, Utf16String};
use std::ops::Range;

/// A stretch of text with one format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FragmentRun {
    /// The text. `\n`, `\r\n` and `\r` in it begin plain lines when it is put into a document.
    pub text: Utf16String,
    /// Its format. Author and line attributes are no part of it, and are left out if they are there.
    pub format: Vec<Attribute>,
}

/// A line of a [`Fragment`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FragmentLine {
    /// The list that it is in.
    pub list: Option<List>,
    /// Its heading level, 1 to 6.
    pub heading: Option<u8>,
    /// The number of a numbered item, for those who read it. In a document items are numbered anew.
    pub start: Option<u32>,
    /// Its text, without a marker.
    pub runs: Vec<FragmentRun>,
}

/// Rich text on its way: copied, pasted, imported, exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    /// One line more than there are newlines; the first and the last may be parts of lines.
    pub lines: Vec<FragmentLine>,
}

impl Fragment {
    /// The text of its lines, as people see it: without markers, bullets or numbers. O(length).
    pub fn text(&self) -> Utf16String {
        let mut text = Utf16String::new();
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                text.push_units(&[NEWLINE]);
            }
            line.runs.iter().for_each(|run| text.push_units(&run.text));
        }
        text
    }
}

/// A range as a fragment, as it is copied. A line's list and heading are copied if the copy has the line from its start,
/// and is not a part of that line alone. O(log n + length), O(log n) for each line.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange);
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
pub fn fragment(doc: &Document, pool: &AttribPool, range: Range<usize>) -> Result<Fragment, Error> {
    check_range(doc, &range)?;
    let (first, last) = (doc.line_at(range.start)?, doc.line_at(range.end)?);
    let mut lines = Vec::new();
    for number in first..=last {
        let line = Line::of(doc, pool, number)?;
        let has_start = range.start <= line.text.start && range.end >= line.text.start;
        let is_part = first == last && (range.end < line.text.end || line.text.is_empty());
        let text = range.start.max(line.text.start)..range.end.min(line.text.end);
        let format = if has_start && !is_part { line.format } else { LineFormat::default() };
        lines.push(read_line(doc, pool, format, text)?);
    }
    Ok(Fragment { lines })
}

/// The whole document as a fragment, without an empty line at its end.
pub(super) fn whole(doc: &Document, pool: &AttribPool) -> Result<Fragment, Error> {
    let read = |number| {
        let line = Line::of(doc, pool, number)?;
        read_line(doc, pool, line.format, line.text)
    };
    Ok(Fragment { lines: (0..doc.line_count()).map(read).collect::<Result<_, Error>>()? })
}

/// Replaces a range by a fragment, as paste and import do: the change, and where the caret is afterwards, behind the text
/// put in.
///
/// The first line joins the line that it is put into; its list and heading count only if nothing else is on that line.
/// The other lines become lines, with lists and headings of their own, and what was behind the range follows on the last
/// of them. Formats are taken as they are. Levels that do not exist are cut to the nearest, headings that do not exist are
/// none. The newline that the document ends in stays. Numbered items are numbered anew (see [`set_list`](crate::set_list)).
///
/// O(log n + length), plus O(log n) for each line and each item of the lists around.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange), [`ErrorKind::TooLong`](crate::ErrorKind::TooLong),
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// ```
/// use easysync::{AttribPool, Document, Fragment, FragmentLine, FragmentRun, insert_fragment};
/// let (mut doc, mut pool) = (Document::from_text("[]\n"), AttribPool::new());
/// let line = |text: &str| FragmentLine {
///     runs: vec![FragmentRun { text: text.into(), format: Vec::new() }],
///     ..FragmentLine::default()
/// };
/// let fragment = Fragment { lines: vec![line("a"), FragmentLine { heading: Some(1), ..line("😀") }] };
/// let (change, caret) = insert_fragment(&doc, &mut pool, 1..1, &fragment)?;
/// doc.apply(&change, &pool)?;
/// assert_eq!((doc.text().to_string().as_str(), caret), ("[a\n*😀]\n", 6));
/// # Ok::<(), easysync::Error>(())
/// ```
pub fn insert_fragment(
    doc: &Document,
    pool: &mut AttribPool,
    range: Range<usize>,
    fragment: &Fragment,
) -> Result<(Changeset, usize), Error> {
    check_range(doc, &range)?;
    let end = text_end(doc);
    let mut range = range.start.min(end)..range.end.min(end);
    let number = doc.line_at(range.start)?;
    let line = Line::of(doc, pool, number)?;
    if range.is_empty() {
        // A caret beside the marker is one at the start of the text.
        range = range.start.max(line.text.start)..range.start.max(line.text.start);
    }
    let lines = plain_lines(fragment);
    let mut pieces = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            pieces.push((&[NEWLINE][..], AttribSet::EMPTY));
            if let Some(marker) = new_marker(line.list, line.heading, pool) {
                pieces.push((MARKER_TEXT, marker));
            }
        }
        pieces.extend(line.runs.iter().map(|(text, format)| (text.as_slice(), format_set(format, pool))));
    }
    let goes_on = lines.len() > 1 || range.end == Line::of(doc, pool, doc.line_at(range.end)?)?.text.end;
    let own = lines.first().filter(|_| range.start <= line.text.start && goes_on);
    let (list, heading) = own.map_or((None, None), |line| (line.list, line.heading));

    let first = replace_pieces(doc, pool, vec![Replacement { range: range.clone(), pieces }])?;
    let (both, second) = then_lines(doc, pool, &first, |edits, pool| {
        if list.is_some() {
            edits.set_list(number, list);
        }
        if heading.is_some() {
            edits.set_heading(number, heading);
        }
        edits.renumber(pool, number..number + 1)
    })?;
    let is_line_start = unit_before(doc, range.end).is_none_or(|unit| unit == NEWLINE);
    let marker = usize::from(is_line_start && marker_at(doc, pool, range.end)?.is_some());
    let caret = (first.new_len() + range.end + marker).saturating_sub(doc.len_utf16());
    Ok((both, second.map_position(caret, Assoc::After)))
}

/// A line of a document.
struct Line {
    format: LineFormat,
    /// The positions of its text: no marker, no newline.
    text: Range<usize>,
}

impl Line {
    /// A line by its number; an empty one behind the last newline.
    fn of(doc: &Document, pool: &AttribPool, number: usize) -> Result<Self, Error> {
        if number >= doc.line_count() {
            return Ok(Self { format: LineFormat::default(), text: doc.len_utf16()..doc.len_utf16() });
        }
        let format = line_format(doc, pool, number)?;
        let (start, next) = (line_start(doc, number), line_start(doc, number + 1));
        let end = next - usize::from(unit_before(doc, next) == Some(NEWLINE));
        Ok(Self { format, text: start + format.marker_len()..end })
    }
}

fn read_line(doc: &Document, pool: &AttribPool, format: LineFormat, text: Range<usize>) -> Result<FragmentLine, Error> {
    let mut runs: Vec<FragmentRun> = Vec::new();
    if !text.is_empty() {
        for (text, attribs) in doc.pieces(text)? {
            if is_marker(attribs, pool)? {
                continue;
            }
            let format = format_of(attribs, pool)?;
            match runs.last_mut() {
                Some(last) if last.format == format => last.text.push_units(text),
                _ => runs.push(FragmentRun { text: text.into(), format }),
            }
        }
    }
    Ok(FragmentLine { list: format.list, heading: format.heading, start: format.start, runs })
}

/// A line to be put into a document: its text has no line breaks, its values are right.
#[derive(Debug, Default)]
struct PlainLine<'a> {
    list: Option<List>,
    heading: Option<u8>,
    runs: Vec<(Vec<u16>, &'a [Attribute])>,
}

/// At least one line.
fn plain_lines(fragment: &Fragment) -> Vec<PlainLine<'_>> {
    let mut lines = Vec::with_capacity(fragment.lines.len());
    for line in &fragment.lines {
        let level = |list: List| List { level: list.level.clamp(1, List::MAX_LEVEL), ..list };
        let heading = line.heading.filter(|&level| is_heading_level(level));
        let mut current = PlainLine { list: line.list.map(level), heading, runs: Vec::new() };
        let mut last = 0;
        for run in &line.runs {
            let mut text = Vec::with_capacity(run.text.len());
            for &unit in &*run.text {
                let is_second_half = last == CARRIAGE_RETURN && unit == NEWLINE;
                last = unit;
                if is_second_half {
                    continue;
                }
                if unit == NEWLINE || unit == CARRIAGE_RETURN {
                    current.runs.push((std::mem::take(&mut text), &run.format));
                    lines.push(std::mem::take(&mut current));
                } else {
                    text.push(unit);
                }
            }
            current.runs.push((text, &run.format));
        }
        lines.push(current);
    }
    if lines.is_empty() {
        lines.push(PlainLine::default());
    }
    lines
}

const CARRIAGE_RETURN: u16 = 0x0d;
