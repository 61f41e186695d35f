//! Values that come again and again in messages: read once, known by their text afterwards.

use super::json::Json;
use crate::error::Error;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// So many texts are remembered; then it begins anew.
const MAX_KNOWN: usize = 1024;
/// Longer texts are read each time.
const MAX_LEN: usize = 1024;

/// The values of texts that were read before.
#[derive(Debug, Clone)]
pub(super) struct Memo<T> {
    /// The one that came last.
    last: Option<(Arc<str>, Arc<T>)>,
    known: FxHashMap<Arc<str>, Arc<T>>,
}

/// A value that stands in a message.
#[derive(Clone)]
pub(super) enum Found<'a, T> {
    /// It was read before.
    Known(Arc<T>),
    /// It is still to be read, from this place; it is written like this.
    New(Json<'a>, &'a str),
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { last: None, known: FxHashMap::default() }
    }
}

impl<T> Memo<T> {
    /// Steps over a string or an object and gives back what is known of it. O(length), and a comparison if it is what it was the
    /// last time: no such value is the beginning of another.
    pub fn find<'a>(&mut self, json: &mut Json<'a>) -> Result<Found<'a, T>, Error> {
        if let Some((text, value)) = &self.last
            && json.eat_text(text)
        {
            return Ok(Found::Known(value.clone()));
        }
        let place = json.clone();
        let text = json.skip_text()?;
        let Some((text, value)) = self.known.get_key_value(text) else { return Ok(Found::New(place, text)) };
        self.last = Some((text.clone(), value.clone()));
        Ok(Found::Known(value.clone()))
    }

    /// The value, read by `read` if it is new.
    pub fn get(
        &mut self,
        found: Found<'_, T>,
        read: impl FnOnce(&mut Json<'_>) -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        let (mut json, text) = match found {
            Found::Known(value) => return Ok(value),
            Found::New(json, text) => (json, text),
        };
        let value = Arc::new(read(&mut json)?);
        if text.len() <= MAX_LEN {
            if self.known.len() == MAX_KNOWN {
                self.known.clear();
            }
            let text = Arc::<str>::from(text);
            self.known.insert(text.clone(), value.clone());
            self.last = Some((text, value.clone()));
        }
        Ok(value)
    }
}

/// What stands for a text that messages have in one place, known by how it begins: nobody has to look for its end.
#[derive(Debug, Clone)]
pub(super) struct Beginnings<T> {
    texts: Vec<(Box<str>, T)>,
    /// Where each is, by a number for its beginning.
    places: FxHashMap<u64, usize>,
    /// Where the one is that came last.
    last: usize,
}

/// Of how many bytes a beginning is made, and how many before it are the same in nearly all texts.
const BEGINNING: std::ops::Range<usize> = 24..88;

impl<T> Default for Beginnings<T> {
    fn default() -> Self {
        Self { texts: Vec::new(), places: FxHashMap::default(), last: 0 }
    }
}

impl<T> Beginnings<T> {
    /// Steps over a known text and gives back what it stands for. No text that is [put](Self::put) may be the beginning of
    /// another value. O(length), and a comparison if it is what it was the last time.
    pub fn find(&mut self, json: &mut Json<'_>) -> Option<&T> {
        let eat =
            |json: &mut Json<'_>, place: usize| self.texts.get(place).is_some_and(|(text, _)| json.eat_text(text));
        if !eat(json, self.last) {
            let place = *self.places.get(&beginning(json.rest().as_bytes()))?;
            eat(json, place).then_some(())?;
            self.last = place;
        }
        self.texts.get(self.last).map(|(_, value)| value)
    }

    /// Remembers what the text between two places stands for. Of two texts with one beginning the later is remembered.
    pub fn put(&mut self, start: &Json<'_>, end: &Json<'_>, value: T) {
        let text = start.text_until(end);
        if text.len() <= MAX_LEN {
            if self.texts.len() == MAX_KNOWN {
                self.texts.clear();
                self.places.clear();
            }
            self.last = *self.places.entry(beginning(start.rest().as_bytes())).or_insert(self.texts.len());
            match self.texts.get_mut(self.last) {
                Some(place) => *place = (text.into(), value),
                None => self.texts.push((text.into(), value)),
            }
        }
    }
}

/// A number for the bytes in [`BEGINNING`].
fn beginning(text: &[u8]) -> u64 {
    let (words, _) = text.get(BEGINNING).unwrap_or_default().as_chunks::<8>();
    words
        .iter()
        .fold(0, |sum: u64, word| (sum.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_not_read_again() {
        let mut memo = Memo::default();
        let mut reads = 0;
        for (text, rest) in [("\"a\",1", ",1"), ("\"a\"", ""), ("\"ab\" ", " "), (" \"a\"]", "]"), ("\"ab\"", "")] {
            let mut json = Json::new(text);
            let found = memo.find(&mut json).unwrap();
            let value = memo.get(found, |json| json.string()?.units().inspect(|_| reads += 1)).unwrap();
            assert_eq!(*value, *text.trim_matches([' ', '"', ',', '1', ']']));
            assert_eq!(json.rest(), rest);
        }
        assert_eq!(reads, 2);
        // The last one is the one that came last, not the one that was read last.
        memo.find(&mut Json::new("\"a\"")).unwrap();
        assert_eq!(&*memo.last.as_ref().unwrap().0, "\"a\"");
        assert!(memo.find(&mut Json::new("\"a")).is_err());
    }

    #[test]
    fn a_text_is_known_by_its_beginning_and_compared_whole() {
        let mut known = Beginnings::default();
        let texts = ["x".repeat(100), "y".repeat(20), "x".repeat(99), String::new(), "z".repeat(2 * MAX_LEN)];
        for (value, text) in texts.iter().enumerate() {
            let text = format!("\"{text}\",\"more\"{}", " ".repeat(90));
            let start = Json::new(&text);
            let mut end = start.clone();
            end.string().unwrap();
            assert_eq!(known.find(&mut start.clone()), None, "{text}");
            known.put(&start, &end, value);
            let mut found = start.clone();
            let is_remembered = value < 4;
            assert_eq!(known.find(&mut found), is_remembered.then_some(&value), "{text}");
            assert_eq!(found.rest(), if is_remembered { end.rest() } else { &text });
        }
        for n in (0..3 * MAX_KNOWN).chain([0; 9]) {
            let text = format!("\"{}{n:80}\"", " ".repeat(20));
            let mut end = Json::new(&text);
            end.string().unwrap();
            known.put(&Json::new(&text), &end, n);
            assert!(known.texts.len() <= MAX_KNOWN && known.texts.len() == known.places.len());
        }
    }

    #[test]
    fn it_stays_small() {
        let mut memo = Memo::default();
        let long = format!("\"{}\"", "x".repeat(MAX_LEN));
        for text in (0..3 * MAX_KNOWN).map(|n| format!("\"{n}\"")).chain([long]) {
            let found = memo.find(&mut Json::new(&text)).unwrap();
            memo.get(found, |json| json.string()?.units()).unwrap();
            assert!(memo.known.len() <= MAX_KNOWN);
        }
        assert!(memo.last.unwrap().0.len() < MAX_LEN);
    }
}
