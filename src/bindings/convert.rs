//! Strings, rich text and effects, from and to JavaScript.

use super::error::Thrown;
use crate::attrib::Attribute;
use crate::client::{Counts, Effect, Misfit, SaveState, Unplaced};
use crate::edit::{Fragment, FragmentLine, FragmentRun, LineFormat, List, ListKind};
use crate::protocol::{AuthorInfo, SavedRevision};
use crate::text::Utf16String;
use crate::timeslider::{AuthorShare, BlameRun, FileProgress, RevisionFacts, Written};
use js_sys::JsString;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// Up to here a string is made in one call with its code units as arguments; JavaScript limits their number.
const MAX_ARGUMENTS: usize = 4096;

/// A JavaScript string, lone surrogates included.
pub(super) fn to_js_string(text: &Utf16String) -> JsString {
    if text.len() <= MAX_ARGUMENTS {
        return JsString::from_char_code(text);
    }
    match text.to_str() {
        Some(text) => text.into(),
        None => {
            text.chunks(MAX_ARGUMENTS).fold(JsString::from(""), |all, part| all.concat(&JsString::from_char_code(part)))
        }
    }
}

/// The code units of a JavaScript string. Strings cross as UTF-8, with U+FFFD for each lone surrogate; so where one comes
/// out, the code units are read one by one.
pub(super) fn from_js_string(text: &JsString) -> Utf16String {
    let as_utf8 = String::from(text);
    if as_utf8.contains(char::REPLACEMENT_CHARACTER) {
        text.iter().collect::<Vec<u16>>().into()
    } else {
        as_utf8.into()
    }
}

pub(super) fn save_state(state: SaveState) -> &'static str {
    match state {
        SaveState::Saved => "saved",
        SaveState::Saving => "saving",
        SaveState::Reconnecting => "reconnecting",
        SaveState::NotSaved => "notSaved",
    }
}

/// Plain objects with the names that TypeScript is told.
pub(super) fn to_object(value: &impl Serialize) -> Result<JsValue, Thrown> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(|error| Thrown::argument(&error.to_string()))
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum EffectObject {
    Joined { rev: u32 },
    Revision { rev: u32, author: Option<String>, time: Option<f64> },
    Accepted { rev: u32 },
    Send { message: String },
    Resync { rev: u32, code: &'static str, message: String },
    Restored,
    Unplaced(UnplacedObject),
    Desynchronised { rev: u32, server_rev: u32 },
    Disconnected { reason: String },
}

impl From<Effect> for EffectObject {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Joined { rev } => Self::Joined { rev },
            Effect::Applied { rev, author, time, .. } => {
                Self::Revision { rev, author: author.map(|author| author.to_string()), time }
            }
            Effect::Accepted { rev } => Self::Accepted { rev },
            Effect::Send(message) => Self::Send { message },
            Effect::Resync { rev, error } => Self::Resync { rev, code: error.error.code(), message: error.to_string() },
            Effect::Restored { .. } => Self::Restored,
            Effect::Unplaced(unplaced) => Self::Unplaced(unplaced.into()),
            Effect::Desynchronised { rev, server_rev } => Self::Desynchronised { rev, server_rev },
            Effect::Disconnected { reason } => Self::Disconnected { reason },
        }
    }
}

#[derive(Serialize)]
pub(super) struct UnplacedObject {
    id: u32,
    reason: &'static str,
    // serde knows text only as UTF-8; a value keeps the string as it is.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    text: JsString,
}

impl From<Unplaced> for UnplacedObject {
    fn from(unplaced: Unplaced) -> Self {
        let reason = match unplaced.reason {
            Misfit::PadReset => "padReset",
            Misfit::OtherPad => "otherPad",
            Misfit::OtherAuthor => "otherAuthor",
            Misfit::ReadOnly => "readOnly",
            Misfit::DoesNotFit => "doesNotFit",
            Misfit::NoAnswer => "noAnswer",
        };
        Self { id: unplaced.id, reason, text: to_js_string(&unplaced.text) }
    }
}

#[derive(Serialize)]
pub(super) struct CountsObject {
    applied: f64,
    accepted: f64,
    duplicates: f64,
    held: f64,
}

impl From<Counts> for CountsObject {
    fn from(counts: Counts) -> Self {
        Self {
            applied: counts.applied as f64,
            accepted: counts.accepted as f64,
            duplicates: counts.duplicates as f64,
            held: counts.held as f64,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineFormatObject {
    list: Option<&'static str>,
    level: u8,
    start: Option<u32>,
    heading: Option<u8>,
    has_marker: bool,
}

impl From<LineFormat> for LineFormatObject {
    fn from(format: LineFormat) -> Self {
        Self {
            list: format.list.map(|list| list.kind.name()),
            level: format.list.map_or(0, |list| list.level),
            start: format.start,
            heading: format.heading,
            has_marker: format.has_marker,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevisionObject {
    rev: u32,
    author: Option<String>,
    time: Option<f64>,
}

impl From<RevisionFacts> for RevisionObject {
    fn from(facts: RevisionFacts) -> Self {
        Self { rev: facts.rev, author: facts.author.map(|author| author.to_string()), time: facts.time }
    }
}

#[derive(Serialize)]
pub(super) struct AuthorObject {
    id: String,
    name: Option<String>,
    color: String,
}

impl From<&AuthorInfo> for AuthorObject {
    fn from(author: &AuthorInfo) -> Self {
        let name = author.name.as_ref().map(ToString::to_string);
        Self { id: author.id.to_string(), name, color: author.color.to_string() }
    }
}

#[derive(Serialize)]
pub(super) struct ShareObject {
    author: String,
    length: u32,
}

impl From<AuthorShare> for ShareObject {
    fn from(share: AuthorShare) -> Self {
        Self { author: share.author.to_string(), length: share.len as u32 }
    }
}

#[derive(Serialize)]
pub(super) struct WrittenObject {
    shares: Vec<ShareObject>,
    removed: u32,
    steps: u32,
}

impl From<Written> for WrittenObject {
    fn from(Written { shares, removed, steps }: Written) -> Self {
        Self { shares: shares.into_iter().map(ShareObject::from).collect(), removed: removed as u32, steps }
    }
}

#[derive(Serialize)]
pub(super) struct SavedObject {
    rev: u32,
    label: String,
    author: String,
    time: Option<f64>,
}

impl From<&SavedRevision> for SavedObject {
    fn from(saved: &SavedRevision) -> Self {
        let SavedRevision { rev, label, author, time } = saved;
        Self { rev: *rev, label: label.to_string(), author: author.to_string(), time: *time }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlameRunObject {
    length: u32,
    author: Option<String>,
    first_rev: u32,
    last_rev: u32,
    time: Option<f64>,
}

impl From<BlameRun> for BlameRunObject {
    fn from(run: BlameRun) -> Self {
        Self {
            length: run.len as u32,
            author: run.author.map(|author| author.to_string()),
            first_rev: *run.revs.start(),
            last_rev: *run.revs.end(),
            time: run.time,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileProgressObject {
    done: u32,
    total: Option<u32>,
    bytes: f64,
    needs_more: bool,
}

impl From<FileProgress> for FileProgressObject {
    fn from(progress: FileProgress) -> Self {
        let FileProgress { done, total, bytes, needs_more } = progress;
        Self { done, total, bytes: bytes as f64, needs_more }
    }
}

pub(super) fn list_kind(name: &str) -> Result<ListKind, Thrown> {
    ListKind::from_name(name).ok_or_else(|| Thrown::argument("a list is bullet, number or indent"))
}

/// The character formats that people can choose. Others are not written by this package.
const FORMATS: [&str; 4] = ["bold", "italic", "underline", "strikethrough"];

pub(super) fn format(name: &str) -> Result<Attribute, Thrown> {
    match FORMATS.contains(&name) {
        true => Ok(Attribute::new(name, "true")),
        false => Err(Thrown::argument("a format is bold, italic, underline or strikethrough")),
    }
}

/// The names of the formats among attributes.
pub(super) fn format_names(attributes: &[Attribute]) -> Vec<String> {
    let is_set =
        |name: &&&str| attributes.iter().any(|attribute| attribute.key == ***name && attribute.value == "true");
    FORMATS.iter().filter(is_set).map(|name| (*name).to_owned()).collect()
}

#[derive(Deserialize)]
pub(super) struct FragmentObject {
    lines: Vec<FragmentLineObject>,
}

#[derive(Deserialize)]
struct FragmentLineObject {
    list: Option<String>,
    level: Option<u8>,
    start: Option<u32>,
    heading: Option<u8>,
    runs: Vec<FragmentRunObject>,
}

#[derive(Deserialize)]
struct FragmentRunObject {
    // serde knows text only as UTF-8; a value keeps the string as it is.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    text: JsString,
    formats: Vec<String>,
}

pub(super) fn fragment(object: JsValue) -> Result<Fragment, Thrown> {
    let object: FragmentObject =
        serde_wasm_bindgen::from_value(object).map_err(|error| Thrown::argument(&format!("fragment: {error}")))?;
    let lines = object.lines.into_iter().map(fragment_line).collect::<Result<_, _>>()?;
    Ok(Fragment { lines })
}

fn fragment_line(line: FragmentLineObject) -> Result<FragmentLine, Thrown> {
    let list = match line.list {
        Some(name) => Some(List { kind: list_kind(&name)?, level: line.level.unwrap_or(1).clamp(1, List::MAX_LEVEL) }),
        None => None,
    };
    let run = |run: FragmentRunObject| {
        let format = run.formats.iter().map(|name| format(name)).collect::<Result<_, _>>()?;
        Ok(FragmentRun { text: from_js_string(&run.text), format })
    };
    let runs = line.runs.into_iter().map(run).collect::<Result<_, Thrown>>()?;
    Ok(FragmentLine { list, start: line.start, heading: line.heading.filter(|level| (1..=6).contains(level)), runs })
}
