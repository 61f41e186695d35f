//! Which attributes mean what: of lines, of text, of neither.

use crate::attrib::{AttribPool, AttribSet, Attribute, EmptyValue};
use crate::error::Error;
use crate::text::Utf16String;

/// Makes a character at the start of a line its marker; so does `list`.
pub(super) const MARKER: &str = "lmkr";
pub(super) const INSERT_ORDER: &str = "insertorder";
pub(super) const LIST: &str = "list";
pub(super) const START: &str = "start";
pub(super) const HEADING: &str = "heading";
pub(super) const AUTHOR: &str = "author";

/// The text of a marker.
pub(super) const MARKER_TEXT: &[u16] = &[0x2a];

/// What belongs to a line and stands on its marker.
const LINE_KEYS: [&str; 6] = [MARKER, INSERT_ORDER, LIST, START, HEADING, "align"];

/// What text has from its history, not from its look. `removed` is what the history view marks deleted text with.
const HISTORY_KEYS: [&str; 2] = [AUTHOR, "removed"];

/// How characters look: those of the toolbar, and those of Etherpad's common plugins.
const CHARACTER_KEYS: [&str; 8] = ["bold", "italic", "underline", "strikethrough", "color", "font-size", "sub", "sup"];

/// Whether a key is one that text may be given as its format.
pub(super) fn is_format_key(key: &Utf16String) -> bool {
    !LINE_KEYS.iter().chain(&HISTORY_KEYS).any(|other| *key == **other)
}

/// Whether a key says how characters look.
pub(super) fn is_character_key(key: &Utf16String) -> bool {
    CHARACTER_KEYS.iter().any(|other| *key == **other)
}

/// Whether a marker with this attribute is needed. `start` means nothing without a list.
pub(super) fn needs_marker(key: &Utf16String) -> bool {
    let is_helper = [MARKER, INSERT_ORDER, START].iter().chain(&HISTORY_KEYS).any(|other| *key == **other);
    !is_helper && !is_character_key(key)
}

/// The value of a key; an empty one is none.
pub(super) fn value<'a>(
    attribs: &AttribSet,
    pool: &'a AttribPool,
    key: &str,
) -> Result<Option<&'a Utf16String>, Error> {
    let mut value = None;
    for &id in attribs.ids() {
        let attribute = pool.get(id)?;
        if attribute.key == key {
            value = Some(&attribute.value);
        }
    }
    Ok(value.filter(|value| !value.is_empty()))
}

/// Whether a character with these attributes is a line marker, or would be one at the start of a line.
pub(super) fn is_marker(attribs: &AttribSet, pool: &AttribPool) -> Result<bool, Error> {
    Ok(value(attribs, pool, MARKER)?.is_some() || value(attribs, pool, LIST)?.is_some())
}

/// The attributes that are a format, in the order in which they stand.
pub(super) fn format_of(attribs: &AttribSet, pool: &AttribPool) -> Result<Vec<Attribute>, Error> {
    let mut format = Vec::new();
    for &id in attribs.to_canonical(pool)?.ids() {
        let attribute = pool.get(id)?;
        if is_format_key(&attribute.key) && !attribute.value.is_empty() {
            format.push(attribute.clone());
        }
    }
    Ok(format)
}

/// A format as attributes of new text. What is no format is left out.
pub(super) fn format_set(format: &[Attribute], pool: &mut AttribPool) -> AttribSet {
    let pairs = format.iter().filter(|attribute| is_format_key(&attribute.key)).cloned();
    AttribSet::from_pairs(pairs, EmptyValue::Delete, pool)
}
