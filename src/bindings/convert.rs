//! Strings, to JavaScript and from it; lines, to JavaScript.

#[cfg(any(feature = "pad", feature = "history"))]
use super::error::Thrown;
#[cfg(any(feature = "pad", feature = "history"))]
use crate::edit::LineFormat;
use crate::text::Utf16String;
use js_sys::JsString;
#[cfg(any(feature = "pad", feature = "history"))]
use serde::Serialize;
#[cfg(any(feature = "pad", feature = "history"))]
use wasm_bindgen::prelude::JsValue;

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
#[cfg(any(feature = "pad", feature = "changeset"))]
pub(super) fn from_js_string(text: &JsString) -> Utf16String {
    let as_utf8 = String::from(text);
    if as_utf8.contains(char::REPLACEMENT_CHARACTER) {
        text.iter().collect::<Vec<u16>>().into()
    } else {
        as_utf8.into()
    }
}

/// Plain objects with the names that TypeScript is told.
#[cfg(any(feature = "pad", feature = "history"))]
pub(super) fn to_object(value: &impl Serialize) -> Result<JsValue, Thrown> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(|error| Thrown::argument(&error.to_string()))
}

#[cfg(any(feature = "pad", feature = "history"))]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineFormatObject {
    list: Option<&'static str>,
    level: u8,
    start: Option<u32>,
    heading: Option<u8>,
    has_marker: bool,
}

#[cfg(any(feature = "pad", feature = "history"))]
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
