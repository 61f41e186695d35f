//! The attributes of one stretch of text or of one op, as a list of numbers.

use super::pool::{AttribId, AttribPool, Attribute};
use crate::error::Error;
use crate::sort::insertion_sort;
use crate::text::Utf16String;
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use triomphe::ThinArc;

/// What an attribute with an empty value becomes when sets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyValue {
    /// It stays: the set is a *change* ("remove this key"), as on a keep.
    Keep,
    /// The key goes: the set is *content*, as on an insert or in a document.
    Delete,
}

/// The attributes of an op or of a stretch of text: a list of [`AttribId`]s, printed as `*0*3`.
///
/// The numbers mean something only together with one [`AttribPool`]. In canonical order a key stands at most once, and
/// keys ascend by UTF-16 code units. Whatever is computed here comes out in that order; what only passes through keeps
/// the order it came in, as in Etherpad, and two sets are equal if they are written alike.
///
/// Up to three numbers take no memory of their own. Clone is O(1).
#[derive(Clone)]
pub struct AttribSet(Repr);

const INLINE: usize = 3;

#[derive(Clone)]
enum Repr {
    /// Numbers past `len` are zero, so that equal sets have equal fields.
    Inline { len: u8, ids: [AttribId; INLINE] },
    /// More than [`INLINE`] numbers.
    Shared(ThinArc<(), AttribId>),
}

/// The pairs of a set while it is being changed: a map that keeps the order of first entry, as JavaScript's does.
type Pairs<'a> = SmallVec<[(&'a Utf16String, AttribId, &'a Utf16String); 4]>;

impl AttribSet {
    /// No attributes.
    pub const EMPTY: Self = Self(Repr::Inline { len: 0, ids: [AttribId(0); INLINE] });

    /// The numbers in the order in which they are written.
    pub fn ids(&self) -> &[AttribId] {
        match &self.0 {
            Repr::Inline { len, ids } => ids.get(..usize::from(*len)).unwrap_or(ids),
            Repr::Shared(ids) => &ids.slice,
        }
    }

    /// Whether there are no attributes.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Repr::Inline { len: 0, .. })
    }

    /// Whether a number is in the set. O(size).
    pub fn contains(&self, id: AttribId) -> bool {
        self.ids().contains(&id)
    }

    /// The value that the set gives to a key, the last one if the key stands more than once. O(size).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    pub fn value<'a>(&self, key: &[u16], pool: &'a AttribPool) -> Result<Option<&'a Utf16String>, Error> {
        let mut value = None;
        for &id in self.ids() {
            let attribute = pool.get(id)?;
            if *attribute.key == *key {
                value = Some(&attribute.value);
            }
        }
        Ok(value)
    }

    /// The value that the set gives to `author`, which may be empty. O(size).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    pub(crate) fn author<'a>(&self, pool: &'a AttribPool) -> Result<Option<&'a Utf16String>, Error> {
        const AUTHOR: [u16; 6] = [0x61, 0x75, 0x74, 0x68, 0x6f, 0x72];
        self.value(&AUTHOR, pool)
    }

    /// Makes a set in canonical order from key/value pairs, entering new ones into the pool in the order given; later
    /// pairs win over earlier ones of the same key.
    pub fn from_pairs(pairs: impl IntoIterator<Item = Attribute>, empty: EmptyValue, pool: &mut AttribPool) -> Self {
        // The empty set needs no look-up that could fail.
        Self::EMPTY.update(pairs, empty, pool).unwrap_or(Self::EMPTY)
    }

    /// The set with key/value pairs entered one by one, in canonical order. New ones get numbers in the order given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute) for numbers of `self`.
    ///
    /// Source: `update` in Etherpad's `src/static/js/AttributeMap.ts`.
    pub fn update(
        &self,
        pairs: impl IntoIterator<Item = Attribute>,
        empty: EmptyValue,
        pool: &mut AttribPool,
    ) -> Result<Self, Error> {
        let mut ids: Vec<_> = self.ids().to_vec();
        ids.iter().try_for_each(|&id| pool.get(id).map(drop))?;
        for attribute in pairs {
            if attribute.value.is_empty() && empty == EmptyValue::Delete {
                ids.retain(|&id| pool.get(id).is_ok_and(|other| other.key != attribute.key));
            } else {
                ids.push(pool.put(attribute));
            }
        }
        ids.into_iter().collect::<Self>().to_canonical(pool)
    }

    /// `self`, then `next`, on the same text. `next` wins for each key that both have.
    ///
    /// With [`EmptyValue::Keep`] both are changes and the result is one, so empty values stay. With
    /// [`EmptyValue::Delete`] `self` is content and so is the result: keys that `next` sets to "" go. If one side is
    /// empty and the other can stand as it is, it is returned untouched, unknown numbers included.
    ///
    /// O(n * m) for sets of n and m, which are small.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    ///
    /// Source: `composeAttributes` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn compose(&self, next: &Self, empty: EmptyValue, pool: &AttribPool) -> Result<Self, Error> {
        if next.is_empty() {
            Ok(self.clone())
        } else if self.is_empty() && empty == EmptyValue::Keep {
            Ok(next.clone())
        } else {
            self.updated(next, empty, pool)
        }
    }

    /// What is left of this change when `other` has changed the same text at the same time.
    ///
    /// Of two values for one key the smaller by UTF-16 code units wins on both sides, so a removal beats any value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute), only if neither side is empty.
    ///
    /// Source: `followAttributes` in Etherpad's `src/static/js/Changeset.ts`.
    pub fn follow(&self, other: &Self, pool: &AttribPool) -> Result<Self, Error> {
        if self.is_empty() || other.is_empty() {
            return Ok(self.clone());
        }
        let theirs = other.ids().iter().map(|&id| pool.get(id)).collect::<Result<SmallVec<[_; 4]>, _>>()?;
        let mut left = SmallVec::<[AttribId; 4]>::new();
        for (key, id, value) in pairs(self, pool)? {
            if !theirs.iter().any(|their| their.key == *key && their.value <= *value) {
                left.push(id);
            }
        }
        Ok(left.into_iter().collect())
    }

    /// The same attributes in canonical order: each key once, the last value of a key kept, keys ascending.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
    pub fn to_canonical(&self, pool: &AttribPool) -> Result<Self, Error> {
        Self::EMPTY.updated(self, EmptyValue::Keep, pool)
    }

    /// The numbers of the set, each replaced or, for `None`, left out. Order stays.
    pub fn map(&self, mut f: impl FnMut(AttribId) -> Option<AttribId>) -> Self {
        match self.ids() {
            // Nearly all have one; that needs no list.
            &[id] => f(id).map_or(Self::EMPTY, Self::from),
            ids => ids.iter().filter_map(|&id| f(id)).collect(),
        }
    }

    /// The set with `next`'s pairs entered one by one, sorted.
    fn updated(&self, next: &Self, empty: EmptyValue, pool: &AttribPool) -> Result<Self, Error> {
        let mut map = pairs(self, pool)?;
        for (key, id, value) in pairs(next, pool)? {
            let old = map.iter().position(|pair| pair.0 == key);
            match (old, value.is_empty() && empty == EmptyValue::Delete) {
                (Some(old), true) => drop(map.remove(old)),
                (None, true) => {}
                (Some(old), false) => map.iter_mut().skip(old).take(1).for_each(|pair| *pair = (key, id, value)),
                (None, false) => map.push((key, id, value)),
            }
        }
        insertion_sort(&mut map, |a, b| a.0 < b.0);
        Ok(map.into_iter().map(|pair| pair.1).collect())
    }
}

/// The pairs of a set, a key's last value at its first place.
fn pairs<'a>(set: &AttribSet, pool: &'a AttribPool) -> Result<Pairs<'a>, Error> {
    let mut pairs = Pairs::new();
    for &id in set.ids() {
        let Attribute { key, value } = pool.get(id)?;
        match pairs.iter_mut().find(|pair| pair.0 == key) {
            Some(pair) => *pair = (key, id, value),
            None => pairs.push((key, id, value)),
        }
    }
    Ok(pairs)
}

impl Default for AttribSet {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl FromIterator<AttribId> for AttribSet {
    fn from_iter<I: IntoIterator<Item = AttribId>>(iter: I) -> Self {
        let all: SmallVec<[AttribId; 8]> = iter.into_iter().collect();
        let mut ids = [AttribId(0); INLINE];
        match ids.get_mut(..all.len()) {
            Some(part) => {
                part.copy_from_slice(&all);
                Self(Repr::Inline { len: all.len() as u8, ids })
            }
            None => Self(Repr::Shared(ThinArc::from_header_and_slice((), &all))),
        }
    }
}

impl From<AttribId> for AttribSet {
    fn from(id: AttribId) -> Self {
        Self(Repr::Inline { len: 1, ids: [id, AttribId(0), AttribId(0)] })
    }
}

impl PartialEq for AttribSet {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Inline { len: a, ids: x }, Repr::Inline { len: b, ids: y }) => a == b && x == y,
            (Repr::Shared(a), Repr::Shared(b)) => a.slice == b.slice,
            _ => false,
        }
    }
}

impl Eq for AttribSet {}

impl Hash for AttribSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ids().hash(state);
    }
}

/// As on the wire: `*0*a`.
impl fmt::Display for AttribSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ids().iter().try_for_each(|id| write!(f, "*{}", crate::base36::Base36(u64::from(id.0))))
    }
}

impl fmt::Debug for AttribSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttribSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_small() {
        assert_eq!(size_of::<AttribSet>(), 16);
    }

    #[test]
    fn long_and_short_sets_compare_by_their_numbers() {
        let set = |n: u32| (0..n).map(AttribId).collect::<AttribSet>();
        for n in 0..8 {
            assert_eq!(set(n), set(n));
            assert_ne!(set(n), set(n + 1));
            assert_eq!(set(n).ids().len(), n as usize);
        }
    }

    #[test]
    fn the_smaller_value_wins_on_both_sides() {
        let mut pool = AttribPool::new();
        let set = |value, pool: &mut AttribPool| AttribSet::from(pool.put(Attribute::new("k", value)));
        let (none, one, two) = (set("", &mut pool), set("1", &mut pool), set("2", &mut pool));
        assert_eq!(one.follow(&two, &pool), Ok(one.clone()));
        assert_eq!(two.follow(&one, &pool), Ok(AttribSet::EMPTY));
        assert_eq!(one.follow(&none, &pool), Ok(AttribSet::EMPTY));
        assert_eq!(one.follow(&one, &pool), Ok(AttribSet::EMPTY));
    }
}
