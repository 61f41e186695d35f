//! The members of one large JSON object, as its bytes come in.

use crate::protocol::plain_len;

/// Splits the text of an object into those of its members. Only brackets and strings are looked at; what is in a member is
/// for its reader.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    bytes: Vec<u8>,
    /// Where the next member begins.
    start: usize,
    /// Up to where it has been looked at, and how deep that is.
    seen: usize,
    depth: u32,
    in_string: bool,
    phase: Phase,
    /// How many bytes have been given out and let go.
    gone: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing but space has come.
    #[default]
    Outside,
    /// After the opening bracket.
    First,
    /// After a member: a comma or the closing bracket is next.
    After,
    /// After a comma.
    Next,
    /// The closing bracket has come.
    Closed,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A member: a name, a colon, a value.
    Member(&'a [u8]),
    /// Its end is not there yet.
    NeedsMore,
    /// All members have been given.
    End,
    /// Something that cannot stand there.
    Unexpected(u8),
}

impl Members {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.gone += self.start as u64;
            self.seen -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// How many bytes have been given out.
    pub fn position(&self) -> u64 {
        self.gone + self.start as u64
    }

    /// The next member. O(its length), however it is cut.
    pub fn next(&mut self) -> Found<'_> {
        loop {
            let Some(byte) = self.skip_space() else {
                return if self.phase == Phase::Closed { Found::End } else { Found::NeedsMore };
            };
            self.phase = match (self.phase, byte) {
                (Phase::Outside, b'{') => Phase::First,
                (Phase::After, b',') => Phase::Next,
                (Phase::First | Phase::After, b'}') => Phase::Closed,
                (Phase::First | Phase::Next, b'"') => {
                    if !self.find_end() {
                        return Found::NeedsMore;
                    }
                    self.phase = Phase::After;
                    let start = std::mem::replace(&mut self.start, self.seen);
                    return Found::Member(self.bytes.get(start..self.seen).unwrap_or_default());
                }
                _ => return Found::Unexpected(byte),
            };
            self.start += 1;
            self.seen = self.start;
        }
    }

    fn skip_space(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.start..)?;
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        let byte = rest.get(space).copied();
        self.start += space;
        self.seen = self.seen.max(self.start);
        byte
    }

    /// Looks for the end of the member at the start; says whether it is there.
    fn find_end(&mut self) -> bool {
        while let Some(rest) = self.bytes.get(self.seen..).filter(|rest| !rest.is_empty()) {
            if self.in_string {
                let plain = plain_len(rest);
                match rest.get(plain..).unwrap_or_default() {
                    [] => self.seen += plain,
                    [b'"', ..] => {
                        self.seen += plain + 1;
                        self.in_string = false;
                    }
                    // A backslash takes the byte after it along, and waits for it.
                    [b'\\'] => {
                        self.seen += plain;
                        return false;
                    }
                    [b'\\', ..] => self.seen += plain + 2,
                    // What cannot stand in a string is for its reader.
                    _ => self.seen += plain + 1,
                }
                continue;
            }
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b','));
            let Some(plain) = plain else {
                self.seen += rest.len();
                return false;
            };
            self.seen += plain + 1;
            match rest.get(plain) {
                Some(b'"') => self.in_string = true,
                Some(b'{' | b'[') => self.depth += 1,
                Some(b'}' | b']') if self.depth > 0 => self.depth -= 1,
                Some(b',') if self.depth > 0 => {}
                _ => {
                    self.seen -= 1;
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    fn split(text: &str, size: usize) -> Result<Vec<String>, Option<u8>> {
        let (mut members, mut found) = (Members::default(), Vec::new());
        for bytes in text.as_bytes().chunks(size) {
            members.push(bytes);
            loop {
                match members.next() {
                    Found::Member(bytes) => found.push(String::from_utf8(bytes.to_vec()).unwrap()),
                    Found::NeedsMore | Found::End => break,
                    Found::Unexpected(byte) => return Err(Some(byte)),
                }
            }
        }
        if members.next() != Found::End {
            return Err(None);
        }
        assert!((text.trim_end().len()..=text.len()).contains(&(members.position() as usize)));
        Ok(found)
    }

    #[test]
    fn members_are_the_same_however_they_are_cut() {
        let text = " {\"a\" : {\"x\":[1,{\"}\":2}], \"y\\\\\":\"\\\",}]\"}\n,\"b\":\"é😀\\\\\",\"c\":[], \"d\":-1}  ";
        let expected = [r#""a" : {"x":[1,{"}":2}], "y\\":"\",}]"}"#, r#""b":"é😀\\""#, r#""c":[]"#, r#""d":-1"#]
            .map(str::to_owned);
        for size in 1..text.len() {
            let found = split(text, size).unwrap();
            assert_eq!(found.iter().map(|member| member.trim_end()).collect::<Vec<_>>(), expected, "{size}");
        }
        assert_eq!(split("{}", 1), Ok(vec![]));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for size in 1..4 {
            assert_eq!(split("[1]", size), Err(Some(b'[')));
            assert_eq!(split("{\"a\":1}x", size), Err(Some(b'x')));
            assert_eq!(split("{\"a\":1,}", size), Err(Some(b'}')));
            assert_eq!(split("{a:1}", size), Err(Some(b'a')));
            assert_eq!(split("{\"a\":1", size), Err(None));
            assert_eq!(split("", size), Err(None));
        }
    }
}
