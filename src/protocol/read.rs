//! Messages from the server.

use super::json::{Json, RawString};
use super::memo::{Beginnings, Found, Memo};
use super::number::CAN_PIPELINE;
use super::saved::{SavedRevision, saved_revisions};
use crate::attrib::{AttribPool, Attribute};
use crate::changeset::Changeset;
use crate::document::AText;
use crate::error::{Error, ErrorKind, PoolFault};
use crate::text::Utf16String;
use std::sync::Arc;

/// A message from the server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message {
    /// The answer to a join: the document and who one is.
    ClientVars(Box<ClientVars>),
    /// Revisions, ascending.
    Revisions(RevisionList),
    /// The commit in flight is in.
    AcceptCommit {
        /// The revision that it became, or the present one if it had no net effect.
        new_rev: u32,
        /// Which commit, if the server answers by number.
        seq: Option<u32>,
        /// Whether the server says that it had no net effect.
        no_changes: bool,
    },
    /// A reconnect found nothing missed.
    NothingMissed {
        /// The head revision.
        new_rev: u32,
    },
    /// The answer to a request for a part of the history.
    Changesets(ChangesetReply),
    /// The server wants nothing more to do with this session, and says why: `badChangeset`, `userdup`, `deleted`, ...
    Disconnect {
        /// Why.
        reason: String,
    },
    /// Access was denied.
    AccessDenied,
    /// Something that has nothing to do with the document: users, chat, plugins.
    Other {
        /// Its type; that of the data for what happens in the room.
        name: String,
    },
}

/// By which message revisions came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// `NEW_CHANGES`
    NewChanges,
    /// `NEW_CHANGES_BATCH`
    NewChangesBatch,
    /// `CLIENT_RECONNECT`
    ClientReconnect,
}

impl Source {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewChanges => "NEW_CHANGES",
            Self::NewChangesBatch => "NEW_CHANGES_BATCH",
            Self::ClientReconnect => "CLIENT_RECONNECT",
        }
    }
}

/// What a message brings to the document, one revision after the other.
#[derive(Debug, Clone)]
pub struct RevisionList {
    /// The message's real type.
    pub source: Source,
    /// The revisions before the first that cannot be read.
    pub revisions: Vec<Revision>,
    /// What is wrong with that one.
    pub broken: Option<MessageError>,
    /// For `CLIENT_RECONNECT`: the revision at which the replay ends.
    pub head_rev: Option<u32>,
}

/// One revision: what turned the document of revision `rev` - 1 into that of `rev`.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number.
    pub rev: u32,
    /// What it changes, numbered by `pool`.
    pub changeset: Changeset,
    /// What numbers it. Revisions whose pools were written alike, as those of one author mostly are, share one.
    pub pool: Arc<AttribPool>,
    /// Who made it; empty for the server itself.
    pub author: Arc<Utf16String>,
    /// When, in whole milliseconds since 1970, if the server says so.
    pub time: Option<f64>,
}

/// Why a message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}: {error}", item.map(|item| format!(", item {item}")).unwrap_or_default())]
pub struct MessageError {
    /// The message's real type, `message` if it has none.
    pub message: String,
    /// Which item of a batch, counted from 0.
    pub item: Option<usize>,
    /// What is wrong.
    pub error: Error,
}

/// What a client is told when it joins.
#[derive(Debug, Clone, Default)]
pub struct ClientVars {
    /// The pad's id, as the client gave it.
    pub pad_id: Utf16String,
    /// The revision of the document.
    pub rev: u32,
    /// The document, numbered by `pool`.
    pub atext: AText,
    /// What numbers it.
    pub pool: AttribPool,
    /// When the revision was made, in whole milliseconds since 1970.
    pub time: Option<f64>,
    /// The author that one is.
    pub author: Utf16String,
    /// Whether one may only read.
    pub read_only: bool,
    /// Everyone who ever wrote here, and in which colour.
    pub authors: Vec<AuthorInfo>,
    /// The revisions that somebody has marked.
    pub saved: Vec<SavedRevision>,
    /// In which unit the server probably gives [`Step::time_delta`].
    pub delta_unit: DeltaUnit,
    /// The name of this session, if the server answers commits by number.
    pub session: Option<Utf16String>,
}

/// In which unit a server tells how long a step took.
///
/// Etherpad tells it in whole seconds, as differences of times that were rounded down, before 2.2.5, and in milliseconds since.
/// Nothing says which, but older versions tell clients of `abiwordAvailable` and, all but the last of them, not of `mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeltaUnit {
    /// As newer servers do.
    #[default]
    Milliseconds,
    /// As older ones do.
    Seconds,
}

impl DeltaUnit {
    /// How many milliseconds it has.
    pub fn in_ms(self) -> f64 {
        match self {
            Self::Milliseconds => 1.0,
            Self::Seconds => 1000.0,
        }
    }
}

/// A person who has written in a pad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorInfo {
    /// The author id.
    pub id: Utf16String,
    /// The name, if there is one.
    pub name: Option<Utf16String>,
    /// A colour as the server has it: `#rrggbb`, or the number of one in its palette.
    pub color: Utf16String,
}

/// A part of the history: each step of `granularity` revisions forwards and backwards.
#[derive(Debug, Clone)]
pub struct ChangesetReply {
    /// The revision that the first step leads to is `start + granularity - 1`.
    pub start: u32,
    /// How many revisions a step has.
    pub granularity: u32,
    /// The number of the request.
    pub request_id: u32,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What numbers all of them.
    pub pool: AttribPool,
}

/// One step of a [`ChangesetReply`].
#[derive(Debug, Clone)]
pub struct Step {
    /// What the step changes.
    pub forwards: Changeset,
    /// What takes it back.
    pub backwards: Changeset,
    /// How long after the step before, in a unit that differs from server to server; see [`DeltaUnit`].
    pub time_delta: Option<f64>,
}

/// Reads a message: the JSON text that is the argument of a socket.io `message` event.
///
/// O(n) time, memory in proportion to the text. Revisions of a batch that stand before a broken one are given; see
/// [`RevisionList::broken`].
///
/// # Errors
///
/// [`MessageError`], with the message's real type; offsets are code units of the message, or of the changeset in it.
pub fn parse_message(text: &str) -> Result<Message, MessageError> {
    MessageReader { more: Some(people_and_marks), ..MessageReader::default() }.read(text)
}

/// Reads the messages of one connection, in which pools and authors come again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct MessageReader {
    pools: Memo<AttribPool>,
    authors: Memo<Utf16String>,
    /// Reads a member of `CLIENT_VARS` that only a history needs, if it is one. Who does not ask for it has no code for it either.
    more: Option<ReadMember>,
    senders: Beginnings<Sender>,
    /// Those that somebody knows by their numbers.
    numbered: Vec<Sender>,
    /// A changeset that is needed no more, whose memory the next one takes.
    spare: Option<Changeset>,
    /// For changesets with escapes.
    units: Vec<u16>,
}

/// Room for so many code units is kept between messages.
const MAX_UNITS: usize = 1 << 12;

/// A revision whose message somebody else has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToldRevision<'a> {
    pub rev: u32,
    pub changeset: &'a str,
    /// The number that [`MessageReader::put_sender`] has given to its pool and author.
    pub sender: usize,
    pub time: Option<f64>,
}

/// How many senders get numbers.
const MAX_NUMBERED: usize = 4096;

/// What the revisions of one author have in common.
#[derive(Debug, Clone)]
struct Sender {
    pool: Arc<AttribPool>,
    author: Arc<Utf16String>,
}

type ReadMember = fn(&str, &mut Json<'_>, &mut ClientVars) -> Result<bool, Error>;

impl MessageReader {
    /// The revision of a message that brings one and is written just as Etherpad writes it, which nearly all messages are; `None`
    /// for all others, whatever they are. No memory is taken if the author's pool came before and a changeset is spare.
    pub fn read_one(&mut self, text: &str) -> Option<Revision> {
        let mut json = Json::new(text);
        json.eat_exactly(br#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","#).then_some(())?;
        let revision = self.usual(&mut json)?;
        json.eat_exactly(b"}").then_some(())?;
        json.peek().is_none().then_some(revision)
    }

    /// A number for a pool and its author, which are written as in a message.
    pub fn put_sender(&mut self, text: &str) -> Option<usize> {
        let mut json = Json::new(text);
        let sender = self.sender(&mut json).filter(|_| json.peek().is_none() && self.numbered.len() < MAX_NUMBERED)?;
        self.numbered.push(sender);
        Some(self.numbered.len() - 1)
    }

    /// A revision whose message somebody else has read; `None` if there is no such number, or its changeset is none.
    pub fn told(&mut self, told: &ToldRevision<'_>) -> Option<Revision> {
        let Sender { pool, author } = self.numbered.get(told.sender)?.clone();
        let changeset = Changeset::parse_lenient_into(told.changeset, self.spare.take()).ok()?;
        Some(Revision { rev: told.rev, changeset, pool, author, time: told.time })
    }

    /// Takes a changeset that is needed no more.
    pub fn recycle(&mut self, changeset: Changeset) {
        self.spare = Some(changeset);
    }

    /// Does what [`parse_message`] does.
    pub fn read(&mut self, text: &str) -> Result<Message, MessageError> {
        if let Some(revision) = self.read_one(text) {
            let revisions = vec![revision];
            let list = RevisionList { source: Source::NewChanges, revisions, broken: None, head_rev: None };
            return Ok(Message::Revisions(list));
        }
        let mut envelope = Envelope::default();
        let mut json = Json::new(text);
        let result = envelope.read(&mut json, self).and_then(|()| json.finish());
        let failed = |error| MessageError { message: real_name(&envelope), item: None, error };
        result.map_err(failed)?;
        if let Some(reason) = envelope.disconnect {
            return Ok(Message::Disconnect { reason });
        }
        if envelope.denied {
            return Ok(Message::AccessDenied);
        }
        match (envelope.name, envelope.data) {
            ("COLLABROOM", Some(Data::Room(fields))) => self.room_message(fields),
            ("CLIENT_VARS", Some(Data::Other(data))) => match client_vars(data, self.more) {
                Ok(vars) => Ok(Message::ClientVars(vars.into())),
                Err(error) => Err(MessageError { message: envelope.name.to_owned(), item: None, error }),
            },
            ("CHANGESET_REQ", Some(Data::Other(data))) => match changeset_reply(data) {
                Ok(reply) => Ok(Message::Changesets(reply)),
                Err(error) => Err(MessageError { message: envelope.name.to_owned(), item: None, error }),
            },
            _ => Ok(Message::Other { name: envelope.name.to_owned() }),
        }
    }
}

/// The most exact name that is known for a message.
fn real_name(envelope: &Envelope<'_>) -> String {
    match &envelope.data {
        Some(Data::Room(fields)) if !fields.name.is_empty() => fields.name.to_owned(),
        _ if !envelope.name.is_empty() => envelope.name.to_owned(),
        _ => "message".to_owned(),
    }
}

/// The outer object of a message.
#[derive(Default)]
struct Envelope<'a> {
    name: &'a str,
    disconnect: Option<String>,
    denied: bool,
    data: Option<Data<'a>>,
}

#[allow(clippy::large_enum_variant, reason = "it never leaves the stack")]
enum Data<'a> {
    /// Of a message about the pad, read.
    Room(Fields<'a>),
    /// Of another message, not yet read.
    Other(Json<'a>),
}

impl<'a> Envelope<'a> {
    fn read(&mut self, json: &mut Json<'a>, reader: &mut MessageReader) -> Result<(), Error> {
        json.object(|key, json| {
            match key.plain() {
                "type" => self.name = json.string_if_any()?.map(RawString::plain).unwrap_or_default(),
                "disconnect" => self.disconnect = json.string_if_any()?.map(to_name),
                "accessStatus" => self.denied = json.string_if_any()?.is_some_and(|status| status.plain() == "deny"),
                "data" if self.name == "COLLABROOM" && json.peek() == Some(b'{') => {
                    let mut fields = Fields::default();
                    let result = fields.read(json, reader);
                    self.data = Some(Data::Room(fields));
                    result?;
                }
                "data" => {
                    self.data = Some(Data::Other(json.clone()));
                    json.skip()?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        // The type may stand behind the data.
        if self.name == "COLLABROOM"
            && let Some(Data::Other(data)) = &mut self.data
            && data.peek() == Some(b'{')
        {
            let mut fields = Fields::default();
            fields.read(data, reader)?;
            self.data = Some(Data::Room(fields));
        }
        Ok(())
    }
}

/// The fields of room messages that the document needs. Other messages may use their names for other things, so a value
/// of another kind counts as absent.
#[derive(Default)]
struct Fields<'a> {
    name: &'a str,
    new_rev: Option<f64>,
    seq: Option<f64>,
    head_rev: Option<f64>,
    changeset: Option<RawString<'a>>,
    pool: Option<Found<'a, AttribPool>>,
    author: Option<Found<'a, Utf16String>>,
    time: Option<f64>,
    no_changes: bool,
    changes: Option<Changes<'a>>,
}

/// The items of a batch.
enum Changes<'a> {
    /// Up to the first that cannot be read, and what is wrong with that.
    Read(Vec<Revision>, Option<MessageError>),
    /// Where they stand.
    Unread(Json<'a>),
}

impl<'a> Fields<'a> {
    fn read(&mut self, json: &mut Json<'a>, reader: &mut MessageReader) -> Result<(), Error> {
        json.object(|key, json| {
            match key.plain() {
                "type" => self.name = json.string_if_any()?.map(RawString::plain).unwrap_or_default(),
                "newRev" => self.new_rev = json.number_if_any()?,
                "seq" => self.seq = json.number_if_any()?,
                "headRev" => self.head_rev = json.number_if_any()?,
                "changeset" => self.changeset = json.string_if_any()?,
                "author" if json.peek() == Some(b'"') => self.author = Some(reader.authors.find(json)?),
                "currentTime" => self.time = json.number_if_any()?.map(f64::floor),
                "noChanges" => self.no_changes = json.is_true()?,
                "apool" => self.pool = Some(reader.pools.find(json)?),
                "changes" if self.name == Source::NewChangesBatch.name() && json.peek() == Some(b'[') => {
                    let (revisions, broken) = reader.batch(json)?;
                    self.changes = Some(Changes::Read(revisions, broken));
                }
                // The type may stand behind them, and they may be something else.
                "changes" => {
                    self.changes = Some(Changes::Unread(json.clone()));
                    json.skip()?;
                }
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    fn new_rev(&self) -> Result<u32, Error> {
        whole(self.new_rev).ok_or(ErrorKind::MissingField { name: "newRev" }.into())
    }
}

/// A whole number from 0 to 2^31 - 1.
fn whole(number: Option<f64>) -> Option<u32> {
    number.filter(|n| n.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(n)).map(|n| n as u32)
}

impl MessageReader {
    fn room_message(&mut self, fields: Fields<'_>) -> Result<Message, MessageError> {
        let name = fields.name;
        let failed = |error| MessageError { message: name.to_owned(), item: None, error };
        let head_rev = fields.head_rev.filter(|rev| *rev >= 0.0).map(|rev| rev as u32);
        let (source, (revisions, broken)) = match name {
            "NEW_CHANGES" => (Source::NewChanges, (vec![self.revision(fields).map_err(failed)?], None)),
            "NEW_CHANGES_BATCH" => {
                let changes = fields.changes.ok_or(ErrorKind::MissingField { name: "changes" });
                let batch = match changes.map_err(|error| failed(error.into()))? {
                    Changes::Read(revisions, broken) => (revisions, broken),
                    Changes::Unread(mut json) => self.batch(&mut json).map_err(failed)?,
                };
                (Source::NewChangesBatch, batch)
            }
            "ACCEPT_COMMIT" => {
                let new_rev = fields.new_rev().map_err(failed)?;
                return Ok(Message::AcceptCommit { new_rev, seq: whole(fields.seq), no_changes: fields.no_changes });
            }
            "CLIENT_RECONNECT" if fields.no_changes => {
                return Ok(Message::NothingMissed { new_rev: fields.new_rev().map_err(failed)? });
            }
            "CLIENT_RECONNECT" => (Source::ClientReconnect, (vec![self.revision(fields).map_err(failed)?], None)),
            name => return Ok(Message::Other { name: name.to_owned() }),
        };
        Ok(Message::Revisions(RevisionList { source, revisions, broken, head_rev }))
    }

    /// The members of a revision behind its type, if they are just those that Etherpad writes, in the same order and with nothing
    /// between them. Whatever else it is, that is found out without an error, which would look at the whole message for its place.
    fn usual(&mut self, json: &mut Json<'_>) -> Option<Revision> {
        let mut at = json.clone();
        at.eat_exactly(br#""newRev":"#).then_some(())?;
        let rev = at.digits().filter(|rev| *rev <= i32::MAX as u64)? as u32;
        at.eat_exactly(br#","changeset":"#).then_some(())?;
        (at.peek() == Some(b'"')).then_some(())?;
        let changeset = at.string().ok()?;
        at.eat_exactly(br#","apool":"#).then_some(())?;
        let Sender { pool, author } = match self.senders.find(&mut at) {
            Some(sender) => sender.clone(),
            None => self.sender(&mut at)?,
        };
        at.eat_exactly(br#","currentTime":"#).then_some(())?;
        let time = Some(at.digits()? as f64);
        if at.eat_exactly(br#","timeDelta":"#) {
            at.digits()?;
        }
        at.eat_exactly(b"}").then_some(())?;
        let changeset = self.changeset(changeset).ok()?;
        *json = at;
        Some(Revision { rev, changeset, pool, author, time })
    }

    /// A pool and the author behind it, which are known from now on.
    fn sender(&mut self, json: &mut Json<'_>) -> Option<Sender> {
        let start = json.clone();
        let found = self.pools.find(json).ok()?;
        let pool = self.pools.get(found, pool).ok()?;
        json.eat_text(r#","author":"#).then_some(())?;
        (json.peek() == Some(b'"')).then_some(())?;
        let found = self.authors.find(json).ok()?;
        let author = self.authors.get(found, |json| json.string()?.units()).ok()?;
        let sender = Sender { pool, author };
        self.senders.put(&start, json, sender.clone());
        Some(sender)
    }

    fn revision(&mut self, fields: Fields<'_>) -> Result<Revision, Error> {
        let rev = fields.new_rev()?;
        let changeset = fields.changeset.ok_or(ErrorKind::MissingField { name: "changeset" })?;
        let changeset = self.changeset(changeset)?;
        let pool = self.pools.get(fields.pool.ok_or(ErrorKind::MissingField { name: "apool" })?, pool)?;
        let author = match fields.author {
            Some(author) => self.authors.get(author, |json| json.string()?.units())?,
            None => Arc::default(),
        };
        Ok(Revision { rev, changeset, pool, author, time: fields.time })
    }

    fn changeset(&mut self, raw: RawString<'_>) -> Result<Changeset, Error> {
        match raw.unescaped() {
            Some(text) => Changeset::parse_lenient_into(text, self.spare.take()),
            None => {
                self.units.clear();
                self.units.shrink_to(MAX_UNITS);
                raw.push_to(&mut self.units)?;
                Changeset::parse_lenient_utf16_into(&self.units, self.spare.take())
            }
        }
    }

    /// An item of a batch that is written as Etherpad writes it.
    fn usual_item(&mut self, json: &mut Json<'_>) -> Option<Revision> {
        let mut at = json.clone();
        at.eat_exactly(b"{").then_some(())?;
        at.eat_exactly(br#""type":"NEW_CHANGES","#);
        let revision = self.usual(&mut at)?;
        *json = at;
        Some(revision)
    }

    /// The revisions of a batch up to the first that cannot be read, and what is wrong with that.
    fn batch(&mut self, json: &mut Json<'_>) -> Result<(Vec<Revision>, Option<MessageError>), Error> {
        let mut revisions = Vec::new();
        let mut broken = None;
        json.list(|json| {
            if broken.is_some() {
                return json.skip();
            }
            let revision = if let Some(usual) = self.usual_item(json) {
                Ok(usual)
            } else if json.peek() == Some(b'{') {
                let mut item = Fields::default();
                item.read(json, self)?;
                self.revision(item)
            } else {
                json.skip()?;
                Err(ErrorKind::MissingField { name: "changeset" }.into())
            };
            match revision {
                Ok(revision) => revisions.push(revision),
                Err(error) => {
                    let message = Source::NewChangesBatch.name().to_owned();
                    broken = Some(MessageError { message, item: Some(revisions.len()), error });
                }
            }
            Ok(())
        })?;
        Ok((revisions, broken))
    }
}

/// An attribute pool as messages carry it. `attribToNum` says the same once more and is not looked at.
pub(super) fn pool(json: &mut Json<'_>) -> Result<AttribPool, Error> {
    let (mut entries, mut next) = (Vec::new(), None);
    json.object(|key, json| {
        match key.plain() {
            "numToAttrib" => json.object(|number, json| {
                let mut pair = Vec::new();
                json.list(|json| json.string()?.units().map(|text| pair.push(text)))?;
                let number = canonical_number(number.plain());
                match (number, <[Utf16String; 2]>::try_from(pair)) {
                    (Some(number), Ok([key, value])) => entries.push((number, Attribute { key, value })),
                    _ => return Err(ErrorKind::MalformedPool { reason: PoolFault::NotAPair }.into()),
                }
                Ok(())
            })?,
            "nextNum" => next = Some(json.integer()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    AttribPool::from_numbered(entries, next.ok_or(ErrorKind::MissingField { name: "nextNum" })?)
}

/// A number as JavaScript prints it: no sign, no leading zero.
fn canonical_number(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical)
}

fn client_vars(mut json: Json<'_>, more: Option<ReadMember>) -> Result<ClientVars, Error> {
    let more = more.unwrap_or(|_, _, _| Ok(false));
    let mut vars = ClientVars::default();
    let (mut has_text, mut has_rev) = (false, false);
    let (mut has_abiword, mut has_mode) = (false, false);
    json.object(|key, json| {
        match key.plain() {
            "userId" => vars.author = json.string()?.units()?,
            "readonly" => vars.read_only = json.is_true()?,
            "easysync" if json.peek() == Some(b'{') => vars.session = session(json)?,
            "collab_client_vars" => json.object(|key, json| {
                match key.plain() {
                    "initialAttributedText" => {
                        vars.atext = atext(json)?;
                        has_text = true;
                    }
                    "apool" => vars.pool = pool(json)?,
                    "rev" => {
                        vars.rev = json.integer()?;
                        has_rev = true;
                    }
                    "time" => vars.time = json.number_if_any()?.map(f64::floor),
                    "padId" => vars.pad_id = json.string()?.units()?,
                    name => {
                        if !more(name, json, &mut vars)? {
                            json.skip()?;
                        }
                    }
                }
                Ok(())
            })?,
            name => {
                has_abiword |= name == "abiwordAvailable";
                has_mode |= name == "mode";
                if !more(name, json, &mut vars)? {
                    json.skip()?;
                }
            }
        }
        Ok(())
    })?;
    if has_abiword && !has_mode {
        vars.delta_unit = DeltaUnit::Seconds;
    }
    match (has_text, has_rev) {
        (true, true) => Ok(vars),
        (false, _) => Err(ErrorKind::MissingField { name: "initialAttributedText" }.into()),
        _ => Err(ErrorKind::MissingField { name: "rev" }.into()),
    }
}

/// The name of the session, if the server can pipeline commits.
fn session(json: &mut Json<'_>) -> Result<Option<Utf16String>, Error> {
    let (mut name, mut capabilities) = (None, None);
    json.object(|key, json| {
        match key.plain() {
            "session" => name = json.string_if_any()?.map(RawString::units).transpose()?,
            "capabilities" => capabilities = whole(json.number_if_any()?),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(name.filter(|_| capabilities.is_some_and(|bits| bits & CAN_PIPELINE != 0)))
}

fn people_and_marks(name: &str, json: &mut Json<'_>, vars: &mut ClientVars) -> Result<bool, Error> {
    match name {
        "savedRevisions" => vars.saved = saved_revisions(json)?,
        "historicalAuthorData" => vars.authors = authors(json)?,
        _ => return Ok(false),
    }
    Ok(true)
}

pub(super) fn atext(json: &mut Json<'_>) -> Result<AText, Error> {
    let mut atext = AText::default();
    json.object(|key, json| {
        match key.plain() {
            "text" => atext.text = json.string()?.units()?,
            "attribs" => atext.attribs = json.string()?.units()?.to_string(),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(atext)
}

fn authors(json: &mut Json<'_>) -> Result<Vec<AuthorInfo>, Error> {
    let mut authors = Vec::new();
    json.object(|id, json| {
        authors.push(author(id.units()?, json)?);
        Ok(())
    })?;
    Ok(authors)
}

pub(super) fn author(id: Utf16String, json: &mut Json<'_>) -> Result<AuthorInfo, Error> {
    let mut author = AuthorInfo { id, ..AuthorInfo::default() };
    json.object(|key, json| {
        match key.plain() {
            "name" => author.name = json.string_if_any()?.map(RawString::units).transpose()?,
            "colorId" if json.peek() == Some(b'"') => author.color = json.string()?.units()?,
            "colorId" if matches!(json.peek(), Some(b'0'..=b'9')) => author.color = json.skip_text()?.into(),
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(author)
}

fn changeset_reply(mut json: Json<'_>) -> Result<ChangesetReply, Error> {
    let mut reply =
        ChangesetReply { start: 0, granularity: 1, request_id: 0, steps: Vec::new(), pool: AttribPool::new() };
    let (mut forwards, mut backwards, mut deltas) = (Vec::new(), Vec::new(), Vec::new());
    let changesets = |json: &mut Json<'_>, list: &mut Vec<Changeset>| {
        json.list(|json| Changeset::parse_lenient_utf16(&json.string()?.units()?).map(|changeset| list.push(changeset)))
    };
    json.object(|key, json| {
        match key.plain() {
            "forwardsChangesets" => changesets(json, &mut forwards)?,
            "backwardsChangesets" => changesets(json, &mut backwards)?,
            "timeDeltas" => json.list(|json| json.number_if_any().map(|delta| deltas.push(delta)))?,
            "apool" => reply.pool = pool(json)?,
            "start" => reply.start = json.number_if_any()?.unwrap_or_default() as u32,
            "granularity" => reply.granularity = json.number_if_any()?.unwrap_or_default() as u32,
            // It is echoed as it was sent, and ours are numbers.
            "requestID" => reply.request_id = json.number_if_any()?.unwrap_or_default() as u32,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    if forwards.len() != backwards.len() {
        return Err(ErrorKind::UnevenLists { forwards: forwards.len(), backwards: backwards.len() }.into());
    }
    deltas.resize(forwards.len(), None);
    reply.steps = forwards
        .into_iter()
        .zip(backwards)
        .zip(deltas)
        .map(|((forwards, backwards), time_delta)| Step { forwards, backwards, time_delta })
        .collect();
    Ok(reply)
}

fn to_name(raw: RawString<'_>) -> String {
    raw.plain().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    /// What a message brings, or what is wrong with it but for the place.
    fn read(message: &str) -> Result<Vec<Revision>, String> {
        match parse_message(message) {
            Ok(Message::Revisions(list)) if list.broken.is_none() => Ok(list.revisions),
            other => Err(format!("{other:?}").split("offset").next().unwrap().to_owned()),
        }
    }

    #[test]
    fn how_a_revision_is_written_makes_no_difference() {
        let usual = r#"{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":7,"changeset":"Z:1>2*0+2$a\"","apool":{"numToAttrib":{"0":["author","a.x"]},"attribToNum":{"author,a.x":0},"nextNum":1},"author":"a.x","currentTime":1795268954555,"timeDelta":22}}"#;
        let [revision] = &*read(usual).unwrap() else { panic!("one revision") };
        assert_eq!((revision.rev, revision.changeset.to_string().as_str()), (7, "Z:1>2*0+2$a\""));
        assert_eq!((revision.pool.len(), revision.time), (1, Some(1_795_268_954_555.0)));
        assert_eq!(*revision.author, "a.x");
        #[rustfmt::skip]
        let variants = [
            ("", ""), (r#","timeDelta":22"#, ""), (r#""timeDelta":22"#, r#""timeDelta":null"#), ("1795268954555", "null"),
            (r#""a.x","cur"#, r#"null,"cur"#), (r#""a.x","cur"#, r#""\u0061.x","cur"#), (r#""newRev":7,"#, ""), ("7", "7.5"), ("22}}", "22}"),
            ("22}}", "22}}}"), ("22}}", "22,\"reqId\":1}}"), ("22}}", "22},\"extra\":1}"), ("$a", "$"), ("nextNum", "next"), ("Z:", "Y:"),
            ("NEW_CHANGES", "CLIENT_RECONNECT"), ("NEW_CHANGES", "NEW_CHANGES_BATCH"), (r#""author","a.x""#, r#""author""#),
        ];
        for (old, new) in variants {
            let usual = usual.replacen(old, new, 1);
            let spaced = usual.replace("{\"", "{ \"");
            assert_eq!(read(&usual), read(&spaced), "{usual}");
            // In a batch too, whatever was read before.
            let item = usual.split_once(r#""data":"#).unwrap().1.replacen(r#""type":"NEW_CHANGES","#, "", 1);
            let item = item.strip_suffix('}').unwrap_or(&item);
            let batch = |item: &str| {
                format!(r#"{{"type":"COLLABROOM","data":{{"type":"NEW_CHANGES_BATCH","changes":[{item},{item}]}}}}"#)
            };
            assert_eq!(read(&batch(item)), read(&batch(&item.replace("{\"", "{ \""))), "{item}");
        }
    }
}
