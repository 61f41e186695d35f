//! Connections: what comes in over Engine.IO, and to which pad it goes.

use crate::authors::{AuthorId, is_token};
use crate::faults::{Faults, Faulty};
use crate::forward::FromPeer;
use crate::limits::{Addresses, Allowance};
use crate::metrics::{Hit, Metrics};
use crate::owners::Owner;
use crate::pad::fanout::{Outlet, Refused};
use crate::pad::{Join, Message, PadHandle, Said};
use crate::pads::Shared;
use crate::socketio::{self, Kind, Packet};
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};
use bytes::Bytes;
use easysync::{ClientMessage, ClientReady, parse_client_message};
use engineioxide::handler::EngineIoHandler;
use engineioxide::{DisconnectReason, Socket, Str};
use prometheus_client::metrics::gauge::Gauge;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

/// So many messages of one connection may wait for its pad; who sends more without waiting for answers is cut off.
const MAX_WAITING: usize = 512;
/// Where proxies say from where a request comes.
pub(crate) const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is known of a connection.
#[derive(Default)]
pub(crate) struct Connection {
    state: Mutex<State>,
    waiting: Arc<AtomicUsize>,
}

/// Counts a message as waiting for as long as it is there.
pub(crate) struct Waiting(Arc<AtomicUsize>, Gauge);

impl Waiting {
    /// Counts one more, of its connection and of `all`; `None` if the connection has too many.
    fn begin(count: &Arc<AtomicUsize>, all: Gauge) -> Option<Self> {
        all.inc();
        let one = Self(count.clone(), all);
        (count.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(one)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        self.1.dec();
    }
}

#[derive(Default)]
struct State {
    is_connected: bool,
    session: Option<SessionLink>,
    allowance: Allowance,
}

#[derive(Clone)]
struct SessionLink {
    id: u64,
    pad_id: String,
    pad: PadHandle,
}

type EngineSocket = Socket<Connection>;

/// Takes in connections and their messages.
#[derive(Clone)]
pub(crate) struct Gateway {
    shared: Arc<Shared>,
    next_session: Arc<AtomicU64>,
    sockets: Arc<Sockets>,
    trust_proxy: bool,
    /// What goes wrong on the way to clients; `None` if nothing may.
    faults: Option<Faults>,
}

/// All connections there are.
pub(crate) struct Sockets {
    count: AtomicUsize,
    /// `None` when there are to be no more.
    all: Mutex<Option<HashMap<String, Weak<EngineSocket>>>>,
    addresses: Addresses,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { count: AtomicUsize::new(0), all: Mutex::new(Some(HashMap::new())), addresses: Addresses::default() }
    }
}

impl Sockets {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Ends all of them, and any that is still on its way.
    pub fn close_all(&self) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner).take();
        let open = all.iter().flat_map(HashMap::values).filter_map(Weak::upgrade);
        open.for_each(|socket| socket.close(DisconnectReason::ClosingServer));
    }

    /// Takes in one; `false` if there are to be no more.
    fn enter(&self, socket: &Arc<EngineSocket>) -> bool {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.as_mut().map(|all| all.insert(socket.id.to_string(), Arc::downgrade(socket))).is_some()
    }

    fn leave(&self, socket: &EngineSocket) {
        if let Some(all) = &mut *self.all.lock().unwrap_or_else(PoisonError::into_inner) {
            all.remove(&socket.id.to_string());
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("sockets", &self.sockets.count()).finish_non_exhaustive()
    }
}

/// The way to a client over its connection.
struct SocketOutlet {
    socket: Arc<EngineSocket>,
    metrics: Arc<Metrics>,
}

impl Outlet for SocketOutlet {
    fn send(&self, packet: Str) -> Result<(), Refused> {
        // One place stays free: a ping that finds none would end the connection.
        match (self.socket.reserve(), self.socket.reserve()) {
            (Ok(permit), Ok(_free)) => {
                self.metrics.emitted(Kind::of(&packet));
                permit.emit(packet);
                Ok(())
            }
            _ if self.socket.is_closed() => Err(Refused::Closed),
            _ => Err(Refused::Full),
        }
    }

    fn close(&self) {
        self.socket.close(DisconnectReason::TransportClose);
    }
}

impl EngineIoHandler for Gateway {
    type Data = Connection;

    fn on_connect(self: Arc<Self>, socket: Arc<EngineSocket>) {
        self.sockets.count.fetch_add(1, Ordering::Relaxed);
        if !self.sockets.enter(&socket) {
            socket.close(DisconnectReason::ClosingServer);
        }
        if let Some(address) = self.address(&socket)
            && !self.sockets.addresses.enter(address, self.shared.limits.connections)
        {
            tracing::info!(%address, "too many connections, closed");
            self.shared.metrics.hit(Hit::Connections);
            socket.close(DisconnectReason::TransportClose);
        }
    }

    fn on_disconnect(&self, socket: Arc<EngineSocket>, _: DisconnectReason) {
        self.sockets.count.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address(&socket) {
            self.sockets.addresses.leave(address);
        }
        self.sockets.leave(&socket);
        let session = socket.data.lock().session.take();
        if let Some(SessionLink { id, pad, .. }) = session {
            pad.send(Message::Leave { session: id });
        }
    }

    fn on_message(self: &Arc<Self>, packet: Str, socket: Arc<EngineSocket>) {
        match socketio::parse(&packet) {
            Packet::Connect { namespace: "/" } => {
                socket.data.lock().is_connected = true;
                emit(&socket, socketio::connected(&crate::authors::random_letters(20)));
            }
            Packet::Connect { namespace } => emit(&socket, socketio::no_namespace(namespace)),
            Packet::Disconnect => socket.close(DisconnectReason::TransportClose),
            Packet::Message { ack, text } if socket.data.lock().is_connected => {
                if let Err(error) = self.message(&socket, ack, text) {
                    tracing::debug!(error, "message refused");
                    if let Some(number) = ack {
                        emit(&socket, socketio::ack_error(number, &error));
                    }
                }
            }
            Packet::Message { .. } | Packet::Other => {}
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, _: Arc<EngineSocket>) {}
}

/// Sends what does not belong to a session. If there is no room the client has not read what it was sent before.
fn emit(socket: &EngineSocket, packet: Str) {
    if socket.emit(packet).is_err() {
        socket.close(DisconnectReason::TransportClose);
    }
}

impl Connection {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    pub fn new(shared: Arc<Shared>, trust_proxy: bool, faults: Option<Faults>) -> (Self, Arc<Sockets>) {
        let sockets = Arc::<Sockets>::default();
        (Self { shared, next_session: Arc::default(), sockets: sockets.clone(), trust_proxy, faults }, sockets)
    }

    /// From where a connection comes, as far as that is known.
    fn address(&self, socket: &EngineSocket) -> Option<IpAddr> {
        client_address(&socket.req_parts.headers, &socket.req_parts.extensions, self.trust_proxy)
    }

    /// What goes wrong on the way to a client: what its query asks for, if the server was started so.
    fn faults(&self, socket: &EngineSocket) -> Faults {
        let Some(faults) = self.faults else { return Faults::default() };
        let query = socket.req_parts.uri.query().unwrap_or_default();
        let asked = query.split('&').find_map(|part| part.strip_prefix("faults="));
        asked.and_then(|asked| asked.replace("%3D", "=").replace("%2C", ",").parse().ok()).unwrap_or(faults)
    }

    fn message(&self, socket: &Arc<EngineSocket>, ack: Option<u64>, text: &str) -> Result<(), String> {
        let message = parse_client_message(text).map_err(|error| error.to_string())?;
        // Requests for the history wait for each other, and are many when one has been away for long.
        let is_limited = !matches!(message, ClientMessage::ChangesetRequest(_));
        if is_limited && !socket.data.lock().allowance.take(self.shared.limits.rate, Instant::now()) {
            self.shared.metrics.hit(Hit::Rate);
            emit(socket, socketio::message(r#"{"disconnect":"rateLimited"}"#));
            return Err("too many messages".to_owned());
        }
        if let ClientMessage::Ready(ready) = message {
            if self.shared.owners.are_many() {
                tokio::spawn(self.clone().ready_if_ours(socket.clone(), ack, *ready));
                return Ok(());
            }
            self.let_in(socket, ack, *ready);
            return Ok(());
        }
        let session = socket.data.lock().session.clone();
        let SessionLink { id, pad, .. } = session.ok_or("not in a pad yet")?;
        let Some(waiting) = Waiting::begin(&socket.data.waiting, self.shared.metrics.messages_waiting()) else {
            tracing::info!(session = id, "sends faster than can be answered, closed");
            socket.close(DisconnectReason::TransportClose);
            return Ok(());
        };
        let is_open = pad.send(Message::Said(Said { session: id, message, ack, waiting }));
        is_open.then_some(()).ok_or_else(|| "the pad is closed".to_owned())
    }

    /// The same as [`Self::let_in`], if no other process has the pad. Otherwise the client must come again: either it has not said
    /// at the beginning which pad it wants, or the pad has changed hands since then.
    async fn ready_if_ours(self, socket: Arc<EngineSocket>, ack: Option<u64>, ready: ClientReady) {
        let (shared, asked) = (self.shared.clone(), ready.pad_id.to_str().unwrap_or_default());
        let found = tokio::task::spawn_blocking(move || shared.find(&asked)).await;
        let is_ours = match found {
            Ok(Ok(Some(found))) => matches!(self.shared.owners.of(&found.id).await, Ok(Owner::Us)),
            // It will be told that there is none.
            Ok(Ok(None)) => true,
            _ => false,
        };
        if !is_ours {
            tracing::debug!("another process has the pad, closed");
            return socket.close(DisconnectReason::TransportClose);
        }
        self.let_in(&socket, ack, ready);
    }

    /// Has somebody join. Who cannot join for the moment is sent away, or they would wait for ever, and comes again.
    fn let_in(&self, socket: &Arc<EngineSocket>, ack: Option<u64>, ready: ClientReady) {
        if let Err(error) = self.ready(socket, ack, ready) {
            tracing::debug!(error, "cannot join, closed");
            if let Some(number) = ack {
                emit(socket, socketio::ack_error(number, &error));
            }
            socket.close(DisconnectReason::TransportClose);
        }
    }

    fn ready(&self, socket: &Arc<EngineSocket>, ack: Option<u64>, ready: ClientReady) -> Result<(), String> {
        let failed = |error: crate::store::StoreError| {
            tracing::error!(%error, "cannot read");
            "the server cannot read its store".to_owned()
        };
        let asked = ready.pad_id.to_str().unwrap_or_default();
        let found = self.shared.find(&asked).map_err(failed)?;
        let (Some(found), Some(author)) = (found, self.author(socket, &ready).map_err(failed)?) else {
            emit(socket, socketio::message(r#"{"accessStatus":"deny"}"#));
            if let Some(number) = ack {
                emit(socket, socketio::ack(number));
            }
            return Ok(());
        };
        if ready.name.is_some() || ready.color.is_some() {
            let name = ready.name.map(Some);
            self.shared.authors.update(&author, name, ready.color.as_ref()).map_err(failed)?;
        }
        let read_only_id = self.shared.read_only_id(&found.id).map_err(failed)?;
        // A connection that joins its pad once more keeps its session, so that no answer to a commit is lost.
        let old = socket.data.lock().session.clone();
        let id = match old {
            Some(old) if old.pad_id == found.id => old.id,
            Some(old) => {
                old.pad.send(Message::Leave { session: old.id });
                self.next_session.fetch_add(1, Ordering::Relaxed)
            }
            None => self.next_session.fetch_add(1, Ordering::Relaxed),
        };
        let faults = self.faults(socket);
        let outlet = Arc::new(SocketOutlet { socket: socket.clone(), metrics: self.shared.metrics.clone() });
        let join = Join {
            session: id,
            outlet: if faults.is_on_the_way() { Arc::new(Faulty::new(outlet, faults)) } else { outlet },
            author,
            pad_id: asked,
            read_only: found.read_only,
            read_only_id,
            reconnect: ready.reconnect,
            capabilities: ready.capabilities,
            batch_of: faults.batch,
            ack,
        };
        // The lock is held until the session is known, so that the end of the connection, if it comes now, is told to the
        // pad after the join.
        let mut state = socket.data.lock();
        match self.shared.send(&found.id, Message::Join(join)) {
            Some(pad) => state.session = Some(SessionLink { id, pad_id: found.id, pad }),
            None => return Err("the server is stopping".to_owned()),
        }
        if socket.is_closed()
            && let Some(SessionLink { id, pad, .. }) = state.session.take()
        {
            pad.send(Message::Leave { session: id });
        }
        Ok(())
    }

    /// Who is at the other end: by the cookie, or by the message, or nobody known. `None` if the cookie is no token.
    fn author(&self, socket: &EngineSocket, ready: &ClientReady) -> Result<Option<AuthorId>, crate::store::StoreError> {
        let cookies = socket.req_parts.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        let token = match cookie(cookies, "token") {
            Some(token) => Some(token.to_owned()),
            None => ready.token.as_ref().map(|token| token.to_string()),
        };
        match token {
            Some(token) if !is_token(&token) => Ok(None),
            token => self.shared.authors.by_token(token.as_deref()).map(Some),
        }
    }
}

/// From where a request comes: what the nearest proxy says, if it is trusted or is another process of ours.
pub(crate) fn client_address(headers: &HeaderMap, extensions: &Extensions, trust_proxy: bool) -> Option<IpAddr> {
    if trust_proxy || extensions.get::<FromPeer>().is_some() {
        let forwarded = headers.get_all(CLIENT_ADDRESS).iter().next_back()?.to_str().ok()?;
        return forwarded.rsplit(',').next()?.trim().parse().ok();
    }
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::cookie;

    #[test]
    fn cookies_are_found() {
        let headers = ["a=1; token=t.abc ;b=2", "c=3"];
        assert_eq!(cookie(headers.into_iter(), "token"), Some("t.abc"));
        assert_eq!(cookie(headers.into_iter(), "c"), Some("3"));
        assert_eq!(cookie(headers.into_iter(), "oken"), None);
    }
}
