//! Text that comes in: messages, which come often, through one buffer by the browser's own encoder.

use super::error::Thrown;
use js_sys::JsString;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/bindings/edge.js")]
extern "C" {
    /// Writes a string as UTF-8 to a place in memory, and gives back how many bytes it took; -1 if it did not fit.
    #[wasm_bindgen(js_name = encodeInto)]
    fn encode_into(text: &JsString, memory: &JsValue, at: *mut u8, room: usize) -> i32;
}

/// What the buffer keeps between two messages, in bytes. A document that comes as a whole takes more for a moment.
const KEPT: usize = 1 << 16;

/// A buffer for messages.
///
/// Strings that wasm-bindgen takes as `&str` are copied unit by unit in JavaScript; in profiles that was the dearest function of
/// taking in a message.
pub(super) struct Input {
    buffer: Vec<u8>,
    memory: JsValue,
}

impl Default for Input {
    fn default() -> Self {
        Self { buffer: vec![0; KEPT], memory: wasm_bindgen::memory() }
    }
}

impl Input {
    /// Calls `read` with a JavaScript string as UTF-8. Lone surrogates come out as U+FFFD; JSON writes them as escapes.
    pub fn with<T>(&mut self, text: &JsString, read: impl FnOnce(&str) -> T) -> Result<T, Thrown> {
        let mut written = self.encode(text);
        if written.is_none() {
            // No unit takes more than three bytes.
            self.buffer = vec![0; 3 * text.length() as usize];
            written = self.encode(text);
        }
        let text = written.and_then(|len| self.buffer.get(..len)).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let result = text.map(read).ok_or_else(|| Thrown::argument("the message is not text"));
        if self.buffer.len() > KEPT {
            self.buffer = vec![0; KEPT];
        }
        result
    }

    fn encode(&mut self, text: &JsString) -> Option<usize> {
        usize::try_from(encode_into(text, &self.memory, self.buffer.as_mut_ptr(), self.buffer.len())).ok()
    }
}
