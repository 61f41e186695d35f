//! Plain text out of documents.

use super::fragment::whole;
use super::line::{List, ListKind};
use crate::attrib::AttribPool;
use crate::document::Document;
use crate::error::Error;
use crate::text::{NEWLINE, Utf16String};

/// The document as plain text, as Etherpad exports it: a tab for each level of a list, `* ` before the text of a bullet,
/// `1.2. ` before that of a numbered item, counted here and not read from the document. Markers are left out. O(n).
///
/// # Errors
///
/// [`ErrorKind::MissingAttribute`](crate::ErrorKind::MissingAttribute).
///
/// ```
/// use easysync::{AttribPool, Document, ListKind, set_list, to_plain_text};
/// let (mut doc, mut pool) = (Document::from_text("a\nb\n"), AttribPool::new());
/// let change = set_list(&doc, &mut pool, 1..2, Some(ListKind::Number))?;
/// doc.apply(&change, &pool)?;
/// assert_eq!(to_plain_text(&doc, &pool)?, "a\n\t1. b\n");
/// # Ok::<(), easysync::Error>(())
/// ```
///
/// Source: `getTXTFromAtext` in Etherpad's `src/node/utils/ExportTxt.ts`.
pub fn to_plain_text(doc: &Document, pool: &AttribPool) -> Result<Utf16String, Error> {
    let mut out = Utf16String::new();
    let mut numbers = Numbers::default();
    for line in whole(doc, pool)?.lines {
        let prefix = numbers.prefix(line.list);
        prefix.encode_utf16().for_each(|unit| out.push_units(&[unit]));
        line.runs.iter().for_each(|run| out.push_units(&run.text));
        out.push_units(&[NEWLINE]);
    }
    Ok(out)
}

/// How far numbered items have been counted, by level.
#[derive(Default)]
struct Numbers {
    counts: [u32; List::MAX_LEVEL as usize + 1],
    last: usize,
}

impl Numbers {
    /// What stands before the text of the next line.
    fn prefix(&mut self, list: Option<List>) -> String {
        let is_number = list.is_some_and(|list| list.kind == ListKind::Number);
        if !is_number {
            self.counts.fill(0);
        }
        let Some(list) = list else { return String::new() };
        let level = usize::from(list.level);
        let mut prefix = "\t".repeat(level);
        match list.kind {
            ListKind::Bullet => prefix.push_str("* "),
            ListKind::Indent => {}
            ListKind::Number => {
                // Only the level left last is counted anew, as Etherpad does.
                if level < self.last {
                    self.counts.iter_mut().skip(self.last).take(1).for_each(|count| *count = 0);
                }
                self.last = level;
                self.counts.iter_mut().skip(level).take(1).for_each(|count| *count += 1);
                for count in self.counts.iter().take(level + 1).skip(1) {
                    prefix.push_str(&format!("{count}."));
                }
                prefix.push(' ');
            }
        }
        prefix
    }
}
