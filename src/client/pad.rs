//! A client with an editor in front of it: a fourth layer, and undo.
//!
//! ```text
//!   base ── submitted ── pending ── view
//!                                    |
//!                     shown ── backlog (told with the next flush)
//! ```

use super::backlog::Backlog;
use super::carets::{Caret, Carets};
use super::session::{Audience, Client, Effect};
use super::undo::{EditKind, Undo};
use crate::attrib::{AttribPool, Attribute};
use crate::changeset::{Assoc, Changeset, Tie};
use crate::document::{Document, ShownPatch};
use crate::edit;
use crate::error::{Error, ErrorKind};
use crate::protocol::{KeptList, MessageError, ToldRevision};
use crate::text::Utf16String;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Changes of so many ops are made in the shown document; of more, it becomes a clone of the view.
const MAX_SMALL: usize = 8;

/// A client of one pad together with what its editor shows.
///
/// The editor may lag behind: revisions are applied as they come, and shown when [`Pad::flush`] is called, in one go. Between
/// two flushes the user goes on editing what is *shown*; [`Pad::edit`] moves that past what waits. So drawing can be put off
/// for as long as one likes, while a character is being composed for instance, and nothing else stands still.
///
/// What the editor has done itself comes in by [`Pad::edit`]. Everything else that changes the document at the user's wish
/// comes in by [`Pad::change`], [`Pad::undo`] and [`Pad::redo`], and is shown by the next flush.
///
/// Positions are UTF-16 code units of [`Pad::shown`]. Calls that fail leave everything as it was.
#[derive(Debug, Clone, Default)]
pub struct Pad {
    client: Client,
    /// What the editor shows. `None` stands for the client's view, if nothing waits: then there is no second document to be changed.
    shown: Option<Document>,
    /// What the editor shows before the join.
    blank: Document,
    /// From what is shown to the client's view.
    backlog: Backlog,
    undo: Undo,
    effects: VecDeque<Effect>,
    /// Whether someone wants each revision by itself.
    tells_revisions: bool,
    /// The carets of others, if someone wants them.
    carets: Option<Carets>,
}

impl Pad {
    /// A pad that has not been joined yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client behind it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The document as the editor shows it.
    pub fn shown(&self) -> &Document {
        self.shown.as_ref().or_else(|| self.client.view()).unwrap_or(&self.blank)
    }

    /// Whether [`Pad::flush`] has something to tell.
    pub fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// A range of the shown text outside of which the next flush changes nothing; `None` if it changes nothing at all. O(1).
    pub fn behind_at(&self) -> Option<Range<usize>> {
        let (start, end) = self.backlog.untouched()?;
        Some(start..self.shown().len_utf16() - end)
    }

    /// Whether [`Pad::next_effect`] has something to tell.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Whether [`Effect::Applied`] is told for each revision; at first it is not.
    pub fn tell_revisions(&mut self, tells: bool) {
        self.tells_revisions = tells;
    }

    /// Whether the carets of others are kept; at first they are not. Each revision then costs a little for each of them.
    pub fn track_carets(&mut self, tracks: bool) {
        self.carets = tracks.then(Carets::default);
        if let (Some(carets), Some(layers)) = (&mut self.carets, self.client.layers()) {
            carets.reset(self.client.rev(), layers);
        }
    }

    /// Somebody else tells a caret, as [`Pad::caret_to_tell`] gave it there. False if it cannot be placed: its revision is too
    /// long ago, or there are too many carets. It is exact as long as no own changes wait for an answer while revisions come
    /// several at once; else it may be off by them until it is told again.
    pub fn place_caret(&mut self, author: &str, rev: u32, caret: Caret) -> bool {
        self.carets.as_mut().is_some_and(|carets| carets.place(Arc::from(author), rev, caret))
    }

    /// Somebody has no caret any more.
    pub fn remove_caret(&mut self, author: &str) {
        if let Some(carets) = &mut self.carets {
            carets.remove(author);
        }
    }

    /// The carets of others by author, in positions of what is shown. O(carets · what waits).
    pub fn carets(&self) -> impl Iterator<Item = (&Arc<str>, Caret)> {
        let back = |position| self.backlog.parts().rev().fold(position, |at, change| change.unmap_position(at));
        let last = self.shown().len_utf16().saturating_sub(1);
        let carets = self.carets.iter().flat_map(Carets::iter);
        carets.map(move |(author, caret)| (author, caret.map(|position| back(position).min(last))))
    }

    /// A caret of one's own, given in positions of what is shown, as others are to be told it: a revision, and where it is in
    /// the server's text at that revision. Within text that the server does not have yet, it is where that begins. `None`
    /// before the join.
    pub fn caret_to_tell(&self, caret: Caret) -> Option<(u32, Caret)> {
        let layers = self.client.layers()?;
        let on_view =
            |position| self.backlog.parts().fold(position, |at, change| change.map_position(at, Assoc::Before));
        let local = || layers.local_changes().rev();
        let told = caret.map(|position| local().fold(on_view(position), |at, change| change.unmap_position(at)));
        Some((self.client.rev(), told))
    }

    /// Takes a message from the server; see [`Client::receive`].
    ///
    /// # Errors
    ///
    /// As [`Client::receive`].
    pub fn receive(&mut self, text: &str) -> Result<Audience, MessageError> {
        self.keep_shown();
        let result = self.client.receive(text);
        self.take_effects();
        result
    }

    /// Takes a message as [`Pad::receive`] does, and then does what [`Pad::flush_into`] does; says whether the editor has something to
    /// do as well. Whoever shows each message by itself has it at half the cost: no second document is kept.
    ///
    /// # Errors
    ///
    /// As [`Pad::receive`]. What was right before the error is shown by the next flush.
    pub fn receive_and_flush(&mut self, text: &str, patch: &mut ShownPatch) -> Result<(Audience, bool), MessageError> {
        if let Some(result) = self.one_and_flush(patch, |client| client.receive_one(text)) {
            return result.map(|has_patch| (Audience::Document, has_patch));
        }
        let audience = self.receive(text)?;
        Ok((audience, self.flush_into(patch).map_err(not_flushed)?))
    }

    /// Takes a revision whose message somebody else has read, and flushes if there is a patch to be set. `None` if it has to come as
    /// text; then nothing was done.
    #[cfg_attr(
        not(all(target_arch = "wasm32", feature = "pad")),
        allow(dead_code, reason = "for JavaScript, where messages can be objects")
    )]
    pub(crate) fn receive_told(
        &mut self,
        told: &ToldRevision<'_>,
        patch: Option<&mut ShownPatch>,
    ) -> Option<Result<bool, MessageError>> {
        let Some(patch) = patch else {
            self.keep_shown();
            let result = self.client.receive_told(told)?;
            self.take_effects();
            return Some(result.map(|()| false));
        };
        if let Some(result) = self.one_and_flush(patch, |client| client.receive_told(told)) {
            return Some(result);
        }
        match self.receive_told(told, None)? {
            Ok(_) => Some(self.flush_into(patch).map_err(not_flushed)),
            Err(error) => Some(Err(error)),
        }
    }

    /// See [`Client::put_sender`].
    #[cfg_attr(
        not(all(target_arch = "wasm32", feature = "pad")),
        allow(dead_code, reason = "for JavaScript, where messages can be objects")
    )]
    pub(crate) fn put_sender(&mut self, pool_and_author: &str) -> Option<usize> {
        self.client.put_sender(pool_and_author)
    }

    /// Takes one revision, which is applied whole or not at all, while nothing waits. So the view is what is shown, before and
    /// after. `None` if it is not like that; then nothing was done.
    fn one_and_flush(
        &mut self,
        patch: &mut ShownPatch,
        receive_one: impl FnOnce(&mut Client) -> Option<Result<(), MessageError>>,
    ) -> Option<Result<bool, MessageError>> {
        if !self.backlog.is_empty() {
            return None;
        }
        let before = self.client.view()?.outline();
        let kept = self.shown.take();
        let Some(result) = receive_one(&mut self.client) else {
            self.shown = kept;
            return None;
        };
        self.take_effects();
        if let Err(error) = result {
            return Some(Err(error));
        }
        let change = match self.backlog.take(self.client.pool()) {
            Ok(Some(change)) => change,
            Ok(None) => return Some(Ok(false)),
            Err(error) => return Some(Err(not_flushed(error))),
        };
        patch.set(&change, before, self.client.view()?);
        Some(Ok(!patch.is_empty()))
    }

    /// See [`Client::set_slice`].
    pub fn set_slice(&mut self, revisions: usize) {
        self.client.set_slice(revisions);
    }

    /// See [`Client::queue`].
    ///
    /// # Errors
    ///
    /// As [`Client::queue`].
    pub fn queue(&mut self, text: &str) -> Result<(), MessageError> {
        let result = self.client.queue(text);
        self.take_effects();
        result
    }

    /// See [`Client::take_messages`].
    pub fn take_messages(&mut self) -> Vec<String> {
        self.client.take_messages()
    }

    /// See [`Client::proceed`].
    ///
    /// # Errors
    ///
    /// As [`Client::proceed`].
    pub fn proceed(&mut self, limit: usize) -> Result<usize, MessageError> {
        self.keep_shown();
        let result = self.client.proceed(limit);
        self.take_effects();
        result
    }

    /// See [`Client::restore`].
    pub fn restore(&mut self, list: KeptList) {
        self.keep_shown();
        self.client.restore(list);
        self.take_effects();
    }

    /// See [`Client::discard`].
    pub fn discard(&mut self, id: u32) -> bool {
        self.client.discard(id)
    }

    /// See [`Client::expire`].
    pub fn expire(&mut self, now: f64) {
        self.keep_shown();
        self.client.expire(now);
        self.take_effects();
    }

    /// See [`Client::set_commit_limit`].
    pub fn set_commit_limit(&mut self, bytes: usize) {
        self.client.set_commit_limit(bytes);
    }

    /// See [`Client::commit`].
    ///
    /// # Errors
    ///
    /// As [`Client::commit`].
    pub fn commit(&mut self) -> Result<Option<String>, Error> {
        self.client.commit()
    }

    /// See [`Client::finish`].
    pub fn finish(&mut self) {
        self.client.finish();
    }

    /// See [`Client::connected`].
    pub fn connected(&mut self) {
        self.client.connected();
    }

    /// See [`Client::disconnected`].
    pub fn disconnected(&mut self) {
        self.client.disconnected();
    }

    /// What the host has to do next. After [`Effect::Joined`] the editor loads [`Pad::shown`] as a whole.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// What changed since the last flush; `None` if the editor has nothing to do. O(what changed), plus O(log n).
    ///
    /// # Errors
    ///
    /// None that input can bring about.
    pub fn flush(&mut self) -> Result<Option<ShownPatch>, Error> {
        let mut patch = ShownPatch::default();
        Ok(self.flush_into(&mut patch)?.then_some(patch))
    }

    /// Does what [`Pad::flush`] does, with the patch in place of another one, and says whether the editor has something to do.
    ///
    /// # Errors
    ///
    /// As [`Pad::flush`].
    pub fn flush_into(&mut self, patch: &mut ShownPatch) -> Result<bool, Error> {
        let Some(change) = self.backlog.take(self.client.pool())? else { return Ok(false) };
        let before = self.shown().outline();
        let Some(view) = self.client.view() else { return Ok(false) };
        patch.set(&change, before, view);
        // A small change is made once more: the view would have to copy what it shares before its next change.
        let is_small = change.ops().len() <= MAX_SMALL;
        let shown = self.shown.as_mut().filter(|_| is_small);
        if shown.is_none_or(|shown| shown.apply_known(&change, self.client.pool()).is_err()) {
            self.shown = None;
        }
        Ok(!patch.is_empty())
    }

    /// Takes what the user has done in the editor: texts in place of ranges, ascending, in what was shown before. Text gets
    /// `format`, or without one the format of the text around it. Line markers that would no longer stand at the beginning
    /// of a line go, and list items that begin where a list was split get their own: the next flush tells. Gives back whether
    /// there is such a thing, so that the editor shows for the moment what the user has not meant.
    ///
    /// `now` is a time in milliseconds: what is typed in one go is undone in one go. O(log n + change).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`], [`ErrorKind::OutOfRange`]; as [`Document::apply`].
    pub fn edit(
        &mut self,
        splices: &[(Range<usize>, &[u16])],
        format: Option<&[Attribute]>,
        now: f64,
    ) -> Result<bool, Error> {
        let shown = self.shown().clone();
        let done = edit::replace_literally(&shown, self.client.pool_mut(), splices, format)?;
        let meant = edit::replace(&shown, self.client.pool_mut(), splices, format)?;
        drop(shown);
        Ok(self.local(&meant, Some(&done), now)?.is_mended)
    }

    /// Changes what is shown as `make` says, at the user's wish, and gives back where `make`'s caret is after the next flush.
    /// O(log n + change), and what `make` takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJoined`]; as [`Document::apply`]; what `make` returns.
    pub fn change(
        &mut self,
        now: f64,
        make: impl FnOnce(&Document, &mut AttribPool) -> Result<(Changeset, usize), Error>,
    ) -> Result<usize, Error> {
        let (change, caret) = make(&self.shown().clone(), self.client.pool_mut())?;
        let waited = self.local(&change, None, now)?.waited;
        Ok(waited.map_or(caret, |waited| waited.map_position(caret, Assoc::Before)))
    }

    /// Whether there is something of the user's to take back.
    pub fn can_undo(&self) -> bool {
        self.undo.can_undo()
    }

    /// Whether there is something to bring back.
    pub fn can_redo(&self) -> bool {
        self.undo.can_redo()
    }

    /// Takes back the user's last step, leaving alone what others did since; false if there is none. O(step + what others
    /// did since it).
    ///
    /// # Errors
    ///
    /// As [`Pad::change`].
    pub fn undo(&mut self) -> Result<bool, Error> {
        let Some(change) = self.undo.undo(self.client.pool())? else { return Ok(false) };
        let planned = self.step(&change)?;
        self.undo.put_undone(planned.inverse, planned.repair.as_ref(), self.client.pool())?;
        Ok(true)
    }

    /// Brings back what the last undo took; false if there is nothing, or the user has edited since.
    ///
    /// # Errors
    ///
    /// As [`Pad::change`].
    pub fn redo(&mut self) -> Result<bool, Error> {
        let Some(change) = self.undo.redo(self.client.pool())? else { return Ok(false) };
        let planned = self.step(&change)?;
        self.undo.put_done(planned.inverse, planned.repair.as_ref(), self.client.pool())?;
        Ok(true)
    }

    /// Applies a step of undo or redo to the view.
    fn step(&mut self, change: &Changeset) -> Result<Planned, Error> {
        self.keep_shown();
        let change = self.client.sign(change)?;
        let planned = self.repaired(&change)?;
        self.client.edit(&planned.change)?;
        self.carets_changed(&planned.change, None);
        self.backlog.push(planned.change.clone(), self.client.pool())?;
        Ok(planned)
    }

    /// Takes a change of the shown text into the view. `done` is what the editor shows of it already.
    fn local(&mut self, change: &Changeset, done: Option<&Changeset>, now: f64) -> Result<Taken, Error> {
        let change = self.client.sign(change)?;
        let done = done.map(|done| self.client.sign(done)).transpose()?;
        let mut shown = self.shown().clone();
        let mut backlog = self.backlog.clone();
        let waiting = backlog.take(self.client.pool())?;
        // From what the editor shows to what it is to show, but for what waits.
        let rest = match &done {
            None => Some(change.clone()),
            Some(done) if *done == change => None,
            Some(done) => Some(done.inverse(&shown, self.client.pool_mut())?.compose(&change, self.client.pool())?),
        };
        let mut is_mended = rest.is_some();
        let pool = self.client.pool();
        if let Some(done) = &done {
            shown.apply(done, pool)?;
        }
        if let Some(rest) = rest {
            backlog.push(rest, pool)?;
        }
        let (on_view, waited) = match waiting {
            Some(waiting) => {
                let waited = waiting.follow(&change, Tie::OtherFirst, pool)?;
                backlog.push(waited.clone(), pool)?;
                (change.follow(&waiting, Tie::SelfFirst, pool)?, Some(waited))
            }
            None => (change, None),
        };
        if !on_view.is_identity() {
            let planned = self.repaired(&on_view)?;
            if let Some(repair) = planned.repair {
                backlog.push(repair, self.client.pool())?;
                is_mended = true;
            }
            self.client.edit(&planned.change)?;
            self.carets_changed(&planned.change, None);
            self.undo.edited(planned.inverse, EditKind::of(&on_view), now, self.client.pool())?;
        }
        self.shown = (!backlog.is_empty()).then_some(shown);
        self.backlog = backlog;
        Ok(Taken { waited, is_mended })
    }

    /// A change of the view together with what puts line markers right after it, and what takes both back.
    fn repaired(&mut self, change: &Changeset) -> Result<Planned, Error> {
        let before = self.client.view().ok_or(ErrorKind::NotJoined)?.clone();
        let mut after = before.clone();
        after.apply(change, self.client.pool())?;
        let repair = edit::repair(&after, self.client.pool_mut(), inserted_ranges(change))?;
        let change = match &repair {
            Some(repair) => change.compose(repair, self.client.pool())?,
            None => change.clone(),
        };
        let inverse = change.inverse(&before, self.client.pool_mut())?;
        Ok(Planned { change, repair, inverse })
    }

    /// The view may change now; what is shown stays.
    fn keep_shown(&mut self) {
        if self.shown.is_none() {
            self.shown = self.client.view().cloned();
        }
    }

    fn take_effects(&mut self) {
        // What the editor loads is the view as it is now, with all that the effects after the join have brought.
        let mut is_loaded = false;
        while let Some(effect) = self.client.next_effect() {
            self.move_carets(&effect);
            match &effect {
                Effect::Applied { changeset, .. } | Effect::Restored { changeset } if !is_loaded => {
                    let pool = self.client.pool();
                    let kept =
                        self.backlog.push(changeset.clone(), pool).and_then(|()| self.undo.others(changeset, pool));
                    if kept.is_err() {
                        is_loaded = true;
                        self.load();
                        self.effects.push_back(Effect::Joined { rev: self.client.rev() });
                    }
                }
                Effect::Joined { .. } => {
                    is_loaded = true;
                    self.load();
                }
                _ => {}
            }
            if self.tells_revisions || !matches!(effect, Effect::Applied { .. }) {
                self.effects.push_back(effect);
            }
        }
    }

    fn carets_changed(&mut self, change: &Changeset, author: Option<&Utf16String>) {
        if let Some(carets) = &mut self.carets {
            carets.changed(change, author);
        }
    }

    /// What an effect says about the carets of others.
    fn move_carets(&mut self, effect: &Effect) {
        let (Some(carets), Some(layers)) = (&mut self.carets, self.client.layers()) else { return };
        match effect {
            Effect::Joined { rev } => carets.reset(*rev, layers),
            Effect::Applied { rev, author, changeset, .. } => {
                carets.changed(changeset, author.as_deref());
                carets.reached(*rev, layers);
            }
            Effect::Restored { changeset } => carets.changed(changeset, None),
            Effect::Accepted { rev } => carets.reached(*rev, layers),
            _ => {}
        }
    }

    /// The editor gets the whole document anew.
    fn load(&mut self) {
        self.shown = None;
        self.backlog = Backlog::default();
        self.undo = Undo::default();
    }
}

/// What no input can bring about.
fn not_flushed(error: Error) -> MessageError {
    MessageError { message: "message".to_owned(), item: None, error }
}

/// What came of taking a change of the shown text.
struct Taken {
    /// What had waited to be shown, moved past it.
    waited: Option<Changeset>,
    /// Whether the editor has to show something else than the user has done.
    is_mended: bool,
}

struct Planned {
    change: Changeset,
    /// The last part of `change`, if line markers had to be put right.
    repair: Option<Changeset>,
    inverse: Changeset,
}

/// Where text was inserted or removed, in the new document.
fn inserted_ranges(changeset: &Changeset) -> impl Iterator<Item = Range<usize>> {
    let (mut grown, mut shrunk) = (0, 0);
    changeset.splices().map(move |splice| {
        let start = splice.range.start + grown - shrunk;
        grown += splice.text.len();
        shrunk += splice.range.len();
        start..start + splice.text.len()
    })
}
