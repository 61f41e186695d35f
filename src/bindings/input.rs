//! Text that comes in often: through one buffer, by the browser's own encoder.

use super::error::Thrown;
use js_sys::JsString;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "const encoder = new TextEncoder();
export const encodeInto = (text, target) => {
  const { read, written } = encoder.encodeInto(text, target);
  return read === text.length ? written : -1;
};")]
extern "C" {
    /// Writes a string as UTF-8, and gives back how many bytes it took; -1 if it did not fit.
    #[wasm_bindgen(js_name = encodeInto)]
    fn encode_into(text: &JsString, target: &mut [u8]) -> i32;
}

/// What the buffer keeps between two messages, in bytes. A document that comes as a whole takes more for a moment.
const KEPT: usize = 1 << 16;

/// A buffer for messages.
///
/// Strings that wasm-bindgen takes as `&str` are copied unit by unit in JavaScript; in profiles that was the dearest function of
/// taking in a message.
#[derive(Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
}

impl Input {
    /// Calls `read` with a JavaScript string as UTF-8. Lone surrogates come out as U+FFFD; JSON writes them as escapes.
    pub fn with<T>(&mut self, text: &JsString, read: impl FnOnce(&str) -> T) -> Result<T, Thrown> {
        let units = text.length() as usize;
        let mut written = self.encode(text, units.max(KEPT));
        if written.is_none() {
            // No unit takes more than three bytes.
            written = self.encode(text, 3 * units);
        }
        let text = written.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let result = text.map(read).ok_or_else(|| Thrown::argument("the message is not text"));
        if self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
        result
    }

    fn encode(&mut self, text: &JsString, room: usize) -> Option<&[u8]> {
        if self.buffer.len() < room {
            self.buffer = vec![0; room];
        }
        let written = usize::try_from(encode_into(text, &mut self.buffer)).ok()?;
        self.buffer.get(..written)
    }
}
