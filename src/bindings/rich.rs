//! Rich text and the names of formats, from JavaScript.

use super::error::Thrown;
use super::exchange::from_js_string;
use crate::attrib::Attribute;
use crate::edit::{Fragment, FragmentLine, FragmentRun, List, ListKind};
use js_sys::JsString;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

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
