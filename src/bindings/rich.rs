//! Rich text and the names of formats, from JavaScript.

use super::convert::from_js_string;
use super::error::Thrown;
use crate::attrib::Attribute;
use crate::edit::{Fragment, FragmentLine, FragmentRun, List, ListKind};
use js_sys::{Array, JsString, Reflect};
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

/// Rich text from an object `Fragment`, field by field: derived for serde, this was ten times as much code.
pub(super) fn fragment(object: &JsValue) -> Result<Fragment, Thrown> {
    Ok(Fragment { lines: each(object, "lines", line)? })
}

fn line(object: &JsValue) -> Result<FragmentLine, Thrown> {
    let number = |name| optional(object, name, JsValue::as_f64);
    let list = match optional(object, "list", JsValue::as_string)? {
        Some(name) => Some(List {
            kind: list_kind(&name)?,
            level: number("level")?.map_or(1, |level| level as u8).clamp(1, List::MAX_LEVEL),
        }),
        None => None,
    };
    let start = number("start")?.map(|start| start as u32);
    let heading = number("heading")?.map(|level| level as u8).filter(|level| (1..=6).contains(level));
    Ok(FragmentLine { list, start, heading, runs: each(object, "runs", run)? })
}

fn run(object: &JsValue) -> Result<FragmentRun, Thrown> {
    let text = field(object, "text")?.dyn_into::<JsString>().map_err(|_| malformed("text"))?;
    let name = |name: &JsValue| name.as_string().ok_or(malformed("formats"));
    let format = each(object, "formats", |value| format(&name(value)?))?;
    Ok(FragmentRun { text: from_js_string(&text), format })
}

/// What the items of a list that is a field of an object are.
fn each<T>(object: &JsValue, name: &str, read: impl Fn(&JsValue) -> Result<T, Thrown>) -> Result<Vec<T>, Thrown> {
    let list = field(object, name)?.dyn_into::<Array>().map_err(|_| malformed(name))?;
    list.iter().map(|item| read(&item)).collect()
}

/// What a field is that may be missing.
fn optional<T>(object: &JsValue, name: &str, read: impl Fn(&JsValue) -> Option<T>) -> Result<Option<T>, Thrown> {
    let value = field(object, name)?;
    if value.is_undefined() || value.is_null() {
        Ok(None)
    } else {
        read(&value).map(Some).ok_or_else(|| malformed(name))
    }
}

fn field(object: &JsValue, name: &str) -> Result<JsValue, Thrown> {
    Reflect::get(object, &name.into()).map_err(|_| malformed(name))
}

fn malformed(name: &str) -> Thrown {
    Thrown::argument(&format!("fragment: field {name} is missing or malformed"))
}
