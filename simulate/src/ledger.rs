//! What was typed and deleted, to be compared with what is there at the end. Each code unit that is typed is unique.

use std::collections::{BTreeMap, BTreeSet};

/// Where the unique code units begin: Chinese characters and Korean syllables, some 28,000 in one row of allocated blocks.
const FIRST: u16 = 0x4e00;
const LAST: u16 = 0xd7a3;

/// What has happened to a code unit.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    was_deleted: bool,
    /// How often an undo or redo has brought it back.
    revivals: u32,
    /// It was typed, deleted or brought back in a tab that died before this was stored.
    is_uncertain: bool,
    /// It was typed in a pad that was deleted since.
    is_of_old_pad: bool,
    /// What was done to it could not be put back into the pad.
    was_unplaced: bool,
    /// It was among the text that could not be put back, and was offered to be copied.
    was_offered: bool,
}

/// All code units that were typed.
#[derive(Debug, Default)]
pub struct Ledger {
    fates: BTreeMap<u16, Fate>,
}

impl Ledger {
    /// A code unit that was not there before.
    pub fn next(&mut self) -> u16 {
        let unit = FIRST + self.fates.len() as u16;
        self.fates.insert(unit, Fate::default());
        unit.min(LAST)
    }

    pub fn len(&self) -> usize {
        self.fates.len()
    }

    pub fn deleted(&mut self, unit: u16) {
        self.change(unit, |fate| fate.was_deleted = true);
    }

    pub fn revived(&mut self, unit: u16) {
        self.change(unit, |fate| fate.revivals += 1);
    }

    pub fn uncertain(&mut self, unit: u16) {
        self.change(unit, |fate| fate.is_uncertain = true);
    }

    /// The pad is deleted, and with it all that was ever typed.
    pub fn reset(&mut self) {
        self.fates.values_mut().for_each(|fate| fate.is_of_old_pad = true);
    }

    pub fn unplaced(&mut self, unit: u16) {
        self.change(unit, |fate| fate.was_unplaced = true);
    }

    pub fn offered(&mut self, unit: u16) {
        self.change(unit, |fate| fate.was_offered = true);
    }

    fn change(&mut self, unit: u16, change: impl FnOnce(&mut Fate)) {
        if let Some(fate) = self.fates.get_mut(&unit) {
            change(fate);
        }
    }

    /// What is wrong with a text, in a few words.
    pub fn audit(&self, text: &[u16]) -> Result<(), String> {
        let mut counts = BTreeMap::<u16, u32>::new();
        text.iter().filter(|unit| is_unique(**unit)).for_each(|unit| *counts.entry(*unit).or_default() += 1);
        if let Some(unit) = counts.keys().find(|unit| !self.fates.contains_key(unit)) {
            return Err(format!("{unit:#06x} is there, but nobody typed it"));
        }
        for (unit, fate) in &self.fates {
            let found = counts.get(unit).copied().unwrap_or_default();
            let (least, most) = match fate {
                Fate { is_uncertain: true, revivals, .. } | Fate { is_of_old_pad: true, revivals, .. } => {
                    (0, 1 + revivals)
                }
                // Either it is where it was typed, or the user has got it to copy.
                Fate { was_unplaced: true, revivals, was_deleted, was_offered, .. } => {
                    (u32::from(*revivals == 0 && !was_deleted && !was_offered), 1 + revivals)
                }
                Fate { was_deleted: false, revivals: 0, .. } => (1, 1),
                Fate { revivals: 0, .. } => (0, 0),
                Fate { revivals, .. } => (0, 1 + revivals),
            };
            if found < least || found > most {
                return Err(format!("{unit:#06x} is there {found} times, not {least} to {most} times: {fate:?}"));
            }
        }
        Ok(())
    }
}

/// Whether a code unit is one of those that are typed only once.
pub fn is_unique(unit: u16) -> bool {
    (FIRST..=LAST).contains(&unit)
}

/// The unique code units of a text.
pub fn unique(text: &[u16]) -> BTreeSet<u16> {
    text.iter().copied().filter(|unit| is_unique(*unit)).collect()
}
