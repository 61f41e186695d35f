//! Random documents, changed by random commands.

use super::export::text_of_html;
use super::notation::*;
use easysync::ListKind::{Bullet, Indent, Number};
use easysync::*;
use proptest::prelude::*;
use std::ops::Range;

const ALPHABET: &[&[u16]] =
    &[&[0x61], &[0x62], &[0x20], &[0x0a], &[0xe9], &[0x2a], &[0x3c], &[0x26], &[0xd83d, 0xde00], &[0xd83d], &[0x09]];

fn text() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(prop::sample::select(ALPHABET), 0..6).prop_map(|parts| parts.concat())
}

fn run() -> impl Strategy<Value = FragmentRun> {
    let scripts = prop_oneof![9 => text(), 1 => Just(units("<script>alert('&')</script>\r\n\"x\""))];
    (scripts, prop::sample::subsequence(vec!["bold", "color", "italic", "url"], 0..3)).prop_map(|(text, keys)| {
        let format = keys.into_iter().map(|key| Attribute::new(key, "true")).collect();
        FragmentRun { text: text.into(), format }
    })
}

fn list() -> impl Strategy<Value = List> {
    (prop::sample::select(vec![Bullet, Number, Indent]), 1..4_u8).prop_map(|(kind, level)| List { kind, level })
}

fn fragments() -> impl Strategy<Value = Fragment> {
    let heading = prop::option::weighted(0.2, 1..=6_u8);
    let line = (prop::option::of(list()), heading, prop::collection::vec(run(), 0..3))
        .prop_map(|(list, heading, runs)| FragmentLine { list, heading, start: None, runs });
    prop::collection::vec(line, 0..5).prop_map(|lines| Fragment { lines })
}

#[derive(Debug, Clone)]
enum Act {
    Replace(Vec<u16>),
    ReplaceTwo(Vec<u16>, Vec<u16>),
    Format(&'static str, bool),
    Toggle(&'static str),
    ClearFormatting,
    ClearAuthorship,
    SetList(Option<ListKind>),
    ToggleList(ListKind),
    Indent(i32),
    Heading(Option<u8>),
    Enter,
    Backspace,
    Paste(Fragment),
}

fn act() -> impl Strategy<Value = Act> {
    let kind = || prop::sample::select(vec![Bullet, Number, Number, Indent]);
    let key = || prop::sample::select(vec!["bold", "italic", "color"]);
    prop_oneof![
        4 => text().prop_map(Act::Replace),
        2 => (text(), text()).prop_map(|(a, b)| Act::ReplaceTwo(a, b)),
        2 => (key(), any::<bool>()).prop_map(|(key, on)| Act::Format(key, on)),
        1 => key().prop_map(Act::Toggle),
        1 => Just(Act::ClearFormatting),
        1 => Just(Act::ClearAuthorship),
        4 => prop::option::weighted(0.8, kind()).prop_map(Act::SetList),
        2 => kind().prop_map(Act::ToggleList),
        3 => (-2..3_i32).prop_map(Act::Indent),
        2 => prop::option::of(1..=6_u8).prop_map(Act::Heading),
        4 => Just(Act::Enter),
        3 => Just(Act::Backspace),
        3 => fragments().prop_map(Act::Paste),
    ]
}

/// The text without markers, and where its positions are: one more than there are units.
fn visible(doc: &Document, pool: &AttribPool) -> (Vec<u16>, Vec<usize>) {
    let (mut text, mut places) = (Vec::new(), Vec::new());
    for (at, &unit) in doc.text().iter().enumerate() {
        places.push(text.len());
        if !is_marker(doc.attribs_at(at).unwrap(), pool) {
            text.push(unit);
        }
    }
    places.push(text.len());
    (text, places)
}

/// A text with a range replaced, its last newline excepted.
fn spliced(text: &[u16], range: Range<usize>, insert: &[u16]) -> Vec<u16> {
    let end = text.len() - 1;
    let mut text = text.to_vec();
    text.splice(range.start.min(end)..range.end.min(end), insert.iter().copied());
    text
}

fn attribs_of(doc: &Document) -> Vec<(u16, AttribSet)> {
    let text = doc.text();
    (0..text.len()).map(|at| (text[at], doc.attribs_at(at).unwrap().clone())).collect()
}

fn run_text(fragment: &Fragment) -> Vec<u16> {
    let text = |line: &FragmentLine| line.runs.iter().flat_map(|run| run.text.to_vec()).collect::<Vec<_>>();
    let lines: Vec<_> = fragment.lines.iter().map(text).collect();
    // Breaks within lines are read line by line: a line that ends in \r is followed by another break.
    let lines: Vec<_> = lines.iter().map(|line| with_newlines(line)).collect();
    lines.join(&0x0a)
}

fn with_newlines(text: &[u16]) -> Vec<u16> {
    let mut out = Vec::new();
    for (at, &unit) in text.iter().enumerate() {
        match unit {
            0x0a if at > 0 && text[at - 1] == 0x0d => {}
            0x0d => out.push(0x0a),
            unit => out.push(unit),
        }
    }
    out
}

/// Does one thing, and checks what it should have led to.
fn step(doc: &Document, pool: &mut AttribPool, act: &Act, range: Range<usize>) -> Document {
    let (old, places) = visible(doc, pool);
    let seen = places[range.start]..places[range.end];
    let lines = touched_lines(doc, range.clone()).unwrap();
    let count = lines.len();
    let same_text = |doc: &Document, pool: &AttribPool| assert_eq!(visible(doc, pool).0, old, "{act:?}");
    match act {
        Act::Replace(text) => {
            let change = replace(doc, pool, &[(range, text)], None).unwrap();
            let new = applied(doc, &change, pool);
            assert_eq!(visible(&new, pool).0, spliced(&old, seen, text));
            new
        }
        Act::ReplaceTwo(a, b) => {
            let middle = range.start + range.len() / 2;
            let (first, second) = (range.start..middle, (middle + 1).min(range.end)..range.end);
            let change = replace(doc, pool, &[(first, a), (second.clone(), b)], Some(&[])).unwrap();
            let new = applied(doc, &change, pool);
            let expected = spliced(&old, places[second.start]..places[second.end], b);
            let first = seen.start..places[middle];
            // The second one's text goes before the final newline, and so stays behind the first one's.
            let first = first.start.min(old.len() - 1)..first.end.min(old.len() - 1);
            assert_eq!(visible(&new, pool).0, spliced(&expected, first, a));
            new
        }
        Act::Format(key, on) => {
            let change = set_format(doc, pool, range.clone(), key, on.then_some("true")).unwrap();
            let new = applied(doc, &change, pool);
            let text = old[seen].iter().any(|&unit| unit != 0x0a);
            assert_eq!(has_format(&new, pool, range.clone(), key), Ok(*on && text));
            let (before, after) = (attribs_of(doc), attribs_of(&new));
            assert_eq!(before[..range.start], after[..range.start]);
            assert_eq!(before[range.end..], after[range.end..]);
            for at in range {
                let is_text = before[at].0 != 0x0a && !is_marker(&before[at].1, pool);
                assert!(is_text && value(&after[at].1, key, pool).is_some() == *on || before[at] == after[at]);
            }
            new
        }
        Act::Toggle(key) => {
            let was = has_format(doc, pool, range.clone(), key).unwrap();
            let change = toggle_format(doc, pool, range.clone(), key).unwrap();
            let new = applied(doc, &change, pool);
            let text = old[seen].iter().any(|&unit| unit != 0x0a);
            assert_eq!(has_format(&new, pool, range, key), Ok(!was && text));
            new
        }
        Act::ClearFormatting => {
            let change = clear_formatting(doc, pool, range.clone()).unwrap();
            let new = applied(doc, &change, pool);
            same_text(&new, pool);
            for line in lines {
                let format = line_format(&new, pool, line).unwrap();
                assert_eq!((format.list, format.heading), (None, None));
            }
            let places = visible(&new, pool).1;
            let place = |seen| places.iter().rposition(|&place| place == seen).unwrap();
            assert_eq!(has_format(&new, pool, place(seen.start)..place(seen.end), "bold"), Ok(false));
            new
        }
        Act::ClearAuthorship => {
            let new = applied(doc, &clear_authorship(doc, pool, range.clone()).unwrap(), pool);
            let range = if range.is_empty() { 0..doc.len_utf16() } else { range };
            range.for_each(|at| assert_eq!(value(new.attribs_at(at).unwrap(), "author", pool), None));
            same_text(&new, pool);
            new
        }
        Act::SetList(kind) => {
            let new = applied(doc, &set_list(doc, pool, lines.clone(), *kind).unwrap(), pool);
            same_text(&new, pool);
            for line in lines {
                assert_eq!(line_format(&new, pool, line).unwrap().list.map(|list| list.kind), *kind);
            }
            new
        }
        Act::ToggleList(kind) => {
            let new = applied(doc, &toggle_list(doc, pool, lines.clone(), *kind).unwrap(), pool);
            same_text(&new, pool);
            let kinds = |doc: &Document, pool: &AttribPool| {
                let kind = |line| line_format(doc, pool, line).unwrap().list.map(|list| list.kind);
                lines.clone().map(kind).collect::<Vec<_>>()
            };
            let expected = Some(*kind).filter(|_| kinds(doc, pool) != vec![Some(*kind); count]);
            assert_eq!(kinds(&new, pool), vec![expected; count]);
            new
        }
        Act::Indent(by) => {
            let new = applied(doc, &indent(doc, pool, lines.clone(), *by).unwrap(), pool);
            same_text(&new, pool);
            for line in lines {
                let level =
                    |doc: &Document| line_format(doc, pool, line).unwrap().list.map_or(0, |list| i32::from(list.level));
                assert_eq!(level(&new), (level(doc) + by).clamp(0, 16));
            }
            new
        }
        Act::Heading(level) => {
            let new = applied(doc, &set_heading(doc, pool, lines.clone(), *level).unwrap(), pool);
            same_text(&new, pool);
            for line in lines {
                let (before, after) = (line_format(doc, pool, line).unwrap(), line_format(&new, pool, line).unwrap());
                assert_eq!((after.list, after.heading), (before.list, *level));
            }
            new
        }
        Act::Enter => {
            let (change, caret) = enter(doc, pool, range).unwrap();
            let new = applied(doc, &change, pool);
            let (text, places) = visible(&new, pool);
            let start = seen.start.min(old.len() - 1);
            // An item without text only leaves its list.
            let moved = usize::from(text == spliced(&old, seen, &[0x0a]));
            assert!(moved == 1 || text == old);
            assert_eq!(places[caret], start + moved);
            assert!(caret == new.len_utf16() || !is_marker(new.attribs_at(caret).unwrap(), pool));
            new
        }
        Act::Backspace => {
            let Some((change, caret)) = delete_backward(doc, pool, range.start).unwrap() else { return doc.clone() };
            let new = applied(doc, &change, pool);
            same_text(&new, pool);
            assert!(!change.is_identity());
            assert_eq!(visible(&new, pool).1[caret], seen.start);
            assert!(!is_marker(new.attribs_at(caret).unwrap(), pool));
            new
        }
        Act::Paste(fragment) => {
            let (change, caret) = insert_fragment(doc, pool, range, fragment).unwrap();
            let new = applied(doc, &change, pool);
            let insert = run_text(fragment);
            let (text, places) = visible(&new, pool);
            let start = seen.start.min(old.len() - 1);
            assert_eq!((text, places[caret]), (spliced(&old, seen, &insert), start + insert.len()));
            assert!(!is_marker(new.attribs_at(caret).unwrap(), pool));
            new
        }
    }
}

fn walk(start: &str, acts: &[(Act, prop::sample::Index, usize)]) -> (Document, AttribPool) {
    let mut pool = AttribPool::new();
    let (mut doc, _) = written(start, &mut pool);
    for (act, from, len) in acts {
        let from = from.index(doc.len_utf16() + 1);
        let range = from..(from + len).min(doc.len_utf16());
        doc = step(&doc, &mut pool, act, range);
    }
    (doc, pool)
}

fn acts(max: usize) -> impl Strategy<Value = Vec<(Act, prop::sample::Index, usize)>> {
    let len = prop_oneof![2 => Just(0_usize), 2 => 0..3_usize, 1 => 0..30_usize];
    prop::collection::vec((act(), any::<prop::sample::Index>(), len), 0..max)
}

/// A fragment as it comes out again: line breaks are lines, runs of one format are one, items have numbers.
fn canonical(fragment: &Fragment) -> Fragment {
    let mut lines = Vec::new();
    for old in &fragment.lines {
        let mut current = FragmentLine { runs: Vec::new(), start: None, ..old.clone() };
        let mut last = 0;
        for run in &old.runs {
            for &unit in &*run.text {
                let is_second_half = last == 0x0d && unit == 0x0a;
                last = unit;
                match (unit, current.runs.last_mut()) {
                    _ if is_second_half => {}
                    (0x0a | 0x0d, _) => lines.push(std::mem::take(&mut current)),
                    (_, Some(last)) if last.format == run.format => last.text.push_units(&[unit]),
                    _ => current.runs.push(FragmentRun { text: vec![unit].into(), format: run.format.clone() }),
                }
            }
        }
        lines.push(current);
    }
    if lines.is_empty() {
        lines.push(FragmentLine::default());
    }
    let mut counts = Vec::new();
    for line in &mut lines {
        match line.list.filter(|list| list.kind != Indent) {
            Some(list) => {
                counts.resize(list.level.into(), 0);
                let count = counts.last_mut().unwrap();
                *count = if list.kind == Number { *count + 1 } else { 0 };
                line.start = (list.kind == Number).then_some(*count);
            }
            None => counts.clear(),
        }
    }
    if let [only] = lines.as_mut_slice()
        && only.runs.is_empty()
    {
        *only = FragmentLine::default();
    }
    Fragment { lines }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn commands_do_what_they_say_on_any_document(acts in acts(14)) {
        walk("a\n[list=number1 start=1]b c\n[list=number2 start=1]d\n[heading=h1]e\n[align=right]f\n[list=bullet1]", &acts);
    }

    #[test]
    fn pasted_fragments_can_be_copied(fragment in fragments()) {
        let (doc, mut pool) = (Document::new(), AttribPool::new());
        let (change, caret) = insert_fragment(&doc, &mut pool, 0..0, &fragment).unwrap();
        let doc = applied(&doc, &change, &pool);
        let end = doc.len_utf16() - 1;
        prop_assert_eq!(caret, end);
        let copied = easysync::fragment(&doc, &pool, 0..end).unwrap();
        prop_assert_eq!(&copied, &canonical(&fragment));
        // And once more, in place of itself.
        let (change, _) = insert_fragment(&doc, &mut pool, 0..end, &copied).unwrap();
        let again = applied(&doc, &change, &pool);
        prop_assert_eq!(easysync::fragment(&again, &pool, 0..again.len_utf16() - 1).unwrap(), copied);
    }

    #[test]
    fn html_has_the_text_and_nothing_else(acts in acts(8), range in any::<(prop::sample::Index, prop::sample::Index)>()) {
        let (doc, pool) = walk("[list=bullet2]a <\n[list=number1 start=1]b\n", &acts);
        let ends = [range.0, range.1].map(|index| index.index(doc.len_utf16() + 1));
        let fragment = easysync::fragment(&doc, &pool, ends[0].min(ends[1])..ends[0].max(ends[1])).unwrap();
        let text: String = run_text(&fragment).split(|&unit| unit == 0x0a).map(String::from_utf16_lossy).collect();
        prop_assert_eq!(text_of_html(&to_html(&fragment)), text);
    }

    #[test]
    fn repaired_documents_have_no_marker_in_mid_line(acts in acts(6), marks in prop::collection::vec((any::<prop::sample::Index>(), text()), 1..4)) {
        let (mut doc, mut pool) = walk("[list=bullet1]ab\n[heading=h2]c", &acts);
        let marker = AttribSet::from_pairs([Attribute::new("lmkr", "1"), Attribute::new("list", "bullet1")], EmptyValue::Keep, &mut pool);
        let mut touched = Vec::new();
        for (at, text) in &marks {
            let at = at.index(doc.len_utf16());
            let change = doc.splice(at..at, text, &marker).unwrap();
            doc.apply(&change, &pool).unwrap();
            touched.push(at..at + text.len());
            touched.iter_mut().rev().skip(1).filter(|range| range.end > at).for_each(|range| range.end += text.len());
        }
        let change = repair(&doc, &mut pool, touched).unwrap();
        if let Some(change) = change {
            prop_assert!(change.is_normal());
            doc.apply(&change, &pool).unwrap();
        }
        doc.check_invariants();
        let text = doc.text();
        for at in 0..text.len() {
            if is_marker(doc.attribs_at(at).unwrap(), &pool) {
                prop_assert!(text[at] != 0x0a && (at == 0 || text[at - 1] == 0x0a), "marker at {at} of {doc:?}");
            }
        }
        prop_assert_eq!(repair(&doc, &mut pool, [0..doc.len_utf16()]).unwrap(), None);
    }
}

/// Whatever a server may send: line attributes anywhere, on any character, with any value.
fn unruly() -> impl Strategy<Value = (Document, AttribPool)> {
    let pairs = [
        ("list", "bullet1"),
        ("list", "number2"),
        ("list", "foo"),
        ("list", "number99"),
        ("lmkr", "1"),
        ("insertorder", "first"),
        ("start", "4294967295"),
        ("start", "-1"),
        ("heading", "h1"),
        ("heading", "h9\" onclick=\"x"),
        ("bold", "true"),
        ("bold", ""),
        ("url", "http://\">"),
        ("author", "a.x"),
    ];
    let pairs = pairs.map(|(key, value)| Attribute::new(key, value));
    let attribs = prop::sample::subsequence(pairs.to_vec(), 0..4);
    prop::collection::vec((text(), attribs), 0..8).prop_map(|pieces| {
        let mut pool = AttribPool::new();
        let mut pieces: Vec<_> = pieces
            .into_iter()
            .map(|(text, pairs)| (text, AttribSet::from_pairs(pairs, EmptyValue::Keep, &mut pool)))
            .collect();
        pieces.push((vec![0x0a], AttribSet::EMPTY));
        (Document::from_pieces(pieces.iter().map(|(text, attribs)| (text.as_slice(), attribs))), pool)
    })
}

/// The change that an act makes, and the caret after it.
fn change_of(doc: &Document, pool: &mut AttribPool, act: &Act, range: Range<usize>) -> (Changeset, usize) {
    let lines = touched_lines(doc, range.clone()).unwrap();
    let change = match act {
        Act::Replace(text) => replace(doc, pool, &[(range, text)], None),
        Act::ReplaceTwo(a, b) => replace(doc, pool, &[(range.start..range.start, a), (range, b)], None),
        Act::Format(key, on) => set_format(doc, pool, range, key, on.then_some("true")),
        Act::Toggle(key) => toggle_format(doc, pool, range, key),
        Act::ClearFormatting => clear_formatting(doc, pool, range),
        Act::ClearAuthorship => clear_authorship(doc, pool, range),
        Act::SetList(kind) => set_list(doc, pool, lines, *kind),
        Act::ToggleList(kind) => toggle_list(doc, pool, lines, *kind),
        Act::Indent(by) => indent(doc, pool, lines, *by),
        Act::Heading(level) => set_heading(doc, pool, lines, *level),
        Act::Enter => return enter(doc, pool, range).unwrap(),
        Act::Paste(fragment) => return insert_fragment(doc, pool, range, fragment).unwrap(),
        Act::Backspace => match delete_backward(doc, pool, range.start).unwrap() {
            Some(done) => return done,
            None => Changeset::identity(doc.len_utf16()),
        },
    };
    (change.unwrap(), 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn no_document_is_too_unruly((doc, pool) in unruly(), acts in acts(8)) {
        let (mut doc, mut pool) = (doc, pool);
        for (act, from, len) in &acts {
            let from = from.index(doc.len_utf16() + 1);
            let range = from..(from + len).min(doc.len_utf16());
            let (change, caret) = change_of(&doc, &mut pool, act, range);
            prop_assert!(change.is_normal());
            doc.apply(&change, &pool).unwrap();
            doc.check_invariants();
            prop_assert!(caret < doc.len_utf16());
            prop_assert_eq!(doc.text().last().copied(), Some(0x0a));
        }
        let all = 0..doc.len_utf16();
        text_of_html(&to_html(&fragment(&doc, &pool, all.clone()).unwrap()));
        to_plain_text(&doc, &pool).unwrap();
        if let Some(change) = repair(&doc, &mut pool, [all]).unwrap() {
            doc.apply(&change, &pool).unwrap();
            prop_assert!(repair(&doc, &mut pool, [0..doc.len_utf16()]).unwrap().is_none());
        }
    }
}
