//! What an editor asks of a document, whoever has it.

use super::convert::{LineFormatObject, to_js_string, to_object};
use super::error::Thrown;
use crate::attrib::{AttribPool, AttribSet};
use crate::document::{Document, ShownPatch};
use crate::edit;
use js_sys::{JsString, Uint32Array};
use rustc_hash::FxHashMap;
use std::ops::Range;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What changed in the shown text since the last flush. It never touches the final newline, which editors do not have. */
export interface Patch {
  /** Three numbers for each change, ascending: from and to in the old text, and the length of what comes there. */
  changes: Uint32Array;
  /** All inserts, one after the other; it may hold lone surrogates. */
  text: string;
  /** Two numbers for each stretch whose attributes changed: from and to, in the new text. */
  formatted: Uint32Array;
}

export type ListKind = "bullet" | "number" | "indent";

/** What a line is, apart from its text. */
export interface LineFormat {
  list: ListKind | null;
  /** 1 to 16; 0 outside lists. */
  level: number;
  /** The number shown, for a numbered item. */
  start: number | null;
  /** 1 to 6. */
  heading: number | null;
  /** Whether the first code unit is a marker, which is not text. */
  hasMarker: boolean;
}
"#;

#[wasm_bindgen(module = "/src/bindings/edge.js")]
extern "C" {
    #[wasm_bindgen(js_name = newPatch)]
    fn new_patch(changes: Uint32Array, text: JsString, formatted: Uint32Array) -> JsValue;
}

/// Numbers for the attribute sets that were told, so that each crosses the edge once.
#[derive(Default)]
pub(super) struct AttribSets {
    numbers: FxHashMap<AttribSet, u32>,
    /// What each number stands for: key, value, key, value and so on.
    pairs: Vec<Vec<JsString>>,
}

impl AttribSets {
    /// The attributes of a part of a document, in pairs: the length of a run, and a number for [`AttribSets::attribs`].
    pub fn runs(&mut self, document: &Document, pool: &AttribPool, range: Range<usize>) -> Result<Uint32Array, Thrown> {
        let mut runs: Vec<u32> = Vec::new();
        for (text, set) in document.pieces(range)? {
            let number = self.number(set, pool)?;
            match &mut *runs {
                [.., len, last] if *last == number => *len += text.len() as u32,
                _ => runs.extend([text.len() as u32, number]),
            }
        }
        Ok(Uint32Array::from(&*runs))
    }

    /// The attributes that a number stands for.
    pub fn attribs(&self, number: usize) -> Result<Vec<JsString>, Thrown> {
        self.pairs.get(number).cloned().ok_or_else(|| Thrown::argument("no such number of attributes"))
    }

    /// Another pool numbers attributes from now on. The numbers that were told keep their meaning.
    #[cfg(feature = "history")]
    pub fn change_pool(&mut self) {
        self.numbers.clear();
    }

    fn number(&mut self, set: &AttribSet, pool: &AttribPool) -> Result<u32, Thrown> {
        if let Some(&number) = self.numbers.get(set) {
            return Ok(number);
        }
        let mut pairs = Vec::new();
        for &id in set.ids() {
            let attribute = pool.get(id)?;
            pairs.extend([to_js_string(&attribute.key), to_js_string(&attribute.value)]);
        }
        let number = self.pairs.len() as u32;
        self.pairs.push(pairs);
        self.numbers.insert(set.clone(), number);
        Ok(number)
    }
}

/// A patch as the object `Patch`.
pub(super) fn patch(patch: &ShownPatch) -> JsValue {
    let ShownPatch { changes, text, formatted } = patch;
    new_patch(Uint32Array::from(&**changes), to_js_string(text), Uint32Array::from(&**formatted))
}

/// What the line is in which a position lies, as the object `LineFormat`.
pub(super) fn line_format(document: &Document, pool: &AttribPool, position: usize) -> Result<JsValue, Thrown> {
    let format = edit::line_format(document, pool, document.line_at(position)?)?;
    to_object(&LineFormatObject::from(format))
}

/// A range as HTML for the clipboard.
pub(super) fn html(document: &Document, pool: &AttribPool, range: Range<usize>) -> Result<String, Thrown> {
    Ok(edit::to_html(&edit::fragment(document, pool, range)?))
}

/// A range as plain text for the clipboard, without line markers.
pub(super) fn plain_text(document: &Document, pool: &AttribPool, range: Range<usize>) -> Result<JsString, Thrown> {
    Ok(to_js_string(&edit::fragment(document, pool, range)?.text()))
}
