//! The three layers behind Etherpad's editor. What its host does, callbacks and timers, is done in JavaScript.

use super::changeset::{Pool, print, read};
use super::convert::{from_js_string, to_js_string};
use super::error::Thrown;
use crate::changeset::Wire;
use crate::client::Layers;
use crate::document::{AText, Document};
use js_sys::JsString;
use wasm_bindgen::prelude::*;

/// The document as the server has it, what was sent, and what was not; all numbered by the pool that comes with each call.
#[wasm_bindgen]
pub struct Tracker(Layers);

#[wasm_bindgen]
impl Tracker {
    /// Begins with a document.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &JsString, attribs: String, pool: &Pool) -> Result<Self, Thrown> {
        let document = Document::from_atext(&AText { text: from_js_string(text), attribs }, &pool.0)?;
        Ok(Self(Layers::new(document)?))
    }

    /// Takes a change that the user has made.
    pub fn edit(&mut self, changeset: &JsString, pool: &Pool) -> Result<(), Thrown> {
        Ok(self.0.edit(&read(changeset)?, &pool.0)?)
    }

    /// Takes a change from the server, and gives what the editor has to apply.
    #[wasm_bindgen(js_name = applyRemote)]
    pub fn apply_remote(&mut self, changeset: &JsString, pool: &Pool) -> Result<JsString, Thrown> {
        Ok(print(&self.0.apply_remote(&read(changeset)?, &pool.0)?))
    }

    /// What to send: the changeset, then key and value of each attribute by number; nothing if there is nothing.
    pub fn prepare(&mut self, author: &JsString, pool: &mut Pool) -> Result<Option<Vec<JsString>>, Thrown> {
        let wire = self.0.prepare(&from_js_string(author), &mut pool.0)?;
        Ok(wire.map(|Wire { changeset, pool }| {
            let pairs = pool.iter().flat_map(|(_, pair)| [to_js_string(&pair.key), to_js_string(&pair.value)]);
            std::iter::once(print(&changeset)).chain(pairs).collect()
        }))
    }

    /// Takes the server's word that it has what was sent.
    pub fn accept(&mut self, pool: &Pool) -> Result<(), Thrown> {
        self.0.accept(&pool.0)?;
        Ok(())
    }

    /// Whether there is anything that the server has not acknowledged.
    #[wasm_bindgen(getter, js_name = hasUncommitted)]
    pub fn has_uncommitted(&self) -> bool {
        self.0.has_uncommitted()
    }

    /// What was sent and not acknowledged.
    #[wasm_bindgen(getter)]
    pub fn submitted(&self) -> Option<JsString> {
        self.0.submitted().map(print)
    }

    /// What was not sent.
    #[wasm_bindgen(getter)]
    pub fn pending(&self) -> JsString {
        print(self.0.pending())
    }

    /// Text and attribution of the document as the server has it.
    pub fn base(&self) -> Vec<JsString> {
        let AText { text, attribs } = self.0.base().to_atext();
        vec![to_js_string(&text), attribs.into()]
    }
}
