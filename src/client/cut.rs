//! Commits that fit into a message: what is too large for one goes in several, one after the other.

use super::layers::Layers;
use crate::attrib::{AttribId, AttribPool, AttribSet};
use crate::changeset::{Changeset, OpKind, Wire};
use crate::error::Error;
use crate::protocol::char_bytes;
use crate::text::Utf16String;
use std::collections::HashSet;

/// What a commit takes beside ops, text and attributes, in bytes, at most.
const FRAME: usize = 250;
/// What an op takes at most: kind, length and newlines.
const OP: usize = 18;
/// What an attribute takes in an op.
const NUMBER: usize = 8;
/// What an attribute takes in a pool beside its key and value.
const ENTRY: usize = 20;

impl Layers {
    /// What to send now, as [`Layers::prepare_signed`], but only so much of it that the message has at most `limit` bytes; the
    /// rest stays pending. One code unit or op is sent in any case. Nothing must be submitted. O(pending).
    ///
    /// # Errors
    ///
    /// As [`Layers::prepare_signed`].
    pub(super) fn prepare_within(
        &mut self,
        limit: usize,
        author: &Utf16String,
        pool: &mut AttribPool,
    ) -> Result<Option<Wire>, Error> {
        let Some((op, units)) = place_to_cut(self.pending(), author, pool, limit) else {
            return self.prepare_signed(author, pool);
        };
        let (first, rest) = self.pending().cut(op, units)?;
        let mut layers = self.clone();
        layers.set_pending(first);
        let wire = layers.prepare_signed(author, pool)?;
        layers.edit(&rest, pool)?;
        *self = layers;
        Ok(wire)
    }
}

/// Where a changeset has to be cut so that its first part fits into a message of `limit` bytes when it is signed by `author`;
/// `None` if all of it does. The first part has an effect in any case.
fn place_to_cut(changeset: &Changeset, author: &[u16], pool: &AttribPool, limit: usize) -> Option<(usize, usize)> {
    let mut pool = SentPool { pool, sent: HashSet::new() };
    // The end of the line that is cut comes along, with attributes of its own.
    let dearest = changeset.ops().iter().map(|op| pool.bytes(&op.attribs)).max().unwrap_or_default() + OP + 2;
    let mut room = limit.saturating_sub(FRAME + ENTRY + string_bytes(author) + dearest);
    let mut has_effect = false;
    let mut last = OpKind::Keep;
    for (index, (op, text)) in changeset.steps().enumerate() {
        let bytes = OP + NUMBER + pool.bytes(&op.attribs);
        // Between two removals a marker could come to stand within a line.
        let is_between_removals = last == OpKind::Remove && op.kind == OpKind::Remove;
        if bytes > room && has_effect && !is_between_removals {
            return Some((index, 0));
        }
        pool.enter(&op.attribs);
        room = room.saturating_sub(bytes);
        let fits = units_within(text, &mut room, has_effect);
        if fits < text.len() {
            return Some((index, fits));
        }
        has_effect |= op.kind != OpKind::Keep || !op.attribs.is_empty();
        last = op.kind;
    }
    None
}

/// How many code units of a text take no more than `room` bytes, which are used up by them; the first goes anyway, unless there
/// may be none. A pair is not cut apart.
fn units_within(text: &[u16], room: &mut usize, may_be_none: bool) -> usize {
    let mut units = 0;
    for unit in char::decode_utf16(text.iter().copied()) {
        let bytes = char_bytes(&unit);
        if bytes > *room && (may_be_none || units > 0) {
            break;
        }
        *room = room.saturating_sub(bytes);
        units += unit.map_or(1, char::len_utf16);
    }
    units
}

fn string_bytes(text: &[u16]) -> usize {
    char::decode_utf16(text.iter().copied()).map(|unit| char_bytes(&unit)).sum()
}

/// Attributes, and which of them a message has in its pool already.
struct SentPool<'a> {
    pool: &'a AttribPool,
    sent: HashSet<AttribId>,
}

impl SentPool<'_> {
    /// What a set takes in an op, and in the pool for what is not there yet. What has no meaning is not sent.
    fn bytes(&self, attribs: &AttribSet) -> usize {
        let new = attribs.ids().iter().filter(|id| !self.sent.contains(id)).filter_map(|id| self.pool.get(*id).ok());
        let entries: usize = new.map(|pair| ENTRY + string_bytes(&pair.key) + string_bytes(&pair.value)).sum();
        NUMBER * attribs.ids().len() + entries
    }

    fn enter(&mut self, attribs: &AttribSet) {
        self.sent.extend(attribs.ids());
    }
}
