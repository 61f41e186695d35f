//! The carets of others: told in a revision, moved along by what is changed.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod common;
#[path = "common/server.rs"]
mod server;

use easysync::{AttribPool, Caret, Changeset, Document, Pad, Utf16String};
use proptest::prelude::*;
use server::{Outcome, Server, accept};

struct Seat {
    author: Utf16String,
    pad: Pad,
    inbox: Vec<String>,
}

struct Room<const N: usize> {
    server: Server,
    seats: [Seat; N],
}

impl<const N: usize> Room<N> {
    fn new(text: &str) -> Self {
        let server = Server::new(Document::from_text(text), AttribPool::new());
        let seats = std::array::from_fn(|number| {
            let author = Utf16String::from(format!("a.{number}"));
            let mut pad = Pad::new();
            pad.track_carets(true);
            pad.receive(&server.client_vars(&author)).unwrap();
            Seat { author, pad, inbox: Vec::new() }
        });
        Self { server, seats }
    }

    fn edit(&mut self, who: usize, from: usize, to: usize, text: &str) {
        let text: Vec<u16> = text.encode_utf16().collect();
        self.seats[who].pad.edit(&[(from..to, &text)], None, 0.0).unwrap();
    }

    fn commit(&mut self, who: usize) {
        let Some(message) = self.seats[who].pad.commit().unwrap() else { return };
        let author = self.seats[who].author.clone();
        let is_new = matches!(self.server.commit(&message, &author), Outcome::Revision);
        let rev = self.server.rev();
        self.seats[who].inbox.push(accept(rev));
        for other in (0..N).filter(|&other| is_new && other != who) {
            let change = self.server.new_changes(rev);
            self.seats[other].inbox.push(change);
        }
    }

    fn deliver(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        for message in std::mem::take(&mut seat.inbox) {
            seat.pad.receive(&message).unwrap();
        }
        while seat.pad.next_effect().is_some() {}
    }

    fn settle(&mut self) {
        for _ in 0..4 {
            for who in 0..N {
                self.deliver(who);
                self.commit(who);
            }
        }
        for who in 0..N {
            self.deliver(who);
            self.seats[who].pad.flush().unwrap();
        }
    }

    /// One tells a caret, the other hears of it at once.
    fn tell(&mut self, from: usize, to: usize, anchor: usize, head: usize) -> bool {
        let (rev, caret) = self.seats[from].pad.caret_to_tell(Caret { anchor, head }).unwrap();
        let author = self.seats[from].author.to_string();
        self.seats[to].pad.place_caret(&author, rev, caret)
    }

    fn carets(&self, who: usize) -> Vec<(String, usize, usize)> {
        self.seats[who].pad.carets().map(|(author, caret)| (author.to_string(), caret.anchor, caret.head)).collect()
    }
}

fn caret(author: &str, anchor: usize, head: usize) -> Vec<(String, usize, usize)> {
    vec![(author.to_owned(), anchor, head)]
}

#[test]
fn a_caret_goes_along_with_what_others_do_and_what_the_user_types() {
    let mut room = Room::<3>::new("hello world\n");
    assert!(room.tell(0, 1, 6, 11));
    assert_eq!(room.carets(1), caret("a.0", 6, 11));
    room.edit(2, 0, 0, "😀 ");
    room.settle();
    assert_eq!(room.carets(1), caret("a.0", 9, 14));
    room.edit(1, 0, 3, "");
    assert_eq!(room.carets(1), caret("a.0", 6, 11));
    // Text of somebody else at the caret comes behind it.
    room.edit(1, 11, 11, "!");
    assert_eq!(room.carets(1), caret("a.0", 6, 11));
}

#[test]
fn a_caret_in_text_that_is_not_sent_yet_is_behind_that_text_once_it_comes() {
    let mut room = Room::<2>::new("ab\n");
    room.edit(0, 1, 1, "xyz");
    assert!(room.tell(0, 1, 4, 4));
    assert_eq!(room.carets(1), caret("a.0", 1, 1));
    room.settle();
    assert_eq!(room.carets(1), caret("a.0", 4, 4));
}

#[test]
fn a_caret_of_a_revision_that_has_not_come_waits_for_it() {
    let mut room = Room::<3>::new("ab\n");
    room.edit(2, 0, 0, "12345");
    room.commit(2);
    room.deliver(0);
    room.seats[0].pad.flush().unwrap();
    assert!(room.tell(0, 1, 6, 6));
    assert_eq!(room.carets(1), []);
    room.deliver(1);
    // It is told in positions of what is shown, which is behind.
    assert_eq!(room.carets(1), caret("a.0", 1, 1));
    room.seats[1].pad.flush().unwrap();
    assert_eq!(room.carets(1), caret("a.0", 6, 6));
}

#[test]
fn a_caret_of_an_older_revision_is_brought_up_to_date_past_ones_own_changes() {
    let mut room = Room::<3>::new("ab\n");
    let (rev, told) = room.seats[0].pad.caret_to_tell(Caret { anchor: 2, head: 2 }).unwrap();
    room.edit(1, 0, 0, "mine ");
    room.edit(2, 0, 0, "theirs ");
    room.commit(2);
    room.deliver(1);
    room.seats[1].pad.flush().unwrap();
    assert!(room.seats[1].pad.place_caret("a.0", rev, told));
    assert_eq!(room.carets(1), caret("a.0", 14, 14));
    room.seats[1].pad.remove_caret("a.0");
    assert_eq!(room.carets(1), []);
}

#[test]
fn a_caret_that_is_too_old_is_refused() {
    let mut room = Room::<2>::new("ab\n");
    let (rev, told) = room.seats[0].pad.caret_to_tell(Caret { anchor: 1, head: 1 }).unwrap();
    for _ in 0..300 {
        room.edit(1, 0, 0, "x");
        room.settle();
    }
    assert!(!room.seats[1].pad.place_caret("a.0", rev, told));
    assert!(room.seats[1].pad.place_caret("a.0", rev + 300, told));
}

#[test]
fn nobody_can_have_the_pad_keep_carets_without_end() {
    let mut room = Room::<1>::new("ab\n");
    let here = Caret { anchor: 0, head: 0 };
    let placed = (0..1000).filter(|n| room.seats[0].pad.place_caret(&format!("a.{n}"), n % 2, here)).count();
    assert_eq!(placed, 64);
    let far = Caret { anchor: usize::MAX, head: 1 << 40 };
    assert!(room.seats[0].pad.place_caret("a.0", 0, far));
    assert!(room.carets(0).contains(&("a.0".to_owned(), 2, 2)));
}

proptest! {
    #[test]
    fn a_caret_that_is_told_when_all_is_quiet_is_where_it_is(
        steps in prop::collection::vec((0..3_usize, any::<usize>(), any::<usize>(), 0..4_usize), 1..40),
        place in any::<usize>(),
    ) {
        let mut room = Room::<3>::new("some text\n");
        for (who, from, to, kind) in steps {
            let room_left = room.seats[who].pad.shown().len_utf16();
            let from = from % room_left;
            let to = (from + to % 4).min(room_left - 1);
            match kind {
                0 => room.edit(who, from, to, "é😀"),
                1 => room.edit(who, from, to, ""),
                2 => {
                    room.deliver(who);
                    room.commit(who);
                }
                _ => {
                    room.tell(who, (who + 1) % 3, from, to);
                }
            }
            for seat in &room.seats {
                let end = seat.pad.shown().len_utf16();
                prop_assert!(seat.pad.carets().all(|(_, caret)| caret.anchor < end && caret.head < end));
            }
        }
        room.settle();
        let at = place % room.seats[0].pad.shown().len_utf16();
        prop_assert!(room.tell(0, 1, at, at));
        prop_assert!(room.carets(1).contains(&("a.0".to_owned(), at, at)));
    }

    #[test]
    fn unmap_keeps_order_and_leads_back(text in "[a-e]{0,4}", from in 0..8_usize, len in 0..4_usize) {
        let doc = Document::from_text("12345678\n");
        let to = (from + len).min(8);
        let units: Vec<u16> = text.encode_utf16().collect();
        let change: Changeset = doc.splice(from..to, &units, &Default::default()).unwrap();
        let back: Vec<_> = (0..=change.new_len()).map(|position| change.unmap_position(position)).collect();
        prop_assert!(back.is_sorted() && back.iter().all(|&position| position <= change.old_len()));
        for position in (0..=from).chain(to..=change.old_len()) {
            if position < from || position > to {
                let there = change.map_position(position, easysync::Assoc::Before);
                prop_assert_eq!(change.unmap_position(there), position);
            }
        }
    }
}
