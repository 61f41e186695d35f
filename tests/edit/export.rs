//! Documents and fragments as HTML and as plain text.

use super::notation::*;
use easysync::ListKind::{Bullet, Indent, Number};
use easysync::*;

#[test]
fn lists_are_nested_in_html() {
    let html = |lines| to_html(&Fragment { lines });
    let start = |start, line| FragmentLine { start: Some(start), ..line };
    assert_eq!(
        html(vec![
            item(Number, 1, "a"),
            item(Bullet, 2, "b"),
            item(Bullet, 2, "c"),
            start(2, item(Number, 1, "d")),
            line("e"),
        ]),
        "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>e"
    );
    assert_eq!(
        html(vec![start(3, item(Number, 1, "a")), start(7, item(Number, 1, "b")), item(Indent, 1, "c")]),
        "<ol start=\"3\"><li>a</li><li value=\"7\">b</li></ol><ul class=\"indent\"><li>c</li></ul>"
    );
    assert_eq!(
        html(vec![item(Bullet, 2, "a"), headed(1, ""), line("b"), line("")]),
        "<ul><li style=\"list-style: none\"><ul><li>a</li></ul></li></ul><h1><br></h1>b<br>"
    );
}

#[test]
fn text_stays_text_in_html() {
    let formats = |keys: &[(&str, &str)]| keys.iter().map(|(key, value)| Attribute::new(*key, *value)).collect();
    let run = |text: &str, keys: &[(&str, &str)]| FragmentRun { text: text.into(), format: formats(keys) };
    let html = |runs| to_html(&Fragment { lines: vec![FragmentLine { runs, ..FragmentLine::default() }] });
    assert_eq!(
        html(vec![run("<b>&\"'", &[("bold", "true"), ("strikethrough", "true")])]),
        "<strong><s>&lt;b&gt;&amp;&quot;&#39;</s></strong>"
    );
    assert_eq!(html(vec![run("  a  b ", &[]), run(" c ", &[])]), "&nbsp; a&nbsp; b&nbsp; c&nbsp;");
    assert_eq!(html(vec![run(" ", &[]), run("", &[("bold", "true")]), run("a", &[])]), "&nbsp;<strong></strong>a");
    assert_eq!(html(vec![run("a\tb\0", &[])]), "a<span style=\"white-space: pre\">\t</span>b\u{fffd}");
    assert_eq!(
        html(vec![run("a", &[("url", "https://x/\"\t>")])]),
        "<a href=\"https://x/&quot;\u{fffd}&gt;\" rel=\"noreferrer noopener\">a</a>"
    );
    assert_eq!(html(vec![run("a", &[("url", "javascript:alert(1)")])]), "a");
    // A pair is one character, even if its halves look different.
    let halves = [(0xd83d, "bold"), (0xde00, "italic")]
        .map(|(unit, key)| FragmentRun { text: vec![unit].into(), format: formats(&[(key, "true")]) });
    assert_eq!(html(halves.into()), "<strong>😀</strong><em></em>");
    let half = FragmentRun { text: vec![0xd83d, 0x61].into(), format: Vec::new() };
    assert_eq!(html(vec![half]), "\u{fffd}a");
    let page = document_to_html(&Document::from_text("a\nb\n"), &AttribPool::new(), "</title><script>").unwrap();
    assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>") && page.contains("\na<br>b\n"));
}

#[test]
fn plain_text_is_as_etherpad_exports_it() {
    let mut pool = AttribPool::new();
    let (doc, _) = written(
        "a\n[list=bullet1]b\n[list=bullet2]c\n[list=number1 start=1]d\n[list=number2 start=1]e\n\
         [list=number2 start=2]f\n[list=number1 start=2]g\n[list=number2 start=1]h\n[list=indent2]i\n[heading=h1]j\n\
         [list=number3 start=1]k",
        &mut pool,
    );
    let expected = "a\n\t* b\n\t\t* c\n\t1. d\n\t\t1.1. e\n\t\t1.2. f\n\t2. g\n\t\t2.1. h\n\t\ti\nj\n\t\t\t0.0.1. k\n";
    assert_eq!(to_plain_text(&doc, &pool).unwrap(), expected);
}

/// The text of HTML; panics at elements that are not closed in order, or are none that may come out.
pub fn text_of_html(html: &str) -> String {
    let mut open: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').expect("the end of a tag");
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{html}");
            } else if tag != "br" {
                let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
                let known =
                    ["ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "u", "s", "span", "a"];
                assert!(known.contains(&name), "{html}");
                let fine = ["", "class=\"indent\"", "style=\"list-style: none\"", "style=\"white-space: pre\""];
                // Four quotes: nothing got out of the address.
                let is_link = name == "a"
                    && attributes.starts_with("href=\"http://")
                    && attributes.ends_with("\" rel=\"noreferrer noopener\"")
                    && attributes.matches('"').count() == 4;
                let is_number = attributes.starts_with("start=\"") || attributes.starts_with("value=\"");
                assert!(fine.contains(&attributes) || is_number || is_link, "{attributes} in {html}");
                open.push(name);
            }
        } else if let Some(entity) = rest.strip_prefix('&') {
            let (name, after) = entity.split_once(';').expect("the end of an entity");
            rest = after;
            text.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "#39" => '\'',
                "nbsp" => ' ',
                other => panic!("entity {other}"),
            });
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    assert!(open.is_empty(), "{open:?} left open in {html}");
    text
}
