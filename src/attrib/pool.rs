//! The numbered table of attributes that belongs to a document or to one message.

use crate::error::{Error, ErrorKind, PoolFault};
use crate::sort::heap_sort;
use crate::text::Utf16String;
use std::collections::HashMap;

/// The number of an attribute in its pool; written `*2` on the wire, in base 36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AttribId(pub u32);

/// A key and its value. An empty value, as a change, means "remove this key".
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute {
    /// Such as `bold`, `author` or `list`.
    pub key: Utf16String,
    /// Such as `true`, `a.x7Kj2` or `bullet1`.
    pub value: Utf16String,
}

impl Attribute {
    /// Makes an attribute.
    pub fn new(key: impl Into<Utf16String>, value: impl Into<Utf16String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// Attributes by number. Numbers are handed out 0, 1, 2, ... in the order of first use, and are seen on the wire.
///
/// Two attributes are the same if `key,value` written in one string is the same, as in Etherpad: `("a,b", "c")` and
/// `("a", "b,c")` share a number, the first one put wins. Other servers and clients of the pad do the same, so telling
/// them apart would make their attributes differ from ours.
///
/// ```
/// use easysync::{AttribPool, Attribute};
/// let mut pool = AttribPool::new();
/// let bold = pool.put(Attribute::new("bold", "true"));
/// assert_eq!(pool.put(Attribute::new("bold", "true")), bold);
/// assert_eq!(pool.get(bold)?.value, "true");
/// assert_eq!(pool.len(), 1);
/// # Ok::<(), easysync::Error>(())
/// ```
///
/// Source: `AttributePool` in Etherpad's `src/static/js/AttributePool.ts`.
#[derive(Debug, Clone, Default)]
pub struct AttribPool {
    attribs: Vec<Attribute>,
    ids: HashMap<Box<[u16]>, AttribId>,
    insert_order_first: Option<AttribId>,
}

impl AttribPool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds a pool from its wire form: `numToAttrib` as (number, attribute) in any order, and `nextNum`.
    ///
    /// O(n) time and memory for n entries, whatever the numbers claim.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedPool`] unless the numbers are exactly 0 to `next_num` - 1. Etherpad takes whatever comes, and
    /// hands out numbers twice, or the number "nan", afterwards; its own check of stored pools asks for as much. One pair
    /// under two numbers is accepted: both mean it, and [`AttribPool::find`] gives the first.
    pub fn from_numbered(entries: impl IntoIterator<Item = (u32, Attribute)>, next_num: u32) -> Result<Self, Error> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        let fault = |reason| Error::from(ErrorKind::MalformedPool { reason });
        if entries.len() != next_num as usize {
            return Err(fault(PoolFault::Gap { found: entries.len(), next: next_num }));
        }
        heap_sort(&mut entries, |a, b| a.0 < b.0);
        let mut pool = Self { attribs: Vec::with_capacity(entries.len()), ..Self::default() };
        for (id, attribute) in entries {
            if id >= next_num {
                return Err(fault(PoolFault::AboveNext { id, next: next_num }));
            }
            if (id as usize) < pool.attribs.len() {
                return Err(fault(PoolFault::Twice { id }));
            }
            pool.push(attribute);
        }
        Ok(pool)
    }

    /// How many attributes there are; also the next free number.
    pub fn len(&self) -> usize {
        self.attribs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.attribs.is_empty()
    }

    /// The attribute of a number. O(1).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAttribute`].
    pub fn get(&self, id: AttribId) -> Result<&Attribute, Error> {
        self.attribs.get(id.0 as usize).ok_or_else(|| self.missing(id))
    }

    /// The number of an attribute, if it has one. O(length of key and value).
    pub fn find(&self, attribute: &Attribute) -> Option<AttribId> {
        self.ids.get(joined(attribute).as_slice()).copied()
    }

    /// The number of an attribute, a new one if it has none yet. O(length of key and value).
    pub fn put(&mut self, attribute: Attribute) -> AttribId {
        match self.find(&attribute) {
            Some(id) => id,
            None => self.push(attribute),
        }
    }

    /// The attributes in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AttribId, &Attribute)> {
        self.attribs.iter().enumerate().map(|(id, attribute)| (AttribId(id as u32), attribute))
    }

    /// The number of `insertorder` = `first`, which decides ties between inserts. O(1).
    pub(crate) fn insert_order_first(&self) -> Option<AttribId> {
        self.insert_order_first
    }

    pub(crate) fn missing(&self, id: AttribId) -> Error {
        ErrorKind::MissingAttribute { id: id.0, pool_len: self.attribs.len() }.into()
    }

    /// Gives an attribute the next number, also if it has one already.
    pub(crate) fn push(&mut self, attribute: Attribute) -> AttribId {
        let id = AttribId(self.attribs.len() as u32);
        if attribute.key == "insertorder" && attribute.value == "first" {
            self.insert_order_first.get_or_insert(id);
        }
        self.ids.entry(joined(&attribute).into_boxed_slice()).or_insert(id);
        self.attribs.push(attribute);
        id
    }
}

/// The same attributes under the same numbers.
impl PartialEq for AttribPool {
    fn eq(&self, other: &Self) -> bool {
        self.attribs == other.attribs
    }
}

impl Eq for AttribPool {}

fn joined(attribute: &Attribute) -> Vec<u16> {
    let mut joined = Vec::with_capacity(attribute.key.len() + 1 + attribute.value.len());
    joined.extend_from_slice(&attribute.key);
    joined.push(u16::from(b','));
    joined.extend_from_slice(&attribute.value);
    joined
}
