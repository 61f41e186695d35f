//! The records of a `.etherpad` file: one JSON object whose members are what the server keeps of one pad.

use super::json::Json;
use super::read::{AuthorInfo, atext, author, pool};
use super::saved::{SavedRevision, saved_revisions};
use crate::attrib::AttribPool;
use crate::changeset::Changeset;
use crate::document::AText;
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;

/// One record.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// `pad:<id>`
    Pad(Box<PadRecord>),
    /// `pad:<id>:revs:<n>`
    Revision(RevisionRecord),
    /// `globalAuthor:<id>`
    Author(AuthorInfo),
    /// Chat, and what plugins keep.
    Other,
}

/// What there is of a pad as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct PadRecord {
    pub head: u32,
    pub atext: AText,
    pub pool: AttribPool,
    pub saved: Vec<SavedRevision>,
}

/// One revision, numbered by the pool of the pad.
#[derive(Debug, Clone)]
pub(crate) struct RevisionRecord {
    pub rev: u32,
    pub changeset: Changeset,
    pub author: Utf16String,
    pub time: Option<f64>,
}

/// Reads the name of a record, and steps over the colon behind it. The text is that of one member of the object.
///
/// # Errors
///
/// No string, or no colon.
pub(crate) fn record_name(member: &str) -> Result<(Utf16String, &str), Error> {
    let mut json = Json::new(member);
    let name = json.string()?.units()?;
    Ok((name, json.after_colon()?))
}

/// Reads a record of that name. O(n).
///
/// # Errors
///
/// As for JSON, changesets, attributions and pools; [`ErrorKind::MissingField`].
pub(crate) fn read_record(name: &Utf16String, value: &str) -> Result<Record, Error> {
    let mut json = Json::new(value);
    let text = name.to_string();
    let record = if let Some(id) = text.strip_prefix("globalAuthor:") {
        // The id as it stands, in case it has halves of pairs.
        let id = name.get(text.len() - id.len()..).unwrap_or_default();
        Record::Author(author(id.into(), &mut json)?)
    } else if let Some(rest) = text.strip_prefix("pad:") {
        // Ids of pads have no colon.
        match rest.split_once(':') {
            None => Record::Pad(Box::new(pad(&mut json)?)),
            Some((_, kind)) => match kind.strip_prefix("revs:").and_then(|number| number.parse().ok()) {
                Some(rev) => Record::Revision(revision(rev, &mut json)?),
                None => {
                    json.skip()?;
                    Record::Other
                }
            },
        }
    } else {
        json.skip()?;
        Record::Other
    };
    json.finish()?;
    Ok(record)
}

fn pad(json: &mut Json<'_>) -> Result<PadRecord, Error> {
    let mut pad = PadRecord::default();
    let (mut head, mut has_text, mut has_pool) = (None, false, false);
    json.object(|key, json| {
        match key.plain() {
            "head" => head = Some(json.integer()?),
            "atext" => {
                pad.atext = atext(json)?;
                has_text = true;
            }
            "pool" => {
                pad.pool = pool(json)?;
                has_pool = true;
            }
            "savedRevisions" => pad.saved = saved_revisions(json)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    pad.head = head.ok_or(ErrorKind::MissingField { name: "head" })?;
    match (has_text, has_pool) {
        (false, _) => Err(ErrorKind::MissingField { name: "atext" }.into()),
        (_, false) => Err(ErrorKind::MissingField { name: "pool" }.into()),
        _ => Ok(pad),
    }
}

fn revision(rev: u32, json: &mut Json<'_>) -> Result<RevisionRecord, Error> {
    let (mut changeset, mut who, mut time) = (None, Utf16String::new(), None);
    json.object(|key, json| {
        match key.plain() {
            "changeset" => changeset = Some(Changeset::parse_lenient_utf16(&json.string()?.units()?)?),
            "meta" if json.peek() == Some(b'{') => json.object(|key, json| {
                match key.plain() {
                    "author" => {
                        who = json.string_if_any()?.map(|name| name.units()).transpose()?.unwrap_or_default();
                    }
                    "timestamp" => time = json.number_if_any()?,
                    // Every hundredth revision has the whole text here.
                    _ => json.skip()?,
                }
                Ok(())
            })?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    let changeset = changeset.ok_or(ErrorKind::MissingField { name: "changeset" })?;
    Ok(RevisionRecord { rev, changeset, author: who, time })
}
