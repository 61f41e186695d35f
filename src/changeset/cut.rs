//! One changeset in two.

use super::{Builder, Changeset, OpKind};
use crate::attrib::AttribSet;
use crate::error::Error;
use crate::text::NEWLINE;

impl Changeset {
    /// Cuts this changeset in two: what stands before op number `op`, and, if that is an insert, the first `units` code units
    /// of its text; and the rest, made on top of that.
    ///
    /// ```text
    /// first.compose(&rest) == self          (in normal form)
    /// ```
    ///
    /// What stands at the beginning of a line at the end stands so in between as well, and a document that ends in a newline
    /// at the end does so in between, as long as removals that follow one another are not cut apart: when a cut falls
    /// within inserted lines, the end of the line that is cut goes with its beginning.
    ///
    /// Runs in O(n) time for n ops and code units. Past the end, the first is the whole.
    ///
    /// # Errors
    ///
    /// As [`Builder::finish`], which does not happen to parts of a changeset.
    ///
    /// ```
    /// use easysync::{AttribPool, Changeset};
    /// let pasted = Changeset::parse("Z:5>7=1|1+6+1$one😀\n*")?;
    /// let (first, rest) = pasted.cut(1, 2)?;
    /// assert_eq!((first.to_string().as_str(), rest.to_string().as_str()), ("Z:5>3=1|1+3$on\n", "Z:8>4=3+3|1=1+1$e😀*"));
    /// # Ok::<(), easysync::Error>(())
    /// ```
    pub fn cut(&self, op: usize, units: usize) -> Result<(Self, Self), Error> {
        let end_of_line = self.end_of_line(op, units);
        let mut first = Builder::new(self.old_len());
        for (index, (step, text)) in self.steps().enumerate() {
            if index > op || index == op && step.kind != OpKind::Insert {
                break;
            }
            let text = if index == op { text.get(..units).unwrap_or(text) } else { text };
            match step.kind {
                OpKind::Keep => first.keep(step.chars as usize, step.lines as usize, &step.attribs),
                OpKind::Remove => first.remove(step.chars as usize, step.lines as usize),
                OpKind::Insert => first.insert(text, &step.attribs),
            };
        }
        if let Some((_, _, attribs)) = &end_of_line {
            first.insert(&[NEWLINE], attribs);
        }
        let first = first.finish()?;

        let mut rest = Builder::new(first.new_len());
        for (index, (step, text)) in self.steps().enumerate() {
            let (chars, lines) = (step.chars as usize, step.lines as usize);
            let done = if index == op { units.min(text.len()) } else { 0 };
            match step.kind {
                OpKind::Insert if index >= op => {
                    let (done, text) = text.split_at_checked(done).unwrap_or((text, &[]));
                    rest.keep_text(done, &AttribSet::EMPTY);
                    let newline = end_of_line.as_ref().filter(|(place, _, _)| *place == index);
                    match newline.and_then(|(_, at, _)| text.split_at_checked(*at)) {
                        Some((before, after)) => {
                            rest.insert(before, &step.attribs).keep(1, 1, &AttribSet::EMPTY);
                            rest.insert(after.get(1..).unwrap_or_default(), &step.attribs)
                        }
                        None => rest.insert(text, &step.attribs),
                    }
                }
                OpKind::Keep if index >= op => rest.keep(chars, lines, &step.attribs),
                OpKind::Remove if index >= op => rest.remove(chars, lines),
                OpKind::Keep | OpKind::Insert => rest.keep(chars, lines, &AttribSet::EMPTY),
                OpKind::Remove => &mut rest,
            };
        }
        Ok((first, rest.finish()?))
    }

    /// The newline with which the line ends in which a cut falls, if that is among the inserts of its place: its op, where it
    /// is in what is left of that op's text, and its attributes.
    fn end_of_line(&self, op: usize, units: usize) -> Option<(usize, usize, AttribSet)> {
        let (before, inserts) = self.ops().split_at_checked(op)?;
        let is_behind_insert = before.last().is_some_and(|op| op.kind == OpKind::Insert);
        let mut steps = self.steps().enumerate().skip(op.saturating_sub(usize::from(is_behind_insert)));
        let mut last = is_behind_insert.then(|| steps.next()).flatten().and_then(|(_, (_, text))| text.last());
        let steps = steps.zip(inserts.iter().take_while(|op| op.kind == OpKind::Insert));
        for ((index, (step, text)), _) in steps {
            let (done, left) = text.split_at_checked(if index == op { units } else { 0 }).unwrap_or((text, &[]));
            last = done.last().or(last);
            if index == op && last == Some(&NEWLINE) {
                return None;
            }
            if let Some(at) = left.iter().position(|&unit| unit == NEWLINE) {
                return Some((index, at, step.attribs.clone()));
            }
        }
        None
    }
}
