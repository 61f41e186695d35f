//! Each command by itself.

use super::notation::*;
use easysync::ListKind::{Bullet, Number};
use easysync::*;
use std::ops::Range;

fn typed(text: &str) -> impl Fn(&Document, &mut AttribPool, Range<usize>) -> Done {
    let text = units(text);
    move |doc, pool, range| Ok((replace(doc, pool, &[(range, &text)], None)?, None))
}

fn press_enter(doc: &Document, pool: &mut AttribPool, range: Range<usize>) -> Done {
    enter(doc, pool, range).map(|(change, caret)| (change, Some(caret)))
}

fn press_backspace(doc: &Document, pool: &mut AttribPool, range: Range<usize>) -> Done {
    delete_backward(doc, pool, range.start).map(|done| done.map(|(change, caret)| (change, Some(caret))).unwrap())
}

fn pasted(lines: Vec<FragmentLine>) -> impl Fn(&Document, &mut AttribPool, Range<usize>) -> Done {
    let fragment = Fragment { lines };
    move |doc, pool, range| insert_fragment(doc, pool, range, &fragment).map(|(change, caret)| (change, Some(caret)))
}

#[test]
fn a_list_is_made_with_markers_and_numbers() {
    let mut pool = AttribPool::new();
    let doc = Document::from_text("a\nb\n");
    let change = set_list(&doc, &mut pool, 0..2, Some(Number)).unwrap();
    let names: Vec<_> = pool.iter().map(|(_, pair)| format!("{}={}", pair.key, pair.value)).collect();
    assert_eq!(names, ["list=number1", "start=1", "insertorder=first", "lmkr=1", "start=2"]);
    assert_eq!(change.to_string(), "Z:4>2*2*0*3*1+1|1=2*2*0*3*4+1$**");
}

#[test]
fn lists_change_kind_and_keep_their_level() {
    let bullet = on_lines(|doc, pool, lines| set_list(doc, pool, lines, Some(Bullet)));
    check("|a", &bullet, "[list=bullet1]a");
    check("[list=number3 start=1]a|", &bullet, "[list=bullet3]a");
    check("[list=indent2]a|", &bullet, "[list=bullet2]a");
    check("[heading=h2]a|", &bullet, "[heading=h2 list=bullet1]a");
    let none = on_lines(|doc, pool, lines| set_list(doc, pool, lines, None));
    check("[list=bullet1]|a\n[heading=h1 list=number1 start=1]b|", &none, "a\n[heading=h1]b");
    check("[align=right list=bullet1]|a", &none, "[align=right]a");
    check("|a", &none, "a");
}

#[test]
fn lists_toggle() {
    let toggle = on_lines(|doc, pool, lines| toggle_list(doc, pool, lines, Bullet));
    check("|a\n[list=bullet1]b|", &toggle, "[list=bullet1]a\n[list=bullet1]b");
    check("[list=bullet2]|a\n[list=bullet1]b|", &toggle, "a\nb");
}

#[test]
fn numbers_count_per_level() {
    let number = on_lines(|doc, pool, lines| set_list(doc, pool, lines, Some(Number)));
    check(
        "[list=number1 start=1]a\n|b\n[list=number1 start=1]c",
        &number,
        "[list=number1 start=1]a\n[list=number1 start=2]b\n[list=number1 start=3]c",
    );
    let none = on_lines(|doc, pool, lines| set_list(doc, pool, lines, None));
    check(
        "[list=number1 start=1]a\n[list=number1 start=2]|b\n[list=number1 start=3]c\n[list=number2 start=1]d\n\
         [list=number1 start=4]e",
        &none,
        "[list=number1 start=1]a\nb\n[list=number1 start=1]c\n[list=number2 start=1]d\n[list=number1 start=2]e",
    );
    let deeper = on_lines(|doc, pool, lines| indent(doc, pool, lines, 1));
    check(
        "[list=number1 start=1]a\n[list=number1 start=2]b|\n[list=number1 start=3]c",
        &deeper,
        "[list=number1 start=1]a\n[list=number2 start=1]b\n[list=number1 start=2]c",
    );
    let bullet = on_lines(|doc, pool, lines| set_list(doc, pool, lines, Some(Bullet)));
    check(
        "[list=number1 start=1]a\n[list=number1 start=2]b|\n[list=number1 start=3]c",
        &bullet,
        "[list=number1 start=1]a\n[list=bullet1]b\n[list=number1 start=1]c",
    );
}

#[test]
fn lines_move_in_and_out() {
    for (before, by, after) in [
        ("a", 1, "[list=indent1]a"),
        ("a", -1, "a"),
        ("a", 0, "a"),
        ("a", i32::MAX, "[list=indent16]a"),
        ("[list=bullet16]a", 1, "[list=bullet16]a"),
        ("[list=bullet2]a", -1, "[list=bullet1]a"),
        ("[list=bullet2]a", i32::MIN, "a"),
        ("[heading=h1 list=indent1]a", -1, "[heading=h1]a"),
    ] {
        check(before, &on_lines(|doc, pool, lines| indent(doc, pool, lines, by)), after);
    }
}

#[test]
fn headings_are_set_and_go() {
    check("a\n|b", &on_lines(|doc, pool, lines| set_heading(doc, pool, lines, Some(3))), "a\n[heading=h3]b");
    check("[heading=h3]b", &on_lines(|doc, pool, lines| set_heading(doc, pool, lines, None)), "b");
    let (doc, mut pool) = (Document::from_text("a\n"), AttribPool::new());
    for level in [0, 7] {
        let error = set_heading(&doc, &mut pool, 0..1, Some(level)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::OutOfRange { .. }));
    }
}

#[test]
fn values_that_no_editor_writes_are_absent() {
    for attribs in
        ["list=foo", "list=bullet0", "list=bullet17", "list=bullet01", "list=number+1", "heading=h9\"onclick"]
    {
        let mut pool = AttribPool::new();
        let (doc, _) = written(&format!("[{attribs}]a"), &mut pool);
        let format = line_format(&doc, &pool, 0).unwrap();
        assert_eq!((format.list, format.heading, format.has_marker), (None, None, true), "{attribs}");
        assert_eq!(document_to_html(&doc, &pool, "").unwrap().matches("a\n</body>").count(), 1);
        let change = clear_formatting(&doc, &mut pool, 0..0).unwrap();
        assert_eq!(shown(&applied(&doc, &change, &pool), &pool, None), "a");
    }
}

#[test]
fn a_marker_without_lmkr_stays_a_marker_when_its_list_goes() {
    let mut pool = AttribPool::new();
    let pairs = [Attribute::new("list", "bullet1"), Attribute::new("heading", "h1")];
    let old = AttribSet::from_pairs(pairs, EmptyValue::Delete, &mut pool);
    let text = units("a\n");
    let mut doc = Document::from_pieces([(&[0x2a][..], &old), (&text, &AttribSet::EMPTY)]);
    let change = set_list(&doc, &mut pool, 0..1, None).unwrap();
    doc.apply(&change, &pool).unwrap();
    let format = line_format(&doc, &pool, 0).unwrap();
    assert_eq!((format.list, format.heading, format.has_marker), (None, Some(1), true));
}

#[test]
fn enter_goes_on_with_the_list() {
    check("[list=bullet2]ab|", &press_enter, "[list=bullet2]ab\n[list=bullet2]|");
    check("[list=bullet1]a|b", &press_enter, "[list=bullet1]a\n[list=bullet1]|b");
    check("[list=bullet1]|ab", &press_enter, "[list=bullet1]\n[list=bullet1]|ab");
    check("[list=indent1]ab|", &press_enter, "[list=indent1]ab\n[list=indent1]|");
    check("[list=indent1]|", &press_enter, "[list=indent1]\n[list=indent1]|");
    check("a|b", &press_enter, "a\n|b");
    check(
        "[list=number1 start=1]a|b\n[list=number1 start=2]c",
        &press_enter,
        "[list=number1 start=1]a\n[list=number1 start=2]|b\n[list=number1 start=3]c",
    );
    check("[list=bullet1]a|b\ncd|e", &press_enter, "[list=bullet1]a\n[list=bullet1]|e");
}

#[test]
fn enter_on_an_empty_item_ends_the_list() {
    check("[list=bullet2]|", &press_enter, "[list=bullet1]|");
    check("[list=bullet1]|\nb", &press_enter, "|\nb");
    check(
        "[list=number1 start=1]a\n[list=number1 start=2]|\n[list=number1 start=3]c",
        &press_enter,
        "[list=number1 start=1]a\n|\n[list=number1 start=1]c",
    );
}

#[test]
fn enter_does_not_go_on_with_a_heading() {
    check("[heading=h1]ab|", &press_enter, "[heading=h1]ab\n|");
    check("[heading=h1]a|b", &press_enter, "[heading=h1]a\n|b");
    check("[heading=h1]|ab", &press_enter, "\n[heading=h1]|ab");
    check("[heading=h1 list=bullet1]|ab", &press_enter, "[list=bullet1]\n[heading=h1 list=bullet1]|ab");
    check("[heading=h1 list=bullet1]a|b", &press_enter, "[heading=h1 list=bullet1]a\n[list=bullet1]|b");
}

#[test]
fn enter_before_a_marker_and_at_the_end() {
    let mut pool = AttribPool::new();
    let (doc, _) = written("[list=bullet1]a", &mut pool);
    for (position, after) in [(0, "[list=bullet1]\n[list=bullet1]|a"), (3, "[list=bullet1]a\n[list=bullet1]|")] {
        let (change, caret) = enter(&doc, &mut pool, position..position).unwrap();
        assert_eq!(shown(&applied(&doc, &change, &pool), &pool, Some(caret)), after);
    }
    let empty = Document::from_text("");
    assert_eq!(enter(&empty, &mut pool, 0..0).unwrap().0.to_string(), "Z:0>1|1+1$\n");
}

#[test]
fn backspace_at_the_start_of_a_line_takes_it_out_of_its_list() {
    check("a\n[list=bullet2]|b", &press_backspace, "a\n[list=bullet1]|b");
    check("a\n[list=bullet1]|b", &press_backspace, "a\n|b");
    check("[heading=h1]|b", &press_backspace, "|b");
    check("[heading=h1 list=indent1]|b", &press_backspace, "[heading=h1]|b");
    check("[list=number1 start=1]|a\n[list=number1 start=2]b", &press_backspace, "|a\n[list=number1 start=1]b");
    let mut pool = AttribPool::new();
    for before in ["|a", "a|", "[list=bullet1]a|", "[align=right]|a", "a\n|b"] {
        let (doc, carets) = written(before, &mut pool);
        assert_eq!(delete_backward(&doc, &mut pool, carets[0]), Ok(None), "{before}");
    }
}

#[test]
fn typing_keeps_markers_at_the_start_of_their_lines() {
    let mut pool = AttribPool::new();
    for (before, range, text, after) in [
        ("[list=bullet1]a", 0..0, "x", "[list=bullet1]xa"),
        ("[list=bullet1]a", 0..0, "x\n", "x\n[list=bullet1]a"),
        ("[list=bullet1]a", 0..0, "x\ny", "x\n[list=bullet1]ya"),
        ("[list=bullet1]a", 0..1, "", "a"),
        ("[list=bullet1]a", 0..1, "x", "xa"),
        ("b\n[list=bullet1]a", 1..2, "", "ba"),
        ("b\n[list=bullet1]a", 1..2, "x", "bxa"),
        ("b\n[list=bullet1]a", 0..2, "x", "[list=bullet1]xa"),
        ("b\n[list=bullet1]a", 0..2, "", "[list=bullet1]a"),
        ("b\n[list=bullet1]a", 1..2, "x\ny", "bx\n[list=bullet1]ya"),
        ("[list=bullet1]b\n[list=bullet1]a", 1..3, "", "[list=bullet1]a"),
    ] {
        let (doc, _) = written(before, &mut pool);
        let change = replace(&doc, &mut pool, &[(range.clone(), &units(text))], None).unwrap();
        assert_eq!(shown(&applied(&doc, &change, &pool), &pool, None), after, "{before:?} {range:?} {text:?}");
    }
}

#[test]
fn typing_numbers_anew_only_where_lines_change() {
    check(
        "[list=number1 start=1]a\n[list=number1 start=2]b|\n|[list=number1 start=3]c\n[list=number1 start=4]d",
        &typed(""),
        "[list=number1 start=1]a\n[list=number1 start=2]bc\n[list=number1 start=3]d",
    );
    check(
        "[list=number1 start=1]a|\n[list=number1 start=2]b",
        &typed("\n"),
        "[list=number1 start=1]a\n\n[list=number1 start=1]b",
    );
    // Numbers that are wrong already stay so while only text is typed.
    let mut pool = AttribPool::new();
    let (doc, _) = written("[list=number1 start=7]a", &mut pool);
    assert_eq!(replace(&doc, &mut pool, &[(2..2, &[0x78])], None).unwrap().to_string(), "Z:3>1=2+1$x");
}

#[test]
fn the_final_newline_stays() {
    check("a|b\nc|", &typed("x"), "ax");
    for (range, text, after) in
        [(0..3, "", ""), (2..3, "", "ab"), (3..3, "x", "abx"), (2..3, "x", "abx"), (0..3, "x\n", "x\n")]
    {
        let (doc, mut pool) = (Document::from_text("ab\n"), AttribPool::new());
        let change = replace(&doc, &mut pool, &[(range, &units(text))], None).unwrap();
        assert_eq!(shown(&applied(&doc, &change, &pool), &pool, None), after);
    }
}

#[test]
fn several_places_are_replaced_at_once() {
    let (doc, mut pool) = (Document::from_text("abc\ndef\n"), AttribPool::new());
    let splices = [(0..1, &[0x78][..]), (1..2, &[]), (3..3, &[0x79, 0x0a]), (5..6, &[0x7a])];
    let change = replace(&doc, &mut pool, &splices, Some(&[])).unwrap();
    assert_eq!(applied(&doc, &change, &pool).text(), "xcy\n\ndzf\n");
    let overlapping = [(0..2, &[][..]), (1..3, &[])];
    assert!(replace(&doc, &mut pool, &overlapping, None).is_err());
    assert!(replace(&doc, &mut pool, &[(5..9, &[])], None).is_err());
    assert!(replace(&doc, &mut pool, &[(8..7, &[])], None).is_err());
}

/// bold on "bc", an author on everything, a bullet.
fn formatted() -> (Document, AttribPool) {
    let mut pool = AttribPool::new();
    for (key, value) in [
        ("author", "a.x"),
        ("bold", "true"),
        ("list", "bullet1"),
        ("lmkr", "1"),
        ("insertorder", "first"),
        ("removed", "true"),
    ] {
        pool.put(Attribute::new(key, value));
    }
    let atext = AText { text: "*abcd\ne\n".into(), attribs: "*0*4*2*3+1*0+1*0*1*5+2*0|1+2*0*1+1|1+1".into() };
    (Document::from_atext(&atext, &pool).unwrap(), pool)
}

#[test]
fn typed_text_takes_the_format_before_it() {
    let (doc, mut pool) = formatted();
    let bold = vec![Attribute::new("bold", "true")];
    for (position, expected) in
        [(0, &[][..]), (1, &[]), (2, &[]), (3, &bold), (4, &bold), (5, &[]), (6, &bold), (7, &bold), (8, &bold)]
    {
        assert_eq!(format_at(&doc, &pool, position).unwrap(), expected, "at {position}");
    }
    assert!(format_at(&doc, &pool, 9).is_err());
    let typed = replace(&doc, &mut pool, &[(3..3, &[0x78])], None).unwrap();
    assert_eq!(typed.to_string(), "Z:8>1=3*1+1$x");
    // What is typed over something looks as that did.
    let over = replace(&doc, &mut pool, &[(2..3, &[0x78])], None).unwrap();
    assert_eq!(over.to_string(), "Z:8>0=2-1*1+1$x");
    // No format may make a marker of text, or name an author.
    let bad = ["list", "lmkr", "author", "insertorder", "heading"].map(|key| Attribute::new(key, "1"));
    let plain = replace(&doc, &mut pool, &[(3..3, &[0x78])], Some(&bad)).unwrap();
    assert_eq!(plain.to_string(), "Z:8>1=3+1$x");
}

#[test]
fn formats_are_set_on_text_only() {
    let (doc, mut pool) = formatted();
    assert_eq!(set_format(&doc, &mut pool, 0..8, "bold", Some("true")).unwrap().to_string(), "Z:8>0=1*1=1=2*1=1$");
    let off = set_format(&doc, &mut pool, 0..8, "bold", None).unwrap();
    assert_eq!(off.to_string(), "Z:8>0=2*6=2|1=2*6=1$");
    assert_eq!(set_format(&doc, &mut pool, 0..8, "bold", Some("")), Ok(off));
    for key in ["list", "lmkr", "heading", "author"] {
        assert!(set_format(&doc, &mut pool, 0..8, key, Some("bullet1")).unwrap().is_identity(), "{key}");
    }
    assert!(set_format(&doc, &mut pool, 0..9, "bold", None).is_err());
}

#[test]
fn a_format_is_there_if_all_text_has_it() {
    let (doc, mut pool) = formatted();
    for (range, expected) in
        [(2..4, true), (2..5, false), (3..3, false), (0..1, false), (5..7, true), (0..4, false), (5..6, false)]
    {
        assert_eq!(has_format(&doc, &pool, range.clone(), "bold"), Ok(expected), "{range:?}");
    }
    assert_eq!(toggle_format(&doc, &mut pool, 2..4, "bold").unwrap().to_string(), "Z:8>0=2*6=2$");
    assert_eq!(toggle_format(&doc, &mut pool, 1..4, "bold").unwrap().to_string(), "Z:8>0=1*1=1$");
}

#[test]
fn formatting_and_authors_are_cleared() {
    let (doc, mut pool) = formatted();
    let change = clear_formatting(&doc, &mut pool, 1..4).unwrap();
    let cleared = applied(&doc, &change, &pool).to_atext();
    assert_eq!(
        (cleared.text.to_string().as_str(), cleared.attribs.as_str()),
        ("abcd\ne\n", "*0+1*0*5+2*0|1+2*0*1+1|1+1")
    );
    let change = clear_authorship(&doc, &mut pool, 2..3).unwrap();
    assert_eq!(change.to_string(), "Z:8>0=2*7=1$");
    let change = clear_authorship(&doc, &mut pool, 3..3).unwrap();
    assert_eq!(change.to_string(), "Z:8>0*7|1=6*7=1$");
    assert_eq!(applied(&doc, &change, &pool).to_atext().attribs, "*4*2*3+1+1*1*5+2|1+2*1+1|1+1");
}

#[test]
fn markers_in_mid_line_are_repaired() {
    let mut pool = AttribPool::new();
    for (key, value) in [("list", "bullet1"), ("lmkr", "1")] {
        pool.put(Attribute::new(key, value));
    }
    let doc = |text: &str, attribs: &str| {
        Document::from_atext(&AText { text: text.into(), attribs: attribs.into() }, &pool).unwrap()
    };
    let mid = doc("a*b\n*c*\nd\n", "+1*0*1+1|1+2*0+1+1*1+1|2+3");
    let lines = doc("**a\n*\n", "*0*1+2+1*0*1|1+1*0+1|1+1");
    let mut pool = pool.clone();
    let mut repaired = |doc: &Document, ranges: &[Range<usize>]| {
        repair(doc, &mut pool, ranges.iter().cloned()).unwrap().map(|change| change.to_string())
    };
    assert_eq!(repaired(&mid, &[0..9, 0..0]).as_deref(), Some("Z:a<2=1-1|1=2=2-1$"));
    assert_eq!(repaired(&mid, &[5..5, 1..1]).as_deref(), Some("Z:a<2=1-1|1=2=2-1$"));
    assert_eq!(repaired(&mid, &[4..4]).as_deref(), Some("Z:a<1|1=4=2-1$"));
    assert_eq!(repaired(&mid, &[8..9]), None);
    assert_eq!(repaired(&mid, &[]), None);
    assert_eq!(repaired(&lines, &[0..0]).as_deref(), Some("Z:6<1=1-1=1*2*3|1=1$"));
}

#[test]
fn the_first_pasted_line_joins_its_line() {
    check("a|b", &pasted(vec![item(Bullet, 1, "x")]), "ax|b");
    check("|", &pasted(vec![item(Bullet, 2, "x")]), "[list=bullet2]x|");
    check("[list=bullet1]|", &pasted(vec![line("x")]), "[list=bullet1]x|");
    check("[list=bullet1]|", &pasted(vec![headed(2, "x")]), "[heading=h2 list=bullet1]x|");
    check("a|b", &pasted(vec![line("x"), item(Bullet, 1, "y")]), "ax\n[list=bullet1]y|b");
    check("|b", &pasted(vec![item(Bullet, 1, "x"), line("")]), "[list=bullet1]x\n|b");
    check("a|b", &pasted(vec![]), "a|b");
    check("a|b\nc|d", &pasted(vec![]), "a|d");
}

#[test]
fn pasted_items_are_numbered_with_those_around() {
    check(
        "[list=number1 start=1]a|\n[list=number1 start=2]b",
        &pasted(vec![line("x"), item(Number, 1, "y"), item(Number, 2, "z")]),
        "[list=number1 start=1]ax\n[list=number1 start=2]y\n[list=number2 start=1]z|\n[list=number1 start=3]b",
    );
}

#[test]
fn pasted_text_never_makes_markers_in_mid_line() {
    check("a|\n|[list=bullet1]b", &pasted(vec![line("x"), item(Number, 1, "")]), "ax\n[list=number1 start=1]|b");
    check("a|\n|[list=bullet1]b", &pasted(vec![line("x"), line("")]), "ax\n[list=bullet1]|b");
    check("a|\n|[list=bullet1]b", &pasted(vec![line("x"), line("y")]), "ax\n[list=bullet1]y|b");
    let bad = FragmentLine { list: Some(List { kind: Bullet, level: 99 }), heading: Some(9), ..line("x") };
    check("|", &pasted(vec![bad]), "[list=bullet16]x|");
}

#[test]
fn all_line_breaks_are_newlines() {
    let runs = ["a\r", "\nb\rc\n", "\r\nd\u{2028}"].map(|text| FragmentRun { text: text.into(), format: Vec::new() });
    let broken = FragmentLine { list: Some(List { kind: Bullet, level: 1 }), runs: runs.into(), ..Default::default() };
    check("|", &pasted(vec![broken]), "[list=bullet1]a\nb\nc\n\nd\u{2028}|");
}

#[test]
fn copies_have_lists_when_they_have_lines() {
    let mut pool = AttribPool::new();
    let (doc, _) = written("[list=bullet1]ab\n[heading=h1]cd\ne", &mut pool);
    let copy = |range| {
        let lines = fragment(&doc, &pool, range).unwrap().lines;
        let text = |line: &FragmentLine| line.runs.iter().map(|run| run.text.to_string()).collect::<String>();
        let shown = lines.iter().map(|line| (line.list.is_some(), line.heading, text(line)));
        shown.map(|(list, heading, text)| format!("{list} {heading:?} {text}")).collect::<Vec<_>>()
    };
    assert_eq!(copy(1..3), ["true None ab"]);
    assert_eq!(copy(1..2), ["false None a"]);
    assert_eq!(copy(2..6), ["false None b", "false Some(1) c"]);
    assert_eq!(copy(0..4), ["true None ab", "false None "]);
    assert_eq!(copy(0..5), ["true None ab", "false Some(1) "]);
    assert_eq!(copy(7..10), ["false None ", "false None e", "false None "]);
    assert!(fragment(&doc, &pool, 0..11).is_err());
}

#[test]
fn unknown_numbers_and_lines_are_errors() {
    let mut pool = AttribPool::new();
    pool.put(Attribute::new("list", "bullet1"));
    let doc = Document::from_atext(&AText { text: "*a\n".into(), attribs: "*0+1|1+2".into() }, &pool).unwrap();
    let mut empty = AttribPool::new();
    assert_eq!(line_format(&doc, &empty, 0).unwrap_err().code(), "missing-attribute");
    assert_eq!(replace(&doc, &mut empty, &[(0..0, &[0x78])], None).unwrap_err().code(), "missing-attribute");
    assert_eq!(to_plain_text(&doc, &empty).unwrap_err().code(), "missing-attribute");
    assert_eq!(line_format(&doc, &pool, 1).unwrap_err().code(), "out-of-range");
    assert_eq!(set_list(&doc, &mut pool, 0..2, None).unwrap_err().code(), "out-of-range");
    assert_eq!(indent(&doc, &mut pool, 1..0, 1).unwrap_err().code(), "out-of-range");
    assert_eq!(delete_backward(&doc, &mut pool, 4).unwrap_err().code(), "out-of-range");
    assert_eq!(enter(&doc, &mut pool, 2..5).unwrap_err().code(), "out-of-range");
}
