//! Changes of an earlier session: kept as text, and brought back.
//!
//! ```text
//!   kept.rev ── what others did since ── the present revision ── pending
//!      \                                        \                  \
//!    submitted                              submitted'              \
//!        \                                        \                  \
//!       pending                                 pending'             the editor
//! ```
//!
//! What others did since is asked for, a hundred revisions at a time, while the pad is used as ever. If a revision among
//! them is what was submitted, the server has that part. When all have come, the rest takes its place under what is pending.

use super::super::local::{Local, Sent, Submitted};
use super::check::Check;
use super::{Client, Effect, MAX_REJOINS, Misfit, Phase, Unplaced};
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, OpKind, UnknownAttrib, Wire};
use crate::error::{Error, ErrorKind};
use crate::protocol::{ChangesetReply, Kept, KeptCommit, KeptList, changeset_request};
use crate::text::{NEWLINE, Utf16String};
use std::collections::VecDeque;

/// Changes of an earlier session, on their way back.
#[derive(Debug, Clone)]
pub(super) struct Restoring {
    id: u32,
    /// As they came. That is what is stored until they are in their place: from it all can be done again.
    kept: Kept,
    /// Moved as far as `rev`, numbered by the client's pool; nothing before it has begun.
    moved: Option<Moved>,
    step: Step,
    /// How often the client had joined when they came.
    joins: u32,
    /// How often something was waited for in vain.
    waits: u32,
}

#[derive(Debug, Clone)]
struct Moved {
    local: Local,
    rev: u32,
    check: Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The next revisions have to be asked for.
    Waiting,
    /// They have been asked for, by this number.
    Fetching(u32),
    /// The client has still to come as far.
    Ahead,
    /// They stand where the client does, and go along with it until nothing is submitted.
    Ready,
    Refused(Misfit),
}

/// The public side.
impl Client {
    /// Whether changes of an earlier session are still on their way to their place.
    pub fn is_restoring(&self) -> bool {
        self.restoring.iter().any(|item| !matches!(item.step, Step::Refused(_)))
    }

    /// What the server has not acknowledged, to be stored: the user's changes, and those of earlier sessions that are not
    /// in their place yet. `None` if there is nothing. O(submitted + pending), whatever the length of the document.
    ///
    /// # Errors
    ///
    /// None that input can bring about.
    pub fn kept(&self) -> Option<KeptList> {
        let own = self.layers.as_ref().filter(|layers| layers.has_uncommitted()).map(|layers| {
            let wire = |changeset: &Changeset| changeset.prepare_for_wire(&self.pool);
            Kept {
                pad_id: self.pad_id.clone(),
                author: self.author.clone(),
                rev: self.rev(),
                mark: self.mark(),
                submitted: layers
                    .commits()
                    .iter()
                    .map(|commit| KeptCommit { wire: wire(&commit.changeset), id: commit.sent.id.clone() })
                    .collect(),
                pending: Some(layers.pending()).filter(|pending| !pending.is_identity()).map(wire),
            }
        });
        let list: Vec<_> = own.into_iter().chain(self.restoring.iter().map(|item| item.kept.clone())).collect();
        (!list.is_empty()).then_some(KeptList(list))
    }

    /// A number that changes whenever what is kept has changed so much that it has to be stored again. What others do does
    /// not count: older kept changes can still be brought back, only from farther away.
    pub fn kept_version(&self) -> u64 {
        self.changes + u64::from(self.rev() / 1000)
    }

    /// Takes changes that an earlier session has left, at any time, also before the join. From now on [`Client::kept`] has
    /// them, too. When the pad is joined and all revisions since have come, they are in the document again, and
    /// [`Effect::Restored`] tells; or [`Effect::Unplaced`] tells that this cannot be. What the server has already is
    /// recognised.
    pub fn restore(&mut self, list: KeptList) {
        for kept in list.0 {
            let id = self.changes as u32;
            self.changes += 1;
            let (joins, waits) = (self.joins, 0);
            self.restoring.push(Restoring { id, kept, moved: None, step: Step::Waiting, joins, waits });
        }
        self.restore_next();
    }

    /// Changes of earlier sessions that cannot be brought back, to be offered as text.
    pub fn unplaced(&self) -> impl Iterator<Item = Unplaced> {
        self.restoring.iter().filter_map(|item| match item.step {
            Step::Refused(reason) => Some(item.unplaced(reason)),
            _ => None,
        })
    }

    /// The user has taken notice of changes that cannot be brought back, and they are not kept any more. `false` if there
    /// are none of this number.
    pub fn discard(&mut self, id: u32) -> bool {
        let before = self.restoring.len();
        self.restoring.retain(|item| item.id != id || !matches!(item.step, Step::Refused(_)));
        let found = self.restoring.len() < before;
        self.changes += u64::from(found);
        found
    }
}

impl Client {
    /// Whether changes only wait for an end of what is in flight.
    pub(super) fn restores_next(&self) -> bool {
        let first = self.restoring.iter().find(|item| !matches!(item.step, Step::Refused(_)));
        first.is_some_and(|item| item.step == Step::Ready)
    }

    /// Does what can be done now for the changes that come first.
    pub(super) fn restore_next(&mut self) {
        while self.phase == Phase::Live
            && let Some(index) = self.restoring.iter().position(|item| !matches!(item.step, Step::Refused(_)))
        {
            let Some(mut item) = self.restoring.get(index).cloned() else { return };
            let before = item.step;
            let result = match before {
                Step::Waiting => self.ask(&mut item),
                Step::Ready if self.layers.as_ref().is_some_and(|layers| layers.submitted().is_none()) => {
                    match item.moved.as_ref().map(|moved| self.put_back(&moved.local)) {
                        Some(Ok(())) => {
                            self.restoring.remove(index);
                            self.changes += 1;
                            continue;
                        }
                        _ => Err(Misfit::DoesNotFit),
                    }
                }
                Step::Fetching(_) | Step::Ahead | Step::Ready | Step::Refused(_) => return,
            };
            self.settle(index, item, result);
            if self.restoring.get(index).is_some_and(|item| item.step == before) {
                return;
            }
        }
    }

    /// Puts changes back on the list, or tells that they cannot be brought back.
    fn settle(&mut self, index: usize, mut item: Restoring, result: Result<(), Misfit>) {
        if let Err(reason) = result {
            item.step = Step::Refused(reason);
            self.effects.push_back(Effect::Unplaced(item.unplaced(reason)));
        }
        if let Some(place) = self.restoring.get_mut(index) {
            *place = item;
        }
    }

    /// Asks for what others did since.
    fn ask(&mut self, item: &mut Restoring) -> Result<(), Misfit> {
        let kept = &item.kept;
        if kept.pad_id != self.pad_id {
            return Err(Misfit::OtherPad);
        }
        if kept.author != self.author {
            return Err(Misfit::OtherAuthor);
        }
        if self.read_only {
            return Err(Misfit::ReadOnly);
        }
        let rev = self.rev();
        let moved = match &item.moved {
            Some(moved) => moved,
            None if kept.rev > rev => {
                // Another session was farther; we shall be there soon, unless the server has set the pad back.
                let was_set_back = self.joins > item.joins && kept.rev > self.joined.0;
                return if was_set_back { Err(Misfit::PadReset) } else { Ok(()) };
            }
            None => {
                let local = numbered(kept, &mut self.pool).map_err(|_| Misfit::DoesNotFit)?;
                let check = Check::new(kept.mark, kept.rev, self.joined);
                if !check.passes_at_once() {
                    return Err(Misfit::PadReset);
                }
                item.moved.insert(Moved { local, rev: kept.rev, check })
            }
        };
        let start = if moved.rev == kept.rev { moved.check.first() } else { moved.rev + 1 };
        item.step = match moved.rev.cmp(&rev) {
            std::cmp::Ordering::Greater => Step::Ahead,
            std::cmp::Ordering::Equal if start > rev => Step::Ready,
            _ => {
                self.request_id += 1;
                self.effects.push_back(Effect::Send(changeset_request(&self.pad_id, start, 1, self.request_id)));
                Step::Fetching(self.request_id)
            }
        };
        Ok(())
    }

    pub(super) fn is_restore_reply(&self, request_id: u32) -> bool {
        self.restoring.iter().any(|item| item.step == Step::Fetching(request_id))
    }

    /// Moves changes past what others did since.
    pub(super) fn restore_reply(&mut self, reply: ChangesetReply) {
        let wanted = Step::Fetching(reply.request_id);
        let Some(index) = self.restoring.iter().position(|item| item.step == wanted) else { return };
        let Some(mut item) = self.restoring.get(index).cloned() else { return };
        let mut result = self.move_on(&mut item, reply);
        item.step = Step::Waiting;
        if result.is_err() && item.waits + 1 < MAX_REJOINS {
            // An answer can be broken: it begins anew.
            item.waits += 1;
            item.moved = None;
            result = Ok(());
        }
        self.settle(index, item, result);
        self.restore_next();
    }

    fn move_on(&mut self, item: &mut Restoring, reply: ChangesetReply) -> Result<(), Misfit> {
        let Some(moved) = &mut item.moved else { return Err(Misfit::DoesNotFit) };
        let mut has_come = false;
        for (rev, step) in (reply.start..).zip(reply.steps) {
            let changeset = step
                .forwards
                .move_to_pool(&reply.pool, &mut self.pool, UnknownAttrib::Drop)
                .map_err(|_| Misfit::DoesNotFit)?;
            if !moved.check.passes(rev, &changeset, step.time_delta, &self.pool) {
                return Err(Misfit::PadReset);
            }
            has_come |= rev == item.kept.rev;
            if rev == moved.rev + 1 {
                moved.past(&changeset, true, &self.pool)?;
                has_come = true;
            }
        }
        if !has_come {
            return Err(Misfit::NoAnswer);
        }
        // What is known of the marked revision is compared once.
        if moved.rev == item.kept.rev {
            moved.check = Check::new(Default::default(), moved.rev, self.joined);
        }
        Ok(())
    }

    /// The client has done one more revision: what stands where it stood goes along.
    pub(super) fn restore_along(&mut self, changeset: &Changeset, can_be_own: bool) {
        let rev = self.rev();
        for index in 0..self.restoring.len() {
            let Some(mut item) = self.restoring.get(index).cloned() else { continue };
            let result = match (item.step, &mut item.moved) {
                (Step::Ready, Some(moved)) if moved.rev + 1 == rev => moved.past(changeset, can_be_own, &self.pool),
                (Step::Ahead, Some(moved)) if moved.rev == rev => {
                    item.step = Step::Ready;
                    Ok(())
                }
                _ => continue,
            };
            self.settle(index, item, result);
        }
        self.restore_next();
    }

    /// Puts changes in their place.
    fn put_back(&mut self, local: &Local) -> Result<(), Error> {
        let (Some(view), Some(mut layers)) = (self.view(), self.layers.clone()) else {
            return Err(ErrorKind::NotJoined.into());
        };
        let mut view = view.clone();
        let for_editor = layers.restore(local, &self.pool)?;
        view.apply(&for_editor, &self.pool)?;
        self.view = layers.has_uncommitted().then_some(view);
        self.layers = Some(layers);
        self.effects.push_back(Effect::Restored { changeset: for_editor });
        Ok(())
    }

    /// The connection is lost, and with it what was asked for.
    pub(super) fn restore_paused(&mut self) {
        for item in &mut self.restoring {
            if matches!(item.step, Step::Fetching(_)) {
                item.step = Step::Waiting;
            }
        }
    }

    /// A number for what is waited for, if anything is.
    pub(super) fn restore_awaited(&self) -> Option<u64> {
        let item = self.restoring.iter().find(|item| !matches!(item.step, Step::Refused(_)))?;
        let rev = item.moved.as_ref().map_or(0, |moved| moved.rev);
        let waits_for_server = matches!(item.step, Step::Fetching(_) | Step::Waiting | Step::Ahead);
        (waits_for_server && self.phase == Phase::Live).then_some(u64::from(item.id) << 32 | u64::from(rev))
    }

    /// What was waited for has not come: it is asked for again, but not for ever.
    pub(super) fn restore_again(&mut self) {
        let Some(index) = self.restoring.iter().position(|item| !matches!(item.step, Step::Refused(_))) else { return };
        let Some(mut item) = self.restoring.get(index).cloned() else { return };
        item.waits += 1;
        let result = match item.step {
            _ if item.waits >= MAX_REJOINS => Err(match item.step {
                Step::Fetching(_) => Misfit::NoAnswer,
                _ => Misfit::PadReset,
            }),
            Step::Fetching(_) => {
                item.step = Step::Waiting;
                Ok(())
            }
            _ => Ok(()),
        };
        self.settle(index, item, result);
        self.restore_next();
    }
}

impl Moved {
    /// Moves on past the next revision, or recognises in it what was submitted.
    fn past(&mut self, changeset: &Changeset, can_be_own: bool, pool: &AttribPool) -> Result<(), Misfit> {
        match self.local.position(changeset, |_| can_be_own, pool) {
            Some(own) => drop(self.local.submitted.drain(..=own)),
            None => (self.local, _) = self.local.past(changeset, pool).map_err(|_| Misfit::DoesNotFit)?,
        }
        self.rev += 1;
        Ok(())
    }
}

impl Restoring {
    fn unplaced(&self, reason: Misfit) -> Unplaced {
        Unplaced { id: self.id, reason, text: inserted_text(&self.kept).unwrap_or_default() }
    }
}

/// Kept changes, numbered by a pool. What was stored may have been spoilt; what is computed from it is in canonical order.
fn numbered(kept: &Kept, pool: &mut AttribPool) -> Result<Local, Error> {
    let mut changeset =
        |wire: &Wire| wire.changeset.move_to_pool(&wire.pool, pool, UnknownAttrib::Drop)?.with_canonical_attribs(pool);
    let mut submitted = VecDeque::with_capacity(kept.submitted.len());
    for KeptCommit { wire, id } in &kept.submitted {
        let sent = Sent { id: id.clone(), seq: None, may_be_stored: true };
        submitted.push_back(Submitted { changeset: changeset(wire)?, sent });
    }
    let pending = match (&kept.pending, submitted.back()) {
        (Some(pending), _) => changeset(pending)?,
        (None, Some(last)) => Changeset::identity(last.changeset.new_len())?,
        (None, None) => Changeset::identity(0)?,
    };
    Ok(Local { submitted, pending })
}

/// What was inserted and not deleted again, without line markers; each piece on a line of its own.
fn inserted_text(kept: &Kept) -> Result<Utf16String, Error> {
    let mut pool = AttribPool::new();
    let whole = numbered(kept, &mut pool)?.whole(&pool)?;
    let marker: Vec<u16> = "lmkr".encode_utf16().collect();
    let mut text = Vec::new();
    let mut goes_on = true;
    for (op, piece) in whole.steps() {
        if op.kind != OpKind::Insert {
            goes_on = false;
        } else if op.attribs.value(&marker, &pool)?.is_none() {
            if !goes_on && text.last().is_some_and(|&last| last != NEWLINE) {
                text.push(NEWLINE);
            }
            text.extend_from_slice(piece);
            goes_on = true;
        }
    }
    Ok(text.into())
}
