//! All revisions of a pad: documents, texts, authors and times of any of them.

use super::blame::Blame;
use super::documents::Documents;
use super::route::{self, Route, Wants};
use super::steps::{BlockId, Grain, Step, StepId, Steps};
use super::times::Times;
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, OpKind};
use crate::document::{Document, Patch};
use crate::error::{Error, ErrorKind};
use crate::protocol::{AuthorInfo, DeltaUnit, SavedRevision};
use crate::text::Utf16String;
use std::collections::HashMap;
use std::ops::Range;

/// How much memory a history takes before it lets go of what can be had again, in bytes.
const MEMORY: usize = 128 << 20;
/// Documents of a file are kept each so many revisions, more if they are large.
const INTERVAL: u32 = 128;

/// The revisions of a pad, as far as they are at hand.
///
/// Everything is made from documents of its own, forwards or backwards, whatever is on the screen. From a file all
/// revisions are there; from a server blocks of steps come as they are asked for, see [`Slider`](super::Slider), and what
/// needs others gives `None`.
///
/// **Cost.** A document is at most some hundred steps from one that is kept, each O(log n + change); it is less where the
/// way there was gone before. Kept documents share their memory.
#[derive(Debug, Clone)]
pub struct Timeline {
    pool: AttribPool,
    steps: Steps,
    documents: Documents,
    times: Times,
    /// The place behind the newest revision.
    end: u32,
    authors: Vec<AuthorInfo>,
    author_numbers: HashMap<Utf16String, u32>,
    saved: Vec<SavedRevision>,
    /// Whether what is let go can be asked for again.
    can_fetch: bool,
    interval: u32,
    memory_limit: usize,
}

/// What is known of a revision.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionFacts {
    /// Its number.
    pub rev: u32,
    /// Who made it: as the source says, or else as the text says that it inserts. `None` if neither does; empty for the
    /// server itself.
    pub author: Option<Utf16String>,
    /// When, in milliseconds since 1970, if the steps from there to a known time are at hand.
    pub time: Option<f64>,
}

/// How much of a text is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorShare {
    /// The author id.
    pub author: Utf16String,
    /// How many code units.
    pub len: usize,
}

/// How much was written over some revisions, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whose text was inserted, and how much of it, the most first. What nobody is known to have written is that of the
    /// empty author.
    pub shares: Vec<AuthorShare>,
    /// How many code units were removed.
    pub removed: usize,
    /// Of how many steps it is made. If they are fewer than the revisions, some tell only what ten or a hundred revisions
    /// came to: what was inserted and removed again among them is not counted.
    pub steps: u32,
}

/// Blocks without which something cannot be had.
pub(super) type Missing = Vec<BlockId>;

/// A step that cannot be what the pad's history has.
#[derive(Debug, Clone)]
pub(super) struct BadStep {
    pub block: BlockId,
    pub error: Error,
}

impl Timeline {
    /// A history of which nothing is at hand but the document before the first revision.
    pub(super) fn new(pool: AttribPool, can_fetch: bool) -> Self {
        let mut documents = Documents::default();
        documents.insert(0, Document::new(), 0);
        Self {
            pool,
            steps: Steps::default(),
            documents,
            times: Times::default(),
            end: 0,
            authors: Vec::new(),
            author_numbers: HashMap::new(),
            saved: Vec::new(),
            can_fetch,
            interval: INTERVAL,
            memory_limit: MEMORY,
        }
    }

    /// The newest revision.
    pub fn head(&self) -> u32 {
        self.end.saturating_sub(1)
    }

    /// What numbers the attributes of all documents here.
    pub fn pool(&self) -> &AttribPool {
        &self.pool
    }

    /// Everyone who is known to have written here.
    pub fn authors(&self) -> &[AuthorInfo] {
        &self.authors
    }

    /// The author of this id. O(1).
    pub fn author(&self, id: &Utf16String) -> Option<&AuthorInfo> {
        self.author_numbers.get(id).and_then(|&number| self.authors.get(number as usize))
    }

    /// The revisions that somebody has marked, in the order in which they were marked.
    pub fn saved_revisions(&self) -> &[SavedRevision] {
        &self.saved
    }

    /// About how many bytes the history takes: exact for steps, an estimate for documents, which share memory.
    pub fn memory(&self) -> usize {
        self.steps.memory() + self.documents.memory()
    }

    /// Sets how many bytes [`Timeline::memory`] may reach before what was used least lately is let go: blocks that a server
    /// can be asked for again, documents that can be made again. What is needed at once stays.
    pub fn set_memory_limit(&mut self, bytes: usize) {
        self.memory_limit = bytes;
        self.evict(self.end);
    }

    /// The document of a revision; `None` if what it takes is not at hand.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for a revision that is not there yet; what is wrong with a step on the way, which is a
    /// fault of the source.
    pub fn document_at(&mut self, rev: u32) -> Result<Option<Document>, Error> {
        let place = self.place(rev)?;
        match self.document(place) {
            Ok(found) => Ok(found.ok()),
            Err(bad) => Err(bad.error),
        }
    }

    /// The text of a revision; otherwise as [`Timeline::document_at`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn text_at(&mut self, rev: u32) -> Result<Option<Utf16String>, Error> {
        Ok(self.document_at(rev)?.map(|document| document.text()))
    }

    /// Whose text is in the document of a revision, and how much of it, the most first; text without an author is left
    /// out. O(stretches of equal attributes), and what [`Timeline::document_at`] takes.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn authors_at(&mut self, rev: u32) -> Result<Option<Vec<AuthorShare>>, Error> {
        let Some(document) = self.document_at(rev)? else { return Ok(None) };
        let mut lengths = HashMap::<&Utf16String, usize>::new();
        for (text, attribs) in document.pieces(0..document.len_utf16())? {
            if let Some(author) = attribs.author(&self.pool)?.filter(|author| !author.is_empty()) {
                *lengths.entry(author).or_default() += text.len();
            }
        }
        Ok(Some(shares(lengths)))
    }

    /// How much was written in a range of revisions, if that can be told from more than `known` steps: from single
    /// revisions where they are at hand, else from steps of ten or a hundred. `None` if nothing is at hand for a part of the
    /// range.
    ///
    /// O(steps log blocks) to look, and O(changesets) to count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`]; what is wrong with a step.
    pub fn written(&self, revs: Range<u32>, known: u32) -> Result<Option<Written>, Error> {
        let (start, end, len) = (revs.start as usize, revs.end as usize, self.end as usize);
        if start > end || end > len {
            return Err(ErrorKind::OutOfRange { start, end, len }.into());
        }
        let Some(steps) = route::finest(&self.steps, revs).filter(|steps| steps.len() > known as usize) else {
            return Ok(None);
        };
        let nobody = Utf16String::new();
        let mut lengths = HashMap::<&Utf16String, usize>::new();
        let mut removed = 0;
        for &step in &steps {
            let maker = self.steps.author(step).and_then(|author| self.authors.get(author as usize));
            for op in self.steps.changeset(step, false)?.ops() {
                match op.kind {
                    OpKind::Keep => {}
                    OpKind::Remove => removed += op.chars as usize,
                    OpKind::Insert => {
                        let named = op.attribs.author(&self.pool)?.filter(|author| !author.is_empty());
                        let author = named.or(maker.map(|author| &author.id)).unwrap_or(&nobody);
                        *lengths.entry(author).or_default() += op.chars as usize;
                    }
                }
            }
        }
        Ok(Some(Written { shares: shares(lengths), removed, steps: steps.len() as u32 }))
    }

    /// The patch from the document of one revision to that of another, earlier or later; see [`Document::diff`].
    ///
    /// # Errors
    ///
    /// As [`Timeline::document_at`].
    pub fn diff(&mut self, from: u32, to: u32) -> Result<Option<Patch>, Error> {
        match (self.document_at(from)?, self.document_at(to)?) {
            (Some(from), Some(to)) => Ok(Some(from.diff(&to))),
            _ => Ok(None),
        }
    }

    /// Begins to find out who wrote each part of a range of a revision's document, in which revision, and when. The work
    /// itself is done by [`Blame::advance`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for the range too; as [`Timeline::document_at`].
    pub fn blame(&mut self, rev: u32, range: Range<usize>) -> Result<Option<Blame>, Error> {
        let place = self.place(rev)?;
        let Some(document) = self.document_at(rev)? else { return Ok(None) };
        Blame::new(document, place, range).map(Some)
    }

    /// What a revision changed, numbered by [`Timeline::pool`]; `None` if it is not at hand. O(changeset + log blocks).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn changeset_at(&self, rev: u32) -> Result<Option<Changeset>, Error> {
        let id = StepId { grain: Grain::One, index: self.place(rev)? - 1 };
        if self.steps.has(id, false) { self.steps.changeset(id, false).map(Some) } else { Ok(None) }
    }

    /// Who made a revision, and when. O(log blocks), plus a walk to the nearest known time, of at most some hundred steps
    /// for a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn revision(&mut self, rev: u32) -> Result<RevisionFacts, Error> {
        let place = self.place(rev)?;
        Ok(RevisionFacts { rev, author: self.maker(rev).cloned(), time: self.times.at(&self.steps, place) })
    }

    /// Who made a revision.
    pub(super) fn maker(&self, rev: u32) -> Option<&Utf16String> {
        let author = self.steps.author(StepId { grain: Grain::One, index: rev })?;
        self.authors.get(author as usize).map(|author| &author.id)
    }

    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The place behind the newest revision.
    pub(super) fn end(&self) -> u32 {
        self.end
    }

    fn place(&self, rev: u32) -> Result<u32, Error> {
        if rev < self.end {
            return Ok(rev + 1);
        }
        let (start, len) = (rev as usize, self.end as usize);
        Err(ErrorKind::OutOfRange { start, end: start.saturating_add(1), len }.into())
    }

    /// The document of a place, or the blocks that it takes.
    pub(super) fn document(&mut self, place: u32) -> Result<Result<Document, Missing>, BadStep> {
        if let Some(document) = self.documents.get(place) {
            return Ok(Ok(document.clone()));
        }
        let Some(route) = self.route_to(place) else { return Ok(Err(Vec::new())) };
        if !route.missing.is_empty() {
            return Ok(Err(route.missing));
        }
        self.walk(&route).map(Ok)
    }

    /// The blocks that the document of a place takes and that are not at hand.
    pub(super) fn missing(&self, place: u32) -> Missing {
        self.route_to(place).map(|route| route.missing).unwrap_or_default()
    }

    /// Whether what is not at hand can be asked for.
    pub(super) fn can_fetch(&self) -> bool {
        self.can_fetch
    }

    /// Whether there is memory for what nobody has asked for yet.
    pub(super) fn has_room(&self) -> bool {
        self.memory() < self.memory_limit / 2
    }

    fn route_to(&self, place: u32) -> Option<Route> {
        let [before, behind] = self.documents.around(place);
        let between = |anchor, coarsest| Route::between(&self.steps, anchor, place, coarsest, Wants::Changesets);
        if !self.can_fetch {
            // All single revisions are there, forwards.
            return before.map(|before| between(before, Grain::One));
        }
        let anchors = before.into_iter().chain(behind);
        Route::best(anchors.flat_map(|anchor| Grain::ALL.map(|coarsest| between(anchor, coarsest))))
    }

    /// Goes a way whose steps are all at hand, and keeps documents on it.
    fn walk(&mut self, route: &Route) -> Result<Document, BadStep> {
        let mut document = self.documents.get(route.start).cloned().unwrap_or_default();
        let mut kept = document.clone();
        for (index, &step) in route.steps.iter().enumerate() {
            let bad = |error| BadStep { block: step.block(), error };
            let changeset = self.steps.changeset(step, route.is_backwards).map_err(bad)?;
            document.apply(&changeset, &self.pool).map_err(bad)?;
            let at = if route.is_backwards { step.from() } else { step.to() };
            let is_last = index + 1 == route.steps.len();
            if is_last || self.is_milestone(at) {
                self.documents.insert(at, document.clone(), cost_beside(&document, &kept));
                kept = document.clone();
            }
            if is_last || at.is_multiple_of(100 * step.grain.size()) {
                self.steps.touch(step.block());
            }
        }
        self.evict(
            route.steps.last().map_or(route.start, |step| if route.is_backwards { step.from() } else { step.to() }),
        );
        Ok(document)
    }

    /// Whether the document of a place is kept whenever one comes by.
    fn is_milestone(&self, place: u32) -> bool {
        place.is_multiple_of(if self.can_fetch { 100 } else { self.interval })
    }

    /// Lets go of what was used least lately, but not of the documents of `place`, of the newest revision, and before the
    /// first.
    fn evict(&mut self, place: u32) {
        let (end, interval) = (self.end, self.interval);
        if self.can_fetch {
            self.documents.evict(self.memory_limit / 2, |other| other == place || other == end);
            let tail = StepId { grain: Grain::One, index: end.saturating_sub(1) }.block();
            self.steps.evict(self.memory_limit.saturating_sub(self.documents.memory()), |block| block == tail);
            return;
        }
        // The kept ones are what makes jumps cheap; those in between come and go.
        let kept = |other: u32| other == place || other == end || other.is_multiple_of(interval);
        let limit = self.memory_limit.saturating_sub(self.steps.memory());
        self.documents.evict(limit / 4 * 3, kept);
        while self.documents.memory() > limit && self.interval < end {
            self.interval *= 2;
            let interval = self.interval;
            self.documents.retain(|other| other == place || other == end || other.is_multiple_of(interval));
        }
    }

    // What a source brings.

    /// Takes the document of a place for the newest.
    pub(super) fn set_end(&mut self, place: u32, document: Document, time: Option<f64>) {
        let cost = document_size(&document);
        self.documents.insert(place, document, cost);
        self.end = place;
        if let Some(time) = time {
            self.times.tell(place, time);
        }
    }

    /// In which unit the source tells how long steps took, as far as is known; times that are told as well prove it.
    pub(super) fn set_delta_unit(&mut self, unit: DeltaUnit) {
        self.steps.set_delta_unit(unit);
    }

    pub(super) fn pool_mut(&mut self) -> &mut AttribPool {
        &mut self.pool
    }

    pub(super) fn put_author(&mut self, info: AuthorInfo) {
        let number = self.author_number(&info.id);
        if let Some(author) = self.authors.get_mut(number as usize) {
            *author = info;
        }
    }

    pub(super) fn author_number(&mut self, id: &Utf16String) -> u32 {
        if let Some(&number) = self.author_numbers.get(id) {
            return number;
        }
        let number = self.authors.len() as u32;
        self.authors.push(AuthorInfo { id: id.clone(), ..AuthorInfo::default() });
        self.author_numbers.insert(id.clone(), number);
        number
    }

    pub(super) fn set_saved(&mut self, saved: Vec<SavedRevision>) {
        self.saved = saved;
    }

    pub(super) fn push_saved(&mut self, saved: SavedRevision) -> bool {
        let is_new = self.saved.iter().all(|other| other.rev != saved.rev);
        if is_new {
            self.saved.push(saved);
        }
        is_new
    }

    /// Takes a step in that nobody has applied yet.
    pub(super) fn put_step(&mut self, id: StepId, mut step: Step) {
        if id.grain == Grain::One && step.author.is_none() {
            let name = step.forwards.as_ref().and_then(|changeset| self.named_author(changeset));
            step.author = name.map(|name| self.author_number(&name));
        }
        if let (Some(told), Some(_), Some(known)) = (step.delta, self.steps.time(id), self.steps.delta(id)) {
            self.times.compare(&mut self.steps, told, known);
        }
        self.steps.insert(id, &step);
    }

    /// Lets go of a block that proved wrong.
    pub(super) fn forget(&mut self, block: BlockId) {
        self.steps.remove(block);
    }

    /// Looks at the times that the steps of a block tell, and lets go of what is too much.
    pub(super) fn complete(&mut self, block: BlockId) {
        self.times.weigh(&mut self.steps, block);
        self.evict(self.end);
    }

    /// Who a changeset says has written what it inserts.
    fn named_author(&self, changeset: &Changeset) -> Option<Utf16String> {
        let mut inserts = changeset.ops().iter().filter(|op| op.kind == OpKind::Insert);
        inserts.find_map(|op| op.attribs.author(&self.pool).ok()?.filter(|name| !name.is_empty())).cloned()
    }

    /// Appends a revision to the newest: applies it, and only then counts it.
    ///
    /// # Errors
    ///
    /// What is wrong with the changeset. Nothing has changed then.
    pub(super) fn append(
        &mut self,
        changeset: &Changeset,
        author: Option<&Utf16String>,
        time: Option<f64>,
    ) -> Result<(), Error> {
        let mut document = self.newest();
        let result = self.append_to(&mut document, changeset, author, time);
        if result.is_err() {
            self.documents.insert(self.end, document, 0);
        } else {
            self.documents.insert(self.end + 1, document, 0);
            self.advance(time);
        }
        result
    }

    fn append_to(
        &mut self,
        document: &mut Document,
        changeset: &Changeset,
        author: Option<&Utf16String>,
        time: Option<f64>,
    ) -> Result<(), Error> {
        let backwards = if self.can_fetch { Some(changeset.inverse(document, &mut self.pool)?) } else { None };
        document.apply(changeset, &self.pool)?;
        let id = StepId { grain: Grain::One, index: self.end };
        let last_time = self.times.told(self.end);
        let delta = if self.end == 0 { Some(0.0) } else { time.zip(last_time).map(|(time, last)| time - last) };
        let author = author.map(|author| self.author_number(author));
        self.put_step(id, Step { forwards: Some(changeset.clone()), backwards, delta, time, author });
        Ok(())
    }

    /// Takes the step behind the newest revision for the next revision, if it is at hand; says whether.
    ///
    /// # Errors
    ///
    /// It does not fit; nothing has changed.
    pub(super) fn append_known(&mut self) -> Result<bool, BadStep> {
        let id = StepId { grain: Grain::One, index: self.end };
        if !self.steps.has(id, false) {
            return Ok(false);
        }
        let bad = |error| BadStep { block: id.block(), error };
        let changeset = self.steps.changeset(id, false).map_err(bad)?;
        let mut document = self.newest();
        let result = document.apply(&changeset, &self.pool).map_err(bad);
        if result.is_err() {
            self.documents.insert(self.end, document, 0);
        } else {
            self.documents.insert(self.end + 1, document, 0);
            self.advance(None);
        }
        result.map(|()| true)
    }

    /// The newest document, to be changed. It is kept as well if it is a milestone; only then are its nodes shared.
    fn newest(&mut self) -> Document {
        let end = self.end;
        let Some(document) = self.documents.take(end) else { return Document::new() };
        if end == 0 || self.is_milestone(end) {
            let [before, _] = self.documents.around(end);
            let before = before.and_then(|before| self.documents.get(before)).cloned().unwrap_or_default();
            self.documents.insert(end, document.clone(), cost_beside(&document, &before));
        }
        document
    }

    /// The newest revision is another one, made at that time.
    fn advance(&mut self, time: Option<f64>) {
        let old = self.end;
        self.end = old + 1;
        // Times between are in the steps, or follow from them.
        if time.is_some() && self.steps.delta(StepId { grain: Grain::One, index: old }).is_some() {
            self.times.forget(old);
        }
        if let Some(time) = time {
            if old == 0 {
                // Revision 0 takes no time.
                self.times.tell(0, time);
            }
            self.times.tell(self.end, time);
        }
        if self.memory() > self.memory_limit {
            self.evict(self.end);
        }
    }
}

/// The most first.
fn shares(lengths: HashMap<&Utf16String, usize>) -> Vec<AuthorShare> {
    let mut shares: Vec<_> =
        lengths.into_iter().map(|(author, len)| AuthorShare { author: author.clone(), len }).collect();
    shares.sort_by(|a, b| b.len.cmp(&a.len).then_with(|| a.author.cmp(&b.author)));
    shares
}

/// About how much memory a document takes beside another, which shares what is equal.
fn cost_beside(document: &Document, other: &Document) -> usize {
    let (len, stretches) = document.unshared_len(other);
    len * 4 + stretches * 2048 + 256
}

/// About how much memory a document takes.
fn document_size(document: &Document) -> usize {
    document.len_utf16() * 4 + 1024
}
