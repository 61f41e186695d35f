//! What a client has not been told that the server has, as text for a browser's storage.

use super::serve::{PoolForm, Value, json_pool, json_string};
use crate::attrib::AttribPool;
use crate::changeset::{Changeset, Wire};
use crate::error::{Error, ErrorKind};
use crate::sort::insertion_sort;
use crate::text::Utf16String;
use std::fmt::{self, Write};

/// Changes of one session that the server has not acknowledged: all that must be stored to bring them back later.
///
/// The document is not needed for that: what others have done since is asked for, and the changes are moved past it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The pad's id.
    pub pad_id: Utf16String,
    /// Who made the changes.
    pub author: Utf16String,
    /// The revision that they were made on.
    pub rev: u32,
    /// By what that revision is known again.
    pub mark: Mark,
    /// What may have been sent; it may be among the later revisions.
    pub submitted: Option<Wire>,
    /// What was not sent, made on top of it.
    pub pending: Option<Wire>,
}

/// What is remembered of a revision, to tell whether the server's revision of that number is the same one: a pad can have
/// been deleted and begun anew.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mark {
    /// When it was made, in whole milliseconds since 1970, if the server has told.
    pub time: Option<f64>,
    /// A sum over what it changed, if that was seen; see `fingerprint`.
    pub change: Option<u64>,
}

/// Kept changes in the order in which they are to be brought back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeptList(pub Vec<Kept>);

/// The form of the text; texts of another one are refused.
const VERSION: u32 = 1;

impl KeptList {
    /// Reads what `Display` has printed. O(n).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingField`] if something is not there or not as it should be; as [`Changeset::parse`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value = Value::parse(text)?;
        if value.get("version").and_then(Value::as_integer) != Some(VERSION) {
            return Err(missing("version"));
        }
        let items = value.get("items").ok_or(missing("items"))?.items();
        items.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

fn missing(name: &'static str) -> Error {
    ErrorKind::MissingField { name }.into()
}

fn read(value: &Value) -> Result<Kept, Error> {
    let text = |name| value.get(name).and_then(Value::as_text).cloned().ok_or(missing(name));
    let wire = |name| -> Result<Option<Wire>, Error> {
        match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(wire) => {
                let changeset = wire.get("changeset").and_then(Value::as_text).ok_or(missing("changeset"))?;
                let changeset = Changeset::parse_lenient_utf16(changeset)?;
                let pool = wire.get("apool").ok_or(missing("apool"))?.to_pool()?;
                Ok(Some(Wire { changeset, pool }))
            }
        }
    };
    let change = match value.get("change").and_then(Value::as_text) {
        Some(hex) => Some(u64::from_str_radix(&hex.to_string(), 16).map_err(|_| missing("change"))?),
        None => None,
    };
    let kept = Kept {
        pad_id: text("padId")?,
        author: text("author")?,
        rev: value.get("rev").and_then(Value::as_integer).ok_or(missing("rev"))?,
        mark: Mark { time: value.get("time").and_then(Value::as_number), change },
        submitted: wire("submitted")?,
        pending: wire("pending")?,
    };
    match (&kept.submitted, &kept.pending) {
        (None, None) => Err(missing("pending")),
        (Some(first), Some(second)) if first.changeset.new_len() != second.changeset.old_len() => {
            let (expected, found) = (second.changeset.old_len(), first.changeset.new_len());
            Err(ErrorKind::LengthMismatch { expected, found }.into())
        }
        _ => Ok(kept),
    }
}

impl fmt::Display for KeptList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"version\":{VERSION},\"items\":[")?;
        for (index, kept) in self.0.iter().enumerate() {
            write!(f, "{}{kept}", if index > 0 { "," } else { "" })?;
        }
        f.write_str("]}")
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pad_id, author) = (json_string(&self.pad_id), json_string(&self.author));
        write!(f, "{{\"padId\":{pad_id},\"author\":{author},\"rev\":{}", self.rev)?;
        if let Some(time) = self.mark.time {
            // A whole number, as it is where marks are made.
            write!(f, ",\"time\":{}", time as i64)?;
        }
        if let Some(change) = self.mark.change {
            write!(f, ",\"change\":\"{change:016x}\"")?;
        }
        for (name, wire) in [("submitted", &self.submitted), ("pending", &self.pending)] {
            if let Some(Wire { changeset, pool }) = wire {
                let (changeset, pool) = (json_string(&changeset.to_utf16()), json_pool(pool, PoolForm::Short));
                write!(f, ",\"{name}\":{{\"changeset\":{changeset},\"apool\":{pool}}}")?;
            }
        }
        f.write_char('}')
    }
}

/// A number by which a change is known again, however its attributes are numbered. O(n).
///
/// # Errors
///
/// [`ErrorKind::MissingAttribute`].
pub fn fingerprint(changeset: &Changeset, pool: &AttribPool) -> Result<u64, Error> {
    let mut sum = Sum(0xcbf2_9ce4_8422_2325);
    sum.number(changeset.old_len() as u64);
    for op in changeset.ops() {
        sum.number(op.kind.symbol() as u64);
        sum.number(op.chars.into());
        sum.number(op.lines.into());
        let mut pairs = op.attribs.ids().iter().map(|id| pool.get(*id)).collect::<Result<Vec<_>, _>>()?;
        insertion_sort(&mut pairs, |a, b| a < b);
        pairs.dedup();
        for pair in pairs {
            sum.text(&pair.key);
            sum.text(&pair.value);
        }
    }
    sum.text(changeset.char_bank());
    Ok(sum.0)
}

/// FNV-1a over bytes: quick, and the same everywhere and for ever, as stored numbers must be.
struct Sum(u64);

impl Sum {
    fn number(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn text(&mut self, units: &[u16]) {
        self.number(units.len() as u64);
        units.iter().for_each(|&unit| self.number(unit.into()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use crate::attrib::Attribute;

    fn wire(changeset: &str, pairs: &[(&str, &str)]) -> Wire {
        let mut pool = AttribPool::new();
        for (key, value) in pairs {
            pool.put(Attribute::new(*key, *value));
        }
        Wire { changeset: Changeset::parse(changeset).unwrap(), pool }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let half = Changeset::from_ops(5, wire("Z:5>1+1$x", &[]).changeset.ops().to_vec(), &[0xd83d]).unwrap();
        let list = KeptList(vec![
            Kept {
                pad_id: "a \"pad\"".into(),
                author: "a.me".into(),
                rev: 7,
                mark: Mark { time: Some(1_763_762_000_123.0), change: Some(u64::MAX - 1) },
                submitted: Some(wire("Z:3>2*0+2$😀", &[("author", "a.me")])),
                pending: Some(Wire { changeset: half, pool: AttribPool::new() }),
            },
            Kept {
                pad_id: "pad".into(),
                author: Utf16String::new(),
                rev: 0,
                mark: Mark::default(),
                submitted: None,
                pending: Some(wire("Z:1>1+1$x", &[])),
            },
        ]);
        assert_eq!(KeptList::parse(&list.to_string()).unwrap(), list);
    }

    #[test]
    fn what_is_no_such_text_is_refused() {
        let item = r#""padId":"p","author":"a","rev":1"#;
        let wire = |name: &str, changeset: &str| {
            format!(r#""{name}":{{"changeset":"{changeset}","apool":{{"numToAttrib":{{}},"nextNum":0}}}}"#)
        };
        let list = |item: &str| format!(r#"{{"version":1,"items":[{{{item}}}]}}"#);
        for (text, wanted) in [
            (String::new(), "unexpected end at offset 0, expected a value"),
            ("{}".to_owned(), "field version is missing or malformed"),
            (r#"{"version":2,"items":[]}"#.to_owned(), "field version is missing or malformed"),
            (r#"{"version":1}"#.to_owned(), "field items is missing or malformed"),
            (list(item), "field pending is missing or malformed"),
            (list(&wire("pending", "Z:1>1+1$x")), "field padId is missing or malformed"),
            (
                list(&format!("{item},{},{}", wire("submitted", "Z:1>1+1$x"), wire("pending", "Z:1>1+1$x"))),
                "changeset expects a document of 1 code units, found 2",
            ),
        ] {
            assert_eq!(KeptList::parse(&text).unwrap_err().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_numbers() {
        let (one, other) =
            (wire("Z:3>1*0*1+1$x", &[("a", "1"), ("b", "2")]), wire("Z:3>1*0*1+1$x", &[("b", "2"), ("a", "1")]));
        let sum = |wire: &Wire| fingerprint(&wire.changeset, &wire.pool).unwrap();
        assert_eq!(sum(&one), sum(&other));
        for different in ["Z:3>1*0*1+1$y", "Z:3>1*0+1$x", "Z:4>1*0*1+1$x", "Z:3>1=1*0*1+1$x"] {
            assert_ne!(sum(&one), sum(&wire(different, &[("a", "1"), ("b", "2")])), "{different}");
        }
    }
}
