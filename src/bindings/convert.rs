//! Strings and lines, to JavaScript.

use super::error::Thrown;
use crate::edit::LineFormat;
use crate::text::Utf16String;
use js_sys::JsString;
use serde::Serialize;
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

/// Plain objects with the names that TypeScript is told.
pub(super) fn to_object(value: &impl Serialize) -> Result<JsValue, Thrown> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(|error| Thrown::argument(&error.to_string()))
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
