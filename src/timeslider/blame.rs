//! Who wrote what, in which revision, and when.

use super::pieces::{Piece, Pieces};
use super::steps::{BlockId, Grain, StepId};
use super::timeline::Timeline;
use crate::changeset::Changeset;
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

/// A stretch of text that came into a document in one go.
#[derive(Debug, Clone, PartialEq)]
pub struct BlameRun {
    /// How many code units.
    pub len: usize,
    /// Who wrote it: as the text says, or if it does not, who made the revision.
    pub author: Option<Utf16String>,
    /// In which revision; several as long as the source has not told more exactly.
    pub revs: RangeInclusive<u32>,
    /// When, in milliseconds since 1970, if the revision and its time are known.
    pub time: Option<f64>,
}

/// How far a [`Blame`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlameState {
    /// There is more to do.
    Working,
    /// Steps are needed that a server has to be asked for.
    Waiting,
    /// All is known.
    Done,
}

/// The origin of each part of a range of a document, found by going back through the revisions.
///
/// A part has come in by the revision that inserts it; text that was removed and written again, or moved, is new. The
/// newline that every pad begins with is counted as of revision 0.
///
/// **Cost.** One look at each step on the way back to the oldest part, and no documents: about half a microsecond for each revision of a
/// file plus the parts between one change and the next. From a server it goes by steps of a hundred revisions, and by finer
/// ones only within those that wrote some of the range. [`Blame::advance`] does as much of it at a time as it is told to.
#[derive(Debug, Clone)]
pub struct Blame {
    document: Document,
    start: usize,
    tasks: Vec<Task>,
    /// Those that need a block which is not at hand.
    blocked: Vec<Task>,
    /// What is known: from each offset the end, the first revision and the last.
    known: BTreeMap<u32, (u32, u32, u32)>,
}

/// Pieces to be followed back from one place to another.
#[derive(Debug, Clone)]
struct Task {
    at: u32,
    floor: u32,
    coarsest: Grain,
    pieces: Pieces,
}

impl Blame {
    pub(super) fn new(document: Document, place: u32, range: Range<usize>) -> Result<Self, Error> {
        let len = document.len_utf16();
        if range.start > range.end || range.end > len {
            return Err(ErrorKind::OutOfRange { start: range.start, end: range.end, len }.into());
        }
        let start = range.start;
        let all = Piece { at: start as u32, len: range.len() as u32, offset: 0 };
        let mut known = BTreeMap::new();
        if !range.is_empty() {
            known.insert(0, (all.len, 0, place.saturating_sub(1)));
        }
        let pieces = Pieces::new(if range.is_empty() { Vec::new() } else { vec![all] }, len as u32);
        let tasks = vec![Task { at: place, floor: 0, coarsest: Grain::Hundred, pieces }];
        Ok(Self { document, start, tasks, blocked: Vec::new(), known })
    }

    /// Goes back by at most `steps` steps. What is known so far is in [`Blame::runs`].
    ///
    /// # Errors
    ///
    /// A step at hand does not fit the others.
    pub fn advance(&mut self, timeline: &Timeline, mut steps: u32) -> Result<BlameState, Error> {
        let waiting = std::mem::take(&mut self.blocked);
        let (ready, blocked): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|task| task.missing(timeline).is_none());
        self.blocked = blocked;
        self.tasks.extend(ready);
        while let Some(task) = self.tasks.pop() {
            if task.pieces.is_empty() {
                continue;
            }
            if task.at == task.floor {
                // Only the newline before revision 0 can be left.
                task.pieces.into_pieces().into_iter().for_each(|piece| self.paint(piece, 0, 0));
                continue;
            }
            if steps == 0 {
                self.tasks.push(task);
                break;
            }
            if task.missing(timeline).is_some() {
                self.blocked.push(task);
                continue;
            }
            steps -= 1;
            self.step(timeline, task)?;
        }
        Ok(match (self.tasks.is_empty(), self.blocked.is_empty()) {
            (true, true) => BlameState::Done,
            (true, false) => BlameState::Waiting,
            _ => BlameState::Working,
        })
    }

    /// The runs of the range, in order, as far as they are known. O(runs), and what the times of their revisions take.
    ///
    /// # Errors
    ///
    /// None that input can bring about.
    pub fn runs(&self, timeline: &mut Timeline) -> Result<Vec<BlameRun>, Error> {
        let mut runs: Vec<BlameRun> = Vec::new();
        for (&from, &(to, first, last)) in &self.known {
            let facts = if first == last { Some(timeline.revision(first)?) } else { None };
            let time = facts.as_ref().and_then(|facts| facts.time);
            let maker = facts.and_then(|facts| facts.author);
            for (text, attribs) in self.document.pieces(self.start + from as usize..self.start + to as usize)? {
                let named = attribs.author(timeline.pool())?.filter(|author| !author.is_empty());
                let author = named.or(maker.as_ref());
                match runs.last_mut() {
                    Some(run) if run.revs == (first..=last) && run.author.as_ref() == author => run.len += text.len(),
                    _ => runs.push(BlameRun { len: text.len(), author: author.cloned(), revs: first..=last, time }),
                }
            }
        }
        Ok(runs)
    }

    /// A block that has to be fetched to go on.
    pub(super) fn missing(&self, timeline: &Timeline) -> Option<BlockId> {
        self.blocked.iter().find_map(|task| task.missing(timeline))
    }

    fn step(&mut self, timeline: &Timeline, mut task: Task) -> Result<(), Error> {
        let Some(step) = task.step(timeline) else { return Ok(()) };
        let changeset = timeline.steps().changeset(step, false)?;
        task.check(&changeset)?;
        let inserted = task.pieces.undo(&changeset);
        let from_at = task.at;
        task.at = step.from();
        self.tasks.push(task);
        inserted.iter().for_each(|&piece| self.paint(piece, step.from(), step.to() - 1));
        if step.grain != Grain::One && !inserted.is_empty() {
            let coarsest = if step.grain == Grain::Hundred { Grain::Ten } else { Grain::One };
            let pieces = Pieces::new(inserted, changeset.new_len() as u32);
            self.tasks.push(Task { at: from_at, floor: step.from(), coarsest, pieces });
        }
        Ok(())
    }

    /// Notes where a part came in.
    fn paint(&mut self, piece: Piece, first: u32, last: u32) {
        let (start, end) = (piece.offset, piece.offset + piece.len);
        for at in [start, end] {
            // No part lies on both sides.
            if let Some((&from, known)) = self.known.range_mut(..at).next_back()
                && known.0 > at
                && from < at
            {
                let rest = *known;
                known.0 = at;
                self.known.insert(at, rest);
            }
        }
        let inner: Vec<_> = self.known.range(start..end).map(|(&from, _)| from).collect();
        for from in inner {
            self.known.remove(&from);
        }
        self.known.insert(start, (end, first, last));
    }
}

impl Task {
    fn candidates(&self) -> impl Iterator<Item = StepId> {
        let (at, floor, coarsest) = (self.at, self.floor, self.coarsest);
        Grain::ALL.into_iter().filter(move |&grain| grain <= coarsest).filter_map(move |grain| {
            let size = grain.size();
            (at.is_multiple_of(size) && at - floor >= size).then(|| StepId { grain, index: at / size - 1 })
        })
    }

    /// The step to be taken next, if one is at hand.
    fn step(&self, timeline: &Timeline) -> Option<StepId> {
        self.candidates().find(|&step| timeline.steps().has(step, false))
    }

    /// The block to be fetched for the next step, if none is at hand.
    fn missing(&self, timeline: &Timeline) -> Option<BlockId> {
        if self.step(timeline).is_some() {
            return None;
        }
        self.candidates().next().map(StepId::block)
    }

    /// The pieces must be of the document that the changeset made.
    fn check(&self, changeset: &Changeset) -> Result<(), Error> {
        let (expected, found) = (changeset.new_len(), self.pieces.document_len());
        if expected == found { Ok(()) } else { Err(ErrorKind::LengthMismatch { expected, found }.into()) }
    }
}
