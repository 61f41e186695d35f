//! Documents as text, and what must hold for all of them.
//!
//! A document is written line by line; what a line is stands in brackets before its text, and `|` is the caret or an edge
//! of the selection: `[list=number1 start=1]ab|c`. Attributes of characters are written as on the wire.

use easysync::*;
use std::ops::Range;

pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A document and the carets in it, from its notation.
pub fn written(notation: &str, pool: &mut AttribPool) -> (Document, Vec<usize>) {
    let mut pieces = Vec::new();
    let mut carets = Vec::new();
    let mut at = 0;
    for line in notation.split('\n') {
        // A caret before the marker.
        let line = line.strip_prefix("|[").map_or(line, |_| {
            carets.push(at);
            &line[1..]
        });
        let (attribs, text) = line.strip_prefix('[').map_or(("", line), |line| line.split_once(']').unwrap());
        if !attribs.is_empty() {
            let pairs = attribs.split(' ').chain(["insertorder=first", "lmkr=1"]);
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap()).map(|(key, value)| Attribute::new(key, value));
            pieces.push((units("*"), AttribSet::from_pairs(pairs, EmptyValue::Delete, pool)));
            at += 1;
        }
        let text = format!("{text}\n");
        let mut plain = Vec::new();
        for c in text.chars() {
            if c == '|' {
                carets.push(at + plain.len());
            } else {
                plain.extend(c.encode_utf16(&mut [0; 2]).iter());
            }
        }
        at += plain.len();
        pieces.push((plain, AttribSet::EMPTY));
    }
    (Document::from_pieces(pieces.iter().map(|(text, attribs)| (text.as_slice(), attribs))), carets)
}

/// The notation of a document, with a caret if there is one.
pub fn shown(doc: &Document, pool: &AttribPool, caret: Option<usize>) -> String {
    let mut out = String::new();
    for line in 0..doc.line_count() {
        let range = doc.line_range(line).unwrap();
        let mut start = range.start;
        if line_format(doc, pool, line).unwrap().has_marker {
            let attribs = doc.attribs_at(start).unwrap();
            let pairs = attribs.ids().iter().map(|&id| pool.get(id).unwrap());
            let shown: Vec<_> = pairs
                .filter(|pair| pair.key != "lmkr" && pair.key != "insertorder")
                .map(|pair| format!("{}={}", pair.key, pair.value))
                .collect();
            out.push_str(&format!("[{}]", shown.join(" ")));
            start += 1;
        }
        let end = range.end - 1;
        match caret.filter(|caret| (start..=end).contains(caret)) {
            Some(caret) => {
                out.push_str(&doc.slice(start..caret).unwrap().to_string());
                out.push('|');
                out.push_str(&doc.slice(caret..end).unwrap().to_string());
            }
            None => out.push_str(&doc.slice(start..end).unwrap().to_string()),
        }
        out.push('\n');
    }
    out.pop();
    out
}

/// Applies a changeset and checks what must hold for all of them.
pub fn applied(doc: &Document, change: &Changeset, pool: &AttribPool) -> Document {
    assert!(change.is_normal(), "{change} is not normal");
    assert_eq!(Changeset::parse_utf16(&change.to_utf16()).as_ref(), Ok(change));
    let mut doc = doc.clone();
    doc.apply(change, pool).unwrap();
    doc.check_invariants();
    check_markers(&doc, pool);
    doc
}

pub fn value<'a>(attribs: &AttribSet, key: &str, pool: &'a AttribPool) -> Option<&'a Utf16String> {
    attribs.value(&units(key), pool).unwrap().filter(|value| !value.is_empty())
}

pub fn is_marker(attribs: &AttribSet, pool: &AttribPool) -> bool {
    value(attribs, "lmkr", pool).is_some() || value(attribs, "list", pool).is_some()
}

/// The document ends in a newline, markers are where they belong and what they should be, numbers are right.
pub fn check_markers(doc: &Document, pool: &AttribPool) {
    let text = doc.text();
    assert_eq!(text.last(), Some(&0x0a), "no final newline");
    for at in 0..text.len() {
        let attribs = doc.attribs_at(at).unwrap();
        if !is_marker(attribs, pool) {
            for key in ["start", "heading", "insertorder"] {
                assert_eq!(value(attribs, key, pool), None, "{key} on text at {at}");
            }
            continue;
        }
        assert!(at == 0 || text[at - 1] == 0x0a, "marker in mid-line at {at}");
        assert_eq!(text[at], 0x2a, "marker at {at}");
        assert!(value(attribs, "lmkr", pool).is_some() && value(attribs, "insertorder", pool).is_some());
        assert!(
            ["list", "heading", "align"].iter().any(|key| value(attribs, key, pool).is_some()),
            "idle marker at {at}"
        );
        assert!(attribs.ids().iter().all(|&id| !pool.get(id).unwrap().value.is_empty()), "empty value at {at}");
    }
    let mut counts = Vec::new();
    for line in 0..doc.line_count() {
        let format = line_format(doc, pool, line).unwrap();
        let Some(list) = format.list.filter(|list| list.kind != ListKind::Indent) else {
            counts.clear();
            continue;
        };
        counts.resize(list.level.into(), 0);
        let count = counts.last_mut().unwrap();
        *count = if list.kind == ListKind::Number { *count + 1 } else { 0 };
        let expected = (list.kind == ListKind::Number).then_some(*count);
        assert_eq!(format.start, expected, "number of line {line} in {}", shown(doc, pool, None));
    }
}

/// A changeset, and where the caret is, if the command says so.
pub type Done = Result<(Changeset, Option<usize>), Error>;
pub type Command<'a> = &'a dyn Fn(&Document, &mut AttribPool, Range<usize>) -> Done;

#[track_caller]
pub fn check(before: &str, command: Command<'_>, after: &str) {
    let mut pool = AttribPool::new();
    let (doc, carets) = written(before, &mut pool);
    let first = carets.first().copied().unwrap_or(0);
    let range = first..carets.last().copied().unwrap_or(first);
    let (change, caret) = command(&doc, &mut pool, range).unwrap();
    let doc = applied(&doc, &change, &pool);
    assert_eq!(shown(&doc, &pool, caret), after, "by {change}");
}

/// A command on the lines that the selection touches.
pub fn on_lines(
    command: impl Fn(&Document, &mut AttribPool, Range<usize>) -> Result<Changeset, Error>,
) -> impl Fn(&Document, &mut AttribPool, Range<usize>) -> Done {
    move |doc, pool, range| Ok((command(doc, pool, touched_lines(doc, range)?)?, None))
}

pub fn line(text: &str) -> FragmentLine {
    FragmentLine { runs: vec![FragmentRun { text: text.into(), format: Vec::new() }], ..FragmentLine::default() }
}

pub fn item(kind: ListKind, level: u8, text: &str) -> FragmentLine {
    FragmentLine { list: Some(List { kind, level }), ..line(text) }
}

pub fn headed(level: u8, text: &str) -> FragmentLine {
    FragmentLine { heading: Some(level), ..line(text) }
}
