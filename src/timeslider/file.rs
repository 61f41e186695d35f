//! `.etherpad` files: a pad with all its revisions, read piece by piece.

use super::members::{Found, Members};
use super::timeline::Timeline;
use crate::attrib::AttribPool;
use crate::error::Error;
use crate::protocol::{PadRecord, Record, RevisionRecord, read_record, record_name};
use crate::text::Utf16String;
use std::collections::BTreeMap;

/// Why a file cannot be shown, and which record of it is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {record}: {fault}")]
pub struct FileError {
    /// The record's name, such as `pad:notes:revs:17`; of a part without a name, the name of the record before it and
    /// `(next)`.
    pub record: String,
    /// What is wrong with it.
    pub fault: FileFault,
}

/// What is wrong with a record of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// It cannot be read, or does not fit what is before it.
    #[error("{0}")]
    Unusable(Error),
    /// It is not in the file.
    #[error("is missing")]
    Missing,
    /// It is in the file twice.
    #[error("is there twice")]
    Twice,
    /// It is no UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Something stands there that cannot be part of such a file.
    #[error("unexpected {0}")]
    Unexpected(String),
    /// The file ends within it.
    #[error("the file ends here")]
    Cut,
    /// The revisions do not lead to the text that the pad has.
    #[error("the text is not that of the last revision")]
    OtherText,
}

impl FileFault {
    /// A stable name of the kind of fault, in lower case with hyphens.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unusable(error) => error.code(),
            Self::Missing => "record-missing",
            Self::Twice => "record-twice",
            Self::NotUtf8 => "not-utf8",
            Self::Unexpected(_) => "not-a-pad-file",
            Self::Cut => "file-cut",
            Self::OtherText => "other-text",
        }
    }
}

/// How far the reading of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileProgress {
    /// Revisions read and applied.
    pub done: u32,
    /// How many there are; known as soon as the record of the pad has come, which is usually the first.
    pub total: Option<u32>,
    /// How many bytes have been read, of those that were pushed.
    pub bytes: u64,
    /// Whether nothing more can be done without more bytes.
    pub needs_more: bool,
}

/// A `.etherpad` file of Etherpad 1.8 to 3, read as its bytes come in.
///
/// Push some bytes, advance until [`FileProgress::needs_more`], push the next, and finish. To cancel, drop it. The records
/// may stand in any order; revisions that come before the record of the pad wait for it. Each revision is applied to the
/// document, so what does not fit is found, and named; the copies of the text in every hundredth revision are not looked at.
///
/// O(bytes + changes); memory for packed revisions and one unfinished record.
///
/// ```
/// use easysync::EtherpadFile;
/// let mut file = EtherpadFile::new();
/// for bytes in [&br#"{"pad:x":{"atext":{"text":"a\n","attribs":"|1+2"},"pool":{"numToAttrib":{},"nextNum":0},"he"#[..],
///               br#"ad":0},"pad:x:revs:0":{"changeset":"Z:1>1+1$a","meta":{"author":"","timestamp":5}}}"#] {
///     file.push(bytes);
///     while !file.advance(100)?.needs_more {}
/// }
/// let mut timeline = file.finish()?;
/// assert_eq!((timeline.head(), timeline.revision(0)?.time), (0, Some(5.0)));
/// assert!(timeline.text_at(0)?.is_some_and(|text| text == "a\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EtherpadFile {
    members: Members,
    timeline: Timeline,
    pad: Option<(Utf16String, Box<PadRecord>)>,
    /// Revisions that came before their turn.
    early: BTreeMap<u32, RevisionRecord>,
    last_name: String,
    at_end: bool,
}

impl EtherpadFile {
    /// A file of which nothing has come.
    pub fn new() -> Self {
        Self {
            members: Members::default(),
            timeline: Timeline::new(AttribPool::new(), false),
            pad: None,
            early: BTreeMap::new(),
            last_name: "(first)".to_owned(),
            at_end: false,
        }
    }

    /// Takes the next bytes of the file, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.members.push(bytes);
    }

    /// Reads at most `records` records of what has been pushed. A record is some microseconds, that of a pad or a hundredth
    /// revision some hundred.
    ///
    /// # Errors
    ///
    /// What is wrong, and with which record. The file cannot be read on.
    pub fn advance(&mut self, records: u32) -> Result<FileProgress, FileError> {
        for _ in 0..records {
            if !self.advance_once()? {
                return Ok(FileProgress { needs_more: true, ..self.progress() });
            }
        }
        Ok(self.progress())
    }

    /// How far the reading is.
    pub fn progress(&self) -> FileProgress {
        let total = self.pad.as_ref().map(|(_, pad)| pad.head.saturating_add(1));
        FileProgress { done: self.timeline.end(), total, bytes: self.members.position(), needs_more: false }
    }

    /// The history in the file, after all bytes have been pushed. What is left to be read is read.
    ///
    /// # Errors
    ///
    /// As [`EtherpadFile::advance`]; the file ends too early, or lacks a record.
    pub fn finish(mut self) -> Result<Timeline, FileError> {
        while self.advance_once()? {}
        if !self.at_end {
            return Err(FileError { record: self.next_name(), fault: FileFault::Cut });
        }
        let Some((name, pad)) = self.pad else {
            return Err(FileError { record: "pad:...".to_owned(), fault: FileFault::Missing });
        };
        if self.timeline.end() <= pad.head {
            let record = format!("{name}:revs:{}", self.timeline.end());
            return Err(FileError { record, fault: FileFault::Missing });
        }
        let record = name.to_string();
        let failed = |error| FileError { record: record.clone(), fault: FileFault::Unusable(error) };
        pad.atext.ops().map_err(failed)?;
        if self.timeline.text_at(pad.head).map_err(failed)?.as_ref() != Some(&pad.atext.text) {
            return Err(FileError { record, fault: FileFault::OtherText });
        }
        self.timeline.set_saved(pad.saved);
        Ok(self.timeline)
    }

    /// Reads a record or applies a revision that waits; false if there is neither.
    fn advance_once(&mut self) -> Result<bool, FileError> {
        if self.pad.is_some()
            && let Some(revision) = self.early.remove(&self.timeline.end())
        {
            self.append(revision)?;
            return Ok(true);
        }
        let unnamed = |name: &str, fault| FileError { record: format!("{name} (next)"), fault };
        let (name, record) = match self.members.next() {
            Found::NeedsMore => return Ok(false),
            Found::End => {
                self.at_end = true;
                return Ok(false);
            }
            Found::Unexpected(byte) => {
                let what = format!("{:?}", char::from(byte));
                return Err(unnamed(&self.last_name, FileFault::Unexpected(what)));
            }
            Found::Member(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|error| {
                    // The name is usually whole.
                    let whole = bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok());
                    match whole.map(record_name) {
                        Some(Ok((name, _))) => FileError { record: name.to_string(), fault: FileFault::NotUtf8 },
                        _ => unnamed(&self.last_name, FileFault::NotUtf8),
                    }
                })?;
                let (name, value) =
                    record_name(text).map_err(|error| unnamed(&self.last_name, FileFault::Unusable(error)))?;
                let record = read_record(&name, value);
                (name, record)
            }
        };
        self.last_name = name.to_string();
        let failed = |fault| FileError { record: name.to_string(), fault };
        match record.map_err(|error| failed(FileFault::Unusable(error)))? {
            Record::Pad(pad) => {
                if self.pad.is_some() {
                    return Err(failed(FileFault::Twice));
                }
                *self.timeline.pool_mut() = pad.pool.clone();
                self.pad = Some((name, pad));
            }
            Record::Revision(revision) => {
                if revision.rev < self.timeline.end() || self.early.contains_key(&revision.rev) {
                    return Err(failed(FileFault::Twice));
                }
                if self.pad.is_some() && revision.rev == self.timeline.end() {
                    self.append(revision)?;
                } else {
                    self.early.insert(revision.rev, revision);
                }
            }
            Record::Author(author) => self.timeline.put_author(author),
            Record::Other => {}
        }
        Ok(true)
    }

    /// Applies the next revision.
    fn append(&mut self, revision: RevisionRecord) -> Result<(), FileError> {
        let RevisionRecord { rev, changeset, author, time } = revision;
        let Some((name, pad)) = &self.pad else { return Ok(()) };
        // A server that is writing may have put one more into the file than the pad's record knows.
        if rev > pad.head {
            return Ok(());
        }
        self.timeline
            .append(&changeset, Some(&author), time)
            .map_err(|error| FileError { record: format!("{name}:revs:{rev}"), fault: FileFault::Unusable(error) })
    }

    /// What the file ends within.
    fn next_name(&self) -> String {
        format!("{} (next)", self.last_name)
    }
}

impl Default for EtherpadFile {
    fn default() -> Self {
        Self::new()
    }
}
