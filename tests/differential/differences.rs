//! Where Etherpad 1.8.14 and this crate are known to differ, and how each such place is recognised.

use crate::cases::{Call, Case, wire};
use crate::generate::{Flavour, touches_end};
use crate::oracle::{decode, encode};
use easysync::{AttribId, AttribSet, Changeset, Op, OpAssembler, OpKind, parse_ops, print_ops};
use serde_json::Value;

pub struct Difference {
    pub name: &'static str,
    pub reason: &'static str,
    /// Whether this, and nothing else, makes `theirs` differ from the call's own answer.
    pub explains: fn(&Case, &Call, &Value) -> bool,
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "order within attribute sets",
        reason: "1.8.14 sorts by \"key,value\" in one string, 3.x by key; seen if a key goes on where another ends",
        explains: |case, call, theirs| same_but_for_order(case, &call.ours, theirs),
    },
    Difference {
        name: "attributes on removals",
        reason: "compose of 1.8.14 takes them off, that of 3.x lets them be; nothing shows them",
        explains: |case, call, theirs| {
            let bare = |op: &mut Op| {
                if op.kind == OpKind::Remove {
                    op.attribs = AttribSet::EMPTY;
                }
            };
            let composes = matches!(call.op, "compose" | "laws") && case.flavour == Flavour::RemovalAttribs;
            composes && with_ops(&call.ours, bare) == with_ops(theirs, bare)
        },
    },
    Difference {
        name: "insert with newlines not counted right",
        reason: "3.x refuses it, 1.8.14 does not look",
        explains: |_, call, theirs| refused(call, "parse", "newline-mismatch") && miscounts_insert(theirs),
    },
    Difference {
        name: "insert with newlines that ends in none",
        reason: "3.x refuses it, 1.8.14 does not look",
        explains: |_, call, theirs| refused(call, "parse", "insert-end") && leaves_insert_open(theirs),
    },
    Difference {
        name: "keeps past the end",
        reason: "refused here: such a changeset applies to no document",
        explains: |_, call, theirs| refused(call, "parse", "past-end") && passes_end(theirs),
    },
    Difference {
        name: "more newlines than code units",
        reason: "refused here: such a changeset applies to no document",
        explains: |_, call, theirs| refused(call, "parse", "more-lines-than-chars") && crowds_lines(theirs),
    },
    Difference {
        name: "numbers above 2^31 - 1",
        reason: "refused here: no JavaScript string is that long",
        explains: |_, call, theirs| refused(call, "parse", "number-too-large") && has_huge_number(theirs),
    },
    Difference {
        name: "zeros before attribute numbers",
        reason: "refused here: the same set would have two spellings",
        explains: |_, call, theirs| refused(call, "parse", "not-normal") && pads_attributes(theirs),
    },
    Difference {
        name: "unknown attribute applied",
        reason: "refused here: text would carry an attribute that nobody knows",
        explains: |case, call, theirs| {
            let text = decode(call.args[0].as_str().unwrap_or_default());
            let unknown = |id: &AttribId| id.0 as usize >= case.pool.len();
            refused(call, "applyToText", "missing-attribute")
                && theirs.is_string()
                && Changeset::parse_utf16(&text)
                    .is_ok_and(|cs| cs.ops().iter().any(|op| op.attribs.ids().iter().any(unknown)))
        },
    },
    Difference {
        name: "unknown attribute moved",
        reason: "1.8.14 makes it an attribute without key and value, 3.x drops it",
        explains: |_, call, theirs| {
            matches!(call.op, "moveOpsToNewPool" | "prepareForWire")
                && without_nameless(theirs).is_some_and(|theirs| theirs == call.ours)
        },
    },
    Difference {
        name: "splice at the end",
        reason: "1.8.14 puts it before the last code unit, 3.x behind it",
        explains: |case, call, theirs| {
            let text = case.doc.text();
            let at_end = call.op == "makeSplice" && call.args[0].as_u64().is_some_and(|at| at >= text.len() as u64);
            at_end
                && Changeset::parse_utf16(&decode(call.ours[0].as_str().unwrap_or_default())).is_ok_and(|ours| {
                    let removed = call.args[1].as_u64().unwrap_or(0) as usize;
                    let attribs = ours.ops().last().map_or(AttribSet::EMPTY, |op| op.attribs.clone());
                    let theirs_by_us = Changeset::splice(&text, text.len() - 1, removed, ours.char_bank(), &attribs);
                    let same = |cs| wire(&cs) == theirs[0] || same_but_for_order(case, &wire(&cs), &theirs[0]);
                    theirs_by_us.is_ok_and(same) && call.ours[1] == theirs[1]
                })
        },
    },
    Difference {
        name: "last line of the text",
        reason: "the line mutator of 1.8.14 goes wrong where the last newline is replaced or text comes behind it",
        explains: |case, call, theirs| {
            let text = |lines: &Value| lines.as_array()?.iter().map(Value::as_str).collect::<Option<String>>();
            call.op == "mutateTextLines" && touches_end(&case.a) && text(theirs) != text(&call.ours)
        },
    },
    Difference {
        name: "attribution without a final newline",
        reason: "the line mutator cannot do it",
        explains: |case, call, theirs| {
            let mut after = case.doc.clone();
            let closed = after.apply(&case.a, &case.pool).is_ok() && after.text().last() == Some(&0x0a);
            call.op == "mutateAttributionLines" && theirs.get("refused").is_some() && !closed
        },
    },
];

/// Whether a changeset that 1.8.14 has parsed is one that we refuse.
pub fn must_be_refused(parsed: &Value) -> bool {
    parsed.is_array()
        && [miscounts_insert, leaves_insert_open, passes_end, crowds_lines, has_huge_number, pads_attributes]
            .iter()
            .any(|reason| reason(parsed))
}

fn miscounts_insert(parsed: &Value) -> bool {
    inserts(parsed).any(|(lines, text)| lines != text.iter().filter(|&&unit| unit == 0x0a).count() as u64)
}

fn leaves_insert_open(parsed: &Value) -> bool {
    inserts(parsed).any(|(lines, text)| lines > 0 && text.last() != Some(&0x0a))
}

fn passes_end(parsed: &Value) -> bool {
    let covered: u64 = ops(parsed).filter(|op| op[2] != "+").filter_map(|op| op[3].as_u64()).sum();
    parsed[0].as_u64().is_some_and(|old_len| covered > old_len)
}

fn crowds_lines(parsed: &Value) -> bool {
    ops(parsed).any(|op| op[1].as_u64() > op[3].as_u64())
}

fn has_huge_number(parsed: &Value) -> bool {
    let huge = |number: &Value| number.as_f64().is_some_and(|number| number > f64::from(i32::MAX));
    let huge_id = |id: &str| u64::from_str_radix(id, 36).is_ok_and(|id| id > i32::MAX as u64);
    let in_op = |op: &Value| huge(&op[1]) || huge(&op[3]) || op_ids(op).any(huge_id);
    huge(&parsed[0]) || huge(&parsed[1]) || ops(parsed).any(in_op)
}

fn pads_attributes(parsed: &Value) -> bool {
    ops(parsed).any(|op| op_ids(op).any(|id| id.len() > 1 && id.starts_with('0')))
}

fn op_ids(op: &Value) -> impl Iterator<Item = &str> {
    op[0].as_str().unwrap_or_default().split('*')
}

fn refused(call: &Call, op: &str, code: &str) -> bool {
    call.op == op && call.ours["refused"] == code
}

/// The ops of a parsed changeset, each with attributes, newlines, kind and length.
fn ops(parsed: &Value) -> impl Iterator<Item = &Value> {
    parsed[2].as_array().into_iter().flatten()
}

/// Claimed newlines and text of the inserts of a parsed changeset.
fn inserts(parsed: &Value) -> impl Iterator<Item = (u64, Vec<u16>)> {
    let bank = decode(parsed[3].as_str().unwrap_or_default());
    ops(parsed).filter(|op| op[2] == "+").scan(0, move |used, op| {
        let start = *used;
        *used += op[3].as_u64()? as usize;
        Some((op[1].as_u64()?, bank.get(start..*used)?.to_vec()))
    })
}

/// Whether the attribute numbers within each set are the same, in a case whose keys are sorted otherwise by 1.8.14.
fn same_but_for_order(case: &Case, ours: &Value, theirs: &Value) -> bool {
    let sorted = |op: &mut Op| {
        let mut ids = op.attribs.ids().to_vec();
        ids.sort();
        op.attribs = ids.into_iter().collect();
    };
    case.flavour == Flavour::PrefixKeys && with_ops(ours, sorted) == with_ops(theirs, sorted)
}

/// All op lists within an answer changed, and merged again.
fn with_ops(value: &Value, change: impl Fn(&mut Op) + Copy) -> Value {
    let changed = |ops: &[Op]| {
        let mut assembler = OpAssembler::new();
        ops.iter().cloned().for_each(|mut op| {
            change(&mut op);
            assembler.push(op);
        });
        assembler
    };
    match value {
        Value::Array(list) => list.iter().map(|item| with_ops(item, change)).collect(),
        Value::String(text) => {
            if let Ok(cs) = Changeset::parse_lenient_utf16(&decode(text)) {
                Changeset::from_ops(cs.old_len(), changed(cs.ops()).finish(), cs.char_bank())
                    .map_or(Value::Null, |cs| wire(&cs))
            } else if let Ok(ops) = parse_ops(text).or_else(|_| parse_ops(&format!("{text}+1"))) {
                print_ops(&changed(&ops).finish_open()).into()
            } else {
                value.clone()
            }
        }
        _ => value.clone(),
    }
}

/// A changeset and a pool without the attribute that has neither key nor value.
fn without_nameless(moved: &Value) -> Option<Value> {
    let mut pool = moved[1].as_array()?.clone();
    let nameless = pool.iter().position(|pair| pair[0] == "" && pair[1] == "")?;
    pool.remove(nameless);
    let changeset = Changeset::parse_lenient_utf16(&decode(moved[0].as_str()?)).ok()?;
    let changeset = changeset.map_attribs(|id| match id.0 as usize {
        n if n == nameless => None,
        n => Some(AttribId((n - usize::from(n > nameless)) as u32)),
    });
    Some(Value::from(vec![encode(&changeset.to_utf16()), pool.into()]))
}
