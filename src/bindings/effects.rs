//! What a pad tells its host, to JavaScript.

use super::convert::to_js_string;
use crate::client::{Counts, Effect, Misfit, SaveState, Unplaced};
use js_sys::JsString;
use serde::Serialize;

pub(super) fn save_state(state: SaveState) -> &'static str {
    match state {
        SaveState::Saved => "saved",
        SaveState::Saving => "saving",
        SaveState::Reconnecting => "reconnecting",
        SaveState::NotSaved => "notSaved",
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum EffectObject {
    Joined { rev: u32 },
    Revision { rev: u32, author: Option<String>, time: Option<f64> },
    Accepted { rev: u32 },
    Send { message: String },
    Resync { rev: u32, code: &'static str, message: String },
    Restored,
    Unplaced(UnplacedObject),
    Desynchronised { rev: u32, server_rev: u32 },
    Disconnected { reason: String },
}

impl From<Effect> for EffectObject {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Joined { rev } => Self::Joined { rev },
            Effect::Applied { rev, author, time, .. } => {
                Self::Revision { rev, author: author.map(|author| author.to_string()), time }
            }
            Effect::Accepted { rev } => Self::Accepted { rev },
            Effect::Send(message) => Self::Send { message },
            Effect::Resync { rev, error } => Self::Resync { rev, code: error.error.code(), message: error.to_string() },
            Effect::Restored { .. } => Self::Restored,
            Effect::Unplaced(unplaced) => Self::Unplaced(unplaced.into()),
            Effect::Desynchronised { rev, server_rev } => Self::Desynchronised { rev, server_rev },
            Effect::Disconnected { reason } => Self::Disconnected { reason },
        }
    }
}

#[derive(Serialize)]
pub(super) struct UnplacedObject {
    id: u32,
    reason: &'static str,
    // serde knows text only as UTF-8; a value keeps the string as it is.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    text: JsString,
}

impl From<Unplaced> for UnplacedObject {
    fn from(unplaced: Unplaced) -> Self {
        let reason = match unplaced.reason {
            Misfit::PadReset => "padReset",
            Misfit::OtherPad => "otherPad",
            Misfit::OtherAuthor => "otherAuthor",
            Misfit::ReadOnly => "readOnly",
            Misfit::DoesNotFit => "doesNotFit",
            Misfit::NoAnswer => "noAnswer",
        };
        Self { id: unplaced.id, reason, text: to_js_string(&unplaced.text) }
    }
}

#[derive(Serialize)]
pub(super) struct CountsObject {
    applied: f64,
    accepted: f64,
    duplicates: f64,
    held: f64,
}

impl From<Counts> for CountsObject {
    fn from(counts: Counts) -> Self {
        Self {
            applied: counts.applied as f64,
            accepted: counts.accepted as f64,
            duplicates: counts.duplicates as f64,
            held: counts.held as f64,
        }
    }
}
