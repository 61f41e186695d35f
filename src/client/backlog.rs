//! Changesets one after the other, composed when they are asked for.

use crate::attrib::AttribPool;
use crate::changeset::Changeset;
use crate::error::Error;

/// Changesets, each made on top of the one before.
///
/// Composing each new one with all before it would cost n² for n revisions. So neighbours are composed when the later has
/// grown as large as the earlier: O(log n) for each code unit and op that goes through, and O(log n) parts at any time.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog {
    parts: Vec<Changeset>,
    /// How many code units at the beginning and at the end none of the parts touches.
    untouched: Option<(usize, usize)>,
}

impl Backlog {
    /// Whether nothing was pushed since the last [`Backlog::take`].
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many code units at the beginning and at the end of the document nothing here touches; `None` if nothing touches
    /// any. Both ends are as long before as after, so no part has to be composed for this. O(1).
    pub fn untouched(&self) -> Option<(usize, usize)> {
        self.untouched
    }

    /// Appends a changeset. One that touches nothing is none to wait for.
    pub fn push(&mut self, changeset: Changeset, pool: &AttribPool) -> Result<(), Error> {
        let Some(touched) = changeset.touched() else { return Ok(()) };
        let ends = (touched.start, changeset.old_len() - touched.end);
        let (start, end) = self.untouched.unwrap_or(ends);
        self.untouched = Some((start.min(ends.0), end.min(ends.1)));
        self.parts.push(changeset);
        while let [.., earlier, later] = &*self.parts
            && weight(later) >= weight(earlier)
        {
            self.merge_last(pool)?;
        }
        Ok(())
    }

    /// The changesets, the first first.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &Changeset> {
        self.parts.iter()
    }

    /// All of it as one changeset; nothing is left.
    pub fn take(&mut self, pool: &AttribPool) -> Result<Option<Changeset>, Error> {
        while self.parts.len() > 1 {
            self.merge_last(pool)?;
        }
        self.untouched = None;
        Ok(self.parts.pop())
    }

    fn merge_last(&mut self, pool: &AttribPool) -> Result<(), Error> {
        if let [.., earlier, later] = &*self.parts {
            let both = earlier.compose(later, pool)?;
            self.parts.truncate(self.parts.len() - 2);
            self.parts.push(both);
        }
        Ok(())
    }
}

/// What composing it costs, about.
fn weight(changeset: &Changeset) -> usize {
    changeset.ops().len() + changeset.char_bank().len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_composition_of_all() {
        let pool = AttribPool::new();
        let (mut backlog, mut one_by_one) = (Backlog::default(), Changeset::identity(1).unwrap());
        for n in 0..100 {
            let place = (n * 7919) % (n + 1);
            let change = if place == 0 {
                format!("Z:{}>1+1$x", radix36(n + 1))
            } else {
                format!("Z:{}>1={}+1$y", radix36(n + 1), radix36(place))
            };
            let change = Changeset::parse(&change).unwrap();
            one_by_one = one_by_one.compose(&change, &pool).unwrap();
            backlog.push(change, &pool).unwrap();
            assert!(backlog.parts.len() <= 8, "{} parts after {n}", backlog.parts.len());
        }
        let touched = one_by_one.touched().unwrap();
        assert_eq!(backlog.untouched(), Some((touched.start, one_by_one.old_len() - touched.end)));
        assert_eq!(backlog.take(&pool).unwrap(), Some(one_by_one));
        assert_eq!(backlog.untouched(), None);
        assert!(backlog.is_empty() && backlog.take(&pool).unwrap().is_none());
    }

    #[test]
    fn what_touches_nothing_is_not_waited_for() {
        let pool = AttribPool::new();
        let mut backlog = Backlog::default();
        backlog.push(Changeset::identity(7).unwrap(), &pool).unwrap();
        assert!(backlog.is_empty() && backlog.untouched().is_none());
        assert!(backlog.take(&pool).unwrap().is_none());
    }

    fn radix36(n: usize) -> String {
        let digit = |n: usize| char::from_digit(n as u32, 36).unwrap();
        if n < 36 { digit(n).to_string() } else { format!("{}{}", digit(n / 36), digit(n % 36)) }
    }
}
