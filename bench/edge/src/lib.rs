//! The same revision handed over in different ways; after the edge all of them do the same.

use easysync::{
    AttribPool, Attribute, Changeset, Document, Layers, Message, UnknownAttrib, parse_message,
};
use js_sys::{JsString, Reflect};
use serde::Deserialize;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "const encoder = new TextEncoder();
let view = new Uint8Array();
export const encodeInto = (text, memory, at, room) => {
  if (view.buffer !== memory.buffer || view.byteOffset !== at) view = new Uint8Array(memory.buffer, at, room);
  return encoder.encodeInto(text, view).written;
};")]
extern "C" {
    #[wasm_bindgen(js_name = encodeInto)]
    fn encode_into(text: &JsString, memory: &JsValue, at: *mut u8, room: usize) -> i32;
}

/// A document that revisions are applied to.
#[wasm_bindgen]
pub struct Target {
    layers: Layers,
    pool: AttribPool,
    fields: Fields,
    buffer: Vec<u8>,
    memory: JsValue,
}

/// Names of fields, made once.
struct Fields {
    data: JsValue,
    changeset: JsValue,
    apool: JsValue,
    num_to_attrib: JsValue,
    new_rev: JsValue,
    author: JsValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    data: NewChanges,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewChanges {
    #[allow(dead_code)]
    new_rev: u32,
    changeset: String,
    apool: Pool,
    #[allow(dead_code)]
    author: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pool {
    num_to_attrib: BTreeMap<String, (String, String)>,
    next_num: u32,
}

fn thrown(error: impl std::fmt::Display) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}

#[wasm_bindgen]
impl Target {
    /// Begins with a text.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Self, JsValue> {
        let layers = Layers::new(Document::from_text(text)).map_err(thrown)?;
        let fields = Fields {
            data: "data".into(),
            changeset: "changeset".into(),
            apool: "apool".into(),
            num_to_attrib: "numToAttrib".into(),
            new_rev: "newRev".into(),
            author: "author".into(),
        };
        Ok(Self { layers, pool: AttribPool::new(), fields, buffer: vec![0; 1 << 16], memory: wasm_bindgen::memory() })
    }

    /// The text, to compare the ways by.
    pub fn text(&self) -> String {
        self.layers.base().text().to_string()
    }

    /// The message as it came over the wire, copied by what wasm-bindgen makes for strings.
    #[wasm_bindgen(js_name = wireText)]
    pub fn wire_text(&mut self, message: &str) -> Result<(), JsValue> {
        match parse_message(message).map_err(thrown)? {
            Message::Revisions(list) => list
                .revisions
                .iter()
                .try_for_each(|revision| self.apply(&revision.changeset, &revision.pool)),
            _ => Err(thrown("another message")),
        }
    }

    /// The message as it came over the wire, written into one buffer by the host's encoder.
    #[wasm_bindgen(js_name = encodedText)]
    pub fn encoded_text(&mut self, message: &JsString) -> Result<(), JsValue> {
        let (at, room) = (self.buffer.as_mut_ptr(), self.buffer.len());
        let written = usize::try_from(encode_into(message, &self.memory, at, room)).map_err(thrown)?;
        let buffer = std::mem::take(&mut self.buffer);
        let text = std::str::from_utf8(buffer.get(..written).unwrap_or_default()).map_err(thrown)?;
        let result = self.wire_text(text);
        self.buffer = buffer;
        result
    }

    /// Its fields as arguments, the pool as two lists.
    #[wasm_bindgen(js_name = plainArguments)]
    pub fn plain_arguments(
        &mut self,
        _new_rev: u32,
        changeset: &str,
        keys: Vec<String>,
        values: Vec<String>,
        _author: &str,
    ) -> Result<(), JsValue> {
        let mut pool = AttribPool::new();
        for (key, value) in keys.into_iter().zip(values) {
            pool.put(Attribute::new(key, value));
        }
        self.take(changeset, pool)
    }

    /// The parsed message, read field by field.
    #[wasm_bindgen(js_name = objectFields)]
    pub fn object_fields(&mut self, message: &JsValue) -> Result<(), JsValue> {
        let Fields { data, changeset, apool, num_to_attrib, new_rev, author } = &self.fields;
        let data = Reflect::get(message, data)?;
        let changeset = Reflect::get(&data, changeset)?.as_string().unwrap_or_default();
        let _rev = Reflect::get(&data, new_rev)?.as_f64();
        let _author = Reflect::get(&data, author)?.as_string();
        let entries = js_sys::Object::entries(&Reflect::get(&Reflect::get(&data, apool)?, num_to_attrib)?.into());
        let mut pool = AttribPool::new();
        for entry in entries.iter() {
            let pair: js_sys::Array = Reflect::get_u32(&entry, 1)?.into();
            let text = |index| pair.get(index).as_string().unwrap_or_default();
            pool.put(Attribute::new(text(0), text(1)));
        }
        self.take(&changeset, pool)
    }

    /// The parsed message through serde-wasm-bindgen.
    pub fn serde(&mut self, message: JsValue) -> Result<(), JsValue> {
        let Envelope { data } = serde_wasm_bindgen::from_value(message)?;
        let entries = data.apool.num_to_attrib.into_iter();
        let entries = entries.map(|(number, (key, value))| (number.parse().unwrap_or(0), Attribute::new(key, value)));
        let pool = AttribPool::from_numbered(entries, data.apool.next_num).map_err(thrown)?;
        self.take(&data.changeset, pool)
    }
}

impl Target {
    fn take(&mut self, changeset: &str, pool: AttribPool) -> Result<(), JsValue> {
        let changeset = Changeset::parse_lenient(changeset).map_err(thrown)?;
        self.apply(&changeset, &pool)
    }

    fn apply(&mut self, changeset: &Changeset, from: &AttribPool) -> Result<(), JsValue> {
        let moved = changeset.move_to_pool(from, &mut self.pool, UnknownAttrib::Drop).map_err(thrown)?;
        self.layers.apply_remote(&moved, &self.pool).map(drop).map_err(thrown)
    }
}

