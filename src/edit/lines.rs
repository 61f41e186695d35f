//! Changes to what lines are: lists, indentation, headings, and the numbers of numbered items.

use super::attributes::{HEADING, INSERT_ORDER, LIST, MARKER, MARKER_TEXT, START, needs_marker, value};
use super::line::{LineFormat, List, ListKind, is_heading_level, line_format, marker_at};
use super::sweep::{Sweep, check_within};
use crate::attrib::{AttribPool, AttribSet, Attribute, EmptyValue};
use crate::changeset::{Changeset, Splice};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use std::ops::Range;

/// Puts lines into lists of a kind, or takes them out of any list. What is in a list already keeps its level.
///
/// Here and wherever lines change, the numbered items around them are numbered anew: items of one level count up, a deeper
/// list starts at 1, and a bullet of the same level, or any line that is no item, ends the count.
///
/// O(log n) for each line, and for each item of the lists around them.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`], in lines; [`ErrorKind::MissingAttribute`].
pub fn set_list(
    doc: &Document,
    pool: &mut AttribPool,
    lines: Range<usize>,
    kind: Option<ListKind>,
) -> Result<Changeset, Error> {
    change_lists(doc, pool, lines, |old| kind.map(|kind| List { kind, level: old.map_or(1, |list| list.level) }))
}

/// Takes lines out of their lists if all are in lists of a kind, else puts them into such lists, as [`set_list`] does.
///
/// # Errors
///
/// As [`set_list`].
pub fn toggle_list(
    doc: &Document,
    pool: &mut AttribPool,
    lines: Range<usize>,
    kind: ListKind,
) -> Result<Changeset, Error> {
    check_within(&lines, doc.line_count())?;
    let mut all = true;
    for line in lines.clone() {
        all = all && line_format(doc, pool, line)?.list.is_some_and(|list| list.kind == kind);
    }
    set_list(doc, pool, lines, Some(kind).filter(|_| !all))
}

/// Moves lines in by some levels, or out if `by` is negative. Plain lines become indented ones; what comes out of the
/// first level becomes plain; level 16 is the deepest. Cost and numbers as [`set_list`].
///
/// # Errors
///
/// As [`set_list`].
pub fn indent(doc: &Document, pool: &mut AttribPool, lines: Range<usize>, by: i32) -> Result<Changeset, Error> {
    change_lists(doc, pool, lines, |old| match old {
        Some(list) => list.moved(by),
        None => List { kind: ListKind::Indent, level: 0 }.moved(by),
    })
}

/// Makes lines headings of a level from 1 to 6, or no headings. O(log n) for each line.
///
/// # Errors
///
/// [`ErrorKind::OutOfRange`], in lines, or for the level; [`ErrorKind::MissingAttribute`].
pub fn set_heading(
    doc: &Document,
    pool: &mut AttribPool,
    lines: Range<usize>,
    level: Option<u8>,
) -> Result<Changeset, Error> {
    if let Some(level) = level.filter(|&level| !is_heading_level(level)) {
        return Err(ErrorKind::OutOfRange { start: level.into(), end: level.into(), len: 6 }.into());
    }
    check_within(&lines, doc.line_count())?;
    let mut edits = LineEdits::new(doc);
    lines.for_each(|line| edits.set_heading(line, level));
    edits.finish(pool)
}

fn change_lists(
    doc: &Document,
    pool: &mut AttribPool,
    lines: Range<usize>,
    change: impl Fn(Option<List>) -> Option<List>,
) -> Result<Changeset, Error> {
    check_within(&lines, doc.line_count())?;
    let mut edits = LineEdits::new(doc);
    for line in lines.clone() {
        let old = line_format(doc, pool, line)?.list;
        edits.set_list(line, change(old));
    }
    edits.renumber(pool, lines)?;
    edits.finish(pool)
}

/// What is to become of a line; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default)]
struct LineEdit {
    list: Option<Option<List>>,
    heading: Option<Option<u8>>,
    start: Option<Option<u32>>,
}

/// Changes to lines of a document, gathered before they are written.
#[derive(Debug)]
pub(super) struct LineEdits<'a> {
    doc: &'a Document,
    /// By the number of the line, ascending.
    edits: Vec<(usize, LineEdit)>,
}

impl<'a> LineEdits<'a> {
    pub fn new(doc: &'a Document) -> Self {
        Self { doc, edits: Vec::new() }
    }

    pub fn doc(&self) -> &'a Document {
        self.doc
    }

    pub fn set_list(&mut self, line: usize, list: Option<List>) {
        self.edit(line, |edit| {
            edit.list = Some(list);
            if list.is_none_or(|list| list.kind != ListKind::Number) {
                edit.start = Some(None);
            }
        });
    }

    pub fn set_heading(&mut self, line: usize, level: Option<u8>) {
        self.edit(line, |edit| edit.heading = Some(level));
    }

    /// Changes what is to become of a line. Lines come ascending nearly always, so that a new one is the last.
    fn edit(&mut self, line: usize, change: impl FnOnce(&mut LineEdit)) {
        let at = self.edits.partition_point(|edit| edit.0 < line);
        if self.edits.get(at).is_none_or(|edit| edit.0 != line) {
            self.edits.insert(at, (line, LineEdit::default()));
        }
        if let Some((_, edit)) = self.edits.get_mut(at) {
            change(edit);
        }
    }

    /// What a line will be, but for its marker.
    fn get(&self, pool: &AttribPool, line: usize) -> Result<LineFormat, Error> {
        let old = line_format(self.doc, pool, line)?;
        let found = self.edits.binary_search_by_key(&line, |edit| edit.0);
        let edit = found.ok().and_then(|at| self.edits.get(at)).map(|edit| edit.1).unwrap_or_default();
        Ok(LineFormat {
            list: edit.list.unwrap_or(old.list),
            heading: edit.heading.unwrap_or(old.heading),
            start: edit.start.unwrap_or(old.start),
            ..old
        })
    }

    /// The line's list, if it takes part in the numbering.
    fn item(&self, pool: &AttribPool, line: usize) -> Result<Option<List>, Error> {
        Ok(self.get(pool, line)?.list.filter(|list| list.kind != ListKind::Indent))
    }

    /// Numbers all lists that lines are in or next to.
    pub fn renumber(&mut self, pool: &AttribPool, lines: Range<usize>) -> Result<(), Error> {
        let count = self.doc.line_count();
        let end = lines.end.saturating_add(1).min(count);
        let mut line = lines.start.saturating_sub(1);
        while line > 0 && line < count && !is_break(self.item(pool, line)?) {
            line -= 1;
        }
        // How many items of each level there were since a shallower one.
        let mut counts = [0_u32; List::MAX_LEVEL as usize + 1];
        while line < count {
            let format = self.get(pool, line)?;
            let item = format.list.filter(|list| list.kind != ListKind::Indent);
            if line >= end && is_break(item) {
                break;
            }
            let level = item.map_or(0, |list| usize::from(list.level));
            counts.iter_mut().skip(level + 1).for_each(|count| *count = 0);
            if let (Some(list), Some(count)) = (item, counts.get_mut(level)) {
                *count = if list.kind == ListKind::Number { *count + 1 } else { 0 };
                if *count > 0 && format.start != Some(*count) {
                    let start = Some(*count);
                    self.edit(line, |edit| edit.start = Some(start));
                }
            }
            line += 1;
        }
        Ok(())
    }

    /// The changeset of it all. O(log n) for each line.
    pub fn finish(self, pool: &mut AttribPool) -> Result<Changeset, Error> {
        let mut sweep = Sweep::new(self.doc);
        for (line, edit) in self.edits {
            let start = self.doc.line_range(line)?.start;
            let marker = marker_at(self.doc, pool, start)?;
            let old = marker.unwrap_or(&AttribSet::EMPTY);
            let mut changes = Vec::new();
            for (key, new) in [
                (LIST, edit.list.map(|list| list.map(|list| list.to_string()))),
                (HEADING, edit.heading.map(|level| level.map(|level| format!("h{level}")))),
                (START, edit.start.map(|start| start.map(|start| start.to_string()))),
            ] {
                let Some(new) = new.map(Option::unwrap_or_default) else { continue };
                if value(old, pool, key)?.map_or(!new.is_empty(), |old| *old != *new) {
                    changes.push(Attribute::new(key, new));
                }
            }
            let is_needed = carries_something(old, &changes, pool)?;
            match (marker.is_some(), is_needed) {
                (true, false) => {
                    sweep.keep_to(start, &AttribSet::EMPTY)?;
                    sweep.remove_to(start + 1)?;
                }
                (true, true) if !changes.is_empty() => {
                    // Without `list` a marker of old is one no more, unless it says so itself.
                    let is_marked = value(old, pool, MARKER)?.is_some();
                    changes.extend((!is_marked).then(|| Attribute::new(MARKER, "1")));
                    sweep.keep_to(start, &AttribSet::EMPTY)?;
                    sweep.keep_to(start + 1, &AttribSet::from_pairs(changes, EmptyValue::Keep, pool))?;
                }
                (false, true) => {
                    sweep.keep_to(start, &AttribSet::EMPTY)?;
                    sweep.insert(MARKER_TEXT, &marker_set(changes, pool));
                }
                _ => {}
            }
        }
        sweep.finish()
    }
}

/// The attributes of a new marker that carries these.
fn marker_set(line: Vec<Attribute>, pool: &mut AttribPool) -> AttribSet {
    let mark = [Attribute::new(INSERT_ORDER, "first"), Attribute::new(MARKER, "1")];
    AttribSet::from_pairs(line.into_iter().chain(mark), EmptyValue::Delete, pool)
}

/// The attributes of a new marker for a line of a list, a heading, or both; `None` if it needs none.
pub(super) fn new_marker(list: Option<List>, heading: Option<u8>, pool: &mut AttribPool) -> Option<AttribSet> {
    let list = list.map(|list| Attribute::new(LIST, list.to_string()));
    let heading = heading.map(|level| Attribute::new(HEADING, format!("h{level}")));
    let line: Vec<_> = list.into_iter().chain(heading).collect();
    (!line.is_empty()).then(|| marker_set(line, pool))
}

/// Does a changeset, then changes lines of its result, and numbers the lists around what it did: both as one changeset,
/// and the second alone.
pub(super) fn then_lines(
    doc: &Document,
    pool: &mut AttribPool,
    first: &Changeset,
    edit: impl FnOnce(&mut LineEdits<'_>, &AttribPool) -> Result<(), Error>,
) -> Result<(Changeset, Changeset), Error> {
    let mut after = doc.clone();
    after.apply(first, pool)?;
    let mut edits = LineEdits::new(&after);
    edit(&mut edits, pool)?;
    let (mut grown, mut shrunk) = (0, 0);
    for Splice { range, text } in first.splices() {
        let start = range.start + grown - shrunk;
        (grown, shrunk) = (grown + text.len(), shrunk + range.len());
        let lines = after.line_at(start)?..after.line_at(start + text.len())? + 1;
        edits.renumber(pool, lines)?;
    }
    let second = edits.finish(pool)?;
    Ok((first.compose(&second, pool)?, second))
}

/// Whether numbers after a line do not depend on what is before it.
fn is_break(item: Option<List>) -> bool {
    item.is_none_or(|list| list.kind == ListKind::Bullet && list.level == 1)
}

/// Whether there is something that needs a marker, when some of its attributes have changed.
fn carries_something(old: &AttribSet, changes: &[Attribute], pool: &AttribPool) -> Result<bool, Error> {
    let needs = |attribute: &Attribute| needs_marker(&attribute.key) && !attribute.value.is_empty();
    for &id in old.ids() {
        let attribute = pool.get(id)?;
        if needs(attribute) && changes.iter().all(|change| change.key != attribute.key) {
            return Ok(true);
        }
    }
    Ok(changes.iter().any(needs))
}
