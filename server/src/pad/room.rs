//! Who is in a pad, and what they say to each other and to the server.

use super::fanout::{Outlet, Session};
use super::history::History;
use super::{Message, Pad, record, vars};
use crate::authors::{self, Author, AuthorId};
use crate::config::Batching;
use crate::gateway::Waiting;
use crate::socketio;
use easysync::{CAN_BATCH, CAN_PIPELINE, ClientMessage, Utf16String, Value};
use engineioxide::Str;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// At most so many chat messages are given at once.
const MAX_CHAT: f64 = 100.0;

/// Someone wants to join, or comes back.
pub struct Join {
    /// The number of the session; the same when a connection joins a second time.
    pub session: u64,
    /// The way to the client.
    pub outlet: Arc<dyn Outlet>,
    /// Who it is.
    pub author: AuthorId,
    /// The id that the client gave.
    pub pad_id: String,
    /// Whether that was the read-only id.
    pub read_only: bool,
    /// The id by which the pad can only be read.
    pub read_only_id: String,
    /// The last revision of a client that comes back.
    pub reconnect: Option<f64>,
    /// What the client can do, if it says so.
    pub capabilities: Option<u32>,
    /// Revisions wait for it until there are so many, so that it gets a batch.
    pub batch_of: u32,
    /// By which number an acknowledgement is awaited.
    pub ack: Option<u64>,
}

impl Join {
    /// Whether the client gets batches.
    fn can_batch(&self, batching: Batching) -> bool {
        batching.reaches(self.capabilities.is_some_and(|bits| bits & CAN_BATCH != 0))
    }

    /// Whether the client numbers its commits.
    fn can_pipeline(&self) -> bool {
        self.capabilities.is_some_and(|bits| bits & CAN_PIPELINE != 0)
    }
}

/// A client asks or says something.
pub struct Said {
    /// Who.
    pub session: u64,
    /// What.
    pub message: ClientMessage,
    /// By which number an acknowledgement is awaited.
    pub ack: Option<u64>,
    /// Counts it as waiting until it is handled.
    pub waiting: Waiting,
}

/// What belongs to the people in a pad.
pub struct RoomState {
    /// The last chat message; -1 if there is none.
    pub chat_head: i64,
    /// Bookmarks.
    pub saved: Vec<Value>,
    /// Packets for all that wait for the record being written.
    pub announce_recorded: Vec<Str>,
    /// Who waits for the document.
    waiting: Vec<Join>,
    rendering: Option<Rendering>,
}

/// A document on its way to those who join.
struct Rendering {
    rev: u32,
    time: f64,
    joins: Vec<Join>,
    document: Option<String>,
}

impl RoomState {
    pub fn new(chat_head: i64, saved: Vec<Value>) -> Self {
        Self { chat_head, saved, announce_recorded: Vec::new(), waiting: Vec::new(), rendering: None }
    }

    /// Whether nobody is on the way in.
    pub fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.rendering.is_none()
    }
}

impl Pad {
    pub(super) fn join(&mut self, join: Join) {
        self.last_change = Instant::now();
        if self.is_stopping {
            join.outlet.close();
            return;
        }
        let outlet = join.outlet.clone();
        let head = self.state.head;
        let can_batch = join.can_batch(self.shared.batching);
        let make = || Session::new(join.session, join.author.clone(), outlet.clone());
        if let Some(client_rev) = join.reconnect {
            if client_rev.fract() != 0.0 || client_rev < -1.0 || client_rev > f64::from(head) {
                // It has revisions that were never made here. There is no way to bring the two together.
                let _gone = outlet.send(socketio::message(r#"{"disconnect":"rejected"}"#));
                return;
            }
            let session = self.sessions.entry(join.session).or_insert_with(make);
            (session.read_only, session.author) = (join.read_only, join.author.clone());
            session.can_batch = can_batch;
            session.batch_of = join.batch_of;
            if client_rev < 0.0 {
                // From the very beginning: revision 0 is sent as well, which no cursor can say.
                let mut source = super::PadSource { id: &self.id, state: &self.state, shared: &self.shared };
                use super::fanout::Source;
                if let Some(first) = source.revision(0) {
                    let packet = source.reconnect_frame(&first, head);
                    let _gone = outlet.send(packet);
                }
            }
            session.returns_at(client_rev.max(0.0) as u32, head);
            if let Some(ack) = join.ack {
                session.send(socketio::ack(ack));
            }
            self.send_due = true;
            self.introduce(join.session);
            return;
        }
        let session = self.sessions.entry(join.session).or_insert_with(make);
        session.is_ready = false;
        self.room.waiting.push(join);
    }

    /// Makes the document for those who wait for it, one at a time: whoever comes meanwhile gets the next.
    pub(super) fn start_rendering(&mut self) {
        if self.room.rendering.is_some() || self.room.waiting.is_empty() {
            return;
        }
        let joins = std::mem::take(&mut self.room.waiting);
        let rev = self.state.head;
        for join in &joins {
            if let Some(session) = self.sessions.get_mut(&join.session) {
                (session.read_only, session.author) = (join.read_only, join.author.clone());
                session.can_batch = join.can_batch(self.shared.batching);
                session.batch_of = join.batch_of;
                session.joins_at(rev);
                if join.can_pipeline() {
                    self.pipelines.join(join.session, &join.author);
                }
            }
        }
        self.room.rendering = Some(Rendering { rev, time: self.state.time, joins, document: None });
        let (doc, pool, handle) = (self.state.doc.clone(), self.state.pool.clone(), self.handle.clone());
        tokio::task::spawn_blocking(move || handle.send(Message::Rendered(vars::document_members(&doc, &pool))));
    }

    pub(super) fn rendered(&mut self, document: String) {
        if let Some(rendering) = &mut self.room.rendering {
            rendering.document = Some(document);
        }
    }

    /// Gives the document to those who wait, once it is made and durable.
    pub(super) fn welcome_rendered(&mut self) {
        let durable = self.durable;
        let Some(Rendering { rev, time, joins, document: Some(document) }) =
            self.room.rendering.take_if(|rendering| rendering.document.is_some() && rendering.rev <= durable)
        else {
            return;
        };
        let mut known = self.authors_of_the_pad();
        for join in &joins {
            if !known.iter().any(|(id, _)| *id == join.author) {
                known.push((join.author.clone(), self.info(&join.author)));
            }
        }
        for join in joins {
            let info = self.info(&join.author);
            let common = vars::Common {
                document: &document,
                rev,
                time,
                authors: &known,
                saved: if join.read_only && self.shared.closed_history { &[] } else { &self.room.saved },
                chat_head: self.room.chat_head,
                users: self.sessions.len(),
                read_only_id: &join.read_only_id,
                now: crate::now(),
            };
            let own = vars::Own {
                pad_id: &join.pad_id,
                author: &join.author,
                info: &info,
                read_only: join.read_only,
                capabilities: join.capabilities.map(|_| {
                    let batches = if self.shared.batching == Batching::Off { 0 } else { CAN_BATCH };
                    batches | if join.can_pipeline() { CAN_PIPELINE } else { 0 }
                }),
                session: join.can_pipeline().then(|| self.pipelines.name(join.session)),
            };
            let packet = socketio::message(&vars::client_vars(&common, &own));
            let Some(session) = self.sessions.get_mut(&join.session) else { continue };
            session.welcome(packet);
            if let Some(ack) = join.ack {
                session.send(socketio::ack(ack));
            }
            self.introduce(join.session);
        }
        self.send_due = true;
    }

    /// Everyone who has an author attribute in the pad's pool.
    fn authors_of_the_pad(&self) -> Vec<(AuthorId, Arc<Author>)> {
        let authors = self.state.pool.iter().filter(|(_, attribute)| attribute.key == "author");
        let authors = authors.filter(|(_, attribute)| !attribute.value.is_empty());
        authors
            .filter_map(|(_, attribute)| {
                let id = AuthorId::new(attribute.value.clone());
                let author = self.shared.authors.get(&id).ok().flatten()?;
                Some((id, author))
            })
            .collect()
    }

    fn info(&self, author: &AuthorId) -> Arc<Author> {
        let found = self.shared.authors.get(author).ok().flatten();
        found.unwrap_or_else(|| Arc::new(Author { color: Value::Number(0.0), name: None, since: 0.0 }))
    }

    /// Tells the others of a session, and it of them.
    fn introduce(&mut self, id: u64) {
        let Some(author) = self.sessions.get(&id).map(|session| session.author.clone()) else { return };
        let mut seen = HashSet::from([author.clone()]);
        let others: Vec<AuthorId> = self
            .sessions
            .values()
            .map(|session| session.author.clone())
            .filter(|other| seen.insert(other.clone()))
            .collect();
        self.handle.authors.store(seen.len(), Ordering::Relaxed);
        let packets: Vec<_> = others.iter().map(|other| self.new_info(other)).collect();
        if let Some(session) = self.sessions.get_mut(&id) {
            packets.into_iter().for_each(|packet| session.send(packet));
        }
        let packet = self.new_info(&author);
        self.send_to_all(&packet, Some(&author));
    }

    fn new_info(&self, author: &AuthorId) -> Str {
        let info = self.info(author);
        let name = info.name.clone().map_or(Value::Null, Value::from);
        let user = Value::object([
            ("colorId", info.color.clone()),
            ("name", name),
            ("userId", Value::from(Clone::clone(&**author))),
        ]);
        room_packet([("type", "USER_NEWINFO".into()), ("userInfo", user)])
    }

    /// Sends a packet to all, but not to one author.
    pub(super) fn send_to_all(&mut self, packet: &Str, but: Option<&AuthorId>) {
        self.send_where(packet, |session| Some(&session.author) != but);
    }

    /// Sends a packet that tells of the history to all who may know it.
    pub(super) fn send_of_history(&mut self, packet: &Str) {
        let is_closed = self.shared.closed_history;
        self.send_where(packet, |session| !(is_closed && session.read_only));
    }

    fn send_where(&mut self, packet: &Str, is_meant: impl Fn(&Session) -> bool) {
        for session in self.sessions.values_mut().filter(|session| is_meant(session)) {
            session.send(packet.clone());
            self.send_due |= session.is_behind(self.durable);
        }
    }

    /// Ends all sessions for good: what they have is no more.
    pub(super) fn dismiss(&mut self) {
        let packet = socketio::message(r#"{"disconnect":"deleted"}"#);
        for (_, mut session) in std::mem::take(&mut self.sessions) {
            if session.is_ready {
                session.send(packet.clone());
            } else {
                // It has nothing yet, and may come again.
                session.close();
            }
        }
        self.room.waiting.clear();
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.last_change = Instant::now();
        self.room.waiting.retain(|join| join.session != id);
        self.pipelines.leave(id, self.last_change);
        let Some(left) = self.sessions.remove(&id) else { return };
        if self.sessions.values().any(|session| session.author == left.author) {
            return;
        }
        self.handle.authors.fetch_sub(1, Ordering::Relaxed);
        let user = Value::object([
            ("colorId", self.info(&left.author).color.clone()),
            ("userId", Value::from(Clone::clone(&*left.author))),
        ]);
        self.send_to_all(&room_packet([("type", "USER_LEAVE".into()), ("userInfo", user)]), None);
    }

    pub(super) fn said(&mut self, said: Said) {
        let Said { session: id, message, ack, waiting } = said;
        let Some(session) = self.sessions.get(&id) else { return };
        let author = session.author.clone();
        let result = match message {
            _ if !session.is_ready => Err("not in the pad yet".to_owned()),
            ClientMessage::UserChanges(_) if session.read_only => Err("write attempt on read-only pad".to_owned()),
            // Answers and acknowledges when the time has come.
            ClientMessage::UserChanges(changes) => return self.commit(id, changes, ack),
            ClientMessage::ChangesetRequest(request) => {
                let is_closed = session.read_only && self.shared.closed_history;
                return self.answer_history(id, request, is_closed, ack, waiting);
            }
            ClientMessage::UserInfo { name, color } => self.user_info(&author, name, &color),
            ClientMessage::Chat { text } => self.chat(&author, text),
            ClientMessage::GetChat { start, end } => self.old_chat(id, start, end),
            ClientMessage::Relay { payload } => self.relay(&author, payload),
            ClientMessage::SaveRevision => self.save_revision(&author),
            ClientMessage::Unknown { name } => Err(format!("{name}: unknown message type")),
            _ => Err("unknown message type".to_owned()),
        };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let Some(number) = ack {
            session.send(match result {
                Ok(()) => socketio::ack(number),
                Err(error) => socketio::ack_error(number, &error),
            });
        }
    }

    fn user_info(&mut self, author: &AuthorId, name: Option<Utf16String>, color: &Value) -> Result<(), String> {
        let color = color.as_text().filter(|color| authors::is_color(color)).ok_or("malformed color")?;
        if name.as_ref().is_some_and(|name| !authors::is_name(name)) {
            return Err("name too long".to_owned());
        }
        self.shared.authors.update(author, Some(name), Some(color)).map_err(|error| error.to_string())?;
        let packet = self.new_info(author);
        self.send_to_all(&packet, Some(author));
        Ok(())
    }

    fn chat(&mut self, author: &AuthorId, text: Utf16String) -> Result<(), String> {
        if self.is_stopping {
            return Err("the server is stopping".to_owned());
        }
        self.room.chat_head += 1;
        self.last_change = Instant::now();
        let time = Value::Number(crate::now());
        let user = Value::from(Clone::clone(&**author));
        let name = self.info(author).name.clone().map_or(Value::Null, Value::from);
        let message = Value::object([("text", Value::from(text)), ("time", time), ("userId", user)]);
        let put = (record::chat_key(&self.id, self.room.chat_head), message.to_string());
        let mut shown = message;
        shown.set("userName", name);
        let packet = room_packet([("type", "CHAT_MESSAGE".into()), ("message", shown)]);
        let handle = self.handle.clone();
        self.shared.writer.write(vec![put], move || handle.tell(Message::Announce(packet)));
        Ok(())
    }

    fn old_chat(&mut self, id: u64, start: f64, end: f64) -> Result<(), String> {
        let is_whole = start.fract() == 0.0 && end.fract() == 0.0;
        if !is_whole || start < 0.0 || end < start || end - start > MAX_CHAT {
            return Err("invalid range of chat messages".to_owned());
        }
        let last = (end as i64).min(self.room.chat_head);
        let mut messages = Vec::new();
        for number in start as i64..=last {
            let stored =
                self.shared.store.get(&record::chat_key(&self.id, number)).map_err(|error| error.to_string())?;
            let Some(mut message) = stored.and_then(|text| Value::parse(&text).ok()) else { continue };
            let user = message.get("userId").and_then(Value::as_text).cloned().unwrap_or_default();
            let name = self.info(&AuthorId::new(user)).name.clone();
            message.set("userName", name.map_or(Value::Null, Value::from));
            messages.push(message);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.send(room_packet([("type", "CHAT_MESSAGES".into()), ("messages", Value::List(messages))]));
        }
        Ok(())
    }

    fn relay(&mut self, author: &AuthorId, payload: Value) -> Result<(), String> {
        let is_suggestion = payload.get("type").and_then(Value::as_text).is_some_and(|kind| *kind == "suggestUserName");
        let target = payload.get("unnamedId").and_then(Value::as_text).cloned();
        let data = Value::object([("type", "CLIENT_MESSAGE".into()), ("payload", payload)]);
        let message = Value::object([("type", "COLLABROOM".into()), ("component", "pad".into()), ("data", data)]);
        let packet = socketio::message(&message.to_string());
        if !is_suggestion {
            self.send_to_all(&packet, Some(author));
            return Ok(());
        }
        self.send_where(&packet, |session| Some(&*session.author) == target.as_ref());
        Ok(())
    }

    fn save_revision(&mut self, author: &AuthorId) -> Result<(), String> {
        let rev = self.state.head;
        if self.room.saved.iter().any(|saved| saved.get("revNum").and_then(Value::as_integer) == Some(rev)) {
            return Ok(());
        }
        let saved = Value::object([
            ("revNum", Value::from(rev)),
            ("savedById", Value::from(Clone::clone(&**author))),
            ("label", Value::from(format!("Revision {rev}").as_str())),
            ("timestamp", Value::Number(crate::now())),
            ("id", Value::from(authors::random_letters(10).as_str())),
        ]);
        self.room.saved.push(saved.clone());
        self.announce_when_recorded.push(room_packet([("type", "NEW_SAVEDREV".into()), ("savedRev", saved)]));
        self.head_changed = true;
        Ok(())
    }

    /// Reads the history elsewhere, because that can take long. Of a closed one, only what a page takes that was away for a
    /// while is given.
    fn answer_history(
        &mut self,
        session: u64,
        request: easysync::ChangesetRequest,
        is_closed: bool,
        ack: Option<u64>,
        waiting: Waiting,
    ) {
        let (pool, head) = (self.state.pool.clone(), self.durable);
        let (id, shared, handle) = (self.id.clone(), self.shared.clone(), self.handle.clone());
        tokio::spawn(async move {
            let Ok(permit) = shared.readers.clone().acquire_owned().await else { return };
            tokio::task::spawn_blocking(move || {
                let history = History { store: shared.store.as_ref(), pad: &id, pool: &pool, head };
                let mut packets = Vec::new();
                let allowed = if is_closed { history.check_recent(&request, crate::now()) } else { Ok(()) };
                let acknowledged = match allowed.and_then(|()| history.answer(request)) {
                    Ok(answer) => {
                        packets.push(socketio::message(&answer.to_message()));
                        ack.map(socketio::ack)
                    }
                    Err(error) => ack.map(|number| socketio::ack_error(number, &error.to_string())),
                };
                packets.extend(acknowledged);
                drop(permit);
                handle.tell(Message::Send { session, packets });
                drop(waiting);
            });
        });
    }
}

/// A message of the room.
fn room_packet<const N: usize>(data: [(&str, Value); N]) -> Str {
    let message = Value::object([("type", "COLLABROOM".into()), ("data", Value::object(data))]);
    socketio::message(&message.to_string())
}
