//! The class `Pad`.

use super::convert::{from_js_string, to_js_string, to_object};
use super::effects::{CountsObject, EffectObject, UnplacedObject, save_state};
use super::error::Thrown;
use super::exchange::Exchange;
use super::reading::{self, AttribSets};
use super::rich::{format, format_names, fragment, list_kind};
use crate::attrib::AttribPool;
use crate::changeset::Changeset;
use crate::client::{Caret, Pad};
use crate::document::Document;
use crate::edit;
use crate::error::Error;
use crate::protocol::KeptList;
use js_sys::{JsString, Uint32Array};
use std::ops::Range;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the host has to do, or to know, in the order in which it came about. */
export type Effect =
  /** The document is there, or is another one: the editor loads it as a whole. */
  | { type: "joined"; rev: number }
  /** A revision of someone else is in the document. Told if `tellRevisions` asked for it. */
  | { type: "revision"; rev: number; author: string | null; time: number | null }
  /** The server has what was submitted. */
  | { type: "accepted"; rev: number }
  /** To be sent to the server as it is. */
  | { type: "send"; message: string }
  /** Revisions are missing or cannot be used: connect and join afresh. What the user typed is kept. */
  | { type: "resync"; rev: number; code: string; message: string }
  /** Changes that were given to `restore` are in the document again, and part of `unsaved` like any others. */
  | { type: "restored" }
  /** Changes that were given to `restore` cannot be brought back; they stay in `unsaved` until `discard`. */
  | ({ type: "unplaced" } & Unplaced)
  /** There is no way on. The unsent text is still here, to be copied. */
  | { type: "desynchronised"; rev: number; serverRev: number }
  /** The server ended the session. */
  | { type: "disconnected"; reason: string };

/** Changes of an earlier session that cannot be brought back. */
export interface Unplaced {
  id: number;
  reason: "padReset" | "otherPad" | "otherAuthor" | "readOnly" | "doesNotFit" | "noAnswer";
  /** The text that was inserted, each piece on a line of its own; empty if nothing was but deleted or formatted. */
  text: string;
}

/** Where somebody else has the caret, or what is selected there; positions of the shown text. */
export interface Caret {
  author: string;
  anchor: number;
  head: number;
}

export type SaveState = "saved" | "saving" | "reconnecting" | "notSaved";
export type FormatName = "bold" | "italic" | "underline" | "strikethrough";

export interface Counts {
  applied: number;
  accepted: number;
  duplicates: number;
  held: number;
}

/** Rich text for paste and import. */
export interface Fragment {
  lines: FragmentLine[];
}

export interface FragmentLine {
  list?: ListKind;
  level?: number;
  start?: number;
  heading?: number;
  runs: { text: string; formats: FormatName[] }[];
}
"#;

#[wasm_bindgen(module = "/src/bindings/edge.js")]
extern "C" {
    #[wasm_bindgen(js_name = newCaret)]
    fn new_caret(author: &str, anchor: u32, head: u32) -> JsValue;
}

/// `receive`: there is something for `flush`.
const TO_SHOW: u32 = 1;
/// `receive`: there is something for `takeEffects`.
const TO_DO: u32 = 2;
/// `receive`: the message concerns more than the document.
pub(super) const FOR_HOST: u32 = 4;
/// `receive`: there is something for `proceed`.
const TO_APPLY: u32 = 8;

/// A client of one pad, with its editor's side: messages and edits in, patches and effects out.
///
/// Every position and length is a number of UTF-16 code units of the text that the editor shows, plus the final newline.
/// Every call that throws leaves the pad as it was. Call `free()` when the pad is closed.
#[wasm_bindgen(js_name = Pad)]
#[derive(Default)]
pub struct JsPad {
    pub(super) pad: Pad,
    sets: AttribSets,
    pub(super) exchange: Exchange,
}

/// The server's side.
#[wasm_bindgen(js_class = Pad)]
impl JsPad {
    /// A pad that has not been joined yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages that have waited and concern more than the document; to be taken when `proceed` has told of them.
    #[wasm_bindgen(js_name = takeMessages)]
    pub fn take_messages(&mut self) -> Vec<JsString> {
        self.pad.take_messages().into_iter().map(JsString::from).collect()
    }

    /// At most so many revisions are applied by one call of `receive`. At first there is no limit.
    #[wasm_bindgen(js_name = setSlice)]
    pub fn set_slice(&mut self, revisions: usize) {
        self.pad.set_slice(revisions);
    }

    /// Goes on with what waits, and applies at most so many revisions; the result is as that of `receive`, with 4 if `takeMessages`
    /// has any. Whoever does not call it any
    /// more has the document at `rev`, and can go on at any time. Throws as `receive` does; then nothing waits any more,
    /// and what is missing is asked for again.
    pub fn proceed(&mut self, limit: usize) -> Result<u32, Thrown> {
        match self.pad.proceed(limit) {
            Ok(_) if self.pad.client().has_messages() => Ok(self.news() | FOR_HOST),
            Ok(_) => Ok(self.news()),
            Err(error) => Err(Thrown::message(&error, self.pad.client().rev())),
        }
    }

    /// How many revisions and messages wait for `proceed`.
    #[wasm_bindgen(getter)]
    pub fn waiting(&self) -> usize {
        self.pad.client().waiting()
    }

    /// The highest revision that the server is known to have: how far `rev` has to go.
    #[wasm_bindgen(getter, js_name = knownRev)]
    pub fn known_rev(&self) -> u32 {
        self.pad.client().known_rev()
    }

    /// All that the server has not acknowledged, as a text to be stored: what the user has done here, and what was given to
    /// `restore` and is not in its place yet. Undefined if there is nothing.
    ///
    /// It has to be stored before a message of `commit` is sent. A text that was given to `restore` is to be removed from
    /// where it was in the same transaction that stores this one.
    pub fn unsaved(&self) -> Option<String> {
        self.pad.client().kept().map(|list| list.to_string())
    }

    /// A number that changes whenever `unsaved` has to be stored again.
    #[wasm_bindgen(getter, js_name = unsavedVersion)]
    pub fn unsaved_version(&self) -> f64 {
        self.pad.client().kept_version() as f64
    }

    /// Takes what `unsaved` has given in an earlier session, at any time, also before the join. An effect tells what came of
    /// it. Throws if the text is not one of `unsaved`.
    pub fn restore(&mut self, unsaved: &str) -> Result<u32, Thrown> {
        self.pad.restore(KeptList::parse(unsaved)?);
        Ok(self.news())
    }

    /// Whether something that was given to `restore` is still on its way to its place.
    #[wasm_bindgen(getter, js_name = isRestoring)]
    pub fn is_restoring(&self) -> bool {
        self.pad.client().is_restoring()
    }

    /// What was given to `restore` and cannot be brought back.
    #[wasm_bindgen(unchecked_return_type = "Unplaced[]")]
    pub fn unplaced(&self) -> Result<JsValue, Thrown> {
        to_object(&self.pad.client().unplaced().map(UnplacedObject::from).collect::<Vec<_>>())
    }

    /// The user has taken notice of one of `unplaced`; it is not kept any more. False if there is none of this id.
    pub fn discard(&mut self, id: u32) -> bool {
        self.pad.discard(id)
    }

    /// Looks at the clock. To be called every second or so while `isWaiting`. The result is as that of
    /// `receive`.
    pub fn expire(&mut self, now: f64) -> u32 {
        self.pad.expire(now);
        self.news()
    }

    /// Whether something is waited for that may never come.
    #[wasm_bindgen(getter, js_name = isWaiting)]
    pub fn is_waiting(&self) -> bool {
        self.pad.client().is_waiting()
    }

    /// The messages of `commit` have at most so many bytes; what takes more goes in several, one after the other. At first it is
    /// 950,000: servers end connections that send messages above their limit.
    #[wasm_bindgen(js_name = setCommitLimit)]
    pub fn set_commit_limit(&mut self, bytes: usize) {
        self.pad.set_commit_limit(bytes);
    }

    /// The message that commits what was not sent yet; undefined if there is nothing, or as many commits are under way as the
    /// server takes: one, or two if the join said that two may be (`easysync: { capabilities: 3 }`) and the server said so too.
    pub fn commit(&mut self) -> Result<Option<String>, Thrown> {
        Ok(self.pad.commit()?)
    }

    /// How many commits have no answer yet.
    #[wasm_bindgen(getter, js_name = inFlight)]
    pub fn in_flight(&self) -> usize {
        self.pad.client().in_flight()
    }

    /// From now on `commit` makes no new commit. When `inFlight` is 0, the connection can be closed; what is not sent is part of
    /// `unsaved`.
    pub fn finish(&mut self) {
        self.pad.finish();
    }

    /// There is a connection, and the server was asked for a join on it. If no answer comes in time, `expire` asks for another.
    pub fn connected(&mut self) {
        self.pad.connected();
    }

    /// The connection is lost. Editing goes on.
    pub fn disconnected(&mut self) {
        self.pad.disconnected();
    }

    /// Takes what the host has to do.
    #[wasm_bindgen(js_name = takeEffects, unchecked_return_type = "Effect[]")]
    pub fn take_effects(&mut self) -> Result<JsValue, Thrown> {
        let effects = std::iter::from_fn(|| self.pad.next_effect()).map(EffectObject::from).collect::<Vec<_>>();
        to_object(&effects)
    }

    /// Whether each revision is told by an effect; at first it is not.
    #[wasm_bindgen(js_name = tellRevisions)]
    pub fn tell_revisions(&mut self, tells: bool) {
        self.pad.tell_revisions(tells);
    }

    /// The last revision of the server that is in the document.
    #[wasm_bindgen(getter)]
    pub fn rev(&self) -> u32 {
        self.pad.client().rev()
    }

    /// Who one is; empty before the join.
    #[wasm_bindgen(getter)]
    pub fn author(&self) -> JsString {
        to_js_string(self.pad.client().author())
    }

    /// Whether one may only read.
    #[wasm_bindgen(getter, js_name = isReadOnly)]
    pub fn is_read_only(&self) -> bool {
        self.pad.client().is_read_only()
    }

    /// Whether the server is connected and joined, and everything missed has come.
    #[wasm_bindgen(getter, js_name = isLive)]
    pub fn is_live(&self) -> bool {
        self.pad.client().is_live()
    }

    /// Whether the user's work is saved.
    #[wasm_bindgen(getter, js_name = saveState, unchecked_return_type = "SaveState")]
    pub fn save_state(&self) -> String {
        save_state(self.pad.client().save_state()).to_owned()
    }

    /// Whether the server has not acknowledged everything.
    #[wasm_bindgen(getter, js_name = hasUncommitted)]
    pub fn has_uncommitted(&self) -> bool {
        self.pad.client().has_uncommitted()
    }

    /// What went by.
    #[wasm_bindgen(unchecked_return_type = "Counts")]
    pub fn counts(&self) -> Result<JsValue, Thrown> {
        to_object(&CountsObject::from(self.pad.client().counts()))
    }
}

/// The editor's side.
#[wasm_bindgen(js_class = Pad)]
impl JsPad {
    /// The length of the text, the final newline included.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.pad.shown().len_utf16()
    }

    /// A part of the text; lone surrogates are kept.
    pub fn text(&self, from: usize, to: usize) -> Result<JsString, Thrown> {
        Ok(to_js_string(&self.pad.shown().slice(from..to)?))
    }

    /// The attributes of a part of the text, in pairs: the length of a run, and a number for `attribs`.
    pub fn runs(&mut self, from: usize, to: usize) -> Result<Uint32Array, Thrown> {
        self.sets.runs(self.pad.shown(), self.pad.client().pool(), from..to)
    }

    /// The attributes that a number of `runs` stands for: key, value, key, value and so on. The same number always means
    /// the same.
    pub fn attribs(&self, number: usize) -> Result<Vec<JsString>, Thrown> {
        self.sets.attribs(number)
    }

    /// Two positions of the shown text outside of which the next `flush` changes nothing; none if it changes nothing at all.
    /// An editor that does not show what is between them may leave it for later.
    #[wasm_bindgen(js_name = behindAt)]
    pub fn behind_at(&self) -> Vec<u32> {
        self.pad.behind_at().map_or_else(Vec::new, |range| vec![range.start as u32, range.end as u32])
    }

    /// Whether `flush` has something to tell.
    #[wasm_bindgen(getter, js_name = isBehind)]
    pub fn is_behind(&self) -> bool {
        self.pad.is_behind()
    }

    /// Takes what the user has done in the editor. `changes` has three numbers for each change, ascending: from and to in
    /// the text before, and the length of what comes there; `text` has all inserts, one after the other. They get the
    /// formats named, or without names those of the text around them. True if the editor shows something for the moment that the
    /// user has not meant, a line marker within a line for instance: `flush` should follow soon.
    pub fn edit(
        &mut self,
        changes: &[u32],
        text: &JsString,
        #[wasm_bindgen(unchecked_optional_param_type = "FormatName[]")] formats: Option<Vec<String>>,
    ) -> Result<bool, Thrown> {
        let text = from_js_string(text);
        let formats = formats.map(|names| names.iter().map(|name| format(name)).collect::<Result<Vec<_>, _>>());
        let mut rest = &*text;
        let mut splices = Vec::new();
        for change in changes.chunks(3) {
            let &[from, to, inserted] = change else {
                return Err(Thrown::argument("changes come as from, to, length"));
            };
            let (insert, after) = rest
                .split_at_checked(inserted as usize)
                .ok_or_else(|| Thrown::argument("the lengths of the inserts add up to more than the text"))?;
            splices.push((from as usize..to as usize, insert));
            rest = after;
        }
        if !rest.is_empty() {
            return Err(Thrown::argument("the lengths of the inserts add up to less than the text"));
        }
        Ok(self.pad.edit(&splices, formats.transpose()?.as_deref(), now())?)
    }

    /// Sets a format on a range, or removes it if all of it has it.
    #[wasm_bindgen(js_name = toggleFormat)]
    pub fn toggle_format(
        &mut self,
        from: usize,
        to: usize,
        #[wasm_bindgen(unchecked_param_type = "FormatName")] name: &str,
    ) -> Result<(), Thrown> {
        format(name)?;
        self.change(|doc, pool| edit::toggle_format(doc, pool, from..to, name))
    }

    /// Whether all text of a range, and there is some, has a format.
    #[wasm_bindgen(js_name = hasFormat)]
    pub fn has_format(
        &self,
        from: usize,
        to: usize,
        #[wasm_bindgen(unchecked_param_type = "FormatName")] name: &str,
    ) -> Result<bool, Thrown> {
        Ok(edit::has_format(self.pad.shown(), self.pad.client().pool(), from..to, name)?)
    }

    /// The formats that text typed at a position gets.
    #[wasm_bindgen(js_name = formatsAt, unchecked_return_type = "FormatName[]")]
    pub fn formats_at(&self, position: usize) -> Result<Vec<String>, Thrown> {
        Ok(format_names(&edit::format_at(self.pad.shown(), self.pad.client().pool(), position)?))
    }

    /// Takes formats off the text of a range, and lists and headings off its lines.
    #[wasm_bindgen(js_name = clearFormatting)]
    pub fn clear_formatting(&mut self, from: usize, to: usize) -> Result<(), Thrown> {
        self.change(|doc, pool| edit::clear_formatting(doc, pool, from..to))
    }

    /// Takes the author off a range, or off the whole document if the range is empty.
    #[wasm_bindgen(js_name = clearAuthorship)]
    pub fn clear_authorship(&mut self, from: usize, to: usize) -> Result<(), Thrown> {
        self.change(|doc, pool| edit::clear_authorship(doc, pool, from..to))
    }

    /// Puts the lines that a range touches into a list, or takes them out if all are of that kind.
    #[wasm_bindgen(js_name = toggleList)]
    pub fn toggle_list(
        &mut self,
        from: usize,
        to: usize,
        #[wasm_bindgen(unchecked_param_type = "ListKind")] kind: &str,
    ) -> Result<(), Thrown> {
        let kind = list_kind(kind)?;
        self.change_lines(from..to, |doc, pool, lines| edit::toggle_list(doc, pool, lines, kind))
    }

    /// Moves the lines that a range touches in by levels, out if negative.
    pub fn indent(&mut self, from: usize, to: usize, by: i32) -> Result<(), Thrown> {
        self.change_lines(from..to, |doc, pool, lines| edit::indent(doc, pool, lines, by))
    }

    /// Makes the lines that a range touches headings of a level, 1 to 6, or for 0 no headings.
    #[wasm_bindgen(js_name = setHeading)]
    pub fn set_heading(&mut self, from: usize, to: usize, level: u8) -> Result<(), Thrown> {
        let level = (level > 0).then_some(level);
        self.change_lines(from..to, |doc, pool, lines| edit::set_heading(doc, pool, lines, level))
    }

    /// What the line is in which a position lies.
    #[wasm_bindgen(js_name = lineFormat, unchecked_return_type = "LineFormat")]
    pub fn line_format(&self, position: usize) -> Result<JsValue, Thrown> {
        reading::line_format(self.pad.shown(), self.pad.client().pool(), position)
    }

    /// The Enter key: replaces a range by a line break that goes on with a list. Gives back where the caret is after the
    /// next flush.
    pub fn enter(&mut self, from: usize, to: usize) -> Result<usize, Thrown> {
        Ok(self.pad.change(now(), |doc, pool| edit::enter(doc, pool, from..to))?)
    }

    /// The Backspace key where it means something else than to delete: at the beginning of a list item or heading. Gives
    /// back where the caret is after the next flush; undefined where it means to delete.
    #[wasm_bindgen(js_name = deleteBackward)]
    pub fn delete_backward(&mut self, position: usize) -> Result<Option<usize>, Thrown> {
        let mut applies = true;
        let caret = self.pad.change(now(), |doc, pool| {
            Ok(match edit::delete_backward(doc, pool, position)? {
                Some(change) => change,
                None => {
                    applies = false;
                    (Changeset::identity(doc.len_utf16())?, position)
                }
            })
        })?;
        Ok(applies.then_some(caret))
    }

    /// Replaces a range by rich text. Gives back where the caret is after the next flush.
    #[wasm_bindgen(js_name = insertFragment)]
    pub fn insert_fragment(
        &mut self,
        from: usize,
        to: usize,
        #[wasm_bindgen(js_name = rich, unchecked_param_type = "Fragment")] rich: JsValue,
    ) -> Result<usize, Thrown> {
        let rich = fragment(&rich)?;
        Ok(self.pad.change(now(), |doc, pool| edit::insert_fragment(doc, pool, from..to, &rich))?)
    }

    /// A range as HTML for the clipboard; everything in it is escaped.
    pub fn html(&self, from: usize, to: usize) -> Result<String, Thrown> {
        reading::html(self.pad.shown(), self.pad.client().pool(), from..to)
    }

    /// A range as plain text for the clipboard: what people see, without line markers.
    #[wasm_bindgen(js_name = plainText)]
    pub fn plain_text(&self, from: usize, to: usize) -> Result<JsString, Thrown> {
        reading::plain_text(self.pad.shown(), self.pad.client().pool(), from..to)
    }

    /// The document as an HTML page; everything in it is escaped.
    #[wasm_bindgen(js_name = exportHtml)]
    pub fn export_html(&self, title: &str) -> Result<String, Thrown> {
        Ok(edit::document_to_html(self.pad.shown(), self.pad.client().pool(), title)?)
    }

    /// The document as plain text, as Etherpad exports it.
    #[wasm_bindgen(js_name = exportText)]
    pub fn export_text(&self) -> Result<JsString, Thrown> {
        Ok(to_js_string(&edit::to_plain_text(self.pad.shown(), self.pad.client().pool())?))
    }

    /// Whether the carets of others are kept, so that `carets` tells them; at first they are not.
    #[wasm_bindgen(js_name = trackCarets)]
    pub fn track_carets(&mut self, tracks: bool) {
        self.pad.track_carets(tracks);
    }

    /// Somebody else tells a caret, as `caretToTell` gave it there. From then on it goes along with all changes. False if it
    /// cannot be placed: its revision is too long ago, or there are too many carets.
    #[wasm_bindgen(js_name = placeCaret)]
    pub fn place_caret(&mut self, author: &str, rev: u32, anchor: usize, head: usize) -> bool {
        self.pad.place_caret(author, rev, Caret { anchor, head })
    }

    /// Somebody has no caret any more.
    #[wasm_bindgen(js_name = removeCaret)]
    pub fn remove_caret(&mut self, author: &str) {
        self.pad.remove_caret(author);
    }

    /// The carets of others, in positions of the shown text.
    #[wasm_bindgen(unchecked_return_type = "Caret[]")]
    pub fn carets(&self) -> Vec<JsValue> {
        self.pad.carets().map(|(author, caret)| new_caret(author, caret.anchor as u32, caret.head as u32)).collect()
    }

    /// A caret of one's own as others are to be told it: a revision, and where anchor and head are in it. Empty before the
    /// join.
    #[wasm_bindgen(js_name = caretToTell)]
    pub fn caret_to_tell(&self, anchor: usize, head: usize) -> Vec<u32> {
        let told = self.pad.caret_to_tell(Caret { anchor, head });
        told.map_or_else(Vec::new, |(rev, caret)| vec![rev, caret.anchor as u32, caret.head as u32])
    }

    /// Takes back the user's last step; false if there is none.
    pub fn undo(&mut self) -> Result<bool, Thrown> {
        Ok(self.pad.undo()?)
    }

    /// Brings back what the last undo took; false if there is nothing.
    pub fn redo(&mut self) -> Result<bool, Thrown> {
        Ok(self.pad.redo()?)
    }

    /// Whether there is something of the user's to take back.
    #[wasm_bindgen(getter, js_name = canUndo)]
    pub fn can_undo(&self) -> bool {
        self.pad.can_undo()
    }

    /// Whether there is something to bring back.
    #[wasm_bindgen(getter, js_name = canRedo)]
    pub fn can_redo(&self) -> bool {
        self.pad.can_redo()
    }
}

impl JsPad {
    pub(super) fn news(&self) -> u32 {
        let to_show = if self.pad.is_behind() { TO_SHOW } else { 0 };
        let to_do = if self.pad.has_effects() { TO_DO } else { 0 };
        let to_apply = if self.pad.client().has_waiting() { TO_APPLY } else { 0 };
        to_show | to_do | to_apply
    }

    fn change(
        &mut self,
        make: impl FnOnce(&Document, &mut AttribPool) -> Result<Changeset, Error>,
    ) -> Result<(), Thrown> {
        self.pad.change(now(), |doc, pool| Ok((make(doc, pool)?, 0)))?;
        Ok(())
    }

    fn change_lines(
        &mut self,
        range: Range<usize>,
        make: impl FnOnce(&Document, &mut AttribPool, Range<usize>) -> Result<Changeset, Error>,
    ) -> Result<(), Thrown> {
        self.change(|doc, pool| {
            let lines = edit::touched_lines(doc, range)?;
            make(doc, pool, lines)
        })
    }
}

/// Milliseconds since 1970.
fn now() -> f64 {
    js_sys::Date::now()
}
