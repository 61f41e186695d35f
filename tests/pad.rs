//! A client with an editor in front of it: patches shown late, edits meanwhile, undo.

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

use easysync::{AttribPool, AttribSet, Attribute, Changeset, Document, Effect, Op, Pad, ShownPatch, Utf16String};
use server::{Outcome, Server, accept};
use std::ops::Range;

/// An editor as browsers have them: text without the final newline, changed only by the user and by patches.
struct Editor {
    text: Vec<u16>,
}

impl Editor {
    fn of(pad: &Pad) -> Self {
        let mut text = pad.shown().text().into_units();
        assert_eq!(text.pop(), Some(0x0a));
        Self { text }
    }

    fn show(&mut self, patch: &ShownPatch) {
        let (mut text, mut rest, mut at) = (Vec::new(), &*patch.text, 0);
        for change in patch.changes.chunks(3) {
            let [from, to, inserted] = [change[0], change[1], change[2]].map(|number| number as usize);
            assert!(at <= from && from <= to && to <= self.text.len(), "{patch:?} in {} code units", self.text.len());
            assert!(from < to || inserted > 0);
            text.extend_from_slice(&self.text[at..from]);
            text.extend_from_slice(&rest[..inserted]);
            (rest, at) = (&rest[inserted..], to);
        }
        assert!(rest.is_empty());
        text.extend_from_slice(&self.text[at..]);
        self.text = text;
        for range in patch.formatted.chunks(2) {
            assert!(range[0] < range[1] && range[1] as usize <= self.text.len(), "{patch:?}");
        }
    }
}

/// One participant.
struct Seat {
    author: Utf16String,
    pad: Pad,
    editor: Editor,
    /// What the server sent and the network has not delivered.
    inbox: Vec<String>,
    now: f64,
    /// Whether each message is shown as it comes.
    shows_at_once: bool,
}

impl Seat {
    fn new(server: &Server, number: usize) -> Self {
        let author = Utf16String::from(format!("a.{number}"));
        let mut pad = Pad::new();
        pad.receive(&server.client_vars(&author)).unwrap();
        assert_eq!(pad.next_effect(), Some(Effect::Joined { rev: server.rev() }));
        let editor = Editor::of(&pad);
        Self { author, pad, editor, inbox: Vec::new(), now: 0.0, shows_at_once: false }
    }

    /// The user types, pastes or deletes.
    fn edit(&mut self, range: Range<usize>, text: &str) {
        let text: Vec<u16> = text.encode_utf16().collect();
        self.editor.text.splice(range.clone(), text.iter().copied());
        self.pad.edit(&[(range, &text)], None, self.now).unwrap();
    }

    fn receive(&mut self, message: &str) {
        if !self.shows_at_once {
            self.pad.receive(message).unwrap();
            return;
        }
        let mut patch = ShownPatch { changes: vec![1, 2, 3], text: "old".into(), formatted: vec![4, 5] };
        if self.pad.receive_and_flush(message, &mut patch).unwrap().1 {
            self.editor.show(&patch);
        }
        assert!(!self.pad.is_behind());
        self.check();
    }

    fn flush(&mut self) {
        if let Some(patch) = self.pad.flush().unwrap() {
            self.editor.show(&patch);
        }
        self.check();
    }

    fn check(&self) {
        let shown = self.pad.shown();
        shown.check_invariants();
        assert_eq!([&*self.editor.text, &[0x0a]].concat(), *shown.text());
    }

    fn text(&self) -> String {
        String::from_utf16_lossy(&self.editor.text)
    }
}

fn commit(server: &mut Server, seats: &mut [Seat], who: usize) {
    let Some(message) = seats[who].pad.commit().unwrap() else { return };
    let outcome = server.commit(&message, &seats[who].author.clone());
    let rev = server.rev();
    seats[who].inbox.push(accept(rev));
    if matches!(outcome, Outcome::Revision) {
        let change = server.new_changes(rev);
        seats
            .iter_mut()
            .enumerate()
            .filter(|(other, _)| *other != who)
            .for_each(|(_, seat)| seat.inbox.push(change.clone()));
    }
}

fn deliver(seats: &mut [Seat]) {
    for seat in seats {
        for message in std::mem::take(&mut seat.inbox) {
            seat.receive(&message);
        }
        while let Some(effect) = seat.pad.next_effect() {
            assert!(matches!(effect, Effect::Accepted { .. }), "{effect:?}");
        }
    }
}

fn settle(server: &mut Server, seats: &mut [Seat]) {
    for _ in 0..4 {
        deliver(seats);
        (0..seats.len()).for_each(|who| commit(server, seats, who));
    }
    deliver(seats);
    seats.iter_mut().for_each(Seat::flush);
    for seat in seats {
        assert!(!seat.pad.client().has_uncommitted());
        assert_eq!(seat.pad.shown().text(), server.head.text());
    }
}

fn pads<const N: usize>(text: &str) -> (Server, [Seat; N]) {
    let server = Server::new(Document::from_text(text), AttribPool::new());
    let seats = std::array::from_fn(|number| Seat::new(&server, number));
    (server, seats)
}

#[test]
fn edits_of_what_is_shown_pass_what_waits() {
    let (mut server, mut seats) = pads::<2>("hello world\n");
    seats[0].edit(0..5, "HELLO 😀");
    commit(&mut server, &mut seats, 0);
    deliver(&mut seats);
    // Not flushed: the second still sees, and edits, what it had.
    assert_eq!(seats[1].text(), "hello world");
    assert!(seats[1].pad.is_behind());
    seats[1].edit(11..11, "!");
    seats[1].edit(6..7, "W");
    assert_eq!(seats[1].text(), "hello World!");
    seats[1].flush();
    assert_eq!(seats[1].text(), "HELLO 😀 World!");
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "HELLO 😀 World!\n");
}

#[test]
fn undo_takes_back_only_ones_own() {
    let (mut server, mut seats) = pads::<2>("base\n");
    seats[0].edit(4..4, " mine");
    settle(&mut server, &mut seats);
    seats[1].edit(0..0, "theirs ");
    seats[1].edit(13..13, "+");
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "theirs base m+ine\n");

    assert!(seats[0].pad.undo().unwrap());
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "theirs base+\n");
    assert!(!seats[0].pad.undo().unwrap() && seats[0].pad.can_redo());

    seats[1].edit(0..7, "");
    settle(&mut server, &mut seats);
    assert!(seats[0].pad.redo().unwrap());
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text().len(), "base mine+\n".len());
    assert!(seats[0].pad.undo().unwrap());
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "base+\n");
}

#[test]
fn what_is_typed_in_one_go_is_undone_in_one_go() {
    let (mut server, mut seats) = pads::<2>("-\n");
    for (at, letter) in ["a", "b", "c"].into_iter().enumerate() {
        seats[0].now = 300.0 * at as f64;
        let end = seats[0].editor.text.len();
        seats[0].edit(end..end, letter);
        // Someone else typing in between does not end the step.
        seats[1].edit(0..0, "x");
        settle(&mut server, &mut seats);
    }
    seats[0].now = 10_000.0;
    let end = seats[0].editor.text.len();
    seats[0].edit(end..end, "d");
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "xxx-abcd\n");
    seats[0].pad.undo().unwrap();
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "xxx-abc\n");
    seats[0].pad.undo().unwrap();
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "xxx-\n");
    assert!(!seats[0].pad.can_undo());
    seats[0].pad.redo().unwrap();
    seats[0].pad.redo().unwrap();
    settle(&mut server, &mut seats);
    assert_eq!(server.head.text(), "xxx-abcd\n");
    seats[0].edit(0..0, "new");
    assert!(!seats[0].pad.can_redo());
}

#[test]
fn undo_brings_formats_back() {
    let (mut server, mut seats) = pads::<1>("plain\n");
    let bold = [Attribute::new("bold", "true")];
    seats[0].pad.edit(&[(5..5, &[0x21])], Some(&bold), 0.0).unwrap();
    seats[0].editor.text.push(0x21);
    settle(&mut server, &mut seats);
    let before = seats[0].pad.shown().to_atext();
    seats[0].now = 5_000.0;
    seats[0].edit(0..6, "");
    settle(&mut server, &mut seats);
    seats[0].pad.undo().unwrap();
    settle(&mut server, &mut seats);
    let after = seats[0].pad.shown();
    let bold =
        after.attribs_at(5).unwrap().value(&"bold".encode_utf16().collect::<Vec<_>>(), seats[0].pad.client().pool());
    assert_eq!(bold.unwrap().unwrap(), &"true");
    assert_eq!(after.to_atext().text, before.text);
}

/// Three editors on one pad, everything at random: typing, deleting, commands, undo, redo, delivery, drawing.
#[test]
fn editors_converge_whenever_they_are_drawn() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut server, mut seats) = pads::<3>("one\ntwo 😀\n\nfour\n");
        for step in 0..120 {
            let who = random.usize(..3);
            let seat = &mut seats[who];
            seat.now += random.f64() * 900.0;
            seat.shows_at_once = random.usize(..3) == 0;
            let len = seat.editor.text.len();
            let from = random.usize(..=len);
            let to = (from + random.usize(..4)).min(len);
            match random.usize(..12) {
                0..=3 => seat.edit(from..from, ["a", "\n", "é", "😀", "two words", "*", "x\ny"][random.usize(..7)]),
                4 => seat.edit(from..to, ""),
                5 => seat.edit(from..to, ["b", "\n\n"][random.usize(..2)]),
                6 => {
                    let key = ["bold", "italic"][random.usize(..2)];
                    seat.pad
                        .change(seat.now, |doc, pool| Ok((easysync::toggle_format(doc, pool, from..to, key)?, from)))
                        .unwrap();
                }
                7 => {
                    let kind = [easysync::ListKind::Bullet, easysync::ListKind::Number][random.usize(..2)];
                    let change = |doc: &Document, pool: &mut AttribPool| {
                        let lines = easysync::touched_lines(doc, from..to)?;
                        Ok((easysync::toggle_list(doc, pool, lines, kind)?, from))
                    };
                    seat.pad.change(seat.now, change).unwrap();
                }
                8 => {
                    let undone = if random.bool() { seat.pad.undo() } else { seat.pad.redo() };
                    undone.unwrap();
                }
                9 => seat.flush(),
                10 => commit(&mut server, &mut seats, who),
                _ => deliver(&mut seats),
            }
            seats.iter().for_each(Seat::check);
            if step % 40 == 39 {
                settle(&mut server, &mut seats);
            }
        }
        settle(&mut server, &mut seats);
        for seat in &seats[1..] {
            assert_eq!(seat.pad.shown().to_atext().text, seats[0].pad.shown().to_atext().text, "seed {seed}");
        }
    }
}

/// What each message brings is shown in the same call, or not at all.
#[test]
fn a_message_shown_at_once_is_shown_as_by_a_flush() {
    let (mut server, mut seats) = pads::<3>("one\ntwo\n");
    seats[2].shows_at_once = true;
    for at in [3, 0, 5, 7, 2] {
        seats[0].edit(at..at, "xyz");
        commit(&mut server, &mut seats, 0);
        deliver(&mut seats[..1]);
    }
    seats[0].edit(0..7, "");
    commit(&mut server, &mut seats, 0);
    for changes in [1..=2, 3..=5, 6..=6] {
        let message = server.batch(changes);
        seats[1].receive(&message);
        seats[1].flush();
        seats[2].receive(&message);
        assert_eq!(seats[2].text(), seats[1].text());
    }
    assert_eq!(seats[2].pad.shown().text(), server.head.text());

    // A message that cannot be applied shows nothing; of a batch the items before the broken one wait for the next flush.
    let (text, rev) = (seats[2].text(), server.rev());
    let len = seats[2].pad.shown().len_utf16();
    let item = |rev: u32, changeset: &str| {
        format!(
            r#"{{"newRev":{rev},"changeset":"{changeset}","apool":{{"numToAttrib":{{}},"nextNum":0}},"author":"a.0","currentTime":1}}"#
        )
    };
    let single = |item: &str| format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES",{}}}"#, &item[1..]);
    let batch = |items: &[String]| {
        format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES_BATCH","changes":[{}]}}}}"#, items.join(","))
    };
    let good = Changeset::from_ops(len, [Op::insert(1, 0, AttribSet::EMPTY)], &[0x21]).unwrap().to_string();
    for (message, shown, next) in [
        (single(&item(rev + 1, "Z:1>1+1$x")), 0, 0),
        (batch(&[item(rev + 1, &good), item(rev + 2, "Z:1>1+1$x")]), 0, 1),
    ] {
        let mut patch = ShownPatch::default();
        let error = seats[2].pad.receive_and_flush(&message, &mut patch).unwrap_err();
        assert_eq!(error.error.code(), "length-mismatch", "{message}");
        seats[2].check();
        assert_eq!(seats[2].editor.text.len(), text.encode_utf16().count() + shown, "{message}");
        seats[2].flush();
        assert_eq!(seats[2].editor.text.len(), text.encode_utf16().count() + next, "{message}");
    }
}
