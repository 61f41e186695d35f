//! Who is who: secret tokens to author ids, and what an author is called.

use crate::store::{Store, StoreError, Writer};
use easysync::{Utf16String, Value};
use rand::Rng;
use rand::distr::Alphanumeric;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An author id, `a.` and sixteen letters or digits.
pub type AuthorId = Arc<Utf16String>;

/// Colours that authors get: so many.
pub const PALETTE_LEN: u32 = 64;
/// The longest name, in code units.
const MAX_NAME: usize = 200;
/// From this many on, authors that were not asked for lately are forgotten; the store has them.
const MAX_CACHED: usize = 20_000;
const CACHED_FOR: Duration = Duration::from_secs(600);

/// What is known of an author.
#[derive(Debug, Clone, PartialEq)]
pub struct Author {
    /// A number in the palette, or `#rgb` or `#rrggbb`.
    pub color: Value,
    /// What they call themselves.
    pub name: Option<Utf16String>,
    /// When they were first seen, in milliseconds since 1970.
    pub since: f64,
}

impl Author {
    fn from_record(text: &str) -> Option<Self> {
        let record = Value::parse(text).ok()?;
        Some(Self {
            color: record.get("colorId").cloned().unwrap_or(Value::Number(0.0)),
            name: record.get("name").and_then(Value::as_text).cloned(),
            since: record.get("timestamp").and_then(Value::as_number).unwrap_or_default(),
        })
    }

    /// The record, as Etherpad has it.
    pub fn to_record(&self) -> Value {
        Value::object([
            ("colorId", self.color.clone()),
            ("name", self.name.clone().map_or(Value::Null, Value::from)),
            ("timestamp", Value::Number(self.since)),
        ])
    }
}

#[derive(Default)]
struct Cache {
    tokens: HashMap<String, (AuthorId, Instant)>,
    authors: HashMap<AuthorId, (Arc<Author>, Instant)>,
}

/// All authors there are.
pub struct Authors {
    store: Arc<dyn Store>,
    writer: Arc<Writer>,
    cache: Mutex<Cache>,
}

impl Authors {
    pub fn new(store: Arc<dyn Store>, writer: Arc<Writer>) -> Self {
        Self { store, writer, cache: Mutex::default() }
    }

    /// The author that a token stands for, a new one if nobody came with it before. Without a token, always a new one.
    pub fn by_token(&self, token: Option<&str>) -> Result<AuthorId, StoreError> {
        // The lock is held throughout, so that two sockets with one new token get one author.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        cache.evict(now);
        let Some(token) = token else { return Ok(self.create(&mut cache, None)) };
        if let Some((id, used)) = cache.tokens.get_mut(token) {
            *used = now;
            return Ok(id.clone());
        }
        let stored = self.store.get(&format!("token2author:{token}"))?.and_then(|text| Value::parse(&text).ok());
        match stored.as_ref().and_then(Value::as_text) {
            Some(id) => {
                let id = AuthorId::new(id.clone());
                cache.tokens.insert(token.to_owned(), (id.clone(), now));
                Ok(id)
            }
            None => Ok(self.create(&mut cache, Some(token))),
        }
    }

    /// What is known of an author; `None` if there is no such author.
    pub fn get(&self, id: &AuthorId) -> Result<Option<Arc<Author>>, StoreError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        self.cached(&mut cache, id)
    }

    /// Gives an author another name or colour, and says what is known then. What is not valid is left as it was.
    pub fn update(
        &self,
        id: &AuthorId,
        name: Option<Option<Utf16String>>,
        color: Option<&Utf16String>,
    ) -> Result<Arc<Author>, StoreError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.cached(&mut cache, id)?;
        let mut author = old.as_deref().cloned().unwrap_or_else(new_author);
        if let Some(name) = name.filter(|name| name.as_ref().is_none_or(|name| is_name(name))) {
            author.name = name;
        }
        if let Some(color) = color.filter(|color| is_color(color)) {
            author.color = Value::from(color.clone());
        }
        match old {
            Some(old) if *old == author => Ok(old),
            _ => Ok(self.keep(&mut cache, id, author)),
        }
    }

    fn cached(&self, cache: &mut Cache, id: &AuthorId) -> Result<Option<Arc<Author>>, StoreError> {
        let now = Instant::now();
        if let Some((author, used)) = cache.authors.get_mut(id) {
            *used = now;
            return Ok(Some(author.clone()));
        }
        let stored = self.store.get(&format!("globalAuthor:{id}"))?;
        Ok(stored.and_then(|text| Author::from_record(&text)).map(|author| {
            let author = Arc::new(author);
            cache.authors.insert(id.clone(), (author.clone(), now));
            author
        }))
    }

    fn create(&self, cache: &mut Cache, token: Option<&str>) -> AuthorId {
        let id = AuthorId::new(format!("a.{}", random_letters(16)).into());
        self.keep(cache, &id, new_author());
        if let Some(token) = token {
            cache.tokens.insert(token.to_owned(), (id.clone(), Instant::now()));
            let put = (format!("token2author:{token}"), easysync::json_string(&id));
            self.writer.write(vec![put], || ());
        }
        id
    }

    fn keep(&self, cache: &mut Cache, id: &AuthorId, author: Author) -> Arc<Author> {
        self.writer.write(vec![(format!("globalAuthor:{id}"), author.to_record().to_string())], || ());
        let author = Arc::new(author);
        cache.authors.insert(id.clone(), (author.clone(), Instant::now()));
        author
    }
}

impl Cache {
    fn evict(&mut self, now: Instant) {
        // What is younger may not have reached the store yet.
        let is_young = |used: &Instant| now.duration_since(*used) < CACHED_FOR;
        if self.tokens.len() > MAX_CACHED {
            self.tokens.retain(|_, (_, used)| is_young(used));
        }
        if self.authors.len() > MAX_CACHED {
            self.authors.retain(|_, (_, used)| is_young(used));
        }
    }
}

fn new_author() -> Author {
    let color = Value::from(rand::rng().random_range(0..PALETTE_LEN));
    Author { color, name: None, since: crate::now() }
}

/// Whether a name may be used.
pub fn is_name(name: &[u16]) -> bool {
    name.len() <= MAX_NAME
}

/// Whether a text is a colour: `#rgb` or `#rrggbb`.
pub fn is_color(color: &[u16]) -> bool {
    let is_hex = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| byte.is_ascii_hexdigit());
    matches!(color.split_first(), Some((first, rest))
        if *first == u16::from(b'#') && matches!(rest.len(), 3 | 6) && rest.iter().all(is_hex))
}

/// Whether a token may be used: `t.` and then base64url.
pub fn is_token(token: &str) -> bool {
    let is_url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    token.strip_prefix("t.").is_some_and(|rest| (1..=128).contains(&rest.len()) && rest.bytes().all(is_url))
}

/// A new secret token.
pub fn new_token() -> String {
    use base64::Engine;
    let bytes: [u8; 15] = rand::rng().random();
    format!("t.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// Letters and digits that nobody can guess.
pub fn random_letters(len: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(len).map(char::from).collect()
}

/// The colours that authors get, each light enough for dark text on it: eight rounds through the hues, by steps of the
/// golden angle so that neighbours differ, and a little darker each round.
pub fn palette() -> impl Iterator<Item = String> {
    (0..PALETTE_LEN).map(|number| {
        let hue = (f64::from(number) * 137.508).rem_euclid(360.0);
        let lightness = 0.87 - 0.02 * f64::from(number / 8);
        let chroma = 0.75 * (1.0 - (2.0 * lightness - 1.0).abs());
        let channel = |offset: f64| {
            let k = (offset + hue / 30.0).rem_euclid(12.0);
            let value = lightness - chroma / 2.0 * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            (value * 255.0).round() as u8
        };
        format!("#{:02x}{:02x}{:02x}", channel(0.0), channel(8.0), channel(4.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_has_different_light_colours() {
        let colors: Vec<_> = palette().collect();
        let different: std::collections::HashSet<_> = colors.iter().collect();
        assert_eq!((colors.len(), different.len()), (64, 64));
        for color in &colors {
            assert!(is_color(&color.encode_utf16().collect::<Vec<_>>()), "{color}");
            let parse = |at: usize| color.get(at..at + 2).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let sum: u32 = [1, 3, 5].into_iter().filter_map(parse).sum();
            assert!(sum > 450, "{color} is too dark");
        }
    }

    #[test]
    fn only_proper_colours_and_tokens_pass() {
        let color = |text: &str| is_color(&text.encode_utf16().collect::<Vec<_>>());
        assert!(color("#abc") && color("#A0b1C2"));
        assert!(!["", "#", "abc", "#ab", "#abcd", "#abcdeg", "red", "#abcdef0"].into_iter().any(color));
        assert!(is_token(&new_token()) && new_token().len() == 22 && is_token("t.a"));
        assert!(!["", "t.", "x.abc", "t.a b", "t.é", "t.a;b"].into_iter().any(is_token));
    }
}
