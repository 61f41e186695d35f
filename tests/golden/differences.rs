//! Where we differ from the reference on purpose.

use super::common::json::Json;
use easysync::{Changeset, Error, ErrorKind, Utf16String, parse_ops, unpack};

pub struct Difference {
    pub name: &'static str,
    pub reason: &'static str,
    applies: fn(&Vector<'_>) -> bool,
}

/// A vector and what we made of it.
pub struct Vector<'a> {
    op: &'a str,
    vector: &'a Json,
    ours: &'a Result<Json, Error>,
}

impl Difference {
    pub fn covers(&self, op: &str, vector: &Json, ours: &Result<Json, Error>) -> bool {
        (self.applies)(&Vector { op, vector, ours })
    }
}

impl Vector<'_> {
    /// Our error, if one of the input's changesets alone leads to it.
    fn refused_input(&self) -> Option<&ErrorKind> {
        let error = self.ours.as_ref().err()?;
        let input = self.vector.get("in");
        let texts = ["cs", "cs1", "cs2"].iter().filter(|name| input.has(name)).map(|name| input.get(name).text());
        let mut refused = texts.flat_map(|text| {
            let parsed =
                if self.op == "checkRep" { Changeset::parse_utf16(text) } else { Changeset::parse_lenient_utf16(text) };
            let ops = text.to_str().and_then(|text| parse_ops(&text).err()).filter(|_| text.first() != Some(&0x5a));
            [parsed.err(), unpack(text).err(), ops].into_iter().flatten()
        });
        refused.any(|refusal| refusal == *error).then(|| error.kind())
    }

    fn our_error(&self) -> Option<&ErrorKind> {
        self.ours.as_ref().err().map(Error::kind)
    }

    fn note(&self, beginning: &str) -> bool {
        self.vector.has("note") && self.vector.get("note").text().to_string().starts_with(beginning)
    }

    fn reference_says(&self, part: &str) -> bool {
        self.vector.has("error") && self.vector.get("error").text().to_string().contains(part)
    }

    /// A string of the input, an attribute list or op list or changeset.
    fn input_text(&self) -> Option<&Utf16String> {
        ["cs", "ops", "attribs", "s"].iter().find_map(|name| match self.vector.get("in").get(name) {
            Json::String(text) => Some(text),
            _ => None,
        })
    }
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "applies to no document",
        reason: "keeps past the old length or more newlines than code units in an op; refused when parsed, not when applied",
        applies: |v| {
            matches!(v.refused_input(), Some(ErrorKind::PastEnd { .. } | ErrorKind::MoreLinesThanChars { .. }))
        },
    },
    Difference {
        name: "inconsistent changeset",
        reason: "lengths or newlines that header, ops and char bank do not agree on; checkRep, and so every server, refuses it",
        applies: |v| {
            let refused = if v.op == "canonicalise" { v.our_error() } else { v.refused_input() };
            v.op != "checkRep"
                && matches!(
                    refused,
                    Some(
                        ErrorKind::LengthClaim { .. }
                            | ErrorKind::NegativeLength { .. }
                            | ErrorKind::BankLeftOver { .. }
                            | ErrorKind::BankTooShort { .. }
                            | ErrorKind::NewlineMismatch { .. }
                            | ErrorKind::InsertEnd { .. }
                    )
                )
        },
    },
    Difference {
        name: "inconsistent pair",
        reason: "two changesets of the same text whose newline counts cannot both be right",
        applies: |v| v.op == "follow" && matches!(v.our_error(), Some(ErrorKind::NewlineMismatch { .. })),
    },
    Difference {
        name: "other spelling",
        reason: "leading zeros, |0, <0, no $, or text behind the $ of an op list: what is parsed prints the one way",
        applies: |v| {
            let theirs = v.vector.get("out").get("cs");
            v.op == "moveOpsToNewPool"
                && v.ours.as_ref().is_ok_and(|ours| {
                    let behind = theirs.text().strip_prefix(&**ours.get("cs").text());
                    if theirs.text().first() != Some(&0x5a) {
                        return behind.is_some_and(|rest| rest.first() == Some(&0x24));
                    }
                    let reprinted = Changeset::parse_lenient_utf16(theirs.text()).map(|theirs| theirs.to_utf16());
                    reprinted.as_ref() == Ok(ours.get("cs").text())
                })
        },
    },
    Difference {
        name: "attribution of another text",
        reason: "an attribution that is longer or shorter than its text",
        applies: |v| {
            v.op == "splitAttributionLines" && matches!(v.our_error(), Some(ErrorKind::AttributionLength { .. }))
        },
    },
    Difference {
        name: "comma in a key",
        reason: "of two numbers with one key,value text the reference takes the later, we keep the one that is there",
        applies: |v| v.op == "composeAttributes" && v.note("pool interns by"),
    },
    Difference {
        name: "no changeset",
        reason: "text that is none; the reference copies it, or says that it is not the identity, without looking",
        applies: |v| {
            ["isIdentity", "moveOpsToNewPool", "filterAttribNumbers", "mapAttribNumbers"].contains(&v.op)
                && matches!(
                    v.refused_input(),
                    Some(ErrorKind::UnexpectedCharacter { .. } | ErrorKind::UnexpectedEnd { .. })
                )
        },
    },
    Difference {
        name: "number too large",
        reason: "above 2^31 - 1, longer than any JavaScript string; the reference loses digits from 2^53 on",
        applies: |v| matches!(v.our_error(), Some(ErrorKind::NumberTooLarge { .. })),
    },
    Difference {
        name: "leading zero in an attribute number",
        reason: "numbers are numbers here, so *01 prints as *1; checkRep lets it pass, parse does not; servers renumber it",
        applies: |v| match v.ours {
            Err(error) => {
                matches!(error.kind(), ErrorKind::NotNormal { reason: easysync::NormalForm::LeadingZero, .. })
                    && v.vector.get("out") == &Json::Bool(true)
            }
            Ok(ours) => {
                let theirs = v.vector.get("out");
                let merged = v.op == "applyToAText" && ours.get("text") == theirs.get("text");
                v.vector.has("out") && ours.same(&without_leading_zeros(theirs))
                    || merged && v.input_text().is_some_and(|cs| without_zeros(cs) != *cs)
            }
        },
    },
    Difference {
        name: "line terminator between ops",
        reason: "the reference skips \\n, \\r, U+2028 and U+2029 there; checkRep refuses it",
        applies: |v| match v.our_error() {
            Some(ErrorKind::UnexpectedCharacter { found: 0x0a | 0x0d | 0x2028 | 0x2029, .. }) => v.op != "checkRep",
            _ => false,
        },
    },
    Difference {
        name: "digits",
        reason: "JavaScript's parseInt takes upper case and nothing; on the wire a digit is 0-9 or a-z, and there is one",
        applies: |v| {
            v.op == "parseNum"
                && v.input_text().is_some_and(|text| text.is_empty() || text.iter().any(|&unit| !is_digit(unit)))
        },
    },
    Difference {
        name: "attribute not in the pool",
        reason: "refused when applied or undone, also where the reference copies the number without a look",
        applies: |v| {
            matches!(v.our_error(), Some(ErrorKind::MissingAttribute { .. }))
                && ["applyToAText", "inverse", "undo", "mutateAttributionLines", "rebase"].contains(&v.op)
        },
    },
    Difference {
        name: "malformed pool",
        reason: "gaps, doubles, a wrong next number, or entries that are not two strings; the reference hands out wrong numbers",
        applies: |v| matches!(v.our_error(), Some(ErrorKind::MalformedPool { .. })) && v.op != "rebase",
    },
    Difference {
        name: "not a pair",
        reason: "a JavaScript caller can put an attribute without a value into a pool, a Rust caller cannot",
        applies: |v| v.op == "poolCalls" && v.note("one-element attributes"),
    },
    Difference {
        name: "no final newline",
        reason: "the reference's line-based functions fail, or write the word undefined, where its text function does not",
        applies: |v| match v.op {
            "mutateTextLines" => {
                v.vector.get("errtype") == &Json::from("TypeError")
                    || v.vector.has("out")
                        && v.vector
                            .get("out")
                            .list()
                            .last()
                            .is_some_and(|line| line.text().to_string().ends_with("undefined"))
            }
            "mutateAttributionLines" => v.reference_says("line assembler not finished"),
            "splitAttributionLines" => v.note("empty text splits to null"),
            _ => false,
        },
    },
    Difference {
        name: "op that ends in mid-line",
        reason: "a multi-line keep or removal, or stored op, with text behind its last newline: our lines are those of the text",
        applies: |v| {
            v.ours.is_ok()
                && ["mutateTextLines", "applyToAText", "mutateAttributionLines", "rebase", "splitAttributionLines"]
                    .contains(&v.op)
                && (v.note("multi-line keep/remove that does not end at a newline")
                    || v.note("server path accepts a multi-line op"))
        },
    },
    Difference {
        name: "part of several lines",
        reason: "the reference throws or miscounts; we give the part if the ops tell its newlines, and an error if they do not",
        applies: |v| {
            v.op == "subattribution"
                && (v.reference_says("line count mismatch")
                    || matches!(v.our_error(), Some(ErrorKind::NewlineMismatch { expected: 2.., .. })))
        },
    },
    Difference {
        name: "op of length zero",
        reason: "not given out by ops_from_text, and harmless in follow, which throws in the reference",
        applies: |v| match v.op {
            "opsFromText" => {
                let theirs = v.vector.get("out").get("ops").list();
                let last_is_empty = theirs.last().is_some_and(|op| op.list()[1] == Json::Number(0.0));
                let ours = v.ours.as_ref().map(|ours| ours.get("ops").list());
                last_is_empty && ours.is_ok_and(|ours| *ours == theirs[..theirs.len() - 1])
            }
            "follow" => {
                v.ours.is_ok() && v.reference_says("Failed assertion: !(") && has_empty_insert(v.vector.get("in"))
            }
            _ => false,
        },
    },
];

fn is_digit(unit: u16) -> bool {
    matches!(unit, 0x30..=0x39 | 0x61..=0x7a)
}

fn has_empty_insert(input: &Json) -> bool {
    ["cs1", "cs2"].iter().any(|name| {
        Changeset::parse_lenient_utf16(input.get(name).text()).is_ok_and(|cs| cs.ops().iter().any(|op| op.chars == 0))
    })
}

/// The reference's answer with each attribute number as it would print it itself.
fn without_leading_zeros(json: &Json) -> Json {
    match json {
        Json::String(text) => without_zeros(text).into(),
        Json::List(items) => Json::List(items.iter().map(without_leading_zeros).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(key, value)| (key.clone(), without_leading_zeros(value))).collect())
        }
        other => other.clone(),
    }
}

fn without_zeros(text: &[u16]) -> Utf16String {
    let mut units: Vec<u16> = Vec::new();
    for (at, &unit) in text.iter().enumerate() {
        let is_leading = unit == u16::from(b'0') && units.last() == Some(&u16::from(b'*'));
        if !(is_leading && text.get(at + 1).is_some_and(|&next| is_digit(next))) {
            units.push(unit);
        }
    }
    units.into()
}
