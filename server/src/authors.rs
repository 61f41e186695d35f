//! Who is who: secret tokens to author ids, and what an author is called.

use crate::store::{MAX_KEY, Peers, Store, StoreError, Writer};
use easysync::{Utf16String, Value};
use rand::Rng;
use rand::distr::Alphanumeric;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// An author id, `a.` and sixteen letters or digits.
pub type AuthorId = Arc<Utf16String>;

/// Colours that authors get: so many.
pub const PALETTE_LEN: u32 = 64;
/// What the keys of authors and of tokens begin with.
const AUTHOR_KEY: &str = "globalAuthor:";
const TOKEN_KEY: &str = "token2author:";
/// The longest token: the store must be able to have its key.
const MAX_TOKEN: usize = MAX_KEY - TOKEN_KEY.len();
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
    /// How many authors have been changed by other processes.
    changed: u64,
}

/// All authors there are.
pub struct Authors {
    store: Arc<dyn Store>,
    writer: Arc<Writer>,
    /// Not held while a store is asked that has peers: then this could wait for what waits for it.
    cache: Arc<Mutex<Cache>>,
}

impl Authors {
    pub fn new(store: Arc<dyn Store>, writer: Arc<Writer>) -> Self {
        let cache = Arc::<Mutex<Cache>>::default();
        if let Some(peers) = store.peers() {
            let cache = cache.clone();
            peers.on_change(Box::new(move |key| lock(&cache).forget(key)));
        }
        Self { store, writer, cache }
    }

    /// The author that a token stands for, a new one if nobody came with it before. Without a token, always a new one.
    pub fn by_token(&self, token: Option<&str>) -> Result<AuthorId, StoreError> {
        // The lock is held throughout, so that two sockets with one new token get one author.
        let mut cache = lock(&self.cache);
        let now = Instant::now();
        cache.evict(now);
        let Some(token) = token else { return Ok(self.create(&mut cache, None)) };
        if let Some((id, used)) = cache.tokens.get_mut(token) {
            *used = now;
            return Ok(id.clone());
        }
        if let Some(peers) = self.store.peers() {
            drop(cache);
            let id = self.agree(peers, token)?;
            lock(&self.cache).tokens.insert(token.to_owned(), (id.clone(), now));
            return Ok(id);
        }
        match id_of(self.store.get(&token_key(token))?) {
            Some(id) => {
                cache.tokens.insert(token.to_owned(), (id.clone(), now));
                Ok(id)
            }
            None => Ok(self.create(&mut cache, Some(token))),
        }
    }

    /// The author that a token stands for, the same for all processes.
    fn agree(&self, peers: &dyn Peers, token: &str) -> Result<AuthorId, StoreError> {
        let key = token_key(token);
        if let Some(id) = id_of(self.store.get(&key)?) {
            return Ok(id);
        }
        let id = new_id();
        peers.claim(&author_key(&id), &new_author().to_record().to_string())?;
        Ok(id_of(Some(peers.claim(&key, &easysync::json_string(&id))?)).unwrap_or(id))
    }

    /// What is known of an author; `None` if there is no such author.
    pub fn get(&self, id: &AuthorId) -> Result<Option<Arc<Author>>, StoreError> {
        let now = Instant::now();
        let changed = {
            let mut cache = lock(&self.cache);
            if let Some((author, used)) = cache.authors.get_mut(id) {
                *used = now;
                return Ok(Some(author.clone()));
            }
            cache.changed
        };
        let stored = self.store.get(&author_key(id))?;
        let Some(author) = stored.and_then(|text| Author::from_record(&text)).map(Arc::new) else { return Ok(None) };
        let mut cache = lock(&self.cache);
        if cache.changed != changed {
            // It may be this one, and what was read may be older.
            return Ok(Some(author));
        }
        Ok(Some(cache.authors.entry(id.clone()).or_insert((author, now)).0.clone()))
    }

    /// Gives an author another name or colour, and says what is known then. What is not valid is left as it was.
    pub fn update(
        &self,
        id: &AuthorId,
        name: Option<Option<Utf16String>>,
        color: Option<&Utf16String>,
    ) -> Result<Arc<Author>, StoreError> {
        let name = name.filter(|name| name.as_ref().is_none_or(|name| is_name(name)));
        let color = color.filter(|color| is_color(color));
        let changed = |mut author: Author| {
            if let Some(name) = &name {
                author.name.clone_from(name);
            }
            if let Some(color) = color {
                author.color = Value::from(color.clone());
            }
            author
        };
        let old = self.get(id)?;
        if let Some(old) = &old
            && changed(Author::clone(old)) == **old
        {
            return Ok(old.clone());
        }
        let stored = self.store.get(&author_key(id))?.and_then(|text| Value::parse(&text).ok());
        let mut cache = lock(&self.cache);
        let newest = cache.authors.get(id).map(|(author, _)| author.clone()).or(old);
        let author = changed(newest.map_or_else(new_author, |author| Author::clone(&author)));
        Ok(self.keep(&mut cache, id, author, stored))
    }

    fn create(&self, cache: &mut Cache, token: Option<&str>) -> AuthorId {
        let id = new_id();
        self.keep(cache, &id, new_author(), None);
        if let Some(token) = token {
            cache.tokens.insert(token.to_owned(), (id.clone(), Instant::now()));
            self.writer.write(vec![(token_key(token), easysync::json_string(&id))], || ());
        }
        id
    }

    /// Has an author written. What else is in the record that is there, by Etherpad for one, stays.
    fn keep(&self, cache: &mut Cache, id: &AuthorId, author: Author, stored: Option<Value>) -> Arc<Author> {
        let mut record = author.to_record();
        for (name, value) in stored.iter().flat_map(Value::members) {
            let name = name.to_string();
            if record.get(&name).is_none() {
                record.set(&name, value.clone());
            }
        }
        self.writer.write(vec![(author_key(id), record.to_string())], || ());
        let author = Arc::new(author);
        cache.authors.insert(id.clone(), (author.clone(), Instant::now()));
        author
    }
}

fn lock(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

fn author_key(id: &AuthorId) -> String {
    format!("{AUTHOR_KEY}{id}")
}

fn token_key(token: &str) -> String {
    format!("{TOKEN_KEY}{token}")
}

/// The author that a record of a token names.
fn id_of(stored: Option<String>) -> Option<AuthorId> {
    Some(AuthorId::new(Value::parse(&stored?).ok()?.as_text()?.clone()))
}

fn new_id() -> AuthorId {
    AuthorId::new(format!("a.{}", random_letters(16)).into())
}

impl Cache {
    /// Another process has written this record.
    fn forget(&mut self, key: &str) {
        self.changed += 1;
        if let Some(id) = key.strip_prefix(AUTHOR_KEY) {
            self.authors.remove(&AuthorId::new(id.into()));
        }
    }

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
    let is_right = |rest: &str| !rest.is_empty() && rest.bytes().all(is_url);
    token.len() <= MAX_TOKEN && token.strip_prefix("t.").is_some_and(is_right)
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
