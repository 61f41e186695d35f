//! Errors as `Error` objects with a stable `code`.

use crate::error::{Error, ErrorKind};
use crate::protocol::MessageError;
#[cfg(feature = "history")]
use crate::timeslider::{FileError, FileFault};
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What every call of this package throws when its input is wrong. The state is as it was before the call. */
export interface EasysyncError extends Error {
  name: "EasysyncError";
  /** A stable name of what went wrong, such as "length-mismatch". */
  code: string;
  /** The type of the message that was refused, if it was a message. */
  messageType?: string;
  /** Which item of a batch was refused, counted from 0. */
  item?: number;
  /** The last revision that is in the document, if the document has something to do with it. */
  revision?: number;
  /** Which record of a `.etherpad` file is to blame. */
  record?: string;
  /** Lengths and positions are UTF-16 code units. */
  expected?: number;
  found?: number;
  offset?: number;
  op?: number;
}
"#;

/// An error on its way to JavaScript.
pub struct Thrown(JsValue);

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        thrown.0
    }
}

impl From<Error> for Thrown {
    fn from(error: Error) -> Self {
        let thrown = js_sys::Error::new(&error.to_string());
        thrown.set_name("EasysyncError");
        set(&thrown, "code", error.code());
        set_numbers(&thrown, error.kind());
        Self(thrown.into())
    }
}

#[cfg(feature = "history")]
impl From<FileError> for Thrown {
    fn from(error: FileError) -> Self {
        let thrown = js_sys::Error::new(&error.to_string());
        thrown.set_name("EasysyncError");
        set(&thrown, "code", error.fault.code());
        set(&thrown, "record", error.record.as_str());
        if let FileFault::Unusable(error) = &error.fault {
            set_numbers(&thrown, error.kind());
        }
        Self(thrown.into())
    }
}

impl Thrown {
    /// A message that was refused while revision `revision` was the last.
    pub fn message(error: &MessageError, revision: u32) -> Self {
        let thrown = js_sys::Error::new(&error.to_string());
        thrown.set_name("EasysyncError");
        set(&thrown, "code", error.error.code());
        set(&thrown, "messageType", error.message.as_str());
        set(&thrown, "revision", revision);
        if let Some(item) = error.item {
            set(&thrown, "item", item as u32);
        }
        set_numbers(&thrown, error.error.kind());
        Self(thrown.into())
    }

    /// An argument that no call can mean.
    pub fn argument(message: &str) -> Self {
        let thrown = js_sys::Error::new(message);
        thrown.set_name("EasysyncError");
        set(&thrown, "code", "bad-argument");
        Self(thrown.into())
    }
}

fn set(target: &js_sys::Error, key: &str, value: impl Into<JsValue>) {
    // Setting a field of an object made here cannot fail.
    let _always_true = Reflect::set(target, &key.into(), &value.into());
}

fn set_numbers(target: &js_sys::Error, kind: &ErrorKind) {
    use ErrorKind::{
        AttributionLength, BankLeftOver, BankTooShort, LengthClaim, LengthMismatch, NewlineMismatch,
        UnexpectedCharacter, UnexpectedEnd,
    };
    let (op, numbers) = match *kind {
        LengthMismatch { expected, found }
        | LengthClaim { expected, found }
        | BankLeftOver { expected, found }
        | AttributionLength { expected, found } => (None, Some((expected, found))),
        BankTooShort { op, expected, found } | NewlineMismatch { op, expected, found } => {
            (Some(op), Some((expected, found)))
        }
        UnexpectedCharacter { offset, .. } | UnexpectedEnd { offset, .. } => {
            set(target, "offset", offset as u32);
            (None, None)
        }
        _ => (None, None),
    };
    if let Some(op) = op {
        set(target, "op", op as u32);
    }
    if let Some((expected, found)) = numbers {
        set(target, "expected", expected as u32);
        set(target, "found", found as u32);
    }
}
