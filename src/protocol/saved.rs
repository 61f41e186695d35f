//! Revisions that somebody has marked.

use super::json::{Json, RawString};
use super::serve::Value;
use crate::error::Error;
use crate::text::Utf16String;

/// A revision that somebody has marked, to find it again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SavedRevision {
    /// Its number.
    pub rev: u32,
    /// What it is called: servers say `Revision 7`.
    pub label: Utf16String,
    /// The author id of who marked it.
    pub author: Utf16String,
    /// When it was marked, in milliseconds since 1970.
    pub time: Option<f64>,
}

/// A list of them. Those without a number are left out; `null` is an empty list.
pub(super) fn saved_revisions(json: &mut Json<'_>) -> Result<Vec<SavedRevision>, Error> {
    let mut list = Vec::new();
    if json.peek() != Some(b'[') {
        return json.skip().map(|()| list);
    }
    json.list(|json| {
        if json.peek() != Some(b'{') {
            return json.skip();
        }
        let (mut saved, mut rev) = (SavedRevision::default(), None);
        json.object(|key, json| {
            let text = |json: &mut Json<'_>| -> Result<Utf16String, Error> {
                Ok(json.string_if_any()?.map(RawString::units).transpose()?.unwrap_or_default())
            };
            match key.plain() {
                "revNum" => rev = json.number_if_any()?.and_then(whole),
                "label" => saved.label = text(json)?,
                "savedById" => saved.author = text(json)?,
                "timestamp" => saved.time = json.number_if_any()?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        list.extend(rev.map(|rev| SavedRevision { rev, ..saved }));
        Ok(())
    })?;
    Ok(list)
}

/// The one that a `NEW_SAVEDREV` message tells of; `None` if it is no such message.
///
/// # Errors
///
/// The text is no JSON.
pub(crate) fn new_saved_revision(message: &str) -> Result<Option<SavedRevision>, Error> {
    let message = Value::parse(message)?;
    let saved = message.get("data").and_then(|data| data.get("savedRev"));
    let text = |name| saved.and_then(|saved| saved.get(name)).and_then(Value::as_text).cloned().unwrap_or_default();
    let rev = saved.and_then(|saved| saved.get("revNum")).and_then(Value::as_integer);
    let time = saved.and_then(|saved| saved.get("timestamp")).and_then(Value::as_number);
    Ok(rev.map(|rev| SavedRevision { rev, label: text("label"), author: text("savedById"), time }))
}

fn whole(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&number)).then_some(number as u32)
}
