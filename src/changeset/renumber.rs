//! Changesets and op lists from one attribute pool to another.

use super::{Changeset, Op, OpKind, OpMerger, Ops};
use crate::attrib::{AttribId, AttribPool, AttribSet, Attribute, EmptyValue};
use crate::error::Error;
use crate::text::Utf16String;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What to do with an attribute number that its pool does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownAttrib {
    /// Leave it out, as Etherpad does.
    Drop,
    /// Give up, with an error.
    Refuse,
}

/// A changeset with the pool that numbers it, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The changeset.
    pub changeset: Changeset,
    /// What numbers it.
    pub pool: AttribPool,
}

/// Carries numbers of one pool over to another, which gets new ones in the order in which they are asked for.
struct Mover<'a> {
    from: &'a AttribPool,
    to: &'a mut AttribPool,
    unknown: UnknownAttrib,
    known: FxHashMap<AttribId, AttribId>,
}

impl<'a> Mover<'a> {
    fn new(from: &'a AttribPool, to: &'a mut AttribPool, unknown: UnknownAttrib) -> Self {
        Self { from, to, unknown, known: FxHashMap::default() }
    }

    fn id(&mut self, id: AttribId) -> Result<Option<AttribId>, Error> {
        if let Some(&new) = self.known.get(&id) {
            return Ok(Some(new));
        }
        match self.from.get(id) {
            Ok(attribute) => {
                let new = self.to.put(attribute.clone());
                self.known.insert(id, new);
                Ok(Some(new))
            }
            Err(_) if self.unknown == UnknownAttrib::Drop => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn set(&mut self, attribs: &AttribSet) -> Result<AttribSet, Error> {
        attribs.ids().iter().filter_map(|&id| self.id(id).transpose()).collect()
    }

    fn op(&mut self, op: &Op) -> Result<Op, Error> {
        Ok(Op { attribs: self.set(&op.attribs)?, ..op.clone() })
    }
}

/// So many pools are known at a time; then it begins anew.
const MAX_KNOWN: usize = 1024;

/// Where the attributes of pools that come again and again are in one other, which only grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct PoolMap {
    pools: Vec<KnownPool>,
    /// Where each is, by its address, which stays as long as the pool is held here.
    places: FxHashMap<usize, usize>,
    /// Where the one is that came last.
    last: usize,
}

/// A pool, and where its attributes are in the other.
#[derive(Debug, Clone)]
struct KnownPool {
    pool: Arc<AttribPool>,
    numbers: Vec<Option<AttribId>>,
}

impl KnownPool {
    fn new(pool: &Arc<AttribPool>) -> Self {
        Self { pool: pool.clone(), numbers: vec![None; pool.len()] }
    }

    fn carry(&mut self, changeset: Changeset, to: &mut AttribPool) -> Changeset {
        let Self { pool, numbers } = self;
        changeset.with_attribs(|id| {
            let number = numbers.get_mut(id.0 as usize)?;
            if number.is_none() {
                *number = pool.get(id).ok().map(|attribute| to.put(attribute.clone()));
            }
            *number
        })
    }
}

impl PoolMap {
    /// Does what [`Changeset::move_to_pool`] does with [`UnknownAttrib::Drop`]; `to` has to be the same pool each time. A pool that
    /// nobody else holds cannot come again, and is not kept. O(n).
    pub fn carry(&mut self, changeset: Changeset, from: &Arc<AttribPool>, to: &mut AttribPool) -> Changeset {
        let is_held = Arc::strong_count(from) > 1;
        if is_held && self.pools.get(self.last).is_none_or(|known| !Arc::ptr_eq(&known.pool, from)) {
            self.last = self.place(from);
        }
        match self.pools.get_mut(self.last) {
            Some(known) if is_held => known.carry(changeset, to),
            _ => KnownPool::new(from).carry(changeset, to),
        }
    }

    fn place(&mut self, pool: &Arc<AttribPool>) -> usize {
        let address = Arc::as_ptr(pool).addr();
        if let Some(&place) = self.places.get(&address) {
            return place;
        }
        if self.pools.len() == MAX_KNOWN {
            self.pools.clear();
            self.places.clear();
        }
        self.places.insert(address, self.pools.len());
        self.pools.push(KnownPool::new(pool));
        self.pools.len() - 1
    }
}

/// The ops with the numbers that `to` has for the same attributes.
///
/// `to` gets numbers for what it lacks, in the order of appearance. Order within the sets stays, which is right because
/// canonical order goes by key. Nothing is merged. O(n).
///
/// # Errors
///
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute) for [`UnknownAttrib::Refuse`]; `to` may have got
/// numbers by then.
///
/// Source: `moveOpsToNewPool` in Etherpad's `src/static/js/Changeset.ts`.
#[doc(alias = "move_ops_to_new_pool")]
pub fn move_ops_to_pool(
    ops: &[Op],
    from: &AttribPool,
    to: &mut AttribPool,
    unknown: UnknownAttrib,
) -> Result<Vec<Op>, Error> {
    let mut mover = Mover::new(from, to, unknown);
    ops.iter().map(|op| mover.op(op)).collect()
}

impl Changeset {
    /// The changeset with the numbers that `to` has for the same attributes; see [`move_ops_to_pool`]. O(n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute) for [`UnknownAttrib::Refuse`].
    #[doc(alias = "move_ops_to_new_pool")]
    pub fn move_to_pool(&self, from: &AttribPool, to: &mut AttribPool, unknown: UnknownAttrib) -> Result<Self, Error> {
        let mut mover = Mover::new(from, to, unknown);
        Ok(self.with_ops(self.ops().iter().map(|op| mover.op(op)).collect::<Result<Ops, Error>>()?))
    }

    /// The changeset as it goes over the wire: with a pool of its own, which has what it uses and nothing else. Numbers
    /// that `pool` lacks are dropped, as Etherpad drops them: the text still goes out. O(n).
    ///
    /// Source: `prepareForWire` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn prepare_for_wire(&self, pool: &AttribPool) -> Wire {
        let mut wire_pool = AttribPool::new();
        let mut known = FxHashMap::default();
        let changeset = self.map_attribs(|id| match known.get(&id) {
            Some(&new) => Some(new),
            None => {
                let new = wire_pool.put(pool.get(id).ok()?.clone());
                known.insert(id, new);
                Some(new)
            }
        });
        Wire { changeset, pool: wire_pool }
    }

    /// Each attribute number replaced or, for `None`, left out. Nothing is sorted or merged. O(n).
    ///
    /// Source: `mapAttribNumbers` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn map_attribs(&self, f: impl FnMut(AttribId) -> Option<AttribId>) -> Self {
        self.clone().with_attribs(f)
    }

    /// The changeset with each op's attributes in canonical order; see [`AttribSet::to_canonical`]. O(n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    pub(crate) fn with_canonical_attribs(&self, pool: &AttribPool) -> Result<Self, Error> {
        let canonical = |op: &Op| Ok(Op { attribs: op.attribs.to_canonical(pool)?, ..op.clone() });
        Ok(self.with_ops(self.ops().iter().map(canonical).collect::<Result<Ops, Error>>()?))
    }

    /// Does what [`Changeset::map_attribs`] does, in place if no clone shares the memory.
    fn with_attribs(mut self, mut f: impl FnMut(AttribId) -> Option<AttribId>) -> Self {
        if self.ops().iter().any(|op| !op.attribs.is_empty()) {
            let ops = &mut triomphe::Arc::make_mut(&mut self.0).ops;
            ops.iter_mut().filter(|op| !op.attribs.is_empty()).for_each(|op| op.attribs = op.attribs.map(&mut f));
        }
        self
    }

    /// The changeset with `author` on every insert that has no author, or an empty one. O(n).
    ///
    /// Servers since Etherpad 2.7 refuse inserts without an author. Nothing changes if nothing is missing or `author` is
    /// empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    ///
    /// Source: `stampAuthorOnInserts` in Etherpad's `src/static/js/collab_client.ts`.
    pub fn stamp_author(&self, author: &Utf16String, pool: &mut AttribPool) -> Result<Self, Error> {
        if author.is_empty() {
            return Ok(self.clone());
        }
        self.with_authors(author, pool, |old| old.is_none_or(|old| old.is_empty()))
    }

    /// The changeset with `author` on every insert that has another author's name on it, or an empty one; inserts without
    /// any are left alone. O(n).
    ///
    /// This is what Etherpad's client does to pasted text before it sends it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    ///
    /// Source: `prepareUserChangeset` in Etherpad's `src/static/js/changesettracker.ts`.
    pub fn claim_inserts(&self, author: &Utf16String, pool: &mut AttribPool) -> Result<Self, Error> {
        self.with_authors(author, pool, |old| old.is_some_and(|old| old != author))
    }

    /// `author` on the inserts whose present author `replace` picks; merged, not reordered.
    fn with_authors(
        &self,
        author: &Utf16String,
        pool: &mut AttribPool,
        replace: impl Fn(Option<&Utf16String>) -> bool,
    ) -> Result<Self, Error> {
        let mut ops = Ops::new();
        let mut merger = OpMerger::new();
        for op in &self.0.ops {
            let mut op = op.clone();
            if op.kind == OpKind::Insert && replace(op.attribs.author(pool)?) {
                let stamp = AttribSet::from(pool.put(Attribute::new("author", author.clone())));
                op.attribs = op.attribs.compose(&stamp, EmptyValue::Keep, pool)?;
            }
            merger.push(op, &mut ops);
        }
        merger.finish(&mut ops);
        Ok(self.with_ops(ops))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn pools_that_come_again_are_told_apart() {
        let pool = |n: usize| {
            let mut pool = AttribPool::new();
            pool.put(Attribute::new("author", format!("a.{n}")));
            pool.put(Attribute::new("bold", "true"));
            Arc::new(pool)
        };
        let pools: Vec<_> = (0..2 * MAX_KNOWN).map(pool).collect();
        let (mut map, mut to, mut by_itself) = (PoolMap::default(), AttribPool::new(), AttribPool::new());
        let changeset = Changeset::parse("Z:1>3*0+1*0*1+1*1+1$abc").unwrap();
        // The same one again, one of some, each of all in turn; and one that nobody else has.
        let order = (0..8).map(|n| n / 4).chain((0..100).map(|n| n * n % 7)).chain(0..pools.len()).chain([3, 3, 0]);
        for n in order {
            for from in [pools[n].clone(), pool(n)] {
                let wanted = changeset.move_to_pool(&from, &mut by_itself, UnknownAttrib::Drop).unwrap();
                assert_eq!(map.carry(changeset.clone(), &from, &mut to), wanted, "pool {n}");
            }
            assert!(map.pools.len().max(map.places.len()) <= MAX_KNOWN);
        }
        assert_eq!(to.len(), by_itself.len());
    }
}
