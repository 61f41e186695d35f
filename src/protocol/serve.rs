//! Messages as a server sees them: those of clients are read, those to clients are written.
//!
//! With it comes [`Value`], JSON in general whose strings may hold halves of surrogate pairs, for what a server keeps.

use super::json::{Json, push_string};
use super::number::CommitNumber;
use super::read::MessageError;
use crate::attrib::{AttribPool, Attribute};
use crate::changeset::{Changeset, Wire};
use crate::document::AText;
use crate::error::{Error, ErrorKind, PoolFault};
use crate::text::Utf16String;
use std::fmt::{self, Write};

/// A JSON value. Strings are UTF-16 code units; members keep their order.
///
/// ```
/// use easysync::Value;
/// let text = r#"{"text":"half \ud83d","n":[1,null,true]}"#;
/// let value = Value::parse(text)?;
/// assert_eq!(value.get("text").and_then(Value::as_text).map(|text| text.len()), Some(6));
/// assert_eq!(value.to_string(), text);
/// # Ok::<(), easysync::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; one that JSON cannot say is printed as `null`.
    Number(f64),
    /// A string.
    Text(Utf16String),
    /// `[...]`
    List(Vec<Value>),
    /// `{...}`; of members with one name, the last counts.
    Object(Vec<(Utf16String, Value)>),
}

impl Value {
    /// Reads a JSON text. O(n) time and memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedCharacter`] or [`ErrorKind::UnexpectedEnd`], also for nesting deeper than 64.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut json = Json::new(text);
        let value = Self::read(&mut json)?;
        json.finish()?;
        Ok(value)
    }

    /// An object from names and values.
    pub fn object<const N: usize>(members: [(&str, Value); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    fn read(json: &mut Json<'_>) -> Result<Self, Error> {
        match json.peek() {
            Some(b'"') => Ok(Self::Text(json.string()?.units()?)),
            Some(b'{') => {
                let mut members = Vec::new();
                json.object(|name, json| {
                    members.push((name.units()?, Self::read(json)?));
                    Ok(())
                })?;
                Ok(Self::Object(members))
            }
            Some(b'[') => {
                let mut items = Vec::new();
                json.list(|json| {
                    items.push(Self::read(json)?);
                    Ok(())
                })?;
                Ok(Self::List(items))
            }
            Some(first @ (b't' | b'f')) => json.skip().map(|()| Self::Bool(first == b't')),
            Some(b'n') => json.skip().map(|()| Self::Null),
            Some(b'0'..=b'9' | b'-') => Ok(json.number_if_any()?.map_or(Self::Null, Self::Number)),
            _ => json.unexpected("a value"),
        }
    }

    /// The member of an object that has this name. O(members).
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts a member into an object, in the place of the one that had its name. Nothing happens to other values.
    pub fn set(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().rev().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.into(), value)),
        }
    }

    /// The text of a string.
    pub fn as_text(&self) -> Option<&Utf16String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The value of a whole number from 0 to 2^31 - 1.
    pub fn as_integer(&self) -> Option<u32> {
        self.as_number().filter(|n| n.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(n)).map(|n| n as u32)
    }

    /// The items of a list; none for other values.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; none for other values.
    pub fn members(&self) -> &[(Utf16String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// An attribute pool from `{numToAttrib: {"0": [key, value], ...}, nextNum}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedPool`], [`ErrorKind::MissingField`].
    pub fn to_pool(&self) -> Result<AttribPool, Error> {
        let entry = |(number, pair): &(Utf16String, Self)| {
            let number = number.to_str().filter(|text| text == "0" || !text.starts_with(['0', '+']));
            match (number.and_then(|text| text.parse().ok()), pair.items()) {
                (Some(number), [Self::Text(key), Self::Text(value)]) => {
                    Ok((number, Attribute::new(key.clone(), value.clone())))
                }
                _ => Err(ErrorKind::MalformedPool { reason: PoolFault::NotAPair }.into()),
            }
        };
        let Some(Self::Object(entries)) = self.get("numToAttrib") else {
            return Err(ErrorKind::MissingField { name: "numToAttrib" }.into());
        };
        let next = self.get("nextNum").and_then(Self::as_integer).ok_or(ErrorKind::MissingField { name: "nextNum" })?;
        AttribPool::from_numbered(entries.iter().map(entry).collect::<Result<Vec<_>, Error>>()?, next)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Utf16String> for Value {
    fn from(text: Utf16String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

/// As `JSON.stringify` prints it, without spaces. Halves of surrogate pairs become escapes.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) if number.is_finite() => write!(f, "{number}"),
            Self::Number(_) => f.write_str("null"),
            Self::Text(text) => f.write_str(&json_string(text)),
            Self::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { "," } else { "" })?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if index > 0 { "," } else { "" }, json_string(name))?;
                }
                f.write_char('}')
            }
        }
    }
}

/// A text as a JSON string with its quotes. Halves of surrogate pairs become escapes. O(n).
pub fn json_string(text: &[u16]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(text, &mut out);
    out
}

/// Which keys of an attribute pool are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolForm {
    /// `numToAttrib` and `nextNum`: in documents and histories.
    Short,
    /// `attribToNum` between them: with single revisions, and in records of key revisions.
    Full,
}

/// An attribute pool as JSON. O(n).
pub fn json_pool(pool: &AttribPool, form: PoolForm) -> String {
    let mut out = String::from("{\"numToAttrib\":{");
    let comma = |id: u32| if id > 0 { "," } else { "" };
    for (id, attribute) in pool.iter() {
        let _infallible = write!(out, "{}\"{}\":[", comma(id.0), id.0);
        push_string(&attribute.key, &mut out);
        out.push(',');
        push_string(&attribute.value, &mut out);
        out.push(']');
    }
    out.push('}');
    if form == PoolForm::Full {
        out.push_str(",\"attribToNum\":{");
        for (id, attribute) in pool.iter() {
            let mut name = attribute.key.clone();
            name.push_units(&[u16::from(b',')]);
            name.push_units(&attribute.value);
            out.push_str(comma(id.0));
            push_string(&name, &mut out);
            let _infallible = write!(out, ":{}", id.0);
        }
        out.push('}');
    }
    let _infallible = write!(out, ",\"nextNum\":{}}}", pool.len());
    out
}

/// A flat document as JSON, `{"text":...,"attribs":...}`. O(n).
pub fn json_atext(atext: &AText) -> String {
    let mut out = String::with_capacity(atext.text.len() + atext.attribs.len() + 32);
    out.push_str("{\"text\":");
    push_string(&atext.text, &mut out);
    // Attributions are ASCII and hold nothing that needs an escape.
    let _infallible = write!(out, ",\"attribs\":\"{}\"}}", atext.attribs);
    out
}

/// A message from a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClientMessage {
    /// `CLIENT_READY`: someone wants to join a pad, or to come back to it.
    Ready(Box<ClientReady>),
    /// `USER_CHANGES`: a commit, or what is wrong with it.
    UserChanges(Result<Box<UserChanges>, Error>),
    /// `USERINFO_UPDATE`: a new name or colour.
    UserInfo {
        /// The name; not given, or not a string: `None`.
        name: Option<Utf16String>,
        /// The colour as it came.
        color: Value,
    },
    /// `SAVE_REVISION`: a bookmark at the present revision.
    SaveRevision,
    /// `CHAT_MESSAGE`.
    Chat {
        /// What was said.
        text: Utf16String,
    },
    /// `GET_CHAT_MESSAGES`: old chat messages, from `start` to `end` inclusive.
    GetChat {
        /// The first.
        start: f64,
        /// The last.
        end: f64,
    },
    /// `CLIENT_MESSAGE`: to be passed on to the others.
    Relay {
        /// What to pass on.
        payload: Value,
    },
    /// `CHANGESET_REQ`: a part of the history.
    ChangesetRequest(ChangesetRequest),
    /// A type that is not known.
    Unknown {
        /// What it calls itself.
        name: String,
    },
}

/// `CLIENT_READY`.
#[derive(Debug, Clone, Default)]
pub struct ClientReady {
    /// The pad's id, or its read-only id.
    pub pad_id: Utf16String,
    /// The secret by which the author is known, if it is not in a cookie.
    pub token: Option<Utf16String>,
    /// The name that the author wants.
    pub name: Option<Utf16String>,
    /// The colour that the author wants.
    pub color: Option<Utf16String>,
    /// The last revision of a client that comes back; `None` for one that joins.
    pub reconnect: Option<f64>,
    /// What the client can do, in the bits of `easysync.capabilities`; `None` if it does not say.
    pub capabilities: Option<u32>,
}

/// `USER_CHANGES`.
#[derive(Debug, Clone)]
pub struct UserChanges {
    /// The revision on which the commit was made.
    pub base_rev: u32,
    /// What it changes, numbered by its own pool.
    pub wire: Wire,
    /// Its number, if the client pipelines its commits.
    pub number: Option<CommitNumber>,
}

/// `CHANGESET_REQ`. Numbers are as they came: clients send fractions, negative numbers and strings.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangesetRequest {
    /// The first step leads to revision `start + granularity - 1`.
    pub start: f64,
    /// How many revisions a step has.
    pub granularity: f64,
    /// What the answer must echo.
    pub request_id: Value,
}

/// Reads a message from a client: the JSON text that is the argument of a socket.io `message` event. O(n).
///
/// A commit that cannot be read is not an error of the message: it is answered otherwise.
///
/// # Errors
///
/// [`MessageError`]: no JSON, no object, no type, or a field missing.
pub fn parse_client_message(text: &str) -> Result<ClientMessage, MessageError> {
    let failed = |name: &str, error| MessageError { message: name.to_owned(), item: None, error };
    let value = Value::parse(text).map_err(|error| failed("message", error))?;
    let name = text_of(&value, "type").ok_or_else(|| failed("message", missing("type")))?;
    match name.to_string().as_str() {
        "CLIENT_READY" => ready(&value).map(|ready| ClientMessage::Ready(Box::new(ready))),
        "CHANGESET_REQ" => changeset_request(&value).map(ClientMessage::ChangesetRequest),
        "COLLABROOM" => {
            let data = value.get("data").unwrap_or(&Value::Null);
            let name = text_of(data, "type").map(|name| name.to_string()).unwrap_or_default();
            return room_message(&name, data).map_err(|error| failed(&name, error));
        }
        name => Ok(ClientMessage::Unknown { name: name.to_owned() }),
    }
    .map_err(|error| failed(&name.to_string(), error))
}

fn room_message(name: &str, data: &Value) -> Result<ClientMessage, Error> {
    Ok(match name {
        "USER_CHANGES" => ClientMessage::UserChanges(user_changes(data).map(Box::new)),
        "USERINFO_UPDATE" => {
            let info = data.get("userInfo").ok_or(missing("userInfo"))?;
            let color = info.get("colorId").cloned().unwrap_or_default();
            ClientMessage::UserInfo { name: text_of(info, "name").cloned(), color }
        }
        "SAVE_REVISION" => ClientMessage::SaveRevision,
        "CHAT_MESSAGE" => {
            // Before version 1.8.15 the text stood one level higher.
            let text = data.get("message").and_then(|message| text_of(message, "text"));
            ClientMessage::Chat { text: text.or(text_of(data, "text")).cloned().ok_or(missing("text"))? }
        }
        "GET_CHAT_MESSAGES" => {
            let number = |name| data.get(name).and_then(Value::as_number).ok_or(missing(name));
            ClientMessage::GetChat { start: number("start")?, end: number("end")? }
        }
        "CLIENT_MESSAGE" => {
            let payload = data.get("payload").filter(|payload| text_of(payload, "type").is_some());
            ClientMessage::Relay { payload: payload.cloned().ok_or(missing("payload"))? }
        }
        name => ClientMessage::Unknown { name: name.to_owned() },
    })
}

fn missing(name: &'static str) -> Error {
    ErrorKind::MissingField { name }.into()
}

fn text_of<'a>(value: &'a Value, name: &str) -> Option<&'a Utf16String> {
    value.get(name).and_then(Value::as_text)
}

fn ready(value: &Value) -> Result<ClientReady, Error> {
    let info = value.get("userInfo").unwrap_or(&Value::Null);
    let client_rev = value.get("client_rev").and_then(Value::as_number);
    let capabilities = value.get("easysync").and_then(|field| field.get("capabilities"));
    Ok(ClientReady {
        pad_id: text_of(value, "padId").cloned().ok_or(missing("padId"))?,
        token: text_of(value, "token").cloned(),
        name: text_of(info, "name").cloned(),
        color: text_of(info, "colorId").cloned(),
        reconnect: match value.get("reconnect") {
            Some(reconnect) if reconnect.is_true() => Some(client_rev.ok_or(missing("client_rev"))?),
            _ => None,
        },
        capabilities: capabilities.and_then(Value::as_integer),
    })
}

fn user_changes(data: &Value) -> Result<UserChanges, Error> {
    let base_rev = data.get("baseRev").and_then(Value::as_integer).ok_or(missing("baseRev"))?;
    let changeset = Changeset::parse_utf16(text_of(data, "changeset").ok_or(missing("changeset"))?)?;
    let pool = data.get("apool").ok_or(missing("apool"))?.to_pool()?;
    Ok(UserChanges { base_rev, wire: Wire { changeset, pool }, number: CommitNumber::read(data) })
}

fn changeset_request(value: &Value) -> Result<ChangesetRequest, Error> {
    let data = value.get("data").ok_or(missing("data"))?;
    let number = |name| match data.get(name) {
        Some(Value::Number(number)) => Ok(*number),
        Some(Value::Text(text)) => text.to_string().trim().parse().map_err(|_| missing(name)),
        _ => Err(missing(name)),
    };
    let request_id = data.get("requestID").cloned().ok_or(missing("requestID"))?;
    Ok(ChangesetRequest { start: number("start")?, granularity: number("granularity")?, request_id })
}

/// One revision as it is sent to clients.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Its number.
    pub rev: u32,
    /// What it changes, with a pool of its own.
    pub wire: &'a Wire,
    /// Who made it.
    pub author: &'a [u16],
    /// When, in milliseconds since 1970.
    pub time: f64,
    /// How long after the revision before it, in milliseconds; `CLIENT_RECONNECT` does not tell.
    pub time_delta: Option<f64>,
}

impl Outgoing<'_> {
    /// The members of a `NEW_CHANGES` message, of an item of a batch, or of `CLIENT_RECONNECT`, without braces. O(n).
    pub fn members(&self) -> String {
        let mut out = String::new();
        let _infallible = write!(out, "\"newRev\":{},\"changeset\":", self.rev);
        push_string(&self.wire.changeset.to_utf16(), &mut out);
        let _infallible = write!(out, ",\"apool\":{},\"author\":", json_pool(&self.wire.pool, PoolForm::Full));
        push_string(self.author, &mut out);
        let _infallible = write!(out, ",\"currentTime\":{}", self.time);
        if let Some(delta) = self.time_delta {
            let _infallible = write!(out, ",\"timeDelta\":{delta}");
        }
        out
    }
}

/// `NEW_CHANGES`, from [`Outgoing::members`].
pub fn new_changes(members: &str) -> String {
    format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES",{members}}}}}"#)
}

/// `NEW_CHANGES_BATCH`, from [`Outgoing::members`] of consecutive revisions.
pub fn new_changes_batch<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from(r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES_BATCH","changes":["#);
    for (index, members) in items.into_iter().enumerate() {
        out.push_str(if index > 0 { ",{" } else { "{" });
        out.push_str(members);
        out.push('}');
    }
    out + "]}}"
}

/// `CLIENT_RECONNECT`, from [`Outgoing::members`] without a time delta; the replay ends at `head_rev`.
pub fn client_reconnect(head_rev: u32, members: &str) -> String {
    format!(r#"{{"type":"COLLABROOM","data":{{"type":"CLIENT_RECONNECT","headRev":{head_rev},{members}}}}}"#)
}

/// `CLIENT_RECONNECT` for a client that has missed nothing.
pub fn nothing_missed(head_rev: u32) -> String {
    format!(r#"{{"type":"COLLABROOM","data":{{"type":"CLIENT_RECONNECT","noChanges":true,"newRev":{head_rev}}}}}"#)
}

/// `ACCEPT_COMMIT`. If the commit had a number, it is told, and whether the commit is a revision; clients that do not number
/// take the head for an answer that it is none.
pub fn accept_commit(new_rev: u32, seq: Option<u32>, is_revision: bool) -> String {
    let no_changes = if is_revision { "" } else { ",\"noChanges\":true" };
    let number = seq.map(|seq| format!(",\"seq\":{seq}{no_changes}")).unwrap_or_default();
    format!(r#"{{"type":"COLLABROOM","data":{{"type":"ACCEPT_COMMIT","newRev":{new_rev}{number}}}}}"#)
}

/// The answer to `CHANGESET_REQ`: steps forwards and backwards, and the pool that numbers them all.
#[derive(Debug, Clone)]
pub struct OutgoingHistory {
    /// From where on, as asked for, but at most the head.
    pub start: f64,
    /// How many revisions a step has, as asked for.
    pub granularity: f64,
    /// Where the last step could have ended; `None` if that cannot be said.
    pub actual_end: Option<f64>,
    /// What the request wants echoed.
    pub request_id: Value,
    /// What each step changes, what takes it back, and how long it took, in milliseconds.
    pub steps: Vec<(Changeset, Changeset, f64)>,
    /// What numbers them.
    pub pool: AttribPool,
}

impl OutgoingHistory {
    /// The message. O(n).
    pub fn to_message(&self) -> String {
        let mut out = String::from(r#"{"type":"CHANGESET_REQ","data":{"forwardsChangesets":["#);
        let push_list = |out: &mut String, pick: fn(&(Changeset, Changeset, f64)) -> &Changeset| {
            for (index, step) in self.steps.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                push_string(&pick(step).to_utf16(), out);
            }
        };
        push_list(&mut out, |step| &step.0);
        out.push_str("],\"backwardsChangesets\":[");
        push_list(&mut out, |step| &step.1);
        let deltas = Value::List(self.steps.iter().map(|step| Value::Number(step.2)).collect());
        let _infallible = write!(
            out,
            r#"],"apool":{},"actualEndNum":{},"timeDeltas":{deltas},"start":{},"granularity":{},"requestID":{}}}}}"#,
            json_pool(&self.pool, PoolForm::Short),
            self.actual_end.map_or(Value::Null, Value::Number),
            self.start,
            self.granularity,
            self.request_id
        );
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]
    use super::super::number::CommitId;
    use super::super::read::{Message, Source, parse_message};
    use super::super::write;
    use super::*;

    fn wire(changeset: &str) -> Wire {
        let mut pool = AttribPool::new();
        pool.put(Attribute::new("author", "a.me"));
        Wire { changeset: Changeset::parse_lenient_utf16(&Utf16String::from(changeset)).unwrap(), pool }
    }

    #[test]
    fn values_print_as_they_were_read() {
        for text in [
            r#"{"a":[1,-2.5,1795269999471,null,true,false],"b":{},"c":[]}"#,
            r#""\ud83d \u0000 \n \" \\ é 😀""#,
            "0",
            "{\"\":\"\"}",
        ] {
            assert_eq!(Value::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Value::Number(f64::NAN).to_string(), "null");
        assert_eq!(Value::parse(r#"{"a":1,"a":2}"#).unwrap().get("a"), Some(&Value::Number(2.0)));
        for text in ["", "{", "nul", "[1,]", "1 2", "{\"a\":}", "?"] {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_client_writes_a_server_reads() {
        let sent = wire("Z:4>1=3*0+1$!");
        let first = CommitId { session: "s \"x\"".into(), seq: 9 };
        let number = |above, is_repeat, first| Some(CommitNumber { seq: 3, above, is_repeat, first });
        for number in [None, number(0, false, None), number(1, true, None), number(1, true, Some(first))] {
            match parse_client_message(&write::user_changes(7, &sent, number.as_ref())).unwrap() {
                ClientMessage::UserChanges(Ok(changes)) => {
                    assert_eq!((changes.base_rev, &changes.wire, changes.number), (7, &sent, number));
                }
                other => panic!("{other:?}"),
            }
        }
        match parse_client_message(&write::changeset_request(&[0x61], 100, 10, 3)).unwrap() {
            ClientMessage::ChangesetRequest(request) => {
                let expected = ChangesetRequest { start: 100.0, granularity: 10.0, request_id: Value::Number(3.0) };
                assert_eq!(request, expected);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_server_writes_a_client_reads() {
        let wire = wire("Z:4>1=3*0+1$\u{1}");
        let author = Utf16String::from("a.me");
        let members = |rev, time_delta| Outgoing { rev, wire: &wire, author: &author, time: 5.0, time_delta }.members();
        let check = |message: String, source, revs: &[u32]| match parse_message(&message).unwrap() {
            Message::Revisions(list) => {
                assert_eq!((list.source, list.broken), (source, None));
                assert_eq!(list.revisions.iter().map(|revision| revision.rev).collect::<Vec<_>>(), revs);

                assert!(
                    list.revisions
                        .iter()
                        .all(|r| r.changeset == wire.changeset && *r.pool == wire.pool && *r.author == author)
                );
                assert!(list.revisions.iter().all(|r| r.time == Some(5.0)));
            }
            other => panic!("{other:?}"),
        };
        check(new_changes(&members(3, Some(1.0))), Source::NewChanges, &[3]);
        let items = [members(3, Some(1.0)), members(4, Some(0.0))];
        check(new_changes_batch(items.iter().map(String::as_str)), Source::NewChangesBatch, &[3, 4]);
        check(client_reconnect(9, &members(3, None)), Source::ClientReconnect, &[3]);
        for (wanted, is_revision) in [(None, true), (None, false), (Some(0), true), (Some(7), false)] {
            let message = parse_message(&accept_commit(4, wanted, is_revision)).unwrap();
            let Message::AcceptCommit { new_rev, seq, no_changes } = message else { panic!("{message:?}") };
            assert_eq!((new_rev, seq, no_changes), (4, wanted, wanted.is_some() && !is_revision));
        }
        assert!(matches!(parse_message(&nothing_missed(4)).unwrap(), Message::NothingMissed { new_rev: 4 }));
        let history = OutgoingHistory {
            start: 2.0,
            granularity: 1.0,
            actual_end: Some(3.0),
            request_id: Value::Number(8.0),
            steps: vec![(wire.changeset.clone(), Changeset::parse("Z:5<1=3-1$").unwrap(), 12.0)],
            pool: wire.pool.clone(),
        };
        match parse_message(&history.to_message()).unwrap() {
            Message::Changesets(reply) => {
                assert_eq!((reply.start, reply.granularity, reply.request_id), (2, 1, 8));
                assert_eq!((&reply.steps[0].forwards, reply.steps[0].time_delta), (&wire.changeset, Some(12.0)));
                assert_eq!(reply.pool, wire.pool);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bad_commits_are_told_from_bad_messages() {
        let commit = |data: &str| format!(r#"{{"type":"COLLABROOM","component":"pad","data":{data}}}"#);
        for data in [
            r#"{"type":"USER_CHANGES"}"#,
            r#"{"type":"USER_CHANGES","baseRev":"3","changeset":"Z:1>0$","apool":{"numToAttrib":{},"nextNum":0}}"#,
            r#"{"type":"USER_CHANGES","baseRev":-1,"changeset":"Z:1>0$","apool":{"numToAttrib":{},"nextNum":0}}"#,
            r#"{"type":"USER_CHANGES","baseRev":1.5,"changeset":"Z:1>0$","apool":{"numToAttrib":{},"nextNum":0}}"#,
            r#"{"type":"USER_CHANGES","baseRev":1,"changeset":"Z:1>0","apool":{"numToAttrib":{},"nextNum":0}}"#,
            r#"{"type":"USER_CHANGES","baseRev":1,"changeset":"Z:1>0$","apool":{"numToAttrib":{"0":["a"]},"nextNum":1}}"#,
            r#"{"type":"USER_CHANGES","baseRev":1,"changeset":"Z:1>0$","apool":null}"#,
        ] {
            let message = parse_client_message(&commit(data)).unwrap();
            assert!(matches!(message, ClientMessage::UserChanges(Err(_))), "{data}");
        }
        for text in ["null", "[]", "{}", "{\"type\":1}", r#"{"type":"CLIENT_READY"}"#, "{"] {
            assert!(parse_client_message(text).is_err(), "{text}");
        }
        for data in ["null", r#"{"type":"X"}"#, "{}"] {
            assert!(matches!(parse_client_message(&commit(data)).unwrap(), ClientMessage::Unknown { .. }), "{data}");
        }
    }
}
