//! HTML out of documents: whatever the text is, it stays text.

use super::fragment::{Fragment, FragmentLine, FragmentRun, whole};
use super::line::{List, ListKind};
use crate::attrib::{AttribPool, Attribute};
use crate::document::Document;
use crate::error::Error;

/// Formats and their elements, the outermost first.
const ELEMENTS: [(&str, &str); 4] = [("bold", "strong"), ("italic", "em"), ("underline", "u"), ("strikethrough", "s")];

/// What a link may begin with.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// A fragment as HTML, for the clipboard or a page. O(length).
///
/// Lists are nested `<ul>` and `<ol>` elements, indented lines an `<ul class="indent">`, headings `<h1>` to `<h6>`; any
/// other line ends in `<br>`, but for the last one. Text with a `url` attribute is a link if that is an address of the web
/// or of mail. Spaces that browsers would drop are `&nbsp;`. Whatever stands in text or attributes, no other element or
/// attribute comes out. What HTML cannot hold, such as halves of surrogate pairs, comes out as U+FFFD.
///
/// ```
/// use easysync::{Attribute, Fragment, FragmentLine, FragmentRun, to_html};
/// let run = FragmentRun { text: "a < b".into(), format: vec![Attribute::new("bold", "true")] };
/// let fragment = Fragment { lines: vec![FragmentLine { heading: Some(2), runs: vec![run], ..Default::default() }] };
/// assert_eq!(to_html(&fragment), "<h2><strong>a &lt; b</strong></h2>");
/// ```
pub fn to_html(fragment: &Fragment) -> String {
    let mut out = String::new();
    let mut lists = Vec::new();
    for (index, line) in fragment.lines.iter().enumerate() {
        match line.list {
            Some(list) => open_item(&mut out, &mut lists, list, line.start),
            None => close_lists(&mut out, &mut lists, 0),
        }
        match line.heading {
            Some(level @ 1..=6) => {
                out.push_str(&format!("<h{level}>"));
                push_runs(&mut out, line);
                // An element without content has no height.
                out.push_str(if has_text(line) { "" } else { "<br>" });
                out.push_str(&format!("</h{level}>"));
            }
            _ => {
                push_runs(&mut out, line);
                if line.list.is_none() && index + 1 < fragment.lines.len() {
                    out.push_str("<br>");
                }
            }
        }
    }
    close_lists(&mut out, &mut lists, 0);
    out
}

/// A document as an HTML page of its own. O(n).
///
/// # Errors
///
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
pub fn document_to_html(doc: &Document, pool: &AttribPool, title: &str) -> Result<String, Error> {
    let mut out = String::from("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>");
    title.chars().for_each(|c| push_escaped(&mut out, c));
    out.push_str("</title>\n<style>ul.indent { list-style: none; }</style>\n</head>\n<body>\n");
    out.push_str(&to_html(&whole(doc, pool)?));
    out.push_str("\n</body>\n</html>\n");
    Ok(out)
}

/// A list that is open, with an item open in it.
struct OpenList {
    kind: ListKind,
    /// The number of its last item.
    number: u32,
}

impl OpenList {
    const fn element(&self) -> &'static str {
        match self.kind {
            ListKind::Number => "ol",
            ListKind::Bullet | ListKind::Indent => "ul",
        }
    }
}

/// Opens and closes lists until an item of this list is open, which has nothing in it yet.
fn open_item(out: &mut String, lists: &mut Vec<OpenList>, list: List, start: Option<u32>) {
    let level = usize::from(list.level.clamp(1, List::MAX_LEVEL));
    close_lists(out, lists, level);
    if lists.len() == level {
        if let Some(open) = lists.last_mut().filter(|open| open.kind == list.kind) {
            out.push_str("</li><li");
            open.number = open.number.saturating_add(1);
            if let Some(start) = start.filter(|&start| list.kind == ListKind::Number && start != open.number) {
                out.push_str(&format!(" value=\"{start}\""));
                open.number = start;
            }
            out.push('>');
            return;
        }
        close_lists(out, lists, level - 1);
    }
    while lists.len() < level {
        let is_innermost = lists.len() + 1 == level;
        let open = OpenList { kind: list.kind, number: start.filter(|_| is_innermost).unwrap_or(1) };
        out.push_str(&format!("<{}", open.element()));
        match open.kind {
            ListKind::Indent => out.push_str(" class=\"indent\""),
            ListKind::Number if open.number != 1 => out.push_str(&format!(" start=\"{}\"", open.number)),
            ListKind::Number | ListKind::Bullet => {}
        }
        // Levels that are left out have items, for lists stand only in items, but those show nothing.
        out.push_str(if is_innermost { "><li>" } else { "><li style=\"list-style: none\">" });
        lists.push(open);
    }
}

fn close_lists(out: &mut String, lists: &mut Vec<OpenList>, level: usize) {
    while lists.len() > level {
        if let Some(list) = lists.pop() {
            out.push_str(&format!("</li></{}>", list.element()));
        }
    }
}

fn has_text(line: &FragmentLine) -> bool {
    line.runs.iter().any(|run| !run.text.is_empty())
}

fn push_runs(out: &mut String, line: &FragmentLine) {
    let mut left: usize = line.runs.iter().map(|run| run.text.len()).sum();
    let mut before = None;
    let mut is_half_taken = false;
    for (index, run) in line.runs.iter().enumerate() {
        let mut units = run.text.to_vec();
        if is_half_taken && !units.is_empty() {
            units.remove(0);
            is_half_taken = false;
        }
        let after = line.runs.iter().skip(index + 1).find_map(|run| run.text.first());
        // A pair is one character, also if its halves are in two runs.
        if let (Some(0xd800..=0xdbff), Some(&low @ 0xdc00..=0xdfff)) = (units.last(), after) {
            units.push(low);
            is_half_taken = true;
        }
        let elements = open_elements(out, run);
        let mut chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).peekable();
        while let Some(c) = chars.next() {
            left = left.saturating_sub(c.len_utf16());
            // Browsers drop spaces at either end of a line, and all of a row but one.
            let is_before_space = chars.peek().map_or(after == Some(&0x20), |&next| next == ' ');
            if c == ' ' && (before.is_none() || left == 0 || is_before_space) {
                out.push_str("&nbsp;");
            } else {
                push_char(out, c);
            }
            before = Some(c);
        }
        elements.iter().rev().for_each(|element| out.push_str(&format!("</{element}>")));
    }
}

/// Opens the elements that a run's format asks for, the outermost first.
fn open_elements(out: &mut String, run: &FragmentRun) -> Vec<&'static str> {
    let mut elements = Vec::new();
    if let Some(url) = value(run, "url").filter(|url| is_link(url)) {
        out.push_str("<a href=\"");
        url.chars().for_each(|c| push_escaped(out, c));
        out.push_str("\" rel=\"noreferrer noopener\">");
        elements.push("a");
    }
    for (_, element) in ELEMENTS.iter().filter(|(key, _)| value(run, key).is_some()) {
        out.push_str(&format!("<{element}>"));
        elements.push(element);
    }
    elements
}

fn value(run: &FragmentRun, key: &str) -> Option<String> {
    let is_set = |attribute: &&Attribute| attribute.key == key && !attribute.value.is_empty();
    run.format.iter().find(is_set).map(|attribute| attribute.value.to_string())
}

fn is_link(url: &str) -> bool {
    SCHEMES.iter().any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// A character as text of a line.
fn push_char(out: &mut String, c: char) {
    match c {
        // Browsers would make it a space.
        '\t' => out.push_str("<span style=\"white-space: pre\">\t</span>"),
        c => push_escaped(out, c),
    }
}

/// A character where no element may stand: in a title, or in a quoted attribute value.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
        c => out.push(c),
    }
}
