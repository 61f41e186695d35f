//! A pad that others write in takes memory for what they write, and for nothing else.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a test may fail loudly")]

use easysync::{AttribPool, AttribSet, Attribute, Document, Outgoing, Pad, ShownPatch, new_changes};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const JOIN: &str = r#"{"type":"CLIENT_VARS","data":{"userId":"a.reader","collab_client_vars":{"rev":0,"padId":"pad",
    "initialAttributedText":{"text":"\n","attribs":"|1+1"},"apool":{"numToAttrib":{},"nextNum":0}}}}"#;
const CHANGES: usize = 2000;

/// What one author after the other does to a text, as messages. `at` says where, and whether to take a code unit out.
fn messages(authors: &[&str], at: impl Fn(usize, usize) -> (usize, bool)) -> Vec<String> {
    let mut doc = Document::new();
    let changes = (0..2 * CHANGES).map(|rev| {
        let author = authors[rev % authors.len()];
        let mut pool = AttribPool::new();
        let name = AttribSet::from(pool.put(Attribute::new("author", author)));
        let (at, takes) = at(rev, doc.len_utf16());
        let changeset = match takes {
            true => doc.splice(at..at + 1, &[], &AttribSet::EMPTY).unwrap(),
            false => doc.splice(at..at, &[if rev % 40 == 7 { 0x0a } else { 0x78 }], &name).unwrap(),
        };
        doc.apply(&changeset, &pool).unwrap();
        let author: Vec<u16> = author.encode_utf16().collect();
        let (wire, rev) = (changeset.prepare_for_wire(&pool), rev as u32 + 1);
        new_changes(
            &Outgoing { rev, wire: &wire, author: &author, time: 1e12 + f64::from(rev), time_delta: Some(1.0) }
                .members(),
        )
    });
    changes.collect()
}

/// How often memory is taken for the second half of the messages.
fn allocations(messages: &[String]) -> usize {
    let mut pad = Pad::new();
    pad.receive(JOIN).unwrap();
    while pad.next_effect().is_some() {}
    let mut patch = ShownPatch::default();
    let (before, after) = messages.split_at(CHANGES);
    before.iter().for_each(|message| assert!(pad.receive_and_flush(message, &mut patch).unwrap().1));
    let region = Region::new(ALLOCATOR);
    after.iter().for_each(|message| assert!(pad.receive_and_flush(message, &mut patch).unwrap().1));
    let change = region.change();
    change.allocations + change.reallocations
}

// One test, so that no other takes memory meanwhile.
#[test]
fn only_new_text_takes_memory() {
    let authors = ["a.0000000000000000", "a.0000000000000001", "a.0000000000000002"];
    // Put in and taken out again, in one place.
    let back_and_forth = messages(&authors, |rev, _| (0, rev >= CHANGES / 2 && rev % 2 == 1));
    assert_eq!(allocations(&back_and_forth), 0);
    // Typed on at the end: a leaf for some hundred code units, in a few pieces of memory, and now and then a node above them.
    let typed = allocations(&messages(&authors[..1], |_, len| (len - 1, false)));
    assert!(typed <= CHANGES / 20, "{typed} times for {CHANGES} changes");
}
