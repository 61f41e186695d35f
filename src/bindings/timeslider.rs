//! The classes `Slider` and `EtherpadFile`.

use super::convert::{to_js_string, to_object};
use super::error::Thrown;
use super::facts::{
    AuthorObject, BlameRunObject, FileProgressObject, RevisionObject, SavedObject, ShareObject, WrittenObject,
};
use super::reading::{self, AttribSets};
use crate::attrib::AttribPool;
use crate::document::ShownPatch;
use crate::edit;
use crate::error::{Error, ErrorKind};
use crate::text::Utf16String;
use crate::timeslider::{BlameState, EtherpadFile, Seek, Slider, SliderEffect, Timeline};
use js_sys::{Array, Float64Array, JsString, Uint32Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the host of a `Slider` has to do, or to know, in the order in which it came about. */
export type SliderEffect =
  /** The pad is there, for the first time or as another one under the same name: seek what is to be shown. */
  | { type: "joined"; rev: number }
  /** There are new revisions. */
  | { type: "head"; rev: number }
  /** To be sent to the server as it is. */
  | { type: "send"; message: string }
  /** What a seek waited for is shown. */
  | { type: "shown"; rev: number; patch: Patch }
  /** Somebody has marked a revision. */
  | { type: "saved"; rev: number }
  /** A revision cannot be had. What is shown stays. */
  | { type: "failed"; rev: number; code: string; message: string }
  /** The server ended the session. */
  | { type: "disconnected"; reason: string };

/** What is known of a revision. */
export interface RevisionFacts {
  rev: number;
  /** `null` if nobody knows; empty for the server itself. */
  author: string | null;
  /** Milliseconds since 1970, if it is known yet. */
  time: number | null;
}

/** Somebody who has written in a pad. */
export interface HistoryAuthor {
  id: string;
  name: string | null;
  /** `#rrggbb`, or the number of a colour in the server's palette. */
  color: string;
}

/** How much of a text is somebody's. */
export interface AuthorShare {
  author: string;
  length: number;
}

/** How much was written over some revisions, and by whom. */
export interface Written {
  /** Who inserted how much, the most first; the empty author is nobody known. */
  shares: AuthorShare[];
  removed: number;
  /** Of how many steps it is made: fewer than the revisions while some are only known by what ten or a hundred came to. */
  steps: number;
}

/** A revision that somebody has marked. */
export interface SavedRevision {
  rev: number;
  label: string;
  author: string;
  time: number | null;
}

/** Text that came into a document in one go. The revisions differ as long as it is not known more exactly. */
export interface BlameRun {
  length: number;
  author: string | null;
  firstRev: number;
  lastRev: number;
  time: number | null;
}

/** What is different in one revision's text from that of another. */
export interface Difference {
  /** Three numbers for each change, ascending: from and to in the text of the first, and the length of what the second has there. */
  changes: Uint32Array;
  /** What the first has in these places, one after the other. */
  removed: string;
  /** Two numbers for each stretch that has other attributes in the second: from and to, in its text. */
  formatted: Uint32Array;
}

/** How far the reading of a file is. */
export interface FileProgress {
  /** Revisions read. */
  done: number;
  /** How many there are, once that is known. */
  total: number | null;
  bytes: number;
  /** Whether nothing more can be done without more bytes. */
  needsMore: boolean;
}
"#;

#[wasm_bindgen(module = "/src/bindings/edge.js")]
extern "C" {
    #[wasm_bindgen(js_name = shownEffect)]
    fn shown_effect(rev: u32, patch: JsValue) -> JsValue;
    #[wasm_bindgen(js_name = newDifference)]
    fn new_difference(changes: Uint32Array, removed: JsString, formatted: Uint32Array) -> JsValue;
}

/// The history of one pad and the revision of it that is shown.
///
/// Every position and length is a number of UTF-16 code units of the text that is shown, plus the final newline. Times are
/// milliseconds: `now` of any clock, those of revisions since 1970. Every call that throws leaves what is shown as it was.
/// Call `free()` when the history is closed.
#[wasm_bindgen(js_name = Slider)]
#[derive(Default)]
pub struct JsSlider {
    slider: Slider,
    sets: AttribSets,
}

/// The server's side.
#[wasm_bindgen(js_class = Slider)]
impl JsSlider {
    /// The history of a pad on a server, which has not been joined yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a message from the server, as the text that came over the wire. There may be something for `takeEffects`
    /// afterwards, also if it throws what is wrong with the message.
    pub fn receive(&mut self, message: &str, now: f64) -> Result<(), Thrown> {
        let shown = self.slider.shown_rev().unwrap_or_default();
        self.slider.receive(message, now).map_err(|error| Thrown::message(&error, shown))
    }

    /// Looks at the clock. To be called some times a second while `isWaiting`.
    pub fn expire(&mut self, now: f64) {
        self.slider.expire(now);
    }

    /// Whether something is to come or to be sent.
    #[wasm_bindgen(getter, js_name = isWaiting)]
    pub fn is_waiting(&self) -> bool {
        self.slider.is_waiting()
    }

    /// The connection is lost. What is at hand can still be seen.
    pub fn disconnected(&mut self) {
        self.slider.disconnected();
    }

    /// Takes what the host has to do.
    #[wasm_bindgen(js_name = takeEffects, unchecked_return_type = "SliderEffect[]")]
    pub fn take_effects(&mut self) -> Result<JsValue, Thrown> {
        let effects = Array::new();
        while let Some(effect) = self.slider.next_effect() {
            if matches!(effect, SliderEffect::Joined { .. }) {
                self.sets.change_pool();
            }
            effects.push(&effect_object(effect)?);
        }
        Ok(effects.into())
    }
}

/// The revisions.
#[wasm_bindgen(js_class = Slider)]
impl JsSlider {
    /// The newest revision, once there is one.
    #[wasm_bindgen(getter)]
    pub fn head(&self) -> Option<u32> {
        self.slider.head()
    }

    /// The revision that is shown, once there is one.
    #[wasm_bindgen(getter, js_name = shownRev)]
    pub fn shown_rev(&self) -> Option<u32> {
        self.slider.shown_rev()
    }

    /// The revision that was sought and is not there yet.
    #[wasm_bindgen(getter, js_name = targetRev)]
    pub fn target_rev(&self) -> Option<u32> {
        self.slider.target_rev()
    }

    /// Wants to see a revision. Gives what is to be applied to the text on the screen, the first time to an empty one;
    /// undefined if the server has to be asked: then an effect follows. A wish that still waits is given up for the new one.
    #[wasm_bindgen(unchecked_return_type = "Patch | undefined")]
    pub fn seek(&mut self, rev: u32, now: f64) -> Result<JsValue, Thrown> {
        Ok(match self.slider.seek(rev, now)? {
            Seek::Shown(patch) => reading::patch(&patch),
            Seek::Waiting => JsValue::UNDEFINED,
        })
    }

    /// Who made a revision, and when.
    #[wasm_bindgen(unchecked_return_type = "RevisionFacts")]
    pub fn revision(&mut self, rev: u32) -> Result<JsValue, Thrown> {
        to_object(&RevisionObject::from(self.timeline()?.revision(rev)?))
    }

    /// When revisions were made and how long their texts are, as far as both are at hand: two numbers for each of `revs`,
    /// not a number where one is not known.
    pub fn outline(&mut self, revs: &[u32]) -> Result<Float64Array, Thrown> {
        let timeline = self.timeline()?;
        let mut facts = Vec::with_capacity(revs.len() * 2);
        for &rev in revs {
            facts.push(timeline.revision(rev)?.time.unwrap_or(f64::NAN));
            facts.push(timeline.document_at(rev)?.map_or(f64::NAN, |document| document.len_utf16() as f64));
        }
        Ok(Float64Array::from(&*facts))
    }

    /// How much was written in the revisions from one up to another, which does not count, if that can be told from more than
    /// `known` steps; otherwise undefined.
    #[wasm_bindgen(unchecked_return_type = "Written | undefined")]
    pub fn written(&mut self, from: u32, to: u32, known: u32) -> Result<JsValue, Thrown> {
        match self.timeline()?.written(from..to, known)? {
            Some(written) => to_object(&WrittenObject::from(written)),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Everyone who is known to have written here.
    #[wasm_bindgen(unchecked_return_type = "HistoryAuthor[]")]
    pub fn authors(&self) -> Result<JsValue, Thrown> {
        let authors = self.slider.timeline().map_or(&[][..], Timeline::authors);
        to_object(&authors.iter().map(AuthorObject::from).collect::<Vec<_>>())
    }

    /// Whose text is in what is shown, the most first.
    #[wasm_bindgen(js_name = authorShares, unchecked_return_type = "AuthorShare[]")]
    pub fn author_shares(&mut self) -> Result<JsValue, Thrown> {
        let shares = match self.slider.shown_rev() {
            Some(rev) => self.timeline()?.authors_at(rev)?,
            None => None,
        };
        to_object(&shares.unwrap_or_default().into_iter().map(ShareObject::from).collect::<Vec<_>>())
    }

    /// The revisions that somebody has marked.
    #[wasm_bindgen(js_name = savedRevisions, unchecked_return_type = "SavedRevision[]")]
    pub fn saved_revisions(&self) -> Result<JsValue, Thrown> {
        let saved = self.slider.timeline().map_or(&[][..], Timeline::saved_revisions);
        to_object(&saved.iter().map(SavedObject::from).collect::<Vec<_>>())
    }

    /// What is different in a revision from another one, earlier or later; undefined if one of them is not at hand: seek
    /// it first.
    #[wasm_bindgen(unchecked_return_type = "Difference | undefined")]
    pub fn difference(&mut self, from: u32, to: u32) -> Result<JsValue, Thrown> {
        let timeline = self.timeline()?;
        let (Some(old), Some(new)) = (timeline.document_at(from)?, timeline.document_at(to)?) else {
            return Ok(JsValue::UNDEFINED);
        };
        let ShownPatch { changes, formatted, .. } = ShownPatch::from_patch(&old.diff(&new), &old, &new);
        let mut removed = Utf16String::new();
        for change in changes.chunks_exact(3) {
            if let &[from, to, _] = change {
                removed.push_units(&old.slice(from as usize..to as usize)?);
            }
        }
        Ok(new_difference(Uint32Array::from(&*changes), to_js_string(&removed), Uint32Array::from(&*formatted)))
    }

    /// Begins to find out who wrote each part of a range of what is shown, and when; what was begun before is given up.
    #[wasm_bindgen(js_name = beginBlame)]
    pub fn begin_blame(&mut self, from: usize, to: usize) -> Result<(), Thrown> {
        let rev = self.slider.shown_rev().ok_or_else(not_joined)?;
        self.slider.blame(rev, from..to)?;
        Ok(())
    }

    /// Does at most so many steps of that. There may be something for `takeEffects` afterwards.
    #[wasm_bindgen(js_name = advanceBlame, unchecked_return_type = "\"working\" | \"waiting\" | \"done\"")]
    pub fn advance_blame(&mut self, steps: u32, now: f64) -> Result<String, Thrown> {
        let state = match self.slider.advance_blame(steps, now)? {
            BlameState::Working => "working",
            BlameState::Waiting => "waiting",
            BlameState::Done => "done",
        };
        Ok(state.to_owned())
    }

    /// What is known so far of what `beginBlame` began, in order.
    #[wasm_bindgen(js_name = blameRuns, unchecked_return_type = "BlameRun[]")]
    pub fn blame_runs(&mut self) -> Result<JsValue, Thrown> {
        to_object(&self.slider.blame_runs()?.into_iter().map(BlameRunObject::from).collect::<Vec<_>>())
    }
}

/// What is shown, as an editor asks for it.
#[wasm_bindgen(js_class = Slider)]
impl JsSlider {
    /// The length of the text, the final newline included.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.slider.shown().len_utf16()
    }

    /// A part of the text; lone surrogates are kept.
    pub fn text(&self, from: usize, to: usize) -> Result<JsString, Thrown> {
        Ok(to_js_string(&self.slider.shown().slice(from..to)?))
    }

    /// The attributes of a part of the text, in pairs: the length of a run, and a number for `attribs`.
    pub fn runs(&mut self, from: usize, to: usize) -> Result<Uint32Array, Thrown> {
        let Some(timeline) = self.slider.timeline() else { return Ok(Uint32Array::new_with_length(0)) };
        self.sets.runs(self.slider.shown(), timeline.pool(), from..to)
    }

    /// The attributes that a number of `runs` stands for: key, value, key, value and so on. The same number always means
    /// the same.
    pub fn attribs(&self, number: usize) -> Result<Vec<JsString>, Thrown> {
        self.sets.attribs(number)
    }

    /// What the line is in which a position lies.
    #[wasm_bindgen(js_name = lineFormat, unchecked_return_type = "LineFormat")]
    pub fn line_format(&self, position: usize) -> Result<JsValue, Thrown> {
        reading::line_format(self.slider.shown(), self.pool()?, position)
    }

    /// A range as HTML for the clipboard; everything in it is escaped.
    pub fn html(&self, from: usize, to: usize) -> Result<String, Thrown> {
        reading::html(self.slider.shown(), self.pool()?, from..to)
    }

    /// A range as plain text for the clipboard: what people see, without line markers.
    #[wasm_bindgen(js_name = plainText)]
    pub fn plain_text(&self, from: usize, to: usize) -> Result<JsString, Thrown> {
        reading::plain_text(self.slider.shown(), self.pool()?, from..to)
    }

    /// What is shown as an HTML page; everything in it is escaped.
    #[wasm_bindgen(js_name = exportHtml)]
    pub fn export_html(&self, title: &str) -> Result<String, Thrown> {
        Ok(edit::document_to_html(self.slider.shown(), self.pool()?, title)?)
    }

    /// What is shown as plain text, as Etherpad exports it.
    #[wasm_bindgen(js_name = exportText)]
    pub fn export_text(&self) -> Result<JsString, Thrown> {
        Ok(to_js_string(&edit::to_plain_text(self.slider.shown(), self.pool()?)?))
    }
}

impl JsSlider {
    fn timeline(&mut self) -> Result<&mut Timeline, Thrown> {
        Ok(self.slider.timeline_mut().ok_or_else(not_joined)?)
    }

    fn pool(&self) -> Result<&AttribPool, Thrown> {
        Ok(self.slider.timeline().map(Timeline::pool).ok_or_else(not_joined)?)
    }
}

/// A `.etherpad` file: a pad with all its revisions, read as its bytes come in.
///
/// Push some bytes, advance until the progress needs more, push the next, and finish, which gives the history. To cancel, call
/// `free()`. What any of the calls throws names the record that is to blame, and the file cannot be read on.
#[wasm_bindgen(js_name = EtherpadFile)]
#[derive(Default)]
pub struct JsEtherpadFile {
    file: EtherpadFile,
}

#[wasm_bindgen(js_class = EtherpadFile)]
impl JsEtherpadFile {
    /// A file of which nothing has come.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the file, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.file.push(bytes);
    }

    /// Reads at most so many records of what has been pushed; one is some microseconds.
    #[wasm_bindgen(unchecked_return_type = "FileProgress")]
    pub fn advance(&mut self, records: u32) -> Result<JsValue, Thrown> {
        to_object(&FileProgressObject::from(self.file.advance(records)?))
    }

    /// The history in the file, after all bytes have been pushed. This object is used up, also if it throws.
    pub fn finish(self) -> Result<JsSlider, Thrown> {
        Ok(JsSlider { slider: Slider::of(self.file.finish()?), sets: AttribSets::default() })
    }
}

fn not_joined() -> Error {
    ErrorKind::NotJoined.into()
}

fn effect_object(effect: SliderEffect) -> Result<JsValue, Thrown> {
    /// All but what has a patch.
    #[derive(serde::Serialize)]
    #[serde(tag = "type", rename_all = "camelCase")]
    enum Plain {
        Joined { rev: u32 },
        Head { rev: u32 },
        Send { message: String },
        Saved { rev: u32 },
        Failed { rev: u32, code: &'static str, message: String },
        Disconnected { reason: String },
    }
    to_object(&match effect {
        SliderEffect::Shown { rev, patch } => return Ok(shown_effect(rev, reading::patch(&patch))),
        SliderEffect::Joined { rev } => Plain::Joined { rev },
        SliderEffect::Head { rev } => Plain::Head { rev },
        SliderEffect::Send(message) => Plain::Send { message },
        SliderEffect::Saved(saved) => Plain::Saved { rev: saved.rev },
        SliderEffect::Failed { rev, error } => {
            Plain::Failed { rev, code: error.error.code(), message: error.to_string() }
        }
        SliderEffect::Disconnected { reason } => Plain::Disconnected { reason },
    })
}
