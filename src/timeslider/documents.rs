//! Documents of a history that are kept, so that others are near.

use crate::document::Document;
use std::collections::BTreeMap;

/// Documents by place. They share most of their memory, so what one of them takes is an estimate of what it does not share
/// with the one from which it was made.
#[derive(Debug, Clone, Default)]
pub(super) struct Documents {
    kept: BTreeMap<u32, Kept>,
    memory: usize,
    clock: u64,
    /// What was left the last time that something had to go, and some more: looking again before is of no use.
    patience: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    document: Document,
    cost: usize,
    used: u64,
}

impl Documents {
    /// About how many bytes they take.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Keeps a document of which about `cost` bytes are not shared. O(log documents).
    pub fn insert(&mut self, place: u32, document: Document, cost: usize) {
        self.clock += 1;
        self.memory += cost;
        if let Some(old) = self.kept.insert(place, Kept { document, cost, used: self.clock }) {
            self.memory = self.memory.saturating_sub(old.cost);
        }
    }

    /// Gives a document out, and keeps it no more.
    pub fn take(&mut self, place: u32) -> Option<Document> {
        let kept = self.kept.remove(&place)?;
        self.memory = self.memory.saturating_sub(kept.cost);
        Some(kept.document)
    }

    /// The document of a place.
    pub fn get(&mut self, place: u32) -> Option<&Document> {
        self.clock += 1;
        let kept = self.kept.get_mut(&place)?;
        kept.used = self.clock;
        Some(&kept.document)
    }

    /// The nearest place at or before this one that has a document, and the nearest at or behind it.
    pub fn around(&self, place: u32) -> [Option<u32>; 2] {
        let before = self.kept.range(..=place).next_back().map(|(&place, _)| place);
        let behind = self.kept.range(place..).next().map(|(&place, _)| place);
        [before, behind]
    }

    /// If they take more than `limit` bytes, lets go of those that have not been used for longest, until the rest takes three
    /// quarters of it. Those that `keep` names stay, and the one before the first revision. O(documents log documents), but
    /// only now and then.
    pub fn evict(&mut self, limit: usize, keep: impl Fn(u32) -> bool) {
        if self.memory <= limit.max(self.patience.min(limit / 8 * 9)) {
            return;
        }
        let mut found: Vec<_> = self.kept.range(1..).map(|(&place, kept)| (kept.used, place)).collect();
        found.sort_unstable();
        for (_, place) in found {
            if self.memory <= limit / 4 * 3 {
                break;
            }
            if !keep(place) {
                self.remove(place);
            }
        }
        self.patience = self.memory + limit / 8;
    }

    /// Lets go of all but those that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let gone: Vec<_> = self.kept.keys().copied().filter(|&place| !keep(place)).collect();
        gone.into_iter().for_each(|place| self.remove(place));
    }

    fn remove(&mut self, place: u32) {
        self.take(place);
    }
}
