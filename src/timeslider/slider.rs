//! A pad's history on the screen: what is shown, what is to be shown, and what has to be asked for.

use super::blame::{Blame, BlameRun, BlameState};
use super::pace::Pace;
use super::route::{Route, Wants};
use super::steps::{BLOCK, BlockId, Grain, Step, StepId};
use super::timeline::{BadStep, Timeline};
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, UnknownAttrib, move_ops_to_pool, print_ops};
use crate::document::{AText, Document, ShownPatch};
use crate::error::{Error, ErrorKind};
use crate::protocol::{
    ChangesetReply, ClientVars, Message, MessageError, Revision, RevisionList, SavedRevision, changeset_request,
    new_saved_revision, parse_message,
};
use crate::text::Utf16String;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

/// What the host of a [`Slider`] has to do, or to know, in the order in which it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SliderEffect {
    /// The pad is there, for the first time or as another one under the same name: seek what is to be shown.
    Joined {
        /// The newest revision.
        rev: u32,
    },
    /// There are new revisions.
    Head {
        /// The newest one.
        rev: u32,
    },
    /// To be sent to the server.
    Send(String),
    /// What was waited for is shown: to be applied to the text on the screen.
    Shown {
        /// The revision.
        rev: u32,
        /// What changes.
        patch: ShownPatch,
    },
    /// Somebody has marked a revision.
    Saved(SavedRevision),
    /// A revision cannot be had: the server does not answer, or its answers make no sense, three times. What is shown stays.
    Failed {
        /// The revision.
        rev: u32,
        /// What went wrong last.
        error: MessageError,
    },
    /// The server ended the session.
    Disconnected {
        /// Why: `userdup`, `deleted`, ... or `denied`.
        reason: String,
    },
}

/// What became of a wish to see a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// It is shown: to be applied to the text on the screen.
    Shown(ShownPatch),
    /// It takes what a server has to be asked for; [`SliderEffect::Shown`] follows, or [`SliderEffect::Failed`].
    Waiting,
}

/// A request that is out.
#[derive(Debug, Clone, Copy)]
struct Request {
    id: u32,
    block: BlockId,
    sent: f64,
}

/// The history of one pad and the revision of it that is shown.
///
/// A page shows a text and applies the patches that come from here, the first to an empty text; see [`ShownPatch`]. Times are
/// arguments, in milliseconds of any clock.
///
/// Requests go out one at a time, at most eight in a second, each for a hundred steps of 100, 10 or 1 revisions as Etherpad's
/// own slider asks for them: first what the revision wanted takes, then what is new, then what blame takes, then what will
/// probably be wanted next. One without answer goes out again after some seconds. What was fetched and not used for long is let
/// go under a limit; see [`Timeline::set_memory_limit`].
///
/// ```
/// use easysync::{Seek, Slider, SliderEffect};
/// let mut slider = Slider::new();
/// slider.receive(r#"{"type":"CLIENT_VARS","data":{"collab_client_vars":{"rev":1,"padId":"x","time":2000,
///     "initialAttributedText":{"text":"ab\n","attribs":"|1+3"},"apool":{"numToAttrib":{},"nextNum":0}}}}"#, 0.0)?;
/// assert_eq!(slider.next_effect(), Some(SliderEffect::Joined { rev: 1 }));
/// assert!(matches!(slider.seek(1, 0.0)?, Seek::Shown(patch) if patch.text == "ab"));
/// assert_eq!(slider.seek(0, 0.0)?, Seek::Waiting);
/// assert!(matches!(slider.next_effect(), Some(SliderEffect::Send(request)) if request.contains(r#""start":0"#)));
/// slider.receive(r#"{"type":"CHANGESET_REQ","data":{"start":0,"granularity":1,"requestID":1,"actualEndNum":2,
///     "forwardsChangesets":["Z:1>1+1$a","Z:2>1=1+1$b"],"backwardsChangesets":["Z:2<1-1$","Z:3<1=1-1$"],
///     "timeDeltas":[0,500],"apool":{"numToAttrib":{},"nextNum":0}}}"#, 100.0)?;
/// assert!(matches!(slider.next_effect(), Some(SliderEffect::Shown { rev: 0, patch }) if patch.changes == [1, 2, 0]));
/// assert_eq!(slider.timeline_mut().map(|timeline| timeline.revision(0)).unwrap()?.time, Some(1500.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Slider {
    pad_id: Utf16String,
    timeline: Option<Timeline>,
    is_connected: bool,
    /// The place and the document on the screen; at first an empty text and no place.
    shown: (Option<u32>, Document),
    target: Option<u32>,
    /// The place behind the newest revision that the server is known to have.
    server_end: u32,
    /// Live revisions that came before their turn.
    held: BTreeMap<u32, Revision>,
    request: Option<Request>,
    last_id: u32,
    pace: Pace,
    /// How often a block has not come, or has been wrong, and until when it is let be.
    failures: HashMap<BlockId, (u32, f64)>,
    /// The clock when it was last told.
    now: f64,
    blame: Option<Blame>,
    effects: VecDeque<SliderEffect>,
}

/// How many live revisions are held that came before their turn; later ones are asked for when those before them are there.
const MAX_HELD: usize = 1000;
/// How long an answer is waited for, in milliseconds.
const ANSWER_MS: f64 = 8_000.0;
/// How often a block is asked for before what needs it has failed.
const MAX_TRIES: u32 = 3;
/// How long it is let be then, in milliseconds, unless the user wants something anew.
const REST_MS: f64 = 30_000.0;
/// Up to how many single revisions are shown as what they changed; beyond that the documents are compared.
const MAX_COMPOSED: u32 = 8;

impl Slider {
    /// A slider of a pad on a server; it waits for `CLIENT_VARS`, the answer to the host's `CLIENT_READY`.
    pub fn new() -> Self {
        Self {
            pad_id: Utf16String::new(),
            timeline: None,
            is_connected: false,
            shown: (None, Document::new()),
            target: None,
            server_end: 0,
            held: BTreeMap::new(),
            request: None,
            last_id: 0,
            pace: Pace::default(),
            failures: HashMap::new(),
            now: 0.0,
            blame: None,
            effects: VecDeque::new(),
        }
    }

    /// A slider of a history that is all there, as from [`EtherpadFile`](super::EtherpadFile).
    pub fn of(timeline: Timeline) -> Self {
        Self { timeline: Some(timeline), ..Self::new() }
    }

    /// The history, once there is one.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.timeline.as_ref()
    }

    /// The same, to ask it for what may have to be made first.
    pub fn timeline_mut(&mut self) -> Option<&mut Timeline> {
        self.timeline.as_mut()
    }

    /// The newest revision, once there is one.
    pub fn head(&self) -> Option<u32> {
        self.timeline.as_ref().map(Timeline::head)
    }

    /// The document on the screen, numbered by [`Timeline::pool`].
    pub fn shown(&self) -> &Document {
        &self.shown.1
    }

    /// The revision on the screen; `None` before the first.
    pub fn shown_rev(&self) -> Option<u32> {
        self.shown.0.map(|place| place.saturating_sub(1))
    }

    /// The revision that was sought and is not there yet.
    pub fn target_rev(&self) -> Option<u32> {
        self.target.map(|place| place.saturating_sub(1))
    }

    /// What the host has to do next.
    pub fn next_effect(&mut self) -> Option<SliderEffect> {
        self.effects.pop_front()
    }

    /// Whether something is to come or to be sent, so that [`Slider::expire`] has to be called now and then.
    pub fn is_waiting(&self) -> bool {
        self.is_connected && (self.request.is_some() || self.wanted().is_some())
    }

    /// Wants to see a revision. A wish that still waits is given up for the new one.
    ///
    /// O(steps from the nearest document that is kept, at most some hundred) to make the document, O(what differs) for the
    /// patch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`]; [`ErrorKind::OutOfRange`]; for a history from a file as [`Timeline::document_at`]. What is
    /// shown stays, and a wish that waits is given up.
    pub fn seek(&mut self, rev: u32, now: f64) -> Result<Seek, Error> {
        self.now = now;
        self.target = None;
        let timeline = self.timeline.as_ref().ok_or(ErrorKind::NotJoined)?;
        if rev >= timeline.end() {
            let (start, len) = (rev as usize, timeline.end() as usize);
            return Err(ErrorKind::OutOfRange { start, end: start.saturating_add(1), len }.into());
        }
        // The user tries again.
        self.failures.clear();
        self.target = Some(rev + 1);
        match self.reach() {
            Ok(Some(patch)) => Ok(Seek::Shown(patch)),
            Ok(None) => {
                self.pump(now);
                Ok(Seek::Waiting)
            }
            Err(error) => {
                self.target = None;
                Err(error)
            }
        }
    }

    /// Begins to find out who wrote each part of a range of a revision's document; what was begun before is given up. False if
    /// the document of the revision is not at hand: seek it first. See [`Blame`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`]; as [`Timeline::blame`].
    pub fn blame(&mut self, rev: u32, range: Range<usize>) -> Result<bool, Error> {
        self.blame = None;
        let timeline = self.timeline.as_mut().ok_or(ErrorKind::NotJoined)?;
        self.blame = timeline.blame(rev, range)?;
        Ok(self.blame.is_some())
    }

    /// Does at most so many steps of what [`Slider::blame`] began, and asks the server for what it takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`]; as [`Blame::advance`].
    pub fn advance_blame(&mut self, steps: u32, now: f64) -> Result<BlameState, Error> {
        let timeline = self.timeline.as_ref().ok_or(ErrorKind::NotJoined)?;
        let Some(blame) = &mut self.blame else { return Ok(BlameState::Done) };
        let state = blame.advance(timeline, steps)?;
        if state == BlameState::Waiting {
            self.now = now;
            self.pump(now);
        }
        Ok(state)
    }

    /// What is known so far of what [`Slider::blame`] began; see [`Blame::runs`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn blame_runs(&mut self) -> Result<Vec<BlameRun>, Error> {
        match (&self.blame, &mut self.timeline) {
            (Some(blame), Some(timeline)) => blame.runs(timeline),
            _ => Ok(Vec::new()),
        }
    }

    /// Takes a message from the server, as text. O(message + changes), and what it takes to show what was waited for.
    ///
    /// # Errors
    ///
    /// What is wrong with the message. What is shown, and the history, are as they were up to what is wrong; what is missing is
    /// asked for again.
    pub fn receive(&mut self, text: &str, now: f64) -> Result<(), MessageError> {
        self.now = now;
        let result = match parse_message(text)? {
            Message::ClientVars(vars) => self.join(*vars),
            Message::Revisions(list) => self.revisions(list),
            Message::Changesets(reply) => {
                self.fetched(reply);
                Ok(())
            }
            // The message is lost, the connection is not.
            Message::Disconnect { reason } if reason == "rateLimited" => Ok(()),
            Message::Disconnect { reason } => {
                self.end(reason);
                Ok(())
            }
            Message::AccessDenied => {
                self.end("denied".to_owned());
                Ok(())
            }
            Message::Other { name } if name == "NEW_SAVEDREV" => self.saved(text),
            _ => Ok(()),
        };
        self.continue_seek();
        self.pump(now);
        result
    }

    /// Looks at the clock; to be called some times a second while [`Slider::is_waiting`]. Sends what had to wait its turn, and
    /// what has not been answered once more.
    pub fn expire(&mut self, now: f64) {
        self.now = now;
        if let Some(Request { block, sent, .. }) = self.request
            && now - sent > ANSWER_MS
        {
            self.request = None;
            let error = ErrorKind::NoAnswer { rev: block.start() }.into();
            self.failed(block, error);
        }
        self.pump(now);
    }

    /// The connection is lost. What is at hand can still be seen; what is missing is asked for after the next `CLIENT_VARS`.
    pub fn disconnected(&mut self) {
        self.is_connected = false;
        self.request = None;
    }

    fn end(&mut self, reason: String) {
        self.disconnected();
        self.effects.push_back(SliderEffect::Disconnected { reason });
    }

    fn saved(&mut self, text: &str) -> Result<(), MessageError> {
        let failed = |error| MessageError { message: "NEW_SAVEDREV".to_owned(), item: None, error };
        if let Some(saved) = new_saved_revision(text).map_err(failed)?
            && let Some(timeline) = &mut self.timeline
            && timeline.push_saved(saved.clone())
        {
            self.effects.push_back(SliderEffect::Saved(saved));
        }
        Ok(())
    }

    /// A first join brings the pad; a later one what is new. If it is not the pad that it was, all begins anew.
    fn join(&mut self, vars: ClientVars) -> Result<(), MessageError> {
        let failed = |error| MessageError { message: "CLIENT_VARS".to_owned(), item: None, error };
        let place = vars.rev.saturating_add(1);
        let mut timeline = self.timeline.take().unwrap_or_else(|| Timeline::new(AttribPool::new(), true));
        let document = match document_of(&vars, timeline.pool_mut()) {
            Ok(document) => document,
            Err(error) => {
                self.timeline = (timeline.end() > 0).then_some(timeline);
                return Err(failed(error));
            }
        };
        let old_end = timeline.end();
        let is_other =
            place < old_end || place == old_end && timeline.document_at(vars.rev) != Ok(Some(document.clone()));
        let is_new = old_end == 0 || is_other || self.pad_id != vars.pad_id;
        let mut document = document;
        if is_new && old_end > 0 {
            let before = std::mem::replace(&mut timeline, Timeline::new(AttribPool::new(), true));
            document = document_of(&vars, timeline.pool_mut()).map_err(failed)?;
            // What is on the screen has to be compared with the other pad.
            let shown = self.shown.1.to_atext();
            self.shown.1 =
                renumbered(&shown, before.pool(), timeline.pool_mut(), UnknownAttrib::Drop).map_err(failed)?;
        }
        if is_new {
            (self.target, self.blame) = (None, None);
            self.shown.0 = None;
        }
        if is_new {
            timeline.set_delta_unit(vars.delta_unit);
        }
        if is_new || place > old_end {
            timeline.set_end(place, document, vars.time);
            let rev = vars.rev;
            self.effects.push_back(if is_new { SliderEffect::Joined { rev } } else { SliderEffect::Head { rev } });
        }
        vars.authors.into_iter().for_each(|author| timeline.put_author(author));
        timeline.set_saved(vars.saved);
        self.timeline = Some(timeline);
        self.pad_id = vars.pad_id;
        self.server_end = place;
        self.is_connected = true;
        self.request = None;
        self.held.clear();
        self.failures.clear();
        Ok(())
    }

    fn revisions(&mut self, list: RevisionList) -> Result<(), MessageError> {
        let RevisionList { source, revisions, broken, .. } = list;
        let Some(before) = self.timeline.as_ref().map(Timeline::end) else { return Ok(()) };
        let mut result = Ok(());
        let is_batch = revisions.len() > 1 || broken.is_some();
        for (item, revision) in revisions.into_iter().enumerate() {
            let appended = self.arrive(revision);
            if let (Ok(()), Err(error)) = (&result, appended) {
                let item = is_batch.then_some(item);
                result = Err(MessageError { message: source.name().to_owned(), item, error });
            }
        }
        self.tell_head(before);
        result.and(broken.map_or(Ok(()), Err))
    }

    /// Takes a live revision in its turn, and those that waited for it.
    fn arrive(&mut self, revision: Revision) -> Result<(), Error> {
        let Some(timeline) = &mut self.timeline else { return Ok(()) };
        let rev = revision.rev;
        if rev < timeline.end() {
            return Ok(());
        }
        self.server_end = self.server_end.max(rev.saturating_add(1));
        if rev > timeline.end() {
            if self.held.len() < MAX_HELD {
                self.held.insert(rev, revision);
            }
            return Ok(());
        }
        let mut next = Some(revision);
        while let Some(Revision { changeset, pool, author, time, .. }) = next {
            let changeset = changeset.move_to_pool(&pool, timeline.pool_mut(), UnknownAttrib::Drop)?;
            timeline.append(&changeset, Some(&author), time)?;
            next = self.held.remove(&timeline.end());
        }
        Ok(())
    }

    /// Goes on to the newest revision that the server has, as far as the steps are at hand.
    fn follow_server(&mut self) {
        let Some(before) = self.timeline.as_ref().map(Timeline::end) else { return };
        loop {
            let Some(timeline) = &mut self.timeline else { return };
            if timeline.end() >= self.server_end {
                break;
            }
            if let Some(revision) = self.held.remove(&timeline.end())
                && self.arrive(revision).is_ok()
            {
                continue;
            }
            let Some(timeline) = &mut self.timeline else { return };
            match timeline.append_known() {
                Ok(true) => {}
                Ok(false) => break,
                Err(bad) => {
                    self.reject(bad);
                    break;
                }
            }
        }
        self.tell_head(before);
    }

    fn tell_head(&mut self, before: u32) {
        if let Some(timeline) = &self.timeline
            && timeline.end() > before
        {
            let end = timeline.end();
            self.held.retain(|&rev, _| rev >= end);
            self.effects.push_back(SliderEffect::Head { rev: timeline.head() });
        }
    }

    /// Takes the steps of an answer in, also of one that comes late.
    fn fetched(&mut self, reply: ChangesetReply) {
        let tries = self.request.map(|request| self.tries(request.block));
        let Some(timeline) = &mut self.timeline else { return };
        let asked = self.request.take_if(|request| request.id == reply.request_id);
        let grain = Grain::of(reply.granularity).filter(|grain| reply.start.is_multiple_of(grain.size()));
        if let Some(grain) = grain
            && (1..=self.last_id).contains(&reply.request_id)
        {
            let first = reply.start / grain.size();
            for (index, step) in (first..).zip(reply.steps).take(BLOCK as usize) {
                let id = StepId { grain, index };
                let mut renumber = |changeset: Changeset| {
                    changeset.move_to_pool(&reply.pool, timeline.pool_mut(), UnknownAttrib::Drop)
                };
                let (forwards, backwards) = (renumber(step.forwards).ok(), renumber(step.backwards).ok());
                timeline.put_step(id, Step { forwards, backwards, delta: step.time_delta, time: None, author: None });
            }
            timeline.complete(StepId { grain, index: first }.block());
        }
        self.follow_server();
        if let Some(Request { block, .. }) = asked
            && tries == Some(self.tries(block))
            && self.wanted().is_some_and(|wanted| wanted == block)
        {
            // It was answered, and what was needed is still not there.
            self.failed(block, ErrorKind::Missing { rev: block.start() }.into());
        }
    }

    /// Shows what was waited for, if it is at hand now.
    fn continue_seek(&mut self) {
        let Some(rev) = self.target_rev() else { return };
        match self.reach() {
            Ok(Some(patch)) => self.effects.push_back(SliderEffect::Shown { rev, patch }),
            Ok(None) => {}
            Err(error) => {
                self.target = None;
                let error = MessageError { message: "CHANGESET_REQ".to_owned(), item: None, error };
                self.effects.push_back(SliderEffect::Failed { rev, error });
            }
        }
    }

    /// Shows the target; `None` if something is missing.
    fn reach(&mut self) -> Result<Option<ShownPatch>, Error> {
        let (Some(place), Some(timeline)) = (self.target, &mut self.timeline) else { return Ok(None) };
        match timeline.document(place) {
            Ok(Ok(document)) => {
                let patch = patch(timeline, &self.shown, place, &document);
                self.shown = (Some(place), document);
                self.target = None;
                Ok(Some(patch))
            }
            Ok(Err(_)) => Ok(None),
            Err(bad) if !timeline.can_fetch() => Err(bad.error),
            Err(bad) => {
                self.reject(bad);
                Ok(None)
            }
        }
    }

    /// Lets go of a block that cannot be right.
    fn reject(&mut self, bad: BadStep) {
        if let Some(timeline) = &mut self.timeline {
            timeline.forget(bad.block);
        }
        self.failed(bad.block, bad.error);
    }

    /// Counts that a block has not come or was wrong; in the end, what needs it has failed.
    fn failed(&mut self, block: BlockId, error: Error) {
        let tries = self.tries(block) + 1;
        self.failures.insert(block, (tries, self.now + if tries < MAX_TRIES { 0.0 } else { REST_MS }));
        if tries < MAX_TRIES {
            return;
        }
        let error = MessageError { message: "CHANGESET_REQ".to_owned(), item: None, error };
        if let Some(rev) = self.target_rev()
            && self.missing_for_target().contains(&block)
        {
            self.target = None;
            self.effects.push_back(SliderEffect::Failed { rev, error });
        }
    }

    fn tries(&self, block: BlockId) -> u32 {
        self.failures.get(&block).map_or(0, |(tries, _)| *tries)
    }

    fn missing_for_target(&self) -> Vec<BlockId> {
        let missing = self.target.zip(self.timeline.as_ref()).map(|(place, timeline)| timeline.missing(place));
        missing.unwrap_or_default()
    }

    /// The block that is needed most.
    fn wanted(&self) -> Option<BlockId> {
        let timeline = self.timeline.as_ref().filter(|timeline| timeline.can_fetch())?;
        let is_hopeful = |block: &BlockId| self.failures.get(block).is_none_or(|&(_, until)| self.now >= until);
        let for_target = self.missing_for_target().into_iter().find(is_hopeful);
        let is_behind = timeline.end() < self.server_end;
        let for_head = || is_behind.then(|| StepId { grain: Grain::One, index: timeline.end() }.block());
        let for_blame = || self.blame.as_ref().and_then(|blame| blame.missing(timeline));
        for_target
            .or_else(|| for_head().filter(is_hopeful))
            .or_else(|| for_blame().filter(is_hopeful))
            .or_else(|| self.wanted_next(timeline).filter(is_hopeful))
    }

    /// What will probably be needed: the revisions around the one that is shown, then what leads from the newest to the first by
    /// the steps that Etherpad takes for a pad of this size. It also makes all times known.
    fn wanted_next(&self, timeline: &Timeline) -> Option<BlockId> {
        let shown = self.shown.0?;
        if self.target.is_some() || !timeline.has_room() {
            return None;
        }
        let end = timeline.end();
        let around = [shown.saturating_sub(BLOCK / 2).max(1), (shown + BLOCK / 2).min(end)];
        let near = around
            .into_iter()
            .flat_map(|place| Route::between(timeline.steps(), shown, place, Grain::One, Wants::Facts).missing);
        let coarsest = match end {
            0..=1_000 => Grain::One,
            1_001..=10_000 => Grain::Ten,
            _ => Grain::Hundred,
        };
        near.into_iter().next().or_else(|| {
            Route::between(timeline.steps(), end, 0, coarsest, Wants::Changesets).missing.into_iter().next()
        })
    }

    /// Sends the next request, if it is time.
    fn pump(&mut self, now: f64) {
        if !self.is_connected || self.request.is_some() {
            return;
        }
        let Some(block) = self.wanted().filter(|_| self.pace.take(now)) else { return };
        self.last_id += 1;
        self.request = Some(Request { id: self.last_id, block, sent: now });
        let message = changeset_request(&self.pad_id, block.start(), block.grain.size(), self.last_id);
        self.effects.push_back(SliderEffect::Send(message));
    }
}

impl Default for Slider {
    fn default() -> Self {
        Self::new()
    }
}

/// The document of a join, in the numbers of `pool`.
fn document_of(vars: &ClientVars, pool: &mut AttribPool) -> Result<Document, Error> {
    // It must be right by itself.
    Document::from_atext(&vars.atext, &vars.pool)?;
    renumbered(&vars.atext, &vars.pool, pool, UnknownAttrib::Refuse)
}

/// A document in the numbers of another pool.
fn renumbered(
    atext: &AText,
    from: &AttribPool,
    to: &mut AttribPool,
    unknown: UnknownAttrib,
) -> Result<Document, Error> {
    let ops = move_ops_to_pool(&atext.ops()?, from, to, unknown)?;
    Document::from_atext(&AText { text: atext.text.clone(), attribs: print_ops(&ops) }, to)
}

/// What leads from what is shown to a document. Near ones are told as what their revisions changed, so that it is seen where
/// people wrote; far ones by comparing.
fn patch(
    timeline: &Timeline,
    (shown_place, shown): &(Option<u32>, Document),
    place: u32,
    new: &Document,
) -> ShownPatch {
    let near = shown_place.filter(|shown| shown.abs_diff(place) <= MAX_COMPOSED && *shown != place);
    let composed = near.and_then(|shown_place| {
        let route = Route::between(timeline.steps(), shown_place, place, Grain::One, Wants::Changesets);
        if !route.missing.is_empty() {
            return None;
        }
        let mut changesets = route.steps.iter().map(|&step| timeline.steps().changeset(step, route.is_backwards).ok());
        let first = changesets.next()??;
        changesets.try_fold(first, |all, next| all.compose(&next?, timeline.pool()).ok())
    });
    match composed.filter(|change| change.old_len() == shown.len_utf16() && change.new_len() == new.len_utf16()) {
        Some(change) => {
            let mut patch = ShownPatch::default();
            patch.set(&change, shown.outline(), new);
            patch
        }
        None => ShownPatch::from_patch(&shown.diff(new), shown, new),
    }
}
