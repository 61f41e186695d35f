//! The steps of a history that are at hand, in blocks of a hundred.
//!
//! A *place* is a number of revisions: place 0 is the document before the first, place n + 1 the one after revision n. A
//! step of granularity g leads from place k·g to (k + 1)·g.

use super::packed::{pack, unpack};
use crate::changeset::Changeset;
use crate::error::{Error, ErrorKind};
use crate::protocol::DeltaUnit;
use std::collections::BTreeMap;

/// How many revisions a step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Grain {
    One,
    Ten,
    Hundred,
}

impl Grain {
    /// From coarse to fine.
    pub const ALL: [Self; 3] = [Self::Hundred, Self::Ten, Self::One];

    pub const fn size(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Ten => 10,
            Self::Hundred => 100,
        }
    }

    pub fn of(size: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| grain.size() == size)
    }
}

/// How many steps a block has, and how many a server gives for one request.
pub(super) const BLOCK: u32 = 100;

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepId {
    pub grain: Grain,
    /// Counted from the first of this granularity.
    pub index: u32,
}

impl StepId {
    /// The place from which it leads.
    pub fn from(self) -> u32 {
        self.index * self.grain.size()
    }

    /// The place to which it leads.
    pub fn to(self) -> u32 {
        self.from() + self.grain.size()
    }

    pub fn block(self) -> BlockId {
        BlockId { grain: self.grain, index: self.index / BLOCK }
    }
}

/// Which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BlockId {
    pub grain: Grain,
    /// Counted from the first of this granularity.
    pub index: u32,
}

impl BlockId {
    /// The first place of it; also the revision from which on a server is asked for it.
    pub fn start(self) -> u32 {
        self.index * BLOCK * self.grain.size()
    }

    /// The last place of it.
    pub fn end(self) -> u32 {
        self.start().saturating_add(BLOCK * self.grain.size())
    }
}

/// What is known of a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub forwards: Option<Changeset>,
    pub backwards: Option<Changeset>,
    /// How long it took: in milliseconds if `time` is there, else as the source tells it.
    pub delta: Option<f64>,
    /// When it was done, in milliseconds since 1970.
    pub time: Option<f64>,
    /// Who made it, as the timeline numbers authors; for single revisions.
    pub author: Option<u32>,
}

/// A step in a block: where in its bytes the changesets stand. There is no step if there is no forward one.
#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    middle: u32,
    end: u32,
    /// Not a number: not known.
    delta: f64,
    time: f64,
    author: u32,
}

const NOBODY: u32 = u32::MAX;
const ABSENT: Slot = Slot { start: 0, middle: 0, end: 0, delta: f64::NAN, time: f64::NAN, author: NOBODY };

#[derive(Debug, Clone, Default)]
struct Block {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    /// When it was used last.
    used: u64,
}

impl Block {
    fn memory(&self) -> usize {
        128 + self.bytes.capacity() + self.slots.capacity() * size_of::<Slot>()
    }
}

/// All steps at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    blocks: BTreeMap<BlockId, Block>,
    memory: usize,
    clock: u64,
    delta_unit: DeltaUnit,
}

impl Steps {
    /// About how many bytes they take.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Takes a step in, unless it is there. O(changesets + log blocks).
    pub fn insert(&mut self, id: StepId, step: &Step) {
        let Some(forwards) = &step.forwards else { return };
        let added = &mut self.memory;
        let block = self.blocks.entry(id.block()).or_insert_with(|| {
            let block = Block::default();
            *added += block.memory();
            block
        });
        let before = block.memory();
        let at = (id.index % BLOCK) as usize;
        while block.slots.len() <= at {
            block.slots.push(ABSENT);
        }
        let Some(slot) = block.slots.get_mut(at).filter(|slot| slot.middle == slot.start) else { return };
        slot.start = block.bytes.len() as u32;
        pack(forwards, &mut block.bytes);
        slot.middle = block.bytes.len() as u32;
        if let Some(backwards) = &step.backwards {
            pack(backwards, &mut block.bytes);
        }
        slot.end = block.bytes.len() as u32;
        slot.delta = step.delta.unwrap_or(f64::NAN);
        slot.time = step.time.unwrap_or(f64::NAN);
        slot.author = step.author.unwrap_or(NOBODY);
        self.clock += 1;
        block.used = self.clock;
        self.memory = self.memory + block.memory() - before;
    }

    fn slot(&self, id: StepId) -> Option<(&Block, &Slot)> {
        let block = self.blocks.get(&id.block())?;
        let slot = block.slots.get((id.index % BLOCK) as usize)?;
        (slot.middle > slot.start).then_some((block, slot))
    }

    /// Whether a step is at hand, in the direction wanted. O(log blocks).
    pub fn has(&self, id: StepId, backwards: bool) -> bool {
        self.slot(id).is_some_and(|(_, slot)| !backwards || slot.end > slot.middle)
    }

    /// Who made a step, if that is known.
    pub fn author(&self, id: StepId) -> Option<u32> {
        self.slot(id).map(|(_, slot)| slot.author).filter(|&author| author != NOBODY)
    }

    /// How long a step took: in milliseconds if its time is there, else in [`Steps::delta_unit`].
    pub fn delta(&self, id: StepId) -> Option<f64> {
        self.slot(id).map(|(_, slot)| slot.delta).filter(|delta| !delta.is_nan())
    }

    /// In which unit the source tells how long steps took.
    pub fn delta_unit(&self) -> DeltaUnit {
        self.delta_unit
    }

    /// Sets that; it holds for what has come as well.
    pub fn set_delta_unit(&mut self, unit: DeltaUnit) {
        self.delta_unit = unit;
    }

    /// When a step was done, if that was told.
    pub fn time(&self, id: StepId) -> Option<f64> {
        self.slot(id).map(|(_, slot)| slot.time).filter(|time| !time.is_nan())
    }

    /// One direction of a step. O(changeset + log blocks).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Missing`] if it is not at hand.
    pub fn changeset(&self, id: StepId, backwards: bool) -> Result<Changeset, Error> {
        let bytes = self.slot(id).and_then(|(block, slot)| {
            let range = if backwards { slot.middle..slot.end } else { slot.start..slot.middle };
            block.bytes.get(range.start as usize..range.end as usize).filter(|bytes| !bytes.is_empty())
        });
        unpack(bytes.ok_or(ErrorKind::Missing { rev: id.from() })?)
    }

    /// Notes that a block is in use.
    pub fn touch(&mut self, id: BlockId) {
        self.clock += 1;
        if let Some(block) = self.blocks.get_mut(&id) {
            block.used = self.clock;
        }
    }

    /// Lets go of a block.
    pub fn remove(&mut self, id: BlockId) {
        if let Some(block) = self.blocks.remove(&id) {
            self.memory = self.memory.saturating_sub(block.memory());
        }
    }

    /// Lets go of blocks that have not been used for longest, until the rest takes at most `limit` bytes. Those that `keep`
    /// names stay. O(blocks log blocks) if anything has to go.
    pub fn evict(&mut self, limit: usize, keep: impl Fn(BlockId) -> bool) {
        if self.memory <= limit {
            return;
        }
        let mut ids: Vec<_> = self.blocks.iter().map(|(&id, block)| (block.used, id)).collect();
        ids.sort_unstable();
        for (_, id) in ids {
            if self.memory <= limit {
                break;
            }
            if !keep(id) {
                self.remove(id);
            }
        }
    }
}
