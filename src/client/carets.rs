//! Where others have their carets: told by themselves, moved along by every change.
//!
//! Somebody tells a caret as a position in a revision, which every client has or will have. It is brought into the view by
//! what has happened here since that revision, and from then on each change of the view takes it along.

use super::layers::Layers;
use crate::changeset::{Assoc, Changeset};
use crate::text::Utf16String;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many changes are remembered: a caret of an older revision is not placed, for it is told again soon.
const MAX_CHANGES: usize = 256;
/// How many carets there may be: a pad that thousands read must not make a list of thousands.
const MAX_CARETS: usize = 64;

/// A selection; without any text in it, a caret. Positions are UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caret {
    /// The end that stays when the selection is extended.
    pub anchor: usize,
    /// The end at which one writes.
    pub head: usize,
}

impl Caret {
    /// Each end at another place.
    pub fn map(self, place: impl Fn(usize) -> usize) -> Self {
        Self { anchor: place(self.anchor), head: place(self.head) }
    }
}

/// The state of the document right after a revision, and what has changed the view since.
#[derive(Debug, Clone)]
struct State {
    rev: u32,
    /// From the server's text to the view, at that moment.
    local: Vec<Changeset>,
    since: Vec<Changeset>,
}

/// The carets of others, in positions of the view.
#[derive(Debug, Clone, Default)]
pub(super) struct Carets {
    placed: BTreeMap<Arc<str>, Caret>,
    /// Carets in a revision that has not come.
    early: BTreeMap<Arc<str>, (u32, Caret)>,
    states: VecDeque<State>,
}

impl Carets {
    /// The document is another one.
    pub fn reset(&mut self, rev: u32, layers: &Layers) {
        *self = Self::default();
        self.reached(rev, layers);
    }

    /// A revision is in the document, or an own commit has become one.
    pub fn reached(&mut self, rev: u32, layers: &Layers) {
        let local = layers.submitted().into_iter().chain([layers.pending()]);
        let local = local.filter(|change| !change.is_identity()).cloned().collect();
        self.states.push_back(State { rev, local, since: Vec::new() });
        let early = std::mem::take(&mut self.early);
        for (author, (at, caret)) in early {
            self.place(author, at, caret);
        }
    }

    /// The view has changed, by somebody else, or by the user.
    pub fn changed(&mut self, change: &Changeset, author: Option<&Utf16String>) {
        let author = author.map(ToString::to_string);
        for (owner, caret) in &mut self.placed {
            // Whoever types has the caret behind what was typed; what comes in at the caret of another one comes behind it.
            let assoc = if author.as_deref() == Some(&**owner) { Assoc::After } else { Assoc::Before };
            *caret = caret.map(|position| change.map_position(position, assoc));
        }
        if let Some(state) = self.states.back_mut() {
            state.since.push(change.clone());
        }
        while self.states.iter().map(|state| state.since.len()).sum::<usize>() > MAX_CHANGES && self.states.len() > 1 {
            self.states.pop_front();
        }
    }

    /// Somebody tells a caret, in the server's text at a revision. False if that revision is too long ago.
    pub fn place(&mut self, author: Arc<str>, rev: u32, caret: Caret) -> bool {
        let known = self.placed.contains_key(&author) || self.early.contains_key(&author);
        if !known && self.placed.len() + self.early.len() >= MAX_CARETS {
            return false;
        }
        if self.states.back().is_none_or(|state| state.rev < rev) {
            self.early.insert(author, (rev, caret));
            return true;
        }
        // Of several states after one revision the last counts.
        let Some(at) = self.states.iter().rposition(|state| state.rev <= rev) else { return false };
        self.early.remove(&author);
        let mut caret = caret;
        for (index, state) in self.states.iter().enumerate().skip(at) {
            let local = if index == at { &*state.local } else { &[] };
            for change in local.iter().chain(&state.since) {
                caret = caret.map(|position| change.map_position(position, Assoc::Before));
            }
        }
        self.placed.insert(author, caret);
        true
    }

    /// Somebody has left.
    pub fn remove(&mut self, author: &str) {
        self.placed.remove(author);
        self.early.remove(author);
    }

    /// All of them, by author.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Caret)> {
        self.placed.iter().map(|(author, caret)| (author, *caret))
    }
}
