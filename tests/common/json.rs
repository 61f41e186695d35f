//! A JSON reader that keeps halves of surrogate pairs, which serde_json's strings cannot.

use easysync::{AttribPool, Attribute, Utf16String};

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(Utf16String),
    List(Vec<Json>),
    /// Members in the order of their appearance.
    Object(Vec<(Utf16String, Json)>),
}

impl Json {
    pub fn parse(text: &[u8]) -> Json {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value();
        reader.space();
        assert_eq!(reader.at, text.len(), "text after the JSON value");
        value
    }

    /// A member of an object; `Null` if there is none.
    pub fn get(&self, name: &str) -> &Json {
        match self {
            Json::Object(members) => {
                members.iter().find(|(key, _)| *key == name).map_or(&Json::Null, |(_, value)| value)
            }
            _ => &Json::Null,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        matches!(self, Json::Object(members) if members.iter().any(|(key, _)| *key == name))
    }

    pub fn text(&self) -> &Utf16String {
        match self {
            Json::String(text) => text,
            other => panic!("{other:?} is not a string"),
        }
    }

    /// A string that must not hold halves of pairs.
    pub fn str(&self) -> String {
        self.text().to_str().expect("a string without halves of pairs")
    }

    pub fn number(&self) -> f64 {
        match self {
            Json::Number(number) => *number,
            other => panic!("{other:?} is not a number"),
        }
    }

    pub fn int(&self) -> usize {
        self.number() as usize
    }

    pub fn bool(&self) -> bool {
        match self {
            Json::Bool(value) => *value,
            other => panic!("{other:?} is not a boolean"),
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            other => panic!("{other:?} is not a list"),
        }
    }

    /// Equal but for the order of members.
    pub fn same(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::List(a), Json::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Json::Object(a), Json::Object(b)) => {
                let find = |key: &Utf16String| b.iter().find(|(other, _)| other == key).map(|(_, value)| value);
                a.len() == b.len() && a.iter().all(|(key, value)| find(key).is_some_and(|other| value.same(other)))
            }
            _ => self == other,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::String(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::String(text.into())
    }
}

impl From<Utf16String> for Json {
    fn from(text: Utf16String) -> Self {
        Json::String(text)
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Json::Number(number as f64)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}

/// A well-formed attribute pool.
pub fn pool(json: &Json) -> AttribPool {
    let Json::Object(entries) = json.get("numToAttrib") else { panic!("{json:?} is not a pool") };
    let entry = |(number, pair): &(Utf16String, Json)| {
        let pair = pair.list();
        (number.to_string().parse().unwrap(), Attribute::new(pair[0].text().clone(), pair[1].text().clone()))
    };
    AttribPool::from_numbered(entries.iter().map(entry), json.get("nextNum").int() as u32).unwrap()
}

/// An object from names and values, those that are `None` left out.
pub fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    Json::Object(members.into_iter().filter_map(|(key, value)| Some((key.into(), value?))).collect())
}

/// A string as `JSON.stringify` prints it.
pub fn quoted(text: &[u16]) -> String {
    use std::fmt::Write;
    let mut out = String::from("\"");
    for unit in char::decode_utf16(text.iter().copied()) {
        match unit {
            Ok(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Ok('\u{8}') => out.push_str("\\b"),
            Ok('\t') => out.push_str("\\t"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\u{c}') => out.push_str("\\f"),
            Ok('\r') => out.push_str("\\r"),
            Ok(c) if c < ' ' => write!(out, "\\u{:04x}", c as u32).unwrap(),
            Ok(c) => out.push(c),
            Err(half) => write!(out, "\\u{:04x}", half.unpaired_surrogate()).unwrap(),
        }
    }
    out + "\""
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: &str) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(wanted.as_bytes());
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn value(&mut self) -> Json {
        if self.eat("null") {
            Json::Null
        } else if self.eat("true") {
            Json::Bool(true)
        } else if self.eat("false") {
            Json::Bool(false)
        } else if self.eat("[") {
            let mut items = Vec::new();
            while !self.eat("]") {
                items.push(self.value());
                self.eat(",");
            }
            Json::List(items)
        } else if self.eat("{") {
            let mut members = Vec::new();
            while !self.eat("}") {
                let key = self.string();
                assert!(self.eat(":"));
                members.push((key, self.value()));
                self.eat(",");
            }
            Json::Object(members)
        } else if self.text.get(self.at) == Some(&b'"') {
            Json::String(self.string())
        } else {
            let rest = &self.text[self.at..];
            let len =
                rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
            self.at += len;
            Json::Number(std::str::from_utf8(&rest[..len]).unwrap().parse().expect("a JSON value"))
        }
    }

    fn string(&mut self) -> Utf16String {
        assert!(self.eat("\""));
        let mut units = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.iter().take_while(|&&byte| byte != b'"' && byte != b'\\').count();
            units.extend(std::str::from_utf8(&rest[..plain]).unwrap().encode_utf16());
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return units.into();
            }
            let escape = rest[plain + 1];
            self.at += 1;
            units.push(match escape {
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => 0x0a,
                b'r' => 0x0d,
                b't' => 0x09,
                b'u' => {
                    self.at += 4;
                    let digits = &rest[plain + 2..plain + 6];
                    u16::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
                }
                other => u16::from(other),
            });
        }
    }
}
