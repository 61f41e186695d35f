//! Messages that wait to be read, as they came: in few large pieces of memory, however many they are.

use std::collections::VecDeque;
use std::ops::Range;

/// How large a piece is, in bytes; a message that is larger has one of its own.
const PIECE: usize = 1 << 17;

/// Messages in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailbox {
    pieces: VecDeque<Piece>,
    count: usize,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    text: String,
    /// How long each message is, and on which connection it came.
    messages: VecDeque<(usize, u64)>,
    /// Where the first of them begins.
    start: usize,
}

impl Mailbox {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// How large they are together, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts in a message that came on some connection. O(message).
    pub fn push(&mut self, message: &str, connection: u64) {
        if self.pieces.back().is_none_or(|piece| piece.text.len() + message.len() > PIECE) {
            let text = String::with_capacity(message.len().max(PIECE));
            self.pieces.push_back(Piece { text, messages: VecDeque::new(), start: 0 });
        }
        if let Some(piece) = self.pieces.back_mut() {
            piece.text.push_str(message);
            piece.messages.push_back((message.len(), connection));
            self.count += 1;
            self.bytes += message.len();
        }
    }

    /// Takes out the first message, into `message`, and gives back its connection. O(message).
    pub fn pop(&mut self, message: &mut String) -> Option<u64> {
        let is_last = self.pieces.len() == 1;
        let piece = self.pieces.front_mut()?;
        let (len, connection) = piece.messages.pop_front()?;
        let range = Range { start: piece.start, end: piece.start + len };
        message.clear();
        message.push_str(piece.text.get(range)?);
        piece.start += len;
        self.count -= 1;
        self.bytes -= len;
        if piece.messages.is_empty() {
            // The last one is used again: most of the time there is not more than one.
            if is_last && piece.text.capacity() <= PIECE {
                piece.text.clear();
                piece.start = 0;
            } else {
                self.pieces.pop_front();
            }
        }
        Some(connection)
    }

    /// Takes out all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The newest revision that a message brings or speaks of, as far as can be told without reading it; within a text the quotes
/// would have backslashes.
pub(super) fn newest_rev(message: &str) -> Option<u32> {
    let (_, rest) = message.rsplit_once("\"newRev\":")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let mut mailbox = Mailbox::default();
        let mut message = String::new();
        let texts =
            |round: usize| (0..round % 7).map(move |n| format!("{round} {} 😀", "x".repeat(n * round % PIECE * 3)));
        for round in 0..2_000 {
            texts(round).for_each(|text| mailbox.push(&text, round as u64));
            let keeps = if round % 100 < 50 { 1 } else { 0 };
            while mailbox.len() > keeps {
                mailbox.pop(&mut message).unwrap();
            }
        }
        mailbox.clear();
        assert_eq!((mailbox.len(), mailbox.bytes(), mailbox.pop(&mut message)), (0, 0, None));
        (0..300).for_each(|round| texts(round).for_each(|text| mailbox.push(&text, round as u64)));
        assert_eq!(mailbox.bytes(), (0..300).flat_map(texts).map(|text| text.len()).sum::<usize>());
        for round in 0..300 {
            for text in texts(round) {
                assert_eq!((mailbox.pop(&mut message), &message), (Some(round as u64), &text));
            }
        }
        assert_eq!((mailbox.len(), mailbox.bytes(), mailbox.pieces.len()), (0, 0, 1));
    }

    #[test]
    fn the_newest_revision_is_seen_from_outside() {
        let text = r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES_BATCH","changes":[{"newRev":7,"changeset":"Z:1>1+1$\"newRev\":9"},{"newRev":8}]}}"#;
        for (message, wanted) in [
            (text, Some(8)),
            ("{\"newRev\":", None),
            ("{\"newRev\":-1}", None),
            ("", None),
            ("\"newRev\":12", Some(12)),
        ] {
            assert_eq!(newest_rev(message), wanted, "{message}");
        }
    }
}
