//! A browser tab: the engine, and what the page around it does. Nothing here knows the network.

use crate::ledger::{Ledger, is_unique, unique};
use easysync::{
    AttribPool, Document, Effect, Error, KeptList, ListKind, Misfit, Pad, toggle_format, toggle_list, touched_lines,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a line marker is in the text.
const MARKER: u16 = b'*' as u16;

/// A browser's storage: for each tab what it has stored.
pub type Storage = BTreeMap<u64, Stored>;

/// What a tab has stored, and the code units that it may be about.
pub struct Stored {
    text: String,
    units: BTreeSet<u16>,
}

/// What has happened to the pad or to the person, so that changes may not find their place any more.
#[derive(Clone, Copy, Default)]
pub struct Excuses {
    pub was_reset: bool,
    pub was_renamed: bool,
}

/// What a tab wants of the network.
#[derive(Debug, PartialEq)]
pub enum Wish {
    Nothing,
    /// A new connection, and a fresh join.
    Renew,
    /// To be closed and opened again: the pad is another one.
    Reload,
    /// Nothing any more: it has given up, and says why.
    GiveUp(String),
}

/// An open tab.
pub struct Tab {
    /// The key under which it stores.
    pub key: u64,
    pub pad: Pad,
    /// Requests that wait for their time.
    pub requests: VecDeque<String>,
    /// What was stored last.
    written: u64,
    /// Code units whose typing or deletion is not stored yet.
    unwritten: Vec<u16>,
    /// Code units that something was done to which the server may not have.
    unsettled: BTreeSet<u16>,
    pub slice: usize,
    /// Why it has joined anew.
    troubles: Vec<String>,
}

impl Tab {
    pub fn new(key: u64, slice: usize, commit_limit: usize) -> Self {
        let mut pad = Pad::new();
        pad.set_slice(slice);
        pad.set_commit_limit(commit_limit);
        let (requests, unwritten, unsettled) = (VecDeque::new(), Vec::new(), BTreeSet::new());
        Self { key, pad, requests, written: u64::MAX, unwritten, unsettled, slice, troubles: Vec::new() }
    }

    /// Takes over what tabs that are no more have stored, in one transaction.
    pub fn adopt(&mut self, dead: &[u64], storage: &mut Storage) -> Result<(), Error> {
        for key in dead {
            if let Some(Stored { text, units }) = storage.get(key) {
                self.pad.restore(KeptList::parse(text)?);
                self.unsettled.extend(units);
            }
        }
        self.write(storage);
        dead.iter().for_each(|key| drop(storage.remove(key)));
        Ok(())
    }

    /// Stores what is not acknowledged, if that has changed.
    pub fn write(&mut self, storage: &mut Storage) {
        let version = self.pad.client().kept_version();
        if version == self.written {
            return;
        }
        self.written = version;
        self.unsettled.extend(self.unwritten.drain(..));
        match self.pad.client().kept() {
            Some(list) => {
                drop(storage.insert(self.key, Stored { text: list.to_string(), units: self.unsettled.clone() }));
            }
            None => {
                self.unsettled.clear();
                storage.remove(&self.key);
            }
        }
    }

    /// The tab dies. What was not stored may be lost.
    pub fn die(self, ledger: &mut Ledger) {
        self.unwritten.into_iter().for_each(|unit| ledger.uncertain(unit));
    }

    /// Does what the engine asks for.
    pub fn wish(&mut self, excuses: Excuses, ledger: &mut Ledger) -> Wish {
        let mut wish = Wish::Nothing;
        self.pad.take_messages();
        while let Some(effect) = self.pad.next_effect() {
            match effect {
                Effect::Send(request) => self.requests.push_back(request),
                Effect::Resync { rev, error } => {
                    self.troubles.push(format!("at {rev}: {error}"));
                    wish = Wish::Renew;
                }
                Effect::Unplaced(unplaced)
                    if excuses.was_reset || excuses.was_renamed && unplaced.reason == Misfit::OtherAuthor =>
                {
                    self.unsettled.iter().for_each(|unit| ledger.unplaced(*unit));
                    unique(&unplaced.text).into_iter().for_each(|unit| ledger.offered(unit));
                    self.pad.discard(unplaced.id);
                }
                Effect::Unplaced(unplaced) => wish = self.give_up(&unplaced),
                Effect::Desynchronised { .. } if excuses.was_reset => return Wish::Reload,
                Effect::Desynchronised { .. } | Effect::Disconnected { .. } => {
                    wish = self.give_up(&effect);
                }
                _ => {}
            }
            if matches!(wish, Wish::GiveUp(_)) {
                break;
            }
        }
        wish
    }

    fn give_up(&self, why: &dyn std::fmt::Debug) -> Wish {
        let last = self.troubles.len().saturating_sub(5);
        Wish::GiveUp(format!("{why:?} after {:?}", self.troubles.get(last..)))
    }

    /// The user does something.
    pub fn act(&mut self, random: &mut fastrand::Rng, ledger: &mut Ledger, now: f64) -> Result<(), Error> {
        let len = self.pad.shown().len_utf16();
        if len == 0 {
            return Ok(());
        }
        // A line marker that an edit has displaced is put right by the next flush, which a page calls at once.
        if self.pad.shown().text().contains(&MARKER) || random.u8(..3) == 0 {
            self.pad.flush()?;
        }
        let len = self.pad.shown().len_utf16();
        let from = random.usize(..len);
        let to = (from + random.usize(..5)).min(len - 1).max(from);
        match random.u8(..20) {
            0..10 => {
                // Typing, at times over a selection, at times several lines.
                let to = if random.u8(..6) == 0 { to } else { from };
                let count = if random.u8(..40) == 0 { random.usize(30..150) } else { random.usize(1..4) };
                let mut text: Vec<u16> = (0..count).map(|_| ledger.next()).collect();
                if random.u8(..5) == 0 {
                    text.insert(random.usize(..=text.len()), 0x0a);
                }
                self.unwritten.extend(text.iter().filter(|unit| is_unique(**unit)));
                self.delete(from..to, ledger)?;
                self.pad.edit(&[(from..to, &text)], None, now).map(drop)
            }
            10..13 => {
                self.delete(from..to, ledger)?;
                self.pad.edit(&[(from..to, &[])], None, now).map(drop)
            }
            13..15 => self.command(now, |doc, pool| toggle_format(doc, pool, from..to, "bold")),
            15 => self.command(now, |doc, pool| {
                let lines = touched_lines(doc, from..to)?;
                toggle_list(doc, pool, lines, ListKind::Bullet)
            }),
            16..18 => self.step_back(random.bool(), ledger),
            _ => self.pad.flush().map(drop),
        }
    }

    /// The last thing that a user does, so that the others learn that they have missed something.
    pub fn type_at_end(&mut self, ledger: &mut Ledger, now: f64) -> Result<(), Error> {
        let end = self.pad.shown().len_utf16() - 1;
        let unit = ledger.next();
        self.unwritten.push(unit);
        self.pad.edit(&[(end..end, &[unit])], None, now).map(drop)
    }

    fn command(
        &mut self,
        now: f64,
        make: impl FnOnce(&Document, &mut AttribPool) -> Result<easysync::Changeset, Error>,
    ) -> Result<(), Error> {
        self.pad.change(now, |doc, pool| Ok((make(doc, pool)?, 0))).map(drop)
    }

    fn delete(&mut self, range: std::ops::Range<usize>, ledger: &mut Ledger) -> Result<(), Error> {
        for unit in unique(&self.pad.shown().slice(range)?) {
            ledger.deleted(unit);
            self.unwritten.push(unit);
        }
        Ok(())
    }

    fn step_back(&mut self, is_undo: bool, ledger: &mut Ledger) -> Result<(), Error> {
        let text = |pad: &Pad| pad.client().view().map(|view| view.text()).unwrap_or_default().into_units();
        let before = text(&self.pad);
        if is_undo {
            self.pad.undo()?
        } else {
            self.pad.redo()?
        };
        let after = text(&self.pad);
        // Only between the first and the last difference can anything have gone or come back, or both.
        let start = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let ends = before.iter().skip(start).rev().zip(after.iter().skip(start).rev());
        let end = ends.take_while(|(one, other)| one == other).count();
        let between = |text: &[u16]| unique(text.get(start..text.len() - end).unwrap_or_default());
        let (gone, come) = (between(&before), between(&after));
        gone.iter().for_each(|unit| ledger.deleted(*unit));
        come.iter().for_each(|unit| ledger.revived(*unit));
        self.unwritten.extend(gone.union(&come));
        Ok(())
    }

    /// Whether everything here is at the server.
    pub fn is_quiet(&self) -> bool {
        let client = self.pad.client();
        client.is_live() && client.kept().is_none() && !client.is_waiting() && !client.has_waiting()
    }
}
