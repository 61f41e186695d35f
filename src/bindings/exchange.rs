//! What comes often crosses the edge as numbers: messages are written into memory by JavaScript, and what they bring is read there.
//!
//! `npm/pad.js` is the other side. Results of these calls are one number, because several come as a list that is made for each call.

use super::error::Thrown;
use super::pad::{FOR_HOST, JsPad};
use super::reading;
use crate::client::Audience;
use crate::document::ShownPatch;
use crate::protocol::{MessageError, ToldRevision};
use wasm_bindgen::prelude::*;

/// There is a patch for `takePatch`.
const PATCH: u32 = 16;
/// There is a patch of one change that inserts at most one code unit, and no other: it is told in three numbers.
const SMALL_PATCH: u32 = 32;
/// There is an error for `takeError`.
const FAILED: u32 = 64;
/// The message has to come as text.
const AS_TEXT: u32 = 128;
/// In place of a code unit where none is inserted.
const NO_UNIT: u32 = u32::MAX;

/// How many bytes a message may have to be written into memory that is kept. A document as a whole takes other memory for a moment.
const KEPT: usize = 1 << 16;

/// Memory that JavaScript reads and writes. Its place never changes.
pub(super) struct Exchange {
    input: Box<[u8]>,
    /// For one message that is larger.
    large: Vec<u8>,
    /// From, to and the code unit of a small patch.
    told: Box<[u32; 3]>,
    patch: ShownPatch,
    error: Option<Thrown>,
}

impl Default for Exchange {
    fn default() -> Self {
        let input = vec![0; KEPT].into_boxed_slice();
        Self { input, large: Vec::new(), told: Box::default(), patch: ShownPatch::default(), error: None }
    }
}

impl Exchange {
    /// Hands a message on that was written into memory, and the place for a patch; `None` if it is not text.
    fn with_message<R>(&mut self, bytes: usize, take: impl FnOnce(&str, &mut ShownPatch) -> R) -> Option<R> {
        let large = std::mem::take(&mut self.large);
        let input = if large.is_empty() { &*self.input } else { &*large };
        written(input, bytes).map(|text| take(text, &mut self.patch))
    }

    /// What `flush` and its like have left in `patch`, in bits.
    fn tell(&mut self, has_patch: bool) -> u32 {
        if !has_patch {
            return 0;
        }
        let ShownPatch { changes, text, formatted } = &self.patch;
        let unit = match (&**text, &**formatted) {
            ([], []) => NO_UNIT,
            (&[unit], []) => u32::from(unit),
            _ => return PATCH,
        };
        let &[from, to, _] = &**changes else { return PATCH };
        *self.told = [from, to, unit];
        SMALL_PATCH
    }

    fn fail(&mut self, error: Thrown) -> u32 {
        self.error = Some(error);
        FAILED
    }
}

/// The first so many bytes, if they are text.
fn written(input: &[u8], bytes: usize) -> Option<&str> {
    std::str::from_utf8(input.get(..bytes)?).ok()
}

#[wasm_bindgen(js_class = Pad)]
impl JsPad {
    /// The memory of the engine.
    #[wasm_bindgen(skip_typescript)]
    pub fn memory(&self) -> JsValue {
        wasm_bindgen::memory()
    }

    /// Where a message of so many bytes is to be written. The place for those of up to `inputKept` bytes stays the same.
    #[wasm_bindgen(js_name = inputAt, skip_typescript)]
    pub fn input_at(&mut self, bytes: usize) -> *const u8 {
        if bytes <= KEPT {
            return self.exchange.input.as_ptr();
        }
        self.exchange.large = vec![0; bytes];
        self.exchange.large.as_ptr()
    }

    /// See `inputAt`.
    #[wasm_bindgen(getter, js_name = inputKept, skip_typescript)]
    pub fn input_kept(&self) -> usize {
        KEPT
    }

    /// Where the three numbers of a small patch are.
    #[wasm_bindgen(js_name = toldAt, skip_typescript)]
    pub fn told_at(&self) -> *const u32 {
        self.exchange.told.as_ptr()
    }

    /// `receive` for a message that was written into memory, and `flush` behind it if that is wanted.
    #[wasm_bindgen(js_name = receiveInput, skip_typescript)]
    pub fn receive_input(&mut self, bytes: usize, flushes: bool) -> u32 {
        let Self { pad, exchange, .. } = self;
        let result = exchange.with_message(bytes, |text, patch| match flushes {
            true => pad.receive_and_flush(text, patch),
            false => pad.receive(text).map(|audience| (audience, false)),
        });
        self.told_of_message(result)
    }

    /// `queue` for a message that was written into memory.
    #[wasm_bindgen(js_name = queueInput, skip_typescript)]
    pub fn queue_input(&mut self, bytes: usize) -> u32 {
        let Self { pad, exchange, .. } = self;
        let result = exchange.with_message(bytes, |text, _| pad.queue(text).map(|()| (Audience::Document, false)));
        self.told_of_message(result)
    }

    /// Does what `receiveInput` does for a revision whose message was an object: its changeset was written into memory, `sender` is
    /// a number of `putSender`. Answers with 128, and does nothing, if the message has to be written as a whole.
    #[wasm_bindgen(js_name = receiveTold, skip_typescript)]
    pub fn receive_told(&mut self, rev: u32, bytes: usize, sender: usize, time: f64, flushes: bool) -> u32 {
        let Self { pad, exchange, .. } = self;
        let Some(changeset) = written(&exchange.input, bytes) else {
            return AS_TEXT;
        };
        let told = ToldRevision { rev, changeset, sender, time: Some(time) };
        match pad.receive_told(&told, flushes.then_some(&mut exchange.patch)) {
            Some(result) => self.told_of(result.map(|has_patch| (Audience::Document, has_patch))),
            None => AS_TEXT,
        }
    }

    /// A number for a pool and an author, which were written into memory as they stand in a message; -1 if there is none.
    #[wasm_bindgen(js_name = putSender, skip_typescript)]
    pub fn put_sender(&mut self, bytes: usize) -> i32 {
        written(&self.exchange.input, bytes)
            .and_then(|text| self.pad.put_sender(text))
            .map_or(-1, |number| number as i32)
    }

    /// `flush`.
    #[wasm_bindgen(js_name = flushOutput, skip_typescript)]
    pub fn flush_output(&mut self) -> u32 {
        match self.pad.flush_into(&mut self.exchange.patch) {
            Ok(has_patch) => self.exchange.tell(has_patch),
            Err(error) => self.exchange.fail(error.into()),
        }
    }

    /// The patch, as an object.
    #[wasm_bindgen(js_name = takePatch, skip_typescript)]
    pub fn take_patch(&self) -> JsValue {
        reading::patch(&self.exchange.patch)
    }

    /// What is to be thrown.
    #[wasm_bindgen(js_name = takeError, skip_typescript)]
    pub fn take_error(&mut self) -> JsValue {
        self.exchange.error.take().map_or(JsValue::UNDEFINED, JsValue::from)
    }
}

impl JsPad {
    fn told_of_message(&mut self, result: Option<Result<(Audience, bool), MessageError>>) -> u32 {
        match result {
            Some(result) => self.told_of(result),
            None => self.exchange.fail(Thrown::argument("the message is not text")),
        }
    }

    fn told_of(&mut self, result: Result<(Audience, bool), MessageError>) -> u32 {
        match result {
            Ok((audience, has_patch)) => {
                let for_host = if audience == Audience::Host { FOR_HOST } else { 0 };
                self.exchange.tell(has_patch) | self.news() | for_host
            }
            Err(error) => self.exchange.fail(Thrown::message(&error, self.pad.client().rev())),
        }
    }
}
