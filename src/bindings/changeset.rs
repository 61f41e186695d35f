//! Etherpad's functions on changesets: text in, text out. The names, defaults and objects of its module are made in JavaScript.
//!
//! Pools are JavaScript's, since plugins read them as they are; a [`Pool`] here is a copy that is brought up to date before each call.

use super::convert::{from_js_string, to_js_string};
use super::error::Thrown;
use crate::attrib::{AttribId, AttribPool, AttribSet, Attribute, EmptyValue};
use crate::changeset::{
    Assoc, AttributedLines, Changeset, Op, OpAssembler, OpMerger, Tie, compose_attribution, parse_ops, print_ops,
    slice_attribution, split_attribution_lines,
};
use crate::text::Utf16String;
use js_sys::{Array, Function, JsString};
use wasm_bindgen::prelude::*;

/// A copy of an attribute pool.
#[wasm_bindgen]
#[derive(Default)]
pub struct Pool(pub(super) AttribPool);

#[wasm_bindgen]
impl Pool {
    #[wasm_bindgen(constructor)]
    #[allow(missing_docs, reason = "as it says")]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives an attribute the next number, also if it has one.
    pub fn push(&mut self, key: &JsString, value: &JsString) {
        self.0.push(Attribute::new(from_js_string(key), from_js_string(value)));
    }

    /// How many attributes there are.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> u32 {
        self.0.len() as u32
    }

    /// The key and the value of a number.
    pub fn get(&self, number: u32) -> Result<Vec<JsString>, Thrown> {
        let Attribute { key, value } = self.0.get(AttribId(number))?;
        Ok(vec![to_js_string(key), to_js_string(value)])
    }
}

/// Throws if a changeset is not as servers accept it.
#[wasm_bindgen(js_name = checkRep)]
pub fn check_rep(changeset: &JsString) -> Result<(), Thrown> {
    Changeset::parse_utf16(&from_js_string(changeset))?;
    Ok(())
}

/// Ops in normal form; `ends` leaves out a plain keep at the end.
#[wasm_bindgen]
pub fn assemble(ops: &str, ends: bool) -> Result<String, Thrown> {
    let mut assembler = OpAssembler::new();
    parse_ops(ops)?.into_iter().for_each(|op| assembler.push(op));
    Ok(print_ops(&if ends { assembler.finish() } else { assembler.finish_open() }))
}

/// Ops merged, in the order in which they are; `ends` leaves out a plain keep at the end.
#[wasm_bindgen]
pub fn merge(ops: &str, ends: bool) -> Result<String, Thrown> {
    let (mut merger, mut out) = (OpMerger::new(), Vec::new());
    parse_ops(ops)?.into_iter().for_each(|op| merger.push(op, &mut out));
    if ends {
        merger.finish(&mut out)
    } else {
        merger.flush(&mut out)
    }
    Ok(print_ops(&out))
}

#[wasm_bindgen(js_name = applyToText)]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn apply_to_text(changeset: &JsString, text: &JsString) -> Result<JsString, Thrown> {
    Ok(to_js_string(&read(changeset)?.apply_to_text(&from_js_string(text))?))
}

#[wasm_bindgen(js_name = applyToAttribution)]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn apply_to_attribution(changeset: &JsString, attribs: &str, pool: &Pool) -> Result<String, Thrown> {
    Ok(print_ops(&compose_attribution(&parse_ops(attribs)?, &read(changeset)?, &pool.0)?))
}

#[wasm_bindgen]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn compose(first: &JsString, second: &JsString, pool: &Pool) -> Result<JsString, Thrown> {
    Ok(print(&read(first)?.compose(&read(second)?, &pool.0)?))
}

/// Many changesets, one after the other, as one.
#[wasm_bindgen(js_name = composeAll)]
pub fn compose_all(changesets: Vec<JsString>, pool: &Pool) -> Result<JsString, Thrown> {
    let all = changesets.iter().map(read).collect::<Result<Vec<_>, Thrown>>()?;
    Ok(print(&Changeset::compose_all(all, &pool.0)?.ok_or_else(|| Thrown::argument("no changesets to compose"))?))
}

#[wasm_bindgen]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn follow(first: &JsString, second: &JsString, reverse: bool, pool: &Pool) -> Result<JsString, Thrown> {
    let tie = if reverse { Tie::SelfFirst } else { Tie::OtherFirst };
    Ok(print(&read(second)?.follow(&read(first)?, tie, &pool.0)?))
}

#[wasm_bindgen(js_name = composeAttributes)]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn compose_attributes(first: &str, second: &str, is_change: bool, pool: &Pool) -> Result<String, Thrown> {
    let empty = if is_change { EmptyValue::Keep } else { EmptyValue::Delete };
    Ok(attribs(first)?.compose(&attribs(second)?, empty, &pool.0)?.to_string())
}

#[wasm_bindgen(js_name = followAttributes)]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn follow_attributes(first: &str, second: &str, pool: &Pool) -> Result<String, Thrown> {
    Ok(attribs(second)?.follow(&attribs(first)?, &pool.0)?.to_string())
}

#[wasm_bindgen(js_name = splitAttributionLines)]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn split_lines(attribs: &str, text: &JsString) -> Result<Vec<String>, Thrown> {
    Ok(split_attribution_lines(&parse_ops(attribs)?, &from_js_string(text))?.iter().map(print_ops).collect())
}

#[wasm_bindgen]
#[allow(missing_docs, reason = "as in Etherpad")]
pub fn subattribution(attribs: &str, start: u32, end: Option<u32>) -> Result<String, Thrown> {
    let end = end.map_or(usize::MAX, |end| end as usize);
    Ok(print_ops(&slice_attribution(&parse_ops(attribs)?, start as usize..end)?))
}

/// The changeset that replaces a part of a text; `attribs` is what the new text has.
#[wasm_bindgen]
pub fn splice(
    text: &JsString,
    start: u32,
    removed: u32,
    inserted: &JsString,
    attribs: &str,
) -> Result<JsString, Thrown> {
    let (text, inserted, set) = (from_js_string(text), from_js_string(inserted), self::attribs(attribs)?);
    Ok(print(&Changeset::splice(&text, start as usize, removed as usize, &inserted, &set)?))
}

/// What is replaced by what: from, to and text of each splice, one after the other.
#[wasm_bindgen(js_name = toSplices)]
pub fn to_splices(changeset: &JsString) -> Result<Array, Thrown> {
    let all = Array::new();
    for splice in read(changeset)?.splices() {
        all.push(&(splice.range.start as u32).into());
        all.push(&(splice.range.end as u32).into());
        all.push(&to_js_string(&splice.text.into()));
    }
    Ok(all)
}

/// Where a selected range goes: from and to.
#[wasm_bindgen(js_name = characterRangeFollow)]
pub fn map_range(changeset: &JsString, start: u32, end: u32, insertions_after: bool) -> Result<Vec<u32>, Thrown> {
    let assoc = if insertions_after { Assoc::Before } else { Assoc::After };
    let range = read(changeset)?.map_range(start as usize..end as usize, assoc);
    Ok(vec![range.start as u32, range.end as u32])
}

/// What happens to the attributions of lines: for each splice its start, how many lines go, and the array of those that come.
/// `line` gives the attribution of a line.
#[wasm_bindgen(js_name = applyToLines)]
pub fn apply_to_lines(changeset: &JsString, line: &Function, pool: &Pool) -> Result<Array, Thrown> {
    let all = Array::new();
    for splice in read(changeset)?.apply_to_lines(&mut HostLines { text: line, attribution: line }, &pool.0)? {
        all.push(&(splice.start as u32).into());
        all.push(&(splice.removed as u32).into());
        all.push(&splice.lines.iter().map(|line| JsString::from(print_ops(line))).collect::<Array>());
    }
    Ok(all)
}

/// The changeset that takes one back. `text` and `attribution` give a line of the document before it. `pool` gets attributes for what
/// was not there.
#[wasm_bindgen]
pub fn inverse(
    changeset: &JsString,
    text: &Function,
    attribution: &Function,
    pool: &mut Pool,
) -> Result<JsString, Thrown> {
    Ok(print(&read(changeset)?.inverse_by_lines(&mut HostLines { text, attribution }, &mut pool.0)?))
}

/// Lines that JavaScript has.
struct HostLines<'a> {
    text: &'a Function,
    attribution: &'a Function,
}

impl HostLines<'_> {
    fn get(of: &Function, line: usize) -> Result<Option<JsString>, Thrown> {
        let value = of.call1(&JsValue::NULL, &(line as u32).into()).map_err(Thrown::value)?;
        Ok(value.dyn_into::<JsString>().ok())
    }
}

impl AttributedLines for HostLines<'_> {
    type Error = Thrown;

    fn text(&mut self, line: usize) -> Result<Option<Utf16String>, Thrown> {
        Ok(Self::get(self.text, line)?.map(|text| from_js_string(&text)))
    }

    fn attribution(&mut self, line: usize) -> Result<Option<Vec<Op>>, Thrown> {
        Self::get(self.attribution, line)?.map(|ops| Ok(parse_ops(&String::from(ops))?)).transpose()
    }
}

pub(super) fn read(changeset: &JsString) -> Result<Changeset, Thrown> {
    Ok(Changeset::parse_lenient_utf16(&from_js_string(changeset))?)
}

pub(super) fn print(changeset: &Changeset) -> JsString {
    to_js_string(&changeset.to_utf16())
}

/// A list of attribute numbers, as it stands in front of an op.
fn attribs(text: &str) -> Result<AttribSet, Thrown> {
    let ops = parse_ops(&format!("{text}=1"))?;
    Ok(ops.into_iter().next().map(|op| op.attribs).unwrap_or_default())
}
